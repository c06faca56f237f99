/* Arrays and objects as libjq prints them. */
#include <stdlib.h>

#include "arena.h"
#include "jqtext.h"
#include "json.h"
#include "mem.h"

/* --- Names --- */

/* The keys of the objects that are open, the innermost last, unescaped. */
struct key {
	uint32_t hash;
	uint32_t start, len; /* in the walk's text, or where `escaped`, in its key texts */
	bool escaped;
};

struct keys {
	struct key *v;
	size_t n, cap;
	const char *text;
	struct buf unescaped;
	uint32_t *table; /* 1 + a key's number, 0: free; a power of two */
	size_t table_cap;
};

static struct slice key_text(const struct keys *ks, const struct key *k)
{
	return slice_of((k->escaped ? ks->unescaped.data : ks->text) + k->start, k->len);
}

/* FNV-1a, 32 bits. */
static uint32_t hash_of(struct slice s)
{
	uint32_t h = UINT32_C(2166136261);

	for (size_t i = 0; i < s.len; i++)
		h = (h ^ (unsigned char)s.ptr[i]) * UINT32_C(16777619);
	return h;
}

static void add_key(struct keys *ks, struct slice token)
{
	bool escaped = memchr(token.ptr, '\\', token.len);
	struct slice name = {token.ptr + 1, token.len - 2};
	struct key *k;

	if (escaped)
		name = json_unescape(token.ptr, token.len, &ks->unescaped);
	ks->v = mem_grow(ks->v, &ks->cap, ks->n + 1, sizeof *ks->v);
	k = &ks->v[ks->n++];
	k->escaped = escaped;
	k->start = (uint32_t)(name.ptr - (escaped ? ks->unescaped.data : ks->text));
	k->len = (uint32_t)name.len;
	k->hash = hash_of(name);
}

static bool same_key(const struct keys *ks, const struct key *a, const struct key *b)
{
	return a->hash == b->hash && slice_eq(key_text(ks, a), key_text(ks, b));
}

static bool few_differ(const struct keys *ks, size_t first)
{
	for (size_t i = first; i < ks->n; i++) {
		for (size_t k = first; k < i; k++) {
			if (same_key(ks, &ks->v[i], &ks->v[k]))
				return false;
		}
	}
	return true;
}

static bool many_differ(struct keys *ks, size_t first)
{
	size_t size = 64;

	while (size < 2 * (ks->n - first))
		size *= 2;
	ks->table = mem_grow(ks->table, &ks->table_cap, size, sizeof *ks->table);
	memset(ks->table, 0, size * sizeof *ks->table);
	for (size_t i = first; i < ks->n; i++) {
		size_t at = ks->v[i].hash & (size - 1);

		for (; ks->table[at]; at = (at + 1) & (size - 1)) {
			if (same_key(ks, &ks->v[i], &ks->v[ks->table[at] - 1]))
				return false;
		}
		ks->table[at] = (uint32_t)i + 1;
	}
	return true;
}

/* Are the keys from the first-th on all different? They are dropped. */
static bool take_keys(struct keys *ks, size_t first)
{
	bool differ = ks->n - first <= 16 ? few_differ(ks, first) : many_differ(ks, first);

	ks->n = first;
	if (first == 0)
		buf_clear(&ks->unescaped);
	return differ;
}

static void keys_free(struct keys *ks)
{
	free(ks->v);
	free(ks->table);
	buf_free(&ks->unescaped);
}

/* --- As printed --- */

/* The text is strict, so its beginnings and ends are where the grammar has them. */
struct walk {
	const char *p, *end;
	struct buf *out;
	struct jq_number_rules rules;
	struct keys keys;
	int level;
	size_t first_key[JSON_DEPTH_MAX + 1]; /* of each open object */
	char closer[JSON_DEPTH_MAX + 1];
};

static bool put_scalar(struct walk *w)
{
	struct slice token = {w->p, (size_t)(json_skip(w->p, w->end, 0) - w->p)};

	w->p += token.len;
	if (*token.ptr == '-' || (*token.ptr >= '0' && *token.ptr <= '9')) {
		struct jq_number n = jqtext_number(token);

		return jqtext_put_number(w->out, token, &n, w->rules);
	}
	if (*token.ptr == '"')
		jqtext_put_string(w->out, token);
	else
		buf_add(w->out, token.ptr, token.len);
	return true;
}

static void put_key(struct walk *w)
{
	struct slice token = {w->p, (size_t)(json_skip(w->p, w->end, 0) - w->p)};

	add_key(&w->keys, token);
	jqtext_put_string(w->out, token);
	buf_add_char(w->out, ':');
	w->p = json_blank(json_blank(w->p + token.len, w->end) + 1, w->end);
}

