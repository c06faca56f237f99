#include "groupout.h"

#include <stdlib.h>

#include "arena.h"
#include "csvio.h"
#include "diag.h"
#include "grid.h"
#include "mem.h"

struct sort {
	size_t column;
	bool descending;
};

struct groupout {
	const struct groupout_conf *conf;
	const struct groupby *gb;
	enum groupout_form form;
	struct sort *sorts;
	size_t nsorts;
	size_t nkeys, ncolumns;
};

#define OFF(field) offsetof(struct groupout_conf, field)

const struct opt groupout_opts[] = {
	{0, "sort", OPT_LIST, OFF(sort), "COL[:desc]",
	 "sort the rows by a column of the output (may be repeated)", NULL},
	{0, "limit", OPT_COUNT, OFF(limit), "N", "write the first N rows only", NULL},
	{0, "csv", OPT_FLAG, OFF(csv), NULL, "write CSV (default, but for --tsv)", NULL},
	{0, "json", OPT_FLAG, OFF(json), NULL, "write JSON, an object a line", NULL},
	{0, "table", OPT_FLAG, OFF(table), NULL, "write aligned columns, for people", NULL},
	{0, "no-header-out", OPT_FLAG, OFF(no_header_out), NULL, "write no header row", NULL},
	{0},
};

enum groupout_form groupout_form(const struct groupout_conf *conf)
{
	if (conf->csv + conf->json + conf->table > 1)
		diag_usage("give one of --csv, --json, --table");
	for (size_t i = 0; i < conf->sort.n; i++) {
		if (!*conf->sort.v[i])
			diag_usage("--sort: no column");
	}
	return conf->json    ? GROUPOUT_JSON
	       : conf->table ? GROUPOUT_TABLE
	       : conf->csv   ? GROUPOUT_CSV
	       : conf->tsv   ? GROUPOUT_TSV
			     : GROUPOUT_CSV;
}

/* --- Columns --- */

static struct slice column_name(const struct groupout *go, size_t i)
{
	return i < go->nkeys ? groupby_key_name(go->gb, i)
			     : slice_str(groupby_aggs(go->gb)->v[i - go->nkeys].name);
}

static bool find_column(const struct groupout *go, struct slice name, size_t *column)
{
	for (*column = 0; *column < go->ncolumns; ++*column) {
		if (slice_eq(column_name(go, *column), name))
			return true;
	}
	return false;
}

static bool take_off(struct slice *text, const char *ending)
{
	size_t len = strlen(ending);

	if (text->len < len || memcmp(text->ptr + text->len - len, ending, len) != 0)
		return false;
	text->len -= len;
	return true;
}

/* COL, COL:asc or COL:desc; what is a column's name as a whole is that column. */
static bool parse_sort(const struct groupout *go, const char *text, struct sort *s)
{
	struct slice name = slice_str(text);

	s->descending = false;
	if (find_column(go, name, &s->column))
		return true;
	s->descending = take_off(&name, ":desc");
	if (!s->descending && !take_off(&name, ":asc"))
		return false;
	return find_column(go, name, &s->column);
}

static void say_columns(const struct groupout *go, const char *text, struct buf *err)
{
	buf_setf(err, "--sort %s: no such column in the output, which has ", text);
	for (size_t i = 0; i < go->ncolumns; i++) {
		struct slice name = column_name(go, i);

		buf_addf(err, "%s%.*s", i ? ", " : "", (int)name.len, name.ptr);
	}
}

struct groupout *groupout_new(const struct groupout_conf *conf, const struct groupby *gb,
			      struct buf *err)
{
	struct groupout *go = mem_zalloc(1, sizeof *go);

