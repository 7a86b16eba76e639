"""Tab-separated values without quotes; a row is always one line, as jq's `@tsv` has it."""

from collections.abc import Sequence
from datetime import datetime

from casjob.components import ComponentHistory, Listing
from casjob.formats import csv
from casjob.formats.csv import Rows, disarm
from casjob.formats.display import Display, Ending
from casjob.job.report import Report
from casjob.overview import Overview
from casjob.printable import printable
from casjob.recent import RecentJob


def report(
    report: Report, display: Display, *, tasks_only: bool = False, next_command: str | None = None
) -> bytes:
    """Return a row a task."""
    return _write(csv.list_tasks(report))


def verdicts(endings: Sequence[Ending], display: Display, *, timed_out: bool) -> bytes:
    """Return a row a job."""
    return _write(csv.list_verdicts(endings))


def settings(overview: Overview, display: Display) -> bytes:
    """Return a row a setting in force."""
    return _write(csv.list_settings(overview))


def components(listing: Listing, display: Display) -> bytes:
    """Return a row a component."""
    return _write(csv.list_components(listing))


def deployments(history: ComponentHistory, display: Display) -> bytes:
    """Return a row a deployment, the ids of its jobs separated by spaces."""
    return _write(csv.list_deployments(history))


def recent(jobs: Sequence[RecentJob], now: datetime, display: Display) -> bytes:
    """Return a row a job."""
    return _write(csv.list_recent(jobs))


def _write(rows: Rows) -> bytes:
    lines = ("\t".join(str(disarm(cell, _escape)) for cell in row) for row in rows)
    return "".join(f"{line}\n" for line in lines).encode()


def _escape(text: str) -> str:
    text = printable(text.replace("\\", "\\\\"))
    # A spreadsheet takes a quote at the start of a cell as that of all rows up to the next quote.
    return f"'{text}" if text.startswith('"') else text
