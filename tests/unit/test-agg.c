#include "agg.h"

#include <math.h>
#include <stdlib.h>

#include "mem.h"
#include "tap.h"

/* --- Records --- */

struct record {
	struct val v[AGG_ARGS_MAX];
};

struct input {
	struct record *v;
	size_t n, cap;
};

/*
 * The next value of a text in which blanks separate: a JSON number (~ before it: as a double),
 * 'a string', true, false, null, an array or object.
 */
static bool next_val(const char **text, struct val *v)
{
	const char *p = *text + strspn(*text, " ");
	size_t len = strcspn(p, " ");

	*text = p + len;
	if (!len)
		return false;
	if (*p == '\'') {
		len = strcspn(p + 1, "'");
		*v = val_str(p + 1, len);
		*text = p + len + 2;
	} else if (*p == '[' || *p == '{') {
		*v = (struct val){.type = VAL_JSON, .str = {p, len}};
	} else if (*p == 'n') {
		*v = val_null();
	} else if (*p == 't' || *p == 'f') {
		v->type = *p == 't' ? VAL_TRUE : VAL_FALSE;
	} else if (dec_parse(&v->dec, p, len)) {
		v->type = VAL_DEC;
	} else {
		size_t mark = *p == '~';

		*v = (struct val){.type = VAL_DBL, .dbl = num_double(p + mark, len - mark)};
	}
	return true;
}

static void input_add(struct input *in, struct record r)
{
	in->v = mem_grow(in->v, &in->cap, in->n + 1, sizeof(*in->v));
	in->v[in->n++] = r;
}

static struct input input_of(const char *text, size_t nargs)
{
	struct input in = {0};
	struct record r = {0};

	/* Without arguments each word still is a record. */
	while (next_val(&text, &r.v[0])) {
		if (nargs == 2 && !next_val(&text, &r.v[1]))
			break;
		input_add(&in, r);
	}
	return in;
}

static uint64_t random_state;

/* D. E. Knuth's MMIX generator. */
static uint32_t random32(void)
{
	random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(random_state >> 32);
}

/* The n numbers that by_sample below is about: 24-bit integers by 64, exact in doubles. */
static struct input sample_input(size_t n)
{
	struct input in = {0};

	random_state = n;
	for (size_t i = 0; i < n; i++) {
		__int128 x = (__int128)(random32() >> 8) - (1 << 23);

		input_add(&in, (struct record){.v = {{.type = VAL_DEC, .dec = {x * 15625, 6}}}});
	}
	return in;
}

/* --- States --- */

static struct agglist list_of(const char *specs)
{
	struct agglist list = {.seed = 11};
	struct buf err = BUF_INIT;

	if (agglist_parse(&list, specs, &err))
		ok(0, "parse %s: %s", specs, buf_str(&err));
	buf_free(&err);
	return list;
}

static void *state_new(const struct agglist *list)
{
	void *state = mem_alloc(list->size);

	memset(state, 0xa5, list->size);
	agg_init(list, state);
	return state;
}

static void state_free(const struct agglist *list, void *state)
{
	agg_free(list, state);
	free(state);
}

/* Adds a record whose bytes are freed afterwards: a state that kept a pointer is found out. */
static void add_record(const struct agglist *list, void *state, const struct record *r,
		       uint64_t seq)
{
	struct record own = *r;
	void *bytes[AGG_ARGS_MAX] = {NULL, NULL};

	for (int i = 0; i < AGG_ARGS_MAX; i++) {
		if (own.v[i].type == VAL_STR || own.v[i].type == VAL_JSON) {
			bytes[i] = mem_dup(own.v[i].str.ptr, own.v[i].str.len);
			own.v[i].str.ptr = bytes[i];
		}
	}
	for (size_t i = 0; i < list->n; i++) {
		const struct agg *a = &list->v[i];

		if (agg_check(a, own.v, NULL) == 0)
			a->op->add((char *)state + a->offset, a, own.v, seq);
		else
			ok(0, "%s takes the value", a->name);
	}
	for (int i = 0; i < AGG_ARGS_MAX; i++)
		free(bytes[i]);
}

static void *state_of(const struct agglist *list, const struct input *in, size_t from, size_t to)
{
	void *state = state_new(list);

	for (size_t i = from; i < to; i++)
		add_record(list, state, &in->v[i], i);
	return state;
}

/* The results as JSON texts, blanks between, in *text. */
static void show(const struct agglist *list, const void *state, struct buf *text)
{
	struct buf scratch = BUF_INIT;

	buf_clear(text);
	buf_add_str(&scratch, "what was there before");
	for (size_t i = 0; i < list->n; i++) {
		const struct agg *a = &list->v[i];
		struct val out;

		a->op->emit((const char *)state + a->offset, a, &out, &scratch);
		if (i > 0)
			buf_add_char(text, ' ');
		val_put_json(text, &out);
	}
	buf_free(&scratch);
}

/* --- What is checked --- */

static bool is_one_of(const struct agglist *list, const char *const names[])
{
	for (; *names; names++) {
		if (strcmp(list->v[0].op->name, *names) == 0)
			return true;
	}
	return false;
}

/* Operations whose last digits depend on how the input was cut. */
static const char *const in_doubles[] = {"var",      "stddev",   "var_pop", "stddev_pop",
					 "skewness", "kurtosis", NULL};

/* Operations whose result depends on the order of merging. */
static const char *const in_order[] = {"collect", "collect_set", NULL};

/* The same text; of operations in doubles, a number near enough. */
static bool agrees(const struct agglist *list, const char *got, const char *want)
{
	double g, w;

	if (strcmp(got, want) == 0)
		return true;
	if (!is_one_of(list, in_doubles) || !num_is_json(got, strlen(got)) ||
	    !num_is_json(want, strlen(want)))
		return false;
	g = num_double(got, strlen(got));
	w = num_double(want, strlen(want));
	return fabs(g - w) <= 1e-12 * fmax(fabs(w), 1);
}

/*
 * Does merging [cut, n) into [0, cut), or with `reversed` the first part into the last, give
 * `whole`, and leave what is merged as it was?
 */
static bool merges(const struct agglist *list, const struct input *in, size_t cut, bool reversed,
		   const char *whole)
{
	void *a = state_of(list, in, 0, cut), *b = state_of(list, in, cut, in->n);
	void *to = reversed ? b : a, *from = reversed ? a : b;
	struct buf before = BUF_INIT, after = BUF_INIT, got = BUF_INIT;
	bool good;

	show(list, from, &before);
	agg_merge(list, to, from);
	show(list, from, &after);
	good = strcmp(buf_str(&before), buf_str(&after)) == 0;
	state_free(list, from);
	show(list, to, &got);
	good = good && agrees(list, buf_str(&got), whole);
	if (!good)
		printf("# cut at %zu%s: %s, not %s\n", cut, reversed ? ", reversed" : "",
		       buf_str(&got), whole);
	state_free(list, to);
	buf_free(&before);
	buf_free(&after);
	buf_free(&got);
	return good;
}

