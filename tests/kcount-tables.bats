#!/usr/bin/env bats
# kcount over what changes: --upsert, --ttl, --suppress, --having.

load helper

records()
{
	printf '%s\n' "$@" >in.ndjson
}

misused()
{
	local want=$1
	shift
	run --separate-stderr kcount "$@" </dev/null
	assert_status 2
	assert_output ''
	assert_stderr "kcount: $want (try 'kcount --help')"
}

@test "--upsert: a row takes the place of the last one of its key" {
	records '{"id":1,"city":"A","n":5}' '{"id":2,"city":"A","n":7}' '{"id":1,"city":"B","n":6}' '{"id":1,"city":"B","n":null}'
	gives kcount --upsert .id -g .city -a 'count, s=sum(.n), avg(.n), big=count where .n > 5' in.ndjson <<-'END'
	{"city":"A","count":1,"s":7,"avg(.n)":7,"big":1}
	{"city":"B","count":1,"s":null,"avg(.n)":null,"big":0}
	END
	gives kcount --upsert .id -g .city --every 0s in.ndjson <<-'END'
	{"city":"A","count":1}
	{"city":"A","count":2}
	{"city":"A","count":1}
	{"city":"B","count":1}
	{"city":"B","count":1}
	END
	# A group of no rows, as SQL has it.
	gives kcount --upsert .id -g .city --every 0s --having '.count > 1' in.ndjson <<-'END'
	{"city":"A","count":2}
	{"city":"A","$delete":true}
	END
}

@test "--upsert: what is deleted, and what -w leaves out, counts no more" {
	records '{"id":1,"g":"x"}' '{"id":2,"g":"x"}' '{"id":1,"$delete":true}' '{"id":3,"$delete":true}' '{"id":2,"g":"y","off":1}'
	gives kcount --upsert .id -g .g -w '.off != 1 # off' in.ndjson <<<'{"g":"x","count":0}'
	records '{"topic":"t","partition":0,"key":"1","value":{"g":"x"}}' '{"topic":"t","partition":0,"key":"2","value":{"g":"x"}}' \
		'{"topic":"t","partition":0,"key":"1","value":null}' '{"topic":"t","partition":0,"key":"2","value_text":""}'
	gives kcount -J --upsert .key -g .value.g in.ndjson <<-'END'
	{"g":"x","count":0}
	{"g":null,"count":1}
	END
}

@test "--upsert: of numbers past 128 bits nothing is left when they are gone" {
	local big=170000000000000000000000000000000000000 gone='{"k":1,"$delete":true} {"k":2,"$delete":true}' v
	for v in 1000000 1 0.1; do
		# shellcheck disable=SC2086
		records "{\"k\":1,\"v\":$big}" "{\"k\":2,\"v\":$big}" "{\"k\":3,\"v\":$v}" $gone
		gives kcount --upsert .k -a 's=sum(.v), a=avg(.v), count' in.ndjson <<<"{\"s\":$v,\"a\":$v,\"count\":1}"
	done
	records '{"k":1,"v":1e39}' '{"k":3,"v":0.1}' '{"k":1,"v":0.2}'
	gives kcount --upsert .k -a 's=sum(.v)' in.ndjson <<<'{"s":0.3}'
	gives kcount -a 's=sum(.v)' in.ndjson <<<'{"s":1e+39}'
	records '{"v":1e308}' '{"v":1e308}'
	gives kcount -a 'a=avg(.v), s=sum(.v)' in.ndjson <<<'{"a":1e+308,"s":1.7976931348623157e+308}'
}

@test "--upsert: a record that is no object is a row" {
	records '"a"' '1' '[2]' '"a"' 'null'
	gives kcount --upsert 'tojson' -g 'type=type' in.ndjson <<-'END'
	{"type":"string","count":1}
	{"type":"number","count":1}
	{"type":"array","count":1}
	{"type":"null","count":1}
	END
	records '"a"'
	run --separate-stderr kcount -J --upsert .key in.ndjson
	assert_status 1
	assert_match '^kcount: in.ndjson:1: .key: ' "$stderr"
}

@test "--upsert folds what --every prints" {
	need jq
	seq 500 | jq -c '{id:(. * 7919 % 50),g:(. * 31 % 7),v:(. % 13)}' >in.ndjson
	kcount --upsert .id -g .g -a 'n=count, s=sum(.v)' in.ndjson | sort >got
	jq -sc 'group_by(.id) | map(last) | group_by(.g)[] | {g:.[0].g, n:length, s:(map(.v)|add)}' in.ndjson | sort >want
	kcount --upsert .id -g .g -a 'n=count, s=sum(.v)' --having '.n > 0' in.ndjson | sort >some
	same_file want some
	kcount --upsert .id -g .g -a 'n=count, s=sum(.v)' --every 0s in.ndjson | tac | jq -sc 'unique_by(.g)[]' | sort >last
	jq -sc 'reverse | unique_by(.g)[]' <(kcount --upsert .id -g .g -a 'n=count, s=sum(.v)' --every 0s in.ndjson) | sort >folded
	same_file got folded
}

