"""Follows jobs to their end: threads, clocks, and the pace of the polls."""

import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from casjob import process
from casjob.catalogue.meanings import Catalogue
from casjob.errors import CasjobError, ExitStatus, TransientError
from casjob.follow.job import FollowedJob, Now, Pages
from casjob.follow.plan import Plan
from casjob.job.events import Event, Picture, StillWaiting, TaskStatus, Verdict
from casjob.job.models import JobDetail
from casjob.job.source import JobSource, Window
from casjob.job.statuses import Outcome

POLLS_AT_A_TIME = 8
LONGEST_SLEEP = 60.0
"""The longest wait in seconds; a lock can't take a timeout of years."""


class _Polled(NamedTuple):
    """A poll that has ended: its reply or error, and the pages received."""

    job: FollowedJob
    result: JobDetail | BaseException
    pages: Pages


class Following:
    """Jobs that are followed side by side.

    Args:
        source: where the jobs come from; its own retries are off.
        job_ids: the jobs.
        plan: how to follow them.
        catalogue: what the names in them mean.
        slow_down: called when the service asks for fewer requests.
        uncrowded: how many jobs may be polled at their own intervals; of more than that, each is
            polled less often, so that polls need not queue.

    Attributes:
        plan: as given.
        jobs: the jobs, in their order.
        has_timed_out: whether the plan's deadline passed first.
        has_met_failure: whether it stopped early at a failure, as the plan wants.
    """

    def __init__(
        self,
        source: JobSource,
        job_ids: Iterable[str],
        plan: Plan,
        *,
        catalogue: Catalogue,
        slow_down: Callable[[], None],
        uncrowded: float,
    ) -> None:
        began = time.monotonic()
        self.plan = plan
        self.jobs = [FollowedJob(job_id, plan, catalogue, began) for job_id in job_ids]
        self.has_timed_out = False
        self.has_met_failure = False
        self._source = source
        self._slow_down = slow_down
        self._uncrowded = uncrowded
        self._polled: queue.SimpleQueue[_Polled] = queue.SimpleQueue()
        self._polling: set[FollowedJob] = set()
        self._reminder_due = float("inf") if plan.reminder is None else began + plan.reminder

    @property
    def unfinished(self) -> list[FollowedJob]:
        """The jobs that are still followed, or were when following ended."""
        return [job for job in self.jobs if not job.has_ended]

    @property
    def exit_status(self) -> ExitStatus:
        """What wait and watch return once following has ended."""
        if self.has_timed_out:
            return ExitStatus.TIMED_OUT
        if any(job.not_found for job in self.jobs):
            return ExitStatus.NOT_FOUND
        outcomes = {job.report.outcome for job in self.jobs if job.report}
        has_failed = self.has_met_failure or Outcome.FAILED in outcomes
        return ExitStatus.ENDED_BADLY if has_failed else ExitStatus.SUCCESS

    def events(self) -> Iterator[Event | StillWaiting | None]:
        """Yield what happens until all jobs have ended, or the deadline has passed.

        None comes after everything that happened at a time: a chance to draw.

        Raises:
            Ended: a signal ends the program.
            CasjobError: a failure that waiting does not fix, or the tenth in a row. The verdicts
                of jobs that were seen to end are yielded first.
        """
        while self.unfinished:
            process.raise_signalled()
            if not self.plan.deadline.left:
                yield from self._end_those_known()
                self.has_timed_out = bool(self.unfinished)
                return
            self._begin_polls()
            try:
                events = self._take_next()
            except CasjobError:
                yield from self._end_those_known()
                raise
            yield from events
            if self.plan.fail_fast and any(map(_is_failure, events)):
                self.has_met_failure = True
                yield from self._end_those_known()
                return
            yield from self._remind()
            yield None

    def _begin_polls(self) -> None:
        free = POLLS_AT_A_TIME - len(self._polling)
        for job in choose_due(self._idle(), time.monotonic())[:free]:
            self._polling.add(job)
            # A daemon: a poll that hangs must hold up neither Ctrl-C nor the end of the program.
            # The thread gets copies and returns its result; only this thread changes the job.
            arguments = (job, job.window, dict(job.pages))
            # The verdict waits for the poll that confirms the end.
            options = {"urgent": job.is_ending}
            threading.Thread(target=self._poll, args=arguments, kwargs=options, daemon=True).start()

    def _poll(self, job: FollowedJob, window: Window, pages: Pages, *, urgent: bool) -> None:
        result: JobDetail | BaseException
        try:
            result = self._source.fetch_job(
                job.job_id,
                window,
                on_progress=lambda _came, _count: None,
                kept=pages,
                urgent=urgent,
            )
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            result = error
        self._polled.put(_Polled(job, result, pages))

    def _take_next(self) -> list[Event]:
        """Wait for a poll to end while there is nothing else to do; return what happened."""
        try:
            job, result, pages = self._polled.get(timeout=self._seconds_to_next())
        except queue.Empty:
            return []
        self._polling.remove(job)
        match result:
            case JobDetail():
                stretch = max(1.0, len(self.unfinished) / self._uncrowded)
                return job.on_reply(result, _now(), stretch=stretch)
            case CasjobError():
                self._heed(result)
                return job.on_error(result, _now(), pages)
            case _:
                raise result

    def _heed(self, error: CasjobError) -> None:
        """Slow down if the service asks for it, unless the interval is pinned."""
        is_asked = isinstance(error, TransientError) and error.retry_after is not None
        if is_asked and self.plan.interval is None:
            self._slow_down()

    def _seconds_to_next(self) -> float:
        """Return the seconds until there is something to do even if no poll comes back."""
        now = time.monotonic()
        moments = [
            self.plan.deadline.moment,
            self._reminder_due,
            now + (self.plan.tick or LONGEST_SLEEP),
        ]
        moments += [job.reminder_due for job in self.unfinished]
        if len(self._polling) < POLLS_AT_A_TIME:
            moments += [job.due for job in self._idle()]
        return max(0.0, min(moments) - now)

    def _idle(self) -> list[FollowedJob]:
        return [job for job in self.unfinished if job not in self._polling]

    def _remind(self) -> Iterator[Event | StillWaiting]:
        now = _now()
        for job in self.unfinished:
            yield from job.on_time(now)
        if now.seconds >= self._reminder_due and self.plan.reminder:
            self._reminder_due = now.seconds + self.plan.reminder
            pictures = [Picture(job.job_id, job.report_at(now.seconds)) for job in self.unfinished]
            yield StillWaiting(now.time, tuple(pictures), len(self.jobs))

    def _end_those_known(self) -> Iterator[Event]:
        """End the jobs that were seen to end, and once a failure was met, those that failed."""
        for job in self.unfinished:
            report = job.report
            if report and (job.is_ending or (self.has_met_failure and report.failed)):
                yield from job.end(_now())


def choose_due(jobs: Iterable[FollowedJob], seconds: float) -> list[FollowedJob]:
    """Return the jobs to poll now: those about to end first, then those longest due."""
    due = [job for job in jobs if job.due <= seconds]
    return sorted(due, key=lambda job: (not job.is_ending, job.due))


def _now() -> Now:
    return Now(time.monotonic(), datetime.now(UTC))


def _is_failure(event: Event) -> bool:
    match event:
        case TaskStatus():
            return event.report.stage.outcome is Outcome.FAILED
        case Verdict():
            return event.report.outcome is Outcome.FAILED
        case _:
            return False
