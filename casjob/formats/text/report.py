"""The report for people: verdict, failures and tasks, on a terminal or plain in a pipe."""

from collections.abc import Callable, Sequence

from casjob.formats.display import Display, Ending
from casjob.formats.text.messages import draw_message
from casjob.formats.text.page import INDENT, STAGE_STYLES, Page
from casjob.formats.text.phrases import (
    describe_completeness,
    describe_count,
    describe_ending,
    describe_progress,
    describe_tally,
    describe_task,
    describe_verdict,
    format_moment,
)
from casjob.formats.text.styled import Text
from casjob.formats.text.tasks import draw_tasks
from casjob.job.report import Report, TaskReport, name_task
from casjob.job.statuses import Outcome, Stage

_LEAST_FAILURES = 3
"""Rows for failures at any rate: a heading, the message's first line, what was left out."""
_LEAST_TABLE = 0.4
"""Part of the screen that the table may have before messages are folded for it."""
_MOST_NOTES = 0.2
"""Part of the screen that notes may have."""
_MOST_HEADING = 4
"""Rows of a heading where the screen has an end: a name may be of any length."""


def open_page(display: Display, *, all_with: str | None = None) -> Page:
    """Return an empty page; for `all_with` see there."""
    return Page(
        width=display.width,
        encoding=display.encoding,
        is_colored=display.is_colored,
        is_whole=display.full,
        all_with=all_with,
    )


def render_report(
    report: Report, display: Display, *, tasks_only: bool = False, next_command: str | None = None
) -> str:
    """Return a report: laid out for the terminal's size, or whole where there is none."""
    return draw_page(report, display, tasks_only=tasks_only, next_command=next_command).content()


def draw_page(
    report: Report, display: Display, *, tasks_only: bool = False, next_command: str | None = None
) -> Page:
    """Return a page with a report: laid out for the terminal's size, or whole."""
    if tasks_only:
        page = open_page(display, all_with="--json")
        _draw_tasks_alone(page, report, utc=display.utc)
        return page

    def draw_end(page: Page, hidden: int) -> None:
        counts = [describe_progress(report), describe_completeness(report)]
        facts = [page.compose(fact) for fact in counts if fact]
        if hidden:
            facts.append(page.compose(f"{describe_count(hidden)} folded{page.remedy}"))
        page.print(*facts)
        draw_notes(page, report, most)
        if next_command:
            line = page.compose(("next: ", "dim"), next_command)
            # It is to be copied, which a wrapped line can't be.
            if page.width is None or line.cell_len <= page.width:
                page.add([line])

    page = open_page(display, all_with="--full")
    # The last row is the prompt's.
    most = display.height and display.height - 1
    draw_report(page, report, draw_end, utc=display.utc, most=most)
    return page


def render_endings(endings: Sequence[Ending], display: Display) -> str:
    """Return how jobs ended: a line for each that succeeded, the others' reports, and a tally."""
    reports = [
        render_report(ending.report, display, next_command=ending.next_command)
        for ending in endings
        if ending.report and (len(endings) == 1 or ending.report.outcome is not Outcome.SUCCEEDED)
    ]
    if len(endings) == 1:
        return "".join(reports)
    lines, tally = open_page(display), open_page(display)
    for job_id, report, *_ in endings:
        if report is None:
            lines.print(lines.compose(f"{job_id}: nothing is known about it"))
        elif report.outcome is Outcome.SUCCEEDED:
            mark = lines.mark(report.stage)
            lines.print(lines.compose(describe_ending(job_id, report)), margin=mark)
    outcomes = [report.outcome if report else Outcome.UNKNOWN for _, report, *_ in endings]
    tally.print(tally.compose(describe_tally(outcomes)))
    return "\n".join(filter(None, [lines.content(), *reports, tally.content()]))


def draw_report(
    page: Page,
    report: Report,
    draw_end: Callable[[Page, int], None],
    *,
    utc: bool,
    most: int | None = None,
) -> int:
    """Draw a report: verdict, failures, tasks, and what `draw_end` draws.

    Args:
        page: where to draw.
        report: the job.
        draw_end: draws the end on a page; it gets how many tasks have no row of their own.
        utc: times in UTC, not in the local zone.
        most: rows to fit the report into, as far as folding can; None for any number.

    Returns:
        How many tasks have no row of their own.
    """
    for expected in (0, len(report.shown)):
        drawn, end = page.blank(), page.blank()
        # How long the end is depends on whether anything is folded.
        draw_end(end, expected)
        left = None if most is None else most - end.rows - 1
        hidden = _draw_above(drawn, report, utc=utc, most=left)
        if left is None or (drawn.rows <= left and hidden <= expected):
            break
    drawn.gap()
    draw_end(drawn, hidden)
    page.add(drawn.lines)
    return hidden


