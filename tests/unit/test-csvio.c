#include <stdlib.h>

#include "csvio.h"
#include "mem.h"
#include "tap.h"

static const struct csv_dialect comma = {',', '"'};

/* --- Ways to read that give the same --- */

static enum csv_engine engine;

static struct csv_reader *new_reader(struct csv_dialect d, bool one_column)
{
	struct csv_reader *r = csv_reader_new(d, one_column);

	csv_reader_engine(r, engine);
	return r;
}

static void use_simd(bool use)
{
	if (use)
		unsetenv("KPIPE_SIMD");
	else
		setenv("KPIPE_SIMD", "none", 1);
}

/* --- Rows as text: "LINE[cell][cell] " each, bad ones "LINE!reason<text> " --- */

static void put_shown(struct buf *out, struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];

		if (c < ' ' || c >= 0x7f)
			buf_addf(out, "\\%02x", c);
		else
			buf_add_char(out, (char)c);
	}
}

static void show_row(struct buf *out, uint64_t line, const struct slice *cells, size_t n)
{
	buf_addf(out, "%d", (int)line);
	for (size_t i = 0; i < n; i++) {
		buf_add_char(out, '[');
		put_shown(out, cells[i]);
		buf_add_char(out, ']');
	}
	buf_add_char(out, ' ');
}

static void show_bad(struct buf *out, uint64_t line, const char *reason, struct slice text)
{
	buf_addf(out, "%d!%s<", (int)line, reason);
	put_shown(out, text);
	buf_add_str(out, "> ");
}

/* Shows the rows of one block; returns how many there were, and adds the block's lines to *line. */
static int show_block(struct buf *out, struct csv_reader *r, struct slice text, uint64_t *line)
{
	struct block blk = {0};
	struct buf err = BUF_INIT;
	struct csv_row row;
	size_t pos = 0;
	uint64_t lines = 0;
	int n = 0;

	buf_add(&blk.buf, text.ptr, text.len);
	for (;; n++) {
		enum csv_result got = csv_next(r, &blk, &pos, &lines, &row, &err);

		if (got == CSV_END)
			break;
		if (got == CSV_ROW)
			show_row(out, *line + row.line, row.cells, row.n);
		else
			show_bad(out, *line + row.line, buf_str(&err), row.text);
	}
	*line += lines;
	buf_free(&blk.buf);
	buf_free(&err);
	return n;
}

static void show(struct buf *out, struct csv_dialect d, bool one_column, struct slice text)
{
	struct csv_reader *r = new_reader(d, one_column);
	uint64_t line = 0;

	show_block(out, r, text, &line);
	csv_reader_free(r);
}

/* --- What an input without a last newline becomes before it is parsed --- */

static void complete(struct buf *b)
{
	if (b->len && b->data[b->len - 1] != '\n')
		buf_add_char(b, '\n');
}

/*
 * The rows of `text` as the reader would cut it, when it arrives in pieces of `piece` bytes (0: of
 * random sizes). *most: the most rows that a block held.
 */
static void show_framed(struct buf *out, struct csv_framer *f, bool one_column, struct slice text,
			size_t piece, int *most)
{
	struct csv_reader *r = new_reader(f->dialect, one_column);
	struct buf bytes = BUF_INIT;
	uint64_t line = 0;

	*most = 0;
	f->framer.reset(f->framer.state);
	for (size_t at = 0; at < text.len;) {
		size_t len = piece ? piece : (size_t)(rand() % 150);
		size_t whole, old = bytes.len;

		if (len > text.len - at)
			len = text.len - at;
		whole = f->framer.feed(f->framer.state, text.ptr + at, len);
		buf_add(&bytes, text.ptr + at, len);
		at += len;
		if (whole) {
			struct buf rest = BUF_INIT;
			int n = show_block(out, r, slice_of(bytes.data, old + whole), &line);

			*most = n > *most ? n : *most;
			buf_add(&rest, bytes.data + old + whole, bytes.len - old - whole);
			buf_free(&bytes);
			bytes = rest;
		}
	}
	complete(&bytes);
	show_block(out, r, buf_slice(&bytes), &line);
	buf_free(&bytes);
	csv_reader_free(r);
}

