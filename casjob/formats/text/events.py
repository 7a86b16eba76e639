"""Events as text: one line each, for logs and pipes."""

from typing import assert_never

from casjob.formats.text.phrases import (
    describe_progress,
    describe_verdict,
    format_elapsed,
    read_message,
)
from casjob.job.events import (
    Event,
    JobStatus,
    NotFound,
    Retry,
    Stall,
    TaskStatus,
    Verdict,
    Waiting,
)
from casjob.job.report import name_task

_UNKNOWN = "(no status)"


def choose_arrow(encoding: str) -> str:
    """Return the sign between two statuses that can be written in an encoding."""
    try:
        return "→".encode(encoding).decode(encoding)
    except UnicodeEncodeError:
        return "->"


def describe_event(event: Event, arrow: str) -> str | None:
    """Return a line about an event; None if it does not belong in a log.

    Args:
        event: what happened.
        arrow: the sign between two statuses.
    """
    said = _describe(event, arrow)
    return said and f"{event.time:%Y-%m-%dT%H:%M:%SZ} {event.job_id} {said}"


def _describe(event: Event, arrow: str) -> str | None:
    match event:
        case JobStatus(before=None):
            return event.after or _UNKNOWN
        case JobStatus():
            return f"{event.before} {arrow} {event.after or _UNKNOWN}"
        case TaskStatus(is_first_report=True):
            return None
        case TaskStatus():
            return _describe_task(event, arrow)
        case Stall():
            return describe_stall(event)
        case Waiting():
            return _describe_waiting(event)
        case Retry() | NotFound() | Verdict():
            # The first two go to stderr, the other is in the report at the end.
            return None
        case _:
            assert_never(event)


def describe_stall(stall: Stall) -> str:
    """Return which task gives cause for worry, and why."""
    return f"{stall.report.name}: {stall.message}"


def _describe_task(event: TaskStatus, arrow: str) -> str:
    report = event.report
    before = f"{event.before} " if event.before else ""
    words = f"{name_task(report.task)} {before}{arrow} {report.task.task_status or _UNKNOWN}"
    if report.stage.has_ended and report.elapsed_seconds is not None:
        words += f" ({format_elapsed(report.elapsed_seconds)})"
    if report.title:
        words += f"  {report.title}"
    cause = "  ".join(read_message(report))
    return f"{words}: {cause}" if cause else words


def _describe_waiting(event: Waiting) -> str:
    report = event.report
    if report is None:
        return "does not exist yet" if event.is_missing else "nothing is known yet"
    progress = f", {describe_progress(report)}" if report.is_whole else ""
    return f"still {describe_verdict(report)}{progress}"
