#!/usr/bin/env bats
# kjoin where the clock has a say: --ttl without event time, --tick, --idle, and when the run ends by it.

load helper
load process

@test "--ttl by the clock: a busy input is forgotten as it goes" {
	local n=400000
	seq "$n" | sed 's/.*/{"l":1,"k":&}/' >in
	echo '{"k":1}' >>in
	kjoin --left-if .l -g .k --ttl 20ms --stats in >out 2>err
	[ ! -s out ]
	[ "$(kmap .most_held err)" -lt "$n" ]
}

# ends_by_itself ARG...: with a right side that never ends, once the clock has shown that nothing comes for the left one.
ends_by_itself()
{
	mkfifo right
	exec 7<>right
	cat right_lines >&7
	start kjoin -g .k --left --with right "$@" left >out
	ended 0
	same_text '{"key":1,"left":{"k":1,"t":10},"right":null}' "$(cat out)"
	rm right
	exec 7>&-
}

@test "the run ends when the clock gives up the last of the left side" {
	echo '{"k":1,"t":10}' >left
	: >right_lines
	ends_by_itself --ttl 100ms
	echo '{"k":2,"t":10}' >right_lines
	ends_by_itself -T .t --time-unit s --within 100ms --tick 50ms
}

@test "--tick sleeps until it has something to do" {
	need strace
	strace -qq -o probe -e trace=poll true || skip "strace cannot trace here"
	mkfifo in
	exec 7<>in
	# The right side is far behind: until --idle lets go of it nothing can come of the left record.
	printf '%s\n' '{"l":1,"k":1,"t":10000}' '{"k":1,"t":100}' >&7
	# A sanitizer cannot look for leaks in a traced process.
	start env ASAN_OPTIONS="$ASAN_OPTIONS:detect_leaks=0" strace -f -qq -o trace -e trace=poll,ppoll \
		kjoin --left-if .l -g .k -T .t --time-unit s --within 1s --tick 50ms --left in >out
	eventually 20 test -s trace
	sleep 1
	[ "$(grep -c poll trace)" -lt 60 ]
	[ ! -s out ]
	exec 7>&-
	ended 0
}

@test "--idle: a side that is silent no longer holds the other back, and the clock goes on with that one" {
	mkfifo in
	exec 7<>in
	printf '%s\n' '{"k":1,"t":1}' '{"l":1,"k":1,"t":10}' >&7
	start kjoin --left-if .l -g .k -T .t --time-unit s --within 1s --tick 50ms --idle 300ms --left in >out
	# 10 + 1 s of silence, and more, of the left side; the right one is at 1.
	eventually 10 test -s out
	same_text '{"key":1,"left":{"l":1,"k":1,"t":10},"right":null}' "$(cat out)"
	exec 7>&-
	ended 0
}

@test "a table in a compressed file is read whole, whatever the clock and its records say" {
	need gzip
	local last=100000
	seq "$last" | awk '{ printf "{\"topic\":\"u\",\"partition\":0,\"timestamp\":4000000000000,\"key\":\"k%d\",\"value\":%d}\n", $1, $1 }' | gzip >table.gz
	echo '{"topic":"o","partition":0,"timestamp":1,"key":"k100000","value":1}' >left
	for _ in 1 2 3 4 5 6 7 8; do
		kjoin -J -g .key --table table.gz left
		kjoin -g .key --table table.gz --table-ready 0s left
	done >out
	same_text 16 "$(wc -l <out)"
}

@test "--stats tells what was held when a drain was cut short" {
	mkfifo left
	exec 7<>left
	printf '{"k":%d,"t":%d}\n' 1 1 2 2 3 3 >right
	echo '{"k":9,"t":1001}' >&7
	fed() { exec kjoin -g .k -T .t --time-unit s --within 1s --outer --stats --drain 200ms --with right <left >out 2>err; }
	start fed
	eventually 10 catches_signals
	eventually 10 asleep
	kill -TERM "$pid"
	ended 143
	same_text '[0,0]' "$(grep -h '"tool"' err | kmap -c '[.held_left,.held_right]')"
	exec 7>&-
}
