#include <math.h>
#include <float.h>
#include <stdlib.h>

#include "expr_parser.h"
#include "json.h"
#include "mem.h"
#include "utf8.h"

void parser_advance(struct parser *p)
{
	p->tok = lexer_next(&p->lx);
}

unsigned parser_outside(struct parser *p)
{
	p->outside = true;
	return 0;
}

/* Takes the token, which must be this one. */
bool parser_expect(struct parser *p, const char *op)
{
	if (!token_is(&p->tok, op))
		p->outside = true;
	else
		parser_advance(p);
	return !p->outside;
}

unsigned parser_add(struct parser *p, struct plan_node node)
{
	struct plan *pl = p->plan;

	if (p->outside || pl->n == NODES_MAX)
		return parser_outside(p);
	node.levels = levels_of(pl, &node);
	if (node.levels > PLAN_LEVELS_MAX)
		return parser_outside(p);
	pl->nodes = mem_grow(pl->nodes, &pl->cap, pl->n + 1, sizeof *pl->nodes);
	pl->nodes[pl->n] = node;
	return (unsigned)pl->n++;
}

unsigned parser_literal(struct parser *p, struct pval v)
{
	struct plan_node node = {.op = PLAN_LITERAL, .literal = v};

	if (v.type == PV_LITERAL)
		node.exact = exact_number(v.text);
	return parser_add(p, node);
}

struct slice parser_keep(struct parser *p, struct slice s)
{
	struct plan *pl = p->plan;

	pl->texts = mem_grow(pl->texts, &pl->texts_cap, pl->ntexts + 1, sizeof *pl->texts);
	pl->texts[pl->ntexts] = mem_dup(s.len ? s.ptr : "", s.len);
	return slice_of(pl->texts[pl->ntexts++], s.len);
}

/* A strict string token, unescaped. */
static struct slice keep_string(struct parser *p, struct slice token)
{
	struct buf scratch = BUF_INIT;
	struct slice s = parser_keep(p, json_unescape(token.ptr, token.len, &scratch));

	buf_free(&scratch);
	return s;
}

/* A string token without interpolation. */
bool parser_string(struct parser *p, struct slice *out)
{
	struct slice t = p->tok.text;

	if (p->tok.type != TOK_STRING || p->tok.interpolated ||
	    json_skip(t.ptr, t.ptr + t.len, 1) != t.ptr + t.len)
		return false;
	*out = keep_string(p, t);
	parser_advance(p);
	return true;
}

/* --- Paths --- */

unsigned parser_field(struct parser *p, const struct path *path)
{
	int slot = fields_slot(p->fields, path);

	if (slot < 0)
		return parser_outside(p);
	return parser_add(p, (struct plan_node){.op = PLAN_FIELD,
						.slot = (unsigned)slot,
						.optional = path->optional});
}

static unsigned add_dot(struct parser *p)
{
	return p->at.computed ? parser_add(p, (struct plan_node){.op = PLAN_INPUT})
			      : parser_field(p, &p->at.path);
}

/* libjq 1.6 reads .e8 as a number, and refuses it. */
static bool is_exponent(struct slice name)
{
	size_t i = 1;

	while (i < name.len && name.ptr[i] >= '0' && name.ptr[i] <= '9')
		i++;
	return (name.ptr[0] == 'e' || name.ptr[0] == 'E') && i > 1 && i == name.len;
}

/* An item's number: whole, and small enough that every libjq means the same. */
static bool take_item(struct parser *p, struct path *path)
{
	struct slice t = p->tok.text;
	uint32_t item = 0;

	if (p->tok.type != TOK_NUMBER || t.len > 9)
		return false;
	for (size_t i = 0; i < t.len; i++) {
		if (t.ptr[i] < '0' || t.ptr[i] > '9')
			return false;
		item = item * 10 + (uint32_t)(t.ptr[i] - '0');
	}
	parser_advance(p);
	return path_add_item(path, item);
}

/* ["name"], [0] */
static bool take_bracket(struct parser *p, struct path *path)
{
	struct slice name;

	parser_advance(p);
	if (p->tok.type == TOK_STRING ? !(parser_string(p, &name) && path_add(path, name))
				      : !take_item(p, path))
		return false;
	return parser_expect(p, "]");
}

