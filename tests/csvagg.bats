#!/usr/bin/env bats
# csvagg: aggregates per group over CSV files.

load helper

# csv TEXT: writes in.csv, the escapes of printf understood.
csv()
{
	printf "$1" >in.csv
}

# Status 1 and this message for in.csv, whatever else is in the arguments; no output.
refuses()
{
	local want=$1
	shift
	run --separate-stderr csvagg "$@" in.csv
	assert_status 1
	assert_output ''
	assert_stderr "csvagg: in.csv:$want"
}

# Usage errors: status 2, nothing printed.
misused()
{
	local want=$1
	shift
	run --separate-stderr csvagg "$@" </dev/null
	assert_status 2
	assert_output ''
	assert_stderr "csvagg: $want (try 'csvagg --help')"
}

# Programs that do not suit the header of in.csv: status 2, nothing printed.
unsuited()
{
	local want=$1
	shift
	run --separate-stderr csvagg "$@" in.csv
	assert_status 2
	assert_output ''
	assert_stderr "csvagg: in.csv: $want"
}

@test "revenue by category" {
	cat >sales.csv <<-'END'
	date,category,price,quantity
	2025-04-21,books,12.99,3
	2025-04-21,toys,0.10,3
	2025-04-22,books,7.01,1
	2025-04-22,toys,,2
	2025-04-23,"home, garden",1e2,0.5
	END
	gives csvagg -g category -a 'total_revenue=sum(price*quantity), avg_price=avg(price)' \
		-a 'total_quantity=sum(quantity), transaction_count=count' sales.csv <<-'END'
	category,total_revenue,avg_price,total_quantity,transaction_count
	books,45.98,10,4,2
	toys,0.3,0.1,5,2
	"home, garden",50,100,0.5,1
	END
}

# --- Groups ---

@test "a group's key is its cell's text, first seen first" {
	csv 'k,v\n007,1\n7,2\n7.0,3\n"7",4\n 7,5\n,6\n"",7\nnull,8\n1e2,9\n100,10\n'
	gives csvagg -g k -a 'n=count,s=sum(v)' in.csv <<-'END'
	k,n,s
	007,1,1
	7,2,6
	7.0,1,3
	 7,1,5
	,2,13
	null,1,8
	1e2,1,9
	100,1,10
	END
	gives csvagg -g k -a 'n=count' --json in.csv <<-'END'
	{"k":"007","n":1}
	{"k":7,"n":2}
	{"k":7.0,"n":1}
	{"k":" 7","n":1}
	{"k":null,"n":2}
	{"k":"null","n":1}
	{"k":1e2,"n":1}
	{"k":100,"n":1}
	END
}

@test "groups by several columns, and by expressions" {
	csv 'day,kind,v\nmon,a,1\ntue,a,2\nmon,b,3\nmon,a,4\n'
	gives csvagg -g day -g kind -a 's=sum(v)' in.csv <<-'END'
	day,kind,s
	mon,a,5
	tue,a,2
	mon,b,3
	END
	gives csvagg -g 'odd=v % 2' -g '.day' -g 'day | ascii_upcase' in.csv <<-'END'
	odd,day,key,count
	1,mon,MON,2
	0,tue,TUE,1
	0,mon,MON,1
	END
	gives csvagg -g 'big=v > 2' --json in.csv <<-'END'
	{"big":false,"count":2}
	{"big":true,"count":2}
	END
	# Numbers that are computed are equal as numbers.
	csv 'k\n1\n1.0\n01\n'
	gives csvagg -g 'n=k|tonumber' in.csv <<-'END'
	n,count
	1,3
	END
}

@test "no group: one row, also of no rows at all" {
	csv 'v\n1\n2.50\n'
	gives csvagg -a 'count,sum(v)' in.csv <<<'count,sum(v)
2,3.5'
	csv 'v\n'
	gives csvagg -a 'count,count(v),sum(v),avg(v),min(v)' in.csv <<<'count,count(v),sum(v),avg(v),min(v)
0,0,,,'
	gives csvagg -g v -a 'sum(v)' in.csv <<<'v,sum(v)'
	gives csvagg -g v --json in.csv </dev/null
}

@test "columns by any name" {
	csv 'unit price,"x""y",type,min,"a,b"\n1.5,q,t,3,z\n2.5,q,t,4,z\n'
	gives csvagg -g 'x"y' -g type -g a,b -a 's=sum(unit price), sum(min), m=max(.min)' \
		-a 'p=sum(.["unit price"] * min)' in.csv <<-'END'
	"x""y",type,"a,b",s,sum(min),m,p
	q,t,z,4,7,4,14.5
	END
	unsuited "nope: no column 'nope'" -g nope
	unsuited ".nope: no column 'nope'" -g .nope
	unsuited "nope: no column 'nope'" -a 'sum(nope)'
	unsuited ".nope > 1: no column 'nope'" -w '.nope > 1'
	unsuited "min * nope: no column 'nope', and no function of jq" -a 'sum(min * nope)'
	unsuited "nope > 1: no column 'nope', and no function of jq" -w 'nope > 1'
	unsuited "two results are named 'type' (name one: NAME=...)" -g type -g .type
	unsuited "two results are named 'n' (name one: NAME=...)" -g n=type -a n=count
}

@test "a column's own name names the result, whatever blanks stand around it on the command line" {
	csv 'a,b\n1,2\n'
	gives csvagg -g ' a ' in.csv <<<$'a,count\n1,1'
	csv ' a ,b\n1,2\n'
	gives csvagg -g ' a ' in.csv <<<$' a ,count\n1,1'
	# The column without a name, as that of an index.
	csv ',b\n1,2\n3,2\n'
	gives csvagg -g '' -g b -a 'sum(b)' --json in.csv <<<$'{"":1,"b":2,"sum(b)":2}\n{"":3,"b":2,"sum(b)":2}'
	gives csvagg -g i= --csv in.csv <<<$'i,count\n1,1\n3,1'
	csv 'a,b\n1,2\n'
	run --separate-stderr csvagg -g '' in.csv
	assert_status 2
	assert_stderr "csvagg: in.csv: -g '': no expression"
}

