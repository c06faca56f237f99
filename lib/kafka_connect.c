/*
 * First answers: a broker must be reached, and topics must be known, within a bounded time.
 */
#include "kafka_priv.h"

#include "diag.h"
#include "loop.h"

/* How long to wait for a first answer (us). A smaller socket.timeout.ms shortens it. */
enum { PATIENCE = 10 * 1000 * 1000 };

/* Single waits double from the first to the last (ms): a signal is heeded soon, and an answer that
 * takes its time is still waited for. */
enum { WAIT_FIRST = 100, WAIT_LAST = 2000 };

int64_t kafka_patience(rd_kafka_t *rk)
{
	int64_t timeout = kafka_conf_number(rd_kafka_conf(rk), "socket.timeout.ms", 0) * 1000;

	return timeout > 0 && timeout < PATIENCE ? timeout : PATIENCE;
}

int kafka_status(rd_kafka_resp_err_t code)
{
	switch (code) {
	case RD_KAFKA_RESP_ERR__AUTHENTICATION:
	case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
	case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
	case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
	case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
		return EXIT_BROKER;
	case RD_KAFKA_RESP_ERR__FENCED:
	case RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID:
		return EXIT_FENCED;
	case RD_KAFKA_RESP_ERR__FATAL:
	case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
	case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
	case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
	case RD_KAFKA_RESP_ERR__BAD_MSG:
	case RD_KAFKA_RESP_ERR__BAD_COMPRESSION:
	case RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE:
	case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
	case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
	case RD_KAFKA_RESP_ERR_INVALID_GROUP_ID:
	case RD_KAFKA_RESP_ERR_INVALID_SESSION_TIMEOUT:
	case RD_KAFKA_RESP_ERR_INCONSISTENT_GROUP_PROTOCOL:
	case RD_KAFKA_RESP_ERR_GROUP_MAX_SIZE_REACHED:
		return EXIT_FAIL;
	default:
		return EXIT_OK;
	}
}

bool kafka_passes(rd_kafka_resp_err_t code)
{
	static const rd_kafka_resp_err_t codes[] = {
		RD_KAFKA_RESP_ERR__TRANSPORT,
		RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN,
		RD_KAFKA_RESP_ERR__RESOLVE,
		RD_KAFKA_RESP_ERR__TIMED_OUT,
		RD_KAFKA_RESP_ERR__WAIT_COORD,
		RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
		RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE,
		RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS,
		RD_KAFKA_RESP_ERR_NOT_COORDINATOR,
		RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS,
		RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION,
		RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID,
		RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE,
		RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
	};

	for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
		if (codes[i] == code)
			return true;
	}
	return false;
}

bool kafka_keep_trying(const struct kafka_health *h, int64_t deadline)
{
	return !h->denied && !h->fatal.len && !loop_signal() && loop_now() < deadline;
}

int kafka_no_answer(const struct kafka_health *h, rd_kafka_resp_err_t code, struct buf *err)
{
	const char *why = h->reason.len ? h->reason.data : rd_kafka_err2str(code);

	if (loop_signal())
		return 128 + loop_signal();
	if (h->fatal.len) {
		buf_setf(err, "%s", h->fatal.data);
		return EXIT_FAIL;
	}
	buf_setf(err, "%s: %s", h->denied ? "not authorised" : "no broker reached", why);
	return EXIT_BROKER;
}

/* Errors come through the queue that is polled: of a consumer with a group, that of its records. */
static void serve(rd_kafka_t *rk)
{
	rd_kafka_queue_t *records =
		rd_kafka_type(rk) == RD_KAFKA_CONSUMER ? rd_kafka_queue_get_consumer(rk) : NULL;
	rd_kafka_message_t *msg;

	if (!records) {
		rd_kafka_poll(rk, 0);
		return;
	}
	rd_kafka_queue_destroy(records);
	while ((msg = rd_kafka_consumer_poll(rk, 0)))
		rd_kafka_message_destroy(msg);
}

static rd_kafka_resp_err_t topic_error(const struct rd_kafka_metadata *md)
{
	if (md->topic_cnt != 1)
		return RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
	if (md->topics[0].err)
		return md->topics[0].err;
	return md->topics[0].partition_cnt ? RD_KAFKA_RESP_ERR_NO_ERROR
					   : RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE;
}

static bool may_come(rd_kafka_resp_err_t code, bool create)
{
	return code == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE ||
	       (create && code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
}

static void pause_shortly(void)
{
	enum { PAUSE = 50 * 1000 };

	loop_wait(NULL, 0, loop_now() + PAUSE);
}

/* In ms. */
static int next_wait(int *wait, int64_t deadline)
{
	int64_t left = (deadline - loop_now()) / 1000 + 1;
	int now = *wait < left ? *wait : (int)left;

	*wait = *wait * 2 < WAIT_LAST ? *wait * 2 : WAIT_LAST;
	return now;
}

int kafka_metadata(rd_kafka_t *rk, struct kafka_health *h, const char *topic, bool create,
		   const struct rd_kafka_metadata **md, struct buf *err)
{
	rd_kafka_topic_t *rkt = topic ? rd_kafka_topic_new(rk, topic, NULL) : NULL;
	int64_t deadline = loop_now() + kafka_patience(rk);
	int64_t topic_deadline = loop_now() + KAFKA_TOPIC_PATIENCE;
	rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR__TIMED_OUT;
	int wait = WAIT_FIRST, rc = -1;

	while (rc < 0 && kafka_keep_trying(h, deadline)) {
		code = rd_kafka_metadata(rk, !topic, rkt, md, next_wait(&wait, deadline));
		serve(rk);
		if (code)
			continue;
		code = topic ? topic_error(*md) : RD_KAFKA_RESP_ERR_NO_ERROR;
		if (!code) {
			rc = 0;
			break;
		}
		rd_kafka_metadata_destroy(*md);
		*md = NULL;
		if (may_come(code, create) && loop_now() < topic_deadline) {
			pause_shortly();
			continue;
		}
		buf_setf(err, "%s: %s", topic, rd_kafka_err2str(code));
		rc = kafka_status(code) ? kafka_status(code) : EXIT_FAIL;
	}
	if (rkt)
		rd_kafka_topic_destroy(rkt);
	return rc < 0 ? kafka_no_answer(h, code, err) : rc;
}
