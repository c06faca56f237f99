#include "expr.h"

#include <math.h>
#include <stdlib.h>

#include "expr_priv.h"
#include "json.h"
#include "mem.h"
#include "scan.h"

struct program {
	char *src;
	enum expr_kind kind;
	bool native; /* there is a plan */
	struct plan plan;
	struct jqprog *compiled; /* by exprset_new; the first expreval takes it */
};

struct exprset {
	struct program *v;
	size_t n;
	bool any_native;
	struct fields fields;
	struct scan *scan;     /* JSON: fields' paths */
	struct slice *columns; /* owned */
	struct jqvar *vars;    /* owned */
	size_t nvars;
};

struct expreval {
	struct exprset *set;
	struct jqprog **progs; /* NULL until needed */
	struct buf *texts;     /* per program: what libjq's result points to */
	struct slice *slots;   /* per field: its raw text in the record */
	struct field_value {
		bool known;
		struct val val;
	} * values;         /* per field: decoded */
	struct buf strings; /* unescaped field strings; reserved per record, so it does not move */
	struct buf normal;  /* a record as libjq wrote it */
	struct jqdoc *doc;
	bool doc_ready, used_jq;
	const struct slice *row; /* NULL: JSON */
};

/* --- Compiling --- */

static bool is_whole(enum expr_kind kind)
{
	return kind == EXPR_KEY || kind == EXPR_EXACT || kind == EXPR_VALUE;
}

static struct jqprog *compile_jq(const struct exprset *set, const struct program *p,
				 struct buf *err)
{
	struct buf src = BUF_INIT;
	struct jqprog *jq = NULL;

	if (set->columns && columns_rewrite(&src, &set->fields, p->src, is_whole(p->kind), err) < 0)
		goto out;
	jq = jqprog_new(set->columns ? src.data : p->src, set->vars, set->nvars, err);
out:
	buf_free(&src);
	return jq;
}

/* "PROGRAM: why" in place of "why". */
static void name_program(struct buf *err, const char *src)
{
	struct buf why = *err;

	*err = (struct buf)BUF_INIT;
	buf_addf(err, "%s: %s", src, buf_str(&why));
	buf_free(&why);
}

static bool add_program(struct exprset *set, const struct expr_source *from,
			enum expr_engine engine, struct buf *err)
{
	struct program *p = &set->v[set->n++];

	p->src = mem_strdup(from->text);
	p->kind = from->kind;
	p->plan.strings = mem_zalloc(1, sizeof *p->plan.strings);
	if (engine != EXPR_JQ && p->kind != EXPR_MAP)
		p->native = plan_parse(&p->plan, &set->fields, p->src, is_whole(p->kind));
	set->any_native |= p->native;
	if (p->native)
		return true;
	if (engine == EXPR_NATIVE) {
		buf_setf(err, "%s: outside the native subset", p->src);
		return false;
	}
	p->compiled = compile_jq(set, p, err);
	if (!p->compiled)
		name_program(err, p->src);
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

static struct scan *make_scan(const struct fields *fs)
{
	struct scan_path *paths = mem_zalloc(fs->n, sizeof *paths);
	struct scan *sc;

