# A convenience archive; a tool links only the members it uses.
noinst_LIBRARIES += libkpipe.a

libkpipe_a_SOURCES = \
	lib/admintool.c lib/admintool.h \
	lib/agg.c lib/agg.h lib/agg_impl.h lib/agg_kept.c lib/agg_moments.c lib/agg_num.c lib/agg_ops.c \
	lib/agg_rank.c lib/agg_save.c lib/agg_set.c lib/agg_sketch.c lib/agg_spec.c \
	lib/arena.c lib/arena.h \
	lib/buf.c lib/buf.h \
	lib/changes.c lib/changes.h \
	lib/csvhead.c lib/csvhead.h \
	lib/csvio.c lib/csvio.h lib/csvio_frame.c lib/csvio_priv.h lib/csvio_rows.c lib/csvio_scan.c \
	lib/diag.c lib/diag.h \
	lib/envelope.c lib/envelope.h lib/envelope_put.c \
	lib/eventtime.c lib/eventtime.h \
	lib/expr.c lib/expr.h lib/expr_call.c lib/expr_cells.c lib/expr_columns.c lib/expr_construct.c lib/expr_exact.c \
	lib/expr_lex.c lib/expr_parse.c lib/expr_parser.h lib/expr_path.c lib/expr_plan.c lib/expr_print.c \
	lib/expr_priv.h lib/expr_set.c lib/expr_set.h lib/expr_small.c lib/expr_value.c \
	lib/filter.c lib/filter.h lib/filter_block.c lib/filter_pool.c lib/filter_priv.h lib/filter_report.c \
	lib/grid.c lib/grid.h \
	lib/group.c lib/group.h \
	lib/groupby.c lib/groupby.h \
	lib/groupout.c lib/groupout.h \
	lib/hash.h \
	lib/held.c lib/held.h \
	lib/join.c lib/join.h lib/join_shelf.c lib/join_shelf.h \
	lib/jqprog.c lib/jqprog.h lib/jqprog_doc.c lib/jqprog_env.c lib/jqprog_guard.c \
	lib/jqprog_priv.h lib/jqprog_source.c \
	lib/jqtext.c lib/jqtext.h lib/jqtext_tree.c \
	lib/json.c lib/json.h \
	lib/kafka.h lib/kafka_admin.c lib/kafka_admin.h lib/kafka_admin_priv.h lib/kafka_alter.c \
	lib/kafka_commit.c lib/kafka_conf.c lib/kafka_connect.c lib/kafka_consumer.c lib/kafka_format.c lib/kafka_groups.c lib/kafka_groups_alter.c lib/kafka_java.c \
	lib/kafka_mock.c lib/kafka_part.c lib/kafka_priv.h lib/kafka_producer.c lib/kafka_range.c lib/kafka_start.c \
	lib/keytab.c lib/keytab.h \
	lib/livekeys.c lib/livekeys.h \
	lib/lineio.c lib/lineio.h lib/lineio_codec.c lib/lineio_delim.c lib/lineio_priv.h lib/lineio_unzip.c \
	lib/lineio_write.c \
	lib/loop.c lib/loop.h \
	lib/mem.c lib/mem.h \
	lib/nearest.c lib/nearest.h \
	lib/num.c lib/num.h lib/num_double.c lib/num_priv.h \
	lib/opt.c lib/opt.h \
	lib/program.c lib/program.h \
	lib/pack.c lib/pack.h \
	lib/progress.c lib/progress.h \
	lib/rec.h \
	lib/rowout.c lib/rowout.h \
	lib/rows.c lib/rows.h \
	lib/scan.c lib/scan.h lib/scan_priv.h lib/scan_tokens.c \
	lib/spantree.c lib/spantree.h \
	lib/state.c lib/state.h \
	lib/streamtime.c lib/streamtime.h \
	lib/textwidth.c lib/textwidth.h \
	lib/toolstate.c lib/toolstate.h \
	lib/simd.c lib/simd.h \
	lib/tz.c lib/tz.h lib/tz_priv.h lib/tz_rule.c \
	lib/upsert.c lib/upsert.h \
	lib/utf8.c lib/utf8.h \
	lib/val.c lib/val.h \
	lib/watermark.c lib/watermark.h \
	lib/when.c lib/when.h \
	lib/widesum.c lib/widesum.h \
	lib/window.c lib/window.h \
	lib/winstore.c lib/winstore.h lib/winstore_grid.c lib/winstore_panes.c lib/winstore_priv.h lib/winstore_session.c \
	lib/winstore_slices.c \
	lib/winstore_slide.c \
	lib/word.h
libkpipe_a_CFLAGS = $(AM_CFLAGS) $(JQ_CFLAGS) $(RDKAFKA_CFLAGS)
