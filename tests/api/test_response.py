import gzip
import random
import re
import socket
import threading
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from typing import Any

import pytest

from casjob.api import client
from casjob.api import response as response_module
from casjob.api.client import Client
from casjob.api.response import Response
from casjob.errors import ReplyError, ReplyTimeoutError, ServiceError
from tests.conftest import JOB_ID, Finished
from tests.service import Reply, Service, documented_job

TIMEOUT = 0.05

Ask = Callable[..., Finished]


@contextmanager
def drip(head: bytes, drop: bytes) -> Iterator[str]:
    """Send a head, and a drop again and again, each well within a read timeout."""
    is_over = threading.Event()

    def send() -> None:
        connection, _ = server.accept()
        # The client may hang up at any time.
        with connection, suppress(OSError):
            connection.recv(65536)
            connection.sendall(head)
            while not is_over.wait(TIMEOUT / 5):
                connection.sendall(drop)

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=send, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        is_over.set()
        thread.join(5)


def get(url: str, *, seconds: float = 20) -> Response:
    # Each read may last long, so that on a busy machine only the whole exchange is late.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(client, "TOTAL_TIMEOUT_FACTOR", seconds / 5)
        with closing(Client(url, timeout=5)) as connected:
            return connected.probe()


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
    assert response_module.MAX_BYTES == 64 * 1024 * 1024


@pytest.fixture
def limit(monkeypatch: pytest.MonkeyPatch) -> int:
    limit = 1024 * 1024
    monkeypatch.setattr(response_module, "MAX_BYTES", limit)
    return limit


def test_a_response_as_large_as_the_limit_is_read(service: Service, limit: int) -> None:
    service.script = [Reply(body=b" " * limit)]

    assert len(get(service.url).content) == limit


@pytest.mark.parametrize(("coding", "encode"), [("identity", bytes), ("gzip", gzip.compress)])
def test_a_response_larger_than_the_limit_is_given_up(
    service: Service, ask: Ask, limit: int, coding: str, encode: Callable[[bytes], bytes]
) -> None:
    body = encode(b" " * (limit + 1))
    service.script = [Reply(body=body, headers={"Content-Encoding": coding})]

    finished = ask("show", JOB_ID)

    assert finished == Finished(7, "", too_large(service))
    assert len(service.requests) == 1


@pytest.mark.usefixtures("limit")
def test_a_response_without_an_end_is_given_up() -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"10000\r\n" + b" " * 65536 + b"\r\n"
    with drip(head, chunk * 8) as url, pytest.raises(ReplyError, match="is larger than 1 MiB"):
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
    with drip(head, drop) as url:
        with pytest.raises(ServiceError) as raised:
            get(url, seconds=4 * TIMEOUT)
        took = time.monotonic() - began

    assert 4 * TIMEOUT <= took < 5
    assert type(raised.value) is ReplyTimeoutError, "it is not tried again"
    place = url.removeprefix("http://")
    assert raised.value.message == f"no complete response from {place} within 0.2s"
    assert raised.value.hint == "to wait longer, use --request-timeout SECONDS"


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


# In this order: the service connects to itself when it stops.
@pytest.mark.usefixtures("service", "let_go")
def test_a_name_lookup_that_hangs_is_given_up_after_four_timeouts(service: Service) -> None:
    with pytest.raises(ReplyTimeoutError, match=r"no complete response from .* within 0\.2s"):
        get(service.url, seconds=4 * TIMEOUT)

    assert service.requests == []


def test_a_tls_handshake_that_drips_is_given_up() -> None:
    # A record of 16 kB begins, and its bytes come one at a time.
    with drip(b"\x16\x03\x03\x40\x00", b"\x00") as url, pytest.raises(ReplyTimeoutError):
        get(url.replace("http:", "https:"), seconds=4 * TIMEOUT)


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
        "  hint: to wait longer, use --request-timeout SECONDS\n",
    )
    assert len(service.requests) == 1


def test_each_request_goes_over_the_same_connection(service: Service) -> None:
    with closing(Client(service.url)) as connected:
        for _ in range(3):
            connected.probe()

    assert len(service.requests) == 3
    assert len(service._server._conversations) == 1  # noqa: SLF001 - nothing else counts them


def test_no_cookie_is_kept(service: Service) -> None:
    service.script = [Reply(headers={"Set-Cookie": "session=1"}), Reply()]

    with closing(Client(service.url)) as connected:
        connected.probe()
        connected.probe()

    assert "cookie" not in service.requests[1].headers
