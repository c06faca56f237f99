/*
 * changes: the groups whose rows are due because they changed, in the order of their first change. Pure.
 *
 * A group is in it once, and has the mark GROUP_CHANGED as long as it is.
 */
#ifndef KPIPE_CHANGES_H
#define KPIPE_CHANGES_H

#include "group.h"

struct changes;

struct changes *changes_new(struct groups *gs); /* which stay the caller's */
void changes_free(struct changes *ch);          /* NULL is fine */

/* Group g changed when the watermark was `at`, which does not go back; WATERMARK_NONE: there was none. */
void changes_note(struct changes *ch, size_t g, int64_t at);

/* There is a watermark: what changed before there was one counts from it. */
void changes_date(struct changes *ch, int64_t watermark);

/* When the first of them changed; WATERMARK_END: there is none. */
int64_t changes_first(const struct changes *ch);

/* Takes out the first one, if it changed at `until` or before. */
bool changes_take(struct changes *ch, int64_t until, size_t *g);

/* To bytes, and back into new ones, of groups that are loaded; false: those bytes are none. */
void changes_save(const struct changes *ch, struct buf *out);
bool changes_load(struct changes *ch, struct unpack *in);

#endif
