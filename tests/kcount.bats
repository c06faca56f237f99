#!/usr/bin/env bats
# kcount: aggregates per group over the whole input.

load helper

# records LINE...: writes in.ndjson.
records()
{
	printf '%s\n' "$@" >in.ndjson
}

# Wrong command lines: status 2, nothing printed, the message.
misused()
{
	local want=$1
	shift
	run --separate-stderr kcount "$@" </dev/null
	assert_status 2
	assert_output ''
	assert_stderr "kcount: $want"
}

# Status 1, no rows, and this message for in.ndjson.
refuses()
{
	local want=$1
	shift
	run --separate-stderr kcount "$@" in.ndjson
	assert_status 1
	assert_output ''
	assert_stderr "kcount: in.ndjson:$want"
}

# --- Groups ---

@test "records are counted per key, first seen first" {
	records '{"k":"b"}' '{"k":"a"}' '{"k":"b"}' '{"k":"c"}' '{"k":"a"}' '{"k":"b"}'
	gives kcount -g .k in.ndjson <<-'END'
	{"k":"b","count":3}
	{"k":"a","count":2}
	{"k":"c","count":1}
	END
}

@test "numbers of any length are groups, with all their digits" {
	records '{"k":12345678901234567890123456789012345678901}' \
		'{"k":12345678901234567890123456789012345678902}' '{"k":1e40}' \
		'{"k":1234567890123456789012345678901234567890.20e1}' \
		'{"k":10000000000000000000000000000000000000000}' \
		'{"k":[0.1234567890123456789012345678901234567890123]}'
	gives kcount -g .k in.ndjson <<-'END'
	{"k":12345678901234567890123456789012345678901,"count":1}
	{"k":12345678901234567890123456789012345678902,"count":2}
	{"k":1e+40,"count":2}
	{"k":[0.1234567890123456789012345678901234567890123],"count":1}
	END
	head -n 4 in.ndjson >four.ndjson
	gives kcount -a 'd=distinct(.k),s=collect_set(.k)' four.ndjson <<-'END'
	{"d":3,"s":[12345678901234567890123456789012345678901,12345678901234567890123456789012345678902,1e+40]}
	END
}

@test "what is only passed on keeps its digits, in objects too" {
	records '{"id":1234567890123456789,"t":1}' '{"id":1234567890123456788,"t":0}'
	gives kcount -a 'f=first(.), l=last(.), fb=first_by(.; .t), lb=last_by(.; .t)' in.ndjson <<-'END'
	{"f":{"id":1234567890123456789,"t":1},"l":{"id":1234567890123456788,"t":0},"fb":{"id":1234567890123456788,"t":0},"lb":{"id":1234567890123456789,"t":1}}
	END
	gives kcount -a 'c=collect([.id]), t=top_by(1; {id}; .t), m=mode(.), i=min_by(.; .t), a=max_by({a:[.id]}; .t)' \
		in.ndjson <<-'END'
	{"c":[[1234567890123456789],[1234567890123456788]],"t":[{"id":1234567890123456789}],"m":{"id":1234567890123456789,"t":1},"i":{"id":1234567890123456788,"t":0},"a":{"a":[1234567890123456789]}}
	END
	printf '%s\n' id,t 1234567890123456789,1 >in.csv
	gives csvagg --json -a 'l=last(.)' in.csv <<<'{"l":{"id":1234567890123456789,"t":1}}'
	head -n 1 in.ndjson >one.ndjson
	gives kwindow --tumble 1s -T .t -a 'l=last(.)' one.ndjson <<-'END'
	{"window_start":"1970-01-01T00:00:01.000Z","window_end":"1970-01-01T00:00:02.000Z","l":{"id":1234567890123456789,"t":1}}
	END
}

@test "groups of several keys" {
	records '{"a":1,"b":"x"}' '{"a":1,"b":"y"}' '{"a":1,"b":"x"}' '{"a":2,"b":"x"}'
	gives kcount -g .a -g .b in.ndjson <<-'END'
	{"a":1,"b":"x","count":2}
	{"a":1,"b":"y","count":1}
	{"a":2,"b":"x","count":1}
	END
}

