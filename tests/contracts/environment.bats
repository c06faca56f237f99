#!/usr/bin/env bats
# That no environment changes what a tool does, and that one too small ends it with a message.

load tools
load runs

# Two locales in which numbers, or letters, are not those of C.
locales=$KPIPE_BUILDDIR/tests/locales

make_locales()
{
	local name new
	for name in de_DE tr_TR; do
		[ ! -e "$locales/$name.UTF-8" ] || continue
		need localedef
		mkdir -p "$locales"
		new=$(mktemp -d "$locales/new.XXXXXX")
		localedef -i $name -f UTF-8 "$new/$name.UTF-8" >/dev/null 2>&1 ||
			skip "localedef cannot make $name.UTF-8"
		# Another tool's run may have been first.
		mv -T "$new/$name.UTF-8" "$locales/$name.UTF-8" 2>/dev/null || true
		rm -rf "$new"
	done
}

# The least environment in which the tool can be run here.
least()
{
	local name
	for name in KPIPE_BROKERS KPIPE_CONFIG ASAN_OPTIONS UBSAN_OPTIONS LSAN_OPTIONS; do
		[ -z "${!name:-}" ] || echo "$name=${!name}"
	done
}

# works [ARG...]: the tool does what it is there for.
works()
{
	case $KIND in
	map | total | sink)
		feed 3 >in
		takes 3 "$@" <in
		;;
	source)
		want 3 >want
		t "$@" >got 2>err
		same_file want got
		same_file /dev/null err
		;;
	admin)
		answers
		t -J "$@" >out 2>err
		grep -q "^{.*\"$TOPIC\"" out
		same_file /dev/null err
		;;
	server)
		t "$@" >out 2>err
		same_file /dev/null out
		same_file /dev/null err
		;;
	esac
}

# What only libjq runs, with names that a user may have redefined, and dates in summer.
program='[.] | map(select(.id > 0)) | .[0].t | strptime("%Y-%m-%dT%H:%M:%SZ") | mktime | todate'

# programs [CMD...]: what a program in the tool's hands leads to.
programs()
{
	feed 3 >in
	[ "$KIND" != sink ] || TOPIC=$(topic contracts)
	case $TOOL in
	kmap) "$@" kmap "($program), (\"TITLE\" | ascii_downcase), .id * 1.5" in ;;
	kfilter) "$@" kfilter "($program) == .t" in ;;
	kcount) "$@" kcount -g "k=$program" -a 'sum(.id * 1.5), avg(.id / 4)' in ;;
	kwindow) "$@" kwindow --tumble 1d -T "$program" -a 'sum(.id * 1.5)' in ;;
	kuniq) "$@" kuniq -g "$program" -g '.id * 1.5' in ;;
	kjoin) "$@" kjoin -g "$program" --left-if true --anti in ;;
	csvagg) "$@" csvagg -g "k=$program" -a 'sum(id * 1.5), avg(id / 4)' in ;;
	kout) "$@" kout -p 0 -t "$TOPIC" --key-by "$program" in && kin -e -f '%k %s\n' "$TOPIC" ;;
	*) return 1 ;;
	esac
}

has_programs()
{
	case $TOOL in
	kmap | kfilter | kcount | kwindow | kuniq | kjoin | csvagg | kout) ;;
	*) skip "$TOOL runs no programs" ;;
	esac
}

# same_programs CMD...: the same results when it is run by that.
same_programs()
{
	programs >want
	grep -q 2024-05-01T12:00:00Z want || [ "$TOOL" = kwindow ]
	programs "$@" >got
	same_file want got
}

@test "no environment" {
	through env -i $(least)
	works
	run -0 env -i "$(type -P "$TOOL")" --version
}

@test "no directory" {
	mkdir gone
	feed 3 >in
	local dir=$PWD
	through bash -c 'cd "$0" && rmdir "$0" && exec "$@"' "$dir/gone"
	works
}

@test "no name" {
	through bash -c 'exec -a "" "$0" "$@"'
	works
	run -2 --separate-stderr bash -c 'exec -a "" "$0" --no-such-option' "$(type -P "$TOOL")"
	assert_match '^kpipe: .*--no-such-option' "$stderr"
}

