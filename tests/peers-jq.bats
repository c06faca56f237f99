#!/usr/bin/env bats
# kmap and kfilter beside jq: one-liners over records as they come, byte by byte.
#
# What jq prints is taken for right; a difference is a mistake of ours. What kmap(1) says is not there
# or other (input, its line number, errors) is not here.

load helper

setup_file()
{
	cat >"$BATS_FILE_TMPDIR/records.ndjson" <<-'END'
	{"ts":"2025-04-21T14:07:59.250Z","user":"u-1001","event":"click","page":"/product/42?ref=mail&x=1","ms":182,"ok":true,"tags":["new","eu"],"geo":{"country":"DE","city":"Köln","lat":50.9375,"lon":6.9603}}
	{"ts":"2025-04-21T14:08:03Z","user":"u-1002","event":"purchase","page":"/checkout","ms":1204,"ok":true,"tags":[],"amount":59.90,"currency":"EUR","items":[{"sku":"A-1","qty":2,"price":19.95},{"sku":"B-7","qty":1,"price":20}],"geo":{"country":"FR","city":"Saint-Étienne"}}
	{"ts":"2025-04-21T14:08:04Z","user":null,"event":"error","page":"/api/v1/items","ms":30001,"ok":false,"tags":["retry","timeout"],"error":{"code":504,"message":"upstream \"cart\" timed out\nafter 30s","retryable":true}}
	{"ts":"2025-04-21T14:08:05Z","user":"u-1001","event":"click","page":"/","ms":7,"ok":true,"tags":["new"],"geo":null}
	{"ts":"2025-04-22T00:00:00Z","user":"u-1003","event":"view","page":"/product/7","ms":0,"ok":true,"tags":null,"amount":0,"note":"emoji 😀 and tab\tand \u0001 and \u007f"}
	{"ts":"2025-04-22T00:00:01Z","user":"U-1004","event":"purchase","page":"/checkout","ms":88.5,"ok":true,"tags":["vip","eu"],"amount":1299.00,"currency":"USD","items":[{"sku":"C-3","qty":10,"price":129.9}],"geo":{"country":"US","city":"New York","lat":40.7128,"lon":-74.006}}
	{"ts":"2025-04-22T00:00:02Z","user":"","event":"refund","page":"/orders/9","ms":450,"ok":false,"tags":["eu"],"amount":-59.9,"currency":"EUR","items":[],"big":9007199254740993,"tiny":1e-7,"huge":1.5e300}
	{ "event" : "log" , "line" : "10.0.0.1 - - [21/Apr/2025:14:08:05 +0000] \"GET /a HTTP/1.1\" 200 512", "level":"warn","ms":3 ,"ok":true}
	{"event":"metric","name":"cpu.load","value":0.30000000000000004,"labels":{"host":"db-1","zone":"eu-1a","core":"3"},"ms":1,"ok":true,"points":[[1,0.5],[2,0.25],[3,0.125]]}
	{"event":"k8s","kind":"Pod","metadata":{"name":"api-5d9","namespace":"prod","labels":{"app":"api","tier":"web"}},"status":{"phase":"Running","conditions":[{"type":"Ready","status":"True"},{"type":"Initialized","status":"False"}]},"ms":12,"ok":true}
	{"event":"cdc","op":"u","before":{"id":7,"name":"old","price":1.10},"after":{"id":7,"name":"new","price":1.1},"source":{"table":"items","lsn":123456789012},"ms":2,"ok":true}
	{"event":"empty","ms":4,"none":null,"a":{},"b":[],"c":"","d":[[],{}],"x y":{"z":[1,[2,[3]]]},"dup":1,"dup":2}
	END
	export records=$BATS_FILE_TMPDIR/records.ndjson
}

# Builtins that a version of jq has dropped (1.8).
gone=leaf_paths

# maps < PROGRAMS: each line a program; kmap prints for it what jq -c prints. They run as one, for
# compiling is what takes time; when that differs, one by one to find the one that does.
maps()
{
	need jq
	: >programs
	while IFS= read -r program; do
		if [[ $program =~ $gone ]] && ! jq -n "$@" "try ($program)" >/dev/null 2>words; then
			refused "$program" "$@" || return
		elif [ -n "$program" ]; then
			printf '%s\n' "$program" >>programs
		fi
	done
	sed 's/.*/(&)/' programs | paste -s -d , >all
	like_jq "$(cat all)" "$@" && return
	while IFS= read -r program; do
		like_jq "($program)" "$@" || fail "differs: $program" || return
	done <programs
	fail "no one differs, all together do"
}

# refused PROGRAM OPTION...: kmap refuses what jq does, by the same words.
refused()
{
	run --separate-stderr kmap "${@:2}" "try ($1)" /dev/null
	assert_status 2
	assert_match "$gone/0 is not defined" "$(cat words)"
	assert_match "^kmap: .*: $gone/0 is not defined" "$stderr"
}

