"""casjob show: the verdict on one job, why it failed, then its tasks."""

from casjob.errors import ExitStatus
from casjob.formats.display import Presentation
from casjob.job.detail import Window
from casjob.saved import save_job
from casjob.session import Session
from casjob.streams import OutputFile
from casjob.targets import Target, fetch_target, read_report, refuse_service, suggest_next


def run(
    target: Target,
    session: Session,
    presentation: Presentation,
    *,
    file: str | None,
    save: OutputFile | None,
    with_exit_status: bool,
) -> ExitStatus:
    """Show a job at the service, or the one in a file; `save` names a file to save it to."""
    if file is None:
        job_id, report = fetch_target(target, Window(), session, sample_first=True)
        next_command = suggest_next(job_id, report, session)
    else:
        refuse_service(session, target)
        report, next_command = read_report(file, Window(), session), None
    if save is not None:
        save_job(save, report.detail)
    presentation.show(report, next_command=next_command, notes=report.shortfalls)
    return report.exit_status if with_exit_status else ExitStatus.SUCCESS
