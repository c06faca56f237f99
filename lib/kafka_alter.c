/*
 * Changes of topics and their configuration.
 */
#include "kafka_admin_priv.h"

#include <stdlib.h>

#include "diag.h"
#include "mem.h"

/* --- Settings on the command line --- */

/* Of librdkafka's clients, or Java's, not of their topics. */
static bool is_client_property(const char *name)
{
	rd_kafka_conf_t *all = rd_kafka_conf_new();
	rd_kafka_topic_conf_t *of_topics = rd_kafka_topic_conf_new();
	char unused[256];
	bool known =
		rd_kafka_conf_set(all, name, NULL, unused, sizeof unused) != RD_KAFKA_CONF_UNKNOWN;
	bool topics = rd_kafka_topic_conf_set(of_topics, name, NULL, unused, sizeof unused) !=
		      RD_KAFKA_CONF_UNKNOWN;

	rd_kafka_topic_conf_destroy(of_topics);
	rd_kafka_conf_destroy(all);
	return (known && !topics) || kafka_java_has(name);
}

void kafka_topic_settings(struct kafka_options *options, struct strlist *set)
{
	size_t n = 0;

	for (size_t i = 0; i < options->set.n; i++) {
		const char *text = options->set.v[i], *eq = strchr(text, '=');
		char *name = mem_dup(text, eq ? (size_t)(eq - text) : strlen(text));

		if (!eq || eq == text || is_client_property(name))
			options->set.v[n++] = text;
		else
			strlist_add(set, text);
		free(name);
	}
	options->set.n = n;
}

/* --- Creating --- */

static rd_kafka_NewTopic_t *new_topic(const char *name, const struct kafka_topic_change *change,
				      char *why, size_t size)
{
	rd_kafka_NewTopic_t *topic =
		rd_kafka_NewTopic_new(name, change->partitions, change->replication, why, size);

	for (size_t i = 0; topic && i < change->set.n; i++) {
		const char *eq = strchr(change->set.v[i], '=');
		char *key = mem_dup(change->set.v[i], (size_t)(eq - change->set.v[i]));

		rd_kafka_NewTopic_set_config(topic, key, eq + 1);
		free(key);
	}
	return topic;
}

static void settle_created(struct kafka_admin *a, rd_kafka_event_t *event,
			   const struct kafka_topic_change *change)
{
	size_t n;
	const rd_kafka_topic_result_t **results =
		rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &n);

	for (size_t i = 0; i < n; i++) {
		rd_kafka_resp_err_t code = rd_kafka_topic_result_error(results[i]);
		if (change->if_not_exists && code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
			code = RD_KAFKA_RESP_ERR_NO_ERROR;
		kafka_admin_settle(a, rd_kafka_topic_result_name(results[i]), code,
				   rd_kafka_topic_result_error_string(results[i]));
	}
	if (!change->dry_run)
		kafka_admin_await_all(a, results, n,
				      change->partitions > 0 ? change->partitions : 1);
}

int kafka_topics_create(struct kafka_admin *a, const struct operands *names,
			const struct kafka_topic_change *change, struct buf *err)
{
	rd_kafka_NewTopic_t **topics = mem_zalloc(names->n, sizeof(rd_kafka_NewTopic_t *));
	rd_kafka_AdminOptions_t *options =
		kafka_admin_options(a, RD_KAFKA_ADMIN_OP_CREATETOPICS, change->dry_run);
	rd_kafka_event_t *event;
	char why[256];
	size_t n = 0;
	int rc = kafka_admin_controller(a, err);

	for (size_t i = 0; !rc && i < names->n; i++) {
		topics[n] = new_topic(names->v[i], change, why, sizeof why);
		if (topics[n])
			n++;
		else
			kafka_admin_failed(a, names->v[i], RD_KAFKA_RESP_ERR__INVALID_ARG, why);
	}
	if (!n) {
		rd_kafka_AdminOptions_destroy(options);
		free(topics);
		return rc;
	}
	rd_kafka_CreateTopics(a->rk, topics, n, options, a->queue);
	rd_kafka_NewTopic_destroy_array(topics, n);
	free(topics);
	rc = kafka_admin_answer(a, options, &event, err);
	if (rc)
		return rc;
	settle_created(a, event, change);
	rd_kafka_event_destroy(event);
	return EXIT_OK;
}

/* --- Deleting --- */

