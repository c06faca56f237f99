#include "keytab.h"

#include <stdint.h>
#include <stdlib.h>

#include "mem.h"
#include "tap.h"

static uint64_t random_state = 42;

/* D. E. Knuth's MMIX generator; the high bits are good enough. */
static uint32_t random32(void)
{
	random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(random_state >> 32);
}

static void test_empty(void)
{
	struct keytab *kt = keytab_new(8, 1);

	ok(keytab_count(kt) == 0, "a new table is empty");
	ok(!keytab_get(kt, slice_str("a")), "nothing is found in it");
	ok(!keytab_get(kt, slice_of(NULL, 0)), "nor the empty key");
	keytab_free(kt);
	keytab_free(NULL);
}

static void test_odd_keys(void)
{
	static const struct slice keys[] = {
		{"", 0},
		{"\0", 1},
		{"\0\0", 2},
		{"a", 1},
		{"a\0", 2},
		{"a\0b", 3},
		{"a\0c", 3},
		{"\xff", 1},
		{"1234567", 7},
		{"12345678", 8},
		{"123456789", 9},
		{"123456789012345", 15},
		{"123456789012345\0", 16},
		{"1234567890123456", 16},
		{"12345678901234567", 17},
	};
	enum { N = sizeof(keys) / sizeof(keys[0]) };
	struct keytab *kt = keytab_new(sizeof(int), 7);
	bool made, good = true;
	int *slot;

	for (int i = 0; i < N; i++) {
		slot = keytab_put(kt, keys[i], &made);
		good = good && made && *slot == 0;
		*slot = i + 1;
	}
	ok(good && keytab_count(kt) == N,
	   "keys with NUL bytes, prefixes of each other, are all new");
	for (int i = 0; i < N; i++) {
		slot = keytab_put(kt, keys[i], &made);
		good = good && !made && *slot == i + 1 && keytab_get(kt, keys[i]) == slot &&
		       keytab_slot(kt, (size_t)i) == slot &&
		       slice_eq(keytab_key(kt, (size_t)i), keys[i]);
	}
	ok(good && keytab_count(kt) == N, "and are all found again");
	ok(keytab_get(kt, slice_of(NULL, 0)) == keytab_slot(kt, 0),
	   "no bytes at all are the empty key");
	ok(!keytab_get(kt, slice_of("\0\0\0", 3)), "another number of NUL bytes is another key");
	keytab_free(kt);
}

/* Every length, and every single byte of a key matters. */
static void test_lengths(void)
{
	enum { LONGEST = 100 };
	struct keytab *kt = keytab_new(0, 3);
	char bytes[LONGEST];
	bool made, good = true;
	size_t n = 0;

	memset(bytes, 'x', sizeof(bytes));
	for (size_t len = 0; len <= LONGEST; len++) {
		good = good && keytab_put(kt, slice_of(bytes, len), &made) && made;
		n++;
		for (size_t i = 0; i < len; i++) {
			bytes[i] = 'y';
			keytab_put(kt, slice_of(bytes, len), &made);
			good = good && made;
			bytes[i] = 'x';
			n++;
		}
	}
	ok(good && keytab_count(kt) == n, "%zu keys that differ in length or one byte", n);
	for (size_t len = 0; len <= LONGEST; len++)
		good = good && keytab_get(kt, slice_of(bytes, len));
	ok(good, "a set, whose slots have no bytes, finds its keys");
	keytab_free(kt);
}

static void test_slots(void)
{
	static const size_t sizes[] = {0, 1, 8, 16, 17, 100, 1000};

	for (size_t k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++) {
		struct keytab *kt = keytab_new(sizes[k], k);
		bool zero = true, aligned = true, kept = true;

		for (uint32_t i = 0; i < 5000; i++) {
			char *slot = keytab_put(kt, slice_of(&i, sizeof(i)), NULL);

			aligned = aligned && (uintptr_t)slot % 16 == 0;
			for (size_t j = 0; j < sizes[k]; j++)
				zero = zero && slot[j] == 0;
			memset(slot, (int)(i % 251 + 1), sizes[k]);
		}
		for (uint32_t i = 0; i < 5000; i++) {
			const unsigned char *slot = keytab_slot(kt, i);

			for (size_t j = 0; j < sizes[k]; j++)
				kept = kept && slot[j] == i % 251 + 1;
		}
		ok(zero && aligned && kept, "slots of %zu bytes: zeroed, aligned, apart", sizes[k]);
		keytab_free(kt);
	}
}

