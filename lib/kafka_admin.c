/*
 * What there is in a cluster: the connection that all of kafka_admin uses, topics and their offsets.
 */
#include "kafka_admin_priv.h"

#include <inttypes.h>
#include <regex.h>
#include <stdlib.h>

#include "diag.h"
#include "loop.h"
#include "mem.h"

/* How long a request may take once the cluster has answered (ms): the work of brokers is in it. */
enum { REQUEST_LIMIT = 30000 };

/* One wait for an answer (ms); short, so that a signal is heeded. */
enum { TRY = 100 };

/* --- The connection --- */

static rd_kafka_conf_t *build_conf(struct kafka_admin *a, const struct kafka_conf *conf,
				   struct buf *err)
{
	static const struct kafka_setting defaults[] = {
		{"client.id", "kpipe"},
		{"log.connection.close", "false"},
		/* The end of a partition is where the next record goes. */
		{"isolation.level", "read_uncommitted"},
		{NULL, NULL},
	};
	static const struct kafka_setting forced[] = {
		/* Who asks for a topic does not make it. */
		{"allow.auto.create.topics", "false"},
		{NULL, NULL},
	};
	rd_kafka_conf_t *rkconf = kafka_conf_build(conf, defaults, forced, &a->health, err);

	/* Nor is it a member of a group. */
	if (rkconf) {
		rd_kafka_conf_set(rkconf, "group.id", NULL, NULL, 0);
		rd_kafka_conf_set(rkconf, "group.instance.id", NULL, NULL, 0);
	}
	return rkconf;
}

int kafka_admin_open(struct kafka_admin **admin, const struct kafka_conf *conf,
		     void (*failed)(const char *what, const char *why), struct buf *err)
{
	struct kafka_admin *a = mem_zalloc(1, sizeof *a);
	rd_kafka_conf_t *rkconf;

	*admin = a;
	a->failed = failed;
	rkconf = build_conf(a, conf, err);
	if (!rkconf)
		return EXIT_USAGE;
	a->rk = kafka_handle(RD_KAFKA_CONSUMER, rkconf, err);
	if (!a->rk)
		return EXIT_USAGE;
	a->queue = rd_kafka_queue_new(a->rk);
	return kafka_metadata(a->rk, &a->health, NULL, false, &a->md, err);
}

void kafka_admin_close(struct kafka_admin *a)
{
	if (a->md)
		rd_kafka_metadata_destroy(a->md);
	if (a->queue)
		rd_kafka_queue_destroy(a->queue);
	/* The end of the process is near; the wait for the handle's threads would have none. */
	if (a->rk && !a->stuck)
		rd_kafka_destroy(a->rk);
	kafka_health_free(&a->health);
	free(a);
}

int kafka_admin_status(const struct kafka_admin *a, size_t shown)
{
	if (!a->failures)
		return EXIT_OK;
	return a->failures == a->denied && !a->succeeded && !shown ? EXIT_BROKER : EXIT_FAIL;
}

void kafka_admin_failed(struct kafka_admin *a, const char *what, rd_kafka_resp_err_t code,
			const char *why)
{
	a->failures++;
	a->stuck |= code == RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE;
	a->denied += kafka_status(code) == EXIT_BROKER;
	a->failed(what, why ? why : rd_kafka_err2str(code));
}

void kafka_admin_settle(struct kafka_admin *a, const char *what, rd_kafka_resp_err_t code,
			const char *why)
{
	if (code)
		kafka_admin_failed(a, what, code, why);
	else
		a->succeeded++;
}

void kafka_admin_topic_results(struct kafka_admin *a, const rd_kafka_topic_result_t *const *results,
			       size_t n)
{
	for (size_t i = 0; i < n; i++)
		kafka_admin_settle(a, rd_kafka_topic_result_name(results[i]),
				   rd_kafka_topic_result_error(results[i]),
				   rd_kafka_topic_result_error_string(results[i]));
}

/* --- What has become --- */

static bool has_become(const struct rd_kafka_metadata *md, const char *topic, int partitions)
{
	const rd_kafka_metadata_topic_t *t = NULL;

	for (int i = 0; i < md->topic_cnt; i++) {
		if (strcmp(md->topics[i].topic, topic) == 0)
			t = &md->topics[i];
	}
	if (!t || !partitions)
		return !t && !partitions;
	for (int i = 0; i < t->partition_cnt; i++) {
		if (t->partitions[i].leader < 0)
			return false;
	}
	return t->partition_cnt >= partitions;
}

