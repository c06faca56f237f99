#!/usr/bin/env bats
# What other stream processors print for the same input: tests/cases/README.md names the sources.

load helper

setup()
{
	common_setup
	cases=$KPIPE_SRCDIR/tests/cases
}

# Rows of 1970's first minute, shortened: `10.000-15.000 "count":5`.
short()
{
	local minute=1970-01-01T00:00:
	sed 's/^{"window_start":"'$minute'\([0-9.]*\)Z","window_end":"'$minute'\([0-9.]*\)Z",\(.*\)}$/\1-\2 \3/'
}

# --- Flink SQL: TUMBLE, HOP, CUMULATE over bidtime, whose watermark is bidtime less a second ---

bids()
{
	kwindow -T .bidtime --delay 1s -a 'price=sum(.price)' "$@" "$cases/flink-bid.ndjson"
}

@test "Flink: TUMBLE" {
	gives bids --tumble 10m <<-'END'
	{"window_start":"2020-04-15T08:00:00.000Z","window_end":"2020-04-15T08:10:00.000Z","price":11}
	{"window_start":"2020-04-15T08:10:00.000Z","window_end":"2020-04-15T08:20:00.000Z","price":10}
	END
	gives bids --tumble 10m -g .supplier_id <<-'END'
	{"window_start":"2020-04-15T08:00:00.000Z","window_end":"2020-04-15T08:10:00.000Z","supplier_id":"supplier1","price":6}
	{"window_start":"2020-04-15T08:00:00.000Z","window_end":"2020-04-15T08:10:00.000Z","supplier_id":"supplier2","price":5}
	{"window_start":"2020-04-15T08:10:00.000Z","window_end":"2020-04-15T08:20:00.000Z","supplier_id":"supplier2","price":9}
	{"window_start":"2020-04-15T08:10:00.000Z","window_end":"2020-04-15T08:20:00.000Z","supplier_id":"supplier1","price":1}
	END
}

@test "Flink: HOP" {
	gives bids --hop 10m/5m <<-'END'
	{"window_start":"2020-04-15T08:00:00.000Z","window_end":"2020-04-15T08:10:00.000Z","price":11}
	{"window_start":"2020-04-15T08:05:00.000Z","window_end":"2020-04-15T08:15:00.000Z","price":15}
	{"window_start":"2020-04-15T08:10:00.000Z","window_end":"2020-04-15T08:20:00.000Z","price":10}
	{"window_start":"2020-04-15T08:15:00.000Z","window_end":"2020-04-15T08:25:00.000Z","price":6}
	END
}

@test "Flink: CUMULATE" {
	gives bids --cumulate 10m/2m <<-'END'
	{"window_start":"2020-04-15T08:00:00.000Z","window_end":"2020-04-15T08:06:00.000Z","price":4}
	{"window_start":"2020-04-15T08:00:00.000Z","window_end":"2020-04-15T08:08:00.000Z","price":6}
	{"window_start":"2020-04-15T08:00:00.000Z","window_end":"2020-04-15T08:10:00.000Z","price":11}
	{"window_start":"2020-04-15T08:10:00.000Z","window_end":"2020-04-15T08:12:00.000Z","price":3}
	{"window_start":"2020-04-15T08:10:00.000Z","window_end":"2020-04-15T08:14:00.000Z","price":4}
	{"window_start":"2020-04-15T08:10:00.000Z","window_end":"2020-04-15T08:16:00.000Z","price":4}
	{"window_start":"2020-04-15T08:10:00.000Z","window_end":"2020-04-15T08:18:00.000Z","price":10}
	{"window_start":"2020-04-15T08:10:00.000Z","window_end":"2020-04-15T08:20:00.000Z","price":10}
	END
}

@test "Flink: the table, as a batch" {
	gives csvagg -g supplier_id -a 'price=sum(price)' "$cases/flink-bid.csv" <<-'END'
	supplier_id,price
	supplier1,7
	supplier2,14
	END
	csvin "$cases/flink-bid.csv" >bids.ndjson
	bids --hop 10m/5m >want
	gives kwindow -T .bidtime --delay 1s -a 'price=sum(.price)' --hop 10m/5m bids.ndjson <want
}