@test "-w keeps the rows for which it holds" {
	csv 'k,v\na,1\nb,2\na,3\nb,\n'
	gives csvagg -g k -a 'sum(v)' -w 'v > 1' in.csv <<-'END'
	k,sum(v)
	b,2
	a,3
	END
	gives csvagg -g k -w 'k == "a" and .v != 3' in.csv <<<'k,count
a,1'
	gives csvagg -w 'v == null' in.csv <<<'count
1'
	gives csvagg -g k -w 'k | test("^[c-z]")' in.csv <<<'k,count'
	gives csvagg -w false in.csv <<<'count
0'
}

@test "-w and where hold when any result does; a key has one" {
	csv 'k,v\na,1\nb,2\na,3\nb,\n'
	gives csvagg -w '(empty)' in.csv <<<'count
0'
	gives csvagg -w 'false, v > 1, null' -a 'count, n=count where (v == 1, v == 3)' in.csv <<<'count,n
2,1'
	refuses '2: .k, true: two results where one is due' -g '.k, true'
}

# --- Aggregates ---

@test "empty cells are null" {
	csv 'k,v\na,1\na,\nb,""\na,2\nc,0\n'
	gives csvagg -g k -a 'n=count,v=count(v),s=sum(v),a=avg(v),l=min(v),h=max(v),f=first(v),d=distinct(v)' in.csv <<-'END'
	k,n,v,s,a,l,h,f,d
	a,3,2,3,1.5,1,2,1,2
	b,1,0,,,,,,0
	c,1,1,0,0,0,0,0,1
	END
	# As in SQL, and in contrast to jq, null makes the whole expression null.
	gives csvagg -a 'sum(v + 1), count(v * 2)' in.csv <<<'sum(v + 1),count(v * 2)
6,3'
}

@test "sums are exact" {
	csv 'v\n0.1\n0.2\n'
	gives csvagg -a 'sum(v),p=sum(v*v),m=sum(v-0.3)' in.csv <<<'sum(v),p,m
0.3,0.05,-0.3'
	csv 'v\n1e17\n0.01\n-1e17\n'
	gives csvagg -a 'sum(v)' in.csv <<<'sum(v)
0.01'
	csv 'v\n9007199254740993\n9007199254740993\n'
	gives csvagg -a 'sum(v),max(v),first(v)' in.csv <<<'sum(v),max(v),first(v)
18014398509481986,9007199254740993,9007199254740993'
	csv 'v\n99999999999999999999999999999999999999\n1\n'
	gives csvagg -a 'sum(v)' in.csv <<<'sum(v)
100000000000000000000000000000000000000'
	# Past 128 bits: doubles.
	csv 'v\n170141183460469231731687303715884105727\n1\n'
	gives csvagg -a 'sum(v)' in.csv <<<'sum(v)
1.7014118346046923e+38'
	awk 'BEGIN { print "v"; for (i = 0; i < 10000; i++) print "0.1" }' >in.csv
	gives csvagg -a 'sum(v),avg(v)' in.csv <<<'sum(v),avg(v)
1000,0.1'
}

@test "averages are rounded once" {
	csv 'k,v\na,1\na,2\na,2\nb,0.1\nb,0.2\nc,-1\nc,1\nd,9007199254740993\nd,9007199254740993\nd,9007199254740995\n'
	gives csvagg -g k -a 'avg(v)' in.csv <<-'END'
	k,avg(v)
	a,1.6666666666666667
	b,0.15
	c,0
	d,9007199254740994
	END
}

@test "min and max: numbers as numbers, texts as texts, numbers before texts" {
	csv 'k,v\na,9\na,10\na,-1.50\nb,x\nb,9\nb,10\nb,Y\nc,2024-03-01\nc,2024-02-29\n'
	gives csvagg -g k -a 'min(v),max(v)' in.csv <<-'END'
	k,min(v),max(v)
	a,-1.5,10
	b,9,x
	c,2024-02-29,2024-03-01
	END
}

@test "the other aggregates" {
	csv 'k,v\na,2\na,4\na,4\na,4\na,5\na,5\na,7\na,9\nb,1\n'
	gives csvagg -g k -a 'var(v),stddev_pop(v),median(v),p90(v),mode(v),distinct(v),last(v),any(v>8),all(v>1)' in.csv <<-'END'
	k,var(v),stddev_pop(v),median(v),p90(v),mode(v),distinct(v),last(v),any(v>8),all(v>1)
	a,4.571428571428571,2,4.5,7.6,4,5,9,true,true
	b,,0,1,1,1,1,1,false,false
	END
	gives csvagg -g k -a 'c=collect(v),t=top(2; v),b=max_by(v; -v)' -w 'v > 4 or v < 2' in.csv <<-'END'
	k,c,t,b
	a,"[5,5,7,9]","[9,7]",5
	b,[1],[1],1
	END
	gives csvagg -g k -a 'c=collect_set(v), n=count where v > 4' --json in.csv <<-'END'
	{"k":"a","c":[2,4,5,7,9],"n":4}
	{"k":"b","c":[1],"n":0}
	END
}

@test "a text where a number is due is a bad row" {
	csv 'k,v\na,1\nb,x\na,3\n'
	refuses '3: sum(v): "x" is not a number' -g k -a 'sum(v)'
	refuses '3: v*2: "x" is not a number' -a 'sum(v*2)'
	refuses '2: avg(k): "a" is not a number' -a 'avg(k)'
	csv 'v\n1\n 2\n'
	refuses '3: sum(v): " 2" is not a number' -a 'sum(v)'
	csv 'v\n007\n'
	refuses '2: sum(v): "007" is not a number' -a 'sum(v)'
	csv 'v\n"1,5"\n'
	refuses '2: sum(v): "1,5" is not a number' -a 'sum(v)'
	# Whole rows are bad: nothing of them is counted.
	csv 'k,v\na,1\nb,x\na,3\n'
	run --separate-stderr csvagg -g k -a 'count,sum(v)' --bad skip in.csv
	assert_status 0
	assert_output <<<'k,count,sum(v)
a,2,4'
	assert_stderr 'csvagg: 3 in, 2 used, 1 bad, 0 late'
	# Only where it is due.
	csv 'k,v\na,1\nb,x\na,3\n'
	gives csvagg -g k -a 'sum(v * 2)' -w 'v != "x"' in.csv <<<'k,sum(v * 2)
a,8'
	gives csvagg -g 'v | tonumber' -w 'v != "x"' in.csv <<<'key,count
1,1
3,1'
	gives csvagg -a 's=sum(v * 2) where k == "a", n=count(v | tonumber) where k == "a"' in.csv <<<'s,n
8,2'
	gives csvagg -g k -a 'sum(v) where k == "a"' in.csv <<<'k,"sum(v) where k == ""a"""
a,4
b,'
	gives csvagg -a 'sum(v)' -w 'k == "a"' in.csv <<<'sum(v)
4'
}

