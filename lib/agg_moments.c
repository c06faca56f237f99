/*
 * Moments: variance and kin, skewness, kurtosis.
 *
 * Updates that never subtract large sums from each other: B. P. Welford, "Note on a method for calculating corrected sums of
 * squares and products" (1962); merging: T. F. Chan et al., "Updating formulae and a pairwise algorithm for computing sample
 * variances" (1979); third and fourth powers: P. Pebay, "Formulas for robust, one-pass parallel computation of covariances
 * and arbitrary-order statistical moments" (2008). All of it about the first value, which is taken off each exactly: what
 * the values have in common, as times in nanoseconds do, costs no digits.
 */
#include <math.h>

#include "agg_impl.h"

/* --- Distances --- */

/* A value: a decimal, or a double. */
struct place {
	struct dec dec;
	double dbl;
	bool is_dbl;
};

/* d * 2^exp: two doubles may be farther from each other than the greatest is from 0. */
struct distance {
	double d;
	int exp;
};

static struct place place_of(const struct val *v)
{
	if (v->type == VAL_DEC)
		return (struct place){.dec = v->dec};
	return (struct place){.dbl = v->dbl, .is_dbl = true};
}

static struct place base_of(const struct agg_moments *m)
{
	if (m->is_dbl)
		return (struct place){.dbl = m->dbl, .is_dbl = true};
	return (struct place){.dec = {m->dec, m->scale}};
}

static void set_base(struct agg_moments *m, struct place p)
{
	m->is_dbl = p.is_dbl;
	if (p.is_dbl) {
		m->dbl = p.dbl;
	} else {
		m->dec = p.dec.v;
		m->scale = (uint8_t)p.dec.scale;
	}
}

/* As in sums, a double beside a decimal is the shortest one that reads back the same. */
static bool decimal(struct place p, struct dec *d)
{
	*d = p.dec;
	return !p.is_dbl || dec_from_double(d, p.dbl);
}

static double nearest(struct place p)
{
	return p.is_dbl ? p.dbl : dec_double(p.dec);
}

/* a - b, rounded once if both are doubles, or decimals that are not too far from each other. */
static struct distance between(struct place a, struct place b)
{
	struct dec x, y;
	double d;

	if (!(a.is_dbl && b.is_dbl) && decimal(a, &x) && decimal(b, &y) && dec_sub(x, y, &x))
		return (struct distance){dec_double(x), 0};
	d = nearest(a) - nearest(b);
	return isfinite(d) ? (struct distance){d, 0}
			   : (struct distance){nearest(a) / 4 - nearest(b) / 4, 2};
}

static struct distance distance_of(const struct agg_moments *m, const struct val *v)
{
	__int128 d;

	/* The common case, without the detour. */
	if (v->type == VAL_DEC && !m->is_dbl && v->dec.scale == m->scale &&
	    !__builtin_sub_overflow(v->dec.v, m->dec, &d))
		return (struct distance){dec_double((struct dec){d, m->scale}), 0};
	return between(place_of(v), base_of(m));
}

/* --- Units --- */

/* Within 2^+-EXP_PLAIN a distance needs no other unit than 1: its fourth power is far from the ends of the doubles. */
enum { EXP_PLAIN = 200 };

static int unit_of(struct distance x)
{
	int exp;

	frexp(x.d, &exp);
	exp += x.exp;
	return exp >= -EXP_PLAIN && exp <= EXP_PLAIN ? 0 : exp;
}

/* Distances other than 0 have been added, so the unit stands for something. */
static bool has_unit(const struct agg_moments *m)
{
	return m->m2 > 0;
}

/* Returns by how much that lowers the exponent of what is in that unit. */
static int set_unit(struct agg_moments *m, int exp)
{
	int fall = m->exp - exp;

	m->exp = exp;
	if (fall) {
		m->mean = ldexp(m->mean, fall);
		m->m2 = ldexp(m->m2, 2 * fall);
	}
	return fall;
}

static int greater(int a, int b)
{
	return a > b ? a : b;
}

/* The unit in which m, f (which may be NULL) and x all have room. */
static int common_unit(const struct agg_moments *m, const struct agg_moments *f, struct distance x)
{
	int exp = -AGG_EXP_MAX;

	if (has_unit(m))
		exp = greater(exp, m->exp);
	if (f && has_unit(f))
		exp = greater(exp, f->exp);
	if (x.d != 0)
		exp = greater(exp, unit_of(x));
	return exp == -AGG_EXP_MAX ? 0 : exp;
}

/* x in m's unit, which may have to be another one: *fall as set_unit has it. */
static double in_unit(struct agg_moments *m, struct distance x, int *fall)
{
	static const double most = 0x1p199, least = 0x1p-199;

	*fall = 0;
	if (m->exp == 0 && x.exp == 0 && fabs(x.d) < most && (fabs(x.d) > least || x.d == 0))
		return x.d;
	*fall = set_unit(m, common_unit(m, NULL, x));
	return ldexp(x.d, x.exp - m->exp);
}

/* --- var and kin --- */

void agg_moments_add(void *state, const struct agg *a, const struct val v[], uint64_t seq)
{
	struct agg_moments *m = state;
	double x, delta;
	int fall;

	(void)a;
	(void)seq;
	if (v[0].type == VAL_NULL)
		return;
	if (m->n == 0)
		set_base(m, place_of(&v[0]));
	x = in_unit(m, distance_of(m, &v[0]), &fall);
	delta = x - m->mean;
	m->mean += delta / (double)++m->n;
	m->m2 += delta * (x - m->mean);
}

