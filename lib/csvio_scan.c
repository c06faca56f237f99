#include "csvio_priv.h"

#include <stdlib.h>

#include "mem.h"
#include "word.h"

#if defined(__x86_64__) && defined(__GNUC__)
#define HAVE_AVX2_KERNEL 1
#include <immintrin.h>
#elif defined(__aarch64__) && defined(__GNUC__)
#define HAVE_NEON_KERNEL 1
#include <arm_neon.h>
#endif

#define INLINE static inline __attribute__((always_inline))

/* Of 64 bytes, one bit each, the first byte lowest. */
struct marks {
	uint64_t delim, quote, newline, high;
};

/* --- Kernels --- */

/* The high bit of each byte of `word` that is 0, and no other bit. */
INLINE uint64_t mark_zeros(uint64_t word)
{
	const uint64_t low = ~WORD_HIGH_BITS;

	return ~(((word & low) + low) | word | low);
}

/* The high bits of eight bytes, side by side; no two products of bits meet. */
INLINE uint64_t gather(uint64_t marks)
{
	return (marks >> 7) * UINT64_C(0x0102040810204080) >> 56;
}

INLINE struct marks mark_plain(const char *p, struct csv_dialect d)
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

/* Each bit becomes the parity of those up to it: from quotes to what is between them. */
INLINE uint64_t parity_plain(uint64_t bits)
{
	for (int shift = 1; shift < 64; shift *= 2)
		bits ^= bits << shift;
	return bits;
}

#ifdef HAVE_AVX2_KERNEL
#define AVX2 __attribute__((target("avx2,pclmul,bmi,popcnt")))

AVX2 static inline uint64_t bits_of(__m256i low, __m256i high)
{
	return (uint32_t)_mm256_movemask_epi8(low) | (uint64_t)(uint32_t)_mm256_movemask_epi8(high)
							     << 32;
}

AVX2 static inline uint64_t equal(__m256i low, __m256i high, char c)
{
	__m256i all = _mm256_set1_epi8(c);

	return bits_of(_mm256_cmpeq_epi8(low, all), _mm256_cmpeq_epi8(high, all));
}

AVX2 static inline struct marks mark_avx2(const char *p, struct csv_dialect d)
{
	__m256i low = _mm256_loadu_si256((const __m256i *)(const void *)p);
	__m256i high = _mm256_loadu_si256((const __m256i *)(const void *)(p + 32));

	return (struct marks){
		.delim = equal(low, high, d.delim),
		.quote = equal(low, high, d.quote),
		.newline = equal(low, high, '\n'),
		.high = bits_of(low, high),
	};
}

AVX2 static inline uint64_t parity_avx2(uint64_t bits)
{
	__m128i product =
		_mm_clmulepi64_si128(_mm_set_epi64x(0, (int64_t)bits), _mm_set1_epi8(-1), 0);

	return (uint64_t)_mm_cvtsi128_si64(product);
}
#endif

#ifdef HAVE_NEON_KERNEL
INLINE uint64_t bits_of(const uint8x16_t v[4])
{
	static const uint8_t weights[16] = {1, 2, 4, 8, 16, 32, 64, 128,
					    1, 2, 4, 8, 16, 32, 64, 128};
	uint8x16_t w = vld1q_u8(weights);
	uint8x16_t ab = vpaddq_u8(vandq_u8(v[0], w), vandq_u8(v[1], w));
	uint8x16_t cd = vpaddq_u8(vandq_u8(v[2], w), vandq_u8(v[3], w));
	uint8x16_t sums = vpaddq_u8(ab, cd);

	return vgetq_lane_u64(vreinterpretq_u64_u8(vpaddq_u8(sums, sums)), 0);
}

INLINE uint64_t equal(const uint8x16_t v[4], char c)
{
	uint8x16_t all = vdupq_n_u8((uint8_t)c);
	uint8x16_t same[4];

	for (int i = 0; i < 4; i++)
		same[i] = vceqq_u8(v[i], all);
	return bits_of(same);
}

