# Completions are made from what the tools print for --help, so they need tools that run here.
completion_deps = completions/generate completions/generate.awk completions/template.bash

EXTRA_DIST += $(completion_deps)

if !CROSS_COMPILING
bashcompletiondir = $(datadir)/bash-completion/completions
fishcompletiondir = $(datadir)/fish/vendor_completions.d
zshcompletiondir = $(datadir)/zsh/site-functions

bashcompletion_DATA = $(bin_PROGRAMS:tools/%$(EXEEXT)=completions/bash/%)
fishcompletion_DATA = $(bin_PROGRAMS:tools/%$(EXEEXT)=completions/fish/%.fish)
zshcompletion_DATA = completions/zsh/_kpipe

generate = $(AM_V_GEN)$(MKDIR_P) $(@D) && AWK='$(AWK)' $(srcdir)/completions/generate

$(bashcompletion_DATA): completions/bash/%: tools/%$(EXEEXT) $(completion_deps)
	$(generate) bash tools/$*$(EXEEXT) >$@.tmp && mv -f $@.tmp $@

$(fishcompletion_DATA): completions/fish/%.fish: tools/%$(EXEEXT) $(completion_deps)
	$(generate) fish tools/$*$(EXEEXT) >$@.tmp && mv -f $@.tmp $@

completions/zsh/_kpipe: $(bin_PROGRAMS) $(completion_deps)
	$(generate) zsh $(bin_PROGRAMS) >$@.tmp && mv -f $@.tmp $@

CLEANFILES += $(bashcompletion_DATA) $(fishcompletion_DATA) $(zshcompletion_DATA)
endif