# --- Spark: withWatermark of 10 seconds, windows of 5; a stop does not flush ---

# spark CASE [OPTION...]
spark()
(
	set -o pipefail
	name=$1
	shift
	kwindow -T .t --tumble 5s --delay 10s --keep-open "$@" "$cases/spark-$name.ndjson" | short
)

@test "Spark: append mode" {
	run --separate-stderr spark append
	assert_status 0
	assert_output '10.000-15.000 "count":5'
	assert_stderr 'kwindow: 8 in, 7 used, 0 bad, 1 late'
	gives spark metrics <<<'10.000-15.000 "count":3'
	# Upstream starts anew after the second and the third batch: nothing is lost by that.
	run --separate-stderr spark recovery
	assert_output <<-'END'
	10.000-15.000 "count":5
	15.000-20.000 "count":1
	25.000-30.000 "count":2
	END
	assert_stderr 'kwindow: 12 in, 10 used, 0 bad, 2 late'
}

@test "Spark: update mode, its last row of each batch" {
	run --separate-stderr spark update --emit changes
	assert_output <<-'END'
	10.000-15.000 "count":1
	10.000-15.000 "count":2
	10.000-15.000 "count":3
	10.000-15.000 "count":4
	10.000-15.000 "count":5
	15.000-20.000 "count":1
	25.000-30.000 "count":1
	25.000-30.000 "count":2
	END
	assert_stderr 'kwindow: 10 in, 8 used, 0 bad, 2 late'
}

@test "Spark: complete mode, where nothing is late" {
	gives spark complete --emit table --every 0s <<-'END'
	10.000-15.000 "count":1
	10.000-15.000 "count":2
	10.000-15.000 "count":3
	10.000-15.000 "count":3
	25.000-30.000 "count":1
	10.000-15.000 "count":3
	25.000-30.000 "count":2
	10.000-15.000 "count":4
	25.000-30.000 "count":2
	10.000-15.000 "count":4
	25.000-30.000 "count":3
	END
	gives spark complete --emit table <<-'END'
	10.000-15.000 "count":4
	25.000-30.000 "count":3
	END
}

# --- Spark: nulls in groups and aggregates ---

@test "Spark: null is a group, and no value" {
	gives csvagg -g a -a 'count_b=count(b)' --json "$cases/spark-nulls.csv" <<-'END'
	{"a":1,"count_b":2}
	{"a":2,"count_b":2}
	{"a":3,"count_b":2}
	{"a":null,"count_b":1}
	END
	gives csvagg -a 'count_a=count(a), count_b=count(b)' --json "$cases/spark-nulls.csv" \
		<<<'{"count_a":7,"count_b":7}'
	gives csvagg -g a -a 'count_a=count(a), count_b=count(b)' --json "$cases/spark-nulls.csv" <<-'END'
	{"a":1,"count_a":2,"count_b":2}
	{"a":2,"count_a":2,"count_b":2}
	{"a":3,"count_a":3,"count_b":2}
	{"a":null,"count_a":0,"count_b":1}
	END
	# Outside -a, + is jq's: null is made explicit.
	gives csvagg -g 'a_plus_b=if a == null or b == null then null else a + b end' -a 'count_b=count(b)' --json \
		"$cases/spark-nulls.csv" <<-'END'
	{"a_plus_b":2,"count_b":1}
	{"a_plus_b":3,"count_b":2}
	{"a_plus_b":4,"count_b":2}
	{"a_plus_b":5,"count_b":1}
	{"a_plus_b":null,"count_b":1}
	END
	# HAVING of a key is a filter behind it.
	csvagg -g a -a 'count_b=count(b)' --json "$cases/spark-nulls.csv" >all.ndjson
	gives kfilter '.a > 1' all.ndjson <<-'END'
	{"a":2,"count_b":2}
	{"a":3,"count_b":2}
	END
}

