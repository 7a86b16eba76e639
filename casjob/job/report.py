"""What a job with its tasks means: outcome, cause, phases, times, and what does not add up."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from casjob.catalogue.meanings import Catalogue
from casjob.job.failures import Failure, read_failure
from casjob.job.models import Job, JobDetail, Task
from casjob.job.source import Window
from casjob.job.statuses import Outcome, Stage, stage_of

_SEPARATOR_PREFIX = "SEPARATOR_"
_FAILED_ITSELF = frozenset({"FAILED", "PARTIALLY_FAILED"})


class TaskReport(NamedTuple):
    """What one task means.

    Args:
        task: the task as the service describes it.
        stage: what its status means.
        message: what its MESSAGES say; None if that is nothing, or if it succeeded.
        phase: the part of the job it belongs to, named by the separator task before it.
        is_separator: whether it marks a phase instead of doing work.
        elapsed_seconds: how long it took, or has been running so far.
        heartbeat_age_seconds: since the last health check of a task that is running.
        title: what the task does; None if that is not known.
        means: what is known about the codes of a task that failed, in lines.
    """

    task: Task
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
        return " ".join(filter(None, (name_task(self.task), self.title)))

    @property
    def has_failed(self) -> bool:
        """Whether it ended badly."""
        return self.stage is Stage.ENDED_BADLY


class Phase(NamedTuple):
    """A part of a job: consecutive tasks, headed by a separator.

    Args:
        separator: names the phase; None for the tasks before the first separator.
        steps: the tasks that do work.
    """

    separator: TaskReport | None
    steps: tuple[TaskReport, ...]

    @property
    def name(self) -> str | None:
        """What the separator calls it."""
        return self.separator.phase if self.separator else None

    @property
    def tasks(self) -> tuple[TaskReport, ...]:
        """All tasks, the separator first."""
        return (self.separator, *self.steps) if self.separator else self.steps

    @property
    def done(self) -> int:
        """How many steps succeeded or were skipped."""
        return sum(each.stage.outcome is Outcome.SUCCEEDED for each in self.steps)

    @property
    def has_succeeded(self) -> bool:
        """Whether there are steps, and all tasks succeeded or were skipped."""
        return bool(self.steps) and all(
            each.stage.outcome is Outcome.SUCCEEDED for each in self.tasks
        )

    @property
    def elapsed_seconds(self) -> float | None:
        """From when its first task began to when its last one ended; None without times."""
        return _seconds_between(
            min(_moments(each.task.created_at for each in self.tasks), default=None),
            max(_moments(each.task.last_health_check for each in self.tasks), default=None),
        )


class Report(NamedTuple):
    """What a job with its tasks means.

    Args:
        detail: the job as the service describes it.
        stage: what its status means.
        tasks: in TASK_INDEX order, or in the order sent where one has no index.
        shown: the selected tasks, in the order selected.
        is_whole: whether all tasks of the job were requested.
        is_complete: whether every requested task was received.
        has_all: whether every task that the service counts was received.
        started: when the first task began; None if tasks are missing that would decide it.
        ended: when the last task ended; None before that, or if tasks are missing.
        elapsed_seconds: from start to end, or so far; None as for `started`.
        contradictions: what does not add up, in full sentences.
    """

    detail: JobDetail
    stage: Stage
    tasks: tuple[TaskReport, ...]
    shown: tuple[TaskReport, ...]
    is_whole: bool
    is_complete: bool
    has_all: bool
    started: datetime | None
    ended: datetime | None
    elapsed_seconds: float | None
    contradictions: tuple[str, ...]

    @property
    def job(self) -> Job:
        """The job itself."""
        return self.detail.job

    @property
    def outcome(self) -> Outcome:
        """The outcome of the job, by its own status."""
        return self.stage.outcome

    @property
    def steps(self) -> tuple[TaskReport, ...]:
        """The tasks that do work: all but separators."""
        return tuple(task for task in self.tasks if not task.is_separator)

    @property
    def failed(self) -> tuple[TaskReport, ...]:
        """The tasks that ended badly: the cause first, its followers in order."""
        failed = [task for task in self.tasks if task.has_failed]
        # A task is cancelled or rolled back because another one failed.
        return tuple(sorted(failed, key=lambda each: not _has_failed_itself(each.task)))

    @property
    def cause(self) -> TaskReport | None:
        """The task that made the job fail; None if no task failed."""
        return next(iter(self.failed), None)

    @property
    def first_moment(self) -> datetime | None:
        """When the first of the received tasks began, in UTC."""
        return min(_moments(each.task.created_at for each in self.tasks), default=None)

    @property
    def last_moment(self) -> datetime | None:
        """When the last of the received tasks ended, in UTC; the service's now if one runs."""
        return _find_last_moment(self.detail, self.stage, self.tasks)

    @property
    def shows_everything(self) -> bool:
        """Whether every task that the service counts is shown."""
        return self.has_all and len(self.shown) == len(self.tasks)

    @property
    def task_count(self) -> int:
        """How many tasks there are: the service's count, or more if more were received."""
        return max(self.detail.task_count or 0, len(self.tasks))


