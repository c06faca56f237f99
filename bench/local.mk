# What measures, and is no test: built and run only when it is asked for. `make bench` builds it,
# `make bench-json BENCHFLAGS='-k flat'` runs bench/json, bench-csv bench/csv, bench-stream bench/stream, bench-kafka
# bench/kafka. bench/peak and bench/gen-nexmark serve tests too, tests/local.mk.
EXTRA_PROGRAMS = bench/gen-csv bench/gen-json bench/stations

bench_gen_csv_SOURCES = bench/gen-csv.c bench/draw.h
bench_gen_csv_LDADD =
bench_gen_json_SOURCES = bench/gen-json.c bench/draw.h
bench_gen_json_LDADD =
bench_gen_nexmark_SOURCES = bench/gen-nexmark.c bench/draw.h
bench_gen_nexmark_LDADD =
bench_peak_LDADD =
bench_stations_LDADD =

EXTRA_DIST += \
	bench/README.md \
	bench/agree.awk \
	bench/csv \
	bench/engines/flink.py \
	bench/engines/run \
	bench/engines/spark.py \
	bench/engines/tree.py \
	bench/json \
	bench/kafka \
	bench/measure.bash \
	bench/stream \
	bench/table.awk

bench: $(bin_PROGRAMS) $(EXTRA_PROGRAMS) bench/gen-nexmark$(EXEEXT) bench/peak$(EXEEXT)

bench-kafka:
	@$(srcdir)/bench/kafka -b . $(BENCHFLAGS)

bench-json:
	@$(srcdir)/bench/json -b . $(BENCHFLAGS)

bench-csv:
	@$(srcdir)/bench/csv -b . $(BENCHFLAGS)

bench-stream:
	@$(srcdir)/bench/stream -b . $(BENCHFLAGS)

.PHONY: bench bench-csv bench-json bench-kafka bench-stream

CLEANFILES += $(EXTRA_PROGRAMS)
