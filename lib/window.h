/*
 * window: from an event time to its windows. Pure.
 *
 * Windows are half-open [start, end), aligned to the epoch shifted by `align`; floor division, so
 * times before 1970 fall where they should. Definitions as Flink's TUMBLE, HOP and CUMULATE. All
 * times in microseconds.
 *
 * Two kinds have no grid. A SESSION is [first, last + size) of the records that are so near to each other: a record alone
 * makes [t, t + size). SLIDE is a window for each record, from size before it to its own time, both included.
 * Both count in whole milliseconds: t is cut to them.
 */
#ifndef KPIPE_WINDOW_H
#define KPIPE_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

enum window_kind { WINDOW_TUMBLE, WINDOW_HOP, WINDOW_CUMULATE, WINDOW_SESSION, WINDOW_SLIDE };

struct window {
	enum window_kind kind;
	int64_t size;  /* > 0; CUMULATE: the longest; SESSION: the gap */
	int64_t step;  /* HOP: > 0, <= size; CUMULATE: > 0, divides size; else unused */
	int64_t align; /* shift of the grid */
};

struct span {
	int64_t start, end;
};

/* How many windows a time can be in, at most. */
int64_t window_most(const struct window *w);

/*
 * The windows of time t, in order of their end:
 *     for (bool more = window_first(w, t, &s); more; more = window_next(w, t, &s))
 * False when there is none. A time has all of its windows or, when an edge of one would lie outside
 * WHEN_MIN .. WHEN_MAX, none at all.
 */
bool window_first(const struct window *w, int64_t t, struct span *s);
bool window_next(const struct window *w, int64_t t, struct span *s);

#endif
