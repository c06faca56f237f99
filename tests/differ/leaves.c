/* Paths, literals and variables. */
#include "maker.h"

const struct jqvar differ_vars[] = {
	{"v", "it \"is\" \xc3\xa9\n", JQVAR_STRING},
	{"empty", "", JQVAR_STRING},
	{"n", "42", JQVAR_JSON},
	{"f", "1.50", JQVAR_JSON},
	{"t", "true", JQVAR_JSON},
	{"z", "null", JQVAR_JSON},
	{"big", "12345678901234567890", JQVAR_JSON},
};
const size_t differ_nvars = sizeof differ_vars / sizeof differ_vars[0];

/* Steps are divided by slashes; a digit is an index. */
static const char *const fields[TYPES][12] = {
	[NUMBER] = {"n", "m", "ms", "amount", "id", "ts", "geo/lat", "o/a", "o/b/c", "a/0",
		    "items/0/qty", "items/1/price"},
	[STRING] = {"s", "t", "user", "event", "date", "text", "x y", "\xc3\xa9", "geo/city",
		    "o/b/s", "tags/0", "items/0/sku"},
	[BOOLEAN] = {"ok", "flag", "ok", "flag", "ok", "flag", "o/ok", "ok", "none", "missing",
		     "o/b/none", "tags/9"},
	[ARRAY] = {"a", "tags", "items", "a", "tags", "items", "a", "tags", "items", "a", "tags",
		   "o/list"},
	[OBJECT] = {"geo", "o", "o/b", "items/0", "geo", "o", "o/b", "items/1", "geo", "o", "o/b",
		    "any"},
};
enum { FLAT_NUMBERS = 6, FLAT_STRINGS = 6 }; /* so many of them are columns */

static void quoted_name(struct maker *m, const char *name, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	unsigned char c = (unsigned char)name[0];

	put(m, "\"");
	if (c < 0x80 && percent(m->r, 10)) {
		put(m, "\\u00");
		buf_add_char(&m->p->text, digits[c >> 4]);
		buf_add_char(&m->p->text, digits[c & 15]);
		name++;
		len--;
	}
	buf_add(&m->p->text, name, len);
	put(m, "\"");
}

static bool is_plain_name(const char *name, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (name[i] == ' ' || (name[i] & 0x80))
			return false;
	return true;
}

static void step(struct maker *m, const char *name, size_t len, bool first)
{
	if (*name >= '0' && *name <= '9') {
		uses(m, USES_INDEX);
		put(m, first ? ".[" : "[");
		buf_add(&m->p->text, name, len);
		put(m, "]");
	} else if (is_plain_name(name, len) && percent(m->r, 80)) {
		put(m, ".");
		buf_add(&m->p->text, name, len);
	} else if (percent(m->r, 50)) {
		put(m, ".");
		quoted_name(m, name, len);
	} else {
		put(m, first ? ".[" : "[");
		quoted_name(m, name, len);
		put(m, "]");
	}
	if (percent(m->r, 12)) {
		uses(m, USES_TRY);
		put(m, "?");
	}
}

void put_literal(struct maker *m, enum type type)
{
	static const char *const numbers[] = {
		"0",    "1",    "2",   "3",    "10", "100", "0.1", "0.5",  "1.50",   "1e3",
		"1E+2", "1e-7", "3.0", "1000", ".5", "5.",  "007", "42.0", "123456", "1713712245",
	};
	static const char *const odd_numbers[] = {
		"1e1000",
		"12345678901234567890",
		"9007199254740993",
		"1e17",
		"1e-400",
		"123456789012345678",
		"0.1000000000000000055511151231257827",
		"100000000000000000000",
	};
	static const char *const strings[] = {
		"\"\"",           "\"a\"",
		"\"view\"",       "\"eu\"",
		"\"u-1001\"",     "\"\xc3\xa9\"",
		"\"\\u00e9\"",    "\"\\n\\t\"",
		"\"a\\\"b\\\\\"", "\"\\ud83d\\ude00\"",
		"\"\\/\"",        "\"Purchase\"",
		"\"\x7f\"",       "\"\\u0000\"",
		"\"12\"",         "\"longer than the others, with blanks\"",
	};
	static const char *const booleans[] = {"true", "false", "null", "true", "false"};

	uses(m, USES_LITERAL);
	switch (type) {
	case NUMBER:
		put(m, m->small || percent(m->r, 93) ? ANY(m->r, numbers) : ANY(m->r, odd_numbers));
		break;
	case STRING:
		put(m, ANY(m->r, strings));
		break;
	case BOOLEAN:
		put(m, ANY(m->r, booleans));
		break;
	case ARRAY:
		uses(m, USES_ARRAY);
		put(m, "[]");
		break;
	default:
		uses(m, USES_OBJECT);
		put(m, "{}");
	}
}

void put_path(struct maker *m, enum type type)
{
	const char *at = m->rows && type == NUMBER   ? fields[type][below(m->r, FLAT_NUMBERS)]
			 : m->rows && type == STRING ? fields[type][below(m->r, FLAT_STRINGS)]
						     : ANY(m->r, fields[type]);

	if (m->rows && type > STRING) {
		put_literal(m, type);
		return;
	}
	uses(m, USES_PATH);
	if (m->rows && percent(m->r, 50)) { /* a bare name is a column */
		put(m, at);
		return;
	}
	for (bool first = true; *at; first = false) {
		size_t len = strcspn(at, "/");

		step(m, at, len, first);
		at += len + (at[len] == '/');
	}
}

static void variable(struct maker *m, enum type type)
{
	static const char *const numbers[] = {"$n", "$f", "$n", "$f", "$big"};
	static const char *const strings[] = {"$v", "$v", "$empty"};
	static const char *const booleans[] = {"$t", "$z"};

	if (type > BOOLEAN || m->small) {
		put_literal(m, type);
		return;
	}
	uses(m, USES_VARIABLE);
	put(m, type == NUMBER   ? ANY(m->r, numbers)
	       : type == STRING ? ANY(m->r, strings)
				: ANY(m->r, booleans));
}

void put_leaf(struct maker *m, enum type type)
{
	uint32_t dice = below(m->r, 100);

	if (m->record && type == OBJECT && dice < 10) {
		uses(m, USES_DOT);
		put(m, ".");
	} else if (m->record && dice < 78) {
		put_path(m, type);
	} else if (!m->record && type == m->input && dice < 85) {
		uses(m, USES_DOT);
		put(m, ".");
	} else if (dice < 94) {
		put_literal(m, type);
	} else {
		variable(m, type);
	}
}
