/* kwindow: aggregates per key and event-time window. */
#include <stdlib.h>

#include "diag.h"
#include "eventtime.h"
#include "filter.h"
#include "groupby.h"
#include "loop.h"
#include "mem.h"
#include "watermark.h"
#include "window.h"

enum {
	NEVER = -1,
	WINDOWS_MAX = 100000, /* of one record: each is a table of its own */
};
enum emit { EMIT_CLOSE, EMIT_CHANGES, EMIT_TABLE };

static const char *const emit_names[] = {
	[EMIT_CLOSE] = "close", [EMIT_CHANGES] = "changes", [EMIT_TABLE] = "table", NULL};

/* A window that is open, with its groups. */
struct open_window {
	struct span span;
	struct groups *groups;
	size_t nchanged; /* groups whose rows are due */
};

struct kwindow {
	const char *tumble, *hop, *cumulate, *align, *time, *time_unit;
	int64_t delay, grace, idle, every, partitions;
	int emit;
	bool envelope, keep_open;
	struct groupby_conf by;
	struct filter_conf filter;

	struct window window;
	struct eventtime eventtime;
	struct watermark *wm;
	struct groupby *gb;
	struct groupby_eval *ge;
	struct open_window *open;      /* sorted by end, then start; the first ones may be closed */
	size_t first, nopen, open_cap; /* open are [first, nopen) */
	uint64_t inexact;              /* results of windows that are gone */
	int64_t closed;                /* the watermark up to which windows were closed */
	int64_t next, waited;
	bool changed; /* rows are due, for table */
	struct buf err, partition;
};

#define OFF(field) offsetof(struct kwindow, field)

static const struct opt window_opts[] = {
	{0, "tumble", OPT_STRING, OFF(tumble), "SIZE", "windows of SIZE, one after the other",
	 NULL},
	{0, "hop", OPT_STRING, OFF(hop), "SIZE/STEP", "windows of SIZE, a new one every STEP",
	 NULL},
	{0, "cumulate", OPT_STRING, OFF(cumulate), "MAX/STEP",
	 "windows that grow by STEP up to MAX", NULL},
	{0, "align", OPT_STRING, OFF(align), "D", "shift windows by D from the epoch (-8h)", NULL},
	{'T', "time", OPT_STRING, OFF(time), "EXPR", "a record's event time", NULL},
	{0, "time-unit", OPT_STRING, OFF(time_unit), "s|ms|us|ns",
	 "unit of numeric times (default: by magnitude)", NULL},
	{'J', "envelope", OPT_FLAG, OFF(envelope), NULL,
	 "records are envelopes: time is .timestamp, watermarks per partition", NULL},
	{0, "delay", OPT_DURATION, OFF(delay), "D",
	 "the watermark follows the greatest time by D (default 0)", NULL},
	{0, "grace", OPT_DURATION, OFF(grace), "D",
	 "keep a window open for D past its end (default 0)", NULL},
	{0, "partitions", OPT_COUNT, OFF(partitions), "N",
	 "with -J: wait for N partitions before time moves", NULL},
	{0, "idle", OPT_DURATION, OFF(idle), "D",
	 "a partition silent for D no longer holds time back (default 30s)", NULL},
	{0},
};

static const struct opt output_opts[] = {
	{0, "emit", OPT_CHOICE, OFF(emit), "close|changes|table",
	 "rows when final (default), as they change, or all rows", emit_names},
	{0, "every", OPT_DURATION, OFF(every), "D",
	 "with changes, table: print every D (0s: each change)", NULL},
	{0, "keep-open", OPT_FLAG, OFF(keep_open), NULL, "do not close windows at the end of input",
	 NULL},
	{0},
};

static const struct opt late_opts[] = {
	{0, "late", OPT_FILE, offsetof(struct filter_conf, late), "FILE",
	 "append records that came too late to FILE", NULL},
	{0},
};

/* --- Rows --- */

static void put_row(const struct kwindow *k, const struct open_window *w, size_t g, struct buf *out)
{
	buf_add_str(out, "{\"window_start\":\"");
	when_put(out, w->span.start);
	buf_add_str(out, "\",\"window_end\":\"");
	when_put(out, w->span.end);
	buf_add_str(out, "\",");
	groupby_put_members(k->gb, w->groups, g, out);
	buf_add_char(out, '}');
	buf_add_char(out, filter_record_end(&k->filter));
}

