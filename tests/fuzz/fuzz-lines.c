/*
 * lineio: the same records out of any bytes, however these are spread over inputs, reads and
 * blocks; compared with a plain model. With `fill` also the same blocks.
 */
#include "fuzz.h"

#include <fcntl.h>
#include <unistd.h>

#include "lineio_priv.h"

enum { INPUTS_MAX = 4, NEVER = 255 };

static const char bom[] = {'\xef', '\xbb', '\xbf'};

/* How one run reads. */
struct way {
	bool pipes;     /* else regular files */
	unsigned piece; /* the most that arrives at once, in bytes */
	uint32_t seed;
};

/* An input as the model sees it. */
struct source {
	struct slice raw;
	size_t bom;      /* bytes of its byte order mark */
	struct buf text; /* what is read: without the mark, the last record with its end */
	size_t at;       /* how much of it has come */
	bool begun;      /* a block of it has come */
	int fd;          /* what the reader opens */
	int feed;        /* the other end of the pipe, -1: none, or all was fed */
	size_t fed;
	char name[32];
};

struct run {
	struct reader_conf conf;
	struct way way;
	struct source sources[INPUTS_MAX];
	char *names[INPUTS_MAX];
	size_t n, current;
	uint64_t seq;
	struct buf cuts; /* where blocks began and ended */
};

static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 16;
}

/* --- Inputs --- */

static void open_source(struct source *s, const struct way *way)
{
	s->feed = -1;
	if (way->pipes) {
		int fds[2];

		must(pipe(fds) == 0, "no pipe");
		s->fd = fds[0];
		s->feed = fds[1];
	} else {
		char path[] = "/tmp/kpipe-fuzz.XXXXXX";

		s->fd = mkstemp(path);
		must(s->fd >= 0 && unlink(path) == 0, "no file");
		must(write(s->fd, s->raw.ptr, s->raw.len) == (ssize_t)s->raw.len &&
			     lseek(s->fd, 0, SEEK_SET) == 0,
		     "cannot write");
	}
	snprintf(s->name, sizeof s->name, "/dev/fd/%d", s->fd);
}

static void close_source(struct source *s)
{
	close(s->fd);
	if (s->feed >= 0)
		close(s->feed);
	buf_free(&s->text);
}

/* The next piece into the first pipe that is not done. False: all was fed. */
static bool feed(struct run *r)
{
	struct source *s = r->sources;
	size_t n;

	while (s < r->sources + r->n && s->feed < 0)
		s++;
	if (s == r->sources + r->n)
		return false;
	n = 1 + next_random(&r->way.seed) % r->way.piece;
	if (n > s->raw.len - s->fed)
		n = s->raw.len - s->fed;
	if (n == 0) {
		close(s->feed);
		s->feed = -1;
		return true;
	}
	must(write(s->feed, s->raw.ptr + s->fed, n) == (ssize_t)n, "cannot write");
	s->fed += n;
	return true;
}

/* What is compressed is another matter. */
static bool is_compressed(const struct source *s)
{
	bool more;

	return codec_of(s->raw, &more);
}

static void model_source(struct source *s, const struct reader_conf *conf)
{
	if (conf->text && s->raw.len >= sizeof bom && memcmp(s->raw.ptr, bom, sizeof bom) == 0)
		s->bom = sizeof bom;
	buf_add(&s->text, s->raw.ptr + s->bom, s->raw.len - s->bom);
	if (s->text.len && s->text.data[s->text.len - 1] != conf->framer->end)
		buf_add_char(&s->text, conf->framer->end);
}

/* --- Blocks --- */

/* The length, without its end, of the model's record that is due. */
static size_t due(const struct run *r, const struct source *s)
{
	const char *p = s->text.data + s->at;

	return (size_t)((const char *)memchr(p, r->conf.framer->end, s->text.len - s->at) - p);
}

static bool is_done(const struct source *s)
{
	return s->begun && s->at == s->text.len;
}

static void check_place(struct run *r, const struct block *b)
{
	struct source *s;

	must(b->source < r->n && b->source >= r->current, "source %u behind %zu", b->source,
	     r->current);
	for (; r->current < b->source; r->current++)
		must(is_done(&r->sources[r->current]), "input %zu was left early", r->current);
	s = &r->sources[b->source];
	must(b->kind == BLOCK_DATA && b->seq == r->seq, "block %llu is numbered %llu",
	     (unsigned long long)r->seq, (unsigned long long)b->seq);
	must(b->first == !s->begun, "first is %d", b->first);
	must(b->offset == s->bom + s->at, "offset %llu, not %zu", (unsigned long long)b->offset,
	     s->bom + s->at);
	must(b->skipped == 0, "%llu ends skipped", (unsigned long long)b->skipped);
	must(strcmp(b->name, s->name) == 0, "%s is named %s", s->name, b->name);
	r->seq++;
	s->begun = true;
}

