# bash completion for @tool@, made from its --help.

# For an option, or for operands: how many arguments follow (count; "rest": all words), the words
# they may be, and the names (file or command).
_kpipe_@tool@_arguments()
{
	count=0 words='' names=''
	case $1 in
@arguments@
	esac
}

# The words up to the cursor, in all[0..last]: readline cuts them at = and : too, here they are whole.
_kpipe_@tool@_words()
{
	local rest=${COMP_LINE:0:COMP_POINT} i

	last=-1
	for ((i = 0; i <= COMP_CWORD; i++)); do
		if ((last < 0)) || [[ $rest == [[:blank:]]* ]]; then
			all[++last]=
			rest=${rest#"${rest%%[![:blank:]]*}"}
		fi
		((i < COMP_CWORD)) || break
		all[last]+=${COMP_WORDS[i]}
		rest=${rest#"${COMP_WORDS[i]}"}
	done
	all[last]+=$rest
}

# What is at the cursor: $place is options, operand, or an option whose argument it is; words and
# names are set for it, and $prefix is what stands before the argument in the same word.
_kpipe_@tool@_place()
{
	local i word

	count=0 place='' prefix=''
	for ((i = 1; i < last; i++)); do
		word=${all[i]}
		if [[ $count != 0 ]]; then
			[[ $count == rest ]] && { names='file'; return; }
			((--count))
			continue
		fi
		case $word in
		--)
			place=operand
			break
			;;
		--*)
			place=$word
			;;
		-?*)
			# Flags may stand before the letter in one word; what follows it is its argument.
			word=${word#-}
			while [[ $word && $flags == *"${word:0:1}"* ]]; do
				word=${word:1}
			done
			((${#word} == 1)) || continue
			place=-$word
			;;
		*)
			continue
			;;
		esac
		_kpipe_@tool@_arguments "$place"
	done
	[[ $count != 0 ]] && return
	if [[ $place == operand || ${all[last]} != -* ]]; then
		place=operand
	elif [[ ${all[last]} == --*=* ]]; then
		place=${all[last]%%=*} prefix=$place=
	else
		place=options
	fi
	_kpipe_@tool@_arguments "$place"
}

_kpipe_@tool@()
{
@options@
	local all last place prefix count words names word IFS=$' \t\n'
	# What of the word is there already, before what readline puts a reply in the place of.
	local before

	all=() COMPREPLY=()
	_kpipe_@tool@_words
	_kpipe_@tool@_place
	before=${all[last]%"${2#=}"}
	[[ $place != options ]] || words=$options
	for word in $words; do
		word=$prefix$word
		[[ $word != "${all[last]}"* ]] || COMPREPLY+=("${word#"$before"}")
	done
	case $names in
	file)
		# Else readline completes the name by itself, and quotes it.
		if ((${#COMPREPLY[@]})); then
			compopt -o filenames
			while IFS= read -r word; do
				COMPREPLY+=("$word")
			done < <(compgen -f -- "${2#=}")
		fi
		;;
	command)
		while IFS= read -r word; do
			COMPREPLY+=("$word")
		done < <(compgen -c -- "$2")
		;;
	*)
		compopt +o default +o bashdefault
		;;
	esac
	[[ ${#COMPREPLY[@]} != 1 || ${COMPREPLY[0]} != *= ]] || compopt -o nospace
}

complete -o bashdefault -o default -F _kpipe_@tool@ @tool@
