/* Programs of the native subset, most of them with operands of the right types. */
#include "maker.h"

#include <stdlib.h>

#include "mem.h"

const char *const construct_names[CONSTRUCTS] = {
	[USES_DOT] = ".",
	[USES_PATH] = ".a.b",
	[USES_INDEX] = ".[0]",
	[USES_TRY] = ".a?",
	[USES_PIPE] = "|",
	[USES_LITERAL] = "literals",
	[USES_COMPARISON] = "== < ...",
	[USES_AND_OR] = "and or",
	[USES_NOT] = "not",
	[USES_SUM] = "+ -",
	[USES_PRODUCT] = "* /",
	[USES_MODULO] = "%",
	[USES_MINUS] = "-x",
	[USES_CONCAT] = "+ of strings",
	[USES_ALTERNATIVE] = "//",
	[USES_OBJECT] = "{}",
	[USES_ARRAY] = "[]",
	[USES_SELECT] = "select",
	[USES_TONUMBER] = "tonumber",
	[USES_TOSTRING] = "tostring",
	[USES_LENGTH] = "length",
	[USES_AFFIX] = "startswith ...",
	[USES_CASE] = "ascii_upcase ...",
	[USES_TODATE] = "todate",
	[USES_FROMDATE] = "fromdate",
	[USES_STRFTIME] = "strftime",
	[USES_IF] = "if",
	[USES_VARIABLE] = "$name",
};

/* From loose to tight, as in jq's grammar. */
enum level { PIPE, ALTERNATIVE, OR, AND, COMPARISON, SUM, PRODUCT, TERM };

/* A blank where none is needed. */
static void blank(struct maker *m)
{
	static const char *const blanks[] = {" ", " ", "  ", "\t", "\n", " # \"not\" (code\n"};

	if (percent(m->r, 60))
		put(m, percent(m->r, 90) ? " " : ANY(m->r, blanks));
}

/* An operator or a word, with blanks around it. */
static void word(struct maker *m, const char *text)
{
	put(m, " ");
	put(m, text);
	put(m, " ");
}

static void expression(struct maker *m, enum type type, int depth, enum level level);

/* --- Operators --- */

static void two(struct maker *m, const char *op, enum type a, enum type b, int depth,
		enum level left, enum level right)
{
	expression(m, a, depth, left);
	if (op[0] >= 'a' || strcmp(op, "//") == 0) {
		word(m, op);
	} else {
		blank(m);
		put(m, op);
		blank(m);
	}
	expression(m, b, depth, right);
}

static void sum(struct maker *m, enum type type, int depth)
{
	(void)type;
	uses(m, USES_SUM);
	two(m, percent(m->r, 50) ? "+" : "-", NUMBER, NUMBER, depth, SUM, PRODUCT);
}

static void product(struct maker *m, enum type type, int depth)
{
	(void)type;
	uses(m, USES_PRODUCT);
	m->strict++;
	two(m, percent(m->r, 60) ? "*" : "/", NUMBER, NUMBER, depth, PRODUCT, TERM);
	m->strict--;
}

/* By -1 libjq divides the least integer, which is the processor's end of it: not by fields. */
static void modulo(struct maker *m, enum type type, int depth)
{
	static const char *const divisors[] = {"2", "3", "7", "10", "5.9", "1e3", "1e10"};

	(void)type;
	uses(m, USES_MODULO);
	expression(m, NUMBER, depth, PRODUCT);
	word(m, "%");
	put(m, ANY(m->r, divisors));
}

static void minus(struct maker *m, enum type type, int depth)
{
	(void)type;
	uses(m, USES_MINUS);
	put(m, "-");
	expression(m, NUMBER, depth, TERM);
}

static void concat(struct maker *m, enum type type, int depth)
{
	(void)type;
	uses(m, USES_CONCAT);
	two(m, "+", STRING, STRING, depth, SUM, PRODUCT);
}

static void comparison(struct maker *m, enum type type, int depth)
{
	static const char *const ops[] = {"==", "!=", "<", "<=", ">", ">="};
	enum type of = percent(m->r, 90) ? below(m->r, BOOLEAN + 1) : below(m->r, TYPES);

	(void)type;
	uses(m, USES_COMPARISON);
	two(m, ANY(m->r, ops), of, of, depth, SUM, SUM);
}

