# casjob's completions for bash.

_casjob() {
    local line=${COMP_LINE:0:COMP_POINT} kept quote option word
    COMPREPLY=()
    # bash replaces $2. Of the word, an option, a profile's `name:` or an opening quote may stand
    # before it. Where that can not be told apart, as after a backquote, nothing is offered.
    # Whole words, in which what is quoted may hold blanks; the begun word; an opening quote.
    local before='^(([^\"'\''`]|\\.|'\''[^'\'']*'\''|"([^\"`]|\\.)*")*[[:blank:]])?(([^[:blank:]\"'\''`]|\\.)*)(["'\'']?)$'
    [[ ${line%"$2"} =~ $before ]] || return 0
    kept=${BASH_REMATCH[4]//\\} quote=${BASH_REMATCH[6]}
    [[ $kept$2 == -*=* ]] && option=$kept$2 option=${option%%=*}=
    # A new word begins, which is still empty.
    [[ -z $kept$quote$2 ]] && line+="''"
    # Not COMP_WORDS, which bash also splits at = and :; -1 is the last word of the line.
    while IFS= read -r word; do
        [[ -n $word && $option$word == "$kept"* ]] || continue
        word=$option$word word=${word#"$kept"}
        case $quote in
            # In quotes, only words that can stand there as they are.
            \') [[ $word == *\'* ]] && continue ;;
            \") [[ $word == *[\\\"\$\`!]* ]] && continue ;;
            *) printf -v word %q "$word" && word=${word//\\,/,} ;;
        esac
        COMPREPLY+=("$word")
    done < <(env _CASJOB_COMPLETE=complete_bash COMP_WORDS="$line" COMP_CWORD=-1 \
        "${1/#\~\//$HOME/}" 2>/dev/null)
    # The options and the command that take a file.
    [[ $line =~ --(ca-bundle|from|output-file|save)[=[:blank:]][^[:blank:]]*$|[[:blank:]]diff[[:blank:]] ]] &&
        compopt -o default 2>/dev/null
    return 0
}

# Recent jobs come newest first; bash before 4.4 sorts them.
complete -o nosort -F _casjob casjob 2>/dev/null ||
    complete -F _casjob casjob
