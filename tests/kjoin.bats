#!/usr/bin/env bats
# kjoin: tables, intervals, windows, as-of; kinds; lateness; two inputs that are slow in turn; memory.

load helper
load process

# rows FILE...: "key left right" of each row, by the members n.
rows()
{
	kmap -r '"\(.key) \(.left.n) \(.right.n)"' "$@"
}

# joins ARG... <WANT: what kjoin prints, as rows.
joins()
{
	cat >want
	kjoin "$@" >out </dev/null
	rows out | same_file want -
}

# --- Tables ---

@test "--table: the last record of a key, or none" {
	printf '{"k":%s,"n":"%s"}\n' 1 a 2 b 1 c '"1"' d null e >table
	printf '{"k":%s,"n":%d}\n' 1 1 2 2 3 3 1.0 4 '"1"' 5 null 6 >in
	joins -g .k --table table in <<<$'1 1 c\n2 2 b\n1 4 c\n1 5 d'
	joins -g .k --table table --left in <<<$'1 1 c\n2 2 b\n3 3 null\n1 4 c\n1 5 d\nnull 6 null'
	joins -g .k --table table --semi in <<<$'1 1 null\n2 2 null\n1 4 null\n1 5 null'
	joins -g .k --table table --anti in <<<$'3 3 null\nnull 6 null'
	joins -g .k --table table --null-equal in <<<$'1 1 c\n2 2 b\n1 4 c\n1 5 d\nnull 6 e'
	gives rows <(kjoin -g .k --table table - <in) < <(kjoin -g .k --table table in | rows)
	gives kjoin -g .k --table /dev/null in </dev/null
}

@test "--table: records as they are, the key of each side" {
	echo '{ "id" : 7.0, "x":[1, 2] }' >table
	printf ' {"user":7,  "é":"\\u00e9"}\t\r\n' >in
	gives kjoin -g .user --table table --table-key .id in \
		<<<'{"key":7,"left":{"user":7,  "é":"\u00e9"},"right":{ "id" : 7.0, "x":[1, 2] }}'
	gives kjoin -g .user --table table --right-key .id in \
		<<<'{"key":7,"left":{"user":7,  "é":"\u00e9"},"right":{ "id" : 7.0, "x":[1, 2] }}'
}

@test "--table: what deletes a key" {
	printf '%s\n' '{"k":1,"n":1}' '{"k":2,"n":2}' '{"k":1,"$delete":true}' '{"k":3,"$delete":true}' >table
	printf '{"k":%d,"n":"l"}\n' 1 2 3 >in
	joins -g .k --table table --left in <<<$'1 l null\n2 l 2\n3 l null'
	joins -g .k --table table --left --delete-if '.n == 2' in <<<$'1 l null\n2 l null\n3 l null'
	# Envelopes: a tombstone, but not a value that is text.
	printf '{"topic":"t","partition":0,"key":"%s",%s}\n' a '"value":1' b '"value":2' c '"value":3' d '"value":4' \
		a '"value":null' b '"value_text":"null"' c '"value_base64":"/w=="' >table
	printf '{"topic":"s","partition":0,"key":"%s","value":{}}\n' a b c d e >in
	gives kmap -r '[.key, .right.value, .right.value_text, .right.value_base64] | tojson' \
		<(kjoin -J -g .key --table table --left in) <<-'END'
	["a",null,null,null]
	["b",null,"null",null]
	["c",null,null,"/w=="]
	["d",4,null,null]
	["e",null,null,null]
	END
}

@test "--left-if --table-key: a table in the same stream, in order of arrival" {
	printf '{"s":"%s","k":1,"n":"%s"}\n' l 1 r a l 2 r b r c l 3 >in
	joins -g .k --left-if '.s == "l"' --table-key .k --left in <<<$'1 1 null\n1 2 a\n1 3 c'
	joins -g .k --left-if '.s == "l"' --table-key .k --left -w '.n != "c"' in <<<$'1 1 null\n1 2 a\n1 3 null'
}

# --- Kinds and bounds: left 1 has two partners, left 2 none, right c none ---

two_streams()
{
	printf '{"k":%s,"t":%d,"n":%d}\n' '"x"' 100 1 '"y"' 100 2 null 100 3 >left
	printf '{"k":%s,"t":%d,"n":"%s"}\n' '"x"' 95 a '"x"' 110 b '"x"' 111 c null 100 d >right
}

