import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.conftest import JOB_ID, PROJECT_ID, Casjob, Finished
from tests.following import QUICKLY
from tests.samples import as_document, job, task
from tests.service import Recorded, Reply, Service, many_tasks

REGION = "cn-north-4"
AskAs = Callable[..., Finished]

WAYS = {
    "token": {"CASJOB_TOKEN": "token-of-the-user"},
    "key": {"CASJOB_ACCESS_KEY": "AKEXAMPLE", "CASJOB_SECRET_KEY": "secret-key-of-the-user"},
    "login": {
        "CASJOB_USER_NAME": "ann",
        "CASJOB_PASSWORD": "password-of-the-user",
        "CASJOB_DOMAIN_NAME": "acme",
    },
}


class Iam(Service):
    """IAM: tells tokens, fresh-1 and so on, and projects."""

    def __init__(self) -> None:
        super().__init__()
        self.handler = self._answer
        self.projects: list[object] = [{"id": PROJECT_ID, "name": REGION}]
        self.logins = 0
        self.valid = timedelta(days=1)

    def _answer(self, request: Recorded) -> Reply | None:
        if self.script:
            return None
        if request.path.endswith("/v3/projects"):
            return Reply(200, {"projects": self.projects})
        self.logins += 1
        expires = datetime.now(UTC) + self.valid
        body = {"token": {"expires_at": expires.isoformat()}}
        return Reply(201, body, {"X-Subject-Token": f"fresh-{self.logins}"})

    @property
    def paths(self) -> list[str]:
        return [request.path for request in self.requests]


@pytest.fixture
def iam() -> Iterator[Iam]:
    with Iam() as running:
        yield running


@pytest.fixture
def ask_as(casjob: Casjob, service: Service, iam: Iam) -> AskAs:
    """Return a way to run casjob as a user whose project is to be looked up."""

    def run(way: str, *words: str, **settings: str) -> Finished:
        place = {
            "CASJOB_ENDPOINT": service.url,
            "CASJOB_IAM_ENDPOINT": iam.url,
            "CASJOB_REGION": REGION,
            "CASJOB_RETRIES": "0",
        }
        return casjob(
            *(words or ("show", JOB_ID, "--json")), environ={**place, **WAYS[way], **settings}
        )

    return run


@pytest.mark.parametrize("way", WAYS)
def test_the_project_is_looked_up_once_and_remembered(
    ask_as: AskAs, service: Service, iam: Iam, way: str
) -> None:
    first, second = ask_as(way), ask_as(way)

    assert (first.status, first.err, second.status, second.err) == (0, "", 0, "")
    assert json.loads(first.out) == json.loads(second.out)
    assert iam.paths.count("/v3/projects") == 1
    assert len(iam.requests) == (2 if way == "login" else 1)
    path = f"/v2/{PROJECT_ID}/cas/jobs/{JOB_ID}"
    assert [request.path for request in service.requests] == [path, path]


@pytest.mark.parametrize("kept", ["\ud800", "../../v2/other", "", "a b"])
def test_a_cached_project_that_is_not_an_id_is_looked_up_again(
    ask_as: AskAs, service: Service, iam: Iam, tmp_path: Path, kept: str
) -> None:
    ask_as("token")
    (entry,) = (tmp_path / ".cache" / "casjob").iterdir()
    entry.write_text(json.dumps({"project_id": kept}))

    finished = ask_as("token")

    assert (finished.status, finished.err) == (0, "")
    assert iam.paths.count("/v3/projects") == 2
    assert {request.path for request in service.requests} == {f"/v2/{PROJECT_ID}/cas/jobs/{JOB_ID}"}


def test_each_account_and_region_has_a_project_of_its_own(
    ask_as: AskAs, service: Service, iam: Iam
) -> None:
    ask_as("token")
    iam.projects = [{"id": "another", "name": REGION}]

    ask_as("key")
    ask_as("token", CASJOB_REGION="cn-north-1")
    ask_as("token")

    asked = [request.path.split("/")[2] for request in service.requests]
    assert asked == [PROJECT_ID, "another", "another", PROJECT_ID]


@pytest.mark.parametrize("way", WAYS)
def test_a_project_that_is_set_is_not_looked_up(ask_as: AskAs, iam: Iam, way: str) -> None:
    assert ask_as(way, CASJOB_PROJECT_ID=PROJECT_ID).status == 0

    assert iam.paths == (["/v3/auth/tokens"] if way == "login" else [])


