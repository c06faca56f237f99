# kin -G: what a group has read, when it says so, and what becomes of it when members come and go.
#
# Two ways to be in a group: negotiated, which takes seconds, and with -p, which takes none; so
# what is only about commits uses the latter.

load ../helper
load background

setup()
{
	background_setup
	g=group-$t
	# short, so that members are missed and told of each other soon; the box has new members wait
	# for 3 seconds, in which they must not be missed
	printf '%s\n' session.timeout.ms=4000 heartbeat.interval.ms=200 fetch.wait.max.ms=10 >conf
	export KPIPE_CONFIG=$PWD/conf
}

# ends_well PID: all is written; and committed, but for the box, which refuses that while members
# come and go.
ends_well()
{
	local status=0
	wait "$1" || status=$?
	[ "$status" = 0 ] || { [ "$status" = 75 ] && [ "$KPIPE_TEST_BROKER" = box ]; } ||
		fail "status $status"
}

# fill FROM TO: these numbers, each into the partition that is its remainder of 4.
fill()
{
	local p
	for p in 0 1 2 3; do
		seq "$1" "$2" | awk -v p=$p '$1 % 4 == p' | kout -p $p "$t"
	done
}

# What the group has still to read, sorted.
left()
{
	kin -G "$g" -p 0-3 --commit none -e "$t" | sort -n
}

nothing_left()
{
	[ -z "$(left)" ]
}

# big N: N numbered lines of 1000 bytes in partition 0, more than a pipe takes.
big()
{
	yes "$(printf '%0993d' 0)" | head -n "$1" | awk '{ printf "%06d%s\n", NR, $0 }' >in
	kout -p 0 "$t" <in
}

# The numbers of the whole lines in files that began as `big` wrote them.
whole()
{
	cat "$@" | awk 'length($0) == 999 { print substr($0, 1, 6) }'
}

# moves ERR: what a --progress log says of partitions.
moves()
{
	grep -v ' records, ' "$1"
}

# shared ERR...: each of these --progress logs says last that some but not all partitions came.
shared()
{
	local log last
	for log in "$@"; do
		last=$(moves "$log" | tail -n 1)
		grep -q 'assigned .*[0-9]$' <<<"$last" || return
		! grep -q 'assigned 0,1,2,3$' <<<"$last" || return
	done
}

# --- Commits ---

@test "a group goes on where it was; a third start finds nothing" {
	need_kafka "the box does not always finish a rebalance"
	fill 1 20
	# the topic by another name
	kin -G "$g" -c 7 "^$t\$" >first
	same_text 7 "$(wc -l <first)"
	kin -G "$g" -e "$t" >second
	sort -n first second >got
	seq 1 20 | cmp - got
	gives kin -G "$g" -p 0-3 -e "$t" </dev/null
}

@test "-c N commits exactly N" {
	fill 1 40
	for n in 1 7 12; do
		kin -G "$g" -p 0-3 -c $n "$t" >>got
	done
	same_text 20 "$(wc -l <got)"
	left >rest
	sort -n got rest >all
	seq 1 40 | cmp - all
}

@test "-c N of more than one write commits exactly N" {
	big 3000
	kin -G "$g" -p 0 -c 1234 "$t" | cat >got
	same_text 1234 "$(wc -l <got)"
	kin -G "$g" -p 0 -e "$t" >>got
	same_file in got
}

@test "killed in the middle of a write: nothing is lost, some comes twice" {
	big 3000
	mkfifo out
	start 'kin -G "$g" -p 0 -e "$t" >out'
	exec 9<out
	IFS= read -r line <&9
	echo "$line" >first
	kill -KILL "$pid"
	cat <&9 >>first
	ends 137
	kin -G "$g" -p 0 -e "$t" >second
	whole first second | sort -u >got
	whole in | cmp - got
	has_lines 3001 first second
}

@test "--commit before, killed in the middle of a write: nothing comes twice" {
	big 3000
	mkfifo out
	start 'kin -G "$g" -p 0 -e --commit before "$t" >out'
	exec 9<out
	IFS= read -r line <&9
	echo "$line" >first
	kill -KILL "$pid"
	cat <&9 >>first
	ends 137
	kin -G "$g" -p 0 -e "$t" >second
	same_text "" "$(whole first second | uniq -d)"
	[ -s second ]
	# what was committed and not written is lost, and that is less than what is written at once
	[ "$(whole first second | wc -l)" -gt 2900 ]
}

@test "--commit before reads all when nothing happens, and commits it" {
	big 3000
	kin -G "$g" -p 0 -e --commit before "$t" | cat >got
	same_file in got
	nothing_left
}

@test "output that cannot be written is not committed" {
	[ -w /dev/full ] || skip "no /dev/full"
	fill 1 20
	run -1 --separate-stderr bash -c 'kin -G "$1" -p 0-3 -e "$2" >/dev/full' - "$g" "$t"
	seq 1 20 | same_text "$(seq 1 20)" "$(left)"
}

