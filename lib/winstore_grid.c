/* Windows on a grid: each is a table of its groups. */
#include <stdlib.h>

#include "mem.h"
#include "winstore_priv.h"

/* A window that is open. */
struct pane {
	struct span span;
	struct groups *groups;
	size_t nchanged; /* groups whose rows are due */
};

struct grid_store {
	struct winstore base;
	struct pane *open;      /* sorted by end, then start; the first ones may be closed */
	size_t first, end, cap; /* open are [first, end) */
	size_t last;            /* the one last asked for */
};

/* --- Rows --- */

static bool put_row(const struct grid_store *gs, const struct pane *p, size_t g, struct buf *out)
{
	const struct row row = {p->span, groups_key(p->groups, g), groups_states(p->groups, g)};

	return rowout_put(gs->base.rows, &row, out);
}

/* The row of a group that changed: it is printed or, when it is not to be shown any more, taken back. */
static void put_change(const struct grid_store *gs, struct pane *p, size_t g, struct buf *out)
{
	const struct row row = {p->span, groups_key(p->groups, g), NULL};
	bool shown = put_row(gs, p, g, out);

	if (!shown && groups_marked(p->groups, g, GROUP_SHOWN))
		rowout_put_delete(gs->base.rows, &row, out);
	groups_mark(p->groups, g, GROUP_SHOWN, shown);
}

static void put_changes(const struct grid_store *gs, struct pane *p, struct buf *out)
{
	for (size_t g = 0; p->nchanged && g < groups_count(p->groups); g++) {
		if (!groups_marked(p->groups, g, GROUP_CHANGED))
			continue;
		put_change(gs, p, g, out);
		groups_mark(p->groups, g, GROUP_CHANGED, false);
		p->nchanged--;
	}
}

static void put_all(const struct grid_store *gs, const struct pane *p, struct buf *out)
{
	for (size_t g = 0; g < groups_count(p->groups); g++)
		put_row(gs, p, g, out);
	rowout_flush(gs->base.rows, out);
}

static void put_due(struct winstore *ws, struct buf *out)
{
	struct grid_store *gs = (struct grid_store *)ws;

	for (size_t i = gs->first; i < gs->end; i++) {
		if (ws->conf.emit == WINSTORE_TABLE)
			put_all(gs, &gs->open[i], out);
		else
			put_changes(gs, &gs->open[i], out);
	}
}

/* --- Windows --- */

static int compare_span(const struct span *a, const struct span *b)
{
	if (a->end != b->end)
		return a->end < b->end ? -1 : 1;
	return a->start < b->start ? -1 : a->start > b->start;
}

/* The open window of this span, made when new. Most records fall into the newest ones. */
static struct pane *open_pane(struct grid_store *gs, const struct span *s)
{
	size_t lo = gs->first, hi = gs->end;

	/* Records come in runs, and their windows one behind the other. */
	for (size_t i = gs->last; i < hi && i < gs->last + 2; i++) {
		if (i >= lo && compare_span(&gs->open[i].span, s) == 0)
			return &gs->open[gs->last = i];
	}
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		int c = compare_span(&gs->open[mid].span, s);

		if (c == 0)
			return &gs->open[gs->last = mid];
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	gs->open = mem_grow(gs->open, &gs->cap, gs->end + 1, sizeof *gs->open);
	memmove(gs->open + lo + 1, gs->open + lo, (gs->end - lo) * sizeof *gs->open);
	gs->end++;
	gs->open[lo] = (struct pane){*s, groups_new(groupby_aggs(gs->base.gb)), 0};
	return &gs->open[gs->last = lo];
}

static void add_to_pane(struct grid_store *gs, struct pane *p, const struct groupby_eval *ge,
			uint64_t seq, struct buf *out)
{
	size_t g = groups_put(p->groups, groupby_key(ge));

	groupby_add(ge, groups_states(p->groups, g), seq);
	gs->base.changed = true;
	if (gs->base.conf.at_once) {
		put_change(gs, p, g, out);
	} else if (!groups_marked(p->groups, g, GROUP_CHANGED)) {
		groups_mark(p->groups, g, GROUP_CHANGED, true);
		p->nchanged++;
	}
}

