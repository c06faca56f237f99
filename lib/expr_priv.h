/* expr_priv: the plan, shared by the parts of expr (lexer, parser, evaluation). */
#ifndef KPIPE_EXPR_PRIV_H
#define KPIPE_EXPR_PRIV_H

#include "expr.h"

/* --- Tokens of a jq program --- */

enum token_type {
	TOK_END,
	TOK_NUMBER,
	TOK_STRING, /* text with its quotes; an interpolated one has inner set */
	TOK_IDENT,  /* name, also and, or, if ... */
	TOK_FIELD,  /* .name, text without the dot */
	TOK_DOT,    /* . */
	TOK_OP,     /* any other operator or bracket */
	TOK_OTHER,  /* something the lexer does not know */
};

struct token {
	enum token_type type;
	struct slice text;
	size_t start;      /* in the program; text ends at start + length */
	bool interpolated; /* a string with \( ) in it */
};

struct lexer {
	const char *src;
	size_t pos, len;
};

struct token lexer_next(struct lexer *lx);
bool expr_is_keyword(struct slice name); /* one that jq keeps for itself: never a bare column */
bool token_is(const struct token *t, const char *op); /* TOK_OP or TOK_IDENT with this text */

/* --- The plan --- */

enum plan_op {
	PLAN_FIELD,   /* slot */
	PLAN_LITERAL, /* literal */
	PLAN_ADD,
	PLAN_SUB,
	PLAN_MUL,
	PLAN_DIV,
	PLAN_MOD,
	PLAN_EQ,
	PLAN_NE,
	PLAN_LT,
	PLAN_LE,
	PLAN_GT,
	PLAN_GE,
	PLAN_AND,
	PLAN_OR,
	PLAN_ALT, /* // */
};

struct plan_node {
	enum plan_op op;
	unsigned a, b; /* operands: indexes of nodes */
	unsigned slot;
	struct val literal; /* strings point into the plan's text */
};

struct plan {
	struct plan_node *nodes; /* the last one is the root */
	size_t n, cap;
	struct buf *strings; /* unescaped literals */
};

/* The fields that the plans of a set use, each once: a path in JSON, a column in CSV. */
struct fields {
	struct field {
		struct slice *names; /* owned; one name in CSV */
		size_t n;
		int column; /* CSV: its number */
	} * v;
	size_t n, cap;
	const struct slice *columns; /* NULL: JSON */
	size_t ncolumns;
};

int fields_column(const struct fields *fs, struct slice name); /* its number, -1: no such column */

/* The column that a whole program names, as it stands or without the blanks around it; -1: none. */
int fields_whole(const struct fields *fs, const char *src);

/*
 * Parses a program of the subset into a plan; fields it uses are added. False when it lies
 * outside: the plan is then empty. `whole` allows the program to be a column's name, blanks and all.
 */
bool plan_parse(struct plan *plan, struct fields *fs, const char *src, bool whole);
void plan_free(struct plan *plan);

/* --- A record's fields, for a plan --- */

struct record {
	const struct fields *fields;
	struct slice *slots;     /* per field: its raw text in a JSON record */
	const struct slice *row; /* the cells of a CSV record; NULL: JSON */
	struct field_value {
		bool known;
		struct val val;
	} * values;         /* per field: decoded when first asked for */
	struct buf strings; /* unescaped field strings; reserved per record, so it does not move */
};

enum outcome {
	SURE,   /* *out is what libjq gives */
	UNSURE, /* libjq must say */
	BAD,    /* the record is bad, the reason in err */
};

/* The value of the plan on a record. exact: + - * as in -a. An array or object comes as it stands in the record. */
enum outcome plan_eval(const struct plan *plan, struct record *rec, bool exact, struct val *out,
		       struct buf *err);

/*
 * The program as libjq must see it over a row given as an object: a bare name that is a column becomes a look-up in the
 * row. 0, or -1 with the reason in err (a .name or a whole program that is no column).
 */
int columns_rewrite(struct buf *out, const struct fields *fs, const char *src, bool whole,
		    struct buf *err);

#endif
