/* kcount: aggregates per key over the whole input, at its end or as they change. */
#include <stdlib.h>

#include "diag.h"
#include "filter.h"
#include "groupby.h"
#include "loop.h"
#include "mem.h"
#include "rowout.h"

enum { NEVER = -1 };

struct kcount {
	int64_t every; /* us; 0: each change; NEVER: at the end */
	bool raw_input;
	struct groupby_conf by;
	struct rowout_conf rows;
	struct filter_conf filter;

	struct groupby *gb;
	struct groupby_eval *ge; /* of the main thread, with --every */
	struct rowout *ro;
	struct groups *groups;
	size_t *changed; /* groups whose rows are due, in order of their change */
	size_t nchanged, changed_cap;
	int64_t next; /* when rows are due */
	struct buf err;
};

#define OFF(field) offsetof(struct kcount, field)

static const struct opt opts[] = {
	{0, "every", OPT_DURATION, OFF(every), "D",
	 "print changed rows every D (0s: each change); default: at the end", NULL},
	{'R', "raw-input", OPT_FLAG, OFF(raw_input), NULL,
	 "records are text: each line is a string", NULL},
	{0},
};

static void put_row(struct kcount *k, size_t g, struct buf *out)
{
	const struct row row = {.key = groups_key(k->groups, g),
				.states = groups_states(k->groups, g)};
	bool shown = rowout_put(k->ro, &row, out);

	if (!shown && groups_marked(k->groups, g, GROUP_SHOWN))
		rowout_put_delete(k->ro, &row, out);
	groups_mark(k->groups, g, GROUP_SHOWN, shown);
}

static int eval(const struct kcount *k, struct groupby_eval *ge, struct slice rec, struct buf *err)
{
	return groupby_eval_line(ge, k->raw_input ? GROUPBY_TEXT : GROUPBY_JSON, rec, err);
}

/* The place of a record in the input: blocks are numbered in its order. */
static uint64_t place(const struct block *blk, const struct result *res)
{
	return blk->seq << 32 | res->in;
}

/* --- At the end: partial tables per block, merged in order --- */

struct worker {
	struct kcount *k;
	struct groupby_eval *ge;
	struct buf err;
};

static void *worker_new(void *ctx)
{
	struct worker *w = mem_zalloc(1, sizeof *w);

	w->k = ctx;
	w->ge = groupby_eval_new(w->k->gb);
	return w;
}

static void worker_free(void *worker)
{
	struct worker *w = worker;

	groupby_eval_free(w->ge);
	buf_free(&w->err);
	free(w);
}

static void map(void *worker, const struct block *blk, struct result *res)
{
	struct worker *w = worker;
	struct groups *gs = groups_new(groupby_aggs(w->k->gb));
	struct slice rec;

	res->partial = gs;
	while (result_next(res, blk, &rec)) {
		if (eval(w->k, w->ge, rec, &w->err) < 0) {
			if (!result_bad_line(res, blk, rec, buf_str(&w->err)))
				return;
			continue;
		}
		res->native += groupby_native(w->ge);
		if (groupby_passes(w->ge))
			groupby_add(w->ge, groups_states(gs, groups_put(gs, groupby_key(w->ge))),
				    place(blk, res));
	}
}

static void discard(void *partial)
{
	groups_free(partial);
}

static void merge(void *ctx, struct result *res)
{
	struct kcount *k = ctx;

	groups_merge(k->groups, res->partial);
	groups_free(res->partial);
}

/* --- As it changes --- */

static void put_changed(struct kcount *k, struct buf *out)
{
	for (size_t i = 0; i < k->nchanged; i++) {
		put_row(k, k->changed[i], out);
		groups_mark(k->groups, k->changed[i], GROUP_CHANGED, false);
	}
	k->nchanged = 0;
}

static void note_change(struct kcount *k, size_t g)
{
	if (groups_marked(k->groups, g, GROUP_CHANGED))
		return;
	groups_mark(k->groups, g, GROUP_CHANGED, true);
	k->changed = mem_grow(k->changed, &k->changed_cap, k->nchanged + 1, sizeof *k->changed);
	k->changed[k->nchanged++] = g;
}

