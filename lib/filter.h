/*
 * filter: the run loop that every filter shares.
 *
 * It owns files, signals, threads, bad records, statistics, flushing and the exit status; a
 * tool gives callbacks:
 *
 *   map     runs in parallel (-j), one worker per thread; its output comes out in block
 *           order                                                kmap kfilter csvin csvout
 *   merge   map filled a partial result, merged on the main thread in block order
 *                                                                csvagg kcount
 *   apply   runs on the main thread, in block order, instead of map
 *                                                                kwindow kjoin kuniq kout
 *
 * A tool with apply may have a second input, read beside the first. Neither holds the other up: one is
 * preferred, and the other read whenever that one would make us wait.
 *
 * An error in block k: the output of the blocks before it, and of k up to the error, is out;
 * nothing after it. Output is flushed whenever the input would make us wait, and at 64 KiB.
 */
#ifndef KPIPE_FILTER_H
#define KPIPE_FILTER_H

#include "lineio.h"
#include "opt.h"

/* --- Options that all filters have: splice filter_opts into the tool's groups. --- */

struct filter_conf {
	bool null_data, unbuffered, stats, progress, quiet;
	int64_t jobs; /* 0: the tool's default */
	uint64_t max_line;
	int64_t drain;    /* us */
	const char *bad;  /* "fail", "skip", or a file */
	const char *late; /* a file, or NULL; offered by tools that know lateness */
};

#define FILTER_CONF_INIT                                                                           \
	{                                                                                          \
		.max_line = 64u << 20, .drain = 30 * INT64_C(1000000), .bad = "fail"               \
	}

extern const struct opt filter_opts[];      /* base: struct filter_conf */
extern const struct opt filter_jobs_opts[]; /* -j, for tools with map; base: struct filter_conf */

/* --- What a callback does with one block --- */

struct bad_record {
	uint64_t line;     /* of the record, counted from 0 at the block's first */
	size_t start, len; /* its bytes in the block */
	size_t reason;     /* offset of its text in result.reasons, NUL-terminated */
};

struct result {
	struct buf out;    /* output */
	void *partial;     /* for merge; the filter never touches it */
	uint64_t in, late; /* records read; of them late */
	uint64_t native;   /* records that needed no libjq, for --stats */
	uint64_t lines;    /* lines the block holds */
	bool ended;        /* see result_end */
	struct bad_record *bad;
	size_t nbad, bad_cap;
	struct buf reasons;
	struct buf late_records; /* the late records' own bytes, each with its end */
	/* Set by the filter, for result_next and result_bad. */
	size_t pos; /* in the block, behind the record last given */
	const struct filter_conf *conf;
	const struct framer *framer; /* the tool's own, or NULL */
	bool raw;
	struct run *run; /* NULL: in a thread of its own */
};

/*
 * Record by record through a block of lines, each without its end: counts res->in and res->lines,
 * skips blank lines (unless the tool is raw), and takes out lines over --max-line as bad, with as
 * many of their bytes as are allowed. False at the end of the block and after a bad record that
 * ends the run.
 */
bool result_next(struct result *res, const struct block *blk, struct slice *rec);

/*
 * Between two results of a record that may have any number: where filter_ends_at_bad, output does
 * not pile up; signals are heeded, and that the reader has gone. False: return from the callback.
 */
bool result_go_on(struct result *res);

/* The run ends behind what is in res so far, as one that was asked for, with status 0. Return from the
 * callback then. */
void result_end(struct result *res);

/* result_bad for the line that result_next gave last. */
bool result_bad_line(struct result *res, const struct block *blk, struct slice rec,
		     const char *reason);

/*
 * Reports a bad record. Its part of the output must not be in res->out (truncate to where it
 * began), unless filter_ends_at_bad. Returns true to go on with the next record, false to return
 * from the callback at once.
 */
bool result_bad(struct result *res, const struct block *blk, uint64_t line, struct slice record,
		const char *reason);

/* Which of two inputs is to be read. */
enum filter_turn {
	FILTER_FIRST,        /* the operands; the second input when they make us wait */
	FILTER_SECOND,       /* the other way round */
	FILTER_SECOND_ALONE, /* the operands wait, too */
};

