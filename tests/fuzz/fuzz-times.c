/*
 * when: timestamps against a calendar that counts years and months one by one; what is read prints
 * and reads the same again.
 */
#include "fuzz.h"

#include "num.h"
#include "when.h"

/* --- The model --- */

static bool is_leap(int64_t year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int days_in(int64_t year, int month)
{
	return month == 2 ? 28 + is_leap(year) : 30 + (month + month / 8) % 2;
}

static int64_t days_before(int64_t year, int month)
{
	int64_t days = 0;

	for (int64_t y = 1970; y < year; y++)
		days += 365 + is_leap(y);
	for (int64_t y = year; y < 1970; y++)
		days -= 365 + is_leap(y);
	for (int m = 1; m < month; m++)
		days += days_in(year, m);
	return days;
}

/* What a text says, by the pattern that it matches: each letter is a digit of that field. */
struct fields {
	int year, month, day, hour, minute, second, zone_hour, zone_minute;
	bool west;
	int64_t micros;
};

static int *field_of(struct fields *f, char letter)
{
	switch (letter) {
	case 'Y':
		return &f->year;
	case 'M':
		return &f->month;
	case 'D':
		return &f->day;
	case 'h':
		return &f->hour;
	case 'm':
		return &f->minute;
	case 's':
		return &f->second;
	case 'H':
		return &f->zone_hour;
	default:
		return &f->zone_minute;
	}
}

/* Does a pattern's letter, which is none of a field, stand for c? */
static bool stands_for(char letter, char c)
{
	switch (letter) {
	case 'T':
		return c == 'T' || c == 't' || c == ' ';
	case 'Z':
		return c == 'Z' || c == 'z';
	case '+':
		return c == '+' || c == '-';
	default:
		return c == letter;
	}
}

/* f in a pattern: the digits behind a point. */
static bool matches(struct slice text, const char *pattern, struct fields *f)
{
	const char *p = text.ptr, *end = p + text.len;

	*f = (struct fields){0};
	for (; *pattern && p < end; pattern++) {
		if (strchr("YMDhmsHN", *pattern)) {
			int *field = field_of(f, *pattern);

			if (*p < '0' || *p > '9')
				return false;
			*field = *field * 10 + (*p++ - '0');
		} else if (*pattern == 'f') {
			const char *first = p;

			for (int64_t unit = 100000; p < end && *p >= '0' && *p <= '9'; unit /= 10)
				f->micros += (*p++ - '0') * unit;
			if (p == first)
				return false;
		} else if (stands_for(*pattern, *p)) {
			f->west |= *pattern == '+' && *p == '-';
			p++;
		} else {
			return false;
		}
	}
	return !*pattern && p == end;
}

static bool model_fields(const struct fields *f, int64_t *us)
{
	int64_t seconds, zone = f->zone_hour * 3600 + f->zone_minute * 60;

	if (f->month < 1 || f->month > 12 || f->day < 1 || f->day > days_in(f->year, f->month) ||
	    f->hour > 23 || f->minute > 59 || f->second > 60 || f->zone_hour > 23 ||
	    f->zone_minute > 59)
		return false;
	seconds = (days_before(f->year, f->month) + f->day - 1) * 86400 + f->hour * 3600 +
		  f->minute * 60 + f->second - (f->west ? -zone : zone);
	*us = seconds * 1000000 + f->micros;
	return true;
}

static bool model_parse(struct slice text, int64_t *us)
{
	static const char *const times[] = {"Thh:mm", "Thh:mm:ss", "Thh:mm:ss.f"};
	static const char *const zones[] = {"", "Z", "+HH", "+HHNN", "+HH:NN"};
	struct fields f;
	char pattern[64];

	if (matches(text, "YYYY-MM-DD", &f))
		return model_fields(&f, us);
	for (int t = 0; t < 3; t++) {
		for (int z = 0; z < 5; z++) {
			snprintf(pattern, sizeof pattern, "YYYY-MM-DD%s%s", times[t], zones[z]);
			if (matches(text, pattern, &f))
				return model_fields(&f, us);
		}
	}
	return false;
}

/* --- Text --- */

static int64_t floor_to(int64_t n, int64_t unit)
{
	int64_t part = n % unit;

	return n - (part < 0 ? part + unit : part);
}

/* Only what RFC 3339 can write reads back. */
static void check_put(int64_t us)
{
	struct buf text = BUF_INIT, again = BUF_INIT;
	int64_t back, model;
	bool good;

	when_put(&text, us);
	good = when_parse(text.data, text.len, &back);
	must(good == (us >= WHEN_MIN && us <= WHEN_MAX), "%s is read: %d", text.data, good);
	if (good) {
		must(back == floor_to(us, WHEN_MS), "%lld prints as %s", (long long)us, text.data);
		must(model_parse(buf_slice(&text), &model) && model == back, "%s is not %lld",
		     text.data, (long long)back);
		when_put(&again, back);
		must(slice_eq(buf_slice(&text), buf_slice(&again)), "%s prints as %s", text.data,
		     again.data);
	} else {
		must(text.data[0] == (us < 0 ? '-' : '+'), "%s has no sign", text.data);
	}
	buf_free(&text);
	buf_free(&again);
}

static void check_text(struct slice text)
{
	int64_t got = 7, want = 7;
	bool good = when_parse(text.ptr, text.len, &got);

	must(good == model_parse(text, &want), "a timestamp: %d", good);
	must(got == want, "%.*s is %lld, not %lld", (int)text.len, text.ptr, (long long)got,
	     (long long)want);
	if (good)
		check_put(got);
}

/* --- Numbers --- */

/* The value times what the unit needs, towards the past: multiplied or divided at one go. */
static void check_unit(struct dec n, enum when_unit unit)
{
	static const int power[] = {
		[WHEN_SECONDS] = 6, [WHEN_MILLIS] = 3, [WHEN_MICROS] = 0, [WHEN_NANOS] = -3};
	__int128 v = n.v, by = 1, rest;
	int64_t us = 7;
	int shift = power[unit] - n.scale;
	bool good = when_number(&n, unit, &us);

	/* What the model has room for. */
	if (v > INT64_MAX || v < INT64_MIN || shift < -38)
		return;
	for (int i = 0; i < (shift < 0 ? -shift : shift); i++)
		by *= 10;
	rest = v % by;
	v = shift < 0 ? v / by - (rest < 0) : v * by;
	must(good == (v >= INT64_MIN && v <= INT64_MAX), "in range: %d", good);
	must(us == (good ? (int64_t)v : 7), "%lld, not %lld", (long long)us, (long long)v);
}

static void check_number(struct slice text)
{
	struct dec n;
	int64_t us, same;
	enum when_unit unit;
	double d;

	if (!dec_parse(&n, text.ptr, text.len))
		return;
	for (unit = WHEN_SECONDS; unit <= WHEN_NANOS; unit++)
		check_unit(n, unit);
	unit = when_unit_of(&n);
	d = dec_double(n) < 0 ? -dec_double(n) : dec_double(n);
	if (d < 0.999e11)
		must(unit == WHEN_SECONDS, "seconds");
	else if (d > 1.001e11 && d < 0.999e14)
		must(unit == WHEN_MILLIS, "milliseconds");
	else if (d > 1.001e14 && d < 0.999e17)
		must(unit == WHEN_MICROS, "microseconds");
	else if (d > 1.001e17)
		must(unit == WHEN_NANOS, "nanoseconds");
	if (when_number(&n, WHEN_AUTO, &us))
		must(when_number(&n, unit, &same) && us == same, "the unit by magnitude");
}

/* t and a timestamp's text, n and a number, or eight bytes of microseconds. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, data + size};
	uint64_t us = 0;

	switch (input_byte(&in)) {
	case 't':
		check_text(input_rest(&in));
		break;
	case 'n':
		check_number(input_rest(&in));
		break;
	default:
		for (int i = 0; i < 8; i++)
			us = us << 8 | input_byte(&in);
		check_put((int64_t)us);
	}
	return 0;
}
