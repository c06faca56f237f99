#include "envelope.h"

#include <inttypes.h>
#include <stdlib.h>

#include "json.h"
#include "mem.h"
#include "num.h"

/* What a field may be. TAKES_JSON: its text as it stands, where no other rule applies. */
enum { TAKES_NULL = 1, TAKES_STRING = 2, TAKES_BASE64 = 4, TAKES_JSON = 8 };

struct field {
	struct slice name;
	unsigned takes;
};

/* A constant initialiser, which slice_str cannot be. */
#define NAME(s) .name.ptr = s, .name.len = sizeof(s) - 1

enum {
	TOPIC,
	PARTITION,
	OFFSET,
	TIMESTAMP,
	TS,
	KEY,
	KEY_BASE64,
	HEADERS,
	VALUE,
	VALUE_TEXT,
	VALUE_BASE64,
	PAYLOAD,
	KEY_ERROR,
	PAYLOAD_ERROR,
	NFIELDS
};

static const struct field record_fields[NFIELDS] = {
	[TOPIC] = {NAME("topic"), .takes = TAKES_NULL | TAKES_STRING},
	[PARTITION] = {NAME("partition")},
	[OFFSET] = {NAME("offset")},
	[TIMESTAMP] = {NAME("timestamp")},
	[TS] = {NAME("ts")},
	[KEY] = {NAME("key"), .takes = TAKES_NULL | TAKES_STRING | TAKES_JSON},
	[KEY_BASE64] = {NAME("key_base64"), .takes = TAKES_BASE64},
	[HEADERS] = {NAME("headers")},
	[VALUE] = {NAME("value"), .takes = TAKES_NULL | TAKES_JSON},
	[VALUE_TEXT] = {NAME("value_text"), .takes = TAKES_STRING},
	[VALUE_BASE64] = {NAME("value_base64"), .takes = TAKES_BASE64},
	[PAYLOAD] = {NAME("payload"), .takes = TAKES_NULL | TAKES_STRING | TAKES_JSON},
	/* kcat writes these beside a null when it could not decode the bytes. */
	[KEY_ERROR] = {NAME("key_error")},
	[PAYLOAD_ERROR] = {NAME("payload_error")},
};

enum { HEADER_KEY, HEADER_KEY_BASE64, HEADER_VALUE, HEADER_VALUE_BASE64, NHEADER_FIELDS };

static const struct field header_fields[NHEADER_FIELDS] = {
	[HEADER_KEY] = {NAME("key"), .takes = TAKES_STRING},
	[HEADER_KEY_BASE64] = {NAME("key_base64"), .takes = TAKES_BASE64},
	[HEADER_VALUE] = {NAME("value"), .takes = TAKES_NULL | TAKES_STRING},
	[HEADER_VALUE_BASE64] = {NAME("value_base64"), .takes = TAKES_BASE64},
};

struct envelope {
	struct buf bytes; /* unescaped and decoded; room is made for all of a line, so none move */
	struct rec_header *headers;
	size_t nheaders, cap;
	bool text_values;
	struct buf *err;   /* of the call in progress */
	const char *where; /* what its messages begin with */
};

struct envelope *envelope_new(void)
{
	return mem_zalloc(1, sizeof(struct envelope));
}

void envelope_text_values(struct envelope *env)
{
	env->text_values = true;
}

void envelope_free(struct envelope *env)
{
	if (!env)
		return;
	buf_free(&env->bytes);
	free(env->headers);
	free(env);
}

/* Moves over n bytes and the blanks behind them. */
static void advance(struct slice *text, size_t n)
{
	const char *end, *p;

	if (text->len == 0)
		return;
	end = text->ptr + text->len;
	p = json_blank(text->ptr + n, end);
	*text = slice_of(p, (size_t)(end - p));
}

/* Takes the character c, when it is there, and the blanks behind it. */
static bool take_char(struct slice *text, char c)
{
	if (text->len == 0 || *text->ptr != c)
		return false;
	advance(text, 1);
	return true;
}

/* Takes a strict value and the blanks behind it. */
static bool take_value(struct slice *text, struct slice *value)
{
	const char *end = json_skip(text->ptr, text->ptr + text->len, JSON_DEPTH_MAX);

	if (!end)
		return false;
	*value = slice_of(text->ptr, (size_t)(end - text->ptr));
	advance(text, value->len);
	return true;
}

static bool is_string(struct slice value)
{
	return value.ptr[0] == '"';
}

static bool is_null(struct slice value)
{
	return value.ptr[0] == 'n';
}

static struct slice unescape(struct envelope *env, struct slice token)
{
	return json_unescape(token.ptr, token.len, &env->bytes);
}

/* The field of that name, n when it is none of them. */
static size_t find_field(const struct field fields[], size_t n, struct slice name)
{
	size_t i = 0;

	while (i < n && !slice_eq(fields[i].name, name))
		i++;
	return i;
}

