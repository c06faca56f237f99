#include "when.h"

#include <string.h>

#include "num.h"

#define MINUTE (60 * WHEN_S)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)
#define WEEK   (7 * DAY)

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* --- Durations. --- */

/* Greatest first. */
static const struct unit {
	const char *name;
	int64_t us;
} units[] = {
	{"w", WEEK},   {"d", DAY},      {"h", HOUR}, {"m", MINUTE},
	{"s", WHEN_S}, {"ms", WHEN_MS}, {"us", 1},
};

enum { UNITS = sizeof units / sizeof units[0] };

static const struct unit *find_unit(const char *name, size_t len)
{
	for (const struct unit *u = units; u < units + UNITS; u++)
		if (strlen(u->name) == len && memcmp(u->name, name, len) == 0)
			return u;
	return NULL;
}

/* *us = 0.DIGITS of a unit. False when that is not whole microseconds. */
static bool fraction(const char *p, const char *end, const struct unit *unit, uint64_t *us)
{
	unsigned __int128 n = 0;
	uint64_t ten = 1;

	while (end > p && end[-1] == '0')
		end--;
	/*
	 * Of n digits, the last not 0, to be whole, 2^n or 5^n must divide the unit: 18 never do.
	 */
	if (end - p > 18)
		return false;
	for (; p < end; p++, ten *= 10)
		n = n * 10 + (unsigned)(*p - '0');
	n *= (uint64_t)unit->us;
	*us = (uint64_t)(n / ten);
	return n % ten == 0;
}

/*
 * Takes digits[.digits] and a unit off *s and adds them to *sum. False also when *sum would pass
 * 64 bits.
 */
static bool add_quantity(const char **s, uint64_t *sum)
{
	const char *p = *s, *frac, *frac_end;
	const struct unit *unit;
	uint64_t n = 0, part;

	if (!is_digit(*p))
		return false;
	for (; is_digit(*p); p++)
		if (__builtin_mul_overflow(n, UINT64_C(10), &n) ||
		    __builtin_add_overflow(n, (uint64_t)(*p - '0'), &n))
			return false;
	frac = frac_end = p;
	if (*p == '.') {
		for (frac = ++p; is_digit(*p);)
			p++;
		frac_end = p;
		if (frac == frac_end)
			return false;
	}
	*s = p + strspn(p, "abcdefghijklmnopqrstuvwxyz");
	unit = find_unit(p, (size_t)(*s - p));
	return unit && fraction(frac, frac_end, unit, &part) &&
	       !__builtin_mul_overflow(n, (uint64_t)unit->us, &n) &&
	       !__builtin_add_overflow(n, part, &n) && !__builtin_add_overflow(*sum, n, sum);
}

bool when_duration(const char *s, int64_t *us)
{
	bool neg = *s == '-';
	uint64_t sum = 0;

	s += neg;
	if (strcmp(s, "0") != 0) {
		do
			if (!add_quantity(&s, &sum))
				return false;
		while (*s);
	}
	if (sum > (uint64_t)INT64_MAX + neg)
		return false;
	*us = (int64_t)(neg ? -sum : sum);
	return true;
}

void when_put_duration(struct buf *out, int64_t us)
{
	uint64_t left = us < 0 ? -(uint64_t)us : (uint64_t)us;

	if (us == 0) {
		buf_add_str(out, "0s");
		return;
	}
	if (us < 0)
		buf_add_char(out, '-');
	for (const struct unit *u = units; left; u++) {
		uint64_t n = left / (uint64_t)u->us;

		if (n)
			buf_addf(out, "%llu%s", (unsigned long long)n, u->name);
		left %= (uint64_t)u->us;
	}
}

/*
 * --- The calendar. Both ways after Howard Hinnant, "chrono-Compatible Low-Level Date
 * Algorithms": years begin in March, so that the leap day is a year's last, and 400 of them are
 * an era. ---
 */