def test_a_key_names_the_project_once_it_is_known(
    ask_as: AskAs, service: Service, iam: Iam
) -> None:
    ask_as("key")

    assert "X-Project-Id" not in iam.requests[0].headers
    assert service.requests[0].headers["X-Project-Id"] == PROJECT_ID


def test_no_project_is_explained(ask_as: AskAs, service: Service, iam: Iam) -> None:
    iam.projects = []

    finished = ask_as("token")

    host = iam.url.removeprefix("http://")
    assert finished == Finished(
        3,
        "",
        f"casjob: IAM at {host} has no projects named cn-north-4\n"
        "  hint: set CASJOB_PROJECT_ID to the project's id, which the console shows under My"
        " Credentials; is the region spelled right?\n",
    )
    assert service.requests == []


def test_several_projects_are_named(ask_as: AskAs, iam: Iam) -> None:
    iam.projects = [{"id": "1a", "name": REGION}, {"id": "2b", "name": "other\x1b[31m"}]

    finished = ask_as("token")

    assert finished.status == 3
    assert "2 projects named cn-north-4: cn-north-4 (1a), other\\x1b[31m (2b)\n" in finished.err


@pytest.mark.parametrize("way", WAYS)
def test_without_region_and_project_nobody_is_asked(
    ask_as: AskAs, service: Service, iam: Iam, way: str
) -> None:
    finished = ask_as(way, CASJOB_REGION="")

    assert finished == Finished(
        3,
        "",
        "casjob: neither a project id nor a region is set\n"
        "  hint: set CASJOB_PROJECT_ID, or CASJOB_REGION\n",
    )
    assert service.requests == iam.requests == []


@pytest.mark.parametrize("set_to", [{}, {"CASJOB_PROJECT_ID": PROJECT_ID}])
def test_a_password_gets_a_token_for_the_project(
    ask_as: AskAs, service: Service, iam: Iam, set_to: dict[str, str]
) -> None:
    assert ask_as("login", **set_to).status == 0

    user = {"name": "ann", "password": "password-of-the-user", "domain": {"name": "acme"}}
    project = {"id": PROJECT_ID} if set_to else {"name": REGION}
    identity = {"methods": ["password"], "password": {"user": user}}
    body = {"auth": {"identity": identity, "scope": {"project": project}}}
    assert json.loads(iam.requests[0].body) == body
    assert service.requests[0].headers["X-Auth-Token"] == "fresh-1"


def test_a_token_is_kept_between_runs(
    ask_as: AskAs, service: Service, iam: Iam, tmp_path: Path
) -> None:
    for _ in range(3):
        assert ask_as("login").status == 0

    assert iam.logins == 1
    assert {request.headers["X-Auth-Token"] for request in service.requests} == {"fresh-1"}
    (kept,) = (tmp_path / ".cache" / "casjob").glob("token-*")
    assert kept.stat().st_mode & 0o777 == 0o600


def test_a_kept_token_that_the_service_refuses_is_renewed_once(
    ask_as: AskAs, service: Service, iam: Iam
) -> None:
    ask_as("login")
    service.requests.clear()
    service.handler = lambda request: (
        Reply(401, "{}") if request.headers["X-Auth-Token"] == "fresh-1" else None
    )

    finished = ask_as("login", CASJOB_RETRIES="3")

    assert (finished.status, finished.err) == (0, "")
    assert [r.headers["X-Auth-Token"] for r in service.requests] == ["fresh-1", "fresh-2"]
    assert iam.logins == 2


def test_all_requests_of_a_renewal_are_logged(ask_as: AskAs, service: Service, iam: Iam) -> None:
    ask_as("login")
    service.script = [Reply(401, "{}")]

    finished = ask_as("login", "show", JOB_ID, "--json", "-v")

    lines = [line.split(" in ")[0].split(" (request")[0] for line in finished.err.splitlines()]
    url = f"{service.url}/v2/{PROJECT_ID}/cas/jobs/{JOB_ID}?limit=50&offset=0"
    assert lines == [
        f"casjob: GET {url} -> HTTP 401",
        f"casjob: POST {iam.url}/v3/auth/tokens -> HTTP 201",
        f"casjob: GET {url} -> HTTP 200",
    ]


