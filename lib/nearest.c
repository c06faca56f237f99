#include "nearest.h"

#include <string.h>

/* Longer words are none of ours, and near to nothing. */
enum { WORD_MAX = 63 };

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Row i of the table holds the distances of a's first i bytes from each beginning of b. */
static size_t distance(const char *a, size_t na, const char *b, size_t nb)
{
	unsigned char rows[3][WORD_MAX + 1];
	unsigned char *before = rows[0], *last = rows[1], *row = rows[2];

	for (size_t j = 0; j <= nb; j++)
		row[j] = (unsigned char)j;
	for (size_t i = 1; i <= na; i++) {
		unsigned char *free = before;

		before = last;
		last = row;
		row = free;
		row[0] = (unsigned char)i;
		for (size_t j = 1; j <= nb; j++) {
			size_t d = least(least(last[j], row[j - 1]) + 1U,
					 last[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				d = least(d, before[j - 2] + 1U);
			row[j] = (unsigned char)d;
		}
	}
	return row[nb];
}

struct nearest nearest_to(const char *typed)
{
	return (struct nearest){typed, NULL, 0};
}

void nearest_try(struct nearest *n, const char *word)
{
	size_t typed = strlen(n->typed), len = strlen(word), d;

	if (typed > WORD_MAX || len > WORD_MAX)
		return;
	d = distance(n->typed, typed, word, len);
	if (d * 3 <= typed && (!n->word || d < n->distance)) {
		n->word = word;
		n->distance = d;
	}
}