INLINE struct marks mark_neon(const char *p, struct csv_dialect d)
{
	uint8x16_t v[4], high[4];

	for (int i = 0; i < 4; i++) {
		v[i] = vld1q_u8((const uint8_t *)p + 16 * i);
		high[i] = vcgeq_u8(v[i], vdupq_n_u8(0x80));
	}
	return (struct marks){
		.delim = equal(v, d.delim),
		.quote = equal(v, d.quote),
		.newline = equal(v, '\n'),
		.high = bits_of(high),
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
INLINE int last_byte(const char *p, const char *end)
{
	return end - p < 64 ? (int)(end - p) - 1 : 63;
}

/*
 * Every quote toggles between inside and outside; that is right as long as those that open stand where a cell starts
 * and those that close stand where it ends. Two quotes in a quoted cell close and open again.
 */
INLINE void take_quotes(struct step *s, struct csv_quotes *q, parity_fn *parity, const char *p,
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
INLINE struct step take_step(struct csv_quotes *q, struct csv_dialect d, const char *p,
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
INLINE uint64_t below(uint64_t bits)
{
	return (bits & -bits) - 1;
}

/* --- Records --- */

INLINE uint64_t put_four(uint32_t *at, uint64_t ends, uint32_t base)
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
INLINE void put_ends(struct csv_window *w, uint64_t ends, uint32_t base)
{
	uint32_t *at = w->at + w->nat;

	w->nat += (size_t)__builtin_popcountll(ends);
	for (; ends; at += 8) {
		ends = put_four(at, ends, base + 1);
		ends = put_four(at + 4, ends, base + 1);
	}
}

INLINE uint32_t traits_of(const struct step *s, uint64_t among)
{
	return (s->m.quote & among ? CSV_QUOTED : 0u) | (s->doubled & among ? CSV_DOUBLED : 0u) |
	       (s->m.newline & ~s->newlines & among ? CSV_LINES : 0u) |
	       (s->m.high & among ? CSV_HIGH : 0u);
}

/* The lines that end in a step. *traits: what the bytes before it say of the first one. */
INLINE void put_lines(struct csv_window *w, const struct step *s, uint32_t *traits)
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
INLINE void reserve(struct csv_window *w)
{
	if (w->at_cap < w->nat + 64 + 8)
		w->at = mem_grow(w->at, &w->at_cap, w->nat + 64 + 8, sizeof *w->at);
	if (w->lines_cap < w->n + 64)
		w->lines = mem_grow(w->lines, &w->lines_cap, w->n + 64, sizeof *w->lines);
}

/* Places are of 32 bits. */
enum { WINDOW_BYTES = INT32_MAX };

INLINE void fill(struct csv_window *w, struct csv_dialect d, const char *start, const char *end,
		 mark_fn *mark, parity_fn *parity)
{
	struct csv_quotes q = {.start = 1};
	uint32_t traits = 0;
	const char *p = start;

	w->base = start;
	w->n = 0;
	w->nat = 0;
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

INLINE void search(struct csv_search *search, struct csv_dialect d, const char *start, size_t len,
		   mark_fn *mark, parity_fn *parity)
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
	fill(w, d, p, end, mark_plain, parity_plain);
}

static void search_plain(struct csv_search *s, struct csv_dialect d, const char *p, size_t len)
{
	search(s, d, p, len, mark_plain, parity_plain);
}

static const struct csv_kernel plain = {fill_plain, search_plain};

#ifdef HAVE_AVX2_KERNEL
AVX2 static void fill_avx2(struct csv_window *w, struct csv_dialect d, const char *p,
			   const char *end)
{
	fill(w, d, p, end, mark_avx2, parity_avx2);
}

AVX2 static void search_avx2(struct csv_search *s, struct csv_dialect d, const char *p, size_t len)
{
	search(s, d, p, len, mark_avx2, parity_avx2);
}

static const struct csv_kernel avx2 = {fill_avx2, search_avx2};
#endif

#ifdef HAVE_NEON_KERNEL
static void fill_neon(struct csv_window *w, struct csv_dialect d, const char *p, const char *end)
{
	fill(w, d, p, end, mark_neon, parity_plain);
}

static void search_neon(struct csv_search *s, struct csv_dialect d, const char *p, size_t len)
{
	search(s, d, p, len, mark_neon, parity_plain);
}

static const struct csv_kernel neon = {fill_neon, search_neon};
#endif

const struct csv_kernel *csv_kernel(void)
{
	const char *simd = getenv("KPIPE_SIMD");

	if (simd && strcmp(simd, "none") == 0)
		return &plain;
#ifdef HAVE_AVX2_KERNEL
	if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("pclmul") &&
	    __builtin_cpu_supports("bmi") && __builtin_cpu_supports("popcnt"))
		return &avx2;
#endif
#ifdef HAVE_NEON_KERNEL
	return &neon;
#endif
	return &plain;
}