@test "readings of 10000 stations, as in the one billion row challenge" {
	need python3
	cat >stations.py <<-'END'
	import random
	from decimal import Decimal
	random.seed(1)
	letters = 'abcdeAB éß日ж😀-.\''
	names = {'a', 'ab', 'abc', 'b', 'é', '日' * 33, 'x' * 100, 'x' * 99}
	while len(names) < 10000:
	    name = ''.join(random.choices(letters, k=random.choice([1, 3, 7, 8, 9, 15, 16, 17, 30]))).strip()
	    if name and len(name.encode()) <= 100:
	        names.add(name)
	names = sorted(names)
	random.shuffle(names)
	readings = {}
	with open('in.csv', 'w', encoding='utf-8') as f:
	    for i in range(60000):
	        name = names[i] if i < len(names) else random.choice(names[:random.choice([5, 10000])])
	        tenths = random.choice([-999, 999, 0, -1, 1, random.randint(-999, 999), random.randint(-99, 99)])
	        text = ('-' if tenths < 0 else '') + f'{abs(tenths) // 10}.{abs(tenths) % 10}'
	        f.write(f'{name};{text}\n')
	        readings.setdefault(name, []).append(tenths)
	def plain(tenths):
	    return str(Decimal(tenths) / 10).removesuffix('.0')
	with open('want', 'w', encoding='utf-8') as f:
	    for name, r in readings.items():
	        # Of integers python divides exactly, and rounds once.
	        mean = repr(sum(r) / (10 * len(r))).removesuffix('.0')
	        f.write(f'{name},{plain(min(r))},{mean},{plain(max(r))},{len(r)}\n')
	END
	python3 stations.py
	for jobs in 1 2 7; do
		csvagg -j$jobs -d ';' -H station,t --no-header-out -g station -a 'min(t), avg(t), max(t), count' in.csv >got
		same_file want got
	done
	LC_ALL=C sort -t, -k1,1 want >sorted
	csvagg -d ';' -H station,t --sort station --no-header-out -g station -a 'min(t), avg(t), max(t), count' <in.csv >got
	same_file sorted got
}

# --- Reading ---

@test "quotes, newlines in quotes, CRLF, no last newline, a byte order mark, blank lines" {
	csv '\xef\xbb\xbf"k",v\r\n"a\r\nb",1\r\n\r\n"a\r\nb","2"\r\n\n"c ""d""",3\r\n"",4'
	printf 'k,s\n"a\r\nb",3\n"c ""d""",3\n,4\n' >want
	gives csvagg -g k -a 's=sum(v)' in.csv <want
	# In a table of one column an empty line is a row, and written so that it is one again.
	csv 'k\na\n\n\r\na\n'
	gives csvagg -g k in.csv <<<'k,count
a,2
,2'
	gives csvagg -a 'm=min(k)' -w 'k == null' in.csv <<<'m
""'
}

@test "a newline that is quoted in the header" {
	csv '"a\nb",c\n1,x\n2,y,z\n'
	refuses '4: 3 cells where the header has 2' -g c
	csv '"a\nb",c\n1,x\n'
	gives csvagg -g $'a\nb' in.csv <<<'"a
b",count
1,1'
}

@test "-N, -H" {
	csv 'a,1\nb,2\na,3\n'
	gives csvagg -N -g c1 -a 'sum(c2)' in.csv <<-'END'
	c1,sum(c2)
	a,4
	b,2
	END
	gives csvagg -H 'name,"the value"' -g name -a 's=sum(the value)' in.csv <<-'END'
	name,s
	a,4
	b,2
	END
	unsuited "c3: no column 'c3'" -N -a 'sum(c3)'
	refuses '1: 2 cells where --header has 3' -H x,y,z
	csv 'a,1\nb\n'
	refuses '2: 1 cell where the first row has 2' -N
	misused '--no-header and --header exclude each other' -N -H a
	misused "--header: 'a,b,a': two columns are named 'a'" -H a,b,a
}

@test "delimiters and quotes" {
	csv 'k;v\n"a;b";1\na,b;2\n'
	gives csvagg -d ';' -g k -a 'sum(v)' in.csv <<-'END'
	k,sum(v)
	a;b,1
	"a,b",2
	END
	csv 'k\tv\n"a\tb"\t1\na,b\t2\n'
	printf 'k\tsum(v)\n"a\tb"\t1\na,b\t2\n' >want
	gives csvagg --tsv -g k -a 'sum(v)' in.csv <want
	gives csvagg -d '\t' --tsv -g k -a 'sum(v)' in.csv <want
	printf 'k,sum(v)\na\tb,1\n"a,b",2\n' >want
	gives csvagg -d '\t' -g k -a 'sum(v)' in.csv <want
	gives csvagg --tsv --csv -g k -a 'sum(v)' in.csv <want
	csv "k,v\n'a,''b',1\n\"c\",2\n"
	gives csvagg --quote "'" -g k -a 'sum(v)' in.csv <<-'END'
	k,sum(v)
	"a,'b",1
	"""c""",2
	END
	misused "--delimiter: 'ab' is not one ASCII character" -d ab
}

