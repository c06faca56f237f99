/* csvin: CSV rows to NDJSON objects. */
#include <stdlib.h>

#include "csvhead.h"
#include "diag.h"
#include "filter.h"
#include "json.h"
#include "loop.h"
#include "mem.h"
#include "num.h"

enum types { TYPES_AUTO, TYPES_TEXT };

static const char *const types_choices[] = {"auto", "text", NULL};

struct column {
	struct slice key; /* what goes before its values, "{" or "," included */
	bool text;        /* always a string */
};

struct table {
	struct column *columns;
	size_t n;
};

struct csvin {
	const char *null;
	int types;
	struct strlist text;
	struct csvhead head;
	struct filter_conf filter;

	struct csv_names text_names; /* by --text */
	struct slice null_text;      /* ptr NULL: none */
	/* By input, set before its first block is mapped; NULL: no rows. */
	struct table **tables;
	size_t ntables;
};

#define OFF(field) offsetof(struct csvin, field)

static const struct opt opts[] = {
	{0, "types", OPT_CHOICE, OFF(types), "auto|text",
	 "auto (default): numbers, null, strings; text: strings", types_choices},
	{0, "text", OPT_LIST, OFF(text), "COL,...", "these columns are strings, whatever they hold",
	 NULL},
	{0, "null-value", OPT_STRING, OFF(null), "TEXT",
	 "a cell equal to TEXT is null, in any column", NULL},
	{0},
};

static const struct tool tool = {
	.usage = "[OPTIONS] [FILE...]",
	.summary = "Turn the rows of CSV files into JSON objects, one a line.",
	.notes = "A cell that is just a JSON number stays as it is written; an empty one is null.\n"
		 "COL,... is itself a CSV row: a name with a comma goes in quotes.",
	.max_operands = -1,
};

/* --- Columns --- */

static void table_free(struct table *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->n; i++)
		free((char *)t->columns[i].key.ptr);
	free(t->columns);
	free(t);
}

static bool has_text_columns(const struct csvin *c, const struct csv_names *names, struct buf *err)
{
	for (size_t i = 0; i < c->text_names.n; i++) {
		struct slice name = c->text_names.v[i];

		if (csv_names_find(names, name) == names->n) {
			buf_setf(err, "no column '%.*s' (--text)", (int)name.len, name.ptr);
			return false;
		}
	}
	return true;
}

static struct table *table_new(const struct csvin *c, const struct csv_names *names)
{
	struct table *t = mem_zalloc(1, sizeof *t);

	t->columns = mem_zalloc(names->n, sizeof *t->columns);
	t->n = names->n;
	for (size_t i = 0; i < t->n; i++) {
		struct slice name = names->v[i];
		struct buf key = BUF_INIT;

		buf_add_char(&key, i ? ',' : '{');
		json_put_string(&key, name.ptr, name.len);
		buf_add_char(&key, ':');
		t->columns[i].key = buf_slice(&key);
		t->columns[i].text = c->types == TYPES_TEXT ||
				     csv_names_find(&c->text_names, name) < c->text_names.n;
	}
	return t;
}

static int begin(void *ctx, struct block *blk, uint64_t *head_lines, struct buf *err)
{
	struct csvin *c = ctx;
	struct csv_names names;
	struct buf why = BUF_INIT;
	int status = EXIT_FAIL;

	switch (csvhead_names(&c->head, blk, &names, head_lines, err)) {
	case CSVHEAD_EMPTY:
		return EXIT_OK;
	case CSVHEAD_BAD:
		break;
	case CSVHEAD_NAMES:
		if (has_text_columns(c, &names, &why)) {
			c->tables[blk->source] = table_new(c, &names);
			status = EXIT_OK;
		} else {
			buf_setf(err, "%s: %s", blk->name, buf_str(&why));
		}
	}
	csv_names_free(&names);
	buf_free(&why);
	return status;
}

/* --- Rows --- */

struct worker {
	const struct csvin *c;
	struct csv_reader *reader;
	struct buf err;
};

static void *worker_new(void *ctx)
{
	struct worker *w = mem_zalloc(1, sizeof *w);

	w->c = ctx;
	w->reader = csvhead_reader(&w->c->head);
	return w;
}

