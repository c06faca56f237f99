#!/usr/bin/env bats
# What every tool does when it is told to stop, alone and in a pipeline.

load tools
load ../process

# Signals that ask a process to stop, and the status that reports them.
stop_signals='INT:130 TERM:143 HUP:129'

# --- Pipelines of three ---

# pipeline: a source that has written 3 records and waits, the tool, a sink that is fed; in a process
# group of their own, $group. What comes out goes to `out`, the statuses to `status`.
pipeline()
{
	rm -f *.pid out err status
	set -m
	(
		set +eET
		trap : INT TERM HUP
		{
			echo $BASHPID >source.pid
			feed 3
			exec sleep 60
		} | {
			echo $BASHPID >tool.pid
			exec_t 2>err
		} | {
			echo $BASHPID >sink.pid
			exec kfilter -R true >out
		}
		echo "${PIPESTATUS[*]}" >status
	) 3>&- &
	group=$!
	set +m
	eventually 20 running tool sink
}

# running NAME...: these parts of the pipeline have come so far that a signal is theirs.
running()
{
	local name
	for name; do
		[ -s "$name.pid" ] && catches_signals "$(cat "$name.pid")" || return
	done
}

# pipeline_ended STATUSES: it has, with all that 3 records give.
pipeline_ended()
{
	eventually 20 test -s status
	wait "$group" || :
	same_text "$1" "$(cat status)"
	same_file /dev/null err
	want 3 >want
	got out >got
	same_file want got
}

@test "Ctrl-C: the source of a pipeline stops, what is fed ends with its input and gives all" {
	filters
	for signal in $stop_signals; do
		# A sink's records add up.
		[ "$KIND" != sink ] || TOPIC=$(topic contracts)
		pipeline
		kill -"${signal%:*}" -- -"$group"
		pipeline_ended "${signal#*:} 0 0"
	done
}

@test "a signal to the source of a pipeline alone" {
	filters
	pipeline
	kill -TERM "$(cat source.pid)"
	pipeline_ended '143 0 0'
}

@test "a signal to a filter in a pipeline alone: it is fed, so it goes on" {
	filters
	pipeline
	kill -INT "$(cat tool.pid)"
	kill -TERM "$(cat source.pid)"
	pipeline_ended '143 0 0'
}

@test "a filter of named files is a source: it stops, and what it gave goes on" {
	only map
	open_in
	set -m
	(
		set +eET
		trap : INT
		{
			echo $BASHPID >tool.pid
			exec_t in 2>err
		} | kfilter -R true >out
		echo "${PIPESTATUS[*]}" >status
	) 3>&- 7>&- &
	group=$!
	set +m
	feed 3 >&7
	want 3 >want
	eventually 20 cmp -s want out
	kill -INT -- -"$group"
	pipeline_ended '130 0'
	exec 7>&-
}

# --- One tool ---

@test "a filter that is fed goes on to the end of its input" {
	filters
	open_in
	start exec_t <in >out 2>err
	feed 3 >&7
	eventually 20 catches_signals
	eventually 20 has_read_in
	kill -INT "$pid"
	eventually 20 took_signals
	records 3 4 >&7
	exec 7>&-
	ended 0
	same_file /dev/null err
	want 6 >want
	got out >got
	same_file want got
}

@test "a second signal ends it at once" {
	filters
	open_in
	start exec_t <in >out 2>err
	feed 3 >&7
	eventually 20 catches_signals
	eventually 20 has_read_in
	kill -INT "$pid"
	eventually 20 took_signals
	[ -e "/proc/$pid" ]
	kill -TERM "$pid"
	ended 143
	exec 7>&-
	same_file /dev/null err
}

@test "--drain: an input that does not end is left, and what came of it is done with" {
	filters
	open_in
	start exec_t --drain 200ms <in >out 2>err
	feed 3 >&7
	eventually 20 catches_signals
	eventually 20 has_read_in
	eventually 20 asleep
	kill -INT "$pid"
	ended 130
	exec 7>&-
	same_file /dev/null err
	want 3 >want
	got out >got
	same_file want got
}

@test "a filter of named files stops, without finals" {
	filters
	open_in
	feed 3 >&7
	for signal in $stop_signals; do
		start exec_t in >out 2>err
		eventually 20 catches_signals
		kill -"${signal%:*}" "$pid"
		ended "${signal#*:}"
		same_file /dev/null err
		[ "$KIND" != total ] || same_file /dev/null out
	done
	exec 7>&-
}

