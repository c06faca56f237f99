# What every .bats file loads: paths, comparisons that show what differs, the broker.
#
#     load helper          # tests/*.bats
#     load ../helper       # tests/broker/*.bats
#
# Relative names in a test are those of the test's own empty directory. The tree is
# $KPIPE_SRCDIR, to be read only; tests/run-bats sets the rest of the environment.

bats_require_minimum_version 1.5.0

KPIPE_SRCDIR=${KPIPE_SRCDIR:-$(cd "${BASH_SOURCE[0]%/*}/.." && pwd)}
KPIPE_BUILDDIR=${KPIPE_BUILDDIR:-$KPIPE_SRCDIR/build}
export KPIPE_SRCDIR KPIPE_BUILDDIR
case :$PATH: in
*:"$KPIPE_BUILDDIR/tools":*) ;;
*) PATH=$KPIPE_BUILDDIR/tools:$PATH ;;
esac

# A test file with a setup of its own calls this first in it.
common_setup()
{
	disown -a # of bats' own timer, which a plain `wait` in a test would wait for
	# bats notes each command with a trap, which takes more time than most commands; here it keeps to those of
	# the test itself. KPIPE_TRACE=1: those in functions and subshells too, when a failure is hard to place.
	[ -n "${KPIPE_TRACE:-}" ] || set +T
	cd "$BATS_TEST_TMPDIR" || return
}

setup()
{
	common_setup
}

# The tools that are built, by name.
tools()
{
	local file
	for file in "$KPIPE_BUILDDIR"/tools/*; do
		[ ! -f "$file" ] || [ ! -x "$file" ] || echo "${file##*/}"
	done
}

# --- What a test needs, else it is skipped with the reason ---

# need CMD [REASON]: a program that may not be there.
need()
{
	command -v "$1" >/dev/null || skip "no $1${2:+ ($2)}"
}

need_broker()
{
	[ -n "${KPIPE_BROKERS:-}" ] || skip "no broker"
}

# need_kafka REASON: what the box broker cannot do.
need_kafka()
{
	need_broker
	[ "${KPIPE_TEST_BROKER:-}" = kafka ] || skip "needs a real Kafka: $1"
}

# need_box REASON: what only makes sense on a box broker.
need_box()
{
	need_broker
	[ "${KPIPE_TEST_BROKER:-}" = box ] || skip "needs the box broker: $1"
}

# need_cases NAME: a folder of the data sets in $KPIPE_CASES, which are not part of the tree.
need_cases()
{
	[ -n "${KPIPE_CASES:-}" ] || skip "KPIPE_CASES is not set"
	[ -d "$KPIPE_CASES/$1" ] || skip "no $1 in KPIPE_CASES"
}

# fewer N: prints N; a tenth of it under sanitizers and valgrind, which take ten times as long to start a tool.
fewer()
{
	echo $(($1 / (${KPIPE_SANITIZED:-0} * 9 + 1)))
}

# --- Topics ---

# topic NAME: prints the name of a topic that no other test and no other run has: tests share a broker.
# Reading or writing it creates it, with 4 partitions.
topic()
{
	echo "$1-${BATS_TEST_FILENAME##*/}-$BATS_TEST_NUMBER-$$-$RANDOM" | tr -c 'A-Za-z0-9\n' -
}

# kin_all TOPIC...: the values of topics from beginning to end.
kin_all()
{
	kin -e -o beginning "$@"
}

# --- Comparisons ---

fail()
{
	printf '%s\n' "$@" >&2
	return 1
}

# same_file WANT GOT: two files are equal, byte by byte.
same_file()
{
	cmp -s "$1" "$2" && return
	echo "--- wanted, +++ got" >&2
	# -a: what control bytes and NULs there are is part of the news.
	diff -a -u "$1" "$2" | sed 1,2d | cat -v | head -n 100 >&2
	return 1
}

# same_text WANT GOT: two strings are equal.
same_text()
{
	[ "$1" = "$2" ] && return
	printf '%s\n' "$1" >"$BATS_TEST_TMPDIR/.helper-want"
	printf '%s\n' "$2" >"$BATS_TEST_TMPDIR/.helper-got"
	same_file "$BATS_TEST_TMPDIR/.helper-want" "$BATS_TEST_TMPDIR/.helper-got"
}

# gives < WANT: reads what is wanted from standard input and compares it, byte by byte, with what
# the command prints. Its status must be 0, and its standard error empty.
#
#     gives kcount -g .a in.ndjson <<-'END'
#     {"a":1,"count":2}
#     END
gives()
{
	cat >"$BATS_TEST_TMPDIR/.helper-want"
	local status=0
	"$@" </dev/null >"$BATS_TEST_TMPDIR/.helper-got" 2>"$BATS_TEST_TMPDIR/.helper-err" || status=$?
	if [ "$status" != 0 ] || [ -s "$BATS_TEST_TMPDIR/.helper-err" ]; then
		echo "status $status, standard error:" >&2
		cat -v "$BATS_TEST_TMPDIR/.helper-err" >&2
	fi
	same_file "$BATS_TEST_TMPDIR/.helper-want" "$BATS_TEST_TMPDIR/.helper-got" &&
		[ "$status" = 0 ] && [ ! -s "$BATS_TEST_TMPDIR/.helper-err" ]
}

# Behind bats' `run`, or `run --separate-stderr`:

# assert_status N
assert_status()
{
	[ "$status" = "$1" ] && return
	fail "status $status, wanted $1" "output: $output" "${stderr:+stderr: $stderr}"
}

# assert_output [TEXT]: $output is TEXT, or what is on standard input.
assert_output()
{
	local want
	if [ $# -gt 0 ]; then want=$1; else want=$(cat); fi
	same_text "$want" "$output"
}

# assert_stderr TEXT: with --separate-stderr.
assert_stderr()
{
	same_text "$1" "$stderr"
}

# assert_match REGEX [TEXT]: TEXT ($output) holds a match of an extended regular expression.
assert_match()
{
	local text=${2-$output}
	[[ $text =~ $1 ]] || fail "no match of: $1" "in: $text"
}

# eventually SECONDS CMD...: runs CMD again and again until it succeeds.
eventually()
{
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || fail "not within time: $*" || return
		sleep 0.05
	done
}