@test "without -g there is one row, also of nothing" {
	records 1 2 3
	gives kcount in.ndjson <<<'{"count":3}'
	gives kcount /dev/null <<<'{"count":0}'
	gives kcount -a 'count, count(.), sum(.), avg(.), min(.), collect(.), distinct(.)' \
		/dev/null <<-'END'
	{"count":0,"count(.)":0,"sum(.)":null,"avg(.)":null,"min(.)":null,"collect(.)":[],"distinct(.)":0}
	END
	gives kcount -w 'false' in.ndjson <<<'{"count":0}'
}

@test "with -g there is no row of nothing" {
	gives kcount -g .k /dev/null </dev/null
	records '{"k":1}'
	gives kcount -g .k -w 'false' in.ndjson </dev/null
}

@test "null and missing are one group" {
	records '{"k":null}' '{"k":"null"}' '{}' '{"k":""}' '{"x":{"k":1}}'
	gives kcount -g .k in.ndjson <<-'END'
	{"k":null,"count":3}
	{"k":"null","count":1}
	{"k":"","count":1}
	END
}

@test "numbers are one group when they are equal, and no group with texts" {
	records '{"k":1}' '{"k":1.0}' '{"k":"1"}' '{"k":10e-1}' '{"k":true}' '{"k":-0}' '{"k":0.0}'
	gives kcount -g .k in.ndjson <<-'END'
	{"k":1,"count":3}
	{"k":"1","count":1}
	{"k":true,"count":1}
	{"k":0,"count":2}
	END
}

@test "arrays and objects are keys, whatever the order of their members" {
	records '{"k":{"a":1,"b":[2]}}' '{"k":{"b":[ 2.0 ],"a":1}}' '{"k":[1,2]}' '{"k":[2,1]}'
	gives kcount -g .k in.ndjson <<-'END'
	{"k":{"a":1,"b":[2]},"count":2}
	{"k":[1,2],"count":1}
	{"k":[2,1],"count":1}
	END
}

@test "texts are the same however they are escaped" {
	records '{"k":"\u00e9/"}' "$(printf '{"k":"\xc3\xa9\\/"}')"
	gives kcount -g .k in.ndjson <<-END
	{"k":"$(printf '\xc3\xa9')/","count":2}
	END
}

@test "a key is any program with one result" {
	records '{"t":"2025-04-21T14:07:59Z","u":"Ann"}' '{"t":"2025-04-21T23:00:00Z","u":"ann"}' \
		'{"t":"2025-04-22T00:00:00Z","u":"ANN"}'
	gives kcount -g 'day=.t[:10]' -g 'who=.u | ascii_downcase' in.ndjson <<-'END'
	{"day":"2025-04-21","who":"ann","count":2}
	{"day":"2025-04-22","who":"ann","count":1}
	END
	refuses '1: .t, .u: two results where one is due' -g '.t, .u'
	gives kcount -g 'x=empty' in.ndjson <<<'{"x":null,"count":3}'
}

@test "-w and where hold when any result does, as in kfilter" {
	records '{"n":1,"w":[false,true]}' '{"n":2,"w":[null,false]}' '{"n":3,"w":[]}' \
		'{"n":4,"w":[0]}' '{"n":5,"w":[1,2]}'
	# By a plan as well as by libjq.
	for w in '.w[]' '.n == (1, 4, 5)' '.n as $n | [1, 4, 5][] | . == $n' '.w[0] // .w[1]'; do
		gives kcount -w "$w" -a 'c=collect(.n)' in.ndjson <<<"{\"c\":[$(
			kfilter "$w" in.ndjson | jq .n | paste -s -d,
		)]}"
		gives kcount -a "c=collect(.n) where $w" in.ndjson <<<'{"c":[1,4,5]}'
		gives kcount --upsert .n -w "$w" -a 's=sum(.n)' in.ndjson <<<'{"s":10}'
	done
	records '{"w":"x"}' '{"w":0}' '{"w":true}' '{"w":null}' '{"w":false}' '{}' '{"w":{}}'
	gives kcount -w .w -a 'count, n=count where .w' in.ndjson <<<'{"count":4,"n":4}'
	# What comes behind the first that holds is not asked for.
	records '{"w":[1]}'
	gives kcount -w '.w[], error("later")' in.ndjson <<<'{"count":1}'
	refuses '1: false, error("first"): first' -w 'false, error("first")'
}

