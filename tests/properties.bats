#!/usr/bin/env bats
# Random inputs against slow and plain models: tests/model.py.

load helper

# The same inputs in every run; KPIPE_SEED=N gives others.
seed=${KPIPE_SEED:-1}

# differs N WANT GOT: says which case it is, and how to see it again.
differs()
{
	echo "case $1 of seed $seed: $(cat "$1.args")" >&2
	same_file "$2" "$3"
}

@test "kwindow: 200 random streams" {
	need python3
	python3 "$KPIPE_SRCDIR/tests/model.py" kwindow "$seed" 200
	for ((i = 0; i < 200; i++)); do
		eval "args=($(cat $i.args))"
		kwindow "${args[@]}" --bad skip --late $i.late.got $i.in >$i.got 2>$i.err.got
		cmp -s $i.want $i.got || differs $i $i.want $i.got
		cmp -s $i.late $i.late.got || differs $i $i.late $i.late.got
		cmp -s $i.err $i.err.got || differs $i $i.err $i.err.got
	done
	# The streams are not trivial.
	[ "$(cat ./*.want | wc -l)" -gt 5000 ]
	[ "$(cat ./*.late | wc -l)" -gt 500 ]
}

@test "csvagg: 150 random tables" {
	need python3
	python3 "$KPIPE_SRCDIR/tests/model.py" csvagg "$seed" 150
	for ((i = 0; i < 150; i++)); do
		eval "args=($(cat $i.args))"
		csvagg "${args[@]}" >$i.got 2>$i.err.got
		cmp -s $i.want $i.got || differs $i $i.want $i.got
		cmp -s $i.err $i.err.got || differs $i $i.err $i.err.got
	done
	[ "$(cat ./*.want | wc -l)" -gt 700 ]
}

@test "csvagg of 60 random tables is kcount of their rows as JSON" {
	need python3
	python3 "$KPIPE_SRCDIR/tests/model.py" csvagg "$((seed + 1))" 60
	for ((i = 0; i < 60; i++)); do
		eval "args=($(cat $i.args))" # -d DELIMITER ...
		csvagg "${args[@]:0:2}" --json -g 'g=w + 0' -a 'n=count, s=sum(v * w), m=avg(v), c=collect(k)' \
			$i.*.csv >$i.got
		csvin "${args[@]:0:2}" $i.*.csv |
			kcount -g 'g=.w + 0' -a 'n=count, s=sum(.v * .w), m=avg(.v), c=collect(.k)' >$i.want
		cmp -s $i.want $i.got || differs $i $i.want $i.got
	done
	[ "$(cat ./*.want | wc -l)" -gt 100 ]
}
