/* kfilter: the records for which a jq predicate holds. */
#include "diag.h"
#include "loop.h"
#include "program.h"

struct kfilter {
	bool raw_input, invert;
	struct program_conf program;
	struct filter_conf filter;
	struct exprset *set;
};

#define OFF(field) offsetof(struct kfilter, field)

static const struct opt opts[] = {
	{'v', "invert-match", OPT_FLAG, OFF(invert), NULL,
	 "pass the records for which it does not hold", NULL},
	{'R', "raw-input", OPT_FLAG, OFF(raw_input), NULL,
	 "records are text: each line is a string", NULL},
	{'r', "raw-output", OPT_IGNORED, 0, NULL,
	 "accepted for jq's sake: records pass as they are", NULL},
	{0},
};

static const struct tool tool = {
	.usage = "[OPTIONS] PREDICATE [FILE...]",
	.summary = "Pass the records for which a jq predicate gives a result that is neither false "
		   "nor null.",
	.max_operands = -1,
};

static void *worker_new(void *ctx)
{
	struct kfilter *k = ctx;

	return program_worker_new(k, k->set);
}

static void map(void *worker, const struct block *blk, struct result *res)
{
	struct program_worker *w = worker;
	const struct kfilter *k = w->tool;
	struct slice rec;
	struct val v;

	while (result_next(res, blk, &rec)) {
		int rc = k->raw_input ? expreval_text(w->ev, rec, &v, &w->err)
				      : expreval_json(w->ev, rec, &v, &w->err);
		if (rc < 0 && expreval_halted(w->ev)) {
			result_end(res);
			return;
		}
		if (rc < 0) {
			if (!result_bad_line(res, blk, rec, buf_str(&w->err)))
				return;
			continue;
		}
		res->native += expreval_native(w->ev);
		/* The record's end stands behind it in the block. */
		if (val_truthy(&v) != k->invert)
			buf_add(&res->out, rec.ptr, rec.len + 1);
	}
}

int main(int argc, char **argv)
{
	struct kfilter k = {.filter = FILTER_CONF_INIT};
	const struct optgroup groups[] = {
		{NULL, opts, &k},
		{"The predicate", program_opts, &k.program},
		{"Running", filter_jobs_opts, &k.filter},
		{"Input and output", filter_opts, &k.filter},
		{0},
	};
	struct filter_tool f = FILTER_TOOL_INIT;
	struct operands operands;
	int rc;

	diag_init(argv[0]);
	loop_init();
	opt_parse(&tool, groups, argc, argv, &operands);
	k.set = program_compile(&k.program, EXPR_TEST, &operands);
	f.worker_new = worker_new;
	f.worker_free = program_worker_free;
	f.map = map;
	f.raw = k.raw_input;
	rc = filter_run(&f, &k, &k.filter, operands);
	exprset_free(k.set);
	program_conf_free(&k.program);
	return rc;
}