# --- Names ---

@test "a key is named after the last name of its path, or key" {
	records '{"a":{"b":1,"x y":2}}'
	gives kcount -g .a.b -g '.a."x y"' -g '.a.b + 1' in.ndjson <<-'END'
	{"b":1,"x y":2,"key":2,"count":1}
	END
	gives kcount -g 'n=.a.b' -g '.a.b == 1' in.ndjson <<<'{"n":1,"key":true,"count":1}'
	gives kcount -g . in.ndjson <<<'{"key":{"a":{"b":1,"x y":2}},"count":1}'
}

@test "an aggregate is named, or by its text" {
	records '{"p":2}' '{"p":3}'
	gives kcount -a 'n=count, total = sum(.p),max(.p)' -a 'sum( .p )' in.ndjson <<-'END'
	{"n":2,"total":5,"max(.p)":3,"sum( .p )":5}
	END
}

@test "two equal names are refused" {
	misused "two results are named 'b' (name one: NAME=...)" -g .b -g .a.b
	misused "two results are named 'key' (name one: NAME=...)" -g . -g '.[0]'
	misused "two results are named 'count' (name one: NAME=...)" -g .count
	misused "count: two results have the name 'count': give one another, NAME=count" \
		-a count -a count
	records '{"a":{"b":1},"b":2}'
	gives kcount -g .b -g c=.a.b in.ndjson <<<'{"b":2,"c":1,"count":1}'
}

# --- Aggregates ---

@test "sums are exact" {
	for i in 1 2 3 4 5 6 7 8 9; do echo '{"v":0.1}'; done >in.ndjson
	gives kcount -a 's=sum(.v), a=avg(.v)' in.ndjson <<<'{"s":0.9,"a":0.1}'
	records '{"p":19.99,"q":3}' '{"p":0.01,"q":7}'
	gives kcount -a 'sum(.p * .q), sum(.p + .q), sum(-.p)' in.ndjson <<-'END'
	{"sum(.p * .q)":60.04,"sum(.p + .q)":30,"sum(-.p)":-20}
	END
	records '{"v":9007199254740993}' '{"v":0.5}' '{"v":1e20}'
	gives kcount -a 's=sum(.v)' in.ndjson <<<'{"s":100009007199254740993.5}'
}

@test "a product, sum or number past 128 bits is counted as inexact" {
	printf '%s\n' '{"a":1.2345678901234567890123,"b":1.2345678901234567890123,"n":1}' >in
	run --separate-stderr kcount --stats \
		-a 's=sum(.a * .b), m=max(.a * .b + 1), q=p50(.a * .b), e=sum(.a), f=sum(.a / .b)' in
	assert_output <<-'END'
	{"s":1.5241578753238834,"m":2.5241578753238834,"q":1.5241578753238834,"e":1.2345678901234567890123,"f":1}
	END
	assert_match '"inexact":3,' "$stderr"
	echo '{"a":0.123456789012345678901234567890123456789012}' >in
	run --separate-stderr kcount -a 's=sum(.a)' --stats in
	assert_output '{"s":0.12345678901234568}'
	assert_match '"inexact":1,' "$stderr"
}

@test "quantiles of decimals are exact" {
	printf '{"a":%s}\n' 0.1 0.2 >in
	gives kcount -a 'm=median(.a), p=p99.9(.a)' in <<<'{"m":0.15,"p":0.1999}'
	printf '{"a":%s}\n' 9007199254740995 9007199254740993 9007199254740993 >in
	gives kcount -a 'm=median(.a), p=p100(.a)' in <<<'{"m":9007199254740993,"p":9007199254740995}'
}

