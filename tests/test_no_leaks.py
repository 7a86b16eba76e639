"""Plants a secret in every place there is for one, and looks for it in all that casjob leaves."""

import json
import os
import socket
import ssl
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from html import escape
from pathlib import Path
from threading import Thread
from typing import NamedTuple, TypeAlias
from unittest.mock import patch
from urllib.parse import quote

import pytest
import trustme

from casjob.cli import app
from casjob.errors import CasjobError
from casjob.streams import Notices
from tests.conftest import JOB_ID, PROJECT_ID, Casjob, Finished
from tests.samples import job, task
from tests.service import Recorded, Reply, Service

MARK = "HUSH"
"""Is in every secret, and not among its last 4 characters, which may be shown."""

IAM_TOKEN = "HUSH-token-of-iam"  # noqa: S105 - no real one
IN_FORCE = "HUSHinforce0000000000000000000000000000"[:40]

COMMANDS = (
    ["show", JOB_ID],
    ["tasks", JOB_ID, "--json"],
    ["watch", JOB_ID, "--timeout", "0.05s"],
    ["wait", JOB_ID, "--timeout", "0.05s"],
    ["config"],
    ["config", "--json"],
    ["config", "--check"],
)


class Way(NamedTuple):
    """A place that the credential in force is in: variables, and files below the home folder."""

    environ: Mapping[str, str] = {}
    files: Mapping[str, str] = {}


def profile(*lines: str) -> dict[str, str]:
    return {".config/casjob/config.toml": "\n".join(["[default]", *lines])}


def command(document: Mapping[str, object]) -> dict[str, str]:
    words = [sys.executable, "-c", f"print({json.dumps(document)!r})"]
    return profile(f"credential_command = {json.dumps(words)}")


KOOCLI = {
    "name": "p",
    "mode": "AKSK",
    "accessKeyId": "AK",
    "secretAccessKey": IN_FORCE,
    "securityToken": "HUSH-security-token-of-koocli",
}
SSO = {"name": "p", "mode": "SSO", "ssoAuth": {"stsToken": KOOCLI}}
AWKWARD = 'HUSH"pass\\wörd/ 中'

WAYS = {
    "token": Way({"CASJOB_TOKEN": "HUSH-token+/="}),
    "short token": Way({"CASJOB_TOKEN": "HUSH.t"}),
    "access key": Way(
        {
            "CASJOB_ACCESS_KEY": "AK",
            "CASJOB_SECRET_KEY": IN_FORCE,
            "CASJOB_SECURITY_TOKEN": "HUSH-security-token",
        }
    ),
    "login": Way(
        {"CASJOB_USER_NAME": "me", "CASJOB_PASSWORD": AWKWARD, "CASJOB_DOMAIN_NAME": "us"}
    ),
    "profile": Way(files=profile(f'access_key = "AK"\nsecret_key = "{IN_FORCE}"')),
    "command, token": Way(files=command({"token": "HUSH-token-of-the-command"})),
    "command, key": Way(files=command({"access_key": "AK", "secret_key": IN_FORCE})),
    "command, STS": Way(
        files=command(
            {
                "credentials": {
                    "access_key_id": "AK",
                    "secret_access_key": IN_FORCE,
                    "security_token": "HUSH-security-token-of-sts",
                    "expiration": "2999-01-01T00:00:00Z",
                }
            }
        )
    ),
    "auth-action": Way(
        {"HUAWEI_CLOUD_ACCESS_KEY_ID": "AK", "HUAWEI_CLOUD_SECRET_ACCESS_KEY": IN_FORCE}
    ),
    "terraform": Way({"HW_AUTH_TOKEN": "HUSH-token-of-terraform"}),
    "sdk file": Way(
        files={
            ".huaweicloud/credentials": f"[basic]\nak = AK\nsk = {IN_FORCE}\n"
            "security_token = HUSH-security-token-of-the-sdk\n"
        }
    ),
    "koocli": Way(
        files={".hcloud/config.json": json.dumps({"current": "p", "profiles": [KOOCLI]})}
    ),
    "koocli, SSO": Way(
        files={".hcloud/config.json": json.dumps({"current": "p", "profiles": [SSO]})}
    ),
}

OVERRULED = {
    "OS_SECRET_KEY": "HUSH-key-of-openstack",
    "OS_AUTH_URL": "https://me:HUSH-in-an-address@iam.example.com",
    "HTTPS_PROXY": "http://me:HUSH-of-the-proxy@127.0.0.1:1",
}
"""More secrets: in half a credential, in an address that is not used, and in an unused proxy."""


