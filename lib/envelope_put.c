/* Writing envelopes. */
#include "envelope.h"

#include <stdlib.h>

#include "json.h"
#include "mem.h"
#include "scan.h"
#include "utf8.h"

/* Beginnings of lines are kept for so many partitions at once, a power of two. */
enum { HEADS = 64 };

/* {"topic":"t","partition":0,"offset": as the records of one partition have it. */
struct head {
	struct buf topic, text;
	int32_t partition;
};

struct envelope_writer {
	enum envelope_form form;
	struct scan *scan; /* of no paths: it only checks */
	struct head heads[HEADS];
};

struct envelope_writer *envelope_writer_new(enum envelope_form form)
{
	struct envelope_writer *w = mem_zalloc(1, sizeof *w);

	w->form = form;
	w->scan = scan_new(NULL, 0, JSON_DEPTH_MAX);
	return w;
}

void envelope_writer_free(struct envelope_writer *w)
{
	if (!w)
		return;
	for (size_t i = 0; i < HEADS; i++) {
		buf_free(&w->heads[i].topic);
		buf_free(&w->heads[i].text);
	}
	scan_free(w->scan);
	free(w);
}

/* Appends a literal. */
#define PUT(out, text) buf_add(out, text, sizeof(text) - 1)

static void put_int(struct buf *out, int64_t n)
{
	uint64_t rest = n < 0 ? -(uint64_t)n : (uint64_t)n;
	char digits[20];
	size_t i = sizeof(digits);

	do
		digits[--i] = (char)('0' + rest % 10);
	while (rest /= 10);
	if (n < 0)
		buf_add_char(out, '-');
	buf_add(out, digits + i, sizeof(digits) - i);
}

/* Appends "name": with its colon. */
static void put_name(struct buf *out, const char *name)
{
	buf_add_char(out, '"');
	buf_add_str(out, name);
	buf_add(out, "\":", 2);
}

static void put_base64(struct buf *out, const char *name, struct slice bytes)
{
	put_name(out, name);
	buf_add_char(out, '"');
	base64_put(out, bytes.ptr, bytes.len);
	buf_add_char(out, '"');
}

/* A key or a header's name or value, under the name that its bytes call for. */
static void put_bytes(struct buf *out, const char *name, const char *name_base64,
		      struct slice bytes)
{
	if (!utf8_valid(bytes.ptr, bytes.len)) {
		put_base64(out, name_base64, bytes);
		return;
	}
	put_name(out, name);
	if (bytes.ptr)
		json_put_string(out, bytes.ptr, bytes.len);
	else
		PUT(out, "null");
}

static void put_headers(struct buf *out, const struct rec *rec)
{
	PUT(out, "\"headers\":");
	for (size_t i = 0; i < rec->nheaders; i++) {
		buf_add_char(out, i ? ',' : '[');
		buf_add_char(out, '{');
		put_bytes(out, "key", "key_base64", rec->headers[i].name);
		buf_add_char(out, ',');
		put_bytes(out, "value", "value_base64", rec->headers[i].value);
		buf_add_char(out, '}');
	}
	PUT(out, "],");
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Is it one strict text without blanks around it? */
static bool is_strict(const struct envelope_writer *w, struct slice value)
{
	if (value.len == 0 || is_blank(value.ptr[0]) || is_blank(value.ptr[value.len - 1]))
		return false;
	return scan_run(w->scan, value, NULL) != SCAN_UNSURE ||
	       json_valid(value.ptr, value.len, JSON_DEPTH_MAX, false);
}

/* May the bytes stand in "value" as they are, and be told from a null value there? */
static bool stands_as_json(const struct envelope_writer *w, struct slice value)
{
	return !slice_is(value, "null") && is_strict(w, value) && !memchr(value.ptr, '\n', value.len);
}

static void put_value(const struct envelope_writer *w, struct buf *out, struct slice value)
{
	if (!value.ptr) {
		PUT(out, "\"value\":null");
	} else if (w->form == ENVELOPE_JSON && stands_as_json(w, value)) {
		PUT(out, "\"value\":");
		buf_add(out, value.ptr, value.len);
	} else if (w->form != ENVELOPE_BASE64 && utf8_valid(value.ptr, value.len)) {
		PUT(out, "\"value_text\":");
		json_put_string(out, value.ptr, value.len);
	} else {
		put_base64(out, "value_base64", value);
	}
}

/* What stands before the offset. */
static void put_place(struct buf *out, const struct rec *rec)
{
	buf_add_char(out, '{');
	if (rec->topic.ptr) {
		PUT(out, "\"topic\":");
		json_put_string(out, rec->topic.ptr, rec->topic.len); /* Kafka's names are ASCII */
		buf_add_char(out, ',');
	}
	if (rec->partition != REC_NO_PARTITION) {
		PUT(out, "\"partition\":");
		put_int(out, rec->partition);
		buf_add_char(out, ',');
	}
}

/* The same, from memory. */
static void put_head(struct envelope_writer *w, struct buf *out, const struct rec *rec)
{
	struct head *head = &w->heads[(uint32_t)rec->partition % HEADS];

	if (!rec->topic.ptr) {
		put_place(out, rec);
		return;
	}
	if (!head->text.len || head->partition != rec->partition ||
	    !slice_eq(buf_slice(&head->topic), rec->topic)) {
		head->partition = rec->partition;
		buf_clear(&head->topic);
		buf_add(&head->topic, rec->topic.ptr, rec->topic.len);
		buf_clear(&head->text);
		put_place(&head->text, rec);
	}
	buf_add(out, head->text.data, head->text.len);
}

void envelope_put(struct envelope_writer *w, struct buf *out, const struct rec *rec)
{
	put_head(w, out, rec);
	if (rec->offset != REC_NO_OFFSET) {
		PUT(out, "\"offset\":");
		put_int(out, rec->offset);
		buf_add_char(out, ',');
	}
	if (rec->timestamp != REC_NO_TIMESTAMP) {
		PUT(out, "\"timestamp\":");
		put_int(out, rec->timestamp);
		if (rec->log_append)
			PUT(out, ",\"timestamp_type\":\"log_append\"");
		buf_add_char(out, ',');
	}
	if (rec->key.ptr) {
		put_bytes(out, "key", "key_base64", rec->key);
		buf_add_char(out, ',');
	} else {
		PUT(out, "\"key\":null,");
	}
	if (rec->nheaders)
		put_headers(out, rec);
	put_value(w, out, rec->value);
	buf_add_char(out, '}');
}
