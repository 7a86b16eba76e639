"""Explains what went wrong: from httpx's errors and HTTP statuses to casjob's errors."""

import re
import socket
import ssl
from collections.abc import Mapping
from http import HTTPStatus

import httpx

from casjob.api.response import Response
from casjob.errors import (
    WRONG_ENDPOINT,
    CasjobError,
    ComponentNotFoundError,
    JobNotFoundError,
    NoSuchApiError,
    NotTheServiceError,
    ReplyTimeoutError,
    ServiceError,
    SettingsError,
    TransientError,
)
from casjob.job.failures import Failure, clip, describe_failure, read_failure
from casjob.json_text import decode

WHERE_FROM = "casjob config shows where they are set"
NAME_HINT = f"is the region or the endpoint spelled right? {WHERE_FROM}"
_PLACE_HINT = f"are the project and the region right? {WHERE_FROM}"
PROXY_NAME_HINT = "is the proxy spelled right?"

NOT_THE_SERVICE = (
    "the endpoint may belong to another service, or a proxy may have responded;"
    " casjob config shows where it is set"
)
"""The hint where a response may be anybody's."""

_TIMEOUT_HINT = "to wait longer, use --request-timeout SECONDS"
_REACH_HINT = "check the network, the VPN and the proxy settings"
_REDIRECT_HINT = (
    "casjob does not follow redirects, so as not to leak credentials;"
    " set the endpoint to the service's actual address"
)
REDIRECTED_TO = "casjob-redirected-to"
"""The name under which a response has the Location that it came with."""

_EXPIRED_HINT = "if this machine's clock is right, the service needs a new certificate"
_WRONG_HOST_HINT = "is the endpoint spelled right? casjob config shows where it is set"
_CERTIFICATE_HINTS = {9: _EXPIRED_HINT, 10: _EXPIRED_HINT}
_CERTIFICATE_HINTS |= {62: _WRONG_HOST_HINT, 64: _WRONG_HOST_HINT}
"""By OpenSSL's number of the error: X509_V_ERR_CERT_NOT_YET_VALID and so on."""

_NO_SUCH_API = "APIGW.0101"
_LIMITS = "the limits are 200 requests in 5 minutes per user, and 5 a second per address"

_HINTS = {
    _NO_SUCH_API: "the endpoint or the API version is wrong, or the API is not published in this"
    f" region; {WHERE_FROM}",
    "APIGW.0302": "this user may not call the API",
    "APIGW.0304": "this app may not call the API",
    "APIGW.0306": "access to the API is denied",
    "APIGW.0308": _LIMITS,
    "APIGW.0310": "the project is not available",
    "APIGW.0802": "the user is forbidden in this region",
}
"""What the gateway's codes mean, from its page; a credential itself explains its refusal."""

_SERVICE_CODE = re.compile(r"[A-Z]+\.\w", re.ASCII)
"""The beginning of an error code of the service or its gateway."""

_CANONICAL_REQUEST = re.compile(r"\W*canonical ?request\b.*", re.DOTALL | re.IGNORECASE)
"""What the gateway expected to be signed: many lines, which -v shows."""

_THROTTLED_WAIT = 2.0
"""Seconds to wait when throttled without a Retry-After: 2 to 5 are advised (APIGW.0308)."""

_NUMBER = re.compile(r"^\[Errno -?[0-9]+\] ")
"""Stands before the words of the operating system."""

_HEAD = 5000
"""Characters of a page that are searched for its title: the time may grow with their square."""


Refusals = Mapping[int | str, CasjobError]
"""What statuses other than 2xx, and error codes, mean for a request."""

FAILURES = (httpx.HTTPError, httpx.InvalidURL, UnicodeEncodeError)
"""What httpx raises where a request can't be sent, or has no response."""


def explain_failure(
    error: Exception,
    *,
    peer: str,
    timeout: float,
    total: float,
    name_hint: str,
    origin: str | None = None,
) -> CasjobError:
    """Return the error that explains an exchange without a response, with the peer's name in it.

    What httpx raised may quote as much as 100 kB of what the peer sent. A `TimeoutError` means that
    the exchange took longer than `total` seconds.
    """
    causes = _find_causes(error)
    reach_hint = "; ".join(filter(None, (_REACH_HINT, origin)))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            reason = cause.verify_message.rstrip(".")
            message = f"the certificate of {peer} can't be trusted: {reason}"
            private = "if a private CA signed it, add the CA's certificate with --ca-bundle FILE"
            hint = _CERTIFICATE_HINTS.get(cause.verify_code, private)
            return ServiceError(message, hint=hint)
    match error:
        case httpx.ConnectTimeout() | httpx.PoolTimeout():
            return TransientError(f"no connection to {peer} within {timeout:g}s", hint=reach_hint)
        case httpx.TimeoutException():
            return TransientError(f"{peer} did not respond within {timeout:g}s", hint=_TIMEOUT_HINT)
        case TimeoutError():
            message = f"no complete response from {peer} within {total:g}s"
            return ReplyTimeoutError(message, hint=_TIMEOUT_HINT)
        case httpx.ProxyError():
            return _explain_proxy(error, peer)
        case httpx.ConnectError():
            return _explain_no_connection(causes, peer, name_hint, reach_hint)
        case httpx.InvalidURL() | httpx.LocalProtocolError() | UnicodeEncodeError():
            # It is not quoted: it may hold a secret.
            return SettingsError(
                f"the request to {peer} can't be sent: a part of it is too long, or contains"
                " characters that HTTP forbids",
                hint="casjob config shows the effective settings",
            )
        case _:
            reason = _NUMBER.sub("", str(error)).rstrip(".")
            # What h11 says of a response that is not HTTP.
            hint = WRONG_ENDPOINT if reason.startswith("illegal") else _REACH_HINT
            return TransientError(f"the connection to {peer} broke: {clip(reason)}", hint=hint)


