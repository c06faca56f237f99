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

/*
 * Is d not what the shortest text of its double says? Of decimals of 15 digits no two share a
 * double, so that each is its double's shortest text.
 */
static bool is_fine(struct dec d, double near)
{
	const int64_t limit = INT64_C(1000000000000000);
	struct dec back;

	if (d.v < limit && d.v > -limit)
		return false;
	return !dec_from_double(&back, near) || dec_cmp(back, d) != 0;
}

void agg_sample_add(void *state, const struct agg *a, const struct val v[], uint64_t seq)
{
	struct agg_sample *s = state;
	double near;

	(void)a;
	(void)seq;
	if (v[0].type == VAL_NULL)
		return;
	near = val_double(&v[0]);
	s->v = mem_grow(s->v, &s->cap, s->n + 1, sizeof(*s->v));
	s->v[s->n++] = near;
	s->rounded |= v[0].rounded;
	if (v[0].type == VAL_DEC && is_fine(v[0].dec, near)) {
		s->fine = mem_grow(s->fine, &s->fine_cap, s->nfine + 1, sizeof(*s->fine));
		s->fine[s->nfine++] = v[0].dec;
	}
}

void agg_sample_merge(void *state, const struct agg *a, const void *from)
{
	struct agg_sample *s = state;
	const struct agg_sample *f = from;

	(void)a;
	s->rounded |= f->rounded;
	if (f->n) {
		s->v = mem_grow(s->v, &s->cap, s->n + f->n, sizeof(*s->v));
		memcpy(s->v + s->n, f->v, f->n * sizeof(*s->v));
		s->n += f->n;
	}
	if (f->nfine) {
		s->fine = mem_grow(s->fine, &s->fine_cap, s->nfine + f->nfine, sizeof(*s->fine));
		memcpy(s->fine + s->nfine, f->fine, f->nfine * sizeof(*s->fine));
		s->nfine += f->nfine;
	}
}

bool agg_sample_inexact(const void *state)
{
	return ((const struct agg_sample *)state)->rounded;
}

void agg_sample_free(void *state)
{
	struct agg_sample *s = state;

	free(s->v);
	free(s->fine);
}

/*
 * Doubles as integers in the same order: the bits of a positive one rise with it, those of a
 * negative one fall.
 */
