/* kout: lines to a topic. */
#include <stdlib.h>

#include "diag.h"
#include "envelope.h"
#include "expr.h"
#include "filter.h"
#include "held.h"
#include "kafka.h"
#include "loop.h"
#include "mem.h"

/* Input that pauses for so long (us) is taken to wait for what it sent. */
enum { PAUSE = 2000 };

/* With --rate, a source that was late is not made up for beyond this (us). */
enum { MAKE_UP = 100 * 1000 };

/* With --rate, bytes of input taken on at once: they are through before anything else happens. */
enum { PACED_BLOCK = 4096 };

/* A record's place in the input. */
enum { SOURCE_SHIFT = 48 };

#define NO_PARTITION (-1)

struct options {
	const char *topic, *key_delim, *delim, *key, *key_by, *value_by, *topic_by, *codec;
	int value_form;
	bool envelope, null_key, empty_is_null, keep_partition, tee, whole;
	int64_t partition, rate;
	struct strlist headers;
	struct kafka_options kafka;
	struct filter_conf filter;
};

/* The expressions in use, in the order of their values. */
enum expr_use { KEY_BY, VALUE_BY, TOPIC_BY, DELETED, EXPR_USES };

struct kout {
	struct options o;
	struct operands files;
	struct kafka_producer *producer;
	int (*make)(struct kout *k, struct slice line, struct rec *rec, struct buf *err);
	struct buf key_delim, err;
	struct delim_framer framer;               /* of -D; without: text is empty */
	struct rec_header *headers, *all_headers; /* of -H; with those of an envelope before them */
	size_t nheaders, all_cap;
	struct envelope *env;
	struct exprset *set;
	struct expreval *ev;
	struct val values[EXPR_USES];
	int place[EXPR_USES]; /* in values, -1: not in use */
	struct buf text[EXPR_USES];
	uint64_t native;  /* records of the block that needed no libjq */
	int64_t push_due; /* 0: none */
	int64_t rate_start;
	uint64_t rate_count;
	struct buf why;   /* the first record that was not delivered */
	uint64_t lost;    /* how many of those sent were not, at the end */
	uint64_t bad;     /* how many of these the brokers found bad, unless that is a failure */
	struct held held; /* for --bad FILE */
};

#define OFF(field) offsetof(struct options, field)

enum value_form { VALUE_JSON, VALUE_TEXT };
static const char *const value_forms[] = {"json", "text", NULL};

static const struct opt record_opts[] = {
	{'t', "topic", OPT_STRING, OFF(topic), "TOPIC", "the topic; then every operand is a file",
	 NULL},
	{'K', "key-delim", OPT_STRING, OFF(key_delim), "DELIM",
	 "lines are a key, this, and a value", NULL},
	{'D', "delim", OPT_STRING, OFF(delim), "DELIM", "records end in this, not a newline", NULL},
	{'k', "key", OPT_STRING, OFF(key), "KEY", "the key of every record", NULL},
	{0, "key-by", OPT_STRING, OFF(key_by), "EXPR", "the key is this of the JSON record", NULL},
	{0, "value-by", OPT_STRING, OFF(value_by), "EXPR", "the value is this of it", NULL},
	{0, "topic-by", OPT_STRING, OFF(topic_by), "EXPR", "the topic is this of it", NULL},
	{0, "null-key", OPT_FLAG, OFF(null_key), NULL, "--key-by may give null", NULL},
	{'J', "envelope", OPT_FLAG, OFF(envelope), NULL, "records as kin -J prints them", NULL},
	{0, "value", OPT_CHOICE, OFF(value_form), "json|text",
	 "with -J: a string in .value is JSON (default), or the text itself", value_forms},
	{0, "keep-partition", OPT_FLAG, OFF(keep_partition), NULL, "with -J: into .partition",
	 NULL},
	{'H', "header", OPT_LIST, OFF(headers), "NAME=VALUE", "add this header to every record",
	 NULL},
	{'p', "partition", OPT_COUNT, OFF(partition), "N", "into this partition", NULL},
	{'Z', "empty-is-null", OPT_FLAG, OFF(empty_is_null), NULL,
	 "an empty key or value is a null", NULL},
	{0, "whole", OPT_FLAG, OFF(whole), NULL, "each input is one record", NULL},
	{0},
};

static const struct opt sending_opts[] = {
	{'z', "compress", OPT_STRING, OFF(codec), "CODEC", "gzip, snappy, lz4, zstd or none", NULL},
	{0, "rate", OPT_COUNT, OFF(rate), "N", "at most N records a second, evenly", NULL},
	{0, "tee", OPT_FLAG, OFF(tee), NULL, "print the records, too", NULL},
	{0},
};