@test "several files, their columns in any order, some more, some fewer" {
	printf 'k,v,x\na,1,p\n' >1.csv
	printf 'v,k\r\n2,b\r\n3,a' >2.csv
	printf 'y,x,k,v\n,q,"b",4\n' >3.csv
	printf 'k,v,x\n' >head.csv
	: >empty.csv
	gives csvagg -g k -a 'sum(v)' 1.csv head.csv 2.csv empty.csv 3.csv <<-'END'
	k,sum(v)
	a,4
	b,6
	END
	gives csvagg -g k -a 'sum(v)' empty.csv 2.csv 1.csv 3.csv <<-'END'
	k,sum(v)
	b,6
	a,4
	END
	gives csvagg -g k -g x 1.csv 3.csv <<-'END'
	k,x,count
	a,p,1
	b,q,1
	END
	run --separate-stderr csvagg -g k -g x 1.csv 2.csv
	assert_status 1
	assert_output ''
	assert_stderr "csvagg: 2.csv: no column 'x'"
	run --separate-stderr csvagg -g k -a 'n=count where .x | startswith("p")' 1.csv 2.csv
	assert_status 1
	assert_stderr "csvagg: 2.csv: no column 'x'"
	# The first file decides which columns there are.
	run --separate-stderr csvagg -g x 2.csv 1.csv
	assert_status 2
	assert_stderr "csvagg: 2.csv: x: no column 'x'"
}

@test "bad rows of several files are named by their file and line" {
	printf 'k,v\na,1\n' >1.csv
	printf '\nv,k\n\n2,b\n3\n' >2.csv
	run --separate-stderr csvagg -g k 1.csv 2.csv
	assert_status 1
	assert_output ''
	assert_stderr 'csvagg: 2.csv:5: 1 cell where the header has 2'
}

@test "standard input among files" {
	printf 'k,v\na,1\n' >1.csv
	run --separate-stderr csvagg -g k -a 'sum(v)' 1.csv - 1.csv <<<$'v,k\n5,a'
	assert_output <<<'k,sum(v)
a,7'
	run --separate-stderr csvagg -g z - <<<$'v,k\n5,a'
	assert_status 2
	assert_stderr "csvagg: stdin: z: no column 'z'"
}

@test "inputs without a header" {
	: >in.csv
	run --separate-stderr csvagg -g k in.csv
	assert_status 1
	assert_output ''
	assert_stderr 'csvagg: no header: the input is empty'
	csv '\n\r\n'
	run --separate-stderr csvagg in.csv
	assert_status 1
	assert_stderr 'csvagg: no header: the input is empty'
	run --separate-stderr csvagg -N in.csv
	assert_status 1
	: >in.csv
	gives csvagg -H k,v -g k -a 'sum(v)' in.csv <<<'k,sum(v)'
	csv 'k,v,k\n'
	refuses "1: header: two columns are named 'k'" -g v
	csv 'k,v"\n'
	refuses '1: header: quote inside an unquoted cell' -g k
	csv '"k,v\n1,2\n'
	refuses '1: header: unterminated quote' -g k
}

@test "files that cannot be read" {
	csv 'k\na\n'
	run --separate-stderr csvagg -g k in.csv none.csv
	assert_status 1
	assert_output ''
	assert_stderr 'csvagg: none.csv: No such file or directory'
	mkdir dir.csv
	run --separate-stderr csvagg -g k dir.csv
	assert_status 1
	assert_stderr 'csvagg: dir.csv: Is a directory'
}

# --- Bad rows ---

@test "bad rows stop the run, with the right line" {
	csv 'k,v\n"a\nb",1\r\n\nc,2\nd\n'
	refuses '6: 1 cell where the header has 2' -g k
	csv 'k,v\n"a\nb",1,2\n'
	refuses '2: 3 cells where the header has 2' -g k
	csv 'k,v\na,1\nb"c,2\n'
	refuses '3: quote inside an unquoted cell' -g k
	csv 'k,v\na,1\n"b"c,2\n'
	refuses '3: text after a closing quote' -g k
	csv 'k,v\na,1\n"b,2\nc,3\n'
	refuses '3: unterminated quote' -g k
	csv 'k,v\na,1\n\xff,2\n'
	refuses '3: not UTF-8 (convert with iconv)' -g k
	csv 'k,v\na,1\nbcd,2\n'
	refuses '3: a line of more than 4 bytes (--max-line)' -g k --max-line 4
	csv 'k,v\n[],1\n{,2\n'
	run --separate-stderr csvagg -g 'x=k | fromjson' in.csv
	assert_status 1
	assert_match '^csvagg: in\.csv:3: k \| fromjson: ' "$stderr"
}

@test "--bad skip, --bad FILE" {
	csv 'k,v\na,1\nb,2,3\n"c"d,4\nc,5\n\xff,6\nc,x\n"e,7\na,8\n'
	run --separate-stderr csvagg -g k -a 'sum(v)' --bad skip in.csv
	assert_status 0
	assert_output <<<'k,sum(v)
a,9
c,5'
	assert_stderr 'csvagg: 8 in, 3 used, 5 bad, 0 late'
	printf '%s\n' "${lines[@]}" >want
	csvagg -g k -a 'sum(v)' --bad bad.ndjson in.csv >got 2>err
	same_file want got
	cat >want <<-'END'
	{"error":"3 cells where the header has 2","source":"in.csv","line":3,"input":"b,2,3"}
	{"error":"text after a closing quote","source":"in.csv","line":4,"input":"\"c\"d,4"}
	{"error":"not UTF-8 (convert with iconv)","source":"in.csv","line":6,"input_base64":"/yw2"}
	{"error":"sum(v): \"x\" is not a number","source":"in.csv","line":7,"input":"c,x"}
	{"error":"unterminated quote","source":"in.csv","line":8,"input":"\"e,7"}
	END
	same_file want bad.ndjson
}

# --- Writing ---

