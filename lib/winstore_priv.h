/* winstore_priv: what the kinds of windows share. */
#ifndef KPIPE_WINSTORE_PRIV_H
#define KPIPE_WINSTORE_PRIV_H

#include "winstore.h"

/* What a kind of windows does; see winstore.h. A store begins with struct winstore. */
struct winstore_kind {
	bool (*add)(struct winstore *ws, const struct groupby_eval *ge, int64_t t, uint64_t seq,
		    struct buf *out);
	/* Closes all that `closed` says, which has moved. */
	void (*close)(struct winstore *ws, struct buf *out);
	void (*put_due)(struct winstore *ws, struct buf *out);
	int64_t (*next_end)(struct winstore *ws); /* of the next window to close; INT64_MAX: none */
	uint64_t (*inexact)(struct winstore *ws); /* of what is open */
	void (*save)(const struct winstore *ws, struct buf *out);
	void (*load)(struct winstore *ws, struct unpack *in);
	void (*free)(struct winstore *ws);
};

struct winstore {
	const struct winstore_kind *kind;
	struct winstore_conf conf;
	const struct groupby *gb;
	struct rowout *rows;
	int64_t closed;   /* the watermark up to which windows were closed */
	bool changed;     /* since rows were last printed, for TABLE */
	uint64_t inexact; /* results of windows that are gone */
};

struct winstore *winstore_grid_new(void);
struct winstore *winstore_session_new(const struct groupby *gb);
struct winstore *winstore_slide_new(const struct groupby *gb);

/* Has the watermark closed windows that end here? */
bool winstore_is_closed(const struct winstore *ws, int64_t end);

#endif
