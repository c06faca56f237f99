#!/usr/bin/env bats
# csvout: NDJSON objects to CSV.

load helper

# json LINE...: writes in.ndjson.
json()
{
	printf '%s\n' "$@" >in.ndjson
}

# Status 1 and this message for in.ndjson.
refuses()
{
	local want=$1
	shift
	run --separate-stderr csvout "$@" in.ndjson
	assert_status 1
	assert_stderr "csvout: in.ndjson:$want"
}

misused()
{
	local want=$1
	shift
	run --separate-stderr csvout "$@" </dev/null
	assert_status 2
	assert_output ''
	assert_stderr "csvout: $want (try 'csvout --help')"
}

@test "values of every kind" {
	json '{"s":"x y","n":1.50,"e":-1E+2,"t":true,"f":false,"z":null,"a":[1, "x"],"o":{"k": "v"}}'
	gives csvout in.ndjson <<-'END'
	s,n,e,t,f,z,a,o
	x y,1.50,-1E+2,true,false,,"[1, ""x""]","{""k"": ""v""}"
	END
	json '{"a":[],"b":{},"c":[[1]],"d":12345678901234567890123}'
	gives csvout in.ndjson <<-'END'
	a,b,c,d
	[],{},[[1]],12345678901234567890123
	END
}

