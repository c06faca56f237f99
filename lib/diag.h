/*
 * diag: messages and exit codes.
 *
 * A message is one line on standard error, "tool: text", written with one
 * write(2) so that the tools of a pipeline do not mix theirs. Control characters
 * in it, and bytes that are not UTF-8, are shown escaped (\n, \t, \xNN), so no
 * input can forge a line or a terminal sequence. Only this module ends the
 * process on an error.
 */
#ifndef KPIPE_DIAG_H
#define KPIPE_DIAG_H

#include <stdbool.h>

/* The exit status of every tool. A status of 128+n means signal n cut work short. */
enum exit_code {
	EXIT_OK = 0,      /* done: everything written and delivered */
	EXIT_FAIL = 1,    /* something failed */
	EXIT_USAGE = 2,   /* wrong usage or program */
	EXIT_BROKER = 3,  /* no broker reached, or not authorised */
	EXIT_SHORT = 4,   /* -c N was asked for, fewer came */
	EXIT_AGAIN = 75,  /* try again from the last commit */
	EXIT_FENCED = 76, /* another instance took over */
};

/* Takes the program's name from argv[0] (its last path component). Call first in main. */
void diag_init(const char *argv0);

/* The name given to diag_init. */
const char *diag_name(void);

/* Prints "tool: " and the formatted text as one line on standard error. */
void diag_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * "tool: text" as the state of things. On a terminal it stays without a line end until the next one
 * takes its place; any message removes it first. Of the main thread only.
 */
void diag_status(const char *text, bool terminal);

/* The last diag_status of a terminal gets its line end, or goes. */
void diag_status_end(bool keep);

/* diag_warn, then exit with `code`. Output still buffered by a caller is lost: flush before. */
_Noreturn void diag_die(int code, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* A wrong command line: the message, "(try 'tool --help')", exit EXIT_USAGE. */
_Noreturn void diag_usage(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
