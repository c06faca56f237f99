#!/usr/bin/env bats
# kmap: each record through a jq program.

load helper
load process

# records LINE...: writes in.ndjson.
records()
{
	printf '%s\n' "$@" >in.ndjson
}

# Usage errors: status 2, nothing printed, the message.
misused()
{
	local want=$1
	shift
	run --separate-stderr kmap "$@" </dev/null
	assert_status 2
	assert_output ''
	assert_stderr "kmap: $want"
}

# Status 1 and this message for in.ndjson, whatever else is in the arguments.
refuses()
{
	local want=$1
	shift
	run --separate-stderr kmap "$@" in.ndjson
	assert_status 1
	assert_stderr "kmap: in.ndjson:$want"
}

# --- Results ---

@test "one result, many, none" {
	records '{"a":[1,2]}' '{"a":[]}' '{"a":[3]}'
	gives kmap .a in.ndjson <<-'END'
	[1,2]
	[]
	[3]
	END
	gives kmap '.a[]' in.ndjson <<-'END'
	1
	2
	3
	END
	gives kmap empty in.ndjson </dev/null
}

@test "results are compact and read as jq -c prints them" {
	printf '%s\n' '{ "b" : 1 , "a" : [ 1.0, 1e3, 1.5e300, -0 ] }' '"\u00e9\u0001\u007f\/"' \
		'[0.1, 100000000000000000000, 1e1000]' >in.ndjson
	need jq
	jq -c . in.ndjson >want
	gives kmap . in.ndjson <want
	gives kmap -c . in.ndjson <want
}

@test "-r: strings bare, the rest as JSON" {
	records '{"a":"x \"y\"\tz"}' '{"a":["s"]}' '{"a":"two\nlines"}' '{"a":null}'
	gives kmap -r .a in.ndjson <<-END
	x "y"$(printf '\t')z
	["s"]
	two
	lines
	null
	END
}

@test "-R: each line is a string" {
	printf 'a "b"\n\n{"x":1\n\xff!\nlast' >in.ndjson
	gives kmap -R . in.ndjson <<-END
	"a \"b\""
	""
	"{\"x\":1"
	"$(printf '\xef\xbf\xbd')!"
	"last"
	END
	gives kmap -R length in.ndjson <<-'END'
	5
	0
	6
	2
	4
	END
}

@test "-R -r: text through a program" {
	printf 'b a\nd c\n' >in.ndjson
	gives kmap -Rr 'split(" ") | reverse | join(" ")' in.ndjson <<-'END'
	a b
	c d
	END
}

@test "-R: carriage returns and a byte order mark are kept" {
	printf '\xef\xbb\xbfa\r\nb\r\n' >in.ndjson
	gives kmap -R 'explode' in.ndjson <<-'END'
	[65279,97,13]
	[98,13]
	END
}

@test "-0: records end in NUL on both sides" {
	printf '{"a":\n1}\0"x\\u0000y"\0"z"' >in.ndjson
	run --separate-stderr kmap -0 . in.ndjson
	assert_status 0
	printf '{"a":1}\0"x\\u0000y"\0"z"\0' >want
	kmap -0 . in.ndjson >got
	same_file want got
	printf 'a\nb\0c\0\0' | kmap -0 -R . >got
	printf '"a\\nb"\0"c"\0""\0' >want
	same_file want got
}

@test "-0: blank records are skipped, in newlines too" {
	printf '\n\0 \0\0001\0' | kmap -0 . >got
	printf '1\0' >want
	same_file want got
}

# --- The program ---

@test "-f: the program comes from a file, the operands are inputs" {
	records '{"a":1}' '{"a":2}'
	printf '# a comment\n.a\n| . + 1 # another\n' >prog.jq
	gives kmap -f prog.jq in.ndjson in.ndjson <<-'END'
	2
	3
	2
	3
	END
	run kmap --from-file=prog.jq <in.ndjson
	assert_output $'2\n3'
}

