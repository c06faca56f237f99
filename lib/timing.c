#include "timing.h"

#include <stdlib.h>

#include "diag.h"
#include "eventtime.h"
#include "loop.h"
#include "mem.h"
#include "watermark.h"

#define OFF(field) offsetof(struct timing_conf, field)

const struct opt timing_opts[] = {
	{'T', "time", OPT_STRING, OFF(time), "EXPR", "a record's event time", NULL},
	{0, "time-unit", OPT_STRING, OFF(time_unit), "s|ms|us|ns",
	 "unit of numeric times (default: by magnitude)", NULL},
	{'J', "envelope", OPT_FLAG, OFF(envelope), NULL,
	 "records are envelopes: time is .timestamp, watermarks per partition", NULL},
	{0, "delay", OPT_DURATION, OFF(delay), "D",
	 "the watermark follows the greatest time by D (default 0)", NULL},
	{0, "partitions", OPT_COUNT, OFF(partitions), "N",
	 "with -J: wait for N partitions before time moves", NULL},
	{0, "idle", OPT_DURATION, OFF(idle), "D",
	 "what is silent for D no longer holds time back (default 30s)", NULL},
	{0},
};

struct timing {
	struct eventtime eventtime;
	struct watermark *wm;
	bool envelope;
	struct buf partition;
};

void timing_check(struct timing_conf *conf)
{
	enum when_unit unit;

	if (conf->envelope && !conf->time)
		conf->time = ".timestamp";
	if (conf->time_unit && !when_unit_name(conf->time_unit, &unit))
		diag_usage("--time-unit: '%s' is none of s, ms, us, ns", conf->time_unit);
	if (conf->partitions && !conf->envelope)
		diag_usage("--partitions goes with -J");
}

int64_t timing_duration(const char *option, struct slice text)
{
	char *s = mem_dup(text.ptr, text.len);
	int64_t us;

	if (!when_duration(s, &us) || us > OPT_DURATION_MAX || us < -OPT_DURATION_MAX)
		diag_usage("%s: '%s' is not a duration (like 500ms, 5s, 1m30s, 2h, 1d)", option, s);
	free(s);
	return us;
}

struct timing *timing_new(const struct timing_conf *conf)
{
	struct timing *tm = mem_zalloc(1, sizeof *tm);

	if (conf->time_unit)
		tm->eventtime.told = when_unit_name(conf->time_unit, &tm->eventtime.unit);
	tm->envelope = conf->envelope;
	tm->wm = watermark_new(conf->delay, (size_t)conf->partitions,
			       conf->envelope ? conf->idle : INT64_MAX);
	return tm;
}

void timing_free(struct timing *tm)
{
	if (!tm)
		return;
	watermark_free(tm->wm);
	buf_free(&tm->partition);
	free(tm);
}

int timing_of(struct timing *tm, const struct val *v, int64_t *t, struct buf *err)
{
	return eventtime_of(&tm->eventtime, v, t, err);
}

void timing_observe(struct timing *tm, const struct val *topic, const struct val *partition,
		    int64_t t, int64_t waited)
{
	buf_clear(&tm->partition);
	if (tm->envelope) {
		val_put_key(&tm->partition, topic);
		val_put_key(&tm->partition, partition);
	}
	watermark_observe(tm->wm, watermark_partition(tm->wm, buf_slice(&tm->partition)), t,
			  waited);
}

int64_t timing_watermark(struct timing *tm, int64_t waited)
{
	return watermark_now(tm->wm, waited);
}

int64_t timing_clock(int64_t deadline, int64_t now, int64_t waited)
{
	if (deadline == INT64_MAX || deadline - waited >= LOOP_FOREVER - now)
		return LOOP_FOREVER;
	return now + (deadline - waited);
}

int64_t timing_due(const struct timing *tm, int64_t now, int64_t waited)
{
	return timing_clock(watermark_deadline(tm->wm), now, waited);
}
