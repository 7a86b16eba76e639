"""What happens to jobs while they are followed, as facts that any format can tell."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple, TypeAlias

from casjob.job.report import Report, TaskReport
from casjob.job.statuses import Stage

STALLED_AFTER = 300.0
"""Seconds without a heartbeat after which a running task is pointed out."""


class JobStatus(NamedTuple):
    """A job's status is known for the first time (`before` is None), or has changed."""

    time: datetime
    job_id: str
    before: str | None
    after: str | None


class TaskStatus(NamedTuple):
    """A task is seen for the first time (`before` is None), or its status has changed.

    `is_first_look` says that the whole job is seen for the first time, so that nothing happened.
    """

    time: datetime
    job_id: str
    before: str | None
    report: TaskReport
    is_first_look: bool


class Stall(NamedTuple):
    """A running task gives cause for worry: what it is, in words."""

    time: datetime
    job_id: str
    report: TaskReport
    words: str


class Waiting(NamedTuple):
    """Nothing has changed for a while.

    `report` is None if nothing is known of the job; `is_missing` says that it is not there yet.
    """

    time: datetime
    job_id: str
    report: Report | None
    is_missing: bool = False


class Retry(NamedTuple):
    """A reply failed, for the `failures`th time in a row; the last picture is kept."""

    time: datetime
    job_id: str
    words: str
    failures: int


class Verdict(NamedTuple):
    """A job has ended, or is not waited for any longer."""

    time: datetime
    job_id: str
    report: Report


Event: TypeAlias = JobStatus | TaskStatus | Stall | Waiting | Retry | Verdict


class Picture(NamedTuple):
    """How one job stands by now, to be drawn.

    Args:
        job_id: the job.
        report: how it stands; None if nothing is known yet.
        poll_in: seconds until the next poll; None if it has ended.
        trouble: why the last poll failed; None if it did not.
    """

    job_id: str
    report: Report | None
    poll_in: float | None = None
    trouble: str | None = None


def find_changes(
    time: datetime, job_id: str, before: Report | None, after: Report
) -> Iterator[JobStatus | TaskStatus | Stall]:
    """Return what has changed between two looks at a job.

    Args:
        time: when the second look was had, in UTC.
        job_id: the job.
        before: the first look; None if there was none.
        after: the second look.
    """
    was = before.job.execution_status if before else None
    if before is None or was != after.job.execution_status:
        yield JobStatus(time, job_id, was, after.job.execution_status)
    known = dict(number_tasks(before.tasks)) if before else {}
    for key, each in number_tasks(after.tasks):
        earlier = known.get(key)
        status = earlier.task.task_status if earlier else None
        if earlier is None or status != each.task.task_status:
            yield TaskStatus(time, job_id, status, each, is_first_look=before is None)
        if not after.stage.has_ended:
            yield from (Stall(time, job_id, each, words) for words in _find_stalls(earlier, each))


def number_tasks(tasks: Iterable[TaskReport]) -> Iterator[tuple[object, TaskReport]]:
    """Yield each task after what tells it from all others, also where names stand twice."""
    times: Counter[object] = Counter()
    for each in tasks:
        key = _key(each)
        yield (key, times[key]), each
        times[key] += 1


def _find_stalls(before: TaskReport | None, after: TaskReport) -> Iterator[str]:
    """Point out a stall once: when it begins, not at each look."""
    if after.stage is not Stage.UNDER_WAY:
        return
    if _is_stalled(after) and not (before and _is_stalled(before)):
        yield "no heartbeat for 5 minutes"
    was, now = (before.task.owner_id if before else None), after.task.owner_id
    if was and now and was != now:
        yield f"another worker took over: {was}, now {now}"


def _is_stalled(report: TaskReport) -> bool:
    # A task that never had a heartbeat is as old as its silence.
    silence = report.heartbeat_age_seconds
    if silence is None:
        silence = report.elapsed_seconds
    return report.stage is Stage.UNDER_WAY and silence is not None and silence >= STALLED_AFTER


def _key(report: TaskReport) -> object:
    task = report.task
    return task.task_id or (task.task_index, task.task_name)
