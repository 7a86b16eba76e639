"""What a task says about its failure: all of it, or what matters where there is little room."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from casjob.formats.text.page import Page
from casjob.formats.text.phrases import describe_count, find_related, names_cause, split_lines
from casjob.formats.text.words import INDENT, Words, as_line, measure_line
from casjob.job.failures import Failure

_MAX_ROWS = 3
"""Rows of one line of a message that has to be folded, if it has other lines."""
_MAX_ALIGNED = 22
"""Cells of a code up to which all that is said of it is aligned with its detail."""


class _Line(NamedTuple):
    """One line of a message: those with a high rank are left out first."""

    margin: Words
    label: Words
    text: str
    rank: int

    def draw_on(self, page: Page, max_rows: int | None = None) -> Page:
        """Draw the line on an empty page like this one."""
        drawn = page.blank()
        text = self.text
        if page.width and max_rows:
            # Whatever its length is, no more than can be of use is looked at.
            text = text[: page.width * (max_rows + 1)]
        drawn.print([*as_line(self.label), text], margin=self.margin, max_rows=max_rows)
        return drawn


def draw_message(
    page: Page, message: Failure, means: Sequence[str], max_rows: int | None = None
) -> None:
    """Draw a message, with a line for each known meaning of its codes, in at least two rows."""
    lines = list(_read_lines(page, message, means))
    limit = None if max_rows is None else max(max_rows, 2)
    whole = page.blank()
    for line in lines:
        whole.add(line.draw_on(page, limit and limit + 1))
        if limit is not None and whole.height > limit:
            _draw_folded(page, lines, limit)
            return
    page.add(whole)


def _draw_folded(page: Page, lines: list[_Line], max_rows: int) -> None:
    """Draw the lines that matter most, and how much more there is."""
    left = max_rows - 1
    kept: dict[int, Page] = {}
    for index in sorted(range(len(lines)), key=lambda index: lines[index].rank):
        kept[index] = lines[index].draw_on(page, left if len(lines) == 1 else min(left, _MAX_ROWS))
        left -= kept[index].height
        if left <= 0:
            break
    for index in sorted(kept):
        page.add(kept[index])
    more = len(lines) - len(kept)
    characters = sum(len(line.text) for line in lines)
    what = describe_count(more, "more line") if more else f"{characters} characters"
    page.count_left_out(what, INDENT)


def _read_lines(page: Page, message: Failure, means: Sequence[str]) -> Iterator[_Line]:
    def read(label: Words, text: str, rank: int) -> Iterator[_Line]:
        first, *others = split_lines(text)
        yield _Line(INDENT, label, first, rank)
        # In a stack trace, the last cause is the root cause.
        root = next(filter(names_cause, reversed(others)), None)
        for line in others:
            lower = 1 if line == root else 3 if names_cause(line) else 4
            yield _Line([INDENT, page.gutter], "", line, rank + lower)

    code = page.safe((message.code or "", "bold red"))
    labels = {"means": means, "within": message.within}
    widths = [measure_line(code), *(len(label) for label, texts in labels.items() if texts)]
    aligned = max((width for width in widths if width <= _MAX_ALIGNED), default=0)
    blanks = " " * (aligned - measure_line(code))
    yield from read([*code, f"{blanks}  "] if code else "", message.detail or "", 0)
    for index, text in enumerate(means):
        yield _Line([INDENT, (f"{'means':{aligned}}  ", "dim")], "", text, 3 if index else 2)
    for relation, text in find_related(message):
        width = aligned if relation in {"within", "also"} else 0
        rank = 3 if relation == "within" else 4
        yield from read((f"{relation:{width}}  ", "dim"), text, rank)
