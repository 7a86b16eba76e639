"""Markdown for tickets, pull requests and GitHub's step summary.

Text from the service stands in code spans and code blocks only. There it is no link, image, HTML
or mention, and no autolink either, which GitHub makes of escaped text too.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import takewhile

from casjob.components import ComponentHistory, Listing
from casjob.formats.display import Display, JobResult
from casjob.formats.messages import describe_message
from casjob.formats.text.components import tally_components, tally_deployments
from casjob.formats.text.difference import (
    describe_change,
    describe_change_count,
    describe_difference,
    describe_status,
    describe_times,
    format_change,
    is_noticed,
)
from casjob.formats.text.phrases import (
    describe_cause,
    describe_completeness,
    describe_heartbeat,
    describe_place,
    describe_progress,
    describe_task,
    describe_verdict,
    format_clock,
    format_elapsed,
    format_moment,
)
from casjob.formats.text.statistics import (
    describe_elapsed,
    describe_failure,
    describe_last,
    describe_outcomes,
    draw_strip,
    list_statistics_fields,
)
from casjob.formats.text.words import Words, as_list
from casjob.history import RecentJob
from casjob.job.difference import Difference, TaskDifference
from casjob.job.failures import Failure
from casjob.job.report import Report, TaskReport
from casjob.job.statistics import Statistics
from casjob.job.statuses import Stage
from casjob.printable import printable
from casjob.settings.values import Overview

_LIMIT = 1_000_000
"""Bytes of a report; GitHub's limit for a step summary is 1024 KiB."""
_RESERVE = 20_000
"""Bytes of these for headings and counts."""
_LONGEST_SPAN = 500
"""Characters of a text inside a line."""
_LONGEST_BLOCK = 50_000
"""Characters of a message."""

_SIGNS = {Stage.ENDED_WELL: "✅ ", Stage.ENDED_BADLY: "❌ "}
_HEADINGS = ("#", "Task", "Type", "Status", "Started", "Elapsed")


def report(
    report: Report, display: Display, *, tasks_only: bool = False, next_command: str | None = None
) -> bytes:
    """Return verdict, failures and tasks; tasks that went well are the first to be left out."""
    budget = _Budget(_LIMIT - _RESERVE)
    failures = [] if tasks_only else [_draw_failure(each) for each in report.failed]
    kept_failures = list(filter(budget.fits, failures))
    notes = [f"- {_span(sentence)}\n" for sentence in report.contradictions]
    kept_notes = list(filter(budget.fits, notes))
    rows = [
        _draw_task(each, report, utc=display.utc, with_message=tasks_only) for each in report.shown
    ]
    went_well_last = sorted(range(len(rows)), key=lambda place: _went_well(report.shown[place]))
    kept_places = {place for place in went_well_last if budget.fits(rows[place])}
    left_out = {
        "failures": len(failures) - len(kept_failures),
        "notes": len(notes) - len(kept_notes),
        "tasks": len(rows) - len(kept_places),
    }
    headings = (*_HEADINGS, "Code", "Detail") if tasks_only else _HEADINGS
    counts = (describe_progress(report), describe_completeness(report))
    parts = [
        "" if tasks_only else _draw_verdict(report, utc=display.utc),
        *kept_failures,
        _draw_table(headings, [rows[place] for place in sorted(kept_places)]),
        f"{' · '.join(filter(None, counts))}\n",
        "".join(
            f"- {count} {what} left out, to stay within 1 MB\n"
            for what, count in left_out.items()
            if count
        ),
        "".join(kept_notes),
    ]
    return "\n".join(filter(None, parts)).encode()


def difference(difference: Difference, display: Display) -> bytes:
    """Return both jobs, what differs first, and a table of the tasks that differ."""
    names = difference.names
    jobs = tuple(zip(names, (difference.base, difference.job), strict=True))
    facts = [describe_difference(difference), *describe_times(difference)]
    budget = _Budget(_LIMIT - _RESERVE)
    rows = [_draw_difference(each, names) for each in difference.tasks if is_noticed(each)]
    headings = ("#", "Task", names[0], "Elapsed", names[1], "Elapsed", "Change", "Differs")
    notes = (
        f"- {name}: {_span(sentence)}\n"
        for name, report in jobs
        for sentence in report.contradictions
    )
    parts = [
        _draw_table(("", "Job", "Name", "Verdict"), (_draw_side(*each) for each in jobs)),
        "\n".join(f"{_span(fact)}\n" for fact in facts),
        _draw_table(headings, filter(budget.fits, rows)),
        f"{describe_change_count(difference)}\n",
        "".join(filter(budget.fits, notes)),
    ]
    return "\n".join(filter(None, parts)).encode()


