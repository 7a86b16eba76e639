"""Which jobs are meant: named, on stdin, of a component, or last viewed; and reports about them."""

import difflib
import re
import shlex
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, TextIO, TypeAlias

from casjob.errors import ComponentNotFoundError, JobNotFoundError, ReplyError, UsageError
from casjob.formats.display import FULL
from casjob.job.detail import JOB_ID, SHORTEST_PREFIX, ComponentName, Window
from casjob.job.report import Report, report_job
from casjob.job.statuses import Outcome
from casjob.job_ids import (
    AROUND_AN_ID,
    STDIN,
    WHOLE_JOB_ID,
    quote_start,
    read_job_id,
    read_job_ids,
    straighten,
)
from casjob.saved import read_saved
from casjob.session import Session

if TYPE_CHECKING:
    from casjob.api.components import Components
    from casjob.api.jobs import ServiceStage
    from casjob.components import Component, ComponentHistory, Listing

_MAX_CANDIDATES = 20
"""Components named where several are meant."""

_WAYS = "give one, as in casjob {} JOB_ID, or a component with --component, or set CASJOB_JOB_ID"

_MAYBE_JOB = re.compile(r"JOB.*|[0-9a-f-]+|.{36,}", re.IGNORECASE)
"""Of names with the characters of an id, those that may be one: JOB and a UUID, or the start."""

Target: TypeAlias = str | ComponentName | None
"""What names a job: its id or a prefix, a component, or nothing."""


def read_target(target: Target, session: Session) -> Target:
    """Return the job that is named, by the command line or by CASJOB_JOB_ID; None if none is."""
    # The variable's job is not in the demo.
    if target is None and not session.demo and (named := session.settings.job_id.value):
        try:
            return read_target(named, session)
        except UsageError as error:
            error.message = f"CASJOB_JOB_ID: {error.message}"
            raise
    if not isinstance(target, str):
        return target
    refuse_other_name(target, session)
    return read_job_id(target)


def read_targets(
    targets: Sequence[str] | ComponentName, stdin: TextIO | None, session: Session
) -> Sequence[Target]:
    """Return the jobs that are named, each once, in their order; one None if nothing names any."""
    if isinstance(targets, ComponentName):
        after = targets.after
        return [targets._replace(after="" if after == "none" else after and read_job_id(after))]
    for each in targets:
        refuse_other_name(each, session)
    return read_job_ids(targets, stdin) if targets else [read_target(None, session)]


def refuse_guess(command: str, targets: Sequence[str] | ComponentName, session: Session) -> None:
    """Refuse to go on where nothing names a job, as where a script's variable is empty."""
    if not targets and read_target(None, session) is None:
        message = f"no job id is given, and {command} does not guess"
        raise UsageError(message, hint=_WAYS.format(command))


def refuse_other_name(text: str, session: Session) -> None:
    """Refuse what names something else than a job, or too little of it."""
    name = straighten(text).strip(AROUND_AN_ID)
    if name == STDIN or WHOLE_JOB_ID.search(name):
        return
    if name.lower().startswith("task-"):
        hint = "a job's id begins with JOB; casjob tasks JOB_ID shows the tasks of a job"
        raise UsageError(f"{quote_start(name)} is the id of a task, not of a job", hint=hint)
    recent = [job.job_id for job in session.recent_jobs()]
    if name in recent:
        return
    begun = [each for each in recent if _begins(name, each)]
    is_other_word = not _MAYBE_JOB.fullmatch(name)
    meant = None
    if name in session.known_components():
        meant = f"--component {shlex.quote(name)}"
    elif not begun and _has_meaning(name, session, is_other_word=is_other_word):
        meant = f"casjob explain {shlex.quote(name)}"
    elif is_other_word and JOB_ID.fullmatch(name):
        meant = f"--component {name}"
    if meant:
        raise UsageError(f"{name} is not a job id: did you mean {meant}?")
    # What begins with JOB may be all of an id.
    is_start = begun or (JOB_ID.fullmatch(name) and not name.upper().startswith("JOB"))
    if name and is_start and len(name) < SHORTEST_PREFIX:
        unknown = f"no recent job begins with {name}: {session.suggest('recent')} lists them"
        raise UsageError(
            f"{name} is too short: a prefix of a job id has at least {SHORTEST_PREFIX} characters",
            hint=f"did you mean {begun[0]}?" if begun else unknown,
        )


