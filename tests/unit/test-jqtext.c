#include "jqtext.h"

#include <stdlib.h>

#include "tap.h"

static const struct jq_number_rules as_1_6 = {.keeps = false};
static const struct jq_number_rules as_1_8 = {.keeps = true, .compares = true, .negates = true};

/* --- Numbers --- */

/* A text, and what `jq -c .` of 1.6 and of 1.8.2 prints. */
static const struct {
	const char *text, *v1_6, *v1_8;
} numbers[] = {
	{"0", "0", "0"},
	{"-0", "-0", "-0"},
	{"0.0", "0", "0.0"},
	{"-0.0", "-0", "-0.0"},
	{"0e5", "0", "0E+5"},
	{"-0e-7", "-0", "-0E-7"},
	{"0.000", "0", "0.000"},
	{"1", "1", "1"},
	{"-1", "-1", "-1"},
	{"10", "10", "10"},
	{"1.0", "1", "1.0"},
	{"-1.50", "-1.5", "-1.50"},
	{"100", "100", "100"},
	{"1e0", "1", "1"},
	{"1E0", "1", "1"},
	{"1e2", "100", "1E+2"},
	{"1E+2", "100", "1E+2"},
	{"1e-2", "0.01", "0.01"},
	{"1.5e3", "1500", "1.5E+3"},
	{"12.50e1", "125", "125.0"},
	{"0.1", "0.1", "0.1"},
	{"0.10", "0.1", "0.10"},
	{"0.001", "0.001", "0.001"},
	{"0.0001", "0.0001", "0.0001"},
	{"0.00001", "1e-05", "0.00001"},
	{"0.000001", "1e-06", "0.000001"},
	{"0.0000001", "1e-07", "1E-7"},
	{"1e-5", "1e-05", "0.00001"},
	{"1e-6", "1e-06", "0.000001"},
	{"1e-7", "1e-07", "1E-7"},
	{"1.2e-7", "1.2e-07", "1.2E-7"},
	{"123456789012345", "123456789012345", "123456789012345"},
	{"999999999999999", "999999999999999", "999999999999999"},
	{"1000000000000000", "1000000000000000", "1000000000000000"},
	{"9007199254740993", "9007199254740992", "9007199254740993"},
	{"12345678901234567", "12345678901234568", "12345678901234567"},
	{"123456789012345678", "123456789012345680", "123456789012345678"},
	{"12345678901234567890", "12345678901234567000", "12345678901234567890"},
	{"100000000000000000", "1e+17", "100000000000000000"},
	{"1000000000000000000", "1e+18", "1000000000000000000"},
	{"1e15", "1000000000000000", "1E+15"},
	{"1e16", "1e+16", "1E+16"},
	{"1e17", "1e+17", "1E+17"},
	{"1e18", "1e+18", "1E+18"},
	{"1e19", "1e+19", "1E+19"},
	{"1.5e17", "1.5e+17", "1.5E+17"},
	{"123e15", "123000000000000000", "1.23E+17"},
	{"1234e15", "1234000000000000000", "1.234E+18"},
	{"0.1234567890123456", "0.1234567890123456", "0.1234567890123456"},
	{"0.12345678901234567", "0.12345678901234566", "0.12345678901234567"},
	{"0.30000000000000004", "0.30000000000000004", "0.30000000000000004"},
	{"3.141592653589793238", "3.141592653589793", "3.141592653589793238"},
	{"5e-324", "5e-324", "5E-324"},
	{"1e-400", "0", "1E-400"},
	{"-1e-400", "-0", "-1E-400"},
	{"1e308", "1e+308", "1E+308"},
	{"1.7976931348623157e308", "1.7976931348623157e+308", "1.7976931348623157E+308"},
	{"1e400", "1.7976931348623157e+308", "1E+400"},
	{"-1e1000", "-1.7976931348623157e+308", "-1E+1000"},
	{"2e-308", "2e-308", "2E-308"},
	{"0.00123", "0.00123", "0.00123"},
};

static void is_printed(const char *text, struct jq_number_rules rules, const char *want)
{
	struct jq_number n = jqtext_number(slice_str(text));
	struct buf out = BUF_INIT;

	ok(jqtext_put_number(&out, slice_str(text), &n, rules), "%s is printed", text);
	is_str(buf_str(&out), want, text);
	ok(n.dbl == strtod(text, NULL), "%s as a double", text);
	buf_free(&out);
}

