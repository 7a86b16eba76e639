"""Components, and their deployments."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from casjob.components import Component, ComponentHistory, Deployment, Health, Listing
from casjob.formats.display import Display
from casjob.formats.text.page import Page
from casjob.formats.text.phrases import format_moment
from casjob.formats.text.table import NAME_WIDTH, Field, describe_age
from casjob.formats.text.words import INDENT, STAGE_STYLES
from casjob.job.statuses import Stage

_HEALTH_STAGES = {
    Health.WELL: Stage.ENDED_WELL,
    Health.BAD: Stage.ENDED_BADLY,
    Health.CHANGING: Stage.UNDER_WAY,
    Health.IDLE: Stage.SKIPPED,
    Health.UNKNOWN: Stage.UNDECIDED,
}


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
        Field("STATUS", "status", "status", empty="(none)", stage=_find_stage),
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
        Field("STATUS", "status", "deployment.status"),
        Field(None, "deploy_type", "deployment.deploy_type"),
        Field(
            "IN USE", "current_used", lambda row: "yes" if row.deployment.is_in_use else "", drop=3
        ),
        Field("BEGAN", "begin_time", "deployment.begin_time", show=began, drop=2),
        Field(None, "end_time", "deployment.end_time"),
        Field("TOOK", "elapsed_seconds", "deployment.elapsed_seconds", is_right=True, drop=1),
        Field("JOB", "jobs", lambda row: " ".join(row.job_ids)),
    ]


def components(listing: Listing, display: Display) -> str:
    """Return a line a component, and how many there are if not all of them are shown."""
    page = Page(display)
    page.add_table(list_component_fields(listing.as_of, display), listing.components)
    _count(page, "components", len(listing.components), listing.total, listing.missing)
    return page.content()


def deployments(history: ComponentHistory, display: Display) -> str:
    """Return the component, and a line for each job of its deployments."""
    page = Page(display)
    component, deployments = history.component, history.deployments
    last_job = f"last job {component.last_job_id}" if component.last_job_id else "no job yet"
    stage = _find_stage(component)
    status = f"{page.sign(stage)}{component.status or '(none)'}"
    page.print([(status, STAGE_STYLES[stage]), f"  {component.label}"])
    page.print(*describe_place(component), last_job, margin=INDENT)
    if deployments is None:
        page.print([("note: ", "magenta"), "only v3 of the API lists the deployments"])
        return page.content()
    if deployments:
        page.gap()
        rows = [row for each in deployments for row in _split_jobs(each)]
        page.add_table(list_deployment_fields(utc=display.utc), rows)
    _count(page, "deployments", len(deployments), history.total, history.missing)
    return page.content()


def describe_place(component: Component) -> list[str]:
    """Return the application and the environment of a component, as far as they are known."""
    places = {
        "application": component.application_name or component.application_id,
        "environment": component.environment_name or component.environment_id,
    }
    return [f"{name} {place}" for name, place in places.items() if place]


def _find_stage(component: Component) -> Stage:
    """Return the stage of a job whose sign and colour a component has."""
    return _HEALTH_STAGES[component.health]


def _split_jobs(deployment: Deployment) -> Iterator[DeploymentRow]:
    first, *others = deployment.job_ids or [""]
    yield DeploymentRow(deployment, [first])
    yield from (DeploymentRow(Deployment(), [job_id]) for job_id in others)


def _count(page: Page, what: str, shown: int, total: int, missing: int) -> None:
    """Print how many there are if not all of them are shown, and what the service left out."""
    count = total + missing
    if shown < count or not shown:
        page.gap()
        page.print(f"{shown} of {count} {what}" if count else f"no {what}")
    if missing:
        note = f"the service counts {missing} more than it sent"
        page.print([("note: ", "magenta"), note])
