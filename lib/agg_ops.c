#include "agg_impl.h"

struct count { /* count */
	_Alignas(16) uint64_t n;
};

struct verdict { /* any all */
	_Alignas(16) bool seen;
	bool holds;
};

static void zero_init(void *state, const struct agg *a)
{
	memset(state, 0, a->op->size);
}

static void count_add(void *state, const struct agg *a, const struct val v[], uint64_t seq)
{
	struct count *c = state;

	(void)seq;
	if (a->nargs == 0 || v[0].type != VAL_NULL)
		c->n++;
}

static void count_take(void *state, const struct agg *a, const struct val v[])
{
	struct count *c = state;

	if (a->nargs == 0 || v[0].type != VAL_NULL)
		c->n--;
}

static void count_add_smalls(const struct agg *a, void *const states[], const struct small v[],
			     size_t n, uint64_t seq)
{
	(void)seq;
	for (size_t i = 0; i < n; i++) {
		struct count *c = agg_state(a, states[i]);

		c->n += !v || !v[i].null;
	}
}

static void count_merge(void *state, const struct agg *a, const void *from)
{
	struct count *c = state;
	const struct count *f = from;

	(void)a;
	c->n += f->n;
}

static void count_emit(const void *state, const struct agg *a, struct val *out, struct buf *scratch)
{
	const struct count *c = state;

	(void)a;
	(void)scratch;
	*out = (struct val){.type = VAL_DEC, .dec = {(__int128)c->n, 0}};
}

/* any is the greatest of the truths seen, all the least. */
static void verdict_take(struct verdict *d, const struct agg *a, bool truth)
{
	bool decides = a->op->sign > 0;

	if (!d->seen || truth == decides)
		d->holds = truth;
	d->seen = true;
}

static void verdict_add(void *state, const struct agg *a, const struct val v[], uint64_t seq)
{
	(void)seq;
	if (v[0].type != VAL_NULL)
		verdict_take(state, a, val_truthy(&v[0]));
}

static void verdict_merge(void *state, const struct agg *a, const void *from)
{
	const struct verdict *f = from;

	if (f->seen)
		verdict_take(state, a, f->holds);
}

static void verdict_emit(const void *state, const struct agg *a, struct val *out,
			 struct buf *scratch)
{
	const struct verdict *d = state;

	(void)a;
	(void)scratch;
	out->type = !d->seen ? VAL_NULL : d->holds ? VAL_TRUE : VAL_FALSE;
}

/* clang-format off */

