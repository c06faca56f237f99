/*
 * num: decimals against sums and products done digit by digit; doubles against strtod and printf
 * of the C library.
 */
#include "fuzz.h"

#include <math.h>

#include "num.h"

/* --- Numbers as rows of digits --- */

/* On both sides of the point there is room for a product of dec's greatest values and scales. */
enum { DIGITS = 320, POINT = 160 };

/* The sum of d[i] * 10^(i - POINT). */
struct big {
	bool neg;
	unsigned char d[DIGITS];
};

static bool is_zero(const struct big *b)
{
	int i = 0;

	while (i < DIGITS && !b->d[i])
		i++;
	return i == DIGITS;
}

static struct big big_of(struct dec d)
{
	struct big b = {.neg = d.v < 0};
	unsigned __int128 m = d.v < 0 ? -(unsigned __int128)d.v : (unsigned __int128)d.v;

	for (int i = POINT - d.scale; m; i++, m /= 10)
		b.d[i] = (unsigned char)(m % 10);
	return b;
}

/* Plain text, without zeros that need not be. */
static void put_big(struct buf *out, const struct big *b)
{
	int top = DIGITS - 1, low = 0;

	while (top > POINT && !b->d[top])
		top--;
	while (low < POINT && !b->d[low])
		low++;
	if (b->neg && !is_zero(b))
		buf_add_char(out, '-');
	for (int i = top; i >= low; i--) {
		if (i == POINT - 1)
			buf_add_char(out, '.');
		buf_add_char(out, (char)('0' + b->d[i]));
	}
}

static int cmp_digits(const struct big *a, const struct big *b)
{
	int i = DIGITS - 1;

	while (i > 0 && a->d[i] == b->d[i])
		i--;
	return a->d[i] - b->d[i];
}

static int cmp_big(const struct big *a, const struct big *b)
{
	if (is_zero(a) && is_zero(b))
		return 0;
	if (a->neg != b->neg)
		return a->neg ? -1 : 1;
	return a->neg ? cmp_digits(b, a) : cmp_digits(a, b);
}

static struct big add_big(const struct big *a, const struct big *b)
{
	bool a_greater = cmp_digits(a, b) >= 0;
	const struct big *x = a_greater ? a : b, *y = a_greater ? b : a;
	int sign = a->neg == b->neg ? 1 : -1, carry = 0;
	struct big r = {.neg = x->neg};

	for (int i = 0; i < DIGITS; i++) {
		int n = x->d[i] + sign * y->d[i] + carry;

		carry = n < 0 ? -1 : n / 10;
		r.d[i] = (unsigned char)(n - 10 * carry);
	}
	return r;
}

static struct big mul_big(const struct big *a, const struct big *b)
{
	struct big r = {.neg = a->neg != b->neg};
	unsigned sum[2 * DIGITS] = {0}, carry = 0;

	for (int i = 0; i < DIGITS; i++)
		for (int k = 0; a->d[i] && k < DIGITS; k++)
			sum[i + k] += (unsigned)(a->d[i] * b->d[k]);
	for (int i = 0; i < 2 * DIGITS; i++) {
		unsigned n = sum[i] + carry;

		carry = n / 10;
		if (i >= POINT && i < POINT + DIGITS)
			r.d[i - POINT] = (unsigned char)(n % 10);
		else
			must(n % 10 == 0, "the model is too small");
	}
	return r;
}

/* Can a dec hold it? */
static bool fits(const struct big *b)
{
	struct big limit = {.neg = false};
	const char *most = b->neg ? "170141183460469231731687303715884105728"
				  : "170141183460469231731687303715884105727";
	int low = 0, n = (int)strlen(most);

	while (low < POINT && !b->d[low])
		low++;
	if (POINT - low > DEC_SCALE_MAX)
		return false;
	for (int i = 0; i < n; i++)
		limit.d[low + n - 1 - i] = (unsigned char)(most[i] - '0');
	return cmp_digits(b, &limit) <= 0;
}

