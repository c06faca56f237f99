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

/* An error of the request, or else the first of a partition. */
static rd_kafka_resp_err_t list_error(rd_kafka_resp_err_t code,
				      const rd_kafka_topic_partition_list_t *list)
{
	for (int i = 0; !code && i < list->cnt; i++)
		code = list->elems[i].err;
	return code;
}

/* A topic that was just created is not known to every broker at once. */
static bool is_new(rd_kafka_resp_err_t code)
{
	return code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
}

/*
 * Puts a question about every partition of the list: the offsets in it say what is asked, and are
 * replaced by the answers. Repeated until it is answered, for as long as that makes sense. 0 or an
 * exit status.
 */
static int ask(struct kafka_consumer *c, rd_kafka_topic_partition_list_t *list,
	       rd_kafka_resp_err_t (*request)(rd_kafka_t *, rd_kafka_topic_partition_list_t *, int),
	       struct buf *err)
{
	enum { PAUSE = 50 * 1000 };
	rd_kafka_topic_partition_list_t *question = rd_kafka_topic_partition_list_copy(list);
	int64_t deadline = loop_now() + kafka_patience(c->rk);
	int64_t topic_deadline = loop_now() + KAFKA_TOPIC_PATIENCE;
	rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR__TIMED_OUT;
	int rc = -1;

	while (rc < 0 && kafka_keep_trying(&c->health, deadline)) {
		for (int i = 0; i < list->cnt; i++) {
			list->elems[i].offset = question->elems[i].offset;
			list->elems[i].err = RD_KAFKA_RESP_ERR_NO_ERROR;
		}
		code = list_error(request(c->rk, list, TRY), list);
		if (!code) {
			rc = EXIT_OK;
		} else if (kafka_status(code) && !(is_new(code) && loop_now() < topic_deadline)) {
			buf_setf(err, "%s", rd_kafka_err2str(code));
			rc = kafka_status(code);
		} else {
			loop_wait(NULL, 0, loop_now() + PAUSE);
		}
	}
	rd_kafka_topic_partition_list_destroy(question);
	return rc < 0 ? kafka_no_answer(&c->health, code, err) : rc;
}

/* What is known of a partition. */
struct bounds {
	int64_t low, high;
	int64_t from, to;  /* where the times of its range begin; -1: no record is so late */
	int64_t committed; /* -1: nothing */
};

/* Asks for one offset of each partition: what `question` says goes to the field at `answer`. Those
 * for which it says nothing are left out. */
static int ask_each(struct kafka_consumer *c, struct kafka_part *const *parts, size_t n,
		    rd_kafka_resp_err_t (*request)(rd_kafka_t *, rd_kafka_topic_partition_list_t *,
						   int),
		    bool (*question)(const struct kafka_consumer *, int32_t id, int64_t *offset),
		    struct bounds *b, size_t answer, struct buf *err)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)n);
	int64_t offset;
	int rc = EXIT_OK, at = 0;

	for (size_t i = 0; i < n; i++) {
		if (question(c, parts[i]->id, &offset))
			rd_kafka_topic_partition_list_add(list, parts[i]->topic, parts[i]->id)
				->offset = offset;
	}
	if (list->cnt)
		rc = ask(c, list, request, err);
	for (size_t i = 0; rc == EXIT_OK && i < n; i++) {
		if (question(c, parts[i]->id, &offset))
			*(int64_t *)(void *)((char *)&b[i] + answer) = list->elems[at++].offset;
	}
	rd_kafka_topic_partition_list_destroy(list);
	return rc;
}

static bool ask_low(const struct kafka_consumer *c, int32_t id, int64_t *offset)
{
	(void)c;
	(void)id;
	*offset = TIME_LOW;
	return true;
}

static bool ask_high(const struct kafka_consumer *c, int32_t id, int64_t *offset)
{
	(void)c;
	(void)id;
	*offset = RD_KAFKA_OFFSET_END;
	return true;
}

static bool ask_committed(const struct kafka_consumer *c, int32_t id, int64_t *offset)
{
	(void)id;
	*offset = RD_KAFKA_OFFSET_INVALID;
	return c->cc.group;
}

/* Below zero the numbers have a meaning of their own. */
static bool ask_time(bool has, const struct kafka_point *pt, int64_t *offset)
{
	*offset = pt->n < 0 ? 0 : pt->n;
	return has && pt->place == KAFKA_TIME;
}

static bool ask_from(const struct kafka_consumer *c, int32_t id, int64_t *offset)
{
	struct kafka_range r = kafka_ranges_of(c->cc.ranges, id);

	return ask_time(r.has_from, &r.from, offset);
}

