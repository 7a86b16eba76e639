"""How a table is laid out: which columns it has, how wide they are, and its lines in a pipe."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from casjob.formats.text.fields import Field
from casjob.formats.text.words import Line, Part, Words, as_list, measure_line

GAP = "  "
"""Between two columns."""
MAX_PADDED = 200
"""Cells up to which a column in a pipe is padded: one cell may have a million."""
NUMBER = "#"
"""The heading of a column of numbers, which rows across have too."""

Row = TypeVar("Row")
Cell = TypeVar("Cell")


class Across(NamedTuple):
    """A row across all columns, but for its number if the first column is one of numbers."""

    words: Words
    number: str = ""

    def number_in(self, width: int | None) -> str:
        """Return its number as a margin, in a first column of some width; None if there is none."""
        return "" if width is None else f"{self.number:>{width}}{GAP}"


class Column(NamedTuple, Generic[Cell]):
    """A field with its cells, one a row."""

    field: Field[Any]
    cells: list[Cell]


def lay_out(
    fields: Sequence[Field[Row]],
    rows: Sequence[Row | Across],
    draw: Callable[[Field[Row], Row], Cell],
    draw_number: Callable[[str], Cell],
) -> list[Column[Cell]]:
    """Return the columns for people that say anything; a cell that is empty is false."""
    columns = [
        Column(
            field,
            [
                draw(field, row)
                if not isinstance(row, Across)
                else draw_number(row.number if field.heading == NUMBER else "")
                for row in rows
            ],
        )
        for field in fields
        if field.heading is not None
    ]
    return [column for column in columns if column.field.is_constant or any(column.cells)]


def find_number_width(columns: Sequence[Column[Any]], width: int) -> int | None:
    """Return the width of the first column if that is one of numbers."""
    return width if columns and columns[0].field.heading == NUMBER else None


def find_widths(
    columns: Sequence[Field[Any]], widest: Sequence[int], room: int, *, is_whole: bool
) -> dict[int, int]:
    """Return the width of each column that stays, by its place; none if they can't be side by side.

    Rich never drops a column, and cuts all of them where they have no room.

    Args:
        columns: all there are.
        widest: the cells that each would need to be whole.
        room: the cells there are.
        is_whole: whether no text is cut: then it is wrapped, or goes.
    """
    rigid = [is_whole and field.overflow in {"middle", "end"} for field in columns]
    widths = {
        place: widest[place]
        if rigid[place]
        else min(widest[place], field.preferred_width or widest[place])
        for place, field in enumerate(columns)
    }

    def rest() -> int:
        return room - sum(widths.values()) - len(GAP) * (len(widths) - 1)

    for turn in sorted({turn for field in columns for turn in (field.narrow, field.drop) if turn}):
        if rest() >= 0:
            break
        for place, field in enumerate(columns):
            if turn == field.narrow and not rigid[place]:
                widths[place] = min(widths[place], field.min_width)
            elif field.drop and turn in {field.narrow, field.drop}:
                widths.pop(place, None)
    # A timeline takes whatever it gets.
    for place in sorted(widths, key=lambda place: columns[place].scale is not None):
        widths[place] += max(min(widest[place] - widths[place], rest()), 0)
    return widths if rest() >= 0 else {}


def align(
    columns: Sequence[Column[Line]], rows: Sequence[object], *, with_headings: bool
) -> Iterator[Words]:
    """Yield the lines of a table in a pipe, where each column is as wide as its widest cell.

    Longer cells than `MAX_PADDED` are whole, and the rest of their row is not aligned.
    """
    headings: list[Line] = [[(column.field.heading or "", "dim")] for column in columns]
    widths = [
        min(max(map(measure_line, [heading, *column.cells])), MAX_PADDED)
        for heading, column in zip(headings, columns, strict=True)
    ]

    def join(cells: Iterable[Line]) -> Words:
        line: list[Part] = []
        for column, width, cell in zip(columns, widths, cells, strict=True):
            blanks = " " * (width - measure_line(cell))
            line += [blanks, *cell, GAP] if column.field.is_right else [*cell, blanks, GAP]
        return line

    if with_headings:
        yield join(headings)
    number_width = find_number_width(columns, widths[0])
    for place, row in enumerate(rows):
        if isinstance(row, Across):
            yield [row.number_in(number_width), *as_list(row.words)]
        else:
            yield join(column.cells[place] for column in columns)