/* A record that is too long comes as its beginning. */
static void check_cut(struct run *r, struct source *s, const struct block *b)
{
	size_t len = s->at < s->text.len ? due(r, s) : 0, max = (size_t)r->conf.max_record;

	must(r->conf.cut_long && len > max, "a record of %zu bytes is cut", len);
	must(b->buf.len == max + 2 && memcmp(b->buf.data, s->text.data + s->at, max + 1) == 0 &&
		     b->buf.data[max + 1] == r->conf.framer->end,
	     "a record is cut to %zu bytes", b->buf.len);
	s->at += len + 1;
}

static void check_whole(struct run *r, struct source *s, const struct block *b)
{
	const char *text = b->buf.data;
	size_t len = b->buf.len;

	must(len || !s->text.len, "an empty block");
	must(len <= s->text.len - s->at, "%zu bytes are left, not %zu", s->text.len - s->at, len);
	if (!len)
		return;
	must(memcmp(text, s->text.data + s->at, len) == 0, "other bytes");
	must(text[len - 1] == r->conf.framer->end, "half a record");
	must(!r->conf.single || due(r, s) + 1 == len, "more than one record");
	s->at += len;
}

static void check_block(struct run *r, const struct block *b)
{
	struct source *s;

	check_place(r, b);
	s = &r->sources[b->source];
	must(b->buf.data && b->buf.data[b->buf.len] == '\0', "no NUL byte behind a block");
	buf_addf(&r->cuts, "%u %llu %zu %d\n", b->source, (unsigned long long)b->offset, b->buf.len,
		 b->cut);
	if (b->cut)
		check_cut(r, s, b);
	else
		check_whole(r, s, b);
}

/* Only a record that is too long may end the input early. */
static void check_too_long(struct run *r)
{
	const struct source *s = &r->sources[r->current];

	while (r->current + 1 < r->n && is_done(s))
		s = &r->sources[++r->current];
	must(!r->conf.cut_long && s->at < s->text.len && due(r, s) > r->conf.max_record,
	     "no record is too long");
	buf_add_str(&r->cuts, "too long\n");
}

static void check_end(const struct run *r)
{
	for (size_t i = r->current; i < r->n; i++)
		must(is_done(&r->sources[i]), "input %zu ends after %zu bytes of %zu", i,
		     r->sources[i].at, r->sources[i].text.len);
}

/* --- A run --- */

/* stop: after so many blocks no more is to be read; NEVER: all is. */
static void read_all(struct run *r, unsigned stop)
{
	struct reader *reader = reader_new(&r->conf);
	struct block b = {0};
	struct buf err = BUF_INIT;
	enum read_result rc;
	size_t waits = 0, size = 0;

	for (size_t i = 0; i < r->n; i++)
		size += r->sources[i].raw.len;
	for (;;) {
		if (stop != NEVER && r->seq == stop)
			reader_stop(reader);
		rc = reader_next(reader, &b, &err);
		if (rc == READ_BLOCK)
			check_block(r, &b);
		else if (rc != READ_WAIT)
			break;
		else if (!feed(r))
			must(++waits <= size + 8, "waits for nothing");
	}
	must(rc != READ_ERROR, "%s", buf_str(&err));
	if (rc == READ_TOO_LONG)
		check_too_long(r);
	else if (stop == NEVER || r->seq < stop)
		check_end(r);
	reader_free(reader);
	buf_free(&b.buf);
	buf_free(&err);
}

static void run(const struct reader_conf *conf, struct way way, struct input in, unsigned stop,
		struct buf *cuts)
{
	struct run r = {.conf = *conf, .way = way};

	do {
		struct source *s = &r.sources[r.n];

		s->raw = r.n + 1 < INPUTS_MAX ? input_until(&in, '|') : input_rest(&in);
		if (is_compressed(s))
			s->raw.len = 0;
		model_source(s, conf);
		open_source(s, &way);
		r.names[r.n++] = s->name;
	} while (in.p < in.end && r.n < INPUTS_MAX);
	r.conf.files = r.names;
	r.conf.nfiles = r.n;
	read_all(&r, stop);
	for (size_t i = 0; i < r.n; i++)
		close_source(&r.sources[i]);
	*cuts = r.cuts;
}

/* flags, block size, longest record, where to stop, size of pieces; then inputs between '|'. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, data + size};
	unsigned flags = input_byte(&in), block = input_below(&in, 256),
		 max = input_below(&in, 256), stop = input_byte(&in), piece = input_below(&in, 256);
	struct reader_conf conf = {
		.framer = flags & 1 ? &framer_nul : &framer_newline,
		.fill = flags & 2,
		.single = flags & 4,
		.text = flags & 8,
		.cut_long = flags & 16,
		.block_size = block + 1,
		.max_record = max == 9 ? UINT64_MAX : max,
	};
	struct way trickle = {.pipes = true, .piece = piece + 1, .seed = max},
		   flood = {.pipes = !(flags & 32), .piece = 4096};
	struct buf a, b;

	stop = stop >= '0' && stop <= '8' ? stop - '0' : NEVER;
	run(&conf, trickle, in, stop, &a);
	run(&conf, flood, in, stop, &b);
	if (conf.fill && stop == NEVER)
		must(slice_eq(buf_slice(&a), buf_slice(&b)), "other blocks: %s, and %s",
		     buf_str(&a), buf_str(&b));
	buf_free(&a);
	buf_free(&b);
	return 0;
}
