"""CSV: a header, and a row a task, verdict or setting; a cell may have several lines.

It is quoted as in RFC 4180. Lines end in LF, not CRLF: every reader takes both, and `cut` and
`awk` would have the CR in the last column.
"""

import csv
from collections.abc import Callable, Sequence
from datetime import datetime
from io import StringIO
from typing import TypeAlias

from casjob.components import Component, ComponentHistory, Deployment, Listing
from casjob.formats.display import Display, Ending
from casjob.formats.json import format_utc
from casjob.formats.messages import printable_lines
from casjob.job.report import Report, TaskReport
from casjob.overview import Overview
from casjob.recent import RecentJob

Cell: TypeAlias = str | int | float | None
Rows: TypeAlias = Sequence[Sequence[Cell]]

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


def report(
    report: Report, display: Display, *, tasks_only: bool = False, next_command: str | None = None
) -> bytes:
    """Return a row a task."""
    return _write(list_tasks(report))


def verdicts(endings: Sequence[Ending], display: Display, *, timed_out: bool) -> bytes:
    """Return a row a job."""
    return _write(list_verdicts(endings))


def settings(overview: Overview, display: Display) -> bytes:
    """Return a row a setting in force."""
    return _write(list_settings(overview))


def components(listing: Listing, display: Display) -> bytes:
    """Return a row a component."""
    return _write(list_components(listing))


def deployments(history: ComponentHistory, display: Display) -> bytes:
    """Return a row a deployment, the ids of its jobs separated by spaces."""
    return _write(list_deployments(history))


def recent(jobs: Sequence[RecentJob], now: datetime, display: Display) -> bytes:
    """Return a row a job."""
    return _write(list_recent(jobs))


def _write(rows: Rows) -> bytes:
    sheet = StringIO()
    writer = csv.writer(sheet, lineterminator="\n")
    writer.writerows([disarm(cell, printable_lines) for cell in row] for row in rows)
    return sheet.getvalue().encode()


def list_tasks(report: Report) -> Rows:
    """Return a header, and a row a task."""
    return [_TASK_HEADER, *map(_task, report.shown)]


def list_verdicts(endings: Sequence[Ending]) -> Rows:
    """Return a header, and a row a job."""
    return [_VERDICT_HEADER, *map(_verdict, endings)]


def list_settings(overview: Overview) -> Rows:
    """Return a header, and a row a setting in force."""
    return [("name", "value", "origin"), *overview.settings]


def list_components(listing: Listing) -> Rows:
    """Return a header, and a row a component."""
    return [_COMPONENT_HEADER, *map(_component, listing.components)]


def list_deployments(history: ComponentHistory) -> Rows:
    """Return a header, and a row a deployment."""
    return [_DEPLOYMENT_HEADER, *map(_deployment, history.deployments or ())]


def list_recent(jobs: Sequence[RecentJob]) -> Rows:
    """Return a header, and a row a job."""
    rows = (
        (job.job_id, job.prefix, job.status, job.name, format_utc(job.looked_at), job.location)
        for job in jobs
    )
    return [_RECENT_HEADER, *rows]


def disarm(cell: Cell, escape: Callable[[str], str]) -> str | int | float:
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
