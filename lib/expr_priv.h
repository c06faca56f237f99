/* expr_priv: the plan, shared by the parts of expr (lexer, parser, evaluation, printing). */
#ifndef KPIPE_EXPR_PRIV_H
#define KPIPE_EXPR_PRIV_H

#include "arena.h"
#include "expr.h"
#include "jqtext.h"
#include "scan.h"
#include "simd.h"

/* --- Tokens of a jq program --- */

enum token_type {
	TOK_END,
	TOK_NUMBER,
	TOK_STRING, /* text with its quotes; an interpolated one has inner set */
	TOK_IDENT,  /* name, also and, or, if ... */
	TOK_FIELD,  /* .name, text without the dot */
	TOK_DOT,    /* . */
	TOK_OP,     /* any other operator or bracket */
	TOK_OTHER,  /* $name, @name, or something the lexer does not know */
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

/* --- Values on their way through a plan --- */

enum pval_type {
	PV_NULL,
	PV_FALSE,
	PV_TRUE,
	PV_LITERAL, /* a number as the record or the program has it: text, number */
	PV_DOUBLE,  /* a computed one, finite: dbl */
	PV_EXACT,   /* one that exact arithmetic gave: dec */
	PV_STRING,  /* text: its bytes, unescaped */
	PV_JSON,    /* text: an array or object, of any layout */
};

struct pval {
	enum pval_type type;
	bool rounded;  /* PV_DOUBLE: the exact number would need more than 128 bits */
	bool built;    /* PV_JSON: as libjq prints it already */
	bool computed; /* PV_JSON: numbers in it are */
	struct slice text;
	union {
		struct jq_number number;
		double dbl;
		struct dec dec;
	};
};

static inline struct pval pval_of(enum pval_type type)
{
	return (struct pval){.type = type};
}

static inline struct pval pval_bool(bool b)
{
	return pval_of(b ? PV_TRUE : PV_FALSE);
}

static inline struct pval pval_string(struct slice text)
{
	return (struct pval){.type = PV_STRING, .text = text};
}

static inline struct pval pval_literal(struct slice text)
{
	return (struct pval){.type = PV_LITERAL, .text = text, .number = jqtext_number(text)};
}

static inline struct pval pval_double(double d)
{
	return (struct pval){.type = PV_DOUBLE, .dbl = d};
}

static inline bool pval_truthy(const struct pval *v)
{
	return v->type != PV_NULL && v->type != PV_FALSE;
}

static inline bool pval_is_number(const struct pval *v)
{
	return v->type == PV_LITERAL || v->type == PV_DOUBLE || v->type == PV_EXACT;
}

enum outcome {
	SURE,   /* there is a value, and it is what libjq gives */
	EMPTY,  /* there is none */
	UNSURE, /* libjq must say; also where there is an error, which libjq words */
	BAD,    /* the record is bad, the reason in err */
};

struct record;

/* A cell of a row: empty is null, a JSON number a number, the rest a string. */
struct pval pval_cell(struct slice cell);

/* A number as a double, where all that libjq would make of it is one and the same. */
bool pval_number(const struct pval *v, struct jq_number_rules rules, double *d);

/*
 * A result for the rest of the world: a number from a text is what the text says; what no decimal holds is
 * rounded where `exact`, and libjq's otherwise. by_key: as in struct expr_source.
 */
enum outcome pval_result(const struct pval *v, struct record *rec, struct jq_number_rules rules,
			 bool exact, bool by_key, struct val *out);

/*
 * The quick way to what pval_result gives for a field alone of a JSON text, for most of them: nothing or null, a string without
 * escapes, a number that is a decimal. False: it is something else.
 */
bool field_scalar(const struct record *rec, unsigned slot, struct val *out);

/*
 * A computed double for the rest of the world: one that would be printed with an exponent is a decimal
 * where it can be one, as it is when it comes from libjq or stands in a record.
 */
struct val pval_double_result(double d, bool rounded);

/* jq's order: <0, 0, >0. False when libjq must say. */
bool pval_compare(const struct pval *a, const struct pval *b, struct jq_number_rules rules,
		  int *order);

/* A CSV record as an object of its columns. */
void record_put_row(const struct record *rec, struct buf *out);

/* --- The plan --- */

enum plan_op {
	PLAN_FIELD,   /* slot; optional */
	PLAN_INPUT,   /* `.` behind a pipe from what is no path */
	PLAN_LITERAL, /* literal */
	PLAN_PIPE,    /* a | b */
	PLAN_SELECT,  /* b where a */
	PLAN_IF,      /* if a then b else c end */
	PLAN_ALT,     /* a // b */
	PLAN_AND,
	PLAN_OR,
	PLAN_NEGATE, /* -a */
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
	PLAN_ARRAY,  /* of the list's values */
	PLAN_OBJECT, /* of the list's keys and values, in turn */
	PLAN_CALL,   /* call, of a, with the literal b if it takes one */
};

struct plan_node {
	enum plan_op op;
	unsigned a, b, c;  /* operands: indexes of nodes */
	unsigned slot;     /* FIELD */
	unsigned optional; /* FIELD: bit k is set where step k has a ? */
	unsigned list, n;  /* ARRAY, OBJECT: n places in the plan's list from here on */
	bool computed;     /* OBJECT: has a key that is no literal */
	int levels; /* that its value, or one on the way to it, may have more than the record */
	const struct call *call;
	struct pval literal; /* its text lives as long as the plan */
	struct slice key;    /* LITERAL, of a key of an object: as printed, the colon included */
	struct val exact;    /* LITERAL, of a number: for exact arithmetic */
};

/* No value has more than JSON_DEPTH_MAX levels: a record has the fewer, the more its programs add. */
enum { PLAN_LEVELS_MAX = 50 };

struct plan {
	struct plan_node *nodes;
	size_t n, cap;
	unsigned root;
	unsigned *list; /* nodes */
	size_t nlist, list_cap;
	char **texts; /* owned: of literals */
	size_t ntexts, texts_cap;
	int levels;    /* that values may have more than the record: at most PLAN_LEVELS_MAX */
	bool doubtful; /* versions of libjq differ in whether they take the program */
};

/* The fields that the plans of a set use, each once: a path in JSON, a column in CSV. */
struct fields {
	struct field {
		struct scan_step *steps; /* owned, names too; one name in CSV */
		size_t n;
		int column; /* CSV: its number; -1: the whole row */
	} * v;
	size_t n, cap;
	const struct slice *columns; /* NULL: JSON */
	size_t ncolumns;
};

enum { PATH_STEPS_MAX = 31 };

/* A path of a program: where it leads, and which of its steps have a ?. */
struct path {
	struct scan_step steps[PATH_STEPS_MAX]; /* names not owned */
	size_t n;
	unsigned optional;
};

bool path_add(struct path *path, struct slice name); /* false: too long */
bool path_add_item(struct path *path, uint32_t item);

/* The slot of a path, made when new; -1: in CSV, no column. */
int fields_slot(struct fields *fs, const struct path *path);
int fields_column(const struct fields *fs, struct slice name); /* its number, -1: no such column */
void fields_free(struct fields *fs);

/* The column that a whole program names, as it stands or without the blanks around it; -1: none. */
int fields_whole(const struct fields *fs, const char *src);

/*
 * Parses a program of the subset into a plan; fields it uses are added. False when it lies
 * outside: the plan is then empty. `whole` allows the program to be a column's name, blanks and all.
 * src and vars must live as long as the plan.
 */
bool plan_parse(struct plan *plan, struct fields *fs, const struct expr_conf *conf,
		struct jq_number_rules rules, const char *src, bool whole);
void plan_free(struct plan *plan);

/* --- A record's fields, for a plan --- */

struct record {
	uint64_t number; /* 1, 2, ... */
	const struct fields *fields;
	struct slice *slots; /* per field: its raw text in a JSON record, as scan_run leaves it */
	const struct slice *row; /* the cells of a CSV record; NULL: JSON */
	bool text;               /* the record is a string, as values[] of `.` has it */
	bool escapes;            /* a JSON record: it has some */
	bool rewritten;          /* it is as jqdoc_put wrote it, where NaN is 1e999 */
	struct field_value {
		uint64_t known, exact_known; /* for the record of this number */
		struct pval val;
		struct val exact; /* of a cell */
	} * values;               /* per field: decoded when first asked for */
	struct buf *err;            /* for the reason of BAD */
	struct arena arena;         /* what values point to, when that is not the record */
	struct buf build;           /* a stack of texts that are being put together */
};

/* One evaluation. */
struct plan_run {
	const struct plan *plan;
	struct record *rec;
	struct jq_number_rules rules;
	bool exact;               /* + - * as in -a */
	const struct pval *input; /* of PLAN_INPUT */
	bool computed;            /* a computed number was printed */
};

/*
 * PIPE, SELECT, IF: which node the value comes from (SURE), or that there is none. PLAN_INPUT may be *input from then
 * on; who calls puts back run->input.
 */
enum outcome plan_choose(struct plan_run *run, unsigned *node, struct pval *input);

/* The value of a node. */
enum outcome plan_eval(struct plan_run *run, unsigned node, struct pval *out);

/* The same, straight to out as jq -c prints it, or a string's bare bytes. What is put there is to be taken back unless SURE. */
enum outcome plan_print(struct plan_run *run, unsigned node, bool raw, struct buf *out);

/* + of a node's operands as jq has it. */
enum outcome plan_jq_arithmetic(struct plan_run *run, const struct plan_node *n, struct pval *out);

/* --- exact: what -a makes of a program --- */

void exact_cell(struct slice cell,
		struct val *v); /* empty is null, a JSON number a number, the rest a string */
struct val exact_number(struct slice text); /* a JSON number; what does not fit is rounded */
enum outcome exact_eval(struct plan_run *run, unsigned node, struct val *out);
enum outcome exact_arithmetic(struct plan_run *run, const struct plan_node *n,
			      struct val *out); /* ADD, SUB, MUL, NEGATE */

/* An array or object of the plan, as text that lives as long as the record. */
enum outcome plan_build(struct plan_run *run, const struct plan_node *n, struct pval *out);

/* A value, printed in the same way. */
enum outcome plan_put(struct plan_run *run, const struct pval *v, bool raw, struct buf *out);

/* --- Functions of the subset --- */

struct call {
	const char *name;
	bool literal; /* takes one argument, a literal string */
	/* May a program with this argument be planned at all? NULL: any. */
	bool (*takes)(struct slice argument);
	enum outcome (*run)(struct plan_run *run, const struct pval *input, struct slice argument,
			    struct pval *out);
};

const struct call *call_find(struct slice name); /* NULL: not in the subset */

/* --- CSV --- */

/*
 * The program as libjq must see it over a row given as an object: a bare name that is a column becomes a look-up in the
 * row. 0, or -1 with the reason in err (a .name or a whole program that is no column).
 */
int columns_rewrite(struct buf *out, const struct fields *fs, const char *src, bool whole,
		    struct buf *err);

/* What libjq says of a bare name that it does not know, as whoever misspelt a column would have it. */
void columns_explain(struct buf *err);

/* --- small: the same of many rows, in 64 bits (expr.h) --- */

enum { SMALL_DIGITS_MAX = 18 };

/* Cells to decimals. odd[i] is set where cell i is not empty and no small one; out[i] then means nothing. */
void small_parse(enum simd simd, const struct slice cells[], size_t n, struct small out[],
		 bool odd[]);

struct small_plan; /* of a program; read-only once it is made */
struct small_run;  /* one per thread, for all programs over the same fields */

struct small_plan *small_plan_new(const struct plan *plan,
				  const struct fields *fs); /* NULL: not of that kind */
void small_plan_free(struct small_plan *sp);

struct small_run *small_run_new(const struct fields *fs);
void small_run_free(struct small_run *run);

/* The next rows: columns[column][row]. odd[row] is set where a result is none of this kind. Both are the caller's. */
void small_run_begin(struct small_run *run, const struct slice *const columns[], size_t n,
		     bool odd[]);

/* A program's results, of each row; valid until the next small_run_begin. */
const struct small *small_plan_eval(const struct small_plan *sp, struct small_run *run);

#endif
