#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "diag.h"
#include "filter_priv.h"
#include "mem.h"

/* What a main thread has; some systems give other threads less than libjq's recursion may need. */
enum { STACK_SIZE = 8 << 20 };

struct pool {
	const struct filter_tool *tool;
	pthread_mutex_t lock;
	pthread_cond_t work;
	struct job *first, **last; /* jobs not yet taken, in block order */
	bool quit;
	int done_fd[2]; /* a byte for each job that was finished */
	unsigned n;
	struct thread {
		pthread_t id;
		struct pool *pool;
		void *worker;
	} * threads;
};

static struct job *take(struct pool *p)
{
	struct job *j;

	pthread_mutex_lock(&p->lock);
	while (!p->first && !p->quit)
		pthread_cond_wait(&p->work, &p->lock);
	j = p->first;
	if (j) {
		p->first = j->next;
		if (!p->first)
			p->last = &p->first;
	}
	pthread_mutex_unlock(&p->lock);
	return j;
}

static void *work(void *arg)
{
	struct thread *t = arg;
	struct pool *p = t->pool;
	struct job *j;

	while ((j = take(p))) {
		p->tool->map(t->worker, &j->blk, &j->res);
		pthread_mutex_lock(&p->lock);
		j->done = true;
		pthread_mutex_unlock(&p->lock);
		/* A full pipe already tells the main thread. */
		if (write(p->done_fd[1], "", 1) < 0)
			continue;
	}
	return NULL;
}

/*
 * Signals are the main thread's: its poll must be the call that they interrupt. A fault is the thread's that
 * makes it (see loop_on_crash); blocked, it would end the process.
 */
static void start_threads(struct pool *p)
{
	static const int faults[] = {SIGBUS, SIGFPE, SIGSEGV};
	sigset_t all, old;
	pthread_attr_t attr;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	sigfillset(&all);
	for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
		sigdelset(&all, faults[i]);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	for (unsigned i = 0; i < p->n; i++) {
		int rc = pthread_create(&p->threads[i].id, &attr, work, &p->threads[i]);
		if (rc)
			diag_die(EXIT_FAIL, "cannot start a thread: %s", strerror(rc));
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
}

struct pool *pool_new(const struct filter_tool *tool, void *ctx, unsigned threads)
{
	struct pool *p = mem_zalloc(1, sizeof *p);

	p->tool = tool;
	p->last = &p->first;
	p->n = threads;
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->work, NULL);
	if (pipe(p->done_fd) < 0)
		diag_die(EXIT_FAIL, "cannot make a pipe: %s", strerror(errno));
	for (int i = 0; i < 2; i++) {
		fcntl(p->done_fd[i], F_SETFL, O_NONBLOCK);
		fcntl(p->done_fd[i], F_SETFD, FD_CLOEXEC);
	}
	p->threads = mem_zalloc(threads, sizeof *p->threads);
	for (unsigned i = 0; i < threads; i++) {
		p->threads[i].pool = p;
		p->threads[i].worker = tool->worker_new ? tool->worker_new(ctx) : ctx;
	}
	start_threads(p);
	return p;
}

void pool_free(struct pool *p)
{
	pthread_mutex_lock(&p->lock);
	p->quit = true;
	pthread_cond_broadcast(&p->work);
	pthread_mutex_unlock(&p->lock);
	for (unsigned i = 0; i < p->n; i++) {
		pthread_join(p->threads[i].id, NULL);
		if (p->tool->worker_free)
			p->tool->worker_free(p->threads[i].worker);
	}
	close(p->done_fd[0]);
	close(p->done_fd[1]);
	pthread_cond_destroy(&p->work);
	pthread_mutex_destroy(&p->lock);
	free(p->threads);
	free(p);
}

void pool_give(struct pool *p, struct job *j)
{
	j->next = NULL;
	pthread_mutex_lock(&p->lock);
	*p->last = j;
	p->last = &j->next;
	pthread_cond_signal(&p->work);
	pthread_mutex_unlock(&p->lock);
}

static void drain_bytes(struct pool *p)
{
	char drop[64];

	while (read(p->done_fd[0], drop, sizeof drop) > 0)
		;
}

bool pool_done(struct pool *p, const struct job *j)
{
	bool done;

	/* First the bytes, then the flag: a job finished in between leaves a byte for the next wait. */
	drain_bytes(p);
	pthread_mutex_lock(&p->lock);
	done = j->done;
	pthread_mutex_unlock(&p->lock);
	return done;
}

int pool_fd(const struct pool *p)
{
	return p->done_fd[0];
}
