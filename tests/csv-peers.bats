#!/usr/bin/env bats
# csvagg beside mlr, sqlite3 and datamash: the same where their rules are, and the rule where they differ.

load helper

# csv TEXT: writes in.csv, the escapes of printf understood.
csv()
{
	printf "$1" >in.csv
}

# What a version of a peer does may be mended in the next.
need_version()
{
	need "$1"
	[[ $("$1" --version 2>&1 | head -n 1) = *$2* ]] || skip "another $1"
}

# --- Peers, where their rules are the same ---

# Whole and quarter numbers, so that no sum is rounded; no empty cells, no quotes.
peer_table()
{
	awk 'BEGIN {
		print "k,v,w"
		for (i = 0; i < 5000; i++)
			printf "g%d,%d,%.2f\n", i * i % 13, i * 31 % 997 - 400, i * 17 % 400 / 4
	}' >in.csv
}

# rounded: numbers to 10 digits, for averages that are written in other ways.
rounded()
{
	awk -F, -v OFS=, '{ for (i = 2; i <= NF; i++) $i = sprintf("%.10g", $i); print }' | LC_ALL=C sort
}

@test "sqlite3 agrees" {
	need sqlite3
	peer_table
	sqlite3 :memory: '.mode csv' '.import in.csv t' \
		'select k, count(*), sum(v), min(v + 0), max(v + 0), avg(v), sum(w), sum(v * w) from t group by k' |
		tr -d '\r' | rounded >want
	csvagg --no-header-out -g k -a 'count, sum(v), min(v), max(v), avg(v), sum(w), sum(v * w)' in.csv |
		rounded >got
	same_file want got
	# Nulls, too.
	csv 'k,v\na,1\na,\nb,\n,2\n'
	sqlite3 :memory: '.mode csv' '.import in.csv t' "update t set v = nullif(v, ''), k = nullif(k, '')" \
		'select k, count(*), count(v), sum(v), avg(v) from t group by k order by k' | tr -d '\r' >want
	csvagg --no-header-out -g k -a 'count, n=count(v), sum(v), avg(v)' in.csv | LC_ALL=C sort >got
	sed -i.bak -e 's/\.0$//' want
	same_file want got
}

@test "mlr agrees" {
	need mlr
	peer_table
	mlr --icsv --ocsv --implicit-csv-header --headerless-csv-output tail -n 0 in.csv >/dev/null ||
		skip "another mlr"
	mlr --icsv --ocsv --headerless-csv-output stats1 -a count,sum,min,max,mean,var,p50 -f v -g k in.csv >mlr.csv
	csvagg --no-header-out -g k -a 'count(v), sum(v), min(v), max(v), avg(v), var(v)' in.csv >ours.csv
	# Both print groups first seen first.
	same_text "$(cut -d, -f1 mlr.csv)" "$(cut -d, -f1 ours.csv)"
	cut -d, -f1-7 mlr.csv | rounded >want
	rounded <ours.csv >got
	same_file want got
}

@test "datamash agrees" {
	need datamash
	peer_table
	datamash -t, --header-in -s -g k count v sum v min v max v mean v svar v sstdev v median v perc:90 v \
		sskew w pkurt w first v last v mode v unique k <in.csv 2>/dev/null | cut -d, -f1-10,13-14 | rounded >want
	csvagg --no-header-out -g k -a 'count(v),sum(v),min(v),max(v),avg(v),var(v),stddev(v),median(v),p90(v),first(v),last(v)' \
		in.csv | rounded >got
	same_file want got
}

