/* kafka_priv: what the parts of kafka share. The one place that includes librdkafka. */
#ifndef KPIPE_KAFKA_PRIV_H
#define KPIPE_KAFKA_PRIV_H

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include "kafka.h"

/* --- kafka_conf: a librdkafka handle, and what it says of itself --- */

/* A property and its value; a table of them ends with a NULL name. */
struct kafka_setting {
	const char *name, *value;
};

/* The opaque of every librdkafka handle. Filled by callbacks on the caller's thread. */
struct kafka_health {
	bool denied; /* the brokers refuse us: trying again does not help */
	bool down;   /* no broker can be reached, and that was said */
	bool ready;  /* the start is over: from now on trouble is said */
	bool quiet;
	struct buf reason; /* the last trouble */
	struct buf fatal;  /* why the handle is of no more use; empty when it is */
	void *owner;       /* consumer or producer */
};

void kafka_health_free(struct kafka_health *h);

/*
 * defaults, overridden by conf, overridden by forced. NULL with the reason in err. EXIT_USAGE when no
 * broker is configured.
 */
rd_kafka_conf_t *kafka_conf_build(const struct kafka_conf *conf,
				  const struct kafka_setting *defaults,
				  const struct kafka_setting *forced, struct kafka_health *h,
				  struct buf *err);

/* Errors and log lines of the handle to come go to h, and through diag. */
void kafka_conf_listen(rd_kafka_conf_t *rkconf, struct kafka_health *h);

/* The configured value, or NULL. */
const char *kafka_conf_value(const struct kafka_conf *conf, const char *name);

/* A property's value in force, as a number; `otherwise` when this librdkafka has no such property. */
int64_t kafka_conf_number(const rd_kafka_conf_t *rkconf, const char *name, int64_t otherwise);

/* Creates the handle; takes rkconf over. NULL with the reason in err. */
rd_kafka_t *kafka_handle(rd_kafka_type_t type, rd_kafka_conf_t *rkconf, struct buf *err);

/* A pipe whose read end becomes readable when a queue gets something. Dies when there is none. */
void kafka_pipe(int fds[2]);
void kafka_pipe_drain(int fd);
void kafka_pipe_watch(rd_kafka_queue_t *q, int fd); /* fd -1: no more */

/* --- kafka_java: names of properties --- */

/* Takes a property of librdkafka's; what it returns ends the translation. */
struct kafka_put {
	int (*fn)(void *ctx, const char *name, const char *value, struct buf *err);
	void *ctx;
};

/*
 * Gives what a property of Kafka's Java clients is in librdkafka: nothing, one or several. One that
 * is none of theirs, or means the same in both, is given as it is. 0, or -1 with the reason in err.
 */
int kafka_java(const char *name, const char *value, const struct kafka_put *put, struct buf *err);

bool kafka_java_has(const char *name); /* is it one that kafka_java has something of its own to do with? */

/* The known name that is written most like this one; false when none is like it. */
bool kafka_nearest(const char *name, struct buf *out);

/* --- kafka_connect: first answers, and what errors mean --- */

/* How long a topic may stay without a leader, or unknown while the brokers create it (us). */
enum { KAFKA_TOPIC_PATIENCE = 5 * 1000 * 1000 };

/* How long to wait for a broker's answer, in us. */
int64_t kafka_patience(rd_kafka_t *rk);

/* True while it makes sense to go on: not denied, no stop signal, before the deadline. */
bool kafka_keep_trying(const struct kafka_health *h, int64_t deadline);

/* Why a request got no answer in time, as an exit status and a reason. */
int kafka_no_answer(const struct kafka_health *h, rd_kafka_resp_err_t code, struct buf *err);

/*
 * Metadata of one topic, or of all when topic is NULL: waits for a first broker and until the topic
 * has leaders. create: the brokers may create it. 0 or an exit status; free *md with
 * rd_kafka_metadata_destroy.
 */
int kafka_metadata(rd_kafka_t *rk, struct kafka_health *h, const char *topic, bool create,
		   const struct rd_kafka_metadata **md, struct buf *err);

/* The exit status that fits an error which will not pass; EXIT_OK for one that may. */
int kafka_status(rd_kafka_resp_err_t code);

/* Does an error tell of what the connection's own messages cover, or librdkafka is about to mend? */
bool kafka_passes(rd_kafka_resp_err_t code);

/* --- kafka_part: one assigned partition --- */

enum { PART_BATCH = 512 };

enum part_state {
	PART_READY,   /* has a head, is in the heap */
	PART_WAITING, /* being fetched: holds the others back */
	PART_LATE,    /* being fetched for longer than `align`: holds nobody back */
	PART_AT_END,  /* all there is was given */
	PART_DONE,    /* nothing more is wanted */
};

