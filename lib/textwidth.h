/* textwidth: how many columns of a terminal a text takes. Pure. */
#ifndef KPIPE_TEXTWIDTH_H
#define KPIPE_TEXTWIDTH_H

#include "buf.h"

/*
 * Two for each wide character of East Asia and each emoji, none for combining and invisible ones, one
 * for each other, and for each byte that is not UTF-8: Unicode 14, character by character. So an
 * emoji that is joined of several counts as these; what a terminal makes of it is its own affair.
 * Control characters are the caller's to escape.
 */
size_t text_width(struct slice text);

#endif
