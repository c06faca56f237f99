/*
 * val: one value that an expression gave, without a tree. Pure.
 *
 * Slices in a val belong to whoever made it; see there how long they last.
 */
#ifndef KPIPE_VAL_H
#define KPIPE_VAL_H

#include "num.h"

enum val_type {
	VAL_NULL,
	VAL_FALSE,
	VAL_TRUE,
	VAL_DEC,  /* a number known exactly */
	VAL_DBL,  /* a number that only a double holds */
	VAL_STR,  /* str: the string's bytes, unescaped UTF-8 */
	VAL_JSON, /* str: an array or object, as compact JSON text with sorted keys */
};

struct val {
	enum val_type type;
	bool rounded; /* a number: the text or the exact result that it stands for needed more than
		       * 128 bits */
	union {
		struct dec dec;
		struct {
			/* In a key, the text of the number that dbl is near to; else empty. Lies over dec.v, so that it
			 * is empty in what was made with less. */
			struct slice digits;
			double dbl;
		};
		struct slice str;
	};
};

static inline struct val val_null(void)
{
	return (struct val){.type = VAL_NULL};
}

static inline struct val val_str(const void *p, size_t len)
{
	return (struct val){.type = VAL_STR, .str = {p, len}};
}

static inline struct val val_int(int64_t n)
{
	return (struct val){.type = VAL_DEC, .dec = {n, 0}};
}

static inline bool val_is_number(const struct val *v)
{
	return v->type == VAL_DEC || v->type == VAL_DBL;
}

static inline bool val_truthy(const struct val *v)
{
	return v->type != VAL_NULL && v->type != VAL_FALSE;
}

double val_double(const struct val *v); /* of a number */

/*
 * jq's order: null < false < true < numbers < strings (by bytes, which is by code point) < arrays < objects, which are
 * strict texts. A DEC against a DBL compares by value, exactly; numbers in arrays and objects do as doubles. NaN is below
 * every other number and equal to itself, so that the order is total.
 */
int val_cmp(const struct val *a, const struct val *b);

/* As JSON text (strings quoted and escaped as jq prints them). */
void val_put_json(struct buf *out, const struct val *v);

/* The same for a message: what is longer than VAL_QUOTE_MAX bytes is cut, with "..." to say so. */
enum { VAL_QUOTE_MAX = 60 };
void val_put_quote(struct buf *out, const struct val *v);

/* As bare text: strings raw, the rest as JSON. */
void val_put_text(struct buf *out, const struct val *v);

/*
 * Keys. A tuple of values becomes bytes, equal exactly when jq holds the values equal (1 = 1.0 =
 * 1e0; -0 = 0), with which tables are looked up; decoding gives back the values, numbers in
 * canonical form: a DBL goes in as the decimal that it prints, so 0.1 computed is 0.1 read, or with
 * all its digits. NaN and the infinities are keys too. Each value: a tag byte, then for strings, numbers and JSON the
 * length (LEB128) and the bytes.
 */
void val_put_key(struct buf *out, const struct val *v);
void val_put_text_key(struct buf *out,
		      struct slice text); /* of a string; of null when it is empty */

/*
 * Takes the next value off *key; false at its end, and where the bytes are no key (*key is then
 * not at its end). Slices point into the key's bytes.
 */
bool val_next_key(struct slice *key, struct val *v);

#endif
