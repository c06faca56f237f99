#include "lineio_priv.h"

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

const struct framer framer_newline = {.feed = feed_newline, .end = '\n'};
const struct framer framer_nul = {.feed = feed_nul, .end = '\0'};

/* --- Reader --- */

enum { NOT_ENDED = 0, ENDED_WELL = -1, STOPPED = -2, DAMAGED = -3 };

struct reader {
	struct reader_conf conf;
	size_t at;           /* operand being read, or the next to open */
	int fd;              /* -1: none open */
	struct unzip *unzip; /* NULL: the input is not compressed */
	struct buf why;      /* it is damaged */
	bool fed;            /* by another process */
	bool regular;        /* read(2) never waits */
	int ended;  /* NOT_ENDED, ENDED_WELL, STOPPED, DAMAGED, or the errno of a failed read */
	bool begun; /* a block of this input was given */
	bool magic_checked, bom_checked;
	bool dropping; /* inside a record that was too long, behind the part that was given */
	const char *name;
	struct buf bytes; /* read */
	size_t start;     /* the pending bytes, not yet given, begin here; */
	size_t whole;     /* so many of them are whole records, */
	size_t framed;    /* so many were shown to the framer */
	uint64_t seq, offset;
	uint64_t nread;   /* bytes, of all inputs */
	uint64_t skipped; /* record ends that were dropped since the last block */
};

void block_say_cut(struct buf *why, uint64_t max_record)
{
	buf_setf(why, "a line of more than %llu bytes (--max-line)",
		 (unsigned long long)max_record);
}

struct reader *reader_new(const struct reader_conf *conf)
{
	struct reader *r = mem_zalloc(1, sizeof *r);

	r->conf = *conf;
	r->fd = -1;
	return r;
}

