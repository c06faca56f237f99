/*
 * num: strict numbers, exact decimals, and doubles as text. Pure.
 *
 * A decimal is a signed 128-bit integer and a scale: value = v / 10^scale. It holds what a
 * number's text says, up to 38 digits; whatever does not fit is refused, never rounded, and the
 * caller goes on with doubles.
 */
#ifndef KPIPE_NUM_H
#define KPIPE_NUM_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#include "buf.h"

struct dec {
	__int128 v;
	int scale; /* 0 .. DEC_SCALE_MAX */
};

enum { DEC_SCALE_MAX = 38 };

/* A decimal of 64 bits, or null: what most cells of a table are. */
struct small {
	int64_t v;
	int scale;
	bool null; /* v and scale then mean nothing */
};

/* True when p[0..len) is exactly one number of RFC 8259 (no blanks, no "+1", no "01", no ".5"). */
bool num_is_json(const char *p, size_t len);

/*
 * The exact value of a JSON number's text. False when the text is not one or when it needs more
 * than 128 bits or DEC_SCALE_MAX decimals (trailing zeros aside); *d is then unchanged. Exponents
 * are taken: 1.5e3 is 1500.
 */
bool dec_parse(struct dec *d, const char *p, size_t len);

/*
 * Exact *r = a op b. False on overflow of 128 bits or of the scale; *r is then unchanged. r may
 * be a or b. A result that fits once its trailing zeros are gone is given, so the answer does not
 * depend on how the operands were written.
 */
bool dec_add(struct dec a, struct dec b, struct dec *r);
bool dec_sub(struct dec a, struct dec b, struct dec *r);
bool dec_mul(struct dec a, struct dec b, struct dec *r);

int dec_cmp(struct dec a, struct dec b);     /* <0, 0, >0; by value, exact for all operands */
int dec_cmp_double(struct dec a, double b);  /* the same, exact too; a NaN is below every number */
bool dec_is_int(struct dec d, int64_t *out); /* d is a whole number that fits */

/* The nearest double, ties to even; dec_div is sum / count, rounded once, count > 0. */
double dec_double(struct dec d);
double dec_div(struct dec sum, uint64_t count);

/* The decimal that num_put_double would print. False when it does not fit, or d is not finite. */
bool dec_from_double(struct dec *r, double d);

void dec_put(struct buf *out, struct dec d); /* plain: no exponent, no trailing zeros, no "-0" */

/*
 * The number of a JSON number's text, not the text: of all that say the same it makes one. As dec_put where that holds
 * it, else all its digits, with an exponent where more than 21 zeros would have to be added to them.
 */
void num_put_exact(struct buf *out, const char *p, size_t len);

/* Of the double that a text's number is rounded to, no zero: is it within the range of doubles? */
static inline bool num_is_double(double d)
{
	return isfinite(d) && d != 0;
}

/*
 * A double in the shortest text that reads back the same, laid out by the rule of ECMAScript's
 * Number::toString: plain for 1e-6 <= |d| < 1e21, else with an exponent ("1e+21", "1.5e-7"). -0
 * prints "0". JSON has no others: NaN prints "null", infinities the greatest double, as jq does.
 */
void num_put_double(struct buf *out, double d);

/*
 * The decimal of fewest digits that reads back as d, of those the closest: digits * 10^exp, without
 * trailing zeros. d is finite and above 0.
 */
uint64_t num_shortest(double d, int *exp);

/*
 * The usual number: no exponent, and digits that fit 64 bits. Its magnitude is *m / 10^*scale.
 * False when p[0..len) is another one, or none; *m and *scale then mean nothing.
 */
bool num_plain(const char *p, size_t len, uint64_t *m, int *scale);

/*
 * The double of a JSON number's text, correctly rounded; overflow gives +-infinity, "-0" gives
 * -0. NaN when the text is not one. Locale-independent.
 */
double num_double(const char *p, size_t len);

/* Whole text, optional sign, decimal digits only, in range. For option values. */
bool num_int64(const char *s, int64_t *out);

/*
 * A count of bytes: digits with an optional suffix k, K, M, G, T (powers of 1024), also KiB, MiB
 * and so on. False when it is not one or past 64 bits.
 */
bool num_size(const char *s, uint64_t *out);

#endif
