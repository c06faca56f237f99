/* kin: topics to lines. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "diag.h"
#include "envelope.h"
#include "kafka.h"
#include "loop.h"
#include "progress.h"

/* Output is written when there is this much, or nothing more to read at once. */
enum { OUT_FULL = 64 * 1024 };

/* What a pipe is asked to hold, so that writer and reader switch less often. */
enum { PIPE_SIZE = 1024 * 1024 };

/* How long partitions that are taken away wait for a blocked output (us). */
enum { FLUSH_LIMIT = 1000 * 1000 };

/* After a first signal (us): for output that is blocked, and for brokers that do not answer. */
enum { STOP_LIMIT = 30 * 1000 * 1000 };

enum { NO_LIMIT = -1 };

struct options {
	struct strlist topics, ranges;
	const char *partitions, *group, *instance, *format, *key_delim, *delim;
	bool to_end, null_text, null_data, envelope, unbuffered, quiet, stats, progress;
	int64_t count, timeout, align; /* durations in us */
	int commit, value_form;
	struct kafka_options kafka;
};

struct kin {
	struct options o;
	struct kafka_partitions partitions;
	struct kafka_ranges ranges;
	struct kafka_format *format;
	struct envelope_writer *envelopes;
	struct buf key_delim, delim;
	struct kafka_consumer *consumer;
	int fd;       /* output */
	size_t chunk; /* bytes that one write may take without blocking, once poll said so */
	struct buf out;
	size_t at;       /* of out, written */
	bool announced;  /* --commit=before: what is in out is committed */
	int write_error; /* errno */
	enum kafka_next last;
	bool ended; /* nothing more is to be read */
	int status;
	int64_t active; /* the last time that anything was read or written */
	int64_t begun;
	struct progress progress;
	uint64_t records, bytes;
	bool warned_newline, warned_null;
};

#define OFF(field) offsetof(struct options, field)

static const char *const commit_modes[] = {"written", "before", "none", NULL};
static const char *const value_forms[] = {"json", "text", "base64", NULL};

static const struct opt what_opts[] = {
	{'t', "topic", OPT_LIST, OFF(topics), "TOPIC", "read this topic, as an operand does", NULL},
	{'p', "partitions", OPT_STRING, OFF(partitions), "LIST", "only these, like 0,2,5-7", NULL},
	{'o', "offset", OPT_LIST, OFF(ranges), "[LIST=]RANGE",
	 "beginning, end, stored, N, -N, +N, N:M, :end, @TIME, @T1:T2", NULL},
	{'e', "exit", OPT_FLAG, OFF(to_end), NULL, "stop at the ends as they are at the start",
	 NULL},
	{'c', "count", OPT_COUNT, OFF(count), "N", "stop after N records", NULL},
	{0, "timeout", OPT_DURATION, OFF(timeout), "D", "stop after D without a record", NULL},
	{0, "align", OPT_DURATION, OFF(align), "D",
	 "wait so long for a partition's next record (default 1s; 0: never)", NULL},
	{0},
};

static const struct opt group_opts[] = {
	{'G', "group", OPT_STRING, OFF(group), "ID", "read as a member of this group", NULL},
	{0, "instance", OPT_STRING, OFF(instance), "ID", "static membership under this name", NULL},
	{0, "commit", OPT_CHOICE, OFF(commit), "written|before|none",
	 "commit offsets after (default) or before the bytes are written", commit_modes},
	{0},
};

