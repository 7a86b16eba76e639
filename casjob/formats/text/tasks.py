"""The table of tasks, with fewer rows than there are tasks where the terminal has no room."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from casjob.formats.text.page import Page
from casjob.formats.text.phrases import (
    describe_count,
    describe_heartbeat,
    describe_phase,
    format_clock,
    format_elapsed,
    to_zone,
)
from casjob.formats.text.table import MIN_WIDTH, Across, Field
from casjob.formats.text.words import BAR, INDENT, STAGE_STYLES, TICK, measure
from casjob.job.report import Phase, Report, TaskReport, group_phases
from casjob.job.statuses import Stage
from casjob.printable import printable

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions
    from rich.text import Text


class Gap(NamedTuple):
    """A number of tasks that were left out here, and whether all of them succeeded."""

    tasks: int
    has_succeeded: bool


Row: TypeAlias = TaskReport | Phase | Gap


def list_task_fields(report: Report, *, utc: bool) -> list[Field[TaskReport]]:
    """Return the fields of a job's tasks."""
    first, timeline = report.first_moment, Timeline.of(report)
    day = first and to_zone(first, utc=utc).date()
    ids = [each.task.task_id or "" for each in report.shown if not each.task.task_name]

    def clock(each: TaskReport) -> str:
        start = each.task.created_at
        return format_clock(start, day, utc=utc) if start else ""

    return [
        Field("#", "task_index", "task.task_index", is_right=True),
        Field(
            "TASK",
            "task_name",
            "task.task_name",
            show=lambda each: each.task.task_name or each.task.task_id,
            is_constant=True,
            narrow=4,
            # Ids stand in for names, and stay whole.
            min_width=max([MIN_WIDTH, *(len(printable(each)) for each in ids)]),
            overflow="middle",
        ),
        Field("STEP", "title", "title", narrow=6, drop=7, preferred_width=32, overflow="end"),
        Field("TYPE", "task_type", "task.task_type", drop=3),
        Field(
            "STATUS",
            "task_status",
            "task.task_status",
            empty="(none)",
            stage=lambda each: each.stage,
            is_constant=True,
        ),
        Field(None, "outcome", "stage.outcome"),
        Field(None, "phase", "phase"),
        Field("STARTED", "started_at", "task.created_at", show=clock, drop=2),
        Field(
            None,
            "ended_at",
            lambda each: each.task.last_health_check if each.stage.has_ended else None,
        ),
        Field("ELAPSED", "elapsed_seconds", "elapsed_seconds", is_right=True, drop=5),
        Field("TIMELINE", None, "", drop=1, preferred_width=12, scale=timeline, bar=timeline.bar),
        Field(
            "CODE",
            "code",
            lambda each: each.message and each.message.code,
            style=lambda each: "bold red" if each.has_failed else "",
        ),
        Field(
            "DETAIL",
            "detail",
            lambda each: each.message and each.message.detail,
            show=lambda each: (each.message and each.message.detail) or describe_heartbeat(each),
            narrow=8,
            preferred_width=40,
            overflow="fold",
            is_message=True,
        ),
        Field(None, "means", lambda each: "\n".join(each.means)),
        Field(None, "task_id", "task.task_id"),
    ]


def draw_tasks(
    page: Page,
    report: Report,
    *,
    utc: bool,
    is_alone: bool = False,
    max_rows: int | None = None,
) -> int:
    """Draw the tasks that are shown; with their messages, if the table is all there is.

    Returns:
        How many tasks have no row of their own, for want of room.
    """
    fields = [
        field
        for field in list_task_fields(report, utc=utc)
        if is_alone or field.key not in {"code", "detail"}
    ]
    rows: list[Row] = []

    def draw(table: Page, count: int) -> None:
        # Those of the last try, which is the one that fits.
        rows[:] = fold_tasks(report, count)
        table.add_table(fields, _draw_across(page, rows), indent="" if is_alone else INDENT)

    shown = len(report.shown)
    count = shown if max_rows is None else len(fold_tasks(report, max(max_rows - 1, 1)))
    # On a narrow terminal, a task may take several rows.
    page.add(page.fit(count, max_rows, draw))
    return shown - sum(not isinstance(row, Gap) for row in rows)


