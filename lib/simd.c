#include "simd.h"

#include <stdlib.h>
#include <string.h>

enum simd simd_choose(void)
{
	const char *wish = getenv("KPIPE_SIMD");

	if (wish && strcmp(wish, "none") == 0)
		return SIMD_NONE;
#ifdef HAVE_AVX2_KERNEL
	if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("pclmul") &&
	    __builtin_cpu_supports("bmi") && __builtin_cpu_supports("popcnt"))
		return SIMD_AVX2;
#endif
#ifdef HAVE_NEON_KERNEL
	return SIMD_NEON;
#endif
	return SIMD_NONE;
}
