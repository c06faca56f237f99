#include "scan.h"

#include <stdint.h>
#include <stdlib.h>

#include "json.h"
#include "mem.h"
#include "tap.h"

enum { NAMES_MAX = 4, PATHS_MAX = 8 };

/* Paths as text: names divided by dots ("" is the whole text), without escapes. */
struct paths {
	struct slice names[PATHS_MAX][NAMES_MAX];
	struct scan_path v[PATHS_MAX];
	size_t n;
};

static void add_path(struct paths *paths, const char *dotted)
{
	struct slice *names = paths->names[paths->n];
	size_t n = 0;

	while (*dotted) {
		size_t len = strcspn(dotted, ".");

		names[n++] = slice_of(dotted, len);
		dotted += len + (dotted[len] == '.');
	}
	paths->v[paths->n++] = (struct scan_path){names, n};
}

/* A copy in a block of exactly that size: the sanitizer sees a read past its end. */
static char *exact_copy(struct slice text)
{
	char *copy = mem_alloc(text.len);

	if (text.len)
		memcpy(copy, text.ptr, text.len);
	return copy;
}

/* "a|b": the slots with bars between, "-" for one that is missing; "unsure". */
static void put_result(struct buf *out, const struct scan *sc, size_t n, struct slice line)
{
	struct slice slots[PATHS_MAX];
	char *copy = exact_copy(line);

	if (scan_run(sc, slice_of(copy, line.len), slots) != SCAN_OK) {
		buf_add_str(out, "unsure");
		n = 0;
	}
	for (size_t i = 0; i < n; i++) {
		if (i)
			buf_add_char(out, '|');
		if (slots[i].ptr)
			buf_add(out, slots[i].ptr, slots[i].len);
		else
			buf_add_char(out, '-');
	}
	free(copy);
}

/* The paths, up to a NULL, over the line. */
static void is_scanned(const char *const dotted[], struct slice line, const char *want)
{
	struct paths paths = {.n = 0};
	struct buf got = BUF_INIT, what = BUF_INIT;
	struct scan *sc;

	for (size_t i = 0; dotted[i]; i++) {
		add_path(&paths, dotted[i]);
		buf_addf(&what, ".%s ", dotted[i]);
	}
	for (size_t i = 0; i < line.len; i++)
		buf_add_char(&what, line.ptr[i] > ' ' && line.ptr[i] != '#' ? line.ptr[i] : '_');
	sc = scan_new(paths.v, paths.n);
	put_result(&got, sc, paths.n, line);
	is_str(buf_str(&got), want, buf_str(&what));
	scan_free(sc);
	buf_free(&got);
	buf_free(&what);
}