static void apply(void *ctx, const struct block *blk, struct result *res)
{
	struct kcount *k = ctx;
	struct slice rec;

	while (result_next(res, blk, &rec)) {
		if (eval(k, k->ge, rec, &k->err) < 0) {
			if (!result_bad_line(res, blk, rec, buf_str(&k->err)))
				return;
			continue;
		}
		res->native += groupby_native(k->ge);
		if (!groupby_passes(k->ge))
			continue;
		size_t g = groups_put(k->groups, groupby_key(k->ge));
		groupby_add(k->ge, groups_states(k->groups, g), place(blk, res));
		if (k->every == 0)
			put_row(k, g, &res->out);
		else
			note_change(k, g);
	}
}

static int64_t tick(void *ctx, int64_t now, int64_t waited, struct buf *out)
{
	struct kcount *k = ctx;

	(void)waited;
	if (k->every == 0)
		return LOOP_FOREVER;
	if (now >= k->next) {
		put_changed(k, out);
		k->next = now + k->every;
	}
	return k->next;
}

static int finish(void *ctx, enum filter_end end, struct buf *out)
{
	struct kcount *k = ctx;

	if (end != FILTER_INPUT)
		return EXIT_OK;
	if (k->every != NEVER) {
		put_changed(k, out);
		return EXIT_OK;
	}
	/* As in SQL: without keys there is one row, also of nothing. */
	if (!groupby_keys(k->gb))
		groups_put(k->groups, slice_str(""));
	for (size_t g = 0; g < groups_count(k->groups); g++)
		put_row(k, g, out);
	return EXIT_OK;
}

static uint64_t inexact(void *ctx)
{
	return groups_inexact(((struct kcount *)ctx)->groups);
}

static void set_up(struct kcount *k, struct filter_tool *f)
{
	k->gb = groupby_new(&k->by, NULL, NULL, 0, &k->err);
	if (!k->gb)
		diag_die(EXIT_USAGE, "%s", buf_str(&k->err));
	k->rows.end = filter_record_end(&k->filter);
	k->ro = rowout_new(&k->rows, k->gb);
	k->groups = groups_new(groupby_aggs(k->gb));
	f->raw = k->raw_input;
	f->finish = finish;
	f->inexact = inexact;
	if (k->every == NEVER) {
		f->worker_new = worker_new;
		f->worker_free = worker_free;
		f->map = map;
		f->merge = merge;
		f->discard = discard;
		f->batch = true;
		f->block_size = 4 << 20;
	} else {
		k->ge = groupby_eval_new(k->gb);
		f->apply = apply;
		f->tick = tick;
	}
}

static void clean_up(struct kcount *k)
{
	groupby_eval_free(k->ge);
	groups_free(k->groups);
	rowout_free(k->ro);
	groupby_free(k->gb);
	groupby_conf_free(&k->by);
	buf_free(&k->err);
	free(k->changed);
}

int main(int argc, char **argv)
{
	struct kcount k = {.every = NEVER, .filter = FILTER_CONF_INIT};
	const struct optgroup groups[] = {
		{NULL, groupby_opts, &k.by},
		{"Output", opts, &k},
		{"Rows", rowout_opts, &k.rows},
		{"Running", filter_jobs_opts, &k.filter},
		{"Input and output", filter_opts, &k.filter},
		{0},
	};
	const struct tool tool = {
		.usage = "[OPTIONS] [FILE...]",
		.summary = "Count, or aggregate, the records of each group over the whole input.",
		.notes = groupby_help(),
		.max_operands = -1,
	};
	struct filter_tool f = FILTER_TOOL_INIT;
	struct operands operands;
	int rc;

	diag_init(argv[0]);
	loop_init();
	opt_parse(&tool, groups, argc, argv, &operands);
	set_up(&k, &f);
	rc = filter_run(&f, &k, &k.filter, operands);
	clean_up(&k);
	return rc;
}
