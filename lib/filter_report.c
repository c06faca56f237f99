#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "diag.h"
#include "filter_priv.h"
#include "json.h"
#include "loop.h"

enum { PROGRESS_EVERY = 1000000 }; /* us */

static struct writer *open_append(const char *path)
{
	struct buf err = BUF_INIT;
	struct writer *w = writer_append(path, &err);

	if (!w)
		diag_die(EXIT_FAIL, "%s", buf_str(&err));
	return w;
}

void report_open(struct report *rp, const struct filter_conf *conf)
{
	*rp = (struct report){.conf = conf, .start = loop_now()};
	rp->next_progress = rp->start + PROGRESS_EVERY;
	if (strcmp(conf->bad, "fail") != 0 && strcmp(conf->bad, "skip") != 0)
		rp->bad = open_append(conf->bad);
	if (conf->late)
		rp->late = open_append(conf->late);
}

static void put_bad(struct report *rp, const struct block *blk, uint64_t line, struct slice input,
		    const char *reason)
{
	struct buf b = BUF_INIT;

	buf_add_str(&b, "{\"error\":");
	json_put_string(&b, reason, strlen(reason));
	buf_add_str(&b, ",\"source\":");
	json_put_string(&b, blk->name, strlen(blk->name));
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
	rp->bytes += blk->buf.len;
	rp->nbad += res->nbad;
	if (rp->late)
		writer_add(rp->late, res->late_records.data, res->late_records.len);
	for (size_t i = 0; i < res->nbad; i++) {
		const struct bad_record *b = &res->bad[i];
		const char *reason = res->reasons.data + b->reason;
		uint64_t line = blk->line + b->line;
		if (rp->bad) {
			put_bad(rp, blk, line, slice_of(blk->buf.data + b->start, b->len), reason);
		} else if (strcmp(rp->conf->bad, "fail") == 0) {
			diag_warn("%s:%llu: %s", blk->name, (unsigned long long)line, reason);
			return false;
		}
	}
	return true;
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
	double s = seconds(rp);

	if (!rp->conf->progress || now < rp->next_progress)
		return;
	rp->next_progress = now + PROGRESS_EVERY;
	fprintf(stderr, "%s%s: %llu records, %.0f/s%s", isatty(STDERR_FILENO) ? "\r" : "",
		diag_name(), (unsigned long long)rp->in, s > 0 ? (double)rp->in / s : 0,
		isatty(STDERR_FILENO) ? " " : "\n");
	rp->progress_shown = isatty(STDERR_FILENO);
}

int64_t report_deadline(const struct report *rp, int64_t other)
{
	return rp->conf->progress && rp->next_progress < other ? rp->next_progress : other;
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
	buf_addf(&b, ",\"seconds\":%.3f,\"records_per_second\":%.0f}\n", s,
		 s > 0 ? (double)rp->in / s : 0);
	fputs(b.data, stderr);
	buf_free(&b);
}

void report_close(struct report *rp)
{
	writer_close(rp->bad);
	writer_close(rp->late);
	if (rp->progress_shown)
		fputc('\n', stderr);
	if (rp->conf->stats)
		put_stats(rp);
	/* With --bad fail the message about the record has said it. */
	if (!rp->conf->quiet && (rp->nlate || (rp->nbad && strcmp(rp->conf->bad, "fail") != 0)))
		diag_warn("%llu in, %llu used, %llu bad, %llu late", (unsigned long long)rp->in,
			  (unsigned long long)(rp->in - rp->nbad - rp->nlate),
			  (unsigned long long)rp->nbad, (unsigned long long)rp->nlate);
}
