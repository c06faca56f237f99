/*
 * nearest: which known word was meant by one that is not known. Pure.
 *
 * The distance of two words is how many bytes must be put in, taken out, replaced, or swapped with their
 * neighbour to turn one into the other.
 */
#ifndef KPIPE_NEAREST_H
#define KPIPE_NEAREST_H

#include <stddef.h>

struct nearest {
	const char *typed;
	const char *word; /* the first of the nearest known ones; NULL while none is near */
	size_t distance;
};

/* `typed` must stay. */
struct nearest nearest_to(const char *typed);

/* A known word. It is near when no more than a third of what was typed is wrong. */
void nearest_try(struct nearest *n, const char *word);

#endif
