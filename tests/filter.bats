#!/usr/bin/env bats
# What every filter does alike (lib/filter), shown by kmap, kfilter and kcount: bad records, threads,
# flushing, signals, exit status. What all tools promise of their input is in tests/contracts.

load helper
load process

# 200000 records, and the same with one of them broken.
setup_file()
{
	big=$BATS_FILE_TMPDIR/big.ndjson
	awk 'BEGIN {
		for (i = 1; i <= 200000; i++)
			printf "{\"i\":%d,\"k\":\"k%d\",\"v\":%.2f,\"s\":\"\\u00e9 %d\"}\n",
				i, i * 7919 % 101, i % 1000 / 7, i
	}' >"$big"
	bad_line=123457
	sed "${bad_line}s/.*/{\"i\":/" "$big" >"$BATS_FILE_TMPDIR/broken.ndjson"
	export big bad_line
	export broken=$BATS_FILE_TMPDIR/broken.ndjson
}

# records LINE...: writes in.ndjson.
records()
{
	printf '%s\n' "$@" >in.ndjson
}

# bytes FORMAT: writes in.ndjson, the escapes of printf understood.
bytes()
{
	printf "$1" >in.ndjson
}

# stopped TOOL STATUS MESSAGE ARG...: a run that ends badly, on in.ndjson.
stopped()
{
	local tool=$1 want=$2 message=$3
	shift 3
	run --separate-stderr "$tool" "$@" in.ndjson
	assert_status "$want"
	assert_stderr "$tool: $message"
}

# words TEXT: what is said of a text that is not JSON. They are libjq's, and differ from version to
# version.
words()
{
	kmap . <<<"$1" 2>&1 >/dev/null | sed -n 's/^kmap: stdin:1: \(invalid JSON: .\)/\1/p'
}

# --- Inputs ---

@test "a byte order mark goes at the start of each file, nowhere else" {
	bytes '\xef\xbb\xbf{"a":1}\n'
	gives kmap .a in.ndjson in.ndjson <<<$'1\n1'
	gives kfilter . in.ndjson <<<'{"a":1}'
	bytes '{"a":"\xef\xbb\xbf"}\n'
	gives kfilter . in.ndjson <in.ndjson
}

@test "bytes that are not UTF-8 are replaced where they are printed, as jq does" {
	bytes '{"a":"x\xff\xc3y"}\n'
	gives kmap -r .a in.ndjson <<<$'x\xef\xbf\xbd\xef\xbf\xbdy'
	gives kfilter .a in.ndjson <in.ndjson
	need jq
	jq -c . in.ndjson >want
	gives kmap . in.ndjson <want
}

@test "a line of 10 MB" {
	awk 'BEGIN { printf "{\"a\":\""; for (i = 0; i < 100000; i++)
		printf "%0100d", i; print "\",\"b\":1}" }' >in.ndjson
	gives kmap '.a | length' in.ndjson <<<10000000
	gives kfilter .b in.ndjson <in.ndjson
	same_text 10000000 "$(kmap '.a | length' <in.ndjson)"
	gives kcount -j 2 -g 'n=.a | length' in.ndjson in.ndjson <<<'{"n":10000000,"count":2}'
}

@test "what was bad is named by its line, and what came before it is out" {
	records 1 '{"a":2}' '{"a":' 4
	stopped kmap 1 'in.ndjson:3: '"$(words '{"a":')" .
	assert_output $'1\n{"a":2}'
	stopped kfilter 1 'in.ndjson:3: '"$(words '{"a":')" .
	assert_output $'1\n{"a":2}'
	stopped kcount 1 'in.ndjson:3: '"$(words '{"a":')"
	assert_output ''
	run --separate-stderr kmap . <in.ndjson
	assert_stderr 'kmap: stdin:3: '"$(words '{"a":')"
}

@test "what follows a JSON text is bad" {
	records '{"a":1}x'
	stopped kfilter 1 "in.ndjson:1: $(words '{"a":1}x')" .
}

# --- --max-line ---

@test "--max-line: the same for a line of many blocks, from a file or a pipe" {
	{
		echo '"before"'
		awk 'BEGIN { for (i = 0; i < 30000; i++) printf "%0100d", i; print "" }'
		echo '"behind"'
	} >in.ndjson
	for threads in 1 3; do
		stopped kmap 1 'in.ndjson:2: a line of more than 1024 bytes (--max-line)' \
			-j $threads --max-line 1k .
		assert_output '"before"'
		run --separate-stderr kmap -j $threads --max-line 1k --bad skip . in.ndjson
		assert_output $'"before"\n"behind"'
		assert_stderr 'kmap: 3 in, 2 used, 1 bad, 0 late'
		run --separate-stderr kmap -j $threads --max-line 1k --bad skip . < <(cat in.ndjson)
		assert_output $'"before"\n"behind"'
		assert_stderr 'kmap: 3 in, 2 used, 1 bad, 0 late'
	done
	run --separate-stderr kcount --max-line 1k --bad bad.ndjson in.ndjson
	assert_output '{"count":2}'
	gives kmap '[.error, .line, (.input | length)]' bad.ndjson <<-'END'
	["a line of more than 1024 bytes (--max-line)",2,1024]
	END
}

