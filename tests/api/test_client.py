import json
import re
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from casjob.api.auth import AccessKey, Credential, Token
from casjob.api.client import Client, Request
from casjob.api.pace import RetryPolicy
from casjob.api.redact import Redactor
from casjob.errors import (
    AuthenticationError,
    CasjobError,
    ReplyError,
    ServiceError,
    SettingsError,
    TransientError,
)
from tests.service import Recorded, Reply, Service

SECRET_KEY = "secret-key-of-the-user"  # noqa: S105 - made up
SECURITY_TOKEN = "security-token+/="  # noqa: S105 - made up
KEY = AccessKey("AKEXAMPLE", SECRET_KEY, SECURITY_TOKEN, origin="CASJOB_ACCESS_KEY")
TOKEN = Token("token-of-the-user", origin="CASJOB_TOKEN")


class Listener:
    """What the client notified of and logged."""

    def __init__(self) -> None:
        self.messages: list[str] = []
        self.log: list[str] = []


@contextmanager
def open_client(
    url: str, listener: Listener | None = None, *, secrets: Iterable[str] = (), **settings: Any
) -> Iterator[Client]:
    listener = listener or Listener()
    retry = RetryPolicy(retries=1, first_wait=0, longest_wait=0)
    client = Client(
        url,
        name="the service",
        **{"timeout": 5, "retry": retry, "log": listener.log.append, **settings},
        notify=listener.messages.append,
        redactor=Redactor(secrets),
    )
    try:
        yield client
    finally:
        client.close()


def send(client: Client, auth: Credential | None = TOKEN, **more: Any) -> object:
    request = Request(**{"method": "GET", "path": "/jobs", "auth": auth, **more})
    return client.send(request, lambda document, _: document)


def without_times(lines: list[str]) -> list[str]:
    return [re.sub(r"in \d+\.\d{3}s$", "in T", line) for line in lines]


def test_each_request_is_logged_with_its_outcome(service: Service) -> None:
    service.script = [Reply(503, "{}"), Reply(200, "{}", {"X-Request-Id": ""})]
    listener = Listener()

    with open_client(service.url, listener) as client:
        assert send(client, params={"limit": "5"}) == {}

    assert without_times(listener.log) == [
        f"GET {service.url}/jobs?limit=5 -> HTTP 503 (request req-0001) in T",
        f"GET {service.url}/jobs?limit=5 -> HTTP 200 in T",
    ]
    assert listener.messages == ["the service failed (HTTP 503); retrying in 0.0s (1 of 1)"]


def test_each_attempt_waits_for_its_turn(service: Service) -> None:
    service.script = [Reply(503), Reply(200, "{}")]
    turns: list[int] = []

    retry = RetryPolicy(retries=1, first_wait=0, pace=lambda: turns.append(len(service.requests)))
    with open_client(service.url, retry=retry) as client:
        send(client)

    assert turns == [0, 1]


def test_a_request_without_a_response_is_logged_too(service: Service) -> None:
    service.script = [Reply(reset=True), Reply(drip=0.02, body="x" * 99)]
    listener = Listener()

    with open_client(service.url, listener, timeout=0.25) as client, pytest.raises(ServiceError):
        send(client)

    first, second, third = listener.log
    assert re.fullmatch(f"GET {service.url}/jobs -> the connection to .* in .*s", first)
    assert re.fullmatch(rf"GET {service.url}/jobs -> HTTP 200 \(request .*\) in .*s", second)
    dripped = f"GET {service.url}/jobs -> no complete response from .* within 1s in .*s"
    assert re.fullmatch(dripped, third)


def test_without_a_log_nothing_is_logged(service: Service) -> None:
    service.script = [Reply(401, "{}")]
    listener = Listener()

    with open_client(service.url, listener, log=None) as client, pytest.raises(AuthenticationError):
        send(client, KEY)

    assert (listener.log, listener.messages) == ([], [])


def test_a_refused_signature_is_logged_beside_the_gateways(service: Service) -> None:
    def refuse(request: Recorded) -> Reply:
        token = request.headers["X-Security-Token"]
        theirs = f"GET|/jobs/||host:gateway|x-security-token:{token}||host;x-security-token|e3b0"
        message = f"verify aksk signature fail, canonicalRequest:{theirs}"
        return Reply(401, {"error_code": "APIGW.0301", "error_msg": message})

    service.handler = refuse
    listener = Listener()

    with (
        open_client(service.url, listener, secrets=[SECRET_KEY], project_id="063a") as client,
        pytest.raises(AuthenticationError),
    ):
        send(client, KEY)

    date = service.requests[0].headers["X-Sdk-Date"]
    assert listener.log[1:] == [
        "casjob signed:",
        "  GET",
        "  /jobs/",
        "  ",
        f"  host:{service.url.removeprefix('http://')}",
        "  x-project-id:063a",
        f"  x-sdk-date:{date}",
        "  x-security-token:****",
        "  ",
        "  host;x-project-id;x-sdk-date;x-security-token",
        "  e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "the gateway said:",
        "  verify aksk signature fail, canonicalRequest:GET",
        "  /jobs/",
        "  ",
        "  host:gateway",
        "  x-security-token:****",
        "  ",
        "  host;x-security-token",
        "  e3b0",
    ]