/* The whole input gives `want`, and so do any two parts of it. */
static void check_input(const char *spec, const struct input *in, const char *what,
			const char *want)
{
	struct agglist list = list_of(spec);
	void *state = state_of(&list, in, 0, in->n);
	struct buf got = BUF_INIT;
	size_t step = in->n / 12 + 1;
	bool good = true;

	show(&list, state, &got);
	ok(agrees(&list, buf_str(&got), want), "%s of %s is %s", spec, what, want);
	if (!agrees(&list, buf_str(&got), want))
		printf("# got: %s\n", buf_str(&got));
	for (size_t cut = 0; cut <= in->n; cut += step) {
		good = good && merges(&list, in, cut, false, buf_str(&got));
		if (!is_one_of(&list, in_order))
			good = good && merges(&list, in, cut, true, buf_str(&got));
	}
	ok(good, "%s of %s in two parts", spec, what);
	state_free(&list, state);
	agglist_free(&list);
	buf_free(&got);
}

static void check(const char *spec, const char *text, const char *want)
{
	struct agglist list = list_of(spec);
	struct input in = input_of(text, list.v[0].nargs);

	check_input(spec, &in, *text ? text : "nothing", want);
	free(in.v);
	agglist_free(&list);
}

/* --- Operations --- */

struct expected {
	const char *spec, *input, *want;
};

#define NINES      "99999999999999999999999999999999999999" /* 38 */
#define HALF       "85070591730234615865843651857942052864" /* 2^126 */
#define HALF_AND_1 "85070591730234615865843651857942052865"

