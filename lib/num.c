/*
 * The grammar of numbers, exact decimals and their text, and option values. Doubles are in
 * num_double.c.
 */
#include "num.h"

#include "num_priv.h"
#include "word.h"

const uint64_t num_ten[20] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,
			      1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19};

/* --- The grammar of RFC 8259. --- */

/* Beyond what any text's digits could make up for, and far from the ends of an int64. */
#define EXP_LIMIT INT64_C(1000000000000000000)

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static const char *skip_digits(const char *p, const char *end)
{
	while (p < end && is_digit(*p))
		p++;
	return p;
}

/* Reads what follows the 'e'. False when it is not an exponent up to the end. */
static bool split_exponent(struct number *n, const char *p, const char *end)
{
	bool neg = p < end && *p == '-';

	if (p < end && (*p == '-' || *p == '+'))
		p++;
	if (p == end)
		return false;
	for (; p < end && is_digit(*p); p++)
		if (n->exp < EXP_LIMIT / 10)
			n->exp = n->exp * 10 + (*p - '0');
		else
			n->exp = EXP_LIMIT;
	if (neg)
		n->exp = -n->exp;
	return p == end;
}

bool num_split(struct number *n, const char *p, size_t len)
{
	const char *end;

	if (len == 0)
		return false;
	end = p + len;
	n->neg = *p == '-';
	p += n->neg;
	n->whole = p;
	n->whole_end = n->frac = n->frac_end = p = skip_digits(p, end);
	n->exp = 0;
	if (p == n->whole || (p - n->whole > 1 && *n->whole == '0'))
		return false;
	if (p < end && *p == '.') {
		n->frac = p + 1;
		n->frac_end = p = skip_digits(n->frac, end);
		if (p == n->frac)
			return false;
	}
	if (p < end && (*p == 'e' || *p == 'E'))
		return split_exponent(n, p + 1, end);
	return p == end;
}

bool num_is_json(const char *p, size_t len)
{
	struct number n;

	return num_split(&n, p, len);
}

/* --- Decimals. --- */

static bool times_ten_to(i128 v, int n, i128 *out)
{
	u128 m;

	return !__builtin_mul_overflow(magnitude(v), ten_to(n), &m) && with_sign(v < 0, m, out);
}

/* Appends digits to *m; zeros wait in *zeros for another digit: those at the end cost nothing. */
static bool gather(u128 *m, int64_t *zeros, const char *p, const char *end)
{
	for (; p < end; p++) {
		if (*p == '0') {
			++*zeros;
			continue;
		}
		if (*m && (*zeros > 37 || __builtin_mul_overflow(*m, ten_to((int)*zeros + 1), m)))
			return false;
		if (__builtin_add_overflow(*m, (unsigned)(*p - '0'), m))
			return false;
		*zeros = 0;
	}
	return true;
}

/* Any number: many digits, an exponent. */
static bool parse_any(struct dec *d, const char *p, size_t len)
{
	struct number n;
	u128 m = 0;
	int64_t exp = 0;
	i128 v;

	if (!num_split(&n, p, len) || !gather(&m, &exp, n.whole, n.whole_end) ||
	    !gather(&m, &exp, n.frac, n.frac_end))
		return false;
	if (m == 0) {
		*d = (struct dec){0, 0};
		return true;
	}
	exp += n.exp - (n.frac_end - n.frac);
	if (exp < -DEC_SCALE_MAX || exp > DEC_SCALE_MAX)
		return false;
	if (exp > 0 && __builtin_mul_overflow(m, ten_to((int)exp), &m))
		return false;
	if (!with_sign(n.neg, m, &v))
		return false;
	*d = (struct dec){v, exp < 0 ? (int)-exp : 0};
	return true;
}

/* Takes digits off s into *m, which wraps when they are too many. */
static const char *take_digits(const char *s, const char *end, uint64_t *m)
{
	for (; end - s >= 8 && !word_not_digits(word_load(s)); s += 8)
		*m = *m * 100000000 + word_digits_value(word_load(s));
	for (; s < end && is_digit(*s); s++)
		*m = *m * 10 + (uint64_t)(*s - '0');
	return s;
}

bool num_plain(const char *p, size_t len, uint64_t *m, int *scale)
{
	const char *s, *end, *whole, *frac;

	if (len == 0)
		return false;
	end = p + len;
	whole = s = p + (*p == '-');
	/* What wrapped is not used. */
	*m = 0;
	s = take_digits(s, end, m);
	if (s == whole || (s - whole > 1 && *whole == '0'))
		return false;
	*scale = 0;
	if (s == end)
		return s - whole <= 19;
	if (*s != '.')
		return false;
	frac = ++s;
	s = take_digits(s, end, m);
	*scale = (int)(s - frac);
	return s == end && s > frac && s - whole <= 20;
}

bool dec_parse(struct dec *d, const char *p, size_t len)
{
	uint64_t m;
	int scale;

	if (!num_plain(p, len, &m, &scale))
		return parse_any(d, p, len);
	*d = (struct dec){*p == '-' ? -(i128)m : (i128)m, scale};
	return true;
}

