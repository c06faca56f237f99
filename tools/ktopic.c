/* ktopic: what topics there are, and changes to them. */
#include "admintool.h"
#include "diag.h"
#include "loop.h"

struct options {
	struct admintool common;
	struct kafka_topic_change change;
	int64_t partitions, replication; /* -1: not given */
	const char *offset;
	bool yes, overrides;
};

static struct options o = {.partitions = -1, .replication = -1};

/* --- Options --- */

#define OFF(field) offsetof(struct options, field)

#define PARTITIONS(help)                                                                           \
	{                                                                                          \
		'p', "partitions", OPT_COUNT, OFF(partitions), "N", help, NULL                     \
	}
#define TOPIC_CONFIG                                                                               \
	{                                                                                          \
		'c', "topic-config", OPT_LIST, OFF(change.set), "NAME=VALUE",                      \
			"configure the topic (so does -X, but for the client's names)", NULL       \
	}
#define DRY_RUN                                                                                    \
	{                                                                                          \
		'n', "dry-run", OPT_FLAG, OFF(change.dry_run), NULL,                               \
			"change nothing, let the cluster check only", NULL                         \
	}

static const struct opt create_opts[] = {
	PARTITIONS("that many partitions (default: the cluster's)"),
	{'r', "replication-factor", OPT_COUNT, OFF(replication), "N",
	 "that many replicas of each (default: the cluster's)", NULL},
	TOPIC_CONFIG,
	{0, "if-not-exists", OPT_FLAG, OFF(change.if_not_exists), NULL,
	 "a topic that is there is no failure", NULL},
	DRY_RUN,
	{0},
};

static const struct opt alter_opts[] = {
	PARTITIONS("have that many partitions, more than there are"),
	TOPIC_CONFIG,
	{'d', "delete-config", OPT_LIST, OFF(change.unset), "NAME",
	 "go back to the cluster's value", NULL},
	DRY_RUN,
	{0},
};

static const struct opt delete_opts[] = {
	{'y', "yes", OPT_FLAG, OFF(yes), NULL, "do it, not only tell what would be done", NULL},
	{0},
};

static const struct opt offsets_opts[] = {
	{'o', "offset", OPT_STRING, OFF(offset), "OFFSET",
	 "and this one, as of kin: @TIME, -N, +N, ...", NULL},
	{0},
};

static const struct opt configs_opts[] = {
	{0, "overrides", OPT_FLAG, OFF(overrides), NULL, "only what is set for the topic itself",
	 NULL},
	{0},
};

static const struct optgroup none[] = {{0}};
static const struct optgroup create_groups[] = {{NULL, create_opts, &o}, {0}};
static const struct optgroup alter_groups[] = {{NULL, alter_opts, &o}, {0}};
static const struct optgroup delete_groups[] = {{NULL, delete_opts, &o}, {0}};
static const struct optgroup offsets_groups[] = {{NULL, offsets_opts, &o}, {0}};
static const struct optgroup configs_groups[] = {{NULL, configs_opts, &o}, {0}};

/* --- Commands that look --- */

static struct kafka_topics find(const struct operands *names)
{
	struct kafka_topics topics;

	admintool_open(&o.common);
	admintool_check(&o.common,
			kafka_topics_find(o.common.admin, names, &topics, &o.common.err));
	return topics;
}

static int finish(struct kafka_topics *topics, size_t shown)
{
	kafka_topics_free(topics);
	strlist_free(&o.change.set);
	strlist_free(&o.change.unset);
	return admintool_close(&o.common, shown);
}

static void print_list(const struct kafka_topics *topics)
{
	static const char *const columns[] = {"topic", "partitions", "replication_factor"};
	struct rows *r = rows_new(columns, 3, o.common.json);

	for (size_t i = 0; i < topics->n; i++) {
		const struct kafka_topic *t = &topics->v[i];
		rows_text(r, t->name);
		rows_number(r, (int64_t)t->n);
		rows_number(r, t->n ? (int64_t)t->partitions[0].nreplicas : 0);
	}
	admintool_print_rows(r);
}

static int list(const struct operands *names)
{
	struct kafka_topics topics = find(names);

	print_list(&topics);
	return finish(&topics, topics.n);
}

static int describe(const struct operands *names)
{
	static const char *const columns[] = {"topic", "partition", "leader", "replicas",
					      "isr",   "earliest",  "latest"};
	struct kafka_topics topics = find(names);
	struct rows *r = rows_new(columns, 7, o.common.json);

	admintool_check(&o.common,
			kafka_topics_offsets(o.common.admin, &topics, NULL, &o.common.err));
	for (size_t i = 0; i < topics.n; i++) {
		for (size_t j = 0; j < topics.v[i].n; j++) {
			const struct kafka_place_info *p = &topics.v[i].partitions[j];
			rows_text(r, topics.v[i].name);
			rows_number(r, p->id);
			rows_offset(r, p->leader);
			rows_ids(r, p->replicas, p->nreplicas);
			rows_ids(r, p->isr, p->nisr);
			rows_offset(r, p->earliest);
			rows_offset(r, p->latest);
		}
	}
	admintool_print_rows(r);
	return finish(&topics, topics.n);
}

