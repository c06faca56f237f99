/* kwindow: aggregates per key and event-time window. */
#include <stdlib.h>

#include "diag.h"
#include "filter.h"
#include "groupby.h"
#include "loop.h"
#include "mem.h"
#include "rowout.h"
#include "streamtime.h"
#include "toolstate.h"
#include "watermark.h"
#include "when.h"
#include "winstore.h"

enum {
	NEVER = -1,
	WINDOWS_MAX = 100000, /* of one record: each is a table of its own */
};

static const char *const emit_names[] = {[WINSTORE_CLOSE] = "close",
					 [WINSTORE_CHANGES] = "changes",
					 [WINSTORE_TABLE] = "table",
					 NULL};

struct kwindow {
	const char *kinds[WINDOW_CUMULATE + 1]; /* --tumble and so on, by enum window_kind */
	int64_t session, slide;
	const char *align;
	int64_t grace, every;
	int emit;
	bool keep_open, final;
	struct toolstate_conf keep;
	struct streamtime_conf time;
	struct groupby_conf by;
	struct rowout_conf rows;
	struct filter_conf filter;

	struct winstore_conf windows;
	struct streamtime *st;
	struct groupby *gb;
	struct groupby_eval *ge;
	struct rowout *ro;
	struct winstore *ws;
	struct state *state;
	uint64_t base;           /* the first place in the input of this run */
	uint64_t last;           /* the last one so far */
	int64_t next;            /* when rows are due */
	int64_t least, greatest; /* times whose windows are surely in range */
	struct buf err;
};

#define OFF(field) offsetof(struct kwindow, field)

static const struct opt window_opts[] = {
	{0, "tumble", OPT_STRING, OFF(kinds[WINDOW_TUMBLE]), "SIZE",
	 "windows of SIZE, one after the other", NULL},
	{0, "hop", OPT_STRING, OFF(kinds[WINDOW_HOP]), "SIZE/STEP",
	 "windows of SIZE, a new one every STEP", NULL},
	{0, "cumulate", OPT_STRING, OFF(kinds[WINDOW_CUMULATE]), "MAX/STEP",
	 "windows that grow by STEP up to MAX", NULL},
	{0, "session", OPT_DURATION, OFF(session), "GAP",
	 "per group: records with at most GAP between them", NULL},
	{0, "slide", OPT_DURATION, OFF(slide), "SIZE",
	 "per record: its group's of the SIZE before it, and it", NULL},
	{0, "align", OPT_STRING, OFF(align), "D", "shift windows by D from the epoch (-8h)", NULL},
	{0, "proctime", OPT_FLAG, OFF(time.proctime), NULL,
	 "time is when a record is read; windows close by the clock", NULL},
	{0, "grace", OPT_DURATION, OFF(grace), "D",
	 "keep a window open for D past its end (default 0)", NULL},
	{0},
};

static const struct opt output_opts[] = {
	{0, "emit", OPT_CHOICE, OFF(emit), "close|changes|table",
	 "rows when final (default), as they change, or all rows", emit_names},
	{0, "every", OPT_DURATION, OFF(every), "D",
	 "with changes, table: print every D (0s: each change)", NULL},
	{0, "keep-open", OPT_FLAG, OFF(keep_open), NULL,
	 "at the end of input, leave out what the watermark has not closed", NULL},
	{0, "final", OPT_FLAG, OFF(final), NULL,
	 "with --state, which leaves windows open: the last run, they close", NULL},
	{0},
};

static const struct opt late_opts[] = {
	{0, "late", OPT_FILE, offsetof(struct filter_conf, late), "FILE",
	 "append records that came too late to FILE", NULL},
	{0},
};

/* --- Records --- */

static const struct val *time_values(const struct kwindow *k)
{
	return groupby_extra(k->ge, 0);
}

static int time_of(struct kwindow *k, int64_t *t)
{
	struct span s;

	if (streamtime_of(k->st, time_values(k), t, &k->err) < 0)
		return -1;
	/* Windows of most times are far from the edges. */
	if ((*t >= k->least && *t <= k->greatest) || window_first(&k->windows.window, *t, &s))
		return 0;
	buf_setf(&k->err, "time out of range (a window would leave the years 0000 to 9999)");
	return -1;
}

/* Under the old watermark; then it moves, whether or not -w holds; then windows close. */
static void add(struct kwindow *k, const struct block *blk, struct result *res, struct slice rec,
		int64_t t)
{
	k->last = k->base + (blk->seq << 32 | res->in);
	if (groupby_passes(k->ge) && !winstore_add(k->ws, k->ge, t, k->last, &res->out)) {
		res->late++;
		buf_add(&res->late_records, rec.ptr, rec.len + 1);
	}
	winstore_close(k->ws, streamtime_observe(k->st, time_values(k), t), &res->out);
	if (k->emit == WINSTORE_TABLE && k->every == 0)
		winstore_put_due(k->ws, &res->out);
}

