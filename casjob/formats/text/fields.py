"""What tables show. A field is declared once, for terminals, pipes, csv, tsv and markdown."""

from collections.abc import Callable
from datetime import datetime
from typing import Generic, Literal, NamedTuple, TypeAlias, TypeVar

from casjob.components import Component, Deployment, Health
from casjob.durations import format_age
from casjob.formats.display import Display, Ending
from casjob.formats.text.comparison import describe_status, format_change
from casjob.formats.text.phrases import (
    describe_heartbeat,
    format_clock,
    format_elapsed,
    format_moment,
)
from casjob.formats.text.timeline import Timeline
from casjob.formats.text.words import STAGE_STYLES, Words
from casjob.history import RecentJob
from casjob.job.difference import TaskDifference
from casjob.job.report import Report, TaskReport
from casjob.job.statuses import Stage, stage_of
from casjob.overview import Entry
from casjob.printable import printable

Row = TypeVar("Row")
Value: TypeAlias = str | float | datetime | None
"""Of numbers, a float is a duration in seconds."""

_MIN_WIDTH = 16
"""Cells up to which a text is narrowed, and no further."""
_NAME = 40
"""Cells that a name has at the most: a long one must not drive out the columns of all others."""


class Field(NamedTuple, Generic[Row]):
    """One field of a table.

    Args:
        heading: its heading for people; None if it is for machines alone.
        key: its name in csv and tsv; None if it is for people alone.
        value: what a row has in it. None is empty.
        show: what people see of a row, if that is not the value.
        style: the style of that, by Rich's name.
        stage: gives it a colour, and on a terminal a sign.
        is_right: whether its cells stand at its right edge.
        is_constant: whether it stays where all its cells are empty.
        drop: its turn to go where the terminal is narrow; 0 for never.
        narrow: its turn to become narrower, before it may have to go.
        min_width: the cells that it keeps then.
        preferred_width: the cells that it has before others have to go; more if there is room.
        max_width: the cells that it has at the most.
        overflow: how a text is fitted into fewer cells: without its middle or end, or in rows.
        max_length: the characters that a terminal shows of it.
        scale: drawn as the heading of bars, which only a terminal has.
        bar: draws the bar of a row; None if it has none.
    """

    heading: str | None
    key: str | None
    value: Callable[[Row], Value]
    show: Callable[[Row], Words | None] | None = None
    style: Callable[[Row], str] | None = None
    stage: Callable[[Row], Stage] | None = None
    is_right: bool = False
    is_constant: bool = False
    drop: int = 0
    narrow: int = 0
    min_width: int = _MIN_WIDTH
    preferred_width: int | None = None
    max_width: int | None = None
    overflow: Literal["middle", "end", "fold"] | None = None
    max_length: int | None = None
    scale: Timeline | None = None
    bar: Callable[[Row], Timeline | None] | None = None

    def words(self, row: Row) -> Words:
        """Return what people see of a row."""
        shown = self.show(row) if self.show else _describe(self.value(row))
        return (shown, self.style(row)) if self.style and isinstance(shown, str) else shown or ""


def _describe(value: Value) -> str:
    if value is None:
        return ""
    return format_elapsed(value) if isinstance(value, float) else str(value)


