"""From a job's name to a report about it."""

from typing import NamedTuple

from casjob.demo import SAMPLE_JOBS
from casjob.errors import JobNotFoundError
from casjob.job.report import Report, report_job
from casjob.job.source import Window
from casjob.service import open_service
from casjob.session import Session
from casjob.targets import choose_job, find_named_job


class Fetched(NamedTuple):
    """A job that was asked for, and what the service said of it."""

    job_id: str
    report: Report


def fetch_report(job_id: str | None, window: Window, session: Session) -> Fetched:
    """Choose the job, fetch it, remember it, and say what it means.

    Args:
        job_id: the argument, if there is one.
        window: which of its tasks to fetch.
        session: the settings and all else.

    Raises:
        CasjobError: what went wrong, as the exit status tells.
    """
    settings = session.settings()
    named = find_named_job(job_id, settings, session)
    with open_service(session, settings) as service:
        history = session.history(service.endpoint, service.project_id)
        chosen = choose_job(named, session, history)
        with session.notices.progress(f"fetching {chosen}") as progress:
            try:
                detail = service.fetch_job(chosen, window, on_progress=progress.count)
            except JobNotFoundError as error:
                if session.demo:
                    error.hint = f"the demo has {', '.join(SAMPLE_JOBS)}"
                raise
    history.record(chosen, name=detail.job.job_name, status=detail.job.execution_status)
    report = report_job(detail, is_whole=window.is_whole, is_desc=window.desc, asked_job_id=chosen)
    return Fetched(chosen, report)
