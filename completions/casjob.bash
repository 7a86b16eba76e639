# casjob's completions for bash; written by completions/generate.py.

_casjob() {
    local IFS=$'\n' line=${COMP_LINE:0:COMP_POINT} word=${COMP_WORDS[COMP_CWORD]}
    # After a blank a new word begins, which is still empty.
    [[ $line == *[[:blank:]] ]] && line+="''"
    # Not COMP_WORDS, which bash has parted at = and : too; of the line, the last word is meant.
    COMPREPLY=($(env _CASJOB_COMPLETE=complete_bash COMP_WORDS="$line" COMP_CWORD=-1 \
        "${1/#\~\//$HOME/}" 2>/dev/null))
    # Where COMP_WORDBREAKS has no =, it is the whole of --option=value that is replaced.
    [[ $word == -*=* ]] && COMPREPLY=("${COMPREPLY[@]/#/${word%%=*}=}")
    # The one option that takes a file.
    [[ $line =~ --ca-bundle[=[:blank:]][^[:blank:]]*$ ]] && compopt -o default 2>/dev/null
    return 0
}

# Recent jobs come newest first, which bash before 4.4 can't keep.
complete -o nosort -F _casjob casjob 2>/dev/null ||
    complete -F _casjob casjob
