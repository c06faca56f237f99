#include "diag.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A longer message is cut, with "..." to say so: it quotes input, which may be of any length. */
enum { MESSAGE_MAX = 4096 };

static const char *name = "kpipe";

void diag_init(const char *argv0)
{
	const char *slash = argv0 ? strrchr(argv0, '/') : NULL;

	if (slash)
		name = slash + 1;
	else if (argv0 && *argv0)
		name = argv0;
}

const char *diag_name(void)
{
	return name;
}

/* Appends `text` to line[len], control bytes escaped, leaving room for the tail. */
static size_t escape(char *line, size_t len, const char *text)
{
	static const char hex[] = "0123456789abcdef";

	for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
		if (len + 4 > MESSAGE_MAX - 4) {
			memcpy(line + len, "...", 3);
			return len + 3;
		}
		if (*p >= 0x20 && *p != 0x7f) {
			line[len++] = (char)*p;
			continue;
		}
		line[len++] = '\\';
		switch (*p) {
		case '\n':
			line[len++] = 'n';
			break;
		case '\r':
			line[len++] = 'r';
			break;
		case '\t':
			line[len++] = 't';
			break;
		default:
			line[len++] = 'x';
			line[len++] = hex[*p >> 4];
			line[len++] = hex[*p & 15];
		}
	}
	return len;
}

__attribute__((format(printf, 1, 0))) static void message(const char *fmt, va_list ap,
							  const char *tail)
{
	char text[MESSAGE_MAX], line[MESSAGE_MAX + 64];
	size_t len;

	vsnprintf(text, sizeof text, fmt, ap);
	len = escape(line, 0, name);
	line[len++] = ':';
	line[len++] = ' ';
	len = escape(line, len, text);
	if (tail) {
		int n = snprintf(line + len, 60, "%s", tail);
		len += (size_t)(n < 60 ? n : 59);
	}
	line[len++] = '\n';
	/* Nothing can be said about a standard error that cannot be written. */
	if (write(STDERR_FILENO, line, len) < 0)
		return;
}

void diag_warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	message(fmt, ap, NULL);
	va_end(ap);
}

void diag_die(int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	message(fmt, ap, NULL);
	va_end(ap);
	exit(code);
}

void diag_usage(const char *fmt, ...)
{
	char tail[60];
	va_list ap;

	snprintf(tail, sizeof tail, " (try '%.32s --help')", name);
	va_start(ap, fmt);
	message(fmt, ap, tail);
	va_end(ap);
	exit(EXIT_USAGE);
}
