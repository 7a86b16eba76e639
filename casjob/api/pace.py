"""When requests are sent: at a pace within the gateway's limits, and again if they fail."""

import math
import random
import threading
import time
from collections.abc import Callable
from typing import NamedTuple, TypeVar

from casjob.errors import TransientError

BURST = 45.0
RATE = 0.5  # requests a second after the burst: with it, fewer than 200 in any 5 minutes

_Value = TypeVar("_Value")


class Pace:
    """Lets a burst of requests pass, then a steady rate a second, a gap of seconds apart.

    After a rest, a second request passes at once: it mostly confirms what the first one found. The
    gateway allows a user 200 requests in 5 minutes, and an address 5 a second (seen with
    APIGW.0308). All threads share a pace.
    """

    def __init__(
        self,
        *,
        gap: float = 0.25,
        burst: float = BURST,
        rate: float = RATE,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._gap = gap
        self._burst = burst
        self._rate = rate
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._left = burst
        self._refilled = clock()
        self._last = -math.inf

    def wait(self) -> None:
        """Wait until the next request may be sent."""
        with self._lock:
            now = self._clock()
            self._left = min(self._burst, self._left + (now - self._refilled) * self._rate)
            self._refilled = now
            # A turn is taken at once, and used when it comes.
            self._left -= 1
            self._last = max(now - self._gap, self._last + self._gap, now - self._left / self._rate)
            seconds = max(0.0, self._last - now)
        self._sleep(seconds)

    def slow_down(self) -> None:
        """Keep within the gateway's known limit from now on, as the service asks for that."""
        with self._lock:
            self._rate = min(self._rate, RATE)
            self._burst = min(self._burst, BURST)
            self._left = min(self._left, 0.0)


class RetryPolicy(NamedTuple):
    """How often to retry, and how many seconds to wait before; `pace` may wait before each attempt.

    Only a `TransientError` is retried: network failures, HTTP 429 and 5xx. A 401 never is,
    since five failures in a row lock an access key (API gateway, APIGW.0301).
    """

    retries: int = 3
    first_wait: float = 0.5
    longest_wait: float = 8.0
    longest_retry_after: float = 60.0
    pace: Callable[[], None] = lambda: None

    def call(
        self,
        attempt: Callable[[], _Value],
        *,
        notify: Callable[[int, str], None],
        sleep: Callable[[float], None] = time.sleep,
    ) -> _Value:
        """Return what an attempt returns; `notify` gets each retry's number and a message."""
        retry, longest = 1, self.first_wait
        while True:
            self.pace()
            try:
                return attempt()
            except TransientError as error:
                asked = error.retry_after or 0.0
                if retry > self.retries or asked > self.longest_retry_after:
                    raise
                # Half of it at random, so that many pipelines do not retry at the same moment;
                # what the service asks for is the same for all of them.
                wait = asked + longest * random.uniform(0.5, 1)  # noqa: S311 - nothing secret
                told = f"{error.message}; retrying in {wait:.1f}s ({retry} of {self.retries})"
                notify(retry, told)
            sleep(wait)
            retry, longest = retry + 1, min(longest * 2, self.longest_wait)