def test_an_empty_refusal_of_a_signature_is_logged(service: Service) -> None:
    service.script = [Reply(401)]
    listener = Listener()

    with open_client(service.url, listener) as client, pytest.raises(AuthenticationError):
        send(client, KEY)

    assert listener.log[-2:] == ["the gateway said:", "  nothing"]


def repeat_everything(status: int, end: str) -> Callable[[Recorded], Reply]:
    def reply(request: Recorded) -> Reply:
        headers = {name: value for name, value in request.headers.items() if name != "host"}
        body = {"message": json.dumps({**headers, "body": json.loads(request.body or "{}")})}
        sent = {f"X-Sent-{name}": value for name, value in headers.items()}
        return Reply(status, json.dumps(body) + end, {**sent, "X-Request-Id": str(headers)})

    return reply


PASSWORD = 'pä"ss\\wörd'  # noqa: S105 - it is one, made up


@pytest.mark.parametrize("status", [200, 302, 400, 401, 403, 503])
@pytest.mark.parametrize("auth", [TOKEN, KEY, None], ids=["token", "key", "none"])
def test_whatever_a_response_repeats_no_secret_is_printed(
    service: Service, status: int, auth: Credential | None
) -> None:
    service.handler = repeat_everything(status, end="!" if status == 200 else "")
    listener = Listener()

    with (
        open_client(service.url, listener, secrets=[SECRET_KEY, PASSWORD]) as client,
        pytest.raises(CasjobError) as raised,
    ):
        send(client, auth, method="POST", body={"password": PASSWORD})

    error = raised.value
    told = "\n".join(
        [*listener.log, *listener.messages, str(error), str(error.service_message), str(error.hint)]
    )
    assert "****" in told or auth is None
    secrets = [
        PASSWORD,
        json.dumps(PASSWORD)[1:-1],
        SECRET_KEY,
        SECURITY_TOKEN,
        "token-of-the-user",
    ]
    headers = service.requests[0].headers
    secrets += [headers.get("Authorization", "Signature=none at all").partition("Signature=")[2]]
    for secret in secrets:
        assert str(secret) not in told
        assert json.dumps(secret)[1:-1] not in told


def test_a_response_that_breaks_http_is_quoted_without_the_secret() -> None:
    def repeat_token(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with connection:
            token = re.findall(rb"token-of-\S+", connection.recv(65536))[0]
            connection.sendall(b"HTTP/1.1 200 OK\r\n" + token + b"\r\n\r\n")

    listener = Listener()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=repeat_token, args=(listening,), daemon=True).start()
        port = listening.getsockname()[1]
        retry = RetryPolicy(retries=0)
        url = f"http://127.0.0.1:{port}"
        with (
            open_client(url, listener, retry=retry) as client,
            pytest.raises(TransientError, match=r"illegal header line: .*\*\*\*\*") as raised,
        ):
            send(client)

    assert "token-of-the-user" not in f"{raised.value.message} {listener.log}"


def test_short_words_are_not_masked(service: Service) -> None:
    service.script = [Reply(400, "a b c")]

    with open_client(service.url, secrets=["a"]) as client, pytest.raises(ServiceError) as raised:
        send(client, Token("b", origin="CASJOB_TOKEN"))

    assert str(raised.value.service_message).startswith("a b c (")


def test_a_header_may_be_in_any_script(service: Service) -> None:
    word = "作业".encode().decode("latin-1")
    service.script = [Reply(302, "{}", {"X-Note": word, "Location": word})]

    with open_client(service.url) as client, pytest.raises(ServiceError) as raised:
        send(client)

    assert raised.value.message == "the service redirects to 作业"


def test_bytes_that_are_not_utf_8_are_replaced_and_that_is_told_once(service: Service) -> None:
    kept = '{"a": "\ufffd"}'.encode()
    service.script = [Reply(200, kept), *[Reply(200, b'\xef\xbb\xbf{"a": "caf\xe9 \xff"}')] * 2]
    listener = Listener()

    with open_client(service.url, listener) as client:
        documents = [send(client) for _ in range(3)]

    assert documents == [{"a": "\ufffd"}, {"a": "caf\ufffd \ufffd"}, {"a": "caf\ufffd \ufffd"}]
    assert listener.messages == [
        "the response from the service has bytes that are not UTF-8; they are shown as \ufffd"
    ]


