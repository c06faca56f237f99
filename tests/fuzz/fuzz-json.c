/*
 * json, scan, jqtext: what is strict, against a plain parser; what is strict prints canonically to a text
 * that is strict and prints the same again; strings and base64 come back; scan finds what a look-up
 * in the text finds; jqtext prints what says the same.
 */
#include "fuzz.h"

#include "jqtext.h"
#include "json.h"
#include "scan.h"
#include "utf8.h"

/* --- A plain parser that prints as it goes: compact, strings as json_put_string --- */

struct parser {
	const char *p, *end;
	int depth;
	struct buf *out;
};

static bool parse_value(struct parser *s);

static int peek(const struct parser *s)
{
	return s->p < s->end ? (unsigned char)*s->p : -1;
}

static bool take(struct parser *s, char c)
{
	if (peek(s) != (unsigned char)c)
		return false;
	s->p++;
	return true;
}

static void skip_blanks(struct parser *s)
{
	while (peek(s) >= 0 && strchr(" \t\r\n", peek(s)) && peek(s))
		s->p++;
}

static bool parse_word(struct parser *s, const char *word)
{
	buf_add_str(s->out, word);
	for (; *word; word++) {
		if (!take(s, *word))
			return false;
	}
	return true;
}

static bool parse_digits(struct parser *s)
{
	const char *start = s->p;

	while (peek(s) >= '0' && peek(s) <= '9')
		s->p++;
	return s->p > start;
}

static bool parse_number(struct parser *s)
{
	const char *start = s->p;

	take(s, '-');
	if (!take(s, '0') && !parse_digits(s))
		return false;
	if (take(s, '.') && !parse_digits(s))
		return false;
	if (take(s, 'e') || take(s, 'E')) {
		if (!take(s, '+'))
			take(s, '-');
		if (!parse_digits(s))
			return false;
	}
	buf_add(s->out, start, (size_t)(s->p - start));
	return true;
}

static void put_code(struct buf *b, unsigned code)
{
	if (code < 0x80) {
		buf_add_char(b, (char)code);
		return;
	}
	if (code < 0x800) {
		buf_add_char(b, (char)(0xc0 + code / 64));
	} else if (code < 0x10000) {
		buf_add_char(b, (char)(0xe0 + code / 4096));
		buf_add_char(b, (char)(0x80 + code / 64 % 64));
	} else {
		buf_add_char(b, (char)(0xf0 + code / 262144));
		buf_add_char(b, (char)(0x80 + code / 4096 % 64));
		buf_add_char(b, (char)(0x80 + code / 64 % 64));
	}
	buf_add_char(b, (char)(0x80 + code % 64));
}

static bool parse_hex(struct parser *s, unsigned *code)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";

	*code = 0;
	for (int i = 0; i < 4; i++) {
		const char *at = peek(s) > 0 ? strchr(digits, peek(s)) : NULL;
		if (!at)
			return false;
		*code = *code * 16 + (unsigned)(at - digits) % 16;
		s->p++;
	}
	return true;
}

