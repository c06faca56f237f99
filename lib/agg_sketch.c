/*
 * The approximate ones. Each state is a function of the values alone, whatever their order and
 * however they were merged; and there is nothing in it but integers, comparisons and, at the end,
 * the four operations, of which IEEE 754 leaves no bit open.
 */
#include <math.h>
#include <stdlib.h>

#include "agg_impl.h"
#include "hash.h"
#include "mem.h"

/*
 * --- approx_pNN: C. Masson, J. E. Rim, H. K. Lee, DDSketch (VLDB 2019) ---
 *
 * A bucket for all magnitudes from b to c is shown as 2bc / (b + c), which is off by (c - b) / (c +
 * b) of the value at most. The paper's buckets are bounded by the powers of 1.01 / 0.99; here each
 * power of two is cut in 35 at its 35th roots, in units of 2^-16 of it: at most 0.991 %. So there
 * is no logarithm whose last bit could put a value into another bucket here than there.
 */
enum {
	STEPS = 35,
	UNIT_BITS = 16,
	BUCKETS_MAX = 2047, /* with the one that is too many a power of two, as memory grows */
};

static const uint32_t bounds[STEPS + 1] = {
	0,     1311,  2648,  4012,  5403,  6822,  8269,  9745,  11251, 12787, 14353, 15951,
	17581, 19244, 20939, 22669, 24433, 26233, 28068, 29940, 31850, 33798, 35785, 37811,
	39879, 41987, 44138, 46331, 48569, 50851, 53179, 55554, 57975, 60446, 62966, 1 << UNIT_BITS,
};

/*
 * Below 2^-1061 a hundredth of a value may be less than the step to the next double: there each of
 * them, a multiple of 2^-1074, is a bucket by itself.
 */
enum {
	LEAST_EXP = -1074,
	FINE_EXP = -1061,
	FINE = 1 << (FINE_EXP - LEAST_EXP), /* so many of them, with 0 */
};

/* Buckets are numbered in the order of the values; 0 is that of 0, -n the mirror of n. */
static int32_t bucket_of(double d)
{
	double magnitude = fabs(d);
	uint32_t units;
	int exp, step;
	int32_t bucket;

	if (magnitude < ldexp(1, FINE_EXP)) {
		bucket = (int32_t)ldexp(magnitude, -LEAST_EXP);
	} else {
		/* 2^(exp - 1) * (1 + units / 2^16) */
		units = (uint32_t)ldexp(frexp(magnitude, &exp), UNIT_BITS + 1) - (1u << UNIT_BITS);
		step = (int)(units * STEPS >> UNIT_BITS); /* not above: 2^x is below its chord */
		while (units >= bounds[step + 1])
			step++;
		bucket = FINE + (exp - 1 - FINE_EXP) * STEPS + step;
	}
	return d < 0 ? -bucket : bucket;
}

static double bucket_value(int32_t bucket)
{
	int32_t n = abs(bucket), above = n - FINE;
	double low, high, magnitude;

	if (n < FINE) {
		magnitude = ldexp(n, LEAST_EXP);
	} else {
		low = (1 << UNIT_BITS) + bounds[above % STEPS];
		high = (1 << UNIT_BITS) + bounds[above % STEPS + 1];
		magnitude =
			ldexp(2 * low * high / (low + high), above / STEPS + FINE_EXP - UNIT_BITS);
	}
	return bucket < 0 ? -magnitude : magnitude;
}

static bool is_empty(const struct agg_buckets *s)
{
	return !s->n && !s->folded;
}

/* Counts the buckets up to this distance from 0 as 0, for good. */
static void fold(struct agg_buckets *s, int32_t reach)
{
	size_t kept = 0;

	s->reach = reach;
	for (size_t i = 0; i < s->n; i++) {
		if (abs(s->v[i].bucket) <= reach)
			s->folded += s->v[i].n;
		else
			s->v[kept++] = s->v[i];
	}
	s->n = kept;
}

static int32_t least_distance(const struct agg_buckets *s)
{
	int32_t least = abs(s->v[0].bucket);

	for (size_t i = 1; i < s->n; i++) {
		if (abs(s->v[i].bucket) < least)
			least = abs(s->v[i].bucket);
	}
	return least;
}

/*
 * What stays are the buckets farther from 0 than a reach, the least one that leaves BUCKETS_MAX:
 * it rises with the buckets seen, and those beyond it were all counted from their first value on.
 */
