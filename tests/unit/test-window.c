#include "window.h"

#include "tap.h"
#include "when.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

enum { SPANS_MAX = 64 };

/* All windows of t; how many. */
static int windows(const struct window *w, int64_t t, struct span spans[SPANS_MAX])
{
	struct span s;
	int n = 0;

	for (bool more = window_first(w, t, &s); more && n < SPANS_MAX;
	     more = window_next(w, t, &s))
		spans[n++] = s;
	return n;
}

/* The same by going through the definition: every start on the grid, every length. */
static int windows_plainly(const struct window *w, int t, struct span spans[SPANS_MAX])
{
	int size = (int)w->size, step = w->kind == WINDOW_TUMBLE ? size : (int)w->step;
	int grid = w->kind == WINDOW_HOP ? step : size;
	int shortest = w->kind == WINDOW_CUMULATE ? step : size;
	int n = 0;

	for (int end = t + 1; end <= t + size; end++)
		for (int length = shortest; length <= size; length += step) {
			int start = end - length;

			if (start <= t && (start - (int)w->align) % grid == 0)
				spans[n++] = (struct span){start, end};
		}
	return n;
}

static bool same_spans(const struct span *a, int n, const struct span *b, int m)
{
	if (n != m)
		return false;
	for (int i = 0; i < n; i++)
		if (a[i].start != b[i].start || a[i].end != b[i].end)
			return false;
	return true;
}

/* How many times of -70 .. 70, for some shifts, have other windows than the definition says. */
static int wrong_times(enum window_kind kind, int size, int step)
{
	static const int aligns[] = {0, 1, -1, 5, -8, 37, -61, 1000, -1001};
	int wrong = 0;

	for (size_t i = 0; i < COUNT(aligns); i++)
		for (int t = -70; t <= 70; t++) {
			struct window w = {kind, size, step, aligns[i]};
			struct span got[SPANS_MAX], want[SPANS_MAX];

			wrong += !same_spans(got, windows(&w, t, got), want,
					     windows_plainly(&w, t, want));
		}
	return wrong;
}

static void test_against_definition(void)
{
	int wrong[3] = {0};

	for (int size = 1; size <= 24; size++) {
		wrong[0] += wrong_times(WINDOW_TUMBLE, size, 0);
		for (int step = 1; step <= size; step++) {
			wrong[1] += wrong_times(WINDOW_HOP, size, step);
			if (size % step == 0)
				wrong[2] += wrong_times(WINDOW_CUMULATE, size, step);
		}
	}
	ok(wrong[0] == 0, "tumbling windows of 1 .. 24");
	ok(wrong[1] == 0, "hopping windows of 1 .. 24 by every step");
	ok(wrong[2] == 0, "cumulating windows of 1 .. 24 by every step");
}

#define HOUR INT64_C(3600000000)

