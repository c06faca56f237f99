/*
 * gen-json: made-up records for bench/json, one JSON object a line.
 *
 * The same seed gives the same bytes anywhere, and fewer of them are a prefix of more. What is drawn
 * has the shape of real data: few users make most events, time rises and jitters, texts have escapes
 * and letters beyond ASCII, and members are missing or null.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "draw.h"

enum { RECORD_MAX = 64 << 10, PERCENT = 100 };

struct gen {
	uint64_t random; /* state of xorshift64 */
	uint64_t ms;     /* the time, since the epoch */
	size_t len;
	char record[RECORD_MAX];
};

typedef void put_fn(struct gen *g, const void *arg);

/* A member of an object: its name, what puts its value, and how often it is there or null. */
struct member {
	const char *name;
	put_fn *put;
	const void *arg;
	unsigned missing, null; /* percent */
};

/* JSON text without its quotes, and how often it is drawn. The last one is all zero. */
struct word {
	const char *text;
	unsigned percent;
};

struct range {
	unsigned low, high;
};

struct array {
	put_fn *put;
	const void *arg;
	struct range count;
};

static uint64_t draw(struct gen *g)
{
	return draw_from(&g->random);
}

static unsigned draw_below(struct gen *g, unsigned n)
{
	return draw_below_from(&g->random, n);
}

static unsigned draw_in(struct gen *g, struct range r)
{
	return r.low + draw_below(g, r.high - r.low + 1);
}

static bool draw_percent(struct gen *g, unsigned percent)
{
	return percent && draw_below(g, PERCENT) < percent;
}

/* Low ones more often: a tenth of all values makes almost half of the draws. */
static unsigned draw_skewed(struct gen *g, struct range r)
{
	uint64_t x = draw(g) >> 32;
	uint64_t cube = (x * x >> 32) * x >> 32;

	return r.low + (unsigned)(cube * (r.high - r.low + 1) >> 32);
}

static void put(struct gen *g, const char *text)
{
	size_t len = strlen(text);

	if (len > sizeof g->record - g->len)
		abort();
	memcpy(g->record + g->len, text, len);
	g->len += len;
}

static void put_digits(struct gen *g, uint64_t n, unsigned width)
{
	char digits[21];
	char *p = digits + sizeof digits - 1;

	*p = '\0';
	for (unsigned i = 0; n || i < width; i++, n /= 10)
		*--p = (char)('0' + n % 10);
	put(g, p);
}

static void put_time(struct gen *g, const void *arg)
{
	(void)arg;
	put_digits(g, g->ms - draw_below(g, 2000), 1);
}

static void put_int(struct gen *g, const void *arg)
{
	const struct range *r = arg;

	put_digits(g, draw_in(g, *r), 1);
}

static void put_skewed(struct gen *g, const void *arg)
{
	const struct range *r = arg;

	put_digits(g, draw_skewed(g, *r), 1);
}

/* Two decimals, of a skewed number of cents. */
static void put_price(struct gen *g, const void *arg)
{
	const struct range *r = arg;
	unsigned cents = draw_skewed(g, *r);

	put_digits(g, cents / 100, 1);
	put(g, ".");
	put_digits(g, cents % 100, 2);
}

/* "p000123" */
static void put_code(struct gen *g, const void *arg)
{
	const char *prefix = arg;

	put(g, "\"");
	put(g, prefix);
	put_digits(g, draw_skewed(g, (struct range){0, 999999}), 6);
	put(g, "\"");
}

static void put_bool(struct gen *g, const void *arg)
{
	(void)arg;
	put(g, draw_percent(g, 60) ? "true" : "false");
}

static void put_bare_word(struct gen *g, const struct word *word)
{
	unsigned at = draw_below(g, PERCENT);

	while (at >= word->percent && word[1].text) {
		at -= word->percent;
		word++;
	}
	put(g, word->text);
}

static void put_word(struct gen *g, const void *arg)
{
	put(g, "\"");
	put_bare_word(g, arg);
	put(g, "\"");
}

static const struct word prose[] = {
	{"the", 10},       {"and", 6},
	{"a", 6},          {"of", 5},
	{"it", 5},         {"delivery", 5},
	{"quality", 5},    {"really", 5},
	{"colour", 4},     {"arrived", 4},
	{"good", 4},       {"price", 4},
	{"not", 4},        {"works", 4},
	{"caf\\u00e9", 3}, {"\\\"great\\\"", 3},
	{"naïve", 3},      {"Größe", 3},
	{"très", 3},       {"日本語", 3},
	{"it\\u2019s", 3}, {"\\n", 3},
	{"5\\/5", 2},      {"C:\\\\tmp", 2},
	{"😀", 1},          {0},
};

