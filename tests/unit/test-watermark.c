#include "watermark.h"

#include "tap.h"

static size_t partition(struct watermark *wm, const char *name)
{
	return watermark_partition(wm, slice_str(name));
}

static void test_one_input(void)
{
	struct watermark *wm = watermark_new(10, 0, INT64_MAX);
	size_t p = partition(wm, "");

	ok(watermark_now(wm, 0) == WATERMARK_NONE, "nothing seen, no watermark");
	ok(watermark_deadline(wm) == INT64_MAX, "and none to wait for");
	watermark_observe(wm, p, 100, 0);
	ok(watermark_now(wm, 0) == 90, "the greatest time less the delay");
	watermark_observe(wm, p, 50, 0);
	ok(watermark_now(wm, 0) == 90, "an older record does not move it");
	watermark_observe(wm, p, -200, 0);
	ok(watermark_now(wm, 0) == 90, "nor one before 1970");
	watermark_observe(wm, p, 101, 0);
	ok(watermark_now(wm, 0) == 91, "a newer one does");
	ok(watermark_deadline(wm) == INT64_MAX, "nothing comes of waiting");
	watermark_free(wm);
}

static void test_names(void)
{
	struct watermark *wm = watermark_new(0, 0, INT64_MAX);

	ok(partition(wm, "a/0") == 0 && partition(wm, "a/1") == 1, "numbered as they come");
	ok(partition(wm, "a/1") == 1 && partition(wm, "a/0") == 0, "known again");
	ok(watermark_partition(wm, slice_of("a\0b", 3)) == 2, "a NUL byte is data");
	ok(watermark_partition(wm, slice_of("a\0c", 3)) == 3, "also what is behind it");
	ok(partition(wm, "") == 4 && partition(wm, "a") == 5, "the empty name is one");
	watermark_observe(wm, 1, 5, 0);
	ok(watermark_now(wm, 0) == 5, "a partition without a record is not among those seen");
	watermark_free(wm);
	watermark_free(NULL);
}

static void test_partitions(void)
{
	struct watermark *wm = watermark_new(0, 0, INT64_MAX);
	size_t a = partition(wm, "a"), b = partition(wm, "b"), c = partition(wm, "c");

	watermark_observe(wm, a, 100, 0);
	watermark_observe(wm, b, 40, 0);
	ok(watermark_now(wm, 0) == 40, "the least of the partitions");
	watermark_observe(wm, a, 200, 0);
	ok(watermark_now(wm, 0) == 40, "the one ahead does not move it");
	watermark_observe(wm, b, 70, 0);
	ok(watermark_now(wm, 0) == 70, "the one behind does");
	watermark_observe(wm, c, 10, 0);
	ok(watermark_now(wm, 0) == 70, "a new one behind does not take it back");
	watermark_observe(wm, b, 150, 0);
	ok(watermark_now(wm, 0) == 70, "but holds it");
	watermark_observe(wm, c, 300, 0);
	ok(watermark_now(wm, 0) == 150, "until it comes forward");
	watermark_free(wm);
}

static void test_expected(void)
{
	struct watermark *wm = watermark_new(0, 3, 30);
	size_t a = partition(wm, "a"), b = partition(wm, "b"), c = partition(wm, "c");

	ok(watermark_deadline(wm) == INT64_MAX, "without a record waiting leads nowhere");
	watermark_observe(wm, a, 100, 5);
	watermark_observe(wm, b, 50, 6);
	ok(watermark_now(wm, 6) == WATERMARK_NONE, "one of three is missing");
	ok(watermark_deadline(wm) == 30, "it is awaited from the start on");
	ok(watermark_now(wm, 29) == WATERMARK_NONE, "not yet");
	ok(watermark_now(wm, 30) == 50, "now it is idle");
	ok(watermark_deadline(wm) == 35, "the next to be idle: a");
	ok(watermark_now(wm, 35) == 50, "which does not matter, b is behind");
	ok(watermark_now(wm, 36) == 100, "b is idle too: none holds another");
	ok(watermark_deadline(wm) == INT64_MAX, "nothing is left to let go");
	watermark_observe(wm, c, 20, 36);
	ok(watermark_now(wm, 36) == 100, "the missing one comes late, and takes nothing back");
	watermark_observe(wm, a, 200, 36);
	ok(watermark_now(wm, 36) == 100, "it holds");
	ok(watermark_deadline(wm) == 66, "for as long as it may");
	ok(watermark_now(wm, 66) == 200, "then it is let go");
	watermark_free(wm);

	wm = watermark_new(0, 2, INT64_MAX);
	a = partition(wm, "a");
	watermark_observe(wm, a, 100, 0);
	ok(watermark_now(wm, INT64_MAX) == WATERMARK_NONE, "without a limit one waits for ever");
	ok(watermark_deadline(wm) == INT64_MAX, "and no clock helps");
	b = partition(wm, "b");
	watermark_observe(wm, b, 90, INT64_MAX);
	c = partition(wm, "c");
	ok(watermark_now(wm, INT64_MAX) == 90, "all there");
	watermark_observe(wm, c, 95, INT64_MAX);
	watermark_observe(wm, b, 99, INT64_MAX);
	ok(watermark_now(wm, INT64_MAX) == 95, "more than expected count all the same");
	watermark_free(wm);
}

