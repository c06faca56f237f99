#include "jqprog.h"

#include <jq.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "json.h"
#include "mem.h"

struct jqprog {
	jq_state *jq;
	char *src;
	jv vars;          /* object: name -> value */
	struct buf words; /* what libjq said while compiling */
	bool spent;       /* halted: jq_start would free twice (up to libjq 1.7.1) */
};

struct jqdoc {
	jv value;
	size_t depth_max;
};

/* libjq would abort. It keeps this for each thread, and a program sets its own when it runs. */
static void no_memory(void *data)
{
	(void)data;
	mem_exhausted();
}

/* --- Numbers --- */

static bool prints_as(const char *number, const char *want)
{
	jv text = jv_dump_string(jv_parse(number), 0);
	bool same = strcmp(jv_string_value(text), want) == 0;

	jv_free(text);
	return same;
}

/* It is asked, not known from its version: a build may be without decNumber. */
struct jq_number_rules jqprog_number_rules(void)
{
	static const char one[] = "100000000000000000001", two[] = "100000000000000000002";

	jv_nomem_handler(no_memory, NULL);
	return (struct jq_number_rules){
		.keeps = prints_as("1.0", "1.0"),
		.compares = jv_cmp(jv_parse(one), jv_parse(two)) < 0,
#ifdef HAVE_JV_NUMBER_NEGATE
		.negates = true,
#endif
	};
}

/* --- Documents --- */

/*
 * How deep a text may be nested for libjq's recursion over it, at 250 bytes of stack for a level: 1.8
 * takes 10000 levels, 1.6 took 256. Threads have more stack than needed: filter_pool.c.
 */
static size_t depth_for_stack(void)
{
	struct rlimit stack;

	if (getrlimit(RLIMIT_STACK, &stack) < 0 || stack.rlim_cur == RLIM_INFINITY)
		return SIZE_MAX;
	return (size_t)(stack.rlim_cur / 512);
}

struct jqdoc *jqdoc_new(void)
{
	struct jqdoc *doc = mem_alloc(sizeof *doc);

	doc->value = jv_null();
	doc->depth_max = depth_for_stack();
	return doc;
}

void jqdoc_free(struct jqdoc *doc)
{
	if (!doc)
		return;
	jv_free(doc->value);
	free(doc);
}

static void set_value(struct jqdoc *doc, jv v)
{
	jv_free(doc->value);
	doc->value = v;
}

/* Messages are C strings. */
static void add_shown(struct buf *out, const char *p, size_t len)
{
	const char *nul;

	for (; (nul = memchr(p, '\0', len)); len -= (size_t)(nul + 1 - p), p = nul + 1) {
		buf_add(out, p, (size_t)(nul - p));
		buf_add_str(out, "\\u0000");
	}
	buf_add(out, p, len);
}

/* Takes the message out of an invalid value; one that is no string is shown as JSON. Consumes v. */
static void take_message(jv v, struct buf *out)
{
	jv msg = jv_invalid_get_msg(v);

	if (jv_get_kind(msg) != JV_KIND_STRING)
		msg = jv_string_concat(jv_dump_string(msg, 0), jv_string(" (not a string)"));
	add_shown(out, jv_string_value(msg), (size_t)jv_string_length_bytes(jv_copy(msg)));
	jv_free(msg);
}

static bool has_message(jv v)
{
	return jv_invalid_has_msg(jv_copy(v));
}

/* libjq counts lines inside the text it is given; here that is always one. */
static void parse_failed(jv v, struct buf *err)
{
	static const char line[] = " at line 1, column ";
	struct buf words = BUF_INIT;
	const char *at;

	take_message(v, &words);
	at = strstr(buf_str(&words), line);
	if (at)
		buf_setf(err, "invalid JSON: %.*s at column %s", (int)(at - words.data), words.data,
			 at + sizeof line - 1);
	else
		buf_setf(err, "invalid JSON: %s", buf_str(&words));
	buf_free(&words);
}

/* Right for what libjq would take; the rest it refuses. */
static bool is_deeper(struct slice text, size_t max)
{
	size_t depth = 0;
	bool in_string = false;

	if (text.len / 2 <= max)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		switch (text.ptr[i]) {
		case '"':
			in_string = !in_string;
			break;
		case '\\':
			i += in_string;
			break;
		case '[':
		case '{':
			if (!in_string && ++depth > max)
				return true;
			break;
		case ']':
		case '}':
			depth -= !in_string && depth > 0;
			break;
		}
	}
	return false;
}

