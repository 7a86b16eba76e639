"""Explains why an exchange failed: the network, TLS, a proxy or broken HTTP."""

import socket
import ssl
from http import HTTPStatus

import httpx

from casjob.api.refusals import WHERE_FROM
from casjob.errors import CasjobError, ServiceError, SettingsError, TransientError
from casjob.job.failures import clip

_PROXY_LOGIN_HINT = (
    "the proxy wants a user and the right password, as in"
    " HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT"
)
_REACH_HINT = "check the network, the VPN and the proxy settings"
NAME_HINT = f"is the region or the endpoint spelled right? {WHERE_FROM}"
_UNTRUSTED_HINT = "if a private CA signed it, add the CA's certificate with --ca-bundle FILE"
_EXPIRED_HINT = "if this machine's clock is right, the service needs a new certificate"
_WRONG_HOST_HINT = "is the endpoint spelled right? casjob config shows where it is set"
_OTHER_SERVICE_HINT = (
    "the endpoint may belong to another service; casjob config shows where it is set"
)
_CERTIFICATE_HINTS = {
    9: _EXPIRED_HINT,
    10: _EXPIRED_HINT,
    62: _WRONG_HOST_HINT,
    64: _WRONG_HOST_HINT,
}
"""By OpenSSL's number of the error: X509_V_ERR_CERT_NOT_YET_VALID and so on."""


def explain_network_failure(
    error: httpx.HTTPError, *, peer: str, timeout: float, name_hint: str
) -> CasjobError:
    """Return the error that explains a failed exchange.

    Args:
        error: what httpx raised. It may quote as much as 100 kB of what the peer sent.
        peer: names the other end.
        timeout: seconds that each step of the exchange may take.
        name_hint: what to check if the host's name is unknown.
    """
    causes = _find_causes(error)
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            reason = cause.verify_message.rstrip(".")
            message = f"the certificate of {peer} can't be trusted: {reason}"
            hint = _CERTIFICATE_HINTS.get(cause.verify_code, _UNTRUSTED_HINT)
            return ServiceError(message, hint=hint)
    match error:
        case httpx.ConnectTimeout() | httpx.PoolTimeout():
            return TransientError(f"no connection to {peer} within {timeout:g}s", hint=_REACH_HINT)
        case httpx.TimeoutException():
            return TransientError(
                f"{peer} did not respond within {timeout:g}s",
                hint="--request-timeout SECONDS waits longer",
            )
        case httpx.ProxyError():
            return _explain_proxy(error, peer)
        case httpx.ConnectError():
            return _explain_no_connection(causes, peer, name_hint)
        case httpx.LocalProtocolError() | httpx.UnsupportedProtocol():
            return SettingsError(
                f"the request to {peer} can't be sent: it contains characters that HTTP forbids",
                hint=WHERE_FROM,
            )
        case _:
            reason = str(error).rstrip(".")
            # What h11 says of a response that is not HTTP.
            hint = _OTHER_SERVICE_HINT if reason.startswith("illegal") else _REACH_HINT
            return TransientError(f"the connection to {peer} broke: {clip(reason)}", hint=hint)


def _explain_proxy(error: httpx.ProxyError, peer: str) -> CasjobError:
    # Its reason is not quoted: it may repeat the proxy's password.
    status = str(error).partition(" ")[0]
    known = [each.phrase for each in HTTPStatus if str(each.value) == status]
    message = f"can't connect to {peer}: {' '.join(['HTTP', clip(status), *known])}"
    if status.startswith("4"):
        # Not retried: a wrong password may lock an account at the proxy.
        hint = _PROXY_LOGIN_HINT if status == "407" else "the proxy does not allow this connection"
        return ServiceError(message, hint=hint)
    return TransientError(message, hint=_REACH_HINT)


def _explain_no_connection(causes: list[BaseException], peer: str, name_hint: str) -> CasjobError:
    reason = clip(str(causes[-1]) or type(causes[-1]).__name__)
    message = f"can't connect to {peer}: {reason}"
    is_unknown_host = any(
        isinstance(cause, socket.gaierror) and cause.errno == socket.EAI_NONAME for cause in causes
    )
    if is_unknown_host:
        return ServiceError(message, hint=name_hint)
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        return TransientError(message, hint="does the endpoint speak https at that port?")
    return TransientError(message, hint=_REACH_HINT)


def _find_causes(error: BaseException) -> list[BaseException]:
    causes = [error]
    while (cause := causes[-1].__cause__ or causes[-1].__context__) and cause not in causes:
        causes.append(cause)
    return causes
