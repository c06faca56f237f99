#include "json.h"

#include <dirent.h>
#include <stdint.h>
#include <stdlib.h>

#include "mem.h"
#include "tap.h"

/* A literal with its length, as NUL bytes are data. */
#define T(s) ((struct slice){s, sizeof(s) - 1})

static uint64_t rng_state = 20240229;

static unsigned rng(unsigned n)
{
	rng_state = rng_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)(rng_state >> 33) % n;
}

/* The bytes as printable text, for a test's name. */
static const char *show(const char *p, size_t len)
{
	static char out[4 * 60 + 1];
	size_t n = 0;

	for (size_t i = 0; i < len && i < 60; i++) {
		if (p[i] > ' ' && p[i] < 0x7f && p[i] != '#')
			out[n++] = p[i];
		else
			n += (size_t)snprintf(out + n, 5, "<%02x>", (unsigned char)p[i]);
	}
	out[n] = '\0';
	return out;
}

/* A copy in a block of exactly that size: the sanitizer sees a read past its end. */
static char *exact_copy(const char *p, size_t len)
{
	char *copy = mem_alloc(len);

	memcpy(copy, p, len);
	return copy;
}

/*
 * The model: strict JSON by recursive descent, one byte at a time. Each function takes what it
 * names off the text, or fails.
 */
struct text {
	const unsigned char *p, *end;
};

static bool model_char(struct text *t, int c)
{
	if (t->p == t->end || *t->p != c)
		return false;
	t->p++;
	return true;
}

static void model_blanks(struct text *t)
{
	while (model_char(t, ' ') || model_char(t, '\t') || model_char(t, '\r') ||
	       model_char(t, '\n'))
		;
}

static bool model_word(struct text *t, const char *word)
{
	for (; *word; word++)
		if (!model_char(t, *word))
			return false;
	return true;
}

static bool model_digits(struct text *t)
{
	const unsigned char *start = t->p;

	while (t->p < t->end && strchr("0123456789", *t->p) && *t->p)
		t->p++;
	return t->p > start;
}

static bool model_number(struct text *t)
{
	model_char(t, '-');
	if (!model_char(t, '0') && !model_digits(t))
		return false;
	if (model_char(t, '.') && !model_digits(t))
		return false;
	if (model_char(t, 'e') || model_char(t, 'E')) {
		if (!model_char(t, '+'))
			model_char(t, '-');
		return model_digits(t);
	}
	return true;
}

/* Decodes the code point, and judges it by its value and by the length that it should have. */
static bool model_utf8(struct text *t)
{
	static const unsigned least[] = {0, 0, 0x80, 0x800, 0x10000};
	unsigned c = *t->p++, n = 0;

	if (c < 0x80)
		return true;
	while (c & 0x80 >> n)
		n++;
	if (n < 2 || n > 4)
		return false;
	c &= 0xffU >> (n + 1);
	for (unsigned i = 1; i < n; i++) {
		if (t->p == t->end || *t->p >> 6 != 2)
			return false;
		c = c << 6 | (*t->p++ & 0x3f);
	}
	return c >= least[n] && c <= 0x10ffff && (c < 0xd800 || c > 0xdfff);
}

static bool model_hex4(struct text *t, unsigned *code)
{
	char digits[5] = "";

	for (int i = 0; i < 4; i++) {
		if (t->p == t->end || !*t->p || !strchr("0123456789abcdefABCDEF", *t->p))
			return false;
		digits[i] = (char)*t->p++;
	}
	*code = (unsigned)strtoul(digits, NULL, 16);
	return true;
}

static bool model_escape(struct text *t)
{
	unsigned high, low;

	if (t->p == t->end)
		return false;
	if (*t->p && strchr("\"\\/bfnrt", *t->p)) {
		t->p++;
		return true;
	}
	if (!model_char(t, 'u') || !model_hex4(t, &high))
		return false;
	if (high < 0xd800 || high > 0xdfff)
		return true;
	return high < 0xdc00 && model_word(t, "\\u") && model_hex4(t, &low) && low >= 0xdc00 &&
	       low <= 0xdfff;
}

static bool model_string(struct text *t)
{
	if (!model_char(t, '"'))
		return false;
	while (t->p < t->end && *t->p != '"') {
		if (*t->p < ' ')
			return false;
		if (model_char(t, '\\') ? !model_escape(t) : !model_utf8(t))
			return false;
	}
	return model_char(t, '"');
}

