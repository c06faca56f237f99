/*
 * mem: allocation that does not fail.
 *
 * Out of memory ends the process with one message and EXIT_FAIL; every other
 * module allocates through here and checks nothing. Blocks are freed with free().
 */
#ifndef KPIPE_MEM_H
#define KPIPE_MEM_H

#include <stddef.h>

void *mem_alloc(size_t size);                       /* uninitialised; size 0 gives a block of 1 */
void *mem_zalloc(size_t n, size_t size);            /* n * size zeroed bytes, overflow checked */
void *mem_resize(void *ptr, size_t n, size_t size); /* to n * size bytes, overflow checked */
void *mem_dup(const void *ptr, size_t size);        /* a copy with a NUL byte behind it */
char *mem_strdup(const char *s);
_Noreturn void mem_exhausted(void); /* what the others do when there is no memory */

/*
 * Grows the array at *ptr (of *cap elements) so that `need` elements fit,
 * doubling. Returns the array; it may have moved.
 */
void *mem_grow(void *ptr, size_t *cap, size_t need, size_t size);

#endif
