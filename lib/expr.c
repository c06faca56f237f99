#include "expr.h"

#include <stdlib.h>

#include "expr_set.h"
#include "json.h"
#include "mem.h"
#include "utf8.h"

struct expreval {
	struct exprset *set;
	struct jqprog **progs; /* NULL until needed */
	struct buf *texts;     /* per program: what libjq's result points to */
	struct plan_run *runs; /* per program, for its plan */
	struct record rec;
	struct small_run *small; /* NULL until needed */
	struct buf normal;       /* a record as libjq wrote it */
	struct jqdoc *doc;
	bool doc_ready, used_jq;
	/* expreval_map: what expreval_print is to do. */
	enum { MAP_PLAN, MAP_JQ, MAP_DONE } map;
	struct slice map_record;
};

/*
 * The first evaluator takes what exprset_new compiled. The others compile what they are sure to need
 * now, before records take the memory: libjq does not survive its lack while it compiles.
 */
static struct jqprog *first_prog(const struct exprset *set, struct program *p)
{
	struct jqprog *jq = p->compiled;
	struct buf err = BUF_INIT;

	p->compiled = NULL;
	if (!jq && !p->native)
		jq = expr_compile_jq(set, p, &err);
	buf_free(&err);
	return jq;
}

struct expreval *expreval_new(struct exprset *set)
{
	struct expreval *ev = mem_zalloc(1, sizeof *ev);

	ev->set = set;
	ev->rec.fields = &set->fields;
	ev->progs = mem_zalloc(set->n, sizeof *ev->progs);
	ev->texts = mem_zalloc(set->n, sizeof *ev->texts);
	ev->rec.slots = mem_zalloc(set->fields.n, sizeof *ev->rec.slots);
	ev->rec.values = mem_zalloc(set->fields.n, sizeof *ev->rec.values);
	ev->runs = mem_zalloc(set->n, sizeof *ev->runs);
	for (size_t i = 0; i < set->n; i++) {
		ev->progs[i] = first_prog(set, &set->v[i]);
		ev->runs[i] = (struct plan_run){
			.plan = &set->v[i].plan,
			.rec = &ev->rec,
			.rules = set->rules,
			.exact = set->v[i].kind == EXPR_EXACT,
		};
		ev->runs[i].rules.exact = ev->runs[i].exact;
	}
	return ev;
}

void expreval_free(struct expreval *ev)
{
	if (!ev)
		return;
	for (size_t i = 0; i < ev->set->n; i++) {
		jqprog_free(ev->progs[i]);
		buf_free(&ev->texts[i]);
	}
	free(ev->progs);
	free(ev->texts);
	free(ev->runs);
	free(ev->rec.slots);
	free(ev->rec.values);
	arena_free(&ev->rec.arena);
	buf_free(&ev->rec.build);
	buf_free(&ev->normal);
	jqdoc_free(ev->doc);
	small_run_free(ev->small);
	free(ev);
}

bool expreval_halted(const struct expreval *ev)
{
	return ev->progs[0] && jqprog_halted(ev->progs[0]);
}

bool expreval_native(const struct expreval *ev)
{
	return !ev->used_jq;
}

/* --- Plans --- */

static enum outcome run_plan(struct expreval *ev, size_t i, struct val *out)
{
	const struct program *p = &ev->set->v[i];
	struct plan_run *run = &ev->runs[i];
	struct pval v;
	enum outcome r;

	if (run->exact && !p->by_key) {
		r = exact_eval(run, p->plan.root, out);
		if (r == EMPTY)
			*out = val_null();
		return r == EMPTY ? SURE : r;
	}
	r = plan_eval(run, p->plan.root, &v);
	if (r == EMPTY)
		v = pval_of(PV_NULL);
	else if (r != SURE)
		return r;
	if (p->kind == EXPR_TEST)
		v = pval_bool(pval_truthy(&v));
	return pval_result(&v, &ev->rec, run->rules, run->exact, p->by_key, out);
}

/* --- libjq --- */

/* What has a plan is compiled when a record is first handed over. */
static bool need_prog(struct expreval *ev, size_t i, struct buf *err)
{
	if (!ev->progs[i])
		ev->progs[i] = expr_compile_jq(ev->set, &ev->set->v[i], err);
	return ev->progs[i] != NULL;
}

