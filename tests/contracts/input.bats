#!/usr/bin/env bats
# What every filter makes of its input, whatever it looks like and however it comes.

load tools
load runs

# skips ARG...: records 1 to 5, of which the third is bad, with --bad skip.
skips()
{
	case $KIND in
	total) want 5 | sed -E 's/\b15\b/12/; s/\b5\b/4/' >want ;;
	*) want 5 | grep -v '"id":3,\|^3,' >want ;;
	esac
	run_to got --bad skip "$@"
	same_file want got
	same_text "$TOOL: 5 in, 4 used, 1 bad, 0 late" "$(cat err)"
	[ "$status" = 0 ] || fail "status $status"
}

# lengthen I BYTES: record I of standard input gets a member or cell of so many.
lengthen()
{
	awk -v at="$(line "$1")" -v n="$2" 'NR == at {
		for (f = "0123456789"; length(f) < n; f = f f)
			;
		sub(/é/, substr(f, 1, n))
	} 1'
}

# --- Bytes ---

@test "records from standard input" {
	filters
	feed 3 >in
	takes 3 <in
	takes 3 - <in
}

@test "a last line without its newline is a line" {
	filters
	feed 3 | head -c -1 >in
	takes 3 <in
	takes 3 in
}

@test "an empty input" {
	filters
	: >in
	if [ "$TOOL" = csvagg ]; then
		# Columns that nothing names cannot be summed.
		stops 0 'no header.*' </dev/null
		stops 0 'no header.*' in in
	else
		takes 0 </dev/null
		takes 0 in in
		takes 0 < <(:)
	fi
}

@test "a header and no rows" {
	csv_only
	filters
	header >in
	takes 0 in
	header | head -c -1 >in
	takes 0 in
	feed 2 >more
	takes 2 in more
}

@test "nothing but newlines" {
	filters
	yes '' | head -n 1000 >in
	if [ "$TOOL" = csvagg ]; then
		stops 0 'no header.*' in
	else
		takes 0 in
		takes 0 <in
	fi
}

@test "blank lines are no records, but count as lines" {
	filters
	{ header; record 1; printf '\n\n'; record 2; echo; record 3; } >in
	takes 3 in
	bad_record >>in
	stops 3 "in:$(line 7): .*" in
}

@test "a record of 10 MB" {
	filters
	local bytes=10000000
	# Brokers take 1 MB.
	[ "$KIND" != sink ] || bytes=900000
	feed 3 | lengthen 2 $bytes >in
	run_to got in
	same_file /dev/null err
	[ "$status" = 0 ] || fail "status $status"
	want 3 >want
	if [ "$KIND" = total ]; then
		same_file want got
	else
		same_text "$(($(wc -c <want) + bytes - 2))" "$(wc -c <got)"
		grep -v 0123456789 got >short
		grep -v '"id":2,\|^2,' want >rest
		same_file rest short
	fi
	mv got before
	run_to got < <(cat in)
	same_file before got
}

@test "a record over --max-line, in one read and in many" {
	filters
	for bytes in 2000 3000000; do
		feed 5 | lengthen 3 $bytes >in
		message="$(line 3): a line of more than 1024 bytes \(--max-line\)"
		stops 2 "in:$message" --max-line 1k in
		stops 2 "stdin:$message" --max-line 1k <in
		stops 2 "stdin:$message" --max-line 1k < <(cat in)
		skips --max-line 1k in
		skips --max-line 1k < <(cat in)
	done
}

@test "lines behind a record over --max-line keep their numbers" {
	filters
	{ feed 5 | lengthen 3 1000000; bad_record; record 6; } >in
	for i in 1 2; do
		rm -f bad.ndjson
		[ $i = 1 ] || exec <in
		run_to got --max-line 1k --bad bad.ndjson $([ $i = 2 ] || echo in)
		same_text "$(line 3) $(line 6)" \
			"$(sed -E 's/.*,"line":([0-9]+),.*/\1/' bad.ndjson | xargs)"
	done
}

