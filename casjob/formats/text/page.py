"""What people read is drawn on: a page of lines, as wide as the terminal, or as wide as they get.

In a pipe or a file nothing is wrapped, folded or cut, and Rich is not loaded; on a terminal, and in
documents, Rich wraps lines and draws tables: see `casjob.formats.text.terminal`. All words that
are drawn are made safe here, so that nothing in them drives a terminal.
"""

import math
import sys
from collections.abc import Callable, Sequence
from copy import copy
from itertools import starmap
from typing import Self

from casjob.formats.display import Display
from casjob.formats.text.phrases import describe_count, names_cause, split_lines
from casjob.formats.text.table import LINE_FEED, NUMBER, Across, Cell, Column, Field, Row, align
from casjob.formats.text.words import (
    STAGE_SIGNS,
    STAGE_STYLES,
    Line,
    Part,
    Words,
    as_line,
    join_parts,
    measure,
    measure_line,
    replace_signs,
    safe_text,
    strip_end,
)
from casjob.job.statuses import Stage
from casjob.printable import is_plain

_MESSAGE_LENGTH = 200
"""Characters of a message in a table on a terminal, or of a line of it where those are more."""
_MAX_CAUSES = 3
"""Lines that name a cause, of such a message."""
_SHOWS_ALL = " shows all"
BETWEEN = " · "
"""Stands between facts that are side by side."""


