"""How fast requests may follow one another, within the gateway's limits."""

import math
import threading
import time
from collections.abc import Callable

BURST = 45.0
RATE = 0.5  # requests a second after the burst: with it, fewer than 200 in any 5 minutes


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
