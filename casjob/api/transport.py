"""An httpx transport whose exchanges end by a deadline."""

import math
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import contextmanager
from functools import partial
from typing import Any

import httpcore
import httpx

from casjob.background import run_aside

DEADLINE = "casjob.deadline"
"""The request extension with the monotonic time by which its response must have been read."""

_KEEP_ALIVE = 60
"""Seconds that an idle connection is kept: longer than the longest polling interval."""

_LATEST = 9
"""How many of the latest responses the latency is the median of."""


class Transport(httpx.BaseTransport):
    """A pool of connections.

    A timeout of httpx bounds a single read. It ends neither headers that come a byte at a time, nor
    a name lookup, which not even Ctrl-C interrupts. The deadline ends both.

    Args:
        tls: which certificates to trust.
        proxy: the proxy for https; None for none.
    """

    def __init__(self, tls: ssl.SSLContext, proxy: httpx.Proxy | None = None) -> None:
        self._waits: list[float] = []
        self._exchange = _Exchange()
        self._network = _Network(self._exchange)
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

    @property
    def latency(self) -> float:
        """The seconds that a response is waited for: the median of the latest; 0 before any."""
        waits = sorted(self._waits)
        return waits[len(waits) // 2] if waits else 0.0

    def close(self) -> None:
        """Close all connections; what is read from them fails."""
        self._network.is_closed = True
        self._pool.close()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and return its response; the same thread must read the content.

        Raises:
            httpx.TransportError: the network or HTTP failed.
        """
        self._exchange.begin(request.extensions[DEADLINE])
        with _mapped_errors():
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
            stream=_Content(response, self._end_exchange),
            extensions=response.extensions,
        )

    def _end_exchange(self) -> None:
        self._waits = [*self._waits[1 - _LATEST :], self._exchange.waited]


class _Content(httpx.SyncByteStream):
    def __init__(self, response: httpcore.Response, on_close: Callable[[], None]) -> None:
        self._response = response
        self._on_close = on_close

    def __iter__(self) -> Iterator[bytes]:
        with _mapped_errors():
            yield from self._response.iter_stream()

    def close(self) -> None:
        self._response.close()
        self._on_close()


class _Exchange(threading.local):
    """The exchange under way in this thread.

    Attributes:
        waited: the seconds spent waiting for its response, without connecting.
    """

    waited = 0.0
    _deadline = math.inf

    def begin(self, deadline: float) -> None:
        """Begin an exchange that must have ended at a monotonic time."""
        self.waited = 0.0
        self._deadline = deadline

    def bound(self, timeout: float | None) -> float:
        """Return a timeout in seconds, or what is left of the exchange if that is less.

        Raises:
            httpcore.ReadTimeout: nothing is left, whatever the timeout is for.
        """
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout
        return left if timeout is None else min(left, timeout)

    def connect(
        self, connect: Callable[[float], httpcore.NetworkStream], timeout: float | None
    ) -> httpcore.NetworkStream:
        """Connect in another thread, and leave that behind at the deadline.

        Args:
            connect: gets the timeout, in seconds, of each of its steps.
            timeout: that timeout, unless less is left.

        Raises:
            httpcore.NetworkError: there is no connection.
            httpcore.TimeoutException: it took too long.
        """
        connecting = run_aside(partial(connect, self.bound(timeout)))
        try:
            return connecting.result(self.bound(None))
        except FutureTimeoutError:
            connecting.add_done_callback(_close)
            raise httpcore.ConnectTimeout from None


def _close(connecting: "Future[httpcore.NetworkStream]") -> None:
    """Close a connection that was made too late."""
    if not connecting.exception():
        connecting.result().close()


class _Network(httpcore.SyncBackend):
    def __init__(self, exchange: _Exchange) -> None:
        self.is_closed = False
        self._exchange = exchange

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        connect = super().connect_tcp
        stream = self._exchange.connect(
            lambda bounded: connect(host, port, bounded, local_address, socket_options), timeout
        )
        if self.is_closed:
            # The pool did not know of this one yet when it closed all others.
            stream.close()
            raise httpcore.ConnectError("the connections are closed")
        return _Stream(stream, self._exchange)


class _Stream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream, exchange: _Exchange) -> None:
        self._stream = stream
        self._exchange = exchange

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        began = time.monotonic()
        data = self._read(max_bytes, self._exchange.bound(timeout))
        self._exchange.waited += time.monotonic() - began
        return data

    def _read(self, max_bytes: int, timeout: float) -> bytes:
        return self._stream.read(max_bytes, timeout)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._exchange.bound(timeout))

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        start = partial(self._stream.start_tls, ssl_context, server_hostname)
        stream = self._exchange.connect(start, timeout)
        is_inside_tls = self.get_extra_info("ssl_object") is not None
        return (_InnerStream if is_inside_tls else _Stream)(stream, self._exchange)

    def close(self) -> None:
        self._stream.close()

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _InnerStream(_Stream):
    """TLS inside TLS, as through an https proxy.

    httpcore reads until a record is whole, and its timeout bounds each read by itself.
    """

    def _read(self, max_bytes: int, timeout: float) -> bytes:
        reading = run_aside(partial(self._stream.read, max_bytes, timeout))
        try:
            return reading.result(self._exchange.bound(None))
        except FutureTimeoutError:
            raise httpcore.ReadTimeout from None


def _convert_url(url: httpx.URL) -> httpcore.URL:
    return httpcore.URL(
        scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
    )


@contextmanager
def _mapped_errors() -> Iterator[None]:
    """Raise httpx's errors for httpcore's, which have the same names."""
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
