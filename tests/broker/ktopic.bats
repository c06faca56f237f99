#!/usr/bin/env bats
# ktopic: what it tells of topics is what others tell, and what it changes is changed.

load ../helper
load ../transcript

setup()
{
	common_setup
	need_broker
	t=$(topic t)
}

needs_admin()
{
	need_kafka "the box broker makes, changes and deletes no topics by request"
}

# says STATUS MESSAGE ARG...: prints nothing, and says this one line.
says()
{
	local want=$1 message=$2
	shift 2
	run --separate-stderr ktopic "$@" </dev/null
	assert_status "$want"
	assert_output ''
	assert_stderr "ktopic: $message"
}

# Three records in partition 0, one in partition 1, of 2001, 2002, ...
four_records()
{
	printf '{"value":%d,"timestamp":%d}\n' 1 1000000000000 2 1020000000000 3 1040000000000 |
		kout -J -p 0 "$t"
	kout -p 1 "$t" <<<4
}

# What Kafka's own tool says is set for a topic, sorted.
java_overrides()
{
	java -Xshare:auto -XX:TieredStopAtLevel=1 -Dlog4j.configuration="file:$KPIPE_SRCDIR/tests/kafka/log4j.properties" \
		-cp "$("$KPIPE_SRCDIR/tests/kafka/fetch")" kafka.admin.ConfigCommand \
		--bootstrap-server "$KPIPE_BROKERS" --describe --entity-type topics --entity-name "$1" 2>/dev/null |
		sed -n 's/^  \([a-z.]*=[^ ]*\) .*/\1/p' | sort
}

overrides()
{
	ktopic configs --overrides -J "$1" | kmap -r '.name + "=" + .value' | sort
}

# --- The command line ---

@test "a command that is missing, or none" {
	says 2 "missing command; usage: ktopic COMMAND [OPTIONS] [TOPIC...] (try 'ktopic --help')"
	says 2 "unknown command 'descirbe': did you mean 'describe'? (try 'ktopic --help')" descirbe
	says 2 "unknown command 'x': it is none of list, describe, offsets, configs, create, alter, delete (try 'ktopic --help')" x
	says 2 "unknown option '--yes' (try 'ktopic --help')" list --yes
	says 2 "missing operand; usage: ktopic delete [OPTIONS] TOPIC... (try 'ktopic --help')" delete
}

@test "options before the command, and among its operands" {
	kout "$t" <<<1
	want=$(ktopic list -J "$t")
	[ -n "$want" ]
	same_text "$want" "$(ktopic -J list "$t")"
	same_text "$want" "$(KPIPE_BROKERS='' ktopic -b "$KPIPE_BROKERS" list "$t" --json)"
	same_text "$want" "$(ktopic list -J -- "$t")"
	same_text "$want" "$(ktopic -J -- list "$t")"
}

@test "values that make no sense are found before a broker is asked" {
	export KPIPE_BROKERS=127.0.0.1:1
	says 2 "--partitions: at least 1, at most 2147483647 (try 'ktopic --help')" create -p 0 "$t"
	says 2 "--topic-config: 'x' is not NAME=VALUE (try 'ktopic --help')" create -c x "$t"
	says 2 "nothing to change: give -p, -c or -d (try 'ktopic --help')" alter "$t"
	says 2 "-o: 'stored' is not one offset (beginning, end, N, -N, +N, @TIME) (try 'ktopic --help')" offsets -o stored
	says 2 "-o: '1:2' is not one offset (beginning, end, N, -N, +N, @TIME) (try 'ktopic --help')" offsets -o 1:2
	says 2 "no broker configured: give -b HOST:PORT, or set KPIPE_BROKERS" list -b ''
}

@test "no broker: status 3, in time" {
	start=$SECONDS
	run --separate-stderr ktopic -b 127.0.0.1:1 -X socket.timeout.ms=2000 list
	assert_status 3
	assert_match '^ktopic: no broker reached: ' "$stderr"
	((SECONDS - start < 8))
}

# --- Looking ---

@test "list, describe and offsets agree with kcat" {
	need kcat
	need jq
	four_records
	kcat -b "$KPIPE_BROKERS" -L -J -t "$t" | jq -c '.topics[] | .topic as $t | .partitions | sort_by(.partition)[] |
		{topic: $t, partition, leader, replicas: [.replicas[].id], isr: [.isrs[].id]}' >want
	ktopic describe -J "$t" | jq -c '{topic, partition, leader, replicas, isr}' >got
	same_file want got
	same_text "{\"topic\":\"$t\",\"partitions\":$(wc -l <want),\"replication_factor\":1}" "$(ktopic list -J "$t")"
	same_text '[0,3] [0,1] [0,0] [0,0] ' "$(ktopic describe -J "$t" | jq -cj '[.earliest, .latest], " "')"
	same_text '[0,3] [0,1] [0,0] [0,0] ' "$(ktopic offsets -J "$t" | jq -cj '[.earliest, .latest], " "')"
}

