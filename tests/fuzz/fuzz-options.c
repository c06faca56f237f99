/*
 * Values of options: what is taken is the value that a plain model reads, and what it is printed as
 * is taken again as the same; what is not taken has a reason. And windows, which durations make,
 * against a search through all of them.
 */
#include "fuzz.h"

#include "csvio.h"
#include "kafka.h"
#include "num.h"
#include "when.h"
#include "window.h"

/* --- Durations: the sum of NUMBER UNIT, in 10^-18 microseconds --- */

#define ATTO ((unsigned __int128)1000000000 * 1000000000)

static uint64_t unit_of(const char **p)
{
	static const struct {
		const char *name;
		uint64_t us;
	} units[] = {
		{"us", 1},          {"ms", 1000},        {"s", 1000000},       {"m", 60000000},
		{"h", 3600000000u}, {"d", 86400000000u}, {"w", 604800000000u},
	};
	size_t n = strspn(*p, "abcdefghijklmnopqrstuvwxyz");

	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
		if (strlen(units[i].name) == n && strncmp(units[i].name, *p, n) == 0) {
			*p += n;
			return units[i].us;
		}
	}
	return 0;
}

/* One NUMBER UNIT. False when it is not one, out of range, or not whole microseconds. */
static bool model_quantity(const char **p, uint64_t *us)
{
	unsigned __int128 whole = 0, part = 0, scale = ATTO, total;
	const char *first = *p;
	bool tiny = false;
	uint64_t unit;

	for (; **p >= '0' && **p <= '9'; ++*p)
		if (whole < ATTO * 10)
			whole = whole * 10 + (unsigned)(**p - '0');
	if (*p == first)
		return false;
	if (**p == '.') {
		first = ++*p;
		for (; **p >= '0' && **p <= '9'; ++*p) {
			scale /= 10;
			part += (unsigned)(**p - '0') * scale;
			tiny |= !scale && **p != '0';
		}
		if (*p == first)
			return false;
	}
	unit = unit_of(p);
	if (!unit || tiny || whole >= ATTO * 10)
		return false;
	total = whole * unit + part * unit / ATTO;
	*us = (uint64_t)total;
	return part * unit % ATTO == 0 && total == *us;
}

static bool model_duration(const char *p, int64_t *us)
{
	bool neg = *p == '-';
	unsigned __int128 sum = 0;
	uint64_t one;

	p += neg;
	if (strcmp(p, "0") != 0) {
		do {
			if (!model_quantity(&p, &one))
				return false;
			sum += one;
		} while (*p);
	}
	if (sum > (unsigned __int128)INT64_MAX + neg)
		return false;
	*us = (int64_t)(neg ? 0 - (uint64_t)sum : (uint64_t)sum);
	return true;
}

static void check_duration(char *text)
{
	int64_t got = 7, want = 7, again;
	bool good = when_duration(text, &got);
	struct buf out = BUF_INIT;

	must(good == model_duration(text, &want), "a duration: %d", good);
	must(got == want, "%s is %lld, not %lld", text, (long long)got, (long long)want);
	when_put_duration(&out, got);
	must(when_duration(out.data, &again) && again == got, "%lld prints as %s", (long long)got,
	     out.data);
	buf_free(&out);
}

/* --- Numbers --- */

static void check_int(char *text)
{
	const char *p = text + (*text == '-' || *text == '+');
	size_t n = strspn(p, "0123456789");
	__int128 want = 0;
	int64_t got = 7;
	bool good = num_int64(text, &got), number = n && !p[n];

	for (; number && *p; p++)
		if (want < (__int128)INT64_MAX * 10)
			want = want * 10 + (*p - '0');
	want = *text == '-' ? -want : want;
	number = number && want >= INT64_MIN && want <= INT64_MAX;
	must(good == number, "an integer: %d", good);
	must(got == (good ? (int64_t)want : 7), "%s is %lld", text, (long long)got);
}

