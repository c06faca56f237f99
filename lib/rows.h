/*
 * rows: a list of things that are alike: a table for people, or a JSON object a line. Pure.
 *
 * A column's name is the field's in JSON, as it is, and in capital letters with hyphens the head of the
 * table. What is not known is null, in a table a hyphen.
 */
#ifndef KPIPE_ROWS_H
#define KPIPE_ROWS_H

#include <stdint.h>

#include "buf.h"

struct rows;

struct rows *rows_new(const char *const *columns, size_t n, bool json); /* names are not copied */
void rows_free(struct rows *r);

/* The next cell, row by row. */
void rows_text(struct rows *r, const char *text); /* NULL: null */
void rows_number(struct rows *r, int64_t n);
void rows_offset(struct rows *r, int64_t n); /* null when negative */
void rows_bool(struct rows *r, bool yes);
void rows_ids(struct rows *r, const int32_t *ids, size_t n); /* an array; in a table 1,2,3 */

void rows_put(struct rows *r, struct buf *out); /* all rows, which are whole; no head of none */

#endif
