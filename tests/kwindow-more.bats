#!/usr/bin/env bats
# kwindow: sessions, sliding windows, time by the clock, time zones, which rows are shown. tests/windows.py has the rules
# as a model; here are examples of each.

load helper

setup()
{
	common_setup
}

# at T...: writes in.ndjson, a record for each time, of key a.
at()
{
	printf '{"t":%s,"k":"a"}\n' "$@" >in.ndjson
}

# Rows with times in seconds, shortened: `1-4 "k":"a","count":2`.
rows()
(
	set -o pipefail
	kwindow -T .t --time-format s "$@" in.ndjson | short
)

short()
{
	sed -E 's/^\{"window_start":([0-9.]+),"window_end":([0-9.]+),(.*)\}$/\1-\2 \3/'
}

misused()
{
	local want=$1
	shift
	run --separate-stderr kwindow "$@" </dev/null
	assert_status 2
	assert_output ''
	assert_stderr "kwindow: $want (try 'kwindow --help')"
}

@test "-w and where hold when any result does" {
	printf '%s\n' '{"t":1,"w":[false,true]}' '{"t":2,"w":[]}' '{"t":3,"w":[1,2]}' >in.ndjson
	gives rows --tumble 10s -w '.w[]' <<<'0-10 "count":2'
	gives rows --tumble 10s -a 'n=count where .w[]' --having '.n == (1, 2)' <<<'0-10 "n":2'
}

@test "mode: of several the first to arrive, whatever was merged in which order" {
	printf '{"t":%s,"x":"%s"}\n' 10 a 20 c 20 c 10 b 10 b 15 z >in.ndjson
	kcount -a 'm=mode(.x)' in.ndjson >want
	same_text '{"m":"c"}' "$(cat want)"
	for window in '--session 5s' '--slide 15s' '--hop 30s/10s' '--cumulate 30s/10s' '--tumble 30s'; do
		# shellcheck disable=SC2086
		kwindow -T .t $window --delay 1h -a 'm=mode(.x), n=count' --having '.n == 6' in.ndjson |
			head -n 1 | jq -c '{m}' >got
		same_file want got
	done
}

# --- Sessions ---

@test "--session: records no further apart than the gap; touching ones are one" {
	at 1 3 5 8 20
	gives rows --session 2s -g .k <<-'END'
	1-7 "k":"a","count":3
	8-10 "k":"a","count":1
	20-22 "k":"a","count":1
	END
}

@test "--session: per group, in order of ends, then of arrival" {
	printf '%s\n' '{"t":1,"k":"b"}' '{"t":1,"k":"a"}' '{"t":2,"k":"b"}' '{"t":2,"k":null}' '{"t":2}' >in.ndjson
	gives rows --session 5s -g .k <<-'END'
	1-6 "k":"a","count":1
	1-7 "k":"b","count":2
	2-7 "k":null,"count":2
	END
}

@test "--session: a record between two makes them one" {
	at 1 7 4 30
	gives rows --session 3s --delay 10s -g .k -a 'n=count, first(.t), last(.t), c=collect(.t)' <<-'END'
	1-10 "k":"a","n":3,"first(.t)":1,"last(.t)":4,"c":[1,7,4]
	30-33 "k":"a","n":1,"first(.t)":30,"last(.t)":30,"c":[30]
	END
}

@test "--session --emit changes: what merged away, and what grew, is taken back" {
	at 1 7 4 5
	gives rows --session 3s --delay 10s -g .k --emit changes <<-'END'
	1-4 "k":"a","count":1
	7-10 "k":"a","count":1
	7-10 "k":"a","$delete":true
	1-4 "k":"a","$delete":true
	1-10 "k":"a","count":3
	1-10 "k":"a","count":4
	END
	# With --every only what was printed is taken back.
	gives rows --session 3s --delay 10s -g .k --emit changes --every 1h <<-'END'
	1-10 "k":"a","count":4
	END
}

@test "--session: late is what would be a closed session; what joins an open one is not" {
	at 10 12 8 5 3
	run --separate-stderr rows --session 2s --late late.ndjson
	assert_output <<-'END'
	8-14 "count":3
	END
	assert_stderr 'kwindow: 5 in, 3 used, 0 bad, 2 late'
	same_text '{"t":5,"k":"a"} {"t":3,"k":"a"}' "$(paste -sd ' ' late.ndjson)"
}

