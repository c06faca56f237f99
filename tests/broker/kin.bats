# kin: what it reads, in which order, how it prints that, and how it ends. Groups: group.bats.

load ../helper
load background

# misused WANT ARG...: a usage error, and nothing printed.
misused()
{
	local want=$1
	shift
	run --separate-stderr kin "$@" </dev/null
	assert_status 2
	assert_output ''
	assert_match "^kin: $want" "$stderr"
}

# Records 0 to 9 in partition 0, 10 to 13 in partition 1, and one in partition 3.
numbers()
{
	seq 0 9 | kout -p 0 "$t"
	seq 10 13 | kout -p 1 "$t"
	echo 14 | kout -p 3 "$t"
}

# record KEY VALUE...: envelopes into partition 0, as JSON fields in single quotes' place.
envelopes()
{
	kout -J -p 0 "$t"
}

# --- Where reading begins and ends ---

@test "-e reads all partitions to their ends, an empty one among them" {
	numbers
	seq 0 14 | gives kin -e "$t"
}

@test "-e of an empty topic is done at once" {
	kout "$t" </dev/null
	gives kin -e "$t" </dev/null
}

@test "-e: what comes in after the start is not read" {
	# more than the output takes, so that kin is still there
	yes "$(printf '%01000d' 0)" | head -n 3000 | kout -p 0 "$t"
	mkfifo out
	start 'kin -e "$t" >out'
	exec 9<out
	head -c 1000 <&9 >got
	echo late | kout -p 0 "$t"
	echo late | kout -p 1 "$t"
	cat <&9 >>got
	ends 0
	same_text 3000 "$(wc -l <got)"
	! grep -q late got || false
}

@test "without an end it goes on with what comes in" {
	numbers
	start 'kin "$t" >got'
	eventually 10 has_lines 15 got
	echo later | kout -p 2 "$t"
	eventually 10 has_lines 16 got
	same_text later "$(tail -n 1 got)"
}

@test "-o: begins at the ends, at an offset, before the end, after the beginning" {
	numbers
	kin_from()
	{
		kin -e -f '%s ' -o "$@" "$t"
	}
	same_text "$(echo {0..14} '')" "$(kin_from beginning)"
	same_text '' "$(kin_from end)"
	same_text '2 3 4 5 6 7 8 9 12 13 ' "$(kin_from 2)"
	same_text '8 9 12 13 14 ' "$(kin_from -2)"
	same_text '3 4 5 6 7 8 9 13 ' "$(kin_from +3)"
	same_text '' "$(kin_from 100)"
	# more than there are
	same_text "$(echo {0..14} '')" "$(kin_from -100)"
	same_text '' "$(kin_from +100)"
}

@test "-o FROM:TO ends before TO, in each partition" {
	numbers
	kin_range()
	{
		timeout 20 kin -f '%s ' -o "$@" "$t"
	}
	same_text '2 3 12 13 ' "$(kin_range 2:4)"
	same_text '0 1 10 11 14 ' "$(kin_range :2)"
	same_text '8 9 12 13 14 ' "$(kin_range -2:end)"
	same_text '0 1 2 3 4 5 6 7 ' "$(kin_range :-2 -p 0)"
	same_text '0 10 14 ' "$(kin_range beginning:+1)"
	same_text '' "$(kin_range 3:3)"
	same_text "$(echo {0..14} '')" "$(kin_range :end)"
	# the last beginning and the last end count
	same_text '1 2 11 12 ' "$(kin_range 5:3000 -o 1:3)"
	same_text '2 3 12 13 ' "$(kin_range 2 -o :4)"
}

@test "-o LIST=RANGE: for some partitions" {
	numbers
	kin_range()
	{
		timeout 20 kin -f '%s ' "$@" "$t"
	}
	same_text '7 8 9 10 11 12 13 14 ' "$(kin_range -e -o 0=7)"
	same_text '7 8 13 14 ' "$(kin_range -o 0=7:9 -o 1,3=-1:end -o 2=:end)"
	# what holds for all, and exceptions, in any order
	same_text '2 12 13 ' "$(kin_range -o 1=:end -o 2:3)"
	# a partition without an end has none
	same_text '0 1 10 11 12 13 14 ' "$(kin_range --timeout 300ms -o 0=:2)"
	same_text '0 1 10 11 12 13 14 ' "$(kin_range -e -o 0=:2)"
	misused "-o: 'x' is not a list of partitions" -o x=5 "$t"
	misused '-o stored: only a group' -o 1=stored "$t"
}

@test "-o LIST=@TIME: each its own" {
	need_kafka "the box knows no offsets by time"
	for s in 10 20 30; do
		for p in 0 1 2; do
			echo "{\"value\":$s,\"timestamp\":17000000${s}000,\"partition\":$p}"
		done
	done | kout -J --keep-partition "$t"
	same_text '0 20;0 30;1 30;2 10;' \
		"$(kin -e -o 0=@1700000015 -o 1=@1700000025:end -o 2=:1 -f '%p %s;' "$t" | tr ';' '\n' | sort | tr '\n' ';' | sed 's/^;//')"
}

