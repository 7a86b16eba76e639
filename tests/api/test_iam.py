import gzip
import json
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from casjob.api.auth import Token
from casjob.api.client import Client, Request
from casjob.api.iam import Login, find_project_id
from casjob.api.pace import RetryPolicy
from casjob.api.redact import Redactor
from casjob.background import run_in_thread
from casjob.errors import (
    AuthenticationError,
    CasjobError,
    ReplyError,
    ServiceError,
    SettingsError,
    TransientError,
)
from casjob.storage import Cache
from tests.service import Recorded, Reply, Service

PASSWORD = 'pä"ss word'  # noqa: S105 - no real one
PROJECT_ID = "063a3158b1a34710b36ad208b9497d00"


@pytest.fixture
def iam() -> Iterator[Service]:
    with Service() as running:
        yield running


@pytest.fixture
def client(iam: Service) -> Iterator[Client]:
    retry = RetryPolicy(retries=2, first_wait=0, longest_wait=0)
    redactor = Redactor([PASSWORD])
    with closing(Client(iam.url, name="IAM at a test", retry=retry, redactor=redactor)) as opened:
        yield opened


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


def kept_files(tmp_path: Path) -> list[Path]:
    return list((tmp_path / "cache").glob("token-*.json"))


def token_reply(sent: str = "fresh-token", *, valid: float = 24 * 60) -> Reply:
    expires = datetime.now(UTC) + timedelta(minutes=valid)
    body = {"token": {"expires_at": f"{expires:%Y-%m-%dT%H:%M:%S}.000000Z"}}
    return Reply(201, body, {"X-Subject-Token": sent})


def login_at(client: Client, cache: Cache, **scope: str | None) -> Login:
    given = {"region": "cn-north-4", "project_id": None, **scope}
    return Login("ann", PASSWORD, "acme", origin="HW_*", iam=client, cache=cache, **given)


def token_of(login: Login) -> str:
    flow = login.sync_auth_flow(httpx.Request("GET", "http://service.test"))
    return next(flow).headers["X-Auth-Token"]


def login_body(project: dict[str, str]) -> object:
    user = {"name": "ann", "password": 'pä"ss word', "domain": {"name": "acme"}}
    identity = {"methods": ["password"], "password": {"user": user}}
    return {"auth": {"identity": identity, "scope": {"project": project}}}


@pytest.mark.parametrize(
    ("project_id", "project"), [(None, {"name": "cn-north-4"}), ("063a", {"id": "063a"})]
)
def test_a_login_sends_what_the_api_asks_for(
    iam: Service, client: Client, cache: Cache, project_id: str | None, project: dict[str, str]
) -> None:
    iam.script = [token_reply()]

    assert token_of(login_at(client, cache, project_id=project_id)) == "fresh-token"

    (request,) = iam.requests
    assert (request.method, request.target) == ("POST", "/v3/auth/tokens")
    assert json.loads(request.body) == login_body(project)
    assert request.headers["Content-Type"] == "application/json"
    assert not {"authorization", "x-auth-token"} & request.headers.keys()


def test_a_login_is_made_once_a_run_and_once_a_day(
    iam: Service, client: Client, cache: Cache
) -> None:
    iam.script = [token_reply()]
    login = login_at(client, cache)

    assert [token_of(login), token_of(login)] == ["fresh-token"] * 2
    assert token_of(login_at(client, cache)) == "fresh-token"
    assert len(iam.requests) == 1


def test_a_kept_token_is_its_owners_alone(
    iam: Service, client: Client, cache: Cache, tmp_path: Path
) -> None:
    iam.script = [token_reply()]

    token_of(login_at(client, cache))

    (file,) = kept_files(tmp_path)
    assert file.stat().st_mode & 0o777 == 0o600
    assert PASSWORD not in file.read_text()


@pytest.mark.parametrize(("minutes", "logins"), [(6, 1), (4.9, 2), (-60, 2)])
def test_a_token_is_kept_until_5_minutes_before_it_expires(
    iam: Service, client: Client, cache: Cache, minutes: float, logins: int
) -> None:
    iam.script = [token_reply(valid=minutes), token_reply()]

    token_of(login_at(client, cache))
    token_of(login_at(client, cache))

    assert len(iam.requests) == logins


LATER = "2999-01-01T00:00:00Z"


