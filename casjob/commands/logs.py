"""casjob logs: the log of the build that ran within a job."""

import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from casjob import process
from casjob.builds.log_text import LineReader, clean
from casjob.errors import (
    BuildNotFoundError,
    CasjobError,
    ComponentNotFoundError,
    ExitStatus,
    JobNotFoundError,
    NoSuchApiError,
    UsageError,
)
from casjob.follow.job import Plan, grow
from casjob.follow.notices import FollowNotices
from casjob.follow.start import LookUp
from casjob.formats.display import Presentation
from casjob.formats.text.phrases import format_elapsed, format_moment
from casjob.job.detail import JOB_ID, ComponentName, Window
from casjob.job.failures import clip
from casjob.job.report import Report
from casjob.job.statuses import Outcome
from casjob.session import Session
from casjob.targets import (
    Target,
    choose_job,
    choose_last_job,
    connect,
    fetch_report,
    find_component,
    list_components,
    list_deployments,
    read_target,
)

if TYPE_CHECKING:
    from casjob.api.components import Components
    from casjob.api.jobs import ServiceStage
    from casjob.builds.log_text import LogReader, Phase
    from casjob.builds.models import Build
    from casjob.components import Component, Listing
    from casjob.job.models import Job

_COMMENT = 72
"""Characters of the comment on a commit that are shown."""
_SHORT_ID = 10
"""Characters of a commit's id that are shown; git shows 7 to 12."""


class Selection(NamedTuple):
    """What the command line says.

    Args:
        component: that of the job; without a job, its last one is meant.
        build_id: this build, whatever job it ran within.
        tail: only so many of the last lines.
    """

    job_id: str | None
    component: ComponentName | None
    build_id: str | None
    tail: int | None
    follow: bool
    utc: bool


class _Job(NamedTuple):
    """A job, and the component that it belongs to."""

    job_id: str
    report: Report
    component: "Component"


class _Found(NamedTuple):
    """A build; unless it was named itself, also the job within which it ran, maybe with others."""

    build_id: str
    build: "Build"
    job: _Job | None = None
    others: "Sequence[tuple[str, Build]]" = ()


def run(selected: Selection, session: Session, presentation: Presentation) -> ExitStatus:
    """Show the log of a build, or follow it until the build ends."""
    target = _read_target(selected, session)
    with connect(session) as service:
        found = _find(target, selected, service, session)
        reader = service.builds.open_log(found.build_id)
        if selected.follow:
            build = _follow(found, reader, service, selected, session, presentation)
        else:
            build = _show(found, reader, selected, session, presentation)
        job = found.job
        if job and job.report.outcome is Outcome.FAILED and build.outcome is Outcome.SUCCEEDED:
            told = BuildNotFoundError(f"{build.label} succeeded, but its job failed")
            session.notices.explain(_add_failure(told, job, service))
    if reader.problem:
        message = f"could not read the rest of the log: {reader.problem}"
        raise BuildNotFoundError(message, hint="see the whole log in the console")
    # Where the reader of stdout has gone before the end, nobody asks.
    is_over = selected.follow and build.has_ended
    has_failed = is_over and build.outcome is not Outcome.SUCCEEDED
    return ExitStatus.FAILED if has_failed else ExitStatus.SUCCESS


def _read_target(selected: Selection, session: Session) -> Target:
    """Return the job that is meant, or the component, before anything is sent."""
    job_id, component, build_id = selected[:3]
    if build_id is None:
        return component if component and not job_id else read_target(job_id, session)
    if job_id or component:
        named = "a job id" if job_id else "--component"
        raise UsageError(
            f"{named} and --build can't be used together", hint="leave out one of them"
        )
    if not JOB_ID.fullmatch(build_id):
        raise UsageError(f"{build_id!r} is not the id of a build")
    return None