def test_a_response_that_is_not_json_is_described(service: Service) -> None:
    service.script = [Reply(200, "<title>Welcome</title>", {"X-Request-Id": "req-1"})]

    with open_client(service.url) as client, pytest.raises(ReplyError) as raised:
        send(client)

    assert raised.value.message.startswith("the response from the service is not JSON: ")
    assert raised.value.service_message == "a page of HTML, Welcome (HTTP 200, request req-1)"


@pytest.mark.parametrize(
    "more",
    [
        {"params": {"instance_id": "\udcff"}},
        {"params": {"instance_id": "x" * 70_000}},
        {"body": {"password": "\udcff"}},
        {"project_id": "prøject"},
        {"project_id": "a\nb"},
    ],
    ids=["not UTF-8", "too long", "a body", "a header", "a line break"],
)
def test_a_request_that_can_not_be_sent_is_an_error(service: Service, more: dict[str, Any]) -> None:
    with (
        open_client(service.url, project_id=more.pop("project_id", "")) as client,
        pytest.raises(SettingsError, match="can't be sent"),
    ):
        send(client, None, **more)

    assert service.requests == []


def test_requests_are_in_english_and_json(service: Service) -> None:
    service.script = [Reply(200, "{}")]

    with open_client(service.url) as client:
        send(client)

    headers = service.requests[0].headers
    assert headers["X-Language"] == "en-us"
    assert headers["Content-Type"] == headers["Accept"] == "application/json"
    assert headers["User-Agent"].startswith("casjob/")


def test_a_probe_is_anonymous(service: Service) -> None:
    with open_client(f"{service.url}/gate") as client:
        assert client.probe().status == 404

    (request,) = service.requests
    assert request.target == "/gate/"
    assert not {"authorization", "x-auth-token"} & request.headers.keys()


def test_a_transport_may_stand_in_for_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "ftp://nonsense")
    transport = httpx.MockTransport(lambda _: httpx.Response(200, stream=httpx.ByteStream(b"[1]")))

    with open_client("https://nowhere.invalid", transport=transport) as client:
        assert send(client) == [1]


def test_pages_that_fail_side_by_side_notify_once(service: Service) -> None:
    service.handler = lambda _: Reply(503)
    listener = Listener()

    with open_client(service.url, listener) as client, ThreadPoolExecutor(4) as pages:
        asked = [pages.submit(send, client) for _ in range(4)]

    assert [type(each.exception()) for each in asked] == [TransientError] * 4
    assert listener.messages == ["the service failed (HTTP 503); retrying in 0.0s (1 of 1)"]
    assert len(service.requests) == 8


def test_a_failure_after_a_success_notifies_again(service: Service) -> None:
    service.script = [Reply(503), Reply(200, "{}"), Reply(503), Reply(200, "{}")]
    listener = Listener()

    with open_client(service.url, listener) as client:
        send(client)
        send(client)

    assert listener.messages == ["the service failed (HTTP 503); retrying in 0.0s (1 of 1)"] * 2


def test_a_closed_client_neither_sends_nor_notifies(service: Service) -> None:
    listener = Listener()

    def close(_: Recorded) -> Reply:
        client.close()
        return Reply(503)

    service.handler = close
    with (
        open_client(service.url, listener) as client,
        pytest.raises(ServiceError, match="are closed"),
    ):
        send(client)

    assert (listener.messages, listener.log, len(service.requests)) == ([], [], 1)


def test_a_connection_that_is_made_after_its_client_was_closed_is_closed_too() -> None:
    class Connection:
        is_closed = False

        def get_extra_info(self, _: str) -> None:
            """Say that it has no TLS."""

        def close(self) -> None:
            self.is_closed = True

    connection = Connection()

    class Connecting(httpx.BaseTransport):
        def handle_request(self, _: httpx.Request) -> httpx.Response:
            client.close()
            body = httpx.ByteStream(b"{}")
            return httpx.Response(200, stream=body, extensions={"network_stream": connection})

    with open_client("http://localhost", transport=Connecting()) as client:
        assert send(client) == {}

    assert connection.is_closed


def test_nothing_is_sent_beside_the_first_request_nor_after_a_refusal(service: Service) -> None:
    def refuse(request: Recorded) -> Reply:
        return Reply(401, {"error_msg": request.headers["Authorization"]}, delay=0.05)

    service.handler = refuse

    with open_client(service.url) as client, ThreadPoolExecutor(4) as pages:
        asked = [pages.submit(send, client, KEY) for _ in range(4)]

    errors = [each.exception() for each in asked]
    assert [type(error) for error in errors] == [AuthenticationError] * 4
    assert all("Signature=**** (" in str(vars(error)["service_message"]) for error in errors)
    assert len(service.requests) == 1


def test_there_is_time_for_something_else_while_a_response_is_waited_for(service: Service) -> None:
    is_done = threading.Event()
    service.handler = lambda _: Reply(200 if is_done.wait(5) else 500, "{}")

    with open_client(service.url, while_waiting=is_done.set) as client:
        assert send(client) == {}
