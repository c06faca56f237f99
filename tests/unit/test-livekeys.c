#include "livekeys.h"

#include <stdio.h>
#include <stdlib.h>

#include "mem.h"
#include "tap.h"

struct object {
	struct livekey live;
	int n;
};

static struct livekey *make(void)
{
	return mem_zalloc(1, sizeof(struct object));
}

static struct slice name(int i)
{
	static char text[64];

	snprintf(text, sizeof text, "a key of more than fifteen bytes, %d", i);
	return slice_str(text);
}

/* Of 100000 keys 10 are there at a time. */
static void test_come_and_go(void)
{
	struct livekeys *lk = livekeys_new(1);
	size_t most = 0, found = 0;
	bool right = true;

	for (int i = 0; i < 100000; i++) {
		struct object *o = (struct object *)livekeys_put(lk, name(i), make);

		o->n = i;
		if (i >= 10) {
			o = (struct object *)livekeys_get(lk, name(i - 10));
			right = right && o && o->n == i - 10 && slice_eq(o->live.key, name(i - 10));
			livekeys_drop(lk, &o->live);
			free(o);
		}
		if (livekeys_end(lk) > most)
			most = livekeys_end(lk);
	}
	ok(right, "an object is found by its key until it is dropped");
	ok(most < 200, "those that have gone do not pile up");
	for (size_t i = 0; i < livekeys_end(lk); i++) {
		struct object *o = (struct object *)livekeys_at(lk, i);

		right = right && (!o || o->n == 99990 + (int)found);
		found += o != NULL;
		free(o);
	}
	ok(right && found == 10, "those that are left come in the order of insertion");
	livekeys_free(lk);
}

static void test_again(void)
{
	struct livekeys *lk = livekeys_new(1);
	struct livekey *a = livekeys_put(lk, slice_str("a"), make);

	ok(livekeys_put(lk, slice_str("a"), make) == a, "a key has one object");
	ok(!livekeys_get(lk, slice_str("b")), "and another none");
	livekeys_drop(lk, a);
	free(a);
	ok(!livekeys_get(lk, slice_str("a")), "one that was dropped is not there");
	a = livekeys_put(lk, slice_str("a"), make);
	ok(livekeys_end(lk) == 1 && livekeys_at(lk, 0) == a, "its place is taken again");
	livekeys_drop(lk, a);
	free(a);
	livekeys_free(lk);
	livekeys_free(NULL);
}

int main(void)
{
	test_come_and_go();
	test_again();
	return done_testing();
}
