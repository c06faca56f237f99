/* kcount: aggregates per key over the whole input, at its end or as they change. */
#include <stdlib.h>

#include "changes.h"
#include "diag.h"
#include "filter.h"
#include "groupby.h"
#include "loop.h"
#include "mem.h"
#include "rowout.h"
#include "streamtime.h"
#include "toolstate.h"
#include "upsert.h"
#include "utf8.h"
#include "watermark.h"
#include "when.h"
#include "winstore.h"

enum { NEVER = -1 };

struct kcount {
	int64_t every; /* us; 0: each change; NEVER: at the end */
	int64_t suppress, ttl;
	const char *upsert;
	struct toolstate_conf keep;
	bool raw_input, keep_open;
	struct streamtime_conf time;
	struct groupby_conf by;
	struct rowout_conf rows;
	struct filter_conf filter;

	struct groupby *gb;
	struct groupby_eval *ge; /* of the main thread, where threads cannot share the work */
	struct rowout *ro;
	struct groups *groups;
	struct changes *changes;    /* of `groups` */
	int64_t next;               /* when rows are due */
	struct streamtime *st;      /* of --ttl and --suppress */
	struct winstore *living;    /* --ttl: instead of `groups` */
	struct upsert *rows_by_key; /* --upsert */
	size_t at_key;              /* of its program */
	struct state *state;
	uint64_t base; /* the first place in the input of this run */
	uint64_t last; /* the last one so far */
	struct buf where, key, err;
};

#define OFF(field) offsetof(struct kcount, field)

static const struct opt opts[] = {
	{0, "every", OPT_DURATION, OFF(every), "D",
	 "print changed rows every D (0s: each change); default: at the end", NULL},
	{0, "suppress", OPT_DURATION, OFF(suppress), "D",
	 "print a changed row when event time is D past its first change", NULL},
	{0, "keep-open", OPT_FLAG, OFF(keep_open), NULL,
	 "at the end of input, leave out changed rows that are not due", NULL},
	{0, "ttl", OPT_DURATION, OFF(ttl), "D",
	 "forget a group that had no record for D, of the clock or of event time", NULL},
	{0, "upsert", OPT_STRING, OFF(upsert), "KEY",
	 "records are rows of a table: each replaces the last one of its KEY", NULL},
	{'R', "raw-input", OPT_FLAG, OFF(raw_input), NULL,
	 "records are text: each line is a string", NULL},
	{0},
};

static struct row row_of(const struct kcount *k, size_t g)
{
	return (struct row){.key = groups_key(k->groups, g), .states = groups_states(k->groups, g)};
}

static void put_row(struct kcount *k, size_t g, struct buf *out)
{
	const struct row row = row_of(k, g);
	bool was = groups_marked(k->groups, g, GROUP_SHOWN);

	groups_mark(k->groups, g, GROUP_SHOWN, rowout_change(k->ro, &row, was, out));
}

static int eval(const struct kcount *k, struct groupby_eval *ge, struct slice rec, struct buf *err)
{
	return groupby_eval_line(ge, k->raw_input ? GROUPBY_TEXT : GROUPBY_JSON, rec, err);
}

/* The place of a record in the input: blocks are numbered in its order. */
static uint64_t place(const struct kcount *k, const struct block *blk, const struct result *res)
{
	return k->base + (blk->seq << 32 | res->in);
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
				    place(w->k, blk, res));
	}
}

static void discard(void *partial)
{
	groups_free(partial);
}

static void merge(void *ctx, struct result *res)
{
	struct kcount *k = ctx;

	k->last += UINT64_C(1) << 32; /* at the least, a block has one place of that many */
	groups_merge(k->groups, res->partial, NULL);
	groups_free(res->partial);
}

/* --- As it changes --- */

/* What changed at `until` or before. */
static void put_changed(struct kcount *k, int64_t until, struct buf *out)
{
	size_t g;

	while (changes_take(k->changes, until, &g))
		put_row(k, g, out);
}

static void put_due(struct kcount *k, struct buf *out)
{
	if (k->living)
		winstore_put_due(k->living, out);
	else
		put_changed(k, INT64_MAX, out);
}

static void note_change(struct kcount *k, size_t g, int64_t now, struct buf *out)
{
	if (k->every == 0)
		put_row(k, g, out);
	else if (k->every != NEVER || k->suppress != NEVER)
		changes_note(k->changes, g, now);
}

