#include "expr.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libjq.h"
#include "mem.h"
#include "tap.h"

static uint64_t random_state = 1;

/* D. E. Knuth's MMIX generator. */
static uint32_t random_below(uint32_t n)
{
	random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(random_state >> 32) % n;
}

static bool one_in(uint32_t n)
{
	return random_below(n) == 0;
}

#define ANY(array) ((array)[random_below(sizeof(array) / sizeof((array)[0]))])

/* --- One program and its evaluator --- */

struct engine {
	struct exprset *set;
	struct expreval *ev;
	struct buf err;
};

static bool open_engine(struct engine *e, const char *text, enum expr_kind kind,
			const struct expr_conf *conf)
{
	struct expr_source src = {.text = text, .kind = kind};

	*e = (struct engine){.err = BUF_INIT};
	e->set = exprset_new(&src, 1, conf, &e->err);
	if (e->set)
		e->ev = expreval_new(e->set);
	return e->set != NULL;
}

static void close_engine(struct engine *e)
{
	expreval_free(e->ev);
	exprset_free(e->set);
	buf_free(&e->err);
}

/* An evaluation as text: the value, or "! reason". */
static void put_outcome(struct buf *out, int rc, const struct val *v, struct buf *err)
{
	buf_clear(out);
	if (rc == 0)
		val_put_json(out, v);
	else
		buf_addf(out, "! %s", buf_str(err));
}

/* A `want` that ends in ... is how the text begins: versions of libjq word things differently. */
static void is_text_like(struct buf *got, const char *want, const char *what)
{
	size_t n = strlen(want);
	bool begins = n > 3 && strcmp(want + n - 3, "...") == 0;

	if (begins && strncmp(buf_str(got), want, n - 3) == 0)
		ok(true, "%s", what);
	else
		is_str(buf_str(got), want, what);
}

static void eval_line(struct engine *e, struct slice line, struct buf *out)
{
	struct val v;
	int rc = expreval_json(e->ev, line, &v, &e->err);

	put_outcome(out, rc, &v, &e->err);
}

/* What a program makes of a line; a program that does not compile gives "! reason" too. */
static void is_value(enum expr_kind kind, const char *text, const char *line, const char *want)
{
	struct expr_conf conf = {.engine = EXPR_AUTO};
	struct buf out = BUF_INIT, what = BUF_INIT;
	struct engine e;

	buf_addf(&what, "%s of %s", text, line);
	if (open_engine(&e, text, kind, &conf))
		eval_line(&e, slice_str(line), &out);
	else
		put_outcome(&out, -1, NULL, &e.err);
	is_text_like(&out, want, what.data);
	close_engine(&e);
	buf_free(&out);
	buf_free(&what);
}

/* As the linked libjq prints a text: 1.0 as 1 or as 1.0. */
static struct buf printed_by_libjq(const char *text)
{
	struct buf out = BUF_INIT;
	struct libjq l;

	libjq_open(&l, ".");
	libjq_run(&l, text, "", &out);
	libjq_close(&l);
	return out;
}

/* --- Random records --- */

/*
 * At most 15 digits: of longer numbers a bare path keeps the text, which libjq 1.6 rounds. That
 * difference is meant.
 */
static const char *const numbers[] = {
	"0",      "1",       "2",        "3",         "7",        "10",
	"-1",     "-2.5",    "0.1",      "0.2",       "0.3",      "1.0",
	"100",    "1e3",     "1E-7",     "-0",        "0.0",      "-0.0",
	"1e1000", "-1e1000", "1e-400",   "5e-324",    "1e22",     "1.5e300",
	"1e30",   "1e40",    "0.000001", "123456789", "1e15",     "123456789012345",
	"1e-20",  "3.14159", "1e14",     "0.00001",   "12345.67", "999999999999999",
};

static const char *const strings[] = {
	"\"\"",          "\"a\"",
	"\"b\"",         "\"ab\"",
	"\"\xc3\xa9\"",  "\"\\u00e9\"",
	"\"\\n\"",       "\"x\\\"y\\\\z\\/\"",
	"\"\\u0000\"",   "\"\x7f\"",
	"\"1\"",         "\"\\ud83d\\ude00\"",
	"\"\\ud800 x\"", "\"longer, with blanks\"",
};

static const char *const keys[] = {
	"\"a\"",       "\"a\"", "\"b\"", "\"b\"",        "\"c\"",         "\"x y\"",
	"\"\\u0061\"", "\"n\"", "\"s\"", "\"\xc3\xa9\"", "\"\\u0078 y\"", "\"\"",
};

static void put_blank(struct buf *b)
{
	static const char *const blanks[] = {"", "", "", "", "", " ", "\t", "  ", "\r"};

	buf_add_str(b, ANY(blanks));
}

static void put_random_value(struct buf *b, unsigned depth);

static void put_random_object(struct buf *b, unsigned depth)
{
	unsigned n = random_below(6);

	buf_add_char(b, '{');
	for (unsigned i = 0; i < n; i++) {
		buf_add_str(b, i ? "," : "");
		put_blank(b);
		buf_add_str(b, ANY(keys));
		put_blank(b);
		buf_add_char(b, ':');
		put_blank(b);
		put_random_value(b, depth);
		put_blank(b);
	}
	buf_add_char(b, '}');
}

static void put_random_array(struct buf *b, unsigned depth)
{
	unsigned n = random_below(4);

	buf_add_char(b, '[');
	for (unsigned i = 0; i < n; i++) {
		buf_add_str(b, i ? ", " : "");
		put_random_value(b, depth);
	}
	buf_add_char(b, ']');
}

static void put_random_value(struct buf *b, unsigned depth)
{
	static const char *const words[] = {"null", "true", "false", "null", "NaN", "nan", "01"};
	uint32_t kind = random_below(depth ? 12 : 8);

	if (kind < 4)
		buf_add_str(b, ANY(numbers));
	else if (kind < 6)
		buf_add_str(b, ANY(strings));
	else if (kind < 8)
		buf_add_str(b, words[random_below(one_in(10) ? 7 : 4)]);
	else if (kind < 11)
		put_random_object(b, depth - 1);
	else
		put_random_array(b, depth - 1);
}

/* As many arrays in each other, under .a: about as deep as libjq and the strict parser allow. */
static void put_deep(struct buf *b, unsigned levels)
{
	buf_add_str(b, "{\"a\":");
	for (unsigned i = 0; i < levels; i++)
		buf_add_char(b, '[');
	for (unsigned i = 0; i < levels; i++)
		buf_add_char(b, ']');
	buf_add_str(b, ",\"b\":1}");
}

/* Breaks a record in one place, or in a way that libjq forgives. */
static void damage(struct buf *b)
{
	static const char bytes[] = "{}[]\",:0-e.\\ ntf\xff\xc3\x80\x01";
	size_t at = b->len ? random_below((uint32_t)b->len) : 0;

	if (!b->len)
		return;
	switch (random_below(4)) {
	case 0:
		b->len = at;
		break;
	case 1:
		b->data[at] = ANY(bytes);
		break;
	case 2:
		memmove(b->data + at, b->data + at + 1, b->len - at - 1);
		b->len--;
		break;
	default:
		buf_add_str(b, " 1");
	}
}

/* Damage can join two numbers: see above. */
static bool has_long_number(const struct buf *b)
{
	unsigned digits = 0;

	for (size_t i = 0; i < b->len; i++) {
		char c = b->data[i];
		if (c >= '0' && c <= '9')
			digits++;
		else if (c != '.')
			digits = 0;
		if (digits > 15)
			return true;
	}
	return false;
}

static void random_record(struct buf *b)
{
	do {
		buf_clear(b);
		if (one_in(40))
			put_deep(b, 190 + random_below(80));
		else if (one_in(12))
			put_random_value(b, 1);
		else
			put_random_object(b, 3);
		if (one_in(8))
			damage(b);
	} while (has_long_number(b));
}

/* --- Random programs over any record --- */

static void put_random_program(struct buf *b, unsigned depth);

