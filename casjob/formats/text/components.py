"""Components, their deployments, and recent jobs."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from casjob.components import ComponentHistory, Deployment, Listing
from casjob.formats.display import Display
from casjob.formats.text.fields import (
    list_component_fields,
    list_deployment_fields,
    list_recent_fields,
    stage_of_component,
)
from casjob.formats.text.page import Page, open_page
from casjob.formats.text.words import INDENT, STAGE_STYLES
from casjob.history import RecentJob, span_locations


def draw_components(listing: Listing, display: Display) -> str:
    """Return a line a component, and how many there are if not all of them are shown."""
    page = open_page(display)
    page.add_table(list_component_fields(listing.as_of, display), listing.components)
    _count(page, "components", len(listing.components), listing.total, listing.missing)
    return page.content()


def draw_deployments(history: ComponentHistory, display: Display) -> str:
    """Return the component, and a line for each job of its deployments."""
    page = open_page(display)
    component, deployments = history.component, history.deployments
    application = component.application_name or component.application_id
    environment = component.environment_name or component.environment_id
    facts = [
        f"application {application}" if application else "",
        f"environment {environment}" if environment else "",
        f"last job {component.last_job_id}" if component.last_job_id else "no job yet",
    ]
    stage = stage_of_component(component)
    status = f"{page.sign(stage)}{component.status or '(none)'}"
    page.print([(status, STAGE_STYLES[stage]), f"  {component.label}"])
    page.print(*filter(None, facts), margin=INDENT)
    if deployments is None:
        page.print([("note: ", "magenta"), "only v3 of the API lists the deployments"])
        return page.content()
    if deployments:
        page.gap()
        rows = [row for each in deployments for row in _split_jobs(each)]
        page.add_table(list_deployment_fields(utc=display.utc), rows)
    _count(page, "deployments", len(deployments), history.total, history.missing)
    return page.content()


def draw_recent(jobs: Sequence[RecentJob], now: datetime, display: Display) -> str:
    """Return a line a job, with the prefix that is enough to name it."""
    page = open_page(display)
    has_location = span_locations(jobs)
    fields = list_recent_fields(now, display)
    page.add_table([each for each in fields if has_location or each.key != "location"], jobs)
    return page.content()


def _split_jobs(deployment: Deployment) -> Iterator[Deployment]:
    """Yield a row for each job of a deployment, of which the first has all else."""
    rows = [Deployment.model_validate({"jobs": [{"job_id": each}]}) for each in deployment.job_ids]
    first = rows[0].jobs if rows else ()
    yield deployment.model_copy(update={"jobs": first})
    yield from rows[1:]


def _count(page: Page, what: str, shown: int, total: int, missing: int) -> None:
    """Print how many there are if not all of them are shown, and what the service left out."""
    count = total + missing
    if shown < count or not shown:
        page.gap()
        page.print(f"{shown} of {count} {what}" if count else f"no {what}")
    if missing:
        note = f"the service counts {missing} more than it sent"
        page.print([("note: ", "magenta"), note])