@test "time zones" {
	local zone
	for zone in Europe/Berlin America/New_York :/nonexistent EST5EDT 'garbage,M13.9' ''; do
		export TZ=$zone
		works
	done
}

@test "time zones, and the dates of programs" {
	has_programs
	local zone
	for zone in Europe/Berlin America/New_York :/nonexistent EST5EDT 'garbage,M13.9'; do
		same_programs env TZ="$zone"
	done
}

@test "locales" {
	make_locales
	local locale
	"$TOOL" --help >help
	same_text , "$(LOCPATH=$locales LC_ALL=de_DE.UTF-8 locale decimal_point)"
	for locale in de_DE tr_TR; do
		through env LOCPATH="$locales" LC_ALL=$locale.UTF-8 LANG=$locale.UTF-8
		works
		"$TOOL" --help >got
		same_file help got
	done
}

@test "locales, and the numbers and letters of programs" {
	has_programs
	make_locales
	local locale
	for locale in de_DE tr_TR; do
		same_programs env LOCPATH="$locales" LC_ALL=$locale.UTF-8
	done
}

@test "HOME that holds what libjq would load, or nothing" {
	has_programs
	mkdir redefines broken directory
	echo 'def map(f): error("a"); def select(f): empty; def todate: "b"; def mktime: 0;' \
		>redefines/.jq
	echo 'def ((' >broken/.jq
	mkdir directory/.jq
	cp redefines/.jq directory/.jq/map.jq
	local home
	for home in redefines broken directory missing; do
		same_programs env HOME="$PWD/$home"
	done
	same_programs env -u HOME
	same_programs env HOME=
}

@test "a configuration for brokers is nothing to the others" {
	case $KIND:$TOOL in
	sink:* | source:* | admin:* | *:kbroker) skip "$TOOL reads it" ;;
	esac
	mkdir -p .config
	printf 'nonsense\n\xff\n' >.config/kpipe.conf
	export HOME=$PWD KPIPE_CONFIG=$PWD/missing KPIPE_BROKERS=nowhere:1
	works
}

@test "what tells others of the terminal" {
	local columns
	"$TOOL" --help >help
	for columns in 0 1 -5 garbage 99999999999999999999; do
		COLUMNS=$columns NO_COLOR=1 TERM=dumb "$TOOL" --help >got
		same_file help got
	done
	unset COLUMNS TERM
	export JQ_COLORS=1 CLICOLOR_FORCE=1 FORCE_COLOR=1
	works
}

# --- Files ---

@test "files that it makes have the mode that umask leaves" {
	filters
	local mask
	for mask in 022:644 077:600 000:666; do
		rm -f made
		(
			umask "${mask%:*}"
			feed 3 | takes 3 --bad made
		)
		same_text "${mask#*:}" "$(stat -c %a made)"
	done
	case $TOOL in
	csvagg) option=-o ;;
	kwindow) option=--late ;;
	*) return 0 ;;
	esac
	for mask in 022:644 077:600; do
		rm -f made
		feed 3 >in
		(umask "${mask%:*}" && t $option made in >out)
		same_text "${mask#*:}" "$(stat -c %a made)"
	done
}

@test "few descriptors" {
	case $KIND in
	sink | source | admin | server) skip "a client of brokers needs more" ;;
	esac
	few_descriptors
	works
}

# --- Limits ---

# An address sanitizer reserves terabytes.
limited()
{
	[ "${KPIPE_SANITIZED:-}" != 1 ] || skip "a sanitizer needs its memory"
	filters
	[ "$KIND" != sink ] || skip "librdkafka ends the process itself when memory is short"
	(ulimit -v 1000000) 2>/dev/null || skip "no ulimit -v"
}

# one_line: what a run under a limit may come to. 126 and 127 are the shell's and the loader's.
one_line()
{
	case $status in
	0) same_text '' "$(cat err)" ;;
	1)
		same_text 1 "$(wc -l <err)"
		assert_match "^$TOOL: (.*: )?($1)$" "$(cat err)"
		;;
	126 | 127) ;;
	*) fail "$2: status $status" "$(cat err)" ;;
	esac
}