/* One step. *end: there was none, the path is over. False: outside. */
static bool take_step(struct parser *p, struct path *path, bool first, bool *end)
{
	struct slice name = p->tok.text;

	if (p->tok.type == TOK_FIELD) {
		parser_advance(p);
		return !is_exponent(name) && path_add(path, name);
	}
	if (p->tok.type == TOK_DOT) {
		parser_advance(p);
		if (p->tok.type == TOK_STRING && p->lx.src[p->tok.start - 1] == '.')
			return parser_string(p, &name) && path_add(path, name);
		if (!token_is(&p->tok, "[")) {
			*end = true;
			return first;
		}
		if (!first) /* .a.[0] is from 1.7 on */
			p->plan->doubtful = true;
	} else if (first || !token_is(&p->tok, "[")) {
		*end = true;
		return true;
	}
	return take_bracket(p, path);
}

/* A second ? ends the path, or does not, by jq's version. */
static bool take_optional(struct parser *p, struct path *path)
{
	if (!token_is(&p->tok, "?"))
		return true;
	parser_advance(p);
	path->optional |= 1u << (path->n - 1);
	return !token_is(&p->tok, "?");
}

/* .a.b."c d"?[0] -- the token is a TOK_FIELD or TOK_DOT. */
static unsigned parse_path(struct parser *p)
{
	struct path path = {.n = 0};
	size_t before;
	bool end = false;

	if (!p->at.computed)
		path = p->at.path;
	before = path.n;
	while (!end) {
		if (!take_step(p, &path, path.n == before, &end))
			return parser_outside(p);
		if (!end && !take_optional(p, &path))
			return parser_outside(p);
	}
	if (token_is(&p->tok, "?"))
		return parser_outside(p);
	if (p->at.computed)
		return path.n ? parser_outside(p) : add_dot(p);
	return parser_field(p, &path);
}

/* --- Operators --- */

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

/* jq takes 007, .5 and 5. as well; they print as 7, 0.5 and 5. */
static struct slice strict_number(struct parser *p, struct slice t)
{
	struct buf text = BUF_INIT;
	const char *e, *end = t.ptr + t.len;

	while (t.len > 1 && t.ptr[0] == '0' && t.ptr[1] >= '0' && t.ptr[1] <= '9') {
		t.ptr++;
		t.len--;
	}
	if (num_is_json(t.ptr, t.len))
		return t;
	for (e = t.ptr; e < end && *e != 'e' && *e != 'E'; e++)
		;
	if (*t.ptr == '.')
		buf_add_char(&text, '0');
	buf_add(&text, t.ptr, (size_t)(e - t.ptr));
	if (e > t.ptr && e[-1] == '.')
		text.len--;
	buf_add(&text, e, (size_t)(end - e));
	t = parser_keep(p, buf_slice(&text));
	buf_free(&text);
	return t;
}

static unsigned parse_number(struct parser *p)
{
	struct slice t = strict_number(p, p->tok.text);

	if (!num_is_json(t.ptr, t.len))
		return parser_outside(p);
	parser_advance(p);
	return parser_literal(p, pval_literal(t));
}

/* $name: a scalar that was given for it; of two with one name the first. Some names are always jq's. */
unsigned parse_variable(struct parser *p)
{
	struct slice name = {p->tok.text.ptr + 1, p->tok.text.len - 1}, text;
	const struct jqvar *var = NULL;
	struct pval v;

	for (size_t i = 0; !var && *p->tok.text.ptr == '$' && i < p->conf->nvars; i++) {
		if (slice_is(name, p->conf->vars[i].name))
			var = &p->conf->vars[i];
	}
	if (!var || (var->kind != JQVAR_STRING && var->kind != JQVAR_JSON) ||
	    slice_is(name, "ARGS") || slice_is(name, "ENV") || slice_is(name, "__loc__"))
		return parser_outside(p);
	parser_advance(p);
	text = slice_str(var->text);
	if (var->kind == JQVAR_STRING)
		return utf8_valid(text.ptr, text.len) ? parser_literal(p, pval_string(text))
						      : parser_outside(p);
	if (!json_valid(text.ptr, text.len, 0, false))
		return parser_outside(p);
	v = pval_cell(text);
	switch (*text.ptr) {
	case '"':
		return parser_literal(p, pval_string(keep_string(p, text)));
	case 't':
	case 'f':
		return parser_literal(p, pval_bool(*text.ptr == 't'));
	case 'n':
		return parser_literal(p, pval_of(PV_NULL));
	default:
		return parser_literal(p, v);
	}
}

static unsigned parse_select(struct parser *p)
{
	unsigned test, value;

	parser_advance(p);
	if (!parser_expect(p, "("))
		return 0;
	test = parse_pipe(p);
	parser_expect(p, ")");
	value = add_dot(p);
	return parser_add(p, (struct plan_node){.op = PLAN_SELECT, .a = test, .b = value});
}

