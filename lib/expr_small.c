/*
 * Rows of small decimals: what most cells and products of a CSV file are, evaluated in 64 bits. A cell or a
 * result that is none sends the whole row the general way (expreval_row), which gives the same.
 */
#include <stdlib.h>

#include "expr_priv.h"
#include "mem.h"
#include "word.h"

enum { DIGITS_MAX = 18, STACK_MAX = 16 };

/* Of a program: postfix. */
struct small_step {
	enum plan_op op; /* FIELD, LITERAL, ADD, SUB, MUL, NEGATE */
	unsigned slot;   /* FIELD */
	struct small literal;
};

struct small_plan {
	struct small_step *steps;
	size_t n, cap;
};

static bool take_literal(const struct plan_node *n, struct small *s)
{
	const struct dec *d = &n->exact.dec;

	if (n->literal.type != PV_LITERAL || n->exact.type != VAL_DEC || d->v != (int64_t)d->v ||
	    d->scale > DIGITS_MAX)
		return false;
	*s = (struct small){(int64_t)d->v, d->scale, false};
	return true;
}

/* `depth`: of the stack when the node's value is due. False: the program is no such one. */
static bool compile(struct small_plan *sp, const struct plan *plan, const struct fields *fs,
		    unsigned node, unsigned depth)
{
	const struct plan_node *n = &plan->nodes[node];
	struct small_step step = {.op = n->op, .slot = n->slot};

	if (depth >= STACK_MAX)
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
	case PLAN_NEGATE:
		if (!compile(sp, plan, fs, n->a, depth))
			return false;
		break;
	case PLAN_ADD:
	case PLAN_SUB:
	case PLAN_MUL:
		if (!compile(sp, plan, fs, n->a, depth) || !compile(sp, plan, fs, n->b, depth + 1))
			return false;
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

/*
 * Eight decimal digits, the first in the lowest byte: pairs, then fours, then all (D. Lemire, "Quickly
 * parsing eight digits", 2018).
 */
static inline uint64_t eight_digits(uint64_t w)
{
	w = (w & WORD_ONES * 0x0f) * 2561 >> 8;
	w = (w & UINT64_C(0x00ff00ff00ff00ff)) * 6553601 >> 16;
	return (w & UINT64_C(0x0000ffff0000ffff)) * UINT64_C(42949672960001) >> 32;
}

/* At most eight bytes, in one word. */
static inline bool parse_word(struct slice cell, struct small *s)
{
	uint64_t w = word_load(cell.ptr), odd;
	bool neg = *cell.ptr == '-';
	int len = (int)cell.len - neg, whole = len;

	if (len == 0)
		return false;
	w >>= 8 * neg;
	odd = word_not_digits(w) & word_first((size_t)len);
	s->scale = 0;
	if (odd) {
		whole = word_before(odd);
		/* One point, with digits on both sides, which is taken out. */
		if ((odd & (odd - 1)) || (w >> 8 * whole & 0xff) != '.' || whole == 0 ||
		    whole == --len)
			return false;
		w = (w & word_first((size_t)whole)) | (w >> 8 & ~word_first((size_t)whole));
		s->scale = len - whole;
	}
	if (whole > 1 && (w & 0xff) == '0')
		return false;
	/* Zeros go before the digits. */
	if (len < 8)
		w = w << 8 * (8 - len) | WORD_ONES * '0' >> 8 * len;
	s->v = (int64_t)eight_digits(w);
	s->v = neg ? -s->v : s->v;
	return true;
}

static bool parse_long(struct slice cell, struct small *s)
{
	struct dec d;

	if (cell.len > DIGITS_MAX || memchr(cell.ptr, 'e', cell.len) ||
	    memchr(cell.ptr, 'E', cell.len) || !dec_parse(&d, cell.ptr, cell.len))
		return false;
	s->v = (int64_t)d.v;
	s->scale = d.scale;
	return true;
}

/* A strict number without an exponent, or an empty cell. */
static inline bool parse_small(struct slice cell, struct small *s)
{
	s->null = cell.len == 0;
	if (s->null)
		return true;
	return cell.len <= 8 ? parse_word(cell, s) : parse_long(cell, s);
}

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

/* a op b into a. */
static bool combine(enum plan_op op, struct small *a, struct small *b)
{
	a->null |= b->null;
	if (a->null)
		return true;
	switch (op) {
	case PLAN_MUL:
		a->scale += b->scale;
		return !__builtin_mul_overflow(a->v, b->v, &a->v);
	case PLAN_ADD:
		return align(a, b) && !__builtin_add_overflow(a->v, b->v, &a->v);
	default:
		return align(a, b) && !__builtin_sub_overflow(a->v, b->v, &a->v);
	}
}

static bool field(struct record *rec, unsigned slot, struct small *out)
{
	struct field_value *f = &rec->values[slot];

	if (f->small_known != rec->number) {
		if (!parse_small(rec->row[rec->fields->v[slot].column], &f->small))
			return false;
		f->small_known = rec->number;
	}
	*out = f->small;
	return true;
}

bool small_plan_eval(const struct small_plan *sp, struct record *rec, struct small *out)
{
	struct small stack[STACK_MAX] = {{0}};
	size_t n = 0;

	if (sp->n == 1 && sp->steps[0].op == PLAN_FIELD)
		return field(rec, sp->steps[0].slot, out);
	for (size_t i = 0; i < sp->n; i++) {
		const struct small_step *step = &sp->steps[i];

		switch (step->op) {
		case PLAN_FIELD:
			if (!field(rec, step->slot, &stack[n++]))
				return false;
			break;
		case PLAN_LITERAL:
			stack[n++] = step->literal;
			break;
		case PLAN_NEGATE:
			stack[n - 1].v = -stack[n - 1].v; /* parsed ones never are the least */
			break;
		default:
			n--;
			if (!combine(step->op, &stack[n - 1], &stack[n]))
				return false;
		}
	}
	*out = stack[0];
	return true;
}
