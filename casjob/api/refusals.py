"""What went wrong between casjob and the service, told so that a person can act on it."""

import re
import socket
import ssl
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import httpx

from casjob.api.exchange import Reply
from casjob.errors import (
    AuthenticationError,
    CasjobError,
    ForbiddenError,
    JobNotFoundError,
    ReplyError,
    ServiceError,
    SettingsError,
    TransientError,
)
from casjob.job.failures import Failure, clip, describe_failure, read_failure
from casjob.json_text import decode

_NO_SUCH_API = "APIGW.0101"
_THROTTLED = "APIGW.0308"

_HINTS = {
    _NO_SUCH_API: "the endpoint or the API version is wrong, or the API is not published in this"
    " region; casjob config shows where yours come from",
    "APIGW.0301": "the token or signature is wrong, this machine's clock is off by more than"
    " 15 minutes, or the access key is locked for 5 minutes after 5 failures in a row",
    "APIGW.0302": "this user may not call the API",
    "APIGW.0304": "this app may not call the API",
    "APIGW.0306": "access to the API is denied",
    "APIGW.0307": "the token has expired, or was made for another region: get a new one",
    _THROTTLED: "the limit is 200 requests in 5 minutes a user, and 5 a second an address",
    "APIGW.0310": "the project is not available",
    "APIGW.0802": "the user is forbidden in this region",
}
"""What the gateway's codes mean, from its error code page."""

_WHERE_FROM = "casjob config shows where yours come from"
_CHECK_ALL = "check the job id and the options; casjob config shows the settings in force"


def explain_refusal(reply: Reply, *, job_id: str, project_id: str, place: str) -> CasjobError:
    """Return the error that a reply other than 2xx stands for.

    Args:
        reply: what the service answered.
        job_id: the job that was asked for.
        project_id: the project it was looked for in.
        place: the region, or the endpoint's host.
    """
    failure = read_error_body(reply)
    said = describe_reply(reply, failure)
    codes = _find_codes(failure)
    hint = next((_HINTS[code] for code in codes if code in _HINTS), None)
    wait = read_retry_after(reply)
    status = reply.status
    if status == HTTPStatus.UNAUTHORIZED:
        message = f"the service in {place} does not accept the credentials"
        return AuthenticationError(message, said=said, hint=hint or _WHERE_FROM)
    if status == HTTPStatus.FORBIDDEN:
        message = f"not allowed to see job {job_id} in project {project_id} ({place})"
        return ForbiddenError(message, said=said, hint=hint or _WHERE_FROM)
    if status == HTTPStatus.NOT_FOUND and _NO_SUCH_API in codes:
        return SettingsError(f"there is no such API at {place}", said=said, hint=hint)
    if status == HTTPStatus.NOT_FOUND:
        # Without a code, it may be any web server that answers.
        suspects = "project or region" if codes else "endpoint, project or region"
        return JobNotFoundError(
            f"job {job_id} was not found in project {project_id} ({place})",
            said=said,
            hint=f"a wrong {suspects} is the usual cause; {_WHERE_FROM}",
        )
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        message = f"the service in {place} asks for fewer requests (HTTP {status})"
        return TransientError(
            message,
            said=said,
            hint=_advise_wait(wait) or _HINTS[_THROTTLED],
            retry_after=_THROTTLED_WAIT if wait is None else wait,
        )
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        message = f"the service in {place} failed (HTTP {status})"
        hint = hint or _advise_wait(wait) or "try again later; its support wants the request's id"
        return TransientError(message, said=said, hint=hint, retry_after=wait)
    if status < HTTPStatus.BAD_REQUEST and "Location" in reply.headers:
        return ServiceError(
            f"the service in {place} redirects to {clip(reply.headers['Location'])}",
            said=said,
            hint=_REDIRECT_HINT,
        )
    message = f"the service in {place} refused the request (HTTP {status})"
    return ServiceError(message, said=said, hint=hint or _CHECK_ALL)


_REDIRECT_HINT = (
    "redirects are not followed, since credentials would go with them;"
    " set the endpoint to where the service really is"
)

_THROTTLED_WAIT = 2.0
"""Seconds to wait when throttled without a Retry-After: 2 to 5 are advised (APIGW.0308)."""


def _find_codes(failure: Failure | None) -> list[str]:
    """Return the codes in an error body, the innermost first, as the gateway's page has them."""
    codes = [failure.code, *(pair.code for pair in failure.within)] if failure else []
    return [code.replace("APIG.", "APIGW.") for code in codes if code]


def _advise_wait(seconds: float | None) -> str | None:
    return f"try again in {seconds:g}s, as the service asks" if seconds else None


def describe_reply(reply: Reply, failure: Failure | None) -> str:
    """Return what the service said in one line, with the HTTP status and the request's id."""
    request_id = find_request_id(reply)
    facts = f"HTTP {reply.status}" + (f", request {clip(request_id)}" if request_id else "")
    return f"{describe_failure(failure)} ({facts})"