static const struct tool tool = {
	.usage = "[OPTIONS] TOPIC [FILE...]",
	.summary = "Write lines to a Kafka topic, one record each.",
	.notes = "Exit status 0 means that the brokers acknowledged every record.",
	.max_operands = -1,
};

/* --- Records out of lines --- */

static int make_plain(struct kout *k, struct slice line, struct rec *rec, struct buf *err)
{
	(void)err;
	if (k->o.key)
		rec->key = slice_str(k->o.key);
	rec->value = line;
	return 0;
}

static int make_split(struct kout *k, struct slice line, struct rec *rec, struct buf *err)
{
	const char *at = memmem(line.ptr, line.len, k->key_delim.data, k->key_delim.len), *end;

	if (!at) {
		buf_setf(err, "no key: the %s has no '%s'", k->o.delim ? "record" : "line",
			 k->o.key_delim);
		return -1;
	}
	end = at + k->key_delim.len;
	rec->key = slice_of(line.ptr, (size_t)(at - line.ptr));
	rec->value = slice_of(end, line.len - (size_t)(end - line.ptr));
	return 0;
}

static int make_envelope(struct kout *k, struct slice line, struct rec *rec, struct buf *err)
{
	if (envelope_parse(k->env, line, rec, err) < 0)
		return -1;
	if (!k->o.keep_partition)
		rec->partition = REC_NO_PARTITION;
	if (!k->o.topic && !rec->topic.ptr) {
		buf_setf(err, "the envelope has no topic, and none is given");
		return -1;
	}
	return 0;
}

/* The bytes of a value; null has none. */
static struct slice value_bytes(struct kout *k, enum expr_use use)
{
	const struct val *v = &k->values[k->place[use]];

	if (v->type == VAL_NULL)
		return slice_of(NULL, 0);
	if (v->type == VAL_STR)
		return slice_of(v->str.ptr ? v->str.ptr : "", v->str.len);
	buf_clear(&k->text[use]);
	val_put_text(&k->text[use], v);
	return buf_slice(&k->text[use]);
}

static int find_topic(struct kout *k, struct rec *rec, struct buf *err)
{
	const struct val *v = &k->values[k->place[TOPIC_BY]];

	if (v->type != VAL_STR || !v->str.len) {
		buf_setf(err, "--topic-by gives no name");
		return -1;
	}
	rec->topic = v->str;
	return 0;
}

static int make_by_expr(struct kout *k, struct slice line, struct rec *rec, struct buf *err)
{
	if (expreval_json(k->ev, line, k->values, err) < 0)
		return -1;
	k->native += expreval_native(k->ev);
	rec->value = line;
	if (k->o.key)
		rec->key = slice_str(k->o.key);
	if (k->o.key_by)
		rec->key = value_bytes(k, KEY_BY);
	if (k->o.key_by && !rec->key.ptr && !k->o.null_key) {
		buf_setf(err, "--key-by gives null (--null-key allows that)");
		return -1;
	}
	if (k->o.value_by)
		rec->value = value_bytes(k, VALUE_BY);
	if (k->values[k->place[DELETED]].type == VAL_TRUE)
		rec->value = slice_of(NULL, 0);
	return k->o.topic_by ? find_topic(k, rec, err) : 0;
}

static void add_headers(struct kout *k, struct rec *rec)
{
	size_t n = rec->nheaders + k->nheaders;

	if (!k->nheaders)
		return;
	if (!rec->nheaders) {
		rec->headers = k->headers;
		rec->nheaders = k->nheaders;
		return;
	}
	k->all_headers = mem_grow(k->all_headers, &k->all_cap, n, sizeof *k->all_headers);
	memcpy(k->all_headers, rec->headers, rec->nheaders * sizeof *rec->headers);
	memcpy(k->all_headers + rec->nheaders, k->headers, k->nheaders * sizeof *k->headers);
	rec->headers = k->all_headers;
	rec->nheaders = n;
}

static int send_line(struct kout *k, struct slice line, uint64_t tag, struct buf *err)
{
	struct rec rec = {.partition = REC_NO_PARTITION,
			  .offset = REC_NO_OFFSET,
			  .timestamp = REC_NO_TIMESTAMP};

	if (k->make(k, line, &rec, err) < 0)
		return -1;
	if (k->o.empty_is_null && !rec.key.len)
		rec.key.ptr = NULL;
	if (k->o.empty_is_null && !rec.value.len)
		rec.value.ptr = NULL;
	if (k->o.partition != NO_PARTITION)
		rec.partition = (int32_t)k->o.partition;
	add_headers(k, &rec);
	return kafka_produce(k->producer, &rec, tag, err);
}