def list_task_fields(report: Report, *, utc: bool) -> list[Field[TaskReport]]:
    """Return the fields of a job's tasks."""
    first, timeline = report.first_moment, Timeline.of(report)
    ids = [each.task.task_id or "" for each in report.shown if not each.task.task_name]

    def clock(each: TaskReport) -> str:
        start = each.task.created_at
        return format_clock(start, first, utc=utc) if start else ""

    def code(each: TaskReport) -> str | None:
        return each.message.code if each.message else None

    def detail(each: TaskReport) -> str | None:
        return each.message.detail if each.message else None

    return [
        Field("#", "task_index", lambda each: each.task.task_index, is_right=True),
        Field(
            "TASK",
            "task_name",
            lambda each: each.task.task_name,
            show=lambda each: each.task.task_name or each.task.task_id,
            is_constant=True,
            narrow=4,
            # Ids stand in for names, and stay whole.
            min_width=max([_MIN_WIDTH, *(len(printable(each)) for each in ids)]),
            overflow="middle",
        ),
        Field(
            "DOES",
            "title",
            lambda each: each.title,
            narrow=6,
            drop=8,
            preferred_width=32,
            overflow="end",
        ),
        Field("TYPE", "task_type", lambda each: each.task.task_type, drop=3),
        Field(
            "STATUS",
            "task_status",
            lambda each: each.task.task_status,
            show=lambda each: each.task.task_status or "(none)",
            stage=lambda each: each.stage,
            is_constant=True,
        ),
        Field(None, "outcome", lambda each: each.stage.outcome),
        Field(None, "phase", lambda each: each.phase),
        Field("STARTED", "started_at", lambda each: each.task.created_at, show=clock, drop=2),
        Field(
            None,
            "ended_at",
            lambda each: each.task.last_health_check if each.stage.has_ended else None,
        ),
        Field(
            "ELAPSED",
            "elapsed_seconds",
            lambda each: each.elapsed_seconds,
            is_right=True,
            drop=5,
        ),
        Field(
            "TIMELINE",
            None,
            lambda _: None,
            drop=1,
            preferred_width=12,
            scale=timeline,
            bar=timeline.bar,
        ),
        Field("CODE", "code", code, style=lambda each: "bold red" if each.has_failed else ""),
        Field(
            "DETAIL",
            "detail",
            detail,
            show=lambda each: detail(each) or describe_heartbeat(each),
            narrow=7,
            preferred_width=40,
            overflow="fold",
            max_length=200,
        ),
        Field(None, "means", lambda each: "\n".join(each.means)),
        Field(None, "task_id", lambda each: each.task.task_id),
    ]


def list_verdict_fields() -> list[Field[Ending]]:
    """Return the fields of the verdicts of `wait`."""

    def of_report(read: Callable[[Report], Value]) -> Callable[[Ending], Value]:
        return lambda ending: read(ending.report) if ending.report else None

    def of_cause(read: Callable[[TaskReport], Value]) -> Callable[[Ending], Value]:
        return of_report(lambda report: read(report.cause) if report.cause else None)

    return [
        Field(None, "job_id", lambda ending: ending.job_id),
        Field(None, "job_name", of_report(lambda report: report.job.job_name)),
        Field(None, "status", of_report(lambda report: report.job.execution_status)),
        Field(
            None,
            "outcome",
            lambda ending: ending.report.outcome if ending.report else "unknown",
        ),
        Field(None, "elapsed_seconds", of_report(lambda report: report.elapsed_seconds)),
        Field(None, "task_index", of_cause(lambda cause: cause.task.task_index)),
        Field(None, "task_name", of_cause(lambda cause: cause.task.task_name)),
        Field(None, "code", of_cause(lambda cause: cause.message and cause.message.code)),
        Field(None, "detail", of_cause(lambda cause: cause.message and cause.message.detail)),
    ]


_HEALTH_STAGES = {
    Health.WELL: Stage.ENDED_WELL,
    Health.BAD: Stage.ENDED_BADLY,
    Health.CHANGING: Stage.UNDER_WAY,
    Health.IDLE: Stage.SKIPPED,
    Health.UNKNOWN: Stage.UNDECIDED,
}


def stage_of_component(component: Component) -> Stage:
    """Return the stage of a job whose sign and colour the component has."""
    return _HEALTH_STAGES[component.health]


def list_component_fields(now: datetime, display: Display) -> list[Field[Component]]:
    """Return the fields of components."""
    name = Field[Component]("", None, lambda _: None, max_width=_NAME, overflow="middle")
    return [
        name._replace(
            heading="COMPONENT",
            key="name",
            value=lambda each: each.name,
            show=lambda each: each.label,
            narrow=6,
        ),
        name._replace(
            heading="APPLICATION",
            key="application_name",
            value=lambda each: each.application_name,
            show=lambda each: each.application_name or each.application_id,
            drop=4,
        ),
        name._replace(
            heading="ENVIRONMENT",
            key="environment_name",
            value=lambda each: each.environment_name,
            show=lambda each: each.environment_name or each.environment_id,
            drop=3,
        ),
        name._replace(heading="VERSION", key="version", value=lambda each: each.version, drop=2),
        Field(
            "STATUS",
            "status",
            lambda each: each.status,
            show=lambda each: each.status or "(none)",
            stage=stage_of_component,
        ),
        name._replace(
            heading="REASON", key="fail_detail", value=lambda each: each.fail_detail, drop=5
        ),
        Field("LAST JOB", "last_job_id", lambda each: each.last_job_id),
        Field(
            "UPDATED",
            "updated_at",
            lambda each: each.updated,
            show=lambda each: _describe_moment(each.updated, now, display),
            drop=1,
        ),
        Field(None, "id", lambda each: each.component_id),
        Field(None, "application_id", lambda each: each.application_id),
        Field(None, "environment_id", lambda each: each.environment_id),
        Field(None, "instance_id", lambda each: each.instance_id),
    ]