static void test_fields(void)
{
	static const struct {
		const char *line, *want;
	} cases[] = {
		{"{\"a\":\"x\",\"z\":1}", "\"x\"|-|-"},
		{"{\"b\":{\"a\":3},\"z\":[1,{\"a\":9}],\"a\":1}", "1|{\"a\":3}|-"},
		{" { \"a\" : 1.50 , \"b\" : { \"c\" : [ 1 ] } } \r",
		 "1.50|{ \"c\" : [ 1 ] }|[ 1 ]"},
		{"{}", "-|-|-"},
		{"{ }", "-|-|-"},
		{"null", "-|-|-"},
		{"{\"a\":null,\"b\":null}", "null|null|-"},
		{"{\"b\":{}}", "-|{}|-"},
		{"{\"b\":{\"c\":null}}", "-|{\"c\":null}|null"},
		{"{\"b\":{\"a\":1,\"c\":\"\\u00e9\"}}",
		 "-|{\"a\":1,\"c\":\"\\u00e9\"}|\"\\u00e9\""},
		{"{\"A\":1,\"aa\":2,\"\":3}", "-|-|-"},
		/* Names are compared without their escapes. */
		{"{\"\\u0061\":1,\"\\u0062\":{\"\\u0063\":2}}", "1|{\"\\u0063\":2}|2"},
		{"{\"\\u0061\\u0000\":1}", "-|-|-"},
		/* Of a repeated name the last counts, with all below it. */
		{"{\"a\":1,\"a\":2}", "2|-|-"},
		{"{\"a\":1,\"\\u0061\":2}", "2|-|-"},
		{"{\"b\":{\"c\":1},\"b\":{\"d\":2}}", "-|{\"d\":2}|-"},
		{"{\"b\":{\"c\":1},\"b\":{}}", "-|{}|-"},
		{"{\"b\":{\"c\":1},\"b\":null}", "-|null|-"},
		{"{\"b\":{\"c\":1},\"b\":{\"c\":2}}", "-|{\"c\":2}|2"},
		{"{\"b\":{\"c\":1,\"c\":2}}", "-|{\"c\":1,\"c\":2}|2"},
		{"{\"b\":{\"c\":1},\"b\":3}", "unsure"},
		{"{\"b\":3,\"b\":{\"c\":1}}", "-|{\"c\":1}|1"},
		{"{\"b\":3,\"b\":null}", "-|null|-"},
		/* .b.c in what is neither an object nor null. */
		{"{\"b\":3}", "unsure"},
		{"{\"b\":\"x\"}", "unsure"},
		{"{\"b\":[]}", "unsure"},
		{"{\"b\":true}", "unsure"},
		{"{\"b\":false}", "unsure"},
		{"{\"z\":3,\"a\":[]}", "[]|-|-"},
		{"1", "unsure"},
		{"\"a\"", "unsure"},
		{"[{\"a\":1}]", "unsure"},
		{"true", "unsure"},
		/* Not one strict text. */
		{"", "unsure"},
		{" \t", "unsure"},
		{"{\"a\":1}{\"a\":2}", "unsure"},
		{"{\"a\":1} 2", "unsure"},
		{"{\"a\":1}x", "unsure"},
		{"{\"a\":1", "unsure"},
		{"{\"a\":1]", "unsure"},
		{"{\"a\":1,}", "unsure"},
		{"{\"a\":1 \"b\":2}", "unsure"},
		{"{\"a\" 1}", "unsure"},
		{"{\"a\":}", "unsure"},
		{"{\"a\":01}", "unsure"},
		{"{\"a\":NaN}", "unsure"},
		{"{a:1}", "unsure"},
		{"{\"z\":\"\xff\"}", "unsure"},
		{"{\"\xff\":1}", "unsure"},
		{"{\"z\":\"\t\"}", "unsure"},
		{"{\"z\":\"\\ud800\"}", "unsure"},
		{"{\"\\ud800\":1}", "unsure"},
		{"{\"z\":{\"c\":}}", "unsure"},
		{"{\"b\":{\"c\":1}", "unsure"},
		{"{\"b\":{\"c\":1]}", "unsure"},
		{"{\"b\":{\"c\":1,}}", "unsure"},
		{"{", "unsure"},
		{"{\"b\":{", "unsure"},
		{"{\"b\"", "unsure"},
		{"\xef\xbb\xbf{}", "unsure"},
	};
	static const char *const dotted[] = {"a", "b", "b.c", NULL};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		is_scanned(dotted, slice_str(cases[i].line), cases[i].want);
	is_scanned(dotted, slice_of(NULL, 0), "unsure");
	is_scanned(dotted, slice_of("{\"a\":1}\0", 8), "unsure");
	is_scanned(dotted, slice_of("{\"a\0\":1}", 8), "unsure");
}

static void test_paths(void)
{
	const char *line = " {\"a\":{\"b\":{\"c\":1,\"d\":\"x\"}},\"u\":\"\\n\"}\r";
	const char *text = "{\"a\":{\"b\":{\"c\":1,\"d\":\"x\"}},\"u\":\"\\n\"}";
	struct buf want = BUF_INIT;

	is_scanned((const char *const[]){"", NULL}, slice_str(line), text);
	buf_addf(&want, "1|%s|1|\"x\"|%s", text, text);
	is_scanned((const char *const[]){"a.b.c", "", "a.b.c", "a.b.d", "", NULL}, slice_str(line),
		   buf_str(&want));
	is_scanned((const char *const[]){"", NULL}, slice_str(" 17\t"), "17");
	is_scanned((const char *const[]){"", "a", NULL}, slice_str("null"), "null|-");
	is_scanned((const char *const[]){"", "a", NULL}, slice_str("17"), "unsure");
	is_scanned((const char *const[]){"a.b.c.e", NULL}, slice_str(line), "unsure");
	is_scanned((const char *const[]){"a.x.c", "x.y.z", NULL}, slice_str(line), "-|-");
	is_scanned((const char *const[]){NULL}, slice_str(line), "");
	is_scanned((const char *const[]){NULL}, slice_str("[1"), "unsure");
	buf_free(&want);
}