/* The watermark is here now: what it brings. */
static void move_on(struct kcount *k, int64_t mark, struct buf *out)
{
	if (k->living) {
		winstore_close(k->living, mark, out);
	} else if (mark != WATERMARK_NONE) {
		changes_date(k->changes, mark);
		put_changed(k, mark - k->suppress, out);
	}
}

/* Takes the place of its key's last row; its group is *g, where it counts at all. */
static bool replace(struct kcount *k, uint64_t seq, int64_t now, size_t *g, struct buf *out)
{
	struct slice key = buf_slice(&k->key);
	bool passes = groupby_passes(k->ge), was;
	size_t old;

	was = upsert_take(k->rows_by_key, key, k->groups, &old);
	if (passes) {
		*g = groups_put(k->groups, groupby_key(k->ge));
		upsert_add(k->rows_by_key, key, k->ge, k->groups, *g, seq);
	}
	if (was && !(passes && old == *g))
		note_change(k, old, now, out);
	return passes;
}

static bool add(struct kcount *k, uint64_t seq, int64_t now, size_t *g, struct buf *out)
{
	if (k->rows_by_key)
		return replace(k, seq, now, g, out);
	if (!groupby_passes(k->ge))
		return false;
	*g = groups_put(k->groups, groupby_key(k->ge));
	groupby_add(k->ge, groups_states(k->groups, *g), seq);
	return true;
}

static void count(struct kcount *k, uint64_t seq, int64_t t, struct buf *out)
{
	int64_t now = WATERMARK_NONE;
	size_t g = 0;

	/* A group lives by the watermark before its record. */
	if (k->living && groupby_passes(k->ge))
		winstore_add(k->living, k->ge, t, seq, out);
	if (k->st)
		now = streamtime_observe(k->st, groupby_extra(k->ge, 0), t);
	if (!k->living && add(k, seq, now, &g, out))
		note_change(k, g, now, out);
	if (k->st)
		move_on(k, now, out);
}

/* The key of a record in a table. */
static int eval_key(struct kcount *k, struct slice rec)
{
	const struct val *key = groupby_extra(k->ge, k->at_key);

	buf_clear(&k->key);
	val_put_key(&k->key, key);
	if (key->type == VAL_NULL)
		buf_setf(&k->err, "no key (null)");
	else if (utf8_replaced(k->key.data, k->key.len, rec.ptr, rec.len))
		buf_setf(&k->err, "the key is not UTF-8"); /* it would take the place of others */
	else
		return 0;
	return -1;
}

/* Also of what a record needs beside its group: its time, and its key in a table. */
static int eval_all(struct kcount *k, struct slice rec, int64_t *t)
{
	struct span s;

	if (eval(k, k->ge, rec, &k->err) < 0)
		return -1;
	if (k->st && streamtime_of(k->st, groupby_extra(k->ge, 0), t, &k->err) < 0)
		return -1;
	if (k->living && !window_first(&(struct window){WINDOW_SESSION, k->ttl, 0, 0}, *t, &s)) {
		buf_setf(&k->err, "time out of range (years 0000 to 9999)");
		return -1;
	}
	return k->rows_by_key ? eval_key(k, rec) : 0;
}

static void apply(void *ctx, const struct block *blk, struct result *res)
{
	struct kcount *k = ctx;
	struct slice rec;
	int64_t t = 0;

	if (k->st)
		move_on(k, streamtime_watermark(k->st), &res->out);
	while (!rowout_failure(k->ro) && result_next(res, blk, &rec)) {
		if (eval_all(k, rec, &t) < 0) {
			if (!result_bad_line(res, blk, rec, buf_str(&k->err)))
				return;
			continue;
		}
		res->native += groupby_native(k->ge);
		k->last = place(k, blk, res);
		count(k, k->last, t, &res->out);
	}
	if (rowout_failure(k->ro))
		result_end(res);
}

/* The watermark that brings the next row, or its end; WATERMARK_END: none does. */
static int64_t next_mark(const struct kcount *k)
{
	int64_t at;

	if (k->living)
		return winstore_next(k->living);
	at = changes_first(k->changes);
	return at == WATERMARK_NONE || at == WATERMARK_END ? WATERMARK_END : at + k->suppress;
}