@pytest.mark.parametrize("way", WAYS)
def test_a_refusal_is_the_end(ask_as: AskAs, service: Service, iam: Iam, way: str) -> None:
    service.handler = lambda _: Reply(401, {"error_code": "APIGW.0301", "error_msg": "no"})

    finished = ask_as(way, CASJOB_RETRIES="3", CASJOB_PROJECT_ID=PROJECT_ID)

    assert finished.status == 4
    assert len(service.requests) == 1
    assert iam.logins == (way == "login")


@pytest.mark.parametrize("minutes", [-60, 4])
def test_a_token_that_is_about_to_expire_takes_one_login_a_run(
    ask_as: AskAs, service: Service, iam: Iam, minutes: int
) -> None:
    service.jobs[JOB_ID] = many_tasks(300)
    iam.valid = timedelta(minutes=minutes)

    finished = ask_as("login")

    assert (finished.status, finished.err) == (0, "")
    assert (iam.logins, len(service.requests)) == (1, 6)


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("token", '{"token": "kept", "expires_at": "0001-01-01T00:00:00Z"}'),
        ("token", '{"token": "k\\ud800pt", "expires_at": "2999-01-01T00:00:00Z"}'),
        ("project", '{"project_id": "p\\ud800"}'),
        ("project", '{"project_id": "../../x"}'),
    ],
)
def test_a_bad_entry_in_the_cache_is_replaced(
    ask_as: AskAs, iam: Iam, tmp_path: Path, kind: str, content: str
) -> None:
    first = ask_as("login")
    (file,) = (tmp_path / ".cache" / "casjob").glob(f"{kind}-*")
    file.write_text(content)
    asked = len(iam.requests)

    assert ask_as("login") == first
    assert len(iam.requests) == asked + 1
    assert ask_as("login") == first
    assert len(iam.requests) == asked + 1


def test_a_wrong_password_is_sent_once(ask_as: AskAs, service: Service, iam: Iam) -> None:
    body = {"error": {"code": 401, "message": "The username or password is wrong."}}
    iam.script = [Reply(401, body)]

    finished = ask_as("login", CASJOB_RETRIES="3")

    host = iam.url.removeprefix("http://")
    assert finished == Finished(
        4,
        "",
        f"casjob: IAM at {host} did not log in ann of acme\n"
        "  the service said: The username or password is wrong. (HTTP 401, request req-0001)\n"
        "  hint: the login is from CASJOB_USER_NAME; a wrong one is not sent again, since five"
        " failures lock an account\n",
    )
    assert (len(iam.requests), service.requests) == (1, [])


def test_a_password_changed_since_the_token_was_kept_is_sent_once(
    ask_as: AskAs, service: Service, iam: Iam
) -> None:
    ask_as("login")
    service.script, iam.script = [Reply(401, "{}")], [Reply(401, "{}")]

    finished = ask_as("login", CASJOB_RETRIES="3")

    assert finished.status == 4
    assert "did not log in ann of acme" in finished.err
    assert (len(iam.requests), len(service.requests)) == (3, 2)


def test_an_endpoint_may_have_a_path(ask_as: AskAs, service: Service, iam: Iam) -> None:
    service.script = [Reply(200, service.jobs[JOB_ID])]

    finished = ask_as(
        "key", CASJOB_ENDPOINT=f"{service.url}/gate/", CASJOB_IAM_ENDPOINT=f"{iam.url}/iam/v3"
    )

    assert (finished.status, finished.err) == (0, "")
    assert iam.requests[0].target == f"/iam/v3/projects?name={REGION}"
    assert service.requests[0].path == f"/gate/v2/{PROJECT_ID}/cas/jobs/{JOB_ID}"


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("cn-north-4", "servicestage.cn-north-4.myhuaweicloud.com"),
        ("eu-west-101", "servicestage.eu-west-101.myhuaweicloud.eu"),
        ("moon-base-1", "servicestage.moon-base-1.myhuaweicloud.com"),
    ],
)
def test_the_endpoint_comes_from_the_region(casjob: Casjob, region: str, host: str) -> None:
    settings = {**WAYS["token"], "CASJOB_REGION": region, "CASJOB_PROJECT_ID": PROJECT_ID}
    nowhere = {"HTTPS_PROXY": "http://127.0.0.1:9", "CASJOB_RETRIES": "0"}

    finished = casjob("show", JOB_ID, "-v", environ={**settings, **nowhere})

    assert finished.status == 6
    assert finished.err.startswith(f"casjob: GET https://{host}/v2/{PROJECT_ID}/cas/jobs/")