@test "-o: what is no range" {
	local range
	for range in '' x 1.5 - + -- 1:2:3 beginning: :stored 0x10 99999999999999999999; do
		misused '-o: ' -o "$range" "$t"
	done
	misused "-o: '5:3' ends before it begins" -o 5:3 "$t"
	misused "-o: '2025-04-21T10:00:2025-04-21T09:00' ends before it begins" \
		-o @2025-04-21T10:00:2025-04-21T09:00 "$t"
	misused '-o: .*is not a time' -o @yesterday "$t"
	misused '-o: .*is not s@TIME or e@TIME' -o x@5 "$t"
	misused '-o stored: only a group' -o stored "$t"
}

@test "-o @TIME: the first record of that time or later" {
	need_kafka "the box knows no offsets by time"
	# out of order; the last one has no later one behind it
	for s in 10 30 20 40; do
		echo "{\"value\":$s,\"timestamp\":17000000${s}000}"
	done | envelopes
	echo '{"value":35,"timestamp":1700000035000}' | kout -J -p 1 "$t"
	at()
	{
		timeout 20 kin -f '%s ' "$@" "$t"
	}
	same_text '30 20 35 40 ' "$(at -e -o @1700000020)"
	same_text '30 20 35 40 ' "$(at -e -o @1700000020000)"
	same_text '30 20 35 40 ' "$(at -e -o @2023-11-14T22:13:40Z)"
	same_text '30 20 35 40 ' "$(at -e -o '@2023-11-14 23:13:40+01:00')"
	same_text '30 20 35 40 ' "$(at -e -o @2023-11-14T22:13:30.0001)"
	same_text '' "$(at -e -o @1700000041)"
	same_text '10 30 20 35 40 ' "$(at -e -o @0)"
	# ranges: each bound is an offset of its own, whatever the order of times
	same_text '30 20 35 ' "$(at -o @1700000020:1700000040)"
	same_text '30 20 35 ' "$(at -o @2023-11-14T22:13:40:2023-11-14T22:14:00)"
	same_text '30 20 35 40 ' "$(at -o @1700000020:end)"
	same_text '10 ' "$(at -o s@1700000000000,e@1700000030000)"
	same_text '10 ' "$(at -o s@1700000000000 -o e@1700000030000)"
	same_text '' "$(at -e -o @-1h)"
	echo now | kout -p 2 "$t"
	same_text 'now ' "$(at -e -o @-1h)"
	same_text '10 30 20 35 40 ' "$(at -o @0:-1h)"
}

@test "-c: so many records, and no more" {
	numbers
	seq 0 4 | gives kin -c 5 "$t"
	gives kin -c 0 "$t" </dev/null
	seq 0 14 | gives kin -c 15 "$t"
	seq 4 6 | gives kin -c 3 -o 4 -p 0 "$t"
}

@test "-c: fewer came" {
	numbers
	run --separate-stderr kin -e -c 16 "$t"
	assert_status 4
	assert_output "$(seq 0 14)"
	assert_stderr ''
	run --separate-stderr kin -c 3 -o 0:2 -p 0 "$t"
	assert_status 4
	assert_output "$(seq 0 1)"
	run --separate-stderr kin -c 16 --timeout 200ms "$t"
	assert_status 4
	assert_output "$(seq 0 14)"
}

@test "--timeout: so long without a record" {
	numbers
	seq 0 14 | gives kin --timeout 300ms "$t"
	gives kin --timeout 200ms -o end "$t" </dev/null
}

@test "-p: some partitions" {
	numbers
	seq 10 13 | gives kin -e -p 1 "$t"
	seq 0 13 | gives kin -e -p 0-1,0 "$t"
	gives kin -e -p 2 "$t" </dev/null
	seq 10 14 | gives kin -e -p 3,1-2 "$t"
	run --separate-stderr kin -e -p 0,7 "$t"
	assert_status 1
	assert_output ''
	assert_stderr "kin: $t: no partition 7 (there are 4)"
	for list in '' x 1- -1 3-2 1,,2 1.5 99999999999; do
		misused "-p: '$list' is not a list" -p "$list" "$t"
	done
}

@test "topics: several, one twice, by option and by regular expression" {
	echo a | kout "$t-a"
	echo b | kout "$t-b"
	echo c | kout "$t-bb"
	seq_of()
	{
		kin -e "$@" | tr '\n' ' '
	}
	same_text 'a b ' "$(seq_of "$t-a" "$t-b")"
	same_text 'a b ' "$(seq_of -t "$t-a" "$t-b" "$t-a")"
	same_text 'a b c ' "$(seq_of "^$t-")"
	same_text 'b c ' "$(seq_of "^$t-b+\$")"
	same_text 'a c ' "$(seq_of "^$t-(a|bb)\$")"
	run --separate-stderr kin -e "^$t-none"
	assert_status 1
	assert_stderr "kin: ^$t-none: no such topic"
	misused 'which topic' -e
	misused "a topic's name is empty" -e ''
	run --separate-stderr kin -e "^$t-["
	assert_status 2
}

