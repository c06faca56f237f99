#include "group.h"

#include <stdint.h>
#include <stdlib.h>

#include "mem.h"
#include "tap.h"

static uint64_t random_state = 1;

/* D. E. Knuth's MMIX generator. */
static uint32_t random32(void)
{
	random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(random_state >> 32);
}

static struct agglist list_of(const char *specs)
{
	struct agglist list = {.seed = 3};
	struct buf err = BUF_INIT;

	ok(agglist_parse(&list, specs, &err) == 0, "parse %s %s", specs, buf_str(&err));
	buf_free(&err);
	return list;
}

static void add(struct groups *gs, const struct agglist *list, struct slice key, struct val v,
		uint64_t seq)
{
	char *states = groups_states(gs, groups_put(gs, key));

	for (size_t i = 0; i < list->n; i++)
		list->v[i].op->add(states + list->v[i].offset, &list->v[i], &v, seq);
}

/* "key result result" of group g. */
static void show(struct buf *text, const struct groups *gs, const struct agglist *list, size_t g)
{
	struct buf scratch = BUF_INIT;
	struct slice key = groups_key(gs, g);
	const char *states = groups_states(gs, g);

	buf_add(text, key.ptr, key.len);
	for (size_t i = 0; i < list->n; i++) {
		struct val out;

		list->v[i].op->emit(states + list->v[i].offset, &list->v[i], &out, &scratch);
		buf_add_char(text, ' ');
		val_put_json(text, &out);
	}
	buf_free(&scratch);
}

static void is_group(const struct groups *gs, const struct agglist *list, size_t g,
		     const char *want)
{
	struct buf text = BUF_INIT;

	show(&text, gs, list, g);
	is_str(buf_str(&text), want, want);
	buf_free(&text);
}

static void test_small(void)
{
	struct agglist list = list_of("count, sum(x), collect(x)");
	struct groups *gs = groups_new(&list), *more = groups_new(&list), *none = groups_new(&list);

	ok(groups_count(gs) == 0, "no groups at first");
	add(gs, &list, slice_str("b"), val_int(1), 0);
	add(gs, &list, slice_str("a"), val_int(2), 1);
	add(gs, &list, slice_str("b"), val_int(3), 2);
	ok(groups_put(gs, slice_str("")) == 2, "a new group has the next number");
	ok(groups_put(gs, slice_str("a")) == 1, "a known one its own");
	is_group(gs, &list, 0, "b 2 4 [1,3]");
	is_group(gs, &list, 1, "a 1 2 [2]");
	is_group(gs, &list, 2, " 0 null []");

	add(more, &list, slice_str("c"), val_int(4), 3);
	add(more, &list, slice_str("b"), val_int(5), 4);
	groups_merge(gs, more, NULL);
	groups_merge(gs, none, NULL);
	ok(groups_count(gs) == 4, "merging adds the groups that are new");
	is_group(gs, &list, 0, "b 3 9 [1,3,5]");
	is_group(gs, &list, 3, "c 1 4 [4]");
	is_group(more, &list, 1, "b 1 5 [5]");
	groups_free(more);
	is_group(gs, &list, 3, "c 1 4 [4]");

	groups_free(gs);
	groups_free(none);
	groups_free(NULL);
	agglist_free(&list);
}

static void test_no_aggregates(void)
{
	struct agglist list = {0};
	struct groups *gs = groups_new(&list), *more = groups_new(&list);

	groups_put(gs, slice_str("a"));
	groups_put(more, slice_str("b"));
	groups_put(more, slice_str("a"));
	groups_merge(gs, more, NULL);
	ok(groups_count(gs) == 2 && slice_is(groups_key(gs, 1), "b"), "groups without aggregates");
	groups_free(gs);
	groups_free(more);
}

static void test_marks(void)
{
	enum { N = 1000 };
	struct agglist list = list_of("count");
	struct groups *gs = groups_new(&list);
	bool fresh = true, right = true;

	for (uint32_t i = 0; i < N; i++) {
		size_t g = groups_put(gs, slice_of(&i, sizeof(i)));

		fresh = fresh && !groups_marked(gs, g, GROUP_CHANGED);
		groups_mark(gs, g, GROUP_CHANGED, true);
	}
	for (uint32_t i = 0; i < N; i += 3)
		groups_mark(gs, i, GROUP_CHANGED, false);
	for (uint32_t i = 0; i < N; i++) {
		groups_put(gs, slice_of(&i, sizeof(i)));
		right = right && groups_marked(gs, i, GROUP_CHANGED) == (i % 3 != 0);
	}
	ok(fresh, "a new group is not marked");
	ok(right, "marks stay, each its own");
	groups_free(gs);
	agglist_free(&list);
}

static struct slice word(uint32_t n, char room[32])
{
	/* Some longer than what a table keeps in place. */
	snprintf(room, 32, n % 2 ? "w%u" : "a-longer-word-%u", n);
	return slice_str(room);
}

