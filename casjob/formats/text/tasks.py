"""The table of tasks, with fewer rows than there are tasks where the terminal has no room."""

from collections.abc import Sequence

from casjob.formats.text.fields import list_task_fields
from casjob.formats.text.folding import Gap, Row, fold_tasks, is_heading
from casjob.formats.text.page import Page
from casjob.formats.text.phrases import describe_count, describe_phase
from casjob.formats.text.table import Across
from casjob.formats.text.words import INDENT, measure
from casjob.job.phases import Phase
from casjob.job.report import Report, TaskReport
from casjob.job.statuses import Stage


def draw_tasks(
    page: Page,
    report: Report,
    *,
    utc: bool,
    is_alone: bool = False,
    max_rows: int | None = None,
) -> int:
    """Draw the tasks that are shown.

    Args:
        page: where to draw.
        report: the job.
        utc: times in UTC, not in the local zone.
        is_alone: whether the table is all there is; if so, it has the messages too.
        max_rows: the rows that the terminal has for it; None for any number.

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
