#include "val.h"

#include <math.h>

#include "jqtext.h"
#include "json.h"
#include "utf8.h"

double val_double(const struct val *v)
{
	return v->type == VAL_DEC ? dec_double(v->dec) : v->dbl;
}

/* --- Order. --- */

static const char rank[] = {
	[VAL_NULL] = 0, [VAL_FALSE] = 1, [VAL_TRUE] = 2, [VAL_DEC] = 3,
	[VAL_DBL] = 3,  [VAL_STR] = 4,   [VAL_JSON] = 5,
};

static int cmp_doubles(double a, double b)
{
	if (isnan(a) || isnan(b))
		return !isnan(a) - !isnan(b);
	return (a > b) - (a < b);
}

static int cmp_numbers(const struct val *a, const struct val *b)
{
	if (a->type == VAL_DEC)
		return b->type == VAL_DEC ? dec_cmp(a->dec, b->dec)
					  : dec_cmp_double(a->dec, b->dbl);
	if (b->type == VAL_DEC)
		return -dec_cmp_double(b->dec, a->dbl);
	return cmp_doubles(a->dbl, b->dbl);
}

/* Numbers in them as doubles, as every libjq can. What has a key twice is only told from others. */
static int cmp_json(struct slice a, struct slice b)
{
	int order;

	return jqtext_order(a, b, (struct jq_number_rules){0}, &order) ? order : slice_cmp(a, b);
}

int val_cmp(const struct val *a, const struct val *b)
{
	if (rank[a->type] != rank[b->type])
		return rank[a->type] - rank[b->type];
	if (val_is_number(a))
		return cmp_numbers(a, b);
	if (a->type == VAL_JSON)
		return cmp_json(a->str, b->str);
	return a->type == VAL_STR ? slice_cmp(a->str, b->str) : 0;
}

/* --- Text. --- */

void val_put_json(struct buf *out, const struct val *v)
{
	if (v->type == VAL_STR)
		json_put_string(out, v->str.ptr, v->str.len);
	else
		val_put_text(out, v);
}

void val_put_quote(struct buf *out, const struct val *v)
{
	size_t start = out->len, end = start + VAL_QUOTE_MAX;

	val_put_json(out, v);
	if (out->len <= end)
		return;
	while (utf8_is_continuation(out->data[end]))
		end--;
	out->len = end;
	buf_add_str(out, "...");
}

void val_put_text(struct buf *out, const struct val *v)
{
	switch (v->type) {
	case VAL_NULL:
		buf_add_str(out, "null");
		break;
	case VAL_FALSE:
		buf_add_str(out, "false");
		break;
	case VAL_TRUE:
		buf_add_str(out, "true");
		break;
	case VAL_DEC:
		dec_put(out, v->dec);
		break;
	case VAL_DBL:
		if (v->digits.len)
			num_put_exact(out, v->digits.ptr, v->digits.len);
		else
			num_put_double(out, v->dbl);
		break;
	case VAL_STR:
	case VAL_JSON:
		buf_add(out, v->str.ptr, v->str.len);
		break;
	}
}

/* --- Keys. --- */

/* Keys are kept in files: the tags' values stay. */
enum {
	KEY_NULL = 0,
	KEY_FALSE = 1,
	KEY_TRUE = 2,
	KEY_NUMBER = 3, /* as canonical text */
	KEY_STR = 4,
	KEY_JSON = 5,
	KEY_NAN = 6, /* the doubles that have no text of their own */
	KEY_INF = 7,
	KEY_MINUS_INF = 8,
};

static void put_length(struct buf *out, size_t n)
{
	for (; n > 0x7f; n >>= 7)
		buf_add_char(out, (char)(n | 0x80));
	buf_add_char(out, (char)n);
}

static bool next_length(struct slice *key, size_t *n)
{
	*n = 0;
	for (unsigned shift = 0; key->len && shift < sizeof *n * 8; shift += 7) {
		unsigned char c = (unsigned char)*key->ptr++;

		key->len--;
		if ((size_t)(c & 0x7f) << shift >> shift != (c & 0x7f))
			return false;
		*n |= (size_t)(c & 0x7f) << shift;
		if (c < 0x80)
			return true;
	}
	return false;
}

