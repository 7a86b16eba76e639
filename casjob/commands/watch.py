"""casjob watch: follows jobs until they end."""

import sys
import time
from collections.abc import Sequence

from casjob.errors import CasjobError, ExitStatus
from casjob.follow.job import Plan
from casjob.follow.notices import FollowNotices, conclude
from casjob.follow.poller import Poller
from casjob.follow.start import follow_jobs
from casjob.formats.display import JobResult, Presentation, View
from casjob.job.detail import ComponentName
from casjob.job.events import StillWaiting
from casjob.session import Session
from casjob.targets import refuse_guess, suggest_next

_TICK = 0.5
"""Seconds between two drawings, so that elapsed times are seen to run."""
_FRAME = 0.1
"""Seconds between two drawings at the least, however fast things happen."""


def run(
    targets: Sequence[str] | ComponentName, plan: Plan, session: Session, presentation: Presentation
) -> ExitStatus:
    """Watch jobs. If a signal ends it, the last drawing stays, and the terminal is as it was."""
    if not (session.output.is_terminal and sys.stdin and sys.stdin.isatty()):
        # Nobody is there who could tell the job last viewed from the one that was meant.
        refuse_guess("watch", targets, session)
    # Verbose, requests and responses are logged in between.
    may_draw = not session.verbose
    with follow_jobs(targets, plan._replace(tick=_TICK), session, doing="watching") as poller:
        with presentation.view(may_draw=may_draw) as view:
            try:
                if not _show_events(poller, view, session):
                    # The reader of stdout has gone: what is known by now decides.
                    return poller.exit_status
            except CasjobError:
                # An error about one job: how the others ended is not lost.
                if any(job.has_ended for job in poller.jobs):
                    view.show_results(_list_results(poller, session))
                raise
            if poller.jobs:
                view.show_results(_list_results(poller, session))
        if view.is_live:
            for job in poller.jobs:
                if job.not_found:
                    session.notices.explain(job.not_found)
        return conclude(poller, session.notices)


def _show_events(poller: Poller, view: View, session: Session) -> bool:
    """Show what happens until the jobs have ended, and return whether anybody still reads."""
    notices = FollowNotices(session.notices)
    drawn_at = float("-inf")
    for event in poller.events():
        if not view.is_live:
            notices.write(event)
        now = time.monotonic()
        if event is None or isinstance(event, StillWaiting):
            if view.is_live and now - drawn_at >= _FRAME:
                drawn_at = now
                view.draw([job.snapshot_at(now) for job in poller.jobs])
        elif not view.show_event(event):
            return False
    return True


def _list_results(poller: Poller, session: Session) -> list[JobResult]:
    # A later command is about the job last viewed, which need not be named if it is this one.
    is_last = len(poller.jobs) == 1
    results = []
    for job in poller.jobs:
        command = None
        if job.report and not job.not_found:
            command = suggest_next(job.job_id, job.report, session, is_last=is_last)
        not_found = job.not_found is not None
        results.append(JobResult(job.job_id, job.report, command, not_found=not_found))
    return results
