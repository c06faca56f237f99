# A topic for each test, and tools in the background, for tests of what happens while they run.
#
#     load ../helper
#     load background

setup()
{
	background_setup
}

# A file with a setup of its own calls this first in it.
background_setup()
{
	common_setup
	need_broker
	t=$(topic t)
	started=()
}

teardown()
{
	local pid
	for pid in "${started[@]}"; do
		kill -CONT "$pid" 2>/dev/null || :
		kill -KILL "$pid" 2>/dev/null || :
		wait "$pid" 2>/dev/null || :
	done
}

# start COMMAND: runs a simple command, with its redirections, in the background, as $pid. SIGINT
# can reach it, unlike what a script starts without job control.
start()
{
	set -m
	eval "exec $1" 3>&- &
	pid=$!
	set +m
	started+=("$pid")
}

# ends STATUS [PID]: waits for what was started last, or PID.
ends()
{
	local status=0
	wait "${2:-$pid}" 2>/dev/null || status=$?
	[ "$status" = "$1" ] || fail "status $status, wanted $1"
}

# has_lines N FILE...: so many lines have come, in all of them.
has_lines()
{
	[ "$(cat "${@:2}" | wc -l)" -ge "$1" ]
}

# own_box ARG...: a box broker for this test alone, as $box; its address becomes $KPIPE_BROKERS.
own_box()
{
	rm -f box.address
	start "kbroker $* >box.address"
	box=$pid
	eventually 10 test -s box.address
	KPIPE_BROKERS=$(cat box.address)
	export KPIPE_BROKERS
}
