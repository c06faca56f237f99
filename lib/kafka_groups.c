/*
 * Consumer groups: which there are, who is in them, and how far they are.
 */
#include "kafka_admin_priv.h"

#include <stdlib.h>

#include "diag.h"
#include "mem.h"

static const char *keep(struct kafka_groups *g, const char *text)
{
	return text ? arena_copy(&g->bytes, text, strlen(text) + 1).ptr : NULL;
}

void kafka_group_free(struct kafka_group *group)
{
	free(group->members);
	free(group->claims);
}

void kafka_groups_free(struct kafka_groups *groups)
{
	for (size_t i = 0; i < groups->n; i++)
		kafka_group_free(&groups->v[i]);
	free(groups->v);
	arena_free(&groups->bytes);
}

/* --- Which --- */

static int by_group(const void *x, const void *y)
{
	return strcmp(((const struct kafka_group *)x)->name, ((const struct kafka_group *)y)->name);
}

static struct kafka_group *find_group(const struct kafka_groups *groups, const char *name)
{
	for (size_t i = 0; i < groups->n; i++) {
		if (strcmp(groups->v[i].name, name) == 0)
			return &groups->v[i];
	}
	return NULL;
}

static struct kafka_group *add_group(struct kafka_groups *groups, const char *name)
{
	struct kafka_group *group;

	groups->v = mem_grow(groups->v, &groups->cap, groups->n + 1, sizeof *groups->v);
	group = &groups->v[groups->n++];
	*group = (struct kafka_group){.name = keep(groups, name), .coordinator = -1};
	return group;
}

static void add_listing(struct kafka_groups *groups, const rd_kafka_ConsumerGroupListing_t *l)
{
	struct kafka_group *group = add_group(groups, rd_kafka_ConsumerGroupListing_group_id(l));

	group->state = rd_kafka_consumer_group_state_name(rd_kafka_ConsumerGroupListing_state(l));
	group->simple = rd_kafka_ConsumerGroupListing_is_simple_consumer_group(l);
}

static bool any_matches(const struct kafka_pattern *patterns, bool *found, size_t n,
			const char *name)
{
	bool any = false;

	for (size_t i = 0; i < n; i++) {
		if (kafka_pattern_matches(&patterns[i], name))
			any = found[i] = true;
	}
	return any;
}

static int list_groups(struct kafka_admin *a, rd_kafka_event_t **event, struct buf *err)
{
	rd_kafka_AdminOptions_t *options =
		kafka_admin_options(a, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPS, false);

	rd_kafka_ListConsumerGroups(a->rk, options, a->queue);
	return kafka_admin_answer(a, options, event, err);
}

/*
 * Each broker tells of the groups that it coordinates; one that does not is told of. Where brokers do not
 * know the question, no other one about groups may be put: librdkafka 2.0.2 crashes over the answer.
 */
static int say_broker_errors(struct kafka_admin *a,
			     const rd_kafka_ListConsumerGroups_result_t *result, struct buf *err)
{
	size_t n;
	const rd_kafka_error_t **errors = rd_kafka_ListConsumerGroups_result_errors(result, &n);

	for (size_t i = 0; i < n; i++) {
		if (rd_kafka_error_code(errors[i]) == RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE) {
			buf_setf(err, "groups: %s", rd_kafka_error_string(errors[i]));
			return EXIT_FAIL;
		}
		kafka_admin_failed(a, "groups", rd_kafka_error_code(errors[i]),
				   rd_kafka_error_string(errors[i]));
	}
	return EXIT_OK;
}

/* Adds the groups that match one of the patterns, or all when there are none. */
static int take_matching(struct kafka_admin *a, struct kafka_groups *groups,
			 const struct kafka_pattern *patterns, bool *found, size_t n,
			 struct buf *err)
{
	const rd_kafka_ListConsumerGroups_result_t *result;
	const rd_kafka_ConsumerGroupListing_t **all;
	rd_kafka_event_t *event;
	size_t nall;
	int rc = list_groups(a, &event, err);

