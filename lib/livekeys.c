#include "livekeys.h"

#include <stdlib.h>

#include "keytab.h"
#include "mem.h"

enum { DEAD_MIN = 64 }; /* fewer are not worth it */

struct livekeys {
	struct keytab *table; /* slots: pointers to objects, NULL where one has gone */
	uint64_t seed;
	size_t dead;
};

static struct keytab *new_table(uint64_t seed)
{
	return keytab_new(sizeof(struct livekey *), seed);
}

struct livekeys *livekeys_new(uint64_t seed)
{
	struct livekeys *lk = mem_zalloc(1, sizeof *lk);

	lk->seed = seed;
	lk->table = new_table(seed);
	return lk;
}

void livekeys_free(struct livekeys *lk)
{
	if (!lk)
		return;
	keytab_free(lk->table);
	free(lk);
}

/* The slot of `key`, and the key's own bytes. */
static struct livekey **slot_of(struct keytab *table, struct slice *key, bool *made)
{
	size_t i = keytab_put_number(table, *key, made);

	*key = keytab_key(table, i);
	return keytab_slot(table, i);
}

static void drop_dead(struct livekeys *lk)
{
	struct keytab *old = lk->table;

	lk->table = new_table(lk->seed);
	for (size_t i = 0; i < keytab_count(old); i++) {
		struct livekey *object = *(struct livekey **)keytab_slot(old, i);

		if (object)
			*slot_of(lk->table, &object->key, NULL) = object;
	}
	keytab_free(old);
	lk->dead = 0;
}

struct livekey *livekeys_put(struct livekeys *lk, struct slice key, struct livekey *(*make)(void))
{
	struct livekey **slot;
	bool made;

	if (lk->dead > DEAD_MIN && lk->dead > keytab_count(lk->table) / 2)
		drop_dead(lk);
	slot = slot_of(lk->table, &key, &made);
	if (!*slot) {
		lk->dead -= !made;
		*slot = make();
		(*slot)->key = key;
	}
	return *slot;
}

struct livekey *livekeys_get(const struct livekeys *lk, struct slice key)
{
	struct livekey **slot = keytab_get(lk->table, key);

	return slot ? *slot : NULL;
}

void livekeys_drop(struct livekeys *lk, struct livekey *object)
{
	struct livekey **slot = keytab_get(lk->table, object->key);

	*slot = NULL;
	lk->dead++;
}

size_t livekeys_end(const struct livekeys *lk)
{
	return keytab_count(lk->table);
}

struct livekey *livekeys_at(const struct livekeys *lk, size_t i)
{
	return *(struct livekey **)keytab_slot(lk->table, i);
}
