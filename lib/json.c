#include "json.h"

#include <stdint.h>

#include "utf8.h"
#include "word.h"

/*
 * Eight bytes are looked at as one word, the first byte lowest. In a subtraction of a constant from
 * every byte at once, an ASCII byte that goes below zero gets its high bit set and may borrow from
 * those above it: so the lowest high bit set is always right, those above it may not be.
 */
/* Marks what ends a plain run in a string: a quote, a backslash, a control character, non-ASCII. */
static inline uint64_t mark_special(uint64_t word)
{
	uint64_t quote = (word ^ WORD_ONES * '"') - WORD_ONES;
	uint64_t backslash = (word ^ WORD_ONES * '\\') - WORD_ONES;
	uint64_t control = word - WORD_ONES * ' ';

	return (quote | backslash | control | word) & WORD_HIGH_BITS;
}

static inline bool is_special(char c)
{
	return c == '"' || c == '\\' || (unsigned char)c < ' ' || (unsigned char)c >= 0x80;
}

/* The first special byte at or after p, or end. */
static inline const char *skip_plain(const char *p, const char *end)
{
	for (; end - p >= 8; p += 8) {
		uint64_t marks = mark_special(word_load(p));

		if (marks)
			return p + word_before(marks);
	}
	while (p < end && !is_special(*p))
		p++;
	return p;
}

/* The value of four hex digits at p, or -1. */
static int hex4(const char *p, const char *end)
{
	int value = 0;

	if (end - p < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		char c = p[i];

		if (c >= '0' && c <= '9')
			value = value << 4 | (c - '0');
		else if (c >= 'a' && c <= 'f')
			value = value << 4 | (c - 'a' + 10);
		else if (c >= 'A' && c <= 'F')
			value = value << 4 | (c - 'A' + 10);
		else
			return -1;
	}
	return value;
}

static bool is_high_surrogate(int code)
{
	return code >= 0xd800 && code <= 0xdbff;
}

static bool is_low_surrogate(int code)
{
	return code >= 0xdc00 && code <= 0xdfff;
}

const char *json_escape_end(const char *p, const char *end)
{
	int code;

	if (end - p < 2)
		return NULL;
	switch (p[1]) {
	case '"':
	case '\\':
	case '/':
	case 'b':
	case 'f':
	case 'n':
	case 'r':
	case 't':
		return p + 2;
	case 'u':
		break;
	default:
		return NULL;
	}
	code = hex4(p + 2, end);
	if (code < 0 || is_low_surrogate(code))
		return NULL;
	p += 6;
	if (!is_high_surrogate(code))
		return p;
	if (end - p < 2 || p[0] != '\\' || p[1] != 'u' || !is_low_surrogate(hex4(p + 2, end)))
		return NULL;
	return p + 6;
}

static const char *skip_non_ascii(const char *p, const char *end)
{
	do {
		int n = utf8_step(p, end);

		if (n < 0)
			return NULL;
		p += n;
	} while (p < end && (unsigned char)*p >= 0x80);
	return p;
}

/* p: a quote. */
static inline const char *skip_string(const char *p, const char *end)
{
	p++;
	for (;;) {
		p = skip_plain(p, end);
		if (p == end)
			return NULL;
		if (*p == '"')
			return p + 1;
		if (*p == '\\')
			p = json_escape_end(p, end);
		else if ((unsigned char)*p >= 0x80)
			p = skip_non_ascii(p, end);
		else
			return NULL;
		if (!p)
			return NULL;
	}
}

static inline const char *skip_digits(const char *p, const char *end)
{
	while (p < end && *p >= '0' && *p <= '9')
		p++;
	return p;
}

/* As skip_digits, NULL when there is none. */
static inline const char *skip_some_digits(const char *p, const char *end)
{
	const char *q = skip_digits(p, end);

	return q > p ? q : NULL;
}

static inline const char *skip_number(const char *p, const char *end)
{
	if (*p == '-')
		p++;
	if (p < end && *p == '0')
		p++;
	else
		p = skip_some_digits(p, end);
	if (p && p < end && *p == '.')
		p = skip_some_digits(p + 1, end);
	if (p && p < end && (*p == 'e' || *p == 'E')) {
		p++;
		if (p < end && (*p == '+' || *p == '-'))
			p++;
		p = skip_some_digits(p, end);
	}
	return p;
}

static inline const char *skip_word(const char *p, const char *end, const char *word, size_t len)
{
	return (size_t)(end - p) >= len && memcmp(p, word, len) == 0 ? p + len : NULL;
}