@test "--max-line: the line is counted in the file that it is in" {
	seq 5 >a
	awk 'BEGIN { for (i = 0; i < 10000; i++) printf "%0100d", i; print "" }' >b
	run --separate-stderr kmap --max-line 1k . a b
	assert_status 1
	assert_stderr 'kmap: b:1: a line of more than 1024 bytes (--max-line)'
}

@test "--max-line: a line that never ends is found out" {
	[ -e /dev/zero ] || skip "no /dev/zero"
	run --separate-stderr kmap --max-line 1M . /dev/zero
	assert_status 1
	assert_stderr 'kmap: /dev/zero:1: a line of more than 1048576 bytes (--max-line)'
	run --separate-stderr kmap -j 2 --max-line 1M . </dev/zero
	assert_status 1
	assert_stderr 'kmap: stdin:1: a line of more than 1048576 bytes (--max-line)'
}

# --- --bad ---

@test "--stats: one line of JSON, in which in is used and bad and late" {
	records 1 x '' 2 '[NaN]' 3
	run --separate-stderr kfilter --bad skip --stats . in.ndjson
	assert_status 0
	assert_match '^\{"tool":"kfilter",' "${stderr_lines[0]}"
	same_text '["kfilter",5,4,1,0,3,15]' \
		"$(kmap '[.tool, .in, .used, .bad, .late, .native, .bytes]' <<<"${stderr_lines[0]}")"
	same_text true "$(kmap '.in == .used + .bad + .late and .seconds >= 0' <<<"${stderr_lines[0]}")"
	same_text 'kfilter: 5 in, 4 used, 1 bad, 0 late' "${stderr_lines[1]}"
	run --separate-stderr kcount --stats -g . in.ndjson
	assert_status 1
	same_text '[2,1,1]' "$(kmap '[.in, .used, .bad]' <<<"${stderr_lines[1]}")"
}

@test "--bad - and --late - are no files" {
	records x
	for option in --bad --late; do
		run --separate-stderr kwindow -T .t --tumble 1s $option - in.ndjson
		assert_status 2
		assert_output ''
		assert_stderr "kwindow: $option: '-' is not a file name; use ./- or /dev/stderr (try 'kwindow --help')"
		[ ! -e - ]
	done
	kfilter -q --bad ./- . in.ndjson
	assert_match '"input":"x"' "$(cat ./-)"
	run --separate-stderr kfilter -q --bad /dev/stderr . in.ndjson
	assert_match '"input":"x"' "$stderr"
}

# --- Threads ---

# alike STATUS TOOL ARG...: any number of threads gives this status, and the same output and messages.
alike()
{
	local want=$1 tool=$2 j s
	shift 2
	for j in 1 2 3; do
		s=0
		"$tool" -j $j "$@" >out$j 2>err$j || s=$?
		same_text "$want" "$s" && same_file err1 err$j && same_file out1 out$j || return
	done
}

@test "-j: kmap prints the same with any number of threads" {
	head -n 60000 "$big" >part
	alike 0 kmap '{i, w: (.v * 2), s}' part
	[ "$(wc -l <out1)" = 60000 ]
	same_text '{"i":1,"w":0.28,"s":"é 1"}' "$(head -n 1 out1)"
	same_text '{"i":60000,"w":0,"s":"é 60000"}' "$(tail -n 1 out1)"
}

@test "-j: kfilter and kcount too" {
	alike 0 kfilter '.i % 3 == 0 and .v > 100' "$big"
	awk -F'[:,]' '$2 % 3 == 0 && $6 > 100' "$big" >want
	same_file want out1
	alike 0 kcount -g .k -a 'count, sum(.v), avg(.v), first(.i), last(.i), stddev(.v)' "$big"
	[ "$(wc -l <out1)" = 101 ]
	kcount -g .k -a 'count, sum(.v), avg(.v), first(.i), last(.i), stddev(.v)' < <(cat "$big") >out
	same_file out1 out
}