static void test_examples(void)
{
	/*
	 * The windows of 1969-12-31T23:59:59.999999Z and of the epoch, from the definitions by
	 * hand.
	 */
	static const struct {
		const char *what;
		struct window w;
		int64_t t;
		int n;
		struct span spans[4];
	} t[] = {
		{"tumble, epoch", {WINDOW_TUMBLE, HOUR, 0, 0}, 0, 1, {{0, HOUR}}},
		{"tumble, before", {WINDOW_TUMBLE, HOUR, 0, 0}, -1, 1, {{-HOUR, 0}}},
		{"tumble, end is outside",
		 {WINDOW_TUMBLE, HOUR, 0, 0},
		 HOUR,
		 1,
		 {{HOUR, 2 * HOUR}}},
		{"days of UTC+8",
		 {WINDOW_TUMBLE, 24 * HOUR, 0, -8 * HOUR},
		 16 * HOUR,
		 1,
		 {{16 * HOUR, 40 * HOUR}}},
		{"hop 2h/1h, before",
		 {WINDOW_HOP, 2 * HOUR, HOUR, 0},
		 -1,
		 2,
		 {{-2 * HOUR, 0}, {-HOUR, HOUR}}},
		{"hop 3h/2h, in one",
		 {WINDOW_HOP, 3 * HOUR, 2 * HOUR, 0},
		 HOUR,
		 1,
		 {{0, 3 * HOUR}}},
		{"hop 3h/2h, in two",
		 {WINDOW_HOP, 3 * HOUR, 2 * HOUR, 0},
		 2 * HOUR,
		 2,
		 {{0, 3 * HOUR}, {2 * HOUR, 5 * HOUR}}},
		{"cumulate 3h/1h, all",
		 {WINDOW_CUMULATE, 3 * HOUR, HOUR, 0},
		 0,
		 3,
		 {{0, HOUR}, {0, 2 * HOUR}, {0, 3 * HOUR}}},
		{"cumulate 3h/1h, last",
		 {WINDOW_CUMULATE, 3 * HOUR, HOUR, 0},
		 -1,
		 1,
		 {{-3 * HOUR, 0}}},
	};

	for (size_t i = 0; i < COUNT(t); i++) {
		struct span got[SPANS_MAX];
		int n = windows(&t[i].w, t[i].t, got);

		ok(same_spans(got, n, t[i].spans, t[i].n), "%s", t[i].what);
	}
}

/* Are the edges of every window of t times that can be written? */
static bool fits(const struct window *w, int64_t t)
{
	__int128 grid = w->kind == WINDOW_HOP ? w->step : w->size;
	__int128 past = ((__int128)t - w->align) % grid, first, last_end;

	past += past < 0 ? grid : 0;
	last_end = t - past + w->size;
	first = t - past;
	while (w->kind == WINDOW_HOP && first - w->step + w->size > t)
		first -= w->step;
	return first >= WHEN_MIN && last_end <= WHEN_MAX;
}

static void test_ends_of_time(void)
{
	static const int64_t edges[] = {
		INT64_MIN, INT64_MIN / 2, WHEN_MIN - 10, WHEN_MIN / 2,  -1,
		0,         WHEN_MAX / 2,  WHEN_MAX - 18, INT64_MAX / 2, INT64_MAX - 20};
	static const int64_t sizes[] = {1,
					2,
					12,
					60,
					WHEN_MAX / 3,
					WHEN_MAX - WHEN_MIN,
					INT64_MAX / 3,
					INT64_MAX / 3 * 2,
					INT64_MAX};
	static const int64_t aligns[] = {0, 5, -5, INT64_MAX, INT64_MIN, INT64_MAX / 2 + 7};
	int wrong = 0, none = 0, some = 0;

	for (size_t e = 0; e < COUNT(edges); e++)
		for (int64_t t = edges[e];; t++) {
			for (int i = 0; i < 3 * (int)(COUNT(sizes) * COUNT(aligns)); i++) {
				int64_t size = sizes[i / 3 % (int)COUNT(sizes)];
				struct window w = {(enum window_kind)(i % 3), size,
						   size % 3 ? size : size / 3,
						   aligns[i / 3 / (int)COUNT(sizes)]};
				struct span spans[SPANS_MAX];
				int n = windows(&w, t, spans);

				wrong += (n > 0) != fits(&w, t);
				for (int k = 0; k < n; k++)
					wrong += spans[k].start > t || spans[k].end <= t;
				none += n == 0;
				some += n > 0;
			}
			if (t == edges[e] + 20)
				break;
		}
	ok(wrong == 0, "near the ends of time: all windows or none, and the time is in them");
	ok(none > 500 && some > 500, "both came up (%d, %d)", none, some);
}

