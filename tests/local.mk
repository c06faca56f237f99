# The tests. `make check`: unit tests, and every .bats file; those of tests/broker each against a
# box broker of their own. `make check-kafka`: tests/broker against one real Apache Kafka.
# `make check-asan`, `check-arm`, `check-libjq`, `check-valgrind` and `check-analyze`: tests/checks. Fuzzing: tests/fuzz/local.mk.
# All of them speak TAP; each writes beside its log NAME.trs, which tests/summary.sh adds up.

# Programs of one source file, tests/unit/NAME.c.
unit_tests = \
	tests/unit/test-agg \
	tests/unit/test-agg-sketch \
	tests/unit/test-arena \
	tests/unit/test-changes \
	tests/unit/test-csvio \
	tests/unit/test-envelope \
	tests/unit/test-eventtime \
	tests/unit/test-expr \
	tests/unit/test-expr-rows \
	tests/unit/test-grid \
	tests/unit/test-group \
	tests/unit/test-hash \
	tests/unit/test-join \
	tests/unit/test-jqtext \
	tests/unit/test-json \
	tests/unit/test-kafka-format \
	tests/unit/test-kafka-java \
	tests/unit/test-kafka-range \
	tests/unit/test-keytab \
	tests/unit/test-livekeys \
	tests/unit/test-lineio \
	tests/unit/test-nearest \
	tests/unit/test-num \
	tests/unit/test-pack \
	tests/unit/test-rows \
	tests/unit/test-scan \
	tests/unit/test-spantree \
	tests/unit/test-utf8 \
	tests/unit/test-val \
	tests/unit/test-watermark \
	tests/unit/test-when \
	tests/unit/test-window

# The longest first, so that no core is left without work at the end.
bats_tests = \
	tests/properties.bats \
	tests/jsonsuite.bats \
	tests/peers-jq.bats \
	tests/csvagg.bats \
	tests/approx.bats \
	tests/completions.bats \
	tests/csvin.bats \
	tests/kmap-jq.bats \
	tests/kmap-native.bats \
	tests/bootstrap.bats \
	tests/nexmark.bats \
	tests/kjoin.bats \
	tests/kjoin-clock.bats \
	tests/kuniq.bats \
	tests/kcount-tables.bats \
	tests/kwindow-more.bats \
	tests/state.bats \
	tests/kwindow.bats \
	tests/filter.bats \
	tests/man.bats \
	tests/csvout.bats \
	tests/layout.bats \
	tests/kfilter.bats \
	tests/kmap.bats \
	tests/csv-cron.bats \
	tests/kcount.bats \
	tests/install.bats \
	tests/csv-peers.bats \
	tests/demo.bats \
	tests/cases.bats \
	tests/checks.bats \
	tests/kbroker.bats \
	tests/summary.bats

broker_tests = \
	tests/broker/kout.bats \
	tests/broker/kin.bats \
	tests/broker/examples.bats \
	tests/broker/faults.bats \
	tests/broker/group.bats \
	tests/broker/ktopic.bats \
	tests/broker/kgroup.bats

# What reads files of the tree, or writes beside them by mistake: all that configure --enable-tree-tests leaves of
# the .bats files, for `make distcheck`. One tool's contracts stand for those of all.
tree_bats = \
	tests/bootstrap.bats \
	tests/broker/examples.bats \
	tests/cases.bats \
	tests/checks.bats \
	tests/completions.bats \
	tests/demo.bats \
	tests/install.bats \
	tests/layout.bats \
	tests/man.bats \
	tests/summary.bats
tree_contracts = kcount

check_PROGRAMS += $(unit_tests) bench/gen-nexmark bench/peak
if TREE_TESTS
TESTS += $(tree_bats)
else
TESTS += $(bats_tests) $(broker_tests)
endif
TESTS += $(unit_tests)

tests_unit_test_agg_LDADD = $(LDADD) -lm
tests_unit_test_agg_sketch_LDADD = $(LDADD) -lm
tests_unit_test_changes_LDADD = $(LDADD) -lm
tests_unit_test_csvio_LDADD = $(LDADD) $(CODEC_LIBS) $(CSV_LIBS)
tests_unit_test_expr_CPPFLAGS = $(AM_CPPFLAGS) $(JQ_CFLAGS)
tests_unit_test_expr_LDADD = $(LDADD) $(JQ_LIBS) -lm
tests_unit_test_expr_rows_LDADD = $(LDADD) $(JQ_LIBS) -lm
tests_unit_test_group_LDADD = $(LDADD) -lm
tests_unit_test_kafka_java_CPPFLAGS = $(AM_CPPFLAGS) $(RDKAFKA_CFLAGS)
tests_unit_test_kafka_java_LDADD = $(LDADD) $(RDKAFKA_LIBS)
tests_unit_test_lineio_LDADD = $(LDADD) $(CODEC_LIBS)
tests_unit_test_jqtext_LDADD = $(LDADD) -lm
tests_unit_test_num_LDADD = $(LDADD) -lm
tests_unit_test_scan_LDADD = $(LDADD) -lm
tests_unit_test_val_LDADD = $(LDADD) -lm

