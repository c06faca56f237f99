#include "join_shelf.h"

#include <stdlib.h>

#include "mem.h"

enum { EMPTY_MAX = 1024 }; /* keys without records that are not worth a look at all of them */

void shelf_init(struct shelf *h, bool queued, uint64_t seed)
{
	*h = (struct shelf){.queued = queued, .keys = keytab_new(sizeof(struct shelf_key *), seed)};
}

static struct shelf_key *key_at(const struct shelf *h, size_t i)
{
	return *(struct shelf_key **)keytab_slot(h->keys, i);
}

void shelf_free(struct shelf *h)
{
	/* First, as what the queue has besides is freed by its key. */
	for (size_t i = 0; h->gone && i < h->nqueue; i++) {
		if (!h->queue[i]->key)
			free(h->queue[i]);
	}
	free(h->queue);
	for (size_t i = 0; i < keytab_count(h->keys); i++) {
		struct shelf_key *k = key_at(h, i);
		while (k->first < k->n)
			free(k->v[k->first++]);
		free(k->v);
		free(k);
	}
	keytab_free(h->keys);
}

/* --- Keys --- */

static bool keep_key(void *ctx, void *slot, size_t number)
{
	struct shelf_key *k = *(struct shelf_key **)slot;

	(void)ctx;
	k->number = number;
	if (k->n)
		return true;
	free(k);
	return false;
}

/* When half of the keys have no records any more: so each is looked at once on average. */
static void drop_empty_keys(struct shelf *h)
{
	if (h->empty <= EMPTY_MAX || h->empty <= keytab_count(h->keys) / 2)
		return;
	keytab_keep(h->keys, keep_key, NULL);
	h->empty = 0;
}

static struct shelf_key *put_key(struct shelf *h, struct slice bytes)
{
	struct shelf_key **slot, *k;
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

struct shelf_key *shelf_key(const struct shelf *h, struct slice key)
{
	struct shelf_key **slot = keytab_get(h->keys, key);

	return slot && (*slot)->n ? *slot : NULL;
}

struct slice shelf_key_bytes(const struct shelf *h, const struct shelf_key *k)
{
	return keytab_key(h->keys, k->number);
}

size_t shelf_from(const struct shelf_key *k, int64_t t)
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

static bool older(const struct shelf_record *a, const struct shelf_record *b)
{
	return a->t != b->t ? a->t < b->t : a->seq < b->seq;
}

static void push(struct shelf *h, struct shelf_record *r)
{
	size_t i = h->nqueue++;

	h->queue = mem_grow(h->queue, &h->queue_cap, h->nqueue, sizeof(*h->queue));
	for (; i && older(r, h->queue[(i - 1) / 2]); i = (i - 1) / 2)
		h->queue[i] = h->queue[(i - 1) / 2];
	h->queue[i] = r;
}

/* Puts r where it belongs, from place i on downwards. */
static void sift(struct shelf *h, size_t i, struct shelf_record *r)
{
	size_t child;

	while ((child = 2 * i + 1) < h->nqueue) {
		if (child + 1 < h->nqueue && older(h->queue[child + 1], h->queue[child]))
			child++;
		if (!older(h->queue[child], r))
			break;
		h->queue[i] = h->queue[child];
		i = child;
	}
	h->queue[i] = r;
}

static void free_record(struct shelf *h, struct shelf_record *r)
{
	h->bytes -= sizeof(*r) + r->len;
	free(r);
}

static void pop_top(struct shelf *h)
{
	struct shelf_record *last = h->queue[--h->nqueue];

	if (h->nqueue)
		sift(h, 0, last);
}

/* When half of the queue has gone: so each is looked at once on average. */
static void purge(struct shelf *h)
{
	size_t n = 0;

	for (size_t i = 0; i < h->nqueue; i++) {
		if (h->queue[i]->key)
			h->queue[n++] = h->queue[i];
		else
			free_record(h, h->queue[i]);
	}
	h->nqueue = n;
	h->gone = 0;
	for (size_t i = n / 2; i-- > 0;)
		sift(h, i, h->queue[i]);
}

static void drop_gone(struct shelf *h)
{
	if (h->gone > h->nqueue / 2)
		purge(h);
	while (h->nqueue && !h->queue[0]->key) {
		free_record(h, h->queue[0]);
		pop_top(h);
		h->gone--;
	}
}

static void pop(struct shelf *h)
{
	pop_top(h);
	drop_gone(h);
}

struct shelf_record *shelf_oldest(const struct shelf *h)
{
	return h->nqueue ? h->queue[0] : NULL;
}

/* --- Records --- */

/* Behind all of its time, for it is the last to come. Those on the shorter side move: so what comes by time, or against it, moves nothing. */
static void insert(struct shelf_key *k, struct shelf_record *r)
{
	size_t i = k->n && k->v[k->n - 1]->t <= r->t ? k->n : shelf_from(k, r->t + 1);

	if (i - k->first < k->n - i) {
		if (!k->first) {
			size_t room = k->n + 1;
			k->v = mem_grow(k->v, &k->cap, k->n + room, sizeof(*k->v));
			memmove(k->v + room, k->v, k->n * sizeof(*k->v));
			k->first += room;
			k->n += room;
			i += room;
		}
		k->first--;
		i--;
		memmove(k->v + k->first, k->v + k->first + 1, (i - k->first) * sizeof(*k->v));
	} else {
		k->v = mem_grow(k->v, &k->cap, k->n + 1, sizeof(*k->v));
		memmove(k->v + i + 1, k->v + i, (k->n - i) * sizeof(*k->v));
		k->n++;
	}
	k->v[i] = r;
}

struct shelf_record *shelf_add(struct shelf *h, struct slice key, int64_t t, struct slice record)
{
	struct shelf_key *k = put_key(h, key);
	struct shelf_record *r = mem_alloc(sizeof(*r) + record.len);
	size_t cap = k->cap;

