"""Hints name where the thing that is wrong was set."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import JOB_ID, PROJECT_ID, Casjob, Finished
from tests.following import QUICKLY
from tests.samples import as_document, job, task
from tests.service import Reply, Service

KEY = {"CASJOB_ACCESS_KEY": "AKEXAMPLE", "CASJOB_SECRET_KEY": "secret-key-of-the-user"}
VENDOR_KEY = {"HW_ACCESS_KEY": "AKEXAMPLE", "HW_SECRET_KEY": "secret-key-of-the-user"}
LOGIN = {"OS_USERNAME": "ann", "OS_PASSWORD": "password-of-ann", "OS_DOMAIN_NAME": "acme"}

EXPIRED_TOKEN = "it has expired, or is for another region: get a new one"  # noqa: S105 - words
WRONG_KEY = (
    "its secret key is wrong, this machine's clock is off by more than 15 minutes, or the key is"
    " locked for 5 minutes after 5 failures in a row; -v shows what was signed"
)
CONFIG = "casjob config shows where they are set"
SIGNED = "canonicalRequest:GET|/v2/p/cas/jobs/J/||host:h||host|e3b0"

Refused = Callable[..., list[str]]


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    file = tmp_path / ".config" / "casjob" / "config.toml"
    file.parent.mkdir(parents=True)
    return file


@pytest.fixture
def run_refused(casjob: Casjob, service: Service) -> Refused:
    """Return a way to run a command that gets a 401 from the service, and see what it says."""

    def run(*options: str, message: str = "no", **settings: str) -> list[str]:
        body = {"error_code": "APIGW.0301", "error_msg": message}
        service.handler = lambda request: (
            Reply(401, body)
            if "/cas/" in request.path
            else Reply(201, {}, {"X-Subject-Token": "t"})
        )
        environ = {
            "CASJOB_ENDPOINT": service.url,
            "CASJOB_IAM_ENDPOINT": service.url,
            "CASJOB_PROJECT_ID": PROJECT_ID,
            **settings,
        }
        finished = casjob("show", JOB_ID, *options, environ=environ)
        assert (finished.status, finished.out) == (4, "")
        return finished.err.splitlines()

    return run


@pytest.mark.parametrize(
    ("settings", "hint"),
    [
        ({"CASJOB_TOKEN": "a-token"}, f"the token is from CASJOB_TOKEN; {EXPIRED_TOKEN}"),
        ({"HW_AUTH_TOKEN": "a-token"}, f"the token is from HW_AUTH_TOKEN; {EXPIRED_TOKEN}"),
        (KEY, f"the access key is from CASJOB_ACCESS_KEY; {WRONG_KEY}"),
        (VENDOR_KEY, f"the access key is from HW_ACCESS_KEY; {WRONG_KEY}"),
        (
            {**KEY, "CASJOB_SECURITY_TOKEN": "security-token"},
            f"the access key is from CASJOB_ACCESS_KEY; it has expired, {WRONG_KEY}",
        ),
        (
            LOGIN,
            (
                "IAM accepts the login from OS_USERNAME, but the service refuses the token: is the"
                " region right?"
            ),
        ),
    ],
)
def test_a_refused_credential_names_its_variable(
    run_refused: Refused, settings: dict[str, str], hint: str
) -> None:
    assert run_refused(**settings)[-1] == f"  hint: {hint}"


def test_a_refused_credential_names_its_profile(run_refused: Refused, profile: Path) -> None:
    profile.write_text('[prod]\ntoken = "a-token"\n')

    assert run_refused(CASJOB_PROFILE="prod")[-1] == (
        f"  hint: the token is from profile prod in {profile}; {EXPIRED_TOKEN}"
    )


def test_a_refused_credential_names_the_command_that_printed_it(
    run_refused: Refused, profile: Path
) -> None:
    command = [sys.executable, "-c", """print('{"token": "a-token"}')"""]
    profile.write_text(f"[default]\ncredential_command = {json.dumps(command)}\n")

    assert run_refused()[-1] == (
        f"  hint: the token is from credential_command of profile default in {profile};"
        f" {EXPIRED_TOKEN}"
    )


@pytest.mark.parametrize("end", ["soon", True, 1e300, ["2999"]])
def test_an_expiry_that_can_not_be_read_is_told_once(
    casjob: Casjob, at_service: dict[str, str], profile: Path, service: Service, end: object
) -> None:
    service.jobs["JOB1"] = as_document(job("SUCCEEDED", task(1)))
    del at_service["CASJOB_TOKEN"]
    words = json.dumps(["echo", json.dumps({"token": "t", "expires_at": end})])
    profile.write_text(f"[default]\ncredential_command = {words}\n")
    profile.chmod(0o600)

    told = f"credential_command of profile default in {profile} printed an expiry"
    assert casjob("wait", "JOB1", *QUICKLY, environ=at_service).err == (
        f"casjob: warning: {told} that can't be read, so it is ignored\n"
    )


def test_what_should_have_been_signed_is_for_the_verbose_alone(run_refused: Refused) -> None:
    message = f"verify aksk signature fail, {SIGNED}"

    brief = run_refused(message=message, **KEY)
    verbose = run_refused("-v", message=message, **KEY)

    said = "APIGW.0301 verify aksk signature fail (HTTP 401, request req-000"
    assert len(brief) == 3
    assert brief[1].startswith(f"  the service said: {said}")
    assert "casjob:   /v2/p/cas/jobs/J/" in verbose


def test_a_refused_login_names_its_source(casjob: Casjob, service: Service) -> None:
    service.script = [Reply(401, {"error": {"message": "wrong"}})]
    environ = {**LOGIN, "CASJOB_ENDPOINT": service.url, "CASJOB_IAM_ENDPOINT": service.url}

    finished = casjob("show", JOB_ID, environ={**environ, "CASJOB_PROJECT_ID": PROJECT_ID})

    assert finished.status == 4
    assert finished.err.splitlines()[-1] == (
        "  hint: the login is from OS_USERNAME; a wrong one is not sent again, since five failures"
        " lock an account"
    )


@pytest.mark.parametrize("settings", [{"CASJOB_TOKEN": "a-token"}, KEY], ids=["token", "key"])
def test_a_credential_that_iam_refuses_names_its_source(
    casjob: Casjob, service: Service, settings: dict[str, str]
) -> None:
    service.script = [Reply(401, {"error": {"message": "wrong"}})]
    environ = {"CASJOB_ENDPOINT": service.url, "CASJOB_IAM_ENDPOINT": service.url, **settings}

    finished = casjob("show", JOB_ID, "--region", "cn-north-4", environ=environ)

    assert finished.status == 4
    message, _, hint = finished.err.splitlines()
    assert message.endswith(" did not list the projects")
    assert f" is from {next(iter(settings))}; " in hint


MISSING = Reply(404, {"error_code": "SVCSTG.00100429", "error_msg": "job not found"})


def test_a_job_that_is_not_there_names_where_project_and_region_are_from(
    casjob: Casjob, service: Service, profile: Path
) -> None:
    service.script = [MISSING]
    profile.write_text('[default]\nregion = "cn-north-4"\n')
    environ = {
        "CASJOB_TOKEN": "a-token",
        "CASJOB_ENDPOINT": service.url,
        "CASJOB_PROJECT_ID": PROJECT_ID,
    }

    expected = (
        f"casjob: job {JOB_ID} was not found in project {PROJECT_ID} (cn-north-4)\n"
        "  the service said: SVCSTG.00100429 job not found (HTTP 404, request req-0001)\n"
        f"  hint: project {PROJECT_ID} is from CASJOB_PROJECT_ID, region cn-north-4 from profile"
        f" default in {profile}, the endpoint from CASJOB_ENDPOINT; a wrong one is the usual"
        " cause\n"
    )
    assert casjob("show", JOB_ID, environ=environ) == (5, "", expected)


def test_a_project_that_was_looked_up_is_said_to_be(casjob: Casjob, service: Service) -> None:
    projects = {"projects": [{"id": PROJECT_ID, "name": "cn-north-4"}]}
    service.script = [Reply(200, projects), MISSING]
    environ = {
        "CASJOB_TOKEN": "a-token",
        "CASJOB_ENDPOINT": service.url,
        "CASJOB_IAM_ENDPOINT": service.url,
    }

    finished = casjob("show", JOB_ID, "--region", "cn-north-4", environ=environ)

    assert finished.err.splitlines()[-1] == (
        f"  hint: project {PROJECT_ID} is from IAM, by the region, region cn-north-4 from"
        " --region, the endpoint from CASJOB_ENDPOINT; a wrong one is the usual cause"
    )


@pytest.mark.parametrize(
    ("settings", "hint"),
    [
        (
            {"CASJOB_REGION": "cn-nroth-4"},
            "region cn-nroth-4 is from CASJOB_REGION; did you mean cn-north-4?",
        ),
        ({"CASJOB_REGION": "xx-99"}, "is it spelled right? region xx-99 is from CASJOB_REGION"),
        (
            {"CASJOB_REGION": "cn-nroth-4", "HTTPS_PROXY": "http://proxy.invalid:3128"},
            "is the proxy spelled right?",
        ),
    ],
)
def test_a_name_that_is_unknown_asks_for_what_it_was_built_from(
    casjob: Casjob, settings: dict[str, str], hint: str
) -> None:
    finished = casjob("config", "--check", environ={"CASJOB_TOKEN": "a-token", **settings})

    assert finished.status == 6
    assert finished.out.splitlines()[-1] == f"  hint: {hint}"


@pytest.mark.parametrize(
    ("endpoint", "failed", "reason"),
    [
        ("https://a.example.invalid", "name", "there is no such host"),
        ("https://127.0.0.1:1", "TCP", "Connection refused"),
    ],
)
def test_what_excludes_a_host_from_the_proxy_is_named_if_the_host_can_not_be_reached(
    casjob: Casjob, endpoint: str, failed: str, reason: str
) -> None:
    host = endpoint.removeprefix("https://")
    entry = "127.0.0.0/8" if failed == "TCP" else ".example.invalid"
    environ = {
        "CASJOB_TOKEN": "a-token",
        "CASJOB_PROJECT_ID": PROJECT_ID,
        "CASJOB_ENDPOINT": endpoint,
        "CASJOB_RETRIES": "0",
        "HTTPS_PROXY": "http://127.0.0.1:1",
        "NO_PROXY": entry,
    }
    checked = casjob("config", "--check", environ=environ)
    shown = casjob("show", JOB_ID, environ=environ)

    proxy, *_, last, _ = checked.out.splitlines()[1:]
    assert proxy == f"proxy           ok      none: NO_PROXY has {entry}"
    assert last.startswith(f"{failed:15} failed  ")
    assert (checked.status, shown.status, shown.out) == (6, 6, "")
    place = f"{host} (no proxy: NO_PROXY has {entry})"
    assert shown.err.startswith(f"casjob: can't connect to {place}: ")
    assert reason in shown.err


@pytest.mark.parametrize(
    ("settings", "origin"),
    [
        ({"CASJOB_ENDPOINT": "https://127.0.0.1:1"}, "the endpoint is from CASJOB_ENDPOINT"),
        ({"OS_AUTH_URL": "https://127.0.0.1:1"}, "the IAM endpoint is from OS_AUTH_URL"),
        # What can't be reached is the proxy.
        ({"CASJOB_ENDPOINT": "https://a.invalid", "HTTPS_PROXY": "http://127.0.0.1:1"}, None),
    ],
)
def test_a_connection_that_is_refused_says_where_the_address_is_from(
    casjob: Casjob, settings: dict[str, str], origin: str | None
) -> None:
    login = {"OS_USERNAME": "ann", "OS_PASSWORD": "password", "OS_DOMAIN_NAME": "acme"}
    account = login if "OS_AUTH_URL" in settings else {"CASJOB_TOKEN": "a-token"}
    place = {"CASJOB_REGION": "cn-north-4", "CASJOB_PROJECT_ID": PROJECT_ID, "CASJOB_RETRIES": "0"}
    refused = casjob("show", JOB_ID, environ={**account, **place, **settings})
    hint = "; ".join(filter(None, ("check the network, the VPN and the proxy settings", origin)))
    assert (refused.status, refused.err.splitlines()[-1]) == (6, f"  hint: {hint}")
    assert "Connection refused" in refused.err


@pytest.mark.parametrize("command", ["show", "wait"])
@pytest.mark.parametrize(
    ("named", "is_told"), [(JOB_ID, True), (JOB_ID[:6], True), ("JOB-of-nobody", False)]
)
def test_a_job_that_is_not_found_may_have_been_viewed_elsewhere(
    casjob: Casjob,
    service: Service,
    at_service: dict[str, str],
    command: str,
    named: str,
    *,
    is_told: bool,
) -> None:
    casjob("show", JOB_ID, "--region", "cn-north-4", environ=at_service)
    service.jobs.clear()

    same = casjob(command, named, "--region", "cn-north-4", environ=at_service)
    other = casjob(command, named, "--region", "cn-east-3", environ=at_service)

    assert (same.status, other.status) == (5, 5)
    told = f"  hint: {JOB_ID} was last viewed in cn-north-4; project {PROJECT_ID} is from "
    assert "was last viewed" not in same.err
    assert (told in other.err) == is_told


@pytest.mark.parametrize("named", [JOB_ID, JOB_ID[:6]])
@pytest.mark.parametrize("regions", [("cn-north-4", "cn-east-3"), ("cn-east-3", "cn-north-4")])
def test_a_job_that_was_viewed_in_two_projects_is_not_looked_for_in_a_circle(
    casjob: Casjob,
    service: Service,
    at_service: dict[str, str],
    named: str,
    regions: tuple[str, str],
) -> None:
    def show(job_id: str, region: str) -> Finished:
        place = ["--region", region, "--project-id", f"project-{region}"]
        return casjob("show", job_id, *place, environ=at_service)

    assert [show(JOB_ID, region).status for region in regions] == [0, 0]
    service.jobs.clear()
    before, last = [show(named, region).err.splitlines()[-1] for region in regions]

    usual = (
        "project project-{0} is from --project-id, region {0} from --region, the endpoint from"
        " CASJOB_ENDPOINT; a wrong one is the usual cause"
    )
    told = f"{JOB_ID} was last viewed in {regions[1]}; {usual.format(regions[0])}"
    assert before == f"  hint: {told}"
    assert last == f"  hint: {usual.format(regions[1])}"
