"""How to follow jobs."""

from typing import NamedTuple

from casjob.deadline import NEVER, Deadline


class Plan(NamedTuple):
    """How to follow jobs.

    Args:
        interval: seconds between two polls of a job; None to let it grow and shrink.
        deadline: when to stop in any case.
        fail_fast: whether to stop at the first failed task or job.
        wait_for_job: seconds for which a job need not exist yet.
        is_named_by_service: whether the service itself named the jobs; if it does not find one
            then, that may pass.
        status_only: whether to poll a job's status without its tasks until it has ended.
        reminder: seconds between two reminders of the jobs that have not ended; None for none.
        tick: the longest time in seconds between two chances to draw; None if nothing is drawn.
    """

    interval: float | None = None
    deadline: Deadline = NEVER
    fail_fast: bool = False
    wait_for_job: float = 0.0
    is_named_by_service: bool = False
    status_only: bool = False
    reminder: float | None = None
    tick: float | None = None
