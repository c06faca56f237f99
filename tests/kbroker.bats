#!/usr/bin/env bats
# kbroker: the broker in a box, as a command around another and on its own.

load helper

@test "--exec runs a command with a broker and ends with its status" {
	kbroker --exec sh -c 'echo hello | kout greetings && kin -e greetings' >got
	same_text hello "$(cat got)"
	run kbroker --exec sh -c 'exit 7'
	assert_status 7
	run kbroker --exec sh -c 'kill -KILL $$'
	assert_status 137
	run -127 --separate-stderr kbroker --exec ./nosuch
	assert_status 127
	assert_match '^kbroker: ./nosuch: No such file' "$stderr"
	: >plain
	run -126 --separate-stderr kbroker --exec ./plain
	assert_status 126
	assert_match '^kbroker: ./plain: Permission denied' "$stderr"
}

@test "-t makes topics, others come with 4 partitions" {
	kbroker -t one:1 -t seven:7 --exec sh -c '
		for t in one seven other; do seq 1000 | kmap "{k: .}" | kout --key-by .k $t; done
		for t in one seven other; do echo $t $(kin -e -f "%p\n" $t | sort -un | tr "\n" " "); done' >got
	same_file - got <<-'END'
	one 0
	seven 0 1 2 3 4 5 6
	other 0 1 2 3
	END
}

@test "all that stands behind --exec is the command's" {
	run kbroker --exec echo -t x:1 --exec --help
	assert_status 0
	assert_output '-t x:1 --exec --help'
}

@test "the configuration for short waits is there, and gone afterwards" {
	kbroker --exec sh -c 'echo "$KPIPE_CONFIG"; cat "$KPIPE_CONFIG"' >got
	grep -qx 'session.timeout.ms=3000' got
	grep -qx 'fetch.wait.max.ms=10' got
	[ ! -e "$(head -n 1 got)" ]
}

@test "a signal goes on to the command, and nothing is left" {
	kbroker --exec sh -c 'trap "echo told; exit 3" TERM; echo "$KPIPE_CONFIG"; while :; do sleep 0.05; done' >got 3>&- &
	local pid=$! status=0
	eventually 10 [ -s got ]
	kill -TERM "$pid"
	wait "$pid" || status=$?
	same_text 3 "$status"
	same_text told "$(tail -n 1 got)"
	[ ! -e "$(head -n 1 got)" ]
}

@test "without a command it prints its address and serves until a signal" {
	kbroker -t t:2 >address 3>&- &
	local pid=$! status=0
	eventually 10 [ -s address ]
	same_text 1 "$(wc -l <address)"
	seq 5 | kout -b "$(cat address)" -p 1 t
	same_text "$(seq 5)" "$(kin -b "$(cat address)" -e t)"
	kill -TERM "$pid"
	wait "$pid" || status=$?
	same_text 0 "$status"
}

@test "usage errors" {
	for arguments in '-t t:0' '-t t:x' '-t :3' '--exec' '--nope' 'operand'; do
		run --separate-stderr kbroker $arguments
		assert_status 2
		assert_output ''
		same_text 1 "${#stderr_lines[@]}"
	done
}
