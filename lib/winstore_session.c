/* Sessions: the records of a key that are near to each other. */
#include <stdlib.h>

#include "livekeys.h"
#include "mem.h"
#include "winstore_priv.h"

struct session {
	struct spannode node; /* first */
	struct owner *owner;  /* NULL: it was merged into another */
	uint64_t seq;         /* of its first record */
	bool changed;         /* since its row was last printed */
	bool shown;           /* its row is out, as of its span */
	_Alignas(16) char states[];
};

/* A key that has sessions. */
struct owner {
	struct livekey live;       /* first */
	struct spannode *sessions; /* none touch */
};

/* Sessions by their ends: mostly a session grows many times before it closes, so an entry is put right when it comes up. */
struct entry {
	int64_t end;
	struct session *session;
};

struct session_store {
	struct winstore base;
	struct livekeys *owners;
	struct entry *heap; /* the least end first */
	size_t n, cap;
	struct buf retracted; /* bounds and key of rows to take back when rows are next printed */
};

/* --- The sessions of a key --- */

static void enter(struct owner *o, struct session *s)
{
	spantree_add(&o->sessions, &s->node);
	s->owner = o;
}

static void leave(struct session *s)
{
	spantree_remove(&s->owner->sessions, &s->node);
	s->owner = NULL;
}

/* The first session of the key that ends at t or after; NULL: there is none. */
static struct session *first_from(const struct owner *o, int64_t t)
{
	return (struct session *)spantree_first(o->sessions, t);
}

/* --- The heap --- */

/* By their ends; of equals the first seen. */
static bool is_before(const struct entry *a, const struct entry *b)
{
	return a->end != b->end ? a->end < b->end : a->session->seq < b->session->seq;
}

static void swap(struct entry *a, struct entry *b)
{
	struct entry was = *a;

	*a = *b;
	*b = was;
}

static void heap_add(struct session_store *st, struct session *s)
{
	size_t i = st->n++;

	st->heap = mem_grow(st->heap, &st->cap, st->n, sizeof *st->heap);
	st->heap[i] = (struct entry){s->node.span.end, s};
	for (; i > 0 && is_before(&st->heap[i], &st->heap[(i - 1) / 2]); i = (i - 1) / 2)
		swap(&st->heap[i], &st->heap[(i - 1) / 2]);
}

/* The first entry may be too early: to its place. */
static void heap_sift(struct session_store *st)
{
	size_t i = 0, first = 0;

	for (;; i = first) {
		for (size_t child = 2 * i + 1; child < st->n && child <= 2 * i + 2; child++) {
			if (is_before(&st->heap[child], &st->heap[first]))
				first = child;
		}
		if (first == i)
			return;
		swap(&st->heap[i], &st->heap[first]);
	}
}

static struct session *heap_take(struct session_store *st)
{
	struct session *taken = st->heap[0].session;

	swap(&st->heap[0], &st->heap[--st->n]);
	heap_sift(st);
	return taken;
}

static void session_free(const struct session_store *st, struct session *s)
{
	agg_free(groupby_aggs(st->base.gb), s->states);
	free(s);
}

/* The session that ends first, NULL: there is none. */
static struct session *heap_first(struct session_store *st)
{
	while (st->n) {
		struct session *s = st->heap[0].session;

		if (!s->owner) {
			free(heap_take(st));
		} else if (st->heap[0].end != s->node.span.end) {
			st->heap[0].end = s->node.span.end;
			heap_sift(st);
		} else {
			return s;
		}
	}
	return NULL;
}

/* --- Rows --- */

static struct row row_of(const struct session *s)
{
	return (struct row){s->node.span, s->owner->live.key, s->states};
}

static void put_row(struct session_store *st, struct session *s, struct buf *out)
{
	const struct row row = row_of(s);

	rowout_put(st->base.rows, &row, out);
}

static void put_change(struct session_store *st, struct session *s, struct buf *out)
{
	const struct row row = row_of(s);

	s->shown = rowout_change(st->base.rows, &row, s->shown, out);
	s->changed = false;
}

/* Its row is not true any more, as it has other bounds now, or is no more. */
static void take_back(struct session_store *st, struct session *s, struct buf *out)
{
	const struct row row = row_of(s);

	if (s->shown && st->base.conf.at_once) {
		rowout_put_delete(st->base.rows, &row, out);
	} else if (s->shown) {
		pack_int(&st->retracted, row.span.start);
		pack_int(&st->retracted, row.span.end);
		pack_bytes(&st->retracted, row.key.ptr, row.key.len);
	}
	s->shown = false;
}

