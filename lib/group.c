#include "group.h"

#include <stdlib.h>

#include "keytab.h"
#include "mem.h"

struct groups {
	const struct agglist *aggs;
	struct keytab *keys; /* slots: the states */
	uint8_t *marks;
	size_t marks_cap;
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
	free(gs);
}

size_t groups_put(struct groups *gs, struct slice key)
{
	bool made;
	size_t g = keytab_put_number(gs->keys, key, &made);

	if (made) {
		gs->marks = mem_grow(gs->marks, &gs->marks_cap, g + 1, sizeof(*gs->marks));
		gs->marks[g] = false;
		agg_init(gs->aggs, groups_states(gs, g));
	}
	return g;
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

void groups_merge(struct groups *gs, const struct groups *from)
{
	for (size_t g = 0; g < groups_count(from); g++) {
		size_t to = groups_put(gs, groups_key(from, g));

		agg_merge(gs->aggs, groups_states(gs, to), groups_states(from, g));
	}
}

bool groups_marked(const struct groups *gs, size_t g)
{
	return gs->marks[g];
}

void groups_mark(struct groups *gs, size_t g, bool mark)
{
	gs->marks[g] = mark;
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
