/* The -o grammar, what its points mean in a partition, and lists of partitions. */
#include "kafka.h"
#include "tap.h"

/* 2024-04-21T10:00:00Z */
#define NOW INT64_C(1713693600000000)

static const char *const places[] = {"beginning", "end",    "stored", "offset",
				     "after",     "before", "time"};

static void put_point(struct buf *out, bool has, const struct kafka_point *pt)
{
	if (!has)
		buf_add_char(out, '-');
	else
		buf_addf(out, "%s %lld", places[pt->place], (long long)pt->n);
}

/* "FROM | TO", or the reason */
static void show(struct buf *out, const char *const texts[], size_t n)
{
	struct kafka_range r = {0};
	struct buf err = BUF_INIT;
	int rc = 0;

	for (size_t i = 0; i < n && rc == 0; i++)
		rc = kafka_range_parse(&r, texts[i], NOW, &err);
	if (rc < 0) {
		buf_setf(out, "!%s", err.len ? buf_str(&err) : "");
	} else {
		buf_setf(out, "%s", "");
		put_point(out, r.has_from, &r.from);
		buf_add_str(out, " | ");
		put_point(out, r.has_to, &r.to);
	}
	buf_free(&err);
}

static void test_good(void)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{"beginning", "beginning 0 | -"},
		{"end", "end 0 | -"},
		{"stored", "stored 0 | -"},
		{"0", "offset 0 | -"},
		{"42", "offset 42 | -"},
		{"9223372036854775807", "offset 9223372036854775807 | -"},
		{"-10", "before 10 | -"},
		{"+10", "after 10 | -"},
		{"-0", "before 0 | -"},
		{"3:7", "offset 3 | offset 7"},
		{"7:7", "offset 7 | offset 7"},
		{":7", "- | offset 7"},
		{":end", "- | end 0"},
		{":-5", "- | before 5"},
		{":+5", "- | after 5"},
		{":@1713693600123", "- | time 1713693600123"},
		{"-10:@-30m", "before 10 | time 1713691800000"},
		{"-10:end", "before 10 | end 0"},
		{"beginning:end", "beginning 0 | end 0"},
		{"stored:end", "stored 0 | end 0"},
		{"+2:-3", "after 2 | before 3"},
		/* by magnitude: s, ms, us, ns */
		{"@1713693600", "time 1713693600000 | -"},
		{"@1713693600123", "time 1713693600123 | -"},
		{"@1713693600123456", "time 1713693600124 | -"},
		{"@1713693600.5", "time 1713693600500 | -"},
		{"@0", "time 0 | -"},
		{"@2024-04-21T10:00:00Z", "time 1713693600000 | -"},
		{"@2024-04-21", "time 1713657600000 | -"},
		{"@2024-04-21 10:00", "time 1713693600000 | -"},
		{"@2024-04-21T12:00:00+02:00", "time 1713693600000 | -"},
		{"@2024-04-21T10:00:00.0001Z", "time 1713693600001 | -"},
		{"@1969-12-31T23:59:59.9995Z", "time 0 | -"},
		{"@-1h", "time 1713690000000 | -"},
		{"@-90s", "time 1713693510000 | -"},
		{"@-1h:-30m", "time 1713690000000 | time 1713691800000"},
		{"@-1h:end", "time 1713690000000 | end 0"},
		{"@1713693600:1713693660", "time 1713693600000 | time 1713693660000"},
		{"@1713693600:@1713693660", "time 1713693600000 | time 1713693660000"},
		{"@2024-04-21T10:00:2024-04-21T10:05", "time 1713693600000 | time 1713693900000"},
		{"@2024-04-21T10:00:00Z:2024-04-21T10:00:30Z",
		 "time 1713693600000 | time 1713693630000"},
		{"@2024-04-21T12:00+02:00:2024-04-21T12:01+02:00",
		 "time 1713693600000 | time 1713693660000"},
		/* so long after the beginning */
		{"@2024-04-21T10:00Z:1h", "time 1713693600000 | time 1713697200000"},
		{"@1713693600:90s", "time 1713693600000 | time 1713693690000"},
		{"@-1h:+1h", "time 1713690000000 | time 1713693600000"},
		{"@2024-04-21T12:00+02:00:2h", "time 1713693600000 | time 1713700800000"},
		{"@2024-04-21:7d", "time 1713657600000 | time 1714262400000"},
		/* kcat's: bare numbers are milliseconds, however small */
		{"s@1713693600000", "time 1713693600000 | -"},
		{"s@5", "time 5 | -"},
		{"e@1713693600000", "- | time 1713693600000"},
		{"s@5,e@9", "time 5 | time 9"},
		{"s@2024-04-21,e@-1h", "time 1713657600000 | time 1713690000000"},
	};
	struct buf got = BUF_INIT;

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		show(&got, &cases[i].text, 1);
		is_str(buf_str(&got), cases[i].want, cases[i].text);
	}
	buf_free(&got);
}

