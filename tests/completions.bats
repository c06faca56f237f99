#!/usr/bin/env bats
# What bash, zsh and fish complete is what --help says, for every tool.

load helper

setup()
{
	common_setup
	[ "${KPIPE_SANITIZED:-}" != 1 ] || skip "what is tested here are the shells' scripts"
}

# The commands that --help lists, if any.
commands_in_help()
{
	"$1" --help | sed -n '/^Commands:$/,/^$/s/^  \([a-z]*\) .*/\1/p'
}

# --help, and that of each command.
whole_help()
{
	local command
	"$1" --help
	for command in $(commands_in_help "$1"); do
		"$1" "$command" --help
	done
}

# The options in --help, one a line: "-f, --from-file=FILE", "--arg NAME VALUE", "-c".
options_in_help()
{
	whole_help "$1" | sed -n '/^  *-/ {
		s/^  *//
		s/   *.*//
		p
	}' | awk '!seen[$0]++'
}

# Their words: the long name, "=" behind it when it takes an argument so, else the letter.
words_in_help()
{
	options_in_help "$1" | sed -e 's/^-., //' -e 's/=.*/=/' -e 's/ .*//' | sort
}

# The long names and letters, each on a line: "--from-file", "-f".
names_in_help()
{
	options_in_help "$1" | sed -e 's/[= ][^-].*//' -e 's/, /\
/' | sort
}

