#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "jqprog_priv.h"
#include "mem.h"

#define CRASHED "libjq crashed"

struct jqprog {
	jq_state *jq; /* NULL: given up, to be compiled anew */
	char *src;
	jv vars;          /* object: name -> value */
	jv libraries;     /* array of directories; null: the default */
	jv origin;        /* the directory of the program's file */
	struct buf words; /* what libjq said while compiling */
	bool halted;
	bool spent; /* halted: jq_start would free twice (up to libjq 1.7.1) */
};

/* --- Variables --- */

static jv parse_texts(const char *texts)
{
	struct jv_parser *parser = jv_parser_new(0);
	jv all = jv_array(), v;

	jv_parser_set_buf(parser, texts, (int)strlen(texts), 0);
	while (jv_is_valid(v = jv_parser_next(parser)))
		all = jv_array_append(all, v);
	jv_parser_free(parser);
	if (!jqvalue_has_message(v)) {
		jv_free(v);
		return all;
	}
	jv_free(all);
	return v;
}

/* Invalid with the reason, or without one. */
static jv value_of(const struct jqvar *var)
{
	jv_nomem_handler(jqprog_no_memory, NULL);
	switch (var->kind) {
	case JQVAR_JSON:
		return jv_parse(var->text);
	case JQVAR_TEXTS:
		return parse_texts(var->text);
	default:
		return jv_string(var->text);
	}
}

static void say_invalid(const struct jqvar *var, jv v, struct buf *err)
{
	if (var->kind == JQVAR_TEXTS) {
		buf_setf(err, "invalid JSON: ");
		jqvalue_take_message(v, err);
		return;
	}
	jv_free(v);
	buf_setf(err, "not a JSON text%s%s", *var->text ? ": " : ", but empty", var->text);
}

bool jqvar_check(const struct jqvar *var, struct buf *err)
{
	jv v = value_of(var);

	if (!jv_is_valid(v)) {
		say_invalid(var, v, err);
		return false;
	}
	jv_free(v);
	return true;
}

/* Of two variables with one name the first counts, as for jq. */
static bool add_var(struct jqprog *p, const struct jqvar *var, struct buf *err)
{
	struct buf why = BUF_INIT;
	jv v = value_of(var);

	if (!jv_is_valid(v)) {
		say_invalid(var, v, &why);
		buf_setf(err, "$%s: %s", var->name, buf_str(&why));
		buf_free(&why);
		return false;
	}
	if (jv_object_has(jv_copy(p->vars), jv_string(var->name)))
		jv_free(v);
	else
		p->vars = jv_object_set(p->vars, jv_string(var->name), v);
	return true;
}

static bool take_var(struct jqprog *p, const struct jqvar *var, struct buf *err)
{
	switch (var->kind) {
	case JQVAR_LIBRARY:
		if (jv_get_kind(p->libraries) != JV_KIND_ARRAY)
			p->libraries = jv_array();
		p->libraries = jv_array_append(p->libraries, jv_string(var->text));
		return true;
	case JQVAR_ORIGIN:
		jv_free(p->origin);
		p->origin = jv_string(var->text);
		return true;
	default:
		return add_var(p, var, err);
	}
}