static void put_bytes(struct buf *out, char tag, struct slice bytes)
{
	buf_reserve(out, bytes.len + 11); /* so that the short ones below need no look */
	out->data[out->len++] = tag;
	if (bytes.len < 0x80)
		out->data[out->len++] = (char)bytes.len;
	else
		put_length(out, bytes.len);
	buf_add(out, bytes.ptr, bytes.len);
}

/* A double that jq holds equal to a decimal must give the decimal's text. */
static void put_number(struct buf *out, const struct val *v)
{
	struct dec d;
	size_t start = out->len;

	buf_add_char(out, KEY_NUMBER);
	buf_add_char(out, 0);
	if (v->type == VAL_DEC)
		dec_put(out, v->dec);
	else if (dec_from_double(&d, v->dbl))
		dec_put(out, d);
	else
		num_put_double(out, v->dbl);
	/* 41 at most, which is one byte of LEB128 */
	out->data[start + 1] = (char)(out->len - start - 2);
}

static void put_digits(struct buf *out, struct slice digits)
{
	struct buf text = BUF_INIT;

	num_put_exact(&text, digits.ptr, digits.len);
	put_bytes(out, KEY_NUMBER, buf_slice(&text));
	buf_free(&text);
}

static void put_double(struct buf *out, const struct val *v)
{
	if (v->digits.len)
		put_digits(out, v->digits);
	else if (isfinite(v->dbl))
		put_number(out, v);
	else if (isnan(v->dbl))
		buf_add_char(out, KEY_NAN);
	else
		buf_add_char(out, v->dbl > 0 ? KEY_INF : KEY_MINUS_INF);
}

void val_put_key(struct buf *out, const struct val *v)
{
	switch (v->type) {
	case VAL_NULL:
		buf_add_char(out, KEY_NULL);
		break;
	case VAL_FALSE:
		buf_add_char(out, KEY_FALSE);
		break;
	case VAL_TRUE:
		buf_add_char(out, KEY_TRUE);
		break;
	case VAL_DEC:
		put_number(out, v);
		break;
	case VAL_DBL:
		put_double(out, v);
		break;
	case VAL_STR:
		put_bytes(out, KEY_STR, v->str);
		break;
	case VAL_JSON:
		put_bytes(out, KEY_JSON, v->str);
		break;
	}
}

void val_put_text_key(struct buf *out, struct slice text)
{
	if (text.len)
		put_bytes(out, KEY_STR, text);
	else
		buf_add_char(out, KEY_NULL);
}

static struct val double_val(double d)
{
	return (struct val){.type = VAL_DBL, .dbl = d};
}

static bool number_val(struct slice text, struct val *v)
{
	if (!num_is_json(text.ptr, text.len))
		return false;
	if (dec_parse(&v->dec, text.ptr, text.len)) {
		v->type = VAL_DEC;
		return true;
	}
	*v = double_val(num_double(text.ptr, text.len));
	v->digits = text;
	return true;
}

/* Takes a length and as many bytes off *key. */
static bool next_bytes(struct slice *key, struct slice *bytes)
{
	size_t n;

	if (!next_length(key, &n) || n > key->len)
		return false;
	*bytes = slice_of(key->ptr, n);
	key->ptr += n;
	key->len -= n;
	return true;
}

static bool next_val(struct slice *key, char tag, struct val *v)
{
	struct slice bytes;

	switch (tag) {
	case KEY_NULL:
		*v = val_null();
		return true;
	case KEY_FALSE:
		*v = (struct val){.type = VAL_FALSE};
		return true;
	case KEY_TRUE:
		*v = (struct val){.type = VAL_TRUE};
		return true;
	case KEY_NUMBER:
		return next_bytes(key, &bytes) && number_val(bytes, v);
	case KEY_STR:
	case KEY_JSON:
		if (!next_bytes(key, &bytes))
			return false;
		*v = (struct val){.type = tag == KEY_STR ? VAL_STR : VAL_JSON, .str = bytes};
		return true;
	case KEY_NAN:
		*v = double_val((double)NAN);
		return true;
	case KEY_INF:
		*v = double_val((double)INFINITY);
		return true;
	case KEY_MINUS_INF:
		*v = double_val(-(double)INFINITY);
		return true;
	default:
		return false;
	}
}

bool val_next_key(struct slice *key, struct val *v)
{
	struct slice rest = *key;

	if (rest.len == 0)
		return false;
	rest.ptr++;
	rest.len--;
	if (!next_val(&rest, *key->ptr, v))
		return false;
	*key = rest;
	return true;
}
