#!/usr/bin/env bats
# What a user of jq expects of kmap and kfilter beside the programs themselves: jq's options, what is
# refused and when, how a run is ended from within, and that libjq cannot end the process.
#
# Where jq can be asked, it is: same output bytes. The jq must be that of the linked libjq.

load helper

records()
{
	printf '%s\n' "$@" >in.ndjson
}

# misused TOOL WANT ARG...: status 2, nothing printed, the message; the input is not there to be read.
misused()
{
	local tool=$1 want=$2
	shift 2
	run --separate-stderr "$tool" "$@" missing-file
	assert_status 2
	assert_output ''
	assert_stderr "$tool: $want"
}

# like_jq ARG...: kmap prints what jq -c prints, given the same.
like_jq()
{
	need jq
	jq -c "$@" >want && gives kmap "$@" <want || fail "differs: $*"
}

# The linked libjq is 1.6?
is_old()
{
	! kmap 'ltrimstr("") | debug(1)' </dev/null 2>/dev/null || false
}

# --- Options ---

@test "variables of every kind, in one order: the first of a name counts, as with jq" {
	records 1
	printf '{"a":1}\n[2] "three"' >texts
	printf 'a "b"\\\nc\xff' >raw
	: >empty
	like_jq --arg x 1 --argjson y '{"z":[1.50]}' '[$x, $y]' in.ndjson
	like_jq --slurpfile t texts --slurpfile e empty '[$t, $e]' in.ndjson
	like_jq --rawfile r raw --rawfile e empty '[$r, $e]' in.ndjson
	like_jq --argjson x 1 --arg x 2 --slurpfile x texts '$x' in.ndjson
	like_jq --rawfile x raw --argjson x 1 '$x' in.ndjson
	like_jq --slurpfile x texts --arg x 2 '$x' in.ndjson
	like_jq '$ARGS' in.ndjson
	like_jq --arg a 1 --argjson b 2 --slurpfile t texts --rawfile r raw --arg a 3 '$ARGS' in.ndjson
	like_jq --arg ARGS x '$ARGS.named.ARGS' in.ndjson
	like_jq --arg ARGS x '$ARGS' in.ndjson
	like_jq --arg ENV x '$ENV | type' in.ndjson
	like_jq --arg ENV x '$ENV == "x"' in.ndjson
	like_jq --arg __loc__ x '$__loc__.line' in.ndjson
	printf 7 >one
	like_jq --slurpfile x one '$x' in.ndjson
	like_jq '$__loc__' in.ndjson
}

@test "--rawfile keeps a NUL" {
	records 1
	printf 'a\0b' >raw
	gives kmap --rawfile r raw '$r | explode' in.ndjson <<<'[97,0,98]'
}

@test "variables work in a predicate" {
	records '{"id":1}' '{"id":2}' '{"id":3}'
	echo '{"id":1} {"id":3}' >wanted
	printf 2 >two
	gives kfilter --slurpfile w wanted '.id as $i | $w | any(.id == $i)' in.ndjson <<-'END'
	{"id":1}
	{"id":3}
	END
	gives kfilter --rawfile t two '.id == ($t | tonumber)' in.ndjson <<<'{"id":2}'
	gives kfilter -v --argjson n 2 --arg unused x '.id == $n' -j2 in.ndjson <<-'END'
	{"id":1}
	{"id":3}
	END
	gives kfilter '.id == $ARGS.named.n' --argjson n 2 in.ndjson <<<'{"id":2}'
}

@test "values that are none are refused at the start, used or not" {
	echo '{"a":' >broken
	printf '1\0' >nul
	for tool in kmap kfilter; do
		misused $tool '--argjson x: not a JSON text: {' --argjson x '{' .a
		misused $tool '--argjson y: not a JSON text: nope' --argjson x 1 --argjson y nope .a
		misused $tool 'nowhere: No such file or directory' --slurpfile x nowhere .a
		misused $tool 'nowhere: No such file or directory' --rawfile x nowhere .a
		misused $tool '.: Is a directory' --rawfile x . .a
		misused $tool 'nul: a NUL byte' --slurpfile x nul .a
		run --separate-stderr $tool --slurpfile x broken .a missing-file
		assert_status 2
		assert_match "^$tool: --slurpfile x broken: invalid JSON: Unfinished JSON term" "$stderr"
	done
}

