/* Properties as Kafka's Java clients name them, and the name that an unknown one may stand for. */
#include "kafka_priv.h"

#include <stdio.h>
#include <stdlib.h>

#include "mem.h"
#include "nearest.h"
#include "num.h"

/* What one property of Java's means here: calls put for each. 0, or -1 with the reason in err. */
typedef int translate_fn(const char *to, const char *value, const struct kafka_put *put,
			 struct buf *err);

static int give(const struct kafka_put *put, const char *name, const char *value, struct buf *err)
{
	return put->fn(put->ctx, name, value, err);
}

/* --- Values --- */

static int rename_it(const char *to, const char *value, const struct kafka_put *put,
		     struct buf *err)
{
	return give(put, to, value, err);
}

static int ignore_it(const char *to, const char *value, const struct kafka_put *put,
		     struct buf *err)
{
	(void)to;
	(void)value;
	(void)put;
	(void)err;
	return 0;
}

static int bytes_to_kib(const char *to, const char *value, const struct kafka_put *put,
			struct buf *err)
{
	char text[24];
	int64_t n;

	if (!num_int64(value, &n) || n < 0) {
		buf_setf(err, "'%s' is not a number of bytes", value);
		return -1;
	}
	snprintf(text, sizeof text, "%lld", (long long)(n < 1024 ? 1 : n / 1024));
	return give(put, to, text, err);
}

/* -1 leaves it to the system. */
static int buffer_size(const char *to, const char *value, const struct kafka_put *put,
		       struct buf *err)
{
	return give(put, to, strcmp(value, "-1") == 0 ? "0" : value, err);
}

struct word {
	const char *java, *ours;
};

static const char *translate_word(const struct word *words, const char *text)
{
	for (; words->java; words++) {
		if (strcmp(words->java, text) == 0)
			return words->ours;
	}
	return text;
}

static int identification(const char *to, const char *value, const struct kafka_put *put,
			  struct buf *err)
{
	static const struct word words[] = {{"", "none"}, {"HTTPS", "https"}, {NULL, NULL}};

	return give(put, to, translate_word(words, value), err);
}

static int reset_policy(const char *to, const char *value, const struct kafka_put *put,
			struct buf *err)
{
	static const struct word words[] = {{"none", "error"}, {NULL, NULL}};

	return give(put, to, translate_word(words, value), err);
}

/* A list of classes; of a class only the last part of its name counts. */
static int assignors(const char *to, const char *value, const struct kafka_put *put,
		     struct buf *err)
{
	static const struct word words[] = {{"RangeAssignor", "range"},
					    {"RoundRobinAssignor", "roundrobin"},
					    {"CooperativeStickyAssignor", "cooperative-sticky"},
					    {NULL, NULL}};
	char *list = mem_strdup(value), *rest = list, *item;
	struct buf out = BUF_INIT;
	int rc;

	while ((item = strtok_r(rest, ", \t", &rest))) {
		const char *dot = strrchr(item, '.');
		buf_addf(&out, "%s%s", out.len ? "," : "",
			 translate_word(words, dot ? dot + 1 : item));
	}
	rc = give(put, to, buf_str(&out), err);
	buf_free(&out);
	free(list);
	return rc;
}

/* --- Stores of keys: librdkafka reads PEM, and of PKCS#12 a key with its certificate --- */

enum store { STORE_PEM, STORE_JKS, STORE_OTHER };

/* What cannot be read is librdkafka's to complain of. */
static enum store store_of(const char *path)
{
	static const char pem[] = "-----BEGIN ", jks[] = "\xfe\xed\xfe\xed";
	char head[4096];
	FILE *f = fopen(path, "re");
	size_t n = f ? fread(head, 1, sizeof head, f) : 0;

	if (f)
		fclose(f);
	if (n >= 4 && memcmp(head, jks, 4) == 0)
		return STORE_JKS;
	return !n || memmem(head, n, pem, sizeof pem - 1) ? STORE_PEM : STORE_OTHER;
}

