/*
 * Doubles: from a number's text and from decimals, their order among decimals, and their shortest
 * text. What is rounded is rounded once: by a product with a power of ten cut to 128 bits where
 * that can tell, else by whole numbers of any size.
 */
#include <float.h>
#include <math.h>

#include "num_priv.h"

/* The powers of ten that a double holds exactly. */
static const double ten_double[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
				    1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
				    1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

enum { TEN_DOUBLE_MAX = 22 };

/* Up to here every whole number is a double. */
#define DOUBLE_WHOLE (UINT64_C(1) << 53)

static int leading_zeros(u128 m)
{
	uint64_t high = (uint64_t)(m >> 64);

	return high ? __builtin_clzll(high) : 64 + __builtin_clzll((uint64_t)m);
}

/*
 * --- Whole numbers of any size that num_double and dec_div can meet. ---
 *
 * The largest is 10^1125, the denominator of a text with BIG_DIGITS digits and one more that lies
 * just above the least double: 3738 bits, and one for ratio's shift.
 */

enum { BIG_LIMBS = 120, BIG_DIGITS = 800 };

struct big {
	uint32_t limb[BIG_LIMBS]; /* least first; the last one used is not 0 */
	int n;
};

static void big_set(struct big *b, u128 m)
{
	for (b->n = 0; m; m >>= 32)
		b->limb[b->n++] = (uint32_t)m;
}

static void big_mul_add(struct big *b, uint32_t factor, uint32_t term)
{
	uint64_t carry = term;

	for (int i = 0; i < b->n; i++) {
		carry += (uint64_t)b->limb[i] * factor;
		b->limb[i] = (uint32_t)carry;
		carry >>= 32;
	}
	if (carry)
		b->limb[b->n++] = (uint32_t)carry;
}

static void big_times_ten_to(struct big *b, int n)
{
	for (; n > 9; n -= 9)
		big_mul_add(b, (uint32_t)num_ten[9], 0);
	big_mul_add(b, (uint32_t)num_ten[n], 0);
}

static void big_shift(struct big *b, int bits)
{
	int limbs = bits / 32;

	big_mul_add(b, UINT32_C(1) << bits % 32, 0);
	if (limbs == 0 || b->n == 0)
		return;
	memmove(b->limb + limbs, b->limb, (size_t)b->n * sizeof b->limb[0]);
	memset(b->limb, 0, (size_t)limbs * sizeof b->limb[0]);
	b->n += limbs;
}

static int big_bits(const struct big *b)
{
	return b->n ? b->n * 32 - __builtin_clz(b->limb[b->n - 1]) : 0;
}

static int big_cmp(const struct big *a, const struct big *b)
{
	if (a->n != b->n)
		return a->n < b->n ? -1 : 1;
	for (int i = a->n - 1; i >= 0; i--)
		if (a->limb[i] != b->limb[i])
			return a->limb[i] < b->limb[i] ? -1 : 1;
	return 0;
}

/* a -= b; a >= b */
static void big_sub(struct big *a, const struct big *b)
{
	uint64_t borrow = 0;

	for (int i = 0; i < a->n; i++) {
		uint64_t take = borrow + (i < b->n ? b->limb[i] : 0);

		borrow = a->limb[i] < take;
		a->limb[i] = (uint32_t)(a->limb[i] - take);
	}
	while (a->n && a->limb[a->n - 1] == 0)
		a->n--;
}

/* --- Doubles from exact values. --- */

static uint64_t bits_of(double d)
{
	uint64_t bits;

	memcpy(&bits, &d, sizeof bits);
	return bits;
}

/*
 * (m + s) * 2^exp, nearest, ties to even, where s is 0, or when `more` something above 0 and
 * below 1; m >= 2^63.
 */
static double round_double(u128 m, int exp, bool more)
{
	int zeros = leading_zeros(m), drop = 128 - DBL_MANT_DIG, biased;
	uint64_t kept;
	u128 half, rest;
	double d;

	m <<= zeros;
	exp -= zeros;
	if (exp + drop < -1074)
		drop = -1074 - exp;
	if (drop > 128)
		return 0;
	half = (u128)1 << (drop - 1);
	rest = m & (half | (half - 1));
	kept = drop < 128 ? (uint64_t)(m >> drop) : 0;
	if (rest > half || (rest == half && (more || kept & 1)))
		kept++;
	biased = exp + drop + 1074;
	if (biased >= 2046)
		return (double)INFINITY;
	/* The mantissa's top bit, also one that rounding carried, adds itself to the exponent. */
	kept += (uint64_t)biased << 52;
	memcpy(&d, &kept, sizeof d);
	return d;
}

/* n / d, rounded once; both are used up, neither is 0. */
static double ratio(struct big *n, struct big *d)
{
	int exp = big_bits(n) - big_bits(d);
	uint64_t q = 0;

	big_shift(exp > 0 ? d : n, exp > 0 ? exp : -exp);
	/* Now 1/2 < n/d < 2, so that q gets 63 or 64 bits. */
	for (int i = 0; i < 64; i++) {
		q <<= 1;
		if (big_cmp(n, d) >= 0) {
			big_sub(n, d);
			q |= 1;
		}
		big_shift(n, 1);
	}
	return round_double(q, exp - 63, n->n != 0);
}

/* 10^k lies in [m, m + 1) * 2^exp, and is m * 2^exp when exact; m has 128 bits. */
struct power {
	u128 m;
	int exp;
	bool exact;
};

enum { COARSE_STEP = 27, COARSE_FIRST = -351 };

/* The leading 192 bits of 10^-351, 10^-324, ... 10^324, cut. */
static const uint64_t coarse[][3] = {
	{0x8049a4ac0c5811ae, 0x205b896d777d6278, 0xac261e9f5141430b},
	{0xcf42894a5dce35ea, 0x52064cac828675b9, 0x475f2b7d7df1ad7a},
	{0xa76c582338ed2621, 0xaf2af2b80af6f24e, 0x657c8f4d43323a36},
	{0x873e4f75e2224e68, 0x5a7744a6e804a291, 0xcc35eddfcf0996d7},
	{0xda7f5bf590966848, 0xaf39a475506a899e, 0xa30294cc2934e662},
	{0xb080392cc4349dec, 0xbd8d794d96aacfb3, 0xfe13a5c86af64418},
	{0x8e938662882af53e, 0x547eb47b7282ee9c, 0x41b0230e1421487d},
	{0xe65829b3046b0afa, 0x0cb4a5a3112a5112, 0xa3b561b1cb208396},
	{0xba121a4650e4ddeb, 0x92f34d62616ce413, 0x21a0183e10583cd3},
	{0x964e858c91ba2655, 0x3a6a07f8d510f86f, 0xe9082f25e9c5e9ec},
	{0xf2d56790ab41c2a2, 0xfae27299423fb9c3, 0x3695dad7e8858901},
	{0xc428d05aa4751e4c, 0xaa97e14c3c26b886, 0x96842dc95323f5a8},
	{0x9e74d1b791e07e48, 0x775ea264cf55347d, 0xca49f1c05120c9c7},
	{0x8000000000000000, 0x0000000000000000, 0x0000000000000000},
	{0xcecb8f27f4200f3a, 0x0000000000000000, 0x0000000000000000},
	{0xa70c3c40a64e6c51, 0x999090b65f67d924, 0x0000000000000000},
	{0x86f0ac99b4e8dafd, 0x69a028bb3ded71a3, 0xdf9f915627c04e28},
	{0xda01ee641a708de9, 0xe80e6f4820cc9495, 0xd74baad03bc1d8d3},
	{0xb01ae745b101e9e4, 0x5ec05dcff72e7f8f, 0xc04c79ffe324301f},
	{0x8e41ade9fbebc27d, 0x14588f13be847307, 0x23bd6a2059c002f5},
	{0xe5d3ef282a242e81, 0x8f1668c8a86da5fa, 0xf0b5ccf5176ecc7c},
	{0xb9a74a0637ce2ee1, 0x6d953e2bd7173692, 0x88efb0037ac08bde},
	{0x95f83d0a1fb69cd9, 0x4abdaf101564f98e, 0x0d5a4af7b3a98e47},
	{0xf24a01a73cf2dccf, 0xbc633b39673c8cec, 0x3d9c44cd2f36917c},
	{0xc3b8358109e84f07, 0x0a862f80ec4700c8, 0x02606ea01029dc37},
	{0x9e19db92b4e31ba9, 0x6c07a2c26a8346d1, 0x4944d9f52cd0dec2},
};

/* 5^0, 5^1, ... with the top bit moved to bit 63 */
static const uint64_t five[COARSE_STEP] = {
	0x8000000000000000, 0xa000000000000000, 0xc800000000000000, 0xfa00000000000000,
	0x9c40000000000000, 0xc350000000000000, 0xf424000000000000, 0x9896800000000000,
	0xbebc200000000000, 0xee6b280000000000, 0x9502f90000000000, 0xba43b74000000000,
	0xe8d4a51000000000, 0x9184e72a00000000, 0xb5e620f480000000, 0xe35fa931a0000000,
	0x8e1bc9bf04000000, 0xb1a2bc2ec5000000, 0xde0b6b3a76400000, 0x8ac7230489e80000,
	0xad78ebc5ac620000, 0xd8d726b7177a8000, 0x878678326eac9000, 0xa968163f0a57b400,
	0xd3c21bcecceda100, 0x84595161401484a0, 0xa56fa5b99019a5c8};

/*
 * For -351 <= k <= 350. The cut of the coarse power leaves 64 bits to spare: for no k of the
 * range does it reach the last bit of m, as a comparison with exact powers showed.
 */
static struct power power_of_ten(int k)
{
	const uint64_t *c = coarse[(k - COARSE_FIRST) / COARSE_STEP];
	uint64_t f = five[(k - COARSE_FIRST) % COARSE_STEP];
	u128 low, mid, high;

	low = (u128)c[2] * f;
	mid = (u128)c[1] * f + (uint64_t)(low >> 64);
	high = (u128)c[0] * f + (uint64_t)(mid >> 64);
	if (!(high >> 127))
		high = high << 1 | (uint64_t)mid >> 63;
	/* floor(k * log2(10)); a right shift of a negative int is arithmetic in gcc and clang. */
	return (struct power){high, ((k * 1741647) >> 19) - 127, k >= 0 && k <= 55};
}

/*
 * The double nearest to a value that lies in [w, w + more] * 2^exp * 10^k, w > 0, -342 <= k <=
 * 308. False when the bounds on either side of it round differently, which only a longer
 * calculation can settle.
 */
static bool scaled(uint64_t w, bool more, int exp, int k, double *d)
{
	struct power p = power_of_ten(k);
	int zeros = __builtin_clzll(w);
	u128 low, high, upper;

	w <<= zeros;
	exp += p.exp - zeros + 64;
	low = (u128)w * (uint64_t)p.m;
	high = (u128)w * (uint64_t)(p.m >> 64) + (uint64_t)(low >> 64);
	*d = round_double(high, exp, (uint64_t)low != 0);
	if (p.exact && !more)
		return true;
	/* With e = more << zeros, (w + e)(m + 1) < wm + (e * 2^64 + 2) * 2^64; high = wm / 2^64. */
	if (__builtin_add_overflow(high, ((u128)more << zeros << 64) + 3, &upper))
		return false;
	return round_double(upper, exp, true) == *d;
}

/* m / (10^scale * count), rounded once; m > 0. */
static double quotient(u128 m, int scale, uint64_t count)
{
	struct big num, den;
	u128 unit;

	if (!__builtin_mul_overflow(ten_to(scale), (u128)count, &unit) && unit <= UINT64_MAX) {
		int zeros = leading_zeros(m);
		u128 q;

		if (m <= DOUBLE_WHOLE && unit <= DOUBLE_WHOLE)
			return (double)(uint64_t)m / (double)(uint64_t)unit;
		q = (m << zeros) / unit;
		return round_double(q, -zeros, q * unit != m << zeros);
	}
	big_set(&num, m);
	big_set(&den, count);
	big_times_ten_to(&den, scale);
	return ratio(&num, &den);
}

/* The first 19 digits that count, and what came behind. */
struct lead {
	uint64_t w;
	int n;
	int64_t dropped; /* how many digits */
	bool more;       /* one of them is not 0 */
};

static void lead_take(struct lead *l, const char *p, const char *end)
{
	for (; p < end && l->n < 19; p++) {
		l->w = l->w * 10 + (uint64_t)(*p - '0');
		l->n += l->w != 0;
	}
	l->dropped += end - p;
	for (; p < end && !l->more; p++)
		l->more = *p != '0';
}

/* Digits on their way into a big number. */
struct digits {
	struct big *to;
	int left; /* how many more are taken */
	int64_t dropped;
	bool more;
};

static void digits_take(struct digits *ds, const char *p, const char *end)
{
	for (; p < end && ds->left; p++) {
		big_mul_add(ds->to, 10, (uint32_t)(*p - '0'));
		ds->left -= ds->to->n != 0;
	}
	ds->dropped += end - p;
	for (; p < end && !ds->more; p++)
		ds->more = *p != '0';
}

/*
 * A text whose first digits do not decide. No double, and no point half way between two, has more
 * than 768 digits: a 1 in place of all that follows BIG_DIGITS leaves the text on the same side
 * of each. The magnitude is within a double's range here.
 */
static double double_exactly(const struct number *n)
{
	struct big num, den;
	struct digits ds = {.to = &num, .left = BIG_DIGITS};
	int exp;

	big_set(&num, 0);
	big_set(&den, 1);
	digits_take(&ds, n->whole, n->whole_end);
	digits_take(&ds, n->frac, n->frac_end);
	if (ds.more) {
		big_mul_add(&num, 10, 1);
		ds.dropped--;
	}
	exp = (int)(n->exp - (n->frac_end - n->frac) + ds.dropped);
	big_times_ten_to(exp > 0 ? &num : &den, exp > 0 ? exp : -exp);
	return ratio(&num, &den);
}

static double double_of(const struct number *n)
{
	struct lead l = {0};
	int64_t exp;
	double d;

	lead_take(&l, n->whole, n->whole_end);
	lead_take(&l, n->frac, n->frac_end);
	exp = n->exp - (n->frac_end - n->frac) + l.dropped;
	/* The value is below 10^(l.n + exp), and not below a tenth of that. */
	if (l.w == 0 || l.n + exp <= -324)
		return 0;
	if (l.n + exp > DBL_MAX_10_EXP + 1)
		return (double)INFINITY;
	if (!l.more && l.w <= DOUBLE_WHOLE && exp >= -TEN_DOUBLE_MAX && exp <= TEN_DOUBLE_MAX)
		return exp < 0 ? (double)l.w / ten_double[-exp] : (double)l.w * ten_double[exp];
	return scaled(l.w, l.more, 0, (int)exp, &d) ? d : double_exactly(n);
}

double num_double(const char *p, size_t len)
{
	struct number n;
	uint64_t m;
	int scale;
	double d;

	if (num_plain(p, len, &m, &scale)) {
		/* One operation on two exact doubles is rounded once (Clinger, 1990). */
		if (m <= DOUBLE_WHOLE)
			d = (double)m / ten_double[scale];
		else if (!scaled(m, false, 0, -scale, &d))
			d = quotient(m, scale, 1);
		return *p == '-' ? -d : d;
	}
	if (!num_split(&n, p, len))
		return (double)NAN;
	d = double_of(&n);
	return n.neg ? -d : d;
}

double dec_div(struct dec sum, uint64_t count)
{
	double d = sum.v ? quotient(magnitude(sum.v), sum.scale, count) : 0;

	return sum.v < 0 ? -d : d;
}

double dec_double(struct dec d)
{
	u128 m = magnitude(d.v);
	int drop;
	double x;

	if (m == 0)
		return 0;
	if (m <= DOUBLE_WHOLE && d.scale <= TEN_DOUBLE_MAX)
		return (double)(int64_t)d.v / ten_double[d.scale];
	drop = m >> 64 ? 64 - leading_zeros(m) : 0;
	if (!scaled((uint64_t)(m >> drop), m >> drop << drop != m, drop, -d.scale, &x))
		x = quotient(m, d.scale, 1);
	return d.v < 0 ? -x : x;
}

int dec_cmp_double(struct dec a, double b)
{
	double x = dec_double(a);
	uint64_t bits = bits_of(b);
	int exp = (int)(bits >> 52 & 0x7ff) - 1075, order;
	struct big left, right;

	if (isnan(b))
		return 1;
	/* Rounding keeps the order, so only what rounds to b itself needs a closer look. */
	if (x != b || x == 0)
		return (x > b) - (x < b);
	/* No decimal but 0 is near a subnormal: b's mantissa has its hidden bit. */
	big_set(&left, magnitude(a.v));
	big_set(&right, (bits & (DOUBLE_WHOLE / 2 - 1)) | DOUBLE_WHOLE / 2);
	big_times_ten_to(&right, a.scale);
	big_shift(exp > 0 ? &right : &left, exp > 0 ? exp : -exp);
	order = big_cmp(&left, &right);
	return a.v < 0 ? -order : order;
}

/* --- Shortest text. --- */

/* digits * 10^exp; no trailing zeros */
struct shortest {
	uint64_t digits;
	int exp;
};

static struct shortest without_zeros(uint64_t digits, int exp)
{
	for (; digits % 10 == 0; digits /= 10)
		exp++;
	return (struct shortest){digits, exp};
}

/* The high 64 bits of g * c, rounded to odd: the last is set when anything of note is below. */
static uint64_t times(u128 g, uint64_t c)
{
	u128 low = (u128)(uint64_t)g * c;
	u128 high = (u128)(uint64_t)(g >> 64) * c + (uint64_t)(low >> 64);

	return (uint64_t)(high >> 64) | ((uint64_t)high > 1);
}

/*
 * The decimal of fewest digits that reads back as d, the closest of them to d; d > 0 and finite.
 * This is Raffaello Giulietti's Schubfach ("The Schubfach way to render doubles", 2021): scaled
 * by a power of ten that makes d's rounding interval at least 1 and less than 10 units wide, the
 * answer is one of the two multiples of 10 around d, else one of the two whole numbers.
 */
static struct shortest schubfach(double d)
{
	uint64_t frac = bits_of(d) & (DOUBLE_WHOLE / 2 - 1);
	int biased = (int)(bits_of(d) >> 52);
	uint64_t c = biased ? frac | DOUBLE_WHOLE / 2 : frac;
	int q = (biased ? biased : 1) - 1075;
	/* Below a power of two doubles lie twice as close. */
	bool closer = frac == 0 && biased > 1;
	/* k = floor(log10(2^q)), or of 3/4 * 2^q when closer */
	/* cppcheck-suppress shiftNegativeLHS ; gcc and clang shift the sign in, which makes it floor */
	int k = (q * 1262611 - (closer ? 524031 : 0)) >> 22, shift;
	struct power p = power_of_ten(-k);
	uint64_t low, mid, high, s;
	bool under, over;

	if (!p.exact)
		p.m++;
	shift = q + p.exp + 128;
	/* In quarters of 10^k: the interval's ends, which belong to it when c is even, and d. */
	low = times(p.m, (4 * c - 2 + closer) << shift) + (c & 1);
	mid = times(p.m, 4 * c << shift);
	high = times(p.m, (4 * c + 2) << shift) - (c & 1);
	s = mid / 40 * 10;
	under = low <= 4 * s;
	over = 4 * (s + 10) <= high;
	if (s && under != over)
		return without_zeros(over ? s + 10 : s, k);
	s = mid / 4;
	under = low <= 4 * s;
	over = 4 * (s + 1) <= high;
	if (under == over)
		over = mid > 4 * s + 2 || (mid == 4 * s + 2 && s & 1);
	return without_zeros(s + over, k);
}

uint64_t num_shortest(double d, int *exp)
{
	struct shortest s = schubfach(d);

	*exp = s.exp;
	return s.digits;
}

static bool is_whole(double d)
{
	return d > -(double)DOUBLE_WHOLE && d < (double)DOUBLE_WHOLE && d == (double)(int64_t)d;
}

bool dec_from_double(struct dec *r, double d)
{
	struct shortest s;
	u128 m;
	i128 v;

	if (!isfinite(d))
		return false;
	if (is_whole(d)) {
		*r = (struct dec){(int64_t)d, 0};
		return true;
	}
	s = schubfach(d < 0 ? -d : d);
	if (s.exp < -DEC_SCALE_MAX || s.exp > DEC_SCALE_MAX ||
	    __builtin_mul_overflow((u128)s.digits, ten_to(s.exp > 0 ? s.exp : 0), &m) ||
	    !with_sign(d < 0, m, &v))
		return false;
	*r = (struct dec){v, s.exp < 0 ? -s.exp : 0};
	return true;
}

/* d.ddde+x */
static void put_exponent(struct buf *out, struct shortest s)
{
	char text[32], *end = text + sizeof text, *p = num_digits_before(end, s.digits);
	int exp = s.exp + (int)(end - p) - 1;

	buf_add_char(out, *p++);
	if (p < end) {
		buf_add_char(out, '.');
		buf_add(out, p, (size_t)(end - p));
	}
	buf_add(out, exp < 0 ? "e-" : "e+", 2);
	p = num_digits_before(end, (u128)(exp < 0 ? -exp : exp));
	buf_add(out, p, (size_t)(end - p));
}

void num_put_double(struct buf *out, double d)
{
	double m = d < 0 ? -d : d;
	struct dec plain_d;

	if (isnan(d)) {
		buf_add_str(out, "null");
	} else if ((m == 0 || (m >= 1e-6 && m < 1e21)) && dec_from_double(&plain_d, d)) {
		dec_put(out, plain_d); /* 17 digits and 23 decimals at most: it always fits */
	} else {
		if (d < 0)
			buf_add_char(out, '-');
		put_exponent(out, schubfach(isinf(d) ? DBL_MAX : m));
	}
}
