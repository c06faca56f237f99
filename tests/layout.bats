#!/usr/bin/env bats
# The tree agrees with itself: what is there is listed, documented and tested; includes keep to
# the layers.

load helper

setup()
{
	cd "$KPIPE_SRCDIR" || return
}

# The words of a make variable of a *.mk or *.am file, continued lines and += too.
words_of()
{
	sed -e ':a' -e '/\\$/N; s/\\\n/ /; ta' "$2" |
		sed -n "s/^$1[[:space:]]*+\{0,1\}=//p" | tr -s '[:space:]' '\n'
}

# The tools that are built, by name.
tools()
{
	words_of bin_PROGRAMS tools/local.mk | sed -n 's|^tools/||p'
}

# each_in WORDS FILE...: every FILE is one of the WORDS.
each_in()
{
	local words=$1 file missing=
	shift
	for file in "$@"; do
		[ -e "$file" ] || continue # a pattern without a match
		grep -qxF -- "$file" <<<"$words" || missing+=" $file"
	done
	[ -z "$missing" ] || fail "not listed:$missing"
}

# each_exists FILE...
each_exists()
{
	local file missing=
	for file in "$@"; do
		[ -e "$file" ] || missing+=" $file"
	done
	[ -z "$missing" ] || fail "missing:$missing"
}

check_layers()
{
	(cd "$1" && awk -f "$KPIPE_SRCDIR/tests/layers.awk" lib/*.[ch] tools/*.[ch])
}

# The tree with one line put before a file's first line must be found to break a layer.
breaks()
{
	local file=$1 line=$2
	rm -rf "$BATS_TEST_TMPDIR/tree"
	mkdir "$BATS_TEST_TMPDIR/tree"
	cp -R lib tools "$BATS_TEST_TMPDIR/tree"
	chmod -R u+w "$BATS_TEST_TMPDIR/tree" # a tree that is being dist-checked is read-only
	printf '%s\n' "$line" | cat - "$file" >"$BATS_TEST_TMPDIR/tree/$file"
	run check_layers "$BATS_TEST_TMPDIR/tree"
	assert_status 1
	assert_match "$3"
}

@test "every unit test and every bats file is listed in tests/local.mk" {
	units=$(words_of unit_tests tests/local.mk)
	each_in "${units//$'\n'/.c$'\n'}.c" tests/unit/test-*.c
	each_in "$(words_of broker_tests tests/local.mk)" tests/broker/*.bats
	each_in "$(words_of contract_tests tests/local.mk)" tests/contracts/*.bats
	# shellcheck disable=SC2046 # none has blanks
	each_in "$(words_of bats_tests tests/local.mk)" \
		$(find tests -name '*.bats' ! -path 'tests/broker/*' ! -path 'tests/contracts/*')
}

@test "what tests/local.mk lists is there" {
	for test in $(words_of unit_tests tests/local.mk); do
		each_exists "$test.c"
	done
	for test in $(words_of bats_tests tests/local.mk) $(words_of broker_tests tests/local.mk); do
		each_exists "$test"
	done
}

@test "every file of lib is listed in lib/local.mk" {
	each_in "$(words_of libkpipe_a_SOURCES lib/local.mk)" lib/*.[ch]
}

@test "every tool is built" {
	for file in tools/*.c; do
		tool=${file##*/}
		tool=${tool%.c}
		case $tool in
		TEMPLATE | *_*) ;;
		*) grep -qx "$tool" <(tools) || fail "not in bin_PROGRAMS: $tool" ;;
		esac
	done
}

@test "every tool has a man page" {
	for tool in $(tools); do
		each_exists "man/$tool.1"
		grep -q "man/$tool\.1" man/local.mk || fail "not in man/local.mk: $tool.1"
	done
}

@test "every tool has tests" {
	for tool in $(tools); do
		[ -e "tests/$tool.bats" ] || each_exists "tests/broker/$tool.bats"
	done
}

@test "every tool has a row in README's table" {
	for tool in $(tools); do
		grep -Eq "^\|[^|]*\b$tool\b" README.md || fail "no row: $tool"
	done
}

@test "includes keep to the layers" {
	run check_layers .
	assert_output ""
	assert_status 0
}

@test "an include that points up is found" {
	breaks lib/num.c '#include "filter.h"' 'num \(layer 0\) includes filter \(layer 3\): up'
}

@test "an include that points sideways is found" {
	breaks lib/envelope.c '#include "lineio.h"' 'envelope includes lineio: sideways in layer 2'
}

@test "a circle is found" {
	breaks lib/mem.h '#include "num.h"' 'mem includes num: in a circle'
}

@test "a third-party header in the wrong place is found" {
	breaks tools/kmap.c '#include <jq.h>' '<jq.h> belongs to module jqprog alone'
}

@test "a clock in a pure module is found" {
	breaks lib/window.c '# include <time.h>' 'layer 1 is pure, it has no use for <time.h>'
}

@test "a module without a layer is found" {
	echo >"$BATS_TEST_TMPDIR/stray.c"
	run awk -f tests/layers.awk "$BATS_TEST_TMPDIR/stray.c"
	assert_status 1
	assert_match 'module stray is in no layer'
}

@test "scripts pass shellcheck" {
	need shellcheck
	# .ci is not in a tarball, and what lies in build-aux is not all ours.
	scripts=(bootstrap build-aux/version.sh completions/generate)
	for file in .ci/run bench/* tests/* tests/checks/* tests/fuzz/* tests/kafka/*; do
		[ -f "$file" ] && head -n 1 "$file" | grep -Eq '^#!.*[/ ](ba)?sh$' && scripts+=("$file")
	done
	shellcheck "${scripts[@]}"
}
