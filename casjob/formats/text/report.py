"""The report for people: verdict, failures and tasks, on a terminal or plain in a pipe."""

import math
from collections.abc import Callable, Sequence

from casjob.formats.display import FULL, Display
from casjob.formats.text.messages import draw_message
from casjob.formats.text.page import Page
from casjob.formats.text.phrases import (
    describe_completeness,
    describe_count,
    describe_place,
    describe_progress,
    describe_state,
    describe_verdict,
    format_moment,
)
from casjob.formats.text.tasks import draw_tasks
from casjob.formats.text.words import INDENT, STAGE_STYLES, Words, as_line, measure
from casjob.job.report import Report, TaskReport
from casjob.job.statuses import Stage

_MIN_FAILURE_ROWS = 3
"""Rows for failures at any rate: a heading, the message's first line, what was left out."""
_FAIR_FAILURE_ROWS = 7
"""Rows that failures may take before the verdict is shortened for them."""
_TABLE_SHARE = 0.4
"""Part of the screen that the table may have before messages are folded for it."""
_MIN_TABLE_ROWS = 2
"""The fewest rows of a table: its headings, and a task."""
_NOTES_SHARE = 0.2
"""Part of the screen that notes may have."""
_MAX_PLACE_ROWS = 3
"""Rows for where the job is, if the report has to fit the screen."""
_MAX_HEADING_ROWS = 4
"""Rows of a heading: a name may be of any length."""


def report(
    report: Report, display: Display, *, tasks_only: bool = False, next_command: str | None = None
) -> str:
    """Return the verdict, why the job failed, and the table of tasks; or the table alone."""
    return draw_page(report, display, tasks_only=tasks_only, next_command=next_command).content()


def draw_page(
    report: Report,
    display: Display,
    *,
    tasks_only: bool = False,
    next_command: str | None = None,
    all_with: str = FULL,
    max_rows: int | None = None,
) -> Page:
    """Return a page with a report: laid out for the terminal's size, or for so many rows, or whole.

    With --full, the next command only helps where something is folded.
    """
    page = Page(display, all_with="--json" if tasks_only else all_with)
    if tasks_only:
        _draw_tasks_alone(page, report, utc=display.utc)
        return page
    is_screen = max_rows is None
    # The last row is the prompt's.
    max_rows = max_rows or (display.height and display.height - 1)

    def draw_end(page: Page, hidden: int) -> None:
        command = next_command or ""
        shows_all = FULL in command.split()
        if not has_room(page, command) or (shows_all and not hidden):
            command = ""
        remedy = "" if command and shows_all else page.remedy
        folded = f"{describe_count(hidden, 'task')} folded{remedy}" if hidden else None
        counts = (describe_progress(report), describe_completeness(report), folded)
        page.print(*filter(None, counts))
        draw_notes(page, report.contradictions, max_rows)
        if command:
            print_next(page, command)

    draw_report(page, report, draw_end, utc=display.utc, max_rows=max_rows, may_be_brief=is_screen)
    return page


def has_room(page: Page, command: str) -> bool:
    """Return whether a command to run next is not wrapped, so that it can be copied."""
    return measure(f"next: {command}") <= (page.width or math.inf)


def print_next(page: Page, command: str) -> None:
    """Print the command to run next."""
    page.print([("next: ", "dim"), command])


def draw_report(
    page: Page,
    report: Report,
    draw_end: Callable[[Page, int], None],
    *,
    utc: bool,
    max_rows: int | None = None,
    may_be_brief: bool = False,
) -> int:
    """Draw a report in so many rows, as far as folding can: verdict, failures, tasks, and its end.

    Args:
        page: where to draw.
        report: the job.
        draw_end: draws the end on a page; it gets how many tasks have no row of their own.
        utc: times in UTC, not in the local zone.
        max_rows: None for any number.
        may_be_brief: whether to leave out more than tasks where it would be too high.

    Returns:
        How many tasks have no row of their own.
    """
    shown = len(report.shown)
    for expected, is_brief in ((0, False), (shown, False), (shown, True))[: 2 + may_be_brief]:
        drawn, end = page.blank(), page.blank()
        # How long the end is depends on whether anything is folded.
        draw_end(end, expected)
        left = None if max_rows is None else max_rows - end.height - 1
        hidden = _draw_above(drawn, report, utc=utc, max_rows=left, is_brief=is_brief)
        if left is None or (drawn.height <= left and hidden <= expected):
            break
    drawn.gap()
    draw_end(drawn, hidden)
    page.add(drawn)
    return hidden


