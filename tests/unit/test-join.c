#include "join.h"

#include <stdlib.h>

#include "tap.h"

static struct buf rows;

/* "k:left+right " with - for what is missing. */
static void emit(void *ctx, struct slice key, struct slice left, struct slice right)
{
	(void)ctx;
	buf_addf(&rows, "%.*s:%.*s+%.*s ", (int)key.len, key.ptr, left.ptr ? (int)left.len : 1,
		 left.ptr ? left.ptr : "-", right.ptr ? (int)right.len : 1,
		 right.ptr ? right.ptr : "-");
}

static struct join *within(enum join_kind kind, int64_t before, int64_t after)
{
	struct join_conf conf = {
		.kind = kind, .how = JOIN_WITHIN, .before = before, .after = after, .emit = emit};

	return join_new(&conf);
}

static bool add(struct join *j, enum join_side side, const char *key, int64_t t, const char *record)
{
	return join_add(j, side, slice_str(key), t, record ? slice_str(record) : slice_of(NULL, 0));
}

static bool left(struct join *j, int64_t t, const char *record)
{
	return add(j, JOIN_LEFT, "k", t, record);
}

static bool right(struct join *j, int64_t t, const char *record)
{
	return add(j, JOIN_RIGHT, "k", t, record);
}

static void gave(const char *want, const char *what)
{
	is_str(buf_str(&rows), want, what);
	buf_clear(&rows);
}

static void end(struct join *j)
{
	join_end(j, JOIN_LEFT);
	join_end(j, JOIN_RIGHT);
}

static void test_bounds(void)
{
	struct join *j = within(JOIN_INNER, 6, 5);

	for (int64_t t = 1; t <= 20; t++) {
		char name[8];
		snprintf(name, sizeof name, "%d", (int)t);
		right(j, t, name);
	}
	left(j, 10, "L");
	gave("k:L+4 k:L+5 k:L+6 k:L+7 k:L+8 k:L+9 k:L+10 k:L+11 k:L+12 k:L+13 k:L+14 k:L+15 ",
	     "a left one meets those from 6 before to 5 after it, in order of time");
	add(j, JOIN_LEFT, "other", 10, "M");
	gave("", "but none of another key");
	right(j, 16, "late");
	gave("", "16 is too far after 10");
	right(j, 15, "R");
	right(j, 4, "S");
	right(j, 3, "T");
	gave("k:L+R k:L+S ", "from the other side the bounds are the same");
	end(j);
	gave("", "an inner join has no rows of its own at the end");
	join_free(j);

	j = within(JOIN_INNER, -5, 10);
	for (int64_t t = 10; t <= 25; t++)
		right(j, t, "R");
	left(j, 10, "L");
	gave("k:L+R k:L+R k:L+R k:L+R k:L+R k:L+R ", "bounds on one side: 5 to 10 after");
	join_free(j);
}

static void test_watermark(void)
{
	struct join *j = within(JOIN_KEEP_BOTH, 6, 5);

	left(j, 10, "L");
	join_advance(j, 15);
	gave("", "a right one of time 15 may still come");
	ok(join_due(j) == 15, "up to the watermark 15 it is held");
	join_advance(j, 16);
	gave("k:L+- ", "at 16 it is alone");
	ok(join_held(j).records[JOIN_LEFT] == 0, "and is not held any more");
	right(j, 16, "R");
	join_advance(j, 22);
	gave("", "a right one waits for those up to 6 after it");
	left(j, 12, "M");
	gave("k:M+R ", "which a left one behind the watermark still finds");
	join_advance(j, 23);
	gave("", "having met one it is not alone");
	ok(left(j, 12, "N"), "the watermark 23 is not yet past 12 and all that was held for it");
	gave("k:N+- ", "but nothing can come for it");
	join_advance(j, 24);
	ok(!left(j, 12, "O"), "the watermark 24 is");
	gave("", "so it is late, and no row");
	join_free(j);
}

