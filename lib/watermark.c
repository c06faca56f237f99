#include "watermark.h"

#include <stdlib.h>

#include "keytab.h"
#include "mem.h"

/* What partitions are ordered by. */
enum order { BY_MARK, BY_WAITED, ORDERS };

struct partition {
	size_t number;
	int64_t at[ORDERS]; /* the greatest time less the delay; when it was last seen */
	bool queued[ORDERS];
	bool seen; /* it had a record; before that it only has a name */
};

/*
 * A heap of partitions, the least on top. What a partition is ordered by only grows, so it stands there with what that was
 * once, and is put right when it comes to the top: a record of one that is not behind costs nothing. So with one that is idle,
 * which is let go then. Each is in there once, and all that are not idle are.
 */
struct queue {
	struct entry *v;
	size_t n, cap;
};

struct entry {
	int64_t at;
	struct partition *p;
};

struct watermark {
	struct keytab *partitions;
	struct queue queues[ORDERS];
	int64_t delay, idle;
	size_t expected, seen;
	size_t last; /* the partition last asked for: records come in runs */
	int64_t waited;
	int64_t greatest; /* mark of all partitions; WATERMARK_NONE: none was seen */
	int64_t now;
};

/* --- Queues --- */

static void enqueue(struct queue *q, struct partition *p, enum order order)
{
	const struct entry e = {p->at[order], p};
	size_t i = q->n;

	q->v = mem_grow(q->v, &q->cap, q->n + 1, sizeof *q->v);
	q->n++;
	for (; i && q->v[(i - 1) / 2].at > e.at; i = (i - 1) / 2)
		q->v[i] = q->v[(i - 1) / 2];
	q->v[i] = e;
	p->queued[order] = true;
}

/* In place of the one on top. */
static void put_top(struct queue *q, struct entry e)
{
	size_t i = 0, child;

	while ((child = 2 * i + 1) < q->n) {
		child += child + 1 < q->n && q->v[child + 1].at < q->v[child].at;
		if (q->v[child].at >= e.at)
			break;
		q->v[i] = q->v[child];
		i = child;
	}
	q->v[i] = e;
}

/* When p will be idle; INT64_MAX: never. */
static int64_t deadline(const struct watermark *wm, const struct partition *p)
{
	int64_t t;

	return __builtin_add_overflow(p->at[BY_WAITED], wm->idle, &t) ? INT64_MAX : t;
}

/* Is the time `t`, from a deadline, still to come? */
static bool ahead(const struct watermark *wm, int64_t t)
{
	return t > wm->waited || t == INT64_MAX;
}

/* The first of those that are not idle; NULL: all are. */
static const struct partition *first(struct watermark *wm, enum order order)
{
	struct queue *q = &wm->queues[order];

	while (q->n) {
		struct partition *p = q->v->p;

		if (!ahead(wm, deadline(wm, p))) {
			p->queued[order] = false;
			put_top(q, q->v[--q->n]);
		} else if (q->v->at < p->at[order]) {
			put_top(q, (struct entry){p->at[order], p});
		} else {
			return p;
		}
	}
	return NULL;
}

/* --- Partitions --- */

struct watermark *watermark_new(int64_t delay, size_t expected, int64_t idle)
{
	struct watermark *wm = mem_zalloc(1, sizeof *wm);

	/* Names do not reach the output and are few: their hashes need no secret. */
	wm->partitions = keytab_new(sizeof(struct partition), 0);
	wm->delay = delay;
	wm->expected = expected;
	wm->idle = idle;
	wm->greatest = wm->now = WATERMARK_NONE;
	return wm;
}

void watermark_free(struct watermark *wm)
{
	if (!wm)
		return;
	keytab_free(wm->partitions);
	for (int i = 0; i < ORDERS; i++)
		free(wm->queues[i].v);
	free(wm);
}

size_t watermark_partition(struct watermark *wm, struct slice name)
{
	struct partition *p;
	bool made;

	if (wm->last < keytab_count(wm->partitions) &&
	    slice_eq(keytab_key(wm->partitions, wm->last), name))
		return wm->last;
	p = keytab_put(wm->partitions, name, &made);
	if (made)
		p->number = keytab_count(wm->partitions) - 1;
	return wm->last = p->number;
}

/*
 * The ends of the range say that there is no watermark, or no more input: no record moves it
 * there.
 */
static int64_t mark_of(int64_t t, int64_t delay)
{
	int64_t mark;

	if (__builtin_sub_overflow(t, delay, &mark))
		mark = delay < 0 ? INT64_MAX : INT64_MIN;
	if (mark == WATERMARK_NONE)
		return mark + 1;
	if (mark == WATERMARK_END)
		return mark - 1;
	return mark;
}

/* It is there: known, or not idle any more, or both. */
static void enter(struct watermark *wm, struct partition *p)
{
	wm->seen += !p->seen;
	p->seen = true;
	if (p->at[BY_MARK] > wm->greatest)
		wm->greatest = p->at[BY_MARK];
	for (int i = 0; i < ORDERS; i++) {
		if (!p->queued[i])
			enqueue(&wm->queues[i], p, (enum order)i);
	}
}

void watermark_observe(struct watermark *wm, size_t p, int64_t t, int64_t waited)
{
	struct partition *part = keytab_slot(wm->partitions, p);
	int64_t mark = mark_of(t, wm->delay);

	if (waited > wm->waited)
		wm->waited = waited;
	part->at[BY_WAITED] = wm->waited;
	if (!part->seen || mark > part->at[BY_MARK])
		part->at[BY_MARK] = mark;
	enter(wm, part);
}

/* Is an expected one awaited still? */
static bool is_missing(const struct watermark *wm)
{
	return wm->seen < wm->expected && ahead(wm, wm->idle);
}

int64_t watermark_now(struct watermark *wm, int64_t waited)
{
	const struct partition *least;
	int64_t mark;

	if (waited > wm->waited)
		wm->waited = waited;
	if (is_missing(wm))
		return wm->now;
	least = first(wm, BY_MARK);
	mark = least ? least->at[BY_MARK] : wm->greatest;
	if (mark > wm->now)
		wm->now = mark;
	return wm->now;
}

int64_t watermark_deadline(struct watermark *wm)
{
	const struct partition *next;
	int64_t due;

	if (wm->now >= wm->greatest)
		return INT64_MAX;
	next = first(wm, BY_WAITED);
	due = next ? deadline(wm, next) : INT64_MAX;
	return is_missing(wm) && wm->idle < due ? wm->idle : due;
}

void watermark_save(const struct watermark *wm, struct buf *out)
{
	size_t n = keytab_count(wm->partitions);

	pack_int(out, wm->now);
	pack_int(out, (int64_t)n);
	for (size_t i = 0; i < n; i++) {
		const struct partition *p = keytab_slot(wm->partitions, i);
		struct slice name = keytab_key(wm->partitions, i);

		pack_bytes(out, name.ptr, name.len);
		pack_int(out, p->seen);
		pack_int(out, p->at[BY_MARK]);
	}
}

bool watermark_load(struct watermark *wm, struct unpack *in)
{
	int64_t now = unpack_int(in);
	size_t n = unpack_count(in, 3 * sizeof(int64_t));

	for (size_t i = 0; i < n; i++) {
		size_t number = watermark_partition(wm, unpack_bytes(in));
		struct partition *p = keytab_slot(wm->partitions, number);
		bool seen = unpack_int(in);

		p->at[BY_MARK] = unpack_int(in);
		if (seen)
			enter(wm, p);
	}
	wm->now = now;
	return !in->bad;
}
