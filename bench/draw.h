/* draw: numbers that look random and are the same anywhere, for what makes data (G. Marsaglia's xorshift64). */
#ifndef KPIPE_BENCH_DRAW_H
#define KPIPE_BENCH_DRAW_H

#include <stdint.h>

/* *state: not 0. */
static inline uint64_t draw_from(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* 0 to n - 1, all as often. */
static inline unsigned draw_below_from(uint64_t *state, unsigned n)
{
	return (unsigned)((draw_from(state) >> 32) * n >> 32);
}

#endif
