/* csvio_priv: what the parts of csvio (the scan, where records end, rows) share. */
#ifndef KPIPE_CSVIO_PRIV_H
#define KPIPE_CSVIO_PRIV_H

#include "csvio.h"

/* --- scan: 64 bytes a step --- */

/* A record that the scan understood. */
struct csv_line {
	uint32_t last; /* the index in csv_window.at of its end */
	uint32_t traits;
};

enum {
	CSV_QUOTED = 1,  /* has quotes: each opens a cell at its start, and ends at its end */
	CSV_DOUBLED = 2, /* one of them stands for itself in a quoted cell */
	CSV_LINES = 4,   /* has newlines in quotes */
	CSV_HIGH = 8,    /* has bytes above 0x7f */
};

enum { CSV_WINDOW = 4096 };

/*
 * A run of whole records: lines[0 .. n). at[0] is where the first begins, counted in bytes from base; each further
 * one is where a cell begins, which is one byte behind the end of the cell before.
 */
struct csv_window {
	const char *base;
	uint32_t *at;
	size_t nat, at_cap;
	struct csv_line *lines;
	size_t n, lines_cap;
	uint64_t high; /* bytes above 0x7f were seen, in the records or behind them */
	bool stuck; /* what follows is a record that the scan does not understand, or no whole one */
};

/* How a place lies to quotes. All zeroes, but for `start`, is where a record begins. */
struct csv_quotes {
	uint64_t inside;        /* all ones or none */
	uint64_t start, closed; /* 1 or 0: of the byte before, did it end a cell, close a quote? */
};

/* A search for record ends, from a place that lies to quotes as `quotes` says. */
struct csv_search {
	struct csv_quotes quotes; /* at the end, when nothing is wrong */
	size_t last;              /* behind the last record's end, 0: there is none */
	bool wrong; /* at a quote where none may be, or text behind a closing one; nothing behind it was looked at */
};

/* One way to do it, of those that this machine knows. */
struct csv_kernel {
	/* Fills the window with records from p on, where one begins. At least one, or it is stuck. */
	void (*fill)(struct csv_window *w, struct csv_dialect dialect, const char *p,
		     const char *end);
	void (*search)(struct csv_search *s, struct csv_dialect dialect, const char *p, size_t len);
};

const struct csv_kernel *csv_kernel(void); /* the fastest; KPIPE_SIMD=none: the one in plain C */

/* --- frame: a byte at a time, with what is wrong --- */

/* What the bytes so far have led to. */
enum csv_state {
	CSV_LEADING,    /* no record has begun; blank lines may have been seen */
	CSV_LEADING_CR, /* the same, behind a CR */
	CSV_CELL_START,
	CSV_UNQUOTED,
	/* From here on the next newline need not be the record's end. */
	CSV_IN_QUOTES,
	CSV_QUOTE_IN_QUOTES, /* the closing quote, or the first of two */
	CSV_CLOSED_CR,       /* a CR behind a closing quote */
	CSV_IN_ERROR,        /* goes on to the next newline */
};

struct csv_walk {
	struct csv_dialect dialect;
	enum csv_state state;
	bool quoted;       /* a quote was met */
	const char *error; /* what is wrong with the quotes, NULL: nothing yet */
};

/*
 * From p, in a record, to behind the record's end. NULL when the bytes run out before it; the walk
 * can then go on with those that follow.
 */
const char *csv_record_end(struct csv_walk *w, const char *p, const char *end);

static inline const char *csv_find(const char *p, const char *end, char c)
{
	return p < end ? memchr(p, c, (size_t)(end - p)) : NULL;
}

#endif
