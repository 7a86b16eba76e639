"""The difference between two runs for people: what differs first, then the tasks that do."""

from collections.abc import Sequence

from casjob.formats.display import Display
from casjob.formats.text.comparison import (
    describe_change_count,
    describe_difference,
    describe_elapsed_change,
    describe_message,
    describe_status,
    format_change,
    is_noticed,
)
from casjob.formats.text.page import INDENT, STAGE_STYLES, Page
from casjob.formats.text.phrases import describe_verdict, format_elapsed, format_moment
from casjob.formats.text.report import open_page
from casjob.formats.text.styled import Text
from casjob.job.difference import Difference, TaskDifference
from casjob.job.report import Report, TaskReport

_HEADINGS = ("#", "TASK", "BASE", "", "JOB", "", "CHANGE", "DIFFERS")
_RIGHT = {"#", "", "CHANGE"}
"""The headings of columns of numbers, which stand at the right edge."""
_DROPPED = ({3, 5}, {3, 5, 7}, {3, 5, 6, 7}, {0, 3, 5, 6, 7})
"""Indexes of the columns to drop on a narrow terminal, on a narrower one, and so on."""
_GAP = "  "
_LONGEST_MESSAGE = 1000
"""Characters of a message on a terminal; a pipe and JSON have all of it."""


def render_difference(difference: Difference, display: Display) -> str:
    """Return a difference: laid out for the terminal's width, or uncut where there is none."""
    page = open_page(display, all_with="--json")
    _draw_job(page, "BASE", difference.base, utc=display.utc)
    _draw_job(page, "JOB ", difference.job, utc=display.utc)
    page.gap()
    page.print(page.compose((describe_difference(difference), "bold")))
    if difference.first:
        _draw_message(page, "BASE", difference.first.base)
        _draw_message(page, "JOB ", difference.first.job)
    elapsed = describe_elapsed_change(difference)
    if elapsed:
        page.print(page.compose(elapsed))
    noticed = [each for each in difference.tasks if is_noticed(each)]
    if noticed:
        page.gap()
        _draw_tasks(page, noticed)
        page.gap()
        counts = [describe_change_count(difference)]
        if len(noticed) < len(difference.tasks):
            counts.append(f"{len(difference.tasks) - len(noticed)} matching not shown")
        page.print(*map(page.compose, counts))
    for name, report in (("BASE", difference.base), ("JOB", difference.job)):
        for sentence in report.contradictions:
            page.print(page.compose(("note: ", "magenta"), f"{name}: {sentence}"))
    return page.content()


def _draw_job(page: Page, name: str, report: Report, *, utc: bool) -> None:
    job = report.job
    title = page.compose(
        (f"{name} ", "dim"),
        (job.job_name or "(no name)", "bold"),
        " ",
        (describe_verdict(report), STAGE_STYLES[report.stage]),
    )
    facts = [job.job_id or "(no id)"]
    if report.started:
        facts.append(f"started {format_moment(report.started, utc=utc)}")
    dim = (page.compose((fact, "dim")) for fact in facts)
    page.print(title, *dim, margin=page.mark(report.stage))


def _draw_message(page: Page, name: str, report: TaskReport | None) -> None:
    message = describe_message(report)
    if message:
        # In a line: the report of the job has it as it is.
        words = page.shorten(" ".join(message.split("\n")), _LONGEST_MESSAGE)
        page.print(page.compose((f"{name} ", "dim"), words), margin=INDENT)


def _draw_tasks(page: Page, tasks: Sequence[TaskDifference]) -> None:
    """Draw a line a task; on a narrow terminal without the elapsed times, and then without more."""

    def status(report: TaskReport | None) -> Text:
        style = STAGE_STYLES[report.stage] if report else "dim"
        return page.compose((describe_status(report), style))

    def elapsed(report: TaskReport | None) -> Text:
        seconds = report.elapsed_seconds if report else None
        return page.compose("" if seconds is None else format_elapsed(seconds))

    rows = [[page.compose((heading, "dim")) for heading in _HEADINGS]]
    for each in tasks:
        task, change = each.either.task, each.elapsed_change
        rows.append(
            [
                page.compose("" if task.task_index is None else str(task.task_index)),
                page.compose(task.task_name or task.task_id or "(no name)"),
                status(each.base),
                elapsed(each.base),
                status(each.job),
                elapsed(each.job),
                page.compose("" if change is None else format_change(change)),
                page.compose(each.change or ""),
            ]
        )
    lines = _align(rows)
    for dropped in _DROPPED:
        if page.width is None or max(line.cell_len for line in lines) <= page.width:
            break
        kept = [place for place in range(len(_HEADINGS)) if place not in dropped]
        lines = _align([[row[place] for place in kept] for row in rows])
    for line in lines:
        page.print(line)


def _align(rows: Sequence[Sequence[Text]]) -> list[Text]:
    """Return the cells of each row in columns; numbers and times stand at the right edge."""
    widths = [max(cell.cell_len for cell in column) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        line = Text()
        for heading, cell, width in zip(rows[0], row, widths, strict=True):
            gap = _GAP if line else ""
            pad = " " * (width - cell.cell_len)
            parts = (pad, cell) if heading.plain in _RIGHT else (cell, pad)
            line = Text.assemble(line, gap, *parts)
        lines.append(line)
    return lines