static void test_idle(void)
{
	struct watermark *wm = watermark_new(5, 0, 30);
	size_t a = partition(wm, "a"), b = partition(wm, "b");

	watermark_observe(wm, a, 105, 0);
	watermark_observe(wm, b, 55, 0);
	ok(watermark_now(wm, 0) == 50 && watermark_deadline(wm) == 30, "b holds a");
	watermark_observe(wm, a, 205, 20);
	ok(watermark_now(wm, 29) == 50 && watermark_deadline(wm) == 30, "until it was idle");
	ok(watermark_now(wm, 30) == 200, "for 30");
	watermark_observe(wm, b, 60, 31);
	ok(watermark_now(wm, 31) == 200, "back again: its records are late");
	watermark_observe(wm, a, 305, 40);
	ok(watermark_now(wm, 40) == 200 && watermark_deadline(wm) == 61, "it holds again");
	watermark_observe(wm, b, 255, 60);
	ok(watermark_now(wm, 61) == 250 && watermark_deadline(wm) == 70,
	   "a record puts the end off");
	ok(watermark_now(wm, 1000) == 300, "both idle: the greatest");
	watermark_free(wm);

	wm = watermark_new(0, 0, 0);
	watermark_observe(wm, partition(wm, "a"), 100, 0);
	watermark_observe(wm, partition(wm, "b"), 50, 0);
	ok(watermark_now(wm, 0) == 100, "with no patience at all the greatest counts");
	watermark_free(wm);
}

static void test_range(void)
{
	static const struct {
		int64_t t, delay, want;
	} t[] = {
		{INT64_MIN, 0, INT64_MIN + 1},
		{INT64_MIN, 1, INT64_MIN + 1},
		{INT64_MIN, INT64_MAX, INT64_MIN + 1},
		{INT64_MIN + 5, 5, INT64_MIN + 1},
		{INT64_MIN + 7, 5, INT64_MIN + 2},
		{0, INT64_MAX, INT64_MIN + 1},
		{1, INT64_MAX, INT64_MIN + 2},
		{INT64_MAX, 0, INT64_MAX - 1},
		{INT64_MAX - 1, 0, INT64_MAX - 1},
		{INT64_MAX, 1, INT64_MAX - 1},
		{INT64_MAX, INT64_MAX, 0},
	};

	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		struct watermark *wm = watermark_new(t[i].delay, 0, INT64_MAX - 1);

		watermark_observe(wm, partition(wm, ""), t[i].t, INT64_MAX);
		ok(watermark_now(wm, INT64_MAX) == t[i].want, "%lld less %lld", (long long)t[i].t,
		   (long long)t[i].delay);
		watermark_free(wm);
	}
}

/* --- Against the definition, worked out anew each time. --- */

enum { PARTITIONS = 70, FOREVER = 1 << 30 };

struct model {
	int partitions;
	int64_t idle, now;
	unsigned expected;
	bool seen[PARTITIONS];
	int64_t mark[PARTITIONS], waited[PARTITIONS];
};

static int64_t model_at(const struct model *m, int64_t waited)
{
	int64_t least = INT64_MAX, greatest = WATERMARK_NONE;
	unsigned seen = 0;
	bool active = false;

	for (int p = 0; p < m->partitions; p++) {
		if (!m->seen[p])
			continue;
		seen++;
		greatest = m->mark[p] > greatest ? m->mark[p] : greatest;
		if (waited - m->waited[p] >= m->idle)
			continue;
		active = true;
		least = m->mark[p] < least ? m->mark[p] : least;
	}
	if (seen < m->expected && waited < m->idle)
		return m->now;
	if (!active)
		least = greatest;
	return least > m->now ? least : m->now;
}

static uint64_t seed = 1;

static unsigned below(unsigned n)
{
	seed = seed * 6364136223846793005 + 1442695040888963407;
	return (unsigned)(seed >> 33) % n;
}

