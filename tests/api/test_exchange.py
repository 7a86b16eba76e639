import gzip
import random
import re
import socket
import ssl
import threading
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme

from casjob.api import exchange as exchange_module
from casjob.api.exchange import Response, exchange
from casjob.api.tls import create_tls_context
from casjob.api.transport import Transport
from casjob.background import run_aside
from casjob.errors import ReplyError, ReplyTimeoutError, ServiceError
from tests.conftest import JOB_ID, Finished
from tests.service import Reply, Service, documented_job

TIMEOUT = 0.05

Ask = Callable[..., Finished]


@contextmanager
def serve(behave: Callable[[socket.socket], None], *, waits: bool = True) -> Iterator[str]:
    """Accept one connection, wait for a request, and behave; what that raises is raised here."""
    errors: list[BaseException] = []

    def accept() -> None:
        connection, _ = server.accept()
        with connection:
            try:
                if waits:
                    connection.recv(65536)
                behave(connection)
            except BaseException as error:  # noqa: BLE001 - raised below
                errors.append(error)

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        thread.join(5)
    assert not thread.is_alive()
    if errors:
        raise errors[0]


def drip(connection: socket.socket, head: bytes, drop: bytes) -> None:
    """Send a drop again and again, each well within a read timeout, until nobody listens."""
    connection.sendall(head)
    deadline = time.monotonic() + 5
    closed = threading.Event()
    while time.monotonic() < deadline:
        try:
            connection.sendall(drop)
        except OSError:
            return
        closed.wait(TIMEOUT / 5)
    raise AssertionError("the client was still listening")


@contextmanager
def open_transport(
    url: str = "http://127.0.0.1", proxy: httpx.Proxy | None = None
) -> Iterator[Transport]:
    transport = Transport(create_tls_context(url, None), proxy)
    try:
        yield transport
    finally:
        transport.close()


def get(url: str, *, seconds: float = 20, proxy: httpx.Proxy | None = None) -> Response:
    # Each read may last long, so that on a busy machine only the whole exchange is late.
    with open_transport(url, proxy) as transport:
        request = httpx.Request("GET", url)
        return exchange(transport, request, timeout=5, patience=seconds / 5, peer="a peer")


def test_a_response_has_status_headers_and_body(service: Service) -> None:
    service.script = [Reply(418, b"\xff\x00", headers={"X-Thing": "a thing"})]

    reply = get(service.url)

    assert (reply.status, reply.headers["x-thing"], reply.content) == (418, "a thing", b"\xff\x00")


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", ""),
        ("构建".encode(), "构建"),
        (b"\xef\xbb\xbf{}", "{}"),
        (b"caf\xe9 \xff", r"caf\xe9 \xff"),
        ("é".encode("utf-16"), r"\xff\xfe\xe9" + "\x00"),
    ],
)
def test_a_body_is_shown_with_escapes_where_it_is_not_utf_8(content: bytes, text: str) -> None:
    assert Response(200, {}, content).text == text


@pytest.mark.parametrize(
    ("coding", "compress"), [("gzip", gzip.compress), ("deflate", zlib.compress)]
)
def test_a_compressed_response_is_read(
    service: Service, ask: Ask, coding: str, compress: Callable[[bytes], bytes]
) -> None:
    plain = ask("show", JOB_ID)
    body = Reply(body={**documented_job(), "task_count": 5}).content
    service.script = [Reply(body=compress(body), headers={"Content-Encoding": coding})]

    assert ask("show", JOB_ID) == plain
    assert plain.status == 0


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_a_response_that_is_not_compressed_as_it_says_is_an_error(
    service: Service, ask: Ask, coding: str
) -> None:
    service.script = [Reply(body=b"garbage", headers={"Content-Encoding": coding})]

    finished = ask("show", JOB_ID)

    assert (finished.status, finished.out) == (7, "")
    place = service.url.removeprefix("http://")
    assert re.fullmatch(
        f"casjob: the response from {place} can't be decompressed: Error -3 [a-z ]+: [a-z ]+\n"
        "  hint: a proxy may have changed it\n",
        finished.err,
    )
    assert len(service.requests) == 1


def test_a_response_compressed_more_than_once_is_not_unpacked(service: Service, ask: Ask) -> None:
    body = gzip.compress(gzip.compress(b"0" * 10_000_000))
    service.script = [Reply(body=body, headers={"Content-Encoding": "gzip, gzip"})]

    finished = ask("show", JOB_ID)

    assert finished == Finished(
        7,
        "",
        f"casjob: the response from {place_of(service)} is encoded as gzip, gzip,"
        " which is not supported\n"
        "  hint: a proxy may have changed it\n",
    )


def place_of(service: Service) -> str:
    return service.url.removeprefix("http://")


