/*
 * Which partitions to read, and where they begin and end: what the group has committed, -o, and
 * their ends now.
 */
#include "kafka_priv.h"

#include <inttypes.h>
#include <regex.h>
#include <stdlib.h>

#include "diag.h"
#include "loop.h"
#include "mem.h"

/* --- Which --- */

/* Adds the partitions of one topic that are asked for. */
static int add_topic(struct kafka_consumer *c, rd_kafka_topic_partition_list_t *list,
		     const rd_kafka_metadata_topic_t *topic, struct buf *err)
{
	const struct kafka_partitions *want = c->cc.partitions;

	for (int i = 0; i < topic->partition_cnt; i++) {
		int32_t id = topic->partitions[i].id;
		if ((!want || !want->n || kafka_partitions_has(want, id)) &&
		    !rd_kafka_topic_partition_list_find(list, topic->topic, id))
			rd_kafka_topic_partition_list_add(list, topic->topic, id);
	}
	for (size_t i = 0; want && i < want->n; i++) {
		for (int64_t id = want->v[i].first; id <= want->v[i].last; id++) {
			if (id < topic->partition_cnt)
				continue;
			buf_setf(err, "%s: no partition %" PRId64 " (there are %d)", topic->topic,
				 id, topic->partition_cnt);
			return EXIT_FAIL;
		}
	}
	return EXIT_OK;
}

static int add_matching(struct kafka_consumer *c, rd_kafka_topic_partition_list_t *list,
			const char *pattern, struct buf *err)
{
	const struct rd_kafka_metadata *md;
	bool found = false;
	char why[256];
	regex_t re;
	int rc = regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB);

	if (rc) {
		regerror(rc, &re, why, sizeof why);
		buf_setf(err, "%s: %s", pattern, why);
		return EXIT_USAGE;
	}
	rc = kafka_metadata(c->rk, &c->health, NULL, false, &md, err);
	if (!rc) {
		for (int i = 0; !rc && i < md->topic_cnt; i++) {
			if (regexec(&re, md->topics[i].topic, 0, NULL, 0) != 0)
				continue;
			found = true;
			rc = add_topic(c, list, &md->topics[i], err);
		}
		rd_kafka_metadata_destroy(md);
	}
	regfree(&re);
	/* A group takes up topics when they come. */
	if (!rc && !found && !c->grouped) {
		buf_setf(err, "%s: no such topic", pattern);
		return EXIT_FAIL;
	}
	return rc;
}

static int add_named(struct kafka_consumer *c, rd_kafka_topic_partition_list_t *list,
		     const char *topic, struct buf *err)
{
	const struct rd_kafka_metadata *md;
	int rc = kafka_metadata(c->rk, &c->health, topic, false, &md, err);

	if (rc)
		return rc;
	rc = add_topic(c, list, &md->topics[0], err);
	rd_kafka_metadata_destroy(md);
	return rc;
}

/* Every partition that the topics name, each once. In group mode a regex may match nothing yet. */
int kafka_find(struct kafka_consumer *c, rd_kafka_topic_partition_list_t *list, struct buf *err)
{
	int rc = EXIT_OK;

	for (size_t i = 0; !rc && i < c->cc.topics->n; i++) {
		const char *topic = c->cc.topics->v[i];
		if (topic[0] == '^')
			rc = add_matching(c, list, topic, err);
		else
			rc = add_named(c, list, topic, err);
	}
	return rc;
}

/* --- From where to where --- */

/* One try to get an answer (ms); short, so that a signal is heeded. */
enum { TRY = 1000 };

/* Request code for the least offset of ListOffsets; RD_KAFKA_OFFSET_END (-1) asks for the end. */
enum { TIME_LOW = -2 };

static rd_kafka_topic_partition_list_t *list_of(struct kafka_part *const *parts, size_t n)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)n);

	for (size_t i = 0; i < n; i++)
		rd_kafka_topic_partition_list_add(list, parts[i]->topic, parts[i]->id);
	return list;
}

/* An error of the request, or else the first of a partition. */
static rd_kafka_resp_err_t list_error(rd_kafka_resp_err_t code,
				      const rd_kafka_topic_partition_list_t *list)
{
	for (int i = 0; !code && i < list->cnt; i++)
		code = list->elems[i].err;
	return code;
}

/*
 * Puts a question about every partition of the list, `time` where an answer's offset will be, and
 * repeats it until it is answered, for as long as that makes sense. 0 or an exit status.
 */
static int ask(struct kafka_consumer *c, rd_kafka_topic_partition_list_t *list,
	       rd_kafka_resp_err_t (*request)(rd_kafka_t *, rd_kafka_topic_partition_list_t *, int),
	       int64_t time, struct buf *err)
{
	enum { PAUSE = 50 * 1000 };
	int64_t deadline = loop_now() + kafka_patience(c->rk);
	rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR__TIMED_OUT;

	while (kafka_keep_trying(&c->health, deadline)) {
		for (int i = 0; i < list->cnt; i++) {
			list->elems[i].offset = time;
			list->elems[i].err = RD_KAFKA_RESP_ERR_NO_ERROR;
		}
		code = list_error(request(c->rk, list, TRY), list);
		if (!code)
			return EXIT_OK;
		if (kafka_status(code)) {
			buf_setf(err, "%s", rd_kafka_err2str(code));
			return kafka_status(code);
		}
		loop_wait(NULL, 0, loop_now() + PAUSE);
	}
	return kafka_no_answer(&c->health, code, err);
}

