#!/usr/bin/env bats
# The man pages agree with the tools: their options, exit statuses, functions and references are
# those of the tools, and their examples print what they show.

load helper
load transcript

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

pages()
{
	printf '%s\n' "$KPIPE_SRCDIR"/man/*.[1-9]
}

# each CHECK ARG...: runs CHECK with each ARG, to the last one, and fails when any failed.
each()
{
	local check=$1 arg bad=
	shift
	for arg; do
		"$check" "$arg" || bad+=" ${arg##*/}"
	done
	[ -z "$bad" ] || fail "wrong:$bad"
}

# --- Options ---

# What --help lists, one option a line: "-g, --group-by=[NAME=]EXPR".
options_in_help()
{
	whole_help "$1" | sed -n '/^  *-/ {
		s/^  *//
		s/   *.*//
		p
	}' | sort -u
}

# The same out of a page's list items.
options_in_page()
{
	awk '
	$1 == ".It" && $2 == "Fl" {
		text = ""
		glue = 1
		for (i = 2; i <= NF; i++) {
			if ($i == "Ns") {
				glue = 1
				continue
			}
			if ($i ~ /^(Ar|Cm)$/)
				continue
			word = $i
			if (word == "Fl")
				word = "-" $++i
			else if (word == "Oo")
				word = "["
			else if (word == "Oc")
				word = "]"
			if (word == "," || word == "]")
				glue = 1
			text = text (glue ? "" : " ") word
			glue = word == "["
		}
		print text
	}' "$1" | sort
}

# check_options TOOL [PAGE]
check_options()
{
	local page=${2:-$KPIPE_SRCDIR/man/$1.1}
	[ -e "$page" ] || fail "$1 has no page" || return
	options_in_help "$1" >help
	options_in_page "$page" >page
	[ -s help ] || fail "$1 --help lists no options" || return
	same_file help page
}

@test "a page has the options of --help, and no others" {
	each check_options $(tools)
}

@test "an option that is missing, too much or named otherwise is found" {
	page=$KPIPE_SRCDIR/man/kcount.1
	check_options kcount "$page"
	grep -v '^\.It Fl -every ' "$page" >missing.1
	{
		cat "$page"
		echo '.It Fl -never Ns = Ns Ar D'
	} >more.1
	sed 's/^\(\.It Fl w .* Ar \)EXPR/\1PREDICATE/' "$page" >otherwise.1
	for page in missing more otherwise; do
		run check_options kcount "$page.1"
		assert_status 1
	done
}

# The options that a page's SYNOPSIS shows.
options_in_synopsis()
{
	awk '
	/^\.Sh/ {
		inside = /SYNOPSIS/
	}
	inside {
		for (i = 1; i < NF; i++)
			if ($i == "Fl" || $i == ".Fl")
				print "-" $(i + 1)
	}' "$1"
}

# check_synopsis TOOL [PAGE]
check_synopsis()
{
	local option
	options_in_help "$1" | grep -o -e '^-[^-]' -e '--[a-z-]*' >known
	for option in $(options_in_synopsis "${2:-$KPIPE_SRCDIR/man/$1.1}"); do
		grep -qx -- "$option" known || fail "$1: SYNOPSIS has $option" || return
	done
}

@test "a SYNOPSIS shows no option that is not there" {
	each check_synopsis $(tools)
}

@test "an option in SYNOPSIS that is not there is found" {
	page=$KPIPE_SRCDIR/man/kcount.1
	options_in_synopsis "$page" | grep -qx -- --every
	sed 's/^\.Op Fl a /.Op Fl A /' "$page" >letter.1
	sed 's/^\.Op Fl -every/.Op Fl -ever/' "$page" >name.1
	for page in letter name; do
		run check_synopsis kcount "$page.1"
		assert_status 1
	done
}

@test "every page of a tool is that of one that is built" {
	for page in "$KPIPE_SRCDIR"/man/*.1; do
		tools | grep -qx "$(basename "$page" .1)" || fail "no tool: ${page##*/}"
	done
}

# --- Exit statuses ---