@test "mlr and sqlite3 read the same out of quotes, and what they write is read the same" {
	need mlr
	need sqlite3
	awk 'BEGIN {
		n = split("plain|\"in quotes\"|\"a,b\"|\"say \"\"x\"\"\"|\"\"\"\"|\"two\nlines\"|\"\n\"| blanks |é|007", k, "|")
		print "k,v"
		for (i = 0; i < 3000; i++)
			printf "%s,%d\n", k[i * i % 31 % n + 1], i
	}' >in.csv
	csvagg -g k -a count in.csv >ours.csv
	mlr --icsv --ocsv count-distinct -f k in.csv >mlr.csv
	same_file mlr.csv ours.csv
	sqlite3 :memory: '.mode csv' '.import in.csv t' 'select k, count(*), sum(v) from t group by k' >sqlite3.csv
	csvin -H k,n,v --types text sqlite3.csv | LC_ALL=C sort >want
	csvagg --no-header-out -g k -a 'count, sum(v)' in.csv | csvin -H k,n,v --types text | LC_ALL=C sort >got
	same_file want got
	[ "$(wc -l <got)" -ge 8 ]
}

# --- Where rules differ: theirs, then ours ---

@test "sums are exact: not as doubles of mlr and sqlite3 are" {
	need_version mlr 6.
	need sqlite3
	csv 'v\n0.1\n0.1\n0.1\n0.1\n0.1\n0.1\n0.1\n0.1\n0.1\n'
	same_text $'v_sum,v_mean\n0.8999999999999999,0.09999999999999999' "$(mlr --icsv --ocsv stats1 -a sum,mean -f v in.csv)"
	gives csvagg -a 'sum(v), avg(v)' in.csv <<<$'sum(v),avg(v)\n0.9,0.1'
	csv 'v\n9223372036854775807\n1\n'
	same_text $'v_sum\n9223372036854776000' "$(mlr --icsv --ocsv stats1 -a sum -f v in.csv)"
	run sqlite3 :memory: '.mode csv' '.import in.csv t' 'select sum(cast(v as integer)) from t'
	assert_status 1
	assert_match 'integer overflow'
	gives csvagg -a 'sum(v)' in.csv <<<$'sum(v)\n9223372036854775808'
}

@test "what is no number is no part of a sum: mlr leaves it out, sqlite3 takes 0, csvagg says where it is" {
	need_version mlr 6.
	need sqlite3
	csv 'v\nabc\n1\n'
	same_text $'v_count,v_sum\n2,1' "$(mlr --icsv --ocsv stats1 -a count,sum -f v in.csv)"
	same_text 2,1.0 "$(sqlite3 :memory: '.mode csv' '.import in.csv t' 'select count(v), sum(v) from t' | tr -d '\r')"
	run --separate-stderr csvagg -a 'count(v), sum(v)' in.csv
	assert_status 1
	assert_stderr 'csvagg: in.csv:2: sum(v): "abc" is not a number'
}

@test "an empty cell is null: sqlite3 counts it as 0, mlr sums none of them to 0, datamash refuses it" {
	need_version mlr 6.
	need sqlite3
	need datamash
	csv 'k,v\na,\na,4\nb,\n'
	sqlite3 :memory: '.mode csv' '.import in.csv t' 'select k, count(v), sum(v), avg(v) from t group by k' |
		tr -d '\r' >got
	same_text $'a,2,4.0,2.0\nb,1,0.0,0.0' "$(cat got)"
	same_text $'k,v_count,v_sum,v_mean\na,1,4,4\nb,0,0,' "$(mlr --icsv --ocsv stats1 -a count,sum,mean -f v -g k in.csv)"
	run datamash -t, --header-in -g 1 sum 2 <in.csv
	assert_status 1
	gives csvagg --no-header-out -g k -a 'count(v), sum(v), avg(v)' in.csv <<<$'a,1,4,4\nb,0,,'
}

@test "numbers are compared as numbers: sqlite3 compares what it imports as texts" {
	need sqlite3
	csv 'v\n9\n10\n'
	same_text 10,9 "$(sqlite3 :memory: '.mode csv' '.import in.csv t' 'select min(v), max(v) from t' | tr -d '\r')"
	gives csvagg --no-header-out -a 'min(v), max(v)' in.csv <<<9,10
}

