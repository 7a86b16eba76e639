"""How fast requests may follow one another, within the gateway's limits."""

import threading
import time
from collections.abc import Callable

BURST = 40.0
RATE = 0.5
"""Requests a second after the burst; both together make 190 in any 5 minutes."""


class Pace:
    """Bounds the rate of requests, whichever thread sends them.

    The gateway allows a user 200 requests in 5 minutes, and an address 5 a second (seen with
    APIGW.0308). A burst followed by a steady rate stays below both.

    Args:
        gap: the least seconds between two requests.
        burst: how many requests may be sent before the rate applies.
        rate: requests a second after that.
        clock: returns monotonic time in seconds.
        sleep: waits that many seconds.
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
        self._last = self._refilled = clock() - gap

    def wait(self) -> None:
        """Wait until the next request may be sent."""
        self._sleep(self._reserve())

    def slow_down(self) -> None:
        """Keep within the gateway's known limit from now on, as the service asks for that."""
        with self._lock:
            self._rate = min(self._rate, RATE)
            self._burst = min(self._burst, BURST)
            self._left = min(self._left, 0.0)

    def _reserve(self) -> float:
        with self._lock:
            now = self._clock()
            self._left = min(self._burst, self._left + (now - self._refilled) * self._rate) - 1
            self._refilled = now
            owed = max(0.0, -self._left / self._rate)
            self._last = max(now + owed, self._last + self._gap)
            return self._last - now