def echo(request: Recorded) -> str:
    """Return all that a request holds of secrets, as a service that means no good would."""
    names = ("X-Auth-Token", "X-Security-Token", "Authorization")
    sent = [request.headers[name] for name in names if name in request.headers]
    if request.path == "/v3/auth/tokens":
        user = json.loads(request.body)["auth"]["identity"]["password"]["user"]
        sent.append(user["password"])
    return " ".join(sent)


def echo_in_a_header(request: Recorded) -> str:
    said = echo(request)
    return said if said.isascii() else "a password that no header can hold"


FAILURES: dict[str, Callable[[Recorded], Reply]] = {
    f"{status} {kind}": lambda request, status=status, body=body: Reply(status, body(request))
    for status in (200, 400, 401, 403, 404, 500)
    for kind, body in {
        "json": lambda request: {"error_code": "APIGW.0301", "error_msg": echo(request)},
        "nested": lambda request: {"error": {"message": json.dumps({"detail": echo(request)})}},
        "escaped": lambda request: json.dumps(echo(request), ensure_ascii=False).encode(),
        "html": lambda request: f"<html><title>{echo(request)}</title>",
        "entities": lambda request: f"<title>{escape(echo(request))}</title>",
        "percent": lambda request: quote(echo(request), safe="").replace("%2F", "%2f"),
        "slashes": lambda request: (
            f'{{"error_msg": {json.dumps(json.dumps(echo(request)))}}}'.replace("/", "\\/")
        ),
        "text": echo,
        "long": lambda request: "x" * 290 + echo(request),
    }.items()
} | {
    "redirect": lambda request: Reply(
        302, headers={"Location": f"http://127.0.0.1:1/?{echo_in_a_header(request)}"}
    ),
    "request id": lambda request: Reply(500, headers={"X-Request-Id": echo_in_a_header(request)}),
    "coding": lambda request: Reply(headers={"Content-Encoding": echo_in_a_header(request)}),
    "throttled": lambda request: Reply(429, echo(request), {"Retry-After": "99"}),
    "reset": lambda _: Reply(reset=True),
    "late": lambda _: Reply(delay=0.5),
}


Plant: TypeAlias = Callable[[Way], dict[str, str]]
Leaves: TypeAlias = Callable[[Way], Iterator[Path]]


@pytest.fixture
def home(clean_environ: dict[str, str]) -> Path:
    return Path(clean_environ["HOME"])


@pytest.fixture
def plant(home: Path) -> Plant:
    """Return a way to plant secrets, which returns the variables to set."""

    def plant_secrets(way: Way) -> dict[str, str]:
        for name, content in way.files.items():
            path = home / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        return {**OVERRULED, **way.environ, "CASJOB_RETRIES": "0", "CASJOB_REQUEST_TIMEOUT": "2"}

    return plant_secrets


@pytest.fixture
def leaves(home: Path) -> Leaves:
    """Return a way to find the files that casjob left."""
    return lambda way: (
        path
        for path in home.rglob("*")
        if path.is_file() and str(path.relative_to(home)) not in way.files
    )


def at(service: Service) -> dict[str, str]:
    return {
        "CASJOB_ENDPOINT": service.url,
        "CASJOB_IAM_ENDPOINT": service.url,
        "CASJOB_REGION": "ae-ad-1",
    }


def answer_as_iam(request: Recorded) -> Reply | None:
    match request.path:
        case "/v3/auth/tokens":
            expires = {"token": {"expires_at": "2999-01-01T00:00:00.000000Z"}}
            return Reply(201, expires, {"X-Subject-Token": IAM_TOKEN})
        case "/v3/projects":
            return Reply(200, {"projects": [{"id": PROJECT_ID, "name": "ae-ad-1"}]})
    return None


def assert_silent(finished: Finished, context: object) -> None:
    assert MARK not in (finished.out + finished.err).upper(), context
    assert "bug of its own" not in finished.err, context


def assert_kept_close(leaves: Iterator[Path]) -> None:
    for path in leaves:
        if MARK in path.read_text():
            assert (path.parent.name, path.name[:6]) == ("casjob", "token-")
            assert path.read_text().count(MARK) == 1
            assert IAM_TOKEN in path.read_text()
            assert path.stat().st_mode & 0o777 == 0o600
        assert MARK not in str(path)


