# casjob's completions for fish; written by completions/generate.py.

function __casjob_complete
    set -l program (string replace --regex '^~(?=/)' -- $HOME (commandline -opc)[1])
    set -l found (env _CASJOB_COMPLETE=complete_fish _TYPER_COMPLETE_FISH_ACTION=get-args \
        _TYPER_COMPLETE_ARGS=(commandline -cp) $program 2>/dev/null | string match --regex '.+')
    # Of --option=value it is the whole that is replaced.
    set -l word (commandline -ct)
    set -l option (string match --regex -- '^-[^=]*=' $word; or echo)
    # The one option that takes a file.
    if string match --quiet --regex -- '--ca-bundle[ =]\S*$' (commandline -cp)
        # What fish itself completes for a command that it does not know: files.
        set found (complete --do-complete "'' "(string replace -- $option '' $word))
    end
    string join \n -- $option$found
end

complete --command casjob --no-files --keep-order --arguments '(__casjob_complete)'