static void open_level(struct walk *w)
{
	w->level++;
	w->closer[w->level] = *w->p == '{' ? '}' : ']';
	w->first_key[w->level] = w->keys.n;
	buf_add_char(w->out, *w->p);
	w->p = json_blank(w->p + 1, w->end);
}

/* The levels that end here. False when one of them has a key twice. */
static bool close_levels(struct walk *w)
{
	while (w->level) {
		w->p = json_blank(w->p, w->end);
		if (*w->p != w->closer[w->level])
			return true;
		if (*w->p == '}' && !take_keys(&w->keys, w->first_key[w->level]))
			return false;
		buf_add_char(w->out, *w->p++);
		w->level--;
	}
	return true;
}

static bool put_text(struct walk *w)
{
	do {
		if (*w->p == '{' || *w->p == '[') {
			if (w->level == JSON_DEPTH_MAX)
				return false;
			open_level(w);
			if (*w->p != w->closer[w->level]) {
				if (w->closer[w->level] == '}')
					put_key(w);
				continue;
			}
		} else if (!put_scalar(w)) {
			return false;
		}
		if (!close_levels(w))
			return false;
		if (w->level) {
			buf_add_char(w->out, ',');
			w->p = json_blank(w->p + 1, w->end);
			if (w->closer[w->level] == '}')
				put_key(w);
		}
	} while (w->level);
	return true;
}

bool jqtext_compact(struct buf *out, struct slice text, struct jq_number_rules rules)
{
	struct walk w; /* not zeroed whole: the levels are many */
	size_t start = out->len;
	bool sure;

	w.p = text.ptr;
	w.end = text.ptr + text.len;
	w.out = out;
	w.rules = rules;
	w.keys = (struct keys){.text = text.ptr};
	w.level = 0;
	buf_reserve(out, text.len);
	sure = put_text(&w);
	keys_free(&w.keys);
	if (!sure)
		buf_cut(out, start);
	return sure;
}

/* --- Members by name --- */

struct members {
	struct member {
		struct slice name, value; /* unescaped; a text */
	} * v;
	size_t n, cap;
	struct arena names; /* those that had escapes */
};

static int compare_names(const void *a, const void *b)
{
	return slice_cmp(((const struct member *)a)->name, ((const struct member *)b)->name);
}

/* The value at p; behind it, *p is at the next thing. */
static struct slice next_value(const char **p, const char *end)
{
	const char *start = *p, *stop = json_skip(start, end, JSON_DEPTH_MAX);

	*p = json_blank(stop, end);
	return slice_of(start, (size_t)(stop - start));
}

static struct slice string_of(struct slice token, struct arena *bytes)
{
	struct buf scratch = BUF_INIT;
	struct slice s = json_unescape(token.ptr, token.len, &scratch);

	if (s.ptr != token.ptr + 1)
		s = arena_copy(bytes, s.ptr, s.len);
	buf_free(&scratch);
	return s;
}

/* An object's, sorted. False when a name comes twice. To be freed in any case. */
static bool take_members(struct members *ms, struct slice text)
{
	const char *end = text.ptr + text.len, *p = json_blank(text.ptr + 1, end);

	*ms = (struct members){0};
	for (; *p != '}'; p = *p == ',' ? json_blank(p + 1, end) : p) {
		struct member m;

		m.name = string_of(next_value(&p, end), &ms->names);
		p = json_blank(p + 1, end);
		m.value = next_value(&p, end);
		ms->v = mem_grow(ms->v, &ms->cap, ms->n + 1, sizeof *ms->v);
		ms->v[ms->n++] = m;
	}
	if (ms->n)
		qsort(ms->v, ms->n, sizeof *ms->v, compare_names);
	for (size_t i = 1; i < ms->n; i++) {
		if (slice_eq(ms->v[i].name, ms->v[i - 1].name))
			return false;
	}
	return true;
}

static void members_free(struct members *ms)
{
	free(ms->v);
	arena_free(&ms->names);
}

/* --- Order --- */

/* null, false, true, numbers, strings, arrays, objects */
static int rank(struct slice text)
{
	switch (*text.ptr) {
	case 'n':
		return 0;
	case 'f':
		return 1;
	case 't':
		return 2;
	case '"':
		return 4;
	case '[':
		return 5;
	case '{':
		return 6;
	default:
		return 3;
	}
}

static int compare_strings(struct slice a, struct slice b)
{
	struct arena bytes = {0};
	int c = slice_cmp(string_of(a, &bytes), string_of(b, &bytes));

	arena_free(&bytes);
	return c;
}

static bool order_arrays(struct slice a, struct slice b, struct jq_number_rules rules, int *order)
{
	const char *a_end = a.ptr + a.len, *b_end = b.ptr + b.len;
	const char *p = json_blank(a.ptr + 1, a_end), *q = json_blank(b.ptr + 1, b_end);

	while (*p != ']' && *q != ']') {
		if (!jqtext_order(next_value(&p, a_end), next_value(&q, b_end), rules, order))
			return false;
		if (*order)
			return true;
		p = *p == ',' ? json_blank(p + 1, a_end) : p;
		q = *q == ',' ? json_blank(q + 1, b_end) : q;
	}
	*order = (*p != ']') - (*q != ']');
	return true;
}

