#include "kafka_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "diag.h"
#include "mem.h"

#define OFF(field) offsetof(struct kafka_options, field)

const struct opt kafka_opts[] = {
	{'b', "brokers", OPT_STRING, OFF(brokers), "HOST[:PORT],...", "where the cluster is", NULL},
	{'X', "set", OPT_LIST, OFF(set), "KEY=VALUE", "set a librdkafka property", NULL},
	{'F', "config", OPT_FILE, OFF(config), "FILE", "read properties, one KEY=VALUE a line",
	 NULL},
	{0},
};

struct setting {
	char *name, *value;
	char *where; /* for messages: "-X", "FILE:LINE" */
};

/* In the order of strength, the weakest first. */
struct kafka_conf {
	struct setting *v;
	size_t n, cap;
};

void kafka_conf_free(struct kafka_conf *conf)
{
	if (!conf)
		return;
	for (size_t i = 0; i < conf->n; i++) {
		free(conf->v[i].name);
		free(conf->v[i].value);
		free(conf->v[i].where);
	}
	free(conf->v);
	free(conf);
}

const char *kafka_conf_value(const struct kafka_conf *conf, const char *name)
{
	for (size_t i = conf->n; i-- > 0;) {
		if (strcmp(conf->v[i].name, name) == 0)
			return conf->v[i].value;
	}
	return NULL;
}

/* --- Values --- */

static int read_value(const char *path, struct buf *value, struct buf *err)
{
	char piece[4096];
	FILE *f = fopen(path, "re");
	size_t n;

	if (!f) {
		buf_setf(err, "%s: %s", path, strerror(errno));
		return -1;
	}
	while ((n = fread(piece, 1, sizeof piece, f)) > 0)
		buf_add(value, piece, n);
	if (ferror(f)) {
		buf_setf(err, "%s: %s", path, strerror(errno));
		fclose(f);
		return -1;
	}
	fclose(f);
	if (value->len && value->data[value->len - 1] == '\n')
		value->len--;
	if (value->len && value->data[value->len - 1] == '\r')
		value->len--;
	buf_reserve(value, 0);
	value->data[value->len] = '\0';
	if (memchr(value->data, '\0', value->len)) {
		buf_setf(err, "%s: holds a NUL byte", path);
		return -1;
	}
	return 0;
}

/* @FILE and $NAME stand for what is found there, @@ and $$ for the character itself. */
static int resolve_value(const char *text, struct buf *value, struct buf *err)
{
	const char *found;

	if ((text[0] != '@' && text[0] != '$') || text[1] == text[0]) {
		buf_add_str(value, text + (text[0] == '@' || text[0] == '$'));
		return 0;
	}
	if (text[0] == '@')
		return read_value(text + 1, value, err);
	found = getenv(text + 1);
	if (!found) {
		buf_setf(err, "the environment has no %s", text + 1);
		return -1;
	}
	buf_add_str(value, found);
	return 0;
}

/* Where the settings go: `known` is a scratch object of librdkafka's that tells whether it takes
 * them. */
struct taker {
	struct kafka_conf *conf;
	rd_kafka_conf_t *known;
	const char *where;
};

static void say_unknown(const char *name, struct buf *err)
{
	struct buf like = BUF_INIT;

	buf_setf(err, "unknown property '%s'", name);
	if (kafka_nearest(name, &like))
		buf_addf(err, " (there is '%s')", buf_str(&like));
	buf_free(&like);
}

static int take_setting(void *ctx, const char *name, const char *value, struct buf *err)
{
	struct taker *t = ctx;
	struct kafka_conf *conf = t->conf;
	char reason[512] = "";

	switch (rd_kafka_conf_set(t->known, name, value, reason, sizeof reason)) {
	case RD_KAFKA_CONF_OK:
		conf->v = mem_grow(conf->v, &conf->cap, conf->n + 1, sizeof *conf->v);
		conf->v[conf->n++] =
			(struct setting){mem_strdup(name), mem_strdup(value), mem_strdup(t->where)};
		return 0;
	case RD_KAFKA_CONF_UNKNOWN:
		say_unknown(name, err);
		return -1;
	default:
		buf_setf(err, "%s", reason);
		return -1;
	}
}