def test_version_3_is_spoken_when_it_is_chosen(ask_as: AskAs, service: Service) -> None:
    assert ask_as("token", CASJOB_API_VERSION="v3").status == 0
    assert service.requests[0].path == f"/v3/{PROJECT_ID}/cas/jobs/{JOB_ID}"


@pytest.mark.parametrize("way", WAYS)
def test_nothing_is_sent_if_the_version_is_wrong(
    ask_as: AskAs, service: Service, iam: Iam, way: str
) -> None:
    assert ask_as(way, CASJOB_API_VERSION="v4").status == 3
    assert service.requests == iam.requests == []


def test_the_demo_asks_nobody(ask_as: AskAs, service: Service, iam: Iam) -> None:
    finished = ask_as("login", "show", "--demo", "-v")

    assert finished.status == 0
    assert "https://servicestage.demo.invalid/v2/" in finished.err
    assert service.requests == iam.requests == []


def test_nobody_is_asked_without_credentials(ask_as: AskAs, service: Service, iam: Iam) -> None:
    finished = ask_as("token", CASJOB_TOKEN="", CASJOB_PROJECT_ID=PROJECT_ID)

    assert (finished.status, finished.out) == (3, "")
    assert finished.err.startswith("casjob: no credentials are set\n  export CASJOB_ACCESS_KEY=")
    assert service.requests == iam.requests == []


def test_a_broken_place_that_nobody_asked_for_is_a_warning(ask_as: AskAs, tmp_path: Path) -> None:
    (tmp_path / ".hcloud").mkdir()
    (tmp_path / ".hcloud" / "config.json").write_text("{")

    finished = ask_as("token")

    assert finished.status == 0
    told = f"casjob: warning: {tmp_path}/.hcloud/config.json is not JSON: it ends too early\n"
    assert finished.err == told


class Place(NamedTuple):
    """Where people keep a credential: a source, what is set in it, and where that is said to be.

    The credential is made of the name of the place, so that each place has one of its own.
    """

    source: str
    environ: Mapping[str, str] = {}
    file: tuple[str, str] | None = None
    origin: str = ""
    is_token: bool = False


CONFIG, SDK_FILE = ".config/casjob/config.toml", ".huaweicloud/credentials"
KOOCLI_FILE = ".hcloud/config.json"
PROFILE = f"profile default in {{home}}/{CONFIG}"
EXPIRES = "2999-01-01T00:00:00Z"


def set_keys(prefix: str, access: str, secret: str, security: str | None, name: str) -> Place:
    environ = {f"{prefix}{access}": f"AK{name}", f"{prefix}{secret}": f"SK{name}"}
    if security:
        environ[f"{prefix}{security}"] = f"ST{name}"
    return Place(f"{prefix}*", environ, origin=f"{prefix}{access}")


def set_token(variable: str, name: str) -> Place:
    source = f"{variable.partition('_')[0]}_*"
    return Place(source, {variable: f"TK{name}"}, origin=variable, is_token=True)


def set_profile(*lines: str, is_token: bool = False) -> Place:
    text = "\n".join(["[default]", *lines])
    return Place("profile", file=(CONFIG, text), origin=PROFILE, is_token=is_token)


def run_command(printed: object, *, is_token: bool = False) -> Place:
    words = [sys.executable, "-c", f"print({json.dumps(printed)!r})"]
    place = set_profile(f"credential_command = {json.dumps(words)}", is_token=is_token)
    return place._replace(origin=f"credential_command of {PROFILE}")


def set_koocli(*, origin: str = f"{{home}}/{KOOCLI_FILE}", **profile: object) -> Place:
    content = json.dumps({"current": "p", "profiles": [{"name": "p", **profile}]})
    return Place("KooCLI", file=(KOOCLI_FILE, content), origin=origin)


def koocli_keys(name: str) -> dict[str, Any]:
    return {
        "accessKeyId": f"AK{name}",
        "secretAccessKey": f"SK{name}",
        "securityToken": f"ST{name}",
    }


