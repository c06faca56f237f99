#!/usr/bin/env bats
# What every tool does with records that it cannot use, and what it says of its work: --bad, --late,
# --stats, --progress, and messages about hostile input.

load tools
load ../process

# The tool, so that bad_record is bad to it.
b()
{
	case $TOOL in
	kout) kout --key-by .id -p 0 -t "$TOPIC" "$@" ;;
	*) t "$@" ;;
	esac
}

# Five good records and two bad ones, of which the lines are first_bad and second_bad.
broken()
{
	header
	records 2
	bad_record
	records 2 3
	bad_record
	records 1 5
}

# ran STATUS ARG...: the tool on the file `in`; out, err.
ran()
{
	local want=$1 status=0
	shift
	b "$@" in >out 2>err </dev/null || status=$?
	[ "$status" = "$want" ] || fail "status $status, wanted $want" "$(cat -v err)"
}

# gave N: its output is that of records 1 to N; NONE: there are no finals.
gave()
{
	if [ "$1" = NONE ]; then : >want; else want "$1" >want; fi
	got out >got
	same_file want got
}

# said LINE: standard error is this one line.
said()
{
	echo "$1" | same_file - err
}

account='7 in, 5 used, 2 bad, 0 late'

# field NAME: of the --stats line in err.
field()
{
	grep '^{' err | kmap ".$1"
}

setup_bad()
{
	filters
	broken >in
	first_bad=$(($(header_lines) + 3))
	second_bad=$(($(header_lines) + 6))
	bad_record >bad_line
}

# --- What becomes of it ---

@test "--bad fail, the default: a message, what came before it, no finals" {
	setup_bad
	for options in '' '--bad fail' '-q'; do
		[ "$KIND" != sink ] || TOPIC=$(topic fail)
		ran 1 $options
		assert_match "^$TOOL: in:$first_bad: [^ ].*$" "$(cat err)"
		same_text 1 "$(wc -l <err)"
		case $KIND in
		total) gave NONE ;;
		*) gave 2 ;;
		esac
	done
}

@test "--bad fail: -o FILE does not appear" {
	setup_bad
	[ "$TOOL" = csvagg ] || skip "$TOOL has no -o"
	ran 1 -o new
	[ ! -e new ]
	echo old >there
	ran 1 -o there
	same_text old "$(cat there)"
	same_text 'bad_line err in out there' "$(echo *)"
}

@test "--bad skip: the others, status 0, and the account as the last line" {
	setup_bad
	ran 0 --bad skip
	gave 5
	said "$TOOL: $account"
}

@test "--bad skip: without bad records there is nothing to account for" {
	filters
	feed 3 >in
	ran 0 --bad skip
	gave 3
	same_file /dev/null err
}

@test "--bad FILE: each bad record with its error, source, line and bytes, in order" {
	setup_bad
	ran 0 --bad bad
	gave 5
	said "$TOOL: $account"
	printf '["error","source","line","input"]\n%.0s' 1 2 | same_file - <(kmap keys_unsorted bad)
	printf '"in"\n%.0s' 1 2 | same_file - <(kmap .source bad)
	printf '%d\n' "$first_bad" "$second_bad" | same_file - <(kmap .line bad)
	cat bad_line bad_line | same_file - <(kmap -r .input bad)
	ran 1
	# The error is what the message says.
	same_text "$(sed "s/^$TOOL: in:$first_bad: //" err)" "$(kmap -r .error bad | head -n 1)"
	need jq
	jq -c . bad | same_file bad -
}

@test "--bad FILE: it grows" {
	setup_bad
	echo '"before"' >bad
	ran 0 --bad bad
	ran 0 --bad bad
	same_text $'"before"\n'"$first_bad"$'\n'"$second_bad"$'\n'"$first_bad"$'\n'"$second_bad" \
		"$(kmap '.line? // .' bad)"
}

@test "--bad FILE: bytes that are not UTF-8 are base64" {
	setup_bad
	{
		header
		records 1
		printf '\xff{"\n'
	} >in
	ran 0 --bad bad
	gave 1
	same_text '["/3si",null]' "$(kmap '[.input_base64, .input]' bad)"
}

@test "--bad FILE: what it holds can go to a topic, and comes back" {
	setup_bad
	need_broker
	ran 0 --bad bad
	to=$(topic bad)
	kout --key-by .source -p 0 "$to" bad
	kin -e "$to" | same_file bad -
	same_text $'in\nin' "$(kin -e -f '%k\n' "$to")"
}

@test "--bad FILE that cannot be written" {
	setup_bad
	mkdir dir
	ran 1 --bad no/such/file
	said "$TOOL: no/such/file: No such file or directory"
	ran 1 --bad dir
	said "$TOOL: dir: Is a directory"
	[ ! -e /dev/full ] || {
		ran 1 --bad /dev/full
		said "$TOOL: /dev/full: write error: No space left on device"
	}
}