static bool model_value(struct text *t, int depth);

static bool model_items(struct text *t, int depth, bool object)
{
	int closer = object ? '}' : ']';

	if (depth == 0)
		return false;
	model_blanks(t);
	if (model_char(t, closer))
		return true;
	do {
		model_blanks(t);
		if (object) {
			if (!model_string(t))
				return false;
			model_blanks(t);
			if (!model_char(t, ':'))
				return false;
			model_blanks(t);
		}
		if (!model_value(t, depth - 1))
			return false;
		model_blanks(t);
	} while (model_char(t, ','));
	return model_char(t, closer);
}

static bool model_value(struct text *t, int depth)
{
	switch (t->p < t->end ? *t->p : 0) {
	case '{':
	case '[':
		return model_items(t, depth, *t->p++ == '{');
	case '"':
		return model_string(t);
	case 't':
		return model_word(t, "true");
	case 'f':
		return model_word(t, "false");
	case 'n':
		return model_word(t, "null");
	default:
		return model_number(t);
	}
}

static bool model_valid(const char *p, size_t len, int depth, bool blanks)
{
	struct text t = {(const unsigned char *)p, (const unsigned char *)p + len};

	if (blanks)
		model_blanks(&t);
	if (!model_value(&t, depth))
		return false;
	if (blanks)
		model_blanks(&t);
	return t.p == t.end;
}

/* Random texts. */

static void put_code(struct buf *out, unsigned c)
{
	if (c < 0x80) {
		buf_add_char(out, (char)c);
		return;
	}
	if (c < 0x800) {
		buf_add_char(out, (char)(0xc0 | c >> 6));
	} else {
		if (c < 0x10000) {
			buf_add_char(out, (char)(0xe0 | c >> 12));
		} else {
			buf_add_char(out, (char)(0xf0 | c >> 18));
			buf_add_char(out, (char)(0x80 | (c >> 12 & 0x3f)));
		}
		buf_add_char(out, (char)(0x80 | (c >> 6 & 0x3f)));
	}
	buf_add_char(out, (char)(0x80 | (c & 0x3f)));
}

/* Mostly those at the edges of the encoding's ranges. */
static unsigned random_code(void)
{
	static const unsigned edge[] = {0x7f,    0x80,    0x7ff,   0x800,   0xfff,
					0x1000,  0xd7ff,  0xe000,  0xffff,  0x10000,
					0x3ffff, 0x40000, 0xfffff, 0x10ffff};

	return rng(3) ? edge[rng(sizeof(edge) / sizeof(*edge))] : 0x4e00 + rng(0x5000);
}

static void put_random_string(struct buf *out)
{
	static const char plain[] = "abcXYZ019 /{}[]:,'<>~";

	buf_add_char(out, '"');
	for (unsigned n = rng(4) ? rng(6) : rng(30); n > 0; n--) {
		switch (rng(12)) {
		case 0:
			buf_add_char(out, '\\');
			buf_add_char(out, "\"\\/bfnrt"[rng(8)]);
			break;
		case 1:
			buf_addf(out, "\\u%04x", rng(2) ? rng(0xd800) : 0xe000 + rng(0x2000));
			break;
		case 2:
			buf_addf(out, "\\ud%03x", 0x800 + rng(0x400));
			buf_addf(out, "\\uD%03X", 0xc00 + rng(0x400));
			break;
		case 3:
			put_code(out, random_code());
			break;
		default:
			buf_add_char(out, plain[rng(sizeof(plain) - 1)]);
		}
	}
	buf_add_char(out, '"');
}

static void put_random_blanks(struct buf *out)
{
	while (!rng(5))
		buf_add_char(out, " \t\r\n"[rng(4)]);
}

static void put_random_value(struct buf *out, int depth)
{
	static const char *const scalar[] = {
		"0",         "-0",     "7",    "-12345678901234567890",
		"1.5",       "0.0",    "1e5",  "1E+05",
		"-2.5e-300", "true",   "null", "false",
		"1e00",      "100000", "\"\"", "[]",
		"{}",
	};
	unsigned kind = rng(depth > 0 ? 10 : 6);

	if (kind < 4) {
		buf_add_str(out, scalar[rng(sizeof(scalar) / sizeof(*scalar) - (depth ? 0 : 2))]);
	} else if (kind < 6) {
		put_random_string(out);
	} else {
		buf_add_char(out, kind < 8 ? '[' : '{');
		for (unsigned i = 0, n = rng(5); i < n; i++) {
			if (i)
				buf_add_char(out, ',');
			put_random_blanks(out);
			if (kind >= 8) {
				put_random_string(out);
				put_random_blanks(out);
				buf_add_char(out, ':');
				put_random_blanks(out);
			}
			put_random_value(out, depth - 1);
			put_random_blanks(out);
		}
		buf_add_char(out, kind < 8 ? ']' : '}');
	}
}

