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
	cat >"$BATS_FILE_TMPDIR/api.ndjson" <<-'END'
	{"apiVersion":"v1","kind":"Event","type":"Warning","reason":"BackOff","count":17,"firstTimestamp":"2025-04-21T14:00:00Z","lastTimestamp":"2025-04-21T14:07:59Z","involvedObject":{"kind":"Pod","namespace":"prod","name":"api-5d9f7c-x2x"},"message":"Back-off restarting failed container \"api\" in pod api-5d9f7c-x2x_prod(0d1e)","source":{"component":"kubelet","host":"node-3"},"metadata":{"name":"api.17a","labels":{"app.kubernetes.io/name":"api","tier":"web"},"resourceVersion":"123456"}}
	{"apiVersion":"v1","kind":"Event","type":"Normal","reason":"Pulled","count":1,"firstTimestamp":"2025-04-21T14:01:00Z","lastTimestamp":"2025-04-21T14:01:00Z","involvedObject":{"kind":"Pod","namespace":"dev","name":"web-0"},"message":"Container image \"web:1.2\" already present","source":{"component":"kubelet"},"metadata":{"name":"web.17b","labels":null,"resourceVersion":"9"}}
	{"id":2489651045,"type":"PushEvent","actor":{"id":665991,"login":"petroav","url":"https://api.github.com/users/petroav"},"repo":{"id":28688495,"name":"petroav/6.828"},"payload":{"push_id":536863970,"size":1,"ref":"refs/heads/master","commits":[{"sha":"4d6be80","author":{"email":"p@example.org","name":"Pétro"},"message":"Fix\n\n\tindent \u2192 tabs","distinct":true}]},"public":true,"created_at":"2015-01-01T15:00:01Z"}
	{"id":2489651051,"type":"IssuesEvent","actor":{"id":3854017,"login":"rspt","url":null},"repo":{"id":28671719,"name":"rspt/rspt-theme"},"payload":{"action":"opened","issue":{"number":1347,"title":"Found a <bug> & more","state":"open","labels":[{"name":"bug","color":"f29513"},{"name":"p1","color":"000000"}],"assignee":null,"comments":0,"body":"It\u0027s broken: \ud83d\ude22"}},"public":true,"created_at":"2015-01-01T15:00:02Z"}
	{"sensor":"t-17","ts":1713712245.125,"temp":21.5,"hum":0.4075,"battery":3.7e0,"pos":[6.9603,50.9375],"status":"OK","raw":[0,255,-1,1e-3],"fw":"1.10.3"}
	{"sensor":"t-18","ts":1713712246,"temp":-0.0,"hum":1,"battery":2.9,"pos":[],"status":"low battery","raw":[],"fw":"1.9.0"}
	{"account":"DE02120300000000202051","amount":"1234.50","currency":"EUR","fee":0.1,"lines":[{"net":19.99,"vat":0.19,"qty":3},{"net":0.07,"vat":0.07,"qty":100}],"booked":"2025-04-21","pending":false,"ref":"RE-2025/0042","balance":-10.05}
	{"account":"FR7630006000011234567890189","amount":"0.10","currency":"EUR","fee":0.2,"lines":[],"booked":null,"pending":true,"ref":"","balance":99999999.99}
	{"session":"5f2e","user_id":1234567890123,"events":[{"t":0,"name":"view","path":"/"},{"t":1500,"name":"click","path":"/a?x=1#top"},{"t":4250,"name":"buy","path":"/cart","value":59.9}],"ua":"Mozilla/5.0 (X11; Linux x86_64)","ip":"10.1.2.3","utm":{"source":"mail","medium":null},"geo":{"country":"DE"}}
	{"session":"60aa","user_id":7,"events":[],"ua":"","ip":"::1","utm":{},"geo":null}
	{"level":"error","time":"2025-04-21T14:08:05Z","caller":"db/pool.go:117","msg":"query failed","err":"dial tcp 10.0.0.7:5432: connect: connection refused","attempt":3,"took_ms":1204,"stack":["main.run","db.Query"]}
	{"level":"INFO","time":"2025-04-21T14:08:06Z","caller":"http/server.go:42","msg":"GET /healthz 200","attempt":null,"took_ms":0.25,"http":{"method":"GET","status":200,"bytes":15}}
	END
	export records=$BATS_FILE_TMPDIR/records.ndjson api=$BATS_FILE_TMPDIR/api.ndjson
}

