/*
 * Changes of groups: what they have committed, and whether they are there at all.
 */
#include "kafka_admin_priv.h"

#include <inttypes.h>
#include <stdlib.h>

#include "diag.h"
#include "mem.h"

/* --- Targets of a reset --- */

struct target {
	char *name; /* without the partitions */
	struct kafka_pattern pattern;
	struct kafka_partitions partitions; /* none: all */
};

/* "TOPIC:0,2". What follows the last colon of an expression may be a part of it. */
static int target_init(struct target *t, const char *text, struct buf *err)
{
	const char *colon = strrchr(text, ':');
	struct buf why = BUF_INIT;

	*t = (struct target){0};
	if (colon && kafka_partitions_parse(&t->partitions, colon + 1, &why) < 0) {
		if (text[0] != '^') {
			buf_setf(err, "%s: '%s' is not a list of partitions (like 0,2,5-7)", text,
				 colon + 1);
			buf_free(&why);
			return EXIT_USAGE;
		}
		colon = NULL;
	}
	buf_free(&why);
	t->name = mem_dup(text, colon ? (size_t)(colon - text) : strlen(text));
	return kafka_pattern_init(&t->pattern, t->name, err);
}

static void target_free(struct target *t)
{
	kafka_partitions_free(&t->partitions);
	kafka_pattern_free(&t->pattern);
	free(t->name);
}

/* --- The claims that a reset is about --- */

struct claims {
	struct kafka_claim *v;
	size_t n, cap;
};

static struct kafka_claim *find_claim(struct kafka_claim *v, size_t n, const char *topic,
				      int32_t id)
{
	for (size_t i = 0; i < n; i++) {
		if (v[i].partition == id && strcmp(v[i].topic, topic) == 0)
			return &v[i];
	}
	return NULL;
}

/* The group's claim, or a new one. Once only. */
static void claim(struct claims *claims, const struct kafka_group *group, const char *topic,
		  int32_t id)
{
	const struct kafka_claim *have = find_claim(group->claims, group->nclaims, topic, id);

	if (find_claim(claims->v, claims->n, topic, id))
		return;
	claims->v = mem_grow(claims->v, &claims->cap, claims->n + 1, sizeof *claims->v);
	claims->v[claims->n++] = have ? *have
				      : (struct kafka_claim){
						.topic = topic,
						.partition = id,
						.committed = -1,
						.earliest = -1,
						.latest = -1,
						.to = -1,
					};
}

static bool has_partition(const rd_kafka_metadata_topic_t *topic, int64_t id)
{
	for (int i = 0; i < topic->partition_cnt; i++) {
		if (topic->partitions[i].id == id)
			return true;
	}
	return false;
}

static void claim_topic(struct kafka_admin *a, struct claims *claims,
			const struct kafka_group *group, const rd_kafka_metadata_topic_t *topic,
			const struct kafka_partitions *want)
{
	struct buf what = BUF_INIT;

	for (int i = 0; i < topic->partition_cnt; i++) {
		int32_t id = topic->partitions[i].id;
		if (!want->n || kafka_partitions_has(want, id))
			claim(claims, group, topic->topic, id);
	}
	for (size_t i = 0; i < want->n; i++) {
		int64_t last = want->v[i].last;
		if (has_partition(topic, last))
			continue;
		buf_setf(&what, "%s[%" PRId64 "]", topic->topic, last);
		kafka_admin_failed(a, buf_str(&what), RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART,
				   "no such partition");
	}
	buf_free(&what);
}

static int claim_target(struct kafka_admin *a, struct claims *claims,
			const struct kafka_group *group, const char *text, struct buf *err)
{
	struct target target;
	bool found = false;
	int rc = target_init(&target, text, err);

	for (int i = 0; !rc && i < a->md->topic_cnt; i++) {
		const rd_kafka_metadata_topic_t *topic = &a->md->topics[i];
		if (!kafka_pattern_matches(&target.pattern, topic->topic))
			continue;
		found = true;
		claim_topic(a, claims, group, topic, &target.partitions);
	}
	if (!rc && !found && !target.pattern.is_regex)
		rc = kafka_admin_missing(a, target.name, err);
	else if (!rc && !found)
		kafka_admin_failed(a, target.name, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART,
				   "no such topic");
	target_free(&target);
	return rc;
}

