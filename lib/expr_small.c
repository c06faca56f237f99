/*
 * Rows of small decimals: what most cells and products of a CSV file are, evaluated in 64 bits, a program's step over
 * many rows at a time. A cell or a result that is none sends the whole row the general way (expreval_row),
 * which gives the same.
 */
#include <stdlib.h>

#include "expr_priv.h"
#include "mem.h"

enum { DEPTH_MAX = 16 };

/* Of a program; those that an operation works on stand before it. */
struct small_step {
	enum plan_op op; /* FIELD, LITERAL, ADD, SUB, MUL, NEGATE */
	unsigned slot;   /* FIELD */
	struct small literal;
	size_t a, b; /* the steps whose results it takes */
};

struct small_plan {
	struct small_step *steps; /* the last one gives the result */
	size_t n, cap;
};

static bool take_literal(const struct plan_node *n, struct small *s)
{
	const struct dec *d = &n->exact.dec;

	if (n->literal.type != PV_LITERAL || n->exact.type != VAL_DEC || d->v != (int64_t)d->v ||
	    d->scale > SMALL_DIGITS_MAX)
		return false;
	*s = (struct small){(int64_t)d->v, d->scale, false};
	return true;
}

/* False: the program is no such one. */
static bool compile(struct small_plan *sp, const struct plan *plan, const struct fields *fs,
		    unsigned node, unsigned depth)
{
	const struct plan_node *n = &plan->nodes[node];
	struct small_step step = {.op = n->op, .slot = n->slot};

	if (depth >= DEPTH_MAX)
		return false;
	switch (n->op) {
	case PLAN_FIELD:
		if (fs->v[n->slot].column < 0)
			return false;
		break;
	case PLAN_LITERAL:
		if (!take_literal(n, &step.literal))
			return false;
		break;
	case PLAN_ADD:
	case PLAN_SUB:
	case PLAN_MUL:
		if (!compile(sp, plan, fs, n->b, depth + 1))
			return false;
		step.b = sp->n - 1;
		__attribute__((fallthrough));
	case PLAN_NEGATE:
		if (!compile(sp, plan, fs, n->a, depth + 1))
			return false;
		step.a = sp->n - 1;
		break;
	default:
		return false;
	}
	sp->steps = mem_grow(sp->steps, &sp->cap, sp->n + 1, sizeof *sp->steps);
	sp->steps[sp->n++] = step;
	return true;
}

struct small_plan *small_plan_new(const struct plan *plan, const struct fields *fs)
{
	struct small_plan *sp = mem_zalloc(1, sizeof *sp);

	if (compile(sp, plan, fs, plan->root, 0))
		return sp;
	small_plan_free(sp);
	return NULL;
}

void small_plan_free(struct small_plan *sp)
{
	if (!sp)
		return;
	free(sp->steps);
	free(sp);
}

/* --- Columns --- */

struct small_run {
	const struct fields *fields;
	enum simd simd;
	const struct slice *const *columns;
	size_t n;
	bool *odd;
	uint64_t batch; /* 1, 2, ... */
	struct cells {
		uint64_t known; /* for this batch */
		struct small *v;
	} * cells;              /* per field, parsed when first asked for */
	struct small **results; /* of steps that compute: of all programs, one behind the other */
	size_t used, nresults, results_cap;
};

struct small_run *small_run_new(const struct fields *fs)
{
	struct small_run *run = mem_zalloc(1, sizeof *run);

	run->fields = fs;
	run->simd = simd_choose();
	run->cells = mem_zalloc(fs->n, sizeof *run->cells);
	return run;
}

void small_run_free(struct small_run *run)
{
	if (!run)
		return;
	for (size_t i = 0; i < run->fields->n; i++)
		free(run->cells[i].v);
	for (size_t i = 0; i < run->nresults; i++)
		free(run->results[i]);
	free(run->cells);
	free(run->results);
	free(run);
}

