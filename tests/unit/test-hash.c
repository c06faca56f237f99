#include "hash.h"

#include <string.h>

#include "tap.h"

/*
 * Worked out by whole numbers of any length, bytes read lowest first, from the same definition:
 * what a machine computes must not depend on it.
 */
static const struct {
	uint64_t seed;
	const char *text;
	uint64_t hash;
} vectors[] = {
	{0x0, "", UINT64_C(0x8d6c1b38cfbd2474)},
	{0x0, "a", UINT64_C(0xa691641cd06f62b4)},
	{0x1, "a", UINT64_C(0x8822c9a6224af14c)},
	{0x0, "\xff", UINT64_C(0x3d6eaea7a55fc67b)},
	{0x0, "abc", UINT64_C(0x4e7ce1ade44ec9c9)},
	{0x0, "abcd", UINT64_C(0x206f1707c8949347)},
	{0x0, "1234567", UINT64_C(0x4a2b9f4a0fb53eba)},
	{0x0, "12345678", UINT64_C(0x2682c9b204357bd8)},
	{0x0, "The quick brown", UINT64_C(0x3adfcd0b4b13cb08)},
	{0x0, "The quick brown ", UINT64_C(0x111d7965392602de)},
	{0x0, "The quick brown f", UINT64_C(0xd0c3b2ae429143c7)},
	{0x0, "The quick brown fox jumps over t", UINT64_C(0x9553bc1c071c3bf5)},
	{0x0, "The quick brown fox jumps over the lazy dog", UINT64_C(0x8b5373e87125edc9)},
	{0xdeadbeef, "The quick brown fox jumps over the lazy dog", UINT64_C(0x6ae39d15fbf8fe92)},
};

/* A changed bit changes each bit of the hash in half of all cases: of 64 * 600, give or take 2 %. */
static void test_spread(void)
{
	int changed[64] = {0}, worst = 0;

	for (int i = 0; i < 600; i++) {
		char key[24];
		size_t len = 1 + (size_t)i % sizeof(key), bit;

		for (size_t j = 0; j < sizeof(key); j++)
			key[j] = (char)(i * 131 + (int)j * 7);
		for (int flip = 0; flip < 64; flip++) {
			uint64_t before = hash_bytes(hash_secret(0), key, len), after;

			bit = (size_t)flip % (8 * len);
			key[bit / 8] ^= (char)(1 << bit % 8);
			after = hash_bytes(hash_secret(0), key, len);
			for (int k = 0; k < 64; k++)
				changed[k] += (int)((before ^ after) >> k & 1);
		}
	}
	for (int k = 0; k < 64; k++) {
		int off = changed[k] - 64 * 600 / 2;

		if (off > worst || -off > worst)
			worst = off < 0 ? -off : off;
	}
	ok(worst < 64 * 600 / 50, "each bit depends on every bit: off by %d of %d", worst,
	   64 * 600);
}

int main(void)
{
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		const char *text = vectors[i].text;
		uint64_t got = hash_bytes(hash_secret(vectors[i].seed), text, strlen(text));

		ok(got == vectors[i].hash, "hash %zu, of %zu bytes", i, strlen(text));
	}
	test_spread();
	return done_testing();
}
