#include "keytab.h"

#include <stdalign.h>
#include <stdlib.h>

#include "hash.h"
#include "mem.h"

/*
 * Entries lie in chunks of 4, 8, 16 ... CHUNK_MAX, CHUNK_MAX ... so that a table of three keys is
 * small, a table of millions wastes little, and nothing moves. Entry i is at place i + CHUNK_MIN of
 * an array whose first CHUNK_MIN places do not exist: below CHUNK_MAX the highest bit of the place
 * numbers the chunk, above it the multiple of CHUNK_MAX does.
 */
enum {
	CHUNK_MIN_BITS = 2,
	CHUNK_MAX_BITS = 12,
	CHUNK_MIN = 1 << CHUNK_MIN_BITS,
	CHUNK_MAX = 1 << CHUNK_MAX_BITS,
	INDEX_MIN = 8,
	BLOCK_MIN = 256, /* blocks of keys double from the one to the other */
	BLOCK_MAX = 64 << 10,
	SLOT_ALIGN = 16,
	NEAR_MAX = 15, /* the longest key kept in its entry */
	FAR = 0xff,
};

_Static_assert(alignof(max_align_t) >= SLOT_ALIGN, "malloc aligns slots");

/* With 32 bits of hash for a place in the index, and 7/10 of the index in use at most. */
static const size_t entries_max = (size_t)3 << 30;

/*
 * The head of an entry; the slot is behind it. Most keys are short: they lie in the head, which
 * saves a pointer to follow. The others lie in a block of keys.
 */
union head {
	struct {
		uint8_t tag; /* the length, or FAR */
		char bytes[NEAR_MAX];
	} near;
	struct {
		uint8_t tag;
		uint16_t len_high; /* 48 bits are all that an address has */
		uint32_t len_low;
		const char *bytes;
	} far;
};

_Static_assert(sizeof(union head) == SLOT_ALIGN, "the slot behind the head is aligned");

struct cell {
	uint32_t hash;
	uint32_t entry; /* its number + 1; 0: a free cell */
};

/* A block of keys' bytes; they follow the struct. */
struct block {
	struct block *next;
};

struct keytab {
	struct cell *index;
	size_t mask; /* cells - 1, cells a power of two */
	size_t count;
	char **chunks;
	size_t nchunks, chunks_cap;
	size_t entry_size;
	struct hash_secret secret;
	struct block *blocks;
	char *room; /* free bytes of a block */
	size_t room_left, block_next;
	size_t key_memory;
};

static uint32_t hash_key(const struct keytab *kt, struct slice key)
{
	uint64_t hash = hash_bytes(kt->secret, key.ptr, key.len);

	return (uint32_t)(hash ^ hash >> 32);
}

/* memcmp(a, b, n) == 0 without a call where keys are short. */
static bool same_bytes(const char *a, const char *b, size_t n)
{
	if (n > 16)
		return memcmp(a, b, n) == 0;
	if (n >= 8)
		return word_load(a) == word_load(b) && word_load(a + n - 8) == word_load(b + n - 8);
	if (n >= 4)
		return word_load_half(a) == word_load_half(b) &&
		       word_load_half(a + n - 4) == word_load_half(b + n - 4);
	for (size_t i = 0; i < n; i++) {
		if (a[i] != b[i])
			return false;
	}
	return true;
}

static struct keytab empty_table(size_t entry_size, struct hash_secret secret)
{
	return (struct keytab){
		.entry_size = entry_size,
		.secret = secret,
		.index = mem_zalloc(INDEX_MIN, sizeof(struct cell)),
		.mask = INDEX_MIN - 1,
		.block_next = BLOCK_MIN,
	};
}

struct keytab *keytab_new(size_t slot_size, uint64_t seed)
{
	struct keytab *kt = mem_alloc(sizeof *kt);

	*kt = empty_table(sizeof(union head) +
				  (slot_size + SLOT_ALIGN - 1) / SLOT_ALIGN * SLOT_ALIGN,
			  hash_secret(seed));
	return kt;
}

static void release(struct keytab *kt)
{
	for (size_t i = 0; i < kt->nchunks; i++)
		free(kt->chunks[i]);
	while (kt->blocks) {
		struct block *block = kt->blocks;

		kt->blocks = block->next;
		free(block);
	}
	free(kt->chunks);
	free(kt->index);
}

