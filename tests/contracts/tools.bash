# What the contracts need to know of each tool: one row a tool, and the words that the tests use.
#
#     load tools           # tests/contracts/*.bats, which run once for each tool, $KPIPE_TOOL
#
# A filter is run by its sample arguments on sample records. The records are the same for all, in the
# form that the tool reads: record I is {"id":I,...}, I from 1.
#
#     feed N [FROM]      N records from record FROM (1), with what stands before them (a CSV header)
#     endless            records without an end
#     t [ARG...]         runs the tool on standard input, or on the files among ARG
#     want N             what the tool gives for records 1 to N
#     got FILE           what it gave, when FILE was its standard output

load ../helper

# One row a tool.
#   kind    map    a filter that answers each record with a line (kfilter csvin ...)
#           total  a filter that answers at the end of its input (kcount csvagg ...)
#           sink   a filter whose records go to a topic, not to standard output
#           source a tool that prints records and reads none
#           server a tool that does neither
#           admin  a tool of commands that looks at a cluster, and reads nothing
#   reads   json, or csv: the form of its input (of a source: of what is in its topic)
declare -A kind reads
tool_row()
{
	kind[$1]=$2
	reads[$1]=$3
}

tool_row kmap    map    json
tool_row kfilter map    json
tool_row kcount  total  json
tool_row kwindow total  json
tool_row kuniq   map    json
tool_row kjoin   map    json
tool_row csvagg  total  csv
tool_row csvin   map    csv
tool_row csvout  map    json
tool_row kout    sink   json
tool_row kin     source json
tool_row ktopic  admin  -
tool_row kgroup  admin  -
tool_row kbroker server -

TOOL=${KPIPE_TOOL:?the tool under test}
KIND=${kind[$TOOL]:?no row for $TOOL in tests/contracts/tools.bash}
READS=${reads[$TOOL]}

t()
{
	case $TOOL in
	kmap) kmap -c '{id,s}' "$@" ;;
	kfilter) kfilter '.id > 0' "$@" ;;
	kcount) kcount -a 'n=count, sum(.id)' "$@" ;;
	kwindow) kwindow --tumble 1h -T .t -a 'n=count, sum(.id)' "$@" ;;
	kuniq) kuniq -g .id "$@" ;;
	kjoin) kjoin -g .id --left-if true --table-key .id --left "$@" ;;
	csvagg) csvagg -a 'n=count, sum(id)' "$@" ;;
	csvin) csvin "$@" ;;
	csvout) csvout "$@" ;;
	kout) kout -p 0 -t "$TOPIC" "$@" ;;
	kin) kin -e "$@" -t "$TOPIC" ;;
	ktopic) ktopic list "$@" ;;
	kgroup) kgroup list "$@" ;;
	kbroker) kbroker "$@" --exec true ;;
	esac
}

# exec_t [ARG...]: t in place of the shell that calls it, which gets its signals then; run by the
# command "${under[@]}", if that is set.
exec_t()
{
	exec_tool
	t "$@"
}

exec_tool()
{
	eval "$TOOL() { exec \"\${under[@]}\" $TOOL \"\$@\"; }"
}

under=()

# Record I, in the tool's form. All lie in one hour of event time.
record()
{
	case $READS in
	json) printf '{"id":%d,"t":"2024-05-01T12:00:00Z","s":"é"}\n' "$1" ;;
	csv) printf '%d,2024-05-01T12:00:00Z,é\n' "$1" ;;
	esac
}

# Records that no tool can use.
bad_record()
{
	case $READS in
	json) printf '{"id":\n' ;;
	csv) printf 'x,y\n' ;;
	esac
}

header()
{
	[ "$READS" != csv ] || echo id,t,s
}

# Lines that stand before the first record.
header_lines()
{
	header | wc -l | tr -d ' '
}

records()
{
	local n=$1 from=${2:-1}
	case $READS in
	json) seq -f '{"id":%.0f,"t":"2024-05-01T12:00:00Z","s":"é"}' "$from" $((from + n - 1)) ;;
	csv) seq -f '%.0f,2024-05-01T12:00:00Z,é' "$from" $((from + n - 1)) ;;
	esac
}

feed()
{
	header
	records "$@"
}

endless()
{
	header
	yes "$(record 1)"
}

want()
{
	local n=$1 sum=$(($1 * ($1 + 1) / 2))
	[ "$n" -gt 0 ] || sum=null
	case $TOOL in
	kmap) seq -f '{"id":%.0f,"s":"é"}' "$n" ;;
	kfilter | kuniq | kout | kin) records "$n" ;;
	kjoin)
		records "$n" | sed 's/.*"id":\([0-9]*\).*/{"key":\1,"left":&,"right":null}/'
		;;
	kcount) echo "{\"n\":$n,\"sum(.id)\":$sum}" ;;
	kwindow)
		[ "$n" = 0 ] || printf '%s' '{"window_start":"2024-05-01T12:00:00.000Z",' \
			'"window_end":"2024-05-01T13:00:00.000Z",' "\"n\":$n,\"sum(.id)\":$sum}" $'\n'
		;;
	csvagg)
		echo 'n,sum(id)'
		[ "$sum" != null ] || sum=
		echo "$n,$sum"
		;;
	csvin) seq -f '{"id":%.0f,"t":"2024-05-01T12:00:00Z","s":"é"}' "$n" ;;
	csvout)
		[ "$n" = 0 ] || echo id,t,s
		seq -f '%.0f,2024-05-01T12:00:00Z,é' "$n"
		;;
	esac
}

got()
{
	case $KIND in
	sink) kin -e -p 0 "$TOPIC" ;;
	*) cat "$1" ;;
	esac
}

# A tool of these kinds is what the test is about; others are skipped, with the reason.
only()
{
	case " $* " in
	*" $KIND "*) ;;
	*) skip "$TOOL is a $KIND: it has no such thing" ;;
	esac
}

# answers: it must have something to print, which kgroup has not where nobody knows groups.
answers()
{
	[ "$TOOL" != kgroup ] || need_kafka "groups to tell of"
}

filters()
{
	only map total sink
}

setup()
{
	common_setup
	case $KIND in
	sink | source)
		need_broker
		TOPIC=$(topic contracts)
		;;
	esac
	[ "$KIND" != admin ] || {
		need_broker
		TOPIC=$(topic contracts)
		kout "$TOPIC" <<<1
	}
	[ "$KIND" != source ] || records 3 | kout -p 0 "$TOPIC"
}