@test "--session: keys whose sessions closed take no memory" {
	[ -z "${KPIPE_SANITIZED:-}" ] || skip "sanitizers take memory of their own"
	for n in 100000 1000000; do
		seq "$n" | "$KPIPE_BUILDDIR/bench/peak" "$n" kwindow -T . --time-unit ms --session 5ms -g key=. >/dev/null
	done
	[ "$(cat 1000000)" -lt $(($(cat 100000) * 3 / 2)) ] || fail "$(cat 100000), then $(cat 1000000)"
}

@test "--session: a key may have many that are open, a record finds its own among the newest" {
	[ -z "${KPIPE_SANITIZED:-}" ] || skip "sanitizers take time of their own"
	seq 0 2 599998 >in
	timeout 20 kwindow -T . --time-unit s --session 1s --delay 600000s in >out
	same_text 300000 "$(wc -l <out)"
	tac in >back
	timeout 20 kwindow -T . --time-unit s --session 1s --emit table back >got
	same_file out got
	shuf --random-source=in in >mixed
	timeout 20 kwindow -T . --time-unit s --session 1s --emit table mixed >got
	same_file out got
}

@test "--session: a key may have many that are open and become one, in any order" {
	# One of ten times is left out, so the nine between two such are a session, however they come.
	seq 20000 | grep -v '0$' >in
	awk '/9$/ { print $1 - 8 "-" $1 + 1 " \"count\":9" }' in >want
	for seed in 1 2 3; do
		seq "$seed" 20000 | shuf --random-source=/dev/stdin in >mixed
		kwindow -T . --time-unit s --session 1s --delay 1d --time-format s mixed | short >got
		same_file want got
	done
}

# --- Sliding windows ---

@test "--slide: a row for each record, over those before it and of its own time" {
	at 1 3 2 3 9
	kwindow --slide 2s --delay 5s -T .t --time-format s -g .k -a 'n=count, c=collect(.t)' in.ndjson >got
	cat >want <<-'END'
	{"window_start":-1,"window_end":1,"k":"a","n":1,"c":[1]}
	{"window_start":0,"window_end":2,"k":"a","n":2,"c":[1,2]}
	{"window_start":1,"window_end":3,"k":"a","n":4,"c":[1,2,3,3]}
	{"window_start":1,"window_end":3,"k":"a","n":4,"c":[1,2,3,3]}
	{"window_start":7,"window_end":9,"k":"a","n":1,"c":[9]}
	END
	same_file want got
}

@test "--slide: what is late has no row, but counts in those that are open" {
	at 10 12 11 20 5
	run --separate-stderr rows --slide 4s
	assert_output <<-'END'
	6-10 "count":1
	8-12 "count":3
	16-20 "count":1
	END
	assert_stderr 'kwindow: 5 in, 4 used, 0 bad, 1 late'
}

@test "--slide: very many that are late, which the last record lets go" {
	n=$(fewer 400000)
	seq "$n" >in
	{ shuf --random-source=in in && echo $((n * 100)); } >mixed
	# A row comes with the next record that is later, and by then has all until there.
	awk '$1 > max { if (max) print max, NR - 1; max = $1 } END { print max, 1 }' mixed >want
	kwindow -T . --time-unit s --slide "${n}s" --time-format s mixed | tr -c '0-9\n' ' ' | awk '{ print $2, $3 }' >got
	same_file want got
}

@test "--slide: values are collected in the order of time, those without a row of their own behind them" {
	at 1 6 4 3 7
	kwindow --slide 10s --delay 1s -T .t -a 'c=collect(.t), s=collect_set(.t % 4)' in.ndjson | jq -c '[.c, .s]' >got
	cat >want <<-'END'
	[[1],[1]]
	[[1,6,4,3],[1,2,0,3]]
	[[1,6,7,4,3],[1,2,3,0]]
	END
	same_file want got
}

# --- Time by the clock ---

@test "--proctime: windows close by the clock" {
	mkfifo in out
	kwindow --proctime --tumble 200ms <in >out 3>&- &
	exec 5>in 6<out
	echo '{}' >&5
	read -r -t 10 line <&6
	assert_match '"count":1' "$line"
	# It closed when the clock said so.
	end=$(date -d "$(jq -r .window_end <<<"$line")" +%s%N)
	[ "$(date +%s%N)" -ge "$end" ]
	[ $((end / 1000000 % 200)) = 0 ]
	exec 5>&- 6<&-
	wait
}

