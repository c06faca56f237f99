/*
 * buf: growable bytes, and slices of bytes.
 *
 * Invariants: data is never NULL after the first use, data[len] is a NUL byte
 * whenever data is set, BUF_BEHIND bytes from there on are there (the others mean
 * nothing), and NUL bytes inside are data. A buf is a value: no
 * allocation until something is added; BUF_INIT or zeroes make an empty one.
 * May be used by every other module; uses only mem.
 */
#ifndef KPIPE_BUF_H
#define KPIPE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct slice {
	const char *ptr; /* not owned; NULL is "no bytes at all", unlike "" */
	size_t len;
};

struct buf {
	char *data;
	size_t len, cap;
};

enum { BUF_BEHIND = 16 };

#define BUF_INIT                                                                                   \
	{                                                                                          \
		NULL, 0, 0                                                                         \
	}

void buf_reserve(struct buf *b, size_t more); /* room for `more` bytes and a NUL behind len */
void buf_add(struct buf *b, const void *p, size_t len); /* p may not point into b */
void buf_add_char(struct buf *b, char c);
void buf_add_str(struct buf *b, const char *s);
void buf_addf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_clear(struct buf *b);           /* len = 0, memory kept */
void buf_cut(struct buf *b, size_t len); /* takes back what was added since it was so long */
void buf_free(struct buf *b);            /* memory released; b is empty and usable */
const char *buf_str(struct buf *b); /* as a C string, "" when empty; valid until the next change */

/* Replaces what b holds by the formatted text: how a function leaves its error text. b may be NULL.
 */
void buf_setf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static inline struct slice slice_of(const void *p, size_t len)
{
	return (struct slice){p, len};
}

static inline struct slice slice_str(const char *s)
{
	return (struct slice){s, strlen(s)};
}

static inline struct slice buf_slice(const struct buf *b)
{
	return (struct slice){b->data ? b->data : "", b->len};
}

static inline bool slice_eq(struct slice a, struct slice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/* By their bytes, a beginning before what it begins: <0, 0, >0. */
static inline int slice_cmp(struct slice a, struct slice b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	int order = n ? memcmp(a.ptr, b.ptr, n) : 0;

	return order ? order : (a.len > b.len) - (a.len < b.len);
}

static inline bool slice_is(struct slice a, const char *s)
{
	return slice_eq(a, slice_str(s));
}

#endif
