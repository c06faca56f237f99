/*
 * A window for each record: those of its key from `size` before it to its own time. Records wait until the watermark says
 * that they come in order. Then each joins its key's line, what is too old leaves it at the other end, and the
 * aggregates over the line are its row.
 *
 * A record that comes when its own row is out still counts in the rows of others: it lies beside the line, for states that
 * are merged cannot be opened to let it in at its time. So what is collected has its value last.
 *
 * Lines are kept by two stacks, with two merges a record whatever the size: states of the front hold what is in the line from
 * their record to the front's end, `back` holds what came after. When the front is used up the back becomes the front.
 */
#include <stdlib.h>

#include "livekeys.h"
#include "mem.h"
#include "when.h"
#include "winstore_priv.h"

/* A record. */
struct item {
	int64_t t; /* in whole milliseconds */
	uint64_t seq;
	struct line *line;
	struct item *next;  /* of all lines, by time; beside a line, by arrival */
	struct item *above; /* beside a line: the one before it */
	bool in_front;
	_Alignas(16) char states[]; /* of it; in the front, of it and those behind it there */
};

struct line {
	struct livekey live; /* first */
	size_t users;        /* items that wait or are in line */
	struct item **v;     /* in line are [first, n), of these [first, front) are the front */
	size_t first, front, n, cap;
	void *back;                   /* states of [front, n); NULL until there are some */
	struct item *beside, *latest; /* the first and the last to arrive */
};

/* The earliest first. */
struct heap {
	struct item **v;
	size_t n, cap;
};

struct slide_store {
	struct winstore base;
	struct livekeys *lines;
	struct heap waiting, beside;
	struct item *oldest, *newest; /* in any line */
	void *scratch;                /* states */
};

/* --- Heaps --- */

static bool is_before(const struct item *a, const struct item *b)
{
	return a->t != b->t ? a->t < b->t : a->seq < b->seq;
}

static void swap(struct item **a, struct item **b)
{
	struct item *was = *a;

	*a = *b;
	*b = was;
}

static void heap_add(struct heap *h, struct item *item)
{
	size_t i = h->n++;

	h->v = mem_grow(h->v, &h->cap, h->n, sizeof(struct item *));
	h->v[i] = item;
	for (; i > 0 && is_before(h->v[i], h->v[(i - 1) / 2]); i = (i - 1) / 2)
		swap(&h->v[i], &h->v[(i - 1) / 2]);
}

static struct item *heap_take(struct heap *h)
{
	struct item *taken = h->v[0];
	size_t i = 0, first = 0;

	h->v[0] = h->v[--h->n];
	for (;; i = first) {
		for (size_t child = 2 * i + 1; child < h->n && child <= 2 * i + 2; child++) {
			if (is_before(h->v[child], h->v[first]))
				first = child;
		}
		if (first == i)
			return taken;
		swap(&h->v[i], &h->v[first]);
	}
}

/* --- Lines --- */

static const struct agglist *aggs_of(const struct slide_store *st)
{
	return groupby_aggs(st->base.gb);
}

static void *states_new(const struct agglist *aggs)
{
	void *states = mem_alloc(aggs->size);

	agg_init(aggs, states);
	return states;
}

static void states_free(const struct agglist *aggs, void *states)
{
	if (states)
		agg_free(aggs, states);
	free(states);
}

static void states_clear(const struct agglist *aggs, void *states)
{
	agg_free(aggs, states);
	agg_init(aggs, states);
}

static void line_add(const struct slide_store *st, struct line *l, struct item *item)
{
	if (l->n == l->cap && l->first) {
		memmove(l->v, l->v + l->first, (l->n - l->first) * sizeof(struct item *));
		l->front -= l->first;
		l->n -= l->first;
		l->first = 0;
	}
	l->v = mem_grow(l->v, &l->cap, l->n + 1, sizeof(struct item *));
	l->v[l->n++] = item;
	if (!l->back)
		l->back = states_new(aggs_of(st));
	agg_merge(aggs_of(st), l->back, item->states);
}