/*
 * Takes an object: raw[i] is the text of fields[i], ptr NULL when it is missing; of a repeated
 * field the last. False when the object is not strict; text then begins near the fault.
 */
static bool take_object(struct envelope *env, struct slice *text, const struct field fields[],
			size_t n, struct slice raw[])
{
	for (size_t i = 0; i < n; i++)
		raw[i] = slice_of(NULL, 0);
	if (!take_char(text, '{'))
		return false;
	if (take_char(text, '}'))
		return true;
	do {
		struct slice name, value;
		size_t i;

		if (!take_value(text, &name) || !is_string(name) || !take_char(text, ':') ||
		    !take_value(text, &value))
			return false;
		i = find_field(fields, n, unescape(env, name));
		if (i < n)
			raw[i] = value;
	} while (take_char(text, ','));
	return take_char(text, '}');
}

/*
 * The one field from `first` to `last` that is there, in *i, or `none` when none is. -1 when two
 * are: which of them was meant is not for us to guess.
 */
static int pick(struct envelope *env, const struct field fields[], const struct slice raw[],
		size_t first, size_t last, size_t none, size_t *i)
{
	*i = none;
	for (size_t k = first; k <= last; k++) {
		if (!raw[k].ptr)
			continue;
		if (*i != none) {
			buf_setf(env->err, "%sboth \"%s\" and \"%s\" are given", env->where,
				 fields[*i].name.ptr, fields[k].name.ptr);
			return -1;
		}
		*i = k;
	}
	return 0;
}

/* The bytes that a field's text stands for; a null has ptr NULL. */
static int read_bytes(struct envelope *env, const struct field *field, struct slice raw,
		      struct slice *bytes)
{
	const char *wanted = field->takes & TAKES_NULL ? "a string or null" : "a string";

	if (is_null(raw) && field->takes & TAKES_NULL) {
		*bytes = slice_of(NULL, 0);
		return 0;
	}
	if (is_string(raw) && field->takes & TAKES_STRING) {
		*bytes = unescape(env, raw);
		return 0;
	}
	if (is_string(raw) && field->takes & TAKES_BASE64) {
		struct slice text = unescape(env, raw);
		size_t start = env->bytes.len;

		if (base64_decode(&env->bytes, text.ptr, text.len)) {
			*bytes = slice_of(env->bytes.data + start, env->bytes.len - start);
			return 0;
		}
		wanted = "base64";
	}
	if (field->takes & TAKES_JSON) {
		*bytes = raw;
		return 0;
	}
	buf_setf(env->err, "%s\"%s\" is not %s", env->where, field->name.ptr, wanted);
	return -1;
}

/* An integer; a missing field or null leaves *n. */
static int read_int(struct envelope *env, const struct field *field, struct slice raw, int64_t min,
		    int64_t max, int64_t *n)
{
	struct dec dec;
	int64_t value;

	if (!raw.ptr || is_null(raw))
		return 0;
	if (!dec_parse(&dec, raw.ptr, raw.len) || !dec_is_int(dec, &value) || value < min ||
	    value > max) {
		buf_setf(env->err, "%s\"%s\" is not an integer from %" PRId64 " to %" PRId64,
			 env->where, field->name.ptr, min, max);
		return -1;
	}
	*n = value;
	return 0;
}

/* Takes a header as an object: {"key":"n","value":"v"}. */
static int take_header(struct envelope *env, struct slice *text, struct rec_header *header)
{
	const struct field *fields = header_fields;
	struct slice raw[NHEADER_FIELDS];
	size_t name, value;

	take_object(env, text, fields, NHEADER_FIELDS, raw);
	if (pick(env, fields, raw, HEADER_KEY, HEADER_KEY_BASE64, NHEADER_FIELDS, &name) ||
	    pick(env, fields, raw, HEADER_VALUE, HEADER_VALUE_BASE64, NHEADER_FIELDS, &value))
		return -1;
	if (name == NHEADER_FIELDS || value == NHEADER_FIELDS) {
		buf_setf(env->err, "%sa header without a \"%s\"", env->where,
			 name == NHEADER_FIELDS ? "key" : "value");
		return -1;
	}
	if (read_bytes(env, &fields[name], raw[name], &header->name))
		return -1;
	return read_bytes(env, &fields[value], raw[value], &header->value);
}

/* Takes a header as kcat writes it, a name and its value behind each other: "n","v". */
static int take_flat_header(struct envelope *env, struct slice *text, struct rec_header *header)
{
	static const struct field name_field = {NAME("name"), .takes = TAKES_STRING};
	static const struct field value_field = {NAME("value"), .takes = TAKES_NULL | TAKES_STRING};
	struct slice name = slice_of("", 0), value = name;

	take_value(text, &name);
	if (read_bytes(env, &name_field, name, &header->name))
		return -1;
	if (!take_char(text, ',')) {
		buf_setf(env->err, "%sthe last name has no value", env->where);
		return -1;
	}
	take_value(text, &value);
	return read_bytes(env, &value_field, value, &header->value);
}

