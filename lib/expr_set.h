/* expr_set: compiled programs, which expr_set.c makes and expr.c runs. */
#ifndef KPIPE_EXPR_SET_H
#define KPIPE_EXPR_SET_H

#include "expr_priv.h"

struct program {
	char *src;
	enum expr_kind kind;
	bool by_key; /* as in struct expr_source */
	bool native; /* there is a plan */
	struct plan plan;
	/* A field of a JSON text alone, by its slot; a column alone: as a key, as an argument of -a. */
	enum { SHAPE_OTHER, SHAPE_FIELD, SHAPE_KEY_CELL, SHAPE_EXACT_CELL } shape;
	unsigned slot;
	struct small_plan *small; /* EXACT, of a row; NULL: it is not of that kind */
	struct jqprog *compiled;  /* by exprset_new; the first expreval takes it */
	size_t guard;             /* as in struct expr_source */
};

struct exprset {
	struct program *v;
	size_t n;
	bool any_native;
	int levels; /* that plans add to those of a record, at most */
	struct jq_number_rules rules;
	struct fields fields;
	struct scan *scan;     /* JSON: fields' paths */
	struct slice *columns; /* owned */
	struct jqvar *vars;    /* owned */
	size_t nvars;
};

/* By libjq. NULL with the reason in err. */
struct jqprog *expr_compile_jq(const struct exprset *set, const struct program *p, struct buf *err);

/* "PROGRAM: why" in place of "why". */
void expr_name_program(struct buf *err, const char *src);

#endif
