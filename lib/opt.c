#include "opt.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diag.h"
#include "mem.h"
#include "num.h"
#include "when.h"

/* Help text starts here, after the options' names. */
enum { HELP_COLUMN = 29 };

static const struct opt standard[] = {
	{'h', "help", OPT_FLAG, 0, NULL, "print this help and exit", NULL},
	{'V', "version", OPT_FLAG, 1, NULL, "print the version and exit", NULL},
	{0},
};

struct parser {
	const struct tool *tool;
	const struct optgroup *groups;
	char **argv;
	int argc, at; /* the argument being looked at */
	bool help, version;
};

void strlist_add(struct strlist *l, const char *s)
{
	l->v = mem_grow(l->v, &l->cap, l->n + 1, sizeof *l->v);
	l->v[l->n++] = s;
}

void strlist_free(struct strlist *l)
{
	free(l->v);
	*l = (struct strlist){0};
}

static bool takes_arg(const struct opt *o)
{
	return o->type != OPT_FLAG && o->type != OPT_IGNORED;
}

static bool is_end(const struct opt *o)
{
	return !o->letter && !o->name;
}

/* --- help --- */

static void put_option(FILE *f, const struct opt *o)
{
	char left[80];
	int n;

	n = snprintf(left, sizeof left, "  %c%c%s%s%s", o->letter ? '-' : ' ',
		     o->letter ? o->letter : ' ',
		     o->letter && o->name ? ", "
		     : o->name            ? "  "
					  : "",
		     o->name ? "--" : "", o->name ? o->name : "");
	if (takes_arg(o))
		n += snprintf(left + n, sizeof left - (size_t)n, "%s%s",
			      o->name && o->type != OPT_PAIR ? "=" : " ", o->arg);
	if (n >= HELP_COLUMN)
		fprintf(f, "%s\n%*s%s\n", left, HELP_COLUMN + 1, "", o->help);
	else
		fprintf(f, "%-*s %s\n", HELP_COLUMN, left, o->help);
}

static void put_help(const struct parser *p)
{
	printf("Usage: %s %s\n%s\n", diag_name(), p->tool->usage, p->tool->summary);
	for (const struct optgroup *g = p->groups; g->opts; g++) {
		printf("\n%s:\n", g->title ? g->title : "Options");
		for (const struct opt *o = g->opts; !is_end(o); o++)
			put_option(stdout, o);
	}
	printf("\n");
	for (const struct opt *o = standard; !is_end(o); o++)
		put_option(stdout, o);
	if (p->tool->notes)
		printf("\n%s\n", p->tool->notes);
	printf("\nFull documentation: man %s\n", diag_name());
}

static _Noreturn void finish_stdout(void)
{
	if (fflush(stdout) != 0 || ferror(stdout))
		diag_die(EXIT_FAIL, "write error: %s", strerror(errno));
	exit(EXIT_OK);
}

/* --- finding an option --- */

static const struct opt *find_letter(const struct parser *p, char c, void **base)
{
	for (const struct optgroup *g = p->groups; g->opts; g++) {
		for (const struct opt *o = g->opts; !is_end(o); o++) {
			if (o->letter == c) {
				*base = g->base;
				return o;
			}
		}
	}
	for (const struct opt *o = standard; !is_end(o); o++) {
		if (o->letter == c)
			return o;
	}
	return NULL;
}

struct found {
	const struct opt *opt;
	void *base;
	int exact, partial;
};

static void match_names(const struct opt *o, void *base, struct slice name, struct found *f)
{
	for (; !is_end(o); o++) {
		if (!o->name || strncmp(o->name, name.ptr, name.len) != 0)
			continue;
		bool exact = strlen(o->name) == name.len;
		if (f->exact || (!exact && f->partial++ > 0))
			continue;
		f->opt = o;
		f->base = base;
		f->exact = exact;
	}
}

static const struct opt *find_name(const struct parser *p, struct slice name, void **base)
{
	struct found f = {0};

	for (const struct optgroup *g = p->groups; g->opts; g++)
		match_names(g->opts, g->base, name, &f);
	match_names(standard, NULL, name, &f);
	if (!f.exact && f.partial > 1)
		diag_usage("option '--%.*s' is ambiguous", (int)name.len, name.ptr);
	*base = f.base;
	return f.exact || f.partial == 1 ? f.opt : NULL;
}

/* --- storing a value --- */

static void option_name(const struct opt *o, char *out, size_t size)
{
	if (o->name)
		snprintf(out, size, "--%s", o->name);
	else
		snprintf(out, size, "-%c", o->letter);
}

