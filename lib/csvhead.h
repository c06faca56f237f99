/*
 * csvhead: how a CSV input is written, and the names of its columns. Shared by csvin and csvagg.
 */
#ifndef KPIPE_CSVHEAD_H
#define KPIPE_CSVHEAD_H

#include "csvio.h"
#include "opt.h"

struct csvhead {
	/* filled by csvhead_opts */
	bool no_header, tsv;
	const char *header, *delim, *quote;
	int engine; /* enum csv_engine */
	/* filled by csvhead_check */
	struct csv_dialect dialect;
	struct csv_names given; /* by --header */
	struct csv_framer framer;
	uint64_t max_line; /* a longer row is bad, also a header */
};

extern const struct opt csvhead_opts[]; /* -N -H -d --tsv --quote --engine; base: struct csvhead */

/* After opt_parse: a wrong option ends the process with EXIT_USAGE. */
void csvhead_check(struct csvhead *h, uint64_t max_line);
void csvhead_free(struct csvhead *h);

/* Of rows as they are written. */
struct csv_reader *csvhead_reader(const struct csvhead *h);

enum csvhead_result { CSVHEAD_NAMES, CSVHEAD_EMPTY, CSVHEAD_BAD };

/*
 * The names of an input's columns, from its first block: its header row (taken off the block, *lines
 * counting its lines), or those given, or c1, c2, ... *names is the caller's to free. EMPTY: no header came before the input's
 * end. BAD: reason, with its place, in err; also when two names are equal.
 */
enum csvhead_result csvhead_names(const struct csvhead *h, struct block *blk,
				  struct csv_names *names, uint64_t *lines, struct buf *err);

/* Is a row of n cells ragged where `columns` are due? Then the reason goes to err. */
bool csvhead_ragged(const struct csvhead *h, size_t columns, size_t n, struct buf *err);

#endif
