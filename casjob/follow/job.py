"""One followed job: what each reply, error and passing minute means for it.

Nothing here waits, reads a clock or starts a thread: the time is passed in.

A job's end is confirmed before its verdict. When a poll sees the end, one more poll of the whole
job follows at once: it has the cause and the times, and may find that a rollback or a retry has
begun; then following goes on. Only a success that was seen with all its tasks needs no
confirmation. If the confirmation fails for good, the verdict is what is known.
"""

from datetime import UTC, datetime
from typing import NamedTuple

from casjob.background import NEVER, Deadline
from casjob.catalogue.meanings import Catalogue
from casjob.errors import (
    CasjobError,
    ComponentDeletedError,
    ComponentNotFoundError,
    JobNotFoundError,
    NoSuchApiError,
    NotFoundError,
    ReplyError,
    ReplyTimeoutError,
    ReplyTooLargeError,
    ServiceError,
    TransientError,
)
from casjob.job.detail import JobDetail, Window
from casjob.job.events import (
    Event,
    JobSnapshot,
    NotFound,
    Retry,
    Verdict,
    Waiting,
    find_changes,
)
from casjob.job.report import Report, TaskKey, TaskReport, report_job
from casjob.job.statuses import Outcome

MIN_INTERVAL = 2.0
"""Seconds between two polls of what has just changed."""
MAX_INTERVAL = 15.0
"""Seconds between two polls of what does not change."""
MAX_FAILURES = 10
"""Failures in a row that end following."""
MAX_RETRY_AFTER = 300.0
"""Seconds the service may ask for before a retry: its gateway counts requests in 5 minutes."""
UNCHANGED_AFTER = 60.0
"""Seconds without a change after which a `Waiting` event says so."""

_GROWTH = 1.5
_STATUS_ALONE = Window(limit=1)


class Plan(NamedTuple):
    """How to follow jobs, with times in seconds.

    `interval` is that between two polls of a job; without one, it grows and shrinks. A job need not
    be there before `wait_for_job` has passed. Where the service itself has named the jobs, one that
    it does not find may be found later. With `status_only`, tasks are polled only at the end.
    `reminder` is the time between two reminders, and `tick` the longest between two drawings.
    """

    interval: float | None = None
    deadline: Deadline = NEVER
    fail_fast: bool = False
    wait_for_job: float = 0.0
    is_named_by_service: bool = False
    status_only: bool = False
    reminder: float | None = None
    tick: float | None = None


class Now(NamedTuple):
    """The time by two clocks: a monotonic one in seconds, for intervals, and in UTC, for events."""

    seconds: float
    time: datetime


def grow(interval: float) -> float:
    """Return the next interval while nothing changes; the first one after 0."""
    return min(max(MIN_INTERVAL, interval * _GROWTH), MAX_INTERVAL)


class Failures:
    """The failures in a row of what is requested again and again, and when to do so next.

    What `is_missing` is not there yet, and may still come: that is no failure.
    """

    def __init__(self, plan: Plan, began: float) -> None:
        self.count = 0
        self.is_missing = False
        self._plan = plan
        self._interval = 0.0
        self._may_be_missing_until = began + plan.wait_for_job

    def forget(self) -> None:
        """Begin anew, after a request that went well."""
        self.count, self._interval, self.is_missing = 0, 0.0, False

    def add(self, error: CasjobError, seconds: float, *, is_seen: bool) -> float | None:
        """Count a failure, and return the seconds to the next request; None to give up.

        `is_seen` means that the service has shown before what is requested.
        """
        left = self._may_be_missing_until - seconds
        is_not_found = isinstance(error, JobNotFoundError | ComponentNotFoundError)
        self.is_missing = is_not_found and not is_seen and left > 0
        if self.is_missing:
            self.count, self._interval = 0, 0.0
            return min(self._plan.interval or MIN_INTERVAL, left)
        self.count += 1
        is_known = is_seen or self._plan.is_named_by_service
        if self.count >= MAX_FAILURES or not _may_pass(error, is_known=is_known):
            return None
        self._interval = grow(self._interval)
        asked = (error.retry_after if isinstance(error, TransientError) else None) or 0.0
        return max(self._plan.interval or self._interval, min(asked, MAX_RETRY_AFTER))

    def explain(self, error: CasjobError, what: str) -> None:
        """Add to the last error that there were others, if that is why there are no more."""
        if self.count >= MAX_FAILURES:
            tried = f"gave up on {what} after {MAX_FAILURES} failures in a row"
            error.message = f"{tried}: {error.message}"


def _may_pass(error: CasjobError, *, is_known: bool) -> bool:
    match error:
        case ComponentDeletedError() | ReplyTooLargeError():
            return False
        case TransientError() | ReplyTimeoutError() | ReplyError():
            return True
        case ServiceError() | NotFoundError() | NoSuchApiError():
            # In the first poll, it points at wrong settings. Later it may pass: a laptop that wakes
            # up meets names that do not resolve, and networks that want a login first; and one of
            # several servers behind a gateway may not have a job yet, or not for a moment.
            return is_known
    return False