static void and_(struct maker *m, enum type type, int depth)
{
	(void)type;
	uses(m, USES_AND_OR);
	two(m, "and", BOOLEAN, BOOLEAN, depth, AND, COMPARISON);
}

static void or_(struct maker *m, enum type type, int depth)
{
	(void)type;
	uses(m, USES_AND_OR);
	two(m, "or", BOOLEAN, BOOLEAN, depth, OR, AND);
}

static void alternative(struct maker *m, enum type type, int depth)
{
	uses(m, USES_ALTERNATIVE);
	two(m, "//", type, type, depth, OR, ALTERNATIVE);
}

/* --- Pipes --- */

/* Behind a pipe `.` is a value of this type. */
static void into(struct maker *m, enum type input, enum type type, int depth)
{
	bool record = m->record;
	enum type before = m->input;

	blank(m);
	put(m, "|");
	blank(m);
	m->record = false;
	m->input = input;
	expression(m, type, depth, PIPE);
	m->record = record;
	m->input = before;
}

static void piped(struct maker *m, enum type type, int depth)
{
	enum type input = below(m->r, BOOLEAN + 1);

	uses(m, USES_PIPE);
	expression(m, input, depth, ALTERNATIVE);
	into(m, input, type, depth);
}

static void pipe_(struct maker *m, enum construct c, const char *function)
{
	uses(m, USES_PIPE);
	uses(m, c);
	blank(m);
	put(m, "|");
	blank(m);
	put(m, function);
}

/* EXPRESSION | FUNCTION */
static void call(struct maker *m, enum construct c, enum type of, const char *function, int depth)
{
	expression(m, of, depth, ALTERNATIVE);
	pipe_(m, c, function);
}

/* TIME | FUNCTION: libjq 1.6 is aborted by a time that has no year, so none is computed. */
static void call_time(struct maker *m, enum construct c, const char *function)
{
	bool before = m->small;

	m->small = true;
	if (m->record)
		put_path(m, percent(m->r, 90) ? NUMBER : STRING);
	else
		put_literal(m, percent(m->r, 90) ? NUMBER : STRING);
	m->small = before;
	pipe_(m, c, function);
}

static void not_(struct maker *m, enum type type, int depth)
{
	(void)type;
	call(m, USES_NOT, BOOLEAN, "not", depth);
}

static void tonumber(struct maker *m, enum type type, int depth)
{
	(void)type;
	call(m, USES_TONUMBER, percent(m->r, 80) ? STRING : NUMBER, "tonumber", depth);
}

static void tostring(struct maker *m, enum type type, int depth)
{
	(void)type;
	call(m, USES_TOSTRING, below(m->r, TYPES), "tostring", depth);
}

static void length(struct maker *m, enum type type, int depth)
{
	static const enum type of[] = {STRING, STRING, STRING, NUMBER, ARRAY, ARRAY, OBJECT};

	(void)type;
	call(m, USES_LENGTH, ANY(m->r, of), "length", depth);
}

static void letter_case(struct maker *m, enum type type, int depth)
{
	(void)type;
	call(m, USES_CASE, STRING, percent(m->r, 50) ? "ascii_downcase" : "ascii_upcase", depth);
}

static void affix(struct maker *m, enum type type, int depth)
{
	static const char *const names[] = {"startswith(", "endswith(", "contains("};

	(void)type;
	call(m, USES_AFFIX, STRING, ANY(m->r, names), depth);
	put_literal(m, STRING);
	put(m, ")");
}

static void todate(struct maker *m, enum type type, int depth)
{
	(void)type;
	(void)depth;
	call_time(m, USES_TODATE, "todate");
}

static void fromdate(struct maker *m, enum type type, int depth)
{
	(void)type;
	(void)depth;
	put(m, m->record && !m->rows ? ".date" : "\"2025-04-21T14:07:59Z\"");
	pipe_(m, USES_FROMDATE, "fromdate");
}

