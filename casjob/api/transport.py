"""Connections for requests, as httpx's own, but each exchange ends by its deadline."""

import math
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import contextmanager
from typing import Any, TypeVar

import httpcore
import httpx

from casjob.background import run_aside

DEADLINE = "casjob.deadline"
"""The request extension that holds the monotonic time by which its response must be read."""

_KEEP_ALIVE = 60
"""Seconds that an idle connection is kept: longer than the longest polling interval."""

_Value = TypeVar("_Value")


class Transport(httpx.BaseTransport):
    """A pool of connections.

    A timeout of httpx bounds a single read. It ends neither headers that come a byte at a time, nor
    a name lookup, which not even Ctrl-C interrupts. Here, the deadline bounds them as well.

    Args:
        tls: which certificates to trust.
        proxy: the proxy for https; None for none.
    """

    def __init__(self, tls: ssl.SSLContext, proxy: httpx.Proxy | None = None) -> None:
        self._network = _Network()
        if proxy is None:
            self._pool = httpcore.ConnectionPool(
                ssl_context=tls,
                max_connections=None,
                keepalive_expiry=_KEEP_ALIVE,
                network_backend=self._network,
            )
        else:
            self._pool = httpcore.HTTPProxy(
                proxy_url=_convert_url(proxy.url),
                proxy_auth=proxy.raw_auth,
                proxy_headers=proxy.headers.raw,
                ssl_context=tls,
                max_connections=None,
                keepalive_expiry=_KEEP_ALIVE,
                network_backend=self._network,
            )

    def close(self) -> None:
        """Close all connections; what is read from them fails."""
        self._pool.close()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request, and return its response, whose content is read by the same thread.

        Raises:
            httpx.TransportError: the network or HTTP failed.
        """
        self._network.time.deadline = request.extensions[DEADLINE]
        with _raise_as_httpx():
            response = self._pool.handle_request(
                httpcore.Request(
                    request.method,
                    _convert_url(request.url),
                    headers=request.headers.raw,
                    content=request.stream,
                    extensions=request.extensions,
                )
            )
        return httpx.Response(
            response.status,
            headers=response.headers,
            stream=_Content(response),
            extensions=response.extensions,
        )


class _Content(httpx.SyncByteStream):
    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        with _raise_as_httpx():
            yield from self._response.iter_stream()

    def close(self) -> None:
        self._response.close()


class _Time(threading.local):
    """What is left to the exchange of this thread.

    Attributes:
        deadline: monotonic seconds.
    """

    deadline = math.inf

    def bound(self, timeout: float | None) -> float:
        """Return the timeout in seconds, or what is left if that is less.

        Raises:
            httpcore.ReadTimeout: nothing is left.
        """
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout
        return left if timeout is None else min(left, timeout)

    def call(self, call: Callable[[], _Value]) -> _Value:
        """Run a call aside, as it may hang, and leave it behind at the deadline."""
        try:
            return run_aside(call).result(self.bound(None))
        except FutureTimeoutError:
            raise httpcore.ConnectTimeout from None


class _Network(httpcore.SyncBackend):
    def __init__(self) -> None:
        self.time = _Time()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        connect = super().connect_tcp
        stream = self.time.call(lambda: connect(host, port, timeout, local_address, socket_options))
        return _Stream(stream, self.time)


class _Stream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream, time: _Time) -> None:
        self._stream = stream
        self._time = time

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._time.bound(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._time.bound(timeout))

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        stream = self._time.call(
            lambda: self._stream.start_tls(ssl_context, server_hostname, timeout)
        )
        return _Stream(stream, self._time)

    def close(self) -> None:
        self._stream.close()

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _convert_url(url: httpx.URL) -> httpcore.URL:
    return httpcore.URL(
        scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
    )


@contextmanager
def _raise_as_httpx() -> Iterator[None]:
    """Raise errors of httpcore, on which httpx is built, under httpx's equal names."""
    try:
        yield
    except (
        httpcore.NetworkError,
        httpcore.ProtocolError,
        httpcore.ProxyError,
        httpcore.TimeoutException,
        httpcore.UnsupportedProtocol,
    ) as error:
        kind: type[httpx.TransportError] = getattr(httpx, type(error).__name__)
        raise kind(str(error)) from error
