#!/usr/bin/env bats
# --state DIR: a run goes on from what the last one left. tests/windows.py cuts random streams into runs.

load helper

lines()
{
	printf '{"t":%s,"k":"%s"}\n' "$@"
}

@test "kcount counts on" {
	lines 1 a 2 b | kcount -g .k -a 'n=count, c=collect(.t), last(.t)' --state s >one
	gives kcount -g .k -a 'n=count, c=collect(.t), last(.t)' --state s <(lines 3 a 4 c) <<-'END'
	{"k":"a","n":2,"c":[1,3],"last(.t)":3}
	{"k":"b","n":1,"c":[2],"last(.t)":2}
	{"k":"c","n":1,"c":[4],"last(.t)":4}
	END
	# With changes, those of this run.
	lines 1 a 2 b | kcount -g .k --every 1h --state e >one
	gives kcount -g .k --every 1h --state e <(lines 3 a) <<<'{"k":"a","count":2}'
}

@test "kcount: a table at the end takes nothing back, whatever was shown before" {
	lines 1 a 2 b | kcount -g .k --having '.count < 2' --state s >one
	gives kcount -g .k --having '.count < 2' --state s <(lines 3 a) <<<'{"k":"b","count":1}'
}

@test "kcount: many groups in many blocks, as in one run" {
	need jq
	seq 20000 | jq -c '{k:(. * 7919 % 3001),v:.}' >in.ndjson
	kcount -g .k -a 'count, sum(.v), median(.v), distinct(.v % 5), first(.v), last(.v)' in.ndjson >want
	for part in '1,7000p' '7001,7001p' '7002,$p'; do
		sed -n "$part" in.ndjson |
			KPIPE_BLOCK=5000 kcount -j2 -g .k -a 'count, sum(.v), median(.v), distinct(.v % 5), first(.v), last(.v)' --state s >got
	done
	same_file want got
}

@test "kcount --upsert, --ttl, --suppress" {
	echo '{"id":1,"g":"x"}' | kcount --upsert .id -g .g --state u >one
	gives kcount --upsert .id -g .g --state u <(echo '{"id":1,"g":"y"}') <<-'END'
	{"g":"x","count":0}
	{"g":"y","count":1}
	END
	lines 1 a 2 b | kcount -T .t --ttl 5s -g .k --every 0s --state t >one
	gives kcount -T .t --ttl 5s -g .k --every 0s --state t <(lines 7 b) <<-'END'
	{"k":"b","count":2}
	{"k":"a","$delete":true}
	END
	# Without --every, all that are not forgotten.
	lines 1 a 2 b 3 c | kcount -T .t --ttl 5s -g .k --state f >one
	gives kcount -T .t --ttl 5s -g .k --state f <(lines 7 b) <<-'END'
	{"k":"b","count":2}
	{"k":"c","count":1}
	END
	# As one run has it, a row waits from its first change on.
	for t in 1 5.9; do
		lines $t a | kcount -T .t --suppress 5s -g .k --keep-open --state s >one
		[ ! -s one ]
	done
	gives kcount -T .t --suppress 5s -g .k --keep-open --state s <(lines 6 b) <<<'{"k":"a","count":2}'
	gives kcount -T .t --suppress 5s -g .k --keep-open --state s <(lines 10.9 a) </dev/null
	gives kcount -T .t --suppress 5s -g .k --keep-open --state s <(lines 11 b) <<<'{"k":"b","count":2}'
}

@test "what --keep-open left out comes first in a next run, whatever its --every" {
	local left
	for args in '' '--ttl 1h'; do
		for every in 0s 1h; do
			# shellcheck disable=SC2086 # words
			left=$(lines 1 a | kcount $args -g .k --every 1h --keep-open --state q --reset)
			same_text '' "$left"
			# shellcheck disable=SC2086 # words
			gives kcount $args -g .k --every $every --state q <<<'{"k":"a","count":1}'
			# shellcheck disable=SC2086 # words
			gives kcount $args -g .k --every $every --state q </dev/null
		done
	done
	local row='{"window_start":0,"window_end":5,"k":"a","count":1}'
	for kind in '--tumble 5s' '--session 4s' '--hop 5s/5s'; do
		for every in 0s 1h; do
			# shellcheck disable=SC2086 # words
			left=$(lines 0 a 1 a | kwindow -T .t $kind -g .k --time-format s --emit changes --every 1h --keep-open --state q --reset)
			same_text '' "$left"
			# shellcheck disable=SC2086 # words
			gives kwindow -T .t $kind -g .k --time-format s --emit changes --every $every --state q <<<"${row/1\}/2\}}"
			# shellcheck disable=SC2086 # words
			gives kwindow -T .t $kind -g .k --time-format s --emit changes --every $every --state q </dev/null
		done
	done
}

