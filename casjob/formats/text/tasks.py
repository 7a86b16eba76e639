"""The table of tasks: its columns, and which of them a narrow terminal can do without."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from casjob.formats.text.page import INDENT, STAGE_STYLES, Page
from casjob.formats.text.phrases import describe_heartbeat, format_clock, format_elapsed
from casjob.job.report import Report, TaskReport
from casjob.job.statuses import Stage

_GAP = len(INDENT)
_TIMELINE_WIDTH = 12
_LONGEST_WHOLE = 41
"""Cells up to which a name, status or code is never folded; a task's id has as many."""
_LEAST_FOLDED = 40
"""Cells that a folded column is left before others are dropped for it."""
_LEAST = 8
"""Cells that a folded column keeps at any rate."""
_LONGEST_DETAIL = 200
"""Characters of a message in a cell on a terminal; `show` has more of it."""


class Column(NamedTuple):
    """One column of the table.

    Args:
        heading: its name.
        cells: one a task.
        is_right: whether its cells stand at its right edge.
        is_prose: whether it may be folded, however short it is.
        dropped: its turn to go when the terminal is narrow; 0 for never.
    """

    heading: str
    cells: list[Text]
    is_right: bool = False
    is_prose: bool = False
    dropped: int = 0

    @property
    def width(self) -> int:
        """The cells that the widest of its texts takes."""
        return max(cell_len(self.heading), *(cell.cell_len for cell in self.cells))

    @property
    def is_foldable(self) -> bool:
        """Whether it may be folded: what it says is prose, or of insane length."""
        return self.is_prose or self.width > _LONGEST_WHOLE

    @property
    def least_width(self) -> int:
        """The cells that others are dropped for."""
        return min(self.width, _LEAST_FOLDED) if self.is_foldable else self.width


def draw_tasks(page: Page, report: Report, *, utc: bool, is_alone: bool) -> None:
    """Draw the tasks that are shown; a separator that did nothing else heads its phase.

    Args:
        page: where to draw.
        report: the job.
        utc: times in UTC, not in the local zone.
        is_alone: whether the table is all there is; if so, it tells the messages too.
    """
    indent = 0 if is_alone else _GAP
    columns = _lay_out(page, report, utc=utc, with_messages=is_alone)
    widths = _find_widths(columns, None if page.width is None else page.width - indent)
    columns = [column for column in columns if column.heading in widths]

    def open_table(*, with_headings: bool = False) -> Table:
        table = Table(
            box=None,
            show_header=with_headings,
            header_style="",
            padding=(0, 0, 0, _GAP),
            pad_edge=bool(indent),
        )
        for column in columns:
            table.add_column(
                page.compose((column.heading, "dim")),
                justify="right" if column.is_right else "left",
                overflow="fold",
                width=widths[column.heading],
            )
        return table

    table = open_table(with_headings=True)
    for row, each in enumerate(report.shown):
        if not _is_phase(each):
            table.add_row(*(column.cells[row] for column in columns))
            continue
        # A phase's name goes across all columns, so it takes a line between two tables.
        page.print_table(table)
        table = open_table()
        number = page.compose(_index(each).rjust(widths.get("#", 0)))
        margin = Text.assemble(" " * indent, number, " " * _GAP if "#" in widths else "")
        page.print(page.compose((each.phase or "", "bold")), margin=margin)
    page.print_table(table)


def _lay_out(page: Page, report: Report, *, utc: bool, with_messages: bool) -> list[Column]:
    first = report.first_moment

    def cells(draw: Callable[[TaskReport], Text]) -> list[Text]:
        return [Text() if _is_phase(each) else draw(each) for each in report.shown]

    def name(each: TaskReport) -> Text:
        return page.compose(each.task.task_name or each.task.task_id or "")

    def status(each: TaskReport) -> Text:
        words = page.compose((each.task.task_status or "(none)", STAGE_STYLES[each.stage]))
        return Text.assemble(page.mark(each.stage), words)

    def started(each: TaskReport) -> Text:
        moment = each.task.created_at
        return Text(format_clock(moment, first, utc=utc) if moment else "")

    def elapsed(each: TaskReport) -> Text:
        seconds = each.elapsed_seconds
        return Text("" if seconds is None else format_elapsed(seconds))

    def code(each: TaskReport) -> Text:
        words = each.message.code if each.message else None
        return page.compose((words or "", "bold red" if each.has_failed else ""))

    def detail(each: TaskReport) -> Text:
        words = (each.message.detail if each.message else None) or describe_heartbeat(each)
        return page.compose(page.shorten(words, _LONGEST_DETAIL))

    columns = [
        # Not by `cells`: a phase has its number in the column as well.
        Column("#", [page.compose(_index(each)) for each in report.shown], is_right=True),
        Column("TASK", cells(name)),
        Column("TYPE", cells(lambda each: page.compose(each.task.task_type or "")), dropped=3),
        Column("STATUS", cells(status)),
        Column("STARTED", cells(started), dropped=2),
        Column("ELAPSED", cells(elapsed), is_right=True, dropped=4),
    ]
    if page.width is not None:
        columns.append(Column("", cells(_open_timeline(page, report)), dropped=1))
    if with_messages:
        columns += [Column("CODE", cells(code)), Column("DETAIL", cells(detail), is_prose=True)]
    return [
        column
        for column in columns
        if column.heading in {"TASK", "STATUS"} or any(cell.plain for cell in column.cells)
    ]


def _is_phase(report: TaskReport) -> bool:
    """Return whether a task is a separator that did what separators do: nothing."""
    return report.is_separator and report.stage is Stage.ENDED_WELL


def _index(report: TaskReport) -> str:
    index = report.task.task_index
    return "" if index is None else str(index)


def _open_timeline(page: Page, report: Report) -> Callable[[TaskReport], Text]:
    """Return what draws a task's bar: as long as it took, as far right as it began late."""
    first, last = report.first_moment, report.last_moment
    seconds = (last - first).total_seconds() if first and last else 0
    scale = _TIMELINE_WIDTH / max(seconds, 0.001)

    def draw(each: TaskReport) -> Text:
        start, elapsed = each.task.created_at, each.elapsed_seconds
        if first is None or start is None or elapsed is None:
            return Text()
        before = min(round((start - first).total_seconds() * scale), _TIMELINE_WIDTH)
        bar = page.signs.bar * round(elapsed * scale)
        return page.compose(" " * before, (bar, STAGE_STYLES[each.stage]))

    return draw


def _find_widths(columns: Iterable[Column], room: int | None) -> dict[str, int]:
    """Return the width of each column that stays, by heading.

    Args:
        columns: all that have anything to say.
        room: the cells there are; None for as many as it takes.
    """
    columns = list(columns)
    if room is None:
        return {column.heading: column.width for column in columns}
    for turn in sorted(column.dropped for column in columns if column.dropped):
        if sum(column.least_width + _GAP for column in columns) - _GAP <= room:
            break
        columns = [column for column in columns if column.dropped != turn]
    widths = {column.heading: column.width for column in columns if not column.is_foldable}
    left = room - sum(widths.values()) - _GAP * (len(columns) - 1)
    foldable = sorted((each for each in columns if each.is_foldable), key=lambda each: each.width)
    for place, column in enumerate(foldable):
        share = max(left // (len(foldable) - place), _LEAST)
        widths[column.heading] = min(column.width, share)
        left -= widths[column.heading]
    return widths
