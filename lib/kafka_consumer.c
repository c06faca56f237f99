#include "kafka_priv.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "diag.h"
#include "loop.h"
#include "mem.h"

/* Records between two looks at the queues of the partitions that had none. */
enum { LOOK_EVERY = 512 };

/* Bytes of records that may wait in librdkafka, all partitions together. */
enum { PREFETCH = 40 * 1024 * 1024 };

/* Bounds of what is divided. Batches are up to 1 MiB, and one that is cut off is sent for nothing. */
enum {
	SHARE_LEAST = 256 * 1024,
	FETCH_LEAST = 1024 * 1024,
	FETCH_MOST = 4 * 1024 * 1024,
};

/* What one message takes there besides its bytes. */
enum { MESSAGE_COST = 350 };

/* --- Failing --- */

void kafka_fail(struct kafka_consumer *c, int status, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	if (c->status)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	c->status = status;
	buf_setf(&c->why, "%s", text);
}

int kafka_failure(const struct kafka_consumer *c, const char **why)
{
	*why = c->why.data ? c->why.data : "";
	return c->status;
}

/* Without a group nothing is asked of a group coordinator, so its refusal does not matter. */
static bool is_foreign(const struct kafka_consumer *c, rd_kafka_resp_err_t code)
{
	return !c->cc.group && code == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED;
}

void kafka_trouble(struct kafka_consumer *c, const rd_kafka_message_t *msg)
{
	const char *text = rd_kafka_message_errstr(msg);
	rd_kafka_resp_err_t code = msg->err;
	char fatal[512];

	/* A consumer's fatal errors come only this way. */
	if (code == RD_KAFKA_RESP_ERR__FATAL) {
		code = rd_kafka_fatal_error(c->rk, fatal, sizeof fatal);
		kafka_fail(c, kafka_status(code) ? kafka_status(code) : EXIT_FAIL, "%s", fatal);
		return;
	}
	if (kafka_passes(code) || is_foreign(c, code))
		return;
	if (kafka_status(code)) {
		kafka_fail(c, kafka_status(code), "%s", text);
	} else if (!c->cc.quiet && !slice_is(buf_slice(&c->said), text)) {
		buf_setf(&c->said, "%s", text);
		diag_warn("%s", text);
	}
}

/* --- Assignment --- */

static int by_name(const void *a, const void *b)
{
	const rd_kafka_topic_partition_t *const *x = a, *const *y = b;
	int order = strcmp((*x)->topic, (*y)->topic);

	return order ? order
		     : ((*x)->partition > (*y)->partition) - ((*x)->partition < (*y)->partition);
}

/* Says "TOPIC: assigned 0,1" for each topic of the list. */
static void say(struct kafka_consumer *c, const rd_kafka_topic_partition_list_t *list,
		const char *what)
{
	size_t n = (size_t)list->cnt;
	const rd_kafka_topic_partition_t **v = mem_zalloc(n, sizeof *v);
	struct buf text = BUF_INIT;

	for (size_t i = 0; i < n; i++)
		v[i] = &list->elems[i];
	qsort(v, n, sizeof *v, by_name);
	for (size_t i = 0; c->cc.say && i < n; i++) {
		bool last = i + 1 == n || strcmp(v[i + 1]->topic, v[i]->topic) != 0;
		if (!text.len)
			buf_addf(&text, "%s: %s ", v[i]->topic, what);
		buf_addf(&text, "%" PRId32 "%s", v[i]->partition, last ? "" : ",");
		if (last) {
			c->cc.say(c->cc.ctx, buf_str(&text));
			buf_clear(&text);
		}
	}
	buf_free(&text);
	free(v);
}