def _find(target: Target, selected: Selection, service: "ServiceStage", session: Session) -> _Found:
    """Return the build that is meant, with its job if it is found by that.

    Raises:
        BuildNotFoundError: no build is; where its job failed, the error says where that was.
    """
    # With what it takes to read a build, which a wrong job id does not need.
    from casjob.builds.choice import find_builds

    if selected.build_id is not None:
        return _Found(selected.build_id, service.builds.fetch_build(selected.build_id))
    component = None
    if selected.component:
        component = find_component(selected.component, service.components, session)
    if component and isinstance(target, ComponentName):
        job_id = choose_last_job(component, session)
    else:
        job_id = choose_job(target, service, session)
    report = fetch_report(service, job_id, Window(), session)
    if component is None:
        component = _find_owner(job_id, report.job, service.components, session)
    else:
        _check_owner(job_id, report.job, component, service.components, session)
    job = _Job(job_id, report, component)
    try:
        with session.notices.progress("looking for the build"):
            (build_id, build), *others = find_builds(
                component.label, job_id, report, service.builds, session.suggest
            )
    except BuildNotFoundError as error:
        raise _add_failure(error, job, service) from None
    return _Found(build_id, build, job, others)


def _find_owner(job_id: str, job: "Job", components: "Components", session: Session) -> "Component":
    """Return the component that a job belongs to: it is its last one, or names its instance."""
    instance_id = job.service_instance_id or "unknown"

    def find(listing: "Listing") -> list["Component"]:
        return [
            each
            for each in listing.components
            if each.last_job_id == job_id or each.instance_id == instance_id
        ]

    found = find(list_components(None, components, session))
    if not found and job.service_instance_id:
        progress = session.notices.progress("listing instances", "instances")
        # Where there is no v2, nothing lists them.
        with progress as shown, suppress(NoSuchApiError):
            found = find(components.list_instances(on_progress=shown.count))
    if len(found) != 1:
        raise ComponentNotFoundError(
            f"can't find out which component job {job_id} belongs to",
            hint="name the component with --component",
        )
    return found[0]


def _check_owner(
    job_id: str, job: "Job", component: "Component", components: "Components", session: Session
) -> None:
    """Refuse a job that is known not to belong to a component."""
    if job_id == component.last_job_id:
        return
    instance_ids = (job.service_instance_id, component.instance_id)
    if all(instance_ids):
        is_own = instance_ids[0] == instance_ids[1]
    else:
        is_own = True
        # It only guards against a mistake.
        with suppress(CasjobError):
            history = list_deployments(component, components, session)
            job_ids = history.job_ids if history.is_complete else []
            is_own = not job_ids or job_id in job_ids
    if not is_own:
        raise JobNotFoundError(
            f"{job_id} is not a job of component {component.label}",
            hint="leave out --component to use that of the job;"
            f" {session.suggest('list', component.label)} shows the jobs of {component.label}",
        )


def _add_failure(
    error: BuildNotFoundError, job: _Job, service: "ServiceStage"
) -> BuildNotFoundError:
    """Add to an error where the job failed, if it did, since there is no failed build to show."""
    component = job.component
    # Its details only help.
    with suppress(CasjobError):
        component = service.components.fetch_component(component)
    if component.is_from_image:
        error.hint = "it is deployed from an image, which is built elsewhere"
    cause = job.report.cause
    if job.report.outcome is Outcome.FAILED and cause:
        phase = f" in phase {cause.phase}," if cause.phase else ""
        error.steps += (f"  job {job.job_id} failed{phase} at {cause.name}",)
        if not cause.is_of_build and (events := component.events_command):
            error.steps += (f"  {events}",)
    return error