static bool parse_escape(struct parser *s, struct buf *bytes)
{
	static const char letters[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
	unsigned code, low;
	const char *at;

	if (take(s, 'u')) {
		if (!parse_hex(s, &code) || (code >= 0xdc00 && code <= 0xdfff))
			return false;
		if (code >= 0xd800 && code <= 0xdbff) {
			if (!take(s, '\\') || !take(s, 'u') || !parse_hex(s, &low) ||
			    low < 0xdc00 || low > 0xdfff)
				return false;
			code = 0x10000 + (code - 0xd800) * 0x400 + (low - 0xdc00);
		}
		put_code(bytes, code);
		return true;
	}
	at = peek(s) > 0 ? strchr(letters, peek(s)) : NULL;
	if (!at)
		return false;
	s->p++;
	buf_add_char(bytes, meant[at - letters]);
	return true;
}

/* The table of Unicode's chapter 3, "Well-Formed UTF-8 Byte Sequences". */
static bool plain_utf8(struct slice s)
{
	static const unsigned char rows[][8] = {
		{0x00, 0x7f, 0, 0},
		{0xc2, 0xdf, 0x80, 0xbf, 0, 0},
		{0xe0, 0xe0, 0xa0, 0xbf, 0x80, 0xbf, 0, 0},
		{0xe1, 0xec, 0x80, 0xbf, 0x80, 0xbf, 0, 0},
		{0xed, 0xed, 0x80, 0x9f, 0x80, 0xbf, 0, 0},
		{0xee, 0xef, 0x80, 0xbf, 0x80, 0xbf, 0, 0},
		{0xf0, 0xf0, 0x90, 0xbf, 0x80, 0xbf, 0x80, 0xbf},
		{0xf1, 0xf3, 0x80, 0xbf, 0x80, 0xbf, 0x80, 0xbf},
		{0xf4, 0xf4, 0x80, 0x8f, 0x80, 0xbf, 0x80, 0xbf},
	};
	size_t at = 0;

	while (at < s.len) {
		size_t n = 0, row = 0;

		for (; row < 9 && !n; row++) {
			while (n < 4 && (n == 0 || rows[row][2 * n + 1]) && at + n < s.len &&
			       (unsigned char)s.ptr[at + n] >= rows[row][2 * n] &&
			       (unsigned char)s.ptr[at + n] <= rows[row][2 * n + 1])
				n++;
			if (n < 4 && rows[row][2 * n + 1])
				n = 0;
		}
		if (!n)
			return false;
		at += n;
	}
	return true;
}

/* A string's bytes; what stands in it must be what json_unescape finds. */
static bool parse_string(struct parser *s, struct buf *bytes)
{
	struct buf scratch = BUF_INIT;
	const char *start = s->p;
	struct slice got;

	if (!take(s, '"'))
		return false;
	while (peek(s) != '"') {
		if (peek(s) < ' ')
			return false;
		if (take(s, '\\')) {
			if (!parse_escape(s, bytes))
				return false;
		} else {
			buf_add_char(bytes, *s->p++);
		}
	}
	s->p++;
	if (!plain_utf8(buf_slice(bytes)))
		return false;
	buf_add_str(&scratch, "before");
	got = json_unescape(start, (size_t)(s->p - start), &scratch);
	must(slice_eq(got, buf_slice(bytes)), "%.*s unescapes otherwise", (int)(s->p - start),
	     start);
	buf_free(&scratch);
	return true;
}

static bool print_string(struct parser *s)
{
	struct buf bytes = BUF_INIT;
	bool good = parse_string(s, &bytes);

	json_put_string(s->out, buf_slice(&bytes).ptr, bytes.len);
	buf_free(&bytes);
	return good;
}

/* What stands between brackets; the opening one is taken. */
static bool parse_members(struct parser *s, char close)
{
	s->depth--;
	skip_blanks(s);
	if (s->depth < 0)
		return false;
	if (peek(s) != close) {
		do {
			skip_blanks(s);
			if (close == '}') {
				if (!print_string(s))
					return false;
				skip_blanks(s);
				if (!take(s, ':'))
					return false;
				buf_add_char(s->out, ':');
				skip_blanks(s);
			}
			if (!parse_value(s))
				return false;
			skip_blanks(s);
			buf_add_char(s->out, peek(s) == ',' ? ',' : close);
		} while (take(s, ','));
	} else {
		buf_add_char(s->out, close);
	}
	s->depth++;
	return take(s, close);
}

static bool parse_value(struct parser *s)
{
	switch (peek(s)) {
	case '{':
	case '[':
		buf_add_char(s->out, *s->p++);
		return parse_members(s, s->p[-1] == '{' ? '}' : ']');
	case '"':
		return print_string(s);
	case 't':
		return parse_word(s, "true");
	case 'f':
		return parse_word(s, "false");
	case 'n':
		return parse_word(s, "null");
	default:
		return parse_number(s);
	}
}

/* The end of the value at the beginning of the text, NULL: none; its canonical text in out. */
static const char *parse(struct slice text, int depth, struct buf *out)
{
	struct parser s = {text.ptr, text.ptr + text.len, depth, out};

	buf_clear(out);
	return parse_value(&s) ? s.p : NULL;
}

static struct slice trim(struct slice s)
{
	struct parser p = {s.ptr, s.ptr + s.len, 0, NULL};

	skip_blanks(&p);
	while (p.end > p.p && strchr(" \t\r\n", p.end[-1]) && p.end[-1])
		p.end--;
	return slice_of(p.p, (size_t)(p.end - p.p));
}

static void check_strict(struct slice text, int depth)
{
	struct buf once = BUF_INIT, twice = BUF_INIT;
	struct slice inner = trim(text);
	const char *end = text.ptr + text.len, *inner_end = inner.ptr + inner.len, *stop;
	bool valid;

	stop = parse(text, depth, &once);
	must(json_skip(text.ptr, end, depth) == stop, "json_skip ends elsewhere than at %td",
	     stop ? stop - text.ptr : -1);
	valid = stop == end;
	must(json_valid(text.ptr, text.len, depth, false) == valid, "strict: %d", valid);
	stop = parse(inner, depth, &once);
	valid = stop == inner_end;
	must(json_valid(text.ptr, text.len, depth, true) == valid, "strict with blanks: %d", valid);
	if (valid) {
		must(json_valid(once.data, once.len, depth, false), "%s is not strict", once.data);
		must(parse(buf_slice(&once), depth, &twice) == once.data + once.len &&
			     slice_eq(buf_slice(&once), buf_slice(&twice)),
		     "%s prints as %s", once.data, buf_str(&twice));
	}
	buf_free(&once);
	buf_free(&twice);
}

/* --- Any bytes as a string, and as base64 --- */

static void check_bytes(struct slice bytes)
{
	struct buf text = BUF_INIT, scratch = BUF_INIT;
	bool valid = plain_utf8(bytes);
	struct slice back;

	for (int plain = 0; plain < 2; plain++) {
		setenv("KPIPE_SIMD", plain ? "none" : "", 1);
		must(utf8_validator()(bytes.ptr, bytes.len) == valid, "UTF-8: %d", valid);
	}
	json_put_string(&text, bytes.ptr, bytes.len);
	must(json_valid(text.data, text.len, 0, false), "%s is not strict", text.data);
	back = json_unescape(text.data, text.len, &scratch);
	must(slice_eq(back, bytes) == valid, "%s is not what was put", text.data);
	must(plain_utf8(back), "bytes that are not UTF-8");
	buf_clear(&text);
	base64_put(&text, bytes.ptr, bytes.len);
	buf_clear(&scratch);
	must(base64_decode(&scratch, text.data, text.len) && slice_eq(buf_slice(&scratch), bytes),
	     "base64 %s", text.data);
	buf_clear(&scratch);
	buf_add_str(&scratch, "before");
	if (base64_decode(&scratch, bytes.ptr, bytes.len)) {
		buf_clear(&text);
		base64_put(&text, scratch.data + 6, scratch.len - 6);
		must(slice_eq(buf_slice(&text), bytes), "base64 that is written as %s", text.data);
	} else {
		must(scratch.len == 6, "base64 that is none added bytes");
	}
	buf_free(&text);
	buf_free(&scratch);
}

/* --- Fields --- */

/*
 * In a strict text at p, behind `depth` steps: what a scan finds of the path; of a repeated name the last
 * counts.
 */
static struct slice look_up(const char *p, const char *end, const char *const names[], size_t depth)
{
	struct slice last = {NULL, 0};
	const char *stop = json_skip(p, end, JSON_DEPTH_MAX);

	if (!names[0])
		return slice_of(p, (size_t)(stop - p));
	if (*p == 'n')
		return last;
	if (*p != '{')
		return slice_of(scan_mismatch, depth);
	for (p = json_blank(p + 1, end); *p != '}'; p = json_blank(p + (*p == ','), end)) {
		struct buf name = BUF_INIT;
		struct parser s = {p, end, 0, NULL};

		must(parse_string(&s, &name), "a name that is no string");
		p = json_blank(json_blank(s.p, end) + 1, end);
		stop = json_skip(p, end, JSON_DEPTH_MAX);
		if (slice_is(buf_slice(&name), names[0]))
			last = slice_of(p, (size_t)(stop - p));
		p = json_blank(stop, end);
		buf_free(&name);
	}
	return last.ptr ? look_up(last.ptr, end, names + 1, depth + 1) : last;
}

/* Of a strict text, an object counted twice. */
static int depth_of(struct slice text)
{
	int depth = 0, most = 0;
	const char *end = text.ptr + text.len;

	for (const char *p = text.ptr; p < end; p++) {
		if (*p == '"')
			p = json_skip(p, end, 0) - 1;
		depth += *p == '{' ? 2 : *p == '[' ? 1 : *p == '}' ? -2 : *p == ']' ? -1 : 0;
		most = depth > most ? depth : most;
	}
	return most;
}

static void check_scan(struct slice text)
{
	enum { N = 7 };
	static const char *const paths[N][4] = {
		{NULL},     {"a", NULL}, {"a", "b", NULL},        {"a", "b", "c", NULL},
		{"", NULL}, {"b", NULL}, {"\xc3\xa9", "a", NULL},
	};
	struct scan_step steps[N][4];
	struct slice slots[N];
	struct scan_path sp[N];
	bool valid = json_valid(text.ptr, text.len, JSON_DEPTH_MAX, true);
	const char *start = json_blank(text.ptr, text.ptr + text.len);

	for (size_t i = 0; i < N; i++) {
		size_t n = 0;

		for (; paths[i][n]; n++)
			steps[i][n] = (struct scan_step){.name = slice_str(paths[i][n])};
		sp[i] = (struct scan_path){steps[i], n};
	}
	for (int plain = 0; plain < 2; plain++) {
		struct scan *sc;
		bool sure;

		setenv("KPIPE_SIMD", plain ? "none" : "", 1);
		sc = scan_new(sp, N, JSON_DEPTH_MAX);
		sure = scan_run(sc, text, slots) != SCAN_UNSURE;
		must(sure ? valid : !valid || depth_of(text) + 2 > SCAN_DEPTH_MAX,
		     "scan is sure: %d", sure);
		for (size_t i = 0; sure && i < N; i++) {
			struct slice want = look_up(start, text.ptr + text.len, paths[i], 0);

			must(slots[i].ptr == want.ptr && slots[i].len == want.len,
			     "path %zu is %.*s", i, (int)slots[i].len,
			     slots[i].ptr ? slots[i].ptr : "");
		}
		scan_free(sc);
	}
}

/* Of more digits than each double keeps? */
static bool has_long_number(struct slice text)
{
	unsigned digits = 0;

	for (size_t i = 0; i < text.len && digits <= 15; i++) {
		char c = text.ptr[i];

		if (c >= '0' && c <= '9')
			digits++;
		else if (c != '.')
			digits = 0;
	}
	return digits > 15;
}

/*
 * What is printed says the same, and is not printed otherwise once more; it is one key with the text, unless digits were
 * lost, which keys keep.
 */
static void check_printed(struct slice text, struct jq_number_rules rules)
{
	struct buf out = BUF_INIT, again = BUF_INIT, key = BUF_INIT, same_key = BUF_INIT;
	size_t n = 0, m = 0;
	int order = 0;

	if (jqtext_compact(&out, text, rules)) {
		struct slice printed = buf_slice(&out);

		must(json_valid(out.data, out.len, JSON_DEPTH_MAX, false), "printed: %s", out.data);
		must(jqtext_compact(&again, printed, rules) && slice_eq(buf_slice(&again), printed),
		     "%s, then %s", out.data, buf_str(&again));
		/* Up to 1.6 an infinite number is printed as the greatest finite one. */
		must(!rules.keeps || !jqtext_order(text, printed, rules, &order) || order == 0,
		     "order %d of %s", order, out.data);
		must((!rules.keeps && has_long_number(text)) || !jqtext_canonical(&key, text) ||
			     (jqtext_canonical(&same_key, printed) &&
			      slice_eq(buf_slice(&key), buf_slice(&same_key))),
		     "key %s, then %s", buf_str(&key), buf_str(&same_key));
		must((*text.ptr != '[' && *text.ptr != '{') ||
			     (jqtext_length(text, &n) && jqtext_length(printed, &m) && n == m),
		     "%zu items, then %zu", n, m);
	}
	buf_free(&out);
	buf_free(&again);
	buf_free(&key);
	buf_free(&same_key);
}

static void check_jqtext(struct slice text)
{
	if (!json_valid(text.ptr, text.len, JSON_DEPTH_MAX, false))
		return;
	check_printed(text, (struct jq_number_rules){.keeps = false});
	check_printed(text, (struct jq_number_rules){.keeps = true, .compares = true});
}

/* How deep; then text. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, data + size};
	unsigned depth = input_byte(&in);
	struct slice text = input_rest(&in);

	check_strict(text, depth < 'A' ? (int)depth % 8 : JSON_DEPTH_MAX);
	check_bytes(text);
	check_scan(text);
	check_jqtext(text);
	return 0;
}
