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
	grep -qx 'session.timeout.ms=4000' got
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

# took MS COMMAND...: it takes so long at least, but not ten times that.
took()
{
	local least=$1 start took
	shift
	start=$(date +%s%3N)
	"$@"
	took=$(($(date +%s%3N) - start))
	[ "$took" -ge "$least" ] && [ "$took" -lt $((least * 10)) ] || fail "took $took ms: $*"
}

@test "--fail answers the next requests of a kind by errors, in turn" {
	# without retries each request shows what it was answered
	kbroker -t t:1 --fail 'Produce=NO_ERROR,POLICY_VIOLATION*2,INVALID_REQUIRED_ACKS' --fail Produce=UNKNOWN \
		--exec sh -c 'for i in 1 2 3 4 5 6; do echo $i | kout -q t 2>&1; done; kin -e t' >got
	policy='Broker: Policy violation' acks='Broker: Invalid required acks value' unknown='Unknown broker error'
	for why in "$policy" "$policy" "$acks" "$unknown"; do
		printf 'kout: stdin:1: not delivered: %s\nkout: 1 of 1 records not delivered: %s\n' "$why" "$why"
	done >want
	printf '1\n6\n' >>want
	same_file want got
}

@test "--fail ..._TRANSPORT closes the connection, and the other requests are left alone" {
	kbroker -t t:1 --fail Fetch=_TRANSPORT,NOT_LEADER_FOR_PARTITION --fail ListOffsets=_TRANSPORT --exec sh -c '
		seq 3 | kout t; kin -X debug=broker -e t 2>log'  >got
	same_text "$(seq 3)" "$(cat got)"
	grep -q 'Disconnected' log
}

@test "--rtt: each answer comes so late" {
	kbroker -t t:1 --exec sh -c 'seq 3 | kout t'
	took 1000 kbroker --rtt 1s -t t:1 --exec sh -c 'seq 3 | kout t'
}

@test "--fail: what is not known is named beside what was meant" {
	misused()
	{
		run --separate-stderr kbroker --fail "$1" --exec true
		assert_status 2
		assert_output ''
		assert_stderr "kbroker: --fail: $2 (try 'kbroker --help')"
	}
	misused Produc=UNKNOWN "'Produc' is no request that can fail; did you mean 'Produce'?"
	misused Metadata=UNKNOWN "'Metadata' is no request that can fail"
	misused Fetch=REQUEST_TIMEDOUT "'REQUEST_TIMEDOUT' is no error; did you mean 'REQUEST_TIMED_OUT'?"
	# one of librdkafka's own, which no broker gives
	misused Fetch=_PARTITION_EOF "'_PARTITION_EOF' is no error"
	misused Fetch "'Fetch' is not REQUEST=ERROR"
	misused =UNKNOWN "'=UNKNOWN' is not REQUEST=ERROR"
	misused Fetch= "'' is no error"
	misused Fetch=UNKNOWN, "'' is no error"
	for n in 0 -1 x '' 10001; do
		misused "Fetch=UNKNOWN*$n" "UNKNOWN: 1 to 10000 errors"
	done
	misused 'Fetch=UNKNOWN*9999,NO_ERROR*2' "NO_ERROR: 1 to 10000 errors"
}

@test "usage errors" {
	for arguments in '-t t:0' '-t t:x' '-t :3' '--exec' '--nope' 'operand' '--fail' '--rtt -1s' '--rtt 2h'; do
		run --separate-stderr kbroker $arguments
		assert_status 2
		assert_output ''
		same_text 1 "${#stderr_lines[@]}"
	done
}
