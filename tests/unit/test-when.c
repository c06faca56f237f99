/*
 * Expected times were worked out with Python's datetime, moved by 400 years where it does not
 * reach.
 */
#include "when.h"

#include "num.h"
#include "tap.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

#define MINUTE (60 * WHEN_S)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

static uint64_t seed = 3;

static uint64_t random_bits(void)
{
	seed = seed * 6364136223846793005 + 1442695040888963407;
	return seed ^ seed >> 29;
}

static const char *duration_text(int64_t us)
{
	static char text[64];
	struct buf b = BUF_INIT;

	when_put_duration(&b, us);
	snprintf(text, sizeof text, "%s", buf_str(&b));
	buf_free(&b);
	return text;
}

static const char *time_text(int64_t us)
{
	static char text[64];
	struct buf b = BUF_INIT;

	when_put(&b, us);
	snprintf(text, sizeof text, "%s", buf_str(&b));
	buf_free(&b);
	return text;
}

static void test_duration(void)
{
	static const struct {
		const char *text;
		int64_t want;
	} yes[] = {
		{"0", 0},
		{"-0", 0},
		{"0s", 0},
		{"1us", 1},
		{"500ms", 500 * WHEN_MS},
		{"5s", 5 * WHEN_S},
		{"1m30s", 90 * WHEN_S},
		{"30s1m", 90 * WHEN_S},
		{"1m1m", 2 * MINUTE},
		{"05m", 5 * MINUTE},
		{"1.5h", 90 * MINUTE},
		{"1.500000000000000000000000000000h", 90 * MINUTE},
		{"2h", 2 * HOUR},
		{"1d", DAY},
		{"2w", 14 * DAY},
		{"1w1d1h1m1s1ms1us", INT64_C(694861001001)},
		{"-8h", -8 * HOUR},
		{"-1m30s", -90 * WHEN_S},
		{"0.001ms", 1},
		{"0.000001s", 1},
		{"1.000001s", 1000001},
		/*
		 * A week is 2^13 * 3^3 * 5^8 * 7 microseconds: the longest fraction that is
		 * whole.
		 */
		{"0.0001220703125w", 73828125},
		{"0.00000001w", 6048},
		{"9223372036854775807us", INT64_MAX},
		{"-9223372036854775808us", INT64_MIN},
		{"9223372036854.775807s", INT64_MAX},
		{"-9223372036854.775808s", INT64_MIN},
		{"106751991d4h54.775807s", INT64_MAX},
		{"000000000000000000000000000000001s", WHEN_S},
	};
	static const char *const no[] = {
		"",
		"-",
		"--1s",
		"+1s",
		"1",
		"00",
		"0.0",
		"s",
		"1 s",
		" 1s",
		"1s ",
		"1s5",
		"1x",
		"1S",
		"1sec",
		"1mss",
		"1.s",
		".5s",
		"1..5s",
		"1.5.5s",
		"1e3s",
		"1,5s",
		"1s-1s",
		"1.5us",
		"0.0005ms",
		"0.0000001s",
		"0.00006103515625w",
		"0.123456789012345678901234567890w",
		"9223372036854775808us",
		"-9223372036854775809us",
		"9223372036854.775808s",
		"9223372036854775807us1us",
		"18446744073709551615us",
		"18446744073709551616us",
		"18446744073709551615us1us",
		"99999999999999999999999s",
		"15250285w",
		"9223372036854775807w",
	};

	for (size_t i = 0; i < COUNT(yes); i++) {
		int64_t us = 7;

		ok(when_duration(yes[i].text, &us) && us == yes[i].want, "\"%s\" is %lld us",
		   yes[i].text, (long long)yes[i].want);
	}
	for (size_t i = 0; i < COUNT(no); i++) {
		int64_t us = 7;

		ok(!when_duration(no[i], &us) && us == 7, "\"%s\" is no duration", no[i]);
	}
}

