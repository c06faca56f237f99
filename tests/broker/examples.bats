# The pipelines of examples/, each compared with a result that tests/oracle.py works out by itself.

load ../helper

setup()
{
	common_setup
	need_broker
	need python3
	PATH=$KPIPE_SRCDIR/examples:$PATH
}

oracle()
{
	python3 "$KPIPE_SRCDIR/tests/oracle.py" "$@"
}

# Input and result of an example: in and want.
prepare()
{
	oracle input "$1" >in
	oracle result "$1" <in >want
}

# The last value per key of a topic: KEY tab VALUE, sorted.
last_per_key()
{
	kin -e -f '%k\t%s\n' "$1" | awk -F '\t' '{ last[$1] = $0 } END { for (k in last) print last[k] }' | sort
}

@test "ratings: epoch seconds become a readable time" {
	need jq "what 2.0 prints like is libjq's matter"
	prepare ratings
	ratings in
	kin -e output.flink.dev | sort >got
	jq -c . want | sort >sorted
	same_file sorted got
}

@test "people: two consumers of a group share the partitions, a third finds nothing" {
	prepare people
	people in
	cut -f 1,2 consumer1 consumer2 | sort >got
	sort want >sorted
	same_file sorted got
	# disjoint partitions, every offset once
	cut -f 3 consumer1 | sort -u >p1
	cut -f 3 consumer2 | sort -u >p2
	[ -s p1 ] && [ -s p2 ]
	same_text "" "$(comm -12 p1 p2)"
	same_text "" "$(cat consumer1 consumer2 | cut -f 3,4 | sort | uniq -d)"
	[ ! -s consumer3 ]
}

@test "wordcount: counts per word, keyed by word" {
	prepare wordcount
	wordcount in
	last_per_key word_counts >got
	sort want >sorted
	same_file sorted got
}

@test "behaviors: the last value per key is the current count" {
	prepare behaviors
	behaviors in
	last_per_key behavior_stats >got
	sort want >sorted
	same_file sorted got
}

@test "windows: final windows, and the whole table after each change" {
	prepare windows
	windows in
	same_file want final
	oracle table windows <in >want_table
	same_file want_table table
}

@test "sales: CSV to CSV from a bare environment" {
	prepare sales
	env -i PATH="$PATH" sales in out <&- >log 2>&1
	same_file want out
	[ ! -s log ]
}

@test "processed: printed as topic:partition:offset: key, value" {
	processed | tail -n 10 >got
	for i in 0 1 2 3 4 5 6 7 8 9; do
		echo "processed-topic:0:$i: key=None, value=Processed: hello $i"
	done >want
	same_file want got

	run processed upper
	assert_match 'processed-topic:0:[0-9]+: key=None, value=HELLO 9$'
	run processed time
	assert_match 'value=20[0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9:]{8}Z hello 9$'
	processed even | tail -n 1 >got
	assert_match 'value=hello 8$' "$(cat got)"
	processed count | tail -n 1 >got
	assert_match 'value=50 so far$' "$(cat got)"
}

@test "stocks: per ticker, over windows that hop each second" {
	prepare stocks
	# rows of one window come in order of the tickers' arrival
	stocks in | sort >got
	sort want >sorted
	same_file sorted got
}

@test "a backlog of 160 000 records in 4 partitions loses none as late" {
	oracle input interleave |
		awk -F '"partition":' -v most="$(fewer 40000)" 'count[substr($2, 1, 1)]++ < most' >in
	t=$(topic backlog)
	kout -J --keep-partition "$t" in
	kin -e "$t" | kwindow --tumble 1m --delay 1m -T .t -a n=count >got 2>log
	same_text "" "$(cat log)"
	awk -F '"t":' '{ split($2, a, ","); n[int(a[1] / 60000)]++ } END { for (m in n) print n[m] }' in | sort -n >want
	sed 's/.*"n":\([0-9]*\)}/\1/' got | sort -n >counts
	same_file want counts
}

@test "nexmark: out of a topic into another, as out of a file" {
	events=$(topic events)
	rows=$(topic rows)
	"$KPIPE_BUILDDIR/bench/gen-nexmark" 3000 1 100 >in
	"$KPIPE_SRCDIR/examples/nexmark/q5" in | LC_ALL=C sort >want
	[ -s want ]
	kout -p 0 "$events" in # one partition keeps them as they came
	kin -e "$events" | "$KPIPE_SRCDIR/examples/nexmark/q5" | kout "$rows"
	kin_all "$rows" | LC_ALL=C sort >got
	same_file want got
	kin -e "$events" | EVERY=0s "$KPIPE_SRCDIR/examples/nexmark/q4" | kout --key-by .category "$rows-q4"
	last_per_key "$rows-q4" | cut -f 2 | sort >got
	"$KPIPE_SRCDIR/examples/nexmark/q4" in | sort >want
	[ -s want ]
	same_file want got
}