/* --- Text --- */

static const char *digits(const char *p, const char *end)
{
	while (p < end && *p >= '0' && *p <= '9')
		p++;
	return p;
}

/* Is the text a JSON number? Then, if the model has room for it, *b is its value; *room says. */
static bool parse_big(struct slice text, struct big *b, bool *room)
{
	const char *p = text.ptr, *end = p + text.len, *whole, *frac, *frac_end;
	long long exp = 0;
	int at;

	*b = (struct big){.neg = p < end && *p == '-'};
	whole = p += b->neg;
	frac = frac_end = p = digits(p, end);
	if (p == whole || (*whole == '0' && p > whole + 1))
		return false;
	if (p < end && *p == '.') {
		frac = p + 1;
		frac_end = p = digits(frac, end);
		if (p == frac)
			return false;
	}
	if (p < end && (*p == 'e' || *p == 'E')) {
		bool neg = ++p < end && *p == '-';
		const char *first;

		p += p < end && (*p == '-' || *p == '+');
		for (first = p; p < end && *p >= '0' && *p <= '9'; p++)
			exp = exp > 100000 ? exp : exp * 10 + (*p - '0');
		if (p == first)
			return false;
		exp = neg ? -exp : exp;
	}
	if (p != end)
		return false;
	*room = true;
	at = (int)exp + POINT - (int)(frac_end - frac);
	for (p = frac_end; p > whole;) {
		int digit = *--p - '0';

		if (*p == '.')
			continue;
		if (digit && (at < 0 || at >= DIGITS))
			*room = false;
		else if (digit)
			b->d[at] = (unsigned char)digit;
		at++;
	}
	return true;
}

/* A decimal is what the text says, or the text says more than one holds. */
static bool check_parse(struct slice text, struct dec *d)
{
	struct buf want = BUF_INIT, got = BUF_INIT;
	struct dec before = {7, 3}, parsed = before;
	struct big b;
	bool room, number = parse_big(text, &b, &room), good;

	must(num_is_json(text.ptr, text.len) == number, "a JSON number: %d", number);
	good = dec_parse(&parsed, text.ptr, text.len);
	must(good == (number && room && fits(&b)), "is a decimal: %d", good);
	must(good || (parsed.v == before.v && parsed.scale == before.scale), "changed");
	if (good) {
		put_big(&want, &b);
		dec_put(&got, parsed);
		must(slice_eq(buf_slice(&want), buf_slice(&got)), "%s, not %s", got.data,
		     want.data);
		*d = parsed;
	}
	buf_free(&want);
	buf_free(&got);
	return good;
}

/* --- Decimals --- */

static void check_result(const char *what, bool good, struct dec r, const struct big *want)
{
	struct buf a = BUF_INIT, b = BUF_INIT;

	put_big(&a, want);
	must(good == fits(want), "%s %s fits: %d", what, a.data, good);
	if (good) {
		must(r.scale >= 0 && r.scale <= DEC_SCALE_MAX, "scale %d", r.scale);
		dec_put(&b, r);
		must(slice_eq(buf_slice(&a), buf_slice(&b)), "%s %s, not %s", what, b.data, a.data);
	}
	buf_free(&a);
	buf_free(&b);
}

static int sign(int n)
{
	return (n > 0) - (n < 0);
}

static void check_pair(struct dec a, struct dec b)
{
	struct big x = big_of(a), y = big_of(b), minus = y, want;
	struct dec r;
	bool good;

	minus.neg = !y.neg;
	must(sign(dec_cmp(a, b)) == sign(cmp_big(&x, &y)), "compare %d", dec_cmp(a, b));
	must(dec_cmp(a, a) == 0 && sign(dec_cmp(b, a)) == -sign(dec_cmp(a, b)), "no order");
	want = add_big(&x, &y);
	good = dec_add(a, b, &r);
	check_result("sum", good, r, &want);
	want = add_big(&x, &minus);
	good = dec_sub(a, b, &r);
	check_result("difference", good, r, &want);
	want = mul_big(&x, &y);
	good = dec_mul(a, b, &r);
	check_result("product", good, r, &want);
}

