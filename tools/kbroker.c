/* kbroker: a broker in a box. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <fcntl.h>
#include <signal.h>

#include "diag.h"
#include "kafka.h"
#include "loop.h"
#include "mem.h"
#include "num.h"
#include "opt.h"

/* As env(1): what could not be run. */
enum { EXIT_CANNOT_RUN = 126, EXIT_NOT_FOUND = 127 };

enum { BROKERS_MAX = 100, PARTITIONS_MAX = 10000, RTT_MAX = 3600 /* s */ };

struct options {
	struct strlist topics, failures;
	int64_t brokers, rtt; /* rtt: us */
	struct operands command;
};

#define OFF(field) offsetof(struct options, field)

static const struct opt options[] = {
	{'t', "topic", OPT_LIST, OFF(topics), "TOPIC[:PARTITIONS]",
	 "have this topic, with 1 partition or as many as said", NULL},
	{'n', "nodes", OPT_COUNT, OFF(brokers), "N", "as many brokers (default 1)", NULL},
	{0, "fail", OPT_LIST, OFF(failures), "REQUEST=ERROR[*N],...",
	 "answer the next requests of this kind by these errors", NULL},
	{0, "rtt", OPT_DURATION, OFF(rtt), "D", "let each answer take so long", NULL},
	{0, "exec", OPT_REST, OFF(command), "CMD [ARG...]",
	 "run CMD with KPIPE_BROKERS and KPIPE_CONFIG set, exit with its status", NULL},
	{0},
};

static const struct tool tool = {
	.usage = "[OPTIONS] [--exec CMD [ARG...]]",
	.summary = "A Kafka broker in a box, in memory and on this machine only, for trying and "
		   "testing.",
	.notes = "Without --exec it prints its address and runs until a signal. Everything behind\n"
		 "--exec belongs to CMD. A topic that is used without being made gets 4 "
		 "partitions.\n"
		 "REQUEST is Kafka's name: Produce, Fetch, JoinGroup; ERROR is librdkafka's:\n"
		 "REQUEST_TIMED_OUT, NOT_LEADER_FOR_PARTITION; NO_ERROR lets a request through.",
	.max_operands = 0,
};

/* What suits a broker that answers at once, and a cluster of one group or two. The first member of a group waits
 * for others for 3 s, is not heard of meanwhile, and a session as short as that would end in it. */
static const char settings[] = "session.timeout.ms=4000\n"
			       "heartbeat.interval.ms=500\n"
			       "fetch.wait.max.ms=10\n";

/* --- The child --- */

struct child {
	pid_t pid;
	int status; /* of waitpid; written before `ended` becomes readable */
	int ended[2];
	pthread_t waiter;
};

static void *wait_for_child(void *arg)
{
	struct child *c = arg;

	while (waitpid(c->pid, &c->status, 0) < 0 && errno == EINTR)
		;
	close(c->ended[1]);
	return NULL;
}

static _Noreturn void run(char **command, const sigset_t *signals)
{
	loop_child();
	pthread_sigmask(SIG_SETMASK, signals, NULL);
	execvp(command[0], command);
	int why = errno;
	diag_warn("%s: %s", command[0], strerror(why));
	_exit(why == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_RUN);
}

static void start_child(struct child *c, char **command)
{
	sigset_t all, old;

	if (pipe(c->ended) < 0)
		diag_die(EXIT_FAIL, "cannot make a pipe: %s", strerror(errno));
	fcntl(c->ended[0], F_SETFD, FD_CLOEXEC);
	fcntl(c->ended[1], F_SETFD, FD_CLOEXEC);
	/* None is lost to the child's handlers before they are undone, none goes to the thread. */
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &old);
	c->pid = fork();
	if (c->pid < 0)
		diag_die(EXIT_FAIL, "cannot fork: %s", strerror(errno));
	if (c->pid == 0)
		run(command, &old);
	loop_signal_at_kill(c->pid);
	errno = pthread_create(&c->waiter, NULL, wait_for_child, c);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (errno)
		diag_die(EXIT_FAIL, "cannot start a thread: %s", strerror(errno));
}

