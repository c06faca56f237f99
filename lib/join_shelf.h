/* join_shelf: the records of one side of a join, by key and time. */
#ifndef KPIPE_JOIN_SHELF_H
#define KPIPE_JOIN_SHELF_H

#include "join.h"
#include "keytab.h"
#include "pack.h"

struct shelf_record {
	int64_t t;
	uint64_t seq;
	struct shelf_key *key; /* NULL: it has gone, and waits in the queue to be freed */
	size_t len;
	bool met;     /* a partner */
	bool deletes; /* a version of a table that says the key is not there */
	char bytes[];
};

/* The records of a key: v[first] to v[n - 1], by time, then arrival. */
struct shelf_key {
	size_t number; /* of its entry in the table */
	struct shelf_record **v;
	size_t first, n, cap;
};

struct shelf {
	struct keytab *keys;         /* slots: struct shelf_key * */
	size_t empty;                /* keys without records, to be dropped when they are many */
	bool queued;                 /* are records given up by time? */
	struct shelf_record **queue; /* a heap, the oldest on top */
	size_t nqueue, queue_cap;
	size_t gone; /* of the queue; its top is none of them */
	size_t records, bytes;
	uint64_t seq;
};

void shelf_init(struct shelf *h, bool queued, uint64_t seed);
void shelf_free(struct shelf *h);

/* A copy of the record, under a copy of the key. It does not move. */
struct shelf_record *shelf_add(struct shelf *h, struct slice key, int64_t t, struct slice record);

struct shelf_key *shelf_key(const struct shelf *h, struct slice key); /* NULL: no records */
struct slice shelf_key_bytes(const struct shelf *h, const struct shelf_key *k);

/* The place of the key's first record whose time is t or later, or k->n. */
size_t shelf_from(const struct shelf_key *k, int64_t t);

static inline struct slice shelf_bytes(const struct shelf_record *r)
{
	return slice_of(r->bytes, r->len);
}

/* The oldest record of the queue, or NULL. It goes; or it stays, but leaves the queue, and those of its key before it go. */
struct shelf_record *shelf_oldest(const struct shelf *h);
void shelf_drop_oldest(struct shelf *h); /* which is its key's first */
void shelf_settle_oldest(struct shelf *h);

/* The key's first record goes, which is not in the queue. */
void shelf_drop_first(struct shelf *h, struct shelf_key *k);

/* So do records from..to - 1 of the key, of a shelf that has a queue: they are in it. */
void shelf_drop(struct shelf *h, struct shelf_key *k, size_t from, size_t to);

/* All records to bytes, and back into a new shelf as if they had just come; false: those bytes are none. */
void shelf_save(const struct shelf *h, struct buf *out);
bool shelf_load(struct shelf *h, struct unpack *in);

size_t shelf_memory(const struct shelf *h);
size_t shelf_keys(const struct shelf *h);

#endif
