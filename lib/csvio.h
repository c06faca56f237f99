/*
 * csvio: rows out of CSV blocks, cells into CSV text. The only user of libcsv.
 *
 * RFC 4180: quotes, "" inside them, delimiters and newlines inside them, CRLF or LF. Blanks are
 * kept. libcsv is the authority on quoting. What needs none of it is split here, with the same result:
 * records without a quote, and those where each quote opens or closes a whole cell. Bad: a quote inside an unquoted cell, text after a closing quote, an
 * unterminated quote, bytes that are not UTF-8. How many cells a row must have is the caller's to
 * check. Blank lines are skipped, except where the caller expects one column.
 *
 * A record ends at LF, or CR LF, outside quotes. A CR that no LF follows is data like any other
 * byte: in an unquoted cell it is part of the cell, behind a closing quote it is text where none
 * may be. (libcsv left alone would end a record there; it is told not to.) NUL bytes are data.
 */
#ifndef KPIPE_CSVIO_H
#define KPIPE_CSVIO_H

#include "lineio.h"

struct csv_dialect {
	char delim, quote;
};

/*
 * A dialect from option texts: each of delim and quote is one ASCII character or "\t", NULL for
 * "," and "\""; `tsv` asks for tab, and takes no delim beside it. False: reason in err.
 */
bool csv_dialect_parse(struct csv_dialect *dialect, const char *delim, const char *quote, bool tsv,
		       struct buf *err);

/*
 * Finds record ends: newlines outside quotes. A quote opens a cell only at its start, as in
 * csv_next. After a quoting error (a quote where none may be, text after a closing one) the
 * record ends at the next line end, so that reading starts anew there. An unterminated quote has no
 * record end: it takes all that follows, and csv_next finds what is wrong. Not to be copied once it
 * is initialised.
 *
 * `head`, false unless set after csv_framer_init: blank lines at the start of an input stay
 * together with the first record, so that the input's first block holds it, for who reads a header
 * there.
 */
struct csv_framer {
	struct framer framer; /* for reader_conf */
	struct csv_dialect dialect;
	bool head;
	const struct csv_kernel *kernel;
	int state;
};

void csv_framer_init(struct csv_framer *f, struct csv_dialect dialect);

struct csv_row {
	const struct slice
		*cells;    /* unquoted, those that are wanted; valid until the next csv_next */
	size_t n;          /* how many the record has */
	struct slice text; /* the record as it stands in the block, without its end */
	uint64_t line;     /* of its first line, counted from 0 at the block's first */
};

/* One per thread. */
struct csv_reader;

/* one_column: an empty line is a row of one empty cell. */
struct csv_reader *csv_reader_new(struct csv_dialect dialect, bool one_column);
void csv_reader_free(struct csv_reader *r);                        /* NULL is fine */
void csv_reader_one_column(struct csv_reader *r, bool one_column); /* from the next row on */
void csv_reader_limit(struct csv_reader *r, uint64_t bytes);       /* a longer row is bad */

enum csv_engine {
	CSV_AUTO, /* libcsv where a quoted cell holds a quote, or something is wrong with quotes */
	CSV_SCAN, /* libcsv only where something is wrong */
	CSV_LIBCSV, /* each record by libcsv */
};

void csv_reader_engine(struct csv_reader *r, enum csv_engine engine);

/*
 * Which cells of a row are wanted: of rows of `width` cells, cell v[i].from as cells[v[i].to], i < n. The others of
 * cells[0 .. size) are empty; so may all be in rows of another width.
 */
struct csv_picks {
	struct csv_pick {
		size_t from, to;
	} * v;
	size_t n, width, size;
};

/* From the next row on; the picks are kept by the caller. Without, all cells are given as they stand. */
void csv_reader_pick(struct csv_reader *r, const struct csv_picks *picks);

enum csv_result { CSV_ROW, CSV_END, CSV_BAD };

/*
 * The next row of the block from *pos on (0 at first: a block is read from its start), *line counting
 * the block's lines so far (0 at first). CSV_BAD: row->text and row->line are set, the reason is in err,
 * and the next call goes on behind that record. The bad record of an unterminated quote is its first line; of one that is
 * too long, its beginning.
 */
enum csv_result csv_next(struct csv_reader *r, const struct block *blk, size_t *pos, uint64_t *line,
			 struct csv_row *row, struct buf *err);

/* Rows by columns: row i, i < n, has the picked cell columns[to][i]. Valid until the next call of csv_next or csv_next_rows. */
struct csv_rows {
	size_t n;
	const struct slice *const *columns; /* NULL where nothing is picked */
	uint64_t line;                      /* of the first, as in struct csv_row; each has one line */
};

enum { CSV_ROWS_MAX = 256 };

/*
 * As csv_next, for many rows at once. Needs picks. rows->n is 0 where the next row is not of the usual kind (its width
 * is another, a quote in its cells is doubled, it may be bad), or is none: csv_next is to be asked for it.
 */
void csv_next_rows(struct csv_reader *r, const struct block *blk, size_t *pos, uint64_t *line,
		   struct csv_rows *rows);

/* Row i of those given last, as csv_next would have given it. */
void csv_rows_get(struct csv_reader *r, const struct csv_rows *rows, size_t i, struct csv_row *row);

/* Names of columns. Freed with csv_names_free. */
struct csv_names {
	struct slice *v;
	size_t n;
};

/* From an option's text: one CSV row, with comma and '"', so that a name may hold a comma. False:
 * reason in err. */
bool csv_names_parse(struct csv_names *names, const char *text, struct buf *err);
void csv_names_copy(struct csv_names *names, const struct slice *cells, size_t n);
void csv_names_free(struct csv_names *names);

/* The index of `name`, or names->n. */
size_t csv_names_find(const struct csv_names *names, struct slice name);

/* The index of the first name that stood before already, or names->n. */
size_t csv_names_repeated(const struct csv_names *names);

/*
 * At the start of a file such a cell would be taken for one with a byte order mark before it, and lose that: there it
 * must be in quotes.
 */
bool csv_looks_marked(struct slice text);

/* Appends a cell, quoted when it holds the delimiter, a quote, CR or LF, or when `force`. */
void csv_put_cell(struct buf *out, struct csv_dialect dialect, struct slice text, bool force);

#endif
