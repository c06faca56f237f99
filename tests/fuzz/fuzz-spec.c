/*
 * agg: the SPEC grammar. What is taken prints to a SPEC that is taken as the same; what is not has
 * a reason, and leaves the list alone. States of what is taken give JSON, and the same whether they
 * were merged or not, where numbers are exact.
 */
#include "fuzz.h"

#include "agg.h"
#include "json.h"

static bool same_text(const char *a, const char *b)
{
	return !a == !b && (!a || strcmp(a, b) == 0);
}

/* Each under a name of its own: two may differ in the blanks of their texts alone. */
static void put_spec(struct buf *out, size_t i, const struct agg *a)
{
	buf_addf(out, "n%zu=%s", i, a->call);
	if (a->where)
		buf_addf(out, " where %s", a->where);
}

static void check_agg(const struct agg *a)
{
	must(a->op && a->name && *a->name && a->call && *a->call, "not complete");
	must(a->nargs >= a->op->min_args && a->nargs <= a->op->max_args, "%s with %u arguments",
	     a->call, a->nargs);
	for (unsigned i = 0; i < a->nargs; i++)
		must(a->args[i][strspn(a->args[i], " \t\r\n")], "%s: an empty argument", a->call);
	must(!a->where || *a->where, "%s: where without a program", a->call);
	must(a->offset % 16 == 0, "%s: a state at %zu", a->call, a->offset);
}

static void check_printed(const struct agglist *list)
{
	struct agglist again = {0};
	struct buf text = BUF_INIT, err = BUF_INIT;

	for (size_t i = 0; i < list->n; i++) {
		if (i)
			buf_add_str(&text, ", ");
		put_spec(&text, i, &list->v[i]);
	}
	must(agglist_parse(&again, text.data, &err) == 0, "%s: %s", text.data, buf_str(&err));
	must(again.n == list->n && again.size == list->size, "%s: %zu, not %zu", text.data, again.n,
	     list->n);
	for (size_t i = 0; i < list->n; i++) {
		const struct agg *a = &list->v[i], *b = &again.v[i];
		char name[32];

		must(a->op == b->op && a->nargs == b->nargs && a->param == b->param &&
			     a->offset == b->offset && same_text(a->call, b->call) &&
			     same_text(a->where, b->where) && same_text(a->args[0], b->args[0]) &&
			     same_text(a->args[1], b->args[1]),
		     "%s of %s is another", b->call, text.data);
		snprintf(name, sizeof name, "n%zu", i);
		must(same_text(b->name, name), "%s is named %s", name, b->name);
	}
	agglist_free(&again);
	buf_free(&text);
	buf_free(&err);
}

/* --- States --- */

/* Few and whole: so sums in doubles are exact, too. Moments are not. */
static struct val value_of(unsigned n)
{
	switch (n % 8) {
	case 0:
		return val_null();
	case 1:
		return val_str("text", 4);
	case 2:
		return (struct val){.type = VAL_TRUE};
	case 3:
		return (struct val){.type = VAL_JSON, .str = slice_str("[1]")};
	default:
		return val_int((int64_t)(n % 8) - 5);
	}
}

static bool is_moment(const char *name)
{
	return name[0] == 'v' || strncmp(name, "stddev", 6) == 0 || strcmp(name, "skewness") == 0 ||
	       strcmp(name, "kurtosis") == 0;
}

/* For each operation by itself, which takes what the others may not. */
static void check_states(const struct agg *a, const char *values)
{
	struct agg one = *a;
	struct agglist list = {&one, 1, a->op->size, 0};
	void *all = mem_alloc(list.size), *left = mem_alloc(list.size),
	     *right = mem_alloc(list.size);
	struct buf err = BUF_INIT, scratch = BUF_INIT, want = BUF_INIT, got = BUF_INIT;
	struct val out;
	size_t n = strlen(values);

	one.offset = 0;
	agg_init(&list, all);
	agg_init(&list, left);
	agg_init(&list, right);
	for (size_t i = 0; i < n; i++) {
		struct val v[AGG_ARGS_MAX] = {value_of((unsigned char)values[i]),
					      value_of((unsigned)i + 4)};

		if (agg_check(&one, v, &err) < 0) {
			must(err.len, "no reason");
			continue;
		}
		one.op->add(all, &one, v, i);
		one.op->add(i < n / 2 ? left : right, &one, v, i);
	}
	agg_merge(&list, left, right);
	one.op->emit(all, &one, &out, &scratch);
	val_put_json(&want, &out);
	buf_clear(&scratch);
	one.op->emit(left, &one, &out, &scratch);
	val_put_json(&got, &out);
	must(json_valid(want.data, want.len, JSON_DEPTH_MAX, false), "%s is %s", a->call,
	     want.data);
	must(is_moment(one.op->name) || slice_eq(buf_slice(&want), buf_slice(&got)),
	     "%s is %s, merged %s", a->call, want.data, got.data);
	agg_free(&list, all);
	agg_free(&list, left);
	agg_free(&list, right);
	free(all);
	free(left);
	free(right);
	buf_free(&err);
	buf_free(&scratch);
	buf_free(&want);
	buf_free(&got);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, data + size};
	char *values = text_of(input_until(&in, '\n')), *text = text_of(input_rest(&in));
	struct agglist list = {0};
	struct buf err = BUF_INIT;

	must(agglist_parse(&list, "n_=count", &err) == 0, "%s", buf_str(&err));
	if (agglist_parse(&list, text, &err) < 0) {
		must(err.len, "no reason");
		must(list.n == 1 && list.size == list.v[0].op->size, "the list has %zu", list.n);
	} else {
		must(list.n > 1, "nothing was added");
	}
	for (size_t i = 0; i < list.n; i++) {
		check_agg(&list.v[i]);
		check_states(&list.v[i], values);
	}
	check_printed(&list);
	agglist_free(&list);
	buf_free(&err);
	free(values);
	free(text);
	return 0;
}
