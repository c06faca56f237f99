/*
 * arena: bytes that live until all of them are dropped at once. What was given does not move. Pure.
 *
 * A zeroed struct is an empty one; no memory is taken until something is asked for.
 */
#ifndef KPIPE_ARENA_H
#define KPIPE_ARENA_H

#include "buf.h"

struct arena {
	struct arena_chunk *chunk; /* the one in use; those before it are full */
	size_t used;
};

char *arena_alloc(struct arena *a, size_t size); /* not aligned: for bytes */
struct slice arena_copy(struct arena *a, const char *p, size_t len);
void arena_clear(struct arena *a); /* the largest chunk is kept */
void arena_free(struct arena *a);

#endif
