#include "val.h"

#include <math.h>
#include <stdlib.h>

#include "tap.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

static struct val of_type(enum val_type type)
{
	return (struct val){.type = type};
}

static struct val dbl(double d)
{
	return (struct val){.type = VAL_DBL, .dbl = d};
}

static struct val dec(const char *text)
{
	struct val v = {.type = VAL_DEC};

	if (!dec_parse(&v.dec, text, strlen(text)))
		ok(0, "%s is a decimal", text);
	return v;
}

static struct val str(const char *s)
{
	return val_str(s, strlen(s));
}

static struct val json(const char *s)
{
	return (struct val){.type = VAL_JSON, .str = slice_str(s)};
}

static void test_order(void)
{
	/* Rising. */
	const struct val t[] = {
		val_null(),
		of_type(VAL_FALSE),
		of_type(VAL_TRUE),
		dbl((double)NAN),
		dbl(-(double)INFINITY),
		dbl(-1e300),
		dec("-170141183460469231731687303715884105728"),
		dec("-1e38"),
		val_int(INT64_MIN),
		dbl(-1.5),
		val_int(-1),
		dec("-1e-38"),
		dbl(-5e-324),
		val_int(0),
		dbl(5e-324),
		dec("1e-38"),
		dec("0.1"),
		dbl(0.1),
		dec("0.10000000000000001"),
		dbl(1),
		dec("1.00000000000000000000000000000000000001"),
		val_int(INT64_C(9007199254740991)),
		dbl(0x1p53),
		val_int(INT64_C(9007199254740993)),
		val_int(INT64_MAX),
		dbl(0x1p63),
		dec("1e38"),
		dbl(1e39),
		dbl((double)INFINITY),
		str(""),
		val_str("\0", 1),
		str("1"),
		str("A"),
		val_str("A\0", 2),
		str("Aa"),
		str("a"),
		str("\xc3\xa9"),
		str("\xef\xbf\xbd"),
		str("\xf0\x9f\x98\x80"),
		json("[]"),
		json("[null]"),
		json("[1]"),
		json("[1,2]"),
		json("[9,1]"),
		json("[10]"),
		json("[\"a\"]"),
		json("[[]]"),
		json("{}"),
		json("{\"a\":2}"),
		json("{\"a\":10}"),
		json("{\"a\":1,\"b\":2}"),
		json("{\"b\":1}"),
	};
	int wrong = 0;

	for (size_t i = 0; i < COUNT(t); i++)
		for (size_t j = 0; j < COUNT(t); j++) {
			int order = val_cmp(&t[i], &t[j]);

			if (i < j ? order >= 0 : i > j ? order <= 0 : order != 0) {
				wrong++;
				printf("# %zu against %zu: %d\n", i, j, order);
			}
		}
	ok(wrong == 0, "every pair of the table is in order");
}

static void test_equal(void)
{
	const struct val t[][2] = {
		{dec("1"), dec("1.0")},
		{dec("1"), dec("1e0")},
		{dec("100"), dec("1e2")},
		{dec("-0"), dec("0")},
		{dec("0.000"), dbl(-0.0)},
		{dbl(0.0), dbl(-0.0)},
		{dec("0.5"), dbl(0.5)},
		{dec("1e22"), dbl(1e22)},
		{dec("11e-1"), dec("1.10")},
		{val_int(INT64_C(9007199254740992)), dbl(0x1p53)},
		{str("abc"), str("abc")},
		{str(""), val_str(NULL, 0)},
		{json("[]"), json("[]")},
		{json("{\"a\":[1]}"), json("{\"a\":[1]}")},
		{of_type(VAL_TRUE), of_type(VAL_TRUE)},
		{dbl((double)NAN), dbl(-(double)NAN)},
	};

	for (size_t i = 0; i < COUNT(t); i++) {
		struct buf a = BUF_INIT, b = BUF_INIT;

		ok(val_cmp(&t[i][0], &t[i][1]) == 0 && val_cmp(&t[i][1], &t[i][0]) == 0,
		   "pair %zu is equal", i);
		val_put_key(&a, &t[i][0]);
		val_put_key(&b, &t[i][1]);
		ok(slice_eq(buf_slice(&a), buf_slice(&b)), "so are their keys");
		buf_free(&a);
		buf_free(&b);
	}
}

static void test_double(void)
{
	struct val a = dec("0.1"), b = dbl(-2.5), c = dec("9007199254740993");

	ok(val_double(&a) == 0.1, "of a decimal");
	ok(val_double(&b) == -2.5, "of a double");
	ok(val_double(&c) == 0x1p53, "rounded");
}

