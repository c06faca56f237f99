dist_man_MANS += \
	man/csvagg.1 \
	man/csvin.1 \
	man/csvout.1 \
	man/kbroker.1 \
	man/kcount.1 \
	man/kfilter.1 \
	man/kgroup.1 \
	man/kin.1 \
	man/kmap.1 \
	man/kout.1 \
	man/kpipe-envelope.5 \
	man/kpipe-expr.7 \
	man/kpipe.7 \
	man/kjoin.1 \
	man/ktopic.1 \
	man/kuniq.1 \
	man/kwindow.1