@test "strings come without their escapes" {
	json '{"a":"\"\\\/\t\u00e9\u20ac\ud83d\ude00é","b\u0041":"x"}'
	gives csvout in.ndjson <<-END
	a,bA
	"""\\/	é€😀é",x
	END
	printf '{"a":"x\\u0000y"}' | csvout | tr '\0' '!' >out
	printf 'a\nx!y\n' | same_file - out
}

@test "quotes only where they are needed" {
	json '{"a":" x ","b":"","c":"y,","d":"\"","e":"\n","f":"\r","g":";\t'\''"}'
	csvout in.ndjson >out
	printf 'a,b,c,d,e,f,g\n x ,,"y,","""","\n","\r",;\t'\''\n' | same_file - out
	json '{"x,y":1,"\"":2,"":3}'
	gives csvout in.ndjson <<-'END'
	"x,y","""",
	1,2,3
	END
}

@test "a lone empty cell is quoted, for a blank line is no row" {
	json '{"a":""}' '{"a":null}' '{}' '{"a":"x"}'
	gives csvout in.ndjson <<-'END'
	a
	""
	""
	""
	x
	END
	json '{"":1}'
	gives csvout in.ndjson <<-'END'
	""
	1
	END
	csvout in.ndjson | gives_back '{"":1}'
}

# gives_back LINE < CSV
gives_back()
{
	cat >back.csv
	gives csvin back.csv <<<"$1"
}

@test "a name that looks like a byte order mark survives" {
	json "$(printf '{"\xef\xbb\xbfa":"\xef\xbb\xbf"}')"
	csvout in.ndjson >out
	printf '"\xef\xbb\xbfa"\n\xef\xbb\xbf\n' | same_file - out
	csvout --no-header-out in.ndjson >out
	printf '"\xef\xbb\xbf"\n' | same_file - out
}

@test "delimiters and quotes" {
	json '{"a":"x;y,z\t\"'\''","b":1}'
	gives csvout -d ';' in.ndjson <<-END
	a;b
	"x;y,z$(printf '\t')""'";1
	END
	gives csvout --quote "'" in.ndjson <<-END
	a,b
	'x;y,z$(printf '\t')"''',1
	END
	csvout --tsv in.ndjson >out
	printf 'a\tb\n"x;y,z\t""'\''"\t1\n' | same_file - out
	csvout -d '\t' in.ndjson | same_file - out
	misused "--delimiter: 'ab' is not one ASCII character" -d ab
	misused '--tsv and --delimiter exclude each other' --tsv -d ,
}

@test "the first record's fields are the columns, in its order" {
	json '{"b":1,"a":2}' '{"a":3,"b":4}' '{"a":5}' '{"b":6}' '{}'
	gives csvout in.ndjson <<-'END'
	b,a
	1,2
	4,3
	,5
	6,
	,
	END
}

@test "a field that is no column" {
	json '{"a":1}' '{"a":2,"b":3}' '{"a":4}'
	refuses "2: field \"b\" is no column (see --columns and --extra)"
	assert_output $'a\n1'
	refuses "2: field \"b\" is no column (see --columns and --extra)" --extra bad
	gives csvout --extra ignore in.ndjson <<-'END'
	a
	1
	2
	4
	END
	run --separate-stderr csvout --bad skip in.ndjson
	assert_status 0
	assert_output $'a\n1\n4'
	assert_stderr 'csvout: 3 in, 2 used, 1 bad, 0 late'
}

@test "--columns" {
	json '{"a":1,"b":2,"c,d":3}'
	gives csvout --columns 'b,"c,d",x,a' in.ndjson <<-'END'
	b,"c,d",x,a
	2,3,,1
	END
	refuses "1: field \"c,d\" is no column (see --columns and --extra)" --columns a,b
	gives csvout --columns b --extra ignore in.ndjson <<-'END'
	b
	2
	END
	misused "--columns: 'a' is there twice" --columns a,b,a
	misused "--columns: 'a\"': quote inside an unquoted cell" --columns 'a"'
}

@test "the header row" {
	json '{"a":1}'
	gives csvout --no-header-out in.ndjson <<<1
	gives csvout --no-header-out --columns x,a in.ndjson <<<,1
	: >none.ndjson
	gives csvout none.ndjson </dev/null
	gives csvout --columns a,b none.ndjson <<<a,b
	gives csvout --no-header-out --columns a,b none.ndjson </dev/null
	gives csvout --columns a none.ndjson in.ndjson in.ndjson <<-'END'
	a
	1
	1
	END
}

@test "of fields with one name the last counts" {
	json '{"a":1,"b":2,"a":3}' '{"a":4,"\u0061":null,"b":"x"}'
	gives csvout in.ndjson <<-'END'
	a,b
	3,2
	,x
	END
}

@test "blanks around and inside, empty lines, CR LF, no last newline" {
	printf ' { "a" : 1 ,\t"b":[ ] } \r\n\n  \r\n{"a":2,"b":3}' >in.ndjson
	gives csvout in.ndjson <<-'END'
	a,b
	1,[ ]
	2,3
	END
}

@test "what is not an object is a bad record" {
	for line in 1 '"x"' null true '[{"a":1}]'; do
		json '{"a":1}' "$line"
		refuses '2: not an object'
		assert_output $'a\n1'
	done
}

@test "what is not JSON is a bad record" {
	for line in '{' '}' '{"a"' '{"a":' '{"a":1' '{"a":1,' '{"a":1,}' '{,}' '{a:1}' "{'a':1}" '{"a":01}' \
		'{"a":+1}' '{"a":NaN}' '{"a":nul}' '{"a":"x}' '{"a":"\x"}' '{"a":"\ud800"}' '{"a":1}}' \
		'{"a":1}x' '{"a":[1,]}' '{"a" 1}' '{"a":1 "b":2}' x '{"a":1}{' \
		"$(printf '{"a":"\xff"}')" "$(printf '{"a":"\x01"}')"; do
		json '{"a":1}' "$line"
		refuses '2: invalid JSON'
		assert_output $'a\n1'
	done
}

@test "two JSON texts on a line" {
	json '{"a":1} {"a":2}'
	refuses '1: two JSON texts on a line (one per line: jq -c .)'
	json '{"a":1}[]'
	refuses '1: two JSON texts on a line (one per line: jq -c .)'
}

@test "nested 200 deep, and deeper" {
	deep()
	{
		printf '{"a":%s%s}' "$(printf '[%.0s' $(seq "$1"))" "$(printf ']%.0s' $(seq "$1"))"
	}
	json "$(deep 199)"
	run --separate-stderr csvout in.ndjson
	assert_status 0
	same_text 398 "${#lines[1]}"
	json "$(deep 200)"
	refuses '1: invalid JSON'
}

@test "a first record without fields" {
	json '{}' '{"a":1}'
	refuses '1: no fields to make columns of (see --columns)'
	run --separate-stderr csvout --bad skip in.ndjson
	assert_output $'a\n1'
	gives csvout --columns a in.ndjson <<-'END'
	a
	""
	1
	END
}

@test "bad records are kept aside with their line" {
	json x '{"a":1}' '' '{"a":2,"c":3}' '[]' '{"a":4}'
	run --separate-stderr csvout --bad bad.ndjson in.ndjson
	assert_status 0
	assert_output $'a\n1\n4'
	assert_stderr 'csvout: 5 in, 2 used, 3 bad, 0 late'
	same_text '{"error":"invalid JSON","source":"in.ndjson","line":1,"input":"x"}
{"error":"field \"c\" is no column (see --columns and --extra)","source":"in.ndjson","line":4,"input":"{\"a\":2,\"c\":3}"}
{"error":"not an object","source":"in.ndjson","line":5,"input":"[]"}' "$(cat bad.ndjson)"
}

@test "-0: records that end in NUL" {
	printf '{"a":\n1}\0{"a":2}\0' >in.ndjson
	gives csvout -0 in.ndjson <<-'END'
	a
	1
	2
	END
}

@test "a wide table, its fields in another order" {
	need python3
	python3 - >in.ndjson <<-'END'
	import json
	names = [f'column {i}' for i in range(3000)]
	print(json.dumps({name: i for i, name in enumerate(names)}))
	print(json.dumps({name: i for i, name in reversed(list(enumerate(names)))}))
	END
	csvout in.ndjson >out
	{
		seq -f 'column %g' -s , 0 2999
		seq -s , 0 2999
		seq -s , 0 2999
	} | same_file - out
}

@test "rows come out as soon as they are in" {
	mkfifo in out
	csvout <in >out 3>&- &
	exec 5>in 6<out
	printf '{"a":1}\n' >&5
	read -r -t 10 line <&6
	same_text a "$line"
	read -r -t 10 line <&6
	same_text 1 "$line"
	printf '{"a":2}\n' >&5
	read -r -t 10 line <&6
	same_text 2 "$line"
	exec 5>&-
	run cat <&6
	assert_output ''
	wait
}

@test "a full disk is an error" {
	[ -e /dev/full ] || skip "no /dev/full"
	json '{"a":1}'
	run bash -c 'csvout in.ndjson >/dev/full'
	assert_status 1
}

@test "csvin | csvout gives back the table" {
	printf 'id,"a, b",t\n007,"x\ny",\n1.50,"""q""",  z \n,,"\r"\n' >in.csv
	csvin in.csv | csvout >out.csv
	printf 'id,"a, b",t\n007,"x\ny",\n1.50,"""q""",  z \n,,"\r"\n' | same_file - out.csv
	printf 'a\r\n"1"\r\n\r\nx\r\n' | csvin | csvout >out.csv
	printf 'a\n1\n""\nx\n' | same_file - out.csv
}

@test "what csvin | csvout does not give back: how the table was written" {
	# A byte order mark, CR LF, blank lines, quotes without need, an end that is missing; empty in quotes or not.
	printf '\xef\xbb\xbf"a",b\r\n\r\n"x","1"\r\n"",\r\n,""' >in.csv
	printf 'a,b\nx,1\n,\n,\n' >want
	csvin in.csv | csvout | same_file want -
	csvin --types text in.csv | csvout | same_file want -
	# With a text for null, that text: nothing in JSON tells null cells from empty ones then.
	printf 'a,b\nNA,\n,NA\n' >in.csv
	csvin --null-value NA in.csv | csvout >out.csv
	printf 'a,b\n,\n,\n' | same_file - out.csv
}

@test "csvin | csvout gives back 300 random tables byte for byte, once they are written as csvout writes" {
	need python3
	local n types tables
	tables=$(fewer 300)
	cat >tables.py <<-'END'
	import random
	import sys
	random.seed(4181)
	cells = ['', '', '007', '1.50', '-0', '1e5', '12345678901234567890', 'true', 'null', ' x ', 'a,b', 'say "x"', 'l1\nl2', 'l1\r\nl2',
	    '\r', "'", 'é', '日本', '{"k":1}', '[]', '\\', '\t', ';', '\x00', '\x7f', '+1', 'NaN', '0x1f', '1_000', '\u2028', '\ufeff']
	def written(cell, alone):
	    if any(c in cell for c in ',"\r\n') or alone and not cell:
	        return '"' + cell.replace('"', '""') + '"'
	    return cell
	for n in range(int(sys.argv[1])):
	    width = random.choice([1, 2, 3, 8])
	    names = random.sample([c for c in cells[1:] if '\ufeff' not in c], width)
	    rows = [names] + [[random.choice(cells) for _ in range(width)] for _ in range(random.randint(1, 12))]
	    text = ''.join(','.join(written(c, width == 1) for c in row) + '\n' for row in rows)
	    open(f'{n}.csv', 'w', newline='', encoding='utf-8').write(text)
	END
	python3 tables.py "$tables"
	for ((n = 0; n < tables; n++)); do
		types=auto
		[ $((n % 2)) = 0 ] || types=text
		csvin --types $types $n.csv | csvout >back.csv
		same_file $n.csv back.csv
	done
}
