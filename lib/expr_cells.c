/* Cells that are small decimals, a column at a time. */
#include "expr_priv.h"
#include "word.h"

/*
 * Eight decimal digits, the first in the lowest byte: pairs, then fours, then all (D. Lemire, "Quickly
 * parsing eight digits", 2018).
 */
static inline uint64_t eight_digits(uint64_t w)
{
	w = (w & WORD_ONES * 0x0f) * 2561 >> 8;
	w = (w & UINT64_C(0x00ff00ff00ff00ff)) * 6553601 >> 16;
	return (w & UINT64_C(0x0000ffff0000ffff)) * UINT64_C(42949672960001) >> 32;
}

/* At most eight bytes, in one word. */
static inline bool parse_word(struct slice cell, struct small *s)
{
	uint64_t w = word_load(cell.ptr), odd;
	bool neg = *cell.ptr == '-';
	size_t len = cell.len - neg, whole = len;

	if (len == 0)
		return false;
	w >>= 8 * neg;
	odd = word_not_digits(w) & word_first(len);
	s->scale = 0;
	if (odd) {
		whole = (size_t)word_before(odd);
		/* One point, with digits on both sides, which is taken out. */
		if ((odd & (odd - 1)) || (w >> 8 * whole & 0xff) != '.' || whole == 0 ||
		    whole == --len)
			return false;
		w = (w & word_first(whole)) | (w >> 8 & ~word_first(whole));
		s->scale = (int)(len - whole);
	}
	if (whole > 1 && (w & 0xff) == '0')
		return false;
	/* Zeros go before the digits. */
	if (len < 8)
		w = w << 8 * (8 - len) | WORD_ONES * '0' >> 8 * len;
	s->v = (int64_t)eight_digits(w);
	s->v = neg ? -s->v : s->v;
	return true;
}

static bool parse_long(struct slice cell, struct small *s)
{
	struct dec d;

	if (cell.len > SMALL_DIGITS_MAX || memchr(cell.ptr, 'e', cell.len) ||
	    memchr(cell.ptr, 'E', cell.len) || !dec_parse(&d, cell.ptr, cell.len))
		return false;
	s->v = (int64_t)d.v;
	s->scale = d.scale;
	return true;
}

/* A strict number without an exponent, or an empty cell. */
static inline bool parse_small(struct slice cell, struct small *s)
{
	*s = (struct small){.null = cell.len == 0};
	if (s->null)
		return true;
	return cell.len <= 8 ? parse_word(cell, s) : parse_long(cell, s);
}

/* odd[i] is set where cell i is none; out[i] then means nothing. */
static void parse_each(const struct slice cells[], size_t n, struct small out[], bool odd[])
{
	for (size_t i = 0; i < n; i++)
		odd[i] |= !parse_small(cells[i], &out[i]);
}

#ifdef HAVE_AVX2_KERNEL

/*
 * --- Four cells of up to eight bytes at once, in four lanes of 64 bits ---
 *
 * The steps of parse_word, with masks in place of branches.
 */

/* Of a lane's number of bytes: all ones in so many bytes, the first ones. */
AVX2 static inline __m256i first_bytes(__m256i n)
{
	return ~_mm256_sllv_epi64(_mm256_set1_epi8(-1), _mm256_slli_epi64(n, 3));
}

/* How many bytes of a lane are all ones; the others are zeroes. */
AVX2 static inline __m256i count_bytes(__m256i bytes)
{
	return _mm256_sad_epu8(bytes & _mm256_set1_epi8(1), _mm256_setzero_si256());
}

/* As eight_digits; each byte is a digit's value. */
AVX2 static inline __m256i lanes_of_digits(__m256i digits)
{
	__m256i pairs = _mm256_maddubs_epi16(digits, _mm256_set1_epi16(1 << 8 | 10));
	__m256i fours = _mm256_madd_epi16(pairs, _mm256_set1_epi32(1 << 16 | 100));

	return _mm256_mul_epu32(fours, _mm256_set1_epi64x(10000)) + _mm256_srli_epi64(fours, 32);
}

struct lanes {
	__m256i v, scale;
	__m256i wrong; /* all ones or none */
};

