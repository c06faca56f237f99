#include "join_held.h"

#include <stdlib.h>

#include "mem.h"

enum { EMPTY_MAX = 1024 }; /* keys without records that are not worth a look at all of them */

void held_init(struct held *h, bool queued, uint64_t seed)
{
	*h = (struct held){.queued = queued, .keys = keytab_new(sizeof(struct held_key *), seed)};
}

static struct held_key *key_at(const struct held *h, size_t i)
{
	return *(struct held_key **)keytab_slot(h->keys, i);
}

void held_free(struct held *h)
{
	for (size_t i = 0; i < keytab_count(h->keys); i++) {
		struct held_key *k = key_at(h, i);
		while (k->first < k->n)
			free(k->v[k->first++]);
		free(k->v);
		free(k);
	}
	keytab_free(h->keys);
	free(h->queue);
}

/* --- Keys --- */

static bool keep_key(void *ctx, void *slot, size_t number)
{
	struct held_key *k = *(struct held_key **)slot;

	(void)ctx;
	k->number = number;
	if (k->n)
		return true;
	free(k);
	return false;
}

/* When half of the keys have no records any more: so each is looked at once on average. */
static void drop_empty_keys(struct held *h)
{
	if (h->empty <= EMPTY_MAX || h->empty <= keytab_count(h->keys) / 2)
		return;
	keytab_keep(h->keys, keep_key, NULL);
	h->empty = 0;
}

static struct held_key *put_key(struct held *h, struct slice bytes)
{
	struct held_key **slot, *k;
	bool made;
	size_t number;

	drop_empty_keys(h);
	number = keytab_put_number(h->keys, bytes, &made);
	slot = keytab_slot(h->keys, number);
	if (made) {
		k = *slot = mem_zalloc(1, sizeof *k);
		k->number = number;
	} else {
		k = *slot;
		h->empty -= k->n == 0;
	}
	return k;
}

struct held_key *held_key(const struct held *h, struct slice key)
{
	struct held_key **slot = keytab_get(h->keys, key);

	return slot && (*slot)->n ? *slot : NULL;
}

struct slice held_key_bytes(const struct held *h, const struct held_key *k)
{
	return keytab_key(h->keys, k->number);
}

size_t held_from(const struct held_key *k, int64_t t)
{
	size_t lo = k->first, hi = k->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (k->v[mid]->t < t)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* --- The queue --- */

static bool older(const struct held_record *a, const struct held_record *b)
{
	return a->t != b->t ? a->t < b->t : a->seq < b->seq;
}

static void push(struct held *h, struct held_record *r)
{
	size_t i = h->nqueue++;

	h->queue = mem_grow(h->queue, &h->queue_cap, h->nqueue, sizeof(*h->queue));
	for (; i && older(r, h->queue[(i - 1) / 2]); i = (i - 1) / 2)
		h->queue[i] = h->queue[(i - 1) / 2];
	h->queue[i] = r;
}

static void pop(struct held *h)
{
	struct held_record *last = h->queue[--h->nqueue];
	size_t i = 0, child;

	while ((child = 2 * i + 1) < h->nqueue) {
		if (child + 1 < h->nqueue && older(h->queue[child + 1], h->queue[child]))
			child++;
		if (!older(h->queue[child], last))
			break;
		h->queue[i] = h->queue[child];
		i = child;
	}
	h->queue[i] = last;
}

struct held_record *held_oldest(const struct held *h)
{
	return h->nqueue ? h->queue[0] : NULL;
}

/* --- Records --- */

struct held_record *held_add(struct held *h, struct slice key, int64_t t, struct slice record)
{
	struct held_key *k = put_key(h, key);
	struct held_record *r = mem_alloc(sizeof(*r) + record.len);
	size_t i = k->n, cap = k->cap;

	*r = (struct held_record){.t = t, .seq = h->seq++, .key = k, .len = record.len};
	if (record.len)
		memcpy(r->bytes, record.ptr, record.len);
	k->v = mem_grow(k->v, &k->cap, k->n + 1, sizeof(*k->v));
	for (; i > k->first && older(r, k->v[i - 1]); i--)
		k->v[i] = k->v[i - 1];
	k->v[i] = r;
	k->n++;
	if (h->queued)
		push(h, r);
	h->records++;
	h->bytes += sizeof(*r) + r->len + (k->cap - cap) * sizeof(*k->v);
	return r;
}

void held_drop_first(struct held *h, struct held_key *k)
{
	struct held_record *r = k->v[k->first++];

	h->records--;
	h->bytes -= sizeof(*r) + r->len;
	free(r);
	if (k->first == k->n) {
		h->bytes -= k->cap * sizeof(*k->v);
		free(k->v);
		k->v = NULL;
		k->first = k->n = k->cap = 0;
		h->empty++;
	} else if (k->first > k->n / 2) {
		/* The others move up when as many are gone, so that each moves once on average. */
		k->n -= k->first;
		memmove(k->v, k->v + k->first, k->n * sizeof(*k->v));
		k->first = 0;
	}
}

void held_settle_oldest(struct held *h)
{
	struct held_record *r = h->queue[0];
	struct held_key *k = r->key;

	pop(h);
	while (k->n - k->first > 1 && k->v[k->first] != r)
		held_drop_first(h, k);
}

void held_drop_oldest(struct held *h)
{
	struct held_key *k = h->queue[0]->key;

	pop(h);
	held_drop_first(h, k);
}

size_t held_memory(const struct held *h)
{
	return h->bytes + keytab_memory(h->keys) + h->queue_cap * sizeof(struct held_record *) +
	       keytab_count(h->keys) * sizeof(struct held_key);
}

size_t held_keys(const struct held *h)
{
	return keytab_count(h->keys) - h->empty;
}
