"""Which job: the one named, by its id or the beginning of it, or the one looked at last."""

import re

from casjob.demo import FAILED_JOB_ID
from casjob.errors import UsageError
from casjob.history import JOB_ID, History
from casjob.session import Session
from casjob.settings.resolve import Settings

_WHOLE_JOB_ID = re.compile(r"JOB[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SHORTEST_PREFIX = 6


def find_named_job(job_id: str | None, settings: Settings, session: Session) -> str | None:
    """Return the job that is named, in whole or by its beginning.

    Args:
        job_id: the argument, if there is one.
        settings: may hold CASJOB_JOB_ID.
        session: in a demo, that job is none.

    Raises:
        UsageError: what is given can't be an id.
    """
    named = job_id
    if named is None and not session.demo:
        named = settings.find("job_id")
    return None if named is None else check_job_id(named)


def check_job_id(job_id: str) -> str:
    """Return an id that may become a part of a path.

    Raises:
        UsageError: it can't be an id.
    """
    if not JOB_ID.fullmatch(job_id):
        raise UsageError(
            f"{job_id!r} can't be a job id",
            hint="an id has 1 to 128 letters, digits, _ and -, as in"
            " JOB474362ef-091d-429f-9b3e-c9246b37dee6",
        )
    return job_id


def choose_job(named: str | None, session: Session, history: History) -> str:
    """Return the id of the job that is meant.

    Args:
        named: what `find_named_job` returned.
        session: its notices are told of a choice that the user did not spell out.
        history: the jobs looked at.

    Raises:
        UsageError: no job is meant, or several are.
    """
    if named is not None:
        chosen = _complete(named, history)
        if chosen != named:
            session.notices.say(f"{chosen} (recent job)")
        return chosen
    if session.demo:
        return FAILED_JOB_ID
    recent = history.job_ids()
    if not recent:
        raise UsageError(
            "no job is named, and none was looked at before in this project",
            hint="name one: casjob show JOB_ID, or set CASJOB_JOB_ID; once one was looked at,"
            " that one is meant",
        )
    session.notices.say(f"{recent[0]} (last looked at)")
    return recent[0]


def _complete(job_id: str, history: History) -> str:
    """Return the recent job that the text is the beginning of, or the text itself."""
    if len(job_id) < _SHORTEST_PREFIX or _WHOLE_JOB_ID.fullmatch(job_id):
        return job_id
    matching = [recent for recent in history.job_ids() if recent.startswith(job_id)]
    if job_id in matching or not matching:
        return job_id
    if len(matching) > 1:
        raise UsageError(
            f"{job_id} is the beginning of {len(matching)} recent jobs",
            hint=f"such as {', '.join(matching[:5])}",
        )
    return matching[0]
