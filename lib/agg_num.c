#include <stdlib.h>

#include "agg_impl.h"
#include "mem.h"

/* --- sum and avg --- */

static void go_wide(struct agg_sum *s)
{
	struct widesum *w = mem_zalloc(1, sizeof *w);

	widesum_add_dec(w, (struct dec){s->exact, s->scale});
	s->wide = w;
	s->is_wide = true;
}

/* False when the sum does not fit. */
static bool add_exactly(struct agg_sum *s, struct dec d)
{
	struct dec sum = {s->exact, s->scale};

	if (d.scale != sum.scale || __builtin_add_overflow(sum.v, d.v, &sum.v)) {
		sum.v = s->exact;
		if (!dec_add(sum, d, &sum))
			return false;
	}
	s->exact = sum.v;
	s->scale = (uint8_t)sum.scale;
	return true;
}

static void add_dec(struct agg_sum *s, struct dec d)
{
	if (!s->is_wide) {
		if (add_exactly(s, d))
			return;
		go_wide(s);
	}
	widesum_add_dec(s->wide, d);
}

/* A double is the shortest decimal that reads back the same. */
static void add_double(struct agg_sum *s, double x)
{
	struct dec d;

	if (dec_from_double(&d, x)) {
		add_dec(s, d);
		return;
	}
	if (!s->is_wide)
		go_wide(s);
	widesum_add_double(s->wide, x);
}

void agg_sum_add(void *state, const struct agg *a, const struct val v[], uint64_t seq)
{
	struct agg_sum *s = state;

	(void)a;
	(void)seq;
	if (v[0].type == VAL_NULL)
		return;
	s->n++;
	s->rounded |= v[0].rounded;
	if (v[0].type == VAL_DEC)
		add_dec(s, v[0].dec);
	else
		add_double(s, v[0].dbl);
}

void agg_sum_add_smalls(const struct agg *a, void *const states[], const struct small v[], size_t n,
			uint64_t seq)
{
	(void)seq;
	for (size_t i = 0; i < n; i++) {
		struct agg_sum *s = agg_state(a, states[i]);
		__int128 sum;

		if (v[i].null)
			continue;
		s->n++;
		if (s->is_wide || s->scale != v[i].scale ||
		    __builtin_add_overflow(s->exact, v[i].v, &sum))
			add_dec(s, (struct dec){v[i].v, v[i].scale});
		else
			s->exact = sum;
	}
}

/* Whoever was rounded stays so: what is left may be, too. */
void agg_sum_take(void *state, const struct agg *a, const struct val v[])
{
	struct agg_sum *s = state;
	struct dec minus;

	(void)a;
	if (v[0].type == VAL_NULL)
		return;
	s->n--;
	minus = v[0].dec;
	if (v[0].type != VAL_DEC) {
		add_double(s, -v[0].dbl);
	} else if (!__builtin_sub_overflow(0, v[0].dec.v, &minus.v)) {
		add_dec(s, minus);
	} else {
		if (!s->is_wide)
			go_wide(s);
		widesum_take_dec(s->wide, v[0].dec);
	}
}

void agg_sum_merge(void *state, const struct agg *a, const void *from)
{
	struct agg_sum *s = state;
	const struct agg_sum *f = from;

	(void)a;
	s->n += f->n;
	s->rounded |= f->rounded;
	if (!f->is_wide) {
		add_dec(s, (struct dec){f->exact, f->scale});
		return;
	}
	if (!s->is_wide)
		go_wide(s);
	widesum_merge(s->wide, f->wide);
}

static struct val number(double d)
{
	return (struct val){.type = VAL_DBL, .dbl = d};
}

void agg_sum_emit(const void *state, const struct agg *a, struct val *out, struct buf *scratch)
{
	const struct agg_sum *s = state;

	(void)a;
	(void)scratch;
	*out = (struct val){.type = VAL_DEC};
	if (s->n == 0)
		*out = val_null();
	else if (!s->is_wide)
		out->dec = (struct dec){s->exact, s->scale};
	else if (!widesum_dec(s->wide, &out->dec))
		*out = number(widesum_div(s->wide, 1));
}

void agg_avg_emit(const void *state, const struct agg *a, struct val *out, struct buf *scratch)
{
	const struct agg_sum *s = state;

	(void)a;
	(void)scratch;
	if (s->n == 0)
		*out = val_null();
	else if (s->is_wide)
		*out = number(widesum_div(s->wide, s->n));
	else
		*out = number(dec_div((struct dec){s->exact, s->scale}, s->n));
}

bool agg_sum_inexact(const void *state)
{
	const struct agg_sum *s = state;
	struct dec sum;

	return s->rounded || (s->is_wide && !widesum_dec(s->wide, &sum));
}

void agg_sum_free(void *state)
{
	struct agg_sum *s = state;

	if (s->is_wide)
		free(s->wide);
}
