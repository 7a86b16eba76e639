"""The timeline of a job's tasks, which only terminals and documents have."""

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from casjob.formats.text.phrases import format_elapsed
from casjob.formats.text.words import BAR, STAGE_STYLES, TICK
from casjob.job.report import Report, TaskReport

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console, ConsoleOptions
    from rich.text import Text


class Timeline(NamedTuple):
    """A task's bar: as long as it took, as far right as it began late. Without a task, the scale.

    The job began at `first`, and took, or has been running for, so many seconds.
    """

    first: datetime | None
    seconds: float
    task: TaskReport | None = None

    @classmethod
    def of(cls, report: Report) -> "Timeline":
        """Return the scale for a job."""
        first, last = report.first_moment, report.last_moment
        return cls(first, max((last - first).total_seconds(), 0.0) if first and last else 0.0)

    def bar(self, task: TaskReport) -> "Timeline | None":
        """Return the bar of a task; None if it has not begun."""
        return self._replace(task=task) if self.first and task.task.created_at else None

    def __rich_console__(self, _: "Console", options: "ConsoleOptions") -> "Iterator[Text]":
        from rich.text import Text

        width = options.max_width
        start = self.task and self.task.task.created_at
        if self.task is None or self.first is None or start is None:
            whole = format_elapsed(self.seconds)
            # Of a job from the year 1 to now, the end of the scale is longer than the timeline.
            yield Text(f"0s{whole.rjust(width - 2)}" if len(whole) < width - 2 else "")
            return
        scale = width / max(self.seconds, 0.001)
        before = min(round((start - self.first).total_seconds() * scale), width - 1)
        length = min(round((self.task.elapsed_seconds or 0.0) * scale), width - before)
        yield Text.assemble(" " * before, (BAR * length or TICK, STAGE_STYLES[self.task.stage]))
