/* Properties by Java's names, and the names that unknown ones may stand for. */
#include "kafka_priv.h"
#include "tap.h"

#include <stdio.h>

static int collect(void *ctx, const char *name, const char *value, struct buf *err)
{
	struct buf *out = ctx;

	(void)err;
	buf_addf(out, "%s%s=%s", out->len ? " | " : "", name, value);
	return 0;
}

/* "NAME=VALUE | ...", or "!" and the reason */
static void show(struct buf *out, const char *name, const char *value)
{
	const struct kafka_put put = {collect, out};
	struct buf err = BUF_INIT;

	buf_setf(out, "%s", "");
	if (kafka_java(name, value, &put, &err) < 0)
		buf_setf(out, "!%s", buf_str(&err));
	buf_free(&err);
}

#define PLAIN "org.apache.kafka.common.security.plain.PlainLoginModule required "
#define SCRAM "org.apache.kafka.common.security.scram.ScramLoginModule required "

static void test_names(void)
{
	static const struct {
		const char *name, *value, *want;
	} cases[] = {
		/* the same in both, or nobody's */
		{"bootstrap.servers", "a:1,b:2", "bootstrap.servers=a:1,b:2"},
		{"security.protocol", "SASL_SSL", "security.protocol=SASL_SSL"},
		{"sasl.mechanism", "PLAIN", "sasl.mechanism=PLAIN"},
		{"nosuch", "1", "nosuch=1"},
		/* another name */
		{"max.request.size", "5000000", "message.max.bytes=5000000"},
		{"fetch.max.wait.ms", "7", "fetch.wait.max.ms=7"},
		{"buffer.memory", "33554432", "queue.buffering.max.kbytes=32768"},
		{"buffer.memory", "5", "queue.buffering.max.kbytes=1"},
		{"buffer.memory", "much", "!'much' is not a number of bytes"},
		{"send.buffer.bytes", "-1", "socket.send.buffer.bytes=0"},
		{"receive.buffer.bytes", "65536", "socket.receive.buffer.bytes=65536"},
		{"ssl.keystore.key", "PEM", "ssl.key.pem=PEM"},
		{"ssl.keystore.certificate.chain", "PEM", "ssl.certificate.pem=PEM"},
		{"ssl.truststore.certificates", "PEM", "ssl.ca.pem=PEM"},
		/* another value */
		{"ssl.endpoint.identification.algorithm", "",
		 "ssl.endpoint.identification.algorithm=none"},
		{"ssl.endpoint.identification.algorithm", "HTTPS",
		 "ssl.endpoint.identification.algorithm=https"},
		{"auto.offset.reset", "none", "auto.offset.reset=error"},
		{"auto.offset.reset", "latest", "auto.offset.reset=latest"},
		{"partition.assignment.strategy",
		 "org.apache.kafka.clients.consumer.RangeAssignor, "
		 "org.apache.kafka.clients.consumer.CooperativeStickyAssignor",
		 "partition.assignment.strategy=range,cooperative-sticky"},
		{"partition.assignment.strategy", "roundrobin",
		 "partition.assignment.strategy=roundrobin"},
		/* nothing */
		{"key.serializer", "org.apache.kafka.common.serialization.StringSerializer", ""},
		{"max.poll.records", "500", ""},
		{"ssl.truststore.type", "PEM", ""},
	};
	struct buf got = BUF_INIT;

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		show(&got, cases[i].name, cases[i].value);
		is_str(buf_str(&got), cases[i].want, cases[i].name);
	}
	buf_free(&got);
}

