#include "program.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "diag.h"
#include "json.h"
#include "mem.h"

#define OFF(field) offsetof(struct program_conf, field)

static const char *const engines[] = {
	[EXPR_AUTO] = "auto", [EXPR_NATIVE] = "native", [EXPR_JQ] = "jq", NULL};

/* Options that give a variable, as they stand in program_conf.vars. */
static const char *const arg[] = {"--arg", NULL}, *const argjson[] = {"--argjson", NULL},
			 *const slurpfile[] = {"--slurpfile", NULL},
			 *const rawfile[] = {"--rawfile", NULL};

const struct opt program_opts[] = {
	{'f', "from-file", OPT_FILE, OFF(from_file), "FILE", "read the program from FILE", NULL},
	{'L', "library-path", OPT_LIST, OFF(libraries), "DIR",
	 "look for modules in DIR (default ~/.jq)", NULL},
	{0, "arg", OPT_PAIR, OFF(vars), "NAME VALUE", "set $NAME to the string VALUE", arg},
	{0, "argjson", OPT_PAIR, OFF(vars), "NAME JSON", "set $NAME to the JSON text", argjson},
	{0, "slurpfile", OPT_PAIR, OFF(vars), "NAME FILE",
	 "set $NAME to the array of FILE's JSON texts", slurpfile},
	{0, "rawfile", OPT_PAIR, OFF(vars), "NAME FILE", "set $NAME to FILE's text, a string",
	 rawfile},
	{0, "engine", OPT_CHOICE, OFF(engine), "auto|native|jq",
	 "what runs the program (default auto)", engines},
	{'c', NULL, OPT_IGNORED, 0, NULL, "accepted for jq's sake: output is always compact", NULL},
	{0},
};

/* --- Files --- */

static void read_file(const char *path, struct buf *text)
{
	FILE *f = fopen(path, "re");
	size_t n;

	if (!f)
		diag_die(EXIT_USAGE, "%s: %s", path, strerror(errno));
	do {
		buf_reserve(text, BUFSIZ);
		n = fread(text->data + text->len, 1, BUFSIZ, f);
		text->len += n;
	} while (n);
	if (ferror(f))
		diag_die(EXIT_USAGE, "%s: %s", path, strerror(errno));
	fclose(f);
	text->data[text->len] = '\0';
}

static void read_text(const char *path, struct buf *text)
{
	read_file(path, text);
	if (memchr(text->data, '\0', text->len))
		diag_die(EXIT_USAGE, "%s: a NUL byte", path);
}

/*
 * A script that hands itself over: after a first line with #!, a comment that ends in a backslash hides
 * the line behind it from jq, for the shell to run. Versions of libjq do not agree on such comments.
 */
static const char *skip_shell_lines(const char *text)
{
	const char *line = text, *end;

	if (strncmp(text, "#!", 2) != 0)
		return text;
	line += strcspn(line, "\n");
	if (line[0] != '\n' || line[1] != '#')
		return text;
	end = line + 1 + strcspn(line + 1, "\n");
	if (end[-1] != '\\' || end[-2] == '\\' || !*end)
		return text;
	return end + 1 + strcspn(end + 1, "\n");
}

static char *program_text(const struct program_conf *conf, struct operands *operands)
{
	struct buf file = BUF_INIT;
	char *text;

	if (conf->from_file) {
		read_text(conf->from_file, &file);
		text = mem_strdup(skip_shell_lines(file.data));
		buf_free(&file);
		return text;
	}
	if (!operands->n)
		diag_usage("missing operand: a jq program");
	text = mem_strdup(operands->v[0]);
	operands->v++;
	operands->n--;
	return text;
}

/* --- What the program is given --- */

struct given {
	struct jqvar *v;
	size_t n, cap;
	char **texts; /* owned: what vars point to beside the command line */
	size_t ntexts, texts_cap;
};

static void give(struct given *g, enum jqvar_kind kind, const char *name, const char *text)
{
	g->v = mem_grow(g->v, &g->cap, g->n + 1, sizeof *g->v);
	g->v[g->n++] = (struct jqvar){.name = name, .text = text, .kind = kind};
}

/* As give; takes text. */
static void give_owned(struct given *g, enum jqvar_kind kind, const char *name, char *text)
{
	g->texts = mem_grow(g->texts, &g->texts_cap, g->ntexts + 1, sizeof *g->texts);
	g->texts[g->ntexts++] = text;
	give(g, kind, name, text);
}

static void give_string(struct given *g, const char *name, const char *value)
{
	give(g, JQVAR_STRING, name, value);
}

