"""What names mean: a block of lines for each."""

import textwrap
from collections.abc import Iterable, Iterator

from casjob.catalogue.explanations import Explanation, Kind
from casjob.printable import printable

_TITLES = {
    Kind.CODE: "error code",
    Kind.TASK: "task",
    Kind.FLOW: "flow",
    Kind.STATUS: "status",
}
_MARGIN = " " * 11
_LEAST_WIDTH = 40
"""Columns below which lines are left to the terminal to wrap."""


def draw_explanations(explanations: Iterable[Explanation], width: int | None) -> str:
    """Return the explanations, each under its name, with a blank line in between.

    Args:
        explanations: what to show.
        width: the terminal's columns; None for lines of any length.
    """
    return "\n".join("".join(_draw(each, width)) for each in explanations)


def _draw(explanation: Explanation, width: int | None) -> Iterator[str]:
    yield f"{printable(explanation.name)}  {_TITLES[explanation.kind]}\n"
    for label, text in _read_lines(explanation):
        margin = f"  {label:9}"
        if width is None or width < _LEAST_WIDTH:
            yield f"{margin}{printable(text)}\n"
        else:
            yield textwrap.fill(
                printable(text), width, initial_indent=margin, subsequent_indent=_MARGIN
            )
            yield "\n"


def _read_lines(explanation: Explanation) -> Iterator[tuple[str, str]]:
    does = explanation.kind in {Kind.TASK, Kind.FLOW}
    lines = {
        "team": explanation.own,
        "does" if does else "means": explanation.means or "not documented",
        "to do": explanation.advice,
        "service": explanation.service and str(explanation.service),
        "flow": explanation.flow,
    }
    yield from ((label, text) for label, text in lines.items() if text)
    for place, task in enumerate(explanation.tasks):
        yield "" if place else "tasks", f"{task.name}  {task.title}"
    if explanation.source:
        yield "source", explanation.source
