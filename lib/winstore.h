/*
 * winstore: the windows that are open, with their groups, and when their rows come out. For kwindow, and for what kcount
 * forgets.
 *
 * A record goes into its windows that are open; as the watermark moves, those that it closes are printed and forgotten. With
 * CHANGES rows come out as they change: at once, or when winstore_put_due is called. With TABLE nothing closes, and rows
 * come out when that is called. Rows of closed windows come in order of their ends, within a window in the order in which
 * groups appeared.
 */
#ifndef KPIPE_WINSTORE_H
#define KPIPE_WINSTORE_H

#include "groupby.h"
#include "rowout.h"
#include "window.h"

enum winstore_emit { WINSTORE_CLOSE, WINSTORE_CHANGES, WINSTORE_TABLE };

struct winstore_conf {
	struct window window;
	int64_t grace;
	enum winstore_emit emit;
	bool at_once; /* CHANGES: rows do not wait for winstore_put_due */
	/*
	 * SESSION alone: groups that are forgotten. There is one session of a key at most, however far a record is from the
	 * others. Nothing is late: what would be forgotten already is, as it comes. One that closes is no final result: its row is taken back.
	 */
	bool forget;
};

struct winstore;

struct winstore *winstore_new(const struct winstore_conf *conf, const struct groupby *gb,
			      struct rowout *rows);
void winstore_free(struct winstore *ws); /* NULL is fine */

/*
 * Adds the record that ge holds, of time t, for which window_first is true. False: all of its windows are
 * closed. seq rises from record to record.
 */
bool winstore_add(struct winstore *ws, const struct groupby_eval *ge, int64_t t, uint64_t seq,
		  struct buf *out);

/* The watermark (WATERMARK_NONE, WATERMARK_END too) is here now; it never moves back. */
void winstore_close(struct winstore *ws, int64_t watermark, struct buf *out);

/* Rows that are due with CHANGES and TABLE; of TABLE when any changed. */
void winstore_put_due(struct winstore *ws, struct buf *out);

/* The watermark that closes the next window; WATERMARK_END: there is none. */
int64_t winstore_next(struct winstore *ws);

/* To bytes, and back into a new one of the same conf; false: those bytes are not its. due: of TABLE, and of sessions that are forgotten, all rows are. */
void winstore_save(const struct winstore *ws, struct buf *out);
bool winstore_load(struct winstore *ws, bool due, struct unpack *in);

/* Results that passed 128 bits so far. */
uint64_t winstore_inexact(struct winstore *ws);

#endif
