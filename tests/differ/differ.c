/*
 * The native engine against libjq: each program runs over its records by engine auto and by engine jq, for
 * kmap, and for one other use of expressions; what they give must be the same, byte by byte, and so
 * must be what they say of errors.
 *
 * usage: differ [-s SEED] [-n PROGRAMS | -t SECONDS] [-r RECORDS] [-j JOBS] [-p PROGRAM]
 *
 * A pair that differs is printed with its seed: `differ -s SEED -n 1` shows it again.
 */
#include "report.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "json.h"
#include "mem.h"
#include "../unit/tap.h"

/*
 * Percent of the pairs of a JSON text and a program without an error that need no libjq; over the programs
 * that are the same in every run, and over those of a search, which are as many as the time allows: a few
 * odd ones weigh more there.
 */
enum { NATIVE_LEAST = 95, NATIVE_LEAST_SEARCH = 90 };

enum {
	PATIENCE = 120 /* seconds for one program */,
	SHOWN = 5 /* pairs that differ, then the end */
};

/* --- One program for one use, by both engines --- */

static const enum expr_kind kinds[USES] = {
	[MAP] = EXPR_MAP,   [VALUE] = EXPR_VALUE, [KEY] = EXPR_KEY,
	[TEST] = EXPR_TEST, [EXACT] = EXPR_EXACT,
};

struct side {
	struct exprset *set;
	struct expreval *ev;
	struct buf err; /* why it does not compile, and of the last record */
};

struct pair {
	enum use use;
	bool rows;
	struct side sides[2]; /* auto, jq */
};

static void open_side(struct side *s, const char *program, enum use use, bool rows,
		      enum expr_engine engine)
{
	struct expr_source src = {.text = program, .kind = kinds[use]};
	struct expr_conf conf = {.engine = engine, .vars = differ_vars, .nvars = differ_nvars};

	if (rows) {
		conf.columns = differ_columns;
		conf.ncolumns = COLUMNS;
	}
	*s = (struct side){.err = BUF_INIT};
	s->set = exprset_new(&src, 1, &conf, &s->err);
	if (s->set)
		s->ev = expreval_new(s->set);
}

static void close_side(struct side *s)
{
	expreval_free(s->ev);
	exprset_free(s->set);
	buf_free(&s->err);
}

static void open_pair(struct pair *p, const char *program, enum use use, bool rows)
{
	p->use = use;
	p->rows = rows;
	open_side(&p->sides[0], program, use, rows, EXPR_AUTO);
	open_side(&p->sides[1], program, use, rows, EXPR_JQ);
}

static void close_pair(struct pair *p)
{
	close_side(&p->sides[0]);
	close_side(&p->sides[1]);
}

static bool compiles(const struct pair *p)
{
	return p->sides[0].set && p->sides[1].set;
}

/* Both compile, or both say the same. */
static bool compiles_alike(struct pair *p)
{
	return !p->sides[0].set == !p->sides[1].set &&
	       strcmp(buf_str(&p->sides[0].err), buf_str(&p->sides[1].err)) == 0;
}

static bool in_subset(const char *program, enum use use, bool rows)
{
	struct side s;
	bool is;

	open_side(&s, program, use, rows, EXPR_NATIVE);
	is = s.set != NULL;
	close_side(&s);
	return is;
}

/* --- One record --- */

/* How a record is looked at: -R and -r of kmap. */
struct how {
	bool raw_input, raw_output;
};

struct outcome {
	struct buf text; /* the results, or a result; and "! reason" */
	bool failed, native;
	struct val val; /* not of MAP; strings do not last */
	size_t json;    /* of KEY: so much of the text is the value */
};

static void put_failure(struct outcome *out, struct buf *err)
{
	out->failed = true;
	buf_addf(&out->text, "! %s", buf_str(err));
}

static void eval_map(struct side *s, struct slice record, struct how how, struct outcome *out)
{
	enum jq_result r;

	if (expreval_map(s->ev, record, how.raw_input, &s->err) < 0) {
		put_failure(out, &s->err);
		return;
	}
	while ((r = expreval_print(s->ev, how.raw_output, &out->text, &s->err)) == JQ_RESULT)
		buf_add_char(&out->text, '\n');
	if (r == JQ_ERROR)
		put_failure(out, &s->err);
}

static int eval_row(struct side *s, struct slice record, struct val *v)
{
	struct slice cells[COLUMNS];
	const char *at = record.ptr;

	for (size_t i = 0; i < COLUMNS; i++) {
		cells[i] = slice_str(at);
		at += cells[i].len + 1;
	}
	return expreval_row(s->ev, cells, v, &s->err);
}