/*
 * committed <= written <= given <= next: each is the offset of the record to come, and -1 before the
 * first.
 */
struct kafka_part {
	char *topic;
	size_t topic_len;
	int32_t id;
	enum part_state state;
	rd_kafka_queue_t *queue;
	rd_kafka_message_t *batch[PART_BATCH];
	unsigned at, n; /* of the batch; the head is batch[at] */
	int64_t key;    /* the head's place in the order of records */
	int64_t start;  /* where to fetch from; may be logical (RD_KAFKA_OFFSET_INVALID) */
	int64_t next;   /* records below were seen already, or are not wanted */
	int64_t end;    /* records from here on are not wanted */
	int64_t given, written, committed;
	int64_t since; /* WAITING: from when on (loop_now) */
	int64_t gap,
		gap_end; /* offsets without a record that nobody has looked into; gap -1: none */
	bool throttled;  /* its queue was full, so librdkafka may have stopped fetching */
};

struct kafka_consumer {
	rd_kafka_t *rk;
	struct kafka_health health;
	struct kafka_consumer_conf cc;
	int wake[2];
	rd_kafka_queue_t *main_queue, *commit_queue;
	struct kafka_part **parts;
	size_t nparts, parts_cap;
	struct kafka_part **heap; /* the READY ones, least key first */
	size_t nheap, heap_cap;
	rd_kafka_message_t *current; /* what kafka_next gave */
	struct rec_header *headers;
	size_t headers_cap;
	uint64_t arrivals;  /* batches taken, orders them when align is 0 */
	unsigned countdown; /* records until the queues are looked at again */
	bool held;          /* some partition is WAITING */
	bool grouped;       /* partitions are negotiated */
	struct buf said;    /* the last trouble that was warned about */
	bool assigned;      /* no rebalance is under way */
	bool finite;        /* every partition has an end */
	bool closing;
	bool commits;
	unsigned committing;              /* commits not yet answered */
	rd_kafka_resp_err_t commit_error; /* of the last answer */
	bool unsettled; /* partitions went before all that was written of them was committed */
	int64_t commit_every, commit_limit, commit_due, poll_every, poll_due;
	int64_t queue_messages, queue_bytes; /* librdkafka stops fetching a partition above these */
	int64_t gap_due;                     /* when the next gap may be looked into */
	bool wakes; /* a throttled partition must be woken, see kafka_part.c */
	int status; /* after KAFKA_FAILED */
	struct buf why;
};

struct kafka_part *kafka_part_new(struct kafka_consumer *c, const char *topic, int32_t id);
void kafka_part_free(struct kafka_consumer *c, struct kafka_part *p);

/* NULL: it is not assigned. */
struct kafka_part *kafka_part_find(const struct kafka_consumer *c, const char *topic, int32_t id);

/* Brings p's head forward: refills its batch, takes out what is not a record wanted, and enters or
 * leaves the heap. */
void kafka_part_settle(struct kafka_consumer *c, struct kafka_part *p, int64_t now);

/* The head of p, which is the heap's top, is taken. */
rd_kafka_message_t *kafka_part_take(struct kafka_consumer *c, struct kafka_part *p, int64_t now);

/* Nothing more is wanted of it. */
void kafka_part_done(struct kafka_consumer *c, struct kafka_part *p);

/* --- kafka_consumer --- */

/* kafka_next is to give KAFKA_FAILED. Only the first reason counts. */
void kafka_fail(struct kafka_consumer *c, int status, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* An error that came in place of a record: ends the reading when it will not pass by itself. */
void kafka_trouble(struct kafka_consumer *c, const rd_kafka_message_t *msg);

/* --- kafka_commit: what a group has read --- */

extern const char kafka_not_committed[]; /* says so */

/* Is something written that is not known to be committed? */
bool kafka_is_behind(const struct kafka_consumer *c);

/* Commits what is written. Does not wait for the answer. */
void kafka_commit_soon(struct kafka_consumer *c);

/* Takes the answers that have come. */
void kafka_serve_commits(struct kafka_consumer *c);

/* --- kafka_start: which partitions to read, and where they begin and end --- */

/* Says that records were deleted before they were read. */
void kafka_say_gone(const struct kafka_consumer *c, const struct kafka_part *p, int64_t from,
		    int64_t to);

/* Adds every partition that the topics and -p name, each once. In group mode a regex may match
 * nothing yet. 0 or an exit status. */
int kafka_find(struct kafka_consumer *c, rd_kafka_topic_partition_list_t *list, struct buf *err);

/* Sets start, next and end of these. 0 or an exit status. */
int kafka_start(struct kafka_consumer *c, struct kafka_part **parts, size_t n, struct buf *err);

#endif
