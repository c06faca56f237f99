# The demo prints figures that tests/oracle.py works out from the same events.

load helper

@test "demo: live counts, windows and the CSV aggregate add up" {
	need python3
	# a broker of its own: nothing is set
	env -u KPIPE_BROKERS -u KPIPE_CONFIG "$KPIPE_SRCDIR/examples/demo" </dev/null >out 2>err
	same_text "" "$(cat err)"

	# the last row of each category and behaviour is its count
	grep '^{"category"' out | python3 -c '
import json, sys
last = {}
for line in sys.stdin:
    row = json.loads(line)
    last[row["category"], row["behavior"]] = row["count"]
for key in sorted(last):
    print(*key, last[key])' >live
	python3 "$KPIPE_SRCDIR/tests/oracle.py" live demo </dev/null >want
	same_file want live

	grep '^{"window_start"' out >windows
	python3 "$KPIPE_SRCDIR/tests/oracle.py" windows demo </dev/null | sort >want
	sort windows >got
	same_file want got

	sed -n '/^category,events/,/^$/p' out | sed '/^$/d' | sort >got
	python3 "$KPIPE_SRCDIR/tests/oracle.py" table demo </dev/null | sort >want
	same_file want got

	# and it says what to try next
	assert_match 'man kpipe' "$(tail -n 4 out)"
}
