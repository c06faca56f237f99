#include "csvio_priv.h"

#include <csv.h>
#include <stdlib.h>

#include "mem.h"
#include "utf8.h"

/* --- Rows --- */

/* libcsv's own choice of 128 bytes means a reallocation for every 128 bytes of a cell. */
enum { LIBCSV_BLOCK = 64 * 1024 };

struct csv_reader {
	struct csv_dialect dialect;
	enum csv_engine engine;
	bool one_column;
	uint64_t limit; /* bytes of a row */
	const struct csv_picks *picks;
	struct slice *picked;    /* what is given, where there are picks */
	struct slice **columns;  /* of rows given by columns: [to][row] */
	size_t columns_n, first; /* how many pointers; the first row's line in the window */
	const struct csv_kernel *kernel;
	struct csv_window window;
	size_t i;          /* its next line */
	bool high;         /* some of its bytes are not UTF-8 */
	size_t base, next; /* places in the block: of window.base, and behind the row given last */
	struct csv_parser parser; /* libcsv's */
	struct slice *cells;
	size_t n, cap;
	struct buf text; /* of cells that could not stay as they were written */
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
	r->kernel = csv_kernel();
	open_parser(r);
	return r;
}

static void free_columns(struct csv_reader *r)
{
	for (size_t i = 0; i < r->columns_n; i++)
		free(r->columns[i]);
	free(r->columns);
	r->columns = NULL;
	r->columns_n = 0;
}