/* The back becomes the front: each item then stands for those behind it, too. */
static void turn_over(const struct slide_store *st, struct line *l)
{
	for (size_t i = l->n - 1; i-- > l->first;)
		agg_merge(aggs_of(st), l->v[i]->states, l->v[i + 1]->states);
	for (size_t i = l->first; i < l->n; i++)
		l->v[i]->in_front = true;
	l->front = l->n;
	states_clear(aggs_of(st), l->back);
}

static void item_free(struct slide_store *st, struct item *item)
{
	struct line *l = item->line;

	agg_free(aggs_of(st), item->states);
	free(item);
	if (--l->users)
		return;
	livekeys_drop(st->lines, &l->live);
	states_free(aggs_of(st), l->back);
	free(l->v);
	free(l);
}

/* The oldest of all leaves its line, where it is the first. */
static void leave(struct slide_store *st)
{
	struct item *item = st->oldest;
	struct line *l = item->line;

	if (l->first == l->front)
		turn_over(st, l);
	l->first++;
	st->oldest = item->next;
	if (!st->oldest)
		st->newest = NULL;
	item_free(st, item);
}

static void leave_beside(struct slide_store *st)
{
	struct item *item = heap_take(&st->beside);
	struct line *l = item->line;

	*(item->above ? &item->above->next : &l->beside) = item->next;
	*(item->next ? &item->next->above : &l->latest) = item->above;
	item_free(st, item);
}

static void put_beside(struct slide_store *st, struct item *item)
{
	struct line *l = item->line;

	item->above = l->latest;
	*(l->latest ? &l->latest->next : &l->beside) = item;
	l->latest = item;
	heap_add(&st->beside, item);
}

static void join(struct slide_store *st, struct item *item)
{
	line_add(st, item->line, item);
	*(st->newest ? &st->newest->next : &st->oldest) = item;
	st->newest = item;
}

/* --- Rows --- */

static void put_row(struct slide_store *st, const struct item *item, struct buf *out)
{
	const struct agglist *aggs = aggs_of(st);
	const struct line *l = item->line;
	struct row row = {.key = l->live.key, .states = st->scratch};

	row.span = (struct span){item->t - st->base.conf.window.size, item->t};
	if (l->first < l->front)
		agg_merge(aggs, st->scratch, l->v[l->first]->states);
	agg_merge(aggs, st->scratch, l->back);
	for (const struct item *late = l->beside; late; late = late->next)
		agg_merge(aggs, st->scratch, late->states);
	rowout_put(st->base.rows, &row, out);
	st->base.inexact += agg_inexact(aggs, st->scratch);
	states_clear(aggs, st->scratch);
}

/* Records of one time are in each other's windows. */
static void put_time(struct slide_store *st, int64_t t, struct buf *out)
{
	int64_t start = t - st->base.conf.window.size;
	struct item *first = NULL;

	while (st->oldest && st->oldest->t < start)
		leave(st);
	while (st->beside.n && st->beside.v[0]->t < start)
		leave_beside(st);
	while (st->waiting.n && st->waiting.v[0]->t == t) {
		struct item *item = heap_take(&st->waiting);

		join(st, item);
		first = first ? first : item;
	}
	for (; first; first = first->next)
		put_row(st, first, out);
}

/* A record's window ends with the millisecond of its time. */
static int64_t end_of(int64_t t)
{
	return t + WHEN_MS;
}

static void close_records(struct winstore *ws, struct buf *out)
{
	struct slide_store *st = (struct slide_store *)ws;

	while (st->waiting.n && winstore_is_closed(ws, end_of(st->waiting.v[0]->t)))
		put_time(st, st->waiting.v[0]->t, out);
}

/* --- The store --- */

static struct livekey *make_line(void)
{
	return mem_zalloc(1, sizeof(struct line));
}

static struct item *item_new(struct slide_store *st, struct slice key, int64_t t, uint64_t seq)
{
	struct item *item = mem_zalloc(1, sizeof *item + aggs_of(st)->size);

	item->t = t;
	item->seq = seq;
	item->line = (struct line *)livekeys_put(st->lines, key, make_line);
	item->line->users++;
	agg_init(aggs_of(st), item->states);
	return item;
}

static bool add(struct winstore *ws, const struct groupby_eval *ge, int64_t t, uint64_t seq,
		struct buf *out)
{
	struct slide_store *st = (struct slide_store *)ws;
	struct item *item;
	struct span span;

