"""The sample service as an httpx transport: requests go to it and never to a network."""

import itertools
import json
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx

from casjob.demo import jobs
from casjob.demo.builds import list_builds
from casjob.demo.replies import Samples, answer

ENDPOINT = "https://servicestage.demo.invalid"
"""A host that can't exist, so a request that strays from the transport reaches nobody."""


class SampleService(httpx.BaseTransport):
    """Responds like the job API, for any host, project and credentials.

    The jobs that run begin with the first request. It may be used by several threads.

    Args:
        clock: seconds from any start, never going back; how far the running jobs have come.
        now: the time in UTC; the `Date` of replies, and when the running jobs began.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._clock = clock
        self._now = now
        self._lock = threading.Lock()
        self._opened: tuple[float, datetime] | None = None
        self._request_numbers = itertools.count(1)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Respond to a request, without a network."""
        request_id = f"{next(self._request_numbers):032x}"
        opened, now = self._moment()
        status, body = answer(
            request.method,
            request.url.path,
            request.url.params,
            Samples(
                lambda job_id: jobs.find(job_id, opened, now),
                lambda: jobs.list_components(opened, now),
                lambda: list_builds(opened, now),
            ),
            request_id,
        )
        headers = {
            "Content-Type": "application/json",
            "Date": format_datetime(self._now(), usegmt=True),
            "X-Request-Id": request_id,
        }
        # A stream, as from a network: content would count as read.
        content = httpx.ByteStream(json.dumps(body).encode())
        return httpx.Response(status, headers=headers, stream=content)

    def _moment(self) -> tuple[datetime, datetime]:
        """Return when the first request came, and the time since then added to it."""
        with self._lock:
            if self._opened is None:
                self._opened = self._clock(), self._now()
        start, opened = self._opened
        return opened, opened + timedelta(seconds=self._clock() - start)
