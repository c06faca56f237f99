#include "tz_priv.h"

#include "when.h"

enum {
	DAY = 24 * 3600,
	OFFSET_MAX = 24, /* hours */
	TIME_MAX = 167,
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* <+03> or letters. */
static bool take_name(const char **s)
{
	const char *start = *s;
	bool quoted = *start == '<';

	if (quoted) {
		while (**s && **s != '>')
			++*s;
		return *(*s)++ == '>';
	}
	while ((**s >= 'a' && **s <= 'z') || (**s >= 'A' && **s <= 'Z'))
		++*s;
	return *s - start >= 3;
}

static bool take_number(const char **s, int max, int *n)
{
	if (!is_digit(**s))
		return false;
	for (*n = 0; is_digit(**s) && *n <= max; ++*s)
		*n = *n * 10 + (**s - '0');
	return *n <= max;
}

/* [+-]h[:m[:s]] */
static bool take_time(const char **s, int hour_max, int64_t *seconds)
{
	int sign = **s == '-' ? -1 : 1, hour, part;
	int64_t unit = 60;

	*s += **s == '-' || **s == '+';
	if (!take_number(s, hour_max, &hour))
		return false;
	*seconds = (int64_t)hour * 3600;
	for (; **s == ':' && unit; unit /= 60) {
		++*s;
		if (!take_number(s, 59, &part))
			return false;
		*seconds += part * unit;
	}
	*seconds *= sign;
	return true;
}

static bool take_char(const char **s, char c)
{
	if (**s != c)
		return false;
	++*s;
	return true;
}

static bool take_day(const char **s, struct tz_change *c)
{
	if (take_char(s, 'M')) {
		c->kind = TZ_WEEK;
		return take_number(s, 12, &c->month) && c->month && take_char(s, '.') &&
		       take_number(s, 5, &c->week) && c->week && take_char(s, '.') &&
		       take_number(s, 6, &c->day);
	}
	c->kind = take_char(s, 'J') ? TZ_JULIAN : TZ_DAY;
	return take_number(s, 365, &c->day);
}

static bool take_change(const char **s, struct tz_change *c)
{
	c->seconds = 2 * 3600;
	return take_char(s, ',') && take_day(s, c) &&
	       (!take_char(s, '/') || take_time(s, TIME_MAX, &c->seconds));
}

bool tz_rule_parse(struct tz_rule *rule, const char *s)
{
	*rule = (struct tz_rule){0};
	if (!take_name(&s) || !take_time(&s, OFFSET_MAX, &rule->standard))
		return false;
	rule->standard = -rule->standard;
	if (!*s)
		return true;
	rule->changes = true;
	rule->summer = rule->standard + 3600;
	if (!take_name(&s))
		return false;
	if (*s != ',') {
		if (!take_time(&s, OFFSET_MAX, &rule->summer))
			return false;
		rule->summer = -rule->summer;
	}
	return take_change(&s, &rule->to_summer) && take_change(&s, &rule->to_standard) && !*s;
}

static bool is_leap(int64_t year)
{
	return when_days(year, 3, 1) - when_days(year, 2, 28) == 2;
}

/* The week-th such day of the week in the month, 5: the last. 1970-01-01 was a Thursday. */
static int64_t day_of_week(const struct tz_change *c, int64_t year)
{
	int64_t first = when_days(year, c->month, 1);
	int64_t next =
		c->month == 12 ? when_days(year + 1, 1, 1) : when_days(year, c->month + 1, 1);
	int64_t weekday = ((first + 4) % 7 + 7) % 7;
	int64_t day = first + (c->day - weekday + 7) % 7 + 7 * (c->week - 1);

	return day < next ? day : day - 7;
}

int64_t tz_change_in(const struct tz_change *c, int64_t year)
{
	int64_t day = when_days(year, 1, 1);

	switch (c->kind) {
	case TZ_WEEK:
		day = day_of_week(c, year);
		break;
	case TZ_JULIAN:
		day += c->day - 1 + (is_leap(year) && c->day >= 60);
		break;
	case TZ_DAY:
		day += c->day;
		break;
	}
	return day * DAY + c->seconds;
}
