#include "groupby.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "json.h"
#include "mem.h"
#include "utf8.h"

struct groupby {
	struct agglist aggs;
	struct exprset *set;
	struct key {
		char *name, *expr;
	} * keys;
	size_t nkeys;
	/* Where results lie in a record's values: extras, then -w, then keys, then per -a its where and arguments. */
	size_t nextra, at_where, at_keys, nvalues;
	struct place {
		size_t where; /* 1 + its number; 0: there is none */
		size_t args;  /* the first one's number */
		size_t guard; /* of them, as in struct expr_source */
	} * places;           /* of each -a */
	bool has_where;
	bool cells; /* keys are the texts of CSV cells */
	bool rows;  /* groupby_add_rows may serve */
};

struct groupby_eval {
	const struct groupby *gb;
	struct expreval *ev;
	struct val *values;
	struct buf key;
	/* Of rows by columns: */
	const struct small **smalls; /* per program */
	bool odd[EXPR_ROWS_MAX];
	void *states[EXPR_ROWS_MAX];
};

#define OFF(field) offsetof(struct groupby_conf, field)

const struct opt groupby_opts[] = {
	{'g', "group-by", OPT_LIST, OFF(groups), "[NAME=]EXPR",
	 "a group for each value of EXPR (may be repeated)", NULL},
	{'a', "agg", OPT_LIST, OFF(aggs), "SPEC",
	 "[NAME=]FN[(EXPR)] [where EXPR], ... (default count)", NULL},
	{'w', "where", OPT_STRING, OFF(where), "EXPR", "only records for which EXPR holds", NULL},
	{0},
};

void groupby_conf_free(struct groupby_conf *conf)
{
	strlist_free(&conf->groups);
	strlist_free(&conf->aggs);
}

void groupby_put_options(const struct groupby_conf *conf, struct buf *out)
{
	for (size_t i = 0; i < conf->groups.n; i++)
		buf_addf(out, " -g %s", conf->groups.v[i]);
	for (size_t i = 0; i < conf->aggs.n; i++)
		buf_addf(out, " -a %s", conf->aggs.v[i]);
	if (conf->where)
		buf_addf(out, " -w %s", conf->where);
}

/* --- From the command line --- */

static size_t name_length(const char *s)
{
	size_t n = 0;

	while ((s[n] >= 'a' && s[n] <= 'z') || (s[n] >= 'A' && s[n] <= 'Z') || s[n] == '_' ||
	       (n && s[n] >= '0' && s[n] <= '9'))
		n++;
	return n;
}

/* [NAME=]EXPR; a text that is a column's name is that column, whatever it holds. */
static struct key make_key(const char *text, const struct slice *columns, size_t ncolumns)
{
	int column = columns ? expr_column(columns, ncolumns, text) : -1;
	size_t n = name_length(text);
	struct slice name;

	if (column >= 0) {
		name = columns[column];
		return (struct key){mem_dup(name.ptr, name.len), mem_strdup(text)};
	}
	if (n && text[n] == '=' && text[n + 1] != '=')
		return (struct key){mem_dup(text, n), mem_strdup(text + n + 1)};
	name = expr_default_name(text);
	return (struct key){mem_dup(name.ptr, name.len), mem_strdup(text)};
}

static const char *output_name(const struct groupby *gb, size_t i)
{
	return i < gb->nkeys ? gb->keys[i].name : gb->aggs.v[i - gb->nkeys].name;
}

static int check_names(const struct groupby *gb, struct buf *err)
{
	for (size_t i = 0; i < gb->nkeys + gb->aggs.n; i++) {
		for (size_t k = 0; k < i; k++) {
			if (strcmp(output_name(gb, i), output_name(gb, k)) == 0) {
				buf_setf(err, "two results are named '%s' (name one: NAME=...)",
					 output_name(gb, i));
				return -1;
			}
		}
	}
	return 0;
}

struct sources {
	struct expr_source *v;
	size_t n;
};