static const struct opt format_opts[] = {
	{'f', "format", OPT_STRING, OFF(format), "FORMAT",
	 "print by %s %S %R %k %K %t %p %o %T %h and \\n \\t \\xNN", NULL},
	{'K', "key-delim", OPT_STRING, OFF(key_delim), "DELIM", "print the key and this before it",
	 NULL},
	{'D', "delim", OPT_STRING, OFF(delim), "DELIM", "end records with this, not a newline",
	 NULL},
	{'0', "null", OPT_FLAG, OFF(null_data), NULL, "end records with a NUL byte", NULL},
	{'Z', "null-text", OPT_FLAG, OFF(null_text), NULL, "print a null key or value as NULL",
	 NULL},
	{'J', "envelope", OPT_FLAG, OFF(envelope), NULL, "print whole records, as JSON lines",
	 NULL},
	{0, "value", OPT_CHOICE, OFF(value_form), "json|text|base64", "with -J: the value's form",
	 value_forms},
	{'u', "unbuffered", OPT_FLAG, OFF(unbuffered), NULL, "flush after each record", NULL},
	{'q', "quiet", OPT_FLAG, OFF(quiet), NULL, "no warnings", NULL},
	{0, "stats", OPT_FLAG, OFF(stats), NULL, "at the end, counts as a JSON line on stderr",
	 NULL},
	{0, "progress", OPT_FLAG, OFF(progress), NULL,
	 "show records, rate, what is left, and rebalances", NULL},
	{0},
};

static const struct tool tool = {
	.usage = "[OPTIONS] TOPIC...",
	.summary = "Print the records of Kafka topics, one a line.",
	.notes =
		"A TOPIC that begins with ^ is a regular expression. Without -G reading starts at\n"
		"the beginning, or at -o; with -G where the group has committed, else at -o.",
	.max_operands = -1,
};

/* --- Printing records --- */

static char record_end(const struct kin *k)
{
	return k->o.null_data ? '\0' : '\n';
}

static void put_or_null(struct kin *k, struct slice s)
{
	if (s.ptr)
		buf_add(&k->out, s.ptr, s.len);
	else if (k->o.null_text)
		buf_add_str(&k->out, "NULL");
}

/* What a reader of lines cannot tell apart is worth a word. */
static void warn(struct kin *k, const struct rec *rec)
{
	if (!rec->value.ptr && !k->o.null_text && !k->warned_null) {
		k->warned_null = true;
		diag_warn("%.*s[%d]@%lld: a null value prints as an empty line (-Z or -J shows it)",
			  (int)rec->topic.len, rec->topic.ptr, (int)rec->partition,
			  (long long)rec->offset);
	}
	if (rec->value.ptr && !k->warned_newline && k->delim.len == 1 &&
	    memchr(rec->value.ptr, k->delim.data[0], rec->value.len)) {
		k->warned_newline = true;
		diag_warn("%.*s[%d]@%lld: the value holds a record end (-J keeps records apart)",
			  (int)rec->topic.len, rec->topic.ptr, (int)rec->partition,
			  (long long)rec->offset);
	}
}

static void put_record(struct kin *k, const struct rec *rec)
{
	if (k->envelopes) {
		envelope_put(k->envelopes, &k->out, rec);
		buf_add_char(&k->out, record_end(k));
		return;
	}
	if (k->format) {
		kafka_format_put(k->format, rec, &k->out);
		return;
	}
	if (!k->o.quiet)
		warn(k, rec);
	if (k->o.key_delim) {
		put_or_null(k, rec->key);
		buf_add(&k->out, k->key_delim.data, k->key_delim.len);
	}
	put_or_null(k, rec->value);
	buf_add(&k->out, k->delim.data, k->delim.len);
}

/* --- Output that never blocks --- */

/*
 * Reading must go on while output is blocked, or the group takes our partitions away. The
 * descriptor is shared with other processes, so it must not be made non-blocking; but a pipe can be
 * opened once more for ourselves (Linux), else a small write after poll does not block.
 */
static int open_again(void)
{
#ifdef __linux__
	return open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_CLOEXEC);
#else
	return -1;
#endif
}

static void open_output(struct kin *k)
{
	struct stat st;
	int own;

	k->fd = STDOUT_FILENO;
	k->chunk = PIPE_BUF;
	if (fstat(k->fd, &st) < 0)
		return;
	/* /dev/null and its like take everything at once. */
	if (S_ISREG(st.st_mode) || (S_ISCHR(st.st_mode) && !isatty(k->fd)))
		k->chunk = SIZE_MAX;
	if (!S_ISFIFO(st.st_mode))
		return;
#ifdef F_SETPIPE_SZ
	fcntl(k->fd, F_SETPIPE_SZ, PIPE_SIZE);
#endif
	own = open_again();
	if (own >= 0) {
		k->fd = own;
		k->chunk = SIZE_MAX;
	}
}