@test "each kind, for two inputs and for one" {
	two_streams
	pairs=$'x 1 a\nx 1 b'
	lefts=$'null 3 null\ny 2 null'
	rights=$'null null d\nx null c'
	declare -A want=(
		[inner]="$pairs" [left]="$pairs"$'\n'"$lefts" [right]="$pairs"$'\n'"$rights"
		[outer]="$pairs"$'\n'"$lefts"$'\n'"$rights" [semi]='x 1 null' [anti]="$lefts")
	for kind in inner left right outer semi anti; do
		sort <<<"${want[$kind]}" >want
		for files in '--with right left' '--with right -' '--left-if n left right' '--left-if n right left'; do
			files=${files/-if n/-if .n>0 and .n<9}
			IFS=' ' read -r -a words <<<"$files"
			[ "${words[0]}" != --left-if ] || words=(--left-if '.n < 9' "${words[@]:(-2)}")
			kjoin -g .k -T .t --before 5s --after 10s "--$kind" "${words[@]}" <left | rows | sort |
				same_file want - || fail "$kind $files"
		done
	done
}

@test "bounds are inclusive; one of them alone; below 0" {
	printf '{"k":1,"t":100,"n":"L"}\n' >left
	seq 80 120 | sed 's/.*/{"k":1,"t":&,"n":&}/' >right
	in_range() { seq -f '1 L %.0f' "$1" "$2"; }
	in_range 95 105 | joins -g .k -T .t --within 5s --with right left
	in_range 90 100 | joins -g .k -T .t --before 10s --with right left
	in_range 100 103 | joins -g .k -T .t --after 3s --with right left
	in_range 95 101 | joins -g .k -T .t --within 5s --after 1s --with right left
	in_range 105 110 | joins -g .k -T .t --before=-5s --after 10s --with right left
	in_range 90 95 | joins -g .k -T .t --before 10s --after=-5s --with right left
	in_range 100 100 | joins -g .k -T .t --within 0s --with right left
}

@test "--right-time; times in two units" {
	echo '{"k":1,"at":"1970-01-01T00:01:40Z","n":1}' >left
	printf '{"k":1,"ms":%d,"n":%d}\n' 2000000000001 2 2000000000002 3 >right
	joins -g .k -T .at --right-time .ms --time-unit ms --within 1ms --left --with right left <<<'1 1 null'
	printf '{"k":1,"s":%d,"n":%d}\n' 99 2 101 3 102 4 >right
	joins -g .k -T .at --right-time .s --within 1s --with right left <<<$'1 1 2\n1 1 3'
}

@test "without bounds any two of a key; --ttl by event time" {
	printf '{"k":%d,"n":%d}\n' 1 1 2 2 1 3 >left
	printf '{"k":%d,"n":"%s"}\n' 1 a 3 b 1 c >right
	sort >want <<<$'1 1 a\n1 1 c\n1 3 a\n1 3 c\n2 2 null\n3 null b'
	kjoin -g .k --outer --with right left | rows | sort | same_file want -
	kjoin -g .k --outer --left-if '.n < 9' left right | rows | sort | same_file want -
	# The watermark is 200 when the last two come.
	printf '{"k":%d,"n":%s,"t":%d}\n' 1 1 100 2 2 100 1 '"a"' 100 3 '"b"' 100 9 9 200 9 '"z"' 200 \
		1 3 200 1 '"c"' 200 >in
	sort >want <<<$'1 1 a\n1 3 c\n2 2 null\n3 null b\n9 9 z'
	kjoin -g .k --outer --ttl 99s -T .t --left-if '.n < 10' in | rows | sort | same_file want -
	sort >want <<<$'1 1 a\n1 1 c\n1 3 a\n1 3 c\n2 2 null\n3 null b\n9 9 z'
	kjoin -g .k --outer --ttl 100s -T .t --left-if '.n < 10' in | rows | sort | same_file want -
}

@test "--ttl by arrival" {
	{ echo '{"k":1,"n":1}'; sleep 0.7; echo '{"k":1,"n":"a"}'; } |
		kjoin -g .k --outer --ttl 300ms --left-if '.n < 9' | rows | same_file <(printf '1 1 null\n1 null a\n') -
	{ echo '{"k":1,"n":1}'; sleep 0.3; echo '{"k":1,"n":"a"}'; } |
		kjoin -g .k --outer --ttl 10s --left-if '.n < 9' | rows | same_file <(echo '1 1 a') -
	# The row comes when it is due, though nothing else does.
	mkfifo in
	kjoin -g .k --left --ttl 300ms --left-if true <in >out 3>&- &
	exec 7>in
	echo '{"k":1,"n":1}' >&7
	eventually 5 test -s out
	kill -0 $!
	exec 7>&-
	wait
}