@test "a group is all its rows: datamash wants them sorted" {
	need datamash
	csv 'k,v\na,1\nb,2\na,3\n'
	same_text $'a,1\nb,2\na,3' "$(datamash -t, --header-in -g 1 sum 2 <in.csv)"
	gives csvagg --no-header-out -g k -a 'sum(v)' in.csv <<<$'a,4\nb,2'
	datamash -t, --header-in -s -g 1 sum 2 <in.csv >want
	csvagg --no-header-out --sort k -g k -a 'sum(v)' in.csv >got
	same_file want got
}

@test "percentiles are R's type 7: so are datamash's, and mlr's when it is asked to interpolate" {
	need_version mlr 6.
	need datamash
	csv 'v\n1\n2\n3\n4\n'
	same_text $'v_p50,v_p25\n3,2' "$(mlr --icsv --ocsv stats1 -a p50,p25 -f v in.csv)"
	gives csvagg -a 'v_p50=p50(v), v_p25=p25(v)' in.csv <<<$'v_p50,v_p25\n2.5,1.75'
	awk 'BEGIN { srand(3); print "v"; for (i = 0; i < 1001; i++) printf "%.2f\n", rand() * 1000 - 300 }' >in.csv
	local p specs=() mlr_specs='' datamash_specs=()
	for p in 0 1 5 25 33 50 75 90 95 99 100; do
		specs+=(-a "v_p$p=p$p(v)")
		mlr_specs+=${mlr_specs:+,}p$p
		datamash_specs+=("perc:$p" v)
	done
	csvagg "${specs[@]}" in.csv | tail -n 1 | tr , '\n' | awk '{ printf "%.10g\n", $1 }' >got
	mlr --icsv --ocsv stats1 -i -a "$mlr_specs" -f v in.csv | tail -n 1 | tr , '\n' | awk '{ printf "%.10g\n", $1 }' >want
	same_file want got
	# datamash has perc:1 to perc:100, and prints 14 digits.
	datamash -H "${datamash_specs[@]:2}" <in.csv | tail -n 1 | tr '\t' '\n' | awk '{ printf "%.10g\n", $1 }' >want
	tail -n +2 got | same_file want -
}

@test "a column that is not there is an error: mlr prints nothing and is content" {
	need_version mlr 6.
	csv 'k,v\na,1\n'
	run mlr --icsv --ocsv stats1 -a sum -f v -g nope in.csv
	assert_status 0
	assert_output ''
	run --separate-stderr csvagg -g nope -a 'sum(v)' in.csv
	assert_status 2
	assert_stderr "csvagg: in.csv: nope: no column 'nope'"
}

@test "a ragged row is an error: sqlite3 fills it with nulls" {
	need sqlite3
	csv 'k,v\na,1\nb\n'
	sqlite3 :memory: '.mode csv' '.import in.csv t' 'select count(*), count(v) from t' 2>err | tr -d '\r' >got
	same_text 2,1 "$(cat got)"
	run --separate-stderr csvagg -a 'count, count(v)' in.csv
	assert_status 1
	assert_stderr 'csvagg: in.csv:3: 1 cell where the header has 2'
}

@test "lines may end in CR LF: datamash keeps the CR in the last column" {
	need datamash
	csv 'k,v\r\na,1\r\n'
	run datamash -t, -H -g k sum v <in.csv
	assert_status 1
	gives csvagg --no-header-out -g k -a 'sum(v)' in.csv <<<a,1
}

@test "a full disk is an error: mlr does not look" {
	[ -e /dev/full ] || skip "no /dev/full"
	need_version mlr 6.6.
	csv 'k,v\na,1\n'
	mlr --icsv --ocsv stats1 -a sum -f v in.csv >/dev/full
	run --separate-stderr bash -c 'csvagg -a "sum(v)" in.csv >/dev/full'
	assert_status 1
	assert_stderr 'csvagg: stdout: write error: No space left on device'
}
