# Each tool names what it needs, so that none asks for a library it does not use.
LDADD = libkpipe.a

bin_PROGRAMS += tools/kmap tools/kfilter tools/kcount tools/kwindow

tools_kmap_SOURCES = tools/kmap.c
tools_kmap_LDADD = $(LDADD) $(JQ_LIBS) -lm

tools_kfilter_SOURCES = tools/kfilter.c
tools_kfilter_LDADD = $(LDADD) $(JQ_LIBS) -lm

tools_kcount_SOURCES = tools/kcount.c
tools_kcount_LDADD = $(LDADD) $(JQ_LIBS) -lm

tools_kwindow_SOURCES = tools/kwindow.c
tools_kwindow_LDADD = $(LDADD) $(JQ_LIBS) -lm
