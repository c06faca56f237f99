#!/usr/bin/env bats
# approx_pNN and approx_distinct through the tools: how near they are to exact results, the memory they take, and that
# nothing depends on how the input is cut.

load helper

every='l=approx_p0(x),a=approx_p1(x),m=approx_p50(x),b=approx_p99.9(x),h=approx_p100(x)'
every+=',d=approx_distinct(x),t=approx_distinct(y)'

# numbers N: rows in 7 groups whose numbers of both signs take more buckets than are kept, and some 500 texts each.
numbers()
{
	awk -v n="$1" 'BEGIN {
		print "g,x,y"
		for (i = 1; i <= n; i++) {
			a = i * 7919 % 10007
			printf "%d,%s%d.%de%d,text %d\n", i % 7, i % 3 ? "" : "-", a % 10, a, a % 601 - 300, i % 3500
		}
	}'
}

@test "60 random groups are as near to exact results as is promised, and what models make of them" {
	need python3
	run python3 "$KPIPE_SRCDIR/tests/approx.py" errors "${KPIPE_SEED:-1}" 60
	assert_status 0
	assert_match '^60 cases, [0-9]{4,} rows$'
}

@test "the same bytes for any number of threads and size of blocks" {
	numbers 40000 >in.csv
	csvagg -j1 -g g -a "$every" in.csv >want
	[ "$(wc -l <want)" = 8 ]
	for jobs in 1 2 7; do
		for block in 1000 4096 65536 1048576; do
			KPIPE_BLOCK=$block csvagg -j$jobs -g g -a "$every" in.csv >got
			same_file want got
		done
	done
	# In another order, too.
	sed 1d in.csv | sort -r -t, -k2 | csvagg -H g,x,y -g g -a "$every" --sort g >got
	csvagg -g g -a "$every" --sort g in.csv >want
	same_file want got
}

@test "a window put together from panes is that of its records" {
	numbers 3000 | awk -F, 'NR > 1 {
		printf "{\"t\":\"2025-01-01T00:%02d:%02dZ\",\"x\":%s,\"y\":\"%s\"}\n", NR / 60 % 60, NR % 60, $2, $3
	}' >in.ndjson
	local spec=${every//x)/.x)}
	spec=${spec//y)/.y)}
	kwindow --hop 30m/5m -T .t -a "$spec" in.ndjson |
		kmap 'select(.window_start[11:16] == "00:10") | del(.window_start, .window_end)' >got
	kcount -w '.t >= "2025-01-01T00:10" and .t < "2025-01-01T00:40"' -a "$spec" in.ndjson >want
	[ -s want ]
	same_file want got
}

@test "nulls are skipped, of nothing null and 0; a text is no number" {
	printf 'x\n\n\n' >in.csv
	gives csvagg --json -a 'approx_p50(x),approx_distinct(x)' in.csv <<<'{"approx_p50(x)":null,"approx_distinct(x)":0}'
	printf '%s\n' '{"x":null}' '{}' '{"x":3}' '{"x":3.0}' >in.ndjson
	gives kcount -a 'approx_p50(.x),approx_distinct(.x)' in.ndjson <<<'{"approx_p50(.x)":3,"approx_distinct(.x)":1}'
	echo '{"x":"3"}' >>in.ndjson
	gives kcount -a 'approx_distinct(.x)' in.ndjson <<<'{"approx_distinct(.x)":2}'
	run --separate-stderr kcount -a 'approx_p50(.x)' in.ndjson
	assert_status 1
	assert_match 'approx_p50\(\.x\): "3" is not a number' "$stderr"
}

# --- Memory ---

# extra SPECS [OPTION...]: how many KiB csvagg holds for them beside those for counting.
extra()
{
	local peak=$KPIPE_BUILDDIR/bench/peak
	"$peak" most csvagg -j1 "${@:2}" -a "$1" in.csv >out &&
		"$peak" least csvagg -j1 "${@:2}" -a count in.csv >out &&
		echo $(($(cat most) - $(cat least)))
}

# takes LEAST MOST SPECS [OPTION...]
takes()
{
	local kib
	[ "${KPIPE_SANITIZED:-}" != 1 ] || skip "a sanitizer takes memory of its own"
	[ "$(uname)" = Linux ] || skip "memory is not in KiB"
	kib=$(extra "${@:3}")
	[ "$kib" -ge "$1" ] && [ "$kib" -le "$2" ] || fail "$3: $kib KiB, not from $1 to $2"
}

@test "memory does not grow with the values" {
	{
		echo x
		seq 1000000
	} >in.csv
	takes -1000 1000 'approx_p95(x),approx_distinct(x)'
	takes 8000 40000 'p95(x)' # so it would be seen
	takes 30000 200000 'distinct(x)'
}

# Some 10000 buckets in each of 7 groups, if all were kept.
@test "memory does not grow with how far numbers are apart" {
	numbers 300000 >in.csv
	takes -1000 1000 'approx_p95(x)' -g g
}

# Less than 400 bytes each, and as much for what a block has; in full they would be 36 KB.
@test "a group of few values takes little" {
	{
		echo g,x
		awk 'BEGIN { for (i = 0; i < 300000; i++) print i % 100000 "," i }'
	} >in.csv
	takes 10000 70000 'approx_p95(x),approx_distinct(x)' -g g
}
