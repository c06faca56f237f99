# Checks the layers of the code by its #include lines: an include points down, never up, and
# sideways only where the table says so. Prints each breach; exit status 1 when there is one.
#
# usage: awk -f layers.awk lib/*.[ch] tools/*.[ch]
#
# A module is foo.c, foo.h and every foo_*.c, foo_*.h; a tool is all of tools/NAME*.c.

function layer(number, names,    i, count, list)
{
	count = split(names, list, " ")
	for (i = 1; i <= count; i++)
		layer_of[list[i]] = number
}

function sideways(from, names,    i, count, list)
{
	count = split(names, list, " ")
	for (i = 1; i <= count; i++)
		may[from, list[i]] = 1
}

BEGIN {
	layer(0, "simd diag mem buf arena num widesum when keytab json jqtext utf8 textwidth word hash nearest livekeys pack")
	layer(1, "rec val agg group changes grid rows window spantree watermark eventtime join held")
	layer(2, "loop lineio envelope control jqprog scan expr csvio state tz progress")
	layer(3, "opt filter program groupby groupout rowout winstore streamtime toolstate upsert csvhead kafka admintool")

	# In layers 0 and 1 sideways is free, as long as there is no circle.
	sideways("lineio", "loop")
	sideways("csvio", "lineio")
	sideways("envelope", "scan")
	sideways("jqprog", "loop")
	sideways("expr", "scan jqprog simd")
	sideways("filter", "opt")
	sideways("program", "opt filter")
	sideways("groupby", "opt")
	sideways("groupout", "opt groupby")
	sideways("rowout", "opt groupby")
	sideways("winstore", "groupby rowout")
	sideways("streamtime", "opt")
	sideways("toolstate", "opt state")
	sideways("upsert", "groupby")
	sideways("csvhead", "opt")
	sideways("kafka", "opt")
	sideways("admintool", "kafka opt")

	# Headers that one module has to itself.
	owner["librdkafka/rdkafka.h"] = owner["librdkafka/rdkafka_mock.h"] = "kafka"
	owner["rdkafka.h"] = owner["rdkafka_mock.h"] = "kafka"
	owner["jq.h"] = owner["jv.h"] = "jqprog"
	owner["csv.h"] = "csvio"
	owner["poll.h"] = "loop"

	# Layers 0 and 1 have no clock, no files, no environment. diag ends the process; simd looks at KPIPE_SIMD.
	impure = "^(unistd|fcntl|poll|signal|time|dirent|pthread|sys/.*)\\.h$"
	may["diag", "unistd.h"] = 1
}

function breach(text)
{
	print FILENAME ":" FNR ": " text
	breaches++
}

# The module of a file of lib: the longest name in the table that is its name or followed by "_".
function module_of(name)
{
	sub(/.*\//, "", name)
	sub(/\.[ch]$/, "", name)
	while (!(name in layer_of) && name ~ /_/)
		sub(/_[^_]*$/, "", name)
	return name
}

FNR == 1 {
	tool = FILENAME ~ /(^|\/)tools\/[^\/]*$/
	self = tool ? "tools" : module_of(FILENAME)
	if (!tool && !(self in layer_of))
		breach("module " self " is in no layer: give it a place in layers.awk")
	self_layer = tool ? 4 : layer_of[self]
}

/^[ \t]*#[ \t]*include[ \t]*</ {
	header = $0
	sub(/^[^<]*</, "", header)
	sub(/>.*/, "", header)
	if (header in owner && owner[header] != self)
		breach("<" header "> belongs to module " owner[header] " alone")
	if (self_layer < 2 && header ~ impure && !((self, header) in may))
		breach("layer " self_layer " is pure, it has no use for <" header ">")
}

/^[ \t]*#[ \t]*include[ \t]*"/ {
	header = $0
	sub(/^[^"]*"/, "", header)
	sub(/".*/, "", header)
	target = module_of(header)
	if (!(target in layer_of)) {
		if (!tool)
			breach("\"" header "\" is in no layer")
		next
	}
	if (target == self)
		next
	edge[self, target] = FILENAME ":" FNR
	if (layer_of[target] > self_layer)
		breach(self " (layer " self_layer ") includes " target " (layer " \
			layer_of[target] "): up")
	else if (layer_of[target] == self_layer && self_layer > 1 && !((self, target) in may))
		breach(self " includes " target ": sideways in layer " self_layer)
}

# What is left when modules that include no other one left are taken away again and again: circles.
END {
	do {
		removed = 0
		for (pair in edge) {
			split(pair, ends, SUBSEP)
			leads_on[ends[1]] = 1
		}
		for (pair in edge) {
			split(pair, ends, SUBSEP)
			if (!(ends[2] in leads_on)) {
				delete edge[pair]
				removed = 1
			}
		}
		split("", leads_on)
	} while (removed)
	for (pair in edge) {
		split(pair, ends, SUBSEP)
		print edge[pair] ": " ends[1] " includes " ends[2] ": in a circle, or leading to one"
		breaches++
	}
	exit breaches > 0
}