@test "-f: comments, #!, and a script that hands itself over" {
	records '{"a":1}' '{"a":2}'
	printf '#!/usr/bin/kmap -f\n# a comment\n.a # another\n' >plain.jq
	printf '#!/bin/sh\n# the next line is the shell'"'"'s \\\nexec kmap -f "$0" "$@"\n.a' >script.jq
	for file in plain.jq script.jq; do
		like_jq -f $file in.ndjson in.ndjson
		gives kfilter -f $file in.ndjson <in.ndjson
	done
	gives sh script.jq in.ndjson <<<$'1\n2'
	printf '.a\0' >nul.jq
	misused kmap 'nul.jq: a NUL byte' -f nul.jq
	misused kmap '.: Is a directory' -f .
}

# modules: lib/m.jq and others.
modules()
{
	mkdir -p lib/sub other
	echo 'def f: "lib"; def up: .a + 1;' >lib/m.jq
	echo 'def f: "other"; def only: "only other";' >other/m.jq
	echo 'import "sub/n" as n; def g: n::h;' >lib/k.jq
	echo 'def h: "sub";' >lib/sub/n.jq
	echo '{"d":[1,2]}' >lib/data.json
	echo 'def env_of: env | has("HOME"); def in: input;' >lib/traps.jq
	echo 'import "c2" as c; def a: 1;' >lib/c1.jq
	echo 'import "c1" as c; def b: 1;' >lib/c2.jq
	echo 'def broken: ' >lib/broken.jq
	records '{"a":1}'
}

@test "-L: modules and data are found where jq finds them" {
	modules
	like_jq -L lib 'import "m" as m; m::f, m::up' in.ndjson
	like_jq -Llib 'include "m"; [f, up]' in.ndjson
	like_jq -L lib 'import "data" as $d; $d[0].d, $d::d' in.ndjson
	like_jq -L lib 'import "k" as k; k::g' in.ndjson
	like_jq -L lib -L other 'import "m" as m; m::f' in.ndjson
	like_jq -L other -L lib 'import "m" as m; m::f, m::only' in.ndjson
	like_jq -L "$PWD/other" 'import "m" as m; m::f' in.ndjson
	like_jq -L nowhere -L lib 'import "m" as m; m::f' in.ndjson
	like_jq 'import "m" as m {search: "./other"}; m::f' in.ndjson
	like_jq -L lib 'import "m" as m; import "k" as k; # and "quoted;"
		[k::g, m::f, $__loc__.line, (.a | todate)]' in.ndjson
	like_jq -L nowhere 'get_search_list' in.ndjson
	gives kmap --library-path lib 'import "m" as m; m::f' in.ndjson <<<'"lib"'
	gives kfilter -L lib 'import "m" as m; m::up == 2' -j2 in.ndjson <in.ndjson
}

@test "a program of a file looks below its own directory" {
	modules
	mkdir prog prog/lib
	echo 'def f: "beside";' >prog/lib/m.jq
	echo 'import "m" as m {search: "./lib"}; m::f' >prog/p.jq
	like_jq -f prog/p.jq in.ndjson
	gives kmap -f prog/p.jq in.ndjson <<<'"beside"'
}

@test "without -L modules are looked for in ~/.jq" {
	modules
	mkdir -p home/.jq
	echo 'def f: "home";' >home/.jq/hm.jq
	HOME=$PWD/home like_jq 'import "hm" as m; m::f' in.ndjson
	HOME=$PWD/home gives kmap 'import "hm" as m; m::f, env.HOME == $ENV.HOME' in.ndjson <<-'END'
	"home"
	true
	END
	HOME=$PWD/home gives kmap -L '~/.jq' 'import "hm" as m; m::f' in.ndjson <<<'"home"'
}