void keytab_free(struct keytab *kt)
{
	if (!kt)
		return;
	release(kt);
	free(kt);
}

static size_t chunk_entries(size_t chunk)
{
	if (chunk > CHUNK_MAX_BITS - CHUNK_MIN_BITS)
		return CHUNK_MAX;
	return (size_t)CHUNK_MIN << chunk;
}

static char *entry_at(const struct keytab *kt, size_t i)
{
	size_t place = i + CHUNK_MIN, chunk, first;

	if (place >= CHUNK_MAX) {
		chunk = (place >> CHUNK_MAX_BITS) + CHUNK_MAX_BITS - CHUNK_MIN_BITS - 1;
		first = place & ~(size_t)(CHUNK_MAX - 1);
	} else {
		unsigned high = 31 - (unsigned)__builtin_clz((unsigned)place);

		chunk = high - CHUNK_MIN_BITS;
		first = (size_t)1 << high;
	}
	return kt->chunks[chunk] + (place - first) * kt->entry_size;
}

static struct slice head_key(const union head *head)
{
	if (head->near.tag != FAR)
		return slice_of(head->near.bytes, head->near.tag);
	return slice_of(head->far.bytes, (size_t)head->far.len_high << 32 | head->far.len_low);
}

static bool entry_is(const struct keytab *kt, size_t i, struct slice key)
{
	struct slice has = head_key((const union head *)entry_at(kt, i));

	return has.len == key.len && same_bytes(has.ptr, key.ptr, key.len);
}

/* The key's cell, or the free one where it would go. The index is never full. */
static struct cell *find(const struct keytab *kt, struct slice key, uint32_t hash)
{
	for (size_t i = hash & kt->mask;; i = (i + 1) & kt->mask) {
		struct cell *cell = &kt->index[i];

		if (!cell->entry)
			return cell;
		if (cell->hash == hash && entry_is(kt, cell->entry - 1, key))
			return cell;
	}
}

/* Where a key that is not there would go. */
static struct cell *free_cell(const struct keytab *kt, uint32_t hash)
{
	size_t i = hash & kt->mask;

	while (kt->index[i].entry)
		i = (i + 1) & kt->mask;
	return &kt->index[i];
}

static void index_double(struct keytab *kt)
{
	size_t cells = kt->mask + 1;
	struct cell *old = kt->index;

	kt->mask = 2 * cells - 1;
	kt->index = mem_zalloc(2 * cells, sizeof(*kt->index));
	for (size_t i = 0; i < cells; i++) {
		if (old[i].entry)
			*free_cell(kt, old[i].hash) = old[i];
	}
	free(old);
}

static char *block_new(struct keytab *kt, size_t size)
{
	struct block *block = mem_alloc(sizeof(*block) + size);

	block->next = kt->blocks;
	kt->blocks = block;
	kt->key_memory += sizeof(*block) + size;
	return (char *)(block + 1);
}

/* A copy of the bytes that lasts as long as the table. A large key has a block of its own. */
static const char *copy_bytes(struct keytab *kt, struct slice key)
{
	char *to;

	if (key.len > kt->room_left) {
		if (key.len > kt->block_next / 4) {
			to = block_new(kt, key.len);
			memcpy(to, key.ptr, key.len);
			return to;
		}
		kt->room = block_new(kt, kt->block_next);
		kt->room_left = kt->block_next;
		if (kt->block_next < BLOCK_MAX)
			kt->block_next *= 2;
	}
	to = kt->room;
	kt->room += key.len;
	kt->room_left -= key.len;
	memcpy(to, key.ptr, key.len);
	return to;
}

static union head make_head(struct keytab *kt, struct slice key)
{
	union head head = {0};

	if (key.len > NEAR_MAX) {
		head.far.tag = FAR;
		head.far.len_high = (uint16_t)(key.len >> 32);
		head.far.len_low = (uint32_t)key.len;
		head.far.bytes = copy_bytes(kt, key);
	} else {
		head.near.tag = (uint8_t)key.len;
		if (key.len)
			memcpy(head.near.bytes, key.ptr, key.len);
	}
	return head;
}

