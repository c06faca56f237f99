# Fuzz targets, tests/fuzz/fuzz-NAME.c. `make check` runs each over its corpus, tests/fuzz/corpus/NAME;
# `make check-fuzz` searches for more with clang's libFuzzer: tests/checks/fuzz.
fuzz_tests = \
	tests/fuzz/fuzz-csvrows \
	tests/fuzz/fuzz-decimals \
	tests/fuzz/fuzz-envelope \
	tests/fuzz/fuzz-expr \
	tests/fuzz/fuzz-json \
	tests/fuzz/fuzz-lines \
	tests/fuzz/fuzz-options \
	tests/fuzz/fuzz-spec \
	tests/fuzz/fuzz-state \
	tests/fuzz/fuzz-times \
	tests/fuzz/fuzz-tz

check_PROGRAMS += $(fuzz_tests)
TESTS += $(fuzz_tests)

fuzz_replay = tests/fuzz/fuzz.h tests/fuzz/replay.c
tests_fuzz_fuzz_csvrows_SOURCES = tests/fuzz/fuzz-csvrows.c $(fuzz_replay)
tests_fuzz_fuzz_csvrows_LDADD = $(LDADD) $(CODEC_LIBS) $(CSV_LIBS)
tests_fuzz_fuzz_decimals_SOURCES = tests/fuzz/fuzz-decimals.c $(fuzz_replay)
tests_fuzz_fuzz_decimals_LDADD = $(LDADD) -lm
tests_fuzz_fuzz_envelope_SOURCES = tests/fuzz/fuzz-envelope.c $(fuzz_replay)
tests_fuzz_fuzz_expr_SOURCES = tests/fuzz/fuzz-expr.c $(fuzz_replay)
tests_fuzz_fuzz_expr_LDADD = $(LDADD) $(JQ_LIBS) -lm
tests_fuzz_fuzz_json_SOURCES = tests/fuzz/fuzz-json.c $(fuzz_replay)
tests_fuzz_fuzz_json_LDADD = $(LDADD) -lm
tests_fuzz_fuzz_lines_SOURCES = tests/fuzz/fuzz-lines.c $(fuzz_replay)
tests_fuzz_fuzz_lines_LDADD = $(LDADD) $(CODEC_LIBS)
tests_fuzz_fuzz_options_SOURCES = tests/fuzz/fuzz-options.c $(fuzz_replay)
tests_fuzz_fuzz_options_LDADD = $(LDADD) $(CODEC_LIBS) $(CSV_LIBS)
tests_fuzz_fuzz_spec_SOURCES = tests/fuzz/fuzz-spec.c $(fuzz_replay)
tests_fuzz_fuzz_spec_LDADD = $(LDADD) -lm
tests_fuzz_fuzz_state_SOURCES = tests/fuzz/fuzz-state.c $(fuzz_replay)
tests_fuzz_fuzz_state_LDADD = $(LDADD) $(CODEC_LIBS) $(JQ_LIBS) -lm
tests_fuzz_fuzz_times_SOURCES = tests/fuzz/fuzz-times.c $(fuzz_replay)
tests_fuzz_fuzz_tz_SOURCES = tests/fuzz/fuzz-tz.c $(fuzz_replay)

EXTRA_DIST += \
	tests/checks/fuzz \
	tests/fuzz/corpus \
	tests/fuzz/envelope.dict \
	tests/fuzz/expr.dict \
	tests/fuzz/json.dict \
	tests/fuzz/options.dict \
	tests/fuzz/run \
	tests/fuzz/spec.dict \
	tests/fuzz/times.dict \
	tests/fuzz/tz.dict

# The library once more, and the targets, with libFuzzer and sanitizers: below fuzz/.
FUZZ_CC = clang
FUZZ_CFLAGS = -g -O1 -fno-omit-frame-pointer -ffp-contract=off -fno-sanitize-recover=all
FUZZ_LIBS = $(CODEC_LIBS) $(CSV_LIBS) $(JQ_LIBS) $(RDKAFKA_LIBS) -lm

fuzz_objects = $(patsubst %.c,fuzz/%.o,$(filter %.c,$(libkpipe_a_SOURCES)))
fuzz_programs = $(fuzz_tests:%$(EXEEXT)=fuzz/%)
fuzz_trs = $(fuzz_tests:%$(EXEEXT)=%.fuzz.trs)
fuzz_compile = $(FUZZ_CC) $(FUZZ_CFLAGS) -I. $(AM_CPPFLAGS) $(CPPFLAGS) $(PTHREAD_FLAGS)

$(fuzz_objects): fuzz/%.o: %.c config.h $(filter %.h,$(libkpipe_a_SOURCES))
	@$(MKDIR_P) $(@D)
	$(AM_V_CC)$(fuzz_compile) $(JQ_CFLAGS) $(RDKAFKA_CFLAGS) \
		-fsanitize=fuzzer-no-link,address,undefined -c -o $@ $<

fuzz/libkpipe.a: $(fuzz_objects)
	@rm -f $@
	$(AM_V_AR)$(AR) rc $@ $(fuzz_objects) && $(RANLIB) $@

$(fuzz_programs): fuzz/%: %.c tests/fuzz/fuzz.h fuzz/libkpipe.a
	@$(MKDIR_P) $(@D)
	$(AM_V_CCLD)$(fuzz_compile) -fsanitize=fuzzer,address,undefined -o $@ $< fuzz/libkpipe.a \
		$(FUZZ_LIBS)

$(fuzz_trs): %.fuzz.trs: fuzz/%
	@$(MKDIR_P) $(@D)
	@$(run_tap) $*.fuzz -- $(srcdir)/tests/fuzz/run $<

check-fuzz: config.h
	@FUZZ_CC='$(FUZZ_CC)' $(checks)/fuzz '$(top_srcdir)' '$(fuzz_trs) $(differ_trs)' \
		$(MAKE) -k $(fuzz_trs) $(differ_trs)

.PHONY: check-fuzz

CLEANFILES += $(fuzz_trs) $(fuzz_trs:.trs=.log)
clean-local: clean-fuzz
clean-fuzz:
	rm -rf fuzz
.PHONY: clean-fuzz
