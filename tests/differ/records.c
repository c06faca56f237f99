/* Records: objects as programs.c expects them, and all that may come instead. */
#include "differ.h"

#include "json.h"

struct rng rng_of(uint64_t seed)
{
	struct rng r = {seed * UINT64_C(0x9e3779b97f4a7c15) + 1};

	for (int i = 0; i < 4; i++)
		below(&r, 2);
	return r;
}

/* D. E. Knuth's MMIX generator. */
uint32_t below(struct rng *r, uint32_t n)
{
	r->state = r->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)((r->state >> 32) * n >> 32);
}

struct maker {
	struct buf *out;
	struct rng *r;
	struct limits limits;
	bool blanks;
	unsigned odd; /* percent of values that are odd */
};

static void put(struct maker *m, const char *text)
{
	buf_add_str(m->out, text);
}

static void blank(struct maker *m)
{
	static const char *const blanks[] = {"", "", "", " ", " ", "  ", "\t", "\r", " \t ", "\n"};

	if (m->blanks)
		put(m, percent(m->r, 98) ? ANY(m->r, blanks)
					 : "                                        ");
}

/* --- Scalars --- */

static const char *const numbers[] = {
	"0",   "1",    "2",    "3",   "7",     "10",    "42",  "100", "404",       "-1",
	"-7",  "0.5",  "-2.5", "0.1", "0.2",   "19.95", "1.5", "1e2", "123456789", "1713712245",
	"3.0", "1.50", "88.5", "999", "65536", "-0.25", "12",  "200", "1204",      "31536000",
};

static const char *const odd_numbers[] = {
	"-0",
	"0.0",
	"-0.0",
	"0e5",
	"1E+2",
	"1E-7",
	"1e-7",
	"1e-5",
	"0.00001",
	"0.000001",
	"1e-1000",
	"5e-324",
	"1e-400",
	"2.2250738585072014e-308",
	"9007199254740991",
	"9007199254740992",
	"9007199254740993",
	"0.1234567890123456789012345678901234567890",
	"0.30000000000000004",
	"0.1000000000000000055511151231257827",
	"123456789012345",
	"999999999999999",
	"1000000000000000",
	"1.000",
	"1e0",
	"100e-2",
	"1.7e+12",
	"-62167219200",
	"253402300800",
	"1e12",
	"1713712245.25",
	"2147483648",
};

static const char *const huge_numbers[] = {
	"1e17",
	"1e18",
	"1e21",
	"1e22",
	"1e300",
	"1.5e300",
	"1e1000",
	"-1e1000",
	"1.7976931348623157e308",
	"1234567890123456789",
	"-1234567890123456789",
	"9223372036854775807",
	"9223372036854775808",
	"18446744073709551616",
	"1234567890123456789012345678901234567890",
	"99999999999999999",
};

/* libjq takes some of them. */
static const char *const no_numbers[] = {"01",   "-01", "1.",    ".5",       "NaN",       "nan",
					 "-nan", "-",   "+1",    "1e",       "1e+",       "0x10",
					 "1.e2", "-.5", "--1",   "Infinity", "-Infinity", "1.2.3",
					 "00",   "1_0", "1e5.5", "tru",      "nul",       "TRUE"};

static const char *odd_number(struct maker *m)
{
	return m->limits.times || percent(m->r, 60) ? ANY(m->r, odd_numbers)
						    : ANY(m->r, huge_numbers);
}

static void put_number(struct maker *m)
{
	uint32_t dice = below(m->r, 1000);

	if (dice < 700) {
		put(m, ANY(m->r, numbers));
	} else if (dice < 800) {
		buf_addf(m->out, "%d", (int)below(m->r, 100000) - 1000);
	} else if (dice < 880) {
		buf_addf(m->out, "%u.%02u", below(m->r, 10000), below(m->r, 100));
	} else if (dice < 996 || m->limits.times) {
		put(m, percent(m->r, m->odd * 5) ? odd_number(m) : ANY(m->r, numbers));
	} else {
		put(m, ANY(m->r, no_numbers));
	}
}

static const char *const pieces[] = {
	"a",   "b",        "view", "Purchase",    "eu",  "u-1001", "/product/42?x=1",
	" ",   "\xc3\xa9", "12",   "K\xc3\xb6ln", "GET", "-",      "timed out",
	"3.5", "Z",
};

