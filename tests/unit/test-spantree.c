#include "spantree.h"

#include "tap.h"

enum { COUNT = 2000 };

static struct spannode nodes[COUNT];
static bool there[COUNT];

/* Numbers without an order to speak of. */
static uint64_t draw(void)
{
	static uint64_t state = 1;

	state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return state >> 33;
}

/* Nodes by number are spans by their order: ends 0, 0, 0, 3, 3, 3, 6, ... of three starts each. */
static struct span span_of(int i)
{
	return (struct span){i % 3 - 9, i / 3 * 3};
}

static struct spannode *last_until(int i)
{
	while (i >= 0 && !there[i])
		i--;
	return i < 0 ? NULL : &nodes[i];
}

static struct spannode *first_from(int64_t t)
{
	for (int i = 0; i < COUNT; i++) {
		if (there[i] && nodes[i].span.end >= t)
			return &nodes[i];
	}
	return NULL;
}

/* The height of a tree; -1: a node is on the wrong side of one above it. */
static int height(const struct spannode *n, const struct spannode *low, const struct spannode *high)
{
	int left, right;

	if (!n)
		return 0;
	if ((low && spantree_compare(&low->span, &n->span) >= 0) ||
	    (high && spantree_compare(&n->span, &high->span) >= 0))
		return -1;
	left = height(n->left, low, n);
	right = height(n->right, n, high);
	if (left < 0 || right < 0)
		return -1;
	return 1 + (left > right ? left : right);
}

static void test_order(void)
{
	const struct span a = {0, 5}, b = {1, 5}, c = {0, 6};

	ok(spantree_compare(&a, &b) < 0 && spantree_compare(&b, &c) < 0 &&
		   spantree_compare(&c, &a) > 0 && spantree_compare(&a, &a) == 0,
	   "by ends, then by starts");
}

/* Against an array in which everything is looked for from one end to the other. */
static void test_model(void)
{
	struct spannode *root = NULL;
	bool found = true, ordered = true;

	ok(!spantree_last(root, &(struct span){0, 0}) && !spantree_first(root, 0), "none is empty");
	for (int round = 0; round < tap_rounds(20000); round++) {
		int i = (int)(draw() % COUNT), other = (int)(draw() % COUNT);
		int64_t t = (int64_t)(draw() % (COUNT + 10)) - 5;
		struct span s = span_of(other);

		nodes[i].span = span_of(i);
		if (there[i])
			spantree_remove(&root, &nodes[i]);
		else
			spantree_add(&root, &nodes[i]);
		there[i] = !there[i];
		found = found && spantree_last(root, &s) == last_until(other) &&
			spantree_first(root, t) == first_from(t);
		ordered = ordered && (round % 100 || height(root, NULL, NULL) >= 0);
	}
	ok(found, "the last until a span, the first from a time");
	ok(ordered, "all are in order");
	for (int i = 0; i < COUNT; i++) {
		if (there[i])
			spantree_remove(&root, &nodes[i]);
	}
	ok(!root, "and may all be taken out");
}

/* In order they would make a list of a tree without ranks. Of random ones 2000 are some 25 high, and over 60 never. */
static void test_height(void)
{
	struct spannode *root = NULL;
	int up, down, most = 0;

	for (int i = 0; i < COUNT; i++) {
		nodes[i].span = span_of(i);
		spantree_add(&root, &nodes[i]);
	}
	up = height(root, NULL, NULL);
	for (int i = 0; i < COUNT; i++) {
		int high = height(root, NULL, NULL);

		most = high > most ? high : most;
		spantree_remove(&root, &nodes[i]);
	}
	for (int i = COUNT; i-- > 0;)
		spantree_add(&root, &nodes[i]);
	down = height(root, NULL, NULL);
	ok(up >= 11 && up <= 60, "those that come in order: %d high", up);
	ok(most <= 60, "the first ones taken out one by one: at most %d", most);
	ok(down >= 11 && down <= 60, "in the opposite order: %d high", down);
}

int main(void)
{
	test_order();
	test_model();
	test_height();
	return done_testing();
}