@test "--commit none and enable.auto.commit=false commit nothing" {
	fill 1 20
	same_text "$(seq 1 20)" "$(kin -G "$g" -p 0-3 -e --commit none "$t" | sort -n)"
	same_text "$(seq 1 20)" "$(kin -G "$g" -p 0-3 -e -X enable.auto.commit=false "$t" | sort -n)"
	same_text "$(seq 1 20)" "$(left)"
}

@test "a signal: what is written is committed" {
	: >got
	for i in 1 2 3; do
		sig=$(cut -d ' ' -f $i <<<'INT TERM HUP')
		fill $((i * 20 - 19)) $((i * 20))
		start 'kin -G "$g" -p 0-3 "$t" >>got'
		eventually 10 has_lines $((i * 20)) got
		kill -"$sig" "$pid"
		ends $((128 + $(kill -l "$sig")))
		nothing_left
	done
	sort -n got >sorted
	seq 1 60 | cmp - sorted
}

@test "what is written is committed while it goes on" {
	fill 1 20
	start 'kin -G "$g" -p 0-3 "$t" >got'
	eventually 10 has_lines 20 got
	eventually 10 nothing_left
	fill 21 40
	eventually 10 has_lines 40 got
	eventually 10 nothing_left
	kill -KILL "$pid"
}

@test "-o counts where the group has no commit, and only there" {
	fill 1 20
	gives kin -G "$g" -p 0-3 -e -o end "$t" </dev/null
	same_text "$(seq 1 20)" "$(left)"
	same_text "$(seq 13 20)" "$(kin -G "$g" -p 0-3 -e -o -2 "$t" | sort -n)"
	gives kin -G "$g" -p 0-3 -e -o beginning "$t" </dev/null
	fill 21 24
	same_text "$(seq 21 24)" "$(kin -G "$g" -p 0-3 -e -o stored "$t" | sort -n)"
	# one more, which begins at a commit that is older than what the others have
	fill 25 32
	kin -G "$g" -p 1 -e "$t" >/dev/null
	same_text "$(seq 25 32 | grep -v -e 25 -e 29)" "$(kin -G "$g" -p 0-3 -e -o 0 "$t" | sort -n)"
}

@test "-o: what a member began at counts for the next one, even if it read nothing" {
	need_kafka "the box does not always finish a rebalance"
	fill 1 20
	start 'kin -G "$g" -o end --progress "$t" 2>err >got'
	eventually 10 grep -q 'assigned 0,1,2,3' err
	kill -TERM "$pid"
	ends 143
	fill 21 24
	same_text "$(seq 21 24)" "$(kin -G "$g" -e -o end "$t" | sort -n)"
	# also when it is killed: it said so at once
	start 'kin -G "$g-2" -o end --progress "$t" 2>err >got'
	eventually 10 grep -q 'assigned 0,1,2,3' err
	eventually 10 eval '[ -z "$(kin -G "$g-2" -p 0-3 --commit none -e "$t")" ]'
	kill -KILL "$pid"
	ends 137
	fill 25 28
	same_text "$(seq 25 28)" "$(kin -G "$g-2" -e -o end "$t" | sort -n)"
}

@test "a commit that is not there any more: reading begins with the oldest that is" {
	need_box "it keeps 5 MiB"
	big 10
	kin -G "$g" -p 0 -c 5 "$t" >/dev/null
	big 6000
	for from in beginning end 3; do
		kin -G "$g" -p 0 -e --commit none -o "$from" "$t" >got 2>err
		n=$(wc -l <got)
		# 10 and 6000 there have been
		same_text "kin: $t[0]: offsets 5 to $((6010 - n - 1)) are gone: deleted before they were read" "$(cat err)"
		[ "$n" -gt 3000 ] && [ "$n" -lt 6000 ]
		tail -n "$n" in | cmp - got
	done
	kin -e -p 0 -o 3 "$t" | cmp - got
	# all of the range is gone
	gives timeout 10 kin -p 0 -o 3:8 "$t" </dev/null
}

@test "a commit that is refused: status 75" {
	need_kafka "it refuses a commit from outside while the group has members"
	fill 1 20
	start 'kin -G "$g" --progress "$t" 2>err >got'
	eventually 10 grep -q assigned err
	run --separate-stderr kin -G "$g" -p 0-3 -e "$t"
	assert_status 75
	same_text "$(seq 1 20)" "$(sort -n <<<"$output")"
	assert_match '^kin: the last records are not committed, and will be read again: ' "$stderr"
	# at most once: what is not committed is not written
	echo more | kout -p 0 "$t"
	run --separate-stderr kin -G "$g" -p 0-3 -o 0 -e --commit before "$t"
	assert_status 75
	assert_output ''
}