@test "what is not a finite number is a bad record where an aggregate asks for it" {
	local number
	for number in NaN nan; do
		run --separate-stderr kcount -a 'n=sum(.a * 2)' <<<"{\"a\":$number}"
		assert_status 1
		assert_stderr 'kcount: stdin:1: sum(.a * 2): NaN is not a number'
	done
	for number in NaN Infinity 1e400 -1e999; do
		run --separate-stderr kcount -a 'n=count(.a)' <<<"{\"a\":$number}"
		assert_status 1
		assert_stderr 'kcount: stdin:1: count(.a): NaN, or a number beyond what a double holds'
	done
	run --separate-stderr kcount -a 'm=max(.a | log)' <<<'{"a":-1}'
	assert_status 1
	assert_stderr 'kcount: stdin:1: max(.a | log): NaN is not a number'
	echo '{"a":NaN,"b":3}' >in
	gives kcount -a 'n=sum(.b)' in <<<'{"n":3}'
}

@test "objects are one value, whatever the order of their members, where values are compared" {
	printf '%s\n' '{"o":{"b":1,"a":2}}' '{"o":{"a":2.0,"b":1}}' '{"o":[1]}' >in
	gives kcount -a 'n=distinct(.o), m=mode(.o), s=collect_set(.o), f=first(.o)' in <<-'END'
	{"n":2,"m":{"a":2,"b":1},"s":[{"a":2,"b":1},[1]],"f":{"b":1,"a":2}}
	END
	# Where they are not, they are as jq prints them: 2.0 as 2, or as 2.0 since 1.7.
	need jq
	jq -c -s '{l: map(.o)}' in >want
	gives kcount -a 'l=collect(.o)' in <want
}

@test "null is skipped, in sums and in what they are of" {
	records '{"p":1,"q":2}' '{"p":null,"q":2}' '{"p":3}' '{"p":4,"q":5}'
	gives kcount -a 'count, count(.q), sum(.p), avg(.p), sum(.p * .q), sum(.p + .q)' in.ndjson <<-'END'
	{"count":4,"count(.q)":3,"sum(.p)":8,"avg(.p)":2.6666666666666665,"sum(.p * .q)":22,"sum(.p + .q)":12}
	END
}

@test "where: an aggregate of some records" {
	records '{"p":1}' '{"p":20}' '{"p":null}' '{"p":30}'
	gives kcount -a 'n=count where .p < 10, s=sum(.p) where .p >= 20' \
		-a 'count(select(.p > 10))' in.ndjson <<<'{"n":2,"s":50,"count(select(.p > 10))":2}'
}

@test "-w: only records for which it holds make groups" {
	records '{"k":"a","v":1}' '{"k":"b","v":2}' '{"k":"a","v":3}'
	gives kcount -g .k -w '.v > 1' in.ndjson <<-'END'
	{"k":"b","count":1}
	{"k":"a","count":1}
	END
}

@test "a text where a number is due is a bad record" {
	records '{"v":1}' '{"v":"2"}' '{"v":3}'
	refuses '2: sum(.v): "2" is not a number' -a 'sum(.v)'
	run --separate-stderr kcount --bad skip -a 'count, sum(.v)' in.ndjson
	assert_status 0
	assert_output '{"count":2,"sum(.v)":4}'
	assert_stderr 'kcount: 3 in, 2 used, 1 bad, 0 late'
	refuses '2: .v * 2: "2" is not a number' -a 'sum(.v * 2)'
}

@test "a bad record leaves no trace in any aggregate or group" {
	records '{"k":1,"a":1,"b":1}' '{"k":2,"a":2,"b":"x"}' '{"k":1,"a":4,"b":"x"}'
	run --separate-stderr kcount --bad skip -g .k -a 'sum(.a), sum(.b), collect(.b)' in.ndjson
	assert_output '{"k":1,"sum(.a)":1,"sum(.b)":1,"collect(.b)":[1]}'
}

