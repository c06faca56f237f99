/*
 * group: groups of records and their aggregates. Pure.
 *
 * A group is a key (val_put_key of each -g value), the states of all -a, and marks for its owner.
 * Groups keep the order in which they were first seen.
 */
#ifndef KPIPE_GROUP_H
#define KPIPE_GROUP_H

#include "agg.h"

struct groups;

struct groups *groups_new(const struct agglist *aggs); /* aggs: not copied, complete */
void groups_free(struct groups *gs);                   /* NULL is fine */

/* The group of `key`, made when new; its number, 0 .. count-1, first seen first. */
size_t groups_put(struct groups *gs, struct slice key);

/*
 * The states of the groups of n keys that are each one CSV cell alone (val_put_text_key). Fifteen bytes behind each cell must
 * be there to be read, as they are in a buf.
 */
void groups_of_cells(struct groups *gs, const struct slice cells[], size_t n, void *states[]);

size_t groups_count(const struct groups *gs);
struct slice groups_key(const struct groups *gs, size_t g);
void *groups_states(const struct groups *gs, size_t g); /* they do not move */

/* Merges every group of `from` (unchanged, of the same aggs) in its order; marks stay. to[g], unless it is NULL: group g's number here. */
void groups_merge(struct groups *gs, const struct groups *from, size_t to[]);

/* To bytes, and back into new ones of the same aggs; false: those bytes are not theirs. */
void groups_save(const struct groups *gs, struct buf *out);
bool groups_load(struct groups *gs, struct unpack *in);

/* Marks per group for the caller; not set at first. */
enum group_mark {
	GROUP_CHANGED = 1, /* since its row was last printed */
	GROUP_SHOWN = 2,   /* its row is out, and not taken back */
};
bool groups_marked(const struct groups *gs, size_t g, enum group_mark mark);
void groups_mark(struct groups *gs, size_t g, enum group_mark mark, bool set);

/* How many results passed 128 bits and went on in doubles: for --stats. */
size_t groups_inexact(const struct groups *gs);

/* Bytes held: keys, index and states, but not what sets, collections and samples point to. */
size_t groups_memory(const struct groups *gs);

#endif