class FollowedJob:
    """A job that is followed: what is known of it, and when the next poll is `due`.

    `report` is what the last reply means, and `trouble` why the last poll had none. `is_ending`
    means that a poll saw the end, which is yet to be confirmed; `unconfirmed` is why that was not
    possible. `not_found` is the error that says that there is no such job.
    """

    def __init__(self, job_id: str, plan: Plan, catalogue: Catalogue, began: float) -> None:
        self.job_id = job_id
        self.report: Report | None = None
        self.due = began
        self.trouble: str | None = None
        self.is_ending = False
        self.has_ended = False
        self.not_found: JobNotFoundError | None = None
        self.unconfirmed: CasjobError | None = None
        self._plan = plan
        self._catalogue = catalogue
        # All that were seen so far: a task that a reply leaves out is not new when it is back.
        self._tasks: dict[TaskKey, TaskReport] | None = None if plan.status_only else {}
        self._interval = 0.0
        self._failures = Failures(plan, began)
        self._changed_at = began
        self._service_ahead = float("-inf")

    @property
    def window(self) -> Window:
        """What the next poll asks for."""
        is_status_enough = self._plan.status_only and not self.is_ending
        return _STATUS_ALONE if is_status_enough else Window()

    @property
    def is_missing(self) -> bool:
        """Whether it is not there yet, and may still come."""
        return self._failures.is_missing

    @property
    def reminder_due(self) -> float:
        """Monotonic seconds of the next reminder by `on_time`, if nothing changes until then."""
        return self._changed_at + UNCHANGED_AFTER

    def on_reply(self, detail: JobDetail, now: Now, *, interval_factor: float = 1.0) -> list[Event]:
        """Process the reply to a poll of `window`, and return what happened.

        The factor stretches the interval to the next poll, unless that is pinned.

        Raises:
            ReplyError: the reply is about another job.
        """
        window = self.window
        report = self._report(detail, window)
        report.refuse_mix_up()
        before, self.report = self.report, report
        events: list[Event] = [*find_changes(now.time, self.job_id, before, report, self._tasks)]
        self._failures.forget()
        self.trouble = None
        self._set_clock(detail.as_of, now.seconds)
        self._interval = grow(0.0 if events else self._interval)
        if events:
            self._changed_at = now.seconds
        if not report.stage.has_ended:
            self.is_ending = False
            self.due = now.seconds + (self._plan.interval or self._interval * interval_factor)
            return events
        if self.is_ending or (window.is_whole and report.outcome is Outcome.SUCCEEDED):
            return [*events, *self.end(now)]
        self.is_ending = True
        self.due = now.seconds
        return events

    def on_error(self, error: CasjobError, now: Now) -> list[Event]:
        """Process the error of a failed poll, and return what happened.

        Raises:
            CasjobError: the error, if waiting does not fix it, or if it is the tenth in a row.
        """
        failures = self._failures
        wait = failures.add(error, now.seconds, is_seen=self.report is not None)
        if wait is None:
            return self._give_up(error, now)
        self.due = now.seconds + wait
        if self.is_missing:
            self.trouble = None
            return []
        self.trouble = error.message
        return [Retry(now.time, self.job_id, error.message, failures.count)]

    def _give_up(self, error: CasjobError, now: Now) -> list[Event]:
        if isinstance(error, JobNotFoundError) and self.report:
            error.hint = "an earlier poll found it: it may have been deleted since"
        if self.is_ending:
            self.unconfirmed = error
            return self.end(now)
        self._failures.explain(error, self.job_id)
        if isinstance(error, JobNotFoundError):
            self.has_ended, self.not_found = True, error
            return [NotFound(now.time, self.job_id, error)]
        raise error

    def on_time(self, now: Now) -> list[Event]:
        """Return a reminder if nothing has changed for a while."""
        if self.has_ended or now.seconds < self.reminder_due:
            return []
        self._changed_at = now.seconds
        report = self.report_at(now.seconds)
        return [Waiting(now.time, self.job_id, report, is_missing=self.is_missing)]

    def end(self, now: Now) -> list[Event]:
        """Stop following the job, and return its verdict by the last reply, if there was one."""
        if self.report is None:
            return []
        self.has_ended = True
        return [Verdict(now.time, self.job_id, self.report)]

    def snapshot_at(self, seconds: float) -> JobSnapshot:
        """Return how the job stands at a monotonic time."""
        poll_in = None if self.has_ended else self.due - seconds
        return JobSnapshot(self.job_id, self.report_at(seconds), poll_in, self.trouble)

    def report_at(self, seconds: float) -> Report | None:
        """Return the report with its running times brought up to date."""
        report = self.report
        if report is None or report.stage.has_ended or report.detail.as_of is None:
            return report
        try:
            as_of = datetime.fromtimestamp(seconds + self._service_ahead, UTC)
        except (OverflowError, ValueError, OSError):
            # The service's clock is at an end of the calendar.
            return report
        return self._report(report.detail._replace(as_of=as_of), report.window)

    def _report(self, detail: JobDetail, window: Window) -> Report:
        return report_job(detail, window, catalogue=self._catalogue, requested_job_id=self.job_id)

    def _set_clock(self, as_of: datetime | None, seconds: float) -> None:
        """Adjust to the service's clock, as a reply shows it.

        The Date header is cut to whole seconds, so the reply that is furthest ahead is the most
        exact; and running times never go backwards.
        """
        if as_of:
            self._service_ahead = max(self._service_ahead, as_of.timestamp() - seconds)
