"""A proxy on loopback: tunnels well, or refuses as it is told."""

import socket
import socketserver
import threading
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from typing import Any, Self, TypeAlias

Reason: TypeAlias = Callable[[str | None], str | None]
"""Makes the reason beside a status from the Proxy-Authorization."""


class Proxy:
    """A forward proxy on loopback: tunnels on CONNECT, to wherever it is told.

    Attributes:
        url: where it is.
        requests: method, target and Proxy-Authorization of every request.
        refusal: the status to answer with in place of a tunnel, if any.
        reason: makes the reason beside it from the Proxy-Authorization.
    """

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, str | None]] = []
        self.refusal: int | None = None
        self.reason: Reason = lambda _credentials: None
        proxy = self

        class Conversation(BaseHTTPRequestHandler):
            def do_CONNECT(self) -> None:
                credentials = self.headers.get("Proxy-Authorization")
                proxy.requests.append((self.command, self.path, credentials))
                if proxy.refusal:
                    self.send_response(proxy.refusal, proxy.reason(credentials))
                    self.end_headers()
                    return
                host, _, port = self.path.rpartition(":")
                with socket.create_connection((host, int(port)), timeout=5) as far:
                    self.send_response(200)
                    self.end_headers()
                    back = threading.Thread(target=pump, args=(far, self.connection), daemon=True)
                    back.start()
                    pump(self.connection, far)
                    back.join()

            def do_GET(self) -> None:
                proxy.requests.append((self.command, self.path, None))
                self.send_error(500)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name
                """Keep quiet."""

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Conversation)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def pump(near: socket.socket, far: socket.socket) -> None:
    with suppress(OSError):
        while data := near.recv(65536):
            far.sendall(data)
    with suppress(OSError):
        far.shutdown(socket.SHUT_WR)