/* --- Delivery --- */

/* What comes back when it is known what became of a record. */
static uint64_t tag_of(struct kout *k, const struct block *blk, const struct result *res,
		       struct slice rec)
{
	uint64_t line = blk->line + res->lines - 1;

	return held_add(&k->held, (uint64_t)blk->source << SOURCE_SHIFT | line, rec);
}

static const char *source_name(const struct kout *k, uint64_t place)
{
	uint64_t source = place >> SOURCE_SHIFT;

	if (!k->files.n || strcmp(k->files.v[source], "-") == 0)
		return "stdin";
	return k->files.v[source];
}

static unsigned long long line_of(uint64_t place)
{
	return place & ((UINT64_C(1) << SOURCE_SHIFT) - 1);
}

static void delivered(void *ctx, uint64_t tag)
{
	struct kout *k = ctx;

	held_drop(&k->held, tag);
}

static void not_delivered(void *ctx, uint64_t tag, bool bad, const char *why)
{
	struct kout *k = ctx;
	uint64_t place = held_place(&k->held, tag);

	if (bad && !filter_ends_at_bad(&k->o.filter)) {
		k->bad++;
		held_refuse(&k->held, tag, why);
		return;
	}
	held_drop(&k->held, tag);
	if (k->why.len)
		return;
	buf_setf(&k->why, "%s", why);
	diag_warn("%s:%llu: not delivered: %s", source_name(k, place), line_of(place), why);
}

static bool belated(void *ctx, struct belated *b)
{
	struct kout *k = ctx;
	struct held_line *l = held_next(&k->held);

	if (!l)
		return false;
	*b = (struct belated){.source = source_name(k, l->place),
			      .line = line_of(l->place),
			      .record = buf_slice(&l->bytes),
			      .reason = buf_str(&l->reason)};
	return true;
}

/* All that is queued is delivered, or told of. */
static int deliver(struct kout *k, int64_t limit)
{
	k->lost = kafka_producer_flush(k->producer, limit);
	if (k->lost == k->bad)
		return EXIT_OK;
	diag_warn("%llu of %llu records not delivered: %s", (unsigned long long)(k->lost - k->bad),
		  (unsigned long long)kafka_producer_sent(k->producer), buf_str(&k->why));
	return EXIT_FAIL;
}

static void die_if_fatal(struct kout *k)
{
	const char *why = kafka_producer_fatal(k->producer);

	if (!why)
		return;
	deliver(k, 0);
	diag_die(EXIT_FAIL, "%s", why);
}

/* --- The filter --- */

/* Waits until the next record is due. After a signal what is left goes out at once. */
static void pace(struct kout *k)
{
	struct pollfd fd = {kafka_producer_fd(k->producer), POLLIN, 0};
	int64_t now = loop_now(), due;

	due = k->rate_start + (int64_t)((double)k->rate_count * 1e6 / (double)k->o.rate);
	if (!k->rate_count || now - due > MAKE_UP) {
		k->rate_start = now;
		k->rate_count = 1;
		return;
	}
	k->rate_count++;
	if (due <= now)
		return;
	kafka_producer_push(k->producer);
	while (loop_now() < due && !loop_signal()) {
		loop_wait(&fd, 1, due);
		kafka_producer_serve(k->producer);
	}
}

static bool next_record(struct kout *k, const struct block *blk, struct result *res,
			struct slice *rec)
{
	if (!k->o.whole)
		return result_next(res, blk, rec);
	if (res->in)
		return false;
	/* The block is the input, and the end that its framer put behind it. */
	*rec = slice_of(blk->buf.data ? blk->buf.data : "", blk->buf.len ? blk->buf.len - 1 : 0);
	res->in = res->lines = 1;
	return true;
}

/* As it was read, with an end even if the last one had none. */
static void print(const struct kout *k, struct slice rec, struct buf *out)
{
	buf_add(out, rec.ptr, rec.len);
	if (k->o.delim)
		buf_add(out, k->framer.text.data, k->framer.text.len);
	else if (!k->o.whole)
		buf_add_char(out, filter_record_end(&k->o.filter));
}

