"""The deadline that `--timeout` sets, and waiting that ends by then."""

import math
import threading
import time
from collections.abc import Callable
from concurrent.futures import wait
from typing import TypeVar

from casjob.background import run_aside
from casjob.durations import format_duration
from casjob.errors import TimedOutError

_Value = TypeVar("_Value")


class Deadline:
    """The moment at which a run's time is up.

    Args:
        seconds: from now on; None for a run without a timeout.

    Attributes:
        seconds: as given.
        moment: monotonic seconds.
    """

    def __init__(self, seconds: float | None) -> None:
        self.seconds = seconds
        self.moment = math.inf if seconds is None else time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds that are left."""
        return max(0.0, self.moment - time.monotonic())

    def wait_for(self, what: str, call: Callable[[], _Value]) -> _Value:
        """Return the result of a call, or abandon the call at the deadline.

        Args:
            what: names what is waited for.
            call: runs in a thread of its own.

        Raises:
            TimedOutError: time is up.
        """
        future = run_aside(call)
        if not wait([future], timeout=min(self.left, threading.TIMEOUT_MAX)).done:
            self.check(what)
        return future.result()

    def check(self, what: str) -> None:
        """Raise an error if time is up.

        Args:
            what: names what was waited for.

        Raises:
            TimedOutError: time is up.
        """
        if self.seconds is not None and not self.left:
            timeout = format_duration(self.seconds)
            raise TimedOutError(f"--timeout {timeout} passed while waiting for {what}")


NEVER = Deadline(None)
"""For a run without a timeout."""