/* Does every function say of the text what the model says? */
static bool agrees(const char *p, size_t len)
{
	char *copy = exact_copy(p, len);
	struct text t = {(const unsigned char *)copy, (const unsigned char *)copy + len};
	int depth = (int)rng(6);
	bool model = model_value(&t, depth);
	const char *end = json_skip(copy, copy + len, depth);
	bool same;

	same = model ? end == (const char *)t.p : !end;
	same = same && json_valid(copy, len, depth, false) == model_valid(copy, len, depth, false);
	same = same && json_valid(copy, len, depth, true) == model_valid(copy, len, depth, true);
	if (!same)
		printf("# differs: %s\n", show(copy, len));
	free(copy);
	return same;
}

static void test_random_texts(void)
{
	static const char spoil[] =
		"\"\\{}[]:,0123.eE+-tfnu/ \t\n\0\x1f\x7f\x80\xbf\xc2\xe0\xed\xf0"
		"\xf4\xff";
	struct buf text = BUF_INIT, bad = BUF_INIT;
	size_t wrong = 0, invalid = 0, damaged = 0;

	for (int round = 0; round < 300; round++) {
		buf_clear(&text);
		put_random_value(&text, 4);
		if (!model_valid(text.data, text.len, 4, false) ||
		    !json_valid(text.data, text.len, 4, false)) {
			printf("# not valid: %s\n", show(text.data, text.len));
			invalid++;
		}
		for (size_t i = 0; i < text.len; i++) {
			size_t cut = rng(3) ? 1 : 0; /* replace, insert, or remove */

			buf_clear(&bad);
			buf_add(&bad, text.data, i);
			if (cut == 0 || rng(4))
				buf_add_char(&bad, spoil[rng(sizeof(spoil) - 1)]);
			buf_add(&bad, text.data + i + cut, text.len - i - cut);
			wrong += !agrees(bad.data, bad.len);
			wrong += !agrees(text.data, i);
			damaged += 2;
		}
	}
	ok(invalid == 0, "random valid texts are valid");
	ok(wrong == 0, "%zu damaged texts are judged as by the model", damaged);
	buf_free(&text);
	buf_free(&bad);
}

static void judge_text(struct slice text, bool want)
{
	char *copy = exact_copy(text.ptr, text.len);
	struct buf padded = BUF_INIT;

	buf_add_str(&padded, " \t\n");
	buf_add(&padded, text.ptr, text.len);
	buf_add_str(&padded, " \r\n");
	ok(json_valid(copy, text.len, JSON_DEPTH_MAX, false) == want &&
		   model_valid(copy, text.len, JSON_DEPTH_MAX, false) == want &&
		   json_valid(padded.data, padded.len, JSON_DEPTH_MAX, true) == want &&
		   !json_valid(padded.data, padded.len, JSON_DEPTH_MAX, false),
	   "%s is %s", show(text.ptr, text.len), want ? "valid" : "not valid");
	free(copy);
	buf_free(&padded);
}

