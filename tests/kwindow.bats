#!/usr/bin/env bats
# kwindow: aggregates per group and event-time window.

load helper

# records LINE...: writes in.ndjson.
records()
{
	printf '%s\n' "$@" >in.ndjson
}

# at T...: writes in.ndjson, a record for each time.
at()
{
	printf '{"t":%s}\n' "$@" >in.ndjson
}

# kwindow over in.ndjson, -T .t, its rows shortened where they begin in 1970's first hour:
# `00:05-00:10 "count":1`.
rows()
(
	set -o pipefail
	kwindow -T .t "$@" in.ndjson | short
)

short()
{
	local day=1970-01-01T00:
	sed 's/^{"window_start":"'$day'\(..:..\)\.000Z","window_end":"'$day'\(..:..\)\.000Z",\(.*\)}$/\1-\2 \3/'
}

# Usage errors: status 2, nothing printed.
misused()
{
	local want=$1
	shift
	run --separate-stderr kwindow "$@" </dev/null
	assert_status 2
	assert_output ''
	assert_stderr "kwindow: $want"
}

# --- Windows ---

@test "a row: the window in RFC 3339, the groups, the aggregates" {
	records '{"at":"2025-04-21T14:07:59.250Z","user":"u1","v":1.50}'
	gives kwindow --tumble 1s -T .at -g .user -a 'n=count, sum(.v)' in.ndjson <<-'END'
	{"window_start":"2025-04-21T14:07:59.000Z","window_end":"2025-04-21T14:08:00.000Z","user":"u1","n":1,"sum(.v)":1.5}
	END
}

@test "tumbling windows are half-open" {
	at 1 4.999999 5 9 12 20
	gives rows --tumble 5s <<-'END'
	00:00-00:05 "count":2
	00:05-00:10 "count":2
	00:10-00:15 "count":1
	00:20-00:25 "count":1
	END
}

@test "tumbling windows before 1970" {
	at -7 -5 -0.000001 0 4
	gives kwindow --tumble 5s -T .t in.ndjson <<-'END'
	{"window_start":"1969-12-31T23:59:50.000Z","window_end":"1969-12-31T23:59:55.000Z","count":1}
	{"window_start":"1969-12-31T23:59:55.000Z","window_end":"1970-01-01T00:00:00.000Z","count":2}
	{"window_start":"1970-01-01T00:00:00.000Z","window_end":"1970-01-01T00:00:05.000Z","count":2}
	END
}

@test "hopping windows: a record is in each that covers it" {
	at 20 24 25 31
	gives rows --hop 10s/5s <<-'END'
	00:15-00:25 "count":2
	00:20-00:30 "count":3
	00:25-00:35 "count":2
	00:30-00:40 "count":1
	END
	# A step that does not divide the size, and one that is the size.
	gives rows --hop 10s/4s <<-'END'
	00:12-00:22 "count":1
	00:16-00:26 "count":3
	00:20-00:30 "count":3
	00:24-00:34 "count":3
	00:28-00:38 "count":1
	END
	rows --tumble 10s >want
	gives rows --hop 10s/10s <want
}

@test "cumulating windows grow by a step up to the size" {
	at 12 13 15 17 18
	gives rows --cumulate 6s/2s <<-'END'
	00:12-00:14 "count":2
	00:12-00:16 "count":3
	00:12-00:18 "count":4
	00:18-00:20 "count":1
	00:18-00:22 "count":1
	00:18-00:24 "count":1
	END
}

@test "--align shifts the grid, to either side" {
	at 1 4 5 6
	printf '%s\n' '00:01-00:06 "count":3' '00:06-00:11 "count":1' >want
	gives rows --tumble 5s --align 1s <want
	gives rows --tumble 5s --align 601s <want
	gives rows --tumble 5s --align=-4s <want
	gives rows --cumulate 4s/2s --align 1s <<-'END'
	00:01-00:03 "count":1
	00:01-00:05 "count":2
	00:05-00:07 "count":2
	00:05-00:09 "count":2
	END
	# Days as they are in Singapore.
	records '{"t":"2024-02-29T15:59:59Z"}' '{"t":"2024-02-29T16:00:00Z"}'
	gives kwindow --tumble 1d --align=-8h -T .t in.ndjson <<-'END'
	{"window_start":"2024-02-28T16:00:00.000Z","window_end":"2024-02-29T16:00:00.000Z","count":1}
	{"window_start":"2024-02-29T16:00:00.000Z","window_end":"2024-03-01T16:00:00.000Z","count":1}
	END
}

# --- The watermark ---

@test "a record is applied, then moves the watermark, then windows close" {
	# 5 closes [0,5) but is itself on time; then 4 is late, and so is a group not seen before.
	records '{"t":1,"k":"a"}' '{"t":5,"k":"a"}' '{"t":4,"k":"a"}' '{"t":4.9,"k":"b"}' '{"t":5,"k":"b"}'
	run --separate-stderr rows --tumble 5s -g .k
	assert_status 0
	assert_output <<-'END'
	00:00-00:05 "k":"a","count":1
	00:05-00:10 "k":"a","count":1
	00:05-00:10 "k":"b","count":1
	END
	assert_stderr 'kwindow: 5 in, 3 used, 0 bad, 2 late'
}

@test "the watermark never moves back" {
	at 11 3 9 10 2
	run --separate-stderr rows --tumble 5s
	assert_output '00:10-00:15 "count":2'
	assert_stderr 'kwindow: 5 in, 2 used, 0 bad, 3 late'
}

@test "hopping windows: a record is dropped only from its closed windows" {
	# After 30, [15,25) and [20,30) are closed: 27 still counts in [25,35); 24 is late.
	at 22 30 27 24
	run --separate-stderr rows --hop 10s/5s
	assert_output <<-'END'
	00:15-00:25 "count":1
	00:20-00:30 "count":1
	00:25-00:35 "count":2
	00:30-00:40 "count":1
	END
	assert_stderr 'kwindow: 4 in, 3 used, 0 bad, 1 late'
}

@test "cumulating windows: a record is dropped only from its closed windows" {
	at 12 15 13 18 17
	run --separate-stderr rows --cumulate 6s/2s
	assert_output <<-'END'
	00:12-00:14 "count":1
	00:12-00:16 "count":3
	00:12-00:18 "count":3
	00:18-00:20 "count":1
	00:18-00:22 "count":1
	00:18-00:24 "count":1
	END
	assert_stderr 'kwindow: 5 in, 4 used, 0 bad, 1 late'
}