static void close_input(struct reader *r)
{
	if (r->unzip)
		r->nread += unzip_bytes(r->unzip);
	unzip_free(r->unzip);
	r->unzip = NULL;
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
	buf_free(&r->why);
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

uint64_t reader_bytes(const struct reader *r)
{
	return r->nread + (r->unzip ? unzip_bytes(r->unzip) : 0);
}

int reader_fd(const struct reader *r)
{
	return r->unzip ? unzip_fd(r->unzip) : r->fd;
}

bool reader_fed(const struct reader *r)
{
	return r->fd < 0 ? !r->conf.nfiles : r->fed;
}

bool reader_begun(const struct reader *r)
{
	return r->fd >= 0 && r->begun;
}

/*
 * A named pipe is opened at once, and read when poll finds a writer: waiting in open(2) would hold
 * up timers and output. Other files are never opened so, since to some it means something else.
 */
static int open_file(const char *file)
{
	struct stat st;
	bool named_pipe = stat(file, &st) == 0 && S_ISFIFO(st.st_mode);
	int fd;

	do {
		fd = open(file, O_RDONLY | O_CLOEXEC | (named_pipe ? O_NONBLOCK : 0));
	} while (fd < 0 && errno == EINTR && !loop_signal());
	return fd;
}

/* The rule of cat: what is left to read in it counts, so an empty file is fine. */
static bool is_output(const struct reader *r, const struct stat *st)
{
	off_t at = lseek(r->fd, 0, SEEK_CUR);

	if (at < 0 || at >= st->st_size)
		return false;
	for (size_t i = 0; i < r->conf.noutputs; i++) {
		if (r->conf.outputs[i] && writer_same_file(r->conf.outputs[i], r->fd))
			return true;
	}
	return false;
}

/* READ_BLOCK when the input is open. */
static enum read_result open_input(struct reader *r, struct buf *err)
{
	const char *file = r->conf.nfiles ? r->conf.files[r->at] : "-";
	bool standard = strcmp(file, "-") == 0;
	struct stat st;

	r->name = standard ? "stdin" : file;
	r->fd = standard ? STDIN_FILENO : open_file(file);
	if (r->fd < 0 && errno == EINTR)
		return READ_WAIT;
	if (r->fd < 0 || fstat(r->fd, &st) < 0) {
		buf_setf(err, "%s: %s", r->name, strerror(errno));
		return READ_ERROR;
	}
	r->regular = S_ISREG(st.st_mode);
	if (r->regular && is_output(r, &st)) {
		buf_setf(err, "%s: input file is output file", r->name);
		return READ_ERROR;
	}
	r->fed = standard && !r->regular && !isatty(r->fd);
	r->begun = r->dropping = false;
	r->magic_checked = r->bom_checked = !r->conf.text;
	r->ended = NOT_ENDED;
	r->offset = r->skipped = 0;
	buf_clear(&r->bytes);
	r->start = r->whole = r->framed = 0;
	if (r->conf.framer->reset)
		r->conf.framer->reset(r->conf.framer->state);
	return READ_BLOCK;
}

static const char *pending(const struct reader *r)
{
	return r->bytes.data ? r->bytes.data + r->start : "";
}

static size_t npending(const struct reader *r)
{
	return r->bytes.len - r->start;
}

/* What comes out of it takes the place of what was read of it. */
static void unzip(struct reader *r, const struct codec *codec)
{
	r->unzip = unzip_new(codec, slice_of(pending(r), npending(r)), r->fd, &r->why);
	r->ended = r->unzip ? NOT_ENDED : DAMAGED;
	r->regular = false;
	r->nread -= npending(r); /* the thread counts them */
	buf_clear(&r->bytes);
}

/* Waits for more bytes only where the first ones may be those of a compressed file. */
static void check_magic(struct reader *r)
{
	bool more;
	const struct codec *codec = codec_of(slice_of(pending(r), npending(r)), &more);

	if (r->magic_checked || (more && !r->ended))
		return;
	r->magic_checked = true;
	if (codec)
		unzip(r, codec);
}

/* Waits for a third byte only where the first ones may be a mark's. */
static void check_bom(struct reader *r)
{
	static const char bom[] = {'\xef', '\xbb', '\xbf'};
	size_t n = npending(r) < sizeof bom ? npending(r) : sizeof bom;

	if (!r->magic_checked || r->bom_checked)
		return;
	if (memcmp(pending(r), bom, n) == 0 && n < sizeof bom && !r->ended)
		return;
	r->bom_checked = true;
	if (n < sizeof bom || memcmp(pending(r), bom, n) != 0)
		return;
	r->start += n;
	r->offset += n;
}

/*
 * Shows the framer the bytes it has not seen; in single mode, and in search of the end of a record
 * that is dropped, only as far as one record.
 */
static void frame(struct reader *r)
{
	const struct framer *f = r->conf.framer;
	bool one = r->conf.single || r->dropping;

	if (!r->bom_checked)
		return;
	while (r->framed < npending(r) && !(one && r->whole)) {
		size_t piece = one ? 1 : npending(r) - r->framed;
		size_t end = f->feed(f->state, pending(r) + r->framed, piece);
		if (end)
			r->whole = r->framed + end;
		r->framed += piece;
	}
}

/*
 * A block is full at its size or, for the sake of a longer record, at that doubled and doubled
 * again: so copying stays linear. The least such size above n.
 */
static size_t next_size(const struct reader *r, size_t n)
{
	size_t size = r->conf.block_size;

	while (size <= n)
		size *= 2;
	return size;
}

static bool full(const struct reader *r)
{
	return npending(r) && next_size(r, npending(r) - 1) == npending(r);
}

/* Reads once. False when that would wait; the end and errors are noted in r->ended. */
static bool read_more(struct reader *r)
{
	size_t room;
	ssize_t n;

	if (!r->regular && !loop_readable(reader_fd(r)))
		return false;
	if (r->start) {
		memmove(r->bytes.data, pending(r), npending(r));
		r->bytes.len -= r->start;
		r->start = 0;
	}
	room = next_size(r, r->bytes.len) - r->bytes.len;
	buf_reserve(&r->bytes, room);
	n = read(reader_fd(r), r->bytes.data + r->bytes.len, room);
	if (n < 0) {
		if (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK)
			return false;
		r->ended = errno;
		return true;
	}
	if (n == 0)
		r->ended = !r->unzip || unzip_finish(r->unzip, &r->why) ? ENDED_WELL : DAMAGED;
	if (!r->unzip)
		r->nread += (size_t)n;
	r->bytes.len += (size_t)n;
	r->bytes.data[r->bytes.len] = '\0';
	return true;
}

static void describe(struct reader *r, struct block *b)
{
	b->kind = BLOCK_DATA;
	b->source = (unsigned)r->at;
	b->input = r->conf.input;
	b->name = r->name;
	b->seq = r->seq++;
	b->offset = r->offset;
	b->first = !r->begun;
	b->cut = false;
	b->line = 0;
	b->skipped = r->skipped;
	r->skipped = 0;
	r->begun = true;
}

/* Gives the whole records out as a block; the rest begins the next one. */
static void cut(struct reader *r, struct block *b)
{
	describe(r, b);
	buf_clear(&b->buf);
	if (r->conf.single || r->start) {
		buf_add(&b->buf, pending(r), r->whole);
		r->start += r->whole;
	} else {
		struct buf next = b->buf;
		buf_add(&next, pending(r) + r->whole, npending(r) - r->whole);
		b->buf = r->bytes;
		b->buf.len = r->whole;
		buf_add(&b->buf, "", 0); /* only for the NUL byte behind */
		r->bytes = next;
	}
	r->offset += r->whole;
	r->framed -= r->whole;
	r->whole = 0;
	frame(r);
}

/* Ends that count as lines among the first n bytes, which hold one record at most. */
static uint64_t count_ends(const struct reader *r, size_t n)
{
	const char *p = pending(r), *stop = p + n;
	uint64_t ends = 0;

	if (r->conf.framer->record)
		return r->whole != 0;
	for (; p < stop && (p = memchr(p, r->conf.framer->end, (size_t)(stop - p))); p++)
		ends++;
	return ends;
}

/* What was read of a record that is too long goes. Its own end stands behind the part given. */
static void drop(struct reader *r)
{
	size_t n = r->whole ? r->whole : npending(r);

	r->skipped += count_ends(r, n) - (r->whole ? 1 : 0);
	r->dropping = !r->whole;
	r->start += n;
	r->offset += n;
	r->framed -= n;
	r->whole = 0;
	frame(r);
}

/* Gives the beginning of a record that is too long as a block of its own; the rest is dropped. */
static void cut_long(struct reader *r, struct block *b)
{
	size_t len = (size_t)r->conf.max_record + 1;

	describe(r, b);
	b->cut = true;
	buf_clear(&b->buf);
	buf_add(&b->buf, pending(r), len);
	buf_add_char(&b->buf, r->conf.framer->end);
	r->start += len;
	r->offset += len;
	r->framed -= len;
	r->dropping = true;
	drop(r);
}

/*
 * Frames what a read brought. False while that is only part of a record that is dropped: it may
 * have no end, and the caller has other things to look after.
 */
static bool take_in(struct reader *r)
{
	check_magic(r);
	check_bom(r);
	frame(r);
	if (r->dropping)
		drop(r);
	return !r->dropping || r->ended;
}

/* Is it time to give out what there is? */
static bool ready(const struct reader *r)
{
	if (!r->whole)
		return false;
	return r->conf.single || !r->conf.fill || r->ended || full(r);
}

/* Only a full block tells it when blocks may not depend on how bytes arrive. */
static bool too_long(const struct reader *r)
{
	return r->bom_checked && !r->whole && npending(r) > r->conf.max_record &&
	       (!r->conf.fill || full(r));
}

/* A last record without its end gets one. */
static void complete_tail(struct reader *r)
{
	check_bom(r);
	frame(r);
	if (r->whole || !npending(r))
		return;
	/* It may end in one that did not count: a newline inside quotes. */
	if (r->conf.framer->end_is_data || r->bytes.data[r->bytes.len - 1] != r->conf.framer->end)
		buf_add_char(&r->bytes, r->conf.framer->end);
	r->whole = r->framed = npending(r);
}

/* For want of a quote all that followed was taken for one record, and dropped. */
static bool lost(const struct reader *r, struct buf *err)
{
	const struct framer *f = r->conf.framer;

	if (!r->dropping || !f->open || !f->open(f->state))
		return false;
	buf_setf(err, "%s: unterminated quote, in a line of more than %llu bytes (--max-line): %s",
		 r->name, (unsigned long long)r->conf.max_record, "the rest was not read");
	return true;
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
	enum read_result rc;

	for (;;) {
		if (r->fd < 0) {
			if (r->at >= inputs)
				return READ_END;
			rc = open_input(r, err);
			if (rc != READ_BLOCK)
				return rc;
		}
		if (ready(r)) {
			cut(r, b);
			return READ_BLOCK;
		}
		if (too_long(r)) {
			if (!r->conf.cut_long)
				return READ_TOO_LONG;
			cut_long(r, b);
			return READ_BLOCK;
		}
		switch (r->ended) {
		case NOT_ENDED:
			if (!read_more(r) || !take_in(r))
				return READ_WAIT;
			continue;
		case ENDED_WELL:
			if (lost(r, err))
				return READ_ERROR;
			if (last_block(r, b))
				return READ_BLOCK;
			close_input(r);
			r->at++;
			continue;
		case STOPPED:
			return READ_END;
		default:
			buf_setf(err, "%s: %s", r->name,
				 r->ended == DAMAGED ? buf_str(&r->why) : strerror(r->ended));
			return READ_ERROR;
		}
	}
}
