/* Rows by columns: expreval_rows beside expreval_row, which takes one row at a time and exact numbers of 128 bits. */
#include "expr.h"

#include <stdlib.h>

#include "mem.h"
#include "tap.h"

static uint64_t random_state = 1;

/* D. E. Knuth's MMIX generator. */
static uint32_t random_below(uint32_t n)
{
	random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(random_state >> 32) % n;
}

/* --- Cells --- */

static void put_digits(struct buf *b, uint32_t n)
{
	while (n--)
		buf_add_char(b, (char)('0' + random_below(10)));
}

/* A number as it should be, short more often than not, and now and then something near one. */
static void put_cell(struct buf *b)
{
	static const char letters[] = "0123456789..--+eE 0011a";
	uint32_t n = random_below(14);

	switch (random_below(12)) {
	case 0:
		return;
	case 1:
		while (n--)
			buf_add_char(b, letters[random_below(sizeof letters - 1)]);
		return;
	case 2:
		put_digits(b, 8 + random_below(20));
		return;
	default:
		if (random_below(3) == 0)
			buf_add_char(b, '-');
		buf_add_char(b, (char)('1' + random_below(9)));
		put_digits(b, random_below(random_below(8) ? 4 : 12));
		if (random_below(2)) {
			buf_add_char(b, '.');
			put_digits(b, 1 + random_below(random_below(8) ? 3 : 9));
		}
	}
}

/* Without a sign and a point at most 18 digits, written as JSON has it: what must not be odd. */
static bool is_plain(struct slice cell)
{
	return cell.len <= 18 && !memchr(cell.ptr, 'e', cell.len) &&
	       !memchr(cell.ptr, 'E', cell.len) && num_is_json(cell.ptr, cell.len);
}

enum { COLUMNS = 3 };

struct table {
	struct buf text; /* the cells, one behind the other: what follows one is not its own */
	size_t n;
	struct slice cells[COLUMNS][EXPR_ROWS_MAX];
	const struct slice *columns[COLUMNS];
};

static void make_table(struct table *t)
{
	buf_clear(&t->text);
	buf_reserve(&t->text, COLUMNS * EXPR_ROWS_MAX * 64); /* no cell moves */
	t->n = random_below(8) ? EXPR_ROWS_MAX : random_below(EXPR_ROWS_MAX + 1);
	for (size_t i = 0; i < t->n; i++) {
		for (size_t c = 0; c < COLUMNS; c++) {
			size_t start = t->text.len;

			put_cell(&t->text);
			t->cells[c][i] = slice_of(t->text.data + start, t->text.len - start);
		}
	}
	for (size_t c = 0; c < COLUMNS; c++)
		t->columns[c] = t->cells[c];
}

/* --- Programs --- */

static const struct slice names[COLUMNS] = {{"a", 1}, {"b", 1}, {"c", 1}};

/* The first is a key; what two and three digits make of the others fits 64 bits. */
static const char *const usual[] = {
	"c",
	"a",
	"b",
	"a * b",
	"a + b",
	"a - b * 2.5",
	"-a + b * b",
	"a * b * a * b * a * b",
	"(a - b) * (b - a) - -0.001",
	"12",
};

/* At the ends of 64 bits, on both sides. */
static const char *const extreme[] = {
	"c",
	"a * 1000000000000 * b",
	"a - 9223372036854775807",
	"a + 9223372036854775807",
	"-(0 - 9223372036854775807 - a)",
	"-(a * 0.00000000000000001) * 0.0000000000000001 * 0.00000001",
};

enum { PROGRAMS_MAX = 16 };

static struct exprset *make_set(const char *const programs[], size_t n)
{
	struct expr_source sources[PROGRAMS_MAX];
	struct expr_conf conf = {.columns = names, .ncolumns = COLUMNS};
	struct buf err = BUF_INIT;
	struct exprset *set;

	for (size_t i = 0; i < n; i++)
		sources[i] = (struct expr_source){.text = programs[i],
						  .kind = i ? EXPR_EXACT : EXPR_KEY};
	set = exprset_new(sources, n, &conf, &err);
	ok(set, "the programs are programs %s", buf_str(&err));
	buf_free(&err);
	return set;
}