void kafka_admin_await(struct kafka_admin *a, const char *topic, int partitions)
{
	enum { LIMIT = 5000, ASK = 1000 };
	int64_t deadline = loop_now() + LIMIT * INT64_C(1000);
	bool done = false;

	while (!done && kafka_keep_trying(&a->health, deadline)) {
		const struct rd_kafka_metadata *md;

		if (rd_kafka_metadata(a->rk, 1, NULL, &md, ASK))
			return;
		done = has_become(md, topic, partitions);
		rd_kafka_metadata_destroy(md);
		if (!done)
			loop_wait(NULL, 0, loop_now() + TRY * INT64_C(1000) / 4);
	}
}

void kafka_admin_await_all(struct kafka_admin *a, const rd_kafka_topic_result_t *const *results,
			   size_t n, int partitions)
{
	for (size_t i = 0; i < n; i++) {
		if (!rd_kafka_topic_result_error(results[i]))
			kafka_admin_await(a, rd_kafka_topic_result_name(results[i]), partitions);
	}
}

/* --- Requests --- */

int kafka_admin_controller(struct kafka_admin *a, struct buf *err)
{
	int32_t id = rd_kafka_controllerid(a->rk, TRY);

	for (int i = 0; i < a->md->broker_cnt; i++) {
		if (a->md->brokers[i].id == id)
			return EXIT_OK;
	}
	buf_setf(err, "the cluster has no controller, so topics cannot be configured or changed");
	return EXIT_FAIL;
}

rd_kafka_AdminOptions_t *kafka_admin_options(struct kafka_admin *a, rd_kafka_admin_op_t op,
					     bool dry_run)
{
	rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(a->rk, op);
	char unused[128];

	rd_kafka_AdminOptions_set_request_timeout(options, REQUEST_LIMIT, unused, sizeof unused);
	if (dry_run)
		rd_kafka_AdminOptions_set_validate_only(options, 1, unused, sizeof unused);
	return options;
}

static int request_error(struct kafka_admin *a, rd_kafka_resp_err_t code, const char *why,
			 struct buf *err)
{
	a->stuck = true;
	if (kafka_passes(code) && (a->health.reason.len || loop_signal()))
		return kafka_no_answer(&a->health, code, err);
	buf_setf(err, "%s", why ? why : rd_kafka_err2str(code));
	if (kafka_passes(code))
		return EXIT_BROKER;
	return kafka_status(code) ? kafka_status(code) : EXIT_FAIL;
}

int kafka_admin_answer(struct kafka_admin *a, rd_kafka_AdminOptions_t *options,
		       rd_kafka_event_t **event, struct buf *err)
{
	/* librdkafka's own limit comes first, and knows more. */
	int64_t deadline = loop_now() + (REQUEST_LIMIT + 1000) * INT64_C(1000);
	rd_kafka_event_t *got = NULL;
	int rc;

	rd_kafka_AdminOptions_destroy(options);
	while (!got && kafka_keep_trying(&a->health, deadline)) {
		got = rd_kafka_queue_poll(a->queue, TRY);
		rd_kafka_poll(a->rk, 0);
	}
	if (!got)
		return kafka_no_answer(&a->health, RD_KAFKA_RESP_ERR__TIMED_OUT, err);
	if (!rd_kafka_event_error(got)) {
		*event = got;
		return EXIT_OK;
	}
	rc = request_error(a, rd_kafka_event_error(got), rd_kafka_event_error_string(got), err);
	rd_kafka_event_destroy(got);
	return rc;
}

/* --- Names --- */

int kafka_pattern_init(struct kafka_pattern *p, const char *name, struct buf *err)
{
	char why[256];
	regex_t *re;
	int rc;

	*p = (struct kafka_pattern){name, name[0] == '^', NULL};
	if (!p->is_regex)
		return EXIT_OK;
	re = mem_zalloc(1, sizeof *re);
	rc = regcomp(re, name, REG_EXTENDED | REG_NOSUB);
	if (!rc) {
		p->regex = re;
		return EXIT_OK;
	}
	regerror(rc, re, why, sizeof why);
	buf_setf(err, "%s: %s", name, why);
	free(re);
	return EXIT_USAGE;
}

bool kafka_pattern_matches(const struct kafka_pattern *p, const char *name)
{
	return p->is_regex ? regexec(p->regex, name, 0, NULL, 0) == 0 : strcmp(p->name, name) == 0;
}

void kafka_pattern_free(struct kafka_pattern *p)
{
	if (p->regex)
		regfree(p->regex);
	free(p->regex);
}

/* --- Topics --- */