	if (rc)
		return rc;
	result = rd_kafka_event_ListConsumerGroups_result(event);
	rc = say_broker_errors(a, result, err);
	all = rd_kafka_ListConsumerGroups_result_valid(result, &nall);
	for (size_t i = 0; !rc && i < nall; i++) {
		const char *name = rd_kafka_ConsumerGroupListing_group_id(all[i]);
		if (!n || any_matches(patterns, found, n, name))
			add_listing(groups, all[i]);
	}
	rd_kafka_event_destroy(event);
	return rc;
}

/*
 * The groups that the names stand for. plain: such as are not in the list are added, too, for a list has
 * only what we may see.
 */
static int find_groups(struct kafka_admin *a, const struct operands *names, bool plain,
		       struct kafka_groups *groups, struct buf *err)
{
	struct kafka_pattern *patterns = mem_zalloc(names->n, sizeof *patterns);
	bool *found = mem_zalloc(names->n, sizeof *found);
	int rc = EXIT_OK;

	*groups = (struct kafka_groups){0};
	for (size_t i = 0; !rc && i < names->n; i++)
		rc = kafka_pattern_init(&patterns[i], names->v[i], err);
	if (!rc)
		rc = take_matching(a, groups, patterns, found, names->n, err);
	for (size_t i = 0; !rc && i < names->n; i++) {
		const char *name = names->v[i];
		if (found[i] || (plain && find_group(groups, name)))
			continue;
		if (plain && !patterns[i].is_regex)
			add_group(groups, name);
		else
			kafka_admin_failed(a, name, RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND,
					   "no such group");
	}
	for (size_t i = 0; i < names->n; i++)
		kafka_pattern_free(&patterns[i]);
	free(patterns);
	free(found);
	if (groups->n)
		qsort(groups->v, groups->n, sizeof *groups->v, by_group);
	return rc;
}

int kafka_groups_list(struct kafka_admin *a, const struct operands *names,
		      struct kafka_groups *groups, struct buf *err)
{
	return find_groups(a, names, false, groups, err);
}

/* --- Members --- */

static struct kafka_claim *add_claim(struct kafka_groups *groups, struct kafka_group *group,
				     const rd_kafka_topic_partition_t *e)
{
	struct kafka_claim *claim;

	group->claims =
		mem_grow(group->claims, &group->cap, group->nclaims + 1, sizeof *group->claims);
	claim = &group->claims[group->nclaims++];
	*claim = (struct kafka_claim){
		.topic = keep(groups, e->topic),
		.partition = e->partition,
		.committed = -1,
		.earliest = -1,
		.latest = -1,
		.to = -1,
	};
	return claim;
}

static void take_member(struct kafka_groups *groups, struct kafka_group *group,
			const rd_kafka_MemberDescription_t *d)
{
	const rd_kafka_MemberAssignment_t *assignment = rd_kafka_MemberDescription_assignment(d);
	const rd_kafka_topic_partition_list_t *list =
		assignment ? rd_kafka_MemberAssignment_partitions(assignment) : NULL;
	struct kafka_member *m = &group->members[group->nmembers++];

	*m = (struct kafka_member){
		.id = keep(groups, rd_kafka_MemberDescription_consumer_id(d)),
		.instance = keep(groups, rd_kafka_MemberDescription_group_instance_id(d)),
		.client = keep(groups, rd_kafka_MemberDescription_client_id(d)),
		.host = keep(groups, rd_kafka_MemberDescription_host(d)),
		.partitions = list ? (size_t)list->cnt : 0,
	};
	for (size_t i = 0; i < m->partitions; i++)
		add_claim(groups, group, &list->elems[i])->member = m;
}

static void take_description(struct kafka_groups *groups, struct kafka_group *group,
			     const rd_kafka_ConsumerGroupDescription_t *d)
{
	const rd_kafka_Node_t *node = rd_kafka_ConsumerGroupDescription_coordinator(d);
	const char *assignor = rd_kafka_ConsumerGroupDescription_partition_assignor(d);
	size_t n = rd_kafka_ConsumerGroupDescription_member_count(d);

	group->state =
		rd_kafka_consumer_group_state_name(rd_kafka_ConsumerGroupDescription_state(d));
	group->simple = rd_kafka_ConsumerGroupDescription_is_simple_consumer_group(d);
	group->coordinator = node ? rd_kafka_Node_id(node) : -1;
	group->assignor = assignor && *assignor ? keep(groups, assignor) : NULL;
	group->members = mem_zalloc(n, sizeof *group->members);
	for (size_t i = 0; i < n; i++)
		take_member(groups, group, rd_kafka_ConsumerGroupDescription_member(d, i));
}