static void count_in(struct agg_buckets *s, int32_t bucket, uint64_t n)
{
	size_t at = 0, left = s->n;

	if (abs(bucket) <= s->reach) {
		s->folded += n;
		return;
	}
	while (left) {
		size_t half = left / 2;
		bool below = s->v[at + half].bucket < bucket;

		at = below ? at + half + 1 : at;
		left = below ? left - half - 1 : half;
	}
	if (at < s->n && s->v[at].bucket == bucket) {
		s->v[at].n += n;
		return;
	}
	s->v = mem_grow(s->v, &s->cap, s->n + 1, sizeof(*s->v));
	memmove(s->v + at + 1, s->v + at, (s->n - at) * sizeof(*s->v));
	s->v[at] = (struct agg_bucket){n, bucket};
	if (++s->n > BUCKETS_MAX)
		fold(s, least_distance(s));
}

static void widen(struct agg_buckets *s, double least, double greatest)
{
	if (is_empty(s) || least < s->least)
		s->least = least;
	if (is_empty(s) || greatest > s->greatest)
		s->greatest = greatest;
}

void agg_buckets_add(void *state, const struct agg *a, const struct val v[], uint64_t seq)
{
	double d;

	(void)a;
	(void)seq;
	if (v[0].type == VAL_NULL)
		return;
	d = val_double(&v[0]);
	widen(state, d, d);
	count_in(state, bucket_of(d), 1);
}

void agg_buckets_merge(void *state, const struct agg *a, const void *from)
{
	struct agg_buckets *s = state;
	const struct agg_buckets *f = from;

	(void)a;
	if (is_empty(f))
		return;
	widen(s, f->least, f->greatest);
	if (f->reach > s->reach)
		fold(s, f->reach);
	s->folded += f->folded;
	for (size_t i = 0; i < f->n; i++)
		count_in(s, f->v[i].bucket, f->v[i].n);
}

/* The bucket of the value with this rank, from 0. */
static int32_t bucket_at(const struct agg_buckets *s, uint64_t rank)
{
	bool zeros = false; /* passed */

	for (size_t i = 0; i < s->n; i++) {
		if (!zeros && s->v[i].bucket > 0) {
			if (rank < s->folded)
				return 0;
			rank -= s->folded;
			zeros = true;
		}
		if (rank < s->v[i].n)
			return s->v[i].bucket;
		rank -= s->v[i].n;
	}
	return 0;
}

/* The ends are known, and no value is outside of them. */
static double value_at(const struct agg_buckets *s, uint64_t n, uint64_t rank)
{
	if (rank == 0)
		return s->least;
	if (rank + 1 >= n)
		return s->greatest;
	return fmax(s->least, fmin(s->greatest, bucket_value(bucket_at(s, rank))));
}

static uint64_t count_all(const struct agg_buckets *s)
{
	uint64_t n = s->folded;

	for (size_t i = 0; i < s->n; i++)
		n += s->v[i].n;
	return n;
}

/* Between two values as pNN is: so it is as near to that as they are to theirs. */
void agg_approx_percentile_emit(const void *state, const struct agg *a, struct val *out,
				struct buf *scratch)
{
	const struct agg_buckets *s = state;
	uint64_t n = count_all(s), rank;
	struct dec p, part;
	double low, high;

	(void)scratch;
	*out = val_null();
	if (!n || !dec_from_double(&p, a->param))
		return;
	rank = agg_quantile_rank(n, p, &part);
	low = value_at(s, n, rank);
	high = value_at(s, n, rank + 1);
	*out = (struct val){.type = VAL_DBL, .dbl = agg_between(low, high, dec_double(part))};
}

void agg_buckets_free(void *state)
{
	free(((struct agg_buckets *)state)->v);
}

bool agg_approx_percentile_named(struct slice name, double *param)
{
	static const char prefix[] = "approx_";
	const size_t len = sizeof(prefix) - 1;

	return name.len > len && memcmp(name.ptr, prefix, len) == 0 &&
	       agg_percentile_named(slice_of(name.ptr + len, name.len - len), param);
}

/*
 * --- approx_distinct: P. Flajolet et al., HyperLogLog (2007), estimated by O. Ertl's improved
 * raw estimator (New cardinality estimation algorithms for HyperLogLog sketches, 2017) ---
 *
 * A register keeps the most zeros, and one, that hashes of its own began with, behind the bits that
 * choose it. The standard error is 1.04 / sqrt(registers), 1.6 %. As long as the hashes themselves
 * take no more room they are kept, and counted.
 */
