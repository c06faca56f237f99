# kout: how lines become records, that they arrive, and what it says when they do not.

load ../helper
load background

# fed ARG...: kout with these arguments, in the background, reads what is written to descriptor 9.
fed()
{
	mkfifo in
	start "kout $* <in 2>err"
	exec 9>in
}

# has N: so many records have arrived.
has()
{
	[ "$(kin -e "$t" | wc -l)" -ge "$1" ]
}

# misused WANT ARG...: a usage error.
misused()
{
	local want=$1
	shift
	run --separate-stderr kout "$@" </dev/null
	assert_status 2
	assert_output ''
	assert_match "^kout: $want" "$stderr"
}

# bad WANT ARG...: standard input holds a good record, a bad one, and a good one. What comes before
# the bad one arrives; with --bad skip what comes after it, too.
bad()
{
	local want=$1
	shift
	cat >in
	run --separate-stderr kout "$@" "$t" <in
	assert_status 1
	assert_stderr "kout: stdin:2: $want"
	same_text 1 "$(kin -e "$t" 2>/dev/null | wc -l)"
	run --separate-stderr kout --bad skip "$@" "$t" <in
	assert_status 0
	assert_stderr 'kout: 3 in, 2 used, 1 bad, 0 late'
	same_text 3 "$(kin -e "$t" 2>/dev/null | wc -l)"
	rm -f bad.ndjson
	run --separate-stderr kout --bad bad.ndjson "$@" "$t" <in
	assert_status 0
	same_text "\"$want\"" "$(kmap .error bad.ndjson | sed 's/\\"/"/g')"
	sed -n 2p in | cmp - <(kmap -r .input bad.ndjson)
	same_text '"stdin" 2' "$(kmap .source bad.ndjson) $(kmap .line bad.ndjson)"
}

# --- Lines ---

@test "each line is a value, byte for byte" {
	printf 'one\n\n two \t\n\xff\xfe\n\0\r\n\xef\xbb\xbfx\nlast' >in
	kout -p 0 "$t" <in
	{
		cat in
		echo
	} | gives kin -e "$t"
	kin -e -f '%K %S\n' "$t" >got
	printf -- '-1 %s\n' 3 0 6 2 2 4 4 | cmp - got
}

@test "empty lines are empty values, and no tombstones" {
	printf '\n\n' | kout -p 0 "$t"
	printf '0 -1\n0 -1\n' | gives kin -e -f '%S %K\n' "$t"
	echo : | kout -K : -p 1 "$t"
	printf '0 0\n' | gives kin -e -p 1 -f '%S %K\n' "$t"
}

@test "no input, no record" {
	kout "$t" </dev/null
	kout "$t" /dev/null /dev/null
	gives kin -e "$t" </dev/null
}

@test "-0: records end in NUL" {
	printf 'one\ntwo\0\0last' | kout -0 -p 0 "$t"
	printf 'one\ntwo\0\0last\0' | gives kin -e -0 "$t"
}

@test "files: one after the other, - among them, a last line without its end" {
	printf '1\n2' >a
	printf '4\n' >b
	echo 3 | kout -p 0 "$t" a - b
	seq 4 | gives kin -e "$t"
	kout -p 1 -t "$t" b a
	printf '4\n1\n2\n' | gives kin -e -p 1 "$t"
	run --separate-stderr kout -p 2 "$t" a none b
	assert_status 1
	assert_stderr 'kout: none: No such file or directory'
}

@test "files: a named pipe, and standard input by its name" {
	mkfifo pipe
	start 'printf "1\n2" >pipe'
	kout -p 0 "$t" pipe
	printf '3\n' | kout -p 0 "$t" /dev/stdin
	printf '4\n' >in
	kout -p 0 "$t" /dev/stdin <in
	echo 5 | kout -p 0 "$t"
	seq 5 | gives kin -e "$t"
}

@test "--whole: each input is one record" {
	printf 'a\nb\n' >a
	printf '\0' >b
	: >c
	printf 'x\ny' | kout --whole -p 0 "$t" a - b c
	printf 'a\nb\n;x\ny;\0;;' | gives kin -e -f '%s;' "$t"
	head -c 300000 /dev/zero | tr '\0' '\n' | kout --whole -p 1 "$t"
	same_text 300000 "$(kin -e -p 1 -f %S "$t")"
	misused '--whole and -0' --whole -0 "$t"
}

@test "-K: the key, the delimiter, the value" {
	printf 'k;v\n;v\nk;\n;\na;b;c\n' | kout -K ';' -p 0 "$t"
	printf 'k 1=v\n 0=v\nk 1=\n 0=\na 1=b;c\n' | gives kin -e -f '%k %K=%s\n' "$t"
	printf 'k\t\xff\0v\t\xff\0w\n' | kout -K '\t\xff\0' -p 1 "$t"
	printf 'k=v\t\xff\0w\n' | gives kin -e -p 1 -f '%k=%s\n' "$t"
	printf 'k::::v\n' | kout -K '::' -p 2 "$t"
	printf 'k=::v\n' | gives kin -e -p 2 -f '%k=%s\n' "$t"
	misused '-K: an empty delimiter' -K '' "$t"
	misused '-K: .*unknown escape' -K '\q' "$t"
}