static const struct expected by_value[] = {
	{"count", "", "0"},
	{"count", "1 null 'a'", "3"},
	{"count(x)", "", "0"},
	{"count(x)", "null null", "0"},
	{"count(x)", "0 null '' false [] 1", "5"},

	{"sum(x)", "", "null"},
	{"sum(x)", "null null", "null"},
	{"sum(x)", "7", "7"},
	{"sum(x)", "null 0", "0"},
	{"sum(x)", "0.1 0.1 0.1 0.1 0.1 0.1 0.1 0.1 0.1", "0.9"},
	{"sum(x)", "0.1 0.2", "0.3"},
	{"sum(x)", "~0.1 ~0.2 0.30", "0.6"},
	{"sum(x)", "1 0.25 10 0.125 -3", "8.375"},
	{"sum(x)", "1e3 1E-3", "1000.001"},
	{"sum(x)", "9007199254740993 9007199254740993", "18014398509481986"},
	{"sum(x)", "100000000000000000000 0.00000000000000001",
	 "100000000000000000000.00000000000000001"},
	{"sum(x)", "5 -5", "0"},
	{"sum(x)", "170141183460469231731687303715884105726 1",
	 "170141183460469231731687303715884105727"},
	{"sum(x)", "170141183460469231731687303715884105727 1", "1.7014118346046923e+38"},
	{"sum(x)", NINES " " NINES, "2e+38"},
	{"sum(x)", "-" NINES " -" NINES, "-2e+38"},
	{"sum(x)", HALF " " HALF " 5 -" HALF " -" HALF, "5"},
	{"sum(x)", HALF_AND_1 " " HALF_AND_1 " -" HALF " -" HALF, "2"},
	{"sum(x)", "~1e300 ~1e300", "2e+300"},
	{"sum(x)", "~1e300 1 ~-1e300", "1"},
	{"sum(x)", "~1e308 ~1e308", "1.7976931348623157e+308"},
	{"sum(x)", "~1e308 ~1e308 ~-1e308", "1e+308"},
	{"sum(x)", "~1e308 ~-1e292 ~5e-324 0.3 ~1e292 ~-1e308", "0.3"},
	{"sum(x)", "~1e308 ~5e-324 ~-1e308", "5e-324"},
	{"sum(x)", "~1e-39 ~9e-39", "0.00000000000000000000000000000000000001"},
	{"sum(x)", HALF " " HALF " -1", "170141183460469231731687303715884105727"},

	{"avg(x)", "", "null"},
	{"avg(x)", "null", "null"},
	{"avg(x)", "null 3 null", "3"},
	{"avg(x)", "0.1 0.2", "0.15"},
	{"avg(x)", "1 2", "1.5"},
	{"avg(x)", "10 0 0", "3.3333333333333335"},
	{"avg(x)", "0.1 0.1 0.1", "0.1"},
	{"avg(x)", "9007199254740993 9007199254740993", "9007199254740992"},
	{"avg(x)", NINES " " NINES, "1e+38"},
	{"avg(x)", "~1e300 ~3e300", "2e+300"},
	{"avg(x)", "~1e308 ~1e308", "1e+308"},
	{"avg(x)", "~-1.7976931348623157e308 ~-1.7976931348623157e308 ~-1.7976931348623157e308",
	 "-1.7976931348623157e+308"},
	/* Twice their mean is as near to one double as to the next but for the digits of 10^-324. */
	{"avg(x)", "~2.2250738585072014e-308 ~5e-324", "1.112536929253601e-308"},

	{"min(x)", "", "null"},
	{"max(x)", "null", "null"},
	{"min(x)", "3 null 1.5 2", "1.5"},
	{"max(x)", "3 null 1.5 2", "3"},
	{"max(x)", "-3 -1.50 -2", "-1.5"},
	{"min(x)", "10 9.99 9.990 100", "9.99"},
	{"max(x)", "9007199254740992 9007199254740993 ~9007199254740992", "9007199254740993"},
	{"min(x)", "'pear' 'apple' 'fig' ''", "\"\""},
	{"max(x)", "'pear' 'apple' null 'peas' 'fig'", "\"peas\""},
	{"max(x)", "'a' 'ab' 'abc' 'abcd' 'b'", "\"b\""},
	{"min(x)", "'10' 9", "9"},
	{"max(x)", "'10' 9 true", "\"10\""},
	{"min(x)", "true false 1", "false"},
	{"max(x)", "~1e30 2", "1e+30"},
	{"min(x)", "1000000000000000000000 ~1e21", "1000000000000000000000"},
	{"max(x)", "~1e21 1000000000000000000000", "1e+21"},

	{"var(x)", "", "null"},
	{"var(x)", "5 null", "null"},
	{"var(x)", "5 5", "0"},
	{"var(x)", "2 4 4 4 5 5 7 9 null", "4.571428571428571"},
	{"var_pop(x)", "null", "null"},
	{"var_pop(x)", "5", "0"},
	{"var_pop(x)", "2 4 4 4 5 5 7 9", "4"},
	{"stddev(x)", "5", "null"},
	{"stddev(x)", "2 4 4 4 5 5 7 9", "2.138089935299395"},
	{"stddev_pop(x)", "", "null"},
	{"stddev_pop(x)", "2 4 4 4 5 5 7 9", "2"},
	{"var(x)", "1000000000004 1000000000007 1000000000013 1000000000016", "30"},
	/* What they have in common costs no digits. */
	{"var(x)", "1713712245123456701 1713712245123456702 1713712245123456703", "1"},
	{"var(x)", "1713712245123456701.5 1713712245123456702 1713712245123456702.50", "0.25"},
	{"var_pop(x)",
	 "-99999999999999999999999999999999999999 -99999999999999999999999999999999999997", "1"},
	{"var(x)", "~9007199254740993 9007199254740993", "0.5"},
	{"var(x)", "0.1 0.1 0.1 0.1 0.1 0.1 0.1", "0"},
	{"skewness(x)", "1713712245123456701 1713712245123456702 1713712245123456703", "0"},
	{"kurtosis(x)", "1713712245123456701 1713712245123456702 1713712245123456703", "-1.5"},
	/* Of any magnitude. */
	{"stddev(x)", "~1e200 ~9e200", "5.65685424949238e+200"},
	{"stddev_pop(x)", "~1e200 null ~9e200", "4e+200"},
	{"var(x)", "~1e200 ~9e200", "1.7976931348623157e+308"},
	{"stddev(x)", "~1e308 ~-1e308 1", "1e+308"},
	{"stddev(x)", "~-1.7e308 ~1.7e308", "1.7976931348623157e+308"},
	{"stddev_pop(x)", "~-1.7e308 ~1.7e308", "1.7e+308"},
	{"stddev_pop(x)", "~1e-200 ~3e-200", "1e-200"},
	{"var(x)", "~1e-200 ~3e-200", "0"},
	{"stddev_pop(x)", "~1e-200 ~1e200 ~3e-200 ~1e200", "5e+199"},
	{"stddev_pop(x)", "~1e200 ~1e200 0 5", "5e+199"},
	{"skewness(x)", "~1e200 ~2e200 ~9e200", "0.6654688661238353"},
	{"kurtosis(x)", "~1e-300 ~-1e-300", "-2"},
	{"skewness(x)", "", "null"},
	{"skewness(x)", "3 3 3", "null"},
	{"skewness(x)", "2 4 4 4 5 5 7 9", "0.65625"},
	{"kurtosis(x)", "1", "null"},
	{"kurtosis(x)", "2 4 4 4 5 5 7 9 null", "-0.21875"},
	{"kurtosis(x)", "1 -1", "-2"},

	{"median(x)", "", "null"},
	{"median(x)", "null", "null"},
	{"median(x)", "3 null", "3"},
	{"median(x)", "3 1 2", "2"},
	{"median(x)", "4 1 3 2", "2.5"},
	{"median(x)", "0.1 0.3", "0.2"},
	{"median(x)", "0.1 0.2", "0.15"},
	{"median(x)", "~0.1 ~0.2", "0.15"},
	{"median(x)", "0.1 0.25", "0.175"},
	{"median(x)", "9007199254740993", "9007199254740993"},
	{"median(x)", "9007199254740993 9007199254740992 9007199254740994", "9007199254740993"},
	{"median(x)", "9007199254740993 9007199254740992 ~9007199254740992", "9007199254740992"},
	{"median(x)", "9007199254740991 9007199254740993 9007199254740993 9007199254740995",
	 "9007199254740993"},
	{"median(x)", "9007199254740992 9007199254740993", "9007199254740992.5"},
	{"median(x)", "9223372036854775807 9223372036854775806", "9223372036854775806.5"},
	{"median(x)", "0.1000000000000000055511151231257827 ~0.1 0.1 0.09999999999999999999",
	 "0.1"},
	{"p100(x)", "0.1000000000000000055511151231257827 ~0.1 0.1 0.09999999999999999999",
	 "0.1000000000000000055511151231257827"},
	{"p0(x)", "0.1000000000000000055511151231257827 ~0.1 0.1 0.09999999999999999999",
	 "0.09999999999999999999"},
	{"median(x)", "170141183460469231731687303715884105727 1",
	 "85070591730234615865843651857942052864"},
	{"median(x)",
	 "170141183460469231731687303715884105727 -170141183460469231731687303715884105727", "0"},
	/* The difference does not fit: in doubles. */
	{"p25(x)",
	 "170141183460469231731687303715884105727 -170141183460469231731687303715884105727",
	 "-85070591730234620000000000000000000000"},
	{"median(x)", "0.00000000000000000000000000000000000001 0", "5e-39"},
	{"p99.99(x)", "0 1", "0.9999"},
	{"p0.000000000001(x)", "0 3", "0.00000000000003"},
	{"median(x)", "-1 -2 -3 5", "-1.5"},
	{"median(x)", "~1.7e308 ~1.6e308", "1.6499999999999999e+308"},
	{"median(x)", "~1.7e308 ~-1.7e308", "0"},
	{"p25(x)", "~8.98846567431158e307 ~-8.98846567431158e307", "-4.49423283715579e+307"},
	{"p0(x)", "15 20 35 40 50", "15"},
	{"p25(x)", "50 15 40 20 35", "20"},
	{"p40(x)", "15 20 35 40 50", "29"},
	{"p50(x)", "15 20 35 40 50", "35"},
	{"p95(x)", "15 20 35 40 50", "48"},
	{"p99.9(x)", "15 20 35 40 50", "49.96"},
	{"p100(x)", "15 20 35 40 50", "50"},
	{"p90(x)", "7 7 7 7", "7"},

	{"approx_p95(x)", "", "null"},
	{"approx_p95(x)", "null null", "null"},
	{"approx_p0(x)", "15 null 20 35 40 50", "15"},
	{"approx_p100(x)", "15 20 35 40 50 null", "50"},
	{"approx_p90(x)", "7 7 7 7.0 ~7", "7"},
	{"approx_p50(x)", "-0.3 -0.3 -0.3", "-0.3"},
	{"approx_p50(x)", "0 0 -0 ~-0 0.0", "0"},
	{"approx_p50(x)", "-5 0 3", "0"},
	{"approx_p50(x)", "-1000 0 0 0 1e-38", "0"},
	{"approx_p25(x)", "1 2", "1.25"},
	{"approx_p50(x)", "~5e-324 ~5e-324 ~1e-323", "5e-324"},
	{"approx_p100(x)", "~1.7976931348623157e308 ~-1.7976931348623157e308",
	 "1.7976931348623157e+308"},
	{"approx_p50(x)", "~1.7976931348623157e308 ~-1.7976931348623157e308", "0"},
	{"approx_p50(x)", "9007199254740993", "9007199254740992"},
	{"approx_p50(x)", "1000000000000000000000000", "1e+24"},
	/* From 1 to 1 + 1311 / 2^16, the first of the 35th roots: 2bc / (b + c), in rational numbers. */
	{"approx_p50(x)", "0 1 9", "1.0099030842328698"},
	{"approx_p50(x)", "-9 -1 0", "-1.0099030842328698"},
	{"approx_p50(x)", "0 1024 9e9", "1034.1407582544587"},
	{"approx_p50(x)", "0 0.0009765625 9e9", "0.000986233480696162"},

	{"distinct(x)", "", "0"},
	{"distinct(x)", "null null", "0"},
	{"distinct(x)", "1 1.0 ~1 1e0 '1' true null", "3"},
	{"distinct(x)", "'a' 'b' 'a' '' [] [1] [1] {}", "6"},

	{"approx_distinct(x)", "", "0"},
	{"approx_distinct(x)", "null null", "0"},
	{"approx_distinct(x)", "1 1.0 ~1 1e0 '1' true null", "3"},
	{"approx_distinct(x)", "'a' 'b' 'a' '' [] [1] [1] {}", "6"},
	{"approx_distinct(x)", "0 -0 ~-0 0.1 ~0.1 0.10 1e21 ~1e21 1e22", "4"},

	{"first(x)", "", "null"},
	{"first(x)", "null 'b' 'a' null", "\"b\""},
	{"last(x)", "", "null"},
	{"last(x)", "null 'b' 'a' null", "\"a\""},
	{"last(x)", "'a' 'bc' 3 [1,2] 'de'", "\"de\""},
	{"first(x)", "false 1", "false"},
	{"last(x)", "1 'x' [1]", "[1]"},
	{"first(x)", "12.50 1", "12.5"},

	{"mode(x)", "", "null"},
	{"mode(x)", "null null 'a'", "\"a\""},
	{"mode(x)", "'a' 'b' 'b' null null null", "\"b\""},
	{"mode(x)", "2 1 1 2 3", "2"},
	{"mode(x)", "'a' 'c' 'c' 'b' 'b' 'z'", "\"c\""},
	{"mode(x)", "'1' 1 1.0", "1"},

	{"collect(x)", "", "[]"},
	{"collect(x)", "null", "[]"},
	{"collect(x)", "3 null 1.50 'a' true [1] 3", "[3,1.5,\"a\",true,[1],3]"},
	{"collect_set(x)", "", "[]"},
	{"collect_set(x)", "null", "[]"},
	{"collect_set(x)", "3 null 'b' 3.0 'a' 'b' [1] 'c'", "[3,\"b\",\"a\",[1],\"c\"]"},

	{"top(3; x)", "", "[]"},
	{"top(3; x)", "null null", "[]"},
	{"top(3; x)", "1 null 2", "[2,1]"},
	{"top(3; x)", "5 1 9 3 7 5", "[9,7,5]"},
	{"top(1; x)", "5 1 9 3 7 9", "[9]"},
	{"top(4; x)", "'b' 2 'a' 10 true", "[\"b\",\"a\",10,2]"},
	{"top(2; x)", "~1e21 1000000000000000000000 1e21", "[1e+21,1000000000000000000000]"},

	{"top_by(2; e; t)", "", "[]"},
	{"top_by(2; e; t)", "'a' null", "[]"},
	{"top_by(2; e; t)", "'a' 3 'b' 1 {} 2", "[\"a\",{}]"},
	{"top_by(3; e; t)", "'a' 1 'long' 1.0 'b' 0 'c' 1 'd' 1", "[\"a\",\"long\",\"c\"]"},
	{"top_by(2; e; t)", "1 'x' null 'z' [1] 'y' 'not' null", "[null,[1]]"},

	{"any(x)", "", "null"},
	{"any(x)", "null", "null"},
	{"any(x)", "false null false", "false"},
	{"any(x)", "false null 0", "true"},
	{"all(x)", "", "null"},
	{"all(x)", "null", "null"},
	{"all(x)", "true null 0 ''", "true"},
	{"all(x)", "true false true", "false"},
};

