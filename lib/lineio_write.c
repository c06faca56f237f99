#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "diag.h"
#include "lineio.h"
#include "loop.h"
#include "mem.h"

struct writer {
	int fd;
	char *name;
	char *temp, *path; /* of an atomic file, else NULL */
	struct buf bytes;
};

static struct writer *writer_new(int fd, const char *name)
{
	struct writer *w = mem_zalloc(1, sizeof *w);

	w->fd = fd;
	w->name = mem_strdup(name);
	return w;
}

struct writer *writer_fd(int fd, const char *name)
{
	return writer_new(fd, name);
}

/* The file beside an atomic one: it goes, whoever ends the process. */
static const char *unfinished;

static void set_unfinished(const char *path)
{
	unfinished = path;
	loop_remove_at_kill(path);
}

static void remove_unfinished(void)
{
	if (unfinished)
		unlink(unfinished);
	set_unfinished(NULL);
}

/* The mode that open(2) would have given a new file. */
static mode_t default_mode(void)
{
	mode_t mask = umask(0);

	umask(mask);
	return 0666 & ~mask;
}

/* name: what the user calls it. */
static struct writer *beside(const char *name, const char *path, mode_t mode, struct buf *err)
{
	static bool registered;
	struct buf temp = BUF_INIT;
	struct writer *w;
	int fd;

	if (!registered)
		registered = atexit(remove_unfinished) == 0;
	buf_addf(&temp, "%s.XXXXXX", path);
	fd = mkstemp(temp.data);
	if (fd < 0) {
		buf_setf(err, "%s: %s", name, strerror(errno));
		buf_free(&temp);
		return NULL;
	}
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	fchmod(fd, mode);
	w = writer_new(fd, name);
	w->path = mem_strdup(path);
	w->temp = temp.data;
	set_unfinished(w->temp);
	return w;
}

/* A named pipe is opened when its other end is, unless a signal comes first. */
static struct writer *open_writer(const char *path, int flags, struct buf *err)
{
	int fd;

	do {
		if (loop_signal())
			loop_exit_signal(loop_signal());
		fd = open(path, O_WRONLY | O_CLOEXEC | flags, 0666);
	} while (fd < 0 && errno == EINTR);
	if (fd >= 0)
		return writer_new(fd, path);
	buf_setf(err, "%s: %s", path, strerror(errno));
	return NULL;
}

/* So is /dev/stdout: with another file in its place, what others write there would be lost. */
static bool is_open_as(int fd, const struct stat *st)
{
	struct stat its;

	return fstat(fd, &its) == 0 && its.st_dev == st->st_dev && its.st_ino == st->st_ino;
}

struct writer *writer_atomic(const char *path, struct buf *err)
{
	struct stat st;
	struct writer *w;
	char *target;

	if (stat(path, &st) < 0)
		return beside(path, path, default_mode(), err);
	/* A terminal, /dev/null or a FIFO is written to, never replaced. */
	if (!S_ISREG(st.st_mode))
		return open_writer(path, 0, err);
	if (is_open_as(STDOUT_FILENO, &st))
		return writer_new(fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0), path);
	/* What a link points to is replaced, not the link. */
	target = realpath(path, NULL);
	w = beside(path, target ? target : path, st.st_mode & 07777, err);
	free(target);
	return w;
}

struct writer *writer_append(const char *path, struct buf *err)
{
	return open_writer(path, O_CREAT | O_APPEND, err);
}

static _Noreturn void write_failed(struct writer *w)
{
	int why = errno;

	remove_unfinished();
	if (why == EPIPE && w->fd == STDOUT_FILENO)
		loop_broken_pipe();
	diag_die(EXIT_FAIL, "%s: write error: %s", w->name, strerror(why));
}

static void write_all(struct writer *w, const char *p, size_t len)
{
	while (len) {
		ssize_t n = write(w->fd, p, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
			/* Somebody made the descriptor non-blocking; it is shared, so it stays so. */
			loop_wait(&(struct pollfd){w->fd, POLLOUT, 0}, 1, LOOP_FOREVER);
			continue;
		}
		if (n < 0)
			write_failed(w);
		p += n;
		len -= (size_t)n;
	}
}

void writer_flush(struct writer *w)
{
	write_all(w, w->bytes.data, w->bytes.len);
	buf_clear(&w->bytes);
}

void writer_add(struct writer *w, const void *p, size_t len)
{
	if (len >= WRITER_BLOCK) {
		/* Large output goes out from where it lies. */
		writer_flush(w);
		write_all(w, p, len);
		return;
	}
	buf_add(&w->bytes, p, len);
	if (w->bytes.len >= WRITER_BLOCK)
		writer_flush(w);
}

size_t writer_pending(const struct writer *w)
{
	return w->bytes.len;
}

int writer_descriptor(const struct writer *w)
{
	return w->fd;
}

bool writer_same_file(const struct writer *w, int fd)
{
	struct stat ours, theirs;

	return fstat(w->fd, &ours) == 0 && fstat(fd, &theirs) == 0 && S_ISREG(ours.st_mode) &&
	       ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino;
}

static void writer_free(struct writer *w)
{
	buf_free(&w->bytes);
	free(w->name);
	free(w->temp);
	free(w->path);
	free(w);
}

/* The rename is durable when the directory is. */
static int sync_directory(const char *path)
{
	char *dir = mem_strdup(path), *slash = strrchr(dir, '/');
	int fd, rc;

	if (slash)
		slash[slash == dir] = '\0';
	fd = open(slash ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(dir);
	if (fd < 0)
		return -1;
	rc = fsync(fd);
	close(fd);
	return rc;
}

void writer_close(struct writer *w)
{
	if (!w)
		return;
	writer_flush(w);
	if (w->temp && fsync(w->fd) < 0)
		write_failed(w);
	/* Some file systems report a failed write only here. */
	if (close(w->fd) < 0 && errno != EINTR)
		write_failed(w);
	if (w->temp) {
		if (rename(w->temp, w->path) < 0)
			write_failed(w);
		set_unfinished(NULL);
		if (sync_directory(w->path) < 0)
			diag_die(EXIT_FAIL, "%s: cannot sync its directory: %s", w->path,
				 strerror(errno));
	}
	writer_free(w);
}

void writer_abandon(struct writer *w)
{
	if (!w)
		return;
	if (w->temp)
		remove_unfinished();
	if (w->fd > STDERR_FILENO)
		close(w->fd);
	writer_free(w);
}