# What kcat's tests send: an empty line between, delimiters of several bytes.
@test "-K and -0 with delimiters of several bytes" {
	printf 'Key1;KeyDel;Value1:My\0;KeyDel;Value2:\0Key3;KeyDel;\0;KeyDel;:Value4\0' |
		kout -0 -K ';KeyDel;' -p 0 "$t"
	printf 'Key1=Value1:My\n=Value2:\nKey3=\n=:Value4\n' | gives kin -e -K = "$t"
}

# The cases of LineMessageReaderTest, which tests how Kafka's console producer reads lines, as far as
# they are not about headers in lines; what it calls ignore.error is --bad skip, its null marker -Z.
@test "-K: as the console producer reads lines" {
	printf 'key0\tvalue0\nkey1\tvalue1' | kout -K '\t' -p 0 "$t"
	printf 'key\t' | kout -K '\t' -p 0 "$t"
	printf 'key\t\tvalue' | kout -K '\t\t' -p 0 "$t"
	printf 'value\n' | kout -p 0 "$t"
	printf 'key0#value0\nkey1#value1' | kout -K '#' -p 0 "$t"
	printf 'key\t\nkey\tvalue\n\tvalue\n\t' | kout -Z -K '\t' -p 0 "$t"
	printf '%s\n' 'key0=value0' 'key1=value1' 'key=' 'key=value' 'NULL=value' 'key0=value0' 'key1=value1' \
		'key=NULL' 'key=value' 'NULL=value' 'NULL=NULL' | gives kin -e -Z -K = "$t"
	printf 'key0\tvalue0\nkey1[MISSING]value1\n' >in
	run -1 --separate-stderr kout -K '\t' -p 1 "$t" <in
	assert_stderr "kout: stdin:2: no key: the line has no '\\t'"
	run -0 --separate-stderr kout -K '\t' --bad skip -p 1 "$t" <in
	printf 'key0=value0\nkey0=value0\n' | gives kin -e -p 1 -K = "$t"
}

@test "-K: a delimiter over the ends of what is read at once" {
	for n in 1022 1023 1024 4095 65535 65536 262143 262144; do
		printf '%0*d;;%d\n' "$n" 0 "$n"
	done >in
	kout -K ';;' -p 0 "$t" <in
	for n in 1022 1023 1024 4095 65535 65536 262143 262144; do
		echo "$n $n"
	done | gives kin -e -f '%K %s\n' "$t"
}

# The input of kcat's own test of delimiters, but for an end at the end.
@test "-D and -K: records that end in several bytes" {
	printf '%s' 'Key1;KeyDel;Value1:MyDilemma:;KeyDel;Value2:MyDilemma:Key3;KeyDel;:MyDilemma:k;KeyDel;Value4' |
		kout -D ':MyDilemma:' -K ';KeyDel;' -Z -p 0 "$t"
	printf 'Key1=Value1\nNULL=Value2\nKey3=NULL\nk=Value4\n' | gives kin -e -Z -K = "$t"
	printf '1;;;2;;3' | kout -D ';' -p 1 "$t"
	printf '1\n\n\n2\n\n3\n' | gives kin -e -p 1 "$t"
	# a NUL among them, a newline in the record; none at the end, or one
	printf 'a\n\0\tb\0\t' | kout -D '\0\t' -p 2 "$t"
	printf 'c\0\td' | kout -D '\0\t' -p 2 "$t"
	printf 'a\n|b|c|d|' | gives kin -e -p 2 -f '%s|' "$t"
	printf 'a=1;b=2;' | kout --tee -D ';' -K = -p 3 "$t" >got
	printf 'a=1;b=2;' | cmp - got
	printf 'a=1;b;c=3' >in
	run -1 --separate-stderr kout -D ';' -K = -p 3 "$t" <in
	assert_stderr "kout: stdin:2: no key: the record has no '='"
	misused '-D: an empty delimiter' -D '' "$t"
	misused '-D: .*unknown escape' -D '\q' "$t"
	misused '-D, -0 and --whole' -D : -0 "$t"
	misused '-D, -0 and --whole' -D : --whole "$t"
}

# Against python's split, which also looks from the left and without overlaps; whatever is read at once.
@test "-D: delimiters that hold their own beginnings, over the ends of what is read" {
	need python3
	for delim in aa aab abab abaab; do
		python3 - "$delim" >in <<-'END'
		import random, sys
		random.seed(sys.argv[1])
		sys.stdout.write("".join(random.choice("aab") for _ in range(4000)))
		END
		python3 -c 'import sys
parts = open("in").read().split(sys.argv[1])
print("".join(p + "\n" for p in parts if p is not parts[-1] or p), end="")' "$delim" >want
		for block in 1 2 7 64 4096; do
			KPIPE_BLOCK=$block kout --tee -D "$delim" -p 0 "$t-$delim-$block" in >/dev/null
			kin -e "$t-$delim-$block" >got
			same_file want got || fail "in blocks of $block, with $delim"
		done
		kout -u -D "$delim" -p 0 "$t-$delim-u" <in
		kin -e "$t-$delim-u" | cmp - want
	done
}

