#include "state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "diag.h"
#include "hash.h"
#include "mem.h"
#include "pack.h"

static const char magic[] = "kpipe state 1\n";

struct state {
	char *dir;
	int fd; /* of the directory, locked */
	struct buf options, file;
	struct slice saved;
};

static int say(struct buf *err, const struct state *st, const char *what)
{
	buf_setf(err, "%s: %s: %s", st->dir, what, strerror(errno));
	return -1;
}

static int lock_dir(struct state *st, struct buf *err)
{
	if (mkdir(st->dir, 0777) < 0 && errno != EEXIST)
		return say(err, st, "cannot make it");
	st->fd = open(st->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (st->fd < 0)
		return say(err, st, "cannot open it");
	if (flock(st->fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno != EWOULDBLOCK)
		return say(err, st, "cannot lock it");
	buf_setf(err, "%s: another run is using this state", st->dir);
	return -1;
}

/* 1: read; 0: there is none. */
static int read_file(struct state *st, struct buf *err)
{
	int fd = openat(st->fd, "state", O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return errno == ENOENT ? 0 : say(err, st, "state");
	do {
		buf_reserve(&st->file, 1 << 16);
		n = read(fd, st->file.data + st->file.len, 1 << 16);
		if (n > 0)
			st->file.len += (size_t)n;
	} while (n > 0 || (n < 0 && errno == EINTR));
	close(fd);
	return n < 0 ? say(err, st, "state") : 1;
}

static uint64_t checksum(struct slice options, struct slice bytes)
{
	return hash_bytes(hash_secret(hash_bytes(hash_secret(0), options.ptr, options.len)),
			  bytes.ptr, bytes.len);
}

void state_pack(struct slice options, struct slice bytes, struct buf *file)
{
	buf_add_str(file, magic);
	pack_bytes(file, options.ptr, options.len);
	pack_bytes(file, bytes.ptr, bytes.len);
	pack_int(file, (int64_t)checksum(options, bytes));
}

bool state_unpack(struct slice file, struct slice *options, struct slice *bytes)
{
	const size_t head = sizeof magic - 1;
	struct unpack in = {0};
	uint64_t sum;

	if (file.len < head || memcmp(file.ptr, magic, head) != 0)
		return false;
	in.left = slice_of(file.ptr + head, file.len - head);
	*options = unpack_bytes(&in);
	*bytes = unpack_bytes(&in);
	sum = (uint64_t)unpack_int(&in);
	return !in.bad && !in.left.len && sum == checksum(*options, *bytes);
}

static int check(struct state *st, struct buf *err)
{
	struct slice options;

	if (!state_unpack(buf_slice(&st->file), &options, &st->saved)) {
		buf_setf(err, "%s/state is damaged (--reset begins anew)", st->dir);
		return -1;
	}
	if (slice_eq(options, buf_slice(&st->options)))
		return 0;
	buf_setf(err, "%s/state is of other options: %.*s (--reset begins anew)", st->dir,
		 (int)options.len, options.ptr);
	return -1;
}

struct state *state_open(const char *dir, struct slice options, bool reset, struct buf *err)
{
	struct state *st = mem_zalloc(1, sizeof *st);
	int found;

	st->dir = mem_strdup(dir);
	st->fd = -1;
	buf_add_str(&st->options, diag_name());
	buf_add(&st->options, options.ptr, options.len);
	if (lock_dir(st, err) < 0)
		goto failed;
	if (reset)
		return st;
	found = read_file(st, err);
	if (found < 0 || (found && check(st, err) < 0))
		goto failed;
	return st;
failed:
	state_free(st);
	return NULL;
}

void state_free(struct state *st)
{
	if (!st)
		return;
	if (st->fd >= 0)
		close(st->fd);
	buf_free(&st->options);
	buf_free(&st->file);
	free(st->dir);
	free(st);
}

struct slice state_saved(const struct state *st)
{
	return st->saved;
}

static int write_all(int fd, struct slice bytes)
{
	while (bytes.len) {
		ssize_t n = write(fd, bytes.ptr, bytes.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		bytes = slice_of(bytes.ptr + n, bytes.len - (size_t)n);
	}
	return fsync(fd);
}

int state_save(struct state *st, struct slice bytes, struct buf *err)
{
	struct buf file = BUF_INIT;
	int fd = openat(st->fd, "state.new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	int rc = -1;

	if (fd < 0)
		return say(err, st, "state.new");
	state_pack(buf_slice(&st->options), bytes, &file);
	if (write_all(fd, buf_slice(&file)) < 0)
		say(err, st, "state.new");
	else if (renameat(st->fd, "state.new", st->fd, "state") < 0 || fsync(st->fd) < 0)
		say(err, st, "state");
	else
		rc = 0;
	close(fd);
	/* What there is of it may be what the disk is full of. */
	if (rc < 0)
		unlinkat(st->fd, "state.new", 0);
	buf_free(&file);
	return rc;
}