static unsigned parse_call(struct parser *p, const struct call *call)
{
	struct plan_node node = {.op = PLAN_CALL, .call = call};
	struct slice argument;

	parser_advance(p);
	if (token_is(&p->tok, "(") != call->literal)
		return parser_outside(p);
	node.a = add_dot(p);
	if (call->literal) {
		parser_advance(p);
		if (!parser_string(p, &argument) || (call->takes && !call->takes(argument)))
			return parser_outside(p);
		node.b = parser_literal(p, pval_string(argument));
		parser_expect(p, ")");
	}
	return parser_add(p, node);
}

/* if E then E [elif E then E]... else E end; the token is if or elif. */
static unsigned parse_if(struct parser *p)
{
	struct plan_node node = {.op = PLAN_IF};

	parser_advance(p);
	node.a = parse_pipe(p);
	parser_expect(p, "then");
	node.b = parse_pipe(p);
	if (p->outside)
		return 0;
	if (token_is(&p->tok, "elif")) {
		if (p->depth >= PARSE_DEPTH)
			return parser_outside(p);
		p->depth++;
		node.c = parse_if(p);
		p->depth--;
		return parser_add(p, node);
	}
	if (token_is(&p->tok, "else")) {
		parser_advance(p);
		node.c = parse_pipe(p);
	} else {
		p->plan->doubtful = true; /* from 1.7 on */
		node.c = add_dot(p);
	}
	parser_expect(p, "end");
	return parser_add(p, node);
}

static unsigned parse_ident(struct parser *p)
{
	static const struct {
		const char *name;
		enum pval_type type;
	} constants[] = {{"null", PV_NULL}, {"true", PV_TRUE}, {"false", PV_FALSE}};
	struct path column = {.n = 0};
	struct slice name = p->tok.text;
	const struct call *call = call_find(name);
	struct lexer ahead = p->lx;
	struct token next = lexer_next(&ahead);

	for (size_t i = 0; i < sizeof constants / sizeof constants[0]; i++) {
		if (!slice_is(name, constants[i].name))
			continue;
		parser_advance(p);
		return parser_literal(p, pval_of(constants[i].type));
	}
	if (p->fields->columns && !expr_is_keyword(name) && !token_is(&next, "(") &&
	    fields_column(p->fields, name) >= 0) {
		parser_advance(p);
		path_add(&column, name);
		return parser_field(p, &column);
	}
	return token_is(&p->tok, "if")       ? parse_if(p)
	       : token_is(&p->tok, "select") ? parse_select(p)
	       : call                        ? parse_call(p, call)
					     : parser_outside(p);
}

unsigned parse_group(struct parser *p)
{
	unsigned n;

	parser_advance(p);
	n = parse_pipe(p);
	parser_expect(p, ")");
	return n;
}

static unsigned negate_literal(struct parser *p, struct slice text)
{
	struct buf with_sign = BUF_INIT;
	struct slice kept;

	buf_add_char(&with_sign, '-');
	buf_add(&with_sign, text.ptr, text.len);
	kept = parser_keep(p, buf_slice(&with_sign));
	buf_free(&with_sign);
	return parser_literal(p, pval_literal(kept));
}

/*
 * Of -a * b the minus applies to a (jq 1.8) or to the product (before). Behind another operator it is
 * not told apart here: 6 / -3 * 2 is libjq's.
 */
static unsigned parse_negation(struct parser *p, int min)
{
	const struct plan_node *node;
	unsigned n;

	parser_advance(p);
	n = min > PRODUCT || p->rules.negates ? parse_term(p, min) : parse_expr(p, PRODUCT);
	if (min > PRODUCT && find_binary(&p->tok) && find_binary(&p->tok)->level == PRODUCT)
		return parser_outside(p);
	if (p->outside)
		return 0;
	node = &p->plan->nodes[n];
	if (node->op == PLAN_LITERAL && node->literal.type == PV_LITERAL &&
	    node->literal.number.plain && node->literal.number.dbl > 0)
		return negate_literal(p, node->literal.text);
	return parser_add(p, (struct plan_node){.op = PLAN_NEGATE, .a = n});
}

static unsigned parse_nested(struct parser *p, int min)
{
	unsigned n;

	if (p->depth >= PARSE_DEPTH)
		return parser_outside(p);
	p->depth++;
	n = token_is(&p->tok, "-")     ? parse_negation(p, min)
	    : token_is(&p->tok, "(")   ? parse_group(p)
	    : token_is(&p->tok, "[")   ? parse_array(p)
	    : token_is(&p->tok, "{")   ? parse_object(p)
	    : p->tok.type == TOK_IDENT ? parse_ident(p)
				       : parser_outside(p);
	p->depth--;
	return n;
}

