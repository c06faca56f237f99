/*
 * Exact arithmetic, as -a has it: fields and numbers are what their text says, + - * give exact
 * decimals, and null on one side gives null. All else is the plan's.
 */
#include <math.h>

#include "expr_priv.h"

static struct val rounded_double(double d)
{
	return (struct val){.type = VAL_DBL, .rounded = true, .dbl = d};
}

struct val exact_number(struct slice text)
{
	struct val v = {.type = VAL_DEC};

	if (dec_parse(&v.dec, text.ptr, text.len))
		return v;
	return rounded_double(num_double(text.ptr, text.len));
}

void exact_cell(struct slice cell, struct val *v)
{
	v->rounded = false;
	v->type = VAL_NULL;
	if (!cell.len)
		return;
	/* The first byte tells most texts from numbers. */
	if ((*cell.ptr == '-' || (*cell.ptr >= '0' && *cell.ptr <= '9')) &&
	    dec_parse(&v->dec, cell.ptr, cell.len))
		v->type = VAL_DEC;
	else if (num_is_json(cell.ptr, cell.len))
		*v = rounded_double(num_double(cell.ptr, cell.len));
	else
		*v = val_str(cell.ptr, cell.len);
}

/* Any node's value, by way of the plan. */
static enum outcome from_plan(struct plan_run *run, unsigned i, struct val *out)
{
	struct pval v;
	enum outcome r = plan_eval(run, i, &v);

	return r == SURE ? pval_result(&v, run->rec, run->rules, true, false, out) : r;
}

static enum outcome exact_field(struct plan_run *run, unsigned i, struct val *space,
				const struct val **v)
{
	const struct plan_node *n = &run->plan->nodes[i];
	struct field_value *f = &run->rec->values[n->slot];

	if (!run->rec->row || run->rec->fields->v[n->slot].column < 0) {
		*v = space;
		return from_plan(run, i, space);
	}
	if (f->exact_known != run->rec->number) {
		exact_cell(run->rec->row[run->rec->fields->v[n->slot].column], &f->exact);
		f->exact_known = run->rec->number;
	}
	*v = &f->exact;
	return SURE;
}

static enum outcome operand(struct plan_run *run, unsigned i, struct val *space,
			    const struct val **v)
{
	const struct plan_node *n = &run->plan->nodes[i];

	*v = space;
	switch (n->op) {
	case PLAN_FIELD:
		return exact_field(run, i, space, v);
	case PLAN_LITERAL:
		if (n->literal.type != PV_LITERAL)
			return from_plan(run, i, space);
		*v = &n->exact;
		return SURE;
	case PLAN_ADD:
	case PLAN_SUB:
	case PLAN_MUL:
	case PLAN_NEGATE:
		return exact_arithmetic(run, n, space);
	default:
		return from_plan(run, i, space);
	}
}

static enum outcome not_a_number(const struct val *v, struct buf *err)
{
	buf_clear(err);
	val_put_quote(err, v);
	buf_add_str(err, " is not a number");
	return BAD;
}

/* jq would repeat a text that is multiplied: here it is a mistake in the data. Else the plan knows. */
static enum outcome no_numbers(struct plan_run *run, const struct plan_node *n, const struct val *a,
			       const struct val *b, struct val *out)
{
	struct pval v;
	enum outcome r;

	if (val_is_number(a) && b->type == VAL_STR)
		return not_a_number(b, run->rec->err);
	if (val_is_number(b) && a->type == VAL_STR)
		return not_a_number(a, run->rec->err);
	if (n->op != PLAN_ADD)
		return UNSURE;
	r = plan_jq_arithmetic(run, n, &v);
	return r == SURE ? pval_result(&v, run->rec, run->rules, true, false, out) : r;
}

static enum outcome in_doubles(enum plan_op op, const struct val *a, const struct val *b,
			       struct val *out)
{
	double x = val_double(a), y = val_double(b);
	double d = op == PLAN_ADD ? x + y : op == PLAN_SUB ? x - y : x * y;
	bool decimals = a->type == VAL_DEC && b->type == VAL_DEC;

	if (!isfinite(d))
		return UNSURE;
	*out = pval_double_result(d, decimals || a->rounded || b->rounded);
	return SURE;
}

static inline bool is_small(const struct val *v)
{
	return v->type == VAL_DEC && v->dec.v == (int64_t)v->dec.v;
}

/* Most numbers: what 64 bits hold cannot overflow 128. False: another way is needed. */
static inline bool small_numbers(enum plan_op op, const struct val *a, const struct val *b,
				 struct val *out)
{
	if (!is_small(a) || !is_small(b))
		return false;
	if (op == PLAN_MUL) {
		if (a->dec.scale + b->dec.scale > DEC_SCALE_MAX)
			return false;
		out->dec.v = (__int128)(int64_t)a->dec.v * (int64_t)b->dec.v;
		out->dec.scale = out->dec.v ? a->dec.scale + b->dec.scale : 0;
	} else {
		if (a->dec.scale != b->dec.scale)
			return false;
		out->dec.v = op == PLAN_ADD ? a->dec.v + b->dec.v : a->dec.v - b->dec.v;
		out->dec.scale = a->dec.scale;
	}
	out->type = VAL_DEC;
	out->rounded = a->rounded || b->rounded;
	return true;
}

static bool decimals(enum plan_op op, const struct val *a, const struct val *b, struct val *out)
{
	struct dec r;
	bool fits;

	if (a->type != VAL_DEC || b->type != VAL_DEC)
		return false;
	fits = op == PLAN_ADD   ? dec_add(a->dec, b->dec, &r)
	       : op == PLAN_SUB ? dec_sub(a->dec, b->dec, &r)
				: dec_mul(a->dec, b->dec, &r);
	if (fits)
		*out = (struct val){.type = VAL_DEC, .rounded = a->rounded || b->rounded, .dec = r};
	return fits;
}

static enum outcome exactly(struct plan_run *run, const struct plan_node *n, enum plan_op op,
			    const struct val *a, const struct val *b, struct val *out)
{
	if (small_numbers(op, a, b, out) || decimals(op, a, b, out))
		return SURE;
	if (a->type == VAL_NULL || b->type == VAL_NULL) {
		*out = val_null();
		return SURE;
	}
	return val_is_number(a) && val_is_number(b) ? in_doubles(op, a, b, out)
						    : no_numbers(run, n, a, b, out);
}

enum outcome exact_arithmetic(struct plan_run *run, const struct plan_node *n, struct val *out)
{
	static const struct val zero = {.type = VAL_DEC};
	struct val a_space, b_space;
	const struct val *a, *b = NULL;
	enum outcome r = operand(run, n->a, &a_space, &a), s = SURE;

	if (r == UNSURE || r == BAD)
		return r;
	if (n->op == PLAN_NEGATE)
		return r == SURE ? exactly(run, n, PLAN_SUB, &zero, a, out) : r;
	s = operand(run, n->b, &b_space, &b);
	if (s != SURE || r != SURE)
		return s == SURE ? r : s;
	return exactly(run, n, n->op, a, b, out);
}

enum outcome exact_eval(struct plan_run *run, unsigned node, struct val *out)
{
	const struct val *v;
	enum outcome r = operand(run, node, out, &v);

	if (r == SURE && v != out)
		*out = *v;
	return r;
}