static void apply(void *ctx, const struct block *blk, struct result *res)
{
	struct kout *k = ctx;
	struct slice rec;
	uint64_t tag;

	k->native = 0;
	while (next_record(k, blk, res, &rec)) {
		if (k->o.rate)
			pace(k);
		tag = tag_of(k, blk, res, rec);
		if (send_line(k, rec, tag, &k->err) < 0) {
			held_drop(&k->held, tag);
			die_if_fatal(k);
			if (!result_bad_line(res, blk, rec, buf_str(&k->err)))
				break;
			continue;
		}
		if (k->o.tee)
			print(k, rec, &res->out);
	}
	res->native = k->native;
	k->push_due = 0;
	/* A reader that has gone ends the process, so what is printed must be delivered by then. */
	if (k->o.tee)
		kafka_producer_flush(k->producer, LOOP_FOREVER);
	kafka_producer_serve(k->producer);
	die_if_fatal(k);
}

/* Before the input is waited for: records do not wait with it for a full batch. */
static int64_t tick(void *ctx, int64_t now, int64_t waited, struct buf *out)
{
	struct kout *k = ctx;

	(void)waited;
	(void)out;
	if (!kafka_producer_pending(k->producer))
		return LOOP_FOREVER;
	if (!k->push_due)
		k->push_due = now + PAUSE;
	if (now < k->push_due)
		return k->push_due;
	kafka_producer_push(k->producer);
	k->push_due = 0;
	return LOOP_FOREVER;
}

static void on_fd(void *ctx)
{
	struct kout *k = ctx;

	kafka_producer_serve(k->producer);
	die_if_fatal(k);
}

static int finish(void *ctx, enum filter_end end, struct buf *out)
{
	struct kout *k = ctx;

	(void)end;
	(void)out;
	return deliver(k, k->o.filter.drain);
}

static uint64_t lost(void *ctx)
{
	return ((struct kout *)ctx)->lost;
}

static size_t feed_whole(void *state, const char *p, size_t len)
{
	(void)state;
	(void)p;
	(void)len;
	return 0;
}

static const struct framer framer_whole = {.feed = feed_whole, .end_is_data = true};

/* --- The command line --- */

static void check_options(const struct options *o)
{
	bool by_expr = o->key_by || o->value_by || o->topic_by;

	if (o->envelope && (by_expr || o->key_delim || o->key))
		diag_usage("-J records name their own key and value: -K, -k, --key-by, --value-by "
			   "and --topic-by do not go with it");
	if (o->key_delim && (by_expr || o->key))
		diag_usage("-K does not go with -k, --key-by, --value-by or --topic-by");
	if (o->key && o->key_by)
		diag_usage("-k and --key-by both say what the key is");
	if (o->keep_partition && (!o->envelope || o->partition != NO_PARTITION))
		diag_usage("--keep-partition is for -J, without -p");
	if (o->value_form && !o->envelope)
		diag_usage("--value is for -J");
	if (o->whole && o->filter.null_data)
		diag_usage("--whole and -0 both say where records end");
	if (o->delim && (o->filter.null_data || o->whole))
		diag_usage("-D, -0 and --whole all say where records end: only one of them");
	if (o->partition > INT32_MAX)
		diag_usage("-p: no such partition");
	if (o->topic && o->topic_by)
		diag_usage("--topic-by does not go with a TOPIC");
}

/* The topic is the first operand, unless -t or the records name it. */
static void take_topic(struct kout *k)
{
	struct options *o = &k->o;

	if (!o->topic && !o->topic_by && k->files.n) {
		o->topic = k->files.v[0];
		k->files.v++;
		k->files.n--;
	}
	if (!o->topic && !o->topic_by && !o->envelope)
		diag_usage("which topic?");
	if (o->topic && !*o->topic)
		diag_usage("the topic's name is empty");
}

static void parse_headers(struct kout *k)
{
	const struct strlist *l = &k->o.headers;

	k->headers = mem_zalloc(l->n, sizeof *k->headers);
	for (size_t i = 0; i < l->n; i++) {
		const char *eq = strchr(l->v[i], '=');
		if (!eq || eq == l->v[i])
			diag_usage("-H: '%s' is not NAME=VALUE", l->v[i]);
		k->headers[k->nheaders++] = (struct rec_header){
			slice_of(l->v[i], (size_t)(eq - l->v[i])), slice_str(eq + 1)};
	}
}

