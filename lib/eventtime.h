/*
 * eventtime: a record's event time out of the value of -T. Pure.
 *
 * A number (or a text that is a JSON number) is s, ms, us or ns since the epoch: the unit is told,
 * or the first number but 0 fixes it by its magnitude and a later one of another magnitude is
 * refused. Any other text as when_parse reads it. Null and everything else has no time; nor has what
 * lies outside WHEN_MIN .. WHEN_MAX, which mostly is a number in another unit than was told.
 */
#ifndef KPIPE_EVENTTIME_H
#define KPIPE_EVENTTIME_H

#include "val.h"
#include "when.h"

struct eventtime {
	enum when_unit unit; /* WHEN_AUTO until known */
	bool told;           /* by the user: magnitudes are not compared */
	/* The clocks that a text without a zone goes by, to UTC; NULL: UTC. */
	int64_t (*to_utc)(const void *zone, int64_t local);
	const void *zone;
};

/* 0 and the time in microseconds, or -1 with the reason in err. */
int eventtime_of(struct eventtime *et, const struct val *v, int64_t *us, struct buf *err);

#endif
