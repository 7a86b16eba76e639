"""The report for people: verdict, failures and tasks, on a terminal or plain in a pipe."""

from collections.abc import Iterator

from rich.text import Text

from casjob.formats.display import Display
from casjob.formats.text.page import INDENT, STAGE_STYLES, Page
from casjob.formats.text.phrases import (
    describe_completeness,
    describe_progress,
    describe_task,
    describe_verdict,
    format_moment,
)
from casjob.formats.text.tasks import draw_tasks
from casjob.job.failures import Failure
from casjob.job.report import Report, TaskReport
from casjob.job.statuses import Stage

_LONGEST_MESSAGE = 4000
"""Characters of a message above the table on a terminal; a pipe and JSON have all of it."""
_MOST_RELATED = 20
"""Lines on a terminal about what else a message says; a pipe and JSON have all of it."""


def render_report(
    report: Report, display: Display, *, tasks_only: bool = False, next_command: str | None = None
) -> str:
    """Return a report: laid out for the terminal's width, or uncut where there is none."""
    page = Page(width=display.width, encoding=display.encoding, is_colored=display.is_colored)
    if tasks_only:
        _draw_tasks_alone(page, report, utc=display.utc)
    else:
        draw_report(page, report, utc=display.utc)
    if next_command and not tasks_only:
        # Not wrapped, so that it can be copied.
        page.print(page.compose(("next: ", "dim"), next_command), wraps=False)
    return page.content()


def draw_report(page: Page, report: Report, *, utc: bool) -> None:
    """Draw a report: verdict, failures, tasks, and how many of them there are."""
    _draw_verdict(page, report, utc=utc)
    _draw_failures(page, report)
    if report.shown:
        page.gap()
        draw_tasks(page, report, utc=utc, is_alone=False)
    page.gap()
    counts = (describe_progress(report), describe_completeness(report))
    page.print(*map(page.compose, counts))
    _draw_contradictions(page, report)


def _draw_tasks_alone(page: Page, report: Report, *, utc: bool) -> None:
    if report.shown:
        draw_tasks(page, report, utc=utc, is_alone=True)
    if not report.shown or not report.shows_everything:
        page.gap()
        page.print(page.compose(describe_completeness(report)))
    _draw_contradictions(page, report)


def _draw_verdict(page: Page, report: Report, *, utc: bool) -> None:
    job = report.job
    title = page.compose(
        (job.job_name or job.job_id or "(no name)", "bold"),
        " ",
        (describe_verdict(report), STAGE_STYLES[report.stage]),
    )
    kind = [page.compose(job.job_type)] if job.job_type else []
    page.print(title, *kind, margin=page.mark(report.stage))
    facts = [f"job {job.job_id or '(no id)'}"]
    if report.started:
        facts.append(f"started {format_moment(report.started, utc=utc)}")
    if job.rollback_enabled is not None:
        facts.append(f"rollback {'enabled' if job.rollback_enabled else 'disabled'}")
    page.print(*(page.compose((fact, "dim")) for fact in facts), margin=INDENT)


def _draw_failures(page: Page, report: Report) -> None:
    """Draw the cause, then its followers, then all other tasks that have a message or run."""
    drawn: set[Failure | None] = set()
    for number, each in enumerate(report.failed):
        if each.message in drawn:
            # Of sixty tasks that fail alike, one has the message.
            heading = f"also {describe_task(each)}, for the same reason"
            page.print(page.compose((heading, "bold")), margin=page.mark(each.stage))
            continue
        drawn.add(each.message)
        _draw_task(page, each, "also " if number else "")
    for each in report.tasks:
        is_running = each.stage is Stage.UNDER_WAY and not each.is_separator
        if not each.has_failed and (each.message or is_running):
            _draw_task(page, each)


def _draw_task(page: Page, each: TaskReport, relation: str = "") -> None:
    page.gap()
    heading = page.compose((f"{relation}{describe_task(each)}", "bold"))
    page.print(heading, margin=page.mark(each.stage))
    if each.message:
        _draw_message(page, each.message)
    elif each.has_failed:
        page.print(page.compose(("It gives no reason.", "dim")), margin=INDENT)


def _draw_message(page: Page, message: Failure) -> None:
    code = page.compose((message.code, "bold red"), "  ") if message.code else Text()
    detail = page.shorten(message.detail or "", _LONGEST_MESSAGE)
    # Stack traces come in lines, and those are indented with tabs.
    lines = detail.replace("\r\n", "\n").replace("\t", "    ").rstrip("\n").split("\n")
    page.print(Text.assemble(code, page.compose(lines[0])), margin=INDENT)
    gutter = page.compose("  ", (f"{page.signs.gutter} ", "dim"))
    for line in lines[1:]:
        page.print(page.compose(line), margin=gutter)
    related = list(_find_related(message))
    most = len(related) if page.width is None else _MOST_RELATED
    for relation, text in related[:most]:
        short = page.shorten(text, _LONGEST_MESSAGE)
        page.print(page.compose((f"{relation}  ", "dim"), short), margin=INDENT)
    if related[most:]:
        more = f"and {len(related) - most} more values, --json has all"
        page.print(page.compose((more, "dim")), margin=INDENT)


def _find_related(message: Failure) -> Iterator[tuple[str, str]]:
    for relation, pairs in (("within", message.within), ("also", message.also)):
        for pair in pairs:
            yield relation, "  ".join(filter(None, pair))
    yield from message.rest


def _draw_contradictions(page: Page, report: Report) -> None:
    for sentence in report.contradictions:
        page.print(page.compose(("note: ", "magenta"), sentence))
