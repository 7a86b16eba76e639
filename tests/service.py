"""A job API on a loopback socket: records what it is asked, answers well or as badly as told."""

import itertools
import json
import socket
import socketserver
import ssl
import struct
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, Self, cast
from urllib.parse import parse_qs, unquote, urlsplit

import httpx

from casjob.demo.replies import (
    LOG_PART,
    PAGE_CAP,
    BuildDocument,
    ComponentDocument,
    Document,
    Fields,
    Samples,
    answer,
)

_EXAMPLE_ID = "JOB474362ef-091d-429f-9b3e-c9246b37dee6"


@dataclass(frozen=True)
class Recorded:
    """A request as it came.

    Attributes:
        target: path and query as sent, still encoded.
        time: when it had come whole, in seconds of the monotonic clock.
        request_id: the `X-Request-Id` its reply gets.
    """

    method: str
    target: str
    headers: httpx.Headers
    body: bytes
    time: float
    request_id: str

    @property
    def path(self) -> str:
        return unquote(urlsplit(self.target).path)

    @property
    def query(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.target).query, keep_blank_values=True)


@dataclass(frozen=True)
class Reply:
    """What to send, and how to spoil it.

    Attributes:
        status: any number, known to HTTP or not.
        body: bytes as they are, text as UTF-8, anything else as JSON.
        headers: take the place of those sent anyway, `Date` and `Content-Length` too.
        delay: seconds before the first byte.
        truncate: how many bytes of the body to send; then the connection closes.
        reset: send nothing, and reset the connection.
        drip: seconds from each byte of the body, or of `raw`, to the next.
        raw: bytes to send in place of a response; then the connection closes or is reset.
    """

    status: int = 200
    body: bytes | str | Mapping[str, object] = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    truncate: int | None = None
    reset: bool = False
    drip: float | None = None
    raw: bytes | None = None

    @property
    def content(self) -> bytes:
        match self.body:
            case bytes():
                return self.body
            case str():
                return self.body.encode()
            case _:
                return json.dumps(self.body).encode()


class Service:
    """The service, up while its `with` block runs.

    A request goes to `handler`, then to `script`, then to `jobs`; the first that has a reply
    gives it. What `handler` raises is raised again at the end of the block.

    Attributes:
        url: where it is, without a slash at the end.
        requests: every request so far, oldest first.
        handler: may look at each request, and answer it.
        script: replies to give in this order, each once.
        jobs: whole jobs in v2's shape by their ids, served in pages as v2 and v3.
        components: components in v3's shape, listed as v2 and v3.
        builds: builds with their logs, newest first.
        log_part: characters of a log in one reply.
        page_cap: the most tasks in one page, whatever `limit` asks for.
        task_count: the count to claim for every job in place of its true one.
    """

    def __init__(self, *, ssl_context: ssl.SSLContext | None = None, ipv6: bool = False) -> None:
        self.requests: list[Recorded] = []
        self.handler: Callable[[Recorded], Reply | None] = lambda _: None
        self.script: list[Reply] = []
        self.jobs: dict[str, Document] = {}
        self.components: list[ComponentDocument] = []
        self.builds: list[BuildDocument] = []
        self.page_cap = PAGE_CAP
        self.log_part = LOG_PART
        self.task_count: int | None = None
        self._server = _Server(self._reply, ssl_context, ipv6=ipv6)
        scheme = "https" if ssl_context else "http"
        host = "[::1]" if ipv6 else "127.0.0.1"
        self.url = f"{scheme}://{host}:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        self._server.stop()
        if error is None and self._server.errors:
            raise self._server.errors[0]

    def _reply(self, request: Recorded) -> Reply:
        self.requests.append(request)
        return self.handler(request) or self._scripted() or self._true(request)

    def _scripted(self) -> Reply | None:
        # Not `if self.script`: another thread may take the last one in between.
        with suppress(IndexError):
            return self.script.pop(0)
        return None

    def _true(self, request: Recorded) -> Reply:
        status, body = answer(
            request.method,
            request.path,
            {name: values[0] for name, values in request.query.items()},
            Samples(
                self._find,
                lambda: self.components,
                lambda: self.builds,
                self.page_cap,
                self.log_part,
            ),
            request.request_id,
        )
        return Reply(status, body)

    def _find(self, job_id: str) -> Document | None:
        document = self.jobs.get(job_id)
        if document is None:
            return None
        if document["job"].get("JOB_ID") == _EXAMPLE_ID:
            # Whatever it is kept under, a copy of the example has the id that is asked for.
            document = {**document, "job": {**document["job"], "JOB_ID": job_id}}
        if self.task_count is not None:
            document = {**document, "task_count": self.task_count}
        return document


