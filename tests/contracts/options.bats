#!/usr/bin/env bats
# What every tool does with its options: help, version, and mistakes.

load tools

# The options in --help, one a line: "-f, --from-file=FILE", "--arg NAME VALUE", "-c".
options_in_help()
{
	"$TOOL" --help | sed -n '/^  *-/ {
		s/^  *//
		s/   *.*//
		p
	}'
}

# Those that take an argument of their own: "--bad fail|skip|FILE", "-x ARG".
arguments_in_help()
{
	options_in_help | sed -n -e 's/^-., //' -e 's/^\(--[^ ]*\)=/\1 /' -e '/^[^ ]* [^ ]*$/p'
}

# mistake REGEX ARG...: the tool, given ARG among what it needs, says one line that matches and ends
# with status 2. No byte of its input is read then, no file is touched, no broker asked.
mistake()
{
	local regex=$1 status=0 first left said
	shift
	[ -s in ] || { feed 3 && echo end; } >in
	echo kept >kept
	{
		KPIPE_BROKERS=127.0.0.1:1 t "$@" >out 2>err || status=$?
		read -r left
	} <in
	read -r first <in
	mapfile -t said <err
	[ "$status" = 2 ] || fail "status $status: $TOOL $*" "${said[@]}" || return
	[ ! -s out ] || fail "on standard output: $TOOL $*" || return
	same_text "$first" "$left" || fail "input was read: $TOOL $*" || return
	[ ${#said[@]} = 1 ] || fail "${#said[@]} lines" "${said[@]}" || return
	assert_match "^$TOOL: .*$regex" "${said[0]}" || return
	[[ ${said[0]} != *[[:cntrl:]]* ]] || fail "control characters in: ${said[0]@Q}" || return
	[ ${#said[0]} -lt 4300 ] || fail "${#said[0]} characters" || return
	read -r left <kept
	same_text kept "$left" || return
	[ ! -e made ] || fail "made a file: $TOOL $*"
}

# mistake, while options name files that would be written.
mistake_of_writer()
{
	local options file writes
	mistake "$@" || return
	options=$(options_in_help)
	for writes in --bad --late --output; do
		[[ $options == *"$writes="* ]] || continue
		for file in kept made; do
			mistake "$1" "$writes" "$file" "${@:2}" || return
			mistake "$@" "$writes" "$file" || return
		done
	done
}

# --- Help and version ---

@test "--help and -h print the same to standard output, and nothing else" {
	run -0 --separate-stderr "$TOOL" --help
	assert_match "^Usage: $TOOL "
	assert_stderr ''
	help=$output
	run -0 --separate-stderr "$TOOL" -h
	assert_output "$help"
}

@test "--help names every option once, with a text" {
	options_in_help >options
	grep -qx -- '-h, --help' options
	grep -qx -- '-V, --version' options
	same_text '' "$(sed -n 's/^\(-[^-]\).*/\1/p' options | sort | uniq -d)"
	same_text '' "$(grep -o -- '--[a-z-]*' options | sort | uniq -d)"
	# Each is "-c, --long=ARG", "--long=ARG", "--long ARG...", or "-c".
	run -1 grep -Evx -- '(-[A-Za-z0-9], )?--[a-z][a-z-]+(=[^ ]+| [A-Z].*)?|-[A-Za-z0-9]( [A-Z]+)?' options
	assert_output ''
	"$TOOL" --help | awk '
	function ends() { if (option != "" && text == "") print "no text: " option }
	/^  +-/ {
		ends()
		option = $0
		sub(/^ +/, "", option)
		text = match(option, /   */) ? substr(option, RSTART + RLENGTH) : ""
		next
	}
	option != "" && text == "" && sub(/^ +/, "") { text = $0 }
	/^$/ { ends(); option = "" }' >textless
	same_file /dev/null textless
}

@test "--help has lines of 100 columns, ends them, and names each group of options once" {
	"$TOOL" --help >help
	run awk 'length > 100 { print } /[ \t]$/ { print "blank at the end: " $0 }' help
	assert_output ''
	same_text '' "$(tail -c 1 help | tr -d '\n')"
	same_text '' "$(grep -E '^[A-Z][a-z ]*:$' help | sort | uniq -d)"
}

@test "--help tells what is chosen from, as the message does" {
	arguments_in_help | grep '|' | grep -v '[A-Z]' | while read -r option words; do
		mistake "$option: 'none of these' is none of ${words//|/, } " "$option=none of these"
		for word in ${words//|/ }; do
			run -0 "$TOOL" "$option" "$word" --help
		done
	done
}

@test "--version and -V print the same to standard output, and nothing else" {
	run -0 --separate-stderr "$TOOL" --version
	assert_match "^$TOOL \\(kpipe\\) [0-9][^ ]*$"
	assert_stderr ''
	same_text 1 "${#lines[@]}"
	version=$output
	run -0 --separate-stderr "$TOOL" -V
	assert_output "$version"
}

@test "help and version need nothing, and wait for nothing" {
	for option in --help --version; do
		run -0 --separate-stderr env -i PATH="$PATH" "$TOOL" "$option" <&-
		assert_stderr ''
	done
}

@test "the environment changes nothing in help" {
	"$TOOL" --help >help
	for setting in COLUMNS= COLUMNS=0 COLUMNS=-7 COLUMNS=20 COLUMNS=99999999999999999999 COLUMNS=x \
		NO_COLOR=1 CLICOLOR_FORCE=1 POSIXLY_CORRECT=1 TERM= TERM=xterm LC_ALL=C LC_ALL=xx_YY.UTF-8 \
		LANGUAGE=de PAGER=false; do
		env "$setting" "$TOOL" --help >other
		same_file help other
	done
	env -u COLUMNS "$TOOL" --help >other
	same_file help other
}

@test "help and version that cannot be written are an error" {
	for option in --help --version; do
		run -1 --separate-stderr bash -c '"$0" "$1" >/dev/full' "$TOOL" "$option"
		assert_stderr "$TOOL: write error: No space left on device"
		run -1 --separate-stderr bash -c '"$0" "$1" >&-' "$TOOL" "$option"
		assert_stderr "$TOOL: write error: Bad file descriptor"
	done
}

@test "help and version whose reader has gone end quietly" {
	mkfifo pipe
	for option in --help --version; do
		# Its only reader is gone once fd 5 is closed.
		exec 5<>pipe 6>pipe 5>&-
		run -141 --separate-stderr bash -c '"$0" "$1" >&6' "$TOOL" "$option"
		assert_stderr ''
		run -1 --separate-stderr bash -c 'trap "" PIPE; "$0" "$1" >&6' "$TOOL" "$option"
		assert_stderr "$TOOL: write error: Broken pipe"
		exec 6>&-
	done
}

# --- The shared letters ---

# What a letter means wherever it is taken. -r is jq's, which kfilter has for nothing.
shared='
-b, --brokers
-X, --set
-F, --config
-J, --envelope
-G, --group
-g, --group-by
-a, --agg
-w, --where
-T, --time
-R, --raw-input
-r, --raw-output
-0, --null
-u, --unbuffered
-j, --jobs
-q, --quiet
-h, --help
-V, --version'

@test "a shared letter has one meaning, and so has its name" {
	options_in_help | sed 's/=.*//' | while read -r option; do
		letter=${option%%, *}
		name=${option#*, }
		row=$(grep -x -e "$letter, .*" -e ".*, $name" <<<"$shared") || continue
		same_text "$row" "$option"
	done
}

@test "a letter takes what its long name takes, in every form" {
	# A bad value tells that it has arrived.
	arguments_in_help | grep -E ' (N|D)$' | while read -r option argument; do
		letter=$(options_in_help | sed -n "s/^\(-[^-]\), $option=.*/\1/p")
		mistake "$option: 'bad' is not" "$option=bad"
		mistake "$option: 'bad' is not" "$option" bad
		mistake "$option: '=bad' is not" "$option==bad"
		[ -z "$letter" ] || mistake "$option: 'bad' is not" "${letter}bad"
		[ -z "$letter" ] || mistake "$option: 'bad' is not" "$letter" bad
		[ -z "$letter" ] || mistake "$option: '=bad' is not" "$letter=bad"
	done
}

# --- Mistakes ---

@test "an option that is not there" {
	mistake_of_writer "unknown option '--nosuch' \(try '$TOOL --help'\)$" --nosuch
	mistake_of_writer "unknown option '--nosuch' " --nosuch=1
	mistake "unknown option '-@' " -@
	mistake "unknown option '-é' " -é
	mistake "unknown option '-@' " -h@h
	mistake "unknown option '--=x' " --=x
	mistake "unknown option '---' " ---
	mistake "unknown option '--help-' " --help-
}

@test "control characters and long texts in what is not an option" {
	mistake "unknown option '--a\\\\nb\\\\tc\\\\x1b\[31m\\\\x07\\\\x7f' " $'--a\nb\tc\e[31m\a\x7f'
	mistake "unknown option '-\\\\x1b' " $'-\e'
	mistake "unknown option '--\\\\x9b\\\\xc2\\\\x9b' " $'--\x9b\u9b'
	mistake "unknown option '--(no){30}\.\.\.' " "--$(printf 'no%.0s' {1..50000})"
	mistake "unknown option '--(é){30}\.\.\.' " "--$(printf 'é%.0s' {1..50000})"
}

# the_begun PART: those of ${names[@]} that begin with it, "--a, --b".
the_begun()
{
	local name
	begun=
	for name in "${names[@]}"; do
		[[ $name != "$1"* ]] || begun+=${begun:+, }$name
	done
}

@test "a beginning that several options have is ambiguous, and they are named" {
	mapfile -t names < <(options_in_help | grep -o -- '--[a-z-]*')
	for name in "${names[@]}"; do
		for ((i = 3; i < ${#name}; i++)); do
			the_begun "${name:0:i}"
			[[ $begun != "$name" ]] || break
			# One may be the beginning of another: it is itself.
			[[ " ${names[*]} " == *" ${name:0:i} "* ]] || printf '%s:%s\n' "${name:0:i}" "$begun"
		done
	done | sort -u >parts
	while IFS=: read -r part begun; do
		mistake "option '$part' is ambiguous: $begun \(try" "$part"
		mistake "option '$part' is ambiguous: $begun \(try" "$part=1"
	done <parts
	run -0 "$TOOL" --hel
	run -0 "$TOOL" --vers
}

@test "an argument that is missing" {
	options_in_help | while IFS= read -r option; do
		case $option in
		*[=\ ][A-Z[]* | *=[a-z]*) ;;
		*) continue ;;
		esac
		name=$(grep -o -- '--[a-z-]*' <<<"$option")
		run -2 --separate-stderr "$TOOL" "$name"
		assert_output ''
		assert_stderr "$TOOL: $name needs an argument: ${option#*"$name"[= ]} (try '$TOOL --help')"
		[[ $option == --* ]] || run -2 "$TOOL" "${option%%,*}"
		[[ $option != *' '*' '* ]] || [[ $option == --exec* ]] || run -2 "$TOOL" "$name" one
	done
}

@test "an argument for an option that takes none" {
	options_in_help | grep -o -- '--[a-z-]*$' | while read -r name; do
		mistake "option '$name' takes no argument " "$name=1"
		mistake "option '$name' takes no argument " "$name="
	done
	mistake_of_writer "option '--help' takes no argument " --help=no
}

# bad_values OPTION WORDS VALUE...: VALUEs are bad ones, "is not WORDS".
bad_values()
{
	local option=$1 words=$2 value
	shift 2
	for value in '' ' ' x 1x '1 ' ' 1' - -1 1e1 0x10 ١ 99999999999999999999999999 nan "$@"; do
		mistake "$option: '$value' is not $words" "$option" "$value"
	done
	mistake "$option: '' is not $words" "$option="
	mistake "$option: '1\\\\n\\\\x1b\[2J' is not $words" "$option" $'1\n\e[2J'
	mistake "$option: '0{60}\.\.\.' is not $words" "$option" "$(printf '0%.0s' {1..100000})x"
}

@test "counts that are none" {
	arguments_in_help | grep ' N$' | while read -r option _; do
		bad_values "$option" 'a count' 1.5 1k 9223372036854775808 -9223372036854775809
	done
}

@test "sizes that are none" {
	arguments_in_help | grep -- '-line SIZE$' | while read -r option _; do
		bad_values "$option" 'a size' 1.5k k 1KB 1kk 18446744073709551616 16777216T
	done
}

@test "durations that are none" {
	arguments_in_help | grep -E ' (D|SIZE)$' | grep -v -- -line | while read -r option _; do
		# What may be less than 0, or is looked at behind the options.
		case $TOOL:$option in
		kwindow:--tumble | kwindow:--align | kjoin:--tumble | kjoin:--before | kjoin:--after) continue ;;
		esac
		bad_values "$option" 'a duration' 5 1s1 s '1 s' 1S 1.s 1y 0.1us 99999999999999d -1s
		mistake "$option: '365001d' is more than 1000 years" "$option=365001d"
		mistake "$option: '9223372036854775807us' is more" "$option=9223372036854775807us"
		run -0 "$TOOL" "$option=365000d" --help
	done
}

@test "names of files that are empty" {
	arguments_in_help | grep -E '[ |]FILE$' | while read -r option _; do
		mistake_of_writer "$option: the name of a file is empty" "$option="
		mistake "$option: the name of a file is empty" "$option" ''
	done
}

@test "too few operands, too many" {
	case $TOOL in
	kmap | kfilter | kin | kout | ktopic | kgroup)
		run -2 --separate-stderr "$TOOL" </dev/null
		assert_output ''
		same_text 1 "${#stderr_lines[@]}"
		assert_match "^$TOOL: " "$stderr"
		;;
	kbroker)
		mistake "too many operands; usage: kbroker " more
		mistake "too many operands; usage: kbroker " -
		;;
	*)
		skip "$TOOL takes any number of operands"
		;;
	esac
}

@test "a mistake is found before anything is written" {
	options_in_help >options
	grep -Eq -- '--(bad|late|output)=' options || skip "$TOOL writes no file"
	mistake_of_writer "--drain: 'x' is not" --drain=x
	! grep -q -- --jobs options || mistake_of_writer '--jobs: at most 256' --jobs=257
	! grep -q -- --agg options || mistake_of_writer . -a 'nosuch('
	! grep -q -- --group-by options || [ "$READS" = csv ] || mistake_of_writer . -g '{'
	! grep -q -- --delimiter options || mistake_of_writer . -d two
}

@test "a --drain of centuries does not end in a moment" {
	only map
	mkfifo pipe
	# 2^32 seconds and a tenth, with the second that is given for writing.
	exec_t --drain=4294967295.1s <pipe >out 2>err 3>&- &
	exec 5>pipe
	feed 1 >&5
	eventually 10 [ -s out ]
	kill -TERM $!
	sleep 0.4
	records 1 2 >&5
	exec 5>&-
	wait $! || fail "status $?: $(cat err)"
	want 2 >want
	same_file want out
}

# --- Order ---

@test "options and operands come in any order" {
	only map total
	feed 3 >in
	want 3 >want
	t -u in >got
	same_file want got
	t in -u >got
	same_file want got
	t --max-line 1M in -u --bad=skip >got
	same_file want got
	t -u0u --help | grep -q '^Usage'
}

@test "what follows -- is no option, - is standard input" {
	only map total
	feed 3 >--stats
	want 3 >want
	t -- --stats >got
	same_file want got
	t -u -- - <--stats >got
	same_file want got
	t - -u <--stats >got
	same_file want got
	mkdir dir
	cd dir
	run -1 --separate-stderr t -- --stats
	assert_stderr "$TOOL: --stats: No such file or directory"
	run -1 --separate-stderr t -- --
	assert_stderr "$TOOL: --: No such file or directory"
}
