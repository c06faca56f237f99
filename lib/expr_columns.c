#include "expr_priv.h"
#include "json.h"

/* Names that jq's grammar keeps for itself. */
static bool is_keyword(struct slice name)
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

/* {price} and {price: ...}: a key, not an expression. */
static bool is_object_key(const struct token *before, const struct token *after, int braces)
{
	return braces && (token_is(before, "{") || token_is(before, ",")) &&
	       (token_is(after, ":") || token_is(after, ",") || token_is(after, "}"));
}

static void rewrite(struct rewriter *rw, const char *src, size_t len)
{
	struct lexer lx = {src, 0, len};
	struct token before = {0}, t = lexer_next(&lx);
	size_t done = 0;
	int braces = 0;

	while (t.type != TOK_END && !rw->failed) {
		struct token after = lexer_next(&lx);
		size_t end = (size_t)(t.text.ptr - src) + t.text.len;
		buf_add(rw->out, src + done, t.start - done);
		braces += token_is(&t, "{") - token_is(&t, "}");
		if (t.type == TOK_IDENT && !is_keyword(t.text) && !token_is(&after, "(") &&
		    fields_column(rw->fs, t.text) >= 0 && !is_object_key(&before, &after, braces))
			put_lookup(rw->out, t.text);
		else if (t.type == TOK_STRING && t.interpolated)
			rewrite_string(rw, t.text);
		else
			buf_add(rw->out, src + t.start, end - t.start);
		/* A path that starts at the row is a column; behind a term it may be anything. */
		if (t.type == TOK_FIELD && !before.text.ptr && fields_column(rw->fs, t.text) < 0)
			no_column(rw, t.text);
		done = end;
		before = t;
		t = after;
	}
	buf_add(rw->out, src + done, len - done);
}

static bool is_name(const char *src)
{
	struct lexer lx = {src, 0, strlen(src)};
	struct token t = lexer_next(&lx), rest = lexer_next(&lx);

	return t.type == TOK_IDENT && rest.type == TOK_END && !is_keyword(t.text);
}

int columns_rewrite(struct buf *out, const struct fields *fs, const char *src, bool whole,
		    struct buf *err)
{
	struct rewriter rw = {.fs = fs, .out = out, .err = err};

	int column = whole ? fields_whole(fs, src) : -1;

	if (column >= 0) {
		buf_add_str(out, ".[");
		json_put_string(out, fs->columns[column].ptr, fs->columns[column].len);
		buf_add_char(out, ']');
		return 0;
	}
	if (whole && is_name(src)) {
		no_column(&rw, slice_str(src));
		return -1;
	}
	buf_add_str(out, ". as $__row | ");
	rewrite(&rw, src, strlen(src));
	return rw.failed ? -1 : 0;
}
