/* Open windows, or parts of them, in the order of their ends. */
#include <stdlib.h>

#include "mem.h"
#include "winstore_priv.h"

static int compare_span(const struct span *a, const struct span *b)
{
	if (a->end != b->end)
		return a->end < b->end ? -1 : 1;
	return a->start < b->start ? -1 : a->start > b->start;
}

struct pane *panes_find(struct panes *ps, const struct span *s, size_t *at)
{
	size_t lo = ps->first, hi = ps->end;

	/* Records come in runs, and their windows one behind the other. */
	for (size_t i = ps->last; i < hi && i < ps->last + 2; i++) {
		if (i >= lo && compare_span(&ps->v[i].span, s) == 0)
			return &ps->v[ps->last = i];
	}
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		int c = compare_span(&ps->v[mid].span, s);

		if (c == 0)
			return &ps->v[ps->last = mid];
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	*at = lo;
	return NULL;
}

struct pane *panes_insert(struct panes *ps, const struct span *s, size_t at)
{
	ps->v = mem_grow(ps->v, &ps->cap, ps->end + 1, sizeof *ps->v);
	memmove(ps->v + at + 1, ps->v + at, (ps->end - at) * sizeof *ps->v);
	ps->end++;
	ps->v[at] = (struct pane){.span = *s};
	return &ps->v[ps->last = at];
}

struct pane *panes_latest(const struct panes *ps, int64_t t)
{
	struct pane *p;

	if (ps->last < ps->first || ps->last >= ps->end)
		return NULL;
	p = &ps->v[ps->last];
	return t >= p->span.start && t < p->span.end ? p : NULL;
}

void panes_drop_first(struct panes *ps)
{
	struct pane *p = &ps->v[ps->first++];

	groups_free(p->groups);
	free(p->seqs);
	/* Those that are left move up when as many are gone, so that each moves once on average. */
	if (ps->first <= ps->end / 2)
		return;
	ps->end -= ps->first;
	memmove(ps->v, ps->v + ps->first, ps->end * sizeof *ps->v);
	ps->first = 0;
}

uint64_t panes_inexact(const struct panes *ps)
{
	uint64_t n = 0;

	for (size_t i = ps->first; i < ps->end; i++)
		n += groups_inexact(ps->v[i].groups);
	return n;
}

void panes_free(struct panes *ps)
{
	while (ps->first < ps->end)
		panes_drop_first(ps);
	free(ps->v);
}
