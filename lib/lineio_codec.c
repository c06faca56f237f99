#include "lineio_priv.h"

#include <stdlib.h>

#include "mem.h"

#ifdef HAVE_LIBZ
#include <zlib.h>
#endif
#ifdef HAVE_LIBZSTD
#include <zstd.h>
#endif
#ifdef HAVE_LIBBZ2
#include <bzlib.h>
#endif
#ifdef HAVE_LIBLZMA
#include <lzma.h>
#endif

/* --- gzip --- */

#ifdef HAVE_LIBZ
enum { GZIP_ONLY = 16 };

static void *gzip_open(void)
{
	z_stream *z = mem_zalloc(1, sizeof *z);

	if (inflateInit2(z, GZIP_ONLY + MAX_WBITS) != Z_OK)
		mem_exhausted();
	return z;
}

static void gzip_close(void *state)
{
	inflateEnd(state);
	free(state);
}

static enum codec_result gzip_step(void *state, struct slice *in, struct buf *out, bool last,
				   const char **why)
{
	z_stream *z = state;
	uInt given = in->len > UINT32_MAX / 2 ? UINT32_MAX / 2 : (uInt)in->len;
	int rc;

	(void)last;
	z->next_in = (Bytef *)(uintptr_t)in->ptr;
	z->avail_in = given;
	z->next_out = (Bytef *)out->data + out->len;
	z->avail_out = CODEC_OUT;
	rc = inflate(z, Z_SYNC_FLUSH);
	out->len += CODEC_OUT - z->avail_out;
	*in = slice_of(in->ptr + (given - z->avail_in), in->len - (given - z->avail_in));
	if (rc == Z_STREAM_END) {
		inflateReset(z);
		return CODEC_END;
	}
	*why = z->msg;
	/* A lack of input or of room is none. */
	return rc == Z_OK || rc == Z_BUF_ERROR ? CODEC_MORE : CODEC_BAD;
}
#else
#define gzip_open  NULL
#define gzip_close NULL
#define gzip_step  NULL
#endif

/* --- zstd --- */

#ifdef HAVE_LIBZSTD
static void *zstd_open(void)
{
	ZSTD_DStream *z = ZSTD_createDStream();

	if (!z)
		mem_exhausted();
	return z;
}

static void zstd_close(void *state)
{
	ZSTD_freeDStream(state);
}

static enum codec_result zstd_step(void *state, struct slice *in, struct buf *out, bool last,
				   const char **why)
{
	ZSTD_inBuffer from = {in->ptr, in->len, 0};
	ZSTD_outBuffer to = {out->data + out->len, CODEC_OUT, 0};
	size_t rc = ZSTD_decompressStream(state, &to, &from);

	(void)last;
	out->len += to.pos;
	*in = slice_of(in->ptr + from.pos, in->len - from.pos);
	if (ZSTD_isError(rc)) {
		*why = ZSTD_getErrorName(rc);
		return CODEC_BAD;
	}
	return rc == 0 ? CODEC_END : CODEC_MORE;
}
#else
#define zstd_open  NULL
#define zstd_close NULL
#define zstd_step  NULL
#endif

/* --- bzip2 --- */

#ifdef HAVE_LIBBZ2
static void *bzip2_open(void)
{
	bz_stream *z = mem_zalloc(1, sizeof *z);

	if (BZ2_bzDecompressInit(z, 0, 0) != BZ_OK)
		mem_exhausted();
	return z;
}

static void bzip2_close(void *state)
{
	BZ2_bzDecompressEnd(state);
	free(state);
}

static enum codec_result bzip2_step(void *state, struct slice *in, struct buf *out, bool last,
				    const char **why)
{
	bz_stream *z = state;
	unsigned given = in->len > UINT32_MAX / 2 ? UINT32_MAX / 2 : (unsigned)in->len;
	int rc;

	(void)last;
	(void)why;
	z->next_in = (char *)(uintptr_t)in->ptr;
	z->avail_in = given;
	z->next_out = out->data + out->len;
	z->avail_out = CODEC_OUT;
	rc = BZ2_bzDecompress(z);
	out->len += CODEC_OUT - z->avail_out;
	*in = slice_of(in->ptr + (given - z->avail_in), in->len - (given - z->avail_in));
	if (rc == BZ_STREAM_END) {
		BZ2_bzDecompressEnd(z);
		*z = (bz_stream){0};
		if (BZ2_bzDecompressInit(z, 0, 0) != BZ_OK)
			mem_exhausted();
		return CODEC_END;
	}
	return rc == BZ_OK ? CODEC_MORE : CODEC_BAD;
}
#else
#define bzip2_open  NULL
#define bzip2_close NULL
#define bzip2_step  NULL
#endif

/* --- xz --- */

#ifdef HAVE_LIBLZMA
static void *xz_open(void)
{
	lzma_stream *z = mem_zalloc(1, sizeof *z);

	/* Its own padding may stand between streams. */
	if (lzma_stream_decoder(z, UINT64_MAX, LZMA_CONCATENATED) != LZMA_OK)
		mem_exhausted();
	return z;
}

static void xz_close(void *state)
{
	lzma_end(state);
	free(state);
}

static enum codec_result xz_step(void *state, struct slice *in, struct buf *out, bool last,
				 const char **why)
{
	lzma_stream *z = state;
	lzma_ret rc;

	(void)why;
	z->next_in = (const uint8_t *)in->ptr;
	z->avail_in = in->len;
	z->next_out = (uint8_t *)out->data + out->len;
	z->avail_out = CODEC_OUT;
	rc = lzma_code(z, last ? LZMA_FINISH : LZMA_RUN);
	out->len += CODEC_OUT - z->avail_out;
	*in = slice_of(z->next_in, z->avail_in);
	if (rc == LZMA_STREAM_END)
		return CODEC_END;
	return rc == LZMA_OK || rc == LZMA_BUF_ERROR ? CODEC_MORE : CODEC_BAD;
}
#else
#define xz_open  NULL
#define xz_close NULL
#define xz_step  NULL
#endif

/* --- All of them --- */

static const struct format {
	const char *magic;
	size_t len;
	struct codec codec;
} formats[] = {
	{"\x1f\x8b\x08", 3, {"gzip", "zlib", gzip_open, gzip_close, gzip_step}},
	{"\x28\xb5\x2f\xfd", 4, {"zstd", "libzstd", zstd_open, zstd_close, zstd_step}},
	/* "BZh" alone might be text. A digit; then what begins a block, or ends an empty file. */
	{"BZh?1AY&SY", 10, {"bzip2", "libbz2", bzip2_open, bzip2_close, bzip2_step}},
	{"BZh?\x17rE8P\x90", 10, {"bzip2", "libbz2", bzip2_open, bzip2_close, bzip2_step}},
	{"\xfd"
	 "7zXZ\0",
	 6,
	 {"xz", "liblzma", xz_open, xz_close, xz_step}},
};

/* Do the bytes agree with the magic, as far as both go? */
static bool agrees(const struct format *f, struct slice head)
{
	for (size_t i = 0; i < f->len && i < head.len; i++) {
		char c = head.ptr[i];

		if (f->magic[i] == '?' ? c < '1' || c > '9' : c != f->magic[i])
			return false;
	}
	return true;
}

const struct codec *codec_of(struct slice head, bool *more)
{
	*more = false;
	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
		const struct format *f = &formats[i];

		if (!agrees(f, head))
			continue;
		if (head.len >= f->len)
			return &f->codec;
		*more = true;
	}
	return NULL;
}
