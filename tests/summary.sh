#!/bin/sh
# Adds up test results: the counts of each part and of all, "N passed, N failed, N skipped", behind what
# the logs say about each failure.
#
# usage: summary.sh FILE.trs...
#
# The files are those of automake's TAP driver; FILE.log lies beside each. Exit status 1 when a
# test failed or a file holds no result.
set -eu

if [ $# = 0 ]; then
	echo "summary.sh: no test results" >&2
	exit 1
fi

exec awk '
function part_of(file)
{
	if (file ~ /(^|\/)asan\//)
		return "sanitizers"
	if (file ~ /(^|\/)libjq\//)
		return "a newer libjq"
	if (file ~ /(^|\/)valgrind\/|\.valgrind\.trs$/)
		return "valgrind"
	if (file ~ /\.arm\.trs$/)
		return "emulated arm64"
	if (file ~ /\.analyze\.trs$/)
		return "analyzers"
	if (file ~ /\.fuzz\.trs$/)
		return "fuzzing"
	if (file ~ /\.kafka\.trs$/)
		return "real Kafka"
	if (file ~ /broker\/[^\/]*\.trs$/)
		return "box broker"
	if (file ~ /contracts\/[^\/]*\.trs$/)
		return "contracts"
	return "modules and tools"
}

# The failures in a log: a test ("not ok") with the comments behind it, or what the driver found
# wrong with the whole ("ERROR: ...").
function explain(log_file,    line, shown, lines)
{
	while ((getline line < log_file) > 0) {
		if (line ~ /^not ok /) {
			print "FAIL " log_file ": " substr(line, 8)
			shown = 1
			lines = 0
		} else if (line ~ /^ok /)
			shown = 0
		else if (line ~ /^ERROR: /)
			print "FAIL " log_file ": " substr(line, 8)
		else if (shown && line ~ /^#/ && lines++ < 40)
			print "    " line
	}
	close(log_file)
}

# A program that ends badly although no test of its has failed (a crash, a leak, a plan not kept) is a
# failure of its own; otherwise its status says nothing new.
function add(file,    part, line, passed, failed, skipped, errors)
{
	part = part_of(file)
	seen[part] = 1
	while ((getline line < file) > 0) {
		if (line ~ /^:test-result: PASS/)
			passed++
		else if (line ~ /^:test-result: (FAIL|XPASS)/)
			failed++
		else if (line ~ /^:test-result: (SKIP|XFAIL)/)
			skipped++
		else if (line ~ /^:test-result: ERROR/)
			errors++
	}
	close(file)
	if (errors && !failed)
		failed = 1
	if (!passed && !failed && !skipped) {
		print "FAIL " file ": no result"
		failed = 1
	} else if (failed) {
		sub(/trs$/, "log", file)
		explain(file)
	}
	n[part, "passed"] += passed
	n[part, "failed"] += failed
	n[part, "skipped"] += skipped
	n["all", "passed"] += passed
	n["all", "failed"] += failed
	n["all", "skipped"] += skipped
}

function print_counts(label, part)
{
	printf "%s%d passed, %d failed, %d skipped\n", label,
		n[part, "passed"], n[part, "failed"], n[part, "skipped"]
}

BEGIN {
	for (i = 1; i < ARGC; i++)
		add(ARGV[i])
	parts = split("modules and tools:contracts:box broker:real Kafka:" \
		"sanitizers:a newer libjq:valgrind:fuzzing:analyzers", order, ":")
	for (i = 1; i <= parts; i++)
		if (order[i] in seen)
			print_counts(order[i] ": ", order[i])
	print_counts("", "all")
	exit n["all", "failed"] > 0
}
' "$@"