/* For each kind: a pair, a left one and a right one alone, in both orders of coming. */
static void test_kinds(void)
{
	static const struct {
		enum join_kind kind;
		const char *left_first, *right_first;
	} kinds[] = {
		{JOIN_INNER, "k:L+R k:L+S ", "k:L+R k:L+S "},
		{JOIN_KEEP_LEFT, "k:L+R k:L+S a:A+- ", "k:L+R k:L+S a:A+- "},
		{JOIN_KEEP_RIGHT, "k:L+R k:L+S b:-+B ", "k:L+R k:L+S b:-+B "},
		{JOIN_KEEP_BOTH, "k:L+R k:L+S b:-+B a:A+- ", "k:L+R k:L+S b:-+B a:A+- "},
		{JOIN_SEMI, "k:L+- ", "k:L+- "},
		{JOIN_ANTI, "a:A+- ", "a:A+- "},
	};

	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		for (int first = 0; first < 2; first++) {
			struct join *j = within(kinds[i].kind, 1, 1);
			for (int side = 0; side < 2; side++) {
				if ((side ^ first) == JOIN_LEFT) {
					left(j, 5, "L");
					add(j, JOIN_LEFT, "a", 5, "A");
				} else {
					right(j, 5, "R");
					right(j, 6, "S");
					add(j, JOIN_RIGHT, "b", 5, "B");
				}
			}
			end(j);
			gave(first ? kinds[i].right_first : kinds[i].left_first,
			     first ? "the right side first" : "the left side first");
			join_free(j);
		}
	}
}

static void test_alone(void)
{
	struct join *j = within(JOIN_KEEP_LEFT, 1, 1);

	join_alone(j, JOIN_LEFT, slice_str("n"), 0, slice_str("L"));
	join_alone(j, JOIN_RIGHT, slice_str("n"), 0, slice_str("R"));
	gave("n:L+- ", "what meets nothing is alone at once, on a side that is kept");
	join_advance(j, 10);
	ok(join_alone(j, JOIN_LEFT, slice_str("n"), 8, slice_str("M")), "in time");
	ok(!join_alone(j, JOIN_LEFT, slice_str("n"), 7, slice_str("N")), "late");
	gave("n:M+- ", "what is late is not");
	join_free(j);
}

/* Both bounds on one side of the left record: it is held until the far one, whatever their sum. */
static void test_bound_below_zero(void)
{
	struct join *j = within(JOIN_INNER, -5, 10);

	join_advance(j, 106);
	ok(left(j, 100, "L"), "a partner may still come");
	right(j, 108, "R");
	gave("k:L+R ", "and does");
	join_advance(j, 111);
	ok(!left(j, 100, "M"), "none may");
	ok(right(j, 111, "S"), "a right record meets those that are held");
	ok(!right(j, 105, "T"), "but none of these");
	end(j);
	gave("", "no more");
	join_free(j);
}

/* Left records that are settled leave the middle of their key and the queue. */
static void test_settled(void)
{
	struct join *j = within(JOIN_SEMI, 0, 0);
	char name[8];

	for (int64_t t = 0; t < 100; t++) {
		snprintf(name, sizeof name, "%d", (int)t);
		left(j, t, name);
	}
	for (int64_t t = 99; t >= 0; t -= 3)
		right(j, t, "R");
	ok(join_held(j).records[JOIN_LEFT] == 66, "a third is settled");
	buf_clear(&rows);
	left(j, 50, "L");
	right(j, 50, "R");
	gave("k:50+- k:L+- ", "the others are there, in order");
	right(j, 51, "R");
	gave("", "those that are settled are not");
	join_advance(j, 60);
	ok(join_held(j).records[JOIN_LEFT] == 26, "time goes on past the gaps");
	end(j);
	ok(join_held(j).records[JOIN_LEFT] == 0, "nothing is left");
	gave("", "nor printed");
	join_free(j);
}