def _draw_across(page: Page, rows: Sequence[Row]) -> list[TaskReport | Across]:
    """Return the rows; those of a phase or a gap go across all columns."""
    names = [_name_phase(row) for row in rows if isinstance(row, Phase)]
    longest = max(map(measure, names), default=0)

    def draw(row: Row) -> TaskReport | Across:
        if isinstance(row, Gap):
            succeeded = ", all succeeded" if row.has_succeeded and row.tasks > 1 else ""
            return Across((page.signs(f"… {describe_count(row.tasks, 'task')}{succeeded}"), "dim"))
        number = _number(row)
        if isinstance(row, Phase):
            name = _name_phase(row)
            blanks = " " * (longest - measure(name))
            mark = page.safe(page.mark(Stage.SUCCEEDED))
            return Across([*mark, (name, "bold"), f"{blanks}  {describe_phase(row)}"], number)
        return Across((_name_phase(row), "bold"), number) if is_heading(row) else row

    return [*map(draw, rows)]


def _name_phase(row: Phase | TaskReport) -> str:
    return (row.name if isinstance(row, Phase) else row.phase) or "(no name)"


def _number(row: Phase | TaskReport) -> str:
    first = row.tasks[0] if isinstance(row, Phase) else row
    return "" if first.task.task_index is None else str(first.task.task_index)


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


def fold_tasks(report: Report, max_rows: int) -> list[Row]:
    """Return the rows of the shown tasks.

    If they are too many, each phase that succeeded becomes one row. If they still are, tasks far
    from any that failed or runs are left out, and a gap counts them.
    """
    tasks: Sequence[TaskReport] = report.shown
    if len(tasks) <= max_rows:
        return [*tasks]
    rows: list[TaskReport | Phase] = []
    for phase in group_phases(tasks):
        if phase.name is not None and phase.has_succeeded:
            rows.append(phase)
        else:
            rows += phase.tasks
    if len(rows) <= max_rows:
        return [*rows]
    ranked = _rank(rows, report.cause)
    for count in range(max_rows, 0, -1):
        folded = list(_fill_gaps(rows, sorted(ranked[:count])))
        if len(folded) <= max_rows:
            return folded
    return [rows[ranked[0]]]


def is_heading(report: TaskReport) -> bool:
    """Return whether a task only heads a phase: a separator that succeeded did nothing else."""
    return report.is_separator and report.stage is Stage.SUCCEEDED


def _rank(rows: Sequence[TaskReport | Phase], cause: TaskReport | None) -> list[int]:
    """Return the indexes of the rows, the most important first."""
    focus = [index for index, row in enumerate(rows) if _matters(row)] or [len(rows) - 1]

    def rank(index: int) -> tuple[int, int]:
        row = rows[index]
        if isinstance(row, Phase) or is_heading(row):
            kind = 3
        elif row is cause:
            kind = 0
        elif row.has_failed:
            kind = 1
        else:
            kind = 2 if row.stage is Stage.UNDER_WAY else 4
        after = bisect_left(focus, index)
        return kind, min(abs(index - each) for each in focus[max(after - 1, 0) : after + 1])

    return sorted(range(len(rows)), key=rank)


def _matters(row: TaskReport | Phase) -> bool:
    return isinstance(row, TaskReport) and (row.has_failed or row.stage is Stage.UNDER_WAY)


def _fill_gaps(rows: Sequence[TaskReport | Phase], kept: Sequence[int]) -> Iterator[Row]:
    """Yield the rows that are kept, and what stands for those in between."""
    begin = 0
    for end in [*kept, len(rows)]:
        between = rows[begin:end]
        if len(between) == 1:
            # A gap would take as much room.
            yield between[0]
        elif between:
            tasks = [
                each for row in between for each in (row.tasks if isinstance(row, Phase) else [row])
            ]
            yield Gap(len(tasks), all(each.stage is Stage.SUCCEEDED for each in tasks))
        yield from rows[end : end + 1]
        begin = end + 1