/* As many words as the range says. */
static void put_text(struct gen *g, const void *arg)
{
	const struct range *words = arg;
	unsigned n = draw_in(g, *words);

	put(g, "\"");
	for (unsigned i = 0; i < n; i++) {
		if (i)
			put(g, " ");
		put_bare_word(g, prose);
	}
	put(g, "\"");
}

static void put_array(struct gen *g, const void *arg)
{
	const struct array *a = arg;
	unsigned n = draw_in(g, a->count);

	put(g, "[");
	for (unsigned i = 0; i < n; i++) {
		if (i)
			put(g, ",");
		a->put(g, a->arg);
	}
	put(g, "]");
}

/* The first member is one that is never missing. */
static void put_object(struct gen *g, const void *arg)
{
	const char *before = "{\"";

	for (const struct member *m = arg; m->name; m++) {
		if (draw_percent(g, m->missing))
			continue;
		put(g, before);
		put(g, m->name);
		put(g, "\":");
		if (draw_percent(g, m->null))
			put(g, "null");
		else
			m->put(g, m->arg);
		before = ",\"";
	}
	put(g, "}");
}

static const struct range users = {1, 200000}, cents = {99, 49999}, few = {1, 5};

static const struct word events[] = {
	{"view", 70}, {"cart", 14}, {"buy", 10}, {"favorite", 6}, {0},
};
static const struct word categories[] = {
	{"electronics", 30}, {"books", 22}, {"clothing", 18}, {"home-garden", 13},
	{"toys", 9},         {"music", 5},  {"tools", 3},     {0},
};
static const struct word countries[] = {
	{"us", 35}, {"de", 20}, {"fr", 15}, {"jp", 12}, {"br", 10}, {"se", 5}, {"nz", 3}, {0},
};

static const struct member flat[] = {
	{"ts", put_time, NULL, 0, 0},
	{"user_id", put_skewed, &users, 0, 0},
	{"event", put_word, events, 0, 0},
	{"category", put_word, categories, 0, 0},
	{"product", put_code, "p", 0, 0},
	{"price", put_price, &cents, 0, 0},
	{"quantity", put_int, &few, 0, 0},
	{"country", put_word, countries, 5, 3},
	{"mobile", put_bool, NULL, 0, 0},
	{"coupon", put_code, "c", 80, 10},
	{0},
};

static const struct word small_keys[] = {
	{"a1", 40}, {"b2", 30}, {"c3", 20}, {"d4", 10}, {0},
};
static const struct range small_values = {0, 9999};

static const struct member small[] = {
	{"k", put_word, small_keys, 0, 0},
	{"v", put_int, &small_values, 0, 0},
	{"up", put_bool, NULL, 5, 5},
	{0},
};

static const struct range octet = {1, 254}, zip = {10000, 99999}, stars = {1, 5};
static const struct range title_words = {4, 9}, text_words = {30, 132}, name_words = {2, 3};
static const struct word cities[] = {
	{"Köln", 20}, {"S\\u00e3o Paulo", 20}, {"Lyon", 20}, {"東京", 20}, {"New York", 20}, {0},
};
static const struct word agents[] = {
	{"Mozilla\\/5.0 (X11; Linux x86_64; rv:125.0) Gecko\\/20100101 Firefox\\/125.0", 60},
	{"Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15", 40},
	{0},
};
static const struct array geo = {put_price, &cents, {2, 2}}, ip = {put_int, &octet, {4, 4}};
static const struct array tags = {put_word, categories, {0, 5}};
static const struct array votes = {put_skewed, &users, {0, 8}};

static const struct member address[] = {
	{"city", put_word, cities, 0, 0},
	{"zip", put_int, &zip, 10, 5},
	{"geo", put_array, &geo, 40, 0},
	{0},
};
static const struct member user[] = {
	{"id", put_skewed, &users, 0, 0},       {"name", put_text, &name_words, 0, 0},
	{"country", put_word, countries, 0, 0}, {"address", put_object, address, 0, 10},
	{"verified", put_bool, NULL, 20, 0},    {0},
};
static const struct member product[] = {
	{"id", put_code, "p", 0, 0},
	{"title", put_text, &title_words, 0, 0},
	{"price", put_price, &cents, 0, 0},
	{"tags", put_array, &tags, 0, 5},
	{0},
};
static const struct member review[] = {
	{"stars", put_int, &stars, 0, 0},
	{"title", put_text, &title_words, 0, 10},
	{"text", put_text, &text_words, 0, 0},
	{"helpful", put_array, &votes, 0, 0},
	{0},
};
static const struct member session[] = {
	{"ip", put_array, &ip, 0, 0},
	{"agent", put_word, agents, 0, 0},
	{"referrer", put_code, "r", 30, 40},
	{"coupon", put_code, "c", 80, 10},
	{0},
};
static const struct member nested[] = {
	{"id", put_code, "e", 0, 0},
	{"ts", put_time, NULL, 0, 0},
	{"user", put_object, user, 0, 0},
	{"product", put_object, product, 0, 0},
	{"review", put_object, review, 0, 0},
	{"session", put_object, session, 10, 0},
	{0},
};