def _draw_above(
    page: Page, report: Report, *, utc: bool, max_rows: int | None, is_brief: bool
) -> int:
    """Draw all but the end, and return how many tasks have no row of their own.

    Brief, it does not say where and when the job ran, and has no table where no row is left.
    """
    _draw_verdict(page, report, utc=utc, is_bounded=max_rows is not None, is_brief=is_brief)
    left = None
    if max_rows is not None:
        share = round(max_rows * _TABLE_SHARE)
        table = 0 if is_brief or not report.shown else min(len(report.shown) + 1, share) + 1
        least = _MIN_FAILURE_ROWS if is_brief else _FAIR_FAILURE_ROWS
        left = max(max_rows - page.height - 1 - table, least)
    _draw_failures(page, report, left)
    left = max_rows and max_rows - page.height - 1
    if not report.shown or (is_brief and (left or 0) < _MIN_TABLE_ROWS):
        return len(report.shown)
    page.gap()
    return draw_tasks(page, report, utc=utc, max_rows=left)


def _draw_tasks_alone(page: Page, report: Report, *, utc: bool) -> None:
    if report.shown:
        draw_tasks(page, report, utc=utc, is_alone=True)
    facts = [describe_completeness(report)]
    if not report.shown:
        facts = [facts[0] or describe_progress(report)]
    elif all(each.is_separator for each in report.shown):
        # A table of nothing but headings looks like a mistake.
        facts.append("no steps among them")
    if any(facts):
        page.gap()
        page.print(*filter(None, facts))
    draw_notes(page, report.contradictions)


def _draw_verdict(
    page: Page, report: Report, *, utc: bool, is_bounded: bool, is_brief: bool
) -> None:
    job = report.job
    verdict = describe_verdict(report)
    name = job.job_name or job.job_id or "(no name)"
    if page.width:
        max_rows = 2 if is_brief else _MAX_HEADING_ROWS
        name = page.ellipsize_middle(name, max_rows * page.width - len(verdict))
    title: Words = [(name, "bold"), " ", (verdict, STAGE_STYLES[report.stage])]
    kind = [job.job_type] if job.job_type and not is_brief else []
    page.print(title, *kind, margin=page.mark(report.stage))
    # Version 3 of the API sends no name: then the id is in the title.
    is_named = job.job_name or not job.job_id
    facts = [f"job {job.job_id or '(no id)'}"] if is_named else []
    if facts and page.width and len(INDENT) + measure(facts[0]) > page.width:
        facts = [job.job_id or ""]
    if report.started and not is_brief:
        facts.append(f"started {format_moment(report.started, utc=utc)}")
    if job.rollback_enabled is not None and not is_brief:
        facts.append(f"rollback {'enabled' if job.rollback_enabled else 'disabled'}")
    _print_dim(page, facts)
    drawn, places = page.blank(), [] if is_brief else describe_place(report)
    _print_dim(drawn, places)
    while is_bounded and drawn.height > _MAX_PLACE_ROWS:
        # The instance first: a user knows the least of it.
        drawn = page.blank()
        places.pop()
        _print_dim(drawn, places)
    page.add(drawn)


def _print_dim(page: Page, facts: Sequence[str]) -> None:
    if facts:
        page.print(*((fact, "dim") for fact in facts), margin=INDENT)


