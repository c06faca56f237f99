#include "scan_priv.h"

#include "json.h"
#include "simd.h"

/* Of 64 bytes, one bit each, the first byte lowest. */
struct marks {
	uint64_t quote, backslash;
	uint64_t
		op; /* { } [ ] : ,  and maybe control characters, which are no token's beginning anyhow */
	uint64_t blank;   /* space, tab, CR, LF */
	uint64_t control; /* below 0x20 */
	uint64_t high;    /* above 0x7f */
};

/* --- Kernels --- */

enum { QUOTE = 1, BACKSLASH = 2, OP = 4, BLANK = 8, CONTROL = 16, HIGH = 32 };

/* GNU C has ranges in initialisers, and each compiler that builds this knows them. */
static const unsigned char class_of[256] = {
	[0 ... 0x08] = CONTROL,
	['\t'] = CONTROL | BLANK,
	['\n'] = CONTROL | BLANK,
	[0x0b ... 0x0c] = CONTROL,
	['\r'] = CONTROL | BLANK,
	[0x0e ... 0x1f] = CONTROL,
	[' '] = BLANK,
	['"'] = QUOTE,
	['\\'] = BACKSLASH,
	['{'] = OP,
	['}'] = OP,
	['['] = OP,
	[']'] = OP,
	[':'] = OP,
	[','] = OP,
	[0x80 ... 0xff] = HIGH,
};

static inline struct marks mark_plain(const char *p)
{
	struct marks m = {0};

	for (int i = 0; i < 64; i++) {
		uint64_t c = class_of[(unsigned char)p[i]];

		m.quote |= (c & 1) << i;
		m.backslash |= (c >> 1 & 1) << i;
		m.op |= (c >> 2 & 1) << i;
		m.blank |= (c >> 3 & 1) << i;
		m.control |= (c >> 4 & 1) << i;
		m.high |= (c >> 5) << i;
	}
	return m;
}

#ifdef HAVE_AVX2_KERNEL
/*
 * Looked up by its low four bits (0 above 0x7f), a byte of the set finds itself; in each other place
 * of the table stands a byte with other low bits, which finds nothing.
 */
AVX2 static inline uint64_t in_table(__m256i low, __m256i high, __m256i table, char fold)
{
	__m256i folds = _mm256_set1_epi8(fold);

	return simd_bits(
		_mm256_cmpeq_epi8(_mm256_or_si256(low, folds), _mm256_shuffle_epi8(table, low)),
		_mm256_cmpeq_epi8(_mm256_or_si256(high, folds), _mm256_shuffle_epi8(table, high)));
}

AVX2 static inline struct marks mark_avx2(const char *p)
{
	const __m256i blanks =
		_mm256_setr_epi8(' ', 0, 0, 0, 0, 0, 0, 0, 0, '\t', '\n', 0, 0, '\r', 0, 0, ' ', 0,
				 0, 0, 0, 0, 0, 0, 0, '\t', '\n', 0, 0, '\r', 0, 0);
	/* [ and ] become { and } by the bit 0x20, which the others have. */
	const __m256i ops =
		_mm256_setr_epi8(1, 0, 0, 0, 0, 0, 0, 0, 0, 0, ':', '{', ',', '}', 0, 0, 1, 0, 0, 0,
				 0, 0, 0, 0, 0, 0, ':', '{', ',', '}', 0, 0);
	const __m256i last_control = _mm256_set1_epi8(0x1f);
	__m256i low = _mm256_loadu_si256((const __m256i *)(const void *)p);
	__m256i high = _mm256_loadu_si256((const __m256i *)(const void *)(p + 32));

	return (struct marks){
		.quote = simd_equal(low, high, '"'),
		.backslash = simd_equal(low, high, '\\'),
		.op = in_table(low, high, ops, 0x20),
		.blank = in_table(low, high, blanks, 0),
		.control = simd_bits(_mm256_cmpeq_epi8(_mm256_min_epu8(low, last_control), low),
				     _mm256_cmpeq_epi8(_mm256_min_epu8(high, last_control), high)),
		.high = simd_bits(low, high),
	};
}
#endif

#ifdef HAVE_NEON_KERNEL
SIMD_INLINE uint64_t any_equal(const uint8x16_t v[4], const char *set)
{
	uint64_t bits = 0;

	for (; *set; set++)
		bits |= simd_equal(v, *set);
	return bits;
}

SIMD_INLINE struct marks mark_neon(const char *p)
{
	uint8x16_t v[4], control[4], high[4];

	for (int i = 0; i < 4; i++) {
		v[i] = vld1q_u8((const uint8_t *)p + 16 * i);
		control[i] = vcltq_u8(v[i], vdupq_n_u8(0x20));
		high[i] = vcgeq_u8(v[i], vdupq_n_u8(0x80));
	}
	return (struct marks){
		.quote = simd_equal(v, '"'),
		.backslash = simd_equal(v, '\\'),
		.op = any_equal(v, "{}[]:,"),
		.blank = any_equal(v, " \t\n\r"),
		.control = simd_bits(control),
		.high = simd_bits(high),
	};
}
#endif

