/*
 * kafka: topics in, topics out, and a broker in a box. The only user of librdkafka.
 *
 * Everything runs on the caller's thread: librdkafka's own threads only fill queues, and wake the
 * caller through a file descriptor. No function here prints or exits, but trouble with the brokers
 * that passes by itself is said through diag, once.
 *
 * A function that returns "0 or an exit status" gives EXIT_USAGE, EXIT_BROKER, EXIT_FAIL and so on
 * with the reason in err, or 128+n without a reason when signal n came while it waited.
 */
#ifndef KPIPE_KAFKA_H
#define KPIPE_KAFKA_H

#include "opt.h"
#include "rec.h"

/* --- Configuration --- */

struct kafka_options {
	const char *brokers, *config;
	struct strlist set; /* -X */
};

extern const struct opt kafka_opts[]; /* base: struct kafka_options */

struct kafka_conf;

/*
 * Reads what configures librdkafka, each overriding those before: /etc/kpipe.conf,
 * ~/.config/kpipe.conf or else ~/.config/kcat.conf, the file of -F or else of $KPIPE_CONFIG,
 * $KPIPE_BROKERS, -X and -b. NULL with the reason in err: always a usage error.
 */
struct kafka_conf *kafka_conf_load(const struct kafka_options *options, struct buf *err);
void kafka_conf_free(struct kafka_conf *conf);

/* --- Where to read: pure --- */

enum kafka_place {
	KAFKA_BEGINNING,
	KAFKA_END,
	KAFKA_STORED, /* what the group committed */
	KAFKA_OFFSET, /* n itself */
	KAFKA_AFTER,  /* n after the beginning */
	KAFKA_BEFORE, /* n before the end */
	KAFKA_TIME,   /* the first record of epoch millisecond n or later */
};

struct kafka_point {
	enum kafka_place place;
	int64_t n;
};

/* Records from `from` on, before `to`. What is not set is unbounded. */
struct kafka_range {
	bool has_from, has_to;
	struct kafka_point from, to;
};

/*
 * Adds what one -o says: beginning, end, stored, N, -N, +N; FROM:TO of these, FROM may be missing, TO be @T;
 * @T, @T1:T2, where T2 may be a duration, 1h, after T1; kcat's s@T and e@T, also with a comma between. T is a timestamp (when.h; bare numbers
 * after s@ and e@ are milliseconds) or a duration before `now` (epoch microseconds): -1h. 0, or -1
 * with the reason in err.
 */
int kafka_range_parse(struct kafka_range *range, const char *text, int64_t now, struct buf *err);

/*
 * The offset that a point means in a partition of [low, high); found: the offset of the first record
 * at or after its time, -1 when there is none. KAFKA_OFFSET may lie outside of [low, high], all
 * others do not. Not for KAFKA_STORED.
 */
int64_t kafka_point_offset(const struct kafka_point *pt, int64_t low, int64_t high, int64_t found);

/* --- Which partitions: pure --- */

/* "0,2,5-7". */
struct kafka_span {
	int32_t first, last;
};

struct kafka_partitions {
	struct kafka_span *v; /* rising, no two touch */
	size_t n;
};

int kafka_partitions_parse(struct kafka_partitions *list, const char *text, struct buf *err);
bool kafka_partitions_has(const struct kafka_partitions *list, int32_t id);
void kafka_partitions_free(struct kafka_partitions *list);

/* Ranges of some partitions, each over those before it: "RANGE", "0,2-3=RANGE". */
struct kafka_ranges {
	struct kafka_share {
		struct kafka_partitions partitions; /* none: all */
		struct kafka_range range;
	} *v;
	size_t n, cap;
};

/* Adds one -o. 0, or -1 with the reason in err. */
int kafka_ranges_add(struct kafka_ranges *ranges, const char *text, int64_t now, struct buf *err);
void kafka_ranges_free(struct kafka_ranges *ranges);

/* What holds for a partition. */
struct kafka_range kafka_ranges_of(const struct kafka_ranges *ranges, int32_t id);
bool kafka_ranges_end(const struct kafka_ranges *ranges); /* has any partition an end? */
bool kafka_ranges_begin_at(const struct kafka_ranges *ranges, enum kafka_place place); /* has any? */

/* --- Text: pure --- */

/* Appends text with \n \t \r \\ \0 \NNN \xNN resolved. 0, or -1 with the reason in err. */
int kafka_unescape(const char *text, struct buf *out, struct buf *err);

/*
 * kcat's -f: %s value, %S its length, %R its length as 4 bytes big-endian, %k key, %K its length,
 * %t topic, %p partition, %o offset, %T timestamp, %h headers as name=value,...; %% and escapes.
 * %h{NAME}: the value of that header; %h{FORMAT}: each header by a format of its own, %k its name.
 * A null has length -1 and prints as `null`, which may be "".
 */
struct kafka_format;

struct kafka_format *kafka_format_new(const char *text, const char *null, struct buf *err);
void kafka_format_free(struct kafka_format *f);
bool kafka_format_has_headers(const struct kafka_format *f);
void kafka_format_put(const struct kafka_format *f, const struct rec *rec, struct buf *out);

/* --- Reading --- */

enum kafka_commit {
	KAFKA_COMMIT_WRITTEN, /* what was written: at least once */
	KAFKA_COMMIT_BEFORE,  /* what is about to be written: at most once */
	KAFKA_COMMIT_NONE,    /* also when enable.auto.commit=false is configured */
};

