#!/usr/bin/env bats
# Random inputs against slow and plain models: tests/model.py.

load helper

# holds WHAT CASES: the same inputs in every run; KPIPE_SEED=N gives others.
holds()
{
	need python3
	run python3 "$KPIPE_SRCDIR/tests/model.py" "$1" "${KPIPE_SEED:-1}" "$2"
	assert_status 0
	assert_match "^$2 cases, [0-9]{3,} rows\$"
}

@test "kwindow: 200 random streams" {
	holds kwindow 200
}

@test "csvagg: 200 random sets of tables" {
	holds csvagg 200
}

@test "csvagg of 100 random sets of tables is kcount of their rows as JSON" {
	holds kcount 100
}