@test "--upsert of upserts: what one kcount prints, the next one reads" {
	records '{"id":1,"city":"A"}' '{"id":2,"city":"A"}' '{"id":3,"city":"B"}' '{"id":2,"city":"B"}' '{"id":1,"city":"B"}'
	# How many cities have how many people.
	kcount --upsert .id -g .city --every 0s --having '.count > 0' in.ndjson >cities.ndjson
	gives kcount --upsert .city -g people=.count -a cities=count --having '.cities > 0' cities.ndjson <<<'{"people":3,"cities":1}'
}

@test "--ttl: a group without records is forgotten, by event time" {
	records '{"t":1,"k":"a"}' '{"t":2,"k":"b"}' '{"t":4,"k":"a"}' '{"t":7.5,"k":"c"}' '{"t":8,"k":"b"}'
	gives kcount -T .t --ttl 5s -g .k --every 0s in.ndjson <<-'END'
	{"k":"a","count":1}
	{"k":"b","count":1}
	{"k":"a","count":2}
	{"k":"c","count":1}
	{"k":"b","$delete":true}
	{"k":"b","count":1}
	END
	gives kcount -T .t --ttl 5s -g .k in.ndjson <<-'END'
	{"k":"a","count":2}
	{"k":"c","count":1}
	{"k":"b","count":1}
	END
}

@test "--ttl: a group whose only record has expired when it comes is forgotten at once" {
	records '{"t":7,"k":"a"}' '{"t":1,"k":"b"}' '{"t":2.1,"k":"c"}' '{"t":1,"k":"a"}'
	printf '%s\n' '{"k":"a","count":1}' '{"k":"c","count":1}' '{"k":"a","count":2}' >want
	gives kcount -T .t --ttl 5s -g .k --every 0s in.ndjson <want
	printf '%s\n' '{"k":"a","count":2}' '{"k":"c","count":1}' >want
	gives kcount -T .t --ttl 5s -g .k --every 1h in.ndjson <want
	gives kcount -T .t --ttl 5s -g .k in.ndjson <want
}

@test "--ttl: by the clock" {
	mkfifo in out
	kcount --ttl 300ms -g .k --every 0s <in >out 3>&- &
	exec 5>in 6<out
	echo '{"k":1}' >&5
	read -r -t 10 line <&6
	same_text '{"k":1,"count":1}' "$line"
	read -r -t 10 line <&6
	same_text '{"k":1,"$delete":true}' "$line"
	echo '{"k":1}' >&5
	read -r -t 10 line <&6
	same_text '{"k":1,"count":1}' "$line"
	exec 5>&- 6<&-
	wait
}

@test "--suppress: once event time has moved on from the first change" {
	records '{"t":1,"k":"a"}' '{"t":2,"k":"a"}' '{"t":2,"k":"b"}' '{"t":3,"k":"a"}' '{"t":4,"k":"a"}'
	gives kcount -T .t --suppress 2s -g .k in.ndjson --keep-open <<-'END'
	{"k":"a","count":3}
	{"k":"b","count":1}
	END
	gives kcount -T .t --suppress 2s -g .k in.ndjson <<-'END'
	{"k":"a","count":3}
	{"k":"b","count":1}
	{"k":"a","count":4}
	END
}

@test "--suppress: --tick and --idle move time on where no input comes" {
	mkfifo in
	kcount -T .t --time-unit s --suppress 900ms --tick 100ms --keep-open >out <in 3>&- &
	exec 5>in
	echo '{"t":1}' >&5
	sleep 0.2
	[ ! -s out ]
	eventually 10 test -s out
	exec 5>&-
	wait
	same_text '{"count":1}' "$(cat out)"
	kcount -J --suppress 10s --idle 300ms --keep-open >out <in 3>&- &
	exec 5>in
	printf '{"topic":"t","partition":%s,"timestamp":%s}\n' 0 1000 1 2000 1 60000 >&5
	eventually 10 test -s out
	exec 5>&-
	wait
	same_text '{"count":3}' "$(cat out)"
}

@test "--suppress: what changed before there was a watermark counts from the first one" {
	envelopes() { printf '{"topic":"t","partition":%s,"timestamp":%s}\n' "$@" >in.ndjson; }
	envelopes 0 1000 1 2000 1 3000
	gives kcount -J --suppress 1h --partitions 2 --keep-open in.ndjson </dev/null
	envelopes 0 1000 1 2000 1 9000 0 5999
	gives kcount -J --suppress 5s --partitions 2 --keep-open in.ndjson </dev/null
	envelopes 0 1000 1 2000 1 9000 0 6000
	gives kcount -J --suppress 5s --partitions 2 --keep-open in.ndjson <<<'{"count":4}'
}

