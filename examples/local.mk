exampledir = $(docdir)/examples
dist_example_SCRIPTS = \
	examples/behaviors \
	examples/demo \
	examples/people \
	examples/processed \
	examples/ratings \
	examples/sales \
	examples/stocks \
	examples/windows \
	examples/wordcount

nexmarkdir = $(exampledir)/nexmark
dist_nexmark_SCRIPTS = \
	examples/nexmark/q0 \
	examples/nexmark/q1 \
	examples/nexmark/q2 \
	examples/nexmark/q3 \
	examples/nexmark/q4 \
	examples/nexmark/q5 \
	examples/nexmark/q7 \
	examples/nexmark/q8 \
	examples/nexmark/q9 \
	examples/nexmark/q11 \
	examples/nexmark/q12 \
	examples/nexmark/q13 \
	examples/nexmark/q14 \
	examples/nexmark/q15 \
	examples/nexmark/q16 \
	examples/nexmark/q17 \
	examples/nexmark/q18 \
	examples/nexmark/q19 \
	examples/nexmark/q20 \
	examples/nexmark/q21 \
	examples/nexmark/q22
dist_nexmark_DATA = examples/nexmark/README.md $(dist_nexmark_SCRIPTS:=.sql)
