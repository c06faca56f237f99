/*
 * envelope: a Kafka record as one JSON line, and back. kpipe-envelope(5).
 *
 * {"topic":"t","partition":0,"offset":7,"timestamp":1713712245123,"key":"k",
 *  "headers":[{"key":"h","value":"v"}],"value":{...}}
 *
 * Written in that order, value last; "timestamp_type":"log_append" after the timestamp, only when
 * so; a field that is not given is left out, except key and value, which are then null.
 * Keys, header names and header values: a string when UTF-8, else "key_base64" / "value_base64" in
 * the same place. The value: "value" when it is one strict JSON text (json.h: JSON_DEPTH_MAX, no
 * newline byte, no blanks around it), "value_text" when other UTF-8, else "value_base64"; a null
 * value is "value":null and the four bytes null are "value_text":"null".
 */
#ifndef KPIPE_ENVELOPE_H
#define KPIPE_ENVELOPE_H

#include "rec.h"

enum envelope_form { ENVELOPE_JSON, ENVELOPE_TEXT, ENVELOPE_BASE64 }; /* --value */

/* TEXT and BASE64 force that form of the value where the bytes allow it. */
struct envelope_writer *envelope_writer_new(enum envelope_form form);
void envelope_writer_free(struct envelope_writer *w); /* NULL is fine */

/* Appends the record as one line, without the newline. */
void envelope_put(struct envelope_writer *w, struct buf *out, const struct rec *rec);

/*
 * Reading one. Also understood: kcat's "payload" (a string is raw text, null a tombstone, else its
 * JSON), "ts" for the timestamp, headers as a flat array ["n1","v1","n2",null]. Unknown fields are
 * ignored; of a repeated field the last counts.
 *
 * Exactly one of value, value_text, value_base64, payload must be there; at most one of key and
 * key_base64, of timestamp and ts; in a header exactly one of key and key_base64, of value and
 * value_base64. "value" gives its own bytes as they stand in the line, and so does a "key" that is
 * neither a string nor null. Integers may be written in any way (7, 7.0). A partition or offset of
 * -1, a timestamp of -1, and a null in place of these, of topic or headers mean "not given". The
 * timestamp's type is not read. kcat's key_error or payload_error beside a payload is an error: the
 * null next to it is none. The line is one strict JSON object, blanks around it allowed; each field
 * may be JSON_DEPTH_MAX deep, so the line one level deeper.
 */
struct envelope; /* scratch for unescaped strings and headers */

struct envelope *envelope_new(void);
void envelope_free(struct envelope *env);

/* From now on a string in "value" is the value's text, as in "value_text": so rpk writes it. */
void envelope_text_values(struct envelope *env);

/* 0, or -1 with the reason in err. *rec points into line and env, valid until the next call. */
int envelope_parse(struct envelope *env, struct slice line, struct rec *rec, struct buf *err);

#endif