static void test_text(void)
{
	const struct {
		struct val v;
		const char *json, *text;
	} t[] = {
		{val_null(), "null", "null"},
		{of_type(VAL_FALSE), "false", "false"},
		{of_type(VAL_TRUE), "true", "true"},
		{val_int(INT64_MIN), "-9223372036854775808", "-9223372036854775808"},
		{dec("1.50"), "1.5", "1.5"},
		{dec("-0"), "0", "0"},
		{dbl(0.1), "0.1", "0.1"},
		{dbl(1e21), "1e+21", "1e+21"},
		{dbl((double)NAN), "null", "null"},
		{str(""), "\"\"", ""},
		{str("a\"b\\\n"), "\"a\\\"b\\\\\\n\"", "a\"b\\\n"},
		{json("{\"a\":[1,2]}"), "{\"a\":[1,2]}", "{\"a\":[1,2]}"},
	};
	struct buf b = BUF_INIT;

	for (size_t i = 0; i < COUNT(t); i++) {
		buf_clear(&b);
		val_put_json(&b, &t[i].v);
		is_str(buf_str(&b), t[i].json, "as JSON");
		buf_clear(&b);
		val_put_text(&b, &t[i].v);
		is_str(buf_str(&b), t[i].text, "as text");
	}
	buf_clear(&b);
	val_put_text(&b, &(struct val){.type = VAL_STR, .str = {"a\0b", 3}});
	ok(b.len == 3 && memcmp(b.data, "a\0b", 3) == 0, "a NUL byte is data");
	buf_free(&b);
}

/* So many times the character c; the caller frees it. */
static char *times(size_t n, const char *c)
{
	struct buf b = BUF_INIT;

	while (n--)
		buf_add_str(&b, c);
	return b.data;
}

static void test_quote(void)
{
	/* With the quotes around it a string of 58 bytes fits. */
	static const struct {
		size_t n;
		const char *character;
		size_t shown; /* characters */
		bool cut;
	} t[] = {
		{1, "x", 1, false},
		{58, "x", 58, false},
		{59, "x", 59, true},
		{60, "x", 59, true},
		{100000, "x", 59, true},
		{29, "\xc3\xa9", 29, false},
		{30, "\xc3\xa9", 29, true},
		{20, "\xe2\x82\xac", 19, true},
		{15, "\xf0\x9f\x98\x80", 14, true},
	};
	struct buf got = BUF_INIT, want = BUF_INIT;

	for (size_t i = 0; i < COUNT(t); i++) {
		char *text = times(t[i].n, t[i].character),
		     *shown = times(t[i].shown, t[i].character);
		struct val v = str(text);

		buf_clear(&got);
		buf_clear(&want);
		buf_add_str(&got, "not a time: ");
		val_put_quote(&got, &v);
		buf_addf(&want, "not a time: \"%s%s", shown, t[i].cut ? "..." : "\"");
		is_str(buf_str(&got), buf_str(&want), "cut to 60 bytes");
		free(text);
		free(shown);
	}
	buf_clear(&got);
	val_put_quote(&got, &(struct val){.type = VAL_STR, .str = {"\n\xff\0", 3}});
	is_str(buf_str(&got), "\"\\n\xef\xbf\xbd\\u0000\"", "escaped");
	buf_free(&got);
	buf_free(&want);
}

/* Keys are kept in files: these bytes may not change. */
static void test_key_bytes(void)
{
	const struct {
		struct val v;
		const char *bytes;
		size_t len;
	} t[] = {
		{val_null(), "\0", 1},
		{of_type(VAL_FALSE), "\1", 1},
		{of_type(VAL_TRUE), "\2", 1},
		{dec("1.50"), "\3\0031.5", 5},
		{dbl(1.5), "\3\0031.5", 5},
		{dbl(0.1), "\3\0030.1", 5},
		{dec("1e20"),
		 "\3\025"
		 "100000000000000000000",
		 23},
		{dbl(1e20),
		 "\3\025"
		 "100000000000000000000",
		 23},
		{dbl(1e25),
		 "\3\032"
		 "10000000000000000000000000",
		 28},
		{dbl(1.5e-7),
		 "\3\012"
		 "0.00000015",
		 12},
		{dbl(1e39), "\3\0051e+39", 7},
		{dbl(-1.5e-40), "\3\010-1.5e-40", 10},
		{str(""), "\4\0", 2},
		{val_str("a\0b", 3), "\4\3a\0b", 5},
		{json("[1]"), "\5\3[1]", 5},
		{dbl((double)NAN), "\6", 1},
		{dbl((double)INFINITY), "\7", 1},
		{dbl(-(double)INFINITY), "\10", 1},
	};
	struct buf b = BUF_INIT;

	for (size_t i = 0; i < COUNT(t); i++) {
		buf_clear(&b);
		val_put_key(&b, &t[i].v);
		ok(slice_eq(buf_slice(&b), slice_of(t[i].bytes, t[i].len)), "key %zu", i);
	}
	buf_free(&b);
}