# What every tool promises: the same files, once for each tool that is built.
contract_tests = \
	tests/contracts/bad.bats \
	tests/contracts/environment.bats \
	tests/contracts/input.bats \
	tests/contracts/options.bats \
	tests/contracts/output.bats \
	tests/contracts/signals.bats

if TREE_TESTS
CONTRACT_TOOLS = $(tree_contracts)
else
CONTRACT_TOOLS = $(bin_PROGRAMS:tools/%$(EXEEXT)=%)
endif
contract_trs = $(CONTRACT_TOOLS:%=tests/contracts/%.trs)

EXTRA_DIST += \
	$(bats_tests) \
	$(broker_tests) \
	$(contract_tests) \
	tests/broker/background.bash \
	tests/contracts/damage.py \
	tests/contracts/run \
	tests/contracts/runs.bash \
	tests/contracts/terminal.py \
	tests/contracts/tools.bash \
	tests/approx.py \
	tests/bounded \
	tests/cases \
	tests/checks/analyze \
	tests/checks/arm \
	tests/checks/asan \
	tests/checks/complete \
	tests/checks/libjq \
	tests/checks/reports \
	tests/checks/skip \
	tests/checks/valgrind \
	tests/helper.bash \
	tests/joins.py \
	tests/kafka/broker \
	tests/kafka/fetch \
	tests/kafka/log4j.properties \
	tests/kafka/pom.xml \
	tests/kafka/ready \
	tests/kafka/server.properties \
	tests/kafka/suite \
	tests/kafka/with-kafka \
	tests/layers.awk \
	tests/libjq/fetch \
	tests/libjq/requirements.txt \
	tests/lsan.supp \
	tests/model.py \
	tests/nexmark.py \
	tests/oracle.py \
	tests/process.bash \
	tests/run-bats \
	tests/summary.sh \
	tests/splits.py \
	tests/sums.py \
	tests/tables.py \
	tests/transcript.bash \
	tests/upstream.py \
	tests/windows.py \
	tests/unit/libjq.h \
	tests/unit/tap.h \
	tests/valgrind.supp

tests_env = \
	KPIPE_SRCDIR='$(abs_top_srcdir)'; export KPIPE_SRCDIR; \
	KPIPE_BUILDDIR='$(abs_top_builddir)'; export KPIPE_BUILDDIR; \
	BATS='$(BATS)'; export BATS;

tap_driver = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh

AM_TESTS_ENVIRONMENT = $(tests_env)
LOG_DRIVER = $(tap_driver)
LOG_COMPILER = $(top_srcdir)/tests/bounded
TEST_EXTENSIONS = .bats
BATS_LOG_DRIVER = $(tap_driver)
# bats ends with 1 when a test failed, which its TAP has said already.
AM_BATS_LOG_DRIVER_FLAGS = --ignore-exit
BATS_LOG_COMPILER = $(top_srcdir)/tests/run-bats

run_tap = $(tests_env) $(tap_driver) --log-file $(@:.trs=.log) --trs-file $@ --color-tests no \
	--enable-hard-errors yes --expect-failure no $(AM_BATS_LOG_DRIVER_FLAGS) --test-name

$(contract_trs): tests/contracts/%.trs: tests/contracts/never
	@$(MKDIR_P) $(@D)
	@$(run_tap) contracts/$* -- $(top_srcdir)/tests/contracts/run $*

tests/contracts/never:

.PHONY: tests/contracts/never

# Who asks for some TESTS does not ask for these.
contract_trs_wanted = $(if $(filter command,$(origin TESTS)),,$(contract_trs))

check-local: $(contract_trs_wanted)
	@test -z '$(contract_trs_wanted)' || $(top_srcdir)/tests/summary.sh $(contract_trs_wanted)

CLEANFILES += $(contract_trs) $(contract_trs:.trs=.log)

# The same files, the same driver, and results of their own: NAME.kafka.trs.
kafka_trs = $(broker_tests:.bats=.kafka.trs)
SUFFIXES = .kafka.trs

.bats.kafka.trs:
	@$(MKDIR_P) $(@D)
	@$(run_tap) $*.kafka -- $(BATS_LOG_COMPILER) $<

check-kafka: all
	@rm -f $(kafka_trs)
	@$(top_srcdir)/tests/kafka/suite $(top_srcdir) '$(kafka_trs)' $(MAKE) $(kafka_trs)
	@$(top_srcdir)/tests/summary.sh $(kafka_trs)

.PHONY: check-kafka

CLEANFILES += $(kafka_trs) $(kafka_trs:.trs=.log) tests/kafka-broker.log

checks = $(srcdir)/tests/checks

# To what contracts look at kfilter and kuniq are kmap, kjoin is kwindow, and kgroup is ktopic.
asan_contracts = $(filter-out kfilter kuniq kjoin kgroup,$(bin_PROGRAMS:tools/%$(EXEEXT)=%))