def verdicts(results: Sequence[JobResult], display: Display, *, timed_out: bool) -> bytes:
    """Return a table with a row a job."""
    headings = ("Job", "Name", "Verdict", "Cause")
    return _draw_list(headings, map(_draw_result, results), "" if results else "no jobs")


def settings(overview: Overview, display: Display) -> bytes:
    """Return a table with a row a setting, then what is wrong."""
    rows = (_draw_row(*map(_cell, entry)) for entry in overview.settings)
    notes = "".join(f"- {_span(note)}\n" for note in overview.notes)
    parts = [_draw_table(("Name", "Value", "Origin"), rows), notes]
    return "\n".join(filter(None, parts)).encode()


def components(listing: Listing, display: Display) -> bytes:
    """Return a table with a row a component."""
    headings = ("Component", "Application", "Environment", "Version", "Component status")
    rows = (
        _draw_row(
            _cell(each.label),
            _cell(each.application_name or each.application_id),
            _cell(each.environment_name or each.environment_id),
            _cell(each.version),
            _SIGNS.get(each.stage, "")
            + " ".join(filter(None, (_cell(each.status), _cell(each.fail_detail)))),
            _cell(each.last_job_id),
        )
        for each in listing.shown
    )
    return _draw_list((*headings, "Last job"), rows, tally_components(listing), listing.notes)


def deployments(history: ComponentHistory, display: Display) -> bytes:
    """Return a table with a row a deployment."""
    headings = ("Version", "Status", "In use", "Started", "Elapsed", "Jobs")
    rows = (
        _draw_row(
            _cell(each.version),
            f"{_SIGNS.get(each.stage, '')}{_cell(each.status)}",
            "yes" if each.is_in_use else "",
            _cell(each.begin_time),
            "" if each.elapsed_seconds is None else format_elapsed(each.elapsed_seconds),
            " ".join(map(_cell, each.job_ids)),
        )
        for each in history.deployments or ()
    )
    count = "" if history.deployments is None else tally_deployments(history)
    return _draw_list(headings, rows, count, history.notes)


def statistics(history: ComponentHistory, statistics: Statistics, display: Display) -> bytes:
    """Return a table with a row a step, and one with a row a failure."""
    strip = "".join(sign for sign, _ in draw_strip(statistics))
    fields = [field for field in list_statistics_fields() if field.heading is not None]
    steps = (
        _draw_row(*(_cell(_join(field.words(each))) for field in fields))
        for each in statistics.steps
    )
    failures = (
        _draw_row(
            _cell(describe_failure(each, utc=display.utc)),
            _cell(each.code),
            _cell(each.detail),
            _cell(describe_last(each, utc=display.utc)),
        )
        for each in statistics.failures
    )
    parts = [
        f"## {_span(history.component.label)} {describe_outcomes(statistics)}\n",
        f"{' · '.join([strip, *describe_elapsed(statistics.elapsed)])}\n",
        _draw_table([field.heading or "" for field in fields], steps),
        _draw_table(("Failure", "Code", "Detail", "Last"), failures),
    ]
    return "\n".join(filter(None, parts)).encode()


def recent(jobs: Sequence[RecentJob], now: datetime, display: Display) -> bytes:
    """Return a table with a row a job."""
    rows = (
        _draw_row(
            _cell(each.job_id),
            _cell(each.status),
            format_moment(each.viewed_at, utc=display.utc),
            _cell(each.name),
            _cell(each.location),
        )
        for each in jobs
    )
    headings = ("Job", "Status", "Looked at", "Name", "Location")
    return _draw_list(headings, rows, "" if jobs else "no jobs")


def _draw_list(
    headings: Sequence[str], rows: Iterable[str], count: str, notes: Iterable[str] = ()
) -> bytes:
    """Return a table of the rows that fit into 1 MB, how many there are, and notes."""
    budget, drawn = _Budget(_LIMIT - _RESERVE), list(rows)
    kept = list(takewhile(budget.fits, drawn))
    left_out = len(drawn) - len(kept)
    facts = [f"{left_out} left out, to stay within 1 MB", *notes] if left_out else notes
    parts = [
        _draw_table(headings, kept),
        f"{count}\n" if count else "",
        "".join(f"- {fact}\n" for fact in map(_span, facts)),
    ]
    return "\n".join(filter(None, parts)).encode()


def _draw_verdict(report: Report, *, utc: bool) -> str:
    job = report.job
    name = job.job_name or job.job_id or "(no name)"
    facts = [f"job {_span(job.job_id)}" if job.job_id != name else "", _span(job.job_type)]
    if report.started:
        facts.append(f"started {format_moment(report.started, utc=utc)}")
    facts += map(_span, describe_place(report))
    sign = _SIGNS.get(report.stage, "")
    heading = f"## {sign}{_span(name)} {_span(describe_verdict(report))}\n"
    return f"{heading}\n{' · '.join(filter(None, facts))}\n"


