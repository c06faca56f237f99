/*
 * livekeys: a table from byte strings to objects that come and go, in memory bounded by those that are there. Pure.
 *
 * A keytab never lets go of a key. Here the places of objects that have gone are dropped together, once they are more
 * than those that are left, so that each insertion pays for at most one more.
 */
#ifndef KPIPE_LIVEKEYS_H
#define KPIPE_LIVEKEYS_H

#include <stdint.h>

#include "buf.h"

/* What objects begin with. */
struct livekey {
	struct slice
		key; /* valid until the object is dropped; its bytes may move with any insertion */
};

struct livekeys;

struct livekeys *livekeys_new(uint64_t seed); /* see keytab.h */
void livekeys_free(struct livekeys *lk);      /* the objects are the caller's; NULL is fine */

/* The object of `key`; where there is none it is made by `make` (not NULL, its key is set then). */
struct livekey *livekeys_put(struct livekeys *lk, struct slice key, struct livekey *(*make)(void));

/* NULL: there is none. */
struct livekey *livekeys_get(const struct livekeys *lk, struct slice key);

/* Forgets the object, which is the caller's to free. */
void livekeys_drop(struct livekeys *lk, struct livekey *object);

/* Objects in the order of insertion: i from 0 to livekeys_end() - 1; NULL: one has gone there. */
size_t livekeys_end(const struct livekeys *lk);
struct livekey *livekeys_at(const struct livekeys *lk, size_t i);

#endif