# like_jq PROGRAM OPTION...
like_jq()
{
	local program=$1
	shift
	jq -c "$@" "$program" "$records" >want && gives kmap "$@" "$program" "$records" <want
}

# selects < PREDICATES: kfilter passes the records that jq selects, and with -v the others.
selects()
{
	need jq
	jq -c . "$records" >compact
	while IFS= read -r predicate; do
		[ -n "$predicate" ] || continue
		jq -r "if $predicate then 1 else 0 end" compact >marks || fail "jq: $predicate" || return
		paste -d ' ' marks compact >marked
		sed -n 's/^1 //p' marked >passing
		sed -n 's/^0 //p' marked >others
		gives kfilter -- "$predicate" compact <passing &&
			gives kfilter -v -- "$predicate" compact <others ||
			fail "differs: $predicate" || return
	done
}

@test "kmap: paths and construction" {
	maps <<-'END'
	.
	.event
	.geo.city
	.geo.country?
	."x y"
	."x y".z[1][1][0]
	.["ms"]
	.tags[0]?
	.tags[-1]?
	.tags[]?
	.items[]?.sku
	.items[1:]?
	.tags[:1]?
	{event, ms}
	{e: .event, "p q": .page, (.event): .ok}
	{user, geo: {city: .geo.city?}}
	[.event, .ms, .ok]
	[.items[]? | {sku, total: (.qty * .price)}]
	.event, .ms
	{event} + {extra: [1, 2.50, null]}
	.dup
	.. | numbers
	[paths | map(tostring) | join("/")]
	[leaf_paths | length]
	getpath(["geo", "city"])
	.metadata.labels | keys?
	to_entries | map(.key)
	with_entries(select(.value | type == "number"))
	del(.geo, .items)
	delpaths([["geo","city"],["ms"]])
	END
}

