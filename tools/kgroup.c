/* kgroup: how far consumer groups are, and changes to that. */
#include "admintool.h"
#include "diag.h"
#include "grid.h"
#include "loop.h"
#include "num.h"

#include <inttypes.h>
#include <stdio.h>

struct options {
	struct admintool common;
	const char *offset, *shift;
	bool yes;
};

static struct options o;

/* --- Options --- */

#define OFF(field) offsetof(struct options, field)

#define YES                                                                                        \
	{                                                                                          \
		'y', "yes", OPT_FLAG, OFF(yes), NULL, "do it, not only tell what would be done",   \
			NULL                                                                       \
	}

static const struct opt reset_opts[] = {
	{'o', "offset", OPT_STRING, OFF(offset), "OFFSET",
	 "to where, as of kin: beginning, end, N, -N, +N, @TIME", NULL},
	{0, "shift", OPT_STRING, OFF(shift), "N", "by N from what is committed; back with -N",
	 NULL},
	YES,
	{0},
};

static const struct opt delete_opts[] = {YES, {0}};

static const struct optgroup none[] = {{0}};
static const struct optgroup reset_groups[] = {{NULL, reset_opts, &o}, {0}};
static const struct optgroup delete_groups[] = {{NULL, delete_opts, &o}, {0}};

static const char *type_of(const struct kafka_group *g)
{
	return g->simple ? "simple" : "consumer";
}

static int finish(struct kafka_groups *groups, size_t shown)
{
	kafka_groups_free(groups);
	return admintool_close(&o.common, shown);
}

/* --- list --- */

static int list(const struct operands *names)
{
	static const char *const columns[] = {"group", "state", "type"};
	struct rows *r = rows_new(columns, 3, o.common.json);
	struct kafka_groups groups;

	admintool_open(&o.common);
	admintool_check(&o.common,
			kafka_groups_list(o.common.admin, names, &groups, &o.common.err));
	for (size_t i = 0; i < groups.n; i++) {
		rows_text(r, groups.v[i].name);
		rows_text(r, groups.v[i].state);
		rows_text(r, type_of(&groups.v[i]));
	}
	admintool_print_rows(r);
	return finish(&groups, groups.n);
}

/* --- describe --- */

static struct kafka_groups described(const struct operands *names, bool absent)
{
	struct kafka_groups groups;

	admintool_open(&o.common);
	admintool_check(&o.common, kafka_groups_describe(o.common.admin, names, absent, &groups,
							 &o.common.err));
	return groups;
}

static const char *const describe_columns[] = {
	"group",  "state", "topic",     "partition", "committed",
	"latest", "lag",   "member_id", "client_id", "host",
};

/* The first of them stand above the table. */
enum { DESCRIBE_COLUMNS = 10, DESCRIBE_ABOVE = 2 };

static bool lag_of(const struct kafka_claim *c, int64_t *lag)
{
	*lag = c->latest - c->committed;
	return c->committed >= 0 && c->latest >= 0;
}

/* claim, member: NULL for none. */
static void put_row(struct rows *r, const struct kafka_group *g, const struct kafka_claim *c,
		    const struct kafka_member *m)
{
	int64_t lag;

	if (o.common.json) {
		rows_text(r, g->name);
		rows_text(r, g->state);
	}
	rows_text(r, c ? c->topic : NULL);
	rows_offset(r, c ? c->partition : -1);
	rows_offset(r, c ? c->committed : -1);
	rows_offset(r, c ? c->latest : -1);
	if (c && lag_of(c, &lag))
		rows_number(r, lag);
	else
		rows_text(r, NULL);
	rows_text(r, m ? m->id : NULL);
	rows_text(r, m ? m->client : NULL);
	rows_text(r, m ? m->host : NULL);
}

/* Its partitions, and the members that have none. */
static void put_group(struct rows *r, const struct kafka_group *g)
{
	size_t n = g->nclaims;

	for (size_t i = 0; i < g->nclaims; i++)
		put_row(r, g, &g->claims[i], g->claims[i].member);
	for (size_t i = 0; i < g->nmembers; i++) {
		if (g->members[i].partitions)
			continue;
		put_row(r, g, NULL, &g->members[i]);
		n++;
	}
	if (!n && o.common.json)
		put_row(r, g, NULL, NULL);
}

