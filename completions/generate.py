# ruff: noqa: INP001 - it is run, and never imported
"""Writes the completion scripts beside this file, one a shell.

    python completions/generate.py

Each asks the program itself, in the way that Typer's own scripts do, so that commands, options
and values are always those of the program that is completed. They part from Typer's own where
those fail: the first Tab after zsh has loaded the file by itself, `--output=js`, a `:` before the
cursor in bash, and a program that is given by its path.
"""

import sys
from pathlib import Path

PROGRAM = "casjob"

ASK = f"env _{PROGRAM.upper()}_COMPLETE="

BASH = f"""\
# casjob's completions for bash; written by completions/generate.py.

_casjob() {{
    local IFS=$'\\n' line=${{COMP_LINE:0:COMP_POINT}} word=${{COMP_WORDS[COMP_CWORD]}}
    # After a blank a new word begins, which is still empty.
    [[ $line == *[[:blank:]] ]] && line+="''"
    # Not COMP_WORDS, which bash has parted at = and : too; of the line, the last word is meant.
    COMPREPLY=($({ASK}complete_bash COMP_WORDS="$line" COMP_CWORD=-1 \\
        "${{1/#\\~\\//$HOME/}}" 2>/dev/null))
    # Where COMP_WORDBREAKS has no =, it is the whole of --option=value that is replaced.
    [[ $word == -*=* ]] && COMPREPLY=("${{COMPREPLY[@]/#/${{word%%=*}}=}}")
    # The one option that takes a file.
    [[ $line =~ --ca-bundle[=[:blank:]][^[:blank:]]*$ ]] && compopt -o default 2>/dev/null
    return 0
}}

# Recent jobs come newest first, which bash before 4.4 can't keep.
complete -o nosort -F _casjob {PROGRAM} 2>/dev/null ||
    complete -F _casjob {PROGRAM}
"""

ZSH = f"""\
#compdef {PROGRAM}
# casjob's completions for zsh; written by completions/generate.py.

_casjob() {{
    local line program=${{~${{(Q)words[1]}}}}
    local -a found
    # The one option that takes a file.
    local file=${{(M)words[CURRENT-1]:#--ca-bundle}}${{(M)words[CURRENT]:#--ca-bundle=*}}
    for line in ${{(f)"$({ASK}complete_fish _TYPER_COMPLETE_FISH_ACTION=get-args \\
        _TYPER_COMPLETE_ARGS="${{(j: :)words[1,CURRENT-1]}} $PREFIX" $program 2>/dev/null)"}}; do
        # From "value<Tab>help" to what _describe reads.
        found+=("${{${{line//:/\\\\:}}/$'\\t'/:}}")
    done
    [[ $PREFIX == -*=* ]] && compset -P 1 '*='
    if (( $#found )); then
        _describe -V {PROGRAM} found
    elif [[ -n $file ]]; then
        _files
    fi
}}

# Loaded by itself, this file is the function's body at the first Tab; sourced, it is not.
if [[ $funcstack[1] == _casjob ]]; then
    _casjob "$@"
else
    compdef _casjob {PROGRAM}
fi
"""

FISH = f"""\
# casjob's completions for fish; written by completions/generate.py.

function __casjob_complete
    set -l program (string replace --regex '^~(?=/)' -- $HOME (commandline -opc)[1])
    set -l found ({ASK}complete_fish _TYPER_COMPLETE_FISH_ACTION=get-args \\
        _TYPER_COMPLETE_ARGS=(commandline -cp) $program 2>/dev/null | string match --regex '.+')
    # Of --option=value it is the whole that is replaced.
    set -l word (commandline -ct)
    set -l option (string match --regex -- '^-[^=]*=' $word; or echo)
    # The one option that takes a file.
    if string match --quiet --regex -- '--ca-bundle[ =]\\S*$' (commandline -cp)
        # What fish itself completes for a command that it does not know: files.
        set found (complete --do-complete "'' "(string replace -- $option '' $word))
    end
    string join \\n -- $option$found
end

complete --command {PROGRAM} --no-files --keep-order --arguments '(__casjob_complete)'
"""

SCRIPTS = {"casjob.bash": BASH, "_casjob": ZSH, "casjob.fish": FISH}
"""Each script by the name that its shell looks for."""


def main(folder: Path) -> None:
    """Write the scripts into a folder."""
    for name, script in SCRIPTS.items():
        (folder / name).write_text(script, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
