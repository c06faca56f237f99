/* The parser of arrays and objects. */
#include "expr_parser.h"
#include "json.h"
#include "mem.h"

static int most(int a, int b)
{
	return a > b ? a : b;
}

int levels_of(const struct plan *plan, const struct plan_node *n)
{
	const struct plan_node *nodes = plan->nodes;
	int levels = 0;

	switch (n->op) {
	case PLAN_FIELD:
	case PLAN_INPUT:
	case PLAN_LITERAL:
		return 0;
	case PLAN_NEGATE:
	case PLAN_CALL:
		return nodes[n->a].levels;
	case PLAN_PIPE:
		return nodes[n->a].levels + nodes[n->b].levels;
	case PLAN_IF:
		levels = most(nodes[n->b].levels, nodes[n->c].levels);
		return most(nodes[n->a].levels, levels);
	case PLAN_ARRAY:
	case PLAN_OBJECT:
		for (unsigned i = 0; i < n->n; i++)
			levels = most(levels, nodes[plan->list[n->list + i]].levels);
		return levels + 1;
	default:
		return most(nodes[n->a].levels, nodes[n->b].levels);
	}
}

/* What a literal key prints as is known now. */
static void print_key(struct parser *p, struct plan_node *node)
{
	struct buf text = BUF_INIT;

	json_put_string(&text, node->literal.text.ptr, node->literal.text.len);
	buf_add_char(&text, ':');
	node->key = parser_keep(p, buf_slice(&text));
	buf_free(&text);
}

static unsigned add_list(struct parser *p, enum plan_op op, const unsigned list[], unsigned n)
{
	struct plan *pl = p->plan;
	struct plan_node node = {.op = op, .list = (unsigned)pl->nlist, .n = n};

	pl->list = mem_grow(pl->list, &pl->list_cap, pl->nlist + n, sizeof *pl->list);
	for (unsigned i = 0; i < n; i++) {
		pl->list[pl->nlist++] = list[i];
		if (op == PLAN_ARRAY || i % 2)
			continue;
		if (pl->nodes[list[i]].op == PLAN_LITERAL)
			print_key(p, &pl->nodes[list[i]]);
		else
			node.computed = true;
	}
	return parser_add(p, node);
}

/* A comma binds closer than a pipe: of [a, b | c] c gets both, of [a | b, c] b and c get a. */
unsigned parse_array(struct parser *p)
{
	unsigned list[LIST_MAX], n = 0;

	parser_advance(p);
	if (!token_is(&p->tok, "]")) {
		unsigned first = parse_expr(p, 0);
		bool piped = token_is(&p->tok, "|");

		list[n++] = piped ? parse_pipe_rest(p, first) : first;
		while (!piped && !p->outside && token_is(&p->tok, ",") && n < LIST_MAX) {
			parser_advance(p);
			list[n++] = parse_expr(p, 0);
		}
	}
	parser_expect(p, "]");
	return p->outside ? 0 : add_list(p, PLAN_ARRAY, list, n);
}

/* A member's value: before 1.7, a term (which an `if` is not) with minuses before it, or a pipe of them. */
static unsigned parse_member_value(struct parser *p)
{
	struct lexer ahead = p->lx;
	struct token first = p->tok;
	unsigned value;

	while (token_is(&first, "-"))
		first = lexer_next(&ahead);
	if (token_is(&first, "if"))
		p->plan->doubtful = true;
	value = parse_term(p, PRODUCT + 1);

	if (parser_at_operator(p)) {
		p->plan->doubtful = true;
		value = parse_binary(p, value, 0);
	}
	return token_is(&p->tok, "|") ? parse_pipe_rest(p, value) : value;
}

/* The member of that name of what `.` is. */
static unsigned add_member(struct parser *p, struct slice name)
{
	struct path path = p->at.path;

	if (p->at.computed || !path_add(&path, name))
		return parser_outside(p);
	return parser_field(p, &path);
}

/* name, "name", $name: a key that may stand alone; *value is then what it stands for. */
static unsigned parse_plain_key(struct parser *p, unsigned *value, bool *alone)
{
	struct slice name = p->tok.text;
	bool variable = p->tok.type == TOK_OTHER, keyword = false;

	if (variable) {
		*value = parse_variable(p);
		name = slice_of(name.ptr + 1, name.len - 1);
	} else if (p->tok.type == TOK_STRING) {
		if (!parser_string(p, &name))
			return parser_outside(p);
	} else if (p->tok.type == TOK_IDENT) {
		keyword = expr_is_keyword(name);
		parser_advance(p);
	} else {
		return parser_outside(p);
	}
	*alone = !token_is(&p->tok, ":");
	if (*alone ? keyword : variable)
		return parser_outside(p);
	p->plan->doubtful |= keyword; /* each version has its own */
	if (*alone && !variable)
		*value = add_member(p, name);
	return parser_literal(p, pval_string(name));
}

/* (E): the key; it must be a string, which a literal that is none never becomes. */
static unsigned parse_computed_key(struct parser *p)
{
	unsigned key = parse_group(p);
	const struct plan_node *node;

	if (p->outside)
		return 0;
	node = &p->plan->nodes[key];
	return node->op == PLAN_LITERAL && node->literal.type != PV_STRING ? parser_outside(p)
									   : key;
}

/* The place of the earlier literal key of the list that says the same; n: there is none. */
static unsigned find_key(const struct plan *plan, const unsigned list[], unsigned n, unsigned key)
{
	const struct plan_node *node = &plan->nodes[key];

	for (unsigned i = 0; i < n && node->op == PLAN_LITERAL; i += 2) {
		const struct plan_node *other = &plan->nodes[list[i]];
		if (other->op == PLAN_LITERAL && slice_eq(other->literal.text, node->literal.text))
			return i;
	}
	return n;
}

static bool parse_member(struct parser *p, unsigned list[], unsigned *n)
{
	bool alone = false;
	unsigned value = 0, key, at;

	if (*n == LIST_MAX)
		return false;
	key = token_is(&p->tok, "(") ? parse_computed_key(p) : parse_plain_key(p, &value, &alone);
	if (!p->outside && !alone && parser_expect(p, ":"))
		value = parse_member_value(p);
	if (p->outside)
		return false;
	at = find_key(p->plan, list, *n, key);
	if (at < *n) {
		/* It keeps its place; the value that goes may still fail, or be none. */
		list[at + 1] = parser_add(
			p, (struct plan_node){
				   .op = PLAN_IF, .a = list[at + 1], .b = value, .c = value});
		return !p->outside;
	}
	list[(*n)++] = key;
	list[(*n)++] = value;
	return true;
}

unsigned parse_object(struct parser *p)
{
	unsigned list[LIST_MAX], n = 0;

	do {
		parser_advance(p);
		if (n == 0 && token_is(&p->tok, "}"))
			break;
		if (!parse_member(p, list, &n))
			return parser_outside(p);
	} while (token_is(&p->tok, ","));
	parser_expect(p, "}");
	return p->outside ? 0 : add_list(p, PLAN_OBJECT, list, n);
}