@test "--tick: where no input comes, the clock moves the watermark on" {
	mkfifo in out
	kwindow -T .t --tick 100ms --tumble 1s --time-format s <in >out 3>&- &
	exec 5>in 6<out
	echo '{"t":1.5}' >&5
	run ! read -r -t 0.2 line <&6
	read -r -t 10 line <&6
	same_text '1-2 "count":1' "$(short <<<"$line")"
	# So a record of that window is late now.
	echo '{"t":1.6}' >&5
	exec 5>&-
	run cat <&6
	assert_output ''
	wait
}

# --- Time zones ---

@test "--tz: local times, also where clocks change" {
	[ -e /usr/share/zoneinfo/Europe/Berlin ] || skip "no database of time zones"
	printf '"%s"\n' 2025-03-30T01:59 2025-03-30T02:30 2025-03-30T03:00 2025-07-01 2025-10-26T02:30 2025-10-26T03:00 \
		2025-10-26T03:30Z >in
	kwindow --tz Europe/Berlin -T . --session 1ms --delay 2h in | jq -r .window_start >got
	cat >want <<-'END'
	2025-03-30T00:59:00.000Z
	2025-03-30T01:00:00.000Z
	2025-03-30T01:30:00.000Z
	2025-06-30T22:00:00.000Z
	2025-10-26T00:30:00.000Z
	2025-10-26T02:00:00.000Z
	2025-10-26T03:30:00.000Z
	END
	same_file want got
	misused "--tz: no time zone 'Mars/Phobos': /usr/share/zoneinfo/Mars/Phobos: No such file or directory" \
		--tz Mars/Phobos -T .t --tumble 1s
	misused "--tz: '../passwd' is no time zone's name" --tz ../passwd -T .t --tumble 1s
}

# --- Which rows are shown ---

@test "--having" {
	printf '%s\n' '{"t":1,"k":"a"}' '{"t":1,"k":"b"}' '{"t":1,"k":"b"}' '{"t":2,"k":"a"}' '{"t":3,"k":"a"}' >in.ndjson
	gives rows --tumble 10s -g .k --having '.count > 2' <<<'0-10 "k":"a","count":3'
	gives rows --tumble 10s -g .k --emit changes --having '.count % 2 == 1' <<-'END'
	0-10 "k":"a","count":1
	0-10 "k":"b","count":1
	0-10 "k":"b","$delete":true
	0-10 "k":"a","$delete":true
	0-10 "k":"a","count":3
	END
	run --separate-stderr rows --tumble 1s -g .k --having '.count / "x" > 2'
	assert_status 1
	assert_match '^kwindow: --having: ' "$stderr"
}

@test "--having that ends in an error: nothing more, nothing taken back, and at once" {
	local having='if .count == 2 then error("x") else true end'
	at 1 1
	for args in '--tumble 1m' '--hop 1m/1m' '--session 1m'; do
		# shellcheck disable=SC2086 # words
		run --separate-stderr kwindow -T .t $args --emit changes --having "$having" in.ndjson
		assert_status 1
		same_text 1 "${#lines[@]}"
		assert_match '"count":1}$' "$output"
		assert_stderr "kwindow: --having: $having: x"
	done
	# Of a window that is ranked nothing is known.
	at 1 1 2
	run --separate-stderr rows --tumble 10s -g .t --top 2 --by count --having 'if .t == 2 then error("x") else true end'
	assert_status 1
	assert_output ''
	# By the clock alone, while input is open.
	mkfifo in
	for args in '-T .t --tumble 1m --emit changes --every 200ms' '--proctime --tumble 200ms'; do
		# shellcheck disable=SC2086 # words
		kwindow $args --having 'error("x")' >out 2>err <in 3>&- &
		exec 5>in
		echo '{"t":1}' >&5
		status=0
		wait $! || status=$?
		same_text 1 "$status"
		exec 5>&-
		same_text '' "$(cat out)"
		same_text 'kwindow: --having: error("x"): x' "$(cat err)"
	done
}

# changing 'T...' ... -- ARG...: records of those times, in turns with a while between them; the rows.
changing()
(
	set -o pipefail
	turns=()
	while [ "$1" != -- ]; do
		turns+=("$1")
		shift
	done
	shift
	for times in "${turns[@]}"; do
		# shellcheck disable=SC2086 # words
		printf '{"t":%s}\n' $times
		sleep 0.5
	done | kwindow -T .t --time-format s --emit changes --every 200ms "$@" | short
)

