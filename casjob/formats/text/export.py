"""The drawn report for documents: lines of text in the styles that a terminal would have."""

from collections.abc import Iterator
from itertools import groupby
from typing import NamedTuple

from casjob.formats.display import Display
from casjob.formats.text.phrases import describe_verdict
from casjob.formats.text.report import draw_page
from casjob.formats.text.styled import Text, measure
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
    paper = Display(utc=display.utc, full=True, columns=_COLUMNS)
    page = draw_page(report, paper, tasks_only=tasks_only)
    return [list(_list_runs(line.rstrip())) for line in page.lines]


def _list_runs(line: Text) -> Iterator[Run]:
    for style, runs in groupby(line.runs, key=lambda run: run[1]):
        text = "".join(text for text, _ in runs)
        yield Run(text, style, measure(text))