# maps < PROGRAMS: each line a program; kmap prints for it what jq -c prints. jq, for which compiling is
# what takes time, runs them as one, each result behind the number of its program.
maps()
{
	need jq
	grep . >programs
	awk '{ printf "%s((%s) | [%d, .])", (NR > 1 ? ", " : ""), $0, NR }' programs >all
	jq -c "$@" "$(cat all)" "$records" >numbered
	local n=0
	while IFS= read -r program; do
		n=$((n + 1))
		sed -n "s/^\[$n,\(.*\)\]\$/\1/p" numbered >want
		gives kmap "$@" -- "$program" "$records" <want || fail "differs: $program" || return
	done <programs
}

# maps_raw < PROGRAMS: the same of kmap -r and jq -r.
maps_raw()
{
	need jq
	while IFS= read -r program; do
		[ -n "$program" ] || continue
		jq -c -r "$program" "$records" >want || fail "jq: $program" || return
		gives kmap -r "$program" "$records" <want || fail "differs: $program" || return
	done
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
	[paths(scalars) | length]
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
	maps_raw <<-'END'
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

# --- Records of other people's programs ---

@test "kmap: events of Kubernetes" {
	records=$api
	maps <<-'END'
	select(.kind == "Event") | .involvedObject.name
	select(.type == "Warning") | {reason, count, name: .involvedObject.name}
	select(.kind == "Event" and .count > 5) | .message
	select(.kind == "Event") | "\(.involvedObject.namespace)/\(.involvedObject.name)"
	select(.kind == "Event") | .involvedObject.namespace + "/" + .involvedObject.name
	.metadata.labels."app.kubernetes.io/name"?
	.metadata.labels["app.kubernetes.io/name"]?
	.metadata?.labels // {} | keys
	select(.source.host != null) | .source.host
	select(.involvedObject.namespace == "prod") | .reason
	{type, reason, ns: .involvedObject.namespace}
	.message // "" | test("Back-off")
	select(.lastTimestamp) | (.lastTimestamp | fromdate) - (.firstTimestamp | fromdate)
	if .type == "Warning" then "W" elif .type == "Normal" then "N" else "?" end
	.metadata.resourceVersion | tonumber?
	.metadata | objects | .resourceVersion | tonumber
	select((.message // "") | contains("container"))
	select((.reason // "") | startswith("Back")) | .count
	[.kind, .type, .reason] | map(. // "-") | join(" ")
	[.kind, .reason, .count]
	.involvedObject // empty | to_entries | map("\(.key)=\(.value)") | join(",")
	{(.reason // "none"): .count}
	END
}

@test "kmap: events of GitHub" {
	records=$api
	maps <<-'END'
	select(.repo) | .repo.name
	select(.type == "PushEvent") | .payload.commits[].message
	.payload.commits[0].author.name?
	.payload?.commits?[0]?.sha
	select(.type == "PushEvent") | {repo: .repo.name, n: (.payload.commits | length)}
	[.payload.issue.labels[]?.name]
	.payload.issue.labels // [] | map(.name) | sort
	select(.payload.issue.state == "open") | .payload.issue.number
	select(.payload.issue.assignee == null and .payload.action == "opened") | .id
	.payload.issue | {number, title, who: .assignee.login?}?
	.payload.issue.title? // "" | @html
	.payload.issue.body?
	.actor.login? // .account? // "nobody"
	.actor | [.id, .login]
	(.repo.name? // "/") | split("/") | .[0]
	.created_at? // "1970-01-01T00:00:00Z" | fromdate | strftime("%Y-%m")
	.id // 0 | . % 1000
	.id // 0 | tostring | length
	.payload.ref? // "" | ltrimstr("refs/heads/")
	select(.public) | {id, type, at: .created_at}
	{id, login: .actor.login, url: (.actor.url // "none")}
	[.payload.commits[]? | select(.distinct) | .sha]
	.type // "" | ascii_downcase | endswith("event")
	END
}

@test "kmap: sensors" {
	records=$api
	maps <<-'END'
	select(.sensor) | [.sensor, .temp * 9 / 5 + 32]
	select(.temp != null) | .temp
	select(.sensor) | .hum * 100 | floor
	select(.battery < 3) | .sensor
	select(.battery < 3 and .sensor != null) | {sensor, battery}
	.pos? | {lon: .[0], lat: .[1]}
	.pos[0]?
	.ts | numbers | floor | todate
	select(.ts) | .ts | strftime("%H:%M:%S")
	.raw // [] | map(select(. >= 0)) | add
	.raw | length
	.raw | [min, max]?
	[.raw[]? | . / 255]
	.fw // "0" | split(".") | map(tonumber)
	.status // "" | ascii_upcase
	{sensor, ok: (.status == "OK")}
	-(.temp // 0)
	(.temp // 0) - (.hum // 0)
	.temp | if . == null then "none" elif . < 0 then "frost" else "fine" end
	[.temp, .hum, .battery] | map(numbers) | add
	.sensor // "" | .[2:] | tonumber?
	END
}

@test "kmap: money" {
	records=$api
	maps <<-'END'
	select(.account) | .amount | tonumber
	select(.account) | (.amount | tonumber) - .fee
	select(.account) | (.amount | tonumber) * 100
	select(.account) | ((.amount | tonumber) * 100 + 0.5 | floor) / 100
	[.lines[]? | .net * .qty]
	.lines // [] | map(.net * (1 + .vat) * .qty) | add
	.fee
	.fee // 0 | . * 3
	.balance
	select(.balance < 0) | {account, balance}
	select(.pending | not) | .ref
	.ref // "none" | if . == "" then "missing" else . end
	.account // "" | .[0:2]
	.account // "" | length
	"\(.amount) \(.currency)"
	select(.account) | .amount + " " + .currency
	.balance // 0 | tostring
	[.balance, .fee] | map(tojson)
	.booked // "1970-01-01" | . + "T00:00:00Z" | fromdate
	select(.currency == "EUR") | {amount: (.amount | tonumber), currency}
	[.lines[]? | {net, gross: (.net + .net * .vat)}]
	(.balance // 1) / 0.1 | tostring
	END
}

@test "kmap: clicks" {
	records=$api
	maps <<-'END'
	select(.session) | {session, n: (.events | length)}
	.events[]?.name
	.events[-1]?.path
	[.events[]? | select(.name == "buy") | .value] | add
	.events // [] | map(.t) | max
	[.events[]?.t] | . as $t | [range(1; length)] | map($t[.] - $t[. - 1])
	.events // [] | group_by(.name) | map({(.[0].name): length}) | add
	.user_id
	.user_id | tostring
	{user: .user_id, from: .utm.source}
	.utm | to_entries?
	.utm.medium // "direct"
	.geo.country // "??"
	select(.ua // "" | contains("Linux")) | .session
	.ua? | select(. != null and . != "") | split(" ")[0]
	.events[0].path? // "" | split("?")[0]
	first(.events[]? | select(.t > 1000))
	any(.events[]?; .name == "buy")
	[.session, .user_id, (.events | length)]
	.session // empty | ascii_upcase
	END
}

@test "kmap: logs" {
	records=$api
	maps <<-'END'
	select(.level) | .level | ascii_upcase
	select((.level // "" | ascii_downcase) == "error") | .msg
	select(.level == "error") | {time, msg, err}
	select(.http.status >= 200 and .http.status < 300) | .caller
	.http | [.method, .status]
	.http.status // 0 | . / 100 | floor
	.http.status // 0 | . % 100
	.took_ms // 0 | . > 1000
	select(.took_ms > 1000 or .attempt > 2) | .caller
	"\(.level // "-") \(.msg // "-") \(.took_ms // 0)ms"
	.caller // "" | capture("(?<file>[^:]+):(?<line>[0-9]+)")?
	.err // "" | test("connection refused")
	.err // "" | [scan("[0-9]+")] | length
	.stack // [] | join(" < ")
	.stack[0]?
	.time // "1970-01-01T00:00:00Z" | fromdate
	.time // "1970-01-01T00:00:00Z" | fromdate | strftime("%d/%b/%Y:%H:%M:%S")
	.msg // "" | startswith("GET ")
	{level, "took (s)": ((.took_ms // 0) / 1000)}
	with_entries(select(.value != null)) | length
	[.level, .msg, .took_ms] | @csv
	.attempt | type
	END
}

@test "kmap -r: what goes on to other programs" {
	records=$api
	maps_raw <<-'END'
	.message
	.payload.issue.body?
	select(.kind == "Event") | [.involvedObject.name, .count] | @tsv
	"\(.account // .session // .sensor // "-")"
	.amount
	.id
	[.level, .msg]
	.err // "none"
	END
}

@test "kfilter: predicates over the same" {
	records=$api
	selects <<-'END'
	.type == "Warning"
	.kind == "Event" and .count >= 17
	.involvedObject.namespace == "prod" or .repo.name == "petroav/6.828"
	.metadata.labels.tier == "web"
	.payload.action
	.payload.issue.number > 1000
	.public
	.temp < 22 and .temp != null
	.temp == 0
	.balance < 0
	.fee + 0.1 > 0.25
	.pending
	.user_id > 1e12
	.user_id == 1234567890123
	.geo.country == "DE" or .currency == "EUR"
	.level | . == "error" or . == "INFO"
	.http.status == 200
	(.took_ms // 0) / 1000 >= 1
	(.level // "") | ascii_downcase | startswith("err")
	.msg | . != null and contains("200")
	.events | length > 0
	.ts >= 1713712246
	.created_at >= "2015-01-01T15:00:02Z"
	.attempt == null
	has("attempt")
	END
}

# --- Errors ---

# fails_like_jq PROGRAM RECORD: the records before it, and what comes of it before the error, are
# printed as by jq. jq ends with 5, kmap with 1; both say why.
fails_like_jq()
{
	need jq
	{
		printf '%s\n' '{"a":1,"s":"x","b":[1,2],"o":{"k":1}}' '{"a":2.5,"s":"","b":[],"o":{}}'
		printf '%s\n' "$2"
	} >in.ndjson
	run --separate-stderr jq -c "$1" in.ndjson
	assert_status 5 || fail "jq: $1" || return
	local want=$output words=$stderr
	run --separate-stderr kmap "$1" in.ndjson
	assert_status 1 && assert_output "$want" || fail "kmap: $1" || return
	assert_stderr "kmap: in.ndjson:3:${words#*):}" || fail "$1"
}

@test "an error ends kmap where it ends jq, with the same words" {
	fails_like_jq '.a + 1' '{"a":"x"}'
	fails_like_jq '.a, .a + 1' '{"a":{"b":1}}'
	fails_like_jq '{s, n: (.a * 2)}' '{"s":"y","a":[]}'
	fails_like_jq '.a - 1' '{"a":null}'
	fails_like_jq '.a / (.a - .a + 1)' '{"a":true}'
	fails_like_jq '10 / .a' '{"a":0}'
	fails_like_jq '10 % .a' '{"a":0}'
	fails_like_jq '.o.k' '{"o":"text"}'
	fails_like_jq '.o.k' '{"o":[1]}'
	fails_like_jq '.o["k"]' '{"o":7}'
	fails_like_jq '.b[0]' '{"b":{"x":1}}'
	fails_like_jq '.b[0]' '{"b":"text"}'
	fails_like_jq '.s | startswith("a")' '{"s":1}'
	fails_like_jq '.s | endswith("a")' '{"s":null}'
	fails_like_jq '.s | contains("a")' '{"s":["a"]}'
	fails_like_jq '.s | ascii_downcase' '{"s":1}'
	fails_like_jq '.a | tostring | tonumber' '{"a":"12x"}'
	fails_like_jq '.a | tonumber' '{"a":[1]}'
	fails_like_jq '.a | length' '{"a":true}'
	fails_like_jq '[-.a]' '{"a":"x"}'
	fails_like_jq '{(.s): 1}' '{"s":2}'
	fails_like_jq '.a | todate' '{"a":"now"}'
	fails_like_jq '"2025-04-21T14:07:59Z", .s | select(length > 1) | fromdate' '{"s":"yesterday"}'
	fails_like_jq '.a | strftime("%Y")' '{"a":"x"}'
	fails_like_jq 'if .a > 2 then .a + 1 else .a end' '{"a":"x"}'
	fails_like_jq '.b[]' '{"b":null}'
	fails_like_jq '.a as $x | [1, 2] | .[] | . + $x' '{"a":"x"}'
	fails_like_jq 'if .s == "stop" then error("stopped") else .s end' '{"s":"stop"}'
}