static int add_setting(struct kafka_conf *conf, rd_kafka_conf_t *known, const char *where,
		       const char *name, const char *text, struct buf *err)
{
	struct taker taker = {conf, known, where};
	const struct kafka_put put = {take_setting, &taker};
	struct buf value = BUF_INIT, why = BUF_INIT;
	int rc = resolve_value(text, &value, &why);

	if (rc < 0) {
		buf_setf(err, "%s: %s: %s", where, name, buf_str(&why));
	} else {
		rc = kafka_java(name, buf_str(&value), &put, &why);
		if (rc < 0)
			buf_setf(err, "%s: %s", where, buf_str(&why));
	}
	buf_free(&value);
	buf_free(&why);
	return rc;
}

/* --- Files --- */

static char *trim(char *s)
{
	size_t n;

	while (*s == ' ' || *s == '\t')
		s++;
	n = strlen(s);
	while (n && (s[n - 1] == ' ' || s[n - 1] == '\t' || s[n - 1] == '\r' || s[n - 1] == '\n'))
		n--;
	s[n] = '\0';
	return s;
}

static int add_line(struct kafka_conf *conf, rd_kafka_conf_t *known, const char *where, char *line,
		    struct buf *err)
{
	char *name = trim(line), *eq;

	if (!*name || *name == '#' || *name == '!')
		return 0;
	eq = strchr(name, '=');
	if (!eq || eq == name) {
		buf_setf(err, "%s: not KEY=VALUE", where);
		return -1;
	}
	*eq = '\0';
	return add_setting(conf, known, where, trim(name), trim(eq + 1), err);
}

/* Does the line, without its newline, go on in the next one? That takes an odd number of backslashes. */
static bool goes_on(const struct buf *line)
{
	size_t n = line->len;

	while (n && line->data[n - 1] == '\\')
		n--;
	return (line->len - n) % 2;
}

/* Joins the lines that are one, as Java does; a comment is never joined. False at the end of the file. */
static bool read_line(FILE *f, struct buf *out, char **line, size_t *cap, unsigned *count)
{
	bool more = true;

	buf_clear(out);
	for (bool first = true; more; first = false) {
		ssize_t len = getline(line, cap, f);
		const char *p = *line;
		if (len < 0)
			return !first;
		++*count;
		while (len && (p[len - 1] == '\n' || p[len - 1] == '\r'))
			len--;
		for (; !first && len && (*p == ' ' || *p == '\t'); len--)
			p++;
		buf_add(out, p, (size_t)len);
		p = out->data + strspn(buf_str(out), " \t");
		more = goes_on(out) && *p != '#' && *p != '!';
		if (more)
			out->len--;
	}
	return true;
}

static int read_lines(struct kafka_conf *conf, rd_kafka_conf_t *known, const char *path, FILE *f,
		      struct buf *err)
{
	struct buf where = BUF_INIT, whole = BUF_INIT;
	char *line = NULL;
	size_t cap = 0;
	unsigned n = 0;
	int rc = 0;

	for (unsigned first = 1; rc == 0 && read_line(f, &whole, &line, &cap, &n); first = n + 1) {
		buf_setf(&where, "%s:%u", path, first);
		if (whole.len && memchr(whole.data, '\0', whole.len)) {
			buf_setf(err, "%s: a NUL byte", buf_str(&where));
			rc = -1;
		} else {
			/* buf_str puts a NUL behind it */
			rc = add_line(conf, known, buf_str(&where), (char *)buf_str(&whole), err);
		}
	}
	if (rc == 0 && ferror(f)) {
		buf_setf(err, "%s: %s", path, strerror(errno));
		rc = -1;
	}
	free(line);
	buf_free(&where);
	buf_free(&whole);
	return rc;
}

/* 1 when the file was read, 0 when there is none and it need not be, -1 on an error. */
static int add_file(struct kafka_conf *conf, rd_kafka_conf_t *known, const char *path,
		    bool required, struct buf *err)
{
	FILE *f = fopen(path, "re");
	int rc;

	if (!f) {
		if (!required && (errno == ENOENT || errno == ENOTDIR))
			return 0;
		buf_setf(err, "%s: %s", path, strerror(errno));
		return -1;
	}
	rc = read_lines(conf, known, path, f, err);
	fclose(f);
	return rc < 0 ? -1 : 1;
}