/* Returns it as a guard of others. */
static size_t add_source(struct sources *s, const char *text, enum expr_kind kind, size_t guard)
{
	s->v[s->n] = (struct expr_source){.text = text, .kind = kind, .guard = guard};
	return ++s->n;
}

/* What an earlier -a computes, this one need not: min(x), max(x), avg(x). */
static bool share_argument(struct groupby *gb, size_t i, size_t guard)
{
	const struct agg *a = &gb->aggs.v[i];

	for (size_t k = 0; a->nargs == 1 && k < i; k++) {
		const struct agg *b = &gb->aggs.v[k];

		if (b->nargs == 1 && strcmp(a->args[0], b->args[0]) == 0 &&
		    a->op->by_key == b->op->by_key && gb->places[k].guard == guard) {
			gb->places[i].args = gb->places[k].args;
			gb->places[i].guard = guard;
			return true;
		}
	}
	return false;
}

static struct exprset *compile(struct groupby *gb, const struct groupby_conf *conf,
			       const char *const extra[], const struct expr_conf *ec,
			       struct buf *err)
{
	size_t max = GROUPBY_EXTRA_MAX + 1 + gb->nkeys + gb->aggs.n * (AGG_ARGS_MAX + 1);
	struct sources s = {mem_zalloc(max, sizeof *s.v), 0};
	struct exprset *set;
	size_t where = 0;

	while (extra && extra[s.n])
		add_source(&s, extra[s.n], EXPR_VALUE, 0);
	gb->nextra = gb->at_where = s.n;
	gb->has_where = conf->where != NULL;
	/* What a filter keeps out is not looked at any further: it cannot be bad. */
	if (conf->where)
		where = add_source(&s, conf->where, EXPR_TEST, 0);
	gb->at_keys = s.n;
	for (size_t i = 0; i < gb->nkeys; i++)
		add_source(&s, gb->keys[i].expr, EXPR_KEY, where);
	gb->places = mem_zalloc(gb->aggs.n, sizeof *gb->places);
	for (size_t i = 0; i < gb->aggs.n; i++) {
		const struct agg *a = &gb->aggs.v[i];
		size_t guard = where;

		if (a->where)
			guard = gb->places[i].where = add_source(&s, a->where, EXPR_TEST, where);
		if (share_argument(gb, i, guard))
			continue;
		gb->places[i].args = s.n;
		gb->places[i].guard = guard;
		for (unsigned k = 0; k < a->nargs; k++)
			s.v[add_source(&s, a->args[k], EXPR_EXACT, guard) - 1].by_key =
				a->op->by_key;
	}
	gb->nvalues = s.n;
	set = exprset_new(s.v, s.n, ec, err);
	free(s.v);
	return set;
}

static bool are_rows_small(const struct groupby *gb)
{
	if (!gb->cells || gb->nextra || gb->has_where || !exprset_is_small(gb->set))
		return false;
	for (size_t i = 0; i < gb->aggs.n; i++) {
		if (gb->aggs.v[i].where || gb->aggs.v[i].nargs > 1)
			return false;
	}
	return true;
}

int groupby_check(const struct groupby_conf *conf, struct buf *err)
{
	struct agglist aggs = {0};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < conf->aggs.n; i++)
		rc = agglist_parse(&aggs, conf->aggs.v[i], err);
	agglist_free(&aggs);
	return rc;
}

