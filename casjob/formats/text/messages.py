"""What a task says about its failure: all of it, or what matters where there is little room."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from casjob.formats.text.page import INDENT, Page
from casjob.formats.text.styled import Text
from casjob.job.failures import Failure

_MOST_ROWS = 3
"""Rows of one line of a message that has to be folded, if it has other lines."""
_CAUSE = re.compile(r"(?i)\W*[\w.$]*(error|exception|fatal|panic)\b|.*\b(caused by|root cause)\b")
"""Lines of stack traces and logs that name a cause."""
_LONGEST_CAUSE = 200
"""Characters of a line to search for a cause."""


_WIDEST_ALIGNED = 24
"""Cells of a code, with the blanks after it, up to which its meaning is aligned with its detail."""


class _Line(NamedTuple):
    """One line of a message.

    Args:
        margin: stands before it.
        label: a code, or where the text is from.
        text: what it says.
        rank: how soon it is left out; the first line never is.
    """

    margin: Text
    label: Text
    text: str
    rank: int

    def wrap(self, page: Page, most: int) -> list[Text]:
        """Return the line in rows, so many at the most."""
        # Whatever its length is, no more than can be of use is looked at.
        text = page.compose(self.text[: (page.width or 0) * (most + 1)])
        return page.wrap(Text.assemble(self.label, text), self.margin, most)


def draw_message(page: Page, message: Failure, means: Sequence[str], most: int | None) -> None:
    """Draw a message.

    Args:
        page: where to draw.
        message: the message.
        means: what is known about its codes, a line each.
        most: the most rows, at least two; None for any number.
    """
    lines = list(_read_lines(page, message, means))
    if most is None:
        for line in lines:
            text = Text.assemble(line.label, page.compose(line.text))
            page.print(text, margin=line.margin)
        return
    most = max(most, 2)
    whole = page.blank()
    for line in lines:
        whole.add(line.wrap(page, most + 1))
        if whole.rows > most:
            _draw_folded(page, lines, most)
            return
    page.add(whole.lines)


def _draw_folded(page: Page, lines: list[_Line], most: int) -> None:
    """Draw the lines that matter most, and how much more there is."""
    left = most - 1
    kept: dict[int, list[Text]] = {}
    for place in sorted(range(len(lines)), key=lambda place: lines[place].rank):
        rows = left if len(lines) == 1 else min(left, _MOST_ROWS)
        kept[place] = lines[place].wrap(page, rows)
        left -= len(kept[place])
        if left == 0:
            break
    for place in sorted(kept):
        page.add(kept[place])
    more = len(lines) - len(kept)
    what = f"{more} more line{'' if more == 1 else 's'}"
    if not more:
        what = f"{sum(len(line.text) for line in lines)} characters"
    page.count_left_out(what, INDENT)


def _read_lines(page: Page, message: Failure, means: Sequence[str]) -> Iterator[_Line]:
    # Stack traces come in lines, and those are indented with tabs.
    detail = (message.detail or "").replace("\r\n", "\n").replace("\t", "    ").rstrip("\n")
    first, *others = detail.split("\n")
    code = page.compose((message.code, "bold red"), "  ") if message.code else Text()
    yield _Line(INDENT, code, first, 0)
    gutter = page.compose("  ", (f"{page.signs.gutter} ", "dim"))
    for line in others:
        yield _Line(gutter, Text(), line, 1 if _CAUSE.match(line[:_LONGEST_CAUSE]) else 3)
    aligned = code.cell_len - 2 if code.cell_len <= _WIDEST_ALIGNED else 0
    for place, text in enumerate(means):
        label = page.compose((f"{'means':{aligned}}  ", "dim"))
        yield _Line(Text.assemble(INDENT, label), Text(), text, 2 if place else 0)
    for relation, pairs, rank in (("within", message.within, 2), ("also", message.also, 3)):
        for pair in pairs:
            label = page.compose((f"{relation}  ", "dim"))
            yield _Line(INDENT, label, "  ".join(filter(None, pair)), rank)
    for path, text in message.rest:
        yield _Line(INDENT, page.compose((f"{path}  ", "dim")), text, 3)
