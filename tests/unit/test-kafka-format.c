/* -f formats and the escapes of delimiters. */
#include "kafka.h"
#include "tap.h"

static const struct rec_header headers[] = {
	{{"a", 1}, {"1", 1}},
	{{"b", 1}, {NULL, 0}},
	{{"a", 1}, {"", 0}},
};

static const struct rec full = {
	.topic = {"topic", 5},
	.partition = 3,
	.offset = INT64_C(9223372036854775807),
	.timestamp = INT64_C(1713693600123),
	.key = {"k\0y", 3},
	.value = {"value", 5},
	.headers = headers,
	.nheaders = 3,
};

static const struct rec bare = {
	.topic = {"t", 1}, .timestamp = REC_NO_TIMESTAMP, .key = {"", 0}, .value = {NULL, 0}};

static void check(const struct rec *rec, const char *format, const char *null, const char *want,
		  size_t len)
{
	struct buf out = BUF_INIT, err = BUF_INIT;
	struct kafka_format *f = kafka_format_new(format, null, &err);
	bool same = false;

	if (f) {
		kafka_format_put(f, rec, &out);
		same = slice_eq(buf_slice(&out), slice_of(want, len));
	}
	ok(same, "%s", format);
	if (!same)
		printf("# got:  %s%s\n# want: %s\n", buf_str(&out), buf_str(&err), want);
	kafka_format_free(f);
	buf_free(&out);
	buf_free(&err);
}

#define CHECK(rec, format, null, want) check(rec, format, null, want, sizeof(want) - 1)

static void test_fields(void)
{
	CHECK(&full, "", "", "");
	CHECK(&full, "%s", "", "value");
	CHECK(&full, "%k", "", "k\0y");
	CHECK(&full, "%S %K", "", "5 3");
	CHECK(&full, "%R%s", "", "\0\0\0\5value");
	CHECK(&full, "%t %p %o", "", "topic 3 9223372036854775807");
	CHECK(&full, "%T", "", "1713693600123");
	CHECK(&full, "%h", "", "a=1,b=NULL,a=");
	CHECK(&full, "<%s>%%s%%", "", "<value>%s%");
	CHECK(&full, "%s%s", "", "valuevalue");
	CHECK(&bare, "%s|%k|%S|%K|%T|%h|%p|%o", "", "||-1|0|-1||0|0");
	CHECK(&bare, "%s|%k", "NULL", "NULL|");
	CHECK(&bare, "%R", "", "\377\377\377\377");
}

static void test_header_forms(void)
{
	/* of a name the last counts; a missing one is a null */
	CHECK(&full, "%h{b}|%h{a}|%h{none}", "", "||");
	CHECK(&full, "%h{b}|%h{a}|%h{none}", "NULL", "NULL||NULL");
	CHECK(&full, "%h{\\x62}", "NULL", "NULL");
	CHECK(&full, "<%h{%k:%s;}>", "", "<a:1;b:;a:;>");
	CHECK(&full, "%h{%K%k=%S%s\\n}", "NULL", "1a=11\n1b=-1NULL\n1a=0\n");
	CHECK(&full, "%h{%R%%}%s", "", "\0\0\0\1%\377\377\377\377%\0\0\0\0%value");
	CHECK(&full, "%h{\\x7b%k\\x7d}", "", "{a}{b}{a}");
	CHECK(&full, "%h%h{a}{}", "", "a=1,b=NULL,a={}");
	CHECK(&bare, "%h{%k}%h{a}.", "", ".");
}

static void test_escapes(void)
{
	CHECK(&full, "\\n\\t\\r\\\\\\0", "", "\n\t\r\\\0");
	CHECK(&full, "\\x41\\xfF\\x00.", "", "A\377\0.");
	CHECK(&full, "\\x25s%s\\n", "", "%svalue\n");
	CHECK(&full, "\\\\n", "", "\\n");
	/* numbers as kcat reads them, and no more than three digits */
	CHECK(&full, "\\65\\0101\\012\\10\\9.", "", "A\101\n\n\t.");
	CHECK(&full, "\\255\\0377\\08\\0.\\1234", "", "\377\377\0008\0.{4");
}

static void test_bad(void)
{
	static const char *const bad[] = {"%h{",   "%h{}",  "%h{%t}", "%h{%h}", "%h{a%}", "%h{\\q}",
					  "\\256", "\\999", "\\0400", "%",      "%x",     "a%",
					  "%%%",   "\\",    "\\q",    "\\x",    "\\x4",   "\\xg1",
					  "\\x1g", "%S%",   "% s",    "\\x%s"};
	struct buf err = BUF_INIT;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		buf_clear(&err);
		ok(!kafka_format_new(bad[i], "", &err) && err.len, "refused: '%s'", bad[i]);
	}
	buf_free(&err);
}

static void test_unescape(void)
{
	struct buf out = BUF_INIT, err = BUF_INIT;

	ok(kafka_unescape(";Sep;\\n\\x00%s", &out, &err) == 0 &&
		   slice_eq(buf_slice(&out), slice_of(";Sep;\n\0%s", 9)),
	   "a delimiter of several bytes, with a NUL, and no fields");
	ok(kafka_unescape("\\z", &out, &err) < 0 && err.len, "an unknown escape is refused");
	buf_free(&out);
	buf_free(&err);
}

static void test_headers(void)
{
	static const struct {
		const char *text;
		bool want;
	} cases[] = {{"%s", false},  {"%h", true},    {"%k %h\\n", true},
		     {"%%h", false}, {"%h{a}", true}, {"%h{%k}", true}};
	struct buf err = BUF_INIT;

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct kafka_format *f = kafka_format_new(cases[i].text, "", &err);
		ok(f && kafka_format_has_headers(f) == cases[i].want, "asks for headers: '%s'",
		   cases[i].text);
		kafka_format_free(f);
	}
}

int main(void)
{
	test_fields();
	test_header_forms();
	test_escapes();
	test_bad();
	test_unescape();
	test_headers();
	return done_testing();
}
