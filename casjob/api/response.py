"""A response, read within a bound of size."""

import ssl
import zlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import NamedTuple

import httpx

from casjob.errors import WRONG_ENDPOINT, ReplyError, ReplyTooLargeError
from casjob.job.failures import clip
from casjob.json_text import decode

MAX_BYTES = 64 * 1024 * 1024  # of a response's body, decompressed: more than any job takes

ACCEPT_ENCODING = "gzip, deflate"  # the content codings that are decoded here

_PIECE = 1024 * 1024  # bytes to decompress at a time: a bomb must not fill the memory in one go

_PROXY_HINT = "a proxy may have changed it"


class Response(NamedTuple):
    """A response; its content is decompressed. There is no certificate without TLS."""

    status: int
    headers: Mapping[str, str]
    content: bytes
    certificate_expires: datetime | None = None

    @property
    def text(self) -> str:
        """The body as text; bytes that are not UTF-8 are escaped."""
        return self.content.decode("utf-8-sig", "backslashreplace")

    @property
    def date(self) -> datetime | None:
        """The service's clock in UTC."""
        return parse_http_date(self.headers.get("Date", ""))

    @property
    def retry_after(self) -> float | None:
        """The seconds in Retry-After: a number of them, or a date (RFC 9110)."""
        value = self.headers.get("Retry-After", "")
        if value.isascii() and value.isdigit():
            return float(value)
        moment = parse_http_date(value)
        now = self.date or datetime.now(UTC)
        return max(0.0, (moment - now).total_seconds()) if moment else None

    @property
    def request_id(self) -> str | None:
        """The request's id, which the vendor's support asks for."""
        if in_header := self.headers.get("X-Request-Id"):
            return in_header
        try:
            body = decode(self.text)
        except ValueError:
            return None
        found = body.get("request_id") if isinstance(body, dict) else None
        return found if isinstance(found, str) else None


def parse_http_date(value: str) -> datetime | None:
    """Return the time in a header such as Date, in UTC, or None."""
    try:
        moment = parsedate_to_datetime(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def read_response(response: httpx.Response, peer: str) -> Response:
    """Read a response of httpx, whose body is still to come.

    Raises:
        ReplyError: it is too large, or in an encoding that was not requested.
    """
    content = bytearray()
    for piece in _decompress(response, peer):
        content += piece
        if len(content) > MAX_BYTES:
            raise ReplyTooLargeError(
                f"the response from {peer} is larger than {MAX_BYTES // 1024 // 1024} MiB",
                hint=WRONG_ENDPOINT,
            )
    expires = _find_certificate_end(response)
    return Response(response.status_code, response.headers, bytes(content), expires)


def _decompress(response: httpx.Response, peer: str) -> Iterable[bytes]:
    # Shown as sent: in lower case, a secret in it would not be masked.
    coding = response.headers.get("Content-Encoding", "").strip()
    if coding.lower() in {"", "identity"}:
        return response.iter_raw()
    if coding.lower() in {"gzip", "x-gzip", "deflate"}:
        return _inflate(response.iter_raw(), peer)
    message = f"the response from {peer} is encoded as {clip(coding)}, which is not supported"
    raise ReplyError(message, hint=_PROXY_HINT)


def _inflate(chunks: Iterable[bytes], peer: str) -> Iterator[bytes]:
    """Yield the decompressed body in small pieces, so that the caller can stop early."""
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


def _find_certificate_end(response: httpx.Response) -> datetime | None:
    stream = response.extensions.get("network_stream")
    tls = stream.get_extra_info("ssl_object") if stream else None
    not_after = tls.getpeercert().get("notAfter") if tls else None
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(not_after), UTC) if not_after else None