/* --- Known rows --- */

struct known {
	const char *what, *text, *rows, *one_column; /* one_column NULL: the same rows */
};

#define STRAY        "!quote inside an unquoted cell"
#define TRAILING     "!text after a closing quote"
#define UNTERMINATED "!unterminated quote"
#define NOT_UTF8     "!not UTF-8 (convert with iconv)"

static const struct known known[] = {
	{"nothing", "", "", NULL},
	{"plain rows", "a,b\n1,2\n", "0[a][b] 1[1][2] ", NULL},
	{"no final newline", "a,b\n1,2", "0[a][b] 1[1][2] ", NULL},
	{"CR LF", "a,b\r\n1,2\r\n", "0[a][b] 1[1][2] ", NULL},
	{"CR LF behind quotes", "\"a\",\"b\"\r\n\"1\",\"2\"\r\n", "0[a][b] 1[1][2] ", NULL},
	{"mixed line ends", "a\r\nb\nc", "0[a] 1[b] 2[c] ", NULL},
	{"empty cells", ",\n,,\n", "0[][] 1[][][] ", NULL},
	/* The byte beside the delimiter in ASCII is the one that a word-wise search may mistake. */
	{"minus signs", "-1,-2,--,-,,-3,+4\n", "0[-1][-2][--][-][][-3][+4] ", NULL},
	{"quoted empty cells", "\"\",\"\"\n", "0[][] ", NULL},
	{"one quoted empty cell", "\"\"\n", "0[] ", NULL},
	{"delimiter in quotes", "\"a,b\",c\n", "0[a,b][c] ", NULL},
	{"newline in quotes", "\"a\nb\",c\nd,e\n", "0[a\\0ab][c] 2[d][e] ", NULL},
	{"CR LF in quotes", "\"a\r\nb\",c\r\nd,e\r\n", "0[a\\0d\\0ab][c] 2[d][e] ", NULL},
	{"doubled quotes", "\"a\"\"b\",\"\"\"\",\"\"\"\"\"\"\n", "0[a\"b][\"][\"\"] ", NULL},
	{"one doubled quote", "\"a\"\"b\",c\n", "0[a\"b][c] ", NULL},
	{"blanks are kept", " a , b \n", "0[ a ][ b ] ", NULL},
	{"blanks in quotes are kept", "\" a \",\"\tb\t\"\n", "0[ a ][\\09b\\09] ", NULL},
	{"blanks beside quoted cells", " a ,\"b\", c \n", "0[ a ][b][ c ] ", NULL},
	{"blank lines", "\n\na,b\n\n\r\n1,2\n\n", "2[a][b] 5[1][2] ",
	 "0[] 1[] 2[a][b] 3[] 4[] 5[1][2] 6[] "},
	{"only a blank line", "\n", "", "0[] "},
	{"a line of blanks is a cell", "  \n", "0[  ] ", NULL},
	{"UTF-8", "\xc3\xa9,\xe2\x82\xac\n", "0[\\c3\\a9][\\e2\\82\\ac] ", NULL},
	{"not UTF-8", "a\n\xe9,b\nc\n", "0[a] 1" NOT_UTF8 "<\\e9,b> 2[c] ", NULL},
	{"not UTF-8, in quotes", "\"\xe9\n\",b\nc\n", "0" NOT_UTF8 "<\"\\e9\\0a\",b> 2[c] ", NULL},
	{"a byte order mark is not looked for", "\xef\xbb\xbf\"a\"\n",
	 "0" STRAY "<\\ef\\bb\\bf\"a\"> ", NULL},

	/* A lone CR: with and without a quote in the record. */
	{"CR in a cell", "a\rb,c\n", "0[a\\0db][c] ", NULL},
	{"CR in a cell, with quotes", "a\rb,\"c\"\n", "0[a\\0db][c] ", NULL},
	{"CR before CR LF", "a\r\r\n", "0[a\\0d] ", NULL},
	{"CR before CR LF, with quotes", "\"b\",a\r\r\n", "0[b][a\\0d] ", NULL},
	{"CR at the end of input", "a\r", "0[a] ", NULL},
	{"CR before a delimiter", "a\r,\"\"\n", "0[a\\0d][] ", NULL},
	{"CR behind a closing quote", "\"a\"\rb\nc\n", "0" TRAILING "<\"a\"\\0db> 1[c] ", NULL},
	{"CR CR LF behind a closing quote", "\"a\"\r\r\nc\n", "0" TRAILING "<\"a\"\\0d> 1[c] ",
	 NULL},
	{"CR before a delimiter behind a closing quote", "\"a\"\r,b\nc\n",
	 "0" TRAILING "<\"a\"\\0d,b> 1[c] ", NULL},
	{"CR in quotes", "\"a\rb\"\n", "0[a\\0db] ", NULL},
	{"CR only", "a,b\r1,2\r", "0[a][b\\0d1][2] ", NULL},

	/* Quoting errors, and where reading starts anew. */
	{"a quote in an unquoted cell", "a\"b,1\nc,d\n", "0" STRAY "<a\"b,1> 1[c][d] ", NULL},
	{"a blank before a quote", " \"a\",b\nc,d\n", "0" STRAY "< \"a\",b> 1[c][d] ", NULL},
	{"a quote ends an unquoted cell", "a\",1\nc,d\n", "0" STRAY "<a\",1> 1[c][d] ", NULL},
	{"text behind a quote", "\"a\"x,1\n2,3\n", "0" TRAILING "<\"a\"x,1> 1[2][3] ", NULL},
	{"a blank behind a quote", "\"a\" ,1\n2,3\n", "0" TRAILING "<\"a\" ,1> 1[2][3] ", NULL},
	{"a quoted row after an error", "\"a\"x\n\"b\"\"\",\"c\"\n",
	 "0" TRAILING "<\"a\"x> 1[b\"][c] ", NULL},
	{"errors in a row", "\"a\"x\na\"\n\"\n",
	 "0" TRAILING "<\"a\"x> 1" STRAY "<a\"> 2" UNTERMINATED "<\"> ", NULL},
	{"quotes opened behind an error", "a\"b,\"c\nd\n", "0" STRAY "<a\"b,\"c> 1[d] ", NULL},
	{"an error on a later line", "\"a\nb\"x,1\n2,3\n", "0" TRAILING "<\"a\\0ab\"x,1> 2[2][3] ",
	 NULL},
	{"a bad row ends with CR LF", "\"a\"x\r\n2\r\n", "0" TRAILING "<\"a\"x> 1[2] ", NULL},
	{"an unterminated quote", "1,2\na,\"b\nc,d\n3,4\n",
	 "0[1][2] 1" UNTERMINATED "<a,\"b> 2[c][d] 3[3][4] ", NULL},
	{"an unterminated quote without newline", "a,\"b", "0" UNTERMINATED "<a,\"b> ", NULL},
	{"an unterminated quote before CR LF", "\"a\r\nb\r\n", "0" UNTERMINATED "<\"a> 1[b] ",
	 NULL},
	{"a lone quote at the end", "a\n\"", "0[a] 1" UNTERMINATED "<\"> ", NULL},
	{"an unterminated quote with pairs", "\"a\"\"\n\"\"b\n",
	 "0" UNTERMINATED "<\"a\"\"> 1" TRAILING "<\"\"b> ", NULL},
	{"an unterminated quote, then quoted rows", "a,\"b\n\"c\"\"\n",
	 "0" TRAILING "<a,\"b\\0a\"c\"\"> ", NULL},
	{"quotes that shift", "x,\"a\n\"b\",c\n", "0" TRAILING "<x,\"a\\0a\"b\",c> ", NULL},
};

