"""casjob diff: what differs between two runs of a job."""

from contextlib import nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from casjob.errors import ExitStatus, JobNotFoundError, UsageError
from casjob.formats.display import Presentation
from casjob.job.detail import JOB_ID, ComponentName, Window
from casjob.job.difference import compare
from casjob.job.report import Report
from casjob.job.statuses import Outcome, stage_of
from casjob.job_ids import read_job_id
from casjob.saved import STDIN
from casjob.session import Session
from casjob.targets import (
    choose_job,
    connect,
    fetch_report,
    find_component,
    list_deployments,
    read_report,
    refuse_other_name,
    refuse_service,
)

if TYPE_CHECKING:
    from casjob.api.jobs import ServiceStage
    from casjob.components import Component

_MOST_JOBS = 20
"""Jobs of a component that are searched for one that failed and one that succeeded."""


def run(
    base: str | None, target: str | None, session: Session, presentation: Presentation
) -> ExitStatus:
    """Compare two runs, each named by a job's id or by the file it is in; `-` is stdin."""
    if base is None or target is None:
        if base is not None and not is_file(base):
            refuse_other_name(base, session)
        raise UsageError("diff compares two jobs", hint="name both, or use --component")
    if base == target == STDIN:
        raise UsageError("stdin holds one job, not two", hint="name a file or an id for the other")
    # Both are read before anything is sent.
    job_ids = {each: _read_id(each, session) for each in (base, target) if not is_file(each)}
    if not job_ids:
        refuse_service(session)
    with connect(session) if job_ids else nullcontext() as service:
        base_report, report = (
            fetch_report(service, choose_job(job_ids[each], service, session), Window(), session)
            if service and each in job_ids
            else read_report(each, Window(), session)
            for each in (base, target)
        )
    return _present(base_report, report, presentation)


def run_component(named: ComponentName, session: Session, presentation: Presentation) -> ExitStatus:
    """Compare a component's last job that failed with its last that succeeded."""
    with connect(session) as service:
        component = find_component(named, service.components, session)
        good, bad = (
            fetch_report(service, job_id, Window(), session)
            for job_id in _find_runs(component, named, service, session)
        )
    return _present(good, bad, presentation, ("GOOD", "BAD"))


def is_file(target: str) -> bool:
    """Return whether a job is in a file, which may be a pipe, rather than at the service."""
    with suppress(OSError):
        return target == STDIN or (Path(target).exists() and not Path(target).is_dir())
    return False


def _read_id(target: str, session: Session) -> str:
    refuse_other_name(target, session)
    try:
        return read_job_id(target)
    except UsageError as error:
        raise UsageError(
            f"{error.message}, and there is no such file",
            hint="casjob show JOB_ID --save FILE writes one",
        ) from None


def _find_runs(
    component: "Component", named: ComponentName, service: "ServiceStage", session: Session
) -> tuple[str, str]:
    """Return a component's last job that succeeded, and its last that failed."""
    history = list_deployments(component, service.components, session)
    if history.deployments is None:
        raise JobNotFoundError(
            "only v3 of the API lists the deployments of a component",
            hint="name both jobs, as in casjob diff GOOD_JOB_ID BAD_JOB_ID",
        )
    job_ids = history.job_ids
    found: dict[Outcome, str] = {}
    with session.notices.progress(f"fetching the jobs of {component.label}", "jobs") as progress:
        for number, job_id in enumerate(filter(JOB_ID.fullmatch, job_ids[:_MOST_JOBS])):
            progress.count(number, len(job_ids[:_MOST_JOBS]))
            with suppress(JobNotFoundError):
                # Its status is enough: with one task, it takes one short response.
                detail = service.fetch_job(job_id, Window(limit=1))
                found.setdefault(stage_of(detail.job.execution_status).outcome, job_id)
            if {Outcome.SUCCEEDED, Outcome.FAILED} <= found.keys():
                return found[Outcome.SUCCEEDED], found[Outcome.FAILED]
    missing = " or ".join(each for each in (Outcome.SUCCEEDED, Outcome.FAILED) if each not in found)
    searched = f" among its last {_MOST_JOBS}" if job_ids[_MOST_JOBS:] else ""
    raise JobNotFoundError(
        f"component {component.label} has no job that {missing}{searched}",
        hint=f"{session.suggest('list', *named.words)} shows them",
    )


def _present(
    base: Report,
    job: Report,
    presentation: Presentation,
    names: tuple[str, str] = ("BASE", "JOB"),
) -> ExitStatus:
    base.refuse_mix_up()
    job.refuse_mix_up()
    difference = compare(base, job, names)
    presentation.show(difference, notes=difference.notes)
    if difference.is_alike is None:
        return ExitStatus.NOT_UNDERSTOOD
    return ExitStatus.SUCCESS if difference.is_alike else ExitStatus.FAILED
