#include "kafka_priv.h"

#include <stdlib.h>
#include <unistd.h>

#include "diag.h"
#include "keytab.h"
#include "loop.h"
#include "mem.h"
#include "val.h"

/* A push waits at most this long (ms) for its records to be on their way. */
enum { PUSH_WAIT = 5 };

/* Single waits while flushing (ms), and after giving up the rest, which must end before filter's
 * patience does. */
enum { FLUSH_WAIT = 100, PURGE_WAIT = 500 };

/* Records are handed to librdkafka so many, or so many bytes, at a time: clocks and locks cost once. */
enum { STAGE_RECORDS = 256, STAGE_BYTES = 64 * 1024 };

struct topic {
	rd_kafka_topic_t *rkt;
	char *name;
	size_t len;
};

/* Of one topic and partition. Keys and values lie in bytes, one behind the other, in this order. */
struct stage {
	const struct topic *topic;
	int32_t partition;
	rd_kafka_message_t records[STAGE_RECORDS];
	int n;
	struct buf bytes;
};

struct kafka_producer {
	rd_kafka_t *rk;
	rd_kafka_t *single; /* sends each record by itself; NULL while that is not needed */
	rd_kafka_queue_t *single_queue;
	struct kafka_health health;
	struct kafka_producer_conf pc;
	struct slice topic; /* pc.topic */
	int wake[2];
	rd_kafka_queue_t *main_queue;
	struct keytab *topics; /* by name: struct topic */
	struct topic *last;    /* the one used last, mostly the one used next */
	struct stage stage;
	size_t stage_most;  /* bytes of key and value */
	int32_t partitions; /* of pc.topic; 0: not known */
	bool spread;        /* records without a key are ours to put into any partition */
	uint32_t chance;
	int32_t any; /* the partition of those being staged */
	uint64_t sent, pushed, delivered;
};

/* --- Opening --- */

/* After a stop signal waiting must come to an end. */
static bool may_wait(const struct kafka_producer *p)
{
	return !loop_signal() || loop_now() - loop_signal_time() < p->pc.drain;
}

/* Why the handle is of no more use: librdkafka may know before it has told. */
static bool is_fatal(struct kafka_producer *p)
{
	char text[512];

	if (!p->health.fatal.len && rd_kafka_fatal_error(p->rk, text, sizeof text))
		buf_setf(&p->health.fatal, "%s", text);
	return p->health.fatal.len > 0;
}

/* What was given up says nothing of itself; what kept it does. */
static const char *why_not(struct kafka_producer *p, rd_kafka_resp_err_t code)
{
	switch (code) {
	case RD_KAFKA_RESP_ERR__PURGE_QUEUE:
	case RD_KAFKA_RESP_ERR__PURGE_INFLIGHT:
	case RD_KAFKA_RESP_ERR__QUEUE_FULL:
	case RD_KAFKA_RESP_ERR__FATAL:
		if (is_fatal(p))
			return buf_str(&p->health.fatal);
		return p->health.reason.len ? buf_str(&p->health.reason) : "no answer in time";
	default:
		return rd_kafka_err2str(code);
	}
}

/* Brokers refuse a batch as a whole, for what one record in it is, or all together. */
static bool is_of_batch(rd_kafka_resp_err_t code)
{
	return code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE ||
	       code == RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE ||
	       code == RD_KAFKA_RESP_ERR_INVALID_RECORD ||
	       code == RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP;
}

static bool open_single(struct kafka_producer *p)
{
	struct buf err = BUF_INIT;
	rd_kafka_conf_t *rkconf;

	if (p->single)
		return true;
	rkconf = rd_kafka_conf_dup(rd_kafka_conf(p->rk));
	rd_kafka_conf_set(rkconf, "batch.num.messages", "1", NULL, 0);
	p->single = kafka_handle(RD_KAFKA_PRODUCER, rkconf, &err);
	buf_free(&err);
	if (!p->single)
		return false;
	p->single_queue = rd_kafka_queue_get_main(p->single);
	kafka_pipe_watch(p->single_queue, p->wake[1]);
	return true;
}

/* librdkafka does not give it for a message with an error. */
static int64_t timestamp_of(rd_kafka_message_t *msg)
{
	rd_kafka_resp_err_t code = msg->err;
	int64_t timestamp;

	msg->err = RD_KAFKA_RESP_ERR_NO_ERROR;
	timestamp = rd_kafka_message_timestamp(msg, NULL);
	msg->err = code;
	return timestamp;
}