static int add_home_file(struct kafka_conf *conf, rd_kafka_conf_t *known, struct buf *err)
{
	static const char *const names[] = {"kpipe.conf", "kcat.conf"};
	const char *home = getenv("HOME");
	struct buf path = BUF_INIT;
	int rc = 0;

	for (size_t i = 0; home && *home && rc == 0 && i < 2; i++) {
		buf_setf(&path, "%s/.config/%s", home, names[i]);
		rc = add_file(conf, known, buf_str(&path), false, err);
	}
	buf_free(&path);
	return rc;
}

static int add_files(struct kafka_conf *conf, rd_kafka_conf_t *known,
		     const struct kafka_options *options, struct buf *err)
{
	const char *file = options->config ? options->config : getenv("KPIPE_CONFIG");

	if (add_file(conf, known, "/etc/kpipe.conf", false, err) < 0 ||
	    add_home_file(conf, known, err) < 0)
		return -1;
	return file && *file ? add_file(conf, known, file, true, err) : 0;
}

/* --- Everything --- */

static int add_option(struct kafka_conf *conf, rd_kafka_conf_t *known, const char *text,
		      struct buf *err)
{
	const char *eq = strchr(text, '=');
	char *name;
	int rc;

	if (!eq || eq == text) {
		buf_setf(err, "-X: '%s' is not KEY=VALUE", text);
		return -1;
	}
	name = mem_dup(text, (size_t)(eq - text));
	rc = add_setting(conf, known, "-X", name, eq + 1, err);
	free(name);
	return rc;
}

static int add_all(struct kafka_conf *conf, rd_kafka_conf_t *known,
		   const struct kafka_options *options, struct buf *err)
{
	const char *brokers = getenv("KPIPE_BROKERS");

	if (add_files(conf, known, options, err) < 0)
		return -1;
	if (brokers && *brokers &&
	    add_setting(conf, known, "KPIPE_BROKERS", "bootstrap.servers", brokers, err) < 0)
		return -1;
	for (size_t i = 0; i < options->set.n; i++) {
		if (add_option(conf, known, options->set.v[i], err) < 0)
			return -1;
	}
	if (options->brokers &&
	    add_setting(conf, known, "-b", "bootstrap.servers", options->brokers, err) < 0)
		return -1;
	return 0;
}

struct kafka_conf *kafka_conf_load(const struct kafka_options *options, struct buf *err)
{
	struct kafka_conf *conf = mem_zalloc(1, sizeof *conf);
	rd_kafka_conf_t *known = rd_kafka_conf_new();
	size_t size = 0;
	int rc = add_all(conf, known, options, err);

	/* bootstrap.servers has an alias, so librdkafka is asked, not our list. */
	if (rc == 0 &&
	    (rd_kafka_conf_get(known, "bootstrap.servers", NULL, &size) != RD_KAFKA_CONF_OK ||
	     size <= 1)) {
		buf_setf(err, "no broker configured: give -b HOST:PORT, or set KPIPE_BROKERS");
		rc = -1;
	}
	rd_kafka_conf_destroy(known);
	if (rc == 0)
		return conf;
	kafka_conf_free(conf);
	return NULL;
}

/* --- Handles --- */

/* librdkafka's own words, without what differs each time. */
static void keep_reason(struct kafka_health *h, const char *reason)
{
	const char *tail = strstr(reason, " (after ");

	buf_clear(&h->reason);
	buf_add(&h->reason, reason, tail ? (size_t)(tail - reason) : strlen(reason));
}

static void on_error(rd_kafka_t *rk, int code, const char *reason, void *opaque)
{
	struct kafka_health *h = opaque;
	char fatal[512];

	switch (code) {
	case RD_KAFKA_RESP_ERR__FATAL:
		rd_kafka_fatal_error(rk, fatal, sizeof fatal);
		buf_setf(&h->fatal, "%s", fatal);
		return;
	case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
		/* Said once in an outage; kafka_next and the delivery reports end it. */
		if (h->ready && !h->down && !h->quiet)
			diag_warn("no broker can be reached, trying on%s%s",
				  h->reason.len ? ": " : "", buf_str(&h->reason));
		h->down = h->ready;
		return;
	case RD_KAFKA_RESP_ERR__AUTHENTICATION:
	case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
	case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
		h->denied = true;
		break;
	default:
		break;
	}
	keep_reason(h, reason);
}