@test "an unknown topic" {
	need_kafka "the box makes every topic that is asked for"
	run --separate-stderr kin -e "$t"
	assert_status 1
	assert_output ''
	assert_stderr "kin: $t: Broker: Unknown topic or partition"
	# asking did not make it
	run -1 kin -e "$t"
}

committed()
{
	[ -n "$(kin -e "$t")" ]
}

@test "the markers of a transaction do not hold -e back" {
	need_kafka "the box knows no transactions"
	need kcat
	seq 1 5 | kcat -P -b "$KPIPE_BROKERS" -t "$t" -p 0 -X "transactional.id=$t" 2>/dev/null
	# The broker writes the marker when it has answered; until then the records are not to be read.
	eventually 10 committed
	seq 1 5 | gives timeout 20 kin -e "$t"
	# the marker has offset 5
	gives timeout 20 kin -e -o -1 "$t" </dev/null
	seq 4 5 | gives timeout 20 kin -o 3:6 -p 0 "$t"
	seq 6 7 | kout -p 0 "$t"
	seq 5 7 | gives timeout 20 kin -e -o 4 "$t"
}

@test "records of a transaction that is not committed are not read, unless isolation.level says so" {
	need_kafka "the box knows no transactions"
	need kcat
	all()
	{
		timeout 20 kin -e -X isolation.level=read_uncommitted "$t"
	}
	seq 1 3 | kout -p 0 "$t"
	mkfifo in
	start 'kcat -P -b "$KPIPE_BROKERS" -t "$t" -p 0 -X transactional.id="$t" -X transaction.timeout.ms=1500 -X linger.ms=0 <in 2>/dev/null'
	exec 9>in
	yes 4 | head -n 1000 >&9
	eventually 10 eval '[ "$(all | wc -l)" -gt 3 ]'
	kill -KILL "$pid"
	exec 9>&-
	# it is open now
	seq 1 3 | gives timeout 20 kin -e "$t"
	all >open
	seq 1 3 | gives kin -e -o :end "$t"
	# the coordinator aborts it; the marker is the last of the log
	seq 5 6 >after
	eventually 20 eval '[ "$(kcat -Q -b "$KPIPE_BROKERS" -t "$t:0:-1" | sed "s/.* //")" -gt "$(wc -l <open)" ]'
	seq 1 3 | gives timeout 20 kin -e "$t"
	gives timeout 20 kin -e -o -1 "$t" </dev/null
	same_file open <(all)
	kout -p 0 "$t" after
	cat <(seq 3) after | gives timeout 20 kin -e "$t"
	cat after | gives timeout 20 kin -e -o 3 "$t"
}

@test "offsets that were compacted away hold no end back, also at the end of the log" {
	need_kafka "the box compacts nothing"
	need kcat
	ktopic create -p 1 -c cleanup.policy=compact -c segment.ms=1 -c min.cleanable.dirty.ratio=0 \
		-c max.compaction.lag.ms=1 "$t"
	# 8 to 11 are the last of their keys
	for i in 1 2 3; do
		printf '%s\n' a:$i b:$i c:$i d:$i | kout -K : "$t"
	done
	# The newest segment is never compacted, so it must hold a marker alone: that of a transaction that is
	# aborted, some records behind these.
	mkfifo in
	start 'kcat -P -b "$KPIPE_BROKERS" -t "$t" -p 0 -K : -X transactional.id="$t" -X transaction.timeout.ms=1000 -X linger.ms=0 <in 2>/dev/null'
	exec 9>in
	yes e:4 | head -n 1000 >&9
	offsets()
	{
		timeout 20 kin -e -f '%o\n' -X isolation.level=read_uncommitted "$t"
	}
	eventually 10 eval '[ "$(offsets | tail -n 1)" -gt 100 ]'
	kill -KILL "$pid"
	exec 9>&-
	eventually 20 eval '[ "$(offsets)" = "$(seq 8 11)" ]'
	end=$(ktopic offsets -J "$t" | kmap .latest)
	[ "$end" -gt 100 ]
	# RANGE: what of 8 to 11 lies in it
	while IFS=: read -r from to first last; do
		seq "$first" "$last" | gives timeout 5 kin -o "$from:$to" -f '%o\n' "$t"
		seq "$first" "$last" | gives timeout 5 kin -e -o "$from:$to" -f '%o\n' "$t"
	done <<-END
	0:2:8:7
	3:9:8:8
	0:10:8:9
	:11:8:10
	:12:8:11
	9:13:9:11
	:100:8:11
	50:100:8:7
	:$((end - 1)):8:11
	:$end:8:11
	END
	seq 8 11 | gives timeout 5 kin -e -f '%o\n' "$t"
	gives timeout 5 kin -e -o 12 "$t" </dev/null
	gives timeout 5 kin -e -o -5 "$t" </dev/null
	seq 8 11 | gives timeout 5 kin -G "$t" -p 0 -e -f '%o\n' "$t"
	gives timeout 5 kin -G "$t" -p 0 -e "$t" </dev/null
	echo f:5 | kout -K : "$t"
	echo 5 | gives timeout 5 kin -G "$t" -p 0 -e "$t"
}

