#include "grid.h"

#include <stdlib.h>

#include "mem.h"
#include "textwidth.h"

enum { GAP = 2 };

struct cell {
	size_t end, width; /* of its text, in the grid's */
};

struct column {
	size_t width;
	bool number, text; /* it has such cells */
};

struct grid {
	struct column *columns;
	size_t ncolumns;
	struct cell *cells; /* row by row */
	size_t n, cap;
	struct buf text; /* of all cells */
};

struct grid *grid_new(size_t columns)
{
	struct grid *g = mem_zalloc(1, sizeof *g);

	g->columns = mem_zalloc(columns, sizeof *g->columns);
	g->ncolumns = columns;
	return g;
}

void grid_free(struct grid *g)
{
	if (!g)
		return;
	free(g->columns);
	free(g->cells);
	buf_free(&g->text);
	free(g);
}

static void put_escape(struct buf *out, unsigned char c)
{
	static const char named[] = "\bb\ff\nn\rr\tt";
	const char *name = c ? strchr(named, c) : NULL;

	if (name && c < 0x20)
		buf_addf(out, "\\%c", name[1]);
	else
		buf_addf(out, "\\u%04x", c);
}

/* C1 controls are two bytes of UTF-8, 0xc2 and the code point. */
static bool is_c1(const char *p, const char *end)
{
	return (unsigned char)p[0] == 0xc2 && p + 1 < end && (unsigned char)p[1] >= 0x80 &&
	       (unsigned char)p[1] < 0xa0;
}

static void put_visible(struct buf *out, struct slice text)
{
	const char *end = text.ptr + text.len;

	for (const char *p = text.ptr; p < end; p++) {
		unsigned char c = (unsigned char)*p;

		if (is_c1(p, end))
			put_escape(out, (unsigned char)*++p);
		else if (c < 0x20 || c == 0x7f)
			put_escape(out, c);
		else
			buf_add_char(out, *p);
	}
}

void grid_add(struct grid *g, struct slice text, enum grid_cell kind)
{
	struct column *col = &g->columns[g->n % g->ncolumns];
	size_t start = g->text.len, width;

	put_visible(&g->text, text);
	width = text_width(slice_of(buf_slice(&g->text).ptr + start, g->text.len - start));
	g->cells = mem_grow(g->cells, &g->cap, g->n + 1, sizeof *g->cells);
	g->cells[g->n++] = (struct cell){g->text.len, width};
	col->number |= kind == GRID_NUMBER;
	col->text |= kind == GRID_TEXT;
	if (col->width < width)
		col->width = width;
}

static void put_blanks(struct buf *out, size_t n)
{
	while (n--)
		buf_add_char(out, ' ');
}

void grid_put(const struct grid *g, struct buf *out)
{
	size_t start = 0, owed = 0; /* blanks are put before what follows them, if anything does */

	for (size_t i = 0; i < g->n; i++) {
		const struct cell *cell = &g->cells[i];
		const struct column *col = &g->columns[i % g->ncolumns];
		size_t missing = col->width - cell->width, len = cell->end - start;
		bool right = col->number && !col->text, last = (i + 1) % g->ncolumns == 0;

		owed += right ? missing : 0;
		if (len) {
			put_blanks(out, owed);
			buf_add(out, g->text.data + start, len);
			owed = 0;
		}
		owed += (right ? 0 : missing) + GAP;
		if (last) {
			buf_add_char(out, '\n');
			owed = 0;
		}
		start = cell->end;
	}
}