static void strftime_(struct maker *m, enum type type, int depth)
{
	static const char *const formats[] = {
		"\"%Y-%m-%d\"",
		"\"%H:%M:%S\"",
		"\"%Y-%m-%dT%H:%M:%SZ\"",
		"\"%A %d %B %Y\"",
		"\"%j\"",
		"\"%s\"",
		"\"%Z %z\"",
		"\"%G-W%V-%u\"",
		"\"%%\"",
		"\"\"",
		"\"day \xc3\xa9 %e\"",
		"\"%Y%\"",
		"\"%Q\"",
		"\"%c\"",
		"\"%D %T\"",
		"\"%p %I\"",
		"\"%y%C%U%W%w\"",
		"\"%Y-%m\"",
		"\"%F\\n%R\"",
		"\"\\u0025Y\"",
	};

	(void)type;
	(void)depth;
	call_time(m, USES_STRFTIME, "strftime(");
	put(m, ANY(m->r, formats));
	put(m, ")");
}

static void select_(struct maker *m, enum type type, int depth)
{
	uses(m, USES_PIPE);
	uses(m, USES_SELECT);
	put(m, "select(");
	expression(m, BOOLEAN, depth, PIPE);
	put(m, ")");
	blank(m);
	put(m, "|");
	blank(m);
	expression(m, type, depth, PIPE);
}

/* --- Terms --- */

static void if_(struct maker *m, enum type type, int depth)
{
	uses(m, USES_IF);
	put(m, "if ");
	expression(m, BOOLEAN, depth, PIPE);
	word(m, "then");
	expression(m, type, depth, PIPE);
	while (percent(m->r, 20)) {
		word(m, "elif");
		expression(m, BOOLEAN, depth, PIPE);
		word(m, "then");
		expression(m, type, depth, PIPE);
	}
	if (percent(m->r, 98)) { /* without it libjq takes it from 1.7 on */
		word(m, "else");
		expression(m, type, depth, PIPE);
	}
	put(m, " end");
}

/* A key that stands for a field too, or for a variable. */
static void short_member(struct maker *m)
{
	static const char *const names[] = {"n",     "user", "event", "ok",   "\"x y\"",
					    "\"s\"", "$v",   "$n",    "tags", "missing"};

	put(m, ANY(m->r, names));
}

static void member(struct maker *m, int depth)
{
	static const char *const keys[] = {"a",    "b",          "c",       "total",
					   "if",   "and",        "\"b c\"", "\"\xc3\xa9\"",
					   "\"\"", "\"\\u0061\""};

	if (m->record && !m->rows && percent(m->r, 25)) {
		short_member(m);
		return;
	}
	if (percent(m->r, 10)) {
		put(m, "(");
		expression(m, STRING, depth, PIPE);
		put(m, ")");
	} else {
		put(m, ANY(m->r, keys));
	}
	put(m, ":");
	blank(m);
	expression(m, below(m->r, TYPES), depth, TERM);
}

static void object(struct maker *m, enum type type, int depth)
{
	uint32_t n = below(m->r, 5);

	(void)type;
	uses(m, USES_OBJECT);
	put(m, "{");
	for (uint32_t i = 0; i < n; i++) {
		put(m, i ? "," : "");
		blank(m);
		member(m, depth);
		blank(m);
	}
	put(m, "}");
}

static void array(struct maker *m, enum type type, int depth)
{
	uint32_t n = below(m->r, 5);

	(void)type;
	uses(m, USES_ARRAY);
	put(m, "[");
	for (uint32_t i = 0; i < n; i++) {
		put(m, i ? "," : "");
		blank(m);
		expression(m, below(m->r, TYPES), depth, ALTERNATIVE);
	}
	put(m, "]");
}

/* --- The grammar --- */