static void test_jaas(void)
{
	static const char unread[] = "!cannot be read (CLASS required NAME=\"VALUE\" ...;)";
	static const struct {
		const char *value, *want;
	} cases[] = {
		{PLAIN "username=\"ann\" password=\"s3cret\";",
		 "sasl.username=ann | sasl.password=s3cret"},
		{SCRAM " username='ann'\tpassword = 'a b;c' ; ",
		 "sasl.username=ann | sasl.password=a b;c"},
		{SCRAM "username=ann password=\"a\\\"b\\\\c\" tokenauth=\"true\";",
		 "sasl.username=ann | sasl.password=a\"b\\c"},
		{PLAIN "\\\n username=\"\" password=\"\"", unread},
		{PLAIN "username=\"\" password=\"\"", "sasl.username= | sasl.password="},
		{PLAIN ";", ""},
		{PLAIN "username=\"ann;", unread},
		{PLAIN "username ann;", unread},
		{PLAIN "=ann;", unread},
		{"com.sun.security.auth.module.Krb5LoginModule required useKeyTab=true "
		 "keyTab=\"/k\" principal=\"p@R\" serviceName=\"kafka\";",
		 "sasl.kerberos.keytab=/k | sasl.kerberos.principal=p@R | "
		 "sasl.kerberos.service.name=kafka"},
		{"", ""},
	};
	struct buf got = BUF_INIT;

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		show(&got, "sasl.jaas.config", cases[i].value);
		is_str(buf_str(&got), cases[i].want, cases[i].value);
	}
	buf_free(&got);
}

static void write_file(const char *path, const char *bytes, size_t len)
{
	FILE *f = fopen(path, "w");

	if (f) {
		fwrite(bytes, 1, len, f);
		fclose(f);
	}
}

static void test_stores(void)
{
	static const char path[] = "test-kafka-java.tmp";
	static const char pem[] = "Bag Attributes\n-----BEGIN CERTIFICATE-----\n";
	struct buf got = BUF_INIT;

	write_file(path, pem, sizeof pem - 1);
	show(&got, "ssl.truststore.location", path);
	is_str(buf_str(&got), "ssl.ca.location=test-kafka-java.tmp", "certificates in PEM");
	show(&got, "ssl.keystore.location", path);
	is_str(buf_str(&got),
	       "ssl.certificate.location=test-kafka-java.tmp | "
	       "ssl.key.location=test-kafka-java.tmp",
	       "a key and its certificate in PEM");
	write_file(path, "\x30\x82\x09\x00", 4);
	show(&got, "ssl.keystore.location", path);
	is_str(buf_str(&got), "ssl.keystore.location=test-kafka-java.tmp", "PKCS#12");
	show(&got, "ssl.truststore.location", path);
	is_str(buf_str(&got),
	       "!test-kafka-java.tmp is not PEM, make that of it: keytool -exportcert -rfc",
	       "certificates in PKCS#12");
	write_file(path, "\xfe\xed\xfe\xed\0\0\0\2", 8);
	show(&got, "ssl.keystore.location", path);
	is_str(buf_str(&got),
	       "!test-kafka-java.tmp is a Java key store, make PKCS#12 of it: keytool "
	       "-importkeystore -deststoretype pkcs12",
	       "Java's own form");
	remove(path);
	buf_free(&got);
}

static void test_nearest(void)
{
	static const struct {
		const char *name, *want;
	} cases[] = {
		{"bootstrap.server", "bootstrap.servers"},
		{"sasl.user.name", "sasl.username"},
		{"fetch.wait.ms", "fetch.wait.max.ms"},
		{"request.required.ack", "request.required.acks"},
		{"max.request.sise", "max.request.size"},
		{"sasl.jass.config", "sasl.jaas.config"},
		{"nosuch", ""},
		{"x", ""},
		{"", ""},
	};
	struct buf got = BUF_INIT;

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		bool found = kafka_nearest(cases[i].name, &got);
		ok(found == (cases[i].want[0] != '\0'), "something is near: '%s'", cases[i].name);
		is_str(buf_str(&got), cases[i].want, cases[i].name);
	}
	buf_free(&got);
}

int main(void)
{
	test_names();
	test_jaas();
	test_stores();
	test_nearest();
	return done_testing();
}
