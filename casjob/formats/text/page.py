"""What a report for people is drawn on: a terminal of some width, or a pipe that has none.

Text from the service gets here through `Page.compose` alone, which makes it printable. As it
is never markup, nothing in it can drive the terminal, colour it, or vanish.
"""

import re
from collections.abc import Iterable, Mapping
from io import StringIO
from typing import NamedTuple

from rich.console import Console
from rich.table import Table
from rich.text import Text

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
    gutter="|",
    ellipsis="...",
)

_ANY_WIDTH = 1_000_000_000
"""Wider than anything: lines are wrapped here, where that is wanted, and never by Rich."""

_ESCAPE = re.compile(r"\x1b\[[0-9;]*m")


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
    """

    def __init__(self, *, width: int | None, encoding: str, is_colored: bool) -> None:
        self.width = width
        self.signs = choose_signs(encoding)
        self._encoding = encoding
        self._sheet = StringIO()
        self._console = Console(
            file=self._sheet,
            # Both, as Rich takes a dumb terminal for 80 columns wide otherwise.
            width=_ANY_WIDTH,
            height=1,
            force_terminal=is_colored,
            color_system="standard" if is_colored else None,
            no_color=not is_colored,
            legacy_windows=False,
            highlight=False,
        )

    def compose(self, *parts: str | tuple[str, str]) -> Text:
        """Return parts, each alone or with a style, as one text that is safe to print."""
        text = Text()
        for part in parts:
            words, style = (part, "") if isinstance(part, str) else part
            readable = printable(words).encode(self._encoding, "backslashreplace")
            # As a span, so that the style ends where the words end, before any padding.
            text.append(readable.decode(self._encoding), style)
        return text

    def mark(self, stage: Stage) -> Text:
        """Return a stage's sign as a margin; nothing in a pipe, where the words must do."""
        if self.width is None:
            return Text()
        return self.compose((f"{self.signs.stages[stage]} ", STAGE_STYLES[stage]))

    def shorten(self, text: str, longest: int) -> str:
        """Return the text, or on a terminal its beginning if it is longer than that."""
        if self.width is None or len(text) <= longest:
            return text
        return f"{text[:longest]}{self.signs.ellipsis} ({len(text)} characters, --json has all)"

    def gap(self) -> None:
        """Leave a line blank, but not at the top."""
        if self._sheet.tell():
            self._console.print()

    def print(self, *facts: Text, margin: Text | None = None, wraps: bool = True) -> None:
        """Print facts side by side as far as the width allows, the others below.

        Args:
            facts: what to print; one that is wider than the terminal is wrapped.
            margin: stands before the first line; the others are indented as far.
            wraps: whether to mind the width at all.
        """
        margin = margin or Text()
        room = max(self.width - margin.cell_len, 1) if self.width and wraps else _ANY_WIDTH
        for line in self._fill_lines(facts, room):
            self._console.print(Text.assemble(margin, line))
            margin = Text(" " * margin.cell_len)

    def print_table(self, table: Table) -> None:
        """Print a table, which has its widths from who made it."""
        self._console.print(table)

    def _fill_lines(self, facts: Iterable[Text], room: int) -> Iterable[Text]:
        lines: list[Text] = []
        for fact in facts:
            if lines:
                longer = Text.assemble(lines[-1], f" {self.signs.dot} ", fact)
                if longer.cell_len <= room:
                    lines[-1] = longer
                    continue
            lines.append(fact)
        for line in lines:
            yield from line.wrap(self._console, room)

    def content(self) -> str:
        """Return all lines, without blanks at their ends; each ends in a line feed."""
        lines = self._sheet.getvalue().split("\n")[:-1]
        return "".join(f"{_strip_end(line)}\n" for line in lines)


def _strip_end(line: str) -> str:
    """Drop the blanks at a line's end, and those before the escapes there."""
    line, escapes = line.rstrip(" "), ""
    while ends := _ESCAPE.fullmatch(line, max(line.rfind("\x1b"), 0)):
        line, escapes = line[: ends.start()].rstrip(" "), ends[0] + escapes
    return line + escapes