@pytest.mark.parametrize("way", WAYS)
def test_a_success_leaks_nothing(
    way: str, casjob: Casjob, service: Service, plant: Plant, leaves: Leaves
) -> None:
    service.handler = answer_as_iam
    environ = plant(WAYS[way]) | at(service)
    for words in COMMANDS:
        # The job failed long ago, which these report with their exit status.
        follows = ["--timeout", "20s"] if words[0] in {"watch", "wait"} else []
        for more in ([], ["-v"]):
            finished = casjob(*words, *follows, *more, environ=environ)
            assert_silent(finished, words)
            assert finished.status == (1 if follows else 0)
    assert_kept_close(leaves(WAYS[way]))


@pytest.mark.parametrize("where", ["job", "iam"])
@pytest.mark.parametrize("way", ["token", "short token", "access key", "login"])
@pytest.mark.parametrize("status", ["200", "400", "401", "403", "404", "500", "other"])
def test_a_refusal_that_repeats_the_secrets_leaks_nothing(
    way: str,
    where: str,
    status: str,
    casjob: Casjob,
    service: Service,
    plant: Plant,
    leaves: Leaves,
) -> None:
    environ = plant(WAYS[way]) | at(service) | {"CASJOB_REQUEST_TIMEOUT": "0.1"}
    for name, fail in FAILURES.items():
        if status != (name[:3] if name[0].isdigit() else "other"):
            continue

        def answer(request: Recorded, fail: Callable[[Recorded], Reply] = fail) -> Reply | None:
            is_iam = request.path.startswith("/v3/")
            return fail(request) if is_iam == (where == "iam") else answer_as_iam(request)

        service.handler = answer
        finished = casjob("show", JOB_ID, "-v", environ=environ)
        assert_silent(finished, name)
        assert finished.status not in {0, 1, 2}, name
    assert_kept_close(leaves(WAYS[way]))


@pytest.mark.parametrize("failure", ["401 json", "200 text", "redirect", "500 html"])
@pytest.mark.parametrize("way", WAYS)
def test_no_command_leaks_what_a_refusal_repeats(
    way: str, failure: str, casjob: Casjob, service: Service, plant: Plant, leaves: Leaves
) -> None:
    service.handler = lambda request: answer_as_iam(request) or FAILURES[failure](request)
    environ = plant(WAYS[way]) | at(service)
    for words in (["tasks", JOB_ID], ["config", "--check", "-v"]):
        assert_silent(casjob(*words, environ=environ), words)
    assert_kept_close(leaves(WAYS[way]))


@pytest.mark.parametrize("way", ["token", "short token", "access key", "login"])
@pytest.mark.parametrize("body", [name[4:] for name in FAILURES if name.startswith("200 ")])
def test_a_success_that_repeats_the_secrets_leaks_nothing(
    way: str, body: str, casjob: Casjob, service: Service, plant: Plant, leaves: Leaves, home: Path
) -> None:
    def answer(request: Recorded) -> Reply:
        content = FAILURES[f"200 {body}"](request).content.decode()
        sent = {"TASK_NAME": content, content: content}
        document = job(
            "FAILED", task(1, "FAILED", messages=content) | sent, JOB_NAME=content, **{content: 1}
        )
        listed = {
            "id": "c1",
            "application_id": "a",
            "status": {"last_job_id": JOB_ID},
            "name": content,
        }
        return answer_as_iam(request) or Reply(
            body={**document, content: content, "count": 1, "components": [listed]}
        )

    service.handler = answer
    environ = plant(WAYS[way]) | at(service)
    for words in (
        ["show", JOB_ID, "-v", "--save", str(home / "saved")],
        ["tasks", JOB_ID, "--json"],
        ["wait", JOB_ID, "--json"],
        ["watch", "--component", "c1"],
        ["list"],
        ["recent"],
    ):
        finished = casjob(*words, environ=environ)
        assert_silent(finished, words)
        # A name in the history is cut before its end.
        assert "****" in finished.out or words == ["recent"]
        assert finished.status == (1 if words[0] in {"wait", "watch"} else 0)
    assert_kept_close(leaves(WAYS[way]))


@pytest.fixture
def no_service() -> str:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return f"http://127.0.0.1:{listening.getsockname()[1]}"


