/* Expected times were worked out with Python's datetime. */
#include "eventtime.h"

#include <math.h>

#include "tap.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

/* null, true, [..], a number (~ before it: as a double), or else a string */
static struct val val_of(const char *text)
{
	size_t len = strlen(text);
	struct val v = {.type = VAL_DEC};

	if (strcmp(text, "null") == 0)
		return val_null();
	if (strcmp(text, "true") == 0)
		return (struct val){.type = VAL_TRUE};
	if (*text == '[')
		return (struct val){.type = VAL_JSON, .str = {text, len}};
	if (*text == '~')
		return (struct val){.type = VAL_DBL, .dbl = num_double(text + 1, len - 1)};
	if (dec_parse(&v.dec, text, len))
		return v;
	if (num_is_json(text, len))
		return (struct val){.type = VAL_DBL, .dbl = num_double(text, len)};
	return val_str(*text == '\'' ? text + 1 : text, len - (*text == '\''));
}

/* A time, or the error that it gives; after those before it in the table, up to a NULL. */
static void test_times(void)
{
	static const struct {
		const char *text;
		int64_t us;
		const char *error;
	} t[] = {
		/* The first number fixes the unit; texts and 0 do not. */
		{"0", 0, NULL},
		{"~-0", 0, NULL},
		{"2024-02-29", INT64_C(1709164800000000), NULL},
		{"1709164800", INT64_C(1709164800000000), NULL},
		{"1709164800.5", INT64_C(1709164800500000), NULL},
		{"'1709164800.25", INT64_C(1709164800250000), NULL},
		{"~1709164800.123", INT64_C(1709164800123000), NULL},
		{"2024-02-29T01:00:00+01:00", INT64_C(1709164800000000), NULL},
		{"-1", -1000000, NULL},
		{"1709164800000", 0, "a time in ms among times in s (--time-unit says which)"},
		{"'1709164800000000", 0, "a time in us among times in s (--time-unit says which)"},
		{"1709164800000000000", 0,
		 "a time in ns among times in s (--time-unit says which)"},
		{"99999999999", INT64_C(99999999999000000), NULL},
		{"-62167219200", INT64_C(-62167219200000000), NULL},
		{"-62167219200.0000001", 0, "time out of range (years 0000 to 9999)"},
		{"9999-12-31T23:59:59.999999Z", INT64_C(253402300799999999), NULL},
		{"9999-12-31T23:59:59.999999-00:01", 0, "time out of range (years 0000 to 9999)"},
		{"0000-01-01T00:00:00+00:01", 0, "time out of range (years 0000 to 9999)"},
		{"null", 0, "no time (null)"},
		{"true", 0, "not a time: true"},
		{"[1]", 0, "not a time: [1]"},
		{"", 0, "not a time: \"\""},
		{"' 1", 0, "not a time: \" 1\""},
		{"2024-02-30", 0, "not a time: \"2024-02-30\""},
		{"'1e400", 0, "not a time: \"1e400\""},
		{"~1e300", 0, "not a time: 1e+300"},
		{NULL, 0, NULL},
		/* What is no time fixes no unit. */
		{"1e38", 0, "time out of range (years 0000 to 9999)"},
		{"-99999999999", 0, "time out of range (years 0000 to 9999)"},
		{"1709164800000", INT64_C(1709164800000000), NULL},
		{"1709164800000.9999", INT64_C(1709164800000999), NULL},
		{"1709164800", 0, "a time in s among times in ms (--time-unit says which)"},
		{NULL, 0, NULL},
		{"'1709164800000000", INT64_C(1709164800000000), NULL},
		{"1709164800000", 0, "a time in ms among times in us (--time-unit says which)"},
		{NULL, 0, NULL},
		{"1709164800000000001", INT64_C(1709164800000000), NULL},
		{"~1709164800000000000", INT64_C(1709164800000000), NULL},
		{"1709164800000000", 0, "a time in us among times in ns (--time-unit says which)"},
		{NULL, 0, NULL},
		{"~1e17", INT64_C(100000000000000), NULL},
	};
	struct eventtime et = {0};
	struct buf err = BUF_INIT;

	for (size_t i = 0; i < COUNT(t); i++) {
		int64_t us = 0;
		struct val v;
		int rc;

		if (!t[i].text) {
			et = (struct eventtime){0};
			continue;
		}
		v = val_of(t[i].text);
		buf_clear(&err);
		rc = eventtime_of(&et, &v, &us, &err);
		ok(rc == (t[i].error ? -1 : 0) && (rc || us == t[i].us), "%s: %lld", t[i].text,
		   (long long)us);
		is_str(buf_str(&err), t[i].error ? t[i].error : "", "and its message");
	}
	buf_free(&err);
}

static void test_told(void)
{
	static const struct {
		enum when_unit unit;
		const char *text;
		int64_t us; /* -1: refused */
	} t[] = {
		{WHEN_SECONDS, "1709164800000", -1},
		{WHEN_SECONDS, "253402300799.999999", INT64_C(253402300799999999)},
		{WHEN_SECONDS, "253402300800", -1},
		{WHEN_MILLIS, "5", 5000},
		{WHEN_MILLIS, "'1709164800", INT64_C(1709164800000)},
		{WHEN_MICROS, "1", 1},
		{WHEN_MICROS, "253402300799999999.9", INT64_C(253402300799999999)},
		{WHEN_MICROS, "253402300800000000", -1},
		{WHEN_MICROS, "9223372036854775807", -1},
		{WHEN_MICROS, "-62167219200000000", INT64_C(-62167219200000000)},
		{WHEN_MICROS, "-62167219200000000.5", -1},
		{WHEN_NANOS, "1999", 1},
		{WHEN_NANOS, "253402300799999999999", INT64_C(253402300799999999)},
		{WHEN_NANOS, "253402300800000000000", -1},
	};

	for (size_t i = 0; i < COUNT(t); i++) {
		struct eventtime et = {.unit = t[i].unit, .told = true};
		struct val v = val_of(t[i].text);
		struct buf err = BUF_INIT;
		int64_t us = 0;
		int rc = eventtime_of(&et, &v, &us, &err);

		ok(rc == (t[i].us == -1 ? -1 : 0) && (rc || us == t[i].us) && et.unit == t[i].unit,
		   "%s in a unit that was told", t[i].text);
		buf_free(&err);
	}
}

static void test_not_finite(void)
{
	const double d[] = {(double)NAN, (double)INFINITY, -(double)INFINITY};

	for (size_t i = 0; i < COUNT(d); i++) {
		struct eventtime et = {0};
		struct val v = {.type = VAL_DBL, .dbl = d[i]};
		struct buf err = BUF_INIT;
		int64_t us;

		ok(eventtime_of(&et, &v, &us, &err) == -1 && et.unit == WHEN_AUTO,
		   "%g is no time and fixes no unit", d[i]);
		buf_free(&err);
	}
}

int main(void)
{
	test_times();
	test_told();
	test_not_finite();
	return done_testing();
}
