"""One request and its response, within bounds of time and size."""

import ssl
import time
import zlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import NamedTuple, cast

import httpx

from casjob.api.transport import DEADLINE
from casjob.background import run_interruptibly
from casjob.errors import ReplyError, ReplyTimeoutError, ReplyTooLargeError
from casjob.job.failures import clip

MAX_BYTES = 64 * 1024 * 1024
"""Of a response's body, decompressed: more than any job takes."""

PATIENCE = 4
"""How many request timeouts a whole exchange may take; each read by itself may take one."""

ACCEPT_ENCODING = "gzip, deflate"
"""The content codings that are decoded here."""

_PIECE = 1024 * 1024
"""Bytes to decompress at a time: a bomb must not fill the memory in one go."""

_PROXY_HINT = "a proxy may have changed it"


class Response(NamedTuple):
    """A response.

    Args:
        status: the HTTP status.
        headers: the headers, with names in any case.
        content: the body, decompressed.
        certificate_expires: when the service's certificate expires; None without TLS.
    """

    status: int
    headers: Mapping[str, str]
    content: bytes
    certificate_expires: datetime | None = None

    @property
    def text(self) -> str:
        """The body as text; bytes that are not UTF-8 are escaped."""
        return self.content.decode("utf-8-sig", "backslashreplace")


def exchange(
    transport: httpx.BaseTransport,
    request: httpx.Request,
    *,
    timeout: float,
    patience: float = PATIENCE,
    peer: str,
) -> Response:
    """Send a request and read its response.

    Args:
        transport: sends it.
        request: what to send.
        timeout: seconds that each connect, read and write may take.
        patience: how many timeouts the whole may take.
        peer: names the other end in errors.

    Raises:
        httpx.HTTPError: the network or HTTP failed.
        ReplyTimeoutError: the exchange took longer than `patience` allows.
        ReplyError: the response was too large, or in an encoding that was not requested.
    """
    deadline = time.monotonic() + timeout * patience
    timeouts = dict.fromkeys(("connect", "read", "write", "pool"), timeout)
    request.extensions |= {"timeout": timeouts, DEADLINE: deadline}
    try:
        return run_interruptibly(lambda: _read(transport, request, peer))
    except httpx.TimeoutException:
        if time.monotonic() < deadline:
            raise
        raise ReplyTimeoutError(
            f"no complete response from {peer} within {timeout * patience:g}s",
            hint="--request-timeout SECONDS waits longer",
        ) from None


def _read(transport: httpx.BaseTransport, request: httpx.Request, peer: str) -> Response:
    response = transport.handle_request(request)
    try:
        # iter_raw() refuses content that is there already, as the demo's is.
        chunks = cast("httpx.SyncByteStream", response.stream)
        content = bytearray()
        coding = response.headers.get("Content-Encoding", "")
        for piece in _decompress(chunks, coding, peer):
            content += piece
            if len(content) > MAX_BYTES:
                raise ReplyTooLargeError(
                    f"the response from {peer} is larger than {MAX_BYTES // 1024 // 1024} MiB",
                    hint="the endpoint may belong to another service;"
                    " casjob config shows where it is set",
                )
        expires = _read_certificate_end(response)
        return Response(response.status_code, response.headers, bytes(content), expires)
    finally:
        response.close()


def _decompress(chunks: Iterable[bytes], coding: str, peer: str) -> Iterator[bytes]:
    """Yield the decompressed body in small pieces, so that the caller can stop early."""
    coding = coding.strip().lower()
    if coding in {"", "identity"}:
        yield from chunks
        return
    if coding not in {"gzip", "x-gzip", "deflate"}:
        message = f"the response from {peer} is encoded as {clip(coding)}, which is not supported"
        raise ReplyError(message, hint=_PROXY_HINT)
    # Either format, by its header.
    inflate = zlib.decompressobj(zlib.MAX_WBITS | 32)
    for chunk in chunks:
        rest = chunk
        while rest:
            try:
                yield inflate.decompress(rest, _PIECE)
            except zlib.error as error:
                message = f"the response from {peer} can't be decompressed: {error}"
                raise ReplyError(message, hint=_PROXY_HINT) from None
            if inflate.eof:
                # What follows may be endless.
                return
            rest = inflate.unconsumed_tail


def _read_certificate_end(response: httpx.Response) -> datetime | None:
    stream = response.extensions.get("network_stream")
    tls = stream.get_extra_info("ssl_object") if stream else None
    not_after = tls.getpeercert().get("notAfter") if tls else None
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(not_after), UTC) if not_after else None
