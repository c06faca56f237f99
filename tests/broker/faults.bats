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
		! grep -v 'no broker can be reached, trying on' $err.err
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
