#include "filter.h"

#include <stdlib.h>
#include <unistd.h>

#include "diag.h"
#include "filter_priv.h"
#include "loop.h"
#include "mem.h"

enum {
	BLOCK_SIZE = 256 * 1024,
	DRAIN_GRACE = 1000000, /* us */
	OUTPUT_AGE = 200000,   /* us: no output waits longer in our buffer */
};

/* --- The run --- */

static void result_reset(struct result *res)
{
	buf_clear(&res->out);
	buf_clear(&res->reasons);
	buf_clear(&res->late_records);
	res->partial = NULL;
	res->in = res->late = res->native = res->lines = 0;
	res->nbad = res->pos = 0;
	res->ended = false;
}

static void result_free(struct result *res)
{
	buf_free(&res->out);
	buf_free(&res->reasons);
	buf_free(&res->late_records);
	free(res->bad);
}

enum { INPUTS_MAX = 2 };

struct input {
	struct reader *reader;
	uint64_t line; /* of the next block to settle, in its file */
	bool ended, must_wait;
};

/*
 * Jobs form a ring in block order: [head, head + count) are under way or done, settled from the
 * head on. With one worker a job is done as soon as it is dispatched.
 */
struct run {
	const struct filter_tool *tool;
	const struct filter_conf *conf;
	void *ctx;
	struct input inputs[INPUTS_MAX];
	size_t ninputs;
	struct writer *out;
	struct report report;
	struct pool *pool; /* NULL: the main thread works */
	void *worker;      /* of the main thread */
	struct job *jobs;
	size_t njobs, head, count;
	bool input_ended, must_wait; /* all that there is of it */
	bool failed;                 /* or told to end: nothing more counts */
	int status;                  /* when failed */
	int cut_by;                  /* the signal that cut the input short */
	int64_t waited, deadline;
	int64_t flushed;   /* when output was last seen not to be old */
	int64_t drain_end; /* after a signal: when draining is given up; 0: no signal yet */
	struct buf text;   /* what tick and finish print */
	struct writer *outputs[3];
};

static void put_text(struct run *r)
{
	if (r->out && r->text.len)
		writer_add(r->out, r->text.data, r->text.len);
	buf_clear(&r->text);
}

static void flush(struct run *r)
{
	if (r->out)
		writer_flush(r->out);
	report_belated(&r->report, r->tool, r->ctx);
	report_flush(&r->report);
}

/* Block order is kept here: everything that a block leads to happens now. */
static void settle(struct run *r, struct job *j)
{
	struct result *res = &j->res;
	struct input *in = &r->inputs[j->blk.input];

	if (r->failed) {
		if (res->partial && r->tool->discard)
			r->tool->discard(res->partial);
		return;
	}
	if (j->blk.first)
		in->line = 1 + j->head_lines;
	in->line += j->blk.skipped;
	j->blk.line = in->line;
	if (r->tool->apply)
		r->tool->apply(r->ctx, &j->blk, res);
	if (r->out)
		writer_add(r->out, res->out.data, res->out.len);
	/* What came before a bad record is out before the message. */
	if (res->nbad && r->out)
		writer_flush(r->out);
	if (!report_result(&r->report, &j->blk, res)) {
		r->failed = true;
		r->status = EXIT_FAIL;
		if (res->partial && r->tool->discard)
			r->tool->discard(res->partial);
		return;
	}
	if (res->partial)
		r->tool->merge(r->ctx, res);
	in->line += res->lines;
	if (res->ended) {
		r->failed = true;
		r->status = EXIT_OK;
	}
	if (r->conf->unbuffered)
		flush(r);
}

static void dispatch(struct run *r, struct job *j)
{
	result_reset(&j->res);
	j->res.conf = r->conf;
	j->res.raw = r->tool->raw;
	j->res.framer = r->tool->framer;
	j->res.run = r->pool ? NULL : r;
	j->done = false;
	r->count++;
	if (r->pool) {
		pool_give(r->pool, j);
		return;
	}
	if (r->tool->map && !r->failed)
		r->tool->map(r->worker, &j->blk, &j->res);
	j->done = true;
}

static void settle_done(struct run *r)
{
	while (r->count) {
		struct job *j = &r->jobs[r->head];
		if (r->pool ? !pool_done(r->pool, j) : !j->done)
			return;
		settle(r, j);
		r->head = (r->head + 1) % r->njobs;
		r->count--;
	}
}