static const struct rule {
	unsigned types; /* a bit for each that it can give */
	unsigned weight;
	enum level level;
	void (*make)(struct maker *, enum type, int depth);
} rules[] = {
#define OF(type) (1u << (type))
	{OF(NUMBER), 8, SUM, sum},
	{OF(NUMBER), 8, PRODUCT, product},
	{OF(NUMBER), 3, PRODUCT, modulo},
	{OF(NUMBER), 3, PRODUCT, minus},
	{OF(NUMBER), 4, PIPE, tonumber},
	{OF(NUMBER), 6, PIPE, length},
	{OF(NUMBER), 2, PIPE, fromdate},
	{OF(STRING), 8, SUM, concat},
	{OF(STRING), 6, PIPE, tostring},
	{OF(STRING), 6, PIPE, letter_case},
	{OF(STRING), 3, PIPE, todate},
	{OF(STRING), 3, PIPE, strftime_},
	{OF(BOOLEAN), 16, COMPARISON, comparison},
	{OF(BOOLEAN), 5, AND, and_},
	{OF(BOOLEAN), 5, OR, or_},
	{OF(BOOLEAN), 4, PIPE, not_},
	{OF(BOOLEAN), 6, PIPE, affix},
	{OF(OBJECT), 24, TERM, object},
	{OF(ARRAY), 12, TERM, array},
	{~0u, 4, ALTERNATIVE, alternative},
	{~0u, 3, TERM, if_},
	{~0u, 2, PIPE, piped},
	{~0u, 1, PIPE, select_},
};

static const struct rule *choose(struct maker *m, enum type type)
{
	unsigned total = 0;
	uint32_t dice;

	for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
		total += rules[i].types & OF(type) ? rules[i].weight : 0;
	dice = below(m->r, total);
	for (const struct rule *rule = rules;; rule++) {
		if (!(rule->types & OF(type)))
			continue;
		if (dice < rule->weight)
			return rule;
		dice -= rule->weight;
	}
}

static void add_span(struct maker *m, size_t start)
{
	struct program *p = m->p;

	p->spans = mem_grow(p->spans, &p->cap, p->nspans + 1, sizeof *p->spans);
	p->spans[p->nspans++] = (struct span){start, p->text.len, m->strict > 0};
}

static void expression(struct maker *m, enum type type, int depth, enum level level)
{
	size_t start = m->p->text.len;

	if (!m->strict && percent(m->r, 2))
		type = below(m->r, TYPES);
	if (depth <= 0 || percent(m->r, 25)) {
		put_leaf(m, type);
	} else {
		const struct rule *rule = choose(m, type);
		bool group = rule->level < level || percent(m->r, 3);

		put(m, group ? "(" : "");
		rule->make(m, type, depth - 1);
		put(m, group ? ")" : "");
	}
	add_span(m, start);
}

/* Takes bytes out or puts others in: most such programs are none, which both engines must say. */
static void spoil(struct program *p, struct rng *r)
{
	static const char *const bits[] = {
		" ",     ".",  "?",  "[",   "]",   "(",        ")",  "{",     "}",
		",",     ":",  "|",  "1",   "e5",  "not",      "//", "null",  "true",
		"\"a\"", "$",  "$v", "==",  "and", "-",        "#",  "\n",    "\\(",
		"\"",    "\r", ".a", "[0]", ";",   "tostring", "..", "@text", "::",
	};
	struct buf text = BUF_INIT;
	size_t at = below(r, (uint32_t)p->text.len + 1), gone = below(r, 3);

	if (gone > p->text.len - at)
		gone = p->text.len - at;
	buf_add(&text, p->text.data, at);
	if (percent(r, 70))
		buf_add_str(&text, ANY(r, bits));
	buf_add_str(&text, p->text.data + at + gone);
	buf_free(&p->text);
	p->text = text;
	p->spoiled = true;
	p->nspans = 0;
}

void program_make(struct program *p, struct rng *r, bool rows)
{
	struct maker m = {.p = p, .r = r, .rows = rows, .record = true};
	static const enum type tops[] = {NUMBER, STRING, BOOLEAN, BOOLEAN, BOOLEAN,
					 OBJECT, OBJECT, OBJECT,  OBJECT,  ARRAY};

	*p = (struct program){.text = BUF_INIT};
	expression(&m, ANY(r, tops), 1 + (int)below(r, 4), PIPE);
	/* What multiplies or divides has to keep to the grammar. */
	if (percent(r, 8) && !program_uses(p, USES_PRODUCT) && !program_uses(p, USES_MODULO))
		spoil(p, r);
}

void program_free(struct program *p)
{
	buf_free(&p->text);
	free(p->spans);
}