@test "--delay holds the watermark back" {
	at 1 7 3 8 2
	run --separate-stderr rows --tumble 5s --delay 3s
	assert_output <<-'END'
	00:00-00:05 "count":2
	00:05-00:10 "count":2
	END
	assert_stderr 'kwindow: 5 in, 4 used, 0 bad, 1 late'
	gives rows --tumble 5s --delay 3001ms <<-'END'
	00:00-00:05 "count":3
	00:05-00:10 "count":2
	END
}

@test "--grace keeps windows open past their end" {
	at 1 7 3 8 2
	run --separate-stderr rows --tumble 5s --grace 3s
	assert_output <<-'END'
	00:00-00:05 "count":2
	00:05-00:10 "count":2
	END
	assert_stderr 'kwindow: 5 in, 4 used, 0 bad, 1 late'
	run --separate-stderr rows --tumble 5s --grace 1s --delay 2s
	assert_output <<-'END'
	00:00-00:05 "count":2
	00:05-00:10 "count":2
	END
	gives rows --tumble 5s --grace 1s --delay 2001ms <<-'END'
	00:00-00:05 "count":3
	00:05-00:10 "count":2
	END
}

@test "times, delays and graces at the edge of their range" {
	printf '{"t":%s}\n' 9223372036854775807 253402300800000000 253402300799999999 \
		-62167219200000001 -9223372036854775808 >in.ndjson
	run --separate-stderr kwindow --tumble 1s -T .t --time-unit us --bad skip in.ndjson
	assert_output ''
	assert_stderr 'kwindow: 5 in, 0 used, 5 bad, 0 late'
	at -62167219200000000 0 253402300798999999 250000000000000000
	run --separate-stderr kwindow --tumble 1s -T .t --time-unit us --delay 364000d \
		--grace 364000d in.ndjson
	assert_status 0
	assert_output <<-'END'
	{"window_start":"0000-01-01T00:00:00.000Z","window_end":"0000-01-01T00:00:01.000Z","count":1}
	{"window_start":"1970-01-01T00:00:00.000Z","window_end":"1970-01-01T00:00:01.000Z","count":1}
	{"window_start":"9892-03-08T12:26:40.000Z","window_end":"9892-03-08T12:26:41.000Z","count":1}
	{"window_start":"9999-12-31T23:59:58.000Z","window_end":"9999-12-31T23:59:59.000Z","count":1}
	END
	assert_stderr ''
}

@test "-w filters after the watermark has moved" {
	records '{"t":1,"k":1}' '{"t":9,"k":2}' '{"t":2,"k":1}' '{"t":3,"k":2}'
	# 9 does not pass, yet makes 2 late; 3 does not pass, so it is not late.
	run --separate-stderr rows --tumble 5s -w '.k == 1'
	assert_output '00:00-00:05 "count":1'
	assert_stderr 'kwindow: 4 in, 3 used, 0 bad, 1 late'
	gives rows --tumble 5s -w '.k == 3' </dev/null
	gives rows --tumble 5s -w empty </dev/null
	# One result that holds is enough; a key has one alone.
	run --separate-stderr rows --tumble 5s -w '.k == (1, 2)'
	assert_output <<-'END'
	00:00-00:05 "count":1
	00:05-00:10 "count":1
	END
	assert_stderr 'kwindow: 4 in, 2 used, 0 bad, 2 late'
	run --separate-stderr rows --tumble 5s -g 'x=.k == (1, 2)'
	assert_status 1
	assert_stderr 'kwindow: in.ndjson:1: .k == (1, 2): two results where one is due'
}

@test "-w that never holds closes windows all the same" {
	mkfifo in out
	kwindow --tumble 5s -T .t -w '.k' <in >out 3>&- &
	exec 5>in 6<out
	printf '{"t":1,"k":true}\n{"t":5}\n' >&5
	read -r -t 10 line <&6
	same_text '{"window_start":"1970-01-01T00:00:00.000Z","window_end":"1970-01-01T00:00:05.000Z","count":1}' \
		"$line"
	exec 5>&-
	run cat <&6
	assert_output ''
	wait
}

@test "windows close at the end of input, in order of their ends" {
	records '{"t":31,"k":"b"}' '{"t":2,"k":"a"}' '{"t":31,"k":"a"}' '{"t":14,"k":"b"}' '{"t":2,"k":"b"}'
	gives rows --tumble 5s --delay 1h -g .k <<-'END'
	00:00-00:05 "k":"a","count":1
	00:00-00:05 "k":"b","count":1
	00:10-00:15 "k":"b","count":1
	00:30-00:35 "k":"b","count":1
	00:30-00:35 "k":"a","count":1
	END
	# Of equal ends the earlier start comes first.
	at 14
	gives rows --cumulate 10s/5s <<<'00:10-00:15 "count":1
00:10-00:20 "count":1'
	gives rows --hop 10s/5s <<<'00:05-00:15 "count":1
00:10-00:20 "count":1'
}

@test "--keep-open leaves open what the watermark did not close" {
	at 1 6 12
	gives rows --tumble 5s --keep-open <<-'END'
	00:00-00:05 "count":1
	00:05-00:10 "count":1
	END
	gives rows --tumble 5s --keep-open --delay 7s <<<'00:00-00:05 "count":1'
	: >want
	gives rows --tumble 5s --keep-open --delay 8s <want
}

@test "no records, no rows" {
	: >in.ndjson
	gives rows --tumble 5s <in.ndjson
	printf '\n \r\n' >in.ndjson
	: >want
	gives rows --tumble 5s --emit table <want
}

# --- Late records ---

@test "--late appends the late records' own bytes" {
	records '{"t":10}' '{ "t": 1.0, "x":"é" }' '{"t":7}' '{"t":11}'
	printf '{"t" : 4}\r\n\n{"t":5,"z":null}' >>in.ndjson
	echo before >late
	run --separate-stderr rows --tumble 5s --late late
	assert_status 0
	assert_output <<-'END'
	00:10-00:15 "count":2
	END
	assert_stderr 'kwindow: 6 in, 2 used, 0 bad, 4 late'
	printf 'before\n{ "t": 1.0, "x":"é" }\n{"t":7}\n{"t" : 4}\r\n{"t":5,"z":null}\n' >want
	same_file want late
}