@test "the broker is gone before the commit: it is said, status 75, in bounded time" {
	need_box "it is killed"
	start 'kbroker -t t:1 >address'
	box=$pid
	eventually 10 test -s address
	KPIPE_BROKERS=$(cat address)
	# as long as records trickle in there is no quiet moment for a commit
	seq 10000 >in
	start 'kout --rate 50 t in 2>/dev/null'
	start 'kin -G "$g" -X socket.timeout.ms=1000 -p 0 t 2>err >got'
	eventually 10 has_lines 10 got
	kill -KILL "$box"
	kill -TERM "$pid"
	before=$SECONDS
	ends 75
	[ $((SECONDS - before)) -lt 15 ]
	assert_match 'kin: the last records are not committed, and will be read again: ' "$(tail -n 1 err)"
}

# --- Members come and go ---

@test "two members share the partitions; one dies, and the other has them all" {
	need_kafka "the box does not always finish a rebalance"
	kout "$t" </dev/null
	for m in a b; do
		start "kin -G '$g' --progress '$t' >$m 2>$m.err"
		eval "$m=$pid"
	done
	eventually 15 shared a.err b.err
	fill 1 400
	eventually 10 has_lines 400 a b
	[ -s a ] && [ -s b ]
	eventually 10 nothing_left

	kill -KILL "$a"
	ends 137 "$a"
	fill 401 800
	eventually 15 has_lines 800 a b
	eventually 10 nothing_left
	kill -INT "$b"
	ends 130 "$b"
	# none is lost, and none came twice, as all was committed when the one died
	sort -n a b >got
	seq 1 800 | cmp - got
	same_text "" "$(grep -h -v -e assigned -e revoked -e ' records, ' a.err b.err)"
}

@test "members with -e: more of them than partitions, all end, and all is read" {
	need_kafka "the box does not always finish a rebalance"
	fill 1 4000
	for m in 1 2 3 4 5; do
		start "kin -G '$g' -e '$t' >got$m 2>err$m"
	done
	for m in "${started[@]}"; do
		ends_well "$m"
	done
	sort -n -u got? >got
	seq 1 4000 | cmp - got
}

# Of two that read to the end, one is done at once, while the other has much left and is blocked.
@test "-e goes on with what it has left when another one leaves" {
	need_kafka "the box does not always finish a rebalance"
	echo first | kout -p 0 "$t"
	echo first | kout -p 3 "$t"
	big 3000
	mkfifo out
	start 'kin -G "$g" -e --progress "$t" >out 2>err'
	exec 9<out
	IFS= read -r line <&9
	echo "$line" >got
	# new ends of partitions that it is done with
	echo second | kout -p 0 "$t"
	echo second | kout -p 3 "$t"
	start 'kin -G "$g" -e --progress "$t" >other 2>other.err'
	eventually 15 grep -q revoked err
	eventually 15 grep -q assigned other.err
	cat <&9 >>got
	ends 0
	ends_well "${started[0]}"
	{
		printf 'first\nfirst\nsecond\nsecond\n'
		cat in
	} | sort -u >want
	sort -u got other | cmp want -
	same_text 2 "$(cat got other | grep -c second)"
}

@test "a member whose output is blocked stays, and neither loses nor repeats anything" {
	need_kafka "the box does not always finish a rebalance"
	big 3000
	mkfifo out
	start 'kin -G "$g" -e --progress -X session.timeout.ms=3000 -X max.poll.interval.ms=3000 "$t" >out 2>err'
	exec 9<out
	IFS= read -r line <&9
	echo "$line" >got
	# longer than it may be away, by a good deal; heartbeats alone would not be enough
	sleep 3.5
	cat <&9 >>got
	ends 0
	same_file in got
	same_text "kin: $t: assigned 0,1,2,3" "$(moves err)"
	nothing_left
}

@test "--instance: a restart moves no partitions; a second one of the name fences the first" {
	need_kafka "the box does not keep static members"
	fill 1 20
	for m in a b; do
		start "kin -G '$g' --instance $m --progress '$t' >$m 2>$m.err"
		eval "$m=$pid"
	done
	eventually 15 shared a.err b.err
	eventually 15 nothing_left
	kill -TERM "$a"
	ends 143 "$a"
	moves b.err >before
	start "kin -G '$g' --instance a --progress '$t' >a 2>a.err"
	first=$pid
	eventually 15 shared a.err
	fill 21 40
	eventually 15 nothing_left
	same_text "$(cat before)" "$(moves b.err)"

	start "kin -G '$g' --instance a --progress '$t' >a2 2>a2.err"
	ends 76 "$first"
	assert_match 'kin: .*fenced' "$(cat a.err)"
	eventually 15 shared a2.err
	same_text "$(cat before)" "$(moves b.err)"
}

@test "usage: what is for groups only" {
	run -2 --separate-stderr kin --instance i "$t"
	assert_match '^kin: --instance is for a group' "$stderr"
	run -2 --separate-stderr kin --commit later -G "$g" "$t"
	assert_match "^kin: --commit: 'later' is none of written, before, none" "$stderr"
}
