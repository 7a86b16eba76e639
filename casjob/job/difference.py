"""What differs between two runs of a job, the tasks of which are matched by name.

A difference is what would make someone ask why: another status of the job or of a task, a task
that only one of the two has, another message, also of one that succeeded. Ids, times of day, hosts,
how long things took, the order of the tasks and the separators between phases are none: no two runs
have the same.
"""

import re
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import NamedTuple, TypeAlias

from casjob.job.failures import Failure, Pair, read_message
from casjob.job.report import Report, TaskKey, TaskReport, number_tasks
from casjob.job.statuses import Outcome, Stage, spell_status

_VARYING = re.compile(
    # A date, with or without a time; a time of day; a UUID; an id in hexadecimal.
    r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?"
    r"|\b\d\d:\d\d:\d\d(?:[.,]\d+)?\b"
    r"|\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b"
    r"|\b(?=[a-fA-F]*\d)[0-9a-fA-F]{16,}\b"
)
"""What differs in the message of the same failure from one run to the next."""
_VARYING_KEYS = {"at", "date", "host", "hostname", "id", "ip", "time", "timestamp", "uid", "uuid"}
"""The last words of keys whose values do so."""

Part: TypeAlias = tuple[str, int | None]
"""A part of a message: a path, or how a pair is related to the cause, and which one it is."""


class Change(StrEnum):
    """What may differ in a task: it is only in the base, or only in the job, or in both."""

    REMOVED = "removed"
    ADDED = "added"
    STATUS = "status"
    MESSAGE = "message"


class TaskDifference(NamedTuple):
    """A task in both jobs, or in one of them; it is compared with the one in `base`.

    No `change` also means that it can't be told. It took `elapsed_change` seconds longer; None
    where that says nothing.
    """

    base: TaskReport | None
    job: TaskReport | None
    change: Change | None = None
    elapsed_change: float | None = None

    @property
    def either(self) -> TaskReport:
        """The task in the job that is compared, or in the other one if it is only there."""
        task = self.job or self.base
        assert task is not None  # noqa: S101 - one of both is there
        return task

    @property
    def name(self) -> str:
        """The task as sentences name it: `task 9 TN00097`."""
        return self.either.task.label

    @property
    def messages(self) -> tuple[Failure | None, Failure | None]:
        """What the MESSAGES of both say."""
        base, job = (each and read_message(each.task.messages) for each in (self.base, self.job))
        return base, job

    @property
    def differing_part(self) -> tuple[str, str] | None:
        """The first part in which the messages differ, on each side; None if they say the same."""
        base, job = (dict(_list_parts(each)) for each in self.messages)
        for part in base | job:
            texts = base.get(part, ""), job.get(part, "")
            if _strip(texts[0]) != _strip(texts[1]):
                return _label(part, texts[0]), _label(part, texts[1])
        return None


class Stop(NamedTuple):
    """The last step that a job ran, the compared one or the base, if it ran any.

    The other job ran so many `more` steps after it.
    """

    is_job: bool
    last: TaskReport | None
    more: int


class Difference(NamedTuple):
    """What differs between two runs, of which `job` is compared with `base`.

    The tasks of both are in the order of `base`; one that is only in `job` stands after the one
    that it follows there. `names` are what people read for both.
    """

    base: Report
    job: Report
    tasks: tuple[TaskDifference, ...]
    names: tuple[str, str]

    @property
    def sides(self) -> tuple[tuple[str, Report], tuple[str, Report]]:
        """Both jobs with their names."""
        return (self.names[0], self.base), (self.names[1], self.job)

    @property
    def has_same_status(self) -> bool:
        """Whether the jobs have the same status."""
        was, now = (spell_status(each.job.execution_status) for each in (self.base, self.job))
        return was == now

    @property
    def has_all(self) -> bool:
        """Whether all tasks of both are known."""
        return self.base.has_all and self.job.has_all

    @property
    def first(self) -> TaskDifference | None:
        """The first task that differs; None if none does."""
        return next((each for each in self.tasks if each.change), None)

    @property
    def is_alike(self) -> bool | None:
        """Whether nothing differs; None if that can't be told, since tasks are missing."""
        if self.first or not self.has_same_status:
            return False
        return True if self.has_all else None

    @property
    def notes(self) -> list[str]:
        """Which tasks are missing, in sentences, and whether the jobs are of two types."""
        unknown = [
            f"{name}: No task was sent, and no task_count says how many there are."
            for name, report in self.sides
            if report.is_whole and not report.tasks and report.detail.task_count is None
        ]
        missing = [f"{name}: {each}" for name, report in self.sides for each in report.shortfalls]
        return [*unknown, *missing, *self._compare_types()]

    @property
    def contradictions(self) -> list[str]:
        """What does not add up in one of the jobs, in sentences; these include the `notes`."""
        found = [f"{name}: {each}" for name, report in self.sides for each in report.contradictions]
        return [*found, *self._compare_types()]

    def _compare_types(self) -> list[str]:
        (base, was), (job, now) = ((name, report.job.job_type) for name, report in self.sides)
        if not was or not now or was.upper() == now.upper():
            return []
        return [f"The types of the jobs differ: {was} in {base}, {now} in {job}."]

    @property
    def have_both_succeeded(self) -> bool:
        """Whether both ran to their end, so that their elapsed times can be compared."""
        return self.base.outcome is self.job.outcome is Outcome.SUCCEEDED

    @property
    def elapsed_change(self) -> float | None:
        """Seconds that the job took longer; if one did not succeed, in the steps that both ran."""
        if self.have_both_succeeded:
            return _subtract(self.job.elapsed_seconds, self.base.elapsed_seconds)
        changes = [each.elapsed_change for each in self.tasks if each.elapsed_change is not None]
        return round(sum(changes), 6) if changes else None

    @property
    def main_cause(self) -> TaskDifference | None:
        """The task that explains most of the change in elapsed time; None if none does."""
        total = self.elapsed_change
        if not total:
            return None
        main = max(self.tasks, key=lambda each: (each.elapsed_change or 0.0) / total)
        return main if (main.elapsed_change or 0.0) / total > 1 / 2 else None

    @property
    def stop(self) -> Stop | None:
        """Where one of the jobs stopped while the other went on; None if none did."""
        for is_job, report in ((True, self.job), (False, self.base)):
            last, more = None, 0
            for each in self.tasks:
                own, other = (each.job, each.base) if is_job else (each.base, each.job)
                if _ran(own):
                    last, more = own, 0
                else:
                    more += _ran(other)
            if more and report.outcome is not Outcome.SUCCEEDED and report.has_all:
                return Stop(is_job, last, more)
        return None


