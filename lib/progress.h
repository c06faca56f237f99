/*
 * progress: how far the work has come, on standard error, once a second.
 *
 * It is shown when it is asked for. It is shown by itself, too, when standard error is a terminal,
 * standard output is not, and the work lasts so long; but not by a process in the background, and not where
 * it is a pipeline's own affair, between two pipes. On a terminal each line takes the place of the
 * one before, and one that was not asked for goes away at the end.
 */
#ifndef KPIPE_PROGRESS_H
#define KPIPE_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	bool on, asked, terminal;
	int64_t start, next; /* us, as loop_now */
};

/* fed: what is read comes without an end that is known, from another process. */
void progress_open(struct progress *p, bool asked, bool quiet, bool fed, int64_t now);

/* When to show it next; INT64_MAX: never. */
int64_t progress_due(const struct progress *p);

/* done of total are through, in any unit; a total of 0 is not known. */
void progress_show(struct progress *p, int64_t now, uint64_t records, double done, double total);
void progress_close(struct progress *p);

#endif