# --- The order of several partitions ---

# backlog: 4000 records in 4 partitions, the times of each rising, all different. in: in that order.
backlog()
{
	awk 'BEGIN { for (i = 0; i < 4000; i++)
		printf "{\"value\":%d,\"timestamp\":170000000%04d,\"partition\":%d}\n", i, i, i * i * i % 11 % 4 }' |
		kout -J --keep-partition "$t"
	seq 0 3999 >in
}

@test "a backlog of 4 partitions comes in the order of timestamps" {
	backlog
	# a partition that is slow to come is waited for
	kin -e --align 20s "$t" >got
	same_file in got
	start 'kin --align 20s "$t" >again'
	eventually 10 has_lines 4000 again
	same_file in again
}

@test "an empty partition holds the others back not at all" {
	seq 1 1000 | kout -p 0 "$t"
	seq 1001 2000 | kout -p 2 "$t"
	seq 1 2000 >in
	# without an end, so that the empty ones may get a record at any time
	kin --align 1h --timeout 500ms "$t" >got
	same_file in got
}

@test "a partition keeps its own order, whatever the timestamps" {
	for i in 5 1 4 2 3; do
		echo "{\"value\":$i,\"timestamp\":170000000000$i}"
	done | envelopes
	same_text '5 1 4 2 3 ' "$(kin -e -f '%s ' "$t")"
}

@test "--align 0 is the order of arrival, which each partition keeps" {
	backlog
	kin -e --align 0 -f '%p %s\n' "$t" >got
	sort -k 1,1n -s got >parts
	sort -k 1,1n -k 2,2n got | cmp - parts
	cut -d ' ' -f 2 got | sort -n | cmp - in
}

@test "records that are deleted before they are read are told of" {
	need_box "it keeps 5 MiB"
	big()
	{
		yes "$(printf '%0900d' 0)" | head -n "$1" | kout -p 0 "$t"
	}
	big 1000
	mkfifo out
	start 'kin -f "%o\n" -p 0 "$t" 2>err >out'
	exec 9<out
	for i in $(seq 0 999); do
		IFS= read -r line <&9
		[ "$line" = "$i" ]
	done
	kill -STOP "$pid"
	big 20000
	kill -CONT "$pid"
	start 'cat <&9 >got'
	eventually 20 grep -qx 20999 got
	read -r from to <<<"$(sed -n "s/^kin: $t\[0\]: offsets \([0-9]*\) to \([0-9]*\) are gone: .*/\1 \2/p" err)"
	cat <(seq 0 999) got | sort -n >all
	cat <(seq 0 $((from - 1))) <(seq $((to + 1)) 20999) | cmp - all
	same_text 1 "$(wc -l <err)"
}

# --- How records are printed ---

@test "lines: a value that holds the record end is warned about, once" {
	printf 'one\0two\nlines\0three\nlines\0' | kout -0 -p 0 "$t"
	run --separate-stderr kin -e "$t"
	assert_status 0
	assert_output $'one\ntwo\nlines\nthree\nlines'
	assert_stderr "kin: $t[0]@1: the value holds a record end (-J keeps records apart)"
	# not where nobody would be misled, or nobody asks
	run --separate-stderr kin -e -q "$t"
	assert_stderr ''
	printf 'one\0two\nlines\0three\nlines\0' | gives kin -e -0 "$t"
	printf 'one|two\nlines|three\nlines|' | gives kin -e -f '%s|' "$t"
	run --separate-stderr kin -e -D l "$t"
	assert_stderr "kin: $t[0]@1: the value holds a record end (-J keeps records apart)"
}

@test "lines: a tombstone is warned about, once" {
	printf '%s\n' '{"value_text":""}' '{"value":null}' '{"value":null}' | envelopes
	run --separate-stderr --keep-empty-lines kin -e "$t"
	assert_status 0
	assert_output $'\n\n\n'
	assert_stderr "kin: $t[0]@1: a null value prints as an empty line (-Z or -J shows it)"
	printf '\nNULL\nNULL\n' | gives kin -e -Z "$t"
}