enum {
	CHOICE_BITS = 12,
	REGISTERS = AGG_REGISTERS, /* 1 << CHOICE_BITS */
	REGISTER_MAX = 64 - CHOICE_BITS + 1,
	FEW_MAX = REGISTERS / sizeof(uint64_t),
};

/*
 * Results must not depend on the run: the seed is no secret, and who chooses the values could make
 * their hashes collide. Then the count is too low, and nothing worse.
 */
static uint64_t hash_of(const struct val *v)
{
	struct buf key = BUF_INIT;
	uint64_t hash;

	val_put_key(&key, v);
	hash = hash_bytes(hash_secret(0), key.data, key.len);
	buf_free(&key);
	return hash;
}

static void set_register(uint8_t *registers, uint64_t hash)
{
	uint64_t rest = hash << CHOICE_BITS | UINT64_C(1) << (CHOICE_BITS - 1); /* one at the end */
	uint8_t zeros = (uint8_t)(__builtin_clzll(rest) + 1);
	uint8_t *r = &registers[hash >> (64 - CHOICE_BITS)];

	if (*r < zeros)
		*r = zeros;
}

/* From hashes to registers. */
static void condense(struct agg_hashes *s)
{
	s->registers = mem_zalloc(REGISTERS, 1);
	for (size_t i = 0; i < s->n; i++)
		set_register(s->registers, s->few[i]);
	free(s->few);
	s->few = NULL;
	s->n = s->cap = 0;
}

static void take_hash(struct agg_hashes *s, uint64_t hash)
{
	size_t at = 0, left = s->n;

	while (left) {
		size_t half = left / 2;
		bool below = s->few[at + half] < hash;

		at = below ? at + half + 1 : at;
		left = below ? left - half - 1 : half;
	}
	if (at < s->n && s->few[at] == hash)
		return;
	if (s->n == FEW_MAX)
		condense(s);
	if (s->registers) {
		set_register(s->registers, hash);
		return;
	}
	s->few = mem_grow(s->few, &s->cap, s->n + 1, sizeof(*s->few));
	memmove(s->few + at + 1, s->few + at, (s->n - at) * sizeof(*s->few));
	s->few[at] = hash;
	s->n++;
}

void agg_hashes_add(void *state, const struct agg *a, const struct val v[], uint64_t seq)
{
	(void)a;
	(void)seq;
	if (v[0].type != VAL_NULL)
		take_hash(state, hash_of(&v[0]));
}

void agg_hashes_merge(void *state, const struct agg *a, const void *from)
{
	struct agg_hashes *s = state;
	const struct agg_hashes *f = from;

	(void)a;
	for (size_t i = 0; i < f->n; i++)
		take_hash(s, f->few[i]);
	if (!f->registers)
		return;
	if (!s->registers)
		condense(s);
	for (size_t i = 0; i < REGISTERS; i++) {
		if (s->registers[i] < f->registers[i])
			s->registers[i] = f->registers[i];
	}
}

/* x + x^2 + 2 x^4 + 4 x^8 + ..., 0 <= x < 1 */
static double sigma(double x)
{
	double sum = x, power = 1, before;

	do {
		x *= x;
		before = sum;
		sum += x * power;
		power += power;
	} while (sum != before);
	return sum;
}

/*
 * Some registers are not 0 any more. The estimator's other end, where they are full, is out of
 * sight with hashes of 64 bits.
 */
static double estimate(const uint8_t *registers)
{
	const double m = REGISTERS, ln2 = 0.693147180559945309417;
	unsigned counts[REGISTER_MAX + 1] = {0};
	double z = 0;

	for (size_t i = 0; i < REGISTERS; i++)
		counts[registers[i]]++;
	for (int k = REGISTER_MAX; k > 0; k--)
		z = (z + counts[k]) / 2;
	z += m * sigma(counts[0] / m);
	return m * m / (2 * ln2 * z);
}

void agg_approx_distinct_emit(const void *state, const struct agg *a, struct val *out,
			      struct buf *scratch)
{
	const struct agg_hashes *s = state;

	(void)a;
	(void)scratch;
	*out = val_int(s->registers ? llround(estimate(s->registers)) : (int64_t)s->n);
}

void agg_hashes_free(void *state)
{
	struct agg_hashes *s = state;

	free(s->few);
	free(s->registers);
}