WRONG = {
    "nobody answers": {},
    "no CA bundle": {"CASJOB_CA_BUNDLE": ".config/none", "CASJOB_ENDPOINT": "https://127.0.0.1:1"},
    "unreachable proxy": {"CASJOB_ENDPOINT": "https://casjob.invalid"},
    "no proxy": {
        "CASJOB_ENDPOINT": "https://casjob.invalid",
        "HTTPS_PROXY": "http://me:HUSH-of-the-proxy@127.0.0.1:99999",
    },
    "no proxy's address": {
        "CASJOB_ENDPOINT": "https://casjob.invalid",
        "HTTPS_PROXY": "://me:HUSH-of-the-proxy@",
    },
    "strange proxy": {
        "CASJOB_ENDPOINT": "https://casjob.invalid",
        "HTTPS_PROXY": "socks5://me:HUSH-of-the-proxy@127.0.0.1:1",
    },
    "password in an address": {"CASJOB_ENDPOINT": "https://me:HUSH-pw@127.0.0.1"},
    "password in IAM's address": {"CASJOB_IAM_ENDPOINT": "https://HUSH-pw@127.0.0.1/v3"},
    "key in an address": {"CASJOB_ENDPOINT": "https://127.0.0.1?key=HUSH-pw"},
    "password in no address": {"CASJOB_ENDPOINT": "me:HUSH-pw@[127.0.0.1"},
    "plain http": {"CASJOB_ENDPOINT": "http://192.0.2.1"},
    "no token": {"CASJOB_TOKEN": "HUSH token\n!"},
    "half a key": {"CASJOB_SECRET_KEY": "HUSH-of-half-a-key"},
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_settings_and_unreachable_hosts_leak_nothing(
    name: str, no_service: str, casjob: Casjob, plant: Plant, leaves: Leaves
) -> None:
    base = {
        "CASJOB_ENDPOINT": no_service,
        "CASJOB_IAM_ENDPOINT": no_service,
        "CASJOB_REGION": "ae-ad-1",
        "CASJOB_PROJECT_ID": PROJECT_ID,
    }
    way = WAYS["terraform"]
    environ = {**plant(way), **base, **WRONG[name]}
    for words in COMMANDS:
        finished = casjob(*words, "-v", environ=environ)
        assert_silent(finished, words)
    assert_kept_close(leaves(way))


ENCRYPTED = {"current": "p", "profiles": [KOOCLI | {"secretAccessKey": "HUSH" * 19}]}

BROKEN = {
    ".config/casjob/config.toml": [
        "[default]\ntoken = HUSH",
        '[default]\ntoken = ["HUSH"]',
        'token = "HUSH"',
        "[default]\nHUSH",
        "[default]\ncredential_command = 'echo HUSH'",
    ],
    ".huaweicloud/credentials": ["ak = HUSH", "[basic]\nHUSH", "[basic\nsk = HUSH"],
    ".hcloud/config.json": [
        '{"secretAccessKey": "HUSH',
        '"HUSH"',
        '{"profiles": "HUSH"}',
        json.dumps(ENCRYPTED),
    ],
}


@pytest.mark.parametrize(
    ("name", "content"), [(name, each) for name, contents in BROKEN.items() for each in contents]
)
def test_a_broken_file_leaks_nothing(
    name: str, content: str, no_service: str, casjob: Casjob, plant: Plant
) -> None:
    plant(Way(files={name: content}))
    environ = {"CASJOB_ENDPOINT": no_service, "CASJOB_RETRIES": "0", "CASJOB_PROJECT_ID": "p"}
    for words in COMMANDS:
        for more in ({}, {"CASJOB_PROFILE": "default"} if name.endswith("toml") else {}):
            assert_silent(casjob(*words, environ={**environ, **more}), words)


def test_a_service_that_can_not_prove_who_it_is_gets_nothing(casjob: Casjob, plant: Plant) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    with Service(ssl_context=context) as service:
        for way in ("token", "access key", "login"):
            environ = {**plant(WAYS[way]), **at(service), "HTTPS_PROXY": ""}
            finished = casjob("show", JOB_ID, "-v", environ=environ)
            assert_silent(finished, way)
            assert finished.status == 6
        assert service.requests == []


def test_a_response_that_is_not_http_and_repeats_a_token_leaks_nothing(
    casjob: Casjob, plant: Plant
) -> None:
    def repeat() -> None:
        for _ in range(2):
            connection, _ = listening.accept()
            with connection:
                head = connection.recv(65536).decode().lower()
                token = head.partition("x-auth-token: ")[2].partition("\r\n")[0]
                connection.sendall(f"{token.replace('hush', 'HUSH')}\r\n\r\n".encode())

    with socket.create_server(("127.0.0.1", 0)) as listening:
        repeating = Thread(target=repeat)
        repeating.start()
        environ = plant(WAYS["token"]) | {
            "CASJOB_ENDPOINT": f"http://127.0.0.1:{listening.getsockname()[1]}",
            "CASJOB_PROJECT_ID": PROJECT_ID,
        }
        for words in (["show", JOB_ID], ["tasks", JOB_ID, "-v"]):
            finished = casjob(*words, environ=environ)
            assert_silent(finished, words)
            assert finished.status == 6
        repeating.join()


def test_a_redirect_is_not_followed(casjob: Casjob, service: Service, plant: Plant) -> None:
    with Service() as elsewhere:
        service.handler = lambda _: Reply(307, headers={"Location": f"{elsewhere.url}/x"})
        for way in ("token", "access key", "login"):
            for settings in ({}, {"CASJOB_PROJECT_ID": PROJECT_ID}):
                environ = plant(WAYS[way]) | at(service) | settings
                finished = casjob("show", JOB_ID, environ=environ)
                assert finished.status == 6
        assert elsewhere.requests == []


@pytest.mark.parametrize("failure", FAILURES)
def test_a_traceback_would_show_no_secret(
    failure: str, service: Service, clean_environ: dict[str, str]
) -> None:
    service.handler = lambda request: answer_as_iam(request) or FAILURES[failure](request)
    settings = at(service) | {"CASJOB_RETRIES": "0", "CASJOB_REQUEST_TIMEOUT": "0.1"}
    environ = {**clean_environ, **settings, **WAYS["login"].environ}
    with patch.dict(os.environ, environ, clear=True), pytest.raises(CasjobError) as caught:
        app(["show", JOB_ID], prog_name="casjob", standalone_mode=False, obj=Notices(None))
    assert MARK not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("words", [["show", JOB_ID, "-v"], ["config", "--check"]])
@pytest.mark.parametrize("way", ["token", "access key", "login"])
@pytest.mark.parametrize("cut", [0, 280])
def test_project_names_that_repeat_the_secrets_leak_nothing(
    cut: int, way: str, words: list[str], casjob: Casjob, service: Service, plant: Plant
) -> None:
    def answer(request: Recorded) -> Reply | None:
        if request.path != "/v3/projects":
            return answer_as_iam(request)
        name = "x" * cut + echo(request)
        return Reply(200, {"projects": [{"id": id_, "name": name} for id_ in ("1a", "2b")]})

    service.handler = answer
    finished = casjob(*words, environ=plant(WAYS[way]) | at(service))
    assert_silent(finished, words)
    assert finished.status == 3
    assert "2 projects named ae-ad-1" in finished.out + finished.err
    assert "****" in finished.out + finished.err


@pytest.mark.parametrize("length", range(250, 310, 7))
@pytest.mark.parametrize("way", ["token", "login"])
def test_an_excerpt_that_ends_within_a_secret_leaks_nothing(
    way: str, length: int, casjob: Casjob, service: Service, plant: Plant
) -> None:
    for status in (200, 400):

        def answer(request: Recorded, status: int = status) -> Reply | None:
            said = "x" * length + echo(request) + "x" * 300
            return answer_as_iam(request) or Reply(status, {"error_code": "A", "error_msg": said})

        service.handler = answer
        finished = casjob("show", JOB_ID, environ=plant(WAYS[way]) | at(service))
        assert_silent(finished, status)
        assert "characters)" in finished.err


@pytest.mark.parametrize("body", [MARK, '{"token": {"expires_at": 5}}', ""])
def test_a_token_of_iam_that_can_not_be_read_leaks_nothing(
    body: str, casjob: Casjob, service: Service, plant: Plant
) -> None:
    token = f"{IAM_TOKEN} with a blank"

    def answer(request: Recorded) -> Reply | None:
        if request.path != "/v3/auth/tokens":
            return None
        said = body.replace(MARK, f"here it is: {token}")
        return Reply(201, said, {"X-Subject-Token": token, "X-Request-Id": token})

    service.handler = answer
    finished = casjob("show", JOB_ID, "-v", environ=plant(WAYS["login"]) | at(service))
    assert_silent(finished, body)
    assert (finished.status, finished.out) == (7, "")
