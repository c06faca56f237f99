#include "kafka.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>

#include "mem.h"

/* --- Escapes --- */

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* A byte by its number, as kcat has it: up to three digits, octal ones behind a 0. */
static const char *put_number(const char *p, struct buf *out)
{
	int base = *p == '0' ? 8 : 10, n = 0;

	p += *p == '0';
	for (int i = 0; i < 3 && *p >= '0' && *p < '0' + base; i++, p++)
		n = n * base + (*p - '0');
	if (n > UCHAR_MAX)
		return NULL;
	buf_add_char(out, (char)n);
	return p;
}

/* One escape behind its backslash; returns the byte after it, or NULL. */
static const char *put_escape(const char *p, struct buf *out)
{
	static const char names[] = "ntr\\", bytes[] = "\n\t\r\\";
	const char *at = *p ? strchr(names, *p) : NULL;
	int high, low;

	if (at) {
		buf_add_char(out, bytes[at - names]);
		return p + 1;
	}
	if (*p >= '0' && *p <= '9')
		return put_number(p, out);
	if (*p != 'x' || (high = hex_digit(p[1])) < 0 || (low = hex_digit(p[2])) < 0)
		return NULL;
	buf_add_char(out, (char)(high * 16 + low));
	return p + 3;
}

/* --- Fields --- */

typedef void put_fn(const struct kafka_format *f, const struct rec *rec, struct buf *out);

/* A step prints literal bytes, then a field. */
struct step {
	size_t start, len;         /* in literals */
	put_fn *put;               /* NULL: no field */
	struct kafka_format *each; /* for each header; it sees the header's name as key */
	struct buf name;           /* of one header */
};

struct kafka_format {
	struct buf literals, null;
	struct step *steps;
	size_t n, cap;
	bool headers;
};

static void put_bytes(const struct kafka_format *f, struct slice s, struct buf *out)
{
	if (s.ptr)
		buf_add(out, s.ptr, s.len);
	else
		buf_add(out, f->null.data, f->null.len);
}

static void put_int(struct buf *out, int64_t n)
{
	char text[24], *p = text + sizeof text;
	uint64_t rest = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;

	do {
		*--p = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest);
	if (n < 0)
		*--p = '-';
	buf_add(out, p, (size_t)(text + sizeof text - p));
}

static int64_t length(struct slice s)
{
	return s.ptr ? (int64_t)s.len : -1;
}

static void put_value(const struct kafka_format *f, const struct rec *rec, struct buf *out)
{
	put_bytes(f, rec->value, out);
}

static void put_key(const struct kafka_format *f, const struct rec *rec, struct buf *out)
{
	put_bytes(f, rec->key, out);
}

static void put_value_length(const struct kafka_format *f, const struct rec *rec, struct buf *out)
{
	(void)f;
	put_int(out, length(rec->value));
}

static void put_key_length(const struct kafka_format *f, const struct rec *rec, struct buf *out)
{
	(void)f;
	put_int(out, length(rec->key));
}

static void put_binary_length(const struct kafka_format *f, const struct rec *rec, struct buf *out)
{
	uint32_t n = (uint32_t)length(rec->value);

	(void)f;
	for (int shift = 24; shift >= 0; shift -= 8)
		buf_add_char(out, (char)(n >> shift));
}

static void put_topic(const struct kafka_format *f, const struct rec *rec, struct buf *out)
{
	(void)f;
	buf_add(out, rec->topic.ptr, rec->topic.len);
}

static void put_partition(const struct kafka_format *f, const struct rec *rec, struct buf *out)
{
	(void)f;
	put_int(out, rec->partition);
}

static void put_offset(const struct kafka_format *f, const struct rec *rec, struct buf *out)
{
	(void)f;
	put_int(out, rec->offset);
}

static void put_timestamp(const struct kafka_format *f, const struct rec *rec, struct buf *out)
{
	(void)f;
	put_int(out, rec->timestamp == REC_NO_TIMESTAMP ? -1 : rec->timestamp);
}

static void put_headers(const struct kafka_format *f, const struct rec *rec, struct buf *out)
{
	(void)f;
	for (size_t i = 0; i < rec->nheaders; i++) {
		const struct rec_header *h = &rec->headers[i];
		if (i)
			buf_add_char(out, ',');
		buf_add(out, h->name.ptr, h->name.len);
		buf_add_char(out, '=');
		if (h->value.ptr)
			buf_add(out, h->value.ptr, h->value.len);
		else
			buf_add_str(out, "NULL");
	}
}

static void put_each_header(const struct kafka_format *each, const struct rec *rec, struct buf *out)
{
	for (size_t i = 0; i < rec->nheaders; i++) {
		struct rec one = {.key = rec->headers[i].name, .value = rec->headers[i].value};
		kafka_format_put(each, &one, out);
	}
}

/* The last of that name counts, as for Kafka's lastHeader. */
static void put_named_header(const struct kafka_format *f, struct slice name, const struct rec *rec,
			     struct buf *out)
{
	struct slice value = {NULL, 0};

	for (size_t i = 0; i < rec->nheaders; i++) {
		if (slice_eq(rec->headers[i].name, name))
			value = rec->headers[i].value;
	}
	put_bytes(f, value, out);
}