static const char *const odd_pieces[] = {
	"\\u00e9",
	"\\n",
	"\\t",
	"\\\"",
	"\\\\",
	"\\/",
	"\\u0000",
	"\\b\\f",
	"\\r",
	"\x7f",
	"\\u007f",
	"\\ud83d\\ude00",
	"\xf0\x9f\x98\x80",
	"\\u001f",
	"\xe2\x82\xac",
	"\\u0041",
	"\\uD834\\uDD1E",
	"\xef\xbf\xbd",
	"\\u2028",
};

/* Not strict: raw control bytes, halves of surrogate pairs, what is not UTF-8, broken escapes. */
static const struct slice bad_pieces[] = {
	{"\x01", 1},
	{"\t", 1},
	{"\x1f", 1},
	{"\n", 1},
	{"\\ud800", 6},
	{"\\udc00", 6},
	{"\\ud800\\u0061", 12},
	{"\\udc00\\ud800", 12},
	{"\xff", 1},
	{"\xc3", 1},
	{"\xed\xa0\x80", 3},
	{"\xf0\x9f\x98", 3},
	{"\xc0\x80", 2},
	{"\x80", 1},
	{"\xf4\x90\x80\x80", 4},
	{"\\x", 2},
	{"\\u12", 4},
	{"\\u123g", 6},
	{"\\ud83d\\u12", 10},
	{"\0", 1},
};

static void put_string(struct maker *m)
{
	uint32_t n = percent(m->r, 2) ? 10 + below(m->r, 40) : below(m->r, 3);

	put(m, "\"");
	for (uint32_t i = 0; i < n; i++) {
		if (below(m->r, 1000) < m->odd / 2) {
			struct slice s = ANY(m->r, bad_pieces);
			buf_add(m->out, s.ptr, s.len);
		} else {
			put(m, percent(m->r, m->odd) ? ANY(m->r, odd_pieces) : ANY(m->r, pieces));
		}
	}
	put(m, "\"");
}

/* Texts that tonumber takes, and that it does not. */
static void put_numeric(struct maker *m)
{
	static const char *const texts[] = {
		"12",
		"1.50",
		"-0",
		"007",
		" 7",
		"7 ",
		"",
		"nan",
		"NaN",
		"1e1000",
		"1e5",
		".5",
		"5.",
		"12abc",
		"true",
		"[1]",
		"0x1F",
		"+5",
		"1 2",
		"-1e-7",
		"null",
		"\\u0031",
		"12345678901234567890",
		"1e",
		"0.1",
		"\\n3",
		"{}",
		"-",
		"\\\"1\\\"",
	};

	buf_addf(m->out, "\"%s\"", ANY(m->r, texts));
}

static void put_date(struct maker *m)
{
	static const char *const texts[] = {
		"2025-04-21T14:07:59Z",
		"2025-04-21T14:07:59Z",
		"1970-01-01T00:00:00Z",
		"2024-02-29T23:59:60Z",
		"2025-04-21",
		"2025-04-21T14:07:59.250Z",
		"1960-12-31T23:59:59Z",
		"9999-12-31T23:59:59Z",
		"2025-4-1T1:2:3Z",
		" 2025-04-21T14:07:59Z",
		"2025-13-01T00:00:00Z",
		"2025-02-30T00:00:00Z",
		"2025-04-21T14:07:59Z ",
		"2025-04-21T14:07:59+00:00",
		"0001-01-01T00:00:00Z",
		"2025-04-21T24:00:00Z",
		"yesterday",
		"2100-02-29T12:00:00Z",
	};

	buf_addf(m->out, "\"%s\"", percent(m->r, 75) ? texts[0] : ANY(m->r, texts));
}

static void put_boolean(struct maker *m)
{
	put(m, percent(m->r, 50) ? "true" : "false");
}

static void put_null(struct maker *m)
{
	put(m, "null");
}

/* --- Arrays and objects --- */

struct field {
	const char *name;
	void (*put)(struct maker *);
	bool number;
	unsigned missing; /* percent of the objects; 0: what all have */
};

static void put_field(struct maker *m, const struct field *f);

static void put_key(struct maker *m, const char *name)
{
	blank(m);
	if (percent(m->r, m->odd / 4) && (name[0] & 0x80) == 0)
		buf_addf(m->out, "\"\\u00%02x%s\"", (unsigned)name[0], name + 1);
	else
		buf_addf(m->out, "\"%s\"", name);
	blank(m);
	put(m, ":");
	blank(m);
}