def report_job(
    detail: JobDetail,
    window: Window | None = None,
    *,
    catalogue: Catalogue | None = None,
    requested_job_id: str | None = None,
    lack: str | None = None,
) -> Report:
    """Work out what a job with its tasks means.

    Args:
        detail: the job with its tasks.
        window: which tasks were requested; None for all of them.
        catalogue: what the names of tasks and the codes of failures mean; by default, without a
            team's own meanings.
        requested_job_id: the job that was requested, to notice a reply about another.
        lack: says, in a sentence, that `detail` is not all that there was to receive.
    """
    window = window or Window()
    catalogue = catalogue or Catalogue()
    is_whole = window.is_whole and lack is None
    stage = stage_of(detail.job.execution_status)
    ordered = order_tasks(detail.tasks, is_desc=window.desc)
    goes_on = not stage.has_ended
    tasks = tuple(_report_tasks(ordered, detail.as_of, catalogue, goes_on=goes_on))
    has_all = is_whole if detail.task_count is None else len(tasks) >= detail.task_count
    # While a job runs, the tasks that have not begun may be left out: they have no times yet.
    has_all_times = has_all or (is_whole and stage is Stage.UNDER_WAY)
    started = ended = elapsed = None
    if has_all_times:
        started = min(_moments(task.created_at for task in ordered), default=None)
    if has_all_times and stage.has_ended:
        ended = _find_last_moment(detail, stage, tasks)
        elapsed = _seconds_between(started, ended)
    elif stage is Stage.UNDER_WAY:
        elapsed = _seconds_so_far(started, detail.as_of)
    return Report(
        detail=detail,
        stage=stage,
        tasks=tasks,
        shown=tasks,
        is_whole=is_whole,
        is_complete=_is_complete(detail, window),
        has_all=has_all,
        started=started,
        ended=ended,
        elapsed_seconds=elapsed,
        contradictions=tuple(
            _find_contradictions(detail, stage, tasks, is_whole, requested_job_id, lack)
        ),
    )


def group_phases(tasks: Iterable[TaskReport]) -> Iterator[Phase]:
    """Yield the phases of tasks that are in order."""
    separator: TaskReport | None = None
    steps: list[TaskReport] = []
    for each in tasks:
        if not each.is_separator:
            steps.append(each)
            continue
        if separator or steps:
            yield Phase(separator, tuple(steps))
        separator, steps = each, []
    if separator or steps:
        yield Phase(separator, tuple(steps))


def _is_complete(detail: JobDetail, window: Window) -> bool:
    count = detail.task_count
    if count is None or window.instance_id:
        # Without a count, or with one of other tasks too, pages were fetched until one was empty.
        return True
    expected = max(count - window.offset, 0)
    if window.limit is not None:
        expected = min(expected, window.limit)
    return len(detail.tasks) >= expected


def _find_last_moment(
    detail: JobDetail, stage: Stage, tasks: Iterable[TaskReport]
) -> datetime | None:
    goes_on = not stage.has_ended
    return max(
        _moments(
            detail.as_of
            if goes_on and each.stage is Stage.UNDER_WAY
            else each.task.last_health_check
            for each in tasks
        ),
        default=None,
    )


def order_tasks(tasks: tuple[Task, ...], *, is_desc: bool) -> list[Task]:
    """Return tasks by TASK_INDEX; where one has none, as sent, or the reverse of descending."""
    if any(task.task_index is None for task in tasks):
        return list(reversed(tasks) if is_desc else tasks)
    return sorted(tasks, key=lambda task: task.task_index or 0)


def _report_tasks(
    tasks: Iterable[Task], as_of: datetime | None, catalogue: Catalogue, *, goes_on: bool
) -> Iterable[TaskReport]:
    phase = None
    for task in tasks:
        is_separator = _is_separator(task)
        if is_separator:
            phase = (task.task_name or "").removeprefix(_SEPARATOR_PREFIX)
        stage = stage_of(task.task_status)
        is_running = stage is Stage.UNDER_WAY
        elapsed = None
        if is_running and goes_on:
            elapsed = _seconds_so_far(task.created_at, as_of)
        elif is_running or stage.has_ended:
            elapsed = _seconds_between(task.created_at, task.last_health_check)
        message = None if stage is Stage.ENDED_WELL else read_failure(task.messages)
        means: tuple[str, ...] = ()
        if message and stage is Stage.ENDED_BADLY:
            means = catalogue.explain_failure(message.codes)
        yield TaskReport(
            task=task,
            stage=stage,
            message=message,
            phase=phase,
            is_separator=is_separator,
            elapsed_seconds=elapsed,
            heartbeat_age_seconds=(
                _seconds_so_far(task.last_health_check, as_of) if is_running else None
            ),
            title=catalogue.find_title(task.task_name),
            means=means,
        )


