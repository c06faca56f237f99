# Examples of documentation, and what they print when they are run.
#
#     load transcript

# transcript FILE: commands and what they print: the literal blocks of a page, or the console blocks
# of a Markdown file, that begin with "$ ". A command goes on in lines that begin with "> ".
transcript()
{
	awk '
	/^\.Bd -literal/ || /^```console$/ {
		roff = /^\./
		inside = first = 1
		next
	}
	/^\.Ed$/ || /^```$/ {
		inside = 0
	}
	inside {
		if (first)
			inside = /^\$ /
		first = 0
	}
	inside {
		if (roff) {
			sub(/^\\&/, "")
			gsub(/\\e/, "\\\\")
		}
		print
	}' "$1"
}

# play TRANSCRIPT: prints it anew, each command followed by what it prints now. One shell runs all
# of them, in the current directory.
play()
{
	local _line _command= _status=0
	_run()
	{
		[ -n "$_command" ] || return 0
		(exit "$_status")
		eval "$_command" </dev/null 2>&1 3<&-
		_status=$?
		_command=
	}
	while IFS= read -r _line <&3; do
		case $_line in
		'$ '*)
			_run
			_command=${_line#'$ '}
			;;
		'> '* | '>')
			[ -n "$_command" ] || continue
			_line=${_line#>}
			_command+=$'\n'${_line# }
			_line="> ${_line# }"
			;;
		*)
			_run
			continue
			;;
		esac
		printf '%s\n' "$_line"
	done 3<"$1"
	_run
}
