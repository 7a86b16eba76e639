"""CSV and TSV: a header, and a row a task, verdict or setting.

CSV is quoted as in RFC 4180. Lines end in LF, not CRLF: every reader takes both, and `cut` and
`awk` would have the CR in the last column.
"""

import csv
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from io import StringIO
from typing import TypeAlias

from casjob.components import Component, ComponentHistory, Deployment, Listing
from casjob.formats.display import Ending, Format
from casjob.formats.json import format_utc
from casjob.formats.messages import printable_lines
from casjob.job.report import Report, TaskReport
from casjob.overview import Overview
from casjob.printable import printable
from casjob.recent import RecentJob

Cell: TypeAlias = str | int | float | None

_TASK_HEADER = (
    "task_index",
    "task_name",
    "title",
    "task_type",
    "task_status",
    "outcome",
    "phase",
    "started_at",
    "ended_at",
    "elapsed_seconds",
    "code",
    "detail",
    "means",
    "task_id",
)
_VERDICT_HEADER = (
    "job_id",
    "job_name",
    "status",
    "outcome",
    "elapsed_seconds",
    "task_index",
    "task_name",
    "code",
    "detail",
)
_COMPONENT_HEADER = (
    "name",
    "application_name",
    "environment_name",
    "version",
    "status",
    "fail_detail",
    "last_job_id",
    "updated_at",
    "id",
    "application_id",
    "environment_id",
    "instance_id",
)
_DEPLOYMENT_HEADER = (
    "version",
    "status",
    "deploy_type",
    "current_used",
    "begin_time",
    "end_time",
    "elapsed_seconds",
    "jobs",
)
_RECENT_HEADER = ("job_id", "prefix", "status", "name", "looked_at", "location")
_FORMULA_STARTS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")  # noqa: RUF001 - Excel runs both
"""With these, spreadsheets begin a formula. Source: OWASP, "CSV Injection"."""


class CsvFormat(Format):
    """Comma-separated values, in quotes where needed; a cell may have several lines."""

    def report(
        self, report: Report, *, tasks_only: bool = False, next_command: str | None = None
    ) -> bytes:
        """Return a row a task."""
        del tasks_only, next_command
        return self._write_rows([_TASK_HEADER, *map(_task, report.shown)])

    def verdicts(self, endings: Sequence[Ending], *, timed_out: bool) -> bytes:
        """Return a row a job."""
        del timed_out
        return self._write_rows([_VERDICT_HEADER, *map(_verdict, endings)])

    def settings(self, overview: Overview) -> bytes:
        """Return a row a setting in force."""
        return self._write_rows([("name", "value", "origin"), *overview.settings])

    def components(self, listing: Listing) -> bytes:
        """Return a row a component."""
        rows = map(_component, listing.components)
        return self._write_rows([_COMPONENT_HEADER, *rows])

    def deployments(self, history: ComponentHistory) -> bytes:
        """Return a row a deployment, the ids of its jobs separated by spaces."""
        rows = map(_deployment, history.deployments or ())
        return self._write_rows([_DEPLOYMENT_HEADER, *rows])

    def recent(self, jobs: Sequence[RecentJob], now: datetime) -> bytes:
        """Return a row a job."""
        del now
        rows = (
            (job.job_id, job.prefix, job.status, job.name, format_utc(job.looked_at), job.location)
            for job in jobs
        )
        return self._write_rows([_RECENT_HEADER, *rows])

    def _write_rows(self, rows: Iterable[Sequence[Cell]]) -> bytes:
        sheet = StringIO()
        writer = csv.writer(sheet, lineterminator="\n")
        writer.writerows([_disarm(cell, printable_lines) for cell in row] for row in rows)
        return sheet.getvalue().encode()


class TsvFormat(CsvFormat):
    """Tab-separated values without quotes; a row is always one line, as jq's `@tsv` has it."""

    def _write_rows(self, rows: Iterable[Sequence[Cell]]) -> bytes:
        lines = ("\t".join(str(_disarm(cell, _escape)) for cell in row) for row in rows)
        return "".join(f"{line}\n" for line in lines).encode()


def _escape(text: str) -> str:
    text = printable(text.replace("\\", "\\\\"))
    # A spreadsheet takes a quote at the start of a cell as that of all rows up to the next quote.
    return f"'{text}" if text.startswith('"') else text


def _disarm(cell: Cell, escape: Callable[[str], str]) -> str | int | float:
    """Return a cell that no spreadsheet runs; a number stays one."""
    if not isinstance(cell, str):
        return "" if cell is None else cell
    if cell.isidentifier() and cell.isascii():
        # A fast check: most cells neither begin a formula nor need an escape.
        return cell
    text = escape(cell)
    return f"'{text}" if cell.lstrip().startswith(_FORMULA_STARTS) else text


def _task(each: TaskReport) -> Sequence[Cell]:
    task, message = each.task, each.message
    return (
        task.task_index,
        task.task_name,
        each.title,
        task.task_type,
        task.task_status,
        each.stage.outcome,
        each.phase,
        format_utc(task.created_at),
        format_utc(task.last_health_check) if each.stage.has_ended else None,
        each.elapsed_seconds,
        message.code if message else None,
        message.detail if message else None,
        "\n".join(each.means) or None,
        task.task_id,
    )


def _verdict(ending: Ending) -> Sequence[Cell]:
    report = ending.report
    if report is None:
        return (ending.job_id, None, None, "unknown", *[None] * 5)
    cause = report.cause
    message = cause.message if cause else None
    return (
        ending.job_id,
        report.job.job_name,
        report.job.execution_status,
        report.outcome,
        report.elapsed_seconds,
        cause.task.task_index if cause else None,
        cause.task.task_name if cause else None,
        message.code if message else None,
        message.detail if message else None,
    )


def _component(component: Component) -> Sequence[Cell]:
    return (
        component.name,
        component.application_name,
        component.environment_name,
        component.version,
        component.status,
        component.fail_detail,
        component.last_job_id,
        format_utc(component.updated),
        component.component_id,
        component.application_id,
        component.environment_id,
        component.instance_id,
    )


def _deployment(deployment: Deployment) -> Sequence[Cell]:
    return (
        deployment.version,
        deployment.status,
        deployment.deploy_type,
        "yes" if deployment.is_in_use else None,
        deployment.begin_time,
        deployment.end_time,
        deployment.elapsed_seconds,
        " ".join(deployment.job_ids),
    )