/* First by their names, as arrays of them, then by the values in that order. */
static bool order_members(const struct members *a, const struct members *b,
			  struct jq_number_rules rules, int *order)
{
	size_t n = a->n < b->n ? a->n : b->n;

	for (size_t i = 0; i < n; i++) {
		*order = compare_names(&a->v[i], &b->v[i]);
		if (*order)
			return true;
	}
	*order = (a->n > b->n) - (a->n < b->n);
	for (size_t i = 0; i < n && *order == 0; i++) {
		if (!jqtext_order(a->v[i].value, b->v[i].value, rules, order))
			return false;
	}
	return true;
}

static bool order_objects(struct slice a, struct slice b, struct jq_number_rules rules, int *order)
{
	struct members x, y;
	bool sure = take_members(&x, a);

	sure = take_members(&y, b) && sure && order_members(&x, &y, rules, order);
	members_free(&x);
	members_free(&y);
	return sure;
}

bool jqtext_order(struct slice a, struct slice b, struct jq_number_rules rules, int *order)
{
	struct jq_number x, y;

	*order = rank(a) - rank(b);
	if (*order)
		return true;
	switch (*a.ptr) {
	case 'n':
	case 'f':
	case 't':
		return true;
	case '"':
		*order = compare_strings(a, b);
		return true;
	case '[':
		return order_arrays(a, b, rules, order);
	case '{':
		return order_objects(a, b, rules, order);
	default:
		x = jqtext_number(a);
		y = jqtext_number(b);
		return jqtext_order_numbers(a, &x, b, &y, rules, order);
	}
}

/* --- Keys --- */

static bool put_by_value(struct buf *out, struct slice text)
{
	struct dec written;

	if (dec_parse(&written, text.ptr, text.len)) {
		dec_put(out, written);
		return true;
	}
	if (!num_is_double(num_double(text.ptr, text.len)))
		return false;
	num_put_exact(out, text.ptr, text.len);
	return true;
}

static bool canonical(struct buf *out, struct slice text);

static bool canonical_array(struct buf *out, struct slice text)
{
	const char *end = text.ptr + text.len, *p = json_blank(text.ptr + 1, end);

	buf_add_char(out, '[');
	while (*p != ']') {
		if (!canonical(out, next_value(&p, end)))
			return false;
		if (*p == ',') {
			buf_add_char(out, ',');
			p = json_blank(p + 1, end);
		}
	}
	buf_add_char(out, ']');
	return true;
}

static bool canonical_object(struct buf *out, struct slice text)
{
	struct members ms;
	bool sure = take_members(&ms, text);

	buf_add_char(out, '{');
	for (size_t i = 0; i < ms.n && sure; i++) {
		if (i)
			buf_add_char(out, ',');
		json_put_string(out, ms.v[i].name.ptr, ms.v[i].name.len);
		buf_add_char(out, ':');
		sure = canonical(out, ms.v[i].value);
	}
	buf_add_char(out, '}');
	members_free(&ms);
	return sure;
}

/* As deep as the text, which is at most JSON_DEPTH_MAX. */
static bool canonical(struct buf *out, struct slice text)
{
	switch (*text.ptr) {
	case '[':
		return canonical_array(out, text);
	case '{':
		return canonical_object(out, text);
	case '"':
		jqtext_put_string(out, text);
		return true;
	case 't':
	case 'f':
	case 'n':
		buf_add(out, text.ptr, text.len);
		return true;
	default:
		return put_by_value(out, text);
	}
}

bool jqtext_canonical(struct buf *out, struct slice text)
{
	size_t start = out->len;
	bool sure = canonical(out, text);

	if (!sure)
		buf_cut(out, start);
	return sure;
}

bool jqtext_length(struct slice text, size_t *n)
{
	const char *end = text.ptr + text.len, *p = json_blank(text.ptr + 1, end);
	struct keys keys = {.text = text.ptr};
	bool object = *text.ptr == '{', differ;

	for (*n = 0; *p != '}' && *p != ']'; ++*n) {
		if (object) {
			const char *stop = json_skip(p, end, 0);

			add_key(&keys, slice_of(p, (size_t)(stop - p)));
			p = json_blank(json_blank(stop, end) + 1, end);
		}
		p = json_blank(json_skip(p, end, JSON_DEPTH_MAX), end);
		if (*p == ',')
			p = json_blank(p + 1, end);
	}
	differ = take_keys(&keys, 0);
	keys_free(&keys);
	return differ;
}