/* Takes these partitions on. 0 or an exit status. */
static int add_parts(struct kafka_consumer *c, rd_kafka_topic_partition_list_t *list,
		     bool incremental, struct buf *err)
{
	size_t first = c->nparts;
	rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
	rd_kafka_error_t *error = NULL;
	int rc;

	for (int i = 0; i < list->cnt; i++)
		kafka_part_new(c, list->elems[i].topic, list->elems[i].partition);
	rc = kafka_start(c, c->parts + first, c->nparts - first, err);
	if (rc)
		return rc;
	for (int i = 0; i < list->cnt; i++)
		list->elems[i].offset = c->parts[first + (size_t)i]->start;
	/* One that was here before, and done, is still paused. Now, and not when it is fetched already:
	 * librdkafka then drops the answer that is on its way, and after an error waits for seconds. */
	rd_kafka_resume_partitions(c->rk, list);
	if (incremental)
		error = rd_kafka_incremental_assign(c->rk, list);
	else
		code = rd_kafka_assign(c->rk, list);
	if (error) {
		code = rd_kafka_error_code(error);
		rd_kafka_error_destroy(error);
	}
	if (code) {
		buf_setf(err, "cannot assign partitions: %s", rd_kafka_err2str(code));
		return EXIT_FAIL;
	}
	for (size_t i = first; i < c->nparts; i++) {
		if (c->parts[i]->next >= c->parts[i]->end)
			kafka_part_done(c, c->parts[i]);
	}
	if (kafka_is_behind(c))
		c->commit_due = loop_now();
	c->assigned = true;
	c->unsettled = false;
	c->countdown = 0;
	return EXIT_OK;
}

static void drop_parts(struct kafka_consumer *c, const rd_kafka_topic_partition_list_t *list)
{
	for (int i = 0; i < list->cnt; i++) {
		struct kafka_part *p =
			kafka_part_find(c, list->elems[i].topic, list->elems[i].partition);
		for (size_t at = 0; p && at < c->nparts; at++) {
			if (c->parts[at] != p)
				continue;
			c->parts[at] = c->parts[--c->nparts];
			kafka_part_free(c, p);
			break;
		}
	}
}

static void unassign(struct kafka_consumer *c, rd_kafka_topic_partition_list_t *list,
		     bool incremental)
{
	rd_kafka_error_t *error;

	if (!incremental) {
		rd_kafka_assign(c->rk, NULL);
		return;
	}
	error = rd_kafka_incremental_unassign(c->rk, list);
	if (error)
		rd_kafka_error_destroy(error);
}

/* What was given is written and committed before anybody else can read on. */
static void settle(struct kafka_consumer *c)
{
	struct buf err = BUF_INIT;

	if (rd_kafka_assignment_lost(c->rk)) {
		c->unsettled = kafka_is_behind(c);
		buf_setf(&err, "%s", kafka_not_committed);
	} else {
		if (c->cc.flush)
			c->cc.flush(c->cc.ctx);
		c->unsettled = kafka_commit(c, &err) != EXIT_OK;
	}
	if (c->unsettled && !c->cc.quiet)
		diag_warn("%s", buf_str(&err));
	buf_free(&err);
}

static void give_up(struct kafka_consumer *c, rd_kafka_topic_partition_list_t *list,
		    bool incremental)
{
	if (!c->closing) {
		settle(c);
		say(c, list, "revoked");
	}
	drop_parts(c, list);
	/* What is left may be all done, but more may be on the way. */
	c->assigned = false;
	unassign(c, list, incremental);
}

static void on_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t code,
			 rd_kafka_topic_partition_list_t *list, void *opaque)
{
	struct kafka_health *h = opaque;
	struct kafka_consumer *c = h->owner;
	const char *protocol = rd_kafka_rebalance_protocol(rk);
	bool incremental = protocol && strcmp(protocol, "COOPERATIVE") == 0;
	struct buf err = BUF_INIT;
	int status;

	if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS && !c->closing) {
		say(c, list, "assigned");
		status = add_parts(c, list, incremental, &err);
		if (status) {
			kafka_fail(c, status, "%s", buf_str(&err));
			rd_kafka_assign(rk, NULL);
		}
	} else if (code == RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS) {
		give_up(c, list, incremental);
	} else {
		rd_kafka_assign(rk, NULL);
	}
	buf_free(&err);
}

/* --- Opening --- */

/* Properties that divide PREFETCH among so many partitions. */
struct prefetch {
	char messages[24], kbytes[24], fetch[24];
};