@pytest.mark.parametrize(
    "kept",
    [
        b"",
        b"{",
        b'{"token": "kept", "expires_at": "2999-01-0',
        b"\xff\xfe",
        b"[]",
        b"[" * 100_000,
        b'{"token": "kept"}',
        b'{"token": "kept", "expires_at": "soon"}',
        b'{"token": "kept", "expires_at": 5}',
        b'{"token": ["kept"], "expires_at": "2999-01-01T00:00:00Z"}',
        b'{"token": "", "expires_at": "2999-01-01T00:00:00Z"}',
        b'{"token": "ke\\npt", "expires_at": "2999-01-01T00:00:00Z"}',
        b'{"token": "kept", "expires_at": "0001-01-01T00:00:00Z"}',
        b'{"token": "kept", "expires_at": "0001-01-01T00:00:00+14:00"}',
        b'{"token": "k\\ud800pt", "expires_at": "2999-01-01T00:00:00Z"}',
        b'{"token": "k\xc3\xa9pt", "expires_at": "2999-01-01T00:00:00Z"}',
    ],
    ids=lambda kept: repr(kept[:40]),
)
def test_a_kept_token_that_is_not_valid_is_dropped(
    iam: Service, client: Client, cache: Cache, tmp_path: Path, kept: bytes
) -> None:
    iam.script = [token_reply("first"), token_reply("second")]
    token_of(login_at(client, cache))
    (file,) = kept_files(tmp_path)
    file.write_bytes(kept)

    assert token_of(login_at(client, cache)) == "second"


@pytest.mark.parametrize("scope", [{"region": "cn-north-1"}, {"project_id": "063a"}])
def test_each_project_has_a_token_of_its_own(
    iam: Service, client: Client, cache: Cache, scope: dict[str, str]
) -> None:
    iam.script = [token_reply("first"), token_reply("second")]

    assert token_of(login_at(client, cache)) == "first"
    assert token_of(login_at(client, cache, **scope)) == "second"


def test_a_wrong_password_is_sent_once_however_often_a_token_is_needed(
    iam: Service, client: Client, cache: Cache
) -> None:
    body = {"error": {"code": 401, "message": 'wrong password pä"ss word', "title": "Unauthorized"}}
    iam.handler = lambda _: Reply(401, body)
    login = login_at(client, cache)

    for _ in range(3):
        with pytest.raises(AuthenticationError) as raised:
            token_of(login)

    assert len(iam.requests) == 1
    assert raised.value.message == "IAM at a test did not log in ann of acme"
    assert raised.value.service_message == "wrong password **** (HTTP 401, request req-0001)"


def test_a_failing_iam_is_retried(iam: Service, client: Client, cache: Cache) -> None:
    iam.script = [Reply(500), Reply(429), token_reply()]

    assert token_of(login_at(client, cache)) == "fresh-token"
    assert len(iam.requests) == 3


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (Reply(503), TransientError),
        (Reply(400, {"error": {"message": "no scope"}}), SettingsError),
        (Reply(404), SettingsError),
        (Reply(403), AuthenticationError),
        (Reply(302, headers={"Location": "https://elsewhere.example"}), ServiceError),
        (Reply(201, "{}"), ReplyError),
        (Reply(201, "{}", {"X-Subject-Token": "caf\xc3\xa9"}), ReplyError),
        (Reply(201, "{}", {"X-Subject-Token": "two words"}), ReplyError),
        (Reply(201, "<html>", {"X-Subject-Token": "a-token"}), ReplyError),
    ],
)
def test_a_failed_login_has_its_own_error(
    iam: Service, client: Client, cache: Cache, reply: Reply, expected: type[CasjobError]
) -> None:
    iam.handler = lambda _: reply

    with pytest.raises(expected) as raised:
        token_of(login_at(client, cache))

    assert type(raised.value) is expected


@pytest.mark.parametrize("body", ["[]", "{}", '{"token": []}', '{"token": {"expires_at": 5}}'])
def test_a_token_without_an_end_is_used_and_not_kept(
    iam: Service, client: Client, cache: Cache, tmp_path: Path, body: str
) -> None:
    iam.handler = lambda _: Reply(201, body, {"X-Subject-Token": "a-token"})

    assert token_of(login_at(client, cache)) == "a-token"
    assert kept_files(tmp_path) == []


