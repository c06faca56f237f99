/*
 * toolstate: --state DIR and --reset, as every tool that has them takes them: see state.h. What goes wrong is said under
 * that option's name.
 */
#ifndef KPIPE_TOOLSTATE_H
#define KPIPE_TOOLSTATE_H

#include "opt.h"
#include "pack.h"
#include "state.h"

struct toolstate_conf {
	const char *dir; /* NULL: no --state */
	bool reset;
};

extern const struct opt toolstate_opts[]; /* base: struct toolstate_conf */

/*
 * `options`: what the state depends on, as text. NULL without --state. *in: what the last run saved, with nothing left when
 * it saved nothing; valid until state_free. Ends the process when there is no going on from what is there.
 */
struct state *toolstate_open(const struct toolstate_conf *conf, struct slice options,
			     struct unpack *in);

/* What *in held is not what it should be: ends the process. */
_Noreturn void toolstate_damaged(const struct toolstate_conf *conf);

/* Once all is written. An exit status, after a message when it is not EXIT_OK. */
int toolstate_save(struct state *st, struct slice bytes);

#endif
