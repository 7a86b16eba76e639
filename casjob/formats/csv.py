"""CSV: a header, and a row a task, verdict or setting; a cell may have several lines.

It is quoted as in RFC 4180, and around semicolons, at which LibreOffice parts cells too. Lines end
in LF, not CRLF: every reader takes both, and `cut` and `awk` would have the CR in the last column.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, TypeAlias, TypeVar

from casjob.components import ComponentHistory, Listing
from casjob.formats.display import Display, JobResult
from casjob.formats.text.components import (
    DeploymentRow,
    list_component_fields,
    list_deployment_fields,
)
from casjob.formats.text.listings import list_recent_fields, list_setting_fields
from casjob.formats.text.phrases import describe_cause, describe_verdict, printable_lines
from casjob.formats.text.statistics import list_statistics_fields
from casjob.formats.text.table import Field, Value
from casjob.formats.text.tasks import list_task_fields
from casjob.job.report import Report
from casjob.job.statistics import Statistics
from casjob.job.statuses import Stage
from casjob.json_text import format_utc
from casjob.settings.values import Overview
from casjob.storage import RecentJob

Row = TypeVar("Row")
Write: TypeAlias = Callable[[Iterable[Field[Any]], Iterable[Any]], bytes]
"""Returns a header of the fields that have keys, and a row each."""

_QUOTED = re.compile('[",;\n]')

_FORMULA_STARTS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")  # noqa: RUF001 - Excel runs both
"""With these, spreadsheets begin a formula. Source: OWASP, "CSV Injection"."""


def _write(fields: Iterable[Field[Row]], rows: Iterable[Row]) -> bytes:
    lines = (",".join(map(_quote, cells)) for cells in list_cells(fields, rows, printable_lines))
    return "".join(f"{line}\n" for line in lines).encode()


def report(
    report: Report,
    display: Display,
    *,
    tasks_only: bool = False,
    next_command: str | None = None,
    write: Write = _write,
) -> bytes:
    """Return a row a task."""
    return write(list_task_fields(report, utc=display.utc), report.shown)


def verdicts(
    results: Sequence[JobResult], display: Display, *, timed_out: bool, write: Write = _write
) -> bytes:
    """Return a row a job."""
    return write(list_verdict_fields(), results)


def settings(overview: Overview, display: Display, *, write: Write = _write) -> bytes:
    """Return a row a setting."""
    return write(list_setting_fields(), overview.settings)


def components(listing: Listing, display: Display, *, write: Write = _write) -> bytes:
    """Return a row a component."""
    return write(list_component_fields(listing.as_of, display), listing.shown)


def deployments(history: ComponentHistory, display: Display, *, write: Write = _write) -> bytes:
    """Return a row a deployment, the ids of its jobs separated by spaces."""
    rows = [DeploymentRow(each, each.job_ids) for each in history.deployments or ()]
    return write(list_deployment_fields(utc=display.utc), rows)


def statistics(
    history: ComponentHistory, statistics: Statistics, display: Display, *, write: Write = _write
) -> bytes:
    """Return a row a step, and a row a failure; `kind` tells which it is."""
    return write(list_statistics_fields(), [*statistics.steps, *statistics.failures])


def recent(
    jobs: Sequence[RecentJob], now: datetime, display: Display, *, write: Write = _write
) -> bytes:
    """Return a row a job."""
    return write(list_recent_fields(now, display), jobs)


def list_verdict_fields() -> list[Field[JobResult]]:
    """Return the fields of the verdicts of `wait`, for machines and for markdown."""
    return [
        Field("JOB", "job_id", "job_id"),
        Field("NAME", "job_name", "report.job.job_name"),
        Field(
            "VERDICT",
            None,
            lambda result: describe_verdict(result.report) if result.report else result.absence,
            stage=lambda result: result.report.stage if result.report else Stage.UNDECIDED,
        ),
        Field("CAUSE", None, lambda result: result.report and describe_cause(result.report)),
        Field(None, "status", "report.job.execution_status"),
        Field(
            None, "outcome", lambda result: result.report.outcome if result.report else "unknown"
        ),
        Field(None, "elapsed_seconds", "report.elapsed_seconds"),
        Field(None, "task_index", "report.cause.task.task_index"),
        Field(None, "task_name", "report.cause.task.task_name"),
        Field(None, "code", "report.cause.message.code"),
        Field(None, "detail", "report.cause.message.detail"),
    ]


def list_cells(
    fields: Iterable[Field[Row]], rows: Iterable[Row], escape: Callable[[str], str]
) -> Iterator[list[str | float]]:
    """Yield the header, and the cells of each row, of which no spreadsheet runs any."""
    keyed = [field for field in fields if field.key]
    yield [field.key or "" for field in keyed]
    for row in rows:
        yield [_disarm(field.value(row), escape) for field in keyed]


def _quote(cell: str | float) -> str:
    text = str(cell)
    return '"' + text.replace('"', '""') + '"' if _QUOTED.search(text) else text


def _disarm(value: Value, escape: Callable[[str], str]) -> str | float:
    """Return a cell that no spreadsheet runs; a number stays one."""
    if isinstance(value, datetime):
        return format_utc(value) or ""
    if isinstance(value, bool):
        return "yes" if value else ""
    if not isinstance(value, str):
        return "" if value is None else value
    if value[:1].isalnum() and value.isascii() and value.isprintable() and "\\" not in value:
        # A fast check: most cells neither begin a formula nor need an escape.
        return value
    text = escape(value)
    # Both are tried: escaping changes a tab at the start, and drops a joiner.
    runs = any(each.lstrip().startswith(_FORMULA_STARTS) for each in (value, text))
    return f"'{text}" if runs else text