static void eval_value(const struct pair *p, struct side *s, struct slice record, struct how how,
		       struct outcome *out)
{
	int rc = p->rows         ? eval_row(s, record, &out->val)
		 : how.raw_input ? expreval_text(s->ev, record, &out->val, &s->err)
				 : expreval_json(s->ev, record, &out->val, &s->err);

	if (rc < 0) {
		put_failure(out, &s->err);
		return;
	}
	val_put_json(&out->text, &out->val);
	out->json = out->text.len;
	if (p->use == KEY) {
		buf_add_str(&out->text, " as ");
		val_put_key(&out->text, &out->val);
	}
}

static void evaluate(const struct pair *p, int side, struct slice record, struct how how,
		     struct outcome *out)
{
	struct side *s = (struct side *)&p->sides[side];

	buf_clear(&out->text);
	buf_clear(&s->err);
	out->failed = false;
	out->val = val_null();
	if (p->use == MAP)
		eval_map(s, record, how, out);
	else
		eval_value(p, s, record, how, out);
	out->native = expreval_native(s->ev);
}

/* Is b what libjq makes of a, with its numbers rounded? */
static bool is_rounded(struct slice a, struct slice b, enum use use)
{
	struct side s;
	struct val v;
	bool same;

	open_side(&s, ".", use, false, EXPR_JQ);
	same = expreval_json(s.ev, a, &v, &s.err) == 0 && v.type == VAL_JSON && slice_eq(v.str, b);
	close_side(&s);
	return same;
}

/*
 * Differences that are meant. A number that goes no further than a key or a sum keeps all the
 * digits of its text, also in an object or an array, where libjq 1.6 knows the nearest double: that must
 * be the same. And to an aggregate all that is not finite is one.
 */
static bool is_meant(const struct outcome *a, const struct outcome *jq, enum use use)
{
	struct dec nearest;
	double d, other;

	if (use == MAP || a->failed || jq->failed)
		return false;
	if ((use == KEY || use == EXACT) && a->val.type == VAL_JSON && jq->val.type == VAL_JSON)
		return is_rounded(slice_of(a->text.data, a->json),
				  slice_of(jq->text.data, jq->json), use);
	if (!val_is_number(&a->val) || !val_is_number(&jq->val))
		return false;
	d = val_double(&a->val);
	other = val_double(&jq->val);
	if (!isfinite(d) || !isfinite(other))
		return use == EXACT && !isfinite(d) && !isfinite(other);
	if (a->val.type == VAL_DBL)
		return use == KEY && a->val.digits.len && d == other;
	return a->val.type == VAL_DEC && d == other &&
	       !(dec_from_double(&nearest, d) && dec_cmp(nearest, a->val.dec) == 0);
}

static bool agree(const struct outcome *a, const struct outcome *jq)
{
	return a->failed == jq->failed && slice_eq(buf_slice(&a->text), buf_slice(&jq->text));
}

/* --- What differs --- */

static void show(const char *what, struct slice bytes)
{
	printf("#   %s: ", what);
	for (size_t i = 0; i < bytes.len && i < 2000; i++) {
		unsigned char c = (unsigned char)bytes.ptr[i];
		if (c < ' ' || c >= 0x7f)
			printf("\\x%02x", c);
		else
			putchar(c);
	}
	puts(bytes.len < 2000 ? "" : "...");
}

static void show_pair(const struct pair *p, const char *program, struct slice record,
		      struct how how)
{
	struct outcome out = {.text = BUF_INIT};

	show("program", slice_str(program));
	show("record", record);
	for (int i = 0; i < 2; i++) {
		evaluate(p, i, record, how, &out);
		show(i == 0 ? "auto" : "jq", buf_slice(&out.text));
	}
	buf_free(&out.text);
}

/* The program that was compiled last: a record is tried often with the same one. */
struct retry {
	struct pair pair;
	struct how how;
	char *program;
	struct outcome outcomes[2];
};

static bool still_differs(void *ctx, const char *program, struct slice record)
{
	struct retry *t = ctx;

	if (!t->program || strcmp(t->program, program) != 0) {
		if (t->program)
			close_pair(&t->pair);
		free(t->program);
		t->program = mem_strdup(program);
		open_pair(&t->pair, program, t->pair.use, t->pair.rows);
	}
	if (!compiles(&t->pair))
		return false;
	for (int i = 0; i < 2; i++)
		evaluate(&t->pair, i, record, t->how, &t->outcomes[i]);
	return !agree(&t->outcomes[0], &t->outcomes[1]) &&
	       !is_meant(&t->outcomes[0], &t->outcomes[1], t->pair.use);
}

