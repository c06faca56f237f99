# Each tool names what it needs, so that none asks for a library it does not use.
LDADD = libkpipe.a

bin_PROGRAMS += tools/kmap tools/kfilter tools/kcount tools/kwindow tools/kjoin tools/kuniq \
	tools/csvagg tools/csvin tools/csvout tools/kin tools/kout tools/ktopic tools/kgroup tools/kbroker

tools_kmap_SOURCES = tools/kmap.c
tools_kmap_LDADD = $(LDADD) $(CODEC_LIBS) $(JQ_LIBS) -lm

tools_kfilter_SOURCES = tools/kfilter.c
tools_kfilter_LDADD = $(LDADD) $(CODEC_LIBS) $(JQ_LIBS) -lm

tools_kcount_SOURCES = tools/kcount.c
tools_kcount_LDADD = $(LDADD) $(CODEC_LIBS) $(JQ_LIBS) -lm

tools_kwindow_SOURCES = tools/kwindow.c
tools_kwindow_LDADD = $(LDADD) $(CODEC_LIBS) $(JQ_LIBS) -lm

tools_kuniq_SOURCES = tools/kuniq.c
tools_kuniq_LDADD = $(LDADD) $(CODEC_LIBS) $(JQ_LIBS) -lm

tools_kjoin_SOURCES = tools/kjoin.c tools/kjoin_conf.c tools/kjoin_priv.h tools/kjoin_state.c
tools_kjoin_LDADD = $(LDADD) $(CODEC_LIBS) $(JQ_LIBS) -lm

tools_csvagg_SOURCES = tools/csvagg.c
tools_csvagg_LDADD = $(LDADD) $(CODEC_LIBS) $(CSV_LIBS) $(JQ_LIBS) -lm

tools_csvin_SOURCES = tools/csvin.c
tools_csvin_LDADD = $(LDADD) $(CODEC_LIBS) $(CSV_LIBS) -lm

tools_csvout_SOURCES = tools/csvout.c
tools_csvout_LDADD = $(LDADD) $(CODEC_LIBS) $(CSV_LIBS) -lm

tools_kin_SOURCES = tools/kin.c
tools_kin_LDADD = $(LDADD) $(RDKAFKA_LIBS) -lm

tools_ktopic_SOURCES = tools/ktopic.c
tools_ktopic_LDADD = $(LDADD) $(RDKAFKA_LIBS) -lm

tools_kgroup_SOURCES = tools/kgroup.c
tools_kgroup_LDADD = $(LDADD) $(RDKAFKA_LIBS) -lm

tools_kbroker_SOURCES = tools/kbroker.c
tools_kbroker_LDADD = $(LDADD) $(RDKAFKA_LIBS) -lm

tools_kout_SOURCES = tools/kout.c
tools_kout_LDADD = $(LDADD) $(CODEC_LIBS) $(RDKAFKA_LIBS) $(JQ_LIBS) -lm
