"""What wait and watch write to stderr: errors, retries, reminders, and jobs that did not end."""

from datetime import UTC, datetime, timedelta

from casjob.errors import ExitStatus
from casjob.follow.job import FollowedJob
from casjob.follow.poller import Poller
from casjob.formats.text.phrases import describe_count, format_elapsed
from casjob.job.events import Event, JobSnapshot, JobStatus, NotFound, Retry, StillWaiting
from casjob.job.statuses import STATUS_WORDS, Stage
from casjob.streams import Notices

QUIET = timedelta(seconds=30)
"""The least time between two notices about retries."""
NAMED = 5
"""Jobs that a reminder names."""


class FollowNotices:
    """Writes what is not output to stderr, but of retries only one in a while."""

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
                self.remind(_describe_reminder(event))
            case JobStatus(stage=Stage.UNDECIDED):
                status = _describe_unknown_status(event.after)
                self._notices.say(f"{event.job_id} has {status}; still waiting")

    def remind(self, what: str) -> None:
        """Write what is still waited for."""
        self._notices.say(f"waiting for {what}")

    def write_retry(self, message: str, time: datetime | None = None) -> None:
        """Write the first failure, and then at most one notice every `QUIET`."""
        time = time or datetime.now(UTC)
        # The clock may have been set back in between.
        if self._retried_at and abs(time - self._retried_at) < QUIET:
            self._unwritten += 1
            return
        more = ""
        if self._unwritten:
            more = f" ({describe_count(self._unwritten, 'more failure')} since the last notice)"
        self._notices.say(f"{message}; retrying{more}")
        self._retried_at, self._unwritten = time, 0


def conclude(poller: Poller, notices: Notices) -> ExitStatus:
    """Write which jobs have no confirmed end, and return the exit status."""
    for job in poller.jobs:
        if error := job.unconfirmed:
            error.message = f"{job.job_id}: its end could not be confirmed: {error.message}"
            notices.explain(error)
    timeout = poller.plan.deadline.seconds
    within = f" within {format_elapsed(timeout)}" if poller.has_timed_out and timeout else ""
    for job in poller.unfinished:
        notices.say(f"{job.job_id} has not ended{within}: {_describe_standing(job)}")
    return poller.exit_status


def _describe_standing(job: FollowedJob) -> str:
    report, trouble = job.report, job.trouble
    if report is None:
        if job.is_missing:
            return "it does not exist yet"
        return trouble or "the service has sent nothing about it yet"
    words = report.job.execution_status
    if trouble:
        return f"it was {words or 'without a status'}, but then: {trouble}"
    status = f"it is {words}" if words else "it has no status"
    if report.stage is Stage.UNDECIDED:
        return f"{status}, which may or may not mean that it has ended"
    return status


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
    return f"{count}: {', '.join(named)}"


def _describe_waiting(job: JobSnapshot) -> str:
    report = job.report
    if report is None:
        return f"{job.job_id} (nothing known yet)"
    began, as_of = report.first_moment, report.detail.as_of
    lasted = ""
    # The job began with its first task, the only one that a poll of the status fetches.
    if began and as_of and began <= as_of:
        lasted = f" for {format_elapsed((as_of - began).total_seconds())}"
    status = report.job.execution_status or "(no status)"
    return f"{job.job_id} {'has been ' if lasted else ''}{status}{lasted}"
