# Brokers that go away and come back, and processes that are stopped in the middle: nothing is lost,
# and what is said is what happened.

load ../helper
load background

# Where the suite runs on a real Kafka, one broker more for this file, which may be killed and started
# again: the file descriptor 8 is its leash.
setup_file()
{
	[ "${KPIPE_TEST_BROKER:-}" = kafka ] || return 0
	local dir=$BATS_FILE_TMPDIR
	mkfifo "$dir/leash"
	"$KPIPE_SRCDIR/tests/kafka/broker" "$("$KPIPE_SRCDIR/tests/kafka/fetch")" \
		<"$dir/leash" >"$dir/address" 2>"$dir/err" 3>&- &
	# for as long as this file runs
	sleep 600 >"$dir/leash" 3>&- &
	echo $! >"$dir/holder"
	eventually 40 test -s "$dir/address"
}

teardown_file()
{
	[ ! -e "$BATS_FILE_TMPDIR/holder" ] || kill "$(cat "$BATS_FILE_TMPDIR/holder")"
}

# Only with need_kafka.
own_kafka()
{
	KPIPE_BROKERS=$(cat "$BATS_FILE_TMPDIR/address")
	export KPIPE_BROKERS
}

broker_is()
{
	echo "$1" >"$BATS_FILE_TMPDIR/leash"
}

# How many records the topic has had, those that are gone again among them.
count()
{
	kin -e -o -1 -f '%o\n' "$t" | awk '{ n += $1 + 1 } END { print n + 0 }'
}

arrived()
{
	[ "$(count)" -ge "$1" ]
}

@test "the broker dies and comes back: kout, kin and a group go on, nothing is lost or said that is not so" {
	need_kafka "the box forgets"
	own_kafka
	# more than kin's output takes, so that it has much to read when the broker dies
	yes "$(printf '%0990d' 0)" | head -n 20000 | awk '{ printf "%06d%s\n", NR, $0 }' >big
	kout "$t-big" big
	mkfifo in out
	start 'kin -e "$t-big" 2>big.err >out'
	big=$pid
	exec 9<out
	IFS= read -r line <&9
	echo "$line" >got.big

	kout "$t" </dev/null
	start 'kin "$t" 2>follow.err >follow'
	start 'kin -G "$t" "$t" 2>group.err >group'
	group=$pid
	start 'kout --stats "$t" 2>kout.err <in'
	kout=$pid
	exec 7>in
	seq 1 1000 >&7
	eventually 20 has_lines 1000 follow
	eventually 20 has_lines 1000 group
	broker_is kill
	seq 1001 3000 >&7
	eventually 20 grep -q 'no broker can be reached' follow.err
	broker_is start
	seq 3001 4000 >&7
	exec 7>&-
	cat <&9 >>got.big
	ends 0 "$big"
	ends 0 "$kout"
	assert_match '"in":4000,"used":4000,"bad":0,' "$(tail -n 1 kout.err)"
	eventually 20 has_lines 4000 follow
	eventually 20 has_lines 4000 group
	sort got.big | cmp - big
	for got in follow group; do
		sort -n $got | cmp - <(seq 4000)
	done
	kill -TERM "$group"
	ends 143 "$group"
	gives kin -G "$t" -e "$t" </dev/null
	sed -i '$d' kout.err
	for err in big follow group kout; do
		! grep -v 'no broker can be reached, trying on' $err.err || false
		# once in an outage
		[ "$(wc -l <$err.err)" -le 1 ]
	done
}

@test "kill -INT in the middle of kout: the count that is reported is the count that arrived" {
	mkfifo in
	start 'yes line >in'
	yes=$pid
	start 'kout --stats --drain 1s "$t" <in 2>err'
	eventually 20 arrived 1000
	kill -INT "$pid"
	ends 130
	# what was read is delivered, and nothing else
	same_text 1 "$(wc -l <err)"
	n=$(count)
	same_text "[$n,$n,0]" "$(kmap '[.in, .used, .bad]' err)"
}

