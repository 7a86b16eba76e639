"""The jobs viewed on this machine."""

from collections.abc import Sequence
from datetime import datetime

from casjob.formats.display import Display
from casjob.formats.text.fields import NAME_WIDTH, Field, describe_age
from casjob.formats.text.page import open_page
from casjob.history import RecentJob, span_locations
from casjob.job.statuses import stage_of


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


def draw_recent(jobs: Sequence[RecentJob], now: datetime, display: Display) -> str:
    """Return a line a job, with the prefix that is enough to name it."""
    page = open_page(display)
    has_location = span_locations(jobs)
    fields = list_recent_fields(now, display)
    page.add_table([each for each in fields if has_location or each.key != "location"], jobs)
    return page.content()
