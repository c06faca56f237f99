# Rows of measurements to a table; with -v title=TEXT headed by that, with -v raw=FILE appended to that
# as NDJSON, too; with -v peers=NAMES, blanks between, with how many times their speed ours is; with -v cpu=1 rates and ratios are by user and system time, which tells nothing about threads;
# with -v records=1 also records by user and system time: what one core does.
#
# usage: awk -f table.awk GOALS ROWS      in both, tabs between the fields
#
# A goal: kind (* is any), case, threads; peer and least ratio, or "ms" or "MB" and the most of these.
# A row: kind, case, tool, peer (kpipe for ours), threads, input, bytes, seconds (median, mean, stddev,
# user, system, least, most), peak in KiB, records (not needed otherwise). All rows have the same kind and case.
BEGIN {
	FS = "\t"
	split("kind case tool peer threads input bytes median mean stddev user system min max peak_kib records", names, " ")
	n_peers = split(peers, peer, " ")
}

FILENAME == ARGV[1] { # which may be empty
	goals[++n_goals] = $0
	next
}

{
	rows[++n_rows] = $0
	rate[$4, $5, $6] = $7 / 1e6 / (cpu ? $11 + $12 : $8)
	if (raw)
		print_raw()
}

function print_raw(    i, line)
{
	line = "{"
	for (i = 1; i <= NF; i++)
		line = line (i > 1 ? "," : "") "\"" names[i] "\":" ($i ~ /^[0-9.]+$/ ? $i : "\"" $i "\"")
	print line "}" >>raw
}

# Ours by that of a peer on as many threads, or on one when it has no more; of the same input, or of the
# file when it has no other. 0: not known.
function ratio(name, threads, input,    other)
{
	other = rate_of(name, threads, input)
	if (!other)
		other = rate_of(name, threads, "file")
	return other ? rate["kpipe", threads, input] / other : 0
}

function rate_of(name, threads, input)
{
	return ((name, threads, input) in rate) ? rate[name, threads, input] : rate[name, 1, input]
}

function peak_mb()
{
	return $15 * 1024 / 1e6
}

function short(x)
{
	return sprintf(x < 10 ? "%.2f" : "%.1f", x)
}

function verdict(value, met, unit, bound)
{
	return sprintf("%s%s (goal %s) %s", short(value), unit, bound, met ? "met" : "MISSED")
}

# What is said of the row in $0 about one goal.
function judge(measure, bound,    r)
{
	if (measure == "ms")
		return verdict($8 * 1000, $8 * 1000 <= bound, " ms", bound)
	if (measure == "MB")
		return verdict(peak_mb(), peak_mb() <= bound, " MB", bound)
	r = ratio(measure, $5, $6)
	return r ? verdict(r, r >= bound, " x " measure, bound) : "x " measure " (goal " bound ") not measured"
}

function judgement(    i, goal, text)
{
	if ($4 != "kpipe" || $6 != "file" || cpu && $5 > 1)
		return ""
	for (i = 1; i <= n_goals; i++) {
		split(goals[i], goal, FS)
		if ((goal[1] == "*" || goal[1] == $1) && goal[2] == $2 && goal[3] == $5)
			text = text (text ? ", " : "  ") judge(goal[4], goal[5])
	}
	return text
}

function ratios(    p, r, text)
{
	for (p = 1; p <= n_peers; p++) {
		r = $4 == "kpipe" ? ratio(peer[p], $5, $6) : 0
		text = text sprintf(" %" width(p) "s", r ? short(r) : "")
	}
	return text
}

function per_core()
{
	return records ? sprintf(" %8.1f", $16 / 1000 / ($11 + $12)) : ""
}

# Of the column of ratios to a peer.
function width(p)
{
	return length(peer[p]) > 5 ? length(peer[p]) + 2 : 7
}

function names_of_peers(    p, text)
{
	for (p = 1; p <= n_peers; p++)
		text = text sprintf(" %" width(p) "s", "x " peer[p])
	return text
}

END {
	if (title)
		printf "\n%s\n%-8s %-8s %2s %-4s %6s %8s %8s %5s %8s%s%s  %s\n", title, "case", "tool", "-j", "from", "MB",
			"ms", cpu ? "MB/cpu s" : "MB/s", "cores", "peak MB", records ? "  k/cpu s" : "", names_of_peers(), "goal"
	for (i = 1; i <= n_rows; i++) {
		$0 = rows[i]
		line = sprintf("%-8s %-8s %2d %-4s %6.1f %8.1f %8.1f %5.2f %8.1f", $2, $3, $5, $6, $7 / 1e6,
			$8 * 1000, rate[$4, $5, $6], ($11 + $12) / $9, peak_mb()) per_core() ratios() judgement()
		sub(/ +$/, "", line)
		print line
	}
}