def choose_job(
    named: Target, service: "ServiceStage", session: Session, *, sample_first: bool = False
) -> str:
    """Return the id of the job that is meant; write a notice if it was not given in full.

    `named` is what `read_target` returned. `sample_first` prefers the demo's first job to the one
    last viewed there.
    """
    if isinstance(named, ComponentName):
        return choose_last_job(find_component(named, service.components, session), session)
    recent = session.history(service).job_ids()
    if named is not None:
        chosen = complete_id(named, [*recent, *service.sample_job_ids], "recent jobs")
        if chosen != named:
            session.notices.say(f"{chosen} (recent job)")
        return chosen
    if service.sample_job_ids and (sample_first or not recent):
        return service.sample_job_ids[0]
    if not recent:
        raise UsageError(
            "no job id is given, and no job was viewed before in this project",
            hint=f"{_WAYS.format('show')}; the default is the job last viewed",
        )
    session.notices.say(f"{recent[0]} (last viewed)")
    return recent[0]


def complete_id(text: str, known: Sequence[str], what: str = "jobs") -> str:
    """Return the known id that is meant, in any case or by its beginning; the text if none is.

    The text may be a whole id, which need not be known.
    """
    same = [each for each in known if each.upper() == text.upper()]
    is_prefix = len(text) >= SHORTEST_PREFIX and not WHOLE_JOB_ID.fullmatch(text)
    begun = list(dict.fromkeys(each for each in known if is_prefix and _begins(text, each)))
    if len(begun) > 1 and not same:
        message = f"{text} is a prefix of {len(begun)} {what}"
        raise UsageError(message, hint=f"such as {', '.join(begun[:5])}")
    return next(iter(same or begun), text)


def _has_meaning(name: str, session: Session, *, is_other_word: bool) -> bool:
    """Return whether `casjob explain` knows more of a name than a prefix or a team's pattern."""
    known = session.catalogue.explain(name)
    is_code = is_other_word and re.search("[0-9]{3}", name)
    return known is not None and bool(known.means or is_code)


def _begins(prefix: str, job_id: str) -> bool:
    """Return whether an id begins like this, in any case, with or without its `JOB`."""
    return job_id.upper().startswith((prefix.upper(), f"JOB{prefix.upper()}"))


def connect(session: Session) -> AbstractContextManager["ServiceStage"]:
    """Open the service, or the demo; only this loads httpx, which a job in a file does not need."""
    from casjob.service import open_service

    return open_service(session)


def fetch_target(
    target: Target, window: Window, session: Session, *, sample_first: bool = False
) -> tuple[str, Report]:
    """Fetch the job that is meant, as `choose_job` says, and return its id and a report."""
    named = read_target(target, session)
    with connect(session) as service:
        job_id = choose_job(named, service, session, sample_first=sample_first)
        return job_id, fetch_report(service, job_id, window, session)


def fetch_report(service: "ServiceStage", job_id: str, window: Window, session: Session) -> Report:
    """Fetch a job, with progress on stderr, and remember that it was viewed."""
    with session.notices.progress(f"fetching {job_id}") as progress:
        detail = service.fetch_job(job_id, window, on_progress=progress.count)
    history = session.history(service)
    history.record(job_id, name=detail.job.job_name, status=detail.job.execution_status)
    return report_job(detail, window, catalogue=session.catalogue, requested_job_id=job_id)


def read_report(file: str, window: Window, session: Session) -> Report:
    """Read a job from a file or stdin; it needs no settings, and is not recorded as viewed."""
    saved = read_saved(file)
    detail = saved.select(window)
    return report_job(detail, window, catalogue=session.catalogue, missing=saved.missing)


def refuse_service(session: Session, target: Target = None) -> None:
    """Refuse what leads to a job at the service where the job is read from a file."""
    if target is not None:
        name = "--component" if isinstance(target, ComponentName) else "a job id"
        message = f"{name} and --from can't be used together: the file holds one job"
        raise UsageError(message, hint=f"leave out {name.replace('a job', 'the job')}")
    given = [name for name, text in session.given.items() if text is not None]
    options = [f"--{name.replace('_', '-')}" for name in given] + ["--demo"] * session.demo
    if options:
        message = f"{options[0]} can't be used with a file: no request is sent"
        raise UsageError(message, hint=f"leave out {', '.join(options)}")