@test "a table has a head, numbers to the right" {
	four_records
	gives ktopic offsets -o -2 "$t" <<-END
	$(printf "%-${#t}s  PARTITION  EARLIEST  LATEST  OFFSET" TOPIC)
	$t          0         0       3       1
	$t          1         0       1       0
	$t          2         0       0       0
	$t          3         0       0       0
	END
}

@test "several topics, expressions, each topic once, by name" {
	for i in c a b; do kout "$t-$i" <<<1; done
	same_text "$t-a $t-b $t-c" "$(ktopic list -J "^$t" "$t-b" "$t-a" | kmap -r .topic | paste -s -d ' ')"
	ktopic list -J | kmap -r .topic | grep -qx "$t-c"
	says 2 "^(: Unmatched ( or \\(" list '^('
}

@test "a topic that is not there is not made; the others are shown, status 1" {
	need_kafka "the box broker makes every topic that it is asked for"
	kout "$t" <<<1
	run --separate-stderr ktopic describe -J "$t-no" "$t" "^$t-none"
	assert_status 1
	same_text 4 "${#lines[@]}"
	assert_stderr "ktopic: $t-no: Broker: Unknown topic or partition
ktopic: ^$t-none: no such topic"
	! ktopic list "$t-no" || false
}

@test "offsets at a time are where kin begins" {
	need_kafka "offsets by time"
	four_records
	at()
	{
		ktopic offsets -J -o "$1" "$t" | kmap .offset | paste -s -d ' '
	}
	same_text '0 0 0 0' "$(at @0)"
	same_text '1 0 0 0' "$(at @1000000000.001)"
	same_text '1 0 0 0' "$(at @2002-04-28)"
	same_text '2 0 0 0' "$(at @1040000000000)"
	same_text '3 0 0 0' "$(at @-1h)"
	same_text '3 1 0 0' "$(at @2100-01-01)"
	same_text "$(kin -e -p 0 -o @2002-04-28 -f '%o\n' "$t" | head -n 1)" "$(at @2002-04-28 | cut -d ' ' -f 1)"
}

@test "the latest offset counts what transactions hide, unless asked" {
	need_kafka "transactions"
	need kcat
	printf 'a\nb\n' | kcat -b "$KPIPE_BROKERS" -P -t "$t" -p 0 -X "transactional.id=$t" 2>/dev/null
	# Two records and the marker that commits them.
	same_text 3 "$(ktopic offsets -J "$t" | kfilter '.partition == 0' | kmap .latest)"
	same_text 3 "$(ktopic offsets -J -X isolation.level=read_committed "$t" | kfilter '.partition == 0' | kmap .latest)"
}

@test "no topics: nothing is printed" {
	need_kafka "the box broker makes every topic that it is asked for"
	run ktopic list '^no-such-topic'
	assert_output 'ktopic: ^no-such-topic: no such topic'
	assert_status 1
}

# --- Changing ---

@test "create: partitions, replicas, configuration" {
	needs_admin
	gives ktopic create -p 3 -r 1 -X retention.ms=1234567 -X client.id=me -X compression.type=lz4 \
		-c cleanup.policy=compact,delete "$t" "$t-2" </dev/null
	same_text '3 3' "$(ktopic list -J "^$t" | kmap .partitions | paste -s -d ' ')"
	printf '%s\n' cleanup.policy=compact,delete compression.type=lz4 retention.ms=1234567 | same_file - <(java_overrides "$t")
	same_file <(java_overrides "$t-2") <(overrides "$t-2")
}

@test "create: the cluster's numbers by default" {
	needs_admin
	ktopic create "$t"
	same_text "{\"topic\":\"$t\",\"partitions\":4,\"replication_factor\":1}" "$(ktopic list -J "$t")"
}

@test "create: one of several fails, the others are made, status 1" {
	needs_admin
	ktopic create -p 1 "$t"
	says 1 "$t: Topic '$t' already exists." create "$t-1" "$t" "$t-2"
	same_text 3 "$(ktopic list -J "^$t" | wc -l)"
	gives ktopic create --if-not-exists "$t" "$t-3" </dev/null
	says 1 "$t-4: Unknown topic config name: nosuch" create -X nosuch=1 "$t-4"
	says 1 "$t-4: Unable to replicate the partition 9 time(s): The target replication factor of 9 cannot be reached because only 1 broker(s) are registered." \
		create -r 9 "$t-4"
	run ktopic create 'no name' "$t-5"
	assert_status 1
	assert_match '^ktopic: no name: '
	same_text 5 "$(ktopic list -J "^$t" | wc -l)"
}

