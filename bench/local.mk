# What measures, and is no test: built and run only when it is asked for. `make bench` builds it,
# `make bench-json BENCHFLAGS='-k flat'` runs bench/json.
EXTRA_PROGRAMS = bench/gen-json bench/peak

bench_gen_json_LDADD =
bench_peak_LDADD =

EXTRA_DIST += \
	bench/README.md \
	bench/json \
	bench/measure.bash \
	bench/table.awk

bench: $(bin_PROGRAMS) $(EXTRA_PROGRAMS)

bench-json:
	@$(srcdir)/bench/json -b . $(BENCHFLAGS)

.PHONY: bench bench-json

CLEANFILES += $(EXTRA_PROGRAMS)
