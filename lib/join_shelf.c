#include "join_shelf.h"

#include <stdlib.h>

#include "mem.h"

enum {
	EMPTY_MAX = 1024, /* keys without records that are not worth a look at all of them */
	RUN_MAX = 512,    /* records of one run */
};

void shelf_init(struct shelf *h, bool queued, uint64_t seed)
{
	*h = (struct shelf){.queued = queued, .keys = keytab_new(sizeof(struct shelf_key *), seed)};
}

static struct shelf_key *key_at(const struct shelf *h, size_t i)
{
	return *(struct shelf_key **)keytab_slot(h->keys, i);
}

static struct shelf_run *run_at(const struct shelf_key *k, size_t i)
{
	return i ? &k->more[i - 1] : (struct shelf_run *)&k->head;
}

static bool is_empty(const struct shelf_key *k)
{
	return k->head.first == k->head.n;
}

static void free_key(struct shelf_key *k)
{
	for (size_t i = 0; i <= k->nmore; i++) {
		struct shelf_run *run = run_at(k, i);
		while (run->first < run->n)
			free(run->v[run->first++]);
		free(run->v);
	}
	free(k->more);
	free(k);
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
		free_key(key_at(h, i));
	}
	keytab_free(h->keys);
}

/* --- Keys --- */

static bool keep_key(void *ctx, void *slot, size_t number)
{
	struct shelf_key *k = *(struct shelf_key **)slot;

	(void)ctx;
	k->number = number;
	if (!is_empty(k))
		return true;
	free_key(k);
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
		h->empty -= is_empty(k);
	}
	return k;
}

struct shelf_key *shelf_key(const struct shelf *h, struct slice key)
{
	struct shelf_key **slot = keytab_get(h->keys, key);

	return slot && !is_empty(*slot) ? *slot : NULL;
}

struct slice shelf_key_bytes(const struct shelf *h, const struct shelf_key *k)
{
	return keytab_key(h->keys, k->number);
}

/* --- Places --- */

struct shelf_at shelf_first(const struct shelf_key *k)
{
	return (struct shelf_at){0, k->head.first};
}

struct shelf_at shelf_end(const struct shelf_key *k)
{
	return (struct shelf_at){k->nmore, run_at(k, k->nmore)->n};
}

/* The end of a run is the beginning of the next. */
static struct shelf_at settle(const struct shelf_key *k, struct shelf_at at)
{
	if (at.run < k->nmore && at.i == run_at(k, at.run)->n)
		return (struct shelf_at){at.run + 1, run_at(k, at.run + 1)->first};
	return at;
}

/* The last run that begins before t, or the head. */
static size_t run_from(const struct shelf_key *k, int64_t t)
{
	size_t lo = 0, hi = k->nmore;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (k->more[mid].v[k->more[mid].first]->t < t)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

struct shelf_at shelf_from(const struct shelf_key *k, int64_t t)
{
	size_t i = run_from(k, t);
	const struct shelf_run *run = run_at(k, i);
	size_t lo = run->first, hi = run->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (run->v[mid]->t < t)
			lo = mid + 1;
		else
			hi = mid;
	}
	return settle(k, (struct shelf_at){i, lo});
}

struct shelf_record *shelf_record(const struct shelf_key *k, struct shelf_at at)
{
	return run_at(k, at.run)->v[at.i];
}

struct shelf_record *shelf_before(const struct shelf_key *k, struct shelf_at at)
{
	const struct shelf_run *run = run_at(k, at.run);

	if (at.i > run->first)
		return run->v[at.i - 1];
	if (!at.run)
		return NULL;
	run = run_at(k, at.run - 1);
	return run->v[run->n - 1];
}

struct shelf_at shelf_next(const struct shelf_key *k, struct shelf_at at)
{
	at.i++;
	return settle(k, at);
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

static void reserve(struct shelf *h, struct shelf_run *run)
{
	size_t cap = run->cap;

	run->v = mem_grow(run->v, &run->cap, run->n + 1, sizeof(*run->v));
	h->bytes += (run->cap - cap) * sizeof(*run->v);
}

/* An empty run behind run i. */
static struct shelf_run *new_run(struct shelf *h, struct shelf_key *k, size_t i)
{
	size_t cap = k->more_cap;

