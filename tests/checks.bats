#!/usr/bin/env bats
# The scripts behind the deep checks must see what they are there to see.

load helper

checks=$KPIPE_SRCDIR/tests/checks

@test "a report about any process is a failure, shown with what it says" {
	mkdir reports
	: >reports/process.1
	"$checks/reports" reports a.trs
	gives "$KPIPE_SRCDIR/tests/summary.sh" a.trs <<-'END'
	modules and tools: 1 passed, 0 failed, 0 skipped
	1 passed, 0 failed, 0 skipped
	END
	printf 'ERROR: leak\n  of 3 bytes\n' >reports/process.2
	"$checks/reports" reports a.trs
	run "$KPIPE_SRCDIR/tests/summary.sh" a.trs
	assert_status 1
	assert_output <<-'END'
	FAIL a.log: process.2
	    # ERROR: leak
	    #   of 3 bytes
	modules and tools: 0 passed, 1 failed, 0 skipped
	0 passed, 1 failed, 0 skipped
	END
}

@test "a check that cannot be done is a success only where it need not be done" {
	run env -u KPIPE_REQUIRE_CHECKS "$checks/skip" check-x "no x"
	assert_status 0
	assert_output 'SKIP: check-x: no x'
	KPIPE_REQUIRE_CHECKS=1 run "$checks/skip" check-x "no x"
	assert_status 1
}

@test "a tarball that lacks a file of the checkout is refused" {
	need git
	mkdir -p src/lib src/.ci dist/lib
	(cd src && git init -q && touch .ci/run lib/a lib/b README && git add .)
	touch dist/lib/a dist/README
	run "$checks/complete" src dist
	assert_status 1
	assert_output <<-'END'
	not in the tarball:
	lib/b
	END
	touch dist/lib/b
	gives "$checks/complete" src dist </dev/null
}

@test "what each analyzer finds is a failed test of its own" {
	for program in gcc clang cppcheck; do
		need $program
	done
	: >config.h
	printf 'int good(void);\nint good(void)\n{\n\treturn 0;\n}\n' >good.c
	run "$checks/analyze" good.c -Wall
	[[ $output != *not\ ok* ]] || fail "$output"

	# for both compilers, for clang's analyzer, for cppcheck
	printf 'static int unused;\n' >warned.c
	run "$checks/analyze" warned.c -Wall
	assert_match 'not ok 1 - gcc'
	assert_match 'not ok 2 - clang'
	cat >null.c <<-'END'
	int at(int a);
	int at(int a)
	{
		int *p = 0;
		return a ? 1 : *p;
	}
	END
	run "$checks/analyze" null.c
	assert_match 'not ok 3 - clang --analyze'
	assert_match 'not ok 4 - cppcheck'
}

@test "a libjq that cannot be fetched is no libjq, with the reason on one line" {
	fetch=$KPIPE_SRCDIR/tests/libjq/fetch
	export KPIPE_LIBJQ_CACHE=$PWD/cache
	mkdir bin
	printf '#!/bin/sh\nexit 1\n' >bin/python3
	chmod +x bin/python3
	PATH=$PWD/bin:$PATH run env -u KPIPE_REQUIRE_CHECKS "$fetch"
	assert_status 77
	assert_match '^libjq: no pip \(python3 -m pip\) found to fetch jq==[0-9.]+ with$'
	# A pip that fails, and what it says.
	cat >bin/python3 <<-'END'
	#!/bin/sh
	case $* in
	*download*) echo "ERROR: no registry" >&2; exit 1 ;;
	esac
	END
	PATH=$PWD/bin:$PATH KPIPE_REQUIRE_CHECKS=1 run "$fetch"
	assert_status 1
	assert_match '^libjq: pip could not fetch jq==[0-9.]+: no registry$'
	# Nothing is left of it that would look like a libjq.
	run "$fetch" --have
	assert_status 1
	same_text '' "$(ls cache)"
	# What is there is used, without pip.
	: >"cache/prefix-$(cksum <"$KPIPE_SRCDIR/tests/libjq/requirements.txt" | cut -d ' ' -f 1)"
	PATH=$PWD/bin:$PATH gives "$fetch" </dev/null
}
