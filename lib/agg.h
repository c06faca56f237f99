/*
 * agg: the table of aggregate operations, and the SPEC grammar of -a. Pure.
 *
 * SPEC[, SPEC...], SPEC = [NAME=]FN[(EXPR[; EXPR...])] [where EXPR]. Adding an operation is adding
 * a row to agg_ops. A state is plain memory of op->size bytes that init fills; merging the states
 * of two parts of the input gives the state of the whole: whichever part is merged first, but of an `ordered` operation
 * when parts are merged in input order. (What moments hold in doubles depends, in its last digits, on where the input was
 * cut: cut it at fixed places.)
 */
#ifndef KPIPE_AGG_H
#define KPIPE_AGG_H

#include "pack.h"
#include "val.h"

/*
 * What an argument must be: finite, if a number; null is always allowed and, by SQL's rules,
 * skipped.
 */
enum agg_takes {
	AGG_ANY,
	AGG_NUMBER,
	AGG_SCALAR, /* anything but an array or an object */
};

enum { AGG_ARGS_MAX = 2 };

struct agg;

struct agg_op {
	const char *name;
	const char *args; /* for help: "(E)" */
	const char *help;
	unsigned min_args, max_args; /* programs; the literal of top is not one */
	enum agg_takes takes[AGG_ARGS_MAX];
	size_t size; /* of the state, a multiple of 16 (states lie one behind the other) */
	void (*init)(void *state, const struct agg *a);
	/*
	 * v: the arguments (checked by agg_check). seq: the record's place in the input, rising;
	 * orders first and last.
	 */
	void (*add)(void *state, const struct agg *a, const struct val v[], uint64_t seq);
	/* As agg_add_smalls; NULL: add does. */
	void (*add_smalls)(const struct agg *a, void *const states[], const struct small v[],
			   size_t n, uint64_t seq);
	/* Takes back a record that was added, of these arguments; NULL: that cannot be. */
	void (*take)(void *state, const struct agg *a, const struct val v[]);
	void (*merge)(void *state, const struct agg *a, const void *from); /* from is unchanged */
	/*
	 * The result; strings and JSON point into the state or into *scratch (appended), valid
	 * until either changes.
	 */
	void (*emit)(const void *state, const struct agg *a, struct val *out, struct buf *scratch);
	void (*free)(void *state); /* what the state points to; NULL when nothing */
	const struct agg_codec *codec; /* NULL: its bytes are all */

	int sign; /* tells rows of one family apart: +1 for the greatest, -1 for the least */
	/* Its result shows in which order parts were merged, and what was in which; else only records' seq counts. */
	bool ordered;
	/* Equal arguments must be equal bytes: the keys of objects come sorted. */
	bool by_key;
	/* Did the result, or a value that it was made of, not fit 128 bits? NULL: never asked. */
	bool (*inexact)(const void *state);
	/* A name that holds a number (pNN): is this one, and which? NULL: the name itself. */
	bool (*named)(struct slice name, double *param);
	/* The first argument in a SPEC is a whole number, 1 or more: which? NULL: a program. */
	bool (*literal)(struct slice text, double *param);
};

/* One SPEC. */
struct agg {
	const struct agg_op *op;
	char *name; /* of the result; the SPEC's text without blanks around it when not given */
	char *call; /* FN(EXPR; EXPR) as written, for messages */
	/*
	 * Programs, as written: blanks around them are kept, for a CSV column's name may have some.
	 * (Look for a column of that name first, then for one without the blanks.)
	 */
	char *args[AGG_ARGS_MAX];
	unsigned nargs;
	char *where;   /* program or NULL */
	double param;  /* p95: 0.95; top(N; E): N */
	uint64_t seed; /* of the hash tables in its states */
	size_t offset; /* of its state in a group's states */
};

struct agglist {
	struct agg *v;
	size_t n;
	size_t size;   /* of all states of a group */
	uint64_t seed; /* random, set before the first agglist_parse: see keytab.h */
};

/*
 * Appends the SPECs of one -a. 0, or -1 with the reason in err and the list as before. Two equal
 * names are an error.
 */
int agglist_parse(struct agglist *list, const char *specs, struct buf *err);
void agglist_free(struct agglist *list);

/*
 * Are these values what a's operation takes? 0, or -1 with the reason in err
 * ("sum(price): \"abc\" is not a number"). After 0, add cannot fail: so a record is applied whole
 * or not at all.
 */
int agg_check(const struct agg *a, const struct val v[], struct buf *err);

/*
 * Adds v[i], which agg_check takes in any case, to the states of a group states[i], with seq + i, for each i < n.
 * v is NULL for who has no argument.
 */
void agg_add_smalls(const struct agg *a, void *const states[], const struct small v[], size_t n,
		    uint64_t seq);

/* For --help: the i-th operation in the table's order, NULL past the end. */
const struct agg_op *agg_op_at(size_t i);

/* Is any operation an ordered one? */
bool agglist_is_ordered(const struct agglist *list);

/* States of one group, list->size bytes aligned to 16. */
void agg_init(const struct agglist *list, void *states);
void agg_merge(const struct agglist *list, void *states, const void *from);
void agg_free(const struct agglist *list, void *states);

/* To bytes, and back into states that were only initialised. False: those bytes are not theirs; free them all the same. */
void agg_save(const struct agglist *list, const void *states, struct buf *out);
bool agg_load(const struct agglist *list, void *states, struct unpack *in);

/* How many of the results, or of what they were made of, did not fit 128 bits: for --stats. */
size_t agg_inexact(const struct agglist *list, const void *states);

#endif
