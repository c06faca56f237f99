/*
 * csvio: the same rows and the same errors from each engine, wherever a text is cut at record ends, and those of a
 * plain model of RFC 4180; rows that are written read back the same.
 */
#include "fuzz.h"

#include <stdlib.h>

#include "csvio.h"
#include "utf8.h"

/* --- What a way of reading gave, as text: a line per row or error --- */

static void trace_row(struct buf *out, uint64_t line, const struct slice *cells, size_t n)
{
	buf_addf(out, "%llu row", (unsigned long long)line);
	for (size_t i = 0; i < n; i++) {
		buf_addf(out, " %zu:", cells[i].len);
		buf_add(out, cells[i].ptr, cells[i].len);
	}
	buf_add_char(out, '\n');
}

static void trace_bad(struct buf *out, uint64_t line, struct slice text, const char *why)
{
	buf_addf(out, "%llu bad %s: ", (unsigned long long)line, why);
	buf_add(out, text.ptr, text.len);
	buf_add_char(out, '\n');
}

/* --- The model: one byte after the other --- */

struct model {
	struct csv_dialect dialect;
	const char *p, *end;
	uint64_t line;
	struct buf cells; /* bytes of all cells of a row */
	size_t ends[4096];
	size_t n;
	const char *why; /* the row is bad */
};

static bool at_line_end(const struct model *m)
{
	return m->p < m->end &&
	       (*m->p == '\n' || (*m->p == '\r' && m->p + 1 < m->end && m->p[1] == '\n'));
}

static void end_cell(struct model *m)
{
	if (m->n < sizeof m->ends / sizeof m->ends[0])
		m->ends[m->n++] = m->cells.len;
}

/* Behind an opening quote, to behind the closing one. False: there is none. */
static bool model_quoted(struct model *m)
{
	for (; m->p < m->end; m->p++) {
		if (*m->p != m->dialect.quote) {
			buf_add_char(&m->cells, *m->p);
		} else if (m->p + 1 < m->end && m->p[1] == m->dialect.quote) {
			buf_add_char(&m->cells, *m->p);
			m->p++;
		} else {
			m->p++;
			return true;
		}
	}
	m->why = "unterminated quote";
	return false;
}

static void model_plain(struct model *m)
{
	while (m->p < m->end && !at_line_end(m) && *m->p != m->dialect.delim) {
		if (*m->p == m->dialect.quote) {
			m->why = "quote inside an unquoted cell";
			return;
		}
		buf_add_char(&m->cells, *m->p++);
	}
}

static void model_cell(struct model *m)
{
	if (m->p < m->end && *m->p == m->dialect.quote) {
		m->p++;
		if (model_quoted(m) && m->p < m->end && !at_line_end(m) &&
		    *m->p != m->dialect.delim)
			m->why = "text after a closing quote";
	} else {
		model_plain(m);
	}
	end_cell(m);
}

/* To the end of the record, or of the line where the record is bad; its text without that end. */
static struct slice model_record(struct model *m)
{
	const char *start = m->p, *stop;

	m->n = 0;
	m->why = NULL;
	buf_clear(&m->cells);
	for (;;) {
		model_cell(m);
		if (m->why || m->p == m->end || *m->p != m->dialect.delim)
			break;
		m->p++;
	}
	if (m->why && m->why[0] == 'u')
		m->p = start;
	while (m->p < m->end && (m->why ? *m->p != '\n' : !at_line_end(m)))
		m->p++;
	stop = m->p;
	if (m->p < m->end && *m->p == '\r')
		m->p++;
	if (m->p < m->end && *m->p == '\n')
		m->p++;
	if (m->why && stop > start && stop[-1] == '\r')
		stop--;
	return slice_of(start, (size_t)(stop - start));
}

/* How a text is read. */
struct way {
	struct csv_dialect dialect;
	bool one_column, head;
	uint64_t limit;
	enum csv_engine engine;
};

/*
 * ends[i]: a record ends before byte i; none does behind an open quote, nor, with head, before the
 * first record that is more than blanks.
 */
static void model_rows(struct buf *out, struct slice all, const struct way *way, bool ends[])
{
	struct model m = {.dialect = way->dialect, .p = all.ptr, .end = all.ptr + all.len};
	bool leading = way->head, open = false;
	struct slice cells[4096];

	while (m.p < m.end) {
		const char *start = m.p;
		struct slice text = model_record(&m);
		uint64_t line = m.line;

		for (const char *p = start; p < m.p; p++) {
			m.line += *p == '\n';
			leading = leading && (*p == '\n' || *p == '\r');
		}
		open = open || (m.why && m.why[0] == 'u');
		ends[m.p - all.ptr] = !leading && !open;
		if (text.len == 0 && !way->one_column)
			continue;
		for (size_t i = 0; i < m.n; i++) {
			size_t from = i ? m.ends[i - 1] : 0;
			cells[i] = slice_of(buf_slice(&m.cells).ptr + from, m.ends[i] - from);
		}
		if (text.len > way->limit)
			trace_bad(out, line, slice_of(text.ptr, (size_t)way->limit), "long");
		else if (!utf8_valid(text.ptr, text.len))
			trace_bad(out, line, text, "not UTF-8 (convert with iconv)");
		else if (m.why)
			trace_bad(out, line, text, m.why);
		else
			trace_row(out, line, cells, m.n);
	}
	buf_free(&m.cells);
}

/* --- The module --- */

/* Appends a block's rows. *line: as in the whole text. */
static void read_block(struct csv_reader *r, struct slice bytes, uint64_t limit, uint64_t *line,
		       struct buf *out)
{
	struct block b = {0};
	struct csv_row row;
	struct buf err = BUF_INIT;
	enum csv_result rc;
	uint64_t lines = 0, newlines = 0;
	size_t pos = 0;

