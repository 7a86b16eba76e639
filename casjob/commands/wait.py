"""casjob wait: blocks until jobs end, and prints only their verdicts."""

from collections.abc import Sequence

from casjob.component_name import ComponentName
from casjob.errors import ExitStatus
from casjob.follow.plan import Plan
from casjob.following import FollowNotices, announce_interruption, conclude, follow_jobs
from casjob.formats.display import Ending
from casjob.formats.presentation import Presentation
from casjob.job.events import Verdict
from casjob.session import Session

_REMINDER = 300.0
"""Seconds between two reminders of what is still waited for."""


def run(
    targets: Sequence[str] | ComponentName,
    plan: Plan,
    session: Session,
    presentation: Presentation,
    *,
    quiet: bool,
) -> ExitStatus:
    """Wait for jobs.

    Args:
        targets: the jobs that the command line names, or the component.
        plan: how to follow them.
        session: what the command runs with.
        presentation: how the verdicts look.
        quiet: whether to leave out the reminders.

    Raises:
        CasjobError: a failure that waiting does not fix.
    """
    # Whether a task failed can't be told from the job's status alone.
    plan = plan._replace(status_only=not plan.fail_fast, reminder=None if quiet else _REMINDER)
    with (
        follow_jobs(targets, plan, session) as following,
        announce_interruption(following, "waiting", session.notices),
    ):
        notices = FollowNotices(session.notices)
        known: set[str] = set()
        try:
            for event in following.events():
                notices.write(event)
                if isinstance(event, Verdict):
                    known.add(event.job_id)
                    presentation.verdict(Ending(event.job_id, event.report, has_verdict=True))
        finally:
            # Also when an error about one job ends it: what is known of the others is not lost.
            endings = [
                Ending(job.job_id, job.report, has_verdict=job.job_id in known)
                for job in following.jobs
            ]
            presentation.verdicts(endings, timed_out=following.has_timed_out)
        return conclude(following, session.notices)
