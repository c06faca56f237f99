/*
 * agg_impl: the states behind agg.h's table and the functions that its rows name. For the agg_*.c
 * files alone.
 *
 * Every state begins as zero bytes, is a multiple of 16 bytes long and aligned so. add skips nulls;
 * merge copies what `from` points to.
 */
#ifndef KPIPE_AGG_IMPL_H
#define KPIPE_AGG_IMPL_H

#include "agg.h"
#include "widesum.h"

struct keytab;

extern const struct agg_op agg_ops[];
extern const size_t agg_ops_n;

/* The operation that `name` stands for in a SPEC, NULL when there is none. */
const struct agg_op *agg_op_named(struct slice name, double *param);

void agg_clear(struct agg *a); /* frees what it points to */

/* The array that is the end of scratch, from `start` on. */
static inline struct val agg_json(const struct buf *scratch, size_t start)
{
	return (struct val){.type = VAL_JSON, .str = {scratch->data + start, scratch->len - start}};
}

/* A's state in a group's. */
static inline void *agg_state(const struct agg *a, void *states)
{
	return (char *)states + a->offset;
}

/* --- agg_save.c: states as bytes --- */

struct agg_codec {
	void (*save)(const void *state, struct buf *out);
	void (*load)(void *state, const struct agg *a, struct unpack *in); /* into an initialised one */
};

extern const struct agg_codec agg_sum_codec, agg_moments_codec, agg_shape_codec, agg_kept_codec,
	agg_pair_codec, agg_top_codec, agg_sample_codec, agg_buckets_codec, agg_hashes_codec,
	agg_set_codec, agg_mode_codec, agg_text_codec;

/* --- agg_num.c: sums --- */

struct agg_sum { /* sum avg */
	union {
		__int128 exact;       /* / 10^scale */
		struct widesum *wide; /* once a value or the sum did not fit that */
	};
	uint64_t n; /* values added */
	uint8_t scale;
	bool is_wide;
	bool rounded; /* one of the values was */
};

void agg_sum_add(void *state, const struct agg *a, const struct val v[], uint64_t seq);
void agg_sum_add_smalls(const struct agg *a, void *const states[], const struct small v[], size_t n,
			uint64_t seq);
void agg_sum_take(void *state, const struct agg *a, const struct val v[]);
void agg_sum_merge(void *state, const struct agg *a, const void *from);
void agg_sum_emit(const void *state, const struct agg *a, struct val *out, struct buf *scratch);
void agg_avg_emit(const void *state, const struct agg *a, struct val *out, struct buf *scratch);
bool agg_sum_inexact(const void *state);
void agg_sum_free(void *state);

/* --- agg_moments.c --- */

enum { AGG_EXP_MAX = 1100 }; /* of the greatest double 1024, of the least -1073 */

/*
 * Of the distances of the values from one of them, the base, which are exact before they are rounded: their mean, and the
 * sums of the powers of what is left of each without that, mK = sum (distance - mean)^K. All in units of 2^exp, so that no
 * power is beyond the doubles.
 */
struct agg_moments { /* var stddev var_pop stddev_pop */
	union {
		__int128 dec; /* the base, / 10^scale */
		double dbl;   /* or a double */
	};
	uint64_t n; /* values; of none all is 0 */
	double mean, m2;
	int32_t exp;
	uint8_t scale;
	bool is_dbl;
};

struct agg_shape { /* skewness kurtosis */
	struct agg_moments m;
	double m3, m4;
};

void agg_moments_add(void *state, const struct agg *a, const struct val v[], uint64_t seq);
void agg_moments_merge(void *state, const struct agg *a, const void *from);
void agg_var_emit(const void *state, const struct agg *a, struct val *out, struct buf *scratch);
void agg_stddev_emit(const void *state, const struct agg *a, struct val *out, struct buf *scratch);
void agg_var_pop_emit(const void *state, const struct agg *a, struct val *out, struct buf *scratch);
void agg_stddev_pop_emit(const void *state, const struct agg *a, struct val *out,
			 struct buf *scratch);

void agg_shape_add(void *state, const struct agg *a, const struct val v[], uint64_t seq);
void agg_shape_merge(void *state, const struct agg *a, const void *from);
void agg_skewness_emit(const void *state, const struct agg *a, struct val *out,
		       struct buf *scratch);
void agg_kurtosis_emit(const void *state, const struct agg *a, struct val *out,
		       struct buf *scratch);

/* --- agg_rank.c: percentiles --- */

/*
 * Every value as its double, in which it is ranked. A decimal that is not the shortest text of its
 * double (9007199254740993) is kept beside it, to be ranked among the values of that double.
 */
struct agg_sample { /* median pNN */
	_Alignas(16) double *v;
	struct dec *fine;
	size_t n, cap;
	size_t nfine, fine_cap;
	bool rounded; /* one of the values was */
};

void agg_sample_add(void *state, const struct agg *a, const struct val v[], uint64_t seq);
void agg_sample_merge(void *state, const struct agg *a, const void *from);
void agg_median_emit(const void *state, const struct agg *a, struct val *out, struct buf *scratch);
void agg_percentile_emit(const void *state, const struct agg *a, struct val *out,
			 struct buf *scratch);
bool agg_sample_inexact(const void *state);
void agg_sample_free(void *state);
bool agg_percentile_named(struct slice name, double *param);