void small_run_begin(struct small_run *run, const struct slice *const columns[], size_t n,
		     bool odd[])
{
	run->columns = columns;
	run->n = n;
	run->odd = odd;
	run->batch++;
	run->used = 0;
}

static struct small *new_column(void)
{
	return mem_resize(NULL, EXPR_ROWS_MAX, sizeof(struct small));
}

static struct small *next_result(struct small_run *run)
{
	if (run->used == run->nresults) {
		run->results = mem_grow(run->results, &run->results_cap, run->nresults + 1,
					sizeof *run->results);
		run->results[run->nresults++] = new_column();
	}
	return run->results[run->used++];
}

static const struct small *field(struct small_run *run, unsigned slot)
{
	struct cells *c = &run->cells[slot];
	const struct slice *cells = run->columns[run->fields->v[slot].column];

	if (c->known == run->batch)
		return c->v;
	c->known = run->batch;
	if (!c->v)
		c->v = new_column();
	small_parse(run->simd, cells, run->n, c->v, run->odd);
	return c->v;
}

/* --- Steps --- */

static bool align(struct small *a, struct small *b)
{
	for (; a->scale < b->scale; a->scale++) {
		if (__builtin_mul_overflow(a->v, 10, &a->v))
			return false;
	}
	for (; b->scale < a->scale; b->scale++) {
		if (__builtin_mul_overflow(b->v, 10, &b->v))
			return false;
	}
	return true;
}

/* False when the result is not small. */
typedef bool combine_fn(struct small a, struct small b, struct small *r);

static inline bool multiply(struct small a, struct small b, struct small *r)
{
	r->scale = a.scale + b.scale;
	return !__builtin_mul_overflow(a.v, b.v, &r->v) && r->scale <= DEC_SCALE_MAX;
}

static inline bool add(struct small a, struct small b, struct small *r)
{
	if (a.scale != b.scale && !align(&a, &b))
		return false;
	r->scale = a.scale;
	return !__builtin_add_overflow(a.v, b.v, &r->v);
}

static inline bool subtract(struct small a, struct small b, struct small *r)
{
	if (a.scale != b.scale && !align(&a, &b))
		return false;
	r->scale = a.scale;
	return !__builtin_sub_overflow(a.v, b.v, &r->v);
}

/* With null on one side the result is null. */
static inline __attribute__((always_inline)) const struct small *
combine(struct small_run *run, const struct small a[], const struct small b[], combine_fn *fn)
{
	struct small *r = next_result(run);

	for (size_t i = 0; i < run->n; i++) {
		r[i] = (struct small){.null = a[i].null || b[i].null};
		if (!r[i].null)
			run->odd[i] |= !fn(a[i], b[i], &r[i]);
	}
	return r;
}

static const struct small *repeat(struct small_run *run, struct small literal)
{
	struct small *r = next_result(run);

	for (size_t i = 0; i < run->n; i++)
		r[i] = literal;
	return r;
}

static const struct small *eval(const struct small_plan *sp, size_t i, struct small_run *run)
{
	const struct small_step *step = &sp->steps[i];

	switch (step->op) {
	case PLAN_FIELD:
		return field(run, step->slot);
	case PLAN_LITERAL:
		return repeat(run, step->literal);
	case PLAN_NEGATE:
		return combine(run, repeat(run, (struct small){0}), eval(sp, step->a, run),
			       subtract);
	case PLAN_MUL:
		return combine(run, eval(sp, step->a, run), eval(sp, step->b, run), multiply);
	case PLAN_ADD:
		return combine(run, eval(sp, step->a, run), eval(sp, step->b, run), add);
	default:
		return combine(run, eval(sp, step->a, run), eval(sp, step->b, run), subtract);
	}
}

const struct small *small_plan_eval(const struct small_plan *sp, struct small_run *run)
{
	return eval(sp, sp->n - 1, run);
}
