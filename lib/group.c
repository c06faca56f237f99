#include "group.h"

#include <stdlib.h>

#include "keytab.h"
#include "mem.h"
#include "word.h"

/*
 * Cells that were keys lately, each at the place that its bytes give it: most are found with two comparisons.
 * What is not found here is looked up in the table.
 */
struct recent {
	uint64_t bytes
		[2]; /* of the cell: the first eight, and those behind them, or the last of more than sixteen */
	size_t len;
	const char *text; /* NULL: none */
	void *states;
};

enum { RECENT_BITS = 12 };

struct groups {
	const struct agglist *aggs;
	struct keytab *keys; /* slots: the states */
	uint8_t *marks;
	size_t marks_cap;
	struct recent *recent; /* 1 << RECENT_BITS; NULL until there are cells */
	struct buf key;
};

struct groups *groups_new(const struct agglist *aggs)
{
	struct groups *gs = mem_zalloc(1, sizeof(*gs));

	gs->aggs = aggs;
	gs->keys = keytab_new(aggs->size, aggs->seed);
	return gs;
}

void groups_free(struct groups *gs)
{
	if (!gs)
		return;
	for (size_t g = 0; g < groups_count(gs); g++)
		agg_free(gs->aggs, groups_states(gs, g));
	keytab_free(gs->keys);
	free(gs->marks);
	free(gs->recent);
	buf_free(&gs->key);
	free(gs);
}

size_t groups_put(struct groups *gs, struct slice key)
{
	bool made;
	size_t g = keytab_put_number(gs->keys, key, &made);

	if (made) {
		gs->marks = mem_grow(gs->marks, &gs->marks_cap, g + 1, sizeof(*gs->marks));
		gs->marks[g] = 0;
		agg_init(gs->aggs, groups_states(gs, g));
	}
	return g;
}

/* --- Cells as keys --- */

static inline void take_bytes(struct slice cell, uint64_t bytes[2])
{
	const char *p = cell.ptr;
	size_t n = cell.len;

	bytes[0] = word_load(p) & word_first(n);
	bytes[1] = 0;
	if (n > 16)
		bytes[1] = word_load(p + n - 8);
	else if (n > 8)
		bytes[1] = word_load(p + 8) & word_first(n - 8);
}

static inline size_t recent_place(const uint64_t bytes[2], size_t len)
{
	uint64_t mixed = bytes[0] ^ (bytes[1] << 23 | bytes[1] >> 41) ^ len;

	return mixed * UINT64_C(0x9e3779b97f4a7c15) >> (64 - RECENT_BITS);
}

static inline bool recent_is(const struct recent *r, const uint64_t bytes[2], struct slice cell)
{
	return r->bytes[0] == bytes[0] && r->bytes[1] == bytes[1] && r->len == cell.len &&
	       r->text && (cell.len <= 16 || memcmp(r->text, cell.ptr, cell.len) == 0);
}

/* Cells that are not among those: their keys, to be looked up together. */
struct missed {
	size_t n;
	struct slice keys[KEYTAB_PREFETCH];
	size_t rows[KEYTAB_PREFETCH];
};

/* The group of a missed cell, which is among the recent ones from then on. */
static void *look_up(struct groups *gs, struct slice cell, struct slice key)
{
	size_t g = groups_put(gs, key);
	uint64_t bytes[2];
	struct recent *r;

	take_bytes(cell, bytes);
	r = &gs->recent[recent_place(bytes, cell.len)];
	key = groups_key(gs, g);
	/* The cell's text is the end of its key, which does not move. */
	*r = (struct recent){
		{bytes[0], bytes[1]}, cell.len, key.ptr + key.len - cell.len, groups_states(gs, g)};
	return r->states;
}

