"""Completion of command lines: the scripts for bash, zsh and fish, and the values they offer.

Each script runs the program itself, as Typer's own scripts do, so that commands, options and values
are always those of the installed version. They replace Typer's own, which fail at: the first Tab
after zsh has autoloaded the script, `--output=js`, a `:` before the cursor in bash, and a program
given by its path. Names come from the service, so that each stays one word, whatever is in it: zsh
and fish quote what they insert, for bash the script does.

Values are completed without any request. The shell waits at every Tab, so each function loads only
what it needs.
"""

import os
from collections.abc import Iterable, Mapping
from enum import StrEnum

import typer

from casjob.errors import CasjobError

PROGRAM = "casjob"
FILE_OPTIONS = "--(ca-bundle|from|output-file|save)"
ASK = f"env _{PROGRAM.upper()}_COMPLETE="
BEFORE_BASH = (
    # Whole words, in which what is quoted may hold blanks; the begun word; an opening quote.
    r"""^(([^\"'`]|\\.|'[^']*'|"([^\"`]|\\.)*")*[[:blank:]])?"""
    r"""(([^[:blank:]\"'`]|\\.)*)(["']?)$"""
).replace("'", r"'\''")


class Shell(StrEnum):
    """A shell that can complete casjob's command lines."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


BASH = f"""\
# casjob's completions for bash; generated from casjob/completion.py.

