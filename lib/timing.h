/*
 * timing: what tools with event time share: the options, a record's time, and an input's watermark.
 */
#ifndef KPIPE_TIMING_H
#define KPIPE_TIMING_H

#include "opt.h"
#include "val.h"

struct timing_conf {
	const char *time, *time_unit;
	bool envelope;
	int64_t delay, idle, partitions;
};

#define TIMING_CONF_INIT                                                                           \
	{                                                                                          \
		.idle = 30 * INT64_C(1000000)                                                      \
	}

extern const struct opt timing_opts[]; /* -T --time-unit -J --delay --partitions --idle */

/* -J tells the time where -T does not; a mistake ends the process. */
void timing_check(struct timing_conf *conf);

/* A duration, which may be negative, out of an option's argument; a mistake ends the process. */
int64_t timing_duration(const char *option, struct slice text);

/* Of one input. */
struct timing;

struct timing *timing_new(const struct timing_conf *conf);
void timing_free(struct timing *tm);

/* A record's time from the value of -T: 0, or -1 with the reason in err. */
int timing_of(struct timing *tm, const struct val *v, int64_t *t, struct buf *err);

/*
 * A record of time t came. With -J the watermark is kept per topic and partition, else these are not looked at.
 * `waited` is the time spent waiting for input, as in watermark.h, where the watermark is told.
 */
void timing_observe(struct timing *tm, const struct val *topic, const struct val *partition,
		    int64_t t, int64_t waited);
int64_t timing_watermark(struct timing *tm, int64_t waited);

/* When, on the clock of `now`, the watermark may move without a record; LOOP_FOREVER: never. */
int64_t timing_due(const struct timing *tm, int64_t now, int64_t waited);

/* What is due when `waited` comes to `deadline`, on the clock of `now`. */
int64_t timing_clock(int64_t deadline, int64_t now, int64_t waited);

#endif