static const struct range statuses = {200, 599}, readings = {0, 1000000};
static const struct member span[] = {
	{"min", put_price, &readings, 0, 0},
	{"max", put_price, &readings, 0, 5},
	{"count", put_skewed, &readings, 0, 0},
	{0},
};
static const struct array series = {put_int, &readings, {0, 6}};

/* What the members of a wide record hold, in turn. */
static const struct member wide_values[] = {
	{"gauge", put_price, &readings, 0, 5},  {"total", put_skewed, &readings, 0, 0},
	{"span", put_object, span, 10, 0},      {"note", put_text, &title_words, 20, 10},
	{"enabled", put_bool, NULL, 0, 0},      {"series", put_array, &series, 0, 0},
	{"region", put_word, countries, 0, 10}, {"owner", put_code, "u", 0, 5},
};

/* Some 370 members, and in their midst the one that is used. */
static void put_wide(struct gen *g, const void *arg)
{
	enum { MEMBERS = 384, KINDS = sizeof wide_values / sizeof *wide_values };

	(void)arg;
	put(g, "{\"ts\":");
	put_time(g, NULL);
	for (unsigned i = 0; i < MEMBERS; i++) {
		const struct member *m = &wide_values[i % KINDS];

		if (i == MEMBERS / 2) {
			put(g, ",\"status\":");
			put_int(g, &statuses);
		}
		if (draw_percent(g, m->missing))
			continue;
		put(g, ",\"");
		put(g, m->name);
		put(g, "_");
		put_digits(g, i / KINDS, 2);
		put(g, "\":");
		if (draw_percent(g, m->null))
			put(g, "null");
		else
			m->put(g, m->arg);
	}
	put(g, "}");
}

static const struct member kinds[] = {
	{"flat", put_object, flat, 0, 0},
	{"nested", put_object, nested, 0, 0},
	{"wide", put_wide, NULL, 0, 0},
	{"small", put_object, small, 0, 0},
	{0},
};

/* 1000 records; or until 64K, 200M or 2G bytes are reached. */
static bool parse_size(const char *text, uint64_t *records, uint64_t *bytes)
{
	static const char units[] = "KMG";
	char *end;
	const char *unit;
	uint64_t n;

	errno = 0;
	n = strtoull(text, &end, 10);
	if (errno || end == text || *text == '-')
		return false;
	*records = *bytes = UINT64_MAX;
	if (!*end) {
		*records = n;
		return true;
	}
	unit = strchr(units, *end);
	if (!unit || end[1] || n > UINT64_MAX >> 30)
		return false;
	*bytes = n << 10 * (unit - units + 1);
	return true;
}

int main(int argc, char **argv)
{
	static struct gen g = {.ms = 1713700000000};
	const struct member *kind = kinds;
	uint64_t records = 0, bytes = 0, done = 0;
	bool ok = argc == 4 && parse_size(argv[2], &records, &bytes);

	while (ok && kind->name && strcmp(kind->name, argv[1]) != 0)
		kind++;
	if (!ok || !kind->name) {
		fprintf(stderr,
			"Usage: gen-json flat|nested|wide|small RECORDS|BYTES[K|M|G] SEED\n");
		return 2;
	}
	/* Seeds that are near each other shall not begin alike, nor one be 0. */
	g.random = (strtoull(argv[3], NULL, 10) * 2 + 1) * UINT64_C(0x9e3779b97f4a7c15);
	for (uint64_t n = 0; n < records && done < bytes; n++) {
		g.len = 0;
		g.ms += draw_below(&g, 40);
		kind->put(&g, kind->arg);
		put(&g, "\n");
		fwrite(g.record, 1, g.len, stdout);
		done += g.len;
	}
	if (fflush(stdout) != 0 || ferror(stdout)) {
		perror("gen-json");
		return 1;
	}
	return 0;
}