static void test_put_duration(void)
{
	static const struct {
		int64_t us;
		const char *want;
	} t[] = {
		{0, "0s"},
		{1, "1us"},
		{-1, "-1us"},
		{999, "999us"},
		{1500, "1ms500us"},
		{500 * WHEN_MS, "500ms"},
		{5 * WHEN_S, "5s"},
		{90 * MINUTE, "1h30m"},
		{DAY, "1d"},
		{14 * DAY, "2w"},
		{-(8 * HOUR), "-8h"},
		{INT64_MAX, "15250284w3d4h54s775ms807us"},
		{INT64_MIN, "-15250284w3d4h54s775ms808us"},
	};
	int wrong = 0;

	for (size_t i = 0; i < COUNT(t); i++)
		is_str(duration_text(t[i].us), t[i].want, t[i].want);
	for (int i = 0; i < 3000; i++) {
		int64_t us = (int64_t)random_bits() >> i % 64, back = us + 1;

		wrong += !when_duration(duration_text(us), &back) || back != us;
	}
	ok(wrong == 0, "3000 durations read back the same");
}

static void test_parse(void)
{
	static const struct {
		const char *text;
		int64_t want;
	} yes[] = {
		{"1970-01-01", 0},
		{"1970-01-01T00:00:00Z", 0},
		{"1970-01-01 00:00", 0},
		{"2025-04-21T14:08:00Z", INT64_C(1745244480000000)},
		{"2025-04-21t14:08:00z", INT64_C(1745244480000000)},
		{"2025-04-21 14:08:00", INT64_C(1745244480000000)},
		{"2025-04-21 14:08", INT64_C(1745244480000000)},
		{"2025-04-21T14:08Z", INT64_C(1745244480000000)},
		{"2025-04-21T14:08+00:00", INT64_C(1745244480000000)},
		{"2025-04-21T14:08:00-00:00", INT64_C(1745244480000000)},
		{"2025-04-21T14:08:00.123456Z", INT64_C(1745244480123456)},
		{"2025-04-21T14:08:00.1234569999999999999999Z", INT64_C(1745244480123456)},
		{"2025-04-21T14:08:00.12", INT64_C(1745244480120000)},
		{"2025-04-21T19:38:00+05:30", INT64_C(1745244480000000)},
		{"2025-04-21T19:38:00+0530", INT64_C(1745244480000000)},
		{"2025-04-21T06:08:00-08", INT64_C(1745244480000000)},
		{"2025-04-21T06:08-08:00", INT64_C(1745244480000000)},
		{"2025-04-21T06:08:00.5-08:00", INT64_C(1745244480500000)},
		{"1969-12-31T23:59:59.999999Z", -1},
		{"1969-12-31T23:59:59.9999999Z", -1},
		{"1900-02-28", -INT64_C(2203977600000000)},
		{"1900-03-01", -INT64_C(2203891200000000)},
		{"2000-02-29", INT64_C(951782400000000)},
		{"2100-03-01", INT64_C(4107542400000000)},
		{"2024-02-29T12:30:00Z", INT64_C(1709209800000000)},
		{"0000-01-01", -INT64_C(62167219200000000)},
		{"0000-02-29", -INT64_C(62162121600000000)},
		{"0000-12-31T23:59:59Z", -INT64_C(62135596801000000)},
		{"0001-01-01", -INT64_C(62135596800000000)},
		{"1582-10-10", -INT64_C(12219724800000000)},
		{"2038-01-19T03:14:08Z", INT64_C(2147483648000000)},
		{"9999-12-31T23:59:59.999999Z", INT64_C(253402300799999999)},
		{"0000-01-01T00:00:00+23:59", -INT64_C(62167305540000000)},
		{"9999-12-31T23:59:59.999999-23:59", INT64_C(253402387139999999)},
		/* Leap seconds. */
		{"2016-12-31T23:59:60Z", INT64_C(1483228800000000)},
		{"2017-01-01T05:29:60.25+05:30", INT64_C(1483228800250000)},
	};
	static const char *const no[] = {
		"",
		"2025",
		"2025-04",
		"2025-04-2",
		"25-04-21",
		"02025-04-21",
		"+2025-04-21",
		"-2025-04-21",
		"2025/04/21",
		"2025-4-21",
		"20250421",
		"2025-00-01",
		"2025-13-01",
		"2025-04-00",
		"2025-04-31",
		"2025-02-29",
		"1900-02-29",
		"2100-02-29",
		"2000-02-30",
		"2025-01-32",
		"2025-04-21Z",
		"2025-04-21+02:00",
		"2025-04-21T",
		"2025-04-21 ",
		"2025-04-21T14",
		"2025-04-21T14Z",
		"2025-04-21T14:0",
		"2025-04-21T14:08:",
		"2025-04-21T14:08:0",
		"2025-04-21T14:08:00.",
		"2025-04-21T14:08:00.Z",
		"2025-04-21T14:08:00,5Z",
		"2025-04-21T14:08.5Z",
		"2025-04-21T24:00:00Z",
		"2025-04-21T14:60:00Z",
		"2025-04-21T14:08:61Z",
		"2025-04-21T14:08:00ZZ",
		"2025-04-21T14:08:00 Z",
		"2025-04-21T14:08:00Z ",
		" 2025-04-21T14:08:00Z",
		"2025-04-21  14:08:00Z",
		"2025-04-21_14:08:00Z",
		"2025-04-21T14:08:00+",
		"2025-04-21T14:08:00+2",
		"2025-04-21T14:08:00+02:",
		"2025-04-21T14:08:00+02:0",
		"2025-04-21T14:08:00+020",
		"2025-04-21T14:08:00+24:00",
		"2025-04-21T14:08:00+02:60",
		"2025-04-21T14:08:00+-02:00",
		"2025-04-21T14:08:00+-Z",
		"2025-04-21T14:08:00+02:00Z",
		"2025-04-21T14:08:00+02:00:00",
		"2025-04-21T14:08:00Europe/Rome",
		"today",
		"2025-04-2\xd9\xa1",
	};

	for (size_t i = 0; i < COUNT(yes); i++) {
		int64_t us = 7;

		ok(when_parse(yes[i].text, strlen(yes[i].text), &us) && us == yes[i].want,
		   "\"%s\" is %lld us", yes[i].text, (long long)yes[i].want);
	}
	for (size_t i = 0; i < COUNT(no); i++) {
		int64_t us = 7;

		ok(!when_parse(no[i], strlen(no[i]), &us) && us == 7, "\"%s\" is no time", no[i]);
	}
	int64_t us;

	ok(when_parse("2025-04-21x", 10, &us), "the length counts");
	ok(!when_parse("2025-04-21\0", 11, &us), "a NUL byte is a byte");
	ok(!when_parse(NULL, 0, &us), "no bytes are no time");
}

