/*
 * held: the lines of records that are on their way, until it is known what became of them. Pure.
 *
 * A tag stands for a line; where lines are not to be kept it is only the place that the line has in
 * the input, and costs nothing.
 */
#ifndef KPIPE_HELD_H
#define KPIPE_HELD_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"

struct held_line {
	struct held_line *next;
	uint64_t place;
	struct buf bytes, reason;
};

struct held {
	bool keeps;                     /* set at the start: lines are to be kept */
	struct held_line *first, *last; /* those that were refused */
	struct held_line *told;         /* held_next gave it */
};

uint64_t held_add(struct held *h, uint64_t place, struct slice line); /* the tag */
uint64_t held_place(const struct held *h, uint64_t tag);

/* Each tag comes to one of these ends, and stands for nothing then. */
void held_drop(struct held *h, uint64_t tag);
void held_refuse(struct held *h, uint64_t tag, const char *reason);

/* The next of those that were refused, in this order; valid until the next call. NULL: there is none. */
struct held_line *held_next(struct held *h);

/* All that was refused. What is still on its way is lost. */
void held_free(struct held *h);

#endif