# --- Windows ---

@test "--tumble and --hop: two of the same window" {
	printf '{"k":1,"t":%d,"n":%d}\n' 0 1 9 2 10 3 35 4 >left
	printf '{"k":1,"t":%d,"n":"%s"}\n' 5 a 19 b 20 c >right
	kjoin -g .k -T .t --time-unit s --tumble 10s --outer --with right left >out
	kmap -r '"\(.window_start[14:19]) \(.window_end[14:19]) \(.left.n) \(.right.n)"' out | sort |
		same_file <(sort <<<$'00:00 00:10 1 a\n00:00 00:10 2 a\n00:10 00:20 3 b\n00:20 00:30 null c\n00:30 00:40 4 null') -
	kjoin -g .k -T .t --time-unit s --hop 10s/5s --with right left |
		kmap -r '"\(.window_start[14:19]) \(.left.n) \(.right.n)"' | sort |
		same_file <(sort <<<$'00:00 1 a\n00:00 2 a\n00:05 2 a\n00:05 3 a\n00:10 3 b') -
}

# --- As of ---

@test "--as-of: the last version up to the time, a deletion among them" {
	printf '{"k":1,"t":%d,"n":"%s"}\n' 10 a 20 b 40 c 35 d >right
	echo '{"k":1,"t":30,"$delete":true}' >>right
	printf '{"k":1,"t":%d,"n":%d}\n' 20 20 9 9 10 10 19 19 30 30 34 34 35 35 39 39 40 40 99 99 >left
	sort >want <<-'END'
	1 9 null
	1 10 a
	1 19 a
	1 20 b
	1 30 null
	1 34 null
	1 35 d
	1 39 d
	1 40 c
	1 99 c
	END
	args=(-g .k -T .t --time-unit s --delay 100s --as-of)
	kjoin "${args[@]}" --left --with right left | rows | sort | same_file want -
	kjoin "${args[@]}" --left --table right left | rows | sort | same_file want -
	kjoin "${args[@]}" --left --left-if '.n | type == "number"' left right | rows | sort | same_file want -
	kjoin "${args[@]}" --with right left | rows | sort | same_file <(grep -v null want) -
	# In order of time.
	kjoin "${args[@]}" --left --with right left | rows | same_file <(sort -n -k 2 want) -
}

@test "--as-of: a row comes when both watermarks are past its time" {
	mkfifo l r
	kjoin -g .k -T .t --time-unit s --as-of --with r l >out 3>&- &
	exec 7>l 8>r
	echo '{"k":1,"t":10,"n":"a"}' >&8
	echo '{"k":1,"t":10,"n":1}' >&7
	echo '{"k":1,"t":12,"n":2}' >&7
	sleep 0.3
	[ ! -s out ]
	echo '{"k":1,"t":11,"n":"b"}' >&8
	eventually 5 test -s out
	exec 7>&- 8>&-
	wait
	rows out | same_file <(printf '1 1 a\n1 2 b\n') -
}

# --- Lateness, and rows of one side alone ---

@test "a row of one side alone comes when the watermark is past the bound, not before" {
	mkfifo l r
	kjoin -g .k -T .t --time-unit s --after 5s --left --with r l >out 3>&- &
	exec 7>l 8>r
	echo '{"k":1,"t":10,"n":1}' >&7
	echo '{"k":2,"t":20,"n":2}' >&7
	echo '{"k":9,"t":15,"n":"a"}' >&8
	sleep 0.3
	[ ! -s out ]
	echo '{"k":9,"t":16,"n":"b"}' >&8
	eventually 5 test -s out
	rows out | same_file <(echo '1 1 null') -
	exec 7>&- 8>&-
	wait
	rows out | same_file <(printf '1 1 null\n2 2 null\n') -
}

