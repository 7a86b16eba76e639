"""The log of a build: all of it, or on a terminal what fits around the lines that say why."""

from collections.abc import Iterator, Sequence
from itertools import chain

from casjob.builds.models import BuildLog
from casjob.formats.display import Display
from casjob.formats.text.page import Page
from casjob.formats.text.phrases import describe_count
from casjob.printable import printable

_ABOVE = 2
"""Rows of the terminal for what is said about the build; more where it is wrapped."""
_AROUND = 3
"""Rows for the command, for a note below, and for the prompt."""
_GAPS = 3
"""Rows beside a line: what is left out before and after it, and how long it is."""
_LONGEST = 400
"""Characters of a line that are shown where the log has to fit the screen."""


def log(log: BuildLog, display: Display) -> str:
    """Return the log; on a terminal, an excerpt in which what is left out is counted."""
    height = display.height
    if height is None or log.tail is not None:
        return lines(log.lines[log.first_shown :])
    page = Page(display, all_with="--full")
    rows = max(height - _AROUND - max(log.rows_above, _ABOVE), 1)
    # So that even the first fits, between what is left out before and after it.
    longest = min(_LONGEST, max(rows - _GAPS, 1) * (display.width or _LONGEST))
    shown = _choose_lines(log, page, rows, longest)
    excerpt = set(log.excerpt)
    before = 0
    for index in [*shown, len(log.lines)]:
        if left_out := index - before:
            page.count_left_out(describe_count(left_out, "line"))
        if index < len(log.lines):
            _draw_line(page, log.lines[index], longest, "bold" if index in excerpt else "")
        before = index + 1
    return page.content()


def lines(lines: Sequence[str]) -> str:
    """Return lines of a log, which can't drive a terminal."""
    return "".join(f"{printable(line.expandtabs())}\n" for line in lines)


def _draw_line(page: Page, line: str, longest: int, style: str = "") -> None:
    page.print_whole([(page.shorten(line.expandtabs(), longest), style)], "")


def _choose_lines(log: BuildLog, page: Page, rows: int, longest: int) -> list[int]:
    """Return the indexes of lines that fit: those of the excerpt, then those around them."""
    shown: list[int] = []
    used = 0
    for index in _rank_lines(log.excerpt, len(log.lines)):
        if index in shown:
            continue
        blank = page.blank()
        _draw_line(blank, log.lines[index], longest)
        chosen = sorted([*shown, index])
        gaps = sum(
            after - before > 1
            for before, after in zip([-1, *chosen], [*chosen, len(log.lines)], strict=True)
        )
        if shown and used + blank.height + gaps > rows:
            break
        shown, used = chosen, used + blank.height
    return shown


def _rank_lines(excerpt: Sequence[int], count: int) -> Iterator[int]:
    """Yield the lines of an excerpt, the outer ones first, then those ever farther from them."""
    yield from dict.fromkeys(chain.from_iterable(zip(excerpt, reversed(excerpt), strict=True)))
    for distance in range(1, count):
        for index in excerpt:
            yield from (each for each in (index - distance, index + distance) if 0 <= each < count)