static void test_numbers(void)
{
	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
		struct jq_number n = jqtext_number(slice_str(numbers[i].text));
		bool same = strcmp(numbers[i].text, numbers[i].v1_6) == 0 &&
			    strcmp(numbers[i].text, numbers[i].v1_8) == 0;

		is_printed(numbers[i].text, as_1_6, numbers[i].v1_6);
		is_printed(numbers[i].text, as_1_8, numbers[i].v1_8);
		ok(same || !n.plain, "%s is not called plain when it is not", numbers[i].text);
	}
}

/* Where an exponent is too far out nothing is done. */
static void test_far_exponents(void)
{
	static const char *const far[] = {"1e100000", "1e-100000", "-1E+99999999999999999999"};

	for (size_t i = 0; i < sizeof far / sizeof far[0]; i++) {
		struct jq_number n = jqtext_number(slice_str(far[i]));
		struct buf out = BUF_INIT;

		buf_add_str(&out, "x");
		ok(!jqtext_put_number(&out, slice_str(far[i]), &n, as_1_6), "%s", far[i]);
		ok(!jqtext_put_number(&out, slice_str(far[i]), &n, as_1_8), "%s", far[i]);
		is_str(buf_str(&out), "x", far[i]);
		buf_free(&out);
	}
}

static void test_digits(void)
{
	static const struct {
		const char *text;
		int digits;
	} table[] = {
		{"1000000000000000000000000", 1},   {"0.00000000000000000000000001", 1},
		{"-12345678901234567890", 19},      {"1234567890.12345678900e5", 19},
		{"100000000000000000001", 21},      {"0e99", 0},
		{"0.0000000000000000000000000", 0},
	};

	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
		ok(jqtext_number(slice_str(table[i].text)).digits == table[i].digits,
		   "%s has %d digits", table[i].text, table[i].digits);
}

/* What was computed, and what `jq -nc` of 1.6 and of 1.8.2 prints of the same computation. */
static const struct {
	double d;
	const char *want;
} computed[] = {
	{1.0 / 3.0, "0.3333333333333333"},
	{2.0 / 3.0, "0.6666666666666666"},
	{10.0 / 3.0, "3.3333333333333335"},
	{1e300 * 1e8, "1e+308"},
	{1e17 / 10.0, "1e+16"},
	{1e17 * 10.0, "1e+18"},
	{123456789.0 * 1e10, "1234567890000000000"},
	{0.1 + 0.2, "0.30000000000000004"},
	{1e15 + 0.0, "1000000000000000"},
	{1e15 + 1.0, "1000000000000001"},
	{1e16 + 2.0, "10000000000000002"},
	{1e17 + 0.0, "1e+17"},
	{-(1e17), "-1e+17"},
	{1e-5 / 10.0, "1.0000000000000002e-06"},
	{1e-4 / 1.0, "0.0001"},
	{0.0001 * 1.0, "0.0001"},
	{0.001 * 0.01, "1e-05"},
	{-(0.1 * 0.1), "-0.010000000000000002"},
	{1e22 * 10.0, "1e+23"},
	{4.9e-324 * 1.0, "5e-324"},
	{1.7976931348623157e308 * 1.0, "1.7976931348623157e+308"},
	{9007199254740991.0 + 0.0, "9007199254740991"},
	{9007199254740992.0 + 2.0, "9007199254740994"},
	{999999999999999.9 * 1.0, "999999999999999.9"},
	{123456.789 * 1000.0, "123456789"},
	{100.0 / 8.0, "12.5"},
	{-7.0 / 2.0, "-3.5"},
	{1e-300 * 1e-10, "1e-310"},
	{5e-5 * 1.0, "5e-05"},
	{12345e-9 * 1.0, "1.2345e-05"},
	{-0.0, "-0"},
};

static void test_doubles(void)
{
	for (size_t i = 0; i < sizeof computed / sizeof computed[0]; i++) {
		struct buf out = BUF_INIT;

		jqtext_put_double(&out, computed[i].d);
		is_str(buf_str(&out), computed[i].want, computed[i].want);
		buf_free(&out);
	}
}

/* --- Texts --- */