/*
 * Brings m and *f, a copy, both of some values, to one unit; how far f's mean is from m's. *m_fall and *f_fall: as set_unit
 * has it.
 */
static double meet(struct agg_moments *m, struct agg_moments *f, int *m_fall, int *f_fall)
{
	struct distance bases = between(base_of(f), base_of(m));
	int exp = common_unit(m, f, bases);

	*m_fall = set_unit(m, exp);
	*f_fall = set_unit(f, exp);
	return ldexp(bases.d, bases.exp - exp) + (f->mean - m->mean);
}

void agg_moments_merge(void *state, const struct agg *a, const void *from)
{
	struct agg_moments *m = state, f = *(const struct agg_moments *)from;
	double n, delta, share;
	int m_fall, f_fall;

	(void)a;
	if (f.n == 0)
		return;
	if (m->n == 0) {
		*m = f;
		return;
	}
	delta = meet(m, &f, &m_fall, &f_fall);
	n = (double)(m->n + f.n);
	share = (double)f.n / n;
	m->m2 += f.m2 + delta * delta * (double)m->n * share;
	m->mean += delta * share;
	m->n += f.n;
}

static struct val number(double d)
{
	return (struct val){.type = VAL_DBL, .dbl = d};
}

/* The variance over n - without, null when that leaves nothing to divide by; or its root. */
static struct val variance(const struct agg_moments *m, uint64_t without, bool root)
{
	double square;

	if (m->n <= without)
		return val_null();
	square = m->m2 / (double)(m->n - without);
	return number(root ? ldexp(sqrt(square), m->exp) : ldexp(square, 2 * m->exp));
}

void agg_var_emit(const void *state, const struct agg *a, struct val *out, struct buf *scratch)
{
	(void)a;
	(void)scratch;
	*out = variance(state, 1, false);
}

void agg_stddev_emit(const void *state, const struct agg *a, struct val *out, struct buf *scratch)
{
	(void)a;
	(void)scratch;
	*out = variance(state, 1, true);
}

void agg_var_pop_emit(const void *state, const struct agg *a, struct val *out, struct buf *scratch)
{
	(void)a;
	(void)scratch;
	*out = variance(state, 0, false);
}

void agg_stddev_pop_emit(const void *state, const struct agg *a, struct val *out,
			 struct buf *scratch)
{
	(void)a;
	(void)scratch;
	*out = variance(state, 0, true);
}

/* --- skewness and kurtosis --- */

static void fall_by(struct agg_shape *s, int fall)
{
	if (!fall)
		return;
	s->m3 = ldexp(s->m3, 3 * fall);
	s->m4 = ldexp(s->m4, 4 * fall);
}

/* Adds f, of n values, whose mean is delta from that of s, in the same unit. */
static void join(struct agg_shape *s, const struct agg_shape *f, double delta)
{
	double p = (double)s->m.n, q = (double)f->m.n, n = p + q, d = delta / n, d2 = d * d;

	/* From the highest power down: each needs the lower ones as they were. */
	s->m4 += f->m4 + delta * d * d2 * p * q * (p * p - p * q + q * q) +
		 6 * d2 * (p * p * f->m.m2 + q * q * s->m.m2) + 4 * d * (p * f->m3 - q * s->m3);
	s->m3 += f->m3 + delta * d2 * p * q * (p - q) + 3 * d * (p * f->m.m2 - q * s->m.m2);
	s->m.m2 += f->m.m2 + delta * d * p * q;
	s->m.mean += d * q;
	s->m.n += f->m.n;
}

void agg_shape_add(void *state, const struct agg *a, const struct val v[], uint64_t seq)
{
	static const struct agg_shape one = {.m.n = 1};
	struct agg_shape *s = state;
	double x;
	int fall;

	(void)a;
	(void)seq;
	if (v[0].type == VAL_NULL)
		return;
	if (s->m.n == 0)
		set_base(&s->m, place_of(&v[0]));
	x = in_unit(&s->m, distance_of(&s->m, &v[0]), &fall);
	fall_by(s, fall);
	join(s, &one, x - s->m.mean);
}

void agg_shape_merge(void *state, const struct agg *a, const void *from)
{
	struct agg_shape *s = state, f = *(const struct agg_shape *)from;
	double delta;
	int s_fall, f_fall;

	(void)a;
	if (f.m.n == 0)
		return;
	if (s->m.n == 0) {
		*s = f;
		return;
	}
	delta = meet(&s->m, &f.m, &s_fall, &f_fall);
	fall_by(s, s_fall);
	fall_by(&f, f_fall);
	join(s, &f, delta);
}

/* m3 / n over sigma^3. Where all values are equal there is no shape: null. */
void agg_skewness_emit(const void *state, const struct agg *a, struct val *out, struct buf *scratch)
{
	const struct agg_shape *s = state;
	double n = (double)s->m.n, m2 = s->m.m2;

	(void)a;
	(void)scratch;
	*out = m2 == 0 ? val_null() : number(sqrt(n) * s->m3 / (m2 * sqrt(m2)));
}

/* m4 / n over sigma^4, less the 3 of the normal distribution. */
void agg_kurtosis_emit(const void *state, const struct agg *a, struct val *out, struct buf *scratch)
{
	const struct agg_shape *s = state;
	double n = (double)s->m.n, m2 = s->m.m2;

	(void)a;
	(void)scratch;
	*out = m2 == 0 ? val_null() : number(n * s->m4 / (m2 * m2) - 3);
}
