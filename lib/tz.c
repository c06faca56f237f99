#include "tz.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "mem.h"
#include "tz_priv.h"
#include "when.h"

enum {
	FILE_MAX = 1 << 20,
	HEADER = 44,
	DAY = 24 * 3600,
	ERA_YEARS = 400, /* after which the calendar, and so the rule, repeats itself */
};

static const int64_t era = INT64_C(146097) * DAY;

/* No clock is further from UTC, and times of the table are from the Big Bang on. */
static const int64_t offset_max = INT64_C(26) * 3600, time_max = INT64_C(1) << 59;

/* From `at` on the clocks are `offset` east of UTC. In UTC while the table is made, then by the clocks before. */
struct change {
	int64_t at, offset; /* seconds */
};

struct tz {
	int64_t first; /* the offset before the first change */
	struct change *v;
	size_t n, cap;
	bool repeats;  /* the last ERA_YEARS of the table do */
	int64_t until; /* the end of the table */
};

/* --- The file --- */

struct reader {
	const unsigned char *p;
	size_t left;
};

static const unsigned char *take(struct reader *r, size_t n)
{
	const unsigned char *p = r->p;

	if (n > r->left)
		return NULL;
	r->p += n;
	r->left -= n;
	return p;
}

static int64_t number(const unsigned char *p, size_t bytes)
{
	uint64_t n = bytes && p[0] & 0x80 ? ~UINT64_C(0) : 0;

	for (size_t i = 0; i < bytes; i++)
		n = n << 8 | p[i];
	return (int64_t)n;
}

/* What a header counts. */
struct counts {
	size_t utc, standard, leap, time, type, chars;
};

static bool take_header(struct reader *r, struct counts *c)
{
	const unsigned char *p = take(r, HEADER);
	size_t *const n[] = {&c->utc, &c->standard, &c->leap, &c->time, &c->type, &c->chars};

	if (!p || memcmp(p, "TZif", 4) != 0 || p[4] < '2')
		return false;
	for (size_t i = 0; i < 6; i++)
		*n[i] = (size_t)number(p + 20 + 4 * i, 4) & UINT32_MAX;
	return true;
}

static bool skip_rest(struct reader *r, const struct counts *c, size_t time_size)
{
	return take(r, c->chars + c->leap * (time_size + 4) + c->standard + c->utc);
}

static void add_change(struct tz *tz, int64_t utc, int64_t offset)
{
	tz->v = mem_grow(tz->v, &tz->cap, tz->n + 1, sizeof *tz->v);
	tz->v[tz->n++] = (struct change){utc, offset};
}

static bool take_offsets(struct reader *r, const struct counts *c, const unsigned char **types)
{
	*types = take(r, c->type * 6);
	for (size_t i = 0; *types && i < c->type; i++) {
		int64_t offset = number(*types + 6 * i, 4);

		if (offset < -offset_max || offset > offset_max)
			return false;
	}
	return *types && c->type;
}

static bool take_table(struct tz *tz, struct reader *r, const struct counts *c)
{
	const unsigned char *times = take(r, c->time * 8), *kinds = take(r, c->time), *types;
	int64_t last = -time_max - 1;

	if (!times || !kinds || !take_offsets(r, c, &types))
		return false;
	tz->first = number(types, 4);
	for (size_t i = 0; i < c->time; i++) {
		int64_t utc = number(times + 8 * i, 8);

		if (kinds[i] >= c->type || utc <= last || utc > time_max)
			return false;
		add_change(tz, utc, number(types + (size_t)6 * kinds[i], 4));
		last = utc;
	}
	return true;
}

/* --- Years that the file does not have --- */

static int64_t year_of(int64_t seconds)
{
	int64_t year = 1970 + seconds / (era / ERA_YEARS) + 1;

	while (when_days(year, 1, 1) * DAY > seconds)
		year--;
	return year;
}

/* The table has the first ones of its last year already, perhaps. Of two at one time the second counts: so summer may be all year. */
static void add_by_rule(struct tz *tz, int64_t utc, int64_t offset)
{
	if (tz->n && utc == tz->v[tz->n - 1].at)
		tz->v[tz->n - 1].offset = offset;
	else if (!tz->n || utc > tz->v[tz->n - 1].at)
		add_change(tz, utc, offset);
}

