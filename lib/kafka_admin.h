/*
 * kafka_admin: what there is in a cluster, and changes to it: topics, their configuration, groups.
 *
 * Existing things are named by operands, of which one that begins with ^ is a regular expression. What
 * fails for one of them does not stop the others: it goes to `failed`, and counts. A function gives 0, or
 * an exit status and the reason in err for what ends the whole. What it fills is freed by the caller,
 * whatever it gave, before the admin is closed.
 */
#ifndef KPIPE_KAFKA_ADMIN_H
#define KPIPE_KAFKA_ADMIN_H

#include "arena.h"
#include "kafka.h"

struct kafka_admin;

/* Waits for a first answer of the cluster. *admin is to be closed in any case. */
int kafka_admin_open(struct kafka_admin **admin, const struct kafka_conf *conf,
		     void (*failed)(const char *what, const char *why), struct buf *err);
void kafka_admin_close(struct kafka_admin *a);

/* The exit status of all so far: EXIT_OK, EXIT_FAIL when something failed, EXIT_BROKER when nothing
 * succeeded because we are not authorised. `shown`: what succeeded besides changes. */
int kafka_admin_status(const struct kafka_admin *a, size_t shown);

/* --- Topics --- */

struct kafka_place_info {
	int32_t id, leader; /* -1: it has none */
	const int32_t *replicas, *isr;
	size_t nreplicas, nisr;
	int64_t earliest, latest, offset; /* -1: not known */
};

struct kafka_topic {
	const char *name;
	struct kafka_place_info *partitions; /* by their ids */
	size_t n;
};

struct kafka_topics {
	struct kafka_topic *v; /* by their names */
	size_t n;
};

/* No names: all topics. */
int kafka_topics_find(struct kafka_admin *a, const struct operands *names,
		      struct kafka_topics *topics, struct buf *err);

/* Fills earliest and latest, and offset with what `pt` means, unless it is NULL. */
int kafka_topics_offsets(struct kafka_admin *a, struct kafka_topics *topics,
			 const struct kafka_point *pt, struct buf *err);
void kafka_topics_free(struct kafka_topics *topics);

/* --- Changes of topics --- */

struct kafka_topic_change {
	int partitions, replication; /* -1: the cluster's default, or no change */
	struct strlist set;          /* NAME=VALUE */
	struct strlist unset;        /* NAME: back to the default */
	bool dry_run;                /* the brokers only check */
	bool if_not_exists;          /* a topic that is there is none that failed */
};

/*
 * Moves what is meant for a topic out of the -X of a command that takes both: whatever is not a property of
 * librdkafka's clients. A name that its producers and consumers give to single topics (compression.type) means
 * nothing here but the topic's own.
 */
void kafka_topic_settings(struct kafka_options *options, struct strlist *set);

int kafka_topics_create(struct kafka_admin *a, const struct operands *names,
			const struct kafka_topic_change *change, struct buf *err);
int kafka_topics_alter(struct kafka_admin *a, const struct kafka_topics *topics,
		       const struct kafka_topic_change *change, struct buf *err);
int kafka_topics_delete(struct kafka_admin *a, const struct kafka_topics *topics, struct buf *err);

struct kafka_config {
	const char *topic, *name, *value; /* no value: NULL, also when it is a secret */
	const char *source;               /* as Kafka names it: DYNAMIC_TOPIC_CONFIG */
	bool is_default, own;             /* of Kafka; set for this topic */
	bool read_only, sensitive;
};

struct kafka_configs {
	struct kafka_config *v; /* by topic and name */
	size_t n, cap;
	struct arena bytes;
};

int kafka_configs_get(struct kafka_admin *a, const struct kafka_topics *topics,
		      struct kafka_configs *configs, struct buf *err);
void kafka_configs_free(struct kafka_configs *configs);

/* --- Groups --- */

struct kafka_member {
	const char *id, *instance, *client, *host; /* no instance: NULL */
	size_t partitions;
};

/* A partition that a group has a commit for, or a member on. */
struct kafka_claim {
	const char *topic;
	int32_t partition;
	int64_t committed, earliest, latest; /* -1: not known */
	int64_t to;                          /* what it is reset to */
	const struct kafka_member *member;   /* NULL: none */
};

struct kafka_group {
	const char *name, *state;
	bool simple; /* it has no members, and commits all the same */
	const char *assignor;
	int32_t coordinator; /* a broker's id; -1: not known */
	struct kafka_member *members;
	size_t nmembers;
	struct kafka_claim *claims; /* by topic and partition */
	size_t nclaims, cap;
};

struct kafka_groups {
	struct kafka_group *v; /* by their names */
	size_t n, cap;
	struct arena bytes;
};

/* No names: all groups. Only name, state and simple are filled. */
int kafka_groups_list(struct kafka_admin *a, const struct operands *names,
		      struct kafka_groups *groups, struct buf *err);

/* All but the offsets of partitions. A group that is not there fails, and is left out, unless `absent` is
 * true. */
int kafka_groups_describe(struct kafka_admin *a, const struct operands *names, bool absent,
			  struct kafka_groups *groups, struct buf *err);

/* Fills earliest and latest. */
int kafka_groups_offsets(struct kafka_admin *a, struct kafka_groups *groups, struct buf *err);
void kafka_groups_free(struct kafka_groups *groups);

/* --- Changes of groups --- */

/* Where to: a point, or `shift` from what is committed. */
struct kafka_reset {
	const struct kafka_point *pt; /* NULL: shift */
	int64_t shift;
	bool dry_run;
	/* An offset that does not exist is brought to the nearest one, and told. */
	void (*clamped)(const struct kafka_claim *claim, int64_t wanted);
};

/*
 * Leaves the one group that was described those claims that the targets name, also such as it has not
 * yet, and commits `to` for them unless it is a dry run. A target is TOPIC or ^REGEX, with :PARTITIONS
 * behind it for some; none: all that is committed. A group with members fails, and is left without
 * claims.
 */
int kafka_group_reset(struct kafka_admin *a, struct kafka_groups *groups,
		      const struct operands *targets, const struct kafka_reset *reset,
		      struct buf *err);

/* Those with members fail, and are left out of the list. */
int kafka_groups_delete(struct kafka_admin *a, struct kafka_groups *groups, bool dry_run,
			struct buf *err);

#endif
