"""What a reply means: the outcome, the cause, the phases, the times, and what does not add up."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from casjob.job.failures import Failure, read_failure
from casjob.job.models import Job, JobDetail, Task
from casjob.job.statuses import Outcome, Stage, stage_of

_SEPARATOR_PREFIX = "SEPARATOR_"


class TaskReport(NamedTuple):
    """What one task means.

    `failure` is there exactly if the task ended badly. `said` is what any other task says that
    has not succeeded. `elapsed_seconds` is how long it took, or has been running so far.
    `heartbeat_age_seconds` is there for a task under way. `phase` is the part of the job it
    belongs to, named by the separator task before it.
    """

    task: Task
    stage: Stage
    failure: Failure | None
    said: Failure | None
    phase: str | None
    is_separator: bool
    elapsed_seconds: float | None
    heartbeat_age_seconds: float | None


class Report(NamedTuple):
    """What a job with its tasks means.

    `tasks` are in TASK_INDEX order, or from the first to the last as sent where one has no index;
    `shown` are those of them that were asked for, in the order asked for. `is_whole` says that
    the service was asked for all tasks, `is_complete` that all it counts came. `started` and
    `elapsed_seconds` are None where tasks are missing that would decide them. `contradictions`
    are full sentences.
    """

    detail: JobDetail
    stage: Stage
    tasks: tuple[TaskReport, ...]
    shown: tuple[TaskReport, ...]
    is_whole: bool
    is_complete: bool
    started: datetime | None
    elapsed_seconds: float | None
    contradictions: tuple[str, ...]

    @property
    def job(self) -> Job:
        """The job itself."""
        return self.detail.job

    @property
    def outcome(self) -> Outcome:
        """Where the job stands, by its own status."""
        return self.stage.outcome

    @property
    def steps(self) -> tuple[TaskReport, ...]:
        """The tasks that are work, not separators."""
        return tuple(task for task in self.tasks if not task.is_separator)

    @property
    def failed(self) -> tuple[TaskReport, ...]:
        """The tasks that ended badly: the cause first, its followers in order."""
        failed = [task for task in self.tasks if task.failure]
        # A task that was cancelled or rolled back is so because another one failed.
        return tuple(sorted(failed, key=lambda each: not _has_failed_itself(each.task)))

    @property
    def first_moment(self) -> datetime | None:
        """When the first task that is here began, in UTC."""
        return _earliest(each.task.created_at for each in self.tasks)

    @property
    def last_moment(self) -> datetime | None:
        """When the last task that is here ended, in UTC; the service's now if one goes on."""
        goes_on = not self.stage.has_ended
        return _latest(
            self.detail.as_of
            if goes_on and each.stage is Stage.UNDER_WAY
            else each.task.last_health_check
            for each in self.tasks
        )

    @property
    def shows_everything(self) -> bool:
        """Whether every task that the service counts is shown."""
        return self.is_complete and len(self.shown) == len(self.tasks)

    @property
    def task_count(self) -> int:
        """How many tasks there are: the service's count, or more if more came."""
        return max(self.detail.task_count or 0, len(self.tasks))


def report_job(
    detail: JobDetail,
    *,
    is_whole: bool = True,
    is_desc: bool = False,
    asked_job_id: str | None = None,
) -> Report:
    """Say what a reply means.

    Args:
        detail: the job with its tasks.
        is_whole: whether all tasks were asked for, not only a part of them.
        is_desc: whether the last task was asked for first.
        asked_job_id: the job that was asked for, to notice an answer about another.
    """
    stage = stage_of(detail.job.execution_status)
    ordered = _order(detail.tasks, is_desc=is_desc)
    tasks = tuple(_report_tasks(ordered, detail.as_of, goes_on=not stage.has_ended))
    count = detail.task_count
    is_complete = is_whole if count is None else len(tasks) >= count
    report = Report(
        detail=detail,
        stage=stage,
        tasks=tasks,
        shown=tasks,
        is_whole=is_whole,
        is_complete=is_complete,
        started=None,
        elapsed_seconds=None,
        contradictions=tuple(_find_contradictions(detail, stage, tasks, is_whole, asked_job_id)),
    )
    # While a job is under way, the tasks that have not begun may be left out: they began nothing.
    if is_complete or (is_whole and stage is Stage.UNDER_WAY):
        report = report._replace(started=report.first_moment)
    elapsed = None
    if stage.has_ended:
        elapsed = _seconds_between(report.started, report.last_moment)
    elif stage is Stage.UNDER_WAY:
        elapsed = _seconds_so_far(report.started, detail.as_of)
    return report._replace(elapsed_seconds=elapsed)


def _order(tasks: tuple[Task, ...], *, is_desc: bool) -> list[Task]:
    if any(task.task_index is None for task in tasks):
        return list(reversed(tasks) if is_desc else tasks)
    return sorted(tasks, key=lambda task: task.task_index or 0)