static const struct {
	char letter;
	put_fn *put;
	bool of_header; /* may stand in %h{} */
} fields[] = {
	{'s', put_value, true},      {'S', put_value_length, true}, {'R', put_binary_length, true},
	{'k', put_key, true},        {'K', put_key_length, true},   {'t', put_topic, false},
	{'p', put_partition, false}, {'o', put_offset, false},      {'T', put_timestamp, false},
	{'h', put_headers, false},
};

static put_fn *find_field(char letter, bool of_header)
{
	for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
		if (fields[i].letter == letter && (fields[i].of_header || !of_header))
			return fields[i].put;
	}
	return NULL;
}

/* --- Formats --- */

static struct step *add_step(struct kafka_format *f, size_t start, put_fn *put)
{
	f->steps = mem_grow(f->steps, &f->cap, f->n + 1, sizeof *f->steps);
	f->steps[f->n] = (struct step){.start = start, .len = f->literals.len - start, .put = put};
	f->headers |= put == put_headers;
	return &f->steps[f->n++];
}

static int unknown_escape(const char *text, struct buf *err)
{
	buf_setf(err, "'%s': unknown escape (there are \\n \\t \\r \\\\ \\0 \\NNN \\xNN)", text);
	return -1;
}

static struct kafka_format *new_format(const char *text, const char *null, bool of_header,
				       struct buf *err);

/* %h{NAME}, or %h{FORMAT} for each of them: what is in the brackets. */
static int compile_header(struct kafka_format *f, struct step *s, struct slice inner,
			  struct buf *err)
{
	char *text = mem_dup(inner.ptr, inner.len);
	int rc = 0;

	s->put = NULL;
	if (strchr(text, '%')) {
		s->each = new_format(text, buf_str(&f->null), true, err);
		rc = s->each ? 0 : -1;
	} else if (!inner.len) {
		buf_setf(err, "'%%h{}' names no header");
		rc = -1;
	} else {
		rc = kafka_unescape(text, &s->name, err);
	}
	free(text);
	return rc;
}

/* What may follow %h. Returns the byte behind it, or NULL. */
static const char *take_header(struct kafka_format *f, const char *p, struct buf *err)
{
	const char *end;

	if (*p != '{')
		return p;
	end = strchr(p, '}');
	if (!end) {
		buf_setf(err, "'%%h%s': where is the }?", p);
		return NULL;
	}
	return compile_header(f, &f->steps[f->n - 1], slice_of(p + 1, (size_t)(end - p - 1)), err)
		       ? NULL
		       : end + 1;
}

static int compile(struct kafka_format *f, const char *text, bool of_header, struct buf *err)
{
	size_t start = 0;
	put_fn *put;

	for (const char *p = text; *p;) {
		if (*p == '\\') {
			p = put_escape(p + 1, &f->literals);
			if (!p)
				return unknown_escape(text, err);
		} else if (*p != '%') {
			buf_add_char(&f->literals, *p++);
		} else if (p[1] == '%') {
			buf_add_char(&f->literals, '%');
			p += 2;
		} else {
			put = find_field(p[1], of_header);
			if (!put) {
				buf_setf(err, "'%s': unknown field '%.2s' (there are %s)", text, p,
					 of_header ? "%s %S %R %k %K %%"
						   : "%s %S %R %k %K %t %p %o %T %h %%");
				return -1;
			}
			add_step(f, start, put);
			start = f->literals.len;
			p = put == put_headers ? take_header(f, p + 2, err) : p + 2;
			if (!p)
				return -1;
		}
	}
	add_step(f, start, NULL);
	return 0;
}

int kafka_unescape(const char *text, struct buf *out, struct buf *err)
{
	for (const char *p = text; *p;) {
		if (*p != '\\') {
			buf_add_char(out, *p++);
			continue;
		}
		p = put_escape(p + 1, out);
		if (!p)
			return unknown_escape(text, err);
	}
	return 0;
}

static struct kafka_format *new_format(const char *text, const char *null, bool of_header,
				       struct buf *err)
{
	struct kafka_format *f = mem_zalloc(1, sizeof *f);

	buf_add_str(&f->null, null);
	if (compile(f, text, of_header, err) == 0)
		return f;
	kafka_format_free(f);
	return NULL;
}

struct kafka_format *kafka_format_new(const char *text, const char *null, struct buf *err)
{
	return new_format(text, null, false, err);
}

void kafka_format_free(struct kafka_format *f)
{
	if (!f)
		return;
	buf_free(&f->literals);
	buf_free(&f->null);
	for (size_t i = 0; i < f->n; i++) {
		kafka_format_free(f->steps[i].each);
		buf_free(&f->steps[i].name);
	}
	free(f->steps);
	free(f);
}

bool kafka_format_has_headers(const struct kafka_format *f)
{
	return f->headers;
}

void kafka_format_put(const struct kafka_format *f, const struct rec *rec, struct buf *out)
{
	for (size_t i = 0; i < f->n; i++) {
		const struct step *s = &f->steps[i];
		if (s->len)
			buf_add(out, f->literals.data + s->start, s->len);
		if (s->put)
			s->put(f, rec, out);
		else if (s->each)
			put_each_header(s->each, rec, out);
		else if (s->name.len)
			put_named_header(f, buf_slice(&s->name), rec, out);
	}
}
