"""Polls jobs side by side until they end: threads, clocks, and how often each is polled."""

import queue
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from casjob.background import run_in_thread
from casjob.catalogue.meanings import Catalogue
from casjob.errors import CasjobError, ExitStatus, TransientError
from casjob.follow.job import FollowedJob, Now, Plan
from casjob.job.detail import JobDetail, Window
from casjob.job.events import Event, StillWaiting, TaskStatus, Verdict
from casjob.job.statuses import Outcome, Stage

if TYPE_CHECKING:
    from concurrent.futures import Future

POLLS_AT_A_TIME = 8
LONGEST_SLEEP = 60.0
"""The longest wait in seconds; a lock can't take a timeout of years."""


class Poller:
    """Jobs that are followed side by side.

    `fetch` does not retry, and `slow_down` is called when the service asks for fewer requests.
    Where there are more than `full_speed_jobs`, each is polled less often, so that polls need not
    queue. `has_met_failure` means that it stopped early, as the plan's `fail_fast` wants.
    """

    def __init__(
        self,
        fetch: Callable[[str, Window], JobDetail],
        job_ids: Iterable[str],
        plan: Plan,
        *,
        catalogue: Catalogue,
        slow_down: Callable[[], None],
        full_speed_jobs: float,
    ) -> None:
        began = time.monotonic()
        self.plan = plan
        self.jobs = [FollowedJob(job_id, plan, catalogue, began) for job_id in job_ids]
        self.has_timed_out = False
        self.has_met_failure = False
        self._fetch = fetch
        self._slow_down = slow_down
        self._full_speed_jobs = full_speed_jobs
        self._polls: dict[Future[JobDetail], FollowedJob] = {}
        self._ended_polls: queue.SimpleQueue[Future[JobDetail]] = queue.SimpleQueue()
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
        return ExitStatus.FAILED if has_failed else ExitStatus.SUCCESS

    def events(self) -> Iterator[Event | StillWaiting | None]:
        """Yield what happens until all jobs have ended, or the deadline has passed.

        None comes after everything that happened at a time: a chance to draw.

        Raises:
            CasjobError: a failure that waiting does not fix, or the tenth in a row. The verdicts
                of jobs that were seen to end are yielded first.
        """
        while self.unfinished:
            if not self.plan.deadline.left:
                yield from self._end_those_known()
                self.has_timed_out = bool(self.unfinished)
                return
            self._begin_polls()
            try:
                events = self._end_poll()
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
        free = POLLS_AT_A_TIME - len(self._polls)
        for job in choose_due(self._idle(), time.monotonic())[:free]:
            # Its thread only returns a result: this thread alone changes the job.
            poll = run_in_thread(partial(self._fetch, job.job_id, job.window))
            self._polls[poll] = job
            poll.add_done_callback(self._ended_polls.put)

    def _end_poll(self) -> list[Event]:
        """Wait for a poll to end while there is nothing else to do; return what happened."""
        try:
            poll = self._ended_polls.get(timeout=self._seconds_to_next())
        except queue.Empty:
            return []
        job = self._polls.pop(poll)
        try:
            detail = poll.result()
        except CasjobError as error:
            is_told = isinstance(error, TransientError) and error.retry_after is not None
            # A pinned interval is the user's choice.
            if is_told and self.plan.interval is None:
                self._slow_down()
            return job.on_error(error, _now())
        interval_factor = max(1.0, len(self.unfinished) / self._full_speed_jobs)
        return job.on_reply(detail, _now(), interval_factor=interval_factor)

    def _seconds_to_next(self) -> float:
        """Return the seconds until there is something to do even if no poll ends."""
        now = time.monotonic()
        moments = [self.plan.deadline.moment, self._reminder_due]
        moments.append(now + (self.plan.tick or LONGEST_SLEEP))
        moments += [job.reminder_due for job in self.unfinished]
        if len(self._polls) < POLLS_AT_A_TIME:
            moments += [job.due for job in self._idle()]
        return max(0.0, min(moments) - now)

    def _idle(self) -> list[FollowedJob]:
        polled = self._polls.values()
        return [job for job in self.unfinished if job not in polled]

    def _remind(self) -> Iterator[Event | StillWaiting]:
        now = _now()
        for job in self.unfinished:
            yield from job.on_time(now)
        if self.unfinished and now.seconds >= self._reminder_due and self.plan.reminder:
            self._reminder_due = now.seconds + self.plan.reminder
            unfinished = tuple(job.snapshot_at(now.seconds) for job in self.unfinished)
            yield StillWaiting(unfinished, len(self.jobs))

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
    # The status of a job is confirmed by its verdict.
    return isinstance(event, TaskStatus | Verdict) and event.report.stage is Stage.FAILED
