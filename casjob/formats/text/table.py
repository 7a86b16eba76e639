"""What a table shows, and how it is laid out.

A field is declared once, for terminals, pipes, csv, tsv and markdown.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import cache
from operator import attrgetter
from typing import Any, Generic, Literal, NamedTuple, TypeAlias, TypeVar

from casjob.durations import format_age
from casjob.formats.display import Display
from casjob.formats.text.phrases import format_elapsed, format_moment
from casjob.formats.text.words import Line, Words, join_parts, measure
from casjob.job.statuses import Stage

Row = TypeVar("Row")
Value: TypeAlias = str | bool | float | datetime | None
"""True is `yes`, False nothing; of numbers, a float is a duration in seconds."""
Cell: TypeAlias = Any
"""Safe words; or a bar, which Rich draws; or None for no bar."""

GAP = "  "
"""Between two columns."""
MAX_PADDED = 200
"""Cells up to which a column in a pipe is padded: one cell may have a million."""
LINE_FEED = ("\n", "")
"""Parts the lines of a cell."""
NUMBER = "#"
"""The heading of a column of numbers, which rows across have too."""

_attributes = cache(attrgetter)

MIN_WIDTH = 16
"""Cells up to which a text is narrowed, and no further."""
NAME_WIDTH = 40
"""Cells that a name has at the most: a long one must not drive out the columns of all others."""


class Field(NamedTuple, Generic[Row]):
    """One field of a table.

    Args:
        heading: its heading for people; None if it is for machines alone.
        key: its name in csv and tsv; None if it is for people alone.
        read: reads it from a row, or the names of attributes, of which any may be None.
        show: what people see of a row, if that is not what is read.
        empty: what people see of None.
        style: the style of that, by Rich's name.
        stage: gives it a colour, and on a terminal a sign.
        is_right: whether its cells stand at its right edge.
        is_constant: whether it stays where all its cells are empty.
        drop: its turn to go where the terminal is narrow; 0 for never.
        narrow: its turn to become narrower, before it may have to go.
        min_width: the cells that it keeps then.
        preferred_width: the cells that it has before others have to go; more if there is room.
        max_width: the cells that it has at the most.
        overflow: how a text is fitted into fewer cells: without its middle or end, or in rows.
        is_message: whether it may have several lines, of which a terminal shows what matters.
        scale: what Rich draws as the heading of bars, which only a terminal has.
        bar: what it draws as the bar of a row; None if it has none.
    """

    heading: str | None
    key: str | None
    read: str | Callable[[Row], Value]
    show: Callable[[Row], Words | None] | None = None
    empty: str = ""
    style: Callable[[Row], str] | None = None
    stage: Callable[[Row], Stage] | None = None
    is_right: bool = False
    is_constant: bool = False
    drop: int = 0
    narrow: int = 0
    min_width: int = MIN_WIDTH
    preferred_width: int | None = None
    max_width: int | None = None
    overflow: Literal["middle", "end", "fold"] | None = None
    is_message: bool = False
    scale: Any = None
    bar: Callable[[Row], Any] | None = None

    def value(self, row: Row) -> Value:
        """Return what a row has in it."""
        read = self.read
        if not isinstance(read, str):
            return read(row)
        try:
            found: Value = _attributes(read)(row)
        except AttributeError:
            # There is nothing of which it would be.
            return None
        return found

    def words(self, row: Row) -> Words:
        """Return what people see of a row."""
        shown = self.show(row) if self.show else self.value(row)
        if isinstance(shown, list):
            return shown
        text = shown if isinstance(shown, str) else self._format(shown)
        return (text, self.style(row)) if self.style else text

    def _format(self, value: object) -> str:
        if value is None:
            return self.empty
        if isinstance(value, bool):
            return "yes" if value else ""
        return format_elapsed(value) if isinstance(value, float) else str(value)


def describe_age(moment: datetime | None, now: datetime, display: Display) -> str:
    """Return how long ago something was; outside a terminal, which text outlives, when."""
    if moment is None:
        return ""
    if display.is_terminal:
        return f"{format_age((now - moment).total_seconds())} ago"
    return format_moment(moment, utc=display.utc)


class Across(NamedTuple):
    """A row across all columns, but for its number if the first column is one of numbers."""

    words: Words
    number: str = ""


class Column(NamedTuple):
    """A field with its cells, one a row; a cell that is empty is false."""

    field: Field[Any]
    cells: list[Cell]


def has_numbers(columns: Sequence[Column]) -> bool:
    """Return whether the first column is one of numbers."""
    return bool(columns) and columns[0].field.heading == NUMBER


def find_widths(
    columns: Sequence[Field[Any]], widest: Sequence[int], room: int, *, is_whole: bool
) -> dict[int, int]:
    """Return the width of each column that stays, by its index; none if they can't be side by side.

    Rich never drops a column, and cuts all of them where they have no room.

    Args:
        columns: all there are.
        widest: the cells that each would need to be whole.
        room: the cells there are.
        is_whole: whether no text is cut: then it is wrapped, or goes.
    """
    rigid = [is_whole and field.overflow in {"middle", "end"} for field in columns]
    widths = {
        index: widest[index]
        if rigid[index]
        else min(widest[index], field.preferred_width or widest[index])
        for index, field in enumerate(columns)
    }

    def rest() -> int:
        return room - sum(widths.values()) - len(GAP) * (len(widths) - 1)

    for turn in sorted({turn for field in columns for turn in (field.narrow, field.drop) if turn}):
        if rest() >= 0:
            break
        for index, field in enumerate(columns):
            if turn == field.narrow and not rigid[index]:
                widths[index] = min(widths[index], field.min_width)
            elif field.drop and turn in {field.narrow, field.drop}:
                widths.pop(index, None)
    # A timeline takes whatever it gets.
    for index in sorted(widths, key=lambda index: columns[index].scale is not None):
        widths[index] += max(min(widest[index] - widths[index], rest()), 0)
    return widths if rest() >= 0 else {}


def align(
    columns: Sequence[Column],
    across: Sequence[Line | None],
    paint: Callable[[Line], str],
    *,
    with_headings: bool,
) -> Iterator[str]:
    """Yield the lines of a table in a pipe, where each column is as wide as its widest cell.

    Longer cells than `MAX_PADDED` are whole, and the rest of their row is not aligned. Of a message
    in the last column, all lines stand there.
    """
    widths, padded = zip(*(_pad(column, paint) for column in columns), strict=True)
    headings, *rows = zip(*padded, strict=True)
    margin = " " * sum(width + len(GAP) for width in widths[:-1])
    if with_headings:
        yield GAP.join(headings)
    for words, cells in zip(across, rows, strict=True):
        if words is None:
            yield from GAP.join(cells).replace("\n", f"\n{margin}").split("\n")
        else:
            yield (f"{cells[0]}{GAP}" if has_numbers(columns) else "") + paint(words)


def _pad(column: Column, paint: Callable[[Line], str]) -> tuple[int, list[str]]:
    """Return how wide a column is, and its heading and cells, all that wide."""
    cells: list[Line] = [[(column.field.heading or "", "dim")], *column.cells]
    texts = [*map(join_parts, cells)]
    widths = [*map(measure, texts)]
    widest = min(max(widths), MAX_PADDED)
    blanks = (" " * (widest - width) for width in widths)
    painted = zip(texts if paint is join_parts else map(paint, cells), blanks, strict=True)
    if column.field.is_right:
        return widest, [blank + text for text, blank in painted]
    return widest, [text + blank for text, blank in painted]