def read_error_body(reply: Reply) -> Failure | None:
    """Return what a body says that is no job: a code and words, raw text, or a page's title."""
    text = reply.text
    if text.lstrip().startswith("<"):
        # Not further: the time that the search takes may grow with the square of the length.
        head = text[:_HEAD]
        title = re.search(r"<title[^>]*>(.*?)</title", head, re.DOTALL | re.IGNORECASE)
        words = " ".join(title.group(1).split()) if title else ""
        return Failure(code=None, detail=f"a page of HTML, {words or 'no title'}")
    return read_failure(text)


_HEAD = 5000
"""Characters of a page in which its title stands."""


def find_request_id(reply: Reply) -> str | None:
    """Return the request's id, which the vendor's support asks for."""
    in_header = reply.headers.get("X-Request-Id")
    if in_header:
        return in_header
    try:
        body = decode(reply.text)
    except ValueError:
        return None
    found = body.get("request_id") if isinstance(body, dict) else None
    return found if isinstance(found, str) else None


def read_retry_after(reply: Reply) -> float | None:
    """Return seconds from the Retry-After header: a number of them, or a date (RFC 9110)."""
    value = reply.headers.get("Retry-After", "")
    if value.isascii() and value.isdigit():
        return float(value)
    moment = read_http_date(value)
    if moment is None:
        return None
    as_of = read_http_date(reply.headers.get("Date", "")) or now()
    return max(0.0, (moment - as_of).total_seconds())


def read_http_date(value: str) -> datetime | None:
    """Return the moment of an HTTP header such as Date, which is in UTC, or None."""
    try:
        moment = parsedate_to_datetime(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def now() -> datetime:
    """Return this machine's time, for a service that does not send its own."""
    return datetime.now(UTC)


_UNTRUSTED_HINT = "if a private authority signed it, name its certificate with --ca-bundle FILE"
_EXPIRED_HINT = "has it ended, or is this machine's clock off?"
_WRONG_HOST_HINT = f"is the endpoint spelt right? {_WHERE_FROM}"
_CERTIFICATE_HINTS = {
    9: _EXPIRED_HINT,
    10: _EXPIRED_HINT,
    62: _WRONG_HOST_HINT,
    64: _WRONG_HOST_HINT,
}
"""By OpenSSL's number of what is wrong: X509_V_ERR_CERT_NOT_YET_VALID and so on."""


def explain_transport_failure(error: httpx.HTTPError, *, place: str, timeout: float) -> CasjobError:
    """Return the error that a failed exchange stands for.

    Args:
        error: what httpx raised.
        place: the host that was spoken to.
        timeout: seconds that each step of the exchange may take.
    """
    causes = _causes(error)
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            message = f"the certificate of {place} can't be trusted: {cause.verify_message}"
            hint = _CERTIFICATE_HINTS.get(cause.verify_code, _UNTRUSTED_HINT)
            return ServiceError(message, hint=hint)
        if isinstance(cause, httpx.InvalidURL):
            # httpx reads where a redirect leads, though it is not followed.
            message = f"{place} redirects to an address that can't be read"
            return ServiceError(message, hint=_REDIRECT_HINT)
    match error:
        case httpx.ConnectTimeout() | httpx.PoolTimeout():
            return TransientError(f"no connection to {place} within {timeout:g}s", hint=_REACH_HINT)
        case httpx.TimeoutException():
            return TransientError(
                f"{place} did not answer within {timeout:g}s",
                hint="--request-timeout SECONDS waits longer",
            )
        case httpx.DecodingError():
            message = f"the reply of {place} can't be decompressed: {error}"
            return ReplyError(message, hint="a proxy on the way may have changed it")
        case httpx.ProxyError():
            return _explain_proxy(f"can't connect to {place}: {error}", str(error))
        case httpx.ConnectError():
            reason = str(causes[-1]) or type(causes[-1]).__name__
            return _explain_no_connection(causes, f"can't connect to {place}: {reason}")
        case httpx.LocalProtocolError() | httpx.UnsupportedProtocol():
            return SettingsError(
                f"the request to {place} can't be sent: it has characters that HTTP forbids",
                hint=_WHERE_FROM,
            )
        case _:
            return TransientError(f"the connection to {place} broke: {error}", hint=_REACH_HINT)


_REACH_HINT = "check the network, the VPN and the proxy settings"


def _explain_proxy(message: str, said: str) -> CasjobError:
    if said.startswith("4"):
        # Not tried again: a wrong password of the proxy's may lock an account there.
        hint = "does the proxy want a user, as in http://USER:PASSWORD@HOST:PORT?"
        return ServiceError(message, hint=hint)
    return TransientError(message, hint=_REACH_HINT)


def _explain_no_connection(causes: list[BaseException], message: str) -> CasjobError:
    hopeless = any(
        isinstance(cause, socket.gaierror) and cause.errno == socket.EAI_NONAME for cause in causes
    )
    if hopeless:
        hint = f"is the region or the endpoint spelt right? {_WHERE_FROM}"
        return ServiceError(message, hint=hint)
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        return TransientError(message, hint="does the endpoint speak https at that port?")
    return TransientError(message, hint=_REACH_HINT)


def _causes(error: BaseException) -> "list[BaseException]":
    causes = [error]
    while (cause := causes[-1].__cause__ or causes[-1].__context__) and cause not in causes:
        causes.append(cause)
    return causes
