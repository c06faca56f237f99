/* kafka_admin_priv: what the parts of kafka_admin share. */
#ifndef KPIPE_KAFKA_ADMIN_PRIV_H
#define KPIPE_KAFKA_ADMIN_PRIV_H

#include "kafka_admin.h"
#include "kafka_priv.h"

struct kafka_admin {
	rd_kafka_t *rk;
	rd_kafka_queue_t *queue; /* of answers */
	struct kafka_health health;
	const struct rd_kafka_metadata *md; /* of all topics that we may see */
	void (*failed)(const char *what, const char *why);
	bool stuck; /* librdkafka 2.0.2 does not get over a request that brokers do not know */
	size_t succeeded, failures;
	size_t denied; /* failures for which we are not authorised */
};

/* One thing failed, or did not; why NULL: as the code says. */
void kafka_admin_failed(struct kafka_admin *a, const char *what, rd_kafka_resp_err_t code,
			const char *why);

/* What a request for one thing came to: it succeeded, or failed. */
void kafka_admin_settle(struct kafka_admin *a, const char *what, rd_kafka_resp_err_t code,
			const char *why);
void kafka_admin_topic_results(struct kafka_admin *a, const rd_kafka_topic_result_t *const *results,
			       size_t n);

/*
 * Waits, five seconds at most, until a broker tells of the topic as it has become: with so many partitions, all of them
 * led; 0: gone. Whoever asks next is not told what was. It is only a courtesy: nothing fails here.
 */
void kafka_admin_await(struct kafka_admin *a, const char *topic, int partitions);

/* The same for each topic that a request succeeded for. */
void kafka_admin_await_all(struct kafka_admin *a, const rd_kafka_topic_result_t *const *results,
			   size_t n, int partitions);

/* A request is: options, the call with them and a->queue, the answer. */
rd_kafka_AdminOptions_t *kafka_admin_options(struct kafka_admin *a, rd_kafka_admin_op_t op,
					     bool dry_run);

/* Requests about topics go to the controller; librdkafka would wait for one. */
int kafka_admin_controller(struct kafka_admin *a, struct buf *err);

/* Waits for it, and frees the options. On 0 the event is the caller's to destroy. */
int kafka_admin_answer(struct kafka_admin *a, rd_kafka_AdminOptions_t *options,
		       rd_kafka_event_t **event, struct buf *err);

/*
 * Offsets by time of every partition of the list, or with RD_KAFKA_OFFSET_BEGINNING and _END its ends.
 * Those that are not to be had have an error and the offset -1.
 */
int kafka_admin_offsets(struct kafka_admin *a, rd_kafka_topic_partition_list_t *list, int64_t time,
			struct buf *err);

/*
 * A topic that is not among all fails. One that we may not see is left out there, but when asked for by its
 * name it is told apart from one that does not exist.
 */
int kafka_admin_missing(struct kafka_admin *a, const char *name, struct buf *err);

void kafka_group_free(struct kafka_group *group);

/* The order of claims, for qsort. */
int kafka_by_claim(const void *x, const void *y);

/* A name, or the expression of one that begins with ^. */
struct kafka_pattern {
	const char *name;
	bool is_regex;
	void *regex;
};

/* 0 or EXIT_USAGE. */
int kafka_pattern_init(struct kafka_pattern *p, const char *name, struct buf *err);
bool kafka_pattern_matches(const struct kafka_pattern *p, const char *name);
void kafka_pattern_free(struct kafka_pattern *p);

#endif