@test "--late that cannot be written at the end: the run fails, though its rows are out" {
	printf '{"t":%d}\n' 100 50 >in.ndjson
	run --separate-stderr kwindow --tumble 5s -T .t --time-format s --late /dev/full in.ndjson
	assert_status 1
	assert_output '{"window_start":100,"window_end":105,"count":1}'
	assert_stderr 'kwindow: /dev/full: write error: No space left on device'
}

@test "--late is there, and empty, when nothing was late" {
	at 1
	gives rows --tumble 5s --late late <<<'00:00-00:05 "count":1'
	: >want
	same_file want late
	run --separate-stderr rows --tumble 5s --late none/late
	assert_status 1
	assert_stderr 'kwindow: none/late: No such file or directory'
}

# --- -J ---

# envelopes PARTITION@SECONDS...: writes in.ndjson, of topic t unless TOPIC/PARTITION.
envelopes()
{
	local e topic
	for e in "$@"; do
		topic=t
		[[ $e == */* ]] && topic=${e%/*}
		e=${e#*/}
		printf '{"topic":"%s","partition":%s,"offset":0,"timestamp":%s000,"value":null}\n' \
			"$topic" "${e%@*}" "${e#*@}"
	done >in.ndjson
}

@test "-J: time is .timestamp, and the slowest partition holds the watermark" {
	envelopes 0@1000000010 1@1000000011 0@1000000020 1@1000000012 1@1000000015 0@1000000014
	run --separate-stderr kwindow -J --tumble 5s in.ndjson
	assert_output <<-'END'
	{"window_start":"2001-09-09T01:46:50.000Z","window_end":"2001-09-09T01:46:55.000Z","count":3}
	{"window_start":"2001-09-09T01:46:55.000Z","window_end":"2001-09-09T01:47:00.000Z","count":1}
	{"window_start":"2001-09-09T01:47:00.000Z","window_end":"2001-09-09T01:47:05.000Z","count":1}
	END
	# Partition 1 was at 15 when the record of 14 came.
	assert_stderr 'kwindow: 6 in, 5 used, 0 bad, 1 late'
	# Without -J they are one input.
	run --separate-stderr kwindow -T .timestamp --tumble 5s in.ndjson
	assert_stderr 'kwindow: 6 in, 3 used, 0 bad, 3 late'
}

# What an envelope's timestamp is does not go by its magnitude, as another time would.
@test "-J: .timestamp is in ms, however small; -1 is none" {
	printf '{"topic":"t","partition":0,"timestamp":%s}\n' 5000 1000 0 1713712245123 -2 '"7000"' >in.ndjson
	gives kwindow -J --tumble 1s --delay 30000d in.ndjson <<-'END'
	{"window_start":"1969-12-31T23:59:59.000Z","window_end":"1970-01-01T00:00:00.000Z","count":1}
	{"window_start":"1970-01-01T00:00:00.000Z","window_end":"1970-01-01T00:00:01.000Z","count":1}
	{"window_start":"1970-01-01T00:00:01.000Z","window_end":"1970-01-01T00:00:02.000Z","count":1}
	{"window_start":"1970-01-01T00:00:05.000Z","window_end":"1970-01-01T00:00:06.000Z","count":1}
	{"window_start":"1970-01-01T00:00:07.000Z","window_end":"1970-01-01T00:00:08.000Z","count":1}
	{"window_start":"2024-04-21T15:10:45.000Z","window_end":"2024-04-21T15:10:46.000Z","count":1}
	END
	kwindow -J --tumble 1s --delay 30000d in.ndjson >want
	gives kwindow -J --time-unit ms --tumble 1s --delay 30000d in.ndjson <want
	printf '{"topic":"t","partition":0,"timestamp":%s}\n' -1 null 1000 -1.0 >in.ndjson
	echo '{"topic":"t","partition":0}' >>in.ndjson
	run --separate-stderr kwindow -J --tumble 1s --bad bad in.ndjson
	assert_output '{"window_start":"1970-01-01T00:00:01.000Z","window_end":"1970-01-01T00:00:02.000Z","count":1}'
	assert_stderr 'kwindow: 5 in, 1 used, 4 bad, 0 late'
	kmap -r '.error' bad | same_file <(printf 'no time (%s)\n' -1 null -1 null) -
	# With -T a time is what it says.
	printf '{"topic":"t","partition":0,"timestamp":%s}\n' -1 5 >in.ndjson
	gives kwindow -J -T .timestamp --tumble 10s in.ndjson <<-'END'
	{"window_start":"1969-12-31T23:59:50.000Z","window_end":"1970-01-01T00:00:00.000Z","count":1}
	{"window_start":"1970-01-01T00:00:00.000Z","window_end":"1970-01-01T00:00:10.000Z","count":1}
	END
}

@test "-J --state: times are in ms in the next run, too" {
	e() { printf '{"topic":"t","partition":0,"timestamp":%s}\n' "$@"; }
	e 0 | kwindow -J --tumble 1s --state s
	e 5000 | kwindow -J --tumble 1s --state s >out
	e 1713712245123 | kwindow -J --tumble 1s --state s --final >>out
	kmap -r .window_start out | same_file <(printf '%s.000Z\n' 1970-01-01T00:00:0{0,5} 2024-04-21T15:10:45) -
}

@test "-J: a partition is of a topic" {
	envelopes a/0@1000000010 b/0@1000000010 a/0@1000000020 b/0@1000000011
	gives kwindow -J --tumble 5s --keep-open in.ndjson </dev/null
	gives kwindow -J --tumble 5s -g .topic in.ndjson <<-'END'
	{"window_start":"2001-09-09T01:46:50.000Z","window_end":"2001-09-09T01:46:55.000Z","topic":"a","count":1}
	{"window_start":"2001-09-09T01:46:50.000Z","window_end":"2001-09-09T01:46:55.000Z","topic":"b","count":2}
	{"window_start":"2001-09-09T01:47:00.000Z","window_end":"2001-09-09T01:47:05.000Z","topic":"a","count":1}
	END
}

@test "-J: a partition first seen behind the watermark is late, and holds it from then on" {
	envelopes 0@1000000020 1@1000000010 0@1000000030
	run --separate-stderr kwindow -J --tumble 5s in.ndjson
	assert_output <<-'END'
	{"window_start":"2001-09-09T01:47:00.000Z","window_end":"2001-09-09T01:47:05.000Z","count":1}
	{"window_start":"2001-09-09T01:47:10.000Z","window_end":"2001-09-09T01:47:15.000Z","count":1}
	END
	assert_stderr 'kwindow: 3 in, 2 used, 0 bad, 1 late'
	run --separate-stderr kwindow -J --tumble 5s --keep-open in.ndjson
	assert_output ''
}

@test "--partitions N: there is no watermark before N partitions were seen" {
	envelopes 0@1000000020 1@1000000010 0@1000000030 1@1000000024
	run --separate-stderr kwindow -J --partitions 2 --tumble 5s --keep-open in.ndjson
	assert_output '{"window_start":"2001-09-09T01:46:50.000Z","window_end":"2001-09-09T01:46:55.000Z","count":1}'
	assert_stderr ''
	gives kwindow -J --partitions 3 --tumble 5s --keep-open in.ndjson </dev/null
}

@test "-J: no partition goes back" {
	envelopes 0@1000000020 1@1000000002 0@1000000005 1@1000000015
	gives kwindow -J --partitions 2 --tumble 5s --keep-open in.ndjson <<-'END'
	{"window_start":"2001-09-09T01:46:40.000Z","window_end":"2001-09-09T01:46:45.000Z","count":1}
	{"window_start":"2001-09-09T01:46:45.000Z","window_end":"2001-09-09T01:46:50.000Z","count":1}
	END
}

@test "-J -T: another time, the same partitions" {
	records '{"topic":"t","partition":0,"value":{"at":10}}' '{"topic":"t","partition":1,"value":{"at":1}}' \
		'{"topic":"t","partition":0,"value":{"at":20}}' '{"topic":"t","partition":1,"value":{"at":2}}'
	gives kwindow -J -T .value.at --tumble 5s --delay 1h in.ndjson <<-'END'
	{"window_start":"1970-01-01T00:00:00.000Z","window_end":"1970-01-01T00:00:05.000Z","count":2}
	{"window_start":"1970-01-01T00:00:10.000Z","window_end":"1970-01-01T00:00:15.000Z","count":1}
	{"window_start":"1970-01-01T00:00:20.000Z","window_end":"1970-01-01T00:00:25.000Z","count":1}
	END
	run --separate-stderr kwindow -J --tumble 5s in.ndjson
	assert_status 1
	assert_stderr 'kwindow: in.ndjson:1: no time (null)'
}

@test "--idle: a silent partition lets go of the watermark" {
	mkfifo in out
	kwindow -J --tumble 5s --idle 300ms -g .partition <in >out 3>&- &
	exec 5>in 6<out
	envelopes 1@1000000010 0@1000000020
	cat in.ndjson >&5
	# Both are silent: the greatest of all counts, and [10,15) is over.
	read -r -t 10 line <&6
	same_text '{"window_start":"2001-09-09T01:46:50.000Z","window_end":"2001-09-09T01:46:55.000Z","partition":1,"count":1}' \
		"$line"
	# The one that speaks again holds nothing back.
	envelopes 0@1000000030
	cat in.ndjson >&5
	read -r -t 10 line <&6
	same_text '{"window_start":"2001-09-09T01:47:00.000Z","window_end":"2001-09-09T01:47:05.000Z","partition":0,"count":1}' \
		"$line"
	exec 5>&-
	run cat <&6
	assert_output '{"window_start":"2001-09-09T01:47:10.000Z","window_end":"2001-09-09T01:47:15.000Z","partition":0,"count":1}'
	wait
}

@test "--idle counts only the time spent waiting for input" {
	# However long ago it was, a file's next record was never waited for.
	envelopes 1@1000000010 0@1000000020 0@1000000021 1@1000000011
	gives kwindow -J --tumble 5s --idle 1us --keep-open in.ndjson </dev/null
}

@test "-J: many partitions cost little more than one" {
	awk 'BEGIN {
		for (i = 0; i < 200000; i++)
			printf "{\"topic\":\"t\",\"partition\":%d,\"timestamp\":%.0f}\n", i * 7919 % 20000, 1000000000000 + i
	}' >in
	timeout 15 kwindow -J --tumble 1m in >out
	sed 's/"partition":[0-9]*/"partition":0/' in | kwindow -J --tumble 1m >one
	diff one out
	same_text 4 "$(wc -l <out)"
}