/* Whatever the order of times, records of a key are met by time. */
static void test_any_order(void)
{
	struct join *j = within(JOIN_INNER, 100, 100);
	static const int times[] = {50, 49, 48, 60, 47, 55, 46, 61, 45, 47, 44, 70, 43, 42};
	char name[8];

	for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
		snprintf(name, sizeof name, "%d", times[i]);
		left(j, times[i], name);
	}
	right(j, 50, "");
	gave("k:42+ k:43+ k:44+ k:45+ k:46+ k:47+ k:47+ k:48+ k:49+ k:50+ k:55+ k:60+ k:61+ k:70+ ",
	     "by time");
	end(j);
	gave("", "no more");
	join_free(j);
}

static void test_any(void)
{
	struct join_conf conf = {
		.kind = JOIN_KEEP_LEFT, .how = JOIN_ANY, .hold = JOIN_FOREVER, .emit = emit};
	struct join *j = join_new(&conf);

	right(j, 0, "R");
	left(j, 0, "L");
	right(j, 0, "S");
	gave("k:L+R k:L+S ", "any two of a key");
	add(j, JOIN_LEFT, "x", 0, "X");
	join_advance(j, INT64_MAX - 1);
	ok(join_held(j).records[JOIN_LEFT] == 2, "are held whatever the watermark");
	join_end(j, JOIN_RIGHT);
	gave("x:X+- ", "until the other side ends");
	left(j, 0, "M");
	add(j, JOIN_LEFT, "y", 0, "Y");
	gave("k:M+R k:M+S y:Y+- ", "then nothing need wait");
	ok(join_held(j).records[JOIN_LEFT] == 0 && join_held(j).records[JOIN_RIGHT] == 2,
	   "nor be held");
	join_free(j);

	conf.hold = 10;
	j = join_new(&conf);
	left(j, 100, "L");
	join_advance(j, 110);
	right(j, 500, "R");
	gave("k:L+R ", "held for 10");
	join_advance(j, 111);
	right(j, 111, "S");
	gave("", "and no longer");
	join_free(j);
}

static void test_latest(void)
{
	struct join_conf conf = {.kind = JOIN_KEEP_LEFT, .how = JOIN_LATEST, .emit = emit};
	struct join *j = join_new(&conf);

	left(j, 0, "A");
	right(j, 0, "x");
	left(j, 0, "B");
	right(j, 0, "y");
	left(j, 0, "C");
	right(j, 0, NULL);
	left(j, 0, "D");
	right(j, 0, NULL);
	right(j, 0, "z");
	left(j, 0, "E");
	gave("k:A+- k:B+x k:C+y k:D+- k:E+z ", "a table's last record by arrival, or none");
	ok(join_held(j).records[JOIN_RIGHT] == 1 && join_held(j).records[JOIN_LEFT] == 0,
	   "one record of a key is held, and no left one");
	join_free(j);
}

static void test_as_of(void)
{
	struct join_conf conf = {.kind = JOIN_KEEP_LEFT, .how = JOIN_AS_OF, .emit = emit};
	struct join *j = join_new(&conf);

	left(j, 20, "D");
	left(j, 10, "B");
	left(j, 9, "A");
	right(j, 20, "y");
	right(j, 10, "x");
	join_advance(j, 10);
	gave("k:A+- ", "below the watermark all is known");
	join_advance(j, 21);
	gave("k:B+x k:D+y ", "a version holds from its own time on");
	ok(!left(j, 20, "late") && !right(j, 20, "late"), "what is behind the watermark is late");
	right(j, 30, NULL);
	right(j, 40, "z");
	left(j, 30, "E");
	left(j, 29, "F");
	left(j, 41, "G");
	join_advance(j, 35);
	gave("k:F+y k:E+- ", "a deletion is a version, too");
	right(j, 36, "w");
	ok(join_held(j).records[JOIN_RIGHT] == 2, "only versions that may be asked for are held");
	join_end(j, JOIN_RIGHT);
	gave("k:G+z ", "at the end of the table the rest is known");
	left(j, 37, "H");
	gave("k:H+w ", "and all that comes");
	join_free(j);
}