/* E T E T ... */
static const struct expected by_pair[] = {
	{"first_by(e; t)", "", "null"},
	{"first_by(e; t)", "'a' null", "null"},
	{"first_by(e; t)", "'a' 3 'b' 1 'c' 2", "\"b\""},
	{"first_by(e; t)", "'a' 3 'b' 1 'c' 1.0", "\"b\""},
	{"first_by(e; t)", "'a' 3 null 1 'c' 2", "null"},
	{"first_by(e; t)", "'a' null 'b' 9", "\"b\""},
	{"last_by(e; t)", "'a' 3 'b' 1 'c' 2", "\"a\""},
	{"last_by(e; t)", "'a' 3 'b' 3 'c' 2", "\"a\""},
	{"last_by(e; t)", "1 'x' 2 'y' 3 'yy' 4 'a'", "3"},
	{"min_by(e; t)", "[1] 'b' [2] 'a'", "[2]"},
	{"max_by(e; t)", "'long' 1 'longer' 2 'x' 3 7 4", "7"},
	{"max_by(e; t)", "1 true 2 false", "1"},
};

static void test_operations(void)
{
	for (size_t i = 0; i < sizeof(by_value) / sizeof(by_value[0]); i++)
		check(by_value[i].spec, by_value[i].input, by_value[i].want);
	for (size_t i = 0; i < sizeof(by_pair) / sizeof(by_pair[0]); i++)
		check(by_pair[i].spec, by_pair[i].input, by_pair[i].want);
}

/* Computed with rational numbers; p0 ... by R's type 7. */
static const struct {
	size_t n;
	struct {
		const char *spec, *want;
	} v[16];
} by_sample[] = {
	{7,
	 {{"sum(x)", "-16808.671875"},
	  {"avg(x)", "-2401.238839285714"},
	  {"var(x)", "7087055974.537575"},
	  {"var_pop(x)", "6074619406.746492"},
	  {"stddev(x)", "84184.65403229721"},
	  {"stddev_pop(x)", "77939.84479549913"},
	  {"skewness(x)", "0.5769769461197711"},
	  {"kurtosis(x)", "-1.229587905719473"},
	  {"p0(x)", "-94785.71875"},
	  {"p1(x)", "-92773.1096875"},
	  {"p25(x)", "-60407.6875"},
	  {"median(x)", "-25458.015625"},
	  {"p90(x)", "111728.20625"},
	  {"p95(x)", "115588.30625"},
	  {"p99.9(x)", "119371.20425"},
	  {"p100(x)", "119448.40625"}}},
	{33,
	 {{"sum(x)", "103520.921875"},
	  {"avg(x)", "3136.9976325757575"},
	  {"var(x)", "4757441481.836077"},
	  {"var_pop(x)", "4613276588.447104"},
	  {"stddev(x)", "68974.20881631102"},
	  {"stddev_pop(x)", "67921.10561855648"},
	  {"skewness(x)", "-0.038272206421399405"},
	  {"kurtosis(x)", "-0.6831408688228666"},
	  {"p0(x)", "-128410.0625"},
	  {"p1(x)", "-127121.6425"},
	  {"p25(x)", "-40741.28125"},
	  {"median(x)", "-8943.875"},
	  {"p90(x)", "83776.959375"},
	  {"p95(x)", "112983.196875"},
	  {"p99.9(x)", "129283.413625"},
	  {"p100(x)", "129451.765625"}}},
	{5000,
	 {{"sum(x)", "-3530028.4375"},
	  {"avg(x)", "-706.0056875"},
	  {"var(x)", "5641377691.656228"},
	  {"var_pop(x)", "5640249416.117897"},
	  {"stddev(x)", "75109.10525133573"},
	  {"stddev_pop(x)", "75101.59396522751"},
	  {"skewness(x)", "-4.3730266371156154e-05"},
	  {"kurtosis(x)", "-1.1943626797080689"},
	  {"p0(x)", "-131068.390625"},
	  {"p1(x)", "-128762.8121875"},
	  {"p25(x)", "-65746.703125"},
	  {"median(x)", "-906.875"},
	  {"p90(x)", "102398.225"},
	  {"p95(x)", "116831.984375"},
	  {"p99.9(x)", "130555.404671875"},
	  {"p100(x)", "131063.21875"}}},
};

static void test_samples(void)
{
	char what[32];

	for (size_t i = 0; i < sizeof(by_sample) / sizeof(by_sample[0]); i++) {
		struct input in = sample_input(by_sample[i].n);

		snprintf(what, sizeof(what), "%zu numbers", in.n);
		for (size_t j = 0; j < 16; j++)
			check_input(by_sample[i].v[j].spec, &in, what, by_sample[i].v[j].want);
		free(in.v);
	}
}