/* Key number n: of 4 to 43 bytes, so some lie in entries and some do not. */
static struct slice numbered_key(uint32_t n, char room[48])
{
	memset(room, '.', 48);
	memcpy(room, &n, sizeof(n));
	return slice_of(room, sizeof(n) + n % 40);
}

/*
 * Against an array by key number. Of so many keys a pair or two have equal 32-bit hashes, so that
 * keys and not hashes alone must be compared.
 */
static void test_many(uint64_t seed)
{
	enum { KEYS = 150000, PUTS = 300000 };
	struct keytab *kt = keytab_new(8, seed);
	uint32_t *order = mem_zalloc(KEYS, sizeof(*order)); /* number of the entry + 1 */
	uint32_t *by_entry = mem_zalloc(KEYS, sizeof(*by_entry));
	uint64_t *times = mem_zalloc(KEYS, sizeof(*times));
	void **slots = mem_zalloc(KEYS, sizeof(*slots));
	uint32_t count = 0;
	bool good = true;
	char room[48];

	random_state = 42;
	for (int i = 0; i < PUTS; i++) {
		uint32_t n = random32() % KEYS;
		bool made;
		size_t e = keytab_put_number(kt, numbered_key(n, room), &made);
		uint64_t *slot = keytab_slot(kt, e);

		good = good && made == (order[n] == 0);
		if (made) {
			by_entry[count] = n;
			slots[n] = slot;
			order[n] = ++count;
		}
		good = good && e + 1 == order[n] && slot == slots[n] && *slot == times[n];
		times[n]++;
		++*slot;
	}
	ok(good, "seed %d: %d puts give the slots that a plain array gives", (int)seed, PUTS);
	ok(keytab_count(kt) == count, "as many keys");
	for (uint32_t n = 0; n < KEYS; n++) {
		uint64_t *slot = keytab_get(kt, numbered_key(n, room));

		good = good && slot == slots[n] && (!slot || *slot == times[n]);
	}
	ok(good, "slots have not moved and hold what was written; missing keys are not found");
	for (uint32_t e = 0; e < count; e++)
		good = good && slice_eq(keytab_key(kt, e), numbered_key(by_entry[e], room)) &&
		       keytab_slot(kt, e) == slots[by_entry[e]];
	ok(good, "entries are in order of insertion, whatever the seed");
	keytab_free(kt);
	free(order);
	free(by_entry);
	free(times);
	free(slots);
}

static void test_large_keys(void)
{
	enum { N = 60 };
	struct keytab *kt = keytab_new(16, 5);
	char *bytes = mem_zalloc((size_t)N * 4001, 1);
	const char *first;
	bool good = true;

	for (size_t i = 0; i < N; i++)
		keytab_put(kt, slice_of(bytes, i * 4001), NULL);
	first = keytab_key(kt, 1).ptr;
	for (size_t i = 0; i < N; i++) {
		struct slice key = slice_of(bytes, i * 4001);

		keytab_put(kt, slice_of(&i, sizeof(i)), NULL);
		good = good && slice_eq(keytab_key(kt, i), key) &&
		       keytab_get(kt, key) == keytab_slot(kt, i);
	}
	ok(good, "keys of up to 240 kB");
	ok(keytab_key(kt, 1).ptr == first, "a key's bytes have not moved");
	ok(keytab_memory(kt) > (size_t)N * (N - 1) / 2 * 4001, "memory counts their bytes");
	keytab_free(kt);
	free(bytes);
}

/*
 * A million keys, of which over a hundred pairs have equal 32-bit hashes, whatever the seed. The keys
 * are found by their numbers, so no table of what is expected is needed.
 */
