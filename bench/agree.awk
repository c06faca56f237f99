# Do two tables say the same? The first field of a row is its name, the others are numbers, equal when they
# are so to 9 digits; rows come in any order. Prints the first difference; exit status 1 when there is one.
#
# usage: awk -f agree.awk WANT GOT      CSV without header; quotes mean nothing
BEGIN {
	FS = ","
}

function differ(text)
{
	print text
	status = 1
	exit
}

function near(a, b,    size)
{
	size = a < 0 ? -a : a
	return a - b <= size * 1e-9 && b - a <= size * 1e-9
}

{
	gsub(/"/, "")
}

FNR == NR {
	want[$1] = $0
	missing++
	next
}

!($1 in want) {
	differ("no such row: " $0)
}

{
	if (split(want[$1], numbers) != NF)
		differ(NF " cells: " $0)
	for (i = 2; i <= NF; i++) {
		if (!near(numbers[i] + 0, $i + 0))
			differ($0 " for " want[$1])
	}
	delete want[$1]
	missing--
}

END {
	if (!status && missing) {
		print missing " rows are missing"
		status = 1
	}
	exit status
}
