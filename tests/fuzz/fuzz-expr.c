/*
 * expr: any text as a program. What the native plan takes, libjq takes too, and on every record
 * both give the same, or both refuse it; over JSON lines and over CSV rows. Tokens cover the text.
 */
#include "fuzz.h"

#include "expr.h"
#include "expr_priv.h"

struct engine {
	struct exprset *set;
	struct expreval *ev;
	struct buf err;
};

static bool open_engine(struct engine *e, const char *program, enum expr_kind kind,
			const struct expr_conf *conf)
{
	struct expr_source src = {.text = program, .kind = kind};

	*e = (struct engine){.err = BUF_INIT};
	e->set = exprset_new(&src, 1, conf, &e->err);
	if (e->set)
		e->ev = expreval_new(e->set);
	else
		must(e->err.len, "no reason");
	return e->set != NULL;
}

static void close_engine(struct engine *e)
{
	expreval_free(e->ev);
	exprset_free(e->set);
	buf_free(&e->err);
}

/* --- What does not go through libjq --- */

static void check_tokens(const char *program)
{
	struct lexer lx = {program, 0, strlen(program)};
	size_t end = 0;
	struct token t;

	do {
		bool comment = false;

		t = lexer_next(&lx);
		for (; end < t.start; end++) {
			comment |= program[end] == '#';
			must(comment || strchr(" \t\r\n", program[end]), "'%c' is in no token",
			     program[end]);
			comment &= program[end] != '\n';
		}
		must(t.start == end && lx.pos >= end && lx.pos <= lx.len, "a token at %zu",
		     t.start);
		must(t.type == TOK_END || lx.pos > end, "an empty token at %zu", t.start);
		end = lx.pos;
	} while (t.type != TOK_END);
	must(end == lx.len, "tokens end at %zu", end);
}

static const struct slice columns[] = {
	{"a", 1}, {"price", 5}, {"type", 4}, {" x y", 4}, {"n", 1}, {"\xc3\xa9", 2},
};

enum { COLUMNS = sizeof columns / sizeof columns[0] };

static void check_rewrite(const char *program)
{
	struct fields fs = {.columns = columns, .ncolumns = COLUMNS};
	struct buf out = BUF_INIT, err = BUF_INIT;

	for (int whole = 0; whole < 2; whole++) {
		buf_clear(&err);
		if (columns_rewrite(&out, &fs, program, whole, &err) < 0)
			must(err.len, "no reason");
		else
			must(out.len, "nothing");
	}
	buf_free(&out);
	buf_free(&err);
}

/* --- What does --- */

/*
 * A text times a number is that many texts: with great numbers libjq would never come back. And
 * at most 15 digits are compared: a path keeps the text of a longer number, libjq 1.6 rounds it.
 */
static bool is_tame(struct slice s, bool repeats)
{
	unsigned digits = 0, most = repeats ? 2 : 15;

	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];

		if (c >= '0' && c <= '9')
			digits++;
		else if (repeats && digits && (c == 'e' || c == 'E'))
			return false;
		else if (repeats || c != '.')
			digits = 0;
		if (digits > most)
			return false;
	}
	return true;
}

static bool multiplies(const char *program)
{
	return strchr(program, '*') != NULL;
}

static unsigned count_products(const char *program)
{
	unsigned n = 0;

	for (; *program; program++)
		n += *program == '*' || *program == '/';
	return n;
}

static bool worth_running(const char *program)
{
	bool many = multiplies(program);

	return is_tame(slice_str(program), many) && (!many || count_products(program) <= 3);
}

/* The value, or "! reason". */
static void put_outcome(struct buf *out, int rc, const struct val *v, struct buf *err)
{
	buf_clear(out);
	if (rc == 0)
		val_put_json(out, v);
	else
		buf_addf(out, "! %s", buf_str(err));
	must(out->len > 2 || rc == 0, "no reason");
}

/* Both fail, or both give the same. */
static void must_agree(const struct buf *plan, const struct buf *jq, const char *program,
		       const char *record)
{
	bool failed = plan->data[0] == '!';

	must(failed == (jq->data[0] == '!') && (failed || strcmp(plan->data, jq->data) == 0),
	     "%s of %s is %s by the plan, %s by libjq", program, record, plan->data, jq->data);
}

static void compare_line(struct engine *plan, struct engine *jq, const char *program,
			 struct slice line)
{
	struct buf a = BUF_INIT, b = BUF_INIT;
	char *text = text_of(line);
	struct val v;

