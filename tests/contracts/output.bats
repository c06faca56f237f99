#!/usr/bin/env bats
# What every tool does when its output is refused, slow, or no longer read.

load tools
load ../process

# The tool, with records to standard output.
p()
{
	case $KIND in
	sink) t --tee "$@" ;;
	server) kbroker "$@" ;;
	*) t "$@" ;;
	esac
}

exec_p()
{
	exec_tool
	p "$@"
}

# Enough for p to print more than a pipe, and than our own buffer, holds.
MANY=8000

# p, with a line of output for each record.
p_many()
{
	case $KIND:$READS in
	total:json) p -g .id ;;
	total:csv) p -g id ;;
	*) p ;;
	esac
}

# Its input; of a source, its topic.
feed_many()
{
	case $KIND in
	source) records "$MANY" 4 | kout -p 0 "$TOPIC" ;;
	*) feed "$MANY" ;;
	esac
}

# The commands exec_t runs the tool under, to change what it finds.
nonblocking=(perl -MFcntl -e 'fcntl(STDOUT, F_SETFL, O_WRONLY | O_NONBLOCK) or die; exec @ARGV')
left_socket=(perl -MSocket -e 'socketpair(A, B, AF_UNIX, SOCK_STREAM, 0) or die;
	open(STDOUT, ">&", \*B) or die; close(A); exec @ARGV')

# write_error REASON: status 1 and one message, in err.
write_error()
{
	[ "$status" = 1 ] || fail "status $status" "$(cat err)"
	assert_match "^$TOOL: ([^ ]*: )?write error: $1\$" "$(cat err)"
}

# As SIGPIPE does it.
quiet_end()
{
	[ "$status" = 141 ] || fail "status $status" "$(cat err)"
	same_file /dev/null err
}

# --- Output that is refused ---

@test "a full disk is one message and status 1" {
	answers
	[ -w /dev/full ] || skip "no /dev/full"
	status=0
	feed 3 | p >/dev/full 2>err || status=$?
	write_error 'No space left on device'
}

@test "a full disk, and much to write" {
	only map total sink source
	[ -w /dev/full ] || skip "no /dev/full"
	feed_many >in
	status=0
	p_many <in >/dev/full 2>err || status=$?
	write_error 'No space left on device'
}

@test "a file that is full in the middle of a write" {
	only map total sink source
	feed_many >in
	p_many <in >want
	[ "$(wc -c <want)" -gt 65536 ]
	status=0
	# KiB
	(ulimit -f 64 && p_many <in >out 2>err) || status=$?
	write_error 'File too large'
	head -c 65536 want | same_file - out
}

@test "standard output that is closed, or open for reading only" {
	answers
	status=0
	feed 3 | p >&- 2>err || status=$?
	write_error 'Bad file descriptor'
	status=0
	feed 3 | p 1</dev/null 2>err || status=$?
	write_error 'Bad file descriptor'
}

@test "standard output that is not used may be anything" {
	only sink
	feed 3 | t >&-
	feed 3 | t 1</dev/null
	feed 3 | t | true
	[ ! -w /dev/full ] || feed 3 | t >/dev/full
	same_text 12 "$(got | wc -l)"
}

# --- A reader that leaves ---

# A reader that has seen enough; what prints at the end of its input only will never write to it.
leave()
{
	[ "$KIND" = total ] || head -n 1 >got
}

@test "a reader that leaves while input floods ends the tool quietly" {
	filters
	endless | {
		status=0
		p || status=$?
		echo $status >status
	} 2>err | leave
	status=$(cat status)
	quiet_end
}

@test "-j: a reader that leaves" {
	only map total
	"$TOOL" --help | grep -q -e --jobs || skip "$TOOL has no -j"
	endless | {
		status=0
		p -j 3 || status=$?
		echo $status >status
	} 2>err | leave
	status=$(cat status)
	quiet_end
}

@test "a reader that leaves is noticed while the tool is idle" {
	only map total sink source
	open_in
	mkfifo out
	exec 9<>out
	case $KIND in
	source) start kin "$TOPIC" >out 2>err ;;
	*) start exec_p <in >out 2>err ;;
	esac
	exec 8<out 9>&-
	feed 1 >&7
	[ "$KIND" = total ] || read -r -t 20 -u 8
	eventually 20 catches_signals
	eventually 20 asleep
	exec 8<&-
	ended 141
	exec 7>&-
	same_file /dev/null err
}

@test "a socket whose other end has gone is noticed while the tool is idle" {
	filters
	need perl
	open_in
	under=("${left_socket[@]}")
	start exec_p <in 2>err
	ended 141
	exec 7>&-
	same_file /dev/null err
}

@test "where SIGPIPE is ignored, a reader that leaves is an error" {
	filters
	(
		trap '' PIPE
		endless 2>/dev/null | {
			status=0
			p || status=$?
			echo $status >status
		} 2>err
	) | leave
	status=$(cat status)
	write_error 'Broken pipe'
}

# --- A reader that is slow ---

# slowly FILE: standard input, read only when the other side has long been waiting.
slowly()
{
	sleep 0.2
	cat >"$1"
}

@test "a slow reader gets all, also of a non-blocking pipe" {
	only map total sink source
	feed_many >in
	p_many <in >want
	p_many <in | slowly out
	same_file want out
	need perl
	(
		under=("${nonblocking[@]}")
		exec_tool
		p_many <in
	) | slowly out
	same_file want out
}

# --- -o FILE ---

has_output()
{
	only map total sink
	"$TOOL" --help | grep -q -e --output || skip "$TOOL has no -o FILE"
}

# kept: the old file is there, and nothing beside it.
kept()
{
	same_text 'old' "$(cat dir/file)"
	same_text 'file' "$(ls -A dir)"
}

@test "-o: what cannot be written leaves the old file, and nothing else" {
	has_output
	mkdir dir
	echo old >dir/file
	feed_many >in
	status=0
	(ulimit -f 64 && p_many -o dir/file <in 2>err) || status=$?
	write_error 'File too large'
	kept
}

@test "-o: bad input leaves the old file, and nothing else" {
	has_output
	mkdir dir
	echo old >dir/file
	status=0
	{
		feed 3
		bad_record
	} | p -o dir/file 2>err || status=$?
	same_text 1 "$status"
	kept
}

@test "-o: the file appears, whole, when all is done" {
	has_output
	mkdir dir
	echo old >dir/file
	feed 3 | p -o dir/file >out
	want 3 | same_file - dir/file
	same_file /dev/null out
	same_text 'file' "$(ls -A dir)"
}