int kafka_topics_delete(struct kafka_admin *a, const struct kafka_topics *topics, struct buf *err)
{
	rd_kafka_AdminOptions_t *options;
	const rd_kafka_topic_result_t **results;
	rd_kafka_DeleteTopic_t **list;
	rd_kafka_event_t *event;
	size_t n;
	int rc = kafka_admin_controller(a, err);

	if (rc || !topics->n)
		return rc;
	list = mem_zalloc(topics->n, sizeof(rd_kafka_DeleteTopic_t *));
	for (size_t i = 0; i < topics->n; i++)
		list[i] = rd_kafka_DeleteTopic_new(topics->v[i].name);
	options = kafka_admin_options(a, RD_KAFKA_ADMIN_OP_DELETETOPICS, false);
	rd_kafka_DeleteTopics(a->rk, list, topics->n, options, a->queue);
	rd_kafka_DeleteTopic_destroy_array(list, topics->n);
	free(list);
	rc = kafka_admin_answer(a, options, &event, err);
	if (rc)
		return rc;
	results =
		rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event), &n);
	kafka_admin_topic_results(a, results, n);
	kafka_admin_await_all(a, results, n, 0);
	rd_kafka_event_destroy(event);
	return EXIT_OK;
}

/* --- Configuration --- */

static const char *keep(struct kafka_configs *c, const char *text)
{
	return text ? arena_copy(&c->bytes, text, strlen(text) + 1).ptr : NULL;
}

static void add_config(struct kafka_configs *c, const char *topic, const rd_kafka_ConfigEntry_t *e)
{
	rd_kafka_ConfigSource_t source = rd_kafka_ConfigEntry_source(e);
	bool sensitive = rd_kafka_ConfigEntry_is_sensitive(e) > 0;

	c->v = mem_grow(c->v, &c->cap, c->n + 1, sizeof *c->v);
	c->v[c->n++] = (struct kafka_config){
		.topic = topic,
		.name = keep(c, rd_kafka_ConfigEntry_name(e)),
		.value = sensitive ? NULL : keep(c, rd_kafka_ConfigEntry_value(e)),
		.source = rd_kafka_ConfigSource_name(source),
		.is_default = rd_kafka_ConfigEntry_is_default(e) > 0,
		.own = source == RD_KAFKA_CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG,
		.read_only = rd_kafka_ConfigEntry_is_read_only(e) > 0,
		.sensitive = sensitive,
	};
}

static int by_config(const void *x, const void *y)
{
	const struct kafka_config *a = x, *b = y;
	int order = strcmp(a->topic, b->topic);

	return order ? order : strcmp(a->name, b->name);
}

static void take_configs(struct kafka_admin *a, struct kafka_configs *c, rd_kafka_event_t *event)
{
	size_t n, entries;
	const rd_kafka_ConfigResource_t **results = rd_kafka_DescribeConfigs_result_resources(
		rd_kafka_event_DescribeConfigs_result(event), &n);

	for (size_t i = 0; i < n; i++) {
		const char *topic = keep(c, rd_kafka_ConfigResource_name(results[i]));
		const rd_kafka_ConfigEntry_t **v =
			rd_kafka_ConfigResource_configs(results[i], &entries);

		if (rd_kafka_ConfigResource_error(results[i]))
			kafka_admin_failed(a, topic, rd_kafka_ConfigResource_error(results[i]),
					   rd_kafka_ConfigResource_error_string(results[i]));
		for (size_t j = 0; j < entries; j++)
			add_config(c, topic, v[j]);
	}
	if (c->n)
		qsort(c->v, c->n, sizeof *c->v, by_config);
}

int kafka_configs_get(struct kafka_admin *a, const struct kafka_topics *topics,
		      struct kafka_configs *configs, struct buf *err)
{
	rd_kafka_ConfigResource_t **list;
	rd_kafka_AdminOptions_t *options;
	rd_kafka_event_t *event;
	int rc = kafka_admin_controller(a, err);

	*configs = (struct kafka_configs){0};
	if (rc || !topics->n)
		return rc;
	list = mem_zalloc(topics->n, sizeof(rd_kafka_ConfigResource_t *));
	for (size_t i = 0; i < topics->n; i++)
		list[i] = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topics->v[i].name);
	options = kafka_admin_options(a, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, false);
	rd_kafka_DescribeConfigs(a->rk, list, topics->n, options, a->queue);
	rd_kafka_ConfigResource_destroy_array(list, topics->n);
	free(list);
	rc = kafka_admin_answer(a, options, &event, err);
	if (rc)
		return rc;
	take_configs(a, configs, event);
	rd_kafka_event_destroy(event);
	return EXIT_OK;
}