static int choice(const struct opt *o, const char *name, const char *value)
{
	char all[256] = "";

	for (int i = 0; o->choices[i]; i++) {
		if (strcmp(o->choices[i], value) == 0)
			return i;
		size_t n = strlen(all);
		snprintf(all + n, sizeof all - n, "%s%s", i ? ", " : "", o->choices[i]);
	}
	diag_usage("%s: '%s' is none of %s", name, value, all);
}

static void store(struct parser *p, const struct opt *o, void *base, const char *value)
{
	char name[80];
	void *dest;

	if (!base) { /* -h or -V, told apart by the offset of their row */
		*(o->offset ? &p->version : &p->help) = true;
		return;
	}
	option_name(o, name, sizeof name);
	dest = (char *)base + o->offset;
	switch (o->type) {
	case OPT_FLAG:
		*(bool *)dest = true;
		break;
	case OPT_STRING:
		*(const char **)dest = value;
		break;
	case OPT_LIST:
	case OPT_PAIR:
		strlist_add(dest, value);
		break;
	case OPT_COUNT:
		if (!num_int64(value, dest) || *(int64_t *)dest < 0)
			diag_usage("%s: '%s' is not a count", name, value);
		break;
	case OPT_SIZE:
		if (!num_size(value, dest))
			diag_usage("%s: '%s' is not a size (like 4096, 64k, 1M)", name, value);
		break;
	case OPT_DURATION:
		if (!when_duration(value, dest) || *(int64_t *)dest < 0)
			diag_usage("%s: '%s' is not a duration (like 500ms, 5s, 1m30s, 2h, 1d)",
				   name, value);
		break;
	case OPT_CHOICE:
		*(int *)dest = choice(o, name, value);
		break;
	case OPT_IGNORED:
		break;
	}
}

static const char *next_arg(struct parser *p, const struct opt *o)
{
	char name[80];

	if (p->at + 1 >= p->argc) {
		option_name(o, name, sizeof name);
		diag_usage("%s needs an argument: %s", name, o->arg);
	}
	return p->argv[++p->at];
}

/* `attached`: the argument in the same word, or NULL. */
static void take(struct parser *p, const struct opt *o, void *base, const char *attached)
{
	if (!takes_arg(o)) {
		store(p, o, base, NULL);
		return;
	}
	store(p, o, base, attached ? attached : next_arg(p, o));
	if (o->type == OPT_PAIR)
		store(p, o, base, next_arg(p, o));
}

static void parse_long(struct parser *p, const char *word)
{
	const char *eq = strchr(word, '=');
	struct slice name = {word, eq ? (size_t)(eq - word) : strlen(word)};
	void *base = NULL;
	const struct opt *o = find_name(p, name, &base);

	if (!o)
		diag_usage("unknown option '--%.*s'", (int)name.len, name.ptr);
	if (eq && !takes_arg(o))
		diag_usage("option '--%s' takes no argument", o->name);
	take(p, o, base, eq ? eq + 1 : NULL);
}

static void parse_letters(struct parser *p, const char *word)
{
	for (const char *c = word; *c; c++) {
		void *base = NULL;
		const struct opt *o = find_letter(p, *c, &base);
		if (!o)
			diag_usage("unknown option '-%c'", *c);
		if (takes_arg(o)) {
			take(p, o, base, c[1] ? c + 1 : NULL);
			return;
		}
		take(p, o, base, NULL);
	}
}

static void check_operands(const struct tool *tool, size_t n)
{
	if (n < (size_t)(tool->min_operands > 0 ? tool->min_operands : 0))
		diag_usage("missing operand; usage: %s %s", diag_name(), tool->usage);
	if (tool->max_operands >= 0 && n > (size_t)tool->max_operands)
		diag_usage("too many operands; usage: %s %s", diag_name(), tool->usage);
}

void opt_parse(const struct tool *tool, const struct optgroup *groups, int argc, char **argv,
	       struct operands *operands)
{
	struct parser p = {.tool = tool, .groups = groups, .argv = argv, .argc = argc};
	bool only_operands = false;
	size_t n = 0;

	for (p.at = 1; p.at < argc; p.at++) {
		char *word = argv[p.at];
		if (only_operands || word[0] != '-' || !word[1])
			argv[n++] =
				word; /* n < at: argv[0] and what was read already give the room */
		else if (strcmp(word, "--") == 0)
			only_operands = true;
		else if (word[1] == '-')
			parse_long(&p, word + 2);
		else
			parse_letters(&p, word + 1);
	}
	if (p.help) {
		put_help(&p);
		finish_stdout();
	}
	if (p.version) {
		printf("%s (kpipe) %s\n", diag_name(), PACKAGE_VERSION);
		finish_stdout();
	}
	*operands = (struct operands){argv, n};
	check_operands(tool, n);
}