@test "-D: a record over --max-line is bad, and the next one none the worse" {
	{
		printf 'one;;'
		printf '%0300000d;x;;' 0
		printf 'two;;'
	} >in
	run -1 --separate-stderr kout -D ';;' --max-line 1000 -p 0 "$t" <in
	assert_match '^kout: stdin:2: a line of more than 1000 bytes' "$stderr"
	run -0 --separate-stderr kout -D ';;' --max-line 1000 --bad skip -p 1 "$t" <in
	assert_stderr 'kout: 3 in, 2 used, 1 bad, 0 late'
	printf 'one\ntwo\n' | gives kin -e -p 1 "$t"
}

@test "-K: a line without the delimiter is bad" {
	printf 'a:1\nbob\nc:3\n' | bad "no key: the line has no ':'" -K :
}

@test "-k, -H, -Z" {
	printf 'v\n\n' | kout -k key -H a=1 -H a= -H 'b=x=y' -p 0 "$t"
	printf 'key=v a=1,a=,b=x=y\nkey= a=1,a=,b=x=y\n' | gives kin -e -f '%k=%s %h\n' -Z "$t"
	printf ':v\nk:\n:\n' | kout -Z -K : -p 1 "$t"
	printf 'NULL=v\nk=NULL\nNULL=NULL\n' | gives kin -e -p 1 -f '%k=%s\n' -Z "$t"
	printf ':v\nk:\n' | kout -K : -p 2 "$t"
	printf '=v\nk=\n' | gives kin -e -p 2 -f '%k=%s\n' -Z "$t"
	misused "-H: 'a' is not NAME=VALUE" -H a "$t"
	misused "-H: '=a' is not NAME=VALUE" -H =a "$t"
}

@test "-p: a partition that there is" {
	echo v | kout -p 3 "$t"
	same_text '3 v' "$(kin -e -f '%p %s' "$t")"
	run --separate-stderr kout -p 4 "$t" <<<v
	assert_status 1
	assert_stderr 'kout: stdin:1: Local: Unknown partition'
	misused '--partition:' -p -1 "$t"
	misused '-p: no such partition' -p 2147483648 "$t"
}

# The hashes are those of the tests of Kafka's Java client.
@test "keys go to the partitions where Java's producer puts them" {
	while read -r hash key; do
		echo "$key:$(((hash & 0x7fffffff) % 4))"
	done >in <<-'END'
	-973932308 21
	-790332482 foobar
	-985981536 a-little-bit-long-string
	-1486304829 a-little-bit-longer-string
	-58897971 lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8
	479470107 abc
	END
	kout -K : "$t" <in
	kin -e -f '%k:%p\n' "$t" | sort >got
	sort in | cmp - got
}

@test "records without a key go to all partitions" {
	# none, and not an empty one
	for i in $(seq 40); do
		echo "$i" | kout "$t"
	done
	same_text 4 "$(kin -e -f '%p\n' "$t" | sort -u | wc -l)"
}

# --- Records out of JSON ---

@test "--key-by: a string's bytes, a number's plain text, else JSON" {
	printf '%s\n' '{"k":"a b"}' '{"k":""}' '{"k":"\u00e9\u0000"}' '{"k":7}' '{"k":1.50}' \
		'{"k":1e3}' '{"k":true}' '{"k":[1, "x"]}' '{"k":{"b": 1,"a":2}}' >in
	kout --key-by .k -p 0 "$t" <in
	printf '%s\n' 'a b' '' 'é\0' 7 1.5 1000 true '[1,"x"]' '{"b":1,"a":2}' >keys
	sed 's/\\0/\x00/' keys >want
	kin -e -f '%k\n' "$t" >got
	same_file want got
	# the line itself is the value
	gives kin -e "$t" <in
}

@test "--key-by: null is bad, or no key" {
	printf '%s\n' '{"k":1}' '{"k":null}' '{"k":3}' | bad '--key-by gives null (--null-key allows that)' --key-by .k
}

@test "--key-by: a missing one is null, with --null-key no key" {
	printf '%s\n' '{"k":1}' '{}' '{"k":null}' | kout --null-key --key-by .k -p 0 "$t"
	printf '1 1\n-1 NULL\n-1 NULL\n' | gives kin -e -Z -f '%K %k\n' "$t"
	run --separate-stderr kout --key-by .k "$t" <<<'{}'
	assert_status 1
}

@test "--key-by: invalid JSON, two texts, an error, two results" {
	run --separate-stderr kout --key-by .k "$t" <<<nojson
	assert_status 1
	assert_match '^kout: stdin:1: invalid JSON' "$stderr"
	printf '%s\n' '{"k":1}' '{"k":1}{"k":2}' '{"k":3}' | bad 'two JSON texts on a line (one per line: jq -c .)' --key-by .k
	run --separate-stderr kout --key-by '.k,.k' "$t" <<<'{"k":1}'
	assert_status 1
	assert_match '^kout: stdin:1: .*two results' "$stderr"
	run --separate-stderr kout --key-by '.k.a' "$t" <<<'{"k":1}'
	assert_status 1
	assert_match '^kout: stdin:1: .*annot index number' "$stderr"
	run --separate-stderr kout --key-by '.k[' "$t" <<<'{"k":1}'
	assert_status 2
	assert_match '^kout: .k\[: ' "$stderr"
}

