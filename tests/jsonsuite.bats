#!/usr/bin/env bats
# JSONTestSuite (github.com/nst/JSONTestSuite) through the command line: each file is one record.
#
# y_ files are JSON, n_ files are not, of i_ files a parser may think what it likes. What libjq takes
# is taken, what it refuses is refused, by the native engine as well; jq itself is the judge.

load helper

setup()
{
	common_setup
	need_cases JSONTestSuite
	need jq
}

count()
{
	wc -l <"$1" | tr -d ' '
}

holds_nul()
{
	IFS= read -r -d '' _ <"$1"
}

begins_with_bom()
{
	local LC_ALL=C begin
	IFS= read -r -N 3 begin <"$1"
	[ "$begin" = $'\xef\xbb\xbf' ]
}

# verdict FILE: what jq makes of it as one record; its output is in `text`. A blank record is none.
verdict()
{
	local status=0 lines
	jq -c . <"$1" >text 2>/dev/null || status=$?
	mapfile -t lines <text
	case $status:${#lines[@]} in
	0:0) echo none ;;
	0:1) echo taken ;;
	*) echo refused ;;
	esac
}

setup_file()
{
	[ -d "${KPIPE_CASES:-}/JSONTestSuite" ] && command -v jq >/dev/null || return 0
	for suite in test_parsing test_transform; do
		mkdir "$BATS_FILE_TMPDIR/$suite"
		(cd "$BATS_FILE_TMPDIR/$suite" && judge "$KPIPE_CASES/JSONTestSuite/$suite")
	done
}

# judge DIR: lists the files in all, and by jq's verdict in taken, refused and none; the texts of those
# taken in texts. Files that cannot be a record among others, with NUL or a byte order mark, are in alone.
judge()
{
	local file answer
	for list in all alone taken refused none texts; do : >$list; done
	for file in "$1"/*.json; do
		if holds_nul "$file" || begins_with_bom "$file"; then
			echo "$file" >>alone
			continue
		fi
		echo "$file" >>all
		answer=$(verdict "$file")
		echo "$file" >>"$answer"
		[ "$answer" != taken ] || cat text >>texts
	done
	while IFS= read -r file; do
		cat "$file"
		printf '\0'
	done <all >records
}

# refuses_alike TOOL ENGINE PROGRAM: of all records the tool refuses those that jq refused. Its output
# is in out.
refuses_alike()
{
	rm -f bad
	"$1" -0 --engine "$2" --bad bad "$3" records >out 2>err || fail "$1: $(cat err)" || return
	if [ ! -s refused ]; then
		[ ! -s bad ]
		return
	fi
	jq .line bad >lines
	awk 'NR == FNR { bad[$1]; next } FNR in bad' lines all >got
	same_file refused got && mv bad "bad.$1.$2"
}

@test "each file of test_parsing among the others: what jq takes is printed as by jq, what it refuses is bad" {
	cd "$BATS_FILE_TMPDIR/test_parsing"
	[ "$(count all)" -ge 300 ]
	for engine in jq auto; do
		refuses_alike kmap $engine .
		tr '\0' '\n' <out >printed
		same_file texts printed
		refuses_alike kfilter $engine '. or true'
		while IFS= read -r file; do
			cat "$file"
			printf '\0'
		done <taken >passed
		same_file passed out
	done
	same_file bad.kmap.jq bad.kmap.auto
	same_file bad.kmap.jq bad.kfilter.jq
	same_file bad.kmap.jq bad.kfilter.auto
	echo "# of $(count all) files $(count taken) taken, $(count refused) refused, $(count none) blank" >&3
}

@test "y_ files are taken; n_ files are refused, but for those that libjq takes" {
	cd "$BATS_FILE_TMPDIR/test_parsing"
	grep '/y_' all >y
	grep '/y_' taken >got
	same_file y got
	# libjq reads numbers that are none, as 01 and NaN, and nothing else.
	sed -n 's|.*/n_|n_|p' taken >lenient
	grep -v '^n_number_' lenient >others || :
	same_file /dev/null others
	[ "$(grep -c /n_ refused)" -ge 150 ]
	echo "# $(count y) y_ taken; $(grep -c /n_ refused) n_ refused, $(count lenient) taken" >&3
}


@test "each file of test_parsing by itself ends in time, as the verdict says" {
	cd "$BATS_FILE_TMPDIR/test_parsing"
	while IFS= read -r file; do
		status=0
		timeout 5 kfilter -0 . "$file" >out 2>err || status=$?
		case $status in
		0) ;;
		1) echo "$file" ;;
		*) fail "status $status: $file" || return ;;
		esac
	done <all >got
	same_file refused got
}

@test "files with NUL bytes are bad records; a byte order mark at the start of a file is none" {
	cd "$BATS_FILE_TMPDIR/test_parsing"
	[ "$(count alone)" -ge 5 ]
	while IFS= read -r file; do
		for engine in auto jq; do
			for tool in kfilter kmap; do
				run timeout 5 $tool --engine $engine . "$file"
				if holds_nul "$file"; then
					assert_status 1
				elif [ "$(verdict "$file")" = refused ]; then
					assert_status 1
				else
					assert_status 0
				fi || fail "$tool --engine $engine $file" || return
			done
		done
	done <alone
}

@test "test_transform: numbers, keys and strings come out as jq prints them" {
	cd "$BATS_FILE_TMPDIR/test_transform"
	[ "$(count all)" -ge 20 ]
	for engine in jq auto; do
		refuses_alike kmap $engine .
		tr '\0' '\n' <out >printed
		same_file texts printed
		refuses_alike kfilter $engine '. or true'
	done
	# The parts that the suite is about, out of what is around them.
	while IFS= read -r file; do
		cat "$file"
		echo
	done <taken >lines
	for program in '.[0]?' '.a?' '[.[]]' '{a: .a?}' 'tostring' '.[0]? | tostring'; do
		jq -c "$program" lines >want
		for engine in jq auto; do
			kmap -0 --bad skip --engine $engine "$program" records 2>/dev/null |
				tr '\0' '\n' >got
			same_file want got || fail "$program, --engine $engine" || return
		done
	done
	echo "# of $(count all) files $(count taken) taken, $(count refused) refused" >&3
}