static void compile(struct kout *k)
{
	const char *texts[EXPR_USES] = {k->o.key_by, k->o.value_by, k->o.topic_by, ".\"$delete\"?"};
	struct expr_source sources[EXPR_USES];
	struct expr_conf conf = {0};
	struct buf err = BUF_INIT;
	int n = 0;

	for (int use = 0; use < EXPR_USES; use++) {
		k->place[use] = texts[use] ? n : -1;
		if (texts[use])
			sources[n++] = (struct expr_source){.text = texts[use], .kind = EXPR_VALUE};
	}
	k->set = exprset_new(sources, (size_t)n, &conf, &err);
	if (!k->set)
		diag_die(EXIT_USAGE, "%s", buf_str(&err));
	k->ev = expreval_new(k->set);
}

static void parse_delim(const char *name, const char *text, struct buf *delim)
{
	struct buf err = BUF_INIT;

	if (kafka_unescape(text, delim, &err) < 0)
		diag_usage("%s: %s", name, buf_str(&err));
	if (!delim->len)
		diag_usage("%s: an empty delimiter", name);
}

static const struct framer *choose_framer(struct kout *k)
{
	struct buf delim = BUF_INIT;

	if (k->o.whole)
		return &framer_whole;
	if (!k->o.delim)
		return NULL;
	parse_delim("-D", k->o.delim, &delim);
	delim_framer_init(&k->framer, buf_slice(&delim));
	buf_free(&delim);
	return &k->framer.framer;
}

static void choose_form(struct kout *k)
{
	k->make = make_plain;
	if (k->o.key_delim) {
		k->make = make_split;
		parse_delim("-K", k->o.key_delim, &k->key_delim);
	} else if (k->o.envelope) {
		k->make = make_envelope;
		k->env = envelope_new();
		if (k->o.value_form == VALUE_TEXT)
			envelope_text_values(k->env);
	} else if (k->o.key_by || k->o.value_by || k->o.topic_by) {
		k->make = make_by_expr;
		compile(k);
	}
}

static void open_producer(struct kout *k)
{
	struct kafka_producer_conf pc = {
		.topic = k->o.topic,
		.codec = k->o.codec,
		.drain = k->o.filter.drain,
		.quiet = k->o.filter.quiet,
		.failed = not_delivered,
		.arrived = k->held.keeps ? delivered : NULL,
		.ctx = k,
	};
	struct buf err = BUF_INIT;
	struct kafka_conf *conf = kafka_conf_load(&k->o.kafka, &err);
	int status;

	if (!conf)
		diag_die(EXIT_USAGE, "%s", buf_str(&err));
	status = kafka_producer_open(&k->producer, conf, &pc, &err);
	kafka_conf_free(conf);
	if (status > 128)
		loop_exit_signal(status - 128);
	if (status)
		diag_die(status, "%s", buf_str(&err));
}

static void free_kout(struct kout *k)
{
	kafka_producer_close(k->producer);
	envelope_free(k->env);
	if (k->ev)
		expreval_free(k->ev);
	exprset_free(k->set);
	for (int use = 0; use < EXPR_USES; use++)
		buf_free(&k->text[use]);
	buf_free(&k->key_delim);
	delim_framer_free(&k->framer);
	buf_free(&k->err);
	buf_free(&k->why);
	held_free(&k->held);
	free(k->headers);
	free(k->all_headers);
	strlist_free(&k->o.headers);
	strlist_free(&k->o.kafka.set);
}

int main(int argc, char **argv)
{
	struct kout k = {.o = {.partition = NO_PARTITION, .filter = FILTER_CONF_INIT}};
	const struct optgroup groups[] = {
		{"Records", record_opts, &k.o},
		{"Sending", sending_opts, &k.o},
		{"Brokers", kafka_opts, &k.o.kafka},
		{"Input and output", filter_opts, &k.o.filter},
		{0},
	};
	struct filter_tool f = FILTER_TOOL_INIT;
	int status;

	diag_init(argv[0]);
	loop_init();
	opt_parse(&tool, groups, argc, argv, &k.files);
	check_options(&k.o);
	take_topic(&k);
	parse_headers(&k);
	choose_form(&k);
	f.framer = choose_framer(&k);
	k.held.keeps = filter_collects_bad(&k.o.filter);
	open_producer(&k);
	f.apply = apply;
	f.tick = tick;
	f.finish = finish;
	f.lost = lost;
	f.belated = belated;
	f.fd = kafka_producer_fd(k.producer);
	f.on_fd = on_fd;
	f.no_stdout = !k.o.tee;
	/* What is read must also arrive within the time. */
	f.finish_time = k.o.filter.drain / 2;
	f.block_size = k.o.rate ? PACED_BLOCK : 0;
	f.raw = k.make == make_plain || k.make == make_split;
	status = filter_run(&f, &k, &k.o.filter, k.files);
	free_kout(&k);
	return status;
}
