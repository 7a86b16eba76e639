"""What is listed but jobs and components: recent jobs, settings, checks, explanations."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from casjob.catalogue.meanings import Explanation, Kind
from casjob.errors import CheckResult
from casjob.formats.display import Display
from casjob.formats.text.page import Page
from casjob.formats.text.table import NAME_WIDTH, Field, describe_age
from casjob.formats.text.words import INDENT
from casjob.job.statuses import stage_of
from casjob.printable import printable
from casjob.settings.values import Entry, Overview
from casjob.storage import RecentJob, span_locations

_LABEL_WIDTH = 12


def list_recent_fields(now: datetime, display: Display) -> list[Field[RecentJob]]:
    """Return the fields of the jobs viewed on this machine."""
    return [
        Field(None, "job_id", "job_id"),
        Field("PREFIX", "prefix", "prefix", drop=1),
        Field("STATUS", "status", "status", stage=lambda job: stage_of(job.status)),
        Field(
            "VIEWED",
            None,
            "viewed_at",
            show=lambda job: describe_age(job.viewed_at, now, display),
        ),
        Field(
            "JOB",
            None,
            "job_id",
            show=lambda job: [(job.prefix, "bold"), job.job_id.removeprefix(job.prefix)],
        ),
        Field("NAME", "name", "name", drop=2, max_width=NAME_WIDTH, overflow="middle"),
        Field(None, "looked_at", "viewed_at"),
        Field("LOCATION", "location", "location", drop=3),
        Field(None, "viewed_at", "viewed_at"),
    ]


def recent(jobs: Sequence[RecentJob], now: datetime, display: Display) -> str:
    """Return a line a job, with the prefix that is enough to name it."""
    page = Page(display)
    has_location = span_locations(jobs)
    fields = list_recent_fields(now, display)
    page.add_table([each for each in fields if has_location or each.key != "location"], jobs)
    return page.content()


def list_setting_fields() -> list[Field[Entry]]:
    """Return the fields of settings."""
    return [
        Field("NAME", "name", "name"),
        Field("VALUE", "value", "value", empty="-"),
        Field("ORIGIN", "origin", "origin", narrow=1, overflow="fold"),
    ]


def settings(overview: Overview, display: Display) -> str:
    """Return a line a setting, then what is not used, then what is wrong."""
    page, fields = Page(display), list_setting_fields()
    page.add_table(fields, overview.settings)
    if overview.overruled:
        page.gap()
        page.print("found, but not used:")
        page.add_table(fields, overview.overruled, indent=INDENT, with_headings=False)
    if overview.notes:
        page.gap()
    for note in overview.notes:
        page.print(f"note: {note}")
    return page.content()


def checks(checks: Iterable[CheckResult], display: Display) -> str:
    """Return a line a probe."""
    return "".join(check(each, display) for each in checks)


def check(check: CheckResult, display: Display) -> str:
    """Return a line about a probe, and one with a hint if it failed."""
    result = "failed" if check.status else "ok"
    text = f"{check.step:14}  {result:6}  {printable(check.message)}\n"
    if check.status and check.hint:
        text += f"  hint: {printable(check.hint)}\n"
    return text + "".join(f"{printable(step)}\n" for step in check.steps)


def explanations(explanations: Iterable[Explanation], display: Display) -> str:
    """Return the explanations, each under its name, with a blank line in between."""
    page = Page(display)
    for each in explanations:
        page.gap()
        kind = "error code" if each.kind is Kind.CODE else each.kind.replace("_", " ")
        page.print(f"{each.name}  {kind}")
        for label, text in _read_lines(each):
            page.print(text, margin=f"{INDENT}{label:{_LABEL_WIDTH}}")
    return page.content()


def _read_lines(explanation: Explanation) -> Iterator[tuple[str, str]]:
    does = explanation.kind in {Kind.TASK, Kind.FLOW}
    lines = {
        "team": explanation.custom,
        "does" if does else "means": explanation.means or "not documented",
        "what to do": explanation.advice,
        "service": explanation.service and str(explanation.service),
        "flow": explanation.flow,
    }
    yield from ((label, text) for label, text in lines.items() if text)
    for place, task in enumerate(explanation.tasks):
        yield "" if place else "tasks", f"{task.name}  {task.means}"
    if explanation.source:
        yield "source", explanation.source
