#include <stdlib.h>

#include "agg_impl.h"
#include "mem.h"

enum { WORD_MAX = 32 }; /* the longest unknown name for which a likely one is sought */

/* What is left of a SPEC. */
struct cursor {
	const char *p, *end;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_letter(char c)
{
	return (lower(c) >= 'a' && lower(c) <= 'z') || c == '_';
}

static struct slice trim(struct slice s)
{
	while (s.len && is_blank(s.ptr[0])) {
		s.ptr++;
		s.len--;
	}
	while (s.len && is_blank(s.ptr[s.len - 1]))
		s.len--;
	return s;
}

static void skip_blanks(struct cursor *c)
{
	while (c->p < c->end && is_blank(*c->p))
		c->p++;
}

static bool at(const struct cursor *c, char want)
{
	return c->p < c->end && *c->p == want;
}

/* --- Cutting at separators that jq's brackets and strings do not enclose --- */

static char bracket_of(char closing)
{
	return closing == ')' ? '(' : closing == ']' ? '[' : '{';
}

/*
 * Takes the byte at c->p into account: `open` holds what is open, a character each, '"' for a
 * string. In a string \( opens a bracket, and its end leads back into the string. False when the
 * byte closes what is not open.
 */
static bool nest(struct cursor *c, struct buf *open)
{
	char here = *c->p, inner = open->len ? open->data[open->len - 1] : '\0';

	if (inner == '"') {
		if (here == '"') {
			open->len--;
		} else if (here == '\\' && c->p + 1 < c->end) {
			c->p++;
			if (*c->p == '(')
				buf_add_char(open, '(');
		}
	} else if (here == '(' || here == '[' || here == '{' || here == '"') {
		buf_add_char(open, here);
	} else if (here == ')' || here == ']' || here == '}') {
		if (inner != bracket_of(here))
			return false;
		open->len--;
	}
	return true;
}

/* Takes what is before the first of `stops`, or before the end. 0, or -1 with the reason in why. */
static int take_until(struct cursor *c, const char *stops, struct slice *part, struct buf *why)
{
	const char *start = c->p;
	struct buf open = BUF_INIT;
	int rc = 0;

	for (; c->p < c->end; c->p++) {
		if (open.len == 0 && strchr(stops, *c->p))
			break;
		if (!nest(c, &open)) {
			buf_setf(why, "'%c' closes nothing", *c->p);
			rc = -1;
			break;
		}
	}
	if (rc == 0 && open.len) {
		buf_setf(why, "'%c' is not closed", open.data[open.len - 1]);
		rc = -1;
	}
	*part = slice_of(start, (size_t)(c->p - start));
	buf_free(&open);
	return rc;
}

/* --- Names --- */

/* Takes an identifier; with `dots` a name like p99.9 too. Empty when there is none. */
static struct slice take_name(struct cursor *c, bool dots)
{
	const char *start = c->p;

	while (c->p < c->end && (is_letter(*c->p) || (c->p > start && is_digit(*c->p)) ||
				 (dots && c->p > start && *c->p == '.')))
		c->p++;
	return slice_of(start, (size_t)(c->p - start));
}

/* Takes "NAME =" when it is there; == is not it. */
static struct slice take_result_name(struct cursor *c)
{
	struct cursor ahead = *c;
	struct slice name = take_name(&ahead, false);