static void add_line(struct grid *grid, const char *name, const char *value)
{
	grid_add(grid, slice_str(name), GRID_TEXT);
	grid_add(grid, slice_str(value ? value : "-"), GRID_TEXT);
}

static void add_number_line(struct grid *grid, const char *name, int64_t n)
{
	char text[32];

	snprintf(text, sizeof text, "%" PRId64, n);
	add_line(grid, name, n < 0 ? NULL : text);
}

static int64_t total_lag(const struct kafka_group *g)
{
	int64_t sum = 0, lag;

	for (size_t i = 0; i < g->nclaims; i++) {
		if (lag_of(&g->claims[i], &lag))
			sum += lag;
	}
	return sum;
}

static void put_above(struct buf *out, const struct kafka_group *g)
{
	struct grid *grid = grid_new(2);

	add_line(grid, "GROUP", g->name);
	add_line(grid, "STATE", g->state);
	add_line(grid, "TYPE", type_of(g));
	add_number_line(grid, "COORDINATOR", g->coordinator);
	add_line(grid, "ASSIGNOR", g->assignor);
	add_number_line(grid, "MEMBERS", (int64_t)g->nmembers);
	add_number_line(grid, "TOTAL-LAG", total_lag(g));
	grid_put(grid, out);
	grid_free(grid);
}

static void put_tables(struct buf *out, const struct kafka_groups *groups)
{
	for (size_t i = 0; i < groups->n; i++) {
		const struct kafka_group *g = &groups->v[i];
		struct rows *r = rows_new(describe_columns + DESCRIBE_ABOVE,
					  DESCRIBE_COLUMNS - DESCRIBE_ABOVE, false);

		buf_add_str(out, i ? "\n" : "");
		put_above(out, g);
		put_group(r, g);
		if (g->nclaims || g->nmembers) {
			buf_add_char(out, '\n');
			rows_put(r, out);
		}
		rows_free(r);
	}
}

static void put_json(struct buf *out, const struct kafka_groups *groups)
{
	struct rows *r = rows_new(describe_columns, DESCRIBE_COLUMNS, true);

	for (size_t i = 0; i < groups->n; i++)
		put_group(r, &groups->v[i]);
	rows_put(r, out);
	rows_free(r);
}

static int describe(const struct operands *names)
{
	struct kafka_groups groups = described(names, false);
	struct buf out = BUF_INIT;

	admintool_check(&o.common, kafka_groups_offsets(o.common.admin, &groups, &o.common.err));
	if (o.common.json)
		put_json(&out, &groups);
	else
		put_tables(&out, &groups);
	admintool_print(&out);
	buf_free(&out);
	return finish(&groups, groups.n);
}

/* --- reset --- */

static void say_clamped(const struct kafka_claim *c, int64_t wanted)
{
	if (!o.common.quiet)
		diag_warn("%s[%" PRId32 "]: there is no offset %" PRId64 ", taking %" PRId64,
			  c->topic, c->partition, wanted, c->to);
}

static void take_reset(struct kafka_reset *reset, struct kafka_point *pt)
{
	const char *digits = o.shift && o.shift[0] == '+' ? o.shift + 1 : o.shift;

	if (!o.offset == !o.shift)
		diag_usage("say to where: -o or --shift, one of them");
	if (o.shift && (!num_int64(digits, &reset->shift) || digits[0] == '+' ||
			(digits > o.shift && digits[0] == '-')))
		diag_usage("--shift: '%s' is not a number of records, like -10", o.shift);
	if (o.offset) {
		*pt = admintool_point(o.offset);
		reset->pt = pt;
	}
}

