/*
 * scan: the fields of a JSON line, in one pass and without a tree.
 *
 * The paths that a set of programs needs are put together once (a trie); a run checks
 * the whole line to be one strict text (json.h) and finds the slice of each path. It
 * never guesses: what is not strict is SCAN_UNSURE and the caller asks libjq.
 *
 * Two stages, as in "Parsing Gigabytes of JSON per Second" (G. Langdale, D. Lemire, VLDB Journal 28,
 * 2019): the first marks in steps of 64 bytes where tokens begin, with AVX2, NEON or plain C as the machine
 * has it; the second walks over these tokens alone. KPIPE_SIMD=none in the environment keeps to plain C.
 */
#ifndef KPIPE_SCAN_H
#define KPIPE_SCAN_H

#include <stdint.h>

#include "buf.h"

struct scan;

struct scan_step {
	struct slice name; /* of a member; ptr NULL: an item of an array, */
	uint32_t item;     /* by its number from 0 */
};

static inline bool scan_same_step(const struct scan_step *a, const struct scan_step *b)
{
	if (a->name.ptr && b->name.ptr)
		return slice_eq(a->name, b->name);
	return !a->name.ptr && !b->name.ptr && a->item == b->item;
}

struct scan_path {
	const struct scan_step *steps; /* .a[0] is {"a"} and {0}; none is the whole text */
	size_t n;
};

/*
 * libjq 1.6 takes 256 levels, an object counting twice. A text is strict here up to JSON_DEPTH_MAX levels
 * (json.h), and up to so many counted in that way.
 */
enum { SCAN_DEPTH_MAX = 250 };

enum scan_result {
	SCAN_OK,
	SCAN_ESCAPES, /* the same, of a line that has backslashes */
	SCAN_UNSURE,
};

/* Names are copied. A text of more levels than depth_max, which is at most JSON_DEPTH_MAX, is SCAN_UNSURE. */
struct scan *scan_new(const struct scan_path *paths, size_t n, int depth_max);
void scan_free(struct scan *sc);

/*
 * What a slot's ptr is when the path led into a value that has no members or no items (a name of a
 * number, an item of an object): jq makes an error of it. len is then how many steps led to that value.
 */
extern const char scan_mismatch[1];

/*
 * Fills slots[i] with the raw text of path i (strings with their quotes), ptr NULL when it is
 * missing or lies in a null. Of a repeated key the last counts, with all below it. Blanks around
 * the text are allowed. Slices point into the line; after SCAN_UNSURE they mean nothing.
 * Reentrant: a scan is read-only here, so threads may share it.
 */
enum scan_result scan_run(const struct scan *sc, struct slice line, struct slice slots[]);

#endif
