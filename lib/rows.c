#include "rows.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>

#include "grid.h"
#include "json.h"
#include "mem.h"

struct rows {
	const char *const *columns;
	size_t ncolumns, n; /* cells so far */
	struct grid *grid;  /* NULL: JSON */
	struct buf json, cell;
};

static void add_heads(struct rows *r)
{
	for (size_t i = 0; i < r->ncolumns; i++) {
		buf_clear(&r->cell);
		for (const char *c = r->columns[i]; *c; c++)
			buf_add_char(&r->cell, *c == '_' ? '-' : (char)toupper((unsigned char)*c));
		grid_add(r->grid, buf_slice(&r->cell), GRID_OTHER);
	}
}

struct rows *rows_new(const char *const *columns, size_t n, bool json)
{
	struct rows *r = mem_zalloc(1, sizeof *r);

	r->columns = columns;
	r->ncolumns = n;
	if (!json) {
		r->grid = grid_new(n);
		add_heads(r);
	}
	return r;
}

void rows_free(struct rows *r)
{
	if (!r)
		return;
	grid_free(r->grid);
	buf_free(&r->json);
	buf_free(&r->cell);
	free(r);
}

/* What a cell is in JSON stands in r->cell; `text` is what it is in a table. */
static void add(struct rows *r, struct slice text, enum grid_cell kind)
{
	size_t i = r->n++ % r->ncolumns;

	if (r->grid) {
		grid_add(r->grid, text, kind);
		return;
	}
	buf_add_char(&r->json, i ? ',' : '{');
	json_put_string(&r->json, r->columns[i], strlen(r->columns[i]));
	buf_add_char(&r->json, ':');
	buf_add(&r->json, r->cell.data, r->cell.len);
	if (i + 1 == r->ncolumns)
		buf_add_str(&r->json, "}\n");
}

static void add_null(struct rows *r)
{
	buf_setf(&r->cell, "null");
	add(r, slice_str("-"), GRID_OTHER);
}

void rows_text(struct rows *r, const char *text)
{
	if (!text) {
		add_null(r);
		return;
	}
	buf_clear(&r->cell);
	json_put_string(&r->cell, text, strlen(text));
	add(r, slice_str(text), GRID_TEXT);
}

void rows_number(struct rows *r, int64_t n)
{
	buf_setf(&r->cell, "%" PRId64, n);
	add(r, buf_slice(&r->cell), GRID_NUMBER);
}

void rows_offset(struct rows *r, int64_t n)
{
	if (n < 0)
		add_null(r);
	else
		rows_number(r, n);
}

void rows_bool(struct rows *r, bool yes)
{
	buf_setf(&r->cell, "%s", yes ? "true" : "false");
	add(r, buf_slice(&r->cell), GRID_TEXT);
}

void rows_ids(struct rows *r, const int32_t *ids, size_t n)
{
	struct slice inside;

	buf_setf(&r->cell, "[");
	for (size_t i = 0; i < n; i++)
		buf_addf(&r->cell, "%s%" PRId32, i ? "," : "", ids[i]);
	buf_add_char(&r->cell, ']');
	inside = slice_of(r->cell.data + 1, r->cell.len - 2);
	add(r, n ? inside : slice_str("-"), n ? GRID_TEXT : GRID_OTHER);
}

void rows_put(struct rows *r, struct buf *out)
{
	if (!r->n)
		return;
	if (r->grid)
		grid_put(r->grid, out);
	else
		buf_add(out, r->json.data, r->json.len);
}