static void settle_all(struct run *r)
{
	for (settle_done(r); r->count; settle_done(r))
		loop_wait(&(struct pollfd){pool_fd(r->pool), POLLIN, 0}, 1, LOOP_FOREVER);
}

/* What came before the failure comes out first; then the message. */
static void input_failed(struct run *r, int status, const char *why)
{
	r->input_ended = true;
	settle_all(r);
	if (r->failed)
		return;
	diag_warn("%s", why);
	r->failed = true;
	r->status = status;
}

static int begin_input(struct run *r, struct job *j, struct buf *err)
{
	j->head_lines = 0;
	if (!j->blk.first || !r->tool->begin)
		return 0;
	return r->tool->begin(r->ctx, &j->blk, &j->head_lines, err);
}

static void input_ended(struct run *r, struct input *in)
{
	in->ended = r->input_ended = true;
	for (size_t i = 0; i < r->ninputs; i++)
		r->input_ended &= r->inputs[i].ended;
	if (r->ninputs > 1 && !r->cut_by) {
		r->input_ended |= r->tool->ended(r->ctx, (unsigned)(in - r->inputs), &r->text);
		put_text(r);
	}
}

/* Takes the input's next block, if there is one now. */
static void read_block(struct run *r, struct input *in)
{
	struct job *j = &r->jobs[(r->head + r->count) % r->njobs];
	struct buf err = BUF_INIT, why = BUF_INIT;
	int status;

	switch (reader_next(in->reader, &j->blk, &err)) {
	case READ_BLOCK:
		status = begin_input(r, j, &err);
		if (status) {
			input_failed(r, status, buf_str(&err));
			break;
		}
		dispatch(r, j);
		break;
	case READ_WAIT:
		in->must_wait = true;
		break;
	case READ_END:
		input_ended(r, in);
		break;
	case READ_TOO_LONG:
		settle_all(r);
		block_say_cut(&why, r->conf->max_line);
		buf_setf(&err, "%s:%llu: %s", reader_name(in->reader),
			 (unsigned long long)(reader_begun(in->reader) ? in->line : 1), why.data);
		input_failed(r, EXIT_FAIL, buf_str(&err));
		break;
	case READ_ERROR:
		input_failed(r, EXIT_FAIL, buf_str(&err));
		break;
	}
	buf_free(&err);
	buf_free(&why);
}

/* From the input whose turn it is, or from the other one when that would wait. */
static void read_next(struct run *r)
{
	enum filter_turn turn = r->ninputs > 1 ? r->tool->turn(r->ctx) : FILTER_FIRST;
	struct input *first = &r->inputs[turn != FILTER_FIRST];

	r->must_wait = false;
	for (size_t i = 0; i < r->ninputs; i++)
		r->inputs[i].must_wait = false;
	for (size_t i = 0; i < r->ninputs; i++) {
		struct input *in = i == 0 ? first : &r->inputs[turn == FILTER_FIRST];

		if (in->ended)
			continue;
		read_block(r, in);
		if (!in->must_wait)
			return;
		if (turn == FILTER_SECOND_ALONE)
			break;
	}
	r->must_wait = true;
}

static uint64_t bytes_read(const struct run *r)
{
	uint64_t n = 0;

	for (size_t i = 0; i < r->ninputs; i++)
		n += reader_bytes(r->inputs[i].reader);
	return n;
}

static void tick(struct run *r)
{
	int64_t now = loop_now();

	r->report.bytes = bytes_read(r);
	report_progress(&r->report, now);
	if (!r->tool->tick || r->failed) {
		r->deadline = LOOP_FOREVER;
		return;
	}
	r->deadline = r->tool->tick(r->ctx, now, r->waited, &r->text);
	if (r->deadline == FILTER_ENDS) {
		r->failed = true;
		r->status = EXIT_OK;
	}
	/* What a timer prints is meant to be seen now, however busy the input is. */
	if (r->text.len) {
		put_text(r);
		flush(r);
	}
}

/* Output does not grow old, and nobody works for a reader that has gone. */
static void look_after_output(struct run *r, int64_t now)
{
	if (now - r->flushed < OUTPUT_AGE)
		return;
	flush(r);
	if (r->out && loop_abandoned(writer_descriptor(r->out)))
		loop_broken_pipe();
	r->flushed = now;
}