	for (size_t i = 0; i < fs->n; i++)
		paths[i] = (struct scan_path){fs->v[i].names, fs->v[i].n};
	sc = scan_new(paths, fs->n);
	free(paths);
	return sc;
}

struct exprset *exprset_new(const struct expr_source *programs, size_t n,
			    const struct expr_conf *conf, struct buf *err)
{
	struct exprset *set = mem_zalloc(1, sizeof *set);

	copy_conf(set, conf);
	set->v = mem_zalloc(n, sizeof *set->v);
	for (size_t i = 0; i < n; i++) {
		if (!add_program(set, &programs[i], conf->engine, err)) {
			exprset_free(set);
			return NULL;
		}
	}
	if (!set->columns)
		set->scan = make_scan(&set->fields);
	return set;
}

void exprset_free(struct exprset *set)
{
	if (!set)
		return;
	for (size_t i = 0; i < set->n; i++) {
		free(set->v[i].src);
		plan_free(&set->v[i].plan);
		jqprog_free(set->v[i].compiled);
	}
	for (size_t i = 0; i < set->fields.n; i++) {
		for (size_t k = 0; k < set->fields.v[i].n; k++)
			free((char *)set->fields.v[i].names[k].ptr);
		free(set->fields.v[i].names);
	}
	for (size_t i = 0; set->columns && i < set->fields.ncolumns; i++)
		free((char *)set->columns[i].ptr);
	for (size_t i = 0; i < set->nvars; i++) {
		free((char *)set->vars[i].name);
		free((char *)set->vars[i].text);
	}
	free(set->vars);
	free(set->columns);
	free(set->fields.v);
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

struct expreval *expreval_new(struct exprset *set)
{
	struct expreval *ev = mem_zalloc(1, sizeof *ev);

	ev->set = set;
	ev->progs = mem_zalloc(set->n, sizeof *ev->progs);
	ev->texts = mem_zalloc(set->n, sizeof *ev->texts);
	ev->slots = mem_zalloc(set->fields.n, sizeof *ev->slots);
	ev->values = mem_zalloc(set->fields.n, sizeof *ev->values);
	for (size_t i = 0; i < set->n; i++) {
		ev->progs[i] = set->v[i].compiled;
		set->v[i].compiled = NULL;
	}
	return ev;
}

void expreval_free(struct expreval *ev)
{
	if (!ev)
		return;
	for (size_t i = 0; i < ev->set->n; i++) {
		jqprog_free(ev->progs[i]);
		buf_free(&ev->texts[i]);
	}
	free(ev->progs);
	free(ev->texts);
	free(ev->slots);
	free(ev->values);
	buf_free(&ev->strings);
	buf_free(&ev->normal);
	jqdoc_free(ev->doc);
	free(ev);
}

bool expreval_native(const struct expreval *ev)
{
	return !ev->used_jq;
}

/* --- The plan --- */

enum outcome { SURE, UNSURE, BAD };

struct val expr_cell(struct slice cell)
{
	struct val v = {.type = VAL_DEC};

	if (!cell.len)
		return val_null();
	/* The first byte tells most texts from numbers. */
	if ((cell.ptr[0] != '-' && (cell.ptr[0] < '0' || cell.ptr[0] > '9')) ||
	    !num_is_json(cell.ptr, cell.len))
		return val_str(cell.ptr, cell.len);
	if (dec_parse(&v.dec, cell.ptr, cell.len))
		return v;
	return (struct val){.type = VAL_DBL, .dbl = num_double(cell.ptr, cell.len)};
}

static struct val decode_json(struct expreval *ev, struct slice s)
{
	if (!s.ptr)
		return val_null();
	switch (s.ptr[0]) {
	case '"': {
		struct slice text = json_unescape(s.ptr, s.len, &ev->strings);
		return val_str(text.ptr, text.len);
	}
	case '{':
	case '[':
		return (struct val){.type = VAL_JSON, .str = s};
	case 't':
		return (struct val){.type = VAL_TRUE};
	case 'f':
		return (struct val){.type = VAL_FALSE};
	case 'n':
		return val_null();
	default:
		return expr_cell(s);
	}
}

static struct val field_value(struct expreval *ev, unsigned slot)
{
	struct field_value *f = &ev->values[slot];

	if (!f->known) {
		f->val = ev->row ? expr_cell(ev->row[ev->set->fields.v[slot].column])
				 : decode_json(ev, ev->slots[slot]);
		f->known = true;
	}
	return f->val;
}

/*
 * A number that every libjq holds alike: a double, or at most 15 digits, which a double holds without two of them falling
 * together. Others are libjq's, whose versions differ.
 */
static bool plain(const struct val *v)
{
	static const int64_t limit = INT64_C(1000000000000000);

	return v->type == VAL_DBL ||
	       (v->type == VAL_DEC && v->dec.v < limit && v->dec.v > -limit && v->dec.scale <= 22);
}

static enum outcome double_result(double d, struct val *out)
{
	if (!isfinite(d))
		return UNSURE;
	*out = (struct val){.type = VAL_DBL, .dbl = d};
	return SURE;
}

static enum outcome jq_arithmetic(enum plan_op op, const struct val *a, const struct val *b,
				  struct val *out)
{
	double x, y;

	if (op == PLAN_ADD && (a->type == VAL_NULL || b->type == VAL_NULL)) {
		*out = a->type == VAL_NULL ? *b : *a;
		return SURE;
	}
	if (!val_is_number(a) || !val_is_number(b) || !plain(a) || !plain(b))
		return UNSURE;
	x = val_double(a);
	y = val_double(b);
	switch (op) {
	case PLAN_ADD:
		return double_result(x + y, out);
	case PLAN_SUB:
		return double_result(x - y, out);
	case PLAN_MUL:
		return double_result(x * y, out);
	case PLAN_DIV:
		return y == 0 ? UNSURE : double_result(x / y, out);
	default:
		/* Of negative and of huge operands the versions of libjq think differently. */
		if (x < 0 || y < 1 || x >= 1e15 || y >= 1e15)
			return UNSURE;
		return double_result((double)((uint64_t)x % (uint64_t)y), out);
	}
}

static enum outcome not_a_number(const struct val *v, struct buf *err)
{
	struct buf text = BUF_INIT;

	val_put_json(&text, v);
	buf_setf(err, "%s is not a number", buf_str(&text));
	buf_free(&text);
	return BAD;
}

/* + - * as SQL has them: exact, and null when a side is null. */
static enum outcome exact_arithmetic(enum plan_op op, const struct val *a, const struct val *b,
				     struct val *out, struct buf *err)
{
	bool (*const exact[])(struct dec, struct dec, struct dec *) = {
		[PLAN_ADD] = dec_add, [PLAN_SUB] = dec_sub, [PLAN_MUL] = dec_mul};

	if (a->type == VAL_NULL || b->type == VAL_NULL) {
		*out = val_null();
		return SURE;
	}
	if (!val_is_number(a) || !val_is_number(b)) {
		/* jq would repeat a text that is multiplied: here it is a mistake in the data. */
		if (val_is_number(a) && b->type == VAL_STR)
			return not_a_number(b, err);
		if (val_is_number(b) && a->type == VAL_STR)
			return not_a_number(a, err);
		return UNSURE;
	}
	out->type = VAL_DEC;
	if (a->type == VAL_DEC && b->type == VAL_DEC && exact[op](a->dec, b->dec, &out->dec))
		return SURE;
	switch (op) {
	case PLAN_ADD:
		return double_result(val_double(a) + val_double(b), out);
	case PLAN_SUB:
		return double_result(val_double(a) - val_double(b), out);
	default:
		return double_result(val_double(a) * val_double(b), out);
	}
}

static enum outcome compare(enum plan_op op, const struct val *a, const struct val *b,
			    struct val *out)
{
	int c;
	bool is;

	if (a->type == VAL_JSON && b->type == VAL_JSON)
		return UNSURE;
	if (val_is_number(a) && val_is_number(b)) {
		if (!plain(a) || !plain(b))
			return UNSURE;
		double x = val_double(a), y = val_double(b);
		c = (x > y) - (x < y);
	} else {
		c = val_cmp(a, b);
	}
	switch (op) {
	case PLAN_EQ:
		is = c == 0;
		break;
	case PLAN_NE:
		is = c != 0;
		break;
	case PLAN_LT:
		is = c < 0;
		break;
	case PLAN_LE:
		is = c <= 0;
		break;
	case PLAN_GT:
		is = c > 0;
		break;
	default:
		is = c >= 0;
	}
	*out = (struct val){.type = is ? VAL_TRUE : VAL_FALSE};
	return SURE;
}

struct plan_run {
	struct expreval *ev;
	const struct plan *plan;
	bool exact;
	struct buf *err;
};

static enum outcome eval(const struct plan_run *run, unsigned i, struct val *out)
{
	const struct plan_node *n = &run->plan->nodes[i];
	struct val a, b;
	enum outcome r;

	if (n->op == PLAN_FIELD) {
		*out = field_value(run->ev, n->slot);
		return SURE;
	}
	if (n->op == PLAN_LITERAL) {
		*out = n->literal;
		return SURE;
	}
	r = eval(run, n->a, &a);
	if (r != SURE)
		return r;
	/* The right side is looked at only where jq would. */
	if (n->op == PLAN_AND && !val_truthy(&a)) {
		*out = (struct val){.type = VAL_FALSE};
		return SURE;
	}
	if (n->op == PLAN_OR && val_truthy(&a)) {
		*out = (struct val){.type = VAL_TRUE};
		return SURE;
	}
	if (n->op == PLAN_ALT && val_truthy(&a)) {
		*out = a;
		return SURE;
	}
	r = eval(run, n->b, &b);
	if (r != SURE)
		return r;
	switch (n->op) {
	case PLAN_AND:
	case PLAN_OR:
		*out = (struct val){.type = val_truthy(&b) ? VAL_TRUE : VAL_FALSE};
		return SURE;
	case PLAN_ALT:
		*out = b;
		return SURE;
	case PLAN_ADD:
	case PLAN_SUB:
	case PLAN_MUL:
		if (run->exact)
			return exact_arithmetic(n->op, &a, &b, out, run->err);
		return jq_arithmetic(n->op, &a, &b, out);
	case PLAN_DIV:
	case PLAN_MOD:
		return jq_arithmetic(n->op, &a, &b, out);
	default:
		return compare(n->op, &a, &b, out);
	}
}

static enum outcome run_plan(struct expreval *ev, const struct program *p, struct val *out,
			     struct buf *err)
{
	struct plan_run run = {ev, &p->plan, p->kind == EXPR_EXACT, err};
	const struct plan_node *root = &p->plan.nodes[p->plan.n - 1];
	enum outcome r;

	/* A column as a key is its text: 007 stays 007, and 1.0 is not 1. */
	if (p->kind == EXPR_KEY && ev->row && root->op == PLAN_FIELD) {
		struct slice cell = ev->row[ev->set->fields.v[root->slot].column];
		*out = cell.len ? val_str(cell.ptr, cell.len) : val_null();
		return SURE;
	}
	r = eval(&run, (unsigned)p->plan.n - 1, out);

	if (r != SURE)
		return r;
	if (p->kind == EXPR_TEST)
		out->type = val_truthy(out) ? VAL_TRUE : VAL_FALSE;
	/* Arrays and objects stand in the record as they were written; jq -c prints them compact. */
	return out->type == VAL_JSON ? UNSURE : SURE;
}

/* --- libjq --- */

/* The first evaluator took what exprset_new compiled; the others compile when they first need it. */
static bool need_prog(struct expreval *ev, size_t i, struct buf *err)
{
	if (!ev->progs[i])
		ev->progs[i] = compile_jq(ev->set, &ev->set->v[i], err);
	return ev->progs[i] != NULL;
}

static int run_jq(struct expreval *ev, size_t i, struct val *out, struct buf *err)
{
	const struct program *p = &ev->set->v[i];
	struct buf second_text = BUF_INIT;
	struct val second;
	enum jq_result r;

	ev->used_jq = true;
	if (!need_prog(ev, i, err))
		return -1;
	jqprog_start(ev->progs[i], ev->doc);
	do {
		r = jqprog_next(ev->progs[i], p->kind == EXPR_KEY, out, &ev->texts[i], err);
	} while (p->kind == EXPR_TEST && r == JQ_RESULT && !val_truthy(out));
	if (r == JQ_ERROR) {
		name_program(err, p->src);
		return -1;
	}
	if (p->kind == EXPR_TEST) {
		out->type = r == JQ_RESULT ? VAL_TRUE : VAL_FALSE;
		return 0;
	}
	if (r == JQ_END) {
		*out = val_null();
		return 0;
	}
	r = jqprog_next(ev->progs[i], false, &second, &second_text, err);
	buf_free(&second_text);
	if (r == JQ_END)
		return 0;
	if (r == JQ_RESULT)
		buf_setf(err, "two results where one is due");
	name_program(err, p->src);
	return -1;
}

static struct jqdoc *new_doc(struct expreval *ev)
{
	if (!ev->doc)
		ev->doc = jqdoc_new();
	return ev->doc;
}

static int need_doc(struct expreval *ev, struct slice line, struct buf *err)
{
	if (ev->doc_ready)
		return 0;
	ev->used_jq = true;
	if (jqdoc_parse(new_doc(ev), line, err) < 0)
		return -1;
	ev->doc_ready = true;
	return 0;
}

/* --- Records --- */

static void begin_record(struct expreval *ev, size_t text)
{
	ev->doc_ready = ev->used_jq = false;
	for (size_t i = 0; i < ev->set->fields.n; i++)
		ev->values[i].known = false;
	buf_clear(&ev->strings);
	buf_reserve(&ev->strings, text);
}

/*
 * A record that only libjq explains (NaN, bad UTF-8, deep nesting) is given back to the scan as libjq
 * writes it, for the sake of exact arithmetic.
 */
static bool rescan(struct expreval *ev)
{
	buf_clear(&ev->normal);
	jqdoc_put(ev->doc, &ev->normal);
	buf_reserve(&ev->strings, ev->normal.len);
	return scan_run(ev->set->scan, buf_slice(&ev->normal), ev->slots) == SCAN_OK;
}

int expreval_json(struct expreval *ev, struct slice line, struct val out[], struct buf *err)
{
	const struct exprset *set = ev->set;
	bool sure, exact_sure;

	begin_record(ev, line.len);
	ev->row = NULL;
	sure = (set->any_native || !set->n) && scan_run(set->scan, line, ev->slots) == SCAN_OK;
	exact_sure = sure;
	if (!sure) {
		if (need_doc(ev, line, err) < 0)
			return -1;
		exact_sure = set->any_native && rescan(ev);
	}
	for (size_t i = 0; i < set->n; i++) {
		const struct program *p = &set->v[i];
		enum outcome r = UNSURE;
		if (p->native && (p->kind == EXPR_EXACT ? exact_sure : sure))
			r = run_plan(ev, p, &out[i], err);
		if (r == BAD) {
			name_program(err, p->src);
			return -1;
		}
		if (r == UNSURE && (need_doc(ev, line, err) < 0 || run_jq(ev, i, &out[i], err) < 0))
			return -1;
	}
	return 0;
}

/* A raw line is a string: only `.` can be planned. */
int expreval_text(struct expreval *ev, struct slice line, struct val out[], struct buf *err)
{
	bool valid = utf8_valid(line.ptr, line.len), only_dot = valid;

	begin_record(ev, 0);
	ev->row = NULL;
	for (size_t i = 0; i < ev->set->fields.n; i++) {
		only_dot &= ev->set->fields.v[i].n == 0;
		ev->values[i] = (struct field_value){true, val_str(line.ptr, line.len)};
	}
	for (size_t i = 0; i < ev->set->n; i++) {
		const struct program *p = &ev->set->v[i];
		enum outcome r = p->native && only_dot ? run_plan(ev, p, &out[i], err) : UNSURE;
		if (r == BAD) {
			name_program(err, p->src);
			return -1;
		}
		if (r == UNSURE) {
			jqdoc_string(new_doc(ev), line);
			if (run_jq(ev, i, &out[i], err) < 0)
				return -1;
		}
	}
	return 0;
}

static void put_row(struct buf *out, const struct fields *fs, const struct slice cells[])
{
	buf_add_char(out, '{');
	for (size_t i = 0; i < fs->ncolumns; i++) {
		if (i)
			buf_add_char(out, ',');
		json_put_string(out, fs->columns[i].ptr, fs->columns[i].len);
		buf_add_char(out, ':');
		if (!cells[i].len)
			buf_add_str(out, "null");
		else if (num_is_json(cells[i].ptr, cells[i].len))
			buf_add(out, cells[i].ptr, cells[i].len);
		else
			json_put_string(out, cells[i].ptr, cells[i].len);
	}
	buf_add_char(out, '}');
}

static int need_row_doc(struct expreval *ev, const struct slice cells[], struct buf *err)
{
	if (ev->doc_ready)
		return 0;
	buf_clear(&ev->normal);
	put_row(&ev->normal, &ev->set->fields, cells);
	return need_doc(ev, buf_slice(&ev->normal), err);
}

int expreval_row(struct expreval *ev, const struct slice cells[], struct val out[], struct buf *err)
{
	begin_record(ev, 0);
	ev->row = cells;
	for (size_t i = 0; i < ev->set->n; i++) {
		const struct program *p = &ev->set->v[i];
		enum outcome r = p->native ? run_plan(ev, p, &out[i], err) : UNSURE;
		if (r == BAD) {
			name_program(err, p->src);
			return -1;
		}
		if (r == UNSURE &&
		    (need_row_doc(ev, cells, err) < 0 || run_jq(ev, i, &out[i], err) < 0))
			return -1;
	}
	return 0;
}

int expreval_map(struct expreval *ev, struct slice line, const struct expr_form *form,
		 struct buf *out, struct buf *err)
{
	size_t start = out->len;
	enum jq_result r;

	begin_record(ev, 0);
	if (!need_prog(ev, 0, err))
		return -1;
	if (form->raw_in)
		jqdoc_string(new_doc(ev), line);
	else if (need_doc(ev, line, err) < 0)
		return -1;
	ev->used_jq = true;
	jqprog_start(ev->progs[0], ev->doc);
	while ((r = jqprog_print(ev->progs[0], form->raw_out, out, err)) == JQ_RESULT)
		buf_add_char(out, form->end);
	if (r == JQ_END)
		return 0;
	out->len = start;
	return -1;
}

/* --- Names --- */

struct slice expr_default_name(const char *program)
{
	struct lexer lx = {program, 0, strlen(program)};
	struct slice name = slice_str("key");
	struct token t, before = {0};

	for (t = lexer_next(&lx); t.type != TOK_END; t = lexer_next(&lx)) {
		if (t.type == TOK_FIELD)
			name = t.text;
		else if (t.type == TOK_STRING && before.type == TOK_DOT && !t.interpolated &&
			 !memchr(t.text.ptr, '\\', t.text.len))
			name = slice_of(t.text.ptr + 1, t.text.len - 2);
		else if (t.type != TOK_DOT && !token_is(&t, "?"))
			return slice_str("key");
		before = t;
	}
	return name;
}