static void print_reset(const struct kafka_group *g)
{
	static const char *const columns[] = {"group",     "topic",      "partition",
					      "committed", "new_offset", "latest"};
	struct rows *r = rows_new(columns, 6, o.common.json);

	for (size_t i = 0; i < g->nclaims; i++) {
		const struct kafka_claim *c = &g->claims[i];
		rows_text(r, g->name);
		rows_text(r, c->topic);
		rows_number(r, c->partition);
		rows_offset(r, c->committed);
		rows_number(r, c->to);
		rows_number(r, c->latest);
	}
	admintool_print_rows(r);
}

static int reset(const struct operands *operands)
{
	struct kafka_reset reset = {.dry_run = !o.yes, .clamped = say_clamped};
	const struct operands name = {operands->v, 1}, targets = {operands->v + 1, operands->n - 1};
	struct kafka_groups groups;
	struct kafka_point pt;

	take_reset(&reset, &pt);
	if (operands->v[0][0] == '^')
		diag_usage("'%s': a reset is of one group", operands->v[0]);
	groups = described(&name, true);
	admintool_check(&o.common, kafka_group_reset(o.common.admin, &groups, &targets, &reset,
						     &o.common.err));
	if (!groups.n)
		return finish(&groups, 0);
	size_t n = groups.v[0].nclaims;
	if (n)
		print_reset(&groups.v[0]);
	if (!o.yes)
		admintool_dry_run(&o.common, n, "offset", "committed");
	return finish(&groups, o.yes ? 0 : n);
}

/* --- delete --- */

static int delete (const struct operands *names)
{
	static const char *const columns[] = {"group", "state", "partitions"};
	struct kafka_groups groups = described(names, false);
	struct rows *r = rows_new(columns, 3, o.common.json);

	admintool_check(&o.common,
			kafka_groups_delete(o.common.admin, &groups, !o.yes, &o.common.err));
	if (o.yes) {
		rows_free(r);
		return finish(&groups, 0);
	}
	for (size_t i = 0; i < groups.n; i++) {
		rows_text(r, groups.v[i].name);
		rows_text(r, groups.v[i].state);
		rows_number(r, (int64_t)groups.v[i].nclaims);
	}
	admintool_print_rows(r);
	admintool_dry_run(&o.common, groups.n, "group", "deleted");
	return finish(&groups, groups.n);
}

/* --- The tool --- */

static const struct command commands[] = {
	{"list",
	 {.usage = "list [OPTIONS] [GROUP...]",
	  .summary = "Groups, with their states and types.",
	  .max_operands = -1},
	 none,
	 list},
	{"describe",
	 {.usage = "describe [OPTIONS] GROUP...",
	  .summary = "Each partition: committed and latest offset, lag, member.",
	  .min_operands = 1,
	  .max_operands = -1},
	 none,
	 describe},
	{"reset",
	 {.usage = "reset [OPTIONS] GROUP [TOPIC[:PARTITIONS]...]",
	  .summary = "Commit other offsets; without -y, tell which.",
	  .notes = "Without a TOPIC, those of all partitions that the group has committed.",
	  .min_operands = 1,
	  .max_operands = -1},
	 reset_groups,
	 reset},
	{"delete",
	 {.usage = "delete [OPTIONS] GROUP...",
	  .summary = "Delete groups; without -y, tell what would be deleted.",
	  .min_operands = 1,
	  .max_operands = -1},
	 delete_groups,
	 delete},
	{0},
};

static const struct tool tool = {
	.usage = "COMMAND [OPTIONS] [GROUP...]",
	.summary = "Look at the consumer groups of a Kafka cluster, reset and delete them.",
	.notes = "A GROUP or TOPIC that begins with ^ is a regular expression.\n"
		 "Options of a command: kgroup COMMAND --help",
	.commands = commands,
};

int main(int argc, char **argv)
{
	const struct optgroup groups[] = {
		{"Output", admintool_opts, &o.common},
		{"Brokers", kafka_opts, &o.common.kafka},
		{0},
	};
	const struct command *command;
	struct operands operands;

	diag_init(argv[0]);
	loop_init();
	command = opt_parse_command(&tool, groups, argc, argv, &operands);
	return command->run(&operands);
}
