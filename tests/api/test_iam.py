import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from casjob.api.auth import TokenAuth
from casjob.api.endpoint import Wire
from casjob.api.iam import LoginTokens, find_project_id
from casjob.api.retry import RetryPolicy
from casjob.cache import Cache
from casjob.credentials import Login
from casjob.errors import (
    AuthenticationError,
    CasjobError,
    ReplyError,
    ServiceError,
    SettingsError,
    TransientError,
)
from tests.service import Recorded, Reply, Service

LOGIN = Login("ann", 'pä"ss word', "acme")
PROJECT_ID = "063a3158b1a34710b36ad208b9497d00"


@pytest.fixture
def iam() -> Iterator[Service]:
    with Service() as running:
        yield running


@pytest.fixture
def wire(iam: Service) -> Iterator[Wire]:
    retry = RetryPolicy(tries=2, first_wait=0, longest_wait=0)
    wire = Wire(iam.url, timeout=5, retry=retry, tell=lambda _: None, secrets=[LOGIN.password])
    yield wire
    wire.close()


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


def kept_files(tmp_path: Path) -> list[Path]:
    return list((tmp_path / "cache").glob("token-*.json"))


def token_reply(sent: str = "fresh-token", *, valid: float = 24 * 60) -> Reply:
    expires = datetime.now(UTC) + timedelta(minutes=valid)
    body = {"token": {"expires_at": f"{expires:%Y-%m-%dT%H:%M:%S}.000000Z"}}
    return Reply(201, body, {"X-Subject-Token": sent})


def tokens_of(wire: Wire, cache: Cache, **scope: str | None) -> LoginTokens:
    return LoginTokens(
        wire, LOGIN, cache=cache, **{"region": "cn-north-4", "project_id": None, **scope}
    )


def login_body(project: dict[str, str]) -> object:
    user = {"name": "ann", "password": 'pä"ss word', "domain": {"name": "acme"}}
    identity = {"methods": ["password"], "password": {"user": user}}
    return {"auth": {"identity": identity, "scope": {"project": project}}}


@pytest.mark.parametrize(
    ("project_id", "project"), [(None, {"name": "cn-north-4"}), ("063a", {"id": "063a"})]
)
def test_a_login_sends_what_the_api_asks_for(
    iam: Service, wire: Wire, cache: Cache, project_id: str | None, project: dict[str, str]
) -> None:
    iam.script = [token_reply()]

    assert tokens_of(wire, cache, project_id=project_id).current() == "fresh-token"

    (request,) = iam.requests
    assert (request.method, request.target) == ("POST", "/v3/auth/tokens")
    assert json.loads(request.body) == login_body(project)
    assert request.headers["Content-Type"] == "application/json"
    assert not {"authorization", "x-auth-token"} & request.headers.keys()


def test_a_token_is_got_once_a_run_and_once_a_day(iam: Service, wire: Wire, cache: Cache) -> None:
    iam.script = [token_reply()]
    tokens = tokens_of(wire, cache)

    assert [tokens.current(), tokens.current()] == ["fresh-token"] * 2
    assert tokens_of(wire, cache).current() == "fresh-token"
    assert len(iam.requests) == 1


def test_a_kept_token_is_its_owners_alone(
    iam: Service, wire: Wire, cache: Cache, tmp_path: Path
) -> None:
    iam.script = [token_reply()]

    tokens_of(wire, cache).current()

    (file,) = kept_files(tmp_path)
    assert file.stat().st_mode & 0o777 == 0o600
    assert LOGIN.password not in file.read_text()


@pytest.mark.parametrize(("minutes", "logins"), [(6, 1), (4.9, 2), (-60, 2)])
def test_a_token_is_kept_until_5_minutes_before_it_expires(
    iam: Service, wire: Wire, cache: Cache, minutes: float, logins: int
) -> None:
    iam.script = [token_reply(valid=minutes), token_reply()]

    tokens_of(wire, cache).current()
    tokens_of(wire, cache).current()

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
        b'{"token": "k\xc3\xa9pt", "expires_at": "2999-01-01T00:00:00Z"}',
    ],
    ids=lambda kept: repr(kept[:40]),
)
def test_a_kept_token_that_makes_no_sense_is_got_anew(
    iam: Service, wire: Wire, cache: Cache, tmp_path: Path, kept: bytes
) -> None:
    iam.script = [token_reply("first"), token_reply("second")]
    tokens_of(wire, cache).current()
    (file,) = kept_files(tmp_path)
    file.write_bytes(kept)

    assert tokens_of(wire, cache).current() == "second"


@pytest.mark.parametrize("scope", [{"region": "cn-north-1"}, {"project_id": "063a"}])
def test_each_project_has_a_token_of_its_own(
    iam: Service, wire: Wire, cache: Cache, scope: dict[str, str]
) -> None:
    iam.script = [token_reply("first"), token_reply("second")]

    assert tokens_of(wire, cache).current() == "first"
    assert tokens_of(wire, cache, **scope).current() == "second"