/*
 * The quantile p of n values, R's type 7: `part` of the way from the value of this rank, from 0, to
 * the next. In integers, so that p = 0.07 of 101 values is one of them.
 */
uint64_t agg_quantile_rank(uint64_t n, struct dec p, struct dec *part);

/* `part` of the way from low to high, never outside of them. */
double agg_between(double low, double high, double part);

/* --- agg_kept.c: values picked from the input --- */

/* A value, its own copy. Of type VAL_NULL: none yet. */
struct agg_kept { /* min max first last */
	union {
		__int128 dec; /* / 10^scale */
		double dbl;
		struct {
			char *ptr;
			size_t len;
		} str;
	};
	uint64_t seq; /* of its record */
	uint8_t type; /* enum val_type */
	uint8_t scale;
	bool rounded;
};

struct agg_pair { /* min_by max_by first_by last_by */
	struct agg_kept value, by;
};

struct agg_top { /* top top_by: a heap of the best, the worst of them at v[0] */
	_Alignas(16) struct agg_pair *v;
	size_t n, cap;
};

void agg_best_add(void *state, const struct agg *a, const struct val v[], uint64_t seq);
void agg_best_add_smalls(const struct agg *a, void *const states[], const struct small v[],
			 size_t n, uint64_t seq);
void agg_best_merge(void *state, const struct agg *a, const void *from);
void agg_end_add(void *state, const struct agg *a, const struct val v[], uint64_t seq);
void agg_end_merge(void *state, const struct agg *a, const void *from);
void agg_kept_emit(const void *state, const struct agg *a, struct val *out, struct buf *scratch);
bool agg_kept_inexact(const void *state);
void agg_kept_free(void *state);

void agg_pair_add(void *state, const struct agg *a, const struct val v[], uint64_t seq);
void agg_pair_merge(void *state, const struct agg *a, const void *from);
void agg_pair_emit(const void *state, const struct agg *a, struct val *out, struct buf *scratch);
bool agg_pair_inexact(const void *state);
void agg_pair_free(void *state);

void agg_top_add(void *state, const struct agg *a, const struct val v[], uint64_t seq);
void agg_top_merge(void *state, const struct agg *a, const void *from);
void agg_top_emit(const void *state, const struct agg *a, struct val *out, struct buf *scratch);
void agg_top_free(void *state);
bool agg_top_literal(struct slice text, double *param);

/* --- agg_set.c: collections --- */

struct agg_set {                          /* distinct collect_set */
	_Alignas(16) struct keytab *keys; /* made with the first */
	struct buf key;
};

struct agg_mode {           /* mode */
	struct agg_set set; /* first; slots are agg_frequency */
	size_t most;        /* the number of the most frequent one, where there are any */
};

struct agg_frequency {
	uint64_t n;
	uint64_t first; /* seq of its first record */
};

struct agg_text {                     /* collect */
	_Alignas(16) struct buf text; /* the values as JSON, commas between */
};

void agg_set_add(void *state, const struct agg *a, const struct val v[], uint64_t seq);
void agg_set_merge(void *state, const struct agg *a, const void *from);
void agg_distinct_emit(const void *state, const struct agg *a, struct val *out,
		       struct buf *scratch);
void agg_collect_set_emit(const void *state, const struct agg *a, struct val *out,
			  struct buf *scratch);
void agg_set_free(void *state);

/* Number i is there, or there more often than before. */
void agg_mode_note(struct agg_mode *m, size_t i);
void agg_mode_add(void *state, const struct agg *a, const struct val v[], uint64_t seq);
void agg_mode_merge(void *state, const struct agg *a, const void *from);
void agg_mode_emit(const void *state, const struct agg *a, struct val *out, struct buf *scratch);

void agg_text_add(void *state, const struct agg *a, const struct val v[], uint64_t seq);
void agg_text_merge(void *state, const struct agg *a, const void *from);
void agg_text_emit(const void *state, const struct agg *a, struct val *out, struct buf *scratch);
void agg_text_free(void *state);

/* --- agg_sketch.c: approximations, in bounded memory --- */

struct agg_bucket {
	uint64_t n; /* values in it */
	int32_t bucket;
};

struct agg_buckets {                       /* approx_pNN */
	_Alignas(16) struct agg_bucket *v; /* rising */
	size_t n, cap;
	uint64_t folded; /* values that count as 0 */
	int32_t reach;   /* how far from 0 their buckets are */
	double least, greatest;
};

enum { AGG_REGISTERS = 4096 };

struct agg_hashes {                 /* approx_distinct */
	_Alignas(16) uint64_t *few; /* of the values, rising, without repetition */
	size_t n, cap;
	uint8_t *registers; /* instead, when they are many */
};

void agg_buckets_add(void *state, const struct agg *a, const struct val v[], uint64_t seq);
void agg_buckets_merge(void *state, const struct agg *a, const void *from);
void agg_buckets_free(void *state);
void agg_approx_percentile_emit(const void *state, const struct agg *a, struct val *out,
				struct buf *scratch);
bool agg_approx_percentile_named(struct slice name, double *param);

void agg_hashes_add(void *state, const struct agg *a, const struct val v[], uint64_t seq);
void agg_hashes_merge(void *state, const struct agg *a, const void *from);
void agg_hashes_free(void *state);
void agg_approx_distinct_emit(const void *state, const struct agg *a, struct val *out,
			      struct buf *scratch);

#endif
