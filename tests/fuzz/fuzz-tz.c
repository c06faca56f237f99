/*
 * tz: local times against a plain model of a zone, which looks for the offset at a time in UTC by going through the table
 * and the changes of the years around it. Any bytes are a zone or are none; the same with texts of rules.
 */
#include "fuzz.h"

#include "tz.h"
#include "tz_priv.h"
#include "when.h"

enum {
	HOUR = 3600,
	DAY = 24 * HOUR,
	FURTHEST = 26 * HOUR, /* no clock is further from UTC */
	APART = 5 * DAY, /* changes that are nearer are odd: what they mean depends on the reader */
	TABLE_MAX = 64,
	TYPES = 4,
};

/* --- The model --- */

static bool is_leap(int64_t year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int days_in(int64_t year, int month)
{
	return month == 2 ? 28 + is_leap(year) : 30 + (month + month / 8) % 2;
}

static int64_t days_before(int64_t year)
{
	int64_t days = 0;

	/* The calendar repeats itself. */
	for (; year >= 2370; year -= 400)
		days += 146097;
	for (; year <= 1570; year += 400)
		days -= 146097;
	for (int64_t y = 1970; y < year; y++)
		days += 365 + is_leap(y);
	for (int64_t y = year; y < 1970; y++)
		days -= 365 + is_leap(y);
	return days;
}

/* Day by day. */
static int64_t day_of(const struct tz_change *c, int64_t year)
{
	int64_t day = days_before(year), found = -1;
	int month = 1, of_month = 1, week = 0;

	if (c->kind == TZ_DAY)
		return day + c->day;
	for (int n = 0; n < 365 + is_leap(year); n++, day++) {
		bool counts = c->kind == TZ_JULIAN
				      ? !(month == 2 && of_month == 29)
				      : month == c->month && (day % 7 + 11) % 7 == c->day;

		week += counts;
		if (counts && week <= (c->kind == TZ_JULIAN ? c->day : c->week))
			found = day;
		if (of_month++ == days_in(year, month)) {
			of_month = 1;
			month++;
		}
	}
	return found;
}

struct model_change {
	int64_t at, offset; /* in UTC */
};

struct model {
	struct tz_rule rule;
	int64_t offsets[TYPES];
	struct model_change table[TABLE_MAX];
	size_t n;
	bool odd; /* changes too near to each other have been seen */

	/* The changes of `year` and those around it, in order, behind the table or at its end. */
	int64_t year;
	struct model_change near[10];
	size_t nnear;
	bool near_odd;
};

static int64_t change_at(const struct tz_change *c, int64_t year, int64_t before)
{
	return day_of(c, year) * DAY + c->seconds - before;
}

static void look_near(struct model *m, int64_t year)
{
	const struct tz_rule *r = &m->rule;
	struct model_change *v = m->near;
	int64_t last = m->n ? m->table[m->n - 1].at : 0;
	size_t n = 0;

	if (m->year == year)
		return;
	m->year = year;
	for (int64_t y = year - 2; r->changes && y <= year + 2; y++) {
		struct model_change summer = {change_at(&r->to_summer, y, r->standard), r->summer};
		struct model_change standard = {change_at(&r->to_standard, y, r->summer),
						r->standard};
		bool first = summer.at <= standard.at;

		v[n++] = first ? summer : standard;
		v[n++] = first ? standard : summer;
	}
	m->near_odd = false;
	for (size_t i = 1; i < n; i++)
		m->near_odd |= v[i].at < v[i - 1].at + APART && (v[i].at != v[i - 1].at || i % 2);
	for (; m->n && n && v[0].at < last; n--)
		memmove(v, v + 1, (n - 1) * sizeof *v);
	m->near_odd |= m->n && n && v[0].at != last && v[0].at < last + APART;
	m->nnear = n;
}

static int64_t year_of(int64_t utc)
{
	int64_t year = 1970 + utc / (365 * DAY);

	while (days_before(year) * DAY > utc)
		year--;
	return year;
}

static int64_t offset_at(struct model *m, int64_t utc)
{
	int64_t offset = m->offsets[0];

	look_near(m, year_of(utc));
	m->odd |= m->near_odd;
	for (size_t i = 0; i < m->n && m->table[i].at <= utc; i++)
		offset = m->table[i].offset;
	for (size_t i = 0; i < m->nnear && m->near[i].at <= utc; i++)
		offset = m->near[i].offset;
	return offset;
}

/* By the clocks before a change, if they showed that; else by those behind it; else as if they had shown it. */
static int64_t model_utc(struct model *m, int64_t local)
{
	int64_t before = offset_at(m, local - FURTHEST - 1),
		after = offset_at(m, local + FURTHEST + 1);

	if (offset_at(m, local - before) != before && offset_at(m, local - after) == after)
		return local - after;
	return local - before;
}

/* --- A file of it --- */

static void put_number(struct buf *out, int64_t n, int bytes)
{
	while (bytes--)
		buf_add_char(out, (char)(n >> 8 * bytes));
}

static void put_header(struct buf *out, size_t times, size_t types)
{
	const size_t counts[] = {0, 0, 0, times, types, 1};

	buf_add(out, "TZif2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
	for (size_t i = 0; i < 6; i++)
		put_number(out, (int64_t)counts[i], 4);
}

static void put_types(struct buf *out, const struct model *m, size_t types)
{
	for (size_t i = 0; i < types; i++) {
		put_number(out, m->offsets[i], 4);
		put_number(out, 0, 2);
	}
	buf_add_char(out, '\0');
}

static void put_file(struct buf *out, const struct model *m, const uint8_t *kinds, const char *rule)
{
	put_header(out, 0, 1);
	put_types(out, m, 1);
	put_header(out, m->n, TYPES);
	for (size_t i = 0; i < m->n; i++)
		put_number(out, m->table[i].at, 8);
	buf_add(out, kinds, m->n);
	put_types(out, m, TYPES);
	buf_addf(out, "\n%s\n", rule);
}

/* --- Checks --- */

static void check_time(const struct tz *tz, struct model *m, int64_t local)
{
	int64_t want, got;

	if (local < WHEN_MIN / WHEN_S || local > WHEN_MAX / WHEN_S)
		return;
	m->odd = false;
	want = model_utc(m, local);
	got = tz_utc(tz, local * WHEN_S + 7);
	must(m->odd || got == want * WHEN_S + 7, "%lld is %lld, not %lld", (long long)local,
	     (long long)got, (long long)want);
}

static void check_around(const struct tz *tz, struct model *m, int64_t at)
{
	static const int64_t steps[] = {-3 * DAY, -HOUR, -1, 0, 1, HOUR - 1, HOUR, 3 * DAY};

	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
		check_time(tz, m, at + m->rule.standard + steps[i]);
		check_time(tz, m, at + m->rule.summer + steps[i]);
		check_time(tz, m, at + m->offsets[2] + steps[i]);
		check_time(tz, m, at + m->offsets[3] + steps[i]);
	}
}

static void check_year(const struct tz *tz, struct model *m, int64_t year)
{
	int64_t at[2], start = days_before(year) * DAY;
	size_t n = 0;

	look_near(m, year);
	for (; n < 2 && n + 4 < m->nnear; n++)
		at[n] = m->near[n + 4].at;
	while (n--)
		check_around(tz, m, at[n]);
	for (int month = 0; month < 12; month++)
		check_time(tz, m, start + month * INT64_C(30) * DAY);
}

static void check_zone(const struct tz *tz, struct model *m)
{
	static const int64_t years[] = {1, 1600, 1969, 2000, 2399, 2401, 3000, 9998};

	for (size_t i = 0; i < m->n; i++)
		check_around(tz, m, m->table[i].at);
	for (size_t i = 0; i < sizeof years / sizeof years[0]; i++)
		check_year(tz, m, years[i]);
	if (m->n)
		check_year(tz, m, year_of(m->table[m->n - 1].at) + 2400);
}

/* The rule, and a table of changes by steps of some days: three bytes and one that says to which of the offsets. */
static void check_rule(struct input *in)
{
	struct model m = {.year = INT64_MIN};
	char *rule = text_of(input_until(in, '\n'));
	uint8_t kinds[TABLE_MAX];
	int64_t at = -(int64_t)input_byte(in) * 365 * DAY;
	struct buf file = BUF_INIT;
	struct tz *tz;

	if (tz_rule_parse(&m.rule, rule)) {
		m.offsets[0] = m.offsets[1] = m.rule.standard;
		m.offsets[2] = 5 * HOUR + 1800;
		m.offsets[3] = -FURTHEST;
		while (m.n < TABLE_MAX && in->p < in->end) {
			unsigned type = kinds[m.n] = (uint8_t)input_below(in, TYPES);

			at += APART +
			      (input_byte(in) << 16 | input_byte(in) << 8 | input_byte(in)) * 10;
			m.table[m.n++] = (struct model_change){at, m.offsets[type]};
		}
		put_file(&file, &m, kinds, rule);
		tz = tz_read(buf_slice(&file));
		must(tz, "%s is no rule", rule);
		check_zone(tz, &m);
		tz_free(tz);
	}
	buf_free(&file);
	free(rule);
}

static void check_bytes(struct slice file)
{
	struct tz *tz = tz_read(file);

	for (int64_t year = 0; tz && year < 10000; year += 90) {
		int64_t local = when_days(year, 1 + (int)year % 12, 1) * DAY * WHEN_S;
		int64_t shift = tz_utc(tz, local) - local;

		must(shift >= -FURTHEST * WHEN_S && shift <= FURTHEST * WHEN_S, "%lld us from UTC",
		     (long long)shift);
	}
	tz_free(tz);
}

/* f and a file; r and a rule, a newline, the table. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, data + size};

	switch (input_byte(&in)) {
	case 'f':
		check_bytes(input_rest(&in));
		break;
	case 'r':
		check_rule(&in);
		break;
	}
	return 0;
}