@test "--bad FILE: a named pipe, and its reader leaves" {
	setup_bad
	mkfifo pipe
	cat pipe >bad 3>&- &
	ran 0 --bad pipe
	wait $!
	same_text $'"in"\n"in"' "$(kmap .source bad)"
	: <pipe 3>&- &
	status=0
	{
		sleep 0.3
		cat in
	} | b --bad pipe >out 2>err || status=$?
	same_text 1 "$status"
	said "$TOOL: pipe: write error: Broken pipe"
}

@test "--bad FILE is also the input, or the output" {
	setup_bad
	cp in before
	ran 1 --bad in
	said "$TOOL: in: input file is output file"
	same_file before in
	if [ "$KIND" != sink ]; then
		status=0
		b --bad both in >both 2>err || status=$?
		same_text 2 "$status"
		assert_match "^$TOOL: --bad: both is the output, too" "$(cat err)"
	fi
	if [ "$TOOL" = csvagg ]; then
		ran 2 --bad both -o both
		assert_match '^csvagg: --bad: both is the output, too' "$(cat err)"
	fi
}

@test "--bad and --late name one file" {
	[ "$TOOL" = kwindow ] || skip "$TOOL has no --late"
	setup_bad
	ran 2 --bad both --late both
	assert_match '^kwindow: --bad and --late are one file: both ' "$(cat err)"
	ran 0 --bad /dev/null --late /dev/null
}

@test "-q silences the account" {
	setup_bad
	ran 0 --bad skip -q
	gave 5
	same_file /dev/null err
}

@test "--late FILE: the late records' own bytes, and the account" {
	[ "$TOOL" = kwindow ] || skip "$TOOL has no --late"
	hour='{ "id":1, "t":"2024-05-01T%d:00:00Z" }\n'
	printf "$hour" 12 15 12 14 16 15 >in
	printf '{"id":\n' >>in
	ran 0 --late late --bad skip
	printf "$hour" 12 14 15 | same_file - late
	said 'kwindow: 7 in, 3 used, 1 bad, 3 late'
	ran 0 --late late --bad skip -q --stats
	printf "$hour" 12 14 15 12 14 15 | same_file - late
	same_text '[7,3,1,3]' "$(kmap '[.in, .used, .bad, .late]' err)"
	ran 1 --late no/such/file
	said 'kwindow: no/such/file: No such file or directory'
}

# --- A record counts as a whole, or not at all ---

@test "a record of which a part is bad leaves nothing" {
	filters
	case $TOOL in
	kmap)
		printf '1\n2\n3\n' >in
		gives_but_says kmap --bad skip '., if . == 2 then error else . end' in <<<$'1\n1\n3\n3'
		;;
	kcount)
		printf '{"id":%s,"x":%s}\n' 1 1 2 '"no"' 4 4 >in
		gives_but_says kcount --bad skip -a 'sum(.id), sum(.x), count' in \
			<<<'{"sum(.id)":5,"sum(.x)":5,"count":2}'
		;;
	kwindow)
		printf '{"t":"2024-05-01T%d:00:00Z","id":%s,"x":%s}\n' 12 1 1 15 2 '"no"' 12 4 4 >in
		# Nor does it move the watermark.
		gives_but_says kwindow --bad skip -T .t --tumble 1h -a 'a=sum(.id), b=sum(.x)' in <<-'END'
		{"window_start":"2024-05-01T12:00:00.000Z","window_end":"2024-05-01T13:00:00.000Z","a":5,"b":5}
		END
		;;
	csvagg)
		printf '%s\n' id,x 1,1 2,no 4,4 >in
		gives_but_says csvagg --bad skip -a 'sum(id), sum(x), count' in <<<$'sum(id),sum(x),count\n5,5,2'
		;;
	csvout)
		# The first good record tells the columns.
		printf '%s\n' '{"bad":1' '{"id":1}' '{"id":2,"x":3}' '{"id":4}' >in
		status=0
		csvout --bad skip in >got 2>err || status=$?
		same_text $'id\n1\n4' "$(cat got)"
		said 'csvout: 4 in, 2 used, 2 bad, 0 late'
		;;
	*) skip "$TOOL makes one thing of a record" ;;
	esac
}

# gives_but_says CMD... < WANT: of three records the second one is bad.
gives_but_says()
{
	cat >want
	"$@" >got 2>err
	same_file want got
	said "$TOOL: 3 in, 2 used, 1 bad, 0 late"
}

# --- The account ---

