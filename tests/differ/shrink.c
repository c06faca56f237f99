/*
 * A smaller pair that still differs: parts of the program in the place of what they are in, a
 * shorter record.
 */
#include "differ.h"

/* Compiling is slow. */
enum { TRIALS = 150 };

/* The bytes from `start` to `end` become those from `from` to `to`, which lie in them; or `text`. */
struct edit {
	size_t start, end, from, to;
	struct slice text;
};

/* The span after the edit, or false: it is gone. */
static bool survives(struct span *s, const struct edit *e)
{
	size_t less = e->end - e->start - e->text.len;

	if (s->start >= e->from && s->end <= e->to) {
		s->start -= e->from - e->start;
		s->end -= e->from - e->start;
		return true;
	}
	if (s->start == e->start && s->end == e->end)
		return false;
	if (s->start <= e->start && s->end >= e->end) {
		s->end -= less;
		return true;
	}
	if (s->start >= e->end) {
		s->start -= less;
		s->end -= less;
		return true;
	}
	return s->end <= e->start;
}

static void apply(struct program *p, const struct edit *e, struct buf *text)
{
	size_t kept = 0;

	for (size_t i = 0; i < p->nspans; i++)
		if (survives(&p->spans[i], e))
			p->spans[kept++] = p->spans[i];
	p->nspans = kept;
	buf_free(&p->text);
	p->text = *text;
}

static bool try_edit(const struct trial *trial, struct program *p, const struct edit *e,
		     struct slice record)
{
	struct buf text = BUF_INIT;

	buf_add(&text, p->text.data, e->start);
	buf_add(&text, e->text.ptr, e->text.len);
	buf_add_str(&text, p->text.data + e->end);
	if (trial->differs(trial->ctx, text.data, record)) {
		apply(p, e, &text);
		return true;
	}
	buf_free(&text);
	return false;
}

/* In the place of span i: a shorter one that lies in it, or null. */
static bool try_span(const struct trial *trial, struct program *p, size_t i, struct slice record,
		     int *left)
{
	struct span whole = p->spans[i];

	for (size_t k = 0; k<p->nspans && * left> 0; k++) {
		struct span part = p->spans[k];
		struct edit e = {whole.start, whole.end, part.start, part.end,
				 slice_of(p->text.data + part.start, part.end - part.start)};

		if (part.start < whole.start || part.end > whole.end ||
		    part.end - part.start >= whole.end - whole.start)
			continue;
		--*left;
		if (try_edit(trial, p, &e, record))
			return true;
	}
	if (whole.end - whole.start <= strlen("null"))
		return false;
	--*left;
	return try_edit(
		trial, p,
		&(struct edit){whole.start, whole.end, whole.start, whole.start, slice_str("null")},
		record);
}

/* From the whole program down: what holds the others comes last. */
static void shrink_program(const struct trial *trial, struct program *p, struct slice record)
{
	int left = TRIALS;

	for (size_t i = p->nspans; i > 0 && left > 0; i--) {
		if (i > p->nspans)
			i = p->nspans;
		if (!p->spans[i - 1].fixed && try_span(trial, p, i - 1, record, &left))
			i = p->nspans + 1;
	}
}

static void shrink_record(const struct trial *trial, const char *program, struct buf *record)
{
	/* Of short parts any length: a member with its comma is one. */
	for (size_t chunk = record->len / 2; chunk > 0;
	     chunk = chunk > 40 ? chunk / 2 : chunk - 1) {
		for (size_t at = 0; at + chunk <= record->len;) {
			struct buf less = BUF_INIT;

			buf_add(&less, record->data, at);
			buf_add(&less, record->data + at + chunk, record->len - at - chunk);
			if (trial->differs(trial->ctx, program, buf_slice(&less))) {
				buf_free(record);
				*record = less;
			} else {
				buf_free(&less);
				at += chunk;
			}
		}
	}
}

void shrink(const struct trial *trial, struct program *program, struct buf *record)
{
	shrink_record(trial, program->text.data, record);
	shrink_program(trial, program, buf_slice(record));
	shrink_record(trial, program->text.data, record);
}