/* Rows of one window, in order of the groups' first arrival: all, or those that changed. */
static void put_window(const struct kwindow *k, struct open_window *w, bool all, struct buf *out)
{
	if (!all && !w->nchanged)
		return;
	for (size_t g = 0; g < groups_count(w->groups); g++) {
		if (!all && !groups_marked(w->groups, g))
			continue;
		put_row(k, w, g, out);
		groups_mark(w->groups, g, false);
	}
	w->nchanged = 0;
}

/* What is due with changes and table. */
static void put_due(struct kwindow *k, struct buf *out)
{
	if (k->emit == EMIT_TABLE && !k->changed)
		return;
	k->changed = false;
	for (size_t i = k->first; i < k->nopen; i++)
		put_window(k, &k->open[i], k->emit == EMIT_TABLE, out);
}

/* --- Windows --- */

static int compare_span(const struct span *a, const struct span *b)
{
	if (a->end != b->end)
		return a->end < b->end ? -1 : 1;
	return a->start < b->start ? -1 : a->start > b->start;
}

/* The open window of this span, made when new. Most records fall into the newest ones. */
static struct open_window *open_window(struct kwindow *k, const struct span *s)
{
	size_t lo = k->first, hi = k->nopen;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		int c = compare_span(&k->open[mid].span, s);
		if (c == 0)
			return &k->open[mid];
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	k->open = mem_grow(k->open, &k->open_cap, k->nopen + 1, sizeof *k->open);
	memmove(k->open + lo + 1, k->open + lo, (k->nopen - lo) * sizeof *k->open);
	k->nopen++;
	k->open[lo] = (struct open_window){*s, groups_new(groupby_aggs(k->gb)), 0};
	return &k->open[lo];
}

/* Does the watermark wm close a window that ends here? */
static bool is_closed(const struct kwindow *k, int64_t end, int64_t wm)
{
	int64_t last; /* the end of the last window that it closes */

	if (wm == WATERMARK_NONE || wm == WATERMARK_END)
		return wm == WATERMARK_END;
	return !__builtin_sub_overflow(wm, k->grace, &last) && end <= last;
}

/* Closes what the watermark allows; sorted by end, these are the first ones. */
static void close_windows(struct kwindow *k, int64_t wm, struct buf *out)
{
	if (k->emit == EMIT_TABLE || wm <= k->closed)
		return;
	k->closed = wm;
	while (k->first < k->nopen && is_closed(k, k->open[k->first].span.end, wm)) {
		struct open_window *w = &k->open[k->first++];
		put_window(k, w, k->emit == EMIT_CLOSE, out);
		k->inexact += groups_inexact(w->groups);
		groups_free(w->groups);
	}
	/* Those that are open move up when as many are gone, so that each moves once on average. */
	if (k->first <= k->nopen / 2)
		return;
	k->nopen -= k->first;
	memmove(k->open, k->open + k->first, k->nopen * sizeof *k->open);
	k->first = 0;
}

/* --- Records --- */

enum { EXTRA_TIME, EXTRA_TOPIC, EXTRA_PARTITION };

static size_t partition_of(struct kwindow *k)
{
	buf_clear(&k->partition);
	if (k->envelope) {
		val_put_key(&k->partition, groupby_extra(k->ge, EXTRA_TOPIC));
		val_put_key(&k->partition, groupby_extra(k->ge, EXTRA_PARTITION));
	}
	return watermark_partition(k->wm, buf_slice(&k->partition));
}

static void add_to_window(struct kwindow *k, const struct span *s, uint64_t seq, struct buf *out)
{
	struct open_window *w = open_window(k, s);
	size_t g = groups_put(w->groups, groupby_key(k->ge));

	groupby_add(k->ge, w->groups, g, seq);
	k->changed = true;
	if (k->emit == EMIT_CHANGES && k->every <= 0) {
		put_row(k, w, g, out);
	} else if (!groups_marked(w->groups, g)) {
		groups_mark(w->groups, g, true);
		w->nchanged++;
	}
}

/* Puts the record into its windows that are open; false when there is none. */
static bool add_record(struct kwindow *k, int64_t t, uint64_t seq, struct buf *out)
{
	struct span s;
	bool added = false;

	for (bool more = window_first(&k->window, t, &s); more;
	     more = window_next(&k->window, t, &s)) {
		if (k->emit != EMIT_TABLE && is_closed(k, s.end, k->closed))
			continue;
		add_to_window(k, &s, seq, out);
		added = true;
	}
	return added;
}