static bool is_inside(const struct span *s, int64_t t)
{
	return s->start <= t && t < s->end;
}

static bool add(struct winstore *ws, const struct groupby_eval *ge, int64_t t, uint64_t seq,
		struct buf *out)
{
	struct grid_store *gs = (struct grid_store *)ws;
	struct span s;
	bool added = false;

	if (ws->conf.window.kind == WINDOW_TUMBLE && gs->last >= gs->first && gs->last < gs->end &&
	    is_inside(&gs->open[gs->last].span, t)) {
		add_to_pane(gs, &gs->open[gs->last], ge, seq, out);
		return true;
	}
	for (bool more = window_first(&ws->conf.window, t, &s); more;
	     more = window_next(&ws->conf.window, t, &s)) {
		if (winstore_is_closed(ws, s.end))
			continue;
		add_to_pane(gs, open_pane(gs, &s), ge, seq, out);
		added = true;
	}
	return added;
}

/* Sorted by end, those that close are the first ones. */
static void close_panes(struct winstore *ws, struct buf *out)
{
	struct grid_store *gs = (struct grid_store *)ws;

	while (gs->first < gs->end && winstore_is_closed(ws, gs->open[gs->first].span.end)) {
		struct pane *p = &gs->open[gs->first++];

		if (ws->conf.emit == WINSTORE_CLOSE)
			put_all(gs, p, out);
		else
			put_changes(gs, p, out);
		ws->inexact += groups_inexact(p->groups);
		groups_free(p->groups);
	}
	/* Those that are open move up when as many are gone, so that each moves once on average. */
	if (gs->first <= gs->end / 2)
		return;
	gs->end -= gs->first;
	memmove(gs->open, gs->open + gs->first, gs->end * sizeof *gs->open);
	gs->first = 0;
}

static int64_t next_end(struct winstore *ws)
{
	const struct grid_store *gs = (const struct grid_store *)ws;

	return gs->first < gs->end ? gs->open[gs->first].span.end : INT64_MAX;
}

static uint64_t inexact(struct winstore *ws)
{
	const struct grid_store *gs = (const struct grid_store *)ws;
	uint64_t n = 0;

	for (size_t i = gs->first; i < gs->end; i++)
		n += groups_inexact(gs->open[i].groups);
	return n;
}

static void save(const struct winstore *ws, struct buf *out)
{
	const struct grid_store *gs = (const struct grid_store *)ws;

	pack_int(out, (int64_t)(gs->end - gs->first));
	for (size_t i = gs->first; i < gs->end; i++) {
		pack_int(out, gs->open[i].span.start);
		pack_int(out, gs->open[i].span.end);
		pack_int(out, (int64_t)gs->open[i].nchanged);
		groups_save(gs->open[i].groups, out);
	}
}

static void load(struct winstore *ws, struct unpack *in)
{
	struct grid_store *gs = (struct grid_store *)ws;
	size_t n = unpack_count(in, 4 * sizeof(int64_t));

	for (size_t i = 0; i < n && !in->bad; i++) {
		int64_t start = unpack_int(in), end = unpack_int(in);
		struct pane *p = open_pane(gs, &(struct span){start, end});

		p->nchanged = (size_t)unpack_int(in);
		groups_load(p->groups, in);
	}
}

static void free_store(struct winstore *ws)
{
	struct grid_store *gs = (struct grid_store *)ws;

	for (size_t i = gs->first; i < gs->end; i++)
		groups_free(gs->open[i].groups);
	free(gs->open);
	free(gs);
}

struct winstore *winstore_grid_new(void)
{
	static const struct winstore_kind kind = {add,     close_panes, put_due, next_end,
						  inexact, save,        load,    free_store};
	struct grid_store *gs = mem_zalloc(1, sizeof *gs);

	gs->base.kind = &kind;
	return &gs->base;
}