class _Server(socketserver.ThreadingTCPServer):
    """A thread a connection; no `HTTPServer`, as that asks DNS for its own name at each start."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self, reply: Callable[[Recorded], Reply], ssl_context: ssl.SSLContext | None, *, ipv6: bool
    ) -> None:
        self.address_family = socket.AF_INET6 if ipv6 else socket.AF_INET
        super().__init__(("::1" if ipv6 else "127.0.0.1", 0), _Conversation)
        self.reply = reply
        self.closing = threading.Event()
        self.errors: list[BaseException] = []
        self.request_numbers = itertools.count(1)
        self._ssl_context = ssl_context
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._conversations: list[tuple[socket.socket, threading.Thread]] = []

    def start(self) -> None:
        self._accepting.start()

    def stop(self) -> None:
        self.closing.set()
        # Not shutdown(), which serve_forever() notices only at its next poll: one more connection.
        socket.create_connection(self.socket.getsockname()[:2]).close()
        self._accepting.join()
        self.server_close()
        for connection, thread in self._conversations:
            with suppress(OSError):
                # SSLSocket's own would pull TLS from under the thread that reads from it.
                socket.socket.shutdown(connection, socket.SHUT_RDWR)
            thread.join()

    def _accept(self) -> None:
        while not self.closing.is_set():
            self.handle_request()

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        if self._ssl_context is not None:
            # The handshake is left to the connection's thread, in its first read.
            connection = self._ssl_context.wrap_socket(
                connection, server_side=True, do_handshake_on_connect=False
            )
        return connection, address

    def process_request(self, request: Any, client_address: Any) -> None:
        thread = threading.Thread(
            target=self.process_request_thread, args=(request, client_address), daemon=True
        )
        self._conversations.append((request, thread))
        thread.start()

    def shutdown_request(self, request: Any) -> None:
        # Without socketserver's shutdown() before it, whose FIN would come before a reset.
        self.close_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - not ours
        error = sys.exception()
        # Clients hang up, and refuse certificates: that is theirs to report.
        if error is not None and not isinstance(error, OSError):
            self.errors.append(error)


class _Conversation(BaseHTTPRequestHandler):
    """One kept-alive connection."""

    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def _serve(self) -> None:
        request = Recorded(
            method=self.command,
            target=self.path,
            headers=httpx.Headers(self.headers.items()),
            body=self.rfile.read(int(self.headers.get("Content-Length", "0"))),
            time=time.monotonic(),
            request_id=f"req-{next(self.server.request_numbers):04}",
        )
        reply = self.server.reply(request)
        if self.server.closing.wait(reply.delay):
            self.close_connection = True
            return
        if reply.raw is not None:
            self._write(reply.raw, reply.drip)
            self.close_connection = True
        if reply.reset:
            # Lingering for 0 seconds makes close() send RST in place of FIN.
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.close_connection = True
        elif reply.raw is None:
            self._send(reply, request.request_id)

    do_DELETE = do_GET = do_HEAD = do_PATCH = do_POST = do_PUT = _serve  # noqa: N815 - http.server's

    def _send(self, reply: Reply, request_id: str) -> None:
        content = reply.content
        headers = {
            "content-length": str(len(content)),
            "content-type": "application/json",
            "date": self.date_time_string(),
            "x-request-id": request_id,
        }
        headers |= {name.lower(): value for name, value in reply.headers.items()}
        self.send_response_only(reply.status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self._write(content[: reply.truncate], reply.drip)
        if reply.truncate is not None:
            self.close_connection = True

    def _write(self, content: bytes, drip: float | None) -> None:
        if drip is None:
            self.wfile.write(content)
            return
        for byte in content:
            self.wfile.write(bytes([byte]))
            if self.server.closing.wait(drip):
                break

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Keep quiet: what came is in `requests`."""


def documented_job() -> Document:
    """Return the vendor's own example: 5 tasks, the last one failed."""
    file = Path(__file__).parent / "data" / "job_failed_v2.json"
    return cast("Document", json.loads(file.read_bytes()))


def many_tasks(count: int, failing_index: int | None = None) -> Document:
    """Return a job of tasks with TASK_INDEX 1 to count, a second each, one failed or none."""
    job = documented_job()["job"] | {
        "EXECUTION_STATUS": "SUCCEEDED" if failing_index is None else "FAILED"
    }
    tasks = [_task(index, failed=index == failing_index) for index in range(1, count + 1)]
    return {"job": job, "tasks": tasks}


def _task(index: int, *, failed: bool) -> Fields:
    start = datetime(2020, 2, 4, 4, 1, 3, tzinfo=UTC) + timedelta(seconds=index)
    return {
        "MESSAGES": '{"Message": "ECC00011", "Detail": "Building failed."}' if failed else "{}",
        "TASK_ID": f"Task-00000000-0000-4000-8000-{index:012}",
        "TASK_TYPE": "restful",
        "TASK_INDEX": index,
        "TASK_NAME": f"TX{index:05}",
        "TASK_STATUS": "FAILED" if failed else "SUCCEEDED",
        "LAST_HEALTH_CHECK": f"{start + timedelta(seconds=1):%Y-%m-%dT%H:%M:%S}.000Z",
        "CREATED_AT": f"{start:%Y-%m-%dT%H:%M:%S}.000Z",
        "OWNER_ID": "cas-mgr-69bb87d7c-wpqwb:30114",
    }
