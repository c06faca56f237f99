#include "csvio_priv.h"

#include <stdlib.h>

#include "mem.h"
#include "simd.h"
#include "word.h"

/* Of 64 bytes, one bit each, the first byte lowest. */
struct marks {
	uint64_t delim, quote, newline, high;
};

/* --- Kernels --- */

/* The high bit of each byte of `word` that is 0, and no other bit. */
SIMD_INLINE uint64_t mark_zeros(uint64_t word)
{
	const uint64_t low = ~WORD_HIGH_BITS;

	return ~(((word & low) + low) | word | low);
}

/* The high bits of eight bytes, side by side; no two products of bits meet. */
SIMD_INLINE uint64_t gather(uint64_t marks)
{
	return (marks >> 7) * UINT64_C(0x0102040810204080) >> 56;
}

SIMD_INLINE struct marks mark_plain(const char *p, struct csv_dialect d)
{
	const uint64_t delims = WORD_ONES * (unsigned char)d.delim;
	const uint64_t quotes = WORD_ONES * (unsigned char)d.quote;
	struct marks m = {0};

	for (int i = 0; i < 64; i += 8) {
		uint64_t word = word_load(p + i);

		m.delim |= gather(mark_zeros(word ^ delims)) << i;
		m.quote |= gather(mark_zeros(word ^ quotes)) << i;
		m.newline |= gather(mark_zeros(word ^ WORD_ONES * '\n')) << i;
		m.high |= gather(word & WORD_HIGH_BITS) << i;
	}
	return m;
}

#ifdef HAVE_AVX2_KERNEL
AVX2 static inline struct marks mark_avx2(const char *p, struct csv_dialect d)
{
	__m256i low = _mm256_loadu_si256((const __m256i *)(const void *)p);
	__m256i high = _mm256_loadu_si256((const __m256i *)(const void *)(p + 32));

	return (struct marks){
		.delim = simd_equal(low, high, d.delim),
		.quote = simd_equal(low, high, d.quote),
		.newline = simd_equal(low, high, '\n'),
		.high = simd_bits(low, high),
	};
}
#endif

#ifdef HAVE_NEON_KERNEL
SIMD_INLINE struct marks mark_neon(const char *p, struct csv_dialect d)
{
	uint8x16_t v[4], high[4];

	for (int i = 0; i < 4; i++) {
		v[i] = vld1q_u8((const uint8_t *)p + 16 * i);
		high[i] = vcgeq_u8(v[i], vdupq_n_u8(0x80));
	}
	return (struct marks){
		.delim = simd_equal(v, d.delim),
		.quote = simd_equal(v, d.quote),
		.newline = simd_equal(v, '\n'),
		.high = simd_bits(high),
	};
}
#endif

typedef struct marks mark_fn(const char *p, struct csv_dialect d);
typedef uint64_t parity_fn(uint64_t bits);

/* --- What a step says --- */

struct step {
	uint64_t ends;     /* bytes that end a cell */
	uint64_t newlines; /* of them, those that end a record */
	uint64_t doubled;  /* second quotes of two in a quoted cell */
	uint64_t wrong;    /* what may not be where it is; nothing behind it is right */
	struct marks m;
};

/* Is the byte at p the CR of a CR LF? */
static bool is_line_end(const char *p, const char *end)
{
	return end - p > 1 && p[0] == '\r' && p[1] == '\n';
}

/* Of bytes behind closing quotes that end no cell themselves, those where no CR LF is. */
static uint64_t without_line_ends(uint64_t bits, const char *p, const char *end)
{
	uint64_t rest = bits;

	for (uint64_t b = bits; b; b &= b - 1) {
		if (is_line_end(p + __builtin_ctzll(b), end))
			rest &= ~(b & -b);
	}
	return rest;
}

/* Of the step that begins at p. */
SIMD_INLINE int last_byte(const char *p, const char *end)
{
	return end - p < 64 ? (int)(end - p) - 1 : 63;
}

/*
 * Every quote toggles between inside and outside; that is right as long as those that open stand where a cell starts
 * and those that close stand where it ends. Two quotes in a quoted cell close and open again.
 */
