/*
 * program: the program of a tool whose first operand is one (kmap, kfilter), with jq's options around it.
 */
#ifndef KPIPE_PROGRAM_H
#define KPIPE_PROGRAM_H

#include "expr.h"
#include "filter.h"

struct program_conf {
	const char *from_file;
	int engine;
	struct strlist vars;      /* option, NAME, VALUE of each, in their order */
	struct strlist libraries; /* -L */
};

/* -f --arg --argjson --slurpfile --rawfile -L --engine -c; base: struct program_conf */
extern const struct opt program_opts[];

/*
 * Compiles the first operand, which is taken off (with -f the file's text; no operand then). A mistake ends
 * the process with EXIT_USAGE and jq's words.
 */
struct exprset *program_compile(const struct program_conf *conf, enum expr_kind kind,
				struct operands *operands);
void program_conf_free(struct program_conf *conf);

/* What a thread needs to run it: worker_new and worker_free of a filter. */
struct program_worker {
	void *tool;
	struct expreval *ev;
	struct buf err;
};

struct program_worker *program_worker_new(void *tool, struct exprset *set);
void program_worker_free(void *worker);

#endif