@test "-j: a bad record in the middle ends all at the same place" {
	message="$broken:$bad_line: $(words '{"i":')"
	alike 1 kfilter . "$broken"
	head -n $((bad_line - 1)) "$broken" >want
	same_file want out1
	same_text "kfilter: $message" "$(cat err1)"
	# Blank lines, blocks before it, count.
	{ yes '' | head -n 1000; cat "$broken"; } >more
	alike 1 kfilter -v . more
	same_text "kfilter: more:$((bad_line + 1000)): ${message#*: }" "$(cat err1)"
	sed -n '100000,$p' "$broken" >part
	alike 1 kmap .i part
	seq 100000 $((bad_line - 1)) >want
	same_file want out1
	same_text "kmap: part:$((bad_line - 99999)): ${message#*: }" "$(cat err1)"
	alike 1 kcount -g .k "$broken"
	[ ! -s out1 ]
	same_text "kcount: $message" "$(cat err1)"
}

@test "-j: --bad skip and --bad FILE" {
	alike 0 kfilter --bad skip . "$broken"
	same_text 'kfilter: 200000 in, 199999 used, 1 bad, 0 late' "$(cat err1)"
	sed "${bad_line}d" "$broken" >want
	same_file want out1
	alike 0 kfilter --bad bad.ndjson . "$broken"
	same_file want out1
	# Three runs.
	gives kmap '[.line, .input]' bad.ndjson <<-END
	[$bad_line,"{\"i\":"]
	[$bad_line,"{\"i\":"]
	[$bad_line,"{\"i\":"]
	END
	alike 0 kcount --bad skip -a 'count, sum(.i)' "$broken"
	same_text "{\"count\":199999,\"sum(.i)\":$((20000100000 - bad_line))}" "$(cat out1)"
	# A bad one in every hundred, by libjq.
	sed -n '1,20000p' "$big" >part
	alike 0 kmap --bad skip 'if .i % 100 == 7 then error("no") else .i, "\(.k)!" end' part
	same_text 'kmap: 20000 in, 19800 used, 200 bad, 0 late' "$(cat err1)"
	[ "$(wc -l <out1)" = 39600 ]
}

@test "-j: many small inputs, more threads than blocks" {
	for i in 1 2 3 4 5 6 7 8 9; do seq $i >"f$i"; done
	: >f0
	alike 0 kmap . f1 f0 f2 f3 f4 f5 f6 f7 f8 f9
	for i in 1 2 3 4 5 6 7 8 9; do seq $i; done >want
	same_file want out1
	kmap -j 50 . f9 >out
	same_file f9 out
}

# --- Output ---

@test "a full disk is one message and status 1" {
	[ -e /dev/full ] || skip "no /dev/full"
	records 1
	for tool in 'kmap .' 'kfilter .' kcount 'kmap -u .' 'kmap -j 2 .'; do
		run --separate-stderr bash -c "$tool in.ndjson >/dev/full"
		assert_status 1
		assert_stderr "${tool%% *}: stdout: write error: No space left on device"
	done
}

@test "closed standard descriptors" {
	records 1
	run --separate-stderr bash -c 'kmap . <&-'
	assert_status 1
	assert_stderr 'kmap: stdin: Bad file descriptor'
	run --separate-stderr bash -c 'kmap . in.ndjson <&-'
	assert_status 0
	assert_output 1
	run --separate-stderr bash -c 'kmap . in.ndjson >&-'
	assert_status 1
	assert_stderr 'kmap: stdout: write error: Bad file descriptor'
	run bash -c 'kmap --bad bad.ndjson . in.ndjson 2>&-'
	assert_output 1
	run bash -c 'kfilter "nope(" 2>&-'
	assert_status 2
}

@test "a reader that leaves ends a tool quietly" {
	for tool in 'kmap .' 'kfilter .' 'kmap -j 2 .' 'kcount --every 0s'; do
		run bash -c "yes 1 | { $tool; echo status \$? >&3; } 3>status 2>err | head -n 1"
		assert_match '^(1|\{"count":1\})$'
		# 128 + SIGPIPE
		same_text 'status 141' "$(cat status)"
		same_text '' "$(cat err)"
	done
}

@test "where SIGPIPE is ignored, with a message" {
	run bash -c "trap '' PIPE; yes 1 2>/dev/null | { kmap .; echo status \$? >&3; } 3>status 2>err |
		head -n 1"
	same_text 'status 1' "$(cat status)"
	assert_match 'kmap: .*Broken pipe' "$(cat err)"
}

# --- Promptness and signals ---