@test "Spark: the same, as JSON" {
	csvin "$cases/spark-nulls.csv" >nulls.ndjson
	csvagg -g a -a 'count_a=count(a), count_b=count(b), s=sum(a * b)' --json "$cases/spark-nulls.csv" >want
	gives kcount -g .a -a 'count_a=count(.a), count_b=count(.b), s=sum(.a * .b)' nulls.ndjson <want
}

@test "Spark: statistics" {
	csvagg -a 'skewness(a), kurtosis(a), min(a), max(a), avg(a), var(a), stddev(a), sum(a), count(a)' \
		--no-header-out "$cases/spark-nulls.csv" |
		awk -F, '{ for (i = 1; i <= NF; i++) printf "%.13g\n", $i }' >got
	printf '%s\n' -0.2723801058146 -1.506920415225 1 3 2.142857142857 0.8095238095238 0.8997354108424 15 7 >want
	same_file want got
}

@test "Spark: aggregates of nothing" {
	gives csvagg -a 'count=count(1)' -w false --json "$cases/spark-nulls.csv" <<<'{"count":0}'
	gives csvagg -g a -a 'count=count(1)' -w false --json "$cases/spark-nulls.csv" </dev/null
}

@test "Spark: every and some skip nulls" {
	gives csvagg -g k -a 'every=all(v == "true") where v != null, some=any(v == "true") where v != null' \
		--json "$cases/spark-bools.csv" <<-'END'
	{"k":1,"every":false,"some":true}
	{"k":2,"every":true,"some":true}
	{"k":3,"every":false,"some":false}
	{"k":4,"every":null,"some":null}
	{"k":5,"every":false,"some":true}
	END
}

# --- Kafka Streams: windows of some milliseconds, with grace; a stop does not flush ---

# kafka CASE [OPTION...]
kafka()
(
	set -o pipefail
	name=$1
	shift
	kwindow -T .t --time-unit ms -g .key --keep-open "$@" "$cases/kafka-$name.ndjson" | short
)

@test "Kafka Streams: final results and updates of time windows" {
	run --separate-stderr kafka time --tumble 2ms --grace 1ms
	assert_output <<-'END'
	00.000-00.002 "key":"k1","count":4
	00.002-00.004 "key":"k1","count":1
	END
	assert_stderr 'kwindow: 7 in, 6 used, 0 bad, 1 late'
	run --separate-stderr kafka time --tumble 2ms --grace 1ms --emit changes
	assert_output <<-'END'
	00.000-00.002 "key":"k1","count":1
	00.000-00.002 "key":"k1","count":2
	00.002-00.004 "key":"k1","count":1
	00.000-00.002 "key":"k1","count":3
	00.000-00.002 "key":"k1","count":4
	00.004-00.006 "key":"k1","count":1
	END
	# Without grace, but with a delay of the same length, it is the same.
	run --separate-stderr kafka time --tumble 2ms --delay 1ms
	assert_output <<-'END'
	00.000-00.002 "key":"k1","count":4
	00.002-00.004 "key":"k1","count":1
	END
}

@test "Kafka Streams: a large jump closes many windows" {
	run --separate-stderr kafka jump --tumble 2ms --grace 2ms
	assert_output <<-'END'
	00.000-00.002 "key":"k1","count":4
	00.002-00.004 "key":"k1","count":2
	00.004-00.006 "key":"k1","count":1
	END
	assert_stderr 'kwindow: 9 in, 8 used, 0 bad, 1 late'
	run --separate-stderr kafka jump --tumble 2ms --grace 2ms --emit changes
	assert_output <<-'END'
	00.000-00.002 "key":"k1","count":1
	00.000-00.002 "key":"k1","count":2
	00.002-00.004 "key":"k1","count":1
	00.000-00.002 "key":"k1","count":3
	00.002-00.004 "key":"k1","count":2
	00.000-00.002 "key":"k1","count":4
	00.004-00.006 "key":"k1","count":1
	00.030-00.032 "key":"k1","count":1
	END
}