static void test_bad(void)
{
	static const char *const cases[] = {
		"",          "x",    "-",         "+",           "1x",
		"0x10",      "1.5",  "--1",       "+-1",         " 1",
		"1 ",        ":",    "1:",        "1:2:3",       ":stored",
		"7:3",       ":x",   "x:1",       "@",           "@x",
		"@-5",       "@1h",  "@:1",       "@1:",         "@9:5",
		"s@",        "s@x",  "t@5",       "s@5,",        "s@5,9",
		"latest",    "-1h",  "@10:20:30", "@2024-02-30", "9223372036854775808",
		"Beginning", "endx", "e@5,s",     ":@",          ":@x",
		"5:@1h",     "@5:-", "@5:+",      "@5:1x",
	};
	struct buf got = BUF_INIT;

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		show(&got, &cases[i], 1);
		/* "s@5," alone ends in nothing, which is nothing more */
		bool refused = got.data[0] == '!' && got.len > 1;
		ok(refused || strcmp(cases[i], "s@5,") == 0, "refused with a reason: '%s'",
		   cases[i]);
	}
	buf_free(&got);
}

/* What the tests of rpk (TestParseFromToOffset, TestParseConsumeTimestamp) and of kcl's offsetparse
 * read, with "start" in our words, and how we read it; "!": not at all. */
static void test_peers(void)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		/* rpk */
		{"", "!"},
		{"beginning", "beginning 0 | -"},
		{"end", "end 0 | -"},
		{":end", "- | end 0"},
		{"+3", "after 3 | -"},
		{"+a", "!"},
		{"-3", "before 3 | -"},
		{"-a", "!"},
		{"35", "offset 35 | -"},
		{":23", "- | offset 23"},
		{"90:91", "offset 90 | offset 91"},
		{"90:end", "offset 90 | end 0"},
		{"90:39", "!"},
		{"90:a", "!"},
		{"@1648021901749:1748021901749", "time 1648021901749 | time 1748021901749"},
		{"@1648021901:1748021901", "time 1648021901000 | time 1748021901000"},
		{"@2022-03-24:2022-03-25", "time 1648080000000 | time 1648166400000"},
		{"@2022-03-23T07:51:41.749Z:2022-03-23T07:52:41.749Z",
		 "time 1648021901749 | time 1648021961749"},
		{"@2022-03-23T07:51:41.7Z:2022-03-23T07:52:41.7Z",
		 "time 1648021901700 | time 1648021961700"},
		{"@-48h:-24h", "time 1713520800000 | time 1713607200000"},
		{"@-03-23T07:51:41.Z", "!"},
		{"@-3m", "time 1713693420000 | -"},
		{"@1648021901749:asdf", "!"},
		/* kcl */
		{"+0", "after 0 | -"},
		{"-0", "before 0 | -"},
		{"999999999", "offset 999999999 | -"},
		{":200", "- | offset 200"},
		{"100:200", "offset 100 | offset 200"},
		{":-3", "- | before 3"},
		{"@1700000000000000000", "time 1700000000000 | -"},
		{"@1970-01-01", "time 0 | -"},
		{"@2024-01-15T10:30:00.500Z", "time 1705314600500 | -"},
		{"@2024-01-15T10:30:00+05:30", "time 1705294800000 | -"},
		{"@2024-01-15T10:30:00-04:00", "time 1705329000000 | -"},
		{"@-2d12h", "time 1713477600000 | -"},
		{"@-500ms", "time 1713693599500 | -"},
		{"@2024-01-15:1h", "time 1705276800000 | time 1705280400000"},
		{"@2024-01-15T10:30:00+05:30:2h", "time 1705294800000 | time 1705302000000"},
		{"@-1m:end", "time 1713693540000 | end 0"},
		{":@2024-01-15", "- | time 1705276800000"},
		{"invalid", "!"},
		{"@notadate", "!"},
		{"@:", "!"},
		{"abc:100", "!"},
		{"100:abc", "!"},
		{":endx", "!"},
		{"@badtimestamp:badtimestamp", "!"},
	};
	struct buf got = BUF_INIT;

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		show(&got, &cases[i].text, 1);
		if (got.data[0] == '!')
			buf_cut(&got, 1);
		is_str(buf_str(&got), cases[i].want, cases[i].text);
	}
	buf_free(&got);
}

