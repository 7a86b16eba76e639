"""The sentences about two runs of a job, the same in every format that people read."""

from casjob.formats.text.phrases import format_elapsed
from casjob.job.difference import Change, Difference, TaskDifference
from casjob.job.report import Report, TaskReport

NOTICED = 1.0
"""Seconds of change in a task's elapsed time that are worth a line."""

_LEAST = 0.05
"""Seconds of change in a job's elapsed time that are not rounded to nothing."""


def describe_difference(difference: Difference) -> str:
    """Return what differs first, in a sentence."""
    first = difference.first
    if first:
        return (
            f"{first.name} is the first to differ: {_describe(first.base, first)} in BASE,"
            f" {_describe(first.job, first)} in JOB"
        )
    if not difference.has_same_status:
        base, job = _status_of(difference.base), _status_of(difference.job)
        return f"the tasks match, but the jobs differ: {base} in BASE, {job} in JOB"
    count = len(difference.tasks)
    return f"the jobs match: {count} {'task' if count == 1 else 'tasks'}, none differs"


def describe_elapsed_change(difference: Difference) -> str | None:
    """Return how much longer the job took, and because of which task; None if it did not."""
    change = difference.elapsed_change
    if change is None or abs(change) < _LEAST:
        return None
    sentence = f"JOB took {format_elapsed(abs(change))} {'longer' if change > 0 else 'less'}"
    main = difference.main_cause
    if main is None:
        return sentence
    base, job = describe_elapsed(main.base), describe_elapsed(main.job)
    return f"{sentence}, mostly because of {main.name}: {base} in BASE, {job} in JOB"


def format_change(seconds: float) -> str:
    """Return `+1.6s`, `-39.6s` or `0.0s`."""
    sign = "" if abs(seconds) < _LEAST else "-" if seconds < 0 else "+"
    return f"{sign}{format_elapsed(abs(seconds))}"


def describe_status(report: TaskReport | None) -> str:
    """Return a task's status; of a task that is not there, that it was not reported."""
    return (report.task.task_status or "(no status)") if report else "not reported"


def describe_elapsed(report: TaskReport | None) -> str:
    """Return how long a task took, or its status if that is not known."""
    if report is None or report.elapsed_seconds is None:
        return describe_status(report)
    return format_elapsed(report.elapsed_seconds)


def is_noticed(task: TaskDifference) -> bool:
    """Return whether a task is worth a line: it differs, or took noticeably longer or shorter."""
    return task.change is not None or abs(task.elapsed_change or 0.0) >= NOTICED


def describe_change_count(difference: Difference) -> str:
    """Return `2 of 7 tasks differ`."""
    count = sum(each.change is not None for each in difference.tasks)
    return f"{count} of {len(difference.tasks)} tasks {'differs' if count == 1 else 'differ'}"


def describe_message(report: TaskReport | None) -> str:
    """Return the code and the detail of a task's message; empty if it has none."""
    message = report.message if report else None
    return "  ".join(filter(None, (message.code, message.detail))) if message else ""


def _describe(report: TaskReport | None, difference: TaskDifference) -> str:
    status = describe_status(report)
    if difference.change is not Change.MESSAGE:
        return status
    message = report.message if report else None
    if message is None:
        return f"{status} without a message"
    return f"{status} with {message.code or 'another message'}"


def _status_of(report: Report) -> str:
    return report.job.execution_status or "(no status)"