# stats_hold IN USED BAD LATE BYTES: there is one line of JSON in err, with all that is due.
stats_hold()
{
	same_text 1 "$(grep -c '^{' err)"
	case $TOOL in
	kuniq) held='"keys","most_keys","held_bytes",' ;;
	kjoin) held='"held_left","held_right","keys_left","keys_right","most_held","held_bytes",' ;;
	*) held= ;;
	esac
	same_text '["tool","in","used","bad","late","native","inexact","bytes",'"$held"'"seconds","records_per_second"]' \
		"$(field '|keys_unsorted')"
	same_text "[\"$TOOL\",$1,$2,$3,$4]" "$(field '|[.tool, .in, .used, .bad, .late]')"
	[ -z "${5:-}" ] || same_text "$5" "$(field bytes)"
	same_text true "$(field '|.seconds >= 0 and .records_per_second >= 0 and .native <= .used and
		(.in == 0 or .seconds == 0 or .records_per_second >= 1)')"
}

@test "--stats: one line of JSON that agrees with the account" {
	setup_bad
	ran 0 --stats --bad skip
	gave 5
	stats_hold 7 5 2 0 "$(wc -c <in)"
	same_text "$TOOL: $account" "$(tail -n 1 err)"
	same_text 2 "$(wc -l <err)"
}

@test "--stats: bytes are what was read, the end of a last line missing or not" {
	filters
	printf '\xef\xbb\xbf' >in
	feed 3 | head -c -1 >>in
	[ "$TOOL" != kout ] || feed 3 | head -c -1 >in
	ran 0 --stats
	stats_hold 3 3 0 0 "$(wc -c <in)"
	same_text 1 "$(wc -l <err)"
	[ "$KIND" != sink ] || TOPIC=$(topic more)
	b --stats in - in <in >out 2>err
	stats_hold 9 9 0 0 $((3 * $(wc -c <in)))
}

@test "--stats: a pipe" {
	filters
	feed 3 | b --stats >out 2>err
	stats_hold 3 3 0 0 "$(feed 3 | wc -c)"
}

@test "--stats: when a bad record ended it" {
	setup_bad
	ran 1 --stats
	same_text 2 "$(wc -l <err)"
	assert_match "^$TOOL: in:$first_bad: " "$(head -n 1 err)"
	stats_hold 3 2 1 0
}

@test "--stats: of nothing" {
	filters
	feed 0 >in
	ran 0 --stats
	stats_hold 0 0 0 0 "$(wc -c <in)"
}

@test "--stats: when a signal ended it" {
	filters
	mkfifo in
	exec 7<>in
	set -m
	(
		exec_tool
		b --stats in
	) >out 2>err 3>&- 7>&- &
	pid=$!
	set +m
	feed 3 >&7
	eventually 10 catches_signals
	case $KIND in
	map) eventually 10 test -s out ;;
	*) sleep 0.2 ;;
	esac
	kill -INT "$pid"
	status=0
	wait "$pid" || status=$?
	exec 7>&-
	same_text 130 "$status"
	case $(field in) in
	0) [ "$KIND" = total ] && stats_hold 0 0 0 0 ;; # it read blocks that were not full
	*) stats_hold 3 3 0 0 ;;
	esac
}

@test "kin --stats: what was printed" {
	only source
	kin -e --stats "$TOPIC" >out 2>err
	same_text 1 "$(wc -l <err)"
	same_text "[\"kin\",3,$(wc -c <out)]" "$(kmap '[.tool, .out, .bytes]' err)"
	same_text true "$(kmap '.seconds >= 0 and .records_per_second > 0' err)"
	kin -c 2 --stats -f '%o;' "$TOPIC" >out 2>err
	same_text '[2,4]' "$(kmap '[.out, .bytes]' err)"
	kin -e --stats -o end "$TOPIC" 2>err
	same_text '[0,0]' "$(kmap '[.out, .bytes]' err)"
}

# --- Progress ---

# slowly CMD...: three records for the command, and their end when progress is due.
slowly()
{
	{
		feed 3
		sleep 1.3
	} | "$@"
}

# on_terminal COMMAND: a command in the words of this file, on a terminal of its own.
on_terminal()
{
	{
		declare -f
		declare -p TOOL KIND READS
		[ -z "${TOPIC:-}" ] || declare -p TOPIC
		echo "$1"
	} >script
	python3 "$KPIPE_SRCDIR/tests/contracts/terminal.py" '. ./script'
}

# What progress shows of three records. Those that print totals see large blocks, or all.
shown="$TOOL: [03] records, [0-9]+/s"
[ "$KIND" = total ] || shown=${shown/\[03\]/3}

@test "--progress: records and rate, a line a second" {
	filters
	slowly b --progress >out 2>err
	assert_match "^$shown\$" "$(cat err)"
	same_text 1 "$(wc -l <err)"
}