	go->conf = conf;
	go->gb = gb;
	go->form = groupout_form(conf);
	go->nkeys = groupby_keys(gb);
	go->ncolumns = go->nkeys + groupby_aggs(gb)->n;
	go->nsorts = conf->sort.n;
	go->sorts = mem_zalloc(go->nsorts, sizeof *go->sorts);
	for (size_t i = 0; i < go->nsorts; i++) {
		if (!parse_sort(go, conf->sort.v[i], &go->sorts[i])) {
			say_columns(go, conf->sort.v[i], err);
			groupout_free(go);
			return NULL;
		}
	}
	return go;
}

void groupout_free(struct groupout *go)
{
	if (!go)
		return;
	free(go->sorts);
	free(go);
}

/* --- Values --- */

static bool is_number(const struct groupout *go, const struct val *v)
{
	return val_is_number(v) ||
	       (groupby_cells(go->gb) && v->type == VAL_STR && num_is_json(v->str.ptr, v->str.len));
}

/* What a cell's text means. */
static struct val meaning(const struct groupout *go, struct val v)
{
	struct val number = {.type = VAL_DEC};

	if (v.type != VAL_STR || !is_number(go, &v))
		return v;
	if (dec_parse(&number.dec, v.str.ptr, v.str.len))
		return number;
	return (struct val){.type = VAL_DBL, .dbl = num_double(v.str.ptr, v.str.len)};
}

/* Walks the values of a group; valid until the next one. */
struct walk {
	const struct groupout *go;
	const struct groups *gs;
	size_t g, i;
	struct slice key;
	struct buf scratch;
};

static void walk_start(struct walk *w, size_t g)
{
	w->g = g;
	w->i = 0;
	w->key = groups_key(w->gs, g);
}

static bool walk_next(struct walk *w, struct val *v)
{
	const struct groupout *go = w->go;
	size_t i = w->i++;

	if (i >= go->ncolumns)
		return false;
	if (i >= go->nkeys)
		*v = groupby_result(go->gb, groups_states(w->gs, w->g), i - go->nkeys, &w->scratch);
	else if (!val_next_key(&w->key, v))
		return false;
	return true;
}

/* --- Order --- */

/* What a group is sorted by. */
struct sortable {
	size_t g;
	const struct val *values; /* one for each --sort */
};

static int cmp_values(const struct val *a, const struct val *b, bool descending)
{
	if (a->type == VAL_NULL || b->type == VAL_NULL)
		return (a->type == VAL_NULL) - (b->type == VAL_NULL);
	return descending ? val_cmp(b, a) : val_cmp(a, b);
}

static int cmp_rows(const struct groupout *go, const struct sortable *a, const struct sortable *b)
{
	int order = 0;

	for (size_t i = 0; order == 0 && i < go->nsorts; i++)
		order = cmp_values(&a->values[i], &b->values[i], go->sorts[i].descending);
	return order;
}

/* Merges, so that equal ones stay in order; `spare` has room for n. */
static void sort_rows(const struct groupout *go, struct sortable *v, size_t n,
		      struct sortable *spare)
{
	size_t half = n / 2, left = 0, right = half;

	if (n < 2)
		return;
	sort_rows(go, v, half, spare);
	sort_rows(go, v + half, n - half, spare);
	memcpy(spare, v, half * sizeof *v);
	for (size_t i = 0; left < half; i++)
		v[i] = right < n && cmp_rows(go, &v[right], &spare[left]) < 0 ? v[right++]
									      : spare[left++];
}

/* Texts of results last until the next one only. */
static struct val keep(struct val v, struct arena *texts)
{
	if (v.type == VAL_STR || v.type == VAL_JSON)
		v.str = arena_copy(texts, v.str.ptr, v.str.len);
	return v;
}

static void take_values(struct walk *w, struct val *values, struct arena *texts)
{
	const struct groupout *go = w->go;
	struct val v;

	while (walk_next(w, &v)) {
		for (size_t i = 0; i < go->nsorts; i++) {
			if (go->sorts[i].column == w->i - 1)
				values[i] = keep(meaning(go, v), texts);
		}
	}
}

