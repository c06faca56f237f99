/*
 * groupout: groups to rows, in the order and the form that is asked for: --sort, --limit, and CSV, TSV,
 * JSON or a table for people.
 */
#ifndef KPIPE_GROUPOUT_H
#define KPIPE_GROUPOUT_H

#include "groupby.h"
#include "opt.h"

enum groupout_form { GROUPOUT_CSV, GROUPOUT_TSV, GROUPOUT_JSON, GROUPOUT_TABLE };

struct groupout_conf {
	struct strlist sort;
	int64_t limit;
	bool csv, json, table, no_header_out;
	/* Not by groupout_opts: */
	bool tsv;
	char end; /* of JSON rows */
};

#define GROUPOUT_CONF_INIT                                                                         \
	{                                                                                          \
		.limit = INT64_MAX, .end = '\n'                                                    \
	}

extern const struct opt groupout_opts[]; /* base: struct groupout_conf */

/* The form that is asked for; of two, and of a --sort that cannot be, the process ends with EXIT_USAGE. */
enum groupout_form groupout_form(const struct groupout_conf *conf);

/*
 * Rows are sorted by each --sort in turn: numbers by value, then texts by their bytes, whole and in
 * reverse with :desc, nulls last; what is equal stays in the order of the groups. A key that is the
 * text of a cell counts as what the cell means.
 */
struct groupout;

/* NULL: --sort names what is no column of the output, reason in err. */
struct groupout *groupout_new(const struct groupout_conf *conf, const struct groupby *gb,
			      struct buf *err);
void groupout_free(struct groupout *go); /* NULL is fine */

void groupout_put(const struct groupout *go, const struct groups *gs, struct buf *out);

#endif
