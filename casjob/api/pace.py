"""How fast requests may follow one another, within the gateway's limits."""

import threading
import time
from collections.abc import Callable

BURST = 45.0
RATE = 0.5
"""Requests a second after the burst: with it, fewer than 200 in any 5 minutes."""

_SHORTEST_SLEEP = 0.001


class Pace:
    """Bounds the rate of requests, whichever thread sends them.

    The gateway allows a user 200 requests in 5 minutes, and an address 5 a second (seen with
    APIGW.0308). A burst followed by a steady rate stays below both.

    Args:
        gap: seconds at least between two requests.
        burst: how many requests may be sent before the rate applies.
        rate: requests a second after that.
        clock: returns monotonic time in seconds.
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
        self._queue = threading.Lock()
        self._left = burst
        self._last = self._refilled = clock() - gap

    def wait(self) -> None:
        """Wait until the next request may be sent."""
        with self._queue:
            # A slow_down() during the sleep may have made the wait longer.
            while seconds := self._take():
                self._sleep(seconds)

    def slow_down(self) -> None:
        """Keep within the gateway's known limit from now on, as the service asks for that."""
        with self._lock:
            self._rate = min(self._rate, RATE)
            self._burst = min(self._burst, BURST)
            self._left = min(self._left, 0.0)

    def _take(self) -> float:
        """Take the turn if a request may be sent now; else return the seconds to wait."""
        with self._lock:
            now = self._clock()
            self._left = min(self._burst, self._left + (now - self._refilled) * self._rate)
            self._refilled = now
            seconds = max((1 - self._left) / self._rate, self._last + self._gap - now)
            if seconds > 0:
                # Rounding may leave a wait that is too short for the clock to notice.
                return max(seconds, _SHORTEST_SLEEP)
            self._left -= 1
            self._last = now
            return 0.0