static void worker_free(void *worker)
{
	struct worker *w = worker;

	csv_reader_free(w->reader);
	buf_free(&w->err);
	free(w);
}

static void put_value(const struct csvin *c, const struct column *col, struct slice cell,
		      struct buf *out)
{
	bool is_null =
		(!col->text && cell.len == 0) || (c->null_text.ptr && slice_eq(cell, c->null_text));

	if (is_null)
		buf_add(out, "null", 4);
	else if (!col->text && num_is_json(cell.ptr, cell.len))
		buf_add(out, cell.ptr, cell.len);
	else
		json_put_string(out, cell.ptr, cell.len);
}

static void put_row(const struct csvin *c, const struct table *t, const struct csv_row *row,
		    struct buf *out)
{
	for (size_t i = 0; i < t->n; i++) {
		const struct column *col = &t->columns[i];

		buf_add(out, col->key.ptr, col->key.len);
		put_value(c, col, row->cells[i], out);
	}
	buf_add_char(out, '}');
	buf_add_char(out, filter_record_end(&c->filter));
}

static void map(void *worker, const struct block *blk, struct result *res)
{
	struct worker *w = worker;
	const struct csvin *c = w->c;
	const struct table *t = c->tables[blk->source];
	struct csv_row row;
	enum csv_result got;
	size_t pos = 0;

	if (!t)
		return;
	csv_reader_one_column(w->reader, t->n == 1);
	while ((got = csv_next(w->reader, blk, &pos, &res->lines, &row, &w->err)) != CSV_END) {
		bool bad = got == CSV_BAD || csvhead_ragged(&c->head, t->n, row.n, &w->err);

		res->in++;
		if (!bad)
			put_row(c, t, &row, &res->out);
		else if (!result_bad(res, blk, row.line, row.text, buf_str(&w->err)))
			return;
	}
}

/* --- Options --- */

/* The --text lists put together. */
static void parse_text(struct csvin *c)
{
	struct buf err = BUF_INIT;

	for (size_t i = 0; i < c->text.n; i++) {
		struct csv_names *all = &c->text_names, more;

		if (!csv_names_parse(&more, c->text.v[i], &err))
			diag_usage("--text: '%s': %s", c->text.v[i], buf_str(&err));
		all->v = mem_resize(all->v, all->n + more.n, sizeof *all->v);
		memcpy(all->v + all->n, more.v, more.n * sizeof *more.v);
		all->n += more.n;
		free(more.v);
	}
	if (c->head.header && !has_text_columns(c, &c->head.given, &err))
		diag_usage("--header: %s", buf_str(&err));
}

static void set_up(struct csvin *c, struct operands files)
{
	csvhead_check(&c->head, c->filter.max_line);
	parse_text(c);
	if (c->null)
		c->null_text = slice_str(c->null);
	c->ntables = files.n ? files.n : 1;
	c->tables = mem_zalloc(c->ntables, sizeof *c->tables);
}

static void clean_up(struct csvin *c)
{
	for (size_t i = 0; i < c->ntables; i++)
		table_free(c->tables[i]);
	free(c->tables);
	csv_names_free(&c->text_names);
	strlist_free(&c->text);
	csvhead_free(&c->head);
}

int main(int argc, char **argv)
{
	struct csvin c = {.filter = FILTER_CONF_INIT};
	const struct optgroup groups[] = {
		{"Input", csvhead_opts, &c.head},
		{"Values", opts, &c},
		{"Running", filter_jobs_opts, &c.filter},
		{"Input and output", filter_opts, &c.filter},
		{0},
	};
	struct filter_tool f = FILTER_TOOL_INIT;
	struct operands files;
	int rc;

	diag_init(argv[0]);
	loop_init();
	opt_parse(&tool, groups, argc, argv, &files);
	set_up(&c, files);
	f.framer = &c.head.framer.framer;
	f.worker_new = worker_new;
	f.worker_free = worker_free;
	f.begin = begin;
	f.map = map;
	rc = filter_run(&f, &c, &c.filter, files);
	clean_up(&c);
	return rc;
}
