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

/* Some records that follow each other: v[first] to v[n - 1]. */
struct shelf_run {
	struct shelf_record **v;
	size_t first, n, cap;
};

/*
 * The records of a key, by time, then arrival: in runs of a bounded length, none of which is empty, but the head of a key
 * without records. So one that comes among many moves few.
 */
struct shelf_key {
	size_t number; /* of its entry in the table */
	struct shelf_run head, *more;
	size_t nmore, more_cap;
};

/* A place among them. */
struct shelf_at {
	size_t run; /* 0: the head, then those of more */
	size_t i;   /* of v, or n in the last run: the end */
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

struct shelf_at shelf_first(const struct shelf_key *k);
struct shelf_at shelf_end(const struct shelf_key *k);

/* The place of the key's first record whose time is t or later, or the end. */
struct shelf_at shelf_from(const struct shelf_key *k, int64_t t);

/* The record at a place; the one before it, or NULL. */
struct shelf_record *shelf_record(const struct shelf_key *k, struct shelf_at at);
struct shelf_record *shelf_before(const struct shelf_key *k, struct shelf_at at);

struct shelf_at shelf_next(const struct shelf_key *k, struct shelf_at at);

static inline bool shelf_same(struct shelf_at a, struct shelf_at b)
{
	return a.run == b.run && a.i == b.i;
}

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

/* So do the records of the key from one place up to another, of a shelf that has a queue: they are in it. */
void shelf_drop(struct shelf *h, struct shelf_key *k, struct shelf_at from, struct shelf_at to);

/* All records to bytes, and back into a new shelf as if they had just come; false: those bytes are none. */
void shelf_save(const struct shelf *h, struct buf *out);
bool shelf_load(struct shelf *h, struct unpack *in);

size_t shelf_memory(const struct shelf *h);
size_t shelf_keys(const struct shelf *h);

#endif
