import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from casjob.api.auth import Token
from casjob.api.endpoint import Endpoint
from casjob.api.iam import Login, find_project_id
from casjob.api.redact import Redactor
from casjob.api.retry import RetryPolicy
from casjob.cache import Cache
from casjob.errors import (
    AuthenticationError,
    CasjobError,
    ReplyError,
    ServiceError,
    SettingsError,
    TransientError,
)
from tests.service import Recorded, Reply, Service

PASSWORD = 'pä"ss word'  # noqa: S105 - no real one
PROJECT_ID = "063a3158b1a34710b36ad208b9497d00"


@pytest.fixture
def iam() -> Iterator[Service]:
    with Service() as running:
        yield running


@pytest.fixture
def endpoint(iam: Service) -> Iterator[Endpoint]:
    endpoint = Endpoint(
        iam.url,
        name="IAM at a test",
        timeout=5,
        retry=RetryPolicy(retries=2, first_wait=0, longest_wait=0),
        notify=lambda _: None,
        redactor=Redactor([PASSWORD]),
    )
    yield endpoint
    endpoint.close()


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


def kept_files(tmp_path: Path) -> list[Path]:
    return list((tmp_path / "cache").glob("token-*.json"))


def token_reply(sent: str = "fresh-token", *, valid: float = 24 * 60) -> Reply:
    expires = datetime.now(UTC) + timedelta(minutes=valid)
    body = {"token": {"expires_at": f"{expires:%Y-%m-%dT%H:%M:%S}.000000Z"}}
    return Reply(201, body, {"X-Subject-Token": sent})


def login_at(endpoint: Endpoint, cache: Cache, **scope: str | None) -> Login:
    given = {"region": "cn-north-4", "project_id": None, **scope}
    return Login("ann", PASSWORD, "acme", origin="HW_*", iam=endpoint, cache=cache, **given)


def authenticated(login: Login) -> httpx.Request:
    request = httpx.Request("GET", "http://service.test")
    login.authenticate(request)
    return request


def token_of(login: Login) -> str:
    return authenticated(login).headers["X-Auth-Token"]


def login_body(project: dict[str, str]) -> object:
    user = {"name": "ann", "password": 'pä"ss word', "domain": {"name": "acme"}}
    identity = {"methods": ["password"], "password": {"user": user}}
    return {"auth": {"identity": identity, "scope": {"project": project}}}


@pytest.mark.parametrize(
    ("project_id", "project"), [(None, {"name": "cn-north-4"}), ("063a", {"id": "063a"})]
)
def test_a_login_sends_what_the_api_asks_for(
    iam: Service, endpoint: Endpoint, cache: Cache, project_id: str | None, project: dict[str, str]
) -> None:
    iam.script = [token_reply()]

    assert token_of(login_at(endpoint, cache, project_id=project_id)) == "fresh-token"

    (request,) = iam.requests
    assert (request.method, request.target) == ("POST", "/v3/auth/tokens")
    assert json.loads(request.body) == login_body(project)
    assert request.headers["Content-Type"] == "application/json"
    assert not {"authorization", "x-auth-token"} & request.headers.keys()


def test_a_login_is_made_once_a_run_and_once_a_day(
    iam: Service, endpoint: Endpoint, cache: Cache
) -> None:
    iam.script = [token_reply()]
    login = login_at(endpoint, cache)

    assert [token_of(login), token_of(login)] == ["fresh-token"] * 2
    assert token_of(login_at(endpoint, cache)) == "fresh-token"
    assert len(iam.requests) == 1


def test_a_kept_token_is_its_owners_alone(
    iam: Service, endpoint: Endpoint, cache: Cache, tmp_path: Path
) -> None:
    iam.script = [token_reply()]

    token_of(login_at(endpoint, cache))

    (file,) = kept_files(tmp_path)
    assert file.stat().st_mode & 0o777 == 0o600
    assert PASSWORD not in file.read_text()