/* Names with every kind of byte, and the empty one. */
static void test_names(void)
{
	struct slice names[] = {{"\0", 1},       {"a\\u0062", 7}, {"\"\n", 2},
				{"\xc3\xa9", 2}, {"", 0},         {NULL, 0}};
	struct scan_path paths[6];
	struct buf got = BUF_INIT;
	struct scan *sc;

	for (size_t i = 0; i < 6; i++)
		paths[i] = (struct scan_path){&names[i], 1};
	sc = scan_new(paths, 6);
	memset(names, 0, sizeof(names)); /* names were copied */
	put_result(
		&got, sc, 6,
		slice_str("{\"\\u0000\":1,\"a\\\\u0062\":2,\"\\\"\\n\":3,\"\\u00E9\":4,\"\":5}"));
	is_str(buf_str(&got), "1|2|3|4|5|5", "names with all kinds of bytes");
	buf_clear(&got);
	put_result(&got, sc, 6, slice_str("{\"a\\u0062\":2,\"\xc3\xa9\":4}"));
	is_str(buf_str(&got), "-|-|-|4|-|-", "a name's own backslash is no escape");
	scan_free(sc);
	scan_free(NULL);
	buf_free(&got);
}

/* n objects, one in the other under "a", around a 1. */
static void put_nested(struct buf *out, int n)
{
	for (int i = 0; i < n; i++)
		buf_add_str(out, "{\"a\":");
	buf_add_char(out, '1');
	for (int i = 0; i < n; i++)
		buf_add_char(out, '}');
}

/* What a path of n times .a finds in that many objects. */
static void put_found(struct buf *got, size_t n, int objects)
{
	struct slice names[JSON_DEPTH_MAX + 1];
	struct scan_path path = {names, n};
	struct buf line = BUF_INIT;
	struct scan *sc;

	for (size_t i = 0; i < n; i++)
		names[i] = slice_str("a");
	sc = scan_new(&path, 1);
	put_nested(&line, objects);
	buf_clear(got);
	put_result(got, sc, 1, buf_slice(&line));
	scan_free(sc);
	buf_free(&line);
}

static void test_depth(void)
{
	struct buf got = BUF_INIT;

	put_found(&got, JSON_DEPTH_MAX, JSON_DEPTH_MAX);
	is_str(buf_str(&got), "1", "the deepest value");
	put_found(&got, JSON_DEPTH_MAX - 1, JSON_DEPTH_MAX);
	is_str(buf_str(&got), "{\"a\":1}", "the deepest object");
	put_found(&got, 1, JSON_DEPTH_MAX);
	ok(got.len == 6 * (JSON_DEPTH_MAX - 1) + 1, "the first object of the deepest text");
	for (size_t n = 0; n <= JSON_DEPTH_MAX + 1; n += 67) {
		put_found(&got, n, JSON_DEPTH_MAX + 1);
		is_str(buf_str(&got), "unsure", "a level too deep");
	}
	buf_free(&got);
}

/*
 * The model: one path at a time, by the strict text's own rules. False when only jq's rules say
 * what the path gives.
 */
static bool model_find(struct slice text, const struct slice *names, size_t n, struct slice *found)
{
	const char *end = text.ptr + text.len, *p = text.ptr;
	struct slice last = {NULL, 0};
	struct buf scratch = BUF_INIT;

	*found = text;
	if (n == 0)
		return true;
	*found = last;
	if (*p == 'n')
		return true;
	if (*p != '{')
		return false;
	for (p = json_blank(p + 1, end); *p != '}'; p = json_blank(p + (*p == ','), end)) {
		const char *stop = json_skip(p, end, 0);
		struct slice name = json_unescape(p, (size_t)(stop - p), &scratch);

		p = json_blank(json_blank(stop, end) + 1, end);
		stop = json_skip(p, end, JSON_DEPTH_MAX);
		if (slice_eq(name, names[0]))
			last = slice_of(p, (size_t)(stop - p));
		p = json_blank(stop, end);
	}
	buf_free(&scratch);
	return !last.ptr || model_find(last, names + 1, n - 1, found);
}