@test "the broker dies and stays away: what is said to have arrived has" {
	need_kafka "the box forgets"
	own_kafka
	mkfifo in
	start 'yes line >in'
	start 'kout --stats --drain 1s "$t" <in 2>err'
	eventually 20 arrived 1000
	broker_is kill
	eventually 20 grep -q 'no broker can be reached' err
	before=$SECONDS
	kill -INT "$pid"
	ends 1
	[ $((SECONDS - before)) -le 5 ]
	broker_is start
	eventually 30 eval 'kin -e -X socket.timeout.ms=1000 "$t" >got 2>/dev/null'
	n=$(wc -l <got)
	stats=$(kmap -r '[.in, .used, .bad] | join(" ")' <(tail -n 1 err))
	read -r in used bad <<<"$stats"
	same_text "$in" $((used + bad))
	assert_match "kout: $bad of $in records not delivered: " "$(tail -n 2 err)"
	# Those whose acknowledgement was lost are there as well: at most what was on its way.
	[ "$n" -ge "$used" ]
	[ "$n" -lt "$in" ]
}

@test "payloads from nothing to the largest that is taken, and one byte more" {
	for n in 0 1 2 3 127 128 1023 1024 1025 65535 65536 65537 500000 999900; do
		printf '%*s\n' "$n" ''
	done >in
	kout -p 0 "$t" in
	gives kin -e "$t" <in
	# one byte more each time, up to the first that is refused
	for n in $(seq 999900 1000001); do
		printf '%*s\n' "$n" '' | kout -p 1 "$t" 2>err || break
	done
	assert_match '^kout: stdin:1: Broker: Message size too large$' "$(cat err)"
	same_text $((n - 1)) "$(kin -e -o -1 -p 1 -f %S "$t")"
}

# --- Brokers that refuse ---

# refusing FAULTS...: a box broker for this test that has topic t with 2 partitions, and these faults.
refusing()
{
	local faults='' fault
	need_box "it refuses what it is told to"
	for fault; do
		faults+=" --fail $fault"
	done
	own_box -t t:2 "$faults"
}

# only_outages ERR: nothing is said but what is so when the one broker closes a connection.
only_outages()
{
	! grep -v ': no broker can be reached, trying on$' "$1"
}

# Numbers 0 to 999 in partition 0, 1000 to 1999 in partition 1.
two_thousand()
{
	seq 0 999 | kout -p 0 t
	seq 1000 1999 | kout -p 1 t
}

@test "kout: what brokers refuse for the moment arrives all the same, in order and once" {
	for error in NOT_LEADER_FOR_PARTITION LEADER_NOT_AVAILABLE REQUEST_TIMED_OUT NOT_ENOUGH_REPLICAS \
		NOT_ENOUGH_REPLICAS_AFTER_APPEND UNKNOWN_TOPIC_OR_PART KAFKA_STORAGE_ERROR UNKNOWN_PRODUCER_ID; do
		refusing "Produce=NO_ERROR*2,$error*2,NO_ERROR,$error" InitProducerId=NOT_COORDINATOR
		seq 2000 | kout -p 0 -X batch.num.messages=100 t 2>err
		same_file /dev/null err
		seq 2000 | gives kin -e t
	done
	refusing Produce=NO_ERROR*2,_TRANSPORT,NO_ERROR,_TRANSPORT InitProducerId=_TRANSPORT
	seq 2000 | kout -p 0 -X batch.num.messages=100 t 2>err
	seq 2000 | gives kin -e t
	only_outages err
}

