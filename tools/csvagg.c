/* csvagg: aggregates per group over CSV files. */
#include <stdlib.h>

#include "csvhead.h"
#include "diag.h"
#include "filter.h"
#include "groupby.h"
#include "groupout.h"
#include "keytab.h"
#include "loop.h"
#include "mem.h"

struct csvagg {
	const char *output;
	struct csvhead head;
	struct groupby_conf by;
	struct groupout_conf out;
	struct filter_conf filter;

	struct csv_names columns; /* of the first input */
	struct groupby *gb;       /* NULL until there is a header */
	struct groups *groups;
	struct groupout *rows;
	/*
	 * Per input, where the columns lie that are read; the programs know them by the first input's header.
	 * Set before its first block is mapped; NULL: no rows.
	 */
	struct csv_picks **layouts;
	size_t nlayouts;
	struct worker **workers;
	size_t nworkers, workers_cap;
};

struct worker {
	const struct csvagg *c;
	struct csv_reader *reader;
	struct groupby_eval *ge;
	struct buf err;
};

#define OFF(field) offsetof(struct csvagg, field)

static const struct opt output_opts[] = {
	{'o', "output", OPT_FILE, OFF(output), "FILE",
	 "write FILE, which appears when it is complete", NULL},
	{0},
};

/* --- Inputs --- */

static void layout_free(struct csv_picks *l)
{
	if (!l)
		return;
	free(l->v);
	free(l);
}

/* name -> its number (size_t): there may be very many, in any order. */
static struct keytab *number_names(const struct csv_names *names)
{
	struct keytab *numbers = keytab_new(sizeof(size_t), 0);
	bool made;

	for (size_t i = 0; i < names->n; i++)
		*(size_t *)keytab_put(numbers, names->v[i], &made) = i;
	return numbers;
}

/* NULL when a column that is used is missing: reason in err. */
static struct csv_picks *make_layout(const struct csvagg *c, const struct csv_names *names,
				     const char *input, struct buf *err)
{
	const struct exprset *exprs = groupby_exprs(c->gb);
	struct keytab *numbers = number_names(names);
	struct csv_picks *l = mem_zalloc(1, sizeof *l);

	*l = (struct csv_picks){
		.v = mem_zalloc(c->columns.n, sizeof *l->v),
		.width = names->n,
		.size = c->columns.n,
	};
	for (size_t i = 0; i < c->columns.n; i++) {
		const size_t *at = keytab_get(numbers, c->columns.v[i]);

		if (at && exprset_reads_column(exprs, i)) {
			l->v[l->n++] = (struct csv_pick){*at, i};
		} else if (!at && exprset_uses_column(exprs, i)) {
			buf_setf(err, "%s: no column '%.*s'", input, (int)c->columns.v[i].len,
				 c->columns.v[i].ptr);
			layout_free(l);
			l = NULL;
			break;
		}
	}
	keytab_free(numbers);
	return l;
}

/* The first header: the programs can be compiled now. The exit status, with a reason in err. */
static int compile(struct csvagg *c, const struct csv_names *names, const char *input,
		   struct buf *err)
{
	struct buf why = BUF_INIT;

	csv_names_copy(&c->columns, names->v, names->n);
	c->gb = groupby_new(&c->by, NULL, c->columns.v, c->columns.n, &why);
	c->rows = c->gb ? groupout_new(&c->out, c->gb, &why) : NULL;
	if (!c->rows) {
		buf_setf(err, "%s: %s", input, buf_str(&why));
		buf_free(&why);
		return EXIT_USAGE;
	}
	c->groups = groups_new(groupby_aggs(c->gb));
	for (size_t i = 0; i < c->nworkers; i++)
		c->workers[i]->ge = groupby_eval_new(c->gb);
	return 0;
}

