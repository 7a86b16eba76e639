"""What differs between two runs of a job, the tasks of which are matched by name.

A difference is what would make someone ask why: another status of the job or of a task, a task
that only one of the two has, another code or message. Ids, times of day, how long things took and
the order of the tasks are none: no two runs have the same.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import NamedTuple, TypeAlias

from casjob.job.failures import Failure
from casjob.job.report import Report, TaskReport, name_task
from casjob.job.statuses import spell_status

_VARYING = re.compile(
    # A date, with or without a time; a time of day; a UUID; an id in hexadecimal.
    r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?"
    r"|\b\d\d:\d\d:\d\d(?:[.,]\d+)?\b"
    r"|\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b"
    r"|\b(?=[a-fA-F]*\d)[0-9a-fA-F]{16,}\b"
)
"""What differs in the message of the same failure from one run to the next."""

StepKey: TypeAlias = tuple[str | None, int]
"""The name of a task, and which one of that name it is: what tasks of several jobs match by."""


class Change(StrEnum):
    """What may differ in a task."""

    REMOVED = "only in BASE"
    ADDED = "only in JOB"
    STATUS = "status"
    MESSAGE = "message"


class TaskDifference(NamedTuple):
    """A task in both jobs, or in one of them; it is compared with the one in `base`."""

    base: TaskReport | None
    job: TaskReport | None

    @property
    def either(self) -> TaskReport:
        """The task in the job that is compared, or in the other one if it is only there."""
        task = self.job or self.base
        assert task is not None  # noqa: S101 - one of both is there
        return task

    @property
    def name(self) -> str:
        """The task as sentences name it: `task 9 TN00097`."""
        return name_task(self.either.task)

    @property
    def change(self) -> Change | None:
        """What differs; None if nothing does."""
        if self.job is None:
            return Change.REMOVED
        if self.base is None:
            return Change.ADDED
        if spell_status(self.base.task.task_status) != spell_status(self.job.task.task_status):
            return Change.STATUS
        if _essence(self.base.message) != _essence(self.job.message):
            return Change.MESSAGE
        return None

    @property
    def elapsed_change(self) -> float | None:
        """Seconds that it took longer; a task that is not there takes none. None if unknown."""
        base = self.base.elapsed_seconds if self.base else 0.0
        job = self.job.elapsed_seconds if self.job else 0.0
        return _subtract(job, base)


class Difference(NamedTuple):
    """What differs between two runs, of which `job` is compared with `base`.

    The tasks of both are in the order of `base`; one that is only in `job` stands after the one
    that it follows there.
    """

    base: Report
    job: Report
    tasks: tuple[TaskDifference, ...]

    @property
    def has_same_status(self) -> bool:
        """Whether the jobs have the same status."""
        return spell_status(self.base.job.execution_status) == spell_status(
            self.job.job.execution_status
        )

    @property
    def is_alike(self) -> bool:
        """Whether nothing differs."""
        return self.has_same_status and self.first is None

    @property
    def first(self) -> TaskDifference | None:
        """The first task that differs; None if none does."""
        return next((each for each in self.tasks if each.change), None)

    @property
    def elapsed_change(self) -> float | None:
        """Seconds that the job took longer than the base; None if unknown."""
        return _subtract(self.job.elapsed_seconds, self.base.elapsed_seconds)

    @property
    def main_cause(self) -> TaskDifference | None:
        """The task that explains most of the change in elapsed time; None if none does."""
        total = self.elapsed_change
        if not total:
            return None
        main = max(self.tasks, key=lambda each: (each.elapsed_change or 0.0) / total, default=None)
        is_most = main and (main.elapsed_change or 0.0) / total > 1 / 2
        return main if is_most else None


def compare(base: Report, job: Report) -> Difference:
    """Compare a run, usually one that failed, with another, usually one that succeeded."""
    return Difference(base, job, tuple(_align(base.tasks, job.tasks)))


def _align(base: Iterable[TaskReport], job: Iterable[TaskReport]) -> Iterator[TaskDifference]:
    in_base, in_job = dict(number_tasks(base)), dict(number_tasks(job))
    for key in merge_order(in_base, in_job):
        yield TaskDifference(in_base.get(key), in_job.get(key))


def number_tasks(tasks: Iterable[TaskReport]) -> Iterator[tuple[StepKey, TaskReport]]:
    """Yield each task with what it is matched by."""
    seen: Counter[str | None] = Counter()
    for each in tasks:
        name = each.task.task_name
        yield (name, seen[name]), each
        seen[name] += 1


def merge_order(base: Iterable[StepKey], job: Iterable[StepKey]) -> list[StepKey]:
    """Return the keys of both in the order of `base`; one only in `job` after that it follows."""
    in_base = dict.fromkeys(base)
    followers: dict[StepKey | None, list[StepKey]] = {}
    last: StepKey | None = None
    for key in job:
        if key in in_base:
            last = key
        else:
            followers.setdefault(last, []).append(key)
    merged = followers.get(None, [])
    for key in in_base:
        merged += [key, *followers.get(key, ())]
    return merged


def _essence(message: Failure | None) -> tuple[str | None, str] | None:
    """Return what a message says, without what differs from run to run."""
    if message is None:
        return None
    return message.code, _VARYING.sub("", message.detail or "")


def _subtract(job: float | None, base: float | None) -> float | None:
    """Return the change in seconds, exact to the microsecond as the times are."""
    return None if job is None or base is None else round(job - base, 6)
