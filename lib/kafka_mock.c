#include "kafka_priv.h"

#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "nearest.h"
#include "num.h"

/* How many errors one list may hold: librdkafka moves them all up at each request. */
enum { ERRORS_MAX = 10000 };

struct kafka_mock {
	rd_kafka_t *rk;
	rd_kafka_mock_cluster_t *cluster;
	struct kafka_health health;
};

struct kafka_mock *kafka_mock_new(int brokers, struct buf *err)
{
	struct kafka_mock *m = mem_zalloc(1, sizeof *m);
	rd_kafka_conf_t *rkconf = rd_kafka_conf_new();

	kafka_conf_listen(rkconf, &m->health);
	m->rk = kafka_handle(RD_KAFKA_PRODUCER, rkconf, err);
	if (m->rk) {
		m->cluster = rd_kafka_mock_cluster_new(m->rk, brokers);
		if (m->cluster)
			return m;
		buf_setf(err, "cannot start %d brokers", brokers);
		rd_kafka_destroy(m->rk);
	}
	free(m);
	return NULL;
}

int kafka_mock_topic(struct kafka_mock *m, const char *name, int partitions, struct buf *err)
{
	rd_kafka_resp_err_t code = rd_kafka_mock_topic_create(m->cluster, name, partitions, 1);

	if (!code)
		return 0;
	buf_setf(err, "%s: %s", name, rd_kafka_err2str(code));
	return -1;
}

const char *kafka_mock_address(const struct kafka_mock *m)
{
	return rd_kafka_mock_cluster_bootstraps(m->cluster);
}

void kafka_mock_rtt(struct kafka_mock *m, int ms)
{
	rd_kafka_mock_broker_set_rtt(m->cluster, -1, ms);
}

void kafka_mock_free(struct kafka_mock *m)
{
	if (!m)
		return;
	rd_kafka_mock_cluster_destroy(m->cluster);
	rd_kafka_destroy(m->rk);
	kafka_health_free(&m->health);
	free(m);
}

/* --- Requests that fail --- */

/* Those for which librdkafka's brokers look at what they are to fail with. */
static const struct request {
	const char *name;
	int16_t key;
} requests[] = {
	{"Produce", 0},         {"Fetch", 1},       {"ListOffsets", 2},
	{"OffsetCommit", 8},    {"OffsetFetch", 9}, {"FindCoordinator", 10},
	{"JoinGroup", 11},      {"Heartbeat", 12},  {"SyncGroup", 14},
	{"InitProducerId", 22},
};

struct errors {
	rd_kafka_resp_err_t *v;
	size_t n, cap;
};

static void say_unknown(struct buf *err, const char *what, const struct nearest *n)
{
	buf_setf(err, "'%s' is no %s", n->typed, what);
	if (n->word)
		buf_addf(err, "; did you mean '%s'?", n->word);
}

static const struct request *find_request(const char *name, struct buf *err)
{
	struct nearest like = nearest_to(name);

	for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
		if (strcmp(requests[i].name, name) == 0)
			return &requests[i];
		nearest_try(&like, requests[i].name);
	}
	say_unknown(err, "request that can fail", &like);
	return NULL;
}

/* What a broker may answer; and what it is told in its place, to close the connection. */
static bool can_be_given(const struct rd_kafka_err_desc *d)
{
	return d->name &&
	       (d->code >= RD_KAFKA_RESP_ERR_UNKNOWN || d->code == RD_KAFKA_RESP_ERR__TRANSPORT);
}

static bool find_error(const char *name, rd_kafka_resp_err_t *code, struct buf *err)
{
	struct nearest like = nearest_to(name);
	const struct rd_kafka_err_desc *d;
	size_t n;

	rd_kafka_get_err_descs(&d, &n);
	for (; n; n--, d++) {
		if (!can_be_given(d))
			continue;
		if (strcmp(d->name, name) == 0) {
			*code = d->code;
			return true;
		}
		nearest_try(&like, d->name);
	}
	say_unknown(err, "error", &like);
	return false;
}

/* ERROR or ERROR*TIMES; the text is cut up. */
static bool add_error(struct errors *list, char *text, struct buf *err)
{
	char *star = strchr(text, '*');
	rd_kafka_resp_err_t code;
	int64_t times = 1;

	if (star) {
		*star = '\0';
		if (!num_int64(star + 1, &times) || times < 1)
			times = 0;
	}
	if (!find_error(text, &code, err))
		return false;
	if (!times || times > ERRORS_MAX - (int64_t)list->n) {
		buf_setf(err, "%s: 1 to %d errors", text, ERRORS_MAX);
		return false;
	}
	while (times--) {
		list->v = mem_grow(list->v, &list->cap, list->n + 1, sizeof *list->v);
		list->v[list->n++] = code;
	}
	return true;
}

/* The text is cut up. */
static int push_errors(struct kafka_mock *m, char *text, struct buf *err)
{
	const struct request *request;
	struct errors list = {0};
	char *at = strchr(text, '=');
	bool ok = true;

	if (!at || at == text) {
		buf_setf(err, "'%s' is not REQUEST=ERROR", text);
		return -1;
	}
	*at++ = '\0';
	request = find_request(text, err);
	while (request && ok && at) {
		char *comma = strchr(at, ',');
		if (comma)
			*comma++ = '\0';
		ok = add_error(&list, at, err);
		at = comma;
	}
	if (request && ok)
		rd_kafka_mock_push_request_errors_array(m->cluster, request->key, list.n, list.v);
	free(list.v);
	return request && ok ? 0 : -1;
}

int kafka_mock_fail(struct kafka_mock *m, const char *spec, struct buf *err)
{
	char *text = mem_strdup(spec);
	int rc = push_errors(m, text, err);

	free(text);
	return rc;
}