static void test_put(void)
{
	static const struct {
		int64_t us;
		const char *want;
	} t[] = {
		{0, "1970-01-01T00:00:00.000Z"},
		{INT64_C(1745244480000000), "2025-04-21T14:08:00.000Z"},
		{INT64_C(1745244480123456), "2025-04-21T14:08:00.123Z"},
		{INT64_C(951868799999999), "2000-02-29T23:59:59.999Z"},
		{-1, "1969-12-31T23:59:59.999Z"},
		{-1000, "1969-12-31T23:59:59.999Z"},
		{-1001, "1969-12-31T23:59:59.998Z"},
		{INT64_C(253402300799999999), "9999-12-31T23:59:59.999Z"},
		{INT64_C(253402300800000000), "+10000-01-01T00:00:00.000Z"},
		{INT64_C(1000000000000000000), "+33658-09-27T01:46:40.000Z"},
		{INT64_MAX, "+294247-01-10T04:00:54.775Z"},
		{-INT64_C(62167219200000000), "0000-01-01T00:00:00.000Z"},
		{-INT64_C(62167219200000001), "-0001-12-31T23:59:59.999Z"},
		{-INT64_C(62198755200000000), "-0001-01-01T00:00:00.000Z"},
		{-INT64_C(74784902400000000), "-0400-02-29T00:00:00.000Z"},
		{-INT64_C(1000000000000000000), "-29719-04-05T22:13:20.000Z"},
		{INT64_MIN, "-290308-12-21T19:59:05.224Z"},
	};

	for (size_t i = 0; i < COUNT(t); i++)
		is_str(time_text(t[i].us), t[i].want, t[i].want);
}

/*
 * Every day of the years 0 .. 9999 counted on a paper calendar; some of them, and all near leap
 * days, as text.
 */