@test "--value-by, and null is a tombstone" {
	printf '%s\n' '{"k":"a","v":{"x": 1}}' '{"k":"b","v":"text"}' '{"k":"c","v":2.50}' \
		'{"k":"d","v":null}' '{"k":"e"}' '{"k":"f","v":""}' '' '{"k":"g","v":false}' |
		kout --key-by .k --value-by .v -p 0 "$t"
	printf '%s\n' 'a {"x":1}' 'b text' 'c 2.5' 'd NULL' 'e NULL' 'f ' 'g false' |
		gives kin -e -Z -K ' ' "$t"
	# a key of its own, one for all, none
	echo '{"v":1}' | kout --value-by .v -k k -p 1 "$t"
	echo '{"v":1}' | kout --value-by .v -p 1 "$t"
	printf 'k=1\nNULL=1\n' | gives kin -e -p 1 -Z -K = "$t"
}

@test '"$delete": a row that ceases becomes a tombstone' {
	printf '%s\n' '{"k":"a","$delete":true}' '{"k":"b","$delete":false}' '{"k":"c","$delete":1}' \
		'{"k":"d","$delete":null}' | kout --key-by .k -p 0 "$t"
	printf '%s\n' 'a NULL' 'b {"k":"b","$delete":false}' 'c {"k":"c","$delete":1}' \
		'd {"k":"d","$delete":null}' | gives kin -e -Z -K ' ' "$t"
	echo '{"k":"a","v":1,"$delete":true}' | kout --key-by .k --value-by .v -p 1 "$t"
	echo '["no object"]' | kout --value-by '.[0]' -p 1 "$t"
	printf '%s\n' 'a NULL' 'NULL no object' | gives kin -e -p 1 -Z -K ' ' "$t"
	# nobody asked for JSON
	echo '{"k":"a","$delete":true}' | kout -p 2 "$t"
	gives kin -e -p 2 "$t" <<<'{"k":"a","$delete":true}'
}

@test "--topic-by: each record names its topic" {
	printf '%s\n' "{\"t\":\"$t-a\",\"n\":1}" "{\"t\":\"$t-b\",\"n\":2}" "{\"t\":\"$t-a\",\"n\":3}" >in
	echo "{\"t\":\"$t-b\",\"n\":4}" >more
	kout --topic-by .t --value-by .n -k k in more
	same_text $'1\n3' "$(kin -e "$t-a" | sort)"
	same_text $'2\n4' "$(kin -e "$t-b" | sort)"
	for name in '{}' '{"t":""}' '{"t":7}' '{"t":null}'; do
		run --separate-stderr kout --topic-by .t <<<"$name"
		assert_status 1
		assert_stderr 'kout: stdin:1: --topic-by gives no name'
	done
	run --separate-stderr kout --topic-by .t <<<'{"t":"a\u0000b"}'
	assert_status 1
	assert_match 'cannot be a topic' "$stderr"
	misused '--topic-by does not go with a TOPIC' --topic-by .t -t "$t"
}

@test "a topic with a name that the broker refuses" {
	need_kafka "the box takes any name"
	run --separate-stderr kout 'a b' <<<x
	assert_status 1
	assert_stderr 'kout: a b: Broker: Invalid topic'
	run --separate-stderr kout --topic-by .t <<<'{"t":"a b"}'
	assert_status 1
	assert_match '^kout: stdin:1: not delivered: Broker: Invalid topic' "$stderr"
	assert_match 'kout: 1 of 1 records not delivered: Broker: Invalid topic$' "$stderr"
}

# --- Envelopes ---

