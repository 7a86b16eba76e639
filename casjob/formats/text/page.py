"""What a report for people is drawn on: lines of plain text in a pipe or a file.

On a terminal, and in documents, Rich draws: see `casjob.formats.text.terminal`. All words that are
drawn are made safe here, so that nothing in them drives a terminal.
"""

from collections.abc import Sequence
from copy import copy
from itertools import starmap
from typing import Any, Self, TypeVar

from casjob.formats.display import Display
from casjob.formats.text.fields import Field
from casjob.formats.text.table import Across, align, lay_out
from casjob.formats.text.words import (
    STAGE_STYLES,
    Line,
    Words,
    as_list,
    replace_signs,
    safe_text,
    strip_end,
)
from casjob.job.statuses import Stage

Row = TypeVar("Row")

BETWEEN = " · "
"""Stands between facts that are side by side."""


class Page:
    """Lines, drawn one after the other; in a pipe nothing is wrapped, folded or cut.

    `rows` are lists of parts, and `width` is None. `all_with` is the option that shows all.
    """

    def __init__(self, display: Display, *, all_with: str | None = None) -> None:
        self.width: int | None = None
        self.is_whole = True
        self.encoding = display.encoding
        self.is_colored = display.is_colored
        self.remedy = f"; {all_with} shows all" if all_with else ""
        self.rows: list[Any] = []

    def blank(self) -> Self:
        """Return an empty page like this one."""
        page = copy(self)
        page.rows = []
        return page

    @property
    def height(self) -> int:
        """The rows of the terminal that it takes; in a pipe, the lines."""
        return len(self.rows)

    def signs(self, text: str) -> str:
        """Return words of casjob's own, with such signs as can be written."""
        return replace_signs(text, self.encoding)

    def sign(self, stage: Stage) -> str:
        """Return a stage's sign and a blank; nothing in a pipe, where the words must do."""
        del stage
        return ""

    def mark(self, stage: Stage) -> Words:
        """Return a stage's sign, in its colour, as a margin."""
        return self.sign(stage), STAGE_STYLES[stage]

    def safe(self, words: Words) -> Line:
        """Return words that are safe to print, without empty parts."""
        pairs = ((part, "") if isinstance(part, str) else part for part in as_list(words))
        return [(safe_text(text, self.encoding), style) for text, style in pairs if text]

    def gap(self) -> None:
        """Leave a line blank, but not at the top."""
        if self.rows:
            self.rows.append([])

    def print(self, *facts: Words, margin: Words = "", max_rows: int | None = None) -> None:
        """Print facts side by side as far as the width allows, the others below.

        One that is wider is wrapped at words, into so many rows at the most, which are indented as
        far as the margin.
        """
        del max_rows
        line = self.safe(margin)
        for place, fact in enumerate(facts):
            line += self.safe([self.signs(BETWEEN) if place else "", *as_list(fact)])
        self.rows.append(strip_end(line))

    def print_whole(self, words: Words, margin: Words) -> None:
        """Print a line that is never wrapped; without the margin where it has no room."""
        self.print(words, margin=margin)

    def add(self, page: Self, max_rows: int | None = None) -> None:
        """Print what was printed on another page, so many rows at the most."""
        self.rows += page.rows[:max_rows]

    def count_left_out(self, what: str, margin: Words = "") -> None:
        """Print how much was left out in a row, such as `… 28 more lines; --full shows all`."""
        self.print((self.signs(f"… {what}{self.remedy}"), "dim"), margin=margin, max_rows=1)

    def ellipsize_middle(self, text: str, width: int) -> str:
        """Return the text in so many cells, without its middle if it is longer."""
        del width
        return text

    def shorten(self, text: str, longest: int) -> str:
        """Return the text; on a terminal its beginning, if it has more characters than that."""
        del longest
        return text

    def add_table(
        self,
        fields: Sequence[Field[Row]],
        rows: Sequence[Row | Across],
        *,
        indent: str = "",
        with_headings: bool = True,
    ) -> None:
        """Print a table, in as much of the width as it needs."""
        shown = [field for field in fields if not field.scale]
        columns = lay_out(shown, rows, self._draw_cell, self.safe)
        if columns:
            for line in align(columns, rows, with_headings=with_headings):
                self.print(line, margin=indent)

    def content(self) -> str:
        """Return all lines, without blanks at their ends; each ends in a line feed."""
        if not self.is_colored:
            return "".join("".join(text for text, _ in line) + "\n" for line in self.rows)
        # Rich is loaded only where a user wants colours in a pipe.
        from rich.color import ColorSystem
        from rich.style import Style

        def color(text: str, style: str) -> str:
            return Style.parse(style).render(text, color_system=ColorSystem.STANDARD)

        return "".join("".join(starmap(color, line)) + "\n" for line in self.rows)

    def _words(self, field: Field[Row], row: Row) -> Words:
        """Return what a cell says; of a status, with the sign and the colour of its stage."""
        words = field.words(row)
        if field.stage is None or not isinstance(words, str):
            return words
        stage = field.stage(row)
        return f"{self.sign(stage)}{words}", STAGE_STYLES[stage]

    def _draw_cell(self, field: Field[Row], row: Row) -> Line:
        return self.safe(self._words(field, row))


def open_page(display: Display, *, all_with: str | None = None) -> Page:
    """Return an empty page; for `all_with` see there."""
    width = display.width
    if width is None:
        return Page(display, all_with=all_with)
    from casjob.formats.text.terminal import TerminalPage

    return TerminalPage(display, width, all_with=all_with)
