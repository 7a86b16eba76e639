"""What is normal for a component, for people: on one screen where there is one."""

import sys
from typing import Any, TypeAlias

from casjob.components import ComponentHistory
from casjob.formats.display import Display
from casjob.formats.text.components import describe_place
from casjob.formats.text.page import Page
from casjob.formats.text.phrases import (
    describe_count,
    format_elapsed,
    format_moment,
    join_pair,
    to_zone,
)
from casjob.formats.text.table import Field
from casjob.formats.text.words import INDENT, STAGE_SIGNS, STAGE_STYLES, Words
from casjob.job.statistics import (
    GONE,
    UNREADABLE,
    Figures,
    RepeatedFailure,
    Statistics,
    StepFigures,
)
from casjob.job.statuses import Outcome, Stage

Row: TypeAlias = StepFigures | RepeatedFailure

_STAGES = {
    Outcome.SUCCEEDED: Stage.SUCCEEDED,
    Outcome.FAILED: Stage.FAILED,
    Outcome.RUNNING: Stage.UNDER_WAY,
    Outcome.UNKNOWN: Stage.UNDECIDED,
    UNREADABLE: Stage.UNDECIDED,
    GONE: Stage.SKIPPED,
}
"""The stage whose sign and colour an outcome has."""


def list_statistics_fields() -> list[Field[Any]]:
    """Return the fields of steps, and for machines of failures too."""

    def show_n(row: Row) -> str:
        # Nearly always it is known of each run.
        return (
            str(row.elapsed.n) if isinstance(row, StepFigures) and row.elapsed.n < row.runs else ""
        )

    return [
        Field(None, "kind", lambda row: "step" if isinstance(row, StepFigures) else "failure"),
        Field("#", "task_index", "step.task_index", is_right=True, drop=2),
        Field(
            "TASK", "task_name", "step.task_name", empty="(no name)", narrow=5, overflow="middle"
        ),
        Field("STEP", "title", "step.title", narrow=3, drop=6, preferred_width=32, overflow="end"),
        Field(None, "phase", "step.phase"),
        Field("RUNS", "runs", "runs", is_right=True, drop=4),
        Field("FAILED", "failed", "failed", is_right=True, style=_find_style),
        Field("TIMED", "n", "elapsed.n", show=show_n, is_right=True, drop=1),
        Field("MEDIAN", "median_seconds", "elapsed.median", is_right=True),
        Field("P95", "p95_seconds", "elapsed.p95", is_right=True, drop=7),
        Field("LAST", "last_seconds", "elapsed.last", is_right=True),
        Field("", "slow", "is_slow", show=_draw_slowness),
        Field(None, "code", "code"),
        Field(None, "detail", "detail"),
        Field(None, "first_at", "first"),
        Field(None, "last_at", "last"),
        Field(None, "jobs", lambda row: " ".join(getattr(row, "job_ids", ()))),
    ]


