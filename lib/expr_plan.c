/* The plan: evaluated on the fields of one record, or the record handed over. */
#include <math.h>

#include "expr_priv.h"
#include "json.h"

/* --- Fields --- */

/* A string token's bytes, which live as long as the record. */
static struct slice decode_string(struct record *rec, struct slice token)
{
	size_t start = rec->build.len;
	struct slice s;

	if (!rec->escapes || !memchr(token.ptr, '\\', token.len))
		return slice_of(token.ptr + 1, token.len - 2);
	s = json_unescape(token.ptr, token.len, &rec->build);
	s = arena_copy(&rec->arena, s.ptr, s.len);
	buf_cut(&rec->build, start);
	return s;
}

static struct pval decode_json(struct record *rec, struct slice s)
{
	if (!s.ptr)
		return pval_of(PV_NULL);
	switch (s.ptr[0]) {
	case '"':
		return pval_string(decode_string(rec, s));
	case '{':
	case '[':
		return (struct pval){.type = PV_JSON, .text = s};
	case 't':
		return pval_of(PV_TRUE);
	case 'f':
		return pval_of(PV_FALSE);
	case 'n':
		return pval_of(PV_NULL);
	default:
		return pval_literal(s);
	}
}

static struct pval decode_cell(struct record *rec, int column)
{
	size_t start = rec->build.len;
	struct pval v = {.type = PV_JSON};

	if (column >= 0)
		return pval_cell(rec->row[column]);
	record_put_row(rec, &rec->build);
	v.text = arena_copy(&rec->arena, rec->build.data + start, rec->build.len - start);
	rec->build.len = start;
	return v;
}

/* Did the path lead into a value of another kind? Where that step has a ?, nothing comes of it. */
static enum outcome field_state(const struct record *rec, const struct plan_node *n)
{
	size_t steps;

	if (rec->row)
		return SURE;
	if (rec->text)
		return rec->fields->v[n->slot].n == 0 ? SURE : n->optional & 1 ? EMPTY : UNSURE;
	if (rec->slots[n->slot].ptr != scan_mismatch)
		return SURE;
	steps = rec->slots[n->slot].len;
	return n->optional >> steps & 1 ? EMPTY : UNSURE;
}

/* *v: the field's value, which lives as long as the record. */
static enum outcome eval_field(struct record *rec, const struct plan_node *n, const struct pval **v)
{
	struct field_value *f = &rec->values[n->slot];
	enum outcome r = field_state(rec, n);

	if (r != SURE)
		return r;
	if (f->known != rec->number) {
		f->val = rec->row ? decode_cell(rec, rec->fields->v[n->slot].column)
				  : decode_json(rec, rec->slots[n->slot]);
		f->known = rec->number;
	}
	*v = &f->val;
	return SURE;
}

/* --- Arithmetic --- */

static enum outcome double_result(double d, struct pval *out)
{
	if (!isfinite(d))
		return UNSURE;
	*out = pval_double(d);
	return SURE;
}

static enum outcome double_arithmetic(enum plan_op op, double x, double y, struct pval *out)
{
	switch (op) {
	case PLAN_ADD:
		return double_result(x + y, out);
	case PLAN_SUB:
		return double_result(x - y, out);
	case PLAN_MUL:
		return double_result(x * y, out);
	case PLAN_DIV:
		return y == 0 ? UNSURE : double_result(x / y, out);
	default:
		/* Of huge operands, and of less than one, the versions of libjq think differently. */
		if (fabs(x) >= 1e15 || fabs(y) < 1 || fabs(y) >= 1e15)
			return UNSURE;
		return double_result((double)((int64_t)x % (int64_t)y), out);
	}
}

static enum outcome concatenate(struct record *rec, struct slice a, struct slice b,
				struct pval *out)
{
	char *p;

	if (a.len + b.len > INT32_MAX)
		return UNSURE;
	p = arena_alloc(&rec->arena, a.len + b.len);
	if (a.len)
		memcpy(p, a.ptr, a.len);
	if (b.len)
		memcpy(p + a.len, b.ptr, b.len);
	*out = pval_string(slice_of(p, a.len + b.len));
	return SURE;
}

