/* scan_priv: the first stage of scan, where the tokens of a line begin. */
#ifndef KPIPE_SCAN_PRIV_H
#define KPIPE_SCAN_PRIV_H

#include "scan.h"

enum { TOKENS_MAX = 1024 };

/*
 * A window on the tokens of a line: at[i .. n) begin there, counted in bytes from the line's start. A token is one of
 * { } [ ] : , outside of strings, or the first byte of a string or of any other run of bytes. at[n] is the end of what
 * was looked at: of the line when `done` reaches len.
 */
struct tokens {
	const char *line;
	size_t len, done;
	size_t i, n;
	/* What the bytes before `done` say of those behind. */
	uint64_t in_string;          /* all ones or none */
	uint64_t in_scalar, escaped; /* of the next byte: 1 or 0 */
	size_t escape_end; /* of the last one looked at, both halves of a surrogate pair included */
	uint64_t high;     /* bytes above 0x7f were seen */
	uint32_t at[TOKENS_MAX + 64 + 8];
};

/*
 * Marks more of the line, as far as the window has room; tokens before `i` leave it. False when a string holds
 * a control character or an escape that is not strict.
 */
typedef bool tokens_fill_fn(struct tokens *t);

tokens_fill_fn *tokens_filler(void); /* the fastest that this machine has */

#endif
