/* maker: what the parts of the grammar share. */
#ifndef KPIPE_DIFFER_MAKER_H
#define KPIPE_DIFFER_MAKER_H

#include "differ.h"

enum type { NUMBER, STRING, BOOLEAN, ARRAY, OBJECT, TYPES };

struct maker {
	struct program *p;
	struct rng *r;
	bool rows;
	bool record;     /* `.` is the record, else a value of type `input` */
	enum type input; /* never ARRAY or OBJECT: nothing is known of what is in them */
	int strict;      /* in so many operands in which a type must be right */
	bool small;      /* no number that is far from the present */
};

static inline void put(struct maker *m, const char *text)
{
	buf_add_str(&m->p->text, text);
}

static inline void uses(struct maker *m, enum construct c)
{
	m->p->uses |= UINT64_C(1) << c;
}

/* What has no parts; put where a value of this type is due. */
void put_path(struct maker *m, enum type type);
void put_literal(struct maker *m, enum type type);
void put_leaf(struct maker *m, enum type type);

#endif