@test "a side that has ended holds nothing back; nor does one that is silent for --idle" {
	mkfifo l r
	kjoin -g .k -T .t --time-unit s --within 5s --left --with r l >out 3>&- &
	exec 7>l 8>r
	echo '{"k":1,"t":10,"n":1}' >&7
	sleep 0.2
	[ ! -s out ]
	exec 8>&-
	eventually 5 test -s out
	exec 7>&-
	wait
	kjoin -g .k -T .t --time-unit s --within 5s --left --idle 500ms --with r l >out 3>&- &
	exec 7>l 8>r
	printf '{"k":1,"t":%d,"n":1}\n' 10 16 >&7
	eventually 5 test -s out
	exec 7>&- 8>&-
	wait
	same_text 2 "$(wc -l <out)"
}

@test "late: past all that it could match and all that was held; counted, kept by --late" {
	{
		printf '{"s":"l","k":1,"t":%d,"n":%d}\n' 100 1 110 2
		printf '{"s":"r","k":1,"t":%d,"n":"%s"}\n' 110 a 120 b
		# The watermark is 110: 100 + 5 + 4 is behind it, 101 + 5 + 4 is not.
		printf '{"s":"l","k":1,"t":%d,"n":%d}\n' 100 3 101 4
	} >in
	run --separate-stderr kjoin -g .k -T .t --before 5s --after 4s --outer --left-if '.s == "l"' --late late in
	assert_status 0
	assert_stderr 'kjoin: 6 in, 5 used, 0 bad, 1 late'
	sed -n 5p in | same_file - late
	rows <<<"$output" | same_file <(printf '1 1 null\n1 2 a\n1 4 null\n1 null b\n') <(rows <<<"$output" | sort)
}

@test "-w: a record that does not count moves the watermark" {
	printf '{"s":"%s","k":1,"t":%d,"n":%d}\n' l 10 1 r 30 2 l 30 3 l 31 4 >in
	kjoin -g .k -T .t --within 1s --anti --left-if '.s == "l"' -w '.n == 1' in --stats >out 2>err
	rows out | same_file <(echo '1 1 null') -
	same_text '[0,0,1]' "$(kmap '[.held_left,.held_right,.most_held]' err)"
}

@test "-J: watermarks per topic and partition" {
	e() { printf '{"topic":"%s","partition":%d,"timestamp":%d,"key":"%s","value":{}}\n' "$@"; }
	# Partition 1 of the right topic is behind: 100000 may come there.
	{ e l 0 100000 a; e r 1 90000 c r 0 200000 b; e l 0 200000 d; e r 1 100000 a; } >in
	gives kmap -r .key <(kjoin -J -g .key --left-if '.topic == "l"' --within 1s in) <<<a
	gives kmap -r .key <(kjoin -J -g .key --left-if '.topic == "l"' --within 1s --left in) <<<$'a\nd'
}

# --- Inputs ---

@test "--tick: where no record comes, the clock moves a side's watermark on; --tz: the zone of times in text" {
	mkfifo in out
	kjoin -g .k -T .t --tz Europe/Berlin --within 500ms --left --tick 100ms --left-if .l <in >out 3>&- &
	exec 5>in 6<out
	# The same time, one of them told in UTC; then one that nothing matches.
	echo '{"l":true,"k":1,"t":"2024-01-01 01:00:00","n":"a"}' >&5
	echo '{"l":false,"k":1,"t":"2024-01-01T00:00:00.5Z","n":"b"}' >&5
	echo '{"l":true,"k":2,"t":"2024-01-01 01:00:00","n":"c"}' >&5
	read -r -t 10 line <&6
	same_text '1 a b' "$(rows <<<"$line")"
	run ! read -r -t 0.2 line <&6
	read -r -t 10 line <&6
	same_text '2 c null' "$(rows <<<"$line")"
	exec 5>&-
	run cat <&6
	assert_output ''
	wait
}

@test "two inputs that are slow in turn, and one that only begins when the other has given much" {
	seq 0 49999 | sed 's/.*/{"k":&,"t":&,"n":&}/' >left
	# A writer that gives both in turn, a part of each: whoever waits for one alone blocks it.
	cat >turns.py <<-'END'
	import random, sys
	left = open("left", "rb").read()
	r = random.Random(int(sys.argv[1]))
	outs = [open("l", "wb", buffering=0), open("r", "wb", buffering=0)]
	at = [0, 0]
	while min(at) < len(left):
	    i = r.randrange(2)
	    n = r.choice([1, 100, 10000, 300000])
	    outs[i].write(left[at[i]:at[i] + n])
	    at[i] += n
	END
	mkfifo l r
	for seed in 1 2 3; do
		python3 turns.py $seed 3>&- &
		timeout 60 kjoin -g .k -T .t --time-unit s --within 0s --with r l >out
		wait
		same_text 50000 "$(wc -l <out)"
		rows out | sort -n | same_file <(seq 0 49999 | sed 's/.*/& & &/') -
	done
}

