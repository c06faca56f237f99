#include "envelope.h"

#include <stdint.h>
#include <stdlib.h>

#include "json.h"
#include "mem.h"
#include "tap.h"

/* A literal with its length, as NUL bytes are data. */
#define T(s) ((struct slice){s, sizeof(s) - 1})

static const struct slice none = {NULL, 0};

static const struct rec no_rec = {
	.partition = REC_NO_PARTITION,
	.offset = REC_NO_OFFSET,
	.timestamp = REC_NO_TIMESTAMP,
};

static bool same_bytes(struct slice a, struct slice b)
{
	return !a.ptr == !b.ptr && slice_eq(a, b);
}

/* All but log_append, which is not read. */
static bool same_rec(const struct rec *a, const struct rec *b)
{
	bool same = same_bytes(a->topic, b->topic) && a->partition == b->partition &&
		    a->offset == b->offset && a->timestamp == b->timestamp &&
		    same_bytes(a->key, b->key) && same_bytes(a->value, b->value) &&
		    a->nheaders == b->nheaders;

	for (size_t i = 0; same && i < a->nheaders; i++)
		same = same_bytes(a->headers[i].name, b->headers[i].name) &&
		       same_bytes(a->headers[i].value, b->headers[i].value);
	return same;
}

static void is_put(const struct rec *rec, enum envelope_form form, const char *want)
{
	struct envelope_writer *w = envelope_writer_new(form);
	struct buf out = BUF_INIT;

	envelope_put(w, &out, rec);
	envelope_writer_free(w);
	is_str(buf_str(&out), want, want);
	buf_free(&out);
}

static void test_put(void)
{
	const struct rec_header headers[] = {
		{T("h"), T("v")},           {T("h"), T("")},     {T(""), none},
		{T("\xc3\xa9"), T("\xff")}, {T("\xff"), T("1")},
	};
	struct rec rec = {
		.topic = T("t"),
		.partition = 0,
		.offset = 7,
		.timestamp = 1713712245123,
		.key = T("k"),
		.value = T("{\"a\": [1, 2]}"),
		.headers = headers,
		.nheaders = 1,
	};

	is_put(&rec, ENVELOPE_JSON,
	       "{\"topic\":\"t\",\"partition\":0,\"offset\":7,\"timestamp\":1713712245123,\"key\":"
	       "\"k\",\"headers\":[{\"key\":\"h\",\"value\":\"v\"}],\"value\":{\"a\": [1, 2]}}");
	rec.log_append = true;
	rec.nheaders = 0;
	is_put(&rec, ENVELOPE_JSON,
	       "{\"topic\":\"t\",\"partition\":0,\"offset\":7,\"timestamp\":1713712245123,"
	       "\"timestamp_type\":\"log_append\",\"key\":\"k\",\"value\":{\"a\": [1, 2]}}");
	rec.timestamp = REC_NO_TIMESTAMP;
	rec.nheaders = 5;
	rec.topic = none;
	rec.offset = INT64_MAX;
	rec.partition = INT32_MAX;
	is_put(&rec, ENVELOPE_JSON,
	       "{\"partition\":2147483647,\"offset\":9223372036854775807,\"key\":\"k\",\"headers\":"
	       "["
	       "{\"key\":\"h\",\"value\":\"v\"},{\"key\":\"h\",\"value\":\"\"},"
	       "{\"key\":\"\",\"value\":null},{\"key\":\"\xc3\xa9\",\"value_base64\":\"/w==\"},"
	       "{\"key_base64\":\"/w==\",\"value\":\"1\"}],\"value\":{\"a\": [1, 2]}}");
	rec = no_rec;
	rec.timestamp = INT64_MIN + 1;
	is_put(&rec, ENVELOPE_JSON,
	       "{\"timestamp\":-9223372036854775807,\"key\":null,\"value\":null}");
	rec = no_rec;
	is_put(&rec, ENVELOPE_JSON, "{\"key\":null,\"value\":null}");
	is_put(&rec, ENVELOPE_TEXT, "{\"key\":null,\"value\":null}");
	is_put(&rec, ENVELOPE_BASE64, "{\"key\":null,\"value\":null}");
}

