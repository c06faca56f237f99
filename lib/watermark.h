/*
 * watermark: how far event time has come. Pure.
 *
 * Per partition the greatest time seen, less the delay; the watermark is the least of these over
 * the partitions that are not idle. It never moves back. Until every expected partition was seen
 * (or is idle) there is none: WATERMARK_NONE. Once all are idle none holds another, and it is the
 * greatest over all. No record moves it to WATERMARK_END: that is for the caller, at the end of
 * input. Times in microseconds. A record takes time by the logarithm of how many partitions there are.
 */
#ifndef KPIPE_WATERMARK_H
#define KPIPE_WATERMARK_H

#include <stdint.h>

#include "pack.h"

#define WATERMARK_NONE INT64_MIN
#define WATERMARK_END  INT64_MAX

struct watermark;

/*
 * expected: how many partitions there will be, 0 = those seen. idle: a partition without a record
 * for that long no longer holds the others (INT64_MAX: never). `waited` below is a clock of the
 * caller's that starts at 0, runs only while it waits for input, and does not go back.
 */
struct watermark *watermark_new(int64_t delay, size_t expected, int64_t idle);
void watermark_free(struct watermark *wm);

/*
 * The partition named by these bytes, made when new; a small number to observe with. One input
 * without partitions is "".
 */
size_t watermark_partition(struct watermark *wm, struct slice name);

/* Partition p had a record of time t at `waited`. */
void watermark_observe(struct watermark *wm, size_t p, int64_t t, int64_t waited);

/*
 * The watermark now; idle partitions (also expected ones that never came, counted from the start)
 * are let go by `waited`.
 */
int64_t watermark_now(struct watermark *wm, int64_t waited);

/* To bytes, and back into a new one; false: those bytes are none. */
void watermark_save(const struct watermark *wm, struct buf *out);
bool watermark_load(struct watermark *wm, struct unpack *in);

/* When `waited` reaches this, watermark_now may change without a record; INT64_MAX: never. */
int64_t watermark_deadline(struct watermark *wm);

#endif