static void check_last(const struct given *g, const char *option, const char *name,
		       const char *file)
{
	struct buf err = BUF_INIT;

	if (!jqvar_check(&g->v[g->n - 1], &err))
		diag_die(EXIT_USAGE, "%s %s%s%s: %s", option, name, file ? " " : "",
			 file ? file : "", buf_str(&err));
}

static void give_json(struct given *g, const char *name, const char *value)
{
	give(g, JQVAR_JSON, name, value);
	check_last(g, argjson[0], name, NULL);
}

static void give_texts(struct given *g, const char *name, const char *file)
{
	struct buf text = BUF_INIT;

	read_text(file, &text);
	give_owned(g, JQVAR_TEXTS, name, text.data);
	check_last(g, slurpfile[0], name, file);
}

/* As JSON, for a NUL may be in it. */
static void give_raw(struct given *g, const char *name, const char *file)
{
	struct buf bytes = BUF_INIT, text = BUF_INIT;

	read_file(file, &bytes);
	json_put_string(&text, bytes.data, bytes.len);
	buf_free(&bytes);
	give_owned(g, JQVAR_JSON, name, text.data);
}

static void give_vars(struct given *g, const struct strlist *vars)
{
	static const struct {
		const char *option;
		void (*give)(struct given *g, const char *name, const char *value);
	} kinds[] = {{"--arg", give_string},
		     {"--argjson", give_json},
		     {"--slurpfile", give_texts},
		     {"--rawfile", give_raw}};

	for (size_t i = 0; i < vars->n; i += 3) {
		for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
			if (strcmp(vars->v[i], kinds[k].option) == 0)
				kinds[k].give(g, vars->v[i + 1], vars->v[i + 2]);
		}
	}
}

/*
 * A directory as jq takes it: ~/ is HOME, which libjq does not see (jqprog), and a relative one that is
 * there belongs to the working directory.
 */
static char *library(const char *dir)
{
	const char *home = getenv("HOME");
	struct buf path = BUF_INIT;
	char *real;

	if (strncmp(dir, "~/", 2) == 0 && home)
		buf_addf(&path, "%s/%s", home, dir + 2);
	else
		buf_add_str(&path, dir);
	real = realpath(buf_str(&path), NULL);
	if (!real)
		return path.data;
	buf_free(&path);
	return real;
}

/* A relative `search` of an import is below the directory that the program's file is in. */
static void give_origin(struct given *g, const char *file)
{
	char *real = realpath(file, NULL);

	if (!real)
		return;
	*strrchr(real, '/') = '\0';
	give_owned(g, JQVAR_ORIGIN, "", *real ? real : mem_strdup("/"));
	if (!*real)
		free(real);
}

static struct given given_to(const struct program_conf *conf)
{
	struct given g = {0};

	give_vars(&g, &conf->vars);
	for (size_t i = 0; i < conf->libraries.n; i++)
		give_owned(&g, JQVAR_LIBRARY, "", library(conf->libraries.v[i]));
	if (conf->from_file)
		give_origin(&g, conf->from_file);
	return g;
}

static void given_free(struct given *g)
{
	for (size_t i = 0; i < g->ntexts; i++)
		free(g->texts[i]);
	free(g->texts);
	free(g->v);
}

/* --- Programs --- */

struct exprset *program_compile(const struct program_conf *conf, enum expr_kind kind,
				struct operands *operands)
{
	char *text = program_text(conf, operands);
	struct given given = given_to(conf);
	struct expr_source src = {.text = text, .kind = kind};
	struct expr_conf ec = {
		.engine = (enum expr_engine)conf->engine, .vars = given.v, .nvars = given.n};
	struct buf err = BUF_INIT;
	struct exprset *set;

	set = exprset_new(&src, 1, &ec, &err);
	if (!set)
		diag_die(EXIT_USAGE, "%s", buf_str(&err));
	buf_free(&err);
	given_free(&given);
	free(text);
	return set;
}

void program_conf_free(struct program_conf *conf)
{
	strlist_free(&conf->vars);
	strlist_free(&conf->libraries);
}

struct program_worker *program_worker_new(void *tool, struct exprset *set)
{
	struct program_worker *w = mem_zalloc(1, sizeof *w);

	w->tool = tool;
	w->ev = expreval_new(set);
	return w;
}

void program_worker_free(void *worker)
{
	struct program_worker *w = worker;

	expreval_free(w->ev);
	buf_free(&w->err);
	free(w);
}