@test "-K, -D, -Z, -0" {
	printf '%s\n' '{"key":"k","value_text":"v"}' '{"key":null,"value_text":"v"}' \
		'{"key":"","value":null}' '{"key":null,"value":null}' | envelopes
	printf 'k=v\nNULL=v\n=NULL\nNULL=NULL\n' | gives kin -e -Z -K = "$t"
	printf 'k=v\n=v\n=\n=\n' | gives kin -e -q -K = -t "$t"
	printf 'k\t\0v\xff\xfe\n\t\0v\xff\xfe\n\t\0\xff\xfe\n\t\0\xff\xfe\n' |
		gives kin -e -q -K '\t\0' -D '\xff\xFE\n' "$t"
	printf 'v\0v\0\0\0' | gives kin -e -q -0 "$t"
	printf 'vv' | gives kin -e -q -D '' "$t"
	misused '-D: .*unknown escape' -D '\q' "$t"
	misused '-K: .*unknown escape' -K '\x4' "$t"
}

# Two records with everything, and one without anything.
rich()
{
	printf '%s\n' \
		'{"key":"k1","value_text":"v\n1","headers":[{"key":"h","value":"a"},{"key":"h","value":"b"}],"timestamp":1700000000001}' \
		'{"key_base64":"/wA=","value_base64":"AP8K","headers":[{"key":"n","value":null},{"key":"e","value":""}],"timestamp":1700000000002}' \
		'{"value":null,"timestamp":1700000000003}' \
		'{"key":"","value_text":"","timestamp":1700000000004}' | envelopes
}

@test "-f: letters and escapes" {
	rich
	printf 'k1=v\n1;\xff\0=\0\xff\n;=;=;' | gives kin -e -f '%k=%s;' "$t"
	printf '%s' "$t 0 0 1700000000001" "$t 0 1 1700000000002" "$t 0 2 1700000000003" \
		"$t 0 3 1700000000004" | gives kin -e -f '%t %p %o %T' "$t"
	printf '2 3\n2 3\n-1 -1\n0 0\n' | gives kin -e -f '%K %S\n' "$t"
	printf '\0\0\0\3\0\0\0\3\377\377\377\377\0\0\0\0' | gives kin -e -f '%R' "$t"
	printf 'h=a,h=b\nn=NULL,e=\n\n\n' | gives kin -e -f '%h\n' "$t"
	printf 'k1 v\n1;\xff\0 \0\xff\n;NULL NULL; ;' | gives kin -e -Z -f '%k %s;' "$t"
	printf '\n\t\r\\\0A\xff%%x' | gives kin -e -c 1 -f '\n\t\r\\\0\x41\xff%%x' "$t"
	gives kin -e -f '' "$t" </dev/null
}

@test "-f prints as kcat does" {
	need kcat
	# but for what is empty, which kcat -Z takes for a null
	rich
	for f in '%t[%p]@%o %T: %k=%s %K %S %R %h;\n' '%s%s%%\n\t\r\\\x41\x0a;' 'no letters' \
		'\65\0101\10\012\9.\255%s' %s %S %R %k %K %t %p %o %T %h %%; do
		for z in '' '-Z -c 3'; do
			kin -e $z -p 0 -f "$f" "$t" >got
			kcat -C -b "$KPIPE_BROKERS" -q -e $z -t "$t" -p 0 -o beginning -f "$f" >want
			same_file want got || fail "with $z -f '$f'"
		done
	done
	kin -c 3 -Z -K ': ' -D ';\n' -p 0 "$t" >got
	kcat -C -b "$KPIPE_BROKERS" -q -c 3 -Z -K ': ' -D ';\n' -t "$t" -p 0 -o beginning >want
	same_file want got
}

@test "-f: what it does not know, and what does not go together" {
	misused "-f: '%q': unknown field '%q'" -f %q "$t"
	misused "-f: '%': unknown field" -f % "$t"
	misused "-f: .*unknown escape" -f '\x4' "$t"
	misused '-f says how records end' -f %s -K : "$t"
	misused '-f says how records end' -f %s -D : "$t"
	misused '-f says how records end' -f %s -0 "$t"
	misused '-D and -0' -D : -0 "$t"
	for with in -f%s -K: -D: -Z; do
		misused '-J prints whole records' -J "$with" "$t"
	done
	misused '--value is for -J' --value text "$t"
	misused "--value: 'x' is none of" -J --value x "$t"
}

