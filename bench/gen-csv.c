/*
 * gen-csv: made-up tables for bench/csv.
 *
 * The same seed gives the same bytes anywhere, and fewer rows are the beginning of more.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "draw.h"

enum { ROW_MAX = 4096, OUT_SIZE = 1 << 20 };

struct gen {
	uint64_t random; /* state of xorshift64 */
	uint64_t row;    /* its number, from 1 */
	size_t len;
	char out[OUT_SIZE];
};

struct kind {
	const char *name, *header;
	void (*put)(struct gen *g);
};

static uint64_t draw(struct gen *g)
{
	return draw_from(&g->random);
}

static unsigned draw_below(struct gen *g, unsigned n)
{
	return draw_below_from(&g->random, n);
}

/* Low ones more often. */
static unsigned draw_skewed(struct gen *g, unsigned n)
{
	uint64_t x = draw(g) >> 32;

	return (unsigned)((x * x >> 32) * n >> 32);
}

static void put_bytes(struct gen *g, const char *p, size_t len)
{
	memcpy(g->out + g->len, p, len);
	g->len += len;
}

static void put(struct gen *g, const char *text)
{
	put_bytes(g, text, strlen(text));
}

static void put_char(struct gen *g, char c)
{
	g->out[g->len++] = c;
}

static void put_digits(struct gen *g, uint64_t n, unsigned width)
{
	char digits[20];
	size_t at = sizeof digits;

	for (unsigned i = 0; n || i < width; i++, n /= 10)
		digits[--at] = (char)('0' + n % 10);
	put_bytes(g, digits + at, sizeof digits - at);
}

/* n hundredths, or with 1 decimal tenths. */
static void put_decimal(struct gen *g, unsigned n, unsigned decimals)
{
	unsigned unit = decimals == 1 ? 10 : 100;

	put_digits(g, n / unit, 1);
	put_char(g, '.');
	put_digits(g, n % unit, decimals);
}

/* --- Sales, and the same with every cell in quotes --- */

static const char *draw_category(struct gen *g)
{
	static const char *const categories[] = {
		"books",  "clothing", "electronics", "food",  "games", "garden",
		"health", "music",    "office",      "sport", "tools", "toys",
	};

	return categories[draw_skewed(g, sizeof categories / sizeof *categories)];
}

static void put_sale(struct gen *g, const char *before, const char *between, const char *behind)
{
	put(g, before);
	put_digits(g, g->row, 1);
	put(g, between);
	put(g, draw_category(g));
	put(g, between);
	put_decimal(g, 99 + draw_skewed(g, 50000), 2);
	put(g, between);
	put_digits(g, 1 + draw_skewed(g, 9), 1);
	put(g, between);
	put(g, "2025-");
	put_digits(g, 1 + draw_below(g, 12), 2);
	put_char(g, '-');
	put_digits(g, 1 + draw_below(g, 28), 2);
	put(g, behind);
}

static void put_sales(struct gen *g)
{
	put_sale(g, "", ",", "\n");
}

static void put_quoted(struct gen *g)
{
	put_sale(g, "\"", "\",\"", "\"\n");
}

/* --- Measurements of stations, in the form of the one billion row challenge --- */

enum { STATIONS = 413 };

/* Each of the first syllables with each of the last ones makes a name of its own. */
static void put_station(struct gen *g, unsigned station)
{
	static const char *const first[] = {
		"Al",   "Bør", "Ca", "Dar", "El",    "Fair", "Gó",  "Hon",  "Is", "Jeru", "Kin",
		"Las ", "Ma",  "Na", "Oua", "Port ", "Que",  "Rey", "São ", "To", "Zü",
	};
	static const char *const last[] = {
		"ba",     "burg",  "dad",    "gadougou", "gos",  "kara", "ka",
		"kjavik", "lin",   "manca",  "monton",   "mütz", "nai",  "naught Springs",
		"polis",  "shasa", "tavent", "tijd",     "ul",   "vik",
	};
	enum { LAST = sizeof last / sizeof *last };

	put(g, first[station / LAST]);
	put(g, last[station % LAST]);
}

static void put_reading(struct gen *g)
{
	unsigned station = draw_below(g, STATIONS);
	int mean = (int)(station * 7919 % 450) - 100;
	int tenths = mean + (int)draw_below(g, 200) + (int)draw_below(g, 200) - 200;

	put_station(g, station);
	put_char(g, ';');
	if (tenths < 0)
		put_char(g, '-');
	put_decimal(g, (unsigned)abs(tenths), 1);
	put_char(g, '\n');
}

/* --- A million groups --- */

static void put_member(struct gen *g)
{
	put(g, "user");
	put_digits(g, draw_below(g, 1000000), 6);
	put_char(g, ',');
	put_decimal(g, draw_below(g, 100000), 2);
	put_char(g, '\n');
}

/* --- Fifty columns --- */

enum { COLUMNS = 50 };

static void put_wide_cell(struct gen *g, unsigned column)
{
	switch (column % 5) {
	case 0:
		put_digits(g, draw_below(g, 100000), 1);
		break;
	case 1:
		put_decimal(g, draw_below(g, 1000000), 2);
		break;
	case 2:
		put(g, draw_category(g));
		break;
	case 3:
		put(g, draw_below(g, 2) ? "true" : "");
		break;
	default:
		put(g, "item ");
		put_digits(g, draw(g) & 0xffffff, 8);
	}
}

static void put_wide(struct gen *g)
{
	for (unsigned i = 0; i < COLUMNS; i++) {
		if (i)
			put_char(g, ',');
		put_wide_cell(g, i);
	}
	put_char(g, '\n');
}

static const struct kind kinds[] = {
	{"sales", "id,category,price,quantity,day\n", put_sales},
	{"stations", "", put_reading},
	{"groups", "user,amount\n", put_member},
	{"quoted", "\"id\",\"category\",\"price\",\"quantity\",\"day\"\n", put_quoted},
	{"wide",
	 "c1,c2,c3,c4,c5,c6,c7,c8,c9,c10,c11,c12,c13,c14,c15,c16,c17,c18,c19,c20,c21,c22,c23,c24,"
	 "c25,"
	 "c26,c27,c28,c29,c30,c31,c32,c33,c34,c35,c36,c37,c38,c39,c40,c41,c42,c43,c44,c45,c46,c47,"
	 "c48,"
	 "c49,c50\n",
	 put_wide},
	{0},
};

static void flush(struct gen *g)
{
	if (fwrite(g->out, 1, g->len, stdout) != g->len) {
		perror("gen-csv");
		exit(1);
	}
	g->len = 0;
}

int main(int argc, char **argv)
{
	static struct gen g;
	const struct kind *kind = kinds;
	uint64_t rows;

	while (argc == 4 && kind->name && strcmp(kind->name, argv[1]) != 0)
		kind++;
	if (argc != 4 || !kind->name) {
		fprintf(stderr, "Usage: gen-csv sales|stations|groups|quoted|wide ROWS SEED\n");
		return 2;
	}
	rows = strtoull(argv[2], NULL, 10);
	/* Seeds that are near each other shall not begin alike, nor one be 0. */
	g.random = (strtoull(argv[3], NULL, 10) * 2 + 1) * UINT64_C(0x9e3779b97f4a7c15);
	put(&g, kind->header);
	while (g.row < rows) {
		g.row++;
		kind->put(&g);
		if (g.len > OUT_SIZE - ROW_MAX)
			flush(&g);
	}
	flush(&g);
	if (fflush(stdout) != 0) {
		perror("gen-csv");
		return 1;
	}
	return 0;
}