/* Of 0, 1, ... 1000 the percentile NN.N is ten times that, without a trace of rounding. */
static void test_exact_ranks(void)
{
	struct agglist one = list_of("p50(x)");
	struct input in = {0};
	bool good = true;
	void *state;

	for (int i = 0; i <= 1000; i++)
		input_add(&in, (struct record){.v = {val_int(i * 379 % 1001)}});
	state = state_of(&one, &in, 0, in.n);
	for (int i = 0; i <= 1000; i++) {
		struct agglist list;
		struct val out;
		char spec[32];

		snprintf(spec, sizeof(spec), "p%d.%d(x)", i / 10, i % 10);
		list = list_of(spec);
		list.v[0].op->emit(state, &list.v[0], &out, NULL);
		good = good && val_double(&out) == i;
		agglist_free(&list);
	}
	ok(good, "a percentile that is one of the values is that value");
	state_free(&one, state);
	agglist_free(&one);
	free(in.v);
}

static int by_size(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* p37 of numbers with many ties, few and many, against sorting. */
static void test_ranks_random(void)
{
	enum { MOST = 150 };
	struct agglist list = list_of("p37(x)");
	bool good = true;

	random_state = 5;
	for (size_t n = 1; n <= MOST; n++) {
		struct input in = {0};
		int64_t sorted[MOST];
		struct val out;
		double want;
		void *state;

		for (size_t i = 0; i < n; i++) {
			sorted[i] = (int64_t)(random32() % 9) - 4;
			input_add(&in, (struct record){.v = {val_int(sorted[i])}});
		}
		qsort(sorted, n, sizeof(sorted[0]), by_size);
		want = (double)sorted[(n - 1) * 37 / 100];
		if ((n - 1) * 37 % 100)
			want += (double)((n - 1) * 37 % 100) / 100 *
				((double)sorted[(n - 1) * 37 / 100 + 1] - want);

		state = state_of(&list, &in, 0, n);
		list.v[0].op->emit(state, &list.v[0], &out, NULL);
		good = good && fabs(val_double(&out) - want) < 1e-14;
		state_free(&list, state);
		free(in.v);
	}
	ok(good, "percentiles of up to %d numbers as by sorting", MOST);
	agglist_free(&list);
}

/*
 * Decimals of which many share a double, and doubles among them, against sorting them by value and
 * interpolating exactly.
 */
static void test_fine_ranks(void)
{
	enum { MOST = 90 };
	struct agglist list = list_of("p37(x)");
	int wrong = 0;

	random_state = 8;
	for (size_t n = 1; n <= MOST; n++) {
		struct input in = {0};
		struct dec sorted[MOST] = {{0, 0}}, want;
		struct val out;
		void *state;

		for (size_t i = 0; i < n; i++) {
			struct val v = {.type = VAL_DEC};
			size_t j = i;

			v.dec.v = ((__int128)1 << 62) + (random32() % 3000);
			v.dec.scale = (int)(random32() % 3) * 7;
			if (random32() % 4 == 0)
				v = (struct val){.type = VAL_DBL, .dbl = dec_double(v.dec)};
			input_add(&in, (struct record){.v = {v}});
			if (v.type == VAL_DBL)
				dec_from_double(&v.dec, v.dbl);
			for (; j > 0 && dec_cmp(sorted[j - 1], v.dec) > 0; j--)
				sorted[j] = sorted[j - 1];
			sorted[j] = v.dec;
		}
		want = sorted[(n - 1) * 37 / 100];
		if ((n - 1) * 37 % 100) {
			struct dec d = {0, 0}, part = {(__int128)((n - 1) * 37 % 100), 2};

			wrong += !dec_sub(sorted[(n - 1) * 37 / 100 + 1], want, &d) ||
				 !dec_mul(d, part, &d) || !dec_add(want, d, &want);
		}
		state = state_of(&list, &in, 0, n / 2);
		for (size_t i = n / 2; i < n; i++) {
			void *one = state_of(&list, &in, i, i + 1);

			agg_merge(&list, state, one);
			state_free(&list, one);
		}
		list.v[0].op->emit(state, &list.v[0], &out, NULL);
		wrong += out.type != VAL_DEC || dec_cmp(out.dec, want) != 0;
		state_free(&list, state);
		free(in.v);
	}
	ok(wrong == 0, "percentiles of decimals finer than doubles, exactly");
	agglist_free(&list);
}

static const char everything[] =
	"count, n=count(e), sum(e), avg(e), min(e), max(e), median(e), p1(e), p99.9(e), "
	"approx_p25(e), approx_p99.9(e), distinct(e), approx_distinct(e), "
	"first(e), last(e), first_by(e; e), last_by(e; e), min_by(e; t), max_by(e; t), mode(e), "
	"collect(e), collect_set(e), top(5; e), top_by(5; e; t), any(e), all(e)";

/* Small numbers with up to two decimals, so that there are ties; some null. */
static struct input random_input(size_t n)
{
	struct input in = {0};

	for (size_t i = 0; i < n; i++) {
		struct record r;

		for (int j = 0; j < AGG_ARGS_MAX; j++) {
			struct dec d = {(__int128)(random32() % 400) - 100, (int)(random32() % 3)};

			r.v[j] = random32() % 8 ? (struct val){.type = VAL_DEC, .dec = d}
						: val_null();
		}
		input_add(&in, r);
	}
	return in;
}

static void test_random_parts(void)
{
	struct agglist list = list_of(everything);
	struct buf whole = BUF_INIT, got = BUF_INIT;
	bool good = true;

	random_state = 7;
	for (int round = 0; round < 60; round++) {
		struct input in = random_input(random32() % 200);
		void *state = state_of(&list, &in, 0, in.n), *merged = state_new(&list);

		show(&list, state, &whole);
		for (size_t from = 0; from < in.n;) {
			size_t to = from + 1 + random32() % (in.n - from);
			void *part = state_of(&list, &in, from, to);

			agg_merge(&list, merged, part);
			state_free(&list, part);
			from = to;
		}
		show(&list, merged, &got);
		if (strcmp(buf_str(&got), buf_str(&whole)) != 0) {
			printf("# round %d\n# whole:  %s\n# merged: %s\n", round, buf_str(&whole),
			       buf_str(&got));
			good = false;
		}
		state_free(&list, state);
		state_free(&list, merged);
		free(in.v);
	}
	ok(good, "random inputs in random parts, all operations at once");
	agglist_free(&list);
	buf_free(&whole);
	buf_free(&got);
}

/* --- Every row of the table, with every type that it takes, in random parts --- */

/* A SPEC of the i-th operation. */
static void put_spec(struct buf *spec, const struct agg_op *op)
{
	buf_clear(spec);
	if (op->named) /* ...NN */
		buf_addf(spec, "%.*s37.5", (int)strlen(op->name) - 2, op->name);
	else
		buf_add_str(spec, op->name);
	buf_addf(spec, "(%se%s)", op->literal ? "4; " : "", op->max_args > 1 ? "; t" : "");
}

static struct val random_number(void)
{
	struct dec d = {(__int128)(random32() % 2000) - 1000, (int)(random32() % 4)};

	if (random32() % 4 == 0) /* finer than its double */
		d = (struct dec){((__int128)1 << 60) + (random32() % 64), 17};
	if (random32() % 4 == 0)
		return (struct val){.type = VAL_DBL, .dbl = -0.1 * (double)(random32() % 12)};
	return (struct val){.type = VAL_DEC, .dec = d};
}

static struct val random_value(enum agg_takes takes)
{
	static const char *const strings[] = {"", "a", "b", "ab", "10", "\xc3\xa9"};
	static const char *const texts[] = {"[]", "{}", "[1]", "{\"a\":1}"};

	if (random32() % 7 == 0)
		return val_null();
	if (takes == AGG_ANY && random32() % 5 == 0) {
		const char *text = texts[random32() % 4];

		return (struct val){.type = VAL_JSON, .str = slice_str(text)};
	}
	if (takes != AGG_NUMBER && random32() % 3 == 0) {
		const char *text = strings[random32() % 6];

		return val_str(text, strlen(text));
	}
	if (takes != AGG_NUMBER && random32() % 5 == 0)
		return (struct val){.type = random32() % 2 ? VAL_TRUE : VAL_FALSE};
	return random_number();
}

/* The state of [from, to), merged from random parts, each of which may be merged from parts. */
static void *state_in_parts(const struct agglist *list, const struct input *in, size_t from,
			    size_t to, int depth)
{
	void *state;

	if (depth == 0 || random32() % 4 == 0)
		return state_of(list, in, from, to);
	state = state_new(list);
	while (from < to) {
		size_t cut = from + 1 + random32() % (to - from);
		void *part = state_in_parts(list, in, from, cut, depth - 1);

		agg_merge(list, state, part);
		state_free(list, part);
		from = cut;
	}
	return state;
}

static bool same_in_parts(const struct agglist *list)
{
	const struct agg_op *op = list->v[0].op;
	struct buf whole = BUF_INIT, got = BUF_INIT;
	struct input in = {0};
	void *state, *parts;
	bool good;

	for (uint32_t n = random32() % 80; n > 0; n--) {
		struct record r = {.v = {random_value(op->takes[0]), random_value(op->takes[1])}};

		input_add(&in, r);
	}
	state = state_of(list, &in, 0, in.n);
	parts = state_in_parts(list, &in, 0, in.n, 3);
	show(list, state, &whole);
	show(list, parts, &got);
	good = agrees(list, buf_str(&got), buf_str(&whole));
	if (!good)
		printf("# whole: %s\n# parts: %s\n", buf_str(&whole), buf_str(&got));
	state_free(list, state);
	state_free(list, parts);
	free(in.v);
	buf_free(&whole);
	buf_free(&got);
	return good;
}

static void test_every_operation(void)
{
	struct buf spec = BUF_INIT;

	random_state = 12;
	for (size_t i = 0; agg_op_at(i); i++) {
		struct agglist list;
		bool good = true;

		put_spec(&spec, agg_op_at(i));
		list = list_of(buf_str(&spec));
		for (int round = 0; round < 20; round++)
			good = same_in_parts(&list) && good;
		ok(good, "%s: parts of random values give the whole", buf_str(&spec));
		agglist_free(&list);
	}
	buf_free(&spec);
}

/* The greatest n of random numbers against sorting by selection. */
static void test_top_random(void)
{
	struct agglist list = list_of("top(40; e)");
	struct buf got = BUF_INIT, want = BUF_INIT;
	struct input in;
	void *state;

	random_state = 99;
	in = random_input(500);
	state = state_of(&list, &in, 0, in.n);
	show(&list, state, &got);
	buf_add_char(&want, '[');
	for (int i = 0; i < 40; i++) {
		struct val *best = &in.v[0].v[0];

		for (size_t j = 1; j < in.n; j++) {
			if (val_cmp(&in.v[j].v[0], best) > 0)
				best = &in.v[j].v[0];
		}
		if (i > 0)
			buf_add_char(&want, ',');
		val_put_json(&want, best);
		*best = val_null();
	}
	buf_add_char(&want, ']');
	is_str(buf_str(&got), buf_str(&want), "top(40) of 500");
	state_free(&list, state);
	agglist_free(&list);
	free(in.v);
	buf_free(&got);
	buf_free(&want);
}

static void test_inexact(void)
{
	struct agglist list = list_of("sum(x), avg(x), max(x)");
	struct input in = input_of(NINES " " NINES, 1);
	void *one = state_of(&list, &in, 0, 1), *two = state_of(&list, &in, 0, 2);

	ok(agg_inexact(&list, one) == 0, "a sum that fits is exact");
	ok(agg_inexact(&list, two) == 2, "past 128 bits sum and avg say that they are not");
	agg_merge(&list, one, two);
	ok(agg_inexact(&list, one) == 2, "nor is what such a sum is merged into");
	state_free(&list, one);
	state_free(&list, two);
	agglist_free(&list);
	free(in.v);
}

/* A value that was rounded on its way counts, in whatever the result shows of it. */
static void test_rounded(void)
{
	static const struct {
		const char *spec;
		size_t want; /* of rounded 2 then exact 1 */
	} t[] = {
		{"sum(x)", 1},       {"avg(x)", 1},    {"max(x)", 1}, {"min(x)", 0},
		{"first(x)", 1},     {"last(x)", 0},   {"count", 0},  {"max_by(x; y)", 1},
		{"min_by(x; y)", 0}, {"median(x)", 1}, {"p90(x)", 1},
	};
	struct record r[2] = {{.v = {val_int(2), val_int(2)}}, {.v = {val_int(1), val_int(1)}}};
	const struct input in = {r, 2, 2};

	r[0].v[0].rounded = true;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct agglist list = list_of(t[i].spec);
		void *whole = state_of(&list, &in, 0, 2), *a = state_of(&list, &in, 0, 1),
		     *b = state_of(&list, &in, 1, 2);

		ok(agg_inexact(&list, whole) == t[i].want && agg_inexact(&list, b) == 0,
		   "%s of a rounded value", t[i].spec);
		agg_merge(&list, a, b);
		ok(agg_inexact(&list, a) == t[i].want, "merged");
		agg_merge(&list, b, whole);
		ok(agg_inexact(&list, b) == t[i].want, "merged into");
		state_free(&list, whole);
		state_free(&list, a);
		state_free(&list, b);
		agglist_free(&list);
	}
}

