"""casjob show: one job, verdict first, why it failed, then its tasks."""

from casjob.answer import exit_status_of, write_answer
from casjob.errors import ExitStatus
from casjob.fetching import fetch_report
from casjob.formats import Display
from casjob.job.source import Window
from casjob.session import Session
from casjob.suggestion import suggest_next


def show(
    job_id: str | None, session: Session, display: Display, *, with_exit_status: bool
) -> ExitStatus:
    """Show a job.

    Raises:
        CasjobError: what went wrong, as the exit status tells.
    """
    chosen, report = fetch_report(job_id, Window(), session)
    display = display._replace(next_command=suggest_next(chosen, report.outcome, session))
    write_answer(report, display, session.environ)
    return exit_status_of(report.outcome) if with_exit_status else ExitStatus.SUCCESS
