#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "expr_priv.h"
#include "json.h"
#include "mem.h"

/* Nesting past this is libjq's to judge; so are more nodes, which as a chain are as deep as many. */
enum { PARSE_DEPTH = 100, NODES_MAX = 1024 };

struct parser {
	struct lexer lx;
	struct token tok; /* the one looked at */
	struct plan *plan;
	struct fields *fields;
	int depth;
	bool outside; /* a construct that is not in the subset was met */
};

static void advance(struct parser *p)
{
	p->tok = lexer_next(&p->lx);
}

static unsigned outside(struct parser *p)
{
	p->outside = true;
	return 0;
}

static unsigned add_node(struct parser *p, struct plan_node node)
{
	struct plan *pl = p->plan;

	if (pl->n == NODES_MAX)
		return outside(p);
	pl->nodes = mem_grow(pl->nodes, &pl->cap, pl->n + 1, sizeof *pl->nodes);
	pl->nodes[pl->n] = node;
	return (unsigned)pl->n++;
}

/* --- Fields --- */

int fields_column(const struct fields *fs, struct slice name)
{
	for (size_t i = 0; i < fs->ncolumns; i++) {
		if (slice_eq(fs->columns[i], name))
			return (int)i;
	}
	return -1;
}

int fields_whole(const struct fields *fs, const char *src)
{
	struct slice s = slice_str(src);
	int column = fields_column(fs, s);

	if (column >= 0)
		return column;
	while (s.len && strchr(" \t\n", s.ptr[0])) {
		s.ptr++;
		s.len--;
	}
	while (s.len && strchr(" \t\n", s.ptr[s.len - 1]))
		s.len--;
	return fields_column(fs, s);
}

static bool same_path(const struct field *f, const struct slice *names, size_t n)
{
	if (f->n != n)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!slice_eq(f->names[i], names[i]))
			return false;
	}
	return true;
}

/* The slot of a path, made when new. In CSV a path must be one column. */
static unsigned field_slot(struct parser *p, const struct slice *names, size_t n)
{
	struct fields *fs = p->fields;
	struct field *f;
	int column = 0;

	if (fs->columns) {
		column = n == 1 ? fields_column(fs, names[0]) : -1;
		if (column < 0)
			return outside(p);
	}
	for (size_t i = 0; i < fs->n; i++) {
		if (same_path(&fs->v[i], names, n))
			return (unsigned)i;
	}
	fs->v = mem_grow(fs->v, &fs->cap, fs->n + 1, sizeof *fs->v);
	f = &fs->v[fs->n];
	f->names = mem_zalloc(n, sizeof *f->names);
	f->n = n;
	f->column = column;
	for (size_t i = 0; i < n; i++)
		f->names[i] = slice_of(mem_dup(names[i].ptr, names[i].len), names[i].len);
	return (unsigned)fs->n++;
}

static unsigned add_field(struct parser *p, const struct slice *names, size_t n)
{
	unsigned slot = field_slot(p, names, n);

	return p->outside ? 0 : add_node(p, (struct plan_node){.op = PLAN_FIELD, .slot = slot});
}

/* A string token without interpolation, unescaped into the plan's strings. */
static bool string_text(struct parser *p, struct slice *out)
{
	struct slice t = p->tok.text;
	struct slice s;

	if (p->tok.interpolated || json_skip(t.ptr, t.ptr + t.len, 1) != t.ptr + t.len)
		return false;
	s = json_unescape(t.ptr, t.len, p->plan->strings);
	if (s.ptr ==
	    t.ptr + 1) { /* without escapes: keep a copy that outlives the program's text */
		buf_add(p->plan->strings, s.ptr, s.len);
		s.ptr = p->plan->strings->data + p->plan->strings->len - s.len;
	}
	*out = s;
	return true;
}

enum { PATH_MAX_NAMES = 32 };

/* libjq 1.6 reads .e8 as a number, and refuses it. */
static bool is_exponent(struct slice name)
{
	size_t i = 1;

	while (i < name.len && name.ptr[i] >= '0' && name.ptr[i] <= '9')
		i++;
	return (name.ptr[0] == 'e' || name.ptr[0] == 'E') && i > 1 && i == name.len;
}

