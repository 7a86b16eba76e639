"""What a report for people is drawn on: a terminal of some width, or a pipe that has none.

Text from the service gets here through `Page.compose` alone, which makes it printable. As it
is never markup, nothing in it can drive the terminal, colour it, or vanish.
"""

import math
import sys
from collections.abc import Iterable, Iterator, Mapping
from copy import copy
from itertools import accumulate, takewhile
from typing import NamedTuple, Self

from casjob.formats.text.styled import Text, measure
from casjob.job.statuses import Stage
from casjob.printable import printable

INDENT = Text("  ")

STAGE_STYLES = {
    Stage.ENDED_WELL: "green",
    Stage.ENDED_BADLY: "bold red",
    Stage.SKIPPED: "dim",
    Stage.UNDER_WAY: "cyan",
    Stage.NOT_BEGUN: "dim",
    Stage.UNDECIDED: "magenta",
}
"""Of the terminal's own 16 colours, which its user chose to be readable, dark or light."""


class Signs(NamedTuple):
    """The signs that stand for things; words always say the same."""

    stages: Mapping[Stage, str]
    dot: str
    bar: str
    tick: str
    gutter: str
    ellipsis: str


_UNICODE = Signs(
    stages={
        Stage.ENDED_WELL: "✓",
        Stage.ENDED_BADLY: "✗",
        Stage.SKIPPED: "–",
        Stage.UNDER_WAY: "●",
        Stage.NOT_BEGUN: "○",
        Stage.UNDECIDED: "?",
    },
    dot="·",
    bar="▇",
    tick="▏",
    gutter="│",
    ellipsis="…",
)

_ASCII = Signs(
    stages={
        Stage.ENDED_WELL: "+",
        Stage.ENDED_BADLY: "x",
        Stage.SKIPPED: "-",
        Stage.UNDER_WAY: "*",
        Stage.NOT_BEGUN: "o",
        Stage.UNDECIDED: "?",
    },
    dot="-",
    bar="=",
    tick="|",
    gutter="|",
    ellipsis="...",
)

_EMOJI_SELECTOR = "\ufe0f"


def choose_signs(encoding: str) -> Signs:
    """Return the signs that can be written in an encoding."""
    signs = [*_UNICODE.stages.values(), *_UNICODE[1:]]
    try:
        "".join(map(str, signs)).encode(encoding)
    except UnicodeEncodeError:
        return _ASCII
    return _UNICODE


