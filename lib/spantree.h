/*
 * spantree: spans in the order of their ends, then starts, with steps that take the logarithm of their number. Pure.
 *
 * A node is part of what has the span, and the caller's; a tree is a pointer to its root, NULL when it is empty. No span is
 * there twice.
 */
#ifndef KPIPE_SPANTREE_H
#define KPIPE_SPANTREE_H

#include "window.h"

struct spannode {
	struct spannode *left, *right; /* earlier ones, later ones */
	struct span span;              /* may change where the order of nodes does not */
};

static inline int spantree_compare(const struct span *a, const struct span *b)
{
	if (a->end != b->end)
		return a->end < b->end ? -1 : 1;
	return a->start < b->start ? -1 : a->start > b->start;
}

void spantree_add(struct spannode **root, struct spannode *n);
void spantree_remove(struct spannode **root, struct spannode *n); /* it is there */

/* The last one that is `s` or before it; NULL: there is none. */
struct spannode *spantree_last(struct spannode *root, const struct span *s);

/* The first one that ends at t or after; NULL: there is none. */
struct spannode *spantree_first(struct spannode *root, int64_t t);

#endif