/* A table whose keys come and go holds those that are there, and what the watermark may still take back. */
static void test_as_of_memory(void)
{
	struct join_conf conf = {.kind = JOIN_INNER, .how = JOIN_AS_OF, .emit = emit};
	struct join *j = join_new(&conf);
	struct join_held held;

	for (int64_t t = 0; t < 100000; t++) {
		char key[24];
		snprintf(key, sizeof key, "%lld", (long long)t);
		add(j, JOIN_RIGHT, key, t, "old");
		add(j, JOIN_RIGHT, key, t, "record");
		snprintf(key, sizeof key, "%lld", (long long)t - 10);
		add(j, JOIN_RIGHT, key, t, NULL);
		join_advance(j, t - 5);
	}
	held = join_held(j);
	ok(held.most <= 40, "%zu records were held at most", held.most);
	ok(held.keys[JOIN_RIGHT] <= 20, "%zu keys are held", held.keys[JOIN_RIGHT]);
	join_end(j, JOIN_LEFT);
	join_end(j, JOIN_RIGHT);
	gave("", "versions are no rows");
	join_free(j);
}

/* Streams without an end, of keys that do not come again, take no more memory than at first. */
static void test_memory(void)
{
	struct join *j = within(JOIN_INNER, 100, 100);
	size_t early = 0, most = 0;

	for (int64_t t = 0; t < 300000; t++) {
		char key[16];
		snprintf(key, sizeof key, "%lld", (long long)t);
		add(j, t % 2 ? JOIN_LEFT : JOIN_RIGHT, key, t, "record");
		join_advance(j, t);
		if (t == 20000)
			early = join_held(j).bytes;
		if (t > 20000 && join_held(j).bytes > most)
			most = join_held(j).bytes;
	}
	ok(join_held(j).most <= 203, "%zu records were held at most", join_held(j).most);
	ok(join_held(j).keys[0] + join_held(j).keys[1] <= 203, "and as many keys");
	ok(most < early * 2, "memory: %zu bytes early on, %zu at most later", early, most);
	gave("", "none met another");
	join_free(j);
}

/* Against what needs no structure: every record in a list, looked at one by one. */
static void test_random(void)
{
	enum { N = 3000, KEYS = 5, SPAN = 40 };
	static struct {
		int64_t t;
		int key, side;
	} seen[N];
	struct join *j = within(JOIN_INNER, 7, 3);
	struct buf want = BUF_INIT;
	int64_t wm = INT64_MIN;
	int late = 0, found = 0;

	srand(7);
	for (int i = 0; i < N; i++) {
		int64_t t = i / 4 + rand() % SPAN;
		char key[2] = {(char)('a' + rand() % KEYS), 0}, name[16];
		int side = rand() % 2;
		bool is_late = wm > t + 10;

		snprintf(name, sizeof name, "%05d", i);
		late += is_late;
		found += add(j, side ? JOIN_RIGHT : JOIN_LEFT, key, t, name) == !is_late;
		/* Partners that are not given up, by time, then arrival. */
		for (int64_t at = t - 10; at <= t + 10 && !is_late; at++) {
			for (int k = 0; k < i; k++) {
				int64_t dt = side ? t - at : at - t;
				int64_t held = at + (seen[k].side ? 7 : 3);
				if (seen[k].t != at || seen[k].key != key[0] ||
				    seen[k].side == side || dt < -7 || dt > 3 || wm > held)
					continue;
				if (side)
					buf_addf(&want, "%s:%05d+%05d ", key, k, i);
				else
					buf_addf(&want, "%s:%05d+%05d ", key, i, k);
			}
		}
		seen[i].t = is_late ? INT64_MIN : t;
		seen[i].key = key[0];
		seen[i].side = side;
		if (t - 20 > wm)
			wm = t - 20;
		join_advance(j, wm);
	}
	ok(found == N, "late ones are told");
	ok(late > 0 && want.len > 10000, "%d are late, %zu bytes of rows", late, want.len);
	ok(slice_eq(buf_slice(&want), buf_slice(&rows)), "the same rows as of a list");
	buf_clear(&rows);
	buf_free(&want);
	join_free(j);
}

