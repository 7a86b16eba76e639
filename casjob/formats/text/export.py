"""The drawn report for documents: lines of text in the styles that a terminal would have."""

from collections.abc import Iterator
from typing import NamedTuple

from rich.console import Console
from rich.style import Style
from rich.text import Text

from casjob.formats.display import Color, Display
from casjob.formats.text.phrases import describe_verdict
from casjob.formats.text.report import render_report
from casjob.job.report import Report
from casjob.printable import printable

_COLUMNS = 120
"""Where prose is wrapped; tables are as wide as they are."""

PALETTE = """\
:root{color-scheme:light dark;--page:#fff;--text:#1f2328;--dim:#59636e;--green:#1a7f37;\
--red:#cf222e;--cyan:#0a6c80;--magenta:#8250df}
@media(prefers-color-scheme:dark){:root{--page:#0d1117;--text:#e6edf3;--dim:#9198a1;\
--green:#3fb950;--red:#ff7b72;--cyan:#39c5cf;--magenta:#bc8cff}}
"""
"""CSS: the colours of a light and of a dark page; each is readable on it (contrast over 4.5)."""

_COLORS = {1: "red", 2: "green", 5: "magenta", 6: "cyan"}
"""Of those that a terminal has, the ones in use."""


class Run(NamedTuple):
    """Text in one style.

    Args:
        text: printable, on one line.
        classes: `bold`, `dim` and the name of a colour, separated by spaces.
        cells: the columns that it takes.
    """

    text: str
    classes: str
    cells: int


def describe_title(report: Report) -> str:
    """Return a title for a document: the job's name, and its verdict."""
    job = report.job
    return printable(f"{job.job_name or job.job_id or 'job'} {describe_verdict(report)}")


def draw_lines(report: Report, display: Display, *, tasks_only: bool) -> list[list[Run]]:
    """Return each line of a report as it is drawn on a terminal, in runs of one style."""
    paper = Display(color=Color.ALWAYS, utc=display.utc, full=True, columns=_COLUMNS)
    drawing = render_report(report, paper, tasks_only=tasks_only)
    console = Console(width=_COLUMNS)
    return [list(_list_runs(line, console)) for line in Text.from_ansi(drawing).split("\n")]


def _list_runs(line: Text, console: Console) -> Iterator[Run]:
    for segment in line.render(console):
        style = segment.style or Style.null()
        color = style.color and _COLORS.get(style.color.number or 0)
        classes = ("bold" if style.bold else "", "dim" if style.dim else "", color)
        if segment.text:
            yield Run(segment.text, " ".join(filter(None, classes)), segment.cell_length)
