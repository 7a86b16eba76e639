"""What a job with its tasks means: outcome, cause, phases, times, and what does not add up.

`report_job` makes a `Report` of what was fetched, which every format reads: nothing else decides
whether a job failed, which task is the cause, or what is missing.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import accumulate, groupby
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from casjob.catalogue.meanings import Catalogue
from casjob.durations import seconds_between, seconds_so_far
from casjob.errors import ExitStatus, ReplyError
from casjob.job.detail import JobDetail, Window
from casjob.job.failures import Failure, read_failure
from casjob.job.statuses import Outcome, Stage, spell_status, stage_of

if TYPE_CHECKING:
    from casjob.job.models import Job, Task

_SEPARATOR_PREFIX = "SEPARATOR_"
_BUILD_FAILED = "ECC00011"


class TaskReport(NamedTuple):
    """What one task means.

    `message` is what its MESSAGES say; of a task that succeeded, only where that is the best hint.
    `means` explains the codes in it, if the task failed. A separator names the `phase` of tasks
    after it, and does no work. `elapsed_seconds` is how long the task took, or has run so far.
    """

    task: "Task"
    stage: Stage
    message: Failure | None
    phase: str | None
    is_separator: bool
    elapsed_seconds: float | None
    heartbeat_age_seconds: float | None
    title: str | None
    means: tuple[str, ...]

    @property
    def name(self) -> str:
        """`task 9 TN00097 wait for the build to succeed`, or as much of it as is known."""
        return " ".join(filter(None, (self.task.label, self.title)))

    @property
    def has_failed(self) -> bool:
        """Whether it failed, was cancelled or was rolled back."""
        return self.stage is Stage.FAILED

    @property
    def failure(self) -> "TaskReport | None":
        """The task itself if it failed."""
        return self if self.has_failed else None

    @property
    def is_of_build(self) -> bool:
        """Whether it is a step of the build, by its phase, its title or the code of a failure."""
        codes = self.message.codes if self.message else ()
        has_title = re.search(r"\bbuild\b", self.title or "", re.IGNORECASE)
        return "BUILD" in (self.phase or "").upper() or bool(has_title) or _BUILD_FAILED in codes


class Phase(NamedTuple):
    """A part of a job: a separator, but for the tasks before the first, and the steps after it."""

    tasks: tuple[TaskReport, ...]

    @property
    def name(self) -> str | None:
        """What the separator calls it."""
        return self.tasks[0].phase

    @property
    def steps(self) -> tuple[TaskReport, ...]:
        """The tasks that do work."""
        return tuple(each for each in self.tasks if not each.is_separator)

    @property
    def done(self) -> int:
        """How many steps succeeded or were skipped."""
        return sum(each.stage.outcome is Outcome.SUCCEEDED for each in self.steps)

    @property
    def has_succeeded(self) -> bool:
        """Whether there are steps, and all tasks succeeded or were skipped."""
        outcomes = {each.stage.outcome for each in self.tasks}
        return bool(self.steps) and outcomes == {Outcome.SUCCEEDED}

    @property
    def elapsed_seconds(self) -> float | None:
        """From when its first task began to when its last one ended; None without times."""
        starts = (each.task.created_at for each in self.tasks)
        ends = (each.task.last_health_check for each in self.tasks)
        return seconds_between(
            min(filter(None, starts), default=None), max(filter(None, ends), default=None)
        )


class Report(NamedTuple):
    """What a job with its tasks means; `report_job` makes it.

    The `tasks` are in TASK_INDEX order, or in the order sent where one has no index; those that are
    `shown` in the order selected. `missing` says, in a sentence, that `detail` is not all that
    there was to receive.
    """

    detail: JobDetail
    window: Window
    tasks: tuple[TaskReport, ...]
    shown: tuple[TaskReport, ...]
    missing: str | None = None
    requested_job_id: str | None = None

    @property
    def job(self) -> "Job":
        """The job itself."""
        return self.detail.job

    @property
    def project_id(self) -> str | None:
        """The project that the job belongs to."""
        return self.detail.place.project_id or self.job.project_id

    @property
    def stage(self) -> Stage:
        """What the job's own status means: it is the verdict, whatever the tasks say."""
        return stage_of(self.job.execution_status)

    @property
    def outcome(self) -> Outcome:
        """The outcome of the job, by its own status."""
        return self.stage.outcome

    @property
    def exit_status(self) -> ExitStatus:
        """The exit status of `--exit-status`."""
        return ExitStatus.NOT_UNDERSTOOD if self.mix_up else self.outcome.exit_status

    @property
    def steps(self) -> tuple[TaskReport, ...]:
        """The tasks that do work: all but separators."""
        return tuple(each for each in self.tasks if not each.is_separator)

    @property
    def failed(self) -> tuple[TaskReport, ...]:
        """The tasks that failed: the cause first, its followers in order."""
        failed = [each for each in self.tasks if each.has_failed]
        # A task is cancelled or rolled back because another one failed.
        failed.sort(key=lambda each: "FAILED" not in spell_status(each.task.task_status))
        return tuple(failed)

    @property
    def cause(self) -> TaskReport | None:
        """The task that made the job fail; None if no task failed."""
        return next(iter(self.failed), None)

    @property
    def task_count(self) -> int:
        """How many tasks there are: the service's count, or more if more were received."""
        return max(self.detail.task_count or 0, len(self.tasks))

    @property
    def is_whole(self) -> bool:
        """Whether all tasks of the job were requested."""
        return self.window.is_whole and self.missing is None

    @property
    def is_complete(self) -> bool:
        """Whether every requested task was received."""
        count, window = self.detail.task_count, self.window
        if count is None and window.is_whole:
            # Pages were fetched to an empty one; where that is the first, nothing is known.
            return bool(self.tasks)
        if count is None or window.instance_id:
            # The count is of other tasks too.
            return True
        return len(self.tasks) >= len(range(count)[window.rows])

    @property
    def has_all(self) -> bool:
        """Whether every task of the job was received; if none was, only a count can say so."""
        if self.detail.task_count is None:
            return self.is_whole and bool(self.tasks)
        return len(self.tasks) >= self.detail.task_count

    @property
    def shortfalls(self) -> list[str]:
        """Says, in a sentence, that tasks are missing, if any is."""
        if self.missing:
            return [self.missing]
        count, received = self.detail.task_count or 0, len(self.tasks)
        # While a job runs, the tasks that have not begun may be left out.
        if received >= count or not self.is_whole or self.outcome is Outcome.RUNNING:
            return []
        return [f"The service counts {count} tasks, but sent {received}."]

    @property
    def mix_up(self) -> str | None:
        """Says, in a sentence, that the reply is about another job; None if it is not."""
        requested, sent = self.requested_job_id, self.job.job_id
        if requested is None or sent is None or sent.upper() == requested.upper():
            return None
        return f"The request was for {requested}, the reply is about {sent}."

    def refuse_mix_up(self) -> None:
        """Raise a ReplyError if the reply is about another job."""
        if self.mix_up:
            message = f"the service's reply about {self.requested_job_id} is about"
            raise ReplyError(f"{message} another job, {self.job.job_id}")

    @property
    def contradictions(self) -> tuple[str, ...]:
        """What does not add up, in sentences."""
        return tuple(_find_contradictions(self))

    @property
    def first_moment(self) -> datetime | None:
        """When the first of the received tasks began, in UTC."""
        return min(filter(None, (each.task.created_at for each in self.tasks)), default=None)

    @property
    def last_moment(self) -> datetime | None:
        """When the last of the received tasks ended, in UTC; the service's now if one runs."""
        ends = (
            self.detail.as_of
            if each.stage is Stage.UNDER_WAY and not self.stage.has_ended
            else each.task.last_health_check
            for each in self.tasks
        )
        return max(filter(None, ends), default=None)

    @property
    def as_of(self) -> datetime | None:
        """The service's now; None once the job has ended, since nothing depends on it then."""
        return None if self.stage.has_ended else self.detail.as_of

    @property
    def started(self) -> datetime | None:
        """When the first task began; None if tasks are missing that would decide it."""
        # While a job runs, the tasks that have not begun may be left out: they have no times yet.
        is_known = self.has_all or (self.is_whole and self.stage is Stage.UNDER_WAY)
        return self.first_moment if is_known else None

    @property
    def ended(self) -> datetime | None:
        """When the last task ended; None before that, or if tasks are missing."""
        return self.last_moment if self.has_all and self.stage.has_ended else None

    @property
    def elapsed_seconds(self) -> float | None:
        """The time from start to end, or so far; None if one of them is not known."""
        if self.stage is Stage.UNDER_WAY:
            return seconds_so_far(self.started, self.detail.as_of)
        return seconds_between(self.started, self.ended)