static void test_put_value(void)
{
	/* What follows "key":null, in each form. */
	const struct {
		struct slice value;
		const char *json, *text, *base64;
	} cases[] = {
		{T(""), "value_text\":\"\"", "value_text\":\"\"", "value_base64\":\"\""},
		{T("null"), "value_text\":\"null\"", "value_text\":\"null\"",
		 "value_base64\":\"bnVsbA==\""},
		{T("1"), "value\":1", "value_text\":\"1\"", "value_base64\":\"MQ==\""},
		{T("\"a\""), "value\":\"a\"", "value_text\":\"\\\"a\\\"\"",
		 "value_base64\":\"ImEi\""},
		{T("hello"), "value_text\":\"hello\"", "value_text\":\"hello\"",
		 "value_base64\":\"aGVsbG8=\""},
		{T(" 1"), "value_text\":\" 1\"", "value_text\":\" 1\"", "value_base64\":\"IDE=\""},
		{T("1\r"), "value_text\":\"1\\r\"", "value_text\":\"1\\r\"",
		 "value_base64\":\"MQ0=\""},
		{T("[1,\n2]"), "value_text\":\"[1,\\n2]\"", "value_text\":\"[1,\\n2]\"",
		 "value_base64\":\"WzEsCjJd\""},
		{T("[1,\r2]"), "value\":[1,\r2]", "value_text\":\"[1,\\r2]\"",
		 "value_base64\":\"WzEsDTJd\""},
		{T("{}{}"), "value_text\":\"{}{}\"", "value_text\":\"{}{}\"",
		 "value_base64\":\"e317fQ==\""},
		{T("NaN"), "value_text\":\"NaN\"", "value_text\":\"NaN\"",
		 "value_base64\":\"TmFO\""},
		{T("\"\\ud800\""), "value_text\":\"\\\"\\\\ud800\\\"\"",
		 "value_text\":\"\\\"\\\\ud800\\\"\"", "value_base64\":\"Ilx1ZDgwMCI=\""},
		{T("a\0b"), "value_text\":\"a\\u0000b\"", "value_text\":\"a\\u0000b\"",
		 "value_base64\":\"YQBi\""},
		{T("\"\xff\""), "value_base64\":\"Iv8i\"", "value_base64\":\"Iv8i\"",
		 "value_base64\":\"Iv8i\""},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct rec rec = no_rec;
		struct buf want = BUF_INIT;

		rec.value = cases[i].value;
		buf_setf(&want, "{\"key\":null,\"%s}", cases[i].json);
		is_put(&rec, ENVELOPE_JSON, buf_str(&want));
		buf_setf(&want, "{\"key\":null,\"%s}", cases[i].text);
		is_put(&rec, ENVELOPE_TEXT, buf_str(&want));
		buf_setf(&want, "{\"key\":null,\"%s}", cases[i].base64);
		is_put(&rec, ENVELOPE_BASE64, buf_str(&want));
		buf_free(&want);
	}
}

/* A writer remembers how the lines of a partition begin: more partitions and topics than that come in turn. */
static void test_heads(void)
{
	static const char *const topics[] = {"t", "u", "longer"};
	struct envelope_writer *w = envelope_writer_new(ENVELOPE_JSON);
	struct buf line = BUF_INIT, want = BUF_INIT;
	int wrong = 0;

	for (int i = 0; i < 3000; i++) {
		struct rec rec = no_rec;

		rec.topic = slice_str(topics[i / 2 % 3]);
		rec.partition = i / 6 * 16 % 1000 - 1; /* -1: none */
		buf_setf(&want, "{\"topic\":\"%s\",", topics[i / 2 % 3]);
		if (rec.partition >= 0)
			buf_addf(&want, "\"partition\":%d,", (int)rec.partition);
		buf_add_str(&want, "\"key\":null,\"value\":null}");
		buf_clear(&line);
		envelope_put(w, &line, &rec);
		wrong += !slice_eq(buf_slice(&line), buf_slice(&want));
	}
	ok(wrong == 0, "lines begin with their own topic and partition");
	envelope_writer_free(w);
	buf_free(&line);
	buf_free(&want);
}