static int eval(struct kwindow *k, struct slice rec, int64_t *t)
{
	struct span s;

	if (groupby_eval_line(k->ge, GROUPBY_JSON, rec, &k->err) < 0)
		return -1;
	if (eventtime_of(&k->eventtime, groupby_extra(k->ge, EXTRA_TIME), t, &k->err) < 0)
		return -1;
	if (window_first(&k->window, *t, &s))
		return 0;
	buf_setf(&k->err, "time out of range (a window would leave the years 0000 to 9999)");
	return -1;
}

static void apply(void *ctx, const struct block *blk, struct result *res)
{
	struct kwindow *k = ctx;
	struct slice rec;
	int64_t t;

	while (result_next(res, blk, &rec)) {
		if (eval(k, rec, &t) < 0) {
			if (!result_bad_line(res, blk, rec, buf_str(&k->err)))
				return;
			continue;
		}
		res->native += groupby_native(k->ge);
		/* Under the old watermark; then it moves, whether or not -w holds; then windows close. */
		if (groupby_passes(k->ge) &&
		    !add_record(k, t, blk->seq << 32 | res->in, &res->out)) {
			res->late++;
			buf_add(&res->late_records, rec.ptr, rec.len + 1);
		}
		watermark_observe(k->wm, partition_of(k), t, k->waited);
		close_windows(k, watermark_now(k->wm, k->waited), &res->out);
		if (k->emit == EMIT_TABLE && k->every == 0)
			put_due(k, &res->out);
	}
}

static int64_t tick(void *ctx, int64_t now, int64_t waited, struct buf *out)
{
	struct kwindow *k = ctx;
	int64_t idle;

	k->waited = waited;
	close_windows(k, watermark_now(k->wm, waited), out);
	if (k->every > 0 && now >= k->next) {
		put_due(k, out);
		k->next = now + k->every;
	}
	idle = watermark_deadline(k->wm);
	if (idle != INT64_MAX && idle - waited < LOOP_FOREVER - now)
		idle = now + (idle - waited);
	else
		idle = LOOP_FOREVER;
	return k->every > 0 && k->next < idle ? k->next : idle;
}

static int finish(void *ctx, enum filter_end end, struct buf *out)
{
	struct kwindow *k = ctx;

	if (end != FILTER_INPUT)
		return EXIT_OK;
	if (k->emit == EMIT_CLOSE && !k->keep_open)
		close_windows(k, WATERMARK_END, out);
	else if (k->emit != EMIT_CLOSE)
		put_due(k, out);
	return EXIT_OK;
}

static uint64_t inexact(void *ctx)
{
	struct kwindow *k = ctx;

	for (size_t i = k->first; i < k->nopen; i++)
		k->inexact += groups_inexact(k->open[i].groups);
	return k->inexact;
}

/* --- Setting up --- */

static int64_t duration(const char *option, const char *text, size_t len)
{
	char *s = mem_dup(text, len);
	int64_t us;

	if (!when_duration(s, &us))
		diag_usage("%s: '%s' is not a duration (like 500ms, 5s, 1m30s, 2h, 1d)", option, s);
	free(s);
	return us;
}

/* SIZE/STEP */
static void two_durations(struct kwindow *k, const char *option, const char *text)
{
	const char *slash = strchr(text, '/');

	if (!slash)
		diag_usage("%s: '%s' is not SIZE/STEP", option, text);
	k->window.size = duration(option, text, (size_t)(slash - text));
	k->window.step = duration(option, slash + 1, strlen(slash + 1));
	if (k->window.step <= 0 || k->window.step > k->window.size)
		diag_usage("%s: STEP must be more than 0 and at most SIZE", option);
}