static void put_random_operand(struct buf *b)
{
	static const char *const paths[] = {
		".",        ".a",   ".b",    ".c",           ".a.b",     ".a.b.c", ".b.a",
		".\"x y\"", ".a?",  ".a?.b", ".a.\"x y\"",   ".\"a\".b", ".n",     ".s",
		".\"\"",    ".a.a", ".b.c?", ".\"\\u0061\"", ".missing",
	};
	static const char *const literals[] = {
		"0",
		"1",
		"2",
		"3",
		"0.5",
		"1.25",
		"1e3",
		"10",
		"1e22",
		"1.0",
		"null",
		"true",
		"false",
		"\"a\"",
		"\"b\"",
		"\"\"",
		"7",
		"\"1\"",
		"\"\\n\"",
		"\"\xc3\xa9\"",
		"123456789012345",
		"\"\\ud83d\\ude00\"",
	};

	if (random_below(3))
		buf_add_str(b, ANY(paths));
	else
		buf_add_str(b, ANY(literals));
}

static void put_random_binary(struct buf *b, unsigned depth)
{
	static const char *const ops[] = {
		"+",    "-",   "*",    "/",    "%",     "==",    "!=",   "<",
		"<=",   ">",   ">=",   " + ",  " - ",   " * ",   " / ",  " % ",
		" == ", " < ", " // ", " // ", " and ", " and ", " or ", " or ",
	};

	put_random_program(b, depth);
	buf_add_str(b, ANY(ops));
	put_random_program(b, depth);
}

/* Precedence is left to chance: what this means, and whether it is a program at all, libjq says. */
static void put_random_program(struct buf *b, unsigned depth)
{
	uint32_t kind = depth ? random_below(8) : 0;

	if (kind < 2) {
		put_random_operand(b);
	} else if (kind == 2) {
		buf_add_char(b, '(');
		put_random_program(b, depth - 1);
		buf_add_char(b, ')');
	} else if (kind == 3 && one_in(2)) {
		buf_add_str(b, " -");
		put_random_program(b, depth - 1);
	} else {
		put_random_binary(b, depth - 1);
	}
}

/* --- The same by the plan and by libjq --- */

struct tally {
	unsigned pairs, native, failed;
};

/* Both fail, or both give the same. */
static bool same_outcome(const struct buf *plan, const struct buf *jq)
{
	bool failed = plan->data[0] == '!';

	return failed == (jq->data[0] == '!') && (failed || strcmp(plan->data, jq->data) == 0);
}

static bool agree(struct engine *plan, struct engine *jq, struct buf *what, struct tally *t)
{
	enum { RECORDS = 190 };
	struct buf record = BUF_INIT, a = BUF_INIT, b = BUF_INIT;
	bool same = true;

	for (unsigned i = 0; i < RECORDS && same; i++) {
		random_record(&record);
		eval_line(plan, buf_slice(&record), &a);
		eval_line(jq, buf_slice(&record), &b);
		same = same_outcome(&a, &b);
		t->pairs++;
		t->native += expreval_native(plan->ev);
		t->failed += a.data[0] == '!';
	}
	if (!same)
		buf_addf(what, " of %s: %s, but libjq: %s", record.data, a.data, b.data);
	buf_free(&record);
	buf_free(&a);
	buf_free(&b);
	return same;
}

/* libjq 1.6 leaks a string of some texts that it refuses, as ["a" "b"]. */
void __lsan_disable(void) __attribute__((weak));
void __lsan_enable(void) __attribute__((weak));

static void test_random_records(void)
{
	enum { PROGRAMS = 15 };
	static const enum expr_kind kinds[] = {EXPR_VALUE, EXPR_KEY, EXPR_TEST};
	struct expr_conf automatic = {.engine = EXPR_AUTO}, libjq = {.engine = EXPR_JQ};
	struct buf text = BUF_INIT;
	struct tally t = {0};
	unsigned refused = 0;

	if (__lsan_disable)
		__lsan_disable();
	for (unsigned i = 0; i < PROGRAMS; i++) {
		enum expr_kind kind = kinds[i % 3];
		struct engine plan, jq;
		bool both;

		buf_clear(&text);
		put_random_program(&text, i % 4);
		both = open_engine(&plan, text.data, kind, &automatic);
		if (open_engine(&jq, text.data, kind, &libjq) != both) {
			ok(false, "one engine takes %s: %s%s", text.data, buf_str(&plan.err),
			   buf_str(&jq.err));
		} else if (both) {
			both = agree(&plan, &jq, &text, &t);
			ok(both, "the plan gives what libjq gives: %s", text.data);
		} else {
			refused++;
		}
		close_engine(&plan);
		close_engine(&jq);
	}
	if (__lsan_enable)
		__lsan_enable();
	/* Else this test would show little. */
	ok(t.pairs > 2000 && t.native > t.pairs / 4 && t.failed > t.pairs / 20 &&
		   t.failed < t.pairs / 2 && refused < PROGRAMS / 3,
	   "%u pairs, %u by the plan, %u errors; %u programs refused", t.pairs, t.native, t.failed,
	   refused);
	buf_free(&text);
}

/* --- Values that are equal or not by what they are, not by how they are written --- */

static void agree_as(enum expr_kind kind, const char *program, const char *const records[])
{
	struct expr_conf automatic = {.engine = EXPR_AUTO}, libjq = {.engine = EXPR_JQ};
	struct buf a = BUF_INIT, b = BUF_INIT;
	struct engine plan, jq;

	open_engine(&plan, program, kind, &automatic);
	open_engine(&jq, program, kind, &libjq);
	for (unsigned i = 0; records[i]; i++) {
		eval_line(&plan, slice_str(records[i]), &a);
		eval_line(&jq, slice_str(records[i]), &b);
		ok(same_outcome(&a, &b), "%s of %s is %s by the plan, %s by libjq", program,
		   records[i], a.data, b.data);
	}
	close_engine(&plan);
	close_engine(&jq);
	buf_free(&a);
	buf_free(&b);
}

static void agree_on(const char *program, const char *const records[])
{
	agree_as(EXPR_VALUE, program, records);
}

#define TEXTS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void test_agreement(void)
{
	agree_on(".a == .b",
		 TEXTS("{\"a\":9007199254740993,\"b\":9007199254740992}",
		       "{\"a\":0.1,\"b\":0.1000000000000000055511151231257827}",
		       "{\"a\":1e400,\"b\":1e500}", "{\"a\":1.0,\"b\":1}", "{\"a\":0,\"b\":-0.0}",
		       "{\"a\":1e-400,\"b\":0}", "{\"a\":[1],\"b\":[ 1.0]}", "{\"a\":[],\"b\":{}}",
		       "{\"a\":{\"x\":1,\"y\":2},\"b\":{\"y\":2,\"x\":1}}"));
	agree_on(".a < .b",
		 TEXTS("{\"a\":[2],\"b\":[10]}", "{\"a\":{\"z\":1},\"b\":{\"a\":9,\"b\":0}}",
		       "{\"a\":[9],\"b\":{}}", "{\"a\":\"z\",\"b\":[]}"));
	agree_on(".a + .b", TEXTS("{\"a\":9007199254740993,\"b\":0}", "{\"a\":1e308,\"b\":1e308}",
				  "{\"a\":0.1,\"b\":0.2}", "{\"a\":999999999999999,\"b\":1}",
				  "{\"a\":1e-300,\"b\":1}", "{\"a\":-1e400,\"b\":1}"));
	agree_on(".a % .b",
		 TEXTS("{\"a\":-7,\"b\":3}", "{\"a\":7,\"b\":-3}", "{\"a\":7,\"b\":0}",
		       "{\"a\":7,\"b\":0.5}", "{\"a\":1e14,\"b\":7}", "{\"a\":7.9,\"b\":3.9}",
		       "{\"a\":-0.5,\"b\":2}", "{\"a\":1e14,\"b\":1e15}"));
	agree_on(".a / .b", TEXTS("{\"a\":1,\"b\":1e10}", "{\"a\":500,\"b\":1e-20}",
				  "{\"a\":1e-7,\"b\":3}", "{\"a\":1,\"b\":1000000}",
				  "{\"a\":1e14,\"b\":1e-7}", "{\"a\":1e14,\"b\":1e-6}",
				  "{\"a\":1e300,\"b\":3}", "{\"a\":1e-300,\"b\":3}"));
	agree_on("(.a * .a - .a * .a) < .b",
		 TEXTS("{\"a\":1e300,\"b\":1}", "{\"a\":2,\"b\":1}", "{\"a\":2,\"b\":0}"));
	agree_on("6 / .a * -.b * 2",
		 TEXTS("{\"a\":3,\"b\":0.1}", "{\"a\":0,\"b\":1}", "{\"a\":7,\"b\":1e-320}"));
}