static void test_sizes(void)
{
	const struct agg_op *op;
	size_t n = 0;
	bool good = true;

	while ((op = agg_op_at(n))) {
		good = good && op->size > 0 && op->size % 16 == 0 && op->name && op->args &&
		       op->help;
		n++;
	}
	ok(good && n == 29, "the table's rows are whole");
	ok(!agg_op_at(n + 1), "nothing beyond it");
	ok(agg_op_at(0)->size == 16 && agg_op_at(1)->size <= 48,
	   "states of count and sum are small");
}

/* --- What operations take --- */

static const struct {
	const char *spec, *input, *error; /* "" when it is taken */
} checks[] = {
	{"sum(price)", "'abc'", "sum(price): \"abc\" is not a number"},
	{"t=sum(price)", "'1'", "sum(price): \"1\" is not a number"},
	{"sum(price)", "true", "sum(price): true is not a number"},
	{"avg( .a )", "[1,2]", "avg( .a ): [1,2] is not a number"},
	{"p95(x) where y", "''", "p95(x): \"\" is not a number"},
	{"approx_p95(x)", "'1'", "approx_p95(x): \"1\" is not a number"},
	{"approx_p95(x)", "~1e400", "approx_p95(x): NaN, or a number beyond what a double holds"},
	{"approx_distinct(x)", "[1]", ""},
	{"approx_distinct(x)", "~x", "approx_distinct(x): NaN is not a number"},
	{"sum(x)", "null", ""},
	{"sum(x)", "~1e300", ""},
	{"sum(x)", "~1e400", "sum(x): NaN, or a number beyond what a double holds"},
	{"min(x)", "~-1e400", "min(x): NaN, or a number beyond what a double holds"},
	{"count(x)", "~x", "count(x): NaN is not a number"},
	{"collect(x)", "~x", "collect(x): NaN is not a number"},
	{"first_by(e; t)", "1 ~x", "first_by(e; t): NaN is not a number"},
	{"min(x)", "'a'", ""},
	{"min(x)", "false", ""},
	{"min(x)", "{}", "min(x): {} is not a number, a string or a boolean"},
	{"top(3; x)", "[]", "top(3; x): [] is not a number, a string or a boolean"},
	{"top_by(3; e; t)", "{} 1", ""},
	{"top_by(3; e; t)", "1 {}", "top_by(3; e; t): {} is not a number, a string or a boolean"},
	{"first_by(e; t)", "[] 1", ""},
	{"first_by(e; t)", "1 []", "first_by(e; t): [] is not a number, a string or a boolean"},
	{"count(x)", "{}", ""},
	{"count", "{}", ""},
	{"collect(x)", "[]", ""},
	{"sum(x)", "'0123456789012345678901234567890123456789012345678901234567890123456789'",
	 "sum(x): \"01234567890123456789012345678901234567890123456789012345678... is not a "
	 "number"},
	{"sum(x)",
	 "'\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"
	 "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"
	 "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9'",
	 "sum(x): "
	 "\"\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"
	 "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"
	 "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9... is not a "
	 "number"},
};