@test "a record over --max-line with newlines in quotes" {
	csv_only
	filters
	{
		header
		records 2
		printf '3,"'
		yes 'abcdefg,""' | head -n 100000
		printf '",x\n'
		records 2 4
	} >in
	message="$(line 3): a line of more than 1024 bytes \(--max-line\)"
	stops 2 "in:$message" --max-line 1k in
	skips --max-line 1k in
	skips --max-line 1k < <(cat in)
	bad_record >>in
	run_to got --max-line 1k --bad bad.ndjson in
	same_text "$(line 3) $(line 100006)" \
		"$(sed -E 's/.*,"line":([0-9]+),.*/\1/' bad.ndjson | xargs)"
	same_text "$TOOL: 6 in, 4 used, 2 bad, 0 late" "$(cat err)"
}

@test "a quote that nothing closes, over --max-line: what is behind it is not lost in silence" {
	csv_only
	filters
	{ feed 2; echo '3,"x'; records 100000 4; } >in
	message="$(line 3): a line of more than 1024 bytes \(--max-line\)"
	# A block of csvagg's usual size holds all of it, and then no line but the one is lost.
	export KPIPE_BLOCK=4096
	stops 2 "stdin:$message" --max-line 1k < <(cat in)
	for how in skip bad.ndjson; do
		run_to got --max-line 1k --bad $how in
		[ "$status" = 1 ] || fail "status $status"
		: >want
		[ "$KIND" = total ] || want 2 >want
		same_file want got
		printf '%s\n' "$TOOL: in: unterminated quote, in a line of more than 1024 bytes (--max-line): the rest was not read" \
			"$TOOL: 3 in, 2 used, 1 bad, 0 late" >want
		same_file want err
	done
	same_text "$(line 3)" "$(sed -E 's/.*,"line":([0-9]+),.*/\1/' bad.ndjson)"
}

@test "a header over --max-line, in one read and in many" {
	csv_only
	filters
	feed 2 >in
	for block in 1 1000; do
		export KPIPE_BLOCK=$block
		takes 2 --max-line 25 in
		message='in:1: header: a line of more than 5 bytes \(--max-line\)'
		stops 0 "$message" --max-line 5 in
		stops 0 "$message" --max-line 5 --bad skip in
	done
}

@test "a line that never ends" {
	filters
	[ -e /dev/zero ] || skip "no /dev/zero"
	local what=
	[ "$READS" = json ] || what='header: '
	stops 0 "/dev/zero:1: ${what}a line of more than 1048576 bytes \(--max-line\)" \
		--max-line 1M /dev/zero
}

@test "a NUL byte is no JSON" {
	json_only
	filters
	{ record 1; printf '{"id":2,\0"t":"2024-05-01T12:00:00Z","s":"x"}\n'; record 3; } >in
	stops 1 'in:2: invalid JSON(: a NUL byte)?' in
	{ record 1; printf '{"id":2,"t":"2024-05-01T12:00:00Z","s":"\0"}\n'; record 3; } >in
	stops 1 'in:2: invalid JSON(: a NUL byte)?' in
	{ record 1; record 2 | tr -d '\n'; printf '\0\n'; } >in
	stops 1 'in:2: invalid JSON(: a NUL byte)?' in
}

@test "a NUL byte is data in CSV" {
	csv_only
	filters
	{ header; printf '1,2024-05-01T12:00:00Z,\0\n'; } >in
	want 1 | sed 's/é/\\u0000/' >want
	gives_file want in
}

@test "bytes that are not UTF-8, in JSON" {
	json_only
	filters
	record 1 | sed 's/é/\xff/' >in
	case $TOOL in
	# A record's own bytes pass.
	kfilter | kuniq | kout) cp in want ;;
	# CSV is UTF-8, or cannot be read back.
	csvout)
		stops 0 'in:1: .*' in
		return
		;;
	*) want 1 | sed 's/é/\xef\xbf\xbd/' >want ;;
	esac
	gives_file want in
}

@test "bytes that are not UTF-8, in CSV" {
	csv_only
	filters
	{ feed 2; record 3 | sed 's/é/\xe9/'; record 4; } >in
	stops 2 'in:4: not UTF-8 \(convert with iconv\)' in
}