@test "-J: whole records" {
	printf '%s\n' \
		'{"key":"k","value":{"a":[1,2.50,"\u00e9"]},"timestamp":1}' \
		'{"key":null,"value":null,"timestamp":2}' \
		'{"key":"","value_text":"","timestamp":3}' \
		'{"key_base64":"/w==","value_base64":"AAEC/w==","timestamp":4}' \
		'{"value_text":"null","timestamp":5}' \
		'{"value_text":"{\"a\":1}\n","timestamp":6}' \
		'{"value_text":" 1","timestamp":7}' \
		'{"value_text":"é\u0000\"","timestamp":8}' \
		'{"value_text":"-0","timestamp":9}' \
		'{"value_text":"\"x\"","headers":[{"key":"h","value":"v"},{"key":"h","value":null},{"key_base64":"/w==","value_base64":"gA=="},{"key":"","value":""}],"timestamp":10}' |
		envelopes
	sed "s/^/{\"topic\":\"$t\",\"partition\":0,\"offset\":/" >want <<-'END'
	0,"timestamp":1,"key":"k","value":{"a":[1,2.50,"\u00e9"]}}
	1,"timestamp":2,"key":null,"value":null}
	2,"timestamp":3,"key":"","value_text":""}
	3,"timestamp":4,"key_base64":"/w==","value_base64":"AAEC/w=="}
	4,"timestamp":5,"key":null,"value_text":"null"}
	5,"timestamp":6,"key":null,"value_text":"{\"a\":1}\n"}
	6,"timestamp":7,"key":null,"value_text":" 1"}
	7,"timestamp":8,"key":null,"value_text":"é\u0000\""}
	8,"timestamp":9,"key":null,"value":-0}
	9,"timestamp":10,"key":null,"headers":[{"key":"h","value":"v"},{"key":"h","value":null},{"key_base64":"/w==","value_base64":"gA=="},{"key":"","value":""}],"value":"x"}
	END
	gives kin -e -J "$t" <want
	tr '\n' '\0' <want >want0
	gives kin -e -J -0 "$t" <want0
	same_text '{"a":[1,2.50,"\u00e9"]}' "$(kin -c 1 -J --value text "$t" | kmap -r .value_text)"
	kin -e -J --value text "$t" | sed 's/.*"value/"value/' >got
	cat >want <<-'END'
	"value_text":"{\"a\":[1,2.50,\"\\u00e9\"]}"}
	"value":null}
	"value_text":""}
	"value_base64":"AAEC/w=="}
	"value_text":"null"}
	"value_text":"{\"a\":1}\n"}
	"value_text":" 1"}
	"value_text":"é\u0000\""}
	"value_text":"-0"}
	"value_text":"\"x\""}
	END
	same_file want got
	kin -e -J --value base64 "$t" | sed 's/.*"value/"value/' >got
	printf '"value%s}\n' '_base64":"eyJhIjpbMSwyLjUwLCJcdTAwZTkiXX0="' '":null' '_base64":""' \
		'_base64":"AAEC/w=="' '_base64":"bnVsbA=="' '_base64":"eyJhIjoxfQo="' '_base64":"IDE="' \
		'_base64":"w6kAIg=="' '_base64":"LTA="' '_base64":"Ingi"' >want
	same_file want got
}

@test "-u, --stats, and the names of options" {
	numbers
	seq 0 14 | gives kin -u -e "$t"
	kin --stats -e "$t" 2>err >got
	assert_match '^\{"tool":"kin","out":15,"bytes":35,"seconds":[0-9.]+,"records_per_second":[0-9]+\}$' "$(cat err)"
	seq 0 3 | gives kin --count=4 --offset=beginning --partitions 0 --topic "$t"
	run kin --help
	assert_status 0
	assert_match '^usage: kin \[OPTIONS\] TOPIC' "${output,}"
}

# --- The end of the output ---

@test "a reader that has enough ends it quietly" {
	seq 1 100000 | kout -p 0 "$t"
	bash -o pipefail -c 'kin "$1" 2>err | head -n 1 >got' - "$t" && fail "status 0"
	same_text 1 "$(cat got)"
	same_text '' "$(cat err)"
}

@test "a reader that goes away is noticed while there is nothing to read" {
	kout "$t" </dev/null
	mkfifo out
	start 'kin "$t" >out 2>err'
	exec 9<out
	# it waits for records
	echo one | kout "$t"
	read -r line <&9
	same_text one "$line"
	exec 9<&-
	ends 141
	same_text '' "$(cat err)"
}

@test "output that cannot be written is one message and status 1" {
	[ -w /dev/full ] || skip "no /dev/full"
	numbers
	run --separate-stderr bash -c 'kin -e "$1" >/dev/full' - "$t"
	assert_status 1
	assert_stderr 'kin: stdout: write error: No space left on device'
	run --separate-stderr bash -c 'kin -e "$1" >&-' - "$t"
	assert_status 1
	assert_match '^kin: stdout: write error: ' "$stderr"
}

@test "a signal ends it with 128+n; all that was read is written" {
	seq 1 1000 | kout -p 0 "$t"
	seq 1 1000 >want
	for sig in INT:130 TERM:143 HUP:129; do
		rm -f got # or it would be taken for the new one's
		start 'kin "$t" >got'
		eventually 10 has_lines 1000 got
		kill -"${sig%:*}" "$pid"
		ends "${sig#*:}"
		same_file want got
	done
}

