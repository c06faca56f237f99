/* Values on their way through a plan: numbers as libjq takes them, and jq's order. */
#include <math.h>

#include "expr_priv.h"
#include "json.h"

struct pval pval_cell(struct slice cell)
{
	if (!cell.len)
		return pval_of(PV_NULL);
	/* The first byte tells most texts from numbers. */
	if ((cell.ptr[0] != '-' && (cell.ptr[0] < '0' || cell.ptr[0] > '9')) ||
	    !num_is_json(cell.ptr, cell.len))
		return pval_string(cell);
	return pval_literal(cell);
}

void record_put_row(const struct record *rec, struct buf *out)
{
	const struct fields *fs = rec->fields;
	const struct slice *cells = rec->row;

	buf_add_char(out, '{');
	for (size_t i = 0; i < fs->ncolumns; i++) {
		if (i)
			buf_add_char(out, ',');
		json_put_string(out, fs->columns[i].ptr, fs->columns[i].len);
		buf_add_char(out, ':');
		if (!cells[i].len)
			buf_add_str(out, "null");
		else if (num_is_json(cells[i].ptr, cells[i].len))
			buf_add(out, cells[i].ptr, cells[i].len);
		else
			json_put_string(out, cells[i].ptr, cells[i].len);
	}
	buf_add_char(out, '}');
}

/* Of more digits, versions of libjq differ on what they are as a double. */
static bool is_short(const struct dec *d)
{
	static const int64_t limit = INT64_C(1000000000000000);

	return d->v < limit && d->v > -limit && d->scale <= 22;
}

bool pval_number(const struct pval *v, struct jq_number_rules rules, double *d)
{
	if (v->type == PV_DOUBLE) {
		*d = v->dbl;
		return true;
	}
	if (v->type == PV_EXACT) {
		*d = dec_double(v->dec);
		return is_short(&v->dec);
	}
	*d = v->number.dbl;
	return isfinite(*d) && (!rules.keeps || v->number.digits <= JQ_DIGITS_READ);
}

static int rank(const struct pval *v)
{
	switch (v->type) {
	case PV_NULL:
		return 0;
	case PV_FALSE:
		return 1;
	case PV_TRUE:
		return 2;
	case PV_STRING:
		return 4;
	case PV_JSON:
		return *v->text.ptr == '[' ? 5 : 6;
	default:
		return 3;
	}
}

static bool compare_numbers(const struct pval *a, const struct pval *b,
			    struct jq_number_rules rules, int *order)
{
	double x, y;

	if (a->type == PV_LITERAL && b->type == PV_LITERAL)
		return jqtext_order_numbers(a->text, &a->number, b->text, &b->number, rules, order);
	if (!pval_number(a, rules, &x) || !pval_number(b, rules, &y))
		return false;
	*order = (x > y) - (x < y);
	return true;
}

bool pval_compare(const struct pval *a, const struct pval *b, struct jq_number_rules rules,
		  int *order)
{
	int x = rank(a), y = rank(b);

	*order = x - y;
	if (x != y)
		return true;
	switch (a->type) {
	case PV_STRING:
		*order = slice_cmp(a->text, b->text);
		return true;
	case PV_JSON:
		/* What was computed is a double there, however it is written. */
		if (rules.compares && (a->computed || b->computed))
			return false;
		return jqtext_order(a->text, b->text, rules, order);
	case PV_LITERAL:
	case PV_DOUBLE:
	case PV_EXACT:
		return compare_numbers(a, b, rules, order);
	default:
		return true;
	}
}

/* --- Results --- */

struct val pval_double_result(double d, bool rounded)
{
	bool exponent = d != 0 && (fabs(d) < 1e-6 || fabs(d) >= 1e21);
	struct val out = {.type = VAL_DEC, .rounded = rounded};

	if (exponent && dec_from_double(&out.dec, d))
		return out;
	return (struct val){.type = VAL_DBL, .rounded = rounded, .dbl = d};
}

static enum outcome json_value(const struct pval *v, struct record *rec,
			       struct jq_number_rules rules, bool by_key, struct val *out)
{
	struct buf *build = &rec->build;
	size_t start = build->len;
	bool sure = true;

	if (rec->rewritten)
		return UNSURE;
	if (by_key)
		sure = jqtext_canonical(build, v->text);
	else if (v->built)
		buf_add(build, v->text.ptr, v->text.len);
	else
		sure = jqtext_compact(build, v->text, rules);
	if (sure)
		*out = (struct val){
			.type = VAL_JSON,
			.str = arena_copy(&rec->arena, build->data + start, build->len - start)};
	buf_cut(build, start);
	return sure ? SURE : UNSURE;
}

enum outcome pval_result(const struct pval *v, struct record *rec, struct jq_number_rules rules,
			 bool exact, bool by_key, struct val *out)
{
	switch (v->type) {
	case PV_NULL:
		*out = val_null();
		return SURE;
	case PV_FALSE:
	case PV_TRUE:
		*out = (struct val){.type = v->type == PV_TRUE ? VAL_TRUE : VAL_FALSE};
		return SURE;
	case PV_STRING:
		*out = val_str(v->text.ptr, v->text.len);
		return SURE;
	case PV_JSON:
		return json_value(v, rec, rules, by_key, out);
	case PV_EXACT:
		*out = (struct val){.type = VAL_DEC, .rounded = v->rounded, .dec = v->dec};
		return SURE;
	case PV_DOUBLE:
		*out = pval_double_result(v->dbl, v->rounded);
		return SURE;
	default:
		*out = exact_number(v->text);
		if (out->type == VAL_DEC)
			return SURE;
		if (!by_key || !num_is_double(out->dbl))
			return exact ? SURE : UNSURE;
		out->digits = v->text;
		return SURE;
	}
}

bool field_scalar(const struct record *rec, unsigned slot, struct val *out)
{
	struct slice s = rec->slots[slot];

	if (!s.ptr) {
		*out = val_null();
		return true;
	}
	if (*s.ptr == '"' && !rec->escapes) {
		*out = val_str(s.ptr + 1, s.len - 2);
		return true;
	}
	if (*s.ptr != '-' && (*s.ptr < '0' || *s.ptr > '9'))
		return false;
	out->type = VAL_DEC;
	out->rounded = false;
	return dec_parse(&out->dec, s.ptr, s.len);
}
