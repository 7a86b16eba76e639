"""Components, and their deployments."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
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
    Stage.ENDED_BADLY: "failed",
    Stage.UNDER_WAY: "changing",
    Stage.ENDED_WELL: "running",
    Stage.SKIPPED: "stopped",
    Stage.UNDECIDED: "unknown",
}
"""What a tally calls components, by the stage that their status is like."""


def list_component_fields(now: datetime, display: Display) -> list[Field[Component]]:
    """Return the fields of components."""
    name = Field[Component]("", None, "", max_width=NAME_WIDTH, overflow="middle")
    return [
        name._replace(
            heading="COMPONENT", key="name", read="name", show=lambda each: each.label, narrow=6
        ),
        name._replace(
            heading="APPLICATION",
            key="application_name",
            read="application_name",
            show=lambda each: each.application_name or each.application_id,
            drop=4,
        ),
        name._replace(
            heading="ENVIRONMENT",
            key="environment_name",
            read="environment_name",
            show=lambda each: each.environment_name or each.environment_id,
            drop=3,
        ),
        name._replace(heading="VERSION", key="version", read="version", drop=2),
        Field(
            "COMPONENT STATUS", "status", "status", empty="(none)", stage=lambda each: each.stage
        ),
        name._replace(heading="REASON", key="fail_detail", read="fail_detail", drop=5),
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
    page = Page(display, all_with="--full")
    end = page.blank()
    end.print(tally_components(listing))
    for note in listing.notes:
        end.note(note)
    fields = list_component_fields(listing.as_of, display)
    _fold_table(page, fields, listing.shown, display.height, end, _count_stages)
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
    end = page.blank()
    if history.deployments is not None:
        end.print(tally_deployments(history))
    for note in history.notes:
        end.note(note)
    rows = [row for each in history.deployments or () for row in _split_jobs(each)]
    _fold_table(page, list_deployment_fields(utc=display.utc), rows, display.height, end)
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
    end: Page,
    describe: Callable[[Sequence[Row]], str] = lambda _: "",
) -> None:
    """Print a table, and an end that stays on the screen; `describe` says what was left out."""
    page.gap()
    # A row is between both, and the last one is the prompt's.
    room = None if height is None else max(height - page.height - end.height - 2, 1)

    def draw(table: Page, count: int) -> None:
        table.add_table(fields, rows[:count])
        if hidden := rows[count:]:
            what = [f"{len(hidden)} more", describe(hidden)]
            table.count_left_out(": ".join(filter(None, what)))

    if rows:
        count = len(rows) if room is None else min(len(rows), room)
        page.add(page.fit(count, room, draw))
        page.gap()
    page.add(end)


def _split_jobs(deployment: Deployment) -> Iterator[DeploymentRow]:
    first, *others = deployment.job_ids or [""]
    yield DeploymentRow(deployment, [first])
    yield from (DeploymentRow(Deployment(), [job_id]) for job_id in others)