@test "a signal while the output is blocked: whole records, none twice" {
	yes "$(printf '%01000d' 0)" | head -n 5000 | awk '{ print NR, $0 }' | kout -p 0 "$t"
	mkfifo out
	start 'kin "$t" >out'
	exec 9<out
	read -r line <&9 # now the pipe is filled up
	kill -TERM "$pid"
	cat <&9 >got
	ends 143
	# the last line is whole, and there is no gap
	awk -v n=1 'length($2) != 1000 || $1 != ++n { print "after " NR ": " $1; exit 1 }' got
}

@test "a second signal ends it while the output is blocked" {
	yes "$(printf '%01000d' 0)" | head -n 5000 | kout -p 0 "$t"
	mkfifo out
	start 'kin "$t" >out'
	exec 9<out
	read -r line <&9
	kill -TERM "$pid"
	# the first one must have been taken before the second comes
	eventually 5 eval '! kill -TERM "$pid" 2>/dev/null'
	ends 143
	exec 9<&-
}

@test "blocked output neither loses nor repeats anything" {
	yes "$(printf '%0200d' 0)" | head -n 20000 | awk '{ print NR, $0 }' >in
	kout -p 0 "$t" <in
	mkfifo out
	start 'kin -e "$t" >out'
	exec 9<out
	for i in 1 2 3; do
		head -c 500000 <&9
		sleep 0.2
	done >got
	cat <&9 >>got
	ends 0
	same_file in got
}

# --- Brokers and configuration ---

@test "no broker is configured" {
	unset KPIPE_BROKERS KPIPE_CONFIG
	misused 'no broker configured: give -b HOST:PORT, or set KPIPE_BROKERS' "$t"
	misused 'no broker configured' -b '' "$t"
	KPIPE_BROKERS= misused 'no broker configured' "$t"
}

@test "no broker can be reached: status 3, in bounded time" {
	# nobody listens at port 1
	run --separate-stderr timeout 10 kin -b 127.0.0.1:1 -X socket.timeout.ms=500 "$t"
	assert_status 3
	assert_output ''
	assert_match '^kin: no broker reached: .*127\.0\.0\.1:1.*: Connection refused' "$stderr"
	same_text 1 "$(wc -l <<<"$stderr")"
	run --separate-stderr timeout 10 kin -G g -b 127.0.0.1:1 -X socket.timeout.ms=500 "$t"
	assert_status 3
}

@test "a listener that does not answer counts as no broker, and a signal is heeded meanwhile" {
	need python3
	python3 -c '
import socket, sys
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen(5)
print(s.getsockname()[1], flush=True)
kept = []
while True:
    kept.append(s.accept())
    print("came", flush=True)' 3>&- >log &
	started+=($!)
	eventually 10 has_lines 1 log
	b=127.0.0.1:$(head -n 1 log)
	run --separate-stderr timeout 10 kin -b "$b" -X socket.timeout.ms=1000 "$t"
	assert_status 3
	assert_match '^kin: no broker reached: ' "$stderr"

	came=$(wc -l <log)
	start 'kin -b "$b" "$t" 2>err'
	eventually 10 has_lines $((came + 1)) log
	kill -TERM "$pid"
	before=$SECONDS
	ends 143
	[ $((SECONDS - before)) -lt 6 ]
	same_text '' "$(cat err)"
}

@test "properties: what is unknown or wrong is a usage error that says where" {
	misused "-X: unknown property 'nosuch'" -X nosuch=1 "$t"
	misused "-X: 'nosuch' is not KEY=VALUE" -X nosuch "$t"
	misused "-X: 'nosuch' is not KEY=VALUE" -X nosuch "$t"
	misused '-X: .*fetch.wait.max.ms' -X fetch.wait.max.ms=soon "$t"
	printf '# comment\n\n fetch.wait.max.ms = 10 \nnosuch=1\n' >conf
	misused "conf:4: unknown property 'nosuch'" -F conf "$t"
	KPIPE_CONFIG=conf misused "conf:4: unknown property 'nosuch'" "$t"
	echo nosuch >conf
	misused "conf:1: not KEY=VALUE" -F conf "$t"
	misused "none: No such file" -F none "$t"
	KPIPE_CONFIG=none misused "none: No such file" "$t"
}

@test "properties: an unknown one is named beside the known one that is most like it" {
	misused "-X: unknown property 'bootstrap.server' \\(there is 'bootstrap.servers'\\)" -X bootstrap.server=x "$t"
	misused "-X: unknown property 'nosuch'\$" -X nosuch=1 "$t"
	echo sasl.jass.config=x >conf
	misused "conf:1: unknown property 'sasl.jass.config' \\(there is 'sasl.jaas.config'\\)" -F conf "$t"
}

