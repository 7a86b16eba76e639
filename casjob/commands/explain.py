"""casjob explain: what codes, tasks, statuses and other words mean, and what to do."""

import difflib
import re
from collections.abc import Sequence

from casjob.errors import ExitStatus, NotFoundError
from casjob.formats.display import Presentation
from casjob.session import Session

_DIGIT = re.compile("[0-9]")


def run(names: Sequence[str], session: Session, presentation: Presentation) -> ExitStatus:
    """Explain names; without any, those in the failure of the job that is meant.

    Raises:
        NotFoundError: no explanation for one of the names, or about any in the failure; the
            others were shown.
    """
    explain = session.catalogue.explain
    explained = {name: explain(name.strip()) for name in names or _find_names(session)}
    known = [each for each in explained.values() if each]
    unknown = [name for name, each in explained.items() if not each]
    presentation.show(known)
    if unknown:
        error = NotFoundError(
            f"no explanation for {', '.join(unknown)}", hint=_suggest(unknown[0], session)
        )
        if names or not known:
            raise error
        # The user asked about the job, and it was found.
        session.notices.explain(error)
    return ExitStatus.SUCCESS


def _suggest(name: str, session: Session) -> str:
    """Return what to do about a name that is unknown."""
    from casjob.job_ids import WHOLE_JOB_ID

    if job_id := WHOLE_JOB_ID.search(name):
        return f"{session.suggest('show', job_id[0])} shows a job"
    # Codes that differ in digits alone are different ones.
    names = {
        each.upper(): each
        for each in session.catalogue.names()
        if _DIGIT.sub("0", each.upper()) != _DIGIT.sub("0", name.upper())
    }
    near = difflib.get_close_matches(name.upper(), names, n=1, cutoff=0.8)
    question = f"did you mean {names[near[0]]}? " if near else ""
    return f"{question}you can add your own explanation to {session.custom_meanings_file}"


def _find_names(session: Session) -> Sequence[str]:
    """Return the names in the cause of a job's failure; without a failure, the job's status."""
    # Explaining a name does not need the modules about jobs.
    from casjob.job.detail import Window
    from casjob.targets import fetch_target

    job_id, report = fetch_target(None, Window(), session)
    cause = report.cause
    if cause is None:
        session.notices.say(f"{job_id}: no task failed; explaining the job's status")
        return [report.job.execution_status or "(no status)"]
    codes = cause.message.codes if cause.message else ()
    return [*codes, cause.task.task_name or cause.task.task_status or ""]