/* Before any row: a group that was forgotten may be there again. */
static void put_retracted(struct session_store *st, struct buf *out)
{
	struct unpack in = {.left = buf_slice(&st->retracted)};

	while (in.left.len && !in.bad) {
		struct row row = {.span.start = unpack_int(&in)};

		row.span.end = unpack_int(&in);
		row.key = unpack_bytes(&in);
		rowout_put_delete(st->base.rows, &row, out);
	}
	buf_clear(&st->retracted);
}

static int compare_sessions(const void *a, const void *b)
{
	const struct session *p = *(struct session *const *)a, *q = *(struct session *const *)b;

	if (p->node.span.end != q->node.span.end)
		return p->node.span.end < q->node.span.end ? -1 : 1;
	return p->seq < q->seq ? -1 : 1;
}

static int compare_arrivals(const void *a, const void *b)
{
	const struct session *p = *(struct session *const *)a, *q = *(struct session *const *)b;

	return p->seq < q->seq ? -1 : 1;
}

/* The open sessions that changed, or with TABLE all. */
static void put_due(struct winstore *ws, struct buf *out)
{
	struct session_store *st = (struct session_store *)ws;
	struct session **due = mem_zalloc(st->n, sizeof(struct session *));
	bool all = ws->conf.emit == WINSTORE_TABLE;
	void (*put)(struct session_store *, struct session *, struct buf *) =
		all ? put_row : put_change;
	size_t n = 0;

	put_retracted(st, out);
	for (size_t i = 0; i < st->n; i++) {
		struct session *s = st->heap[i].session;

		if (s->owner && (all || s->changed))
			due[n++] = s;
	}
	qsort(due, n, sizeof(struct session *),
	      ws->conf.forget ? compare_arrivals : compare_sessions);
	for (size_t i = 0; i < n; i++)
		put(st, due[i], out);
	free(due);
}

/* --- Records --- */

static struct livekey *make_owner(void)
{
	return mem_zalloc(1, sizeof(struct owner));
}

static struct session *session_new(struct session_store *st, struct owner *o,
				   const struct span *span, uint64_t seq)
{
	const struct agglist *aggs = groupby_aggs(st->base.gb);
	struct session *s = mem_zalloc(1, sizeof *s + aggs->size);

	*s = (struct session){.node.span = *span, .seq = seq};
	enter(o, s);
	agg_init(aggs, s->states);
	heap_add(st, s);
	return s;
}

static void drop_if_empty(struct session_store *st, struct owner *o)
{
	if (o->sessions)
		return;
	livekeys_drop(st->owners, &o->live);
	free(o);
}

/*
 * The session of the key that a record joins; NULL: there is none. Those that only touch are one. As all are as long as the
 * gap at least, it may touch two, not more: they become the one of them that was seen first.
 */
static struct session *merge_near(struct session_store *st, struct owner *o, struct span *span,
				  struct buf *out)
{
	const struct agglist *aggs = groupby_aggs(st->base.gb);
	struct span reach = st->base.conf.forget ? (struct span){INT64_MIN, INT64_MAX} : *span;
	struct session *first = first_from(o, reach.start), *second, *into, *gone;

	if (!first || first->node.span.start > reach.end)
		return NULL;
	second = first_from(o, first->node.span.end + 1);
	if (!second || second->node.span.start > reach.end)
		return first;
	span->start = first->node.span.start;
	span->end = second->node.span.end;
	into = first->seq < second->seq ? first : second;
	gone = into == first ? second : first;
	take_back(st, gone, out);
	leave(gone);
	agg_merge(aggs, into->states, gone->states);
	agg_free(aggs, gone->states); /* the heap still has it */
	return into;
}

static void grow(struct session_store *st, struct session *s, struct span span, struct buf *out)
{
	if (s->node.span.start < span.start)
		span.start = s->node.span.start;
	if (s->node.span.end > span.end)
		span.end = s->node.span.end;
	if (span.start == s->node.span.start && span.end == s->node.span.end)
		return;
	if (!st->base.conf.forget)
		take_back(st, s, out);
	s->node.span = span;
}

static bool add(struct winstore *ws, const struct groupby_eval *ge, int64_t t, uint64_t seq,
		struct buf *out)
{
	struct session_store *st = (struct session_store *)ws;
	struct owner *o = (struct owner *)livekeys_put(st->owners, groupby_key(ge), make_owner);
	struct session *s;
	struct span span;