SIMD_INLINE void take_quotes(struct step *s, struct csv_quotes *q, parity_fn *parity, const char *p,
			     const char *end)
{
	int last = last_byte(p, end);
	uint64_t there = ~UINT64_C(0) >> (63 - last);
	uint64_t inside = parity(s->m.quote) ^ q->inside; /* from a quote up to before the next */
	uint64_t open = s->m.quote & inside, close = s->m.quote & ~inside;
	uint64_t behind = (close << 1 | q->closed) & there, text;

	s->ends &= ~inside;
	s->newlines &= ~inside;
	s->doubled = open & behind;
	s->wrong = open & ~(behind | s->ends << 1 | q->start);
	text = behind & ~(s->ends | open);
	if (text)
		s->wrong |= without_line_ends(text, p, end);
	q->inside = 0 - (inside >> 63);
	q->closed = close >> last;
}

/* The next 64 bytes, or those that are left. */
SIMD_INLINE struct step take_step(struct csv_quotes *q, struct csv_dialect d, const char *p,
				  const char *end, mark_fn *mark, parity_fn *parity)
{
	struct step s = {0};

	if (end - p >= 64) {
		s.m = mark(p, d);
	} else {
		char copy[64] = {0}; /* a NUL is none of the bytes that are sought */

		memcpy(copy, p, (size_t)(end - p));
		s.m = mark(copy, d);
	}
	s.newlines = s.m.newline;
	s.ends = s.m.delim | s.m.newline;
	if (s.m.quote | q->inside | q->closed)
		take_quotes(&s, q, parity, p, end);
	q->start = s.ends >> last_byte(p, end) & 1;
	return s;
}

/* The bits below the lowest one of `bits`. */
SIMD_INLINE uint64_t below(uint64_t bits)
{
	return (bits & -bits) - 1;
}

/* --- Records --- */

SIMD_INLINE uint64_t put_four(uint32_t *at, uint64_t ends, uint32_t base)
{
	const uint64_t some = UINT64_C(1) << 63; /* where there is none, any place will do */

	at[0] = base + (uint32_t)__builtin_ctzll(ends | some);
	ends &= ends - 1;
	at[1] = base + (uint32_t)__builtin_ctzll(ends | some);
	ends &= ends - 1;
	at[2] = base + (uint32_t)__builtin_ctzll(ends | some);
	ends &= ends - 1;
	at[3] = base + (uint32_t)__builtin_ctzll(ends | some);
	return ends & (ends - 1);
}

/* Eight at a time: what is written past the count is overwritten by the next. */
SIMD_INLINE void put_ends(struct csv_window *w, uint64_t ends, uint32_t base)
{
	uint32_t *at = w->at + w->nat;

	w->nat += (size_t)__builtin_popcountll(ends);
	for (; ends; at += 8) {
		ends = put_four(at, ends, base + 1);
		ends = put_four(at + 4, ends, base + 1);
	}
}

SIMD_INLINE uint32_t traits_of(const struct step *s, uint64_t among)
{
	return (s->m.quote & among ? CSV_QUOTED : 0u) | (s->doubled & among ? CSV_DOUBLED : 0u) |
	       (s->m.newline & ~s->newlines & among ? CSV_LINES : 0u) |
	       (s->m.high & among ? CSV_HIGH : 0u);
}

/* The lines that end in a step. *traits: what the bytes before it say of the first one. */
SIMD_INLINE void put_lines(struct csv_window *w, const struct step *s, uint32_t *traits)
{
	bool special = s->m.quote | s->m.high | (s->m.newline & ~s->newlines) | *traits;
	uint64_t seen = 0;

	for (uint64_t rest = s->newlines; rest; rest &= rest - 1) {
		uint64_t before = below(rest);
		struct csv_line *line = &w->lines[w->n++];

		line->last = (uint32_t)(w->nat + (size_t)__builtin_popcountll(s->ends & before));
		line->traits = 0;
		if (special) {
			line->traits = *traits | traits_of(s, before & ~seen);
			*traits = 0;
			seen = before;
		}
	}
	if (special)
		*traits |= traits_of(s, ~seen);
}

