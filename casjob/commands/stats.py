"""casjob stats: what is normal for a component, by its newest deployments."""

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import count
from typing import TYPE_CHECKING

from casjob.api.pace import Pace
from casjob.background import run_side_by_side
from casjob.errors import (
    AuthenticationError,
    CasjobError,
    ExitStatus,
    JobNotFoundError,
    ReplyError,
    ServiceError,
)
from casjob.formats.display import Presentation
from casjob.job.detail import ComponentName, Window
from casjob.job.failures import clip
from casjob.job.report import Report, report_job
from casjob.job.statistics import Deployed, summarize
from casjob.service import open_service
from casjob.session import Session
from casjob.targets import check_job_id, find_component, list_deployments

if TYPE_CHECKING:
    from casjob.api.jobs import ServiceStage
    from casjob.components import Deployment

JOBS_AT_A_TIME = 8

BURST, RATE = 100.0, 0.33
"""With these, fewer than 200 requests in any 5 minutes, the first hundred at once."""


def run(
    component: str,
    session: Session,
    presentation: Presentation,
    *,
    application: str | None,
    last: int,
) -> ExitStatus:
    """Show what is normal for a component, by so many of its newest deployments."""
    pace = (lambda: None) if session.demo else Pace(burst=BURST, rate=RATE).wait
    with open_service(session, pace=pace) as service:
        named = ComponentName(component, application)
        found = find_component(named, service.components, session)
        history = list_deployments(found, service.components, session)
        if history.deployments is None:
            raise JobNotFoundError(
                "only v3 of the API lists the deployments of a component",
                hint=f"{session.suggest('list')} shows each component's last job",
            )
        if not history.deployments:
            raise JobNotFoundError(f"component {clip(found.label)} has no deployments")
        statistics = summarize(_fetch(history.deployments[:last], found.label, service, session))
    history = history._replace(
        is_complete=history.is_complete and not statistics.notes,
        notes=(*history.notes, *statistics.notes),
    )
    presentation.show(history, statistics, notes=history.notes)
    return ExitStatus.SUCCESS


def _fetch(
    deployments: "Sequence[Deployment]", label: str, source: "ServiceStage", session: Session
) -> Iterator[Deployed]:
    """Yield deployments with their jobs, of which only the next few are fetched ahead."""
    # Checked before the first is fetched: an id becomes a part of a path.
    job_ids = [
        check_job_id(job_id, f"a job of component {clip(label)}")
        for each in deployments
        for job_id in each.job_ids
    ]
    calls = (partial(_fetch_report, job_id, source, session) for job_id in job_ids)
    reports = run_side_by_side(calls, JOBS_AT_A_TIME)
    fetched = count(1)
    errors: list[CasjobError] = []
    has_any = False
    with session.notices.progress(f"fetching the jobs of {label}", "jobs") as progress:

        def take() -> Report | CasjobError:
            nonlocal has_any
            report = next(reports)
            progress.count(next(fetched), len(job_ids))
            if not isinstance(report, CasjobError):
                has_any = True
            elif not isinstance(report, JobNotFoundError):
                errors.append(report)
                # Then it is not this job: the others would take as long, to fail as well.
                if not has_any and len(errors) == JOBS_AT_A_TIME:
                    raise errors[0]
            return report

        for each in deployments:
            jobs = {job_id: take() for job_id in each.job_ids}
            yield Deployed(each.version, jobs, each.began, each.ended)
    if errors and not has_any:
        raise errors[0]


def _fetch_report(job_id: str, source: "ServiceStage", session: Session) -> Report | CasjobError:
    """Fetch a job; return why if that is not possible, which need not be so for the others."""
    try:
        detail = source.fetch_job(job_id, Window())
        report = report_job(detail, catalogue=session.catalogue, requested_job_id=job_id)
        report.refuse_mix_up()
    except (JobNotFoundError, AuthenticationError, ServiceError, ReplyError) as error:
        return error
    return report