/* Rows have a set number of cells: only the program of one is shrunk, in place of its bytes. */
static void report_pair(struct report *rp, const struct pair *p, struct program *program,
			struct slice record, struct how how)
{
	struct retry retry = {.pair = {.use = p->use, .rows = p->rows}, .how = how};
	struct trial trial = {still_differs, &retry};
	struct buf small = BUF_INIT;

	printf("# differs: seed %llu, as %s%s%s%s\n", (unsigned long long)rp->seed,
	       use_names[p->use], p->rows ? " of a row" : "", how.raw_input ? " -R" : "",
	       how.raw_output ? " -r" : "");
	show_pair(p, program->text.data, record, how);
	fflush(stdout);
	buf_add(&small, record.ptr, record.len);
	if (!p->rows) {
		shrink(&trial, program, &small);
		puts("# shrunk:");
		if (still_differs(&retry, program->text.data, buf_slice(&small)))
			show_pair(&retry.pair, program->text.data, buf_slice(&small), how);
		close_pair(&retry.pair);
	}
	free(retry.program);
	buf_free(&retry.outcomes[0].text);
	buf_free(&retry.outcomes[1].text);
	buf_free(&small);
	rp->differing++;
}

/* --- Cases --- */

struct conf {
	uint64_t seed, programs, seconds, records, jobs;
	const char *program; /* in place of the random ones */
};

/* The same bytes in memory that ends with them, for sanitizers to see what reads on. */
static char *exact_copy(const struct buf *b)
{
	char *copy = mem_alloc(b->len);

	if (b->len)
		memcpy(copy, b->data, b->len);
	return copy;
}

static bool run_record(struct report *rp, const struct pair *p, struct program *program,
		       struct slice record, struct how how, struct outcome out[2])
{
	bool clean;

	evaluate(p, 0, record, how, &out[0]);
	evaluate(p, 1, record, how, &out[1]);
	clean = !out[1].failed && (p->rows || how.raw_input ||
				   json_valid(record.ptr, record.len, JSON_DEPTH_MAX, true));
	if (!program->spoiled)
		report_count(rp, program, p->use, clean, out[0].native);
	if (agree(&out[0], &out[1]))
		return true;
	if (is_meant(&out[0], &out[1], p->use)) {
		rp->meant++;
		return true;
	}
	report_pair(rp, p, program, record, how);
	return false;
}

/* Stops at the first record that differs: the others would tell the same. */
static void run_records(struct report *rp, const struct pair *p, struct program *program,
			struct rng *r, uint64_t n)
{
	struct outcome out[2] = {{.text = BUF_INIT}, {.text = BUF_INIT}};
	struct limits limits = {
		.numbers = program_uses(program, USES_PRODUCT),
		.times = program_uses(program, USES_TODATE) || program_uses(program, USES_STRFTIME),
	};
	bool same = true;

	for (uint64_t i = 0; i < n && same; i++) {
		struct how how = {!p->rows && percent(r, 4), p->use == MAP && percent(r, 30)};
		struct buf record = BUF_INIT;
		char *bytes;

		(p->rows ? row_make : record_make)(&record, r, limits);
		bytes = exact_copy(&record);
		same = run_record(rp, p, program, slice_of(bytes, record.len), how, out);
		free(bytes);
		buf_free(&record);
	}
	buf_free(&out[0].text);
	buf_free(&out[1].text);
}

static void run_use(struct report *rp, struct program *program, enum use use, bool rows, uint64_t n)
{
	struct rng r = rng_of(rp->seed ^ (uint64_t)(use + 1) << 56);
	const char *text = program->text.data;
	bool native = in_subset(text, use, rows);
	struct pair p;

	open_pair(&p, text, use, rows);
	rp->programs += !program->spoiled;
	rp->compiled += !program->spoiled && compiles(&p);
	rp->subset += !program->spoiled && native;
	if (!compiles_alike(&p) || (native && !p.sides[1].set)) {
		printf("# differs: seed %llu, compiled as %s%s\n", (unsigned long long)rp->seed,
		       use_names[use], rows ? " of a row" : "");
		show("program", slice_str(text));
		show("auto", slice_str(buf_str(&p.sides[0].err)));
		show("jq", slice_str(buf_str(&p.sides[1].err)));
		rp->differing++;
	} else if (compiles(&p)) {
		run_records(rp, &p, program, &r, n);
	}
	close_pair(&p);
}