static void test_grammar(void)
{
	static const char *const valid[] = {
		"null",
		"true",
		"false",
		"0",
		"-0",
		"10",
		"1.5",
		"0.1e1",
		"1e5",
		"1E+5",
		"1e-05",
		"\"\"",
		"\"abcdefg\"",
		"\"abcdefgh\"",
		"\"abcdefghi\"",
		"\"\x7f\"",
		"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
		"\"\\u0000\"",
		"\"\\uAbCd\"",
		"\"\\udbff\\udfff\"",
		"\"\\ud800\\udc00\"",
		"[]",
		"[ ]",
		"[1,2]",
		"[[]]",
		"{}",
		"{\t\r\n }",
		"{\"a\":1}",
		"{\"a\" : 1 , \"a\" : 2}",
		"{\"a\":{\"b\":[{}]}}",
		"\"\xc3\xa9\"",
	};
	static const char *const wrong[] = {
		"nul",
		"nulll",
		"True",
		"NaN",
		"Infinity",
		"",
		"-",
		"+1",
		"01",
		"-01",
		"1.",
		".5",
		"1.e5",
		"1e",
		"1e+",
		"1e5.0",
		"0x1",
		"1_000",
		"--1",
		"\"",
		"\"abc",
		"\"\x1f\"",
		"\"a\tb\"",
		"\"12345678\n\"",
		"\"\\a\"",
		"\"\\x41\"",
		"\"\\'\"",
		"\"\\\"",
		"\"\\",
		"\"\\u12\"",
		"\"\\u12g4\"",
		"\"\\u123",
		"\"\\U0041\"",
		"\"\\ud800\"",
		"\"\\ud800\\ud800\"",
		"\"\\udc00\\ud800\"",
		"\"\\udc00\"",
		"\"\\ud800x\"",
		"\"\\ud800\\n\"",
		"\"\\ud800\\u0041\"",
		"\"\\ud800\\udc0\"",
		"'a'",
		"[1,]",
		"[,1]",
		"[1 2]",
		"[1",
		"[",
		"]",
		"[}",
		"[1}",
		"{]",
		"[[]",
		"[]]",
		"{\"a\"}",
		"{\"a\":}",
		"{\"a\":1,}",
		"{,\"a\":1}",
		"{\"a\" 1}",
		"{\"a\"::1}",
		"{a:1}",
		"{1:1}",
		"{\"a\":1",
		"{\"a\":1]",
		"{\"a\":[1}]",
		"[1,//\n2]",
		"\xef\xbb\xbf{}",
		"[\v]",
		"[\xc2\xa0]",
		"1 2",
		"{}{}",
		"\"\xc3\"",
		"\"\xff\"",
		"{\"\xed\xa0\x80\":1}",
	};

	for (size_t i = 0; i < sizeof(valid) / sizeof(*valid); i++)
		judge_text(slice_str(valid[i]), true);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		judge_text(slice_str(wrong[i]), false);
	judge_text(T("\"a\0b\""), false);
	judge_text(T("1\0"), false);
	judge_text(T("\0"), false);
}