static struct sortable *sorted(const struct groupout *go, const struct groups *gs)
{
	size_t n = groups_count(gs);
	struct sortable *rows = mem_zalloc(n, sizeof *rows), *spare;
	struct val *values = mem_zalloc(n * go->nsorts, sizeof *values);
	struct walk w = {.go = go, .gs = gs};
	struct arena texts = {0};

	for (size_t g = 0; g < n; g++) {
		rows[g] = (struct sortable){g, values + g * go->nsorts};
		if (go->nsorts) {
			walk_start(&w, g);
			take_values(&w, values + g * go->nsorts, &texts);
		}
	}
	if (go->nsorts) {
		spare = mem_zalloc(n / 2, sizeof *spare);
		sort_rows(go, rows, n, spare);
		free(spare);
	}
	buf_free(&w.scratch);
	arena_free(&texts);
	free(values);
	return rows;
}

/* --- Rows --- */

/* Where rows go: text, or a grid that becomes text in the end. */
struct sink {
	const struct groupout *go;
	struct buf *out;
	struct grid *grid;
	struct csv_dialect dialect;
	bool begun; /* something was put */
	struct buf text;
};

static void put_cell(struct sink *s, size_t i, struct slice text, enum grid_cell kind)
{
	bool blank;

	if (s->grid) {
		grid_add(s->grid, text, kind);
		return;
	}
	if (i)
		buf_add_char(s->out, s->dialect.delim);
	/* An empty line would not read back as a row. */
	blank = !text.len && s->go->ncolumns == 1;
	csv_put_cell(s->out, s->dialect, text, blank || (!s->begun && csv_looks_marked(text)));
	s->begun = true;
	if (i + 1 == s->go->ncolumns)
		buf_add_char(s->out, '\n');
}

static void put_value(struct sink *s, size_t i, const struct val *v)
{
	enum grid_cell kind = v->type == VAL_NULL   ? GRID_OTHER
			      : is_number(s->go, v) ? GRID_NUMBER
						    : GRID_TEXT;

	buf_clear(&s->text);
	if (v->type != VAL_NULL)
		val_put_text(&s->text, v);
	put_cell(s, i, buf_slice(&s->text), kind);
}

static void put_header(struct sink *s)
{
	for (size_t i = 0; i < s->go->ncolumns; i++)
		put_cell(s, i, column_name(s->go, i), GRID_OTHER);
}

static void put_row(struct sink *s, struct walk *w)
{
	struct val v;

	while (walk_next(w, &v))
		put_value(s, w->i - 1, &v);
}

static void put_object(struct sink *s, struct walk *w)
{
	buf_add_char(s->out, '{');
	groupby_put_key(s->go->gb, groups_key(w->gs, w->g), s->out);
	if (s->go->nkeys)
		buf_add_char(s->out, ',');
	groupby_put_results(s->go->gb, groups_states(w->gs, w->g), s->out);
	buf_add_char(s->out, '}');
	buf_add_char(s->out, s->go->conf->end);
}

void groupout_put(const struct groupout *go, const struct groups *gs, struct buf *out)
{
	struct sortable *rows = sorted(go, gs);
	size_t n = groups_count(gs);
	struct walk w = {.go = go, .gs = gs};
	struct sink s = {.go = go,
			 .out = out,
			 .grid = go->form == GROUPOUT_TABLE ? grid_new(go->ncolumns) : NULL,
			 .dialect = {go->form == GROUPOUT_TSV ? '\t' : ',', '"'}};

	if (go->form != GROUPOUT_JSON && !go->conf->no_header_out)
		put_header(&s);
	for (size_t i = 0; i < n && i < (uint64_t)go->conf->limit; i++) {
		walk_start(&w, rows[i].g);
		(go->form == GROUPOUT_JSON ? put_object : put_row)(&s, &w);
	}
	if (s.grid)
		grid_put(s.grid, out);
	grid_free(s.grid);
	buf_free(&s.text);
	buf_free(&w.scratch);
	free(rows);
}