static uint64_t key_of(double d)
{
	const uint64_t sign = UINT64_C(1) << 63;
	uint64_t bits;

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

/* A value by its rank: the `rank`-th (from 0) of the `equal` values with this key. */
struct place {
	uint64_t key;
	size_t rank, equal;
};

static struct place place_few(const double *v, size_t n, size_t k)
{
	uint64_t sorted[FEW] = {0};
	size_t first = k, end = k + 1;

	for (size_t i = 0; i < n; i++) {
		uint64_t key = key_of(v[i]);
		size_t j = i;

		for (; j > 0 && sorted[j - 1] > key; j--)
			sorted[j] = sorted[j - 1];
		sorted[j] = key;
	}
	while (first > 0 && sorted[first - 1] == sorted[k])
		first--;
	while (end < n && sorted[end] == sorted[k])
		end++;
	return (struct place){sorted[k], k - first, end - first};
}

/*
 * Radix selection: counts the keys by their next digit among those that agree in the digits before,
 * and goes on with the digit in which rank k falls. No copy, nothing is moved, and the time is
 * linear in the worst case too.
 */
static struct place place_many(const double *v, size_t n, size_t k)
{
	struct place at = {0, k, n};
	uint64_t mask = 0;

	for (int shift = KEY_BITS - DIGIT_BITS; shift >= 0; shift -= DIGIT_BITS) {
		size_t counts[DIGITS] = {0}, digit = 0;

		for (size_t i = 0; i < n; i++) {
			uint64_t key = key_of(v[i]);

			if ((key & mask) == at.key)
				counts[key >> shift & (DIGITS - 1)]++;
		}
		while (at.rank >= counts[digit])
			at.rank -= counts[digit++];
		at.equal = counts[digit];
		at.key |= (uint64_t)digit << shift;
		mask |= (uint64_t)(DIGITS - 1) << shift;
	}
	return at;
}

/* The k-th least value, k from 0. */
static struct place place_at(const struct agg_sample *s, size_t k)
{
	return s->n <= FEW ? place_few(s->v, s->n, k) : place_many(s->v, s->n, k);
}

/* The value after this one, or the same when it is the greatest. */
static struct place place_after(const struct agg_sample *s, struct place at)
{
	struct place next = {UINT64_MAX, 0, 0}; /* a key that no number has */

	if (at.rank + 1 < at.equal)
		return (struct place){at.key, at.rank + 1, at.equal};
	for (size_t i = 0; i < s->n; i++) {
		uint64_t key = key_of(s->v[i]);

		if (key <= at.key || key > next.key)
			continue;
		next.equal = key < next.key ? 1 : next.equal + 1;
		next.key = key;
	}
	return next.equal ? next : at;
}

static int by_value(const void *a, const void *b)
{
	const struct dec *p = a, *q = b;

	return dec_cmp(*p, *q);
}

/* The fine decimals of this double, rising, in *found (NULL when there is none); how many. */
static size_t fine_of(const struct agg_sample *s, double near, struct dec **found)
{
	size_t n = 0, cap = 0;

	*found = NULL;
	for (size_t i = 0; i < s->nfine; i++) {
		if (dec_double(s->fine[i]) != near)
			continue;
		*found = mem_grow(*found, &cap, n + 1, sizeof(**found));
		(*found)[n++] = s->fine[i];
	}
	if (n)
		qsort(*found, n, sizeof(**found), by_value);
	return n;
}

static struct val decimal(struct dec d)
{
	return (struct val){.type = VAL_DEC, .dec = d};
}

/* As the decimal that its shortest text is, where there is one: so a double enters a sum too. */
static struct val shortest(double d)
{
	struct dec dec;

	if (dec_from_double(&dec, d))
		return decimal(dec);
	return (struct val){.type = VAL_DBL, .dbl = d};
}

static struct val value_at(const struct agg_sample *s, struct place at)
{
	double near = double_of(at.key);
	struct val v = shortest(near);
	struct dec *fine;
	size_t n = fine_of(s, near, &fine), less = 0, same = at.equal - n;

	while (less < n && val_cmp(&(struct val){.type = VAL_DEC, .dec = fine[less]}, &v) < 0)
		less++;
	if (at.rank < less)
		v = decimal(fine[at.rank]);
	else if (less < n && at.rank >= less + same)
		v = decimal(fine[at.rank - same]);
	free(fine);
	return v;
}

/* From the nearer end; the middle as the mean; a weighted sum only where the difference overflows. */
double agg_between(double low, double high, double part)
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

/* The same in decimals, exactly, where 128 bits do. */
static struct val between(const struct val *low, const struct val *high, struct dec part)
{
	struct dec d;

	if (part.v == 0)
		return *low;
	if (low->type == VAL_DEC && high->type == VAL_DEC && dec_sub(high->dec, low->dec, &d) &&
	    dec_mul(d, part, &d) && dec_add(low->dec, d, &d))
		return decimal(d);
	return shortest(agg_between(val_double(low), val_double(high), dec_double(part)));
}

uint64_t agg_quantile_rank(uint64_t n, struct dec p, struct dec *part)
{
	unsigned __int128 place = (unsigned __int128)(n - 1) * (unsigned __int128)p.v, one = 1;

	for (int i = 0; i < p.scale; i++)
		one *= 10;
	*part = (struct dec){(__int128)(place % one), p.scale};
	return (uint64_t)(place / one);
}

static struct val quantile(const struct agg_sample *s, struct dec p)
{
	struct dec part;
	struct place at = place_at(s, agg_quantile_rank(s->n, p, &part));
	struct val low = value_at(s, at), high = value_at(s, place_after(s, at));

	return between(&low, &high, part);
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
