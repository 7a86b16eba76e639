"""What --verbose logs of requests and responses. The caller masks the secrets."""

from collections.abc import Iterator

import httpx

from casjob.api.auth import CANONICAL_REQUEST
from casjob.api.exchange import Response
from casjob.api.refusals import find_request_id, read_error_body
from casjob.job.failures import clip

_EXCERPT = 4000
"""Characters of a gateway's message that are logged."""


def describe_exchange(request: httpx.Request, outcome: str, seconds: float) -> str:
    """Return a line about a request: its outcome, and how long it took."""
    return f"{request.method} {request.url} -> {outcome} in {seconds:.3f}s"


def describe_outcome(response: Response) -> str:
    """Return the status of a response, and the request's id."""
    request_id = find_request_id(response)
    of = f" (request {clip(request_id)})" if request_id else ""
    return f"HTTP {response.status}{of}"


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
