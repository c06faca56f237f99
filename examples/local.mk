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
