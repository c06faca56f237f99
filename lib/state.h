/*
 * state: what a tool knows at the end of a run, for the next one: DIR/state.
 *
 * The file says which tool and which options it is of, and holds a checksum. It is written beside, synced and renamed, so that
 * there is the old one or the new. A lock on the directory keeps two runs apart.
 */
#ifndef KPIPE_STATE_H
#define KPIPE_STATE_H

#include "buf.h"

/* The file: options, bytes, a checksum of both. False: it is damaged. What is unpacked points into it. */
void state_pack(struct slice options, struct slice bytes, struct buf *file);
bool state_unpack(struct slice file, struct slice *options, struct slice *bytes);

struct state;

/*
 * Opens the directory, which is made when missing. `options`: what the state depends on; another text than last time is an
 * error, unless `reset`, which forgets what is there. NULL with the reason in err.
 */
struct state *state_open(const char *dir, struct slice options, bool reset, struct buf *err);
void state_free(struct state *st); /* NULL is fine */

/* What was saved last; NULL bytes: nothing. Valid until state_free. */
struct slice state_saved(const struct state *st);

/* 0, or -1 with the reason in err and the old state in place. */
int state_save(struct state *st, struct slice bytes, struct buf *err);

#endif