AVX2 static inline struct lanes parse_lanes(__m256i w, __m256i len)
{
	const __m256i zero = _mm256_setzero_si256(), one = _mm256_set1_epi64x(1);
	__m256i neg = _mm256_cmpeq_epi64(w & _mm256_set1_epi64x(0xff), _mm256_set1_epi64x('-'));
	__m256i n = len + neg, there = first_bytes(n);
	__m256i values, other, lowest, before, point, behind, digits, whole, used, wrong;
	struct lanes r;

	w = _mm256_srlv_epi64(w, neg & _mm256_set1_epi64x(8));
	values = (w ^ _mm256_set1_epi8('0')) & there;
	other = ~_mm256_cmpeq_epi8(_mm256_min_epu8(values, _mm256_set1_epi8(9)), values);
	/* The bytes before the first that is no digit, that one, and those behind it. */
	lowest = other & (zero - other);
	before = (lowest - one) & there;
	point = _mm256_slli_epi64(lowest, 8) - lowest;
	behind = there & ~(before | point);
	digits = (values & before) | _mm256_srli_epi64(values & behind, 8);
	whole = count_bytes(before);
	r.scale = count_bytes(behind);
	used = whole + r.scale;

	wrong = _mm256_cmpgt_epi64(len, _mm256_set1_epi64x(8)) | _mm256_cmpeq_epi64(len, zero) |
		_mm256_cmpeq_epi64(whole, zero);
	/* One point, with digits behind it. */
	wrong |= ~_mm256_cmpeq_epi64(other, point);
	wrong |= ~_mm256_cmpeq_epi64((w ^ _mm256_set1_epi8('.')) & point, zero);
	wrong |= ~_mm256_cmpeq_epi64(point, zero) & _mm256_cmpeq_epi64(r.scale, zero);
	/* No 0 before other digits. */
	wrong |= _mm256_cmpeq_epi64(values & _mm256_set1_epi64x(0xff), zero) &
		 _mm256_cmpgt_epi64(whole, one);
	r.wrong = wrong;

	/* Zeroes go before the digits. */
	digits = _mm256_sllv_epi64(digits, _mm256_slli_epi64(_mm256_set1_epi64x(8) - used, 3));
	r.v = (lanes_of_digits(digits) ^ neg) - neg;
	return r;
}

/* A lane's decimal is its value and, in the low half of what follows, its scale; the other half says that it is not null. */
_Static_assert(sizeof(struct small) == 16 && offsetof(struct small, scale) == 8 &&
		       offsetof(struct small, null) == 12,
	       "a decimal is two words");
_Static_assert(sizeof(struct slice) == 16 && offsetof(struct slice, len) == 8,
	       "a slice is two words");

/* Bits of the lanes that are wrong: of the cells 0, 2, 1 and 3. */
AVX2 static inline int parse_four(const struct slice cells[], struct small out[])
{
	__m256i ab = _mm256_loadu_si256((const __m256i *)(const void *)cells);
	__m256i cd = _mm256_loadu_si256((const __m256i *)(const void *)(cells + 2));
	__m256i w = _mm256_set_epi64x(
		(int64_t)word_load(cells[3].ptr), (int64_t)word_load(cells[1].ptr),
		(int64_t)word_load(cells[2].ptr), (int64_t)word_load(cells[0].ptr));
	struct lanes r = parse_lanes(w, _mm256_unpackhi_epi64(ab, cd));

	_mm256_storeu_si256((__m256i *)(void *)out, _mm256_unpacklo_epi64(r.v, r.scale));
	_mm256_storeu_si256((__m256i *)(void *)(out + 2), _mm256_unpackhi_epi64(r.v, r.scale));
	return _mm256_movemask_pd(_mm256_castsi256_pd(r.wrong));
}

AVX2 static void parse_avx2(const struct slice cells[], size_t n, struct small out[], bool odd[])
{
	size_t i = 0;

	for (; i + 4 <= n; i += 4) {
		/* Whatever is wrong with one of them, a closer look may find it right. */
		if (parse_four(cells + i, out + i))
			parse_each(cells + i, 4, out + i, odd + i);
	}
	parse_each(cells + i, n - i, out + i, odd + i);
}
#endif

void small_parse(enum simd simd, const struct slice cells[], size_t n, struct small out[],
		 bool odd[])
{
	(void)simd;
#ifdef HAVE_AVX2_KERNEL
	if (simd == SIMD_AVX2) {
		parse_avx2(cells, n, out, odd);
		return;
	}
#endif
	parse_each(cells, n, out, odd);
}
