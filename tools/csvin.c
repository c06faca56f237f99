/* csvin: CSV rows to NDJSON objects. */
#include <stdlib.h>

#include "csvio.h"
#include "diag.h"
#include "filter.h"
#include "json.h"
#include "loop.h"
#include "mem.h"
#include "num.h"

enum types { TYPES_AUTO, TYPES_TEXT };

static const char *const types_choices[] = {"auto", "text", NULL};

/* What goes before a column's value, "{" or "," included; and whether it is a string at any rate. */
struct column {
	struct slice key;
	bool text;
};

struct table {
	struct column *columns;
	size_t n;
};

struct csvin {
	bool no_header, tsv;
	const char *header, *delim, *quote, *null;
	int types;
	struct strlist text;
	struct filter_conf filter;

	struct csv_dialect dialect;
	struct csv_names given;      /* by --header */
	struct csv_names text_names; /* by --text */
	struct slice null_text;      /* ptr NULL: none */
	char end;
	/* By input; one that is NULL has no rows. Each is set before its input's first block goes to a worker. */
	struct table **tables;
	size_t ntables;
};

#define OFF(field) offsetof(struct csvin, field)

static const struct opt opts[] = {
	{'N', "no-header", OPT_FLAG, OFF(no_header), NULL, "the first row is data; columns are c1, c2, ...", NULL},
	{'H', "header", OPT_STRING, OFF(header), "COL,...", "the first row is data; these are the columns", NULL},
	{'d', "delimiter", OPT_STRING, OFF(delim), "CHAR", "cells end at CHAR (default ,); \\t is tab", NULL},
	{0, "tsv", OPT_FLAG, OFF(tsv), NULL, "cells end at tab", NULL},
	{0, "quote", OPT_STRING, OFF(quote), "CHAR", "quotes are CHAR (default \")", NULL},
	{0, "types", OPT_CHOICE, OFF(types), "auto|text",
	 "auto (default): numbers as written, empty is null, else strings; text: only strings", types_choices},
	{0, "text", OPT_LIST, OFF(text), "COL,...", "these columns are strings, whatever they hold", NULL},
	{0, "null-value", OPT_STRING, OFF(null), "TEXT", "a cell equal to TEXT is null, in any column", NULL},
	{0},
};

static const struct tool tool = {
	.usage = "[OPTIONS] [FILE...]",
	.summary = "Turn the rows of CSV files into JSON objects, one a line.",
	.notes = "COL,... is itself a CSV row: a name with a comma goes in quotes.",
	.max_operands = -1,
};

/* --- Columns --- */

static void table_free(struct table *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->n; i++)
		free((char *)t->columns[i].key.ptr);
	free(t->columns);
	free(t);
}

static bool table_check(const struct csvin *c, const struct csv_names *names, struct buf *err)
{
	size_t twice = csv_names_repeated(names);

	if (twice < names->n) {
		buf_setf(err, "two columns are named '%.*s'", (int)names->v[twice].len, names->v[twice].ptr);
		return false;
	}
	for (size_t i = 0; i < c->text_names.n; i++) {
		struct slice name = c->text_names.v[i];

		if (csv_names_find(names, name) == names->n) {
			buf_setf(err, "no column is named '%.*s' (--text)", (int)name.len, name.ptr);
			return false;
		}
	}
	return true;
}

/* NULL: reason in err. */
static struct table *table_new(const struct csvin *c, const struct csv_names *names, struct buf *err)
{
	struct table *t;

	if (!table_check(c, names, err))
		return NULL;
	t = mem_zalloc(1, sizeof *t);
	t->columns = mem_zalloc(names->n, sizeof *t->columns);
	t->n = names->n;
	for (size_t i = 0; i < t->n; i++) {
		struct slice name = names->v[i];
		struct buf key = BUF_INIT;

		buf_add_char(&key, i ? ',' : '{');
		json_put_string(&key, name.ptr, name.len);
		buf_add_char(&key, ':');
		t->columns[i].key = buf_slice(&key);
		t->columns[i].text = c->types == TYPES_TEXT || csv_names_find(&c->text_names, name) < c->text_names.n;
	}
	return t;
}

static void number_columns(struct csv_names *names, size_t n)
{
	names->v = mem_zalloc(n, sizeof *names->v);
	names->n = n;
	for (size_t i = 0; i < n; i++) {
		struct buf name = BUF_INIT;

		buf_addf(&name, "c%zu", i + 1);
		names->v[i] = buf_slice(&name);
	}
}

/* The first row tells the columns: by its names, taken off the block then, or by their number. */
static int begin(void *ctx, struct block *blk, uint64_t *head_lines, struct buf *err)
{
	struct csvin *c = ctx;
	struct csv_reader *r = csv_reader_new(c->dialect, false);
	struct csv_names names = {0};
	struct buf why = BUF_INIT;
	struct csv_row row = {0};
	uint64_t line = 0;
	size_t pos = 0;
	enum csv_result got = c->header ? CSV_END : csv_next(r, blk, &pos, &line, &row, &why);

	if (c->header) {
		c->tables[blk->source] = table_new(c, &c->given, &why);
	} else if (got == CSV_ROW) {
		if (c->no_header)
			number_columns(&names, row.n);
		else
			csv_names_copy(&names, row.cells, row.n);
		c->tables[blk->source] = table_new(c, &names, &why);
	}
	if (!c->header && !c->no_header) {
		blk->buf.len -= pos;
		memmove(blk->buf.data, blk->buf.data + pos, blk->buf.len);
		*head_lines = line;
	}
	return 0;
}