@pytest.mark.parametrize(("minutes", "logins"), [(6, 1), (4.9, 2), (-60, 2)])
def test_a_token_is_kept_until_5_minutes_before_it_expires(
    iam: Service, endpoint: Endpoint, cache: Cache, minutes: float, logins: int
) -> None:
    iam.script = [token_reply(valid=minutes), token_reply()]

    token_of(login_at(endpoint, cache))
    token_of(login_at(endpoint, cache))

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
    iam: Service, endpoint: Endpoint, cache: Cache, tmp_path: Path, kept: bytes
) -> None:
    iam.script = [token_reply("first"), token_reply("second")]
    token_of(login_at(endpoint, cache))
    (file,) = kept_files(tmp_path)
    file.write_bytes(kept)

    assert token_of(login_at(endpoint, cache)) == "second"


@pytest.mark.parametrize("scope", [{"region": "cn-north-1"}, {"project_id": "063a"}])
def test_each_project_has_a_token_of_its_own(
    iam: Service, endpoint: Endpoint, cache: Cache, scope: dict[str, str]
) -> None:
    iam.script = [token_reply("first"), token_reply("second")]

    assert token_of(login_at(endpoint, cache)) == "first"
    assert token_of(login_at(endpoint, cache, **scope)) == "second"


def test_a_wrong_password_is_sent_once_however_often_a_token_is_needed(
    iam: Service, endpoint: Endpoint, cache: Cache
) -> None:
    body = {"error": {"code": 401, "message": 'wrong password pä"ss word', "title": "Unauthorized"}}
    iam.handler = lambda _: Reply(401, body)
    login = login_at(endpoint, cache)

    for _ in range(3):
        with pytest.raises(AuthenticationError) as raised:
            token_of(login)

    assert len(iam.requests) == 1
    assert raised.value.message == "IAM at a test did not log in ann of acme"
    assert raised.value.said == "wrong password **** (HTTP 401, request req-0001)"


def test_a_failing_iam_is_retried(iam: Service, endpoint: Endpoint, cache: Cache) -> None:
    iam.script = [Reply(500), Reply(429), token_reply()]

    assert token_of(login_at(endpoint, cache)) == "fresh-token"
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
    iam: Service, endpoint: Endpoint, cache: Cache, reply: Reply, expected: type[CasjobError]
) -> None:
    iam.handler = lambda _: reply

    with pytest.raises(expected) as raised:
        token_of(login_at(endpoint, cache))

    assert type(raised.value) is expected


@pytest.mark.parametrize("body", ["[]", "{}", '{"token": []}', '{"token": {"expires_at": 5}}'])
def test_a_token_without_an_end_is_used_and_not_kept(
    iam: Service, endpoint: Endpoint, cache: Cache, tmp_path: Path, body: str
) -> None:
    iam.handler = lambda _: Reply(201, body, {"X-Subject-Token": "a-token"})

    assert token_of(login_at(endpoint, cache)) == "a-token"
    assert kept_files(tmp_path) == []


def test_a_token_of_this_run_is_not_renewed(iam: Service, endpoint: Endpoint, cache: Cache) -> None:
    iam.script = [token_reply()]
    login = login_at(endpoint, cache)

    assert login.renew(authenticated(login)) is False
    assert len(iam.requests) == 1


def test_a_kept_token_is_renewed_once_for_all_who_were_refused(
    iam: Service, endpoint: Endpoint, cache: Cache
) -> None:
    iam.script = [token_reply("first"), token_reply("second")]
    token_of(login_at(endpoint, cache))
    login = login_at(endpoint, cache)
    kept = authenticated(login)

    assert [login.renew(kept), login.renew(kept)] == [True, True]
    assert token_of(login) == "second"
    assert login.renew(authenticated(login)) is False
    assert token_of(login_at(endpoint, cache)) == "second"
    assert len(iam.requests) == 2


def test_a_password_changed_meanwhile_is_sent_once(
    iam: Service, endpoint: Endpoint, cache: Cache, tmp_path: Path
) -> None:
    iam.script = [token_reply("first"), Reply(401)]
    token_of(login_at(endpoint, cache))
    login = login_at(endpoint, cache)
    kept = authenticated(login)

    for _ in range(4):
        with pytest.raises(AuthenticationError):
            login.renew(kept)

    assert len(iam.requests) == 2
    (file,) = kept_files(tmp_path)
    assert "first" not in file.read_text()


