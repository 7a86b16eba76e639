"""From a job's id to a report about it."""

from typing import assert_never

from casjob.job.report import Report, report_job
from casjob.job.source import JobSource, Window
from casjob.job.statuses import Outcome
from casjob.session import Session


def fetch_report(source: JobSource, job_id: str, window: Window, session: Session) -> Report:
    """Fetch a job, with progress on stderr, and remember that it was looked at.

    Args:
        source: where the job is.
        job_id: the job.
        window: which of its tasks to fetch.
        session: has the history, and stderr.

    Raises:
        CasjobError: the job could not be fetched.
    """
    with session.notices.progress(f"fetching {job_id}") as progress:
        detail = source.fetch_job(job_id, window, on_progress=progress.count)
    history = session.history(source.endpoint, source.project_id)
    history.record(job_id, name=detail.job.job_name, status=detail.job.execution_status)
    return report_job(detail, window, requested_job_id=job_id)


def suggest_next(job_id: str, outcome: Outcome, session: Session) -> str:
    """Return the command that most people want after a report."""
    match outcome:
        case Outcome.FAILED:
            words = ["tasks", job_id, "--failed", "--json"]
        case Outcome.RUNNING:
            words = ["watch", job_id]
        case Outcome.SUCCEEDED | Outcome.UNKNOWN:
            words = ["tasks", job_id, "--json"]
        case _:
            assert_never(outcome)
    return session.suggest(*words)