enum { MANY = 8000, REACH = 50 };

/* Those that are alone by the time that the watermark is at `wm`, in order. */
static void want_alone(struct buf *want, int alive[], int64_t wm)
{
	for (int t = 0; t < MANY && t + REACH < wm; t++) {
		if (alive[t])
			buf_addf(want, "k:%d+- ", t);
		alive[t] = 0;
	}
}

static size_t count(const int alive[])
{
	size_t n = 0;

	for (int t = 0; t < MANY; t++)
		n += (size_t)alive[t];
	return n;
}

/* Thousands of one key, in no order, and some of them go from the middle. */
static void test_many(void)
{
	static int alive[MANY], met[MANY];
	struct join *j = within(JOIN_ANTI, REACH, REACH);
	struct buf want = BUF_INIT;
	char name[16];
	int wrong = 0;

	for (int half = 0; half < 2; half++) {
		int64_t wm = half ? INT64_MAX : MANY / 2;

		for (int i = 0; i < MANY; i++) {
			int t = i * 7919 % MANY;

			if (t % 2 != half || (half && t < MANY / 2))
				continue;
			snprintf(name, sizeof name, "%d", t);
			left(j, t, name);
			alive[t] = !met[t];
		}
		for (int i = 0; i < 20; i++) {
			int t = MANY / 2 + i * 911 % (MANY / 2);

			right(j, t, "r");
			for (int at = t - REACH; at <= t + REACH && at < MANY; at++) {
				alive[at] = 0;
				met[at] = 1;
			}
			wrong += join_held(j).records[JOIN_LEFT] != count(alive);
		}
		want_alone(&want, alive, wm);
		join_advance(j, wm);
		wrong += join_held(j).records[JOIN_LEFT] != count(alive);
	}
	ok(wrong == 0, "as many are held as have met nothing");
	ok(want.len > 10000 && slice_eq(buf_slice(&want), buf_slice(&rows)), "and come alone, by time");
	buf_clear(&rows);
	buf_free(&want);
	join_free(j);
}

/* Saved in the middle: who met, and who came first, is still known. A part of it is refused. */
static void test_save(void)
{
	struct join *j = within(JOIN_KEEP_BOTH, 6, 5), *again = within(JOIN_KEEP_BOTH, 6, 5);
	struct buf bytes = BUF_INIT;
	struct unpack in = {0};
	size_t taken = 0;

	left(j, 20, "met");
	right(j, 20, "c");
	left(j, 40, "alone");
	add(j, JOIN_RIGHT, "", 18, "");
	join_advance(j, 10);
	buf_clear(&rows);
	join_save(j, &bytes);
	in.left = buf_slice(&bytes);
	ok(join_load(again, &in) && !in.left.len, "all is read");
	ok(join_held(again).records[JOIN_LEFT] == 2 && join_held(again).most == 4, "and held");
	left(again, 21, "d");
	end(again);
	gave("k:d+c :-+ k:alone+- ", "and goes on");
	for (size_t len = 0; len < bytes.len; len++) {
		struct join *part = within(JOIN_KEEP_BOTH, 6, 5);

		in = (struct unpack){.left = {bytes.data, len}};
		taken += join_load(part, &in);
		join_free(part);
	}
	ok(taken == 0, "no part of it is taken for the whole");
	join_free(j);
	join_free(again);
	buf_free(&bytes);
}

int main(void)
{
	test_bounds();
	test_watermark();
	test_kinds();
	test_alone();
	test_bound_below_zero();
	test_settled();
	test_any_order();
	test_any();
	test_latest();
	test_as_of();
	test_memory();
	test_as_of_memory();
	test_random();
	test_many();
	test_save();
	join_free(NULL);
	buf_free(&rows);
	return done_testing();
}