static bool is_writable(const struct kin *k)
{
	struct pollfd fd = {k->fd, POLLOUT, 0};

	return loop_wait(&fd, 1, 0) > 0;
}

enum output { OUT_DONE, OUT_BLOCKED, OUT_FAILED };

static enum output write_out(struct kin *k)
{
	while (k->at < k->out.len) {
		size_t len = k->out.len - k->at;
		ssize_t n;

		if (k->chunk != SIZE_MAX && !is_writable(k))
			return OUT_BLOCKED;
		n = write(k->fd, k->out.data + k->at, len < k->chunk ? len : k->chunk);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return OUT_BLOCKED;
		if (n < 0) {
			k->write_error = errno;
			k->ended = true;
			return OUT_FAILED;
		}
		k->at += (size_t)n;
		k->bytes += (size_t)n;
	}
	buf_clear(&k->out);
	k->at = 0;
	k->announced = false;
	if (k->o.commit == KAFKA_COMMIT_WRITTEN)
		kafka_written(k->consumer, loop_now());
	return OUT_DONE;
}

static void fail(struct kin *k, int status, const char *why)
{
	k->ended = true;
	k->status = status;
	if (status < 128)
		diag_warn("%s", why);
}

/* At most once: what is about to be written counts as read, whatever becomes of it. */
static void announce(struct kin *k)
{
	struct buf err = BUF_INIT;
	int status;

	if (k->o.commit != KAFKA_COMMIT_BEFORE || k->announced)
		return;
	kafka_written(k->consumer, loop_now());
	status = kafka_commit(k->consumer, &err);
	if (status) {
		/* They may be read again, so they must not be written now. */
		buf_clear(&k->out);
		k->at = 0;
		fail(k, status, buf_str(&err));
	}
	k->announced = true;
	buf_free(&err);
}

/* Partitions are about to be taken away. */
static void flush_shortly(void *ctx)
{
	struct kin *k = ctx;
	int64_t deadline = loop_now() + FLUSH_LIMIT;
	struct pollfd fd = {k->fd, POLLOUT, 0};

	announce(k);
	while (write_out(k) == OUT_BLOCKED && loop_now() < deadline)
		loop_wait(&fd, 1, deadline);
}

static void say(void *ctx, const char *text)
{
	(void)ctx;
	diag_warn("%s", text);
}

/* --- The run --- */

static void fill(struct kin *k)
{
	int64_t now = loop_now();
	struct rec rec;
	const char *why;
	int status;

	k->last = KAFKA_RECORD;
	while (k->out.len < OUT_FULL && !k->ended) {
		if (k->o.count != NO_LIMIT && k->records >= (uint64_t)k->o.count) {
			k->ended = true;
			return;
		}
		k->last = kafka_next(k->consumer, now, &rec);
		if (k->last != KAFKA_RECORD)
			break;
		put_record(k, &rec);
		k->announced = false;
		k->records++;
		k->active = now;
		if (k->o.unbuffered)
			break;
	}
	if (k->last == KAFKA_DONE)
		k->ended = true;
	if (k->last == KAFKA_FAILED) {
		status = kafka_failure(k->consumer, &why);
		fail(k, status, why);
	}
}