	(void)out;
	window_first(&ws->conf.window, t, &span);
	/* The last window that it can be in begins with it. */
	if (winstore_is_closed(ws, end_of(span.end + ws->conf.window.size)))
		return false;
	item = item_new(st, groupby_key(ge), span.end, seq);
	groupby_add(ge, item->states, seq);
	if (winstore_is_closed(ws, end_of(item->t)))
		put_beside(st, item);
	else
		heap_add(&st->waiting, item);
	return true;
}

/* Rows are final: there are none that change. */
static void put_due(struct winstore *ws, struct buf *out)
{
	(void)ws;
	(void)out;
}

static int64_t next_end(struct winstore *ws)
{
	const struct slide_store *st = (const struct slide_store *)ws;

	return st->waiting.n ? end_of(st->waiting.v[0]->t) : INT64_MAX;
}

static uint64_t inexact(struct winstore *ws)
{
	(void)ws;
	return 0;
}

enum { IN_FRONT, IN_BACK, WAITS, BESIDE };

static void save_item(const struct slide_store *st, const struct item *item, int place,
		      struct buf *out)
{
	pack_int(out, true);
	pack_int(out, place);
	pack_bytes(out, item->line->live.key.ptr, item->line->live.key.len);
	pack_int(out, item->t);
	pack_int(out, (int64_t)item->seq);
	agg_save(aggs_of(st), item->states, out);
}

/* By arrival, as they are loaded. */
static void save_beside(const struct slide_store *st, struct buf *out)
{
	for (size_t i = 0; i < livekeys_end(st->lines); i++) {
		const struct line *l = (const struct line *)livekeys_at(st->lines, i);

		for (const struct item *item = l ? l->beside : NULL; item; item = item->next)
			save_item(st, item, BESIDE, out);
	}
}

static void save(const struct winstore *ws, struct buf *out)
{
	const struct slide_store *st = (const struct slide_store *)ws;

	for (const struct item *item = st->oldest; item; item = item->next)
		save_item(st, item, item->in_front ? IN_FRONT : IN_BACK, out);
	for (size_t i = 0; i < st->waiting.n; i++)
		save_item(st, st->waiting.v[i], WAITS, out);
	save_beside(st, out);
	pack_int(out, false);
}

/* The front's items come before the back's, and stand for those behind them already. */
static void load_in_line(struct slide_store *st, struct item *item, bool front)
{
	struct line *l = item->line;

	join(st, item);
	if (!front)
		return;
	item->in_front = true;
	l->front = l->n;
	states_clear(aggs_of(st), l->back);
}

static void load(struct winstore *ws, struct unpack *in)
{
	struct slide_store *st = (struct slide_store *)ws;

	while (unpack_int(in)) {
		int64_t place = unpack_int(in);
		struct slice key = unpack_bytes(in);
		int64_t t = unpack_int(in), seq = unpack_int(in);
		struct item *item = item_new(st, key, t, (uint64_t)seq);

		agg_load(aggs_of(st), item->states, in);
		if (place == WAITS)
			heap_add(&st->waiting, item);
		else if (place == BESIDE)
			put_beside(st, item);
		else
			load_in_line(st, item, place == IN_FRONT);
	}
}

static void free_store(struct winstore *ws)
{
	struct slide_store *st = (struct slide_store *)ws;

	while (st->waiting.n)
		item_free(st, heap_take(&st->waiting));
	while (st->beside.n)
		leave_beside(st);
	while (st->oldest) {
		struct item *item = st->oldest;

		st->oldest = item->next;
		item_free(st, item);
	}
	states_free(aggs_of(st), st->scratch);
	livekeys_free(st->lines);
	free(st->waiting.v);
	free(st->beside.v);
	free(st);
}

struct winstore *winstore_slide_new(const struct groupby *gb)
{
	static const struct winstore_kind kind = {add,     close_records, put_due, next_end,
						  inexact, save,          load,    free_store};
	struct slide_store *st = mem_zalloc(1, sizeof *st);

	st->base.kind = &kind;
	st->lines = livekeys_new(groupby_aggs(gb)->seed);
	st->scratch = states_new(groupby_aggs(gb));
	return &st->base;
}
