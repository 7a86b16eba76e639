"""From what names a job, an id or a file, to a report about it."""

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from casjob.errors import UsageError
from casjob.job.report import Report, is_of_build, report_job
from casjob.job.source import ComponentName, JobSource, Window
from casjob.job.statuses import Outcome
from casjob.saved import read_saved
from casjob.session import Session
from casjob.targets import Target, choose_job, read_target

if TYPE_CHECKING:
    from casjob.components import Source


def connect(session: Session) -> AbstractContextManager["Source"]:
    """Open the service, or the demo; only this loads httpx, which a job in a file does not need.

    Raises:
        CasjobError: as for `casjob.service.open_service`.
    """
    from casjob.service import open_service

    return open_service(session)


def fetch_target(
    target: Target, window: Window, session: Session, *, sample_first: bool = False
) -> tuple[str, Report]:
    """Fetch the job that is meant, as `choose_job` says, and return its id and a report.

    Raises:
        CasjobError: no job was named, or it could not be fetched.
    """
    named = read_target(target, session)
    with connect(session) as source:
        job_id = choose_job(named, source, session, sample_first=sample_first)
        return job_id, fetch_report(source, job_id, window, session)


def fetch_report(source: JobSource, job_id: str, window: Window, session: Session) -> Report:
    """Fetch a job, with progress on stderr, and remember that it was viewed.

    Raises:
        CasjobError: the job could not be fetched.
    """
    with session.notices.progress(f"fetching {job_id}") as progress:
        detail = source.fetch_job(job_id, window, on_progress=progress.count)
    history = session.history(source)
    history.record(job_id, name=detail.job.job_name, status=detail.job.execution_status)
    return report_job(detail, window, catalogue=session.catalogue, requested_job_id=job_id)


def read_report(file: str, window: Window, session: Session) -> Report:
    """Read a job from a file or stdin (`-`). It needs no settings, and is not recorded as viewed.

    Raises:
        UsageError: the file can't be read.
        ReplyError: there is no job in it.
    """
    saved = read_saved(file)
    return report_job(
        saved.select(window), window, catalogue=session.catalogue, missing=saved.missing
    )


def refuse_service(session: Session, target: Target = None) -> None:
    """Refuse what leads to a job at the service where the job is read from a file.

    Raises:
        UsageError: the command line asks for a file and for the service.
    """
    if target is not None:
        name = "--component" if isinstance(target, ComponentName) else "a job id"
        message = f"{name} and --from can't be used together: the file holds one job"
        raise UsageError(message, hint=f"leave out {name.replace('a job', 'the job')}")
    given = [name for name, text in session.given.items() if text is not None]
    options = [f"--{name.replace('_', '-')}" for name in given] + ["--demo"] * session.demo
    if options:
        message = f"{options[0]} can't be used with a file: no request is sent"
        raise UsageError(message, hint=f"leave out {', '.join(options)}")


def suggest_next(
    job_id: str, report: Report, session: Session, *, is_last: bool = True
) -> str | None:
    """Return the command that helps most after a report; None if nothing does.

    `is_last` means that it is the job last viewed, which need not be named.
    """
    if report.outcome is Outcome.RUNNING:
        command, options = "watch", list[str]()
    elif report.outcome is Outcome.FAILED and report.cause and is_of_build(report.cause):
        command, options = "logs", []
    elif report.outcome is Outcome.FAILED and report.failed:
        command, options = "tasks", ["--failed"]
    else:
        return None
    settings = session.settings
    is_overruled = not session.demo and settings.job_id.value not in {None, job_id}
    is_implied = is_last and settings.history.value and not is_overruled
    if command == "watch" and not session.output.is_terminal:
        # There, it takes none that is not named.
        is_implied = False
    named = [] if is_implied else [job_id]
    return session.suggest(command, *named, *options)
