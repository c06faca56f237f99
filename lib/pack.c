#include "pack.h"

void pack_int(struct buf *out, int64_t n)
{
	buf_add(out, &n, sizeof n);
}

void pack_bytes(struct buf *out, const void *p, size_t len)
{
	pack_int(out, (int64_t)len);
	if (len)
		buf_add(out, p, len);
}

static const char *take(struct unpack *in, size_t len)
{
	const char *p = in->left.ptr;

	if (in->bad || len > in->left.len) {
		in->bad = true;
		return NULL;
	}
	in->left = slice_of(p + len, in->left.len - len);
	return p;
}

int64_t unpack_int(struct unpack *in)
{
	const char *p = take(in, sizeof(int64_t));
	int64_t n = 0;

	if (p)
		memcpy(&n, p, sizeof n);
	return n;
}

struct slice unpack_bytes(struct unpack *in)
{
	size_t len = (size_t)unpack_int(in);
	const char *p = take(in, len);

	return p ? slice_of(p, len) : slice_str("");
}

bool unpack_into(struct unpack *in, void *p, size_t len)
{
	struct slice bytes = unpack_bytes(in);

	if (in->bad || bytes.len != len) {
		in->bad = true;
		return false;
	}
	memcpy(p, bytes.ptr, len);
	return true;
}

size_t unpack_count(struct unpack *in, size_t least)
{
	size_t n = (size_t)unpack_int(in);

	if (n > in->left.len / least) {
		in->bad = true;
		return 0;
	}
	return n;
}
