/* word: eight bytes looked at as one. Pure; uses nothing. */
#ifndef KPIPE_WORD_H
#define KPIPE_WORD_H

#include <stdint.h>

#define WORD_ONES      UINT64_C(0x0101010101010101)
#define WORD_HIGH_BITS UINT64_C(0x8080808080808080)

/* The first byte lowest. Compilers turn this into one load, on any byte order. */
static inline uint64_t word_load(const char *p)
{
	const unsigned char *b = (const unsigned char *)p;

	return (uint64_t)b[0] | (uint64_t)b[1] << 8 | (uint64_t)b[2] << 16 | (uint64_t)b[3] << 24 |
	       (uint64_t)b[4] << 32 | (uint64_t)b[5] << 40 | (uint64_t)b[6] << 48 |
	       (uint64_t)b[7] << 56;
}

/* The same of four bytes. */
static inline uint32_t word_load_half(const char *p)
{
	const unsigned char *b = (const unsigned char *)p;

	return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

/* All bits of the first n bytes, n <= 8. */
static inline uint64_t word_first(size_t n)
{
	return n >= 8 ? ~UINT64_C(0) : (UINT64_C(1) << 8 * n) - 1;
}

/* The number of bytes before the first marked one, of marks that are each byte's high bit. */
static inline int word_before(uint64_t marks)
{
	return __builtin_ctzll(marks) >> 3;
}

/* Marks the bytes that are no decimal digits. */
static inline uint64_t word_not_digits(uint64_t w)
{
	uint64_t x = w ^ WORD_ONES * '0';

	return (((x & ~WORD_HIGH_BITS) + WORD_ONES * (0x80 - 10)) | x) & WORD_HIGH_BITS;
}

/* What eight decimal digits stand for: they are put together as pairs, fours, and all. */
static inline uint64_t word_digits_value(uint64_t w)
{
	w = (w & WORD_ONES * 0x0f) * (10 * 0x100 + 1) >> 8;
	w = (w & UINT64_C(0x00ff00ff00ff00ff)) * (100 * 0x10000 + 1) >> 16;
	return (w & UINT64_C(0x0000ffff0000ffff)) * (10000 * (UINT64_C(1) << 32) + 1) >> 32;
}

#endif