static void divide_prefetch(struct prefetch *pf, size_t partitions)
{
	size_t share = PREFETCH / (partitions ? partitions : 1);
	size_t fetch = share / 8;

	if (share < SHARE_LEAST)
		share = SHARE_LEAST;
	if (fetch < FETCH_LEAST)
		fetch = FETCH_LEAST;
	if (fetch > FETCH_MOST)
		fetch = FETCH_MOST;
	snprintf(pf->messages, sizeof pf->messages, "%zu", share / 2 / MESSAGE_COST);
	snprintf(pf->kbytes, sizeof pf->kbytes, "%zu", share / 2 / 1024);
	snprintf(pf->fetch, sizeof pf->fetch, "%zu", fetch);
}

static rd_kafka_conf_t *build_conf(struct kafka_consumer *c, const struct kafka_conf *conf,
				   size_t partitions, struct buf *err)
{
	struct prefetch pf;
	const struct kafka_setting defaults[] = {
		{"queued.min.messages", pf.messages},
		{"queued.max.messages.kbytes", pf.kbytes},
		{"fetch.message.max.bytes", pf.fetch},
		/* A request that only asks for partitions at their ends holds up the next one for so
		 * long. While there is no end, it is also how often a broker is asked for nothing. */
		{"fetch.wait.max.ms", c->finite ? "5" : "25"},
		{"fetch.queue.backoff.ms", "2"},
		{"auto.offset.reset", "earliest"},
		{"isolation.level", "read_committed"},
		{"partition.assignment.strategy", "range,roundrobin"},
		{"log.connection.close", "false"},
		/* Without a group it only names something that librdkafka insists on. */
		{"group.id", "kin"},
		{NULL, NULL},
	};
	const struct kafka_setting forced[] = {
		{"group.id", c->cc.group},        {"group.instance.id", c->cc.instance},
		{"enable.auto.commit", "false"},  {"enable.auto.offset.store", "false"},
		{"enable.partition.eof", "true"}, {NULL, NULL},
	};
	rd_kafka_conf_t *rkconf;

	divide_prefetch(&pf, partitions);
	rkconf = kafka_conf_build(conf, defaults, forced, &c->health, err);
	if (!rkconf)
		return NULL;
	c->commit_every = kafka_conf_number(rkconf, "auto.commit.interval.ms", 5000) * 1000;
	c->poll_every = kafka_conf_number(rkconf, "max.poll.interval.ms", 300000) * 1000 / 4;
	c->queue_messages = kafka_conf_number(rkconf, "queued.min.messages", INT64_MAX);
	c->queue_bytes =
		kafka_conf_number(rkconf, "queued.max.messages.kbytes", INT64_MAX / 1024) * 1024;
	c->wakes = kafka_conf_number(rkconf, "fetch.queue.backoff.ms", -1) < 0;
	rd_kafka_conf_set_rebalance_cb(rkconf, on_rebalance);
	return rkconf;
}

/* 0 or an exit status. */
static int open_handle(struct kafka_consumer *c, const struct kafka_conf *conf, size_t partitions,
		       struct buf *err)
{
	rd_kafka_conf_t *rkconf = build_conf(c, conf, partitions, err);

	c->rk = rkconf ? kafka_handle(RD_KAFKA_CONSUMER, rkconf, err) : NULL;
	if (!c->rk)
		return EXIT_USAGE;
	rd_kafka_poll_set_consumer(c->rk);
	c->main_queue = rd_kafka_queue_get_consumer(c->rk);
	kafka_pipe_watch(c->main_queue, c->wake[1]);
	c->commit_queue = rd_kafka_queue_new(c->rk);
	kafka_pipe_watch(c->commit_queue, c->wake[1]);
	return EXIT_OK;
}

static void close_handle(struct kafka_consumer *c)
{
	/* Without an answer to a commit there will be none to leaving the group. */
	int flags = c->committing ? RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE : 0;

	kafka_pipe_watch(c->main_queue, -1);
	rd_kafka_queue_destroy(c->main_queue);
	kafka_pipe_watch(c->commit_queue, -1);
	rd_kafka_queue_destroy(c->commit_queue);
	rd_kafka_destroy_flags(c->rk, flags);
	c->rk = NULL;
}

