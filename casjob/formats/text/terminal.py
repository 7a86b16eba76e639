"""What Rich draws on: a terminal, or a document as wide as one."""

import math
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO
from itertools import accumulate, takewhile
from typing import IO, Any, TypeAlias, TypeVar

from rich.cells import cell_len
from rich.console import Console
from rich.segment import Segment, SegmentLines
from rich.table import Table
from rich.text import Text

from casjob.formats.display import Display
from casjob.formats.text.fields import Field
from casjob.formats.text.page import BETWEEN, Page
from casjob.formats.text.table import GAP, Across, Column, find_number_width, find_widths, lay_out
from casjob.formats.text.timeline import Timeline
from casjob.formats.text.words import STAGE_SIGNS, Words, replace_signs
from casjob.job.statuses import Stage

Row = TypeVar("Row")
Cell: TypeAlias = Text | Timeline | None


class TerminalPage(Page):
    """Rows of Rich's segments that fit the width: what is too wide is wrapped or cut."""

    width: int

    def __init__(self, display: Display, width: int, *, all_with: str | None = None) -> None:
        super().__init__(display, all_with=all_with)
        self.width = width
        self.is_whole = display.full
        self._console = open_console(width, is_colored=self.is_colored)

    @property
    def height(self) -> int:
        """The rows of the terminal that it takes: a single id may be wider than the terminal."""
        lengths = map(Segment.get_line_length, self.rows)
        return sum(max(math.ceil(length / self.width), 1) for length in lengths)

    def sign(self, stage: Stage) -> str:
        """Return a stage's sign and a blank."""
        return self.signs(f"{STAGE_SIGNS[stage]} ")

    def print(self, *facts: Words, margin: Words = "", max_rows: int | None = None) -> None:
        """Print facts side by side as far as the width allows, the others below."""
        start = self._text(margin)
        for text in _fill_lines(map(self._text, facts), self.width - start.cell_len, BETWEEN):
            self._print_text(text, start, max_rows)
            start = _blank(start)

    def print_whole(self, words: Words, margin: Words) -> None:
        """Print a line that is never wrapped; without the margin where it has no room."""
        self._print_whole(self._text(words), self._text(margin))

    def ellipsize_middle(self, text: str, width: int) -> str:
        """Return the text in so many cells, without its middle if it is longer."""
        return _ellipsize_middle(self._text(text), width).plain

    def shorten(self, text: str, longest: int) -> str:
        """Return the text, or its beginning if it is longer than so many characters."""
        if self.is_whole or len(text) <= longest:
            return text
        return f"{text[:longest]}{self.signs('…')} ({len(text)} characters{self.remedy})"

    def add_table(
        self,
        fields: Sequence[Field[Row]],
        rows: Sequence[Row | Across],
        *,
        indent: str = "",
        with_headings: bool = True,
    ) -> None:
        """Print a table, in as much of the width as it needs.

        A narrow terminal has fewer columns; on a very narrow one, rows become lines.
        """
        columns = lay_out(fields, rows, self._draw, self._text)
        room = self.width - len(indent)
        widest = [_find_widest(column, room) for column in columns]
        shown = [column.field for column in columns]
        widths = find_widths(shown, widest, room, is_whole=self.is_whole)
        kept = [(columns[place], widths[place]) for place in sorted(widths)]
        number_width = find_number_width(columns, widths.get(0, 0))
        # Rich has no cells across columns: such rows stand between tables of the same widths.
        table = _open_table(kept, with_headings=with_headings)
        for place, row in enumerate(rows):
            if isinstance(row, Across):
                self._print_table(table, indent)
                table = _open_table(kept, with_headings=False)
                self._print_across(row, number_width, indent)
            elif kept:
                table.add_row(*(_fit(each.field, each.cells[place], width) for each, width in kept))
            else:
                self._print_stacked([(each.field, each.cells[place]) for each in columns], indent)
        self._print_table(table, indent)

    def content(self) -> str:
        """Return all rows, each of which ends in a line feed."""
        self._console.file = file = StringIO()
        self._console.print(SegmentLines(self.rows, new_lines=True), end="", crop=False)
        return replace_signs(file.getvalue(), self.encoding)

    def _text(self, words: Words) -> Text:
        # As spans, so that a style ends where the words end, before any padding.
        return Text.assemble(*self.safe(words))

    def _words(self, field: Field[Row], row: Row) -> Words:
        words = super()._words(field, row)
        if field.max_length and isinstance(words, str):
            return self.shorten(words, field.max_length)
        return words

    def _draw(self, field: Field[Row], row: Row) -> Cell:
        return field.bar(row) if field.bar else self._text(self._words(field, row))

    def _print_text(self, text: Text, margin: Text, max_rows: int | None = None) -> None:
        room = max(self.width - margin.cell_len, 1)
        if max_rows is not None:
            # No more than can be of use, as wrapping takes long.
            text = text[: room * (max_rows + 1)]
        rows = list(text.wrap(self._console, room))
        if max_rows is not None and len(rows) > max_rows:
            rows[max_rows - 1 :] = [_end_early(rows[max_rows - 1], room)]
        for row in rows:
            self._print_row(Text.assemble(margin, row))
            margin = _blank(margin)

    def _print_whole(self, text: Text, margin: Text) -> None:
        has_room = margin.cell_len + text.cell_len <= self.width
        self._print_row(Text.assemble(margin, text) if has_room else text)

    def _print_across(self, row: Across, number_width: int | None, indent: str) -> None:
        margin, text = self._text([indent, row.number_in(number_width)]), self._text(row.words)
        if not self.is_whole:
            text = _ellipsize_middle(text, max(self.width - margin.cell_len, 1))
        self._print_row(Text.assemble(margin, text))

    def _print_stacked(self, cells: Sequence[tuple[Field[Any], Cell]], indent: str) -> None:
        """Print a row's cells side by side as far as they go, the others below."""
        margin, below = Text(indent), Text(f"{indent}{GAP}")
        room = self.width - below.cell_len
        texts = [
            (field, cell)
            for field, cell in cells
            if isinstance(cell, Text) and cell and not field.drop
        ]
        brief = (
            _ellipsize_middle(text, max(room, field.min_width))
            if field.overflow == "middle" and not self.is_whole
            else text
            for field, text in texts
            if field.overflow != "fold"
        )
        for line in _fill_lines(brief, room, GAP):
            self._print_whole(line, margin)
            margin = below
        for field, text in texts:
            if field.overflow == "fold":
                self._print_text(text, below)

    def _print_table(self, table: Table, indent: str) -> None:
        if not table.columns or not (table.row_count or table.show_header):
            return
        options = self._console.options.update(width=self.width - len(indent))
        for row in self._console.render_lines(table, options, pad=False):
            self._add_row([Segment(indent), *row])

    def _print_row(self, row: Text) -> None:
        self._add_row(list(row.render(self._console)))

    def _add_row(self, row: list[Segment]) -> None:
        """Add a row, without blanks at its end."""
        while row and not row[-1].text.strip(" "):
            row = row[:-1]
        end = [Segment(each.text.rstrip(" "), each.style) for each in row[-1:]]
        self.rows.append([*row[:-1], *end])


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


def _open_table(columns: Sequence[tuple[Column[Cell], int]], *, with_headings: bool) -> Table:
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


def _find_widest(column: Column[Cell], room: int) -> int:
    """Return the cells that a column would take; a timeline takes whatever it gets."""
    texts = (cell.cell_len for cell in column.cells if isinstance(cell, Text))
    widest = room if column.field.scale else max(cell_len(column.field.heading or ""), *texts)
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


def _blank(margin: Text) -> Text:
    return Text(" " * margin.cell_len)
