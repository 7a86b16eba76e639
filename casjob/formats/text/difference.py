"""The difference between two runs for people: what differs first, then the tasks that do."""

from collections.abc import Iterable, Sequence
from functools import partial
from itertools import groupby, takewhile
from typing import Literal

from casjob.formats.display import FULL, Display
from casjob.formats.text.page import Page
from casjob.formats.text.phrases import (
    describe_count,
    describe_verdict,
    format_elapsed,
    format_moment,
    join_pair,
)
from casjob.formats.text.report import draw_notes
from casjob.formats.text.table import Across, Field
from casjob.formats.text.words import INDENT, STAGE_STYLES, Words
from casjob.job.difference import Change, Difference, TaskDifference
from casjob.job.report import Report, TaskReport

_NOTICED = 1.0
"""Seconds of change in a task's elapsed time that are worth a line."""
_LEAST = 0.05
"""Seconds of change in a job's elapsed time that are not rounded to nothing."""
_LONGEST_MESSAGE = 1000
"""Characters of a message on a terminal; a pipe and JSON have all of it."""
_LEVELS = ((None, False), (4, False), (1, True))
"""Rows of a message, and whether all above the table is brief: the first that fits is chosen."""
_MIN_TABLE_ROWS = 5
"""Rows that are to be left for the table: its headings, a task, what is folded on either side."""
_MAX_SENTENCE_ROWS = 2


def list_difference_fields(names: tuple[str, str]) -> list[Field[TaskDifference]]:
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
        Field("STEP", None, "either.title", drop=1, preferred_width=32, overflow="end"),
        status(names[0], "base"),
        Field("", None, "base.elapsed_seconds", is_right=True, drop=1),
        status(names[1], "job"),
        Field("", None, "job.elapsed_seconds", is_right=True, drop=1),
        Field("CHANGE", None, change, is_right=True, drop=3),
        Field("DIFFERS", None, lambda each: describe_change(each, names), drop=2),
    ]
    return [field._replace(is_constant=field.heading != "STEP") for field in fields]


def difference(difference: Difference, display: Display) -> str:
    """Return what differs first, and the tasks that differ; folded to fit the screen."""
    page = Page(display, all_with=FULL)
    # The last row is the prompt's.
    max_rows = display.height and display.height - 1
    noticed = [each for each in difference.tasks if is_noticed(each)]
    end = page.blank()
    _draw_end(end, difference, len(noticed), max_rows)
    for max_message_rows, is_brief in _LEVELS:
        above = page.blank()
        _draw_above(above, difference, max_message_rows, utc=display.utc, is_brief=is_brief)
        room = None if max_rows is None else max_rows - above.height - end.height - 2
        if room is None or room >= min(len(noticed) + 1, _MIN_TABLE_ROWS):
            break
    page.add(above)
    if noticed:
        page.gap()
        page.add(page.fit(len(noticed), room, partial(_draw_table, difference, noticed)))
    if end.rows:
        page.gap()
    page.add(end)
    return page.content()


def _draw_above(
    page: Page, difference: Difference, max_message_rows: int | None, *, utc: bool, is_brief: bool
) -> None:
    width = max(map(len, difference.names))
    names = tuple(name.ljust(width) for name in difference.names)
    for name, (_, report) in zip(names, difference.sides, strict=True):
        _draw_job(page, name, report, utc=utc, is_brief=is_brief)
    page.gap()
    max_rows = _MAX_SENTENCE_ROWS if is_brief else None
    page.print((describe_difference(difference), "bold"), max_rows=max_rows)
    if difference.first:
        _draw_messages(page, names, difference.first, max_message_rows)
    times = page.blank()
    for sentence in describe_times(difference):
        times.print(sentence)
    if is_brief and times.height > 1:
        page.count_left_out(f"{times.height} more lines")
    else:
        page.add(times)


def _draw_table(
    difference: Difference, noticed: Sequence[TaskDifference], page: Page, max_tasks: int
) -> None:
    """Draw the tasks, or the most important of them, in their order."""

    def rank(each: TaskDifference) -> tuple[bool, bool, bool]:
        has_failed = any(side and side.has_failed for side in (each.base, each.job))
        return each is not difference.first, each.change is None, not has_failed

    kept = {id(each) for each in sorted(noticed, key=rank)[:max_tasks]}
    rows: list[TaskDifference | Across] = []
    for is_kept, group in groupby(noticed, key=lambda each: id(each) in kept):
        tasks = [*group]
        # In place of a single one, a gap would take as much room.
        is_shown = is_kept or len(tasks) == 1
        rows += tasks if is_shown else [_count(page, difference, tasks)]
    page.add_table(list_difference_fields(difference.names), rows)
    hidden = len(noticed) - sum(not isinstance(row, Across) for row in rows)
    if hidden:
        page.print(f"{describe_count(hidden, 'task')} folded{page.remedy}")


def _count(page: Page, difference: Difference, tasks: Sequence[TaskDifference]) -> Across:
    """Return what stands for some tasks; it says what they have in common."""
    changes = {each.change for each in tasks}
    alike = {
        Change.STATUS: "all of another status",
        Change.MESSAGE: "all with another message",
        None: "all slower or faster",
    }.get(tasks[0].change, f"all {describe_change(tasks[0], difference.names)}")
    text = f"… {describe_count(len(tasks), 'task')}{f', {alike}' if len(changes) == 1 else ''}"
    return Across((page.signs(text), "dim"))


def _draw_end(page: Page, difference: Difference, noticed: int, max_rows: int | None) -> None:
    if noticed:
        more = len(difference.tasks) - noticed
        matching = "matching " if difference.has_all else ""
        counts = (
            describe_change_count(difference),
            f"{more} {matching}not shown" if more else None,
        )
        page.print(*filter(None, counts))
    draw_notes(page, difference.contradictions, max_rows)