static int subscribe(struct kafka_consumer *c, struct buf *err)
{
	rd_kafka_topic_partition_list_t *list =
		rd_kafka_topic_partition_list_new((int)c->cc.topics->n);
	rd_kafka_resp_err_t code;

	for (size_t i = 0; i < c->cc.topics->n; i++)
		rd_kafka_topic_partition_list_add(list, c->cc.topics->v[i], RD_KAFKA_PARTITION_UA);
	code = rd_kafka_subscribe(c->rk, list);
	rd_kafka_topic_partition_list_destroy(list);
	if (!code)
		return EXIT_OK;
	buf_setf(err, "cannot subscribe: %s", rd_kafka_err2str(code));
	return EXIT_FAIL;
}

/* Finds the topics, divides the memory among their partitions, and starts reading. */
static int begin(struct kafka_consumer *c, const struct kafka_conf *conf, struct buf *err)
{
	enum { FEW = 8 };
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(FEW);
	int rc = open_handle(c, conf, FEW, err);

	if (!rc)
		rc = kafka_find(c, list, err);
	/* How much is fetched ahead can only be said when a handle is made. */
	if (!rc && list->cnt && list->cnt != FEW) {
		close_handle(c);
		rc = open_handle(c, conf, (size_t)list->cnt, err);
	}
	if (!rc)
		rc = c->grouped ? subscribe(c, err) : add_parts(c, list, false, err);
	rd_kafka_topic_partition_list_destroy(list);
	return rc;
}

static void free_consumer(struct kafka_consumer *c)
{
	while (c->nparts)
		kafka_part_free(c, c->parts[--c->nparts]);
	if (c->rk)
		close_handle(c);
	close(c->wake[0]);
	close(c->wake[1]);
	free(c->parts);
	free(c->heap);
	free(c->headers);
	kafka_health_free(&c->health);
	buf_free(&c->said);
	buf_free(&c->why);
	free(c);
}

int kafka_consumer_open(struct kafka_consumer **consumer, const struct kafka_conf *conf,
			const struct kafka_consumer_conf *cc, struct buf *err)
{
	struct kafka_consumer *c = mem_zalloc(1, sizeof *c);
	const char *commit = kafka_conf_value(conf, "enable.auto.commit");
	int rc;

	c->cc = *cc;
	c->health.owner = c;
	c->health.quiet = cc->quiet;
	c->grouped = cc->group && !(cc->partitions && cc->partitions->n);
	c->finite = cc->to_end || kafka_ranges_end(cc->ranges);
	c->commits = cc->group && cc->commit != KAFKA_COMMIT_NONE &&
		     !(commit && strcmp(commit, "false") == 0);
	c->commit_due = c->commit_limit = LOOP_FOREVER;
	kafka_pipe(c->wake);
	rc = begin(c, conf, err);
	if (rc) {
		c->closing = true;
		free_consumer(c);
		return rc;
	}
	c->health.ready = true;
	*consumer = c;
	return EXIT_OK;
}

/* --- Reading --- */

int kafka_fd(const struct kafka_consumer *c)
{
	return c->wake[0];
}

int64_t kafka_deadline(const struct kafka_consumer *c)
{
	int64_t due = c->poll_due < c->commit_due ? c->poll_due : c->commit_due;

	for (size_t i = 0; c->nheap && i < c->nparts; i++) {
		const struct kafka_part *p = c->parts[i];
		if (p->state == PART_WAITING && p->since + c->cc.align < due)
			due = p->since + c->cc.align;
	}
	return due;
}

/* What comes outside of the partitions' queues. A record there was never expected, so none is lost. */
static void take_stray(struct kafka_consumer *c, const rd_kafka_message_t *msg)
{
	if (!msg->err)
		kafka_fail(c, EXIT_AGAIN, "%s[%" PRId32 "]: the partition was made anew",
			   rd_kafka_topic_name(msg->rkt), msg->partition);
	else if (msg->err != RD_KAFKA_RESP_ERR__PARTITION_EOF)
		kafka_trouble(c, msg);
}

void kafka_service(struct kafka_consumer *c, int64_t now)
{
	rd_kafka_message_t *msg;

	kafka_pipe_drain(c->wake[0]);
	c->countdown = 0;
	c->poll_due = now + c->poll_every;
	while ((msg = rd_kafka_consumer_poll(c->rk, 0))) {
		take_stray(c, msg);
		rd_kafka_message_destroy(msg);
	}
	if (c->health.denied)
		kafka_fail(c, EXIT_BROKER, "not authorised: %s", buf_str(&c->health.reason));
	kafka_serve_commits(c);
	if (now >= c->commit_due)
		kafka_commit_soon(c);
}

