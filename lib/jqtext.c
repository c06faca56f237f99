#include "jqtext.h"

#include <float.h>
#include <math.h>
#include <stdio.h>

#include "json.h"

/* --- Numbers --- */

/* A number's text taken apart: -? whole [. frac] [e exp]. */
struct parts {
	struct slice whole, frac;
	int exp;
	bool neg, has_exp;
};

enum { EXP_MAX = 99999 }; /* an exponent past this is held here */

static struct slice take_digits(const char **p, const char *end)
{
	const char *start = *p;

	while (*p < end && **p >= '0' && **p <= '9')
		++*p;
	return slice_of(start, (size_t)(*p - start));
}

static int take_exponent(const char *p, const char *end)
{
	bool neg = *p == '-';
	int exp = 0;

	for (p += *p == '-' || *p == '+'; p < end; p++) {
		if (exp <= EXP_MAX)
			exp = exp * 10 + (*p - '0');
	}
	return neg ? -exp : exp;
}

static struct parts take_apart(struct slice text)
{
	const char *p = text.ptr, *end = p + text.len;
	struct parts n = {.neg = *p == '-'};

	p += n.neg;
	n.whole = take_digits(&p, end);
	if (p < end && *p == '.') {
		p++;
		n.frac = take_digits(&p, end);
	}
	n.has_exp = p < end;
	if (n.has_exp)
		n.exp = take_exponent(p + 1, end);
	return n;
}

/* From the first digit that is not 0 to the last such one. */
static int count_digits(struct parts n)
{
	int count = 0, zeros = 0;

	for (size_t i = 0; i < n.whole.len + n.frac.len; i++) {
		char c = i < n.whole.len ? n.whole.ptr[i] : n.frac.ptr[i - n.whole.len];

		if (c == '0') {
			zeros += count > 0;
			continue;
		}
		count += zeros + 1;
		zeros = 0;
	}
	return count;
}

/*
 * At most 15 digits, without an exponent, zeros at the end, or a sign on 0: the text is then the
 * shortest that reads back as its double, laid out as dtoa does.
 */
static bool is_plain(struct slice text, uint64_t m, int scale)
{
	static const uint64_t limit = UINT64_C(1000000000000000);
	uint64_t least =
		1; /* which a double with so many decimals is laid out without an exponent from */

	if (m >= limit || (m == 0 && text.len != 1))
		return false;
	if (scale == 0)
		return true;
	if (scale > 18 || text.ptr[text.len - 1] == '0')
		return false;
	for (int i = 4; i < scale; i++)
		least *= 10;
	return m >= least;
}