@test "--partitions with --idle: one that never comes is let go" {
	mkfifo in out
	kwindow -J --tumble 5s --partitions 2 --idle 300ms <in >out 3>&- &
	exec 5>in 6<out
	envelopes 0@1000000010 0@1000000020
	cat in.ndjson >&5
	read -r -t 10 line <&6
	same_text '{"window_start":"2001-09-09T01:46:50.000Z","window_end":"2001-09-09T01:46:55.000Z","count":1}' "$line"
	exec 5>&- 6<&-
	wait
}

# --- Output ---

@test "--emit close: a window's row comes once, as soon as it is final" {
	mkfifo in out
	kwindow --tumble 5s -T .t <in >out 3>&- &
	exec 5>in 6<out
	printf '{"t":1}\n{"t":2}\n' >&5
	run ! read -r -t 0.3 line <&6
	printf '{"t":5}\n' >&5
	read -r -t 10 line <&6
	same_text '00:00-00:05 "count":2' "$(short <<<"$line")"
	exec 5>&-
	run short <&6
	assert_output '00:05-00:10 "count":1'
	wait
}

@test "--emit changes: each change of each window" {
	records '{"t":1,"k":"a"}' '{"t":2,"k":"b"}' '{"t":3,"k":"a"}' '{"t":7,"k":"a"}' '{"t":4,"k":"a"}'
	run --separate-stderr rows --tumble 5s -g .k --emit changes
	assert_output <<-'END'
	00:00-00:05 "k":"a","count":1
	00:00-00:05 "k":"b","count":1
	00:00-00:05 "k":"a","count":2
	00:05-00:10 "k":"a","count":1
	END
	assert_stderr 'kwindow: 5 in, 4 used, 0 bad, 1 late'
	printf '%s\n' "$output" >want
	run --separate-stderr rows --tumble 5s -g .k --emit changes --every 0s
	assert_output <want
	at 12 17
	gives rows --hop 10s/5s --emit changes <<-'END'
	00:05-00:15 "count":1
	00:10-00:20 "count":1
	00:10-00:20 "count":2
	00:15-00:25 "count":1
	END
}