# offered LINE: what bash completes at the end of LINE, sorted: the words, then <names> when readline
# goes on with names of files by itself.
offered()
{
	bash --norc --noprofile -s -- "$1" >offered.out <<-'END'
	line=$1
	tool=${line%% *}
	default='<names>'
	# Only there while readline completes.
	compopt()
	{
		case $* in
		'+o default'*) default= ;;
		esac
	}
	. "$KPIPE_BUILDDIR/completions/bash/$tool"
	function=$(complete -p "$tool" | sed 's/.* -F \([^ ]*\) .*/\1/')

	COMP_LINE=$line COMP_POINT=${#line}
	read -ra COMP_WORDS <<<"${line//=/ = }"
	[[ $line == *' ' ]] && COMP_WORDS+=('')
	COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
	word=${COMP_WORDS[COMP_CWORD]}
	"$function" "$tool" "${word#=}" "${COMP_WORDS[COMP_CWORD - 1]}"
	((${#COMPREPLY[@]} == 0)) || printf '%s\n' "${COMPREPLY[@]}" | sort
	((${#COMPREPLY[@]})) || [[ ! $default ]] || echo "$default"
	END
	cat offered.out
}

# offers LINE WORD...: these are what bash completes.
offers()
{
	local line=$1
	shift
	same_text "$(printf '%s\n' "$@")" "$(offered "$line")" || fail "at: $line"
}

@test "bash: every option of --help, and no others" {
	for tool in $(tools); do
		words_in_help "$tool" >want
		[ -s want ]
		offered "$tool -" >got
		same_file want got
		grep -- -- want >long
		offered "$tool --" >got
		same_file long got
	done
}

# What an argument ARG may be.
values()
{
	local word
	case $1 in
	FILE | DIR)
		echo '<names>'
		;;
	*'|'*)
		for word in ${1//|/ }; do
			case $word in
			FILE) printf '%s\n' * ;;
			[a-z]*) echo "$word" ;;
			esac
		done | sort -u
		;;
	esac
}

@test "bash: the argument of every option" {
	touch offered.out want some.csv
	for tool in $(tools); do
		options_in_help "$tool" | grep = | while IFS= read -r option; do
			want=$(values "${option#*=}")
			name=${option%%=*}
			name=${name#-?, }
			offers "$tool $name=" $want
			offers "$tool $name " $want
			case $option in
			-?,*) offers "$tool ${option%%,*} " $want ;;
			esac
		done
	done
}

@test "bash: operands are files where the usage says so" {
	for tool in $(tools); do
		case $("$tool" --help | head -n 1) in
		*FILE*) want='<names>' ;;
		*) want= ;;
		esac
		offers "$tool " ${want:-$(commands_in_help "$tool" | sort)}
		offers "$tool x" $want
		offers "$tool -- -" $want
	done
}

@test "bash: commands" {
	offers 'ktopic d' delete describe
	offers 'ktopic -b host:1 cr' create
	offers 'ktopic create --if' --if-not-exists
	offers 'kgroup re' reset
}

@test "bash: beginnings, bundles, pairs, and what is a command's" {
	offers 'kmap --raw' --raw-input --raw-output --rawfile
	offers 'kmap --engine=n' native
	offers 'kmap --engine n' native
	offers 'kmap --engine=x'
	offers 'kmap --bad=s' skip
	offers 'kmap -rj '
	offers 'kmap -rf ' '<names>'
	offers 'kmap -j2 ' '<names>'
	offers 'kmap -j 2 ' '<names>'
	offers 'kmap --arg '
	offers 'kmap --arg a '
	offers 'kmap --arg a b ' '<names>'
	offers 'kmap --arg --engine= a --e' --engine=
	offers 'kcount -g n=.a ' '<names>'
	offers 'kcount -g n=.a --gro' --group-by=
	offers 'kbroker --exec cat ' '<names>'
	offers 'kbroker --exec cat --' '<names>'
	offered 'kbroker --exec prin' | grep -qx printf
}

@test "bash: at the cursor, when equals signs cut no words" {
	run bash --norc --noprofile -c '
		compopt() { :; }
		. "$KPIPE_BUILDDIR/completions/bash/kmap"
		COMP_LINE="kmap --engine=native x" COMP_POINT=15 COMP_CWORD=1
		COMP_WORDS=(kmap --engine=native x)
		_kpipe_kmap kmap --engine=n kmap
		echo "${COMPREPLY[@]}"'
	assert_output '--engine=native'
}

# at_prompt LINE SHELL...: types the line, \t for a tab, at the prompt of a shell that has READY for one.
at_prompt()
{
	TERM=dumb python3 -c '
import os, pty, select, sys

pid, fd = pty.fork()
if pid == 0:
	os.execvp(sys.argv[2], sys.argv[2:])

def wait_for(text):
	seen = b""
	while text not in seen and select.select([fd], [], [], 20)[0]:
		try:
			seen += os.read(fd, 4096)
		except OSError:
			return

for line in sys.argv[1], "exit":
	wait_for(b"READY")
	os.write(fd, line.replace("\\t", "\t").encode() + b"\r")
wait_for(b"never printed")
os.waitpid(pid, 0)' "$@"
}

typed='kmap --engine=n\t --bad sk\t --from-fi\tpro\t --nu\t -- in\t'
completed=$(printf '%s\n' --engine=native --bad skip --from-file=program.jq --null -- 'in put')

@test "bash: at a prompt" {
	need python3
	touch program.jq 'in put'
	cat >rc <<-'END'
	PS1=READY
	. "$KPIPE_BUILDDIR/completions/bash/kmap"
	kmap() { printf '%s\n' "$@" >typed; }
	END
	at_prompt "$typed" bash --noprofile --rcfile rc -i
	same_text "$completed" "$(cat typed)"
}

@test "zsh: at a prompt" {
	need python3
	need zsh
	touch program.jq 'in put'
	cat >.zshrc <<-'END'
	PS1=READY
	fpath=("$KPIPE_BUILDDIR/completions/zsh" $fpath)
	autoload -Uz compinit
	compinit -u -D
	kmap() { printf '%s\n' "$@" >typed; }
	END
	ZDOTDIR=$PWD at_prompt "$typed" zsh -d -i
	same_text "$completed" "$(cat typed)"
}

@test "zsh: every option of --help, and no others" {
	need zsh
	zsh -n "$KPIPE_BUILDDIR/completions/zsh/_kpipe"
	same_text "#compdef $(tools | sort | paste -s -d ' ')" \
		"$(head -n 1 "$KPIPE_BUILDDIR/completions/zsh/_kpipe" | tr ' ' '\n' | sort | paste -s -d ' ')"
	for tool in $(tools); do
		names_in_help "$tool" >want
		# The specifications as _arguments is given them: "(-h --help)-h[text]", "*--bad=[text]:...".
		zsh -f -c '
			_arguments() { printf "%s\n" "$@"; }
			_kpipe() { . "$KPIPE_BUILDDIR/completions/zsh/_kpipe"; }
			service=$1 _kpipe' zsh "$tool" |
			sed -n -e 's/^([^)]*)//' -e 's/^\*//' -e 's/^\(-[^[]*\)\[.*/\1/p' |
			sed 's/[+=]$//' | sort >got
		same_file want got
	done
}

# What fish offers at the end of a line.
fish_offers()
{
	HOME=$BATS_TEST_TMPDIR fish --no-config -c 'source "$KPIPE_BUILDDIR/completions/fish/'"${1%% *}"'.fish"
		complete -C "'"$1"'"' | sort
}

@test "fish: every option of --help with its text, and no others" {
	need fish
	for tool in $(tools); do
		whole_help "$tool" >help
		names_in_help "$tool" | grep -- -- >want
		fish_offers "$tool --" >offers
		cut -f 1 offers >got
		same_file want got
		cut -f 2 offers | while IFS= read -r text; do
			[ -n "$text" ] && grep -qF -- "  $text" help || fail "$tool: no text '$text'"
		done
		names_in_help "$tool" | grep -v -- -- >want
		fish_offers "$tool -" | sed -n 's/^\(-[^-]\)	.*/\1/p' >got
		same_file want got
	done
}

@test "fish: arguments" {
	need fish
	touch some.file
	same_text "$(printf '%s\n' --engine={auto,jq,native})" "$(fish_offers 'kmap --engine=' | cut -f 1)"
	same_text "$(printf '%s\n' fail skip some.file | sort)" "$(fish_offers 'kmap --bad ' | cut -f 1)"
	same_text '' "$(fish_offers 'kmap --jobs=')"
	same_text some.file "$(fish_offers 'kmap so')"
	same_text '' "$(fish_offers 'kin so')"
	same_text some.file "$(fish_offers 'kbroker --exec cat so')"
	same_text $'delete\ndescribe' "$(fish_offers 'ktopic de' | cut -f 1)"
}

@test "the files for bash pass shellcheck" {
	need shellcheck
	shellcheck -s bash "$KPIPE_BUILDDIR"/completions/bash/*
}

@test "a shell's file per tool, and none besides" {
	cd "$KPIPE_BUILDDIR/completions"
	same_text "$(tools | sort)" "$(ls bash)"
	same_text "$(tools | sed 's/$/.fish/' | sort)" "$(ls fish)"
	same_text _kpipe "$(ls zsh)"
}

@test "a help that cannot be had leaves no completion" {
	printf '#!/bin/sh\nexit 1\n' >broken
	chmod +x broken
	for shell in bash zsh fish; do
		run -1 "$KPIPE_SRCDIR/completions/generate" "$shell" ./broken
		assert_output ''
	done
}
