/* The plan: evaluated on the fields of one record, or the record handed over. */
#include <math.h>

#include "expr_priv.h"
#include "json.h"

struct val expr_cell(struct slice cell)
{
	struct val v = {.type = VAL_DEC};

	if (!cell.len)
		return val_null();
	/* The first byte tells most texts from numbers. */
	if ((cell.ptr[0] != '-' && (cell.ptr[0] < '0' || cell.ptr[0] > '9')) ||
	    !num_is_json(cell.ptr, cell.len))
		return val_str(cell.ptr, cell.len);
	if (dec_parse(&v.dec, cell.ptr, cell.len))
		return v;
	return (struct val){
		.type = VAL_DBL, .rounded = true, .dbl = num_double(cell.ptr, cell.len)};
}

static struct val decode_json(struct record *rec, struct slice s)
{
	if (!s.ptr)
		return val_null();
	switch (s.ptr[0]) {
	case '"': {
		struct slice text = json_unescape(s.ptr, s.len, &rec->strings);
		return val_str(text.ptr, text.len);
	}
	case '{':
	case '[':
		return (struct val){.type = VAL_JSON, .str = s};
	case 't':
		return (struct val){.type = VAL_TRUE};
	case 'f':
		return (struct val){.type = VAL_FALSE};
	case 'n':
		return val_null();
	default:
		return expr_cell(s);
	}
}

static struct val field_value(struct record *rec, unsigned slot)
{
	struct field_value *f = &rec->values[slot];

	if (!f->known) {
		f->val = rec->row ? expr_cell(rec->row[rec->fields->v[slot].column])
				  : decode_json(rec, rec->slots[slot]);
		f->known = true;
	}
	return f->val;
}

/*
 * A number that every libjq holds alike: a double, or at most 15 digits, which a double holds without two of them falling
 * together. Others are libjq's, whose versions differ.
 */
static bool plain(const struct val *v)
{
	static const int64_t limit = INT64_C(1000000000000000);

	return v->type == VAL_DBL ||
	       (v->type == VAL_DEC && v->dec.v < limit && v->dec.v > -limit && v->dec.scale <= 22);
}

/*
 * A double that would be printed with an exponent is a decimal where it can be one, as it is when
 * it comes from libjq or stands in a record.
 */
static enum outcome double_result(double d, struct val *out)
{
	bool exponent = d != 0 && (fabs(d) < 1e-6 || fabs(d) >= 1e21);
	struct dec dec;

	if (!isfinite(d))
		return UNSURE;
	if (exponent && dec_from_double(&dec, d))
		*out = (struct val){.type = VAL_DEC, .dec = dec};
	else
		*out = (struct val){.type = VAL_DBL, .dbl = d};
	return SURE;
}

static enum outcome jq_arithmetic(enum plan_op op, const struct val *a, const struct val *b,
				  struct val *out)
{
	double x, y;

	if (op == PLAN_ADD && (a->type == VAL_NULL || b->type == VAL_NULL)) {
		*out = a->type == VAL_NULL ? *b : *a;
		return SURE;
	}
	if (!val_is_number(a) || !val_is_number(b) || !plain(a) || !plain(b))
		return UNSURE;
	x = val_double(a);
	y = val_double(b);
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
		/* Of negative and of huge operands the versions of libjq think differently. */
		if (x < 0 || y < 1 || x >= 1e15 || y >= 1e15)
			return UNSURE;
		return double_result((double)((uint64_t)x % (uint64_t)y), out);
	}
}

static enum outcome not_a_number(const struct val *v, struct buf *err)
{
	buf_clear(err);
	val_put_quote(err, v);
	buf_add_str(err, " is not a number");
	return BAD;
}

static enum outcome double_arithmetic(enum plan_op op, double a, double b, struct val *out)
{
	switch (op) {
	case PLAN_ADD:
		return double_result(a + b, out);
	case PLAN_SUB:
		return double_result(a - b, out);
	default:
		return double_result(a * b, out);
	}
}