@test "--tsv, --json, --csv, --no-header-out" {
	csv 'k,v\n"a,b",1\n"c\td",2\n"e""f",\n'
	printf 'k\ts\na,b\t1\n"c\td"\t2\n"e""f"\t\n' >want
	gives csvagg -d , --tsv -g k -a 's=sum(v)' in.csv <want
	gives csvagg --json -g k -a 's=sum(v)' in.csv <<-'END'
	{"k":"a,b","s":1}
	{"k":"c\td","s":2}
	{"k":"e\"f","s":null}
	END
	gives csvagg --json --no-header-out -g k in.csv <<<'{"k":"a,b","count":1}
{"k":"c\td","count":1}
{"k":"e\"f","count":1}'
	printf '"a,b",1\nc\td,2\n"e""f",\n' >want
	gives csvagg --csv --no-header-out -g k -a 's=sum(v)' in.csv <want
	csvagg -0 --json -g k -a 's=sum(v)' in.csv | tr '\0' '|' >got
	same_text '{"k":"a,b","s":1}|{"k":"c\td","s":2}|{"k":"e\"f","s":null}|' "$(cat got)"
	misused 'give one of --csv, --json, --table' --csv --json
	misused 'give one of --csv, --json, --table' --table --csv
	misused 'give one of --csv, --json, --table' --json --table
}

@test "its output is input for it" {
	csv 'k,j,v\n"a,\n""b""",x,1.5\n"a,\n""b""",y,2\n,,3\n'
	csvagg -g k -g j -a 'v=sum(v)' in.csv >once.csv
	gives csvagg -g k -g j -a 'v=sum(v)' once.csv <once.csv
	same_file in.csv once.csv
}

@test "what looks like a byte order mark in its output is in quotes" {
	local mark=$'\xef\xbb\xbf'
	csv '\xef\xbb\xbf\xef\xbb\xbfk,v\n\xef\xbb\xbfx,1\n\xef\xbb\xbfx,2\n'
	gives csvagg -g "${mark}k" -a 'v=sum(v)' in.csv <<<"\"${mark}k\",v"$'\n'"${mark}x,3"
	gives csvagg -g "${mark}k" --no-header-out in.csv <<<"\"${mark}x\",2"
	csvagg -g "${mark}k" -a 'v=sum(v)' in.csv >once.csv
	gives csvagg -g "${mark}k" -a 'v=sum(v)' once.csv <once.csv
}

@test "--sort: numbers by value, then texts, nulls last either way; what is equal as it came" {
	csv 'k,v\nb,1\n10,2\n,3\n9,1\na,\n9.0,2\n-1e1,1\n007,3\n12345678901234567891,2\n12345678901234567890,2\n1e400,0\n'
	gives csvagg --sort k -g k -a 'v=sum(v)' in.csv <<-'END'
	k,v
	-1e1,1
	9,1
	9.0,2
	10,2
	12345678901234567890,2
	12345678901234567891,2
	1e400,0
	007,3
	a,
	b,1
	,3
	END
	gives csvagg --sort k:desc -g k -a 'v=sum(v)' in.csv <<-'END'
	k,v
	b,1
	a,
	007,3
	1e400,0
	12345678901234567891,2
	12345678901234567890,2
	10,2
	9,1
	9.0,2
	-1e1,1
	,3
	END
	# By a result, and by the key where that is equal.
	gives csvagg --sort v:desc --sort k:asc -g k -a 'v=sum(v)' in.csv <<-'END'
	k,v
	007,3
	,3
	9.0,2
	10,2
	12345678901234567890,2
	12345678901234567891,2
	-1e1,1
	9,1
	b,1
	1e400,0
	a,
	END
	# Booleans before numbers, lists behind texts: jq's order.
	csv 'k,v\na,1\nb,2\nb,3\nc,x\nd,0\n'
	gives csvagg --json --sort s -g k -a 's=last(if v == 1 then [1] elif v == 0 then true else v end)' in.csv <<-'END'
	{"k":"d","s":true}
	{"k":"b","s":3}
	{"k":"c","s":"x"}
	{"k":"a","s":[1]}
	END
}

@test "--sort sorts arrays as jq does" {
	csv 'k,v\nc,9\nb,10\na,1\na,2\nc,1\n'
	gives csvagg --sort c -g k -a 'c=collect(v)' in.csv <<-'END'
	k,c
	a,"[1,2]"
	c,"[9,1]"
	b,[10]
	END
}

@test "--sort takes any column of the output by its name" {
	csv 'a:desc,n,x\n1,5,\n3,6,\n2,7,\n'
	gives csvagg --no-header-out --sort a:desc -g a:desc in.csv <<<$'1,1\n2,1\n3,1'
	gives csvagg --no-header-out --sort a:desc:desc -g a:desc in.csv <<<$'3,1\n2,1\n1,1'
	gives csvagg --no-header-out --sort 'sum(n):desc' -g x=n -a 'sum(n)' in.csv <<<$'7,7\n6,6\n5,5'
	gives csvagg --no-header-out --sort 'sum(n)' -a 'sum(n)' in.csv <<<18
	gives csvagg --no-header-out --sort count --sort=k:desc -g 'k=-n' in.csv <<<$'-5,1\n-6,1\n-7,1'
	unsuited "--sort nope: no such column in the output, which has x, count" --sort nope -g x=n
	unsuited "--sort x:down: no such column in the output, which has x, count" --sort x:down -g x=n
	# A column of the input that is not in the output cannot be sorted by: its group has many values.
	unsuited "--sort n: no such column in the output, which has x, count" --sort n -g x
	misused '--sort: no column' --sort ''
}

@test "--limit" {
	csv 'k\nb\na\nb\nc\n'
	gives csvagg --limit 2 -g k in.csv <<<$'k,count\nb,2\na,1'
	gives csvagg --limit 1 --sort k:desc -g k in.csv <<<$'k,count\nc,1'
	gives csvagg --limit 0 -g k in.csv <<<k,count
	gives csvagg --limit 9 --json -g k in.csv <<<$'{"k":"b","count":2}\n{"k":"a","count":1}\n{"k":"c","count":1}'
	misused "--limit: '-1' is not a count" --limit -1
}

