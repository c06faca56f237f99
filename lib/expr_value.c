/* Values on their way through a plan: numbers as libjq takes them, and jq's order. */
#include <math.h>

#include "expr_priv.h"

/* libjq from 1.7 on reads so many digits of a number into a double. */
enum { DIGITS_READ = 17 };

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
	return isfinite(*d) && (!rules.keeps || v->number.digits <= DIGITS_READ);
}

struct pval pval_exact(const struct pval *v)
{
	struct pval r = {.type = PV_EXACT};

	if (v->type != PV_LITERAL)
		return *v;
	if (dec_parse(&r.dec, v->text.ptr, v->text.len))
		return r;
	return (struct pval){
		.type = PV_DOUBLE, .rounded = true, .dbl = num_double(v->text.ptr, v->text.len)};
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

/* Two numbers from texts, as libjq from 1.7 on compares them. */
static bool compare_written(const struct pval *a, const struct pval *b, int *order)
{
	struct dec x, y;

	if (!dec_parse(&x, a->text.ptr, a->text.len) || !dec_parse(&y, b->text.ptr, b->text.len))
		return false;
	*order = dec_cmp(x, y);
	return true;
}

static bool compare_numbers(const struct pval *a, const struct pval *b,
			    struct jq_number_rules rules, int *order)
{
	double x, y;

	if (a->type == PV_LITERAL && b->type == PV_LITERAL) {
		struct jq_number m = a->number, n = b->number;

		if (rules.compares && !(m.plain && n.plain))
			return compare_written(a, b, order);
		if (rules.keeps && (m.digits > DIGITS_READ || n.digits > DIGITS_READ))
			return false;
		x = m.dbl;
		y = n.dbl;
	} else if (!pval_number(a, rules, &x) || !pval_number(b, rules, &y)) {
		return false;
	}
	*order = (x > y) - (x < y);
	return true;
}

static int compare_bytes(struct slice a, struct slice b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	int c = n ? memcmp(a.ptr, b.ptr, n) : 0;

	return c ? c : (a.len > b.len) - (a.len < b.len);
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
		*order = compare_bytes(a->text, b->text);
		return true;
	case PV_JSON:
		return false;
	case PV_LITERAL:
	case PV_DOUBLE:
	case PV_EXACT:
		return compare_numbers(a, b, rules, order);
	default:
		return true;
	}
}
