/*
 * loop: waiting for file descriptors, signals and deadlines. The only caller of poll and sigaction.
 *
 * SIGINT, SIGTERM and SIGHUP ask the process to stop: the first is noted and wakes loop_wait, a
 * second ends the process at once with 128+n. One that was ignored at start stays ignored. SIGPIPE
 * and SIGXFSZ are not delivered: writers see EPIPE, and call loop_broken_pipe, or EFBIG. Times are
 * microseconds.
 */
#ifndef KPIPE_LOOP_H
#define KPIPE_LOOP_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define LOOP_FOREVER INT64_MAX

/* Once, at the start of main: signal handlers; descriptors 0-2 that are closed are taken, so that
 * no file gets their number and their use fails. */
void loop_init(void);

/* Undoes the handlers, for a child between fork and exec. */
void loop_child(void);

/* The first stop signal that came, or 0. */
int loop_signal(void);

/* When it came (loop_now); LOOP_FOREVER before. */
int64_t loop_signal_time(void);

/*
 * Waits until a descriptor is ready, the deadline (loop_now's clock) passes, or a stop signal comes
 * that was not yet reported to a wait. Returns how many are ready; 0 for the others. A pollfd with
 * fd -1 is skipped.
 */
int loop_wait(struct pollfd *fds, unsigned n, int64_t deadline);

/* Can fd be read (end of file counts) without waiting? */
bool loop_readable(int fd);

/* Waits until it can: for a thread that has nothing else to heed. */
void loop_await(int fd);

/* Has the reader of what is written to fd gone? */
bool loop_abandoned(int fd);

int64_t loop_now(void);  /* monotonic */
int64_t loop_wall(void); /* since the epoch */

/* From the first stop signal on, at most `us` more: then the process ends with 128+n wherever it
 * is. */
void loop_limit(int64_t us);

/*
 * What to do when the process crashes by what it does itself (abort, a fault): `recover` may leave for good
 * by siglongjmp, in the thread that crashed; when it returns the process ends by the signal. Not for
 * a stack that overflows.
 */
void loop_on_crash(void (*recover)(void));

/* A file to remove when a second signal, or loop_limit, ends the process. NULL: none. The string
 * must stay. */
void loop_remove_at_kill(const char *path);

/* A process to which a second signal goes on when it ends this one. 0: none. */
void loop_signal_at_kill(pid_t pid);

/* Ends the process as SIGPIPE would have; where SIGPIPE was ignored at start, with a message and
 * EXIT_FAIL. */
_Noreturn void loop_broken_pipe(void);

/* Ends the process with status 128+n as a shell would report signal n. Output must be flushed
 * before. */
_Noreturn void loop_exit_signal(int sig);

#endif
