/*
 * join: the records of two sides, held by key and time until a partner comes or none can. Pure.
 *
 * A record meets those of the other side that are held under its key, and is then held itself for as long as the watermark
 * does not show that nothing more can come for it; one that met nothing until then is alone. That is when rows of
 * outer joins come, and what bounds the memory. Keys and records are bytes; times are microseconds, and so is the watermark:
 * no record of a time below it is expected. A record that comes too late for all that it could meet is refused.
 */
#ifndef KPIPE_JOIN_H
#define KPIPE_JOIN_H

#include <stdint.h>

#include "pack.h"

enum join_side { JOIN_LEFT, JOIN_RIGHT };

enum join_kind {
	JOIN_INNER,
	JOIN_KEEP_LEFT,
	JOIN_KEEP_RIGHT,
	JOIN_KEEP_BOTH,
	JOIN_SEMI,
	JOIN_ANTI
};

enum join_how {
	JOIN_WITHIN, /* right times in [left - before, left + after] */
	JOIN_ANY,    /* any two of one key, as long as they are held */
	JOIN_LATEST, /* the right side is a table: a left record meets the last one of its key, at once */
	JOIN_AS_OF, /* so too, but the last one up to its time, when the watermark is past that */
};

#define JOIN_FOREVER INT64_MAX

struct join_conf {
	enum join_kind kind; /* LATEST, AS_OF: none that keeps the right side */
	enum join_how how;
	int64_t before, after; /* WITHIN; their sum is not below 0 */
	int64_t hold;          /* ANY: for so long behind its time; JOIN_FOREVER */
	uint64_t seed;         /* for the tables of keys */
	/* A row of the result, in the order in which they come; what is missing has ptr NULL. */
	void (*emit)(void *ctx, struct slice key, struct slice left, struct slice right);
	void *ctx;
};

struct join;

struct join *join_new(const struct join_conf *conf);
void join_free(struct join *j); /* NULL is fine */

/*
 * A record of time t. A right one of LATEST or AS_OF with ptr NULL deletes its key. False: it is late, and
 * came to nothing.
 */
bool join_add(struct join *j, enum join_side side, struct slice key, int64_t t,
	      struct slice record);

/* A record that meets nothing, whatever comes: it is alone. False: it is late, as for join_add. */
bool join_alone(struct join *j, enum join_side side, struct slice key, int64_t t,
		struct slice record);

/* The watermark is at wm, or further. */
void join_advance(struct join *j, int64_t wm);

/* The watermark behind which a record will be given up; INT64_MAX: none. */
int64_t join_due(const struct join *j);

/* No record of this side will come. Of both: nothing is held any more that might still be met. */
void join_end(struct join *j, enum join_side side);

/* Might a record of the right side still make a row? */
bool join_waits(const struct join *j);

/* What is held to bytes, and back into a new one of the same conf; false: those bytes are none. */
void join_save(const struct join *j, struct buf *out);
bool join_load(struct join *j, struct unpack *in);

struct join_held {
	size_t records[2], keys[2];
	size_t most;  /* records that were held at once */
	size_t bytes; /* now */
};

struct join_held join_held(const struct join *j);

#endif