int jqdoc_parse(struct jqdoc *doc, struct slice text, struct buf *err)
{
	struct jv_parser *parser;
	jv v, second;
	int rc = -1;

	/* libjq ends a text at a NUL byte and then goes on in various ways. */
	if (memchr(text.ptr, '\0', text.len)) {
		buf_setf(err, "invalid JSON: a NUL byte");
		return -1;
	}
	/* libjq takes one at the start of any text; here it may stand at the start of a file only. */
	if (text.len >= 3 && memcmp(text.ptr, "\xef\xbb\xbf", 3) == 0) {
		buf_setf(err, "invalid JSON: a byte order mark");
		return -1;
	}
	if (text.len > INT32_MAX) {
		buf_setf(err, "a text of more than 2 GiB");
		return -1;
	}
	if (is_deeper(text, doc->depth_max)) {
		buf_setf(err,
			 "nested more than %zu levels deep, too deep for the stack (ulimit -s)",
			 doc->depth_max);
		return -1;
	}
	jv_nomem_handler(no_memory, NULL);
	parser = jv_parser_new(0);
	jv_parser_set_buf(parser, text.ptr, (int)text.len, 0);
	v = jv_parser_next(parser);
	if (!jv_is_valid(v)) {
		if (has_message(v)) {
			parse_failed(v, err);
		} else {
			jv_free(v);
			buf_setf(err, "invalid JSON: no text");
		}
		jv_parser_free(parser);
		return -1;
	}
	second = jv_parser_next(parser);
	if (jv_is_valid(second)) {
		buf_setf(err, "two JSON texts on a line (one per line: jq -c .)");
	} else if (has_message(second)) {
		parse_failed(jv_copy(second), err);
	} else {
		set_value(doc, jv_copy(v));
		rc = 0;
	}
	jv_free(second);
	jv_free(v);
	jv_parser_free(parser);
	return rc;
}

void jqdoc_string(struct jqdoc *doc, struct slice bytes)
{
	jv_nomem_handler(no_memory, NULL);
	set_value(doc, jv_string_sized(bytes.ptr, (int)bytes.len));
}

static void put_dumped(struct buf *out, jv v, int flags)
{
	jv text = jv_dump_string(v, flags);

	buf_add(out, jv_string_value(text), (size_t)jv_string_length_bytes(jv_copy(text)));
	jv_free(text);
}

#ifdef HAVE_JV_NUMBER_HAS_LITERAL
static const char *literal_of(jv v)
{
	return jv_number_has_literal(v) ? jv_number_get_literal(v) : NULL;
}
#else
static const char *literal_of(jv v)
{
	(void)v;
	return NULL;
}
#endif

static bool exact_number(jv v, struct dec *d)
{
	const char *text = literal_of(v);

	return text ? dec_parse(d, text, strlen(text)) : dec_from_double(d, jv_number_value(v));
}

/* By value, so that equal numbers are equal bytes however they were written. */
static void put_canonical(struct buf *out, jv v)
{
	struct dec d;

	if (exact_number(v, &d))
		dec_put(out, d);
	else
		num_put_double(out, jv_number_value(v));
}

/* Whole numbers of up to 15 digits look the same from every libjq; the others it prints itself. */
static void put_as_printed(struct buf *out, jv v)
{
	double d = jv_number_value(v);

	if (literal_of(v) || !(d > -1e15 && d < 1e15) || d != (double)(int64_t)d ||
	    (d == 0 && signbit(d)))
		put_dumped(out, jv_copy(v), 0);
	else
		dec_put(out, (struct dec){(int64_t)d, 0});
}

static void put_string(struct buf *out, jv v)
{
	json_put_string(out, jv_string_value(v), (size_t)jv_string_length_bytes(jv_copy(v)));
}

/*
 * FORM_KEY: members sorted, numbers by value; for keys of groups. FORM_KEPT: what is not finite is
 * told apart.
 */
enum form { FORM_PRINT, FORM_KEY, FORM_KEPT };

static void put_number(struct buf *out, jv v, enum form form)
{
	double d = jv_number_value(v);

	if (form == FORM_KEY)
		put_canonical(out, v);
	else if (form == FORM_KEPT && !isfinite(d))
		buf_add_str(out, d < 0 ? "-1e999" : "1e999");
	else
		put_as_printed(out, v);
}

static bool put_value(struct buf *out, jv v, enum form form, int depth);

