#include <math.h>
#include <stdlib.h>

#include "agg_impl.h"
#include "mem.h"

enum {
	FEW = 32,       /* so many values are sorted by insertion */
	DIGIT_BITS = 8, /* of a key, looked at in one pass */
	DIGITS = 1 << DIGIT_BITS,
	KEY_BITS = 64,
	NAME_DIGITS = 15, /* of NN in pNN: what a double surely gives back */
};

void agg_sample_add(void *state, const struct agg *a, const struct val v[], uint64_t seq)
{
	struct agg_sample *s = state;

	(void)a;
	(void)seq;
	if (v[0].type == VAL_NULL)
		return;
	s->v = mem_grow(s->v, &s->cap, s->n + 1, sizeof(*s->v));
	s->v[s->n++] = val_double(&v[0]);
}

void agg_sample_merge(void *state, const struct agg *a, const void *from)
{
	struct agg_sample *s = state;
	const struct agg_sample *f = from;

	(void)a;
	if (f->n == 0)
		return;
	s->v = mem_grow(s->v, &s->cap, s->n + f->n, sizeof(*s->v));
	memcpy(s->v + s->n, f->v, f->n * sizeof(*s->v));
	s->n += f->n;
}

void agg_sample_free(void *state)
{
	free(((struct agg_sample *)state)->v);
}

/*
 * Doubles as integers in the same order: the bits of a positive one rise with it, those of a
 * negative one fall. NaN is the least, as in jq.
 */
static uint64_t key_of(double d)
{
	const uint64_t sign = UINT64_C(1) << 63;
	uint64_t bits;

	if (isnan(d))
		return 0;
	memcpy(&bits, &d, sizeof(bits));
	return bits & sign ? ~bits : bits | sign;
}

static double double_of(uint64_t key)
{
	const uint64_t sign = UINT64_C(1) << 63;
	uint64_t bits = key & sign ? key & ~sign : ~key;
	double d;

	memcpy(&d, &bits, sizeof(d));
	return d;
}

/* The k-th least key (from 0) and the one after it, or the same when it is the greatest. */
struct neighbours {
	uint64_t at, next;
};

static struct neighbours select_few(const double *v, size_t n, size_t k)
{
	uint64_t sorted[FEW] = {0};

	for (size_t i = 0; i < n; i++) {
		uint64_t key = key_of(v[i]);
		size_t j = i;

		for (; j > 0 && sorted[j - 1] > key; j--)
			sorted[j] = sorted[j - 1];
		sorted[j] = key;
	}
	return (struct neighbours){sorted[k], sorted[k + 1 < n ? k + 1 : k]};
}

/* The least key above `key`; UINT64_MAX (which no number has) when there is none. */
static uint64_t least_above(const double *v, size_t n, uint64_t key)
{
	uint64_t least = UINT64_MAX;

	for (size_t i = 0; i < n; i++) {
		uint64_t other = key_of(v[i]);

		if (other > key && other < least)
			least = other;
	}
	return least;
}

/*
 * Radix selection: counts the keys by their next digit among those that agree in the digits before,
 * and goes on with the digit in which rank k falls. No copy, nothing is moved, and the time is
 * linear in the worst case too.
 */
static struct neighbours select_many(const double *v, size_t n, size_t k)
{
	uint64_t prefix = 0, mask = 0;
	size_t rank = k, equal = n;

	for (int shift = KEY_BITS - DIGIT_BITS; shift >= 0; shift -= DIGIT_BITS) {
		size_t counts[DIGITS] = {0}, digit = 0;

		for (size_t i = 0; i < n; i++) {
			uint64_t key = key_of(v[i]);

			if ((key & mask) == prefix)
				counts[key >> shift & (DIGITS - 1)]++;
		}
		while (rank >= counts[digit])
			rank -= counts[digit++];
		equal = counts[digit];
		prefix |= (uint64_t)digit << shift;
		mask |= (uint64_t)(DIGITS - 1) << shift;
	}
	return (struct neighbours){
		prefix, rank + 1 < equal || k + 1 == n ? prefix : least_above(v, n, prefix)};
}

/*
 * `part` of the way from low to high, never outside of them: from the nearer end; the middle as
 * their mean; as a weighted sum only where the difference would overflow.
 */
static double between(double low, double high, double part)
{
	double span = high - low;

	if (part == 0 || low == high)
		return low;
	if (part == 0.5)
		return isfinite(low + high) ? (low + high) / 2 : low / 2 + high / 2;
	if (!isfinite(span))
		return low * (1 - part) + high * part;
	return part < 0.5 ? low + span * part : high - span * (1 - part);
}

/*
 * The quantile p, R's type 7: between the two values around place (n - 1) * p, in proportion. The
 * place is computed in integers, so that p = 0.07 of 101 values is one of them.
 */
static struct val quantile(const struct agg_sample *s, struct dec p)
{
	unsigned __int128 place = (unsigned __int128)(s->n - 1) * (unsigned __int128)p.v, one = 1;
	struct neighbours by;
	double part;
	size_t k;

	for (int i = 0; i < p.scale; i++)
		one *= 10;
	k = (size_t)(place / one);
	part = (double)(place % one) / (double)one;

	by = s->n <= FEW ? select_few(s->v, s->n, k) : select_many(s->v, s->n, k);
	return (struct val){.type = VAL_DBL,
			    .dbl = between(double_of(by.at), double_of(by.next), part)};
}

void agg_median_emit(const void *state, const struct agg *a, struct val *out, struct buf *scratch)
{
	const struct agg_sample *s = state;

	(void)a;
	(void)scratch;
	*out = s->n ? quantile(s, (struct dec){5, 1}) : val_null();
}

void agg_percentile_emit(const void *state, const struct agg *a, struct val *out,
			 struct buf *scratch)
{
	const struct agg_sample *s = state;
	struct dec p;

	(void)scratch;
	/* The shortest decimal is the one that the name said. */
	if (s->n && dec_from_double(&p, a->param))
		*out = quantile(s, p);
	else
		*out = val_null();
}

bool agg_percentile_named(struct slice name, double *param)
{
	struct dec p;

	if (name.len < 2 || name.ptr[0] != 'p' || name.len > NAME_DIGITS + 1)
		return false;
	for (size_t i = 1; i < name.len; i++) {
		if (!strchr("0123456789.", name.ptr[i]))
			return false;
	}
	if (!dec_parse(&p, name.ptr + 1, name.len - 1) || dec_cmp(p, (struct dec){100, 0}) > 0)
		return false;
	p.scale += 2;
	*param = dec_double(p);
	return true;
}