enum { ERA_DAYS = 146097, MARCH_0000 = 719468 /* days from 0000-03-01 to 1970-01-01 */ };

static int64_t floor_div(int64_t n, int64_t d)
{
	return n / d - (n % d < 0);
}

int64_t when_days(int64_t year, int month, int day)
{
	int64_t y = month <= 2 ? year - 1 : year, era = floor_div(y, 400), of_era = y - era * 400;
	int of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * ERA_DAYS + of_era * 365 + of_era / 4 - of_era / 100 + of_year - MARCH_0000;
}

static void date_of(int64_t days, int64_t *year, int *month, int *day)
{
	int64_t era = floor_div(days + MARCH_0000, ERA_DAYS);
	int of_era = (int)(days + MARCH_0000 - era * ERA_DAYS);
	int y = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int of_year = of_era - (365 * y + y / 4 - y / 100);
	int m = (5 * of_year + 2) / 153;

	*day = of_year - (153 * m + 2) / 5 + 1;
	*month = m < 10 ? m + 3 : m - 9;
	*year = era * 400 + y + (*month <= 2);
}

static int month_days(int year, int month)
{
	static const char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return days[month - 1] + (month == 2 && leap);
}

/* --- Timestamps as text. --- */

struct text {
	const char *p, *end;
};

static bool take_char(struct text *s, char c)
{
	if (s->p == s->end || *s->p != c)
		return false;
	s->p++;
	return true;
}

/* Exactly `digits` digits, 0 .. max. */
static bool take_number(struct text *s, int digits, int max, int *n)
{
	if (s->end - s->p < digits)
		return false;
	for (*n = 0; digits; digits--, s->p++) {
		if (!is_digit(*s->p))
			return false;
		*n = *n * 10 + (*s->p - '0');
	}
	return *n <= max;
}

static bool take_date(struct text *s, int64_t *days)
{
	int year, month, day;

	if (!take_number(s, 4, 9999, &year) || !take_char(s, '-') ||
	    !take_number(s, 2, 12, &month) || !take_char(s, '-') || month == 0 ||
	    !take_number(s, 2, month_days(year, month), &day) || day == 0)
		return false;
	*days = when_days(year, month, day);
	return true;
}

/* HH:MM[:SS[.digits]] */
static bool take_time(struct text *s, int64_t *us)
{
	int hour, minute, second;
	int64_t place = WHEN_S / 10;

	if (!take_number(s, 2, 23, &hour) || !take_char(s, ':') || !take_number(s, 2, 59, &minute))
		return false;
	*us = hour * HOUR + minute * MINUTE;
	if (!take_char(s, ':'))
		return true;
	if (!take_number(s, 2, 60, &second))
		return false;
	*us += second * WHEN_S;
	if (!take_char(s, '.'))
		return true;
	if (s->p == s->end || !is_digit(*s->p))
		return false;
	for (; s->p < s->end && is_digit(*s->p); s->p++, place /= 10)
		*us += (*s->p - '0') * place;
	return true;
}

/* Z, +HH:MM, +HHMM, +HH, or nothing. */
static bool take_zone(struct text *s, int64_t *us)
{
	int hour, minute = 0;
	int sign = take_char(s, '+') ? 1 : take_char(s, '-') ? -1 : 0;

	*us = 0;
	if (sign == 0)
		return take_char(s, 'Z') || take_char(s, 'z') || s->p == s->end;
	if (!take_number(s, 2, 23, &hour))
		return false;
	if (s->p < s->end) {
		take_char(s, ':');
		if (!take_number(s, 2, 59, &minute))
			return false;
	}
	*us = sign * (hour * HOUR + minute * MINUTE);
	return true;
}

