"""casjob show: one job, verdict first, why it failed, then its tasks."""

from casjob.api.paging import Window
from casjob.commands.answer import exit_status_of, write_answer
from casjob.commands.job_report import fetch_report
from casjob.commands.suggestion import suggest_next
from casjob.errors import ExitStatus
from casjob.formats import Display
from casjob.invocation import Invocation


def show(
    job_id: str | None, invocation: Invocation, display: Display, *, with_exit_status: bool
) -> ExitStatus:
    """Show a job.

    Raises:
        CasjobError: what went wrong, as the exit status tells.
    """
    chosen, report = fetch_report(job_id, Window(), invocation)
    display = display._replace(next_command=suggest_next(chosen, report.outcome, invocation))
    write_answer(report, display, invocation.environ)
    return exit_status_of(report.outcome) if with_exit_status else ExitStatus.SUCCESS