def _draw_failures(page: Page, report: Report, max_rows: int | None) -> None:
    """Draw the cause, then its followers, then all other tasks that have a message or run."""
    others = (
        each
        for each in report.tasks
        if not each.has_failed
        and (each.message or (each.stage is Stage.UNDER_WAY and not each.is_separator))
    )
    tasks = [*report.failed, *others]
    drawn = page.blank()
    told: dict[object, TaskReport] = {}
    last: TaskReport | None = None
    for each in tasks:
        first = told.get(each.message) if each.message and each.has_failed else None
        if first:
            # Of sixty tasks that fail alike, one has the message.
            reason = "for the same reason" if first is last else f"as {first.task.label} did"
            drawn.add(draw_heading(drawn, each, "also ", f", {reason}"))
        else:
            # Tasks that only run are a line each.
            if any(task.message or task.has_failed for task in (each, last or each)):
                drawn.gap()
            _draw_task(drawn, each, "also " if last and each.has_failed else "", max_rows)
            last = each
        if each.message:
            told.setdefault(each.message, each)
        if max_rows is not None and drawn.height > max_rows:
            drawn = page.blank()
            draw_briefly(drawn, tasks, max_rows)
            break
    if tasks:
        page.gap()
        page.add(drawn)


def draw_briefly(page: Page, tasks: Sequence[TaskReport], max_rows: int) -> None:
    """Draw the first task with its message, and the others in a line each, as far as they go.

    With the fewest rows for failures, that may take one more.
    """
    first, *others = tasks
    left = max_rows - bool(others)
    _draw_task(page, first, "", left, max_heading=_MIN_FAILURE_ROWS - 1)
    for index, each in enumerate(others):
        heading = draw_heading(page, each, "also " if each.has_failed else "", max_rows=1)
        more = len(others) - index
        if heading.height > 1 or page.height + (more > 1) >= max_rows:
            page.count_left_out(describe_count(more, "more task"))
            break
        page.add(heading)


def draw_heading(
    page: Page,
    task: TaskReport,
    relation: str = "",
    reason: str = "",
    *,
    margin: str = "",
    max_rows: int = _MAX_HEADING_ROWS,
) -> Page:
    """Return a page with what a task is and how it stands; to fit, its name may be shortened.

    Statuses and ids are not: they may take a row more.
    """
    label, name = task.task.label, task.task.task_name
    state, brief = describe_state(task), describe_state(task, is_brief=True)
    short = label
    # Ids stand in for names, and stay whole.
    if name and page.width:
        number = label.removesuffix(name)
        others = f"{margin}✗ {relation}{number}: {brief}{reason}"
        room = max(max_rows - 1, 1) * page.width - measure(others)
        short = f"{number}{page.ellipsize_middle(name, room)}"
    tried = ((task.name, state), (label, state), (label, brief), (short, brief))
    for what, how in tried:
        drawn = page.blank()
        drawn.print(
            (f"{relation}{what}: {how}{reason}", "bold"),
            margin=[margin, *as_line(page.mark(task.stage))],
            max_rows=None if page.is_whole else max_rows + 1,
        )
        if page.is_whole or drawn.height <= max_rows:
            break
    return drawn


def _draw_task(
    page: Page,
    task: TaskReport,
    relation: str,
    max_rows: int | None,
    max_heading: int = _MAX_HEADING_ROWS,
) -> None:
    above = page.height
    page.add(draw_heading(page, task, relation, max_rows=max_heading))
    if task.message:
        left = max_rows and max_rows - (page.height - above)
        draw_message(page, task.message, task.means, left)
    elif task.has_failed:
        page.print(("No reason given.", "dim"), margin=INDENT)


def draw_notes(page: Page, sentences: Sequence[str], max_rows: int | None = None) -> None:
    """Draw what does not add up, in a part of so many rows of the screen."""
    notes = page.blank()
    for sentence in sentences:
        notes.note(sentence)
    room = notes.height if max_rows is None else max(round(max_rows * _NOTES_SHARE), 2)
    more = notes.height - room
    page.add(notes, None if more <= 0 else room - 1)
    if more > 0:
        page.count_left_out(f"{more + 1} more lines of notes")