@test "--sort of 100000 groups is sort's, for any number of threads" {
	awk 'BEGIN {
		srand(7)
		print "k,v"
		for (i = 0; i < 100000; i++)
			printf "k%06d,%d\n", i * 7919 % 100003, int(rand() * 1000) - 500
	}' >in.csv
	tail -n +2 in.csv | LC_ALL=C sort -s -t, -k2,2nr >want
	for jobs in 1 2 7; do
		csvagg -j$jobs --no-header-out --sort v:desc -g k -a 'v=sum(v)' in.csv >got
		same_file want got
	done
	tail -n +2 in.csv | LC_ALL=C sort -t, -k2,2n -k1,1r | head -n 1000 >want
	csvagg --no-header-out --sort v --sort k:desc --limit 1000 -g k -a 'v=sum(v)' in.csv >got
	same_file want got
}

@test "--table: columns for people, numbers to the right" {
	csv 'city,note,v\nTokyo 東京,,10.5\nKöln,"two\nlines\t\x1b[31m",2\nKöln,7,3\nx,,\n'
	gives csvagg --table -g city -g note -a 'sum(v), n=count, set=collect_set(v)' in.csv <<-'END'
	city        note                    sum(v)  n  set
	Tokyo 東京                            10.5  1  [10.5]
	Köln        two\nlines\t\u001b[31m       2  1  [2]
	Köln        7                            3  1  [3]
	x                                           1  []
	END
	gives csvagg --table --no-header-out --sort n:desc --limit 2 -g city -a n=count in.csv <<-'END'
	Köln        2
	Tokyo 東京  1
	END
	csv 'k\tv\na b\t1\n'
	gives csvagg --tsv --table -g k -a 'v=sum(v)' in.csv <<<$'k    v\na b  1'
	gives csvagg --tsv --table -g k -w false in.csv <<<'k  count'
}

# --- -o ---

# Only FILE is there, of what FILE and its temporary files could be.
alone()
{
	same_text "$1" "$(echo "$1"*)"
}

@test "-o writes a file, in place of an older one" {
	csv 'k\na\n'
	printf 'k,count\na,1\n' >want
	gives csvagg -g k -o out in.csv </dev/null
	same_file want out
	echo old >out
	chmod 604 out
	(umask 027 && csvagg -g k --output=out in.csv)
	same_file want out
	alone out
	# The mode is what open(2) would have left: the older file's, or a new one's.
	same_text -rw----r-- "$(ls -l out | cut -c1-10)"
	rm out
	(umask 027 && csvagg -g k --output=out in.csv)
	same_text -rw-r----- "$(ls -l out | cut -c1-10)"
	# Not the link is replaced, but what it points to.
	echo old >target
	ln -s target link
	csvagg -g k -o link in.csv
	[ -L link ]
	same_file want target
	# What is no file is written to.
	mkfifo fifo
	cat fifo >got &
	csvagg -g k -o fifo in.csv
	wait $!
	[ -p fifo ]
	same_file want got
	mkdir dir
	csvagg -g k -o dir/out in.csv
	same_file want dir/out
	# It may be an input, too.
	csvagg -g k -o in.csv in.csv
	same_file want in.csv
	run --separate-stderr csvagg -o none/out in.csv
	assert_status 1
	assert_stderr 'csvagg: none/out: No such file or directory'
}

@test "-o: the file is on the disk before its name is, and then its directory" {
	need strace
	[ "${KPIPE_SANITIZED:-}" != 1 ] || skip "a sanitizer cannot be traced"
	csv 'k\na\n'
	strace -f -qq -o trace -e trace=fsync,rename,renameat,renameat2 csvagg -g k -o out in.csv ||
		skip "strace cannot trace here"
	same_text 'fsync rename fsync' "$(sed -nE 's/^[0-9 ]*(fsync|rename)[a-z0-9]*\(.* = 0$/\1/p' trace | xargs)"
}

@test "-o of what standard output is: among what others write there" {
	csv 'k\na\n'
	{
		echo before
		csvagg -g k -o /dev/stdout in.csv
		echo behind
	} >out
	printf 'before\nk,count\na,1\nbehind\n' | same_file - out
	printf 'old\n' >out
	csvagg -g k -o out in.csv >>out
	printf 'old\nk,count\na,1\n' | same_file - out
	alone out
}

@test "-o leaves the old file where something fails" {
	echo old >out
	echo old >want
	csv 'k,v\na,1\na,x\n'
	refuses '3: sum(v): "x" is not a number' -a 'sum(v)' -o out
	same_file want out
	refuses '3: sum(v): "x" is not a number' -a 'sum(v)' -o new
	alone out
	[ ! -e new ]
	unsuited "nope: no column 'nope'" -g nope -o out
	same_file want out
	run csvagg -g k -o out in.csv none.csv
	assert_status 1
	same_file want out
	: >in.csv
	run csvagg -g k -o out in.csv
	assert_status 1
	same_file want out
	alone out
}

temporary()
{
	[ -e "$(echo "$1".??????)" ]
}

@test "-o leaves the old file where a signal ends the run" {
	echo old >out
	echo old >want
	mkfifo in
	for signal in TERM HUP; do
		csvagg -g k -o out in 3>&- &
		local pid=$! status=0
		exec 5>in
		printf 'k\na\n' >&5
		eventually 10 temporary out
		kill -$signal "$pid"
		wait "$pid" || status=$?
		exec 5>&-
		same_text $((128 + $(kill -l $signal))) "$status"
		same_file want out
		alone out
	done
}

@test "-o: a fed run drains after a signal, a second one ends it" {
	echo old >out
	mkfifo in
	csvagg -g k -o out <in 3>&- &
	local pid=$! status=0
	exec 5>in
	printf 'k\na\n' >&5
	eventually 10 temporary out
	kill -TERM "$pid"
	sleep 0.2
	printf 'b\n' >&5
	same_text old "$(cat out)"
	exec 5>&-
	wait "$pid"
	same_text $'k,count\na,1\nb,1' "$(cat out)"
	alone out

	echo old >out
	csvagg -g k -o out <in 3>&- &
	pid=$!
	exec 5>in
	printf 'k\na\n' >&5
	eventually 10 temporary out
	kill -TERM "$pid"
	sleep 0.2
	kill -TERM "$pid"
	wait "$pid" || status=$?
	exec 5>&-
	same_text 143 "$status"
	same_text old "$(cat out)"
	alone out
}

# --- Surroundings ---

@test "as cron runs it: no environment, no standard input, no terminal" {
	csv 'k,v\né,1.5\né,2\n'
	printf 'k,s\né,3.5\n' >want
	local csvagg
	csvagg=$(command -v csvagg)
	env -i "$csvagg" -g k -a 's=sum(v)' in.csv <&- >got 2>err
	same_file want got
	[ ! -s err ]
	env -i "$csvagg" -g k -a 's=sum(v)' -o out in.csv <&- >&- 2>&-
	same_file want out
	# Programs that libjq runs want no HOME either.
	env -i "$csvagg" -g 'k=k | ascii_downcase' -a 's=sum(v)' in.csv <&- >got
	same_file want got
	run --separate-stderr bash -c 'env -i "$0" -g k <&-' "$csvagg"
	assert_status 1
	assert_stderr 'csvagg: stdin: Bad file descriptor'
	run --separate-stderr bash -c 'csvagg -g k in.csv >&-'
	assert_status 1
	assert_stderr 'csvagg: stdout: write error: Bad file descriptor'
}

@test "the locale does not matter" {
	csv 'k,v\nÄ,1.5\nb,2.25\n'
	printf 'k,s,a\nÄ,1.5,1.5\nb,2.25,2.25\n' >want
	for locale in C C.UTF-8 de_DE.UTF-8 tr_TR.UTF-8; do
		LC_ALL=$locale gives csvagg -g k -a 's=sum(v),a=avg(v)' in.csv <want
	done
}

@test "a full disk is an error" {
	[ -e /dev/full ] || skip "no /dev/full"
	csv 'k\na\n'
	run --separate-stderr bash -c 'csvagg -g k in.csv >/dev/full'
	assert_status 1
	assert_stderr 'csvagg: stdout: write error: No space left on device'
}

@test "--stats" {
	csv 'k,v\na,1\nb,2\n'
	run --separate-stderr csvagg -g k --stats in.csv
	assert_match '^\{"tool":"csvagg","in":2,"used":2,"bad":0,"late":0,"native":2,' "$stderr"
}

@test "usage errors" {
	misused "unknown option '--nope'" --nope
	misused "--jobs: '-1' is not a count" -j -1
	misused '--jobs: at most 256' -j 257
	csv 'k\n'
	run --separate-stderr csvagg -a 'foo(k)' nosuch.csv
	assert_status 2
	assert_stderr "csvagg: foo(k): unknown function 'foo'; did you mean 'top'?"
	run --separate-stderr csvagg -a 'sum(k' in.csv
	assert_status 2
	assert_stderr "csvagg: sum(k: '(' is not closed"
	run --separate-stderr csvagg -w 'k ==' in.csv
	assert_status 2
	assert_match '^csvagg: in\.csv: k ==: syntax error' "$stderr"
}

# --- Large tables: blocks are 4 MiB ---

# big END: a table of 20 MB, whose rows end in END. Quotes, newlines and empty cells are everywhere.
# want.csv and sums.csv hold the right answers, worked out as the table is made.
big()
{
	local dir=$BATS_FILE_TMPDIR/${#1}
	if [ ! -d "$dir" ]; then
		mkdir "$dir"
		(cd "$dir" && make_big "$1")
	fi
	cp "$dir"/*.csv .
}

make_big()
{
	awk -v end="$1" 'BEGIN {
		printf "id,cat,note,price,qty%s", end
		for (i = 0; i < 310000; i++) {
			k = i * 7 % 53
			note = i % 5 ? "a plain note of some length, or nearly so, and more" : ""
			if (i % 3 == 0)
				note = note "\n, \"\"" i "\"\" \r\n"
			cents = i % 10007 - 999
			size = cents < 0 ? -cents : cents
			price = i % 11 ? sprintf("%s%d.%02d", cents < 0 ? "-" : "", size / 100, size % 100) : ""
			cat = "c" k
			printf "%d,%s,\"%s\",%s,%d%s", i, i % 2 ? "\"" cat "\"" : cat, note, price, i % 4, end
			if (!n[k]++) {
				order[++groups] = k
				least[k] = i
			}
			last[k] = i
			if (i % 11) {
				prices[k]++
				sum[k] += cents * (i % 4)
			}
		}
		print "cat,n,p,first,last" >"want.csv"
		print "cat,cents" >"sums.csv"
		for (g = 1; g <= groups; g++) {
			k = order[g]
			printf "c%d,%d,%d,%d,%d\n", k, n[k], prices[k], least[k], last[k] >"want.csv"
			printf "c%d,%d\n", k, sum[k] >"sums.csv"
		}
	}' >in.csv
	[ "$(wc -c <in.csv)" -gt 20000000 ]
}

big_agg='n=count,p=count(price),first=first(id),last=last(id)'
every_agg="$big_agg,s=sum(price*qty),a=avg(price),v=var(price),k=skewness(price),d=distinct(note),lo=min(price)"
every_agg+=',hi=max(note),m=median(price),p9=p99.9(price),mo=mode(qty),set=collect_set(qty),mb=max_by(id; price),t=top(3; price)'

@test "20 MB: any number of threads, a file or a pipe, the right answer" {
	big '\n'
	csvagg -j1 -g cat -a "$every_agg" in.csv >1.csv
	csvagg -j2 -g cat -a "$every_agg" in.csv >2.csv
	same_file 1.csv 2.csv
	csvagg -j7 -g cat -a "$every_agg" in.csv >7.csv
	same_file 1.csv 7.csv
	csvagg -g cat -a "$every_agg" <in.csv >stdin.csv
	same_file 1.csv stdin.csv
	cat in.csv | csvagg -g cat -a "$every_agg" >pipe.csv
	same_file 1.csv pipe.csv
	csvagg -g cat -a "$big_agg" in.csv >got.csv
	same_file want.csv got.csv
	csvagg -g cat -a 'cents=sum(price*100*qty)' in.csv >got.csv
	same_file sums.csv got.csv
}

@test "20 MB with CRLF: the same answer" {
	big '\r\n'
	csvagg -j1 -g cat -a "$every_agg" in.csv >1.csv
	csvagg -j7 -g cat -a "$every_agg" in.csv >7.csv
	same_file 1.csv 7.csv
	csvagg -g cat -a "$big_agg" in.csv >got.csv
	same_file want.csv got.csv
}

@test "a pipe that trickles gives the same as a file" {
	big '\n'
	csvagg -j2 -g cat -a "$every_agg" in.csv >want
	head -c 9000001 in.csv >head.csv
	tail -c +9000002 in.csv >tail.csv
	(
		head -c 7 head.csv
		sleep 0.1
		tail -c +8 head.csv
		sleep 0.1
		dd bs=99991 if=tail.csv 2>/dev/null
	) | csvagg -j2 -g cat -a "$every_agg" >got
	same_file want got
}

@test "20 MB: bad rows have the same line for any number of threads" {
	big '\n'
	# A row of one cell at the end, and one further up.
	sed '200000s/^/x"/' in.csv >bad.csv
	echo short >>bad.csv
	local line
	for jobs in 1 2 7; do
		run --separate-stderr csvagg -j$jobs -g cat bad.csv
		assert_status 1
		assert_output ''
		assert_match '^csvagg: bad\.csv:[0-9]*: ' "$stderr"
		line=${line:-$stderr}
		same_text "$line" "$stderr"
		run --separate-stderr csvagg -j$jobs --bad bad.$jobs -g cat bad.csv
		assert_status 0
		same_file bad.1 bad.$jobs
	done
	same_text "$(wc -l <bad.csv | tr -d ' ')" "$(sed -n 's/.*"line":\([0-9]*\),"input":"short".*/\1/p' bad.1)"
}

@test "100000 columns, and again in another order" {
	# Ten seconds are for what grows with their square; sanitizers are slow.
	local limit=10
	[ "${KPIPE_SANITIZED:-}" != 1 ] || limit=100
	seq -s , -f 'c%06.0f' 0 99999 >1.csv
	seq -s , 0 99999 >>1.csv
	seq -s , -f 'c%06.0f' 99999 -1 0 >2.csv
	seq -s , 99999 -1 0 >>2.csv
	gives timeout $limit csvagg -g c000007 -a 'n=count, sum(c099999), max(c000000 + c050000)' 1.csv 2.csv <<-'END'
	c000007,n,sum(c099999),max(c000000 + c050000)
	7,2,199998,50000
	END
}

@test "memory grows with the groups, not with the rows" {
	[ "${KPIPE_SANITIZED:-}" != 1 ] || skip "sanitizers have memory of their own"
	local n peaks=()
	for n in 500000 5000000; do
		{ echo k,v; yes $'a,1.5\nb,2\n"c",\n"c",3'; } | head -n $((n + 1)) |
			KPIPE_BLOCK=65536 "$KPIPE_BUILDDIR/bench/peak" peak \
				csvagg -j2 -g k -a 's=sum(v), avg(v), var(v), max(v), last(v)' >got
		peaks+=("$(cat peak)")
		same_text "$(printf 'k,s\na,%s\nb,%s\nc,%s' $((n * 3 / 8)) $((n / 2)) $((n * 3 / 4)))" "$(cut -d, -f1,2 got)"
	done
	# Blocks, small ones here, are in flight, more or fewer of them.
	[ "${peaks[1]}" -lt $((peaks[0] * 2)) ] || fail "${peaks[*]}"
}

@test "many groups, any number of threads" {
	awk 'BEGIN {
		print "k,v"
		for (i = 0; i < 400000; i++)
			printf "key %d,%d\n", i * 7919 % 150001, i
	}' >in.csv
	awk -F, 'NR > 1 { if (!n[$1]++) o[++g] = $1; s[$1] += $2 } END {
		print "k,n,s"
		for (i = 1; i <= g; i++) printf "%s,%d,%d\n", o[i], n[o[i]], s[o[i]]
	}' in.csv >want
	for jobs in 1 2 7; do
		csvagg -j$jobs -g k -a 'n=count,s=sum(v)' in.csv >got
		same_file want got
	done
}