/* The deepest value stands in "value", and is read; a deeper one is text. */
static void test_depth(void)
{
	struct envelope *env = envelope_new();
	struct envelope_writer *w = envelope_writer_new(ENVELOPE_JSON);
	struct buf value = BUF_INIT, line = BUF_INIT;

	for (int depth = JSON_DEPTH_MAX; depth <= JSON_DEPTH_MAX + 1; depth++) {
		struct rec rec = no_rec, back;

		buf_clear(&value);
		buf_clear(&line);
		for (int i = 0; i < depth; i++)
			buf_add_char(&value, '[');
		for (int i = 0; i < depth; i++)
			buf_add_char(&value, ']');
		rec.value = buf_slice(&value);
		envelope_put(w, &line, &rec);
		ok(!strstr(buf_str(&line), "value_text") == (depth == JSON_DEPTH_MAX),
		   "a value %d levels deep is %s", depth,
		   depth == JSON_DEPTH_MAX ? "JSON" : "text");
		ok(envelope_parse(env, buf_slice(&line), &back, NULL) == 0 && same_rec(&rec, &back),
		   "and comes back");
	}
	envelope_writer_free(w);
	envelope_free(env);
	buf_free(&value);
	buf_free(&line);
}

/* Parses a copy in a block of exactly its size: the sanitizer sees a read past its end. */
static int parse(struct envelope *env, struct slice line, char **copy, struct rec *rec,
		 struct buf *err)
{
	*copy = mem_alloc(line.len);
	memcpy(*copy, line.ptr, line.len);
	return envelope_parse(env, slice_of(*copy, line.len), rec, err);
}

static void is_parsed(const char *line, struct rec want)
{
	struct envelope *env = envelope_new();
	struct buf err = BUF_INIT;
	struct rec rec;
	char *copy;
	int result = parse(env, slice_str(line), &copy, &rec, &err);

	ok(result == 0 && same_rec(&rec, &want) && !rec.log_append, "%s", line);
	if (result)
		printf("# %s\n", buf_str(&err));
	free(copy);
	buf_free(&err);
	envelope_free(env);
}

static struct rec with_value(struct slice key, struct slice value)
{
	struct rec rec = no_rec;

	rec.key = key;
	rec.value = value;
	return rec;
}

