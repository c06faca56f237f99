#!/usr/bin/env bats
# CSV tools as a nightly job runs them: beside others, over files that change, at the worst moment. What holds for
# every tool (closed standard input, no terminal, HOME, TZ, locales, umask, /dev/full, SIGPIPE) is in tests/contracts.

load helper

# table LETTER ROWS: rows of 4 bytes.
table()
{
	echo k,v
	yes "$1,1" | head -n "$2"
}

@test "a pattern that matches no file is a file that is not there" {
	run --separate-stderr csvagg -g k *.csv
	assert_status 1
	assert_output ''
	assert_stderr 'csvagg: *.csv: No such file or directory'
	table a 3 >1.csv
	table b 2 >2.csv
	gives csvagg -g k -a 'sum(v)' *.csv <<<$'k,sum(v)\na,3\nb,2'
}

@test "one of many files is missing, or lacks a column: nothing is written" {
	for i in 1 2 3 4; do
		table a 100000 >"$i.csv"
	done
	rm 3.csv
	echo old >out
	run --separate-stderr csvagg -g k -o out 1.csv 2.csv 3.csv 4.csv
	assert_status 1
	assert_stderr 'csvagg: 3.csv: No such file or directory'
	same_text old "$(cat out)"
	printf 'K,v\na,1\n' >3.csv
	run --separate-stderr csvagg -g k -a 'sum(v)' -j2 [1-4].csv
	assert_status 1
	assert_output ''
	assert_stderr "csvagg: 3.csv: no column 'k'"
	# What is skipped are rows, never files.
	run --separate-stderr csvagg -g k -a 'sum(v)' --bad skip [1-4].csv
	assert_status 1
	assert_output ''
	assert_stderr "csvagg: 3.csv: no column 'k'"
}

@test "two runs at once with one -o: the file is one of theirs, whole" {
	table a 30000 >a.csv
	table b 20000 >b.csv
	printf 'k,n\na,30000\n' >a.want
	printf 'k,n\nb,20000\n' >b.want
	local i a b
	for i in 1 2 3 4 5 6 7 8 9 10; do
		csvagg -g k -a n=count -o out a.csv 3>&- &
		a=$!
		csvagg -g k -a n=count -o out b.csv 3>&- &
		b=$!
		wait "$a"
		wait "$b"
		cmp -s a.want out || same_file b.want out
		same_text out "$(echo out*)"
	done
}

@test "killed in the middle: the old file stays, and the next run writes it" {
	echo old >out
	table a 10 >a.csv
	mkfifo in
	csvagg -g k -o out a.csv in 3>&- &
	local pid=$! status=0
	exec 5>in
	kill -KILL "$pid"
	wait "$pid" 2>/dev/null || status=$?
	exec 5>&-
	same_text 137 "$status"
	same_text old "$(cat out)"
	csvagg -g k -o out a.csv
	same_text $'k,count\na,10' "$(cat out)"
}

@test "a file that grows while it is read: its rows at some time, all of them whole" {
	table a 1000000 >in.csv
	(
		while [ ! -e stop ]; do
			yes a,1 | head -n 4096 >>in.csv # pipes and files take 16 KiB at once: whole rows
			sleep 0.001
		done
	) 3>&- &
	local writer=$! jobs before n
	for jobs in 1 2 7; do
		before=$(($(wc -c <in.csv) / 4 - 1))
		run --separate-stderr csvagg --no-header-out -j$jobs -a 'count, sum(v)' in.csv
		assert_status 0
		assert_stderr ''
		n=${output%,*}
		same_text "$n,$n" "$output"
		[ "$n" -ge "$before" ]
		[ "$n" -le $(($(wc -c <in.csv) / 4 - 1)) ]
	done
	: >stop
	wait "$writer"
}

@test "a file that is cut while it is read: an answer or an error, never a crash" {
	table a 2000000 >whole.csv
	local i status
	for i in 1 2 3 4 5 6 7 8; do
		cp whole.csv in.csv
		status=0
		csvagg -j2 -g k -a 'sum(v)' in.csv >got 2>err 3>&- &
		local pid=$!
		sleep 0.0$i
		printf 'k,v\\na,1\\n' >in.csv
		wait "$pid" || status=$?
		# 2 only when the header was cut, and with it a column that is asked for.
		[ "$status" -le 1 ] || { [ "$status" = 2 ] && grep -q ': no column ' err; } ||
			fail "status $status" "$(cat err)"
		[ "$status" = 0 ] || [ -s err ]
		[ "$status" = 0 ] || [ ! -s got ]
	done
}
