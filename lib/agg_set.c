#include <stdlib.h>

#include "agg_impl.h"
#include "keytab.h"

/* --- Sets: distinct, collect_set; and mode, a set that counts --- */

/* The number of a key in the set, which is made with its first key. */
static size_t set_put(struct agg_set *set, const struct agg *a, size_t slot_size, struct slice key)
{
	if (!set->keys)
		set->keys = keytab_new(slot_size, a->seed);
	return keytab_put_number(set->keys, key, NULL);
}

static struct slice set_key(struct agg_set *set, const struct val *v)
{
	buf_clear(&set->key);
	val_put_key(&set->key, v);
	return buf_slice(&set->key);
}

static size_t set_count(const struct agg_set *set)
{
	return set->keys ? keytab_count(set->keys) : 0;
}

static struct val set_val(const struct agg_set *set, size_t i)
{
	struct slice key = keytab_key(set->keys, i);
	struct val v = val_null();

	val_next_key(&key, &v);
	return v;
}

void agg_set_add(void *state, const struct agg *a, const struct val v[], uint64_t seq)
{
	struct agg_set *set = state;

	(void)seq;
	if (v[0].type != VAL_NULL)
		set_put(set, a, 0, set_key(set, &v[0]));
}

void agg_set_merge(void *state, const struct agg *a, const void *from)
{
	const struct agg_set *f = from;

	for (size_t i = 0; i < set_count(f); i++)
		set_put(state, a, 0, keytab_key(f->keys, i));
}

void agg_distinct_emit(const void *state, const struct agg *a, struct val *out, struct buf *scratch)
{
	(void)a;
	(void)scratch;
	*out = val_int((int64_t)set_count(state));
}

void agg_collect_set_emit(const void *state, const struct agg *a, struct val *out,
			  struct buf *scratch)
{
	size_t start = scratch->len;

	(void)a;
	buf_add_char(scratch, '[');
	for (size_t i = 0; i < set_count(state); i++) {
		struct val v = set_val(state, i);

		if (i > 0)
			buf_add_char(scratch, ',');
		val_put_json(scratch, &v);
	}
	buf_add_char(scratch, ']');
	*out = agg_json(scratch, start);
}

void agg_set_free(void *state)
{
	struct agg_set *set = state;

	keytab_free(set->keys);
	buf_free(&set->key);
}

static struct agg_frequency *frequency(const struct agg_mode *m, size_t i)
{
	return keytab_slot(m->set.keys, i);
}

/* Of equally frequent ones the first to arrive, in whatever order parts were merged. */
void agg_mode_note(struct agg_mode *m, size_t i)
{
	const struct agg_frequency *f = frequency(m, i), *most = frequency(m, m->most);

	if (f->n > most->n || (f->n == most->n && f->first < most->first))
		m->most = i;
}

static void count_more(struct agg_mode *m, const struct agg *a, struct slice key,
		       const struct agg_frequency *more)
{
	size_t i = set_put(&m->set, a, sizeof *more, key);
	struct agg_frequency *f = frequency(m, i);

	if (f->n == 0 || more->first < f->first)
		f->first = more->first;
	f->n += more->n;
	agg_mode_note(m, i);
}

void agg_mode_add(void *state, const struct agg *a, const struct val v[], uint64_t seq)
{
	struct agg_mode *m = state;

	if (v[0].type != VAL_NULL)
		count_more(m, a, set_key(&m->set, &v[0]), &(struct agg_frequency){1, seq});
}

void agg_mode_merge(void *state, const struct agg *a, const void *from)
{
	const struct agg_mode *f = from;

	for (size_t i = 0; i < set_count(&f->set); i++)
		count_more(state, a, keytab_key(f->set.keys, i), frequency(f, i));
}

void agg_mode_emit(const void *state, const struct agg *a, struct val *out, struct buf *scratch)
{
	const struct agg_mode *m = state;

	(void)a;
	(void)scratch;
	*out = set_count(&m->set) ? set_val(&m->set, m->most) : val_null();
}

/* --- collect --- */

void agg_text_add(void *state, const struct agg *a, const struct val v[], uint64_t seq)
{
	struct buf *text = &((struct agg_text *)state)->text;

	(void)a;
	(void)seq;
	if (v[0].type == VAL_NULL)
		return;
	if (text->len)
		buf_add_char(text, ',');
	val_put_json(text, &v[0]);
}

void agg_text_merge(void *state, const struct agg *a, const void *from)
{
	struct buf *text = &((struct agg_text *)state)->text;
	const struct buf *more = &((const struct agg_text *)from)->text;

	(void)a;
	if (more->len == 0)
		return;
	if (text->len)
		buf_add_char(text, ',');
	buf_add(text, more->data, more->len);
}

void agg_text_emit(const void *state, const struct agg *a, struct val *out, struct buf *scratch)
{
	const struct buf *text = &((const struct agg_text *)state)->text;
	size_t start = scratch->len;

	(void)a;
	buf_add_char(scratch, '[');
	if (text->len)
		buf_add(scratch, text->data, text->len);
	buf_add_char(scratch, ']');
	*out = agg_json(scratch, start);
}

void agg_text_free(void *state)
{
	buf_free(&((struct agg_text *)state)->text);
}
