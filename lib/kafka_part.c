/*
 * The queue of one partition, and the heap that merges the heads of all.
 *
 * A head is the first record of a partition that is wanted. The heap holds the partitions that have
 * one, the least key on top: a record's timestamp, or, when records come in order of arrival, the
 * number of its batch.
 */
#include "kafka_priv.h"

#include <stdlib.h>

#include "diag.h"
#include "loop.h"
#include "mem.h"

/* --- The heap --- */

static bool before(const struct kafka_part *a, const struct kafka_part *b)
{
	int order;

	if (a->key != b->key)
		return a->key < b->key;
	order = strcmp(a->topic, b->topic);
	return order ? order < 0 : a->id < b->id;
}

static void sink(struct kafka_consumer *c, size_t i)
{
	struct kafka_part *p = c->heap[i];

	for (;;) {
		size_t child = 2 * i + 1;
		if (child >= c->nheap)
			break;
		if (child + 1 < c->nheap && before(c->heap[child + 1], c->heap[child]))
			child++;
		if (!before(c->heap[child], p))
			break;
		c->heap[i] = c->heap[child];
		i = child;
	}
	c->heap[i] = p;
}

static void push(struct kafka_consumer *c, struct kafka_part *p)
{
	size_t i = c->nheap++;

	c->heap = mem_grow(c->heap, &c->heap_cap, c->nheap, sizeof *c->heap);
	while (i && before(p, c->heap[(i - 1) / 2])) {
		c->heap[i] = c->heap[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	c->heap[i] = p;
}

static void drop_top(struct kafka_consumer *c)
{
	c->heap[0] = c->heap[--c->nheap];
	if (c->nheap)
		sink(c, 0);
}

static void leave_heap(struct kafka_consumer *c, const struct kafka_part *p)
{
	size_t i = 0;

	while (i < c->nheap && c->heap[i] != p)
		i++;
	if (i == c->nheap)
		return;
	c->heap[i] = c->heap[--c->nheap];
	for (size_t at = c->nheap / 2; at-- > 0;)
		sink(c, at);
}

/* --- A partition --- */

struct kafka_part *kafka_part_new(struct kafka_consumer *c, const char *topic, int32_t id)
{
	struct kafka_part *p = mem_zalloc(1, sizeof *p);

	p->topic = mem_strdup(topic);
	p->topic_len = strlen(topic);
	p->id = id;
	p->state = PART_WAITING;
	p->since = -1;
	p->start = RD_KAFKA_OFFSET_INVALID;
	p->next = p->given = p->written = p->committed = p->gap = -1;
	p->end = INT64_MAX;
	p->queue = rd_kafka_queue_get_partition(c->rk, topic, id);
	if (p->queue) {
		/* Its records stay in a queue of their own instead of the consumer's common one. */
		rd_kafka_queue_forward(p->queue, NULL);
		kafka_pipe_watch(p->queue, c->wake[1]);
	} else {
		p->state = PART_DONE;
		kafka_fail(c, EXIT_FAIL, "%s[%d]: unknown partition", topic, (int)id);
	}
	c->parts = mem_grow(c->parts, &c->parts_cap, c->nparts + 1, sizeof *c->parts);
	c->parts[c->nparts++] = p;
	return p;
}

struct kafka_part *kafka_part_find(const struct kafka_consumer *c, const char *topic, int32_t id)
{
	for (size_t i = 0; i < c->nparts; i++) {
		if (c->parts[i]->id == id && strcmp(c->parts[i]->topic, topic) == 0)
			return c->parts[i];
	}
	return NULL;
}

static void drop_batch(struct kafka_part *p)
{
	while (p->at < p->n)
		rd_kafka_message_destroy(p->batch[p->at++]);
	p->at = p->n = 0;
}

void kafka_part_free(struct kafka_consumer *c, struct kafka_part *p)
{
	leave_heap(c, p);
	drop_batch(p);
	if (p->queue) {
		kafka_pipe_watch(p->queue, -1);
		rd_kafka_queue_destroy(p->queue);
	}
	free(p->topic);
	free(p);
}

void kafka_part_done(struct kafka_consumer *c, struct kafka_part *p)
{
	rd_kafka_topic_partition_list_t *list;

	if (p->state == PART_READY)
		leave_heap(c, p);
	p->state = PART_DONE;
	drop_batch(p);
	/* Otherwise it would go on being fetched, up to a full queue. */
	list = rd_kafka_topic_partition_list_new(1);
	rd_kafka_topic_partition_list_add(list, p->topic, p->id);
	rd_kafka_pause_partitions(c->rk, list);
	rd_kafka_topic_partition_list_destroy(list);
}

/* --- Refilling --- */

/*
 * librdkafka stops fetching a partition whose queue is full. Before version 2.2 its broker thread
 * then sleeps for a second, however soon there is room; any request to that broker wakes it. This
 * one asks for the partition's end, and nobody waits for the answer.
 */
static void wake_fetcher(struct kafka_consumer *c, struct kafka_part *p)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);

	rd_kafka_topic_partition_list_add(list, p->topic, p->id)->offset = RD_KAFKA_OFFSET_END;
	rd_kafka_offsets_for_times(c->rk, list, 0);
	rd_kafka_topic_partition_list_destroy(list);
}

/* Could a queue of this length have reached the limits? Its bytes are not known, so the messages
 * just taken from it stand for the rest. */
static bool is_full(const struct kafka_consumer *c, const struct kafka_part *p, size_t length)
{
	size_t bytes = 0;

	for (unsigned i = 0; i < p->n; i++)
		bytes += p->batch[i]->len + p->batch[i]->key_len;
	return (int64_t)length >= c->queue_messages ||
	       (p->n && (int64_t)(bytes / p->n * length) >= c->queue_bytes);
}