/* Between blocks of an input that never pauses. */
static void keep_up(struct run *r)
{
	int64_t now = loop_now();

	if (now >= report_deadline(&r->report, r->deadline))
		tick(r);
	look_after_output(r, now);
}

/* Of two inputs the operands tell: what is beside them ends with them. */
static bool is_fed(const struct run *r)
{
	return reader_fed(r->inputs[0].reader);
}

/*
 * A first signal: a filter that is fed drains to the end of its input, for a while; one that
 * reads files or a terminal stops here. True when the input was cut short now.
 */
static bool heed_signal(struct run *r)
{
	int sig = loop_signal();

	if (!sig || r->cut_by || r->input_ended)
		return false;
	if (is_fed(r)) {
		/* Not from when it is noticed: the tool may have waited meanwhile. */
		r->drain_end = loop_signal_time() + r->conf->drain - r->tool->finish_time;
		if (loop_now() < r->drain_end)
			return false;
		for (size_t i = 0; i < r->ninputs; i++)
			reader_stop(r->inputs[i].reader);
	} else {
		r->input_ended = true;
	}
	r->cut_by = sig;
	return true;
}

bool run_cut_short(struct run *r)
{
	if (!r || !loop_signal() || is_fed(r))
		return false;
	heed_signal(r);
	return r->cut_by;
}

bool result_go_on(struct result *res)
{
	struct run *r = res->run;

	if (!r)
		return true;
	if (run_cut_short(r))
		return false;
	if (!r->out || res->out.len < WRITER_BLOCK)
		return true;
	if (filter_ends_at_bad(r->conf) || r->tool->prompt) {
		writer_add(r->out, res->out.data, res->out.len);
		buf_clear(&res->out);
	}
	look_after_output(r, loop_now());
	return true;
}

/* The descriptor on which input i is waited for. */
static int awaited(const struct run *r, size_t i)
{
	return r->inputs[i].must_wait && !r->input_ended ? reader_fd(r->inputs[i].reader) : -1;
}

static void wait(struct run *r)
{
	struct pollfd fds[] = {
		{awaited(r, 0), POLLIN, 0},
		{awaited(r, 1), POLLIN, 0},
		{r->count && r->pool ? pool_fd(r->pool) : -1, POLLIN, 0},
		{r->out ? writer_descriptor(r->out) : -1, 0, 0},
		{r->tool->fd, POLLIN, 0},
	};
	int64_t start, deadline;

	tick(r);
	if (!r->count)
		flush(r);
	/* What waited in there may have been woken in our place. */
	if (r->failed || heed_signal(r))
		return;
	start = loop_now();
	deadline = report_deadline(&r->report, r->deadline);
	if (r->drain_end && r->drain_end < deadline)
		deadline = r->drain_end;
	loop_wait(fds, sizeof fds / sizeof fds[0], deadline);
	if (!r->count)
		r->waited += loop_now() - start;
	/* The tool learns how long that was before it sees what came. */
	tick(r);
	/* Unasked, only the end of the reader is reported. */
	if (fds[3].revents)
		loop_broken_pipe();
	if (fds[4].revents)
		r->tool->on_fd(r->ctx);
}

static void run_loop(struct run *r)
{
	for (;;) {
		settle_done(r);
		heed_signal(r);
		if (r->failed)
			r->input_ended = true;
		if (r->input_ended && !r->count)
			return;
		if (!r->input_ended && r->count < r->njobs) {
			read_next(r);
			if (!r->must_wait) {
				keep_up(r);
				continue;
			}
		}
		/* A job that is done is settled before anything is waited for. */
		if (r->count && (r->pool ? pool_done(r->pool, &r->jobs[r->head]) : true))
			continue;
		wait(r);
	}
}

static void open_output(struct run *r)
{
	struct buf err = BUF_INIT;

	if (r->tool->no_stdout)
		return;
	if (!r->tool->output) {
		r->out = writer_fd(STDOUT_FILENO, "stdout");
		return;
	}
	r->out = writer_atomic(r->tool->output, &err);
	if (!r->out)
		diag_die(EXIT_FAIL, "%s", buf_str(&err));
}

static int64_t count_workers(const struct filter_tool *tool, int64_t jobs)
{
	if (jobs > POOL_MAX)
		diag_usage("--jobs: at most %d", POOL_MAX);
	if (!tool->map)
		return 1;
	if (!jobs)
		jobs = tool->parallel ? sysconf(_SC_NPROCESSORS_ONLN) : 1;
	return jobs < 1 ? 1 : jobs > POOL_MAX ? POOL_MAX : jobs;
}

