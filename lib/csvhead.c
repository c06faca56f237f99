#include "csvhead.h"

#include "diag.h"
#include "mem.h"

#define OFF(field) offsetof(struct csvhead, field)

static const char *const engines[] = {"auto", "scan", "libcsv", NULL}; /* as enum csv_engine */

const struct opt csvhead_opts[] = {
	{'N', "no-header", OPT_FLAG, OFF(no_header), NULL,
	 "the first row is data; columns are c1, c2, ...", NULL},
	{'H', "header", OPT_STRING, OFF(header), "COL,...",
	 "the first row is data; these are the columns", NULL},
	{'d', "delimiter", OPT_STRING, OFF(delim), "CHAR",
	 "cells end at CHAR (default ,); \\t is tab", NULL},
	{0, "tsv", OPT_FLAG, OFF(tsv), NULL, "cells end at tab", NULL},
	{0, "quote", OPT_STRING, OFF(quote), "CHAR", "quotes are CHAR (default \")", NULL},
	{0, "engine", OPT_CHOICE, OFF(engine), "auto|scan|libcsv",
	 "who splits rows: libcsv, or a scan where it is sure (auto)", engines},
	{0},
};

static bool check_names(const struct csv_names *names, struct buf *err)
{
	size_t twice = csv_names_repeated(names);

	if (twice == names->n)
		return true;
	buf_setf(err, "two columns are named '%.*s'", (int)names->v[twice].len,
		 names->v[twice].ptr);
	return false;
}

void csvhead_check(struct csvhead *h, uint64_t max_line)
{
	struct buf err = BUF_INIT;

	h->max_line = max_line;
	if (!csv_dialect_parse(&h->dialect, h->delim, h->quote, h->tsv, &err))
		diag_usage("%s", buf_str(&err));
	if (h->no_header && h->header)
		diag_usage("--no-header and --header exclude each other");
	if (h->header &&
	    !(csv_names_parse(&h->given, h->header, &err) && check_names(&h->given, &err)))
		diag_usage("--header: '%s': %s", h->header, buf_str(&err));
	csv_framer_init(&h->framer, h->dialect);
	h->framer.head = !h->header;
	buf_free(&err);
}

void csvhead_free(struct csvhead *h)
{
	csv_names_free(&h->given);
}

struct csv_reader *csvhead_reader(const struct csvhead *h)
{
	struct csv_reader *r = csv_reader_new(h->dialect, false);

	csv_reader_engine(r, (enum csv_engine)h->engine);
	csv_reader_limit(r, h->max_line);
	return r;
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

/* A file whose lines end in CR alone would be one long header, and no row. A name in quotes may hold one. */
static bool check_line_ends(const struct csvhead *h, struct slice text, struct buf *err)
{
	if (!memchr(text.ptr, '\r', text.len) || memchr(text.ptr, h->dialect.quote, text.len))
		return true;
	buf_setf(err, "a carriage return in a column's name (lines must end in LF or CR LF)");
	return false;
}

/* The header row leaves the block. */
static void take_header(struct block *blk, size_t len, const struct csv_row *row,
			struct csv_names *names)
{
	csv_names_copy(names, row->cells, row->n);
	blk->buf.len -= len;
	memmove(blk->buf.data, blk->buf.data + len, blk->buf.len + 1);
}

enum csvhead_result csvhead_names(const struct csvhead *h, struct block *blk,
				  struct csv_names *names, uint64_t *lines, struct buf *err)
{
	struct csv_reader *r;
	struct csv_row row = {0};
	struct buf why = BUF_INIT;
	uint64_t line = 0;
	size_t pos = 0;
	enum csv_result got;

	*names = (struct csv_names){0};
	if (h->header) {
		csv_names_copy(names, h->given.v, h->given.n);
		return CSVHEAD_NAMES;
	}
	r = csvhead_reader(h);
	got = csv_next(r, blk, &pos, &line, &row, &why);
	if (got == CSV_ROW && h->no_header) {
		number_columns(names, row.n);
	} else if (got == CSV_ROW) {
		*lines = line;
		if (!check_line_ends(h, row.text, &why)) {
			got = CSV_BAD;
		} else {
			take_header(blk, pos, &row, names);
			got = check_names(names, &why) ? CSV_ROW : CSV_BAD;
		}
	}
	if (got == CSV_BAD)
		buf_setf(err, "%s:%llu: %s: %s", blk->name, (unsigned long long)row.line + 1,
			 h->no_header ? "first row" : "header", buf_str(&why));
	csv_reader_free(r);
	buf_free(&why);
	return got == CSV_ROW ? CSVHEAD_NAMES : got == CSV_END ? CSVHEAD_EMPTY : CSVHEAD_BAD;
}

bool csvhead_ragged(const struct csvhead *h, size_t columns, size_t n, struct buf *err)
{
	if (n == columns)
		return false;
	buf_setf(err, "%zu cell%s where %s %zu", n, n == 1 ? "" : "s",
		 h->header      ? "--header has"
		 : h->no_header ? "the first row has"
				: "the header has",
		 columns);
	return true;
}
