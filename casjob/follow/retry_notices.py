"""Says that replies fail and casjob tries again, without flooding."""

import time
from collections.abc import Callable

from casjob.job.events import Retry
from casjob.notices import Notices

QUIET = 30.0
"""Seconds after a notice in which no further one is said."""


class RetryNotices:
    """Says the first failure, and then one in a while.

    Args:
        notices: where to say it.
        clock: tells monotonic time in seconds.
    """

    def __init__(self, notices: Notices, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._notices = notices
        self._clock = clock
        self._said_at = -QUIET
        self._unsaid = 0

    def tell(self, retry: Retry) -> None:
        """Say it, or count it."""
        now = self._clock()
        if now - self._said_at < QUIET:
            self._unsaid += 1
            return
        failures = "failure" if self._unsaid == 1 else "failures"
        more = f" ({self._unsaid} more {failures} since the last notice)" if self._unsaid else ""
        self._notices.say(f"{retry.words}; retrying{more}")
        self._said_at, self._unsaid = now, 0
