/*
 * lineio: bytes in as blocks of whole records, bytes out.
 *
 * Reading is by large read(2)s into a block that is cut behind its last whole record; what follows
 * is carried into the next block. Nothing here decides what a record means: a framer finds where
 * records end.
 */
#ifndef KPIPE_LINEIO_H
#define KPIPE_LINEIO_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"

/* --- Records out of bytes --- */

/*
 * Finds record ends. Fed every byte of an input once, in order, in pieces of any size: returns how
 * many of these len bytes lie up to and including the last record end among them, 0 when there is
 * none. `state` is the framer's memory between calls; reset is called before each input.
 */
struct framer {
	size_t (*feed)(void *state, const char *p, size_t len);
	void (*reset)(void *state);
	/* The length of the first record of whole ones, and of its end. NULL: up to the first `end`. */
	size_t (*record)(void *state, const char *p, size_t len, size_t *end_len);
	void *state;
	bool (*open)(void *state); /* is something open that must be closed? NULL: never */
	char end;         /* put behind a last record that lacks it */
	bool end_is_data; /* also behind one whose last byte it is already */
};

extern const struct framer framer_newline, framer_nul;

/* Records end in this text, of one byte or more. */
struct delim_framer {
	struct framer framer; /* for reader_conf */
	struct buf text;
	size_t *borders, matched;
};

void delim_framer_init(struct delim_framer *f, struct slice delim);
void delim_framer_free(struct delim_framer *f);

enum block_kind {
	BLOCK_DATA,    /* whole records */
	BLOCK_CONTROL, /* exactly one control line */
};

/*
 * A run of records. Blocks are numbered in the order of the input; whatever a block leads to comes
 * out in that order. buf.data[buf.len] is a NUL byte, so the bytes may be used as a C string.
 */
struct block {
	enum block_kind kind;
	struct buf buf;  /* whole records, each with its end; writable by whoever holds the block */
	unsigned source; /* which of the reader's inputs, 0 is the first operand */
	unsigned input;  /* which reader: reader_conf.input */
	const char *name; /* the input's name for messages */
	uint64_t seq;     /* 0, 1, 2, ... */
	uint64_t offset;  /* of its first byte in the input */
	uint64_t line; /* of its first byte in the input, from 1; known once all blocks before were
			  handled */
	bool first;    /* first block of its input (an empty input has one, of 0 bytes) */
	bool cut;      /* one record longer than max_record, of which the rest was dropped */
	uint64_t skipped; /* records' ends that were dropped before its first byte */
};

/* The reason that such a record is bad. */
void block_say_cut(struct buf *why, uint64_t max_record);

struct reader;
struct writer;

struct reader_conf {
	char *const *files; /* "-" is standard input; kept by the caller */
	size_t nfiles;      /* 0: standard input */
	unsigned input;     /* for its blocks, where there are several readers */
	const struct framer *framer;
	size_t block_size; /* aim, in bytes; a longer record gets a longer block */
	/* Bytes, without the end. A longer record may pass when it happens to be read whole. */
	uint64_t max_record;
	bool fill;   /* fill every block as far as whole records allow: same bytes in, same blocks,
			however they arrive */
	bool single; /* one record per block */
	bool text; /* an input that is compressed (.gz .zst .bz2 .xz, by its first bytes) is
		      decompressed, and a UTF-8 byte order mark at its start dropped */
	bool cut_long;  /* of a record longer than max_record give max_record + 1 bytes and an end,
			   and drop the rest; else READ_TOO_LONG. READ_ERROR when the input ends there, and
			   the framer is open: what was dropped may be many records */
	/* What is written while inputs are read: an input that is one of these files would never
	 * end, and is an error. Kept by the caller, NULLs among them are fine. */
	struct writer *const *outputs;
	size_t noutputs;
};

enum read_result {
	READ_BLOCK, /* *block holds the next one */
	READ_WAIT,  /* nothing without waiting: poll reader_fd for POLLIN */
	READ_END,
	READ_TOO_LONG, /* a record is longer than max_record; the input cannot go on */
	READ_ERROR,    /* reason in err; a last READ_BLOCK with what came before was given first */
};

/*
 * Inputs are opened one after the other, and opening never waits: a named pipe without a writer is
 * an input that has nothing yet. The configuration is copied.
 */
struct reader *reader_new(const struct reader_conf *conf);
void reader_free(struct reader *r);

/* block->buf is reused: its memory goes to the reader, the reader's to it. */
enum read_result reader_next(struct reader *r, struct block *block, struct buf *err);

/* Was a block of the input that is being read given? */
bool reader_begun(const struct reader *r);

/* No more is read: the whole records that were are given, then READ_END. */
void reader_stop(struct reader *r);

const char *reader_name(const struct reader *r); /* the input being read, for messages */

uint64_t reader_bytes(const struct reader *r); /* read so far, of all inputs, as they are stored */

int reader_fd(const struct reader *r); /* of the input being read, -1 when none is open */

/* True while the input is one that another process feeds (not a regular file, not a terminal, not
 * named by an operand). */
bool reader_fed(const struct reader *r);

/* --- Bytes out --- */

enum { WRITER_BLOCK = 64 * 1024 }; /* buffered output goes out when it reaches this */

struct writer *writer_fd(
	int fd,
	const char *name); /* does not close fd at the end when it is standard output, but checks */

/*
 * A file that appears only when it is complete: written beside, fsynced and renamed by
 * writer_close; on any other end nothing is left. What a symbolic link points to is replaced, with its mode; what is no
 * regular file (a FIFO, /dev/null) is simply written to. NULL with the reason in err.
 */
struct writer *writer_atomic(const char *path, struct buf *err);

/* Opens for appending (created when missing). NULL with the reason in err. */
struct writer *writer_append(const char *path, struct buf *err);

/* A failed write is fatal: one message and EXIT_FAIL; a closed pipe ends the process as SIGPIPE
 * would. */
void writer_add(struct writer *w, const void *p, size_t len);
void writer_flush(struct writer *w);
size_t writer_pending(const struct writer *w); /* bytes not yet written */
int writer_descriptor(const struct writer *w);
bool writer_same_file(const struct writer *w, int fd); /* is fd the regular file that w writes? */

void writer_close(struct writer *w);   /* flush, close, rename; NULL is fine */
void writer_abandon(struct writer *w); /* drop what is buffered; an atomic file is removed */

#endif
