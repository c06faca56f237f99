/*
 * Runs a fuzz target over its corpus: every file of tests/fuzz/corpus/NAME, or those that are
 * operands. TAP; each file in a process of its own, so that one crash does not hide the others.
 */
#include "fuzz.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../unit/tap.h"

enum { SECONDS = 30 }; /* for one file, also under valgrind */

static void die(const char *what, const char *name)
{
	printf("Bail out! %s %s: %s\n", what, name, strerror(errno));
	exit(1);
}

static void run_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	struct buf bytes = BUF_INIT;
	char *exact;
	int c;

	if (!f)
		die("open", path);
	while ((c = getc(f)) != EOF)
		buf_add_char(&bytes, (char)c);
	fclose(f);
	/* No byte more than there is, for the sanitizer to see what reads past it. */
	exact = malloc(bytes.len ? bytes.len : 1);
	if (!exact)
		die("memory for", path);
	if (bytes.len)
		memcpy(exact, bytes.data, bytes.len);
	LLVMFuzzerTestOneInput((const uint8_t *)exact, bytes.len);
	free(exact);
	buf_free(&bytes);
}

static void replay(const char *path)
{
	const char *slash = strrchr(path, '/');
	int status = 0;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0)
		die("fork for", path);
	if (pid == 0) {
		dup2(STDOUT_FILENO, STDERR_FILENO);
		alarm(SECONDS);
		run_file(path);
		exit(0);
	}
	if (waitpid(pid, &status, 0) != pid)
		die("wait for", path);
	ok(status == 0, "%s", slash ? slash + 1 : path);
	if (status)
		printf("# %s: status %#x\n", path, (unsigned)status);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void replay_dir(const char *dir)
{
	char **names = NULL;
	size_t n = 0, cap = 0;
	struct dirent *entry;
	DIR *d = opendir(dir);

	if (!d)
		die("open", dir);
	while ((entry = readdir(d))) {
		if (entry->d_name[0] == '.')
			continue;
		names = mem_grow(names, &cap, n + 1, sizeof *names);
		names[n++] = mem_strdup(entry->d_name);
	}
	closedir(d);
	if (n)
		qsort(names, n, sizeof *names, by_name);
	for (size_t i = 0; i < n; i++) {
		struct buf path = BUF_INIT;

		buf_addf(&path, "%s/%s", dir, names[i]);
		replay(path.data);
		buf_free(&path);
		free(names[i]);
	}
	free(names);
	if (n == 0)
		printf("Bail out! no inputs in %s\n", dir);
}

/* The corpus beside the sources: of fuzz-NAME it is corpus/NAME. */
static void replay_corpus(const char *program)
{
	const char *src = getenv("KPIPE_SRCDIR"), *name = strrchr(program, '/');
	struct buf dir = BUF_INIT;

	name = name ? name + 1 : program;
	if (strncmp(name, "fuzz-", 5) == 0)
		name += 5;
	buf_addf(&dir, "%s/tests/fuzz/corpus/%s", src ? src : ".", name);
	replay_dir(dir.data);
	buf_free(&dir);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		replay(argv[i]);
	if (argc < 2)
		replay_corpus(argv[0]);
	return done_testing();
}