/* The examples of RFC 8259, section 13. */
static void test_rfc_examples(void)
{
	static const char *const texts[] = {
		"{\n  \"Image\": {\n    \"Width\":  800,\n    \"Height\": 600,\n"
		"    \"Title\":  \"View from 15th Floor\",\n    \"Thumbnail\": {\n"
		"      \"Url\":    \"http://www.example.com/image/481989943\",\n"
		"      \"Height\": 125,\n      \"Width\":  100\n    },\n"
		"    \"Animated\" : false,\n    \"IDs\": [116, 943, 234, 38793]\n  }\n}\n",
		"[\n  {\n    \"precision\": \"zip\",\n    \"Latitude\":  37.7668,\n"
		"    \"Longitude\": -122.3959,\n    \"Address\":   \"\",\n"
		"    \"City\":      \"SAN FRANCISCO\",\n    \"State\":     \"CA\",\n"
		"    \"Zip\":       \"94107\",\n    \"Country\":   \"US\"\n  },\n  {\n"
		"    \"precision\": \"zip\",\n    \"Latitude\":  37.371991,\n"
		"    \"Longitude\": -122.026020,\n    \"Address\":   \"\",\n"
		"    \"City\":      \"SUNNYVALE\",\n    \"State\":     \"CA\",\n"
		"    \"Zip\":       \"94085\",\n    \"Country\":   \"US\"\n  }\n]\n",
		"\"Hello world!\"",
		"42",
		"true",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		ok(json_valid(texts[i], strlen(texts[i]), JSON_DEPTH_MAX, true),
		   "example %zu of RFC 8259", i + 1);
}

/* n levels: the text, and whether depth d takes it. */
static bool nested_valid(int n, bool objects, int depth)
{
	struct buf text = BUF_INIT;
	bool valid;

	for (int i = 0; i < n; i++)
		buf_add_str(&text, objects ? "{\"a\":" : "[");
	buf_add_char(&text, '1');
	for (int i = 0; i < n; i++)
		buf_add_char(&text, objects ? '}' : ']');
	valid = json_valid(text.data, text.len, depth, false);
	buf_free(&text);
	return valid;
}

static void test_depth(void)
{
	ok(json_valid("1", 1, 0, false), "a scalar has depth 0");
	ok(!json_valid("[]", 2, 0, false), "an empty array has depth 1");
	ok(json_valid("[[],{}]", 7, 2, false), "depth 2");
	ok(!json_valid("[[],{}]", 7, 1, false), "too deep by 1");
	for (int objects = 0; objects < 2; objects++) {
		const char *what = objects ? "objects" : "arrays";

		ok(nested_valid(JSON_DEPTH_MAX, objects, JSON_DEPTH_MAX), "deepest %s", what);
		ok(!nested_valid(JSON_DEPTH_MAX + 1, objects, JSON_DEPTH_MAX), "%s too deep", what);
		ok(!nested_valid(JSON_DEPTH_MAX + 1, objects, 1000),
		   "no deeper %s than the greatest limit", what);
		ok(!nested_valid(100000, objects, JSON_DEPTH_MAX), "100000 %s", what);
	}
}

static void test_skip(void)
{
	static const struct {
		const char *text;
		int stop; /* -1: NULL */
	} cases[] = {
		{"1,2", 1},     {"01", 1},         {"-1.5e3]", 6}, {"\"a\"b", 3},
		{"[1] [2]", 3}, {"{\"a\":1}}", 7}, {"truex", 4},   {"", -1},
		{" 1", -1},     {"1.x", -1},       {"]", -1},      {",", -1},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *p = cases[i].text;
		const char *stop = json_skip(p, p + strlen(p), 10);

		ok(cases[i].stop < 0 ? !stop : stop == p + cases[i].stop, "skip %s", p);
	}
}

static void test_unescape(void)
{
	const struct {
		const char *token;
		struct slice bytes;
	} cases[] = {
		{"\"\"", T("")},
		{"\"plain\"", T("plain")},
		{"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", T("\"\\/\b\f\n\r\t")},
		{"\"a\\u0000b\"", T("a\0b")},
		{"\"\\u007f\\u0080\\u07ff\\u0800\\uffff\"",
		 T("\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf")},
		{"\"\\uD83D\\uDE00!\"", T("\xf0\x9f\x98\x80!")},
		{"\"\\udbff\\udfff\"", T("\xf4\x8f\xbf\xbf")},
		{"\"\\ud800\\udc00\"", T("\xf0\x90\x80\x80")},
		{"\"\\\\u0041\"", T("\\u0041")},
		{"\"x\\\\\"", T("x\\")},
	};
	struct buf scratch = BUF_INIT;
	struct slice first, second;
	const char *plain = "\"as it is\"";

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		size_t len = strlen(cases[i].token);
		char *copy = exact_copy(cases[i].token, len);

		buf_clear(&scratch);
		ok(slice_eq(json_unescape(copy, len, &scratch), cases[i].bytes), "unescape %s",
		   cases[i].token);
		free(copy);
	}
	buf_clear(&scratch);
	ok(json_unescape(plain, strlen(plain), &scratch).ptr == plain + 1 && scratch.len == 0,
	   "without escapes nothing is copied");
	buf_reserve(&scratch, 100);
	first = json_unescape("\"\\n1\"", 5, &scratch);
	second = json_unescape("\"\\n2\"", 5, &scratch);
	ok(slice_is(first, "\n1") && slice_is(second, "\n2"),
	   "with room reserved, slices do not move");
	buf_free(&scratch);
}

