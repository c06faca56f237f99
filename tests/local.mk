# The tests. `make check`: unit tests, and every .bats file; those of tests/broker each against a
# box broker of their own. `make check-kafka`: tests/broker against one real Apache Kafka.
# All of them speak TAP; each writes beside its log NAME.trs, which tests/summary.sh adds up.

# Programs of one source file, tests/unit/NAME.c.
unit_tests = \
	tests/unit/test-agg \
	tests/unit/test-csvio \
	tests/unit/test-envelope \
	tests/unit/test-expr \
	tests/unit/test-group \
	tests/unit/test-json \
	tests/unit/test-kafka-format \
	tests/unit/test-kafka-range \
	tests/unit/test-keytab \
	tests/unit/test-lineio \
	tests/unit/test-num \
	tests/unit/test-scan \
	tests/unit/test-val \
	tests/unit/test-watermark \
	tests/unit/test-when \
	tests/unit/test-window

bats_tests = \
	tests/bootstrap.bats \
	tests/cases.bats \
	tests/csvagg.bats \
	tests/csvin.bats \
	tests/csvout.bats \
	tests/demo.bats \
	tests/filter.bats \
	tests/kbroker.bats \
	tests/kcount.bats \
	tests/kfilter.bats \
	tests/kmap.bats \
	tests/kwindow.bats \
	tests/layout.bats \
	tests/man.bats \
	tests/peers-jq.bats \
	tests/properties.bats \
	tests/summary.bats

broker_tests = \
	tests/broker/examples.bats \
	tests/broker/group.bats \
	tests/broker/kin.bats \
	tests/broker/kout.bats

check_PROGRAMS += $(unit_tests)
TESTS += $(unit_tests) $(bats_tests) $(broker_tests)

tests_unit_test_agg_LDADD = $(LDADD) -lm
tests_unit_test_csvio_LDADD = $(LDADD) $(CSV_LIBS)
tests_unit_test_expr_LDADD = $(LDADD) $(JQ_LIBS) -lm
tests_unit_test_group_LDADD = $(LDADD) -lm
tests_unit_test_num_LDADD = $(LDADD) -lm
tests_unit_test_val_LDADD = $(LDADD) -lm

# What every tool promises: the same files, once for each tool that is built.
contract_tests = \
	tests/contracts/input.bats \
	tests/contracts/options.bats

contract_trs = $(bin_PROGRAMS:tools/%$(EXEEXT)=tests/contracts/%.trs)

EXTRA_DIST += \
	$(bats_tests) \
	$(broker_tests) \
	$(contract_tests) \
	tests/contracts/run \
	tests/contracts/tools.bash \
	tests/bounded \
	tests/cases \
	tests/helper.bash \
	tests/kafka/broker \
	tests/kafka/fetch \
	tests/kafka/log4j.properties \
	tests/kafka/pom.xml \
	tests/kafka/ready \
	tests/kafka/server.properties \
	tests/kafka/suite \
	tests/kafka/with-kafka \
	tests/layers.awk \
	tests/model.py \
	tests/oracle.py \
	tests/run-bats \
	tests/summary.sh \
	tests/unit/tap.h

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

check-local: $(contract_trs)
	@$(top_srcdir)/tests/summary.sh $(contract_trs)

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
