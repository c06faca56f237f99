#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "diag.h"
#include "filter_priv.h"
#include "json.h"
#include "loop.h"
#include "utf8.h"

bool filter_collects_bad(const struct filter_conf *conf)
{
	return strcmp(conf->bad, "fail") != 0 && strcmp(conf->bad, "skip") != 0;
}

/* A named pipe is opened when its other end is, unless a signal comes first. */
static struct writer *open_append(const char *path)
{
	struct buf err = BUF_INIT;
	struct writer *w;

	do {
		w = writer_append(path, &err);
	} while (!w && errno == EINTR && !loop_signal());
	if (!w && loop_signal())
		loop_exit_signal(loop_signal());
	if (!w)
		diag_die(EXIT_FAIL, "%s", buf_str(&err));
	buf_free(&err);
	return w;
}

static bool writes_file(const struct writer *w, const char *path)
{
	struct stat st;
	bool is, regular = path && stat(path, &st) == 0 && S_ISREG(st.st_mode);
	int fd = regular ? open(path, O_RDONLY | O_CLOEXEC) : -1;

	if (fd < 0)
		return false;
	is = writer_same_file(w, fd);
	close(fd);
	return is;
}

/* Two that write one file would leave neither's records whole there, or none when it is renamed over. */
static void check_output(const struct filter_tool *tool, const char *option, const char *path,
			 const struct writer *w)
{
	bool printed = !tool->no_stdout && !tool->output && writer_same_file(w, STDOUT_FILENO);

	if (printed || writes_file(w, tool->output))
		diag_usage("%s: %s is the output, too", option, path);
}

/* Who writes - means an output that is open; a file of that name would be made unseen. */
static void check_name(const char *option, const char *path)
{
	if (strcmp(path, "-") == 0)
		diag_usage("%s: '-' is not a file name; use ./- or /dev/stderr", option);
}

static void open_outputs(struct report *rp, const struct filter_tool *tool)
{
	const struct filter_conf *conf = rp->conf;

	if (filter_collects_bad(conf)) {
		check_name("--bad", conf->bad);
		rp->bad = open_append(conf->bad);
		check_output(tool, "--bad", conf->bad, rp->bad);
	}
	if (conf->late) {
		check_name("--late", conf->late);
		rp->late = open_append(conf->late);
		check_output(tool, "--late", conf->late, rp->late);
	}
	if (rp->bad && rp->late && writer_same_file(rp->bad, writer_descriptor(rp->late)))
		diag_usage("--bad and --late are one file: %s", conf->late);
}

/* Bytes that an input holds from where it stands, or -1. */
static double bytes_of(const char *file)
{
	bool standard = strcmp(file, "-") == 0;
	off_t at = standard ? lseek(STDIN_FILENO, 0, SEEK_CUR) : 0;
	struct stat st;

	if ((standard ? fstat(STDIN_FILENO, &st) : stat(file, &st)) < 0 || !S_ISREG(st.st_mode) ||
	    at < 0)
		return -1;
	return at < st.st_size ? (double)(st.st_size - at) : 0;
}

/* 0: not known */
static double total_bytes(struct operands files, const char *beside)
{
	double sum = 0, n;

	for (size_t i = 0; i < (files.n ? files.n : 1); i++) {
		n = bytes_of(files.n ? files.v[i] : "-");
		if (n < 0)
			return 0;
		sum += n;
	}
	if (!beside)
		return sum;
	n = bytes_of(beside);
	return n < 0 ? 0 : sum + n;
}

void report_open(struct report *rp, const struct filter_tool *tool, const struct filter_conf *conf,
		 struct operands files)
{
	*rp = (struct report){.conf = conf, .start = loop_now()};
	open_outputs(rp, tool);
	rp->total = total_bytes(files, tool->beside);
	progress_open(&rp->progress, conf->progress, conf->quiet, rp->total <= 0, rp->start);
}