static void test_several(void)
{
	static const char *const both[] = {"s@5", "e@9"}, *const later[] = {"3:7", "end"};
	struct buf got = BUF_INIT;

	show(&got, both, 2);
	is_str(buf_str(&got), "time 5 | time 9", "two options add up");
	show(&got, later, 2);
	is_str(buf_str(&got), "end 0 | offset 7", "a later one overrides what it says");
	buf_free(&got);
}

static void test_offsets(void)
{
	static const struct {
		struct kafka_point pt;
		int64_t low, high, found, want;
	} cases[] = {
		{{KAFKA_BEGINNING, 0}, 3, 9, -1, 3},      {{KAFKA_END, 0}, 3, 9, -1, 9},
		{{KAFKA_OFFSET, 5}, 3, 9, -1, 5},         {{KAFKA_OFFSET, 1}, 3, 9, -1, 1},
		{{KAFKA_OFFSET, 99}, 3, 9, -1, 99},       {{KAFKA_AFTER, 2}, 3, 9, -1, 5},
		{{KAFKA_AFTER, 6}, 3, 9, -1, 9},          {{KAFKA_AFTER, 7}, 3, 9, -1, 9},
		{{KAFKA_AFTER, INT64_MAX}, 3, 9, -1, 9},  {{KAFKA_BEFORE, 2}, 3, 9, -1, 7},
		{{KAFKA_BEFORE, 6}, 3, 9, -1, 3},         {{KAFKA_BEFORE, 7}, 3, 9, -1, 3},
		{{KAFKA_BEFORE, INT64_MAX}, 3, 9, -1, 3}, {{KAFKA_TIME, 0}, 3, 9, 4, 4},
		{{KAFKA_TIME, 0}, 3, 9, -1, 9},           {{KAFKA_TIME, 0}, 3, 9, 1, 3},
		{{KAFKA_TIME, 0}, 3, 9, 12, 9},           {{KAFKA_BEFORE, 0}, 0, 0, -1, 0},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		int64_t got = kafka_point_offset(&cases[i].pt, cases[i].low, cases[i].high,
						 cases[i].found);
		ok(got == cases[i].want, "%s %lld in [%lld, %lld), found %lld, is %lld",
		   places[cases[i].pt.place], (long long)cases[i].pt.n, (long long)cases[i].low,
		   (long long)cases[i].high, (long long)cases[i].found, (long long)got);
	}
}