@test "--arg and --argjson" {
	records '{"n":5}' '{"n":1}'
	gives kmap --arg name 'a "b" $x' --argjson limit '{"n":3}' \
		'[$name, .n > $limit.n]' in.ndjson <<-'END'
	["a \"b\" $x",true]
	["a \"b\" $x",false]
	END
	gives kmap '$x' --arg x first --arg x last in.ndjson <<-'END'
	"first"
	"first"
	END
	misused '--argjson x: not a JSON text: {' --argjson x '{' .
	misused '--argjson x: not a JSON text: 1 2' --argjson x '1 2' .
	misused '--argjson x: not a JSON text, but empty' --argjson x '' .
}

@test "options may stand anywhere, -- ends them" {
	records '{"a":"x"}'
	gives kmap .a in.ndjson -r <<<x
	gives kmap -r -- .a in.ndjson <<<x
	records 1
	gives kmap -- -. in.ndjson <<<-1
}

@test "a wrong program fails before any input is read" {
	run --separate-stderr kmap '.a |' missing-file
	assert_status 2
	assert_output ''
	[ "${#stderr_lines[@]}" = 1 ]
	assert_match '^kmap: \.a \|: syntax error' "$stderr"
	run --separate-stderr kmap 'nope(1)' missing-file
	assert_status 2
	assert_match '^kmap: nope\(1\): nope/1 is not defined' "$stderr"
	run --separate-stderr kmap $'1\n+ nope' missing-file
	assert_status 2
	[ "${#stderr_lines[@]}" = 1 ]
}

@test "usage errors" {
	misused "missing operand: a jq program (try 'kmap --help')"
	misused "unknown option '-z' (try 'kmap --help')" -z .
	misused "unknown option '--nope' (try 'kmap --help')" --nope .
	misused "--engine: 'foo' is none of auto, native, jq (try 'kmap --help')" --engine foo .
	misused "--max-line: 'x' is not a size (like 4096, 64k, 1M) (try 'kmap --help')" --max-line x .
	misused "--jobs: '-1' is not a count (try 'kmap --help')" -j-1 .
	misused "--jobs: at most 256 (try 'kmap --help')" -j 257 .
	misused "--drain: '3' is not a duration (like 500ms, 5s, 1m30s, 2h, 1d) (try 'kmap --help')" \
		--drain 3 .
	misused 'nope.jq: No such file or directory' -f nope.jq
}

@test "--engine native refuses what is outside its subset, before any input is read" {
	while IFS= read -r program; do
		misused "$program: outside the native subset" --engine native "$program"
	done <<-'END'
	getpath("a")
	.[]
	.a, .b
	..
	.a[1:]
	map(.a)
	.a as $x | $x
	.a = 1
	.a |= . + 1
	reduce .a as $x (0; . + $x)
	def f: .a; f
	try .a catch .b
	"\(.a)"
	.a | test("x")
	.a | @base64
	to_entries
	now
	$__loc__
	END
}

@test "--help and --version" {
	run kmap --help
	assert_status 0
	assert_match '^Usage: kmap \[OPTIONS\] PROGRAM \[FILE\.\.\.\]'
	for option in -R -r -f -L --arg --argjson --slurpfile --rawfile --engine -j -0 -u --bad --max-line --drain --stats; do
		[[ $output == *" $option"[,\ =]* ]] || fail "no $option in --help"
	done
	run kmap --version
	assert_status 0
	assert_match '^kmap \(kpipe\) [0-9]'
	if [ -e /dev/full ]; then
		run bash -c 'kmap --help >/dev/full'
		assert_status 1
	fi
}

# --- jq's traps ---

@test "\$HOME/.jq is not loaded, and HOME is what it was" {
	mkdir home
	echo 'def map(f): "hijacked"; def mine: 1;' >home/.jq
	records '[1]'
	HOME=$PWD/home gives kmap 'map(. + 1)' in.ndjson <<<'[2]'
	HOME=$PWD/home gives kmap '$ENV.HOME == env.HOME' in.ndjson <<<'true'
	HOME=$PWD/home run --separate-stderr kmap -r '$ENV.HOME' in.ndjson
	assert_output "$PWD/home"
	HOME=$PWD/home run kmap mine in.ndjson
	assert_status 2
}

