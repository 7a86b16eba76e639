"""The drawn report for documents: its rows as on a terminal, and the colours of a page."""

from typing import NamedTuple

from rich.segment import Segment

from casjob.formats.display import Display
from casjob.formats.text.phrases import describe_verdict
from casjob.formats.text.report import draw_page
from casjob.formats.text.terminal import TerminalPage
from casjob.job.report import Report
from casjob.printable import printable

_COLUMNS = 120
"""Where prose is wrapped, and how wide a timeline makes a table."""


class Palette(NamedTuple):
    """The colours of a page, in hexadecimal; each is readable on it (contrast over 4.5)."""

    page: str
    text: str
    dim: str
    green: str
    red: str
    cyan: str
    magenta: str


LIGHT = Palette("ffffff", "1f2328", "59636e", "1a7f37", "cf222e", "0a6c80", "8250df")
DARK = Palette("0d1117", "e6edf3", "9198a1", "3fb950", "ff7b72", "39c5cf", "bc8cff")


def describe_title(report: Report) -> str:
    """Return a title for a document: the job's name, and its verdict."""
    job = report.job
    return printable(f"{job.job_name or job.job_id or 'job'} {describe_verdict(report)}")


def draw_rows(report: Report, display: Display, *, tasks_only: bool) -> list[list[Segment]]:
    """Return each row of a report as it is drawn on a terminal that is as wide as a page."""
    paper = Display(utc=display.utc, full=True, columns=_COLUMNS)
    page = draw_page(report, paper, tasks_only=tasks_only)
    return page.rows if isinstance(page, TerminalPage) else []