/* Once more and by itself, so that what could be delivered is. False when that cannot be done. */
static bool send_again(struct kafka_producer *p, const rd_kafka_message_t *msg)
{
	int64_t timestamp = timestamp_of((rd_kafka_message_t *)(uintptr_t)msg);
	rd_kafka_headers_t *headers = NULL, *copy;
	rd_kafka_resp_err_t code;

	if (!open_single(p))
		return false;
	rd_kafka_message_headers(msg, &headers);
	copy = headers ? rd_kafka_headers_copy(headers) : rd_kafka_headers_new(0);
	do {
		code = rd_kafka_producev(p->single, RD_KAFKA_V_TOPIC(rd_kafka_topic_name(msg->rkt)),
					 RD_KAFKA_V_PARTITION(msg->partition),
					 RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
					 RD_KAFKA_V_VALUE(msg->payload, msg->len),
					 RD_KAFKA_V_KEY(msg->key, msg->key_len),
					 RD_KAFKA_V_TIMESTAMP(timestamp > 0 ? timestamp : 0),
					 RD_KAFKA_V_HEADERS(copy), RD_KAFKA_V_OPAQUE(msg->_private),
					 RD_KAFKA_V_END);
		if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL)
			rd_kafka_poll(p->single, FLUSH_WAIT);
	} while (code == RD_KAFKA_RESP_ERR__QUEUE_FULL && may_wait(p));
	if (code)
		rd_kafka_headers_destroy(copy);
	return !code;
}

static void on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *msg, void *opaque)
{
	struct kafka_health *h = opaque;
	struct kafka_producer *p = h->owner;

	if (!msg->err) {
		p->delivered++;
		h->down = false;
		if (p->pc.arrived)
			p->pc.arrived(p->pc.ctx, (uintptr_t)msg->_private);
		return;
	}
	if (rk == p->rk && is_of_batch(msg->err) && send_again(p, msg))
		return;
	p->pc.failed(p->pc.ctx, (uintptr_t)msg->_private, rk != p->rk && is_of_batch(msg->err),
		     why_not(p, msg->err));
}

static rd_kafka_conf_t *build_conf(struct kafka_producer *p, const struct kafka_conf *conf,
				   struct buf *err)
{
	static const struct kafka_setting defaults[] = {
		{"enable.idempotence", "true"},
		{"acks", "all"},
		/* Keys land where Java's producer puts them. */
		{"partitioner", "murmur2_random"},
		/* Of an idempotent producer, librdkafka sends one batch of a partition at a time. While it
		 * may send to a broker, and its partitions there may not, its thread spins: with fewer
		 * requests than partitions it sleeps. */
		{"max.in.flight", "3"},
		{"linger.ms", "50"},
		{"batch.num.messages", "50000"},
		{"queue.buffering.max.messages", "100000"},
		{"queue.buffering.max.kbytes", "32768"},
		{"log.connection.close", "false"},
		{NULL, NULL},
	};
	const struct kafka_setting forced[] = {
		{"compression.codec", p->pc.codec},
		{NULL, NULL},
	};
	rd_kafka_conf_t *rkconf = kafka_conf_build(conf, defaults, forced, &p->health, err);

	if (!rkconf)
		return NULL;
	/* Half of what librdkafka takes, so that its own overhead needs not be known. */
	p->stage_most = (size_t)kafka_conf_number(rkconf, "message.max.bytes", 0) / 2;
	if (p->stage_most > STAGE_BYTES)
		p->stage_most = STAGE_BYTES;
	rd_kafka_conf_set_dr_msg_cb(rkconf, on_delivery);
	return rkconf;
}

/*
 * Without a key any partition will do, and librdkafka takes a batch for one partition at a fraction of
 * what it needs to choose one for each record. So a stage is for one, by chance.
 */
static void choose_any(struct kafka_producer *p)
{
	p->chance ^= p->chance << 13;
	p->chance ^= p->chance >> 17;
	p->chance ^= p->chance << 5;
	p->any = (int32_t)(p->chance % (uint32_t)p->partitions);
}

/* Unless a partitioner is asked for that is not by chance. */
static bool may_spread(const struct kafka_conf *conf)
{
	const char *partitioner = kafka_conf_value(conf, "partitioner");

	return !partitioner || strstr(partitioner, "random");
}

