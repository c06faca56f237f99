/* The approximate aggregates: how far they are off what the exact ones, or sorting, give. */
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "agg.h"
#include "mem.h"
#include "tap.h"

static uint64_t random_state;

/* D. E. Knuth's MMIX generator. */
static uint32_t random32(void)
{
	random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(random_state >> 32);
}

/* In [0, 1) */
static double uniform(void)
{
	return (random32() + random32() / 4294967296.0) / 4294967296.0;
}

/* --- One aggregate and its states --- */

static struct agglist list_of(const char *spec)
{
	struct agglist list = {.seed = 11};
	struct buf err = BUF_INIT;

	if (agglist_parse(&list, spec, &err))
		ok(0, "parse %s: %s", spec, buf_str(&err));
	buf_free(&err);
	return list;
}

static void *state_new(const struct agglist *list)
{
	void *state = mem_alloc(list->size);

	agg_init(list, state);
	return state;
}

static void state_free(const struct agglist *list, void *state)
{
	agg_free(list, state);
	free(state);
}

static void add(const struct agglist *list, void *state, struct val v)
{
	list->v[0].op->add(state, &list->v[0], &v, 0);
}

static void add_double(const struct agglist *list, void *state, double d)
{
	add(list, state, (struct val){.type = VAL_DBL, .dbl = d});
}

static double result(const struct agg *a, const void *state)
{
	struct val out;

	a->op->emit(state, a, &out, NULL);
	return val_double(&out);
}

/* --- approx_pNN: how it splits the numbers --- */

/* How far the bucket of d is off it, as a part of it: d between two others is the median. */
static double error_of(const struct agglist *p50, double d)
{
	void *state = state_new(p50);
	double got;

	add_double(p50, state, -DBL_MAX);
	add_double(p50, state, d);
	add_double(p50, state, DBL_MAX);
	got = result(&p50->v[0], state);
	state_free(p50, state);
	return fabs(got - d) / fabs(d);
}

/*
 * Bounds of buckets are multiples of 2^-16 of a power of two: each of these, the double before it,
 * and their mirrors. That buckets are no narrower than they must be is in the worst of them.
 */
static void test_bounds(void)
{
	struct agglist p50 = list_of("approx_p50(x)");
	double worst = 0;

	for (int i = 0; i < 1 << 16; i++) {
		double at = 1 + i * 0x1p-16, before = nextafter(at, 0);

		worst = fmax(worst, error_of(&p50, at));
		worst = fmax(worst, error_of(&p50, before));
		worst = fmax(worst, error_of(&p50, -at));
	}
	ok(worst <= 0.01, "at every bound of a bucket: %.9f", worst);
	ok(worst > 0.0099, "and near 1 %% at some");
	agglist_free(&p50);
}

/* At some places of each power of two from the least double to the greatest. */
static void test_magnitudes(void)
{
	struct agglist p50 = list_of("approx_p50(x)");
	double worst = 0;

	random_state = 3;
	for (int exp = -1074; exp < 1024; exp++) {
		double power = ldexp(1, exp);

		worst = fmax(worst, error_of(&p50, power));
		worst = fmax(worst, error_of(&p50, -nextafter(power, INFINITY)));
		for (int i = 0; i < 20; i++)
			worst = fmax(worst, error_of(&p50, power * (1 + uniform())));
	}
	worst = fmax(worst, error_of(&p50, nextafter(DBL_MAX, 0)));
	ok(worst <= 0.01, "from 5e-324 to 1.7e308: %.9f", worst);
	worst = 0;
	for (int i = 1; i < 50000; i++)
		worst = fmax(worst, error_of(&p50, i * 0x1p-1074));
	ok(worst <= 0.01, "where doubles are a percent apart and more: %.9f", worst);
	agglist_free(&p50);
}

/* --- approx_pNN of many numbers, against sorting --- */

enum { MANY = 20000 };

static double draw_uniform(void)
{
	return uniform();
}

static double draw_whole(void)
{
	return random32() % 100;
}

static double draw_normal(void)
{
	double sum = -6;

	for (int i = 0; i < 12; i++)
		sum += uniform();
	return sum;
}