/* A text, and what `jq -c .` of 1.6 and of 1.8.2 prints; NULL: it is refused. */
static const struct {
	const char *text, *v1_6, *v1_8;
} texts[] = {
	{"[ 1.0 , 2 ]", "[1,2]", "[1.0,2]"},
	{"{ \"a\" : [ ] , \"b\" : { } }", "{\"a\":[],\"b\":{}}", "{\"a\":[],\"b\":{}}"},
	{"{\"b\":1,\"a\":2}", "{\"b\":1,\"a\":2}", "{\"b\":1,\"a\":2}"},
	{"{\"\\u0061\\/\":\"\\ud83d\\ude00\\b\\u0000\x7f\"}",
	 "{\"a/\":\"\xf0\x9f\x98\x80\\b\\u0000\\u007f\"}",
	 "{\"a/\":\"\xf0\x9f\x98\x80\\b\\u0000\\u007f\"}"},
	{"[[[\t1e2\n]\r]]", "[[[100]]]", "[[[1E+2]]]"},
	{"{\"a\":1,\"a\":2}", NULL, NULL},
	{"[{\"x\":{\"a\":1,\"b\":{},\"\\u0061\":2}}]", NULL, NULL},
	{"{\"a\":{\"a\":{\"a\":1}},\"b\":{\"a\":1}}", "{\"a\":{\"a\":{\"a\":1}},\"b\":{\"a\":1}}",
	 "{\"a\":{\"a\":{\"a\":1}},\"b\":{\"a\":1}}"},
	{"[1,1e100000]", NULL, NULL},
	{"\"\"", "\"\"", "\"\""},
	{"null", "null", "null"},
};

static void is_compact(const char *text, struct jq_number_rules rules, const char *want)
{
	struct buf out = BUF_INIT, again = BUF_INIT;

	buf_add_str(&out, ">");
	ok(jqtext_compact(&out, slice_str(text), rules) == (want != NULL), "%s", text);
	is_str(buf_str(&out) + 1, want ? want : "", text);
	if (want) {
		ok(jqtext_compact(&again, slice_str(buf_str(&out) + 1), rules), "and again");
		is_str(buf_str(&again), want, "nothing more to do");
	}
	buf_free(&out);
	buf_free(&again);
}

/* {"k0":0, "k1":1, ...}, with one more key at the end. */
static void put_keys(struct buf *out, int n, const char *last)
{
	for (int i = 0; i < n; i++)
		buf_addf(out, "%c\"k%d\":%d", i ? ',' : '{', i, i);
	buf_addf(out, ",\"%s\":0}", last);
}

/* The look-out for keys that come twice has two ways: for few, and for many. */
static void test_many_keys(void)
{
	for (int n = 1; n < 3000; n += n < 40 ? 1 : 700) {
		struct buf once = BUF_INIT, twice = BUF_INIT, out = BUF_INIT;
		size_t length = 0;

		put_keys(&once, n, "other");
		put_keys(&twice, n, n % 2 ? "k0" : "\\u006b0");
		ok(jqtext_compact(&out, buf_slice(&once), as_1_6), "%d keys", n + 1);
		is_str(buf_str(&out), buf_str(&once), "stay as they are");
		ok(jqtext_length(buf_slice(&once), &length) && length == (size_t)n + 1, "length");
		ok(!jqtext_compact(&out, buf_slice(&twice), as_1_6), "one of %d twice", n);
		ok(!jqtext_length(buf_slice(&twice), &length), "length unsure");
		ok(!jqtext_canonical(&out, buf_slice(&twice)), "as a key unsure");
		buf_free(&once);
		buf_free(&twice);
		buf_free(&out);
	}
}

static void test_compact(void)
{
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		is_compact(texts[i].text, as_1_6, texts[i].v1_6);
		is_compact(texts[i].text, as_1_8, texts[i].v1_8);
	}
}

static void test_length(void)
{
	static const struct {
		const char *text;
		size_t n;
	} table[] = {
		{"[]", 0},      {"{ }", 0},
		{"[[1,2]]", 1}, {" [1, {\"a\":1,\"a\":2} , \"]\"]" + 1, 3},
		{"[ 1 ]", 1},   {"{\"a\":[1,2],\"b\":{\"c\":1}}", 2},
	};

	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
		size_t n = 99;

		ok(jqtext_length(slice_str(table[i].text), &n) && n == table[i].n, "%s",
		   table[i].text);
	}
}

/* --- Order --- */

/* As `jq` of 1.6 and of 1.8.2 sorts them; what it holds equal stands in one row. */
static const char *const sorted[][3] = {
	{"null"},
	{"false"},
	{"true"},
	{"-1e3"},
	{"-1"},
	{"-0.5"},
	{"0", "-0"},
	{"0.1", "0.10"},
	{"1", "1.0", "1e0"},
	{"1.5"},
	{"10", "1e1"},
	{"100"},
	{"12345678901234567"},
	{"\"\""},
	{"\"\\u0000\""},
	{"\"A\""},
	{"\"a\"", "\"\\u0061\""},
	{"\"a\\nb\""},
	{"\"aa\""},
	{"\"\xc3\xa9\"", "\"\\u00e9\""},
	{"\"\\ud83d\\ude00\""},
	{"[]"},
	{"[null]"},
	{"[0]"},
	{"[1]", "[1.0]", "[ 1 ]"},
	{"[1,0]"},
	{"[\"a\"]"},
	{"[[]]"},
	{"[{}]"},
	{"{}"},
	{"{\"a\":1}"},
	{"{\"a\":2}"},
	{"{\"a\":{\"x\":1}}"},
	{"{\"a\":1,\"b\":1}", "{\"b\":1,\"a\":1}", "{ \"b\" : 1 , \"a\" : 1e0 }"},
	{"{\"c\":1,\"a\":1}"},
	{"{\"b\":null}", "{\"\\u0062\":null}"},
	{"{\"b\":0}"},
};