_casjob() {{
    local line=${{COMP_LINE:0:COMP_POINT}} kept quote option word
    COMPREPLY=()
    # bash replaces $2. Of the word, an option, a profile's `name:` or an opening quote may stand
    # before it. Where that can not be told apart, as after a backquote, nothing is offered.
    local before='{BEFORE_BASH}'
    [[ ${{line%"$2"}} =~ $before ]] || return 0
    kept=${{BASH_REMATCH[4]//\\\\}} quote=${{BASH_REMATCH[6]}}
    [[ $kept$2 == -*=* ]] && option=$kept$2 option=${{option%%=*}}=
    # A new word begins, which is still empty.
    [[ -z $kept$quote$2 ]] && line+="''"
    # Not COMP_WORDS, which bash also splits at = and :; -1 is the last word of the line.
    while IFS= read -r word; do
        [[ -n $word && $option$word == "$kept"* ]] || continue
        word=$option$word word=${{word#"$kept"}}
        case $quote in
            # In quotes, only words that can stand there as they are.
            \\') [[ $word == *\\'* ]] && continue ;;
            \\") [[ $word == *[\\\\\\"\\$\\`!]* ]] && continue ;;
            *) printf -v word %q "$word" && word=${{word//\\\\,/,}} ;;
        esac
        COMPREPLY+=("$word")
    done < <({ASK}complete_bash COMP_WORDS="$line" COMP_CWORD=-1 \\
        "${{1/#\\~\\//$HOME/}}" 2>/dev/null)
    # The options that take a file.
    [[ $line =~ {FILE_OPTIONS}[=[:blank:]][^[:blank:]]*$ ]] && compopt -o default 2>/dev/null
    return 0
}}

# Recent jobs come newest first; bash before 4.4 sorts them.
complete -o nosort -F _casjob {PROGRAM} 2>/dev/null ||
    complete -F _casjob {PROGRAM}
"""

ZSH = f"""\
#compdef {PROGRAM}
# casjob's completions for zsh; generated from casjob/completion.py.

_casjob() {{
    local line program=${{~${{(Q)words[1]}}}}
    # With its quote closed, and the '' after it, a blank at its end belongs to the word.
    local begun="$QIPREFIX$PREFIX${{compstate[quote]}}''"
    local -a found
    # The options that take a file.
    local file=${{(M)words[CURRENT-1]:#{FILE_OPTIONS}}}${{(M)words[CURRENT]:#{FILE_OPTIONS}=*}}
    for line in ${{(f)"$({ASK}complete_fish _TYPER_COMPLETE_FISH_ACTION=get-args \\
        _TYPER_COMPLETE_ARGS="${{(j: :)words[1,CURRENT-1]}} $begun" $program 2>/dev/null)"}}; do
        # From "value<Tab>help" to what _describe reads, which quotes what it inserts.
        line=${{line//\\\\/\\\\\\\\}}
        found+=("${{${{line//:/\\\\:}}/$'\\t'/:}}")
    done
    [[ $PREFIX == -*=* ]] && compset -P 1 '*='
    if (( $#found )); then
        _describe -V {PROGRAM} found
    elif [[ -n $file ]]; then
        _files
    fi
}}

# Autoloaded, this file is the body of the function at the first Tab; sourced, it is not.
if [[ $funcstack[1] == _casjob ]]; then
    _casjob "$@"
else
    compdef _casjob {PROGRAM}
fi
"""

FISH = f"""\
# casjob's completions for fish; generated from casjob/completion.py.

function __casjob_complete
    set -l program (string replace --regex '^~(?=/)' -- $HOME (commandline -opc)[1])
    set -l line (commandline -cp)
    # A blank at the end would begin a new word; fish itself drops what does not fit the blank.
    string length --quiet -- (commandline -ct); and set line (string trim --right -- $line)
    # fish quotes what it inserts, except for a ~ at the start, which it would replace.
    set -l found ({ASK}complete_fish _TYPER_COMPLETE_FISH_ACTION=get-args \\
        _TYPER_COMPLETE_ARGS="$line" $program 2>/dev/null | string match --regex '^[^~].*')
    # fish replaces the whole of --option=value.
    set -l word (commandline -ct)
    set -l option (string match --regex -- '^-[^=]*=' $word; or echo)
    # The options that take a file.
    if string match --quiet --regex -- '{FILE_OPTIONS}[ =]\\S*$' (commandline -cp)
        # For an unknown command, fish itself completes files.
        set found (complete --do-complete "'' "(string replace -- $option '' $word))
    end
    string join \\n -- $option$found
end

complete --command {PROGRAM} --no-files --keep-order --arguments '(__casjob_complete)'
"""

SCRIPTS = {Shell.BASH: BASH, Shell.ZSH: ZSH, Shell.FISH: FISH}
"""What each shell sources, or autoloads."""


def complete_job_id(context: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Return the jobs in the history, each with a description; after `--demo`, the demo's jobs."""
    if context.params.get("demo"):
        from casjob.demo.jobs import SAMPLE_JOBS

        jobs = SAMPLE_JOBS
    else:
        jobs = _describe_recent()
    return [(job_id, about) for job_id, about in jobs.items() if job_id.startswith(incomplete)]


def _describe_recent() -> Mapping[str, str]:
    from datetime import UTC, datetime

    from casjob.durations import format_age
    from casjob.history import history_folder, recent_jobs, span_locations
    from casjob.settings.resolve import resolve_settings

    try:
        is_kept = resolve_settings({}, os.environ, is_lenient=True).history.value
    except CasjobError:
        return {}
    now = datetime.now(UTC)
    described = {}
    jobs = recent_jobs(history_folder(os.environ) if is_kept else None)
    is_located = span_locations(jobs)
    for job in jobs:
        age = f"{format_age((now - job.viewed_at).total_seconds())} ago"
        location = job.location if is_located else None
        described[job.job_id] = ", ".join(filter(None, (job.name, job.status, age, location)))
    return described


def complete_component(context: typer.Context, incomplete: str) -> list[str]:
    """Return the components listed before in the same project."""
    from casjob.notices import Notices
    from casjob.output import Output
    from casjob.session import Session
    from casjob.settings.resolve import Settings

    given = {name: text for name, text in context.params.items() if name in Settings._fields}
    session = Session(
        given=given,
        demo=bool(context.params.get("demo")),
        verbose=False,
        environ=os.environ,
        notices=Notices(None),
        output=Output(None),
    )
    return _offer(session.known_components(), incomplete)


def complete_profile(incomplete: str) -> list[str]:
    """Return the profiles in casjob's own file."""
    from casjob.settings.sources import find_profile_names

    return _offer(find_profile_names(os.environ), incomplete)


def complete_region(incomplete: str) -> list[str]:
    """Return the known regions; there may be others."""
    from casjob.settings.regions import KNOWN_REGIONS

    return _offer(KNOWN_REGIONS, incomplete)


def _offer(names: Iterable[str], incomplete: str) -> list[str]:
    """Return the names that begin so and can be typed.

    A name that begins with `-` would be taken for an option. The shells read a name per line, with
    a description after a tab, so that names with control characters are left out too.
    """
    return [
        name
        for name in names
        if name.startswith(incomplete) and name.isprintable() and not name.startswith("-")
    ]


def complete_status(incomplete: str) -> list[str]:
    """Return the known status words, also after a comma; the service may send others."""
    from casjob.job.statuses import STATUS_WORDS

    before, comma, begun = incomplete.rpartition(",")
    words = map(str.lower, STATUS_WORDS) if begun.islower() else STATUS_WORDS
    return [f"{before}{comma}{word}" for word in words if word.startswith(begun)]


def complete_name(incomplete: str) -> list[str]:
    """Return the names that casjob can explain, in the case in which they are typed."""
    from casjob.catalogue.meanings import Catalogue

    names = Catalogue().names()
    if incomplete.islower():
        names = map(str.lower, names)
    return [name for name in names if name.startswith(incomplete)]