static void test_calendar(void)
{
	static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int64_t day_number = -719528; /* of 0000-01-01 */
	int wrong = 0, checked = 0;

	for (int year = 0; year <= 9999; year++) {
		bool leap = (year % 4 == 0 && year % 100) || year % 400 == 0;

		for (int month = 1; month <= 12; month++) {
			int length = lengths[month - 1] + (month == 2 && leap);

			for (int day = 1; day <= length; day++, day_number++) {
				char text[40];
				int64_t us = 0;

				if (day_number % 211 && (month != 2 || day < 28))
					continue;
				snprintf(text, sizeof text, "%04d-%02d-%02dT00:00:00.000Z", year,
					 month, day);
				wrong += !when_parse(text, strlen(text), &us) ||
					 us != day_number * DAY;
				wrong += !when_parse(text, 10, &us) || us != day_number * DAY;
				wrong += strcmp(time_text(day_number * DAY), text) != 0;
				checked++;
			}
			if (month == 2) {
				char text[40];
				int64_t us;

				snprintf(text, sizeof text, "%04d-02-%02d", year, length + 1);
				wrong += when_parse(text, strlen(text), &us);
			}
		}
	}
	ok(day_number == 2932897, "the calendar has all days");
	ok(wrong == 0, "%d days of 10000 years", checked);
}

static void test_random_times(void)
{
	int wrong = 0;

	for (int i = 0; i < 3000; i++) {
		/* 0000-01-01 .. 9999-12-31 */
		int64_t us = (int64_t)(random_bits() % 315569520000000000) - 62167219200000000,
			back = 0;
		const char *text = time_text(us);

		wrong +=
			!when_parse(text, strlen(text), &back) || back > us || us - back >= WHEN_MS;
	}
	ok(wrong == 0, "3000 times read back to the millisecond");
	is_str(time_text(WHEN_MIN), "0000-01-01T00:00:00.000Z", "the first that can be written");
	is_str(time_text(WHEN_MAX), "9999-12-31T23:59:59.999Z", "the last");
	is_str(time_text(WHEN_MIN - 1), "-0001-12-31T23:59:59.999Z", "before");
	is_str(time_text(WHEN_MAX + 1), "+10000-01-01T00:00:00.000Z", "beyond");
}

static struct dec dec(const char *text)
{
	struct dec d = {0, 0};

	if (!dec_parse(&d, text, strlen(text)))
		ok(0, "%s is a decimal", text);
	return d;
}

static void test_unit(void)
{
	static const struct {
		const char *n;
		enum when_unit want;
	} t[] = {
		{"0", WHEN_SECONDS},
		{"1713712245", WHEN_SECONDS},
		{"1713712245.123", WHEN_SECONDS},
		{"99999999999", WHEN_SECONDS},
		{"99999999999.999999999", WHEN_SECONDS},
		{"-99999999999.999999999", WHEN_SECONDS},
		{"100000000000", WHEN_MILLIS},
		{"100000000000.000", WHEN_MILLIS},
		{"-100000000000", WHEN_MILLIS},
		{"1713712245123", WHEN_MILLIS},
		{"99999999999999.9", WHEN_MILLIS},
		{"1e14", WHEN_MICROS},
		{"-1e14", WHEN_MICROS},
		{"1713712245123456", WHEN_MICROS},
		{"99999999999999999", WHEN_MICROS},
		{"1e17", WHEN_NANOS},
		{"-1e17", WHEN_NANOS},
		{"1713712245123456789", WHEN_NANOS},
		{"170141183460469231731687303715884105727", WHEN_NANOS},
		{"-170141183460469231731687303715884105728", WHEN_NANOS},
		{"1.70141183460469231731687303715884105727", WHEN_SECONDS},
	};

	for (size_t i = 0; i < COUNT(t); i++) {
		struct dec n = dec(t[i].n);

		ok(when_unit_of(&n) == t[i].want, "the unit of %s", t[i].n);
	}
}

