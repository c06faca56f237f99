#include "lineio.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "diag.h"
#include "loop.h"
#include "mem.h"
#include "tap.h"

static uint64_t random_state = 1;

/* D. E. Knuth's MMIX generator. */
static uint32_t random_below(uint32_t n)
{
	random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(random_state >> 32) % n;
}

/* --- Files --- */

static char dir[] = "/tmp/kpipe-lineio.XXXXXX";

/* A name in the test's directory; the result is static, four at a time. */
static char *path(const char *name)
{
	static char room[4][128];
	static unsigned turn;
	char *p = room[turn++ % 4];

	snprintf(p, sizeof room[0], "%s/%s", dir, name);
	return p;
}

static char *make_file(const char *name, const void *bytes, size_t len)
{
	char *p = path(name);
	FILE *f = fopen(p, "w");

	if (!f || fwrite(bytes, 1, len, f) != len || fclose(f) != 0)
		diag_die(EXIT_FAIL, "%s: cannot be made", p);
	return p;
}

static bool file_is(const char *p, const char *want)
{
	char text[256];
	FILE *f = fopen(p, "r");
	size_t n;

	if (!f)
		return false;
	n = fread(text, 1, sizeof text, f);
	fclose(f);
	return n == strlen(want) && memcmp(text, want, n) == 0;
}

static unsigned files_in_dir(void)
{
	struct buf cmd = BUF_INIT;
	unsigned n = 0;
	FILE *f;

	buf_addf(&cmd, "ls -A %s | wc -l", dir);
	f = popen(cmd.data, "r");
	if (!f || fscanf(f, "%u", &n) != 1)
		diag_die(EXIT_FAIL, "ls does not run");
	pclose(f);
	buf_free(&cmd);
	return n;
}

static void remove_dir(void)
{
	struct buf cmd = BUF_INIT;

	buf_addf(&cmd, "rm -r %s", dir);
	ok(system(cmd.data) == 0, "the directory is removed");
	buf_free(&cmd);
}

/* --- Standard input --- */

static void set_stdin(int fd)
{
	if (fd < 0 || dup2(fd, STDIN_FILENO) < 0)
		diag_die(EXIT_FAIL, "no standard input");
	close(fd);
}

/* Makes it a pipe; returns the end to write to. */
static int open_stdin(void)
{
	int fds[2];

	if (pipe(fds) < 0)
		diag_die(EXIT_FAIL, "no pipe");
	set_stdin(fds[0]);
	return fds[1];
}

static void close_stdin(void)
{
	set_stdin(open("/dev/null", O_RDONLY));
}

/* --- A pipe that another thread fills, in pieces of any size --- */

struct feeder {
	pthread_t thread;
	struct slice bytes;
	size_t piece; /* the largest; 0: all at once */
	uint64_t seed;
	int fd;
};

static void *feed(void *arg)
{
	struct feeder *f = arg;
	const char *p = f->bytes.ptr;
	size_t left = f->bytes.len;
	unsigned seed = (unsigned)f->seed;
	sigset_t pipe_signal;

	/* A reader may leave early. */
	sigemptyset(&pipe_signal);
	sigaddset(&pipe_signal, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &pipe_signal, NULL);
	while (left) {
		size_t n = f->piece ? 1 + (size_t)rand_r(&seed) % f->piece : left;
		ssize_t done = write(f->fd, p, n < left ? n : left);
		if (done < 0)
			break;
		p += done;
		left -= (size_t)done;
		if (rand_r(&seed) % 4 == 0)
			sched_yield();
	}
	close(f->fd);
	return NULL;
}

static void start_feeder(struct feeder *f, struct slice bytes, size_t piece, uint64_t seed)
{
	*f = (struct feeder){.bytes = bytes, .piece = piece, .seed = seed, .fd = open_stdin()};
	pthread_create(&f->thread, NULL, feed, f);
}

static void end_feeder(struct feeder *f)
{
	close_stdin();
	pthread_join(f->thread, NULL);
}

/* --- Everything that a reader gives --- */

struct taken {
	struct buf bytes; /* of all blocks */
	struct buf
		shape; /* "source:seq:offset+length" of each block, "*" at the first of an input */
	const char *wrong; /* what a block was that it must not be */
	enum read_result end;
	struct buf err;
};

static void free_taken(struct taken *t)
{
	buf_free(&t->bytes);
	buf_free(&t->shape);
	buf_free(&t->err);
}