/* .a.b."c d"? -- the token is a TOK_FIELD or TOK_DOT. */
static unsigned parse_path(struct parser *p)
{
	struct slice names[PATH_MAX_NAMES];
	size_t n = 0;

	while (!p->outside && (p->tok.type == TOK_FIELD || p->tok.type == TOK_DOT)) {
		bool dot = p->tok.type == TOK_DOT;
		if (n == PATH_MAX_NAMES)
			return outside(p);
		if (!dot) {
			if (is_exponent(p->tok.text))
				return outside(p);
			names[n++] = p->tok.text;
			advance(p);
		} else {
			advance(p);
			if (p->tok.type == TOK_STRING && p->lx.src[p->tok.start - 1] == '.') {
				if (!string_text(p, &names[n]))
					return outside(p);
				n++;
				advance(p);
			} else if (n) {
				return outside(p);
			} else {
				break;
			}
		}
		/* A path that meets the wrong type goes to libjq, which knows what ? makes of it. */
		if (token_is(&p->tok, "?")) {
			advance(p);
			/* A second one ends the path, or does not, by jq's version. */
			if (token_is(&p->tok, "?"))
				return outside(p);
		}
	}
	if (p->outside || token_is(&p->tok, "["))
		return outside(p);
	return add_field(p, names, n);
}

/* --- Operators --- */

/* Of operators, with jq's precedence (its parser.y). */
enum { ALTERNATIVE = 1, OR, AND, COMPARISON, SUM, PRODUCT };

enum assoc { LEFT, RIGHT, NONE };

static const struct binary {
	const char *text;
	enum plan_op op;
	int level;
	enum assoc assoc;
} binaries[] = {
	{"//", PLAN_ALT, ALTERNATIVE, RIGHT}, {"or", PLAN_OR, OR, LEFT},
	{"and", PLAN_AND, AND, LEFT},         {"==", PLAN_EQ, COMPARISON, NONE},
	{"!=", PLAN_NE, COMPARISON, NONE},    {"<", PLAN_LT, COMPARISON, NONE},
	{"<=", PLAN_LE, COMPARISON, NONE},    {">", PLAN_GT, COMPARISON, NONE},
	{">=", PLAN_GE, COMPARISON, NONE},    {"+", PLAN_ADD, SUM, LEFT},
	{"-", PLAN_SUB, SUM, LEFT},           {"*", PLAN_MUL, PRODUCT, LEFT},
	{"/", PLAN_DIV, PRODUCT, LEFT},       {"%", PLAN_MOD, PRODUCT, LEFT},
};

static const struct binary *find_binary(const struct token *t)
{
	for (size_t i = 0; i < sizeof binaries / sizeof binaries[0]; i++) {
		if (token_is(t, binaries[i].text))
			return &binaries[i];
	}
	return NULL;
}

/* --- Terms --- */

static unsigned parse_expr(struct parser *p, int min);
static unsigned parse_term(struct parser *p, int min);

static unsigned parse_number(struct parser *p)
{
	struct plan_node node = {.op = PLAN_LITERAL, .literal = {.type = VAL_DEC}};
	struct slice t = p->tok.text;

	if (!dec_parse(&node.literal.dec, t.ptr, t.len))
		return outside(p);
	advance(p);
	return add_node(p, node);
}

static unsigned parse_ident(struct parser *p)
{
	static const struct {
		const char *name;
		enum val_type type;
	} constants[] = {{"null", VAL_NULL}, {"true", VAL_TRUE}, {"false", VAL_FALSE}};
	struct slice name = p->tok.text;

	for (size_t i = 0; i < sizeof constants / sizeof constants[0]; i++) {
		if (!slice_is(name, constants[i].name))
			continue;
		advance(p);
		return add_node(p, (struct plan_node){.op = PLAN_LITERAL,
						      .literal = {.type = constants[i].type}});
	}
	advance(p);
	if (!p->fields->columns || expr_is_keyword(name) || token_is(&p->tok, "("))
		return outside(p);
	return add_field(p, &name, 1);
}

static unsigned parse_group(struct parser *p)
{
	unsigned n;

	advance(p);
	n = parse_expr(p, 0);
	if (!token_is(&p->tok, ")"))
		return outside(p);
	advance(p);
	return n;
}

/*
 * -a * b is the same whether the minus applies to a (jq 1.8) or to the product (before); but not
 * behind another operator: 6 / -3 * 2 is libjq's. Nothing tells 0 - x from -x: a zero's sign is never seen.
 */