def _explain_proxy(error: httpx.ProxyError, peer: str) -> CasjobError:
    # Its reason is not quoted: it may repeat the proxy's password.
    status = str(error).partition(" ")[0]
    known = [each.phrase for each in HTTPStatus if str(each.value) == status]
    message = f"can't connect to {peer}: {' '.join(['HTTP', clip(status), *known])}"
    if status.startswith("4"):
        # Not retried: a wrong password may lock an account at the proxy.
        if status != "407":
            return ServiceError(message, hint="the proxy does not allow this connection")
        hint = "the proxy requires a user name and password, as in"
        return ServiceError(message, hint=f"{hint} HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT")
    return TransientError(message, hint=_REACH_HINT)


def _explain_no_connection(
    causes: list[BaseException], peer: str, name_hint: str, reach_hint: str
) -> CasjobError:
    reason = clip(_NUMBER.sub("", str(causes[-1])) or type(causes[-1]).__name__)
    message = f"can't connect to {peer}: {reason}"
    for cause in causes:
        if isinstance(cause, socket.gaierror) and cause.errno == socket.EAI_NONAME:
            message = f"can't connect to {peer}: there is no such host"
            return ServiceError(message, hint=name_hint)
        if isinstance(cause, ssl.SSLError):
            return TransientError(message, hint="does the endpoint use HTTPS on that port?")
    return TransientError(message, hint=reach_hint)


def _find_causes(error: BaseException) -> list[BaseException]:
    causes = [error]
    while (cause := causes[-1].__cause__ or causes[-1].__context__) and cause not in causes:
        causes.append(cause)
    return causes


def explain_refusal(response: Response, *, service: str, refusals: Refusals) -> CasjobError:
    """Return the error that explains a response other than 2xx.

    Of what statuses and error codes mean for this request, a code comes before a status.
    """
    status, service_message = response.status, describe_reply(response)
    failure = read_error_body(response)
    codes = [code.replace("APIG.", "APIGW.") for code in failure.codes] if failure else []
    known_hint = next((_HINTS[code] for code in codes if code in _HINTS), None)
    if status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return _explain_transient(response, service, service_message, known_hint)
    if status == HTTPStatus.NOT_FOUND and _NO_SUCH_API in codes:
        return NoSuchApiError(
            f"{service} has no such API", service_message=service_message, hint=known_hint
        )
    if status < HTTPStatus.BAD_REQUEST and REDIRECTED_TO in response.headers:
        message = f"{service} redirects to {clip(response.headers[REDIRECTED_TO])}"
        return ServiceError(message, service_message=service_message, hint=_REDIRECT_HINT)
    meanings: list[int | str] = [*codes, status]
    if known := [refusals[each] for each in meanings if each in refusals]:
        refusal = known[0]
        is_missing = isinstance(refusal, JobNotFoundError | ComponentNotFoundError)
        if is_missing and not any(map(_SERVICE_CODE.match, codes)):
            # Any web server responds so: it says nothing about the job or the component.
            what = f"the response from {service} (HTTP {status})"
            message = f"{what} has no error code of the service"
            refusal = NotTheServiceError(message, hint=NOT_THE_SERVICE)
        refusal.service_message = service_message
        refusal.hint = known_hint or refusal.hint or _PLACE_HINT
        return refusal
    hint = "check the arguments and the options; casjob config shows the effective settings"
    message = f"{service} refused the request (HTTP {status})"
    return ServiceError(message, service_message=service_message, hint=known_hint or hint)


def _explain_transient(
    response: Response, service: str, service_message: str, known_hint: str | None
) -> TransientError:
    status, wait = response.status, response.retry_after
    advice = f"try again in {wait:g}s, as the service asks" if wait else None
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        message, hint = f"{service}: rate limit exceeded (HTTP {status})", advice or _LIMITS
        wait = _THROTTLED_WAIT if wait is None else wait
    else:
        later = "try again later; if it persists, give support the request id"
        message, hint = f"{service} failed (HTTP {status})", known_hint or advice or later
    return TransientError(message, service_message=service_message, hint=hint, retry_after=wait)


def describe_reply(response: Response) -> str:
    """Return what a response says in one line, with the HTTP status and the request's id."""
    said = _CANONICAL_REQUEST.sub("", describe_failure(read_error_body(response)))
    request_id = response.request_id
    of = f", request {clip(request_id)}" if request_id else ""
    return f"{said} (HTTP {response.status}{of})"


def read_error_body(response: Response) -> Failure | None:
    """Return what an error body says: a code and a message, a page's title, or a first line."""
    text = response.text.strip()
    if text.startswith("<"):
        title = re.search(r"(?is)<title[^>]*>(.*?)</title", text[:_HEAD])
        shown = " ".join(title[1].split()) if title else ""
        return Failure(None, f"a page of HTML, {shown}" if shown else "an untitled HTML page")
    try:
        decode(text)
    except ValueError:
        line, _, more = text.partition("\n")
        size = f"… ({len(text)} characters)" if more else ""
        return Failure(None, f"{line.rstrip()}{size}") if line else None
    return read_failure(text)