void kafka_configs_free(struct kafka_configs *configs)
{
	free(configs->v);
	arena_free(&configs->bytes);
}

/* --- Altering --- */

/* Which of a change's words for a setting there are: "NAME=VALUE" for the name, or "NAME". */
static const char *find_word(const struct strlist *words, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = words->n; i-- > 0;) {
		if (strncmp(words->v[i], name, len) == 0 &&
		    (words->v[i][len] == '=' || !words->v[i][len]))
			return words->v[i];
	}
	return NULL;
}

/* The settings of one topic, in `configs`. */
struct span {
	const struct kafka_config *v;
	size_t n;
};

static struct span configs_of(const struct kafka_configs *configs, const char *topic)
{
	struct span span = {NULL, 0};

	for (size_t i = 0; i < configs->n; i++) {
		if (strcmp(configs->v[i].topic, topic) != 0)
			continue;
		if (!span.n++)
			span.v = &configs->v[i];
	}
	return span;
}

/* Every topic has all settings that its broker knows, so what is not among them is none. */
static const char *unknown_setting(struct span have, const struct strlist *words)
{
	for (size_t i = 0; i < words->n; i++) {
		const char *word = words->v[i];
		size_t len = strcspn(word, "="), j = 0;

		while (j < have.n &&
		       (strncmp(have.v[j].name, word, len) != 0 || have.v[j].name[len]))
			j++;
		if (j == have.n)
			return word;
	}
	return NULL;
}

#ifdef HAVE_RD_KAFKA_INCREMENTALALTERCONFIGS

static const rd_kafka_admin_op_t alter_op = RD_KAFKA_ADMIN_OP_INCREMENTALALTERCONFIGS;

static void write_config(rd_kafka_ConfigResource_t *res, const struct kafka_config *c,
			 const char *set, bool unset)
{
	rd_kafka_error_t *error = NULL;

	if (set)
		error = rd_kafka_ConfigResource_add_incremental_config(
			res, c->name, RD_KAFKA_ALTER_CONFIG_OP_TYPE_SET, strchr(set, '=') + 1);
	else if (unset)
		error = rd_kafka_ConfigResource_add_incremental_config(
			res, c->name, RD_KAFKA_ALTER_CONFIG_OP_TYPE_DELETE, NULL);
	if (error)
		rd_kafka_error_destroy(error);
}

static bool can_write(const struct kafka_config *c)
{
	(void)c;
	return true;
}

static void request_alter(struct kafka_admin *a, rd_kafka_ConfigResource_t **list, size_t n,
			  const rd_kafka_AdminOptions_t *options)
{
	rd_kafka_IncrementalAlterConfigs(a->rk, list, n, options, a->queue);
}

static const rd_kafka_ConfigResource_t **altered(rd_kafka_event_t *event, size_t *n)
{
	return rd_kafka_IncrementalAlterConfigs_result_resources(
		rd_kafka_event_IncrementalAlterConfigs_result(event), n);
}

#else

static const rd_kafka_admin_op_t alter_op = RD_KAFKA_ADMIN_OP_ALTERCONFIGS;

/* The request replaces all that was set for the topic, so what is to stay is written again. */
static void write_config(rd_kafka_ConfigResource_t *res, const struct kafka_config *c,
			 const char *set, bool unset)
{
	if (set)
		rd_kafka_ConfigResource_set_config(res, c->name, strchr(set, '=') + 1);
	else if (c->own && !unset)
		rd_kafka_ConfigResource_set_config(res, c->name, c->value);
}

/* What cannot be read cannot be written again. */
static bool can_write(const struct kafka_config *c)
{
	return !c->own || c->value;
}

static void request_alter(struct kafka_admin *a, rd_kafka_ConfigResource_t **list, size_t n,
			  const rd_kafka_AdminOptions_t *options)
{
	rd_kafka_AlterConfigs(a->rk, list, n, options, a->queue);
}

static const rd_kafka_ConfigResource_t **altered(rd_kafka_event_t *event, size_t *n)
{
	return rd_kafka_AlterConfigs_result_resources(rd_kafka_event_AlterConfigs_result(event), n);
}

#endif

/* NULL when the change cannot be made, which was said. */
static rd_kafka_ConfigResource_t *changed(struct kafka_admin *a, const char *topic,
					  struct span have, const struct kafka_topic_change *change)
{
	const char *unknown = unknown_setting(have, &change->set);
	rd_kafka_ConfigResource_t *res;
	struct buf why = BUF_INIT;

