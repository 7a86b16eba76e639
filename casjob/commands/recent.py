"""casjob recent: the jobs looked at from this machine."""

from datetime import UTC, datetime

from casjob.errors import ExitStatus
from casjob.formats.presentation import Presentation
from casjob.session import Session


def run(session: Session, presentation: Presentation, *, limit: int | None) -> ExitStatus:
    """List the jobs looked at in any project, newest first. No request is sent.

    Args:
        session: what the command runs with.
        presentation: how the list looks.
        limit: the most jobs; None for all.
    """
    jobs = session.recent_jobs()
    if not jobs:
        is_kept = session.settings.history.value
        why = "no job was looked at yet" if is_kept else "the history is off"
        session.notices.say(f"{why}: there are no recent jobs")
    presentation.recent(jobs[:limit], datetime.now(UTC))
    return ExitStatus.SUCCESS