static void test_known(void)
{
	struct csv_framer f;

	csv_framer_init(&f, comma);
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		const struct known *k = &known[i];
		struct buf text = BUF_INIT, got = BUF_INIT;

		buf_add_str(&text, k->text);
		complete(&text);
		for (int one = 0; one < 2; one++) {
			const char *want = one && k->one_column ? k->one_column : k->rows;

			buf_clear(&got);
			show(&got, comma, one, buf_slice(&text));
			is_str(buf_str(&got), want, k->what);
			for (size_t piece = 1; piece <= strlen(k->text); piece++) {
				int most;

				buf_clear(&got);
				show_framed(&got, &f, one, slice_str(k->text), piece, &most);
				if (strcmp(buf_str(&got), want) != 0)
					break;
			}
			is_str(buf_str(&got), want, "the same in pieces");
		}
		buf_free(&text);
		buf_free(&got);
	}
}

static void test_nul(void)
{
	static const char text[] = "a\0b,\"c\0\"\n\0,\0\n";
	struct buf got = BUF_INIT;

	show(&got, comma, false, slice_of(text, sizeof text - 1));
	is_str(buf_str(&got), "0[a\\00b][c\\00] 1[\\00][\\00] ", "NUL bytes are data");
	buf_free(&got);
}

static void test_dialects(void)
{
	struct buf got = BUF_INIT;

	show(&got, (struct csv_dialect){'\t', '"'}, false, slice_str("a\tb,c\t\"d\te\"\n"));
	is_str(buf_str(&got), "0[a][b,c][d\\09e] ", "tab");
	buf_clear(&got);
	show(&got, (struct csv_dialect){' ', '"'}, false, slice_str("a b  \"c d\"\n"));
	is_str(buf_str(&got), "0[a][b][][c d] ", "blank");
	buf_clear(&got);
	show(&got, (struct csv_dialect){';', '\''}, false, slice_str("a,\";'b;''c';d\n"));
	is_str(buf_str(&got), "0[a,\"][b;'c][d] ", "semicolon and apostrophe");
	buf_free(&got);
}