@test "modules that are missing, wrong or import each other are errors at the start" {
	modules
	for program in 'import "nowhere" as n; 1' 'import "broken" as b; 1' 'import "c1" as c; c::a' \
		'include "m"; nope'; do
		for tool in kmap kfilter; do
			run --separate-stderr $tool -L lib "$program" missing-file
			assert_status 2
			same_text 1 "${#stderr_lines[@]}"
		done
	done
}

# --- What is not there ---

reason='not available: each record is run by itself'

@test "what reads on is refused at the start, where the program means it" {
	for tool in kmap kfilter; do
		for program in input '[inputs]' 'first(inputs)' 'def f: input; f' '"\(input)"' \
			'{a: input}' 'try input catch .' '. as [$a] | $a, input' $'# c\ninput'; do
			misused $tool "${program//$'\n'/\\n}: input and inputs are $reason" "$program"
		done
		misused $tool "input_line_number: input_line_number is $reason" input_line_number
		misused $tool "[input_filename]: input_filename is $reason" '[input_filename]'
	done
	misused kcount ".a == input: input and inputs are $reason" -w '.a == input'
	modules
	misused kmap "import \"m\" as m; input: input and inputs are $reason" -L lib 'import "m" as m; input'
}

@test "names that only look like it are left alone" {
	records '{"input":1,"inputs":[2],"a":"input"}'
	like_jq '.input, .inputs[0], .a == "input", {input: 2}.input, "input", ."input"' in.ndjson
	like_jq 'def input: 5; def inputs: 1, 2; [input, inputs]' in.ndjson
	like_jq 'def f(input): [input]; f(.a)' in.ndjson
	like_jq '.input as $input | $input # input' in.ndjson
	like_jq 'def unused: input; .a' in.ndjson
	gives kfilter '.input == 1' in.ndjson <in.ndjson
}

@test "what reads on from within a module makes the record bad" {
	modules
	run --separate-stderr kmap -L lib 'import "traps" as t; t::in' in.ndjson
	assert_status 1
	assert_stderr "kmap: in.ndjson:1: input and inputs are $reason"
}

# --- Ends and asides ---

@test "halt ends the run with status 0: what came before is out, nothing after" {
	seq 1 50000 >in.ndjson
	program='if . == 40000 then "last", halt, "never" else . end'
	{ seq 1 39999 && echo '"last"'; } >want
	for options in '' -j2 '-j4 --bad skip' '--bad bad' -u; do
		# shellcheck disable=SC2086 # words
		gives kmap $options "$program" in.ndjson <want
	done
	head -n 39999 in.ndjson >want
	for options in '' -j2 '--bad skip'; do
		# shellcheck disable=SC2086 # words
		gives kfilter $options 'if . == 40000 then halt else true end' in.ndjson <want
		# shellcheck disable=SC2086 # words
		gives kfilter -v $options 'if . == 40000 then halt else false end' in.ndjson <want
	done
}

@test "bad records before a halt count, those behind it do not" {
	records 1 '"x"' 2 '"y"'
	run --separate-stderr kmap --bad skip 'if . == 2 then halt else . + 1 end' in.ndjson
	assert_status 0
	assert_output 2
	assert_stderr 'kmap: 3 in, 2 used, 1 bad, 0 late'
}

@test "halt_error makes the record bad, with its message" {
	records 1 2
	for case in '"no luck"|halt_error=: no luck' '"line\n"|halt_error=: line' \
		'{"a":[1]}|halt_error(3)=: {"a":[1]}' 'null|halt_error='; do
		run --separate-stderr kmap "if . == 2 then ${case%%=*} else . end" in.ndjson
		assert_status 1
		assert_output 1
		assert_stderr "kmap: in.ndjson:2: the program halted${case#*=}"
	done
}

@test "debug and stderr say what jq says" {
	need jq
	records '"a"' '{"b":[1,"é\n"]}' 'null'
	for program in debug stderr '.[]? | stderr' 'debug, (stderr | debug)' '["kpipe", .] | stderr'; do
		jq -c "$program" in.ndjson >want 2>want.err
		kmap "$program" in.ndjson >got 2>got.err
		same_file want got
		same_file want.err got.err
	done
}

