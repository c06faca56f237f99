/*
 * simd: 64 bytes at a time, as one bit each, the first byte lowest: what the scans of JSON and CSV have in common.
 * Kernels are compiled for each instruction set that the target may have, and chosen at run time.
 */
#ifndef KPIPE_SIMD_H
#define KPIPE_SIMD_H

#include <stdint.h>

#if defined(__x86_64__) && defined(__GNUC__)
#define HAVE_AVX2_KERNEL 1
#include <immintrin.h>
#elif defined(__aarch64__) && defined(__GNUC__)
#define HAVE_NEON_KERNEL 1
#include <arm_neon.h>
#endif

#define SIMD_INLINE static inline __attribute__((always_inline))

enum simd { SIMD_NONE, SIMD_AVX2, SIMD_NEON };

/* The fastest that this machine has a kernel for. KPIPE_SIMD=none in the environment: SIMD_NONE. */
enum simd simd_choose(void);

/* Each bit becomes the parity of those up to it: from quotes to what is between them. */
SIMD_INLINE uint64_t simd_parity(uint64_t bits)
{
	for (int shift = 1; shift < 64; shift *= 2)
		bits ^= bits << shift;
	return bits;
}

#ifdef HAVE_AVX2_KERNEL
#define AVX2 __attribute__((target("avx2,pclmul,bmi,popcnt")))

AVX2 static inline uint64_t simd_bits(__m256i low, __m256i high)
{
	return (uint32_t)_mm256_movemask_epi8(low) | (uint64_t)(uint32_t)_mm256_movemask_epi8(high)
							     << 32;
}

AVX2 static inline uint64_t simd_equal(__m256i low, __m256i high, char c)
{
	__m256i all = _mm256_set1_epi8(c);

	return simd_bits(_mm256_cmpeq_epi8(low, all), _mm256_cmpeq_epi8(high, all));
}

/* A product without carries, with all ones (simdjson; G. Langdale). */
AVX2 static inline uint64_t simd_parity_avx2(uint64_t bits)
{
	__m128i product =
		_mm_clmulepi64_si128(_mm_set_epi64x(0, (int64_t)bits), _mm_set1_epi8(-1), 0);

	return (uint64_t)_mm_cvtsi128_si64(product);
}
#endif

#ifdef HAVE_NEON_KERNEL
SIMD_INLINE uint64_t simd_bits(const uint8x16_t v[4])
{
	static const uint8_t weights[16] = {1, 2, 4, 8, 16, 32, 64, 128,
					    1, 2, 4, 8, 16, 32, 64, 128};
	uint8x16_t w = vld1q_u8(weights);
	uint8x16_t ab = vpaddq_u8(vandq_u8(v[0], w), vandq_u8(v[1], w));
	uint8x16_t cd = vpaddq_u8(vandq_u8(v[2], w), vandq_u8(v[3], w));
	uint8x16_t sums = vpaddq_u8(ab, cd);

	return vgetq_lane_u64(vreinterpretq_u64_u8(vpaddq_u8(sums, sums)), 0);
}

SIMD_INLINE uint64_t simd_equal(const uint8x16_t v[4], char c)
{
	uint8x16_t all = vdupq_n_u8((uint8_t)c);
	uint8x16_t same[4];

	for (int i = 0; i < 4; i++)
		same[i] = vceqq_u8(v[i], all);
	return simd_bits(same);
}
#endif

#endif