static bool take_vars(struct jqprog *p, const struct jqvar *vars, size_t n, struct buf *err)
{
	jv args;

	for (size_t i = 0; i < n; i++) {
		if (!take_var(p, &vars[i], err))
			return false;
	}
	args = JV_OBJECT(jv_string("positional"), jv_array(), jv_string("named"), jv_copy(p->vars));
	p->vars = jv_object_set(p->vars, jv_string("ARGS"), args);
	return true;
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

/* At once, so that threads do not mix theirs. What cannot be written there cannot be said. Consumes text. */
static void put_stderr(jv text, const char *end)
{
	struct buf line = BUF_INIT;
	size_t done = 0;
	ssize_t n;

	buf_add(&line, jv_string_value(text), (size_t)jv_string_length_bytes(jv_copy(text)));
	buf_add_str(&line, end);
	while (done < line.len) {
		n = write(STDERR_FILENO, line.data + done, line.len - done);
		if (n < 0 && errno != EINTR)
			break;
		done += n > 0 ? (size_t)n : 0;
	}
	buf_free(&line);
	jv_free(text);
}

#ifdef HAVE_JQ_SET_STDERR_CB
/* `stderr`: a string is its bytes. */
static void on_stderr(void *data, jv v)
{
	(void)data;
	put_stderr(jv_get_kind(v) == JV_KIND_STRING ? v : jv_dump_string(v, 0), "");
}

static bool put_marked(jv v)
{
	(void)v;
	return false;
}
#else
#define STDERR_MARK "kpipe stderr"

/* `stderr`, which comes as [mark, value] (see jqsource_prepare). */
static bool put_marked(jv v)
{
	jv mark, value;
	bool is;

	if (jv_get_kind(v) != JV_KIND_ARRAY || jv_array_length(jv_copy(v)) != 2)
		return false;
	mark = jv_array_get(jv_copy(v), 0);
	is = jv_get_kind(mark) == JV_KIND_STRING && strcmp(jv_string_value(mark), STDERR_MARK) == 0;
	jv_free(mark);
	if (!is)
		return false;
	value = jv_array_get(jv_copy(v), 1);
	put_stderr(jv_dump_string(value, 0), "");
	return true;
}
#endif

/* `debug`, printed as jq prints it. */
static void on_debug(void *data, jv v)
{
	(void)data;
	if (put_marked(v))
		jv_free(v);
	else
		put_stderr(jv_dump_string(JV_ARRAY(jv_string("DEBUG:"), v), 0), "\n");
}

/* From within a module: elsewhere it is not defined. */
static jv no_input(jq_state *jq, void *data)
{
	(void)jq;
	(void)data;
	return jv_invalid_with_msg(
		jv_string("input and inputs are not available: each record is run by itself"));
}

/* --- Compiling --- */

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

static void give_up(struct jqprog *p)
{
	p->jq = NULL;
	p->halted = p->spent = false;
}

static void end(struct jqprog *p)
{
	if (p->jq)
		jq_teardown(&p->jq);
	give_up(p);
}

static jv default_libraries(const char *home)
{
	jv all = jv_array();

	if (!home)
		return all;
	return jv_array_append(all, jv_string_fmt("%s/.jq", home));
}

static void begin(struct jqprog *p, const char *home)
{
	end(p);
	buf_clear(&p->words);
	p->jq = jq_init();
	if (!p->jq)
		mem_exhausted();
	jq_set_nomem_handler(p->jq, jqprog_no_memory, NULL);
	jq_set_error_cb(p->jq, on_message, p);
	jq_set_input_cb(p->jq, no_input, NULL);
	jq_set_debug_cb(p->jq, on_debug, NULL); /* libjq 1.6 leaves it uninitialised */
#ifdef HAVE_JQ_SET_STDERR_CB
	jq_set_stderr_cb(p->jq, on_stderr, NULL);
#endif
	/* Without these libjq aborts on an import. */
	jq_set_attr(p->jq, jv_string("JQ_LIBRARY_PATH"),
		    jv_get_kind(p->libraries) == JV_KIND_ARRAY ? jv_copy(p->libraries)
							       : default_libraries(home));
	jq_set_attr(p->jq, jv_string("JQ_ORIGIN"), jv_string("."));
	jq_set_attr(p->jq, jv_string("PROGRAM_ORIGIN"), jv_copy(p->origin));
}

static bool compile_text(struct jqprog *p, const char *src, jv vars, const char *home)
{
	bool compiled = false;

	begin(p, home);
	if (!jqguard_compile(p->jq, src, jv_copy(vars), &compiled)) {
		give_up(p);
		buf_setf(&p->words, CRASHED);
		return false;
	}
	return compiled;
}

/*
 * A program that asks for the environment gets it from us: libjq would miss HOME in it. When it is
 * wrong, it is so without our definitions, and libjq is to show it as it was written.
 */
static bool compile_prepared(struct jqprog *p, const char *home)
{
	bool asks = jqsource_mentions(p->src, "$ENV") || jqsource_mentions(p->src, "env");
	jv vars = jv_copy(p->vars);
	struct buf src = BUF_INIT;
	const char *why;
	bool compiled;

	if (asks)
		vars = jv_object_set(vars, jv_string("__env"), jqenv_object(home));
#ifdef STDERR_MARK
	vars = jv_object_set(vars, jv_string("__kpipe_stderr"), jv_string(STDERR_MARK));
#endif
	jqsource_prepare(&src, p->src, asks ? "def env: $__env; $__env as $ENV | " : "");
	compiled = compile_text(p, src.data, vars, home);
	why = compiled ? NULL : jqsource_refusal(buf_str(&p->words));
	if (why)
		buf_setf(&p->words, "%s", why);
	else if (!compiled)
		compiled = compile_text(p, p->src, vars, home);
	buf_free(&src);
	jv_free(vars);
	return compiled;
}

static bool compile(struct jqprog *p)
{
	char *home = jqenv_begin_compiling();
	bool compiled = compile_prepared(p, home);

	jqenv_end_compiling(home);
	return compiled;
}

/* --- Programs --- */

struct jqprog *jqprog_new(const char *src, const struct jqvar *vars, size_t nvars, struct buf *err)
{
	struct jqprog *p = mem_zalloc(1, sizeof *p);

	jv_nomem_handler(jqprog_no_memory, NULL);
	p->src = mem_strdup(src);
	p->vars = jv_object();
	p->libraries = jv_null();
	p->origin = jv_string(".");
	if (!take_vars(p, vars, nvars, err)) {
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
	end(p);
	jv_free(p->vars);
	jv_free(p->libraries);
	jv_free(p->origin);
	buf_free(&p->words);
	free(p->src);
	free(p);
}

void jqprog_start(struct jqprog *p, const struct jqdoc *doc)
{
	if (p->spent)
		end(p);
	/* It compiled before. */
	if (!p->jq)
		compile(p);
	p->halted = false;
	jq_start(p->jq, jv_copy(doc->value), 0);
}

bool jqprog_halted(const struct jqprog *p)
{
	return p->halted;
}

/* The message of halt_error, without a newline at its end, which is for jq to print. Consumes msg. */
static enum jq_result halted(struct jqprog *p, jv msg, struct buf *err)
{
	p->spent = true;
	p->halted = !jv_is_valid(msg);
	buf_setf(err, "the program halted");
	if (!jv_is_valid(msg) || jv_get_kind(msg) == JV_KIND_NULL) {
		jv_free(msg);
		return JQ_ERROR;
	}
	buf_add_str(err, ": ");
	jqvalue_show(err, msg);
	if (err->data[err->len - 1] == '\n')
		err->data[--err->len] = '\0';
	return JQ_ERROR;
}

/* An invalid v: the end, a halt, or an error. Consumes v. */
static enum jq_result no_result(struct jqprog *p, jv v, struct buf *err)
{
	if (jq_halted(p->jq)) {
		jv_free(v);
		return halted(p, jq_get_error_message(p->jq), err);
	}
	if (!jqvalue_has_message(v)) {
		jv_free(v);
		return JQ_END;
	}
	buf_clear(err);
	jqvalue_take_message(v, err);
	return JQ_ERROR;
}

/* JQ_RESULT with the next result, or what there is in its place. */
static enum jq_result next_value(struct jqprog *p, jv *v, struct buf *err)
{
	bool survived;

	jqenv_begin_running();
	survived = jqguard_next(p->jq, v);
	jqenv_end_running();
	if (!survived) {
		give_up(p);
		buf_setf(err, CRASHED);
		return JQ_ERROR;
	}
	return jv_is_valid(*v) ? JQ_RESULT : no_result(p, *v, err);
}

static struct val number(jv v)
{
	struct val out = {.type = VAL_DEC};
	double d = jv_number_value(v);

	if (jqvalue_exact(v, &out.dec))
		return out;
	return (struct val){.type = VAL_DBL, .dbl = d};
}

enum jq_result jqprog_next(struct jqprog *p, bool sorted, struct val *out, struct buf *scratch,
			   struct buf *err)
{
	enum jq_result r;
	jv v;

	r = next_value(p, &v, err);
	if (r != JQ_RESULT)
		return r;
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
		jqvalue_put(scratch, jv_copy(v), sorted ? FORM_KEY : FORM_PRINT);
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
	enum jq_result r;
	jv v;

	r = next_value(p, &v, err);
	if (r != JQ_RESULT)
		return r;
	if (raw && jv_get_kind(v) == JV_KIND_STRING) {
		buf_add(out, jv_string_value(v), (size_t)jv_string_length_bytes(jv_copy(v)));
		jv_free(v);
	} else {
		jqvalue_put(out, v, FORM_PRINT);
	}
	return JQ_RESULT;
}
