#include <math.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "json.h"
#include "jqprog_priv.h"
#include "mem.h"

void jqprog_no_memory(void *data)
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

	jv_nomem_handler(jqprog_no_memory, NULL);
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

void jqvalue_show(struct buf *out, jv v)
{
	jv text = jv_get_kind(v) == JV_KIND_STRING ? v : jv_dump_string(v, 0);

	add_shown(out, jv_string_value(text), (size_t)jv_string_length_bytes(jv_copy(text)));
	jv_free(text);
}

void jqvalue_take_message(jv v, struct buf *out)
{
	jv msg = jv_invalid_get_msg(v);
	bool is_string = jv_get_kind(msg) == JV_KIND_STRING;

	jqvalue_show(out, msg);
	if (!is_string)
		buf_add_str(out, " (not a string)");
}

bool jqvalue_has_message(jv v)
{
	return jv_invalid_has_msg(jv_copy(v));
}

/* libjq counts lines inside the text it is given; here that is always one. */
static void parse_failed(jv v, struct buf *err)
{
	static const char line[] = " at line 1, column ";
	struct buf words = BUF_INIT;
	const char *at;

	jqvalue_take_message(v, &words);
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
	jv_nomem_handler(jqprog_no_memory, NULL);
	parser = jv_parser_new(0);
	jv_parser_set_buf(parser, text.ptr, (int)text.len, 0);
	v = jv_parser_next(parser);
	if (!jv_is_valid(v)) {
		if (jqvalue_has_message(v)) {
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
	} else if (jqvalue_has_message(second)) {
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
	jv_nomem_handler(jqprog_no_memory, NULL);
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

bool jqvalue_exact(jv v, struct dec *d)
{
	const char *text = literal_of(v);

	return text ? dec_parse(d, text, strlen(text)) : dec_from_double(d, jv_number_value(v));
}

/* By value, so that equal numbers are equal bytes however they were written. */
static void put_canonical(struct buf *out, jv v)
{
	struct dec d;

	if (jqvalue_exact(v, &d))
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

static void put_number(struct buf *out, jv v, enum jq_form form)
{
	double d = jv_number_value(v);

	if (form == FORM_KEY)
		put_canonical(out, v);
	else if (form == FORM_KEPT && !isfinite(d))
		buf_add_str(out, d < 0 ? "-1e999" : "1e999");
	else
		put_as_printed(out, v);
}

static bool put_value(struct buf *out, jv v, enum jq_form form, int depth);

static bool put_array(struct buf *out, jv v, enum jq_form form, int depth)
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
static bool put_member(struct buf *out, jv key, jv value, bool first, enum jq_form form, int depth)
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

static bool put_in_order(struct buf *out, jv v, enum jq_form form, int depth)
{
	int first = jv_object_iter(v);
	bool fits = true;

	for (int i = first; fits && jv_object_iter_valid(v, i); i = jv_object_iter_next(v, i))
		fits = put_member(out, jv_object_iter_key(v, i), jv_object_iter_value(v, i),
				  i == first, form, depth);
	return fits;
}

static bool put_object(struct buf *out, jv v, enum jq_form form, int depth)
{
	bool fits;

	buf_add_char(out, '{');
	fits = form == FORM_KEY ? put_sorted(out, v, depth) : put_in_order(out, v, form, depth);
	buf_add_char(out, '}');
	return fits;
}

/* False when v is nested too deep for a rule that all versions share. */
static bool put_value(struct buf *out, jv v, enum jq_form form, int depth)
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
 * the time of a small program.
 */
void jqvalue_put(struct buf *out, jv v, enum jq_form form)
{
	size_t start = out->len;

	if (put_value(out, v, form, 0)) {
		jv_free(v);
		return;
	}
	buf_cut(out, start);
	put_dumped(out, v, form == FORM_KEY ? JV_PRINT_SORTED : 0);
}

void jqdoc_put(const struct jqdoc *doc, struct buf *out)
{
	jqvalue_put(out, jv_copy(doc->value), FORM_KEPT);
}

void jqdoc_print(const struct jqdoc *doc, struct buf *out)
{
	jqvalue_put(out, jv_copy(doc->value), FORM_PRINT);
}
