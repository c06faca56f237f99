/*
 * Windows that overlap, by slices. A slice is a stretch of time that each window has whole or not at all; a record goes into
 * the groups of its slice, whatever the number of its windows, and a window's rows are those of its slices, merged when it
 * closes. (J. Li, D. Maier, K. Tufte, V. Papadimos, P. A. Tucker, "No Pane, No Gain", SIGMOD Record 34, 2005.)
 *
 * A slice is there as long as a window of its is open. So a record that finds one is not late; and what comes late for some
 * of its windows is in the others, as those that have closed are not looked at again.
 */
#include <stdlib.h>

#include "mem.h"
#include "winstore_priv.h"

/* A group of a window, and the place of its first record there. */
struct arrival {
	uint64_t seq;
	size_t group;
};

struct slice_store {
	struct winstore base;
	struct window grid; /* of slices */
	struct panes slices;
	struct panes windows; /* that are open and have slices; without groups */
	size_t *to;
	struct arrival *arrivals;
	size_t to_cap, arrivals_cap;
};

/* --- Records --- */

static int64_t greatest_divisor(int64_t a, int64_t b)
{
	while (b) {
		int64_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

static bool open_windows(struct slice_store *st, int64_t t)
{
	const struct winstore *ws = &st->base;
	struct pane *before;
	struct span s;
	bool any = false;

	for (bool more = window_first(&ws->conf.window, t, &s); more;
	     more = window_next(&ws->conf.window, t, &s)) {
		if (winstore_is_closed(ws, s.end))
			continue;
		if (!panes_find(&st->windows, &s, &before))
			panes_insert(&st->windows, &s, before);
		any = true;
	}
	return any;
}

/* The slice of time t; NULL: all its windows are closed. */
static struct pane *slice_at(struct slice_store *st, int64_t t)
{
	struct pane *p = panes_latest(&st->slices, t), *before;
	struct span s;

	if (p)
		return p;
	window_first(&st->grid, t, &s); /* lies in its windows, so there is one */
	p = panes_find(&st->slices, &s, &before);
	if (p || !open_windows(st, t))
		return p;
	p = panes_insert(&st->slices, &s, before);
	p->groups = groups_new(groupby_aggs(st->base.gb));
	return p;
}

/* Of group g, which is the last one. There is room for the next power of two. */
static void note_seq(struct pane *p, size_t g, uint64_t seq)
{
	if ((g & (g - 1)) == 0)
		p->seqs = mem_resize(p->seqs, g ? 2 * g : 1, sizeof *p->seqs);
	p->seqs[g] = seq;
}

static bool add(struct winstore *ws, const struct groupby_eval *ge, int64_t t, uint64_t seq,
		struct buf *out)
{
	struct pane *p = slice_at((struct slice_store *)ws, t);
	size_t g, known;

	(void)out;
	if (!p)
		return false;
	known = groups_count(p->groups);
	g = groups_put(p->groups, groupby_key(ge));
	if (g == known)
		note_seq(p, g, seq);
	groupby_add(ge, groups_states(p->groups, g), seq);
	return true;
}

/* --- Windows --- */

static void merge_slice(struct slice_store *st, struct groups *all, const struct pane *p)
{
	size_t known = groups_count(all), n = groups_count(p->groups);

	st->to = mem_grow(st->to, &st->to_cap, n, sizeof *st->to);
	groups_merge(all, p->groups, st->to);
	st->arrivals =
		mem_grow(st->arrivals, &st->arrivals_cap, groups_count(all), sizeof *st->arrivals);
	for (size_t g = 0; g < n; g++) {
		struct arrival *a = &st->arrivals[st->to[g]];

		if (st->to[g] >= known || p->seqs[g] < a->seq)
			*a = (struct arrival){p->seqs[g], st->to[g]};
	}
}

static int by_seq(const void *x, const void *y)
{
	const struct arrival *a = x, *b = y;

	return (a->seq > b->seq) - (a->seq < b->seq);
}

static void sort_arrivals(struct arrival *v, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		if (v[i].seq < v[i - 1].seq) {
			qsort(v, n, sizeof *v, by_seq);
			return;
		}
	}
}

/* The first slice that ends in the window. */
static const struct pane *first_slice(const struct slice_store *st, const struct span *s)
{
	return (const struct pane *)spantree_first(st->slices.root, s->start + 1);
}

static void put_window(struct slice_store *st, const struct span *s, struct buf *out)
{
	struct groups *all = groups_new(groupby_aggs(st->base.gb));
	size_t n;

	for (const struct pane *p = first_slice(st, s); p && p->node.span.end <= s->end;
	     p = p->next)
		merge_slice(st, all, p);
	n = groups_count(all);
	sort_arrivals(st->arrivals, n);
	for (size_t i = 0; i < n; i++) {
		size_t g = st->arrivals[i].group;
		const struct row row = {*s, groups_key(all, g), groups_states(all, g)};

		rowout_put(st->base.rows, &row, out);
	}
	rowout_flush(st->base.rows, out);
	st->base.inexact += groups_inexact(all);
	groups_free(all);
}

static bool is_done(const struct slice_store *st, const struct pane *slice)
{
	const struct window *w = &st->base.conf.window;
	struct span s, last = slice->node.span;

	for (bool more = window_first(w, slice->node.span.start, &s); more;
	     more = window_next(w, slice->node.span.start, &s))
		last = s;
	return winstore_is_closed(&st->base, last.end);
}

static void drop_slice(struct slice_store *st)
{
	free(st->slices.first->seqs);
	panes_drop_first(&st->slices);
}

static int64_t next_end(struct winstore *ws)
{
	const struct pane *first = ((struct slice_store *)ws)->windows.first;

	return first ? first->node.span.end : INT64_MAX;
}

static void close_windows(struct winstore *ws, struct buf *out)
{
	struct slice_store *st = (struct slice_store *)ws;
	bool any = false;

	while (next_end(ws) != INT64_MAX && winstore_is_closed(ws, next_end(ws))) {
		put_window(st, &st->windows.first->node.span, out);
		panes_drop_first(&st->windows);
		any = true;
	}
	while (any && st->slices.first && is_done(st, st->slices.first))
		drop_slice(st);
}

/* Rows are final ones alone. */
static void put_due(struct winstore *ws, struct buf *out)
{
	(void)ws;
	(void)out;
}

static uint64_t inexact(struct winstore *ws)
{
	return panes_inexact(&((struct slice_store *)ws)->slices);
}

/* --- State --- */

static void save_spans(const struct panes *ps, struct buf *out)
{
	pack_int(out, (int64_t)ps->n);
	for (const struct pane *p = ps->first; p; p = p->next) {
		pack_int(out, p->node.span.start);
		pack_int(out, p->node.span.end);
	}
}

/* In their order, each once. */
static void load_spans(struct panes *ps, struct unpack *in)
{
	size_t n = unpack_count(in, 2 * sizeof(int64_t));
	struct pane *before = NULL;

	for (size_t i = 0; i < n && !in->bad; i++) {
		struct span s = {.start = unpack_int(in)};

		s.end = unpack_int(in);
		in->bad |= before && spantree_compare(&before->node.span, &s) >= 0;
		if (!in->bad)
			before = panes_insert(ps, &s, before);
	}
}

static void save(const struct winstore *ws, struct buf *out)
{
	const struct slice_store *st = (const struct slice_store *)ws;

	save_spans(&st->windows, out);
	save_spans(&st->slices, out);
	for (const struct pane *p = st->slices.first; p; p = p->next) {
		groups_save(p->groups, out);
		for (size_t g = 0; g < groups_count(p->groups); g++)
			pack_int(out, (int64_t)p->seqs[g]);
	}
}

static void load(struct winstore *ws, struct unpack *in)
{
	struct slice_store *st = (struct slice_store *)ws;

	load_spans(&st->windows, in);
	load_spans(&st->slices, in);
	for (struct pane *p = st->slices.first; p; p = p->next) {
		p->groups = groups_new(groupby_aggs(ws->gb));
		if (!in->bad)
			groups_load(p->groups, in);
		for (size_t g = 0; g < groups_count(p->groups); g++)
			note_seq(p, g, (uint64_t)unpack_int(in));
	}
}

static void free_store(struct winstore *ws)
{
	struct slice_store *st = (struct slice_store *)ws;

	while (st->slices.first)
		drop_slice(st);
	panes_free(&st->windows);
	free(st->to);
	free(st->arrivals);
	free(st);
}

struct winstore *winstore_slices_new(const struct winstore_conf *conf)
{
	static const struct winstore_kind kind = {add,     close_windows, put_due, next_end,
						  inexact, save,          load,    free_store};
	struct slice_store *st = mem_zalloc(1, sizeof *st);

	st->base.kind = &kind;
	st->grid = (struct window){
		.kind = WINDOW_TUMBLE,
		.size = greatest_divisor(conf->window.size, conf->window.step),
		.align = conf->window.align,
	};
	return &st->base;
}
