/*
 * groupby: -g, -a and -w, from the command line to rows. Shared by kcount, kwindow and csvagg.
 *
 * All programs (with the extra ones of a tool, like -T) make one exprset. A record is evaluated
 * and checked whole (groupby_eval) before anything is added, so that a bad one leaves no trace.
 */
#ifndef KPIPE_GROUPBY_H
#define KPIPE_GROUPBY_H

#include "expr.h"
#include "group.h"
#include "opt.h"

struct groupby_conf {
	struct strlist groups, aggs;
	const char *where;
};

extern const struct opt groupby_opts[]; /* base: struct groupby_conf */
void groupby_conf_free(struct groupby_conf *conf);

/* Are the -a well formed? For who learns the columns, which groupby_new needs, only later. 0, or -1 with the reason in err. */
int groupby_check(const struct groupby_conf *conf, struct buf *err);

/* -g, -a and -w as text: what the state of groups depends on. */
void groupby_put_options(const struct groupby_conf *conf, struct buf *out);

struct groupby;

enum { GROUPBY_EXTRA_MAX = 4 };

/*
 * columns: the CSV header, NULL for JSON. extra: programs of the tool's own, NULL-terminated. No -a is `count`.
 * NULL with the reason in err.
 */
struct groupby *groupby_new(const struct groupby_conf *conf, const char *const extra[],
			    const struct slice *columns, size_t ncolumns, struct buf *err);
void groupby_free(struct groupby *gb);

const struct agglist *groupby_aggs(const struct groupby *gb);
struct exprset *groupby_exprs(struct groupby *gb);
size_t groupby_keys(const struct groupby *gb);
struct slice groupby_key_name(const struct groupby *gb, size_t i);
bool groupby_cells(const struct groupby *gb); /* are keys the texts of CSV cells? */

/* For --help: the aggregate functions, a line each. Static. */
const char *groupby_help(void);

/* --- Records; one evaluator per thread --- */

struct groupby_eval;

struct groupby_eval *groupby_eval_new(struct groupby *gb);
void groupby_eval_free(struct groupby_eval *ge);

enum groupby_source { GROUPBY_JSON, GROUPBY_TEXT };

/* 0, or -1 with the reason in err. What was found is valid until the next record. */
int groupby_eval_line(struct groupby_eval *ge, enum groupby_source source, struct slice line,
		      struct buf *err);
int groupby_eval_row(struct groupby_eval *ge, const struct slice cells[], struct buf *err);

bool groupby_passes(const struct groupby_eval *ge);                       /* -w */
const struct val *groupby_extra(const struct groupby_eval *ge, size_t i); /* value of extra[i] */
struct slice groupby_key(const struct groupby_eval *ge);                  /* for groups_put */
bool groupby_native(const struct groupby_eval *ge);

/* Adds the record to the states of a group. seq: its place in the input, rising. */
void groupby_add(const struct groupby_eval *ge, void *states, uint64_t seq);

/*
 * Records that may be taken back. What was added of one, as bytes (appended to out, to be kept); and back from
 * the states. The first -a that cannot take anything back: its name; NULL: all can.
 */
void groupby_put_entry(const struct groupby_eval *ge, struct buf *out);
void groupby_take(const struct groupby *gb, struct slice entry, void *states);
const char *groupby_untakeable(const struct groupby *gb);

/* Of a CSV header's programs: may rows of plain numbers be added many at once, by what follows? */
bool groupby_has_rows(const struct groupby *gb);

/*
 * n rows by columns, as in expreval_rows, evaluated and added to their groups, with seq + i, up to the first from `i` on
 * that is not of that kind; its number, or n. That one is groupby_eval_row's to take. `i` is 0 for new rows, and
 * the number behind the one returned for more of the same.
 */
size_t groupby_add_rows(struct groupby_eval *ge, const struct slice *const columns[], size_t n,
			size_t i, struct groups *gs, uint64_t seq);

/* --- Rows --- */

/* A group's key and its states. */

/* Append members ("name":value,...) without braces: the key's, and the results of -a, which are one or more. */
void groupby_put_key(const struct groupby *gb, struct slice key, struct buf *out);
void groupby_put_results(const struct groupby *gb, const void *states, struct buf *out);

/* Result i of -a; valid until the states change or *scratch does (which is emptied first). */
struct val groupby_result(const struct groupby *gb, const void *states, size_t i,
			  struct buf *scratch);

#endif
