/* The plan's results as text: what jq -c prints. */
#include "expr_priv.h"
#include "json.h"

static bool put_number(struct plan_run *run, const struct pval *v, struct buf *out)
{
	switch (v->type) {
	case PV_LITERAL:
		return jqtext_put_number(out, v->text, &v->number, run->rules);
	case PV_DOUBLE:
		run->computed = true;
		jqtext_put_double(out, v->dbl);
		return true;
	default:
		dec_put(out, v->dec);
		return true;
	}
}

enum outcome plan_put(struct plan_run *run, const struct pval *v, bool raw, struct buf *out)
{
	if (run->rec->rewritten && (v->type == PV_LITERAL || v->type == PV_JSON))
		return UNSURE;
	switch (v->type) {
	case PV_NULL:
		buf_add_str(out, "null");
		return SURE;
	case PV_FALSE:
		buf_add_str(out, "false");
		return SURE;
	case PV_TRUE:
		buf_add_str(out, "true");
		return SURE;
	case PV_STRING:
		if (raw)
			buf_add(out, v->text.ptr, v->text.len);
		else
			json_put_string(out, v->text.ptr, v->text.len);
		return SURE;
	case PV_JSON:
		run->computed |= v->computed;
		if (v->built)
			buf_add(out, v->text.ptr, v->text.len);
		return v->built || jqtext_compact(out, v->text, run->rules) ? SURE : UNSURE;
	default:
		return put_number(run, v, out) ? SURE : UNSURE;
	}
}

/* Of an element that is none nothing comes. */
static enum outcome put_array(struct plan_run *run, const struct plan_node *n, struct buf *out)
{
	bool first = true;

	buf_add_char(out, '[');
	for (unsigned i = 0; i < n->n; i++) {
		size_t start = out->len;
		enum outcome r;

		if (!first)
			buf_add_char(out, ',');
		r = plan_print(run, run->plan->list[n->list + i], false, out);
		if (r == EMPTY)
			buf_cut(out, start);
		else if (r != SURE)
			return r;
		else
			first = false;
	}
	buf_add_char(out, ']');
	return SURE;
}

/* A key that is computed must be a string, and none of those before: libjq sorts that out. */
static enum outcome put_computed_key(struct plan_run *run, const struct plan_node *n, unsigned i,
				     struct buf *out)
{
	const unsigned *list = run->plan->list + n->list;
	struct pval key, other;
	enum outcome r = plan_eval(run, list[i], &key);

	if (r != SURE)
		return r;
	if (key.type != PV_STRING)
		return UNSURE;
	json_put_string(out, key.text.ptr, key.text.len);
	buf_add_char(out, ':');
	for (unsigned k = 0; k < i; k += 2) {
		r = plan_eval(run, list[k], &other);
		if (r == SURE && slice_eq(other.text, key.text))
			return UNSURE;
	}
	return SURE;
}

static enum outcome put_key(struct plan_run *run, const struct plan_node *n, unsigned i,
			    struct buf *out)
{
	struct slice key = run->plan->nodes[run->plan->list[n->list + i]].key;

	if (n->computed)
		return put_computed_key(run, n, i, out);
	buf_add(out, key.ptr, key.len);
	return SURE;
}

/* One member that is none: the whole object is none, unless libjq finds an error in another one. */
static enum outcome put_object(struct plan_run *run, const struct plan_node *n, struct buf *out)
{
	const unsigned *list = n->n ? run->plan->list + n->list : NULL;
	enum outcome all = SURE;

	buf_add_char(out, '{');
	for (unsigned i = 0; i < n->n; i += 2) {
		enum outcome r;

		if (i)
			buf_add_char(out, ',');
		for (int value = 0; value < 2; value++) {
			r = value ? plan_print(run, list[i + 1], false, out)
				  : put_key(run, n, i, out);
			if (r == UNSURE || r == BAD)
				return r;
			all = r == EMPTY ? EMPTY : all;
		}
	}
	buf_add_char(out, '}');
	return all;
}

/* A field's string goes from the record to the output as it stands. */
static enum outcome print_field(struct plan_run *run, unsigned i, bool raw, struct buf *out)
{
	const struct plan_node *n = &run->plan->nodes[i];
	const struct record *rec = run->rec;
	struct pval v;
	enum outcome r;

	if (!raw && !rec->row && !rec->text && rec->slots[n->slot].ptr &&
	    *rec->slots[n->slot].ptr == '"') {
		jqtext_put_string(out, rec->slots[n->slot]);
		return SURE;
	}
	r = plan_eval(run, i, &v);
	return r == SURE ? plan_put(run, &v, raw, out) : r;
}

static enum outcome print_chosen(struct plan_run *run, unsigned i, bool raw, struct buf *out)
{
	const struct pval *before = run->input;
	struct pval input;
	enum outcome r = plan_choose(run, &i, &input);

	if (r == SURE)
		r = plan_print(run, i, raw, out);
	run->input = before;
	return r;
}

enum outcome plan_print(struct plan_run *run, unsigned i, bool raw, struct buf *out)
{
	const struct plan_node *n = &run->plan->nodes[i];
	struct pval v;
	enum outcome r;

	switch (n->op) {
	case PLAN_FIELD:
		return print_field(run, i, raw, out);
	case PLAN_PIPE:
	case PLAN_SELECT:
	case PLAN_IF:
		return print_chosen(run, i, raw, out);
	case PLAN_ARRAY:
		return put_array(run, n, out);
	case PLAN_OBJECT:
		return put_object(run, n, out);
	default:
		r = plan_eval(run, i, &v);
		return r == SURE ? plan_put(run, &v, raw, out) : r;
	}
}

enum outcome plan_build(struct plan_run *run, const struct plan_node *n, struct pval *out)
{
	struct record *rec = run->rec;
	size_t start = rec->build.len;
	bool before = run->computed;
	enum outcome r;

	run->computed = false;
	r = n->op == PLAN_ARRAY ? put_array(run, n, &rec->build) : put_object(run, n, &rec->build);
	if (r == SURE)
		*out = (struct pval){.type = PV_JSON,
				     .built = true,
				     .computed = run->computed,
				     .text = arena_copy(&rec->arena, rec->build.data + start,
							rec->build.len - start)};
	buf_cut(&rec->build, start);
	run->computed |= before;
	return r;
}
