#include "loop.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "diag.h"
#include "mem.h"

static const int stop_signals[] = {SIGINT, SIGTERM, SIGHUP};
enum { STOP_SIGNALS = sizeof stop_signals / sizeof stop_signals[0] };

static volatile sig_atomic_t stopped_by;
static volatile int64_t stopped_at; /* written once, before stopped_by */
static volatile sig_atomic_t limit_s, limit_us; /* loop_limit, split: sig_atomic_t may be an int */
static const char *volatile doomed_file;
static volatile sig_atomic_t follower;
static int wake[2] = {-1, -1};
static bool pipe_ignored, size_ignored;

static _Noreturn void end_now(int sig)
{
	const char *path = doomed_file;

	if (path)
		unlink(path);
	if (follower)
		kill((pid_t)follower, sig);
	_exit(128 + sig);
}

static void arm_limit(void)
{
	struct itimerval it = {.it_value = {limit_s, limit_us}};

	setitimer(ITIMER_REAL, &it, NULL);
}

static void on_stop(int sig)
{
	int saved = errno;

	if (stopped_by)
		end_now(sig);
	stopped_at = loop_now();
	stopped_by = sig;
	if (limit_s || limit_us)
		arm_limit();
	/* A full pipe already wakes the loop. */
	if (write(wake[1], "", 1) < 0)
		errno = saved;
	errno = saved;
}

static void on_limit(int sig)
{
	(void)sig;
	end_now(stopped_by ? stopped_by : SIGALRM);
}

static void set_handler(int sig, void (*fn)(int))
{
	struct sigaction sa = {.sa_handler = fn};

	sigemptyset(&sa.sa_mask);
	sigaction(sig, &sa, NULL);
}

static bool is_ignored(int sig)
{
	struct sigaction old;

	return sigaction(sig, NULL, &old) == 0 && old.sa_handler == SIG_IGN;
}

/* A closed standard descriptor is opened the wrong way round: in use it fails with EBADF, and no
 * other file gets its number. */
static void take_closed_descriptors(void)
{
	for (int fd = 0; fd <= 2; fd++) {
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF &&
		    open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) != fd)
			_exit(EXIT_FAIL);
	}
}

void loop_init(void)
{
	take_closed_descriptors();
	if (pipe(wake) < 0)
		diag_die(EXIT_FAIL, "cannot make a pipe");
	for (int i = 0; i < 2; i++) {
		fcntl(wake[i], F_SETFL, O_NONBLOCK);
		fcntl(wake[i], F_SETFD, FD_CLOEXEC);
	}
	pipe_ignored = is_ignored(SIGPIPE);
	size_ignored = is_ignored(SIGXFSZ);
	set_handler(SIGPIPE, SIG_IGN);
	set_handler(SIGXFSZ, SIG_IGN);
	set_handler(SIGALRM, on_limit);
	for (int i = 0; i < STOP_SIGNALS; i++) {
		if (!is_ignored(stop_signals[i]))
			set_handler(stop_signals[i], on_stop);
	}
}

static void (*recover_crash)(void);

static void on_crash(int sig, siginfo_t *info, void *context)
{
	(void)context;
	/* Not when another process sent it: then there is no telling where the thread was. */
	if (info->si_code != SI_USER)
		recover_crash();
	/* It happens again, and now ends the process. */
	set_handler(sig, SIG_DFL);
	if (info->si_code == SI_USER)
		raise(sig);
}

void loop_on_crash(void (*recover)(void))
{
	static const int crashes[] = {SIGABRT, SIGBUS, SIGFPE, SIGSEGV};
	/* Who leaves by siglongjmp need not keep the mask, at the price of a system call each time. */
	struct sigaction sa = {.sa_sigaction = on_crash, .sa_flags = SA_SIGINFO | SA_NODEFER};

	recover_crash = recover;
	sigemptyset(&sa.sa_mask);
	for (size_t i = 0; i < sizeof crashes / sizeof crashes[0]; i++)
		sigaction(crashes[i], &sa, NULL);
}

void loop_child(void)
{
	if (!pipe_ignored)
		set_handler(SIGPIPE, SIG_DFL);
	if (!size_ignored)
		set_handler(SIGXFSZ, SIG_DFL);
	for (int i = 0; i < STOP_SIGNALS; i++) {
		if (!is_ignored(stop_signals[i]))
			set_handler(stop_signals[i], SIG_DFL);
	}
}

int loop_signal(void)
{
	return stopped_by;
}

int64_t loop_signal_time(void)
{
	return stopped_by ? stopped_at : LOOP_FOREVER;
}

/* Milliseconds for poll, rounded up so that a deadline is never found early and spun on. */
static int poll_timeout(int64_t deadline)
{
	int64_t left;

	if (deadline == LOOP_FOREVER)
		return -1;
	left = deadline - loop_now();
	if (left <= 0)
		return 0;
	left = (left + 999) / 1000;
	return left > INT_MAX ? INT_MAX : (int)left;
}

int loop_wait(struct pollfd *fds, unsigned n, int64_t deadline)
{
	enum { FEW = 8 };
	struct pollfd few[FEW], *all = n < FEW ? few : mem_alloc((n + 1) * sizeof *all);
	int ready;

	for (unsigned i = 0; i < n; i++)
		all[i] = fds[i];
	all[n] = (struct pollfd){wake[0], POLLIN, 0};
	do {
		ready = poll(all, n + 1, poll_timeout(deadline));
	} while (ready < 0 && errno == EINTR && !stopped_by);
	if (ready < 0)
		ready = 0;
	for (unsigned i = 0; i < n; i++)
		fds[i].revents = ready ? all[i].revents : 0;
	if (ready > 0 && all[n].revents) {
		char drop[16];
		while (read(wake[0], drop, sizeof drop) > 0)
			;
		ready--;
	}
	if (all != few)
		free(all);
	return ready;
}

bool loop_readable(int fd)
{
	struct pollfd p = {fd, POLLIN, 0};

	return poll(&p, 1, 0) > 0;
}

void loop_await(int fd)
{
	poll(&(struct pollfd){fd, POLLIN, 0}, 1, -1);
}

bool loop_abandoned(int fd)
{
	struct pollfd p = {fd, 0, 0};

	/* Only errors and hang-ups are reported unasked. */
	return poll(&p, 1, 0) > 0;
}

static int64_t clock_us(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t loop_now(void)
{
	return clock_us(CLOCK_MONOTONIC);
}

int64_t loop_wall(void)
{
	return clock_us(CLOCK_REALTIME);
}

void loop_limit(int64_t us)
{
	/* Past what a sig_atomic_t holds, 68 years, one time is as good as another. */
	limit_s = us / 1000000 > INT_MAX ? INT_MAX : (sig_atomic_t)(us / 1000000);
	limit_us = (sig_atomic_t)(us % 1000000);
	if (us <= 0)
		limit_us = 1;
	if (stopped_by)
		arm_limit();
}

void loop_remove_at_kill(const char *path)
{
	doomed_file = path;
}

void loop_signal_at_kill(pid_t pid)
{
	follower = (sig_atomic_t)pid;
}

void loop_broken_pipe(void)
{
	sigset_t set;

	if (pipe_ignored)
		diag_die(EXIT_FAIL, "write error: Broken pipe");
	set_handler(SIGPIPE, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, SIGPIPE);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	raise(SIGPIPE);
	_exit(128 + SIGPIPE);
}

void loop_exit_signal(int sig)
{
	exit(128 + sig);
}