static void check_size(char *text)
{
	static const struct {
		const char *name;
		int shift;
	} units[] = {
		{"", 0},     {"k", 10}, {"kiB", 10}, {"K", 10}, {"KiB", 10}, {"M", 20},
		{"MiB", 20}, {"G", 30}, {"GiB", 30}, {"T", 40}, {"TiB", 40},
	};
	size_t n = strspn(text, "0123456789");
	unsigned __int128 want = 0;
	uint64_t got = 7;
	bool good = num_size(text, &got), size = false;
	struct buf out = BUF_INIT;
	uint64_t again;

	for (size_t i = 0; i < n; i++)
		if (want <= UINT64_MAX)
			want = want * 10 + (unsigned)(text[i] - '0');
	for (size_t i = 0; n && i < sizeof units / sizeof units[0]; i++) {
		if (strcmp(text + n, units[i].name) == 0) {
			size = true;
			want <<= units[i].shift;
		}
	}
	size = size && want <= UINT64_MAX;
	must(good == size, "a size: %d", good);
	must(got == (good ? (uint64_t)want : 7), "%s is %llu", text, (unsigned long long)got);
	buf_addf(&out, "%llu", (unsigned long long)got);
	must(num_size(out.data, &again) && again == got, "%s is not %s", text, out.data);
	buf_free(&out);
}

/* --- Offsets --- */

static void put_point(struct buf *out, const struct kafka_point *pt)
{
	static const char *const names[] = {
		[KAFKA_BEGINNING] = "beginning", [KAFKA_END] = "end", [KAFKA_STORED] = "stored"};

	switch (pt->place) {
	case KAFKA_OFFSET:
		buf_addf(out, "%lld", (long long)pt->n);
		break;
	case KAFKA_AFTER:
		buf_addf(out, "+%lld", (long long)pt->n);
		break;
	case KAFKA_BEFORE:
		buf_addf(out, "-%lld", (long long)pt->n);
		break;
	case KAFKA_TIME:
		when_put(out, pt->n * 1000);
		break;
	default:
		buf_add_str(out, names[pt->place]);
	}
}

static bool is_time(bool has, const struct kafka_point *pt)
{
	return has && pt->place == KAFKA_TIME;
}

/* Can a timestamp's text say it? */
static bool is_writable(bool has, const struct kafka_point *pt)
{
	return !is_time(has, pt) || (pt->n >= WHEN_MIN / 1000 && pt->n <= WHEN_MAX / 1000);
}

static void put_range(struct buf *out, const struct kafka_range *r)
{
	bool from_time = is_time(r->has_from, &r->from), to_time = is_time(r->has_to, &r->to);
	bool kcat = to_time && (!r->has_from || from_time);

	if (r->has_from) {
		buf_add_str(out, kcat ? "s@" : from_time ? "@" : "");
		put_point(out, &r->from);
	}
	if (r->has_to) {
		buf_add_str(out, kcat ? (r->has_from ? ",e@" : "e@") : to_time ? ":@" : ":");
		put_point(out, &r->to);
	}
}

static bool same_point(bool has, const struct kafka_point *a, const struct kafka_point *b)
{
	return !has || (a->place == b->place && a->n == b->n);
}

static void check_point(bool has, const struct kafka_point *pt)
{
	static const int64_t ends[][3] = {
		{0, 0, -1},
		{0, 10, 3},
		{5, 9, 20},
		{5, 9, 2},
		{0, INT64_MAX, INT64_MAX},
		{INT64_MAX - 1, INT64_MAX, -1},
	};

	if (!has || pt->place == KAFKA_STORED)
		return;
	must(pt->n >= 0 || pt->place == KAFKA_TIME, "a negative offset");
	for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
		int64_t low = ends[i][0], high = ends[i][1];
		int64_t at = kafka_point_offset(pt, low, high, ends[i][2]);

		if (pt->place == KAFKA_OFFSET)
			must(at == pt->n, "offset %lld", (long long)at);
		else
			must(at >= low && at <= high, "offset %lld", (long long)at);
	}
}

static void check_range(char *text)
{
	const int64_t now = INT64_C(1713712245123456);
	struct kafka_range r = {0}, again = {0};
	struct buf err = BUF_INIT, out = BUF_INIT;

	if (kafka_range_parse(&r, text, now, &err) < 0) {
		must(err.len, "no reason");
	} else {
		must(r.has_from || r.has_to, "nothing said");
		check_point(r.has_from, &r.from);
		check_point(r.has_to, &r.to);
		if (is_writable(r.has_from, &r.from) && is_writable(r.has_to, &r.to)) {
			put_range(&out, &r);
			must(kafka_range_parse(&again, out.data, now, &err) == 0 &&
				     again.has_from == r.has_from && again.has_to == r.has_to &&
				     same_point(r.has_from, &r.from, &again.from) &&
				     same_point(r.has_to, &r.to, &again.to),
			     "%s is not %s: %s", text, out.data, buf_str(&err));
		}
	}
	buf_free(&err);
	buf_free(&out);
}