static void set_window(struct kwindow *k)
{
	if (!!k->tumble + !!k->hop + !!k->cumulate != 1)
		diag_usage("give one of --tumble, --hop, --cumulate");
	if (k->tumble) {
		k->window.kind = WINDOW_TUMBLE;
		k->window.size = duration("--tumble", k->tumble, strlen(k->tumble));
	} else if (k->hop) {
		k->window.kind = WINDOW_HOP;
		two_durations(k, "--hop", k->hop);
	} else {
		k->window.kind = WINDOW_CUMULATE;
		two_durations(k, "--cumulate", k->cumulate);
		if (k->window.size % k->window.step)
			diag_usage("--cumulate: STEP must divide MAX");
	}
	if (k->window.size <= 0)
		diag_usage("the size of a window must be more than 0");
	if (window_most(&k->window) > WINDOWS_MAX)
		diag_usage("%s: a record would be in %lld windows (the most is %d)",
			   k->hop ? "--hop" : "--cumulate", (long long)window_most(&k->window),
			   WINDOWS_MAX);
	if (k->align)
		k->window.align = duration("--align", k->align, strlen(k->align));
	if (k->window.size % WHEN_MS || k->window.step % WHEN_MS || k->window.align % WHEN_MS)
		diag_usage("windows start and end at whole milliseconds, as rows show them");
}

static void set_time(struct kwindow *k)
{
	if (k->envelope && !k->time)
		k->time = ".timestamp";
	if (!k->time)
		diag_usage("-T EXPR is missing: which field is a record's event time?");
	if (k->time_unit && !when_unit_name(k->time_unit, &k->eventtime.unit))
		diag_usage("--time-unit: '%s' is none of s, ms, us, ns", k->time_unit);
	k->eventtime.told = k->time_unit != NULL;
	if (k->every != NEVER && k->emit == EMIT_CLOSE)
		diag_usage("--every goes with --emit changes or table");
	if (k->partitions && !k->envelope)
		diag_usage("--partitions goes with -J");
}

static void check_name(struct slice name)
{
	if (slice_is(name, "window_start") || slice_is(name, "window_end"))
		diag_die(EXIT_USAGE, "'%s' is the window's own (name the result: NAME=...)",
			 name.ptr);
}

/* A row has each name once. */
static void check_names(const struct groupby *gb)
{
	const struct agglist *aggs = groupby_aggs(gb);

	for (size_t i = 0; i < groupby_keys(gb); i++)
		check_name(groupby_key_name(gb, i));
	for (size_t i = 0; i < aggs->n; i++)
		check_name(slice_str(aggs->v[i].name));
}

static void set_up(struct kwindow *k, struct filter_tool *f)
{
	const char *const extra[] = {[EXTRA_TIME] = k->time,
				     [EXTRA_TOPIC] = k->envelope ? ".topic" : NULL,
				     [EXTRA_PARTITION] = ".partition",
				     NULL};

	k->gb = groupby_new(&k->by, extra, NULL, 0, &k->err);
	if (!k->gb)
		diag_die(EXIT_USAGE, "%s", buf_str(&k->err));
	check_names(k->gb);
	k->ge = groupby_eval_new(k->gb);
	k->wm = watermark_new(k->delay, (size_t)k->partitions, k->envelope ? k->idle : INT64_MAX);
	k->closed = WATERMARK_NONE;
	f->apply = apply;
	f->tick = tick;
	f->finish = finish;
	f->inexact = inexact;
}

static void clean_up(struct kwindow *k)
{
	for (size_t i = k->first; i < k->nopen; i++)
		groups_free(k->open[i].groups);
	free(k->open);
	watermark_free(k->wm);
	groupby_eval_free(k->ge);
	groupby_free(k->gb);
	groupby_conf_free(&k->by);
	buf_free(&k->err);
	buf_free(&k->partition);
}

int main(int argc, char **argv)
{
	struct kwindow k = {.every = NEVER, .idle = 30 * WHEN_S, .filter = FILTER_CONF_INIT};
	const struct optgroup groups[] = {
		{"Windows and time", window_opts, &k},
		{"Groups and aggregates", groupby_opts, &k.by},
		{"Output", output_opts, &k},
		{"Late records", late_opts, &k.filter},
		{"Input and output", filter_opts, &k.filter},
		{0},
	};
	const struct tool tool = {
		.usage = "--tumble SIZE|--hop SIZE/STEP|--cumulate MAX/STEP -T EXPR [OPTIONS] "
			 "[FILE...]",
		.summary = "Aggregate the records of each group per event-time window.",
		.notes = groupby_help(),
		.max_operands = -1,
	};
	struct filter_tool f = FILTER_TOOL_INIT;
	struct operands operands;
	int rc;

	diag_init(argv[0]);
	loop_init();
	opt_parse(&tool, groups, argc, argv, &operands);
	set_window(&k);
	set_time(&k);
	set_up(&k, &f);
	rc = filter_run(&f, &k, &k.filter, operands);
	clean_up(&k);
	return rc;
}
