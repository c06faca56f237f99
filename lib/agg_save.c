/* States that point to something, as bytes. */
#include <stdlib.h>

#include "agg_impl.h"
#include "keytab.h"
#include "mem.h"

/* n items, copied. */
static void *load_items(struct unpack *in, size_t size, size_t *n, size_t *cap)
{
	struct slice bytes = unpack_bytes(in);
	void *v;

	*n = *cap = bytes.len / size;
	if (!*n)
		return NULL;
	v = mem_zalloc(*n, size);
	memcpy(v, bytes.ptr, *n * size);
	return v;
}

/* --- Kept values --- */

static bool has_bytes(const struct agg_kept *k)
{
	return k->type == VAL_STR || k->type == VAL_JSON;
}

static void save_kept(const struct agg_kept *k, struct buf *out)
{
	pack_bytes(out, k, sizeof *k);
	if (has_bytes(k))
		pack_bytes(out, k->str.ptr, k->str.len);
}

static void load_kept(struct agg_kept *k, struct unpack *in)
{
	struct slice bytes;

	if (!unpack_into(in, k, sizeof *k) || k->type > VAL_JSON) {
		in->bad = true;
		*k = (struct agg_kept){.type = VAL_NULL};
	}
	if (!has_bytes(k))
		return;
	bytes = unpack_bytes(in);
	k->str.ptr = mem_dup(bytes.ptr, bytes.len);
	k->str.len = bytes.len;
}

static void kept_save(const void *state, struct buf *out)
{
	save_kept(state, out);
}

static void kept_load(void *state, const struct agg *a, struct unpack *in)
{
	(void)a;
	load_kept(state, in);
}

const struct agg_codec agg_kept_codec = {kept_save, kept_load};

static void pair_save(const void *state, struct buf *out)
{
	const struct agg_pair *p = state;

	save_kept(&p->value, out);
	save_kept(&p->by, out);
}

static void pair_load(void *state, const struct agg *a, struct unpack *in)
{
	struct agg_pair *p = state;

	(void)a;
	load_kept(&p->value, in);
	load_kept(&p->by, in);
}

const struct agg_codec agg_pair_codec = {pair_save, pair_load};

static void top_save(const void *state, struct buf *out)
{
	const struct agg_top *t = state;

	pack_int(out, (int64_t)t->n);
	for (size_t i = 0; i < t->n; i++)
		pair_save(&t->v[i], out);
}

static void top_load(void *state, const struct agg *a, struct unpack *in)
{
	struct agg_top *t = state;

	t->n = t->cap = unpack_count(in, sizeof *t->v);
	t->v = t->n ? mem_zalloc(t->n, sizeof *t->v) : NULL;
	for (size_t i = 0; i < t->n; i++)
		pair_load(&t->v[i], a, in);
}

const struct agg_codec agg_top_codec = {top_save, top_load};

/* --- Numbers --- */

static void sum_save(const void *state, struct buf *out)
{
	const struct agg_sum *s = state;

	pack_int(out, (int64_t)s->n);
	pack_int(out, s->rounded);
	pack_int(out, s->is_wide);
	pack_int(out, s->scale);
	if (s->is_wide)
		pack_bytes(out, s->wide, sizeof *s->wide);
	else
		pack_bytes(out, &s->exact, sizeof s->exact);
}

static void sum_load(void *state, const struct agg *a, struct unpack *in)
{
	struct agg_sum *s = state;
	int64_t scale;

	(void)a;
	s->n = (uint64_t)unpack_int(in);
	s->rounded = unpack_int(in);
	s->is_wide = unpack_int(in);
	scale = unpack_int(in);
	in->bad |= scale < 0 || scale > DEC_SCALE_MAX;
	s->scale = in->bad ? 0 : (uint8_t)scale;
	if (!s->is_wide) {
		unpack_into(in, &s->exact, sizeof s->exact);
		return;
	}
	s->wide = mem_zalloc(1, sizeof *s->wide);
	in->bad |= unpack_into(in, s->wide, sizeof *s->wide) && !widesum_valid(s->wide);
}

const struct agg_codec agg_sum_codec = {sum_save, sum_load};

static bool are_moments(const struct agg_moments *m)
{
	return m->scale <= DEC_SCALE_MAX && m->exp >= -AGG_EXP_MAX && m->exp <= AGG_EXP_MAX;
}

static void moments_save(const void *state, struct buf *out)
{
	pack_bytes(out, state, sizeof(struct agg_moments));
}

static void moments_load(void *state, const struct agg *a, struct unpack *in)
{
	(void)a;
	in->bad |= unpack_into(in, state, sizeof(struct agg_moments)) && !are_moments(state);
}

const struct agg_codec agg_moments_codec = {moments_save, moments_load};

static void shape_save(const void *state, struct buf *out)
{
	pack_bytes(out, state, sizeof(struct agg_shape));
}

static void shape_load(void *state, const struct agg *a, struct unpack *in)
{
	struct agg_shape *s = state;

	(void)a;
	in->bad |= unpack_into(in, s, sizeof *s) && !are_moments(&s->m);
}