@test "Kafka Streams: updates of hopping windows" {
	# There no window begins before 1970: those rows are ours alone.
	kafka hop --hop 10ms/5ms --grace 100ms --emit changes -a 's=sum(.value),n=count' >all
	grep -c '^{"window_start":"1969-12-31T23:59:59.995Z"' all >early
	same_text 7 "$(cat early)"
	grep -v '^{' all >got
	cat >want <<-'END'
	00.000-00.010 "key":"A","s":1,"n":1
	00.000-00.010 "key":"B","s":2,"n":1
	00.000-00.010 "key":"C","s":3,"n":1
	00.000-00.010 "key":"D","s":4,"n":1
	00.000-00.010 "key":"A","s":2,"n":2
	00.000-00.010 "key":"A","s":3,"n":3
	00.005-00.015 "key":"A","s":1,"n":1
	00.000-00.010 "key":"B","s":4,"n":2
	00.005-00.015 "key":"B","s":2,"n":1
	00.000-00.010 "key":"D","s":8,"n":2
	00.005-00.015 "key":"D","s":4,"n":1
	00.000-00.010 "key":"B","s":6,"n":3
	00.005-00.015 "key":"B","s":4,"n":2
	00.000-00.010 "key":"C","s":6,"n":2
	00.005-00.015 "key":"C","s":3,"n":1
	00.005-00.015 "key":"A","s":2,"n":2
	00.010-00.020 "key":"A","s":1,"n":1
	00.005-00.015 "key":"B","s":6,"n":3
	00.010-00.020 "key":"B","s":2,"n":1
	00.005-00.015 "key":"D","s":8,"n":2
	00.010-00.020 "key":"D","s":4,"n":1
	00.005-00.015 "key":"B","s":8,"n":4
	00.010-00.020 "key":"B","s":4,"n":2
	00.005-00.015 "key":"C","s":6,"n":2
	00.010-00.020 "key":"C","s":3,"n":1
	00.000-00.010 "key":"B","s":7,"n":4
	00.000-00.010 "key":"B","s":9,"n":5
	00.000-00.010 "key":"B","s":12,"n":6
	00.005-00.015 "key":"B","s":11,"n":5
	END
	same_file want got
}

# --- Flink SQL: interval joins, right time in [left time - 6 s, left time + 5 s]; the watermark is the least of both ---

# interval CASE [OPTION...]: "right left" of each row, sorted; out of two inputs, and out of one, either side first.
interval()
{
	local name=$1 file=$cases/flink-interval-$1.ndjson
	shift
	grep '"side":"left"' "$file" >left.ndjson
	grep '"side":"right"' "$file" >right.ndjson
	kjoin -g .key -T .ts --time-unit ms --before 6s --after 5s "$@" --with right.ndjson left.ndjson | ids >two
	for order in 'left.ndjson right.ndjson' 'right.ndjson left.ndjson'; do
		kjoin -g .key -T .ts --time-unit ms --before 6s --after 5s "$@" \
			--left-if '.side == "left"' $order | ids >one
		same_file two one || return
	done
	cat two
}

ids()
{
	jq -r '"\(.right.id) \(.left.id)"' | sort
}

# as_upstream CASE [OPTION...] <WANT
as_upstream()
{
	need jq
	sort >want
	interval "$@" >got
	same_file want got
}

@test "Flink: interval joins, inner" {
	as_upstream inner <<-'END'
	RIGHT6 LEFT1
	RIGHT6 LEFT2
	RIGHT6 LEFT3
	RIGHT6 LEFT5
	RIGHT6 LEFT6
	RIGHT7 LEFT4
	END
	as_upstream inner --null-equal <<-'END'
	RIGHT6 LEFT1
	RIGHT6 LEFT2
	RIGHT6 LEFT3
	RIGHT6 LEFT5
	RIGHT6 LEFT6
	RIGHT7 LEFT4
	RIGHT10 LEFT8
	END
}