static int64_t tick(void *ctx, int64_t now, int64_t waited, struct buf *out)
{
	struct kcount *k = ctx;
	int64_t left = LOOP_FOREVER;

	if (k->st)
		move_on(k, streamtime_wait(k->st, waited), out);
	if (now >= k->next) {
		put_due(k, out);
		k->next = k->every ? now + k->every : LOOP_FOREVER;
	}
	if (rowout_failure(k->ro))
		return FILTER_ENDS;
	if (k->st)
		left = streamtime_left(k->st, next_mark(k));
	return left < k->next - now ? now + left : k->next;
}

/* --- The end --- */

static void put_all(struct kcount *k, struct buf *out)
{
	size_t due;

	/* As in SQL: without keys there is one row, also of nothing. */
	if (!groupby_keys(k->gb))
		groups_put(k->groups, slice_str(""));
	for (size_t g = 0; g < groups_count(k->groups); g++) {
		const struct row row = row_of(k, g);

		groups_mark(k->groups, g, GROUP_SHOWN, rowout_put(k->ro, &row, out));
	}
	/* So nothing is left of what another run left. */
	while (changes_take(k->changes, INT64_MAX, &due))
		continue;
}

static void put_finals(struct kcount *k, struct buf *out)
{
	if (k->every == NEVER && k->suppress == NEVER && !k->living)
		put_all(k, out);
	else if (!k->keep_open)
		put_due(k, out);
}

static int finish(void *ctx, enum filter_end end, struct buf *out)
{
	struct kcount *k = ctx;

	if (end != FILTER_CUT)
		put_finals(k, out);
	return rowout_status(k->ro);
}

static uint64_t inexact(void *ctx)
{
	struct kcount *k = ctx;

	return k->living ? winstore_inexact(k->living) : groups_inexact(k->groups);
}

/* --- Setting up --- */

static void check(struct kcount *k)
{
	bool timed = k->ttl != NEVER || k->suppress != NEVER;

	if (!timed)
		streamtime_unused(&k->time, "--ttl or --suppress");
	if (k->suppress != NEVER && !k->time.time && !k->time.envelope)
		diag_usage("--suppress goes by event time: -T EXPR or -J");
	if ((k->every != NEVER) + (k->suppress != NEVER) +
		    (k->ttl != NEVER && k->suppress != NEVER) >
	    1)
		diag_usage("--suppress does not go with --every or --ttl");
	if (k->ttl == 0)
		diag_usage("--ttl must be more than 0");
	if (k->ttl != NEVER && k->upsert)
		diag_usage("--ttl does not go with --upsert");
	if (k->keep_open && k->every == NEVER && k->suppress == NEVER)
		diag_usage("--keep-open goes with --every or --suppress");
	if (k->raw_input && (k->time.envelope || timed || k->upsert))
		diag_usage("-R does not go with -J, -T, --ttl, --suppress, --upsert");
	k->time.proctime = !k->time.time && !k->time.envelope;
	if (k->time.proctime)
		streamtime_unused(&k->time, "-T or -J");
	if (timed)
		k->st = streamtime_new(&k->time);
}

/* What tells that the row of a key is no more. A record that is no object is just a row. */
static const char deleted[] = "(.\"$delete\"? // false) == true";
static const char tombstone[] =
	" or (.value == null and .value_text == null and .value_base64 == null)";

/* To a row that is no more the rest of the programs need not apply: it is as one that -w leaves out. */
static void set_upsert(struct kcount *k)
{
	buf_setf(&k->where, "(%s%s | not)", deleted, k->time.envelope ? tombstone : "");
	if (k->by.where)
		buf_addf(&k->where, " and (%s\n)", k->by.where);
	k->by.where = buf_str(&k->where);
}

static void set_groups(struct kcount *k)
{
	const char *extra[STREAMTIME_PROGRAMS + 2] = {NULL};

	if (k->st)
		k->at_key = streamtime_programs(k->st, extra);
	if (k->upsert) {
		set_upsert(k);
		extra[k->at_key] = k->upsert;
	}
	k->gb = groupby_new(&k->by, extra, NULL, 0, &k->err);
	if (!k->gb)
		diag_die(EXIT_USAGE, "%s", buf_str(&k->err));
	if (k->upsert && groupby_untakeable(k->gb))
		diag_usage("--upsert: %s cannot take a value back (count, sum, avg can)",
			   groupby_untakeable(k->gb));
	k->rows.end = filter_record_end(&k->filter);
	k->ro = rowout_new(&k->rows, k->gb);
	k->groups = groups_new(groupby_aggs(k->gb));
	k->changes = changes_new(k->groups);
	if (k->upsert)
		k->rows_by_key = upsert_new(k->gb, groupby_aggs(k->gb)->seed);
}