static void test_checks(void)
{
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		struct agglist list = list_of(checks[i].spec);
		struct input in = input_of(checks[i].input, list.v[0].nargs);
		struct buf err = BUF_INIT;
		int rc = agg_check(&list.v[0], in.v[0].v, &err);

		ok(rc == (*checks[i].error ? -1 : 0), "%s of %s", checks[i].spec, checks[i].input);
		is_str(buf_str(&err), checks[i].error, "and its message");
		agglist_free(&list);
		free(in.v);
		buf_free(&err);
	}
}

/* --- The grammar --- */

/* What a list holds: name|FN|argument|argument|where|parameter, lines between. */
static void put_list(struct buf *out, const struct agglist *list)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct agg *a = &list->v[i];

		buf_addf(out, "%s%s|%s", i ? "\n" : "", a->name, a->op->name);
		for (unsigned j = 0; j < a->nargs; j++)
			buf_addf(out, "|%s", a->args[j]);
		if (a->where)
			buf_addf(out, "|where %s", a->where);
		if (a->op->named || a->op->literal)
			buf_addf(out, "|%.17g", a->param);
	}
}

static const struct {
	const char *specs, *list;
} grammar[] = {
	{"count", "count|count"},
	{"  count\t", "count|count"},
	{"count()", "count()|count"},
	{"count(*)", "count(*)|count"},
	{"count( * )", "count( * )|count"},
	{"count(.a*.b)", "count(.a*.b)|count|.a*.b"},
	{"sum(.a)", "sum(.a)|sum|.a"},
	{"sum ( .a )", "sum ( .a )|sum| .a "},
	{"n=count", "n|count"},
	{"n = count", "n|count"},
	{"_N9 =sum(x)", "_N9|sum|x"},
	{"count=count", "count|count"},
	{"sum=sum(unit price)", "sum|sum|unit price"},
	{"total=sum(price*quantity), avg(price),n=count",
	 "total|sum|price*quantity\navg(price)|avg|price\nn|count"},
	{"sum(if .a then 1,2 else 3 end), count", /* commas in brackets */
	 "sum(if .a then 1,2 else 3 end)|sum|if .a then 1,2 else 3 end\ncount|count"},
	{"count([.a,.b]),collect({a,b})",
	 "count([.a,.b])|count|[.a,.b]\ncollect({a,b})|collect|{a,b}"},
	{"first_by(.a; .t)", "first_by(.a; .t)|first_by|.a| .t"},
	{"first_by((.a;.b);[.c;{d:(1;2)}])",
	 "first_by((.a;.b);[.c;{d:(1;2)}])|first_by|(.a;.b)|[.c;{d:(1;2)}]"},
	{"count(.a == \"x,y;z)\")", "count(.a == \"x,y;z)\")|count|.a == \"x,y;z)\""},
	{"count(.a == \"(\"), count", "count(.a == \"(\")|count|.a == \"(\"\ncount|count"},
	{"count(\"\\\")\"),count", "count(\"\\\")\")|count|\"\\\")\"\ncount|count"},
	{"count(\"\\\\\"),count", "count(\"\\\\\")|count|\"\\\\\"\ncount|count"},
	{"count(\"a\\(.b + \")\" | [1,2])c,\"),count",
	 "count(\"a\\(.b + \")\" | [1,2])c,\")|count|\"a\\(.b + \")\" | [1,2])c,\"\ncount|count"},
	{"count(\"\\(\"\\(1)\")\")", "count(\"\\(\"\\(1)\")\")|count|\"\\(\"\\(1)\")\""},
	{"count where .a == 1", "count where .a == 1|count|where .a == 1"},
	{"a=count where x==1, b=count where x<=1", "a|count|where x==1\nb|count|where x<=1"},
	{"sum(x)where(.a)", "sum(x)where(.a)|sum|x|where (.a)"},
	{"n = sum(x) where  .a and (.b, .c)  ,count", "n|sum|x|where .a and (.b, .c)\ncount|count"},
	{"count where \"a,b\" == .c, n=count",
	 "count where \"a,b\" == .c|count|where \"a,b\" == .c\nn|count"},
	{"sum(where)", "sum(where)|sum|where"},
	{"where=count where where", "where|count|where where"},
	{"sum(x where y)", "sum(x where y)|sum|x where y"},
	{"p50(x)", "p50(x)|pNN|x|0.5"},
	{"p95=p95(x), p99.9(x)", "p95|pNN|x|0.94999999999999996\np99.9(x)|pNN|x|0.999"},
	{"p0(x),p100(x),p7(x)", "p0(x)|pNN|x|0\np100(x)|pNN|x|1\np7(x)|pNN|x|0.070000000000000007"},
	{"approx_p99.9(x), approx_p0(x)",
	 "approx_p99.9(x)|approx_pNN|x|0.999\napprox_p0(x)|approx_pNN|x|0"},
	{"approx_distinct(x)", "approx_distinct(x)|approx_distinct|x"},
	{"top(3; x)", "top(3; x)|top| x|3"},
	{"top( 1e3 ;x)", "top( 1e3 ;x)|top|x|1000"},
	{"count,\n\tsum(x)", "count|count\nsum(x)|sum|x"},
};

