#!/usr/bin/env bats
# kfilter: the records for which a predicate holds.

load helper

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
	run --separate-stderr kfilter "$@" </dev/null
	assert_status 2
	assert_output ''
	assert_stderr "kfilter: $want"
}

# Status 1 and this message for in.ndjson, whatever else is in the arguments.
refuses()
{
	local want=$1
	shift
	run --separate-stderr kfilter "$@" in.ndjson
	assert_status 1
	assert_stderr "kfilter: in.ndjson:$want"
}

# both PREDICATE < WANT: by the plan and by libjq alone.
both()
{
	cat >both
	gives kfilter "$1" in.ndjson <both && gives kfilter --engine jq "$1" in.ndjson <both
}

# --- What passes ---

@test "what is neither false nor null holds" {
	records '{"n":1,"a":0}' '{"n":2,"a":""}' '{"n":3,"a":[]}' '{"n":4,"a":false}' \
		'{"n":5,"a":null}' '{"n":6}' '{"n":7,"a":{}}' '{"n":8,"a":true}'
	both .a <<-'END'
	{"n":1,"a":0}
	{"n":2,"a":""}
	{"n":3,"a":[]}
	{"n":7,"a":{}}
	{"n":8,"a":true}
	END
}

@test "a record passes once, when any result holds" {
	records '[null,1,2]' '[false,null]' '[]' '[3]'
	both '.[]' <<-'END'
	[null,1,2]
	[3]
	END
	both 'empty' </dev/null
	both '., .' <in.ndjson
}

@test "-v: those for which it does not hold" {
	records '{"a":1}' '{"a":2}' '{}'
	gives kfilter -v '.a == 1' in.ndjson <<-'END'
	{"a":2}
	{}
	END
	gives kfilter --invert-match .a in.ndjson <<<'{}'
}

@test "records pass byte for byte" {
	printf '%s\n' ' {"a" : 1.50 , "b":"\u00e9\/" }	' '{"a":1e2,"a":3}' \
		'{"a":12345678901234567890.10}' >in.ndjson
	printf '{"a":1}\r\n{"a":"\xff"}\n{"a":NaN,"b":1}\n' >>in.ndjson
	gives kfilter . in.ndjson <in.ndjson
	gives kfilter '.a or true' in.ndjson <in.ndjson
	gives kfilter --engine jq . in.ndjson <in.ndjson
}

@test "a last line without its newline gets one" {
	printf '1\n2' >in.ndjson
	gives kfilter '. > 1' in.ndjson <<<2
}

@test "-R: the predicate sees each line as a string" {
	printf 'GET /a 200\n\nPOST /b 500\n{\nGET /c \xff\n' >in.ndjson
	gives kfilter -R 'startswith("GET")' in.ndjson <<-END
	GET /a 200
	GET /c $(printf '\xff')
	END
	gives kfilter -R '. == ""' in.ndjson <<<''
	gives kfilter -R -v '.' in.ndjson </dev/null
	gives kfilter -R . in.ndjson <in.ndjson
}

@test "-0: records end in NUL on both sides" {
	printf '{"a":\n1}\0{"a":null}\0{"a":2}' | kfilter -0 .a >got
	printf '{"a":\n1}\0{"a":2}\0' >want
	same_file want got
}

# --- Predicates ---

@test "comparisons of every type with every type" {
	records '{"a":null}' '{"a":false}' '{"a":true}' '{"a":-1}' '{"a":2.50}' '{"a":""}' \
		'{"a":"z"}' '{"a":[1]}' '{"a":{"b":1}}' '{}'
	need jq
	for value in null false true 2.5 '"m"' '[]' '{}'; do
		for op in == != '<' '<=' '>' '>='; do echo ".a $op $value"; done
	done >predicates
	# A line for each record, a column for each predicate.
	jq -r "[$(paste -s -d , predicates)] | join(\" \")" in.ndjson | paste -d '\t' - in.ndjson >truth
	column=0
	while read -r predicate; do
		column=$((column + 1))
		awk -F '\t' -v c=$column '{ split($1, t, " ") } t[c] == "true" { print $2 }' truth >want
		gives kfilter "$predicate" in.ndjson <want || fail "$predicate" || return
	done <predicates
	[ "$column" = 42 ]
}

@test "numbers are compared as numbers" {
	records '{"a":1}' '{"a":1.0}' '{"a":10e-1}' '{"a":"1"}' '{"a":9}' '{"a":10}' '{"a":1.5}'
	both '.a == 1' <<-'END'
	{"a":1}
	{"a":1.0}
	{"a":10e-1}
	END
	both '.a > 9' <<-'END'
	{"a":"1"}
	{"a":10}
	END
}

@test "and, or, not, //, in jq's order of precedence" {
	records '{"a":1,"b":2}' '{"a":null,"b":2}' '{"a":1}' '{"b":false}'
	both '.a and .b' <<<'{"a":1,"b":2}'
	both '.a == null and .b == 2 or .b == false' <<-'END'
	{"a":null,"b":2}
	{"b":false}
	END
	both '.b // .a == 1' <<-'END'
	{"a":1,"b":2}
	{"a":null,"b":2}
	{"a":1}
	END
	both '(.a and .b) | not' <<-'END'
	{"a":null,"b":2}
	{"a":1}
	{"b":false}
	END
}

@test "arithmetic, a minus before a product too" {
	records '{"a":12,"b":4}' '{"a":0.1,"b":0.2}'
	both '.a / .b == 3' <<<'{"a":12,"b":4}'
	both '.a + .b == 0.3' </dev/null
	both '.a + .b == 0.30000000000000004' <<<'{"a":0.1,"b":0.2}'
	both '0 - .a / 3 == -4' <<<'{"a":12,"b":4}'
	both '(-.a) * 2 < -20' <<<'{"a":12,"b":4}'
	both '.a % 5 == 2' <<<'{"a":12,"b":4}'
}

