#include "lineio_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "loop.h"
#include "mem.h"

enum { UNZIP_IN = 128 * 1024, UNZIP_PIPE = 1024 * 1024 };

/*
 * The plain bytes go through a pipe, so that the reader waits for them as for any other input. The thread is cancelled
 * where it reads or writes, and owns nothing.
 */
struct unzip {
	const struct codec *codec;
	void *state;
	pthread_t thread;
	bool joined;
	int in, out[2];
	bool closed;             /* the end that is written to */
	struct buf bytes, plain; /* as they were read, `rest` not yet taken; as they come out */
	struct slice rest;
	bool ended; /* nothing more is to be read */
	int failed; /* errno of a read */
	bool whole; /* no member is begun */
	bool bad;   /* and why, if its library says */
	const char *why;
	atomic_uint_fast64_t nread;
};

/* Reads more when there is nothing. */
static void refill(struct unzip *u)
{
	ssize_t n = -1;

	while (!u->rest.len && !u->ended && n < 0) {
		n = read(u->in, u->bytes.data, UNZIP_IN);
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			loop_await(u->in);
		else if (n < 0 && errno != EINTR)
			u->failed = errno;
		if (n == 0 || u->failed)
			u->ended = true;
		if (n > 0) {
			u->rest = slice_of(u->bytes.data, (size_t)n);
			atomic_fetch_add(&u->nread, (uint64_t)n);
		}
	}
}

/* False: nobody reads any more. */
static bool give(struct unzip *u)
{
	const char *p = u->plain.data;
	size_t left = u->plain.len;

	while (left) {
		ssize_t n = write(u->out[1], p, left);

		if (n < 0 && errno != EINTR)
			return false;
		if (n > 0) {
			p += n;
			left -= (size_t)n;
		}
	}
	buf_clear(&u->plain);
	return true;
}

static void run(struct unzip *u)
{
	for (;;) {
		bool progress;
		size_t before;
		enum codec_result rc;

		refill(u);
		if (u->failed || (u->ended && !u->rest.len && u->whole))
			return;
		before = u->rest.len;
		rc = u->codec->step(u->state, &u->rest, &u->plain, u->ended, &u->why);
		progress = u->plain.len || u->rest.len < before;
		u->whole = rc == CODEC_END;
		u->bad = rc == CODEC_BAD;
		if (!give(u) || u->bad || (u->ended && !progress))
			return;
	}
}

static void *main_of_thread(void *arg)
{
	struct unzip *u = arg;

	run(u);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
	close(u->out[1]);
	u->closed = true;
	return NULL;
}

/* Signals are the main thread's. */
static int start(struct unzip *u)
{
	sigset_t all, old;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = pthread_create(&u->thread, NULL, main_of_thread, u);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return rc;
}

static bool open_pipe(struct unzip *u)
{
	if (pipe(u->out) < 0)
		return false;
	for (int i = 0; i < 2; i++)
		fcntl(u->out[i], F_SETFD, FD_CLOEXEC);
#ifdef F_SETPIPE_SZ
	/* Only for speed. */
	fcntl(u->out[1], F_SETPIPE_SZ, UNZIP_PIPE);
#endif
	return true;
}

struct unzip *unzip_new(const struct codec *codec, struct slice head, int fd, struct buf *err)
{
	struct unzip *u;
	int rc;

	if (!codec->open) {
		buf_setf(err, "compressed by %s: this kpipe was built without %s", codec->name,
			 codec->library);
		return NULL;
	}
	u = mem_zalloc(1, sizeof *u);
	u->codec = codec;
	u->in = fd;
	if (!open_pipe(u)) {
		buf_setf(err, "%s", strerror(errno));
		free(u);
		return NULL;
	}
	u->state = codec->open();
	buf_reserve(&u->bytes, head.len > UNZIP_IN ? head.len : UNZIP_IN);
	buf_add(&u->bytes, head.ptr, head.len);
	buf_reserve(&u->plain, CODEC_OUT);
	u->rest = buf_slice(&u->bytes);
	atomic_init(&u->nread, head.len);
	rc = start(u);
	if (rc) {
		buf_setf(err, "cannot start a thread: %s", strerror(rc));
		u->joined = true;
		unzip_free(u);
		return NULL;
	}
	return u;
}

static void join(struct unzip *u)
{
	if (!u->joined)
		pthread_join(u->thread, NULL);
	u->joined = true;
}

void unzip_free(struct unzip *u)
{
	if (!u)
		return;
	if (!u->joined) {
		pthread_cancel(u->thread);
		join(u);
	}
	close(u->out[0]);
	if (!u->closed)
		close(u->out[1]);
	u->codec->close(u->state);
	buf_free(&u->bytes);
	buf_free(&u->plain);
	free(u);
}

int unzip_fd(const struct unzip *u)
{
	return u->out[0];
}

uint64_t unzip_bytes(struct unzip *u)
{
	return atomic_load(&u->nread);
}

bool unzip_finish(struct unzip *u, struct buf *err)
{
	join(u);
	if (u->failed)
		buf_setf(err, "%s", strerror(u->failed));
	else if (u->bad)
		buf_setf(err, "damaged %s data%s%s", u->codec->name, u->why ? ": " : "",
			 u->why ? u->why : "");
	else if (!u->whole)
		buf_setf(err, "truncated %s data", u->codec->name);
	else
		return true;
	return false;
}