static void check_block(struct taken *t, const struct block *b, const struct reader_conf *conf,
			uint64_t seq)
{
	char end = conf->framer->end;

	if (b->kind != BLOCK_DATA)
		t->wrong = "not data";
	if (b->seq != seq)
		t->wrong = "out of order";
	if (b->buf.data[b->buf.len] != '\0')
		t->wrong = "without a NUL behind";
	if (b->buf.len ? b->buf.data[b->buf.len - 1] != end : !b->first)
		t->wrong = "not whole records";
	if (conf->single && b->buf.len &&
	    memchr(b->buf.data, end, b->buf.len) != b->buf.data + b->buf.len - 1)
		t->wrong = "not one record";
}

static struct taken take_all(const struct reader_conf *conf)
{
	struct taken t = {.wrong = NULL};
	struct reader *r = reader_new(conf);
	struct block b = {.buf = BUF_INIT};
	uint64_t seq = 0;

	for (;;) {
		t.end = reader_next(r, &b, &t.err);
		if (t.end == READ_WAIT) {
			loop_wait(&(struct pollfd){reader_fd(r), POLLIN, 0}, 1, LOOP_FOREVER);
			continue;
		}
		if (t.end != READ_BLOCK)
			break;
		check_block(&t, &b, conf, seq++);
		buf_add(&t.bytes, b.buf.data, b.buf.len);
		buf_addf(&t.shape, "%s%u:%u:%u+%u ", b.first ? "*" : "", b.source, (unsigned)b.seq,
			 (unsigned)b.offset, (unsigned)b.buf.len);
		/* Whoever holds a block may write into it. */
		if (b.buf.len)
			memset(b.buf.data, 'w', b.buf.len);
	}
	buf_free(&b.buf);
	reader_free(r);
	return t;
}

static struct taken take_fed(const struct reader_conf *conf, struct slice bytes, size_t piece,
			     uint64_t seed)
{
	struct feeder f;
	struct taken t;

	start_feeder(&f, bytes, piece, seed);
	t = take_all(conf);
	end_feeder(&f);
	return t;
}

/* --- Framers --- */

static void test_framers(void)
{
	const struct framer *nl = &framer_newline, *nul = &framer_nul;

	ok(nl->feed(nl->state, "a\nb\nc", 5) == 4, "up to the last newline");
	ok(nl->feed(nl->state, "abc", 3) == 0, "none");
	ok(nl->feed(nl->state, "a\n", 2) == 2, "at the end");
	ok(nl->feed(nl->state, "a\0b\n\0", 5) == 4, "a NUL byte is nothing to it");
	ok(nl->feed(nl->state, "", 0) == 0, "of nothing");
	ok(nul->feed(nul->state, "a\0b\nc", 5) == 2, "up to the last NUL byte");
	ok(nul->feed(nul->state, "a\nb\n", 4) == 0, "a newline is nothing to it");
	ok(nl->end == '\n' && nul->end == '\0', "their ends");
}

/* --- Random bytes in random pieces against what they are --- */

static void random_bytes(struct buf *b, size_t len, char end, bool tail)
{
	static const char odd[] = "\0\n\r\xef\xbb\xbf\xff\"";

	buf_clear(b);
	while (b->len < len) {
		if (random_below(12) == 0)
			buf_add_char(b, end);
		else if (random_below(10) == 0)
			buf_add_char(b, odd[random_below(sizeof odd)]);
		else
			buf_add_char(b, (char)('a' + random_below(26)));
		/* Now and then a record of many blocks. */
		if (random_below(200) == 0)
			for (uint32_t i = random_below(300); i; i--)
				buf_add_char(b, 'L');
	}
	if (!tail && b->data[b->len - 1] != end)
		buf_add_char(b, end);
}

static const char bom[] = "\xef\xbb\xbf";

/* What all blocks together must hold. */
static void expected_bytes(struct buf *want, const struct buf *in, const struct reader_conf *conf)
{
	bool has_bom = in->len >= 3 && memcmp(in->data, bom, 3) == 0;
	size_t skip = has_bom && conf->text ? 3 : 0;

	buf_clear(want);
	buf_add(want, in->data + skip, in->len - skip);
	if (want->len && want->data[want->len - 1] != conf->framer->end)
		buf_add_char(want, conf->framer->end);
}

