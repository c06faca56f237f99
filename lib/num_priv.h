/* num_priv: what the parts of num (decimals, doubles) share. */
#ifndef KPIPE_NUM_PRIV_H
#define KPIPE_NUM_PRIV_H

#include "num.h"

typedef __int128 i128;
typedef unsigned __int128 u128;

/* --- Powers of ten --- */

extern const uint64_t num_ten[20]; /* all that fit 64 bits */

/* n <= 38 */
static inline u128 ten_to(int n)
{
	return n < 20 ? num_ten[n] : (u128)num_ten[19] * num_ten[n - 19];
}

/*
 * --- Magnitudes. Products are taken without a sign: for a checked one with a sign clang calls a
 * function that libgcc has not. ---
 */

static inline u128 magnitude(i128 v)
{
	return v < 0 ? -(u128)v : (u128)v;
}

static inline bool with_sign(bool neg, u128 m, i128 *v)
{
	const u128 limit = (u128)1 << 127;

	if (m > limit || (m == limit && !neg))
		return false;
	*v = (i128)(neg ? -m : m);
	return true;
}

/* --- A number's text --- */

/* The whole digits, those behind the point (frac == frac_end when there is none), the exponent. */
struct number {
	const char *whole, *whole_end;
	const char *frac, *frac_end;
	int64_t exp; /* as written, held within +-10^18 */
	bool neg;
};

/* False when p[0..len) is not one number of RFC 8259. */
bool num_split(struct number *n, const char *p, size_t len);

/* Writes m's digits so that they stop before `end`; where they begin. Nothing for 0. */
char *num_digits_before(char *end, u128 m);

#endif