static void check_int(struct dec d, const char *text)
{
	int64_t n;
	bool good = dec_is_int(d, &n);
	char want[32];

	if (good) {
		snprintf(want, sizeof want, "%lld", (long long)n);
		must(strcmp(want, text) == 0, "%s is %s", text, want);
	} else {
		must(strchr(text, '.') || strlen(text) >= 19, "%s is no integer", text);
	}
}

static bool same_double(double a, double b)
{
	return memcmp(&a, &b, sizeof a) == 0;
}

/* By 1000 / count, whole for these, a quotient is a product, which strtod rounds. */
static void check_quotients(struct dec d)
{
	static const unsigned counts[] = {1, 2, 4, 5, 8, 10, 25, 40, 125, 500, 1000};
	struct big x = big_of(d);

	for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
		struct big by = big_of((struct dec){1000 / counts[i], 0}), r = mul_big(&x, &by);
		struct buf text = BUF_INIT;
		double want, got = dec_div(d, counts[i]);

		put_big(&text, &r);
		buf_add_str(&text, "e-3");
		want = strtod(text.data, NULL);
		must(same_double(got, want), "%s is %a, not %a", text.data, got, want);
		buf_free(&text);
	}
}

static void check_decimal(struct dec d)
{
	struct buf text = BUF_INIT;
	struct dec again;

	dec_put(&text, d);
	must(dec_parse(&again, text.data, text.len) && dec_cmp(d, again) == 0,
	     "%s does not read back", text.data);
	must(same_double(dec_double(d), strtod(text.data, NULL)), "%s is %a", text.data,
	     dec_double(d));
	check_int(d, text.data);
	check_quotients(d);
	buf_free(&text);
}

/* --- Doubles --- */

static unsigned count_digits(const char *text)
{
	unsigned n = 0, zeros = 0;

	for (; *text && *text != 'e'; text++) {
		if (*text == '0' && n)
			zeros++;
		if (*text >= '1' && *text <= '9') {
			n += zeros + 1;
			zeros = 0;
		}
	}
	return n;
}

/* Number::toString(d) of ECMAScript, d being digits[0].digits[1]... * 10^exp. */
static void put_laid_out(struct buf *out, const char *digits, int n, int exp)
{
	if (exp >= -6 && exp < 0) {
		buf_addf(out, "0.%.*s%.*s", -exp - 1, "000000", n, digits);
	} else if (exp >= 0 && exp < 21 && n <= exp + 1) {
		buf_addf(out, "%.*s%.*s", n, digits, exp + 1 - n, "00000000000000000000");
	} else if (exp >= 0 && exp < 21) {
		buf_addf(out, "%.*s.%.*s", exp + 1, digits, n - exp - 1, digits + exp + 1);
	} else {
		buf_addf(out, "%c%s%.*se%+d", digits[0], n > 1 ? "." : "", n - 1, digits + 1, exp);
	}
}

/* The shortest text by trial: printf with ever more digits, until that reads back. */
static void check_shortest(double d, const char *got)
{
	struct buf want = BUF_INIT;
	char text[40], all[20] = "";
	int n = 0, exp;

	do
		snprintf(text, sizeof text, "%.*e", n++, fabs(d));
	while (strtod(text, NULL) != fabs(d));
	all[0] = text[0];
	memcpy(all + 1, text + 2, (size_t)(n > 1 ? n - 1 : 0));
	exp = atoi(strchr(text, 'e') + 1);
	if (d < 0)
		buf_add_char(&want, '-');
	put_laid_out(&want, all, n, exp);
	/* At a power of two a shorter text than the nearest of its length may read back. */
	must(strcmp(want.data, got) == 0 || count_digits(got) < (unsigned)n, "%a is %s, not %s", d,
	     got, want.data);
	buf_free(&want);
}

