#include "progress.h"

#include <sys/stat.h>
#include <unistd.h>

#include "buf.h"
#include "diag.h"

enum { EVERY = 1000000 }; /* us */

static bool is_pipe(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode));
}

void progress_open(struct progress *p, bool asked, bool quiet, bool fed, int64_t now)
{
	bool inside = fed && is_pipe(STDOUT_FILENO);

	*p = (struct progress){.asked = asked, .start = now};
	p->terminal = isatty(STDERR_FILENO);
	p->on = asked || (p->terminal && !isatty(STDOUT_FILENO) && !quiet && !inside);
	p->next = now + EVERY;
}

int64_t progress_due(const struct progress *p)
{
	return p->on ? p->next : INT64_MAX;
}

/* Who has no terminal to share cannot be in its background. */
static bool in_background(void)
{
	pid_t front = tcgetpgrp(STDERR_FILENO);

	return front >= 0 && front != getpgrp();
}

static void put_time(struct buf *b, double seconds)
{
	if (seconds < 60)
		buf_addf(b, "%.0fs", seconds);
	else if (seconds < 3600)
		buf_addf(b, "%dm%ds", (int)seconds / 60, (int)seconds % 60);
	else if (seconds < 100 * 3600)
		buf_addf(b, "%dh%dm", (int)seconds / 3600, (int)seconds / 60 % 60);
	else
		buf_addf(b, "%.0fd", seconds / 86400);
}

void progress_show(struct progress *p, int64_t now, uint64_t records, double done, double total)
{
	double s = (double)(now - p->start) / 1e6;
	struct buf text = BUF_INIT;

	if (!p->on || now < p->next)
		return;
	p->next = now + EVERY;
	if (!p->asked && in_background())
		return;
	buf_addf(&text, "%llu records, %.0f/s", (unsigned long long)records,
		 s > 0 ? (double)records / s : 0);
	if (total > 0) {
		double share = done < total ? done / total : 1;
		/* Whole percents, rounded down: 100% is the end. */
		buf_addf(&text, ", %d%%", (int)(share * 100));
		if (share > 0 && share < 1) {
			buf_add_str(&text, ", ");
			put_time(&text, s / share - s);
			buf_add_str(&text, " left");
		}
	}
	diag_status(text.data, p->terminal);
	buf_free(&text);
}

void progress_close(struct progress *p)
{
	if (p->on)
		diag_status_end(p->asked);
}
