/*
 * differ: the native engine against libjq, on random programs over random records.
 *
 * A case is a seed: the program, and the records that it runs over, come from it alone.
 */
#ifndef KPIPE_DIFFER_H
#define KPIPE_DIFFER_H

#include <stdint.h>

#include "expr.h"

/* --- Chance --- */

struct rng {
	uint64_t state;
};

/* Any seeds, also neighbours, give unlike rows of numbers. */
struct rng rng_of(uint64_t seed);
uint32_t below(struct rng *r, uint32_t n); /* 0 .. n-1 */

static inline bool percent(struct rng *r, uint32_t n)
{
	return below(r, 100) < n;
}

#define ANY(r, array) ((array)[below(r, sizeof(array) / sizeof((array)[0]))])

/* --- Programs --- */

/* What programs are made of; construct_names says how a report calls it. */
enum construct {
	USES_DOT,
	USES_PATH,
	USES_INDEX,
	USES_TRY,
	USES_PIPE,
	USES_LITERAL,
	USES_COMPARISON,
	USES_AND_OR,
	USES_NOT,
	USES_SUM,
	USES_PRODUCT,
	USES_MODULO,
	USES_MINUS,
	USES_CONCAT,
	USES_ALTERNATIVE,
	USES_OBJECT,
	USES_ARRAY,
	USES_SELECT,
	USES_TONUMBER,
	USES_TOSTRING,
	USES_LENGTH,
	USES_AFFIX,
	USES_CASE,
	USES_TODATE,
	USES_FROMDATE,
	USES_STRFTIME,
	USES_IF,
	USES_VARIABLE,
	CONSTRUCTS,
};

extern const char *const construct_names[CONSTRUCTS];

/* A part of the text that is an expression; a fixed one is not to be put in another's place. */
struct span {
	size_t start, end;
	bool fixed;
};

struct program {
	struct buf text;
	uint64_t uses;      /* a bit for each construct */
	bool spoiled;       /* changed without regard to the grammar: no spans */
	struct span *spans; /* a part comes before what it is a part of */
	size_t nspans, cap;
};

/* rows: over columns (below) in place of the fields of an object. */
void program_make(struct program *p, struct rng *r, bool rows);
void program_free(struct program *p);

static inline bool program_uses(const struct program *p, enum construct c)
{
	return p->uses >> c & 1;
}

/* What $names are bound to. */
extern const struct jqvar differ_vars[];
extern const size_t differ_nvars;

/* --- Records --- */

/* What a program cannot bear where the grammar has a number. */
struct limits {
	bool numbers; /* a text: times a great number it is a text that does not end */
	bool times;   /* what is no time */
};

void record_make(struct buf *out, struct rng *r, struct limits limits);

enum { COLUMNS = 12 };
extern const struct slice differ_columns[COLUMNS];

/* Cells, each with a NUL behind it. */
void row_make(struct buf *out, struct rng *r, struct limits limits);

/* --- Shrinking --- */

/* Does this pair still differ? */
struct trial {
	bool (*differs)(void *ctx, const char *program, struct slice record);
	void *ctx;
};

void shrink(const struct trial *trial, struct program *program, struct buf *record);

#endif
