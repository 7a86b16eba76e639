"""casjob recent: the jobs viewed on this machine."""

from datetime import UTC, datetime

from casjob.errors import ExitStatus
from casjob.formats.display import Presentation
from casjob.session import Session


def run(session: Session, presentation: Presentation, *, limit: int | None) -> ExitStatus:
    """List the jobs viewed in any project, newest first. No request is sent."""
    jobs = session.recent_jobs()
    if not jobs:
        is_kept = session.settings.history.value
        why = "no recent jobs yet" if is_kept else "no recent jobs: the history is off"
        session.notices.say(why)
    presentation.show(jobs[:limit], datetime.now(UTC))
    return ExitStatus.SUCCESS
