#include "streamtime.h"

#include <stdlib.h>

#include "diag.h"
#include "eventtime.h"
#include "loop.h"
#include "mem.h"
#include "tz.h"
#include "watermark.h"
#include "when.h"

struct streamtime {
	struct streamtime_conf conf;
	struct eventtime eventtime;
	struct tz *tz;
	struct watermark *wm;
	int64_t clock;          /* --proctime: the wall clock, which does not go back here */
	int64_t waited;         /* for input, so far */
	int64_t waited_at_last; /* when the last record came */
	int64_t reached;        /* the greatest watermark so far */
	struct buf partition;
};

#define OFF(field) offsetof(struct streamtime_conf, field)

static const char *const unit_names[] = {"s", "ms", "us", "ns", NULL};

const struct opt streamtime_opts[] = {
	{'T', "time", OPT_STRING, OFF(time), "EXPR", "a record's event time", NULL},
	{0, "time-unit", OPT_CHOICE, OFF(time_unit), "s|ms|us|ns",
	 "unit of numeric times (default: by magnitude; -J without -T: ms)", unit_names},
	{0, "tz", OPT_STRING, OFF(zone), "ZONE", "the zone of times in text that have none (UTC)",
	 NULL},
	{'J', "envelope", OPT_FLAG, OFF(envelope), NULL,
	 "records are envelopes: time is .timestamp, watermarks per partition", NULL},
	{0, "delay", OPT_DURATION, OFF(delay), "D",
	 "the watermark follows the greatest time by D (default 0)", NULL},
	{0, "partitions", OPT_COUNT, OFF(partitions), "N",
	 "with -J: wait for N partitions before time moves", NULL},
	{0, "idle", OPT_DURATION, OFF(idle), "D",
	 "a partition silent for D no longer holds time back (default 30s)", NULL},
	{0, "tick", OPT_DURATION, OFF(tick), "D",
	 "after D without input the watermark moves on with the clock", NULL},
	{0},
};

enum { UNIT_MS = 1 }; /* of these */

/* The time of an envelope where -T does not tell another, known by its address: in ms by the format, and -1 is none. */
static const char timestamp[] = ".timestamp";

static int64_t to_utc(const void *zone, int64_t local)
{
	return tz_utc(zone, local);
}

static struct tz *open_zone(const char *name)
{
	struct buf err = BUF_INIT;
	struct tz *tz = tz_open(name, &err);

	if (!tz)
		diag_usage("--tz: %s", buf_str(&err));
	buf_free(&err);
	return tz;
}

/* The first of the options that tell of time, NULL: there is none. */
static const char *given(const struct streamtime_conf *c)
{
	static const struct streamtime_conf none = STREAMTIME_CONF_INIT;
	const struct {
		const char *name;
		bool given;
	} options[] = {
		{"-T", c->time},
		{"--time-unit", c->time_unit != none.time_unit},
		{"--tz", c->zone},
		{"--delay", c->delay != none.delay},
		{"--partitions", c->partitions != none.partitions},
		{"--idle", c->idle != none.idle},
		{"--tick", c->tick != none.tick},
	};

	for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
		if (options[i].given)
			return options[i].name;
	}
	return NULL;
}

void streamtime_unused(const struct streamtime_conf *c, const char *what)
{
	const char *option = given(c);

	if (option)
		diag_usage("%s goes with %s", option, what);
}

void streamtime_check(struct streamtime_conf *c, bool needed)
{
	if (c->envelope && !c->time && !c->proctime) {
		if (c->time_unit != STREAMTIME_NEVER && c->time_unit != UNIT_MS)
			diag_usage("--time-unit %s goes with -T: the .timestamp of -J is in ms",
				   unit_names[c->time_unit]);
		c->time = timestamp;
	}
	if (c->proctime && given(c))
		diag_usage("%s does not go with --proctime", given(c));
	if (needed && !c->time && !c->proctime)
		diag_usage("-T EXPR is missing: which field is a record's event time?");
	if (!c->time && !c->proctime)
		streamtime_unused(c, "-T or -J");
	if (!c->idle)
		diag_usage("--idle must be more than 0");
	if (c->idle != STREAMTIME_NEVER && !c->envelope && !c->idle_inputs)
		diag_usage("--idle goes with -J");
	if (c->partitions && !c->envelope)
		diag_usage("--partitions goes with -J");
}

int64_t streamtime_idle(const struct streamtime_conf *c)
{
	return c->idle == STREAMTIME_NEVER ? 30 * WHEN_S : c->idle;
}

static void read_clock(struct streamtime *st)
{
	int64_t wall = loop_wall();

	if (wall > st->clock)
		st->clock = wall;
}

struct streamtime *streamtime_new(struct streamtime_conf *conf)
{
	struct streamtime *st;
	struct tz *tz;

	streamtime_check(conf, true);
	tz = conf->zone ? open_zone(conf->zone) : NULL;
	st = mem_zalloc(1, sizeof *st);
	st->conf = *conf;
	st->tz = tz;
	if (conf->time_unit != STREAMTIME_NEVER)
		when_unit_name(unit_names[conf->time_unit], &st->eventtime.unit);
	if (conf->time == timestamp)
		st->eventtime.unit = WHEN_MILLIS;
	st->eventtime.told = conf->time_unit != STREAMTIME_NEVER || conf->time == timestamp;
	if (tz) {
		st->eventtime.to_utc = to_utc;
		st->eventtime.zone = tz;
	}
	st->wm = watermark_new(conf->delay, (size_t)conf->partitions,
			       conf->envelope ? streamtime_idle(conf) : INT64_MAX);
	st->reached = WATERMARK_NONE;
	read_clock(st);
	return st;
}

