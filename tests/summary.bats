#!/usr/bin/env bats
# The counts at the end of a test run: no failure may get lost in them.

load helper

# results FILE.trs KIND...: a file of results.
results()
{
	mkdir -p "$(dirname "$1")"
	printf ':test-result: %s\n' "${@:2}" >"$1"
	printf ':global-test-result: PASS\n' >>"$1"
}

summary()
{
	"$KPIPE_SRCDIR/tests/summary.sh" "$@"
}

@test "parts and their sum" {
	results unit/a.trs PASS PASS SKIP
	results unit/b.trs PASS XFAIL
	results broker/c.trs PASS SKIP
	results broker/c.kafka.trs PASS PASS
	gives summary unit/a.trs unit/b.trs broker/c.trs broker/c.kafka.trs <<-'END'
	modules and tools: 3 passed, 0 failed, 2 skipped
	box broker: 1 passed, 0 failed, 1 skipped
	real Kafka: 2 passed, 0 failed, 0 skipped
	6 passed, 0 failed, 3 skipped
	END
}

@test "what has been run again in another way is a part of its own" {
	results asan/tests/broker/a.trs PASS
	results tests/broker/a.valgrind.trs PASS
	results valgrind/reports.trs PASS
	results libjq/tests/contracts/a.trs PASS SKIP
	results lib/b.analyze.trs PASS PASS SKIP
	gives summary asan/tests/broker/a.trs tests/broker/a.valgrind.trs valgrind/reports.trs \
		libjq/tests/contracts/a.trs lib/b.analyze.trs <<-'END'
	sanitizers: 1 passed, 0 failed, 0 skipped
	a newer libjq: 1 passed, 0 failed, 1 skipped
	valgrind: 2 passed, 0 failed, 0 skipped
	analyzers: 2 passed, 0 failed, 1 skipped
	6 passed, 0 failed, 2 skipped
	END
}

@test "a failed test is shown with what its log says" {
	results a.trs PASS FAIL PASS ERROR
	cat >a.log <<-'END'
	ok 1 good
	# a remark
	not ok 2 bad
	# because
	FAIL: a 2 bad
	ok 3 good again
	# another remark
	END
	run summary a.trs
	assert_status 1
	assert_output <<-'END'
	FAIL a.log: 2 bad
	    # because
	modules and tools: 2 passed, 1 failed, 0 skipped
	2 passed, 1 failed, 0 skipped
	END
}

@test "a program that dies after its last test has failed" {
	results a.trs PASS ERROR
	printf 'ok 1\nERROR: a - exited with status 134\n' >a.log
	run summary a.trs
	assert_status 1
	assert_output <<-'END'
	FAIL a.log: a - exited with status 134
	modules and tools: 1 passed, 1 failed, 0 skipped
	1 passed, 1 failed, 0 skipped
	END
}

@test "a test that passes although it should not has failed" {
	results a.trs XPASS
	run summary a.trs
	assert_status 1
	assert_match $'\n''0 passed, 1 failed, 0 skipped$'
}

@test "a file without results, or none at all, is a failure" {
	: >a.trs
	results b.trs PASS
	run summary a.trs missing.trs b.trs
	assert_status 1
	assert_output <<-'END'
	FAIL a.trs: no result
	FAIL missing.trs: no result
	modules and tools: 1 passed, 2 failed, 0 skipped
	1 passed, 2 failed, 0 skipped
	END
	run summary
	assert_status 1
}