static int ask_offsets(struct kafka_consumer *c, rd_kafka_topic_partition_list_t *list,
		       int64_t time, struct buf *err)
{
	return ask(c, list, rd_kafka_offsets_for_times, time, err);
}

/* What is known of the partitions, in their order. NULL: not asked for. */
struct bounds {
	rd_kafka_topic_partition_list_t *low, *high, *from, *to, *committed;
};

static void free_list(rd_kafka_topic_partition_list_t *list)
{
	if (list)
		rd_kafka_topic_partition_list_destroy(list);
}

static void free_bounds(struct bounds *b)
{
	free_list(b->low);
	free_list(b->high);
	free_list(b->from);
	free_list(b->to);
	free_list(b->committed);
}

static int ask_time(struct kafka_consumer *c, const struct kafka_point *pt,
		    rd_kafka_topic_partition_list_t *all, rd_kafka_topic_partition_list_t **out,
		    struct buf *err)
{
	if (pt->place != KAFKA_TIME)
		return EXIT_OK;
	*out = rd_kafka_topic_partition_list_copy(all);
	/* Below zero the numbers have a meaning of their own. */
	return ask_offsets(c, *out, pt->n < 0 ? 0 : pt->n, err);
}

static int ask_all(struct kafka_consumer *c, struct kafka_part *const *parts, size_t n,
		   struct bounds *b, struct buf *err)
{
	const struct kafka_range *r = &c->cc.range;
	rd_kafka_topic_partition_list_t *all = list_of(parts, n);
	int rc;

	b->low = rd_kafka_topic_partition_list_copy(all);
	b->high = rd_kafka_topic_partition_list_copy(all);
	rc = ask_offsets(c, b->low, TIME_LOW, err);
	if (!rc)
		rc = ask_offsets(c, b->high, RD_KAFKA_OFFSET_END, err);
	if (!rc && r->has_from)
		rc = ask_time(c, &r->from, all, &b->from, err);
	if (!rc && r->has_to)
		rc = ask_time(c, &r->to, all, &b->to, err);
	if (!rc && c->cc.group) {
		b->committed = rd_kafka_topic_partition_list_copy(all);
		rc = ask(c, b->committed, rd_kafka_committed, RD_KAFKA_OFFSET_INVALID, err);
	}
	rd_kafka_topic_partition_list_destroy(all);
	return rc;
}

static int64_t offset_at(const rd_kafka_topic_partition_list_t *list, size_t i)
{
	return list ? list->elems[i].offset : -1;
}

/* Does a point that is found again, later or by another member, lie elsewhere by then? */
static bool is_fleeting(const struct kafka_point *pt)
{
	return pt->place != KAFKA_BEGINNING && pt->place != KAFKA_OFFSET;
}

static void set_start(struct kafka_consumer *c, struct kafka_part *p, const struct bounds *b,
		      size_t i)
{
	const struct kafka_range *r = &c->cc.range;
	int64_t low = b->low->elems[i].offset, high = b->high->elems[i].offset;
	int64_t committed = offset_at(b->committed, i);
	struct kafka_point from = r->has_from ? r->from : (struct kafka_point){KAFKA_BEGINNING, 0};

	if (committed >= 0) {
		p->start = committed;
		/* Else the log was cut or made anew since, and librdkafka begins as configured. */
		if (committed >= low && committed <= high)
			p->committed = p->written = p->given = p->next = committed;
		return;
	}
	if (from.place == KAFKA_STORED)
		return;
	p->next = kafka_point_offset(&from, low, high, offset_at(b->from, i));
	/* Outside of what there is librdkafka would begin as configured. */
	p->start = p->next < low ? low : p->next > high ? high : p->next;
	/* As if what lies before were read: or the next one to be assigned this partition would
	 * begin behind what came in meanwhile. */
	if (c->grouped && is_fleeting(&from))
		p->given = p->written = p->start;
}

static void set_end(struct kafka_consumer *c, struct kafka_part *p, const struct bounds *b,
		    size_t i)
{
	const struct kafka_range *r = &c->cc.range;
	int64_t low = b->low->elems[i].offset, high = b->high->elems[i].offset;

	if (!c->finite)
		return;
	p->end = high;
	if (r->has_to) {
		int64_t to = kafka_point_offset(&r->to, low, high, offset_at(b->to, i));
		if (to < high)
			p->end = to;
	}
}

/* With only a group's commits and its reset policy to go by, librdkafka finds the start by itself. */
static bool is_plain(const struct kafka_consumer *c)
{
	const struct kafka_range *r = &c->cc.range;

	return c->cc.group && !c->finite && (!r->has_from || r->from.place == KAFKA_STORED);
}

int kafka_start(struct kafka_consumer *c, struct kafka_part **parts, size_t n, struct buf *err)
{
	struct bounds b = {0};
	int rc;

	if (!n || is_plain(c))
		return EXIT_OK;
	rc = ask_all(c, parts, n, &b, err);
	for (size_t i = 0; !rc && i < n; i++) {
		set_start(c, parts[i], &b, i);
		set_end(c, parts[i], &b, i);
	}
	free_bounds(&b);
	return rc;
}