@test "-J: .timestamp is in ms, whatever its magnitude" {
	printf '{"topic":"t","partition":0,"timestamp":%s,"key":"%s"}\n' 1000 a 1800 b 2000 c 1713712245123 a >in.ndjson
	gives kcount -J --ttl 900ms --every 0s -g .key in.ndjson <<-'END'
	{"key":"a","count":1}
	{"key":"b","count":1}
	{"key":"c","count":1}
	{"key":"a","$delete":true}
	{"key":"a","count":1}
	{"key":"b","$delete":true}
	{"key":"c","$delete":true}
	END
	gives kcount -J --suppress 1s --keep-open in.ndjson <<<'{"count":3}'
	printf '{"topic":"t","partition":0,"timestamp":-1}\n' >in.ndjson
	for option in --ttl --suppress; do
		run --separate-stderr kcount -J $option 1s in.ndjson
		assert_status 1
		assert_stderr 'kcount: in.ndjson:1: no time (-1)'
	done
}

@test "--having" {
	records '{"k":"a"}' '{"k":"b"}' '{"k":"b"}'
	gives kcount -g .k --having '.count > 1' in.ndjson <<<'{"k":"b","count":2}'
	gives kcount -g .k --having '.count == 1' --every 0s in.ndjson <<-'END'
	{"k":"a","count":1}
	{"k":"b","count":1}
	{"k":"b","$delete":true}
	END
}

@test "--having that ends in an error: nothing more, nothing taken back, and at once" {
	local having='if .count == 2 then error("x") else true end'
	records '{"t":1,"g":1}' '{"t":1,"g":2}' '{"t":1,"g":2}' '{"t":1,"g":1}' '{'
	for args in '--every 0s' '--ttl 1h --every 0s' '--ttl 1h -T .t --every 0s'; do
		# shellcheck disable=SC2086 # words
		run --separate-stderr kcount -g .g $args --having "$having" in.ndjson
		assert_status 1
		assert_output '{"g":1,"count":1}
{"g":2,"count":1}'
		assert_stderr "kcount: --having: $having: x"
	done
	# By the clock alone, while input is open.
	mkfifo in
	for args in '' '--ttl 1h'; do
		# shellcheck disable=SC2086 # words
		kcount -g .g $args --every 200ms --having "$having" >out 2>err <in 3>&- &
		exec 5>in
		printf '{"g":%s}\n' 1 2 3 >&5
		eventually 10 test -s out
		printf '{"g":%s}\n' 2 1 3 >&5
		status=0
		wait $! || status=$?
		same_text 1 "$status"
		exec 5>&-
		same_text "$(printf '{"g":%s,"count":1}\n' 1 2 3)" "$(cat out)"
		same_text "kcount: --having: $having: x" "$(cat err)"
	done
}

@test "--ttl --every --having: what does not hold any more is taken back" {
	# shellcheck disable=SC2016 # not ours to expand
	gives bash -c '(
		echo "{\"g\":1}"
		sleep 0.6
		echo "{\"g\":1}"
	) | kcount --ttl 1h -g .g --every 200ms --having ".count < 2"' <<-'END'
	{"g":1,"count":1}
	{"g":1,"$delete":true}
	END
}

@test "usage errors" {
	misused '--upsert: max(.x) cannot take a value back (count, sum, avg can)' --upsert .k -a 'max(.x)'
	misused '-T goes with --ttl or --suppress' -T .t
	for option in '--delay 5s' '--idle 5s' '--tick 5s' '--tz UTC' '--time-unit s' '--partitions 2'; do
		# shellcheck disable=SC2086
		misused "${option% *} goes with --ttl or --suppress" -J $option
		# shellcheck disable=SC2086
		misused "${option% *} goes with -T or -J" --ttl 1s $option
	done
	misused '--idle goes with -J' -T .t --suppress 1s --idle 5s
	misused '--time-unit us goes with -T: the .timestamp of -J is in ms' -J --ttl 1s --time-unit us
	misused '--suppress goes by event time: -T EXPR or -J' --suppress 1s
	misused '--suppress does not go with --every or --ttl' --suppress 1s --every 1s -T .t
	misused '--ttl does not go with --upsert' --ttl 1s --upsert .k
	misused '--ttl must be more than 0' --ttl 0s
	misused '--keep-open goes with --every or --suppress' --keep-open
	records '{"id":null}'
	run --separate-stderr kcount --upsert .id in.ndjson
	assert_status 1
	assert_stderr 'kcount: in.ndjson:1: no key (null)'
}
