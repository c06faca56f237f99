/*
 * Records that end in any bytes. Ends do not overlap, and are found from the left: in "a;;;" the
 * first of ";;" ends a record.
 */
#include "lineio.h"

#include <stdlib.h>

#include "mem.h"

/* How much of the delimiter is there, when `matched` bytes of it were and c follows. */
static size_t step(const struct delim_framer *f, size_t matched, char c)
{
	while (matched && f->text.data[matched] != c)
		matched = f->borders[matched - 1];
	return matched + (f->text.data[matched] == c);
}

static size_t feed(void *state, const char *p, size_t len)
{
	struct delim_framer *f = state;
	size_t whole = 0;

	for (size_t i = 0; i < len; i++) {
		if (!f->matched) {
			const char *first = memchr(p + i, f->text.data[0], len - i);
			if (!first)
				break;
			i = (size_t)(first - p);
		}
		f->matched = step(f, f->matched, p[i]);
		if (f->matched == f->text.len) {
			f->matched = 0;
			whole = i + 1;
		}
	}
	return whole;
}

static void reset(void *state)
{
	((struct delim_framer *)state)->matched = 0;
}

static size_t record(void *state, const char *p, size_t len, size_t *end_len)
{
	const struct delim_framer *f = state;
	const char *at = memmem(p, len, f->text.data, f->text.len);

	*end_len = at ? f->text.len : 1;
	return at ? (size_t)(at - p) : len - 1;
}

void delim_framer_init(struct delim_framer *f, struct slice delim)
{
	size_t border = 0;

	*f = (struct delim_framer){.framer = {.feed = feed,
					      .reset = reset,
					      .record = record,
					      .state = f,
					      .end_is_data = true}};
	buf_add(&f->text, delim.ptr, delim.len);
	/* What is put behind a last record must not complete a delimiter with its bytes. */
	f->framer.end = delim.ptr[delim.len - 1] == '\n' ? '\0' : '\n';
	/* borders[i]: the longest beginning of the delimiter that also ends its first i + 1 bytes */
	f->borders = mem_zalloc(delim.len, sizeof *f->borders);
	for (size_t i = 1; i < delim.len; i++)
		f->borders[i] = border = step(f, border, delim.ptr[i]);
}

void delim_framer_free(struct delim_framer *f)
{
	buf_free(&f->text);
	free(f->borders);
}
