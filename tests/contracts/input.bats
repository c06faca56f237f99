#!/usr/bin/env bats
# What every filter makes of its input, whatever it looks like and however it comes.

load tools

# takes N ARG...: the tool, run with ARG, gives what it should for the first N records and is silent.
takes()
{
	local n=$1 status=0
	shift
	want "$n" >want
	t "$@" >out 2>err || status=$?
	got out >got
	same_file want got
	same_file /dev/null err
	[ "$status" = 0 ] || fail "status $status"
}

@test "records from standard input" {
	filters
	feed 3 >in
	takes 3 <in
}

@test "a last line without its newline is a line" {
	filters
	feed 3 | head -c -1 >in
	takes 3 <in
}