def _show(
    found: _Found,
    reader: "LogReader",
    selected: Selection,
    session: Session,
    presentation: Presentation,
) -> "Build":
    """Present the log as far as it is written, and return the build."""
    from casjob.builds.models import BuildLog

    build = found.build
    with session.notices.progress("reading the log"):
        text = reader.read(is_final=build.has_ended)
    lines = clean(text)
    component = found.job.component.label if found.job else build.job_name
    job_id = found.job and found.job.job_id
    log = BuildLog(job_id, component, build, reader.phases, lines, selected.tail)
    _introduce(found, reader.phases, selected, session)
    if not lines and not reader.problem:
        follow = session.suggest("logs", "--build", found.build_id, "--follow")
        hint = (
            "the console may show more"
            if build.has_ended
            else f"the build is still running: {follow}"
        )
        raise BuildNotFoundError(f"the log of {build.label} is empty", hint=hint)
    if log.first_shown:
        session.notices.say(f"the last {len(lines) - log.first_shown} of {len(lines)} lines")
    presentation.show(log._replace(rows_above=session.notices.height))
    if not build.has_ended:
        session.notices.say("the build is still running; use --follow to follow it")
    return build


def _follow(
    found: _Found,
    reader: "LogReader",
    service: "ServiceStage",
    selected: Selection,
    session: Session,
    presentation: Presentation,
) -> "Build":
    """Present the log as it is written, until the build ends, and return how that ended."""
    process.run_long()
    build, tail, interval = found.build, selected.tail, 0.0
    lines = LineReader()
    fetch_build = partial(service.builds.fetch_build, found.build_id)
    ask = partial(LookUp(Plan(), FollowNotices(session.notices)), "the build")
    _introduce(found, (), selected, session)
    try:
        is_over = False
        while not is_over:
            # What came is shown at once, and after it failures are no longer in a row.
            read = partial(reader.read, is_final=build.has_ended, in_part=True)
            text = ask(read, is_seen=True)
            # Once the build has ended, its log is read to the end.
            is_over = bool(reader.problem) or (build.has_ended and not text)
            written = lines.read(text, is_last=is_over)
            if not presentation.show_lines(written[-tail:] if tail else written):
                # The reader of stdout has gone.
                return build
            tail = None if written else tail
            if not text:
                build = ask(fetch_build, is_seen=True)
            if not build.has_ended:
                # While text comes, the build goes on, and need not be asked for.
                interval = grow(0.0 if text else interval)
                time.sleep(interval)
    except process.Terminated:
        session.notices.say("stopped following; the build is still running", after_signal=True)
        raise
    session.notices.say(next(_describe(build, reader.phases, utc=selected.utc)))
    return build


def _introduce(
    found: _Found, phases: "Sequence[Phase]", selected: Selection, session: Session
) -> None:
    """Say whose log it is, and which other builds ran within the job."""
    for line in _describe(found.build, phases, utc=selected.utc):
        session.notices.say(line)
    for build_id, build in found.others:
        state = clip(build.build_state or "(no state)")
        command = session.suggest("logs", "--build", build_id)
        session.notices.say(f"{build.label}, {state}, ran within the job too: {command}")


def _describe(build: "Build", phases: "Sequence[Phase]", *, utc: bool) -> Iterator[str]:
    """Yield what is built and how that went, and of what it is built since when."""
    from casjob.builds.models import find_failed_phase

    of = f" of component {build.job_name}" if build.job_name else ""
    after = (
        "" if build.elapsed_seconds is None else f" after {format_elapsed(build.elapsed_seconds)}"
    )
    failed_phase = find_failed_phase(phases)
    phase = f", in phase {clip(failed_phase)}" if failed_phase else ""
    named = f" ({clip(build.build_id)})" if build.build_id and build.index is not None else ""
    yield f"{build.label}{named}{of}: {clip(build.build_state or '(no state)')}{after}{phase}"
    comment = (build.commit_comment or "").strip().partition("\n")[0]
    shown = comment if len(comment) <= _COMMENT else f"{comment[:_COMMENT]}…"
    facts = (
        build.branch and f"branch {clip(build.branch)}",
        build.commit_id and f"commit {clip(build.commit_id[:_SHORT_ID])} {shown}".rstrip(),
        f"started {format_moment(build.started, utc=utc)}" if build.started else None,
    )
    yield ", ".join(filter(None, facts)) or "branch, commit and start time unknown"