/* A decimal taken apart, without trailing zeros. */
struct parts {
	u128 m;
	int scale;
	bool neg;
};

static void strip(struct parts *d)
{
	for (; d->scale > 0 && d->m % 10 == 0; d->scale--)
		d->m /= 10;
}

static struct parts parts_of(struct dec d)
{
	struct parts p = {magnitude(d.v), d.scale, d.v < 0};

	strip(&p);
	return p;
}

static bool from_parts(struct parts p, struct dec *r)
{
	i128 v;

	strip(&p);
	if (p.scale > DEC_SCALE_MAX || !with_sign(p.neg, p.m, &v))
		return false;
	*r = (struct dec){v, p.scale};
	return true;
}

/* Brings a and b to one scale, false when that overflows. */
static bool align(struct dec *a, struct dec *b)
{
	int rise = b->scale - a->scale;

	if (rise > 0) {
		a->scale = b->scale;
		return times_ten_to(a->v, rise, &a->v);
	}
	b->scale = a->scale;
	return rise == 0 || times_ten_to(b->v, -rise, &b->v);
}

/*
 * The sum when the plain way overflowed: it may fit all the same, since zeros can be stripped and
 * since a term brought to the other's scale can be beyond 128 bits while the sum is not. With
 * unequal scales the last digit of the sum is b's, not 0: what overflows then cannot be stripped.
 */
static bool add_wide(struct parts a, struct parts b, struct dec *r)
{
	struct parts sum;
	u128 half;

	if (a.scale > b.scale)
		return add_wide(b, a, r);
	sum = (struct parts){0, b.scale, a.neg};
	if (a.neg == b.neg) {
		if (__builtin_mul_overflow(a.m, ten_to(b.scale - a.scale), &a.m) ||
		    __builtin_add_overflow(a.m, b.m, &sum.m))
			return false;
		return from_parts(sum, r);
	}
	if (a.scale < b.scale) {
		/* Even, so it can be had by halves up to 2^129, more than b.m brings back. */
		if (__builtin_mul_overflow(a.m, ten_to(b.scale - a.scale) / 2, &half))
			return false;
		if (half >= b.m) {
			if (__builtin_add_overflow(half - b.m, half, &sum.m))
				return false;
			return from_parts(sum, r);
		}
		a.m = 2 * half; /* half < b.m <= 2^127 */
	}
	sum.neg = a.m >= b.m ? a.neg : b.neg;
	sum.m = a.m >= b.m ? a.m - b.m : b.m - a.m;
	return from_parts(sum, r);
}

bool dec_add(struct dec a, struct dec b, struct dec *r)
{
	struct dec x = a, y = b;
	i128 v;

	if (align(&x, &y) && !__builtin_add_overflow(x.v, y.v, &v)) {
		*r = (struct dec){v, x.scale};
		return true;
	}
	return add_wide(parts_of(a), parts_of(b), r);
}

bool dec_sub(struct dec a, struct dec b, struct dec *r)
{
	struct dec x = a, y = b;
	struct parts minus_b;
	i128 v;

	if (align(&x, &y) && !__builtin_sub_overflow(x.v, y.v, &v)) {
		*r = (struct dec){v, x.scale};
		return true;
	}
	minus_b = parts_of(b);
	minus_b.neg = !minus_b.neg;
	return add_wide(parts_of(a), minus_b, r);
}

/* The product when the plain way overflowed: without the tens that the scale can give up. */
static bool mul_wide(struct parts a, struct parts b, struct dec *r)
{
	struct parts product = {0, a.scale + b.scale, a.neg != b.neg};

	for (; product.scale > 0; product.scale--) {
		u128 *even = a.m % 2 == 0 ? &a.m : &b.m;
		u128 *five = a.m % 5 == 0 ? &a.m : &b.m;

		if (*even % 2 || *five % 5)
			break;
		*even /= 2;
		*five /= 5;
	}
	return !__builtin_mul_overflow(a.m, b.m, &product.m) && from_parts(product, r);
}

bool dec_mul(struct dec a, struct dec b, struct dec *r)
{
	bool neg = (a.v < 0) != (b.v < 0);
	u128 m;
	i128 v;

	if (a.v == 0 || b.v == 0) {
		*r = (struct dec){0, 0};
		return true;
	}
	if (a.scale + b.scale > DEC_SCALE_MAX ||
	    __builtin_mul_overflow(magnitude(a.v), magnitude(b.v), &m) || !with_sign(neg, m, &v))
		return mul_wide(parts_of(a), parts_of(b), r);
	*r = (struct dec){v, a.scale + b.scale};
	return true;
}

int dec_cmp(struct dec a, struct dec b)
{
	if (a.scale > b.scale)
		return -dec_cmp(b, a);
	/* What overflows at b's scale is farther from zero than any b. */
	if (a.scale < b.scale && !times_ten_to(a.v, b.scale - a.scale, &a.v))
		return a.v < 0 ? -1 : 1;
	return (a.v > b.v) - (a.v < b.v);
}

