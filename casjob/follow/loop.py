"""Follows jobs to their end: when to look again, what a failure means, when to give up."""

import queue
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future  # noqa: TC003 - with the types beside it, not apart
from datetime import UTC, datetime
from functools import partial

from casjob.api.background import run_aside
from casjob.api.client import ServiceStage
from casjob.api.pace import Pace
from casjob.errors import (
    CasjobError,
    JobNotFoundError,
    ReplyError,
    ServiceError,
    TransientError,
)
from casjob.follow.plan import Plan
from casjob.job.events import (
    Event,
    JobStatus,
    Retry,
    TaskStatus,
    Verdict,
    Waiting,
    find_changes,
    number_tasks,
)
from casjob.job.models import JobDetail
from casjob.job.report import Report, TaskReport, report_job
from casjob.job.source import Window
from casjob.job.statuses import Outcome

QUICKEST = 2.0
"""Seconds between two looks at a job that has just changed."""
SLOWEST = 15.0
"""Seconds between two looks at a job in which nothing changes."""
GROWTH = 1.5
LONGEST_RETRY_AFTER = 300.0
"""Seconds that the service may ask to be left alone: its gateway counts in 5 minutes."""
PATIENCE = 10
"""Failures in a row, at which following ends."""
REMINDER = 60.0
"""Seconds without change, after which it is said that nothing has changed."""
LOOKS_AT_A_TIME = 8
_STATUS_ONLY = Window(limit=1)

Looks = queue.SimpleQueue["tuple[FollowedJob, Future[JobDetail]]"]
"""Looks that have come to an end."""


class FollowedJob:
    """One job on its way.

    Attributes:
        job_id: the job.
        report: the last look at it; None before the first.
        due: monotonic seconds of the next one.
        has_ended: whether its verdict was given.
    """

    def __init__(self, job_id: str, now: float) -> None:
        self.job_id = job_id
        self.report: Report | None = None
        self.due = now
        self.has_ended = False
        self.is_being_looked_at = False
        self.is_to_be_confirmed = False
        self.is_missing = False
        self.failures = 0
        self.tasks: dict[object, TaskReport] = {}
        self.kept: dict[tuple[int, int], JobDetail] = {}
        self.wait = QUICKEST
        self.changed_at = now
        self._service_ahead = float("-inf")

    def set_clock(self, as_of: datetime | None, now: float) -> None:
        """Take the service's clock from a reply.

        It comes in whole seconds, cut off, so that the reply which is furthest ahead is nearest
        to the truth; and times that are drawn never run backwards.
        """
        ahead = as_of.timestamp() - now if as_of else float("-inf")
        self._service_ahead = max(self._service_ahead, ahead)

    def report_at(self, now: float) -> Report | None:
        """Return the job as it must stand by now, with the times of what is under way run on."""
        report = self.report
        if report is None or report.stage.has_ended or report.detail.as_of is None:
            return report
        try:
            as_of = datetime.fromtimestamp(now + self._service_ahead, UTC)
        except (OverflowError, ValueError):
            # The service is about to reach the year 10000.
            return report
        detail = report.detail.model_copy(update={"as_of": as_of})
        return report_job(
            detail, None if report.is_whole else _STATUS_ONLY, requested_job_id=self.job_id
        )


