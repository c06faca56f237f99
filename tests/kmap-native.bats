#!/usr/bin/env bats
# Each construct of the native subset in kmap: what jq prints, and no record given to libjq.

load helper

setup_file()
{
	cat >"$BATS_FILE_TMPDIR/records.ndjson" <<-'END'
	{"n":1,"m":2.5,"s":"view","t":"u-1001","ok":true,"none":null,"x y":"a b","date":"2025-04-21T14:07:59Z","ts":1713712245,"num":"42","a":[1,2,3],"o":{"k":"v","d":{"e":7}}}
	{"n":0,"m":-0.25,"s":"Café \"x\"\n","t":"","ok":false,"none":null,"x y":"","date":"1970-01-01T00:00:00Z","ts":0,"num":"-1.5","a":[],"o":{"k":null,"d":{}}}
	{ "n" : 404 , "m" : 1e2 , "s" : "\u00e9\ud83d\ude00/\/" , "t":"U","ok":true,"date":"2024-02-29T23:59:59Z","ts":1e9,"num":"0.1","a":[[1],{"b":2}],"o":{"k":"w","d":{"e":[1, 2]},"z":true}}
	END
	export records=$BATS_FILE_TMPDIR/records.ndjson
}

# rows [OPTION...] < TABLE: `construct: program` on each line.
rows()
{
	need jq
	local status=0
	while IFS= read -r row; do
		native "${row#*: }" "$@" || { echo "${row%%: *}: ${row#*: }" >&2 && status=1; }
	done
	return $status
}

# native PROGRAM OPTION...: as jq, by itself, with engine auto and with engine native.
native()
{
	local program=$1
	shift
	jq -c "$@" "$program" "$records" >want || return
	for engine in auto native; do
		kmap --engine $engine --stats "$@" -- "$program" "$records" >got 2>stats || return
		same_file want got || return
		same_text '3 3' "$(jq -r '"\(.in) \(.native)"' stats)" || return
	done
}

@test "paths" {
	rows <<-'END'
	identity: .
	field: .n
	missing field: .missing
	path: .o.d.e
	path in quotes: ."x y"
	path in brackets: .["x y"]
	path of all kinds: ."o".d["e"]
	index: .a[0]
	index after the end: .a[9]
	optional: .n?
	optional steps: .o?.d?.e?
	optional of the wrong type: .s.x?
	object: .o
	array: .a
	END
}

@test "pipes, selection, branches" {
	rows <<-'END'
	pipe: .o | .d | .e
	pipe of values: .n | . + 1
	select: select(.ok)
	select and go on: select(.n > 0) | .s
	select nothing: select(.n > 1000)
	if: if .ok then .s else .t end
	elif: if .n > 100 then "many" elif .n > 0 then "some" else "none" end
	parentheses: (.n + 1) * (.m - 1)
	alternative: .none // .s
	alternatives: .missing // .none // "x"
	END
}

@test "literals and comparisons" {
	rows <<-'END'
	number: 1.5
	string: "a\n\u00e9"
	constants: [true, false, null]
	equal: .s == "view"
	not equal: .n != 404
	less: .n < 1
	at most: .m <= 2.5
	greater: .s > "a"
	at least: .ts >= 1713712245
	of objects: .o == {"k":"v"}
	of arrays: .a == [1,2,3]
	and: .ok and .n > 0
	or: .none or .n == 0
	not: .ok | not
	END
}

@test "numbers" {
	rows <<-'END'
	sum: .n + .m
	difference: .n - .m
	product: .n * .m
	quotient: .m / 2
	remainder: .n % 7
	negative: -.m
	null and number: .none + .n
	precedence: .n + .m * 2 - 1
	tonumber: .num | tonumber
	tonumber of a number: .n | tonumber
	length of a string: .s | length
	length of an array: .a | length
	length of an object: .o | length
	length of null: .none | length
	END
}

@test "strings" {
	rows <<-'END'
	concatenation: .t + "/" + .s
	null and string: .none + .s
	tostring of a number: .m | tostring
	tostring of a string: .s | tostring
	tostring of an array: .a | tostring
	startswith: .s | startswith("vi")
	endswith: .s | endswith("w")
	contains: .s | contains("ie")
	ascii_downcase: .t | ascii_downcase
	ascii_upcase: .s | ascii_upcase
	END
}

@test "times" {
	rows <<-'END'
	todate: .ts | todate
	fromdate: .date | fromdate
	strftime: .ts | strftime("%Y-%m-%d %H:%M:%S")
	there and back: .date | fromdate | todate
	END
}

@test "construction" {
	rows <<-'END'
	object: {a: .n, b: .s}
	short: {n, s}
	key in quotes: {"b c": .n}
	short in quotes: {"x y"}
	computed key: {(.num): .n}
	of expressions: {sum: (.n + .m), up: (.s | ascii_upcase)}
	nested: {a: {b: [.n, {c: .o}]}}
	empty: {}
	array: [.n, .s, .o]
	array of expressions: [.n + 1, (.s | length)]
	empty array: []
	the same key twice: {a: .n, a: .s}
	END
}

@test "variables" {
	rows --arg name 'a "b"' --argjson limit 2 --argjson yes true <<-'END'
	string: $name
	number: .n > $limit
	boolean: select($yes)
	as a value: {x: $name, n: (.n * $limit)}
	short: {$name, n}
	as a key: {($name): .n}
	END
}

@test "-r" {
	rows -r <<-'END'
	strings: .s
	others: .o
	END
}