static bool ask_to(const struct kafka_consumer *c, int32_t id, int64_t *offset)
{
	struct kafka_range r = kafka_ranges_of(c->cc.ranges, id);

	return ask_time(r.has_to, &r.to, offset);
}

static int ask_all(struct kafka_consumer *c, struct kafka_part *const *parts, size_t n,
		   struct bounds *b, struct buf *err)
{
	static const struct {
		rd_kafka_resp_err_t (*request)(rd_kafka_t *, rd_kafka_topic_partition_list_t *,
					       int);
		bool (*question)(const struct kafka_consumer *, int32_t, int64_t *);
		size_t answer;
	} questions[] = {
		{rd_kafka_offsets_for_times, ask_low, offsetof(struct bounds, low)},
		{rd_kafka_offsets_for_times, ask_high, offsetof(struct bounds, high)},
		{rd_kafka_offsets_for_times, ask_from, offsetof(struct bounds, from)},
		{rd_kafka_offsets_for_times, ask_to, offsetof(struct bounds, to)},
		{rd_kafka_committed, ask_committed, offsetof(struct bounds, committed)},
	};
	int rc = EXIT_OK;

	for (size_t i = 0; i < n; i++)
		b[i] = (struct bounds){-1, -1, -1, -1, -1};
	for (size_t q = 0; rc == EXIT_OK && q < sizeof questions / sizeof questions[0]; q++)
		rc = ask_each(c, parts, n, questions[q].request, questions[q].question, b,
			      questions[q].answer, err);
	return rc;
}

/* Does a point that is found again, later or by another member, lie elsewhere by then? */
static bool is_fleeting(const struct kafka_point *pt)
{
	return pt->place != KAFKA_BEGINNING && pt->place != KAFKA_OFFSET;
}

void kafka_say_gone(const struct kafka_consumer *c, const struct kafka_part *p, int64_t from,
		    int64_t to)
{
	if (!c->cc.quiet)
		diag_warn("%s[%" PRId32 "]: offsets %" PRId64 " to %" PRId64
			  " are gone: deleted before they were read",
			  p->topic, p->id, from, to - 1);
}

static void set_start(struct kafka_consumer *c, struct kafka_part *p, const struct bounds *b)
{
	struct kafka_range r = kafka_ranges_of(c->cc.ranges, p->id);
	struct kafka_point from = r.has_from ? r.from : (struct kafka_point){KAFKA_BEGINNING, 0};

	if (b->committed >= 0) {
		p->start = b->committed;
		if (b->committed < b->low)
			kafka_say_gone(c, p, b->committed, b->low);
		/* Else the log was cut or made anew since, and librdkafka begins as configured. */
		if (b->committed >= b->low && b->committed <= b->high)
			p->committed = p->written = p->given = p->next = b->committed;
		return;
	}
	if (from.place == KAFKA_STORED)
		return;
	p->next = kafka_point_offset(&from, b->low, b->high, b->from);
	/* Outside of what there is librdkafka would begin as configured. */
	p->start = p->next < b->low ? b->low : p->next > b->high ? b->high : p->next;
	/* As if what lies before were read: or the next one to be assigned this partition would
	 * begin behind what came in meanwhile. */
	if (c->grouped && is_fleeting(&from))
		p->given = p->written = p->start;
}

static void set_end(struct kafka_consumer *c, struct kafka_part *p, const struct bounds *b)
{
	struct kafka_range r = kafka_ranges_of(c->cc.ranges, p->id);

	if (!c->cc.to_end && !r.has_to)
		return;
	p->end = b->high;
	if (r.has_to) {
		int64_t to = kafka_point_offset(&r.to, b->low, b->high, b->to);
		if (to < b->high)
			p->end = to;
	}
}

/* Is there only a group with its commits, and librdkafka's reset policy, to go by? */
static bool is_plain(const struct kafka_consumer *c)
{
	const struct kafka_ranges *all = c->cc.ranges;

	for (size_t i = 0; i < all->n; i++) {
		if (all->v[i].range.has_from && all->v[i].range.from.place != KAFKA_STORED)
			return false;
	}
	return c->cc.group && !c->finite;
}

int kafka_start(struct kafka_consumer *c, struct kafka_part **parts, size_t n, struct buf *err)
{
	struct bounds *b;
	int rc;

	if (!n)
		return EXIT_OK;
	b = mem_zalloc(n, sizeof *b);
	rc = ask_all(c, parts, n, b, err);
	for (size_t i = 0; rc == EXIT_OK && i < n; i++) {
		/* Where nothing is committed, librdkafka's policy counts. */
		if (is_plain(c) && b[i].committed < 0)
			continue;
		set_start(c, parts[i], &b[i]);
		set_end(c, parts[i], &b[i]);
	}
	free(b);
	return rc;
}