# starved ARG...: under any limit on memory in which it can be started at all.
starved()
{
	local kb failed=0 worked=0
	for kb in 3000 6000 9000 14000 20000 30000 45000 70000 100000 150000 300000 1000000; do
		status=0
		(
			ulimit -v $kb
			t "$@" >/dev/null 2>err
		) || status=$?
		one_line 'out of memory|cannot start a thread: .*' "$kb KB"
		case $status in
		0) worked=$((worked + 1)) ;;
		1) failed=$((failed + 1)) ;;
		esac
	done
	# Limits that are of no use here would prove nothing.
	[ $failed -gt 0 ] && [ $worked -gt 0 ] || fail "$failed failed, $worked worked"
}

long_record()
{
	feed 1 | awk 'BEGIN { for (f = "0123456789"; length(f) < 1e7; f = f f); }
		/é/ { sub(/é/, f) } 1'
}

@test "too little memory for a long record" {
	limited
	long_record >in
	starved in
	case $TOOL in
	kmap | kfilter) starved -j 3 in ;;
	esac
}

@test "too little memory for libjq" {
	limited
	long_record >in
	case $TOOL in
	kmap | kfilter)
		t() { "$TOOL" '[.] | map(.s) | .[0]' "$@"; }
		starved in
		starved -j 3 in in in
		;;
	*) skip "$TOOL keeps no text in libjq" ;;
	esac
}

@test "too little memory for many groups" {
	limited
	feed 200000 >in
	case $TOOL in
	kcount | kwindow | kuniq) starved -g .id in ;;
	kjoin) starved --left-if false in ;;
	csvagg) starved -g id in ;;
	*) skip "$TOOL has no groups" ;;
	esac
}

@test "no more threads" {
	filters
	"$TOOL" --help | grep -q -- '--jobs' || skip "$TOOL has no threads"
	local as=()
	if [ "$(id -u)" = 0 ]; then
		need setpriv "to be somebody else"
		as=(setpriv --reuid=65534 --clear-groups)
		"${as[@]}" "$(type -P "$TOOL")" --help >/dev/null 2>&1 ||
			skip "nobody else may run $TOOL"
	fi
	[ "${KPIPE_SANITIZED:-}" != 1 ] || skip "a sanitizer needs threads"
	feed 3 >in
	through "${as[@]}" bash -c 'ulimit -u 1; exec "$0" "$@"'
	status=0
	t -j 4 <in >out 2>err || status=$?
	one_line 'cannot start a thread: .*' 'ulimit -u 1'
	same_text 1 "$status"
}

# nested N: a record that is N objects deep.
nested()
{
	printf "%0$1d" 0 | sed 's/0/{"id":/g'
	printf 1
	printf "%0$1d\n" 0 | tr 0 '}'
}

# Records nested deeper than libjq can hold, or almost, which is 10000 levels, an object being two
# (1.6: 256). None stops the tool.
deep()
{
	[ "$READS" = json ] || return 0
	{ printf '%010000d' 0 | tr 0 '['; printf '%010000d\n' 0 | tr 0 ']'; } >deep
	{ nested 10000; nested 4990; } >>deep
	[ "$KIND" != sink ] || TOPIC=$(topic contracts)
	status=0
	t $(strict) "$@" --bad skip deep >out 2>err || status=$?
	same_text 0 "$status"
	assert_match "^$TOOL: 3 in, " "$(cat err)"
}

@test "a small stack" {
	filters
	[ "${KPIPE_SANITIZED:-}" != 1 ] || skip "a sanitizer needs a larger stack"
	through bash -c 'ulimit -s 256; exec "$0" "$@"'
	works
	deep
}

# There each thread gets what the system thinks is enough.
@test "an unlimited stack" {
	filters
	"$TOOL" --help | grep -q -- '--jobs' || skip "$TOOL has no threads"
	[ "${KPIPE_SANITIZED:-}" != 1 ] || skip "a sanitizer needs a larger stack"
	(ulimit -s unlimited) 2>/dev/null || skip "the stack may not be unlimited"
	through bash -c 'ulimit -s unlimited; exec "$0" "$@"'
	works
	deep -j 2
}