static void add_year(struct tz *tz, const struct tz_rule *rule, int64_t year)
{
	int64_t to_summer = tz_change_in(&rule->to_summer, year) - rule->standard;
	int64_t to_standard = tz_change_in(&rule->to_standard, year) - rule->summer;

	if (to_standard < to_summer)
		add_by_rule(tz, to_standard, rule->standard);
	add_by_rule(tz, to_summer, rule->summer);
	if (to_standard > to_summer)
		add_by_rule(tz, to_standard, rule->standard);
}

/* Where clocks go back or forward, both times count as before the change. */
static void set_local(struct tz *tz)
{
	int64_t before = tz->first;

	for (size_t i = 0; i < tz->n; i++) {
		struct change *c = &tz->v[i];

		c->at += before > c->offset ? before : c->offset;
		before = c->offset;
	}
}

static bool take_rule(struct tz *tz, struct reader *r)
{
	const char *p = (const char *)r->p, *end;
	struct tz_rule rule;
	char *text;
	bool good;
	int64_t year;

	if (!r->left || *p != '\n' || !(end = memchr(p + 1, '\n', r->left - 1)))
		return false;
	if (end == p + 1)
		return true;
	text = mem_dup(p + 1, (size_t)(end - p - 1));
	good = tz_rule_parse(&rule, text);
	free(text);
	if (!good || !rule.changes)
		return good;
	/* Without a table it is for all times that texts can tell. Of the table's last year there may be a part only. */
	year = tz->n ? year_of(tz->v[tz->n - 1].at) : -1;
	for (int64_t last = year + ERA_YEARS + 1; year <= last; year++)
		add_year(tz, &rule, year);
	tz->repeats = true;
	return true;
}

static bool read_all(struct tz *tz, struct reader r)
{
	struct counts c;

	/* The first table is in 32 bits, for others. */
	return take_header(&r, &c) && take(&r, c.time * 5 + c.type * 6) && skip_rest(&r, &c, 4) &&
	       take_header(&r, &c) && take_table(tz, &r, &c) && skip_rest(&r, &c, 8) &&
	       take_rule(tz, &r);
}

struct tz *tz_read(struct slice file)
{
	struct tz *tz = mem_zalloc(1, sizeof *tz);

	if (!read_all(tz, (struct reader){(const unsigned char *)file.ptr, file.len})) {
		tz_free(tz);
		return NULL;
	}
	set_local(tz);
	tz->until = tz->n ? tz->v[tz->n - 1].at : 0;
	return tz;
}

/* --- Opening --- */

static int read_file(const char *path, struct buf *data)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = 0;

	if (fd < 0)
		return -1;
	do {
		buf_reserve(data, 4096);
		n = read(fd, data->data + data->len, 4096);
		if (n > 0)
			data->len += (size_t)n;
	} while (n > 0 && data->len < FILE_MAX);
	close(fd);
	return n < 0 ? -1 : 0;
}

struct tz *tz_open(const char *name, struct buf *err)
{
	const char *dir = getenv("TZDIR");
	struct tz *tz = NULL;
	struct buf path = BUF_INIT, data = BUF_INIT;

	buf_addf(&path, "%s/%s", dir && *dir ? dir : "/usr/share/zoneinfo", name);
	/* A zone is a name, not a way out of the database. */
	if (!*name || *name == '/' || strstr(name, ".."))
		buf_setf(err, "'%s' is no time zone's name", name);
	else if (read_file(buf_str(&path), &data) < 0)
		buf_setf(err, "no time zone '%s': %s: %s", name, buf_str(&path), strerror(errno));
	else if (!(tz = tz_read(buf_slice(&data))))
		buf_setf(err, "%s is no time zone", buf_str(&path));
	buf_free(&path);
	buf_free(&data);
	return tz;
}

void tz_free(struct tz *tz)
{
	if (tz)
		free(tz->v);
	free(tz);
}

/* --- Local time --- */

static int64_t offset_at(const struct tz *tz, int64_t local)
{
	size_t lo = 0, hi = tz->n;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (tz->v[mid].at <= local)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo ? tz->v[lo - 1].offset : tz->first;
}

int64_t tz_utc(const struct tz *tz, int64_t local)
{
	int64_t seconds = local / WHEN_S - (local % WHEN_S < 0);

	if (tz->repeats && seconds >= tz->until)
		seconds -= ((seconds - tz->until) / era + 1) * era;
	return local - offset_at(tz, seconds) * WHEN_S;
}
