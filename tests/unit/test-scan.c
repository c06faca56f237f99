#include "scan.h"

#include <stdint.h>
#include <stdlib.h>

#include "json.h"
#include "mem.h"
#include "tap.h"

enum { STEPS_MAX = 4, PATHS_MAX = 8 };

/* Paths as text: steps divided by dots ("" is the whole text), without escapes; #1 is an item. */
struct paths {
	struct scan_step steps[PATHS_MAX][STEPS_MAX];
	struct scan_path v[PATHS_MAX];
	size_t n;
};

static void add_path(struct paths *paths, const char *dotted)
{
	struct scan_step *steps = paths->steps[paths->n];
	size_t n = 0;

	while (*dotted) {
		size_t len = strcspn(dotted, ".");

		if (*dotted == '#')
			steps[n++] = (struct scan_step){.item = (uint32_t)atoi(dotted + 1)};
		else
			steps[n++] = (struct scan_step){.name = slice_of(dotted, len)};
		dotted += len + (dotted[len] == '.');
	}
	paths->v[paths->n++] = (struct scan_path){steps, n};
}

/* A copy in a block of exactly that size: the sanitizer sees a read past its end. */
static char *exact_copy(struct slice text)
{
	char *copy = mem_alloc(text.len);

	if (text.len)
		memcpy(copy, text.ptr, text.len);
	return copy;
}

/*
 * "a|b": the slots with bars between, "-" for one that is missing, "!1" for one that led into a value of
 * another kind behind one step; "unsure".
 */