static void test_random(void)
{
	enum { ROUNDS = 300 };
	struct buf in = BUF_INIT, want = BUF_INIT;
	unsigned wrong = 0;

	for (unsigned i = 0; i < ROUNDS; i++) {
		struct reader_conf conf = {
			.framer = i % 2 ? &framer_newline : &framer_nul,
			.block_size = 1 + random_below(i % 3 ? 40 : 4000),
			.max_record = 1000000,
			.fill = random_below(2),
			.single = random_below(3) == 0,
			.text = random_below(2),
		};
		struct taken t;

		random_bytes(&in, random_below(3000), conf.framer->end, random_below(2));
		if (random_below(3) == 0 && in.len >= 3)
			memcpy(in.data, bom, 3);
		expected_bytes(&want, &in, &conf);
		t = take_fed(&conf, buf_slice(&in), random_below(3) ? 1 + random_below(50) : 0, i);
		if (t.wrong || t.end != READ_END ||
		    !slice_eq(buf_slice(&t.bytes), buf_slice(&want))) {
			wrong++;
			printf("# round %u: %s\n", i, t.wrong ? t.wrong : "other bytes");
		}
		free_taken(&t);
	}
	ok(wrong == 0, "%u inputs in pieces come out whole", ROUNDS);
	buf_free(&in);
	buf_free(&want);
}

/* With fill the blocks are the same however the bytes arrive, also of long records and cuts. */
static void test_fill(void)
{
	enum { ROUNDS = 60 };
	struct buf in = BUF_INIT;
	unsigned wrong = 0, blocks = 0;

	for (unsigned i = 0; i < ROUNDS; i++) {
		struct reader_conf conf = {
			.framer = &framer_newline,
			.block_size = 8 + random_below(100),
			.max_record = i % 3 ? 1000000 : 20 + random_below(200),
			.fill = true,
			.text = i % 2,
			.cut_long = true,
		};
		struct taken whole, t;

		random_bytes(&in, 500 + random_below(3000), '\n', i % 5 == 0);
		if (i % 4 == 1)
			memcpy(in.data, bom, 3);
		whole = take_fed(&conf, buf_slice(&in), 0, 0);
		for (unsigned k = 0; k < 5; k++) {
			t = take_fed(&conf, buf_slice(&in), 1 + random_below(k * 30 + 2), k);
			wrong += t.wrong || strcmp(t.shape.data, whole.shape.data) != 0 ||
				 !slice_eq(buf_slice(&t.bytes), buf_slice(&whole.bytes));
			free_taken(&t);
		}
		for (const char *p = whole.shape.data; (p = strchr(p, '+')); p++)
			blocks++;
		free_taken(&whole);
	}
	ok(wrong == 0 && blocks > ROUNDS * 10, "the same %u blocks however bytes arrive", blocks);
	buf_free(&in);
}

/* --- The shape of small inputs --- */

static void is_shape(const struct reader_conf *conf, const char *in, size_t len, const char *want)
{
	char *files[] = {make_file("in", in, len)};
	struct reader_conf c = *conf;
	struct taken t;

	c.files = files;
	c.nfiles = 1;
	t = take_all(&c);
	is_str(buf_str(&t.shape), want, want);
	ok(t.end == READ_END && !t.wrong, "to its end %s", t.wrong ? t.wrong : "");
	free_taken(&t);
}

static void test_shapes(void)
{
	struct reader_conf conf = {
		.framer = &framer_newline, .block_size = 8, .max_record = 100, .text = true};

	is_shape(&conf, "", 0, "*0:0:0+0 ");
	is_shape(&conf, "a", 1, "*0:0:0+2 ");
	is_shape(&conf, "\n", 1, "*0:0:0+1 ");
	is_shape(&conf, "a\nb\nc\nd\n", 8, "*0:0:0+8 ");
	is_shape(&conf, "a\nb\nc\nd\ne", 9, "*0:0:0+8 0:1:8+2 ");
	is_shape(&conf, "a\nbcdefg", 8, "*0:0:0+2 0:1:2+7 ");
	is_shape(&conf, "a\nbcdefgh\nk\n", 12, "*0:0:0+2 0:1:2+8 0:2:10+2 ");
	is_shape(&conf, "abcdefghijklmnopqrstuvwxyz\nk\n", 29, "*0:0:0+29 ");
	is_shape(&conf,
		 "\xef\xbb\xbf"
		 "a\n",
		 5, "*0:0:3+2 ");
	is_shape(&conf, "\xef\xbb\xbf", 3, "*0:0:3+0 ");
	is_shape(&conf, "\xef\xbb", 2, "*0:0:0+3 ");
	conf.text = false;
	is_shape(&conf,
		 "\xef\xbb\xbf"
		 "a\n",
		 5, "*0:0:0+5 ");
	conf.single = true;
	is_shape(&conf, "a\nbb\n\nc", 7, "*0:0:0+2 0:1:2+3 0:2:5+1 0:3:6+2 ");
	conf.framer = &framer_nul;
	is_shape(&conf, "a\nb\0c\0", 6, "*0:0:0+4 0:1:4+2 ");
}

/* --- Step by step, through a pipe on standard input --- */

