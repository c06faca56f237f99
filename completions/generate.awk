# usage: awk -v shell=bash|zsh|fish -v template=template.bash -f generate.awk < HELP
#
# HELP is what --help prints, of one tool or, for zsh, of several:
#
#	Usage: kmap [OPTIONS] PROGRAM [FILE...]
#	  -f, --from-file=FILE        read the program from FILE
#	      --arg NAME VALUE        set $NAME to the string VALUE
#	      --engine=auto|native|jq
#	                              what runs the program (default auto)
#	  -c                          accepted for jq's sake: output is always compact
#
# An argument is completed by its name: FILE and DIR by files, CMD by commands, what is in small
# letters in "fail|skip|FILE" by itself. Operands are files when the usage has FILE.
#
# The help of a tool of commands has a list of them under "Commands:", and is followed by that of each. All
# their options are the tool's; the commands are what an operand may be.

/^Usage: / && $2 == tool {
	next
}

/^Usage: / {
	end_of_tool()
	tool = $2
	operands = /FILE/ ? "file" : ""
	n = 0
	commands = ""
	next
}

/^Commands:$/, /^$/ {
	if (/^  /)
		commands = commands (commands == "" ? "" : " ") $1
	next
}

/^  -[^-]/ {
	add_option(substr($0, 4, 1), substr($0, 5))
	next
}

/^      --/ {
	add_option("", substr($0, 7))
	next
}

# The text of an option whose names left no room for it.
n && text[n] == "" && /^ / {
	sub(/^ +/, "")
	text[n] = $0
}

END {
	end_of_tool()
	if (shell == "zsh")
		put_zsh_file()
}

# `rest` is ", --name=ARG  text", "--name  text", " ARG  text" or "  text".
function add_option(short, rest,    gap, known)
{
	n++
	letter[n] = short
	sub(/^, /, "", rest)
	gap = match(rest, /  +/)
	text[n] = gap ? substr(rest, gap + RLENGTH) : ""
	if (gap)
		rest = substr(rest, 1, gap - 1)
	name[n] = ""
	if (match(rest, /^--[^ =]+/)) {
		name[n] = substr(rest, 1, RLENGTH)
		rest = substr(rest, RLENGTH + 1)
	}
	joint[n] = substr(rest, 1, 1)
	set_argument(n, substr(rest, 2))
	# Commands share options.
	for (known = 1; known < n; known++)
		if (letter[known] == letter[n] && name[known] == name[n]) {
			n--
			return
		}
}

# arg[i]: as in the help. count[i]: how many there are; "rest": all words behind it.
# words[i]: those it may be. names[i]: file or command, when it may be the name of one.
function set_argument(i, argument,    part, parts, k)
{
	arg[i] = argument
	words[i] = names[i] = ""
	count[i] = argument == "" ? 0 : 1
	if (argument ~ /^CMD /) {
		count[i] = "rest"
		names[i] = "command"
		return
	}
	if (argument ~ /^[A-Z]+ [A-Z]+$/)
		count[i] = 2
	parts = split(argument, part, "|")
	for (k = 1; k <= parts; k++) {
		if (part[k] == "FILE" || part[k] == "DIR")
			names[i] = "file"
		else if (parts > 1 && part[k] ~ /^[a-z0-9_-]+$/)
			words[i] = words[i] (words[i] == "" ? "" : " ") part[k]
	}
}

function end_of_tool()
{
	if (tool == "")
		return
	if (shell == "bash")
		put_bash()
	else if (shell == "fish")
		put_fish()
	else
		add_zsh()
}