static void test_parse(void)
{
	const struct {
		const char *line;
		struct slice key, value;
	} cases[] = {
		{"{\"value\":1}", none, T("1")},
		{"{\"value\":{\"a\" : 1}}", none, T("{\"a\" : 1}")},
		{" { \"key\" : \"k\" , \"value\" : [ 1 ] } \r", T("k"), T("[ 1 ]")},
		{"{\"value\":null}", none, none},
		{"{\"value\":\"text\"}", none, T("\"text\"")},
		{"{\"value\":\"\\u0041\"}", none, T("\"\\u0041\"")},
		{"{\"value\":-0.0}", none, T("-0.0")},
		{"{\"value_text\":\"null\"}", none, T("null")},
		{"{\"value_text\":\"\"}", none, T("")},
		{"{\"value_text\":\"a\\u0000\\n\\ud83d\\ude00\"}", none,
		 T("a\0\n\xf0\x9f\x98\x80")},
		{"{\"value_base64\":\"\"}", none, T("")},
		{"{\"value_base64\":\"/wA=\"}", none, T("\xff\0")},
		{"{\"value_base64\":\"\\/\\u0077A=\"}", none, T("\xff\0")},
		{"{\"key\":null,\"value\":1}", none, T("1")},
		{"{\"key\":\"\",\"value\":1}", T(""), T("1")},
		{"{\"key\":\"\\\"\\u00e9\",\"value\":1}", T("\"\xc3\xa9"), T("1")},
		{"{\"key\":\"null\",\"value\":1}", T("null"), T("1")},
		{"{\"key\":12.0,\"value\":1}", T("12.0"), T("1")},
		{"{\"key\":true,\"value\":1}", T("true"), T("1")},
		{"{\"key\":[\"a\",1],\"value\":1}", T("[\"a\",1]"), T("1")},
		{"{\"key\":{\"id\": 1},\"value\":1}", T("{\"id\": 1}"), T("1")},
		{"{\"key_base64\":\"wyg=\",\"value\":1}", T("\xc3("), T("1")},
		{"{\"k\\u0065y\":\"k\",\"\\u0076alue\":1}", T("k"), T("1")},
		/* kcat's */
		{"{\"payload\":\"raw text\"}", none, T("raw text")},
		{"{\"payload\":\"{\\\"a\\\":1}\"}", none, T("{\"a\":1}")},
		{"{\"payload\":\"null\"}", none, T("null")},
		{"{\"payload\":null}", none, none},
		{"{\"payload\":{\"a\": 1}}", none, T("{\"a\": 1}")},
		{"{\"key\":\"k\",\"key_error\":\"?\",\"value\":1}", T("k"), T("1")},
		/* Of a repeated field the last counts, whatever the others are. */
		{"{\"value\":1,\"value\":2}", none, T("2")},
		{"{\"value\":1,\"value\":null}", none, none},
		{"{\"value_text\":1,\"value_text\":\"x\",\"key\":1,\"key\":\"k\"}", T("k"), T("x")},
		/* Fields of no meaning here. */
		{"{\"Value\":1,\"x\":{\"value\":2},\"value\":3,\"timestamp_type\":7}", none,
		 T("3")},
		{"{\"\":1,\"value\\u0000\":1,\"value\":3,\"tstype\":[],\"broker\":{}}", none,
		 T("3")},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		is_parsed(cases[i].line, with_value(cases[i].key, cases[i].value));
}

static void test_parse_place(void)
{
	const struct {
		const char *fields;
		int64_t partition, offset, timestamp;
	} cases[] = {
		{"\"partition\":0,\"offset\":0,\"timestamp\":0", 0, 0, 0},
		{"\"partition\":3,\"offset\":9223372036854775807", 3, INT64_MAX, REC_NO_TIMESTAMP},
		{"\"timestamp\":1713712245123", -1, -1, 1713712245123},
		{"\"ts\":1713712245123", -1, -1, 1713712245123},
		{"\"timestamp\":1713712245123.0", -1, -1, 1713712245123},
		{"\"timestamp\":1.5e3", -1, -1, 1500},
		{"\"timestamp\":-5", -1, -1, -5},
		{"\"timestamp\":-1", -1, -1, REC_NO_TIMESTAMP},
		{"\"ts\":-1", -1, -1, REC_NO_TIMESTAMP},
		{"\"timestamp\":-9223372036854775807", -1, -1, -INT64_MAX},
		{"\"partition\":-1,\"offset\":-1,\"timestamp\":null", -1, -1, REC_NO_TIMESTAMP},
		{"\"partition\":2147483647,\"offset\":null,\"topic\":null", INT32_MAX, -1,
		 REC_NO_TIMESTAMP},
	};
	struct rec want = with_value(none, T("1"));

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct buf line = BUF_INIT;

		want.partition = (int32_t)cases[i].partition;
		want.offset = cases[i].offset;
		want.timestamp = cases[i].timestamp;
		buf_setf(&line, "{%s,\"value\":1}", cases[i].fields);
		is_parsed(buf_str(&line), want);
		buf_free(&line);
	}
	want = with_value(none, none);
	want.topic = T("a.b");
	is_parsed("{\"topic\":\"a\\u002eb\",\"value\":null}", want);
}

