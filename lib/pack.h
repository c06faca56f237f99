/*
 * pack: numbers and byte strings one behind the other, for snapshots: of and for the same machine. Pure.
 */
#ifndef KPIPE_PACK_H
#define KPIPE_PACK_H

#include <stdint.h>

#include "buf.h"

void pack_int(struct buf *out, int64_t n);
void pack_bytes(struct buf *out, const void *p, size_t len); /* with their length */

/* Bytes that were packed. Once something is not there everything is 0 and empty, and `bad` is set. */
struct unpack {
	struct slice left;
	bool bad;
};

int64_t unpack_int(struct unpack *in);
struct slice unpack_bytes(struct unpack *in); /* point into what is unpacked */

/* Bytes that are `len` long into p; false where they are not. */
bool unpack_into(struct unpack *in, void *p, size_t len);

/* How many things follow, of at least `least` packed bytes each (1 or more). */
size_t unpack_count(struct unpack *in, size_t least);

#endif