struct groupby *groupby_new(const struct groupby_conf *conf, const char *const extra[],
			    const struct slice *columns, size_t ncolumns, struct buf *err)
{
	struct groupby *gb = mem_zalloc(1, sizeof *gb);
	struct expr_conf ec = {.columns = columns, .ncolumns = ncolumns};

	gb->cells = columns != NULL;
	/* Keys made to collide would need to know it. Without entropy only that guard is lost. */
	if (getentropy(&gb->aggs.seed, sizeof gb->aggs.seed) < 0)
		gb->aggs.seed = 1;
	gb->keys = mem_zalloc(conf->groups.n, sizeof *gb->keys);
	for (size_t i = 0; i < conf->groups.n; i++) {
		gb->keys[gb->nkeys++] = make_key(conf->groups.v[i], columns, ncolumns);
		if (!gb->keys[i].expr[0] && !(columns && expr_column(columns, ncolumns, "") >= 0)) {
			buf_setf(err, "-g '%s': no expression", conf->groups.v[i]);
			goto failed;
		}
	}
	for (size_t i = 0; i < conf->aggs.n; i++) {
		if (agglist_parse(&gb->aggs, conf->aggs.v[i], err) < 0)
			goto failed;
	}
	if (!conf->aggs.n && agglist_parse(&gb->aggs, "count", err) < 0)
		goto failed;
	if (check_names(gb, err) < 0)
		goto failed;
	gb->set = compile(gb, conf, extra, &ec, err);
	if (gb->set) {
		gb->rows = are_rows_small(gb);
		return gb;
	}
failed:
	groupby_free(gb);
	return NULL;
}

void groupby_free(struct groupby *gb)
{
	if (!gb)
		return;
	for (size_t i = 0; i < gb->nkeys; i++) {
		free(gb->keys[i].name);
		free(gb->keys[i].expr);
	}
	free(gb->keys);
	free(gb->places);
	agglist_free(&gb->aggs);
	exprset_free(gb->set);
	free(gb);
}

const struct agglist *groupby_aggs(const struct groupby *gb)
{
	return &gb->aggs;
}

struct exprset *groupby_exprs(struct groupby *gb)
{
	return gb->set;
}

size_t groupby_keys(const struct groupby *gb)
{
	return gb->nkeys;
}

struct slice groupby_key_name(const struct groupby *gb, size_t i)
{
	return slice_str(gb->keys[i].name);
}

bool groupby_cells(const struct groupby *gb)
{
	return gb->cells;
}

const char *groupby_help(void)
{
	static struct buf text;

	if (text.len)
		return text.data;
	buf_add_str(&text, "Aggregates (null is skipped; of nothing: null):");
	for (size_t i = 0; agg_op_at(i); i++) {
		const struct agg_op *op = agg_op_at(i);
		char name[64];
		snprintf(name, sizeof name, "%s%s", op->name, op->args);
		buf_addf(&text, "\n  %-26s %s", name, op->help);
	}
	return text.data;
}

/* --- Records --- */

struct groupby_eval *groupby_eval_new(struct groupby *gb)
{
	struct groupby_eval *ge = mem_zalloc(1, sizeof *ge);

	ge->gb = gb;
	ge->ev = expreval_new(gb->set);
	ge->smalls = mem_zalloc(gb->nvalues + 1, sizeof *ge->smalls);
	ge->values = mem_zalloc(gb->nvalues + 1, sizeof *ge->values); /* count has no argument */
	return ge;
}

void groupby_eval_free(struct groupby_eval *ge)
{
	if (!ge)
		return;
	expreval_free(ge->ev);
	buf_free(&ge->key);
	free(ge->values);
	free(ge->smalls);
	free(ge);
}

/* Does the where of -a number i hold? */
static inline bool holds(const struct groupby_eval *ge, size_t i)
{
	const struct place *at = &ge->gb->places[i];

	return !at->where || val_truthy(&ge->values[at->where - 1]);
}

static inline const struct val *arguments(const struct groupby_eval *ge, size_t i)
{
	return &ge->values[ge->gb->places[i].args];
}

static int finish_eval(struct groupby_eval *ge, struct buf *err)
{
	const struct groupby *gb = ge->gb;

	if (!groupby_passes(ge))
		return 0;
	buf_clear(&ge->key);
	for (size_t i = 0; i < gb->nkeys; i++)
		val_put_key(&ge->key, &ge->values[gb->at_keys + i]);
	for (size_t i = 0; i < gb->aggs.n; i++) {
		const struct agg *a = &gb->aggs.v[i];
		const struct val *args = arguments(ge, i);

		/* A decimal alone is what all of them take. */
		if (a->nargs == 0 || (a->nargs == 1 && args->type == VAL_DEC) || !holds(ge, i))
			continue;
		if (agg_check(a, args, err) < 0)
			return -1;
	}
	return 0;
}

