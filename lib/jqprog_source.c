#include "jqprog_priv.h"

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_';
}

bool jqsource_mentions(const char *src, const char *word)
{
	for (const char *p = src; (p = strstr(p, word)); p++) {
		bool begins = p == src || (!is_word(p[-1]) && p[-1] != '.');
		if (begins && !is_word(p[strlen(word)]))
			return true;
	}
	return false;
}

/* --- Directives: module {...}; import "x" as x; include "x"; --- */

static const char *skip_blank(const char *p)
{
	for (;;) {
		p += strspn(p, " \t\r\n");
		if (*p != '#')
			return p;
		p += strcspn(p, "\n");
	}
}

/* Behind the closing quote of the string that begins at p, or at the end. */
static const char *skip_string(const char *p)
{
	for (p++; *p && *p != '"'; p++) {
		if (*p == '\\' && p[1])
			p++;
	}
	return *p ? p + 1 : p;
}

static const char *skip_directive(const char *p)
{
	while (*p && *p != ';') {
		if (*p == '"')
			p = skip_string(p);
		else if (*p == '#')
			p = skip_blank(p);
		else
			p++;
	}
	return *p ? p + 1 : p;
}

static bool is_at(const char *p, const char *word)
{
	size_t n = strlen(word);

	return strncmp(p, word, n) == 0 && !is_word(p[n]);
}

/* Behind the last directive; they come before everything else. */
static const char *skip_directives(const char *src)
{
	for (const char *p = src;; src = p) {
		p = skip_blank(p);
		if (!is_at(p, "module") && !is_at(p, "import") && !is_at(p, "include"))
			return src;
		p = skip_directive(p);
	}
}

/* --- Definitions --- */

/*
 * A definition that nobody refers to is dropped before its body is looked at. So these are errors
 * exactly where the program means libjq's own function.
 */
#define REFUSED "$__kpipe_no_"

static const struct {
	const char *name, *why;
} refused[] = {
	{"input", "input and inputs are not available: each record is run by itself"},
	{"inputs", "input and inputs are not available: each record is run by itself"},
	{"input_line_number", "input_line_number is not available: each record is run by itself"},
	{"input_filename", "input_filename is not available: each record is run by itself"},
};

enum { REFUSALS = sizeof refused / sizeof refused[0] };

/* The words quote the program, and with it our definitions. */
const char *jqsource_refusal(const char *words)
{
	struct buf complaint = BUF_INIT;
	const char *why = NULL;

	for (size_t i = 0; i < REFUSALS && !why; i++) {
		buf_setf(&complaint, REFUSED "%s is not defined", refused[i].name);
		if (strstr(words, complaint.data))
			why = refused[i].why;
	}
	buf_free(&complaint);
	return why;
}

/* What goes before a program that mentions the word. */
struct mend {
	const char *word, *text;
};

#ifdef HAVE_JQ_SET_STDERR_CB
static const struct mend mends[] = {{0}};
#else
/*
 * libjq 1.6. A time out of range and a format that is no string are failed assertions; looking for an empty
 * string takes all memory; stderr writes in pieces, among those of other threads.
 */
#define FORMATTER(name, time)                                                                      \
	"def __kpipe_" name "(f): " name "(f); def " name "(f): f as $f | "                        \
	"if ($f | type) != \"string\" then error(\"" name "/1 requires a string format\") "        \
	"elif type == \"number\" then " time " | __kpipe_" name "($f) "                            \
	"else __kpipe_" name "($f) end; "
#define STRFTIME FORMATTER("strftime", "gmtime")
#define TODATE   STRFTIME "def todateiso8601: strftime(\"%Y-%m-%dT%H:%M:%SZ\"); "

#define FINDER(name, none)                                                                         \
	"def __kpipe_" name "(x): " name "(x); def " name "(x): x as $x | "                        \
	"if $x == \"\" and type == \"string\" then " none " else __kpipe_" name "($x) end; "

static const struct mend mends[] = {
	{"index", FINDER("index", "null")},
	{"rindex", FINDER("rindex", "null")},
	{"indices", FINDER("indices", "[]")},
	{"strftime", STRFTIME},
	{"strflocaltime", FORMATTER("strflocaltime", "localtime")},
	{"todateiso8601", TODATE},
	{"todate", TODATE "def todate: todateiso8601; "},
	{"date", TODATE "def date: todateiso8601; "},
	{"stderr", "def stderr: . as $v | [$__kpipe_stderr, $v] | debug | $v; "},
	{0},
};
#endif

void jqsource_prepare(struct buf *out, const char *src, const char *more)
{
	const char *at = skip_directives(src);

	buf_add(out, src, (size_t)(at - src));
	for (size_t i = 0; i < REFUSALS; i++)
		buf_addf(out, "def %s: " REFUSED "%s; ", refused[i].name, refused[i].name);
	for (const struct mend *m = mends; m->word; m++) {
		if (jqsource_mentions(at, m->word))
			buf_add_str(out, m->text);
	}
	buf_add_str(out, more);
	buf_add_str(out, at);
}
