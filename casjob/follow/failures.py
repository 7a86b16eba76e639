"""Failures in a row: which ones may pass, how long to wait after each, and when to give up."""

from casjob.errors import (
    CasjobError,
    ComponentDeletedError,
    ComponentNotFoundError,
    JobNotFoundError,
    NoSuchApiError,
    ReplyError,
    ReplyTimeoutError,
    ServiceError,
    TransientError,
)
from casjob.follow.intervals import grow

MAX_FAILURES = 10
"""Failures in a row that end following."""
MAX_RETRY_AFTER = 300.0
"""Seconds the service may ask for before a retry: its gateway counts requests in 5 minutes."""


class Failures:
    """Polls of one thing that failed in a row.

    Args:
        interval: seconds between two polls; None to let it grow.

    Attributes:
        count: how many there are.
    """

    def __init__(self, interval: float | None) -> None:
        self.count = 0
        self._pinned = interval
        self._interval = 0.0

    def forget(self) -> None:
        """Begin anew, after a poll that went well."""
        self.count, self._interval = 0, 0.0

    def add(self, error: CasjobError, *, is_known: bool) -> float | None:
        """Count a failure, and return the seconds to wait before the next poll; None to give up.

        Args:
            error: why the poll failed.
            is_known: whether the service has shown what is polled, or named it, before.
        """
        self.count += 1
        if self.count >= MAX_FAILURES or not _may_pass(error, is_known=is_known):
            return None
        self._interval = grow(self._interval)
        asked = (error.retry_after if isinstance(error, TransientError) else None) or 0.0
        return max(self._pinned or self._interval, min(asked, MAX_RETRY_AFTER))

    def explain(self, error: CasjobError) -> None:
        """Add to the last error that there were others, if that is why polling ends."""
        if self.count >= MAX_FAILURES:
            error.message = f"gave up after {MAX_FAILURES} failures in a row: {error.message}"


def _may_pass(error: CasjobError, *, is_known: bool) -> bool:
    match error:
        case TransientError() | ReplyTimeoutError() | ReplyError():
            return True
        case ComponentDeletedError():
            return False
        case ServiceError():
            # What points at wrong settings in the first poll may pass later: a laptop that wakes
            # up meets names that do not resolve, and networks that want a login first.
            return is_known
        case JobNotFoundError() | ComponentNotFoundError() | NoSuchApiError():
            # One of several servers behind a gateway may not have it yet, or not for a moment.
            return is_known
        case _:
            return False
