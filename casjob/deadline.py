"""The deadline that `--timeout` sets, and waiting that ends by then."""

import math
import threading
import time
from collections.abc import Callable
from concurrent.futures import wait
from typing import TypeVar

from casjob.background import run_in_thread
from casjob.durations import format_duration
from casjob.errors import TimedOutError

_Value = TypeVar("_Value")


class Deadline:
    """The moment at which a run's time is up.

    Attributes:
        seconds: how long the run may take; None for a run without a timeout.
        moment: in seconds of the monotonic clock.
    """

    def __init__(self, seconds: float | None) -> None:
        self.seconds = seconds
        self.moment = math.inf if seconds is None else time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds that are left."""
        return max(0.0, self.moment - time.monotonic())

    def wait_for(self, what: str, call: Callable[[], _Value]) -> _Value:
        """Return the result of a call, which runs in a thread that is left behind if time is up.

        Raises:
            TimedOutError: time is up; the error names what was waited for.
        """
        future = run_in_thread(call)
        if not wait([future], timeout=min(self.left, threading.TIMEOUT_MAX)).done:
            self.check(what)
        return future.result()

    def check(self, what: str) -> None:
        """Raise an error if time is up.

        Raises:
            TimedOutError: time is up; the error names what was waited for.
        """
        if self.seconds is not None and not self.left:
            timeout = format_duration(self.seconds)
            raise TimedOutError(f"--timeout {timeout} passed while waiting for {what}")


NEVER = Deadline(None)
"""For a run without a timeout."""
