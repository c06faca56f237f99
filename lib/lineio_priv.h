/* lineio_priv: what the parts of lineio (the reader, compressed input) share. */
#ifndef KPIPE_LINEIO_PRIV_H
#define KPIPE_LINEIO_PRIV_H

#include "lineio.h"

/* --- codec: the formats of compressed bytes, each by its library --- */

enum codec_result {
	CODEC_MORE, /* goes on */
	CODEC_END,  /* a whole member or frame was given; what follows begins another */
	CODEC_BAD,  /* reason in *why */
};

struct codec {
	const char *name, *library;
	/* NULL when the library was missing when this was built. */
	void *(*open)(void);
	void (*close)(void *state);
	/* Takes bytes off *in, puts bytes to *out. last: nothing comes behind *in. */
	enum codec_result (*step)(void *state, struct slice *in, struct buf *out, bool last,
				  const char **why);
};

enum { CODEC_OUT = 256 * 1024 }; /* the most that a step puts out; there is always room for it */

/*
 * By the first bytes of an input: the format that they begin, NULL: none. *more: they are too few to tell. No
 * UTF-8 text begins so.
 */
const struct codec *codec_of(struct slice head, bool *more);

/* --- unzip: a thread that turns compressed bytes into plain ones --- */

struct unzip;

/* Of `head`, then what is read from fd, which stays open and the caller's. NULL with the reason in err. */
struct unzip *unzip_new(const struct codec *codec, struct slice head, int fd, struct buf *err);
void unzip_free(struct unzip *u); /* also before its end; NULL is fine */

int unzip_fd(const struct unzip *u);   /* where the plain bytes come out */
uint64_t unzip_bytes(struct unzip *u); /* read from fd so far */

/* When nothing more came out: was all well? Else the reason is in err. */
bool unzip_finish(struct unzip *u, struct buf *err);

#endif
