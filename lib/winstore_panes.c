/* Open windows, or parts of them, in the order of their ends: a list, and a tree to find the place in it. */
#include <stdlib.h>

#include "mem.h"
#include "winstore_priv.h"

/* Is there one, and is it `s` or before it? */
static bool is_until(const struct pane *p, const struct span *s)
{
	return p && spantree_compare(&p->node.span, s) <= 0;
}

struct pane *panes_find(struct panes *ps, const struct span *s, struct pane **before)
{
	struct pane *p = ps->last;

	/* Records come in runs, and their windows one behind the other. */
	if (is_until(p, s) && is_until(p->next, s))
		p = p->next;
	if (!is_until(p, s) || is_until(p->next, s))
		p = (struct pane *)spantree_last(ps->root, s);
	*before = p;
	if (!p || spantree_compare(&p->node.span, s) != 0)
		return NULL;
	return ps->last = p;
}

struct pane *panes_insert(struct panes *ps, const struct span *s, struct pane *before)
{
	struct pane *p = mem_zalloc(1, sizeof *p), **from = before ? &before->next : &ps->first;

	p->node.span = *s;
	p->next = *from;
	*from = p;
	spantree_add(&ps->root, &p->node);
	ps->n++;
	return ps->last = p;
}

struct pane *panes_latest(const struct panes *ps, int64_t t)
{
	struct pane *p = ps->last;

	return p && t >= p->node.span.start && t < p->node.span.end ? p : NULL;
}

void panes_drop_first(struct panes *ps)
{
	struct pane *p = ps->first;

	ps->first = p->next;
	ps->n--;
	if (ps->last == p)
		ps->last = NULL;
	spantree_remove(&ps->root, &p->node);
	groups_free(p->groups);
	free(p);
}

uint64_t panes_inexact(const struct panes *ps)
{
	uint64_t n = 0;

	for (const struct pane *p = ps->first; p; p = p->next)
		n += groups_inexact(p->groups);
	return n;
}

void panes_free(struct panes *ps)
{
	while (ps->first)
		panes_drop_first(ps);
}