static void check_partitions(char *text)
{
	struct kafka_partitions list, again;
	struct buf err = BUF_INIT, out = BUF_INIT;

	if (kafka_partitions_parse(&list, text, &err) < 0) {
		must(err.len, "no reason");
		buf_free(&err);
		return;
	}
	must(list.n, "no partition");
	for (size_t i = 0; i < list.n; i++) {
		const struct kafka_span *s = &list.v[i];

		must(s->first >= 0 && s->first <= s->last, "span %d-%d", s->first, s->last);
		must(!i || s->first - 1 > list.v[i - 1].last, "spans touch at %d", s->first);
		must(kafka_partitions_has(&list, s->first) &&
			     kafka_partitions_has(&list, s->last) &&
			     !kafka_partitions_has(&list, s->first - 1),
		     "the ends of %d-%d", s->first, s->last);
		buf_addf(&out, "%s%d-%d", i ? "," : "", s->first, s->last);
	}
	must(kafka_partitions_parse(&again, out.data, &err) == 0 && again.n == list.n &&
		     memcmp(again.v, list.v, list.n * sizeof *list.v) == 0,
	     "%s is not %s", text, out.data);
	kafka_partitions_free(&list);
	kafka_partitions_free(&again);
	buf_free(&out);
}

/* --- Text for Kafka --- */

static void check_escapes(char *text)
{
	struct buf bytes = BUF_INIT, hex = BUF_INIT, again = BUF_INIT, err = BUF_INIT;

	if (kafka_unescape(text, &bytes, &err) < 0) {
		must(err.len, "no reason");
	} else {
		for (size_t i = 0; i < bytes.len; i++)
			buf_addf(&hex, "\\x%02x", (unsigned char)bytes.data[i]);
		must(kafka_unescape(buf_str(&hex), &again, &err) == 0 &&
			     slice_eq(buf_slice(&bytes), buf_slice(&again)),
		     "%s is not %s", text, buf_str(&hex));
		must(strchr(text, '\\') || slice_is(buf_slice(&bytes), text), "%s is changed",
		     text);
	}
	buf_free(&bytes);
	buf_free(&hex);
	buf_free(&again);
	buf_free(&err);
}

/* A format twice over prints the same twice over. What stands between ends a number of an escape. */
static void check_format(char *text)
{
	static const struct rec_header headers[] = {{{"h", 1}, {"v", 1}}, {{"", 0}, {NULL, 0}}};
	const struct rec rec = {.topic = {"t", 1},
				.partition = 3,
				.offset = 7,
				.timestamp = 1713712245123,
				.key = {"k", 1},
				.value = {"v\0w", 3},
				.headers = headers,
				.nheaders = 2};
	struct buf once = BUF_INIT, twice = BUF_INIT, both = BUF_INIT, err = BUF_INIT;
	struct kafka_format *f = kafka_format_new(text, "NULL", &err), *g;

	if (!f) {
		must(err.len, "no reason");
		buf_free(&err);
		return;
	}
	buf_addf(&both, "%s|%s", text, text);
	g = kafka_format_new(both.data, "NULL", &err);
	must(g, "%s: %s", both.data, buf_str(&err));
	kafka_format_put(f, &rec, &once);
	buf_add_char(&once, '|');
	kafka_format_put(f, &rec, &once);
	kafka_format_put(g, &rec, &twice);
	must(slice_eq(buf_slice(&once), buf_slice(&twice)), "%s prints otherwise", both.data);
	must(kafka_format_has_headers(f) == kafka_format_has_headers(g), "headers");
	kafka_format_free(f);
	kafka_format_free(g);
	buf_free(&once);
	buf_free(&twice);
	buf_free(&both);
}

/* --- CSV --- */

static void check_dialect(char *text)
{
	char *quote = strchr(text, ' ');
	struct csv_dialect d = {'?', '?'};
	struct buf err = BUF_INIT;

	if (quote)
		*quote++ = '\0';
	if (csv_dialect_parse(&d, text, quote, false, &err))
		must(d.delim != d.quote && (d.delim == text[0] || d.delim == '\t') &&
			     (!quote || d.quote == quote[0] || d.quote == '\t'),
		     "delimiter %#x, quote %#x", d.delim, d.quote);
	else
		must(err.len && d.delim == '?' && d.quote == '?', "no reason");
	buf_free(&err);
}