/* Random records, in parts merged in order, against plain arrays and against all at once. */
static void test_random(void)
{
	enum { WORDS = 700, RECORDS = 20000 };
	struct agglist list = list_of("n=count, s=sum(x), last(x), distinct(x), top(2; x)");
	struct groups *whole = groups_new(&list), *merged = groups_new(&list), *part = NULL;
	int64_t *sums = mem_zalloc(WORDS, sizeof(*sums)),
		*counts = mem_zalloc(WORDS, sizeof(*counts));
	uint32_t *order = mem_zalloc(WORDS, sizeof(*order));
	struct buf a = BUF_INIT, b = BUF_INIT;
	uint32_t known = 0;
	bool same = true, right = true;
	char room[32];

	for (uint64_t seq = 0; seq < RECORDS; seq++) {
		/* The square: some words are frequent, some rare. */
		uint32_t n =
			(uint32_t)((uint64_t)(random32() % WORDS) * (random32() % WORDS) / WORDS);
		int64_t x = (int64_t)(random32() % 1000) - 500;

		if (counts[n]++ == 0)
			order[known++] = n;
		sums[n] += x;
		add(whole, &list, word(n, room), val_int(x), seq);
		if (!part)
			part = groups_new(&list);
		add(part, &list, word(n, room), val_int(x), seq);
		if (random32() % 500 == 0 || seq + 1 == RECORDS) {
			groups_merge(merged, part, NULL);
			groups_free(part);
			part = NULL;
		}
	}
	ok(groups_count(whole) == known && groups_count(merged) == known, "%u groups", known);
	for (size_t g = 0; g < known; g++) {
		struct val out;

		buf_clear(&a);
		buf_clear(&b);
		show(&a, whole, &list, g);
		show(&b, merged, &list, g);
		same = same && strcmp(buf_str(&a), buf_str(&b)) == 0;
		right = right && slice_eq(groups_key(whole, g), word(order[g], room));
		list.v[0].op->emit(groups_states(whole, g), &list.v[0], &out, NULL);
		right = right && out.dec.v == counts[order[g]];
		list.v[1].op->emit((char *)groups_states(whole, g) + list.v[1].offset, &list.v[1],
				   &out, NULL);
		right = right && out.dec.v == sums[order[g]] && out.dec.scale == 0;
	}
	ok(right, "first seen first, with the counts and sums of plain arrays");
	ok(same, "merged parts give the same as the whole, in the same order");
	ok(groups_memory(whole) > known * (list.size + 8), "memory counts keys and states");
	groups_free(whole);
	groups_free(merged);
	agglist_free(&list);
	free(sums);
	free(counts);
	free(order);
	buf_free(&a);
	buf_free(&b);
}

/* Cells of which many begin alike, and end alike, of lengths around those of words. */
static struct slice random_cell(struct buf *text)
{
	size_t start = text->len, len = random32() % 4 ? random32() % 20 : random32() % 60;

	for (size_t i = 0; i < len; i++)
		buf_add_char(text, random32() % 8 ? 'x' : (char)('a' + random32() % 3));
	return slice_of(text->data + start, len);
}

/* Cells as keys: the groups are those of their keys, in the order in which they are seen. */
static void test_cells(void)
{
	enum { CELLS = 256, ROUNDS = 100 };
	struct agglist list = list_of("count");
	struct groups *quick = groups_new(&list), *slow = groups_new(&list);
	struct buf text = BUF_INIT, key = BUF_INIT;
	size_t wrong = 0;

	buf_reserve(&text, (size_t)CELLS * 64); /* no cell moves */
	for (int round = 0; round < tap_rounds(ROUNDS); round++) {
		struct slice cells[CELLS];
		void *states[CELLS];

		buf_clear(&text);
		for (size_t i = 0; i < CELLS; i++)
			cells[i] = random_cell(&text);
		groups_of_cells(quick, cells, CELLS, states);
		for (size_t i = 0; i < CELLS; i++) {
			size_t g;

			buf_clear(&key);
			val_put_text_key(&key, cells[i]);
			g = groups_put(slow, buf_slice(&key));
			wrong += g >= groups_count(quick) || states[i] != groups_states(quick, g) ||
				 !slice_eq(groups_key(quick, g), buf_slice(&key));
		}
	}
	ok(!wrong, "cells are found in their groups (%zu are not)", wrong);
	ok(groups_count(quick) == groups_count(slow) && groups_count(slow) > (size_t)tap_rounds(5000), "%zu of them",
	   groups_count(quick));
	groups_free(quick);
	groups_free(slow);
	buf_free(&text);
	buf_free(&key);
	agglist_free(&list);
}

int main(void)
{
	test_small();
	test_no_aggregates();
	test_marks();
	test_random();
	test_cells();
	return done_testing();
}