	if (is_tame(line, multiplies(program))) {
		put_outcome(&a, expreval_json(plan->ev, line, &v, &plan->err), &v, &plan->err);
		put_outcome(&b, expreval_json(jq->ev, line, &v, &jq->err), &v, &jq->err);
		must_agree(&a, &b, program, text);
		put_outcome(&a, expreval_text(plan->ev, line, &v, &plan->err), &v, &plan->err);
		put_outcome(&b, expreval_text(jq->ev, line, &v, &jq->err), &v, &jq->err);
		must_agree(&a, &b, program, text);
	}
	buf_free(&a);
	buf_free(&b);
	free(text);
}

static void check_lines(const char *program, enum expr_kind kind, struct slice line)
{
	static const char *const lines[] = {
		"{\"a\":1,\"b\":2,\"n\":-0.5,\"s\":\"x\",\"t\":true,"
		"\"o\":{\"a\":[1,2],\"b\":null}}",
		"{\"a\":\"a\",\"b\":\"\\u00e9\\n\",\"n\":1e1000,\"s\":\"\",\"t\":null}",
		"{\"a\":{\"b\":{\"c\":3},\"a\":1.50},\"b\":[],\"n\":0,\"n\":7}",
		"{\"a\":[1,[2]],\"b\":false,\"n\":-1e-7,\"o\":{\"b\":{}},"
		"\"x y\":\"\\ud83d\\ude00\"}",
		"{ \"b\" : 0.1 , \"a\" : 0.2 , \"n\" : 3 }",
		"{\"a\":5,\"b\":0,\"n\":-7,\"t\":false}",
		"null",
		"7",
		"\"a\"",
		"[1,2]",
		"{}",
		"NaN",
		"{\"a\":01}",
		"{\"a\":1",
		"{\"a\":1} 2",
	};
	struct expr_conf native = {.engine = EXPR_NATIVE}, libjq = {.engine = EXPR_JQ};
	struct engine plan, jq;

	if (open_engine(&plan, program, kind, &native) && worth_running(program)) {
		if (!open_engine(&jq, program, kind, &libjq))
			fuzz_fail(__FILE__, __LINE__, "only the plan takes %s: %s", program,
				  buf_str(&jq.err));
		for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
			compare_line(&plan, &jq, program, slice_str(lines[i]));
		if (line.len)
			compare_line(&plan, &jq, program, line);
		close_engine(&jq);
	}
	close_engine(&plan);
}

static void check_rows(const char *program, enum expr_kind kind)
{
	static const char *const rows[][COLUMNS] = {
		{"1", "2.50", "x", "y", "-3", "\xc3\xa9"},
		{"", "", "", "", "", ""},
		{"a", "1e3", "007", "null", "1.0", " 5"},
		{"0", "-0", "true", "\"q\"", "99", "{}"},
	};
	struct expr_conf native = {EXPR_NATIVE, columns, COLUMNS, NULL, 0},
			 libjq = {EXPR_JQ, columns, COLUMNS, NULL, 0};
	struct buf a = BUF_INIT, b = BUF_INIT;
	struct slice cells[COLUMNS];
	struct engine plan, jq;
	struct val v;

	if (open_engine(&plan, program, kind, &native) && worth_running(program)) {
		if (!open_engine(&jq, program, kind, &libjq))
			fuzz_fail(__FILE__, __LINE__, "only the plan takes %s: %s", program,
				  buf_str(&jq.err));
		for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
			for (size_t k = 0; k < COLUMNS; k++)
				cells[k] = slice_str(rows[i][k]);
			if (!is_tame(cells[1], multiplies(program)))
				continue;
			put_outcome(&a, expreval_row(plan.ev, cells, &v, &plan.err), &v, &plan.err);
			put_outcome(&b, expreval_row(jq.ev, cells, &v, &jq.err), &v, &jq.err);
			must_agree(&a, &b, program, rows[i][0]);
		}
		close_engine(&jq);
	}
	close_engine(&plan);
	buf_free(&a);
	buf_free(&b);
}

/* v, k or t: what the program is for, V or T: of a row; the program; on the next line a record. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, data + size};
	int letter = input_byte(&in);
	char *program = text_of(input_until(&in, '\n'));
	enum expr_kind kind = letter == 'k'                    ? EXPR_KEY
			      : letter == 't' || letter == 'T' ? EXPR_TEST
							       : EXPR_VALUE;

	check_tokens(program);
	check_rewrite(program);
	expr_default_name(program);
	if (letter == 'V' || letter == 'T')
		check_rows(program, kind);
	else
		check_lines(program, kind, input_rest(&in));
	free(program);
	return 0;
}