static __attribute__((noinline)) void look_up_missed(struct groups *gs, struct missed *m,
						     const struct slice cells[], void *states[])
{
	size_t at = 0;

	buf_clear(&gs->key);
	for (size_t i = 0; i < m->n; i++) {
		val_put_text_key(&gs->key, cells[m->rows[i]]);
		m->keys[i].len = gs->key.len - at;
		at = gs->key.len;
	}
	for (size_t i = 0, start = 0; i < m->n; start += m->keys[i++].len)
		m->keys[i].ptr = gs->key.data + start;
	keytab_prefetch(gs->keys, m->keys, m->n);
	for (size_t i = 0; i < m->n; i++)
		states[m->rows[i]] = look_up(gs, cells[m->rows[i]], m->keys[i]);
	m->n = 0;
}

void groups_of_cells(struct groups *gs, const struct slice cells[], size_t n, void *states[])
{
	struct missed missed = {0};

	if (!gs->recent)
		gs->recent = mem_zalloc((size_t)1 << RECENT_BITS, sizeof *gs->recent);
	for (size_t i = 0; i < n; i++) {
		uint64_t bytes[2];
		const struct recent *r;

		take_bytes(cells[i], bytes);
		r = &gs->recent[recent_place(bytes, cells[i].len)];
		if (recent_is(r, bytes, cells[i])) {
			states[i] = r->states;
			continue;
		}
		missed.rows[missed.n++] = i;
		if (missed.n == KEYTAB_PREFETCH)
			look_up_missed(gs, &missed, cells, states);
	}
	look_up_missed(gs, &missed, cells, states);
}

size_t groups_count(const struct groups *gs)
{
	return keytab_count(gs->keys);
}

struct slice groups_key(const struct groups *gs, size_t g)
{
	return keytab_key(gs->keys, g);
}

void *groups_states(const struct groups *gs, size_t g)
{
	return keytab_slot(gs->keys, g);
}

void groups_merge(struct groups *gs, const struct groups *from, size_t to[])
{
	struct slice keys[KEYTAB_PREFETCH];
	size_t count = groups_count(from), n;

	for (size_t g = 0; g < count; g += n) {
		for (n = 0; n < KEYTAB_PREFETCH && g + n < count; n++)
			keys[n] = groups_key(from, g + n);
		keytab_prefetch(gs->keys, keys, n);
		for (size_t i = 0; i < n; i++) {
			size_t at = groups_put(gs, keys[i]);

			agg_merge(gs->aggs, groups_states(gs, at), groups_states(from, g + i));
			if (to)
				to[g + i] = at;
		}
	}
}

void groups_save(const struct groups *gs, struct buf *out)
{
	size_t n = groups_count(gs);

	pack_int(out, (int64_t)n);
	for (size_t g = 0; g < n; g++) {
		struct slice key = groups_key(gs, g);

		pack_bytes(out, key.ptr, key.len);
		pack_int(out, gs->marks[g]);
		agg_save(gs->aggs, groups_states(gs, g), out);
	}
}

bool groups_load(struct groups *gs, struct unpack *in)
{
	size_t n = unpack_count(in, 2 * sizeof(int64_t));

	for (size_t i = 0; i < n && !in->bad; i++) {
		size_t g = groups_put(gs, unpack_bytes(in));

		gs->marks[g] = (uint8_t)unpack_int(in);
		in->bad |= g != i;
		if (!in->bad)
			agg_load(gs->aggs, groups_states(gs, g), in);
	}
	return !in->bad;
}

bool groups_marked(const struct groups *gs, size_t g, enum group_mark mark)
{
	return gs->marks[g] & mark;
}

void groups_mark(struct groups *gs, size_t g, enum group_mark mark, bool set)
{
	gs->marks[g] = (uint8_t)(set ? gs->marks[g] | mark : gs->marks[g] & ~mark);
}

size_t groups_inexact(const struct groups *gs)
{
	size_t n = 0;

	for (size_t g = 0; g < groups_count(gs); g++)
		n += agg_inexact(gs->aggs, groups_states(gs, g));
	return n;
}

size_t groups_memory(const struct groups *gs)
{
	return sizeof(*gs) + keytab_memory(gs->keys) + gs->marks_cap * sizeof(*gs->marks);
}