@test "-J: kin -J | kout -J copies key, value, headers and timestamp, whatever the bytes" {
	need python3
	python3 - >in <<-'END'
	import base64, json, random
	random.seed(7)
	def blob():
	    kind = random.randrange(6)
	    if kind == 0: return None
	    if kind == 1: return b""
	    if kind == 2: return bytes(random.randrange(256) for _ in range(random.randrange(1, 40)))
	    if kind == 3: return random.choice([b"null", b"{}", b'{"a":[1,2.50,"\\u00e9"]}', b"1e400", b" 1", b"-0",
	                                        b'{"a":1}\n', b'"\\ud800"', b"[" * 300 + b"]" * 300, b"nan", b'{"a":1,"a":2}'])
	    if kind == 4: return "".join(chr(random.choice([0, 9, 10, 34, 92, 127, 233, 0x2028, 0x1f600])) for _ in range(9)).encode()
	    return b"x" * random.randrange(3000)
	def put(field, b, value_field=False):
	    if b is None: return {field: None}
	    return {field + "_base64": base64.b64encode(b).decode()}
	for i in range(1500):
	    r = {"timestamp": random.choice([1, 1700000000000 + i, 2**53 + 1, -1]), **put("key", blob()), **put("value", blob())}
	    n = random.randrange(4)
	    if n:
	        r["headers"] = [{**put("key", (blob() or b"h").replace(b"\0", b"")), **put("value", blob())} for _ in range(n)]
	    if r["timestamp"] == -1: del r["timestamp"]
	    print(json.dumps(r))
	END
	kout -J -p 0 "$t" <in
	kin -e -J "$t" >first
	same_text 1500 "$(wc -l <first)"
	# each record is what was asked for
	python3 - in first >bad <<-'END'
	import base64, json, sys
	def get(r, f):
	    if r.get(f + "_base64") is not None: return base64.b64decode(r[f + "_base64"])
	    if r.get(f + "_text") is not None: return r[f + "_text"].encode()
	    return r.get(f)
	for a, b in zip(open(sys.argv[1]), open(sys.argv[2])):
	    value = b[b.index('"value":') + 8:-2].encode() if '"value":' in b.split('"headers"')[0] + b.rsplit("]", 1)[-1] else None
	    x, y = json.loads(a), json.loads(b)
	    if "timestamp" in x and x["timestamp"] != y["timestamp"]: print("time", b)
	    key = y.get("key")
	    if get(x, "key") != (key.encode() if key is not None else get(y, "key")): print("key", b)
	    want = get(x, "value")
	    if "value" in y and y["value"] is None and want is not None: print("null", b)
	    if ("value_text" in y or "value_base64" in y) and get(y, "value") != want: print("value", b)
	    h = [(get(e, "key"), get(e, "value")) for e in x.get("headers", [])]
	    def text(e, f): return e[f].encode() if e.get(f) is not None else get(e, f)
	    if h != [(text(e, "key"), text(e, "value")) for e in y.get("headers", [])]: print("headers", b)
	END
	same_text "" "$(cat bad)"
	kin -e -J "$t" | kout -J --keep-partition "$t-copy"
	kin -e -J "$t-copy" | sed 's/^{"topic":"[^"]*"/{"topic":"'"$t"'"/' >second
	same_file first second
	for form in text base64; do
		kin -e -J --value $form "$t" | kout -J -p 0 "$t-$form"
		kin -e -J "$t-$form" | sed 's/^{"topic":"[^"]*"/{"topic":"'"$t"'"/' >second
		same_file first second
	done
}

@test "-J: the topic of the envelope, or the one that is given" {
	printf '%s\n' "{\"topic\":\"$t-a\",\"value\":1,\"partition\":3}" "{\"topic\":\"$t-b\",\"value\":2}" >in
	kout -J <in
	same_text 1 "$(kin -e "$t-a")"
	same_text 2 "$(kin -e "$t-b")"
	kout -J -p 2 "$t" <in
	gives kin -e -p 2 "$t" <<-END
	1
	2
	END
	run --separate-stderr kout -J <<<'{"value":1}'
	assert_status 1
	assert_stderr 'kout: stdin:1: the envelope has no topic, and none is given'
}

@test "-J --keep-partition" {
	for p in 3 1 2 0; do
		echo "{\"value\":$p,\"partition\":$p}"
	done | kout -J --keep-partition "$t"
	same_text $'0 0\n1 1\n2 2\n3 3' "$(kin -e -f '%p %s\n' "$t" | sort)"
	run --separate-stderr kout -J --keep-partition "$t" <<<'{"value":1,"partition":9}'
	assert_status 1
	assert_stderr 'kout: stdin:1: Local: Unknown partition'
	misused '--keep-partition is for -J, without -p' --keep-partition "$t"
	misused '--keep-partition is for -J, without -p' -J --keep-partition -p 1 "$t"
}

@test "-J: -H adds to the headers, -Z makes empty ones null" {
	echo '{"key":"","headers":[{"key":"a","value":"1"}],"value_text":""}' | kout -J -H b=2 -p 0 "$t"
	echo '{"key":"","value_text":""}' | kout -J -Z -H b=2 -p 0 "$t"
	printf '= a=1,b=2\nNULL=NULL b=2\n' | gives kin -e -Z -f '%k=%s %h\n' "$t"
}

@test "-J: exactly one value" {
	printf '%s\n' '{"value":1}' '{"key":"k"}' '{"value":3}' |
		bad 'no "value", "value_text", "value_base64" or "payload"' -J
	for two in '"value":1,"value_text":"x"' '"value":null,"payload":null' \
		'"value_text":"x","value_base64":"eA=="'; do
		run --separate-stderr kout -J "$t" <<<"{$two}"
		assert_status 1
		assert_match '^kout: stdin:1: both ' "$stderr"
	done
	for wrong in '[]' '1' 'null' '{"value":1' '{"value_text":1}' '{"value_base64":"?"}' \
		'{"value":1,"timestamp":"x"}' '{"value":1,"timestamp":1.5}' '{"value":1,"key_base64":"a"}' \
		'{"value":1,"key":"a","key_base64":"YQ=="}' '{"value":1,"headers":1}' \
		'{"value":1,"headers":[{"key":"a"}]}' '{"value":1}{"value":2}'; do
		run --separate-stderr kout -J "$t" <<<"$wrong"
		assert_status 1
		assert_match '^kout: stdin:1: ' "$stderr"
	done
	same_text 5 "$(kin -e "$t" | wc -l)"
}

