/* utf8: where characters end, and whether bytes are UTF-8. Pure. */
#ifndef KPIPE_UTF8_H
#define KPIPE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

typedef bool utf8_valid_fn(const char *p, size_t len);

/* No overlongs, surrogates, or beyond U+10FFFF. Looks at no other byte. */
bool utf8_valid(const char *p, size_t len);

/* Does `made`, which libjq made of `from`, have U+FFFD in place of bytes that are not UTF-8? */
bool utf8_replaced(const char *made, size_t made_len, const char *from, size_t from_len);

/* Puts a ? in place of each byte that is not UTF-8. */
void utf8_mark(char *p, size_t len);

/* What utf8_valid does, the fastest that this machine has; KPIPE_SIMD=none: the one in plain C. */
utf8_valid_fn *utf8_validator(void);

static inline bool utf8_is_continuation(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

/*
 * The non-ASCII character at p (p < end): its length, or minus the length of the maximal part of an
 * ill-formed one, at least 1 (Unicode 15, table 3-7, "U+FFFD Substitution of Maximal Subparts").
 */
static inline int utf8_step(const char *p, const char *end)
{
	unsigned char lead = (unsigned char)p[0], second;
	unsigned char low = 0x80, high = 0xbf;
	int len;

	if (lead < 0xc2 || lead > 0xf4 || end - p < 2)
		return -1;
	second = (unsigned char)p[1];
	if (lead < 0xe0)
		return utf8_is_continuation(p[1]) ? 2 : -1;
	len = lead < 0xf0 ? 3 : 4;
	if (lead == 0xe0)
		low = 0xa0; /* below: overlong */
	else if (lead == 0xed)
		high = 0x9f; /* above: surrogates */
	else if (lead == 0xf0)
		low = 0x90; /* below: overlong */
	else if (lead == 0xf4)
		high = 0x8f; /* above: beyond U+10FFFF */
	if (second < low || second > high)
		return -1;
	for (int i = 2; i < len; i++)
		if (end - p <= i || !utf8_is_continuation(p[i]))
			return -i;
	return len;
}

#endif
