#include "lineio.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "diag.h"
#include "loop.h"
#include "mem.h"

/* --- Framers --- */

static size_t last_end(const char *p, size_t len, char end)
{
	while (len && p[len - 1] != end)
		len--;
	return len;
}

static size_t feed_newline(void *state, const char *p, size_t len)
{
	(void)state;
	return last_end(p, len, '\n');
}

static size_t feed_nul(void *state, const char *p, size_t len)
{
	(void)state;
	return last_end(p, len, '\0');
}

const struct framer framer_newline = {feed_newline, NULL, NULL, '\n'};
const struct framer framer_nul = {feed_nul, NULL, NULL, '\0'};

/* --- Reader --- */

enum { NOT_ENDED = 0, ENDED_WELL = -1, STOPPED = -2 };

struct reader {
	struct reader_conf conf;
	size_t at;    /* operand being read, or the next to open */
	int fd;       /* -1: none open */
	bool fed;     /* by another process */
	bool regular; /* read(2) never waits */
	int ended;    /* NOT_ENDED, ENDED_WELL, STOPPED, or the errno of a failed read */
	bool begun;   /* a block of this input was given */
	bool bom_checked;
	const char *name;
	struct buf bytes; /* read and not yet given */
	size_t whole;     /* of them in whole records */
	size_t framed;    /* of them seen by the framer */
	uint64_t seq, offset;
};

struct reader *reader_new(const struct reader_conf *conf)
{
	struct reader *r = mem_zalloc(1, sizeof *r);

	r->conf = *conf;
	r->fd = -1;
	return r;
}

static void close_input(struct reader *r)
{
	if (r->fd > STDIN_FILENO)
		close(r->fd);
	r->fd = -1;
}

void reader_free(struct reader *r)
{
	if (!r)
		return;
	close_input(r);
	buf_free(&r->bytes);
	free(r);
}

void reader_stop(struct reader *r)
{
	r->ended = STOPPED;
	if (r->fd < 0)
		r->at = SIZE_MAX;
}

const char *reader_name(const struct reader *r)
{
	return r->name;
}

int reader_fd(const struct reader *r)
{
	return r->fd;
}

bool reader_fed(const struct reader *r)
{
	return r->fd < 0 ? !r->conf.nfiles : r->fed;
}

static bool open_input(struct reader *r, struct buf *err)
{
	const char *file = r->conf.nfiles ? r->conf.files[r->at] : "-";
	bool standard = strcmp(file, "-") == 0;
	struct stat st;

	r->name = standard ? "stdin" : file;
	r->fd = standard ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC);
	if (r->fd < 0 || fstat(r->fd, &st) < 0) {
		buf_setf(err, "%s: %s", r->name, strerror(errno));
		return false;
	}
	r->regular = S_ISREG(st.st_mode);
	r->fed = standard && !r->regular && !isatty(r->fd);
	r->begun = r->bom_checked = false;
	r->ended = NOT_ENDED;
	r->offset = 0;
	r->whole = r->framed = 0;
	if (r->conf.framer->reset)
		r->conf.framer->reset(r->conf.framer->state);
	return true;
}

static void check_bom(struct reader *r)
{
	if (r->bom_checked || (r->bytes.len < 3 && !r->ended))
		return;
	r->bom_checked = true;
	if (!r->conf.strip_bom || r->bytes.len < 3 || memcmp(r->bytes.data, "\xef\xbb\xbf", 3) != 0)
		return;
	memmove(r->bytes.data, r->bytes.data + 3, r->bytes.len - 3);
	r->bytes.len -= 3;
}

/* Shows the framer the bytes it has not seen, up to the end of a block; in single mode only as far as one record. */
static void frame(struct reader *r)
{
	const struct framer *f = r->conf.framer;

	if (!r->bom_checked)
		return;
	while (r->framed < r->bytes.len && !(r->conf.single && r->whole)) {
		size_t piece = r->conf.single ? 1 : r->bytes.len - r->framed;
		size_t end = f->feed(f->state, r->bytes.data + r->framed, piece);
		if (end)
			r->whole = r->framed + end;
		r->framed += piece;
	}
}

/* Reads once. False when that would wait; the end and errors are noted in r->ended. */
static bool read_more(struct reader *r)
{
	size_t aim = r->conf.block_size;
	ssize_t n;

	/* A record longer than a block doubles the room, so that copying stays linear. */
	while (aim <= r->bytes.len)
		aim *= 2;
	if (!r->regular && !loop_readable(r->fd))
		return false;
	buf_reserve(&r->bytes, aim - r->bytes.len);
	n = read(r->fd, r->bytes.data + r->bytes.len, aim - r->bytes.len);
	if (n < 0) {
		if (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK)
			return false;
		r->ended = errno;
		return true;
	}
	if (n == 0)
		r->ended = ENDED_WELL;
	r->bytes.len += (size_t)n;
	r->bytes.data[r->bytes.len] = '\0';
	return true;
}