static void test_parse_headers(void)
{
	const struct rec_header headers[] = {
		{T("h"), T("v")}, {T("h"), T("")}, {T("\n"), none}, {T("\xff"), T("\xfe")}};
	struct rec want = with_value(none, T("1"));

	is_parsed("{\"headers\":[],\"value\":1}", want);
	is_parsed("{\"headers\":[ ],\"value\":1}", want);
	is_parsed("{\"headers\":null,\"value\":1}", want);
	want.headers = headers;
	want.nheaders = 3;
	is_parsed("{\"headers\":[\"h\",\"v\",\"h\",\"\",\"\\n\",null],\"value\":1}", want);
	is_parsed("{\"value\":1,\"headers\":[{\"key\":\"h\",\"value\":\"v\"},{\"value\":\"\","
		  "\"key\":\"h\"} , {\"x\":[],\"key\":\"\\n\",\"value\":7,\"value\":null}]}",
		  want);
	is_parsed("{\"headers\":[ \"h\" , \"v\" , {\"key\":\"h\",\"value\":\"\"}, \"\\n\",null ],"
		  "\"value\":1}",
		  want);
	want.nheaders = 4;
	is_parsed("{\"headers\":[{\"key\":\"h\",\"value\":\"v\"},{\"key\":\"h\",\"value_base64\":"
		  "\"\"},{\"key_base64\":\"Cg==\",\"value\":null},{\"key_base64\":\"/w==\","
		  "\"value_base64\":\"/g==\"}],\"value\":1}",
		  want);
}

/* Lines as other programs write them. */
static void test_others(void)
{
	const struct rec_header headers[] = {{T("trace"), T("7f")}, {T("empty"), none}};
	struct rec want = {
		.topic = T("users"),
		.partition = 2,
		.offset = 41,
		.timestamp = 1713712245123,
		.key = T("u\"1"),
		.value = T("{\"id\": 1}"),
		.headers = headers,
		.nheaders = 2,
	};

	/* kcat -J */
	is_parsed("{\"topic\":\"users\",\"partition\":2,\"offset\":41,\"tstype\":\"create\",\"ts\":"
		  "1713712245123,\"broker\":1,\"headers\":[\"trace\",\"7f\",\"empty\",null],"
		  "\"key\":\"u\\\"1\",\"payload\":\"{\\\"id\\\": 1}\"}",
		  want);
	/* rpk topic consume --format json: the value is always a string, whose JSON text is the value */
	want.value = T("\"{\\\"id\\\": 1}\"");
	want.nheaders = 1;
	is_parsed(
		"{\"topic\":\"users\",\"key\":\"u\\\"1\",\"value\":\"{\\\"id\\\": 1}\",\"headers\":"
		"[{\"key\":\"trace\",\"value\":\"7f\"}],\"timestamp\":1713712245123,\"partition\":"
		"2,"
		"\"offset\":41}",
		want);
}

/* rpk's again, and what else a value may be, when strings are text. */
static void test_text_values(void)
{
	static const struct {
		const char *line;
		struct slice want;
	} cases[] = {
		{"{\"topic\":\"t\",\"key\":\"k\",\"value\":\"{\\\"id\\\": 1}\",\"timestamp\":1}",
		 {"{\"id\": 1}", 9}},
		{"{\"value\":\"a\\n\\u00e9\\u0000\"}", {"a\n\303\251\0", 5}},
		{"{\"value\":\"\"}", {"", 0}},
		{"{\"value\":null}", {NULL, 0}},
		{"{\"value\":{\"id\": 1}}", {"{\"id\": 1}", 9}},
		{"{\"value\":7}", {"7", 1}},
		{"{\"value_text\":\"x\"}", {"x", 1}},
		{"{\"value_base64\":\"/w==\"}", {"\377", 1}},
	};
	struct envelope *env = envelope_new();
	struct rec rec;

	envelope_text_values(env);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		ok(envelope_parse(env, slice_str(cases[i].line), &rec, NULL) == 0 &&
			   !rec.value.ptr == !cases[i].want.ptr &&
			   slice_eq(rec.value, cases[i].want),
		   "%s", cases[i].line);
	envelope_free(env);
}

static void is_refused(struct envelope *env, const char *line, const char *want)
{
	struct buf err = BUF_INIT;
	struct rec rec;
	char *copy;
	int result = parse(env, slice_str(line), &copy, &rec, &err);

	is_str(result == -1 ? buf_str(&err) : "(taken)", want, line);
	free(copy);
	buf_free(&err);
}

