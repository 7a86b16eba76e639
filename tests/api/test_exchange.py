import gzip
import re
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import pytest

from casjob.api import exchange as exchange_module
from casjob.api.exchange import Reply, exchange
from casjob.errors import ReplyError, ReplyTimeoutError, ServiceError
from tests.conftest import JOB_ID, Finished
from tests.service import Reply as Answer
from tests.service import Service, documented_job

TIMEOUT = 0.05

Ask = Callable[..., Finished]


@contextmanager
def serve(behave: Callable[[socket.socket], None]) -> Iterator[str]:
    """Accept one connection, take its request, and behave; what that raises is raised here."""
    errors: list[BaseException] = []

    def accept() -> None:
        connection, _ = server.accept()
        with connection:
            try:
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


def get(url: str, *, timeout: float = 5) -> Reply:
    # Each read may last long, so that on a busy machine only the whole exchange is late.
    with httpx.Client(timeout=5) as http:
        return exchange(http, http.build_request("GET", url), auth=None, timeout=timeout)


def test_a_reply_has_status_headers_and_body(service: Service) -> None:
    service.script = [Answer(418, b"\xff\x00", headers={"X-Thing": "a thing"})]

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
    assert Reply(200, {}, content).text == text


@pytest.mark.parametrize(
    ("coding", "compress"), [("gzip", gzip.compress), ("deflate", zlib.compress)]
)
def test_a_compressed_reply_is_read(
    service: Service, ask: Ask, coding: str, compress: Callable[[bytes], bytes]
) -> None:
    plain = ask("show", JOB_ID)
    body = Answer(body={**documented_job(), "task_count": 5}).content
    service.script = [Answer(body=compress(body), headers={"Content-Encoding": coding})]

    assert ask("show", JOB_ID) == plain
    assert plain.status == 0


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_a_reply_that_is_not_compressed_as_it_says_is_not_understood(
    service: Service, ask: Ask, coding: str
) -> None:
    service.script = [Answer(body=b"garbage", headers={"Content-Encoding": coding})]

    finished = ask("show", JOB_ID)

    assert (finished.status, finished.out) == (7, "")
    place = service.url.removeprefix("http://")
    assert re.fullmatch(
        f"casjob: the reply of {place} can't be decompressed: Error -3 [a-z ]+: [a-z ]+\n"
        "  hint: a proxy on the way may have changed it\n",
        finished.err,
    )
    assert len(service.requests) == 1


def test_a_reply_compressed_more_than_once_is_not_unpacked(service: Service, ask: Ask) -> None:
    body = gzip.compress(gzip.compress(b"0" * 10_000_000))
    service.script = [Answer(body=body, headers={"Content-Encoding": "gzip, gzip"})]

    finished = ask("show", JOB_ID)

    assert finished == Finished(
        7,
        "",
        "casjob: the reply of 127.0.0.1 is compressed more than once\n"
        "  hint: a proxy on the way may have changed it\n",
    )


TOO_LARGE = (
    "casjob: the reply of 127.0.0.1 is larger than 1 MiB\n"
    "  hint: casjob tasks --limit 5 asks for less\n"
)


def test_a_reply_of_64_mib_is_the_limit() -> None:
    assert exchange_module.MAX_REPLY_BYTES == 64 * 1024 * 1024


@pytest.fixture
def limit(monkeypatch: pytest.MonkeyPatch) -> int:
    limit = 1024 * 1024
    monkeypatch.setattr(exchange_module, "MAX_REPLY_BYTES", limit)
    return limit


def test_a_reply_as_large_as_the_limit_is_read(service: Service, limit: int) -> None:
    service.script = [Answer(body=b" " * limit)]

    assert len(get(service.url).content) == limit


def test_a_reply_larger_than_the_limit_is_given_up(service: Service, ask: Ask, limit: int) -> None:
    service.script = [Answer(body=b" " * (limit + 1))]

    finished = ask("show", JOB_ID)

    assert finished == Finished(7, "", TOO_LARGE)
    assert len(service.requests) == 1


def test_a_small_reply_that_expands_beyond_the_limit_is_given_up(
    service: Service, ask: Ask, limit: int
) -> None:
    body = gzip.compress(b" " * (limit + 1))
    assert len(body) < 2000
    service.script = [Answer(body=body, headers={"Content-Encoding": "gzip"})]

    finished = ask("show", JOB_ID)

    assert finished == Finished(7, "", TOO_LARGE)


def test_a_reply_without_an_end_is_given_up(limit: int) -> None:
    def send(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        try:
            for _ in range(100):
                connection.sendall(b"10000\r\n" + b" " * 65536 + b"\r\n")
        except OSError:
            return
        raise AssertionError("it took 6 MiB")

    with serve(send) as url, pytest.raises(ReplyError, match="is larger than 1 MiB"):
        get(url)
    assert limit < 100 * 65536


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
def test_a_reply_that_drips_is_given_up_after_four_timeouts(head: bytes, drop: bytes) -> None:
    began = time.monotonic()
    with serve(lambda connection: drip(connection, head, drop)) as url:
        with pytest.raises(ServiceError) as raised:
            get(url, timeout=TIMEOUT)
        took = time.monotonic() - began

    assert 4 * TIMEOUT <= took < 5
    assert type(raised.value) is ReplyTimeoutError, "it is not tried again"
    assert raised.value.message == "127.0.0.1 was still sending its reply after 0.2s"
    assert raised.value.hint == "--request-timeout SECONDS waits longer"


def test_a_reading_that_was_given_up_ends_with_the_next_byte(service: Service) -> None:
    service.script = [Answer(body=b" " * 1000, drip=TIMEOUT / 5)]

    with httpx.Client(timeout=5) as http:
        request = http.build_request("GET", service.url)
        before = set(threading.enumerate())
        with pytest.raises(ServiceError, match="still sending"):
            exchange(http, request, auth=None, timeout=TIMEOUT)
        readings = set(threading.enumerate()) - before
        for reading in readings:
            if "(run)" in reading.name:
                reading.join(5)

    assert not any("(run)" in each.name and each.is_alive() for each in readings)


def test_a_slow_reply_that_comes_in_time_is_read(service: Service) -> None:
    service.script = [Answer(body=b"{ }", drip=0.01)]

    assert get(service.url).content == b"{ }"


def test_a_dripping_service_is_told_of(service: Service, ask: Ask) -> None:
    service.script = [Answer(body=b" " * 1000, drip=0.01)]

    finished = ask("show", JOB_ID, "--request-timeout", "0.1", "--retries", "3")

    assert finished == Finished(
        6,
        "",
        "casjob: 127.0.0.1 was still sending its reply after 0.4s\n"
        "  hint: --request-timeout SECONDS waits longer\n",
    )
    assert len(service.requests) == 1


def test_each_request_goes_over_the_same_connection(service: Service) -> None:
    with httpx.Client() as http:
        for _ in range(3):
            exchange(http, http.build_request("GET", service.url), auth=None, timeout=5)

    assert len(service.requests) == 3
    assert len(service._server._conversations) == 1  # noqa: SLF001 - nothing else counts them
