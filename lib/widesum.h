/*
 * widesum: a sum of decimals and doubles that is exact, whatever their magnitudes: what has been added can be taken
 * away again, and nothing is left of it. Pure.
 */
#ifndef KPIPE_WIDESUM_H
#define KPIPE_WIDESUM_H

#include "num.h"

/*
 * The sum of limb[i] * 10^(18 i - 324), each below 10^18 in magnitude. 10^-324 is the last digit that the shortest text of a
 * double can have; 2^64 of the greatest double end in limb 36. All zero: nothing was added.
 */
enum { WIDESUM_LIMBS = 37 };

struct widesum {
	int64_t limb[WIDESUM_LIMBS];
};

void widesum_add_dec(struct widesum *w, struct dec d);
void widesum_take_dec(struct widesum *w, struct dec d);
void widesum_add_double(struct widesum *w, double d); /* finite, as its shortest decimal */
void widesum_merge(struct widesum *w, const struct widesum *from);

/* Its exact value. False when that is no decimal of 128 bits. */
bool widesum_dec(const struct widesum *w, struct dec *d);

/* The nearest double to sum / count, count > 0. */
double widesum_div(const struct widesum *w, uint64_t count);

/* Are these limbs, of whatever bytes, some that additions leave? */
bool widesum_valid(const struct widesum *w);

#endif