static double draw_lognormal(void)
{
	return exp(3 * draw_normal());
}

static double draw_negative(void)
{
	return -draw_lognormal();
}

static double draw_tiny(void)
{
	return uniform() * 1e-320;
}

static double draw_huge(void)
{
	return ldexp(1 + uniform(), 1000 + (int)(random32() % 24)) * (random32() % 2 ? 1 : -1);
}

static double draw_constant(void)
{
	return -12.34;
}

/* Every bucket is of a value: more of them than are kept. */
static double draw_wide(void)
{
	return ldexp(1 + uniform(), (int)(random32() % 2000) - 1000);
}

static double draw_wide_signed(void)
{
	return draw_wide() * (random32() % 2 ? 1 : -1);
}

static double draw_hollow(void)
{
	return random32() % 3 ? 0 : draw_normal();
}

static const struct {
	const char *what;
	double (*draw)(void);
	double sure; /* the least magnitude that surely is not folded, as a part of the greatest */
} distributions[] = {
	{"uniform", draw_uniform, 0},
	{"whole", draw_whole, 0},
	{"normal", draw_normal, 0},
	{"lognormal", draw_lognormal, 0},
	{"negative", draw_negative, 0},
	{"tiny", draw_tiny, 0},
	{"huge", draw_huge, 0},
	{"constant", draw_constant, 0},
	{"many zeros", draw_hollow, 0},
	{"wide", draw_wide, 1e-17},
	{"wide, both signs", draw_wide_signed, 1e-8},
};

static const char *const percentiles[] = {
	"approx_p0(x)",  "approx_p0.1(x)",  "approx_p1(x)",    "approx_p5(x)",     "approx_p10(x)",
	"approx_p25(x)", "approx_p37.5(x)", "approx_p50(x)",   "approx_p75(x)",    "approx_p90(x)",
	"approx_p95(x)", "approx_p99(x)",   "approx_p99.9(x)", "approx_p99.99(x)", "approx_p100(x)",
};
enum { PERCENTILES = sizeof(percentiles) / sizeof(percentiles[0]) };

