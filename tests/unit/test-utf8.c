#include "utf8.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tap.h"

typedef unsigned char byte;

static uint64_t rng_state = 20240229;

static unsigned rng(unsigned n)
{
	rng_state = rng_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)(rng_state >> 33) % n;
}

/* --- The model: each character's number, and whether it is one that may be written in so many bytes --- */

static size_t model_length(byte lead)
{
	return lead < 0x80   ? 1
	       : lead < 0xc0 ? 0
	       : lead < 0xe0 ? 2
	       : lead < 0xf0 ? 3
	       : lead < 0xf8 ? 4
			     : 0;
}

static bool model(const byte *p, size_t len)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	const byte *end = p + len;

	while (p < end) {
		size_t n = model_length(*p);
		uint32_t code = n > 1 ? *p & (0x7fu >> n) : *p;

		if (n == 0 || n > (size_t)(end - p))
			return false;
		for (size_t i = 1; i < n; i++) {
			if (p[i] >> 6 != 2)
				return false;
			code = code << 6 | (p[i] & 0x3f);
		}
		if (code < least[n] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
			return false;
		p += n;
	}
	return true;
}

/* --- Ways to judge, and what they must agree with --- */

static utf8_valid_fn *plain, *fast;
static size_t judged, valid, wrong; /* texts; those the model takes; those of another verdict */

static void judge(const byte *p, size_t len)
{
	const char *text = (const char *)p;
	bool want = model(p, len);

	judged++;
	valid += want;
	if (plain(text, len) == want && fast(text, len) == want)
		return;
	if (!wrong++) {
		printf("# first, %svalid:", want ? "" : "not ");
		for (size_t i = 0; i < len; i++)
			printf(" %02x", p[i]);
		putchar('\n');
	}
}

/* Some of the texts since the last call were valid and some were not, or the test tests nothing. */
static void judged_as_model(const char *what)
{
	ok(!wrong && valid && valid < judged, "%s: %zu of %zu valid, %zu wrong", what, valid,
	   judged, wrong);
	judged = valid = wrong = 0;
}

/* --- Known ones --- */

static void is_judged(const char *text, size_t len, bool want)
{
	char padded[100];

	for (size_t before = 0; before < 70; before++) {
		memset(padded, 'x', sizeof padded);
		memcpy(padded + before, text, len);
		judged++;
		valid += want;
		/* At the end, and before others. */
		wrong += utf8_valid(padded, before + len) != want;
		wrong += plain(padded, before + len) != want;
		wrong += fast(padded, before + len) != want;
		wrong += fast(padded, sizeof padded) != want;
	}
}

static void test_known(void)
{
	static const char *const good[] = {
		"",
		"\x7f",
		"\xc2\x80",
		"\xdf\xbf",
		"\xe0\xa0\x80",
		"\xec\xbf\xbf",
		"\xed\x9f\xbf",
		"\xee\x80\x80",
		"\xef\xbf\xbf",
		"\xf0\x90\x80\x80",
		"\xf4\x8f\xbf\xbf",
		"12345678\xc3\xa9",
	};
	static const char *const bad[] = {
		"\x80",
		"\xbf",
		"\xc0\x80",
		"\xc1\xbf",
		"\xc2\x7f",
		"\xc2\xc0",
		"\xdf",
		"\xe0\x9f\xbf",
		"\xe0\xa0",
		"\xed\xa0\x80",
		"\xed\xbf\xbf",
		"\xef\xbf\xc0",
		"\xf0\x8f\xbf\xbf",
		"\xf0\x90\x80",
		"\xf0\x90\x80\x7f",
		"\xf4\x90\x80\x80",
		"\xf5\x80\x80\x80",
		"\xf8\x88\x80\x80\x80",
		"\xfe",
		"\xff",
		"12345678\xc3",
		"\xc3\xa9\xa9",
	};

	ok(utf8_valid(NULL, 0) && plain(NULL, 0) && fast(NULL, 0), "no bytes at all are UTF-8");
	ok(utf8_valid("\0", 1), "NUL is a character");
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		is_judged(good[i], strlen(good[i]), true);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		is_judged(bad[i], strlen(bad[i]), false);
	judged_as_model("edges of the ranges");
}

/* --- All short sequences --- */

enum { LONG_TEXT = 75 };

/* The bytes at a place of a text, of which each length is judged that is given. */
static void judge_at(const byte *bytes, size_t n, size_t at, size_t len)
{
	byte text[LONG_TEXT + 4];

	memset(text, 'x', sizeof text);
	memcpy(text + at, bytes, n);
	judge(text, len);
}

