"""The table of tasks, with fewer rows than there are tasks where the terminal has no room."""

from collections.abc import Sequence

from casjob.formats.text.fields import MIN_WIDTH, Field
from casjob.formats.text.folding import Gap, Row, fold_tasks, is_heading
from casjob.formats.text.page import Page
from casjob.formats.text.phrases import (
    describe_count,
    describe_heartbeat,
    describe_phase,
    format_clock,
)
from casjob.formats.text.table import Across
from casjob.formats.text.timeline import Timeline
from casjob.formats.text.words import INDENT, measure
from casjob.job.phases import Phase
from casjob.job.report import Report, TaskReport
from casjob.job.statuses import Stage
from casjob.printable import printable


def list_task_fields(report: Report, *, utc: bool) -> list[Field[TaskReport]]:
    """Return the fields of a job's tasks."""
    first, timeline = report.first_moment, Timeline.of(report)
    ids = [each.task.task_id or "" for each in report.shown if not each.task.task_name]

    def clock(each: TaskReport) -> str:
        start = each.task.created_at
        return format_clock(start, first, utc=utc) if start else ""

    return [
        Field("#", "task_index", "task.task_index", is_right=True),
        Field(
            "TASK",
            "task_name",
            "task.task_name",
            show=lambda each: each.task.task_name or each.task.task_id,
            is_constant=True,
            narrow=4,
            # Ids stand in for names, and stay whole.
            min_width=max([MIN_WIDTH, *(len(printable(each)) for each in ids)]),
            overflow="middle",
        ),
        Field("DOES", "title", "title", narrow=6, drop=8, preferred_width=32, overflow="end"),
        Field("TYPE", "task_type", "task.task_type", drop=3),
        Field(
            "STATUS",
            "task_status",
            "task.task_status",
            empty="(none)",
            stage=lambda each: each.stage,
            is_constant=True,
        ),
        Field(None, "outcome", "stage.outcome"),
        Field(None, "phase", "phase"),
        Field("STARTED", "started_at", "task.created_at", show=clock, drop=2),
        Field(
            None,
            "ended_at",
            lambda each: each.task.last_health_check if each.stage.has_ended else None,
        ),
        Field("ELAPSED", "elapsed_seconds", "elapsed_seconds", is_right=True, drop=5),
        Field("TIMELINE", None, "", drop=1, preferred_width=12, scale=timeline, bar=timeline.bar),
        Field(
            "CODE",
            "code",
            "message.code",
            style=lambda each: "bold red" if each.has_failed else "",
        ),
        Field(
            "DETAIL",
            "detail",
            "message.detail",
            show=lambda each: (each.message and each.message.detail) or describe_heartbeat(each),
            narrow=7,
            preferred_width=40,
            overflow="fold",
            max_length=200,
        ),
        Field(None, "means", lambda each: "\n".join(each.means)),
        Field(None, "task_id", "task.task_id"),
    ]


def draw_tasks(
    page: Page,
    report: Report,
    *,
    utc: bool,
    is_alone: bool = False,
    max_rows: int | None = None,
) -> int:
    """Draw the tasks that are shown; with their messages, if the table is all there is.

    Returns:
        How many tasks have no row of their own, for want of room.
    """
    fields = [
        field
        for field in list_task_fields(report, utc=utc)
        if is_alone or field.key not in {"code", "detail"}
    ]
    room = None if max_rows is None else max(max_rows - 1, 1)
    while True:
        rows, table = fold_tasks(report, room), page.blank()
        table.add_table(fields, _draw_across(page, rows), indent="" if is_alone else INDENT)
        if max_rows is None or room is None or table.height <= max_rows or room == 1:
            break
        # On a narrow terminal, a task may take several rows.
        room = max(min(room - 1, max_rows * len(rows) // table.height), 1)
    page.add(table)
    return len(report.shown) - sum(not isinstance(row, Gap) for row in rows)


def _draw_across(page: Page, rows: Sequence[Row]) -> list[TaskReport | Across]:
    """Return the rows; those of a phase or a gap go across all columns."""
    names = [_name_phase(row) for row in rows if isinstance(row, Phase)]
    longest = max(map(measure, names), default=0)

    def draw(row: Row) -> TaskReport | Across:
        if isinstance(row, Gap):
            return Across((page.signs(f"… {describe_count(row.tasks)}"), "dim"))
        number = _number(row)
        if isinstance(row, Phase):
            name = _name_phase(row)
            blanks = " " * (longest - measure(name))
            mark = page.safe(page.mark(Stage.ENDED_WELL))
            return Across([*mark, (name, "bold"), f"{blanks}  {describe_phase(row)}"], number)
        return Across((_name_phase(row), "bold"), number) if is_heading(row) else row

    return [*map(draw, rows)]


def _name_phase(row: Phase | TaskReport) -> str:
    return (row.name if isinstance(row, Phase) else row.phase) or "(no name)"


def _number(row: Phase | TaskReport) -> str:
    first = row.tasks[0] if isinstance(row, Phase) else row
    return "" if first.task.task_index is None else str(first.task.task_index)