@test "--emit changes --every D: the last version of each changed row" {
	mkfifo in out
	kwindow --tumble 5s -T .t -g .k --delay 1h --emit changes --every 200ms <in >out 3>&- &
	exec 5>in 6<out
	records '{"t":7,"k":"a"}' '{"t":1,"k":"b"}' '{"t":7,"k":"a"}' '{"t":1,"k":"a"}' '{"t":1,"k":"b"}'
	cat in.ndjson >&5
	# All come in one piece, so they are one change.
	for want in '00:00-00:05 "k":"b","count":2' '00:00-00:05 "k":"a","count":1' \
		'00:05-00:10 "k":"a","count":2'; do
		read -r -t 10 line <&6
		same_text "$want" "$(short <<<"$line")"
	done
	# What did not change is not said again.
	run ! read -r -t 0.5 line <&6
	printf '{"t":1,"k":"a"}\n' >&5
	read -r -t 10 line <&6
	same_text '00:00-00:05 "k":"a","count":2' "$(short <<<"$line")"
	exec 5>&- 6<&-
	wait
}

@test "--emit changes --every D: what is unsent comes when a window closes, and at the end" {
	at 1 2 7 8 9
	printf '%s\n' '00:00-00:05 "count":2' '00:05-00:10 "count":3' >want
	gives rows --tumble 5s --emit changes --every 1h <want
	# With --keep-open, as with final rows, only what the watermark has closed.
	gives rows --tumble 5s --emit changes --every 1h --keep-open <<<'00:00-00:05 "count":2'
}

@test "--emit table: every row at the end, nothing is late" {
	records '{"t":11,"k":"a"}' '{"t":1,"k":"b"}' '{"t":99,"k":"b"}' '{"t":2,"k":"a"}' '{"t":3,"k":"b"}'
	gives rows --tumble 5s -g .k --emit table <<-'END'
	00:00-00:05 "k":"b","count":2
	00:00-00:05 "k":"a","count":1
	00:10-00:15 "k":"a","count":1
	01:35-01:40 "k":"b","count":1
	END
}

@test "--emit table --every 0s: every row after each record" {
	records '{"t":11}' '{"t":1}' '{"t":2,"no":true}' '{"t":12}'
	gives rows --tumble 5s --emit table --every 0s -w '.no | not' <<-'END'
	00:10-00:15 "count":1
	00:00-00:05 "count":1
	00:10-00:15 "count":1
	00:00-00:05 "count":1
	00:10-00:15 "count":2
	END
}

@test "--emit table --every D: every row, by the clock" {
	mkfifo in out
	kwindow --tumble 5s -T .t --emit table --every 200ms <in >out 3>&- &
	exec 5>in 6<out
	printf '{"t":11}\n{"t":1}\n' >&5
	for want in '00:00-00:05 "count":1' '00:10-00:15 "count":1'; do
		read -r -t 10 line <&6
		same_text "$want" "$(short <<<"$line")"
	done
	printf '{"t":12}\n' >&5
	for want in '00:00-00:05 "count":1' '00:10-00:15 "count":2'; do
		read -r -t 10 line <&6
		same_text "$want" "$(short <<<"$line")"
	done
	exec 5>&- 6<&-
	wait
}

@test "windows of windows" {
	records '{"t":1,"k":"a"}' '{"t":4,"k":"b"}' '{"t":5,"k":"a"}' '{"t":9,"k":"a"}' '{"t":11,"k":"a"}' \
		'{"t":17,"k":"b"}'
	kwindow --tumble 5s -T .t -g .k in.ndjson | kwindow --tumble 10s -T .window_end -a 'n=sum(.count)' >got
	short <got >rows
	# A row's time is its end, which is the start of the next window.
	printf '%s\n' '00:00-00:10 "n":2' '00:10-00:20 "n":3' '00:20-00:30 "n":1' >want
	same_file want rows
	kwindow --tumble 5s -T .t -g .k in.ndjson |
		kwindow --tumble 10s -T .window_start -g .k -a 'n=sum(.count), windows=count' | short >rows
	printf '%s\n' '00:00-00:10 "k":"a","n":3,"windows":2' '00:00-00:10 "k":"b","n":1,"windows":1' \
		'00:10-00:20 "k":"a","n":1,"windows":1' '00:10-00:20 "k":"b","n":1,"windows":1' >want
	same_file want rows
}

# --- Groups and aggregates ---

@test "several -g, with and without names" {
	records '{"t":1,"a":{"b":"x"},"c":1}' '{"t":1,"a":{"b":"x"},"c":2}' '{"t":2,"a":{"b":"x"},"c":1}'
	gives rows --tumble 5s -g .a.b -g 'parity=.c % 2' -g '.c + 1' -a 'n=count' <<-'END'
	00:00-00:05 "b":"x","parity":1,"key":2,"n":2
	00:00-00:05 "b":"x","parity":0,"key":3,"n":1
	END
}

@test "keys are equal as jq has it, null and missing are one" {
	records '{"t":1,"k":1}' '{"t":1,"k":1.0}' '{"t":1,"k":"1"}' '{"t":1,"k":null}' '{"t":1}' \
		'{"t":1,"k":{"a":1,"b":[2]}}' '{"t":1,"k":{"b":[2.0],"a":1}}' '{"t":1,"k":true}'
	gives rows --tumble 5s -g .k <<-'END'
	00:00-00:05 "k":1,"count":2
	00:00-00:05 "k":"1","count":1
	00:00-00:05 "k":null,"count":2
	00:00-00:05 "k":{"a":1,"b":[2]},"count":2
	00:00-00:05 "k":true,"count":1
	END
}

@test "aggregates are of the window's records alone" {
	records '{"t":1,"v":0.1}' '{"t":2,"v":0.2}' '{"t":3,"v":null}' '{"t":7,"v":-5}' '{"t":8}' '{"t":12}'
	gives rows --tumble 5s -a 'count, count(.v), sum(.v), avg(.v), min(.v), max(.v), first(.v), last(.v)' \
		-a 'big=count where .v > 0.15' <<-'END'
	00:00-00:05 "count":3,"count(.v)":2,"sum(.v)":0.3,"avg(.v)":0.15,"min(.v)":0.1,"max(.v)":0.2,"first(.v)":0.1,"last(.v)":0.2,"big":1
	00:05-00:10 "count":2,"count(.v)":1,"sum(.v)":-5,"avg(.v)":-5,"min(.v)":-5,"max(.v)":-5,"first(.v)":-5,"last(.v)":-5,"big":0
	00:10-00:15 "count":1,"count(.v)":0,"sum(.v)":null,"avg(.v)":null,"min(.v)":null,"max(.v)":null,"first(.v)":null,"last(.v)":null,"big":0
	END
}

# --- Event time ---