def list_deployment_fields(*, utc: bool) -> list[Field[Deployment]]:
    """Return the fields of a component's deployments."""

    def began(each: Deployment) -> str | None:
        return format_moment(each.began, utc=utc) if each.began else each.begin_time

    return [
        Field("VERSION", "version", lambda each: each.version),
        Field("STATUS", "status", lambda each: each.status),
        Field(None, "deploy_type", lambda each: each.deploy_type),
        Field("IN USE", "current_used", lambda each: "yes" if each.is_in_use else None, drop=3),
        Field("BEGAN", "begin_time", lambda each: each.begin_time, show=began, drop=2),
        Field(None, "end_time", lambda each: each.end_time),
        Field("TOOK", "elapsed_seconds", lambda each: each.elapsed_seconds, is_right=True, drop=1),
        Field("JOB", "jobs", lambda each: " ".join(each.job_ids)),
    ]


def list_recent_fields(now: datetime, display: Display) -> list[Field[RecentJob]]:
    """Return the fields of the jobs viewed on this machine."""
    return [
        Field(None, "job_id", lambda job: job.job_id),
        Field("PREFIX", "prefix", lambda job: job.prefix, drop=1),
        Field("STATUS", "status", lambda job: job.status, stage=lambda job: stage_of(job.status)),
        Field(
            "LOOKED AT",
            None,
            lambda job: job.looked_at,
            show=lambda job: _describe_moment(job.looked_at, now, display),
        ),
        Field(
            "JOB",
            None,
            lambda job: job.job_id,
            show=lambda job: [(job.prefix, "bold"), job.job_id.removeprefix(job.prefix)],
        ),
        Field("NAME", "name", lambda job: job.name, drop=2, max_width=_NAME, overflow="middle"),
        Field(None, "looked_at", lambda job: job.looked_at),
        Field("LOCATION", "location", lambda job: job.location, drop=3),
    ]


def list_setting_fields() -> list[Field[Entry]]:
    """Return the fields of settings."""
    return [
        Field("NAME", "name", lambda entry: entry.name),
        Field(
            "VALUE",
            "value",
            lambda entry: entry.value,
            show=lambda entry: "-" if entry.value is None else entry.value,
        ),
        Field("ORIGIN", "origin", lambda entry: entry.origin, narrow=1, overflow="fold"),
    ]


def list_difference_fields() -> list[Field[TaskDifference]]:
    """Return the fields of tasks that differ; all of them are for people."""

    def status(
        heading: str, side: Callable[[TaskDifference], TaskReport | None]
    ) -> Field[TaskDifference]:
        def style(each: TaskDifference) -> str:
            report = side(each)
            return STAGE_STYLES[report.stage] if report else "dim"

        return Field(heading, None, lambda each: describe_status(side(each)), style=style)

    def elapsed(side: Callable[[TaskDifference], TaskReport | None]) -> Field[TaskDifference]:
        def read(each: TaskDifference) -> float | None:
            report = side(each)
            return report.elapsed_seconds if report else None

        return Field("", None, read, is_right=True, drop=1)

    def change(each: TaskDifference) -> str | None:
        return None if each.elapsed_change is None else format_change(each.elapsed_change)

    fields: list[Field[TaskDifference]] = [
        Field("#", None, lambda each: each.either.task.task_index, is_right=True, drop=4),
        Field(
            "TASK",
            None,
            lambda each: each.either.task.task_name or each.either.task.task_id or "(no name)",
            narrow=5,
            overflow="middle",
        ),
        status("BASE", lambda each: each.base),
        elapsed(lambda each: each.base),
        status("JOB", lambda each: each.job),
        elapsed(lambda each: each.job),
        Field("CHANGE", None, change, is_right=True, drop=3),
        Field("DIFFERS", None, lambda each: each.change, drop=2),
    ]
    return [field._replace(is_constant=True) for field in fields]


def _describe_moment(moment: datetime | None, now: datetime, display: Display) -> str:
    if moment is None:
        return ""
    if display.is_terminal:
        return f"{format_age((now - moment).total_seconds())} ago"
    return format_moment(moment, utc=display.utc)
