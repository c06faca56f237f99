#!/bin/sh
# Adds up test results (the .trs files of automake's TAP driver): each failure with what its log says
# about it, the counts of each part, and the sum as "N passed, N failed, N skipped".
#
# usage: summary.sh FILE.trs...
#
# Exit status 1 when a test failed or a file holds no result.
set -eu

exec awk '
# What the log beside a result file says about a failure: the comments behind "not ok".
function explain(file, name,    log_file, line, shown, lines)
{
	log_file = file
	sub(/\.trs$/, ".log", log_file)
	while ((getline line < log_file) > 0) {
		if (line ~ /^(not )?ok /)
			shown = line == "not ok " name
		else if (shown && line ~ /^#/ && lines++ < 40)
			print "    " line
	}
	close(log_file)
}

function part_of(file)
{
	if (file ~ /\.kafka\.trs$/)
		return "real Kafka"
	if (file ~ /broker\/[^\/]*\.trs$/)
		return "box broker"
	return "modules and tools"
}

function count(kind)
{
	n[part, kind]++
	n["all", kind]++
}

function fail(name)
{
	print "FAIL " file ": " name
	explain(file, name)
	count("failed")
	failures++
}

# An exit status other than 0 is news only where no test has failed.
function end_of_file()
{
	if (errors != "" && !failures)
		fail(errors)
	else if (!results)
		fail("no result")
}

function print_counts(label, part)
{
	printf "%s%d passed, %d failed, %d skipped\n", label,
		n[part, "passed"], n[part, "failed"], n[part, "skipped"]
}

BEGIN {
	if (ARGC < 2) {
		print "summary.sh: no test results"
		exit status = 1
	}
	# Read by hand, since awk would pass over an empty file.
	for (i = 1; i < ARGC; i++) {
		file = ARGV[i]
		part = part_of(file)
		seen[part] = 1
		failures = results = 0
		errors = ""
		while ((got = (getline line < file)) > 0) {
			if (line !~ /^:test-result: /)
				continue
			results++
			sub(/^:test-result: /, "", line)
			kind = line
			sub(/ .*/, "", kind)
			sub(/^[A-Z]+ */, "", line)
			if (kind == "PASS")
				count("passed")
			else if (kind == "SKIP" || kind == "XFAIL")
				count("skipped")
			else if (kind == "ERROR")
				errors = errors line " "
			else
				fail(line)
		}
		close(file)
		end_of_file()
	}
	parts = split("modules and tools:box broker:real Kafka", order, ":")
	for (i = 1; i <= parts; i++)
		if (order[i] in seen)
			print_counts(order[i] ": ", order[i])
	print_counts("", "all")
	exit status = n["all", "failed"] > 0
}
' "$@"