static bool refill(struct kafka_consumer *c, struct kafka_part *p)
{
	size_t length = rd_kafka_queue_length(p->queue);
	ssize_t n;

	p->at = p->n = 0;
	if (!length)
		return false;
	n = rd_kafka_consume_batch_queue(p->queue, 0, p->batch, PART_BATCH);
	p->n = n > 0 ? (unsigned)n : 0;
	if (c->wakes && p->n) {
		if (is_full(c, p, length))
			p->throttled = true;
		if (p->throttled && !is_full(c, p, length - p->n)) {
			p->throttled = false;
			wake_fetcher(c, p);
		}
	}
	if (!c->cc.align)
		p->key = (int64_t)c->arrivals++;
	return p->n > 0;
}

/* Something other than a record: an end, or an error. */
static void take_event(struct kafka_consumer *c, struct kafka_part *p,
		       const rd_kafka_message_t *msg)
{
	if (msg->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
		p->state = PART_AT_END;
		/* A range may end in records that nobody is shown: markers of transactions. */
		if (p->end != INT64_MAX)
			p->next = p->end;
		return;
	}
	kafka_trouble(c, msg);
}

static int64_t timestamp(const rd_kafka_message_t *msg)
{
	rd_kafka_timestamp_type_t type;
	int64_t t = rd_kafka_message_timestamp(msg, &type);

	return type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE ? REC_NO_TIMESTAMP : t;
}

/*
 * Is this record, of an offset below the next one, a new one all the same? It is when the log ends
 * before what was given already: then it was cut, or the topic made anew, and offsets begin again.
 */
static bool went_back(struct kafka_consumer *c, struct kafka_part *p, const rd_kafka_message_t *msg)
{
	int64_t low, high;

	if (p->given < 0 || rd_kafka_get_watermark_offsets(c->rk, p->topic, p->id, &low, &high) ||
	    high < 0 || high >= p->next)
		return false;
	if (!c->cc.quiet)
		diag_warn("%s[%d]: offsets go back from %lld to %lld: the log was cut or made anew",
			  p->topic, (int)p->id, (long long)p->next, (long long)msg->offset);
	p->next = msg->offset;
	p->given = p->written = p->committed = -1;
	return true;
}

/*
 * A gap before a record may be what compaction or transactions leave; or what lay there was deleted
 * before we came to it, and librdkafka has moved on to the first that is left without a word. The log's
 * beginning tells. It is asked for now and then only, as gaps may be many.
 */
static void look_into_gap(struct kafka_consumer *c, struct kafka_part *p, int64_t offset)
{
	enum { EVERY = 1000 * 1000, NO_ANSWER = 60 * EVERY, WAIT = 1000 /* ms */ };
	int64_t low, high, now = loop_now();
	bool answered;

	if (p->gap < 0)
		p->gap = p->next;
	p->gap_end = offset;
	if (c->cc.quiet || now < c->gap_due)
		return;
	answered = !rd_kafka_query_watermark_offsets(c->rk, p->topic, p->id, &low, &high, WAIT);
	if (answered && low > p->gap)
		kafka_say_gone(c, p, p->gap, low < p->gap_end ? low : p->gap_end);
	c->gap_due = now + (answered ? EVERY : NO_ANSWER);
	p->gap = -1;
}

static bool is_wanted(struct kafka_consumer *c, struct kafka_part *p, const rd_kafka_message_t *msg)
{
	if (msg->err || msg->offset >= p->end)
		return false;
	return msg->offset >= p->next || went_back(c, p, msg);
}

/* Finds the head, or shows that there is none now. */
static bool find_head(struct kafka_consumer *c, struct kafka_part *p)
{
	while (p->at < p->n || refill(c, p)) {
		rd_kafka_message_t *msg = p->batch[p->at];

		if (is_wanted(c, p, msg)) {
			if (msg->offset > p->next && p->given >= 0)
				look_into_gap(c, p, msg->offset);
			if (c->cc.align)
				p->key = timestamp(msg);
			return true;
		}
		if (msg->err)
			take_event(c, p, msg);
		else if (msg->offset >= p->end)
			p->next = p->end;
		rd_kafka_message_destroy(msg);
		p->at++;
		if (p->next >= p->end)
			return false;
	}
	return false;
}

/* Has everything been given that the last answer to a fetch knew of? */
static bool at_known_end(const struct kafka_consumer *c, const struct kafka_part *p)
{
	int64_t low, high;

	return p->next >= 0 &&
	       !rd_kafka_get_watermark_offsets(c->rk, p->topic, p->id, &low, &high) && high >= 0 &&
	       p->next >= high;
}

void kafka_part_settle(struct kafka_consumer *c, struct kafka_part *p, int64_t now)
{
	bool was_ready = p->state == PART_READY;

	if (find_head(c, p)) {
		p->state = PART_READY;
		if (was_ready)
			sink(c, 0);
		else
			push(c, p);
		return;
	}
	if (was_ready) {
		drop_top(c);
		if (p->state == PART_READY) {
			p->state = PART_WAITING;
			p->since = -1;
		}
	}
	if (p->next >= p->end)
		kafka_part_done(c, p);
	else if (p->state == PART_WAITING && at_known_end(c, p))
		p->state = PART_AT_END;
	if (p->state == PART_WAITING && p->since < 0)
		p->since = now;
	if (p->state == PART_WAITING && now - p->since >= c->cc.align)
		p->state = PART_LATE;
}

rd_kafka_message_t *kafka_part_take(struct kafka_consumer *c, struct kafka_part *p, int64_t now)
{
	rd_kafka_message_t *msg = p->batch[p->at++];

	p->given = p->next = msg->offset + 1;
	kafka_part_settle(c, p, now);
	return msg;
}
