#!/usr/bin/env bats
# kuniq: keys, --within and lateness, memory.

load helper

@test "the first record of each key, byte for byte, in order" {
	cat >in <<-'END'
	{ "k":1,"n":1}
	{"k":"1","n":2}
	{"n":3, "k":1.0 }
	{"k":null,"n":4}
	{"n":5}
	{"k":[1,{"b":1,"a":2}],"n":6}
	{"k":[1.0,{"a":2,"b":1}],"n":7}
	{"k":false,"n":8}
	{"k":"","n":9}
	END
	sed -n '1p; 2p; 4p; 6p; 8p; 9p' in >want
	gives kuniq -g .k in <want
	need jq
	# jq's own equality, of the key's text with sorted members.
	jq -s -c -S 'reduce (map(.k)[] | tojson | fromjson) as $k ([]; if any(.[]; . == $k) then . else . + [$k] end) | .[]' \
		in >keys
	same_text "$(wc -l <keys)" "$(wc -l <want)"
}

@test "several keys together" {
	printf '{"a":%s,"b":%s}\n' 1 12 11 2 1 12 null 1 1 null >in
	sed 3d in >want
	gives kuniq -g .a -g .b in <want
	gives kuniq -g '[.a,.b]' in <want
}

@test "a million records as awk has them" {
	awk 'BEGIN { srand(1); for (i = 0; i < 300000; i++) printf "{\"k\":\"key %d\",\"i\":%d}\n", rand() * 50000, i }' >in
	awk -F'"' '!seen[$4]++' in >want
	gives kuniq -g .k in <want
	cat in | kuniq -g .k | same_file want -
	KPIPE_BLOCK=100 kuniq -g .k in | same_file want -
}

@test "-R: lines of text" {
	printf 'a\n\nb\na\n\n{\n' >in
	gives kuniq -R -g . in <<<$'a\n\nb\n{'
	gives kuniq -R -g length in <<<$'a\n'
}

@test "--within: a key comes back when the watermark is past its first time by more than that" {
	printf '{"k":"%s","t":%d}\n' a 100 a 105 b 110 a 110 b 111 a 110 a 112 b 121 b 122 c 123 >in
	# The watermark passes 100 + 10 with the fifth record: the sixth is a first one again. So does the ninth, for b.
	sed -n '1p; 3p; 6p; 9p; 10p' in >want
	gives kuniq -g .k --within 10s -T .t in <want
	# b's 110 is remembered until the watermark is above 120.
	printf '{"k":"b","t":%d}\n' 110 120 121 120 >in
	gives kuniq -g .k --within 10s -T .t in <<<$'{"k":"b","t":110}\n{"k":"b","t":120}'
}

@test "--within: what is late is counted, kept by --late, and does not pass" {
	printf '{"k":"%s","t":%d}\n' a 100 b 111 c 100 d 101 >in
	run --separate-stderr kuniq -g .k --within 10s -T .t --late late in
	same_text "$(sed 3d in)" "$output"
	assert_stderr 'kuniq: 4 in, 3 used, 0 bad, 1 late'
	sed -n 3p in | same_file - late
	# With a delay it is not.
	gives kuniq -g .k --within 10s -T .t --delay 1s in <in
}

@test "--within: a watermark for each partition" {
	printf '{"topic":"t","partition":%d,"timestamp":%d000,"key":"%s"}\n' 0 100 a 1 100 b 0 200 c 1 101 a 1 200 d 1 200 a >in
	sed 4d in >want
	gives kuniq -J -g .key --within 10s in <want
}

@test "--within -J: .timestamp is in ms, whatever its magnitude" {
	printf '{"topic":"t","partition":0,"timestamp":%s,"key":"a"}\n' 1000 2001 1713712245123 1713712245124 >in
	# The third is judged by the watermark of the second, 2001.
	gives kuniq -J -g .key --within 10s in < <(sed -n '1p;4p' in)
	gives kuniq -J -g .key --within 1s in < <(sed -n '1p;3p' in)
}

@test "--within: memory is that of the keys of its time" {
	[ "${KPIPE_SANITIZED:-}" != 1 ] || skip "a sanitizer needs its memory"
	# A million keys would need 50 MB and more.
	awk 'BEGIN { for (i = 0; i < 1000000; i++) printf "{\"k\":%d,\"t\":%d}\n", i, i }' |
		"$KPIPE_BUILDDIR/bench/peak" peak kuniq -g .k --within 1000s -T .t --time-unit s --stats >out 2>err
	same_text 1000000 "$(wc -l <out)"
	[ "$(cat peak)" -lt 16000 ] || fail "$(cat peak) KiB"
	[ "$(grep '^{' err | kmap .most_keys)" -lt 10000 ]
}

@test "--stats: keys that are held" {
	printf '{"k":%d}\n' 1 2 1 3 >in
	run --separate-stderr kuniq -g .k --stats in
	same_text '[3,3]' "$(kmap '[.keys,.most_keys]' <<<"$stderr")"
}

@test "what differs in its bytes does not count as equal" {
	printf '{"k":{"id":%s}}\n' 1145141919810893931 1145141919810893932 >in
	gives kuniq -g .k in <in
	gives kuniq -g . in <in
	run --separate-stderr kuniq -R -g . <(printf 'cafe\ncaf\xe9\ncaf\xe8\n')
	assert_status 1
	assert_output cafe
	assert_match ':2: the key is not UTF-8$' "$stderr"
	# U+FFFD itself is a character like others
	printf '"\xef\xbf\xbd"\n' >in
	gives kuniq -g . in in <in
}

@test "--tick: what the clock has shown is not taken back by a record" {
	fed()
	{
		echo '{"k":1,"t":100}'
		sleep 0.7
		# By now the watermark is at 100.6, or more: this one is late, and changes nothing.
		echo '{"k":2,"t":100.1}'
		echo '{"k":1,"t":105}'
	}
	run --separate-stderr kuniq -g .k --within 200ms -T .t --time-unit s --tick 100ms < <(fed)
	assert_output $'{"k":1,"t":100}\n{"k":1,"t":105}'
	assert_stderr 'kuniq: 3 in, 2 used, 0 bad, 1 late'
}

@test "mistakes" {
	mistake()
	{
		run --separate-stderr kuniq "${@:2}" </dev/null
		assert_status 2
		assert_match "$1" "$stderr"
	}
	mistake '-g EXPR is missing'
	mistake '-T EXPR is missing' -g .k --within 1s
	mistake '-T goes with --within' -g .k -T .t
	mistake '--late goes with --within' -g .k --late x
	for option in '--delay 5s' '--idle 5s' '--tick 5s' '--tz UTC' '--time-unit s' '--partitions 2'; do
		# shellcheck disable=SC2086
		mistake "^kuniq: ${option% *} goes with --within " -g .k -J $option
	done
	# What it says of the records stays.
	echo '{"key":1}' >in
	gives kuniq -g .key -J in <in
	mistake '--idle must be more than 0' -g .k --within 1s -J --idle 0s
	mistake '--time-unit ns goes with -T: the .timestamp of -J is in ms' -g .k --within 1s -J --time-unit ns
	mistake '--idle goes with -J' -g .k --within 1s -T .t --idle 5s
	mistake '--partitions goes with -J' -g .k --within 1s -T .t --partitions 2
	mistake "'h' is none of s, ms, us, ns" -g .k --within 1s -T .t --time-unit h
	mistake '.k .: ' -g '.k |'
}