/* --- Many programs of the right types over a few records: what the parser makes of them --- */

/* As in jq's grammar. */
enum level { ALTERNATIVE, OR, AND, COMPARISON, SUM, PRODUCT, TERM };

static void put_number(struct buf *b, enum level min, unsigned depth);
static void put_bool(struct buf *b, enum level min, unsigned depth);

static void put_any(struct buf *b, enum level min, unsigned depth)
{
	static const char *const texts[] = {".s", ".t", "\"x\"", "\"\"", "null", ".missing", ".z"};

	switch (random_below(3)) {
	case 0:
		put_number(b, min, depth);
		break;
	case 1:
		put_bool(b, min, depth);
		break;
	default:
		buf_add_str(b, ANY(texts));
	}
}

/* left OP right, in parentheses where the level asks for them, and sometimes where it does not. */
static void put_infix(struct buf *b, enum level min, enum level level, const char *op,
		      unsigned depth, void (*put)(struct buf *, enum level, unsigned))
{
	bool group = level < min || one_in(6);
	bool to_the_right = level == ALTERNATIVE, neither = level == COMPARISON;

	buf_add_str(b, group ? "(" : "");
	put(b, level + (to_the_right || neither), depth);
	buf_addf(b, " %s ", op);
	put(b, level + !to_the_right, depth);
	buf_add_str(b, group ? ")" : "");
}

static void put_number(struct buf *b, enum level min, unsigned depth)
{
	static const char *const atoms[] = {".n",  ".m", ".u", ".d",  "1",   "2",
					    "0.5", "3",  "10", "1e2", "0.1", "0"};
	static const char *const divisors[] = {" / 4", " / 3", " / (-3)", " / 0.5", " / 8"};

	switch (depth ? random_below(8) : 0) {
	case 0:
	case 1:
		buf_add_str(b, ANY(atoms));
		break;
	case 2:
		/* What a minus behind a * applies to is not the same in all versions of jq. */
		buf_add_str(b, min > PRODUCT ? "(-" : "-");
		put_number(b, one_in(2) ? PRODUCT : TERM, depth - 1);
		buf_add_str(b, min > PRODUCT ? ")" : "");
		break;
	case 3:
		put_infix(b, min, PRODUCT, "*", depth - 1, put_number);
		break;
	case 4:
		if (min > PRODUCT) {
			buf_add_str(b, "(.u % 7)");
			break;
		}
		put_number(b, PRODUCT, depth - 1);
		buf_add_str(b, ANY(divisors));
		break;
	case 5:
		put_infix(b, min, ALTERNATIVE, "//", depth - 1, put_number);
		break;
	default:
		put_infix(b, min, SUM, one_in(2) ? "+" : "-", depth - 1, put_number);
	}
}

static void put_bool(struct buf *b, enum level min, unsigned depth)
{
	static const char *const atoms[] = {"true", "false", ".b", ".f"};
	static const char *const ops[] = {"==", "!=", "<", "<=", ">", ">="};

	switch (depth ? random_below(6) : 0) {
	case 0:
		buf_add_str(b, ANY(atoms));
		break;
	case 1:
		put_infix(b, min, AND, "and", depth - 1, put_any);
		break;
	case 2:
		put_infix(b, min, OR, "or", depth - 1, put_any);
		break;
	case 3:
		put_infix(b, min, ALTERNATIVE, "//", depth - 1, put_any);
		break;
	default:
		put_infix(b, min, COMPARISON, ANY(ops), depth - 1, put_any);
	}
}

/* libjq prints [value]: the same value, a number as the same double. */
static bool is_printed(const struct val *v, struct slice array)
{
	struct slice text = slice_of(array.ptr + 1, array.len - 2);
	struct buf mine = BUF_INIT;
	bool same;

	if (val_is_number(v))
		return val_double(v) == num_double(text.ptr, text.len);
	val_put_json(&mine, v);
	same = slice_eq(buf_slice(&mine), text);
	buf_free(&mine);
	return same;
}

enum { BATCH = 120 };

static void compare_batch(char *const programs[], struct expreval *ev, struct jqprog *reference,
			  const char *record)
{
	struct val out[BATCH], want;
	struct buf scratch = BUF_INIT, err = BUF_INIT;
	struct jqdoc *doc = jqdoc_new();
	unsigned wrong = 0;
	int rc = expreval_json(ev, slice_str(record), out, &err);

	jqdoc_parse(doc, slice_str(record), &err);
	jqprog_start(reference, doc);
	for (unsigned i = 0; rc == 0 && i < BATCH; i++) {
		if (jqprog_next(reference, false, &want, &scratch, &err) == JQ_RESULT &&
		    want.type == VAL_JSON && is_printed(&out[i], want.str))
			continue;
		if (wrong++ == 0)
			printf("# %s is not %s\n", programs[i], scratch.data);
	}
	ok(rc == 0 && wrong == 0, "programs of the right types on %s %s", record, buf_str(&err));
	jqdoc_free(doc);
	buf_free(&scratch);
	buf_free(&err);
}

static void test_random_programs(void)
{
	static const char *const records[] = {
		"{\"n\":12,\"m\":-3.5,\"u\":17,\"d\":0.1,"
		"\"s\":\"x\",\"t\":\"y\",\"b\":true,\"f\":false}",
		"{\"n\":0.25,\"m\":7,\"u\":3,\"d\":1e3,"
		"\"s\":\"\",\"t\":\"\",\"b\":false,\"f\":false,\"z\":null}",
		"{\"n\":-1,\"m\":100,\"u\":1000000,\"d\":3,"
		"\"s\":\"\\u00e9\",\"t\":\"z\",\"b\":true,\"f\":false}",
		/* All alike: what <= says of equals shows here. */
		"{\"n\":1,\"m\":1,\"u\":1,\"d\":1,"
		"\"s\":\"x\",\"t\":\"x\",\"b\":true,\"f\":true,\"z\":\"x\"}",
	};
	struct expr_conf conf = {.engine = EXPR_NATIVE};
	struct expr_source src[BATCH];
	char *programs[BATCH];
	struct buf all = BUF_INIT, err = BUF_INIT;

	for (unsigned round = 0; round < 6; round++) {
		struct exprset *set;
		struct expreval *ev;
		struct jqprog *reference;

		buf_clear(&all);
		for (unsigned i = 0; i < BATCH; i++) {
			struct buf text = BUF_INIT;
			put_any(&text, ALTERNATIVE, 3);
			programs[i] = text.data;
			src[i] = (struct expr_source){.text = programs[i], .kind = EXPR_VALUE};
			buf_addf(&all, "%s[%s]", i ? ", " : "", programs[i]);
		}
		set = exprset_new(src, BATCH, &conf, &err);
		ok(set, "all lie in the subset %s", buf_str(&err));
		reference = jqprog_new(all.data, NULL, 0, &err);
		ok(reference, "and are programs of libjq %s", buf_str(&err));
		ev = set && reference ? expreval_new(set) : NULL;
		for (unsigned i = 0; ev && i < sizeof records / sizeof records[0]; i++)
			compare_batch(programs, ev, reference, records[i]);
		expreval_free(ev);
		exprset_free(set);
		jqprog_free(reference);
		for (unsigned i = 0; i < BATCH; i++)
			free(programs[i]);
	}
	buf_free(&all);
	buf_free(&err);
}

/* --- Kinds of programs --- */