static void test_one_microsecond(void)
{
	struct window w = {WINDOW_HOP, 1, 1, 0};
	struct span s = {7, 7};

	ok(window_first(&w, -5, &s) && s.start == -5 && s.end == -4, "the least window");
	ok(!window_next(&w, -5, &s) && s.start == -5, "is the only one");
	ok(!window_first(&w, WHEN_MAX, &s) && s.start == -5, "the last microsecond has no end");
	ok(!window_first(&w, INT64_MAX, &s) && !window_first(&w, INT64_MIN, &s) && s.start == -5,
	   "nor have the ends of 64 bits");
	ok(window_first(&w, WHEN_MIN, &s) && s.start == WHEN_MIN, "the first is a start");
	ok(!window_first(&w, WHEN_MIN - 1, &s), "the one before is none");
}

static uint64_t seed = 1;

/* Numbers of any size are equally likely. */
static int64_t random64(void)
{
	seed = seed * 6364136223846793005 + 1442695040888963407;
	return (int64_t)(seed ^ seed >> 31) >> (seed >> 40) % 64;
}

/* Sizes that are a multiple of the step, and for hops such that are not. */
static struct window random_window(enum window_kind kind)
{
	struct window w = {.kind = kind, .align = random64()};

	do {
		w.step = (random64() & INT64_MAX) | 1;
	} while (__builtin_mul_overflow(w.step, 1 + (random64() & 15), &w.size));
	if (kind == WINDOW_HOP && w.size > w.step)
		w.size -= (random64() & INT64_MAX) % w.step;
	return w;
}

/* By the definition, in 128 bits: the starts on the grid up to t whose windows reach beyond t. */
static int windows_wide(const struct window *w, int64_t t, struct span spans[SPANS_MAX])
{
	__int128 grid = w->kind == WINDOW_HOP ? w->step : w->size, from = (__int128)t - w->align;
	__int128 start = from / grid * grid - (from % grid < 0 ? grid : 0) + w->align;
	int64_t length = w->kind == WINDOW_CUMULATE ? w->step : w->size;
	int n = 0;

	while (start - grid + w->size > t)
		start -= grid;
	for (; start <= t; start += grid)
		for (__int128 end = start + length; end <= start + w->size; end += length)
			if (end > t)
				spans[n++] = (struct span){(int64_t)start, (int64_t)end};
	return n;
}

static void test_random(void)
{
	int wrong = 0, checked = 0;

	for (int i = 0; i < 20000; i++) {
		struct window w = random_window((enum window_kind)(i % 3));
		int64_t t = random64();
		struct span got[SPANS_MAX], want[SPANS_MAX];
		int n = windows(&w, t, got), m = fits(&w, t) ? windows_wide(&w, t, want) : 0;

		wrong += !same_spans(got, n, want, m) || n > window_most(&w);
		checked += n > 0;
	}
	ok(wrong == 0 && checked > 5000, "20000 random windows and times, %d in some", checked);
}

static void test_most(void)
{
	static const struct {
		struct window w;
		int64_t want;
	} t[] = {
		{{WINDOW_TUMBLE, 5, 0, 0}, 1},
		{{WINDOW_HOP, 5, 5, 0}, 1},
		{{WINDOW_HOP, 6, 5, 0}, 2},
		{{WINDOW_HOP, 10, 5, 3}, 2},
		{{WINDOW_HOP, 11, 5, 0}, 3},
		{{WINDOW_CUMULATE, 10, 5, 0}, 2},
		{{WINDOW_HOP, INT64_MAX, 1, 0}, INT64_MAX},
		{{WINDOW_HOP, INT64_MAX, INT64_MAX, 0}, 1},
		{{WINDOW_CUMULATE, INT64_C(31536000000000), INT64_C(1000000), 0}, 31536000},
	};

	for (size_t i = 0; i < COUNT(t); i++)
		ok(window_most(&t[i].w) == t[i].want, "at most %lld windows", (long long)t[i].want);
}

int main(void)
{
	test_examples();
	test_against_definition();
	test_ends_of_time();
	test_one_microsecond();
	test_random();
	test_most();
	return done_testing();
}