def compare(base: Report, job: Report, names: tuple[str, str] = ("BASE", "JOB")) -> Difference:
    """Compare a run, usually one that failed, with another, usually one that succeeded."""
    difference = Difference(base, job, (), names)
    in_base, in_job = dict(number_tasks(base.tasks)), dict(number_tasks(job.tasks))
    pairs = (
        TaskDifference(in_base.get(key), in_job.get(key)) for key in merge_order(in_base, in_job)
    )
    tasks = tuple(
        each._replace(
            change=_find_change(each, difference),
            elapsed_change=_compare_elapsed(each, are_whole=difference.have_both_succeeded),
        )
        for each in pairs
    )
    return difference._replace(tasks=tasks)


def _find_change(pair: TaskDifference, jobs: Difference) -> Change | None:
    base, job = pair.base, pair.job
    sides = [each for each in (base, job) if each]
    if any(each.is_separator for each in sides) and not any(each.has_failed for each in sides):
        return None
    # What only one of them has may be one of the tasks that are missing in the other.
    if base is None:
        return Change.ADDED if jobs.base.has_all else None
    if job is None:
        return Change.REMOVED if jobs.job.has_all else None
    if spell_status(base.task.task_status) != spell_status(job.task.task_status):
        return Change.STATUS
    is_same = base.task.messages == job.task.messages
    return None if is_same or not pair.differing_part else Change.MESSAGE


def _compare_elapsed(pair: TaskDifference, *, are_whole: bool) -> float | None:
    """Return the seconds that a task took longer; None if unknown, or if it ended early."""
    base, job = pair.base, pair.job
    if are_whole:
        # A task that is not there takes none.
        return _subtract(job.elapsed_seconds if job else 0.0, base.elapsed_seconds if base else 0.0)
    if base is None or job is None:
        return None
    change = _subtract(job.elapsed_seconds, base.elapsed_seconds)
    shorter = job if (change or 0.0) < 0 else base
    is_early = base.stage is not job.stage and shorter.stage is not Stage.SUCCEEDED
    return None if change and is_early else change


def _ran(task: TaskReport | None) -> bool:
    """Return whether a step was run, at least in part."""
    if task is None or task.is_separator:
        return False
    return task.stage not in {Stage.SKIPPED, Stage.NOT_BEGUN}


def merge_order(base: Iterable[TaskKey], job: Iterable[TaskKey]) -> list[TaskKey]:
    """Return the keys of both in the order of `base`; one only in `job` after that it follows."""
    in_base = dict.fromkeys(base)
    followers: dict[TaskKey | None, list[TaskKey]] = {}
    last: TaskKey | None = None
    for key in job:
        if key in in_base:
            last = key
        else:
            followers.setdefault(last, []).append(key)
    merged = followers.get(None, [])
    for key in in_base:
        merged += [key, *followers.get(key, ())]
    return merged


def _list_parts(message: Failure | None) -> Iterator[tuple[Part, str]]:
    """Yield all that a message says, but for ids, times and hosts, which differ in each run."""
    if message is None:
        return
    cause = (Pair(message.code, message.detail),)
    for relation, pairs in (("", cause), ("within", message.within), ("also", message.also)):
        for number, pair in enumerate(pairs):
            yield (relation, number), "  ".join(filter(None, pair))
    for path, text in message.rest:
        if not _varies(path):
            yield (path, None), text


def _label(part: Part, text: str) -> str:
    return f"{part[0]}  {text or '(none)'}" if part[0] else text


def _strip(text: str) -> str:
    """Return a text without what differs from run to run, and in any layout."""
    return " ".join(_VARYING.sub("", text).split())


def _varies(path: str) -> bool:
    """Return whether a key, in a path such as `items[0].hostIp`, is that of an id, time or host."""
    words = re.findall("[A-Z]?[a-z]+|[A-Z]+", path.rpartition(".")[2])
    return bool(words) and words[-1].lower() in _VARYING_KEYS


def _subtract(job: float | None, base: float | None) -> float | None:
    """Return the change in seconds, exact to the microsecond as the times are."""
    return None if job is None or base is None else round(job - base, 6)
