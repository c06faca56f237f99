#include "csvio.h"

#include <csv.h>
#include <stdlib.h>

#include "json.h"
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

/* --- Where records end --- */

/* What the bytes so far have led to. */
enum state {
	LEADING,    /* no record has begun; blank lines may have been seen */
	LEADING_CR, /* the same, behind a CR */
	CELL_START,
	UNQUOTED,
	/* From here on the next newline need not be the record's end. */
	QUOTED,
	QUOTE_IN_QUOTED, /* the closing quote, or the first of two */
	CLOSED_CR,       /* a CR behind a closing quote */
	IN_ERROR,        /* goes on to the next newline */
};

struct walk {
	struct csv_dialect dialect;
	enum state state;
	bool quoted;       /* a quote was met */
	const char *error; /* what is wrong with the quotes, NULL: nothing yet */
};

static const char *find(const char *p, const char *end, char c)
{
	return p < end ? memchr(p, c, (size_t)(end - p)) : NULL;
}

static enum state fail(struct walk *w, const char *why)
{
	w->error = why;
	return IN_ERROR;
}

static enum state behind_quote(struct walk *w, char c)
{
	if (c == w->dialect.quote && w->state == QUOTE_IN_QUOTED)
		return QUOTED;
	if (c == w->dialect.delim && w->state == QUOTE_IN_QUOTED)
		return CELL_START;
	if (c == '\r' && w->state == QUOTE_IN_QUOTED)
		return CLOSED_CR;
	return c == '\n' ? CELL_START : fail(w, "text after a closing quote");
}

/*
 * From a state of QUOTED or later to behind the end of that cell or record, where the state is
 * CELL_START; or to `end`, in any state.
 */
static const char *skip_quoted(struct walk *w, const char *p, const char *end)
{
	while (p < end && w->state >= QUOTED) {
		bool quoted = w->state == QUOTED;

		if (!quoted && w->state != IN_ERROR) {
			w->state = behind_quote(w, *p++);
			continue;
		}
		p = find(p, end, quoted ? w->dialect.quote : '\n');
		if (!p)
			return end;
		p++;
		w->state = quoted ? QUOTE_IN_QUOTED : CELL_START;
	}
	return p;
}

/* The state behind p[0..len), a run without quotes. */
static enum state plain_state(const struct walk *w, const char *p, size_t len)
{
	if (len == 0)
		return w->state;
	return p[len - 1] == w->dialect.delim || p[len - 1] == '\n' ? CELL_START : UNQUOTED;
}

/*
 * From p, in a record, to behind the record's end. NULL when the bytes run out before it; the walk
 * can then go on with those that follow.
 */
static const char *record_end(struct walk *w, const char *p, const char *end)
{
	/* The next one, or `end`: sought once for all cells before it, or long lines would cost
	 * their square. */
	const char *newline = NULL;

	for (;;) {
		const char *quote, *stop;

		if (w->state >= QUOTED) {
			p = skip_quoted(w, p, end);
			if (w->state >= QUOTED)
				return NULL;
			if (p[-1] == '\n')
				return p;
		}
		if (!newline || newline < p) {
			newline = find(p, end, '\n');
			if (!newline)
				newline = end;
		}
		quote = find(p, newline, w->dialect.quote);
		stop = quote ? quote : newline < end ? newline + 1 : end;
		w->state = plain_state(w, p, (size_t)(stop - p));
		if (!quote)
			return newline < end ? stop : NULL;
		w->quoted = true;
		if (w->state == CELL_START)
			w->state = QUOTED;
		else
			w->state = fail(w, "quote inside an unquoted cell");
		p = quote + 1;
	}
}

/* --- Framer --- */

/* Past blank lines. What is left begins with a record, or is empty. */
static const char *skip_leading(struct walk *w, const char *p, const char *end)
{
	for (; p < end && (*p == '\n' || *p == '\r'); p++)
		w->state = *p == '\r' ? LEADING_CR : LEADING;
	if (p < end)
		w->state = w->state == LEADING ? CELL_START : UNQUOTED;
	return p;
}

/* Behind the last record of a run without quotes, or NULL. */
static const char *plain_end(const char *p, const char *end)
{
	while (end > p && end[-1] != '\n')
		end--;
	return end > p ? end : NULL;
}

