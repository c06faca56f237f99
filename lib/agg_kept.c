#include <stdlib.h>

#include "agg_impl.h"
#include "mem.h"

/* --- One kept value --- */

static bool has_bytes(unsigned type)
{
	return type == VAL_STR || type == VAL_JSON;
}

static struct val kept_val(const struct agg_kept *k)
{
	struct val v = {.type = (enum val_type)k->type, .rounded = k->rounded};

	if (v.type == VAL_DEC)
		v.dec = (struct dec){k->dec, k->scale};
	else if (v.type == VAL_DBL)
		v.dbl = k->dbl;
	else if (has_bytes(v.type))
		v.str = slice_of(k->str.ptr, k->str.len);
	return v;
}

static void kept_clear(struct agg_kept *k)
{
	if (has_bytes(k->type))
		free(k->str.ptr);
	k->type = VAL_NULL;
}

static void kept_set_bytes(struct agg_kept *k, struct slice bytes)
{
	char *room = has_bytes(k->type) ? k->str.ptr : NULL;

	if (!room || k->str.len != bytes.len)
		room = mem_resize(room, bytes.len, 1);
	if (bytes.len)
		memcpy(room, bytes.ptr, bytes.len);
	k->str.ptr = room;
	k->str.len = bytes.len;
}

static void kept_set(struct agg_kept *k, const struct val *v, uint64_t seq)
{
	if (has_bytes(v->type)) {
		kept_set_bytes(k, v->str);
	} else {
		kept_clear(k);
		if (v->type == VAL_DEC) {
			k->dec = v->dec.v;
			k->scale = (uint8_t)v->dec.scale;
		} else if (v->type == VAL_DBL) {
			k->dbl = v->dbl;
		}
	}
	k->type = (uint8_t)v->type;
	k->rounded = v->rounded;
	k->seq = seq;
}

static int kept_cmp(const struct agg_kept *k, const struct val *v)
{
	struct val kept;

	/* The common case, without the detour. */
	if (k->type == VAL_DEC && v->type == VAL_DEC && k->scale == v->dec.scale)
		return (k->dec > v->dec.v) - (k->dec < v->dec.v);
	kept = kept_val(k);
	return val_cmp(&kept, v);
}

/*
 * Does v go before what is kept, as the greater (sign 1) or the lesser (-1)? Of equals the first
 * seen does.
 */
static bool is_better(const struct agg_kept *k, int sign, const struct val *v, uint64_t seq)
{
	int cmp;

	if (k->type == VAL_NULL)
		return true;
	cmp = kept_cmp(k, v);
	if (cmp == 0)
		return seq < k->seq;
	return sign > 0 ? cmp < 0 : cmp > 0;
}

void agg_kept_emit(const void *state, const struct agg *a, struct val *out, struct buf *scratch)
{
	(void)a;
	(void)scratch;
	*out = kept_val(state);
}

bool agg_kept_inexact(const void *state)
{
	return ((const struct agg_kept *)state)->rounded;
}

void agg_kept_free(void *state)
{
	kept_clear(state);
}

/* --- min and max --- */

static void best_take(struct agg_kept *k, const struct agg *a, const struct val *v, uint64_t seq)
{
	if (v->type != VAL_NULL && is_better(k, a->op->sign, v, seq))
		kept_set(k, v, seq);
}

void agg_best_add(void *state, const struct agg *a, const struct val v[], uint64_t seq)
{
	best_take(state, a, &v[0], seq);
}

/* Most are no better; of equals the first seen, which is kept, goes before. */
static inline bool is_no_better(const struct agg_kept *k, int sign, const struct small *v)
{
	return k->type == VAL_DEC && k->scale == v->scale &&
	       (sign > 0 ? v->v <= k->dec : v->v >= k->dec);
}

static inline __attribute__((always_inline)) void add_best(const struct agg *a, void *const states[],
							   const struct small v[], size_t n,
							   uint64_t seq, int sign)
{
	for (size_t i = 0; i < n; i++) {
		struct agg_kept *k = agg_state(a, states[i]);

		if (!v[i].null && !is_no_better(k, sign, &v[i])) {
			struct val val = {.type = VAL_DEC, .dec = {v[i].v, v[i].scale}};

			best_take(k, a, &val, seq + i);
		}
	}
}

void agg_best_add_smalls(const struct agg *a, void *const states[], const struct small v[], size_t n,
			 uint64_t seq)
{
	if (a->op->sign > 0)
		add_best(a, states, v, n, seq, 1);
	else
		add_best(a, states, v, n, seq, -1);
}

void agg_best_merge(void *state, const struct agg *a, const void *from)
{
	const struct agg_kept *f = from;
	struct val v = kept_val(f);

	best_take(state, a, &v, f->seq);
}

/* --- first and last --- */

static void end_take(struct agg_kept *k, const struct agg *a, const struct val *v, uint64_t seq)
{
	if (v->type == VAL_NULL)
		return;
	if (k->type == VAL_NULL || (a->op->sign > 0 ? seq >= k->seq : seq < k->seq))
		kept_set(k, v, seq);
}

void agg_end_add(void *state, const struct agg *a, const struct val v[], uint64_t seq)
{
	end_take(state, a, &v[0], seq);
}

void agg_end_merge(void *state, const struct agg *a, const void *from)
{
	const struct agg_kept *f = from;
	struct val v = kept_val(f);

	end_take(state, a, &v, f->seq);
}

