"""What names mean: a block of lines for each."""

from collections.abc import Iterable, Iterator

from casjob.catalogue.explanations import Explanation, Kind
from casjob.formats.display import Display
from casjob.formats.text.page import open_page
from casjob.formats.text.words import INDENT

_TITLES = {
    Kind.CODE: "error code",
    Kind.TASK: "task",
    Kind.FLOW: "flow",
    Kind.STATUS: "status",
}


def draw_explanations(explanations: Iterable[Explanation], display: Display) -> str:
    """Return the explanations, each under its name, with a blank line in between."""
    page = open_page(display)
    for each in explanations:
        page.gap()
        page.print(f"{each.name}  {_TITLES[each.kind]}")
        for label, text in _read_lines(each):
            page.print(text, margin=f"{INDENT}{label:9}")
    return page.content()


def _read_lines(explanation: Explanation) -> Iterator[tuple[str, str]]:
    does = explanation.kind in {Kind.TASK, Kind.FLOW}
    lines = {
        "team": explanation.custom,
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
