/* csvout: NDJSON objects to CSV. */
#include <stdlib.h>

#include "csvio.h"
#include "diag.h"
#include "filter.h"
#include "json.h"
#include "keytab.h"
#include "loop.h"
#include "mem.h"
#include "val.h"

enum extra { EXTRA_BAD, EXTRA_IGNORE };

static const char *const extra_choices[] = {"bad", "ignore", NULL};

struct field {
	struct slice name, value; /* value: its JSON text */
};

struct csvout {
	const char *columns_text, *delim, *quote;
	bool no_header_out, tsv;
	int extra;
	struct filter_conf filter;

	struct csv_dialect dialect;
	struct keytab *columns; /* name -> number (size_t) */
	size_t ncolumns;
	struct slice *values; /* by column, JSON text, ptr NULL: none */
	bool known;           /* the columns are */
	bool begun;           /* something was printed */
	struct field *fields; /* of the record at hand */
	size_t nfields, fields_cap;
	struct buf scratch, err;
};

#define OFF(field) offsetof(struct csvout, field)

static const struct opt opts[] = {
	{0, "columns", OPT_STRING, OFF(columns_text), "COL,...",
	 "the columns; default: the first record's fields", NULL},
	{0, "extra", OPT_CHOICE, OFF(extra), "bad|ignore",
	 "a field that is no column: its record is bad (default), or ignore it", extra_choices},
	{0, "no-header-out", OPT_FLAG, OFF(no_header_out), NULL, "print no header row", NULL},
	{'d', "delimiter", OPT_STRING, OFF(delim), "CHAR",
	 "cells end at CHAR (default ,); \\t is tab", NULL},
	{0, "tsv", OPT_FLAG, OFF(tsv), NULL, "cells end at tab", NULL},
	{0, "quote", OPT_STRING, OFF(quote), "CHAR", "quotes are CHAR (default \")", NULL},
	{0},
};

static const struct tool tool = {
	.usage = "[OPTIONS] [FILE...]",
	.summary = "Turn JSON objects, one a line, into CSV rows.",
	.notes = "COL,... is itself a CSV row: a name with a comma goes in quotes.\n"
		 "null and a missing field are an empty cell; an array or object is its JSON text.",
	.max_operands = -1,
};

/* --- Columns --- */

static bool add_column(struct csvout *c, struct slice name)
{
	size_t number = keytab_count(c->columns);
	bool made;
	size_t *slot = keytab_put(c->columns, name, &made);

	if (made)
		*slot = number;
	return made;
}

static void columns_known(struct csvout *c)
{
	c->ncolumns = keytab_count(c->columns);
	c->values = mem_zalloc(c->ncolumns, sizeof *c->values);
	c->known = true;
}

/* The number of a column, or how many there are. Fields mostly come in the columns' order: `guess`
 * is tried first. */
static size_t find_column(const struct csvout *c, struct slice name, size_t guess)
{
	const size_t *number;

	if (guess < c->ncolumns && slice_eq(keytab_key(c->columns, guess), name))
		return guess;
	number = keytab_get(c->columns, name);
	return number ? *number : c->ncolumns;
}

/* --- Rows --- */

/*
 * A lone empty cell is quoted, or its row would be a blank line; so is what would be taken for a
 * byte order mark at the start of the file.
 */
static void put_cell(struct csvout *c, size_t i, struct slice text, struct buf *out)
{
	bool blank = c->ncolumns == 1 && text.len == 0;
	bool mark = !c->begun && csv_looks_marked(text);

	if (i)
		buf_add_char(out, c->dialect.delim);
	csv_put_cell(out, c->dialect, text, blank || mark);
	c->begun = true;
}

static void put_header(struct csvout *c, struct buf *out)
{
	if (c->begun || c->no_header_out)
		return;
	for (size_t i = 0; i < c->ncolumns; i++)
		put_cell(c, i, keytab_key(c->columns, i), out);
	buf_add_char(out, '\n');
}

static struct slice cell_text(struct slice value, struct buf *scratch)
{
	if (!value.ptr || slice_is(value, "null"))
		return slice_str("");
	if (*value.ptr == '"')
		return json_unescape(value.ptr, value.len, scratch);
	return value;
}

static void put_row(struct csvout *c, struct buf *out)
{
	for (size_t i = 0; i < c->ncolumns; i++)
		put_cell(c, i, cell_text(c->values[i], &c->scratch), out);
	buf_add_char(out, '\n');
}

/* --- Records --- */

/* The member at p: its end, or NULL when it is not strict JSON. */
static const char *take_member(struct csvout *c, const char *p, const char *end)
{
	const char *name = p, *name_end, *value;

	if (p == end || *p != '"')
		return NULL;
	name_end = json_skip(p, end, 0);
	if (!name_end)
		return NULL;
	p = json_blank(name_end, end);
	if (p == end || *p != ':')
		return NULL;
	value = json_blank(p + 1, end);
	p = json_skip(value, end, JSON_DEPTH_MAX - 1);
	if (!p)
		return NULL;
	c->fields = mem_grow(c->fields, &c->fields_cap, c->nfields + 1, sizeof *c->fields);
	c->fields[c->nfields++] =
		(struct field){json_unescape(name, (size_t)(name_end - name), &c->scratch),
			       slice_of(value, (size_t)(p - value))};
	return p;
}

