"""Completion of command lines: the scripts for the shells, and the values they offer.

The scripts are in the folder `completions`. Each runs the program itself, as Typer's own do, so
that commands, options and values are those of the installed version. They replace Typer's, which
fail at: the first Tab after zsh has autoloaded the script, `--output=js`, a `:` before the cursor
in bash, and a program given by its path. Names come from the service, so that each stays one word,
whatever is in it: zsh and fish quote what they insert, for bash the script does.

Values are completed without any request. The shell waits at every Tab, so each function loads only
what it needs.
"""

import os
from collections.abc import Iterable, Mapping
from enum import StrEnum
from pathlib import Path

import typer

from casjob.errors import CasjobError


class Shell(StrEnum):
    """A shell that can complete casjob's command lines."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


SCRIPTS = Path(__file__).parent / "completions"
_NAMES = {Shell.BASH: "casjob.bash", Shell.ZSH: "_casjob", Shell.FISH: "casjob.fish"}


def read_script(shell: Shell) -> str:
    """Return what a shell sources, or autoloads."""
    return (SCRIPTS / _NAMES[shell]).read_text(encoding="utf-8")


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
    from casjob.settings.resolve import resolve_settings
    from casjob.storage import history_folder, recent_jobs, span_locations

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
    from casjob.session import Session
    from casjob.settings.resolve import Settings
    from casjob.streams import Notices, Output

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