check-asan:
	@CC='$(CC)' $(checks)/asan '$(abs_srcdir)' $(MAKE) CONTRACT_TOOLS='$(asan_contracts)'

# What calls libjq or shows what it has made of an expression; the random tables of tests/properties.bats hold
# expressions of the native engine only. All tools go to libjq by one module: the contracts of one are enough.
libjq_programs = tests/differ/differ tests/fuzz/fuzz-expr tests/unit/test-expr
libjq_bats = \
	tests/peers-jq.bats \
	tests/broker/kout.bats \
	tests/broker/examples.bats \
	tests/csvagg.bats \
	tests/kmap-jq.bats \
	tests/kmap-native.bats \
	tests/kwindow.bats \
	tests/filter.bats \
	tests/man.bats \
	tests/kfilter.bats \
	tests/kmap.bats \
	tests/kcount.bats \
	tests/kcount-tables.bats \
	tests/cases.bats
libjq_contracts = kmap

check-libjq:
	@CC='$(CC)' $(checks)/libjq '$(abs_srcdir)' '$(libjq_programs)' '$(libjq_bats)' '$(libjq_contracts)' $(MAKE)

# Those that run each tool, and send no signals: valgrind catches all at once, and long before a tool
# is there. A start under memcheck takes a second.
valgrind_bats = \
	tests/broker/examples.bats \
	tests/csvout.bats \
	tests/cases.bats \
	tests/demo.bats
valgrind_trs = $(unit_tests:%=%.valgrind.trs) $(valgrind_bats:.bats=.valgrind.trs)

$(unit_tests:%=%.valgrind.trs): %.valgrind.trs: %$(EXEEXT)
	@$(run_tap) $*.valgrind -- $(LOG_COMPILER) $$KPIPE_MEMCHECK ./$<

$(valgrind_bats:.bats=.valgrind.trs): %.valgrind.trs: %.bats
	@$(MKDIR_P) $(@D)
	@$(run_tap) $*.valgrind -- $(BATS_LOG_COMPILER) $<

check-valgrind: all $(check_PROGRAMS)
	@$(checks)/valgrind '$(abs_srcdir)' '$(bin_PROGRAMS)' '$(valgrind_trs)' $(MAKE) -k $(valgrind_trs)

# Each source file: what gcc and clang warn of, and what clang's analyzer and cppcheck find.
analyzed = $(filter %.c,$(libkpipe_a_SOURCES)) $(bin_PROGRAMS:%$(EXEEXT)=%.c) tools/kjoin_conf.c tools/kjoin_state.c
analyze_trs = $(analyzed:.c=.analyze.trs)

$(analyze_trs): %.analyze.trs: %.c
	@$(MKDIR_P) $(@D)
	@$(run_tap) $*.analyze -- $(checks)/analyze $< -I. $(AM_CPPFLAGS) $(CPPFLAGS) $(WARN_CFLAGS) \
		$(PTHREAD_FLAGS) $(JQ_CFLAGS) $(RDKAFKA_CFLAGS)

check-analyze: all
	@rm -f $(analyze_trs)
	@$(MAKE) -k $(analyze_trs) || :
	@$(top_srcdir)/tests/summary.sh $(analyze_trs)

# Unit tests of what has a NEON kernel, and the modules that they need.
ARM_CC = aarch64-linux-gnu-gcc
ARM_RUN = qemu-aarch64
arm_tests = tests/unit/test-scan tests/unit/test-utf8
arm_modules = lib/buf.c lib/diag.c lib/json.c lib/mem.c lib/num.c lib/num_double.c lib/scan.c lib/scan_tokens.c lib/simd.c lib/utf8.c
arm_trs = $(arm_tests:%=%.arm.trs)

arm/%: %.c $(arm_modules) config.h
	@$(MKDIR_P) $(@D)
	$(AM_V_CCLD)$(ARM_CC) -static -O2 -I. $(AM_CPPFLAGS) $(CPPFLAGS) $(PTHREAD_FLAGS) -o $@ \
		$(filter %.c,$^) -lm

$(arm_trs): %.arm.trs: arm/%
	@$(run_tap) $*.arm -- $(LOG_COMPILER) $(ARM_RUN) $<

check-arm: config.h
	@ARM_CC='$(ARM_CC)' ARM_RUN='$(ARM_RUN)' $(checks)/arm '$(abs_srcdir)' '$(arm_trs)' $(MAKE) -k $(arm_trs)

.PHONY: check-asan check-arm check-libjq check-valgrind check-analyze clean-checks

CLEANFILES += $(arm_trs) $(arm_trs:.trs=.log)
CLEANFILES += $(valgrind_trs) $(valgrind_trs:.trs=.log) $(analyze_trs) $(analyze_trs:.trs=.log)

clean-local: clean-checks
clean-checks:
	rm -rf arm asan libjq valgrind tests/home tests/locales
