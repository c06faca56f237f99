#include "toolstate.h"

#include "diag.h"

#define OFF(field) offsetof(struct toolstate_conf, field)

const struct opt toolstate_opts[] = {
	{0, "state", OPT_FILE, OFF(dir), "DIR", "go on from what the last run left in DIR", NULL},
	{0, "reset", OPT_FLAG, OFF(reset), NULL, "with --state: begin anew", NULL},
	{0},
};

struct state *toolstate_open(const struct toolstate_conf *conf, struct slice options,
			     struct unpack *in)
{
	struct buf err = BUF_INIT;
	struct state *st;

	*in = (struct unpack){0};
	if (!conf->dir && conf->reset)
		diag_usage("--reset goes with --state");
	if (!conf->dir)
		return NULL;
	st = state_open(conf->dir, options, conf->reset, &err);
	if (!st)
		diag_die(EXIT_FAIL, "--state: %s", buf_str(&err));
	in->left = state_saved(st);
	return st;
}

void toolstate_damaged(const struct toolstate_conf *conf)
{
	diag_die(EXIT_FAIL, "--state: %s is damaged (--reset begins anew)", conf->dir);
}

int toolstate_save(struct state *st, struct slice bytes)
{
	struct buf err = BUF_INIT;
	int rc = state_save(st, bytes, &err);

	if (rc < 0)
		diag_warn("--state: %s", buf_str(&err));
	buf_free(&err);
	return rc < 0 ? EXIT_FAIL : EXIT_OK;
}
