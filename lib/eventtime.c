#include "eventtime.h"

static const char *const unit_names[] = {
	[WHEN_SECONDS] = "s", [WHEN_MILLIS] = "ms", [WHEN_MICROS] = "us", [WHEN_NANOS] = "ns"};

static bool in_range(int64_t us)
{
	return us >= WHEN_MIN && us <= WHEN_MAX;
}

static int out_of_range(struct buf *err)
{
	buf_setf(err, "time out of range (years 0000 to 9999)");
	return -1;
}

static int from_number(struct eventtime *et, const struct dec *n, int64_t *us, struct buf *err)
{
	enum when_unit unit = when_unit_of(n);

	/* The same instant in every unit: it fixes none. */
	if (n->v == 0) {
		*us = 0;
		return 0;
	}
	if (et->unit != WHEN_AUTO) {
		if (!et->told && unit != et->unit) {
			buf_setf(err, "a time in %s among times in %s (--time-unit says which)",
				 unit_names[unit], unit_names[et->unit]);
			return -1;
		}
		unit = et->unit;
	}
	if (!when_number(n, unit, us) || !in_range(*us))
		return out_of_range(err);
	et->unit = unit;
	return 0;
}

static int unreadable(const struct val *v, struct buf *err)
{
	buf_setf(err, "not a time: ");
	val_put_quote(err, v);
	return -1;
}

static int from_text(const struct eventtime *et, const struct val *v, int64_t *us, struct buf *err)
{
	bool zoned;

	if (!when_parse_zoned(v->str.ptr, v->str.len, us, &zoned))
		return unreadable(v, err);
	if (!zoned && et->to_utc)
		*us = et->to_utc(et->zone, *us);
	return in_range(*us) ? 0 : out_of_range(err);
}

int eventtime_of(struct eventtime *et, const struct val *v, int64_t *us, struct buf *err)
{
	struct dec n;

	switch (v->type) {
	case VAL_DEC:
		return from_number(et, &v->dec, us, err);
	case VAL_DBL:
		if (dec_from_double(&n, v->dbl))
			return from_number(et, &n, us, err);
		return unreadable(v, err);
	case VAL_STR:
		if (dec_parse(&n, v->str.ptr, v->str.len))
			return from_number(et, &n, us, err);
		return from_text(et, v, us, err);
	case VAL_NULL:
		buf_setf(err, "no time (null)");
		return -1;
	default:
		return unreadable(v, err);
	}
}