@test "the same rows, however the inputs come" {
	two_streams
	for i in $(seq 200 10 2000); do
		printf '{"k":"x","t":%d,"n":1}\n' "$i" >>left
		printf '{"k":"x","t":%d,"n":"a"}\n' $((i + 7)) >>right
	done
	args=(-g .k -T .t --before 5s --after 10s --outer)
	kjoin "${args[@]}" --with right left >out
	sort out >want
	# Whose turn it is depends on the blocks and on what has come, and with it the order; the rows do not.
	for size in 1 7 100 1000; do
		KPIPE_BLOCK=$size kjoin "${args[@]}" --with right left | sort | same_file want -
	done
	kjoin "${args[@]}" --with <(while read -r x; do echo "$x"; done <right) <(cat left) | sort | same_file want -
	kjoin "${args[@]}" --with <(sleep 0.3; cat right) - <left | sort | same_file want -
	kjoin "${args[@]}" --with - <(sleep 0.3; cat left) <right | sort | same_file want -
	gzip -k left right
	kjoin "${args[@]}" --with right.gz left.gz | sort | same_file want -
	kjoin "${args[@]}" -u --with right left | sort | same_file want -
	tr '\n' '\0' <left >l0
	tr '\n' '\0' <right >r0
	kjoin "${args[@]}" -0 --with r0 l0 | tr '\0' '\n' | same_file out -
}

@test "--table from a pipe: complete when silent, then followed" {
	mkfifo l r
	exec 7<>l 8<>r
	start kjoin -g .k --table r --table-ready 500ms --left l >out
	echo '{"k":1,"n":"a"}' >&8
	echo '{"k":1,"n":1}' >&7
	sleep 0.2
	[ ! -s out ] # it may not be complete
	eventually 5 test -s out
	echo '{"k":1,"n":"b"}' >&8
	sleep 0.2
	echo '{"k":1,"n":2}' >&7
	eventually 5 eval 'test $(wc -l <out) = 2'
	# The end of the stream ends it, though the table goes on.
	exec 7>&-
	ended 0
	exec 8>&-
	rows out | same_file <(printf '1 1 a\n1 2 b\n') -
}

@test "--table that ends, and one that is slow to" {
	echo '{"k":1,"n":1}' >in
	joins -g .k --table <(sleep 0.5; echo '{"k":1,"n":"a"}'; sleep 0.5; echo '{"k":1,"n":"b"}') in <<<'1 1 b'
}

@test "bad records of either side are named by their file and line" {
	printf '{"k":1,"t":1,"n":1}\n{"k":\n{"k":1,"t":2,"n":2}\n' >left
	printf '{"k":1,"t":1,"n":"a"}\n{"k":1,"t":"x"}\n{"k":1,"t":2,"n":"b"}\n' >right
	run kjoin -g .k -T .t --within 0s --with right left
	assert_status 1
	assert_match 'kjoin: left:2: invalid JSON'
	run kjoin -g .k -T .t --within 0s --with right left --bad skip
	assert_status 0
	assert_output <<-'END'
	{"key":1,"left":{"k":1,"t":1,"n":1},"right":{"k":1,"t":1,"n":"a"}}
	{"key":1,"left":{"k":1,"t":2,"n":2},"right":{"k":1,"t":2,"n":"b"}}
	kjoin: 6 in, 4 used, 2 bad, 0 late
	END
	run kjoin -g .k -T .t --within 0s --with right left --bad bad
	same_text '["left",2]
["right",2]' "$(kmap '[.source,.line]' bad | sort)"
	run kjoin -g .k --table right left
	assert_match 'kjoin: left:2: '
	run kjoin -g .k --table left right
	assert_match 'kjoin: left:2: '
	run kjoin -g .k --table missing left
	assert_status 1
	assert_match 'kjoin: missing: No such file or directory'
}

# --- Signals, and readers that leave ---

