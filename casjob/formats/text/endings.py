"""How jobs ended, for people: a verdict each, and at the end of watch the reports that matter."""

from collections.abc import Sequence

from casjob.formats.display import FULL, Display, JobResult
from casjob.formats.text.page import Page
from casjob.formats.text.phrases import describe_ending, describe_tally
from casjob.formats.text.report import draw_briefly, draw_page, has_room, print_next
from casjob.formats.text.words import STAGE_STYLES
from casjob.job.report import Report
from casjob.job.statuses import Outcome

_LINES_SHARE = 0.3
"""Part of the screen that is kept for jobs that succeeded; if there are more, they scroll off."""
_LONGEST_VERDICT = 4
"""The most rows of a verdict on a terminal, where those of other jobs are to stay."""
_VERDICT_ROWS = 2
"""Rows that the verdict and its cause have before the next command gets one."""


def verdict(result: JobResult, display: Display) -> str:
    """Return how a job ended, in a line; empty if it did not."""
    if result.report is None or not result.has_verdict:
        return ""
    page = Page(display)
    max_rows = None if page.is_whole else _LONGEST_VERDICT
    _draw_ending(page, result.job_id, result.report, max_rows=max_rows)
    return page.content()


def verdicts(results: Sequence[JobResult], display: Display, *, timed_out: bool) -> str:
    """Return a line for each job that ended."""
    return "".join(verdict(each, display) for each in results)


def render_endings(results: Sequence[JobResult], display: Display) -> str:
    """Return how jobs ended: a line for each that succeeded, the others' reports, and a tally."""
    lines, tally = Page(display), Page(display)
    reported: list[tuple[JobResult, Report]] = []
    for result in results:
        job_id, ended, *_ = result
        if ended and (len(results) == 1 or ended.outcome is not Outcome.SUCCEEDED):
            reported.append((result, ended))
        elif ended:
            _draw_ending(lines, job_id, ended)
        elif len(results) > 1:
            lines.print(f"{job_id}: {result.absence}")
    if len(results) > 1:
        outcomes = [each.report.outcome if each.report else Outcome.UNKNOWN for each in results]
        tally.print(describe_tally(outcomes))
    rows = display.height or 0
    # The last row is the prompt's, and one is between any two parts.
    parts = bool(lines.rows) + len(reported) + bool(tally.rows)
    left = rows - parts - tally.height - min(lines.height, round(rows * _LINES_SHARE))
    pages = [lines]
    for index, (result, ended) in enumerate(reported):
        # Rows that one does not need are left for the others.
        share = max(left // (len(reported) - index), 1) if rows and len(results) > 1 else None
        pages.append(_draw_result(result, ended, display, share))
        left -= pages[-1].height
    return "\n".join(page.content() for page in [*pages, tally] if page.rows)


def _draw_result(result: JobResult, ended: Report, display: Display, max_rows: int | None) -> Page:
    """Return a page with the report of a job or, where that has no room, with its verdict."""
    command = result.next_command
    # watch itself has no such option.
    all_with = f"casjob show {FULL}"
    page = draw_page(ended, display, next_command=command, all_with=all_with, max_rows=max_rows)
    if max_rows is None or page.height <= max_rows:
        return page
    page, end = page.blank(), page.blank()
    if command and has_room(page, command):
        print_next(end, command)
    _draw_ending(page, result.job_id, ended, with_cause=False)
    left = max_rows - page.height - end.height
    if ended.failed:
        draw_briefly(page, ended.failed, left)
    if not ended.failed or page.height + end.height > max_rows:
        page = page.blank()
        rows = max(max_rows - end.height, min(max_rows, _VERDICT_ROWS))
        _draw_ending(page, result.job_id, ended, max_rows=rows)
    if page.height + end.height <= max_rows:
        page.add(end)
    return page


def _draw_ending(
    page: Page,
    job_id: str,
    report: Report,
    *,
    with_cause: bool = True,
    max_rows: int | None = None,
) -> None:
    before, verdict, cause = describe_ending(job_id, report)
    page.print(
        [before, (verdict, STAGE_STYLES[report.stage]), cause if with_cause else ""],
        margin=page.mark(report.stage),
        max_rows=max_rows,
    )