/* What it points to must stay until the consumer is closed. */
struct kafka_consumer_conf {
	const struct strlist *topics;              /* one that begins with ^ is a regex */
	const struct kafka_partitions *partitions; /* none: all */
	const char *group, *instance;              /* or NULL */
	const struct kafka_ranges *ranges;         /* with a group: where it has no commit */
	bool to_end;   /* stop at the ends as they were when the partitions were assigned */
	bool headers;  /* fill rec.headers */
	int64_t align; /* us; 0: order of arrival */
	enum kafka_commit commit;
	bool quiet;

	/*
	 * Called when partitions are about to be taken away: writes out the records given so far, as
	 * far as that goes in a short time, and calls kafka_written if all are. May be NULL.
	 */
	void (*flush)(void *ctx);
	/* Partitions came or went: "TOPIC: assigned 0,1". May be NULL. */
	void (*say)(void *ctx, const char *text);
	void *ctx;
};

struct kafka_consumer;

/*
 * Without a group, and with partitions, all is assigned when this returns; else it happens in
 * kafka_next. 0 or an exit status.
 */
int kafka_consumer_open(struct kafka_consumer **consumer, const struct kafka_conf *conf,
			const struct kafka_consumer_conf *cc, struct buf *err);

enum kafka_next {
	KAFKA_RECORD,
	KAFKA_WAIT,   /* none now: poll kafka_fd for POLLIN until kafka_deadline */
	KAFKA_DONE,   /* every partition was read to its end */
	KAFKA_FAILED, /* see kafka_failure */
};

/*
 * The next record. While several partitions have some, they come by timestamp, the least head first:
 * a partition that is at its end holds none back, one that is being fetched does for at most
 * `align`. *rec and what it points to are valid until the next call with this consumer. now:
 * loop_now.
 */
enum kafka_next kafka_next(struct kafka_consumer *c, int64_t now, struct rec *rec);

/* Keeps the membership and commits alive without reading: to be called while output is blocked, at
 * kafka_deadline and when kafka_fd is readable. */
void kafka_service(struct kafka_consumer *c, int64_t now);

int kafka_fd(const struct kafka_consumer *c);
int64_t kafka_deadline(const struct kafka_consumer *c);

/* Every record given so far was written (KAFKA_COMMIT_BEFORE: is about to be). */
void kafka_written(struct kafka_consumer *c, int64_t now);

/* Commits what is written, and waits for the answer. 0 or an exit status. */
int kafka_commit(struct kafka_consumer *c, struct buf *err);

/* Offsets that are left up to where reading ends; -1: there is no such end, or it is not known yet. */
int64_t kafka_left(const struct kafka_consumer *c);

/* The exit status after KAFKA_FAILED, and its reason. */
int kafka_failure(const struct kafka_consumer *c, const char **why);

/* Commits what is written, leaves the group, frees. 0 or an exit status. */
int kafka_consumer_close(struct kafka_consumer *c, struct buf *err);

/* --- Writing --- */

/* What it points to must stay until the producer is closed. */
struct kafka_producer_conf {
	const char *
		topic; /* must exist, or come to be when asked for; NULL: each record names its own */
	const char *codec; /* NULL: as configured */
	int64_t drain;     /* us: how long to wait for anything after a stop signal */
	bool quiet;
	/* A record was not delivered. tag is what kafka_produce was given. bad: the brokers refuse this
	 * record, and took or will take others. */
	void (*failed)(void *ctx, uint64_t tag, bool bad, const char *why);
	/* A record was delivered. May be NULL. */
	void (*arrived)(void *ctx, uint64_t tag);
	void *ctx;
};

struct kafka_producer;

/* 0 or an exit status. */
int kafka_producer_open(struct kafka_producer **producer, const struct kafka_conf *conf,
			const struct kafka_producer_conf *pc, struct buf *err);

/* Readable when kafka_producer_serve has something to do. */
int kafka_producer_fd(const struct kafka_producer *p);
void kafka_producer_serve(struct kafka_producer *p);

/*
 * Queues a record; waits while the queue is full. rec->topic is used when the producer has none.
 * Bytes are copied. 0, or -1 with the reason in err: this record cannot be sent.
 */
int kafka_produce(struct kafka_producer *p, const struct rec *rec, uint64_t tag, struct buf *err);

/* Records queued since the last push go out now, without waiting for more to fill a batch. */
void kafka_producer_push(struct kafka_producer *p);
bool kafka_producer_pending(const struct kafka_producer *p); /* is there something to push? */

/*
 * Waits until all is delivered, at most `limit` us, or LOOP_FOREVER; the rest is given up. Returns how many records
 * of all that were queued were not delivered.
 */
uint64_t kafka_producer_flush(struct kafka_producer *p, int64_t limit);
uint64_t kafka_producer_sent(const struct kafka_producer *p); /* records queued */
/* Why no record can be sent any more; NULL while they can. */
const char *kafka_producer_fatal(const struct kafka_producer *p);
void kafka_producer_close(struct kafka_producer *p);

/* --- A broker in a box --- */

struct kafka_mock;

struct kafka_mock *kafka_mock_new(int brokers, struct buf *err);
int kafka_mock_topic(struct kafka_mock *m, const char *name, int partitions, struct buf *err);
const char *kafka_mock_address(const struct kafka_mock *m);
void kafka_mock_rtt(struct kafka_mock *m, int ms); /* each answer comes so much later */

/*
 * REQUEST=ERROR[*TIMES],...: the next requests of this kind are answered by these errors, in turn, by
 * Kafka's names for requests and librdkafka's for errors. NO_ERROR lets a request through, _TRANSPORT
 * closes the connection. 0, or -1 with the reason in err.
 */
int kafka_mock_fail(struct kafka_mock *m, const char *spec, struct buf *err);
void kafka_mock_free(struct kafka_mock *m);

#endif