@test "Ctrl-C: what is fed goes on to the end of its input; a source of files stops" {
	mkfifo l r
	exec 7<>l 8<>r
	fed() { exec kjoin -g .k -T .t --within 1s --left --with r <l >out; }
	start fed
	echo '{"k":1,"t":1,"n":1}' >&7
	eventually 10 catches_signals
	eventually 10 asleep
	kill -INT -- "-$pid"
	sleep 0.2
	echo '{"k":2,"t":1,"n":2}' >&7
	exec 7>&- 8>&-
	ended 0
	rows out | same_file <(printf '1 1 null\n2 2 null\n') -
	exec 7<>l 8<>r
	start kjoin -g .k -T .t --within 1s --left --with r l >out
	echo '{"k":1,"t":1,"n":1}' >&7
	eventually 10 catches_signals
	kill -INT "$pid"
	ended 130
	[ ! -s out ]
	exec 7>&- 8>&-
}

@test "a reader that leaves ends it, while it reads and while it waits" {
	seq -f '{"k":%.0f}' 100000 >left
	run bash -c 'set -o pipefail; kjoin -g .k --with left left | head -n 1'
	assert_status 141
	mkfifo l r
	exec 7<>l 8<>r
	{ timeout 20 kjoin -g .k --with r l 3>&- 7>&- 8>&- || echo $? >status; } | true &
	eventually 10 test -s status
	exec 7>&- 8>&-
	same_text 141 "$(cat status)"
}

# --- Memory ---

@test "memory: an interval join holds what is in the interval, a hash join its table" {
	[ "${KPIPE_SANITIZED:-}" != 1 ] || skip "a sanitizer needs its memory"
	peak() { "$KPIPE_BUILDDIR/bench/peak" peak "$@" && [ "$(cat peak)" -lt 20000 ] || fail "$(cat peak) KiB: $*"; }
	seq -f '%.0f' 300000 | awk '{ printf "{\"k\":%d,\"t\":%d,\"n\":%d}\n", $1, $1, $1 }' >left
	sed 's/$/ /' left >right
	peak kjoin -g .k -T .t --time-unit s --within 1000s --with right left --outer --stats >out 2>err
	same_text 300000 "$(wc -l <out)"
	[ "$(kmap .most_held err)" -lt 30000 ]
	head -n 100 right >small
	peak kjoin -g .k --with small left --stats >out 2>err
	same_text '[100,[0,100]]' "$(kmap '[.most_held,[.held_left,.held_right]]' err)"
	same_text 100 "$(wc -l <out)"
	peak kjoin -g .k --table small left --left >out
	same_text 300000 "$(wc -l <out)"
	# A key that all have: more rows than anyone holds.
	head -n 2000 left >left2
	peak kjoin -g 1 --with left2 left2 >out
	same_text 4000000 "$(wc -l <out)"
}

@test "-g repeated: all of them together, as an array" {
	printf '{"a":%s,"b":%s,"n":"%s"}\n' 1 1 x 1 2 y null 2 z 114514191981088 1 u >right
	printf '{"a":%s,"b":%s,"n":"%s"}\n' 1 2 p 2 2 q null 2 r 114514191981089 1 s >left
	gives kjoin -g .a -g .b --with right left <<<'{"key":[1,2],"left":{"a":1,"b":2,"n":"p"},"right":{"a":1,"b":2,"n":"y"}}'
	# a null among them matches nothing
	joins -g .a -g .b --table right --left left \
		<<<$'[1,2] p y\n[2,2] q null\n[null,2] r null\n[114514191981089,1] s null'
	joins -g .a -g .b --null-equal --with right --semi left <<<$'[1,2] p null\n[null,2] r null'
	joins -g .n -g .b --right-key .n -g '"c"' --right-key .b --right-key '"c"' --with right right <<<$'["x",1,"c"] x x\n["y",2,"c"] y y\n["z",2,"c"] z z\n["u",1,"c"] u u'
	joins -g .b -g .a --table-key .b --table-key .a --table right left <<<'[2,1] p y'
}

@test "a key that is not a number matches nothing, as null does" {
	echo '{"l":1,"k":NaN}' >in
	echo '{"k":NaN}' >>in
	gives kjoin -g .k --left-if .l in </dev/null
	gives kjoin -g .k --left-if .l --left in <<<'{"key":null,"left":{"l":1,"k":null},"right":null}'
}

@test "a key that is an object keeps all the digits of its numbers" {
	printf '{"k":{"id":%s},"n":"%s"}\n' 1145141919810893931 a 1145141919810893932 b >right
	printf '{"k":{"id":1145141919810893931},"n":"a"}\n' >left
	gives kjoin -g .k --with right --semi left <<<'{"key":{"id":1145141919810893931},"left":{"k":{"id":1145141919810893931},"n":"a"},"right":null}'
	gives kjoin -g .k.id -g .n --with right --semi left <<<'{"key":[1145141919810893931,"a"],"left":{"k":{"id":1145141919810893931},"n":"a"},"right":null}'
}

