"""From a job's id to a report about it."""

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


def suggest_next(
    job_id: str, report: Report, session: Session, *, is_last: bool = True
) -> str | None:
    """Return the command that helps most after a report; None if nothing does.

    Args:
        job_id: the job.
        report: how it stands.
        session: has the options that lead to the same service.
        is_last: whether it is the job last looked at, which need not be named.
    """
    if report.outcome is Outcome.RUNNING:
        command, options = "watch", []
    elif report.outcome is Outcome.FAILED and report.failed:
        command, options = "tasks", ["--failed"]
    else:
        return None
    named = [] if is_last and _is_remembered(job_id, session) else [job_id]
    return session.suggest(command, *named, *options)


def _is_remembered(job_id: str, session: Session) -> bool:
    """Return whether a command without a job is about this one, if it was looked at last."""
    settings = session.settings
    is_overruled = not session.demo and settings.job_id.value not in {None, job_id}
    return settings.history.value and not is_overruled
