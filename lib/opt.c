#include "opt.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diag.h"
#include "loop.h"
#include "mem.h"
#include "nearest.h"
#include "num.h"
#include "utf8.h"
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
	struct optgroup *both;         /* groups of the command and of the tool, once it is known */
	const struct command *command; /* NULL: none, or not known yet */
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

static const char *arg_joint(const struct opt *o)
{
	return o->name && o->type != OPT_PAIR && o->type != OPT_REST ? "=" : " ";
}

static void put_option(struct buf *out, const struct opt *o)
{
	size_t start = out->len, width;

	if (o->letter)
		buf_addf(out, "  -%c%s", o->letter, o->name ? ", " : "");
	else
		buf_add_str(out, "      ");
	if (o->name)
		buf_addf(out, "--%s", o->name);
	if (takes_arg(o))
		buf_addf(out, "%s%s", arg_joint(o), o->arg);
	width = out->len - start;
	if (width >= HELP_COLUMN) {
		buf_add_char(out, '\n');
		width = 0;
	}
	buf_addf(out, "%*s%s\n", (int)(HELP_COLUMN + 1 - width), "", o->help);
}

static void put_options(struct buf *out, const struct opt *o)
{
	for (; !is_end(o); o++)
		put_option(out, o);
}

static void put_commands(struct buf *out, const struct command *c)
{
	buf_add_str(out, "\nCommands:\n");
	for (; c->name; c++)
		buf_addf(out, "  %-*s%s\n", HELP_COLUMN - 1, c->name, c->tool.summary);
}

static void put_help(const struct parser *p, struct buf *out)
{
	buf_addf(out, "Usage: %s %s\n%s\n", diag_name(), p->tool->usage, p->tool->summary);
	if (p->tool->commands)
		put_commands(out, p->tool->commands);
	for (const struct optgroup *g = p->groups; g->opts; g++) {
		buf_addf(out, "\n%s:\n", g->title ? g->title : "Options");
		put_options(out, g->opts);
	}
	buf_add_char(out, '\n');
	put_options(out, standard);
	if (p->tool->notes)
		buf_addf(out, "\n%s\n", p->tool->notes);
	buf_addf(out, "\nFull documentation: man %s\n", diag_name());
}

static _Noreturn void print(struct buf *text)
{
	bool printed = fwrite(text->data, 1, text->len, stdout) == text->len && fflush(stdout) == 0;

	if (!printed && errno == EPIPE)
		loop_broken_pipe();
	if (!printed)
		diag_die(EXIT_FAIL, "write error: %s", strerror(errno));
	buf_free(text);
	exit(EXIT_OK);
}

/* --- what a message quotes --- */

/* Longer ones are cut, so that what is said about them is seen. */
enum { QUOTED_MAX = 60 };

struct quoted {
	char text[QUOTED_MAX + sizeof "..."];
};

static struct quoted quote(struct slice s)
{
	struct quoted q;
	bool cut = s.len > QUOTED_MAX;
	size_t len = cut ? QUOTED_MAX : s.len;