@test "rows of sessions that --keep-open left to be taken back are taken back in the next run" {
	args=(-T .t --time-format s --session 4s --emit changes --state s)
	gives kwindow "${args[@]}" --keep-open <(lines 1 a) <<<'{"window_start":1,"window_end":5,"count":1}'
	gives kwindow "${args[@]}" --every 1h --keep-open <(lines 3 a) </dev/null
	gives kwindow "${args[@]}" <<-'END'
	{"window_start":1,"window_end":5,"$delete":true}
	{"window_start":1,"window_end":7,"count":2}
	END
}

@test "kwindow: windows stay open, the watermark stays where it was" {
	lines 1 a 2 a | kwindow -T .t --tumble 5s --time-format s --state s >one
	[ ! -s one ]
	gives kwindow -T .t --tumble 5s --time-format s --state s <(lines 3 a 12 a) <<<'{"window_start":0,"window_end":5,"count":3}'
	run --separate-stderr kwindow -T .t --tumble 5s --time-format s --state s --final <(lines 4 a)
	assert_output '{"window_start":10,"window_end":15,"count":1}'
	assert_stderr 'kwindow: 1 in, 0 used, 0 bad, 1 late'
	# After the final run all begins anew.
	gives kwindow -T .t --tumble 5s --time-format s --state s --final <(lines 4 a) <<<'{"window_start":0,"window_end":5,"count":1}'
}

@test "kwindow: groups of windows that overlap stay in the order in which they came" {
	lines 3 b 1 a 2 c | kwindow -T .t --hop 4s/1s --delay 9s -g .k --time-format s --state s >one
	[ ! -s one ]
	gives kwindow -T .t --hop 4s/1s --delay 9s -g .k --time-format s --state s <(lines 1 c 13 d) <<-'END'
	{"window_start":-2,"window_end":2,"k":"a","count":1}
	{"window_start":-2,"window_end":2,"k":"c","count":1}
	{"window_start":-1,"window_end":3,"k":"a","count":1}
	{"window_start":-1,"window_end":3,"k":"c","count":2}
	{"window_start":0,"window_end":4,"k":"b","count":1}
	{"window_start":0,"window_end":4,"k":"a","count":1}
	{"window_start":0,"window_end":4,"k":"c","count":2}
	END
}

@test "kuniq: what has passed in one run does not pass in the next" {
	lines 1 a 2 b | kuniq -g .k --state s >one
	same_text "$(lines 1 a 2 b)" "$(cat one)"
	gives kuniq -g .k --state s <(lines 3 b 4 null 5 c) <<<"$(lines 4 null 5 c)"
	gives kuniq -g .k --state s <(lines 3 b 4 null 5 c 1 a) </dev/null
	gives kuniq -g .k --state s --reset <(lines 3 b) <<<"$(lines 3 b)"
	gives kuniq -R -g . --state raw <(printf 'x\ny\n') <<<$'x\ny'
	gives kuniq -R -g . --state raw <(printf 'y\nz\n') <<<z
	run --separate-stderr kuniq -g .t --state s </dev/null
	assert_status 1
	assert_stderr 'kuniq: --state: s/state is of other options: kuniq -g .k (--reset begins anew)'
	run --separate-stderr kuniq -g .t --reset </dev/null
	assert_status 2
}