/* --- Sizes --- */

static void test_large(void)
{
	enum { CELL = 300000, CELLS = 100000 };
	struct csv_reader *r = new_reader(comma, false);
	struct block blk = {0};
	struct buf err = BUF_INIT;
	struct csv_row row;
	size_t pos = 0;
	uint64_t line = 0;
	bool same = true;

	buf_add_str(&blk.buf, "x,\"");
	for (int i = 0; i < CELL; i++)
		buf_add_str(&blk.buf, "\"\"");
	buf_add_str(&blk.buf, "\"\n");
	for (int i = 0; i < CELLS; i++)
		buf_addf(&blk.buf, i % 2 ? "%d," : "\"%d\",", i);
	buf_add_str(&blk.buf, "\n");

	ok(csv_next(r, &blk, &pos, &line, &row, &err) == CSV_ROW && row.n == 2, "a long cell");
	ok(row.cells[0].len == 1 && row.cells[1].len == CELL && row.cells[1].ptr[CELL - 1] == '"',
	   "is whole");
	ok(csv_next(r, &blk, &pos, &line, &row, &err) == CSV_ROW && row.n == CELLS + 1,
	   "many cells");
	for (size_t i = 0; i < CELLS && i < row.n; i++) {
		char want[16];

		snprintf(want, sizeof want, "%d", (int)i);
		same = same && slice_is(row.cells[i], want);
	}
	ok(same, "each its own");
	ok(row.line == 1 && row.text.len == blk.buf.len - 1 - (2 * CELL + 5), "line and text");
	ok(csv_next(r, &blk, &pos, &line, &row, &err) == CSV_END && line == 2, "the end");
	csv_reader_free(r);
	buf_free(&blk.buf);
	buf_free(&err);
}

/* --- A plain model: a record at a time, a byte at a time --- */

struct model {
	struct csv_dialect d;
	bool one_column;
	const char *p, *end;
	uint64_t line;
	struct buf text;  /* of the cells */
	size_t ends[512]; /* in text, of each cell */
	size_t n;
};

static const char *line_end(const char *p, const char *end)
{
	while (p < end && *p != '\n')
		p++;
	return p;
}

/* At a record's end (newline, or CR and newline)? */
static bool at_end(const char *p, const char *end)
{
	return *p == '\n' || (*p == '\r' && p + 1 < end && p[1] == '\n');
}

