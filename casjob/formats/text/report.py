"""The report for people: verdict, failures and tasks, on a terminal or plain in a pipe."""

import shutil
from collections.abc import Iterator, Mapping
from io import TextIOWrapper

from rich.text import Text

from casjob.formats import Color, Display
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


def write(report: Report, out: TextIOWrapper, display: Display, environ: Mapping[str, str]) -> None:
    """Write the report: laid out for the terminal's width, or uncut where it is none."""
    is_terminal = out.isatty()
    page = Page(
        width=shutil.get_terminal_size().columns if is_terminal else None,
        encoding=out.encoding,
        colored=wants_color(display.color, environ, is_terminal=is_terminal),
    )
    draw_report(page, report, display)
    out.write(page.content())


def draw_report(page: Page, report: Report, display: Display) -> None:
    """Draw a report: verdict, failures, tasks, and how complete that is."""
    if not display.tasks_only:
        _draw_verdict(page, report, utc=display.utc)
        _draw_failures(page, report)
    if report.shown:
        page.gap()
        draw_tasks(page, report, utc=display.utc, is_alone=display.tasks_only)
    _draw_end(page, report, display)


def wants_color(color: Color, environ: Mapping[str, str], *, is_terminal: bool) -> bool:
    """Decide on colours: the option, then NO_COLOR, FORCE_COLOR, TERM, and what stdout is.

    Sources: no-color.org, force-color.org, bixense.com/clicolors.
    """
    if color is not Color.AUTO:
        return color is Color.ALWAYS
    if environ.get("NO_COLOR"):
        return False
    if any(environ.get(name, "0") not in {"", "0"} for name in ("FORCE_COLOR", "CLICOLOR_FORCE")):
        return True
    return is_terminal and environ.get("TERM") != "dumb"


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
    """Draw the cause, then its followers, then all other tasks that have something to tell."""
    told: set[Failure | None] = set()
    for place, each in enumerate(report.failed):
        if each.failure in told:
            # Of sixty tasks that fail alike, one has the words.
            heading = f"also {describe_task(each)}, for the same reason"
            page.print(page.compose((heading, "bold")), margin=page.mark(each.stage))
            continue
        told.add(each.failure)
        _draw_task(page, each, "also " if place else "")
    for each in report.tasks:
        if each.said or (each.stage is Stage.UNDER_WAY and not each.is_separator):
            _draw_task(page, each)


def _draw_task(page: Page, each: TaskReport, relation: str = "") -> None:
    page.gap()
    heading = page.compose((f"{relation}{describe_task(each)}", "bold"))
    page.print(heading, margin=page.mark(each.stage))
    if each.failure == _NO_REASON:
        page.print(page.compose(("It gives no reason.", "dim")), margin=INDENT)
    elif says := each.failure or each.said:
        _draw_message(page, says)


_NO_REASON = Failure(code=None, detail=None)


def _draw_message(page: Page, says: Failure) -> None:
    code = page.compose((says.code, "bold red"), "  ") if says.code else Text()
    detail = page.shorten(says.detail or "", _LONGEST_MESSAGE)
    # Stack traces come in lines, and those are indented with tabs.
    lines = detail.replace("\r\n", "\n").replace("\t", "    ").rstrip("\n").split("\n")
    page.print(Text.assemble(code, page.compose(lines[0])), margin=INDENT)
    gutter = page.compose("  ", (f"{page.signs.gutter} ", "dim"))
    for line in lines[1:]:
        page.print(page.compose(line), margin=gutter)
    related = list(_find_related(says))
    most = len(related) if page.width is None else _MOST_RELATED
    for relation, words in related[:most]:
        short = page.shorten(words, _LONGEST_MESSAGE)
        page.print(page.compose((f"{relation}  ", "dim"), short), margin=INDENT)
    if related[most:]:
        more = f"and {len(related) - most} more values, --json has all"
        page.print(page.compose((more, "dim")), margin=INDENT)


def _find_related(says: Failure) -> Iterator[tuple[str, str]]:
    for relation, pairs in (("within", says.within), ("also", says.also)):
        for pair in pairs:
            yield relation, "  ".join(filter(None, pair))
    yield from says.rest


def _draw_end(page: Page, report: Report, display: Display) -> None:
    if not display.tasks_only:
        page.gap()
        counts = (describe_progress(report), describe_completeness(report))
        page.print(*map(page.compose, counts))
    elif not report.shown or not report.shows_everything:
        page.gap()
        page.print(page.compose(describe_completeness(report)))
    for sentence in report.contradictions:
        page.print(page.compose(("note: ", "magenta"), sentence))
    if display.next_command and not display.tasks_only:
        # Not wrapped, so that it can be copied.
        page.print(page.compose(("next: ", "dim"), display.next_command), wraps=False)