@test "lines that end in CR alone are refused, not read as one header" {
	csv 'a,b\rx,1\ry,2\r'
	run --separate-stderr csvagg -a count in.csv
	assert_status 1
	assert_stderr "csvagg: in.csv:1: header: a carriage return in a column's name (lines must end in LF or CR LF)"
	# A name in quotes may hold one.
	csv '"a\rb",c\r\nx,1\r\n'
	gives csvagg -a 'sum(c)' in.csv <<<'sum(c)
1'
}

# -w true sends every row the general way: it must make no difference.
@test "rows of plain numbers, and of others, are added up alike" {
	local numbers='0 -0 0.0 1 -1 7 007 00 -07 0.1 0.10 -0.25 12.5 99999999 -9999999 1.2345678 123456.78 1234567.8
		999999999999999999 -99999999999999999 1000000000000000000 0.00000000000000001 1e3 1E-2 5. .5 - -. + +1
		1.2.3 1,5 nan 12345678a a1 0x10 170141183460469231731687303715884105727'
	{
		echo 'k,x,y'
		for x in $numbers ''; do
			for y in $numbers ''; do
				printf '%s,"%s","%s"\n' "${#x}" "$x" "$y"
			done
		done
	} >in.csv
	local spec='sum(x), avg(x), min(x), max(x), count(x), median(x), distinct(x), first(x), last(y)'
	for a in "$spec" 'sum(x*y)' 'sum(x+y), avg(x-y)' 'min(x*100), max(-y), sum(2*x-y*y+1.5)' count; do
		csvagg --bad skip -q -g k -a "$a" -w true in.csv >want
		csvagg --bad skip -q -g k -a "$a" in.csv >got
		[ -s want ] && cmp want got || fail "$a: $(diff want got | head -n 5)"
	done
}