/* What libjq refuses at once is not left to the first record. */
static void test_division_by_zero(void)
{
	static const char *const programs[] = {"1 / 0", "true or 1 / 0 == 1", "1 / (1 - 1)",
					       ".a / 0"};
	struct expr_conf automatic = {.engine = EXPR_AUTO}, libjq = {.engine = EXPR_JQ};

	for (unsigned i = 0; i < sizeof programs / sizeof programs[0]; i++) {
		struct engine plan, jq;
		bool taken = open_engine(&plan, programs[i], EXPR_VALUE, &automatic);

		ok(open_engine(&jq, programs[i], EXPR_VALUE, &libjq) == taken, "%s is %s by both",
		   programs[i], taken ? "taken" : "refused");
		close_engine(&plan);
		close_engine(&jq);
	}
	is_value(EXPR_VALUE, ".a / 0.5", "{\"a\":1}", "2");
	is_value(EXPR_VALUE, "7 % 1", "0", "0");
}

static void test_values(void)
{
	is_value(EXPR_VALUE, ".a", "{\"a\":1.50}", "1.5");
	is_value(EXPR_VALUE, ".a", "{\"a\":12345678901234567890.12}", "12345678901234567890.12");
	is_value(EXPR_VALUE, ".a", "{}", "null");
	is_value(EXPR_VALUE, ".a", "[1]", "! .a: Cannot index array with...");
	is_value(EXPR_VALUE, ".a?", "[1]", "null");
	is_value(EXPR_VALUE, "empty", "1", "null");
	is_value(EXPR_VALUE, ".a, .b", "{}", "! .a, .b: two results where one is due");
	is_value(EXPR_VALUE, ".a, error(\"no\")", "{}", "! .a, error(\"no\"): no");
	is_value(EXPR_VALUE, ".a", "{\"a\":{\"b\": 1, \"a\":[ ]}}", "{\"b\":1,\"a\":[]}");
	is_value(EXPR_VALUE, ".a", "{\"a\":1} {\"a\":2}",
		 "! two JSON texts on a line (one per line: jq -c .)");
	is_value(EXPR_VALUE, ".a |", "1", "! .a |: syntax error...");
	is_value(EXPR_VALUE, ".a == .b == .c", "1", "! .a == .b == .c: syntax error...");
}

static void test_keys(void)
{
	is_value(EXPR_KEY, ".", "{\"b\":1,\"a\":{\"d\":[],\"c\":0}}",
		 "{\"a\":{\"c\":0,\"d\":[]},\"b\":1}");
	is_value(EXPR_KEY, ".k", "{\"k\":{\"b\":1,\"a\":2}}", "{\"a\":2,\"b\":1}");
	is_value(EXPR_KEY, ".a", "{\"a\":1.0}", "1");
	is_value(EXPR_KEY, ".a", "{\"a\":1e2}", "100");
	is_value(EXPR_KEY, ".a", "{\"a\":-0}", "0");
	is_value(EXPR_KEY, ".a", "{\"a\":\"007\"}", "\"007\"");
	is_value(EXPR_KEY, ".a.b", "{\"a\":null}", "null");
	is_value(EXPR_KEY, ".a", "{\"a\":12345678901234567890123456789012345678901.50}",
		 "12345678901234567890123456789012345678901.5");
	is_value(EXPR_KEY, ".", "[12345678901234567890123456789012345678901]",
		 "[12345678901234567890123456789012345678901]");
	is_value(EXPR_KEY, ".a", "{\"a\":1e400}", "1.7976931348623157e+308");
	is_value(EXPR_KEY, ".a", "{\"a\":1e-400}", "0");
}

/* What an aggregate only passes on keeps its digits, and else looks as jq prints it. */
static void test_passed_on(void)
{
	is_value(EXPR_EXACT, ".", "{\"b\": [1234567890123456789, 7], \"a\":0.1234567890123456789}",
		 "{\"b\":[1234567890123456789,7],\"a\":0.1234567890123456789}");
	is_value(EXPR_EXACT, ".a", "{\"a\":[12345678901234567890123456789012345678901]}",
		 "[12345678901234567890123456789012345678901]");
	is_value(EXPR_EXACT, "{id: .a, b: [.b, .a]}",
		 "{\"a\":1234567890123456789,\"b\":[-9007199254740993]}",
		 "{\"id\":1234567890123456789,\"b\":[[-9007199254740993],1234567890123456789]}");
	agree_as(EXPR_EXACT, ".",
		 TEXTS("[1.50,1e3,0.00001,1e300,-0,1e21,0.1e-9]", "{\"b\":1,\"a\":1e400}"));
	agree_as(EXPR_EXACT, "[.a]|tostring", TEXTS("{\"a\":1234567890123456789}"));
	agree_as(EXPR_EXACT, "tostring", TEXTS("{\"a\":1234567890123456789}"));
}

static void test_tests(void)
{
	is_value(EXPR_TEST, ".a", "{\"a\":0}", "true");
	is_value(EXPR_TEST, ".a", "{\"a\":\"\"}", "true");
	is_value(EXPR_TEST, ".a", "{\"a\":[]}", "true");
	is_value(EXPR_TEST, ".a", "{\"a\":null}", "false");
	is_value(EXPR_TEST, ".a", "{}", "false");
	is_value(EXPR_TEST, "empty", "1", "false");
	is_value(EXPR_TEST, ".[]", "[null,false,1]", "true");
	is_value(EXPR_TEST, ".[]", "[null,false]", "false");
	is_value(EXPR_TEST, "true, error(\"later\")", "1", "true");
	is_value(EXPR_TEST, "false, error(\"first\")", "1", "! false, error(\"first\"): first");
}

static void test_exact(void)
{
	is_value(EXPR_EXACT, ".a + .b", "{\"a\":0.1,\"b\":0.2}", "0.3");
	is_value(EXPR_VALUE, ".a + .b", "{\"a\":0.1,\"b\":0.2}", "0.30000000000000004");
	is_value(EXPR_EXACT, ".a * .b", "{\"a\":0.1,\"b\":3}", "0.3");
	is_value(EXPR_EXACT, ".a - .b", "{\"a\":0.3,\"b\":0.1}", "0.2");
	is_value(EXPR_EXACT, "-.a * .b", "{\"a\":1.1,\"b\":1.1}", "-1.21");
	is_value(EXPR_EXACT, "(.a + .b) * 3", "{\"a\":0.1,\"b\":0.2}", "0.9");
	is_value(EXPR_EXACT, ".a * 10", "{\"a\":12345678901234567.1}", "123456789012345671");
	is_value(EXPR_EXACT, ".a + 1", "{\"a\":9007199254740993}", "9007199254740994");
	is_value(EXPR_EXACT, ".a * 10", "{\"a\":1e38}", "1e+39");
	is_value(EXPR_EXACT, ".a / .b", "{\"a\":1,\"b\":3}", "0.3333333333333333");
	is_value(EXPR_EXACT, ".a % .b", "{\"a\":7,\"b\":4}", "3");

	is_value(EXPR_EXACT, ".a * .b", "{\"a\":0.1,\"b\":null}", "null");
	is_value(EXPR_EXACT, ".a + .b", "{\"a\":0.1}", "null");
	is_value(EXPR_VALUE, ".a + .b", "{\"a\":0.1}", "0.1");
	is_value(EXPR_EXACT, ".a - .b", "{}", "null");
	is_value(EXPR_EXACT, "-.a", "{}", "null");
	is_value(EXPR_EXACT, ".a + \"x\"", "{}", "null");

	is_value(EXPR_EXACT, ".a * 2", "{\"a\":\"3\"}", "! .a * 2: \"3\" is not a number");
	is_value(EXPR_EXACT, "2 + .a", "{\"a\":\"3\"}", "! 2 + .a: \"3\" is not a number");
	is_value(EXPR_EXACT, ".a + .b", "{\"a\":\"x\",\"b\":\"y\"}", "\"xy\"");
	is_value(EXPR_EXACT, ".a * 2", "{\"a\":[1]}",
		 "! .a * 2: array ([1]) and number (2) cannot be multiplied");

	/* Records that only libjq reads are as exact. */
	is_value(EXPR_EXACT, ".a + .b", "{\"a\":0.1,\"b\":0.2,\"c\":NaN}", "0.3");
	is_value(EXPR_EXACT, ".a + .b", "{\"a\":0.1,\"b\":0.2,\"c\":\"\xff\"}", "0.3");
	is_value(EXPR_EXACT, ".a * .b", "{\"a\":0.1,\"b\":nan}", "null");
}