def _draw_task(each: TaskReport, report: Report, *, utc: bool, with_message: bool) -> str:
    task = each.task
    index = "" if task.task_index is None else str(task.task_index)
    if each.is_separator and each.stage is Stage.ENDED_WELL:
        # It did nothing but head a phase.
        return _draw_row(index, f"**{_cell(each.phase)}**", "", "", "", "")
    start, seconds = task.created_at, each.elapsed_seconds
    message = each.message or Failure(None, None)
    return _draw_row(
        index,
        " ".join(filter(None, (_cell(task.task_name or task.task_id), _cell(each.title)))),
        _cell(task.task_type),
        f"{_SIGNS.get(each.stage, '')}{_cell(task.task_status or '(none)')}"
        f"{describe_heartbeat(each, ', ')}",
        format_clock(start, report.first_moment, utc=utc) if start else "",
        "" if seconds is None else format_elapsed(seconds),
        *((_cell(message.code), _cell(message.detail)) if with_message else ()),
    )


class _Budget:
    """The bytes there are left.

    Args:
        size: how many there are at first.
    """

    def __init__(self, size: int) -> None:
        self._left = size

    def fits(self, text: str) -> bool:
        """Return whether the text still fits, and if so, count it."""
        size = len(text.encode())
        if size > self._left:
            return False
        self._left -= size
        return True


def _went_well(each: TaskReport) -> bool:
    return each.stage in {Stage.ENDED_WELL, Stage.SKIPPED}


def _draw_result(result: JobResult) -> str:
    report = result.report
    if report is None:
        return _draw_row(_cell(result.job_id), "", result.absence, "")
    return _draw_row(
        _cell(result.job_id),
        _cell(report.job.job_name),
        f"{_SIGNS.get(report.stage, '')}{_cell(describe_verdict(report))}",
        _cell(describe_cause(report)),
    )


def _draw_side(name: str, report: Report) -> str:
    verdict = f"{_SIGNS.get(report.stage, '')}{_cell(describe_verdict(report))}"
    return _draw_row(name, _cell(report.job.job_id), _cell(report.job.job_name), verdict)


def _draw_difference(each: TaskDifference, names: tuple[str, str]) -> str:
    task, change = each.either.task, each.elapsed_change
    cells = []
    for side in (each.base, each.job):
        sign = _SIGNS.get(side.stage, "") if side else ""
        seconds = side.elapsed_seconds if side else None
        cells += [
            f"{sign}{_cell(describe_status(side))}",
            "" if seconds is None else format_elapsed(seconds),
        ]
    return _draw_row(
        "" if task.task_index is None else str(task.task_index),
        " ".join(filter(None, (_cell(task.task_name or task.task_id), _cell(each.either.title)))),
        *cells,
        "" if change is None else format_change(change),
        describe_change(each, names),
    )


def _draw_failure(each: TaskReport) -> str:
    text = _cut(describe_message(each), _LONGEST_BLOCK)
    fence = "`" * max(_longest_run(text) + 1, 3)
    return f"### {_span(describe_task(each))}\n\n{fence}text\n{text}\n{fence}\n"


def _draw_table(headings: Sequence[str], rows: Iterable[str]) -> str:
    body = "".join(rows)
    return f"{_draw_row(*headings)}{_draw_row(*['---'] * len(headings))}{body}" if body else ""


def _draw_row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |\n"


def _cell(text: str | None) -> str:
    # Renderers disagree about a pipe in a code span, and about a backslash before it.
    return "&#124;".join(map(_code, _shorten(text).split("|")))


def _join(words: Words) -> str:
    return "".join(part if isinstance(part, str) else part[0] for part in as_list(words))


def _span(text: str | None) -> str:
    return _code(_shorten(text))


def _shorten(text: str | None) -> str:
    return _cut(printable(text or ""), _LONGEST_SPAN)


def _code(text: str) -> str:
    """Return printable text as a code span, which ends at as many backticks as it began with."""
    if not text:
        return ""
    fence = "`" * (_longest_run(text) + 1)
    # Of a text that is not blank, renderers drop a blank at each end.
    pad = " " if text.strip(" ") and {text[0], text[-1]} & {"`", " "} else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def _longest_run(text: str) -> int:
    return max(map(len, re.findall("`+", text)), default=0)


def _cut(text: str, longest: int) -> str:
    if len(text) <= longest:
        return text
    return f"{text[:longest]}… ({len(text)} characters)"
