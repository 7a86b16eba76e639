"""What happens to jobs while they are followed, as facts that any format can present."""

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from casjob.errors import JobNotFoundError
from casjob.job.report import Report, TaskKey, TaskReport, number_tasks
from casjob.job.statuses import Stage, stage_of

if TYPE_CHECKING:
    from casjob.job.models import Task

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

    unfinished: tuple[JobSnapshot, ...]
    jobs: int


def find_changes(
    time: datetime,
    job_id: str,
    before: Report | None,
    after: Report,
    seen: dict[TaskKey, TaskReport] | None,
) -> Iterator[JobStatus | TaskStatus | Stall]:
    """Yield what has changed in a job from one poll, if there was one, to the next.

    `seen` are all tasks of former polls, which those of this one join; where it is None, tasks do
    not matter.
    """
    was, status = before and before.job.execution_status, after.job.execution_status
    if before is None or was != status:
        yield JobStatus(time, job_id, was, status)
    if seen is None:
        return
    for key, each in number_tasks(after.tasks, _identify):
        earlier = seen.get(key)
        was = earlier and earlier.task.task_status
        if earlier is None or was != each.task.task_status:
            yield TaskStatus(time, job_id, was, each, is_first_report=before is None)
        if not after.stage.has_ended:
            for message in _find_stalls(earlier, each):
                yield Stall(time, job_id, each, message)
        seen[key] = each


def _identify(task: "Task") -> object:
    return task.task_id or (task.task_index, task.task_name)


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