def report_job(
    detail: JobDetail,
    window: Window = Window(),
    *,
    catalogue: Catalogue | None = None,
    requested_job_id: str | None = None,
    missing: str | None = None,
) -> Report:
    """Work out what a job means; `window` says which tasks were requested."""
    tasks = tuple(_report_tasks(detail, window, catalogue or Catalogue()))
    return Report(detail, window, tasks, tasks, missing, requested_job_id)


def _report_tasks(detail: JobDetail, window: Window, catalogue: Catalogue) -> Iterator[TaskReport]:
    phase, tasks = None, detail.order_tasks(is_desc=window.desc)
    stages = [stage_of(task.task_status) for task in tasks]
    # Where no task failed, what those that succeeded say is the best hint there is.
    has_failed = stage_of(detail.job.execution_status) is Stage.FAILED
    has_hints = has_failed and window.is_whole and Stage.FAILED not in stages
    for task, stage in zip(tasks, stages, strict=True):
        name, kind = task.task_name or "", (task.task_type or "").lower()
        is_separator = kind == "echo" and name.startswith(_SEPARATOR_PREFIX)
        phase = name.removeprefix(_SEPARATOR_PREFIX) if is_separator else phase
        message = read_failure(task.messages) if has_hints or stage is not Stage.SUCCEEDED else None
        times = _read_times(task, stage, detail)
        codes = message.codes if message and stage is Stage.FAILED else ()
        title, means = catalogue.find_title(task.task_name), catalogue.explain_failure(codes)
        yield TaskReport(task, stage, message, phase, is_separator, *times, title, means)


