"""casjob watch: follows jobs until they end."""

import time
from collections.abc import Sequence

from casjob.component_name import ComponentName
from casjob.errors import CasjobError, ExitStatus
from casjob.follow.job import FollowedJob
from casjob.follow.loop import Following
from casjob.follow.plan import Plan
from casjob.following import FollowNotices, announce_interruption, conclude, follow_jobs
from casjob.formats.display import Ending, View
from casjob.formats.presentation import Presentation
from casjob.job.events import Picture, Retry, StillWaiting
from casjob.reporting import suggest_next
from casjob.session import Session

_TICK = 0.5
"""Seconds between two drawings, so that elapsed times are seen to run."""
_FRAME = 0.1
"""Seconds between two drawings at the least, however fast things happen."""


def run(
    targets: Sequence[str] | ComponentName, plan: Plan, session: Session, presentation: Presentation
) -> ExitStatus:
    """Watch jobs.

    Args:
        targets: the jobs that the command line names, or the component.
        plan: how to follow them.
        session: what the command runs with.
        presentation: how events and reports look.

    Raises:
        CasjobError: a failure that waiting does not fix.
        Ended: the last drawing stays, and the terminal is as it was.
    """
    # Verbose, requests and responses are logged in between.
    may_draw = not session.verbose
    with (
        follow_jobs(targets, plan._replace(tick=_TICK), session) as following,
        announce_interruption(following, "watching", session.notices),
    ):
        with presentation.view(may_draw=may_draw) as view:
            try:
                if not _show_events(following, view, session):
                    # The reader of stdout has gone: what is known by now decides.
                    return following.exit_status
            except CasjobError:
                # An error about one job: how the others ended is not lost.
                if any(job.has_ended for job in following.jobs):
                    view.show_endings(_list_endings(following, session))
                raise
            if following.jobs:
                view.show_endings(_list_endings(following, session))
        if view.is_live:
            for job in following.jobs:
                if job.not_found:
                    session.notices.explain(job.not_found)
        return conclude(following, session.notices)


def _show_events(following: Following, view: View, session: Session) -> bool:
    """Show what happens until the jobs have ended, and return whether anybody still reads."""
    notices = FollowNotices(session.notices)
    troubles: dict[str, str] = {}
    drawn_at = float("-inf")
    for event in following.events():
        if not view.is_live:
            notices.write(event)
        now = time.monotonic()
        match event:
            case None | StillWaiting():
                if view.is_live and now - drawn_at >= _FRAME:
                    drawn_at = now
                    view.draw([_picture(job, troubles, now) for job in following.jobs])
                continue
            case Retry():
                troubles[event.job_id] = event.message
        if not view.show_event(event):
            return False
    return True


def _picture(job: FollowedJob, troubles: dict[str, str], now: float) -> Picture:
    return Picture(
        job.job_id,
        job.report_at(now),
        poll_in=None if job.has_ended else job.due - now,
        # Whether it fails now: a failure is over when a reply comes.
        trouble=troubles.get(job.job_id) if job.failures else None,
    )


def _list_endings(following: Following, session: Session) -> list[Ending]:
    is_last = len(following.jobs) == 1
    return [_ending(job, session, is_last=is_last) for job in following.jobs]


def _ending(job: FollowedJob, session: Session, *, is_last: bool) -> Ending:
    report = job.report
    next_command = report and suggest_next(job.job_id, report, session, is_last=is_last)
    return Ending(job.job_id, report, next_command)
