/*
 * What a group has read: offsets are committed behind the bytes, and tried again where that fails.
 */
#include "kafka_priv.h"

#include "diag.h"
#include "loop.h"

/* After so long (us) without a record what was written is committed, without waiting for its turn. */
enum { COMMIT_QUIET = 200 * 1000 };

/* What is written and not committed, marked as committed. NULL when there is nothing. */
static rd_kafka_topic_partition_list_t *take_uncommitted(struct kafka_consumer *c)
{
	rd_kafka_topic_partition_list_t *list = NULL;

	for (size_t i = 0; c->commits && i < c->nparts; i++) {
		struct kafka_part *p = c->parts[i];
		if (p->written <= p->committed)
			continue;
		if (!list)
			list = rd_kafka_topic_partition_list_new((int)c->nparts);
		rd_kafka_topic_partition_list_add(list, p->topic, p->id)->offset = p->written;
		p->committed = p->written;
	}
	c->commit_due = c->commit_limit = LOOP_FOREVER;
	return list;
}

/* They count as not committed again. */
static void put_back(struct kafka_consumer *c, const rd_kafka_topic_partition_list_t *list)
{
	for (int i = 0; i < list->cnt; i++) {
		struct kafka_part *p =
			kafka_part_find(c, list->elems[i].topic, list->elems[i].partition);
		if (p && p->committed == list->elems[i].offset)
			p->committed = -1;
	}
}

/* The answer to a commit. After one that failed the next one tries again. */
static void on_commit(rd_kafka_t *rk, rd_kafka_resp_err_t code,
		      rd_kafka_topic_partition_list_t *offsets, void *opaque)
{
	struct kafka_consumer *c = opaque;

	(void)rk;
	c->committing--;
	for (int i = 0; !code && offsets && i < offsets->cnt; i++)
		code = offsets->elems[i].err;
	c->commit_error = code;
	if (!code || !offsets)
		return;
	put_back(c, offsets);
	c->commit_due = loop_now() + c->commit_every;
}

void kafka_commit_soon(struct kafka_consumer *c)
{
	rd_kafka_topic_partition_list_t *list = take_uncommitted(c);

	if (!list)
		return;
	c->committing++;
	c->commit_error = rd_kafka_commit_queue(c->rk, list, c->commit_queue, on_commit, c);
	if (c->commit_error) {
		c->committing--;
		put_back(c, list);
	}
	rd_kafka_topic_partition_list_destroy(list);
}

void kafka_serve_commits(struct kafka_consumer *c)
{
	while (rd_kafka_queue_poll_callback(c->commit_queue, 0) > 0)
		;
	if (kafka_status(c->commit_error))
		kafka_fail(c, kafka_status(c->commit_error), "cannot commit: %s",
			   rd_kafka_err2str(c->commit_error));
}

static void wait_for_commits(struct kafka_consumer *c, int64_t deadline)
{
	enum { WAIT = 100 }; /* ms */

	while (c->committing && loop_now() < deadline)
		rd_kafka_queue_poll_callback(c->commit_queue, WAIT);
}

const char kafka_not_committed[] = "the last records are not committed, and will be read again";

bool kafka_is_behind(const struct kafka_consumer *c)
{
	bool behind = c->committing > 0;

	for (size_t i = 0; c->commits && i < c->nparts; i++)
		behind |= c->parts[i]->written > c->parts[i]->committed;
	return behind;
}

int kafka_commit(struct kafka_consumer *c, struct buf *err)
{
	int64_t deadline = loop_now() + kafka_patience(c->rk);
	rd_kafka_resp_err_t code;

	/* What was asked for before may fail, and is asked for again then. */
	c->commit_error = RD_KAFKA_RESP_ERR_NO_ERROR;
	wait_for_commits(c, deadline);
	if (!c->committing)
		kafka_commit_soon(c);
	wait_for_commits(c, deadline);
	code = c->committing ? RD_KAFKA_RESP_ERR__TIMED_OUT : c->commit_error;
	if (!code)
		return EXIT_OK;
	buf_setf(err, "%s: %s", kafka_not_committed, rd_kafka_err2str(code));
	return kafka_status(code) ? kafka_status(code) : EXIT_AGAIN;
}

void kafka_written(struct kafka_consumer *c, int64_t now)
{
	bool some = false;

	for (size_t i = 0; i < c->nparts; i++) {
		struct kafka_part *p = c->parts[i];
		some |= p->given > p->written;
		p->written = p->given;
	}
	if (!some || !c->commits)
		return;
	if (c->commit_limit == LOOP_FOREVER)
		c->commit_limit = now + c->commit_every;
	c->commit_due = now + COMMIT_QUIET < c->commit_limit ? now + COMMIT_QUIET : c->commit_limit;
}