/* t less delay, held within what a record can give. */
static int64_t model_mark(int64_t t, int64_t delay)
{
	__int128 mark = (__int128)t - delay;

	if (mark <= INT64_MIN)
		return INT64_MIN + 1;
	return mark >= INT64_MAX ? INT64_MAX - 1 : (int64_t)mark;
}

/* All that was known, in a new one, whose clock starts anew. */
static struct watermark *again(struct watermark *old, struct model *m, int64_t delay)
{
	struct watermark *wm = watermark_new(delay, m->expected, m->idle);
	struct buf bytes = BUF_INIT;
	struct unpack in = {0};

	watermark_save(old, &bytes);
	in.left = buf_slice(&bytes);
	if (!watermark_load(wm, &in) || in.left.len)
		abort();
	buf_free(&bytes);
	watermark_free(old);
	memset(m->waited, 0, sizeof m->waited);
	return wm;
}

/* One run of 60 steps around time t; how many answers were wrong. */
static int wrong_steps(int partitions, int64_t t, int64_t delay)
{
	struct model m = {.partitions = partitions,
			  .idle = below(4) ? 1 + below(20) : FOREVER,
			  .now = WATERMARK_NONE,
			  .expected = below((unsigned)partitions + 2)};
	struct watermark *wm = watermark_new(delay, m.expected, m.idle);
	int64_t waited = 0, before = WATERMARK_NONE;
	int wrong = 0;

	for (int step = 0; step < 60; step++) {
		int p = (int)below((unsigned)partitions);
		char name[] = {'p', (char)('0' + p), '\0'};
		int64_t due;

		if (below(40) == 0) {
			wm = again(wm, &m, delay);
			waited = 0;
		}
		if (below(3) == 0)
			waited += below(12);
		if (below(4)) {
			int64_t at, mark;

			t = t > INT64_MAX - 10 ? t : t + below(10);
			at = t < INT64_MIN + 50 ? t : t - below(50);
			mark = model_mark(at, delay);
			if (!m.seen[p] || mark > m.mark[p])
				m.mark[p] = mark;
			m.seen[p] = true;
			m.waited[p] = waited;
			watermark_observe(wm, partition(wm, name), at, waited);
		}
		if (below(4) == 0)
			continue; /* the caller may ask seldom */
		m.now = model_at(&m, waited);
		wrong += watermark_now(wm, waited) != m.now || m.now < before;
		before = m.now;
		if (below(4) == 0)
			continue;
		due = watermark_deadline(wm);
		wrong += due <= waited;
		wrong += model_at(&m, due == INT64_MAX ? waited + 1000 : due - 1) != m.now;
	}
	watermark_free(wm);
	return wrong;
}

static void test_random(void)
{
	static const struct {
		int64_t t, delay;
	} starts[] = {
		{0, 7},
		{0, 0},
		{INT64_MIN, 0},
		{INT64_MIN, 7},
		{INT64_MIN + 200, 100},
		{INT64_MAX - 300, 0},
		{INT64_MAX - 100, 7},
		{-100, INT64_MAX},
		{INT64_MAX - 200, INT64_MAX},
	};

	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
		int wrong = 0;

		for (int run = 0; run < 1000; run++)
			wrong +=
				wrong_steps(run % 2 ? 5 : PARTITIONS, starts[i].t, starts[i].delay);
		ok(wrong == 0, "1000 runs of 60 steps from %lld, delay %lld",
		   (long long)starts[i].t, (long long)starts[i].delay);
	}
}

/* How many partitions there are does not show in the time: a scan of them all for each record takes far longer. */
static void test_many(void)
{
	enum { MANY = 20000, ROUNDS = 10 };
	struct watermark *wm = watermark_new(0, 0, 1000);
	char name[16];
	int wrong = 0;

	for (int64_t i = 0; i < MANY * ROUNDS; i++) {
		snprintf(name, sizeof name, "%d", (int)(i % MANY));
		watermark_observe(wm, partition(wm, name), i, i / MANY);
		/* Of all, the one that is next in turn is the furthest behind. */
		wrong += watermark_now(wm, i / MANY) != (i < MANY ? 0 : i - MANY + 1);
		wrong += i && watermark_deadline(wm) != 1000 + (i + 1) / MANY - (i >= MANY - 1);
	}
	ok(wrong == 0, "20000 partitions, 10 times each in turn");
	watermark_free(wm);
}

int main(void)
{
	test_one_input();
	test_names();
	test_partitions();
	test_expected();
	test_idle();
	test_range();
	test_random();
	test_many();
	return done_testing();
}