static size_t feed(void *state, const char *start, size_t len)
{
	struct csv_framer *f = state;
	struct walk w = {.dialect = f->dialect, .state = (enum state)f->state};
	const char *p = start, *end = start + len, *last = NULL, *next;

	if (w.state <= LEADING_CR)
		p = skip_leading(&w, p, end);
	if (w.state < QUOTED && !find(p, end, f->dialect.quote)) {
		/* Most input has no quotes: then no record needs a look. */
		last = plain_end(p, end);
		w.state = plain_state(&w, p, (size_t)(end - p));
	} else {
		while ((next = record_end(&w, p, end)))
			last = p = next;
	}
	f->state = (int)w.state;
	return last ? (size_t)(last - start) : 0;
}

static void reset(void *state)
{
	struct csv_framer *f = state;

	f->state = f->head ? LEADING : CELL_START;
}

void csv_framer_init(struct csv_framer *f, struct csv_dialect dialect)
{
	*f = (struct csv_framer){.framer = {feed, reset, f, '\n', false}, .dialect = dialect};
	reset(f);
}

/* --- Rows --- */

/* libcsv's own choice of 128 bytes means a reallocation for every 128 bytes of a cell. */
enum { LIBCSV_BLOCK = 64 * 1024 };

struct csv_reader {
	struct csv_dialect dialect;
	bool one_column;
	uint64_t limit; /* bytes of a row */
	struct csv_parser parser;
	struct slice *cells;
	size_t n, cap;
	struct buf text; /* of the cells that libcsv gave */
};

static int no_byte(unsigned char c)
{
	(void)c;
	return 0;
}

static void *resize(void *p, size_t size)
{
	return mem_resize(p, size, 1);
}

static void open_parser(struct csv_reader *r)
{
	csv_init(&r->parser, CSV_STRICT | CSV_STRICT_FINI);
	csv_set_delim(&r->parser, (unsigned char)r->dialect.delim);
	csv_set_quote(&r->parser, (unsigned char)r->dialect.quote);
	csv_set_space_func(&r->parser, no_byte);
	/* It is given one record at a time, without its end. */
	csv_set_term_func(&r->parser, no_byte);
	csv_set_realloc_func(&r->parser, resize);
	csv_set_blk_size(&r->parser, LIBCSV_BLOCK);
}

struct csv_reader *csv_reader_new(struct csv_dialect dialect, bool one_column)
{
	struct csv_reader *r = mem_zalloc(1, sizeof *r);

	r->dialect = dialect;
	r->one_column = one_column;
	r->limit = UINT64_MAX;
	open_parser(r);
	return r;
}

void csv_reader_free(struct csv_reader *r)
{
	if (!r)
		return;
	csv_free(&r->parser);
	free(r->cells);
	buf_free(&r->text);
	free(r);
}

void csv_reader_one_column(struct csv_reader *r, bool one_column)
{
	r->one_column = one_column;
}

void csv_reader_limit(struct csv_reader *r, uint64_t bytes)
{
	r->limit = bytes;
}

static inline void add_cell(struct csv_reader *r, const char *p, size_t len)
{
	if (r->n == r->cap)
		r->cells = mem_grow(r->cells, &r->cap, r->n + 1, sizeof *r->cells);
	r->cells[r->n++] = slice_of(p, len);
}

#define ONES UINT64_C(0x0101010101010101)

/* Eight bytes as one word, the first one lowest, on any byte order; compilers make it one load. */
static inline uint64_t load_word(const char *p)
{
	const unsigned char *b = (const unsigned char *)p;

	return (uint64_t)b[0] | (uint64_t)b[1] << 8 | (uint64_t)b[2] << 16 | (uint64_t)b[3] << 24 |
	       (uint64_t)b[4] << 32 | (uint64_t)b[5] << 40 | (uint64_t)b[6] << 48 |
	       (uint64_t)b[7] << 56;
}

/* The high bit of each byte of `word` that is 0, and no other bit. */
static inline uint64_t mark_zeros(uint64_t word)
{
	const uint64_t low = ONES * 0x7f;

	return ~(((word & low) + low) | word | low);
}

/* A record without a quote: cells are where they stand. */
static void split(struct csv_reader *r, struct slice text)
{
	const uint64_t delims = ONES * (unsigned char)r->dialect.delim;
	const char *p = text.ptr, *end = p + text.len, *cell = p;

	r->n = 0;
	for (; end - p >= 8; p += 8) {
		for (uint64_t m = mark_zeros(load_word(p) ^ delims); m; m &= m - 1) {
			const char *delim = p + (__builtin_ctzll(m) >> 3);

			add_cell(r, cell, (size_t)(delim - cell));
			cell = delim + 1;
		}
	}
	for (; p < end; p++) {
		if (*p == r->dialect.delim) {
			add_cell(r, cell, (size_t)(p - cell));
			cell = p + 1;
		}
	}
	add_cell(r, cell, (size_t)(end - cell));
}