/* Leaves the group the claims that are to be reset. */
static int choose_claims(struct kafka_admin *a, struct kafka_group *group,
			 const struct operands *targets, struct buf *err)
{
	struct claims claims = {0};
	int rc = EXIT_OK;

	for (size_t i = 0; !rc && i < targets->n; i++)
		rc = claim_target(a, &claims, group, targets->v[i], err);
	for (size_t i = 0; !targets->n && i < group->nclaims; i++)
		claim(&claims, group, group->claims[i].topic, group->claims[i].partition);
	if (!rc && !targets->n && !claims.n)
		kafka_admin_failed(a, group->name, RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND,
				   "it has committed nothing: name topics");
	free(group->claims);
	group->claims = claims.v;
	group->nclaims = claims.n;
	group->cap = claims.cap;
	if (claims.n)
		qsort(claims.v, claims.n, sizeof *claims.v, kafka_by_claim);
	return rc;
}

/* --- Where to --- */

static void claim_failed(struct kafka_admin *a, const struct kafka_claim *c,
			 rd_kafka_resp_err_t code, const char *why)
{
	struct buf what = BUF_INIT;

	buf_addf(&what, "%s[%" PRId32 "]", c->topic, c->partition);
	kafka_admin_failed(a, buf_str(&what), code, why);
	buf_free(&what);
}

static rd_kafka_topic_partition_list_t *list_of(const struct kafka_group *group)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(0);

	for (size_t i = 0; i < group->nclaims; i++) {
		struct kafka_claim *c = &group->claims[i];
		rd_kafka_topic_partition_t *e =
			rd_kafka_topic_partition_list_add(list, c->topic, c->partition);
		e->opaque = c;
		e->offset = c->to;
	}
	return list;
}

/* -1 when there is nothing to start from. */
static int64_t wanted_offset(const struct kafka_claim *c, const struct kafka_reset *reset,
			     int64_t found)
{
	int64_t to;

	if (reset->pt)
		return kafka_point_offset(reset->pt, c->earliest, c->latest, found);
	if (c->committed < 0)
		return -1;
	if (__builtin_add_overflow(c->committed, reset->shift, &to))
		return reset->shift < 0 ? 0 : INT64_MAX;
	return to < 0 ? 0 : to;
}

/* Drops the claims that cannot be reset. */
static void set_targets(struct kafka_admin *a, struct kafka_group *group,
			const struct kafka_reset *reset,
			const rd_kafka_topic_partition_list_t *found)
{
	size_t n = 0;

	for (size_t i = 0; i < group->nclaims; i++) {
		struct kafka_claim c = group->claims[i];
		int64_t to;

		if (c.earliest < 0 || c.latest < 0) {
			claim_failed(a, &c, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART,
				     "its offsets are not to be had");
			continue;
		}
		to = wanted_offset(&c, reset, found ? found->elems[i].offset : -1);
		if (to < 0) {
			claim_failed(a, &c, RD_KAFKA_RESP_ERR__NO_OFFSET,
				     "nothing is committed that could be shifted");
			continue;
		}
		c.to = to < c.earliest ? c.earliest : to > c.latest ? c.latest : to;
		if (c.to != to)
			reset->clamped(&c, to);
		group->claims[n++] = c;
	}
	group->nclaims = n;
}

static int find_targets(struct kafka_admin *a, struct kafka_groups *groups,
			const struct kafka_reset *reset, struct buf *err)
{
	struct kafka_group *group = &groups->v[0];
	rd_kafka_topic_partition_list_t *found = NULL;
	int rc = kafka_groups_offsets(a, groups, err);

	if (!rc && reset->pt && reset->pt->place == KAFKA_TIME) {
		found = list_of(group);
		/* Below zero the numbers have a meaning of their own. */
		rc = kafka_admin_offsets(a, found, reset->pt->n < 0 ? 0 : reset->pt->n, err);
	}
	if (!rc)
		set_targets(a, group, reset, found);
	if (found)
		rd_kafka_topic_partition_list_destroy(found);
	return rc;
}

/* --- Committing --- */

/* Leaves the claims that were committed. */
static void take_commits(struct kafka_admin *a, struct kafka_group *group,
			 const rd_kafka_group_result_t *result)
{
	const rd_kafka_error_t *error = rd_kafka_group_result_error(result);
	const rd_kafka_topic_partition_list_t *list = rd_kafka_group_result_partitions(result);
	size_t n = 0;

	if (error)
		kafka_admin_failed(a, group->name, rd_kafka_error_code(error),
				   rd_kafka_error_string(error));
	for (size_t i = 0; !error && i < group->nclaims; i++) {
		const struct kafka_claim *c = &group->claims[i];
		rd_kafka_topic_partition_t *e = rd_kafka_topic_partition_list_find(
			(rd_kafka_topic_partition_list_t *)list, c->topic, c->partition);

		if (e && e->err) {
			claim_failed(a, c, e->err, NULL);
			continue;
		}
		a->succeeded++;
		group->claims[n++] = *c;
	}
	group->nclaims = n;
}

