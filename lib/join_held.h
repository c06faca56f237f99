/* join_held: the records of one side of a join, by key and time. */
#ifndef KPIPE_JOIN_HELD_H
#define KPIPE_JOIN_HELD_H

#include "join.h"
#include "keytab.h"

struct held_record {
	int64_t t;
	uint64_t seq;
	struct held_key *key;
	size_t len;
	bool met;     /* a partner */
	bool deletes; /* a version of a table that says the key is not there */
	char bytes[];
};

/* The records of a key: v[first] to v[n - 1], by time, then arrival. */
struct held_key {
	size_t number; /* of its entry in the table */
	struct held_record **v;
	size_t first, n, cap;
};

struct held {
	struct keytab *keys;        /* slots: struct held_key * */
	size_t empty;               /* keys without records, to be dropped when they are many */
	bool queued;                /* are records given up by time? */
	struct held_record **queue; /* a heap, the oldest on top */
	size_t nqueue, queue_cap;
	size_t records, bytes;
	uint64_t seq;
};

void held_init(struct held *h, bool queued, uint64_t seed);
void held_free(struct held *h);

/* A copy of the record, under a copy of the key. It does not move. */
struct held_record *held_add(struct held *h, struct slice key, int64_t t, struct slice record);

struct held_key *held_key(const struct held *h, struct slice key); /* NULL: no records */
struct slice held_key_bytes(const struct held *h, const struct held_key *k);

/* The place of the key's first record whose time is t or later, or k->n. */
size_t held_from(const struct held_key *k, int64_t t);

static inline struct slice held_bytes(const struct held_record *r)
{
	return slice_of(r->bytes, r->len);
}

/* The oldest record of the queue, or NULL. It goes; or it stays, but leaves the queue, and those of its key before it go. */
struct held_record *held_oldest(const struct held *h);
void held_drop_oldest(struct held *h); /* which is its key's first */
void held_settle_oldest(struct held *h);

/* The key's first record goes, which is not in the queue. */
void held_drop_first(struct held *h, struct held_key *k);

size_t held_memory(const struct held *h);
size_t held_keys(const struct held *h);

#endif