static void put_result(struct buf *out, const struct scan *sc, size_t n, struct slice line)
{
	struct slice slots[PATHS_MAX];
	char *copy = exact_copy(line);

	if (scan_run(sc, slice_of(copy, line.len), slots) == SCAN_UNSURE) {
		buf_add_str(out, "unsure");
		n = 0;
	}
	for (size_t i = 0; i < n; i++) {
		if (i)
			buf_add_char(out, '|');
		if (slots[i].ptr == scan_mismatch)
			buf_addf(out, "!%zu", slots[i].len);
		else if (slots[i].ptr)
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
	sc = scan_new(paths.v, paths.n, JSON_DEPTH_MAX);
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
		{"{\"b\":{\"c\":1},\"b\":3}", "-|3|!1"},
		{"{\"b\":3,\"b\":{\"c\":1}}", "-|{\"c\":1}|1"},
		{"{\"b\":3,\"b\":null}", "-|null|-"},
		/* .b.c in what is neither an object nor null. */
		{"{\"b\":3}", "-|3|!1"},
		{"{\"b\":\"x\"}", "-|\"x\"|!1"},
		{"{\"b\":[]}", "-|[]|!1"},
		{"{\"b\":true}", "-|true|!1"},
		{"{\"b\":false}", "-|false|!1"},
		{"{\"z\":3,\"a\":[]}", "[]|-|-"},
		{"1", "!0|!0|!0"},
		{"\"a\"", "!0|!0|!0"},
		{"[{\"a\":1}]", "!0|!0|!0"},
		{"true", "!0|!0|!0"},
		{"tru", "unsure"},
		{"-", "unsure"},
		{"1.", "unsure"},
		{"12345678901234567890.5", "!0|!0|!0"},
		{"12345678.", "unsure"},
		{".5", "unsure"},
		{"0123456789", "unsure"},
		{"1\\", "unsure"},
		{"\"a\"\"b\"", "unsure"},
		{"\"a\"b", "unsure"},
		{"\"\\", "unsure"},
		{"\"\\u12\"", "unsure"},
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
	is_scanned((const char *const[]){"", "a", NULL}, slice_str("17"), "17|!0");
	is_scanned((const char *const[]){"a.b.c.e", "a.#0", "#0.a", NULL}, slice_str(line),
		   "!3|!1|!0");
	is_scanned((const char *const[]){"a.x.c", "x.y.z", NULL}, slice_str(line), "-|-");
	is_scanned((const char *const[]){NULL}, slice_str(line), "");
	is_scanned((const char *const[]){NULL}, slice_str("[1"), "unsure");
	buf_free(&want);
}

static void test_items(void)
{
	static const char *const dotted[] = {"#0", "a.#1", "a.#1.b", "a.#0.#2", NULL};
	static const struct {
		const char *line, *want;
	} cases[] = {
		{"{\"a\":[1,{\"b\":2},3]}", "!0|{\"b\":2}|2|!2"},
		{"{\"a\":[[4,5,6],7]}", "!0|7|!2|6"},
		{"{\"a\":[[4,5] , { } ] }", "!0|{ }|-|-"},
		{"{\"a\":[]}", "!0|-|-|-"},
		{"{\"a\":[null,null]}", "!0|null|-|-"},
		{"{\"a\":[[[],[],[1]],[2]]}", "!0|[2]|!2|[1]"},
		{"{\"a\":[[1,2,3],{\"b\":4}],\"a\":[]}", "!0|-|-|-"},
		{"{\"a\":{\"b\":1}}", "!0|!1|!1|!1"},
		{"{\"a\":\"x\"}", "!0|!1|!1|!1"},
		{"[7,8]", "7|!0|!0|!0"},
		{"[ ]", "-|!0|!0|!0"},
		{"null", "-|-|-|-"},
		{"[1,]", "unsure"},
		{"[,1]", "unsure"},
		{"[1 2]", "unsure"},
		{"[1:2]", "unsure"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		is_scanned(dotted, slice_str(cases[i].line), cases[i].want);
}

/* Names with every kind of byte, and the empty one. */
static void test_names(void)
{
	struct scan_step names[] = {{.name = {"\0", 1}},   {.name = {"a\\u0062", 7}},
				    {.name = {"\"\n", 2}}, {.name = {"\xc3\xa9", 2}},
				    {.name = {"", 0}},     {.name = {"a name of more", 14}}};
	struct scan_path paths[6];
	struct buf got = BUF_INIT;
	struct scan *sc;

	for (size_t i = 0; i < 6; i++)
		paths[i] = (struct scan_path){&names[i], 1};
	sc = scan_new(paths, 6, JSON_DEPTH_MAX);
	memset(names, 0, sizeof(names)); /* names were copied */
	put_result(
		&got, sc, 6,
		slice_str("{\"\\u0000\":1,\"a\\\\u0062\":2,\"\\\"\\n\":3,\"\\u00E9\":4,\"\":5}"));
	is_str(buf_str(&got), "1|2|3|4|5|-", "names with all kinds of bytes");
	buf_clear(&got);
	put_result(&got, sc, 6,
		   slice_str("{\"a\\u0062\":2,\"\xc3\xa9\":4,\"a name of more\":6,\"a name of "
			     "most\":7}"));
	is_str(buf_str(&got), "-|-|-|4|-|6", "a name's own backslash is no escape");
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
	struct scan_step names[JSON_DEPTH_MAX + 1];
	struct scan_path path = {names, n};
	struct buf line = BUF_INIT;
	struct scan *sc;

	for (size_t i = 0; i < n; i++)
		names[i] = (struct scan_step){.name = slice_str("a")};
	sc = scan_new(&path, 1, JSON_DEPTH_MAX);
	put_nested(&line, objects);
	buf_clear(got);
	put_result(got, sc, 1, buf_slice(&line));
	scan_free(sc);
	buf_free(&line);
}

static void test_depth(void)
{
	enum { OBJECTS = SCAN_DEPTH_MAX / 2 };
	struct buf got = BUF_INIT, arrays = BUF_INIT;

	put_found(&got, OBJECTS, OBJECTS);
	is_str(buf_str(&got), "1", "the deepest value");
	put_found(&got, OBJECTS - 1, OBJECTS);
	is_str(buf_str(&got), "{\"a\":1}", "the deepest object");
	put_found(&got, 1, OBJECTS);
	ok(got.len == 6 * (OBJECTS - 1) + 1, "the first object of the deepest text");
	for (size_t n = 0; n <= OBJECTS + 1; n += 42) {
		put_found(&got, n, OBJECTS + 1);
		is_str(buf_str(&got), "unsure", "a level too deep");
	}
	for (int n = JSON_DEPTH_MAX - 1; n <= JSON_DEPTH_MAX + 1; n++) {
		buf_clear(&arrays);
		for (int i = 0; i < 2 * n; i++)
			buf_add_char(&arrays, i < n ? '[' : ']');
		is_scanned((const char *const[]){NULL}, buf_slice(&arrays),
			   n <= JSON_DEPTH_MAX ? "" : "unsure");
	}
	buf_free(&got);
	buf_free(&arrays);
}

/* The model: one path at a time, by the strict text's own rules. */
static void model_find(struct slice text, const struct scan_step *steps, size_t n, size_t depth,
		       struct slice *found)
{
	const char *end = text.ptr + text.len, *p = text.ptr;
	bool object = n && steps->name.ptr;
	struct slice last = {NULL, 0};
	struct buf scratch = BUF_INIT;

	*found = text;
	if (n == 0)
		return;
	*found = last;
	if (*p == 'n')
		return;
	*found = slice_of(scan_mismatch, depth);
	if (*p != (object ? '{' : '['))
		return;
	*found = last;
	p = json_blank(p + 1, end);
	for (uint32_t i = 0; *p != (object ? '}' : ']');
	     p = json_blank(p + (*p == ','), end), i++) {
		bool wanted = i == steps->item;
		const char *stop;

		if (object) {
			stop = json_skip(p, end, 0);
			wanted = slice_eq(json_unescape(p, (size_t)(stop - p), &scratch),
					  steps->name);
			p = json_blank(json_blank(stop, end) + 1, end);
		}
		stop = json_skip(p, end, JSON_DEPTH_MAX);
		if (wanted)
			last = slice_of(p, (size_t)(stop - p));
		p = json_blank(stop, end);
	}
	buf_free(&scratch);
	if (last.ptr)
		model_find(last, steps + 1, n - 1, depth + 1, found);
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
		model_find(line, paths->v[i].steps, paths->v[i].n, 0, &slots[i]);
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
	same = scan_run(sc, line, slots) == (!known                             ? SCAN_UNSURE
					     : memchr(line.ptr, '\\', line.len) ? SCAN_ESCAPES
										: SCAN_OK);
	for (size_t i = 0; same && known && i < paths->n; i++)
		same = slots[i].ptr == want[i].ptr && slots[i].len == want[i].len;
	*sure += known;
	if (!same)
		printf("# differs: %.*s\n", (int)line.len, line.ptr);
	free(copy);
	return same;
}

/* Texts of all lengths, so that each byte of the grammar stands on each place of a step of 64, and far more tokens than a window holds. */
static void put_random_line(struct buf *line)
{
	unsigned n = rng(50) ? rng(4) : 300 + rng(300);

	buf_clear(line);
	for (unsigned blanks = rng(70); blanks > 0; blanks--)
		buf_add_char(line, ' ');
	if (n == 0) {
		put_random_value(line, 4);
		return;
	}
	buf_add_char(line, '[');
	for (unsigned i = 0; i < n; i++) {
		if (i)
			buf_add_char(line, ',');
		put_random_value(line, 4);
	}
	buf_add_char(line, ']');
}

static void test_random(void)
{
	static const char *const pool[] = {"",           "a",     "b",       "c",      "a.a",
					   "a.b",        "b.a",   "a.b.c",   "a.a.a",  "bc",
					   "c.\xc3\xa9", "a\\b",  "b.b.b.b", "c.bc",   "#0",
					   "#1.a",       "#0.#1", "a.#0",    "a.#2.b", "#290.b"};
	static const char spoil[] = "{}[]:,\"\\ 0nt\xff\0";
	struct buf line = BUF_INIT;
	size_t lines = 0, sure = 0, wrong = 0;

	for (int round = 0; round < 3000; round++) {
		struct paths paths = {.n = 0};
		struct scan *sc;

		for (unsigned n = rng(PATHS_MAX + 1); n > 0; n--)
			add_path(&paths, pool[rng(sizeof(pool) / sizeof(*pool))]);
		sc = scan_new(paths.v, paths.n, JSON_DEPTH_MAX);
		put_random_line(&line);
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

/* Every byte in every place of a line, one put in and one instead of another. */
static void test_bytes(void)
{
	static const char text[] = "{\"a\": [1, \"\\n\" ,true]\t,\"b\":-2.5e1}";
	struct paths paths = {.n = 0};
	struct buf line = BUF_INIT;
	size_t sure = 0, wrong = 0;
	struct scan *sc;

	add_path(&paths, "a.#2");
	add_path(&paths, "b");
	sc = scan_new(paths.v, paths.n, JSON_DEPTH_MAX);
	for (size_t at = 0; at < sizeof text; at++) {
		for (int byte = 0; byte < 512; byte++) {
			size_t rest = at + (byte >= 256);

			buf_clear(&line);
			buf_add(&line, text, at);
			buf_add_char(&line, (char)byte);
			if (rest < sizeof text - 1)
				buf_add(&line, text + rest, sizeof text - 1 - rest);
			wrong += !agrees(sc, &paths, buf_slice(&line), &sure);
		}
	}
	ok(wrong == 0 && sure > 1000, "every byte in every place");
	scan_free(sc);
	buf_free(&line);
}

static void test_all(void)
{
	test_bytes();
	test_fields();
	test_paths();
	test_items();
	test_names();
	test_depth();
	test_random();
}

/* With what this machine has, and without. */
int main(void)
{
	test_all();
	setenv("KPIPE_SIMD", "none", 1);
	test_all();
	return done_testing();
}