void csv_reader_free(struct csv_reader *r)
{
	if (!r)
		return;
	csv_free(&r->parser);
	free(r->cells);
	free(r->picked);
	free_columns(r);
	free(r->window.at);
	free(r->window.lines);
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

void csv_reader_engine(struct csv_reader *r, enum csv_engine engine)
{
	r->engine = engine;
}

void csv_reader_pick(struct csv_reader *r, const struct csv_picks *picks)
{
	r->picks = picks;
	r->picked = mem_resize(r->picked, picks->size, sizeof *r->picked);
	for (size_t i = 0; i < picks->size; i++)
		r->picked[i] = slice_str("");
	free_columns(r);
}

/* --- A record by libcsv --- */

static inline struct slice *reserve_cells(struct csv_reader *r, size_t n)
{
	if (r->cap < n)
		r->cells = mem_grow(r->cells, &r->cap, n, sizeof *r->cells);
	return r->cells;
}

static void add_cell(struct csv_reader *r, const char *p, size_t len)
{
	reserve_cells(r, r->n + 1)[r->n] = slice_of(p, len);
	r->n++;
}

static void take_cell(void *text, size_t len, void *reader)
{
	struct csv_reader *r = reader;

	add_cell(r, r->text.data + r->text.len, len);
	buf_add(&r->text, text, len);
}

/* False when the record is ill-formed. */
static bool parse(struct csv_reader *r, struct slice text)
{
	r->n = 0;
	buf_clear(&r->text);
	buf_reserve(&r->text, text.len); /* for all cells, so that none moves */
	if (!text.len)                   /* to libcsv no record at all */
		add_cell(r, text.ptr, 0);
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
	while ((p = csv_find(p, end, '\n'))) {
		p++;
		n++;
	}
	return n;
}

/*
 * Finds the next record, blank or not, and moves on behind it. *whole is what libcsv judges if
 * there are quotes: more than row->text when one is unterminated.
 */
static void next_record(struct csv_walk *w, const struct block *blk, size_t *pos, uint64_t *line,
			struct csv_row *row, struct slice *whole)
{
	const char *p = blk->buf.data + *pos, *end = blk->buf.data + blk->buf.len;
	const char *stop = csv_record_end(w, p, end);

	*whole = without_end(p, stop ? stop : end);
	if (!stop && w->state == CSV_IN_QUOTES) {
		w->error = "unterminated quote";
		stop = csv_find(p, end, '\n');
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

/* Of a row that has all its cells in r->cells. */
static void give_cells(struct csv_reader *r, struct csv_row *row)
{
	const struct csv_picks *picks = r->picks;

	row->n = r->n;
	row->cells = r->cells;
	if (!picks)
		return;
	row->cells = r->picked;
	for (size_t i = 0; r->n == picks->width && i < picks->n; i++)
		r->picked[picks->v[i].to] = r->cells[picks->v[i].from];
}

static bool check_text(const struct csv_reader *r, struct csv_row *row, bool high, struct buf *err)
{
	if (row->text.len > r->limit) {
		row->text.len = (size_t)r->limit;
		block_say_cut(err, r->limit);
		return false;
	}
	if (high && !utf8_valid(row->text.ptr, row->text.len)) {
		buf_setf(err, "not UTF-8 (convert with iconv)");
		return false;
	}
	return true;
}

/* The next record, whatever it is. */
static __attribute__((noinline)) enum csv_result slow_row(struct csv_reader *r,
							  const struct block *blk, size_t *pos,
							  uint64_t *line, struct csv_row *row,
							  struct buf *err)
{
	struct csv_walk w = {.dialect = r->dialect, .state = CSV_CELL_START};
	struct slice whole;

	next_record(&w, blk, pos, line, row, &whole);
	if (!check_text(r, row, true, err))
		return CSV_BAD;
	if (!parse(r, whole)) {
		buf_setf(err, "%s", w.error ? w.error : "libcsv refuses the quotes");
		return CSV_BAD;
	}
	give_cells(r, row);
	return CSV_ROW;
}

/* --- A record of the window --- */

/* Of two quotes in a quoted cell one stands. */
static struct slice undouble(struct csv_reader *r, const char *p, size_t len)
{
	const char *end = p + len, *quote;
	size_t start = r->text.len;

	for (; (quote = csv_find(p, end, r->dialect.quote)); p = quote + 2)
		buf_add(&r->text, p, (size_t)(quote + 1 - p));
	buf_add(&r->text, p, (size_t)(end - p));
	return slice_of(r->text.data + start, r->text.len - start);
}

/* Cell i of a line goes from at[i] to before at[i + 1], with the byte that ended it. */
static inline struct slice plain_cell(const char *base, const uint32_t *at, size_t i)
{
	return slice_of(base + at[i], at[i + 1] - at[i] - 1);
}

static struct slice unquoted(struct csv_reader *r, struct slice s, uint32_t traits)
{
	if (!s.len || *s.ptr != r->dialect.quote)
		return s;
	s = slice_of(s.ptr + 1, s.len - 2);
	return traits & CSV_DOUBLED ? undouble(r, s.ptr, s.len) : s;
}

/* The cells of a row that may have quotes, or a CR behind it: to r->cells. */
static void take_cells(struct csv_reader *r, const uint32_t *at, size_t n, size_t cr,
		       uint32_t traits)
{
	if (traits & CSV_DOUBLED) {
		buf_clear(&r->text);
		buf_reserve(&r->text, at[n] - at[0]); /* for all cells, so that none moves */
	}
	reserve_cells(r, n);
	r->n = n;
	for (size_t i = 0; i < n; i++) {
		struct slice s = plain_cell(r->window.base, at, i);

		if (i + 1 == n)
			s.len -= cr;
		r->cells[i] = traits & CSV_QUOTED ? unquoted(r, s, traits) : s;
	}
}

static __attribute__((noinline)) enum csv_result odd_row(struct csv_reader *r, const uint32_t *at,
							 size_t n, uint32_t traits, uint64_t *line,
							 struct csv_row *row, struct buf *err)
{
	const char *start = row->text.ptr;
	size_t cr = row->text.len && start[row->text.len - 1] == '\r';

	row->text.len -= cr;
	if (traits & CSV_LINES)
		*line += count_lines(start, start + row->text.len + 1) - 1;
	if (!check_text(r, row, r->high, err))
		return CSV_BAD;
	take_cells(r, at, n, cr, traits);
	give_cells(r, row);
	return CSV_ROW;
}

static inline enum csv_result quick_row(struct csv_reader *r, const struct csv_line *l,
					uint64_t *line, struct csv_row *row, struct buf *err)
{
	const uint32_t *at = r->window.at + (l > r->window.lines ? l[-1].last : 0);
	const char *base = r->window.base;
	size_t n = l->last - (size_t)(at - r->window.at), len = at[n] - at[0] - 1;
	const struct csv_picks *picks = r->picks;

	row->text = slice_of(base + at[0], len);
	row->line = (*line)++;
	row->n = n;
	if (l->traits || r->high || len > r->limit || (len && row->text.ptr[len - 1] == '\r'))
		return odd_row(r, at, n, l->traits, line, row, err);
	if (picks) {
		row->cells = r->picked;
		for (size_t i = 0; n == picks->width && i < picks->n; i++)
			r->picked[picks->v[i].to] = plain_cell(base, at, picks->v[i].from);
	} else {
		row->cells = reserve_cells(r, n);
		for (size_t i = 0; i < n; i++)
			r->cells[i] = plain_cell(base, at, i);
	}
	return CSV_ROW;
}

/* Looks for the line of the window that begins at pos. */
static bool look(struct csv_reader *r, const struct block *blk, size_t pos)
{
	/* A block begins at 0, whatever was read before. */
	bool follows = pos && pos == r->next;

	if (r->engine == CSV_LIBCSV)
		return false;
	if (!follows || (r->i == r->window.n && !r->window.stuck)) {
		r->kernel->fill(&r->window, r->dialect, blk->buf.data + pos,
				blk->buf.data + blk->buf.len);
		/* Where all bytes are right as a whole, no line needs a look of its own. */
		r->high = r->window.high && r->window.n &&
			  !utf8_valid(r->window.base,
				      r->window.at[r->window.lines[r->window.n - 1].last]);
		r->i = 0;
		r->base = r->next = pos;
	}
	return r->i < r->window.n;
}

enum csv_result csv_next(struct csv_reader *r, const struct block *blk, size_t *pos, uint64_t *line,
			 struct csv_row *row, struct buf *err)
{
	enum csv_result got;

	do {
		const struct csv_line *l = NULL;
		bool known = r->i < r->window.n && *pos == r->next;

		if (!known) {
			if (*pos >= blk->buf.len)
				return CSV_END;
			if (blk->cut)
				return cut_record(blk, pos, line, row, err);
			known = look(r, blk, *pos);
		}
		if (known) {
			l = &r->window.lines[r->i++];
			r->next = r->base + r->window.at[l->last];
		}
		if (known && !(l->traits & CSV_DOUBLED && r->engine == CSV_AUTO)) {
			*pos = r->next;
			got = quick_row(r, l, line, row, err);
		} else {
			got = slow_row(r, blk, pos, line, row, err);
		}
	} while (got == CSV_ROW && row->text.len == 0 && !r->one_column);
	return got;
}

/* --- Rows by columns --- */

static void make_columns(struct csv_reader *r)
{
	const struct csv_picks *picks = r->picks;

	if (r->columns)
		return;
	r->columns_n = picks->size;
	r->columns = mem_zalloc(picks->size, sizeof *r->columns);
	for (size_t i = 0; i < picks->n; i++)
		r->columns[picks->v[i].to] = mem_resize(NULL, CSV_ROWS_MAX, sizeof **r->columns);
}

/* How many lines from `i` on are of the usual kind; *traits: of any of them. */
static size_t usual_lines(const struct csv_reader *r, size_t i, uint32_t *traits)
{
	const struct csv_line *lines = r->window.lines;
	const uint32_t *at = r->window.at;
	size_t width = r->picks->width, last = i ? lines[i - 1].last : 0, n = 0;
	size_t left = r->window.n - i, most = left < CSV_ROWS_MAX ? left : CSV_ROWS_MAX;
	/* In a table of one column an empty line, or a CR alone, is for csv_next to judge. */
	size_t least = width == 1 ? 2 : 0;

	for (; n < most && lines[i + n].last - last == width; n++, last += width) {
		size_t len = at[last + width] - at[last] - 1;

		if (lines[i + n].traits & ~(uint32_t)CSV_QUOTED || len < least || len > r->limit)
			break;
		*traits |= lines[i + n].traits;
	}
	return n;
}

static inline size_t first_place(const struct csv_reader *r, size_t line)
{
	return line ? r->window.lines[line - 1].last : 0;
}

static void take_column(const struct csv_reader *r, size_t from, size_t n, struct slice cells[])
{
	const uint32_t *at = r->window.at + first_place(r, r->first) + from;
	size_t width = r->picks->width;

	for (size_t i = 0; i < n; i++)
		cells[i] = plain_cell(r->window.base, at + i * width, 0);
	/* What ends a line may be CR LF. */
	for (size_t i = 0; r->window.cr && from + 1 == width && i < n; i++)
		cells[i].len -= cells[i].len && cells[i].ptr[cells[i].len - 1] == '\r';
}

void csv_next_rows(struct csv_reader *r, const struct block *blk, size_t *pos, uint64_t *line,
		   struct csv_rows *rows)
{
	const struct csv_picks *picks = r->picks;
	uint32_t traits = 0;

	rows->n = 0;
	if (*pos >= blk->buf.len || blk->cut || !look(r, blk, *pos) || r->high)
		return;
	rows->n = usual_lines(r, r->i, &traits);
	if (!rows->n)
		return;
	make_columns(r);
	rows->columns = (const struct slice *const *)r->columns;
	rows->line = *line;
	r->first = r->i;
	for (size_t k = 0; k < picks->n; k++) {
		struct slice *cells = r->columns[picks->v[k].to];

		take_column(r, picks->v[k].from, rows->n, cells);
		for (size_t i = 0; traits && i < rows->n; i++)
			cells[i] = unquoted(r, cells[i], 0);
	}
	r->i += rows->n;
	r->next = *pos = r->base + r->window.at[r->window.lines[r->i - 1].last];
	*line += rows->n;
}

void csv_rows_get(struct csv_reader *r, const struct csv_rows *rows, size_t i, struct csv_row *row)
{
	const uint32_t *at = r->window.at + first_place(r, r->first + i);
	const struct csv_picks *picks = r->picks;

	for (size_t k = 0; k < picks->n; k++)
		r->picked[picks->v[k].to] = rows->columns[picks->v[k].to][i];
	row->cells = r->picked;
	row->n = picks->width;
	row->line = rows->line + i;
	row->text = slice_of(r->window.base + at[0], at[picks->width] - at[0] - 1);
	row->text.len -= row->text.len && row->text.ptr[row->text.len - 1] == '\r';
}