static void put(int fd, const char *text)
{
	ok(write(fd, text, strlen(text)) == (ssize_t)strlen(text), "write %u bytes",
	   (unsigned)strlen(text));
}

/* One call: a block of these bytes, or NULL for nothing yet. */
static void gives(struct reader *r, const char *want)
{
	struct block b = {.buf = BUF_INIT};
	struct buf err = BUF_INIT;
	enum read_result rc = reader_next(r, &b, &err);

	if (want)
		ok(rc == READ_BLOCK && slice_is(buf_slice(&b.buf), want), "it gives %u bytes",
		   (unsigned)strlen(want));
	else
		ok(rc == READ_WAIT, "it gives nothing without waiting");
	buf_free(&b.buf);
	buf_free(&err);
}

/* --- Records that are too long --- */

static void test_too_long(void)
{
	struct reader_conf conf = {.framer = &framer_newline, .block_size = 8, .max_record = 10};
	struct reader *r = reader_new(&conf);
	struct block b = {.buf = BUF_INIT};
	struct buf err = BUF_INIT;
	int fd = open_stdin();

	put(fd, "a\n01234");
	gives(r, "a\n");
	put(fd, "56789\n");
	gives(r, "0123456789\n");
	put(fd, "0123456789");
	gives(r, NULL);
	put(fd, "x");
	ok(reader_next(r, &b, &err) == READ_TOO_LONG, "one byte more than is allowed");
	reader_free(r);
	close(fd);
	close_stdin();
	buf_free(&b.buf);
	buf_free(&err);
}

static void test_cut_long(void)
{
	struct reader_conf conf = {
		.framer = &framer_newline, .block_size = 32, .max_record = 10, .cut_long = true};
	struct taken t;
	struct reader *r = reader_new(&conf);
	int fd = open_stdin();

	put(fd, "0123456789");
	gives(r, NULL);
	put(fd, "xy");
	gives(r, "0123456789x\n");
	gives(r, NULL);
	put(fd, "z and more");
	gives(r, NULL);
	put(fd, " of it\nb\n");
	gives(r, "b\n");
	put(fd, "0123456789xyz");
	gives(r, "0123456789x\n");
	close(fd);
	reader_free(r);
	close_stdin();

	/* Where blocks are filled the cut is the same each time. */
	conf.fill = true;
	conf.block_size = 8;
	t = take_fed(&conf, slice_str("a\n0123456789 and more of it\nb\n"), 3, 1);
	is_str(t.bytes.data, "a\n0123456789 \nb\n", "what is beyond the limit is gone");
	is_str(t.shape.data, "*0:0:0+2 0:1:2+12 0:2:28+2 ", "a block of its own, and true offsets");
	free_taken(&t);
}

/* A record that never ends does not keep the caller from its other duties. */
static void test_endless(void)
{
	char path[] = "/dev/zero";
	char *files[] = {path};
	struct reader_conf conf = {.files = files,
				   .nfiles = 1,
				   .framer = &framer_newline,
				   .block_size = 4096,
				   .max_record = 10000,
				   .cut_long = true};
	struct reader *r = reader_new(&conf);
	struct block b = {.buf = BUF_INIT};
	struct buf err = BUF_INIT;
	unsigned waits = 0;

	if (access(files[0], R_OK) == 0) {
		ok(reader_next(r, &b, &err) == READ_BLOCK && b.buf.len == 10002,
		   "a first part of zeros");
		for (unsigned i = 0; i < 100; i++)
			waits += reader_next(r, &b, &err) == READ_WAIT;
		ok(waits == 100, "and then nothing, again and again");
	}
	reader_free(r);
	buf_free(&b.buf);
	buf_free(&err);
}

/* --- Several inputs --- */

/* A named pipe is open before anybody writes to it. */
static void test_named_pipe(void)
{
	char *files[] = {mem_strdup(make_file("before", "a\n", 2)), mem_strdup(path("pipe"))};
	struct reader_conf conf = {.files = files,
				   .nfiles = 2,
				   .framer = &framer_newline,
				   .block_size = 64,
				   .max_record = 64};
	struct reader *r = reader_new(&conf);
	struct block b = {.buf = BUF_INIT};
	struct buf err = BUF_INIT;
	int fd;

	if (mkfifo(files[1], 0600) < 0)
		diag_die(EXIT_FAIL, "no named pipe");
	gives(r, "a\n");
	gives(r, NULL);
	fd = open(files[1], O_WRONLY | O_NONBLOCK);
	ok(fd >= 0, "it has a reader");
	gives(r, NULL);
	put(fd, "b\nc");
	gives(r, "b\n");
	close(fd);
	gives(r, "c\n");
	ok(reader_next(r, &b, &err) == READ_END, "its end is where its writer leaves");
	reader_free(r);
	buf_free(&b.buf);
	buf_free(&err);
	unlink(files[1]);
	free(files[0]);
	free(files[1]);
}

