#include "kafka_priv.h"

#include <stdlib.h>

#include "mem.h"

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

void kafka_mock_free(struct kafka_mock *m)
{
	if (!m)
		return;
	rd_kafka_mock_cluster_destroy(m->cluster);
	rd_kafka_destroy(m->rk);
	kafka_health_free(&m->health);
	free(m);
}
