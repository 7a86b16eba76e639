"""What Rich draws on: a terminal, or a document as wide as one."""

import re
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO
from itertools import accumulate, chain, takewhile
from typing import IO, Any

from rich.cells import cell_len
from rich.console import Console
from rich.segment import Segment, SegmentLines
from rich.style import Style
from rich.table import Table
from rich.text import Text

from casjob.formats.text.table import (
    GAP,
    Cell,
    Column,
    Field,
    find_widths,
    has_numbers,
)
from casjob.formats.text.words import Line, replace_signs, strip_end

_BETWEEN = " · "
_ID = re.compile(
    r"\A(?=.*\d)[\w-]{1,128}\Z"
    r"|\b(?:Task-|[A-Z]*)[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}\b[:,.]?",
    re.ASCII,
)
"""An id alone; or a UUID, or the id of a job or a task, among other words."""


class Terminal:
    """Makes rows that fit the width: what is too wide is wrapped or cut."""

    def __init__(self, width: int, encoding: str, *, is_whole: bool) -> None:
        self._width = width
        self._encoding = encoding
        self._is_whole = is_whole
        self._console = open_console(width, is_colored=False)

    def wrap(self, facts: Iterable[Line], margin: Line, max_rows: int | None) -> Iterator[Line]:
        """Yield rows of facts side by side, each wrapped into so many rows at the most."""
        start = _text(margin)
        for text in _fill_lines(map(_text, facts), self._width - start.cell_len, _BETWEEN):
            yield from self._wrap(text, start, max_rows)
            start = _blank(start)

    def ellipsize_middle(self, line: Line, width: int) -> str:
        """Return the text in so many cells, without its middle if it is longer."""
        return _ellipsize_middle(_text(line), width).plain

    def ellipsize_end(self, text: str, width: int) -> str:
        """Return the text in so many cells, without its end if it is longer."""
        return text if cell_len(text) <= width else _end_early(Text(text), width).plain

    def draw_table(
        self,
        columns: Sequence[Column],
        across: Sequence[Line | None],
        indent: str,
        *,
        with_headings: bool,
    ) -> Iterator[Line]:
        """Yield the rows of a table; those across it stand in place of the cells there."""
        columns = [
            column
            if column.field.bar
            else column._replace(cells=[_text(cell) for cell in column.cells])
            for column in columns
        ]
        room = self._width - len(indent)
        widest = [_find_widest(column, room) for column in columns]
        shown = [column.field for column in columns]
        widths = find_widths(shown, widest, room, is_whole=self._is_whole)
        kept = [(columns[index], widths[index]) for index in sorted(widths)]
        # Rich has no cells across columns: such rows stand between tables of the same widths.
        table = _open_table(kept, with_headings=with_headings)
        for index, row in enumerate(across):
            if row:
                yield from self._draw(table, indent)
                table = _open_table(kept, with_headings=False)
                margin = Text(indent)
                if has_numbers(columns):
                    number = columns[0].cells[index]
                    margin = Text(f"{indent}{number.plain:>{widths.get(0, 0)}}{GAP}")
                text = _text(row)
                if not self._is_whole:
                    text = _ellipsize_middle(text, max(self._width - margin.cell_len, 1))
                yield self._row(Text.assemble(margin, text))
            elif kept:
                table.add_row(*(_fit(each.field, each.cells[index], width) for each, width in kept))
            else:
                cells = [(each.field, each.cells[index]) for each in columns]
                yield from self._stack(cells, indent)
        yield from self._draw(table, indent)

    def _wrap(self, text: Text, margin: Text, max_rows: int | None = None) -> Iterator[Line]:
        room = max(self._width - margin.cell_len, 1)
        if max_rows is not None:
            # No more than can be of use, as wrapping takes long.
            text = text[: room * (max_rows + 1)]
        rows = list(self._wrap_around_ids(text, room))
        if max_rows is not None and len(rows) > max_rows:
            rows[max_rows - 1 :] = [_end_early(rows[max_rows - 1], room)]
        for row in rows:
            yield self._indent(margin, row)
            margin = _blank(margin)

    def _wrap_around_ids(self, text: Text, room: int) -> Iterator[Text]:
        """Yield rows; an id that is wider stays whole, in a row of its own, to be copied."""
        begin = 0
        for found in _ID.finditer(text.plain):
            if len(found[0]) > room:
                if text.plain[begin : found.start()].strip():
                    yield from text[begin : found.start()].wrap(self._console, room)
                yield text[found.start() : found.end()]
                begin = found.end() + text.plain.startswith(" ", found.end())
        if begin < len(text) or not begin:
            yield from text[begin:].wrap(self._console, room)

    def _stack(self, cells: Iterable[tuple[Field[Any], Cell]], indent: str) -> Iterator[Line]:
        """Yield a row's cells side by side as far as they go, the others below."""
        margin, below = Text(indent), Text(f"{indent}{GAP}")
        room = self._width - below.cell_len
        texts = [(field, cell) for field, cell in cells if cell and not field.drop]
        brief = (
            text if self._is_whole else _fit(field, text, max(room, field.min_width))
            for field, text in texts
            if field.overflow != "fold"
        )
        for line in _fill_lines(brief, room, GAP):
            yield self._indent(margin, line)
            margin = below
        for field, text in texts:
            if field.overflow == "fold":
                yield from self._wrap(text, below)

    def _indent(self, margin: Text, row: Text) -> Line:
        """Return a row behind a margin; without it where there is no room, as for a long id."""
        line = Text.assemble(margin, row)
        return self._row(row if line.cell_len > self._width else line)

    def _row(self, text: Text) -> Line:
        return self._line(text.render(self._console))

    def _draw(self, table: Table, indent: str) -> Iterator[Line]:
        if not table.columns or not (table.row_count or table.show_header):
            return
        options = self._console.options.update(width=self._width - len(indent))
        for row in self._console.render_lines(table, options, pad=False):
            yield self._line([Segment(indent), *row])

    def _line(self, segments: Iterable[Segment]) -> Line:
        return strip_end(
            [
                (replace_signs(each.text, self._encoding), str(each.style) if each.style else "")
                for each in segments
            ]
        )