static void test_outputs(void)
{
	char *files[] = {mem_strdup(make_file("empty", "", 0)),
			 mem_strdup(make_file("both", "a\n", 2))};
	struct buf err = BUF_INIT, want = BUF_INIT;
	struct writer *outputs[] = {NULL, writer_append(files[0], &err),
				    writer_append(files[1], &err)};
	struct reader_conf conf = {.files = files,
				   .nfiles = 2,
				   .framer = &framer_newline,
				   .block_size = 64,
				   .max_record = 64,
				   .outputs = outputs,
				   .noutputs = 3};
	struct taken t = take_all(&conf);

	buf_addf(&want, "%s: input file is output file", files[1]);
	ok(t.end == READ_ERROR, "an input that is written is an error");
	is_str(t.err.data, want.data, "when there is something in it");
	is_str(t.shape.data, "*0:0:0+0 ", "the empty one passes");
	free_taken(&t);
	writer_close(outputs[1]);
	writer_close(outputs[2]);
	buf_free(&want);
	buf_free(&err);
	free(files[0]);
	free(files[1]);
}

static void test_files(void)
{
	char *files[] = {mem_strdup(make_file("f1", "a\nb", 3)), mem_strdup(make_file("f2", "", 0)),
			 mem_strdup(make_file("f3",
					      "\xef\xbb\xbf"
					      "c\n",
					      5)),
			 mem_strdup(path("missing")), mem_strdup(make_file("f5", "d\n", 2))};
	struct reader_conf conf = {.files = files,
				   .nfiles = 5,
				   .framer = &framer_newline,
				   .block_size = 64,
				   .max_record = 64,
				   .text = true};
	struct buf want = BUF_INIT;
	struct taken t = take_all(&conf);

	is_str(t.bytes.data, "a\nb\nc\n", "files one behind the other");
	is_str(t.shape.data, "*0:0:0+2 0:1:2+2 *1:2:0+0 *2:3:3+2 ", "each with a first block");
	buf_addf(&want, "%s: %s", files[3], strerror(ENOENT));
	ok(t.end == READ_ERROR, "a missing one is an error");
	is_str(t.err.data, want.data, "with its name and the reason");
	free_taken(&t);

	conf.files = (char *[]){dir};
	conf.nfiles = 1;
	t = take_all(&conf);
	buf_setf(&want, "%s: %s", dir, strerror(EISDIR));
	ok(t.end == READ_ERROR && !t.shape.len, "a directory is one, too");
	is_str(t.err.data, want.data, "with its reason");
	free_taken(&t);
	buf_free(&want);
	for (unsigned i = 0; i < 5; i++)
		free(files[i]);
}

/* --- What is there now is given now --- */

static void test_prompt(void)
{
	struct reader_conf conf = {
		.framer = &framer_newline, .block_size = 64, .max_record = 64, .text = true};
	struct reader *r = reader_new(&conf);
	int fd = open_stdin();

	ok(reader_fed(r) && !reader_begun(r), "standard input, not yet begun");
	gives(r, NULL);
	ok(reader_fed(r) && reader_fd(r) == STDIN_FILENO, "a pipe is fed");
	is_str(reader_name(r), "stdin", "its name");
	put(fd, "1\n");
	gives(r, "1\n");
	ok(reader_begun(r), "begun");
	put(fd, "2");
	gives(r, NULL);
	put(fd, "3\n4\n5");
	gives(r, "23\n4\n");
	gives(r, NULL);
	close(fd);
	gives(r, "5\n");
	reader_free(r);
	close_stdin();

	/* A mark that comes in pieces, or turns out to be none. */
	r = reader_new(&conf);
	fd = open_stdin();
	put(fd, "\xef");
	gives(r, NULL);
	put(fd, "\xbb");
	gives(r, NULL);
	put(fd, "\xbf");
	gives(r, NULL);
	put(fd, "x\n");
	gives(r, "x\n");
	close(fd);
	reader_free(r);
	close_stdin();
	r = reader_new(&conf);
	fd = open_stdin();
	put(fd, "\xef\xbb");
	gives(r, NULL);
	put(fd, "\n");
	gives(r, "\xef\xbb\n");
	close(fd);
	reader_free(r);
	close_stdin();
}

