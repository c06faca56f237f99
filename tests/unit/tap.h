/* tap: the few lines that a unit test needs. Each check prints one TAP line; a failure says where. */
#ifndef KPIPE_TAP_H
#define KPIPE_TAP_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int tap_count, tap_failed;

__attribute__((format(printf, 4, 5))) static inline void tap_check(int ok, const char *file,
								   int line, const char *fmt, ...)
{
	va_list ap;

	printf("%sok %d - ", ok ? "" : "not ", ++tap_count);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	if (!ok) {
		tap_failed++;
		printf("# failed at %s:%d\n", file, line);
	}
}

/* ok(condition, "what is checked, printf style", ...) */
#define ok(cond, ...) tap_check(!!(cond), __FILE__, __LINE__, __VA_ARGS__)

/* is_str(got, want, "what"): compares C strings and shows both when they differ */
#define is_str(got, want, what)                                                                    \
	do {                                                                                       \
		const char *tap_got = (got), *tap_want = (want);                                   \
		int tap_same = strcmp(tap_got, tap_want) == 0;                                     \
		ok(tap_same, "%s", what);                                                          \
		if (!tap_same)                                                                     \
			printf("# got:  %s\n# want: %s\n", tap_got, tap_want);                     \
	} while (0)

/* So many rounds of a random test; a tenth of them under sanitizers and valgrind, which take ten times as long. */
static inline int tap_rounds(int n)
{
	return getenv("KPIPE_SANITIZED") ? (n + 9) / 10 : n;
}

static inline int done_testing(void)
{
	printf("1..%d\n", tap_count);
	return tap_failed != 0;
}

#endif
