#include "utf8.h"

#include <stdatomic.h>
#include <string.h>

#include "simd.h"
#include "word.h"

static bool valid_plain(const char *p, size_t len)
{
	const char *end;

	if (len == 0)
		return true;
	end = p + len;
	while (p < end) {
		if (end - p >= 8 && !(word_load(p) & WORD_HIGH_BITS)) {
			p += 8;
		} else if ((unsigned char)*p < 0x80) {
			p++;
		} else {
			int n = utf8_step(p, end);

			if (n < 0)
				return false;
			p += n;
		}
	}
	return true;
}

#if defined HAVE_AVX2_KERNEL || defined HAVE_NEON_KERNEL
/*
 * J. Keiser, D. Lemire, "Validating UTF-8 in less than one instruction per byte" (2020): each byte is judged by the
 * three before it. What is wrong with two bytes side by side is a bit that three tables have in common: those of the
 * first one's high four bits, of its low four, and of the second one's high four.
 */
enum {
	SHORT = 1,      /* a lead, and no continuation */
	LONG = 2,       /* ASCII, and a continuation */
	OVERLONG_2 = 4, /* c0, c1 */
	OVERLONG_3 = 8, /* e0 80 .. e0 9f */
	SURROGATE = 16, /* ed a0 .. ed bf */
	BEYOND = 32,    /* f4 90 .. f4 bf, and from f5 on 90 .. bf */
	EDGE = 64,      /* f0 80 .. f0 8f are overlong, from f5 on 80 .. 8f are beyond */
	INSIDE = 128,   /* two continuations: right if the second is a third or fourth byte */
	ANY_LOW = SHORT | LONG | INSIDE,
	CONTINUED = LONG | OVERLONG_2 | INSIDE,
};

static const uint8_t first_high[16] = {
	[0x0 ... 0x7] = LONG,
	[0x8 ... 0xb] = INSIDE,
	[0xc] = SHORT | OVERLONG_2,
	[0xd] = SHORT,
	[0xe] = SHORT | OVERLONG_3 | SURROGATE,
	[0xf] = SHORT | BEYOND | EDGE,
};

static const uint8_t first_low[16] = {
	[0x0] = ANY_LOW | OVERLONG_2 | OVERLONG_3 | EDGE,
	[0x1] = ANY_LOW | OVERLONG_2,
	[0x2 ... 0x3] = ANY_LOW,
	[0x4] = ANY_LOW | BEYOND,
	[0x5 ... 0xc] = ANY_LOW | BEYOND | EDGE,
	[0xd] = ANY_LOW | SURROGATE | BEYOND | EDGE,
	[0xe ... 0xf] = ANY_LOW | BEYOND | EDGE,
};

static const uint8_t second_high[16] = {
	[0x0 ... 0x7] = SHORT,
	[0x8] = CONTINUED | OVERLONG_3 | EDGE,
	[0x9] = CONTINUED | OVERLONG_3 | BEYOND,
	[0xa ... 0xb] = CONTINUED | SURROGATE | BEYOND,
	[0xc ... 0xf] = SHORT,
};

enum { HALF = 16, STEP = 2 * HALF, BEFORE = 3 };

/* Is a byte wrong of the HALF at p, or of the HALF `apart` bytes on? Looks at BEFORE bytes in front of each half, too. */
typedef bool wrong_fn(const char *p, ptrdiff_t apart);

/* Does a lead in the last bytes promise more? */
SIMD_INLINE bool is_cut(const char *end)
{
	return (unsigned char)end[-1] >= 0xc0 || (unsigned char)end[-2] >= 0xe0 ||
	       (unsigned char)end[-3] >= 0xf0;
}

/* Behind the first characters, of BEFORE bytes or more; NULL: they are none. */
SIMD_INLINE const char *skip_head(const char *p, const char *end)
{
	const char *behind = p + BEFORE;

	while (p < behind) {
		int n = (unsigned char)*p < 0x80 ? 1 : utf8_step(p, end);

		if (n < 0)
			return NULL;
		p += n;
	}
	return p;
}

SIMD_INLINE bool valid_by(wrong_fn *wrong, const char *p, size_t len)
{
	const char *end;

	/* Plain C is as fast, and there is no place for a half behind those before it. */
	if (len < BEFORE + HALF)
		return valid_plain(p, len);
	end = p + len;
	p = skip_head(p, end);
	if (!p)
		return false;
	for (; end - p > STEP; p += STEP)
		if (wrong(p, HALF))
			return false;
	/* In halves that overlap, also with bytes seen before. */
	if (end - p < HALF)
		p = end - HALF;
	return !wrong(p, end - HALF - p) && !is_cut(end);
}
#endif

#ifdef HAVE_AVX2_KERNEL
AVX2 static inline __m256i load_avx2(const char *p, ptrdiff_t apart)
{
	const __m128i *low = (const __m128i *)(const void *)p;
	const __m128i *high = (const __m128i *)(const void *)(p + apart);

	if (apart == HALF) /* mostly known when this is compiled */
		return _mm256_loadu_si256((const __m256i *)(const void *)p);
	return _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128(low)),
				       _mm_loadu_si128(high), 1);
}