@pytest.fixture
def kept(iam: Service, client: Client, cache: Cache) -> Login:
    """Return a login with a kept token, `kept`; IAM gives `fresh` for a password."""
    iam.script = [token_reply("kept")]
    token_of(login_at(client, cache))
    iam.handler = lambda _: None if iam.script else token_reply("fresh")
    return login_at(client, cache)


def refuse(*tokens: str) -> Callable[[Recorded], Reply]:
    return lambda request: Reply(401 if request.headers["X-Auth-Token"] in tokens else 200, "{}")


def send(service: Service, login: Login, *, retries: int = 3, more: int = 0) -> None:
    """Send a request, and then more of them side by side."""
    retry = RetryPolicy(retries=retries, first_wait=0, longest_wait=0)
    with closing(Client(service.url, timeout=5, retry=retry)) as client:

        def ask() -> object:
            return client.send(Request("GET", "/", auth=login), lambda *_: None)

        ask()
        for asked in [run_in_thread(ask) for _ in range(more)]:
            asked.result(timeout=5)


def sent_tokens(service: Service) -> list[str]:
    return [request.headers["X-Auth-Token"] for request in service.requests]


@pytest.mark.parametrize(
    ("refused", "sent"), [((), ["kept"]), (("kept",), ["kept", "fresh"])], ids=["never", "once"]
)
def test_a_kept_token_is_renewed_once_it_is_refused(
    service: Service, kept: Login, refused: tuple[str, ...], sent: list[str]
) -> None:
    service.handler = refuse(*refused)

    send(service, kept)

    assert sent_tokens(service) == sent


def test_a_fresh_token_that_is_refused_too_is_not_renewed(
    service: Service, iam: Service, kept: Login
) -> None:
    service.handler = refuse("kept", "fresh")

    with pytest.raises(AuthenticationError):
        send(service, kept)

    assert sent_tokens(service) == ["kept", "fresh"]
    assert len(iam.requests) == 2


def test_a_token_of_this_run_is_not_renewed(
    service: Service, iam: Service, client: Client, cache: Cache
) -> None:
    iam.script = [token_reply()]
    service.handler = refuse("fresh-token")

    with pytest.raises(AuthenticationError):
        send(service, login_at(client, cache))

    assert sent_tokens(service) == ["fresh-token"]
    assert len(iam.requests) == 1


def test_a_failure_after_the_renewal_is_retried_with_the_fresh_token(
    service: Service, kept: Login
) -> None:
    replies = iter([401, 503, 502, 200])
    service.handler = lambda _: Reply(next(replies), "{}")

    send(service, kept)

    assert sent_tokens(service) == ["kept", "fresh", "fresh", "fresh"]


def test_a_kept_token_is_renewed_once_for_all_who_were_refused(
    service: Service, iam: Service, client: Client, cache: Cache, kept: Login
) -> None:
    at_once = threading.Barrier(8, timeout=5)

    def reply(request: Recorded) -> Reply:
        if request.headers["X-Auth-Token"] == "kept" and len(service.requests) > 1:
            at_once.wait()
            return Reply(401, "{}")
        return Reply(200, "{}")

    service.handler = reply

    send(service, kept, more=8)

    assert sorted(sent_tokens(service)) == ["fresh"] * 8 + ["kept"] * 9
    assert token_of(login_at(client, cache)) == "fresh"
    assert len(iam.requests) == 2


def test_a_refused_response_is_not_read_to_its_end(service: Service, kept: Login) -> None:
    body = gzip.compress(b"x" * 100_000_000)
    service.script = [Reply(401, body, {"Content-Encoding": "gzip"}), Reply(200, "{}")]
    tracemalloc.start()
    try:
        send(service, kept)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 10_000_000


def test_a_password_changed_meanwhile_is_sent_once(
    service: Service, iam: Service, kept: Login, tmp_path: Path
) -> None:
    service.handler = refuse("kept")
    iam.script = [Reply(401)]

    for _ in range(4):
        with pytest.raises(AuthenticationError):
            send(service, kept)

    assert len(iam.requests) == 2
    (file,) = kept_files(tmp_path)
    assert "kept" not in file.read_text()


def test_a_refused_token_is_not_sent_again_though_iam_fails(
    service: Service, iam: Service, kept: Login
) -> None:
    service.handler = refuse("kept")
    iam.script = [Reply(503)] * 3

    with pytest.raises(TransientError):
        send(service, kept, retries=0)
    send(service, kept)

    assert sent_tokens(service) == ["kept", "fresh"]


