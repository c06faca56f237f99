/*
 * scan: the fields of a JSON line, in one pass and without a tree.
 *
 * The paths that a set of programs needs are put together once (a trie); a run checks
 * the whole line to be one strict text (json.h) and finds the slice of each path. It
 * never guesses: what is not strict, or needs jq's rules to explain (a name looked up in a
 * number), is SCAN_UNSURE and the caller asks libjq.
 */
#ifndef KPIPE_SCAN_H
#define KPIPE_SCAN_H

#include "buf.h"

struct scan;

struct scan_path {
	const struct slice *names; /* .a.b is {"a","b"}; none is the whole text */
	size_t n;
};

enum scan_result { SCAN_OK, SCAN_UNSURE };

struct scan *scan_new(const struct scan_path *paths, size_t n); /* names are copied */
void scan_free(struct scan *sc);

/*
 * Fills slots[i] with the raw text of path i (strings with their quotes), ptr NULL when it is
 * missing or lies in a null. Of a repeated key the last counts, with all below it. Blanks around
 * the text are allowed. Slices point into the line; after SCAN_UNSURE they mean nothing.
 * Reentrant: a scan is read-only here, so threads may share it.
 */
enum scan_result scan_run(const struct scan *sc, struct slice line, struct slice slots[]);

#endif