static void test_partitions(void)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{"0", "0-0"},
		{"0,2,5-7", "0-0 2-2 5-7"},
		{"7,0", "0-0 7-7"},
		{"1,2,3", "1-3"},
		{"5-9,0-3,2-6", "0-9"},
		{"4-4,4", "4-4"},
		{"0-2147483647", "0-2147483647"},
		{"2147483647,2147483646", "2147483646-2147483647"},
	};
	static const char *const bad[] = {"",     ",",  "1,",         "-1",  "1-",   "3-1",  "a",
					  "1 ,2", "+1", "2147483648", "1-a", "1--2", "1-2-3"};
	struct kafka_partitions list;
	struct buf got = BUF_INIT, err = BUF_INIT;

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		int rc = kafka_partitions_parse(&list, cases[i].text, &err);
		buf_clear(&got);
		for (size_t j = 0; rc == 0 && j < list.n; j++)
			buf_addf(&got, "%s%d-%d", j ? " " : "", (int)list.v[j].first,
				 (int)list.v[j].last);
		is_str(buf_str(&got), cases[i].want, cases[i].text);
		kafka_partitions_free(&list);
	}
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		buf_clear(&err);
		ok(kafka_partitions_parse(&list, bad[i], &err) < 0 && err.len && !list.n,
		   "refused with a reason: '%s'", bad[i]);
	}
	kafka_partitions_parse(&list, "0,2,5-7", &err);
	buf_clear(&got);
	for (int id = -1; id < 10; id++)
		buf_add_char(&got, kafka_partitions_has(&list, id) ? 'x' : '.');
	is_str(buf_str(&got), ".x.x..xxx..", "which of -1 to 9 are in 0,2,5-7");
	kafka_partitions_free(&list);
	buf_free(&got);
	buf_free(&err);
}

/* What each of the first five partitions reads. */
static void test_ranges(void)
{
	static const struct {
		const char *texts[3], *want;
	} cases[] = {
		{{NULL}, "- | -; - | -; - | -; - | -; - | -"},
		{{"5"}, "offset 5 | -; offset 5 | -; offset 5 | -; offset 5 | -; offset 5 | -"},
		{{"0=10:20", "2-3=end"},
		 "offset 10 | offset 20; - | -; end 0 | -; end 0 | -; - | -"},
		/* what holds for all may stand behind the exceptions; each bound is overridden alone */
		{{"1=:7", "3:9", "4=1"},
		 "offset 3 | offset 9; offset 3 | offset 7; offset 3 | offset 9; "
		 "offset 3 | offset 9; offset 1 | offset 9"},
		{{"0,4=+1", "4=-1:end"}, "after 1 | -; - | -; - | -; - | -; before 1 | end 0"},
		{{"4=:@5"}, "- | -; - | -; - | -; - | -; - | time 5000"},
		{{"x=5"}, "!-o: 'x' is not a list of partitions (like 0,2,5-7)"},
		{{"=5"}, "!-o: '' is not a list of partitions (like 0,2,5-7)"},
		{{"0="}, "!-o: '' is empty"},
		{{"0=1=2"},
		 "!-o: '1=2' is not an offset (beginning, end, stored, N, -N, +N, N:M, @TIME)"},
	};
	struct buf got = BUF_INIT, err = BUF_INIT;

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct kafka_ranges ranges = {0};
		int rc = 0;
		buf_setf(&got, "%s", "");
		for (size_t j = 0; j < 3 && cases[i].texts[j] && rc == 0; j++)
			rc = kafka_ranges_add(&ranges, cases[i].texts[j], NOW, &err);
		for (int32_t id = 0; rc == 0 && id < 5; id++) {
			struct kafka_range r = kafka_ranges_of(&ranges, id);
			buf_add_str(&got, id ? "; " : "");
			put_point(&got, r.has_from, &r.from);
			buf_add_str(&got, " | ");
			put_point(&got, r.has_to, &r.to);
		}
		if (rc < 0)
			buf_setf(&got, "!%s", buf_str(&err));
		is_str(buf_str(&got), cases[i].want,
		       cases[i].texts[0] ? cases[i].texts[0] : "none");
		kafka_ranges_free(&ranges);
	}
	buf_free(&got);
	buf_free(&err);
}

int main(void)
{
	test_ranges();
	test_good();
	test_bad();
	test_peers();
	test_several();
	test_offsets();
	test_partitions();
	return done_testing();
}