static void test_errors(void)
{
	static const struct {
		const char *line, *want;
	} cases[] = {
		{"", "not a JSON envelope: not an object"},
		{" \t", "not a JSON envelope: not an object"},
		{"[]", "not a JSON envelope: not an object"},
		{"1", "not a JSON envelope: not an object"},
		{"hello", "not a JSON envelope: not an object"},
		{"{", "not a JSON envelope: no strict JSON near byte 2"},
		{"{\"value\":1", "not a JSON envelope: no strict JSON near byte 11"},
		{"{\"value\":01}", "not a JSON envelope: no strict JSON near byte 11"},
		{"{\"value\":\"\\ud800\"}", "not a JSON envelope: no strict JSON near byte 10"},
		{"{\"x\":\"\\udc00\",\"value\":1}",
		 "not a JSON envelope: no strict JSON near byte 6"},
		{"{\"x\":\"\xff\",\"value\":1}", "not a JSON envelope: no strict JSON near byte 6"},
		{"{\"value\":1,}", "not a JSON envelope: no strict JSON near byte 12"},
		{"{1:2}", "not a JSON envelope: no strict JSON near byte 3"},
		{"{\"value\" 1}", "not a JSON envelope: no strict JSON near byte 10"},
		{"{\"value\":1}{\"value\":2}",
		 "not a JSON envelope: more text behind the object (one "
		 "record is one line: try jq -c .)"},
		{"{\"value\":1} x",
		 "not a JSON envelope: more text behind the object (one record is "
		 "one line: try jq -c .)"},
		{"{}", "no \"value\", \"value_text\", \"value_base64\" or \"payload\""},
		{"{\"key\":\"k\"}",
		 "no \"value\", \"value_text\", \"value_base64\" or \"payload\""},
		{"{\"value\":1,\"value_text\":\"x\"}",
		 "both \"value\" and \"value_text\" are given"},
		{"{\"payload\":null,\"value\":null}", "both \"value\" and \"payload\" are given"},
		{"{\"value_base64\":\"\",\"value_text\":\"\"}",
		 "both \"value_text\" and \"value_base64\" are given"},
		{"{\"value_text\":null}", "\"value_text\" is not a string"},
		{"{\"value_text\":{\"a\":1}}", "\"value_text\" is not a string"},
		{"{\"value_base64\":null}", "\"value_base64\" is not a string"},
		{"{\"value_base64\":12}", "\"value_base64\" is not a string"},
		{"{\"value_base64\":\"/w\"}", "\"value_base64\" is not base64"},
		{"{\"value_base64\":\"/w==\\n\"}", "\"value_base64\" is not base64"},
		{"{\"payload\":null,\"payload_error\":\"?\"}",
		 "\"payload_error\": the record's bytes are not in the line"},
		{"{\"key\":null,\"key_error\":\"?\",\"payload\":\"x\"}",
		 "\"key_error\": the record's bytes are not in the line"},
		{"{\"key\":\"a\",\"key_base64\":\"\",\"value\":1}",
		 "both \"key\" and \"key_base64\" are given"},
		{"{\"key_base64\":\"a\",\"value\":1}", "\"key_base64\" is not base64"},
		{"{\"topic\":1,\"value\":1}", "\"topic\" is not a string or null"},
		{"{\"timestamp\":1,\"ts\":1,\"value\":1}",
		 "both \"timestamp\" and \"ts\" are given"},
		{"{\"timestamp\":\"2024-01-01\",\"value\":1}",
		 "\"timestamp\" is not an integer from -9223372036854775807 to "
		 "9223372036854775807"},
		{"{\"timestamp\":1.5,\"value\":1}", "\"timestamp\" is not an integer from "
						    "-9223372036854775807 to 9223372036854775807"},
		{"{\"ts\":9223372036854775808,\"value\":1}",
		 "\"ts\" is not an integer from -9223372036854775807 to 9223372036854775807"},
		{"{\"timestamp\":-9223372036854775808,\"value\":1}",
		 "\"timestamp\" is not an integer from -9223372036854775807 to "
		 "9223372036854775807"},
		{"{\"partition\":2147483648,\"value\":1}",
		 "\"partition\" is not an integer from -1 to 2147483647"},
		{"{\"partition\":-2,\"value\":1}",
		 "\"partition\" is not an integer from -1 to 2147483647"},
		{"{\"partition\":\"0\",\"value\":1}",
		 "\"partition\" is not an integer from -1 to 2147483647"},
		{"{\"offset\":-2,\"value\":1}",
		 "\"offset\" is not an integer from -1 to 9223372036854775807"},
		{"{\"headers\":{\"a\":\"b\"},\"value\":1}", "\"headers\" is not an array"},
		{"{\"headers\":\"a\",\"value\":1}", "\"headers\" is not an array"},
		{"{\"headers\":[\"a\"],\"value\":1}", "headers: the last name has no value"},
		{"{\"headers\":[\"a\",\"b\",\"c\"],\"value\":1}",
		 "headers: the last name has no value"},
		{"{\"headers\":[\"a\",1],\"value\":1}",
		 "headers: \"value\" is not a string or null"},
		{"{\"headers\":[null,\"a\"],\"value\":1}", "headers: \"name\" is not a string"},
		{"{\"headers\":[{}],\"value\":1}", "headers: a header without a \"key\""},
		{"{\"headers\":[{\"value\":\"v\"}],\"value\":1}",
		 "headers: a header without a \"key\""},
		{"{\"headers\":[{\"key\":\"h\"}],\"value\":1}",
		 "headers: a header without a \"value\""},
		{"{\"headers\":[{\"key\":null,\"value\":\"v\"}],\"value\":1}",
		 "headers: \"key\" is not a string"},
		{"{\"headers\":[{\"key\":\"h\",\"value\":1}],\"value\":1}",
		 "headers: \"value\" is not a string or null"},
		{"{\"headers\":[{\"key\":\"h\",\"value\":\"\",\"value_base64\":\"\"}],\"value\":1}",
		 "headers: both \"value\" and \"value_base64\" are given"},
		{"{\"headers\":[{\"key\":\"h\",\"key_base64\":\"\",\"value\":\"\"}],\"value\":1}",
		 "headers: both \"key\" and \"key_base64\" are given"},
		{"{\"headers\":[{\"key\":\"h\",\"value_base64\":\"?\"}],\"value\":1}",
		 "headers: \"value_base64\" is not base64"},
	};
	struct envelope *env = envelope_new();
	struct rec rec;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		is_refused(env, cases[i].line, cases[i].want);
	ok(envelope_parse(env, none, &rec, NULL) == -1, "no line at all");
	ok(envelope_parse(env, T("{\"value\":1}\0"), &rec, NULL) == -1, "a NUL byte behind");
	ok(envelope_parse(env, T("{\"value\":1}"), &rec, NULL) == 0 && slice_is(rec.value, "1"),
	   "a reader goes on after errors");
	envelope_free(env);
	envelope_free(NULL);
}

