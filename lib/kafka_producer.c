#include "kafka_priv.h"

#include <stdlib.h>
#include <unistd.h>

#include "diag.h"
#include "keytab.h"
#include "loop.h"
#include "mem.h"

/* A push waits at most this long (ms) for its records to be on their way. */
enum { PUSH_WAIT = 5 };

/* Single waits while flushing (ms), and after giving up the rest. */
enum { FLUSH_WAIT = 100, PURGE_WAIT = 1000 };

struct topic {
	rd_kafka_topic_t *rkt;
	char *name;
};

struct kafka_producer {
	rd_kafka_t *rk;
	struct kafka_health health;
	struct kafka_producer_conf pc;
	int wake[2];
	rd_kafka_queue_t *main_queue;
	struct keytab *topics; /* by name: struct topic */
	struct topic *last;    /* the one used last, mostly the one used next */
	uint64_t sent, pushed, delivered;
};

/* --- Opening --- */

/* What was given up says nothing of itself; what kept it does. */
static const char *why_not(struct kafka_producer *p, rd_kafka_resp_err_t code)
{
	if (code != RD_KAFKA_RESP_ERR__PURGE_QUEUE && code != RD_KAFKA_RESP_ERR__PURGE_INFLIGHT)
		return rd_kafka_err2str(code);
	return p->health.reason.len ? buf_str(&p->health.reason) : "no answer in time";
}

static void on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *msg, void *opaque)
{
	struct kafka_health *h = opaque;
	struct kafka_producer *p = h->owner;

	(void)rk;
	if (!msg->err) {
		p->delivered++;
		h->down = false;
		return;
	}
	p->pc.failed(p->pc.ctx, (uintptr_t)msg->_private, why_not(p, msg->err));
}

static rd_kafka_conf_t *build_conf(struct kafka_producer *p, const struct kafka_conf *conf,
				   struct buf *err)
{
	static const struct kafka_setting defaults[] = {
		{"enable.idempotence", "true"},
		{"acks", "all"},
		/* Keys land where Java's producer puts them. */
		{"partitioner", "murmur2_random"},
		{"linger.ms", "50"},
		{"batch.num.messages", "50000"},
		{"queue.buffering.max.messages", "200000"},
		{"queue.buffering.max.kbytes", "65536"},
		{"log.connection.close", "false"},
		{NULL, NULL},
	};
	const struct kafka_setting forced[] = {
		{"compression.codec", p->pc.codec},
		{NULL, NULL},
	};
	rd_kafka_conf_t *rkconf = kafka_conf_build(conf, defaults, forced, &p->health, err);

	if (rkconf)
		rd_kafka_conf_set_dr_msg_cb(rkconf, on_delivery);
	return rkconf;
}

/* Shows that a broker answers, and that the topic is there. */
static int check_topic(struct kafka_producer *p, struct buf *err)
{
	const struct rd_kafka_metadata *md;
	int rc = kafka_metadata(p->rk, &p->health, p->pc.topic, true, &md, err);

	if (!rc)
		rd_kafka_metadata_destroy(md);
	return rc;
}

int kafka_producer_open(struct kafka_producer **producer, const struct kafka_conf *conf,
			const struct kafka_producer_conf *pc, struct buf *err)
{
	struct kafka_producer *p = mem_zalloc(1, sizeof *p);
	rd_kafka_conf_t *rkconf;
	int rc = EXIT_USAGE;

	p->pc = *pc;
	p->health.owner = p;
	p->topics = keytab_new(sizeof(struct topic), (uint64_t)loop_now());
	kafka_pipe(p->wake);
	rkconf = build_conf(p, conf, err);
	p->rk = rkconf ? kafka_handle(RD_KAFKA_PRODUCER, rkconf, err) : NULL;
	if (p->rk) {
		p->main_queue = rd_kafka_queue_get_main(p->rk);
		kafka_pipe_watch(p->main_queue, p->wake[1]);
		rc = check_topic(p, err);
	}
	if (rc) {
		kafka_producer_close(p);
		return rc;
	}
	p->health.ready = true;
	*producer = p;
	return EXIT_OK;
}

void kafka_producer_close(struct kafka_producer *p)
{
	for (size_t i = 0; i < keytab_count(p->topics); i++) {
		struct topic *t = keytab_slot(p->topics, i);
		if (t->rkt)
			rd_kafka_topic_destroy(t->rkt);
		free(t->name);
	}
	keytab_free(p->topics);
	if (p->rk) {
		kafka_pipe_watch(p->main_queue, -1);
		rd_kafka_queue_destroy(p->main_queue);
		rd_kafka_destroy(p->rk);
	}
	close(p->wake[0]);
	close(p->wake[1]);
	kafka_health_free(&p->health);
	free(p);
}

/* --- Events --- */

int kafka_producer_fd(const struct kafka_producer *p)
{
	return p->wake[0];
}

void kafka_producer_serve(struct kafka_producer *p)
{
	kafka_pipe_drain(p->wake[0]);
	while (rd_kafka_poll(p->rk, 0) > 0)
		;
}

