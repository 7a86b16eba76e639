"""casjob show: the verdict on one job, why it failed, then its tasks."""

from casjob.errors import ExitStatus
from casjob.formats.display import Format
from casjob.job.source import Window
from casjob.reporting import fetch_report, suggest_next
from casjob.service import open_service
from casjob.session import Session
from casjob.targets import choose_job, read_target


def run(
    target: str | None, session: Session, output_format: Format, *, with_exit_status: bool
) -> ExitStatus:
    """Show a job.

    Args:
        target: the job that the command line names, if it does.
        session: what the command runs with.
        output_format: how the report looks.
        with_exit_status: whether the exit status tells the job's outcome.

    Raises:
        CasjobError: no job was named, or it could not be fetched.
    """
    named = read_target(target, session)
    with open_service(session) as service:
        job_id = choose_job(named, service, session)
        report = fetch_report(service, job_id, Window(), session)
    next_command = suggest_next(job_id, report, session)
    session.output.write(output_format.report(report, next_command=next_command))
    return report.outcome.exit_status if with_exit_status else ExitStatus.SUCCESS
