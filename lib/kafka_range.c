#include "kafka.h"

#include <stdlib.h>

#include "mem.h"
#include "num.h"
#include "when.h"

/* --- Numbers --- */

/* Digits only, without a sign. */
static bool parse_count(struct slice s, int64_t *n)
{
	char *text;
	bool good;

	if (!s.len || s.ptr[0] < '0' || s.ptr[0] > '9')
		return false;
	text = mem_dup(s.ptr, s.len);
	good = num_int64(text, n);
	free(text);
	return good;
}

/* --- Times --- */

/* Timestamps are whole milliseconds: the first that is not before t. */
static int64_t to_ms(int64_t us)
{
	int64_t ms = us / WHEN_MS;

	return us % WHEN_MS > 0 ? ms + 1 : ms;
}

static bool parse_ago(const char *text, int64_t now, int64_t *us)
{
	int64_t back;

	return text[0] == '-' && when_duration(text, &back) && back <= 0 &&
	       !__builtin_add_overflow(now, back, us);
}

static bool parse_number_time(struct slice s, enum when_unit unit, int64_t *us)
{
	struct dec d;

	if (!s.len || s.ptr[0] == '-' || !dec_parse(&d, s.ptr, s.len))
		return false;
	return when_number(&d, unit == WHEN_AUTO ? when_unit_of(&d) : unit, us);
}

/* unit: of a bare number. */
static bool parse_time(struct slice s, enum when_unit unit, int64_t now, struct kafka_point *pt)
{
	char *text = mem_dup(s.ptr, s.len);
	int64_t us;
	bool good = parse_ago(text, now, &us) || parse_number_time(s, unit, &us) ||
		    when_parse(s.ptr, s.len, &us);

	free(text);
	if (good)
		*pt = (struct kafka_point){KAFKA_TIME, to_ms(us)};
	return good;
}

/* --- Points --- */

static bool parse_point(struct slice s, struct kafka_point *pt)
{
	static const struct {
		const char *name;
		enum kafka_place place;
	} names[] = {
		{"beginning", KAFKA_BEGINNING},
		{"end", KAFKA_END},
		{"stored", KAFKA_STORED},
	};
	enum kafka_place place = KAFKA_OFFSET;

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		if (slice_is(s, names[i].name)) {
			*pt = (struct kafka_point){names[i].place, 0};
			return true;
		}
	}
	if (s.len && (s.ptr[0] == '-' || s.ptr[0] == '+')) {
		place = s.ptr[0] == '-' ? KAFKA_BEFORE : KAFKA_AFTER;
		s = slice_of(s.ptr + 1, s.len - 1);
	}
	*pt = (struct kafka_point){place, 0};
	return parse_count(s, &pt->n);
}

/* --- Ranges --- */

static struct slice cut(struct slice s, size_t from, size_t to)
{
	return slice_of(s.ptr + from, to - from);
}

static int bad(struct buf *err, struct slice s, const char *why)
{
	buf_setf(err, "-o: '%.*s' %s", (int)s.len, s.ptr, why);
	return -1;
}

static void set_from(struct kafka_range *r, struct kafka_point pt)
{
	r->has_from = true;
	r->from = pt;
}

static void set_to(struct kafka_range *r, struct kafka_point pt)
{
	r->has_to = true;
	r->to = pt;
}

/* The end of a range: a point, or @T. */
static bool parse_end(struct slice s, int64_t now, struct kafka_point *pt)
{
	if (s.len && s.ptr[0] == '@')
		return parse_time(cut(s, 1, s.len), WHEN_AUTO, now, pt);
	return parse_point(s, pt) && pt->place != KAFKA_STORED;
}

/* FROM, FROM:TO, :TO */
static int parse_places(struct kafka_range *r, struct slice s, int64_t now, struct buf *err)
{
	const char *colon = memchr(s.ptr, ':', s.len);
	size_t at = colon ? (size_t)(colon - s.ptr) : s.len;
	struct kafka_point from, to;

	if (at && !parse_point(cut(s, 0, at), &from))
		return bad(err, s,
			   "is not an offset (beginning, end, stored, N, -N, +N, N:M, @TIME)");
	if (colon && !parse_end(cut(s, at + 1, s.len), now, &to))
		return bad(err, s, "does not name an end (N, -N, +N, end, @TIME)");
	if (colon && at && from.place == KAFKA_OFFSET && to.place == KAFKA_OFFSET && to.n < from.n)
		return bad(err, s, "ends before it begins");
	if (at)
		set_from(r, from);
	if (colon)
		set_to(r, to);
	return 0;
}

