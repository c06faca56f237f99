# Random programs over random records, by both engines. `make check`: the same ones in every run;
# `make check-fuzz`: others, for FUZZ_SECONDS (30).
differ_sources = \
	tests/differ/differ.c \
	tests/differ/differ.h \
	tests/differ/leaves.c \
	tests/differ/maker.h \
	tests/differ/programs.c \
	tests/differ/records.c \
	tests/differ/report.c \
	tests/differ/report.h \
	tests/differ/shrink.c

check_PROGRAMS += tests/differ/differ
TESTS += tests/differ/differ

tests_differ_differ_SOURCES = $(differ_sources)
tests_differ_differ_LDADD = $(LDADD) $(JQ_LIBS) -lm

# `make check-fuzz` runs it as it is, and with sanitizers, which slow libjq down twenty times.
differ_fuzz = fuzz/tests/differ/differ
differ_trs = tests/differ/differ.long.trs tests/differ/differ.fuzz.trs

$(differ_fuzz): $(differ_sources) fuzz/libkpipe.a
	@$(MKDIR_P) $(@D)
	$(AM_V_CCLD)$(fuzz_compile) -fsanitize=address,undefined -o $@ $(filter %.c,$^) \
		fuzz/libkpipe.a $(FUZZ_LIBS)

tests/differ/differ.long.trs: tests/differ/differ
tests/differ/differ.fuzz.trs: $(differ_fuzz)
$(differ_trs):
	@$(MKDIR_P) $(@D)
	@LSAN_OPTIONS=suppressions=$(abs_top_srcdir)/tests/lsan.supp:print_suppressions=0; \
	export LSAN_OPTIONS; \
	$(run_tap) $(@:.trs=) -- $< -t "$${FUZZ_SECONDS:-30}" -s "$${FUZZ_SEED:-1}000000" \
		-r 1000 -j "$${FUZZ_JOBS:-2}"

CLEANFILES += $(differ_trs) $(differ_trs:.trs=.log)
