/* winstore_priv: what the kinds of windows share. */
#ifndef KPIPE_WINSTORE_PRIV_H
#define KPIPE_WINSTORE_PRIV_H

#include "spantree.h"
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

/* A window, or a part of windows. */
struct pane {
	struct spannode node; /* first */
	struct pane *next;
	struct groups *groups;
	union {
		size_t nchanged; /* groups whose rows are due */
		uint64_t *seqs;  /* of a slice: per group, the place of its first record */
	};
};

/* Panes in the order of their ends, then starts. All zero is none. */
struct panes {
	struct spannode *root;
	struct pane *first;
	struct pane *last; /* the one last asked for, NULL: it is gone */
	size_t n;
};

/* The pane of this span, or NULL and the one before its place (NULL: it would be the first). */
struct pane *panes_find(struct panes *ps, const struct span *s, struct pane **before);
struct pane *panes_insert(struct panes *ps, const struct span *s, struct pane *before);

/* The one last asked for, if t is in it; else NULL. */
struct pane *panes_latest(const struct panes *ps, int64_t t);

void panes_drop_first(struct panes *ps); /* with its groups */
uint64_t panes_inexact(const struct panes *ps);
void panes_free(struct panes *ps); /* what it holds, with its groups */

struct winstore *winstore_grid_new(void);
struct winstore *winstore_slices_new(const struct winstore_conf *conf);
struct winstore *winstore_session_new(const struct groupby *gb);
struct winstore *winstore_slide_new(const struct groupby *gb);

/* Has the watermark closed windows that end here? */
bool winstore_is_closed(const struct winstore *ws, int64_t end);

#endif