@test "kuniq --within: keys are forgotten and records are late as in one run, wherever it is cut" {
	need python3
	python3 - >in <<-'END'
	import random
	random.seed(7)
	for i in range(3000):
	    print('{"t":%d,"k":[%d,"é"]}' % (1000 + i // 3 + random.randint(-12, 12), random.randint(0, 40)))
	END
	args=(-g .k -T .t --within 10s --delay 5s --time-unit s)
	kuniq "${args[@]}" --late late in >want 2>err
	grep -q ' [1-9][0-9]* late$' err
	for part in '1,1p' '2,1000p' '1001,1001p' '1002,$p'; do
		sed -n "$part" in | kuniq "${args[@]}" --late late.parts --state s
	done >got 2>err
	same_file want got
	same_file late late.parts
	# The forgotten are not kept: 41 keys at the most, of 20 bytes and 16 for length and time.
	[ "$(wc -c <s/state)" -lt 4000 ]
}

pair()
{
	printf '{"key":"%s","left":%s,"right":%s}\n' "$@"
}

@test "kjoin: what is held waits for its partner in the next run" {
	printf '%s\n' '{"k":"a","t":1,"l":1}' '{"k":"b","t":2,"l":1}' >in
	args=(-g .k --left-if .l --within 5s --left --state s)
	gives kjoin -T .t "${args[@]}" in </dev/null
	echo '{"k":"a","t":4}' >next
	gives kjoin -T .t "${args[@]}" next <<-END
	$(pair a "$(head -n 1 in)" '{"k":"a","t":4}')
	END
	printf '%s\n' '{"k":"z","t":19}' '{"k":"z","t":19,"l":1}' >later
	# The watermark goes on from where it was: b is alone now.
	gives kjoin -T .t "${args[@]}" later <<-END
	$(pair z '{"k":"z","t":19,"l":1}' '{"k":"z","t":19}')
	$(pair b "$(tail -n 1 in)" null)
	END
	run --separate-stderr kjoin -T .t "${args[@]}" --final <<<'{"k":"b","t":1}'
	assert_output ''
	assert_stderr 'kjoin: 1 in, 0 used, 0 bad, 1 late'
	# After the final run all begins anew.
	gives kjoin -T .t "${args[@]}" --final in <<-END
	$(pair a "$(head -n 1 in)" null)
	$(pair b "$(tail -n 1 in)" null)
	END
}

@test "kjoin: of two inputs, one that ends holds the other back until the next run" {
	echo '{"k":"a","t":1}' >l
	printf '{"k":"a","t":%d}\n' 1 100 >r
	args=(-g .k -T .t --within 5s --outer --with r --state s)
	gives kjoin "${args[@]}" l <<<"$(pair a '{"k":"a","t":1}' '{"k":"a","t":1}')"
	printf '{"k":"a","t":%d}\n' 2 101 >l
	printf '{"k":"c","t":%d}\n' 101 >r
	{
		pair a '{"k":"a","t":2}' '{"k":"a","t":1}'
		pair a '{"k":"a","t":101}' '{"k":"a","t":100}'
	} >want
	gives kjoin "${args[@]}" l <want
	: >l
	: >r
	gives kjoin "${args[@]}" --final l <<<'{"key":"c","left":null,"right":{"k":"c","t":101}}'
}

@test "kjoin: the table of --left-if, and which states are refused" {
	args=(-g .k --left-if .l --table-key .k --state s)
	gives kjoin "${args[@]}" <(printf '{"k":"%s","v":1}\n' a b) </dev/null
	printf '%s\n' '{"k":"a","$delete":true}' '{"k":"a","l":1}' '{"k":"b","l":1}' >in
	gives kjoin "${args[@]}" in <<<"$(pair b '{"k":"b","l":1}' '{"k":"b","v":1}')"
	for other in --left --null-equal '-w .k' '--delete-if .d'; do
		# shellcheck disable=SC2086 # words
		run --separate-stderr kjoin "${args[@]}" $other </dev/null
		assert_status 1
		assert_match 's/state is of other options: kjoin --inner -g .k --table-key .k --left-if .l' "$stderr"
	done
	run kjoin -g .k --table in --state s </dev/null
	assert_status 2
	run kjoin -g .k --with in --ttl 1h --state s </dev/null
	assert_status 2
	run kjoin -g .k --with in --final </dev/null
	assert_status 2
}

@test "nothing is saved by a run that fails" {
	lines 1 a | kcount -g .k --state s >one
	cp s/state before
	run --separate-stderr kcount -g .k --state s <<<'{'
	assert_status 1
	same_file before s/state
	run ! bash -c 'kcount -g .k --state s <<<"{\"k\":\"a\"}" >/dev/full'
	gives kcount -g .k --state s <(lines 1 a) <<<'{"k":"a","count":2}'
}

@test "a state that cannot be written leaves the old one, and nothing else" {
	lines 1 a | kcount -g .k --state s >one
	cp s/state before
	seq 1000 | sed 's/.*/{"k":&}/' >many
	run --separate-stderr bash -c 'set -o pipefail; trap "" XFSZ; ulimit -f 1; kcount -g .k --state s many | wc -l'
	assert_status 1
	assert_output 1001
	assert_stderr 'kcount: --state: s: state.new: File too large'
	same_file before s/state
	same_text state "$(ls s)"
}

@test "what is not this run's state is refused, and --reset begins anew" {
	lines 1 a | kcount -g .k --state s >one
	for args in '-g .t' '-g .k -w .t' '-g .k -a sum(.t)'; do
		# shellcheck disable=SC2086 # words
		run --separate-stderr kcount $args --state s <<<'{"t":1}'
		assert_status 1
		assert_output ''
		assert_stderr 'kcount: --state: s/state is of other options: kcount -g .k (--reset begins anew)'
	done
	run --separate-stderr kwindow --proctime --tumble 1s --state s </dev/null
	assert_status 1
	gives kcount -g .k --state s --reset <(lines 1 b) <<<'{"k":"b","count":1}'
}

@test "what an option means counts, not how it is written" {
	args=(-T .t --tumble 2h --state s)
	lines 1 a | kwindow "${args[@]}" --align=-1h
	lines 2 a | kwindow "${args[@]}" --align=-60m
	run --separate-stderr kwindow "${args[@]}" </dev/null
	assert_status 1
	assert_match 'is of other options: kwindow .*--align -1h ' "$stderr"
	lines 3 a | kwindow "${args[@]}" --reset
	lines 4 a | kwindow "${args[@]}" --align 0
	# How rows show times counts where rows are taken back by it.
	lines 5 a | kwindow "${args[@]}" --time-format s
	lines 6 a | kwindow "${args[@]}" --emit changes --time-format s --reset >one
	run --separate-stderr kwindow "${args[@]}" --emit changes --time-format ms </dev/null
	assert_status 1
	run --separate-stderr kwindow "${args[@]}" --emit changes --time-format s --window-time </dev/null
	assert_status 1
	gives kwindow "${args[@]}" --emit changes --time-format s </dev/null
}

@test "a damaged state is refused, wherever it is" {
	lines 1 a 2 b | kcount -g .k -a 'collect(.t), mode(.k)' --state s >one
	size=$(wc -c <s/state)
	for at in 0 10 20 40 60 100 $((size - 1)); do
		mkdir -p "d$at"
		{
			head -c "$at" s/state
			printf '\377'
			tail -c "+$((at + 2))" s/state
		} >"d$at/state"
		run --separate-stderr kcount -g .k -a 'collect(.t), mode(.k)' --state "d$at" </dev/null
		assert_status 1
		assert_stderr "kcount: --state: d$at/state is damaged (--reset begins anew)"
		mkdir -p "c$at"
		head -c "$at" s/state >"c$at/state"
		run --separate-stderr kcount -g .k -a 'collect(.t), mode(.k)' --state "c$at" </dev/null
		assert_status 1
	done
}

@test "one run at a time" {
	mkfifo in
	kcount -g .k --state s <in >out 3>&- &
	exec 5>in
	eventually 10 test -d s
	sleep 0.1
	run --separate-stderr kcount -g .k --state s </dev/null
	assert_status 1
	assert_stderr 'kcount: --state: s: another run is using this state'
	exec 5>&-
	wait
}

@test "usage errors" {
	run --separate-stderr kcount --reset </dev/null
	assert_status 2
	run --separate-stderr kwindow --proctime --tumble 1s --final </dev/null
	assert_status 2
	run --separate-stderr kwindow --proctime --tumble 1s --state s --final --keep-open </dev/null
	assert_status 2
	assert_stderr "kwindow: --keep-open does not go with --final, which closes windows (try 'kwindow --help')"
	run --separate-stderr kcount --state /dev/null/x </dev/null
	assert_status 1
	assert_stderr 'kcount: --state: /dev/null/x: cannot make it: Not a directory'
}
