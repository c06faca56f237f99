#include "agg.h"

#include <math.h>
#include <stdlib.h>

#include "agg_impl.h"
#include "mem.h"

const struct agg_op *agg_op_at(size_t i)
{
	return i < agg_ops_n ? &agg_ops[i] : NULL;
}

const struct agg_op *agg_op_named(struct slice name, double *param)
{
	for (size_t i = 0; i < agg_ops_n; i++) {
		const struct agg_op *op = &agg_ops[i];

		if (op->named ? op->named(name, param) : slice_is(name, op->name))
			return op;
	}
	return NULL;
}

void agg_clear(struct agg *a)
{
	free(a->name);
	free(a->call);
	free(a->where);
	for (unsigned i = 0; i < a->nargs; i++)
		free(a->args[i]);
}

void agglist_free(struct agglist *list)
{
	for (size_t i = 0; i < list->n; i++)
		agg_clear(&list->v[i]);
	free(list->v);
	list->v = NULL;
	list->n = 0;
	list->size = 0;
}

/* What is taken, as bits by val_type, and its name for messages. */
static const struct {
	unsigned types;
	const char *what;
} takes[] = {
	[AGG_ANY] = {~0u, ""},
	[AGG_NUMBER] = {1u << VAL_NULL | 1u << VAL_DEC | 1u << VAL_DBL, "a number"},
	[AGG_SCALAR] = {~(1u << VAL_JSON), "a number, a string or a boolean"},
};

static void refuse(const struct agg *a, const struct val *v, const char *what, struct buf *err)
{
	buf_setf(err, "%s: ", a->call);
	val_put_quote(err, v);
	buf_addf(err, " is not %s", what);
}

/* NaN has no place in an order and no text in JSON; an infinity is a number that was lost. */
static int check_finite(const struct agg *a, const struct val *v, struct buf *err)
{
	if (v->type != VAL_DBL || isfinite(v->dbl))
		return 0;
	buf_setf(err, "%s: %s", a->call,
		 isnan(v->dbl) ? "NaN is not a number"
			       : "NaN, or a number beyond what a double holds");
	return -1;
}

int agg_check(const struct agg *a, const struct val v[], struct buf *err)
{
	for (unsigned i = 0; i < a->nargs; i++) {
		enum agg_takes t = a->op->takes[i];

		if (check_finite(a, &v[i], err))
			return -1;
		if (!(takes[t].types >> v[i].type & 1)) {
			refuse(a, &v[i], takes[t].what, err);
			return -1;
		}
	}
	return 0;
}

static const void *const_state_of(const struct agg *a, const void *states)
{
	return (const char *)states + a->offset;
}

void agg_add_smalls(const struct agg *a, void *const states[], const struct small v[], size_t n,
		    uint64_t seq)
{
	if (a->op->add_smalls) {
		a->op->add_smalls(a, states, v, n, seq);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		struct val val = {.type = VAL_DEC, .dec = {v[i].v, v[i].scale}};

		if (!v[i].null)
			a->op->add(agg_state(a, states[i]), a, &val, seq + i);
	}
}

void agg_init(const struct agglist *list, void *states)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct agg *a = &list->v[i];

		a->op->init(agg_state(a, states), a);
	}
}

void agg_merge(const struct agglist *list, void *states, const void *from)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct agg *a = &list->v[i];

		a->op->merge(agg_state(a, states), a, const_state_of(a, from));
	}
}

void agg_free(const struct agglist *list, void *states)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct agg *a = &list->v[i];

		if (a->op->free)
			a->op->free(agg_state(a, states));
	}
}

bool agglist_is_ordered(const struct agglist *list)
{
	for (size_t i = 0; i < list->n; i++) {
		if (list->v[i].op->ordered)
			return true;
	}
	return false;
}

size_t agg_inexact(const struct agglist *list, const void *states)
{
	size_t n = 0;

	for (size_t i = 0; i < list->n; i++) {
		const struct agg *a = &list->v[i];

		if (a->op->inexact && a->op->inexact(const_state_of(a, states)))
			n++;
	}
	return n;
}