def _draw_above(page: Page, report: Report, *, utc: bool, most: int | None) -> int:
    """Draw all but the end, and return how many tasks have no row of their own."""
    _draw_verdict(page, report, utc=utc)
    left = None
    if most is not None:
        table = min(len(report.shown) + 1, round(most * _LEAST_TABLE)) + 1 if report.shown else 0
        left = max(most - page.rows - 1 - table, _LEAST_FAILURES)
    _draw_failures(page, report, left)
    if not report.shown:
        return 0
    page.gap()
    left = None if most is None else most - page.rows
    return draw_tasks(page, report, utc=utc, most=left)


def _draw_tasks_alone(page: Page, report: Report, *, utc: bool) -> None:
    if report.shown:
        draw_tasks(page, report, utc=utc, is_alone=True)
    completeness = describe_completeness(report)
    if completeness or not report.shown:
        page.gap()
        page.print(page.compose(completeness or describe_progress(report)))
    draw_notes(page, report)


def _draw_verdict(page: Page, report: Report, *, utc: bool) -> None:
    job = report.job
    verdict = describe_verdict(report)
    name = page.compose((job.job_name or job.job_id or "(no name)", "bold"))
    if not page.is_whole:
        name = page.squeeze(name, _MOST_HEADING * (page.width or 0) - len(verdict))
    title = Text.assemble(name, " ", page.compose((verdict, STAGE_STYLES[report.stage])))
    kind = [page.compose(job.job_type)] if job.job_type else []
    page.print(title, *kind, margin=page.mark(report.stage))
    facts = [f"job {job.job_id or '(no id)'}"]
    if page.width is not None and len(INDENT) + len(facts[0]) > page.width:
        # An id is to be copied, which it can't be where it is wrapped.
        page.add_whole(page.compose((job.job_id or "", "dim")), INDENT)
        facts = []
    if report.started:
        facts.append(f"started {format_moment(report.started, utc=utc)}")
    if job.rollback_enabled is not None:
        facts.append(f"rollback {'enabled' if job.rollback_enabled else 'disabled'}")
    page.print(*(page.compose((fact, "dim")) for fact in facts), margin=INDENT)


def _draw_failures(page: Page, report: Report, most: int | None) -> None:
    """Draw the cause, then its followers, then all other tasks that have a message or run.

    Args:
        page: where to draw.
        report: the job.
        most: the most rows; None for any number.
    """
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
            reason = "for the same reason" if first is last else f"as {name_task(first.task)} did"
            drawn.add(_compose_heading(page, each, "also ", f", {reason}"))
        else:
            drawn.gap()
            _draw_task(drawn, each, "also " if last and each.has_failed else "", most)
            last = each
        if each.message:
            told.setdefault(each.message, each)
        if most is not None and drawn.rows > most:
            drawn = page.blank()
            _draw_briefly(drawn, tasks, most)
            break
    if tasks:
        page.gap()
        page.add(drawn.lines)


def _draw_briefly(page: Page, tasks: Sequence[TaskReport], most: int) -> None:
    """Draw the first task with its message, and the others in a line each, as far as they go."""
    first, *others = tasks
    _draw_task(page, first, "", most - min(len(others), 2))
    room = most - page.rows
    listed = others if len(others) <= room else others[: max(room - 1, 0)]
    for each in listed:
        heading, *_ = _compose_heading(page, each, "also " if each.has_failed else "", most=1)
        page.add([heading])
    more = len(others) - len(listed)
    if more:
        page.count_left_out(f"{more} more task{'' if more == 1 else 's'}")


def _compose_heading(
    page: Page, each: TaskReport, relation: str = "", reason: str = "", most: int = _MOST_HEADING
) -> list[Text]:
    margin = page.mark(each.stage)
    heading = page.compose((f"{relation}{describe_task(each)}{reason}", "bold"))
    if not page.is_whole:
        heading = page.squeeze(heading, most * ((page.width or 0) - margin.cell_len))
    return page.wrap(heading, margin)


def _draw_task(page: Page, each: TaskReport, relation: str, most: int | None) -> None:
    heading = _compose_heading(page, each, relation)
    page.add(heading)
    if each.message:
        draw_message(page, each.message, each.means, most and most - len(heading))
    elif each.has_failed:
        page.print(page.compose(("No reason given.", "dim")), margin=INDENT)


def draw_notes(page: Page, report: Report, most: int | None = None) -> None:
    """Draw what does not add up.

    Args:
        page: where to draw.
        report: the job.
        most: the rows of the screen, of which notes get a part; None for any number.
    """
    rows = [
        row
        for sentence in report.contradictions
        for row in page.wrap(page.compose(("note: ", "magenta"), sentence))
    ]
    room = len(rows) if most is None else max(round(most * _MOST_NOTES), 2)
    if len(rows) <= room:
        page.add(rows)
    else:
        more = len(rows) - room + 1
        page.add(rows[: room - 1])
        page.count_left_out(f"{more} more lines of notes")