/* One cell from m->p on; NULL, or what is wrong. */
static const char *model_cell(struct model *m)
{
	if (*m->p != m->d.quote) {
		for (; *m->p != m->d.delim && !at_end(m->p, m->end); m->p++) {
			if (*m->p == m->d.quote)
				return "quote inside an unquoted cell";
			buf_add_char(&m->text, *m->p);
		}
		return NULL;
	}
	for (m->p++; m->p < m->end; m->p++) {
		if (*m->p == m->d.quote && m->p[1] == m->d.quote)
			m->p++;
		else if (*m->p == m->d.quote)
			break;
		buf_add_char(&m->text, *m->p);
	}
	if (m->p == m->end)
		return "unterminated quote";
	m->p++;
	return *m->p == m->d.delim || at_end(m->p, m->end) ? NULL : "text after a closing quote";
}

static const char *model_record(struct model *m)
{
	const char *why;

	m->n = 0;
	buf_clear(&m->text);
	for (;;) {
		why = model_cell(m);
		if (why)
			return why;
		m->ends[m->n++] = m->text.len;
		if (*m->p != m->d.delim)
			return NULL;
		m->p++;
	}
}

/* `text` ends in a newline, and holds only ASCII. */
static void model_show(struct buf *out, struct csv_dialect d, bool one_column, struct slice text)
{
	struct model m = {.d = d, .p = text.ptr, .end = text.ptr + text.len};

	while (m.p < m.end) {
		const char *start = m.p, *why = NULL, *stop;
		bool blank = at_end(m.p, m.end);

		if (!blank || one_column)
			why = model_record(&m);
		stop = line_end(why && strcmp(why, "unterminated quote") == 0 ? start : m.p, m.end);
		m.p = stop < m.end ? stop + 1 : m.end;
		if (stop > start && stop[-1] == '\r')
			stop--;
		if (why) {
			show_bad(out, m.line, why, slice_of(start, (size_t)(stop - start)));
		} else if (!blank || one_column) {
			struct slice cells[512];
			size_t at = 0;

			for (size_t i = 0; i < m.n; at = m.ends[i++])
				cells[i] = slice_of(buf_slice(&m.text).ptr + at, m.ends[i] - at);
			show_row(out, m.line, cells, m.n);
		}
		for (const char *p = start; p < m.p; p++)
			m.line += *p == '\n';
	}
	buf_free(&m.text);
}

static void random_text(struct buf *text, struct csv_dialect d)
{
	const char letters[] = {'a',  'b',     ' ',     '\0',    '\r',    '\n',
				'\n', d.delim, d.delim, d.quote, d.quote, d.quote};
	int len = rand() % (rand() % 2 ? 48 : 300);
	bool sparse = rand() % 2;

	buf_clear(text);
	for (int i = 0; i < len; i++)
		buf_add_char(text,
			     sparse && rand() % 8 ? 'a' : letters[(size_t)rand() % sizeof letters]);
}

static void test_random(void)
{
	static const struct csv_dialect dialects[] = {{',', '"'}, {'\t', '\''}, {' ', '"'}};
	int differ = 0, framed_differ = 0, late = 0;
	struct buf text = BUF_INIT, raw = BUF_INIT, want = BUF_INIT, got = BUF_INIT;

	srand(1);
	for (int i = 0; i < tap_rounds(2000) && !differ && !framed_differ && !late; i++) {
		struct csv_dialect d = dialects[i % 3];
		bool one_column = i % 2;
		struct csv_framer f;
		int most;

		random_text(&raw, d);
		buf_clear(&text);
		buf_add(&text, raw.data, raw.len);
		complete(&text);
		buf_clear(&want);
		buf_clear(&got);
		model_show(&want, d, one_column, buf_slice(&text));
		show(&got, d, one_column, buf_slice(&text));
		differ += strcmp(buf_str(&got), buf_str(&want)) != 0;

		csv_framer_init(&f, d);
		f.head = i % 5 == 0;
		buf_clear(&got);
		show_framed(&got, &f, one_column, buf_slice(&raw), (size_t)(i % 4), &most);
		framed_differ += strcmp(buf_str(&got), buf_str(&want)) != 0;
		late += i % 4 == 1 && !f.head && most > 1;
	}
	ok(!differ, "random texts give the model's rows");
	ok(!framed_differ, "so they do in pieces of any size");
	ok(!late, "fed byte by byte, each record is given as soon as it is whole");
	if (differ || framed_differ || late) {
		buf_clear(&raw);
		put_shown(&raw, buf_slice(&text));
		printf("# text: %s\n# got:  %s\n# want: %s\n", raw.data, buf_str(&got),
		       buf_str(&want));
	}
	buf_free(&text);
	buf_free(&raw);
	buf_free(&want);
	buf_free(&got);
}