@test "lines that end in CR LF" {
	filters
	feed 3 | sed 's/$/\r/' >in
	case $TOOL in
	kfilter | kuniq | kout) cp in want ;;
	*) want 3 >want ;;
	esac
	gives_file want in
	gives_file want < <(cat in)
}

@test "a byte order mark at the start of each file is no part of it" {
	filters
	{ printf '\xef\xbb\xbf'; feed 2; } >a
	{ printf '\xef\xbb\xbf'; feed 1 3; } >b
	takes 3 a b
	takes 3 a - < <(head -c 2 b; sleep 0.05; tail -c +3 b)
}

@test "a byte order mark anywhere else is one too many" {
	filters
	{ feed 2; printf '\xef\xbb\xbf'; record 3; } >in
	# In CSV it is part of a cell.
	[ "$READS" = csv ] || stops 2 'in:3: invalid JSON.*' in
	printf '\xef\xbb\xbf\xef\xbb\xbf' >in
	feed 3 >>in
	[ "$READS" = csv ] || stops 0 'in:1: invalid JSON.*' in
}

# --- Compressed input ---

# with_packers COMMAND ARG...: once for each format. $pack compresses, and is its name; its first $magic bytes tell.
with_packers()
{
	local pack magic
	while read -r pack magic <&4; do
		! command -v "$pack" >/dev/null || "$@"
	done 4<<<'gzip 3
zstd 4
bzip2 4
xz 6'
}

read_packed()
{
	feed 3 | $pack -c >in
	takes 3 in
	takes 3 <in
	takes 3 < <(head -c 1 in; sleep 0.05; tail -c +2 in)
	: | $pack -c >empty
	{ printf '\xef\xbb\xbf'; feed 2; } | $pack -c >in
	record 3 | $pack -c >more
	cat in empty more >all
	takes 3 all
	takes 3 <all
}

@test "what is compressed is read as what it holds, member by member" {
	filters
	with_packers read_packed
}

read_damaged()
{
	feed 2 | $pack -c >whole
	record 3 | $pack -c >more
	head -c 9 more | cat whole - >in
	stops 2 "in: truncated $pack data" in
	{ head -c "$magic" more; printf '\xff\xff'; tail -c +$((magic + 3)) more; } | cat whole - >in
	stops 2 "in: damaged $pack data.*" in
	{ cat whole; echo 'no such data'; } >in
	stops 2 "in: damaged $pack data.*" in
}

@test "what is cut off or damaged is an error behind what came before it" {
	filters
	with_packers read_damaged
}

@test "two compressed files beside a plain one, each with a name that says nothing" {
	filters
	feed 1 | gzip -c >a
	feed 1 2 >b
	feed 1 3 | gzip -c >c
	takes 3 a b c
}

# --- Bad records ---

@test "a bad record is named by its line; what came before it is out, nothing after" {
	filters
	{ feed 2; bad_record; records 2 3; } >in
	stops 2 "in:$(line 3): .*" in
	stops 2 "stdin:$(line 3): .*" <in
	stops 2 "stdin:$(line 3): .*" < <(cat in)
	feed 2 >a
	{ feed 1 3; bad_record; } >b
	stops 3 "b:$(line 2): .*" a b
}

@test "lines in quotes count" {
	csv_only
	filters
	{
		printf '"id",t,"s"\n'
		record 1
		printf '2,2024-05-01T12:00:00Z,"a\nb\r\n\nc"\n'
		bad_record
	} >in
	run_to got in
	assert_match "^$TOOL: in:7: " "$(cat err)"
	same_text 1 "$(wc -l <err)"
}

@test "two JSON texts on a line" {
	json_only
	filters
	{ records 2; record 3 | tr '\n' ' '; record 4; } >in
	stops 2 'in:3: two JSON texts on a line \(one per line: jq -c \.\)' in
}

# --- Files ---

@test "files one after another; the same one twice; - among them" {
	filters
	feed 2 >a
	feed 1 3 >b
	takes 3 a b
	takes 3 a - <b
	takes 3 - b <a
	takes 3 a /dev/stdin <b
	[ "$KIND" = total ] || want 2 >twice
	case $TOOL in
	csvout) { cat twice; sed 1d twice; } >want ;;
	kcount | csvagg) want 2 | sed 's/\b3\b/6/; s/\b2\b/4/' >want ;;
	kuniq) cp twice want ;; # they were there before
	kwindow) want 2 | sed 's/"n":2/"n":4/; s/:3}/:6}/' >want ;;
	*) cat twice twice >want ;;
	esac
	gives_file want a a
}

