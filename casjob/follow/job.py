"""One followed job: what each reply, error and passing minute means for it.

Nothing here waits, reads a clock or starts a thread: the time is passed in.

A job's end is confirmed before its verdict. When a poll sees the end, one more poll of the whole
job follows at once: it has the cause and the times, and may find that a rollback or a retry has
begun; then following goes on. Only a success that was seen with all its tasks needs no
confirmation. If the confirmation fails for good, the verdict is what is known.
"""

from datetime import UTC, datetime
from typing import NamedTuple

from casjob.catalogue.meanings import Catalogue
from casjob.errors import CasjobError, JobNotFoundError
from casjob.follow.failures import Failures
from casjob.follow.intervals import MIN_INTERVAL, grow
from casjob.follow.plan import Plan
from casjob.job.events import (
    Event,
    NotFound,
    Retry,
    Verdict,
    Waiting,
    find_status_change,
    find_task_changes,
    number_tasks,
)
from casjob.job.models import JobDetail
from casjob.job.report import Report, TaskReport, report_job
from casjob.job.source import Window
from casjob.job.statuses import Outcome

UNCHANGED_AFTER = 60.0
"""Seconds without a change after which a `Waiting` event says so."""

_STATUS_ALONE = Window(limit=1)

Pages = dict[tuple[int, int], JobDetail]
"""Pages of a job by offset and limit, kept from a poll that failed halfway."""


class Now(NamedTuple):
    """The time, by two clocks.

    Args:
        seconds: monotonic, for intervals.
        time: UTC, for events.
    """

    seconds: float
    time: datetime


class FollowedJob:
    """A job that is followed.

    Args:
        job_id: the job.
        plan: how to follow it.
        catalogue: what the names in it mean.
        began: monotonic seconds at which following began.

    Attributes:
        report: what the last reply means; None before the first.
        due: monotonic seconds of the next poll.
        pages: pages that need not be fetched again.
        is_ending: whether a poll saw the job's end, which is yet to be confirmed.
        has_ended: whether the job is not followed any longer.
        not_found: the error, if there is no such job.
        unconfirmed: the error, if a poll saw its end, and later ones could not confirm that.
    """

    def __init__(self, job_id: str, plan: Plan, catalogue: Catalogue, began: float) -> None:
        self.job_id = job_id
        self.report: Report | None = None
        self.due = began
        self.pages: Pages = {}
        self.is_ending = False
        self.has_ended = False
        self.not_found: JobNotFoundError | None = None
        self.unconfirmed: CasjobError | None = None
        self._plan = plan
        self._catalogue = catalogue
        self._may_be_missing_until = began + plan.wait_for_job
        self._is_missing = False
        self._tasks: dict[object, TaskReport] = {}
        self._interval = 0.0
        self._failures = Failures(plan.interval)
        self._changed_at = began
        self._service_ahead = float("-inf")

    @property
    def window(self) -> Window:
        """What the next poll asks for."""
        is_status_enough = self._plan.status_only and not self.is_ending
        return _STATUS_ALONE if is_status_enough else Window()

    @property
    def failures(self) -> int:
        """Failed polls in a row."""
        return self._failures.count

    @property
    def reminder_due(self) -> float:
        """Monotonic seconds of the next reminder by `on_time`, if nothing changes until then."""
        return self._changed_at + UNCHANGED_AFTER

    def on_reply(self, detail: JobDetail, now: Now, *, stretch: float = 1.0) -> list[Event]:
        """Process the reply to a poll of `window`, and return what happened.

        Args:
            detail: the reply.
            now: the time.
            stretch: a factor for the interval to the next poll, unless it is pinned.
        """
        window = self.window
        report = self._report(detail, window)
        events = self._find_changes(report, now)
        self.report = report
        self.pages = {}
        self._failures.forget()
        self._is_missing = False
        self._set_clock(detail.as_of, now.seconds)
        self._interval = grow(0.0 if events else self._interval)
        if events:
            self._changed_at = now.seconds
        if not report.stage.has_ended:
            self.is_ending = False
            self.due = now.seconds + (self._plan.interval or self._interval * stretch)
            return events
        if self.is_ending or (window.is_whole and report.outcome is Outcome.SUCCEEDED):
            return [*events, *self.end(now)]
        self.is_ending = True
        self.due = now.seconds
        return events

    def on_error(self, error: CasjobError, now: Now, pages: Pages) -> list[Event]:
        """Process the error of a failed poll, and return what happened.

        Args:
            error: the error.
            now: the time.
            pages: those received before the error, and those kept from before.

        Raises:
            CasjobError: the error, if waiting does not fix it, or if it is the tenth in a row.
        """
        if isinstance(error, JobNotFoundError) and self.report is None:
            wait = min(
                self._plan.interval or MIN_INTERVAL, self._may_be_missing_until - now.seconds
            )
            if wait > 0:
                self._is_missing = True
                self._failures.forget()
                self.due = now.seconds + wait
                return []
        if len(pages) > len(self.pages):
            # Any page received counts as a success, even if the others failed.
            self._failures.forget()
        self.pages = pages
        is_known = self._plan.is_named_by_service or self.report is not None
        pause = self._failures.add(error, is_known=is_known)
        if pause is not None:
            self.due = now.seconds + pause
            return [Retry(now.time, self.job_id, error.message, self.failures)]
        if isinstance(error, JobNotFoundError) and self.report:
            error.hint = "an earlier poll found it: it may have been deleted since"
        if self.is_ending:
            self.unconfirmed = error
            return self.end(now)
        self._failures.explain(error)
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
        return [Waiting(now.time, self.job_id, report, is_missing=self._is_missing)]

    def end(self, now: Now) -> list[Event]:
        """Stop following the job, and return its verdict by the last reply, if there was one."""
        if self.report is None:
            return []
        self.has_ended = True
        return [Verdict(now.time, self.job_id, self.report)]

    def report_at(self, seconds: float) -> Report | None:
        """Return the report with its running times brought up to date.

        Args:
            seconds: monotonic time.
        """
        report = self.report
        if report is None or report.stage.has_ended or report.detail.as_of is None:
            return report
        try:
            as_of = datetime.fromtimestamp(seconds + self._service_ahead, UTC)
        except (OverflowError, ValueError, OSError):
            # The service's clock is at an end of the calendar.
            return report
        detail = report.detail._replace(as_of=as_of)
        window = None if report.is_whole else _STATUS_ALONE
        return self._report(detail, window)

    def _report(self, detail: JobDetail, window: Window | None) -> Report:
        return report_job(detail, window, catalogue=self._catalogue, requested_job_id=self.job_id)

    def _find_changes(self, report: Report, now: Now) -> list[Event]:
        before = self.report
        events: list[Event] = [*find_status_change(now.time, self.job_id, before, report)]
        if not self._plan.status_only:
            # All tasks seen so far: one that a reply leaves out is not new when it is back.
            events += find_task_changes(
                now.time, self.job_id, self._tasks, report, is_first=before is None
            )
            self._tasks.update(number_tasks(report.tasks))
        return events

    def _set_clock(self, as_of: datetime | None, seconds: float) -> None:
        """Adjust to the service's clock, as a reply shows it.

        The Date header is cut to whole seconds, so the reply that is furthest ahead is the most
        exact; and running times never go backwards.
        """
        if as_of:
            self._service_ahead = max(self._service_ahead, as_of.timestamp() - seconds)