/* --- Where steps of 64 bytes meet --- */

/* What stands before a text, so that this begins at byte `at` of a record of its own, or within one. */
static void put_before(struct buf *text, int kind, size_t at)
{
	const char *fill[] = {"a", "a", ",\n", "\"\""}, *begin[] = {"", "\"", "\"", "\""},
		   *end[] = {"\n", "\",", "\"\n", "\","};
	size_t ends = strlen(begin[kind]) + strlen(end[kind]);

	buf_add_str(text, begin[kind]);
	for (size_t i = ends; i < at; i += strlen(fill[kind]))
		buf_add_str(text, fill[kind]);
	buf_add_str(text, end[kind]);
}

/* Each known text, at each place: as libcsv has it, also cut in two anywhere. */
static void test_steps(void)
{
	struct buf text = BUF_INIT, got = BUF_INIT, want = BUF_INIT;
	enum csv_engine tested = engine;
	struct csv_framer f;
	int differ = 0, framed_differ = 0, most;

	csv_framer_init(&f, comma);
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		for (size_t at = 0; at < 4 * 132; at++) {
			buf_clear(&text);
			put_before(&text, (int)(at % 4), at / 4);
			buf_add_str(&text, known[i].text);
			complete(&text);
			buf_clear(&want);
			buf_clear(&got);
			engine = CSV_LIBCSV;
			show(&want, comma, i % 2, buf_slice(&text));
			engine = tested;
			show(&got, comma, i % 2, buf_slice(&text));
			differ += strcmp(buf_str(&want), buf_str(&got)) != 0;
			buf_clear(&got);
			show_framed(&got, &f, i % 2, buf_slice(&text), 1 + at % (text.len + 1),
				    &most);
			framed_differ += strcmp(buf_str(&want), buf_str(&got)) != 0;
		}
	}
	ok(!differ, "the same at any place: %d differ", differ);
	ok(!framed_differ, "and cut anywhere: %d differ", framed_differ);
	buf_free(&text);
	buf_free(&got);
	buf_free(&want);
}

/* More records than a window holds, good and bad. */
static void test_windows(void)
{
	struct buf text = BUF_INIT, more = BUF_INIT, got = BUF_INIT, want = BUF_INIT;
	enum csv_engine tested = engine;
	int differ = 0;

	srand(4);
	for (int i = 0; i < 8; i++) {
		buf_clear(&text);
		for (int k = 0; k < tap_rounds(4000); k++) {
			if (k % (1 << i) == 0)
				random_text(&more, comma);
			buf_add(&text, more.data, k % (1 << i) ? 0 : more.len);
			buf_addf(&text, "%d,,%d\n", k, i);
		}
		buf_clear(&want);
		buf_clear(&got);
		engine = CSV_LIBCSV;
		show(&want, comma, false, buf_slice(&text));
		engine = tested;
		show(&got, comma, false, buf_slice(&text));
		differ += strcmp(want.data, got.data) != 0;
	}
	ok(!differ, "many records: %d differ", differ);
	buf_free(&text);
	buf_free(&more);
	buf_free(&got);
	buf_free(&want);
}

/* --- Some of the cells --- */

