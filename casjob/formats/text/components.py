"""Components, their deployments, and recent jobs: tables that fit the width of the terminal."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from casjob.components import Component, ComponentHistory, Deployment, Health, Listing
from casjob.durations import format_age
from casjob.formats.display import Display
from casjob.formats.text.page import INDENT, STAGE_STYLES, Page
from casjob.formats.text.phrases import format_elapsed, format_moment
from casjob.formats.text.styled import Text
from casjob.job.statuses import Stage, stage_of
from casjob.recent import RecentJob, are_scattered

_GAP = "  "
_LONGEST_NAME = 40
"""Cells of a name on a terminal; a pipe has all of it."""

_LOOKS = {
    Health.WELL: Stage.ENDED_WELL,
    Health.BAD: Stage.ENDED_BADLY,
    Health.CHANGING: Stage.UNDER_WAY,
    Health.IDLE: Stage.SKIPPED,
    Health.UNKNOWN: Stage.UNDECIDED,
}
"""A component's sign and colour are those of a job's stage."""


class _Column(NamedTuple):
    """A column.

    Args:
        heading: its name.
        cells: one a row.
        dropped: its turn to go where the terminal is narrow; 0 for never.
        is_right: whether its cells stand at its right edge.
    """

    heading: str
    cells: Sequence[Text]
    dropped: int = 0
    is_right: bool = False

    @property
    def width(self) -> int:
        return max(len(self.heading), *(cell.cell_len for cell in self.cells))

    def align(self, cell: Text, width: int) -> tuple[str | Text, str | Text]:
        blanks = " " * (width - cell.cell_len)
        return (blanks, cell) if self.is_right else (cell, blanks)


def draw_components(listing: Listing, display: Display) -> str:
    """Return a line a component, and how many there are if not all of them are shown."""
    page = _open_page(display)
    components = listing.components

    def texts(values: Iterable[str | None]) -> list[Text]:
        return [_compose_name(page, value) for value in values]

    def updated(component: Component) -> Text:
        moment = component.updated
        return Text(_describe_moment(moment, listing.as_of, display) if moment else "")

    columns = [
        _Column("COMPONENT", texts(each.label for each in components)),
        _Column(
            "APPLICATION",
            texts(each.application_name or each.application_id for each in components),
            dropped=4,
        ),
        _Column(
            "ENVIRONMENT",
            texts(each.environment_name or each.environment_id for each in components),
            dropped=3,
        ),
        _Column("VERSION", texts(each.version for each in components), dropped=2),
        _Column("STATUS", [_draw_status(page, each) for each in components]),
        _Column("REASON", texts(each.fail_detail for each in components), dropped=5),
        _Column("LAST JOB", [page.compose(each.last_job_id or "") for each in components]),
        _Column("UPDATED", [updated(each) for each in components], dropped=1),
    ]
    _draw_table(page, columns)
    shown = len(components)
    count = listing.total + listing.missing
    if not components or shown < count:
        page.gap()
        page.print(page.compose(f"{shown} of {count} components" if count else "no components"))
    _note_missing(page, listing.missing)
    return page.content()


def draw_deployments(history: ComponentHistory, display: Display) -> str:
    """Return the component, and a line for each job of its deployments."""
    page = _open_page(display)
    component, deployments = history.component, history.deployments
    application = component.application_name or component.application_id
    environment = component.environment_name or component.environment_id
    facts = [
        f"application {application}" if application else "",
        f"environment {environment}" if environment else "",
        f"last job {component.last_job_id}" if component.last_job_id else "no job yet",
    ]
    page.print(Text.assemble(_draw_status(page, component), "  ", page.compose(component.label)))
    page.print(*(page.compose(fact) for fact in facts if fact), margin=INDENT)
    if deployments is None:
        note = "only v3 of the API lists the deployments"
        page.print(page.compose(("note: ", "magenta"), note))
        return page.content()
    if deployments:
        page.gap()
        _draw_table(page, _lay_out_deployments(page, deployments, utc=display.utc))
    count = history.total + history.missing
    if len(deployments) < count or not deployments:
        page.gap()
        shown = f"{len(deployments)} of {count} deployments" if count else "no deployments"
        page.print(page.compose(shown))
    _note_missing(page, history.missing)
    return page.content()


def _lay_out_deployments(
    page: Page, deployments: Sequence[Deployment], *, utc: bool
) -> list[_Column]:
    # A deployment has a row for each of its jobs; all but the last column are in the first one.
    rows = [
        (each if not place else None, job_id)
        for each in deployments
        for place, job_id in enumerate(each.job_ids or ("",))
    ]

    def began(each: Deployment) -> str:
        return format_moment(each.began, utc=utc) if each.began else each.begin_time or ""

    def took(each: Deployment) -> str:
        return "" if each.elapsed_seconds is None else format_elapsed(each.elapsed_seconds)

    firsts = [each for each, _ in rows]
    return [
        _Column("VERSION", [page.compose((each and each.version) or "") for each in firsts]),
        _Column("STATUS", [page.compose((each and each.status) or "") for each in firsts]),
        _Column(
            "IN USE",
            [Text("yes" if each and each.is_in_use else "") for each in firsts],
            dropped=3,
        ),
        _Column("BEGAN", [page.compose(began(each) if each else "") for each in firsts], dropped=2),
        _Column(
            "TOOK",
            [Text(took(each) if each else "") for each in firsts],
            dropped=1,
            is_right=True,
        ),
        _Column("JOB", [page.compose(job_id) for _, job_id in rows]),
    ]


def draw_recent(jobs: Sequence[RecentJob], now: datetime, display: Display) -> str:
    """Return a line a job, with the prefix that is enough to name it."""
    page = _open_page(display)

    def job_id(job: RecentJob) -> Text:
        return page.compose((job.prefix, "bold"), job.job_id.removeprefix(job.prefix))

    def status(job: RecentJob) -> Text:
        stage = stage_of(job.status)
        return Text.assemble(
            page.mark(stage), page.compose((job.status or "", STAGE_STYLES[stage]))
        )

    columns = [
        _Column("PREFIX", [page.compose(job.prefix) for job in jobs], dropped=1),
        _Column("STATUS", [status(job) for job in jobs]),
        _Column("LOOKED AT", [Text(_describe_moment(job.looked_at, now, display)) for job in jobs]),
        _Column("JOB", [job_id(job) for job in jobs]),
        _Column("NAME", [_compose_name(page, job.name) for job in jobs], dropped=2),
    ]
    if are_scattered(jobs):
        locations = [page.compose(job.location or "") for job in jobs]
        columns.append(_Column("LOCATION", locations, dropped=3))
    _draw_table(page, columns)
    return page.content()


def _open_page(display: Display) -> Page:
    return Page(width=display.width, encoding=display.encoding, is_colored=display.is_colored)


def _compose_name(page: Page, name: str | None) -> Text:
    """Return a name, which on a terminal must not drive out the columns of all other rows."""
    text = page.compose(name or "")
    return text if page.width is None else page.squeeze(text, _LONGEST_NAME)


def _describe_moment(moment: datetime, now: datetime, display: Display) -> str:
    if display.is_terminal:
        return f"{format_age((now - moment).total_seconds())} ago"
    return format_moment(moment, utc=display.utc)


def _draw_status(page: Page, component: Component) -> Text:
    stage = _LOOKS[component.health]
    words = page.compose((component.status or "(none)", STAGE_STYLES[stage]))
    return Text.assemble(page.mark(stage), words)


def _note_missing(page: Page, missing: int) -> None:
    if missing:
        note = f"the service counts {missing} more than it sent"
        page.print(page.compose(("note: ", "magenta"), note))


def _draw_table(page: Page, columns: Sequence[_Column]) -> None:
    """Draw the columns that say anything, without those that have no room."""
    columns = [column for column in columns if any(cell.plain for cell in column.cells)]
    if not columns:
        return
    widths = {column.heading: column.width for column in columns}
    for turn in sorted(column.dropped for column in columns if column.dropped):
        taken = sum(widths[column.heading] + len(_GAP) for column in columns) - len(_GAP)
        if page.width is None or taken <= page.width:
            break
        columns = [column for column in columns if column.dropped != turn]
    headings = [page.compose((column.heading, "dim")) for column in columns]
    for cells in [headings, *zip(*(column.cells for column in columns), strict=True)]:
        parts: list[str | Text] = []
        for column, cell in zip(columns, cells, strict=True):
            parts += [*column.align(cell, widths[column.heading]), _GAP]
        page.print(Text.assemble(*parts).rstrip())