class Following:
    """Jobs that are followed, side by side.

    Args:
        service: where to look; its requests are not tried again by themselves.
        pace: how fast the requests follow one another; slowed down when the service asks for it.
        job_ids: the jobs.
        plan: how to follow.
        clock: tells monotonic time in seconds.
        begin: begins a look, aside.
        looks: where looks end up; it is waited at.

    Attributes:
        jobs: the jobs, in their order.
        has_timed_out: whether the plan's time was up first.
        has_met_failure: whether it ended early, as the plan wants it, at something that failed.
    """

    def __init__(
        self,
        service: ServiceStage,
        pace: Pace,
        job_ids: Iterable[str],
        plan: Plan,
        *,
        clock: Callable[[], float] = time.monotonic,
        begin: Callable[[Callable[[], JobDetail]], "Future[JobDetail]"] = run_aside,
        looks: Looks | None = None,
    ) -> None:
        self._service = service
        self._pace = pace
        self.plan = plan
        self._clock = clock
        self._begin = begin
        self._looks: Looks = looks or queue.SimpleQueue()
        self._began = clock()
        self.jobs = [FollowedJob(job_id, self._began) for job_id in job_ids]
        self.has_timed_out = False
        self.has_met_failure = False

    def events(self) -> Iterator[Event | None]:
        """Yield what happens until all jobs have ended, or the plan's time is up.

        None comes whenever what there was to tell is told: a moment to draw.

        Raises:
            CasjobError: a failure that waiting does not mend, or the tenth in a row.
        """
        while any(not job.has_ended for job in self.jobs):
            if self._time_left() <= 0:
                yield from self._end_for_time()
                return
            self._begin_looks()
            for event in self._take_next():
                yield event
                if self.plan.fail_fast and _is_failure(event):
                    self.has_met_failure = True
            if self.has_met_failure:
                yield from self._end_for_failure()
                return
            yield from self._remind()
            yield None

    def _time_left(self) -> float:
        timeout = self.plan.timeout
        return float("inf") if timeout is None else self._began + timeout - self._clock()

    def _begin_looks(self) -> None:
        now = self._clock()
        free = LOOKS_AT_A_TIME - sum(job.is_being_looked_at for job in self.jobs)
        due = [job for job in self._idle_jobs() if job.due <= now]
        for job in sorted(due, key=lambda each: each.due)[:free]:
            job.is_being_looked_at = True
            look = self._begin(partial(self._look, job))
            look.add_done_callback(partial(self._put, job))

    def _put(self, job: FollowedJob, look: "Future[JobDetail]") -> None:
        self._looks.put((job, look))

    def _idle_jobs(self) -> list[FollowedJob]:
        return [job for job in self.jobs if not (job.has_ended or job.is_being_looked_at)]

    def _time_to_next(self) -> float:
        """Return seconds until something is to be done, whatever comes from the service."""
        now = self._clock()
        times = [self._time_left(), REMINDER, self.plan.tick or REMINDER]
        if sum(job.is_being_looked_at for job in self.jobs) < LOOKS_AT_A_TIME:
            times += [job.due - now for job in self._idle_jobs()]
        times += [job.changed_at + REMINDER - now for job in self.jobs if not job.has_ended]
        return max(0.0, min(times))

    def _wants_status_only(self, job: FollowedJob) -> bool:
        return self.plan.status_only and not job.is_to_be_confirmed

    def _look(self, job: FollowedJob) -> JobDetail:
        window = _STATUS_ONLY if self._wants_status_only(job) else Window()

        def count_success(_came: int, _count: int | None) -> None:
            # Of several pages, one that came is a success, whatever becomes of the others.
            job.failures = 0

        return self._service.fetch_job(job.job_id, window, on_progress=count_success, kept=job.kept)

    def _take_next(self) -> Iterator[Event]:
        """Wait for a look to end, though not for longer than there is nothing else to do."""
        try:
            job, look = self._looks.get(timeout=self._time_to_next())
        except queue.Empty:
            return
        job.is_being_looked_at = False
        error = look.exception()
        if error is None:
            yield from self._take_reply(job, look.result())
        elif isinstance(error, CasjobError):
            yield from self._take_failure(job, error)
        else:
            raise error

    def _take_reply(self, job: FollowedJob, detail: JobDetail) -> Iterator[Event]:
        now, is_whole = self._clock(), not self._wants_status_only(job)
        report = report_job(detail, None if is_whole else _STATUS_ONLY, requested_job_id=job.job_id)
        before, job.report, job.failures, job.kept = job.report, report, 0, {}
        job.is_missing = False
        job.set_clock(detail.as_of, now)
        # A task that a reply leaves out is remembered, lest it is told again when it is back.
        remembered = before and before._replace(tasks=tuple(job.tasks.values()))
        changes = list(find_changes(datetime.now(UTC), job.job_id, remembered, report))
        job.tasks.update(number_tasks(report.tasks))
        if self.plan.status_only:
            changes = [change for change in changes if isinstance(change, JobStatus)]
        job.wait = QUICKEST if changes else min(job.wait * GROWTH, SLOWEST)
        job.due = now + (self.plan.interval or job.wait)
        if changes:
            job.changed_at = now
        yield from changes
        if report.outcome is Outcome.SUCCEEDED or (
            report.stage.has_ended and job.is_to_be_confirmed
        ):
            yield self._end(job, report)
        elif report.stage.has_ended:
            # Looked at once more, in whole for the cause, and lest it goes back, as a rollback
            # or a further try does. What was over before we came is not waited for.
            job.is_to_be_confirmed = True
            job.due = min(job.due, now + QUICKEST) if before else now
        else:
            job.is_to_be_confirmed = False

    def _end(self, job: FollowedJob, report: Report) -> Verdict:
        job.has_ended = True
        return Verdict(datetime.now(UTC), job.job_id, report)

    def _take_failure(self, job: FollowedJob, error: CasjobError) -> Iterator[Event]:
        now = self._clock()
        if isinstance(error, JobNotFoundError) and job.report is None:
            if now - self._began >= self.plan.wait_for_job:
                raise error
            job.failures = 0
            # Not later than it is an error.
            ends = self._began + self.plan.wait_for_job
            job.due = max(now, min(now + (self.plan.interval or QUICKEST), ends))
            job.is_missing = True
            return
        # What is no passing failure at the start may be one later: a laptop that wakes up meets
        # names that are not found, and networks that want a login first.
        may_pass = isinstance(error, TransientError | ReplyError) or (
            isinstance(error, ServiceError) and job.report is not None
        )
        job.failures += 1
        if not may_pass or job.failures >= PATIENCE:
            if job.is_to_be_confirmed and job.report:
                # Its end is known; only a second look at it failed.
                yield self._end(job, job.report)
                return
            if job.failures >= PATIENCE:
                error.message = f"gave up after {PATIENCE} failures in a row: {error.message}"
            raise error
        asked = error.retry_after if isinstance(error, TransientError) else None
        if asked is not None and self.plan.interval is None:
            self._pace.slow_down()
        ours = self.plan.interval or min(QUICKEST * GROWTH ** (job.failures - 1), SLOWEST)
        job.due = now + max(ours, min(asked or 0.0, LONGEST_RETRY_AFTER))
        yield Retry(datetime.now(UTC), job.job_id, error.message, job.failures)

    def _remind(self) -> Iterator[Event]:
        now = self._clock()
        for job in self.jobs:
            if not job.has_ended and now - job.changed_at >= REMINDER:
                job.changed_at = now
                yield Waiting(
                    datetime.now(UTC), job.job_id, job.report_at(now), is_missing=job.is_missing
                )

    def _end_for_time(self) -> Iterator[Verdict]:
        for job in self.jobs:
            if not job.has_ended and job.report and job.report.stage.has_ended:
                # Not looked at once more, as there is no time for it.
                yield self._end(job, job.report)
        self.has_timed_out = any(not job.has_ended for job in self.jobs)

    def _end_for_failure(self) -> Iterator[Verdict]:
        for job in self.jobs:
            if not job.has_ended and job.report and job.report.failed:
                # It may go on, but is not waited for any longer.
                yield self._end(job, job.report)


def _is_failure(event: Event) -> bool:
    match event:
        case TaskStatus():
            return event.report.has_failed
        case Verdict():
            return event.report.outcome is Outcome.FAILED
        case _:
            return False
