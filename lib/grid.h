/*
 * grid: rows of cells for people to read: columns of one width each, numbers to the right. Pure.
 *
 * Lines of text: two blanks between columns, none at the ends of lines. A column whose cells are
 * numbers, or nothing, stands to the right; any other to the left. Control characters, which would
 * break lines or command a terminal, are shown as JSON escapes.
 */
#ifndef KPIPE_GRID_H
#define KPIPE_GRID_H

#include "buf.h"

struct grid;

struct grid *grid_new(size_t columns); /* at least 1 */
void grid_free(struct grid *g);

enum grid_cell {
	GRID_TEXT,
	GRID_NUMBER,
	GRID_OTHER, /* says nothing about its column: a head, nothing */
};

/* The next cell, row by row. */
void grid_add(struct grid *g, struct slice text, enum grid_cell kind);

void grid_put(const struct grid *g, struct buf *out); /* all rows, which are whole */

#endif