def test_a_wrong_password_is_sent_once_however_often_a_token_is_asked_for(
    iam: Service, wire: Wire, cache: Cache
) -> None:
    body = {"error": {"code": 401, "message": 'wrong password pä"ss word', "title": "Unauthorized"}}
    iam.handler = lambda _: Reply(401, body)
    tokens = tokens_of(wire, cache)

    for _ in range(3):
        with pytest.raises(AuthenticationError) as raised:
            tokens.current()

    assert len(iam.requests) == 1
    host = iam.url.removeprefix("http://")
    assert raised.value.message == f"{host} did not log in ann of acme (HTTP 401)"
    assert raised.value.said == "401 wrong password **** (HTTP 401, request req-0001)"


def test_iam_is_asked_again_when_it_fails(iam: Service, wire: Wire, cache: Cache) -> None:
    iam.script = [Reply(500), Reply(429), token_reply()]

    assert tokens_of(wire, cache).current() == "fresh-token"
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
def test_a_login_that_fails_says_how(
    iam: Service, wire: Wire, cache: Cache, reply: Reply, expected: type[CasjobError]
) -> None:
    iam.handler = lambda _: reply

    with pytest.raises(expected) as raised:
        tokens_of(wire, cache).current()

    assert type(raised.value) is expected


@pytest.mark.parametrize("body", ["[]", "{}", '{"token": []}', '{"token": {"expires_at": 5}}'])
def test_a_token_without_an_end_is_used_and_not_kept(
    iam: Service, wire: Wire, cache: Cache, tmp_path: Path, body: str
) -> None:
    iam.handler = lambda _: Reply(201, body, {"X-Subject-Token": "a-token"})

    assert tokens_of(wire, cache).current() == "a-token"
    assert kept_files(tmp_path) == []


def test_a_token_of_this_run_is_not_renewed(iam: Service, wire: Wire, cache: Cache) -> None:
    iam.script = [token_reply()]
    tokens = tokens_of(wire, cache)

    assert tokens.renew(tokens.current()) is False
    assert len(iam.requests) == 1


def test_a_kept_token_is_renewed_once_for_all_who_were_refused(
    iam: Service, wire: Wire, cache: Cache
) -> None:
    iam.script = [token_reply("first"), token_reply("second")]
    tokens_of(wire, cache).current()
    tokens = tokens_of(wire, cache)
    kept = tokens.current()

    assert [tokens.renew(kept), tokens.renew(kept)] == [True, True]
    assert tokens.current() == "second"
    assert tokens.renew("second") is False
    assert tokens_of(wire, cache).current() == "second"
    assert len(iam.requests) == 2


def test_a_password_changed_meanwhile_is_sent_once(
    iam: Service, wire: Wire, cache: Cache, tmp_path: Path
) -> None:
    iam.script = [token_reply("first"), Reply(401)]
    tokens_of(wire, cache).current()
    tokens = tokens_of(wire, cache)
    kept = tokens.current()

    for _ in range(4):
        with pytest.raises(AuthenticationError):
            tokens.renew(kept)

    assert len(iam.requests) == 2
    (file,) = kept_files(tmp_path)
    assert "first" not in file.read_text()


def find(wire: Wire) -> str:
    return find_project_id(wire, "cn-north-4", TokenAuth("a-token"))


def projects(*found: object) -> Reply:
    return Reply(200, json.dumps({"projects": found}))


def test_a_project_is_found_by_the_regions_name(iam: Service, wire: Wire) -> None:
    iam.script = [projects({"id": PROJECT_ID, "name": "cn-north-4"})]

    assert find(wire) == PROJECT_ID

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
        (["x", None, {}, {"id": 5}, {"id": ""}, {"id": "../x"}], "no projects named cn-north-4"),
    ],
)
def test_none_or_several_are_explained_with_their_names(
    iam: Service, wire: Wire, found: list[Any], named: str
) -> None:
    iam.script = [projects(*found)]

    with pytest.raises(SettingsError) as raised:
        find(wire)

    host = iam.url.removeprefix("http://")
    assert raised.value.message == f"{host} knows {named}"
    assert "CASJOB_PROJECT_ID" in str(raised.value.hint)


@pytest.mark.parametrize("body", ["[]", "{}", '{"projects": {}}', "", "<html>"])
def test_an_answer_that_lists_no_projects_is_not_understood(
    iam: Service, wire: Wire, body: str
) -> None:
    iam.script = [Reply(200, body)]

    with pytest.raises(ReplyError):
        find(wire)


def test_a_project_that_is_not_told_is_explained(iam: Service, wire: Wire) -> None:
    def reply(_: Recorded) -> Reply:
        return Reply(403, {"error_code": "APIGW.0302", "error_msg": "not allowed"})

    iam.handler = reply

    with pytest.raises(AuthenticationError) as raised:
        find(wire)

    host = iam.url.removeprefix("http://")
    assert raised.value.message == f"{host} did not name the project (HTTP 403)"
    assert len(iam.requests) == 1


def test_a_refused_token_is_not_sent_again_though_iam_fails(
    iam: Service, wire: Wire, cache: Cache
) -> None:
    iam.script = [token_reply("first"), *[Reply(503)] * 5, token_reply("second")]
    tokens_of(wire, cache).current()
    tokens = tokens_of(wire, cache)
    kept = tokens.current()

    with pytest.raises(TransientError):
        tokens.renew(kept)

    assert tokens.current() != kept
