/*
 * The libjq that is linked, by itself: what its version makes of a program, where versions differ.
 * As kpipe promises, TZ is UTC and $HOME/.jq is not loaded.
 */
#ifndef KPIPE_TESTS_LIBJQ_H
#define KPIPE_TESTS_LIBJQ_H

#include <jq.h>
#include <stdlib.h>

#include "buf.h"
#include "mem.h"

struct libjq {
	jq_state *jq;
	struct buf complaint; /* the first line of it, when the program is not taken */
	char *home, *tz;
};

static inline void libjq_complained(void *data, jv msg)
{
	static const char prefix[] = "jq: error: ";
	struct buf *out = data;
	const char *s = jv_string_value(msg);

	if (!out->len && strncmp(s, prefix, sizeof prefix - 1) == 0)
		buf_add(out, s + sizeof prefix - 1, strcspn(s, "\n") - (sizeof prefix - 1));
	jv_free(msg);
}

static inline bool libjq_open(struct libjq *l, const char *program)
{
	l->home = mem_strdup(getenv("HOME"));
	l->tz = mem_strdup(getenv("TZ"));
	l->complaint = (struct buf)BUF_INIT;
	unsetenv("HOME");
	setenv("TZ", "UTC", 1);
	l->jq = jq_init();
	jq_set_error_cb(l->jq, libjq_complained, &l->complaint);
	return jq_compile(l->jq, program) != 0;
}

static inline void libjq_close(struct libjq *l)
{
	jq_teardown(&l->jq);
	buf_free(&l->complaint);
	setenv("HOME", l->home, 1);
	setenv("TZ", l->tz, 1);
	free(l->home);
	free(l->tz);
}

/* Appends the results for one JSON text, as jq -c prints them, `end` behind each. */
static inline void libjq_run(struct libjq *l, const char *text, const char *end, struct buf *out)
{
	jv v;

	jq_start(l->jq, jv_parse(text), 0);
	while (jv_is_valid(v = jq_next(l->jq))) {
		jv printed = jv_dump_string(v, 0);
		buf_addf(out, "%s%s", jv_string_value(printed), end);
		jv_free(printed);
	}
	jv_free(v);
}

#endif