	/* Not in the middle of a character of UTF-8, which has at most 4 bytes. */
	while (cut && len > QUOTED_MAX - 3 && utf8_is_continuation(s.ptr[len]))
		len--;
	snprintf(q.text, sizeof q.text, "%.*s%s", (int)len, s.ptr, cut ? "..." : "");
	return q;
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

static void add_names(struct buf *list, const struct opt *o, struct slice name)
{
	for (; !is_end(o); o++) {
		if (o->name && strncmp(o->name, name.ptr, name.len) == 0)
			buf_addf(list, "%s--%s", list->len ? ", " : "", o->name);
	}
}

static _Noreturn void ambiguous(const struct parser *p, struct slice name)
{
	struct buf list = BUF_INIT;

	for (const struct optgroup *g = p->groups; g->opts; g++)
		add_names(&list, g->opts, name);
	add_names(&list, standard, name);
	diag_usage("option '--%s' is ambiguous: %s", quote(name).text, buf_str(&list));
}

static const struct opt *find_name(const struct parser *p, struct slice name, void **base)
{
	struct found f = {0};

	if (!name.len)
		return NULL;
	for (const struct optgroup *g = p->groups; g->opts; g++)
		match_names(g->opts, g->base, name, &f);
	match_names(standard, NULL, name, &f);
	if (!f.exact && f.partial > 1)
		ambiguous(p, name);
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
	struct buf all = BUF_INIT;

	for (int i = 0; o->choices[i]; i++) {
		if (strcmp(o->choices[i], value) == 0) {
			buf_free(&all);
			return i;
		}
		buf_addf(&all, "%s%s", i ? ", " : "", o->choices[i]);
	}
	diag_usage("%s: '%s' is none of %s", name, quote(slice_str(value)).text, buf_str(&all));
}

static int64_t duration(const char *name, const char *value, int64_t least)
{
	int64_t us;

	if (!when_duration(value, &us) || (us < 0 && least == 0))
		diag_usage("%s: '%s' is not a duration (like 500ms, 5s, 1m30s, 2h, 1d)", name,
			   quote(slice_str(value)).text);
	if (us > OPT_DURATION_MAX || us < least)
		diag_usage("%s: '%s' is more than 1000 years", name, quote(slice_str(value)).text);
	return us;
}

int64_t opt_duration(const char *option, struct slice text)
{
	char *s = mem_dup(text.ptr, text.len);
	int64_t us = duration(option, s, -OPT_DURATION_MAX);

	free(s);
	return us;
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
	case OPT_FILE:
		if (!*value)
			diag_usage("%s: the name of a file is empty", name);
		*(const char **)dest = value;
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
			diag_usage("%s: '%s' is not a count", name, quote(slice_str(value)).text);
		break;
	case OPT_SIZE:
		if (!num_size(value, dest))
			diag_usage("%s: '%s' is not a size (like 4096, 64k, 1M)", name,
				   quote(slice_str(value)).text);
		break;
	case OPT_DURATION:
		*(int64_t *)dest = duration(name, value, 0);
		break;
	case OPT_CHOICE:
		*(int *)dest = choice(o, name, value);
		break;
	case OPT_REST: /* see take_rest */
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

/* The words stay in argv, and so end in its NULL. */
static void take_rest(struct parser *p, const struct opt *o, void *base, const char *attached)
{
	struct operands *rest = (void *)((char *)base + o->offset);
	char name[80];

	option_name(o, name, sizeof name);
	if (attached)
		diag_usage("%s stands alone: %s %s", name, name, o->arg);
	next_arg(p, o);
	*rest = (struct operands){p->argv + p->at, (size_t)(p->argc - p->at)};
	p->at = p->argc;
}

/* `attached`: the argument in the same word, or NULL. */
static void take(struct parser *p, const struct opt *o, void *base, const char *attached)
{
	if (!takes_arg(o)) {
		store(p, o, base, NULL);
		return;
	}
	if (base && o->type == OPT_REST) { /* the standard options have no base */
		take_rest(p, o, base, attached);
		return;
	}
	if (base && o->type == OPT_PAIR && o->choices)
		store(p, o, base, o->choices[0]);
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
		diag_usage("unknown option '--%s'", quote(name.len ? name : slice_str(word)).text);
	if (eq && !takes_arg(o))
		diag_usage("option '--%s' takes no argument", o->name);
	take(p, o, base, eq ? eq + 1 : NULL);
}

/* The whole character that was typed, which need not be a letter of ASCII. */
static _Noreturn void unknown_letter(const char *c)
{
	size_t len = 1;

	while ((*c & 0x80) && utf8_is_continuation(c[len]))
		len++;
	diag_usage("unknown option '-%s'", quote(slice_of(c, len)).text);
}

static void parse_letters(struct parser *p, const char *word)
{
	for (const char *c = word; *c; c++) {
		void *base = NULL;
		const struct opt *o = find_letter(p, *c, &base);
		if (!o)
			unknown_letter(c);
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

/* --- commands --- */

static size_t count_groups(const struct optgroup *g)
{
	size_t n = 0;

	while (g[n].opts)
		n++;
	return n;
}

static _Noreturn void unknown_command(const struct command *commands, const char *word)
{
	struct nearest meant = nearest_to(word);
	struct buf all = BUF_INIT;

	for (const struct command *c = commands; c->name; c++) {
		nearest_try(&meant, c->name);
		buf_addf(&all, "%s%s", all.len ? ", " : "", c->name);
	}
	if (meant.word)
		diag_usage("unknown command '%s': did you mean '%s'?", quote(slice_str(word)).text,
			   meant.word);
	diag_usage("unknown command '%s': it is none of %s", quote(slice_str(word)).text,
		   buf_str(&all));
}

/* From here on the command's options are known, too. */
static void take_command(struct parser *p, const char *word)
{
	const struct command *c = p->tool->commands;
	size_t own, shared = count_groups(p->groups);

	while (c->name && strcmp(c->name, word) != 0)
		c++;
	if (!c->name)
		unknown_command(p->tool->commands, word);
	own = count_groups(c->groups);
	p->both = mem_zalloc(own + shared + 1, sizeof *p->both);
	memcpy(p->both, c->groups, own * sizeof *p->both);
	memcpy(p->both + own, p->groups, shared * sizeof *p->both);
	p->groups = p->both;
	p->tool = &c->tool;
	p->command = c;
}

/* --- the whole --- */

static void parse(struct parser *p, struct operands *operands)
{
	bool only_operands = false;
	size_t n = 0;

	for (p->at = 1; p->at < p->argc; p->at++) {
		char *word = p->argv[p->at];
		bool operand = only_operands || word[0] != '-' || !word[1];

		if (operand && p->tool->commands)
			take_command(p, word);
		else if (operand)
			p->argv[n++] = word; /* n < at: argv[0], and what was read, give the room */
		else if (strcmp(word, "--") == 0)
			only_operands = true;
		else if (word[1] == '-')
			parse_long(p, word + 2);
		else
			parse_letters(p, word + 1);
	}
	*operands = (struct operands){p->argv, n};
}

static void answer(const struct parser *p)
{
	struct buf text = BUF_INIT;

	if (p->help) {
		put_help(p, &text);
		print(&text);
	}
	if (p->version) {
		buf_addf(&text, "%s (kpipe) %s\n", diag_name(), PACKAGE_VERSION);
		print(&text);
	}
}

void opt_parse(const struct tool *tool, const struct optgroup *groups, int argc, char **argv,
	       struct operands *operands)
{
	struct parser p = {.tool = tool, .groups = groups, .argv = argv, .argc = argc};

	parse(&p, operands);
	answer(&p);
	check_operands(tool, operands->n);
}

const struct command *opt_parse_command(const struct tool *tool, const struct optgroup *groups,
					int argc, char **argv, struct operands *operands)
{
	struct parser p = {.tool = tool, .groups = groups, .argv = argv, .argc = argc};

	parse(&p, operands);
	answer(&p);
	if (!p.command)
		diag_usage("missing command; usage: %s %s", diag_name(), tool->usage);
	check_operands(p.tool, operands->n);
	free(p.both);
	return p.command;
}