struct jq_number jqtext_number(struct slice text)
{
	static const double tens[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
				      1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
				      1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
	struct jq_number n;
	uint64_t m;
	int scale;

	/* Both exact as doubles, so the quotient is rounded once (Clinger's fast path). */
	if (num_plain(text.ptr, text.len, &m, &scale) && m < UINT64_C(1) << 53 && scale <= 22) {
		n.dbl = (double)m / tens[scale];
		n.dbl = *text.ptr == '-' ? -n.dbl : n.dbl;
		n.digits = m < UINT64_C(1000000000000000) ? 15 : 16;
		n.plain = is_plain(text, m, scale);
		return n;
	}
	n.dbl = num_double(text.ptr, text.len);
	n.digits = count_digits(take_apart(text));
	n.plain = false;
	return n;
}

static void put_zeros(struct buf *out, int n)
{
	for (; n > 0; n--)
		buf_add_char(out, '0');
}

/* d.ddd, before an exponent. */
static void put_mantissa(struct buf *out, struct slice digits)
{
	buf_add_char(out, digits.ptr[0]);
	if (digits.len > 1) {
		buf_add_char(out, '.');
		buf_add(out, digits.ptr + 1, digits.len - 1);
	}
}

/* The point stands behind `point` digits; there are zeros where digits are missing. */
static void put_positional(struct buf *out, struct slice digits, int point)
{
	if (point <= 0) {
		buf_add_str(out, "0.");
		put_zeros(out, -point);
		buf_add(out, digits.ptr, digits.len);
	} else if ((size_t)point >= digits.len) {
		buf_add(out, digits.ptr, digits.len);
		put_zeros(out, point - (int)digits.len);
	} else {
		buf_add(out, digits.ptr, (size_t)point);
		buf_add_char(out, '.');
		buf_add(out, digits.ptr + point, digits.len - (size_t)point);
	}
}

/* The layout of g_fmt.c, which comes with David M. Gay's dtoa, as libjq has it. */
void jqtext_put_double(struct buf *out, double d)
{
	char text[24];
	struct slice digits = {text, 0};
	int exp, point;

	if (d > -1e15 && d < 1e15 && d == (double)(int64_t)d && !(d == 0 && signbit(d))) {
		dec_put(out, (struct dec){(int64_t)d, 0});
		return;
	}
	if (signbit(d))
		buf_add_char(out, '-');
	if (d == 0) {
		buf_add_char(out, '0');
		return;
	}
	digits.len = (size_t)snprintf(text, sizeof text, "%llu",
				      (unsigned long long)num_shortest(fabs(d), &exp));
	point = (int)digits.len + exp;
	if (point > -4 && point <= (int)digits.len + 15) {
		put_positional(out, digits, point);
		return;
	}
	put_mantissa(out, digits);
	buf_addf(out, "e%+03d", point - 1);
}

/* decNumber's to-scientific-string: digits * 10^exp as written, without zeros before them. */
static void put_as_written(struct buf *out, struct parts n)
{
	int exp = n.exp - (int)n.frac.len, point;
	struct buf digits = BUF_INIT;
	struct slice d;

	buf_add(&digits, n.whole.ptr, n.whole.len);
	buf_add(&digits, n.frac.ptr, n.frac.len);
	d = buf_slice(&digits);
	for (; d.len > 1 && *d.ptr == '0'; d.len--)
		d.ptr++;
	point = (int)d.len + exp;
	if (n.neg)
		buf_add_char(out, '-');
	if (exp <= 0 && point > -6) {
		put_positional(out, d, point);
	} else {
		put_mantissa(out, d);
		buf_addf(out, "E%+d", point - 1);
	}
	buf_free(&digits);
}

/* Is there more to the text's number than the shortest text of its double says? */
static bool is_rounded(struct slice text, double d)
{
	struct buf exact = BUF_INIT, nearest = BUF_INIT;
	struct dec number, printed;
	bool same;

	if (dec_parse(&number, text.ptr, text.len))
		return !dec_from_double(&printed, d) || dec_cmp(number, printed) != 0;
	if (!num_is_double(d))
		return false;
	num_put_exact(&exact, text.ptr, text.len);
	num_put_double(&nearest, d);
	same = slice_eq(buf_slice(&exact), buf_slice(&nearest));
	buf_free(&exact);
	buf_free(&nearest);
	return !same;
}

static bool put_odd_number(struct buf *out, struct slice text, double d,
			   struct jq_number_rules rules)
{
	struct parts n = take_apart(text);

	if (text.len > EXP_MAX || n.exp > EXP_MAX || n.exp < -EXP_MAX)
		return false;
	if (rules.keeps)
		put_as_written(out, n);
	else if (rules.exact && is_rounded(text, d))
		num_put_exact(out, text.ptr, text.len);
	else
		jqtext_put_double(out, isinf(d) ? copysign(DBL_MAX, d) : d);
	return true;
}

bool jqtext_put_number(struct buf *out, struct slice text, const struct jq_number *n,
		       struct jq_number_rules rules)
{
	if (!n->plain)
		return put_odd_number(out, text, n->dbl, rules);
	buf_add(out, text.ptr, text.len);
	return true;
}

bool jqtext_order_numbers(struct slice a, const struct jq_number *x, struct slice b,
			  const struct jq_number *y, struct jq_number_rules rules, int *order)
{
	struct dec m, n;

	if (rules.compares && !(x->plain && y->plain)) {
		if (!dec_parse(&m, a.ptr, a.len) || !dec_parse(&n, b.ptr, b.len))
			return false;
		*order = dec_cmp(m, n);
		return true;
	}
	if (rules.keeps && (x->digits > JQ_DIGITS_READ || y->digits > JQ_DIGITS_READ))
		return false;
	*order = (x->dbl > y->dbl) - (x->dbl < y->dbl);
	return true;
}

/* --- Strings --- */

void jqtext_put_string(struct buf *out, struct slice token)
{
	struct buf bytes = BUF_INIT;
	struct slice s;

	if (!memchr(token.ptr, '\\', token.len) && !memchr(token.ptr, 0x7f, token.len)) {
		buf_add(out, token.ptr, token.len);
		return;
	}
	s = json_unescape(token.ptr, token.len, &bytes);
	json_put_string(out, s.ptr, s.len);
	buf_free(&bytes);
}