static void test_pairs(void)
{
	for (unsigned i = 0; i < 1u << 16; i++) {
		byte pair[2] = {(byte)(i >> 8), (byte)i};

		for (size_t at = i % 3; at < LONG_TEXT; at += 3)
			judge_at(pair, 2, at, LONG_TEXT);
		judge_at(pair, 2, LONG_TEXT - 2, LONG_TEXT);
		judge_at(pair, 1, LONG_TEXT - 1, LONG_TEXT);
	}
	judged_as_model("two bytes");
}

/* Where the first is ASCII they are two with one before. */
static void test_triples(void)
{
	for (unsigned i = 0x80u << 16; i < 1u << 24; i++) {
		byte triple[3] = {(byte)(i >> 16), (byte)(i >> 8), (byte)i};

		judge_at(triple, 3, i % 33, 36);
	}
	judged_as_model("three bytes");
}

static void test_quadruples(void)
{
	static const byte edges[] = {0,    0x7f, 0x80, 0x8f, 0x90, 0x9f,
				     0xa0, 0xbf, 0xc0, 0xdf, 0xe0, 0xff};
	enum { N = sizeof edges };

	for (unsigned head = 0xe000; head <= 0xffff; head++) {
		for (unsigned i = 0; i < N * N; i++) {
			byte four[4] = {(byte)(head >> 8), (byte)head, edges[i / N], edges[i % N]};

			judge_at(four, 4, (head + i) % 33, 37);
		}
	}
	judged_as_model("four bytes");
}

/* --- Random ones --- */

static size_t put_code(byte *p, uint32_t code)
{
	size_t n = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;

	for (size_t i = n; i-- > 1; code >>= 6)
		p[i] = (byte)(0x80 | (code & 0x3f));
	p[0] = (byte)(n == 1 ? code : (0xf00u >> n & 0xff) | code);
	return n;
}

/* Characters of `len` bytes together, of which one in `rare` is not ASCII. */
static void random_text(byte *p, size_t len, unsigned rare)
{
	static const uint32_t below[] = {0x80, 0x800, 0xd800, 0x110000};

	for (size_t at = 0; at < len;) {
		uint32_t code = rng(below[rng(rare) ? 0 : rng(4)]);

		if (code >= 0xd800 && code < 0xe000)
			code = 0xe000;
		if (len - at < 4)
			code &= 0x7f;
		at += put_code(p + at, code);
	}
}

static void test_mutations(void)
{
	byte text[140];

	for (size_t len = 1; len < sizeof text; len++) {
		for (unsigned rare = 1; rare < 100; rare *= 3) {
			random_text(text, len, rare);
			judge(text, len);
			for (size_t at = 0; at < len; at++) {
				byte kept = text[at];

				text[at] = (byte)rng(256);
				judge(text, len);
				text[at] = kept;
				judge(text, at); /* cut */
				judge(text + at, len - at);
			}
		}
	}
	judged_as_model("one byte of a text changed, or a part of it");
}

/* --- No other byte is read --- */

static void test_guarded(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	byte *pages =
		mmap(NULL, 3 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	byte *middle = pages + page;

	if (pages == MAP_FAILED || mprotect(pages, page, PROT_NONE) < 0 ||
	    mprotect(pages + 2 * page, page, PROT_NONE) < 0) {
		ok(false, "no pages");
		return;
	}
	for (size_t len = 1; len < 140; len++) {
		byte *last = middle + page - len;

		for (unsigned rare = 1; rare < 100; rare *= 9) {
			random_text(middle, len, rare);
			judge(middle, len);
			middle[rng((unsigned)len)] ^= 0x80;
			judge(middle, len);
			random_text(last, len, rare);
			judge(last, len);
			last[len - 1] = 0xc3;
			judge(last, len);
		}
	}
	judged_as_model("from a page's start, and up to its end");
	munmap(pages, 3 * page);
}

static void test_mark(void)
{
	static const char *const t[][2] = {
		{"", ""},
		{"a\xff", "a?"},
		{"\xef\xbf\xbd", "\xef\xbf\xbd"},
		{"\xe2\x82z\xe2\x82\xac\xc3", "??z\xe2\x82\xac?"},
		{"\xed\xa0\x80", "???"},
	};

	for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
		char text[8];

		snprintf(text, sizeof text, "%s", t[i][0]);
		utf8_mark(text, strlen(text));
		is_str(text, t[i][1], "marked");
	}
}

int main(void)
{
	fast = utf8_validator();
	setenv("KPIPE_SIMD", "none", 1);
	plain = utf8_validator();
	printf("# %s\n", fast == plain ? "plain C alone" : "vectors and plain C");
	test_known();
	test_pairs();
	test_triples();
	test_quadruples();
	test_mutations();
	test_guarded();
	test_mark();
	return done_testing();
}
