"""What a table shows. A field is declared once, for terminals, pipes, csv, tsv and markdown."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Generic, Literal, NamedTuple, TypeAlias, TypeVar, cast

from casjob.durations import format_age
from casjob.formats.display import Display
from casjob.formats.text.phrases import format_elapsed, format_moment
from casjob.formats.text.timeline import Timeline
from casjob.formats.text.words import Words
from casjob.job.statuses import Stage

Row = TypeVar("Row")
Value: TypeAlias = str | float | datetime | None
"""Of numbers, a float is a duration in seconds."""

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
        max_length: the characters that a terminal shows of it.
        scale: drawn as the heading of bars, which only a terminal has.
        bar: draws the bar of a row; None if it has none.
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
    max_length: int | None = None
    scale: Timeline | None = None
    bar: Callable[[Row], Timeline | None] | None = None

    def value(self, row: Row) -> Value:
        """Return what a row has in it."""
        if not isinstance(self.read, str):
            return self.read(row)
        value: Any = row
        for name in self.read.split("."):
            value = getattr(value, name, None)
        return cast("Value", value)

    def words(self, row: Row) -> Words:
        """Return what people see of a row."""
        shown = self.show(row) if self.show else self.value(row)
        if shown is None:
            shown = self.empty
        if isinstance(shown, float):
            shown = format_elapsed(shown)
        if isinstance(shown, list):
            return shown
        return (str(shown), self.style(row)) if self.style else str(shown)


def describe_age(moment: datetime | None, now: datetime, display: Display) -> str:
    """Return how long ago something was; outside a terminal, which text outlives, when."""
    if moment is None:
        return ""
    if display.is_terminal:
        return f"{format_age((now - moment).total_seconds())} ago"
    return format_moment(moment, utc=display.utc)