/* So long after a time: 1h, +1h. */
static bool parse_length(struct slice s, const struct kafka_point *from, struct kafka_point *pt)
{
	char *text = mem_dup(s.ptr, s.len);
	int64_t us, ms = 0;
	bool good = s.len && s.ptr[0] != '-' && when_duration(text + (s.ptr[0] == '+'), &us) &&
		    us >= 0 && !__builtin_add_overflow(from->n, to_ms(us), &ms);

	free(text);
	*pt = (struct kafka_point){KAFKA_TIME, ms};
	return good;
}

/* The end of a range of times: @T or T, so long after its beginning, or "end". */
static bool parse_time_end(struct slice s, int64_t now, const struct kafka_point *from,
			   struct kafka_point *pt)
{
	if (slice_is(s, "end")) {
		*pt = (struct kafka_point){KAFKA_END, 0};
		return true;
	}
	if (s.len && s.ptr[0] == '@')
		s = cut(s, 1, s.len);
	return parse_time(s, WHEN_AUTO, now, pt) || parse_length(s, from, pt);
}

/* T, T:T. Times hold colons themselves: the first one that leaves two times parts them. */
static int parse_times(struct kafka_range *r, struct slice s, int64_t now, struct buf *err)
{
	struct kafka_point from, to;

	if (parse_time(s, WHEN_AUTO, now, &from)) {
		set_from(r, from);
		return 0;
	}
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] != ':' || !parse_time(cut(s, 0, i), WHEN_AUTO, now, &from) ||
		    !parse_time_end(cut(s, i + 1, s.len), now, &from, &to))
			continue;
		if (to.place == KAFKA_TIME && to.n < from.n)
			return bad(err, s, "ends before it begins");
		set_from(r, from);
		set_to(r, to);
		return 0;
	}
	return bad(err, s, "is not a time or a range of times (RFC 3339, a number, -1h)");
}

/* kcat's s@T and e@T, with a comma between them. */
static int parse_kcat(struct kafka_range *r, struct slice s, int64_t now, struct buf *err)
{
	while (s.len) {
		const char *comma = memchr(s.ptr, ',', s.len);
		size_t len = comma ? (size_t)(comma - s.ptr) : s.len;
		struct slice one = cut(s, 0, len);
		struct kafka_point pt;

		if (len < 2 || (s.ptr[0] != 's' && s.ptr[0] != 'e') || s.ptr[1] != '@' ||
		    !parse_time(cut(one, 2, len), WHEN_MILLIS, now, &pt))
			return bad(err, one, "is not s@TIME or e@TIME");
		if (s.ptr[0] == 's')
			set_from(r, pt);
		else
			set_to(r, pt);
		s = cut(s, comma ? len + 1 : len, s.len);
	}
	return 0;
}

int kafka_range_parse(struct kafka_range *r, const char *text, int64_t now, struct buf *err)
{
	struct slice s = slice_str(text);

	if (s.len > 1 && s.ptr[0] != ':' && s.ptr[1] == '@')
		return parse_kcat(r, s, now, err);
	if (s.len && s.ptr[0] == '@')
		return parse_times(r, cut(s, 1, s.len), now, err);
	if (!s.len)
		return bad(err, s, "is empty");
	return parse_places(r, s, now, err);
}

/* --- Ranges of some partitions --- */

static void lay_over(struct kafka_range *r, const struct kafka_range *over)
{
	if (over->has_from)
		set_from(r, over->from);
	if (over->has_to)
		set_to(r, over->to);
}

int kafka_ranges_add(struct kafka_ranges *ranges, const char *text, int64_t now, struct buf *err)
{
	const char *eq = strchr(text, '=');
	struct kafka_share share = {0};
	struct buf why = BUF_INIT;
	char *list;
	int rc = 0;

	if (eq) {
		list = mem_dup(text, (size_t)(eq - text));
		rc = kafka_partitions_parse(&share.partitions, list, &why);
		if (rc < 0)
			buf_setf(err, "-o: %s", buf_str(&why));
		free(list);
		buf_free(&why);
	}
	if (rc == 0)
		rc = kafka_range_parse(&share.range, eq ? eq + 1 : text, now, err);
	if (rc < 0) {
		kafka_partitions_free(&share.partitions);
		return rc;
	}
	ranges->v = mem_grow(ranges->v, &ranges->cap, ranges->n + 1, sizeof *ranges->v);
	ranges->v[ranges->n++] = share;
	return 0;
}

