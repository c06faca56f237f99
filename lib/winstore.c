#include "winstore_priv.h"

#include "watermark.h"

/* Slices give final rows alone, of what may be merged by time. */
static struct winstore *kind_of(const struct winstore_conf *conf, const struct groupby *gb)
{
	switch (conf->window.kind) {
	case WINDOW_SESSION:
		return winstore_session_new(gb);
	case WINDOW_SLIDE:
		return winstore_slide_new(gb);
	case WINDOW_TUMBLE:
		return winstore_grid_new();
	default:
		if (conf->emit == WINSTORE_CLOSE && !agglist_is_ordered(groupby_aggs(gb)))
			return winstore_slices_new(conf);
		return winstore_grid_new();
	}
}

struct winstore *winstore_new(const struct winstore_conf *conf, const struct groupby *gb,
			      struct rowout *rows)
{
	struct winstore *ws = kind_of(conf, gb);

	ws->conf = *conf;
	ws->gb = gb;
	ws->rows = rows;
	ws->closed = WATERMARK_NONE;
	return ws;
}

void winstore_free(struct winstore *ws)
{
	if (ws)
		ws->kind->free(ws);
}

bool winstore_is_closed(const struct winstore *ws, int64_t end)
{
	int64_t last; /* the end of the last window that is closed */

	if (ws->conf.emit == WINSTORE_TABLE)
		return false;
	if (ws->closed == WATERMARK_NONE || ws->closed == WATERMARK_END)
		return ws->closed == WATERMARK_END;
	return !__builtin_sub_overflow(ws->closed, ws->conf.grace, &last) && end <= last;
}

bool winstore_add(struct winstore *ws, const struct groupby_eval *ge, int64_t t, uint64_t seq,
		  struct buf *out)
{
	return ws->kind->add(ws, ge, t, seq, out);
}

void winstore_close(struct winstore *ws, int64_t watermark, struct buf *out)
{
	if (ws->conf.emit == WINSTORE_TABLE || watermark <= ws->closed)
		return;
	ws->closed = watermark;
	ws->kind->close(ws, out);
}

void winstore_put_due(struct winstore *ws, struct buf *out)
{
	if (ws->conf.emit == WINSTORE_TABLE && !ws->changed)
		return;
	ws->changed = false;
	ws->kind->put_due(ws, out);
}

int64_t winstore_next(struct winstore *ws)
{
	int64_t end = ws->conf.emit == WINSTORE_TABLE ? INT64_MAX : ws->kind->next_end(ws);

	if (end == INT64_MAX || __builtin_add_overflow(end, ws->conf.grace, &end))
		return WATERMARK_END;
	return end;
}

uint64_t winstore_inexact(struct winstore *ws)
{
	return ws->inexact + ws->kind->inexact(ws);
}

void winstore_save(const struct winstore *ws, struct buf *out)
{
	pack_int(out, ws->closed);
	ws->kind->save(ws, out);
}

bool winstore_load(struct winstore *ws, bool due, struct unpack *in)
{
	ws->closed = unpack_int(in);
	ws->changed = due;
	ws->kind->load(ws, in);
	return !in->bad;
}