	*r = (struct shelf_record){.t = t, .seq = h->seq++, .key = k, .len = record.len};
	if (record.len)
		memcpy(r->bytes, record.ptr, record.len);
	insert(k, r);
	if (h->queued)
		push(h, r);
	h->records++;
	h->bytes += sizeof(*r) + r->len + (k->cap - cap) * sizeof(*k->v);
	return r;
}

/* Gives the room back when nothing is left; the others move up when as many are gone, so that each moves once on average. */
static void tidy_key(struct shelf *h, struct shelf_key *k)
{
	if (k->first == k->n) {
		h->bytes -= k->cap * sizeof(*k->v);
		free(k->v);
		k->v = NULL;
		k->first = k->n = k->cap = 0;
		h->empty++;
	} else if (k->first > k->n / 2) {
		k->n -= k->first;
		memmove(k->v, k->v + k->first, k->n * sizeof(*k->v));
		k->first = 0;
	}
}

void shelf_drop_first(struct shelf *h, struct shelf_key *k)
{
	h->records--;
	free_record(h, k->v[k->first++]);
	tidy_key(h, k);
}

void shelf_drop(struct shelf *h, struct shelf_key *k, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		k->v[i]->key = NULL;
	h->records -= to - from;
	h->gone += to - from;
	if (from == k->first) {
		k->first = to;
	} else {
		memmove(k->v + from, k->v + to, (k->n - to) * sizeof(*k->v));
		k->n -= to - from;
	}
	tidy_key(h, k);
	drop_gone(h);
}

void shelf_settle_oldest(struct shelf *h)
{
	struct shelf_record *r = h->queue[0];
	struct shelf_key *k = r->key;

	pop(h);
	while (k->n - k->first > 1 && k->v[k->first] != r)
		shelf_drop_first(h, k);
}

void shelf_drop_oldest(struct shelf *h)
{
	struct shelf_key *k = h->queue[0]->key;

	pop(h);
	shelf_drop_first(h, k);
}

/* --- To bytes and back --- */

static int by_arrival(const void *a, const void *b)
{
	const struct shelf_record *const *x = a, *const *y = b;

	return ((*x)->seq > (*y)->seq) - ((*x)->seq < (*y)->seq);
}

void shelf_save(const struct shelf *h, struct buf *out)
{
	struct shelf_record **all = mem_zalloc(h->records, sizeof(*all));
	size_t n = 0;

	for (size_t i = 0; i < keytab_count(h->keys); i++) {
		const struct shelf_key *k = key_at(h, i);
		for (size_t at = k->first; at < k->n; at++)
			all[n++] = k->v[at];
	}
	qsort(all, n, sizeof(*all), by_arrival);
	pack_int(out, (int64_t)n);
	for (size_t i = 0; i < n; i++) {
		struct slice key = shelf_key_bytes(h, all[i]->key);

		pack_bytes(out, key.ptr, key.len);
		pack_int(out, all[i]->t);
		pack_int(out, all[i]->met | all[i]->deletes << 1);
		pack_bytes(out, all[i]->bytes, all[i]->len);
	}
	free(all);
}

bool shelf_load(struct shelf *h, struct unpack *in)
{
	enum { LEAST = 4 * sizeof(int64_t) };
	size_t n = unpack_count(in, LEAST);

	for (size_t i = 0; i < n; i++) {
		struct slice key = unpack_bytes(in), record;
		int64_t t = unpack_int(in), flags = unpack_int(in);
		struct shelf_record *r;

		record = unpack_bytes(in);
		if (in->bad || flags < 0 || flags > 3)
			return false;
		r = shelf_add(h, key, t, record);
		r->met = flags & 1;
		r->deletes = flags >> 1;
	}
	return !in->bad;
}

size_t shelf_memory(const struct shelf *h)
{
	return h->bytes + keytab_memory(h->keys) + h->queue_cap * sizeof(struct shelf_record *) +
	       keytab_count(h->keys) * sizeof(struct shelf_key);
}

size_t shelf_keys(const struct shelf *h)
{
	return keytab_count(h->keys) - h->empty;
}