@test "-J: a timestamp that librdkafka cannot send" {
	printf '%s\n' '{"value":1,"timestamp":5}' '{"value":2,"timestamp":0}' '{"value":3,"timestamp":-1}' |
		bad 'timestamp 0 cannot be sent: librdkafka takes it for the present' -J
}

@test "-J: what kcat -J prints" {
	need kcat
	printf '%s\n' '{"key":"k","value_text":"v \"1\"","headers":[{"key":"a","value":"1"},{"key":"b","value":null}],"timestamp":1700000000000}' \
		'{"key":null,"value":null,"timestamp":1700000000001}' \
		'{"key":"","value_text":"{\"n\":1}","timestamp":1700000000002}' | kout -J -p 0 "$t"
	kcat -C -b "$KPIPE_BROKERS" -q -e -t "$t" -p 0 -J >theirs
	kout -J -p 0 "$t-copy" theirs
	kin -e -J "$t" | kmap 'del(.topic)' >want
	kin -e -J "$t-copy" | kmap 'del(.topic)' | cmp want -
}

# As `rpk topic consume` prints records, but on one line each.
@test "-J --value text: what rpk prints" {
	printf '%s\n' '{"topic":"x","key":"k","value":"{\"n\":1}","headers":[{"key":"a","value":"1"}],"timestamp":1700000000000,"partition":2,"offset":7}' \
		'{"topic":"x","value":"line one\nline two","timestamp":1700000000001,"partition":0,"offset":8}' |
		kout -J --value text -p 0 "$t"
	printf 'k=%s a=1 1700000000000;NULL=%s  1700000000001;' '{"n":1}' $'line one\nline two' |
		gives kin -e -Z -f '%k=%s %h %T;' "$t"
	misused '--value is for -J' --value text "$t"
}

@test "options that contradict each other" {
	local with
	for with in -K: -kx --key-by=. --value-by=. --topic-by=.; do
		misused '-J records name their own' -J "$with" "$t"
	done
	for with in -kx --key-by=. --value-by=. --topic-by=.; do
		misused '-K does not go with' -K : "$with" "$t"
	done
	misused '-k and --key-by' -k x --key-by . "$t"
	misused 'which topic'
	misused 'which topic' --key-by .
	misused "the topic's name is empty" ''
}

# --- Sending ---

@test "a record is sent when the input pauses" {
	fed "'$t'"
	echo one >&9
	eventually 5 has 1
	echo two >&9
	eventually 5 has 2
	exec 9>&-
	ends 0
	same_text "" "$(cat err)"
}

@test "100 000 records arrive, each partition in its order" {
	seq 1 100000 | awk '{ print $1 % 97 ":" $1 }' | kout -K : "$t"
	kin -e -K : "$t" | sort -t : -k 1,1n -s | awk -F : '$1 != k { k = $1; n = 0 }
		$2 <= n { print "after " n ": " $0; exit 1 } { n = $2; count++ } END { print count }' >got
	same_text 100000 "$(cat got)"
}

@test "-z: every codec, and it does compress" {
	yes "$(printf '%01000d' 0)" | head -n 7000 >in
	for codec in gzip snappy lz4 zstd; do
		# the box keeps 5 MiB of a partition
		kout -z $codec -p 0 "$t-$codec" in
		kin -e "$t-$codec" | cmp - in
	done
	kout -z none -p 0 "$t-none" in
	if [ "$KPIPE_TEST_BROKER" = box ]; then
		[ "$(kin -e "$t-none" | wc -l)" -lt 6000 ]
	fi
	misused 'Invalid value "tar" for configuration property "compression.codec"' -z tar "$t"
}

@test "--rate: so many a second, evenly" {
	seq 40 | kout --rate 50 -p 0 "$t"
	kin -e -f '%T\n' "$t" >times
	# 39 times 20 ms
	awk 'NR == 1 { first = $1 } { at[NR] = $1 - first }
		END { print at[40]; if (at[40] < 700 || at[40] > 3000) exit 1
			half = 0; while (at[half + 1] < at[40] / 2) half++
			print half; exit !(half >= 12 && half <= 28) }' times
}

@test "--rate: what is due is sent, not kept for a batch" {
	fed --rate 5 "'$t'"
	seq 100 >&9
	eventually 5 has 1
	eventually 5 has 2
	! has 90 || false
}

@test "--tee prints what is sent" {
	printf 'a\n\nb' | kout --tee -p 0 "$t" >got
	printf 'a\n\nb\n' | cmp - got
	gives kin -e "$t" <got
	printf 'k:1\nbad\nk:2\n' | kout --tee -K : --bad skip -p 1 "$t" >got 2>err
	printf 'k:1\nk:2\n' | cmp - got
	printf 'a\0b\nc' | kout --tee -0 -p 2 "$t" >got
	printf 'a\0b\nc\0' | cmp - got
	printf 'a\nb' | kout --tee --whole -p 3 "$t" >got
	printf 'a\nb' | cmp - got
}