class Page:
    """Lines, drawn one after the other.

    Args:
        width: the terminal's columns; None for a pipe, where nothing is wrapped or cut.
        encoding: how the stream will encode the lines; what it can't becomes an escape.
        is_colored: whether to use colour; this never changes the layout.
        is_whole: whether nothing is shortened.
        all_with: the option that shows what was left out; None if there is none.

    Attributes:
        remedy: ends a count of what was left out.
    """

    def __init__(
        self,
        *,
        width: int | None,
        encoding: str,
        is_colored: bool,
        is_whole: bool = False,
        all_with: str | None = None,
    ) -> None:
        self.width = width
        self.is_whole = is_whole or width is None
        self.signs = choose_signs(encoding)
        self._encoding = encoding
        self._is_colored = is_colored
        self.remedy = f"; {all_with} shows all" if all_with else ""
        self.lines: list[Text] = []
        self._composed: dict[str | tuple[str, str], Text] = {}

    def blank(self) -> Self:
        """Return an empty page like this one."""
        page = copy(self)
        page.lines = []
        return page

    @property
    def rows(self) -> int:
        """The rows of the terminal that the lines take; in a pipe, the lines."""
        width = self.width or sys.maxsize
        return sum(max(math.ceil(line.cell_len / width), 1) for line in self.lines)

    def compose(self, *parts: str | tuple[str, str]) -> Text:
        """Return parts, each alone or with a style, as one text that is safe to print."""
        if len(parts) > 1:
            return Text.assemble(*map(self._compose, parts))
        return self._compose(*parts)

    def _compose(self, part: str | tuple[str, str]) -> Text:
        # Most cells of a table equal others in their column.
        text = self._composed.get(part)
        if text is None:
            words, style = (part, "") if isinstance(part, str) else part
            text = self._composed[part] = Text(self._escape(words), style)
        return text

    def _escape(self, words: str) -> str:
        escaped = printable(words)
        if escaped.isascii():
            return escaped
        return escaped.encode(self._encoding, "backslashreplace").decode(self._encoding)

    def mark(self, stage: Stage) -> Text:
        """Return a stage's sign as a margin; nothing in a pipe, where the words must do."""
        return self.compose((self.sign(stage), STAGE_STYLES[stage]))

    def sign(self, stage: Stage) -> str:
        """Return a stage's sign and a blank; nothing in a pipe."""
        return "" if self.width is None else f"{self.signs.stages[stage]} "

    def shorten(self, text: str, longest: int) -> str:
        """Return the text, or its beginning if it is longer than so many characters."""
        if self.is_whole or len(text) <= longest:
            return text
        return f"{text[:longest]}{self.signs.ellipsis} ({len(text)} characters{self.remedy})"

    def count_left_out(self, what: str, margin: Text | None = None) -> None:
        """Print how much was left out in a row, such as `… 28 more lines; --full shows all`."""
        words = self.compose((f"{self.signs.ellipsis} {what}{self.remedy}", "dim"))
        line = Text.assemble(margin or "", words)
        self.lines.append(line if self.width is None else self.cut(line, self.width))

    def squeeze(self, text: Text, most: int) -> Text:
        """Return the text in so many cells, without its middle if it is longer."""
        if text.cell_len <= most:
            return text
        room = max(most - len(self.signs.ellipsis), 1)
        start = _take_cells(text.plain, (room + 1) // 2)
        end = _take_cells(reversed(text.plain), room // 2)
        return Text.assemble(text[:start], self.signs.ellipsis, text[len(text) - end :])

    def cut(self, text: Text, most: int) -> Text:
        """Return the text in so many cells, without its end if it is longer."""
        if text.cell_len <= most:
            return text
        start = text[: _take_cells(text.plain, max(most - len(self.signs.ellipsis), 1))]
        return Text.assemble(start.rstrip(), self.signs.ellipsis)

    def wrap(self, text: Text, margin: Text | None = None, most: int | None = None) -> list[Text]:
        """Return the text in rows, broken at words where possible.

        Args:
            text: what to wrap.
            margin: stands before the first row; the others are indented as far.
            most: the most rows; if there are more, the last one ends in an ellipsis. None for any
                number.
        """
        margin = margin or Text()
        room = None if self.width is None else max(self.width - margin.cell_len, 1)
        if room is None or text.cell_len <= room:
            return [Text.assemble(margin, text)]
        from casjob.formats.text.terminal import wrap

        # No more than can be of use, as wrapping takes long.
        rows = wrap(text if most is None else text[: room * (most + 1)], room)
        if most is not None and len(rows) > most:
            rows = rows[:most]
            rows[-1] = self.cut(Text.assemble(rows[-1], " " * room), room)
        indent = " " * margin.cell_len
        return [Text.assemble(indent if place else margin, row) for place, row in enumerate(rows)]

    def add_whole(self, line: Text, margin: Text) -> None:
        """Print a line that is never wrapped; without the margin where it has no room."""
        has_room = self.width is None or margin.cell_len + line.cell_len <= self.width
        self.lines.append(Text.assemble(margin, line) if has_room else line)

    def gap(self) -> None:
        """Leave a line blank, but not at the top."""
        if self.lines:
            self.lines.append(Text())

    def print(self, *facts: Text, margin: Text | None = None) -> None:
        """Print facts side by side as far as the width allows, the others below.

        Args:
            facts: what to print; one that is wider than the terminal is wrapped.
            margin: stands before the first row; the others are indented as far.
        """
        margin = margin or Text()
        room = None if self.width is None else self.width - margin.cell_len
        for line in fill_lines(facts, room, f" {self.signs.dot} "):
            self.add(self.wrap(line, margin))
            margin = Text(" " * margin.cell_len)

    def add(self, lines: Iterable[Text]) -> None:
        """Print lines as they are, however wide."""
        self.lines += lines

    def content(self) -> str:
        """Return all lines, without blanks at their ends; each ends in a line feed."""
        return "".join(f"{line}\n" for line in self.render())

    def render(self) -> list[str]:
        """Return each line, without blanks at its end, and with its escapes."""
        if not self._is_colored:
            return [line.plain.rstrip(" ") for line in self.lines]
        from casjob.formats.text.terminal import color

        return color(line.rstrip() for line in self.lines)


def fill_lines(facts: Iterable[Text], room: int | None, between: str) -> Iterator[Text]:
    """Yield lines of facts side by side, as many as have room; None for any number of cells."""
    line: Text | None = None
    for fact in facts:
        longer = Text.assemble(line, between, fact) if line else fact
        if line and room is not None and longer.cell_len > room:
            yield line
            longer = fact
        line = longer
    if line is not None:
        yield line


def _take_cells(characters: Iterable[str], most: int) -> int:
    """Return how many of the characters fit into so many cells."""
    widths = accumulate(map(_measure, characters))
    return sum(1 for _ in takewhile(lambda width: width <= most, widths))


def _measure(character: str) -> int:
    # The selector has no width of its own, but makes the character before it an emoji of two cells.
    return 1 if character == _EMOJI_SELECTOR else measure(character)