@test "kin --progress: records, rate and what is left" {
	only source
	kin -q --progress --timeout 1300ms "$TOPIC" >out 2>err
	assert_match 'kin: 3 records, [0-9]+/s$' "$(cat err)"
	kin -q --progress --timeout 1300ms -c 12 "$TOPIC" >out 2>err || same_text 4 $?
	assert_match 'kin: 3 records, [0-9]+/s, 25%, [345]s left$' "$(cat err)"
}

@test "--progress on a terminal: in place; a message removes it first" {
	filters
	need python3
	mkfifo in
	{
		feed 3
		sleep 1.3
		bad_record
	} >in 3>&- &
	on_terminal 'b --progress in >out' >screen || same_text 1 $?
	assert_match $'^\r'"$shown"$'\r *\r'"$TOOL: in:$(($(header_lines) + 4)): " "$(cat screen)"
	same_text 1 "$(wc -l <screen)"
}

@test "progress shows by itself on a terminal when the work lasts, and goes away" {
	filters
	need python3
	on_terminal 'slowly b >out' >screen
	assert_match $'^\r'"$shown"$'\r *\r$' "$(cat screen)"
	same_text 0 "$(wc -l <screen)"
}

@test "progress does not show by itself in short work, with -q, within a pipeline, beside output" {
	filters
	need python3
	on_terminal 'feed 3 | b >out; slowly b -q >out & slowly b | cat >out & slowly b & wait' >screen
	! grep -a "$TOOL: " screen
}

@test "--progress: what is left of files" {
	only map
	feed 60000 >in
	# Whoever reads the output is slow.
	b --progress in 2>err | {
		sleep 1.2
		cat >out
	}
	assert_match "^$TOOL: [0-9]+ records, [0-9]+/s, [1-9]?[0-9]%, [0-9]+s left" "$(head -n 1 err)"
}

# --- Hostile input in messages ---

# hostile TEXT: records that have this in all places, some of them bad.
hostile()
{
	local text=$1 time='"t":"2024-05-01T12:00:00Z"' record
	for record in "{\"id\":\"$text\",$time}" "{\"id\":1,\"t\":\"$text\"}" \
		"{\"id\":1,$time,\"$text\":1}" "{\"id\":1,$time}$text" "$text,2024-05-01T12:00:00Z,x" "1,2,\"$text\"x"; do
		{
			header
			[ "$READS" = csv ] || record 1
			printf '%b\n' "$record"
		} >in
		b in >out 2>err </dev/null || :
		[ "$(wc -l <err)" -le 1 ] || fail "two lines: $(cat -v err)"
		cat err >>all
	done
}

@test "messages about hostile records are one short line without commands to a terminal" {
	filters
	hostile "$(printf '%0100000d' 0)"
	hostile '\e[31m\r\0\x7f\xc2\x9b\xe2\x80\xa8\xff\xc0'
	hostile '\\u001b\\n\\u009b\\u202e\\u0000'
	[ -s all ]
	awk 'length > 400 { print length ": " substr($0, 1, 400); exit 1 }' all
	! LC_ALL=C grep -a $'[\x01-\x09\x0b-\x1f\x7f]\|\xc2[\x80-\x9f]\|\xe2\x80[\xa8-\xae]' all | cat -v | grep .
	iconv -f UTF-8 -t UTF-8 all >/dev/null
}

@test "a value in a message is cut to 60 bytes" {
	filters
	for i in 59 61 100000; do
		x=$(printf "%0${i}d" 0 | tr 0 x)
		case $TOOL in
		kcount | kwindow) echo "{\"id\":\"$x\",\"t\":0}" >in ;;
		csvagg) printf 'id\n%s\n' "$x" >in ;;
		csvout) printf '%s\n' '{"id":1}' "{\"$x\":2}" >in ;;
		*) skip "$TOOL quotes no values" ;;
		esac
		ran 1
		quote=$(head -c 59 <<<"\"$x\"")x...
		case $TOOL in
		csvout) said "csvout: in:2: field $quote is no column (see --columns and --extra)" ;;
		csvagg) said "csvagg: in:2: sum(id): $quote is not a number" ;;
		*) said "$TOOL: in:1: sum(.id): $quote is not a number" ;;
		esac
	done
	[ "$TOOL" = kwindow ] || return 0
	echo "{\"id\":1,\"t\":\"$x\"}" >in
	ran 1
	said "kwindow: in:1: not a time: $quote"
}

# --- Random damage ---

@test "damaged records: none is lost, none is counted twice, whatever reads them and however" {
	filters
	need python3
	for seed in ${KPIPE_DAMAGE_SEEDS:-1 2}; do
		python3 "$KPIPE_SRCDIR/tests/contracts/damage.py" "$TOOL" "$seed" ||
			fail "seed $seed (damage.py $TOOL $seed)"
	done
}