static int eval_line(struct groupby_eval *ge, enum groupby_source source, struct slice line,
		     struct buf *err)
{
	int rc = source == GROUPBY_TEXT ? expreval_text(ge->ev, line, ge->values, err)
					: expreval_json(ge->ev, line, ge->values, err);

	return rc < 0 ? rc : finish_eval(ge, err);
}

/* The key has a U+FFFD, and the line what is not UTF-8. With other bytes there, is the key another? Leaves ge with those. */
static bool is_key_replaced(struct groupby_eval *ge, enum groupby_source source, struct slice line,
			    struct buf *err)
{
	struct buf key = BUF_INIT, marked = BUF_INIT;
	bool same;

	buf_add(&key, ge->key.data, ge->key.len);
	buf_add(&marked, line.ptr, line.len);
	utf8_mark(marked.data, marked.len);
	same = eval_line(ge, source, buf_slice(&marked), err) == 0 && groupby_passes(ge) &&
	       slice_eq(buf_slice(&key), groupby_key(ge));
	buf_free(&key);
	buf_free(&marked);
	return !same;
}

int groupby_eval_line(struct groupby_eval *ge, enum groupby_source source, struct slice line,
		      struct buf *err)
{
	if (eval_line(ge, source, line, err) < 0)
		return -1;
	/* Without libjq a JSON text is strict, and so UTF-8. */
	if (source == GROUPBY_JSON && expreval_native(ge->ev))
		return 0;
	if (!groupby_passes(ge) || !utf8_replaced(ge->key.data, ge->key.len, line.ptr, line.len))
		return 0;
	/* What libjq replaces would make it equal to others. */
	if (!is_key_replaced(ge, source, line, err))
		return eval_line(ge, source, line, err);
	buf_setf(err, "the key is not UTF-8");
	return -1;
}

int groupby_eval_row(struct groupby_eval *ge, const struct slice cells[], struct buf *err)
{
	return expreval_row(ge->ev, cells, ge->values, err) < 0 ? -1 : finish_eval(ge, err);
}

bool groupby_passes(const struct groupby_eval *ge)
{
	return !ge->gb->has_where || val_truthy(&ge->values[ge->gb->at_where]);
}

const struct val *groupby_extra(const struct groupby_eval *ge, size_t i)
{
	return &ge->values[i];
}

struct slice groupby_key(const struct groupby_eval *ge)
{
	return buf_slice(&ge->key);
}

bool groupby_native(const struct groupby_eval *ge)
{
	return expreval_native(ge->ev);
}

void groupby_add(const struct groupby_eval *ge, void *states, uint64_t seq)
{
	const struct groupby *gb = ge->gb;

	for (size_t i = 0; i < gb->aggs.n; i++) {
		const struct agg *a = &gb->aggs.v[i];

		if (holds(ge, i))
			a->op->add((char *)states + a->offset, a, arguments(ge, i), seq);
	}
}

/* --- Records that may be taken back --- */

/* Of each -a: does its where hold? Then its arguments. */
void groupby_put_entry(const struct groupby_eval *ge, struct buf *out)
{
	const struct groupby *gb = ge->gb;

	for (size_t i = 0; i < gb->aggs.n; i++) {
		const struct agg *a = &gb->aggs.v[i];

		if (gb->places[i].where)
			buf_add_char(out, (char)holds(ge, i));
		for (unsigned k = 0; k < a->nargs && holds(ge, i); k++)
			val_put_key(out, &arguments(ge, i)[k]);
	}
}

void groupby_take(const struct groupby *gb, struct slice entry, void *states)
{
	struct val args[AGG_ARGS_MAX] = {0};

	for (size_t i = 0; i < gb->aggs.n; i++) {
		const struct agg *a = &gb->aggs.v[i];
		bool added = true;

		if (gb->places[i].where) {
			added = *entry.ptr;
			entry = slice_of(entry.ptr + 1, entry.len - 1);
		}
		if (!added)
			continue;
		for (unsigned k = 0; k < a->nargs; k++)
			val_next_key(&entry, &args[k]);
		a->op->take((char *)states + a->offset, a, args);
	}
}