static void entry_new(struct keytab *kt, struct slice key)
{
	size_t i = kt->count;
	union head head = make_head(kt, key);
	char *entry;

	/* The first place of a chunk is a power of two, or a multiple of the greatest chunk. */
	size_t place = i + CHUNK_MIN;
	if ((place & (place - 1)) == 0 || (place & (CHUNK_MAX - 1)) == 0) {
		kt->chunks =
			mem_grow(kt->chunks, &kt->chunks_cap, kt->nchunks + 1, sizeof(*kt->chunks));
		kt->chunks[kt->nchunks] =
			mem_resize(NULL, chunk_entries(kt->nchunks), kt->entry_size);
		kt->nchunks++;
	}
	entry = entry_at(kt, i);
	memcpy(entry, &head, sizeof(head));
	memset(entry + sizeof(head), 0, kt->entry_size - sizeof(head));
	kt->count++;
}

/* A key that is not there, whose place is `cell`. */
static size_t insert(struct keytab *kt, struct slice key, uint32_t hash, struct cell *cell)
{
	if ((kt->count + 1) * 10 > (kt->mask + 1) * 7) {
		index_double(kt);
		cell = free_cell(kt, hash);
	}
	/* The machine may have the memory, the table has not: it ends as out of memory does. */
	if (kt->count >= entries_max)
		mem_zalloc(SIZE_MAX, SLOT_ALIGN);
	entry_new(kt, key);
	cell->hash = hash;
	cell->entry = (uint32_t)kt->count;
	return kt->count - 1;
}

size_t keytab_put_number(struct keytab *kt, struct slice key, bool *made)
{
	uint32_t hash = hash_key(kt, key);
	struct cell *cell = find(kt, key, hash);

	if (made)
		*made = !cell->entry;
	return cell->entry ? cell->entry - 1 : insert(kt, key, hash, cell);
}

void keytab_prefetch(const struct keytab *kt, const struct slice keys[], size_t n)
{
	const struct cell *cells[KEYTAB_PREFETCH];
	uint32_t hashes[KEYTAB_PREFETCH];

	/* What the first-level cache holds needs none of this. */
	if (kt->count < CHUNK_MAX)
		return;
	for (size_t i = 0; i < n; i++) {
		hashes[i] = hash_key(kt, keys[i]);
		cells[i] = &kt->index[hashes[i] & kt->mask];
		__builtin_prefetch(cells[i]);
	}
	/* A guess at the entry: the key is seldom at another place than its first. */
	for (size_t i = 0; i < n; i++) {
		if (cells[i]->entry && cells[i]->hash == hashes[i])
			__builtin_prefetch(entry_at(kt, cells[i]->entry - 1));
	}
}

void *keytab_put(struct keytab *kt, struct slice key, bool *made)
{
	return keytab_slot(kt, keytab_put_number(kt, key, made));
}

void *keytab_get(const struct keytab *kt, struct slice key)
{
	const struct cell *cell = find(kt, key, hash_key(kt, key));

	return cell->entry ? keytab_slot(kt, cell->entry - 1) : NULL;
}

size_t keytab_count(const struct keytab *kt)
{
	return kt->count;
}

struct slice keytab_key(const struct keytab *kt, size_t i)
{
	return head_key((const union head *)entry_at(kt, i));
}

void *keytab_slot(const struct keytab *kt, size_t i)
{
	return entry_at(kt, i) + sizeof(union head);
}

void keytab_keep(struct keytab *kt, bool (*keep)(void *ctx, void *slot, size_t number), void *ctx)
{
	struct keytab kept = empty_table(kt->entry_size, kt->secret);

	for (size_t i = 0; i < kt->count; i++) {
		struct slice key = keytab_key(kt, i);
		void *slot = keytab_slot(kt, i);
		uint32_t hash = hash_key(kt, key);
		size_t to;

		if (!keep(ctx, slot, kept.count))
			continue;
		to = insert(&kept, key, hash, free_cell(&kept, hash));
		memcpy(keytab_slot(&kept, to), slot, kt->entry_size - sizeof(union head));
	}
	release(kt);
	*kt = kept;
}

size_t keytab_memory(const struct keytab *kt)
{
	size_t bytes = sizeof(*kt) + (kt->mask + 1) * sizeof(*kt->index) + kt->key_memory +
		       kt->chunks_cap * sizeof(*kt->chunks);

	for (size_t i = 0; i < kt->nchunks; i++)
		bytes += chunk_entries(i) * kt->entry_size;
	return bytes;
}