# at_is WANT TIME [OPTION...]: a record of that time is in the window of a second that begins at WANT.
at_is()
{
	local want=$1
	at "$2"
	shift 2
	run kwindow --tumble 1s -T .t "$@" in.ndjson
	assert_match "^\{\"window_start\":\"$want\.000Z\","
}

@test "times in seconds, milliseconds, microseconds and nanoseconds" {
	at_is 2024-04-21T15:10:45 1713712245
	at_is 2024-04-21T15:10:45 1713712245.999999
	at_is 2024-04-21T15:10:45 1713712245123
	at_is 2024-04-21T15:10:45 1713712245123456
	at_is 2024-04-21T15:10:45 1713712245123456789
	at_is 5138-11-16T09:46:39 99999999999
	at_is 1973-03-03T09:46:40 100000000000
	at_is 1966-10-31T14:13:20 -100000000000
}

@test "times in strings of numbers" {
	at_is 2024-04-21T15:10:45 '"1713712245"'
	at_is 2024-04-21T15:10:45 '"1713712245123"'
	at_is 2024-04-21T15:10:45 '"1.713712245123e9"'
	at_is 1969-12-31T23:59:58 '"-1.5"'
}

@test "times that are computed" {
	at_is 2024-04-21T15:10:45 1713712245123 -T '.t / 1000'
	at_is 2024-04-21T15:10:46 1713712245123 -T '.t + 1000'
	at_is 2024-04-21T15:10:45 1713712245123 -T '.t | tostring'
	at_is 2024-04-21T15:10:45 1713712245123 -T '.t / 1000 | todate'
	at_is 2024-04-21T15:10:45 '"21.4.2024 15:10:45"' -T '.t | strptime("%d.%m.%Y %H:%M:%S") | mktime'
}

@test "--time-unit says what small and large numbers are" {
	at 0 1500 100000000000000
	gives kwindow --tumble 1s -T .t --time-unit ms in.ndjson <<-'END'
	{"window_start":"1970-01-01T00:00:00.000Z","window_end":"1970-01-01T00:00:01.000Z","count":1}
	{"window_start":"1970-01-01T00:00:01.000Z","window_end":"1970-01-01T00:00:02.000Z","count":1}
	{"window_start":"5138-11-16T09:46:40.000Z","window_end":"5138-11-16T09:46:41.000Z","count":1}
	END
	at_is 1970-01-01T00:00:01 1500000 --time-unit us
	at_is 1970-01-01T00:00:01 1500000000 --time-unit ns
	at_is 5138-11-16T09:46:40 100000000000 --time-unit s
}

@test "times in text" {
	at_is 2020-04-15T08:05:00 '"2020-04-15T08:05:00Z"'
	at_is 2020-04-15T08:05:00 '"2020-04-15t08:05:00.999999z"'
	at_is 2020-04-15T06:05:00 '"2020-04-15T08:05:00+02:00"'
	at_is 2020-04-15T13:35:01 '"2020-04-15T08:05:01-0530"'
	at_is 2020-04-14T22:05:00 '"2020-04-15T08:05:00+10"'
	at_is 2020-04-15T08:05:00 '"2020-04-15 08:05:00.000"'
	at_is 2020-04-15T08:05:07 '"2020-04-15 08:05:07"'
	at_is 2020-04-15T08:05:00 '"2020-04-15 08:05"'
	at_is 2020-04-15T00:00:00 '"2020-04-15"'
	at_is 2020-02-29T00:00:00 '"2020-02-29"'
	at_is 2017-01-01T00:00:00 '"2016-12-31T23:59:60Z"'
	at_is 0001-01-01T00:00:00 '"0001-01-01"'
}

@test "the time zone of the environment does not matter" {
	TZ=America/New_York at_is 2020-04-15T08:05:00 '"2020-04-15 08:05"'
}

# time_is_bad WHY TIME [OPTION...]
time_is_bad()
{
	local want=$1
	at "$2"
	shift 2
	run --separate-stderr kwindow --tumble 1s -T .t "$@" in.ndjson
	assert_status 1
	assert_output ''
	assert_stderr "kwindow: in.ndjson:1: $want"
}

@test "a time that is missing or cannot be read is bad" {
	time_is_bad 'no time (null)' null
	time_is_bad 'no time (null)' 1 -T .nothing
	time_is_bad 'no time (null)' 1 -T empty
	time_is_bad '.t,.t: two results where one is due' 1 -T .t,.t
	time_is_bad 'not a time: true' true
	time_is_bad 'not a time: [1]' '[1]'
	time_is_bad 'not a time: {"s":1}' '{"s":1}'
	time_is_bad 'not a time: ""' '""'
	time_is_bad 'not a time: "now"' '"now"'
	time_is_bad 'not a time: "2020-02-30"' '"2020-02-30"'
	time_is_bad 'not a time: "2020-04-15 24:00"' '"2020-04-15 24:00"'
	time_is_bad 'not a time: "2020-04-15 08:05:00 UTC"' '"2020-04-15 08:05:00 UTC"'
	time_is_bad 'not a time: " 1"' '" 1"'
	time_is_bad 'not a time: "007"' '"007"'
	time_is_bad 'not a time: 1e+300' 1e300
	time_is_bad 'time out of range (years 0000 to 9999)' 9223372036854775808000
	time_is_bad 'time out of range (years 0000 to 9999)' 9223372036855 --time-unit s
	time_is_bad 'time out of range (years 0000 to 9999)' 1713712245123 --time-unit s
	time_is_bad 'time out of range (years 0000 to 9999)' '"9999-12-31T23:59:59-01:00"'
	time_is_bad 'time out of range (a window would leave the years 0000 to 9999)' \
		'"9999-12-31T23:59:59Z"'
}

@test "units do not mix" {
	at 1713712245 1713712245123
	run --separate-stderr rows --tumble 1h
	assert_status 1
	assert_stderr 'kwindow: in.ndjson:2: a time in ms among times in s (--time-unit says which)'
	at '"1713712245123456"' '"2024-04-21T15:10:45Z"' 1713712245123456 '"1713712245123456789"'
	run --separate-stderr rows --tumble 1h
	assert_stderr 'kwindow: in.ndjson:4: a time in ns among times in us (--time-unit says which)'
}