bool dec_is_int(struct dec d, int64_t *out)
{
	i128 v = d.v, unit = (i128)ten_to(d.scale);

	if (d.scale && v % unit)
		return false;
	if (d.scale)
		v /= unit;
	if (v < INT64_MIN || v > INT64_MAX)
		return false;
	*out = (int64_t)v;
	return true;
}

/* --- Text of decimals. --- */

char *num_digits_before(char *end, u128 m)
{
	uint64_t part = (uint64_t)m;

	if (m >> 64) {
		char *p;

		part = (uint64_t)(m % num_ten[19]);
		for (p = end; end - p < 19; part /= 10)
			*--p = (char)('0' + part % 10);
		return num_digits_before(p, m / num_ten[19]);
	}
	for (; part; part /= 10)
		*--end = (char)('0' + part % 10);
	return end;
}

void dec_put(struct buf *out, struct dec d)
{
	char text[48], *end = text + sizeof text, *point = end - d.scale;
	char *p = num_digits_before(end, magnitude(d.v));

	while (p >= point)
		*--p = '0';
	while (end > point && end[-1] == '0')
		end--;
	if (end > point) {
		memmove(p - 1, p, (size_t)(point - p));
		p--;
		point[-1] = '.';
	}
	if (d.v < 0)
		*--p = '-';
	buf_add(out, p, (size_t)(end - p));
}

/* --- Text of numbers beyond decimals. --- */

static void put_zeros(struct buf *out, int64_t n)
{
	for (; n > 0; n--)
		buf_add_char(out, '0');
}

/* 0 < point < digits.len, or all the digits and none behind it. */
static void put_pointed(struct buf *out, struct slice digits, size_t point)
{
	buf_add(out, digits.ptr, point);
	if (point == digits.len)
		return;
	buf_add_char(out, '.');
	buf_add(out, digits.ptr + point, digits.len - point);
}

/* 0.digits * 10^point, without zeros at the ends of the digits. */
static void put_digits(struct buf *out, struct slice digits, int64_t point)
{
	enum { ZEROS_MAX = 21 };
	int64_t len = (int64_t)digits.len;

	if (point <= 0 && point >= -ZEROS_MAX) {
		buf_add_str(out, "0.");
		put_zeros(out, -point);
		buf_add(out, digits.ptr, digits.len);
	} else if (point > 0 && point <= len + ZEROS_MAX) {
		put_pointed(out, digits, (size_t)(point < len ? point : len));
		put_zeros(out, point - len);
	} else {
		put_pointed(out, digits, 1);
		buf_addf(out, "e%+lld", (long long)point - 1);
	}
}

void num_put_exact(struct buf *out, const char *p, size_t len)
{
	struct buf all = BUF_INIT;
	struct slice digits;
	struct number n;
	struct dec d;
	int64_t point;

	if (dec_parse(&d, p, len)) {
		dec_put(out, d);
		return;
	}
	if (!num_split(&n, p, len))
		return;
	buf_add(&all, n.whole, (size_t)(n.whole_end - n.whole));
	buf_add(&all, n.frac, (size_t)(n.frac_end - n.frac));
	digits = buf_slice(&all);
	point = n.whole_end - n.whole + n.exp;
	for (; *digits.ptr == '0'; digits.len--, point--)
		digits.ptr++;
	while (digits.ptr[digits.len - 1] == '0')
		digits.len--;
	if (n.neg)
		buf_add_char(out, '-');
	put_digits(out, digits, point);
	buf_free(&all);
}

/* --- Option values. --- */

bool num_int64(const char *s, int64_t *out)
{
	bool neg = *s == '-';
	uint64_t limit = (uint64_t)INT64_MAX + neg, n = 0;

	if (*s == '-' || *s == '+')
		s++;
	if (!*s)
		return false;
	for (; is_digit(*s); s++) {
		unsigned digit = (unsigned)(*s - '0');

		if (n > (limit - digit) / 10)
			return false;
		n = n * 10 + digit;
	}
	if (*s)
		return false;
	*out = (int64_t)(neg ? -n : n);
	return true;
}

bool num_size(const char *s, uint64_t *out)
{
	static const char units[] = "KMGT";
	const char *unit;
	uint64_t n = 0;
	int shift = 0;

	if (!is_digit(*s))
		return false;
	for (; is_digit(*s); s++)
		if (__builtin_mul_overflow(n, UINT64_C(10), &n) ||
		    __builtin_add_overflow(n, (uint64_t)(*s - '0'), &n))
			return false;
	if (*s) {
		unit = strchr(units, *s == 'k' ? 'K' : *s);
		if (!unit || (s[1] && strcmp(s + 1, "iB") != 0))
			return false;
		shift = 10 * (int)(unit - units + 1);
	}
	if (n << shift >> shift != n)
		return false;
	*out = n << shift;
	return true;
}