static void test_picks(void)
{
	struct csv_pick v[] = {{2, 0}, {0, 3}};
	struct csv_picks picks = {v, 2, 3, 4};
	struct csv_reader *r = new_reader(comma, false);
	struct block blk = {0};
	struct buf err = BUF_INIT;
	struct csv_row row;
	size_t pos = 0;
	uint64_t line = 0;

	buf_add_str(&blk.buf, "a,b,c\n\"d,\",e,\"\"\"f\"\r\ng,h\ni,j,\r\n");
	csv_reader_pick(r, &picks);
	ok(csv_next(r, &blk, &pos, &line, &row, &err) == CSV_ROW && row.n == 3, "a row");
	ok(slice_is(row.cells[0], "c") && slice_is(row.cells[3], "a"), "cells where they are due");
	ok(!row.cells[1].len && !row.cells[2].len, "the others are empty");
	ok(csv_next(r, &blk, &pos, &line, &row, &err) == CSV_ROW && row.n == 3, "one in quotes");
	ok(slice_is(row.cells[0], "\"f") && slice_is(row.cells[3], "d,"), "unquoted");
	ok(csv_next(r, &blk, &pos, &line, &row, &err) == CSV_ROW && row.n == 2, "a ragged one");
	ok(csv_next(r, &blk, &pos, &line, &row, &err) == CSV_ROW && row.n == 3, "one more");
	ok(row.cells[0].len == 0 && slice_is(row.cells[3], "i"), "CR LF is no part of it");
	csv_reader_free(r);
	buf_free(&blk.buf);
	buf_free(&err);
}

static size_t feed(struct csv_framer *f, const char *text)
{
	return f->framer.feed(f->framer.state, text, strlen(text));
}

static void test_head(void)
{
	struct csv_framer f;

	csv_framer_init(&f, comma);
	ok(f.framer.end == '\n', "a last record is ended by a newline");
	ok(feed(&f, "\n\r\n") == 3, "blank lines are records");
	f.head = true;
	f.framer.reset(f.framer.state);
	ok(feed(&f, "\n\r\n") == 0, "at the head, they wait");
	ok(feed(&f, "\r") == 0 && feed(&f, "\n\"a") == 0, "for the first record");
	ok(feed(&f, "\n\",b\nc") == 5, "which takes them along");
	ok(feed(&f, "\n\n") == 2, "later ones do not wait");
	f.framer.reset(f.framer.state);
	ok(feed(&f, "\r\"\nx,\"\n") == 3, "a cell that begins with CR is unquoted");
}

/* --- Cells out --- */

static const char *put(struct csv_dialect d, const char *text, bool force)
{
	static struct buf out;

	if (!text) {
		buf_free(&out);
		return NULL;
	}
	buf_clear(&out);
	csv_put_cell(&out, d, slice_str(text), force);
	return buf_str(&out);
}

static void test_put(void)
{
	struct csv_dialect other = {';', '\''};
	struct buf out = BUF_INIT;

	is_str(put(comma, "a b", false), "a b", "plain");
	is_str(put(comma, "", false), "", "empty");
	is_str(put(comma, "", true), "\"\"", "empty, forced");
	is_str(put(comma, "a", true), "\"a\"", "forced");
	is_str(put(comma, "a,b", false), "\"a,b\"", "delimiter");
	is_str(put(comma, "a\"b\"", false), "\"a\"\"b\"\"\"", "quotes");
	is_str(put(comma, "a\nb", false), "\"a\nb\"", "newline");
	is_str(put(comma, "a\r", false), "\"a\r\"", "CR");
	is_str(put(comma, " a;'\t", false), " a;'\t", "what needs no quotes");
	is_str(put(other, "a,\"b", false), "a,\"b", "another dialect");
	is_str(put(other, "a;'b", false), "'a;''b'", "another dialect's quotes");
	put(comma, NULL, false);

	csv_put_cell(&out, comma, (struct slice){NULL, 0}, false);
	ok(out.len == 0, "no bytes at all");
	csv_put_cell(&out, comma, (struct slice){NULL, 0}, true);
	is_str(buf_str(&out), "\"\"", "no bytes at all, forced");
	buf_free(&out);
}

static void test_round_trip(void)
{
	static const struct csv_dialect dialects[] = {{',', '"'}, {'\t', '\''}, {' ', '"'}};
	struct buf csv = BUF_INIT, want = BUF_INIT, got = BUF_INIT, cells[4] = {{0}};
	int differ = 0;

	srand(3);
	for (int i = 0; i < tap_rounds(1500); i++) {
		struct csv_dialect d = dialects[i % 3];
		size_t n = 1 + (size_t)(rand() % 4);
		struct slice slices[4];

		buf_clear(&csv);
		buf_clear(&want);
		buf_clear(&got);
		for (size_t k = 0; k < n; k++) {
			random_text(&cells[k], d);
			slices[k] = buf_slice(&cells[k]);
			if (k)
				buf_add_char(&csv, d.delim);
			csv_put_cell(&csv, d, slices[k], n == 1 && !slices[k].len);
		}
		buf_add_char(&csv, '\n');
		show_row(&want, 0, slices, n);
		show(&got, d, false, buf_slice(&csv));
		differ += strcmp(buf_str(&got), want.data) != 0;
	}
	ok(!differ, "cells read back as they were");
	for (int k = 0; k < 4; k++)
		buf_free(&cells[k]);
	buf_free(&csv);
	buf_free(&want);
	buf_free(&got);
}