def too_large(service: Service, hint: str = "casjob tasks --limit 5 requests fewer tasks") -> str:
    place = place_of(service)
    return f"casjob: the response from {place} is larger than 1 MiB\n  hint: {hint}\n"


def test_only_codings_that_casjob_decodes_are_accepted(service: Service, ask: Ask) -> None:
    ask("show", JOB_ID)

    assert service.requests[0].headers["Accept-Encoding"] == "gzip, deflate"


@pytest.mark.parametrize("limit_option", [["--limit", "5"], ["--limit", "60"]])
def test_a_smaller_limit_is_not_advised_where_one_was_given(
    service: Service, ask: Ask, limit: int, limit_option: list[str]
) -> None:
    service.script = [Reply(body=b" " * (limit + 1))]

    finished = ask("tasks", JOB_ID, *limit_option)

    hint = "the endpoint may belong to another service; casjob config shows where it is set"
    assert finished == Finished(7, "", too_large(service, hint))


@pytest.mark.parametrize("size", [0, 1, 300_000])
def test_a_compressed_body_may_come_in_several_chunks(service: Service, size: int) -> None:
    body = random.Random(5).randbytes(size)  # noqa: S311 - nothing secret about it
    service.script = [Reply(body=gzip.compress(body), headers={"Content-Encoding": "gzip"})]

    assert get(service.url).content == body


@pytest.mark.parametrize("length", [0, 20, 100])
def test_a_compressed_body_that_is_cut_is_read_as_far_as_it_goes(
    service: Service, length: int
) -> None:
    body = bytes(range(256))
    cut = gzip.compress(body)[:length]
    service.script = [Reply(body=cut, headers={"Content-Encoding": "gzip"})]

    assert body.startswith(get(service.url).content)


def test_what_follows_a_compressed_body_is_ignored(service: Service) -> None:
    body = gzip.compress(b"{}") + b"garbage" * 100_000
    service.script = [Reply(body=body, headers={"Content-Encoding": "gzip"})]

    assert get(service.url).content == b"{}"


def test_a_bomb_is_not_unpacked_beyond_the_limit(service: Service, limit: int) -> None:
    squeeze = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    body = b"".join(squeeze.compress(b" " * limit) for _ in range(200)) + squeeze.flush()
    service.script = [Reply(body=body, headers={"Content-Encoding": "gzip"})]
    tracemalloc.start()
    try:
        with pytest.raises(ReplyError, match="is larger than 1 MiB"):
            get(service.url)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 8 * limit


def test_the_limit_is_64_mib() -> None:
    assert exchange_module.MAX_BYTES == 64 * 1024 * 1024


@pytest.fixture
def limit(monkeypatch: pytest.MonkeyPatch) -> int:
    limit = 1024 * 1024
    monkeypatch.setattr(exchange_module, "MAX_BYTES", limit)
    return limit


def test_a_response_as_large_as_the_limit_is_read(service: Service, limit: int) -> None:
    service.script = [Reply(body=b" " * limit)]

    assert len(get(service.url).content) == limit


def test_a_response_larger_than_the_limit_is_given_up(
    service: Service, ask: Ask, limit: int
) -> None:
    service.script = [Reply(body=b" " * (limit + 1))]

    finished = ask("show", JOB_ID)

    assert finished == Finished(7, "", too_large(service))
    assert len(service.requests) == 1


def test_a_small_response_that_expands_beyond_the_limit_is_given_up(
    service: Service, ask: Ask, limit: int
) -> None:
    body = gzip.compress(b" " * (limit + 1))
    assert len(body) < 2000
    service.script = [Reply(body=body, headers={"Content-Encoding": "gzip"})]

    finished = ask("show", JOB_ID)

    assert finished == Finished(7, "", too_large(service))