static void apply(void *ctx, const struct block *blk, struct result *res)
{
	struct kwindow *k = ctx;
	struct slice rec;
	int64_t t;

	winstore_close(k->ws, streamtime_watermark(k->st), &res->out);
	while (!rowout_failure(k->ro) && result_next(res, blk, &rec)) {
		if (groupby_eval_line(k->ge, GROUPBY_JSON, rec, &k->err) < 0 ||
		    time_of(k, &t) < 0) {
			if (!result_bad_line(res, blk, rec, buf_str(&k->err)))
				return;
			continue;
		}
		res->native += groupby_native(k->ge);
		add(k, blk, res, rec, t);
	}
	if (rowout_failure(k->ro))
		result_end(res);
}

static int64_t tick(void *ctx, int64_t now, int64_t waited, struct buf *out)
{
	struct kwindow *k = ctx;
	int64_t left;

	winstore_close(k->ws, streamtime_wait(k->st, waited), out);
	if (now >= k->next) {
		winstore_put_due(k->ws, out);
		k->next = k->every > 0 ? now + k->every : LOOP_FOREVER;
	}
	if (rowout_failure(k->ro))
		return FILTER_ENDS;
	left = streamtime_left(k->st, winstore_next(k->ws));
	return left < k->next - now ? now + left : k->next;
}

static void put_finals(struct kwindow *k, struct buf *out)
{
	if (k->emit == WINSTORE_TABLE)
		winstore_put_due(k->ws, out);
	else if (k->keep_open)
		return;
	else if (k->emit == WINSTORE_CHANGES)
		winstore_put_due(k->ws, out);
	else if (!k->state || k->final)
		winstore_close(k->ws, WATERMARK_END, out);
}

static int finish(void *ctx, enum filter_end end, struct buf *out)
{
	struct kwindow *k = ctx;

	if (end != FILTER_CUT)
		put_finals(k, out);
	return rowout_status(k->ro);
}

static uint64_t inexact(void *ctx)
{
	return winstore_inexact(((struct kwindow *)ctx)->ws);
}

/* --- Setting up --- */

static const char *const kind_names[] = {
	[WINDOW_TUMBLE] = "--tumble",     [WINDOW_HOP] = "--hop",
	[WINDOW_CUMULATE] = "--cumulate", [WINDOW_SESSION] = "--session",
	[WINDOW_SLIDE] = "--slide",
};

/* SIZE/STEP, of --hop and --cumulate. */
static void two_durations(struct window *w, const char *option, const char *text)
{
	const char *slash = strchr(text, '/');

	if (!slash)
		diag_usage("%s: '%s' is not SIZE/STEP", option, text);
	w->size = opt_duration(option, slice_of(text, (size_t)(slash - text)));
	w->step = opt_duration(option, slice_str(slash + 1));
	if (w->step <= 0 || w->step > w->size)
		diag_usage("%s: STEP must be more than 0 and at most SIZE", option);
	if (w->kind == WINDOW_CUMULATE && w->size % w->step)
		diag_usage("--cumulate: STEP must divide MAX");
	if (window_most(w) > WINDOWS_MAX)
		diag_usage("%s: a record would be in %lld windows (the most is %d)", option,
			   (long long)window_most(w), WINDOWS_MAX);
}

/* The kinds that have one duration alone. */
static size_t set_size(struct window *w, enum window_kind kind, int64_t size)
{
	if (size == NEVER)
		return 0;
	w->kind = kind;
	w->size = size;
	return 1;
}

static void set_kind(struct kwindow *k)
{
	struct window *w = &k->windows.window;
	size_t given =
		set_size(w, WINDOW_SESSION, k->session) + set_size(w, WINDOW_SLIDE, k->slide);

	for (size_t i = 0; i <= WINDOW_CUMULATE; i++)
		given += k->kinds[i] != NULL;
	if (given != 1)
		diag_usage("give one of --tumble, --hop, --cumulate, --session, --slide");
	for (size_t i = 0; i <= WINDOW_CUMULATE; i++) {
		if (!k->kinds[i])
			continue;
		w->kind = (enum window_kind)i;
		if (w->kind == WINDOW_TUMBLE)
			w->size = opt_duration("--tumble", slice_str(k->kinds[i]));
		else
			two_durations(w, kind_names[i], k->kinds[i]);
	}
}

static void set_window(struct kwindow *k)
{
	struct window *w = &k->windows.window;
	const char *option;
	bool grid;

	set_kind(k);
	option = kind_names[w->kind];
	grid = w->kind != WINDOW_SESSION && w->kind != WINDOW_SLIDE;
	if (w->size <= 0)
		diag_usage("the size of a window must be more than 0");
	if (k->align && !grid)
		diag_usage("--align does not go with %s", option);
	if (k->align)
		w->align = opt_duration("--align", slice_str(k->align));
	if (w->size % WHEN_MS || w->step % WHEN_MS || w->align % WHEN_MS)
		diag_usage("windows start and end at whole milliseconds, as rows show them");
	if (k->rows.top != ROWOUT_ALL && !grid)
		diag_usage("--top does not go with %s: its windows are of one group each", option);
	if (w->kind == WINDOW_SLIDE && k->emit != WINSTORE_CLOSE)
		diag_usage("--slide has final rows only, as of --emit close");
	if (w->kind == WINDOW_SLIDE && k->rows.window_time)
		diag_usage("--window-time does not go with --slide: window_end is the last moment");
}

