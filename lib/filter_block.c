#include "filter.h"

#include "filter_priv.h"
#include "mem.h"

#define OFF(field) offsetof(struct filter_conf, field)

const struct opt filter_opts[] = {
	{'0', "null", OPT_FLAG, OFF(null_data), NULL, "records end in NUL, not newline", NULL},
	{'u', "unbuffered", OPT_FLAG, OFF(unbuffered), NULL, "flush after each record", NULL},
	{0, "bad", OPT_FILE, OFF(bad), "fail|skip|FILE",
	 "bad records: stop (default), count, or collect", NULL},
	{0, "max-line", OPT_SIZE, OFF(max_line), "SIZE", "longest record allowed (default 64M)",
	 NULL},
	{0, "drain", OPT_DURATION, OFF(drain), "D", "time to finish after a signal (default 30s)",
	 NULL},
	{0, "stats", OPT_FLAG, OFF(stats), NULL, "at the end, counts as a JSON line on stderr",
	 NULL},
	{0, "progress", OPT_FLAG, OFF(progress), NULL, "show records, rate and what is left", NULL},
	{'q', "quiet", OPT_FLAG, OFF(quiet), NULL, "no warnings", NULL},
	{0},
};

const struct opt filter_jobs_opts[] = {
	{'j', "jobs", OPT_COUNT, OFF(jobs), "N", "worker threads; output keeps its order", NULL},
	{0},
};

/* --- Records of a block --- */

char filter_record_end(const struct filter_conf *conf)
{
	return conf->null_data ? '\0' : '\n';
}

bool filter_ends_at_bad(const struct filter_conf *conf)
{
	return strcmp(conf->bad, "fail") == 0;
}

bool result_bad(struct result *res, const struct block *blk, uint64_t line, struct slice record,
		const char *reason)
{
	struct bad_record *b;

	res->bad = mem_grow(res->bad, &res->bad_cap, res->nbad + 1, sizeof *res->bad);
	b = &res->bad[res->nbad++];
	*b = (struct bad_record){line, (size_t)(record.ptr - blk->buf.data), record.len,
				 res->reasons.len};
	buf_add(&res->reasons, reason, strlen(reason) + 1);
	return !filter_ends_at_bad(res->conf);
}

bool result_bad_line(struct result *res, const struct block *blk, struct slice rec,
		     const char *reason)
{
	return result_bad(res, blk, res->lines - 1, rec, reason);
}

void result_end(struct result *res)
{
	res->ended = true;
}

static bool is_blank(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] != ' ' && s.ptr[i] != '\t' && s.ptr[i] != '\r' && s.ptr[i] != '\n')
			return false;
	}
	return true;
}

/* The reader drops what is beyond the limit when it sees it: what is reported never holds more. */
static bool bad_long_line(struct result *res, const struct block *blk, struct slice rec)
{
	struct buf why = BUF_INIT;
	bool go_on;

	block_say_cut(&why, res->conf->max_line);
	rec.len = (size_t)res->conf->max_line;
	go_on = result_bad_line(res, blk, rec, why.data);
	buf_free(&why);
	return go_on;
}

/* The next record, without its end. */
static struct slice cut_record(struct result *res, const struct block *blk)
{
	const struct framer *f = res->framer;
	const char *p = blk->buf.data + res->pos;
	size_t left = blk->buf.len - res->pos, len, end_len = 1;

	if (f && f->record)
		len = f->record(f->state, p, left, &end_len);
	else
		len = (size_t)((const char *)memchr(p, filter_record_end(res->conf), left) - p);
	res->pos += len + end_len;
	return slice_of(p, len);
}

bool result_next(struct result *res, const struct block *blk, struct slice *rec)
{
	while (res->pos < blk->buf.len && !run_cut_short(res->run)) {
		*rec = cut_record(res, blk);
		res->lines++;
		if (!res->raw && is_blank(*rec))
			continue;
		res->in++;
		if (rec->len <= res->conf->max_line)
			return true;
		if (!bad_long_line(res, blk, *rec))
			return false;
	}
	return false;
}
