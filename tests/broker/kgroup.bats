#!/usr/bin/env bats
# kgroup: what it tells of groups is so, and where it resets them to they go on from.

load ../helper
load ../transcript

setup()
{
	common_setup
	need_broker
	t=$(topic t)
	g=$(topic g)
	pid=
}

teardown()
{
	[ -z "$pid" ] || kill -KILL "$pid" 2>/dev/null || :
}

needs_groups()
{
	need_kafka "the box broker tells of no groups"
}

# says STATUS MESSAGE ARG...: prints nothing, and says this.
says()
{
	local want=$1 message=$2
	shift 2
	run --separate-stderr kgroup "$@" </dev/null
	assert_status "$want"
	assert_output ''
	assert_stderr "kgroup: $message"
}

# Records 0 to 9 in partition 0 of the topic, of 2001 on, and 0 to 4 in partition 1.
fifteen_records()
{
	for i in 0 1 2 3 4 5 6 7 8 9; do
		echo "{\"value\":$i,\"timestamp\":$((1000000000000 + i * 1000000000))}"
	done | kout -J -p 0 "$t"
	seq 0 4 | kout -p 1 "$t"
}

# The group has committed 4 in partition 0.
committed_four()
{
	fifteen_records
	kin -G "$g" -p 0 -c 4 "$t" >/dev/null
}

# Offsets committed: "0:4 1:2".
committed()
{
	kgroup describe -J "$g" | kmap -r 'if .committed then "\(.partition):\(.committed)" else empty end' | paste -s -d ' '
}

# joined N: the group is stable with N partitions given to members.
joined()
{
	[ "$(kgroup describe -J "$g" 2>/dev/null | kfilter '.state == "Stable" and .member_id != null' | wc -l)" = "$1" ]
}

reader()
{
	kin -G "$g" "$t" >read 2>/dev/null 3>&- &
	pid=$!
	eventually 20 joined 4
}

has_read()
{
	[ "$(wc -l <read)" -ge "$1" ]
}

@test "the command line" {
	says 2 "missing command; usage: kgroup COMMAND [OPTIONS] [GROUP...] (try 'kgroup --help')"
	says 2 "unknown command 'lsit': did you mean 'list'? (try 'kgroup --help')" lsit
	says 2 "say to where: -o or --shift, one of them (try 'kgroup --help')" reset "$g"
	says 2 "say to where: -o or --shift, one of them (try 'kgroup --help')" reset -o 1 --shift 1 "$g"
	says 2 "--shift: '+-1' is not a number of records, like -10 (try 'kgroup --help')" reset --shift=+-1 "$g"
	says 2 "'^g': a reset is of one group (try 'kgroup --help')" reset -o 1 '^g'
}

@test "the box broker says at once that it cannot" {
	need_box "what has no groups to tell of"
	says 1 'groups: Local: Required feature not supported by broker' list
	for command in "describe $g" "reset -o 1 $g $t" "delete -y $g"; do
		says 1 'groups: Local: Required feature not supported by broker' $command
	done
}

@test "list: state and type" {
	needs_groups
	fifteen_records
	kin -e -G "$g" "$t" >/dev/null
	kgroup reset -y -o end "$g-simple" "$t" >/dev/null
	gives kgroup list -J "^$g" <<-END
	{"group":"$g","state":"Empty","type":"consumer"}
	{"group":"$g-simple","state":"Empty","type":"simple"}
	END
	kgroup list -J | grep -qF "\"$g\""
	says 1 "$g-no: no such group" list "$g-no"
}

@test "describe: committed, latest, lag; a table, JSON" {
	needs_groups
	committed_four
	gives kgroup describe -J "$g" <<-END
	{"group":"$g","state":"Empty","topic":"$t","partition":0,"committed":4,"latest":10,"lag":6,"member_id":null,"client_id":null,"host":null}
	END
	kgroup describe "$g" >table
	grep -qx 'TOTAL-LAG    6' table
	grep -Eqx "$t +0 +4 +10 +6 +- +- +-" table
	run --separate-stderr kgroup describe -J "$g-no" "$g"
	assert_status 1
	same_text 1 "${#lines[@]}"
	assert_stderr "kgroup: $g-no: no such group"
}

@test "describe: members, and such as have no partition" {
	needs_groups
	committed_four
	kin -X client.id=first -G "$g" "$t" >read 2>/dev/null 3>&- &
	pid=$!
	eventually 20 joined 4
	same_text '["first",4]' "$(kgroup describe -J "$g" | kcount -g .client_id | kmap '[.client_id, .count]')"
	same_text 'MEMBERS      1' "$(kgroup describe "$g" | grep MEMBERS)"
	same_text '["0","/127.0.0.1"]' "$(kgroup describe -J "$g" | kfilter '.partition == 0' | kmap '["\(.partition)", .host]')"
}

