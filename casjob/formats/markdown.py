"""Markdown for tickets, pull requests and GitHub's step summary.

Text from the service stands in code spans and code blocks only. There it is no link, image, HTML
or mention, and no autolink either, which GitHub makes of escaped text too.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import starmap, takewhile
from typing import Any, TypeVar

from casjob.components import ComponentHistory, Listing
from casjob.formats import csv
from casjob.formats.display import Display, JobResult
from casjob.formats.text import phrases
from casjob.formats.text.components import (
    DeploymentRow,
    list_component_fields,
    list_deployment_fields,
    tally_components,
    tally_deployments,
)
from casjob.formats.text.difference import (
    describe_change,
    describe_change_count,
    describe_difference,
    describe_status,
    describe_times,
    format_change,
    is_noticed,
)
from casjob.formats.text.listings import list_recent_fields, list_setting_fields
from casjob.formats.text.statistics import (
    describe_elapsed,
    describe_failure,
    describe_last,
    describe_outcomes,
    draw_strip,
    list_statistics_fields,
)
from casjob.formats.text.table import Field
from casjob.formats.text.tasks import is_heading, list_task_fields
from casjob.formats.text.words import Words, as_line
from casjob.job.difference import Difference, TaskDifference
from casjob.job.failures import clip
from casjob.job.report import Report, TaskReport
from casjob.job.statistics import Statistics
from casjob.job.statuses import Stage
from casjob.printable import printable
from casjob.settings.values import Overview
from casjob.storage import RecentJob

Row = TypeVar("Row")

_LIMIT = 980_000
"""Bytes of a report but for headings and counts; GitHub's limit for a step summary is 1024 KiB."""
_LONGEST_SPAN = 500
"""Characters of a text inside a line."""
_LONGEST_BLOCK = 50_000
"""Characters of a message."""

_SIGNS = {Stage.SUCCEEDED: "✅ ", Stage.FAILED: "❌ "}


