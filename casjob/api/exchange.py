"""One request and its reply, within bounds of time and size."""

import ssl
import time
from collections.abc import Mapping
from concurrent.futures import TimeoutError as FutureTimeoutError
from datetime import UTC, datetime
from typing import NamedTuple

import httpx

from casjob.api.background import run_aside
from casjob.errors import ReplyError, ReplyTimeoutError

MAX_REPLY_BYTES = 64 * 1024 * 1024
"""More than any job has to say."""

PATIENCE = 4
"""How many request timeouts a whole exchange may last; each read by itself may last one."""


class Reply(NamedTuple):
    """What came back.

    Args:
        status: the HTTP status.
        headers: the headers, with names in any case.
        content: the body as it is.
        certificate_expires: when the service's certificate ends; None without TLS.
    """

    status: int
    headers: Mapping[str, str]
    content: bytes
    certificate_expires: datetime | None = None

    @property
    def text(self) -> str:
        """The body to be shown; bytes that are not UTF-8 are escaped."""
        return self.content.decode("utf-8-sig", "backslashreplace")


def exchange(
    http: httpx.Client, request: httpx.Request, *, auth: httpx.Auth | None, timeout: float
) -> Reply:
    """Send a request and read its reply, which may neither drip on forever nor fill the memory.

    Args:
        http: the client; its own timeout bounds each connect, read and write.
        request: what to send.
        auth: authenticates it.
        timeout: the request timeout in seconds.

    Raises:
        httpx.HTTPError: the network or HTTP failed.
        ReplyTimeoutError: the reply dripped for longer than `PATIENCE` timeouts.
        ReplyError: the reply was larger than `MAX_REPLY_BYTES`.
    """
    deadline = time.monotonic() + timeout * PATIENCE
    dripped = ReplyTimeoutError(
        f"{request.url.host} was still sending its reply after {timeout * PATIENCE:g}s",
        hint="--request-timeout SECONDS waits longer",
    )
    # Aside, since a read timeout alone never ends headers that come a byte at a time.
    reading = run_aside(lambda: _read(http, request, auth, deadline, dripped))
    try:
        return reading.result(timeout=timeout * PATIENCE)
    except FutureTimeoutError:
        raise dripped from None


def _read(
    http: httpx.Client,
    request: httpx.Request,
    auth: httpx.Auth | None,
    deadline: float,
    dripped: ReplyTimeoutError,
) -> Reply:
    response = http.send(request, auth=auth, stream=True)
    try:
        if "," in response.headers.get("Content-Encoding", ""):
            # Each coding may expand a thousandfold, and httpx undoes all of them at once.
            message = f"the reply of {request.url.host} is compressed more than once"
            raise ReplyError(message, hint="a proxy on the way may have changed it")
        content = bytearray()
        for chunk in response.iter_bytes():
            content += chunk
            if len(content) > MAX_REPLY_BYTES:
                size = MAX_REPLY_BYTES // 1024 // 1024
                message = f"the reply of {request.url.host} is larger than {size} MiB"
                raise ReplyError(message, hint="casjob tasks --limit 5 asks for less")
            if time.monotonic() > deadline:
                raise dripped
        expires = _read_certificate_end(response)
        return Reply(response.status_code, response.headers, bytes(content), expires)
    finally:
        response.close()


def _read_certificate_end(response: httpx.Response) -> datetime | None:
    stream = response.extensions.get("network_stream")
    tls = stream.get_extra_info("ssl_object") if stream else None
    not_after = tls.getpeercert().get("notAfter") if tls else None
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(not_after), UTC) if not_after else None