static enum outcome jq_arithmetic(const struct plan_run *run, enum plan_op op, const struct pval *a,
				  const struct pval *b, struct pval *out)
{
	double x, y;

	if (op == PLAN_ADD && (a->type == PV_NULL || b->type == PV_NULL)) {
		*out = a->type == PV_NULL ? *b : *a;
		return SURE;
	}
	if (op == PLAN_ADD && a->type == PV_STRING && b->type == PV_STRING)
		return concatenate(run->rec, a->text, b->text, out);
	if (!pval_is_number(a) || !pval_is_number(b) || !pval_number(a, run->rules, &x) ||
	    !pval_number(b, run->rules, &y))
		return UNSURE;
	return double_arithmetic(op, x, y, out);
}

/* 1e-400 is none, though it is one as a double. */
static bool is_zero(const struct pval *v)
{
	const char *p = v->text.ptr, *end = p + v->text.len;

	if (v->number.dbl != 0)
		return false;
	while (p < end && (*p == '-' || *p == '0' || *p == '.'))
		p++;
	return p == end || *p == 'e' || *p == 'E';
}

/* What was written, with a minus before it or without; a zero never has one (decNumber's minus). */
static struct pval negate_text(struct record *rec, const struct pval *v)
{
	char *p;

	if (*v->text.ptr == '-')
		return pval_literal(slice_of(v->text.ptr + 1, v->text.len - 1));
	if (is_zero(v))
		return *v;
	p = arena_alloc(&rec->arena, v->text.len + 1);
	*p = '-';
	memcpy(p + 1, v->text.ptr, v->text.len);
	return pval_literal(slice_of(p, v->text.len + 1));
}

static enum outcome negate(const struct plan_run *run, const struct pval *v, struct pval *out)
{
	double d;

	if (v->type == PV_LITERAL && run->rules.negates) {
		*out = negate_text(run->rec, v);
		return SURE;
	}
	if (!pval_is_number(v) || !pval_number(v, run->rules, &d))
		return UNSURE;
	*out = pval_double(-d);
	return SURE;
}

static enum outcome compare(const struct plan_run *run, enum plan_op op, const struct pval *a,
			    const struct pval *b, struct pval *out)
{
	int c;
	bool is;

	if (run->rec->rewritten || !pval_compare(a, b, run->rules, &c))
		return UNSURE;
	switch (op) {
	case PLAN_EQ:
		is = c == 0;
		break;
	case PLAN_NE:
		is = c != 0;
		break;
	case PLAN_LT:
		is = c < 0;
		break;
	case PLAN_LE:
		is = c <= 0;
		break;
	case PLAN_GT:
		is = c > 0;
		break;
	default:
		is = c >= 0;
	}
	*out = pval_bool(is);
	return SURE;
}

/* --- Evaluation --- */

/* The value of a node, where it stands if it stands somewhere; else in *space. */
static enum outcome eval_operand(struct plan_run *run, unsigned i, struct pval *space,
				 const struct pval **v)
{
	const struct plan_node *n = &run->plan->nodes[i];

	switch (n->op) {
	case PLAN_FIELD:
		return eval_field(run->rec, n, v);
	case PLAN_INPUT:
		*v = run->input;
		return SURE;
	case PLAN_LITERAL:
		*v = &n->literal;
		return SURE;
	default:
		*v = space;
		return plan_eval(run, i, space);
	}
}

static enum outcome eval_binary(struct plan_run *run, const struct plan_node *n, struct pval *out)
{
	struct pval a_space, b_space;
	const struct pval *a, *b;
	enum outcome r = eval_operand(run, n->a, &a_space, &a), s;

	if (r == UNSURE || r == BAD)
		return r;
	s = eval_operand(run, n->b, &b_space, &b);
	if (s != SURE || r != SURE)
		return s == SURE ? r : s;
	return n->op >= PLAN_EQ ? compare(run, n->op, a, b, out)
				: jq_arithmetic(run, n->op, a, b, out);
}

enum outcome plan_jq_arithmetic(struct plan_run *run, const struct plan_node *n, struct pval *out)
{
	return eval_binary(run, n, out);
}

/* By exact arithmetic. */
static enum outcome eval_exact(struct plan_run *run, const struct plan_node *n, struct pval *out)
{
	struct val v;
	enum outcome r = exact_arithmetic(run, n, &v);