@test "kout: what brokers refuse for good is counted, and the count of what arrived is true" {
	local bad all line
	for error in POLICY_VIOLATION TOPIC_AUTHORIZATION_FAILED INVALID_REQUIRED_ACKS OUT_OF_ORDER_SEQUENCE_NUMBER \
		UNKNOWN; do
		refusing "Produce=NO_ERROR,$error,NO_ERROR,$error"
		! seq 2000 | kout -p 0 -X batch.num.messages=100 t 2>err || false
		kin -e t | sort -n >got
		same_text '' "$(uniq -d got)"
		read -r bad all < <(sed -n 's/^kout: \([0-9]*\) of \([0-9]*\) records not delivered: .*/\1 \2/p' err)
		same_text $((all - bad)) "$(wc -l <got)"
		# Not all were read where the producer is of no more use.
		[ "$all" = 2000 ] || [ "$error" = OUT_OF_ORDER_SEQUENCE_NUMBER ]
		# One of them is named.
		line=$(sed -n 's/^kout: stdin:\([0-9]*\): not delivered: .*/\1/p' err)
		seq 2000 | grep -qx "$line"
		! grep -qx "$line" got || false
	done
}

@test "kout: a batch that is refused for one record in it is sent again, record by record" {
	for error in MSG_SIZE_TOO_LARGE RECORD_LIST_TOO_LARGE INVALID_RECORD INVALID_TIMESTAMP; do
		refusing "Produce=$error"
		seq 1000 | kout -p 0 t
		seq 1000 | gives kin -e t
	done
}

# ten FORM: ten lines that make the records 1 to 10, for kout with these options.
ten()
{
	case $1 in
	'') seq 10 ;;
	'-D ;') seq 10 | tr '\n' ';' ;;
	'-K :') seq 10 | sed 's/.*/k&:&/' ;;
	-J) seq 10 | sed 's/.*/{"key":"k&", "value":&}/' ;;
	--value-by*) seq 10 | sed 's/.*/{"n": &, "more": "\\u00e4"}/' ;;
	esac
}

# The brokers refuse the batch, and then two of its records.
refuses_two='Produce=MSG_SIZE_TOO_LARGE,NO_ERROR*4,INVALID_RECORD,NO_ERROR,MSG_SIZE_TOO_LARGE'

@test "kout --bad FILE: a record that the brokers refuse is collected, as it was read" {
	for form in '' '-D ;' '-K :' -J '--value-by .n'; do
		refusing "$refuses_two"
		ten "$form" >in
		rm -f bad
		# shellcheck disable=SC2086 # options are words
		run --separate-stderr kout --bad bad -p 0 $form t in
		assert_status 0
		assert_stderr 'kout: 10 in, 8 used, 2 bad, 0 late'
		seq 10 | grep -vx '[57]' | gives kin -e t
		same_file - <(kmap -c '[.error, .source, .line]' bad) <<-'END'
		["Broker: Broker failed to validate record","in",5]
		["Broker: Message size too large","in",7]
		END
		ten "$form" | tr ';' '\n' | sed -n '5p; 7p' | same_file - <(kmap -r .input bad)
	done
}

@test "kout --bad skip: a record that the brokers refuse is counted; without, it is a failure" {
	refusing "$refuses_two"
	run --separate-stderr kout --bad skip -p 0 t <<<"$(seq 10)"
	assert_status 0
	assert_stderr 'kout: 10 in, 8 used, 2 bad, 0 late'
	seq 10 | grep -vx '[57]' | gives kin -e t
	refusing "$refuses_two"
	run --separate-stderr kout -p 0 t <<<"$(seq 10)"
	assert_status 1
	assert_stderr 'kout: stdin:5: not delivered: Broker: Broker failed to validate record
kout: 2 of 10 records not delivered: Broker: Broker failed to validate record'
	seq 10 | grep -vx '[57]' | gives kin -e t
}