static void test_engines(void)
{
	struct expr_conf native = {.engine = EXPR_NATIVE}, any = {.engine = EXPR_AUTO},
			 libjq = {.engine = EXPR_JQ};
	struct engine e;
	struct buf out = BUF_INIT;

	ok(!open_engine(&e, "keys", EXPR_VALUE, &native), "native refuses what it does not know");
	is_str(buf_str(&e.err), "keys: outside the native subset", "and says so");
	close_engine(&e);
	ok(open_engine(&e, ".a.b + 1", EXPR_VALUE, &native), "native takes what it knows");
	close_engine(&e);

	open_engine(&e, ".a", EXPR_VALUE, &any);
	eval_line(&e, slice_str("{\"a\":1}"), &out);
	ok(expreval_native(e.ev), "a strict record needs no libjq");
	eval_line(&e, slice_str("{\"a\":NaN}"), &out);
	ok(!expreval_native(e.ev), "another does");
	eval_line(&e, slice_str("{\"a\":1}"), &out);
	ok(expreval_native(e.ev), "and the next one not");
	close_engine(&e);

	open_engine(&e, ".a", EXPR_VALUE, &libjq);
	eval_line(&e, slice_str("{\"a\":1}"), &out);
	ok(!expreval_native(e.ev), "engine jq is libjq alone");
	is_str(out.data, "1", "and gives the same");
	close_engine(&e);
	buf_free(&out);
}

/* Such a plan, or token, would need more stack than there may be. */
static void test_depth(void)
{
	enum { TIMES = 300000 };
	static const char *const parts[] = {".a + ", ".a == 1 or ", "\"\\(", "(", "- "};
	struct expr_conf native = {.engine = EXPR_NATIVE};

	for (unsigned i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		struct buf text = BUF_INIT;
		struct engine e;

		for (unsigned n = 0; n < TIMES; n++)
			buf_add_str(&text, parts[i]);
		buf_add_str(&text, ".a");
		ok(!open_engine(&e, text.data, EXPR_VALUE, &native), "%u times %s", TIMES,
		   parts[i]);
		close_engine(&e);
		buf_free(&text);
	}
}

/* What an engine makes of `n` times `open`, a 1, and as many times `close`. */
static void eval_nested(struct engine *e, int n, const char *open, const char *close,
			struct buf *out)
{
	struct buf line = BUF_INIT;

	for (int i = 0; i < n; i++)
		buf_add_str(&line, open);
	buf_add_char(&line, '1');
	for (int i = 0; i < n; i++)
		buf_add_str(&line, close);
	eval_line(e, buf_slice(&line), out);
	buf_free(&line);
}

/* By both engines, each of which compiles the program once. */
static void compare_nested(const char *program, enum expr_kind kind)
{
	static const int levels[] = {1, 120, 123, 124, 125, 194, 197, 198, 199, 200, 201};
	static const char *const brackets[][2] = {{"[", "]"}, {"{\"a\":", "}"}};
	struct expr_conf automatic = {.engine = EXPR_AUTO}, libjq = {.engine = EXPR_JQ};
	struct buf got = BUF_INIT, want = BUF_INIT;
	struct engine plan, jq;
	bool both = open_engine(&plan, program, kind, &automatic);

	both = open_engine(&jq, program, kind, &libjq) && both;
	ok(both, "%s", program);
	for (size_t i = 0; both && i < 2 * sizeof levels / sizeof levels[0]; i++) {
		const char *const *pair = brackets[i % 2];

		eval_nested(&plan, levels[i / 2], pair[0], pair[1], &got);
		eval_nested(&jq, levels[i / 2], pair[0], pair[1], &want);
		is_str(buf_str(&got), buf_str(&want), program);
	}
	close_engine(&plan);
	close_engine(&jq);
	buf_free(&got);
	buf_free(&want);
}

/* What a program puts around a record may be deeper than any record that the native engine takes. */
static void test_built_depth(void)
{
	static const char *const programs[] = {
		"[.] == [.]",
		"[[.]] | length",
		"{a: [.]} == {a: [.]}",
		"[[[.]]] | tostring",
		"[.] | [.] | [.] < [[.]]",
		"if [[.]] == [[.]] then {a: {b: .}} else 0 end",
		"{a: [[.]], a: [[[.]]]}",
		"[[.] == [.], ([.] | not)]",
	};

	for (unsigned i = 0; i < sizeof programs / sizeof programs[0]; i++) {
		compare_nested(programs[i], EXPR_VALUE);
		compare_nested(programs[i], EXPR_KEY);
	}
}

/* Programs of a set see the same record, whatever becomes of each other. */
static void test_set(void)
{
	static const struct expr_source src[] = {
		{.text = ".a", .kind = EXPR_VALUE},      {.text = ".a + .b", .kind = EXPR_EXACT},
		{.text = "[.a, .b]", .kind = EXPR_KEY},  {.text = ".b > 1", .kind = EXPR_TEST},
		{.text = ".a + .b", .kind = EXPR_VALUE},
	};
	enum { N = sizeof src / sizeof src[0] };
	struct expr_conf conf = {.engine = EXPR_AUTO};
	struct buf err = BUF_INIT, text = BUF_INIT;
	struct exprset *set = exprset_new(src, N, &conf, &err);
	struct expreval *ev = expreval_new(set);
	struct val out[N];

	expreval_json(ev, slice_str("{\"a\":0.1,\"b\":0.2}"), out, &err);
	for (unsigned i = 0; i < N; i++) {
		val_put_json(&text, &out[i]);
		buf_add_char(&text, ' ');
	}
	is_str(text.data, "0.1 0.3 [0.1,0.2] false 0.30000000000000004 ", "five programs at once");
	expreval_free(ev);
	exprset_free(set);

	set = exprset_new(NULL, 0, &conf, &err);
	ev = expreval_new(set);
	ok(expreval_json(ev, slice_str("{}"), NULL, &err) == 0, "no programs: a record is fine");
	ok(expreval_json(ev, slice_str("{"), NULL, &err) < 0, "or not");
	expreval_free(ev);
	exprset_free(set);
	buf_free(&err);
	buf_free(&text);
}

/* Where its guard is false or null a program is not run: it would fail here. */
static void test_guard(void)
{
	static const struct expr_source src[] = {
		{.text = ".ok", .kind = EXPR_VALUE},
		{.text = ".n * 2", .kind = EXPR_EXACT, .guard = 1},
		{.text = ".n | tojson | fromjson + 1", .kind = EXPR_VALUE, .guard = 1},
		{.text = ".n", .kind = EXPR_VALUE},
	};
	static const char *const lines[][2] = {
		{"{\"ok\":true,\"n\":2}", "true 4 3 2 "},
		{"{\"ok\":false,\"n\":\"x\"}", "false null null \"x\" "},
		{"{\"n\":\"x\"}", "null null null \"x\" "},
		{"{\"ok\":0,\"n\":NaN}", "0 null 1 null "},
	};
	enum { N = sizeof src / sizeof src[0] };
	struct expr_conf conf = {.engine = EXPR_AUTO};
	struct buf err = BUF_INIT, text = BUF_INIT;
	struct exprset *set = exprset_new(src, N, &conf, &err);
	struct expreval *ev = expreval_new(set);
	struct val out[N];

	for (unsigned i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		int rc = expreval_json(ev, slice_str(lines[i][0]), out, &err);
		buf_clear(&text);
		for (unsigned k = 0; rc == 0 && k < N; k++) {
			val_put_json(&text, &out[k]);
			buf_add_char(&text, ' ');
		}
		is_str(rc == 0 ? text.data : err.data, lines[i][1], lines[i][0]);
	}
	ok(expreval_json(ev, slice_str("{\"ok\":1,\"n\":\"x\"}"), out, &err) < 0,
	   "where the guard holds it fails: %s", buf_str(&err));
	expreval_free(ev);
	exprset_free(set);
	buf_free(&err);
	buf_free(&text);
}

