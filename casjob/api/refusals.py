"""Explains responses that are not a success: from an HTTP status to an error."""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import NamedTuple

from casjob.api.exchange import Response
from casjob.api.headers import read_retry_after
from casjob.errors import (
    AuthenticationError,
    CasjobError,
    ForbiddenError,
    NoSuchApiError,
    ServiceError,
    TransientError,
)
from casjob.job.failures import Failure, clip, describe_failure, read_failure
from casjob.json_text import decode

WHERE_FROM = "casjob config shows where they are set"
REDIRECT_HINT = (
    "redirects are not followed, since credentials would go with them;"
    " set the endpoint to the service's actual address"
)
_CHECK_ALL = "check the arguments and the options; casjob config shows the settings in force"

_NO_SUCH_API = "APIGW.0101"
_THROTTLED = "APIGW.0308"

_HINTS = {
    _NO_SUCH_API: "the endpoint or the API version is wrong, or the API is not published in this"
    " region; casjob config shows where they are set",
    "APIGW.0302": "this user may not call the API",
    "APIGW.0304": "this app may not call the API",
    "APIGW.0306": "access to the API is denied",
    _THROTTLED: "the limits are 200 requests in 5 minutes per user, and 5 a second per address",
    "APIGW.0310": "the project is not available",
    "APIGW.0802": "the user is forbidden in this region",
}
"""What the gateway's codes mean, from its page; a credential itself explains its refusal."""

_CANONICAL_REQUEST = re.compile(r"\W*canonical ?request\b.*", re.DOTALL | re.IGNORECASE)
"""What the gateway expected to be signed: many lines, which -v shows."""

_THROTTLED_WAIT = 2.0
"""Seconds to wait when throttled without a Retry-After: 2 to 5 are advised (APIGW.0308)."""

_HEAD = 5000
"""Characters of a page that are searched for its title: the time may grow with their square."""


class Refusal(NamedTuple):
    """What a status means for a certain request."""

    kind: type[CasjobError]
    message: str
    hint: str = WHERE_FROM


def explain_refusal(
    response: Response, *, service: str, meanings: Mapping[int | str, Refusal]
) -> CasjobError:
    """Return the error that explains a response other than 2xx.

    Args:
        response: the response.
        service: names the service.
        meanings: what statuses and error codes mean for this request, where that is more than
            they always do; a code comes before a status.
    """
    failure = read_error_body(response)
    codes = _find_codes(failure)
    said = _describe(response, failure)
    known_hint = next((_HINTS[code] for code in codes if code in _HINTS), None)
    status = response.status
    if status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return _explain_failure(response, service, said, known_hint)
    if status == HTTPStatus.NOT_FOUND and _NO_SUCH_API in codes:
        return NoSuchApiError(f"{service} has no such API", said=said, hint=known_hint)
    if status < HTTPStatus.BAD_REQUEST and "Location" in response.headers:
        message = f"{service} redirects to {clip(response.headers['Location'])}"
        return ServiceError(message, said=said, hint=REDIRECT_HINT)
    usual: dict[int | str, Refusal] = {
        HTTPStatus.UNAUTHORIZED: Refusal(
            AuthenticationError, f"{service} does not accept the credentials"
        ),
        HTTPStatus.FORBIDDEN: Refusal(ForbiddenError, f"{service} does not allow the request"),
    }
    otherwise = Refusal(ServiceError, f"{service} refused the request (HTTP {status})", _CHECK_ALL)
    known = {**usual, **meanings}
    meaning = next((known[each] for each in (*codes, status) if each in known), otherwise)
    kind, message, hint = meaning
    return kind(message, said=said, hint=known_hint or hint)


def _explain_failure(
    response: Response, service: str, said: str, known_hint: str | None
) -> TransientError:
    status = response.status
    wait = read_retry_after(response.headers)
    advice = f"try again in {wait:g}s, as the service asks" if wait else None
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return TransientError(
            f"{service} asks for fewer requests (HTTP {status})",
            said=said,
            hint=advice or _HINTS[_THROTTLED],
            retry_after=_THROTTLED_WAIT if wait is None else wait,
        )
    return TransientError(
        f"{service} failed (HTTP {status})",
        said=said,
        hint=known_hint or advice or "try again later; support will ask for the request's id",
        retry_after=wait,
    )


def _find_codes(failure: Failure | None) -> list[str]:
    """Return the codes in an error body, the innermost first, as the gateway's page has them."""
    codes = [failure.code, *(pair.code for pair in failure.within)] if failure else []
    return [code.replace("APIG.", "APIGW.") for code in codes if code]


def describe_response(response: Response) -> str:
    """Return what a response says in one line, with the HTTP status and the request's id."""
    return _describe(response, read_error_body(response))


def _describe(response: Response, failure: Failure | None) -> str:
    request_id = find_request_id(response)
    facts = f"HTTP {response.status}" + (f", request {clip(request_id)}" if request_id else "")
    said = _CANONICAL_REQUEST.sub("", describe_failure(failure))
    return f"{said} ({facts})"


def read_error_body(response: Response) -> Failure | None:
    """Return what an error body says: a code and a message, a page's title, or a first line."""
    text = response.text.strip()
    if text.startswith("<"):
        head = text[:_HEAD]
        title = re.search(r"<title[^>]*>(.*?)</title", head, re.DOTALL | re.IGNORECASE)
        shown = " ".join(title[1].split()) if title else ""
        return Failure(code=None, detail=f"a page of HTML, {shown or 'no title'}")
    try:
        decode(text)
    except ValueError:
        line, _, more = text.partition("\n")
        size = f"… ({len(text)} characters)" if more else ""
        return Failure(code=None, detail=f"{line.rstrip()}{size}") if line else None
    return read_failure(text)


def find_request_id(response: Response) -> str | None:
    """Return the request's id, which the vendor's support asks for."""
    in_header = response.headers.get("X-Request-Id")
    if in_header:
        return in_header
    try:
        body = decode(response.text)
    except ValueError:
        return None
    found = body.get("request_id") if isinstance(body, dict) else None
    return found if isinstance(found, str) else None