def report(
    report: Report, display: Display, *, tasks_only: bool = False, next_command: str | None = None
) -> bytes:
    """Return verdict, failures and tasks; tasks that went well are the first to be left out."""
    budget = _Budget()
    failures = [] if tasks_only else [_draw_failure(each) for each in report.failed]
    kept_failures = list(filter(budget.fits, failures))
    notes = [f"- {_span(sentence)}\n" for sentence in report.contradictions]
    kept_notes = list(filter(budget.fits, notes))
    headings = ("#", "TASK", "TYPE", "STATUS", "STARTED", "ELAPSED", "CODE", "DETAIL")
    fields = _choose(
        list_task_fields(report, utc=display.utc),
        headings if tasks_only else headings[:-2],
        TASK=lambda each: [each.task.task_name or each.task.task_id or "", each.title or ""],
        # The status has the heartbeat after it.
        DETAIL=lambda each: each.message and each.message.detail,
    )
    rows = [_draw_task(each, fields) for each in report.shown]
    went_well = {Stage.SUCCEEDED, Stage.SKIPPED}
    ranked = sorted(range(len(rows)), key=lambda place: report.shown[place].stage in went_well)
    kept_places = {place for place in ranked if budget.fits(rows[place])}
    left_out = {
        "failures": len(failures) - len(kept_failures),
        "notes": len(notes) - len(kept_notes),
        "tasks": len(rows) - len(kept_places),
    }
    counts = (phrases.describe_progress(report), phrases.describe_completeness(report))
    parts = [
        "" if tasks_only else _draw_verdict(report, utc=display.utc),
        *kept_failures,
        _draw_table(_name(fields), [rows[place] for place in sorted(kept_places)]),
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
    facts = [describe_difference(difference), *describe_times(difference)]
    budget = _Budget()
    rows = [_draw_difference(each, names) for each in difference.tasks if is_noticed(each)]
    headings = ("#", "Task", names[0], "Elapsed", names[1], "Elapsed", "Change", "Differs")
    notes = (f"- {_span(sentence)}\n" for sentence in difference.contradictions)
    parts = [
        _draw_table(("", "Job", "Name", "Verdict"), starmap(_draw_side, difference.sides)),
        "\n".join(f"{_span(fact)}\n" for fact in facts),
        _draw_table(headings, filter(budget.fits, rows)),
        f"{describe_change_count(difference)}\n",
        "".join(filter(budget.fits, notes)),
    ]
    return "\n".join(filter(None, parts)).encode()


def verdicts(results: Sequence[JobResult], display: Display, *, timed_out: bool) -> bytes:
    """Return a table with a row a job."""
    fields = _choose(csv.list_verdict_fields(), ("JOB", "NAME", "VERDICT", "CAUSE"))
    return _draw_list(*_draw_fields(fields, results), "" if results else "no jobs")


def settings(overview: Overview, display: Display) -> bytes:
    """Return a table with a row a setting, then what is wrong."""
    fields = [field._replace(empty="") for field in list_setting_fields()]
    return _draw_list(*_draw_fields(fields, overview.settings), "", overview.notes)


def components(listing: Listing, display: Display) -> bytes:
    """Return a table with a row a component."""
    fields = _choose(
        list_component_fields(listing.as_of, display),
        ("COMPONENT", "APPLICATION", "ENVIRONMENT", "VERSION", "COMPONENT STATUS", "LAST JOB"),
        **{"COMPONENT STATUS": lambda each: [each.status or "", each.fail_detail or ""]},
    )
    return _draw_list(
        *_draw_fields(fields, listing.shown), tally_components(listing), listing.notes
    )


def deployments(history: ComponentHistory, display: Display) -> bytes:
    """Return a table with a row a deployment."""
    fields = _choose(
        list_deployment_fields(utc=display.utc),
        ("VERSION", "STATUS", "IN USE", "STARTED", "ELAPSED"),
        STARTED=lambda row: row.deployment.begin_time,
    )
    fields.append(Field("JOBS", None, "", show=lambda row: [*row.job_ids]))
    rows = [DeploymentRow(each, each.job_ids) for each in history.deployments or ()]
    count = "" if history.deployments is None else tally_deployments(history)
    return _draw_list(*_draw_fields(fields, rows), count, history.notes)


def statistics(history: ComponentHistory, statistics: Statistics, display: Display) -> bytes:
    """Return a table with a row a step, and one with a row a failure."""
    utc, strip = display.utc, "".join(sign for sign, _ in draw_strip(statistics))
    fields = _choose(
        list_statistics_fields(),
        ("#", "TASK", "RUNS", "FAILED", "TIMED", "MEDIAN", "P95", "LAST", ""),
        TASK=lambda each: [each.step.task_name or "(no name)", each.step.title or ""],
    )
    steps = statistics.steps
    fields = [field for field in fields if any("".join(_read(field.words(row))) for row in steps)]
    failures = (
        (describe_failure(each, utc=utc), each.code, each.detail, describe_last(each, utc=utc))
        for each in statistics.failures
    )
    parts = [
        f"## {_span(history.component.label)} {describe_outcomes(statistics)}\n",
        f"{' · '.join([strip, *describe_elapsed(statistics.elapsed)])}\n",
        _draw_table(*_draw_fields(fields, steps)),
        _draw_texts(("Failure", "Code", "Detail", "Last"), failures),
    ]
    return "\n".join(filter(None, parts)).encode()


def recent(jobs: Sequence[RecentJob], now: datetime, display: Display) -> bytes:
    """Return a table with a row a job."""
    fields = _choose(
        # It outlives the moment, as no terminal does.
        list_recent_fields(now, display._replace(is_terminal=False)),
        ("JOB", "STATUS", "VIEWED", "NAME", "LOCATION"),
        JOB=lambda job: job.job_id,
    )
    fields = [field._replace(stage=None) for field in fields]
    return _draw_list(*_draw_fields(fields, jobs), "" if jobs else "no jobs")


def _draw_list(
    headings: Sequence[str], rows: Iterable[str], count: str, notes: Iterable[str] = ()
) -> bytes:
    """Return a table of the rows that fit into 1 MB, how many there are, and notes."""
    budget, drawn = _Budget(), list(rows)
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
        facts.append(f"started {phrases.format_moment(report.started, utc=utc)}")
    facts += map(_span, phrases.describe_place(report))
    heading = f"{_span(name)} {_span(phrases.describe_verdict(report))}"
    return f"## {_SIGNS.get(report.stage, '')}{heading}\n\n{' · '.join(filter(None, facts))}\n"


def _draw_task(each: TaskReport, fields: Sequence[Field[TaskReport]]) -> str:
    cells = [*_draw_cells(fields, each)]
    if is_heading(each):
        return _draw_row(cells[0], f"**{_cell(each.phase)}**", "", "", "", "")
    cells[3] += phrases.describe_heartbeat(each, ", ")
    return _draw_row(*cells)


class _Budget:
    _left = _LIMIT

    def fits(self, text: str) -> bool:
        """Return whether the text still fits, and if so, count it."""
        size = len(text.encode())
        if size > self._left:
            return False
        self._left -= size
        return True


def _draw_side(name: str, report: Report) -> str:
    verdict = f"{_SIGNS.get(report.stage, '')}{_cell(phrases.describe_verdict(report))}"
    return _draw_row(name, _cell(report.job.job_id), _cell(report.job.job_name), verdict)


def _draw_difference(each: TaskDifference, names: tuple[str, str]) -> str:
    task, change = each.either.task, each.elapsed_change
    cells = []
    for side in (each.base, each.job):
        sign = _SIGNS.get(side.stage, "") if side else ""
        seconds = side.elapsed_seconds if side else None
        cells += [
            f"{sign}{_cell(describe_status(side))}",
            "" if seconds is None else phrases.format_elapsed(seconds),
        ]
    return _draw_row(
        "" if task.task_index is None else str(task.task_index),
        " ".join(filter(None, (_cell(task.task_name or task.task_id), _cell(each.either.title)))),
        *cells,
        "" if change is None else format_change(change),
        describe_change(each, names),
    )


def _draw_failure(each: TaskReport) -> str:
    text = clip(phrases.describe_message(each), _LONGEST_BLOCK)
    fence = "`" * max(_longest_run(text) + 1, 3)
    return f"### {_span(phrases.describe_task(each))}\n\n{fence}text\n{text}\n{fence}\n"


def _choose(
    fields: Iterable[Field[Row]], headings: Sequence[str], **show: Callable[[Row], Any]
) -> list[Field[Row]]:
    """Return the fields with these headings; some show something else than on a terminal."""
    named = {field.heading: field for field in fields}
    return [named[each]._replace(show=show.get(each, named[each].show)) for each in headings]


def _draw_fields(
    fields: Sequence[Field[Row]], rows: Iterable[Row]
) -> tuple[list[str], Iterator[str]]:
    """Return headings, and the rows below them."""
    return _name(fields), (_draw_row(*_draw_cells(fields, row)) for row in rows)


def _name(fields: Iterable[Field[Any]]) -> list[str]:
    return [(field.heading or "").capitalize() for field in fields]


def _draw_cells(fields: Iterable[Field[Row]], row: Row) -> Iterator[str]:
    """Yield the cells of a row; each part of a text is a code span of its own."""
    for field in fields:
        parts = _read(field.words(row))
        if isinstance(field.value(row), int | float | datetime):
            yield "".join(parts)
        else:
            sign = _SIGNS.get(field.stage(row), "") if field.stage else ""
            yield sign + " ".join(filter(None, map(_cell, parts)))


def _read(words: Words) -> list[str]:
    return [text for text, _ in as_line(words)]


def _draw_table(headings: Sequence[str], rows: Iterable[str]) -> str:
    body = "".join(rows)
    return f"{_draw_row(*headings)}{_draw_row(*['---'] * len(headings))}{body}" if body else ""


def _draw_texts(headings: Sequence[str], rows: Iterable[Iterable[str | None]]) -> str:
    return _draw_table(headings, (_draw_row(*map(_cell, row)) for row in rows))


def _draw_row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |\n"


def _cell(text: str | None) -> str:
    # Renderers disagree about a pipe in a code span, and about a backslash before it.
    return "&#124;".join(map(_code, _shorten(text).split("|")))


def _span(text: str | None) -> str:
    return _code(_shorten(text))


def _shorten(text: str | None) -> str:
    return clip(printable(text or ""), _LONGEST_SPAN)


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
