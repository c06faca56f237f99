#include "rowout.h"

#include <stdlib.h>

#include "arena.h"
#include "diag.h"
#include "mem.h"
#include "when.h"

static const char *const format_names[] = {"rfc3339", "s", "ms", "us", NULL};

/* Digits behind the point of a time in microseconds; by number in format_names. */
static const int format_scales[] = {-1, 6, 3, 0};

/* A row that --top may show, and what it is ranked by. */
struct candidate {
	struct row row;
	struct val by;
	size_t place; /* among the candidates: of equals the first goes before */
	int sign;     /* -1: the greatest goes first */
};

struct rowout {
	struct rowout_conf conf;
	const struct groupby *gb;
	struct exprset *set; /* of --having; NULL: none */
	struct expreval *ev;
	struct buf scratch, failure;
	bool failed;
	size_t by; /* the result that ranks */
	bool ascending;
	struct candidate *candidates;
	size_t ncandidates, candidates_cap;
	struct arena texts; /* of the candidates */
};

#define OFF(field) offsetof(struct rowout_conf, field)

const struct opt rowout_opts[] = {
	{0, "having", OPT_STRING, OFF(having), "EXPR", "only rows for which EXPR holds", NULL},
	{0},
};

const struct opt rowout_window_opts[] = {
	{0, "top", OPT_COUNT, OFF(top), "N", "only the first N rows of a window, by --by", NULL},
	{0, "by", OPT_STRING, OFF(by), "NAME",
	 "the aggregate that ranks, the greatest first (NAME:asc: the least)", NULL},
	{0, "ties", OPT_FLAG, OFF(ties), NULL, "also rows that are equal to the last of --top",
	 NULL},
	{0, "window-time", OPT_FLAG, OFF(window_time), NULL,
	 "rows have window_time too: a window's last millisecond", NULL},
	{0, "time-format", OPT_CHOICE, OFF(time_format), "rfc3339|s|ms|us",
	 "how rows show times (default rfc3339)", format_names},
	{0},
};

/* --- Setting up --- */

static bool find_result(const struct rowout *ro, struct slice name, size_t *i)
{
	const struct agglist *aggs = groupby_aggs(ro->gb);

	for (*i = 0; *i < aggs->n; ++*i) {
		if (slice_is(name, aggs->v[*i].name))
			return true;
	}
	return false;
}

/* NAME, NAME:asc or NAME:desc; what is a name as a whole is that name. */
static void set_by(struct rowout *ro)
{
	static const char *const orders[] = {":desc", ":asc"};
	struct slice name = slice_str(ro->conf.by);

	if (find_result(ro, name, &ro->by))
		return;
	for (size_t i = 0; i < 2; i++) {
		size_t len = strlen(orders[i]);

		if (name.len < len || strcmp(name.ptr + name.len - len, orders[i]) != 0)
			continue;
		ro->ascending = i;
		if (find_result(ro, slice_of(name.ptr, name.len - len), &ro->by))
			return;
	}
	diag_usage("--by %s: no aggregate has that name", ro->conf.by);
}

static void set_having(struct rowout *ro)
{
	const struct expr_source source = {.text = ro->conf.having, .kind = EXPR_TEST};
	struct buf err = BUF_INIT;

	ro->set = exprset_new(&source, 1, &(struct expr_conf){0}, &err);
	if (!ro->set)
		diag_die(EXIT_USAGE, "--having: %s", buf_str(&err));
	ro->ev = expreval_new(ro->set);
	buf_free(&err);
}

/* A row has each name once. */
static void check_name(const struct rowout *ro, struct slice name)
{
	static const char *const own[] = {"window_start", "window_end", "window_time"};

	for (size_t i = 0; ro->conf.windows && i < 3; i++) {
		if (slice_is(name, own[i]))
			diag_die(EXIT_USAGE, "'%s' is the window's own (name the result: NAME=...)",
				 own[i]);
	}
}

struct rowout *rowout_new(const struct rowout_conf *conf, const struct groupby *gb)
{
	struct rowout *ro = mem_zalloc(1, sizeof *ro);
	const struct agglist *aggs = groupby_aggs(gb);

	ro->conf = *conf;
	ro->gb = gb;
	for (size_t i = 0; i < groupby_keys(gb); i++)
		check_name(ro, groupby_key_name(gb, i));
	for (size_t i = 0; i < aggs->n; i++)
		check_name(ro, slice_str(aggs->v[i].name));
	if (!conf->top || (conf->top == ROWOUT_ALL) != !conf->by)
		diag_usage("--top N, of 1 or more, and --by NAME go together");
	if (conf->ties && conf->top == ROWOUT_ALL)
		diag_usage("--ties goes with --top");
	if (conf->by)
		set_by(ro);
	if (conf->having)
		set_having(ro);
	return ro;
}

void rowout_free(struct rowout *ro)
{
	if (!ro)
		return;
	expreval_free(ro->ev);
	exprset_free(ro->set);
	buf_free(&ro->scratch);
	buf_free(&ro->failure);
	free(ro->candidates);
	arena_free(&ro->texts);
	free(ro);
}

void rowout_put_options(const struct rowout_conf *conf, struct buf *out)
{
	if (conf->window_time)
		buf_add_str(out, " --window-time");
	if (conf->time_format)
		buf_addf(out, " --time-format %s", format_names[conf->time_format]);
}

