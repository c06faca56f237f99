/*
 * admintool: what the tools have in common that look at a cluster and change it: their options, the
 * connection, their output and their end.
 */
#ifndef KPIPE_ADMINTOOL_H
#define KPIPE_ADMINTOOL_H

#include "kafka_admin.h"
#include "rows.h"

struct admintool {
	bool json, quiet;
	struct kafka_options kafka;
	struct kafka_admin *admin;
	struct buf err;
};

extern const struct opt admintool_opts[]; /* base: struct admintool; those of kafka are apart */

/* Reads the configuration and connects, or ends the process with the reason. */
void admintool_open(struct admintool *t);

/* What a function of kafka_admin gave: ends the process unless it is 0. */
void admintool_check(struct admintool *t, int rc);

/* One point in a partition, as kin's -o names it; a usage error when it is none. */
struct kafka_point admintool_point(const char *text);

/* To standard output. */
void admintool_print(const struct buf *text);
void admintool_print_rows(struct rows *r);

/* After a dry run: what would be done, unless quiet or n is 0. */
void admintool_dry_run(const struct admintool *t, size_t n, const char *thing, const char *done);

/* Closes, and gives the exit status; `shown`: how many things were shown. */
int admintool_close(struct admintool *t, size_t shown);

#endif
