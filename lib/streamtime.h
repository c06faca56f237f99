/*
 * streamtime: what time a record has, how far time has come, and when the clock alone moves it on. One for each input that has
 * a watermark of its own.
 *
 * Event time (-T, -J) comes with the records; the watermark follows it (see watermark.h), and --tick lets the clock take
 * over where no input comes. Without it (--proctime) time is the clock.
 */
#ifndef KPIPE_STREAMTIME_H
#define KPIPE_STREAMTIME_H

#include <stdint.h>

#include "opt.h"
#include "pack.h"
#include "val.h"

struct streamtime_conf {
	const char *time, *zone;
	int time_unit; /* STREAMTIME_NEVER: by magnitude, of the time that -J tells ms */
	int64_t delay, tick, partitions;
	int64_t idle; /* ask streamtime_idle */
	bool envelope, proctime;
	/* Not by options: */
	bool idle_inputs; /* --idle is of the tool's inputs, not only of partitions */
};

enum { STREAMTIME_NEVER = -1 };

#define STREAMTIME_CONF_INIT                                                                       \
	{                                                                                          \
		.time_unit = STREAMTIME_NEVER, .idle = STREAMTIME_NEVER, .tick = STREAMTIME_NEVER  \
	}

extern const struct opt streamtime_opts[]; /* but --proctime; base: struct streamtime_conf */

struct streamtime;

/*
 * -J tells the time where -T does not: .timestamp, in ms. The process ends with EXIT_USAGE when the options do not go together, or
 * where time is needed and none is told.
 */
void streamtime_check(struct streamtime_conf *conf, bool needed);

/* For how long what is silent holds the others back: --idle, or its default. */
int64_t streamtime_idle(const struct streamtime_conf *conf);

/*
 * Where time says nothing: ends the process with EXIT_USAGE when an option tells of it, which goes with `what`. -J alone says
 * what records are.
 */
void streamtime_unused(const struct streamtime_conf *conf, const char *what);

struct streamtime *streamtime_new(struct streamtime_conf *conf); /* checks it: time is needed */
void streamtime_free(struct streamtime *st); /* NULL is fine */

/* To bytes, and back into a new one; false: those bytes are none. */
void streamtime_save(const struct streamtime *st, struct buf *out);
bool streamtime_load(struct streamtime *st, struct unpack *in);

/* What its state depends on, as text. */
void streamtime_put_options(const struct streamtime_conf *conf, struct buf *out);

/* The programs that it needs, NULL behind the last one, and how many. */
enum { STREAMTIME_PROGRAMS = 3 };
size_t streamtime_programs(const struct streamtime *st,
			   const char *programs[STREAMTIME_PROGRAMS + 1]);

/* The time of the record that gave these values of the programs: 0, or -1 with the reason in err. */
int streamtime_of(struct streamtime *st, const struct val values[], int64_t *t, struct buf *err);

/* That record was seen: the watermark now. */
int64_t streamtime_observe(struct streamtime *st, const struct val values[], int64_t t);

/* `waited`: microseconds spent waiting for input so far. The watermark by then. */
int64_t streamtime_wait(struct streamtime *st, int64_t waited);

int64_t streamtime_watermark(struct streamtime *st);

/*
 * How long until streamtime_wait is to be called, because it gives more than before, or `mark` (WATERMARK_END: none is
 * asked for); LOOP_FOREVER: only a record changes that.
 */
int64_t streamtime_left(struct streamtime *st, int64_t mark);

#endif