/* Shows that a broker answers, and that the topic is there. */
static int check_topic(struct kafka_producer *p, struct buf *err)
{
	const struct rd_kafka_metadata *md;
	int rc = kafka_metadata(p->rk, &p->health, p->pc.topic, true, &md, err);

	if (rc)
		return rc;
	if (p->pc.topic)
		p->partitions = md->topics[0].partition_cnt;
	rd_kafka_metadata_destroy(md);
	p->chance = (uint32_t)loop_now() | 1;
	if (p->partitions)
		choose_any(p);
	return EXIT_OK;
}

int kafka_producer_open(struct kafka_producer **producer, const struct kafka_conf *conf,
			const struct kafka_producer_conf *pc, struct buf *err)
{
	struct kafka_producer *p = mem_zalloc(1, sizeof *p);
	rd_kafka_conf_t *rkconf;
	int rc = EXIT_USAGE;

	p->pc = *pc;
	if (pc->topic)
		p->topic = slice_str(pc->topic);
	p->health.owner = p;
	p->health.quiet = pc->quiet;
	p->spread = may_spread(conf);
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
	if (p->single) {
		kafka_pipe_watch(p->single_queue, -1);
		rd_kafka_queue_destroy(p->single_queue);
		rd_kafka_destroy(p->single);
	}
	if (p->rk) {
		kafka_pipe_watch(p->main_queue, -1);
		rd_kafka_queue_destroy(p->main_queue);
		rd_kafka_destroy(p->rk);
	}
	close(p->wake[0]);
	close(p->wake[1]);
	kafka_health_free(&p->health);
	buf_free(&p->stage.bytes);
	free(p);
}

/* --- Events --- */

int kafka_producer_fd(const struct kafka_producer *p)
{
	return p->wake[0];
}

static void serve(struct kafka_producer *p)
{
	kafka_pipe_drain(p->wake[0]);
	while (rd_kafka_poll(p->rk, 0) > 0)
		;
	while (p->single && rd_kafka_poll(p->single, 0) > 0)
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
	struct val quoted;

	if (t && slice_eq(name, slice_of(t->name, t->len)))
		return t;
	t = keytab_put(p->topics, name, NULL);
	if (!t->name) {
		t->name = mem_dup(name.ptr, name.len);
		t->len = name.len;
	}
	if (!t->rkt && strlen(t->name) == t->len)
		t->rkt = rd_kafka_topic_new(p->rk, t->name, NULL);
	if (t->rkt)
		return p->last = t;
	quoted = val_str(name.ptr, name.len);
	buf_clear(err);
	val_put_quote(err, &quoted);
	buf_add_str(err, " cannot be a topic's name");
	return NULL;
}

/* librdkafka tells null from empty by the pointer alone. */
static void *bytes(struct slice s)
{
	return s.ptr ? (void *)(uintptr_t)s.ptr : NULL;
}

/* Until delivery reports make room. False when that is not waited for any more. */
static bool wait_for_room(struct kafka_producer *p)
{
	struct pollfd fd = {p->wake[0], POLLIN, 0};

	if (!may_wait(p))
		return false;
	serve(p);
	loop_wait(&fd, 1, loop_now() + FLUSH_WAIT * 1000);
	serve(p);
	return true;
}

static void refused(struct kafka_producer *p, const rd_kafka_message_t *m)
{
	if (m->err)
		p->pc.failed(p->pc.ctx, (uintptr_t)m->_private, false, why_not(p, m->err));
}

/* Hands over what is staged; what is refused counts as not delivered. */
static void send_stage(struct kafka_producer *p)
{
	struct stage *st = &p->stage;
	char *at = st->bytes.data;
	int done = 0;

	for (int i = 0; i < st->n; i++) {
		rd_kafka_message_t *m = &st->records[i];
		if (m->key)
			m->key = at;
		at += m->key_len;
		if (m->payload)
			m->payload = at;
		at += m->len;
	}
	while (done < st->n) {
		rd_kafka_produce_batch(st->topic->rkt, st->partition, RD_KAFKA_MSG_F_COPY,
				       st->records + done, st->n - done);
		while (done < st->n && st->records[done].err != RD_KAFKA_RESP_ERR__QUEUE_FULL)
			refused(p, &st->records[done++]);
		if (done < st->n && !wait_for_room(p))
			break;
	}
	while (done < st->n)
		refused(p, &st->records[done++]);
	st->n = 0;
	buf_clear(&st->bytes);
	if (p->partitions)
		choose_any(p);
}