@test "no unit is fixed by zero, nor by a number that is no time" {
	at 0 1713712245123 0 1713712245124
	gives kwindow --tumble 1h -T .t --delay 100000d in.ndjson <<-'END'
	{"window_start":"1970-01-01T00:00:00.000Z","window_end":"1970-01-01T01:00:00.000Z","count":2}
	{"window_start":"2024-04-21T15:00:00.000Z","window_end":"2024-04-21T16:00:00.000Z","count":2}
	END
	at 9223372036854775808000 1713712245123
	run --separate-stderr kwindow --tumble 1h -T .t --bad skip in.ndjson
	assert_output '{"window_start":"2024-04-21T15:00:00.000Z","window_end":"2024-04-21T16:00:00.000Z","count":1}'
	assert_stderr 'kwindow: 2 in, 1 used, 1 bad, 0 late'
}

# --- Bad records ---

@test "a bad record ends the run: what was final before it is out, no more" {
	records '{"t":1}' '{"t":6}' '' '{"t":7' '{"t":20}'
	run --separate-stderr rows --tumble 5s
	assert_status 1
	assert_output '00:00-00:05 "count":1'
	assert_match '^kwindow: in\.ndjson:4: invalid JSON: ' "$stderr"
}

@test "a record is bad, or not, whole" {
	records '{"t":1,"v":1}' '{"t":9,"v":"x"}' '{"t":2,"v":2}'
	run --separate-stderr rows --tumble 5s -a 'count, sum(.v)'
	assert_status 1
	assert_stderr 'kwindow: in.ndjson:2: sum(.v): "x" is not a number'
	# It is not counted, and does not move the watermark.
	run --separate-stderr rows --tumble 5s -a 'count, sum(.v)' --bad skip
	assert_status 0
	assert_output '00:00-00:05 "count":2,"sum(.v)":3'
	assert_stderr 'kwindow: 3 in, 2 used, 1 bad, 0 late'
	# What -w keeps out is not looked at.
	run --separate-stderr rows --tumble 5s -a 'count, sum(.v)' -w '.t < 9'
	assert_output '00:00-00:05 "count":1,"sum(.v)":1'
	assert_stderr 'kwindow: 3 in, 2 used, 0 bad, 1 late'
	run --separate-stderr rows --tumble 5s -a 'count, s=sum(.v * 2)' -w '.t < 9'
	assert_output '00:00-00:05 "count":1,"s":2'
	assert_stderr 'kwindow: 3 in, 2 used, 0 bad, 1 late'
	run --separate-stderr rows --tumble 5s -a 's=sum(.v) where .t < 9, count'
	assert_output <<-'END'
	00:00-00:05 "s":1,"count":1
	00:05-00:10 "s":null,"count":1
	END
	assert_stderr 'kwindow: 3 in, 2 used, 0 bad, 1 late'
}

@test "bad and late records are told apart" {
	records '{"t":6}' 'x' '{"t":1}' '{}'
	run --separate-stderr rows --tumble 5s --bad bad --late late
	assert_status 0
	assert_output '00:05-00:10 "count":1'
	assert_stderr 'kwindow: 4 in, 1 used, 2 bad, 1 late'
	same_text '{"t":1}' "$(cat late)"
	assert_match '^\{"error":"invalid JSON: [^"]*","source":"in\.ndjson","line":2,"input":"x"\}
\{"error":"no time \(null\)","source":"in\.ndjson","line":4,"input":"\{\}"\}$' "$(cat bad)"
}

@test "several files are one stream; a bad record's file is named" {
	at 1 6
	mv in.ndjson 1.ndjson
	printf '\n{"t":7}\n{"t":null}' >2.ndjson
	run --separate-stderr kwindow --tumble 5s -T .t 1.ndjson 2.ndjson
	assert_stderr 'kwindow: 2.ndjson:3: no time (null)'
	run --separate-stderr kwindow --tumble 5s -T .t --bad skip 1.ndjson - <2.ndjson
	assert_output <<-'END'
	{"window_start":"1970-01-01T00:00:00.000Z","window_end":"1970-01-01T00:00:05.000Z","count":1}
	{"window_start":"1970-01-01T00:00:05.000Z","window_end":"1970-01-01T00:00:10.000Z","count":2}
	END
	run --separate-stderr kwindow --tumble 5s -T .t 1.ndjson none.ndjson
	assert_status 1
	assert_stderr 'kwindow: none.ndjson: No such file or directory'
}

# --- As a filter ---

@test "-0, -u" {
	printf '{"t":1}\0{"t":6,\n"x":1}\0{"t":2}\0' >in.ndjson
	kwindow -0 --tumble 5s -T .t --late late in.ndjson 2>err | tr '\0' '|' >got
	same_text '{"window_start":"1970-01-01T00:00:00.000Z","window_end":"1970-01-01T00:00:05.000Z","count":1}|{"window_start":"1970-01-01T00:00:05.000Z","window_end":"1970-01-01T00:00:10.000Z","count":1}|' \
		"$(cat got)"
	same_text '{"t":2}|' "$(tr '\0' '|' <late)"
	at 1 6 12
	rows --tumble 5s >want
	gives rows -u --tumble 5s <want
}

@test "--stats counts what was late" {
	at 6 1 2
	run --separate-stderr rows --tumble 5s --stats
	assert_match '^\{"tool":"kwindow","in":3,"used":1,"bad":0,"late":2,"native":3,' "$stderr"
}

@test "a signal: a fed filter drains and closes its windows" {
	mkfifo in
	kwindow --tumble 5s -T .t <in >got 3>&- &
	local pid=$!
	exec 5>in
	printf '{"t":1}\n{"t":6}\n' >&5
	eventually 10 test -s got
	kill -TERM "$pid"
	printf '{"t":7}\n' >&5
	exec 5>&-
	wait "$pid"
	short <got >rows
	printf '%s\n' '00:00-00:05 "count":1' '00:05-00:10 "count":2' >want
	same_file want rows
}

@test "a signal: one that reads a named input stops, without finals" {
	mkfifo in
	kwindow --tumble 5s -T .t in >got 3>&- &
	local pid=$! status=0
	exec 5>in
	printf '{"t":1}\n{"t":6}\n' >&5
	eventually 10 test -s got
	kill -TERM "$pid"
	wait "$pid" || status=$?
	exec 5>&-
	same_text 143 "$status"
	same_text '00:00-00:05 "count":1' "$(short <got)"
}