static void put_bad(struct report *rp, const char *source, uint64_t line, struct slice input,
		    const char *reason)
{
	struct buf b = BUF_INIT;

	buf_add_str(&b, "{\"error\":");
	json_put_string(&b, reason, strlen(reason));
	buf_add_str(&b, ",\"source\":");
	json_put_string(&b, source, strlen(source));
	buf_addf(&b, ",\"line\":%llu,", (unsigned long long)line);
	if (utf8_valid(input.ptr, input.len)) {
		buf_add_str(&b, "\"input\":");
		json_put_string(&b, input.ptr, input.len);
	} else {
		buf_add_str(&b, "\"input_base64\":\"");
		base64_put(&b, input.ptr, input.len);
		buf_add_char(&b, '"');
	}
	buf_add_str(&b, "}\n");
	writer_add(rp->bad, b.data, b.len);
	buf_free(&b);
}

bool report_result(struct report *rp, const struct block *blk, const struct result *res)
{
	rp->in += res->in;
	rp->nlate += res->late;
	rp->native += res->native;
	rp->nbad += res->nbad;
	if (rp->late)
		writer_add(rp->late, res->late_records.data, res->late_records.len);
	for (size_t i = 0; i < res->nbad; i++) {
		const struct bad_record *b = &res->bad[i];
		const char *reason = res->reasons.data + b->reason;
		uint64_t line = blk->line + b->line;
		if (rp->bad) {
			put_bad(rp, blk->name, line, slice_of(blk->buf.data + b->start, b->len),
				reason);
		} else if (strcmp(rp->conf->bad, "fail") == 0) {
			diag_warn("%s:%llu: %s", blk->name, (unsigned long long)line, reason);
			return false;
		}
	}
	return true;
}

void report_belated(struct report *rp, const struct filter_tool *tool, void *ctx)
{
	struct belated b;

	while (rp->bad && tool->belated && tool->belated(ctx, &b))
		put_bad(rp, b.source, b.line, b.record, b.reason);
}

void report_flush(struct report *rp)
{
	if (rp->bad)
		writer_flush(rp->bad);
	if (rp->late)
		writer_flush(rp->late);
}

static double seconds(const struct report *rp)
{
	return (double)(loop_now() - rp->start) / 1e6;
}

void report_progress(struct report *rp, int64_t now)
{
	progress_show(&rp->progress, now, rp->in, (double)rp->bytes, rp->total);
}

int64_t report_deadline(const struct report *rp, int64_t other)
{
	int64_t due = progress_due(&rp->progress);

	return due < other ? due : other;
}

static void put_count(struct buf *b, const char *name, uint64_t n)
{
	buf_addf(b, ",\"%s\":%llu", name, (unsigned long long)n);
}

static void put_stats(const struct report *rp)
{
	double s = seconds(rp);
	struct buf b = BUF_INIT;

	buf_addf(&b, "{\"tool\":\"%s\"", diag_name());
	put_count(&b, "in", rp->in);
	put_count(&b, "used", rp->in - rp->nbad - rp->nlate);
	put_count(&b, "bad", rp->nbad);
	put_count(&b, "late", rp->nlate);
	put_count(&b, "native", rp->native);
	put_count(&b, "inexact", rp->inexact);
	put_count(&b, "bytes", rp->bytes);
	buf_add(&b, rp->more.data, rp->more.len);
	buf_addf(&b, ",\"seconds\":%.3f,\"records_per_second\":%.0f}\n", s,
		 s > 0 ? (double)rp->in / s : 0);
	fputs(b.data, stderr);
	buf_free(&b);
}

void report_close(struct report *rp)
{
	writer_close(rp->bad);
	writer_close(rp->late);
	progress_close(&rp->progress);
	if (rp->conf->stats)
		put_stats(rp);
	buf_free(&rp->more);
	/* With --bad fail the message about the record has said it. */
	if (!rp->conf->quiet && (rp->nlate || (rp->nbad && strcmp(rp->conf->bad, "fail") != 0)))
		diag_warn("%llu in, %llu used, %llu bad, %llu late", (unsigned long long)rp->in,
			  (unsigned long long)(rp->in - rp->nbad - rp->nlate),
			  (unsigned long long)rp->nbad, (unsigned long long)rp->nlate);
}