/* p < end, and not an array or object. */
static inline const char *skip_scalar(const char *p, const char *end)
{
	switch (*p) {
	case '"':
		return skip_string(p, end);
	case 't':
		return skip_word(p, end, "true", 4);
	case 'f':
		return skip_word(p, end, "false", 5);
	case 'n':
		return skip_word(p, end, "null", 4);
	default:
		return skip_number(p, end);
	}
}

/* From a member's name to its value, or NULL. */
static inline const char *skip_name(const char *p, const char *end)
{
	if (p == end || *p != '"')
		return NULL;
	p = skip_string(p, end);
	if (!p)
		return NULL;
	p = json_blank(p, end);
	if (p == end || *p != ':')
		return NULL;
	return json_blank(p + 1, end);
}

/* p: an opening bracket. Every open level is kept as the bracket that closes it. */
static const char *skip_nested(const char *p, const char *end, int depth)
{
	char closer[JSON_DEPTH_MAX + 1];
	int level = 0;

	if (depth > JSON_DEPTH_MAX)
		depth = JSON_DEPTH_MAX;
	for (;;) {
		/* At a value. */
		if (p == end)
			return NULL;
		if (*p == '{' || *p == '[') {
			if (level >= depth)
				return NULL;
			closer[++level] = *p == '{' ? '}' : ']';
			p = json_blank(p + 1, end);
			if (p < end && *p != closer[level]) {
				if (closer[level] == ']')
					continue;
				p = skip_name(p, end);
				if (!p)
					return NULL;
				continue;
			}
		} else {
			p = skip_scalar(p, end);
			if (!p)
				return NULL;
			p = json_blank(p, end);
		}
		/* Behind a value, or at the end of an empty level. */
		/* cppcheck-suppress uninitvar ; p was at a bracket first, so there is a level */
		while (p < end && *p == closer[level]) {
			p++;
			if (--level == 0)
				return p;
			p = json_blank(p, end);
		}
		if (p == end || *p != ',')
			return NULL;
		p = json_blank(p + 1, end);
		if (closer[level] == '}') {
			p = skip_name(p, end);
			if (!p)
				return NULL;
		}
	}
}

const char *json_skip(const char *p, const char *end, int depth)
{
	if (p == end)
		return NULL;
	if (*p == '{' || *p == '[')
		return skip_nested(p, end, depth);
	return skip_scalar(p, end);
}

bool json_valid(const char *p, size_t len, int depth, bool blanks)
{
	const char *end;

	if (len == 0)
		return false;
	end = p + len;
	if (blanks)
		p = json_blank(p, end);
	p = json_skip(p, end, depth);
	if (p && blanks)
		p = json_blank(p, end);
	return p == end;
}

static void put_utf8(struct buf *out, int code)
{
	char c[4];
	size_t n = 0;

	if (code < 0x80) {
		c[n++] = (char)code;
	} else if (code < 0x800) {
		c[n++] = (char)(0xc0 | code >> 6);
		c[n++] = (char)(0x80 | (code & 0x3f));
	} else if (code < 0x10000) {
		c[n++] = (char)(0xe0 | code >> 12);
		c[n++] = (char)(0x80 | (code >> 6 & 0x3f));
		c[n++] = (char)(0x80 | (code & 0x3f));
	} else {
		c[n++] = (char)(0xf0 | code >> 18);
		c[n++] = (char)(0x80 | (code >> 12 & 0x3f));
		c[n++] = (char)(0x80 | (code >> 6 & 0x3f));
		c[n++] = (char)(0x80 | (code & 0x3f));
	}
	buf_add(out, c, n);
}

/* The letter of a two-character escape, by the byte that it stands for; 0: that byte has none. */
static const char escape_letter[256] = {
	['"'] = '"',  ['\\'] = '\\', ['\b'] = 'b', ['\f'] = 'f',
	['\n'] = 'n', ['\r'] = 'r',  ['\t'] = 't',
};

/* The reverse; '/' may be escaped, and is not by us. */
static const char escaped_byte[256] = {
	['"'] = '"',  ['\\'] = '\\', ['/'] = '/',  ['b'] = '\b',
	['f'] = '\f', ['n'] = '\n',  ['r'] = '\r', ['t'] = '\t',
};