static void set_output(struct kwindow *k)
{
	if (k->every != NEVER && k->emit == WINSTORE_CLOSE)
		diag_usage("--every goes with --emit changes or table");
	if (k->rows.top != ROWOUT_ALL && k->emit == WINSTORE_CHANGES)
		diag_usage("--top goes with --emit close or table");
	if (k->final && !k->keep.dir)
		diag_usage("--final goes with --state");
	if (k->final && k->keep_open)
		diag_usage("--keep-open does not go with --final, which closes windows");
	k->least = WHEN_MIN + k->windows.window.size;
	k->greatest = WHEN_MAX - k->windows.window.size;
	k->rows.windows = true;
	k->rows.end = filter_record_end(&k->filter);
	k->windows.emit = (enum winstore_emit)k->emit;
	k->windows.at_once = k->emit == WINSTORE_CHANGES && k->every <= 0;
	k->windows.grace = k->grace;
	/* Of changes, those that the last run left are due. */
	k->next = k->every > 0 || k->windows.at_once ? 0 : LOOP_FOREVER;
}

static void set_up(struct kwindow *k, struct filter_tool *f)
{
	const char *extra[STREAMTIME_PROGRAMS + 1];

	k->st = streamtime_new(&k->time);
	streamtime_programs(k->st, extra);
	k->gb = groupby_new(&k->by, extra, NULL, 0, &k->err);
	if (!k->gb)
		diag_die(EXIT_USAGE, "%s", buf_str(&k->err));
	k->ge = groupby_eval_new(k->gb);
	k->ro = rowout_new(&k->rows, k->gb);
	k->ws = winstore_new(&k->windows, k->gb, k->ro);
	f->apply = apply;
	f->tick = tick;
	f->finish = finish;
	f->inexact = inexact;
}

/* --- State --- */

/* What decides which windows and groups there are, and when they close. */
static void put_options(const struct kwindow *k, struct buf *out)
{
	const struct window *w = &k->windows.window;

	buf_addf(out, " --emit %s %s ", emit_names[k->emit], kind_names[w->kind]);
	when_put_duration(out, w->size);
	if (w->step) {
		buf_add_char(out, '/');
		when_put_duration(out, w->step);
	}
	if (w->align) {
		buf_add_str(out, " --align ");
		when_put_duration(out, w->align);
	}
	if (k->emit == WINSTORE_CHANGES)
		rowout_put_options(&k->rows, out);
	streamtime_put_options(&k->time, out);
	groupby_put_options(&k->by, out);
}

static void load(struct kwindow *k)
{
	struct buf options = BUF_INIT;
	struct unpack in;

	put_options(k, &options);
	k->state = toolstate_open(&k->keep, buf_slice(&options), &in);
	buf_free(&options);
	if (!in.left.len)
		return;
	k->base = k->last = (uint64_t)unpack_int(&in);
	if (!streamtime_load(k->st, &in) || !winstore_load(k->ws, k->every != 0, &in))
		toolstate_damaged(&k->keep);
}

/* After all rows are written. The final run leaves nothing to go on from. */
static int save(struct kwindow *k)
{
	struct buf bytes = BUF_INIT;
	int rc;

	if (!k->final) {
		pack_int(&bytes, (int64_t)(k->last + (UINT64_C(1) << 32)));
		streamtime_save(k->st, &bytes);
		winstore_save(k->ws, &bytes);
	}
	rc = toolstate_save(k->state, buf_slice(&bytes));
	buf_free(&bytes);
	return rc;
}

static void clean_up(struct kwindow *k)
{
	state_free(k->state);
	winstore_free(k->ws);
	rowout_free(k->ro);
	streamtime_free(k->st);
	groupby_eval_free(k->ge);
	groupby_free(k->gb);
	groupby_conf_free(&k->by);
	buf_free(&k->err);
}

int main(int argc, char **argv)
{
	struct kwindow k = {.session = NEVER,
			    .slide = NEVER,
			    .every = NEVER,
			    .time = STREAMTIME_CONF_INIT,
			    .rows = ROWOUT_CONF_INIT,
			    .filter = FILTER_CONF_INIT};
	const struct optgroup groups[] = {
		{"Windows", window_opts, &k},
		{"Time", streamtime_opts, &k.time},
		{"Groups and aggregates", groupby_opts, &k.by},
		{"Output", output_opts, &k},
		{"Rows", rowout_opts, &k.rows},
		{"Rows of a window", rowout_window_opts, &k.rows},
		{"State", toolstate_opts, &k.keep},
		{"Late records", late_opts, &k.filter},
		{"Input and output", filter_opts, &k.filter},
		{0},
	};
	const struct tool tool = {
		.usage =
			"--tumble SIZE|--session GAP|... -T EXPR|-J|--proctime [OPTIONS] [FILE...]",
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
	set_output(&k);
	set_up(&k, &f);
	load(&k);
	rc = filter_run(&f, &k, &k.filter, operands);
	if (rc == EXIT_OK && k.state)
		rc = save(&k);
	clean_up(&k);
	return rc;
}
