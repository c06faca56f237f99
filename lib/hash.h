/*
 * hash: 64 bits out of any bytes, the same on every machine. Pure; uses nothing.
 *
 * The multiply-mix of wyhash (Wang Yi) and rapidhash (Nicolas De Carli): 16 bytes a step, both
 * halves hidden and multiplied to 128 bits. Unlike there, no factor is hidden by a constant alone:
 * who knows it could make one factor 0, and with it the product, whatever the other.
 */
#ifndef KPIPE_HASH_H
#define KPIPE_HASH_H

#include <stddef.h>

#include "word.h"

/* What hides the bytes. Of a seed that is no secret it only sets functions apart. */
struct hash_secret {
	uint64_t of_bytes, of_state;
};

/* Numbers without a pattern: the fractions of sqrt(2) and sqrt(3), made odd. */
#define HASH_MIX_A UINT64_C(0x6a09e667f3bcc909)
#define HASH_MIX_B UINT64_C(0xbb67ae8584caa73b)

/* Both halves of the 128-bit product, folded. */
static inline uint64_t hash_multiply(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline struct hash_secret hash_secret(uint64_t seed)
{
	struct hash_secret s;

	s.of_bytes = hash_multiply(seed ^ HASH_MIX_A, HASH_MIX_B);
	s.of_state = hash_multiply(s.of_bytes ^ HASH_MIX_A, seed ^ HASH_MIX_B);
	return s;
}

/*
 * The last step reads the last 16 bytes, whatever of them an earlier step has read; below 16 bytes
 * two overlapping halves are read. The length sets apart bytes that read the same.
 */
static inline uint64_t hash_bytes(struct hash_secret s, const char *p, size_t len)
{
	uint64_t state = s.of_state, a = 0, b = 0;
	size_t n = len;

	if (n >= 16) {
		for (; n > 16; n -= 16, p += 16)
			state = hash_multiply(word_load(p) ^ s.of_bytes, word_load(p + 8) ^ state);
		a = word_load(p + n - 16);
		b = word_load(p + n - 8);
	} else if (n >= 8) {
		a = word_load(p);
		b = word_load(p + n - 8);
	} else if (n >= 4) {
		a = word_load_half(p);
		b = word_load_half(p + n - 4);
	} else if (n > 0) {
		a = (uint64_t)(unsigned char)p[0] << 16 | (uint64_t)(unsigned char)p[n / 2] << 8 |
		    (unsigned char)p[n - 1];
	}
	a = hash_multiply(a ^ s.of_bytes, b ^ state);
	return hash_multiply(a ^ HASH_MIX_A, len ^ HASH_MIX_B);
}

#endif
