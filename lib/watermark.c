#include "watermark.h"

#include <stdlib.h>

#include "keytab.h"
#include "mem.h"

struct partition {
	size_t number;
	int64_t mark;   /* the greatest time less the delay */
	int64_t waited; /* when it was last seen */
	bool seen;      /* it had a record; before that it only has a name */
};

struct watermark {
	struct keytab *partitions;
	int64_t delay, idle;
	size_t expected, seen;
	size_t last; /* the partition last asked for: records come in runs */
	int64_t waited;
	int64_t now;
	int64_t due; /* a partition may be idle from then on that was not when `now` was found */
	bool stale;  /* `now` may be too low */
};

struct watermark *watermark_new(int64_t delay, size_t expected, int64_t idle)
{
	struct watermark *wm = mem_zalloc(1, sizeof *wm);

	/* Names do not reach the output and are few: their hashes need no secret. */
	wm->partitions = keytab_new(sizeof(struct partition), 0);
	wm->delay = delay;
	wm->expected = expected;
	wm->idle = idle;
	wm->now = WATERMARK_NONE;
	wm->due = INT64_MAX;
	return wm;
}

void watermark_free(struct watermark *wm)
{
	if (!wm)
		return;
	keytab_free(wm->partitions);
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

/* When p will be idle; INT64_MAX: never. */
static int64_t deadline(const struct watermark *wm, const struct partition *p)
{
	int64_t t;

	return __builtin_add_overflow(p->waited, wm->idle, &t) ? INT64_MAX : t;
}

/* Is the time `t`, from a deadline, still to come? */
static bool ahead(const struct watermark *wm, int64_t t)
{
	return t > wm->waited || t == INT64_MAX;
}

void watermark_observe(struct watermark *wm, size_t p, int64_t t, int64_t waited)
{
	struct partition *part = keytab_slot(wm->partitions, p);
	int64_t mark = mark_of(t, wm->delay);

	if (waited > wm->waited)
		wm->waited = waited;
	part->waited = waited;
	if (part->seen && mark <= part->mark)
		return;
	/* A partition ahead of the watermark does not hold it, so it need not be found anew. */
	wm->stale |= !part->seen || part->mark <= wm->now;
	wm->seen += !part->seen;
	part->seen = true;
	part->mark = mark;
}

/* What the partitions say, as of wm->waited. */
struct view {
	int64_t least;    /* of those not idle; INT64_MAX when all are */
	int64_t greatest; /* of all; WATERMARK_NONE when none was seen */
	int64_t due;      /* when the next will be idle; INT64_MAX: never */
	bool missing;     /* an expected one is awaited still */
};

static struct view look(const struct watermark *wm)
{
	struct view v = {INT64_MAX, WATERMARK_NONE, INT64_MAX, false};
	size_t n = keytab_count(wm->partitions);

	if (wm->seen < wm->expected && ahead(wm, wm->idle)) {
		v.missing = true;
		v.due = wm->idle;
	}
	for (size_t i = 0; i < n; i++) {
		const struct partition *p = keytab_slot(wm->partitions, i);
		int64_t due = deadline(wm, p);

		if (!p->seen)
			continue;
		if (p->mark > v.greatest)
			v.greatest = p->mark;
		if (!ahead(wm, due))
			continue;
		if (p->mark < v.least)
			v.least = p->mark;
		if (due < v.due)
			v.due = due;
	}
	return v;
}

int64_t watermark_now(struct watermark *wm, int64_t waited)
{
	struct view v;
	int64_t mark;

	if (waited > wm->waited)
		wm->waited = waited;
	if (!wm->stale && wm->waited < wm->due)
		return wm->now;
	v = look(wm);
	mark = v.least < v.greatest ? v.least : v.greatest;
	if (!v.missing && mark > wm->now)
		wm->now = mark;
	wm->due = v.due;
	wm->stale = false;
	return wm->now;
}

int64_t watermark_deadline(const struct watermark *wm)
{
	struct view v = look(wm);

	return wm->now < v.greatest ? v.due : INT64_MAX;
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
		pack_int(out, p->mark);
	}
}

bool watermark_load(struct watermark *wm, struct unpack *in)
{
	int64_t now = unpack_int(in);
	size_t n = unpack_count(in, 3 * sizeof(int64_t));

	for (size_t i = 0; i < n; i++) {
		size_t number = watermark_partition(wm, unpack_bytes(in));
		struct partition *p = keytab_slot(wm->partitions, number);

		p->seen = unpack_int(in);
		p->mark = unpack_int(in);
		wm->seen += p->seen;
	}
	wm->now = now;
	wm->stale = true;
	return !in->bad;
}