static uint64_t rng_state = 20250421;

static unsigned rng(unsigned n)
{
	rng_state = rng_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)(rng_state >> 33) % n;
}

/* Sometimes null or empty, often JSON or text, sometimes any bytes. Owned by the caller. */
static struct slice random_bytes(void)
{
	static const char *const texts[] = {
		"null",     "{\"a\":1}", "[1, 2]", "\"\\ud83d\\ude00\"", "\"\\ud800\"", " 1", "1\n",
		"\xc3\xa9", "\xc3",      "true",   "\x7f\x1b[0m",        "\\",          "\"", "1.0",
	};
	char bytes[40];
	size_t n;

	switch (rng(4)) {
	case 0:
		return none;
	case 1:
		n = rng(sizeof(bytes));
		for (size_t i = 0; i < n; i++)
			bytes[i] = (char)rng(256);
		return slice_of(mem_dup(bytes, n), n);
	default:
		n = rng(sizeof(texts) / sizeof(*texts));
		return slice_of(mem_dup(texts[n], strlen(texts[n])), strlen(texts[n]));
	}
}

static void free_bytes(struct slice bytes)
{
	free((void *)bytes.ptr);
}

static void random_rec(struct rec *rec, struct rec_header *headers, size_t max)
{
	static const int64_t times[] = {0, -2, 1713712245123, INT64_MAX, REC_NO_TIMESTAMP};

	*rec = no_rec;
	if (rng(2))
		rec->topic = T("some.topic-1_2");
	if (rng(2))
		rec->partition = (int32_t)rng(1000);
	if (rng(2))
		rec->offset = (int64_t)rng(UINT32_MAX) << rng(31);
	rec->timestamp = times[rng(5)];
	rec->log_append = rng(2);
	rec->key = random_bytes();
	rec->value = random_bytes();
	rec->headers = headers;
	rec->nheaders = rng((unsigned)max + 1);
	for (size_t i = 0; i < rec->nheaders; i++) {
		do
			headers[i].name = random_bytes();
		while (!headers[i].name.ptr);
		headers[i].value = random_bytes();
	}
}

