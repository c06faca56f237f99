/* kjoin_priv: what the parts of kjoin (its command line, its run) share. */
#ifndef KJOIN_PRIV_H
#define KJOIN_PRIV_H

#include "expr.h"
#include "filter.h"
#include "join.h"
#include "streamtime.h"
#include "toolstate.h"
#include "window.h"

enum { KJOIN_NEVER = -1 };

/* Programs of a side; what is not asked for is a constant. TIME on, three as streamtime has them; KEYS on, one for each -g. */
enum { TIME, TOPIC, PARTITION, WHERE, DELETES, KEYS };

struct side {
	struct exprset *set;
	struct expreval *ev;
	struct val *values;
	struct streamtime *st; /* NULL: records have no event time */
	int64_t seen; /* what was waited when its last record came */
	bool ended;
};

struct kjoin {
	struct strlist keys, right_keys, table_keys; /* the latter empty, or as many */
	const char *right_time, *where, *delete_if;
	const char *table, *with, *left_if;
	const char *before, *after, *tumble, *hop;
	int64_t within, ttl, table_ready;
	bool kind[JOIN_ANTI + 1]; /* the options of that name */
	bool as_of, null_equal;
	struct streamtime_conf time;
	struct toolstate_conf keep;
	bool final;
	struct filter_conf filter;

	bool is_table; /* the right side is one */
	bool timed;    /* records have event times */
	bool ready;    /* the table is complete, so that the stream may begin */
	bool endless;  /* the right side is no file, and may be followed for ever */
	double began;  /* by the wall clock, ms */
	struct window window;
	struct join_conf conf;
	struct join *join;
	struct state *state;
	struct side sides[2];
	struct exprset *choice_set; /* --left-if */
	struct expreval *choice;
	struct join_held held; /* when the input had ended */
	int64_t now, waited, watermark;
	struct buf *out;    /* where rows go */
	struct result *res; /* NULL: rows come from a timer, or the end */
	struct buf jkey, text, err;
};

/* Reads the command line into k, to the last of what must agree; a mistake ends the process. */
void kjoin_parse(struct kjoin *k, int argc, char **argv, struct operands *files);

/* With --state, once all is set up: goes on from what the last run left. */
void kjoin_load(struct kjoin *k);

/* Does what is held stay so at the end of the input, for the next run? */
static inline bool kjoin_goes_on(const struct kjoin *k)
{
	return k->state && !k->final;
}

/* After all rows are written. An exit status. */
int kjoin_save(struct kjoin *k);

#endif