def _has_failed_itself(task: Task) -> bool:
    return (task.task_status or "").upper() in _FAILED_ITSELF


def _is_separator(task: Task) -> bool:
    is_echo = (task.task_type or "").lower() == "echo"
    return is_echo and (task.task_name or "").startswith(_SEPARATOR_PREFIX)


def _seconds_between(start: datetime | None, end: datetime | None) -> float | None:
    """Return seconds, or None if a time is missing or the end lies before the start."""
    if start is None or end is None or end < start:
        return None
    return (end - start).total_seconds()


def _seconds_so_far(start: datetime | None, as_of: datetime | None) -> float | None:
    """Return the seconds until now, by the Date header, which leaves out fractions of a second."""
    if start and as_of and timedelta() < start - as_of < timedelta(seconds=1):
        return 0.0
    return _seconds_between(start, as_of)


def _moments(moments: Iterable[datetime | None]) -> Iterable[datetime]:
    return (moment for moment in moments if moment)


def _find_contradictions(
    detail: JobDetail,
    stage: Stage,
    tasks: tuple[TaskReport, ...],
    is_whole: bool,  # noqa: FBT001 - private, and named at the only call
    requested_job_id: str | None,
    lack: str | None,
) -> Iterable[str]:
    status = detail.job.execution_status
    if lack:
        yield lack
    if requested_job_id and detail.job.job_id not in {None, requested_job_id}:
        yield f"The request was for {requested_job_id}, the reply is about {detail.job.job_id}."
    has_failed_task = any(task.has_failed for task in tasks)
    if is_whole and stage is Stage.ENDED_BADLY and not has_failed_task:
        yield f"The job is {status}, but none of its tasks failed."
    if stage is Stage.ENDED_WELL and has_failed_task:
        yield f"The job is {status}, but one of its tasks failed."
    if stage.has_ended:
        unfinished = [task for task in tasks if task.stage.outcome is Outcome.RUNNING]
        if unfinished:
            named = ", ".join(name_task(each.task) for each in unfinished)
            yield f"The job is {status}, but not all of its tasks have ended: {named}."
    if detail.duplicates:
        named = ", ".join(dict.fromkeys(detail.duplicates))
        yield f"The service sent these tasks more than once; each is shown once: {named}."
    yield from _find_miscounts(detail.task_count, stage, len(tasks), is_whole=is_whole)
    for each in tasks:
        task = each.task
        if task.created_at and task.last_health_check and task.last_health_check < task.created_at:
            yield f"The last health check of {name_task(task)} is before its creation."


def _find_miscounts(count: int | None, stage: Stage, came: int, *, is_whole: bool) -> Iterable[str]:
    if count is None:
        yield "The service did not say how many tasks there are."
    elif came > count:
        yield f"The service counts {count} tasks, but sent {came}."
    elif is_whole and came < count and stage.outcome is not Outcome.RUNNING:
        # While a job runs, the tasks that have not begun may be left out.
        yield f"The service counts {count} tasks, but sent {came}."


def name_task(task: Task) -> str:
    """Return `task 9 TN00097`, or as much of it as the service sent."""
    number = "" if task.task_index is None else f" {task.task_index}"
    return f"task{number} {task.task_name or task.task_id or '(no name)'}"


def select_tasks(
    report: Report,
    *,
    statuses: frozenset[str] = frozenset(),
    only_failed: bool = False,
    desc: bool = False,
    offset: int = 0,
    limit: int | None = None,
) -> Report:
    """Return the report with only the selected tasks shown.

    Args:
        report: the job.
        statuses: status words in upper case; empty for all.
        only_failed: only tasks that ended badly.
        desc: the last task first.
        offset: how many of the matching tasks to skip.
        limit: the most tasks to show; None for all.
    """
    matching = [
        each
        for each in report.tasks
        if (not statuses or (each.task.task_status or "").upper() in statuses)
        and (each.has_failed or not only_failed)
    ]
    if desc:
        matching.reverse()
    stop = None if limit is None else offset + limit
    return report._replace(shown=tuple(matching[offset:stop]))
