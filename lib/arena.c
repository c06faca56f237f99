#include "arena.h"

#include <stdlib.h>

#include "mem.h"

enum { CHUNK_MIN = 4096 };

struct arena_chunk {
	struct arena_chunk *before;
	size_t size;
	char bytes[];
};

/* Each chunk is at least twice the one before it, so the last one is the largest. */
static void add_chunk(struct arena *a, size_t need)
{
	size_t size = a->chunk ? 2 * a->chunk->size : CHUNK_MIN;
	struct arena_chunk *c;

	while (size < need)
		size *= 2;
	c = mem_alloc(sizeof *c + size);
	c->before = a->chunk;
	c->size = size;
	a->chunk = c;
	a->used = 0;
}

char *arena_alloc(struct arena *a, size_t size)
{
	char *p;

	if (!a->chunk || a->chunk->size - a->used < size)
		add_chunk(a, size);
	p = a->chunk->bytes + a->used;
	a->used += size;
	return p;
}

struct slice arena_copy(struct arena *a, const char *p, size_t len)
{
	char *copy = arena_alloc(a, len);

	if (len)
		memcpy(copy, p, len);
	return slice_of(copy, len);
}

static void free_chunks(struct arena_chunk *c)
{
	for (struct arena_chunk *before; c; c = before) {
		before = c->before;
		free(c);
	}
}

void arena_clear(struct arena *a)
{
	a->used = 0;
	if (!a->chunk)
		return;
	free_chunks(a->chunk->before);
	a->chunk->before = NULL;
}

void arena_free(struct arena *a)
{
	free_chunks(a->chunk);
	*a = (struct arena){0};
}