static void stage(struct kafka_producer *p, const struct topic *t, int32_t partition,
		  const struct rec *rec, uint64_t tag)
{
	struct stage *st = &p->stage;

	if (st->n && (st->n == STAGE_RECORDS || st->bytes.len >= STAGE_BYTES || st->topic != t ||
		      st->partition != partition))
		send_stage(p);
	st->topic = t;
	st->partition = partition;
	st->records[st->n++] = (rd_kafka_message_t){.key = bytes(rec->key),
						    .key_len = rec->key.len,
						    .payload = bytes(rec->value),
						    .len = rec->value.len,
						    ._private = (void *)(uintptr_t)tag};
	buf_add(&st->bytes, rec->key.ptr, rec->key.len);
	buf_add(&st->bytes, rec->value.ptr, rec->value.len);
}

/*
 * A record may be staged when it is sure that librdkafka will take it: it is not large, and its
 * partition exists. The others are handed over one by one, for their errors.
 */
static bool can_stage(const struct kafka_producer *p, int32_t partition, const struct rec *rec)
{
	return rec->timestamp == REC_NO_TIMESTAMP && !rec->nheaders &&
	       rec->key.len + rec->value.len < p->stage_most &&
	       (partition == RD_KAFKA_PARTITION_UA || partition < p->partitions);
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

static rd_kafka_resp_err_t send_one(struct kafka_producer *p, const struct topic *t,
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

int kafka_produce(struct kafka_producer *p, const struct rec *rec, uint64_t tag, struct buf *err)
{
	struct topic *t = find_topic(p, p->topic.ptr ? p->topic : rec->topic, err);
	int32_t partition =
		rec->partition == REC_NO_PARTITION ? RD_KAFKA_PARTITION_UA : rec->partition;
	rd_kafka_resp_err_t code;

	if (!t)
		return -1;
	if (partition == RD_KAFKA_PARTITION_UA && !rec->key.ptr && p->spread && p->partitions)
		partition = p->any;
	if (rec->timestamp == 0) {
		buf_setf(err, "timestamp 0 cannot be sent: librdkafka takes it for the present");
		return -1;
	}
	if (can_stage(p, partition, rec)) {
		stage(p, t, partition, rec, tag);
		p->sent++;
		return 0;
	}
	send_stage(p);
	do {
		code = send_one(p, t, partition, rec, tag);
	} while (code == RD_KAFKA_RESP_ERR__QUEUE_FULL && wait_for_room(p));
	if (code) {
		buf_setf(err, "%s", why_not(p, code));
		return -1;
	}
	p->sent++;
	return 0;
}

void kafka_producer_serve(struct kafka_producer *p)
{
	send_stage(p);
	serve(p);
}

bool kafka_producer_pending(const struct kafka_producer *p)
{
	return p->pushed != p->sent;
}

void kafka_producer_push(struct kafka_producer *p)
{
	send_stage(p);
	p->pushed = p->sent;
	rd_kafka_flush(p->rk, PUSH_WAIT);
}

/* First the one whose refused batches the other one takes on. */
static rd_kafka_resp_err_t flush_once(struct kafka_producer *p, int ms)
{
	rd_kafka_resp_err_t code = rd_kafka_flush(p->rk, ms);

	return !code && p->single ? rd_kafka_flush(p->single, ms) : code;
}

uint64_t kafka_producer_flush(struct kafka_producer *p, int64_t limit)
{
	const int purge = RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT;
	int64_t deadline = limit == LOOP_FOREVER ? LOOP_FOREVER : loop_now() + limit;
	rd_kafka_resp_err_t code;

	send_stage(p);
	p->pushed = p->sent;
	do {
		code = flush_once(p, FLUSH_WAIT);
	} while (code == RD_KAFKA_RESP_ERR__TIMED_OUT && loop_now() < deadline && may_wait(p) &&
		 !p->health.denied);
	if (code) {
		rd_kafka_purge(p->rk, purge);
		if (p->single)
			rd_kafka_purge(p->single, purge);
		flush_once(p, PURGE_WAIT);
	}
	return p->sent - p->delivered;
}

uint64_t kafka_producer_sent(const struct kafka_producer *p)
{
	return p->sent;
}