static int by_size(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Of the n sorted values: is `got` within 1 % of the two between which the percentile is? */
static bool is_near(const double *sorted, size_t n, double p, double got, double sure)
{
	double place = (double)(n - 1) * p;
	size_t k = (size_t)(place + 1e-9), next = k + 1 < n ? k + 1 : k;
	double low = sorted[k], high = sorted[next], part = fmax(place - (double)k, 0);
	double want = low * (1 - part) + high * part;
	double off = 0.01 * (fabs(low) * (1 - part) + fabs(high) * part);

	if (fmin(fabs(low), fabs(high)) < sure)
		return got >= sorted[0] && got <= sorted[n - 1];
	/* Rounded, in the least doubles, to the next one. */
	return fabs(got - want) <= off * (1 + 1e-12) + DBL_TRUE_MIN;
}

static void test_distributions(void)
{
	struct agglist any = list_of("approx_p50(x)");
	double *sorted = mem_zalloc(MANY, sizeof(*sorted));

	for (size_t i = 0; i < sizeof(distributions) / sizeof(distributions[0]); i++) {
		void *state = state_new(&any);
		double sure = 0;

		random_state = i;
		for (size_t j = 0; j < MANY; j++) {
			sorted[j] = distributions[i].draw();
			add_double(&any, state, sorted[j]);
			sure = fmax(sure, fabs(sorted[j]) * distributions[i].sure);
		}
		qsort(sorted, MANY, sizeof(*sorted), by_size);
		for (size_t j = 0; j < PERCENTILES; j++) {
			struct agglist list = list_of(percentiles[j]);
			double got = result(&list.v[0], state);

			ok(is_near(sorted, MANY, list.v[0].param, got, sure), "%s of %s: %g",
			   percentiles[j], distributions[i].what, got);
			agglist_free(&list);
		}
		state_free(&any, state);
	}
	agglist_free(&any);
	free(sorted);
}

/* --- Parts, in any order, give the whole --- */

static void put_percentiles(struct buf *text, const void *state)
{
	buf_clear(text);
	for (size_t j = 0; j < PERCENTILES; j++) {
		struct agglist list = list_of(percentiles[j]);

		num_put_double(text, result(&list.v[0], state));
		buf_add_char(text, ' ');
		agglist_free(&list);
	}
}

static void put_distinct(struct buf *text, const void *state)
{
	struct agglist list = list_of("approx_distinct(x)");

	buf_clear(text);
	num_put_double(text, result(&list.v[0], state));
	agglist_free(&list);
}

/* The values in random order and parts, these merged in random order into what the parts were. */
static void *in_parts(const struct agglist *list, double *v, size_t n)
{
	enum { PARTS = 9 };
	void *parts[PARTS];
	size_t left = PARTS, to;

	for (size_t i = 0; i < PARTS; i++)
		parts[i] = state_new(list);
	for (size_t i = n; i > 0; i--) {
		size_t j = random32() % i;
		double d = v[j];

		v[j] = v[i - 1];
		v[i - 1] = d;
		/* Of the one most, of the next half of the rest ... */
		add_double(list, parts[__builtin_ctz(random32() | 1u << (PARTS - 1))], d);
	}
	while (left > 1) {
		size_t from = random32() % left--;

		to = (from + 1 + random32() % left) % (left + 1);
		agg_merge(list, parts[to], parts[from]);
		state_free(list, parts[from]);
		parts[from] = parts[left];
	}
	return parts[0];
}

static void check_parts(const char *spec, void (*put)(struct buf *, const void *),
			double (*draw)(void), size_t n, const char *what)
{
	struct agglist list = list_of(spec);
	double *v = mem_zalloc(n + 1, sizeof(*v));
	void *whole = state_new(&list);
	struct buf want = BUF_INIT, got = BUF_INIT;
	int wrong = 0;

	for (size_t i = 0; i < n; i++) {
		v[i] = draw();
		add_double(&list, whole, v[i]);
	}
	put(&want, whole);
	for (int round = 0; round < 5; round++) {
		void *state = in_parts(&list, v, n);

		put(&got, state);
		wrong += strcmp(buf_str(&want), buf_str(&got)) != 0;
		state_free(&list, state);
	}
	ok(!wrong, "%s of %zu %s numbers in any order and parts", spec, n, what);
	state_free(&list, whole);
	agglist_free(&list);
	free(v);
	buf_free(&want);
	buf_free(&got);
}

/* Of 2801 numbers each, and what is between it and the next. */
static void put_all(struct buf *text, const void *state)
{
	struct agglist list = list_of("approx_p50(x)");

	buf_clear(text);
	for (list.v[0].param = 0; list.v[0].param <= 1; list.v[0].param += 0x1p-12) {
		num_put_double(text, result(&list.v[0], state));
		buf_add_char(text, ' ');
	}
	agglist_free(&list);
}

/* One number of each of 1400 buckets and of its mirror; more than are kept. */
static void add_pairs(const struct agglist *list, void *state)
{
	for (int exp = -700; exp < 700; exp++) {
		add_double(list, state, ldexp(1, exp));
		add_double(list, state, ldexp(-1, exp));
	}
}

/*
 * Of two buckets as far from 0 both stay, or none. So there is room for one more than the 2^-323
 * and beyond that stay; it is not for one that was 0 before, whichever comes first.
 */
static void test_pairs(void)
{
	static const double ones[] = {0x1p-323, 0x1p-324, 0x1p-325, 0x1p-600};
	struct agglist list = list_of("approx_p50(x)");

	for (int i = 0; i < 8; i++) {
		double d = i % 2 ? -ones[i / 2] : ones[i / 2];
		void *after = state_new(&list), *before = state_new(&list), *one = state_new(&list),
		     *all = state_new(&list);
		struct buf want = BUF_INIT, got = BUF_INIT;

		add_double(&list, before, d);
		add_pairs(&list, before);
		put_all(&want, before);
		add_pairs(&list, after);
		add_double(&list, after, d);
		put_all(&got, after);
		ok(strcmp(buf_str(&want), buf_str(&got)) == 0, "%g after all or before", d);
		add_pairs(&list, all);
		add_double(&list, one, d);
		agg_merge(&list, one, all);
		put_all(&got, one);
		ok(strcmp(buf_str(&want), buf_str(&got)) == 0, "all merged into %g", d);
		state_free(&list, one);
		one = state_new(&list);
		add_double(&list, one, d);
		agg_merge(&list, all, one);
		put_all(&got, all);
		ok(strcmp(buf_str(&want), buf_str(&got)) == 0, "%g merged into all", d);
		state_free(&list, after);
		state_free(&list, before);
		state_free(&list, one);
		state_free(&list, all);
		buf_free(&want);
		buf_free(&got);
	}
	agglist_free(&list);
}

static void test_parts(void)
{
	static const size_t sizes[] = {1, 2, 10, 500, 3000, 6000};

	random_state = 77;
	for (size_t i = 0; i < sizeof(distributions) / sizeof(distributions[0]); i++) {
		for (size_t k = 1; k < sizeof(sizes) / sizeof(sizes[0]); k++) {
			if (sizes[k] >= 500)
				check_parts("approx_p50(x)", put_percentiles, distributions[i].draw,
					    sizes[k], distributions[i].what);
		}
	}
	for (size_t k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++)
		check_parts("approx_distinct(x)", put_distinct, draw_uniform, sizes[k], "uniform");
	check_parts("approx_distinct(x)", put_distinct, draw_whole, 5000, "whole");
}

/* --- approx_distinct, against the number of the values --- */

/* The i-th value of a set of different ones: a number, a text, or half of them each. */
static struct val member(int kind, int64_t i, char text[32])
{
	if (kind == 0 || (kind == 2 && i % 2))
		return val_int(i);
	snprintf(text, 32, "user-%lld@example.org", (long long)i);
	return val_str(text, strlen(text));
}

/* As the set grows: exactly up to 512, then within 5 %, three standard errors. */
static void test_growth(void)
{
	struct agglist list = list_of("approx_distinct(x)");
	char text[32];

	for (int kind = 0; kind < 3; kind++) {
		void *state = state_new(&list);
		int64_t due = 1;
		bool exact = true;

		for (int64_t i = 1; i <= (kind ? 100000 : tap_rounds(1000000)); i++) {
			add(&list, state, member(kind, i, text));
			if (i % 3 == 0) /* seen before */
				add(&list, state, member(kind, i / 3, text));
			if (i <= 512)
				exact = exact && result(&list.v[0], state) == (double)i;
			if (i == due) {
				double got = result(&list.v[0], state);

				ok(fabs(got - (double)i) <= 0.05 * (double)i, "kind %d, %lld: %g",
				   kind, (long long)i, got);
				due *= 10;
			}
		}
		ok(exact, "kind %d, exact up to 512", kind);
		state_free(&list, state);
	}
	agglist_free(&list);
}

/*
 * Over 30 sets of a size the errors are those of a good estimator: 1.04 / sqrt(4096), 1.625 %, in
 * the mean of squares, give or take 40 % (three times 1 / sqrt(2 * 30)), and in the mean none beyond
 * 0.9 % (three times 1.625 % / sqrt(30)).
 */
static void test_errors(void)
{
	enum { SETS = 30 };
	static const int sizes[] = {600, 2000, 6000, 15000, 40000};
	struct agglist list = list_of("approx_distinct(x)");

	for (size_t k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++) {
		double sum = 0, squares = 0;

		for (int set = 0; set < SETS; set++) {
			void *state = state_new(&list);
			double error;

			for (int i = 0; i < sizes[k]; i++)
				add(&list, state, val_int((int64_t)set * 1000000 + i));
			error = result(&list.v[0], state) / sizes[k] - 1;
			sum += error;
			squares += error * error;
			state_free(&list, state);
		}
		ok(sqrt(squares / SETS) < 1.4 * 0.01625, "%d values: off by %.4f", sizes[k],
		   sqrt(squares / SETS));
		ok(fabs(sum / SETS) < 0.009, "%d values: in the mean by %.4f", sizes[k],
		   sum / SETS);
	}
	agglist_free(&list);
}

int main(void)
{
	test_bounds();
	test_magnitudes();
	test_distributions();
	test_parts();
	test_pairs();
	test_growth();
	test_errors();
	return done_testing();
}