# The items of the list in a page's EXIT STATUS.
statuses_in_page()
{
	awk '/^\.Sh/ { inside = /EXIT STATUS/ } inside && $1 == ".It" { print $2 }' "$1"
}

# Those that lib/diag.h, or the tool for itself, defines.
statuses_of()
{
	grep -oh 'EXIT_[A-Z_]* = [0-9]*' "$KPIPE_SRCDIR/lib/diag.h" "$KPIPE_SRCDIR/tools/$1.c" |
		sed 's/.* //'
	echo 128+n
}

check_statuses()
{
	local known status
	known=$(statuses_of "$1")
	statuses_in_page "$KPIPE_SRCDIR/man/$1.1" >statuses
	for status in 0 2; do
		grep -qx "$status" statuses || fail "$1: no $status" || return
	done
	while read -r status; do
		grep -qxF "$status" <<<"$known" || fail "$1: $status is no exit status" || return
	done <statuses
}

@test "the exit statuses of a page are ones that are defined" {
	each check_statuses $(tools)
}

# --- Examples ---

# check_examples FILE: plays its transcript in an empty directory, on a box broker when kin or kout
# is in it.
check_examples()
{
	local broker=
	transcript "$1" >want
	[ -s want ] || fail "${1##*/}: no examples" || return
	! grep -Eq '^[$>] (.*[^[:alnum:]_/.-])?k(in|out) ' want || broker='kbroker --exec'
	rm -rf empty
	mkdir empty
	(cd empty && $broker bash -c "$(declare -f play); play ../want") >got || true
	same_file want got
}

# Those of ktopic and kgroup need a real Kafka: tests/broker/ktopic.bats and kgroup.bats.
@test "the examples of the pages print what they show" {
	each check_examples $(pages | grep -Ev '/(ktopic|kgroup)\.1$')
}

@test "the examples of README print what they show" {
	grep -q '^```console$' "$KPIPE_SRCDIR/README.md" || skip "README has none"
	check_examples "$KPIPE_SRCDIR/README.md"
}

@test "an example that prints something else is found" {
	cat >good.md <<-'END'
	```console
	$ cat <<'END'
	> one
	>   two
	> END
	one
	  two
	$ false
	$ echo $?
	1
	```
	END
	check_examples good.md
	sed 's/^one$/1/' good.md >wrong.md
	sed '/^  two$/d' good.md >missing.md
	awk '{ print } $0 == "1" { print "2" }' good.md >more.md
	for file in wrong missing more; do
		run check_examples "$file.md"
		assert_status 1
	done
}

# --- The pages among themselves ---

@test "the pages are good mdoc" {
	need mandoc
	mandoc -Tlint -W warning $(pages)
}

@test "every page is listed in man/local.mk" {
	for page in $(pages); do
		grep -qw "man/${page##*/}" "$KPIPE_SRCDIR/man/local.mk" || fail "not listed: $page"
	done
}

# A reference to a page of ours that is not there.
check_references()
{
	local name section
	awk '$1 == ".Xr" { print $2, $3 }' "$1" | while read -r name section; do
		case $name in
		k* | csv*) ;;
		*) continue ;;
		esac
		[ "$name" = kcat ] || [ -e "$KPIPE_SRCDIR/man/$name.$section" ] ||
			fail "${1##*/}: no page $name($section)" || return
	done
}

@test "references lead to pages that are there" {
	each check_references $(pages)
}

@test "kpipe(7) names every page" {
	for page in $(pages); do
		page=${page##*/}
		[ "$page" = kpipe.7 ] || grep -q "^\.\(It \)\{0,1\}Xr ${page%.*} ${page##*.}" \
			"$KPIPE_SRCDIR/man/kpipe.7" || fail "not named: $page"
	done
}

@test "kpipe-expr(7) has the aggregate functions of --help, and no others" {
	kcount --help | sed -n '/^Aggregates/,/^$/ s/^  \([^ ].*[])]\)  .*/\1/p' | sort >help
	awk '/^\.Sh/ { inside = /AGGREGATES/ } inside && sub(/^\.It Li /, "") {
		gsub(/"/, "")
		print
	}' "$KPIPE_SRCDIR/man/kpipe-expr.7" | sort >page
	[ -s help ]
	same_file help page
}
