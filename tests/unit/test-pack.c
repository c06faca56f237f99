#include "pack.h"

#include "tap.h"

static void test_there_and_back(void)
{
	struct buf b = BUF_INIT;
	struct unpack in;
	char four[4];

	pack_int(&b, INT64_MIN);
	pack_bytes(&b, "a\0b", 3);
	pack_bytes(&b, NULL, 0);
	pack_bytes(&b, "four", 4);
	pack_int(&b, 1);
	pack_int(&b, 7);
	in = (struct unpack){buf_slice(&b), false};
	ok(unpack_int(&in) == INT64_MIN, "a number");
	ok(slice_eq(unpack_bytes(&in), slice_of("a\0b", 3)), "bytes");
	ok(unpack_bytes(&in).len == 0 && !in.bad, "no bytes");
	ok(unpack_into(&in, four, 4) && memcmp(four, "four", 4) == 0, "so many bytes");
	ok(unpack_count(&in, 8) == 1, "how many follow");
	ok(unpack_int(&in) == 7 && !in.bad && !in.left.len, "and nothing is left");
	ok(unpack_int(&in) == 0 && in.bad, "more is bad");
	buf_free(&b);
}

static void test_broken(void)
{
	struct buf b = BUF_INIT;
	struct unpack in;
	char two[2];

	pack_bytes(&b, "abc", 3);
	in = (struct unpack){{b.data, b.len - 1}, false};
	ok(unpack_bytes(&in).len == 0 && in.bad, "bytes that are cut short");
	in = (struct unpack){buf_slice(&b), false};
	ok(!unpack_into(&in, two, 2) && in.bad, "bytes of another length");
	in = (struct unpack){buf_slice(&b), false};
	ok(unpack_count(&in, 2) == 0 && in.bad, "more things than there can be");
	buf_clear(&b);
	pack_int(&b, -1);
	in = (struct unpack){buf_slice(&b), false};
	ok(unpack_bytes(&in).len == 0 && in.bad, "a length below 0");
	buf_free(&b);
}

int main(void)
{
	test_there_and_back();
	test_broken();
	return done_testing();
}
