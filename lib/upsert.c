#include "upsert.h"

#include <stdlib.h>

#include "livekeys.h"
#include "mem.h"

struct last_row {
	struct livekey live; /* first */
	size_t group;
	char *entry; /* see groupby_put_entry */
	size_t len;
};

struct upsert {
	const struct groupby *gb;
	struct livekeys *rows;
	struct buf entry;
};

struct upsert *upsert_new(const struct groupby *gb, uint64_t seed)
{
	struct upsert *up = mem_zalloc(1, sizeof *up);

	up->gb = gb;
	up->rows = livekeys_new(seed);
	return up;
}

static void row_free(struct last_row *row)
{
	free(row->entry);
	free(row);
}

void upsert_free(struct upsert *up)
{
	if (!up)
		return;
	for (size_t i = 0; i < livekeys_end(up->rows); i++) {
		struct livekey *row = livekeys_at(up->rows, i);

		if (row)
			row_free((struct last_row *)row);
	}
	livekeys_free(up->rows);
	buf_free(&up->entry);
	free(up);
}

bool upsert_take(struct upsert *up, struct slice key, struct groups *gs, size_t *g)
{
	struct last_row *row = (struct last_row *)livekeys_get(up->rows, key);

	if (!row)
		return false;
	*g = row->group;
	groupby_take(up->gb, slice_of(row->entry, row->len), groups_states(gs, *g));
	livekeys_drop(up->rows, &row->live);
	row_free(row);
	return true;
}

static struct livekey *make_row(void)
{
	return mem_zalloc(1, sizeof(struct last_row));
}

void upsert_add(struct upsert *up, struct slice key, const struct groupby_eval *ge,
		struct groups *gs, size_t g, uint64_t seq)
{
	struct last_row *row = (struct last_row *)livekeys_put(up->rows, key, make_row);

	groupby_add(ge, groups_states(gs, g), seq);
	buf_clear(&up->entry);
	groupby_put_entry(ge, &up->entry);
	row->group = g;
	row->len = up->entry.len;
	if (row->len)
		row->entry = mem_dup(up->entry.data, row->len);
}

void upsert_save(const struct upsert *up, struct buf *out)
{
	for (size_t i = 0; i < livekeys_end(up->rows); i++) {
		const struct last_row *row = (const struct last_row *)livekeys_at(up->rows, i);

		if (!row)
			continue;
		pack_int(out, true);
		pack_bytes(out, row->live.key.ptr, row->live.key.len);
		pack_int(out, (int64_t)row->group);
		pack_bytes(out, row->entry, row->len);
	}
	pack_int(out, false);
}

bool upsert_load(struct upsert *up, const struct groups *gs, struct unpack *in)
{
	while (unpack_int(in)) {
		struct last_row *row =
			(struct last_row *)livekeys_put(up->rows, unpack_bytes(in), make_row);
		struct slice entry;

		row->group = (size_t)unpack_int(in);
		entry = unpack_bytes(in);
		row->len = entry.len;
		row->entry = entry.len ? mem_dup(entry.ptr, entry.len) : NULL;
		in->bad |= row->group >= groups_count(gs);
	}
	return !in->bad;
}
