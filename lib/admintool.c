#include "admintool.h"

#include <unistd.h>

#include "diag.h"
#include "lineio.h"
#include "loop.h"

#define OFF(field) offsetof(struct admintool, field)

const struct opt admintool_opts[] = {
	{'J', "envelope", OPT_FLAG, OFF(json), NULL, "print JSON, an object a line", NULL},
	{0, "json", OPT_FLAG, OFF(json), NULL, "the same", NULL},
	{'q', "quiet", OPT_FLAG, OFF(quiet), NULL, "say only what fails", NULL},
	{0},
};

static void say_failed(const char *what, const char *why)
{
	diag_warn("%s: %s", what, why);
}

void admintool_open(struct admintool *t)
{
	struct kafka_conf *conf = kafka_conf_load(&t->kafka, &t->err);
	int rc;

	if (!conf)
		diag_die(EXIT_USAGE, "%s", buf_str(&t->err));
	rc = kafka_admin_open(&t->admin, conf, say_failed, &t->err);
	kafka_conf_free(conf);
	admintool_check(t, rc);
}

void admintool_check(struct admintool *t, int rc)
{
	if (rc > 128)
		loop_exit_signal(rc - 128);
	if (rc)
		diag_die(rc, "%s", buf_str(&t->err));
}

struct kafka_point admintool_point(const char *text)
{
	struct kafka_range range = {0};
	struct buf err = BUF_INIT;

	if (kafka_range_parse(&range, text, loop_wall(), &err) < 0)
		diag_usage("%s", buf_str(&err));
	if (!range.has_from || range.has_to || range.from.place == KAFKA_STORED)
		diag_usage("-o: '%s' is not one offset (beginning, end, N, -N, +N, @TIME)", text);
	return range.from;
}

void admintool_print(const struct buf *text)
{
	struct writer *w = writer_fd(STDOUT_FILENO, "stdout");

	writer_add(w, text->data, text->len);
	writer_close(w);
}

void admintool_print_rows(struct rows *r)
{
	struct buf out = BUF_INIT;

	rows_put(r, &out);
	admintool_print(&out);
	buf_free(&out);
	rows_free(r);
}

void admintool_dry_run(const struct admintool *t, size_t n, const char *thing, const char *done)
{
	if (n && !t->quiet)
		diag_warn("dry run: %zu %s%s would be %s; with -y that is done", n, thing,
			  n == 1 ? "" : "s", done);
}

int admintool_close(struct admintool *t, size_t shown)
{
	int status = kafka_admin_status(t->admin, shown);

	kafka_admin_close(t->admin);
	strlist_free(&t->kafka.set);
	buf_free(&t->err);
	return status;
}
