#include "expr_priv.h"
#include "json.h"

/* Names that jq's grammar keeps for itself. */
bool expr_is_keyword(struct slice name)
{
	static const char *const words[] = {
		"and",  "or",   "not",    "if",      "then",    "elif",   "else",  "end",
		"def",  "as",   "reduce", "foreach", "try",     "catch",  "label", "import",
		"null", "true", "false",  "include", "__loc__", "module", NULL};

	for (const char *const *w = words; *w; w++) {
		if (slice_is(name, *w))
			return true;
	}
	return false;
}

static void put_lookup(struct buf *out, struct slice name)
{
	buf_add_str(out, "$__row[");
	json_put_string(out, name.ptr, name.len);
	buf_add_char(out, ']');
}

struct rewriter {
	const struct fields *fs;
	struct buf *out, *err;
	bool moved; /* from here on a path may start at something else than the row */
	bool failed;
};

static void no_column(struct rewriter *rw, struct slice name)
{
	buf_setf(rw->err, "no column '%.*s'", (int)name.len, name.ptr);
	rw->failed = true;
}

static void rewrite(struct rewriter *rw, const char *src, size_t len);

/* A string is kept; what its \( ) hold is a program of its own. */
static void rewrite_string(struct rewriter *rw, struct slice text)
{
	size_t from = 0;

	for (size_t i = 0; i + 1 < text.len; i++) {
		if (text.ptr[i] != '\\')
			continue;
		i++;
		if (text.ptr[i] != '(')
			continue;
		struct lexer inner = {text.ptr, i + 1, text.len};
		int depth = 1;
		buf_add(rw->out, text.ptr + from, i + 1 - from);
		from = i + 1;
		while (depth && inner.pos < inner.len) {
			struct token t = lexer_next(&inner);
			depth += token_is(&t, "(") - token_is(&t, ")");
		}
		rewrite(rw, text.ptr + from, inner.pos - 1 - from);
		from = inner.pos - 1;
		i = inner.pos - 1;
	}
	buf_add(rw->out, text.ptr + from, text.len - from);
}

/* {price} and {price: ...}: a key, not an expression. `open` holds the brackets around it. */
static bool is_object_key(const struct token *before, const struct token *after,
			  const struct buf *open)
{
	return open->len && open->data[open->len - 1] == '{' &&
	       (token_is(before, "{") || token_is(before, ",")) &&
	       (token_is(after, ":") || token_is(after, ",") || token_is(after, "}"));
}

static void note_bracket(struct buf *open, const struct token *t)
{
	if (t->type != TOK_OP || t->text.len != 1)
		return;
	if (strchr("([{", *t->text.ptr))
		buf_add_char(open, *t->text.ptr);
	else if (strchr(")]}", *t->text.ptr) && open->len)
		open->len--;
}

/* Does a term begin behind this token? Else a .name there belongs to the term before it. */
static bool begins_term(const struct token *before)
{
	static const char *const closers[] = {")", "]", "}", "?", "..", "end", NULL};

	if (!before->text.ptr)
		return true;
	for (const char *const *c = closers; *c; c++) {
		if (token_is(before, *c))
			return false;
	}
	return before->type == TOK_OP ||
	       (before->type == TOK_IDENT && expr_is_keyword(before->text));
}

/* A path that starts at the row must be a column: a misspelt name would be null in silence. */
static void check_path(struct rewriter *rw, const struct token *before, const struct token *t,
		       const struct token *after)
{
	struct slice name = t->text;

	if (rw->moved || !begins_term(before))
		return;
	if (t->type == TOK_DOT && after->type == TOK_STRING && !after->interpolated &&
	    !memchr(after->text.ptr, '\\', after->text.len))
		name = slice_of(after->text.ptr + 1, after->text.len - 2);
	else if (t->type != TOK_FIELD)
		return;
	if (fields_column(rw->fs, name) < 0)
		no_column(rw, name);
}

static bool moves_on(const struct token *t, const struct token *after)
{
	return token_is(t, "|") || token_is(t, "|=") || token_is(t, "as") || token_is(t, "def") ||
	       (t->type == TOK_IDENT && token_is(after, "("));
}

static void rewrite(struct rewriter *rw, const char *src, size_t len)
{
	struct lexer lx = {src, 0, len};
	struct token before = {0}, t = lexer_next(&lx);
	struct buf open = BUF_INIT;
	size_t done = 0;

	while (t.type != TOK_END && !rw->failed) {
		struct token after = lexer_next(&lx);
		size_t end = (size_t)(t.text.ptr - src) + t.text.len;
		buf_add(rw->out, src + done, t.start - done);
		note_bracket(&open, &t);
		if (t.type == TOK_IDENT && !expr_is_keyword(t.text) && !token_is(&after, "(") &&
		    fields_column(rw->fs, t.text) >= 0 && !is_object_key(&before, &after, &open))
			put_lookup(rw->out, t.text);
		else if (t.type == TOK_STRING && t.interpolated)
			rewrite_string(rw, t.text);
		else
			buf_add(rw->out, src + t.start, end - t.start);
		check_path(rw, &before, &t, &after);
		rw->moved |= moves_on(&t, &after);
		done = end;
		before = t;
		t = after;
	}
	buf_add(rw->out, src + done, len - done);
	buf_free(&open);
}

/* Is the program a bare name, but for blanks and comments around it? */
static bool is_name(const char *src, struct slice *name)
{
	struct lexer lx = {src, 0, strlen(src)};
	struct token t = lexer_next(&lx), rest = lexer_next(&lx);

	*name = t.text;
	return t.type == TOK_IDENT && rest.type == TOK_END && !expr_is_keyword(t.text);
}

int columns_rewrite(struct buf *out, const struct fields *fs, const char *src, bool whole,
		    struct buf *err)
{
	struct rewriter rw = {.fs = fs, .out = out, .err = err};
	struct slice name;
	int column = whole ? fields_whole(fs, src) : -1;

	if (column >= 0) {
		buf_add_str(out, ".[");
		json_put_string(out, fs->columns[column].ptr, fs->columns[column].len);
		buf_add_char(out, ']');
		return 0;
	}
	if (whole && is_name(src, &name) && fields_column(fs, name) < 0) {
		no_column(&rw, name);
		return -1;
	}
	buf_add_str(out, ". as $__row | ");
	rewrite(&rw, src, strlen(src));
	return rw.failed ? -1 : 0;
}

void columns_explain(struct buf *err)
{
	static const char unknown[] = "/0 is not defined";
	struct buf why = BUF_INIT;
	size_t n = strcspn(buf_str(err), "/ :");

	if (strncmp(buf_str(err) + n, unknown, sizeof unknown - 1) != 0)
		return;
	buf_addf(&why, "no column '%.*s', and no function of jq", (int)n, err->data);
	buf_free(err);
	*err = why;
}