static void check_names(char *text)
{
	const struct csv_dialect dialect = {',', '"'};
	struct csv_names names = {0}, again = {0};
	struct buf err = BUF_INIT, out = BUF_INIT;
	size_t repeated, first = 0;

	if (!csv_names_parse(&names, text, &err)) {
		must(err.len, "no reason");
		buf_free(&err);
		return;
	}
	must(names.n, "no names");
	for (size_t i = 0; i < names.n; i++) {
		if (i)
			buf_add_char(&out, ',');
		csv_put_cell(&out, dialect, names.v[i], false);
	}
	must(csv_names_parse(&again, buf_str(&out), &err) && again.n == names.n, "%s: %s",
	     buf_str(&out), buf_str(&err));
	for (size_t i = 0; i < names.n; i++)
		must(slice_eq(names.v[i], again.v[i]), "name %zu of %s", i, buf_str(&out));
	repeated = csv_names_repeated(&names);
	while (first < names.n && csv_names_find(&names, names.v[first]) == first)
		first++;
	must(repeated == first, "name %zu is the first that is repeated, not %zu", first, repeated);
	csv_names_free(&names);
	csv_names_free(&again);
	buf_free(&out);
}

/* --- Windows --- */

enum { WINDOWS = 64 };

/* All windows that hold t, by their end; the grid's marks far enough before t are tried in turn. */
static size_t model_windows(const struct window *w, int64_t t, struct span out[])
{
	__int128 step = w->kind == WINDOW_HOP ? w->step : w->size, start = w->align % step, end;
	size_t n = 0;

	start += ((__int128)t - start) / step * step - (WINDOWS + 2) * step;
	for (; start <= t; start += step) {
		__int128 first = w->kind == WINDOW_CUMULATE ? w->step : w->size;

		if (start + w->size <= t)
			continue;
		for (end = start + first; end <= start + w->size; end += first) {
			if (start < WHEN_MIN || start + w->size > WHEN_MAX)
				return 0;
			if (end > t)
				out[n++] = (struct span){(int64_t)start, (int64_t)end};
		}
	}
	return n;
}

/* SIZE STEP ALIGN TIME, all durations. */
static void check_windows(const char *text, enum window_kind kind)
{
	struct input in = {(const uint8_t *)text, (const uint8_t *)text + strlen(text)};
	struct span want[WINDOWS + 1], s;
	struct window w = {.kind = kind};
	int64_t n[4];
	size_t due, got = 0;

	for (int i = 0; i < 4; i++) {
		char *one = text_of(input_until(&in, ' '));
		bool good = when_duration(one, &n[i]);

		free(one);
		if (!good)
			return;
	}
	w.size = n[0];
	w.step = n[1];
	w.align = n[2];
	if (w.size <= 0 || w.step <= 0 || w.step > w.size || window_most(&w) > WINDOWS ||
	    (kind == WINDOW_CUMULATE && w.size % w.step))
		return;
	due = model_windows(&w, n[3], want);
	for (bool more = window_first(&w, n[3], &s); more; more = window_next(&w, n[3], &s)) {
		must(got < due && s.start == want[got].start && s.end == want[got].end,
		     "window %zu of %zu is %lld to %lld", got, due, (long long)s.start,
		     (long long)s.end);
		got++;
	}
	must(got == due && (int64_t)got <= window_most(&w), "%zu windows, not %zu", got, due);
}

/* A letter that says what it is; then its text. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct {
		char letter;
		void (*check)(char *text);
	} kinds[] = {
		{'d', check_duration}, {'i', check_int},        {'s', check_size},
		{'o', check_range},    {'p', check_partitions}, {'e', check_escapes},
		{'f', check_format},   {'q', check_dialect},    {'n', check_names},
	};
	static const char windows[] = "thc";
	struct input in = {data, data + size};
	char letter = (char)input_byte(&in), *text = text_of(input_rest(&in));
	const char *window = letter ? strchr(windows, letter) : NULL;

	if (window)
		check_windows(text, (enum window_kind)(window - windows));
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		if (kinds[i].letter == letter)
			kinds[i].check(text);
	}
	free(text);
	return 0;
}