static int begin(void *ctx, struct block *blk, uint64_t *head_lines, struct buf *err)
{
	struct csvagg *c = ctx;
	struct csv_names names;
	int status = EXIT_FAIL;

	switch (csvhead_names(&c->head, blk, &names, head_lines, err)) {
	case CSVHEAD_EMPTY:
		return 0;
	case CSVHEAD_BAD:
		break;
	case CSVHEAD_NAMES:
		status = c->gb ? EXIT_OK : compile(c, &names, blk->name, err);
		if (status != EXIT_OK)
			break;
		c->layouts[blk->source] = make_layout(c, &names, blk->name, err);
		status = c->layouts[blk->source] ? EXIT_OK : EXIT_FAIL;
	}
	csv_names_free(&names);
	return status;
}

/* --- Rows --- */

static void *worker_new(void *ctx)
{
	struct csvagg *c = ctx;
	struct worker *w = mem_zalloc(1, sizeof *w);

	w->c = c;
	w->reader = csvhead_reader(&c->head);
	c->workers = mem_grow(c->workers, &c->workers_cap, c->nworkers + 1, sizeof *c->workers);
	c->workers[c->nworkers++] = w;
	return w;
}

static void worker_free(void *worker)
{
	struct worker *w = worker;

	csv_reader_free(w->reader);
	groupby_eval_free(w->ge);
	buf_free(&w->err);
	free(w);
}

_Static_assert((int)CSV_ROWS_MAX <= (int)EXPR_ROWS_MAX, "what is read at once is evaluated at once");

/* A block on its way into groups. */
struct reading {
	struct worker *w;
	const struct csv_picks *layout;
	const struct block *blk;
	struct groups *groups;
	struct result *res;
	size_t pos;
};

/* False: the row is bad, the reason in w->err. */
static bool add_row(const struct reading *rd, const struct csv_row *row, uint64_t seq)
{
	struct worker *w = rd->w;

	if (csvhead_ragged(&w->c->head, rd->layout->width, row->n, &w->err))
		return false;
	if (groupby_eval_row(w->ge, row->cells, &w->err) < 0)
		return false;
	if (groupby_passes(w->ge))
		groupby_add(w->ge,
			    groups_states(rd->groups, groups_put(rd->groups, groupby_key(w->ge))),
			    seq);
	return true;
}

static uint64_t next_seq(const struct reading *rd)
{
	return rd->blk->seq << 32 | rd->res->in;
}

/* False: nothing more is to be read. */
static bool take_row(const struct reading *rd, enum csv_result got, const struct csv_row *row)
{
	struct worker *w = rd->w;
	bool good = got == CSV_ROW && add_row(rd, row, next_seq(rd));

	rd->res->in++;
	if (good)
		rd->res->native += groupby_native(w->ge);
	return good || result_bad(rd->res, rd->blk, row->line, row->text, buf_str(&w->err));
}

/* Many rows at once, and those among them that are not of the usual kind. */
static bool take_rows(const struct reading *rd, const struct csv_rows *rows)
{
	struct worker *w = rd->w;
	uint64_t seq = next_seq(rd);
	struct csv_row row;

	for (size_t i = 0; i < rows->n; i++) {
		size_t to = groupby_add_rows(w->ge, rows->columns, rows->n, i, rd->groups, seq);

		rd->res->in += to - i;
		rd->res->native += to - i;
		i = to;
		if (i == rows->n)
			break;
		csv_rows_get(w->reader, rows, i, &row);
		if (!take_row(rd, CSV_ROW, &row))
			return false;
	}
	return true;
}

static void read_rows(struct reading *rd)
{
	struct worker *w = rd->w;
	bool many = groupby_has_rows(w->c->gb);
	uint64_t *lines = &rd->res->lines;
	struct csv_rows rows = {0};
	struct csv_row row;
	enum csv_result got;

	for (;;) {
		if (many)
			csv_next_rows(w->reader, rd->blk, &rd->pos, lines, &rows);
		if (rows.n) {
			if (!take_rows(rd, &rows))
				return;
			continue;
		}
		got = csv_next(w->reader, rd->blk, &rd->pos, lines, &row, &w->err);
		if (got == CSV_END || !take_row(rd, got, &row))
			return;
	}
}

