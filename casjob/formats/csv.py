"""CSV: a header, and a row a task, verdict or setting; a cell may have several lines.

It is quoted as in RFC 4180. Lines end in LF, not CRLF: every reader takes both, and `cut` and
`awk` would have the CR in the last column.
"""

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from io import StringIO
from typing import TypeVar

from casjob.components import ComponentHistory, Listing
from casjob.formats.display import Display, Ending
from casjob.formats.documents import format_utc
from casjob.formats.messages import printable_lines
from casjob.formats.text.fields import (
    Field,
    Value,
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

Row = TypeVar("Row")

_FORMULA_STARTS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")  # noqa: RUF001 - Excel runs both
"""With these, spreadsheets begin a formula. Source: OWASP, "CSV Injection"."""


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
    sheet = StringIO()
    csv.writer(sheet, lineterminator="\n").writerows(list_cells(fields, rows, printable_lines))
    return sheet.getvalue().encode()


def list_cells(
    fields: Iterable[Field[Row]], rows: Iterable[Row], escape: Callable[[str], str]
) -> Iterator[list[str | float]]:
    """Yield the header, and the cells of each row, of which no spreadsheet runs any."""
    keyed = [field for field in fields if field.key]
    yield [field.key or "" for field in keyed]
    for row in rows:
        yield [_disarm(field.value(row), escape) for field in keyed]


def _disarm(value: Value, escape: Callable[[str], str]) -> str | float:
    """Return a cell that no spreadsheet runs; a number stays one."""
    if isinstance(value, datetime):
        return format_utc(value) or ""
    if not isinstance(value, str):
        return "" if value is None else value
    if value.isidentifier() and value.isascii():
        # A fast check: most cells neither begin a formula nor need an escape.
        return value
    text = escape(value)
    return f"'{text}" if value.lstrip().startswith(_FORMULA_STARTS) else text
