/*
 * json: JSON text without a tree: check, skip, unescape, escape. Pure.
 *
 * Strict means RFC 8259 in UTF-8, no unpaired surrogate escapes (\ud800), and
 * no deeper than a limit. Every text that is strict here is taken by every
 * libjq from 1.6 on, but for more than 127 objects in each other, which 1.6 counts twice; the reverse
 * does not hold (libjq takes NaN, 01, bad UTF-8).
 */
#ifndef KPIPE_JSON_H
#define KPIPE_JSON_H

#include "buf.h"

enum { JSON_DEPTH_MAX = 200 };

/*
 * The end of the strict value that begins at p (no blanks before it), or NULL. At most `depth`
 * levels of nesting, a scalar being level 0; a `depth` past JSON_DEPTH_MAX counts as that. What
 * follows the value is the caller's to check: of 01 the value is 0.
 */
const char *json_skip(const char *p, const char *end, int depth);

/*
 * The end of the strict escape whose backslash is at p, both halves of a surrogate pair included;
 * or NULL.
 */
const char *json_escape_end(const char *p, const char *end);

/* First byte at or after p that is not a JSON blank (space, tab, CR, LF). */
static inline const char *json_blank(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t' || *p == '\r' || *p == '\n'))
		p++;
	return p;
}

/* True when p[0..len) is one strict text; blanks around it are allowed when `blanks`. */
bool json_valid(const char *p, size_t len, int depth, bool blanks);

/*
 * The bytes of a strict string token (quotes included in p[0..len)). Without escapes the
 * slice points into the token; else it points into *scratch, appended there
 * (scratch is reserved first for the whole, so earlier slices into it move: reserve before).
 */
struct slice json_unescape(const char *p, size_t len, struct buf *scratch);

/*
 * Appends p[0..len) as a JSON string with quotes, escaped as jq prints it: \" \\ \b \f \n \r \t,
 * other control characters and DEL as \u00xx, everything else as it is; each maximal invalid UTF-8
 * part becomes U+FFFD (callers that may not lose bytes test utf8_valid first).
 */
void json_put_string(struct buf *out, const char *p, size_t len);

/*
 * Base64 (RFC 4648, padded). Decoding appends and is strict: false on anything else (blanks,
 * missing padding, bits set behind the last byte), out unchanged.
 */
void base64_put(struct buf *out, const void *p, size_t len);
bool base64_decode(struct buf *out, const char *p, size_t len);

#endif