@test "kout --bad: what is refused for no fault of the record is not delivered, whatever is done with bad ones" {
	for bad in skip bad; do
		# the batch, its second record; and then the ninth, behind one that is bad before it is sent
		refusing Produce=MSG_SIZE_TOO_LARGE,NO_ERROR,INVALID_RECORD,NO_ERROR*6,POLICY_VIOLATION
		rm -f bad
		run --separate-stderr kout --stats --bad $bad -J -p 0 t <<<"$(ten -J | sed '8s/}/]/')"
		assert_status 1
		same_file - <(head -n 2 <<<"$stderr") <<-'END'
		kout: stdin:10: not delivered: Broker: Policy violation
		kout: 1 of 9 records not delivered: Broker: Policy violation
		END
		same_text '[10,7,3]' "$(kmap '[.in, .used, .bad]' <(sed -n 3p <<<"$stderr"))"
		[ "$bad" = skip ] || same_text '2 8' "$(kmap .line bad | sort -n | xargs)"
		seq 10 | grep -vxE '2|8|10' | gives kin -e t
	done
}

@test "kout --bad FILE: a refused record is there while the input pauses" {
	refusing "$refuses_two"
	mkfifo in
	start 'kout --bad bad -p 0 t <in'
	exec 9>in
	seq 10 >&9
	eventually 10 eval '[ "$(wc -l <bad)" = 2 ]'
	exec 9>&-
	ends 0
}

@test "kout: who may not write is told so" {
	refusing 'InitProducerId=CLUSTER_AUTHORIZATION_FAILED*5'
	local why='Failed to acquire idempotence PID from broker .*: Broker: Cluster authorization failed$'
	# The refusal comes behind the record, or before it.
	run --separate-stderr kout t <<<x
	assert_status 1
	if [ "${#stderr_lines[@]}" = 1 ]; then
		assert_match "^kout: $why" "$stderr"
	else
		assert_match "^kout: stdin:1: not delivered: $why" "${stderr_lines[0]}"
		assert_match "^kout: 1 of 1 records not delivered: $why" "${stderr_lines[1]}"
	fi
	refusing 'InitProducerId=CLUSTER_AUTHORIZATION_FAILED*5'
	run --separate-stderr kout t < <(sleep 1 && echo x)
	assert_status 1
	assert_match "^kout: $why" "$stderr"
}

@test "kin: what brokers refuse for the moment is asked for again, and nothing is lost" {
	for error in NOT_LEADER_FOR_PARTITION REPLICA_NOT_AVAILABLE OFFSET_NOT_AVAILABLE KAFKA_STORAGE_ERROR; do
		refusing "Fetch=$error*2,NO_ERROR,$error" "ListOffsets=$error*3,NO_ERROR,$error"
		two_thousand
		kin -e t >got 2>err
		seq 0 1999 | cmp - <(sort -n got)
		same_file /dev/null err
	done
	refusing Fetch=_TRANSPORT*2,NO_ERROR,_TRANSPORT ListOffsets=_TRANSPORT*2
	two_thousand
	kin -e t >got 2>err
	seq 0 1999 | cmp - <(sort -n got)
	only_outages err
	# librdkafka waits for half a second behind these
	for error in REQUEST_TIMED_OUT UNKNOWN_TOPIC_OR_PART FENCED_LEADER_EPOCH; do
		refusing "Fetch=$error" "ListOffsets=$error*2"
		two_thousand
		kin -e t >got 2>err
		seq 0 1999 | cmp - <(sort -n got)
		same_file /dev/null err
	done
}

@test "kin: what it may not read ends it, however soon the refusal comes" {
	# One that came while its partition was being assigned was once dropped; the next comes after 5 s.
	for i in 1 2 3 4 5; do
		refusing Fetch=TOPIC_AUTHORIZATION_FAILED*100
		two_thousand
		run --separate-stderr timeout 3 kin -p 0 t
		assert_status 3
		assert_output ''
		assert_stderr 'kin: Fetch from broker 1 failed: Broker: Topic authorization failed'
	done
	refusing ListOffsets=TOPIC_AUTHORIZATION_FAILED
	run --separate-stderr kin t
	assert_status 3
	assert_stderr 'kin: Broker: Topic authorization failed'
}

