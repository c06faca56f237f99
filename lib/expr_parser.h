/* expr_parser: what the parts of the parser share. */
#ifndef KPIPE_EXPR_PARSER_H
#define KPIPE_EXPR_PARSER_H

#include "expr_priv.h"

/*
 * Nesting past this is libjq's to judge; so are more nodes, which as a chain are as deep as many, and
 * longer lists.
 */
enum { PARSE_DEPTH = 100, NODES_MAX = 1024, LIST_MAX = 128 };

/* What `.` is: the value at a path of the record, or what stands before a pipe. */
struct context {
	bool computed;
	struct path path;
};

struct parser {
	struct lexer lx;
	struct token tok; /* the one looked at */
	struct plan *plan;
	struct fields *fields;
	const struct expr_conf *conf;
	struct jq_number_rules rules;
	struct context at;
	int depth;
	bool outside; /* a construct that is not in the subset was met */
};

void parser_advance(struct parser *p);
unsigned parser_outside(struct parser *p);            /* the program lies outside; 0 */
bool parser_expect(struct parser *p, const char *op); /* takes the token, which must be this one */
bool parser_string(struct parser *p, struct slice *out); /* takes one without interpolation */

struct slice parser_keep(struct parser *p,
			 struct slice s); /* a copy that lives as long as the plan */

/* Nodes are numbers; what they are means nothing once `outside` is set. */
unsigned parser_add(struct parser *p, struct plan_node node);
unsigned parser_literal(struct parser *p, struct pval v);
unsigned parser_field(struct parser *p, const struct path *path);

/* Of operators, with jq's precedence (its parser.y). */
enum { ALTERNATIVE = 1, OR, AND, COMPARISON, SUM, PRODUCT };

bool parser_at_operator(const struct parser *p);
unsigned parse_pipe(struct parser *p);
unsigned parse_pipe_rest(struct parser *p, unsigned left); /* left | ...; the token is the pipe */
unsigned parse_expr(struct parser *p, int min); /* operators of that precedence, or a higher one */
unsigned parse_binary(struct parser *p, unsigned left, int min);
unsigned parse_term(struct parser *p, int min); /* `min` is what is due around it */
unsigned parse_group(struct parser *p);         /* (...) */
unsigned parse_variable(struct parser *p);      /* $name */

/* How many levels a node adds to those of the record, by those of its operands. */
int levels_of(const struct plan *plan, const struct plan_node *n);

unsigned parse_array(struct parser *p);
unsigned parse_object(struct parser *p);

#endif