@test "--session --every --having: what does not hold any more is taken back, in its place" {
	gives changing 1 1 -- --session 10s --having '.count < 2' <<-'END'
	1-11 "count":1
	1-11 "$delete":true
	END
	# The final row is the last one.
	gives changing 1 1 '1 100' -- --session 10s --having '.count != 2' <<-'END'
	1-11 "count":1
	1-11 "$delete":true
	1-11 "count":3
	100-110 "count":1
	END
	# A session that grows and then closes.
	gives changing 1 '5 100' -- --session 10s <<-'END'
	1-11 "count":1
	1-11 "$delete":true
	1-15 "count":2
	100-110 "count":1
	END
}

@test "--top N --by, with ties, and the least" {
	printf '{"t":%s,"k":"%s","v":%s}\n' 1 a 5 1 b 7 1 c 7 1 d null 2 e 9 11 a 1 >in.ndjson
	gives rows --tumble 10s -g .k -a 's=sum(.v)' --top 2 --by s <<-'END'
	0-10 "k":"e","s":9
	0-10 "k":"b","s":7
	10-20 "k":"a","s":1
	END
	gives rows --tumble 10s -g .k -a 's=sum(.v)' --top 2 --by s --ties <<-'END'
	0-10 "k":"e","s":9
	0-10 "k":"b","s":7
	0-10 "k":"c","s":7
	10-20 "k":"a","s":1
	END
	gives rows --tumble 10s -g .k -a 's=sum(.v)' --top 1 --by s:asc --having '.k != "a"' <<<'0-10 "k":"b","s":7'
}

@test "--top ranks arrays and objects as jq sorts them" {
	need jq
	local values='[1,2] [10] [9,1] [9] [] [null] [[1]] {"a":1} {"a":10} {"a":9,"b":0} {"b":0} ["x"] [true] 5 "t" [9,"2"]' by
	# shellcheck disable=SC2086
	printf '{"t":1,"k":%s}\n' $values >in.ndjson
	jq -sc 'sort_by(.k)[] | .k' in.ndjson >rising
	tac rising >falling
	for by in rising:asc falling:desc; do
		kwindow -T .t --tumble 10s -g 'g=.k|tojson' -a 'f=first(.k)' --top 99 --by "f:${by#*:}" in.ndjson | jq -c .f >got
		same_file "${by%:*}" got
	done
	# One array, two texts.
	printf '{"t":1,"g":%s,"k":%s}\n' 1 '[1]' 2 '[1.0]' 3 '[0]' >in.ndjson
	kwindow -T .t --tumble 10s -g .g -a 'f=first(.k)' --top 1 --by f --ties in.ndjson | jq -c .g >got
	same_text "$(printf '1\n2')" "$(cat got)"
}

@test "--window-time is the time of a next kwindow" {
	at 1 11 21 31
	kwindow -T .t --tumble 10s --window-time in.ndjson >rows.ndjson
	same_text '"1970-01-01T00:00:09.999Z"' "$(head -n 1 rows.ndjson | jq .window_time)"
	mv rows.ndjson in.ndjson
	gives kwindow -T .window_time --tumble 20s -a 'n=sum(.count)' --time-format s in.ndjson <<-'END'
	{"window_start":0,"window_end":20,"n":2}
	{"window_start":20,"window_end":40,"n":2}
	END
}

@test "usage errors" {
	misused '--top N, of 1 or more, and --by NAME go together' -T .t --tumble 1s --top 3
	misused '--top N, of 1 or more, and --by NAME go together' -T .t --tumble 1s --top 0 --by count
	misused '--top N, of 1 or more, and --by NAME go together' -T .t --tumble 1s --top 0
	misused '--top N, of 1 or more, and --by NAME go together' -T .t --tumble 1s --by count
	misused '--by x: no aggregate has that name' -T .t --tumble 1s --top 3 --by x
	misused '--ties goes with --top' -T .t --tumble 1s --ties
	misused '--top goes with --emit close or table' -T .t --tumble 1s --top 3 --by count --emit changes
	misused '--top does not go with --session: its windows are of one group each' -T .t --session 1s --top 3 --by count
	misused '--slide has final rows only, as of --emit close' -T .t --slide 1s --emit changes
	misused '--align does not go with --session' -T .t --session 1s --align 1s
	for option in '-T .t' '--delay 5s' '--idle 5s' '--tick 5s' '--tz UTC' '--time-unit s' '--partitions 2'; do
		# shellcheck disable=SC2086
		misused "${option% *} does not go with --proctime" --proctime -J $option --tumble 1s
	done
	misused '--window-time does not go with --slide: window_end is the last moment' -T .t --slide 1s --window-time
	run --separate-stderr kwindow -T .t --tumble 1s --having '.count >'
	assert_status 2
	assert_match '^kwindow: --having: ' "$stderr"
}