/* --- Options --- */

static void test_dialect_parse(void)
{
	static const struct {
		const char *delim, *quote;
		bool tsv;
		const char *want; /* delimiter and quote, or NULL */
	} cases[] = {
		{NULL, NULL, false, ",\""},      {NULL, NULL, true, "\t\""},
		{";", NULL, false, ";\""},       {"\t", NULL, false, "\t\""},
		{"\\t", "'", false, "\t'"},      {NULL, "'", true, "\t'"},
		{" ", NULL, false, " \""},       {",", NULL, true, NULL},
		{"", NULL, false, NULL},         {"ab", NULL, false, NULL},
		{"\n", NULL, false, NULL},       {"\r", NULL, false, NULL},
		{"\xc2\xa7", NULL, false, NULL}, {"\xa7", NULL, false, NULL},
		{NULL, "", false, NULL},         {NULL, "''", false, NULL},
		{"\"", NULL, false, NULL},       {";", ";", false, NULL},
		{NULL, "\t", true, NULL},
	};
	struct buf err = BUF_INIT;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct csv_dialect d = {'?', '?'};
		bool got =
			csv_dialect_parse(&d, cases[i].delim, cases[i].quote, cases[i].tsv, &err);
		const char *want = cases[i].want ? cases[i].want : "??";

		ok(got == !!cases[i].want && d.delim == want[0] && d.quote == want[1], "dialect %d",
		   (int)i);
	}
	buf_free(&err);
}

static void test_names(void)
{
	struct csv_names names = {0};
	struct buf err = BUF_INIT;

	ok(csv_names_parse(&names, "a,\"b,\"\"c\", d", &err) && names.n == 3, "three names");
	ok(names.n == 3 && slice_is(names.v[0], "a") && slice_is(names.v[1], "b,\"c") &&
		   slice_is(names.v[2], " d"),
	   "as they were written");
	ok(csv_names_find(&names, slice_str("b,\"c")) == 1, "found");
	ok(csv_names_find(&names, slice_str("b")) == 3, "not found");
	ok(csv_names_repeated(&names) == 3, "none repeated");
	csv_names_free(&names);
	ok(names.n == 0 && csv_names_find(&names, slice_str("a")) == 0, "freed");

	ok(csv_names_parse(&names, "a,b,,b,", &err) && csv_names_repeated(&names) == 3,
	   "the first repeated");
	csv_names_free(&names);
	ok(csv_names_parse(&names, "", &err) && names.n == 1 && names.v[0].len == 0,
	   "one empty name");
	csv_names_free(&names);
	ok(!csv_names_parse(&names, "a\nb", &err) && err.len, "a newline outside quotes");
	ok(!csv_names_parse(&names, "a,\"b", &err) &&
		   strcmp(buf_str(&err), "unterminated quote") == 0,
	   "a bad quote");
	buf_free(&err);
}

static void test_reading(void)
{
	test_known();
	test_nul();
	test_dialects();
	test_large();
	test_random();
	test_steps();
	test_windows();
	test_picks();
	test_head();
}

int main(void)
{
	static const enum csv_engine engines[] = {CSV_AUTO, CSV_SCAN, CSV_LIBCSV};

	for (int simd = 0; simd < 2; simd++) {
		use_simd(simd);
		for (size_t i = 0; i < sizeof engines / sizeof *engines; i++) {
			engine = engines[i];
			printf("# engine %d, %s\n", (int)engine, simd ? "vectors" : "plain C");
			test_reading();
		}
	}
	engine = CSV_AUTO;
	test_put();
	test_round_trip();
	test_dialect_parse();
	test_names();
	return done_testing();
}