@test "describe: a topic that is gone has no latest offset" {
	needs_groups
	fifteen_records
	kout -p 0 "$t-2" <<<1
	kgroup reset -y -o end "$g" "$t:0" "$t-2:0" >/dev/null
	ktopic delete -y "$t"
	# Kafka takes its commits away soon after.
	kgroup describe -J "$g" >got
	same_text '[1,1,0]' "$(kfilter ".topic == \"$t-2\"" got | kmap '[.committed, .latest, .lag]')"
	same_text '' "$(kfilter ".topic == \"$t\" and .latest != null" got)"
}

# resets WANT ARG...: after it, these are the offsets committed.
resets()
{
	local want=$1
	shift
	kgroup reset -y -q "$@" >/dev/null
	same_text "$want" "$(committed)"
}

@test "reset: to beginning, end, an offset, a time, by a shift" {
	needs_groups
	committed_four
	resets 0:0 -o beginning "$g"
	resets 0:10 -o end "$g"
	resets 0:3 -o 3 "$g"
	resets 0:8 -o -2 "$g"
	resets 0:2 -o +2 "$g"
	resets 0:5 -o @1005000000000 "$g"
	resets 0:6 -o @1005000000.001 "$g"
	resets 0:10 -o @2100-01-01 "$g"
	resets 0:7 --shift -3 "$g"
	resets 0:9 --shift +2 "$g"
	resets 0:10 --shift 1000 "$g"
	resets '0:10 1:0 2:0 3:0' -o beginning "$g" "$t:1-3"
	resets '0:1 1:0 2:0 3:0' -o 1 "$g" "$t:0"
	resets '0:9 1:4 2:0 3:0' -o -1 "$g" "^$t"
	same_text 9 "$(kin -e -G "$g" -p 0 "$t")"
}

@test "reset: a dry run without -y" {
	needs_groups
	committed_four
	run --separate-stderr kgroup reset -J -o end "$g" "$t:0-1"
	assert_status 0
	assert_stderr 'kgroup: dry run: 2 offsets would be committed; with -y that is done'
	assert_output <<-END
	{"group":"$g","topic":"$t","partition":0,"committed":4,"new_offset":10,"latest":10}
	{"group":"$g","topic":"$t","partition":1,"committed":null,"new_offset":5,"latest":5}
	END
	same_text 0:4 "$(committed)"
	run --separate-stderr kgroup reset -y -J -o end "$g" "$t:0"
	assert_stderr ''
	assert_output "{\"group\":\"$g\",\"topic\":\"$t\",\"partition\":0,\"committed\":4,\"new_offset\":10,\"latest\":10}"
	same_text 0:10 "$(committed)"
}

@test "reset: an offset that is not there is brought to the nearest" {
	needs_groups
	committed_four
	run --separate-stderr kgroup reset -y -o 99 "$g" "$t:0"
	assert_status 0
	assert_stderr "kgroup: $t[0]: there is no offset 99, taking 10"
	same_text 0:10 "$(committed)"
}

@test "reset: what fails is told, the others are done, status 1" {
	needs_groups
	committed_four
	run --separate-stderr kgroup reset -y -o 1 "$g" "$t:0,9" "$t-no"
	assert_status 1
	assert_stderr "kgroup: $t[9]: no such partition
kgroup: $t-no: Broker: Unknown topic or partition"
	same_text 0:1 "$(committed)"
	says 1 "$t[1]: nothing is committed that could be shifted" reset -y --shift 1 "$g" "$t:1"
	says 1 "$g-new: it has committed nothing: name topics" reset -y -o 1 "$g-new"
	says 2 "$t:x: 'x' is not a list of partitions (like 0,2,5-7)" reset -o 1 "$g" "$t:x"
}

@test "reset and delete are refused while there are members" {
	needs_groups
	committed_four
	reader
	says 1 "$g: it has 1 member, which must stop first" reset -y -o beginning "$g"
	says 1 "$g: it has 1 member, which must stop first" reset -o beginning "$g"
	says 1 "$g: it has 1 member, which must stop first" delete -y "$g"
	eventually 20 has_read 11
	kill "$pid"
	wait "$pid" || :
	same_text '0:10 1:5' "$(committed)"
	resets '0:0 1:0' -o beginning "$g"
}

@test "delete: a dry run without -y; one that fails does not stop the others" {
	needs_groups
	committed_four
	kgroup reset -y -o 1 "$g-2" "$t" >/dev/null
	run --separate-stderr kgroup delete -J "^$g"
	assert_status 0
	assert_stderr 'kgroup: dry run: 2 groups would be deleted; with -y that is done'
	same_text 2 "${#lines[@]}"
	says 1 "$g-no: no such group" delete -y "$g-no" "$g" "$g-2"
	says 1 "^$g: no such group" list "^$g"
}

@test "the examples of the page print what they show" {
	needs_groups
	transcript "$KPIPE_SRCDIR/man/kgroup.1" >want
	[ -s want ]
	mkdir empty
	(cd empty && play ../want) >got
	same_file want got
}