static void test_stop(void)
{
	struct reader_conf conf = {
		.framer = &framer_newline, .block_size = 64, .max_record = 64, .fill = true};
	struct reader *r = reader_new(&conf);
	struct block b = {.buf = BUF_INIT};
	struct buf err = BUF_INIT;
	int fd = open_stdin();

	put(fd, "1\n2\n3");
	gives(r, NULL);
	reader_stop(r);
	gives(r, "1\n2\n");
	ok(reader_next(r, &b, &err) == READ_END, "whole records, then the end");
	reader_free(r);
	r = reader_new(&conf);
	reader_stop(r);
	ok(reader_next(r, &b, &err) == READ_END, "before anything was opened");
	reader_free(r);
	close(fd);
	close_stdin();
	buf_free(&err);
}

static void test_not_fed(void)
{
	char *files[] = {make_file("in", "a\n", 2)};
	struct reader_conf conf = {.framer = &framer_newline, .block_size = 64, .max_record = 64};
	struct reader *r = reader_new(&conf);

	set_stdin(open(files[0], O_RDONLY));
	gives(r, "a\n");
	ok(!reader_fed(r), "a regular file on standard input");
	reader_free(r);
	close_stdin();
	conf.files = files;
	conf.nfiles = 1;
	r = reader_new(&conf);
	ok(!reader_fed(r), "an operand");
	gives(r, "a\n");
	ok(!reader_fed(r), "opened");
	reader_free(r);
}

/* --- Writers --- */