PLACES = {
    "token": set_token("CASJOB_TOKEN", "token"),
    "own": set_keys("CASJOB_", "ACCESS_KEY", "SECRET_KEY", "SECURITY_TOKEN", "own"),
    "profiletoken": set_profile('token = "TKprofiletoken"', is_token=True),
    "profile": set_profile(
        'access_key = "AKprofile"', 'secret_key = "SKprofile"', 'security_token = "STprofile"'
    ),
    "printedtoken": run_command({"token": "TKprintedtoken"}, is_token=True),
    "printed": run_command(
        {"access_key": "AKprinted", "secret_key": "SKprinted", "security_token": "STprinted"}
    ),
    "ecs": run_command(
        {
            "credential": {
                "access": "AKecs",
                "secret": "SKecs",
                "securitytoken": "STecs",
                "expires_at": EXPIRES,
            }
        }
    ),
    "sts": run_command(
        {
            "credentials": {
                "access_key_id": "AKsts",
                "secret_access_key": "SKsts",
                "security_token": "STsts",
                "expiration": EXPIRES,
            }
        }
    ),
    "sdk": set_keys("HUAWEICLOUD_SDK_", "AK", "SK", "SECURITY_TOKEN", "sdk"),
    "hwtoken": set_token("HW_AUTH_TOKEN", "hwtoken"),
    "hw": set_keys("HW_", "ACCESS_KEY", "SECRET_KEY", "SECURITY_TOKEN", "hw"),
    "ostoken": set_token("OS_AUTH_TOKEN", "ostoken"),
    "os": set_keys("OS_", "ACCESS_KEY", "SECRET_KEY", None, "os"),
    "action": set_keys("HUAWEI_CLOUD_", "ACCESS_KEY_ID", "SECRET_ACCESS_KEY", None, "action"),
    "file": Place(
        "SDK file",
        file=(SDK_FILE, "[basic]\nak = AKfile\nsk = SKfile\nsecurity_token = STfile\n"),
        origin=f"{{home}}/{SDK_FILE}",
    ),
    "koocli": set_koocli(mode="AKSK", **koocli_keys("koocli")),
    "sso": set_koocli(
        mode="SSO",
        ssoAuth={"stsToken": koocli_keys("sso")},
        origin=f"{{home}}/{KOOCLI_FILE}, renewed by hcloud configure sso --cli-profile=p",
        **koocli_keys("decoy"),
    ),
}
"""The sources in their order; of one source, each way that it can hold a credential."""

HALVES = {
    "profile": Place("", file=(CONFIG, '[default]\nsecret_key = "half"')),
    "HUAWEICLOUD_SDK_*": Place("", {"HUAWEICLOUD_SDK_SK": "half"}),
    "HW_*": Place("", {"HW_SECRET_KEY": "half"}),
    "OS_*": Place("", {"OS_SECRET_KEY": "half"}),
    "HUAWEI_CLOUD_*": Place("", {"HUAWEI_CLOUD_SECRET_ACCESS_KEY": "half"}),
    "SDK file": Place("", file=(SDK_FILE, "[basic]\nsk = half")),
}
"""Half a credential in each source that may stand before another one."""


@pytest.mark.parametrize("name", PLACES)
def test_the_credential_of_a_place_is_used_and_nothing_of_another(
    casjob: Casjob, at_service: dict[str, str], service: Service, tmp_path: Path, name: str
) -> None:
    place = PLACES[name]
    order = list(dict.fromkeys(each.source for each in PLACES.values()))
    weaker = order[order.index(place.source) + 1 :]
    stronger = order[: order.index(place.source)]
    decoys = [
        *(HALVES[source] for source in stronger if source in HALVES),
        *(next(each for each in PLACES.values() if each.source == source) for source in weaker),
    ]
    at_service.pop("CASJOB_TOKEN")
    environ = dict(at_service)
    for each in (*decoys, place):
        environ |= each.environ
        if each.file:
            path = tmp_path / each.file[0]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(each.file[1], "utf-8")
            path.chmod(0o600)
    shown = casjob("show", JOB_ID, "--json", environ=environ)
    assert shown.status == 0, shown.err

    (request,) = service.requests
    signed = re.match("SDK-HMAC-SHA256 Access=(.*?),", request.headers.get("Authorization", ""))
    sent = {
        "token": request.headers.get("X-Auth-Token"),
        "key": signed and signed[1],
        "security token": request.headers.get("X-Security-Token"),
    }
    has_security_token = not place.is_token and name not in {"os", "action"}
    assert sent == {
        "token": f"TK{name}" if place.is_token else None,
        "key": None if place.is_token else f"AK{name}",
        "security token": f"ST{name}" if has_security_token else None,
    }
    settings = json.loads(casjob("config", "--json", environ=environ).out)["settings"]
    used = {"token", "access_key", "credential_command"}
    (credential,) = (each for each in settings if each["name"] in used)
    origin = place.origin.format(home=tmp_path)
    assert credential["origin"] == origin.removeprefix("credential_command of ")
    service.handler = lambda _: Reply(401, {"error_code": "APIGW.0301"})
    refused = casjob("show", JOB_ID, environ=environ)
    assert f" is from {origin};" in refused.err


