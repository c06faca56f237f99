/*
 * opt: one table of options serves parsing, --help, and completion, which is made from --help.
 *
 * GNU rules: options and operands in any order, -abc for -a -b -c, -ofile and -o file, --name=value
 * and --name value, unique abbreviations of long names, "--" ends options, "-" is an operand. -h
 * --help and -V --version are understood everywhere. A mistake is one line on standard error and
 * EXIT_USAGE. Nothing of the environment changes any of this.
 */
#ifndef KPIPE_OPT_H
#define KPIPE_OPT_H

#include <stddef.h>
#include <stdint.h>

#include "buf.h"

struct strlist {
	const char **v;
	size_t n, cap;
};

void strlist_add(struct strlist *l, const char *s); /* s is not copied */
void strlist_free(struct strlist *l);

enum opt_type {
	OPT_FLAG,     /* bool: true */
	OPT_STRING,   /* const char * */
	OPT_FILE,     /* const char *, not empty */
	OPT_LIST,     /* struct strlist: each use adds one */
	OPT_COUNT,    /* int64_t >= 0 */
	OPT_SIZE,     /* uint64_t bytes, num_size */
	OPT_DURATION, /* int64_t microseconds, 0 to OPT_DURATION_MAX, when_duration */
	OPT_CHOICE,   /* int: index into choices */
	OPT_PAIR, /* struct strlist: two arguments, added one after the other (--arg NAME VALUE); before
		     them choices[0], if there is any, so that options may share a list in order */
	OPT_REST,    /* struct operands: all words behind it, at least one (--exec CMD [ARG...]) */
	OPT_IGNORED, /* taken for compatibility, no effect */
};

/* 1000 years: no sum of it with another or with a time of our era overflows. */
#define OPT_DURATION_MAX (INT64_C(1000) * 365 * 24 * 3600 * 1000000)

struct opt {
	char letter;      /* 0: none */
	const char *name; /* long name, NULL: none */
	enum opt_type type;
	size_t offset;    /* of the destination in the group's base struct */
	const char *arg;  /* its argument, for help; "NAME VALUE" for a pair. Completion knows FILE,
			     DIR and CMD, and the words in small letters of "fail|skip|FILE" */
	const char *help; /* one line */
	const char *const *choices; /* OPT_CHOICE: NULL-terminated; OPT_PAIR: see there */
};

/* Options that come together, ended by a row without letter and name; `base` is the struct they
 * fill. */
struct optgroup {
	const char *title; /* for help, NULL: "Options" */
	const struct opt *opts;
	void *base;
};

struct tool {
	const char *usage;              /* operands: "[OPTIONS] PROGRAM [FILE...]" */
	const char *summary;            /* one sentence */
	const char *notes;              /* more text for help, may be NULL */
	int min_operands, max_operands; /* -1: any number */
	/* The tool is one of several commands, of which its first operand names one; else NULL. Ended by
	 * a row without a name. The other operands are the command's. */
	const struct command *commands;
};

struct operands {
	char **v;
	size_t n;
};

/* One of the things that a tool does: "ktopic create ...". */
struct command {
	const char *name;
	struct tool tool; /* its usage begins with the name */
	/* Options that it has besides those of the tool; ended by a row with opts NULL. */
	const struct optgroup *groups;
	int (*run)(const struct operands *operands); /* gives the exit status */
};

/*
 * Parses argv by the groups (ended by one with opts NULL). --help prints to standard output and
 * exits 0 (1 when that fails), as does --version. *operands points into argv, which is permuted.
 */
void opt_parse(const struct tool *tool, const struct optgroup *groups, int argc, char **argv,
	       struct operands *operands);

/*
 * The same for a tool of commands: the groups are what all of them take, also before the command's
 * name. `operands` are those behind it. --help tells of the tool, or of the command that is named.
 */
const struct command *opt_parse_command(const struct tool *tool, const struct optgroup *groups,
					int argc, char **argv, struct operands *operands);


/* A duration within the argument of `option`, which may be negative; a mistake ends the process. */
int64_t opt_duration(const char *option, struct slice text);

#endif