	skip_blanks(&ahead);
	if (!name.len || !at(&ahead, '=') || (ahead.p + 1 < ahead.end && ahead.p[1] == '='))
		return slice_of(NULL, 0);
	ahead.p++;
	skip_blanks(&ahead);
	*c = ahead;
	return name;
}

/*
 * How many letters to insert, delete or change to make b of a, case aside (V. I. Levenshtein). Row
 * by row: row[j] is the distance from the first i letters of a to the first j of b.
 */
static size_t distance(struct slice a, struct slice b)
{
	size_t row[WORD_MAX + 1];

	for (size_t j = 0; j <= b.len; j++)
		row[j] = j;
	for (size_t i = 0; i < a.len; i++) {
		size_t diagonal = row[0];

		row[0] = i + 1;
		for (size_t j = 0; j < b.len; j++) {
			size_t best = diagonal + (lower(a.ptr[i]) != lower(b.ptr[j]));

			diagonal = row[j + 1];
			if (diagonal + 1 < best)
				best = diagonal + 1;
			if (row[j] + 1 < best)
				best = row[j] + 1;
			row[j + 1] = best;
		}
	}
	return row[b.len];
}

/* What other tools call it. */
static const struct {
	const char *theirs, *ours;
} synonyms[] = {
	{"mean", "avg"},
	{"average", "avg"},
	{"total", "sum"},
	{"variance", "var"},
	{"percentile", "p95"},
	{"quantile", "p95"},
	{"unique", "distinct"},
	{"array_agg", "collect"},
	{"list", "collect"},
	{"std", "stddev"},
	{"count_distinct", "distinct"},
	{"approx_count_distinct", "approx_distinct"},
	{"approx_median", "approx_p50"},
	{"approx_percentile", "approx_p95"},
	{"approx_quantile", "approx_p95"},
};

/* The name most like an unknown one, NULL when none is like it. */
static const char *nearest(struct slice name)
{
	const char *best = NULL;
	size_t least = 1 + name.len / 3;

	if (name.len > WORD_MAX)
		return NULL;
	for (size_t i = 0; i < sizeof(synonyms) / sizeof(synonyms[0]); i++) {
		if (distance(name, slice_str(synonyms[i].theirs)) == 0) /* but for case */
			return synonyms[i].ours;
	}
	for (size_t i = 0; i < agg_ops_n; i++) {
		size_t d = distance(name, slice_str(agg_ops[i].name));

		if (d < least || (d == least && !best)) {
			least = d;
			best = agg_ops[i].name;
		}
	}
	return best;
}

/* Is there a lone = before any bracket? Then what stands before it was meant as a NAME. */
static bool has_name(struct cursor c)
{
	const char *start = c.p;

	while (c.p < c.end && *c.p != '(' && *c.p != '=')
		c.p++;
	if (c.p == start || !at(&c, '=') || (c.p + 1 < c.end && c.p[1] == '='))
		return false;
	return !memchr("<>!", c.p[-1], 3);
}

static int refuse_function(struct slice fn, const struct cursor *rest, struct buf *why)
{
	const char *like = nearest(fn);

	if (has_name(*rest))
		buf_setf(why, "a NAME consists of letters, digits and _");
	else if (!fn.len)
		buf_setf(why, "a function is due, as in sum(price)");
	else
		buf_setf(why, "unknown function '%.*s'", (int)fn.len, fn.ptr);
	if (fn.len && like && !has_name(*rest))
		buf_addf(why, "; did you mean '%s'?", like);
	return -1;
}

/* --- One SPEC --- */

static int refuse_args(const struct agg *a, struct buf *why)
{
	buf_setf(why, "it is %s%s", a->op->name, a->op->args);
	return -1;
}

/* The literal before the programs, where the operation has one. */
static int take_literal(struct agg *a, struct cursor *c, struct buf *why)
{
	struct slice text;

	if (!a->op->literal)
		return 0;
	if (take_until(c, ";)", &text, why))
		return -1;
	text = trim(text);
	if (!at(c, ';'))
		return refuse_args(a, why);
	c->p++;
	if (!a->op->literal(text, &a->param)) {
		buf_setf(why, "'%.*s' will not do: %s%s has a whole number first, 1 or more",
			 (int)text.len, text.ptr, a->op->name, a->op->args);
		return -1;
	}
	return 0;
}

/* Takes the programs up to and with the closing bracket, which is there: the SPEC is balanced. */
static int take_programs(struct agg *a, struct cursor *c, struct buf *why)
{
	for (;;) {
		struct slice program, bare;
		bool last;

		if (take_until(c, ";)", &program, why))
			return -1;
		bare = trim(program);
		last = *c->p++ == ')';
		/* count() and SQL's count(*) are count. */
		if (last && a->nargs == 0 && a->op->min_args == 0 &&
		    (!bare.len || slice_is(bare, "*")))
			return 0;
		if (!bare.len || a->nargs == a->op->max_args)
			return refuse_args(a, why);
		a->args[a->nargs++] = mem_dup(program.ptr, program.len);
		if (last)
			return 0;
	}
}

static int take_call(struct agg *a, struct cursor *c, struct buf *why)
{
	const char *start = c->p;
	struct slice fn = take_name(c, true);

	a->op = agg_op_named(fn, &a->param);
	if (!a->op)
		return refuse_function(fn, c, why);
	a->call = mem_dup(start, fn.len);
	skip_blanks(c);
	if (at(c, '(')) {
		c->p++;
		if (take_literal(a, c, why) || take_programs(a, c, why))
			return -1;
		free(a->call);
		a->call = mem_dup(start, (size_t)(c->p - start));
	}
	return a->nargs < a->op->min_args ? refuse_args(a, why) : 0;
}

static int take_where(struct agg *a, struct cursor *c, struct buf *why)
{
	struct slice rest, program;

	skip_blanks(c);
	if (c->p == c->end)
		return 0;
	rest = slice_of(c->p, (size_t)(c->end - c->p));
	if (!slice_is(take_name(c, false), "where")) {
		buf_setf(why, "'%.*s' is not 'where EXPR'", (int)rest.len, rest.ptr);
		return -1;
	}
	program = trim(slice_of(c->p, (size_t)(c->end - c->p)));
	if (!program.len) {
		buf_setf(why, "'where' lacks its expression");
		return -1;
	}
	a->where = mem_dup(program.ptr, program.len);
	return 0;
}

static int take_spec(struct agg *a, struct slice spec, struct buf *why)
{
	struct cursor c = {spec.ptr, spec.ptr + spec.len};
	struct slice name = take_result_name(&c);

	if (!spec.len) {
		buf_setf(why, "an empty aggregate");
		return -1;
	}
	if (!name.len)
		name = spec;
	a->name = mem_dup(name.ptr, name.len);
	if (take_call(a, &c, why))
		return -1;
	return take_where(a, &c, why);
}

static int append(struct agglist *list, struct slice spec, struct buf *why)
{
	struct agg *a;

	list->v = mem_resize(list->v, list->n + 1, sizeof(*list->v));
	a = &list->v[list->n++];
	*a = (struct agg){.seed = list->seed, .offset = list->size};
	if (take_spec(a, spec, why))
		return -1;
	list->size += a->op->size;
	for (size_t i = 0; i + 1 < list->n; i++) {
		if (strcmp(list->v[i].name, a->name) == 0) {
			buf_setf(why, "two results have the name '%s': give one another, NAME=%s",
				 a->name, a->call);
			return -1;
		}
	}
	return 0;
}

static void truncate_to(struct agglist *list, size_t n, size_t size)
{
	while (list->n > n)
		agg_clear(&list->v[--list->n]);
	list->size = size;
}

int agglist_parse(struct agglist *list, const char *specs, struct buf *err)
{
	struct cursor c = {specs, specs + strlen(specs)};
	struct buf why = BUF_INIT;
	size_t n = list->n, size = list->size;
	bool more;
	int rc;

	do {
		struct slice spec;

		rc = take_until(&c, ",", &spec, &why);
		spec = trim(spec);
		if (rc == 0)
			rc = append(list, spec, &why);
		if (rc) {
			buf_setf(err, "%.*s%s%s", (int)spec.len, spec.ptr, spec.len ? ": " : "",
				 buf_str(&why));
			truncate_to(list, n, size);
		}
		more = at(&c, ',');
		c.p++;
	} while (rc == 0 && more);
	buf_free(&why);
	return rc;
}