bool parser_at_operator(const struct parser *p)
{
	return find_binary(&p->tok) != NULL;
}

unsigned parse_term(struct parser *p, int min)
{
	struct slice text;

	if (p->outside)
		return 0;
	switch (p->tok.type) {
	case TOK_FIELD:
	case TOK_DOT:
		return parse_path(p);
	case TOK_NUMBER:
		return parse_number(p);
	case TOK_STRING:
		return parser_string(p, &text) ? parser_literal(p, pval_string(text))
					       : parser_outside(p);
	case TOK_OTHER:
		return parse_variable(p);
	default:
		return parse_nested(p, min);
	}
}

static bool is_constant(const struct plan *plan, unsigned i)
{
	const struct plan_node *n = &plan->nodes[i];

	if (n->op == PLAN_NEGATE)
		return is_constant(plan, n->a);
	return n->op == PLAN_LITERAL || (n->op >= PLAN_ADD && n->op <= PLAN_GE &&
					 is_constant(plan, n->a) && is_constant(plan, n->b));
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
	return n->op != PLAN_LITERAL || n->literal.type != PV_LITERAL ||
	       fabs(n->literal.number.dbl) < least;
}

unsigned parse_binary(struct parser *p, unsigned left, int min)
{
	const struct binary *op;

	while (!p->outside && (op = find_binary(&p->tok)) && op->level >= min) {
		unsigned right;
		parser_advance(p);
		right = parse_expr(p, op->assoc == RIGHT ? op->level : op->level + 1);
		if (p->outside || may_divide_by_zero(p->plan, op->op, right))
			return parser_outside(p);
		left = parser_add(p, (struct plan_node){.op = op->op, .a = left, .b = right});
		/* a == b == c is libjq's to refuse. */
		if (op->assoc == NONE && (op = find_binary(&p->tok)) && op->level == COMPARISON)
			return parser_outside(p);
	}
	return left;
}

unsigned parse_expr(struct parser *p, int min)
{
	return parse_binary(p, parse_term(p, min), min);
}

/* --- Pipes --- */

/* What `.` is behind a pipe from this node. */
static void follow(struct parser *p, unsigned i)
{
	const struct plan_node *n = &p->plan->nodes[i];
	const struct field *f;

	while (n->op == PLAN_SELECT || n->op == PLAN_PIPE)
		n = &p->plan->nodes[n->b];
	p->at.computed = n->op != PLAN_FIELD;
	if (p->at.computed)
		return;
	f = &p->fields->v[n->slot];
	p->at.path.n = f->n;
	p->at.path.optional = n->optional;
	for (size_t k = 0; k < f->n; k++)
		p->at.path.steps[k] = f->steps[k];
}

/* left | ...; the token is the pipe. */
unsigned parse_pipe_rest(struct parser *p, unsigned left)
{
	struct context before = p->at;
	unsigned right;

	if (p->outside || p->depth >= PARSE_DEPTH)
		return parser_outside(p);
	p->depth++;
	follow(p, left);
	parser_advance(p);
	right = parse_pipe(p);
	p->at = before;
	p->depth--;
	return parser_add(p, (struct plan_node){.op = PLAN_PIPE, .a = left, .b = right});
}

unsigned parse_pipe(struct parser *p)
{
	unsigned left = parse_expr(p, 0);

	return token_is(&p->tok, "|") ? parse_pipe_rest(p, left) : left;
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
bool plan_parse(struct plan *plan, struct fields *fs, const struct expr_conf *conf,
		struct jq_number_rules rules, const char *src, bool whole)
{
	struct parser p = {.lx = {src, 0, strlen(src)},
			   .plan = plan,
			   .fields = fs,
			   .conf = conf,
			   .rules = rules};
	int column = whole && fs->columns ? fields_whole(fs, src) : -1;
	struct path path = {.n = 0};

	if (column >= 0) {
		path_add(&path, fs->columns[column]);
		plan->root = parser_field(&p, &path);
		return true;
	}
	parser_advance(&p);
	plan->root = parse_pipe(&p);
	if (!p.outside && p.tok.type == TOK_END && !versions_differ(src)) {
		plan->levels = plan->nodes[plan->root].levels;
		return true;
	}
	plan->n = 0;
	return false;
}

void plan_free(struct plan *plan)
{
	for (size_t i = 0; i < plan->ntexts; i++)
		free(plan->texts[i]);
	free(plan->texts);
	free(plan->nodes);
	free(plan->list);
	*plan = (struct plan){0};
}
