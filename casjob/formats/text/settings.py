"""The settings in force, and how the probes of them went."""

import textwrap
from collections.abc import Iterator, Sequence

from casjob.overview import Finding, Overview
from casjob.printable import printable

_LEAST_WIDTH = 16
"""Columns for the origins, below which lines are left to the terminal to wrap."""


def draw_settings(overview: Overview, width: int | None) -> str:
    """Return a line a setting, then what is overruled, then what is wrong.

    Args:
        overview: what to show.
        width: the terminal's columns, to wrap the origins at words; None for lines of any length.
    """
    lines = list(_align([("NAME", "VALUE", "ORIGIN"), *overview.settings], width))
    if overview.overruled:
        lines += ["", "found, but overruled:"]
        lines += [f"  {line}" for line in _align(overview.overruled, width and width - 2)]
    if overview.notes:
        lines += ["", *(f"note: {printable(note)}" for note in overview.notes)]
    return "".join(f"{line}\n" for line in lines)


def _align(rows: Sequence[tuple[str, str | None, str]], width: int | None) -> Iterator[str]:
    shown = [tuple(printable("-" if cell is None else cell) for cell in row) for row in rows]
    widths = [max(len(row[column]) for row in shown) for column in range(2)]
    margin = sum(widths) + 4
    for name, value, origin in shown:
        rest = [origin]
        if width and width >= margin + _LEAST_WIDTH:
            rest = textwrap.wrap(origin, width - margin, break_long_words=False)
        yield f"{name:{widths[0]}}  {value:{widths[1]}}  {rest[0]}"
        yield from (f"{'':{margin}}{line}" for line in rest[1:])


def draw_finding(finding: Finding) -> str:
    """Return a line about a probe, and one with a hint if it failed."""
    result = "failed" if finding.status else "ok"
    text = f"{finding.step:14}  {result:6}  {printable(finding.message)}\n"
    if finding.status and finding.hint:
        text += f"  hint: {printable(finding.hint)}\n"
    return text + "".join(f"{printable(step)}\n" for step in finding.steps)
