"""Calls in threads of their own, so that their callers can stop waiting, as at a deadline."""

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, wait
from typing import TypeVar

from casjob.durations import format_duration
from casjob.errors import TimedOutError

_Value = TypeVar("_Value")


def run_in_thread(call: Callable[[], _Value]) -> "Future[_Value]":
    """Run a call in a thread of its own.

    The thread is a daemon, since a hanging read must block neither Ctrl-C nor the end of the
    program; an executor's threads would be waited for.
    """
    future: Future[_Value] = Future()

    def run() -> None:
        try:
            future.set_result(call())
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future


def run_side_by_side(calls: Iterable[Callable[[], _Value]], at_a_time: int) -> Iterator[_Value]:
    """Yield what calls return, in their order; so many are under way or waited for at a time."""
    running: deque[Future[_Value]] = deque()
    for call in calls:
        running.append(run_in_thread(call))
        if len(running) == at_a_time:
            yield running.popleft().result()
    while running:
        yield running.popleft().result()


class Deadline:
    """The moment at which a run's time is up, as `--timeout` sets it.

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