/* In the argument of an aggregate + - * are others than jq's: nothing to compare with. */
static enum use choose_use(const struct program *p, struct rng *r, bool rows)
{
	static const enum use json[] = {VALUE, KEY, TEST, EXACT}, row[] = {VALUE, TEST, EXACT};
	enum use use = rows ? ANY(r, row) : ANY(r, json);

	return use == EXACT && strpbrk(p->text.data, "+-*") ? VALUE : use;
}

static void run_case(struct report *rp, const struct conf *conf)
{
	struct rng r = rng_of(rp->seed);
	bool rows = !conf->program && percent(&r, 10);
	struct program program;

	program_make(&program, &r, rows);
	if (conf->program) {
		program.nspans = 0;
		buf_clear(&program.text);
		buf_add_str(&program.text, conf->program);
	}
	snprintf(rp->program, sizeof rp->program, "%s", program.text.data);
	alarm(PATIENCE);
	if (!rows)
		run_use(rp, &program, MAP, false, conf->records);
	run_use(rp, &program, choose_use(&program, &r, rows), rows, conf->records);
	program_free(&program);
}

/* --- Processes: what kills one is reported with its case --- */

static void run_job(struct report *rp, const struct conf *conf, uint64_t job)
{
	time_t start = time(NULL);

	for (uint64_t i = job; conf->seconds || i < conf->programs; i += conf->jobs) {
		if (conf->seconds && (uint64_t)(time(NULL) - start) >= conf->seconds)
			break;
		if (rp->differing >= SHOWN)
			break;
		rp->seed = conf->seed + i;
		run_case(rp, conf);
	}
	rp->done = true;
}

static struct report *new_reports(uint64_t n)
{
	void *p = mmap(NULL, n * sizeof(struct report), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED) {
		puts("Bail out! mmap");
		exit(1);
	}
	return p;
}

static void start_job(struct report *rp, const struct conf *conf, uint64_t job)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0) {
		puts("Bail out! fork");
		exit(1);
	}
	if (pid > 0)
		return;
	dup2(STDOUT_FILENO, STDERR_FILENO);
	run_job(rp, conf, job);
	exit(0);
}

static bool all_ended(const struct report *reports, uint64_t n)
{
	bool well = true;
	int status;

	while (wait(&status) > 0)
		well &= status == 0;
	for (uint64_t i = 0; i < n; i++)
		if (!reports[i].done)
			printf("# ended early: seed %llu: %s\n",
			       (unsigned long long)reports[i].seed, reports[i].program);
	return well;
}

static void read_options(struct conf *conf, int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "s:n:t:r:j:p:")) != -1) {
		uint64_t n = optarg ? strtoull(optarg, NULL, 10) : 0;

		switch (c) {
		case 's':
			conf->seed = n;
			break;
		case 'n':
			conf->programs = n;
			break;
		case 't':
			conf->seconds = n;
			break;
		case 'r':
			conf->records = n;
			break;
		case 'j':
			conf->jobs = n;
			break;
		case 'p':
			conf->program = optarg;
			break;
		default:
			exit(2);
		}
	}
}

int main(int argc, char **argv)
{
	struct conf conf = {.seed = 1, .programs = 80, .records = 250, .jobs = 1};
	struct report *reports, sum = {0};
	struct tally all;
	bool well;
	int least;

	read_options(&conf, argc, argv);
	reports = new_reports(conf.jobs);
	for (uint64_t i = 0; i < conf.jobs; i++)
		start_job(&reports[i], &conf, i);
	well = all_ended(reports, conf.jobs);
	for (uint64_t i = 0; i < conf.jobs; i++)
		report_add(&sum, &reports[i]);
	all = report_print(&sum);
	ok(well, "every process ends by itself");
	ok(sum.differing == 0, "%llu pairs of %llu programs give the same by both engines",
	   (unsigned long long)all.pairs, (unsigned long long)sum.programs);
	ok(2 * all.clean_pairs >= all.pairs, "most pairs are of a JSON text and without an error");
	least = conf.seconds ? NATIVE_LEAST_SEARCH : NATIVE_LEAST;
	ok(share(all.clean_native, all.clean_pairs) >= least,
	   "%.1f %% of these need no libjq, of %d %%", share(all.clean_native, all.clean_pairs),
	   least);
	return done_testing();
}