	buf_add(&b.buf, bytes.ptr, bytes.len);
	while ((rc = csv_next(r, &b, &pos, &lines, &row, &err)) != CSV_END) {
		if (rc == CSV_ROW)
			trace_row(out, *line + row.line, row.cells, row.n);
		else
			trace_bad(out, *line + row.line, row.text,
				  row.text.len == limit && strstr(buf_str(&err), "--max-line")
					  ? "long"
					  : buf_str(&err));
	}
	for (size_t i = 0; i < bytes.len; i++)
		newlines += bytes.ptr[i] == '\n';
	must(lines == newlines, "%llu lines, not %llu", (unsigned long long)lines,
	     (unsigned long long)newlines);
	*line += lines;
	buf_free(&b.buf);
	buf_free(&err);
}

/* As read in blocks that end where the framer says, being shown pieces of at most `piece` bytes. */
static void read_pieces(struct buf *out, struct slice all, const struct way *way, size_t piece,
			const bool ends[])
{
	struct csv_reader *r = csv_reader_new(way->dialect, way->one_column);
	struct csv_framer f;
	size_t start = 0;
	uint64_t line = 0;

	csv_reader_limit(r, way->limit);
	csv_reader_engine(r, way->engine);
	csv_framer_init(&f, way->dialect);
	f.head = way->head;
	f.framer.reset(f.framer.state);
	for (size_t at = 0; at < all.len; at += piece) {
		size_t len = all.len - at < piece ? all.len - at : piece, due = len;
		size_t end = f.framer.feed(f.framer.state, all.ptr + at, len);

		while (due && !ends[at + due])
			due--;
		must(end == due, "of %zu bytes at %zu records end at %zu, not %zu", len, at, end,
		     due);
		if (!end)
			continue;
		read_block(r, slice_of(all.ptr + start, at + end - start), way->limit, &line, out);
		start = at + end;
	}
	if (start < all.len)
		read_block(r, slice_of(all.ptr + start, all.len - start), way->limit, &line, out);
	csv_reader_free(r);
}

/* --- Writing --- */

/* One row of cells cut out of the text at '|'. */
static void write_and_read(struct slice all, struct csv_dialect dialect, bool force)
{
	struct input in = {(const uint8_t *)all.ptr, (const uint8_t *)all.ptr + all.len};
	struct csv_reader *r = csv_reader_new(dialect, false);
	struct buf want = BUF_INIT, got = BUF_INIT;
	struct slice cells[64];
	struct block b = {0};
	uint64_t line = 0;
	size_t n = 0;

	while (n < 64 && (n == 0 || in.p < in.end))
		cells[n++] = input_until(&in, '|');
	for (size_t i = 0; i < n; i++) {
		if (i)
			buf_add_char(&b.buf, dialect.delim);
		csv_put_cell(&b.buf, dialect, cells[i], force || (n == 1 && !cells[i].len));
	}
	buf_add_char(&b.buf, '\n');
	trace_row(&want, 0, cells, n);
	read_block(r, buf_slice(&b.buf), UINT64_MAX, &line, &got);
	must(slice_eq(buf_slice(&want), buf_slice(&got)), "wrote %s read %s", buf_str(&want),
	     buf_str(&got));
	buf_free(&want);
	buf_free(&got);
	buf_free(&b.buf);
	csv_reader_free(r);
}

/* dialect, flags, longest row, size of pieces; then text. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct csv_dialect dialects[] = {
		{',', '"'}, {';', '\''}, {'\t', '"'}, {' ', '"'}, {',', '\t'}, {'\x01', 'a'},
	};
	static const enum csv_engine engines[] = {CSV_AUTO, CSV_SCAN, CSV_LIBCSV};
	struct input in = {data, data + size};
	struct way way = {.dialect = dialects[input_below(&in, 6)]};
	unsigned flags = input_byte(&in), max = input_below(&in, 256);
	size_t pieces[] = {SIZE_MAX, 1, 1 + input_below(&in, 256)};
	struct buf all = BUF_INIT, model = BUF_INIT;
	bool *ends;

	if (flags & 8)
		setenv("KPIPE_SIMD", "none", 1);
	else
		unsetenv("KPIPE_SIMD");
	way.one_column = flags & 1;
	way.head = flags & 2;
	way.limit = max < 9 ? max : UINT64_MAX;
	buf_add(&all, input_rest(&in).ptr, input_rest(&in).len);
	if (utf8_valid(all.data, all.len))
		write_and_read(buf_slice(&all), way.dialect, flags & 4);
	/* As the reader completes an input. */
	if (all.len && all.data[all.len - 1] != '\n')
		buf_add_char(&all, '\n');
	ends = mem_zalloc(all.len + 1, sizeof *ends);
	model_rows(&model, buf_slice(&all), &way, ends);
	for (size_t i = 0; i < 3 * sizeof pieces / sizeof pieces[0]; i++) {
		size_t piece = pieces[i / 3] < all.len ? pieces[i / 3] : all.len + 1;
		struct buf rows = BUF_INIT;

		way.engine = engines[i % 3];
		read_pieces(&rows, buf_slice(&all), &way, piece, ends);
		must(slice_eq(buf_slice(&model), buf_slice(&rows)),
		     "engine %d, in pieces of %zu: %s instead of %s", (int)way.engine, piece,
		     buf_str(&rows), buf_str(&model));
		buf_free(&rows);
	}
	free(ends);
	buf_free(&model);
	buf_free(&all);
	return 0;
}