/* --- Rows --- */

static void put_time(const struct rowout *ro, const char *name, int64_t us, struct buf *out)
{
	int scale = format_scales[ro->conf.time_format];

	buf_add_char(out, '"');
	buf_add_str(out, name);
	if (scale < 0) {
		buf_add_str(out, "\":\"");
		when_put(out, us);
		buf_add_str(out, "\",");
	} else {
		struct val v = {.type = VAL_DEC, .dec = {us, scale}};

		buf_add_str(out, "\":");
		val_put_json(out, &v);
		buf_add_char(out, ',');
	}
}

/* What tells a row from others: its window and its group, each with a comma behind it. */
static void put_identity(const struct rowout *ro, const struct row *row, struct buf *out)
{
	buf_add_char(out, '{');
	if (ro->conf.windows) {
		put_time(ro, "window_start", row->span.start, out);
		put_time(ro, "window_end", row->span.end, out);
		if (ro->conf.window_time)
			put_time(ro, "window_time", row->span.end - WHEN_MS, out);
	}
	if (groupby_keys(ro->gb)) {
		groupby_put_key(ro->gb, row->key, out);
		buf_add_char(out, ',');
	}
}

static void put_row(const struct rowout *ro, const struct row *row, struct buf *out)
{
	put_identity(ro, row, out);
	groupby_put_results(ro->gb, row->states, out);
	buf_add_char(out, '}');
}

void rowout_put_delete(struct rowout *ro, const struct row *row, struct buf *out)
{
	if (ro->failed)
		return;
	put_identity(ro, row, out);
	buf_add_str(out, "\"$delete\":true}");
	buf_add_char(out, ro->conf.end);
}

/* --- Which are shown --- */

/* Is the row that begins at `start` of text one to show? */
static bool holds(struct rowout *ro, const struct buf *text, size_t start)
{
	struct val v;

	if (ro->failed)
		return false;
	if (!ro->set)
		return true;
	if (expreval_json(ro->ev, slice_of(text->data + start, text->len - start), &v,
			  &ro->failure) < 0) {
		ro->failed = true;
		return false;
	}
	return val_truthy(&v);
}

static bool is_shown(struct rowout *ro, const struct row *row)
{
	if (ro->set) {
		buf_clear(&ro->scratch);
		put_row(ro, row, &ro->scratch);
	}
	return holds(ro, &ro->scratch, 0);
}

static void add_candidate(struct rowout *ro, const struct row *row)
{
	struct val by = groupby_result(ro->gb, row->states, ro->by, &ro->scratch);

	if (by.type == VAL_STR || by.type == VAL_JSON)
		by.str = arena_copy(&ro->texts, by.str.ptr, by.str.len);
	ro->candidates = mem_grow(ro->candidates, &ro->candidates_cap, ro->ncandidates + 1,
				  sizeof *ro->candidates);
	ro->candidates[ro->ncandidates] =
		(struct candidate){*row, by, ro->ncandidates, ro->ascending ? 1 : -1};
	ro->ncandidates++;
}

bool rowout_put(struct rowout *ro, const struct row *row, struct buf *out)
{
	size_t start = out->len;

	if (ro->conf.top != ROWOUT_ALL) {
		if (!is_shown(ro, row))
			return false;
		add_candidate(ro, row);
		return true;
	}
	put_row(ro, row, out);
	if (!holds(ro, out, start)) {
		buf_cut(out, start);
		return false;
	}
	buf_add_char(out, ro->conf.end);
	return true;
}

bool rowout_change(struct rowout *ro, const struct row *row, bool was, struct buf *out)
{
	bool shown = rowout_put(ro, row, out);

	if (was && !shown)
		rowout_put_delete(ro, row, out);
	return shown;
}

/* By value in the order asked for, nulls last. */
static int compare_by(const struct candidate *a, const struct candidate *b)
{
	if (a->by.type == VAL_NULL || b->by.type == VAL_NULL)
		return (a->by.type == VAL_NULL) - (b->by.type == VAL_NULL);
	return a->sign * val_cmp(&a->by, &b->by);
}

static int compare(const void *a, const void *b)
{
	const struct candidate *p = a, *q = b;
	int order = compare_by(p, q);

	return order ? order : p->place < q->place ? -1 : 1;
}

void rowout_flush(struct rowout *ro, struct buf *out)
{
	const struct candidate *c = ro->candidates;
	uint64_t top = (uint64_t)ro->conf.top;

	if (!ro->ncandidates || ro->failed)
		return;
	qsort(ro->candidates, ro->ncandidates, sizeof *c, compare);
	for (size_t i = 0; i < ro->ncandidates; i++) {
		if (i >= top && !(ro->conf.ties && compare_by(&c[i], &c[top - 1]) == 0))
			break;
		put_row(ro, &c[i].row, out);
		buf_add_char(out, ro->conf.end);
	}
	ro->ncandidates = 0;
	arena_clear(&ro->texts);
}

const char *rowout_failure(struct rowout *ro)
{
	return ro->failed ? buf_str(&ro->failure) : NULL;
}

int rowout_status(struct rowout *ro)
{
	if (!ro->failed)
		return EXIT_OK;
	diag_warn("--having: %s", buf_str(&ro->failure));
	return EXIT_FAIL;
}
