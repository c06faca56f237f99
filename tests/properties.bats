#!/usr/bin/env bats
# Random inputs against slow and plain models, tests/model.py, tests/windows.py, tests/joins.py and tests/tables.py, and
# against Python's own numbers and times, tests/sums.py; CSV in every way to read it, tests/splits.py.

load helper

# holds SCRIPT WHAT CASES: the same inputs in every run; KPIPE_SEED=N gives others.
holds()
{
	local n=$3
	need python3
	# Tools are started for each table. Of those of kcount a tenth has too few rows.
	case $1-$2 in
	model-csvagg | tables-* | splits-* | windows-* | joins-*) n=$(fewer "$n") ;;
	esac
	run python3 "$KPIPE_SRCDIR/tests/$1.py" "$2" "${KPIPE_SEED:-1}" "$n"
	assert_status 0
	assert_match "^$n cases, [0-9]{3,} rows\$"
}

@test "kwindow: 400 random streams" {
	holds windows kwindow 400
}

@test "kwindow: 200 random streams in several runs, by --state" {
	holds windows state 200
}

@test "kwindow: local times of 60 zones" {
	[ -d /usr/share/zoneinfo/Europe ] || skip "no database of time zones"
	holds windows zones 60
}

@test "kjoin: 300 random streams of both sides" {
	holds joins kjoin 300
}

@test "kjoin: 300 pairs of random streams" {
	holds joins two 300
}

@test "kjoin: 150 random streams, and pairs of them, in several runs, by --state" {
	holds joins state 150
}

@test "kuniq: 300 random streams" {
	holds joins kuniq 300
}

@test "csvagg: 200 random sets of tables" {
	holds model csvagg 200
}

@test "csvagg: 1000 random sets of tables, good and damaged, sorted and cut" {
	holds tables csvagg 1000
}

@test "csvagg: 300 random sets of tables by each engine, in small blocks, compressed" {
	holds tables engines 300
}

@test "csvagg: 30 long random tables by each engine" {
	holds tables long 30
}

@test "csvagg of 100 random sets of tables is kcount of their rows as JSON" {
	holds model kcount 100
}

@test "1000 random CSV tables, each read in several ways" {
	holds splits good 1000
}

@test "1000 damaged CSV tables, each read in several ways" {
	holds splits broken 1000
}

@test "a table of all that is hard, in blocks of 1 to 200 bytes" {
	holds splits edges 200
}

@test "sums, averages, extremes, products and quantiles of 10000 random decimals" {
	holds sums sums 10000
}

@test "500 random expressions of + - * //, each over 50 rows, exact and null beside null" {
	holds sums exact 500
}

@test "100000 random doubles, read and printed" {
	holds sums doubles 100000
}

@test "sums and averages of 2000 groups of rows that come, are replaced and go" {
	holds sums changes 2000
}

@test "variance and kin, skewness, kurtosis, percentiles, mode, top of 100 groups" {
	holds sums moments 100
}

@test "variance and kin of 100 groups, far from 0 or of extreme magnitude, by any threads, from a state" {
	holds sums deviations 100
}

@test "1000 long numbers in several spellings, as groups" {
	holds sums keys 1000
}

@test "20000 timestamps, some of them broken" {
	holds sums times 20000
}