@test "a directory" {
	filters
	mkdir dir
	feed 2 >in
	stops 0 'dir: Is a directory' dir
	stops 0 'stdin: Is a directory' <dir
	stops 2 'dir: Is a directory' in dir in
}

@test "a file that is missing among several" {
	filters
	feed 2 >in
	stops 0 'missing: No such file or directory' missing in
	stops 2 'missing: No such file or directory' in missing in
}

@test "a file that may not be read" {
	filters
	feed 1 >secret
	chmod 0 secret
	local as=()
	if [ "$(id -u)" = 0 ]; then
		need setpriv "to be somebody else"
		chmod 755 .
		as=(env -u KPIPE_CONFIG setpriv --reuid=65534 --clear-groups)
		"${as[@]}" "$(command -v "$TOOL")" --help >/dev/null 2>&1 ||
			skip "nobody else may run $TOOL"
		"${as[@]}" test -e secret || skip "nobody else may come here"
	fi
	through "${as[@]}"
	stops 0 'secret: Permission denied' secret
}

@test "the names of files in messages are one line" {
	filters
	local name=$'a\nb\e[1mé'
	stops 0 'a\\nb\\x1b\[1mé: No such file or directory' "$name"
	feed 3 >"$name"
	takes 3 "$name"
	mv "$name" -- -x
	takes 3 ./-x
	takes 3 -- -x
}

@test "/dev/null, and files of size 0 that hold something" {
	filters
	feed 3 >in
	takes 3 /dev/null in /dev/null
	[ -r /proc/self/status ] || skip "no /proc"
	# No record, but read.
	run_to got /proc/self/status
	[ "$status" != 0 ]
	assert_match "^$TOOL: /proc/self/status:?" "$(cat err)"
}

@test "a thousand files and few descriptors" {
	filters
	[ "$KIND" != sink ] || skip "a producer needs more"
	records 1000 | awk -v header="$(header)" '{
		file = "f" NR
		print (header ? header "\n" : "") $0 >file
		close(file)
	}'
	want 1000 >want
	few_descriptors
	gives_file want $(seq -f f%.0f 1000)
}

@test "the input is the output" {
	only map
	feed 3 >in
	cp in before
	status=0
	t in >>in 2>err || status=$?
	same_text "$TOOL: in: input file is output file" "$(cat err)"
	same_text 1 "$status"
	same_file before in
	status=0
	t <in >>in 2>err || status=$?
	same_text "$TOOL: stdin: input file is output file" "$(cat err)"
	same_text 1 "$status"
	same_file before in
	# Nothing to read in it: as cat.
	: >empty
	t empty >>empty
	same_file /dev/null empty
	t in empty >>empty 2>err || true
	[ "$(wc -l <empty)" -le 4 ]
}

@test "totals may be added to their own input" {
	only total
	[ "$TOOL" != kwindow ] || skip "$TOOL writes while it reads"
	feed 3 >in
	cp in before
	t in >>in
	{ cat before; want 3; } >want
	same_file want in
}

@test "an input that is also where bad records go" {
	filters
	{ feed 2; bad_record; } >in
	cp in before
	stops 0 'in: input file is output file' --bad in in
	same_file before in
}

@test "a file is opened when its turn comes; one that is cut while it is read has an end" {
	filters
	feed 3 >in
	mkfifo gate
	exec 7<>gate
	[ "$KIND" != sink ] || TOPIC=$(topic contracts)
	t $(strict) in - b <gate >out 2>err 3>&- 7>&- &
	{ header; record 4; } >&7
	feed 1 5 >b
	exec 7>&-
	wait $!
	want 5 >want
	got out >got
	same_file want got
	feed 20000 >big
	t $(strict) big >out 2>err 3>&- &
	: >big
	# A line may be cut, too.
	wait $! || same_text 1 "$(wc -l <err)"
}