static bool put_array(struct buf *out, jv v, enum form form, int depth)
{
	int n = jv_array_length(jv_copy(v));
	bool fits = true;

	buf_add_char(out, '[');
	for (int i = 0; i < n && fits; i++) {
		jv item = jv_array_get(jv_copy(v), i);
		if (i)
			buf_add_char(out, ',');
		fits = put_value(out, item, form, depth);
		jv_free(item);
	}
	buf_add_char(out, ']');
	return fits;
}

/* Takes key and value. */
static bool put_member(struct buf *out, jv key, jv value, bool first, enum form form, int depth)
{
	bool fits;

	if (!first)
		buf_add_char(out, ',');
	put_string(out, key);
	buf_add_char(out, ':');
	fits = put_value(out, value, form, depth);
	jv_free(key);
	jv_free(value);
	return fits;
}

static bool put_sorted(struct buf *out, jv v, int depth)
{
	jv keys = jv_keys(jv_copy(v));
	int n = jv_array_length(jv_copy(keys));
	bool fits = true;

	for (int i = 0; i < n && fits; i++) {
		jv key = jv_array_get(jv_copy(keys), i);
		jv value = jv_object_get(jv_copy(v), jv_copy(key));
		fits = put_member(out, key, value, i == 0, FORM_KEY, depth);
	}
	jv_free(keys);
	return fits;
}

static bool put_in_order(struct buf *out, jv v, enum form form, int depth)
{
	int first = jv_object_iter(v);
	bool fits = true;

	for (int i = first; fits && jv_object_iter_valid(v, i); i = jv_object_iter_next(v, i))
		fits = put_member(out, jv_object_iter_key(v, i), jv_object_iter_value(v, i),
				  i == first, form, depth);
	return fits;
}

static bool put_object(struct buf *out, jv v, enum form form, int depth)
{
	bool fits;

	buf_add_char(out, '{');
	fits = form == FORM_KEY ? put_sorted(out, v, depth) : put_in_order(out, v, form, depth);
	buf_add_char(out, '}');
	return fits;
}

/* False when v is nested too deep for a rule that all versions share. */
static bool put_value(struct buf *out, jv v, enum form form, int depth)
{
	if (depth >= JSON_DEPTH_MAX)
		return false;
	switch (jv_get_kind(v)) {
	case JV_KIND_NUMBER:
		put_number(out, v, form);
		return true;
	case JV_KIND_STRING:
		put_string(out, v);
		return true;
	case JV_KIND_ARRAY:
		return put_array(out, v, form, depth + 1);
	case JV_KIND_OBJECT:
		return put_object(out, v, form, depth + 1);
	case JV_KIND_TRUE:
		buf_add_str(out, "true");
		return true;
	case JV_KIND_FALSE:
		buf_add_str(out, "false");
		return true;
	default:
		buf_add_str(out, "null");
		return true;
	}
}

/*
 * What jv_dump_string gives, without the string that it builds bit by bit: printing is a sixth of
 * the time of a small program. Consumes v.
 */
static void put_json(struct buf *out, jv v, enum form form)
{
	size_t start = out->len;

	if (put_value(out, v, form, 0)) {
		jv_free(v);
		return;
	}
	out->len = start;
	put_dumped(out, v, form == FORM_KEY ? JV_PRINT_SORTED : 0);
}

void jqdoc_put(const struct jqdoc *doc, struct buf *out)
{
	put_json(out, jv_copy(doc->value), FORM_KEPT);
}

/* --- What libjq calls --- */

static void on_message(void *data, jv msg)
{
	struct jqprog *p = data;

	if (jv_get_kind(msg) == JV_KIND_STRING) {
		buf_add_str(&p->words, jv_string_value(msg));
		buf_add_char(&p->words, '\n');
	}
	jv_free(msg);
}

/* `debug`, printed as jq prints it. */
static void on_debug(void *data, jv v)
{
	struct buf line = BUF_INIT;
	jv text = jv_dump_string(JV_ARRAY(jv_string("DEBUG:"), v), 0);

	(void)data;
	buf_addf(&line, "%s\n", jv_string_value(text));
	fputs(line.data, stderr);
	buf_free(&line);
	jv_free(text);
}

static jv no_input(jq_state *jq, void *data)
{
	(void)jq;
	(void)data;
	return jv_invalid_with_msg(
		jv_string("input and inputs are not available: each record is run by itself"));
}

/* --- The environment --- */

/*
 * libjq loads $HOME/.jq when it compiles, which may redefine anything, and keeps local time by TZ,
 * wrongly so in zones with summer time (1.6). So TZ is UTC, and HOME is away while a program is
 * compiled. Threads compile while others run programs, which may look into the environment too:
 * hence the lock, written by who changes it.
 */
