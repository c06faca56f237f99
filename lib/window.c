#include "window.h"

#include "when.h"

static int64_t floor_mod(int64_t n, int64_t unit)
{
	int64_t m = n % unit;

	return m < 0 ? m + unit : m;
}

/* t - align modulo unit, without the difference, which could overflow. */
static int64_t phase(int64_t t, int64_t align, int64_t unit)
{
	int64_t m = floor_mod(t, unit) - floor_mod(align, unit);

	return m < 0 ? m + unit : m;
}

int64_t window_most(const struct window *w)
{
	return w->kind == WINDOW_HOP || w->kind == WINDOW_CUMULATE ? (w->size - 1) / w->step + 1
								   : 1;
}

static bool first_of_grid(const struct window *w, int64_t t, struct span *s)
{
	int64_t grid = w->kind == WINDOW_HOP ? w->step : w->size;
	int64_t past = phase(t, w->align, grid); /* since the grid's last mark at or before t */
	int64_t back = past, last_end, start;

	if (w->kind == WINDOW_HOP)
		back += (w->size - 1 - past) / w->step * w->step;
	if (__builtin_sub_overflow(t, back, &start) ||
	    __builtin_add_overflow(t, w->size - past, &last_end) || start < WHEN_MIN ||
	    last_end > WHEN_MAX)
		return false;
	s->start = start;
	if (w->kind == WINDOW_CUMULATE)
		s->end = start + (past / w->step + 1) * w->step;
	else
		s->end = start + w->size;
	return true;
}

static bool is_in_range(const struct span *s)
{
	return s->start >= WHEN_MIN && s->end <= WHEN_MAX;
}

/* Rows show milliseconds: what they show as one is one. */
static bool first_of_own(const struct window *w, int64_t t, struct span *s)
{
	if (__builtin_sub_overflow(t, phase(t, 0, WHEN_MS), &t))
		return false;
	*s = (struct span){t, t};
	if (w->kind == WINDOW_SESSION)
		return !__builtin_add_overflow(t, w->size, &s->end) && is_in_range(s);
	return !__builtin_sub_overflow(t, w->size, &s->start) && is_in_range(s);
}

bool window_first(const struct window *w, int64_t t, struct span *s)
{
	if (w->kind == WINDOW_SESSION || w->kind == WINDOW_SLIDE)
		return first_of_own(w, t, s);
	return first_of_grid(w, t, s);
}

bool window_next(const struct window *w, int64_t t, struct span *s)
{
	switch (w->kind) {
	case WINDOW_HOP:
		/* start <= t, and t - start < size: no overflow */
		if (t - s->start < w->step)
			return false;
		s->start += w->step;
		s->end += w->step;
		return true;
	case WINDOW_CUMULATE:
		if (s->end - s->start == w->size)
			return false;
		s->end += w->step;
		return true;
	case WINDOW_TUMBLE:
	case WINDOW_SESSION:
	case WINDOW_SLIDE:
		break;
	}
	return false;
}