def statistics(history: ComponentHistory, statistics: Statistics, display: Display) -> str:
    """Return what is normal: laid out for the terminal's size, or whole where there is none."""
    page = Page(display, all_with="--full")
    _draw_heading(page, history, statistics)
    steps, failures = statistics.steps, statistics.failures
    # Those that became slow or failed are the last to go, then those that take longest.
    ranked = sorted(
        range(len(steps)),
        key=lambda index: (
            not steps[index].is_slow,
            not steps[index].failed,
            -(steps[index].elapsed.median or 0.0),
        ),
    )

    def draw_steps(page: Page, count: int) -> None:
        rows = [steps[index] for index in sorted(ranked[:count])]
        page.add_table(list_statistics_fields(), rows)
        _count_left_out(page, len(steps) - count, "step")

    def draw_failures(page: Page, count: int) -> None:
        for each in failures[:count]:
            _draw_failure(page, each, utc=display.utc)
        _count_left_out(page, len(failures) - count, "failure")

    # All but the blank lines before both parts, and the last row, which is the prompt's.
    room = sys.maxsize if display.height is None else display.height - page.height - 3
    table = page.fit(len(steps), room, draw_steps)
    share = max(room - table.height, room // 2)
    ended_badly = page.fit(len(failures), share, draw_failures)
    for part in (page.fit(len(steps), room - ended_badly.height, draw_steps), ended_badly):
        if part.height:
            page.gap()
            page.add(part)
    return page.content()


def describe_outcomes(statistics: Statistics) -> str:
    """Return `22 of 25 deployments succeeded, 3 failed; not counted: 1 running, 2 gone`."""
    outcomes, counted = statistics.outcomes, len(statistics.counted)
    words = f"{outcomes[Outcome.SUCCEEDED]} of {describe_count(counted, 'deployment')} succeeded"
    if outcomes[Outcome.FAILED]:
        words += f", {outcomes[Outcome.FAILED]} failed"
    others = (
        each for each in (Outcome.RUNNING, Outcome.UNKNOWN, UNREADABLE, GONE) if outcomes[each]
    )
    apart = ", ".join(f"{outcomes[each]} {each}" for each in others)
    return f"{words}; not counted: {apart}" if apart else words


def describe_elapsed(figures: Figures) -> list[str]:
    """Return `elapsed: median 47.6s`, `p95 58.2s`, `last 1m 15s` and `25 runs`."""
    named = {"elapsed: median": figures.median, "p95": figures.p95, "last": figures.last}
    words = [f"{name} {format_elapsed(each)}" for name, each in named.items() if each is not None]
    return [*words, describe_count(figures.n, "run")] if words else ["elapsed: not known"]


def describe_failure(failure: RepeatedFailure, *, utc: bool) -> str:
    """Return `task 9 TN00097 wait for the build to succeed: failed 3 times since 2020-01-20`."""
    step = failure.step
    number = "" if step is None or step.task_index is None else f" {step.task_index}"
    name = (
        f"task{number} {step.task_name or '(no name)'}" if step else "no task failed, but the job"
    )
    title = f" {step.title}" if step and step.title else ""
    since = f" since {to_zone(failure.first, utc=utc).date()}" if failure.first else ""
    times = "once" if failure.failed == 1 else f"{failure.failed} times{since}"
    return f"{name}{title}{':' if step else ''} failed {times}"


def describe_last(failure: RepeatedFailure, *, utc: bool) -> str:
    """Return `last 2020-02-04 04:01:38Z in JOB474…`."""
    last = f"last {format_moment(failure.last, utc=utc)} " if failure.last else ""
    return f"{last}in {failure.job_ids[0]}"


def draw_strip(statistics: Statistics) -> list[tuple[str, str]]:
    """Return the sign of each deployment in its colour, the oldest first."""
    stages = [_STAGES[run.outcome] for run in reversed(statistics.runs)]
    return [(STAGE_SIGNS[stage], STAGE_STYLES[stage]) for stage in stages]


def _draw_heading(page: Page, history: ComponentHistory, statistics: Statistics) -> None:
    component, count = history.component, len(statistics.runs)
    counts = [f"newest {count} of {history.total}"] if count < history.total else []
    present = {run.outcome for run in statistics.runs}
    legend = ", ".join(
        f"{STAGE_SIGNS[stage]} {outcome}"
        for outcome, stage in _STAGES.items()
        if outcome in present
    )
    strip = [(page.signs(sign), style) for sign, style in draw_strip(statistics)]
    max_rows = None if page.is_whole else 2
    facts = [(each, "dim") for each in [*describe_place(component), *counts]]
    page.print((component.label, "bold"), describe_outcomes(statistics), max_rows=max_rows)
    page.print(*facts, margin=INDENT, max_rows=max_rows)
    page.print(strip, f"oldest to newest; {page.signs(legend)}", margin=INDENT)
    page.print(*describe_elapsed(statistics.elapsed), margin=INDENT)
    for note in history.notes:
        page.note(note)


def _draw_failure(page: Page, failure: RepeatedFailure, *, utc: bool) -> None:
    max_rows = None if page.is_whole else 1
    heading = (describe_failure(failure, utc=utc), "bold")
    page.print(heading, margin=page.mark(Stage.FAILED), max_rows=max_rows)
    if message := join_pair(failure.code, failure.detail):
        page.print(" ".join(message.split()), margin=INDENT, max_rows=max_rows)
    page.print((describe_last(failure, utc=utc), "dim"), margin=INDENT)


def _count_left_out(page: Page, count: int, what: str) -> None:
    if count:
        page.count_left_out(describe_count(count, f"more {what}"))


def _find_style(row: Row) -> str:
    return STAGE_STYLES[Stage.FAILED] if row.failed else ""


def _draw_slowness(row: StepFigures) -> Words:
    return [("slower", "bold yellow")] if row.is_slow else []