@test "output is flushed before the tool waits: a record goes through a pipe at once" {
	mkfifo in out
	exec 7<>in 8<>out
	set -m
	{ kmap . | kfilter . | kcount --every 0s; } <in >out 3>&- 7>&- 8>&- &
	pid=$!
	set +m
	for i in $(seq 20); do
		start_us=${EPOCHREALTIME/[^0-9]/}
		echo "$i" >&7
		read -r -t 20 -u 8 row
		echo $((${EPOCHREALTIME/[^0-9]/} - start_us)) >>times
		same_text "{\"count\":$i}" "$row"
	done
	exec 7>&-
	ended 0
	# The median of 20, us.
	median=$(sort -n times | sed -n 10p)
	echo "median: $median us"
	[ "$median" -lt 500000 ]
}

@test "the first bytes of an input are no reason to wait for more" {
	open_in
	start kmap . <in >out
	printf '1\n' >&7
	eventually 20 holds 1 out
	printf '2' >&7
	printf '\n3' >&7
	eventually 20 holds $'1\n2' out
	exec 7>&-
	ended 0
	same_text $'1\n2\n3' "$(cat out)"
}

@test "a reader that leaves is noticed while idle" {
	open_in
	mkfifo out
	head -n 1 out >got 3>&- 7>&- &
	start kmap . <in >out
	echo 1 >&7
	eventually 20 holds 1 got
	ended 141
	exec 7>&-
}

@test "a signal to a filter that is fed: it goes on to the end of its input" {
	for signal in INT TERM HUP; do
		rm -f in out
		open_in
		start kmap . <in >out
		echo 1 >&7
		eventually 20 holds 1 out
		kill -$signal "$pid"
		echo 2 >&7
		eventually 20 holds $'1\n2' out
		exec 7>&-
		ended 0
	done
}

@test "a signal to a filter that is fed: its finals are printed" {
	open_in
	start kcount -j 2 <in >out
	printf '1\n2\n' >&7
	eventually 20 catches_signals
	kill -INT "$pid"
	echo 3 >&7
	exec 7>&-
	ended 0
	same_text '{"count":3}' "$(cat out)"
}

@test "a second signal ends it at once" {
	open_in
	start kmap . <in >out
	echo 1 >&7
	eventually 20 holds 1 out
	kill -INT "$pid"
	echo 2 >&7
	eventually 20 holds $'1\n2' out
	kill -TERM "$pid"
	ended 143
	exec 7>&-
}

@test "--drain: the time to go on after a signal is limited" {
	open_in
	start kcount --drain 100ms <in >out
	echo 1 >&7
	eventually 20 catches_signals
	kill -INT "$pid"
	ended 130
	exec 7>&-
	same_text '{"count":1}' "$(cat out)"
}

@test "a signal to a filter that reads named files: it stops" {
	for signal in INT:130 TERM:143 HUP:129; do
		rm -f in out
		open_in
		start kmap . in >out
		echo 1 >&7
		eventually 20 holds 1 out
		kill -${signal%:*} "$pid"
		ended ${signal#*:}
		exec 7>&-
	done
	# A batch prints no finals then.
	rm -f in
	open_in
	start kcount in >out
	echo 1 >&7
	eventually 20 catches_signals
	kill -INT "$pid"
	ended 130
	exec 7>&-
	same_text '' "$(cat out)"
}

@test "a signal stops a filter that never waits" {
	[ -e /dev/zero ] || skip "no /dev/zero"
	for j in 1 2; do
		start kfilter -j $j -0 -R '. != ""' /dev/zero
		eventually 20 catches_signals
		kill -INT "$pid"
		ended 130
	done
}

@test "a signal while a named pipe has no other end" {
	mkfifo lonely
	start kmap . lonely
	eventually 20 catches_signals
	kill -INT "$pid"
	ended 130
}

@test "a signal that was ignored at the start stays ignored" {
	open_in
	set -m
	(
		trap '' INT HUP
		exec kmap . 3>&- 7>&-
	) <in >out 3>&- &
	pid=$!
	set +m
	echo 1 >&7
	eventually 20 holds 1 out
	kill -INT "$pid"
	kill -HUP "$pid"
	kill -INT "$pid"
	echo 2 >&7
	eventually 20 holds $'1\n2' out
	exec 7>&-
	ended 0
}

@test "-u: each record is written by itself" {
	records 1 2 3
	gives kmap -u . in.ndjson <in.ndjson
	gives kfilter -u . in.ndjson <in.ndjson
	gives kcount -u in.ndjson <<<'{"count":3}'
	need strace
	# A sanitizer cannot look for leaks in a traced process.
	ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 strace -f -e trace=write -o trace kmap -u . in.ndjson >out
	same_text 3 "$(grep -c 'write(1, ' trace)"
}

@test "-u: the cost of a record does not grow with the input" {
	# Quadratic, this would take minutes.
	run timeout 60 kcount -u "$big"
	assert_output '{"count":200000}'
}