@test "a bound below 0: what can still match is not late" {
	printf '{"s":"%s","k":%d,"t":%d,"n":"%s"}\n' r 9 1106 a l 9 1106 b l 1 1100 c r 1 1108 d >in
	joins --left-if '.s == "l"' -g .k -T .t --time-unit s --before=-5s --after 10s in <<<'1 c d'
	joins --left-if '.s == "r"' -g .k -T .t --time-unit s --after=-5s --before 10s in <<<'1 d c'
}

@test "a null key does not hide that a record is late" {
	printf '{"s":"%s","k":%s,"t":%d,"n":"%s"}\n' l 1 100 a r 1 100 b l null 1 c l null 100 d >in
	for how in '--within 1s' --as-of '--tumble 1s'; do
		run --separate-stderr kjoin --left-if '.s == "l"' -g .k -T .t --time-unit s $how --anti in
		same_text d "$(kmap -r .left.n <<<"$output")"
		assert_stderr 'kjoin: 4 in, 3 used, 0 bad, 1 late'
	done
}

@test "-w: a row of a table for which it holds no more is gone" {
	printf '{"id":%d,"on":%s,"n":"%s"}\n' 1 true a 2 true b 1 false c >table
	printf '{"id":%d,"on":true,"n":"%s"}\n' 1 x 2 y >in
	joins -g .id --table table -w .on --left in <<<$'1 x null\n2 y b'
	printf '{"key":%d,"value":%s}\n' 1 '{"on":true}' 2 '{"on":true}' 1 null >table
	printf '{"key":%d,"value":{"on":true},"n":"%s"}\n' 1 x 2 y >in
	joins -J -g .key --table table -w .value.on --semi in <<<'2 y null'
}

@test "--table: rows that are no objects" {
	printf '%s\n' '"ann"' '["bob",1]' 7 >table
	gives kjoin -g .user --table table --table-key 'if type == "array" then .[0] else . end' --semi <(
		printf '{"user":%s}\n' '"ann"' '"bob"' '"eve"' 7
	) <<-'END'
	{"key":"ann","left":{"user":"ann"},"right":null}
	{"key":"bob","left":{"user":"bob"},"right":null}
	{"key":7,"left":{"user":7},"right":null}
	END
}

@test "what is not JSON comes out as JSON; what is not UTF-8 is no key" {
	echo '{"k":1}' >right
	printf '{"k":1, "v":[nan,"caf\xe9"]}\n' >left
	gives kjoin -g .k --with right left <<<$'{"key":1,"left":{"k":1,"v":[null,"caf\xef\xbf\xbd"]},"right":{"k":1}}'
	run --separate-stderr kjoin -g .k --with right <(printf '{"k":"caf\xe9"}\n')
	assert_status 1
	assert_match ':1: the key is not UTF-8$' "$stderr"
}

@test "--drain: what was not waited for is not said to be alone" {
	mkfifo l r
	kjoin -g .k --anti --drain 300ms --with r >got <l &
	local pid=$! status=0
	exec 8>l 9>r
	echo '{"k":1}' >&8
	sleep 0.3
	kill -TERM $pid
	wait $pid || status=$?
	exec 8>&- 9>&-
	same_text 143 "$status"
	[ ! -s got ]
}

@test "one key that all have: no pair is looked at twice" {
	# By squares these would be minutes.
	seq 200000 | awk '{ print "{\"k\":1,\"n\":" $1 "}" }' >in
	same_text 200000 "$(kjoin -g .k --with in --semi in | wc -l)"
	same_text 0 "$(kjoin -g .k --with in --anti in | wc -l)"
	seq 400000 -1 1 | awk '{ print "{\"k\":1,\"s\":" $1 % 2 ",\"t\":" $1 "}" }' >in
	same_text 199999 "$(kjoin --left-if '.s == 1' -g .k -T .t --time-unit s --delay 30d --after=-1s --before 1s in | wc -l)"
}

