"""What happens to jobs while they are followed, as facts that any format can present."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import NamedTuple, TypeAlias

from casjob.errors import JobNotFoundError
from casjob.job.report import Report, TaskReport
from casjob.job.statuses import Stage, stage_of

STALLED_AFTER = 300.0
"""Seconds without a heartbeat after which a running task is pointed out."""


class JobStatus(NamedTuple):
    """A job's status is known for the first time (`before` is None), or has changed."""

    time: datetime
    job_id: str
    before: str | None
    after: str | None

    @property
    def stage(self) -> Stage:
        """What the status means; `UNDECIDED` for one that casjob does not know."""
        return stage_of(self.after)


class TaskStatus(NamedTuple):
    """A task is seen for the first time (`before` is None), or its status has changed.

    `is_first_report` means that the whole job is seen for the first time: nothing has changed.
    """

    time: datetime
    job_id: str
    before: str | None
    report: TaskReport
    is_first_report: bool


class Stall(NamedTuple):
    """A running task may be stuck; `message` says why."""

    time: datetime
    job_id: str
    report: TaskReport
    message: str


class Waiting(NamedTuple):
    """Nothing has changed for a while.

    `report` is None if nothing is known of the job; `is_missing` means that it does not exist yet.
    """

    time: datetime
    job_id: str
    report: Report | None
    is_missing: bool = False


class Retry(NamedTuple):
    """A poll failed, for the `failures`th time in a row; the last report is kept."""

    time: datetime
    job_id: str
    message: str
    failures: int


class NotFound(NamedTuple):
    """There is no such job, or no longer; the other jobs are still followed."""

    time: datetime
    job_id: str
    error: JobNotFoundError


class Verdict(NamedTuple):
    """A job has ended, or is not waited for any longer."""

    time: datetime
    job_id: str
    report: Report


Event: TypeAlias = JobStatus | TaskStatus | Stall | Waiting | Retry | NotFound | Verdict
"""What happens to one job."""


class JobSnapshot(NamedTuple):
    """The current state of one job, to be drawn.

    `report` is None if nothing is known yet; `poll_in` are the seconds until the next poll, None if
    the job has ended; `trouble` says why the last poll failed.
    """

    job_id: str
    report: Report | None
    poll_in: float | None = None
    trouble: str | None = None


class StillWaiting(NamedTuple):
    """A reminder of the jobs that have not ended; `jobs` is the number of all jobs."""

    time: datetime
    unfinished: tuple[JobSnapshot, ...]
    jobs: int


def find_status_change(
    time: datetime, job_id: str, before: Report | None, after: Report
) -> Iterator[JobStatus]:
    """Yield the change of a job's status from one poll, if there was one, to the next."""
    was, status = (before.job.execution_status if before else None), after.job.execution_status
    if before is None or was != status:
        yield JobStatus(time, job_id, was, status)


def find_task_changes(
    time: datetime,
    job_id: str,
    before: Mapping[object, TaskReport],
    after: Report,
    *,
    is_first: bool,
) -> Iterator[TaskStatus | Stall]:
    """Yield what has changed in a job's tasks; `before` has the keys of `number_tasks`."""
    for key, each in number_tasks(after.tasks):
        earlier = before.get(key)
        status = earlier.task.task_status if earlier else None
        if earlier is None or status != each.task.task_status:
            yield TaskStatus(time, job_id, status, each, is_first_report=is_first)
        if not after.stage.has_ended:
            yield from (
                Stall(time, job_id, each, message) for message in _find_stalls(earlier, each)
            )


def number_tasks(tasks: Iterable[TaskReport]) -> Iterator[tuple[object, TaskReport]]:
    """Yield each task with a key that no other task of the job has, even one of the same name."""
    times: Counter[object] = Counter()
    for each in tasks:
        task = each.task
        key = task.task_id or (task.task_index, task.task_name)
        yield (key, times[key]), each
        times[key] += 1


def _find_stalls(before: TaskReport | None, after: TaskReport) -> Iterator[str]:
    """Yield the message of a stall once: when it begins, not at each poll."""
    if after.stage is not Stage.UNDER_WAY:
        return
    if _is_stalled(after) and not (before and _is_stalled(before)):
        yield "no heartbeat for 5 minutes"
    was, now = (before.task.owner_id if before else None), after.task.owner_id
    if was and now and was != now:
        yield f"another worker took over: {was}, now {now}"


def _is_stalled(report: TaskReport) -> bool:
    # A task that never had a heartbeat is as old as its silence.
    age, elapsed = report.heartbeat_age_seconds, report.elapsed_seconds
    silence = elapsed if age is None else age
    return report.stage is Stage.UNDER_WAY and silence is not None and silence >= STALLED_AFTER
