/* Programs, compiled. */
#include "expr_set.h"

#include <stdlib.h>

#include "json.h"
#include "mem.h"

/* What is for one value may as a whole be a column's name. */
static bool is_whole(enum expr_kind kind)
{
	return kind != EXPR_MAP;
}

struct jqprog *expr_compile_jq(const struct exprset *set, const struct program *p, struct buf *err)
{
	struct buf src = BUF_INIT;
	struct jqprog *jq = NULL;

	if (set->columns && columns_rewrite(&src, &set->fields, p->src, is_whole(p->kind), err) < 0)
		goto out;
	jq = jqprog_new(set->columns ? src.data : p->src, set->vars, set->nvars, err);
	if (!jq && set->columns)
		columns_explain(err);
out:
	buf_free(&src);
	return jq;
}

void expr_name_program(struct buf *err, const char *src)
{
	struct buf why = *err;

	*err = (struct buf)BUF_INIT;
	buf_addf(err, "%s: %s", src, buf_str(&why));
	buf_free(&why);
}

static void set_shape(const struct exprset *set, struct program *p)
{
	const struct plan_node *root = p->native ? &p->plan.nodes[p->plan.root] : NULL;

	if (set->columns && root && p->kind == EXPR_EXACT && !p->by_key && !p->guard)
		p->small = small_plan_new(&p->plan, &set->fields);
	if (!root || root->op != PLAN_FIELD)
		return;
	p->slot = root->slot;
	if (!set->columns && is_whole(p->kind))
		p->shape = SHAPE_FIELD;
	if (!set->columns || set->fields.v[root->slot].column < 0)
		return;
	if (p->kind == EXPR_KEY)
		p->shape = SHAPE_KEY_CELL;
	else if (p->kind == EXPR_EXACT && !p->by_key)
		p->shape = SHAPE_EXACT_CELL;
}

/* Does libjq take what the plan takes? Where its versions differ, it is asked before any input is read. */
static bool add_program(struct exprset *set, const struct expr_source *from,
			const struct expr_conf *conf, struct buf *err)
{
	struct program *p = &set->v[set->n++];

	p->src = mem_strdup(from->text);
	p->kind = from->kind;
	p->by_key = from->by_key || p->kind == EXPR_KEY;
	p->guard = from->guard;
	if (conf->engine != EXPR_JQ)
		p->native = plan_parse(&p->plan, &set->fields, conf, set->rules, p->src,
				       is_whole(p->kind));
	set->any_native |= p->native;
	if (p->native && p->plan.levels > set->levels)
		set->levels = p->plan.levels;
	set_shape(set, p);
	if (p->native && !p->plan.doubtful)
		return true;
	if (!p->native && conf->engine == EXPR_NATIVE) {
		buf_setf(err, "%s: outside the native subset", p->src);
		return false;
	}
	p->compiled = expr_compile_jq(set, p, err);
	if (!p->compiled)
		expr_name_program(err, p->src);
	return p->compiled != NULL;
}

static void copy_conf(struct exprset *set, const struct expr_conf *conf)
{
	if (conf->columns) {
		set->columns = mem_zalloc(conf->ncolumns, sizeof *set->columns);
		for (size_t i = 0; i < conf->ncolumns; i++) {
			struct slice c = conf->columns[i];
			set->columns[i] = slice_of(mem_dup(c.ptr, c.len), c.len);
		}
		set->fields.columns = set->columns;
		set->fields.ncolumns = conf->ncolumns;
	}
	set->vars = mem_zalloc(conf->nvars, sizeof *set->vars);
	set->nvars = conf->nvars;
	for (size_t i = 0; i < conf->nvars; i++) {
		set->vars[i] = conf->vars[i];
		set->vars[i].name = mem_strdup(conf->vars[i].name);
		set->vars[i].text = mem_strdup(conf->vars[i].text);
	}
}

static struct scan *make_scan(const struct fields *fs, int levels)
{
	struct scan_path *paths = mem_zalloc(fs->n, sizeof *paths);
	struct scan *sc;

	for (size_t i = 0; i < fs->n; i++)
		paths[i] = (struct scan_path){fs->v[i].steps, fs->v[i].n};
	sc = scan_new(paths, fs->n, JSON_DEPTH_MAX - levels);
	free(paths);
	return sc;
}

struct exprset *exprset_new(const struct expr_source *programs, size_t n,
			    const struct expr_conf *conf, struct buf *err)
{
	struct exprset *set = mem_zalloc(1, sizeof *set);
	struct expr_conf own = *conf;

	copy_conf(set, conf);
	own.vars = set->vars; /* plans point to them */
	set->rules = jqprog_number_rules();
	set->v = mem_zalloc(n, sizeof *set->v);
	for (size_t i = 0; i < n; i++) {
		if (!add_program(set, &programs[i], &own, err)) {
			exprset_free(set);
			return NULL;
		}
	}
	if (!set->columns)
		set->scan = make_scan(&set->fields, set->levels);
	return set;
}

void exprset_free(struct exprset *set)
{
	if (!set)
		return;
	for (size_t i = 0; i < set->n; i++) {
		free(set->v[i].src);
		plan_free(&set->v[i].plan);
		small_plan_free(set->v[i].small);
		jqprog_free(set->v[i].compiled);
	}
	for (size_t i = 0; set->columns && i < set->fields.ncolumns; i++)
		free((char *)set->columns[i].ptr);
	for (size_t i = 0; i < set->nvars; i++) {
		free((char *)set->vars[i].name);
		free((char *)set->vars[i].text);
	}
	free(set->vars);
	free(set->columns);
	fields_free(&set->fields);
	scan_free(set->scan);
	free(set->v);
	free(set);
}

bool exprset_uses_column(const struct exprset *set, size_t column)
{
	for (size_t i = 0; i < set->fields.n; i++) {
		if (set->fields.v[i].column == (int)column)
			return true;
	}
	return false;
}

bool exprset_reads_column(const struct exprset *set, size_t column)
{
	for (size_t i = 0; i < set->n; i++) {
		if (!set->v[i].native)
			return true;
	}
	for (size_t i = 0; i < set->fields.n; i++) {
		if (set->columns && set->fields.v[i].column < 0)
			return true; /* the whole row */
	}
	return exprset_uses_column(set, column);
}

bool exprset_is_small(const struct exprset *set)
{
	for (size_t i = 0; i < set->n; i++) {
		if (!set->v[i].small && set->v[i].shape != SHAPE_KEY_CELL)
			return false;
	}
	return true;
}

size_t exprset_key_column(const struct exprset *set, size_t i)
{
	return (size_t)set->fields.v[set->v[i].slot].column;
}
