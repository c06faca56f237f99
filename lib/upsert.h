/*
 * upsert: the last row of each key of a changelog, as it counts in the groups, so that the next one can take its place.
 */
#ifndef KPIPE_UPSERT_H
#define KPIPE_UPSERT_H

#include "groupby.h"

struct upsert;

struct upsert *upsert_new(const struct groupby *gb, uint64_t seed);
void upsert_free(struct upsert *up); /* NULL is fine */

/* To bytes, and back into a new one, of groups that are loaded; false: those bytes are none. */
void upsert_save(const struct upsert *up, struct buf *out);
bool upsert_load(struct upsert *up, const struct groups *gs, struct unpack *in);

/* Takes the row of the key back from its group, *g, and forgets it. False: there is none. */
bool upsert_take(struct upsert *up, struct slice key, struct groups *gs, size_t *g);

/* Adds the record that ge holds to group g, as the row of the key, which has none. */
void upsert_add(struct upsert *up, struct slice key, const struct groupby_eval *ge,
		struct groups *gs, size_t g, uint64_t seq);

#endif