void kafka_ranges_free(struct kafka_ranges *ranges)
{
	for (size_t i = 0; i < ranges->n; i++)
		kafka_partitions_free(&ranges->v[i].partitions);
	free(ranges->v);
	*ranges = (struct kafka_ranges){0};
}

/* First what holds for all, so that it may stand behind the exceptions. */
struct kafka_range kafka_ranges_of(const struct kafka_ranges *ranges, int32_t id)
{
	struct kafka_range r = {0};

	for (int own = 0; own < 2; own++) {
		for (size_t i = 0; i < ranges->n; i++) {
			const struct kafka_share *s = &ranges->v[i];
			if (own ? kafka_partitions_has(&s->partitions, id) : !s->partitions.n)
				lay_over(&r, &s->range);
		}
	}
	return r;
}

bool kafka_ranges_end(const struct kafka_ranges *ranges)
{
	for (size_t i = 0; i < ranges->n; i++) {
		if (ranges->v[i].range.has_to)
			return true;
	}
	return false;
}

bool kafka_ranges_begin_at(const struct kafka_ranges *ranges, enum kafka_place place)
{
	for (size_t i = 0; i < ranges->n; i++) {
		if (ranges->v[i].range.has_from && ranges->v[i].range.from.place == place)
			return true;
	}
	return false;
}

int64_t kafka_point_offset(const struct kafka_point *pt, int64_t low, int64_t high, int64_t found)
{
	switch (pt->place) {
	case KAFKA_END:
		return high;
	case KAFKA_OFFSET:
		return pt->n;
	case KAFKA_AFTER:
		return pt->n > high - low ? high : low + pt->n;
	case KAFKA_BEFORE:
		return pt->n > high - low ? low : high - pt->n;
	case KAFKA_TIME:
		if (found < 0 || found > high)
			return high;
		return found < low ? low : found;
	default:
		return low;
	}
}

/* --- Partitions --- */

static bool parse_id(struct slice s, int32_t *id)
{
	int64_t n;

	if (!parse_count(s, &n) || n > INT32_MAX)
		return false;
	*id = (int32_t)n;
	return true;
}

static bool parse_span(struct slice s, struct kafka_span *span)
{
	const char *dash = memchr(s.ptr, '-', s.len);
	size_t at = dash ? (size_t)(dash - s.ptr) : s.len;

	if (!parse_id(cut(s, 0, at), &span->first))
		return false;
	span->last = span->first;
	return !dash || (parse_id(cut(s, at + 1, s.len), &span->last) && span->first <= span->last);
}

static int by_first(const void *a, const void *b)
{
	int32_t x = ((const struct kafka_span *)a)->first,
		y = ((const struct kafka_span *)b)->first;

	return (x > y) - (x < y);
}

/* Sorts, and joins what overlaps or touches. */
static void tidy(struct kafka_partitions *list)
{
	size_t n = 0;

	qsort(list->v, list->n, sizeof *list->v, by_first);
	for (size_t i = 0; i < list->n; i++) {
		struct kafka_span s = list->v[i];
		if (n && (int64_t)s.first <= (int64_t)list->v[n - 1].last + 1) {
			if (s.last > list->v[n - 1].last)
				list->v[n - 1].last = s.last;
		} else {
			list->v[n++] = s;
		}
	}
	list->n = n;
}

int kafka_partitions_parse(struct kafka_partitions *list, const char *text, struct buf *err)
{
	struct slice s = slice_str(text);
	size_t cap = 0;

	*list = (struct kafka_partitions){0};
	for (bool more = true; more;) {
		const char *comma = memchr(s.ptr, ',', s.len);
		size_t len = comma ? (size_t)(comma - s.ptr) : s.len;

		list->v = mem_grow(list->v, &cap, list->n + 1, sizeof *list->v);
		if (!parse_span(cut(s, 0, len), &list->v[list->n++])) {
			buf_setf(err, "'%s' is not a list of partitions (like 0,2,5-7)", text);
			kafka_partitions_free(list);
			return -1;
		}
		more = comma != NULL;
		if (more)
			s = cut(s, len + 1, s.len);
	}
	tidy(list);
	return 0;
}

bool kafka_partitions_has(const struct kafka_partitions *list, int32_t id)
{
	for (size_t i = 0; i < list->n; i++) {
		if (id >= list->v[i].first && id <= list->v[i].last)
			return true;
	}
	return false;
}

void kafka_partitions_free(struct kafka_partitions *list)
{
	free(list->v);
	*list = (struct kafka_partitions){0};
}