/* Appends what the strict escape at p stands for; returns its end. */
static const char *unescape_one(struct buf *out, const char *p, const char *end)
{
	int code;

	if (p[1] != 'u') {
		buf_add_char(out, escaped_byte[(unsigned char)p[1]]);
		return p + 2;
	}
	code = hex4(p + 2, end);
	p += 6;
	if (is_high_surrogate(code)) {
		code = 0x10000 + ((code - 0xd800) << 10) + (hex4(p + 2, end) - 0xdc00);
		p += 6;
	}
	put_utf8(out, code);
	return p;
}

struct slice json_unescape(const char *p, size_t len, struct buf *scratch)
{
	const char *end = p + len - 1, *escape;
	size_t start;

	p++;
	escape = memchr(p, '\\', (size_t)(end - p));
	if (!escape)
		return slice_of(p, (size_t)(end - p));
	buf_reserve(scratch, len); /* no escape is shorter than what it stands for */
	start = scratch->len;
	while (escape) {
		buf_add(scratch, p, (size_t)(escape - p));
		p = unescape_one(scratch, escape, end);
		escape = memchr(p, '\\', (size_t)(end - p));
	}
	buf_add(scratch, p, (size_t)(end - p));
	return slice_of(scratch->data + start, scratch->len - start);
}

/* The first byte at or after p that cannot stand in a JSON string as it is, or end. */
static const char *skip_printable(const char *p, const char *end)
{
	for (;;) {
		const char *stop = skip_plain(p, end);
		const char *del = memchr(p, 0x7f, (size_t)(stop - p));
		int n;

		if (del || stop == end || (unsigned char)*stop < 0x80)
			return del ? del : stop;
		n = utf8_step(stop, end);
		if (n < 0)
			return stop;
		p = stop + n;
	}
}

void json_put_string(struct buf *out, const char *p, size_t len)
{
	const char *end = len ? p + len : p;

	buf_reserve(out, len + 2);
	buf_add_char(out, '"');
	while (p < end) {
		const char *stop = skip_printable(p, end);

		buf_add(out, p, (size_t)(stop - p));
		p = stop;
		if (p == end)
			break;
		if ((unsigned char)*p >= 0x80) {
			buf_add_str(out, "\xef\xbf\xbd");
			p -= utf8_step(p, end);
		} else if (escape_letter[(unsigned char)*p]) {
			const char pair[2] = {'\\', escape_letter[(unsigned char)*p++]};

			buf_add(out, pair, 2);
		} else {
			buf_addf(out, "\\u%04x", (unsigned)*p++);
		}
	}
	buf_add_char(out, '"');
}

static const char base64_digit[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_put(struct buf *out, const void *bytes, size_t len)
{
	const unsigned char *p = bytes;

	buf_reserve(out, len / 3 * 4 + 4);
	while (len > 0) {
		size_t n = len < 3 ? len : 3;
		unsigned group = (unsigned)p[0] << 16 | (n > 1 ? (unsigned)p[1] << 8 : 0) |
				 (n > 2 ? (unsigned)p[2] : 0);
		char quad[4] = {base64_digit[group >> 18], base64_digit[group >> 12 & 63],
				n > 1 ? base64_digit[group >> 6 & 63] : '=',
				n > 2 ? base64_digit[group & 63] : '='};

		buf_add(out, quad, 4);
		p += n;
		len -= n;
	}
}

/* Of a base64 digit its value, else -1. */
static int base64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+')
		return 62;
	return c == '/' ? 63 : -1;
}

/* Appends the 1 to 3 bytes of the four digits at p. Only the last group may be padded. */
static bool decode_group(struct buf *out, const char *p, bool last)
{
	int digits = last && p[3] == '=' ? (p[2] == '=' ? 2 : 3) : 4;
	int group = 0;

	for (int i = 0; i < 4; i++) {
		int value = i < digits ? base64_value(p[i]) : 0;

		if (value < 0)
			return false;
		group = group << 6 | value;
	}
	char bytes[3] = {(char)(group >> 16), (char)(group >> 8), (char)group};

	if ((digits < 4 && bytes[2]) || (digits < 3 && bytes[1]))
		return false;
	buf_add(out, bytes, (size_t)digits - 1);
	return true;
}

bool base64_decode(struct buf *out, const char *p, size_t len)
{
	size_t old = out->len;

	if (len % 4)
		return false;
	buf_reserve(out, len / 4 * 3);
	for (size_t i = 0; i < len; i += 4) {
		if (!decode_group(out, p + i, i + 4 == len)) {
			buf_cut(out, old);
			return false;
		}
	}
	return true;
}
