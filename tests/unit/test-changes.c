#include "changes.h"

#include "buf.h"
#include "tap.h"
#include "watermark.h"

static struct groups *make_groups(const struct agglist *aggs, const char *names)
{
	struct groups *gs = groups_new(aggs);

	for (; *names; names++)
		groups_put(gs, slice_of(names, 1));
	return gs;
}

/* Takes what changed at `until` or before: the groups' names. */
static const char *take(struct changes *ch, const struct groups *gs, int64_t until)
{
	static char names[64];
	size_t n = 0, g;

	while (changes_take(ch, until, &g))
		names[n++] = groups_key(gs, g).ptr[0];
	names[n] = '\0';
	return names;
}

static void test_order(const struct agglist *aggs)
{
	struct groups *gs = make_groups(aggs, "abc");
	struct changes *ch = changes_new(gs);
	bool right = true;

	ok(changes_first(ch) == WATERMARK_END, "at first there is none");
	changes_note(ch, 2, 5);
	changes_note(ch, 0, 6);
	changes_note(ch, 2, 7);
	ok(changes_first(ch) == 5, "a group counts from its first change");
	is_str(take(ch, gs, 4), "", "before that it is not due");
	is_str(take(ch, gs, 5), "c", "then it is, once");
	changes_note(ch, 2, 8);
	is_str(take(ch, gs, INT64_MAX), "ac",
	       "and again when it changed again, in order of change");
	for (int64_t at = 0; at < 1000; at++) {
		size_t g;

		changes_note(ch, (size_t)at % 3, at);
		right &= at < 2 || (changes_take(ch, at, &g) && g == (size_t)(at - 2) % 3);
	}
	ok(right, "however many come and go");
	changes_free(ch);
	groups_free(gs);
}

static void test_no_watermark(const struct agglist *aggs)
{
	struct groups *gs = make_groups(aggs, "ab");
	struct changes *ch = changes_new(gs);

	changes_note(ch, 1, WATERMARK_NONE);
	changes_date(ch, 100);
	changes_note(ch, 0, 101);
	changes_date(ch, 200);
	ok(changes_first(ch) == 100, "what changed before the first watermark counts from it");
	is_str(take(ch, gs, 100), "b", "and others from theirs");
	changes_free(ch);
	groups_free(gs);
}

static void test_bytes(const struct agglist *aggs)
{
	struct groups *gs = make_groups(aggs, "abc"), *fewer = make_groups(aggs, "a");
	struct changes *ch = changes_new(gs), *other;
	struct buf bytes = BUF_INIT;
	struct unpack in = {0};
	size_t g;

	changes_note(ch, 0, 1);
	changes_note(ch, 2, 2);
	changes_note(ch, 1, 3);
	changes_take(ch, 1, &g);
	changes_save(ch, &bytes);
	other = changes_new(gs);
	in.left = buf_slice(&bytes);
	ok(changes_load(other, &in), "what was saved is loaded");
	ok(changes_first(other) == 2, "with when it changed");
	is_str(take(other, gs, 3), "cb", "in its order");
	changes_free(other);
	other = changes_new(fewer);
	in = (struct unpack){.left = buf_slice(&bytes)};
	ok(!changes_load(other, &in), "but not for groups that are not there");
	changes_free(other);
	other = changes_new(gs);
	in = (struct unpack){.left = slice_of(bytes.data, bytes.len - 1)};
	ok(!changes_load(other, &in), "nor a part of it");
	changes_free(other);
	changes_free(ch);
	groups_free(gs);
	groups_free(fewer);
	buf_free(&bytes);
}

int main(void)
{
	struct agglist aggs = {0};

	test_order(&aggs);
	test_no_watermark(&aggs);
	test_bytes(&aggs);
	return done_testing();
}
