/* tz_priv: the bytes of a TZif file, and the rule for years that its table does not have. */
#ifndef KPIPE_TZ_PRIV_H
#define KPIPE_TZ_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"

struct tz;

/* A file's bytes. NULL: they are none of a time zone. */
struct tz *tz_read(struct slice file);

/* When clocks change, of a POSIX rule: a day of a year, and seconds of that day by the clocks before. */
struct tz_change {
	enum { TZ_JULIAN, TZ_DAY, TZ_WEEK } kind; /* Jn (no leap day), n, Mm.w.d */
	int month, week, day;
	int64_t seconds;
};

struct tz_rule {
	int64_t standard, summer; /* seconds east of UTC */
	bool changes;             /* else it is standard all year */
	struct tz_change to_summer, to_standard;
};

/* "CET-1CEST,M3.5.0,M10.5.0/3". False when it is none. */
bool tz_rule_parse(struct tz_rule *rule, const char *text);

/* Seconds since 1970, by the clocks before the change. */
int64_t tz_change_in(const struct tz_change *change, int64_t year);

#endif