	k->more = mem_grow(k->more, &k->more_cap, k->nmore + 1, sizeof(*k->more));
	h->bytes += (k->more_cap - cap) * sizeof(*k->more);
	memmove(k->more + i + 1, k->more + i, (k->nmore++ - i) * sizeof(*k->more));
	k->more[i] = (struct shelf_run){0};
	return &k->more[i];
}

/* The second half becomes a run of its own; of what comes in order only the last record does, and the others stay together. */
static void split(struct shelf *h, struct shelf_key *k, size_t i, bool in_order)
{
	struct shelf_run *to = new_run(h, k, i), *from = run_at(k, i);
	size_t keep = in_order ? from->n - 1 : from->first + (from->n - from->first) / 2;

	while (to->n < from->n - keep) {
		reserve(h, to);
		to->v[to->n] = from->v[keep + to->n];
		to->n++;
	}
	from->n = keep;
}

/* Behind all of its time, for it is the last to come. */
static void insert(struct shelf *h, struct shelf_key *k, struct shelf_record *r)
{
	struct shelf_at at = shelf_end(k);
	const struct shelf_record *last = is_empty(k) ? NULL : shelf_before(k, at);
	bool in_order = !last || last->t <= r->t;
	struct shelf_run *run;

	if (!in_order)
		at = shelf_from(k, r->t + 1);
	run = run_at(k, at.run);
	if (at.i == run->first && run->first) {
		run->v[--run->first] = r;
	} else {
		reserve(h, run);
		memmove(run->v + at.i + 1, run->v + at.i, (run->n - at.i) * sizeof(*run->v));
		run->v[at.i] = r;
		run->n++;
	}
	if (run->n - run->first > RUN_MAX)
		split(h, k, at.run, in_order);
}

struct shelf_record *shelf_add(struct shelf *h, struct slice key, int64_t t, struct slice record)
{
	struct shelf_key *k = put_key(h, key);
	struct shelf_record *r = mem_alloc(sizeof(*r) + record.len);

	*r = (struct shelf_record){.t = t, .seq = h->seq++, .key = k, .len = record.len};
	if (record.len)
		memcpy(r->bytes, record.ptr, record.len);
	insert(h, k, r);
	if (h->queued)
		push(h, r);
	h->records++;
	h->bytes += sizeof(*r) + r->len;
	return r;
}

static void free_run(struct shelf *h, struct shelf_key *k, size_t i)
{
	struct shelf_run *run = run_at(k, i);

	h->bytes -= run->cap * sizeof(*run->v);
	free(run->v);
	*run = (struct shelf_run){0};
	if (!k->nmore) {
		h->bytes -= k->more_cap * sizeof(*k->more);
		free(k->more);
		k->more = NULL;
		k->more_cap = 0;
		h->empty++;
		return;
	}
	if (!i)
		*run = k->more[0];
	else
		i--;
	memmove(k->more + i, k->more + i + 1, (--k->nmore - i) * sizeof(*k->more));
}

/* Gives the room back when nothing is left; the others move up when as many are gone, so that each moves once on average. */
static void tidy_run(struct shelf *h, struct shelf_key *k, size_t i)
{
	struct shelf_run *run = run_at(k, i);

	if (run->first == run->n) {
		free_run(h, k, i);
	} else if (run->first > run->n / 2) {
		run->n -= run->first;
		memmove(run->v, run->v + run->first, run->n * sizeof(*run->v));
		run->first = 0;
	}
}

void shelf_drop_first(struct shelf *h, struct shelf_key *k)
{
	h->records--;
	free_record(h, k->head.v[k->head.first++]);
	tidy_run(h, k, 0);
}

static void drop_of_run(struct shelf *h, struct shelf_run *run, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		run->v[i]->key = NULL;
	h->records -= to - from;
	h->gone += to - from;
	if (from == run->first) {
		run->first = to;
	} else {
		memmove(run->v + from, run->v + to, (run->n - to) * sizeof(*run->v));
		run->n -= to - from;
	}
}

void shelf_drop(struct shelf *h, struct shelf_key *k, struct shelf_at from, struct shelf_at to)
{
	/* From the last to the first, as a run that gets empty goes. */
	for (size_t i = to.run + 1; i-- > from.run;) {
		struct shelf_run *run = run_at(k, i);

		drop_of_run(h, run, i == from.run ? from.i : run->first,
			    i == to.run ? to.i : run->n);
		tidy_run(h, k, i);
	}
	drop_gone(h);
}

void shelf_settle_oldest(struct shelf *h)
{
	struct shelf_record *r = h->queue[0];
	struct shelf_key *k = r->key;

	pop(h);
	while (!is_empty(k) && k->head.v[k->head.first] != r)
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
		struct shelf_at at = shelf_first(k), end = shelf_end(k);
		for (; !shelf_same(at, end); at = shelf_next(k, at))
			all[n++] = shelf_record(k, at);
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