/* A terminal sends its signals to every process in front, so to the child too. */
static bool sent_by_terminal(int sig)
{
	int tty;
	bool in_front;

	if (sig != SIGINT)
		return false;
	tty = open("/dev/tty", O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (tty < 0)
		return false;
	in_front = tcgetpgrp(tty) == getpgrp();
	close(tty);
	return in_front;
}

static int child_status(struct child *c)
{
	bool passed = false;

	for (;;) {
		struct pollfd fd = {c->ended[0], POLLIN, 0};
		int sig = loop_signal();

		if (sig && !passed) {
			passed = true;
			if (!sent_by_terminal(sig))
				kill(c->pid, sig);
		}
		if (loop_wait(&fd, 1, LOOP_FOREVER) > 0 && fd.revents)
			break;
	}
	loop_signal_at_kill(0);
	pthread_join(c->waiter, NULL);
	close(c->ended[0]);
	return WIFSIGNALED(c->status) ? 128 + WTERMSIG(c->status) : WEXITSTATUS(c->status);
}

static char *write_settings(void)
{
	const char *dir = getenv("TMPDIR");
	struct buf path = BUF_INIT;
	int fd;

	buf_addf(&path, "%s/kbroker.XXXXXX", dir && *dir ? dir : "/tmp");
	fd = mkstemp(path.data);
	if (fd < 0)
		diag_die(EXIT_FAIL, "%s: %s", path.data, strerror(errno));
	loop_remove_at_kill(path.data);
	if (write(fd, settings, sizeof settings - 1) != sizeof settings - 1 || close(fd) < 0) {
		unlink(path.data);
		diag_die(EXIT_FAIL, "%s: %s", path.data, strerror(errno));
	}
	return path.data;
}

static int exec_command(const char *address, char **command)
{
	struct child child = {0};
	char *config = write_settings();
	int status;

	setenv("KPIPE_BROKERS", address, 1);
	setenv("KPIPE_CONFIG", config, 1);
	start_child(&child, command);
	status = child_status(&child);
	unlink(config);
	loop_remove_at_kill(NULL);
	free(config);
	return status;
}

/* --- The brokers --- */

static void add_topic(struct kafka_mock *m, const char *spec)
{
	const char *colon = strrchr(spec, ':');
	char *name = mem_dup(spec, colon ? (size_t)(colon - spec) : strlen(spec));
	struct buf err = BUF_INIT;
	int64_t partitions = 1;

	if (!*name || (colon && !num_int64(colon + 1, &partitions)) || partitions < 1 ||
	    partitions > PARTITIONS_MAX)
		diag_usage("-t: '%s' is not TOPIC:PARTITIONS", spec);
	if (kafka_mock_topic(m, name, (int)partitions, &err) < 0)
		diag_die(EXIT_FAIL, "%s", buf_str(&err));
	free(name);
}

static void set_faults(struct kafka_mock *m, const struct options *o)
{
	struct buf err = BUF_INIT;

	if (o->rtt > RTT_MAX * INT64_C(1000000))
		diag_usage("--rtt: at most %d s", RTT_MAX);
	kafka_mock_rtt(m, (int)(o->rtt / 1000));
	for (size_t i = 0; i < o->failures.n; i++) {
		if (kafka_mock_fail(m, o->failures.v[i], &err) < 0)
			diag_usage("--fail: %s", buf_str(&err));
	}
}

static void serve(const char *address)
{
	bool printed = printf("%s\n", address) >= 0 && fflush(stdout) == 0;

	if (!printed && errno == EPIPE)
		loop_broken_pipe();
	if (!printed)
		diag_die(EXIT_FAIL, "stdout: write error: %s", strerror(errno));
	while (!loop_signal())
		loop_wait(NULL, 0, LOOP_FOREVER);
}

int main(int argc, char **argv)
{
	struct options o = {.brokers = 1};
	struct optgroup groups[] = {{NULL, options, &o}, {0}};
	struct operands operands;
	struct buf err = BUF_INIT;
	struct kafka_mock *m;
	int status = EXIT_OK;

	diag_init(argv[0]);
	loop_init();
	opt_parse(&tool, groups, argc, argv, &operands);
	if (o.brokers < 1 || o.brokers > BROKERS_MAX)
		diag_usage("-n: 1 to %d brokers", BROKERS_MAX);
	m = kafka_mock_new((int)o.brokers, &err);
	if (!m)
		diag_die(EXIT_FAIL, "%s", buf_str(&err));
	for (size_t i = 0; i < o.topics.n; i++)
		add_topic(m, o.topics.v[i]);
	set_faults(m, &o);
	if (o.command.n)
		status = exec_command(kafka_mock_address(m), o.command.v);
	else
		serve(kafka_mock_address(m));
	kafka_mock_free(m);
	strlist_free(&o.topics);
	strlist_free(&o.failures);
	return status;
}