bool when_parse_zoned(const char *p, size_t len, int64_t *us, bool *zoned)
{
	struct text s;
	int64_t days, time = 0, zone = 0;

	*zoned = false;
	if (len == 0)
		return false;
	s = (struct text){p, p + len};
	if (!take_date(&s, &days))
		return false;
	if (s.p < s.end) {
		if (!take_char(&s, 'T') && !take_char(&s, 't') && !take_char(&s, ' '))
			return false;
		if (!take_time(&s, &time))
			return false;
		*zoned = s.p < s.end;
		if (!take_zone(&s, &zone) || s.p < s.end)
			return false;
	}
	*us = days * DAY + time - zone;
	return true;
}

bool when_parse(const char *p, size_t len, int64_t *us)
{
	bool zoned;

	return when_parse_zoned(p, len, us, &zoned);
}

/* Writes n in at least `width` digits and the byte behind it; where that ends. */
static char *write_number(char *p, int64_t n, int width, char behind)
{
	char digits[20];
	int len = 0;

	for (; n || len < width; n /= 10)
		digits[len++] = (char)('0' + n % 10);
	while (len)
		*p++ = digits[--len];
	*p++ = behind;
	return p;
}

void when_put(struct buf *out, int64_t us)
{
	int64_t of_day = us % DAY < 0 ? us % DAY + DAY : us % DAY, ms = of_day / WHEN_MS, year;
	int month, day;
	char text[40], *p = text;

	date_of(floor_div(us, DAY), &year, &month, &day);
	if (year < 0 || year > 9999)
		*p++ = year < 0 ? '-' : '+';
	p = write_number(p, year < 0 ? -year : year, 4, '-');
	p = write_number(p, month, 2, '-');
	p = write_number(p, day, 2, 'T');
	p = write_number(p, ms / (HOUR / WHEN_MS), 2, ':');
	p = write_number(p, ms / (MINUTE / WHEN_MS) % 60, 2, ':');
	p = write_number(p, ms / 1000 % 60, 2, '.');
	p = write_number(p, ms % 1000, 3, 'Z');
	buf_add(out, text, (size_t)(p - text));
}

/* --- Timestamps as numbers. --- */

static const struct {
	const char *name;
	int power;     /* a microsecond is 10^-power of it */
	int64_t below; /* the magnitudes that mean this unit; 0: all */
} number_units[] = {
	[WHEN_SECONDS] = {"s", 6, INT64_C(100000000000)},
	[WHEN_MILLIS] = {"ms", 3, INT64_C(100000000000000)},
	[WHEN_MICROS] = {"us", 0, INT64_C(100000000000000000)},
	[WHEN_NANOS] = {"ns", -3, 0},
};

enum when_unit when_unit_of(const struct dec *n)
{
	enum when_unit unit = WHEN_SECONDS;

	while (number_units[unit].below) {
		int64_t below = number_units[unit].below;

		/* Most are whole. */
		if (n->scale == 0 ? n->v < below && n->v > -below
				  : dec_cmp(*n, (struct dec){below, 0}) < 0 &&
					    dec_cmp(*n, (struct dec){-below, 0}) > 0)
			break;
		unit++;
	}
	return unit;
}

bool when_number(const struct dec *n, enum when_unit unit, int64_t *us)
{
	int shift = number_units[unit == WHEN_AUTO ? when_unit_of(n) : unit].power - n->scale;
	__int128 v = n->v;
	int64_t t;

	for (; shift < 0; shift++)
		v = v / 10 - (v % 10 < 0);
	if (v < INT64_MIN || v > INT64_MAX)
		return false;
	for (t = (int64_t)v; shift > 0; shift--)
		if (__builtin_mul_overflow(t, INT64_C(10), &t))
			return false;
	*us = t;
	return true;
}

bool when_unit_name(const char *s, enum when_unit *unit)
{
	for (enum when_unit u = WHEN_SECONDS; u <= WHEN_NANOS; u++) {
		if (strcmp(s, number_units[u].name) == 0) {
			*unit = u;
			return true;
		}
	}
	return false;
}