static void put_members(struct maker *m, const struct field *fields, size_t n, unsigned missing)
{
	bool first = true;

	put(m, "{");
	for (size_t i = 0; i < n; i++) {
		uint32_t least = fields[i].missing ? fields[i].missing : missing;
		uint32_t times = percent(m->r, least) ? 0 : percent(m->r, m->odd / 12) ? 2 : 1;

		for (; times; times--, first = false) {
			put(m, first ? "" : ",");
			put_key(m, fields[i].name);
			put_field(m, &fields[i]);
			blank(m);
		}
	}
	put(m, "}");
}

#define PUT_MEMBERS(m, fields, missing)                                                            \
	put_members(m, fields, sizeof(fields) / sizeof((fields)[0]), missing)

static void put_items(struct maker *m, const struct field *item)
{
	uint32_t n = below(m->r, 3);

	put(m, "[");
	for (uint32_t i = 0; i < n; i++) {
		put(m, i ? "," : "");
		blank(m);
		put_field(m, item);
		blank(m);
	}
	put(m, "]");
}

static void put_numbers(struct maker *m)
{
	put_items(m, &(struct field){NULL, put_number, true, 0});
}

static void put_strings(struct maker *m)
{
	put_items(m, &(struct field){NULL, put_string, false, 0});
}

static void put_order(struct maker *m)
{
	static const struct field fields[] = {{"sku", put_string, false, 0},
					      {"qty", put_number, true, 0},
					      {"price", put_number, true, 0}};

	PUT_MEMBERS(m, fields, 5);
}

static void put_orders(struct maker *m)
{
	put_items(m, &(struct field){NULL, put_order, false, 0});
}

static void put_geo(struct maker *m)
{
	static const struct field fields[] = {{"lat", put_number, true, 0},
					      {"lon", put_number, true, 0},
					      {"city", put_string, false, 0}};

	PUT_MEMBERS(m, fields, 10);
}

static void put_inner(struct maker *m)
{
	static const struct field fields[] = {{"c", put_number, true, 0},
					      {"s", put_string, false, 0},
					      {"none", put_null, false, 0}};

	PUT_MEMBERS(m, fields, 10);
}

static void put_outer(struct maker *m)
{
	static const struct field fields[] = {{"a", put_number, true, 0},
					      {"b", put_inner, false, 0},
					      {"ok", put_boolean, false, 0},
					      {"list", put_orders, false, 0}};

	PUT_MEMBERS(m, fields, 10);
}

/*
 * Depths at which parsers give up: of kpipe's own, of libjq 1.6, of later ones. An object counts
 * twice in libjq 1.6.
 */
static unsigned deep_arrays(struct maker *m)
{
	static const unsigned depths[] = {3,   10,  64,  100, 197, 198, 199, 200, 201,
					  253, 254, 255, 256, 257, 258, 259, 100};

	return below(m->r, 200) ? ANY(m->r, depths) : 10001;
}

static unsigned deep_objects(struct maker *m)
{
	static const unsigned depths[] = {3,   10,  64,  100, 126, 127, 128, 129,
					  130, 150, 199, 200, 201, 256, 257, 100};

	return ANY(m->r, depths);
}

static void put_deep(struct maker *m)
{
	bool arrays = percent(m->r, 60);
	unsigned depth = arrays ? deep_arrays(m) : deep_objects(m);

	for (unsigned i = 0; i < depth; i++)
		put(m, arrays ? "[" : "{\"a\":");
	put(m, arrays ? "" : "1");
	for (unsigned i = 0; i < depth; i++)
		put(m, arrays ? "]" : "}");
}

static void put_any(struct maker *m)
{
	void (*const all[])(struct maker *) = {put_number,  put_string,  put_boolean, put_null,
					       put_numbers, put_strings, put_geo,     put_outer};

	if (percent(m->r, m->odd / 12))
		put_deep(m);
	else
		ANY(m->r, all)(m);
}

/* Now and then of another type. */
static void put_field(struct maker *m, const struct field *f)
{
	void (*const others[])(struct maker *) = {put_null,    put_null,  put_null,    put_boolean,
						  put_strings, put_geo,   put_numbers, put_string,
						  put_string,  put_number};

	if (!percent(m->r, m->odd / 4))
		f->put(m);
	else
		others[below(m->r, m->limits.numbers && f->number ? 7 : 10)](m);
}

