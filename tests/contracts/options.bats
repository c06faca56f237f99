#!/usr/bin/env bats
# What every tool does with its options: help, version, and mistakes.

load tools

@test "--help and -h print the same to standard output, and nothing else" {
	run -0 --separate-stderr "$TOOL" --help
	assert_match "^Usage: $TOOL "
	assert_stderr ''
	help=$output
	run -0 --separate-stderr "$TOOL" -h
	assert_output "$help"
}

@test "--help that cannot be written is an error" {
	run -1 --separate-stderr bash -c '"$0" --help >/dev/full' "$TOOL"
	assert_stderr "$TOOL: write error: No space left on device"
}