/* The fields of the object at p; its end, or NULL. */
static const char *take_object(struct csvout *c, const char *p, const char *end)
{
	if (p == end || *p != '{')
		return NULL;
	p = json_blank(p + 1, end);
	if (p < end && *p == '}')
		return p + 1;
	for (;;) {
		p = take_member(c, p, end);
		if (!p)
			return NULL;
		p = json_blank(p, end);
		if (p < end && *p == '}')
			return p + 1;
		if (p == end || *p != ',')
			return NULL;
		p = json_blank(p + 1, end);
	}
}

static const char *why_not(const char *p, const char *end)
{
	const char *behind = json_skip(p, end, JSON_DEPTH_MAX);

	if (!behind)
		return "invalid JSON";
	behind = json_blank(behind, end);
	if (behind == end)
		return "not an object";
	return json_skip(behind, end, JSON_DEPTH_MAX)
		       ? "two JSON texts on a line (one per line: jq -c .)"
		       : "invalid JSON";
}

static bool take_record(struct csvout *c, struct slice rec)
{
	const char *end = rec.ptr + rec.len, *p = json_blank(rec.ptr, end), *stop;

	c->nfields = 0;
	buf_clear(&c->scratch);
	buf_reserve(&c->scratch, rec.len); /* for all strings, so that none moves */
	stop = take_object(c, p, end);
	if (stop && json_blank(stop, end) == end)
		return true;
	buf_setf(&c->err, "%s", why_not(p, end));
	return false;
}

/* The first good record tells the columns. */
static bool learn_columns(struct csvout *c)
{
	if (!c->nfields) {
		buf_setf(&c->err, "no fields to make columns of (see --columns)");
		return false;
	}
	for (size_t i = 0; i < c->nfields; i++)
		add_column(c, c->fields[i].name);
	columns_known(c);
	return true;
}

static void refuse_field(struct csvout *c, struct slice name)
{
	struct val v = val_str(name.ptr, name.len);

	buf_setf(&c->err, "field ");
	val_put_quote(&c->err, &v);
	buf_addf(&c->err, " is no column (see --columns and --extra)");
}

/* Each field to its column; of fields with one name the last counts, as in jq. */
static bool place_fields(struct csvout *c)
{
	size_t column = 0;

	for (size_t i = 0; i < c->ncolumns; i++)
		c->values[i] = (struct slice){NULL, 0};
	for (size_t i = 0; i < c->nfields; i++) {
		struct slice name = c->fields[i].name;

		column = find_column(c, name, i ? column + 1 : 0);
		if (column < c->ncolumns) {
			c->values[column] = c->fields[i].value;
		} else if (c->extra == EXTRA_BAD) {
			refuse_field(c, name);
			return false;
		}
	}
	return true;
}

static void apply(void *ctx, const struct block *blk, struct result *res)
{
	struct csvout *c = ctx;
	struct slice rec;

	if (c->known)
		put_header(c, &res->out);
	while (result_next(res, blk, &rec)) {
		if (take_record(c, rec) && (c->known || learn_columns(c)) && place_fields(c)) {
			put_header(c, &res->out);
			put_row(c, &res->out);
		} else if (!result_bad_line(res, blk, rec, buf_str(&c->err))) {
			return;
		}
	}
}

/* --- Options --- */

static void parse_columns(struct csvout *c)
{
	struct csv_names names = {0};
	struct buf err = BUF_INIT;

	if (!csv_names_parse(&names, c->columns_text, &err))
		diag_usage("--columns: '%s': %s", c->columns_text, buf_str(&err));
	for (size_t i = 0; i < names.n; i++) {
		if (!add_column(c, names.v[i]))
			diag_usage("--columns: '%s' is there twice", names.v[i].ptr);
	}
	csv_names_free(&names);
	columns_known(c);
}

static void check_options(struct csvout *c)
{
	struct buf err = BUF_INIT;

	if (!csv_dialect_parse(&c->dialect, c->delim, c->quote, c->tsv, &err))
		diag_usage("%s", buf_str(&err));
	c->columns = keytab_new(sizeof(size_t), (uint64_t)loop_now());
	if (c->columns_text)
		parse_columns(c);
}

static void clean_up(struct csvout *c)
{
	keytab_free(c->columns);
	free(c->values);
	free(c->fields);
	buf_free(&c->scratch);
	buf_free(&c->err);
}

int main(int argc, char **argv)
{
	struct csvout c = {.filter = FILTER_CONF_INIT};
	const struct optgroup groups[] = {
		{NULL, opts, &c},
		{"Input and output", filter_opts, &c.filter},
		{0},
	};
	struct filter_tool f = FILTER_TOOL_INIT;
	struct operands files;
	int rc;

	diag_init(argv[0]);
	loop_init();
	opt_parse(&tool, groups, argc, argv, &files);
	check_options(&c);
	f.apply = apply;
	rc = filter_run(&f, &c, &c.filter, files);
	clean_up(&c);
	return rc;
}