def suggest_next(job_id: str, report: Report, session: Session, *, is_last: bool = True) -> str:
    """Return the command that tells more than a report does: at least what is folded in it.

    `is_last` means that it is the job last viewed, which need not be named.
    """
    options: list[str] = []
    place, settings = report.detail.place, session.settings
    has_failed = report.outcome is Outcome.FAILED
    if report.outcome is Outcome.RUNNING:
        command = "watch"
    elif has_failed and report.cause and report.cause.is_of_build:
        command = "logs"
    # v2 lists no deployments, of which the good one is to be found.
    elif has_failed and place.good_run_of and settings.api_version.value != "v2":
        return session.suggest("diff", "--component", place.good_run_of)
    else:
        command, options = "show", [FULL]
    is_overruled = not session.demo and settings.job_id.value not in {None, job_id}
    is_implied = is_last and settings.history.value and not is_overruled
    if command == "watch":
        # Elsewhere, it takes none that is not named.
        is_implied = is_implied and session.output.is_terminal
    elif command == "show":
        # In the demo, it takes the first sample job.
        is_implied = is_implied and not session.demo
    named = [] if is_implied else [job_id]
    return session.suggest(command, *named, *options)


def choose_last_job(component: "Component", session: Session) -> str:
    """Return the id of a component's last job, and write a notice of it."""
    job_id = find_last_job(component)
    if job_id is None:
        raise JobNotFoundError(f"component {component.label} has no jobs yet")
    session.notices.say(f"{job_id} (last job of component {component.label})")
    return job_id


def find_component(named: ComponentName, components: "Components", session: Session) -> "Component":
    """Return the one component that is meant."""
    listing = list_components(named.application, components, session)
    found = listing.find(named.name)
    if len(found) == 1:
        return found[0]
    if found:
        candidates = [f"  {_describe_candidate(each)}" for each in found[:_MAX_CANDIDATES]]
        if found[_MAX_CANDIDATES:]:
            candidates.append(f"  and {len(found) - _MAX_CANDIDATES} more")
        are_apart = len({each.application_id for each in found}) > 1
        raise UsageError(
            f"{named.name} is the name or a prefix of {len(found)} components",
            hint=f"give an id{', or --application' if are_apart else ''}",
            steps=tuple(candidates),
        )
    where = f" in application {named.application}" if named.application else ""
    names = {each.name.lower(): each.name for each in listing.components if each.name}
    near = difflib.get_close_matches(named.name.lower(), names, n=1)
    question = f"did you mean {names[near[0]]}? " if near else ""
    if WHOLE_JOB_ID.fullmatch(named.name):
        question = f"it is the id of a job: did you mean {session.suggest('show', named.name)}? "
    raise ComponentNotFoundError(
        f"there is no component {named.name}{where}",
        hint=f"{question}{session.suggest('list')} lists all components",
    )


def list_components(
    application: str | None, components: "Components", session: Session
) -> "Listing":
    """List components with progress on stderr, and remember their names for completions."""
    with session.notices.progress("listing components", "components") as progress:
        listing = components.list_components(application, on_progress=progress.count)
    if application is not None and not listing.total:
        raise ComponentNotFoundError(
            f"there is no component in application {application}",
            hint=f"is its name or id right? {session.suggest('list')} lists all components",
        )
    if application is None:
        session.remember_components(each.name for each in listing.components if each.name)
    return listing


def list_deployments(
    component: "Component", components: "Components", session: Session
) -> "ComponentHistory":
    """List the deployments of a component with progress on stderr."""
    doing = f"listing the jobs of {component.label}"
    with session.notices.progress(doing, "deployments") as progress:
        return components.fetch_history(component, on_progress=progress.count)


def find_last_job(component: "Component") -> str | None:
    """Return the id of a component's last job; None if it has none yet."""
    job_id = component.last_job_id
    return job_id and check_job_id(job_id, f"the last job of component {component.label}")


def check_job_id(job_id: str, named: str) -> str:
    """Return a job id that the service sent, which may become a part of a path."""
    if JOB_ID.fullmatch(job_id):
        return job_id
    raise ReplyError(f"the service sent {quote_start(job_id)} as {named}, which is not a job id")


def _describe_candidate(component: "Component") -> str:
    environment = component.environment_name or component.environment_id
    words = (
        *component.ids[-1:],
        component.label,
        f"in application {component.application_name or '(unknown)'}",
        environment and f"environment {environment}",
    )
    return "  ".join(filter(None, words))
