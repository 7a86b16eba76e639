"""Jobs as they change, one line per change, for logs and pipes."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import assert_never

from casjob.formats.display import Color, Display, JobResult, View
from casjob.formats.text.endings import render_endings
from casjob.formats.text.phrases import (
    describe_progress,
    describe_reason,
    describe_verdict,
    format_elapsed,
)
from casjob.job.events import (
    Event,
    JobSnapshot,
    JobStatus,
    NotFound,
    Retry,
    Stall,
    TaskStatus,
    Verdict,
    Waiting,
)
from casjob.printable import printable

_UNKNOWN = "(no status)"


@contextmanager
def view(
    write: Callable[[str | bytes], bool], display: Display, *, may_draw: bool
) -> Iterator[View]:
    """Return a live view on a terminal that can be drawn on; a line an event elsewhere."""
    can_draw = display.is_terminal and display.environ.get("TERM") != "dumb"
    if not (may_draw and can_draw):
        yield Lines(write, display)
        return
    from casjob.formats.text.live import LiveView

    with LiveView(write, display) as view:
        yield view


class Lines:
    """Writes a line for each event, and how the jobs ended at the end."""

    is_live = False

    def __init__(self, write: Callable[[str | bytes], bool], display: Display) -> None:
        self._write = write
        self._arrow = choose_arrow(display.encoding)
        # A CI that forces colour gets it in a report, but not in a log that ends with one.
        is_auto = display.color is Color.AUTO
        self._display = display._replace(color=Color.NEVER) if is_auto else display

    def show_event(self, event: Event) -> bool:
        """Write a line about an event, if it belongs in a log."""
        line = describe_event(event, self._arrow)
        return line is None or self._write(f"{printable(line)}\n")

    def draw(self, snapshots: Sequence[JobSnapshot]) -> None:
        """Draw nothing."""

    def show_results(self, results: Sequence[JobResult]) -> None:
        """Write how the jobs ended."""
        text = render_endings(results, self._display)
        if text:
            self._write(f"\n{text}")


def choose_arrow(encoding: str) -> str:
    """Return the sign between two statuses that can be written in an encoding."""
    try:
        return "→".encode(encoding).decode(encoding)
    except UnicodeEncodeError:
        return "->"


def describe_event(event: Event, arrow: str) -> str | None:
    """Return a line about an event; None if it does not belong in a log."""
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
    words = f"{report.task.label} {before}{arrow} {report.task.task_status or _UNKNOWN}"
    if report.stage.has_ended and report.elapsed_seconds is not None:
        words += f" ({format_elapsed(report.elapsed_seconds)})"
    if report.title:
        words += f"  {report.title}"
    cause = describe_reason(report)
    return f"{words}: {cause}" if cause else words


def _describe_waiting(event: Waiting) -> str:
    report = event.report
    if report is None:
        return "does not exist yet" if event.is_missing else "nothing is known yet"
    progress = f", {describe_progress(report)}" if report.is_whole else ""
    verdict = describe_verdict(report)
    still = "" if verdict.startswith("has been ") else "still "
    return f"{still}{verdict}{progress}"