@test "properties: a file for Java's clients" {
	numbers
	{
		echo '! a comment, which does not go on \'
		printf 'bootstrap.servers = \\\n\t  %s\r\n' "$KPIPE_BROKERS"
		echo security.protocol=PLAINTEXT
		echo key.deserializer=org.apache.kafka.common.serialization.StringDeserializer
		echo partition.assignment.strategy=org.apache.kafka.clients.consumer.RangeAssignor
		echo sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required '\'
		echo '  username="x" \'
		echo '  password="y";'
		# longer than any buffer of one line
		printf 'client.id=%05000d\n' 0
		echo fetch.max.wait.ms=10
	} >conf
	unset KPIPE_BROKERS
	seq 0 14 | gives kin -F conf -e "$t"
	echo ssl.truststore.location=conf >>conf
	misused 'conf:12: conf is not PEM' -F conf "$t"
	printf '#\nno\\\nsuch=\\\n1\n' >conf
	misused "conf:2: unknown property 'nosuch'" -F conf "$t"
}

# The brokers of tests/kafka have two users, on another port.
@test "properties: sasl.jaas.config, PLAIN and SCRAM" {
	need_kafka "the box lets everybody in"
	numbers
	module=org.apache.kafka.common.security
	sasl=${KPIPE_BROKERS%:*}:$((${KPIPE_BROKERS##*:} + 2))
	unset KPIPE_BROKERS
	login()
	{
		printf '%s\n' bootstrap.servers="$sasl" security.protocol=SASL_PLAINTEXT \
			sasl.mechanism="$1" sasl.jaas.config="$module.$2 required username=\"$3\" password=\"$4\";" >conf
	}
	login PLAIN plain.PlainLoginModule ann 'ann;secret'
	seq 0 14 | gives kin -F conf -e "$t"
	login SCRAM-SHA-256 scram.ScramLoginModule bob bob-secret
	seq 0 14 | gives kin -F conf -e "$t"
	login SCRAM-SHA-256 scram.ScramLoginModule bob wrong
	run --separate-stderr timeout 20 kin -F conf -e "$t"
	assert_status 3
	assert_output ''
	assert_match '^kin: .*uthentication failed' "$stderr"
	run --separate-stderr timeout 20 kout -F conf "$t" <<<x
	assert_status 3
}

# Each source against the one before it: all name an address where nobody listens but the last.
@test "properties: the home file, -F or KPIPE_CONFIG, KPIPE_BROKERS, -X, -b: the last counts" {
	numbers
	good=$KPIPE_BROKERS bad=127.0.0.1:1
	unset KPIPE_BROKERS KPIPE_CONFIG
	export HOME=$PWD/home
	mkdir -p home/.config
	conf()
	{
		printf 'bootstrap.servers=%s\nsocket.timeout.ms=500\n' "$2" >"$1"
	}
	reads()
	{
		same_text "$(seq 0 14)" "$(timeout 10 "$@" kin -e "$t" 2>&1)"
	}
	conf home/.config/kcat.conf "$good"
	reads env
	conf home/.config/kcat.conf "$bad"
	run env kin -e "$t"
	assert_status 3
	conf home/.config/kpipe.conf "$good"
	reads env
	conf home/.config/kpipe.conf "$bad"
	conf good "$good"
	conf bad "$bad"
	reads env KPIPE_CONFIG=good
	same_text "$(seq 0 14)" "$(KPIPE_CONFIG=none kin -F good -e "$t")"
	reads env KPIPE_CONFIG=bad KPIPE_BROKERS="$good"
	same_text "$(seq 0 14)" "$(KPIPE_BROKERS=$bad kin -X "bootstrap.servers=$good" -e "$t")"
	same_text "$(seq 0 14)" "$(KPIPE_BROKERS=$bad kin -b "$good" -X bootstrap.servers=$bad -e "$t")"
	same_text "$(seq 0 14)" "$(KPIPE_BROKERS=$bad kin -X metadata.broker.list="$good" -e "$t")"
	run -3 --separate-stderr kin -F bad -e "$t"
}

@test "properties: @FILE, \$NAME, and the plain characters" {
	numbers
	export SERVERS=$KPIPE_BROKERS
	echo "$KPIPE_BROKERS" >servers
	printf 'bootstrap.servers = @servers\n' >conf
	unset KPIPE_BROKERS
	seq 0 14 | gives kin -X bootstrap.servers=@servers -e "$t"
	seq 0 14 | gives kin -X 'bootstrap.servers=$SERVERS' -e "$t"
	seq 0 14 | gives kin -F conf -e "$t"
	misused '-X: bootstrap.servers: none: No such file' -X bootstrap.servers=@none -e "$t"
	misused '-X: bootstrap.servers: the environment has no NONE' -X 'bootstrap.servers=$NONE' -e "$t"
	# librdkafka is handed the plain text; it knows no such name
	export KPIPE_BROKERS=$SERVERS
	misused '-X: .*@x' -X debug=@@x "$t"
	misused '-X: .*\$x' -X 'debug=$$x' "$t"
}

@test "cron: no HOME, closed standard input, no environment" {
	numbers
	env -i "$(command -v kin)" -b "$KPIPE_BROKERS" -e "$t" <&- >got 2>err
	seq 0 14 | cmp - got
	same_text '' "$(cat err)"
}
