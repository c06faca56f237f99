/*
 * envelope: a record that is written reads back the same, whatever its bytes; a line that is read
 * does so again when it is written; never is one of two values taken.
 */
#include "fuzz.h"

#include <string.h>

#include "envelope.h"
#include "json.h"
#include "utf8.h"

static bool same_bytes(struct slice a, struct slice b)
{
	return !a.ptr == !b.ptr && slice_eq(a, b);
}

static void must_be_same(const struct rec *a, const struct rec *b)
{
	must(same_bytes(a->topic, b->topic), "another topic");
	must(a->partition == b->partition, "another partition");
	must(a->offset == b->offset, "another offset");
	must(a->timestamp == b->timestamp, "another timestamp");
	must(same_bytes(a->key, b->key), "another key");
	must(same_bytes(a->value, b->value), "another value");
	must(a->nheaders == b->nheaders, "%zu headers, not %zu", b->nheaders, a->nheaders);
	for (size_t i = 0; i < a->nheaders; i++) {
		must(same_bytes(a->headers[i].name, b->headers[i].name), "another header");
		must(same_bytes(a->headers[i].value, b->headers[i].value),
		     "another header's value");
	}
}

/* Is it one line of strict JSON? A value may be as deep as the parser goes, its line is deeper. */
static void check_line(const struct rec *rec, struct slice line)
{
	struct slice v = rec->value;
	bool deep = v.len && json_valid(v.ptr, v.len, JSON_DEPTH_MAX, true) &&
		    !json_valid(v.ptr, v.len, JSON_DEPTH_MAX - 1, true);

	must(!line.len || !memchr(line.ptr, '\n', line.len), "a newline in the line");
	must(deep || json_valid(line.ptr, line.len, JSON_DEPTH_MAX, false), "not strict: %s",
	     line.ptr);
}

static void write_and_read(const struct rec *rec, enum envelope_form form)
{
	struct envelope *env = envelope_new();
	struct envelope_writer *w = envelope_writer_new(form);
	struct buf line = BUF_INIT, again = BUF_INIT, err = BUF_INIT;
	struct rec back;

	envelope_put(w, &line, rec);
	check_line(rec, buf_slice(&line));
	must(envelope_parse(env, buf_slice(&line), &back, &err) == 0, "%s: %s", buf_str(&err),
	     line.data);
	must_be_same(rec, &back);
	back.log_append = rec->log_append; /* which is not read */
	envelope_put(w, &again, &back);
	must(slice_eq(buf_slice(&line), buf_slice(&again)), "%s is written as %s", line.data,
	     again.data);
	envelope_writer_free(w);
	envelope_free(env);
	buf_free(&line);
	buf_free(&again);
	buf_free(&err);
}

/* --- Any line --- */

enum { VALUES, KEYS, TIMES, GROUPS };

/* Which of the fields that exclude each other are in the line, a strict object? */
static void count_fields(struct slice line, unsigned count[GROUPS])
{
	static const struct {
		const char *name;
		int group;
	} fields[] = {
		{"value", VALUES},    {"value_text", VALUES}, {"value_base64", VALUES},
		{"payload", VALUES},  {"key", KEYS},          {"key_base64", KEYS},
		{"timestamp", TIMES}, {"ts", TIMES},
	};
	enum { N = sizeof fields / sizeof fields[0] };
	const char *end = line.ptr + line.len;
	const char *p = json_blank(json_blank(line.ptr, end) + 1, end);
	bool seen[N] = {false};

	for (; *p != '}'; p = json_blank(p + (*p == ','), end)) {
		struct buf scratch = BUF_INIT;
		const char *stop = json_skip(p, end, 0);
		struct slice name = json_unescape(p, (size_t)(stop - p), &scratch);

		for (size_t i = 0; i < N; i++)
			seen[i] |= slice_is(name, fields[i].name);
		p = json_blank(json_blank(stop, end) + 1, end);
		p = json_blank(json_skip(p, end, JSON_DEPTH_MAX), end);
		buf_free(&scratch);
	}
	for (size_t i = 0; i < N; i++)
		count[fields[i].group] += seen[i];
}

static void check_any_line(struct slice line, enum envelope_form form)
{
	struct envelope *env = envelope_new();
	struct buf err = BUF_INIT;
	struct rec rec;

	if (envelope_parse(env, line, &rec, &err) == 0) {
		unsigned count[GROUPS] = {0};

		count_fields(line, count);
		must(count[VALUES] == 1 && count[KEYS] <= 1 && count[TIMES] <= 1,
		     "taken with %u values, %u keys, %u timestamps", count[VALUES], count[KEYS],
		     count[TIMES]);
		must(rec.partition >= REC_NO_PARTITION && rec.offset >= REC_NO_OFFSET,
		     "a negative place");
		write_and_read(&rec, form);
	} else {
		must(err.len, "no reason");
	}
	envelope_free(env);
	buf_free(&err);
}

/* --- Any record --- */

static int64_t take_int(struct input *in, int64_t none)
{
	unsigned n = input_byte(in) % 10;
	uint64_t v = 0;

	if (n == 9)
		return none;
	while (n--)
		v = v << 8 | input_byte(in);
	return (int64_t)v;
}

/* ~ is a null. */
static struct slice take_bytes(struct input *in)
{
	struct slice s = input_until(in, '|');

	return slice_is(s, "~") ? slice_of(NULL, 0) : s;
}

static void check_any_record(struct input *in, enum envelope_form form)
{
	enum { HEADERS = 8 };
	struct rec_header headers[HEADERS];
	struct rec rec = {.headers = headers};

	rec.log_append = input_byte(in) & 1;
	rec.partition = (int32_t)(take_int(in, REC_NO_PARTITION) & INT32_MAX);
	rec.offset = take_int(in, REC_NO_OFFSET);
	if (rec.offset < 0)
		rec.offset = REC_NO_OFFSET;
	rec.timestamp = take_int(in, REC_NO_TIMESTAMP);
	if (rec.timestamp == -1)
		rec.timestamp = REC_NO_TIMESTAMP;
	rec.topic = take_bytes(in);
	if (rec.topic.ptr && !utf8_valid(rec.topic.ptr, rec.topic.len))
		rec.topic = slice_of(NULL, 0);
	rec.key = take_bytes(in);
	while (in->p < in->end && *in->p == '=' && rec.nheaders < HEADERS) {
		struct rec_header *h = &headers[rec.nheaders++];

		in->p++;
		h->name = input_until(in, '|');
		h->value = take_bytes(in);
	}
	rec.value = input_rest(in);
	if (slice_is(rec.value, "~"))
		rec.value = slice_of(NULL, 0);
	write_and_read(&rec, form);
}

/* The form of values; l and a line, or a record's fields. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, data + size};
	enum envelope_form form = (enum envelope_form)input_below(&in, 3);

	if (input_byte(&in) == 'l')
		check_any_line(input_rest(&in), form);
	else
		check_any_record(&in, form);
	return 0;
}