/* In the order in which help shows them. */
const struct agg_op agg_ops[] = {
	{"count", "[(E)]", "records; records where E is not null", 0, 1, {AGG_ANY},
	 .size = sizeof(struct count), .init = zero_init, .add = count_add,
	 .take = count_take,
	 .add_smalls = count_add_smalls, .merge = count_merge,
	 .emit = count_emit},
	{"sum", "(E)", "the exact sum", 1, 1, {AGG_NUMBER},
	 .size = sizeof(struct agg_sum), .init = zero_init, .add = agg_sum_add,
	 .take = agg_sum_take,
	 .add_smalls = agg_sum_add_smalls,
	 .merge = agg_sum_merge, .emit = agg_sum_emit, .free = agg_sum_free, .codec = &agg_sum_codec,
	 .inexact = agg_sum_inexact},
	{"avg", "(E)", "the exact sum by the count, rounded once", 1, 1, {AGG_NUMBER},
	 .size = sizeof(struct agg_sum), .init = zero_init, .add = agg_sum_add,
	 .take = agg_sum_take,
	 .add_smalls = agg_sum_add_smalls,
	 .merge = agg_sum_merge, .emit = agg_avg_emit, .free = agg_sum_free, .codec = &agg_sum_codec,
	 .inexact = agg_sum_inexact},
	{"min", "(E)", "the least number or text", 1, 1, {AGG_SCALAR},
	 .size = sizeof(struct agg_kept), .init = zero_init, .add = agg_best_add,
	 .add_smalls = agg_best_add_smalls,
	 .merge = agg_best_merge, .emit = agg_kept_emit, .free = agg_kept_free, .codec = &agg_kept_codec,
	 .inexact = agg_kept_inexact, .sign = -1},
	{"max", "(E)", "the greatest number or text", 1, 1, {AGG_SCALAR},
	 .size = sizeof(struct agg_kept), .init = zero_init, .add = agg_best_add,
	 .add_smalls = agg_best_add_smalls,
	 .merge = agg_best_merge, .emit = agg_kept_emit, .free = agg_kept_free, .codec = &agg_kept_codec,
	 .inexact = agg_kept_inexact, .sign = 1},
	{"var", "(E)", "the variance of a sample", 1, 1, {AGG_NUMBER},
	 .size = sizeof(struct agg_moments), .init = zero_init, .add = agg_moments_add,
	 .merge = agg_moments_merge, .emit = agg_var_emit, .codec = &agg_moments_codec, .ordered = true},
	{"stddev", "(E)", "the standard deviation of a sample", 1, 1, {AGG_NUMBER},
	 .size = sizeof(struct agg_moments), .init = zero_init, .add = agg_moments_add,
	 .merge = agg_moments_merge, .emit = agg_stddev_emit, .codec = &agg_moments_codec, .ordered = true},
	{"var_pop", "(E)", "the variance of a population", 1, 1, {AGG_NUMBER},
	 .size = sizeof(struct agg_moments), .init = zero_init, .add = agg_moments_add,
	 .merge = agg_moments_merge, .emit = agg_var_pop_emit, .codec = &agg_moments_codec, .ordered = true},
	{"stddev_pop", "(E)", "the standard deviation of a population", 1, 1, {AGG_NUMBER},
	 .size = sizeof(struct agg_moments), .init = zero_init, .add = agg_moments_add,
	 .merge = agg_moments_merge, .emit = agg_stddev_pop_emit, .codec = &agg_moments_codec, .ordered = true},
	{"skewness", "(E)", "the skewness of a population", 1, 1, {AGG_NUMBER},
	 .size = sizeof(struct agg_shape), .init = zero_init, .add = agg_shape_add,
	 .merge = agg_shape_merge, .emit = agg_skewness_emit, .codec = &agg_shape_codec, .ordered = true},
	{"kurtosis", "(E)", "the excess kurtosis of a population", 1, 1, {AGG_NUMBER},
	 .size = sizeof(struct agg_shape), .init = zero_init, .add = agg_shape_add,
	 .merge = agg_shape_merge, .emit = agg_kurtosis_emit, .codec = &agg_shape_codec, .ordered = true},
	{"median", "(E)", "the middle number, exact", 1, 1, {AGG_NUMBER},
	 .size = sizeof(struct agg_sample), .init = zero_init, .add = agg_sample_add,
	 .merge = agg_sample_merge, .emit = agg_median_emit, .free = agg_sample_free, .codec = &agg_sample_codec,
	 .inexact = agg_sample_inexact},
	{"pNN", "(E)", "a percentile, exact: p50, p95, p99.9 ...", 1, 1, {AGG_NUMBER},
	 .size = sizeof(struct agg_sample), .init = zero_init, .add = agg_sample_add,
	 .merge = agg_sample_merge, .emit = agg_percentile_emit, .free = agg_sample_free, .codec = &agg_sample_codec,
	 .inexact = agg_sample_inexact, .named = agg_percentile_named},
	{"approx_pNN", "(E)", "a percentile within 1 %, in little memory", 1, 1, {AGG_NUMBER},
	 .size = sizeof(struct agg_buckets), .init = zero_init, .add = agg_buckets_add,
	 .merge = agg_buckets_merge, .emit = agg_approx_percentile_emit, .free = agg_buckets_free, .codec = &agg_buckets_codec,
	 .named = agg_approx_percentile_named},
	{"distinct", "(E)", "how many different values", 1, 1, {AGG_ANY},
	 .size = sizeof(struct agg_set), .init = zero_init, .add = agg_set_add,
	 .merge = agg_set_merge, .emit = agg_distinct_emit, .free = agg_set_free, .codec = &agg_set_codec, .by_key = true},
	{"approx_distinct", "(E)", "about how many different values", 1, 1, {AGG_ANY},
	 .size = sizeof(struct agg_hashes), .init = zero_init, .add = agg_hashes_add,
	 .merge = agg_hashes_merge, .emit = agg_approx_distinct_emit, .free = agg_hashes_free, .codec = &agg_hashes_codec,
	 .by_key = true},
	{"first", "(E)", "the first value to arrive", 1, 1, {AGG_ANY},
	 .size = sizeof(struct agg_kept), .init = zero_init, .add = agg_end_add,
	 .merge = agg_end_merge, .emit = agg_kept_emit, .free = agg_kept_free, .codec = &agg_kept_codec,
	 .inexact = agg_kept_inexact, .sign = -1},
	{"last", "(E)", "the last value to arrive", 1, 1, {AGG_ANY},
	 .size = sizeof(struct agg_kept), .init = zero_init, .add = agg_end_add,
	 .merge = agg_end_merge, .emit = agg_kept_emit, .free = agg_kept_free, .codec = &agg_kept_codec,
	 .inexact = agg_kept_inexact, .sign = 1},
	{"first_by", "(E; T)", "E at the least T", 2, 2, {AGG_ANY, AGG_SCALAR},
	 .size = sizeof(struct agg_pair), .init = zero_init, .add = agg_pair_add,
	 .merge = agg_pair_merge, .emit = agg_pair_emit, .free = agg_pair_free, .codec = &agg_pair_codec,
	 .inexact = agg_pair_inexact, .sign = -1},
	{"last_by", "(E; T)", "E at the greatest T", 2, 2, {AGG_ANY, AGG_SCALAR},
	 .size = sizeof(struct agg_pair), .init = zero_init, .add = agg_pair_add,
	 .merge = agg_pair_merge, .emit = agg_pair_emit, .free = agg_pair_free, .codec = &agg_pair_codec,
	 .inexact = agg_pair_inexact, .sign = 1},
	{"min_by", "(E; T)", "the same as first_by", 2, 2, {AGG_ANY, AGG_SCALAR},
	 .size = sizeof(struct agg_pair), .init = zero_init, .add = agg_pair_add,
	 .merge = agg_pair_merge, .emit = agg_pair_emit, .free = agg_pair_free, .codec = &agg_pair_codec,
	 .inexact = agg_pair_inexact, .sign = -1},
	{"max_by", "(E; T)", "the same as last_by", 2, 2, {AGG_ANY, AGG_SCALAR},
	 .size = sizeof(struct agg_pair), .init = zero_init, .add = agg_pair_add,
	 .merge = agg_pair_merge, .emit = agg_pair_emit, .free = agg_pair_free, .codec = &agg_pair_codec,
	 .inexact = agg_pair_inexact, .sign = 1},
	{"mode", "(E)", "the most frequent value", 1, 1, {AGG_ANY},
	 .size = sizeof(struct agg_mode), .init = zero_init, .add = agg_mode_add,
	 .merge = agg_mode_merge, .emit = agg_mode_emit, .free = agg_set_free, .codec = &agg_mode_codec, .by_key = true},
	{"collect", "(E)", "all values, as an array", 1, 1, {AGG_ANY},
	 .size = sizeof(struct agg_text), .init = zero_init, .add = agg_text_add,
	 .merge = agg_text_merge, .emit = agg_text_emit, .free = agg_text_free, .codec = &agg_text_codec, .ordered = true},
	{"collect_set", "(E)", "the different values, as an array", 1, 1, {AGG_ANY},
	 .size = sizeof(struct agg_set), .init = zero_init, .add = agg_set_add,
	 .merge = agg_set_merge, .emit = agg_collect_set_emit, .free = agg_set_free, .codec = &agg_set_codec, .by_key = true, .ordered = true},
	{"top", "(N; E)", "the N greatest values, as an array", 1, 1, {AGG_SCALAR},
	 .size = sizeof(struct agg_top), .init = zero_init, .add = agg_top_add,
	 .merge = agg_top_merge, .emit = agg_top_emit, .free = agg_top_free, .codec = &agg_top_codec,
	 .literal = agg_top_literal},
	{"top_by", "(N; E; T)", "E at the N greatest T, as an array", 2, 2, {AGG_ANY, AGG_SCALAR},
	 .size = sizeof(struct agg_top), .init = zero_init, .add = agg_top_add,
	 .merge = agg_top_merge, .emit = agg_top_emit, .free = agg_top_free, .codec = &agg_top_codec,
	 .literal = agg_top_literal},
	{"any", "(E)", "is any value true?", 1, 1, {AGG_ANY},
	 .size = sizeof(struct verdict), .init = zero_init, .add = verdict_add,
	 .merge = verdict_merge, .emit = verdict_emit, .sign = 1},
	{"all", "(E)", "are all values true?", 1, 1, {AGG_ANY},
	 .size = sizeof(struct verdict), .init = zero_init, .add = verdict_add,
	 .merge = verdict_merge, .emit = verdict_emit, .sign = -1},
};

/* clang-format on */

const size_t agg_ops_n = sizeof(agg_ops) / sizeof(agg_ops[0]);