/* text: strict. */
static int read_headers(struct envelope *env, struct slice text)
{
	env->nheaders = 0;
	if (!text.ptr || is_null(text))
		return 0;
	if (!take_char(&text, '[')) {
		buf_setf(env->err, "\"headers\" is not an array");
		return -1;
	}
	if (take_char(&text, ']'))
		return 0;
	env->where = "headers: ";
	do {
		struct rec_header *header;

		env->headers =
			mem_grow(env->headers, &env->cap, env->nheaders + 1, sizeof(*env->headers));
		header = &env->headers[env->nheaders++];
		if (*text.ptr == '{' ? take_header(env, &text, header)
				     : take_flat_header(env, &text, header))
			return -1;
	} while (take_char(&text, ','));
	env->where = "";
	return 0;
}

static int read_value(struct envelope *env, const struct slice raw[], struct slice *value)
{
	size_t i;

	if (pick(env, record_fields, raw, VALUE, PAYLOAD, NFIELDS, &i))
		return -1;
	if (i == NFIELDS) {
		buf_setf(env->err, "no \"value\", \"value_text\", \"value_base64\" or \"payload\"");
		return -1;
	}
	for (size_t k = KEY_ERROR; i == PAYLOAD && k <= PAYLOAD_ERROR; k++) {
		if (raw[k].ptr) {
			buf_setf(env->err, "\"%s\": the record's bytes are not in the line",
				 record_fields[k].name.ptr);
			return -1;
		}
	}
	if (i == VALUE && env->text_values && is_string(raw[i])) {
		*value = unescape(env, raw[i]);
		return 0;
	}
	return read_bytes(env, &record_fields[i], raw[i], value);
}

static int read_key(struct envelope *env, const struct slice raw[], struct slice *key)
{
	size_t i;

	*key = slice_of(NULL, 0);
	if (pick(env, record_fields, raw, KEY, KEY_BASE64, NFIELDS, &i))
		return -1;
	return i == NFIELDS ? 0 : read_bytes(env, &record_fields[i], raw[i], key);
}

/* Where the record was, and when. */
static int read_place(struct envelope *env, const struct slice raw[], struct rec *rec)
{
	const struct field *fields = record_fields;
	int64_t partition = REC_NO_PARTITION;
	size_t i;

	rec->topic = slice_of(NULL, 0);
	rec->offset = REC_NO_OFFSET;
	rec->timestamp = REC_NO_TIMESTAMP;
	rec->log_append = false;
	if (raw[TOPIC].ptr && read_bytes(env, &fields[TOPIC], raw[TOPIC], &rec->topic))
		return -1;
	if (read_int(env, &fields[PARTITION], raw[PARTITION], REC_NO_PARTITION, INT32_MAX,
		     &partition) ||
	    read_int(env, &fields[OFFSET], raw[OFFSET], REC_NO_OFFSET, INT64_MAX, &rec->offset) ||
	    pick(env, fields, raw, TIMESTAMP, TS, NFIELDS, &i))
		return -1;
	rec->partition = (int32_t)partition;
	if (i < NFIELDS &&
	    read_int(env, &fields[i], raw[i], REC_NO_TIMESTAMP + 1, INT64_MAX, &rec->timestamp))
		return -1;
	if (rec->timestamp == -1) /* Kafka's own word for none */
		rec->timestamp = REC_NO_TIMESTAMP;
	return 0;
}

/* Takes the whole line as one object, or says what is wrong with it as JSON. */
static int take_line(struct envelope *env, struct slice line, struct slice raw[])
{
	struct slice text = line;

	advance(&text, 0);
	if (text.len == 0 || *text.ptr != '{') {
		buf_setf(env->err, "not a JSON envelope: not an object");
		return -1;
	}
	if (!take_object(env, &text, record_fields, NFIELDS, raw)) {
		buf_setf(env->err, "not a JSON envelope: no strict JSON near byte %zu",
			 line.len - text.len + 1);
		return -1;
	}
	if (text.len) {
		buf_setf(env->err, "not a JSON envelope: more text behind the object (one record "
				   "is one line: try jq -c .)");
		return -1;
	}
	return 0;
}

int envelope_parse(struct envelope *env, struct slice line, struct rec *rec, struct buf *err)
{
	struct slice raw[NFIELDS];

	env->err = err;
	env->where = "";
	buf_clear(&env->bytes);
	/* Twice, as base64 text is unescaped and then decoded behind that. */
	buf_reserve(&env->bytes, 2 * line.len);
	if (take_line(env, line, raw) || read_place(env, raw, rec) ||
	    read_key(env, raw, &rec->key) || read_headers(env, raw[HEADERS]) ||
	    read_value(env, raw, &rec->value))
		return -1;
	rec->headers = env->headers;
	rec->nheaders = env->nheaders;
	return 0;
}
