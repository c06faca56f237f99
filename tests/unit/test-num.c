/*
 * Expected doubles and texts were worked out with Python's fractions and with another ECMAScript
 * engine.
 */
#include "num.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "tap.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

#define INT128_MAX_TEXT "170141183460469231731687303715884105727"
#define INT128_MIN_TEXT "-170141183460469231731687303715884105728"

static const __int128 int128_max = (__int128)((unsigned __int128)-1 >> 1);
static const __int128 int128_min = -(__int128)((unsigned __int128)-1 >> 1) - 1;

/* --- What the tests share. --- */

static uint64_t seed = 42;

/* Splitmix64. */
static uint64_t random_bits(void)
{
	uint64_t z = seed += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static unsigned below(unsigned n)
{
	return (unsigned)(random_bits() % n);
}

static struct dec dec(const char *text)
{
	struct dec d = {0, 0};

	if (!dec_parse(&d, text, strlen(text)))
		ok(0, "%s is a decimal", text);
	return d;
}

/* The text of d, good until the fourth call from now. */
static const char *text_of(struct dec d)
{
	static struct {
		char text[64];
	} ring[4];
	static unsigned next;
	struct buf b = BUF_INIT;
	char *text = ring[next++ % COUNT(ring)].text;

	dec_put(&b, d);
	snprintf(text, sizeof ring[0].text, "%s", buf_str(&b));
	buf_free(&b);
	return text;
}

static bool same(double a, double b)
{
	return memcmp(&a, &b, sizeof a) == 0;
}

/* --- The grammar. --- */

static void test_is_json(void)
{
	static const char *const yes[] = {
		"0",     "-0",   "1",       "10",        "-12",
		"0.5",   "-0.0", "0.0e0",   "1e5",       "1E+5",
		"1e-05", "1e00", "12.50e3", "0e9999999", "1.0000000000000000000000001"};
	static const char *const no[] = {"",    "-",    "+1",    "01",  "-01",  "00",   ".5",
					 "5.",  "1.e5", "1e",    "1e+", "1e-",  "e5",   " 1",
					 "1 ",  "1x",   "--1",   "1-",  "1.2.", "1e5.", "0x1",
					 "nan", "inf",  "1e5e5", "1,5", "-.5",  "1_0"};

	for (size_t i = 0; i < COUNT(yes); i++)
		ok(num_is_json(yes[i], strlen(yes[i])), "\"%s\" is a number", yes[i]);
	for (size_t i = 0; i < COUNT(no); i++) {
		struct dec d = {7, 1};

		ok(!num_is_json(no[i], strlen(no[i])), "\"%s\" is not a number", no[i]);
		ok(!dec_parse(&d, no[i], strlen(no[i])) && d.v == 7 && d.scale == 1,
		   "nor a decimal, which stays");
		ok(isnan(num_double(no[i], strlen(no[i]))), "nor a double");
	}
	ok(!num_is_json("1\0", 2), "a NUL byte is none of a number");
	ok(!num_is_json("1\0002", 3), "nor inside");
	ok(num_is_json("123", 2), "the length counts");
	ok(!num_is_json(NULL, 0), "no bytes are no number");
}

/* --- Decimals. --- */

static void test_parse(void)
{
	static const struct {
		const char *text, *want; /* want NULL: refused */
	} t[] = {
		{"0", "0"},
		{"-0", "0"},
		{"-0.000", "0"},
		{"0e99999999999999999999", "0"},
		{"0.00e-99999999999999999999", "0"},
		{"1", "1"},
		{"1.50", "1.5"},
		{"100", "100"},
		{"-0.05", "-0.05"},
		{"1.5e3", "1500"},
		{"1.5E-3", "0.0015"},
		{"1e38", "100000000000000000000000000000000000000"},
		{"1.7e38", "170000000000000000000000000000000000000"},
		{"1.8e38", NULL},
		{"1e39", NULL},
		{"1e-38", "0.00000000000000000000000000000000000001"},
		{"-1e-38", "-0.00000000000000000000000000000000000001"},
		{"1e-39", NULL},
		{"10e-39", "0.00000000000000000000000000000000000001"},
		{"1000e-41", "0.00000000000000000000000000000000000001"},
		{"0.000000000000000000000000000000000000010000000",
		 "0.00000000000000000000000000000000000001"},
		{"0.000000000000000000000000000000000000001", NULL},
		{"0.00000000000000000000000000000000000000000000001e47", "1"},
		{"100000000000000000000000000000000000000000000000e-47", "1"},
		{"1.00000000000000000000000000000000000000000000000000000", "1"},
		{"1.00000000000000000000000000000000000001",
		 "1.00000000000000000000000000000000000001"},
		{"2.00000000000000000000000000000000000001", NULL},
		{"1e99999999999999999999", NULL},
		{"1e-99999999999999999999", NULL},
		{"9223372036854775807", "9223372036854775807"},
		{"-9223372036854775808", "-9223372036854775808"},
		{"9223372036854775808", "9223372036854775808"},
		{"9999999999999999999", "9999999999999999999"},
		{"10000000000000000000", "10000000000000000000"},
		{"18446744073709551615", "18446744073709551615"},
		{"18446744073709551616", "18446744073709551616"},
		{"0.9999999999999999999", "0.9999999999999999999"},
		{"0.999999999999999999", "0.999999999999999999"},
		{"10000000000000000000.0000000000000000001",
		 "10000000000000000000.0000000000000000001"},
		{"20000000000000000000.0000000000000000001", NULL},
		{"1000000000000000000.0000000000000000001",
		 "1000000000000000000.0000000000000000001"},
		{INT128_MAX_TEXT, INT128_MAX_TEXT},
		{INT128_MAX_TEXT ".000", INT128_MAX_TEXT},
		{INT128_MAX_TEXT ".1", NULL},
		{"170141183460469231731687303715884105728", NULL},
		{"-170141183460469231731687303715884105728", INT128_MIN_TEXT},
		{"-170141183460469231731687303715884105729", NULL},
		{"1.70141183460469231731687303715884105727",
		 "1.70141183460469231731687303715884105727"},
		{"-1.70141183460469231731687303715884105728",
		 "-1.70141183460469231731687303715884105728"},
		{"1.70141183460469231731687303715884105728", NULL},
		{"340282366920938463463374607431768211456", NULL},
		{"340282366920938463463374607431768211457", NULL},
		{"999999999999999999999999999999999999999999999999999999999999", NULL},
	};

	for (size_t i = 0; i < COUNT(t); i++) {
		struct dec d = {7, 1};

		if (dec_parse(&d, t[i].text, strlen(t[i].text)))
			is_str(text_of(d), t[i].want ? t[i].want : "(refused)", t[i].text);
		else
			ok(!t[i].want && d.v == 7 && d.scale == 1, "%s is refused", t[i].text);
	}
	ok(dec(INT128_MAX_TEXT).v == int128_max && dec(INT128_MIN_TEXT).v == int128_min,
	   "the ends of 128 bits");
	is_str(text_of((struct dec){int128_min, 38}), "-1.70141183460469231731687303715884105728",
	       "the least at the greatest scale");
	is_str(text_of((struct dec){0, 38}), "0", "zero at the greatest scale");
	is_str(text_of((struct dec){1000, 2}), "10", "zeros before the point stay");
	is_str(text_of((struct dec){-1000, 3}), "-1", "a point that goes");
}

static void test_is_int(void)
{
	static const struct {
		const char *text;
		bool is;
		int64_t want;
	} t[] = {
		{"0", true, 0},
		{"1.000", true, 1},
		{"-5e3", true, -5000},
		{"0.5", false, 0},
		{"-0.00000000000000000000000000000000000001", false, 0},
		{"9223372036854775807", true, INT64_MAX},
		{"9223372036854775807.0", true, INT64_MAX},
		{"9223372036854775808", false, 0},
		{"-9223372036854775808", true, INT64_MIN},
		{"-9223372036854775808.000000", true, INT64_MIN},
		{"-9223372036854775809", false, 0},
		{INT128_MAX_TEXT, false, 0},
		{INT128_MIN_TEXT, false, 0},
	};

	for (size_t i = 0; i < COUNT(t); i++) {
		int64_t n = 0;
		bool is = dec_is_int(dec(t[i].text), &n);

		ok(is == t[i].is && n == t[i].want, "%s: whole and within 64 bits?", t[i].text);
	}
}

static void test_arithmetic(void)
{
	static const struct {
		const char *a;
		char op;
		const char *b, *want;
	} t[] = {
		{"0.1", '+', "0.2", "0.3"},
		{"1", '-', "0.9", "0.1"},
		{"-0.5", '+', "0.5", "0"},
		{"2.50", '*', "4", "10"},
		{"-3", '*', "0", "0"},
		{"19.99", '*', "3", "59.97"},
		{INT128_MAX_TEXT, '+', "1", NULL},
		{INT128_MAX_TEXT, '+', "0", INT128_MAX_TEXT},
		{INT128_MAX_TEXT, '+', "0.1", NULL},
		{INT128_MAX_TEXT, '-', "1", "170141183460469231731687303715884105726"},
		{INT128_MIN_TEXT, '-', "1", NULL},
		{INT128_MIN_TEXT, '+', "1", "-" INT128_MAX_TEXT},
		{INT128_MIN_TEXT, '+', INT128_MIN_TEXT, NULL},
		{INT128_MIN_TEXT, '-', INT128_MIN_TEXT, "0"},
		{"0", '-', INT128_MIN_TEXT, NULL},
		{"-1", '-', INT128_MIN_TEXT, INT128_MAX_TEXT},
		{"-1e-38", '-', INT128_MIN_TEXT, NULL},
		{INT128_MIN_TEXT, '*', "-1", NULL},
		{INT128_MIN_TEXT, '*', "1", INT128_MIN_TEXT},
		{INT128_MAX_TEXT, '*', "-1", "-" INT128_MAX_TEXT},
		{"-85070591730234615865843651857942052864", '*', "2", INT128_MIN_TEXT},
		{"85070591730234615865843651857942052864", '*', "2", NULL},
		{"13043817825332782212", '*', "13043817825332782212",
		 "170141183460469231722567801800623612944"},
		/* One term at the other's scale is beyond 128 bits, the sum is not. */
		{"20000000000000000000000000000000000000", '-',
		 "10000000000000000000000000000000000000.5",
		 "9999999999999999999999999999999999999.5"},
		{"-20000000000000000000000000000000000000", '-',
		 "-17014118346046923173168730371588410572.8",
		 "-2985881653953076826831269628411589427.2"},
		{"-20000000000000000000000000000000000000", '+',
		 "17014118346046923173168730371588410572.7",
		 "-2985881653953076826831269628411589427.3"},
		{"34028236692093846346337460743176821145", '-',
		 "17014118346046923173168730371588410572.3",
		 "17014118346046923173168730371588410572.7"},
		{"34028236692093846346337460743176821145", '-',
		 "17014118346046923173168730371588410572.2", NULL},
		{"-34028236692093846346337460743176821145", '+',
		 "17014118346046923173168730371588410572.2",
		 "-17014118346046923173168730371588410572.8"},
		{"-34028236692093846346337460743176821145", '+',
		 "17014118346046923173168730371588410572.1", NULL},
		/* Zeros that can go make room. */
		{"10000000000000000000000000000000000000.5", '+',
		 "10000000000000000000000000000000000000.5",
		 "20000000000000000000000000000000000001"},
		{"170141183460469231731687303715884105720", '+', "0.10", NULL},
		{"1e38", '+', "1.0000000000000000000000000000000000",
		 "100000000000000000000000000000000000001"},
		{"1e38", '*', "1e-38", "1"},
		{"1e-20", '*', "1e-18", "0.00000000000000000000000000000000000001"},
		{"1e-20", '*', "1e-19", NULL},
		{"2e-20", '*', "5e-19", "0.00000000000000000000000000000000000001"},
		{"5e-38", '*', "-2e-1", "-0.00000000000000000000000000000000000001"},
		{"1180591620717411303424e-30", '*', "710542735760100185871124267578125e-30",
		 "0.0000008388608"},
		{"3e-38", '*', "1e38", "3"},
		{"1000000000000000000e-38", '*', "1000000000000000000e-38", NULL},
		{"0", '*', "1e-38", "0"},
	};

	for (size_t i = 0; i < COUNT(t); i++) {
		struct dec a = dec(t[i].a), b = dec(t[i].b), r = {7, 1};
		bool fits = t[i].op == '+'   ? dec_add(a, b, &r)
			    : t[i].op == '-' ? dec_sub(a, b, &r)
					     : dec_mul(a, b, &r);

		if (fits)
			is_str(text_of(r), t[i].want ? t[i].want : "(refused)", t[i].a);
		else
			ok(!t[i].want && r.v == 7 && r.scale == 1, "%s %c %s is refused", t[i].a,
			   t[i].op, t[i].b);
	}
	struct dec a = dec("1.5");

	ok(dec_add(a, a, &a) && dec_mul(a, a, &a) && dec_sub(a, dec("0.5"), &a), "in place");
	is_str(text_of(a), "8.5", "the result replaces an operand");
}

/* --- Decimals against digits in an array: a number is its digits times 10^-PLACES. --- */

enum { PLACES = 2 * DEC_SCALE_MAX, DIGITS = 160 };

struct model {
	bool neg;
	signed char digit[DIGITS];
};

static struct model model_of(struct dec d)
{
	struct model m = {.neg = d.v < 0};
	unsigned __int128 v = m.neg ? -(unsigned __int128)d.v : (unsigned __int128)d.v;

	for (int i = PLACES - d.scale; v; v /= 10)
		m.digit[i++] = (signed char)(v % 10);
	return m;
}

static int model_cmp_digits(const struct model *a, const struct model *b)
{
	for (int i = DIGITS - 1; i >= 0; i--)
		if (a->digit[i] != b->digit[i])
			return a->digit[i] < b->digit[i] ? -1 : 1;
	return 0;
}

static bool model_is_zero(const struct model *a)
{
	return model_cmp_digits(a, &(struct model){.neg = false}) == 0;
}

static int model_cmp(const struct model *a, const struct model *b)
{
	if (a->neg != b->neg)
		return model_is_zero(a) && model_is_zero(b) ? 0 : a->neg ? -1 : 1;
	return a->neg ? -model_cmp_digits(a, b) : model_cmp_digits(a, b);
}

static struct model model_add(const struct model *a, const struct model *b)
{
	struct model r = {.neg = a->neg};
	int sign = a->neg == b->neg ? 1 : -1, carry = 0;

	if (sign < 0 && model_cmp_digits(a, b) < 0)
		return model_add(b, a);
	for (int i = 0; i < DIGITS; i++) {
		int n = a->digit[i] + sign * b->digit[i] + carry;

		carry = n < 0 ? -1 : n / 10;
		r.digit[i] = (signed char)(n - carry * 10);
	}
	return r;
}

static struct model model_mul(const struct model *a, const struct model *b)
{
	struct model r = {.neg = a->neg != b->neg};
	int sums[2 * DIGITS + 1] = {0}, top = DIGITS;

	while (top && b->digit[top - 1] == 0)
		top--;
	for (int i = 0; i < DIGITS; i++)
		for (int j = 0; a->digit[i] && j < top; j++)
			sums[i + j] += a->digit[i] * b->digit[j];
	for (int i = 0; i < 2 * DIGITS; i++) {
		sums[i + 1] += sums[i] / 10;
		if (i >= PLACES && i < PLACES + DIGITS)
			r.digit[i - PLACES] = (signed char)(sums[i] % 10);
	}
	return r;
}

/* Can a decimal hold it? */
static bool model_fits(const struct model *m)
{
	const unsigned __int128 limit = (unsigned __int128)int128_max + m->neg, tenth = limit / 10;
	unsigned __int128 v = 0;
	int least = 0;

	while (least < PLACES && m->digit[least] == 0)
		least++;
	for (int i = DIGITS - 1; i >= least; i--) {
		if (v > tenth || v * 10 > limit - (unsigned)m->digit[i])
			return false;
		v = v * 10 + (unsigned)m->digit[i];
	}
	return PLACES - least <= DEC_SCALE_MAX;
}

static __int128 random_int128(void)
{
	static const char *const special[] = {"0",
					      "1",
					      "-1",
					      "9223372036854775807",
					      "-9223372036854775808",
					      "18446744073709551615",
					      "18446744073709551616",
					      "1e38",
					      "-1e38",
					      INT128_MAX_TEXT,
					      INT128_MIN_TEXT,
					      "1e19",
					      "9999999999999999999"};
	unsigned __int128 bits = (unsigned __int128)random_bits() << 64 | random_bits();
	__int128 v;

	if (below(8) == 0)
		return dec(special[below(COUNT(special))]).v;
	v = (__int128)(bits >> below(127) >> 1);
	if (below(4) == 0) {
		__int128 unit =
			dec((char[]){'1', 'e', (char)('1' + below(3)), (char)('0' + below(9)), 0})
				.v;

		v = v / unit * unit;
	}
	return below(2) ? v : -v;
}

static struct dec random_dec(void)
{
	return (struct dec){random_int128(),
			    below(3) ? (int)below(DEC_SCALE_MAX + 1) : (int)below(3)};
}

static bool agrees(bool fits, struct dec r, const struct model *want)
{
	struct model got = model_of(r);

	return fits == model_fits(want) && (!fits || model_cmp(&got, want) == 0);
}

static void test_random_arithmetic(void)
{
	int wrong[5] = {0}, refused = 0;

	for (int i = 0; i < 10000; i++) {
		struct dec a = random_dec(), b = random_dec(), r = {0, 0};
		struct model ma, mb, minus_b, want;
		bool fits;

		if (below(4) == 0) /* terms that nearly cancel */
			b.v = a.v == int128_min ? int128_max : -(a.v - a.v / 1000 * (int)below(2));
		ma = model_of(a);
		mb = minus_b = model_of(b);
		minus_b.neg = !mb.neg;
		want = model_add(&ma, &mb);
		fits = dec_add(a, b, &r);
		refused += !fits;
		wrong[0] += !agrees(fits, r, &want);
		want = model_add(&ma, &minus_b);
		fits = dec_sub(a, b, &r);
		wrong[1] += !agrees(fits, r, &want);
		want = model_mul(&ma, &mb);
		fits = dec_mul(a, b, &r);
		wrong[2] += !agrees(fits, r, &want);
		wrong[3] += dec_cmp(a, b) != model_cmp(&ma, &mb) ||
			    dec_cmp(b, a) != model_cmp(&mb, &ma);
		r = dec(text_of(a));
		wrong[4] += !agrees(true, r, &ma);
	}
	ok(wrong[0] == 0, "10000 sums");
	ok(wrong[1] == 0, "10000 differences");
	ok(wrong[2] == 0, "10000 products");
	ok(wrong[3] == 0, "10000 comparisons");
	ok(wrong[4] == 0, "10000 decimals as text and back");
	ok(refused > 100 && refused < 9000, "both outcomes came up (%d sums refused)", refused);
}

static void test_cmp(void)
{
	/* Rising. */
	static const char *const t[] = {INT128_MIN_TEXT,
					"-170141183460469231731687303715884105727",
					"-1e38",
					"-9223372036854775808",
					"-2",
					"-1.70141183460469231731687303715884105728",
					"-1.5",
					"-1.00000000000000000000000000000000000001",
					"-1",
					"-1e-38",
					"0",
					"1e-38",
					"2e-38",
					"0.1",
					"1",
					"1.00000000000000000000000000000000000001",
					"1.70141183460469231731687303715884105727",
					"9223372036854775807",
					"9223372036854775807.5",
					"1e38",
					INT128_MAX_TEXT};
	int wrong = 0;

	for (size_t i = 0; i < COUNT(t); i++)
		for (size_t j = 0; j < COUNT(t); j++) {
			int order = dec_cmp(dec(t[i]), dec(t[j]));

			wrong += i < j ? order >= 0 : i > j ? order <= 0 : order != 0;
		}
	ok(wrong == 0, "every pair of the table is in order");
	ok(dec_cmp((struct dec){10, 1}, (struct dec){1, 0}) == 0, "1.0 is 1");
	ok(dec_cmp((struct dec){0, 38}, (struct dec){0, 0}) == 0, "0 is 0 at any scale");
}

/* --- Doubles of decimals. --- */

static void test_div(void)
{
	static const struct {
		const char *sum;
		uint64_t count;
		double want;
	} t[] = {
		{"0", 1U, 0x0.0p+0},
		{"1", 3U, 0x1.5555555555555p-2},
		{"-1", 3U, -0x1.5555555555555p-2},
		{"2", 3U, 0x1.5555555555555p-1},
		{"10", 4U, 0x1.4000000000000p+1},
		{"0.3", 3U, 0x1.999999999999ap-4},
		{"0.1", 1U, 0x1.999999999999ap-4},
		{"100", 7U, 0x1.c924924924925p+3},
		{"170141183460469231731687303715884105727", 1U, 0x1.0000000000000p+127},
		{"-170141183460469231731687303715884105728", 1U, -0x1.0000000000000p+127},
		{"-170141183460469231731687303715884105728", 18446744073709551615U,
		 -0x1.0000000000000p+63},
		{"1.7014118346046923173168730371588410572", 18446744073709551615U,
		 0x1.b38fb9daa78e4p-64},
		{"0.00000000000000000000000000000000000001", 18446744073709551615U,
		 0x1.b38fb9daa78e4p-191},
		{"9007199254740993", 1U, 0x1.0000000000000p+53},
		{"9007199254740995", 1U, 0x1.0000000000002p+53},
		{"9007199254740993", 2U, 0x1.0000000000000p+52},
		{"18014398509481986", 2U, 0x1.0000000000000p+53},
		{"0.00000000000000000000000000000000000001", 1U, 0x1.b38fb9daa78e4p-127},
		{"123456789.123456789", 1000U, 0x1.e240ca03feaf7p+16},
		{"99999999999999999999999999999999999999", 3U, 0x1.913c4381e2cecp+124},
		{"9007199254740993.0000000000000000000001", 1U, 0x1.0000000000001p+53},
		{"9007199254740992.9999999999999999999999", 1U, 0x1.0000000000000p+53},
		{"124362405216805448371085338366202231", 7283207964119141688U,
		 0x1.e54e9a9735a1cp+53},
		{"124362405216805448371085338366202232", 7283207964119141688U,
		 0x1.e54e9a9735a1cp+53},
		{"-124362405216805448371085338366202233", 7283207964119141688U,
		 -0x1.e54e9a9735a1dp+53},
		{"752738228264703340860190772876261639", 9360537168593968533U,
		 0x1.1db20ca98cc2ep+56},
		{"752738228264703340860190772876261640", 9360537168593968533U,
		 0x1.1db20ca98cc2ep+56},
		{"-752738228264703340860190772876261641", 9360537168593968533U,
		 -0x1.1db20ca98cc2fp+56},
		{"1099394768957763321592570004093131199", 1673359773981742885U,
		 0x1.23c413586aa4dp+59},
		{"1099394768957763321592570004093131200", 1673359773981742885U,
		 0x1.23c413586aa4ep+59},
		{"1099394768957763321592570004093131201", 1673359773981742885U,
		 0x1.23c413586aa4ep+59},
		{"-197597739163706387014798572256785377", 17482144350526720242U,
		 -0x1.413eed0b8599cp+53},
		{"197597739163706387014798572256785378", 17482144350526720242U,
		 0x1.413eed0b8599cp+53},
		{"197597739163706387014798572256785379", 17482144350526720242U,
		 0x1.413eed0b8599dp+53},
		{"-394162474956550702159459975542960319", 2456641775679608524U,
		 -0x1.1d03285f66bd8p+57},
		{"394162474956550702159459975542960320", 2456641775679608524U,
		 0x1.1d03285f66bd8p+57},
		{"394162474956550702159459975542960321", 2456641775679608524U,
		 0x1.1d03285f66bd9p+57},
		{"877055643373322556778406841241388995", 15054874051592652121U,
		 0x1.9df154913b32cp+55},
		{"877055643373322556778406841241388996", 15054874051592652121U,
		 0x1.9df154913b32cp+55},
		{"-877055643373322556778406841241388997", 15054874051592652121U,
		 -0x1.9df154913b32dp+55},
		{"11428803229431481879451574551332824", 1158252176259998755U,
		 0x1.1871f0c789ae9p+53},
		{"-11428803229431481879451574551332825", 1158252176259998755U,
		 -0x1.1871f0c789aeap+53},
		{"-11428803229431481879451574551332826", 1158252176259998755U,
		 -0x1.1871f0c789aeap+53},
		{"-20278002091797906179419564240699118719", 10801709783547227921U,
		 -0x1.a0d7e637c3b8cp+60},
		{"-20278002091797906179419564240699118720", 10801709783547227921U,
		 -0x1.a0d7e637c3b8cp+60},
		{"20278002091797906179419564240699118721", 10801709783547227921U,
		 0x1.a0d7e637c3b8dp+60},
		{"1409253704693024668521288695272273303", 14385317585936796821U,
		 0x1.5c0a665ae3a13p+56},
		{"-1409253704693024668521288695272273304", 14385317585936796821U,
		 -0x1.5c0a665ae3a14p+56},
		{"-1409253704693024668521288695272273305", 14385317585936796821U,
		 -0x1.5c0a665ae3a14p+56},
		{"2012880665990739547262621504622914159", 8279529517580348705U,
		 0x1.afdc0f0048163p+57},
		{"2012880665990739547262621504622914160", 8279529517580348705U,
		 0x1.afdc0f0048164p+57},
		{"-2012880665990739547262621504622914161", 8279529517580348705U,
		 -0x1.afdc0f0048164p+57},
		{"0.0000000367465451764251918335231", 17330193207753879U, 0x1.481ccaa3918f5p-79},
		{"3.42336073945908439710", 6161969373327U, 0x1.38c10843df6acp-41},
		{"7312130689899337969035439647083.73275", 23511073321U, 0x1.0dc1a31bad7c8p+68},
		{"21.6401693902302087179", 206553899134042287U, 0x1.e327d35a7f039p-54},
		{"146.05474491949597780168924271240", 42989049427943U, 0x1.de276061c8416p-39},
		{"4114.711445494778997258", 96779U, 0x1.5c4bb778dc652p-5},
		{"0.0002269927021246489833261277008", 341U, 0x1.6560adbd2fe23p-21},
		{"1467773236049848363214967971.95413622", 39647499655190025U,
		 0x1.13d324a7bc9dap+35},
		{"3907798.7098270998716250221114", 129905399291741U, 0x1.0266c14746dbep-25},
		{"914437610.16765241261098", 12952615U, 0x1.1a650e29d8a3ap+6},
		{"1397000651956096229.759704941031754798", 1U, 0x1.36324b0fad50dp+60},
		{"58812340459151.76582346876691084289", 90505U, 0x1.35dc3ead719f1p+29},
	};

	for (size_t i = 0; i < COUNT(t); i++) {
		double d = dec_div(dec(t[i].sum), t[i].count);

		ok(same(d, t[i].want), "%s / %llu is %a, not %a", t[i].sum,
		   (unsigned long long)t[i].count, t[i].want, d);
	}
	ok(same(dec_double((struct dec){0, 38}), 0.0), "zero is no negative zero");
	ok(same(dec_double(dec(INT128_MIN_TEXT)), -0x1p127), "the least decimal");
	ok(same(dec_double(dec(INT128_MAX_TEXT)), 0x1p127), "the greatest decimal, rounded");
}

/*
 * sum / count by long division, up to `places` digits behind the point and a 1 if that is not
 * all, as text that strtod rounds.
 */
static double long_division(struct dec sum, uint64_t count, int places)
{
	char text[1400], *p = text;
	unsigned __int128 v = sum.v < 0 ? -(unsigned __int128)sum.v : (unsigned __int128)sum.v,
			  rest;

	if (sum.v < 0)
		*p++ = '-';
	/* 64 bits of quotient and remainder at a time would not do: v / count can have 128. */
	p += snprintf(p, 64, "%s", text_of((struct dec){(__int128)(v / count), 0}));
	*p++ = '.';
	for (rest = v % count; rest && places; places--, rest = rest * 10 % count)
		*p++ = (char)('0' + (int)(rest * 10 / count));
	*p++ = '0';
	if (rest)
		*p++ = '1';
	snprintf(p, 16, "e-%d", sum.scale);
	return strtod(text, NULL);
}

static void test_random_doubles(void)
{
	int wrong[3] = {0};

	for (int i = 0; i < 4000; i++) {
		struct dec a = random_dec();
		uint64_t count = below(4) ? 1 + below(400000) : random_bits() | 1;
		const char *text = text_of(a);
		double d = a.v ? strtod(text, NULL) : 0;

		if (a.v == int128_min)
			a.v++;
		wrong[0] += !same(dec_double(a), d);
		wrong[1] += !same(num_double(text, strlen(text)), d);
		if (a.v)
			wrong[2] += !same(dec_div(a, count), long_division(a, count, 200));
	}
	ok(wrong[0] == 0, "4000 decimals to doubles");
	ok(wrong[1] == 0, "4000 decimals' texts to doubles");
	ok(wrong[2] == 0, "4000 quotients");
}

static void test_cmp_double(void)
{
	static const struct {
		const char *a;
		double b;
		int want;
	} t[] = {
		{"1", 1.0, 0},
		{"0", -0.0, 0},
		{"0.5", 0.5, 0},
		{"-0.5", -0.5, 0},
		{"0.1", 0.1, -1}, /* the double is a little more */
		{"-0.1", -0.1, 1},
		{"0.3", 0.3, 1}, /* this one a little less */
		{"0.1000000000000000055511151231257827021", 0.1, -1},
		{"0.1000000000000000055511151231257827022", 0.1, 1},
		{"9007199254740993", 0x1p53, 1},
		{"9007199254740992", 0x1p53, 0},
		{"9007199254740991", 0x1p53, -1},
		{"-9007199254740993", -0x1p53, -1},
		{INT128_MAX_TEXT, 0x1p127, -1},
		{INT128_MIN_TEXT, -0x1p127, 0},
		{"-170141183460469231731687303715884105727", -0x1p127, 1},
		{"1e-38", 1e-38, 1},
		{"1e-38", 5e-324, 1},
		{"0", 5e-324, -1},
		{"0", -5e-324, 1},
		{"1e38", DBL_MAX, -1},
		{INT128_MAX_TEXT, HUGE_VAL, -1},
		{INT128_MIN_TEXT, -HUGE_VAL, 1},
		{INT128_MIN_TEXT, (double)NAN, 1},
	};

	for (size_t i = 0; i < COUNT(t); i++)
		ok(dec_cmp_double(dec(t[i].a), t[i].b) == t[i].want, "%s against %.17g", t[i].a,
		   t[i].b);
}

/* --- Doubles of texts. --- */

/* 2^-1075, half of the least double: a tie, which goes to 0. Times 10^1075. */
static const char half_least[] =
	"2470328229206232720882843964341106861825299013071623822127928412503377536351043759326499"
	"1818081799618989828234772285886546332835517796989819938739800539093906315035659515570226"
	"3922908583924491051844359318028499365361525003193704576782492193656236698636584807570015"
	"8576926990370631192827955855133292783433840935197801553124659726357957462276646527282722"
	"0056374006485499977096599470454020828166226237857393450736339007967761930577506740176324"
	"6736009689513405355374585166611342237666786041621596804619144672918403005300575308490487"
	"6539171138659164623952491262365388187963623937328042389101867234849766823508986338858792"
	"5628302755995657524455507255189313690836254779186948667994968324049705821028513185451396"
	"213837722826145437693412532098591327667236328125";

/* The tie between the greatest double and infinity. */
static const char half_infinite[] =
	"1797693134862315807937289714053034150799341327100378269361737789804449682927647509466490"
	"1797758720709633028641669288791094655554785194040263065748867150582068190890200070838367"
	"6273854845817711531764475730270069855571366959622842914819860834936475292719074168444365"
	"510704342711559699508093042880177904174497792";

static void is_double(const char *text, double want, const char *what)
{
	double d = num_double(text, strlen(text));

	ok(same(d, want), "%s: %a, not %a", what, want, d);
}

static void test_double(void)
{
	static const struct {
		const char *text;
		double want;
	} t[] = {
		{"0", 0x0.0p+0},
		{"-0", -0x0.0p+0},
		{"0.0", 0x0.0p+0},
		{"-0.0e5", -0x0.0p+0},
		{"1", 0x1.0000000000000p+0},
		{"-1", -0x1.0000000000000p+0},
		{"0.1", 0x1.999999999999ap-4},
		{"1e23", 0x1.52d02c7e14af6p+76},
		{"1e22", 0x1.0f0cf064dd592p+73},
		{"8.5e22", 0x1.1ffdbf6b2b2ebp+76},
		{"9007199254740991", 0x1.fffffffffffffp+52},
		{"9007199254740992", 0x1.0000000000000p+53},
		{"9007199254740993", 0x1.0000000000000p+53},
		{"9007199254740993.0", 0x1.0000000000000p+53},
		{"9007199254740993.00000000000000000000000001", 0x1.0000000000001p+53},
		{"9007199254740992.99999999999999999999", 0x1.0000000000000p+53},
		{"9007199254740995", 0x1.0000000000002p+53},
		{"4503599627370496.5", 0x1.0000000000000p+52},
		{"4503599627370497.5", 0x1.0000000000002p+52},
		{"0.30000000000000004", 0x1.3333333333334p-2},
		{"0.3000000000000000444", 0x1.3333333333334p-2},
		{"1e-400", 0x0.0p+0},
		{"1e400", HUGE_VAL},
		{"-1e400", -HUGE_VAL},
		{"1e99999999999999999999", HUGE_VAL},
		{"0e99999999999999999999", 0x0.0p+0},
		{"1e-99999999999999999999", 0x0.0p+0},
		{"5e-324", 0x0.0000000000001p-1022},
		{"4.9406564584124654e-324", 0x0.0000000000001p-1022},
		{"2.4703282292062327e-324", 0x0.0p+0},
		{"2.4703282292062328e-324", 0x0.0000000000001p-1022},
		{"7.4109846876186981e-324", 0x0.0000000000001p-1022},
		{"2.2250738585072011e-308", 0x0.fffffffffffffp-1022},
		{"2.2250738585072012e-308", 0x1.0000000000000p-1022},
		{"2.2250738585072014e-308", 0x1.0000000000000p-1022},
		{"1.7976931348623157e308", 0x1.fffffffffffffp+1023},
		{"1.7976931348623158e308", 0x1.fffffffffffffp+1023},
		{"1.7976931348623159e308", HUGE_VAL},
		{"1.797693134862315807e308", 0x1.fffffffffffffp+1023},
		{"1.797693134862315808e308", HUGE_VAL},
		{"123456789012345678901234567890", 0x1.8ee90ff6c373ep+96},
		{"18446744073709551615", 0x1.0000000000000p+64},
		{"18446744073709551616", 0x1.0000000000000p+64},
		{"99999999999999999999", 0x1.5af1d78b58c40p+66},
		{"1000000000000000000000000000000e-30", 0x1.0000000000000p+0},
		{"0.000000000000000000000000000001e30", 0x1.0000000000000p+0},
		{"6.02214076e23", 0x1.fe185ca57c517p+78},
		{"1.448997445238699e15", 0x1.4976c0803feacp+50},
		{"8.442911973260991817129021e-309", 0x0.6123400000001p-1022},
		{"7.2057594037927933e16", 0x1.0000000000000p+56},
		{"3.5844466002796428e298", 0x1.b67769db917d9p+991},
		{"1.00000000000000011102230246251565404236316680908203125", 0x1.0000000000000p+0},
		{"1.00000000000000011102230246251565404236316680908203124", 0x1.0000000000000p+0},
		{"1.00000000000000011102230246251565404236316680908203126", 0x1.0000000000001p+0},
		{"100000000000000016777215", 0x1.52d02c7e14af7p+76},
		{"100000000000000016777216", 0x1.52d02c7e14af8p+76},
		{"1E+2", 0x1.9000000000000p+6},
		{"1e-0", 0x1.0000000000000p+0},
	};
	char text[3000];

	for (size_t i = 0; i < COUNT(t); i++)
		is_double(t[i].text, t[i].want, t[i].text);
	snprintf(text, sizeof text, "%se-1075", half_least);
	is_double(text, 0, "half of the least double");
	snprintf(text, sizeof text, "-%se-1075", half_least);
	is_double(text, -0.0, "the same below 0");
	snprintf(text, sizeof text, "%s%01000d1e-2076", half_least, 0);
	is_double(text, 5e-324, "a trace more than half");
	snprintf(text, sizeof text, "%s%01000de-2075", half_least, 0);
	is_double(text, 0, "half with zeros behind");
	snprintf(text, sizeof text, "0.%0323d%s", 0, half_least);
	is_double(text, 0, "half, written out");
	is_double(half_infinite, HUGE_VAL, "half of the way to infinity");
	snprintf(text, sizeof text, "%.*s1.%01000d", (int)sizeof half_infinite - 2, half_infinite,
		 0);
	is_double(text, DBL_MAX, "one less");
	snprintf(text, sizeof text, "1%01000de-1000", 0);
	is_double(text, 1, "1000 zeros and an exponent against them");
	snprintf(text, sizeof text, "0.%01000d1e1001", 0);
	is_double(text, 1, "the other way");
}

static double random_double(void)
{
	for (;;) {
		uint64_t bits = random_bits();
		double d;

		if (below(4) == 0) /* a mantissa near its ends */
			bits = (bits & 0xfff0000000000000) + (uint64_t)below(8) - 4;
		memcpy(&d, &bits, sizeof d);
		if (isfinite(d))
			return d;
	}
}

/* A text close to the middle between two doubles, cut or lengthened. */
static void put_near_half(char *text, size_t size)
{
	double d = fabs(random_double());
	int digits = 15 + (int)below(8);

	snprintf(text, size, "%.*e", digits, (d + nextafter(d, 0)) / 2);
	if (below(2))
		snprintf(text, size, "%.*e", 700 + (int)below(200), d / 2);
}

static void test_random_texts(void)
{
	int wrong = 0;

	for (int i = 0; i < 3000; i++) {
		char text[1200];
		int len = 0, digits = 1 + (int)below(i % 10 ? 22 : 60);

		if (below(8) == 0) {
			put_near_half(text, sizeof text);
		} else {
			text[len++] = (char)('1' + below(9));
			text[len++] = '.';
			while (digits--)
				text[len++] = (char)('0' + below(10));
			snprintf(text + len, 16, "e%d", (int)below(660) - 340);
		}
		wrong += !same(num_double(text, strlen(text)), strtod(text, NULL));
	}
	ok(wrong == 0, "3000 texts to doubles");
}

/* --- Texts of doubles. --- */

static const char *double_text(double d)
{
	static char text[64];
	struct buf b = BUF_INIT;

	num_put_double(&b, d);
	snprintf(text, sizeof text, "%s", buf_str(&b));
	buf_free(&b);
	return text;
}

static void test_put_double(void)
{
	static const struct {
		double d;
		const char *want;
	} t[] = {
		{0x1.0000000000000p+0, "1"},
		{-0x1.0000000000000p+0, "-1"},
		{0x1.999999999999ap-4, "0.1"},
		{0x1.0000000000000p-1, "0.5"},
		{0x1.5555555555555p-2, "0.3333333333333333"},
		{0x1.5555555555555p-1, "0.6666666666666666"},
		{0x1.9000000000000p+6, "100"},
		{0x1.d6f3454000000p+26, "123456789"},
		{0x1.5af1d78b58c40p+66, "100000000000000000000"},
		{0x1.b1ae4d6e2ef50p+69, "1e+21"},
		{0x1.ac53a7e04bcdap+66, "123456789012345680000"},
		{0x1.b1ae4d6e2ef4fp+69, "999999999999999900000"},
		{0x1.0f0cf064dd592p+73, "1e+22"},
		{0x1.52d02c7e14af6p+76, "1e+23"},
		{0x1.1eb2d66005835p+997, "1.5e+300"},
		{0x1.4f8b588e368f1p-17, "0.00001"},
		{0x1.0c6f7a0b5ed8dp-20, "0.000001"},
		{0x1.0c6f7a0b5ed8cp-20, "9.999999999999997e-7"},
		{0x1.ad7f29abcaf48p-24, "1e-7"},
		{0x1.421f5f40d8376p-23, "1.5e-7"},
		{0x1.4b3fd5942cd96p-20, "0.000001234"},
		{0x0.0000000000001p-1022, "5e-324"},
		{0x0.0000000000002p-1022, "1e-323"},
		{0x1.0000000000000p-1022, "2.2250738585072014e-308"},
		{0x0.fffffffffffffp-1022, "2.225073858507201e-308"},
		{0x1.fffffffffffffp+1023, "1.7976931348623157e+308"},
		{-0x1.fffffffffffffp+1023, "-1.7976931348623157e+308"},
		{0x1.0000000000000p-44, "5.684341886080802e-14"},
		{0x1.0000000000000p-1022, "2.2250738585072014e-308"},
		{0x1.0000000000000p+53, "9007199254740992"},
		{0x1.0000000000001p+53, "9007199254740994"},
		/* The shorter ...010 and ...990 are ties, which read back as the even neighbour. */
		{0x1.0000000000007p+54, "18014398509482012"},
		{0x1.0000000000002p+54, "18014398509481990"},
		{0x1.0000000000000p+63, "9223372036854776000"},
		{0x1.0000000000000p+64, "18446744073709552000"},
		{0x1.0000000000000p+127, "1.7014118346046923e+38"},
		{0x1.fffffffffffffp+52, "9007199254740991"},
		{0x1.1666666666666p+2, "4.35"},
		{0x1.3333333333333p-2, "0.3"},
		{0x1.3333333333334p-2, "0.30000000000000004"},
		{0x1.c6bf526340002p+49, "1000000000000000.2"},
		{0x1.a36e2eb1c432dp-15, "0.00005"},
		{0x1.249ad2594c37dp+332, "1e+100"},
		{0x1.fe07017c01026p-21, "9.5e-7"},
		{0x0.0000000000003p-1022, "1.5e-323"},
		{0x1.c7e83209e90b2p+72, "8.41e+21"},
		{0x1.279a9c8073d8bp-100, "9.109e-31"},
		{0x1.055dc36f24000p+62, "4708356024711512000"},
		{0x1.052961c6f8000p+63, "9409340012568248000"},
		{0x1.3c0ca2a5b1d5dp+0, "1.2345678"},
		{0x1.0000000000000p-25, "2.9802322387695312e-8"},
		{0x1.12e0be8047a7dp+2, "4.294967294"},
		{-0x1.0000000000000p-8, "-0.00390625"},
		{0x1.3de005bd620dfp+216, "1.3076622631878654e+65"},
		{0x1.1de784a000000p+28, "299792458"},
		{0x1.fe185ca57c517p+78, "6.02214076e+23"},
		{0x1.91d67fecc8000p+70, "1.8531501765868567e+21"},
		{-0x1.4a1c85222906dp+111, "-3.347727380279489e+33"},
		{0x1.0000000000000p-25, "2.9802322387695312e-8"},
		{-0x1.2bd2668e077c4p+54, "-21098088986959630"},
	};

	for (size_t i = 0; i < COUNT(t); i++)
		is_str(double_text(t[i].d), t[i].want, t[i].want);
	is_str(double_text(0.0), "0", "zero");
	is_str(double_text(-0.0), "0", "negative zero");
	is_str(double_text((double)NAN), "null", "not a number");
	is_str(double_text(HUGE_VAL), "1.7976931348623157e+308", "infinity");
	is_str(double_text(-HUGE_VAL), "-1.7976931348623157e+308", "negative infinity");
}

/* The digits of a number's text without zeros at either end, point and exponent; how many. */
static int significant(const char *text, char digits[48])
{
	int n = 0;

	for (; *text && *text != 'e'; text++)
		if (*text >= '0' && *text <= '9' && (n || *text != '0'))
			digits[n++] = *text;
	while (n && digits[n - 1] == '0')
		n--;
	digits[n] = '\0';
	return n;
}

/*
 * Does the text read back as d, can no text with a digit less, and is it the closest of its
 * length? Where doubles lie evenly the nearest decimal of a length, which printf gives, reads
 * back if any does.
 */
static bool is_shortest(double d, const char *text)
{
	char ours[48], theirs[48], near[48];
	int n = significant(text, ours);

	snprintf(near, sizeof near, "%.*e", n - 1, d);
	significant(near, theirs);
	if (strtod(text, NULL) != d || (strtod(near, NULL) == d && strcmp(ours, theirs) != 0))
		return false;
	snprintf(near, sizeof near, "%.*e", n > 1 ? n - 2 : 0, d);
	return n == 1 || strtod(near, NULL) != d;
}

static void test_random_put_double(void)
{
	int wrong[4] = {0};

	for (int i = 0; i < 4000; i++) {
		double d = random_double();
		struct dec a, b;
		const char *text;
		uint64_t bits;

		if (i % 2)
			d = (double)(int64_t)random_bits() / (double)(1 + below(100000000));
		text = double_text(d);
		memcpy(&bits, &d, sizeof bits);
		wrong[0] += !same(num_double(text, strlen(text)), d + 0.0);
		if (bits << 12) /* not at a power of two, where doubles lie unevenly */
			wrong[1] += !is_shortest(d, text);
		if (dec_from_double(&a, d))
			wrong[2] += !dec_parse(&b, text, strlen(text)) || dec_cmp(a, b) != 0;
		else
			wrong[2] += dec_parse(&b, text, strlen(text));
	}
	for (int e = -1074; e <= 1023; e++) {
		double d = ldexp(1, e);
		const char *text = double_text(d);

		wrong[3] +=
			!same(num_double(text, strlen(text)), d) || !same(strtod(text, NULL), d);
	}
	ok(wrong[0] == 0, "4000 doubles as text and back");
	ok(wrong[1] == 0, "none can be shorter");
	ok(wrong[2] == 0, "their decimals are what is printed");
	ok(wrong[3] == 0, "every power of two");
}

static void test_from_double(void)
{
	static const struct {
		double d;
		const char *want;
	} t[] = {
		{0.1, "0.1"},
		{-0.0, "0"},
		{1e38, "100000000000000000000000000000000000000"},
		{1.7e38, "170000000000000000000000000000000000000"},
		{1.8e38, NULL},
		{-0x1p127, "-170141183460469230000000000000000000000"},
		{1e-38, "0.00000000000000000000000000000000000001"},
		{1.5e-38, NULL},
		{1e-39, NULL},
		{5e-324, NULL},
		{DBL_MAX, NULL},
		{0x1p53, "9007199254740992"},
		{9007199254740991.0, "9007199254740991"},
		{-9007199254740991.0, "-9007199254740991"},
		{1e21, "1000000000000000000000"},
		{HUGE_VAL, NULL},
		{-HUGE_VAL, NULL},
		{(double)NAN, NULL},
	};

	for (size_t i = 0; i < COUNT(t); i++) {
		struct dec r;

		if (dec_from_double(&r, t[i].d))
			is_str(text_of(r), t[i].want ? t[i].want : "(refused)",
			       "a double's decimal");
		else
			ok(!t[i].want, "%.17g has no decimal", t[i].d);
	}
}

/* --- Option values. --- */

/* Rows of texts that say the same: shown as the first. */
static void test_put_exact(void)
{
	static const char *const t[][4] = {
		{"0", "-0", "0e99", "0.000e-99999999"},
		{"1.5", "1.50", "15e-1", "0.0015E+3"},
		{"340282366920938463463374607431768211456",
		 "34028236692093846346337460743176821145600e-2",
		 "340282366920938463463374607431768211456.000"},
		{"-12345678901234567890123456789012345678901",
		 "-1234567890123456789012345678901234567890.1e1",
		 "-0.12345678901234567890123456789012345678901e41"},
		{"12345678901234567890123456789012345678901.0625",
		 "123456789012345678901234567890123456789010625e-4"},
		{"0.00000000000000000000012345678901234567891", "12345678901234567891e-41",
		 "123456789012345678910.0E-42"},
		{"0.0000000000000000000001234567890123456789", "1234567890123456789e-40"},
		{"1.234567890123456789e-23", "1234567890123456789e-41"},
		{"1e+40", "10000000000000000000000000000000000000000", "0.1e41"},
		{"1.7e+40", "17e39", "17000000000000000000000000000000000000000"},
		{"12345678901234567890123000000000000000000000", "12345678901234567890123e21"},
		{"1.2345678901234567890123e+44", "12345678901234567890123e22"},
		{"-1.8e+39", "-18e38"},
		{"1e-40", "0.0000000000000000000000000000000000000001"},
		{"1.2345e+999999999", "12345e999999995"},
	};

	for (size_t i = 0; i < COUNT(t); i++) {
		for (size_t k = 0; k < COUNT(t[i]) && t[i][k]; k++) {
			struct buf b = BUF_INIT;

			num_put_exact(&b, t[i][k], strlen(t[i][k]));
			is_str(buf_str(&b), t[i][0], t[i][k]);
			buf_free(&b);
		}
	}
}

static void test_int64(void)
{
	static const struct {
		const char *text;
		bool is;
		int64_t want;
	} t[] = {
		{"0", true, 0},
		{"-0", true, 0},
		{"+7", true, 7},
		{"007", true, 7},
		{"9223372036854775807", true, INT64_MAX},
		{"0000000000000000000009223372036854775807", true, INT64_MAX},
		{"9223372036854775808", false, 0},
		{"-9223372036854775808", true, INT64_MIN},
		{"-9223372036854775809", false, 0},
		{"92233720368547758070", false, 0},
		{"18446744073709551616", false, 0},
		{"", false, 0},
		{"-", false, 0},
		{"+", false, 0},
		{"+-1", false, 0},
		{" 1", false, 0},
		{"1 ", false, 0},
		{"1.0", false, 0},
		{"1e3", false, 0},
		{"0x10", false, 0},
	};

	for (size_t i = 0; i < COUNT(t); i++) {
		int64_t n = 0;

		ok(num_int64(t[i].text, &n) == t[i].is && n == t[i].want, "\"%s\" as 64 bits",
		   t[i].text);
	}
}

static void test_size(void)
{
	static const struct {
		const char *text;
		bool is;
		uint64_t want;
	} t[] = {
		{"0", true, 0},
		{"1", true, 1},
		{"64k", true, 65536},
		{"64K", true, 65536},
		{"64KiB", true, 65536},
		{"1M", true, 1048576},
		{"1MiB", true, 1048576},
		{"3G", true, UINT64_C(3221225472)},
		{"3GiB", true, UINT64_C(3221225472)},
		{"2T", true, UINT64_C(2199023255552)},
		{"2TiB", true, UINT64_C(2199023255552)},
		{"18446744073709551615", true, UINT64_MAX},
		{"18446744073709551616", false, 0},
		{"18014398509481983k", true, UINT64_C(18446744073709550592)},
		{"18014398509481984k", false, 0},
		{"16777215T", true, UINT64_C(18446742974197923840)},
		{"16777216T", false, 0},
		{"", false, 0},
		{"k", false, 0},
		{"-1", false, 0},
		{"+1", false, 0},
		{"1.5M", false, 0},
		{"1 M", false, 0},
		{"1KB", false, 0},
		{"1Ki", false, 0},
		{"1B", false, 0},
		{"1iB", false, 0},
		{"1MM", false, 0},
		{"1MiBs", false, 0},
		{"1m", false, 0},
	};

	for (size_t i = 0; i < COUNT(t); i++) {
		uint64_t n = 0;

		ok(num_size(t[i].text, &n) == t[i].is && n == t[i].want, "\"%s\" as bytes",
		   t[i].text);
	}
}

int main(void)
{
	test_is_json();
	test_parse();
	test_is_int();
	test_arithmetic();
	test_random_arithmetic();
	test_cmp();
	test_div();
	test_random_doubles();
	test_cmp_double();
	test_double();
	test_random_texts();
	test_put_double();
	test_random_put_double();
	test_from_double();
	test_put_exact();
	test_int64();
	test_size();
	return done_testing();
}