/* What a table has for the low four bits of each byte. */
AVX2 static inline __m256i look_up_avx2(const uint8_t table[16], __m256i v)
{
	__m128i half = _mm_loadu_si128((const __m128i *)(const void *)table);

	return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(half),
				   _mm256_and_si256(v, _mm256_set1_epi8(0x0f)));
}

AVX2 static inline bool wrong_avx2(const char *p, ptrdiff_t apart)
{
	__m256i v = load_avx2(p, apart), back1, back2, back3 = load_avx2(p - 3, apart);
	__m256i pair, inside;

	if (!_mm256_movemask_epi8(_mm256_or_si256(v, back3)))
		return false;
	back1 = load_avx2(p - 1, apart);
	back2 = load_avx2(p - 2, apart);
	pair = look_up_avx2(first_high, _mm256_srli_epi16(back1, 4));
	pair = _mm256_and_si256(pair, look_up_avx2(first_low, back1));
	pair = _mm256_and_si256(pair, look_up_avx2(second_high, _mm256_srli_epi16(v, 4)));
	/* The high bit is left of a lead of three bytes or four, and of one of four. */
	inside = _mm256_or_si256(_mm256_subs_epu8(back2, _mm256_set1_epi8(0xe0 - 0x80)),
				 _mm256_subs_epu8(back3, _mm256_set1_epi8(0xf0 - 0x80)));
	inside = _mm256_and_si256(inside, _mm256_set1_epi8((char)INSIDE));
	return !_mm256_testz_si256(_mm256_xor_si256(pair, inside), _mm256_set1_epi8(-1));
}

AVX2 static bool valid_avx2(const char *p, size_t len)
{
	return valid_by(wrong_avx2, p, len);
}
#endif

#ifdef HAVE_NEON_KERNEL
SIMD_INLINE uint8x16_t look_up_neon(const uint8_t table[16], uint8x16_t nibbles)
{
	return vqtbl1q_u8(vld1q_u8(table), nibbles);
}

SIMD_INLINE uint8x16_t faults_neon(const uint8_t *p)
{
	uint8x16_t v = vld1q_u8(p), back1 = vld1q_u8(p - 1), pair, inside;

	pair = look_up_neon(first_high, vshrq_n_u8(back1, 4));
	pair = vandq_u8(pair, look_up_neon(first_low, vandq_u8(back1, vdupq_n_u8(0x0f))));
	pair = vandq_u8(pair, look_up_neon(second_high, vshrq_n_u8(v, 4)));
	inside = vorrq_u8(vcgeq_u8(vld1q_u8(p - 2), vdupq_n_u8(0xe0)),
			  vcgeq_u8(vld1q_u8(p - 3), vdupq_n_u8(0xf0)));
	return veorq_u8(pair, vandq_u8(inside, vdupq_n_u8(INSIDE)));
}

SIMD_INLINE bool wrong_neon(const char *p, ptrdiff_t apart)
{
	const uint8_t *low = (const uint8_t *)p, *high = low + apart;
	uint8x16_t all = vorrq_u8(vorrq_u8(vld1q_u8(low), vld1q_u8(low - BEFORE)),
				  vorrq_u8(vld1q_u8(high), vld1q_u8(high - BEFORE)));

	if (vmaxvq_u8(all) < 0x80)
		return false;
	return vmaxvq_u8(vorrq_u8(faults_neon(low), faults_neon(high)));
}

static bool valid_neon(const char *p, size_t len)
{
	return valid_by(wrong_neon, p, len);
}
#endif

utf8_valid_fn *utf8_validator(void)
{
	switch (simd_choose()) {
#ifdef HAVE_AVX2_KERNEL
	case SIMD_AVX2:
		return valid_avx2;
#endif
#ifdef HAVE_NEON_KERNEL
	case SIMD_NEON:
		return valid_neon;
#endif
	default:
		return valid_plain;
	}
}

bool utf8_valid(const char *p, size_t len)
{
	/* By the first call, or by several at once: they choose the same. */
	static _Atomic(utf8_valid_fn *) chosen;
	utf8_valid_fn *valid = atomic_load_explicit(&chosen, memory_order_relaxed);

	if (!valid) {
		valid = utf8_validator();
		atomic_store_explicit(&chosen, valid, memory_order_relaxed);
	}
	return valid(p, len);
}

bool utf8_replaced(const char *made, size_t made_len, const char *from, size_t from_len)
{
	const char *end = made + made_len, *p = made;

	while (end - p >= 3 && (p = memchr(p, 0xef, (size_t)(end - p) - 2)) != NULL) {
		if (memcmp(p, "\xef\xbf\xbd", 3) == 0)
			return !utf8_valid(from, from_len);
		p++;
	}
	return false;
}

void utf8_mark(char *p, size_t len)
{
	char *end = p + len;

	while (p < end) {
		int n = (unsigned char)*p < 0x80 ? 1 : utf8_step(p, end);

		if (n < 0) {
			n = -n;
			memset(p, '?', (size_t)n);
		}
		p += n;
	}
}
