"""What wait and watch share: from arguments to followed jobs, their notices, the exit status."""

import math
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from casjob import process
from casjob.api.pace import BURST, RATE, Pace
from casjob.component_name import ComponentName
from casjob.components import Source
from casjob.errors import ExitStatus
from casjob.follow.component_job import find_component_job
from casjob.follow.job import FollowedJob
from casjob.follow.loop import Following
from casjob.follow.plan import Plan
from casjob.formats.text.phrases import format_elapsed
from casjob.job.events import Event, JobStatus, NotFound, Picture, Retry, StillWaiting
from casjob.job.report import Report
from casjob.job.statuses import STATUS_WORDS, Stage
from casjob.notices import Notices
from casjob.service import open_service
from casjob.session import Session
from casjob.targets import Target, choose_job, read_targets

MANY_JOBS = 20
"""With up to this many jobs, polls respect the gateway's known limit from the start."""
UNCROWDED_JOBS = 7
"""Jobs that the pace allows to be polled every 15 s, with some requests left to confirm an end."""
QUIET = timedelta(seconds=30)
"""The least time between two notices about retries."""
NAMED = 5
"""Jobs that a reminder names."""


@contextmanager
def follow_jobs(
    targets: Sequence[str] | ComponentName, plan: Plan, session: Session
) -> Iterator[Following]:
    """Open the service, follow the jobs, and record them in the history at the end.

    Raises:
        TimedOutError: the deadline passed before the first poll.
        CasjobError: a setting is missing or wrong, or there is no job to follow.
    """
    process.run_long()
    deadline = plan.deadline
    plan = plan._replace(is_named_by_service=isinstance(targets, ComponentName))

    def read() -> Sequence[Target]:
        return read_targets(targets, sys.stdin, session)

    named = deadline.wait_for("job ids on stdin", read) if "-" in targets else read()
    if not named:
        session.notices.say("the list on stdin is empty: there are no jobs to wait for")
    # Each of many jobs is polled as often as each of 20, until the service objects.
    crowd = max(1.0, len(named) / MANY_JOBS)
    pace = _choose_pace(plan, crowd)
    with open_service(session, pace=pace, deadline=deadline) as service:
        history = session.history(service)
        job_ids = [_choose_job(each, plan, service, session) for each in named]
        following = Following(
            service,
            dict.fromkeys(job_ids),
            plan,
            catalogue=session.catalogue,
            slow_down=pace.slow_down,
            uncrowded=UNCROWDED_JOBS * crowd,
        )
        try:
            yield following
        finally:
            for job in following.jobs:
                if job.report:
                    seen = job.report.job
                    history.record(job.job_id, name=seen.job_name, status=seen.execution_status)


@contextmanager
def announce_interruption(following: Following, doing: str, notices: Notices) -> Iterator[None]:
    """Write to stderr, if a signal ends the block, that the jobs themselves go on.

    Args:
        following: the jobs.
        doing: what the signal ends: waiting or watching.
        notices: writes to stderr.
    """
    try:
        yield
    except process.Ended:
        count = len(following.unfinished)
        going_on = "1 job goes on" if count == 1 else f"{count} jobs go on"
        notices.say(f"stopped {doing}; {going_on}", after_signal=True)
        raise


def _choose_job(named: Target, plan: Plan, source: Source, session: Session) -> str:
    """Return the job that is meant; for that of a component, poll the service."""
    if not isinstance(named, ComponentName):
        return choose_job(named, source, session)
    notices = FollowNotices(session.notices)
    return find_component_job(named, source, plan, session, notices.write_retry)


def _choose_pace(plan: Plan, crowd: float) -> Pace:
    if plan.interval is None:
        return Pace(burst=BURST * crowd, rate=RATE * crowd)
    # A pinned interval is the user's choice, but 200 jobs are not polled all at once.
    return Pace(gap=min(0.05, plan.interval), burst=math.inf)


def conclude(following: Following, notices: Notices) -> ExitStatus:
    """Write to stderr which jobs have no confirmed end, and return the exit status."""
    for job in following.jobs:
        if error := job.unconfirmed:
            error.message = f"{job.job_id}: its end could not be confirmed: {error.message}"
            notices.explain(error)
    for job in following.unfinished:
        notices.say(_describe_unfinished(job, following))
    return following.exit_status


def _describe_unfinished(job: FollowedJob, following: Following) -> str:
    timeout = following.plan.deadline.seconds
    within = f" within {format_elapsed(timeout)}" if following.has_timed_out and timeout else ""
    return f"{job.job_id} has not ended{within}: {_describe_standing(job.report)}"


def _describe_standing(report: Report | None) -> str:
    if report is None:
        return "the service has sent nothing about it yet"
    status = f"it is {report.job.execution_status or 'without a status'}"
    if report.stage is Stage.UNDECIDED:
        return f"{status}, which may or may not mean that it has ended"
    return status


class FollowNotices:
    """Writes what is not output to stderr: errors, retries, reminders.

    Args:
        notices: writes to stderr.
    """

    def __init__(self, notices: Notices) -> None:
        self._notices = notices
        self._retried_at: datetime | None = None
        self._unwritten = 0

    def write(self, event: Event | StillWaiting | None) -> None:
        """Write a notice of the event if it is one for stderr."""
        match event:
            case Retry():
                self.write_retry(event.message, event.time)
            case NotFound():
                self._notices.explain(event.error)
            case StillWaiting():
                self._notices.say(_describe_reminder(event))
            case JobStatus(stage=Stage.UNDECIDED):
                status = _describe_unknown_status(event.after)
                self._notices.say(f"{event.job_id} has {status}; still waiting")

    def write_retry(self, message: str, time: datetime | None = None) -> None:
        """Write the first failure, and then at most one notice every `QUIET`.

        Args:
            message: what failed.
            time: when, in UTC; by default, now.
        """
        time = time or datetime.now(UTC)
        # The clock may have been set back in between.
        if self._retried_at and abs(time - self._retried_at) < QUIET:
            self._unwritten += 1
            return
        more = ""
        if self._unwritten:
            failures = "failure" if self._unwritten == 1 else "failures"
            more = f" ({self._unwritten} more {failures} since the last notice)"
        self._notices.say(f"{message}; retrying{more}")
        self._retried_at, self._unwritten = time, 0


def _describe_unknown_status(status: str | None) -> str:
    if not status:
        return "no status"
    unknown = "" if status.upper() in STATUS_WORDS else ", which casjob does not know"
    return f"the status {status}{unknown}"


def _describe_reminder(reminder: StillWaiting) -> str:
    unfinished, jobs = reminder.unfinished, reminder.jobs
    count = f"{len(unfinished)} of {jobs} jobs" if jobs > 1 else "1 job"
    named = [_describe_waiting(each) for each in unfinished[:NAMED]]
    if len(unfinished) > NAMED:
        named.append(f"and {len(unfinished) - NAMED} more")
    return f"waiting for {count}: {', '.join(named)}"


def _describe_waiting(picture: Picture) -> str:
    report = picture.report
    if report is None:
        return f"{picture.job_id} (nothing known yet)"
    status = report.job.execution_status or "(no status)"
    seconds = _find_age(report)
    lasted = "" if seconds is None else f" for {format_elapsed(seconds)}"
    return f"{picture.job_id} {status}{lasted}"


def _find_age(report: Report) -> float | None:
    """Return the seconds since the job began, by its first task if the others were not fetched."""
    began, as_of = report.first_moment, report.detail.as_of
    if began is None or as_of is None or as_of < began:
        return None
    return (as_of - began).total_seconds()
