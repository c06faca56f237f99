/* grid: aligned columns; textwidth: what texts take on a terminal. */
#include "grid.h"

#include <stdlib.h>

#include "tap.h"
#include "textwidth.h"

static void width(const char *text, size_t want)
{
	size_t got = text_width(slice_str(text));

	ok(got == want, "'%s' is %zu wide, got %zu", text, want, got);
}

/* What East Asian Width, general category and the terminals that follow them make of it. */
static void test_widths(void)
{
	width("", 0);
	width("plain ASCII", 11);
	width("Größe", 5);
	width("e\xcc\x81", 1);                            /* a combining acute */
	width("日本語", 6);                               /* W */
	width("ｱ", 1);                                    /* halfwidth */
	width("Ａ", 2);                                   /* fullwidth */
	width("한국어", 6);                               /* syllables */
	width("\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab", 2); /* one syllable, of three parts */
	width("ภาษาไทย", 7);                              /* vowels that stand by themselves */
	width("ที่นี่", 2);                                   /* and vowels and tones that do not */
	width("👍", 2);
	width("👍\xef\xb8\x8f", 2);                        /* a variation selector */
	width("👩\xe2\x80\x8d👩", 4);                       /* a joiner between two */
	width("€ → ½ ± …", 9);                            /* ambiguous ones are narrow */
	width("\xe2\x80\x8b\xe2\x81\xa0\xef\xbb\xbf", 0); /* zero width, word joiner, BOM */
	width("\xc2\xad", 1);                             /* a soft hyphen shows */
	width("𠀀", 2);                                   /* beyond 16 bits */
	width("𝐀", 1);
	width("\xcc\x80", 0);         /* the first of a table */
	width("\xf3\xa0\x87\xaf", 0); /* and the last one */
	ok(text_width(slice_str("\xff\xfe")) == 2, "bytes that are no UTF-8 take one each");
	ok(text_width(slice_str("\xe6\x97")) == 1, "the beginning of a character takes one");
}

/* Cells in order; those that begin with # are numbers, with ? others, the mark left out. */
static void table(size_t columns, const char *const cells[], const char *want, const char *what)
{
	struct grid *g = grid_new(columns);
	struct buf out = BUF_INIT;

	for (size_t i = 0; cells[i]; i++) {
		char mark = cells[i][0];
		bool marked = mark == '#' || mark == '?';

		grid_add(g, slice_str(cells[i] + marked),
			 mark == '#'   ? GRID_NUMBER
			 : mark == '?' ? GRID_OTHER
				       : GRID_TEXT);
	}
	grid_put(g, &out);
	is_str(buf_str(&out), want, what);
	grid_free(g);
	buf_free(&out);
}

int main(void)
{
	const char *const nul_text = "a\0b";
	struct grid *g = grid_new(1);
	struct buf out = BUF_INIT;

	test_widths();
	table(2, (const char *const[]){"?name", "?n", "a", "#1", "long", "#1234", NULL},
	      "name     n\n"
	      "a        1\n"
	      "long  1234\n",
	      "numbers stand to the right, with their head");
	table(2,
	      (const char *const[]){"?number", "?text", "#1", "x", "#-22", "#333", "?", "yy", NULL},
	      "number  text\n"
	      "     1  x\n"
	      "   -22  333\n"
	      "        yy\n",
	      "a text among the numbers takes them to the left; what is not there does nothing");
	table(3, (const char *const[]){"a", "b", "c", "aaa", "", "", "?", "?", "?", NULL},
	      "a    b  c\n"
	      "aaa\n"
	      "\n",
	      "no blanks at the ends of lines");
	table(2, (const char *const[]){"日本", "#1", "é", "#10", NULL},
	      "日本   1\n"
	      "é     10\n",
	      "wide characters take two columns");
	table(1, (const char *const[]){"a\nb\tc", "\x1b[1m\x7f", "\xc2\x9b", "\\n", NULL},
	      "a\\nb\\tc\n"
	      "\\u001b[1m\\u007f\n"
	      "\\u009b\n"
	      "\\n\n",
	      "control characters are shown, and command nothing");
	table(1, (const char *const[]){NULL}, "", "nothing");
	grid_add(g, slice_of(nul_text, 3), GRID_TEXT);
	grid_put(g, &out);
	is_str(buf_str(&out), "a\\u0000b\n", "NUL, too");
	grid_free(g);
	buf_free(&out);
	return done_testing();
}