@test "a named pipe that nobody writes to yet" {
	filters
	mkfifo lonely
	start exec_t lonely >out 2>err
	eventually 20 catches_signals
	kill -INT "$pid"
	ended 130
	same_file /dev/null err
}

@test "a file to write that is a named pipe without a reader" {
	filters
	local signal
	mkfifo bad
	feed 3 >in
	for signal in $stop_signals; do
		start exec_t --bad bad in >out 2>err
		eventually 20 catches_signals
		eventually 20 asleep
		kill -"${signal%:*}" "$pid"
		ended "${signal#*:}"
		same_file /dev/null err
	done
}

@test "a file that never ends" {
	filters
	[ "$KIND" != sink ] || skip "it would fill the broker"
	mkfifo in
	endless >in 2>/dev/null 3>&- &
	writer=$!
	start exec_t in >/dev/null 2>err
	eventually 20 catches_signals
	kill -TERM "$pid"
	ended 143
	kill "$writer" 2>/dev/null || :
	same_file /dev/null err
}

@test "a signal that was ignored at the start stays ignored" {
	filters
	open_in
	ignoring()
	{
		trap '' INT HUP
		exec_t "$@"
	}
	start ignoring <in >out 2>err
	eventually 20 ignores_signals
	feed 3 >&7
	for signal in INT HUP INT; do
		kill -$signal "$pid"
	done
	records 3 4 >&7
	exec 7>&-
	ended 0
	want 6 >want
	got out >got
	same_file want got
}

@test "a tool that is stopped and goes on loses nothing" {
	filters
	open_in
	start exec_t <in >out 2>err
	feed 3 >&7
	eventually 20 catches_signals
	kill -STOP "$pid"
	records 3 4 >&7
	kill -CONT "$pid"
	kill -STOP "$pid"
	kill -CONT "$pid"
	records 3 7 >&7
	exec 7>&-
	ended 0
	same_file /dev/null err
	want 9 >want
	got out >got
	same_file want got
}

# --- While output is blocked ---

# blocked ARG...: the tool, with `file` to read and more output from its first block than a pipe
# holds, of which only the first line was read, as $first; descriptor 9 is the reader's end.
blocked()
{
	feed 20000 >file
	mkfifo out
	exec 9<>out
	start exec_t "$@" >out 2>err
	IFS= read -r -t 20 -u 9 first
}

@test "a second signal ends a tool whose output is blocked" {
	only map
	blocked file
	kill -INT "$pid"
	eventually 20 took_signals
	[ -e "/proc/$pid" ]
	kill -TERM "$pid"
	ended 143
	exec 9>&-
	same_file /dev/null err
}

@test "--drain limits the time that blocked output is waited for" {
	only map
	blocked --drain 10ms < <(feed 20000)
	kill -INT "$pid"
	ended 130
	exec 9>&-
	same_file /dev/null err
}

# released FILE: what is left in the pipe `out` is read, and nobody else holds it.
released()
{
	cat out >"$1" 3>&- 9>&- &
	reader=$!
	eventually 20 asleep_pid "$reader"
	exec 9>&-
}

asleep_pid()
{
	local pid=$1
	asleep
}

@test "a signal while output is blocked: when it is read again, whole lines come and the tool ends" {
	only map
	blocked file
	kill -INT "$pid"
	eventually 20 took_signals
	released got
	ended 130
	wait "$reader"
	{
		printf '%s\n' "$first"
		cat got
	} >all
	want 20000 | head -n "$(wc -l <all)" >want
	same_file want all
}

@test "the same on a non-blocking pipe, before the input is waited for" {
	only map
	need perl
	open_in
	feed 3 >&7
	mkfifo out
	exec 9<>out
	# As much as it takes.
	perl -MFcntl -e 'fcntl(STDOUT, F_SETFL, O_RDWR | O_NONBLOCK) or die;
		1 while syswrite(STDOUT, "\n" x 4096)' >&9
	under=(perl -MFcntl -e 'fcntl(STDOUT, F_SETFL, O_WRONLY | O_NONBLOCK) or die; exec @ARGV')
	start exec_t in >out 2>err
	eventually 20 catches_signals
	eventually 20 asleep
	kill -INT "$pid"
	eventually 20 took_signals
	released got
	ended 130
	exec 7>&-
	wait "$reader"
	want 3 >want
	sed -i '/^$/d' got
	same_file want got
}