const char *groupby_untakeable(const struct groupby *gb)
{
	for (size_t i = 0; i < gb->aggs.n; i++) {
		if (!gb->aggs.v[i].op->take)
			return gb->aggs.v[i].call;
	}
	return NULL;
}

/* --- Rows by columns --- */

bool groupby_has_rows(const struct groupby *gb)
{
	return gb->rows;
}

/* The states of rows from..to - 1. */
static void find_states(struct groupby_eval *ge, const struct slice *const columns[], size_t from,
			size_t to, struct groups *gs)
{
	const struct groupby *gb = ge->gb;

	if (gb->nkeys == 1) {
		size_t column = exprset_key_column(gb->set, gb->at_keys);

		groups_of_cells(gs, columns[column] + from, to - from, ge->states + from);
		return;
	}
	for (size_t i = from; i < to; i++) {
		buf_clear(&ge->key);
		for (size_t k = 0; k < gb->nkeys; k++) {
			size_t column = exprset_key_column(gb->set, gb->at_keys + k);

			val_put_text_key(&ge->key, columns[column][i]);
		}
		ge->states[i] = groups_states(gs, groups_put(gs, buf_slice(&ge->key)));
	}
}

static void add_run(struct groupby_eval *ge, const struct slice *const columns[], size_t from,
		    size_t to, struct groups *gs, uint64_t seq)
{
	const struct groupby *gb = ge->gb;

	if (from == to)
		return;
	find_states(ge, columns, from, to, gs);
	for (size_t i = 0; i < gb->aggs.n; i++) {
		const struct agg *a = &gb->aggs.v[i];
		const struct small *v = a->nargs ? ge->smalls[gb->places[i].args] + from : NULL;

		agg_add_smalls(a, ge->states + from, v, to - from, seq + from);
	}
}

size_t groupby_add_rows(struct groupby_eval *ge, const struct slice *const columns[], size_t n,
			size_t i, struct groups *gs, uint64_t seq)
{
	const bool *odd;
	size_t to;

	if (i == 0)
		expreval_rows(ge->ev, columns, n, ge->smalls, ge->odd);
	odd = i < n ? memchr(ge->odd + i, 1, n - i) : NULL;
	to = odd ? (size_t)(odd - ge->odd) : n;
	add_run(ge, columns, i, to, gs, seq);
	return to;
}

/* --- Rows of results --- */

struct val groupby_result(const struct groupby *gb, const void *states, size_t i,
			  struct buf *scratch)
{
	const struct agg *a = &gb->aggs.v[i];
	struct val v = val_null();

	buf_clear(scratch);
	a->op->emit((const char *)states + a->offset, a, &v, scratch);
	return v;
}

static void put_name(struct buf *out, const char *comma, const char *name)
{
	buf_add_str(out, comma);
	json_put_string(out, name, strlen(name));
	buf_add_char(out, ':');
}

/* The text of a cell that is a number is one in JSON too, as it was written. */
static void put_key(const struct groupby *gb, const struct val *v, struct buf *out)
{
	if (gb->cells && v->type == VAL_STR && num_is_json(v->str.ptr, v->str.len))
		val_put_text(out, v);
	else
		val_put_json(out, v);
}

void groupby_put_key(const struct groupby *gb, struct slice key, struct buf *out)
{
	struct val v;

	for (size_t i = 0; i < gb->nkeys && val_next_key(&key, &v); i++) {
		put_name(out, i ? "," : "", gb->keys[i].name);
		put_key(gb, &v, out);
	}
}

void groupby_put_results(const struct groupby *gb, const void *states, struct buf *out)
{
	struct buf scratch = BUF_INIT;

	for (size_t i = 0; i < gb->aggs.n; i++) {
		struct val v = groupby_result(gb, states, i, &scratch);

		put_name(out, i ? "," : "", gb->aggs.v[i].name);
		val_put_json(out, &v);
	}
	buf_free(&scratch);
}
