#include "widesum.h"

#include <inttypes.h>
#include <math.h>

typedef unsigned __int128 u128;

enum { LIMB_DIGITS = 18, POINT = 324 };

#define LIMB INT64_C(1000000000000000000)

static void add_limb(struct widesum *w, int i, int64_t x)
{
	for (; x && i < WIDESUM_LIMBS; i++) {
		int64_t sum = w->limb[i] + x; /* below 2 * 10^18 */

		w->limb[i] = sum % LIMB;
		x = sum / LIMB;
	}
}

/* Adds sign * m * 10^exp, exp >= -POINT. */
static void add(struct widesum *w, int sign, u128 m, int exp)
{
	int at = (exp + POINT) / LIMB_DIGITS, shift = (exp + POINT) % LIMB_DIGITS;
	int64_t factor = 1;

	for (int i = 0; i < shift; i++)
		factor *= 10;
	for (; m; m /= LIMB, at++) {
		u128 part = m % LIMB * (u128)factor;

		add_limb(w, at, sign * (int64_t)(part % LIMB));
		add_limb(w, at + 1, sign * (int64_t)(part / LIMB));
	}
}

static u128 magnitude(__int128 v)
{
	return v < 0 ? -(u128)v : (u128)v;
}

void widesum_add_dec(struct widesum *w, struct dec d)
{
	add(w, d.v < 0 ? -1 : 1, magnitude(d.v), -d.scale);
}

void widesum_take_dec(struct widesum *w, struct dec d)
{
	add(w, d.v < 0 ? 1 : -1, magnitude(d.v), -d.scale);
}

void widesum_add_double(struct widesum *w, double d)
{
	uint64_t digits;
	int exp;

	if (d == 0)
		return;
	digits = num_shortest(fabs(d), &exp);
	add(w, d < 0 ? -1 : 1, digits, exp);
}

void widesum_merge(struct widesum *w, const struct widesum *from)
{
	for (int i = 0; i < WIDESUM_LIMBS; i++)
		add_limb(w, i, from->limb[i]);
}

bool widesum_valid(const struct widesum *w)
{
	for (int i = 0; i < WIDESUM_LIMBS; i++) {
		if (w->limb[i] <= -LIMB || w->limb[i] >= LIMB)
			return false;
	}
	return true;
}

/* Its magnitude, in limbs that are not negative. Is it below zero? */
static bool split(const struct widesum *w, struct widesum *m)
{
	int top = WIDESUM_LIMBS - 1;
	int64_t borrow = 0;
	bool neg;

	while (top > 0 && !w->limb[top])
		top--;
	neg = w->limb[top] < 0;
	for (int i = 0; i < WIDESUM_LIMBS; i++) {
		int64_t x = (neg ? -w->limb[i] : w->limb[i]) - borrow;

		borrow = x < 0;
		m->limb[i] = x + borrow * LIMB;
	}
	return neg;
}

/*
 * The text of w / count, at which num_double need not guess. Half way between two doubles are multiples of 2^-1075. A quotient of
 * 64 bits that is none is 10^-667 away from them at least, so MORE limbs behind the last one tell on which side it is.
 */
static void put_quotient(const struct widesum *w, uint64_t count, struct buf *text)
{
	enum { MORE = 20 };
	struct widesum m;
	u128 rest = 0;
	bool begun = false;
	int i;

	if (split(w, &m))
		buf_add_char(text, '-');
	for (i = WIDESUM_LIMBS - 1; i >= 0 || (rest && i >= -MORE); i--) {
		int64_t digits;

		rest = rest * LIMB + (i >= 0 ? (u128)m.limb[i] : 0);
		digits = (int64_t)(rest / count);
		rest %= count;
		if (begun)
			buf_addf(text, "%018" PRId64, digits);
		else if (digits || i == 0)
			buf_addf(text, "%" PRId64, digits);
		begun |= digits != 0 || i == 0;
	}
	buf_addf(text, "e%d", (i + 1) * LIMB_DIGITS - POINT);
}

bool widesum_dec(const struct widesum *w, struct dec *d)
{
	struct buf text = BUF_INIT;
	bool fits;

	put_quotient(w, 1, &text);
	fits = dec_parse(d, text.data, text.len);
	buf_free(&text);
	return fits;
}

double widesum_div(const struct widesum *w, uint64_t count)
{
	struct buf text = BUF_INIT;
	double d;

	put_quotient(w, count, &text);
	d = num_double(text.data, text.len);
	buf_free(&text);
	return d;
}