def _read_times(task: "Task", stage: Stage, detail: JobDetail) -> tuple[float | None, float | None]:
    """Return the seconds that a task took, or takes so far, and those since its last heartbeat."""
    start, heartbeat = task.created_at, task.last_health_check
    if stage is not Stage.UNDER_WAY:
        return (seconds_between(start, heartbeat) if stage.has_ended else None), None
    age = seconds_so_far(heartbeat, detail.as_of) if detail.has_clock else None
    if stage_of(detail.job.execution_status).has_ended:
        return seconds_between(start, heartbeat), age
    return seconds_so_far(start, detail.as_of), age


def _find_contradictions(report: Report) -> Iterator[str]:
    detail, stage, status = report.detail, report.stage, report.job.execution_status
    tasks = [each.task for each in report.tasks]
    change = detail.next_status and f"The job became {detail.next_status} while it was fetched."
    yield from filter(None, (report.missing, report.mix_up, change))
    if report.is_whole and stage is Stage.FAILED and not report.cause:
        what = "none of its tasks failed" if tasks else "the reply holds no tasks"
        yield f"The job is {status}, but {what}."
    if stage is Stage.SUCCEEDED and report.cause:
        yield f"The job is {status}, but one of its tasks failed."
    running = (each.task for each in report.tasks if each.stage.outcome is Outcome.RUNNING)
    if stage.has_ended and (named := ", ".join(each.label for each in running)):
        yield f"The job is {status}, but not all of its tasks have ended: {named}."
    if named := ", ".join(dict.fromkeys(detail.duplicates)):
        yield f"The service sent these tasks more than once; each is shown once: {named}."
    if detail.task_count is None:
        yield "No task_count says how many tasks there are."
    elif len(tasks) > detail.task_count:
        yield f"The service counts {detail.task_count} tasks, but sent {len(tasks)}."
    elif not report.missing:
        yield from report.shortfalls
    for task in tasks:
        if task.created_at and task.last_health_check and task.last_health_check < task.created_at:
            yield f"The last health check of {task.label} is before its creation."


def group_phases(tasks: Sequence[TaskReport]) -> Iterator[Phase]:
    """Yield the phases of tasks that are in order."""
    numbers = accumulate(each.is_separator for each in tasks)
    for _, phase in groupby(tasks, key=lambda _: next(numbers)):
        yield Phase(tuple(phase))


TaskKey: TypeAlias = tuple[object, int]
"""What tells tasks apart, such as a name, and how many before have the same."""


def number_tasks(
    tasks: Iterable[TaskReport], key: Callable[["Task"], object] = attrgetter("task_name")
) -> Iterator[tuple[TaskKey, TaskReport]]:
    """Yield each task with its key, which no other task of the job has."""
    seen: Counter[object] = Counter()
    for each in tasks:
        found = key(each.task)
        yield (found, seen[found]), each
        seen[found] += 1
