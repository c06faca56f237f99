#include "expr_priv.h"

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_name_start(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_name(char c)
{
	return is_name_start(c) || is_digit(c);
}

static char at(const struct lexer *lx, size_t i)
{
	return i < lx->len ? lx->src[i] : '\0';
}

/* A string this deep in the \( ) of others is taken to have no end. */
enum { STRING_DEPTH = 100 };

static size_t skip_string(const struct lexer *lx, size_t i, int depth, bool *interpolated);

/* Behind the parenthesis that closes \( ; strings inside may hold others. */
static size_t skip_interpolation(const struct lexer *lx, size_t i, int depth)
{
	bool ignored;
	int open = 1;

	while (i < lx->len && open) {
		if (lx->src[i] == '"') {
			i = skip_string(lx, i, depth + 1, &ignored);
			continue;
		}
		open += (lx->src[i] == '(') - (lx->src[i] == ')');
		i++;
	}
	return i;
}

/*
 * i is at the opening quote of a string in `depth` others; returns the place behind the closing one,
 * or past the end when there is none.
 */
static size_t skip_string(const struct lexer *lx, size_t i, int depth, bool *interpolated)
{
	for (i++; i < lx->len && depth < STRING_DEPTH; i++) {
		if (lx->src[i] == '"')
			return i + 1;
		if (lx->src[i] != '\\')
			continue;
		if (at(lx, ++i) == '(') {
			*interpolated = true;
			i = skip_interpolation(lx, i + 1, depth) - 1;
		}
	}
	return lx->len + 1;
}

/* jq's own number grammar: digits with an optional point and exponent. */
static size_t skip_number(const struct lexer *lx, size_t i)
{
	size_t e;

	while (is_digit(at(lx, i)))
		i++;
	if (at(lx, i) == '.')
		for (i++; is_digit(at(lx, i));)
			i++;
	if (at(lx, i) != 'e' && at(lx, i) != 'E')
		return i;
	e = i + 1;
	if (at(lx, e) == '+' || at(lx, e) == '-')
		e++;
	if (!is_digit(at(lx, e)))
		return i;
	while (is_digit(at(lx, e)))
		e++;
	return e;
}

static size_t skip_name(const struct lexer *lx, size_t i)
{
	while (is_name(at(lx, i)) ||
	       (at(lx, i) == ':' && at(lx, i + 1) == ':' && is_name_start(at(lx, i + 2))))
		i += at(lx, i) == ':' ? 2 : 1;
	return i;
}

static size_t skip_operator(const struct lexer *lx, size_t i)
{
	static const char *const longer[] = {"?//=", "?//", "//=", "==", "!=", "<=", ">=", "//",
					     "|=",   "+=",  "-=",  "*=", "/=", "%=", "..", NULL};

	for (const char *const *op = longer; *op; op++) {
		size_t n = strlen(*op);
		if (lx->len - i >= n && memcmp(lx->src + i, *op, n) == 0)
			return i + n;
	}
	return i + 1;
}

static void skip_blank(struct lexer *lx)
{
	for (;;) {
		while (lx->pos < lx->len && is_space(lx->src[lx->pos]))
			lx->pos++;
		if (at(lx, lx->pos) != '#')
			return;
		while (lx->pos < lx->len && lx->src[lx->pos] != '\n')
			lx->pos++;
	}
}

struct token lexer_next(struct lexer *lx)
{
	struct token t = {0};
	size_t i, end, skip = 0;
	char c;

	skip_blank(lx);
	i = lx->pos;
	t.start = i;
	if (i >= lx->len) {
		t.type = TOK_END;
		t.text = slice_of(lx->src + lx->len, 0);
		return t;
	}
	c = lx->src[i];
	if (c == '"') {
		t.type = TOK_STRING;
		end = skip_string(lx, i, 0, &t.interpolated);
		if (end > lx->len) {
			t.type = TOK_OTHER;
			end = lx->len;
		}
	} else if (is_digit(c) || (c == '.' && is_digit(at(lx, i + 1)))) {
		t.type = TOK_NUMBER;
		end = skip_number(lx, i);
	} else if (is_name_start(c)) {
		t.type = TOK_IDENT;
		end = skip_name(lx, i);
	} else if (c == '.' && is_name_start(at(lx, i + 1))) {
		t.type = TOK_FIELD;
		for (end = i + 1; is_name(at(lx, end));)
			end++;
		skip = 1;
	} else if (c == '.' && at(lx, i + 1) != '.') {
		t.type = TOK_DOT;
		end = i + 1;
	} else {
		t.type = strchr("$@", c) ? TOK_OTHER : TOK_OP;
		end = t.type == TOK_OP ? skip_operator(lx, i) : skip_name(lx, i + 1);
	}
	t.text = slice_of(lx->src + i + skip, end - i - skip);
	lx->pos = end;
	return t;
}

bool token_is(const struct token *t, const char *op)
{
	return (t->type == TOK_OP || t->type == TOK_IDENT) && slice_is(t->text, op);
}

struct slice expr_default_name(const char *program)
{
	struct lexer lx = {program, 0, strlen(program)};
	struct slice name = slice_str("key");
	struct token t, before = {0};

	for (t = lexer_next(&lx); t.type != TOK_END; t = lexer_next(&lx)) {
		if (t.type == TOK_FIELD)
			name = t.text;
		else if (t.type == TOK_STRING && before.type == TOK_DOT && !t.interpolated &&
			 !memchr(t.text.ptr, '\\', t.text.len))
			name = slice_of(t.text.ptr + 1, t.text.len - 2);
		else if (t.type != TOK_DOT && !token_is(&t, "?"))
			return slice_str("key");
		before = t;
	}
	return name;
}
