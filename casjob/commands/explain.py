"""casjob explain: what codes, tasks, statuses and other words mean, and what to do."""

from collections.abc import Sequence

from casjob.errors import ExitStatus, UnknownNameError
from casjob.formats.display import Presentation
from casjob.session import Session


def run(names: Sequence[str], session: Session, presentation: Presentation) -> ExitStatus:
    """Explain names; without any, those in the failure of the job that is meant.

    Raises:
        UnknownNameError: no explanation for one of the names, or about any in the failure; the
            others were shown.
    """
    explain = session.catalogue.explain
    explained = {name: explain(name.strip()) for name in names or _find_names(session)}
    known = [each for each in explained.values() if each]
    unknown = [name for name, each in explained.items() if not each]
    presentation.show(known)
    if unknown:
        error = UnknownNameError(
            f"no explanation for {', '.join(unknown)}",
            hint=f"you can add your own explanation to {session.custom_meanings_file}",
        )
        if names or not known:
            raise error
        # The user asked about the job, and it was found.
        session.notices.explain(error)
    return ExitStatus.SUCCESS


def _find_names(session: Session) -> Sequence[str]:
    """Return the names in the cause of a job's failure; without a failure, the job's status."""
    # Explaining a name does not need the modules about jobs.
    from casjob.job.source import Window
    from casjob.targets import fetch_target

    job_id, report = fetch_target(None, Window(), session)
    cause = report.cause
    if cause is None:
        session.notices.say(f"{job_id}: no task failed; explaining the job's status")
        return [report.job.execution_status or "(no status)"]
    codes = cause.message.codes if cause.message else ()
    return [*codes, cause.task.task_name or cause.task.task_status or ""]