static void test_variables(void)
{
	static const struct jqvar vars[] = {{"name", "a\"b", JQVAR_STRING},
					    {"limit", "{\"n\":3}", JQVAR_JSON}};
	static const struct jqvar broken[] = {{"x", "{", JQVAR_JSON}};
	struct expr_conf conf = {.engine = EXPR_AUTO, .vars = vars, .nvars = 2};
	struct expr_conf bad = {.engine = EXPR_AUTO, .vars = broken, .nvars = 1};
	struct engine e;
	struct buf out = BUF_INIT;

	ok(open_engine(&e, "[$name, .n < $limit.n]", EXPR_VALUE, &conf), "variables");
	eval_line(&e, slice_str("{\"n\":2}"), &out);
	is_str(out.data, "[\"a\\\"b\",true]", "a text and a JSON value");
	close_engine(&e);
	ok(!open_engine(&e, "$x", EXPR_VALUE, &bad), "a value that is no JSON text");
	is_str(buf_str(&e.err), "$x: $x: not a JSON text: {", "is named");
	close_engine(&e);
	buf_free(&out);
}

/* --- Raw lines --- */

static void is_text(const char *program, struct slice line, const char *want)
{
	struct expr_conf conf = {.engine = EXPR_AUTO};
	struct buf out = BUF_INIT;
	struct engine e;
	struct val v;

	open_engine(&e, program, EXPR_VALUE, &conf);
	put_outcome(&out, expreval_text(e.ev, line, &v, &e.err), &v, &e.err);
	is_text_like(&out, want, program);
	close_engine(&e);
	buf_free(&out);
}

static void test_texts(void)
{
	is_text(".", slice_str("{\"a\":1}"), "\"{\\\"a\\\":1}\"");
	is_text(".", slice_str(""), "\"\"");
	is_text(".", slice_of("a\0b", 3), "\"a\\u0000b\"");
	is_text(".", slice_str("x\xff y"), "\"x\xef\xbf\xbd y\"");
	is_text(". == \"abc\"", slice_str("abc"), "true");
	is_text("length", slice_str("h\xc3\xa9"), "2");
	is_text(". + \"!\"", slice_str("hi"), "\"hi!\"");
	is_text("fromjson.a", slice_str("{\"a\":1}"), "1");
	is_text("tonumber * 2", slice_str("21"), "42");
	is_text(".a", slice_str("x"), "! .a: Cannot index string with...");
}

/* --- Rows --- */

static const char *const header[] = {"type", "min",        "length", "price",
				     "qty",  "unit price", "a-b",    " pad "};
enum { COLUMNS = sizeof header / sizeof header[0] };

static struct expr_conf row_conf(struct slice columns[])
{
	for (unsigned i = 0; i < COLUMNS; i++)
		columns[i] = slice_str(header[i]);
	return (struct expr_conf){.engine = EXPR_AUTO, .columns = columns, .ncolumns = COLUMNS};
}

static void is_row(enum expr_kind kind, const char *program, const char *want)
{
	static const char *const texts[] = {"book", "007", "", "12.50", "3", "4.1", "x\"y", "1e2"};
	struct slice columns[COLUMNS], cells[COLUMNS];
	struct expr_conf conf = row_conf(columns);
	struct buf out = BUF_INIT;
	struct engine e;
	struct val v;

	for (unsigned i = 0; i < COLUMNS; i++)
		cells[i] = slice_str(texts[i]);
	if (open_engine(&e, program, kind, &conf))
		put_outcome(&out, expreval_row(e.ev, cells, &v, &e.err), &v, &e.err);
	else
		put_outcome(&out, -1, NULL, &e.err);
	is_text_like(&out, want, program);
	close_engine(&e);
	buf_free(&out);
}

static void is_row_by_libjq(const char *program, const char *json)
{
	struct buf want = printed_by_libjq(json);

	is_row(EXPR_VALUE, program, want.data);
	buf_free(&want);
}

static void test_columns(void)
{
	/* A whole program that is a name, blanks and all. */
	is_row(EXPR_VALUE, "type", "\"book\"");
	is_row(EXPR_VALUE, "price", "12.5");
	is_row(EXPR_VALUE, "unit price", "4.1");
	is_row(EXPR_VALUE, " unit price ", "4.1");
	is_row(EXPR_VALUE, "a-b", "\"x\\\"y\"");
	is_row(EXPR_VALUE, " pad ", "100");
	is_row(EXPR_VALUE, "length", "null");
	is_row(EXPR_KEY, "min", "\"007\"");
	is_row(EXPR_KEY, "price", "\"12.50\"");
	is_row(EXPR_KEY, "price + 0", "12.5");
	is_row(EXPR_KEY, "length", "null");
	is_row(EXPR_VALUE, "min", "\"007\"");
	/* Exact, as in -a. */
	is_row(EXPR_EXACT, "price * qty", "37.5");
	is_row(EXPR_EXACT, "price * length", "null");
	is_row(EXPR_EXACT, "price * min", "! price * min: \"007\" is not a number");
	is_row(EXPR_EXACT, "(price - 0.4) * 0.1", "1.21");
	/* A bare name is the column, whatever jq knows by that name; with arguments it is jq's. */
	is_row(EXPR_VALUE, "type == \"book\"", "true");
	is_row(EXPR_VALUE, "[type, min]", "[\"book\",\"007\"]");
	is_row(EXPR_VALUE, ".price | type", "\"book\"");
	is_row(EXPR_VALUE, "[.price, qty] | map(. + 1)", "[13.5,4]");
	is_row(EXPR_VALUE, "[price, qty] | min_by(.)", "3");
	is_row(EXPR_VALUE, "type | ascii_upcase", "\"BOOK\"");
	is_row(EXPR_TEST, "type | startswith(\"bo\")", "true");
	is_row(EXPR_TEST, "price > 12 and qty <= 3", "true");
	is_row(EXPR_VALUE, "if qty > 2 then price else 0 end", "12.5");
	is_row(EXPR_VALUE, "price as $price | $price + qty", "15.5");
	/* Inside strings. */
	is_row(EXPR_VALUE, "\"\\(type)/\\(qty + 1)\"", "\"book/4\"");
	is_row(EXPR_VALUE, "\"\\(\"<\\(type)>\")\"", "\"<book>\"");
	is_row(EXPR_VALUE, "\"type\"", "\"type\"");
	/* In objects a name before : , } is a key, wherever else a value. */
	is_row(EXPR_VALUE, "{type}", "{\"type\":\"book\"}");
	is_row(EXPR_VALUE, "{type, qty}", "{\"type\":\"book\",\"qty\":3}");
	is_row(EXPR_VALUE, "{type: qty}", "{\"type\":3}");
	is_row(EXPR_VALUE, "{x: type, qty}", "{\"x\":\"book\",\"qty\":3}");
	is_row_by_libjq("{x: [price, qty, type]}", "{\"x\": [12.50, 3, \"book\"]}");
	is_row(EXPR_VALUE, "{(type): qty}", "{\"book\":3}");
	is_row(EXPR_VALUE, "{x: {type}}.x.type", "\"book\"");
	/* A path is a column, too. */
	is_row(EXPR_VALUE, ".qty + 1", "4");
	is_row(EXPR_VALUE, ".\"unit price\"", "4.1");
	is_row(EXPR_VALUE, ".[\"unit price\"]", "4.1");
	is_row(EXPR_VALUE, "{a: {b: 1}} | .a.b", "1");
	is_row(EXPR_VALUE, "length(1; 2)", "! length(1; 2): length/2 is not defined...");
}

static void test_missing_columns(void)
{
	is_row(EXPR_VALUE, "prize", "! prize: no column 'prize'");
	is_row(EXPR_VALUE, ".prize", "! .prize: no column 'prize'");
	is_row(EXPR_VALUE, ".\"unit prize\"", "! .\"unit prize\": no column 'unit prize'");
	is_row(EXPR_VALUE, "2 * .prize", "! 2 * .prize: no column 'prize'");
	is_row(EXPR_VALUE, "\"\\(.prize)\"", "! \"\\(.prize)\": no column 'prize'");
	is_row(EXPR_VALUE, "[.qty, .prize]", "! [.qty, .prize]: no column 'prize'");
	is_row(EXPR_VALUE, "price.x", "! price.x: Cannot index number with...");
	is_row(EXPR_VALUE, "{a: 1} | .prize", "null");
}

