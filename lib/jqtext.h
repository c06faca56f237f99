/*
 * jqtext: JSON text as libjq prints it with -c, made from JSON text. Pure.
 *
 * Versions of libjq differ in numbers alone: up to 1.6 each is a double, from 1.7 on one that was
 * not computed with keeps what was written (as decNumber's to-scientific-string, IBM's General Decimal
 * Arithmetic). What the linked one does is found out by jqprog_number_rules.
 */
#ifndef KPIPE_JQTEXT_H
#define KPIPE_JQTEXT_H

#include "num.h"

struct jq_number_rules {
	bool keeps;    /* prints a number from a text as that was written */
	bool compares; /* compares two of them by what was written, not as doubles */
	bool negates; /* keeps what was written behind a minus, which binds closer than * (from 1.8 on) */
	/* Not libjq's: what it would round when it prints it keeps its value. For what is only passed on. */
	bool exact;
};

/* What is known of a number's text. */
struct jq_number {
	double dbl; /* correctly rounded; may be infinite */
	int digits; /* from the first to the last that is not 0, or more, but no more than 16 then */
	bool plain; /* every libjq prints it as it stands, and holds it as dbl */
};

/* The text must be a strict JSON number. */
struct jq_number jqtext_number(struct slice text);

/* Prints it, of which *n is known. False, with nothing done, when its exponent is too far out. */
bool jqtext_put_number(struct buf *out, struct slice text, const struct jq_number *n,
		       struct jq_number_rules rules);

/* Prints a computed number, which must be finite. */
void jqtext_put_double(struct buf *out, double d);

/* A strict string token, quotes included, as libjq prints the string: "\/" becomes "/". */
void jqtext_put_string(struct buf *out, struct slice token);

/*
 * A strict text, no deeper than JSON_DEPTH_MAX. Of a repeated key the last value counts, so an object
 * with one is refused: false, and out is as before.
 */
bool jqtext_compact(struct buf *out, struct slice text, struct jq_number_rules rules);

/*
 * jq's order of two numbers that come from texts: <0, 0, >0. False when libjq must say. DIGITS_READ: libjq from
 * 1.7 on takes so many digits of a number into a double.
 */
enum { JQ_DIGITS_READ = 17 };
bool jqtext_order_numbers(struct slice a, const struct jq_number *x, struct slice b,
			  const struct jq_number *y, struct jq_number_rules rules, int *order);

/* jq's order of two strict texts. False when libjq must say, also where an object has a key twice. */
bool jqtext_order(struct slice a, struct slice b, struct jq_number_rules rules, int *order);

/*
 * An array or object for a key: members sorted by name, numbers by value (1.50 as 1.5) with all their digits, so that equal
 * ones are equal bytes and others are not. False also for a number beyond the doubles.
 */
bool jqtext_canonical(struct buf *out, struct slice text);

/* The number of items or members of a strict array or object. False when a key comes twice. */
bool jqtext_length(struct slice text, size_t *n);

#endif