@test "a left side that has ended needs no more of a right one without end" {
	printf '{"k":1,"t":%d}\n' 1 2 >left
	mkfifo r
	exec 9<>r
	printf '{"k":1,"t":%d}\n' 1 2 3 9 >&9
	# without a row of the right alone; else its end is waited for
	same_text 5 "$(timeout 20 kjoin -g .k -T .t --time-unit s --within 1s --with r left 9>&- | wc -l)"
	printf '{"k":1,"t":%d}\n' 1 >&9
	same_text 0 "$(timeout 20 kjoin -g .k -T .t --time-unit s --within 1s --with r /dev/null 9>&- | wc -l)"
	exec 9>&-
}

@test "--table that never falls silent: with -J complete at the first record that is newer than the run" {
	mkfifo t
	start bash -c 'exec >t; for ((i = 0;; i++)); do echo "{\"key\":$((i % 2)),\"timestamp\":$(date +%s%3N),\"value\":$i}"; sleep 0.05; done'
	echo '{"key":0,"value":"l"}' >left
	same_text 1 "$(timeout 20 kjoin -J -g .key --table t left | wc -l)"
}

@test "-J: .timestamp is in ms on both sides, whatever its magnitude" {
	e() { printf '{"topic":"%s","partition":0,"timestamp":%s,"key":"k","n":"%s"}\n' "$@"; }
	e l 1000 1 l 1713712245123 2 >left
	e r 1500 a r 1713712245123 b r 1713712245223 c >right
	gives kjoin -J -g .key --within 500ms --with right left < <(
		paste -d' ' <(sed -n '1p;2p;2p' left) right |
			sed 's/\(.*\) \(.*\)/{"key":"k","left":\1,"right":\2}/'
	)
	# What --right-time tells is no such time.
	echo '{"topic":"r","partition":0,"timestamp":-1,"key":"k","at":1713712245}' >right
	same_text 2 "$(kjoin -J -g .key --within 500ms --right-time .at --with right left | kmap .left.n -r)"
	run --separate-stderr kjoin -J -g .key --within 500ms --with right left
	assert_status 1
	assert_match ':1: no time \(-1\)' "$stderr"
}

@test "mistakes" {
	mistake()
	{
		run --separate-stderr kjoin "${@:2}" </dev/null
		assert_status 2
		assert_match "$1" "$stderr"
	}
	mistake '-g EXPR is missing' --table x
	mistake 'give one of --table FILE, --with FILE, --left-if EXPR' -g .k
	mistake 'give one of --table FILE' -g .k --table x --with y
	mistake 'give one of --within' -g .k --with x -T .t --within 1s --tumble 1s
	mistake 'give one of --within' -g .k --table x -T .t --within 1s
	mistake 'give one of --inner' -g .k --with x --left --right
	mistake 'a table has no rows of its own' -g .k --table x --outer
	mistake '-T EXPR is missing' -g .k --with x --within 1s
	mistake '-T: time matters with' -g .k --with x -T .t
	mistake '--late: time matters with' -g .k --table x --late y
	for option in '--delay 5s' '--idle 5s' '--tick 5s' '--tz UTC' '--time-unit s' '--partitions 2'; do
		# shellcheck disable=SC2086
		mistake "^kjoin: ${option% *} goes with --within, --tumble, --hop, --as-of or --ttl " -g .k --table x -J $option
		# shellcheck disable=SC2086
		mistake "^kjoin: ${option% *} goes with -T or -J " -g .k --with x --ttl 1s $option
	done
	mistake '--time-unit s goes with -T: the .timestamp of -J is in ms' -g .k --with x --within 1s -J --time-unit s
	mistake '--right-key and --table-key are the same' -g .k --table x --right-key .a --table-key .b
	mistake '--table-key goes with' -g .k --with x --table-key .a
	mistake 'both sides are standard input' -g .k --with -
	mistake 'no time is in between' -g .k --with x -T .t --before=-5s --after 4s
	mistake "'x' is not a duration" -g .k --with x -T .t --before x
	mistake "'1s/1s' is not SIZE" -g .k --with x -T .t --tumble 1s/1s
	mistake 'STEP must be more than 0' -g .k --with x -T .t --hop 1s/2s
	mistake '--ttl must be more than 0' -g .k --with x --ttl 0s
	mistake '--delete-if is for a table' -g .k --with x --delete-if .a
	mistake '--table-ready goes with --table' -g .k --with x --table-ready 1s
	mistake '--right-key: as many as there are -g' -g .a -g .b --with x --right-key .c
	mistake '--table-key: as many as there are -g' -g .a --table x --table-key .c --table-key .d
}