enum { ROWS = sizeof sorted / sizeof sorted[0] };

static int sign(int n)
{
	return (n > 0) - (n < 0);
}

static void is_ordered(const char *a, const char *b, int want)
{
	int x = 99, y = 99;

	ok(jqtext_order(slice_str(a), slice_str(b), as_1_6, &x) && sign(x) == want, "%s and %s", a,
	   b);
	ok(jqtext_order(slice_str(a), slice_str(b), as_1_8, &y) && sign(y) == want,
	   "%s and %s, as 1.8 has it", a, b);
}

static void test_order(void)
{
	for (int i = 0; i < ROWS * 3; i++) {
		for (int k = 0; k < ROWS * 3; k++) {
			const char *a = sorted[i / 3][i % 3], *b = sorted[k / 3][k % 3];

			if (a && b)
				is_ordered(a, b, sign(i / 3 - k / 3));
		}
	}
}

/* Long numbers: equal as doubles, to be told apart where what was written counts. */
static void test_long_numbers(void)
{
	static const char one[] = "[100000000000000000001]", two[] = "[100000000000000000002]";
	static const struct jq_number_rules as_1_7_0 = {.keeps = true};
	int order = 99;

	ok(jqtext_order(slice_str(one), slice_str(two), as_1_6, &order) && order == 0, "1.6");
	ok(jqtext_order(slice_str(one), slice_str(two), as_1_8, &order) && order < 0, "1.8");
	ok(!jqtext_order(slice_str(one), slice_str(two), as_1_7_0, &order), "kept, not compared");
	ok(!jqtext_order(slice_str("{\"a\":1,\"a\":2}"), slice_str("{}"), as_1_6, &order),
	   "a key that comes twice");
}

/* --- Keys --- */

/* Rows of texts that are one key, which is shown as the first; "" is none. */
static void test_canonical(void)
{
	static const char *const keys[][4] = {
		{"[1.5]", "[1.50]", "[ 15e-1 ]", "[0.15E1]"},
		{"[0]", "[-0]", "[0.00]", "[0e9]"},
		{"[100]", "[1e2]", "[100.0]", "[ 1E+2 ]"},
		{"{\"a\":1,\"b\":[{\"c\":2,\"d\":3}]}", "{\"b\":[{\"d\":3,\"c\":2}],\"a\":1}",
		 "{\"\\u0062\" : [ {\"d\":3.0,\"c\":2} ], \"a\":1e0}"},
		{"[\"a/\xc3\xa9\",null,true,false]", "[\"\\u0061\\/\\u00e9\", null, true, false]"},
		{"[]", "[ ]"},
		{"{}", "{ }"},
		{"[12345678901234567890]", "[1234567890123456789e1]"},
		{"[12345678901234567891]", "[12345678901234567891.0]"},
		{"[0.12345678901234567]", "[0.123456789012345670]"},
		{"[12345678901234567890123456789012345678901]",
		 "[123456789012345678901234567890123456789.010e2]"},
		{"[1e+40]", "[10000000000000000000000000000000000000000]"},
	};
	static const char *const refused[] = {"[1e400]", "[1e-400]", "[{\"a\":1,\"a\":1}]"};

	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
		for (size_t k = 0; k < 4 && keys[i][k]; k++) {
			struct buf out = BUF_INIT;

			ok(jqtext_canonical(&out, slice_str(keys[i][k])), "%s", keys[i][k]);
			is_str(buf_str(&out), keys[i][0], keys[i][k]);
			buf_free(&out);
		}
	}
	for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
		struct buf out = BUF_INIT;

		buf_add_str(&out, "x");
		ok(!jqtext_canonical(&out, slice_str(refused[i])) && out.len == 1, "%s",
		   refused[i]);
		buf_free(&out);
	}
}

int main(void)
{
	test_numbers();
	test_far_exponents();
	test_digits();
	test_doubles();
	test_compact();
	test_many_keys();
	test_length();
	test_order();
	test_long_numbers();
	test_canonical();
	return done_testing();
}