static pthread_rwlock_t env_lock = PTHREAD_RWLOCK_INITIALIZER;

extern char **environ; /* POSIX wants it declared by its user */

static struct {
	bool kept;
	char *tz; /* what TZ was; NULL: nothing. It stays for the life of the process. */
} env_before;

static char *copy_of(const char *variable)
{
	const char *value = getenv(variable);

	return value ? mem_strdup(value) : NULL;
}

static void set_variable(const char *name, const char *value)
{
	if (value)
		setenv(name, value, 1);
	else
		unsetenv(name);
}

/* The environment as the process was given it, as an object. */
static jv env_object(void)
{
	jv env = jv_object();

	for (char *const *e = environ; *e; e++) {
		const char *eq = strchr(*e, '=');
		if (eq)
			env = jv_object_set(env, jv_string_sized(*e, (int)(eq - *e)),
					    jv_string(eq + 1));
	}
	if (env_before.tz)
		return jv_object_set(env, jv_string("TZ"), jv_string(env_before.tz));
	return jv_object_delete(env, jv_string("TZ"));
}

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_';
}

static bool mentions(const char *src, const char *word)
{
	for (const char *p = src; (p = strstr(p, word)); p++) {
		bool begins = p == src || (!is_word(p[-1]) && p[-1] != '.');
		if (begins && !is_word(p[strlen(word)]))
			return true;
	}
	return false;
}

/* A program that asks for the environment gets it from us: libjq would miss HOME in it. */
static int compile_text(struct jqprog *p)
{
	static const char names[] = "def env: $__env; $__env as $ENV | ";
	jv vars = jv_copy(p->vars);
	struct buf src = BUF_INIT;
	char *home;
	int ok;

	if (mentions(p->src, "$ENV") || mentions(p->src, "env")) {
		buf_add_str(&src, names);
		vars = jv_object_set(vars, jv_string("__env"), env_object());
	}
	buf_add_str(&src, p->src);
	home = copy_of("HOME");
	set_variable("HOME", NULL);
	ok = jq_compile_args(p->jq, src.data, vars);
	if (!ok && src.len > strlen(p->src)) {
		/* Words without ours in them, which columns would count (1.8). */
		buf_clear(&p->words);
		ok = jq_compile_args(p->jq, p->src, jv_copy(p->vars));
	}
	set_variable("HOME", home);
	free(home);
	buf_free(&src);
	return ok;
}

static int compile_alone(struct jqprog *p)
{
	int ok;

	pthread_rwlock_wrlock(&env_lock);
	if (!env_before.kept) {
		env_before.kept = true;
		env_before.tz = copy_of("TZ");
		set_variable("TZ", "UTC");
	}
	ok = compile_text(p);
	pthread_rwlock_unlock(&env_lock);
	return ok;
}

static jv next_value(struct jqprog *p)
{
	jv v;

	pthread_rwlock_rdlock(&env_lock);
	v = jq_next(p->jq);
	pthread_rwlock_unlock(&env_lock);
	return v;
}

/* --- Programs --- */

/* A line of what libjq says, without the blanks around it; but not one that only points (1.8). */
static void add_words(struct buf *out, const char *line, size_t len)
{
	size_t blanks = strspn(line, " ");

	if (strspn(line, " ^") >= len)
		return;
	if (out->len)
		buf_add_char(out, ' ');
	buf_add(out, line + blanks, len - blanks);
	while (out->data[out->len - 1] == ' ')
		out->data[--out->len] = '\0';
}

/* libjq's first complaint, on one line and without its own name before it. */
static void first_words(struct jqprog *p, struct buf *err)
{
	static const char prefix[] = "jq: error: ", next[] = "jq: ";
	const char *s = buf_str(&p->words);
	struct buf words = BUF_INIT;

	if (strncmp(s, prefix, sizeof prefix - 1) == 0)
		s += sizeof prefix - 1;
	while (*s && strncmp(s, next, sizeof next - 1) != 0) {
		size_t len = strcspn(s, "\n");
		add_words(&words, s, len);
		s += len + (s[len] == '\n');
	}
	buf_setf(err, "%s", buf_str(&words));
	buf_free(&words);
}

