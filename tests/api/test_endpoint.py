import json
import re
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from casjob.api.auth import AccessKeyAuth, Auth, TokenAuth
from casjob.api.endpoint import Wire
from casjob.api.exchange import Reply as ExchangedReply
from casjob.api.retry import RetryPolicy
from casjob.credentials import AccessKey
from casjob.errors import CasjobError, ReplyError, ServiceError, SettingsError, TransientError
from casjob.job.failures import read_failure
from tests.service import Recorded, Reply, Service

KEY = AccessKey("AKEXAMPLE", "secret-key-of-the-user", "security-token+/=")
TOKEN = TokenAuth("token-of-the-user")


def explain(reply: ExchangedReply) -> CasjobError:
    kind = TransientError if reply.status >= 500 else ServiceError
    failure = read_failure(reply.text)
    decoded = failure.detail if failure else ""
    return kind(f"HTTP {reply.status}", said=f"{dict(reply.headers)} {reply.text} {decoded}")


class Listener:
    """What the wire told."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.log: list[str] = []


@contextmanager
def wire_to(endpoint: str, listener: Listener | None = None, **settings: Any) -> Iterator[Wire]:
    listener = listener or Listener()
    retry = RetryPolicy(tries=1, first_wait=0, longest_wait=0)
    wire = Wire(
        endpoint,
        **{"timeout": 5, "retry": retry, "log": listener.log.append, **settings},
        tell=listener.told.append,
    )
    try:
        yield wire
    finally:
        wire.close()


def ask(wire: Wire, auth: Auth | None = TOKEN, **more: Any) -> object:
    given = {"method": "GET", "path": "/jobs", "place": "here", "explain": explain, **more}
    return wire.ask(**given, auth=auth).document


def without_times(lines: list[str]) -> list[str]:
    return [re.sub(r"in \d+\.\d{3}s$", "in T", line) for line in lines]


def test_each_request_and_reply_is_told_with_its_try(service: Service) -> None:
    service.script = [Reply(503, "{}"), Reply(200, "{}", {"X-Request-Id": ""})]
    listener = Listener()

    with wire_to(service.url, listener) as wire:
        assert ask(wire, params={"limit": "5"}) == {}

    assert without_times(listener.log) == [
        f"GET {service.url}/jobs?limit=5 -> HTTP 503 (request req-0001) in T",
        f"GET {service.url}/jobs?limit=5 -> HTTP 200 in T",
    ]
    assert listener.told == ["HTTP 503; retrying in 0.0s (1 of 1)"]


def test_each_try_waits_for_its_turn(service: Service) -> None:
    service.script = [Reply(503), Reply(200, "{}")]
    turns: list[int] = []

    with wire_to(service.url, pace=lambda: turns.append(len(service.requests))) as wire:
        ask(wire)

    assert turns == [0, 1]


def test_a_request_without_a_reply_is_told_too(service: Service) -> None:
    service.script = [Reply(reset=True), Reply(drip=0.02, body="x" * 99)]
    listener = Listener()

    with wire_to(service.url, listener, timeout=0.05) as wire, pytest.raises(ServiceError):
        ask(wire)

    assert len(listener.log) == 2
    assert re.fullmatch(f"GET {service.url}/jobs -> the connection to .* in .*s", listener.log[0])
    dripped = f"GET {service.url}/jobs -> .* was still sending its reply after 0.2s in .*s"
    assert re.fullmatch(dripped, listener.log[1])


def test_without_a_log_nothing_is_told(service: Service) -> None:
    service.script = [Reply(401, "{}")]
    listener = Listener()

    with wire_to(service.url, listener, log=None) as wire, pytest.raises(ServiceError):
        ask(wire, AccessKeyAuth(KEY))

    assert (listener.log, listener.told) == ([], [])


def test_a_failed_signature_is_told_beside_the_gateways(service: Service) -> None:
    def refuse(request: Recorded) -> Reply:
        token = request.headers["X-Security-Token"]
        theirs = f"GET|/jobs/||host:gateway|x-security-token:{token}||host;x-security-token|e3b0"
        message = f"verify aksk signature fail, canonicalRequest:{theirs}"
        return Reply(401, {"error_code": "APIGW.0301", "error_msg": message})

    service.handler = refuse
    listener = Listener()

    with (
        wire_to(service.url, listener, secrets=[KEY.secret_key]) as wire,
        pytest.raises(ServiceError),
    ):
        ask(wire, AccessKeyAuth(KEY, project_id="063a"))

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


def test_a_gateway_that_says_nothing_is_quoted_so(service: Service) -> None:
    service.script = [Reply(401)]
    listener = Listener()

    with wire_to(service.url, listener) as wire, pytest.raises(ServiceError):
        ask(wire, AccessKeyAuth(KEY))

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
@pytest.mark.parametrize("auth", [TOKEN, AccessKeyAuth(KEY), None], ids=["token", "key", "none"])
def test_whatever_a_reply_repeats_no_secret_is_told(
    service: Service, status: int, auth: Auth | None
) -> None:
    service.handler = repeat_everything(status, end="!" if status == 200 else "")
    listener = Listener()

    with (
        wire_to(service.url, listener, secrets=[KEY.secret_key, PASSWORD]) as wire,
        pytest.raises(CasjobError) as raised,
    ):
        ask(wire, auth, method="POST", body={"password": PASSWORD})

    error = raised.value
    told = "\n".join([*listener.log, *listener.told, str(error), str(error.said), str(error.hint)])
    assert "****" in told or auth is None
    secrets = [
        PASSWORD,
        json.dumps(PASSWORD)[1:-1],
        KEY.secret_key,
        str(KEY.security_token),
        "token-of-the-user",
    ]
    headers = service.requests[0].headers
    secrets += [headers.get("Authorization", "Signature=none at all").partition("Signature=")[2]]
    for secret in secrets:
        assert str(secret) not in told
        assert json.dumps(secret)[1:-1] not in told


def test_a_reply_that_breaks_http_is_quoted_without_the_secret() -> None:
    def repeat_token(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with connection:
            token = re.findall(rb"token-of-\S+", connection.recv(65536))[0]
            connection.sendall(b"HTTP/1.1 200 OK\r\n" + token + b"\r\n\r\n")

    listener = Listener()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=repeat_token, args=(listening,), daemon=True).start()
        port = listening.getsockname()[1]
        retry = RetryPolicy(tries=0)
        endpoint = f"http://127.0.0.1:{port}"
        with (
            wire_to(endpoint, listener, retry=retry) as wire,
            pytest.raises(TransientError, match=r"illegal header line: .*\*\*\*\*") as raised,
        ):
            ask(wire)

    assert "token-of-the-user" not in f"{raised.value.message} {listener.log}"


def test_short_words_are_not_masked(service: Service) -> None:
    service.script = [Reply(400, "a b c")]

    with wire_to(service.url, secrets=["a"]) as wire, pytest.raises(ServiceError) as raised:
        ask(wire, TokenAuth("b"))

    assert str(raised.value.said).endswith(" a b c a b c")


def test_a_header_in_any_script_is_no_trouble(service: Service) -> None:
    word = "作业".encode().decode("latin-1")
    service.script = [Reply(400, "{}", {"X-Note": word, "Location": word})]

    with wire_to(service.url) as wire, pytest.raises(ServiceError) as raised:
        ask(wire)

    assert "作业" in str(raised.value.said)


def test_what_is_no_json_is_quoted(service: Service) -> None:
    service.script = [Reply(200, "<title>Welcome</title>", {"X-Request-Id": "req-1"})]

    with wire_to(service.url) as wire, pytest.raises(ReplyError) as raised:
        ask(wire)

    assert raised.value.message.startswith("the reply of here is not JSON: ")
    assert raised.value.said == "a page of HTML, Welcome (HTTP 200, request req-1)"


@pytest.mark.parametrize(
    "more",
    [
        {"params": {"instance_id": "\udcff"}},
        {"params": {"instance_id": "x" * 70_000}},
        {"body": {"password": "\udcff"}},
        {"auth": AccessKeyAuth(KEY, project_id="prøject")},
        {"auth": AccessKeyAuth(KEY, project_id="a\nb")},
    ],
    ids=["not UTF-8", "too long", "a body", "a header", "a line break"],
)
def test_what_can_not_be_sent_is_told_and_not_sent(service: Service, more: dict[str, Any]) -> None:
    with wire_to(service.url) as wire, pytest.raises(SettingsError, match="can't be sent"):
        ask(wire, **{"auth": None, **more})

    assert service.requests == []


def test_requests_are_in_english_and_json(service: Service) -> None:
    service.script = [Reply(200, "{}")]

    with wire_to(service.url) as wire:
        ask(wire)

    headers = service.requests[0].headers
    assert headers["X-Language"] == "en-us"
    assert headers["Content-Type"] == headers["Accept"] == "application/json"
    assert headers["User-Agent"].startswith("casjob/")


def test_a_look_tells_nobody_who_asks(service: Service) -> None:
    with wire_to(f"{service.url}/gate") as wire:
        assert wire.look().status == 404

    (request,) = service.requests
    assert request.target == "/gate/"
    assert not {"authorization", "x-auth-token"} & request.headers.keys()


def test_a_transport_may_stand_in_for_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "ftp://nonsense")
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=[1]))

    with wire_to("https://nowhere.invalid", transport=transport) as wire:
        assert ask(wire) == [1]


def test_pages_that_fail_side_by_side_are_told_of_as_one(service: Service) -> None:
    service.handler = lambda _: Reply(503)
    listener = Listener()

    with wire_to(service.url, listener) as wire, ThreadPoolExecutor(4) as pages:
        asked = [pages.submit(ask, wire) for _ in range(4)]

    assert [type(each.exception()) for each in asked] == [TransientError] * 4
    assert listener.told == ["HTTP 503; retrying in 0.0s (1 of 1)"]
    assert len(service.requests) == 8


def test_a_further_failure_is_told_again_once_something_came(service: Service) -> None:
    service.script = [Reply(503), Reply(200, "{}"), Reply(503), Reply(200, "{}")]
    listener = Listener()

    with wire_to(service.url, listener) as wire:
        ask(wire)
        ask(wire)

    assert listener.told == ["HTTP 503; retrying in 0.0s (1 of 1)"] * 2


def test_nothing_is_told_or_sent_once_the_wire_is_closed(service: Service) -> None:
    listener = Listener()

    def close(_: Recorded) -> Reply:
        wire.close()
        return Reply(503)

    service.handler = close
    with (
        wire_to(service.url, listener) as wire,
        pytest.raises(ServiceError, match="are closed"),
    ):
        ask(wire)

    assert (listener.told, listener.log, len(service.requests)) == ([], [], 1)


def test_nothing_is_sent_beside_the_first_request_nor_after_a_refusal(service: Service) -> None:
    service.handler = lambda _: Reply(401, delay=0.05)

    with wire_to(service.url) as wire, ThreadPoolExecutor(4) as pages:
        asked = [pages.submit(ask, wire) for _ in range(4)]

    assert [type(each.exception()) for each in asked] == [ServiceError] * 4
    assert len(service.requests) == 1