@test "kin -G: a commit that is refused for the moment is repeated, one that is refused for good is said" {
	for error in REQUEST_TIMED_OUT COORDINATOR_LOAD_IN_PROGRESS NOT_COORDINATOR; do
		refusing "OffsetCommit=$error*2" "OffsetFetch=$error" "FindCoordinator=COORDINATOR_NOT_AVAILABLE"
		two_thousand
		kin -G g -p 0-1 -e t >got 2>err
		seq 0 1999 | cmp - <(sort -n got)
		same_file /dev/null err
		gives kin -G g -p 0-1 -e t </dev/null
	done
	for row in 'GROUP_AUTHORIZATION_FAILED 3 Group authorization failed' \
		'ILLEGAL_GENERATION 75 Specified group generation id is not valid'; do
		read -r error want why <<<"$row"
		refusing "OffsetCommit=$error"
		two_thousand
		run --separate-stderr kin -G g -p 0-1 -e t
		assert_status "$want"
		assert_stderr "kin: the last records are not committed, and will be read again: Broker: $why"
		same_text "$(seq 0 1999)" "$(sort -n <<<"$output")"
		kin -G g -p 0-1 -e t >got
		seq 0 1999 | cmp - <(sort -n got)
	done
}

# member FAULT...: a group that has one member after the other, on a box broker with these faults.
# What it read is in got, one file for each.
member()
{
	kbroker -t t:2 "$@" --exec bash -c '
		seq 0 999 | kout -p 0 t
		seq 1000 1999 | kout -p 1 t
		touch got.1
		kin -G g -X heartbeat.interval.ms=200 -X auto.commit.interval.ms=100 t >got.1 2>err.1 &
		reads() {
			until [ "$(sort -u got.1 | wc -l)" -ge "$1" ]; do sleep 0.1; done
		}
		reads 2000
		seq 2000 2999 | kout -p 1 t
		reads 3000
		# the heartbeats that are to fail
		sleep 1
		seq 3000 3999 | kout -p 0 t
		reads 4000
		kill -TERM $!
		wait $!
		echo $? >status
		kin -G g -e t >got.2 2>err.2'
}

@test "kin -G: a member that is sent away comes back, and nothing is lost" {
	need_box "it refuses what it is told to"
	local pids=() i=0
	for faults in \
		'JoinGroup=REBALANCE_IN_PROGRESS,UNKNOWN_MEMBER_ID,_TRANSPORT' \
		'SyncGroup=REBALANCE_IN_PROGRESS,ILLEGAL_GENERATION' \
		'Heartbeat=NO_ERROR*2,REBALANCE_IN_PROGRESS' \
		'Heartbeat=NO_ERROR*2,ILLEGAL_GENERATION' \
		'Heartbeat=NO_ERROR*2,UNKNOWN_MEMBER_ID' \
		'OffsetCommit=NO_ERROR,ILLEGAL_GENERATION'; do
		i=$((i + 1))
		mkdir "$i"
		(cd "$i" && member --fail "$faults") 3>&- &
		pids+=($!)
	done
	wait "${pids[@]}"
	for dir in [0-9]*; do
		# What was not committed at the end is said, and read again; else there was nothing left.
		case $(cat "$dir/status") in
		143) same_file /dev/null "$dir/got.2" ;;
		75) [ -s "$dir/err.1" ] ;;
		*) fail "status $(cat "$dir/status")" ;;
		esac
		sort -nu "$dir/got.1" "$dir/got.2" | cmp - <(seq 0 3999)
		same_file /dev/null "$dir/err.2"
		# Nothing comes twice of which that was not said; and nothing else is said.
		run grep -vE '^kin: the last records are not committed, and will be read again' "$dir/err.1"
		assert_status 1
		[ -s "$dir/err.1" ] || same_text "$(sort "$dir"/got.* | uniq -d)" ''
	done
}