static int by_partition(const void *x, const void *y)
{
	int32_t a = ((const struct kafka_place_info *)x)->id,
		b = ((const struct kafka_place_info *)y)->id;

	return (a > b) - (a < b);
}

static int by_topic(const void *x, const void *y)
{
	return strcmp(((const struct kafka_topic *)x)->name, ((const struct kafka_topic *)y)->name);
}

/* What it points to is the metadata's. */
static struct kafka_topic topic_of(const rd_kafka_metadata_topic_t *t)
{
	struct kafka_topic topic = {.name = t->topic, .n = (size_t)t->partition_cnt};

	topic.partitions = mem_zalloc(topic.n, sizeof *topic.partitions);
	for (size_t i = 0; i < topic.n; i++) {
		const rd_kafka_metadata_partition_t *p = &t->partitions[i];

		topic.partitions[i] = (struct kafka_place_info){
			.id = p->id,
			.leader = p->leader,
			.replicas = p->replicas,
			.isr = p->isrs,
			.nreplicas = (size_t)p->replica_cnt,
			.nisr = (size_t)p->isr_cnt,
			.earliest = -1,
			.latest = -1,
			.offset = -1,
		};
	}
	qsort(topic.partitions, topic.n, sizeof *topic.partitions, by_partition);
	return topic;
}

int kafka_admin_missing(struct kafka_admin *a, const char *name, struct buf *err)
{
	const struct rd_kafka_metadata *md = NULL;
	struct buf why = BUF_INIT, prefix = BUF_INIT;
	int rc = kafka_metadata(a->rk, &a->health, name, false, &md, &why);

	buf_addf(&prefix, "%s: ", name);
	if (!rc) { /* it has come to be since */
		rd_kafka_metadata_destroy(md);
		kafka_admin_failed(a, name, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, NULL);
	} else if (strncmp(buf_str(&why), prefix.data, prefix.len) == 0) {
		kafka_admin_failed(a, name,
				   rc == EXIT_BROKER ? RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED
						     : RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART,
				   why.data + prefix.len);
		rc = EXIT_OK;
	} else {
		buf_setf(err, "%s", buf_str(&why));
	}
	buf_free(&why);
	buf_free(&prefix);
	return rc;
}

/* Marks the topics that one operand names. */
static int choose(struct kafka_admin *a, const char *name, bool *chosen, struct buf *err)
{
	struct kafka_pattern pattern;
	bool found = false;
	int rc = kafka_pattern_init(&pattern, name, err);

	for (int i = 0; !rc && i < a->md->topic_cnt; i++) {
		if (kafka_pattern_matches(&pattern, a->md->topics[i].topic))
			found = chosen[i] = true;
	}
	kafka_pattern_free(&pattern);
	if (rc || found)
		return rc;
	if (name[0] != '^')
		return kafka_admin_missing(a, name, err);
	kafka_admin_failed(a, name, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, "no such topic");
	return EXIT_OK;
}

int kafka_topics_find(struct kafka_admin *a, const struct operands *names,
		      struct kafka_topics *topics, struct buf *err)
{
	size_t all = (size_t)a->md->topic_cnt;
	bool *chosen = mem_zalloc(all, sizeof *chosen);
	int rc = EXIT_OK;

	*topics = (struct kafka_topics){.v = mem_zalloc(all, sizeof *topics->v)};
	for (size_t i = 0; !rc && i < names->n; i++)
		rc = choose(a, names->v[i], chosen, err);
	for (size_t i = 0; !rc && i < all; i++) {
		const rd_kafka_metadata_topic_t *t = &a->md->topics[i];

		if (names->n && !chosen[i])
			continue;
		if (t->err && !t->partition_cnt)
			kafka_admin_failed(a, t->topic, t->err, NULL);
		else
			topics->v[topics->n++] = topic_of(t);
	}
	free(chosen);
	qsort(topics->v, topics->n, sizeof *topics->v, by_topic);
	return rc;
}

void kafka_topics_free(struct kafka_topics *topics)
{
	for (size_t i = 0; i < topics->n; i++)
		free(topics->v[i].partitions);
	free(topics->v);
}

/* --- Offsets --- */

/* Is there an answer for every partition, or one that will not change? */
static bool is_settled(const rd_kafka_topic_partition_list_t *list)
{
	for (int i = 0; i < list->cnt; i++) {
		if (list->elems[i].err && kafka_passes(list->elems[i].err))
			return false;
	}
	return true;
}

int kafka_admin_offsets(struct kafka_admin *a, rd_kafka_topic_partition_list_t *list, int64_t time,
			struct buf *err)
{
	enum { PAUSE = 50 * 1000, PATIENT_TRY = 1000 };
	int64_t deadline = loop_now() + kafka_patience(a->rk);
	rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
	bool settled = list->cnt == 0;