@test "--tee: what was printed to a reader that has gone is delivered" {
	seq 100000 >in
	bash -o pipefail -c 'kout --tee "$1" in 2>err | head -n 1 >got' - "$t" && fail "status 0"
	same_text 1 "$(cat got)"
	same_text "" "$(cat err)"
	kin -e "$t" | grep -q -x 1
}

@test "--tee: output that cannot be written is status 1, and what was read is delivered" {
	[ -w /dev/full ] || skip "no /dev/full"
	seq 1000 >in
	run -1 --separate-stderr bash -c 'kout --tee "$1" in >/dev/full' - "$t"
	assert_stderr 'kout: stdout: write error: No space left on device'
	kin -e "$t" | grep -q -x 1
}

@test "standard output is not used" {
	[ -w /dev/full ] || skip "no /dev/full"
	seq 10 | kout "$t" >/dev/full
	seq 10 | kout "$t" >&-
	same_text 20 "$(kin -e "$t" | wc -l)"
}

@test "a record that is too large is bad, the others arrive" {
	{
		echo a
		printf '%01100000d\n' 0
		echo c
	} | bad 'Broker: Message size too large'
}

# A broker refuses a batch as a whole.
@test "records whose batch is refused are sent one by one" {
	need_kafka "the box refuses no batch"
	seq 12000 | awk '{ printf "%099d\n", $1 }' >in
	kout -X message.max.bytes=3000000 -X batch.size=3000000 -X linger.ms=500 -p 0 "$t" in
	kin -e "$t" | sort | cmp - in
	# one that is too large for the broker takes no other one with it; headers and times come along
	{
		echo '{"key":"a","value":1,"headers":[{"key":"h","value":"x"}],"timestamp":1700000000000}'
		printf '{"value":"%01500000d"}\n' 0
		echo '{"key":null,"value":null,"timestamp":1700000000001}'
	} >in
	run -1 --separate-stderr kout -X message.max.bytes=3000000 -X batch.size=3000000 -J -p 1 "$t" <in
	assert_match '^kout: stdin:2: not delivered: Broker: Message size too large' "$stderr"
	assert_match 'kout: 1 of 3 records not delivered: ' "$stderr"
	printf '%s\n' 'a=1 h=x 1700000000000' 'NULL=NULL  1700000000001' |
		gives kin -e -p 1 -Z -f '%k=%s %h %T\n' "$t"
}

@test "--bad: what the brokers refuse is bad for them as for us" {
	need_kafka "the box refuses no record"
	ktopic create -p 1 -c cleanup.policy=compact -c max.message.bytes=2000 \
		-c message.timestamp.before.max.ms=1000000000 "$t"
	# no key for a compacted topic; too large; too old; and one that we find bad ourselves
	{
		printf '{"key":"%s","value":1}\n' a b c
		echo '{"value":1}'
		printf '{"key":"d","value_text":"%03000d"}\n' 0
		echo '{"key":"e","value":1,"timestamp":1500000000000}'
		echo '{"key":"f"}'
		echo '{"key":"g","value":1}'
	} >in
	run --separate-stderr kout -J --bad bad "$t" in
	assert_status 0
	assert_stderr 'kout: 8 in, 4 used, 4 bad, 0 late'
	printf '%s\n' a b c g | same_file - <(kin -e -f '%k\n' "$t" | sort)
	kmap -c '[.line, .error]' bad | sort >got
	same_file - got <<-'END'
	[4,"Broker: Broker failed to validate record"]
	[5,"Broker: Message size too large"]
	[6,"Broker: Invalid timestamp"]
	[7,"no \"value\", \"value_text\", \"value_base64\" or \"payload\""]
	END
	kmap -r .input bad | sort | cmp - <(sed -n 4,7p in | sort)
	run --separate-stderr kout -J --bad skip "$t" in
	assert_status 0
	assert_stderr 'kout: 8 in, 4 used, 4 bad, 0 late'
}

@test "a long record under the limit, and its neighbours" {
	{
		echo a
		printf '%0999000d\n' 0
		echo c
	} | kout -p 0 "$t"
	printf '1\n999000\n1\n' | gives kin -e -f '%S\n' "$t"
	printf '%05000000d\n' 0 | kout -X message.max.bytes=6000000 -z gzip -p 1 "$t"
	same_text 5000000 "$(kin -e -p 1 -f %S "$t")"
}

@test "--max-line, --stats, -u" {
	printf 'a\nlonger\nc\n' >in
	run -1 --separate-stderr kout --max-line 5 -p 0 "$t" <in
	assert_match '^kout: stdin:2: ' "$stderr"
	kout --stats -u -p 1 "$t" <in 2>err
	assert_match '^\{"tool":"kout","in":3,"used":3,' "$(cat err)"
	gives kin -e -p 1 "$t" <in
}

@test "a full queue waits" {
	seq 2000 >in
	kout -X queue.buffering.max.messages=100 -p 0 "$t" in
	gives kin -e "$t" <in
}

