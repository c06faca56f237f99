/* report: how many pairs there were, and which of them needed no libjq. */
#ifndef KPIPE_DIFFER_REPORT_H
#define KPIPE_DIFFER_REPORT_H

#include "differ.h"

enum use { MAP, VALUE, KEY, TEST, EXACT, USES };

extern const char *const use_names[USES];

struct tally {
	uint64_t pairs, native;             /* of all */
	uint64_t clean_pairs, clean_native; /* of those of a JSON text and no error */
};

struct report {
	uint64_t programs, compiled, subset, meant, differing;
	struct tally by_use[USES], by_construct[CONSTRUCTS][2]; /* map; the other uses */
	bool done;
	uint64_t seed; /* where a process is */
	char program[400];
};

void report_count(struct report *rp, const struct program *program, enum use use, bool clean,
		  bool native);
void report_add(struct report *sum, const struct report *rp);

/* Prints it as comments of TAP; the sum of all uses. */
struct tally report_print(const struct report *rp);

double share(uint64_t part, uint64_t whole); /* percent */

#endif