def find(client: Client, cache: Cache) -> str:
    return find_project_id(client, "cn-north-4", Token("a-token", origin="CASJOB_TOKEN"), cache)


def projects(*found: object) -> Reply:
    return Reply(200, json.dumps({"projects": found}))


def test_a_project_is_found_by_the_regions_name(iam: Service, client: Client, cache: Cache) -> None:
    iam.script = [projects({"id": PROJECT_ID, "name": "cn-north-4"})]

    assert find(client, cache) == PROJECT_ID

    (request,) = iam.requests
    assert (request.method, request.target) == ("GET", "/v3/projects?name=cn-north-4")
    assert request.headers["X-Auth-Token"] == "a-token"


@pytest.mark.parametrize(
    ("found", "named"),
    [
        ([], "no projects named cn-north-4"),
        (
            [{"id": "1a", "name": "cn-north-4"}, {"id": "2b", "name": "cn-north-4_test"}],
            "2 projects named cn-north-4: cn-north-4 (1a), cn-north-4_test (2b)",
        ),
        (
            [{"id": str(number), "name": "p"} for number in range(12)],
            "12 projects named cn-north-4: "
            + ", ".join(f"p ({number})" for number in range(10))
            + ", …",
        ),
        (["x", None, {}, {"id": [5]}, {"id": ""}, {"id": "../x"}], "no projects named cn-north-4"),
    ],
)
def test_none_or_several_projects_are_an_error_with_their_names(
    iam: Service, client: Client, cache: Cache, found: list[Any], named: str
) -> None:
    iam.script = [projects(*found)]

    with pytest.raises(SettingsError) as raised:
        find(client, cache)

    assert raised.value.message == f"IAM at a test has {named}"
    assert "CASJOB_PROJECT_ID" in str(raised.value.hint)


@pytest.mark.parametrize("body", ["[]", "{}", '{"projects": {}}', "", "<html>"])
def test_a_response_without_a_list_of_projects_is_an_error(
    iam: Service, client: Client, cache: Cache, body: str
) -> None:
    iam.script = [Reply(200, body)]

    with pytest.raises(ReplyError):
        find(client, cache)


def test_a_user_who_may_not_list_projects_is_told_to_set_one(
    iam: Service, client: Client, cache: Cache
) -> None:
    def reply(_: Recorded) -> Reply:
        return Reply(403, {"error": {"code": 403, "message": "not authorized"}})

    iam.handler = reply

    with pytest.raises(AuthenticationError) as raised:
        find(client, cache)

    assert raised.value.message == "IAM at a test did not list the projects"
    assert raised.value.hint == (
        "set CASJOB_PROJECT_ID to the project's id, which the console shows under My Credentials"
    )
    assert len(iam.requests) == 1


@pytest.mark.parametrize("expires", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"])
def test_a_token_that_expires_at_either_end_of_the_calendar_breaks_no_run(
    iam: Service, client: Client, cache: Cache, expires: str
) -> None:
    reply = Reply(201, {"token": {"expires_at": expires}}, {"X-Subject-Token": "a-token"})
    iam.script = [reply, reply]

    for _ in range(2):
        login = login_at(client, cache)
        assert [token_of(login), token_of(login)] == ["a-token"] * 2

    assert len(iam.requests) == (2 if expires.startswith("0001") else 1)


@pytest.mark.parametrize("minutes", [4.9, 0, -60])
def test_a_token_that_is_about_to_expire_is_used_for_the_run(
    iam: Service, client: Client, cache: Cache, minutes: float
) -> None:
    iam.script = [token_reply(valid=minutes)]
    login = login_at(client, cache)

    assert {token_of(login) for _ in range(7)} == {"fresh-token"}
    assert len(iam.requests) == 1


@pytest.mark.parametrize("kept", ["p\\ud800", "../x", "", "x" * 129])
def test_a_kept_project_id_that_is_not_valid_is_looked_up_anew(
    iam: Service, client: Client, cache: Cache, tmp_path: Path, kept: str
) -> None:
    iam.handler = lambda _: projects({"id": PROJECT_ID, "name": "cn-north-4"})
    find(client, cache)
    (file,) = (tmp_path / "cache").glob("project-*")
    file.write_text(f'{{"project_id": "{kept}"}}')

    assert [find(client, cache), find(client, cache)] == [PROJECT_ID] * 2
    assert len(iam.requests) == 2