static bool compile(struct jqprog *p)
{
	buf_clear(&p->words);
	p->jq = jq_init();
	if (!p->jq)
		mem_exhausted();
	jq_set_nomem_handler(p->jq, no_memory, NULL);
	jq_set_error_cb(p->jq, on_message, p);
	jq_set_input_cb(p->jq, no_input, NULL);
	jq_set_debug_cb(p->jq, on_debug, NULL); /* libjq 1.6 leaves it uninitialised */
	/* Without these two libjq aborts on an import. */
	jq_set_attr(p->jq, jv_string("JQ_LIBRARY_PATH"), jv_array());
	jq_set_attr(p->jq, jv_string("PROGRAM_ORIGIN"), jv_string("."));
	p->spent = false;
	return compile_alone(p) != 0;
}

static bool add_vars(struct jqprog *p, const struct jqvar *vars, size_t n, struct buf *err)
{
	for (size_t i = 0; i < n; i++) {
		jv v = vars[i].kind == JQVAR_JSON ? jv_parse(vars[i].text)
						  : jv_string(vars[i].text);
		if (!jv_is_valid(v)) {
			jv_free(v);
			buf_setf(err, "$%s: not a JSON text: %s", vars[i].name, vars[i].text);
			return false;
		}
		p->vars = jv_object_set(p->vars, jv_string(vars[i].name), v);
	}
	return true;
}

struct jqprog *jqprog_new(const char *src, const struct jqvar *vars, size_t nvars, struct buf *err)
{
	struct jqprog *p = mem_zalloc(1, sizeof *p);

	jv_nomem_handler(no_memory, NULL);
	p->src = mem_strdup(src);
	p->vars = jv_object();
	if (!add_vars(p, vars, nvars, err)) {
		jqprog_free(p);
		return NULL;
	}
	if (!compile(p)) {
		first_words(p, err);
		jqprog_free(p);
		return NULL;
	}
	return p;
}

void jqprog_free(struct jqprog *p)
{
	if (!p)
		return;
	if (p->jq)
		jq_teardown(&p->jq);
	jv_free(p->vars);
	buf_free(&p->words);
	free(p->src);
	free(p);
}

void jqprog_start(struct jqprog *p, const struct jqdoc *doc)
{
	if (p->spent) {
		jq_teardown(&p->jq);
		/* It compiled before. */
		compile(p);
	}
	jq_start(p->jq, jv_copy(doc->value), 0);
}

/* An invalid v: the end, a halt, or an error. Consumes v. */
static enum jq_result no_result(struct jqprog *p, jv v, struct buf *err)
{
	if (jq_halted(p->jq)) {
		p->spent = true;
		jv_free(v);
		buf_setf(err, "the program halted");
		return JQ_ERROR;
	}
	if (!has_message(v)) {
		jv_free(v);
		return JQ_END;
	}
	buf_clear(err);
	take_message(v, err);
	return JQ_ERROR;
}

static struct val number(jv v)
{
	struct val out = {.type = VAL_DEC};
	double d = jv_number_value(v);

	if (exact_number(v, &out.dec))
		return out;
	return (struct val){.type = VAL_DBL, .dbl = d};
}

enum jq_result jqprog_next(struct jqprog *p, bool sorted, struct val *out, struct buf *scratch,
			   struct buf *err)
{
	jv v = next_value(p);

	if (!jv_is_valid(v))
		return no_result(p, v, err);
	buf_clear(scratch);
	switch (jv_get_kind(v)) {
	case JV_KIND_FALSE:
		*out = (struct val){.type = VAL_FALSE};
		break;
	case JV_KIND_TRUE:
		*out = (struct val){.type = VAL_TRUE};
		break;
	case JV_KIND_NUMBER:
		*out = number(v);
		break;
	case JV_KIND_STRING:
		buf_add(scratch, jv_string_value(v), (size_t)jv_string_length_bytes(jv_copy(v)));
		*out = val_str(scratch->data, scratch->len);
		break;
	case JV_KIND_ARRAY:
	case JV_KIND_OBJECT:
		put_json(scratch, jv_copy(v), sorted ? FORM_KEY : FORM_PRINT);
		*out = (struct val){.type = VAL_JSON, .str = buf_slice(scratch)};
		break;
	default:
		*out = val_null();
	}
	jv_free(v);
	return JQ_RESULT;
}

enum jq_result jqprog_print(struct jqprog *p, bool raw, struct buf *out, struct buf *err)
{
	jv v = next_value(p);

	if (!jv_is_valid(v))
		return no_result(p, v, err);
	if (raw && jv_get_kind(v) == JV_KIND_STRING) {
		buf_add(out, jv_string_value(v), (size_t)jv_string_length_bytes(jv_copy(v)));
		jv_free(v);
	} else {
		put_json(out, v, FORM_PRINT);
	}
	return JQ_RESULT;
}
