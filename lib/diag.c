#include "diag.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "utf8.h"

/* A longer message is cut, with "..." to say so: it quotes input, which may be of any length. */
enum { MESSAGE_MAX = 4096, STATUS_MAX = 256 };

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

static size_t put_escape(char *line, size_t len, unsigned char c)
{
	static const char hex[] = "0123456789abcdef", named[] = "\nn\rr\tt";
	const char *name_of = c ? strchr(named, c) : NULL;

	line[len++] = '\\';
	if (name_of && c < 0x20) {
		line[len++] = name_of[1];
		return len;
	}
	line[len++] = 'x';
	line[len++] = hex[c >> 4];
	line[len++] = hex[c & 15];
	return len;
}

/*
 * Does the character of n bytes command a terminal, end a line, or turn the direction of writing? C1
 * controls, U+2028 to U+202E, U+2066 to U+2069.
 */
static bool is_command(const char *p, int n)
{
	unsigned char second = (unsigned char)p[1], third;

	if (n == 2)
		return (unsigned char)p[0] == 0xc2 && second < 0xa0;
	if (n != 3 || (unsigned char)p[0] != 0xe2)
		return false;
	third = (unsigned char)p[2];
	return (second == 0x80 && third >= 0xa8 && third <= 0xae) ||
	       (second == 0x81 && third >= 0xa6 && third <= 0xa9);
}

/* How many bytes at p are to be shown as they are; 0: the first of them is not. */
static int plain_bytes(const char *p, const char *end)
{
	unsigned char c = (unsigned char)*p;
	int n;

	if (c < 0x80)
		return c >= 0x20 && c != 0x7f;
	n = utf8_step(p, end);
	return n > 0 && !is_command(p, n) ? n : 0;
}

/* Appends `text` to line[len], escaped, leaving room for the tail. */
static size_t escape(char *line, size_t len, const char *text)
{
	const char *end = text + strlen(text);

	while (text < end) {
		int n = plain_bytes(text, end);

		if (len + 4 > MESSAGE_MAX - 4) {
			memcpy(line + len, "...", 3);
			return len + 3;
		}
		if (!n) {
			len = put_escape(line, len, (unsigned char)*text++);
			continue;
		}
		memcpy(line + len, text, (size_t)n);
		len += (size_t)n;
		text += n;
	}
	return len;
}

static void put(const char *line, size_t len)
{
	/* Nothing can be said about a standard error that cannot be written. */
	if (write(STDERR_FILENO, line, len) < 0)
		return;
}

/* Columns of the terminal that a status takes, at most; 0: none is there. */
static size_t status_width;

/* Appends what removes the status. */
static size_t remove_status(char *line, size_t len)
{
	if (!status_width)
		return len;
	line[len++] = '\r';
	memset(line + len, ' ', status_width);
	len += status_width;
	line[len++] = '\r';
	status_width = 0;
	return len;
}

__attribute__((format(printf, 1, 0))) static void message(const char *fmt, va_list ap,
							  const char *tail)
{
	char text[MESSAGE_MAX], line[STATUS_MAX + MESSAGE_MAX + 64];
	size_t len;

	vsnprintf(text, sizeof text, fmt, ap);
	len = remove_status(line, 0);
	len = escape(line, len, name);
	line[len++] = ':';
	line[len++] = ' ';
	len = escape(line, len, text);
	if (tail) {
		int n = snprintf(line + len, 60, "%s", tail);
		len += (size_t)(n < 60 ? n : 59);
	}
	line[len++] = '\n';
	put(line, len);
}

void diag_status(const char *text, bool terminal)
{
	char line[2 * STATUS_MAX] = "\r";
	size_t before = status_width, width;
	int n = snprintf(line + 1, STATUS_MAX, "%s: %s", name, text);

	width = n < STATUS_MAX ? (size_t)n : STATUS_MAX - 1;
	if (!terminal) {
		line[1 + width] = '\n';
		put(line + 1, width + 1);
		return;
	}
	status_width = width;
	/* What is left of a longer one. */
	for (; width < before; width++)
		line[1 + width] = ' ';
	put(line, 1 + width);
}

void diag_status_end(bool keep)
{
	char line[STATUS_MAX + 2];

	if (!status_width)
		return;
	if (keep) {
		status_width = 0;
		put("\n", 1);
		return;
	}
	put(line, remove_status(line, 0));
}

void diag_warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	message(fmt, ap, NULL);
	va_end(ap);
}

/* Threads may fail at the same time; exit(3) is for one of them, and so is the message. */
static void be_the_one(void)
{
	static atomic_flag ending = ATOMIC_FLAG_INIT;

	while (atomic_flag_test_and_set(&ending))
		pause();
}

void diag_die(int code, const char *fmt, ...)
{
	va_list ap;

	be_the_one();
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
