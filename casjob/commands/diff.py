"""casjob diff: what differs between two runs of a job."""

from contextlib import nullcontext, suppress
from pathlib import Path

from casjob.errors import ExitStatus, UsageError
from casjob.formats.display import Format
from casjob.job.difference import compare
from casjob.job.source import Window
from casjob.reporting import connect, fetch_report, read_report, refuse_service
from casjob.saved import STDIN
from casjob.session import Session
from casjob.targets import choose_job, read_job_id


def run(base: str, target: str, session: Session, output_format: Format) -> ExitStatus:
    """Compare two runs.

    Args:
        base: the job to compare with: its id, or the file it is in; `-` is stdin.
        target: the job to compare, likewise.
        session: what the command runs with.
        output_format: how the difference looks.

    Raises:
        CasjobError: one of the jobs could not be fetched or read.
    """
    if base == target == STDIN:
        raise UsageError("stdin holds one job, not two", hint="name a file or an id for the other")
    # Both are read before anything is sent.
    job_ids = {each: _read_id(each) for each in (base, target) if not is_file(each)}
    if not job_ids:
        refuse_service(session)
    with connect(session) if job_ids else nullcontext() as source:
        reports = [
            fetch_report(source, choose_job(job_ids[each], source, session), Window(), session)
            if source and each in job_ids
            else read_report(each, Window(), session)
            for each in (base, target)
        ]
    difference = compare(*reports)
    session.output.write(output_format.difference(difference))
    return ExitStatus.SUCCESS if difference.is_alike else ExitStatus.ENDED_BADLY


def is_file(target: str) -> bool:
    """Return whether a job is in a file, which may be a pipe, rather than at the service."""
    with suppress(OSError):
        return target == STDIN or (Path(target).exists() and not Path(target).is_dir())
    return False


def _read_id(target: str) -> str:
    try:
        return read_job_id(target)
    except UsageError as error:
        raise UsageError(f"{error.message}, and there is no such file", hint=error.hint) from None