@test "what threads say does not mix" {
	seq 1 20000 | sed 's/.*/{"n":&,"text":"of some length, in several pieces"}/' >in.ndjson
	kmap -j4 '. as $r | "\($r)\n" | debug | empty' in.ndjson 2>err
	run -1 grep -vEx '\["DEBUG:","\{\\"n\\":[0-9]*,\\"text\\":\\"of some length, in several pieces\\"\}\\n"\]' err
	kmap -j4 'stderr | empty' in.ndjson 2>err
	# Without newlines, as jq has it; each value is whole.
	sed 's/}{/}\n{/g' err | sort >got
	{ cat in.ndjson && echo; } | sort | sed '/^$/d' >want
	same_file want <(sed '/^$/d' got)
}

# --- Where libjq crashes ---

# lives PROGRAM RECORD: the process does, whatever the program makes of the record: the records beside
# it come out.
lives()
{
	ulimit -c 0
	printf '%s\n' '"before"' "$2" '"after"' >in.ndjson
	program='if . == "before" or . == "after" then . else ('$1'), "end" end'
	for jobs in 1 2; do
		run --separate-stderr kmap --bad skip -j $jobs "$program" in.ndjson
		assert_status 0
		same_text '"before"' "${lines[0]}"
		same_text '"after"' "${lines[-1]}"
	done
	run --separate-stderr kmap "$program" in.ndjson
	[ "$status" = 0 ] || [ "$status" = 1 ] || fail "status $status: $1"
	same_text '"before"' "${lines[0]}"
}

@test "a program that crashes libjq fails on the record, and the process lives" {
	[ "${KPIPE_SANITIZED:-}" != 1 ] || skip "a sanitizer sees the crash"
	for number in 1e21 -1e21 1e1000; do
		lives todate $number
		lives 'strftime("%Y")' $number
		lives 'strflocaltime("%c")' $number
	done
	lives 'strftime(.)' '[1]'
	lives '"abc" | .[nan:]' 1
	lives '[.] | del(.[nan:nan])' 1
	lives '[match("";"g")]' '"é"'
	lives 'scan("b*")' '"abé"'
	lives '. % -1' -9223372036854775808
	lives 'index("")' '"abc"'
	lives 'implode' '[1114112]'
}

@test "what would crash libjq says so, once" {
	[ "${KPIPE_SANITIZED:-}" != 1 ] || skip "a sanitizer sees the crash"
	is_old || skip "not this libjq"
	records 1 '"é"' 2
	run --separate-stderr kmap 'if . == "é" then [match("";"g")] else . end' in.ndjson
	assert_status 1
	assert_output 1
	assert_stderr 'kmap: in.ndjson:2: libjq crashed'
	run --separate-stderr kfilter --bad skip 'if . == "é" then [match("";"g")] else . end' in.ndjson
	assert_status 0
	assert_output $'1\n2'
	assert_stderr 'kfilter: 3 in, 2 used, 1 bad, 0 late'
}

@test "times and searches that crashed are errors that a program can catch, or results" {
	records 1e21
	gives kmap 'try todate catch "caught"' in.ndjson <<<'"caught"'
	gives kmap '[.[]?, (0 | strftime([])?)]' in.ndjson <<<'[]'
	gives kmap '"abc" | [index(""), rindex(""), indices("")]' in.ndjson <<<'[null,null,[]]'
	records 0 1713712245 '[2024,3,21,14,7,59,0,111]'
	like_jq 'todate, todateiso8601, strftime("%A %j"), strflocaltime("%H"), (todate | fromdate)' in.ndjson
	like_jq '"a,b,a" | index("a", "b"), rindex("a"), indices(",", "a"), indices("x")' in.ndjson
	like_jq '[1,2,1] | index(1), indices([1,2]), (null | indices(""))' in.ndjson
}

@test "a signal from outside is not taken for a crash" {
	mkfifo in
	exec 7<>in
	echo 1 >&7
	bash -c 'ulimit -c 0; exec kmap "last(range(1e15))" <in' &
	sleep 0.5
	kill -ABRT $!
	status=0
	wait $! || status=$?
	same_text 134 "$status"
}
