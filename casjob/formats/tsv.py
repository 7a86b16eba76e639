"""Tab-separated values without quotes; a row is always one line, as jq's `@tsv` has it."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TypeVar

from casjob.components import ComponentHistory, Listing
from casjob.formats.csv import list_cells
from casjob.formats.display import Display, Ending
from casjob.formats.text.fields import (
    Field,
    list_component_fields,
    list_deployment_fields,
    list_recent_fields,
    list_setting_fields,
    list_task_fields,
    list_verdict_fields,
)
from casjob.history import RecentJob
from casjob.job.report import Report
from casjob.overview import Overview
from casjob.printable import printable

Row = TypeVar("Row")


def report(
    report: Report, display: Display, *, tasks_only: bool = False, next_command: str | None = None
) -> bytes:
    """Return a row a task."""
    return _write(list_task_fields(report, utc=display.utc), report.shown)


def verdicts(endings: Sequence[Ending], display: Display, *, timed_out: bool) -> bytes:
    """Return a row a job."""
    return _write(list_verdict_fields(), endings)


def settings(overview: Overview, display: Display) -> bytes:
    """Return a row a setting in force."""
    return _write(list_setting_fields(), overview.settings)


def components(listing: Listing, display: Display) -> bytes:
    """Return a row a component."""
    return _write(list_component_fields(listing.as_of, display), listing.components)


def deployments(history: ComponentHistory, display: Display) -> bytes:
    """Return a row a deployment, the ids of its jobs separated by spaces."""
    return _write(list_deployment_fields(utc=display.utc), history.deployments or ())


def recent(jobs: Sequence[RecentJob], now: datetime, display: Display) -> bytes:
    """Return a row a job."""
    return _write(list_recent_fields(now, display), jobs)


def _write(fields: Iterable[Field[Row]], rows: Iterable[Row]) -> bytes:
    lines = ("\t".join(map(str, cells)) for cells in list_cells(fields, rows, _escape))
    return "".join(f"{line}\n" for line in lines).encode()


def _escape(text: str) -> str:
    text = printable(text.replace("\\", "\\\\"))
    # A spreadsheet takes a quote at the start of a cell as that of all rows up to the next quote.
    return f"'{text}" if text.startswith('"') else text
