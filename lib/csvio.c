#include "csvio_priv.h"

#include <stdlib.h>

#include "keytab.h"
#include "mem.h"

/* --- Dialect --- */

static bool one_char(char *c, const char *option, const char *text, struct buf *err)
{
	if (strcmp(text, "\\t") == 0)
		text = "\t";
	if (!text[0] || text[1] || (unsigned char)text[0] >= 0x80 || text[0] == '\n' ||
	    text[0] == '\r') {
		buf_setf(err, "%s: '%s' is not one ASCII character", option, text);
		return false;
	}
	*c = text[0];
	return true;
}

bool csv_dialect_parse(struct csv_dialect *dialect, const char *delim, const char *quote, bool tsv,
		       struct buf *err)
{
	struct csv_dialect d = {tsv ? '\t' : ',', '"'};

	if (tsv && delim) {
		buf_setf(err, "--tsv and --delimiter exclude each other");
		return false;
	}
	if (delim && !one_char(&d.delim, "--delimiter", delim, err))
		return false;
	if (quote && !one_char(&d.quote, "--quote", quote, err))
		return false;
	if (d.delim == d.quote) {
		buf_setf(err, "the delimiter and the quote are the same character");
		return false;
	}
	*dialect = d;
	return true;
}

/* --- Names --- */

void csv_names_copy(struct csv_names *names, const struct slice *cells, size_t n)
{
	names->v = mem_zalloc(n, sizeof *names->v);
	names->n = n;
	for (size_t i = 0; i < n; i++)
		names->v[i] = slice_of(mem_dup(cells[i].ptr, cells[i].len), cells[i].len);
}

void csv_names_free(struct csv_names *names)
{
	for (size_t i = 0; i < names->n; i++)
		free((char *)names->v[i].ptr);
	free(names->v);
	*names = (struct csv_names){0};
}

bool csv_names_parse(struct csv_names *names, const char *text, struct buf *err)
{
	struct csv_reader *r = csv_reader_new((struct csv_dialect){',', '"'}, true);
	struct block blk = {0};
	struct csv_row row;
	size_t pos = 0;
	uint64_t line = 0;
	bool good;

	buf_add_str(&blk.buf, text);
	buf_add_char(&blk.buf, '\n');
	good = csv_next(r, &blk, &pos, &line, &row, err) == CSV_ROW;
	if (good && pos < blk.buf.len) {
		buf_setf(err, "a line end outside quotes");
		good = false;
	}
	if (good)
		csv_names_copy(names, row.cells, row.n);
	csv_reader_free(r);
	buf_free(&blk.buf);
	return good;
}

size_t csv_names_find(const struct csv_names *names, struct slice name)
{
	size_t i = 0;

	while (i < names->n && !slice_eq(names->v[i], name))
		i++;
	return i;
}

size_t csv_names_repeated(const struct csv_names *names)
{
	struct keytab *seen = keytab_new(0, 0);
	bool made = true;
	size_t i = 0;

	while (i < names->n) {
		keytab_put(seen, names->v[i], &made);
		if (!made)
			break;
		i++;
	}
	keytab_free(seen);
	return i;
}

/* --- Cells --- */

static bool needs_quotes(struct csv_dialect d, struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		if (c == d.delim || c == d.quote || c == '\n' || c == '\r')
			return true;
	}
	return false;
}

bool csv_looks_marked(struct slice text)
{
	return text.len >= 3 && memcmp(text.ptr, "\xef\xbb\xbf", 3) == 0;
}

void csv_put_cell(struct buf *out, struct csv_dialect dialect, struct slice text, bool force)
{
	const char *p = text.ptr, *end = text.len ? p + text.len : p, *quote;

	if (!force && !needs_quotes(dialect, text)) {
		buf_add(out, text.ptr, text.len);
		return;
	}
	buf_add_char(out, dialect.quote);
	for (; (quote = csv_find(p, end, dialect.quote)); p = quote + 1) {
		buf_add(out, p, (size_t)(quote + 1 - p));
		buf_add_char(out, dialect.quote);
	}
	buf_add(out, p, (size_t)(end - p));
	buf_add_char(out, dialect.quote);
}