static void test_used_columns(void)
{
	struct slice columns[COLUMNS];
	struct expr_conf conf = row_conf(columns);
	struct engine e;

	open_engine(&e, "price * qty", EXPR_EXACT, &conf);
	ok(exprset_uses_column(e.set, 3) && exprset_uses_column(e.set, 4), "columns that are used");
	ok(!exprset_uses_column(e.set, 0) && !exprset_uses_column(e.set, 5), "and others");
	close_engine(&e);
}

static void test_cells(void)
{
	struct {
		const char *cell, *want;
	} cells[] = {
		{"", "null"},         {"0", "0"},           {"-1.50", "-1.5"},
		{"1e3", "1000"},      {"007", "\"007\""},   {"+1", "\"+1\""},
		{".5", "\".5\""},     {"1.", "\"1.\""},     {" 1", "\" 1\""},
		{"NaN", "\"NaN\""},   {"-", "\"-\""},       {"true", "\"true\""},
		{"null", "\"null\""}, {"0x10", "\"0x10\""}, {"1e400", "1.7976931348623157e+308"},
	};

	struct slice column = slice_str("a");
	struct expr_conf conf = {.engine = EXPR_NATIVE, .columns = &column, .ncolumns = 1};
	struct engine e;

	ok(open_engine(&e, "a", EXPR_EXACT, &conf), "a column alone");
	for (unsigned i = 0; i < sizeof cells / sizeof cells[0]; i++) {
		struct slice cell = slice_str(cells[i].cell);
		struct buf out = BUF_INIT;
		struct val v;
		int rc = expreval_row(e.ev, &cell, &v, &e.err);

		put_outcome(&out, rc, &v, &e.err);
		is_str(out.data, cells[i].want, cells[i].cell);
		buf_free(&out);
	}
	close_engine(&e);
}

static void test_default_names(void)
{
	static const char *const names[][2] = {
		{".a", "a"},       {".a.b", "b"},       {".a?", "a"},         {".\"x y\"", "x y"},
		{".a.\"b\"", "b"}, {".a?.b?", "b"},     {".", "key"},         {"", "key"},
		{".a+1", "key"},   {".a[0]", "key"},    {".[0]", "key"},      {".a | .b", "key"},
		{"length", "key"}, {"\"text\"", "key"}, {".\"a\\n\"", "key"}, {".a.b | f", "key"},
	};

	for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
		struct slice got = expr_default_name(names[i][0]);
		ok(slice_is(got, names[i][1]), "the name of %s is %s: %.*s", names[i][0],
		   names[i][1], (int)got.len, got.ptr);
	}
}

/* --- Map --- */

enum { RAW_IN = 1, RAW_OUT = 2 };

static void is_map(const char *program, unsigned how, const char *line, const char *want)
{
	struct expr_conf conf = {.engine = EXPR_AUTO};
	struct buf out = BUF_INIT;
	enum jq_result r = JQ_ERROR;
	struct engine e;

	open_engine(&e, program, EXPR_MAP, &conf);
	if (expreval_map(e.ev, slice_str(line), how & RAW_IN, &e.err) == 0) {
		while ((r = expreval_print(e.ev, how & RAW_OUT, &out, &e.err)) == JQ_RESULT)
			buf_add_char(&out, '|');
	}
	if (r == JQ_ERROR)
		buf_addf(&out, "! %s", buf_str(&e.err));
	is_text_like(&out, want, program);
	close_engine(&e);
	buf_free(&out);
}

static void test_map(void)
{
	is_map(".[]", 0, "[1, \"a\" ,{\"b\": null}]", "1|\"a\"|{\"b\":null}|");
	is_map("empty", 0, "1", "");
	is_map(".[]", RAW_OUT, "[\"a b\",1]", "a b|1|");
	is_map(".", RAW_IN, "{\"a\"", "\"{\\\"a\\\"\"|");
	is_map(".[] | if . == 3 then error(\"three\") else . end", 0, "[1,2,3,4]", "1|2|! three");
	is_map(".", 0, "{", "! invalid JSON: ...");
}

/* What the linked libjq itself makes of a line. */
static void is_map_by_libjq(const char *program, const char *line)
{
	struct buf want = BUF_INIT;
	struct libjq l;

	ok(libjq_open(&l, program), "%s on %s", program, line);
	libjq_run(&l, line, "|", &want);
	libjq_close(&l);
	is_map(program, 0, line, want.data);
	buf_free(&want);
}

/* From libjq 1.8 on a number keeps what was written behind a minus, but a zero has no sign. */
static void test_negation(void)
{
	static const char *const lines[] = {"0",      "-0",     "0.00",     "-0e5",   "1.50",
					    "-1.50",  "1e-400", "-1e-400",  "0e-400", "1e400",
					    "0.1e-5", "5e-324", "1.0e-330", "1e15"};

	for (unsigned i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		is_map_by_libjq("-.", lines[i]);
		is_map_by_libjq("[- -., -. * 2]", lines[i]);
	}
}

/* --- jqprog --- */

static void put_results(struct buf *out, struct jqprog *p, const char *text)
{
	struct jqdoc *doc = jqdoc_new();
	struct buf err = BUF_INIT;
	enum jq_result r;

	buf_clear(out);
	if (jqdoc_parse(doc, slice_str(text), &err) < 0) {
		buf_addf(out, "! %s", err.data);
	} else {
		jqprog_start(p, doc);
		while ((r = jqprog_print(p, false, out, &err)) == JQ_RESULT)
			buf_add_char(out, ' ');
		if (r == JQ_ERROR)
			buf_addf(out, "! %s", err.data);
	}
	jqdoc_free(doc);
	buf_free(&err);
}

/* Runs a program on each of `texts` in turn: a NULL-terminated list. */
static void is_run(const char *program, const char *const texts[], const char *want)
{
	struct buf all = BUF_INIT, out = BUF_INIT, err = BUF_INIT;
	struct jqprog *p = jqprog_new(program, NULL, 0, &err);

	if (!p)
		buf_addf(&all, "! %s", err.data);
	for (unsigned i = 0; p && texts[i]; i++) {
		put_results(&out, p, texts[i]);
		buf_addf(&all, "%s%s", i ? "; " : "", buf_str(&out));
	}
	is_text_like(&all, want, program);
	jqprog_free(p);
	buf_free(&all);
	buf_free(&out);
	buf_free(&err);
}

/* Runs a program that versions of libjq take differently: what the linked one makes of it. */
static void is_run_by_libjq(const char *program, const char *const texts[])
{
	struct buf want = BUF_INIT;
	struct libjq l;

	if (!libjq_open(&l, program))
		buf_addf(&want, "! %s%s%s", buf_str(&l.complaint), *program ? " " : "", program);
	else
		for (unsigned i = 0; texts[i]; i++) {
			buf_add_str(&want, i ? "; " : "");
			libjq_run(&l, texts[i], " ", &want);
		}
	libjq_close(&l);
	is_run(program, texts, want.data);
	buf_free(&want);
}

/* HOME holds a .jq that redefines a builtin; TZ is a zone with summer time. See main. */
static void test_environment(void)
{
	is_run("map(. + 1)", TEXTS("[1]"), "[2] ");
	is_run("from_home_jq", TEXTS("1"),
	       "! from_home_jq/0 is not defined at <top-level>, line 1...");
	is_run_by_libjq("from_home_jq", TEXTS("1"));
	is_run("($ENV.HOME | length > 0), (env.HOME | length > 0), $ENV.TZ, env.TZ", TEXTS("1"),
	       "true true \"Europe/Berlin\" \"Europe/Berlin\" ");
	is_run(".env, .ENV", TEXTS("{\"env\":1}"), "1 null ");
	/* 21 April 2024 15:10:45 UTC. */
	is_run("todate, (todate | fromdate), (gmtime | mktime), (localtime | mktime)",
	       TEXTS("1713712245"), "\"2024-04-21T15:10:45Z\" 1713712245 1713712245 1713712245 ");
	is_run("strftime(\"%H:%M\"), strflocaltime(\"%H:%M %Z\")", TEXTS("1713712245"),
	       "\"15:10\" \"15:10 UTC\" ");
	is_run_by_libjq("strftime(\"%H:%M %Z\"), strflocaltime(\"%H:%M\")", TEXTS("1713712245"));
	is_run("strptime(\"%Y-%m-%d %H:%M\") | mktime", TEXTS("\"2024-04-21 15:10\""),
	       "1713712200 ");
}