static int64_t sooner(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static void show_progress(struct kin *k)
{
	int64_t now = loop_now(), left;

	if (now < progress_due(&k->progress))
		return;
	left = kafka_left(k->consumer);
	if (k->o.count != NO_LIMIT && (left < 0 || left > k->o.count - (int64_t)k->records))
		left = k->o.count - (int64_t)k->records;
	progress_show(&k->progress, now, k->records, (double)k->records,
		      left < 0 ? 0 : (double)k->records + (double)left);
}

static void wait_for_output(struct kin *k)
{
	struct pollfd fds[] = {{k->fd, POLLOUT, 0}, {kafka_fd(k->consumer), POLLIN, 0}};

	loop_wait(fds, 2, sooner(kafka_deadline(k->consumer), progress_due(&k->progress)));
	kafka_service(k->consumer, loop_now());
	k->active = loop_now();
}

static void wait_for_input(struct kin *k)
{
	struct pollfd fds[] = {{k->fd, 0, 0}, {kafka_fd(k->consumer), POLLIN, 0}};
	int64_t deadline = sooner(kafka_deadline(k->consumer), progress_due(&k->progress));
	int64_t idle = k->o.timeout == NO_LIMIT ? LOOP_FOREVER : k->active + k->o.timeout;

	if (loop_now() >= idle) {
		k->ended = true;
		return;
	}
	/* What waited for output meanwhile may have been woken in our place. */
	if (loop_signal())
		return;
	loop_wait(fds, 2, sooner(idle, deadline));
	if (fds[0].revents & (POLLERR | POLLHUP)) {
		k->write_error = EPIPE;
		k->ended = true;
	}
}

static void run(struct kin *k)
{
	bool endless = !k->o.to_end && !kafka_ranges_end(&k->ranges) && k->o.count == NO_LIMIT;

	k->begun = k->active = loop_now();
	progress_open(&k->progress, k->o.progress, k->o.quiet, endless, k->begun);
	while (!k->write_error) {
		bool more = !k->ended && !loop_signal();

		show_progress(k);
		if (!k->out.len && more)
			fill(k);
		if (k->out.len) {
			announce(k);
			if (write_out(k) == OUT_BLOCKED)
				wait_for_output(k);
		} else if (!more || k->ended) {
			break;
		} else if (k->last == KAFKA_WAIT) {
			wait_for_input(k);
		}
	}
}

static void put_stats(const struct kin *k)
{
	double s = (double)(loop_now() - k->begun) / 1e6;

	fprintf(stderr,
		"{\"tool\":\"%s\",\"out\":%llu,\"bytes\":%llu,\"seconds\":%.3f,"
		"\"records_per_second\":%.0f}\n",
		diag_name(), (unsigned long long)k->records, (unsigned long long)k->bytes, s,
		s > 0 ? (double)k->records / s : 0);
}

/* Leaves the group before it ends the process in whichever way is due. */
static int finish(struct kin *k)
{
	bool reached = k->o.count == NO_LIMIT || k->records >= (uint64_t)k->o.count;
	struct buf err = BUF_INIT;
	int status = kafka_consumer_close(k->consumer, &err);

	if (status && !k->status)
		fail(k, status, buf_str(&err));
	buf_free(&err);
	progress_close(&k->progress);
	if (k->o.stats)
		put_stats(k);
	if (k->write_error == EPIPE)
		loop_broken_pipe();
	if (k->write_error)
		diag_die(EXIT_FAIL, "stdout: write error: %s", strerror(k->write_error));
	if (k->status)
		return k->status;
	if (loop_signal() && !(k->o.count != NO_LIMIT && reached))
		return 128 + loop_signal();
	return reached ? EXIT_OK : EXIT_SHORT;
}

/* --- The command line --- */

static void parse_delim(const char *name, const char *text, struct buf *out)
{
	struct buf err = BUF_INIT;

	if (kafka_unescape(text, out, &err) < 0)
		diag_usage("%s: %s", name, buf_str(&err));
}

static void parse_format(struct kin *k)
{
	struct options *o = &k->o;
	struct buf err = BUF_INIT;

	if (o->envelope && (o->format || o->key_delim || o->delim || o->null_text))
		diag_usage("-J prints whole records: -f, -K, -D and -Z do not go with it");
	if (o->format && (o->key_delim || o->delim || o->null_data))
		diag_usage("-f says how records end: -K, -D and -0 do not go with it");
	if (o->delim && o->null_data)
		diag_usage("-D and -0 both say how records end");
	if (o->value_form && !o->envelope)
		diag_usage("--value is for -J");
	if (o->envelope)
		k->envelopes = envelope_writer_new((enum envelope_form)o->value_form);
	if (o->key_delim)
		parse_delim("-K", o->key_delim, &k->key_delim);
	if (o->delim)
		parse_delim("-D", o->delim, &k->delim);
	else
		buf_add_char(&k->delim, record_end(k));
	if (!o->format)
		return;
	k->format = kafka_format_new(o->format, o->null_text ? "NULL" : "", &err);
	if (!k->format)
		diag_usage("-f: %s", buf_str(&err));
}

static void parse_places(struct kin *k, struct kafka_consumer_conf *cc)
{
	const struct options *o = &k->o;
	struct buf err = BUF_INIT;

	for (size_t i = 0; i < o->ranges.n; i++) {
		if (kafka_ranges_add(&k->ranges, o->ranges.v[i], loop_wall(), &err) < 0)
			diag_usage("%s", buf_str(&err));
	}
	cc->ranges = &k->ranges;
	if (kafka_ranges_begin_at(&k->ranges, KAFKA_STORED) && !o->group)
		diag_usage("-o stored: only a group (-G) stores offsets");
	if (o->instance && !o->group)
		diag_usage("--instance is for a group (-G)");
	if (o->partitions && kafka_partitions_parse(&k->partitions, o->partitions, &err) < 0)
		diag_usage("-p: %s", buf_str(&err));
}

static void open_consumer(struct kin *k, struct operands topics)
{
	struct options *o = &k->o;
	struct buf err = BUF_INIT;
	struct kafka_consumer_conf cc = {
		.topics = &o->topics,
		.partitions = &k->partitions,
		.group = o->group,
		.instance = o->instance,
		.to_end = o->to_end,
		.align = o->align,
		.commit = (enum kafka_commit)o->commit,
		.quiet = o->quiet,
		.flush = flush_shortly,
		.say = o->progress ? say : NULL,
		.ctx = k,
	};
	struct kafka_conf *conf;
	int status;

	for (size_t i = 0; i < topics.n; i++)
		strlist_add(&o->topics, topics.v[i]);
	if (!o->topics.n)
		diag_usage("which topic?");
	for (size_t i = 0; i < o->topics.n; i++) {
		if (!*o->topics.v[i])
			diag_usage("a topic's name is empty");
	}
	parse_format(k);
	parse_places(k, &cc);
	cc.headers = o->envelope || (k->format && kafka_format_has_headers(k->format));
	conf = kafka_conf_load(&o->kafka, &err);
	if (!conf)
		diag_die(EXIT_USAGE, "%s", buf_str(&err));
	status = kafka_consumer_open(&k->consumer, conf, &cc, &err);
	kafka_conf_free(conf);
	if (status > 128)
		loop_exit_signal(status - 128);
	if (status)
		diag_die(status, "%s", buf_str(&err));
	buf_free(&err);
}

static void free_kin(struct kin *k)
{
	strlist_free(&k->o.topics);
	strlist_free(&k->o.ranges);
	strlist_free(&k->o.kafka.set);
	kafka_partitions_free(&k->partitions);
	kafka_ranges_free(&k->ranges);
	kafka_format_free(k->format);
	envelope_writer_free(k->envelopes);
	buf_free(&k->key_delim);
	buf_free(&k->delim);
	buf_free(&k->out);
}

int main(int argc, char **argv)
{
	struct kin k = {.o = {.count = NO_LIMIT, .timeout = NO_LIMIT, .align = 1000 * 1000}};
	const struct optgroup groups[] = {
		{"What to read", what_opts, &k.o},
		{"Groups", group_opts, &k.o},
		{"Output", format_opts, &k.o},
		{"Brokers", kafka_opts, &k.o.kafka},
		{0},
	};
	struct operands topics;
	int status;

	diag_init(argv[0]);
	loop_init();
	loop_limit(STOP_LIMIT);
	opt_parse(&tool, groups, argc, argv, &topics);
	open_output(&k);
	open_consumer(&k, topics);
	run(&k);
	status = finish(&k);
	free_kin(&k);
	return status;
}