	if (!unknown)
		unknown = unknown_setting(have, &change->unset);
	if (unknown)
		buf_setf(&why, "unknown topic config '%.*s'", (int)strcspn(unknown, "="), unknown);
	for (size_t i = 0; !why.len && i < have.n; i++) {
		if (!can_write(&have.v[i]))
			buf_setf(&why, "the value of %s is secret, and would be lost",
				 have.v[i].name);
	}
	if (why.len) {
		kafka_admin_failed(a, topic, RD_KAFKA_RESP_ERR_INVALID_CONFIG, buf_str(&why));
		buf_free(&why);
		return NULL;
	}
	res = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic);
	for (size_t i = 0; i < have.n; i++)
		write_config(res, &have.v[i], find_word(&change->set, have.v[i].name),
			     find_word(&change->unset, have.v[i].name) != NULL);
	return res;
}

/* Sends the changes; frees them. */
static int send_changes(struct kafka_admin *a, rd_kafka_ConfigResource_t **list, size_t n,
			bool dry_run, struct buf *err)
{
	rd_kafka_AdminOptions_t *options = kafka_admin_options(a, alter_op, dry_run);
	const rd_kafka_ConfigResource_t **results;
	rd_kafka_event_t *event;
	int rc;

	request_alter(a, list, n, options);
	rd_kafka_ConfigResource_destroy_array(list, n);
	rc = kafka_admin_answer(a, options, &event, err);
	if (rc)
		return rc;
	results = altered(event, &n);
	for (size_t i = 0; i < n; i++)
		kafka_admin_settle(a, rd_kafka_ConfigResource_name(results[i]),
				   rd_kafka_ConfigResource_error(results[i]),
				   rd_kafka_ConfigResource_error_string(results[i]));
	rd_kafka_event_destroy(event);
	return EXIT_OK;
}

static int alter_configs(struct kafka_admin *a, const struct kafka_topics *topics,
			 const struct kafka_topic_change *change, struct buf *err)
{
	rd_kafka_ConfigResource_t **list =
		mem_zalloc(topics->n, sizeof(rd_kafka_ConfigResource_t *));
	struct kafka_configs configs;
	size_t n = 0;
	int rc = kafka_configs_get(a, topics, &configs, err);

	for (size_t i = 0; !rc && i < topics->n; i++) {
		struct span have = configs_of(&configs, topics->v[i].name);

		if (have.n) /* else it has failed already */
			list[n] = changed(a, topics->v[i].name, have, change);
		n += list[n] != NULL;
	}
	if (!rc && n)
		rc = send_changes(a, list, n, change->dry_run, err);
	kafka_configs_free(&configs);
	free(list);
	return rc;
}

static int add_partitions(struct kafka_admin *a, const struct kafka_topics *topics,
			  const struct kafka_topic_change *change, struct buf *err)
{
	rd_kafka_AdminOptions_t *options =
		kafka_admin_options(a, RD_KAFKA_ADMIN_OP_CREATEPARTITIONS, change->dry_run);
	rd_kafka_NewPartitions_t **list = mem_zalloc(topics->n, sizeof(rd_kafka_NewPartitions_t *));
	const rd_kafka_topic_result_t **results;
	rd_kafka_event_t *event;
	char why[256];
	size_t n;
	int rc;

	for (size_t i = 0; i < topics->n; i++)
		list[i] = rd_kafka_NewPartitions_new(topics->v[i].name, (size_t)change->partitions,
						     why, sizeof why);
	rd_kafka_CreatePartitions(a->rk, list, topics->n, options, a->queue);
	rd_kafka_NewPartitions_destroy_array(list, topics->n);
	free(list);
	rc = kafka_admin_answer(a, options, &event, err);
	if (rc)
		return rc;
	results = rd_kafka_CreatePartitions_result_topics(
		rd_kafka_event_CreatePartitions_result(event), &n);
	kafka_admin_topic_results(a, results, n);
	if (!change->dry_run)
		kafka_admin_await_all(a, results, n, change->partitions);
	rd_kafka_event_destroy(event);
	return EXIT_OK;
}

int kafka_topics_alter(struct kafka_admin *a, const struct kafka_topics *topics,
		       const struct kafka_topic_change *change, struct buf *err)
{
	int rc = kafka_admin_controller(a, err);

	if (!rc && topics->n && (change->set.n || change->unset.n))
		rc = alter_configs(a, topics, change, err);
	if (!rc && topics->n && change->partitions > 0)
		rc = add_partitions(a, topics, change, err);
	return rc;
}