# --- What must not be left behind ---

@test "-o: a signal leaves the old file, and nothing else" {
	only map total
	"$TOOL" --help | grep -q -e --output || skip "$TOOL has no -o FILE"
	mkdir dir
	echo old >dir/file
	open_in
	feed 3 >&7
	start exec_t -o dir/file in 2>err
	eventually 20 catches_signals
	kill -INT "$pid"
	ended 130
	same_text 'old' "$(cat dir/file)"
	same_text 'file' "$(ls -A dir)"
	# And a second one, while it is fed.
	start exec_t -o dir/file <in 2>err
	eventually 20 catches_signals
	kill -INT "$pid"
	eventually 20 took_signals
	kill -TERM "$pid"
	ended 143
	exec 7>&-
	same_text 'old' "$(cat dir/file)"
	same_text 'file' "$(ls -A dir)"
}

# --- kin ---

@test "kin in a pipeline: what it read goes on to the end" {
	only source
	for signal in $stop_signals; do
		rm -f out status
		set -m
		(
			set +eET
			trap : INT TERM HUP
			kin -G "g$signal" "$TOPIC" | kfilter . | kfilter -R true >out
			echo "${PIPESTATUS[*]}" >status
		) 2>err 3>&- &
		group=$!
		set +m
		want 3 >want
		eventually 20 cmp -s want out
		kill -"${signal%:*}" -- -"$group"
		pipeline_ended "${signal#*:} 0 0"
		# It has committed: the next one has nothing to read.
		kin -e -G "g$signal" "$TOPIC" >again
		same_file /dev/null again
	done
}

@test "kin that is stopped and goes on loses nothing" {
	only source
	start kin "$TOPIC" >out 2>err
	eventually 20 catches_signals
	kill -STOP "$pid"
	records 3 4 | kout -p 0 "$TOPIC"
	kill -CONT "$pid"
	want 6 >want
	eventually 20 cmp -s want out
	kill -TERM "$pid"
	ended 143
	same_file want out
}

@test "kin: a signal that was ignored at the start stays ignored" {
	only source
	ignoring()
	{
		trap '' INT
		exec kin "$TOPIC"
	}
	start ignoring >out 2>err
	want 3 >want
	eventually 20 cmp -s want out
	kill -INT "$pid"
	records 3 4 | kout -p 0 "$TOPIC"
	want 6 >want
	eventually 20 cmp -s want out
	kill -TERM "$pid"
	ended 143
}

# --- kbroker ---

@test "kbroker ends on a signal" {
	only server
	for signal in INT TERM HUP; do
		start kbroker >out 2>err
		eventually 20 test -s out
		kill -$signal "$pid"
		ended 0
		same_file /dev/null err
	done
}

@test "kbroker --exec passes a signal on, ends with the command's status and leaves nothing" {
	only server
	mkdir tmp
	for signal in $stop_signals; do
		TMPDIR=$PWD/tmp start kbroker --exec sh -c 'echo $$ >child; exec sleep 60' 2>err
		eventually 20 test -s child
		kill -"${signal%:*}" "$pid"
		ended "${signal#*:}"
		! kill -0 "$(cat child)" 2>/dev/null
		rm child
		same_text '' "$(ls -A tmp)"
	done
}

@test "kbroker --exec: the command has the signals that a shell would give it" {
	only server
	for signal in PIPE:141 XFSZ:153 INT:130; do
		run -"${signal#*:}" kbroker --exec sh -c "kill -${signal%:*} \$\$"
	done
}

@test "kbroker --exec: a second signal goes on too, and ends it at once" {
	only server
	mkdir tmp
	TMPDIR=$PWD/tmp start kbroker --exec sh -c '
		trap "echo told" TERM; echo ready; while :; do sleep 0.05; done' >out 2>err
	eventually 20 holds ready out
	child=$(ps -o pid= --ppid "$pid" | tr -d ' ')
	kill -TERM "$pid"
	eventually 20 holds $'ready\ntold' out
	kill -HUP "$pid"
	ended 129
	eventually 20 eval '! kill -0 "$child" 2>/dev/null'
	same_text '' "$(ls -A tmp)"
}
