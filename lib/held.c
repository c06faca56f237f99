#include "held.h"

#include <stdlib.h>

#include "mem.h"

static struct held_line *line_of(uint64_t tag)
{
	return (struct held_line *)(uintptr_t)tag;
}

static void free_line(struct held_line *l)
{
	if (!l)
		return;
	buf_free(&l->bytes);
	buf_free(&l->reason);
	free(l);
}

uint64_t held_add(struct held *h, uint64_t place, struct slice line)
{
	struct held_line *l;

	if (!h->keeps)
		return place;
	l = mem_zalloc(1, sizeof *l);
	l->place = place;
	buf_add(&l->bytes, line.ptr, line.len);
	return (uintptr_t)l;
}

uint64_t held_place(const struct held *h, uint64_t tag)
{
	return h->keeps ? line_of(tag)->place : tag;
}

void held_drop(struct held *h, uint64_t tag)
{
	if (h->keeps)
		free_line(line_of(tag));
}

void held_refuse(struct held *h, uint64_t tag, const char *reason)
{
	struct held_line *l;

	if (!h->keeps)
		return;
	l = line_of(tag);
	buf_add_str(&l->reason, reason);
	if (h->first)
		h->last->next = l;
	else
		h->first = l;
	h->last = l;
}

struct held_line *held_next(struct held *h)
{
	free_line(h->told);
	h->told = h->first;
	if (h->first)
		h->first = h->first->next;
	return h->told;
}

void held_free(struct held *h)
{
	while (held_next(h))
		;
}
