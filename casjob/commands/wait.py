"""casjob wait: blocks until jobs end, and prints only their verdicts."""

from collections.abc import Sequence

from casjob.errors import ExitStatus
from casjob.follow.job import Plan
from casjob.follow.notices import FollowNotices, conclude
from casjob.follow.poller import Poller
from casjob.follow.start import follow_jobs
from casjob.formats.display import JobResult, Presentation
from casjob.job.detail import ComponentName
from casjob.job.events import Verdict
from casjob.job.statuses import Outcome
from casjob.session import Session
from casjob.targets import refuse_guess, suggest_next

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
    """Wait for jobs that are named; none is guessed, as a script goes on if it succeeded."""
    refuse_guess("wait", targets, session)
    # Whether a task failed can't be told from the job's status alone.
    plan = plan._replace(status_only=not plan.fail_fast, reminder=None if quiet else _REMINDER)
    with follow_jobs(targets, plan, session, doing="waiting") as poller:
        notices = FollowNotices(session.notices)
        known: set[str] = set()
        try:
            for event in poller.events():
                notices.write(event)
                if isinstance(event, Verdict):
                    known.add(event.job_id)
                    presentation.show_one(JobResult(event.job_id, event.report, has_verdict=True))
        finally:
            # Also when an error about one job ends it: what is known of the others is not lost.
            results = [
                JobResult(
                    job.job_id,
                    job.report,
                    has_verdict=job.job_id in known,
                    not_found=job.not_found is not None,
                )
                for job in poller.jobs
            ]
            remaining = [each for each in results if not each.has_verdict]
            presentation.show(results, remaining=remaining, timed_out=poller.has_timed_out)
        if session.output.has_reader:
            _suggest_log(poller, session)
        return conclude(poller, session.notices)


def _suggest_log(poller: Poller, session: Session) -> None:
    """Say where the log is of the first build that made a job fail."""
    for job in poller.jobs:
        report = job.report
        if (
            report
            and report.outcome is Outcome.FAILED
            and report.cause
            and report.cause.is_of_build
        ):
            is_last = len(poller.jobs) == 1
            command = suggest_next(job.job_id, report, session, is_last=is_last)
            session.notices.say(f"next: {command}")
            return