/* How a child ends that runs f; its standard error in err. Status as in a shell. */
static int child(void (*f)(void), struct buf *err)
{
	char text[512];
	int fds[2], status;
	ssize_t n;
	pid_t pid;

	buf_clear(err);
	fflush(stdout);
	if (pipe(fds) < 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		dup2(fds[1], STDERR_FILENO);
		f();
		_exit(99);
	}
	close(fds[1]);
	while ((n = read(fds[0], text, sizeof text)) > 0)
		buf_add(err, text, (size_t)n);
	close(fds[0]);
	waitpid(pid, &status, 0);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void test_fd(void)
{
	char *file = make_file("out", "", 0), *big = mem_zalloc(1, WRITER_BLOCK);
	struct stat st;
	int fd = open(file, O_WRONLY);
	struct writer *w = writer_fd(fd, "out");

	memset(big, 'x', WRITER_BLOCK);
	ok(writer_descriptor(w) == fd, "its descriptor");
	writer_add(w, "ab", 2);
	ok(writer_pending(w) == 2 && file_is(file, ""), "small output waits");
	writer_flush(w);
	ok(writer_pending(w) == 0 && file_is(file, "ab"), "and goes out when told");
	writer_add(w, "c", 1);
	writer_add(w, big, WRITER_BLOCK);
	stat(file, &st);
	ok(st.st_size == 3 + WRITER_BLOCK && writer_pending(w) == 0,
	   "large output goes out at once");
	for (unsigned i = 0; i < WRITER_BLOCK; i++)
		writer_add(w, "y", 1);
	stat(file, &st);
	ok(st.st_size == 3 + 2 * WRITER_BLOCK, "and so does much small output");
	writer_add(w, "", 0);
	writer_add(w, "z", 1);
	writer_close(w);
	stat(file, &st);
	ok(st.st_size == 4 + 2 * WRITER_BLOCK, "the rest at the end");
	writer_close(NULL);
	writer_abandon(NULL);
	free(big);
}

static void test_atomic(void)
{
	struct buf err = BUF_INIT;
	mode_t old = umask(027);
	char *file = path("made");
	struct writer *w = writer_atomic(file, &err);
	struct stat st;

	umask(old);
	writer_add(w, "new", 3);
	writer_flush(w);
	ok(access(file, F_OK) < 0, "nothing is there before the end");
	writer_close(w);
	ok(file_is(file, "new"), "then all");
	stat(file, &st);
	ok((st.st_mode & 0777) == 0640, "with the mode that open would have given: %o",
	   (unsigned)st.st_mode & 0777);

	w = writer_atomic(file, &err);
	writer_add(w, "other", 5);
	writer_flush(w);
	ok(file_is(file, "new"), "an old file stays until the end");
	writer_abandon(w);
	ok(file_is(file, "new") && unlink(file) == 0, "and for good when it is abandoned");
	ok(!writer_atomic(path("no/such"), &err), "no such directory");
	ok(strstr(buf_str(&err), strerror(ENOENT)), "%s", buf_str(&err));
	buf_free(&err);
}

static void test_append(void)
{
	struct buf err = BUF_INIT;
	char *file = path("log");
	struct writer *w = writer_append(file, &err);

	writer_add(w, "a\n", 2);
	writer_close(w);
	w = writer_append(file, &err);
	writer_add(w, "b\n", 2);
	writer_close(w);
	ok(file_is(file, "a\nb\n"), "made, then added to");
	ok(!writer_append(dir, &err), "a directory");
	ok(strstr(buf_str(&err), strerror(EISDIR)), "%s", buf_str(&err));
	buf_free(&err);
}

static void write_full(void)
{
	struct writer *w = writer_fd(open("/dev/full", O_WRONLY), "stdout");

	writer_add(w, "x", 1);
	writer_flush(w);
}

static void write_broken(void)
{
	int fds[2];
	struct writer *w;

	if (pipe(fds) < 0)
		_exit(98);
	close(fds[0]);
	dup2(fds[1], STDOUT_FILENO);
	loop_init();
	w = writer_fd(STDOUT_FILENO, "stdout");
	writer_add(w, "x", 1);
	writer_flush(w);
}

static void write_ignored(void)
{
	signal(SIGPIPE, SIG_IGN);
	write_broken();
}

static void exit_midway(void)
{
	struct buf err = BUF_INIT;
	struct writer *w = writer_atomic(path("partial"), &err);

	writer_add(w, "x", 1);
	writer_flush(w);
	exit(7);
}

/* The trouble is another writer's. */
static void fail_midway(void)
{
	struct buf err = BUF_INIT;
	/* Kept to the end, so that no leak checker misses it. */
	static struct writer *volatile w;

	w = writer_atomic(path("partial"), &err);
	writer_add(w, "x", 1);
	writer_flush(w);
	write_full();
}

static void killed_midway(void)
{
	struct buf err = BUF_INIT;
	struct writer *w;

	loop_init();
	w = writer_atomic(path("partial"), &err);
	writer_add(w, "x", 1);
	writer_flush(w);
	raise(SIGTERM);
	raise(SIGTERM);
}

static void test_failures(void)
{
	unsigned files = files_in_dir();
	struct buf err = BUF_INIT, want = BUF_INIT;
	int status;

	if (access("/dev/full", W_OK) == 0) {
		status = child(write_full, &err);
		buf_addf(&want, "test-lineio: stdout: write error: %s\n", strerror(ENOSPC));
		ok(status == EXIT_FAIL, "a full disk: %d", status);
		is_str(buf_str(&err), want.data, "is one message");
		ok(child(fail_midway, &err) == EXIT_FAIL && files_in_dir() == files,
		   "and leaves no other writer's part");
	}
	status = child(write_broken, &err);
	ok(status == 128 + SIGPIPE && !err.len, "a closed pipe ends it quietly: %d", status);
	status = child(write_ignored, &err);
	ok(status == EXIT_FAIL && err.len, "where the signal is ignored, with a message: %s",
	   buf_str(&err));
	ok(child(exit_midway, &err) == 7 && files_in_dir() == files, "an exit leaves no part");
	status = child(killed_midway, &err);
	ok(status == 128 + SIGTERM && files_in_dir() == files, "a second signal leaves none: %d",
	   status);
	buf_free(&err);
	buf_free(&want);
}

/* --- Compressed --- */

static const char packed[] = /* "a\nbb\n" by gzip */
	"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x4b\xe4"
	"\x4a\x4a\xe2\x02\x00\xf1\xb6\x80\xf1\x05\x00\x00\x00";

enum { PACKED = sizeof packed - 1 };

#ifdef HAVE_LIBZ
/* Waits for what a thread brings. */
static void gives_soon(struct reader *r, const char *want)
{
	struct block b = {.buf = BUF_INIT};
	struct buf err = BUF_INIT;
	enum read_result rc;

	while ((rc = reader_next(r, &b, &err)) == READ_WAIT)
		loop_wait(&(struct pollfd){reader_fd(r), POLLIN, 0}, 1, LOOP_FOREVER);
	is_str(rc == READ_BLOCK   ? buf_str(&b.buf)
	       : rc == READ_ERROR ? buf_str(&err)
				  : "end",
	       want, want);
	buf_free(&b.buf);
	buf_free(&err);
}

/* All that comes. */
static enum read_result drain(struct reader *r, struct buf *text, struct buf *err)
{
	struct block b = {.buf = BUF_INIT};
	enum read_result rc;

	while ((rc = reader_next(r, &b, err)) == READ_WAIT || rc == READ_BLOCK) {
		if (rc == READ_BLOCK)
			buf_add(text, b.buf.data, b.buf.len);
		else
			loop_wait(&(struct pollfd){reader_fd(r), POLLIN, 0}, 1, LOOP_FOREVER);
	}
	buf_free(&b.buf);
	return rc;
}

static struct reader *open_packed(struct reader_conf *conf, char **file, size_t len)
{
	*file = make_file("packed", packed, len);
	conf->files = file;
	conf->nfiles = 1;
	return reader_new(conf);
}

static void test_compressed(void)
{
	struct reader_conf conf = {.framer = &framer_newline,
				   .block_size = 64,
				   .max_record = 64,
				   .fill = true,
				   .text = true};
	char *file, want[160];
	struct reader *r = open_packed(&conf, &file, PACKED);
	struct buf raw = BUF_INIT, err = BUF_INIT;

	gives_soon(r, "a\nbb\n");
	gives_soon(r, "end");
	ok(reader_bytes(r) == PACKED, "bytes are counted as they are stored");
	reader_free(r);

	for (size_t len = 3; len < PACKED; len++) {
		struct buf text = BUF_INIT;

		buf_clear(&err);
		conf.fill = len % 2;
		r = open_packed(&conf, &file, len);
		snprintf(want, sizeof want, "%s: truncated gzip data", file);
		ok(drain(r, &text, &err) == READ_ERROR, "%u bytes of it", (unsigned)len);
		is_str(buf_str(&err), want, want);
		ok(memcmp(buf_str(&text), "a\nbb\n", text.len) == 0 && text.len != 1 &&
			   (text.len == 5 || len < PACKED - 8),
		   "behind the records that came before");
		reader_free(r);
		buf_free(&text);
	}
	conf.text = false;
	r = open_packed(&conf, &file, PACKED);
	ok(drain(r, &raw, &err) == READ_END && raw.len == PACKED + 1 &&
		   memcmp(raw.data, packed, PACKED) == 0,
	   "what is no text stays as it is");
	buf_free(&raw);
	buf_free(&err);
	reader_free(r);
}

/* The thread that waits for the rest of an input, or for a reader, is no reason to wait for it. */
static void test_compressed_prompt(void)
{
	struct reader_conf conf = {
		.framer = &framer_newline, .block_size = 64, .max_record = 64, .text = true};
	struct reader *r = reader_new(&conf);
	int in = open_stdin();

	for (size_t i = 0; i < 3; i++) {
		gives(r, NULL);
		ok(write(in, packed + i, 1) == 1, "a byte of it");
	}
	ok(write(in, packed + 3, PACKED - 3 - 8) == PACKED - 3 - 8, "all but the check");
	gives_soon(r, "a\nbb\n");
	gives(r, NULL);
	reader_free(r);
	close(in);
	close_stdin();
}
#else
static void test_compressed(void)
{
	char *files[] = {make_file("packed", packed, PACKED)};
	struct reader_conf conf = {.framer = &framer_newline,
				   .block_size = 64,
				   .max_record = 64,
				   .text = true,
				   .files = files,
				   .nfiles = 1};
	struct reader *r = reader_new(&conf);
	struct block b = {.buf = BUF_INIT};
	struct buf err = BUF_INIT;

	ok(reader_next(r, &b, &err) == READ_ERROR && strstr(buf_str(&err), "without zlib"),
	   "the library that is missing is named");
	reader_free(r);
	buf_free(&b.buf);
	buf_free(&err);
}

static void test_compressed_prompt(void)
{
}
#endif

/* What begins like a compressed file, and goes on otherwise. */
static void test_not_compressed(void)
{
	static const char *const texts[] = {
		"B\n",    "BZ",      "BZh9\n",       "BZh91AY&S\n", "BZhx1AY&SY\n",
		"\x1f\n", "(\xb5\n", "\xfd\x37zX\n", "\x1f\x8b\n",  "BZh01AY&SY\n"};
	struct reader_conf conf = {
		.framer = &framer_newline, .block_size = 64, .max_record = 64, .text = true};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		char *file = make_file("text", texts[i], strlen(texts[i]));
		struct block b = {.buf = BUF_INIT};
		struct buf err = BUF_INIT;
		struct reader *r;

		conf.files = &file;
		conf.nfiles = 1;
		r = reader_new(&conf);
		ok(reader_next(r, &b, &err) == READ_BLOCK &&
			   memcmp(b.buf.data, texts[i], strlen(texts[i])) == 0,
		   "text %u is text", (unsigned)i);
		reader_free(r);
		buf_free(&b.buf);
		buf_free(&err);
	}
}

int main(void)
{
	diag_init("test-lineio");
	if (!mkdtemp(dir))
		return 1;
	test_framers();
	test_random();
	test_fill();
	test_shapes();
	test_too_long();
	test_cut_long();
	test_named_pipe();
	test_outputs();
	test_endless();
	test_files();
	test_prompt();
	test_stop();
	test_not_fed();
	test_fd();
	test_atomic();
	test_append();
	test_failures();
	test_compressed();
	test_compressed_prompt();
	test_not_compressed();
	remove_dir();
	return done_testing();
}