@test "kmap: selection and branches" {
	maps <<-'END'
	select(.ok)
	select(.event == "purchase") | .amount
	select(.ms > 100) | {event, ms}
	select(.tags | length > 1)?
	select((.tags // []) | index("eu"))
	select(.page? // "" | test("^/product/[0-9]+"))
	select(.user | not)
	if .ms > 1000 then "slow" elif .ms > 100 then "fair" else "fast" end
	.user // "anonymous"
	.amount // empty
	.missing // .event // "none"
	(.geo.city // "?") + "/" + (.geo.country // "?")
	try error("x") catch .
	try (.tags | keys) catch "no keys"
	.error.code? // 0
	[.[] | scalars] | length
	first(.tags[]?, "none")
	[limit(2; .items[]?, 1, 2)]
	isempty(.tags[]?)
	[.tags[]? | select(. != "eu")]
	any(.tags[]?; . == "eu")
	all(.items[]?; .qty > 1)
	label $out | .tags[]? | if . == "eu" then break $out else . end
	END
}

@test "kmap: numbers" {
	maps <<-'END'
	.ms
	.ms + 1
	.ms / 3
	.ms * 0.1
	(.ms // 0) - 0.5
	(.ms // 0) % 7
	-(.ms // 0)
	(.amount // 0) * 100 | floor
	.amount?, .big?, .tiny?, .huge?
	[.big, .big + 1]
	(.huge // 1) * 1e10
	.value
	[.points[]? | .[0] * .[1]] | add
	(.items // []) | map(.qty * .price) | add
	[.ms, .amount, .value] | map(select(. != null)) | [min, max, add, length]
	(.ms // 1) | sqrt
	(.ms // 1) | [floor, ceil, round]
	(.ms // 2) | pow(.; 2), log10
	[.ms, 1] | sort
	.ms | tostring
	.amount | tojson
	[1, 1.0, 1.5, 1e3, 1e17, 1e-5, 100000000000000000000]
	[0.1 + 0.2, 1 / 3, 2 / 3, 1e308 * 10, -1e308 * 10]
	[infinite, -infinite, nan] | map(tostring)
	.labels.core? | tonumber?
	[range(0; 10; 3)]
	6 / -3 * 2
	[.ms // 0 | . as $x | [1, 2, 3] | .[] * $x]
	now | type
	END
}

@test "kmap: strings" {
	maps <<-'END'
	.page | length?
	.page? // "" | split("/")
	.page? // "" | ltrimstr("/") | rtrimstr("checkout")
	.user | ascii_downcase?
	.event | ascii_upcase
	.event | explode | implode
	.note
	.error.message
	"\(.event): \(.ms) ms, \(.tags)"
	.line? // "" | capture("\\[(?<day>[^:]+):(?<time>[^ ]+)")?
	.line? // "" | [match("[0-9]+"; "g").string]
	.page? // "" | sub("[0-9]+"; "N")
	.page? // "" | gsub("(?<c>[aeiou])"; "<\(.c)>")
	[.event | startswith("p"), endswith("k"), contains("li")]
	.tags | join(",")?
	.event | @base64, (@base64 | @base64d)
	[.event, .page // ""] | @csv, @tsv
	.page // "" | @uri, @html, @sh
	{event, ms} | tojson | fromjson
	.note // "" | utf8bytelength
	.event[1:3]
	.event * 2
	[.event, "log"] | .[0] < .[1]
	.event | test("^C"; "i")
	.geo.city? // "" | explode | length
	END
}

@test "kmap: arrays and objects" {
	maps <<-'END'
	keys
	keys_unsorted
	length
	[.[]] | length
	map_values(type)
	map(type)
	.tags | sort?
	.tags | unique?
	.tags | reverse?
	.items | sort_by(.price)?
	.items | group_by(.qty)? | length
	.items | map(.sku)?
	.items | min_by(.price)?, max_by(.qty)?
	.items | INDEX(.sku)?
	.points | transpose?
	.points | flatten?
	.points // [] | map(.[1]) | add
	.tags | to_entries?
	.labels | to_entries? | map("\(.key)=\(.value)") | join(";")
	.status.conditions | from_entries?
	[.status.conditions[]? | {(.type): .status}] | add
	.after? // {} | has("id"), has("x")
	(.before? // {}) * (.after? // {})
	.before == .after
	[.before, .after] | .[0] == .[1]
	.tags | inside(["new", "eu", "vip"])?
	.tags | contains(["eu"])?
	reduce .items[]? as $i (0; . + $i.qty * $i.price)
	[foreach (.tags // [])[] as $t (0; . + 1; [., $t])]
	walk(if type == "string" then ascii_upcase else . end)
	[splits("x")?]
	tostream
	[tostream] | fromstream(.[])
	.a, .b, .c, .d
	.tags |= (. // [] | length)
	.ms += 1
	.geo.city? |= "X"
	.items[]?.qty *= 2
	.x = {y: [1]}
	.ms //= -1
	END
}

@test "kmap: times" {
	maps <<-'END'
	.ts? // "2025-01-01T00:00:00Z" | sub("\\.[0-9]+"; "") | fromdate
	.ts? // "2025-01-01T00:00:00Z" | sub("\\.[0-9]+"; "") | fromdate | todate
	(.ms // 0) * 86400 | floor | todate
	(.ms // 0) * 86400 | floor | strftime("%Y-%m-%d %A %j")
	"2025-04-21 14:07" | strptime("%Y-%m-%d %H:%M") | mktime
	1713712245 | gmtime | mktime
	END
}

@test "kmap: definitions and variables" {
	maps --arg name 'a "b"' --argjson limit '{"ms":[100,1000]}' <<-'END'
	$name
	$limit.ms[1]
	select(.ms > $limit.ms[0]) | {event, $name}
	def slow: .ms > $limit.ms[1]; slow
	def f(g): [g, g]; f(.event)
	. as {event: $e, ms: $m} | "\($e)=\($m)"
	. as [$a] ?// $a | $a | type
	[.items[]? as {sku: $s, qty: $q} | "\($s)x\($q)"]
	.ms as $m | [10, 100] | map(. * ($m // 0))
	$__loc__
	"\($name) \($limit)"
	END
}

@test "kmap -r" {
	maps -r <<-'END'
	.event
	.note
	.error.message
	[.event, .ms] | @tsv
	"\(.event)\t\(.ms)"
	.tags
	.tags[]?
	END
}

@test "kfilter: predicates" {
	selects <<-'END'
	.ok
	.ms > 100
	.ms > 100 and .ok
	.ms >= 88.5 and .ms <= 450
	.event == "click" or .event == "view"
	.event != "click"
	.user == null
	.user == "" or .amount < 0
	.amount > 10 and .currency == "EUR"
	.geo.country == "DE"
	.geo == null
	.geo.lat > 45
	.user // .kind
	.ms * 2 > 100
	(.amount // 0) - 0.9 == 59
	.ms % 2 == 1
	.value == 0.1 + 0.2
	.big == 9007199254740992
	.tags | length > 0
	.tags | index("eu")
	.page | . != null and startswith("/product")
	.items | length > 0
	any(.items[]?; .price > 100)
	.before == .after
	.labels == {"zone":"eu-1a","core":"3","host":"db-1"}
	.event < "d"
	[.event] == ["log"]
	.event | IN("click", "view")
	(.status.conditions // []) | any(.type == "Ready" and .status == "True")
	.ms / -3 * 2 < -100
	-.ms < -1000
	has("amount")
	(.note // "") | contains("😀")
	.dup == 2
	."x y".z
	END
}