@test "what -w and where do not ask for need not be numbers" {
	records '{"v":1}' '{"v":"x"}'
	gives kcount -w '.v == 1' -a 'sum(.v)' in.ndjson <<<'{"sum(.v)":1}'
	gives kcount -a 'sum(.v) where .v == 1' in.ndjson <<<'{"sum(.v) where .v == 1":1}'
}

@test "first and last go by the input, with any number of threads" {
	seq 100000 | sed 's/.*/{"v":&}/' >in.ndjson
	for j in 1 2 3; do
		gives kcount -j $j -a 'first(.v), last(.v), min_by(.v; -.v)' in.ndjson <<-'END'
		{"first(.v)":1,"last(.v)":100000,"min_by(.v; -.v)":100000}
		END
	done
}

@test "wrong aggregates are refused before any input" {
	misused "sun(.v): unknown function 'sun'; did you mean 'sum'?" -a 'sun(.v)'
	misused "sum: it is sum(E)" -a sum
	run --separate-stderr kcount -a 'sum(.v |)' missing-file
	assert_status 2
	assert_match '^kcount: \.v \|: syntax error' "$stderr"
	run --separate-stderr kcount -g '.v |' missing-file
	assert_status 2
}

# --- Raw lines ---

@test "-R: lines of text are counted" {
	printf 'b\na\nb\n\nb' >in.txt
	gives kcount -R -g line=. in.txt <<-'END'
	{"line":"b","count":3}
	{"line":"a","count":1}
	{"line":"","count":1}
	END
	gives kcount -R -g 'n=length' in.txt <<-'END'
	{"n":1,"count":4}
	{"n":0,"count":1}
	END
	printf 'GET 200\nPUT 500\nGET 404\n' >in.txt
	gives kcount -R -g 'm=split(" ")[0]' in.txt <<-'END'
	{"m":"GET","count":2}
	{"m":"PUT","count":1}
	END
}

@test "bytes that are not UTF-8 are no key, and may be elsewhere" {
	printf 'ok\na\xff\n' >in.ndjson
	refuses '2: the key is not UTF-8' -R -g .
	printf 'a\xff\na\xfe\nok\na\xef\xbf\xbd\n' >in.ndjson
	run --separate-stderr kcount -R -g . --bad skip in.ndjson
	assert_output $'{"key":"ok","count":1}\n{"key":"a\xef\xbf\xbd","count":1}'
	assert_match ' 2 bad' "$stderr"
	gives kcount -R -g length in.ndjson <<<$'{"key":2,"count":4}'
	# U+FFFD in the key, and other bytes beside it
	printf '{"k":"\xef\xbf\xbd","v":"\xff"}\n{"k":["\xff"],"v":1}\n{"k":"\xef\xbf\xbd","v":2}\n' >in.ndjson
	refuses '2: the key is not UTF-8' -g .k
	refuses '1: the key is not UTF-8' -g '{v}'
	run --separate-stderr kcount -j 2 -g .k -a 'last(.v)' --bad skip in.ndjson
	assert_output $'{"k":"\xef\xbf\xbd","last(.v)":2}'
	gives kcount -w '.v == 2' -g .k in.ndjson <<<$'{"k":"\xef\xbf\xbd","count":1}'
	gives kcount -g '.k|type' -a 'l=collect(.v)' in.ndjson < <(
		printf '{"key":"string","l":["\xef\xbf\xbd",2]}\n{"key":"array","l":[1]}\n'
	)
	printf '{"k":"\xff","t":1}\n' >in.ndjson
	refuses '1: the key is not UTF-8' --upsert .k
	run --separate-stderr kwindow --tumble 1s -T .t -g .k in.ndjson
	assert_status 1
	assert_output ''
	assert_stderr 'kwindow: in.ndjson:1: the key is not UTF-8'
}

@test "-0: records and rows end in NUL" {
	printf '1\0\n2\0001' | kcount -0 -g k=. >got
	printf '{"k":1,"count":2}\0{"k":2,"count":1}\0' >want
	same_file want got
}

# --- --every ---