/* Room for a step. */
SIMD_INLINE void reserve(struct csv_window *w)
{
	if (w->at_cap < w->nat + 64 + 8)
		w->at = mem_grow(w->at, &w->at_cap, w->nat + 64 + 8, sizeof *w->at);
	if (w->lines_cap < w->n + 64)
		w->lines = mem_grow(w->lines, &w->lines_cap, w->n + 64, sizeof *w->lines);
}

/* Places are of 32 bits. */
enum { WINDOW_BYTES = INT32_MAX };

SIMD_INLINE void fill(struct csv_window *w, struct csv_dialect d, const char *start,
		      const char *end, mark_fn *mark, parity_fn *parity)
{
	struct csv_quotes q = {.start = 1};
	uint32_t traits = 0;
	const char *p = start;

	w->base = start;
	w->n = 0;
	w->nat = 0;
	w->high = 0;
	w->stuck = false;
	reserve(w);
	w->at[w->nat++] = 0;
	for (; p < end && (w->nat < CSV_WINDOW || !w->n) && p - start < WINDOW_BYTES; p += 64) {
		struct step s = take_step(&q, d, p, end, mark, parity);

		if (s.wrong) {
			s.ends &= below(s.wrong);
			s.newlines &= s.ends;
		}
		reserve(w);
		w->high |= s.m.high;
		put_lines(w, &s, &traits);
		put_ends(w, s.ends, (uint32_t)(p - start));
		if (s.wrong) {
			w->stuck = true;
			return;
		}
	}
	w->stuck = !w->n;
}

/* --- Record ends --- */

SIMD_INLINE void search(struct csv_search *search, struct csv_dialect d, const char *start,
			size_t len, mark_fn *mark, parity_fn *parity)
{
	const char *end = start + len;

	search->last = 0;
	search->wrong = false;
	for (const char *p = start; p < end; p += 64) {
		struct step s = take_step(&search->quotes, d, p, end, mark, parity);

		if (s.wrong)
			s.newlines &= below(s.wrong);
		if (s.newlines)
			search->last =
				(size_t)(p - start) + 64 - (size_t)__builtin_clzll(s.newlines);
		if (s.wrong) {
			search->wrong = true;
			return;
		}
	}
}

/* --- The choice --- */

static void fill_plain(struct csv_window *w, struct csv_dialect d, const char *p, const char *end)
{
	fill(w, d, p, end, mark_plain, simd_parity);
}

static void search_plain(struct csv_search *s, struct csv_dialect d, const char *p, size_t len)
{
	search(s, d, p, len, mark_plain, simd_parity);
}

static const struct csv_kernel plain = {fill_plain, search_plain};

#ifdef HAVE_AVX2_KERNEL
AVX2 static void fill_avx2(struct csv_window *w, struct csv_dialect d, const char *p,
			   const char *end)
{
	fill(w, d, p, end, mark_avx2, simd_parity_avx2);
}

AVX2 static void search_avx2(struct csv_search *s, struct csv_dialect d, const char *p, size_t len)
{
	search(s, d, p, len, mark_avx2, simd_parity_avx2);
}

static const struct csv_kernel avx2 = {fill_avx2, search_avx2};
#endif

#ifdef HAVE_NEON_KERNEL
static void fill_neon(struct csv_window *w, struct csv_dialect d, const char *p, const char *end)
{
	fill(w, d, p, end, mark_neon, simd_parity);
}

static void search_neon(struct csv_search *s, struct csv_dialect d, const char *p, size_t len)
{
	search(s, d, p, len, mark_neon, simd_parity);
}

static const struct csv_kernel neon = {fill_neon, search_neon};
#endif

const struct csv_kernel *csv_kernel(void)
{
	switch (simd_choose()) {
#ifdef HAVE_AVX2_KERNEL
	case SIMD_AVX2:
		return &avx2;
#endif
#ifdef HAVE_NEON_KERNEL
	case SIMD_NEON:
		return &neon;
#endif
	default:
		return &plain;
	}
}