static int run_jq(struct expreval *ev, size_t i, struct val *out, struct buf *err)
{
	const struct program *p = &ev->set->v[i];
	struct buf second_text = BUF_INIT;
	struct val second;
	enum jq_result r;

	ev->used_jq = true;
	if (!need_prog(ev, i, err))
		return -1;
	jqprog_start(ev->progs[i], ev->doc);
	do {
		r = jqprog_next(ev->progs[i], p->by_key, out, &ev->texts[i], err);
	} while (p->kind == EXPR_TEST && r == JQ_RESULT && !val_truthy(out));
	if (r == JQ_ERROR) {
		expr_name_program(err, p->src);
		return -1;
	}
	if (p->kind == EXPR_TEST) {
		out->type = r == JQ_RESULT ? VAL_TRUE : VAL_FALSE;
		return 0;
	}
	if (r == JQ_END) {
		*out = val_null();
		return 0;
	}
	r = jqprog_next(ev->progs[i], false, &second, &second_text, err);
	buf_free(&second_text);
	if (r == JQ_END)
		return 0;
	if (r == JQ_RESULT)
		buf_setf(err, "two results where one is due");
	expr_name_program(err, p->src);
	return -1;
}

static struct jqdoc *new_doc(struct expreval *ev)
{
	if (!ev->doc)
		ev->doc = jqdoc_new();
	return ev->doc;
}

static int need_doc(struct expreval *ev, struct slice line, struct buf *err)
{
	if (ev->doc_ready)
		return 0;
	ev->used_jq = true;
	if (jqdoc_parse(new_doc(ev), line, err) < 0)
		return -1;
	ev->doc_ready = true;
	return 0;
}

/* --- Records --- */

static void begin_record(struct expreval *ev)
{
	ev->doc_ready = ev->used_jq = false;
	ev->rec.number++;
	if (ev->rec.arena.used)
		arena_clear(&ev->rec.arena);
	ev->rec.row = NULL;
	ev->rec.text = ev->rec.rewritten = false;
}

static bool scan(struct expreval *ev, struct slice line)
{
	enum scan_result r = scan_run(ev->set->scan, line, ev->rec.slots);

	ev->rec.escapes = r == SCAN_ESCAPES;
	return r != SCAN_UNSURE;
}

/*
 * A record that only libjq explains (NaN, bad UTF-8, deep nesting) is given back to the scan as libjq
 * writes it, for the sake of exact arithmetic.
 */
static bool rescan(struct expreval *ev)
{
	buf_clear(&ev->normal);
	jqdoc_put(ev->doc, &ev->normal);
	ev->rec.rewritten = true;
	return scan(ev, buf_slice(&ev->normal));
}

/* Is program i kept from running by another one's value? Then it is null. */
static bool is_guarded(const struct exprset *set, size_t i, struct val out[])
{
	size_t guard = set->v[i].guard;

	if (!guard || val_truthy(&out[guard - 1]))
		return false;
	out[i] = val_null();
	return true;
}

/* False: the program is more than a field, or the field's value more than a scalar. */
static inline bool take_field(struct expreval *ev, const struct program *p, struct val *out)
{
	if (p->shape != SHAPE_FIELD || !field_scalar(&ev->rec, p->slot, out))
		return false;
	if (p->kind == EXPR_TEST)
		out->type = val_truthy(out) ? VAL_TRUE : VAL_FALSE;
	return true;
}

/* What the plan cannot say of a record, libjq does. */
static int eval_program(struct expreval *ev, size_t i, bool sure, struct slice line,
			struct val *out, int (*need)(struct expreval *, struct slice, struct buf *),
			struct buf *err)
{
	const struct program *p = &ev->set->v[i];
	enum outcome r;

	ev->rec.err = err;
	r = p->native && sure ? run_plan(ev, i, out) : UNSURE;

	if (r == BAD) {
		expr_name_program(err, p->src);
		return -1;
	}
	return r == SURE || (need(ev, line, err) == 0 && run_jq(ev, i, out, err) == 0) ? 0 : -1;
}

int expreval_json(struct expreval *ev, struct slice line, struct val out[], struct buf *err)
{
	const struct exprset *set = ev->set;
	bool sure, exact_sure;

	begin_record(ev);
	sure = (set->any_native || !set->n) && scan(ev, line);
	exact_sure = sure;
	if (!sure) {
		if (need_doc(ev, line, err) < 0)
			return -1;
		exact_sure = set->any_native && rescan(ev);
	}
	for (size_t i = 0; i < set->n; i++) {
		const struct program *p = &set->v[i];
		bool known = p->kind == EXPR_EXACT ? exact_sure : sure;

		if (is_guarded(set, i, out) || (known && take_field(ev, p, &out[i])))
			continue;
		if (eval_program(ev, i, known, line, &out[i], need_doc, err) < 0)
			return -1;
	}
	return 0;
}

void expreval_put_record(const struct expreval *ev, struct slice line, struct buf *out)
{
	const char *p = json_blank(line.ptr, line.ptr + line.len), *end = line.ptr + line.len;

	if (ev->used_jq && !json_valid(line.ptr, line.len, JSON_DEPTH_MAX, true)) {
		jqdoc_print(ev->doc, out);
		return;
	}
	while (end > p && strchr(" \t\r\n", end[-1]))
		end--;
	buf_add(out, p, (size_t)(end - p));
}

