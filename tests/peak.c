/*
 * peak COMMAND...: runs it without its output and prints the most memory that it held, in KiB (Linux;
 * elsewhere in the system's unit). Not in a script: a process is charged with what the one held that
 * it was forked from.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct rusage used;
	int status;
	pid_t pid = argc > 1 ? fork() : -1;

	if (pid == 0) {
		int null = open("/dev/null", O_WRONLY);

		if (null >= 0 && dup2(null, STDOUT_FILENO) >= 0)
			execvp(argv[1], argv + 1);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || getrusage(RUSAGE_CHILDREN, &used) < 0 ||
	    status != 0) {
		fprintf(stderr, "peak: that did not work\n");
		return 1;
	}
	printf("%ld\n", used.ru_maxrss);
	return 0;
}
