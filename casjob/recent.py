"""The jobs looked at from this machine, for any format."""

from collections.abc import Iterable
from datetime import datetime
from itertools import takewhile
from typing import NamedTuple

SHORTEST_PREFIX = 6
"""Characters of an id that are enough to name a recent job, if no other has them."""


class RecentJob(NamedTuple):
    """A job that was looked at.

    Args:
        job_id: the job.
        looked_at: when, in UTC.
        name: JOB_NAME, printable; None if it is unknown.
        status: EXECUTION_STATUS at that time, printable; None if it is unknown.
        location: the region or endpoint's host that has it, or the demo; None if it is unknown.
        prefix: the shortest of the id that names no other recent job; the whole id if it is a
            prefix of another one.
    """

    job_id: str
    looked_at: datetime
    name: str | None
    status: str | None
    location: str | None
    prefix: str


def are_scattered(jobs: Iterable[RecentJob]) -> bool:
    """Return whether jobs are in more than one location, so that each should be named."""
    return len({job.location for job in jobs}) > 1


def find_prefixes(job_ids: Iterable[str]) -> dict[str, str]:
    """Return the shortest unique prefix of each id; the id itself if it is a prefix of another."""
    ordered = sorted(job_ids)
    prefixes = {}
    for before, job_id, after in zip(["", *ordered], ordered, [*ordered[1:], ""], strict=False):
        # Its neighbours in this order have the longest prefixes in common with it.
        shared = max(_count_shared(job_id, before), _count_shared(job_id, after))
        prefixes[job_id] = job_id[: max(shared + 1, SHORTEST_PREFIX)]
    return prefixes


def _count_shared(one: str, other: str) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
