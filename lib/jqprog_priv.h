/* jqprog_priv: what the parts of jqprog share (values, the program's text, the environment). */
#ifndef KPIPE_JQPROG_PRIV_H
#define KPIPE_JQPROG_PRIV_H

/* It defines a static function, which not every file uses. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#include <jq.h>
#pragma GCC diagnostic pop

#include "jqprog.h"

/* --- Documents and values (jqprog_doc.c) --- */

struct jqdoc {
	jv value;
	size_t depth_max; /* deeper texts do not fit the stack */
};

/*
 * FORM_KEY: members sorted, numbers by value; for keys of groups. FORM_KEPT: what is not finite is
 * told apart.
 */
enum jq_form { FORM_PRINT, FORM_KEY, FORM_KEPT };

/* What jv_dump_string gives, or the like. Consumes v. */
void jqvalue_put(struct buf *out, jv v, enum jq_form form);

/* False when v is no decimal of 128 bits. */
bool jqvalue_exact(jv v, struct dec *d);

bool jqvalue_has_message(jv v);

/* Takes the message out of an invalid value; one that is no string is shown as JSON. Consumes v. */
void jqvalue_take_message(jv v, struct buf *out);

/* As a message shows it: a string's bytes, anything else as JSON. Consumes v. */
void jqvalue_show(struct buf *out, jv v);

/* libjq would abort. It keeps this for each thread, and a program sets its own when it runs. */
void jqprog_no_memory(void *data);

/* --- The program as it is given to libjq (jqprog_source.c) --- */

/* Is the word there, as a name and not as a field? In a comment or a string it counts, too. */
bool jqsource_mentions(const char *src, const char *word);

/*
 * src with definitions before it, on its first line: what is not available there is not defined, what
 * this libjq does wrongly is mended. `more`: others.
 */
void jqsource_prepare(struct buf *out, const char *src, const char *more);

/* Which of what is not available these words of libjq complain of, as a reason; NULL: of none. */
const char *jqsource_refusal(const char *words);

/* --- The environment (jqprog_env.c) --- */

/*
 * libjq loads $HOME/.jq when it compiles, which may redefine anything, and keeps local time by TZ,
 * wrongly so in zones with summer time (1.6). So TZ is UTC, and HOME is away while a program is
 * compiled. Threads compile while others run programs, which may look into the environment too:
 * hence a lock, held for writing by who changes it.
 */
char *jqenv_begin_compiling(void); /* what HOME was, NULL: nothing; for the next */
void jqenv_end_compiling(char *home);
void jqenv_begin_running(void);
void jqenv_end_running(void);

/* The environment as the process was given it, as an object; while compiling. */
jv jqenv_object(const char *home);

/* --- A libjq that gives up (jqprog_guard.c) --- */

/*
 * jq_next and jq_compile_args, where a failed assertion or a fault ends them and not the process. False:
 * so it was; the state is then good for nothing, not even for being freed.
 */
bool jqguard_next(jq_state *jq, jv *result);
bool jqguard_compile(jq_state *jq, const char *src, jv vars, bool *compiled);

#endif
