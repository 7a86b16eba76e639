"""The difference between two runs for people: what differs first, then the tasks that do."""

from typing import Literal

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
from casjob.formats.text.page import Page
from casjob.formats.text.phrases import describe_verdict, format_moment
from casjob.formats.text.table import Field
from casjob.formats.text.words import INDENT, STAGE_STYLES, Words
from casjob.job.difference import Difference, TaskDifference
from casjob.job.report import Report, TaskReport

_LONGEST_MESSAGE = 1000
"""Characters of a message on a terminal; a pipe and JSON have all of it."""


def list_difference_fields() -> list[Field[TaskDifference]]:
    """Return the fields of tasks that differ; all of them are for people."""

    def status(heading: str, side: Literal["base", "job"]) -> Field[TaskDifference]:
        def read(each: TaskDifference) -> TaskReport | None:
            return each.base if side == "base" else each.job

        def style(each: TaskDifference) -> str:
            report = read(each)
            return STAGE_STYLES[report.stage] if report else "dim"

        return Field(heading, None, lambda each: describe_status(read(each)), style=style)

    def change(each: TaskDifference) -> str | None:
        return None if each.elapsed_change is None else format_change(each.elapsed_change)

    def name(each: TaskDifference) -> str:
        return each.either.task.task_name or each.either.task.task_id or "(no name)"

    fields: list[Field[TaskDifference]] = [
        Field("#", None, "either.task.task_index", is_right=True, drop=4),
        Field("TASK", None, name, narrow=5, overflow="middle"),
        status("BASE", "base"),
        Field("", None, "base.elapsed_seconds", is_right=True, drop=1),
        status("JOB", "job"),
        Field("", None, "job.elapsed_seconds", is_right=True, drop=1),
        Field("CHANGE", None, change, is_right=True, drop=3),
        Field("DIFFERS", None, "change", drop=2),
    ]
    return [field._replace(is_constant=True) for field in fields]


def difference(difference: Difference, display: Display) -> str:
    """Return what differs first, and the tasks that differ."""
    page = Page(display, all_with="--json")
    _draw_job(page, "BASE", difference.base, utc=display.utc)
    _draw_job(page, "JOB ", difference.job, utc=display.utc)
    page.gap()
    page.print((describe_difference(difference), "bold"))
    if difference.first:
        _draw_message(page, "BASE", difference.first.base)
        _draw_message(page, "JOB ", difference.first.job)
    elapsed = describe_elapsed_change(difference)
    if elapsed:
        page.print(elapsed)
    noticed = [each for each in difference.tasks if is_noticed(each)]
    if noticed:
        page.gap()
        page.add_table(list_difference_fields(), noticed)
        page.gap()
        more = len(difference.tasks) - len(noticed)
        counts = (describe_change_count(difference), f"{more} matching not shown" if more else None)
        page.print(*filter(None, counts))
    for name, report in (("BASE", difference.base), ("JOB", difference.job)):
        for sentence in report.contradictions:
            page.print([("note: ", "magenta"), f"{name}: {sentence}"])
    return page.content()


def _draw_job(page: Page, name: str, report: Report, *, utc: bool) -> None:
    job = report.job
    verdict = (describe_verdict(report), STAGE_STYLES[report.stage])
    title: Words = [(f"{name} ", "dim"), (job.job_name or "(no name)", "bold"), " ", verdict]
    facts = [job.job_id or "(no id)"]
    if report.started:
        facts.append(f"started {format_moment(report.started, utc=utc)}")
    page.print(title, *((fact, "dim") for fact in facts), margin=page.mark(report.stage))


def _draw_message(page: Page, name: str, report: TaskReport | None) -> None:
    message = describe_message(report)
    if message:
        # In a line: the report of the job has it as it is.
        words = page.shorten(" ".join(message.split("\n")), _LONGEST_MESSAGE)
        page.print([(f"{name} ", "dim"), words], margin=INDENT)