# --- Ways in ---

@test "closed standard input" {
	filters
	stops 0 'stdin: Bad file descriptor' <&-
	feed 3 >in
	takes 3 in <&-
}

@test "standard input that can only be written" {
	filters
	stops 0 'stdin: Bad file descriptor' 0>in
}

@test "a socket as standard input" {
	filters
	need python3
	feed 3 >in
	cat >feed-socket.py <<-'END'
	import os, socket, sys
	ours, theirs = socket.socketpair()
	if os.fork() == 0:
	    theirs.close()
	    for byte in open("in", "rb").read():
	        ours.send(bytes([byte]))
	    os._exit(0)
	ours.close()
	os.dup2(theirs.fileno(), 0)
	os.execvp(sys.argv[1], sys.argv[1:])
	END
	want 3 >want
	through python3 feed-socket.py
	gives_file want
}

@test "a pipe that does not block" {
	filters
	need python3
	feed 3 >in
	cat >not-blocking.py <<-'END'
	import os, sys
	os.set_blocking(0, False)
	os.execvp(sys.argv[1], sys.argv[1:])
	END
	want 3 >want
	through python3 not-blocking.py
	gives_file want < <(sleep 0.1; head -c 30 in; sleep 0.1; tail -c +31 in)
}

@test "bytes that come one by one" {
	filters
	need python3
	{ printf '\xef\xbb\xbf'; feed 20 | sed '3s/$/\r/'; printf '\n\n'; record 21; } >in
	run_to want in
	same_file /dev/null err
	cat >drip.py <<-'END'
	import os, sys
	for byte in open("in", "rb").read():
	    os.write(1, bytes([byte]))
	END
	gives_file want < <(python3 drip.py)
}

@test "process substitution" {
	filters
	takes 3 <(feed 2) <(feed 1 3)
}

@test "-0: records end in NUL, and may hold newlines" {
	filters
	json_only
	[ "$TOOL" != kout ] || skip "kin ends in newlines what kout was given"
	records 3 | sed 's/,"t"/,\n"t"/' | tr '\n' '\f' | sed 's/}\f/}\x00/g' | tr '\f' '\n' >in
	case $TOOL in
	kfilter | kuniq) cp in want ;;
	kjoin) want 3 | sed 's/,"t"/,\n"t"/' | tr '\n' '\f' | sed 's/l}\f/l}\x00/g' | tr '\f' '\n' >want ;;
	csvout) want 3 >want ;; # rows are lines
	*) want 3 | tr '\n' '\0' >want ;;
	esac
	gives_file want -0 in
	printf '{"id":\0' >>in
	run_to got -0 in
	assert_match "^$TOOL: in:4: " "$(cat err)"
}

# --- Named pipes ---

# background ARG...: the tool, as $pid.
background()
{
	[ "$KIND" != sink ] || TOPIC=$(topic contracts)
	t $(strict) "$@" >out 2>err 3>&- 7>&- 8>&- &
	pid=$!
}

# What is out now is what records 1 to N lead to.
is_out()
{
	[ "$KIND" != sink ] || return 0
	cmp -s <(want "$1") out
}

@test "a named pipe" {
	filters
	mkfifo pipe
	feed 3 >pipe 3>&- &
	takes 3 pipe
	# Its end is where its writer leaves.
	feed 2 >pipe 3>&- &
	takes 2 pipe
}

@test "a named pipe whose writer comes late: what came before it is out" {
	filters
	mkfifo pipe
	feed 2 >in
	background in pipe
	[ "$KIND" = total ] || eventually 20 is_out 2
	sleep 0.1
	feed 1 3 >pipe
	wait $pid
	want 3 >want
	got out >got
	same_file want got
	same_file /dev/null err
}

@test "a named pipe whose writer leaves while another one writes" {
	filters
	mkfifo pipe
	background pipe
	exec 7>pipe 8>pipe
	feed 2 >&7
	exec 7>&-
	[ "$KIND" = total ] || eventually 20 is_out 2
	record 3 >&8
	exec 8>&-
	wait $pid
	want 3 >want
	got out >got
	same_file want got
}