const struct agg_codec agg_shape_codec = {shape_save, shape_load};

static void sample_save(const void *state, struct buf *out)
{
	const struct agg_sample *s = state;

	pack_int(out, s->rounded);
	pack_bytes(out, s->v, s->n * sizeof *s->v);
	pack_bytes(out, s->fine, s->nfine * sizeof *s->fine);
}

static void sample_load(void *state, const struct agg *a, struct unpack *in)
{
	struct agg_sample *s = state;

	(void)a;
	s->rounded = unpack_int(in);
	s->v = load_items(in, sizeof *s->v, &s->n, &s->cap);
	s->fine = load_items(in, sizeof *s->fine, &s->nfine, &s->fine_cap);
}

const struct agg_codec agg_sample_codec = {sample_save, sample_load};

static void buckets_save(const void *state, struct buf *out)
{
	const struct agg_buckets *s = state;

	pack_bytes(out, s, sizeof *s);
	pack_bytes(out, s->v, s->n * sizeof *s->v);
}

static void buckets_load(void *state, const struct agg *a, struct unpack *in)
{
	struct agg_buckets *s = state;

	(void)a;
	unpack_into(in, s, sizeof *s);
	s->v = load_items(in, sizeof *s->v, &s->n, &s->cap);
}

const struct agg_codec agg_buckets_codec = {buckets_save, buckets_load};

static void hashes_save(const void *state, struct buf *out)
{
	const struct agg_hashes *s = state;

	pack_bytes(out, s->few, s->n * sizeof *s->few);
	pack_bytes(out, s->registers, s->registers ? AGG_REGISTERS : 0);
}

static void hashes_load(void *state, const struct agg *a, struct unpack *in)
{
	struct agg_hashes *s = state;
	size_t n, cap;

	(void)a;
	s->few = load_items(in, sizeof *s->few, &s->n, &s->cap);
	s->registers = load_items(in, 1, &n, &cap);
	in->bad |= n && n != AGG_REGISTERS;
}

const struct agg_codec agg_hashes_codec = {hashes_save, hashes_load};

/* --- Collections --- */

static void save_set(const struct agg_set *s, size_t slot_size, struct buf *out)
{
	size_t n = s->keys ? keytab_count(s->keys) : 0;

	pack_int(out, (int64_t)n);
	for (size_t i = 0; i < n; i++) {
		struct slice key = keytab_key(s->keys, i);

		pack_bytes(out, key.ptr, key.len);
		pack_bytes(out, keytab_slot(s->keys, i), slot_size);
	}
}

static void load_set(struct agg_set *s, const struct agg *a, size_t slot_size, struct unpack *in)
{
	size_t n = unpack_count(in, 2 * sizeof(int64_t));

	*s = (struct agg_set){.keys = n ? keytab_new(slot_size, a->seed) : NULL};
	for (size_t i = 0; i < n && !in->bad; i++) {
		void *slot = keytab_put(s->keys, unpack_bytes(in), NULL);

		unpack_into(in, slot, slot_size);
	}
}

static void set_save(const void *state, struct buf *out)
{
	save_set(state, 0, out);
}

static void set_load(void *state, const struct agg *a, struct unpack *in)
{
	load_set(state, a, 0, in);
}

const struct agg_codec agg_set_codec = {set_save, set_load};

static void mode_save(const void *state, struct buf *out)
{
	save_set(state, sizeof(struct agg_frequency), out);
}

static void mode_load(void *state, const struct agg *a, struct unpack *in)
{
	struct agg_mode *m = state;

	load_set(&m->set, a, sizeof(struct agg_frequency), in);
	m->most = 0;
	for (size_t i = 0; m->set.keys && i < keytab_count(m->set.keys); i++)
		agg_mode_note(m, i);
}

const struct agg_codec agg_mode_codec = {mode_save, mode_load};

static void text_save(const void *state, struct buf *out)
{
	const struct agg_text *t = state;

	pack_bytes(out, t->text.data, t->text.len);
}

static void text_load(void *state, const struct agg *a, struct unpack *in)
{
	struct agg_text *t = state;
	struct slice bytes = unpack_bytes(in);

	(void)a;
	t->text = (struct buf)BUF_INIT;
	if (bytes.len)
		buf_add(&t->text, bytes.ptr, bytes.len);
}

const struct agg_codec agg_text_codec = {text_save, text_load};

/* --- All states of a group --- */

void agg_save(const struct agglist *list, const void *states, struct buf *out)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct agg *a = &list->v[i];
		const void *state = (const char *)states + a->offset;

		if (a->op->codec)
			a->op->codec->save(state, out);
		else
			pack_bytes(out, state, a->op->size);
	}
}

bool agg_load(const struct agglist *list, void *states, struct unpack *in)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct agg *a = &list->v[i];

		if (a->op->codec)
			a->op->codec->load(agg_state(a, states), a, in);
		else
			unpack_into(in, agg_state(a, states), a->op->size);
	}
	return !in->bad;
}