static int offsets(const struct operands *names)
{
	static const char *const columns[] = {"topic", "partition", "earliest", "latest", "offset"};
	struct kafka_point pt = {0};
	struct kafka_topics topics;
	struct rows *r = rows_new(columns, o.offset ? 5 : 4, o.common.json);

	if (o.offset)
		pt = admintool_point(o.offset);
	topics = find(names);
	admintool_check(&o.common, kafka_topics_offsets(o.common.admin, &topics,
							o.offset ? &pt : NULL, &o.common.err));
	for (size_t i = 0; i < topics.n; i++) {
		for (size_t j = 0; j < topics.v[i].n; j++) {
			const struct kafka_place_info *p = &topics.v[i].partitions[j];
			rows_text(r, topics.v[i].name);
			rows_number(r, p->id);
			rows_offset(r, p->earliest);
			rows_offset(r, p->latest);
			if (o.offset)
				rows_offset(r, p->offset);
		}
	}
	admintool_print_rows(r);
	return finish(&topics, topics.n);
}

static int configs(const struct operands *names)
{
	static const char *const columns[] = {"topic",   "name",      "value",    "source",
					      "default", "read_only", "sensitive"};
	struct kafka_topics topics = find(names);
	struct rows *r = rows_new(columns, 7, o.common.json);
	struct kafka_configs all;

	admintool_check(&o.common, kafka_configs_get(o.common.admin, &topics, &all, &o.common.err));
	for (size_t i = 0; i < all.n; i++) {
		const struct kafka_config *c = &all.v[i];
		if (o.overrides && !c->own)
			continue;
		rows_text(r, c->topic);
		rows_text(r, c->name);
		rows_text(r, c->value);
		rows_text(r, c->source);
		rows_bool(r, c->is_default);
		rows_bool(r, c->read_only);
		rows_bool(r, c->sensitive);
	}
	admintool_print_rows(r);
	size_t shown = all.n;
	kafka_configs_free(&all);
	return finish(&topics, shown);
}

/* --- Commands that change --- */

static int checked_count(const char *name, int64_t n)
{
	if (n == 0 || n > INT32_MAX)
		diag_usage("%s: at least 1, at most %d", name, INT32_MAX);
	return (int)n;
}

static void take_change(void)
{
	o.change.partitions = checked_count("--partitions", o.partitions);
	o.change.replication = checked_count("--replication-factor", o.replication);
	for (size_t i = 0; i < o.change.set.n; i++) {
		if (strchr(o.change.set.v[i], '=') <= o.change.set.v[i])
			diag_usage("--topic-config: '%s' is not NAME=VALUE", o.change.set.v[i]);
	}
	kafka_topic_settings(&o.common.kafka, &o.change.set);
}

static int create(const struct operands *names)
{
	struct kafka_topics topics = {0};

	take_change();
	admintool_open(&o.common);
	admintool_check(&o.common,
			kafka_topics_create(o.common.admin, names, &o.change, &o.common.err));
	return finish(&topics, 0);
}

static int alter(const struct operands *names)
{
	struct kafka_topics topics;

	take_change();
	if (o.partitions < 0 && !o.change.set.n && !o.change.unset.n)
		diag_usage("nothing to change: give -p, -c or -d");
	topics = find(names);
	admintool_check(&o.common,
			kafka_topics_alter(o.common.admin, &topics, &o.change, &o.common.err));
	return finish(&topics, 0);
}

static int delete (const struct operands *names)
{
	struct kafka_topics topics = find(names);

	if (o.yes) {
		admintool_check(&o.common,
				kafka_topics_delete(o.common.admin, &topics, &o.common.err));
		return finish(&topics, 0);
	}
	print_list(&topics);
	admintool_dry_run(&o.common, topics.n, "topic", "deleted");
	return finish(&topics, topics.n);
}

/* --- The tool --- */

static const struct command commands[] = {
	{"list",
	 {.usage = "list [OPTIONS] [TOPIC...]",
	  .summary = "Topics, with their numbers of partitions and replicas.",
	  .max_operands = -1},
	 none,
	 list},
	{"describe",
	 {.usage = "describe [OPTIONS] [TOPIC...]",
	  .summary = "Each partition: leader, replicas, replicas in sync, offsets.",
	  .max_operands = -1},
	 none,
	 describe},
	{"offsets",
	 {.usage = "offsets [OPTIONS] [TOPIC...]",
	  .summary = "Earliest and latest offset of each partition, or that at a time.",
	  .max_operands = -1},
	 offsets_groups,
	 offsets},
	{"configs",
	 {.usage = "configs [OPTIONS] [TOPIC...]",
	  .summary = "How topics are configured, and where that is from.",
	  .max_operands = -1},
	 configs_groups,
	 configs},
	{"create",
	 {.usage = "create [OPTIONS] TOPIC...",
	  .summary = "Make topics.",
	  .min_operands = 1,
	  .max_operands = -1},
	 create_groups,
	 create},
	{"alter",
	 {.usage = "alter [OPTIONS] TOPIC...",
	  .summary = "Configure topics, or give them more partitions.",
	  .min_operands = 1,
	  .max_operands = -1},
	 alter_groups,
	 alter},
	{"delete",
	 {.usage = "delete [OPTIONS] TOPIC...",
	  .summary = "Delete topics; without -y, tell what would be deleted.",
	  .min_operands = 1,
	  .max_operands = -1},
	 delete_groups,
	 delete},
	{0},
};

static const struct tool tool = {
	.usage = "COMMAND [OPTIONS] [TOPIC...]",
	.summary = "Look at the topics of a Kafka cluster, make, change and delete them.",
	.notes = "A TOPIC that begins with ^ is a regular expression.\n"
		 "Options of a command: ktopic COMMAND --help",
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
