# shellcheck shell=bash
# What programs of bench/ have in common: they measure commands, check that these agree, and print tables.
#
# Set by who sources this: $srcdir; $dir, a directory for files; $peak, bench/peak; $runs; $raw, a file or
# nothing; $cpu, 1 to rate by processor time or nothing; $records, 1 when rows say how many
# records were read; $compared, the peers to show ratios to. Set here: status, 1 after a complaint.
# shellcheck disable=SC2034,SC2154

die()
{
	echo "${0##*/}: $*" >&2
	exit 2
}

complain()
{
	echo "${0##*/}: $*" >&2
	status=1
}

need()
{
	command -v "$1" >/dev/null || die "$1: not found"
}

# selected LIST WORD: the LIST, words with commas between, is empty or has the WORD.
selected()
{
	[[ -z $1 || ,$1, == *,$2,* ]]
}

print_machine()
{
	printf 'machine: %s, %d cores, load %s\n' \
		"$(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1)" "$(nproc)" \
		"$(cut -d ' ' -f 1 /proc/loadavg)"
}

# find_peers NAME...: sets peers[NAME] to the program, which the variable NAME names when it is set.
declare -A peers
find_peers()
{
	local name variable path
	for name; do
		variable=${name^^}
		if path=$(command -v "${!variable:-$name}"); then
			peers[$name]=$path
			echo "$name: $({ "$path" --version || "$path" -W version; } 2>/dev/null | head -n 1)"
		else
			echo "$name: not found"
		fi
	done
}

# scratch MB: prints a new directory with that much room, in memory when there is enough.
scratch()
{
	local parent room
	for parent in /dev/shm "${TMPDIR:-/tmp}"; do
		room=$(df -Pk "$parent" 2>/dev/null | awk 'NR == 2 { print int($4 / 1000) }')
		if [ "${room:-0}" -gt "$1" ]; then
			mktemp -d "$parent/kpipe-bench.XXXXXX"
			return
		fi
	done
	die "no room for $1 MB in /dev/shm or ${TMPDIR:-/tmp}"
}

# feed INPUT FILE COMMAND...: COMMAND reads the FILE, which it is given by name or through a pipe.
feed()
{
	if [ "$1" = pipe ]; then
		# shellcheck disable=SC2002 # a pipe is what is measured
		cat "$2" | "${@:3}"
	else
		"${@:3}" "$2" </dev/null
	fi
}

# fraction_for LIMIT INPUT SAMPLE COMMAND...: by what to divide the whole, of which SAMPLE is 1/64, for
# COMMAND to be done in LIMIT ms: a power of two. Its output is in $dir/out.
fraction_for()
{
	local start=${EPOCHREALTIME/[.,]/} took fraction=64
	feed "${@:2}" >"$dir/out" || return
	took=$((${EPOCHREALTIME/[.,]/} - start))
	while [ "$fraction" -gt 1 ] && [ $((took * 2)) -le $(($1 * 1000)) ]; do
		fraction=$((fraction / 2)) took=$((took * 2))
	done
	echo "$fraction"
}

# measure INPUT FILE COMMAND...: median, mean, stddev, user, system, least and most seconds, and the
# peak in KiB, with tabs between. The run that the peak is taken of warms up the others.
measure()
{
	local input=$1 file=$2 line
	shift 2
	feed "$input" "$file" "$peak" "$dir/peak" "$@" >/dev/null || return
	if [ "$input" = pipe ]; then
		# shellcheck disable=SC2016
		line=$(printf '%q ' sh -c 'file=$1; shift; cat "$file" | "$@"' sh "$file" "$@")
	else
		line=$(printf '%q ' "$@" "$file")
	fi
	hyperfine -N --style none --runs "$runs" --export-csv "$dir/times" "$line" \
		>"$dir/log" 2>&1 || {
		cat "$dir/log" >&2
		return 1
	}
	# The command, which comes first, may hold commas.
	awk -F , -v OFS='\t' -v peak="$(cat "$dir/peak")" 'END {
		print $(NF - 4), $(NF - 6), $(NF - 5), $(NF - 3), $(NF - 2), $(NF - 1), $NF, peak
	}' "$dir/times"
}

# print_rows TITLE: the figures of $dir/rows, beside the goals of $dir/goals, and to $raw as NDJSON. A
# TITLE that is not empty comes first, with the names of the columns.
print_rows()
{
	awk -f "$srcdir/bench/table.awk" -v title="$1" -v raw="$raw" -v cpu="$cpu" -v records="${records:-}" -v peers="$compared" \
		"$dir/goals" "$dir/rows"
}