/* A group that failed keeps no state. */
static int describe_members(struct kafka_admin *a, struct kafka_groups *groups, struct buf *err)
{
	rd_kafka_AdminOptions_t *options =
		kafka_admin_options(a, RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS, false);
	const rd_kafka_ConsumerGroupDescription_t **results;
	const char **names = mem_zalloc(groups->n, sizeof *names);
	rd_kafka_event_t *event;
	size_t n;
	int rc;

	for (size_t i = 0; i < groups->n; i++) {
		names[i] = groups->v[i].name;
		groups->v[i].state = NULL;
	}
	rd_kafka_DescribeConsumerGroups(a->rk, names, groups->n, options, a->queue);
	free(names);
	rc = kafka_admin_answer(a, options, &event, err);
	if (rc)
		return rc;
	results = rd_kafka_DescribeConsumerGroups_result_groups(
		rd_kafka_event_DescribeConsumerGroups_result(event), &n);
	for (size_t i = 0; i < n; i++) {
		const char *name = rd_kafka_ConsumerGroupDescription_group_id(results[i]);
		const rd_kafka_error_t *error = rd_kafka_ConsumerGroupDescription_error(results[i]);

		if (error)
			kafka_admin_failed(a, name, rd_kafka_error_code(error),
					   rd_kafka_error_string(error));
		else
			take_description(groups, find_group(groups, name), results[i]);
	}
	rd_kafka_event_destroy(event);
	return EXIT_OK;
}

/* --- Commits --- */

int kafka_by_claim(const void *x, const void *y)
{
	const struct kafka_claim *a = x, *b = y;
	int order = strcmp(a->topic, b->topic);

	return order ? order : (a->partition > b->partition) - (a->partition < b->partition);
}

/* One claim for a partition that a member and a commit have told of. */
static void merge_claims(struct kafka_group *group)
{
	size_t n = 0;

	if (group->nclaims)
		qsort(group->claims, group->nclaims, sizeof *group->claims, kafka_by_claim);
	for (size_t i = 0; i < group->nclaims; i++) {
		struct kafka_claim *claim = &group->claims[i];
		struct kafka_claim *last = n ? &group->claims[n - 1] : NULL;

		if (!last || kafka_by_claim(last, claim) != 0) {
			group->claims[n++] = *claim;
			continue;
		}
		if (claim->member)
			last->member = claim->member;
		if (claim->committed >= 0)
			last->committed = claim->committed;
	}
	group->nclaims = n;
}

static void take_commits(struct kafka_groups *groups, struct kafka_group *group,
			 const rd_kafka_topic_partition_list_t *list)
{
	for (int i = 0; list && i < list->cnt; i++) {
		const rd_kafka_topic_partition_t *e = &list->elems[i];
		if (!e->err && e->offset >= 0)
			add_claim(groups, group, e)->committed = e->offset;
	}
	merge_claims(group);
}

/* librdkafka takes one group at a time. */
static int describe_commits(struct kafka_admin *a, struct kafka_groups *groups,
			    struct kafka_group *group, struct buf *err)
{
	rd_kafka_AdminOptions_t *options =
		kafka_admin_options(a, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS, false);
	rd_kafka_ListConsumerGroupOffsets_t *request =
		rd_kafka_ListConsumerGroupOffsets_new(group->name, NULL);
	const rd_kafka_group_result_t **results;
	const rd_kafka_error_t *error;
	rd_kafka_event_t *event;
	size_t n;
	int rc;

