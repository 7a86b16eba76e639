"""casjob recent: the jobs viewed from this machine."""

from datetime import UTC, datetime

from casjob.errors import ExitStatus
from casjob.formats.presentation import Presentation
from casjob.session import Session


def run(session: Session, presentation: Presentation, *, limit: int | None) -> ExitStatus:
    """List the jobs viewed in any project, newest first. No request is sent."""
    jobs = session.recent_jobs()
    if not jobs:
        is_kept = session.settings.history.value
        why = "no job was looked at yet" if is_kept else "the history is off"
        session.notices.say(f"{why}: there are no recent jobs")
    presentation.recent(jobs[:limit], datetime.now(UTC))
    return ExitStatus.SUCCESS
