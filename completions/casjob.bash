# casjob's completions for bash; generated from casjob/completion.py.

_casjob() {
    local IFS=$'\n' line=${COMP_LINE:0:COMP_POINT} word=${COMP_WORDS[COMP_CWORD]}
    # After a blank, a new word begins, which is still empty.
    [[ $line == *[[:blank:]] ]] && line+="''"
    # Not COMP_WORDS, which bash also splits at = and :; -1 is the last word of the line.
    COMPREPLY=($(env _CASJOB_COMPLETE=complete_bash COMP_WORDS="$line" COMP_CWORD=-1 \
        "${1/#\~\//$HOME/}" 2>/dev/null))
    # Without = in COMP_WORDBREAKS, bash replaces the whole of --option=value.
    [[ $word == -*=* ]] && COMPREPLY=("${COMPREPLY[@]/#/${word%%=*}=}")
    # The options that take a file.
    [[ $line =~ --(ca-bundle|from|output-file|save)[=[:blank:]][^[:blank:]]*$ ]] && compopt -o default 2>/dev/null
    return 0
}

# Recent jobs come newest first; bash before 4.4 sorts them.
complete -o nosort -F _casjob casjob 2>/dev/null ||
    complete -F _casjob casjob