/* --- first_by, last_by, min_by, max_by --- */

static void pair_set(struct agg_pair *p, const struct val *value, const struct val *by,
		     uint64_t seq)
{
	kept_set(&p->by, by, seq);
	kept_set(&p->value, value, seq);
}

static void pair_take(struct agg_pair *p, const struct agg *a, const struct val *value,
		      const struct val *by, uint64_t seq)
{
	if (by->type == VAL_NULL || !is_better(&p->by, a->op->sign, by, seq))
		return;
	pair_set(p, value, by, seq);
}

void agg_pair_add(void *state, const struct agg *a, const struct val v[], uint64_t seq)
{
	pair_take(state, a, &v[0], &v[1], seq);
}

void agg_pair_merge(void *state, const struct agg *a, const void *from)
{
	const struct agg_pair *f = from;
	struct val value = kept_val(&f->value), by = kept_val(&f->by);

	pair_take(state, a, &value, &by, f->by.seq);
}

void agg_pair_emit(const void *state, const struct agg *a, struct val *out, struct buf *scratch)
{
	const struct agg_pair *p = state;

	(void)a;
	(void)scratch;
	*out = kept_val(&p->value);
}

bool agg_pair_inexact(const void *state)
{
	return ((const struct agg_pair *)state)->value.rounded;
}

void agg_pair_free(void *state)
{
	struct agg_pair *p = state;

	kept_clear(&p->value);
	kept_clear(&p->by);
}

/* --- top, top_by --- */

static bool goes_before(const struct agg_pair *a, const struct agg_pair *b)
{
	struct val v = kept_val(&a->by);

	return is_better(&b->by, 1, &v, a->by.seq);
}

static void swap(struct agg_pair *a, struct agg_pair *b)
{
	struct agg_pair was = *a;

	*a = *b;
	*b = was;
}

static void sift_up(struct agg_pair *v, size_t i)
{
	while (i > 0 && goes_before(&v[(i - 1) / 2], &v[i])) {
		swap(&v[(i - 1) / 2], &v[i]);
		i = (i - 1) / 2;
	}
}

static void sift_down(struct agg_pair *v, size_t n)
{
	size_t i = 0, worst = 0;

	do {
		i = worst;
		for (size_t child = 2 * i + 1; child < n && child <= 2 * i + 2; child++) {
			if (goes_before(&v[worst], &v[child]))
				worst = child;
		}
		swap(&v[i], &v[worst]);
	} while (worst != i);
}

static void top_take(struct agg_top *t, const struct agg *a, const struct val *value,
		     const struct val *by, uint64_t seq)
{
	if (by->type == VAL_NULL)
		return;
	if (t->n < (size_t)a->param) {
		t->v = mem_grow(t->v, &t->cap, t->n + 1, sizeof(*t->v));
		t->v[t->n] = (struct agg_pair){.by = {.type = VAL_NULL}};
		pair_set(&t->v[t->n], value, by, seq);
		sift_up(t->v, t->n++);
	} else if (is_better(&t->v[0].by, 1, by, seq)) {
		pair_set(&t->v[0], value, by, seq);
		sift_down(t->v, t->n);
	}
}

/* What top ranks is its result, and has no value beside it. */
void agg_top_add(void *state, const struct agg *a, const struct val v[], uint64_t seq)
{
	const struct val none = {.type = VAL_NULL};

	if (a->nargs == 2)
		top_take(state, a, &v[0], &v[1], seq);
	else
		top_take(state, a, &none, &v[0], seq);
}

void agg_top_merge(void *state, const struct agg *a, const void *from)
{
	const struct agg_top *f = from;

	for (size_t i = 0; i < f->n; i++) {
		struct val value = kept_val(&f->v[i].value), by = kept_val(&f->v[i].by);

		top_take(state, a, &value, &by, f->v[i].by.seq);
	}
}

static int best_first(const void *a, const void *b)
{
	const struct agg_pair *const *p = a, *const *q = b;

	return goes_before(*p, *q) ? -1 : goes_before(*q, *p);
}

void agg_top_emit(const void *state, const struct agg *a, struct val *out, struct buf *scratch)
{
	const struct agg_top *t = state;
	const struct agg_pair **sorted = mem_zalloc(t->n, sizeof(const struct agg_pair *));
	size_t start = scratch->len;

	for (size_t i = 0; i < t->n; i++)
		sorted[i] = &t->v[i];
	qsort(sorted, t->n, sizeof(const struct agg_pair *), best_first);

	buf_add_char(scratch, '[');
	for (size_t i = 0; i < t->n; i++) {
		struct val v = kept_val(a->nargs == 2 ? &sorted[i]->value : &sorted[i]->by);

		if (i > 0)
			buf_add_char(scratch, ',');
		val_put_json(scratch, &v);
	}
	buf_add_char(scratch, ']');
	*out = agg_json(scratch, start);
	free(sorted);
}

void agg_top_free(void *state)
{
	struct agg_top *t = state;

	for (size_t i = 0; i < t->n; i++)
		agg_pair_free(&t->v[i]);
	free(t->v);
}

bool agg_top_literal(struct slice text, double *param)
{
	struct dec d;
	int64_t n;

	if (!dec_parse(&d, text.ptr, text.len) || !dec_is_int(d, &n) || n < 1 || n > INT32_MAX)
		return false;
	*param = (double)n;
	return true;
}
