/*
 * tz: time zones out of the system's database of TZif files (RFC 8536): local time to UTC.
 *
 * A local time that comes twice, when clocks go back, is the first of both; one that is left out, when they go forward,
 * counts as if they had not. So do Java and Python's fold=0.
 */
#ifndef KPIPE_TZ_H
#define KPIPE_TZ_H

#include <stdint.h>

#include "buf.h"

struct tz;

/* By its name (Europe/Berlin), of $TZDIR, else /usr/share/zoneinfo. NULL with the reason in err. */
struct tz *tz_open(const char *name, struct buf *err);
void tz_free(struct tz *tz); /* NULL is fine */

/* Both in microseconds since 1970-01-01T00:00, by the zone's clocks and in UTC. */
int64_t tz_utc(const struct tz *tz, int64_t local);

#endif
