"""How jobs are to be followed."""

from typing import NamedTuple


class Plan(NamedTuple):
    """How to follow.

    Args:
        interval: seconds between two looks at a job; None to let it grow and shrink.
        timeout: seconds for the whole; None for none.
        fail_fast: whether the first failed task or job ends it.
        wait_for_job: seconds for which a job need not be there yet.
        status_only: whether the jobs' statuses are enough, as long as they have not ended.
        tick: seconds after which there is a moment to draw, whatever happens; None for whenever.
    """

    interval: float | None = None
    timeout: float | None = None
    fail_fast: bool = False
    wait_for_job: float = 0.0
    status_only: bool = False
    tick: float | None = None