class Page:
    """Lines, drawn one after the other.

    `width` is None where there is no terminal; `is_whole` says that nothing is folded or cut, and
    `all_with` is the option that shows all.
    """

    def __init__(self, display: Display, *, all_with: str | None = None) -> None:
        self.width = display.width
        self.is_whole = self.width is None or display.full
        self.remedy = f"; {all_with}{_SHOWS_ALL}" if all_with else ""
        self.rows: list[Line] = []
        self._encoding = display.encoding
        self._paint = _color if display.is_colored else join_parts
        if self.width is not None:
            from casjob.formats.text.terminal import Terminal

            self._terminal = Terminal(self.width, display.encoding, is_whole=self.is_whole)

    def blank(self) -> Self:
        """Return an empty page like this one."""
        page = copy(self)
        page.rows = []
        return page

    @property
    def height(self) -> int:
        """The rows of the terminal that it takes: a single id may be wider than the terminal."""
        if self.width is None:
            return len(self.rows)
        return sum(max(math.ceil(measure_line(row) / self.width), 1) for row in self.rows)

    def signs(self, text: str) -> str:
        """Return words of casjob's own, with such signs as can be written."""
        return replace_signs(text, self._encoding)

    def sign(self, stage: Stage) -> str:
        """Return a stage's sign and a blank; nothing in a pipe, where the words must do."""
        return "" if self.width is None else self.signs(f"{STAGE_SIGNS[stage]} ")

    @property
    def gutter(self) -> Part:
        """Stands before each further line of a message, so that none looks like casjob's own."""
        return self.signs("│ "), "dim"

    def mark(self, stage: Stage) -> Words:
        """Return a stage's sign, in its colour, as a margin."""
        return self.sign(stage), STAGE_STYLES[stage]

    def safe(self, words: Words) -> Line:
        """Return words that are safe to print, without empty parts."""
        return [(safe_text(text, self._encoding), style) for text, style in as_line(words)]

    def gap(self) -> None:
        """Leave a line blank, but not at the top."""
        if self.rows:
            self.rows.append([])

    def print(self, *facts: Words, margin: Words = "", max_rows: int | None = None) -> None:
        """Print facts side by side as far as the width allows, the others below.

        One that is wider is wrapped at words, into so many rows at the most, which are indented as
        far as the margin.
        """
        if self.width is not None:
            self.rows += self._terminal.wrap(map(self.safe, facts), self.safe(margin), max_rows)
            return
        line = self.safe(margin)
        for index, fact in enumerate(facts):
            line += self.safe([self.signs(BETWEEN) if index else "", *as_line(fact)])
        self.rows.append(strip_end(line))

    def print_whole(self, words: Words, margin: Words) -> None:
        """Print a line that is never wrapped; without the margin where it has no room."""
        line = self.safe([*as_line(margin), *as_line(words)])
        if self.width is not None and measure_line(line) > self.width:
            line = self.safe(words)
        self.rows.append(strip_end(line))

    def note(self, sentence: str) -> None:
        """Print what does not add up, or is missing."""
        self.print([("note: ", "magenta"), sentence])

    def fit(self, count: int, max_rows: int | None, draw: Callable[[Self, int], object]) -> Self:
        """Return a page with as many of so many items as have room, but one at least."""
        if max_rows is not None:
            count = min(count, max(max_rows, 1))
        while True:
            page = self.blank()
            draw(page, count)
            if max_rows is None or page.height <= max_rows or count <= 1:
                return page
            count = max(min(count - 1, count * max_rows // page.height), 1)

    def add(self, page: Self, max_rows: int | None = None) -> None:
        """Print what was printed on another page, so many rows at the most."""
        self.rows += page.rows[:max_rows]

    def count_left_out(self, what: str, margin: Words = "") -> None:
        """Print how much was left out in a row, such as `… 28 more lines; --full shows all`.

        Where that is too wide, the option is the last to be cut.
        """
        words, remedy = f"… {what}", self.remedy
        room = (self.width or sys.maxsize) - measure_line(self.safe(margin))
        if measure(words + remedy) > room:
            remedy = remedy.removesuffix(_SHOWS_ALL)
            words = self._terminal.ellipsize_end(words, room - measure(remedy))
        self.print((self.signs(words + remedy), "dim"), margin=margin, max_rows=1)

    def ellipsize_middle(self, text: str, width: int) -> str:
        """Return the text in so many cells, without its middle if it is longer, unless whole."""
        if self.is_whole:
            return text
        return self._terminal.ellipsize_middle(self.safe(text), width)

    def shorten(self, text: str, longest: int) -> str:
        """Return the text; its beginning, if it has more characters than that, unless whole."""
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
        columns = [
            Column(field, self._draw(field, rows))
            for field in fields
            if field.heading is not None and (self.width is not None or not field.scale)
        ]
        columns = [column for column in columns if column.field.is_constant or any(column.cells)]
        across = [self.safe(row.words) if isinstance(row, Across) else None for row in rows]
        if self.width is not None:
            self.rows += self._terminal.draw_table(
                columns, across, indent, with_headings=with_headings
            )
        elif columns:
            # These are painted already: nothing of a cell is needed afterwards.
            lines = align(columns, across, self._paint, with_headings=with_headings)
            self.rows += ([(f"{indent}{line}".rstrip(" "), "")] for line in lines)

    def content(self) -> str:
        """Return all lines; each ends in a line feed."""
        return "".join([f"{self._paint(line)}\n" for line in self.rows])

    def _draw(self, field: Field[Row], rows: Sequence[Row | Across]) -> list[Cell]:
        """Return the cells of a column; of a status, with the sign and the colour of its stage."""

        def draw(row: Row | Across) -> Words:
            if isinstance(row, Across):
                return row.number if field.heading == NUMBER else ""
            words = field.words(row)
            if field.stage and isinstance(words, str):
                stage = field.stage(row)
                return f"{self.sign(stage)}{words}", STAGE_STYLES[stage]
            return words

        if field.bar:
            return [None if isinstance(row, Across) else field.bar(row) for row in rows]
        cells = [as_line(draw(row)) for row in rows]
        if field.is_message:
            return [self._draw_message(cell[0][0]) if cell else [] for cell in cells]
        # At once, as nearly all columns have nothing to escape.
        is_safe = is_plain("".join([text for cell in cells for text, _ in cell]))
        return cells if is_safe else [*map(self.safe, cells)]

    def _draw_message(self, text: str) -> Line:
        """Return a message; of a long one, its beginning and what names a cause, unless whole."""
        first, *others = split_lines(text)
        kept = others
        if not self.is_whole and len(text) > _MESSAGE_LENGTH:
            kept = [line for line in others if names_cause(line)][:_MAX_CAUSES]
        line = self.safe(self.shorten(first, _MESSAGE_LENGTH))
        for each in kept:
            shown = self.shorten(each, _MESSAGE_LENGTH)
            line += [LINE_FEED, *self.safe([self.gutter, shown])]
        if more := len(others) - len(kept):
            lines = self.signs(f"… {describe_count(more, 'more line')}{self.remedy}")
            line += [LINE_FEED, (lines, "dim")]
        return line


def _color(line: Line) -> str:
    # Rich is loaded only where a user wants colours.
    from rich.color import ColorSystem
    from rich.style import Style

    def color(text: str, style: str) -> str:
        # Not the blanks at its end, which a line must not end in.
        shown = text.rstrip(" ")
        colored = Style.parse(style).render(shown, color_system=ColorSystem.STANDARD)
        return colored + " " * (len(text) - len(shown))

    return "".join(starmap(color, line))