def to_segments(rows: Iterable[Line]) -> SegmentLines:
    """Return what Rich draws rows with."""
    lines = [[Segment(text, Style.parse(style)) for text, style in row] for row in rows]
    return SegmentLines(lines, new_lines=True)


def open_console(width: int, *, is_colored: bool, file: IO[str] | None = None) -> Console:
    """Return a console that no environment variable changes, and that draws into a string."""
    return Console(
        file=file or StringIO(),
        width=width,
        # Without both, Rich takes a dumb terminal to have 80 columns.
        height=1,
        force_terminal=True,
        color_system="standard" if is_colored else None,
        no_color=False,
        legacy_windows=False,
    )


def _open_table(columns: Sequence[tuple[Column, int]], *, with_headings: bool) -> Table:
    table = Table(
        box=None,
        padding=(0, len(GAP), 0, 0),
        pad_edge=False,
        show_header=with_headings,
        header_style="dim",
    )
    for (field, _), width in columns:
        table.add_column(
            field.scale or Text(field.heading or ""),
            width=width,
            justify="right" if field.is_right else "left",
            no_wrap=field.overflow != "fold",
            overflow="fold" if field.overflow == "fold" else "ellipsis",
        )
    return table


def _find_widest(column: Column, room: int) -> int:
    """Return the cells that a column would take; a timeline takes whatever it gets."""
    texts = (cell.plain for cell in column.cells if isinstance(cell, Text))
    lines = chain.from_iterable(text.split("\n") for text in texts)
    heading = column.field.heading or ""
    widest = room if column.field.scale else max(map(cell_len, [heading, *lines]))
    return min(widest, column.field.max_width or widest)


def _fit(field: Field[Any], cell: Cell, width: int) -> Cell:
    """Return a cell without its middle if it is too wide; Rich leaves out the end, or wraps."""
    if field.overflow == "middle" and isinstance(cell, Text):
        return _ellipsize_middle(cell, width)
    return cell


def _ellipsize_middle(text: Text, width: int) -> Text:
    if text.cell_len <= width:
        return text
    room = max(width - 1, 1)
    start = _take_cells(text.plain, (room + 1) // 2)
    end = _take_cells(reversed(text.plain), room // 2)
    return Text.assemble(text[:start], "…", text[len(text) - end :])


def _take_cells(characters: Iterable[str], width: int) -> int:
    """Return how many of the characters fit into so many cells."""
    return sum(
        1 for _ in takewhile(lambda end: end <= width, accumulate(map(cell_len, characters)))
    )


def _end_early(row: Text, width: int) -> Text:
    """Return a row that ends in an ellipsis."""
    row.rstrip()
    row.truncate(width - 1)
    row.rstrip()
    return row.append("…")


def _fill_lines(facts: Iterable[Text], room: int, between: str) -> Iterator[Text]:
    """Yield lines of facts side by side, as many as have room."""
    line: Text | None = None
    for fact in facts:
        longer = Text.assemble(line, between, fact) if line else fact
        if line and longer.cell_len > room:
            yield line
            longer = fact
        line = longer
    if line is not None:
        yield line


def _text(line: Line) -> Text:
    # As spans, so that a style ends where the words end, before any padding.
    return Text.assemble(*line)


def _blank(margin: Text) -> Text:
    return Text(" " * margin.cell_len)