/* Partitions without a head may have got one. */
static void look(struct kafka_consumer *c, int64_t now)
{
	kafka_service(c, now);
	for (size_t i = 0; i < c->nparts && !c->status; i++) {
		struct kafka_part *p = c->parts[i];
		if (p->state != PART_READY && p->state != PART_DONE)
			kafka_part_settle(c, p, now);
	}
	c->countdown = LOOK_EVERY;
}

static bool is_held(const struct kafka_consumer *c)
{
	for (size_t i = 0; i < c->nparts; i++) {
		if (c->parts[i]->state == PART_WAITING)
			return true;
	}
	return false;
}

static bool is_done(const struct kafka_consumer *c)
{
	if (!c->finite || !c->assigned)
		return false;
	for (size_t i = 0; i < c->nparts; i++) {
		if (c->parts[i]->state != PART_DONE)
			return false;
	}
	return true;
}

int64_t kafka_left(const struct kafka_consumer *c)
{
	int64_t left = 0;

	if (!c->finite || !c->assigned)
		return -1;
	for (size_t i = 0; i < c->nparts; i++) {
		const struct kafka_part *p = c->parts[i];
		if (p->state == PART_DONE)
			continue;
		if (p->end == INT64_MAX)
			return -1;
		left += p->next < p->end ? p->end - p->next : 0;
	}
	return left;
}

static void fill_headers(struct kafka_consumer *c, const rd_kafka_message_t *msg, struct rec *rec)
{
	rd_kafka_headers_t *list;
	const char *name;
	const void *value;
	size_t len;

	if (rd_kafka_message_headers(msg, &list))
		return;
	while (!rd_kafka_header_get_all(list, rec->nheaders, &name, &value, &len)) {
		c->headers = mem_grow(c->headers, &c->headers_cap, rec->nheaders + 1,
				      sizeof *c->headers);
		c->headers[rec->nheaders++] =
			(struct rec_header){slice_str(name), slice_of(value, len)};
	}
	rec->headers = c->headers;
}

static void fill(struct kafka_consumer *c, const struct kafka_part *p,
		 const rd_kafka_message_t *msg, struct rec *rec)
{
	rd_kafka_timestamp_type_t type;
	int64_t t = rd_kafka_message_timestamp(msg, &type);

	*rec = (struct rec){
		.topic = {p->topic, p->topic_len},
		.partition = p->id,
		.offset = msg->offset,
		.timestamp = type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE ? REC_NO_TIMESTAMP : t,
		.log_append = type == RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME,
		.key = {msg->key, msg->key_len},
		.value = {msg->payload, msg->len},
	};
	if (c->cc.headers)
		fill_headers(c, msg, rec);
}

enum kafka_next kafka_next(struct kafka_consumer *c, int64_t now, struct rec *rec)
{
	struct kafka_part *top;

	if (c->current) {
		rd_kafka_message_destroy(c->current);
		c->current = NULL;
	}
	if (!c->countdown || !c->nheap || c->held) {
		look(c, now);
		c->held = is_held(c);
		if (c->status)
			return KAFKA_FAILED;
		if (!c->nheap || c->held)
			return is_done(c) ? KAFKA_DONE : KAFKA_WAIT;
	}
	c->countdown--;
	c->health.down = false;
	top = c->heap[0];
	c->current = kafka_part_take(c, top, now);
	c->held = c->held || top->state == PART_WAITING;
	fill(c, top, c->current, rec);
	return KAFKA_RECORD;
}

/* --- Closing --- */

int kafka_consumer_close(struct kafka_consumer *c, struct buf *err)
{
	int rc = kafka_commit(c, err);

	if (!rc && c->unsettled) {
		buf_setf(err, "%s", kafka_not_committed);
		rc = EXIT_AGAIN;
	}
	c->closing = true;
	if (c->current)
		rd_kafka_message_destroy(c->current);
	if (c->grouped && !c->committing)
		rd_kafka_consumer_close(c->rk);
	free_consumer(c);
	return rc;
}