static void take_cell(void *text, size_t len, void *reader)
{
	struct csv_reader *r = reader;

	add_cell(r, r->text.data + r->text.len, len);
	buf_add(&r->text, text, len);
}

/* A record with quotes, through libcsv. False when it is ill-formed. */
static bool unquote(struct csv_reader *r, struct slice text)
{
	r->n = 0;
	buf_clear(&r->text);
	buf_reserve(&r->text, text.len); /* for all cells, so that none moves */
	if (csv_parse(&r->parser, text.ptr, text.len, take_cell, NULL, r) == text.len &&
	    csv_fini(&r->parser, take_cell, NULL, r) == 0)
		return true;
	/* After an error nothing but a new parser is reliable. */
	csv_free(&r->parser);
	open_parser(r);
	return false;
}

static struct slice without_end(const char *p, const char *end)
{
	if (end > p && end[-1] == '\n')
		end--;
	if (end > p && end[-1] == '\r')
		end--;
	return slice_of(p, (size_t)(end - p));
}

static uint64_t count_lines(const char *p, const char *end)
{
	uint64_t n = 1; /* the last newline may be missing, and is not looked at */

	end--;
	while ((p = find(p, end, '\n'))) {
		p++;
		n++;
	}
	return n;
}

/*
 * Finds the next record, blank or not, and moves on behind it. *whole is what libcsv judges if
 * there are quotes: more than row->text when one is unterminated.
 */
static void next_record(struct walk *w, const struct block *blk, size_t *pos, uint64_t *line,
			struct csv_row *row, struct slice *whole)
{
	const char *p = blk->buf.data + *pos, *end = blk->buf.data + blk->buf.len;
	const char *stop = record_end(w, p, end);

	*whole = without_end(p, stop ? stop : end);
	if (!stop && w->state == QUOTED) {
		w->error = "unterminated quote";
		stop = find(p, end, '\n');
		stop = stop ? stop + 1 : end;
	} else if (!stop) {
		stop = end;
	}
	row->text = without_end(p, stop);
	row->line = *line;
	*pos += (size_t)(stop - p);
	*line += w->quoted ? count_lines(p, stop) : 1;
}

/* The block is one record, and quotes in it may be open where it was cut. */
static enum csv_result cut_record(const struct block *blk, size_t *pos, uint64_t *line,
				  struct csv_row *row, struct buf *err)
{
	const char *p = blk->buf.data;
	size_t limit = blk->buf.len - 2; /* it was cut one byte behind that, and got its end */

	row->text = slice_of(p, limit);
	row->line = *line;
	*line += count_lines(p, p + blk->buf.len);
	*pos = blk->buf.len;
	block_say_cut(err, limit);
	return CSV_BAD;
}

enum csv_result csv_next(struct csv_reader *r, const struct block *blk, size_t *pos, uint64_t *line,
			 struct csv_row *row, struct buf *err)
{
	struct walk w = {.dialect = r->dialect};
	struct slice whole;

	do {
		if (*pos >= blk->buf.len)
			return CSV_END;
		if (blk->cut)
			return cut_record(blk, pos, line, row, err);
		w.state = CELL_START;
		next_record(&w, blk, pos, line, row, &whole);
	} while (row->text.len == 0 && !r->one_column);

	if (row->text.len > r->limit) {
		row->text.len = (size_t)r->limit;
		block_say_cut(err, r->limit);
		return CSV_BAD;
	}
	if (!utf8_valid(row->text.ptr, row->text.len)) {
		buf_setf(err, "not UTF-8 (convert with iconv)");
		return CSV_BAD;
	}
	if (!w.quoted) {
		split(r, whole);
	} else if (!unquote(r, whole)) {
		buf_setf(err, "%s", w.error ? w.error : "libcsv refuses the quotes");
		return CSV_BAD;
	}
	row->cells = r->cells;
	row->n = r->n;
	return CSV_ROW;
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

void csv_put_cell(struct buf *out, struct csv_dialect dialect, struct slice text, bool force)
{
	const char *p = text.ptr, *end = text.len ? p + text.len : p, *quote;

	if (!force && !needs_quotes(dialect, text)) {
		buf_add(out, text.ptr, text.len);
		return;
	}
	buf_add_char(out, dialect.quote);
	for (; (quote = find(p, end, dialect.quote)); p = quote + 1) {
		buf_add(out, p, (size_t)(quote + 1 - p));
		buf_add_char(out, dialect.quote);
	}
	buf_add(out, p, (size_t)(end - p));
	buf_add_char(out, dialect.quote);
}