static void check_double(double d)
{
	struct buf text = BUF_INIT;
	struct dec a, b;
	bool good;

	num_put_double(&text, d);
	must(num_is_json(text.data, text.len) || isnan(d), "%s is no JSON number", text.data);
	good = dec_from_double(&a, d);
	if (isfinite(d)) {
		must(strtod(text.data, NULL) == d, "%a is %s", d, text.data);
		if (d == 0)
			must(strcmp(text.data, "0") == 0, "zero is %s", text.data);
		else
			check_shortest(d, text.data);
		must(good == dec_parse(&b, text.data, text.len) && (!good || dec_cmp(a, b) == 0),
		     "%s as a decimal", text.data);
	} else {
		must(!good, "%s as a decimal", text.data);
	}
	buf_free(&text);
}

/* a against b, both as plain text: the model's order of a decimal and a double. */
static int cmp_text(const char *a, const char *b)
{
	bool neg = *a == '-';
	size_t whole_a, whole_b;
	int order;

	if (neg != (*b == '-'))
		return neg ? -1 : 1;
	a += neg;
	b += neg;
	whole_a = strspn(a, "0123456789");
	whole_b = strspn(b, "0123456789");
	if (whole_a != whole_b)
		order = whole_a < whole_b ? -1 : 1;
	else
		order = strcmp(a, b);
	return neg ? -order : order;
}

/* printf writes a double's exact value, if it gets enough digits. */
static void check_dec_double(struct dec a, double d)
{
	static char exact[1500];
	struct buf text = BUF_INIT;
	size_t len;
	int want;

	if (isnan(d)) {
		must(dec_cmp_double(a, d) > 0, "a NaN is not the least");
		return;
	}
	if (isinf(d)) {
		must(sign(dec_cmp_double(a, d)) == (d < 0 ? 1 : -1), "infinity");
		return;
	}
	snprintf(exact, sizeof exact, "%.1074f", d == 0 ? 0.0 : d);
	for (len = strlen(exact); exact[len - 1] == '0'; len--)
		;
	exact[exact[len - 1] == '.' ? len - 1 : len] = '\0';
	dec_put(&text, a);
	want = cmp_text(text.data, exact);
	must(sign(dec_cmp_double(a, d)) == sign(want), "%s against %a: %d", text.data, d,
	     dec_cmp_double(a, d));
	buf_free(&text);
}

static double check_num_double(struct slice text)
{
	char *s = text_of(text);
	double got = num_double(text.ptr, text.len), want = strtod(s, NULL);

	if (num_is_json(text.ptr, text.len))
		must(same_double(got, want), "%s is %a, not %a", s, got, want);
	else
		must(isnan(got), "%s is %a", s, got);
	free(s);
	return got;
}

/* Eight bytes of a double; then numbers between blanks. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum { NUMBERS = 4 };
	struct input in = {data, data + size};
	struct dec decs[NUMBERS];
	double d, doubles[NUMBERS + 1];
	size_t n = 0, ndoubles = 0;
	uint64_t bits = 0;

	for (int i = 0; i < 8; i++)
		bits = bits << 8 | input_byte(&in);
	memcpy(&d, &bits, sizeof d);
	doubles[ndoubles++] = d;
	for (int i = 0; i < NUMBERS && in.p < in.end; i++) {
		struct slice text = input_until(&in, ' ');

		n += check_parse(text, &decs[n]);
		doubles[ndoubles++] = check_num_double(text);
	}
	for (size_t i = 0; i < ndoubles; i++)
		check_double(doubles[i]);
	for (size_t i = 0; i < n; i++) {
		check_decimal(decs[i]);
		for (size_t k = 0; k < n; k++)
			check_pair(decs[i], decs[k]);
		for (size_t k = 0; k < ndoubles; k++)
			check_dec_double(decs[i], doubles[k]);
	}
	return 0;
}