const char *kafka_producer_fatal(const struct kafka_producer *p)
{
	return p->health.fatal.len ? p->health.fatal.data : NULL;
}

/* --- Sending --- */

static struct topic *find_topic(struct kafka_producer *p, struct slice name, struct buf *err)
{
	struct topic *t = p->last;

	if (t && slice_is(name, t->name))
		return t;
	t = keytab_put(p->topics, name, NULL);
	if (!t->name)
		t->name = mem_dup(name.ptr, name.len);
	if (!t->rkt && strlen(t->name) == name.len)
		t->rkt = rd_kafka_topic_new(p->rk, t->name, NULL);
	if (t->rkt)
		return p->last = t;
	buf_setf(err, "'%s' cannot be a topic's name", t->name);
	return NULL;
}

/* librdkafka tells null from empty by the pointer alone. */
static void *bytes(struct slice s)
{
	return s.ptr ? (void *)(uintptr_t)s.ptr : NULL;
}

static rd_kafka_resp_err_t send_plain(const struct topic *t, int32_t partition,
				      const struct rec *rec, uint64_t tag)
{
	if (rd_kafka_produce(t->rkt, partition, RD_KAFKA_MSG_F_COPY, bytes(rec->value),
			     rec->value.len, rec->key.ptr, rec->key.len, (void *)(uintptr_t)tag))
		return rd_kafka_last_error();
	return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_headers_t *make_headers(const struct rec *rec)
{
	rd_kafka_headers_t *list = rd_kafka_headers_new(rec->nheaders);

	for (size_t i = 0; i < rec->nheaders; i++) {
		const struct rec_header *h = &rec->headers[i];
		rd_kafka_header_add(list, h->name.ptr, (ssize_t)h->name.len, h->value.ptr,
				    (ssize_t)h->value.len);
	}
	return list;
}

static rd_kafka_resp_err_t send_full(struct kafka_producer *p, const struct topic *t,
				     int32_t partition, const struct rec *rec, uint64_t tag)
{
	int64_t timestamp = rec->timestamp == REC_NO_TIMESTAMP ? 0 : rec->timestamp;
	rd_kafka_headers_t *headers = make_headers(rec);
	rd_kafka_resp_err_t code;

	code = rd_kafka_producev(p->rk, RD_KAFKA_V_RKT(t->rkt), RD_KAFKA_V_PARTITION(partition),
				 RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
				 RD_KAFKA_V_VALUE(bytes(rec->value), rec->value.len),
				 RD_KAFKA_V_KEY(bytes(rec->key), rec->key.len),
				 RD_KAFKA_V_TIMESTAMP(timestamp), RD_KAFKA_V_HEADERS(headers),
				 RD_KAFKA_V_OPAQUE((void *)(uintptr_t)tag), RD_KAFKA_V_END);
	/* They were taken over only if the record was. */
	if (code)
		rd_kafka_headers_destroy(headers);
	return code;
}

/* Until delivery reports make room. */
static void wait_for_room(struct kafka_producer *p)
{
	struct pollfd fd = {p->wake[0], POLLIN, 0};

	kafka_producer_serve(p);
	loop_wait(&fd, 1, loop_now() + FLUSH_WAIT * 1000);
	kafka_producer_serve(p);
}

int kafka_produce(struct kafka_producer *p, const struct rec *rec, uint64_t tag, struct buf *err)
{
	struct slice name = p->pc.topic ? slice_str(p->pc.topic) : rec->topic;
	struct topic *t = find_topic(p, name, err);
	int32_t partition =
		rec->partition == REC_NO_PARTITION ? RD_KAFKA_PARTITION_UA : rec->partition;
	bool plain = rec->timestamp == REC_NO_TIMESTAMP && !rec->nheaders;
	rd_kafka_resp_err_t code;

	if (!t)
		return -1;
	for (;;) {
		code = plain ? send_plain(t, partition, rec, tag)
			     : send_full(p, t, partition, rec, tag);
		if (code != RD_KAFKA_RESP_ERR__QUEUE_FULL)
			break;
		wait_for_room(p);
	}
	if (code) {
		buf_setf(err, "%s", rd_kafka_err2str(code));
		return -1;
	}
	p->sent++;
	return 0;
}

bool kafka_producer_pending(const struct kafka_producer *p)
{
	return p->pushed != p->sent;
}

void kafka_producer_push(struct kafka_producer *p)
{
	p->pushed = p->sent;
	rd_kafka_flush(p->rk, PUSH_WAIT);
}

uint64_t kafka_producer_flush(struct kafka_producer *p, int64_t limit)
{
	int64_t deadline = loop_now() + limit;
	rd_kafka_resp_err_t code;

	p->pushed = p->sent;
	do {
		code = rd_kafka_flush(p->rk, FLUSH_WAIT);
	} while (code == RD_KAFKA_RESP_ERR__TIMED_OUT && loop_now() < deadline &&
		 !p->health.denied);
	if (code) {
		rd_kafka_purge(p->rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
		rd_kafka_flush(p->rk, PURGE_WAIT);
	}
	return p->sent - p->delivered;
}

uint64_t kafka_producer_sent(const struct kafka_producer *p)
{
	return p->sent;
}