static unsigned parse_negation(struct parser *p, int min)
{
	unsigned zero, n;
	struct plan_node *node;

	advance(p);
	zero = add_node(p, (struct plan_node){.op = PLAN_LITERAL, .literal = val_int(0)});
	n = min > PRODUCT ? parse_term(p, min) : parse_expr(p, PRODUCT);
	if (min > PRODUCT && find_binary(&p->tok) && find_binary(&p->tok)->level == PRODUCT)
		return outside(p);
	if (p->outside)
		return 0;
	node = &p->plan->nodes[n];
	if (node->op != PLAN_LITERAL || node->literal.type != VAL_DEC)
		return add_node(p, (struct plan_node){.op = PLAN_SUB, .a = zero, .b = n});
	node->literal.dec.v = -node->literal.dec.v;
	return n;
}

static unsigned parse_term(struct parser *p, int min)
{
	struct plan_node node = {.op = PLAN_LITERAL, .literal = {.type = VAL_STR}};
	unsigned n;

	switch (p->tok.type) {
	case TOK_FIELD:
	case TOK_DOT:
		return parse_path(p);
	case TOK_NUMBER:
		return parse_number(p);
	case TOK_STRING:
		if (!string_text(p, &node.literal.str))
			return outside(p);
		advance(p);
		return add_node(p, node);
	case TOK_IDENT:
		return parse_ident(p);
	default:
		break;
	}
	if (p->depth >= PARSE_DEPTH)
		return outside(p);
	p->depth++;
	n = token_is(&p->tok, "-")   ? parse_negation(p, min)
	    : token_is(&p->tok, "(") ? parse_group(p)
				     : outside(p);
	p->depth--;
	return n;
}

static bool is_constant(const struct plan *plan, unsigned i)
{
	const struct plan_node *n = &plan->nodes[i];

	return n->op == PLAN_LITERAL ||
	       (n->op != PLAN_FIELD && is_constant(plan, n->a) && is_constant(plan, n->b));
}

/*
 * A constant that may be zero as a divisor (of %, a whole number's): some versions of libjq refuse
 * such a program at once.
 */
static bool may_divide_by_zero(const struct plan *plan, enum plan_op op, unsigned divisor)
{
	const struct plan_node *n = &plan->nodes[divisor];
	double least = op == PLAN_MOD ? 1 : DBL_MIN;

	if ((op != PLAN_DIV && op != PLAN_MOD) || !is_constant(plan, divisor))
		return false;
	return n->op != PLAN_LITERAL || !val_is_number(&n->literal) ||
	       fabs(val_double(&n->literal)) < least;
}

static unsigned parse_expr(struct parser *p, int min)
{
	unsigned left = parse_term(p, min);
	const struct binary *op;

	while (!p->outside && (op = find_binary(&p->tok)) && op->level >= min) {
		unsigned right;
		advance(p);
		right = parse_expr(p, op->assoc == RIGHT ? op->level : op->level + 1);
		if (p->outside || may_divide_by_zero(p->plan, op->op, right))
			return outside(p);
		left = add_node(p, (struct plan_node){.op = op->op, .a = left, .b = right});
		/* a == b == c is libjq's to refuse. */
		if (op->assoc == NONE && (op = find_binary(&p->tok)) && op->level == COMPARISON)
			return outside(p);
	}
	return left;
}

/*
 * Versions of libjq do not agree whether a carriage return is a blank (from 1.7 on), and whether a
 * comment that ends in a backslash goes on in the next line (from 1.7.1 on).
 */
static bool versions_differ(const char *src)
{
	return strchr(src, '\r') || strstr(src, "\\\n");
}

/* Slots of fields that only a program outside the subset used are harmless: they are filled and not read. */
bool plan_parse(struct plan *plan, struct fields *fs, const char *src, bool whole)
{
	struct parser p = {.lx = {src, 0, strlen(src)}, .plan = plan, .fields = fs};
	int column = whole && fs->columns ? fields_whole(fs, src) : -1;

	/* Literals must not move while the plan points at them. */
	buf_reserve(plan->strings, 4 * strlen(src) + 16);
	if (column >= 0) {
		add_field(&p, &fs->columns[column], 1);
		return true;
	}
	advance(&p);
	parse_expr(&p, 0);
	if (!p.outside && p.tok.type == TOK_END && !versions_differ(src))
		return true;
	plan->n = 0;
	return false;
}

void plan_free(struct plan *plan)
{
	free(plan->nodes);
	if (plan->strings) {
		buf_free(plan->strings);
		free(plan->strings);
	}
	*plan = (struct plan){0};
}
