/* kmap: each record through a jq program. */
#include "diag.h"
#include "loop.h"
#include "program.h"

struct kmap {
	bool raw_input, raw_output;
	struct program_conf program;
	struct filter_conf filter;
	struct exprset *set;
};

#define OFF(field) offsetof(struct kmap, field)

static const struct opt opts[] = {
	{'R', "raw-input", OPT_FLAG, OFF(raw_input), NULL,
	 "records are text: each line is a string", NULL},
	{'r', "raw-output", OPT_FLAG, OFF(raw_output), NULL, "print strings without quotes", NULL},
	{0},
};

static const struct tool tool = {
	.usage = "[OPTIONS] PROGRAM [FILE...]",
	.summary = "Run each record through a jq program and print its results, one a line.",
	.max_operands = -1,
};

static void *worker_new(void *ctx)
{
	struct kmap *k = ctx;

	return program_worker_new(k, k->set);
}

/* JQ_RESULT: there may be more, but the run ends here. */
static enum jq_result put_results(struct program_worker *w, struct slice rec, struct result *res)
{
	const struct kmap *k = w->tool;
	size_t start = res->out.len;
	enum jq_result r;

	if (expreval_map(w->ev, rec, k->raw_input, &w->err) < 0)
		return JQ_ERROR;
	do {
		r = expreval_print(w->ev, k->raw_output, &res->out, &w->err);
		if (r == JQ_RESULT)
			buf_add_char(&res->out, filter_record_end(&k->filter));
	} while (r == JQ_RESULT && result_go_on(res));
	/* Else what is in res->out comes before the error, as with jq. */
	if (r != JQ_END && !filter_ends_at_bad(&k->filter) && !expreval_halted(w->ev))
		res->out.len = start;
	return r;
}

static void map(void *worker, const struct block *blk, struct result *res)
{
	struct program_worker *w = worker;
	struct slice rec;

	while (result_next(res, blk, &rec)) {
		switch (put_results(w, rec, res)) {
		case JQ_END:
			res->native += expreval_native(w->ev);
			break;
		case JQ_ERROR:
			if (expreval_halted(w->ev)) {
				result_end(res);
				return;
			}
			if (!result_bad_line(res, blk, rec, buf_str(&w->err)))
				return;
			break;
		case JQ_RESULT:
			return;
		}
	}
}

int main(int argc, char **argv)
{
	struct kmap k = {.filter = FILTER_CONF_INIT};
	const struct optgroup groups[] = {
		{NULL, opts, &k},
		{"The program", program_opts, &k.program},
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
	k.set = program_compile(&k.program, EXPR_MAP, &operands);
	f.worker_new = worker_new;
	f.worker_free = program_worker_free;
	f.map = map;
	f.raw = k.raw_input;
	rc = filter_run(&f, &k, &k.filter, operands);
	exprset_free(k.set);
	program_conf_free(&k.program);
	return rc;
}
