# casjob's completions for fish.

function __casjob_complete
    set -l program (string replace --regex '^~(?=/)' -- $HOME (commandline -opc)[1])
    set -l line (commandline -cp)
    # A blank at the end would begin a new word; fish itself drops what does not fit the blank.
    string length --quiet -- (commandline -ct); and set line (string trim --right -- $line)
    # fish quotes what it inserts, except for a ~ at the start, which it would replace.
    set -l found (env _CASJOB_COMPLETE=complete_fish _TYPER_COMPLETE_FISH_ACTION=get-args \
        _TYPER_COMPLETE_ARGS="$line" $program 2>/dev/null | string match --regex '^[^~].*')
    # fish replaces the whole of --option=value.
    set -l word (commandline -ct)
    set -l option (string match --regex -- '^-[^=]*=' $word; or echo)
    # The options that take a file, and a command where no job fits.
    set -l takes '--(ca-bundle|from|output-file|save)[ =]\S*$'
    test -z "$found"; and set takes "$takes|^\S+ +diff "
    if string match --quiet --regex -- $takes (commandline -cp)
        # For an unknown command, fish itself completes files.
        set found (complete --do-complete "'' "(string replace -- $option '' $word))
    end
    string join \n -- $option$found
end

complete --command casjob --no-files --keep-order --arguments '(__casjob_complete)'
