#include "arena.h"

#include "tap.h"

enum { PIECES = 300 };

/* Lengths around those of the chunks, and none. */
static size_t length_of(unsigned i)
{
	static const size_t lengths[] = {0, 1, 7, 100, 4095, 4096, 4097, 8192, 40000};

	return lengths[i % (sizeof lengths / sizeof lengths[0])];
}

static bool is_filled(const char *p, size_t len, char with)
{
	for (size_t i = 0; i < len; i++) {
		if (p[i] != with)
			return false;
	}
	return true;
}

/* What was given stays where it is, and as it is, whatever is asked for after it. */
static void test_pieces(struct arena *a, const char *what)
{
	char *pieces[PIECES];
	unsigned damaged = 0;

	for (unsigned i = 0; i < PIECES; i++) {
		pieces[i] = arena_alloc(a, length_of(i));
		memset(pieces[i], (char)i, length_of(i));
	}
	for (unsigned i = 0; i < PIECES; i++)
		damaged += !is_filled(pieces[i], length_of(i), (char)i);
	ok(damaged == 0, "%u pieces keep apart: %s", PIECES, what);
}

static void test_copy(struct arena *a)
{
	char text[] = "one\0two";
	struct slice copy = arena_copy(a, text, sizeof text), none = arena_copy(a, NULL, 0);

	text[0] = 'x';
	ok(copy.len == sizeof text && memcmp(copy.ptr, "one\0two", copy.len) == 0,
	   "a copy is one, NUL bytes too");
	ok(none.ptr && none.len == 0, "of nothing: no bytes, but a place");
}

/* The largest chunk is kept: records of one size take no memory anew. */
static void test_clear(struct arena *a)
{
	const char *first, *second;

	arena_clear(a);
	first = arena_alloc(a, 40000);
	arena_clear(a);
	second = arena_alloc(a, 40000);
	ok(first == second, "cleared, it gives the same place again");
}

int main(void)
{
	struct arena a = {0};

	arena_clear(&a);
	arena_free(&a);
	ok(true, "an empty one can be cleared and freed");
	test_pieces(&a, "a new one");
	arena_clear(&a);
	test_pieces(&a, "a cleared one");
	test_copy(&a);
	test_clear(&a);
	arena_free(&a);
	ok(!a.chunk && !a.used, "freed, it is an empty one");
	test_pieces(&a, "one that was freed");
	arena_free(&a);
	return done_testing();
}
