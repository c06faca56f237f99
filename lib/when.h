/*
 * when: durations and timestamps as text. Pure: no clock, no zone database.
 *
 * Time is int64 microseconds since 1970-01-01T00:00:00Z, proleptic Gregorian, without leap
 * seconds; a duration is int64 microseconds.
 */
#ifndef KPIPE_WHEN_H
#define KPIPE_WHEN_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"

#define WHEN_MS INT64_C(1000)
#define WHEN_S  INT64_C(1000000)

/* What RFC 3339 can write: the years 0000 to 9999. */
#define WHEN_MIN INT64_C(-62167219200000000)
#define WHEN_MAX INT64_C(253402300799999999)

/* The unit of a numeric timestamp. AUTO: not fixed yet, by magnitude. */
enum when_unit { WHEN_AUTO, WHEN_SECONDS, WHEN_MILLIS, WHEN_MICROS, WHEN_NANOS };

/*
 * Duration: one or more number+unit without blanks ("500ms", "1m30s", "1.5h", "2h", "1d"; units
 * us ms s m h d w), or a bare "0"; a leading '-' negates the whole. False when it is not one, out
 * of range, or not whole microseconds.
 */
bool when_duration(const char *s, int64_t *us);

/* "1h30m", "500ms", "0s": the largest units that fit, reads back the same. */
void when_put_duration(struct buf *out, int64_t us);

/*
 * Timestamp text: RFC 3339, or YYYY-MM-DD[T or blank]HH:MM[:SS[.digits]][zone], or YYYY-MM-DD;
 * zone is Z, +HH:MM, +HHMM or +HH; without one UTC. Leap second :60 reads as the next second;
 * digits past microseconds are cut. The whole text must match, days must exist.
 */
bool when_parse(const char *p, size_t len, int64_t *us);

/* The same, which tells whether the text has a zone. */
bool when_parse_zoned(const char *p, size_t len, int64_t *us, bool *zoned);

/* Days from 1970-01-01 to a date. */
int64_t when_days(int64_t year, int month, int day);

/*
 * A number as a timestamp. WHEN_AUTO takes the unit from the magnitude, which when_unit_of tells:
 * |n| < 1e11 s, < 1e14 ms, < 1e17 us, else ns. A number whose magnitude contradicts a unit that
 * was found that way is the caller's to refuse. Fractions are taken (1713712245.123 s); what is
 * finer than a microsecond is cut, towards the past as in text. False when out of range.
 */
struct dec;
enum when_unit when_unit_of(const struct dec *n);
bool when_number(const struct dec *n, enum when_unit unit, int64_t *us);
bool when_unit_name(const char *s, enum when_unit *unit); /* "s" "ms" "us" "ns" */

/*
 * RFC 3339 in UTC with milliseconds, cut: 2025-04-21T14:08:00.000Z. What lies outside
 * WHEN_MIN .. WHEN_MAX gets a sign before its year, as in ISO 8601, and is not read back: event
 * times and windows do not go there.
 */
void when_put(struct buf *out, int64_t us);

#endif