# More conditions of one side's own are in its key: what does not meet them matches nothing.
@test "Flink: interval joins, left, right and full" {
	as_upstream left --left -g 'if .id == "L-5" then null else .key end' <<-'END'
	R-6 L-1
	R-6 L-2
	R-6 L-6
	R-6 L-10
	R-6 L-12
	R-7 L-4
	R-11 L-6
	R-11 L-10
	R-11 L-12
	null L-5
	null L-7
	null L-20
	END
	as_upstream right --right --right-key 'if .id == "R-5" then null else .key end' <<-'END'
	R-5 null
	R-6 L-1
	R-6 L-2
	R-6 L-6
	R-6 L-10
	R-6 L-12
	R-20 null
	R-7 L-4
	R-8 null
	END
	as_upstream full --outer -g 'if .id == "L-5" or .id == "R-5" then null else .key end' <<-'END'
	R-6 L-1
	R-6 L-2
	R-6 L-6
	R-6 L-10
	R-6 L-12
	R-7 L-4
	R-5 null
	R-8 null
	null L-5
	null L-7
	null L-20
	END
}

@test "Flink: a window aggregate behind an interval join" {
	kjoin -g .key -T .ts --time-unit ms --within 5s --left-if '.side == "left"' \
		"$cases/flink-interval-winagg.ndjson" |
		kwindow -T .left.ts --time-unit ms --delay 10s --tumble 4s -g .key |
		kmap -r '"\(.key) \(.window_end | sub("\\.000Z"; "Z") | fromdate * 1000) \(.count)"' | sort >got
	sort >want <<-'END'
	A 4000 3
	A 12000 2
	A 16000 1
	B 8000 1
	END
	same_file want got
}

# --- Kafka Streams: a stream that looks up a table, whose last value by arrival counts ---

# stream_table KIND: "number value-value time"; there, a stream's record without a value is dropped.
stream_table()
{
	kjoin -g .key --left-if '.side == "L"' --table-key .key --delete-if '.value == null' \
		-w '.side == "R" or .value != null' "--$1" "$cases/kafka-stream-table.ndjson" |
		kmap -r '"\(.left.i) \(.left.value)-\(.right.value) \(.left.ts)"'
}

@test "Kafka Streams: stream-table joins" {
	gives stream_table inner <<-'END'
	4 B-a 5
	14 D-d 6
	18 E-e 15
	END
	gives stream_table left <<-'END'
	2 A-null 3
	4 B-a 5
	8 C-null 9
	14 D-d 6
	18 E-e 15
	21 F-null 4
	END
}

# A versioned table is looked up there at once, with what came until then, and remembers more than the watermark asks for.
# Here a row comes when both watermarks are past its time, and what is behind them is late: with a delay of all that the
# input holds each record finds what is right for its time.
@test "Kafka Streams: versioned tables; ours wait for what is still to come" {
	kjoin -g .key --left-if '.side == "L"' -T .ts --time-unit ms --delay 1h --as-of --delete-if '.value == null' \
		-w '.side == "R" or .value != null' --left "$cases/kafka-stream-table.ndjson" |
		kmap -r '"\(.left.ts) \(.left.value)-\(.right.value)"' >got
	# Upstream: 3 A-null (the f of time 3 comes later), 4 F-a, 5 B-a, 6 D-b, 9 C-null, 15 E-e.
	same_file - got <<-'END'
	3 A-f
	4 F-a
	5 B-a
	6 D-b
	9 C-null
	15 E-e
	END
}

# --- Whole folders of cases: tests/upstream.py has a command line for each ---

@test "cases of Flink, Kafka Streams, Spark, the Yahoo Streaming Benchmark: pass, or differ as said" {
	for suite in flink_docs_bid flink_session_lateness kstreams_suppress spark_watermark ysb_small; do
		need_cases "$suite"
	done
	need python3
	run python3 "$KPIPE_SRCDIR/tests/upstream.py" "$KPIPE_CASES"
	assert_status 0
	same_text 25 "$(grep -c ': pass$' <<<"$output")"
	same_text 6 "$(grep -c ': differs: ' <<<"$output")"
}
