#include "csvio_priv.h"

/* --- A record, byte by byte --- */

static enum csv_state fail(struct csv_walk *w, const char *why)
{
	w->error = why;
	return CSV_IN_ERROR;
}

static enum csv_state behind_quote(struct csv_walk *w, char c)
{
	if (c == w->dialect.quote && w->state == CSV_QUOTE_IN_QUOTES)
		return CSV_IN_QUOTES;
	if (c == w->dialect.delim && w->state == CSV_QUOTE_IN_QUOTES)
		return CSV_CELL_START;
	if (c == '\r' && w->state == CSV_QUOTE_IN_QUOTES)
		return CSV_CLOSED_CR;
	return c == '\n' ? CSV_CELL_START : fail(w, "text after a closing quote");
}

/*
 * From a state of CSV_IN_QUOTES or later to behind the end of that cell or record, where the state is
 * CSV_CELL_START; or to `end`, in any state.
 */
static const char *skip_quoted(struct csv_walk *w, const char *p, const char *end)
{
	while (p < end && w->state >= CSV_IN_QUOTES) {
		bool quoted = w->state == CSV_IN_QUOTES;

		if (!quoted && w->state != CSV_IN_ERROR) {
			w->state = behind_quote(w, *p++);
			continue;
		}
		p = csv_find(p, end, quoted ? w->dialect.quote : '\n');
		if (!p)
			return end;
		p++;
		w->state = quoted ? CSV_QUOTE_IN_QUOTES : CSV_CELL_START;
	}
	return p;
}

/* The state behind p[0..len), a run without quotes. */
static enum csv_state plain_state(const struct csv_walk *w, const char *p, size_t len)
{
	if (len == 0)
		return w->state;
	return p[len - 1] == w->dialect.delim || p[len - 1] == '\n' ? CSV_CELL_START : CSV_UNQUOTED;
}

/*
 * From p, in a record, to behind the record's end. NULL when the bytes run out before it; the walk
 * can then go on with those that follow.
 */
const char *csv_record_end(struct csv_walk *w, const char *p, const char *end)
{
	/* The next one, or `end`: sought once for all cells before it, or long lines would cost
	 * their square. */
	const char *newline = NULL;

	for (;;) {
		const char *quote, *stop;

		if (w->state >= CSV_IN_QUOTES) {
			p = skip_quoted(w, p, end);
			if (w->state >= CSV_IN_QUOTES)
				return NULL;
			if (p[-1] == '\n')
				return p;
		}
		if (!newline || newline < p) {
			newline = csv_find(p, end, '\n');
			if (!newline)
				newline = end;
		}
		quote = csv_find(p, newline, w->dialect.quote);
		stop = quote ? quote : newline < end ? newline + 1 : end;
		w->state = plain_state(w, p, (size_t)(stop - p));
		if (!quote)
			return newline < end ? stop : NULL;
		w->quoted = true;
		if (w->state == CSV_CELL_START)
			w->state = CSV_IN_QUOTES;
		else
			w->state = fail(w, "quote inside an unquoted cell");
		p = quote + 1;
	}
}

/* --- Framer --- */

/* Past blank lines. What is left begins with a record, or is empty. */
static const char *skip_leading(struct csv_walk *w, const char *p, const char *end)
{
	for (; p < end && (*p == '\n' || *p == '\r'); p++)
		w->state = *p == '\r' ? CSV_LEADING_CR : CSV_LEADING;
	if (p < end)
		w->state = w->state == CSV_LEADING ? CSV_CELL_START : CSV_UNQUOTED;
	return p;
}

/* Behind the last record of a run without quotes, or NULL. */
static const char *plain_end(const char *p, const char *end)
{
	while (end > p && end[-1] != '\n')
		end--;
	return end > p ? end : NULL;
}

/* How the next byte lies to quotes, in a state before CLOSED_CR; and back. */
static struct csv_quotes quotes_of(enum csv_state state)
{
	return (struct csv_quotes){
		.inside = state == CSV_IN_QUOTES ? ~UINT64_C(0) : 0,
		.start = state == CSV_CELL_START,
		.closed = state == CSV_QUOTE_IN_QUOTES,
	};
}

static enum csv_state state_of(const struct csv_quotes *q)
{
	return q->inside   ? CSV_IN_QUOTES
	       : q->closed ? CSV_QUOTE_IN_QUOTES
	       : q->start  ? CSV_CELL_START
			   : CSV_UNQUOTED;
}

/*
 * Behind the last record that ends in [p, end), or NULL. The scan goes as far as quotes are where they may be; what
 * is wrong, and how its record ends, is found byte by byte.
 */
static const char *last_end(struct csv_framer *f, struct csv_walk *w, const char *p,
			    const char *end)
{
	const char *last = NULL;

	while (p < end) {
		struct csv_search s = {.quotes = quotes_of(w->state)};

		if (w->state < CSV_CLOSED_CR) {
			f->kernel->search(&s, f->dialect, p, (size_t)(end - p));
			if (s.last)
				last = p + s.last;
			if (!s.wrong) {
				w->state = state_of(&s.quotes);
				return last;
			}
			if (s.last) {
				p = last;
				w->state = CSV_CELL_START;
			}
		}
		p = csv_record_end(w, p, end);
		if (!p)
			return last;
		last = p;
	}
	return last;
}

static size_t feed(void *state, const char *start, size_t len)
{
	struct csv_framer *f = state;
	struct csv_walk w = {.dialect = f->dialect, .state = (enum csv_state)f->state};
	const char *p = start, *end = start + len, *last;

	if (w.state <= CSV_LEADING_CR)
		p = skip_leading(&w, p, end);
	if (w.state < CSV_IN_QUOTES && !csv_find(p, end, f->dialect.quote)) {
		/* Most input has no quotes: then no record needs a look. */
		last = plain_end(p, end);
		w.state = plain_state(&w, p, (size_t)(end - p));
	} else {
		last = last_end(f, &w, p, end);
	}
	f->state = (int)w.state;
	return last ? (size_t)(last - start) : 0;
}

static void reset(void *state)
{
	struct csv_framer *f = state;

	f->state = f->head ? CSV_LEADING : CSV_CELL_START;
}

static bool open_quote(void *state)
{
	const struct csv_framer *f = state;

	return f->state == CSV_IN_QUOTES;
}

void csv_framer_init(struct csv_framer *f, struct csv_dialect dialect)
{
	*f = (struct csv_framer){
		.framer = {.feed = feed, .reset = reset, .open = open_quote, .state = f, .end = '\n'},
		.dialect = dialect,
		.kernel = csv_kernel(),
	};
	reset(f);
}