	if (r != SURE)
		return r;
	switch (v.type) {
	case VAL_DEC:
		*out = (struct pval){.type = PV_EXACT, .rounded = v.rounded, .dec = v.dec};
		return SURE;
	case VAL_DBL:
		*out = pval_double(v.dbl);
		out->rounded = v.rounded;
		return SURE;
	case VAL_STR:
		*out = pval_string(v.str);
		return SURE;
	case VAL_NULL:
		*out = pval_of(PV_NULL);
		return SURE;
	default:
		return UNSURE;
	}
}

/* Is it neither false nor null? Otherwise as plan_eval. */
static enum outcome eval_truth(struct plan_run *run, unsigned i, bool *truth)
{
	struct pval space;
	const struct pval *v;
	enum outcome r = eval_operand(run, i, &space, &v);

	if (r == SURE)
		*truth = pval_truthy(v);
	return r;
}

/* The right side is looked at only where jq would. */
static enum outcome eval_logic(struct plan_run *run, const struct plan_node *n, struct pval *out)
{
	bool truth;
	enum outcome r = eval_truth(run, n->a, &truth);

	if (r == SURE && truth == (n->op == PLAN_AND))
		r = eval_truth(run, n->b, &truth);
	if (r == SURE)
		*out = pval_bool(truth);
	return r;
}

static enum outcome eval_call(struct plan_run *run, const struct plan_node *n, struct pval *out)
{
	struct pval space;
	const struct pval *input;
	enum outcome r = eval_operand(run, n->a, &space, &input);

	if (r != SURE)
		return r;
	return n->call->run(run, input,
			    n->call->literal ? run->plan->nodes[n->b].literal.text : input->text,
			    out);
}

enum outcome plan_choose(struct plan_run *run, unsigned *node, struct pval *input)
{
	const struct plan_node *n = &run->plan->nodes[*node];
	bool truth = false;
	enum outcome r;

	switch (n->op) {
	case PLAN_PIPE:
		/* Behind a path nothing asks for its value: `.` there is a path as well. */
		if (run->plan->nodes[n->a].op == PLAN_FIELD) {
			r = field_state(run->rec, &run->plan->nodes[n->a]);
		} else {
			r = plan_eval(run, n->a, input);
			run->input = input;
		}
		*node = n->b;
		return r;
	case PLAN_SELECT:
		r = eval_truth(run, n->a, &truth);
		*node = n->b;
		return r == SURE && !truth ? EMPTY : r;
	default:
		r = eval_truth(run, n->a, &truth);
		*node = r == SURE && truth ? n->b : n->c;
		return r;
	}
}

static enum outcome eval_chosen(struct plan_run *run, unsigned i, struct pval *out)
{
	const struct pval *before = run->input;
	struct pval input;
	enum outcome r = plan_choose(run, &i, &input);

	if (r == SURE)
		r = plan_eval(run, i, out);
	run->input = before;
	return r;
}

enum outcome plan_eval(struct plan_run *run, unsigned i, struct pval *out)
{
	const struct plan_node *n = &run->plan->nodes[i];
	const struct pval *v;
	enum outcome r;

	switch (n->op) {
	case PLAN_FIELD:
	case PLAN_INPUT:
	case PLAN_LITERAL:
		r = eval_operand(run, i, NULL, &v);
		if (r == SURE)
			*out = *v;
		return r;
	case PLAN_PIPE:
	case PLAN_SELECT:
	case PLAN_IF:
		return eval_chosen(run, i, out);
	case PLAN_AND:
	case PLAN_OR:
		return eval_logic(run, n, out);
	case PLAN_ALT:
		r = plan_eval(run, n->a, out);
		if (r == EMPTY || (r == SURE && !pval_truthy(out)))
			return plan_eval(run, n->b, out);
		return r;
	case PLAN_NEGATE:
		if (run->exact)
			return eval_exact(run, n, out);
		r = plan_eval(run, n->a, out);
		return r == SURE ? negate(run, out, out) : r;
	case PLAN_ADD:
	case PLAN_SUB:
	case PLAN_MUL:
		return run->exact ? eval_exact(run, n, out) : eval_binary(run, n, out);
	case PLAN_ARRAY:
	case PLAN_OBJECT:
		return plan_build(run, n, out);
	case PLAN_CALL:
		return eval_call(run, n, out);
	default:
		return eval_binary(run, n, out);
	}
}