static void set_living(struct kcount *k)
{
	const struct winstore_conf conf = {
		.window = {.kind = WINDOW_SESSION, .size = k->ttl},
		.emit = WINSTORE_CHANGES,
		.at_once = k->every == 0,
		.forget = true,
	};

	k->living = winstore_new(&conf, k->gb, k->ro);
}

static void set_up(struct kcount *k, struct filter_tool *f)
{
	check(k);
	set_groups(k);
	if (k->ttl != NEVER)
		set_living(k);
	k->next = k->every == NEVER ? LOOP_FOREVER : 0; /* what the last run left is due */
	f->raw = k->raw_input;
	f->finish = finish;
	f->inexact = inexact;
	if (k->every == NEVER && !k->st && !k->upsert) {
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

/* --- State --- */

static void put_options(const struct kcount *k, struct buf *out)
{
	if (k->raw_input)
		buf_add_str(out, " -R");
	if (k->upsert)
		buf_addf(out, " --upsert %s", k->upsert);
	if (k->ttl != NEVER) {
		buf_add_str(out, " --ttl ");
		when_put_duration(out, k->ttl);
	}
	if (k->st)
		streamtime_put_options(&k->time, out);
	groupby_put_options(&k->by, out);
}

static bool load_all(struct kcount *k, struct unpack *in)
{
	k->base = k->last = (uint64_t)unpack_int(in);
	if (k->st && !streamtime_load(k->st, in))
		return false;
	if (k->living)
		return winstore_load(k->living, k->every == NEVER, in);
	return groups_load(k->groups, in) && changes_load(k->changes, in) &&
	       (!k->rows_by_key || upsert_load(k->rows_by_key, k->groups, in));
}

static void load(struct kcount *k)
{
	struct buf options = BUF_INIT;
	struct unpack in;

	put_options(k, &options);
	k->state = toolstate_open(&k->keep, buf_slice(&options), &in);
	buf_free(&options);
	if (in.left.len && !load_all(k, &in))
		toolstate_damaged(&k->keep);
}

/* After all rows are written. */
static int save(struct kcount *k)
{
	struct buf bytes = BUF_INIT;
	int rc;

	pack_int(&bytes, (int64_t)(k->last + (UINT64_C(1) << 32)));
	if (k->st)
		streamtime_save(k->st, &bytes);
	if (k->living) {
		winstore_save(k->living, &bytes);
	} else {
		groups_save(k->groups, &bytes);
		changes_save(k->changes, &bytes);
	}
	if (k->rows_by_key)
		upsert_save(k->rows_by_key, &bytes);
	rc = toolstate_save(k->state, buf_slice(&bytes));
	buf_free(&bytes);
	return rc;
}

static void clean_up(struct kcount *k)
{
	groupby_eval_free(k->ge);
	state_free(k->state);
	upsert_free(k->rows_by_key);
	winstore_free(k->living);
	streamtime_free(k->st);
	changes_free(k->changes);
	groups_free(k->groups);
	rowout_free(k->ro);
	groupby_free(k->gb);
	groupby_conf_free(&k->by);
	buf_free(&k->where);
	buf_free(&k->key);
	buf_free(&k->err);
}

int main(int argc, char **argv)
{
	struct kcount k = {.every = NEVER,
			   .suppress = NEVER,
			   .ttl = NEVER,
			   .time = STREAMTIME_CONF_INIT,
			   .rows = ROWOUT_CONF_INIT,
			   .filter = FILTER_CONF_INIT};
	const struct optgroup groups[] = {
		{NULL, groupby_opts, &k.by},
		{"Output", opts, &k},
		{"Rows", rowout_opts, &k.rows},
		{"Time", streamtime_opts, &k.time},
		{"State", toolstate_opts, &k.keep},
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
	load(&k);
	rc = filter_run(&f, &k, &k.filter, operands);
	if (rc == EXIT_OK && k.state)
		rc = save(&k);
	clean_up(&k);
	return rc;
}
