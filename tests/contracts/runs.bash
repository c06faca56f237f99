# Runs of the tool under test, and what must come of them.
#
#     load tools
#     load runs

# Line I of the records, in its file.
line()
{
	echo $(($1 + $(header_lines)))
}

# kout takes any bytes for a record, unless it looks into them.
strict()
{
	[ "$TOOL" != kout ] || echo --key-by=.id
}

json_only()
{
	[ "$READS" = json ] || skip "$TOOL reads CSV"
}

csv_only()
{
	[ "$READS" = csv ] || skip "$TOOL reads JSON"
}

# run_to FILE ARG...: the tool's output in FILE, what it says in err, its status in $status.
run_to()
{
	local file=$1
	shift
	[ "$KIND" != sink ] || TOPIC=$(topic contracts)
	status=0
	t $(strict) "$@" >out 2>err || status=$?
	got out >"$file"
}

# takes N ARG...: the tool, run with ARG, gives what it should for the first N records and is silent.
takes()
{
	want "$1" >want
	gives_file want "${@:2}"
}

# gives_file WANT ARG...: the same, for what is in a file.
gives_file()
{
	run_to got "${@:2}"
	same_file "$1" got
	same_file /dev/null err
	[ "$status" = 0 ] || fail "status $status"
}

# stops N REGEX ARG...: what the first N records lead to comes out, unless only the end of the
# input would bring it; then one message, and status 1.
stops()
{
	: >want
	[ "$KIND" = total ] || want "$1" >want
	run_to got "${@:3}"
	[ "$status" = 1 ] || fail "status $status"
	same_file want got
	assert_match "^$TOOL: $2"$'\n'?'$' "$(cat err)"
	same_text 1 "$(wc -l <err)"
}

# through CMD...: from now on the tool is run by that.
through()
{
	through=("$@")
	eval "$TOOL() { \"\${through[@]}\" \"\$(type -P $TOOL)\" \"\$@\"; }"
}

# Those of bats, which it would inherit, go first.
few_descriptors()
{
	local i close=
	for i in $(seq 3 20); do
		close="$close $i>&-"
	done
	through bash -c "exec $close; ulimit -n 16; exec \"\$0\" \"\$@\""
}