@test "create and alter --dry-run: checked, not done" {
	needs_admin
	gives ktopic create -n -p 2 "$t" </dev/null
	says 1 "$t: Unknown topic config name: nosuch" create -n -c nosuch=1 "$t"
	! ktopic list "$t" 2>/dev/null || false
	ktopic create -p 1 "$t"
	gives ktopic alter -n -p 2 -c retention.ms=5 "$t" </dev/null
	same_text 1 "$(ktopic list -J "$t" | kmap .partitions)"
	same_text '' "$(overrides "$t")"
}

@test "alter: settings come and go, the others stay" {
	needs_admin
	ktopic create -p 1 -c retention.ms=1 -c segment.bytes=20000 -c cleanup.policy=compact "$t" "$t-2"
	gives ktopic alter -c retention.ms=2 -X max.message.bytes=5000 -d cleanup.policy -d flush.ms "$t" "$t-2" </dev/null
	printf '%s\n' max.message.bytes=5000 retention.ms=2 segment.bytes=20000 | same_file - <(java_overrides "$t")
	same_file <(java_overrides "$t") <(overrides "$t")
	same_file <(overrides "$t") <(overrides "$t-2")
	says 1 "$t: unknown topic config 'nosuch'" alter -c retention.ms=9 -d nosuch "$t"
	run ktopic alter -c retention.ms=never "$t"
	assert_status 1
	assert_match "^ktopic: $t: .*retention.ms"
	printf '%s\n' max.message.bytes=5000 retention.ms=2 segment.bytes=20000 | same_file - <(overrides "$t")
}

@test "alter: more partitions" {
	needs_admin
	ktopic create -p 2 "$t" "$t-2"
	ktopic create -p 5 "$t-5"
	says 1 "$t-5: The topic $t-5 currently has 5 partition(s); 3 would not be an increase." alter -p 3 "$t" "$t-5" "$t-2"
	same_text '3 3 5' "$(ktopic list -J "^$t" | kmap .partitions | paste -s -d ' ')"
}

@test "configs: value, source and flags of each" {
	needs_admin
	ktopic create -p 1 -c retention.ms=77 "$t"
	ktopic configs -J "$t" >all
	same_text '["77","DYNAMIC_TOPIC_CONFIG",false,false,false]' \
		"$(kfilter '.name == "retention.ms"' all | kmap '[.value, .source, .default, .read_only, .sensitive]')"
	same_text '["DEFAULT_CONFIG",true]' "$(kfilter '.name == "segment.ms"' all | kmap '[.source, .default]')"
	(($(wc -l <all) > 20))
	sort -c <(kmap -r .name all)
}

@test "delete: a dry run without -y" {
	needs_admin
	ktopic create -p 2 "$t-1" "$t-2"
	run --separate-stderr ktopic delete -J "^$t"
	assert_status 0
	assert_stderr 'ktopic: dry run: 2 topics would be deleted; with -y that is done'
	assert_output "$(ktopic list -J "^$t")"
	run --separate-stderr ktopic delete -q "^$t"
	assert_stderr ''
	same_text 2 "$(ktopic list -J "^$t" | wc -l)"
	says 1 "$t-no: Broker: Unknown topic or partition" delete -y "$t-1" "$t-no" "$t-2"
	says 1 "^$t: no such topic" list "^$t"
}

@test "not authorised: status 3, unless others were done" {
	needs_admin
	ktopic create -p 1 "$t" "$t-denied"
	java -XX:TieredStopAtLevel=1 -Dlog4j.configuration="file:$KPIPE_SRCDIR/tests/kafka/log4j.properties" \
		-cp "$("$KPIPE_SRCDIR/tests/kafka/fetch")" kafka.admin.AclCommand --bootstrap-server "$KPIPE_BROKERS" \
		--add --deny-principal User:ANONYMOUS --operation All --topic "$t-denied" >/dev/null 2>&1
	says 3 "$t-denied: Broker: Topic authorization failed" describe "$t-denied"
	run --separate-stderr ktopic describe -J "$t-denied" "$t"
	assert_status 1
	same_text 1 "${#lines[@]}"
	says 3 "$t-denied: Broker: Topic authorization failed" delete -y "$t-denied"
}

@test "the box broker says at once that it cannot" {
	need_box "what has no controller"
	kout "$t" <<<1
	for command in "create $t-1" "delete -y $t" "alter -p 9 $t" "configs $t"; do
		says 1 'the cluster has no controller, so topics cannot be configured or changed' $command
	done
}

@test "the examples of the page print what they show" {
	needs_admin
	transcript "$KPIPE_SRCDIR/man/ktopic.1" >want
	[ -s want ]
	mkdir empty
	(cd empty && play ../want) >got
	same_file want got
}