def _report_tasks(
    tasks: Iterable[Task], as_of: datetime | None, *, goes_on: bool
) -> Iterable[TaskReport]:
    phase = None
    for task in tasks:
        is_separator = _is_separator(task)
        if is_separator:
            phase = (task.task_name or "").removeprefix(_SEPARATOR_PREFIX)
        stage = stage_of(task.task_status)
        has_failed = stage.outcome is Outcome.FAILED
        is_under_way = stage is Stage.UNDER_WAY
        says = None if stage is Stage.ENDED_WELL else read_failure(task.messages)
        elapsed = None
        if is_under_way and goes_on:
            elapsed = _seconds_so_far(task.created_at, as_of)
        elif is_under_way or stage.has_ended:
            elapsed = _seconds_between(task.created_at, task.last_health_check)
        yield TaskReport(
            task=task,
            stage=stage,
            failure=(says or Failure(code=None, detail=None)) if has_failed else None,
            said=None if has_failed else says,
            phase=phase,
            is_separator=is_separator,
            elapsed_seconds=elapsed,
            heartbeat_age_seconds=(
                _seconds_so_far(task.last_health_check, as_of) if is_under_way else None
            ),
        )


def _has_failed_itself(task: Task) -> bool:
    return (task.task_status or "").upper() in {"FAILED", "PARTIALLY_FAILED"}


def _is_separator(task: Task) -> bool:
    is_echo = (task.task_type or "").lower() == "echo"
    return is_echo and (task.task_name or "").startswith(_SEPARATOR_PREFIX)


def _seconds_between(start: datetime | None, end: datetime | None) -> float | None:
    """Return seconds, or None if a time is missing or the end lies before the start."""
    if start is None or end is None or end < start:
        return None
    return (end - start).total_seconds()


def _seconds_so_far(start: datetime | None, as_of: datetime | None) -> float | None:
    """Return seconds until now, by a clock that HTTP tells without the fraction of a second."""
    if start and as_of and as_of < start < as_of + timedelta(seconds=1):
        return 0.0
    return _seconds_between(start, as_of)


def _earliest(moments: Iterable[datetime | None]) -> datetime | None:
    return min((moment for moment in moments if moment), default=None)


def _latest(moments: Iterable[datetime | None]) -> datetime | None:
    return max((moment for moment in moments if moment), default=None)


def _find_contradictions(
    detail: JobDetail,
    stage: Stage,
    tasks: tuple[TaskReport, ...],
    is_whole: bool,  # noqa: FBT001 - private, and named at its one call
    asked_job_id: str | None,
) -> Iterable[str]:
    status = detail.job.execution_status
    if asked_job_id and detail.job.job_id not in {None, asked_job_id}:
        yield f"The service was asked for {asked_job_id} and answered with {detail.job.job_id}."
    has_failed_task = any(task.failure for task in tasks)
    if is_whole and stage is Stage.ENDED_BADLY and not has_failed_task:
        yield f"The job is {status}, but none of its tasks failed."
    if stage is Stage.ENDED_WELL and has_failed_task:
        yield f"The job is {status}, but a task of it failed."
    if stage.has_ended:
        unfinished = [task for task in tasks if task.stage.outcome is Outcome.RUNNING]
        if unfinished:
            named = ", ".join(name_task(each.task) for each in unfinished)
            yield f"The job is {status}, but not all of its tasks have ended: {named}."
    if detail.duplicates:
        named = ", ".join(dict.fromkeys(detail.duplicates))
        yield f"The service sent tasks more than once, each is shown once: {named}."
    yield from _find_miscounts(detail.task_count, stage, len(tasks), is_whole=is_whole)
    for each in tasks:
        task = each.task
        if task.created_at and task.last_health_check and task.last_health_check < task.created_at:
            yield f"The last health check of {name_task(task)} lies before its creation."


def _find_miscounts(count: int | None, stage: Stage, came: int, *, is_whole: bool) -> Iterable[str]:
    if count is None:
        yield "The service did not say how many tasks there are."
    elif came > count:
        yield f"The service counts {count} tasks, but sent {came}."
    elif is_whole and came < count and stage.outcome is not Outcome.RUNNING:
        # While a job runs, those that have not begun may be left out; that is no contradiction.
        yield f"The service counts {count} tasks, but sent {came}."


def name_task(task: Task) -> str:
    """Return `task 9 TN00097`, or as much of it as the service gave."""
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
    """Return the report with only those tasks shown, in that order, that are asked for.

    Args:
        report: the job.
        statuses: status words in upper case; empty for all.
        only_failed: only tasks that ended badly.
        desc: the last task first.
        offset: how many of the matching tasks to leave out.
        limit: how many to show at the most; None for all.
    """
    matching = [
        each
        for each in report.tasks
        if (not statuses or (each.task.task_status or "").upper() in statuses)
        and (each.failure or not only_failed)
    ]
    if desc:
        matching.reverse()
    stop = None if limit is None else offset + limit
    return report._replace(shown=tuple(matching[offset:stop]))