static void free_rec(const struct rec *rec)
{
	free_bytes(rec->key);
	free_bytes(rec->value);
	for (size_t i = 0; i < rec->nheaders; i++) {
		free_bytes(rec->headers[i].name);
		free_bytes(rec->headers[i].value);
	}
}

/* A damaged line may be refused, by "not a JSON envelope" exactly when it is not one object. */
static bool well_refused(struct envelope *env, struct slice line)
{
	static const char start[] = "not a JSON envelope: ";
	struct buf err = BUF_INIT;
	struct rec rec;
	char *copy;
	bool refused = parse(env, line, &copy, &rec, &err) != 0;
	bool said = strncmp(buf_str(&err), start, strlen(start)) == 0;
	bool object = json_valid(line.ptr, line.len, JSON_DEPTH_MAX, true) &&
		      *json_blank(line.ptr, line.ptr + line.len) == '{';

	free(copy);
	buf_free(&err);
	return object ? !said : refused && said;
}

static void test_random(void)
{
	static const char spoil[] = "{}[]:,\"\\ 0n/=\xff\0";
	struct envelope *env = envelope_new();
	struct envelope_writer *writers[3];
	struct buf line = BUF_INIT;
	size_t lost = 0, broken = 0, wrong = 0;

	for (int form = ENVELOPE_JSON; form <= ENVELOPE_BASE64; form++)
		writers[form] = envelope_writer_new((enum envelope_form)form);
	for (int round = 0; round < 3000; round++) {
		struct rec_header headers[6];
		struct rec rec, back;
		char *copy;

		random_rec(&rec, headers, 6);
		for (int form = ENVELOPE_JSON; form <= ENVELOPE_BASE64; form++) {
			buf_clear(&line);
			envelope_put(writers[form], &line, &rec);
			broken += !json_valid(line.data, line.len, JSON_DEPTH_MAX, false) ||
				  memchr(line.data, '\n', line.len);
			lost += parse(env, buf_slice(&line), &copy, &back, NULL) != 0 ||
				!same_rec(&rec, &back);
			free(copy);
		}
		free_rec(&rec);
		for (int damage = 0; damage < 3; damage++) {
			line.data[rng((unsigned)line.len)] = spoil[rng(sizeof(spoil) - 1)];
			wrong += !well_refused(env, buf_slice(&line));
		}
	}
	ok(broken == 0, "every record is put as one line of strict JSON");
	ok(lost == 0, "every record comes back, in every form");
	ok(wrong == 0, "a damaged line is refused for what it is");
	for (int form = ENVELOPE_JSON; form <= ENVELOPE_BASE64; form++)
		envelope_writer_free(writers[form]);
	envelope_free(env);
	buf_free(&line);
}

int main(void)
{
	test_put();
	test_put_value();
	test_heads();
	test_depth();
	test_parse();
	test_parse_place();
	test_parse_headers();
	test_others();
	test_text_values();
	test_errors();
	test_random();
	return done_testing();
}