@test "times are UTC, whatever TZ says, with summer time or without" {
	records 1713712245 1705763445
	for tz in Europe/Berlin America/New_York UTC ''; do
		TZ=$tz gives kmap '[todate, (todate | fromdate), (gmtime | mktime)]' in.ndjson <<-'END'
		["2024-04-21T15:10:45Z",1713712245,1713712245]
		["2024-01-20T15:10:45Z",1705763445,1705763445]
		END
	done
	TZ=Europe/Berlin gives kmap -r '$ENV.TZ' <(echo 1) <<<Europe/Berlin
}

@test "a program that halts leaves the next record alone" {
	records 1 2 3
	run --separate-stderr kmap --bad skip 'if . == 2 then halt_error else . end' in.ndjson
	assert_status 0
	assert_output $'1\n3'
	assert_stderr 'kmap: 3 in, 2 used, 1 bad, 0 late'
	refuses '2: the program halted: 2' 'if . == 2 then halt_error else . end'
	assert_output 1
}

@test "errors of a program keep their words" {
	records '{"a":"x"}'
	refuses '1: no such luck' 'error("no such luck")'
	refuses '1: {"a":"x"} (not a string)' error
	refuses '1: string ("x") and number (1) cannot be added' '.a + 1'
	gives kmap 'try error("caught") catch .' in.ndjson <<<'"caught"'
}

@test "control characters in a message are escaped" {
	records '"a\u001b[31m\nb"'
	refuses '1: a\x1b[31m\nb' error
}

@test "a failed record prints nothing of its own, unless the run ends there, as with jq" {
	records '[1,2]' '[3,"x",4]' '[5]'
	run --separate-stderr kmap --bad skip '.[] | . + 1' in.ndjson
	assert_output $'2\n3\n6'
	refuses '2: string ("x") and number (1) cannot be added' '.[] | . + 1'
	assert_output $'2\n3\n4'
	refuses '2: string ("x") and number (1) cannot be added' -j 2 '.[] | . + 1'
	assert_output $'2\n3\n4'
}

# --- Results without an end ---

# What a test that failed has left.
teardown()
{
	[ -z "${pid:-}" ] || kill -KILL "$pid" 2>/dev/null || :
}

@test "results of one record go out as they come" {
	records 1
	run bash -c '(kmap "repeat(.)" in.ndjson 2>err; echo $? >status) | head -n 3'
	assert_output $'1\n1\n1'
	holds 141 status
	same_file /dev/null err
}

@test "a reader that leaves is noticed where results are kept back" {
	records 1
	run bash -c '(kmap --bad skip "repeat(.)" in.ndjson 2>err; echo $? >status) | true'
	holds 141 status
	same_file /dev/null err
}

@test "a signal ends the results of one record of a file" {
	records 1
	for bad in fail skip; do
		start kmap --bad $bad 'repeat(.)' in.ndjson >out
		eventually 20 catches_signals
		[ $bad = skip ] || eventually 20 test -s out
		kill -INT "$pid"
		ended 130
	done
	# Kept back, and not whole.
	same_file /dev/null out
}

@test "a second signal ends a program that never ends" {
	open_in
	echo 1 >&7
	start kmap 'last(range(1e15))' <in
	eventually 20 catches_signals
	kill -INT "$pid"
	eventually 20 took_signals
	kill -TERM "$pid"
	ended 143
	exec 7>&-
}

@test "an import that is not there is an error of the program" {
	run --separate-stderr kmap 'import "nowhere" as n; n::f' </dev/null
	assert_status 2
	assert_match '^kmap: import .*: module not found: nowhere' "$stderr"
}

@test "what jq's numbers are, up to the double" {
	need jq
	records '[9007199254740993, 0.1, 1e-7, 3.0, 1e17, 123456789012, -5e-324, 1.7976931348623157e308]'
	jq -c '.[] | ., . + 1, -., . * 3' in.ndjson >want
	gives kmap '.[] | ., . + 1, -., . * 3' in.ndjson <want
}
