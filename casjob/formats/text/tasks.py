"""The table of tasks: its columns and rows, and what yields where the terminal is narrow."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from casjob.formats.text.folding import Gap, Row, fold_tasks, is_heading
from casjob.formats.text.page import INDENT, STAGE_STYLES, Page, fill_lines
from casjob.formats.text.phrases import (
    describe_count,
    describe_heartbeat,
    describe_phase,
    format_clock,
    format_elapsed,
)
from casjob.formats.text.styled import Text
from casjob.job.phases import Phase
from casjob.job.report import Report, TaskReport
from casjob.job.statuses import Stage

_GAP = "  "
_YIELDING = ("TIMELINE", "STARTED", "TYPE", "TASK", "ELAPSED", "DOES", "DETAIL")
"""What yields on a narrow terminal, in this order: prose becomes narrower, other columns go."""
_SHORTEST = 16
"""Cells up to which prose is never made narrower."""
_LEAST_DETAIL = 40
"""Cells that details have before other columns go."""
_LEAST_TITLE = 32
"""Cells that the title of a task has before other columns go."""
_LEAST_TIMELINE = 12
_LONGEST_DETAIL = 200
"""Characters of a message in a cell on a terminal; `show` has more of it."""


class Column(NamedTuple):
    """One column of the table.

    Args:
        name: identifies the column.
        cells: one a row, below the heading.
        least_width: the cells that it needs once it yields; None if it goes instead.
        is_right: whether its cells stand at its right edge.
    """

    name: str
    cells: list[Text]
    least_width: int | None = None
    is_right: bool = False

    @property
    def width(self) -> int:
        """The cells that the widest of its texts takes."""
        return max(len(self.name), *(cell.cell_len for cell in self.cells))

    def align(self, text: Text, width: int) -> tuple[str | Text, str | Text]:
        """Return a text and the blanks that make it as wide as the column, in their order."""
        blanks = " " * (width - text.cell_len)
        return (blanks, text) if self.is_right else (text, blanks)


def draw_tasks(
    page: Page, report: Report, *, utc: bool, is_alone: bool = False, most: int | None = None
) -> int:
    """Draw the tasks that are shown.

    Args:
        page: where to draw.
        report: the job.
        utc: times in UTC, not in the local zone.
        is_alone: whether the table is all there is; if so, it has the messages too.
        most: the most rows of the terminal; None for any number.

    Returns:
        How many tasks have no row of their own, for want of room.
    """
    room = None if most is None else max(most - 1, 1)
    while True:
        rows = fold_tasks(report, room)
        table = page.blank()
        _Table(table, report, rows, utc=utc, is_alone=is_alone).draw()
        if most is None or room is None or table.rows <= most or room == 1:
            break
        # On a narrow terminal, a task may take several rows.
        room = max(min(room - 1, most * len(rows) // table.rows), 1)
    page.add(table.lines)
    return len(report.shown) - sum(not isinstance(row, Gap) for row in rows)


class _Table:
    """The table of some tasks, drawn on a page of its own."""

    def __init__(
        self, page: Page, report: Report, rows: Sequence[Row], *, utc: bool, is_alone: bool
    ) -> None:
        self._page = page
        self._report = report
        self._rows = rows
        # None for rows that are drawn across all columns.
        self._tasks = [
            None if isinstance(row, Phase | Gap) or is_heading(row) else row for row in rows
        ]
        self._utc = utc
        self._indent = Text() if is_alone else INDENT
        self._longest_phase = max(
            (self._name_phase(row).cell_len for row in rows if isinstance(row, Phase)), default=0
        )
        self._columns = [
            column
            for column in self._lay_out(with_messages=is_alone)
            if column.name in {"TASK", "STATUS"} or any(cell.plain for cell in column.cells)
        ]
        room = page.width and page.width - len(self._indent)
        self._widths = _find_widths(self._columns, room, is_whole=page.is_whole)

    def draw(self) -> None:
        """Draw the rows below the headings; without headings if tasks take several rows."""
        columns = [column for column in self._columns if column.name in self._widths]
        headings = [self._page.compose((column.name, "dim")) for column in columns]
        for place, column in enumerate(columns):
            if column.name == "TIMELINE":
                headings[place], cells = self._draw_timeline(self._widths["TIMELINE"])
                columns[place] = column._replace(cells=cells)
        if self._widths:
            self._draw_cells(columns, headings)
        for place, task in enumerate(self._tasks):
            if task is None:
                self._draw_across(self._rows[place])
            elif self._widths:
                self._draw_cells(columns, [column.cells[place] for column in columns])
            else:
                self._draw_below(task, {each.name: each.cells[place] for each in self._columns})

    def _draw_cells(self, columns: Sequence[Column], cells: Sequence[Text]) -> None:
        """Draw cells side by side; only details are wrapped, and those come last."""
        page = self._page
        aligned: list[str | Text] = [self._indent]
        for column, cell in zip(columns, cells, strict=True):
            width, text = self._widths[column.name], cell
            if column.name == "DETAIL":
                page.print(cell, margin=Text.assemble(*aligned))
                return
            if page.width is not None and column.name == "TASK":
                text = page.squeeze(cell, width)
            elif page.width is not None and column.name == "DOES":
                text = page.cut(cell, width)
            aligned += [*column.align(text, width), _GAP]
        page.add([Text.assemble(*aligned[:-1])])

    def _draw_below(self, row: TaskReport, cells: dict[str, Text]) -> None:
        """Draw the cells of a task side by side as far as they go, the others below."""
        page, margin = self._page, self._indent
        below = Text.assemble(self._indent, _GAP)
        room = (page.width or 0) - len(below)
        if row.task.task_name and not page.is_whole:
            cells["TASK"] = page.squeeze(cells["TASK"], room)
        facts = [cells[name] for name in ("#", "TASK", "STATUS", "CODE") if name in cells]
        for line in fill_lines(filter(None, facts), room, _GAP):
            page.add_whole(line, margin)
            margin = below
        if cells.get("DETAIL"):
            page.print(cells["DETAIL"], margin=below)

    def _draw_across(self, row: Row) -> None:
        """Draw what goes across all columns but the first."""
        page, margin = self._page, self._indent
        if isinstance(row, Gap):
            gap = f"{page.signs.ellipsis} {describe_count(row.tasks)}"
            text = page.compose((gap, "dim"))
        elif isinstance(row, Phase):
            name = self._name_phase(row)
            blanks = " " * (self._longest_phase - name.cell_len)
            done = page.compose(f"{blanks}{_GAP}{describe_phase(row)}")
            text = Text.assemble(page.mark(Stage.ENDED_WELL), name, done)
        else:
            text = self._name_phase(row)
        if any(column.name == "#" for column in self._columns):
            number = _index(row).rjust(self._widths.get("#", 0))
            margin = Text.assemble(margin, page.compose(number), _GAP)
        if page.width is not None and not page.is_whole:
            text = page.squeeze(text, max(page.width - margin.cell_len, 1))
        page.add([Text.assemble(margin, text)])

    def _name_phase(self, row: Phase | TaskReport) -> Text:
        name = row.name if isinstance(row, Phase) else row.phase
        return self._page.compose((name or "(no name)", "bold"))

    def _lay_out(self, *, with_messages: bool) -> Iterator[Column]:
        page, first, cells = self._page, self._report.first_moment, self._draw_column

        def name(each: TaskReport) -> Text:
            return page.compose(each.task.task_name or each.task.task_id or "")

        def status(each: TaskReport) -> Text:
            words = f"{page.sign(each.stage)}{each.task.task_status or '(none)'}"
            return page.compose((words, STAGE_STYLES[each.stage]))

        def started(each: TaskReport) -> Text:
            moment = each.task.created_at
            return Text(format_clock(moment, first, utc=self._utc) if moment else "")

        def elapsed(each: TaskReport) -> Text:
            seconds = each.elapsed_seconds
            return Text("" if seconds is None else format_elapsed(seconds))

        yield Column("#", [page.compose(_index(row)) for row in self._rows], is_right=True)
        yield Column("TASK", cells(name), least_width=self._find_least_name())
        title = cells(lambda each: page.compose(each.title or ""))
        yield Column("DOES", title, least_width=_SHORTEST)
        yield Column("TYPE", cells(lambda each: page.compose(each.task.task_type or "")))
        yield Column("STATUS", cells(status))
        yield Column("STARTED", cells(started))
        yield Column("ELAPSED", cells(elapsed), is_right=True)
        if page.width is not None:
            # Drawn when it is known how wide the others are.
            tick = page.signs.tick
            yield Column("TIMELINE", cells(lambda each: Text(tick if each.task.created_at else "")))
        if with_messages:
            yield from self._lay_out_messages()

    def _lay_out_messages(self) -> Iterator[Column]:
        page = self._page

        def code(each: TaskReport) -> Text:
            words = each.message.code if each.message else None
            return page.compose((words or "", "bold red" if each.has_failed else ""))

        def detail(each: TaskReport) -> Text:
            words = (each.message.detail if each.message else None) or describe_heartbeat(each)
            return page.compose(page.shorten(words, _LONGEST_DETAIL))

        yield Column("CODE", self._draw_column(code))
        yield Column("DETAIL", self._draw_column(detail), least_width=_SHORTEST)

    def _draw_column(self, draw: Callable[[TaskReport], Text]) -> list[Text]:
        empty = Text()
        return [empty if task is None else draw(task) for task in self._tasks]

    def _find_least_name(self) -> int:
        """Return the cells that the task column needs: ids stand in for names, and stay whole."""
        ids = (
            self._page.compose(row.task.task_id or "").cell_len
            for row in self._tasks
            if row and not row.task.task_name
        )
        return max([_SHORTEST, *ids])

    def _draw_timeline(self, width: int) -> tuple[Text, list[Text]]:
        """Return the scale and the bars: as long as a task took, as far right as it began late."""
        page, first, last = self._page, self._report.first_moment, self._report.last_moment
        seconds = (last - first).total_seconds() if first and last else 0.0
        scale = width / max(seconds, 0.001)
        whole = format_elapsed(max(seconds, 0.0))
        # Of a job from the year 1 to now, the end of the scale is longer than the timeline.
        ends = f"0s{whole.rjust(width - 2)}" if len(whole) < width - 2 else ""
        heading = page.compose((ends, "dim"))

        def draw(each: TaskReport) -> Text:
            start, elapsed = each.task.created_at, each.elapsed_seconds or 0.0
            if first is None or start is None:
                return Text()
            before = min(round((start - first).total_seconds() * scale), width - 1)
            bar = page.signs.bar * min(round(elapsed * scale), width - before) or page.signs.tick
            return page.compose(" " * before, (bar, STAGE_STYLES[each.stage]))

        cells = [draw(row) if isinstance(row, TaskReport) else Text() for row in self._rows]
        return heading, cells


def _index(row: Row) -> str:
    if isinstance(row, Gap):
        return ""
    first = row.tasks[0] if isinstance(row, Phase) else row
    return "" if first.task.task_index is None else str(first.task.task_index)


def _find_widths(columns: Sequence[Column], room: int | None, *, is_whole: bool) -> dict[str, int]:
    """Return the width of each column that stays, by name; none if they can't be side by side.

    Args:
        columns: all that have anything to say.
        room: the cells there are; None for as many as it takes.
        is_whole: whether names are never cut.
    """
    widest = {column.name: column.width for column in columns}
    if room is None:
        return widest
    # Where there is room, they get more than that.
    modest = {"TIMELINE": _LEAST_TIMELINE, "DETAIL": min(widest.get("DETAIL", 0), _LEAST_DETAIL)}
    least = {column.name: column.least_width for column in columns}
    if is_whole:
        least |= {"TASK": widest["TASK"], "DOES": None}
    else:
        modest["DOES"] = min(widest.get("DOES", 0), _LEAST_TITLE)
    widths = {name: modest.get(name, width) for name, width in widest.items()}
    for name in _YIELDING:
        if _find_rest(widths, room) >= 0:
            break
        needed = least.get(name)
        if needed is None:
            widths.pop(name, None)
        else:
            widths[name] = min(widths[name], needed)
    if _find_rest(widths, room) < 0:
        widths.pop("DOES", None)
    _widen(widths, {**widest, "TIMELINE": room}, room)
    return widths if _find_rest(widths, room) >= 0 else {}


def _widen(widths: dict[str, int], most: Mapping[str, int], room: int) -> None:
    """Give the cells that are left to the columns that have use for them, up to so many each."""
    for name in ("TASK", "DOES", "DETAIL", "TIMELINE"):
        if name in widths:
            rest = max(_find_rest(widths, room), 0)
            widths[name] = min(most[name], widths[name] + rest)


def _find_rest(widths: Mapping[str, int], room: int) -> int:
    """Return how many cells are left beside columns; fewer than none if there are too many."""
    return room - sum(widths.values()) - len(_GAP) * (len(widths) - 1)