/* + - * as SQL has them: exact, and null when a side is null. */
static enum outcome exact_arithmetic(enum plan_op op, const struct val *a, const struct val *b,
				     struct val *out, struct buf *err)
{
	bool (*const exact[])(struct dec, struct dec, struct dec *) = {
		[PLAN_ADD] = dec_add, [PLAN_SUB] = dec_sub, [PLAN_MUL] = dec_mul};
	bool decimals = a->type == VAL_DEC && b->type == VAL_DEC;
	enum outcome r;

	if (a->type == VAL_NULL || b->type == VAL_NULL) {
		*out = val_null();
		return SURE;
	}
	if (!val_is_number(a) || !val_is_number(b)) {
		/* jq would repeat a text that is multiplied: here it is a mistake in the data. */
		if (val_is_number(a) && b->type == VAL_STR)
			return not_a_number(b, err);
		if (val_is_number(b) && a->type == VAL_STR)
			return not_a_number(a, err);
		return UNSURE;
	}
	out->type = VAL_DEC;
	out->rounded = a->rounded || b->rounded;
	if (decimals && exact[op](a->dec, b->dec, &out->dec))
		return SURE;
	r = double_arithmetic(op, val_double(a), val_double(b), out);
	out->rounded = decimals || a->rounded || b->rounded;
	return r;
}

static enum outcome compare(enum plan_op op, const struct val *a, const struct val *b,
			    struct val *out)
{
	int c;
	bool is;

	if (a->type == VAL_JSON && b->type == VAL_JSON)
		return UNSURE;
	if (val_is_number(a) && val_is_number(b)) {
		if (!plain(a) || !plain(b))
			return UNSURE;
		double x = val_double(a), y = val_double(b);
		c = (x > y) - (x < y);
	} else {
		c = val_cmp(a, b);
	}
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
	*out = (struct val){.type = is ? VAL_TRUE : VAL_FALSE};
	return SURE;
}

struct plan_run {
	struct record *rec;
	const struct plan *plan;
	bool exact;
	struct buf *err;
};

static enum outcome eval(const struct plan_run *run, unsigned i, struct val *out)
{
	const struct plan_node *n = &run->plan->nodes[i];
	struct val a, b;
	enum outcome r;

	if (n->op == PLAN_FIELD) {
		*out = field_value(run->rec, n->slot);
		/* A text that no decimal holds: whether 1e400 is 1e500 is libjq's to say. */
		return out->type == VAL_DBL && !run->exact ? UNSURE : SURE;
	}
	if (n->op == PLAN_LITERAL) {
		*out = n->literal;
		return SURE;
	}
	r = eval(run, n->a, &a);
	if (r != SURE)
		return r;
	/* The right side is looked at only where jq would. */
	if (n->op == PLAN_AND && !val_truthy(&a)) {
		*out = (struct val){.type = VAL_FALSE};
		return SURE;
	}
	if (n->op == PLAN_OR && val_truthy(&a)) {
		*out = (struct val){.type = VAL_TRUE};
		return SURE;
	}
	if (n->op == PLAN_ALT && val_truthy(&a)) {
		*out = a;
		return SURE;
	}
	r = eval(run, n->b, &b);
	if (r != SURE)
		return r;
	switch (n->op) {
	case PLAN_AND:
	case PLAN_OR:
		*out = (struct val){.type = val_truthy(&b) ? VAL_TRUE : VAL_FALSE};
		return SURE;
	case PLAN_ALT:
		*out = b;
		return SURE;
	case PLAN_ADD:
	case PLAN_SUB:
	case PLAN_MUL:
		if (run->exact)
			return exact_arithmetic(n->op, &a, &b, out, run->err);
		return jq_arithmetic(n->op, &a, &b, out);
	case PLAN_DIV:
	case PLAN_MOD:
		return jq_arithmetic(n->op, &a, &b, out);
	default:
		return compare(n->op, &a, &b, out);
	}
}

enum outcome plan_eval(const struct plan *plan, struct record *rec, bool exact, struct val *out,
		       struct buf *err)
{
	struct plan_run run = {rec, plan, exact, err};

	return eval(&run, (unsigned)plan->n - 1, out);
}