def find(endpoint: Endpoint, cache: Cache) -> str:
    return find_project_id(endpoint, "cn-north-4", Token("a-token", origin="CASJOB_TOKEN"), cache)


def projects(*found: object) -> Reply:
    return Reply(200, json.dumps({"projects": found}))


def test_a_project_is_found_by_the_regions_name(
    iam: Service, endpoint: Endpoint, cache: Cache
) -> None:
    iam.script = [projects({"id": PROJECT_ID, "name": "cn-north-4"})]

    assert find(endpoint, cache) == PROJECT_ID

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
def test_none_or_several_projects_are_an_error_with_their_names(
    iam: Service, endpoint: Endpoint, cache: Cache, found: list[Any], named: str
) -> None:
    iam.script = [projects(*found)]

    with pytest.raises(SettingsError) as raised:
        find(endpoint, cache)

    assert raised.value.message == f"IAM at a test has {named}"
    assert "CASJOB_PROJECT_ID" in str(raised.value.hint)


@pytest.mark.parametrize("body", ["[]", "{}", '{"projects": {}}', "", "<html>"])
def test_a_response_without_a_list_of_projects_is_an_error(
    iam: Service, endpoint: Endpoint, cache: Cache, body: str
) -> None:
    iam.script = [Reply(200, body)]

    with pytest.raises(ReplyError):
        find(endpoint, cache)


def test_a_refused_list_of_projects_is_an_error(
    iam: Service, endpoint: Endpoint, cache: Cache
) -> None:
    def reply(_: Recorded) -> Reply:
        return Reply(403, {"error_code": "APIGW.0302", "error_msg": "not allowed"})

    iam.handler = reply

    with pytest.raises(AuthenticationError) as raised:
        find(endpoint, cache)

    assert raised.value.message == "IAM at a test did not list the projects"
    assert len(iam.requests) == 1


def test_a_refused_token_is_not_sent_again_though_iam_fails(
    iam: Service, endpoint: Endpoint, cache: Cache
) -> None:
    iam.script = [token_reply("first"), *[Reply(503)] * 5, token_reply("second")]
    token_of(login_at(endpoint, cache))
    login = login_at(endpoint, cache)
    kept = authenticated(login)

    with pytest.raises(TransientError):
        login.renew(kept)

    assert token_of(login) != "first"


@pytest.mark.parametrize("expires", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"])
def test_a_token_that_expires_at_either_end_of_the_calendar_breaks_no_run(
    iam: Service, endpoint: Endpoint, cache: Cache, expires: str
) -> None:
    reply = Reply(201, {"token": {"expires_at": expires}}, {"X-Subject-Token": "a-token"})
    iam.script = [reply, reply]

    for _ in range(2):
        login = login_at(endpoint, cache)
        assert [token_of(login), token_of(login)] == ["a-token"] * 2

    assert len(iam.requests) == (2 if expires.startswith("0001") else 1)


@pytest.mark.parametrize("minutes", [4.9, 0, -60])
def test_a_token_that_is_about_to_expire_is_used_for_the_run(
    iam: Service, endpoint: Endpoint, cache: Cache, minutes: float
) -> None:
    iam.script = [token_reply(valid=minutes)]
    login = login_at(endpoint, cache)

    assert {token_of(login) for _ in range(7)} == {"fresh-token"}
    assert len(iam.requests) == 1


@pytest.mark.parametrize("kept", ["p\\ud800", "../x", "", "x" * 129])
def test_a_kept_project_id_that_is_not_valid_is_looked_up_anew(
    iam: Service, endpoint: Endpoint, cache: Cache, tmp_path: Path, kept: str
) -> None:
    iam.handler = lambda _: projects({"id": PROJECT_ID, "name": "cn-north-4"})
    find(endpoint, cache)
    (file,) = (tmp_path / "cache").glob("project-*")
    file.write_text(f'{{"project_id": "{kept}"}}')

    assert [find(endpoint, cache), find(endpoint, cache)] == [PROJECT_ID] * 2
    assert len(iam.requests) == 2
