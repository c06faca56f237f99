/*
 * fuzz: what the targets share.
 *
 * A target gets any bytes and checks properties of a module with must(). The same source is linked
 * with libFuzzer (make check-fuzz), and with replay.c, which runs a corpus (make check).
 */
#ifndef KPIPE_FUZZ_H
#define KPIPE_FUZZ_H

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "buf.h"
#include "mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A property that does not hold: where and what on standard error, one line, and the end. */
__attribute__((format(printf, 3, 4))) _Noreturn static inline void
fuzz_fail(const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "PROPERTY %s:%d: ", file, line);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	abort();
}

/* must(condition, "what does not hold, printf style", ...) */
#define must(cond, ...)                                                                            \
	do {                                                                                       \
		if (!(cond))                                                                       \
			fuzz_fail(__FILE__, __LINE__, __VA_ARGS__);                                \
	} while (0)

/* --- An input: first bytes that choose, then text --- */

struct input {
	const uint8_t *p, *end;
};

/* 0 when there is none left. */
static inline uint8_t input_byte(struct input *in)
{
	return in->p < in->end ? *in->p++ : 0;
}

/* 0 .. n-1. A digit chooses itself, so that inputs can be written by hand. */
static inline unsigned input_below(struct input *in, unsigned n)
{
	unsigned byte = input_byte(in);

	return (byte >= '0' && byte <= '9' ? byte - '0' : byte) % n;
}

static inline struct slice input_rest(const struct input *in)
{
	return slice_of(in->p, (size_t)(in->end - in->p));
}

/* What stands before the next `c`, which is taken too; or all that is left. */
static inline struct slice input_until(struct input *in, char c)
{
	struct slice s = input_rest(in);
	const char *at = s.len ? memchr(s.ptr, c, s.len) : NULL;

	if (at)
		s.len = (size_t)(at - s.ptr);
	in->p += s.len + (at != NULL);
	return s;
}

/* A C string, freed by the caller: up to the first NUL byte. */
static inline char *text_of(struct slice s)
{
	return mem_dup(s.len ? s.ptr : "", s.len);
}

#endif