@test "--every 0s: each change at once" {
	records '{"k":"a"}' '{"k":"b"}' '{"k":"a"}'
	gives kcount --every 0s -g .k in.ndjson <<-'END'
	{"k":"a","count":1}
	{"k":"b","count":1}
	{"k":"a","count":2}
	END
	gives kcount --every 0s -g .k -a 'n=count' -w '.k == "a"' in.ndjson <<-'END'
	{"k":"a","n":1}
	{"k":"a","n":2}
	END
}

@test "--every 0s: the mode of very many values after each, of equally frequent ones the first" {
	# Half of them come once, the others again and again.
	awk -v n="$(fewer 400000)" 'BEGIN { for (i = 0; i < n; i++) print (i % 2 ? i : i * i / 4 % 1009 * 2) }' >in
	awk '{
		if (!n[$1]++)
			first[$1] = NR
		if (n[$1] > n[mode] || n[$1] == n[mode] && first[$1] < first[mode])
			mode = $1
		print mode
	}' mode=-1 in >want
	[ "$(uniq want | wc -l)" -gt 100 ] || fail "it hardly changes"
	kcount --every 0s -a 'm=mode(.)' in >rows
	jq .m rows >got
	same_file want got
}

@test "--every: at the end what is unsent, the last version of each row" {
	records '{"k":"a"}' '{"k":"b"}' '{"k":"a"}'
	gives kcount --every 1h -g .k in.ndjson <<-'END'
	{"k":"a","count":2}
	{"k":"b","count":1}
	END
	gives kcount --every 1h -g .k /dev/null </dev/null
}

@test "--every: rows come by the clock, also while idle, and only changed ones" {
	mkfifo in out
	exec 7<>in 8<>out
	kcount --every 50ms -g .k <in >out 7>&- 8>&- &
	echo '{"k":"a"}' >&7
	read -r -t 10 -u 8 row
	same_text '{"k":"a","count":1}' "$row"
	echo '{"k":"b"}' >&7
	read -r -t 10 -u 8 row
	same_text '{"k":"b","count":1}' "$row"
	printf '{"k":"a"}\n{"k":"a"}\n' >&7
	read -r -t 10 -u 8 row
	# One row or two, as the clock falls; the last is this.
	[ "$row" = '{"k":"a","count":3}' ] || read -r -t 10 -u 8 row
	same_text '{"k":"a","count":3}' "$row"
	exec 7>&-
	wait $!
	# Nothing was left to send.
	run -142 read -r -t 0.1 -u 8 row
}

@test "--every: a bad record stops it, with what came before" {
	records '{"k":"a"}' '{"k"' '{"k":"b"}'
	run --separate-stderr kcount --every 0s -g .k in.ndjson
	assert_status 1
	assert_output '{"k":"a","count":1}'
	assert_match '^kcount: in.ndjson:2: invalid JSON' "$stderr"
	run --separate-stderr kcount --every 1h -g .k in.ndjson
	assert_status 1
	assert_output ''
}

# --- Usage ---

@test "usage errors" {
	misused "--every: '1' is not a duration (like 500ms, 5s, 1m30s, 2h, 1d) (try 'kcount --help')" \
		--every 1
	misused "unknown option '--nope' (try 'kcount --help')" --nope
	misused "--group-by needs an argument: [NAME=]EXPR (try 'kcount --help')" -g
}

@test "--help lists the aggregates" {
	run kcount --help
	assert_status 0
	for fn in count sum avg min max stddev median distinct first last collect top; do
		grep -Eq "^  $fn[[(]" <<<"$output" || fail "no $fn"
	done
}

@test "NaN, which libjq reads, is compared and divided as jq does it" {
	printf '%s\n' '{"g":1,"a":1,"b":NaN}' '{"g":2,"a":NaN,"b":1}' >in.ndjson
	for program in '.a <= .b' '.a < .b' '.a == .b' '.a > .b' '.a / .b == 0'; do
		kmap "{g, x: ($program)}" in.ndjson >want
		gives kcount -g .g -a "x=all($program)" in.ndjson <want || fail "$program" || return
	done
}
