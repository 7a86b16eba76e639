"""What --verbose logs of requests and responses. The caller masks the secrets."""

import time
from collections.abc import Iterator

import httpx

from casjob.api.auth import CANONICAL_REQUEST
from casjob.api.errors import read_error_body
from casjob.api.response import Response
from casjob.job.failures import clip

_SENT_AT = "casjob.sent_at"
"""The request extension with the monotonic time at which it was sent."""

_EXCERPT = 4000
"""Characters of a gateway's message that are logged."""


def start_clock(request: httpx.Request) -> None:
    """Note when a request is sent; an event hook of httpx."""
    request.extensions[_SENT_AT] = time.monotonic()


def describe_response(response: httpx.Response) -> str:
    """Return a line about a response whose body is still to come."""
    request_id = response.headers.get("X-Request-Id")
    of = f" (request {clip(request_id)})" if request_id else ""
    return describe_outcome(response.request, f"HTTP {response.status_code}{of}")


def describe_outcome(request: httpx.Request, outcome: str) -> str:
    """Return a line about a request: what came of it, and how long that took."""
    now = time.monotonic()
    seconds = now - request.extensions.get(_SENT_AT, now)
    return f"{request.method} {request.url} -> {outcome} in {seconds:.3f}s"


def compare_signed(request: httpx.Request, response: Response) -> Iterator[str]:
    """Yield what casjob signed, beside what the gateway says it should have signed, if any."""
    canonical = request.extensions.get(CANONICAL_REQUEST)
    if canonical is None:
        return
    yield "casjob signed:"
    yield from (f"  {line}" for line in canonical.split("\n"))
    yield "the gateway said:"
    failure = read_error_body(response)
    said = (failure and failure.detail) or "nothing"
    excerpt = said if len(said) <= _EXCERPT else f"{said[:_EXCERPT]}…"
    # It separates the lines of its canonical request by bars.
    yield from (f"  {line}" for line in excerpt.replace("|", "\n").split("\n"))
