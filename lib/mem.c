#include "mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "diag.h"

void mem_exhausted(void)
{
	diag_die(EXIT_FAIL, "out of memory");
}

static void *check(void *p)
{
	if (!p)
		mem_exhausted();
	return p;
}

void *mem_alloc(size_t size)
{
	return check(malloc(size ? size : 1));
}

void *mem_zalloc(size_t n, size_t size)
{
	return check(calloc(n ? n : 1, size ? size : 1));
}

void *mem_resize(void *ptr, size_t n, size_t size)
{
	if (size && n > SIZE_MAX / size)
		check(NULL);
	return check(realloc(ptr, n && size ? n * size : 1));
}

void *mem_dup(const void *ptr, size_t size)
{
	char *p = mem_alloc(size + 1);

	if (size)
		memcpy(p, ptr, size);
	p[size] = '\0';
	return p;
}

char *mem_strdup(const char *s)
{
	return mem_dup(s, strlen(s));
}

void *mem_grow(void *ptr, size_t *cap, size_t need, size_t size)
{
	size_t n = *cap ? *cap : 8;

	if (need <= *cap)
		return ptr;
	while (n < need) {
		if (n > SIZE_MAX / 2)
			check(NULL);
		n *= 2;
	}
	*cap = n;
	return mem_resize(ptr, n, size);
}