static int trust_store(const char *to, const char *value, const struct kafka_put *put,
		       struct buf *err)
{
	if (store_of(value) == STORE_PEM)
		return give(put, to, value, err);
	buf_setf(err, "%s is not PEM, make that of it: keytool -exportcert -rfc", value);
	return -1;
}

static int key_store(const char *to, const char *value, const struct kafka_put *put,
		     struct buf *err)
{
	switch (store_of(value)) {
	case STORE_PEM:
		return give(put, "ssl.certificate.location", value, err) < 0
			       ? -1
			       : give(put, "ssl.key.location", value, err);
	case STORE_OTHER:
		return give(put, to, value, err);
	default:
		buf_setf(err,
			 "%s is a Java key store, make PKCS#12 of it: keytool -importkeystore "
			 "-deststoretype pkcs12",
			 value);
		return -1;
	}
}

/* --- sasl.jaas.config: CLASS required name="value" ... ; --- */

static const struct word jaas_options[] = {
	{"username", "sasl.username"},
	{"password", "sasl.password"},
	{"principal", "sasl.kerberos.principal"},
	{"keyTab", "sasl.kerberos.keytab"},
	{"serviceName", "sasl.kerberos.service.name"},
	{"clientId", "sasl.oauthbearer.client.id"},
	{"clientSecret", "sasl.oauthbearer.client.secret"},
	{"scope", "sasl.oauthbearer.scope"},
	{NULL, NULL},
};

static const char *skip_blanks(const char *p)
{
	return p + strspn(p, " \t\r\n");
}

/* A word, or what is in quotes, where a backslash takes the next byte as it is. NULL: no end. */
static const char *take_token(const char *p, struct buf *out)
{
	char quote = *p == '"' || *p == '\'' ? *p++ : 0;

	buf_clear(out);
	for (; quote ? *p != quote : !strchr(" \t\r\n=;", *p); p++) {
		if (quote && *p == '\\')
			p++;
		if (!*p)
			return NULL;
		buf_add_char(out, *p);
	}
	return p + (quote != 0);
}

static int take_options(const char *p, const struct kafka_put *put, struct buf *err)
{
	struct buf name = BUF_INIT, value = BUF_INIT;
	int rc = 0;

	while (rc == 0 && *(p = skip_blanks(p)) && *p != ';') {
		const char *ours;
		p = take_token(p, &name);
		p = p && name.len ? skip_blanks(p) : NULL;
		p = p && *p == '=' ? take_token(skip_blanks(p + 1), &value) : NULL;
		if (!p) {
			buf_setf(err, "cannot be read (CLASS required NAME=\"VALUE\" ...;)");
			rc = -1;
			break;
		}
		ours = translate_word(jaas_options, buf_str(&name));
		if (ours != name.data)
			rc = give(put, ours, buf_str(&value), err);
	}
	buf_free(&name);
	buf_free(&value);
	return rc;
}

static int jaas(const char *to, const char *value, const struct kafka_put *put, struct buf *err)
{
	const char *p = skip_blanks(value);

	(void)to;
	p = skip_blanks(p + strcspn(p, " \t\r\n;")); /* the class */
	p += strcspn(p, " \t\r\n;");                 /* required */
	return take_options(p, put, err);
}

/* --- The table --- */