static void test_million(void)
{
	enum { N = 1000000 };
	struct keytab *kt = keytab_new(8, 77);
	bool good = true, made;
	char room[48];

	for (uint32_t i = 0; i < N; i++)
		good = good && keytab_put_number(kt, numbered_key(i, room), &made) == i && made;
	ok(good && keytab_count(kt) == N, "a million keys, each new");
	for (uint32_t i = 0; i < N; i += 31) {
		struct slice key = numbered_key(i, room);

		good = good && keytab_put_number(kt, key, &made) == i && !made &&
		       slice_eq(keytab_key(kt, i), key);
		good = good && !keytab_get(kt, numbered_key(i + N, room));
	}
	ok(good, "found by key and by number; those not put are not there");
	printf("# %zu bytes a key of 24 on average, slot of 8\n", keytab_memory(kt) / N);
	keytab_free(kt);
}

/* Keys that a simple hash would let collide: only their ends, or only a few bits, differ. */
static void test_alike(void)
{
	enum { LENGTH = 24 };
	struct keytab *kt = keytab_new(0, 0);
	char bytes[LENGTH] = {0};
	size_t n = 0;
	bool good = true, made;

	for (int bit = 0; bit < 8 * LENGTH; bit++) {
		for (int other = bit; other < 8 * LENGTH; other++) {
			bytes[bit / 8] ^= (char)(1 << bit % 8);
			if (other != bit)
				bytes[other / 8] ^= (char)(1 << other % 8);
			keytab_put(kt, slice_of(bytes, LENGTH), &made);
			good = good && made;
			memset(bytes, 0, sizeof(bytes));
			n++;
		}
	}
	ok(good && keytab_count(kt) == n, "%zu keys with one or two bits set", n);
	keytab_free(kt);
}

static void test_memory(void)
{
	enum { N = 100000 };
	struct keytab *kt = keytab_new(16, 9);
	size_t empty = keytab_memory(kt), each;

	for (uint64_t i = 0; i < N; i++) {
		uint64_t key[2] = {i, ~i};

		keytab_put(kt, slice_of(key, sizeof(key)), NULL);
	}
	each = keytab_memory(kt) / N;
	ok(empty < 256, "an empty table takes %zu bytes", empty);
	ok(each >= 16 + 16 && each <= 80, "16 bytes of key and 16 of slot take %zu bytes", each);
	keytab_free(kt);
}

static bool keep_even(void *ctx, void *slot, size_t number)
{
	int *kept = ctx, i = *(int *)slot;

	if (i % 2)
		return false;
	if (number != (size_t)*kept)
		*kept = INT32_MIN;
	++*kept;
	return true;
}

static void test_keep(void)
{
	enum { N = 10000 };
	struct keytab *kt = keytab_new(sizeof(int), 3);
	char key[40];
	int kept = 0, good = 0;
	bool made;

	for (int i = 0; i < N; i++) {
		snprintf(key, sizeof key, i % 3 ? "%d" : "%d, which is not near", i);
		*(int *)keytab_put(kt, slice_str(key), NULL) = i;
	}
	keytab_keep(kt, keep_even, &kept);
	ok(kept == N / 2 && keytab_count(kt) == N / 2, "half of the keys are kept, numbered anew");
	for (int i = 0; i < N; i++) {
		snprintf(key, sizeof key, i % 3 ? "%d" : "%d, which is not near", i);
		const int *slot = keytab_get(kt, slice_str(key));
		good += i % 2 ? !slot
			      : slot && *slot == i && slot == keytab_slot(kt, (size_t)i / 2) &&
					slice_is(keytab_key(kt, (size_t)i / 2), key);
	}
	ok(good == N, "with their slots, in their order; the others are gone");
	ok(*(int *)keytab_put(kt, slice_str("1"), &made) == 0 && made, "and may come again");
	keytab_free(kt);
}

int main(void)
{
	test_empty();
	test_odd_keys();
	test_lengths();
	test_slots();
	test_many(0);
	test_many(UINT64_MAX);
	test_large_keys();
	test_million();
	test_alike();
	test_memory();
	test_keep();
	return done_testing();
}