/* The record is a string: `.` is it, and no path leads into it. */
static bool begin_text(struct expreval *ev, struct slice line)
{
	begin_record(ev);
	ev->rec.text = true;
	for (size_t i = 0; i < ev->set->fields.n; i++)
		ev->rec.values[i] =
			(struct field_value){.known = ev->rec.number, .val = pval_string(line)};
	return utf8_valid(line.ptr, line.len);
}

static int need_text(struct expreval *ev, struct slice line, struct buf *err)
{
	(void)err;
	jqdoc_string(new_doc(ev), line);
	return 0;
}

int expreval_text(struct expreval *ev, struct slice line, struct val out[], struct buf *err)
{
	bool sure = begin_text(ev, line);

	for (size_t i = 0; i < ev->set->n; i++) {
		if (!is_guarded(ev->set, i, out) &&
		    eval_program(ev, i, sure, line, &out[i], need_text, err) < 0)
			return -1;
	}
	return 0;
}

static int need_row(struct expreval *ev, struct slice none, struct buf *err)
{
	(void)none;
	if (ev->doc_ready)
		return 0;
	buf_clear(&ev->normal);
	record_put_row(&ev->rec, &ev->normal);
	return need_doc(ev, buf_slice(&ev->normal), err);
}

/* A column as a key is its text: 007 stays 007, and 1.0 is not 1. False: the program is more than a column. */
static inline bool take_cell(struct expreval *ev, const struct program *p, struct val *out)
{
	struct field_value *f = &ev->rec.values[p->slot];
	struct slice cell;

	if (p->shape == SHAPE_OTHER)
		return false;
	cell = ev->rec.row[ev->set->fields.v[p->slot].column];
	if (p->shape == SHAPE_KEY_CELL) {
		*out = cell.len ? val_str(cell.ptr, cell.len) : val_null();
		return true;
	}
	if (f->exact_known != ev->rec.number) {
		exact_cell(cell, &f->exact);
		f->exact_known = ev->rec.number;
	}
	*out = f->exact;
	return true;
}

int expreval_row(struct expreval *ev, const struct slice cells[], struct val out[], struct buf *err)
{
	const struct exprset *set = ev->set;

	begin_record(ev);
	ev->rec.row = cells;
	for (size_t i = 0; i < set->n; i++) {
		if (!is_guarded(set, i, out) && !take_cell(ev, &set->v[i], &out[i]) &&
		    eval_program(ev, i, true, slice_of(NULL, 0), &out[i], need_row, err) < 0)
			return -1;
	}
	return 0;
}

void expreval_rows(struct expreval *ev, const struct slice *const columns[], size_t n,
		   const struct small *out[], bool odd[])
{
	const struct exprset *set = ev->set;

	if (!ev->small)
		ev->small = small_run_new(&set->fields);
	memset(odd, 0, n);
	small_run_begin(ev->small, columns, n, odd);
	for (size_t i = 0; i < set->n; i++) {
		if (set->v[i].small)
			out[i] = small_plan_eval(set->v[i].small, ev->small);
	}
}

/* --- Results as text --- */

static int map_by_jq(struct expreval *ev, struct buf *err)
{
	ev->used_jq = true;
	if (!need_prog(ev, 0, err))
		return -1;
	if (ev->rec.text)
		need_text(ev, ev->map_record, err);
	else if (need_doc(ev, ev->map_record, err) < 0)
		return -1;
	jqprog_start(ev->progs[0], ev->doc);
	ev->map = MAP_JQ;
	return 0;
}

int expreval_map(struct expreval *ev, struct slice line, bool raw, struct buf *err)
{
	const struct exprset *set = ev->set;
	bool sure = set->v[0].native;

	ev->map = MAP_PLAN;
	ev->map_record = line;
	if (raw) {
		sure &= begin_text(ev, line);
	} else {
		begin_record(ev);
		sure = sure && scan(ev, line);
	}
	return sure ? 0 : map_by_jq(ev, err);
}

enum jq_result expreval_print(struct expreval *ev, bool raw, struct buf *out, struct buf *err)
{
	struct plan_run *run = &ev->runs[0];
	size_t start = out->len;
	enum outcome r;

	if (ev->map == MAP_DONE)
		return JQ_END;
	if (ev->map == MAP_PLAN) {
		ev->rec.err = err;
		r = plan_print(run, run->plan->root, raw, out);
		ev->map = MAP_DONE;
		if (r == SURE)
			return JQ_RESULT;
		buf_cut(out, start);
		if (r == EMPTY)
			return JQ_END;
		if (map_by_jq(ev, err) < 0)
			return JQ_ERROR;
	}
	return jqprog_print(ev->progs[0], raw, out, err);
}