static const struct java {
	const char *name;
	translate_fn *translate;
	const char *to;
} names[] = {
	{"auto.offset.reset", reset_policy, "auto.offset.reset"},
	{"buffer.memory", bytes_to_kib, "queue.buffering.max.kbytes"},
	{"fetch.max.wait.ms", rename_it, "fetch.wait.max.ms"},
	{"max.request.size", rename_it, "message.max.bytes"},
	{"partition.assignment.strategy", assignors, "partition.assignment.strategy"},
	{"receive.buffer.bytes", buffer_size, "socket.receive.buffer.bytes"},
	{"sasl.jaas.config", jaas, NULL},
	{"send.buffer.bytes", buffer_size, "socket.send.buffer.bytes"},
	{"ssl.endpoint.identification.algorithm", identification,
	 "ssl.endpoint.identification.algorithm"},
	{"ssl.keystore.certificate.chain", rename_it, "ssl.certificate.pem"},
	{"ssl.keystore.key", rename_it, "ssl.key.pem"},
	{"ssl.keystore.location", key_store, "ssl.keystore.location"},
	{"ssl.truststore.certificates", rename_it, "ssl.ca.pem"},
	{"ssl.truststore.location", trust_store, "ssl.ca.location"},
	/* What has no counterpart, and changes no byte that is read or written. */
	{"auto.include.jmx.reporter", ignore_it, NULL},
	{"client.dns.lookup", ignore_it, NULL},
	{"config.providers", ignore_it, NULL},
	{"default.api.timeout.ms", ignore_it, NULL},
	{"enable.metrics.push", ignore_it, NULL},
	{"exclude.internal.topics", ignore_it, NULL},
	{"interceptor.classes", ignore_it, NULL},
	{"key.deserializer", ignore_it, NULL},
	{"key.serializer", ignore_it, NULL},
	{"max.block.ms", ignore_it, NULL},
	{"max.poll.records", ignore_it, NULL},
	{"metric.reporters", ignore_it, NULL},
	{"metrics.num.samples", ignore_it, NULL},
	{"metrics.recording.level", ignore_it, NULL},
	{"metrics.sample.window.ms", ignore_it, NULL},
	{"partitioner.adaptive.partitioning.enable", ignore_it, NULL},
	{"partitioner.availability.timeout.ms", ignore_it, NULL},
	{"sasl.client.callback.handler.class", ignore_it, NULL},
	{"sasl.kerberos.ticket.renew.jitter", ignore_it, NULL},
	{"sasl.kerberos.ticket.renew.window.factor", ignore_it, NULL},
	{"sasl.login.callback.handler.class", ignore_it, NULL},
	{"sasl.login.class", ignore_it, NULL},
	{"security.providers", ignore_it, NULL},
	{"ssl.enabled.protocols", ignore_it, NULL},
	{"ssl.engine.factory.class", ignore_it, NULL},
	{"ssl.keymanager.algorithm", ignore_it, NULL},
	{"ssl.keystore.type", ignore_it, NULL},
	{"ssl.protocol", ignore_it, NULL},
	{"ssl.provider", ignore_it, NULL},
	{"ssl.secure.random.implementation", ignore_it, NULL},
	{"ssl.trustmanager.algorithm", ignore_it, NULL},
	{"ssl.truststore.password", ignore_it, NULL},
	{"ssl.truststore.type", ignore_it, NULL},
	{"value.deserializer", ignore_it, NULL},
	{"value.serializer", ignore_it, NULL},
};

enum { NAMES = sizeof names / sizeof names[0] };

bool kafka_java_has(const char *name)
{
	for (size_t i = 0; i < NAMES; i++) {
		if (strcmp(names[i].name, name) == 0)
			return true;
	}
	return false;
}

int kafka_java(const char *name, const char *value, const struct kafka_put *put, struct buf *err)
{
	for (size_t i = 0; i < NAMES; i++) {
		if (strcmp(names[i].name, name) == 0)
			return names[i].translate(names[i].to, value, put, err);
	}
	return give(put, name, value, err);
}

/* --- The nearest name --- */

/* librdkafka's own table, which it gives as a document only: "NAME | ...", headings among it. NULL: no memory. */
static char *table(void)
{
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	rd_kafka_conf_properties_show(f);
	fclose(f);
	return text;
}

static void try_table(struct nearest *n, char *text)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz._0123456789-";
	char *line, *rest = text;

	while (rest && (line = strtok_r(rest, "\n", &rest))) {
		size_t len = strspn(line, letters);

		if (len && line[0] != '-' && line[len] == ' ') {
			line[len] = '\0';
			nearest_try(n, line);
		}
	}
}

bool kafka_nearest(const char *name, struct buf *out)
{
	struct nearest n = nearest_to(name);
	char *text = table();

	try_table(&n, text);
	for (size_t i = 0; i < NAMES; i++)
		nearest_try(&n, names[i].name);
	buf_clear(out);
	if (n.word)
		buf_add_str(out, n.word);
	free(text);
	return n.word != NULL;
}
