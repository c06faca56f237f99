# Processes in the background, for tests of what happens while they run.
#
#     load process
#
# Their descriptors 7 to 9 are the test's own: the ends of named pipes that it holds open.

# start CMD...: in the background, with signals as an interactive shell gives them; $pid.
start()
{
	set -m
	"$@" 3>&- 7>&- 8>&- 9>&- &
	pid=$!
	set +m
}

# Makes a named pipe `in` that stays open until `exec 7>&-`.
open_in()
{
	mkfifo in
	exec 7<>in
}

# What was written to the pipe of open_in has been read. A tool that first has to reach a broker, and is told to stop before,
# ends at once.
has_read_in()
{
	need python3
	python3 -c 'import array, fcntl, sys, termios
left = array.array("i", [0])
fcntl.ioctl(7, termios.FIONREAD, left)
sys.exit(left[0] > 0)'
}

# ended STATUS: the process of start ends, within a time, with this status.
ended()
{
	local status=0
	eventually 20 gone
	wait "$pid" || status=$?
	same_text "$1" "$status"
}

gone()
{
	! kill -0 "$pid" 2>/dev/null || [ "$(ps -o stat= -p "$pid" | cut -c 1)" = Z ]
}

# signal_mask NAME [PID]: a mask of /proc/PID/status, as a number.
signal_mask()
{
	local mask
	[ -r /proc/self/status ] || skip "no /proc"
	mask=$(sed -n "s/^$1:[[:space:]]*//p" "/proc/${2:-$pid}/status" 2>/dev/null)
	echo $((0x${mask:-0}))
}

# Its handlers stand: a signal that came before would be the shell's affair, which has handlers too until it
# becomes the program.
catches_signals()
{
	# SIGINT is 2: the second bit of the mask.
	! [ "/proc/${1:-$pid}/exe" -ef /proc/self/exe ] && (($(signal_mask SigCgt "$@") & 2))
}

# SIGINT is ignored.
ignores_signals()
{
	(($(signal_mask SigIgn "$@") & 2))
}

# The signals that were sent have come.
took_signals()
{
	(($(signal_mask ShdPnd) == 0))
}

# It waits in a system call.
asleep()
{
	[ "$(ps -o stat= -p "$pid" | cut -c 1)" = S ]
}

# holds TEXT FILE
holds()
{
	[ -e "$2" ] && [ "$(cat "$2")" = "$1" ]
}
