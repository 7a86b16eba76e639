"""Components, and their deployments."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import NamedTuple, TypeVar

from casjob.components import Component, ComponentHistory, Deployment, Listing
from casjob.formats.display import Display
from casjob.formats.text.page import Page
from casjob.formats.text.phrases import describe_count, format_moment
from casjob.formats.text.table import NAME_WIDTH, Field, describe_age
from casjob.formats.text.words import INDENT, STAGE_STYLES
from casjob.job.statuses import Stage

Row = TypeVar("Row")

_TALLIED = {
    Stage.FAILED: "failed",
    Stage.UNDER_WAY: "changing",
    Stage.SUCCEEDED: "running",
    Stage.SKIPPED: "stopped",
    Stage.UNDECIDED: "unknown",
}
"""What a tally calls components, by the stage that their status is like."""


def list_component_fields(now: datetime, display: Display) -> list[Field[Component]]:
    """Return the fields of components."""
    name = partial(Field[Component], max_width=NAME_WIDTH, overflow="middle")

    def place(kind: str, drop: int) -> Field[Component]:
        def show(each: Component) -> str | None:
            named: str | None = getattr(each, f"{kind}_name") or getattr(each, f"{kind}_id")
            return named

        return name(kind.upper(), f"{kind}_name", f"{kind}_name", show=show, drop=drop)

    return [
        name("COMPONENT", "name", "name", show=lambda each: each.label, narrow=6),
        place("application", drop=4),
        place("environment", drop=3),
        name("VERSION", "version", "version", drop=2),
        Field(
            "COMPONENT STATUS", "status", "status", empty="(none)", stage=lambda each: each.stage
        ),
        name("REASON", "fail_detail", "fail_detail", drop=5),
        Field("LAST JOB", "last_job_id", "last_job_id"),
        Field(
            "UPDATED",
            "updated_at",
            "updated",
            show=lambda each: describe_age(each.updated, now, display),
            drop=1,
        ),
        Field(None, "id", "component_id"),
        Field(None, "application_id", "application_id"),
        Field(None, "environment_id", "environment_id"),
        Field(None, "instance_id", "instance_id"),
    ]


class DeploymentRow(NamedTuple):
    """A deployment with its jobs; people see a row a job, of which the first has all else."""

    deployment: Deployment
    job_ids: Sequence[str]


def list_deployment_fields(*, utc: bool) -> list[Field[DeploymentRow]]:
    """Return the fields of a component's deployments."""

    def began(row: DeploymentRow) -> str | None:
        start = row.deployment.began
        return format_moment(start, utc=utc) if start else row.deployment.begin_time

    return [
        Field("VERSION", "version", "deployment.version"),
        Field(
            "STATUS",
            "status",
            "deployment.status",
            # Without one, no sign either.
            show=lambda row: row.deployment.status or [],
            stage=lambda row: row.deployment.stage,
        ),
        Field(None, "deploy_type", "deployment.deploy_type"),
        Field("IN USE", "current_used", "deployment.is_in_use", drop=3),
        Field("STARTED", "begin_time", "deployment.begin_time", show=began, drop=2),
        Field(None, "end_time", "deployment.end_time"),
        Field("ELAPSED", "elapsed_seconds", "deployment.elapsed_seconds", is_right=True, drop=1),
        Field("JOB", "jobs", lambda row: " ".join(row.job_ids)),
    ]


def components(listing: Listing, display: Display) -> str:
    """Return a line a component, as many as fit the screen, and a tally."""
    page, fields = Page(display, all_with="--full"), list_component_fields(listing.as_of, display)
    count = tally_components(listing)
    _fold_table(page, fields, listing.shown, display.height, count, listing.notes, _count_stages)
    return page.content()


def tally_components(listing: Listing) -> str:
    """Return `2 of 124 components: 2 failed`; the stages of those shown are counted."""
    shown = f"{len(listing.shown)} of " if len(listing.shown) < listing.total else ""
    count = count_items(listing.total, "component")
    return ": ".join(filter(None, [shown + count, _count_stages(listing.shown)]))


def _count_stages(components: Iterable[Component]) -> str:
    stages = Counter(each.stage for each in components)
    return ", ".join(f"{stages[each]} {word}" for each, word in _TALLIED.items() if stages[each])


def count_items(number: int, what: str) -> str:
    """Return `no components`, `1 component` or `2 components`."""
    return describe_count(number, what) if number else f"no {what}s"


def deployments(history: ComponentHistory, display: Display) -> str:
    """Return the component, and a line for each job of its deployments, as many as fit."""
    page, component = Page(display, all_with="--full"), history.component
    last_job = f"last job {component.last_job_id}" if component.last_job_id else "no job yet"
    stage = component.stage
    status = f"{page.sign(stage)}{component.status or '(none)'}"
    page.print([(status, STAGE_STYLES[stage]), f"  {component.label}"])
    page.print(*describe_place(component), last_job, margin=INDENT)
    fields = list_deployment_fields(utc=display.utc)
    rows = [row for each in history.deployments or () for row in _split_jobs(each)]
    count = "" if history.deployments is None else tally_deployments(history)
    _fold_table(page, fields, rows, display.height, count, history.notes)
    return page.content()


def describe_place(component: Component) -> list[str]:
    """Return the application and the environment of a component, as far as they are known."""
    places = {
        "application": component.application_name or component.application_id,
        "environment": component.environment_name or component.environment_id,
    }
    return [f"{name} {place}" for name, place in places.items() if place]


def tally_deployments(history: ComponentHistory) -> str:
    """Return how many deployments there are, and how many of them are shown, if not all."""
    shown = len(history.deployments or ())
    count = count_items(history.total, "deployment")
    return count if shown == history.total else f"{shown} of {count}"


def _fold_table(
    page: Page,
    fields: Sequence[Field[Row]],
    rows: Sequence[Row],
    height: int | None,
    count: str,
    notes: Iterable[str],
    describe: Callable[[Sequence[Row]], str] = lambda _: "",
) -> None:
    """Print a table, and below it what stays on the screen; `describe` says what was left out."""
    end = page.blank()
    if count:
        end.print(count)
    for note in notes:
        end.note(note)
    page.gap()
    # A row is between both, and the last one is the prompt's.
    room = None if height is None else max(height - page.height - end.height - 2, 1)

    def draw(table: Page, shown: int) -> None:
        table.add_table(fields, rows[:shown])
        if hidden := rows[shown:]:
            what = [f"{len(hidden)} more", describe(hidden)]
            table.count_left_out(": ".join(filter(None, what)))

    if rows:
        page.add(page.fit(len(rows), room, draw))
        page.gap()
    page.add(end)


def _split_jobs(deployment: Deployment) -> Iterator[DeploymentRow]:
    first, *others = deployment.job_ids or [""]
    yield DeploymentRow(deployment, [first])
    yield from (DeploymentRow(Deployment(), [job_id]) for job_id in others)