static void test_number(void)
{
	static const struct {
		const char *n;
		enum when_unit unit;
		bool is;
		int64_t want;
	} t[] = {
		{"0", WHEN_SECONDS, true, 0},
		{"1713712245", WHEN_SECONDS, true, INT64_C(1713712245000000)},
		{"1713712245", WHEN_AUTO, true, INT64_C(1713712245000000)},
		{"1713712245123", WHEN_AUTO, true, INT64_C(1713712245123000)},
		{"1713712245123456", WHEN_AUTO, true, INT64_C(1713712245123456)},
		{"1713712245123456789", WHEN_AUTO, true, INT64_C(1713712245123456)},
		{"1713712245.123", WHEN_SECONDS, true, INT64_C(1713712245123000)},
		{"1713712245.1234567", WHEN_SECONDS, true, INT64_C(1713712245123456)},
		{"-1.5", WHEN_SECONDS, true, -1500000},
		{"-0.0000001", WHEN_SECONDS, true, -1},
		{"-0.000001", WHEN_SECONDS, true, -1},
		{"-0.0000011", WHEN_SECONDS, true, -2},
		{"1", WHEN_MILLIS, true, 1000},
		{"1.5", WHEN_MILLIS, true, 1500},
		{"1.5", WHEN_MICROS, true, 1},
		{"-1.5", WHEN_MICROS, true, -2},
		{"999", WHEN_NANOS, true, 0},
		{"-1", WHEN_NANOS, true, -1},
		{"-1000", WHEN_NANOS, true, -1},
		{"-1001", WHEN_NANOS, true, -2},
		{"1e-38", WHEN_SECONDS, true, 0},
		{"1e-38", WHEN_NANOS, true, 0},
		{"-1e-38", WHEN_NANOS, true, -1},
		{"-1.70141183460469231731687303715884105728", WHEN_NANOS, true, -1},
		{"1.70141183460469231731687303715884105727", WHEN_SECONDS, true, 1701411},
		{"9223372036854.775807", WHEN_SECONDS, true, INT64_MAX},
		{"9223372036854.7758079999", WHEN_SECONDS, true, INT64_MAX},
		{"9223372036854.775808", WHEN_SECONDS, false, 0},
		{"-9223372036854.775808", WHEN_SECONDS, true, INT64_MIN},
		{"-9223372036854.7758081", WHEN_SECONDS, false, 0},
		{"9223372036855", WHEN_SECONDS, false, 0},
		{"9223372036854775.807", WHEN_MILLIS, true, INT64_MAX},
		{"9223372036854775.808", WHEN_MILLIS, false, 0},
		{"9223372036854775807", WHEN_MICROS, true, INT64_MAX},
		{"9223372036854775808", WHEN_MICROS, false, 0},
		{"-9223372036854775808", WHEN_MICROS, true, INT64_MIN},
		{"9223372036854775807999", WHEN_NANOS, true, INT64_MAX},
		{"9223372036854775808000", WHEN_NANOS, false, 0},
		{"-9223372036854775808000", WHEN_NANOS, true, INT64_MIN},
		{"-9223372036854775808001", WHEN_NANOS, false, 0},
		{"170141183460469231731687303715884105727", WHEN_SECONDS, false, 0},
		{"-170141183460469231731687303715884105728", WHEN_NANOS, false, 0},
		{"1e38", WHEN_AUTO, false, 0},
	};

	for (size_t i = 0; i < COUNT(t); i++) {
		struct dec n = dec(t[i].n);
		int64_t us = 0;

		ok(when_number(&n, t[i].unit, &us) == t[i].is && us == t[i].want, "%s of unit %d",
		   t[i].n, (int)t[i].unit);
	}
}

static void test_unit_name(void)
{
	static const struct {
		const char *name;
		enum when_unit want;
	} yes[] = {
		{"s", WHEN_SECONDS}, {"ms", WHEN_MILLIS}, {"us", WHEN_MICROS}, {"ns", WHEN_NANOS}};
	static const char *const no[] = {"", "S", "m", "sec", "h", "auto", "s "};
	enum when_unit unit = WHEN_AUTO;

	for (size_t i = 0; i < COUNT(yes); i++)
		ok(when_unit_name(yes[i].name, &unit) && unit == yes[i].want, "%s", yes[i].name);
	for (size_t i = 0; i < COUNT(no); i++)
		ok(!when_unit_name(no[i], &unit) && unit == WHEN_NANOS, "\"%s\" is no unit", no[i]);
}

int main(void)
{
	test_duration();
	test_put_duration();
	test_parse();
	test_put();
	test_calendar();
	test_random_times();
	test_unit();
	test_number();
	test_unit_name();
	return done_testing();
}