def test_places_beside_a_credential_say_where_the_project_is(
    casjob: Casjob, at_service: dict[str, str]
) -> None:
    del at_service["CASJOB_PROJECT_ID"], at_service["CASJOB_ENDPOINT"]
    places = {
        "HW_REGION_NAME": "hw-name-1",
        "HW_REGION": "hw-1",
        "OS_REGION_NAME": "os-1",
        "HUAWEI_CLOUD_REGION": "action-1",
    }
    while places:
        environ = {**at_service, **places, "HUAWEI_CLOUD_PROJECT_ID": PROJECT_ID}
        settings = json.loads(casjob("config", "--json", environ=environ).out)["settings"]
        found = {each["name"]: (each["value"], each["origin"]) for each in settings}
        name = next(iter(places))
        assert found["region"] == (places.pop(name), name)
        assert found["project_id"] == (PROJECT_ID, "HUAWEI_CLOUD_PROJECT_ID")


def test_a_broken_config_stops_what_needs_an_account_and_nothing_else(
    ask_as: AskAs, casjob: Casjob, service: Service, tmp_path: Path
) -> None:
    path = tmp_path / CONFIG
    path.parent.mkdir(parents=True)
    path.write_text("[default]\nregion = \n", "utf-8")
    broken = f"{path}, line 2: not TOML: Invalid value"
    other = {"HW_ACCESS_KEY": "a", "HW_SECRET_KEY": "s", "HW_REGION_NAME": REGION}
    for words in (["show", JOB_ID], ["config"], ["list"]):
        stopped = casjob(*words, environ=other)
        assert (stopped.status, stopped.out) == (3, "")
        assert stopped.err.startswith(f"casjob: {broken}\n  hint: fix it, or set ")
    assert service.requests == []
    for shown in (casjob("show", "--demo"), casjob("recent", environ=other), ask_as("token")):
        assert (shown.status, shown.err.startswith(f"casjob: warning: {broken}")) == (0, True)


def test_a_credential_is_printed_anew_before_it_expires(
    casjob: Casjob, at_service: dict[str, str], service: Service, tmp_path: Path
) -> None:
    # A minute is kept back: the first is used for a second.
    script = f"""
import datetime, json, pathlib
count = pathlib.Path({str(tmp_path / "count")!r})
number = len(count.read_text()) + 1 if count.exists() else 1
count.write_text("x" * number)
seconds = 61 if number == 1 else 3600
end = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=seconds)
key = f"NUMBER{{number}}"
print(json.dumps({{"credentials": {{"access_key_id": key, "secret_access_key": "SECRET" + key,
    "security_token": "SECURITY" + key, "expiration": end.isoformat()}}}}))
"""
    path = tmp_path / CONFIG
    path.parent.mkdir(parents=True)
    words = json.dumps([sys.executable, "-c", script])
    path.write_text(f"[default]\ncredential_command = {words}\n", "utf-8")
    path.chmod(0o600)
    at_service.pop("CASJOB_TOKEN")

    def end_once_renewed(request: Recorded) -> None:
        is_first = "Access=NUMBER1," in request.headers["Authorization"]
        status = "RUNNING" if is_first else "SUCCEEDED"
        service.jobs["JOB1"] = as_document(job(status, task(1, status), JOB_ID="JOB1"))

    service.handler = end_once_renewed
    waited = casjob("wait", "JOB1", *QUICKLY, "-v", environ=at_service)

    assert waited.status == 0
    assert (tmp_path / "count").read_text() == "xx"
    last = service.requests[-1].headers
    assert last["X-Security-Token"] == "SECURITYNUMBER2"
    assert last["X-Project-Id"] == PROJECT_ID
    assert "SECRET" not in waited.err
    assert "SECURITYNUMBER" not in waited.err