def _draw_job(page: Page, name: str, report: Report, *, utc: bool, is_brief: bool) -> None:
    job = report.job
    verdict = (describe_verdict(report), STAGE_STYLES[report.stage])
    title: Words = [(f"{name} ", "dim"), (job.job_name or "(no name)", "bold"), " ", verdict]
    facts = [job.job_id or "(no id)"]
    if is_brief:
        title = [(f"{name} ", "dim"), verdict]
    elif report.started:
        facts.append(f"started {format_moment(report.started, utc=utc)}")
    page.print(title, *((fact, "dim") for fact in facts), margin=page.mark(report.stage))


def _draw_messages(
    page: Page, names: Iterable[str], task: TaskDifference, max_rows: int | None
) -> None:
    texts = task.differing_part if task.change is Change.MESSAGE else None
    # In a line: the report of the job has it as it is.
    base, job = (
        " ".join(each.split("\n"))
        for each in texts or (_describe_message(task.base), _describe_message(task.job))
    )
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(base, job, strict=False)))
    # What differs must not be what is left out.
    start = 0 if page.is_whole else max(same - _LONGEST_MESSAGE // 2, 0)
    for name, text in zip(names, (base, job), strict=True):
        words = f"{page.signs('…')}{text[start:]}" if start else text
        if words:
            shown = page.shorten(words, _LONGEST_MESSAGE)
            page.print([(f"{name} ", "dim"), shown], margin=INDENT, max_rows=max_rows)


def _describe_message(report: TaskReport | None) -> str:
    message = report.message if report else None
    return join_pair(message.code, message.detail) if message else ""


# Sentences, the same in every format that people read


def describe_difference(difference: Difference) -> str:
    """Return what differs first, in a sentence."""
    first, (base, job) = difference.first, difference.names
    if first:
        was, now = (_describe_side(each, first) for each in (first.base, first.job))
        return f"{first.name} is the first to differ: {was} in {base}, {now} in {job}"
    if not difference.has_same_status:
        was, now = (
            report.job.execution_status or "(no status)"
            for report in (difference.base, difference.job)
        )
        jobs = f"the jobs differ: {was} in {base}, {now} in {job}"
        if difference.has_all:
            return f"the tasks match, but {jobs}"
        is_any_in_both = any(each.base and each.job for each in difference.tasks)
        return f"the tasks that are known match, but {jobs}" if is_any_in_both else jobs
    if difference.is_alike is None:
        lacking = [
            _describe_lack(name, report) for name, report in difference.sides if not report.has_all
        ]
        return f"can't tell whether the jobs match: {' and '.join(lacking)}"
    return f"the jobs match: {describe_count(len(difference.tasks), 'task')}, none differs"


def _describe_side(report: TaskReport | None, difference: TaskDifference) -> str:
    status = describe_status(report)
    if difference.change is not Change.MESSAGE:
        return status
    message = difference.messages[report is difference.job]
    if message is None:
        return f"{status} without a message"
    return f"{status} with {message.code or 'another message'}"


def _describe_lack(name: str, report: Report) -> str:
    count = report.detail.task_count
    of = f"{len(report.tasks)} of {count}" if count else "not all" if report.tasks else "no"
    return f"{of} tasks of {name} are known"


def describe_times(difference: Difference) -> list[str]:
    """Return which job stopped where, and which took longer, because of which task."""
    sentences = []
    names, stop, change = difference.names, difference.stop, difference.elapsed_change
    if stop:
        own, other = reversed(names) if stop.is_job else names
        report = difference.job if stop.is_job else difference.base
        verb = "stopped" if report.stage.has_ended else "is"
        where = f"{verb} at {stop.last.name}" if stop.last else f"{verb} before its first step"
        steps = describe_count(stop.more, "more step")
        sentences.append(f"{own} {where}; {other} ran {steps}")
    if change is not None and abs(change) >= _LEAST:
        where = "" if difference.have_both_succeeded else "in the steps that both ran, "
        more = "longer" if change > 0 else "less"
        sentence = f"{where}{names[1]} took {format_elapsed(abs(change))} {more}"
        main = difference.main_cause
        if main and main.base and main.job:
            was, now = (
                format_elapsed(each.elapsed_seconds or 0.0) for each in (main.base, main.job)
            )
            sentence += f", mostly because of {main.name}: {was} in {names[0]}, {now} in {names[1]}"
        sentences.append(sentence)
    return sentences


def describe_status(report: TaskReport | None) -> str:
    """Return a task's status; of a task that is not there, that it was not reported."""
    return (report.task.task_status or "(no status)") if report else "not reported"


def describe_change(task: TaskDifference, names: tuple[str, str]) -> str:
    """Return `status`, `message` or `only in BASE`; empty if nothing differs."""
    match task.change:
        case Change.REMOVED:
            return f"only in {names[0]}"
        case Change.ADDED:
            return f"only in {names[1]}"
    return task.change or ""


def format_change(seconds: float) -> str:
    """Return `+1.6s`, `-39.6s` or `0.0s`."""
    sign = "" if abs(seconds) < _LEAST else "-" if seconds < 0 else "+"
    return f"{sign}{format_elapsed(abs(seconds))}"


def is_noticed(task: TaskDifference) -> bool:
    """Return whether a task is worth a line: it differs, or took noticeably longer or shorter."""
    return task.change is not None or abs(task.elapsed_change or 0.0) >= _NOTICED


def describe_change_count(difference: Difference) -> str:
    """Return `2 of 7 tasks differ`."""
    count = sum(each.change is not None for each in difference.tasks)
    return f"{count} of {len(difference.tasks)} tasks {'differs' if count == 1 else 'differ'}"
