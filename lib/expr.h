/*
 * expr: the expressions of a tool over its records, by the native plan where it is sure and by libjq
 * elsewhere.
 *
 * All programs of a tool (-g -T -w -a ...) are compiled together, once, and share one pass over each
 * record. A program that lies wholly in the native subset becomes a plan over field slots; the slots are filled
 * from a JSON line (scan) or from a CSV row. On every record the plan gives what libjq gives or
 * hands the record over. Every other program is compiled by libjq in exprset_new, before any input is read.
 */
#ifndef KPIPE_EXPR_H
#define KPIPE_EXPR_H

#include "jqprog.h"

enum expr_kind {
	EXPR_VALUE, /* exactly one result: none is null, two are an error (-T --key-by) */
	EXPR_KEY, /* as VALUE; the keys of an object are sorted, so that equal ones are equal bytes (-g) */
	EXPR_EXACT, /* as VALUE; + - * are exact decimals, null on one side gives null (arguments of -a) */
	EXPR_TEST, /* true when any result is neither false nor null (-w, where, kfilter) */
	EXPR_MAP,  /* any number of results: for expreval_map only */
};

struct expr_source {
	const char *text;
	enum expr_kind kind;
	bool by_key; /* EXACT: the keys of an object are sorted, as for KEY */
	/* 1 + the number of an earlier program, 0: none. On records for which that one gives false
	 * or null, this one is not run, and is null. */
	size_t guard;
};

enum expr_engine { EXPR_AUTO, EXPR_NATIVE, EXPR_JQ };

struct expr_conf {
	enum expr_engine
		engine; /* NATIVE refuses a program outside the subset; JQ uses libjq alone */
	const struct slice *
		columns; /* CSV header; NULL for JSON. A name in it is a column (DESIGN: a whole program that equals one, or a bare identifier) */
	size_t ncolumns;
	const struct jqvar *vars;
	size_t nvars;
};

struct exprset;  /* compiled programs: shared by threads, read-only once they run */
struct expreval; /* one per thread */

/* NULL with the reason in err: "PROGRAM: why". Everything is copied. */
struct exprset *exprset_new(const struct expr_source *programs, size_t n,
			    const struct expr_conf *conf, struct buf *err);
void exprset_free(struct exprset *set);

/* Does any plan read this column (by its number in the header)? */
bool exprset_uses_column(const struct exprset *set, size_t column);

/* May any program look at it? Cells of other columns need not be given to expreval_row. */
bool exprset_reads_column(const struct exprset *set, size_t column);

/* On the main thread, before any thread runs. The set must outlive it. */
struct expreval *expreval_new(struct exprset *set);
void expreval_free(struct expreval *ev);

/*
 * Evaluates every program on one record: out[i] is the value of program i. 0, or -1 with the reason in err.
 * Values are valid until the next call and while the record's bytes are.
 */
int expreval_json(struct expreval *ev, struct slice line, struct val out[], struct buf *err);
int expreval_text(struct expreval *ev, struct slice line, struct val out[],
		  struct buf *err); /* -R: the line as a string */
int expreval_row(struct expreval *ev, const struct slice cells[], struct val out[],
		 struct buf *err);

/*
 * Appends the record that expreval_json was given last, as a JSON text in UTF-8: its bytes without blanks around them or, where these
 * are no strict text (NaN, bytes that are not UTF-8), what libjq makes of them.
 */
void expreval_put_record(const struct expreval *ev, struct slice line, struct buf *out);

/*
 * A quicker way for rows of plain numbers, many at once. It serves a set whose programs are all EXPR_KEYs that are a
 * column alone, and EXPR_EXACTs of columns, numbers, + - and *.
 */
bool exprset_is_small(const struct exprset *set);
size_t exprset_key_column(const struct exprset *set, size_t i); /* of KEY program i of such a set */

enum { EXPR_ROWS_MAX = 256 };

/*
 * columns[column][row] are the cells of n <= EXPR_ROWS_MAX rows, of each column that is read. out[i][row] is the value of
 * EXACT program i, what expreval_row gives; valid until the next call. odd[row]: some value of the row is no decimal
 * of 64 bits and not null: expreval_row is to be asked for the row. Seven bytes behind each cell that is not empty
 * must be there to be read, as they are in a buf.
 */
void expreval_rows(struct expreval *ev, const struct slice *const columns[], size_t n,
		   const struct small *out[], bool odd[]);

/*
 * Starts the first program (EXPR_MAP) on a record; raw: on the line as a string. 0, or -1 with the
 * reason in err.
 */
int expreval_map(struct expreval *ev, struct slice line, bool raw, struct buf *err);

/* Its next result, appended to out as jqprog_print does. */
enum jq_result expreval_print(struct expreval *ev, bool raw, struct buf *out, struct buf *err);

/* Was the last error the end of the run that the first program asked for (halt)? */
bool expreval_halted(const struct expreval *ev);

/* Did the last record need libjq? */
bool expreval_native(const struct expreval *ev);

/* The name of a result that was not given one: the last name of a path (.a.b is b), a column's name, else "key". Not owned; into text or static. */
struct slice expr_default_name(const char *program);

/* The column that a whole program names, as it stands or without the blanks around it: its number, -1: none. */
int expr_column(const struct slice *columns, size_t ncolumns, const char *program);

#endif