/* --- From marks to tokens --- */

/* The last 64 bytes of a line may reach back to bytes seen before, which are shifted out. */
SIMD_INLINE struct marks mark_tail(struct marks (*mark)(const char *), const struct tokens *t)
{
	size_t left = t->len - t->done;
	struct marks m;
	int seen = 0;

	if (t->len >= 64) {
		m = mark(t->line + t->len - 64);
		seen = (int)(64 - left);
	} else {
		char copy[64] = {0};

		memcpy(copy, t->line, t->len);
		m = mark(copy);
	}
	m.quote >>= seen;
	m.backslash >>= seen;
	m.op >>= seen;
	m.blank >>= seen;
	m.control >>= seen;
	m.high >>= seen;
	/* What lies behind the end is as good as blank. */
	m.blank |= ~UINT64_C(0) << left;
	m.control &= ~(~UINT64_C(0) << left);
	return m;
}

/* Looks at the escape at `at`, unless it is the second half of a pair that was looked at. */
static bool take_escape(struct tokens *t, size_t at)
{
	const char *end;

	if (at < t->escape_end)
		return true;
	end = json_escape_end(t->line + at, t->line + t->len);
	t->escape_end = end ? (size_t)(end - t->line) : 0;
	return end;
}

/*
 * Which bytes a backslash before them escapes. False when an escape is not strict. A backslash
 * outside of strings is no token's beginning or part, so it need not be told apart.
 */
static bool mark_escaped(struct tokens *t, uint64_t backslash, uint64_t *escaped)
{
	*escaped = t->escaped;
	backslash &= ~t->escaped;
	t->escaped = 0;
	while (backslash) {
		int at = __builtin_ctzll(backslash);

		if (!take_escape(t, t->done + (size_t)at))
			return false;
		if (at == 63)
			t->escaped = 1;
		else
			*escaped |= UINT64_C(2) << at;
		backslash &= ~(UINT64_C(3) << at);
	}
	return true;
}

/* Eight at a time: places written past the count are overwritten by the next. */
SIMD_INLINE void put_starts(struct tokens *t, uint64_t starts)
{
	uint32_t *at = t->at + t->n, base = (uint32_t)t->done;

	t->n += (size_t)__builtin_popcountll(starts);
	while (starts) {
		for (int i = 0; i < 8; i++) {
			at[i] = base + (uint32_t)__builtin_ctzll(starts | UINT64_C(1) << 63);
			starts &= starts - 1;
		}
		at += 8;
	}
}

/* Strings are from quote to quote; a run of other bytes begins where no such byte stands before. */
SIMD_INLINE bool take_step(struct tokens *t, struct marks m, uint64_t (*parity)(uint64_t))
{
	uint64_t escaped = 0, inside, scalar, run, starts;

	if (m.backslash | t->escaped) {
		if (!mark_escaped(t, m.backslash, &escaped))
			return false;
		m.quote &= ~escaped;
	}
	inside = parity(m.quote) ^ t->in_string; /* from the first quote up to before the last */
	if (inside & m.control)
		return false;
	t->in_string = 0 - (inside >> 63);
	t->high |= m.high;
	scalar = ~(m.op | m.blank);
	run = scalar & ~m.quote;
	starts = (m.op | (scalar & ~(run << 1 | t->in_scalar))) & ~(inside ^ m.quote);
	t->in_scalar = run >> 63;
	put_starts(t, starts);
	return true;
}

SIMD_INLINE bool fill(struct tokens *t, struct marks (*mark)(const char *),
		      uint64_t (*parity)(uint64_t))
{
	size_t kept = t->n - t->i;

	memmove(t->at, t->at + t->i, kept * sizeof *t->at);
	t->i = 0;
	t->n = kept;
	while (t->n < TOKENS_MAX && t->done < t->len) {
		bool whole = t->len - t->done >= 64;
		struct marks m = whole ? mark(t->line + t->done) : mark_tail(mark, t);

		if (!take_step(t, m, parity))
			return false;
		t->done += whole ? 64 : t->len - t->done;
	}
	t->at[t->n] = (uint32_t)t->done;
	return t->done < t->len || !t->in_string;
}

static bool fill_plain(struct tokens *t)
{
	return fill(t, mark_plain, simd_parity);
}

#ifdef HAVE_AVX2_KERNEL
AVX2 static bool fill_avx2(struct tokens *t)
{
	return fill(t, mark_avx2, simd_parity_avx2);
}
#endif

#ifdef HAVE_NEON_KERNEL
static bool fill_neon(struct tokens *t)
{
	return fill(t, mark_neon, simd_parity);
}
#endif

tokens_fill_fn *tokens_filler(void)
{
	switch (simd_choose()) {
#ifdef HAVE_AVX2_KERNEL
	case SIMD_AVX2:
		return fill_avx2;
#endif
#ifdef HAVE_NEON_KERNEL
	case SIMD_NEON:
		return fill_neon;
#endif
	default:
		return fill_plain;
	}
}
