/* Windows on a grid: each is a table of its groups. */
#include <stdlib.h>

#include "mem.h"
#include "winstore_priv.h"

struct grid_store {
	struct winstore base;
	struct panes open;
};

/* --- Rows --- */

static struct row row_of(const struct pane *p, size_t g)
{
	return (struct row){p->node.span, groups_key(p->groups, g), groups_states(p->groups, g)};
}

static void put_change(const struct grid_store *gs, struct pane *p, size_t g, struct buf *out)
{
	const struct row row = row_of(p, g);
	bool was = groups_marked(p->groups, g, GROUP_SHOWN);

	groups_mark(p->groups, g, GROUP_SHOWN, rowout_change(gs->base.rows, &row, was, out));
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
	for (size_t g = 0; g < groups_count(p->groups); g++) {
		const struct row row = row_of(p, g);

		rowout_put(gs->base.rows, &row, out);
	}
	rowout_flush(gs->base.rows, out);
}

static void put_due(struct winstore *ws, struct buf *out)
{
	struct grid_store *gs = (struct grid_store *)ws;

	for (struct pane *p = gs->open.first; p; p = p->next) {
		if (ws->conf.emit == WINSTORE_TABLE)
			put_all(gs, p, out);
		else
			put_changes(gs, p, out);
	}
}

/* --- Windows --- */

/* The open window of this span, made when new. Most records fall into the newest ones. */
static struct pane *open_pane(struct grid_store *gs, const struct span *s)
{
	struct pane *before, *p = panes_find(&gs->open, s, &before);

	if (!p) {
		p = panes_insert(&gs->open, s, before);
		p->groups = groups_new(groupby_aggs(gs->base.gb));
	}
	return p;
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

static bool add(struct winstore *ws, const struct groupby_eval *ge, int64_t t, uint64_t seq,
		struct buf *out)
{
	struct grid_store *gs = (struct grid_store *)ws;
	bool tumbles = ws->conf.window.kind == WINDOW_TUMBLE, added = false;
	struct pane *latest = tumbles ? panes_latest(&gs->open, t) : NULL;
	struct span s;

	if (latest) {
		add_to_pane(gs, latest, ge, seq, out);
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

static int64_t next_end(struct winstore *ws)
{
	const struct pane *first = ((struct grid_store *)ws)->open.first;

	return first ? first->node.span.end : INT64_MAX;
}

/* Sorted by end, those that close are the first ones. */
static void close_panes(struct winstore *ws, struct buf *out)
{
	struct grid_store *gs = (struct grid_store *)ws;

	while (next_end(ws) != INT64_MAX && winstore_is_closed(ws, next_end(ws))) {
		struct pane *p = gs->open.first;

		if (ws->conf.emit == WINSTORE_CLOSE)
			put_all(gs, p, out);
		else
			put_changes(gs, p, out);
		ws->inexact += groups_inexact(p->groups);
		panes_drop_first(&gs->open);
	}
}

static uint64_t inexact(struct winstore *ws)
{
	return panes_inexact(&((struct grid_store *)ws)->open);
}

static void save(const struct winstore *ws, struct buf *out)
{
	const struct grid_store *gs = (const struct grid_store *)ws;

	pack_int(out, (int64_t)gs->open.n);
	for (const struct pane *p = gs->open.first; p; p = p->next) {
		pack_int(out, p->node.span.start);
		pack_int(out, p->node.span.end);
		pack_int(out, (int64_t)p->nchanged);
		groups_save(p->groups, out);
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

	panes_free(&gs->open);
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