@pytest.mark.usefixtures("limit")
def test_a_response_without_an_end_is_given_up() -> None:
    def send(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        # Ends as the client hangs up; `serve` waits for that.
        with suppress(OSError):
            while True:
                connection.sendall(b"10000\r\n" + b" " * 65536 + b"\r\n")

    with serve(send) as url, pytest.raises(ReplyError, match="is larger than 1 MiB"):
        get(url)


@pytest.mark.parametrize(
    ("head", "drop"),
    [
        (b"", b"H"),
        (b"HTTP/1.1 200 OK\r\n", b"X: x\r\n"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", b" "),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
        (b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"),
    ],
    ids=["status line", "headers", "body", "chunks", "early hints"],
)
def test_a_response_that_drips_is_given_up_after_four_timeouts(head: bytes, drop: bytes) -> None:
    began = time.monotonic()
    with serve(lambda connection: drip(connection, head, drop)) as url:
        with pytest.raises(ServiceError) as raised:
            get(url, seconds=4 * TIMEOUT)
        took = time.monotonic() - began

    assert 4 * TIMEOUT <= took < 5
    assert type(raised.value) is ReplyTimeoutError, "it is not tried again"
    assert raised.value.message == "no complete response from a peer within 0.2s"
    assert raised.value.hint == "--request-timeout SECONDS waits longer"


def test_a_read_that_is_given_up_leaves_no_thread_behind(service: Service) -> None:
    service.script = [Reply(body=b" " * 1000, drip=TIMEOUT / 5)]
    before = set(threading.enumerate())

    with pytest.raises(ServiceError, match="no complete response"):
        get(service.url, seconds=4 * TIMEOUT)

    assert_ended(before)


def assert_ended(before: set[threading.Thread]) -> None:
    """Assert that the threads in which casjob ran calls have ended, or are about to."""
    for thread in set(threading.enumerate()) - before:
        # All others are the service's.
        if "(run)" in thread.name:
            thread.join(5)
            assert not thread.is_alive()


@pytest.fixture
def let_go(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Hold back all name lookups until this is set."""
    event = threading.Event()
    look_up = socket.getaddrinfo

    def hold(host: str, *arguments: Any, **options: Any) -> Any:
        event.wait(5)
        return look_up(host, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", hold)
    yield event
    event.set()


@pytest.mark.parametrize("call", [lambda get: get(), lambda get: run_aside(get).result(timeout=5)])
def test_a_name_lookup_that_hangs_is_given_up_after_four_timeouts(
    service: Service,
    let_go: threading.Event,
    call: Callable[[Callable[[], Response]], Response],
) -> None:
    before = set(threading.enumerate())
    with pytest.raises(ReplyTimeoutError, match=r"no complete response from a peer within 0\.2s"):
        call(lambda: get(service.url, seconds=4 * TIMEOUT))
    let_go.set()

    assert_ended(before)
    assert service.requests == []


def test_a_connection_that_is_made_after_all_were_closed_is_not_used(
    service: Service, let_go: threading.Event
) -> None:
    request = httpx.Request("GET", service.url)
    with open_transport() as transport:
        response = run_aside(lambda: exchange(transport, request, timeout=5, peer="a peer"))
    let_go.set()

    with pytest.raises(httpx.ConnectError):
        response.result(timeout=5)
    assert service.requests == []


def test_an_exchange_whose_time_is_up_does_not_begin(service: Service) -> None:
    with pytest.raises(ReplyTimeoutError):
        get(service.url, seconds=0)
    assert service.requests == []


def test_a_tls_handshake_that_drips_is_given_up() -> None:
    # A record of 16 kB begins, and its bytes come one at a time.
    def send(connection: socket.socket) -> None:
        drip(connection, b"\x16\x03\x03\x40\x00", b"\x00")

    with serve(send) as url, pytest.raises(ReplyTimeoutError):
        get(url.replace("http:", "https:"), seconds=4 * TIMEOUT)


def test_a_response_that_drips_in_tls_inside_tls_is_given_up(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "service.test").configure_cert(context)

    def tunnel(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as outer:
            outer.recv(65536)
            outer.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            received, to_send = ssl.MemoryBIO(), ssl.MemoryBIO()
            inner = context.wrap_bio(received, to_send, server_side=True)
            while True:
                with suppress(ssl.SSLWantReadError):
                    inner.do_handshake()
                    break
                outer.sendall(to_send.read())
                received.write(outer.recv(65536))
            outer.sendall(to_send.read())
            outer.recv(65536)
            inner.write(b" " * 16_000)
            record = to_send.read()
            drip(outer, record[:5], record[5:6])

    with serve(tunnel, waits=False) as url:
        proxy = httpx.Proxy(url.replace("http:", "https:"))
        with pytest.raises(ReplyTimeoutError):
            get("https://service.test", seconds=8 * TIMEOUT, proxy=proxy)


def test_a_slow_response_that_comes_in_time_is_read(service: Service) -> None:
    service.script = [Reply(body=b"{ }", drip=0.01)]

    assert get(service.url).content == b"{ }"


def test_a_dripping_service_is_an_error(service: Service, ask: Ask) -> None:
    service.script = [Reply(body=b" " * 1000, drip=0.01)]

    finished = ask("show", JOB_ID, "--request-timeout", "0.1", "--retries", "3")

    assert finished == Finished(
        6,
        "",
        f"casjob: no complete response from {place_of(service)} within 0.4s\n"
        "  hint: --request-timeout SECONDS waits longer\n",
    )
    assert len(service.requests) == 1


def test_each_request_goes_over_the_same_connection(service: Service) -> None:
    with open_transport() as transport:
        for _ in range(3):
            request = httpx.Request("GET", service.url)
            exchange(transport, request, timeout=5, peer="a peer")

    assert len(service.requests) == 3
    assert len(service._server._conversations) == 1  # noqa: SLF001 - nothing else counts them
