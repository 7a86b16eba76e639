"""From a job's name to a report about it."""

from typing import NamedTuple

from casjob.api.paging import Window
from casjob.commands.connection import open_service
from casjob.commands.job_choice import choose_job, find_named_job
from casjob.demo import SAMPLE_JOBS
from casjob.errors import JobNotFoundError
from casjob.invocation import Invocation
from casjob.report import Report, report_job


class Fetched(NamedTuple):
    """A job that was asked for, and what the service said of it."""

    job_id: str
    report: Report


def fetch_report(job_id: str | None, window: Window, invocation: Invocation) -> Fetched:
    """Choose the job, fetch it, remember it, and say what it means.

    Args:
        job_id: the argument, if there is one.
        window: which of its tasks to fetch.
        invocation: the settings and all else.

    Raises:
        CasjobError: what went wrong, as the exit status tells.
    """
    settings = invocation.settings()
    named = find_named_job(job_id, settings, invocation)
    with open_service(invocation, settings) as service:
        history = invocation.history(service.endpoint, service.project_id)
        chosen = choose_job(named, invocation, history)
        with invocation.notices.progress(f"fetching {chosen}") as progress:
            try:
                detail = service.fetch_job(chosen, window, on_progress=progress.count)
            except JobNotFoundError as error:
                if invocation.demo:
                    error.hint = f"the demo has {', '.join(SAMPLE_JOBS)}"
                raise
    history.record(chosen, name=detail.job.job_name, status=detail.job.execution_status)
    report = report_job(detail, is_whole=window.is_whole, is_desc=window.desc, asked_job_id=chosen)
    return Fetched(chosen, report)
