/*
 * rowout: results as JSON rows, and which of them are shown: --having, --top. Shared by kcount and kwindow.
 *
 * A row is the bounds of its window (where there are windows), the members of its group, the aggregates. What
 * --having does not hold for is not shown. With --top the rows of a window are held back until all of them are
 * known (rowout_flush).
 */
#ifndef KPIPE_ROWOUT_H
#define KPIPE_ROWOUT_H

#include "groupby.h"
#include "opt.h"
#include "window.h"

struct rowout_conf {
	const char *having;
	/* Of windows: */
	int64_t top; /* ROWOUT_ALL: not given */
	const char *by;
	bool ties, window_time;
	int time_format;
	/* Not by options: */
	bool windows; /* rows have bounds */
	char end;     /* of a row */
};

enum { ROWOUT_ALL = -1 };

#define ROWOUT_CONF_INIT                                                                           \
	{                                                                                          \
		.top = ROWOUT_ALL                                                                  \
	}

extern const struct opt rowout_opts[];        /* --having; base: struct rowout_conf */
extern const struct opt rowout_window_opts[]; /* --top --by --ties --window-time --time-format */

struct rowout;

/* The process ends with EXIT_USAGE when the options do not go together. */
struct rowout *rowout_new(const struct rowout_conf *conf, const struct groupby *gb);
void rowout_free(struct rowout *ro); /* NULL is fine */

/* What the bounds of rows, by which they are taken back, look like: as text. */
void rowout_put_options(const struct rowout_conf *conf, struct buf *out);

struct row {
	struct span span; /* where there are windows */
	struct slice key;
	const void *states; /* unchanged until rowout_flush */
};

/*
 * Once --having has ended in an error, no more is appended by any of these: what the rows would be is not known. The run is
 * to end then.
 */
const char *rowout_failure(struct rowout *ro); /* the error; NULL: there is none */
int rowout_status(struct rowout *ro); /* EXIT_OK; with a message for the error, EXIT_FAIL */

/* Is it shown? Then it is appended to out (with --top, it may be later). */
bool rowout_put(struct rowout *ro, const struct row *row, struct buf *out);

/* The same for a row that changed: one that `was` shown and is not any more is taken back. */
bool rowout_change(struct rowout *ro, const struct row *row, bool was, struct buf *out);

/* With --top: the rows of one window are complete. */
void rowout_flush(struct rowout *ro, struct buf *out);

/* A row that was shown ceases to be: its bounds and its group, and "$delete":true. */
void rowout_put_delete(struct rowout *ro, const struct row *row, struct buf *out);

#endif
