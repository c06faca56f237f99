/*
 * jqprog: jq programs, run by libjq. The only user of jq.h.
 *
 * A document is parsed once and may be fed to several programs. A program and a document belong to one
 * thread; nothing is shared between threads. libjq's traps that are dealt with here: $HOME/.jq is
 * not loaded, TZ is UTC, a program that halted is torn down and compiled anew, `input` is refused with a
 * reason, compile errors come back as text instead of going to standard error, and where libjq crashes
 * the program has failed on the record, and the process lives.
 */
#ifndef KPIPE_JQPROG_H
#define KPIPE_JQPROG_H

#include "jqtext.h"
#include "val.h"

struct jqprog;
struct jqdoc;

enum jqvar_kind {
	JQVAR_STRING,  /* --arg */
	JQVAR_JSON,    /* --argjson: one JSON text */
	JQVAR_TEXTS,   /* --slurpfile: any number of JSON texts, which make an array */
	JQVAR_LIBRARY, /* no variable: a directory of modules (-L); without any, ~/.jq */
	JQVAR_ORIGIN,  /* no variable: the directory that the program's file is in, else . */
};

/* What programs are given: mostly variables, $name; of two with one name the first. All are in $ARGS.named. */
struct jqvar {
	const char *name; /* "" when it is no variable */
	const char *text;
	enum jqvar_kind kind;
};

/* Is the text what its kind asks for? Else the reason is in err. */
bool jqvar_check(const struct jqvar *var, struct buf *err);

/*
 * NULL with libjq's own words in err, or with the reason why what the program uses is not available.
 * The variables are copied.
 */
struct jqprog *jqprog_new(const char *src, const struct jqvar *vars, size_t nvars, struct buf *err);
void jqprog_free(struct jqprog *p);

/* How the linked libjq prints and compares numbers that come from a text. */
struct jq_number_rules jqprog_number_rules(void);

struct jqdoc *jqdoc_new(void);
void jqdoc_free(struct jqdoc *doc);

/* Exactly one JSON text; blanks around it are fine. 0, or -1 with the reason in err. */
int jqdoc_parse(struct jqdoc *doc, struct slice text, struct buf *err);

/* A string of these bytes (-R); bytes that are not UTF-8 become U+FFFD, as in jq. */
void jqdoc_string(struct jqdoc *doc, struct slice bytes);

/*
 * The document as strict compact JSON text. NaN and the infinities, which libjq prints as null and as
 * numbers, become 1e999 and -1e999, which no number is.
 */
void jqdoc_put(const struct jqdoc *doc, struct buf *out);
void jqdoc_print(const struct jqdoc *doc, struct buf *out); /* as jq -c . does */

/* Starts p on the document; results still due from before are dropped. */
void jqprog_start(struct jqprog *p, const struct jqdoc *doc);

enum jq_result { JQ_RESULT, JQ_END, JQ_ERROR };

/*
 * The next result as a value, or the error's words in err. Bytes that the value points to are put in *scratch, which is
 * emptied first. An array or object comes as jq -c prints it, its keys sorted when `sorted`.
 */
enum jq_result jqprog_next(struct jqprog *p, bool sorted, struct val *out, struct buf *scratch,
			   struct buf *err);

/* Did the last error come from `halt`, with which a program asks to end the run? */
bool jqprog_halted(const struct jqprog *p);

/* The next result, appended to out as jq -c prints it (a string's bare bytes when raw), without a newline. */
enum jq_result jqprog_print(struct jqprog *p, bool raw, struct buf *out, struct buf *err);

#endif
