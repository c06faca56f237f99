EXTRA_DIST += \
	examples/behaviors \
	examples/demo \
	examples/people \
	examples/processed \
	examples/ratings \
	examples/sales \
	examples/stocks \
	examples/windows \
	examples/wordcount
