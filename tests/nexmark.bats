#!/usr/bin/env bats
# NEXMark: the events that bench/gen-nexmark makes, and the queries of examples/nexmark over them, each beside
# its SQL in sqlite, row by row.

load helper

generate=$KPIPE_BUILDDIR/bench/gen-nexmark
queries=$KPIPE_SRCDIR/examples/nexmark

# Events in $BATS_FILE_TMPDIR, as NDJSON and as a database: mixed, 100 a second, up to 4 seconds late; slow, one
# in some seconds, until after midnight; dense, 10 in a millisecond.
setup_file()
{
	local n
	command -v python3 >/dev/null || return 0
	n=$(($(fewer 4000) + 2000)) # bids on the auction that q2 wants are behind the first 1800
	cd "$BATS_FILE_TMPDIR" || return
	"$generate" "$n" 1 100 >ordered
	python3 "$KPIPE_SRCDIR/tests/nexmark.py" mix ordered 4 100 >mixed
	"$generate" 20000 2 1 | awk -v n="$n" 'int(NR * n / 40000) > int((NR - 1) * n / 40000)' >slow
	"$generate" "$n" 3 >dense
	for events in mixed slow dense; do
		python3 "$KPIPE_SRCDIR/tests/nexmark.py" load "$events" "$events.db"
	done
	awk 'BEGIN { for (key = 0; key < 10000; key += 3) printf "{\"key\":%d,\"value\":\"v%d\"}\n", key, key }' >side
}

setup()
{
	common_setup
	need python3
	data=$BATS_FILE_TMPDIR
	PATH=$queries:$PATH
}

nexmark()
{
	python3 "$KPIPE_SRCDIR/tests/nexmark.py" "$@"
}

# agrees EVENTS QUERY...: what each prints of the events is what sqlite says.
agrees()
{
	local events=$1 query
	shift
	for query; do
		"$query" "$data/$events" >rows 2>err || fail "$query: $(cat err)" || return
		same_text "" "$(cat err)" || return
		nexmark same "$queries/$query.sql" "$data/$events.db" rows || fail "$query of $events" || return
	done
}

# --- The generator ---

@test "gen-nexmark: the same bytes anywhere; fewer events are the beginning" {
	"$generate" 10000 1 100 >all
	same_text "577161288 3318467" "$(cksum <all)"
	"$generate" 1234 1 100 >some
	head -n 1234 all | same_file - some
	"$generate" 0 1 | same_file /dev/null -
	"$generate" 50 2 100 >other
	run cmp -s <(head -n 50 all) other
	assert_status 1
}

@test "gen-nexmark: proportions, ids that are there, times that rise, distributions" {
	for rate in 7 10000; do
		"$generate" 10000 "$rate" "$rate" >events
		nexmark check events "$rate"
	done
}

@test "gen-nexmark: usage" {
	for args in '' '1' '1 2 0' '1 2 3 4' 'x 1' '1 -1'; do
		# shellcheck disable=SC2086 # arguments
		run "$generate" $args
		assert_status 2
		assert_output "Usage: gen-nexmark EVENTS SEED [EVENTS_PER_SECOND]"
	done
}

# --- The queries ---

@test "a wrong row is found" {
	q2 "$data/mixed" >right
	nexmark same "$queries/q2.sql" "$data/mixed.db" right
	for wrong in 1d '1s/price":1*/&1/' '1p'; do
		sed "$wrong" right >rows
		run nexmark same "$queries/q2.sql" "$data/mixed.db" rows
		assert_status 1
	done
	echo 'select 1 where false' >none.sql
	run nexmark same none.sql "$data/mixed.db" /dev/null
	assert_status 1
}

@test "one bid: q0 q1 q2 q14 q21 q22" {
	agrees mixed q0 q1 q2 q14 q21 q22
	agrees slow q14
	gives sort -u <(kmap -r .bidTimeType rows) <<<$'dayTime\nnightTime\notherTime'
}

@test "joins: q3 q4 q9 q20" {
	agrees mixed q3 q4 q9 q20
	agrees dense q4 q9
}

@test "q20 bounded in time: the same, and what is behind is held no more" {
	q20 --before 3650d --after 10s --delay 4s -T '.bid.dateTime // .auction.dateTime // .person.dateTime' --stats \
		"$data/mixed" >rows 2>stats
	nexmark same "$queries/q20.sql" "$data/mixed.db" rows
	q20 --stats "$data/mixed" 2>all >rows
	[ "$(kmap .most_held stats)" -lt "$(kmap .most_held all)" ] || [ "${KPIPE_SANITIZED:-0}" = 1 ]
}

@test "windows: q5 q7 q8 q11" {
	agrees mixed q5 q7 q8 q11
	agrees slow q5 q7
}

@test "days: q15 q16 q17" {
	agrees mixed q15 q16 q17
	agrees slow q16 q17 q15
	gives kmap -r .day rows <<<$'2025-04-21\n2025-04-22'
}

@test "the best and the last: q18 q19" {
	agrees mixed q18 q19
	agrees dense q18 q19
}

@test "q12: in windows of the clock, which add up" {
	q12 "$data/mixed" >windows
	kcount -g .bidder -a 'bid_count=sum(.bid_count)' windows >rows
	nexmark same "$queries/q12.sql" "$data/mixed.db" rows
	gives kfilter '(.window_start[:19] + "Z" | fromdate) % 10 != 0 or
		(.window_end[:19] + "Z" | fromdate) != (.window_start[:19] + "Z" | fromdate) + 10' windows </dev/null
}

@test "q13: a side input" {
	q13 "$data/side" "$data/mixed" >rows
	nexmark same "$queries/q13.sql" "$data/mixed.db" rows
}

# ends_as QUERY PROGRAM: printed at each change, by the key of PROGRAM the last rows are those of the end.
ends_as()
{
	head -n 2000 "$data/mixed" >events
	"$1" events | LC_ALL=C sort >want
	EVERY=0s "$1" events >changes
	[ "$(wc -l <changes)" -gt "$(wc -l <want)" ] || fail "$1: no changes" || return
	kcount -g "$2" -a 'row=last(.)' changes | kmap .row | LC_ALL=C sort >got
	same_file want got
}

@test "EVERY: changes meanwhile, of q4 q9 q18 q19" {
	ends_as q4 .category
	ends_as q9 .id
	ends_as q18 '[.bidder, .auction]'
	ends_as q19 '[.auction, .rank_number]'
}

@test "events from standard input" {
	for query in q0 q3 q5; do
		"$query" "$data/mixed" | same_file - <("$query" <"$data/mixed")
	done
}

@test "each query is a script, and has its SQL and a row in the README" {
	for query in "$queries"/q*[0-9]; do
		[ -x "$query" ] && [ -s "$query.sql" ] || fail "$query" || return
		grep -q "^| ${query##*/} " "$queries/README.md" || fail "no row: $query" || return
	done
}