static void open_workers(struct run *r, int64_t jobs)
{
	r->njobs = jobs == 1 ? 1 : (size_t)jobs * 2 + 2;
	r->jobs = mem_zalloc(r->njobs, sizeof *r->jobs);
	if (jobs > 1)
		r->pool = pool_new(r->tool, r->ctx, (unsigned)jobs);
	else
		r->worker = r->tool->worker_new ? r->tool->worker_new(r->ctx) : r->ctx;
}

static void close_workers(struct run *r)
{
	if (r->pool)
		pool_free(r->pool);
	else if (r->tool->worker_free)
		r->tool->worker_free(r->worker);
	for (size_t i = 0; i < r->njobs; i++) {
		buf_free(&r->jobs[i].blk.buf);
		result_free(&r->jobs[i].res);
	}
	free(r->jobs);
}

/* What is written before the inputs have ended. */
static void note_outputs(struct run *r)
{
	r->outputs[0] = r->tool->batch ? NULL : r->out;
	r->outputs[1] = r->report.bad;
	r->outputs[2] = r->report.late;
}

/* KPIPE_BLOCK: of so many bytes, for tests of what happens where blocks meet. */
static size_t block_size(const struct filter_tool *tool)
{
	const char *text = getenv("KPIPE_BLOCK");
	long size = text ? strtol(text, NULL, 10) : 0;

	return size > 0 ? (size_t)size : tool->block_size ? tool->block_size : BLOCK_SIZE;
}

static void open_reader(struct run *r, char *const files[], size_t nfiles)
{
	struct reader_conf conf = {
		.files = files,
		.nfiles = nfiles,
		.input = (unsigned)r->ninputs,
		.framer = r->tool->framer      ? r->tool->framer
			  : r->conf->null_data ? &framer_nul
					       : &framer_newline,
		.block_size = block_size(r->tool),
		.max_record = r->conf->max_line,
		.fill = r->tool->batch,
		.single = r->conf->unbuffered && !r->tool->batch,
		.text = !r->tool->raw,
		/* Where the input is one record, nothing behind it is left to go on with. */
		.cut_long = !r->tool->framer || r->tool->framer->record ||
			    !r->tool->framer->end_is_data,
		.outputs = r->outputs,
		.noutputs = sizeof r->outputs / sizeof r->outputs[0],
	};

	r->inputs[r->ninputs++].reader = reader_new(&conf);
}

int filter_run(const struct filter_tool *tool, void *ctx, const struct filter_conf *conf,
	       struct operands files)
{
	struct run r = {.tool = tool, .ctx = ctx, .conf = conf};
	char *beside = (char *)tool->beside;
	int64_t jobs = count_workers(tool, conf->jobs);
	int sig;

	/* A write that blocks past the time to drain ends with the process. */
	loop_limit(conf->drain + DRAIN_GRACE);
	report_open(&r.report, tool, conf, files);
	open_output(&r);
	note_outputs(&r);
	open_reader(&r, files.v, files.n);
	if (beside)
		open_reader(&r, &beside, 1);
	open_workers(&r, jobs);
	tick(&r);
	run_loop(&r);
	sig = r.cut_by;
	if (!r.failed && sig)
		r.status = 128 + sig;
	if (tool->finish) {
		enum filter_end end = r.failed || (sig && !r.drain_end) ? FILTER_CUT
				      : sig                             ? FILTER_DRAINED
									: FILTER_INPUT;
		int status = tool->finish(ctx, end, &r.text);
		/* The first failure counts, and more than a signal that came before it. */
		if (status && !(r.failed && r.status))
			r.status = status;
	}
	put_text(&r);
	report_belated(&r.report, tool, ctx);
	if (tool->output && r.status)
		writer_abandon(r.out);
	else
		writer_close(r.out);
	close_workers(&r);
	r.report.bytes = bytes_read(&r);
	for (size_t i = 0; i < r.ninputs; i++)
		reader_free(r.inputs[i].reader);
	if (tool->inexact)
		r.report.inexact = tool->inexact(ctx);
	if (tool->lost)
		r.report.nbad += tool->lost(ctx);
	if (tool->stats)
		tool->stats(ctx, &r.report.more);
	report_close(&r.report);
	buf_free(&r.text);
	return r.status;
}