function quoted(s)
{
	gsub(/'/, "'\\''", s)
	return "'" s "'"
}

# --- bash ---

function put_bash(    line)
{
	while ((getline line < template) > 0) {
		if (line == "@options@")
			put_bash_options()
		else if (line == "@arguments@")
			put_bash_arguments()
		else {
			gsub(/@tool@/, tool, line)
			print line
		}
	}
}

function put_bash_options(    i, all, flags)
{
	for (i = 1; i <= n; i++) {
		all = all " " (name[i] == "" ? "-" letter[i] : name[i] (joint[i] == "=" ? "=" : ""))
		if (!count[i])
			flags = flags letter[i]
	}
	printf "\tlocal options='%s'\n", substr(all, 2)
	printf "\tlocal flags='%s'\n", flags
}

function put_bash_arguments(    i, both)
{
	for (i = 1; i <= n; i++) {
		if (!count[i])
			continue
		both = letter[i] != "" && name[i] != ""
		printf "\t%s) count=%s words='%s' names='%s' ;;\n",
			(letter[i] == "" ? "" : "-" letter[i]) (both ? " | " : "") name[i],
			count[i], words[i], names[i]
	}
	printf "\toperand) words='%s' names='%s' ;;\n", commands, operands
}

# --- fish ---

function fish_quoted(s)
{
	gsub(/[\\']/, "\\\\&", s)
	return "'" s "'"
}

function fish_argument(i)
{
	if (!count[i])
		return ""
	if (names[i] == "file")
		return " -r -F" (words[i] == "" ? "" : " -a '" words[i] "'")
	if (names[i] == "command")
		return " -x -a '(__fish_complete_command)'"
	return " -x" (words[i] == "" ? "" : " -a '" words[i] "'")
}

function put_fish(    i)
{
	print "# fish completion for " tool ", made from its --help."
	if (operands == "")
		print "complete -c " tool " -f"
	if (commands != "")
		print "complete -c " tool " -n __fish_use_subcommand -a '" commands "'"
	for (i = 1; i <= n; i++)
		print "complete -c " tool (letter[i] == "" ? "" : " -s " letter[i]) \
			(name[i] == "" ? "" : " -l " substr(name[i], 3)) \
			fish_argument(i) " -d " fish_quoted(text[i])
	for (i = 1; i <= n; i++)
		if (count[i] == "rest")
			print "complete -c " tool " -n '__fish_contains_opt " substr(name[i], 3) "' -F"
}

# --- zsh ---

# In the brackets of _arguments, and between its colons.
function zsh_text(s)
{
	gsub(/[][\\:]/, "\\\\&", s)
	return s
}

function zsh_action(i)
{
	if (names[i] == "file" && words[i] != "")
		return " _kpipe_words_or_files " words[i]
	if (names[i] == "file")
		return "_files"
	if (words[i] != "")
		return "(" words[i] ")"
	return " "
}

function zsh_argument(i,    part)
{
	if (!count[i])
		return ""
	if (count[i] == "rest")
		return ":*::" zsh_text(arg[i]) ":_normal"
	if (count[i] == 2) {
		split(arg[i], part, " ")
		return ":" part[1] ": :" part[2] ": "
	}
	return ":" zsh_text(arg[i]) ":" zsh_action(i)
}

# "+" and "=": the argument is in the same word or the next. A flag is offered once.
function zsh_spec(i, option, sign,    before)
{
	if (count[i])
		before = "*"
	else if (letter[i] != "" && name[i] != "")
		before = "(-" letter[i] " " name[i] ")"
	return "\t\t" quoted(before option sign "[" zsh_text(text[i]) "]" zsh_argument(i)) "\n"
}

function add_zsh(    i)
{
	zsh_tools = zsh_tools " " tool
	zsh_cases = zsh_cases tool ")\n\tspecs=(\n"
	for (i = 1; i <= n; i++) {
		if (letter[i] != "")
			zsh_cases = zsh_cases zsh_spec(i, "-" letter[i], count[i] ? "+" : "")
		if (name[i] != "")
			zsh_cases = zsh_cases zsh_spec(i, name[i], joint[i] == "=" ? "=" : "")
	}
	if (commands != "")
		zsh_cases = zsh_cases "\t\t'1:COMMAND:(" commands ")'\n"
	if (operands == "file")
		zsh_cases = zsh_cases "\t\t'*:FILE:_files'\n"
	zsh_cases = zsh_cases "\t)\n\t;;\n"
}

function put_zsh_file()
{
	print "#compdef" zsh_tools
	print "# zsh completion for the tools of kpipe, made from their --help.\n"
	print "_kpipe_words_or_files()\n{"
	print "\tlocal result=1\n"
	print "\tcompadd -- \"$@\" && result=0"
	print "\t_files && result=0"
	print "\treturn result\n}\n"
	print "local -a specs\n"
	printf "case $service in\n%sesac\n\n", zsh_cases
	print "_arguments -s -S $specs"
}