	window_first(&ws->conf.window, t, &span);
	s = merge_near(st, o, &span, out);
	if (s) {
		grow(st, s, span, out);
	} else if (winstore_is_closed(ws, span.end)) {
		drop_if_empty(st, o);
		return ws->conf.forget;
	} else {
		s = session_new(st, o, &span, seq);
	}
	groupby_add(ge, s->states, seq);
	ws->changed = s->changed = true;
	if (ws->conf.at_once)
		put_change(st, s, out);
	return true;
}

/* --- The store --- */

static void close_session(struct session_store *st, struct session *s, struct buf *out)
{
	const struct winstore_conf *conf = &st->base.conf;
	struct owner *o = s->owner;

	if (conf->forget)
		take_back(st, s, out);
	else if (conf->emit == WINSTORE_CLOSE)
		put_row(st, s, out);
	else if (s->changed)
		put_change(st, s, out);
	st->base.inexact += agg_inexact(groupby_aggs(st->base.gb), s->states);
	leave(s);
	session_free(st, s);
	drop_if_empty(st, o);
}

static void close_sessions(struct winstore *ws, struct buf *out)
{
	struct session_store *st = (struct session_store *)ws;
	struct session *s;

	if (!ws->conf.forget && (s = heap_first(st)) && winstore_is_closed(ws, s->node.span.end))
		put_retracted(st, out);
	while ((s = heap_first(st)) && winstore_is_closed(ws, s->node.span.end)) {
		heap_take(st);
		close_session(st, s, out);
	}
}

static int64_t next_end(struct winstore *ws)
{
	const struct session *s = heap_first((struct session_store *)ws);

	return s ? s->node.span.end : INT64_MAX;
}

static uint64_t inexact(struct winstore *ws)
{
	const struct session_store *st = (const struct session_store *)ws;
	uint64_t n = 0;

	for (size_t i = 0; i < st->n; i++) {
		if (st->heap[i].session->owner)
			n += agg_inexact(groupby_aggs(ws->gb), st->heap[i].session->states);
	}
	return n;
}

static void save(const struct winstore *ws, struct buf *out)
{
	const struct session_store *st = (const struct session_store *)ws;

	for (size_t i = 0; i < st->n; i++) {
		const struct session *s = st->heap[i].session;

		if (!s->owner)
			continue;
		pack_int(out, true);
		pack_bytes(out, s->owner->live.key.ptr, s->owner->live.key.len);
		pack_int(out, s->node.span.start);
		pack_int(out, s->node.span.end);
		pack_int(out, (int64_t)s->seq);
		pack_int(out, s->changed);
		pack_int(out, s->shown);
		agg_save(groupby_aggs(ws->gb), s->states, out);
	}
	pack_int(out, false);
	pack_bytes(out, st->retracted.data, st->retracted.len);
}

static void load(struct winstore *ws, struct unpack *in)
{
	struct session_store *st = (struct session_store *)ws;
	bool whole = ws->conf.forget && ws->changed; /* what is printed again is not taken back */
	struct slice retracted;

	while (unpack_int(in)) {
		struct owner *o =
			(struct owner *)livekeys_put(st->owners, unpack_bytes(in), make_owner);
		int64_t start = unpack_int(in), end = unpack_int(in), seq = unpack_int(in);
		struct session *s = session_new(st, o, &(struct span){start, end}, (uint64_t)seq);

		s->changed = unpack_int(in) || whole;
		s->shown = unpack_int(in) && !whole;
		agg_load(groupby_aggs(ws->gb), s->states, in);
	}
	retracted = unpack_bytes(in);
	buf_add(&st->retracted, retracted.ptr, retracted.len);
}

static void free_store(struct winstore *ws)
{
	struct session_store *st = (struct session_store *)ws;
	struct session *s;

	while ((s = heap_first(st))) {
		struct owner *o = s->owner;

		heap_take(st);
		leave(s);
		session_free(st, s);
		drop_if_empty(st, o);
	}
	livekeys_free(st->owners);
	buf_free(&st->retracted);
	free(st->heap);
	free(st);
}

struct winstore *winstore_session_new(const struct groupby *gb)
{
	static const struct winstore_kind kind = {add,     close_sessions, put_due, next_end,
						  inexact, save,           load,    free_store};
	struct session_store *st = mem_zalloc(1, sizeof *st);

	st->base.kind = &kind;
	st->owners = livekeys_new(groupby_aggs(gb)->seed);
	return &st->base;
}