@test "many windows and groups" {
	awk 'BEGIN { for (i = 0; i < 50000; i++) printf "{\"t\":%d,\"k\":%d}\n", int(i / 2), i % 7 }' >in.ndjson
	rows --hop 10s/5s -g .k --delay 1m >one
	awk 'BEGIN {
		for (i = 0; i < 50000; i++) {
			t = int(i / 2)
			for (s = int(t / 5) * 5 - 5; s <= t; s += 5) {
				if (!((s, i % 7) in n))
					first[s] = first[s] " " i % 7
				n[s, i % 7]++
			}
		}
		for (s = -5; s < 25000; s += 5) {
			groups = split(first[s], k, " ")
			for (g = 1; g <= groups; g++)
				print s, k[g], n[s, k[g]]
		}
	}' >want
	kwindow --hop 10s/5s -g .k --delay 1m -T .t in.ndjson |
		sed 's/{"window_start":"\([^"]*\)T\(..\):\(..\):\(..\).*"k":\(.*\),"count":\(.*\)}/\1 \2 \3 \4 \5 \6/' |
		awk '{ print ($1 < "1970" ? -86400 : 0) + $2 * 3600 + $3 * 60 + $4, $5, $6 }' >got
	same_file want got
}

@test "many windows that are open, in whatever order their records come" {
	n=$(fewer 250000)
	seq "$n" >up
	tac up >down
	shuf --random-source=up up >mixed
	awk -v n="$n" 'BEGIN { for (s = 0; s <= n; s++) print s, s + 2, 1 + (s > 0 && s < n) }' >hops
	awk -v n="$n" 'BEGIN { for (s = 1; s <= n; s++) print s, s + 1, 1 }' >tumbles
	for order in up down mixed; do
		all_open --hop 2s/1s --delay 30d "$order" >got
		same_file hops got
		all_open --tumble 1s --emit table "$order" >got
		same_file tumbles got
	done
}

# all_open OPTION...: counts of times in s, as START END COUNT.
all_open()
(
	set -o pipefail
	kwindow -T . --time-unit s --time-format s "$@" | tr -c '0-9\n' ' ' | awk '{ print $1, $2, $3 }'
)

# --- Usage ---

@test "usage errors" {
	local help=" (try 'kwindow --help')"
	misused "give one of --tumble, --hop, --cumulate, --session, --slide$help" -T .t
	misused "give one of --tumble, --hop, --cumulate, --session, --slide$help" -T .t --tumble 5s --hop 5s/1s
	misused "the size of a window must be more than 0$help" -T .t --tumble 0s
	misused "the size of a window must be more than 0$help" -T .t --tumble=-5s
	misused "windows start and end at whole milliseconds, as rows show them$help" -T .t --tumble 1500us
	misused "windows start and end at whole milliseconds, as rows show them$help" -T .t --hop 5ms/100us
	misused "windows start and end at whole milliseconds, as rows show them$help" -T .t --tumble 1s --align 1us
	misused "--tumble: '5x' is not a duration (like 500ms, 5s, 1m30s, 2h, 1d)$help" -T .t --tumble 5x
	misused "--tumble: '3652059d' is more than 1000 years$help" -T .t --tumble 3652059d
	misused "--align: '-365001d' is more than 1000 years$help" -T .t --tumble 5s --align=-365001d
	misused "--tumble needs an argument: SIZE$help" -T .t --tumble
	misused "--hop: '5s' is not SIZE/STEP$help" -T .t --hop 5s
	misused "--hop: STEP must be more than 0 and at most SIZE$help" -T .t --hop 5s/6s
	misused "--hop: STEP must be more than 0 and at most SIZE$help" -T .t --hop 5s/0
	misused "--hop: '' is not a duration (like 500ms, 5s, 1m30s, 2h, 1d)$help" -T .t --hop 5s/
	misused "--cumulate: STEP must divide MAX$help" -T .t --cumulate 5s/2s
	misused "--hop: a record would be in 31536000 windows (the most is 100000)$help" \
		-T .t --hop 365d/1s
	misused "--cumulate: a record would be in 100001 windows (the most is 100000)$help" \
		-T .t --cumulate 100001ms/1ms
	misused "--align: 'x' is not a duration (like 500ms, 5s, 1m30s, 2h, 1d)$help" -T .t --tumble 5s --align x
	misused "-T EXPR is missing: which field is a record's event time?$help" --tumble 5s
	misused "--time-unit: 'h' is none of s, ms, us, ns$help" -T .t --tumble 5s --time-unit h
	misused "--time-unit s goes with -T: the .timestamp of -J is in ms$help" -J --tumble 5s --time-unit s
	misused "--emit: 'all' is none of close, changes, table$help" -T .t --tumble 5s --emit all
	misused "--every goes with --emit changes or table$help" -T .t --tumble 5s --every 1s
	misused "--delay: '-1s' is not a duration (like 500ms, 5s, 1m30s, 2h, 1d)$help" -T .t --tumble 5s --delay=-1s
	misused "--grace: '-1s' is not a duration (like 500ms, 5s, 1m30s, 2h, 1d)$help" -T .t --tumble 5s --grace=-1s
	misused "--idle: '-1s' is not a duration (like 500ms, 5s, 1m30s, 2h, 1d)$help" -T .t --tumble 5s --idle=-1s
	misused "--every: '-1s' is not a duration (like 500ms, 5s, 1m30s, 2h, 1d)$help" -T .t --tumble 5s \
		--emit table --every=-1s
	misused "--idle goes with -J$help" -T .t --tumble 5s --idle 5s
	misused "--idle goes with -J$help" -T .t --tumble 5s --idle 30s
	misused "--idle must be more than 0$help" -J --tumble 5s --idle 0s
	misused "--partitions goes with -J$help" -T .t --tumble 5s --partitions 2
	misused "--partitions: '-1' is not a count$help" -J --tumble 5s --partitions -1
}

@test "programs, groups and aggregates are checked before any input is read" {
	local w=(--tumble 5s -T .t)
	misused "two results are named 't' (name one: NAME=...)" "${w[@]}" -g .t -g .a.t
	misused "two results are named 'n' (name one: NAME=...)" "${w[@]}" -g n=.t -a n=count
	misused "'window_end' is the window's own (name the result: NAME=...)" "${w[@]}" -g .window_end
	misused "'window_start' is the window's own (name the result: NAME=...)" "${w[@]}" -a 'window_start=count'
	misused "foo(.t): unknown function 'foo'; did you mean 'top'?" "${w[@]}" -a 'foo(.t)'
	run --separate-stderr kwindow "${w[@]}" -w '.a |' </dev/null
	assert_status 2
	assert_match '^kwindow: \.a \|: syntax error' "$stderr"
	run --separate-stderr kwindow --tumble 5s -T '(' </dev/null
	assert_status 2
	assert_match '^kwindow: \(: syntax error' "$stderr"
}