/*
 * Called on librdkafka's threads. What on_error is told, and properties that are meant for the other
 * kind of client, are left out; of the rest only errors matter, unless someone is debugging.
 */
static void on_log(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
	static const char *const told[] = {"FAIL", "ERROR", "FATAL", "CONFWARN"};
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static char last[256];
	enum { LEVEL_ERROR = 3, LEVEL_DEBUG = 7 };

	(void)rk;
	if (level == LEVEL_DEBUG) {
		diag_warn("%s: %s", facility, text);
		return;
	}
	if (level > LEVEL_ERROR)
		return;
	for (size_t i = 0; i < sizeof told / sizeof told[0]; i++) {
		if (strcmp(facility, told[i]) == 0)
			return;
	}
	pthread_mutex_lock(&lock);
	if (strncmp(last, text, sizeof last - 1) != 0) {
		snprintf(last, sizeof last, "%s", text);
		diag_warn("%s", text);
	}
	pthread_mutex_unlock(&lock);
}

void kafka_conf_listen(rd_kafka_conf_t *rkconf, struct kafka_health *h)
{
	rd_kafka_conf_set_opaque(rkconf, h);
	rd_kafka_conf_set_error_cb(rkconf, on_error);
	rd_kafka_conf_set_log_cb(rkconf, on_log);
}

void kafka_health_free(struct kafka_health *h)
{
	buf_free(&h->reason);
	buf_free(&h->fatal);
}

/* A property of ours that this librdkafka does not know is left out. */
static int apply(rd_kafka_conf_t *rkconf, const struct kafka_setting *settings, struct buf *err)
{
	char reason[512];

	for (; settings && settings->name; settings++) {
		if (settings->value &&
		    rd_kafka_conf_set(rkconf, settings->name, settings->value, reason,
				      sizeof reason) == RD_KAFKA_CONF_INVALID) {
			buf_setf(err, "%s", reason);
			return -1;
		}
	}
	return 0;
}

rd_kafka_conf_t *kafka_conf_build(const struct kafka_conf *conf,
				  const struct kafka_setting *defaults,
				  const struct kafka_setting *forced, struct kafka_health *h,
				  struct buf *err)
{
	rd_kafka_conf_t *rkconf = rd_kafka_conf_new();
	int rc = apply(rkconf, defaults, err);

	for (size_t i = 0; rc == 0 && i < conf->n; i++) {
		struct kafka_setting one[] = {{conf->v[i].name, conf->v[i].value}, {NULL, NULL}};
		rc = apply(rkconf, one, err);
	}
	if (rc == 0)
		rc = apply(rkconf, forced, err);
	if (rc < 0) {
		rd_kafka_conf_destroy(rkconf);
		return NULL;
	}
	kafka_conf_listen(rkconf, h);
	return rkconf;
}

int64_t kafka_conf_number(const rd_kafka_conf_t *rkconf, const char *name, int64_t otherwise)
{
	char text[64];
	size_t size = sizeof text;

	if (rd_kafka_conf_get(rkconf, name, text, &size) != RD_KAFKA_CONF_OK)
		return otherwise;
	return strtoll(text, NULL, 10);
}

rd_kafka_t *kafka_handle(rd_kafka_type_t type, rd_kafka_conf_t *rkconf, struct buf *err)
{
	char reason[512];
	rd_kafka_t *rk = rd_kafka_new(type, rkconf, reason, sizeof reason);

	if (!rk) {
		rd_kafka_conf_destroy(rkconf);
		buf_setf(err, "%s", reason);
	}
	return rk;
}

/* --- The pipe that wakes the caller --- */

void kafka_pipe(int fds[2])
{
	if (pipe(fds) < 0)
		diag_die(EXIT_FAIL, "cannot make a pipe: %s", strerror(errno));
	for (int i = 0; i < 2; i++) {
		fcntl(fds[i], F_SETFL, O_NONBLOCK);
		fcntl(fds[i], F_SETFD, FD_CLOEXEC);
	}
}

void kafka_pipe_drain(int fd)
{
	char drop[64];

	while (read(fd, drop, sizeof drop) == (ssize_t)sizeof drop)
		;
}

void kafka_pipe_watch(rd_kafka_queue_t *q, int fd)
{
	rd_kafka_queue_io_event_enable(q, fd, "", 1);
}