/* How the input ended. */
enum filter_end {
	FILTER_INPUT,   /* the end was reached: finals are due */
	FILTER_DRAINED, /* a signal came, and the end did not in the time there was: finals of what came are due */
	FILTER_CUT,     /* a signal or an error cut it short: no finals */
};

/* A deadline: there is nothing to wait for any more. */
#define FILTER_ENDS INT64_MIN

/* A record that turned out to be bad behind the block that it came with. */
struct belated {
	const char *source, *reason;
	uint64_t line;
	struct slice record; /* all valid until the next one is asked for */
};

struct filter_tool {
	/* NULL where not needed. ctx is what filter_run was given. */
	void *(*worker_new)(void *ctx); /* per thread, on the main thread; default: ctx */
	void (*worker_free)(void *worker);
	/* A new input begins, before any of its blocks is mapped; may take a head (CSV header) off
	 * blk by moving buf's bytes. 0, or the exit status with the reason in err, which ends the run. */
	int (*begin)(void *ctx, struct block *blk, uint64_t *head_lines, struct buf *err);
	void (*map)(void *worker, const struct block *blk, struct result *res);
	void (*merge)(void *ctx, struct result *res); /* takes res->partial */
	void (*apply)(void *ctx, const struct block *blk, struct result *res);
	/* Called before waiting and after each wake-up; `waited`: microseconds spent waiting for
	 * input so far. Returns the next deadline (loop_now), or FILTER_ENDS: the run ends, as by
	 * result_end. */
	int64_t (*tick)(void *ctx, int64_t now, int64_t waited, struct buf *out);
	/* The output is complete after it when it returns 0; else that is the exit status. */
	int (*finish)(void *ctx, enum filter_end end, struct buf *out);
	/* With a second input: which is to be read now; and one has ended, all of it was applied: is that the end of both? */
	enum filter_turn (*turn)(void *ctx);
	bool (*ended)(void *ctx, unsigned input, struct buf *out);
	/* For --stats, after finish: more members, each with a comma before it. */
	void (*stats)(void *ctx, struct buf *out);
	/* For --stats, after finish: results that are not exact though sums should be. */
	uint64_t (*inexact)(void *ctx);
	/* For the account, after finish: records that were taken as good, but came to nothing; those
	 * that turned out to be bad among them. */
	uint64_t (*lost)(void *ctx);
	/* For --bad FILE, now and then and after finish: one that turned out to be bad since it was
	 * taken as good, each once. False when there is none. */
	bool (*belated)(void *ctx, struct belated *b);
	void (*discard)(void *partial); /* frees a partial that is not merged */

	/* Another event source, served while waiting (Kafka): polled for POLLIN, on_fd called when
	 * ready. */
	int fd; /* -1: none */
	void (*on_fd)(void *ctx);

	bool batch; /* output only at the end: blocks are filled, so they are the same however bytes
		       arrive */
	/* A record gives output only when nothing more can be bad about it: it need not be held. */
	bool prompt;
	const char *beside; /* the second input, a file as in operands; NULL: none. For apply */
	bool no_stdout;              /* standard output is not used (kout) */
	int64_t finish_time; /* us of --drain that are kept for finish: input is not drained in them */
	size_t block_size;           /* 0: 256 KiB */
	const struct framer *framer; /* NULL: newline, or NUL with -0; for result_next one with `record` */
	bool raw;           /* records are any text: blank lines and a byte order mark are kept */
	bool parallel;      /* -j defaults to the number of cores, else to 1 */
	const char *output; /* -o FILE or NULL */
};

#define FILTER_TOOL_INIT                                                                           \
	{                                                                                          \
		.fd = -1                                                                           \
	}

/* Runs until the end; returns the exit status. `files` as in reader_conf. */
int filter_run(const struct filter_tool *tool, void *ctx, const struct filter_conf *conf,
	       struct operands files);

/*
 * Does a bad record end the run (--bad fail)? Where not, a record's results are written together or
 * not at all.
 */
bool filter_ends_at_bad(const struct filter_conf *conf);

/* The record end in force: '\n', or NUL with -0. */
char filter_record_end(const struct filter_conf *conf);

/* Are bad records collected (--bad FILE)? */
bool filter_collects_bad(const struct filter_conf *conf);

#endif
