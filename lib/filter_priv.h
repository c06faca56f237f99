/* filter_priv: what the parts of filter (the loop, the pool of threads, the reports) share. */
#ifndef KPIPE_FILTER_PRIV_H
#define KPIPE_FILTER_PRIV_H

#include "filter.h"
#include "progress.h"

/* A block on its way, and what it led to. */
struct job {
	struct block blk;
	struct result res;
	uint64_t head_lines; /* taken off by begin */
	bool done;           /* guarded by the pool's lock when there is one */
	struct job *next;    /* in the pool's queue */
};

/* --- run: the loop --- */

/* Is the block in hand to be left where it is, since a signal ends the input? NULL: no. */
bool run_cut_short(struct run *r);

/* --- pool: threads that map jobs --- */

enum { POOL_MAX = 256 };

struct pool *pool_new(const struct filter_tool *tool, void *ctx, unsigned threads);
void pool_free(struct pool *p); /* waits for the jobs that are under way */
void pool_give(struct pool *p, struct job *j);
bool pool_done(struct pool *p, const struct job *j);
int pool_fd(const struct pool *p); /* readable when a job was finished since the last pool_done */

/* --- report: bad and late records, the accounting line, --stats, --progress --- */

struct report {
	const struct filter_conf *conf;
	struct writer *bad, *late;
	uint64_t in, nbad, nlate, native, inexact;
	uint64_t bytes; /* read */
	double total;   /* bytes that are to be read, 0: not known */
	int64_t start;
	struct buf more; /* for --stats, of the tool */
	struct progress progress;
};

void report_open(struct report *rp, const struct filter_tool *tool, const struct filter_conf *conf,
		 struct operands files);

/* Takes in what a settled block led to. False when a bad record ends the run; the message is out then. */
bool report_result(struct report *rp, const struct block *blk, const struct result *res);
void report_belated(struct report *rp, const struct filter_tool *tool, void *ctx);
void report_flush(struct report *rp);
void report_progress(struct report *rp, int64_t now);
int64_t report_deadline(const struct report *rp, int64_t other); /* the sooner one */
void report_close(struct report *rp);

#endif
