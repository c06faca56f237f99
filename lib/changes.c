#include "changes.h"

#include <stdlib.h>

#include "mem.h"
#include "watermark.h"

struct change {
	size_t g;
	int64_t at;
};

struct changes {
	struct groups *groups;
	struct change *v; /* [first, n) */
	size_t first, n, cap;
};

struct changes *changes_new(struct groups *gs)
{
	struct changes *ch = mem_zalloc(1, sizeof *ch);

	ch->groups = gs;
	return ch;
}

void changes_free(struct changes *ch)
{
	if (ch)
		free(ch->v);
	free(ch);
}

void changes_note(struct changes *ch, size_t g, int64_t at)
{
	if (groups_marked(ch->groups, g, GROUP_CHANGED))
		return;
	groups_mark(ch->groups, g, GROUP_CHANGED, true);
	ch->v = mem_grow(ch->v, &ch->cap, ch->n + 1, sizeof *ch->v);
	ch->v[ch->n++] = (struct change){g, at};
}

void changes_date(struct changes *ch, int64_t watermark)
{
	for (size_t i = ch->first; i < ch->n && ch->v[i].at == WATERMARK_NONE; i++)
		ch->v[i].at = watermark;
}

int64_t changes_first(const struct changes *ch)
{
	return ch->first < ch->n ? ch->v[ch->first].at : WATERMARK_END;
}

/* Those that wait move up when as many are gone, so that each moves once on average. */
static void move_up(struct changes *ch)
{
	if (ch->first <= ch->n / 2)
		return;
	ch->n -= ch->first;
	memmove(ch->v, ch->v + ch->first, ch->n * sizeof *ch->v);
	ch->first = 0;
}

bool changes_take(struct changes *ch, int64_t until, size_t *g)
{
	if (ch->first == ch->n || ch->v[ch->first].at > until)
		return false;
	*g = ch->v[ch->first++].g;
	groups_mark(ch->groups, *g, GROUP_CHANGED, false);
	move_up(ch);
	return true;
}

void changes_save(const struct changes *ch, struct buf *out)
{
	pack_int(out, (int64_t)(ch->n - ch->first));
	for (size_t i = ch->first; i < ch->n; i++) {
		pack_int(out, (int64_t)ch->v[i].g);
		pack_int(out, ch->v[i].at);
	}
}

bool changes_load(struct changes *ch, struct unpack *in)
{
	size_t n = unpack_count(in, 2 * sizeof(int64_t)), count = groups_count(ch->groups);

	/* The marks came with the groups. */
	for (size_t g = 0; g < count; g++)
		groups_mark(ch->groups, g, GROUP_CHANGED, false);
	for (size_t i = 0; i < n && !in->bad; i++) {
		size_t g = (size_t)unpack_int(in);
		int64_t at = unpack_int(in);

		in->bad |= g >= count;
		if (!in->bad)
			changes_note(ch, g, at);
	}
	return !in->bad;
}