/* Gives the whole records out as a block; the rest begins the next one. */
static void cut(struct reader *r, struct block *b)
{
	size_t rest = r->bytes.len - r->whole;
	struct buf next = b->buf;

	buf_clear(&next);
	buf_add(&next, r->bytes.data ? r->bytes.data + r->whole : "", rest);
	b->buf = r->bytes;
	b->buf.len = r->whole;
	if (b->buf.data)
		b->buf.data[b->buf.len] = '\0';
	b->kind = BLOCK_DATA;
	b->source = (unsigned)r->at;
	b->name = r->name;
	b->seq = r->seq++;
	b->offset = r->offset;
	b->first = !r->begun;
	b->line = 0;
	r->begun = true;
	r->offset += r->whole;
	r->bytes = next;
	r->framed -= r->whole;
	r->whole = 0;
	frame(r);
}

/* Is it time to give out what there is? */
static bool ready(const struct reader *r)
{
	if (!r->whole)
		return false;
	return !r->conf.fill || r->ended || r->bytes.len >= r->conf.block_size;
}

/* A last record without its end gets one. */
static void complete_tail(struct reader *r)
{
	check_bom(r);
	frame(r);
	if (r->whole || !r->bytes.len)
		return;
	buf_add_char(&r->bytes, r->conf.framer->end);
	r->whole = r->framed = r->bytes.len;
}

/* What the end of an input leaves to give: its last records, or the one empty block of an empty input. */
static bool last_block(struct reader *r, struct block *b)
{
	complete_tail(r);
	if (!r->whole && r->begun)
		return false;
	cut(r, b);
	return true;
}

enum read_result reader_next(struct reader *r, struct block *b, struct buf *err)
{
	size_t inputs = r->conf.nfiles ? r->conf.nfiles : 1;

	for (;;) {
		if (r->fd < 0) {
			if (r->at >= inputs)
				return READ_END;
			if (!open_input(r, err))
				return READ_ERROR;
		}
		if (ready(r)) {
			cut(r, b);
			return READ_BLOCK;
		}
		if (!r->whole && r->bytes.len > r->conf.max_record)
			return READ_TOO_LONG;
		switch (r->ended) {
		case NOT_ENDED:
			if (!read_more(r))
				return READ_WAIT;
			check_bom(r);
			frame(r);
			continue;
		case ENDED_WELL:
			if (last_block(r, b))
				return READ_BLOCK;
			close_input(r);
			buf_clear(&r->bytes);
			r->at++;
			continue;
		case STOPPED:
			return READ_END;
		default:
			buf_setf(err, "%s: %s", r->name, strerror(r->ended));
			return READ_ERROR;
		}
	}
}

/* --- Writer --- */

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

struct writer *writer_atomic(const char *path, struct buf *err)
{
	struct buf temp = BUF_INIT;
	struct writer *w;
	mode_t mask;
	int fd;

	buf_addf(&temp, "%s.XXXXXX", path);
	fd = mkstemp(temp.data);
	if (fd < 0) {
		buf_setf(err, "%s: %s", path, strerror(errno));
		buf_free(&temp);
		return NULL;
	}
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	/* mkstemp makes it private; the finished file gets what open(2) would have given. */
	mask = umask(0);
	umask(mask);
	fchmod(fd, 0666 & ~mask);
	w = writer_new(fd, path);
	w->path = mem_strdup(path);
	w->temp = temp.data;
	loop_remove_at_kill(w->temp);
	return w;
}

struct writer *writer_append(const char *path, struct buf *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);

	if (fd < 0) {
		buf_setf(err, "%s: %s", path, strerror(errno));
		return NULL;
	}
	return writer_new(fd, path);
}

static void remove_temp(struct writer *w)
{
	if (!w->temp)
		return;
	unlink(w->temp);
	loop_remove_at_kill(NULL);
}

static _Noreturn void write_failed(struct writer *w)
{
	int why = errno;

	remove_temp(w);
	if (why == EPIPE)
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
		loop_remove_at_kill(NULL);
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
	remove_temp(w);
	if (w->fd > STDERR_FILENO)
		close(w->fd);
	writer_free(w);
}