@test "paths: nested, quoted, optional" {
	records '{"a":{"b":{"c":1}},"x y":{"z":2}}' '{"a":null}' '{"\u0061":{"b":{"c":1}}}'
	both '.a.b.c == 1' <<-'END'
	{"a":{"b":{"c":1}},"x y":{"z":2}}
	{"\u0061":{"b":{"c":1}}}
	END
	both '."x y".z' <<<'{"a":{"b":{"c":1}},"x y":{"z":2}}'
	both '.a."b"?.c?' <<-'END'
	{"a":{"b":{"c":1}},"x y":{"z":2}}
	{"\u0061":{"b":{"c":1}}}
	END
}

@test "of a repeated key the last counts, with all below it" {
	records '{"a":1,"a":2}' '{"a":{"b":1},"a":{}}' '{"a":{"b":1},"a":{"b":2}}'
	both '.a == 2' <<<'{"a":1,"a":2}'
	records '{"a":{"b":1},"a":{}}' '{"a":{"b":1},"a":{"b":2}}'
	both '.a.b' <<<'{"a":{"b":1},"a":{"b":2}}'
}

@test "any program of jq is a predicate" {
	records '{"tags":["a","b"],"n":3}' '{"tags":[],"n":7}' '{"tags":["b"],"n":1}'
	both '.tags | index("b")' <<-'END'
	{"tags":["a","b"],"n":3}
	{"tags":["b"],"n":1}
	END
	both 'any(.tags[]; . == "a") and (.n | . > 2)' <<<'{"tags":["a","b"],"n":3}'
	gives kfilter --arg t b --argjson m '[3,7]' '(.tags[0] == $t) or ($m | index(3) and false)' \
		in.ndjson <<<'{"tags":["b"],"n":1}'
}

@test "-f: the predicate comes from a file" {
	records 1 2 3
	printf '# more than one\n. > 1\n' >prog.jq
	gives kfilter -f prog.jq in.ndjson <<-'END'
	2
	3
	END
}

# --- Engines ---

@test "--engine native refuses what is outside its subset" {
	records '{"a":1}'
	gives kfilter --engine native '.a + 1 == 2' in.ndjson <in.ndjson
	misused '.a | explode: outside the native subset' --engine native '.a | explode'
}

@test "a record that the plan is not sure of is libjq's" {
	printf '%s\n' '{"a":NaN,"b":1}' '{"a":1}' '{"a":"\ud83d\ude00"}' >in.ndjson
	printf '{"a":"\xff"}\n' >>in.ndjson
	for engine in auto native jq; do
		run --separate-stderr kfilter --engine $engine '.a == 1' in.ndjson
		assert_output '{"a":1}'
		assert_status 0
	done
	kfilter --stats .a in.ndjson >/dev/null 2>stats
	kmap '[.in, .native]' stats >got
	same_text '[4,2]' "$(cat got)"
}

# --- Errors ---

@test "an error of the predicate is a bad record" {
	records '{"a":1}' '{"a":"x"}' '{"a":3}'
	refuses '2: .a + 1 > 0: string ("x") and number (1) cannot be added' '.a + 1 > 0'
	assert_output '{"a":1}'
	run --separate-stderr kfilter --bad skip '.a + 1 > 0' in.ndjson
	assert_status 0
	assert_output $'{"a":1}\n{"a":3}'
	assert_stderr 'kfilter: 3 in, 2 used, 1 bad, 0 late'
}

@test "a bad record does not pass with -v" {
	records '{"a":1}' '{"a":' '{"a":null}'
	run --separate-stderr kfilter -v --bad skip .a in.ndjson
	assert_output '{"a":null}'
}

@test "bad JSON is bad where the path does not look" {
	records '{"a":1,"b":}'
	for engine in auto jq; do
		run --separate-stderr kfilter --engine $engine .a in.ndjson
		assert_status 1
		assert_output ''
		assert_match '^kfilter: in.ndjson:1: invalid JSON: ' "$stderr"
	done
}

@test "usage errors" {
	misused "missing operand: a jq program (try 'kfilter --help')"
	misused "unknown option '-z' (try 'kfilter --help')" -z .
	run --separate-stderr kfilter '.a ==' </dev/null
	assert_status 2
	assert_match '^kfilter: \.a ==: syntax error' "$stderr"
	run --separate-stderr kfilter '.a == 1 == 2' </dev/null
	assert_status 2
}

@test "when nothing passes that is no failure" {
	records 1
	gives kfilter '. > 1' in.ndjson </dev/null
}

@test "jq's letters -c and -r are taken" {
	records '"a"'
	gives kfilter -c -r . in.ndjson <<<'"a"'
}

# nested N OPEN CLOSE: a text of that depth.
nested()
{
	printf "%.0s$2" $(seq "$1")
	printf 1
	printf "%.0s$3" $(seq "$1")
	echo
}

@test "what is nested deep passes or is bad by libjq's limits, which versions set differently" {
	for n in 100 127 128 129 130 199 200 201 255 256 257; do
		nested "$n" '[' ']' >in.ndjson
		nested "$n" '{"a":' '}' >>in.ndjson
		for engine in jq auto; do
			rm -f bad.$engine
			kfilter --engine $engine --bad bad.$engine '.b or true' in.ndjson >out.$engine 2>err
		done
		same_file out.jq out.auto || fail "depth $n"
		[ ! -e bad.jq ] && [ ! -e bad.auto ] || same_file bad.jq bad.auto || fail "depth $n"
	done
}