static int commit(struct kafka_admin *a, struct kafka_group *group, struct buf *err)
{
	rd_kafka_topic_partition_list_t *list = list_of(group);
	rd_kafka_AlterConsumerGroupOffsets_t *request =
		rd_kafka_AlterConsumerGroupOffsets_new(group->name, list);
	rd_kafka_AdminOptions_t *options =
		kafka_admin_options(a, RD_KAFKA_ADMIN_OP_ALTERCONSUMERGROUPOFFSETS, false);
	const rd_kafka_group_result_t **results;
	rd_kafka_event_t *event;
	size_t n;
	int rc;

	rd_kafka_topic_partition_list_destroy(list);
	rd_kafka_AlterConsumerGroupOffsets(a->rk, &request, 1, options, a->queue);
	rd_kafka_AlterConsumerGroupOffsets_destroy(request);
	rc = kafka_admin_answer(a, options, &event, err);
	if (rc)
		return rc;
	results = rd_kafka_AlterConsumerGroupOffsets_result_groups(
		rd_kafka_event_AlterConsumerGroupOffsets_result(event), &n);
	if (n)
		take_commits(a, group, results[0]);
	rd_kafka_event_destroy(event);
	return EXIT_OK;
}

static bool is_idle(struct kafka_admin *a, struct kafka_group *group)
{
	struct buf why = BUF_INIT;

	if (!group->nmembers)
		return true;
	buf_addf(&why, "it has %zu member%s, which must stop first", group->nmembers,
		 group->nmembers == 1 ? "" : "s");
	kafka_admin_failed(a, group->name, RD_KAFKA_RESP_ERR_NON_EMPTY_GROUP, buf_str(&why));
	buf_free(&why);
	group->nclaims = 0;
	return false;
}

int kafka_group_reset(struct kafka_admin *a, struct kafka_groups *groups,
		      const struct operands *targets, const struct kafka_reset *reset,
		      struct buf *err)
{
	struct kafka_group *group = &groups->v[0];
	int rc;

	if (!groups->n || !is_idle(a, group))
		return EXIT_OK;
	rc = choose_claims(a, group, targets, err);
	if (!rc)
		rc = find_targets(a, groups, reset, err);
	if (!rc && !reset->dry_run && group->nclaims)
		rc = commit(a, group, err);
	return rc;
}

/* --- Deleting --- */

/* Leaves the groups without members. */
static void choose_idle(struct kafka_admin *a, struct kafka_groups *groups)
{
	size_t n = 0;

	for (size_t i = 0; i < groups->n; i++) {
		if (is_idle(a, &groups->v[i]))
			groups->v[n++] = groups->v[i];
		else
			kafka_group_free(&groups->v[i]);
	}
	groups->n = n;
}

int kafka_groups_delete(struct kafka_admin *a, struct kafka_groups *groups, bool dry_run,
			struct buf *err)
{
	const rd_kafka_group_result_t **results;
	rd_kafka_AdminOptions_t *options;
	rd_kafka_DeleteGroup_t **list;
	rd_kafka_event_t *event;
	size_t n;
	int rc;

	choose_idle(a, groups);
	if (!groups->n || dry_run)
		return EXIT_OK;
	list = mem_zalloc(groups->n, sizeof(rd_kafka_DeleteGroup_t *));
	for (size_t i = 0; i < groups->n; i++)
		list[i] = rd_kafka_DeleteGroup_new(groups->v[i].name);
	options = kafka_admin_options(a, RD_KAFKA_ADMIN_OP_DELETEGROUPS, false);
	rd_kafka_DeleteGroups(a->rk, list, groups->n, options, a->queue);
	rd_kafka_DeleteGroup_destroy_array(list, groups->n);
	free(list);
	rc = kafka_admin_answer(a, options, &event, err);
	if (rc)
		return rc;
	results =
		rd_kafka_DeleteGroups_result_groups(rd_kafka_event_DeleteGroups_result(event), &n);
	for (size_t i = 0; i < n; i++) {
		const rd_kafka_error_t *error = rd_kafka_group_result_error(results[i]);
		kafka_admin_settle(a, rd_kafka_group_result_name(results[i]),
				   error ? rd_kafka_error_code(error) : RD_KAFKA_RESP_ERR_NO_ERROR,
				   error ? rd_kafka_error_string(error) : NULL);
	}
	rd_kafka_event_destroy(event);
	return EXIT_OK;
}