static void test_tuple(void)
{
	const struct val t[] = {
		str("a"),
		val_null(),
		str(""),
		dec("-170141183460469231731687303715884105728"),
		dec("-1.70141183460469231731687303715884105728"),
		dec("-1e-38"),
		of_type(VAL_TRUE),
		dbl(1e39),
		dbl(5e-324),
		dbl(-1.7976931348623157e308),
		dbl((double)INFINITY),
		dbl(-(double)INFINITY),
		dbl((double)NAN),
		json("{\"a\":null}"),
		of_type(VAL_FALSE),
		dec("0.000"),
	};
	struct buf b = BUF_INIT;
	struct slice key;
	struct val v;

	for (size_t i = 0; i < COUNT(t); i++)
		val_put_key(&b, &t[i]);
	key = buf_slice(&b);
	for (size_t i = 0; i < COUNT(t); i++)
		ok(val_next_key(&key, &v) && v.type == t[i].type && val_cmp(&v, &t[i]) == 0,
		   "value %zu of a tuple comes back", i);
	ok(!val_next_key(&key, &v) && key.len == 0, "and then none");

	buf_clear(&b);
	val_put_key(&b, &(struct val){.type = VAL_DBL, .dbl = 0.25});
	key = buf_slice(&b);
	ok(val_next_key(&key, &v) && v.type == VAL_DEC && v.dec.v == 25 && v.dec.scale == 2,
	   "a double comes back as the decimal that it prints");
	buf_free(&b);
}

/* Tuples of the same bytes cut elsewhere are other keys. */
static void test_no_confusion(void)
{
	const struct val t[][2] = {
		{str("ab"), str("c")},     {str("a"), str("bc")},  {str("abc"), str("")},
		{str(""), str("abc")},     {str("1"), val_int(1)}, {val_int(1), str("1")},
		{val_int(1), val_int(1)},  {val_int(11), str("")}, {json("1"), str("1")},
		{val_null(), str("null")},
	};
	int wrong = 0;

	for (size_t i = 0; i < COUNT(t); i++)
		for (size_t j = 0; j < i; j++) {
			struct buf a = BUF_INIT, b = BUF_INIT;

			for (int k = 0; k < 2; k++) {
				val_put_key(&a, &t[i][k]);
				val_put_key(&b, &t[j][k]);
			}
			wrong += slice_eq(buf_slice(&a), buf_slice(&b));
			buf_free(&a);
			buf_free(&b);
		}
	ok(wrong == 0, "no two of ten tuples share a key");
}

static void test_lengths(void)
{
	static const struct {
		size_t len, head;
	} t[] = {{0, 2},     {1, 2},     {127, 2},     {128, 3},
		 {16383, 3}, {16384, 4}, {2097151, 4}, {2097152, 5}};

	for (size_t i = 0; i < COUNT(t); i++) {
		struct buf text = BUF_INIT, b = BUF_INIT;
		struct slice key;
		struct val v;

		buf_reserve(&text, t[i].len);
		memset(text.data, 'x', t[i].len);
		val_put_key(&b, &(struct val){.type = VAL_STR, .str = {text.data, t[i].len}});
		key = buf_slice(&b);
		ok(b.len == t[i].head + t[i].len && val_next_key(&key, &v) && v.type == VAL_STR &&
			   v.str.len == t[i].len && key.len == 0,
		   "a string of %zu bytes", t[i].len);
		buf_free(&text);
		buf_free(&b);
	}
}

static void test_bad_keys(void)
{
	static const struct {
		const char *bytes;
		size_t len;
	} t[] = {
		{"\11", 1}, /* no such tag */
		{"\377", 1},
		{"\4", 1},                                              /* no length */
		{"\4\1", 2},                                            /* no bytes */
		{"\4\3ab", 4},                                          /* too few */
		{"\4\200", 2},                                          /* half a length */
		{"\4\377\377\377\377\377\377\377\377\377\377\377", 12}, /* too long a length */
		{"\4\200\200\200\200\200\200\200\200\200\002", 11},     /* bits past 64 */
		{"\4\377\377\377\377\377\377\377\377\377\001", 11},     /* 2^64 - 1 bytes */
		{"\3\0", 2},                                            /* an empty number */
		{"\3\002x1", 4},                                        /* no number */
		{"\3\00201", 4},
	};

	for (size_t i = 0; i < COUNT(t); i++) {
		/* In memory of its own size, so that reading on is seen. */
		char *copy = malloc(t[i].len);
		struct slice key = {copy, t[i].len};
		struct val v;

		if (!copy)
			return;
		memcpy(copy, t[i].bytes, t[i].len);
		ok(!val_next_key(&key, &v) && key.ptr == copy && key.len == t[i].len,
		   "bytes %zu are no key, and stay", i);
		free(copy);
	}
}

static void test_truth(void)
{
	const struct val yes[] = {of_type(VAL_TRUE), val_int(0), str(""), dbl((double)NAN),
				  json("[]")};
	struct val no[] = {val_null(), of_type(VAL_FALSE)};

	for (size_t i = 0; i < COUNT(yes); i++)
		ok(val_truthy(&yes[i]), "true enough %zu", i);
	ok(!val_truthy(&no[0]) && !val_truthy(&no[1]), "null and false are not");
}

int main(void)
{
	test_order();
	test_equal();
	test_double();
	test_text();
	test_quote();
	test_key_bytes();
	test_tuple();
	test_no_confusion();
	test_lengths();
	test_bad_keys();
	test_truth();
	return done_testing();
}