static const struct field fields[] = {
	{"ts", put_number, true, 0},      {"user", put_string, false, 0},
	{"event", put_string, false, 0},  {"n", put_number, true, 0},
	{"m", put_number, true, 0},       {"s", put_string, false, 0},
	{"t", put_string, false, 0},      {"ms", put_number, true, 0},
	{"ok", put_boolean, false, 0},    {"date", put_date, false, 0},
	{"text", put_numeric, false, 0},  {"tags", put_strings, false, 0},
	{"geo", put_geo, false, 0},       {"o", put_outer, false, 0},
	{"x y", put_string, false, 0},    {"\xc3\xa9", put_string, false, 0},
	{"amount", put_number, true, 0},  {"id", put_number, true, 0},
	{"a", put_numbers, false, 0},     {"items", put_orders, false, 0},
	{"flag", put_boolean, false, 30}, {"none", put_null, false, 30},
	{"any", put_any, false, 60},      {"extra", put_any, false, 85},
	{"deep", put_any, false, 85},
};

static void put_record(struct maker *m)
{
	uint32_t dice = below(m->r, 100);

	if (dice < 92) {
		PUT_MEMBERS(m, fields, 10);
	} else if (dice < 99) {
		put_any(m);
	} else if (percent(m->r, 20)) {
		put_deep(m);
	}
}

/* --- Damage --- */

static void insert(struct maker *m, size_t at, size_t gone, struct slice bytes)
{
	struct buf text = BUF_INIT;

	if (gone > m->out->len - at)
		gone = m->out->len - at;
	buf_add(&text, m->out->data, at);
	buf_add(&text, bytes.ptr, bytes.len);
	buf_add(&text, m->out->data + at + gone, m->out->len - at - gone);
	buf_free(m->out);
	*m->out = text;
}

/* A byte that is changed may make another name of a name, another number of a number. */
static void damage(struct maker *m)
{
	static const char *const tails[] = {"}",    "]",     ",",  " 1", "{}", "x", "\xff",
					    "null", " null", "\"", "[",  "\r", " ", "\"\""};
	static const struct slice bits[] = {{",", 1},    {":", 1},    {"{", 1},    {"}", 1},
					    {"[", 1},    {"]", 1},    {"\"", 1},   {"\\", 1},
					    {"\0", 1},   {"\x01", 1}, {"\xff", 1}, {" ", 1},
					    {"\x0b", 1}, {"/", 1},    {"'", 1}};
	struct buf *out = m->out;
	size_t at = out->len ? below(m->r, (uint32_t)out->len) : 0;

	switch (below(m->r, m->limits.numbers || m->limits.times ? 4 : 6)) {
	case 0:
		insert(m, at, out->len, slice_of("", 0));
		break;
	case 1:
		put(m, ANY(m->r, tails));
		break;
	case 2:
		if (out->len)
			insert(m, out->len - 1, 0, slice_of(",", 1));
		break;
	case 3:
		insert(m, 0, 0, slice_of("\xef\xbb\xbf", 3));
		break;
	case 4:
		insert(m, at, 1, slice_of("", 0));
		break;
	default:
		insert(m, at, below(m->r, 2), ANY(m->r, bits));
	}
}

void record_make(struct buf *out, struct rng *r, struct limits limits)
{
	/* Most records are as records are. */
	struct maker m = {.out = out, .r = r, .limits = limits, .odd = percent(r, 50) ? 20 : 3};

	buf_reserve(out, 1024);
	m.blanks = percent(r, 15);
	blank(&m);
	put_record(&m);
	blank(&m);
	if (percent(r, 8))
		damage(&m);
}

/* --- Rows --- */

const struct slice differ_columns[COLUMNS] = {
	{"n", 1}, {"m", 1}, {"ms", 2},   {"amount", 6}, {"id", 2},   {"ts", 2},
	{"s", 1}, {"t", 1}, {"user", 4}, {"event", 5},  {"date", 4}, {"text", 4},
};

enum { NUMBER_COLUMNS = 6 };

void row_make(struct buf *out, struct rng *r, struct limits limits)
{
	static const char *const texts[] = {"",
					    "",
					    "a",
					    "view",
					    "\xc3\xa9",
					    "007",
					    " 5",
					    "1.0",
					    "-0",
					    "1e3",
					    "true",
					    "null",
					    "\"q\"",
					    "{}",
					    "\x01",
					    "12",
					    "2025-04-21T14:07:59Z",
					    "eu",
					    "U-1",
					    "\\n",
					    "NaN",
					    "longer, with blanks"};
	struct maker m = {.out = out, .r = r, .limits = limits};

	for (size_t i = 0; i < COLUMNS; i++) {
		bool number = i < NUMBER_COLUMNS && (limits.numbers || percent(r, 90));

		if (!number)
			put(&m, ANY(r, texts));
		else if (percent(r, 90))
			put(&m, percent(r, 90) ? ANY(r, numbers) : odd_number(&m));
		buf_add_char(out, '\0');
	}
}