	rd_kafka_ListConsumerGroupOffsets(a->rk, &request, 1, options, a->queue);
	rd_kafka_ListConsumerGroupOffsets_destroy(request);
	rc = kafka_admin_answer(a, options, &event, err);
	if (rc)
		return rc;
	results = rd_kafka_ListConsumerGroupOffsets_result_groups(
		rd_kafka_event_ListConsumerGroupOffsets_result(event), &n);
	error = n ? rd_kafka_group_result_error(results[0]) : NULL;
	if (error) {
		kafka_admin_failed(a, group->name, rd_kafka_error_code(error),
				   rd_kafka_error_string(error));
		group->state = NULL;
	} else if (n) {
		take_commits(groups, group, rd_kafka_group_result_partitions(results[0]));
	}
	rd_kafka_event_destroy(event);
	return EXIT_OK;
}

/*
 * Brokers call a group that they do not know Dead; one with commits is there, but of a kind that this
 * librdkafka cannot ask for.
 */
static bool is_there(struct kafka_admin *a, struct kafka_group *group, bool absent)
{
	if (!group->state)
		return false; /* that was told */
	if (strcmp(group->state, "Dead") != 0)
		return true;
	if (group->nclaims)
		group->state = "Unknown";
	else if (!absent)
		kafka_admin_failed(a, group->name, RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND,
				   "no such group");
	return absent || group->nclaims;
}

int kafka_groups_describe(struct kafka_admin *a, const struct operands *names, bool absent,
			  struct kafka_groups *groups, struct buf *err)
{
	int rc = find_groups(a, names, true, groups, err);
	size_t n = 0;

	if (rc || !groups->n)
		return rc;
	rc = describe_members(a, groups, err);
	for (size_t i = 0; !rc && i < groups->n; i++) {
		if (groups->v[i].state)
			rc = describe_commits(a, groups, &groups->v[i], err);
	}
	for (size_t i = 0; !rc && i < groups->n; i++) {
		if (is_there(a, &groups->v[i], absent))
			groups->v[n++] = groups->v[i];
		else
			kafka_group_free(&groups->v[i]);
	}
	if (!rc)
		groups->n = n;
	return rc;
}

/* --- Offsets --- */

static const rd_kafka_metadata_topic_t *find_topic(const struct kafka_admin *a, const char *name)
{
	for (int i = 0; i < a->md->topic_cnt; i++) {
		if (strcmp(a->md->topics[i].topic, name) == 0)
			return &a->md->topics[i];
	}
	return NULL;
}

/* Can its offsets be asked for? It may have gone, or have no leader. */
static bool is_led(const rd_kafka_metadata_topic_t *topic, int32_t id)
{
	for (int i = 0; topic && i < topic->partition_cnt; i++) {
		if (topic->partitions[i].id == id)
			return topic->partitions[i].leader >= 0;
	}
	return false;
}

static rd_kafka_topic_partition_list_t *list_of(const struct kafka_admin *a,
						const struct kafka_group *group)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(0);
	const rd_kafka_metadata_topic_t *topic = NULL;

	for (size_t i = 0; i < group->nclaims; i++) {
		struct kafka_claim *claim = &group->claims[i];
		if (!topic || strcmp(topic->topic, claim->topic) != 0)
			topic = find_topic(a, claim->topic);
		if (is_led(topic, claim->partition))
			rd_kafka_topic_partition_list_add(list, claim->topic, claim->partition)
				->opaque = claim;
	}
	return list;
}

static int group_offsets(struct kafka_admin *a, struct kafka_group *group, struct buf *err)
{
	rd_kafka_topic_partition_list_t *list = list_of(a, group);
	int rc = kafka_admin_offsets(a, list, RD_KAFKA_OFFSET_BEGINNING, err);

	for (int i = 0; !rc && i < list->cnt; i++)
		((struct kafka_claim *)list->elems[i].opaque)->earliest = list->elems[i].offset;
	if (!rc)
		rc = kafka_admin_offsets(a, list, RD_KAFKA_OFFSET_END, err);
	for (int i = 0; !rc && i < list->cnt; i++)
		((struct kafka_claim *)list->elems[i].opaque)->latest = list->elems[i].offset;
	rd_kafka_topic_partition_list_destroy(list);
	return rc;
}

int kafka_groups_offsets(struct kafka_admin *a, struct kafka_groups *groups, struct buf *err)
{
	int rc = EXIT_OK;

	for (size_t i = 0; !rc && i < groups->n; i++)
		rc = group_offsets(a, &groups->v[i], err);
	return rc;
}