	while (!settled && kafka_keep_trying(&a->health, deadline)) {
		for (int i = 0; i < list->cnt; i++) {
			list->elems[i].offset = time;
			list->elems[i].err = RD_KAFKA_RESP_ERR_NO_ERROR;
		}
		code = rd_kafka_offsets_for_times(a->rk, list, PATIENT_TRY);
		rd_kafka_poll(a->rk, 0);
		if (code && !kafka_passes(code))
			return request_error(a, code, NULL, err);
		settled = !code && is_settled(list);
		if (!settled)
			loop_wait(NULL, 0, loop_now() + PAUSE);
	}
	if (code || (!settled && loop_signal()))
		return kafka_no_answer(&a->health, code, err);
	for (int i = 0; i < list->cnt; i++) {
		if (list->elems[i].err)
			list->elems[i].offset = -1;
	}
	return EXIT_OK;
}

static rd_kafka_topic_partition_list_t *list_of(const struct kafka_topics *topics)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(0);

	for (size_t i = 0; i < topics->n; i++) {
		const struct kafka_topic *t = &topics->v[i];
		for (size_t j = 0; j < t->n; j++) {
			struct kafka_place_info *p = &t->partitions[j];
			if (p->leader >= 0)
				rd_kafka_topic_partition_list_add(list, t->name, p->id)->opaque = p;
		}
	}
	return list;
}

static void say_unknown(struct kafka_admin *a, const char *topic, int32_t id,
			rd_kafka_resp_err_t code)
{
	struct buf what = BUF_INIT;

	buf_addf(&what, "%s[%" PRId32 "]", topic, id);
	kafka_admin_failed(a, buf_str(&what), code, NULL);
	buf_free(&what);
}

static void say_leaderless(struct kafka_admin *a, const struct kafka_topics *topics)
{
	for (size_t i = 0; i < topics->n; i++) {
		const struct kafka_topic *t = &topics->v[i];
		for (size_t j = 0; j < t->n; j++) {
			if (t->partitions[j].leader < 0)
				say_unknown(a, t->name, t->partitions[j].id,
					    RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE);
		}
	}
}

/* Each partition that has no answer, unless that was said of it. */
static void set_earliest(struct kafka_admin *a, const rd_kafka_topic_partition_list_t *list)
{
	for (int i = 0; i < list->cnt; i++) {
		const rd_kafka_topic_partition_t *e = &list->elems[i];
		((struct kafka_place_info *)e->opaque)->earliest = e->offset;
		if (e->err)
			say_unknown(a, e->topic, e->partition, e->err);
	}
}

static void set_latest(struct kafka_admin *a, const rd_kafka_topic_partition_list_t *list)
{
	for (int i = 0; i < list->cnt; i++) {
		const rd_kafka_topic_partition_t *e = &list->elems[i];
		struct kafka_place_info *p = e->opaque;
		p->latest = e->offset;
		if (e->err && p->earliest >= 0)
			say_unknown(a, e->topic, e->partition, e->err);
	}
}

/* `found`: the offsets of pt's time, if it is one. */
static void set_offset(const rd_kafka_topic_partition_list_t *found, const struct kafka_point *pt)
{
	for (int i = 0; i < found->cnt; i++) {
		struct kafka_place_info *p = found->elems[i].opaque;
		if (p->earliest >= 0 && p->latest >= 0 && !found->elems[i].err)
			p->offset = kafka_point_offset(pt, p->earliest, p->latest,
						       found->elems[i].offset);
	}
}

int kafka_topics_offsets(struct kafka_admin *a, struct kafka_topics *topics,
			 const struct kafka_point *pt, struct buf *err)
{
	rd_kafka_topic_partition_list_t *list = list_of(topics);
	int rc = kafka_admin_offsets(a, list, RD_KAFKA_OFFSET_BEGINNING, err);

	if (!rc) {
		say_leaderless(a, topics);
		set_earliest(a, list);
		rc = kafka_admin_offsets(a, list, RD_KAFKA_OFFSET_END, err);
	}
	if (!rc)
		set_latest(a, list);
	if (!rc && pt && pt->place == KAFKA_TIME)
		/* Below zero the numbers have a meaning of their own. */
		rc = kafka_admin_offsets(a, list, pt->n < 0 ? 0 : pt->n, err);
	if (!rc && pt)
		set_offset(list, pt);
	rd_kafka_topic_partition_list_destroy(list);
	return rc;
}