static void map(void *worker, const struct block *blk, struct result *res)
{
	struct worker *w = worker;
	struct reading rd = {.w = w, .layout = w->c->layouts[blk->source], .blk = blk, .res = res};

	if (!rd.layout)
		return;
	rd.groups = groups_new(groupby_aggs(w->c->gb));
	res->partial = rd.groups;
	csv_reader_one_column(w->reader, rd.layout->width == 1);
	csv_reader_pick(w->reader, rd.layout);
	read_rows(&rd);
}

static void discard(void *partial)
{
	groups_free(partial);
}

static void merge(void *ctx, struct result *res)
{
	struct csvagg *c = ctx;

	groups_merge(c->groups, res->partial, NULL);
	groups_free(res->partial);
}

/* --- The end --- */

static int finish(void *ctx, enum filter_end end, struct buf *out)
{
	struct csvagg *c = ctx;

	if (end == FILTER_CUT)
		return EXIT_OK;
	if (!c->gb) {
		diag_warn("no header: the input is empty");
		return EXIT_FAIL;
	}
	/* As in SQL: without keys there is one row, also of nothing. */
	if (!groupby_keys(c->gb))
		groups_put(c->groups, slice_str(""));
	groupout_put(c->rows, c->groups, out);
	return EXIT_OK;
}

static uint64_t inexact(void *ctx)
{
	const struct csvagg *c = ctx;

	return c->groups ? groups_inexact(c->groups) : 0;
}

static void check_options(struct csvagg *c, struct operands files)
{
	struct buf err = BUF_INIT;

	if (groupby_check(&c->by, &err) < 0)
		diag_die(EXIT_USAGE, "%s", buf_str(&err));
	c->out.tsv = c->head.tsv;
	c->out.end = filter_record_end(&c->filter);
	groupout_form(&c->out);
	/* With a delimiter of its own for the input, --tsv is about the output alone. */
	if (c->head.delim)
		c->head.tsv = false;
	csvhead_check(&c->head, c->filter.max_line);
	c->nlayouts = files.n ? files.n : 1;
	c->layouts = mem_zalloc(c->nlayouts, sizeof *c->layouts);
}

static void clean_up(struct csvagg *c)
{
	for (size_t i = 0; i < c->nlayouts; i++)
		layout_free(c->layouts[i]);
	free(c->layouts);
	free(c->workers);
	groupout_free(c->rows);
	groups_free(c->groups);
	groupby_free(c->gb);
	strlist_free(&c->out.sort);
	groupby_conf_free(&c->by);
	csv_names_free(&c->columns);
	csvhead_free(&c->head);
}

int main(int argc, char **argv)
{
	struct csvagg c = {.out = GROUPOUT_CONF_INIT, .filter = FILTER_CONF_INIT};
	const struct optgroup groups[] = {
		{"Groups and aggregates", groupby_opts, &c.by},
		{"Input", csvhead_opts, &c.head},
		{"Rows", groupout_opts, &c.out},
		{"Output", output_opts, &c},
		{"Running", filter_jobs_opts, &c.filter},
		{"Input and output", filter_opts, &c.filter},
		{0},
	};
	const struct tool tool = {
		.usage = "[OPTIONS] [FILE...]",
		.summary = "Aggregate the rows of each group of CSV files.",
		.notes = groupby_help(),
		.max_operands = -1,
	};
	struct filter_tool f = FILTER_TOOL_INIT;
	struct operands files;
	int rc;

	diag_init(argv[0]);
	loop_init();
	opt_parse(&tool, groups, argc, argv, &files);
	check_options(&c, files);
	f.framer = &c.head.framer.framer;
	f.worker_new = worker_new;
	f.worker_free = worker_free;
	f.begin = begin;
	f.map = map;
	f.merge = merge;
	f.discard = discard;
	f.finish = finish;
	f.inexact = inexact;
	f.batch = f.parallel = true;
	f.block_size = 4 << 20;
	f.output = c.output;
	rc = filter_run(&f, &c, &c.filter, files);
	clean_up(&c);
	return rc;
}