# --- Signals, and brokers that go away ---

@test "a signal: a pipe is read to its end, and all is delivered" {
	fed "'$t'"
	seq 1 100 >&9
	eventually 5 has 100
	kill -TERM "$pid"
	seq 101 200 >&9
	exec 9>&-
	ends 0
	same_text 200 "$(kin -e "$t" | sort -nu | wc -l)"
}

@test "a signal: a pipe that does not end is left after --drain" {
	fed --drain 1s "'$t'"
	seq 1 100 >&9
	eventually 5 has 100
	before=$SECONDS
	kill -INT "$pid"
	seq 101 200 >&9
	ends 130
	[ $((SECONDS - before)) -le 5 ]
	same_text 200 "$(kin -e "$t" | sort -nu | wc -l)"
}

@test "a signal: reading a file stops, and what was read is delivered" {
	seq 1 10000 >in
	start "kout --rate 500 -p 0 '$t' in 2>err"
	eventually 5 has 20
	kill -TERM "$pid"
	ends 143
	same_text "" "$(cat err)"
	kin -e "$t" >got
	n=$(wc -l <got)
	[ "$n" -lt 10000 ]
	seq 1 "$n" | cmp - got
}

@test "the broker is gone: the count is said, status 1, within --drain" {
	need_box "it is killed"
	own_box
	fed --stats --drain 1s "'$t'"
	seq 1 100 >&9
	eventually 5 has 100
	kill -KILL "$box"
	seq 101 150 >&9
	before=$SECONDS
	exec 9>&-
	ends 1
	[ $((SECONDS - before)) -le 5 ]
	assert_match 'kout: stdin:[0-9]+: not delivered: ' "$(cat err)"
	# Only what is acknowledged is used.
	same_text '[150,100,50]' "$(tail -n 1 err | kmap '[.in, .used, .bad]')"
	sed -i '$d' err
	assert_match 'kout: 50 of 150 records not delivered: .*Connection refused' "$(tail -n 1 err)"
	# once, not for each record
	[ "$(wc -l <err)" -le 3 ]
}

@test "the broker is gone and the queue is full: a signal ends it within --drain, with the count" {
	need_box "it is killed"
	own_box
	fed --drain 1s -X queue.buffering.max.messages=100 "'$t'"
	echo first >&9
	eventually 5 has 1
	kill -KILL "$box"
	seq 2 5000 >&9
	eventually 10 test -s err
	before=$SECONDS
	kill -TERM "$pid"
	exec 9>&-
	status=0
	wait "$pid" || status=$?
	[ $((SECONDS - before)) -le 5 ]
	[ "$status" = 1 ] || [ "$status" = 143 ]
	assert_match 'kout: [0-9]+ of [0-9]+ records not delivered: ' "$(tail -n 1 err)"
}

@test "the broker is away for a while: all arrives, once" {
	need_box "it is stopped"
	own_box
	fed "'$t'"
	seq 1 100 >&9
	eventually 5 has 100
	kill -STOP "$box"
	seq 101 300 >&9
	kill -CONT "$box"
	exec 9>&-
	ends 0
	kin -e "$t" | sort -n >got
	seq 1 300 | cmp - got
}

# ticks: what the process has had of the CPU, in hundredths of a second.
ticks()
{
	awk '{ sub(/.*\) /, ""); print $12 + $13 }' "/proc/$pid/stat"
}

@test "a broker that does not answer is waited for without work, and input is not taken on meanwhile" {
	need_box "it is stopped"
	[ -r /proc/self/stat ] || skip "no /proc"
	own_box
	mkfifo in
	start "kout -X queue.buffering.max.messages=1000 '$t' <in"
	exec 9>in
	echo first >&9
	eventually 5 has 1
	kill -STOP "$box"
	start 'seq 2 1000000 >in'
	writer=$pid pid=${started[1]}
	sleep 0.5
	before=$(ticks)
	sleep 1
	[ $(($(ticks) - before)) -le 5 ]
	kill -0 "$writer"
	# a sanitizer's own memory says nothing
	[ -n "${KPIPE_SANITIZED:-}" ] || [ "$(awk '/VmRSS/ { print $2 }' "/proc/$pid/status")" -lt 60000 ]
}

@test "no broker: none configured, none reached" {
	run --separate-stderr timeout 10 kout -b 127.0.0.1:1 -X socket.timeout.ms=500 "$t" <<<x
	assert_status 3
	assert_match '^kout: no broker reached: ' "$stderr"
	unset KPIPE_BROKERS KPIPE_CONFIG
	misused 'no broker configured' "$t"
	misused "-X: unknown property 'nosuch'" -X nosuch=1 "$t"
}

@test "cron: no HOME, closed standard input and output" {
	seq 10 >in
	env -i "$(command -v kout)" -b "$KPIPE_BROKERS" -p 0 "$t" in <&- >&-
	gives kin -e "$t" <in
	run -1 --separate-stderr bash -c 'kout "$1" <&-' - "$t"
	assert_match '^kout: stdin: ' "$stderr"
}