static void test_put_string(void)
{
	const struct {
		struct slice bytes;
		const char *want;
	} cases[] = {
		{T(""), ""},
		{T("plain/text"), "plain/text"},
		{T("\"\\\b\f\n\r\t"), "\\\"\\\\\\b\\f\\n\\r\\t"},
		{T("a\0b\x01\x1f\x7f"), "a\\u0000b\\u0001\\u001f\\u007f"},
		{T("long plain text\x7f, then more of it"),
		 "long plain text\\u007f, then more of it"},
		{T("\xc3\xa9\xf0\x9f\x98\x80\xe4\xb8\xad"), "\xc3\xa9\xf0\x9f\x98\x80\xe4\xb8\xad"},
		/* What Python's bytes.decode("utf-8", "replace") makes of ill-formed bytes. */
		{T("a\xff"
		   "b"),
		 "a\xef\xbf\xbd"
		 "b"},
		{T("\xc0\xaf\xe0\x80\xbf\xf0\x81\x82"
		   "A"),
		 "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf"
		 "\xbd"
		 "\xef\xbf\xbd"
		 "A"},
		{T("\xe1\x80\xe2\xf0\x91\x92\xf1\xbf"
		   "A"),
		 "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
		 "A"},
		{T("\xe2\x82"), "\xef\xbf\xbd"},
		{T("\xf0\x9f\x98\x80\xc3"), "\xf0\x9f\x98\x80\xef\xbf\xbd"},
		{T("\xf0\x9f\x98\"\\"), "\xef\xbf\xbd\\\"\\\\"},
		{T("\xe0\xa0\xf0\x90\x80\xed\x9f"), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
	};
	struct buf out = BUF_INIT;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char *copy = exact_copy(cases[i].bytes.ptr, cases[i].bytes.len);
		struct buf want = BUF_INIT;

		buf_addf(&want, "before\"%s\"", cases[i].want);
		buf_clear(&out);
		buf_add_str(&out, "before");
		json_put_string(&out, copy, cases[i].bytes.len);
		ok(slice_eq(buf_slice(&out), buf_slice(&want)), "put %s",
		   show(cases[i].bytes.ptr, cases[i].bytes.len));
		free(copy);
		buf_free(&want);
	}
	buf_clear(&out);
	json_put_string(&out, NULL, 0);
	is_str(buf_str(&out), "\"\"", "no bytes at all are put as an empty string");
	buf_free(&out);
}

/* Any bytes give a strict string; UTF-8 comes back. */
static void test_string_round_trip(void)
{
	struct buf bytes = BUF_INIT, token = BUF_INIT, scratch = BUF_INIT;
	size_t wrong = 0, lost = 0;

	for (int round = 0; round < 3000; round++) {
		bool utf8 = rng(2);

		buf_clear(&bytes);
		buf_clear(&token);
		buf_clear(&scratch);
		for (unsigned n = rng(20); n > 0; n--) {
			if (!utf8)
				buf_add_char(&bytes, (char)(rng(2) ? rng(256) : rng(128)));
			else
				put_code(&bytes, rng(3) ? rng(128) : random_code());
		}
		json_put_string(&token, bytes.data, bytes.len);
		wrong += !model_valid(token.data, token.len, 0, false);
		if (utf8)
			lost += !slice_eq(json_unescape(token.data, token.len, &scratch),
					  buf_slice(&bytes));
	}
	ok(wrong == 0, "any bytes are put as a strict string");
	ok(lost == 0, "UTF-8 comes back");
	buf_free(&bytes);
	buf_free(&token);
	buf_free(&scratch);
}

static void test_base64(void)
{
	/* The first seven: RFC 4648, section 10. */
	const struct {
		struct slice bytes;
		const char *text;
	} cases[] = {
		{T(""), ""},
		{T("f"), "Zg=="},
		{T("fo"), "Zm8="},
		{T("foo"), "Zm9v"},
		{T("foob"), "Zm9vYg=="},
		{T("fooba"), "Zm9vYmE="},
		{T("foobar"), "Zm9vYmFy"},
		{T("\0\0\0"), "AAAA"},
		{T("\0\x10\x83"), "ABCD"},
		{T("\xff\xfe\xfb\xef\xbe"), "//77774="},
		{T("\xff\xff\xff"), "////"},
		{T("\xfb\xef\xbe"), "++++"},
	};
	const struct slice wrong[] = {T("Z"),
				      T("Zg"),
				      T("Zg="),
				      T("Zh=="),
				      T("Zm9="),
				      T("Zg==Zg=="),
				      T("Zg==\n"),
				      T("Zm9vYg"),
				      T("Zm 9v"),
				      T("\nZm9v"),
				      T("Z-_v"),
				      T("===="),
				      T("=AAA"),
				      T("A==="),
				      T("AA=A"),
				      T("Zm9v===="),
				      T("Zm9\0"),
				      T("Zg=\0"),
				      T("Zm9\xe9"),
				      slice_of("Zm9vYmFy", 5),
				      slice_of("Zm9vYmFy", 6),
				      slice_of("Zm9vYmFy", 7)};
	struct buf out = BUF_INIT;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct slice bytes = cases[i].bytes;

		buf_clear(&out);
		base64_put(&out, bytes.ptr, bytes.len);
		is_str(buf_str(&out), cases[i].text, "base64");
		buf_clear(&out);
		ok(base64_decode(&out, cases[i].text, strlen(cases[i].text)) &&
			   slice_eq(buf_slice(&out), bytes),
		   "from base64: %s", cases[i].text);
	}
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		buf_clear(&out);
		buf_add_str(&out, "kept");
		ok(!base64_decode(&out, wrong[i].ptr, wrong[i].len) &&
			   slice_is(buf_slice(&out), "kept"),
		   "not base64: %s", show(wrong[i].ptr, wrong[i].len));
	}
	buf_free(&out);
}