static bool model_run(const struct paths *paths, struct slice line, struct slice slots[])
{
	if (!json_valid(line.ptr, line.len, JSON_DEPTH_MAX, true))
		return false;
	while (json_blank(line.ptr, line.ptr + 1) != line.ptr)
		line = slice_of(line.ptr + 1, line.len - 1);
	while (json_blank(line.ptr + line.len - 1, line.ptr + line.len) == line.ptr + line.len)
		line.len--;
	for (size_t i = 0; i < paths->n; i++)
		if (!model_find(line, paths->v[i].names, paths->v[i].n, &slots[i]))
			return false;
	return true;
}

static uint64_t rng_state = 19700101;

static unsigned rng(unsigned n)
{
	rng_state = rng_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)(rng_state >> 33) % n;
}

static void put_random_value(struct buf *out, int depth)
{
	static const char *const name[] = {"\"a\"",        "\"b\"",      "\"c\"", "\"\\u0061\"",
					   "\"\\u0062c\"", "\"a\\\\b\"", "\"\"",  "\"\xc3\xa9\""};
	static const char *const scalar[] = {"null",   "null",  "0",
					     "-1.5e3", "true",  "[]",
					     "{}",     "\"x\"", "\"\\n\\ud83d\\ude00\""};
	static const char *const blank[] = {"", "", "", "", " ", "\t", "\r\n"};
	bool array;

	if (depth == 0 || !rng(4)) {
		buf_add_str(out, scalar[rng(sizeof(scalar) / sizeof(*scalar))]);
		return;
	}
	array = !rng(6);
	buf_add_char(out, array ? '[' : '{');
	for (unsigned i = 0, n = rng(6); i < n; i++) {
		if (i)
			buf_add_char(out, ',');
		buf_add_str(out, blank[rng(7)]);
		if (!array) {
			buf_add_str(out, name[rng(sizeof(name) / sizeof(*name))]);
			buf_add_str(out, blank[rng(7)]);
			buf_add_char(out, ':');
		}
		buf_add_str(out, blank[rng(7)]);
		put_random_value(out, depth - 1);
		buf_add_str(out, blank[rng(7)]);
	}
	buf_add_char(out, array ? ']' : '}');
}

/* Compares scan and model; counts the lines of which they are sure. */
static bool agrees(const struct scan *sc, const struct paths *paths, struct slice line,
		   size_t *sure)
{
	struct slice slots[PATHS_MAX], want[PATHS_MAX];
	char *copy = exact_copy(line);
	bool known, same;

	line.ptr = copy;
	known = model_run(paths, line, want);
	same = (scan_run(sc, line, slots) == SCAN_OK) == known;
	for (size_t i = 0; same && known && i < paths->n; i++)
		same = slots[i].ptr == want[i].ptr && slots[i].len == want[i].len;
	*sure += known;
	if (!same)
		printf("# differs: %.*s\n", (int)line.len, line.ptr);
	free(copy);
	return same;
}

static void test_random(void)
{
	static const char *const pool[] = {"",           "a",    "b",       "c",     "a.a",
					   "a.b",        "b.a",  "a.b.c",   "a.a.a", "bc",
					   "c.\xc3\xa9", "a\\b", "b.b.b.b", "c.bc"};
	static const char spoil[] = "{}[]:,\"\\ 0nt\xff\0";
	struct buf line = BUF_INIT;
	size_t lines = 0, sure = 0, wrong = 0;

	for (int round = 0; round < 3000; round++) {
		struct paths paths = {.n = 0};
		struct scan *sc;

		for (unsigned n = rng(PATHS_MAX + 1); n > 0; n--)
			add_path(&paths, pool[rng(sizeof(pool) / sizeof(*pool))]);
		sc = scan_new(paths.v, paths.n);
		buf_clear(&line);
		put_random_value(&line, 4);
		for (int damage = 0; damage < 4; damage++) {
			wrong += !agrees(sc, &paths, buf_slice(&line), &sure);
			lines++;
			line.data[rng((unsigned)line.len)] = spoil[rng(sizeof(spoil) - 1)];
		}
		scan_free(sc);
	}
	ok(wrong == 0, "%zu random lines, as by the model", lines);
	ok(sure > lines / 10 && sure < lines, "of some the scan is sure: %zu", sure);
	buf_free(&line);
}

int main(void)
{
	test_fields();
	test_paths();
	test_names();
	test_depth();
	test_random();
	return done_testing();
}