void streamtime_free(struct streamtime *st)
{
	if (!st)
		return;
	tz_free(st->tz);
	watermark_free(st->wm);
	buf_free(&st->partition);
	free(st);
}

/* --- State --- */

void streamtime_save(const struct streamtime *st, struct buf *out)
{
	pack_int(out, st->eventtime.unit);
	pack_int(out, st->clock);
	pack_int(out, st->reached);
	watermark_save(st->wm, out);
}

bool streamtime_load(struct streamtime *st, struct unpack *in)
{
	int64_t unit = unpack_int(in), clock = unpack_int(in), mark = unpack_int(in);

	in->bad |= unit < WHEN_AUTO || unit > WHEN_NANOS;
	if (!watermark_load(st->wm, in))
		return false;
	if (!st->eventtime.told)
		st->eventtime.unit = (enum when_unit)unit;
	st->reached = mark;
	if (clock > st->clock)
		st->clock = clock;
	return true;
}

void streamtime_put_options(const struct streamtime_conf *conf, struct buf *out)
{
	if (conf->time)
		buf_addf(out, " -T %s", conf->time);
	if (conf->time_unit != STREAMTIME_NEVER)
		buf_addf(out, " --time-unit %s", unit_names[conf->time_unit]);
	if (conf->zone)
		buf_addf(out, " --tz %s", conf->zone);
	if (conf->envelope)
		buf_add_str(out, " -J");
	if (conf->proctime)
		buf_add_str(out, " --proctime");
}

/* --- Records --- */

enum { TIME, TOPIC, PARTITION };

size_t streamtime_programs(const struct streamtime *st,
			   const char *programs[STREAMTIME_PROGRAMS + 1])
{
	size_t n = 0;

	if (!st->conf.proctime) {
		programs[n++] = st->conf.time;
		if (st->conf.envelope) {
			programs[n++] = ".topic";
			programs[n++] = ".partition";
		}
	}
	programs[n] = NULL;
	return n;
}

/* Kafka's own word for none. */
static bool is_none(const struct val *v)
{
	int64_t n;

	return v->type == VAL_DEC && v->dec.v < 0 && dec_is_int(v->dec, &n) && n == -1;
}

int streamtime_of(struct streamtime *st, const struct val values[], int64_t *t, struct buf *err)
{
	if (st->conf.proctime) {
		*t = st->clock;
		return 0;
	}
	if (st->conf.time == timestamp && is_none(&values[TIME])) {
		buf_setf(err, "no time (-1)");
		return -1;
	}
	return eventtime_of(&st->eventtime, &values[TIME], t, err);
}

/* A watermark never moves back: what --tick has added stays, though the silence that it counts from a record on ends. */
static int64_t reached(struct streamtime *st, int64_t mark)
{
	if (mark > st->reached)
		st->reached = mark;
	return st->reached;
}

int64_t streamtime_observe(struct streamtime *st, const struct val values[], int64_t t)
{
	st->waited_at_last = st->waited;
	if (st->conf.proctime)
		return st->clock;
	buf_clear(&st->partition);
	if (st->conf.envelope) {
		val_put_key(&st->partition, &values[TOPIC]);
		val_put_key(&st->partition, &values[PARTITION]);
	}
	watermark_observe(st->wm, watermark_partition(st->wm, buf_slice(&st->partition)), t,
			  st->waited);
	return reached(st, watermark_now(st->wm, st->waited));
}

/* --- The clock --- */

static int64_t silence(const struct streamtime *st)
{
	return st->waited - st->waited_at_last;
}

static bool ticks(const struct streamtime *st, int64_t mark)
{
	return st->conf.tick != STREAMTIME_NEVER && mark != WATERMARK_NONE;
}

int64_t streamtime_watermark(struct streamtime *st)
{
	int64_t mark, moved;

	if (st->conf.proctime) {
		read_clock(st);
		return st->clock;
	}
	mark = watermark_now(st->wm, st->waited);
	if (!ticks(st, mark) || silence(st) < st->conf.tick ||
	    __builtin_add_overflow(mark, silence(st), &moved) || moved == WATERMARK_END)
		moved = mark;
	return reached(st, moved);
}

int64_t streamtime_wait(struct streamtime *st, int64_t waited)
{
	st->waited = waited;
	return streamtime_watermark(st);
}

static int64_t left_to(struct streamtime *st, int64_t mark)
{
	int64_t now, left;

	if (mark == WATERMARK_END)
		return LOOP_FOREVER;
	if (st->conf.proctime)
		return mark - st->clock;
	now = watermark_now(st->wm, st->waited);
	if (!ticks(st, now) || __builtin_sub_overflow(mark, now, &left))
		return LOOP_FOREVER;
	return (left > st->conf.tick ? left : st->conf.tick) - silence(st);
}

/* Until an idle partition lets go of the watermark. */
static int64_t left_to_idle(const struct streamtime *st)
{
	int64_t due = st->conf.proctime ? INT64_MAX : watermark_deadline(st->wm);

	return due == INT64_MAX ? LOOP_FOREVER : due - st->waited;
}

int64_t streamtime_left(struct streamtime *st, int64_t mark)
{
	int64_t left = left_to(st, mark), idle = left_to_idle(st);

	return left < idle ? left : idle;
}