/* --- The comparison --- */

static bool same(const struct small *s, const struct val *v)
{
	if (s->null || v->type != VAL_DEC)
		return s->null && v->type == VAL_NULL;
	return dec_cmp((struct dec){s->v, s->scale}, v->dec) == 0;
}

struct tally {
	unsigned rows, odd, wrong, needless;
};

static void compare_row(struct expreval *ev, const char *const programs[], size_t n,
			const struct table *t, size_t i, const struct small *const got[], bool odd,
			struct tally *tally)
{
	struct slice cells[COLUMNS];
	struct val want[PROGRAMS_MAX];
	struct buf err = BUF_INIT;
	bool good;

	for (size_t c = 0; c < COLUMNS; c++)
		cells[c] = t->cells[c][i];
	good = expreval_row(ev, cells, want, &err) == 0;
	for (size_t k = 1; !odd && k < n; k++) {
		if (good && same(&got[k][i], &want[k]))
			continue;
		printf("# %s of a=%.*s b=%.*s: %lld / 10^%d\n", programs[k], (int)cells[0].len,
		       cells[0].ptr, (int)cells[1].len, cells[1].ptr, (long long)got[k][i].v,
		       got[k][i].scale);
		tally->wrong++;
	}
	tally->needless += odd && cells[0].len <= 3 && cells[1].len <= 3 && is_plain(cells[0]) &&
			   is_plain(cells[1]);
	tally->rows++;
	tally->odd += odd;
	buf_free(&err);
}

static struct tally compare(const char *how, const char *const programs[], size_t n)
{
	struct exprset *set = make_set(programs, n);
	struct expreval *rows = expreval_new(set), *each = expreval_new(set);
	struct table *t = mem_zalloc(1, sizeof *t);
	struct tally tally = {0};

	for (int round = 0; round < tap_rounds(400); round++) {
		const struct small *got[PROGRAMS_MAX];
		bool odd[EXPR_ROWS_MAX];

		make_table(t);
		expreval_rows(rows, t->columns, t->n, got, odd);
		for (size_t i = 0; i < t->n; i++)
			compare_row(each, programs, n, t, i, got, odd[i], &tally);
	}
	ok(!tally.wrong, "%s: %u rows give what they give one at a time", how, tally.rows);
	buf_free(&t->text);
	free(t);
	expreval_free(rows);
	expreval_free(each);
	exprset_free(set);
	return tally;
}

static void compare_all(const char *how)
{
	struct tally t = compare(how, usual, sizeof usual / sizeof *usual);

	ok(!t.needless, "%s: rows of short numbers are not odd (%u are)", how, t.needless);
	ok(t.odd > t.rows / 20 && t.odd < t.rows / 4 * 3, "%s: %u of %u are odd", how, t.odd,
	   t.rows);
	t = compare(how, extreme, sizeof extreme / sizeof *extreme);
	ok(t.odd > t.rows / 4 && t.odd < t.rows, "%s: %u of %u are odd", how, t.odd, t.rows);
}

/* Which sets it serves. */
static void is_small(bool want, enum expr_kind kind, const char *text)
{
	struct expr_source source = {.text = text, .kind = kind};
	struct expr_conf conf = {.columns = names, .ncolumns = COLUMNS};
	struct buf err = BUF_INIT;
	struct exprset *set = exprset_new(&source, 1, &conf, &err);

	ok(set && exprset_is_small(set) == want, "%s: %s", text, want ? "serves" : "does not");
	exprset_free(set);
	buf_free(&err);
}

int main(void)
{
	compare_all("as the machine can");
	setenv("KPIPE_SIMD", "none", 1);
	compare_all("in plain C");
	is_small(true, EXPR_KEY, "a");
	is_small(false, EXPR_KEY, "a + 1");
	is_small(true, EXPR_EXACT, "a * (b - 0.5)");
	is_small(false, EXPR_EXACT, "a / b");
	is_small(false, EXPR_EXACT, "select(a > 1)");
	is_small(false, EXPR_EXACT, "a * 1234567890123456789012");
	return done_testing();
}
