"""What --verbose logs of requests and responses."""

import time
from collections.abc import Callable

import httpx

from casjob.api.auth import CANONICAL_REQUEST
from casjob.api.errors import REDIRECTED_TO, read_error_body
from casjob.api.redact import Redactor
from casjob.api.response import Response
from casjob.job.failures import clip

_SENT_AT = "casjob.sent_at"
"""The request extension with the monotonic time at which it was sent."""

_EXCERPT = 4000
"""Characters of a gateway's message that are logged."""


class Log:
    """Writes lines without secrets, if anywhere; it has the event hooks of an httpx client."""

    def __init__(self, write: Callable[[str], None] | None, redactor: Redactor) -> None:
        self.write = write
        self._redactor = redactor

    def on_request(self, request: httpx.Request) -> None:
        """Note when a request is sent, and its secrets."""
        request.extensions[_SENT_AT] = time.monotonic()
        self._redactor.learn(request.headers)

    def on_response(self, response: httpx.Response) -> None:
        """Log a response whose body is still to come."""
        if "Location" in response.headers:
            # httpx reads it even where it does not follow it, and fails if it is no address.
            response.headers[REDIRECTED_TO] = response.headers.pop("Location")
        self._redactor.learn(response.headers)
        request_id = response.headers.get("X-Request-Id")
        of = f" (request {clip(request_id)})" if request_id else ""
        self.add_outcome(response.request, f"HTTP {response.status_code}{of}")

    def add_outcome(self, request: httpx.Request, outcome: str) -> None:
        """Log what came of a request, and how long that took."""
        now = time.monotonic()
        seconds = now - request.extensions.get(_SENT_AT, now)
        self._add(f"{request.method} {request.url} -> {outcome} in {seconds:.3f}s")

    def add_refusal(self, request: httpx.Request, response: Response) -> None:
        """Log what casjob signed, beside what the gateway says it should have signed, if any."""
        if signed := request.extensions.get(CANONICAL_REQUEST):
            failure = read_error_body(response)
            said = (failure and failure.detail) or "nothing"
            excerpt = said if len(said) <= _EXCERPT else f"{said[:_EXCERPT]}…"
            self._add("casjob signed:", *signed.split("\n"))
            # It separates the lines of its canonical request by bars.
            self._add("the gateway said:", *excerpt.replace("|", "\n").split("\n"))

    def _add(self, line: str, *details: str) -> None:
        for each in (line, *(f"  {detail}" for detail in details)):
            if self.write:
                self.write(self._redactor.mask(each))