/* Strict means: a text is taken exactly when encoding what it gave gives it back. */
static void test_base64_strict(void)
{
	static const char edge[] = "ABQgw9+/=-\n";
	enum { N = sizeof(edge) - 1, TEXTS = N * N * N * N };
	struct buf bytes = BUF_INIT, text = BUF_INIT, again = BUF_INIT;
	size_t taken = 0, wrong = 0;

	for (unsigned i = 0; i < TEXTS; i++) {
		char digits[8] = "Zm9v";

		for (unsigned k = 4, n = i; k < 8; k++, n /= N)
			digits[k] = edge[n % N];
		buf_clear(&bytes);
		buf_clear(&again);
		if (!base64_decode(&bytes, digits, sizeof(digits)))
			continue;
		taken++;
		base64_put(&again, bytes.data, bytes.len);
		wrong += !slice_eq(buf_slice(&again), slice_of(digits, sizeof(digits)));
	}
	/*
	 * Of eight digits: four in any order; or three and padding, the last with its two low bits
	 * clear; or two and padding, the last with its four low bits clear (A, Q, g, w in both).
	 */
	ok(taken == 8 * 8 * 8 * 8 + 8 * 8 * 4 + 8 * 4, "%zu texts are base64", taken);
	ok(wrong == 0, "what is taken is canonical");
	for (unsigned i = 0; i < 300; i++) {
		buf_clear(&bytes);
		buf_clear(&text);
		buf_clear(&again);
		for (unsigned n = rng(40); n > 0; n--)
			buf_add_char(&bytes, (char)rng(256));
		base64_put(&text, bytes.data, bytes.len);
		wrong += !base64_decode(&again, text.data, text.len);
		wrong += !slice_eq(buf_slice(&again), buf_slice(&bytes));
	}
	ok(wrong == 0, "any bytes come back");
	buf_free(&bytes);
	buf_free(&text);
	buf_free(&again);
}

static bool read_file(const char *path, struct buf *out)
{
	FILE *f = fopen(path, "rb");
	char block[4096];
	size_t n;

	buf_clear(out);
	if (!f)
		return false;
	while ((n = fread(block, 1, sizeof(block), f)) > 0)
		buf_add(out, block, n);
	return fclose(f) == 0;
}

/* JSONTestSuite: y_ files are JSON, n_ files are not, i_ files are open. */
static void test_suite(void)
{
	const char *cases = getenv("KPIPE_CASES");
	struct buf path = BUF_INIT, text = BUF_INIT;
	DIR *dir = NULL;
	int judged = 0;

	buf_addf(&path, "%s/JSONTestSuite/test_parsing", cases ? cases : "");
	if (cases)
		dir = opendir(buf_str(&path));
	if (!dir) {
		printf("ok %d - JSONTestSuite # SKIP KPIPE_CASES names no directory that has it\n",
		       ++tap_count);
		buf_free(&path);
		return;
	}
	for (struct dirent *entry; (entry = readdir(dir));) {
		const char *name = entry->d_name;

		if (strncmp(name, "y_", 2) != 0 && strncmp(name, "n_", 2) != 0)
			continue;
		buf_setf(&path, "%s/JSONTestSuite/test_parsing/%s", cases, name);
		ok(read_file(buf_str(&path), &text) &&
			   json_valid(text.data, text.len, JSON_DEPTH_MAX, true) ==
				   (name[0] == 'y'),
		   "JSONTestSuite %s", show(name, strlen(name)));
		judged++;
	}
	ok(judged > 200, "the suite is there, %d files", judged);
	closedir(dir);
	buf_free(&path);
	buf_free(&text);
}

int main(void)
{
	test_grammar();
	test_rfc_examples();
	test_depth();
	test_skip();
	test_random_texts();
	test_unescape();
	test_put_string();
	test_string_round_trip();
	test_base64();
	test_base64_strict();
	test_suite();
	return done_testing();
}
