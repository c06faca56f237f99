#include "program.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "diag.h"
#include "mem.h"

#define OFF(field) offsetof(struct program_conf, field)

static const char *const engines[] = {
	[EXPR_AUTO] = "auto", [EXPR_NATIVE] = "native", [EXPR_JQ] = "jq", NULL};

const struct opt program_opts[] = {
	{'f', "from-file", OPT_FILE, OFF(from_file), "FILE", "read the program from FILE", NULL},
	{0, "arg", OPT_PAIR, OFF(args), "NAME VALUE", "set $NAME to the string VALUE", NULL},
	{0, "argjson", OPT_PAIR, OFF(json_args), "NAME JSON", "set $NAME to the JSON text", NULL},
	{0, "engine", OPT_CHOICE, OFF(engine), "auto|native|jq",
	 "what runs the program (default auto)", engines},
	{'c', NULL, OPT_IGNORED, 0, NULL, "accepted for jq's sake: output is always compact", NULL},
	{0},
};

static char *read_file(const char *path)
{
	struct buf text = BUF_INIT;
	FILE *f = fopen(path, "re");
	size_t n;

	if (!f)
		diag_die(EXIT_USAGE, "%s: %s", path, strerror(errno));
	do {
		buf_reserve(&text, BUFSIZ);
		n = fread(text.data + text.len, 1, BUFSIZ, f);
		text.len += n;
	} while (n);
	if (ferror(f))
		diag_die(EXIT_USAGE, "%s: %s", path, strerror(errno));
	fclose(f);
	text.data[text.len] = '\0';
	return text.data;
}

static char *program_text(const struct program_conf *conf, struct operands *operands)
{
	char *first;

	if (conf->from_file)
		return read_file(conf->from_file);
	if (!operands->n)
		diag_usage("missing operand: a jq program");
	first = mem_strdup(operands->v[0]);
	operands->v++;
	operands->n--;
	return first;
}

static size_t add_vars(struct jqvar *vars, size_t n, const struct strlist *pairs, bool json)
{
	for (size_t i = 0; i + 1 < pairs->n; i += 2) {
		vars[n].name = pairs->v[i];
		vars[n].text = pairs->v[i + 1];
		vars[n++].kind = json ? JQVAR_JSON : JQVAR_STRING;
	}
	return n;
}

struct exprset *program_compile(const struct program_conf *conf, enum expr_kind kind,
				struct operands *operands)
{
	char *text = program_text(conf, operands);
	struct jqvar *vars = mem_zalloc(conf->args.n + conf->json_args.n, sizeof *vars);
	struct expr_source src = {.text = text, .kind = kind};
	struct expr_conf ec = {.engine = (enum expr_engine)conf->engine, .vars = vars};
	struct buf err = BUF_INIT;
	struct exprset *set;

	ec.nvars = add_vars(vars, 0, &conf->args, false);
	ec.nvars = add_vars(vars, ec.nvars, &conf->json_args, true);
	set = exprset_new(&src, 1, &ec, &err);
	if (!set)
		diag_die(EXIT_USAGE, "%s", buf_str(&err));
	buf_free(&err);
	free(vars);
	free(text);
	return set;
}

void program_conf_free(struct program_conf *conf)
{
	strlist_free(&conf->args);
	strlist_free(&conf->json_args);
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