static void test_programs(void)
{
	/* A program that halted is run again. */
	is_run("if . == 1 then halt_error else . end", TEXTS("0", "1", "2", "1", "3"),
	       "0 ; ! the program halted: 1; 2 ; ! the program halted: 1; 3 ");
	is_run("if . then halt else 5 end", TEXTS("true", "false"), "! the program halted; 5 ");
	is_run("error({a: 1})", TEXTS("0"), "! {\"a\":1} (not a string)");
	is_run("error(\"x\")", TEXTS("0", "1"), "! x; ! x");
	is_run("try error(\"x\") catch .", TEXTS("0"), "\"x\" ");
	is_run("1, input", TEXTS("0"),
	       "! input and inputs are not available: each record is run by itself");
	is_run("[inputs]", TEXTS("0"),
	       "! input and inputs are not available: each record is run by itself");
	is_run("input_line_number", TEXTS("0"),
	       "! input_line_number is not available: each record is run by itself");
	is_run("import \"nowhere\" as n; 1", TEXTS("0"), "! module not found: nowhere");
	is_run("f(1)", TEXTS("0"), "! f/1 is not defined at <top-level>, line 1...");
	is_run_by_libjq("", TEXTS("0", "[1]"));
}

static void is_parsed(struct slice text, const char *want)
{
	struct jqdoc *doc = jqdoc_new();
	struct buf out = BUF_INIT, err = BUF_INIT;

	if (jqdoc_parse(doc, text, &err) < 0)
		buf_addf(&out, "! %s", err.data);
	else
		jqdoc_put(doc, &out);
	is_text_like(&out, want, want);
	jqdoc_free(doc);
	buf_free(&out);
	buf_free(&err);
}

static void is_parsed_by_libjq(const char *text)
{
	struct buf want = printed_by_libjq(text);

	is_parsed(slice_str(text), want.data);
	buf_free(&want);
}

/* An error without a message: up to 1.6 no result, later an error; the next record is as ever. */
static void test_error_null(void)
{
	struct buf out = BUF_INIT, err = BUF_INIT;
	struct jqprog *p = jqprog_new("if . then error(null) else 5 end", NULL, 0, &err);

	put_results(&out, p, "true");
	ok(!out.len || strncmp(out.data, "! null", 6) == 0, "error(null): %s", buf_str(&out));
	put_results(&out, p, "false");
	is_str(buf_str(&out), "5 ", "and the next one");
	jqprog_free(p);
	buf_free(&out);
	buf_free(&err);
}

/* One line, whatever the program looks like. */
static void test_compile_error(void)
{
	struct buf err = BUF_INIT;

	ok(!jqprog_new("1\n+ g\n+ h", NULL, 0, &err), "a program of three lines");
	ok(strstr(buf_str(&err), "g/0 is not defined") && !strchr(err.data, '\n') &&
		   err.data[err.len - 1] != ' ',
	   "an error of one: %s", buf_str(&err));
	ok(strstr(err.data, "line 2") && strcmp(strchr(err.data, ':'), ": + g") == 0,
	   "which ends in the line that is wrong");
	ok(!jqprog_new("env.x + g", NULL, 0, &err), "a program that asks for the environment");
	ok(strcmp(strchr(err.data, ':'), ": env.x + g") == 0 && !strstr(err.data, "__env") &&
		   (!strstr(err.data, "column") || strstr(err.data, "column 9")),
	   "only the user's own program is shown, and counted: %s", err.data);
	buf_free(&err);
}

static void test_documents(void)
{
	struct buf deep = BUF_INIT;

	is_parsed(slice_str(" {\"a\" : [1, 2.5 ,\"\\u00e9\\u007f\"]}\r"),
		  "{\"a\":[1,2.5,\"\xc3\xa9\\u007f\"]}");
	is_parsed_by_libjq(" {\"a\" : [1.0, 1e2, 12345678901234567890 ,\"\\u00e9\\u007f\"]}\r");
	is_parsed(slice_str("1 2"), "! two JSON texts on a line (one per line: jq -c .)");
	is_parsed(slice_str("{} {"), "! invalid JSON: ...");
	is_parsed(slice_str("[1,}"), "! invalid JSON: ...");
	is_parsed(slice_str(""), "! invalid JSON: no text");
	is_parsed(slice_str("  "), "! invalid JSON: no text");
	is_parsed(slice_of("1\0", 2), "! invalid JSON: a NUL byte");
	is_parsed(slice_of("\"a\0b\"", 5), "! invalid JSON: a NUL byte");
	/* What is not UTF-8 is replaced, as jq does. */
	is_parsed(slice_str("\"x\xff\xc3y\""), "\"x\xef\xbf\xbd\xef\xbf\xbdy\"");
	is_parsed(slice_str("{\"a\":1,\"a\":2}"), "{\"a\":2}");
	/* Not past the end of what it was given. */
	is_parsed(slice_of("123456", 3), "123");
	is_parsed(slice_of("truefalse", 4), "true");
	for (unsigned i = 0; i < 230; i++)
		buf_add_char(&deep, '[');
	for (unsigned i = 0; i < 230; i++)
		buf_add_char(&deep, ']');
	is_parsed(buf_slice(&deep), deep.data);
	buf_free(&deep);
}

/* --- Threads --- */

struct asker {
	struct jqprog *p;
	unsigned asked, wrong;
};

static bool all_compiled;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static bool compiled(bool now)
{
	bool was;

	pthread_mutex_lock(&lock);
	all_compiled |= now;
	was = all_compiled;
	pthread_mutex_unlock(&lock);
	return was;
}

static void *ask(void *arg)
{
	struct asker *a = arg;
	struct buf out = BUF_INIT;

	do {
		put_results(&out, a->p, "1713712245");
		a->wrong += strcmp(buf_str(&out), "true \"15:10\" ") != 0;
		a->asked++;
	} while (!compiled(false));
	buf_free(&out);
	return NULL;
}

/* While one thread compiles, which changes the environment, another looks into it. */
static void test_threads(void)
{
	struct buf err = BUF_INIT;
	struct asker a = {
		jqprog_new("(env.HOME | length > 0), strflocaltime(\"%H:%M\")", NULL, 0, &err), 0,
		0};
	pthread_t thread;

	pthread_create(&thread, NULL, ask, &a);
	for (unsigned i = 0; i < 5; i++)
		jqprog_free(jqprog_new(". + 1", NULL, 0, &err));
	compiled(true);
	pthread_join(thread, NULL);
	ok(a.asked && !a.wrong, "programs keep their environment while others are compiled");
	jqprog_free(a.p);
	buf_free(&err);
}

/* A home whose .jq would redefine things. */
static char *make_home(void)
{
	static char dir[] = "/tmp/kpipe-expr.XXXXXX";
	struct buf file = BUF_INIT;
	FILE *f;

	ok(mkdtemp(dir) != NULL, "a home");
	buf_addf(&file, "%s/.jq", dir);
	f = fopen(file.data, "w");
	fputs("def map(f): \"hijacked\"; def from_home_jq: 1;\n", f);
	fclose(f);
	buf_free(&file);
	return dir;
}

static void remove_home(const char *dir)
{
	struct buf file = BUF_INIT;

	buf_addf(&file, "%s/.jq", dir);
	unlink(file.data);
	rmdir(dir);
	buf_free(&file);
}

int main(void)
{
	char *home = make_home();

	setenv("HOME", home, 1);
	setenv("TZ", "Europe/Berlin", 1);
	test_environment();
	test_programs();
	test_error_null();
	test_compile_error();
	test_documents();
	test_threads();
	test_values();
	test_division_by_zero();
	test_keys();
	test_passed_on();
	test_tests();
	test_exact();
	test_engines();
	test_depth();
	test_built_depth();
	test_set();
	test_guard();
	test_variables();
	test_texts();
	test_columns();
	test_missing_columns();
	test_used_columns();
	test_cells();
	test_default_names();
	test_map();
	test_negation();
	test_agreement();
	test_random_records();
	test_random_programs();
	remove_home(home);
	return done_testing();
}