static const struct {
	const char *specs, *error;
} errors[] = {
	{"", "an empty aggregate"},
	{"  ", "an empty aggregate"},
	{"count,", "an empty aggregate"},
	{"count,,sum(x)", "an empty aggregate"},
	{"n=", "n=: a function is due, as in sum(price)"},
	{"(x)", "(x): a function is due, as in sum(price)"},
	{"=sum(x)", "=sum(x): a function is due, as in sum(price)"},
	{"count,avrg(x)", "avrg(x): unknown function 'avrg'; did you mean 'avg'?"},
	{"SUM(x)", "SUM(x): unknown function 'SUM'; did you mean 'sum'?"},
	{"mean(x)", "mean(x): unknown function 'mean'; did you mean 'avg'?"},
	{"n=std_dev(x)", "n=std_dev(x): unknown function 'std_dev'; did you mean 'stddev'?"},
	{"frobnicate(x)", "frobnicate(x): unknown function 'frobnicate'"},
	{"p101(x)", "p101(x): unknown function 'p101'"},
	{"p100.1(x)", "p100.1(x): unknown function 'p100.1'"},
	{"p5.(x)", "p5.(x): unknown function 'p5.'; did you mean 'pNN'?"},
	{"p(x)", "p(x): unknown function 'p'"},
	{"approx_p101(x)",
	 "approx_p101(x): unknown function 'approx_p101'; did you mean 'approx_pNN'?"},
	{"approx_p(x)", "approx_p(x): unknown function 'approx_p'; did you mean 'approx_pNN'?"},
	{"approx_(x)", "approx_(x): unknown function 'approx_'; did you mean 'approx_pNN'?"},
	{"approx_median(x)",
	 "approx_median(x): unknown function 'approx_median'; did you mean 'approx_p50'?"},
	{"approx_count_distinct(x)", "approx_count_distinct(x): unknown function "
				     "'approx_count_distinct'; did you mean 'approx_distinct'?"},
	{"sum where x==1", "sum where x==1: it is sum(E)"},
	{"foo where x<=1", "foo where x<=1: unknown function 'foo'; did you mean 'top'?"},
	{"total-sales=sum(x)", "total-sales=sum(x): a NAME consists of letters, digits and _"},
	{"total sales=sum(x)", "total sales=sum(x): a NAME consists of letters, digits and _"},
	{"1st=first(x)", "1st=first(x): a NAME consists of letters, digits and _"},
	{"a==sum(x)", "a==sum(x): unknown function 'a'"},
	{"sum", "sum: it is sum(E)"},
	{"sum()", "sum(): it is sum(E)"},
	{"sum( )", "sum( ): it is sum(E)"},
	{"sum(a;b)", "sum(a;b): it is sum(E)"},
	{"count(a;b)", "count(a;b): it is count[(E)]"},
	{"count(;)", "count(;): it is count[(E)]"},
	{"first_by(a)", "first_by(a): it is first_by(E; T)"},
	{"first_by(a;)", "first_by(a;): it is first_by(E; T)"},
	{"first_by(;b)", "first_by(;b): it is first_by(E; T)"},
	{"first_by(a;b;c)", "first_by(a;b;c): it is first_by(E; T)"},
	{"top(x)", "top(x): it is top(N; E)"},
	{"top", "top: it is top(N; E)"},
	{"top(3;)", "top(3;): it is top(N; E)"},
	{"top(x;3)", "top(x;3): 'x' will not do: top(N; E) has a whole number first, 1 or more"},
	{"top_by(3; x)", "top_by(3; x): it is top_by(N; E; T)"},
	{"top_by(x; 3; x)",
	 "top_by(x; 3; x): 'x' will not do: top_by(N; E; T) has a whole number first, 1 or more"},
	{"top(0;x)", "top(0;x): '0' will not do: top(N; E) has a whole number first, 1 or more"},
	{"top(1.5;x)",
	 "top(1.5;x): '1.5' will not do: top(N; E) has a whole number first, 1 or more"},
	{"sum(x", "sum(x: '(' is not closed"},
	{"count, sum([x)", "sum([x: ')' closes nothing"},
	{"sum(x))", "sum(x): ')' closes nothing"},
	{"sum(\"x)", "sum(\"x): '\"' is not closed"},
	{"sum(\"\\(x\")", "sum(\"\\(x\"): '\"' is not closed"},
	{"count where", "count where: 'where' lacks its expression"},
	{"sum(x) where  ", "sum(x) where: 'where' lacks its expression"},
	{"sum(x) wherever", "sum(x) wherever: 'wherever' is not 'where EXPR'"},
	{"sum(x) * 2", "sum(x) * 2: '* 2' is not 'where EXPR'"},
	{"sum price", "sum price: it is sum(E)"},
	{"count price", "count price: 'price' is not 'where EXPR'"},
	{"count,count", "count: two results have the name 'count': give one another, NAME=count"},
	{"a=count,a=sum(x)",
	 "a=sum(x): two results have the name 'a': give one another, NAME=sum(x)"},
};

static void test_grammar(void)
{
	for (size_t i = 0; i < sizeof(grammar) / sizeof(grammar[0]); i++) {
		struct agglist list = list_of(grammar[i].specs);
		struct buf got = BUF_INIT;
		char what[32];

		put_list(&got, &list);
		snprintf(what, sizeof(what), "grammar, row %zu", i);
		is_str(buf_str(&got), grammar[i].list, what);
		agglist_free(&list);
		buf_free(&got);
	}
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		struct agglist list = {0};
		struct buf err = BUF_INIT;

		ok(agglist_parse(&list, errors[i].specs, &err) == -1 && list.n == 0 &&
			   list.size == 0,
		   "'%s' is refused whole", errors[i].specs);
		is_str(buf_str(&err), errors[i].error, "and why");
		agglist_free(&list);
		buf_free(&err);
	}
}

static void test_several_options(void)
{
	struct agglist list = list_of("count, a=sum(x)");
	struct buf err = BUF_INIT, got = BUF_INIT;
	size_t size = list.size;

	ok(agglist_parse(&list, "b=sum(y), max(z)", &err) == 0, "a second -a is appended");
	put_list(&got, &list);
	is_str(buf_str(&got), "count|count\na|sum|x\nb|sum|y\nmax(z)|max|z", "behind the first");
	ok(list.v[0].offset == 0 && list.v[1].offset == 16 && list.v[2].offset == size &&
		   list.size == size + list.v[2].op->size + list.v[3].op->size,
	   "states lie one behind the other");
	ok(list.v[3].seed == 11, "the seed is handed on");
	size = list.size;
	ok(agglist_parse(&list, "c=avg(x), a=min(x)", &err) == -1,
	   "a name of the first -a is taken");
	ok(list.n == 4 && list.size == size, "and the list is as before");
	agglist_free(&list);
	ok(list.n == 0 && list.size == 0, "a freed list is empty");
	buf_free(&err);
	buf_free(&got);
}

int main(void)
{
	test_operations();
	test_samples();
	test_exact_ranks();
	test_ranks_random();
	test_fine_ranks();
	test_random_parts();
	test_every_operation();
	test_top_random();
	test_inexact();
	test_rounded();
	test_sizes();
	test_checks();
	test_grammar();
	test_several_options();
	return done_testing();
}
