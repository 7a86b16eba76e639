import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from casjob.completion import complete_profile
from tests.conftest import PROJECT_ID, Casjob, Finished
from tests.program import CASJOB
from tests.service import Recorded, Reply, Service
from tests.terminal import Terminal

Ask = Callable[..., Finished]

TOKEN = "a-token-of-more-than-16"  # noqa: S105 - no real one
REGION_STEP = "  export CASJOB_REGION=cn-north-4\n"
CREDENTIAL_STEPS = """\
  export CASJOB_ACCESS_KEY=… CASJOB_SECRET_KEY=…
  casjob config --check
No account? casjob show --demo
"""
NO_REGION = f"no region is set\n{REGION_STEP}{CREDENTIAL_STEPS}"
NO_CREDENTIALS = "no credentials are set; export CASJOB_ACCESS_KEY=… CASJOB_SECRET_KEY=…"

NOTHING_SET = f"""\
NAME             VALUE  ORIGIN
profile          -      not set
region           -      not set
project_id       -      not set: looked up from the region
endpoint         -      not set
iam_endpoint     -      not set
api_version      auto   default
ca_bundle        -      not set: certifi's CAs
request_timeout  30     default
retries          3      default
job_id           -      not set: the job last viewed
history          on     default

note: {NO_CREDENTIALS}
note: no region is set; export CASJOB_REGION=cn-north-4
"""


@pytest.fixture
def write_config(clean_environ: dict[str, str]) -> Callable[[str], Path]:
    """Return a way to write casjob's own file of profiles."""
    file = Path(clean_environ["HOME"]) / ".config" / "casjob" / "config.toml"
    file.parent.mkdir(parents=True)

    def write(text: str) -> Path:
        file.write_text(text)
        return file

    return write


def test_with_nothing_set_every_setting_and_the_way_to_get_going_is_shown(casjob: Casjob) -> None:
    assert casjob("config") == (0, NOTHING_SET, "")


@pytest.mark.parametrize("columns", [60, 70, 80])
def test_no_setting_is_wider_than_the_terminal(casjob: Casjob, columns: int) -> None:
    shown = casjob("config", columns=columns, environ={"NO_COLOR": "1"})
    table, _, _ = shown.out.partition("\n\n")
    assert max(map(len, table.splitlines())) <= columns


def test_on_a_terminal_origins_wrap_at_words(clean_environ: dict[str, str]) -> None:
    environ = {**clean_environ, "CASJOB_PROJECT_ID": PROJECT_ID, "LANG": "C.UTF-8"}
    with Terminal([CASJOB, "config"], environ, columns=70) as terminal:
        status, lines = terminal.finish()

    assert status == 0
    at = lines.index("job_id           -                                 not set: the job")
    assert lines[at + 1] == f"{'':51}last viewed"
    assert f"project_id       {PROJECT_ID}  CASJOB_PROJECT_ID" in lines


@pytest.mark.parametrize("words", [["show", "JOB123456"], ["show"], ["tasks", "JOB123456"]])
def test_a_newcomer_is_told_the_shortest_way(words: list[str], casjob: Casjob) -> None:
    finished = casjob(*words)
    assert finished == (3, "", f"casjob: {NO_REGION}")
    assert max(map(len, finished.err.splitlines())) <= 80


def test_a_newcomer_with_a_region_is_told_the_rest(casjob: Casjob) -> None:
    told = f"casjob: no credentials are set\n{CREDENTIAL_STEPS}"
    assert casjob("show", "JOB123456", environ={"CASJOB_REGION": "ae-ad-1"}) == (3, "", told)


def test_half_a_key_is_noted_once(casjob: Casjob) -> None:
    half = "CASJOB_ACCESS_KEY is set, but not CASJOB_SECRET_KEY"
    alone = casjob("config", environ={"CASJOB_ACCESS_KEY": "a"}).out
    with_region = casjob(
        "config", environ={"CASJOB_ACCESS_KEY": "a", "CASJOB_REGION": "ae-ad-1"}
    ).out

    assert alone.partition("\nnote: ")[2] == (
        f"{NO_CREDENTIALS}\nnote: {half}; no region is set; export CASJOB_REGION=cn-north-4\n"
    )
    assert with_region.partition("\nnote: ")[2] == f"{half}\nnote: {NO_CREDENTIALS}\n"


def test_who_has_chosen_no_profile_is_told_which_there_are(
    casjob: Casjob, write_config: Callable[[str], Path]
) -> None:
    config = write_config('[prod]\nregion = "ae-ad-1"\ntoken = "t"\n')
    hint = f"choose a profile of {config} with --profile: prod"
    told = f"casjob: no region is set\n  hint: {hint}\n{REGION_STEP}{CREDENTIAL_STEPS}"

    assert casjob("show", "JOB123456") == (3, "", told)
    told = f"casjob: no credentials are set\n  hint: {hint}\n{CREDENTIAL_STEPS}"
    assert casjob("show", "JOB123456", environ={"CASJOB_REGION": "ae-ad-1"}) == (3, "", told)
    assert f"note: no region is set; {hint}; export CASJOB_REGION=" in casjob("config").out


def test_settings_are_shown_with_their_origins_and_secrets_masked(
    casjob: Casjob, write_config: Callable[[str], Path]
) -> None:
    config = write_config(
        '[prod]\nproject_id = "0123"\ncredential_command = ["vault", "read", "my secret"]\n'
    )
    environ = {
        "CASJOB_PROFILE": "prod",
        "CASJOB_IAM_ENDPOINT": "https://iam.example.com/v3",
        "CASJOB_RETRIES": "many",
        "HUAWEICLOUD_SDK_AK": "AK-of-the-sdk",
        "HW_REGION_NAME": "ae-ad-1",
        "HW_ACCESS_KEY": "AK",
        "HW_SECRET_KEY": "short-secret-key",
        "HW_SECURITY_TOKEN": "a-long-security-token",
        "OS_AUTH_URL": "https://me:password@iam.example.com",
    }
    finished = casjob("config", "--region", "eu-west-101", "--api-version", "v3", environ=environ)
    source = f"profile prod in {config}"
    usual, last = "not set: certifi's CAs", "not set: the job last viewed"
    assert finished == (
        0,
        f"""\
NAME                VALUE                                              ORIGIN
profile             prod                                               CASJOB_PROFILE
region              eu-west-101                                        --region
project_id          0123                                               {source}
endpoint            https://servicestage.eu-west-101.myhuaweicloud.eu  built from the region
iam_endpoint        https://iam.example.com/v3                         CASJOB_IAM_ENDPOINT
api_version         v3                                                 --api-version
credential_command  vault …                                            {source}
ca_bundle           -                                                  {usual}
request_timeout     30                                                 default
retries             many                                               CASJOB_RETRIES
job_id              -                                                  {last}
history             on                                                 default

found, but not used:
  access_key      AK-of-the-sdk  HUAWEICLOUD_SDK_AK
  region          ae-ad-1        HW_REGION_NAME
  access_key      AK             HW_ACCESS_KEY
  secret_key      ****           HW_SECRET_KEY
  security_token  ****oken       HW_SECURITY_TOKEN
  iam_endpoint    ****           OS_AUTH_URL

note: CASJOB_RETRIES is 'many', which is not a whole number up to 999, such as 3
""",
        "",
    )


def test_the_same_is_there_as_json(casjob: Casjob) -> None:
    environ = {
        "CASJOB_ENDPOINT": "https://example.com",
        "CASJOB_ACCESS_KEY": "AK",
        "HW_AUTH_TOKEN": TOKEN,
    }
    finished = casjob("config", "--json", environ=environ)
    assert (finished.status, finished.err) == (0, "")
    document = json.loads(finished.out)
    settings = {each["name"]: each for each in document["settings"]}
    assert (document["schema_version"], len(settings)) == (1, 11)
    assert settings["endpoint"] == {
        "name": "endpoint",
        "value": "https://example.com",
        "origin": "CASJOB_ENDPOINT",
    }
    assert settings["region"] == {"name": "region", "value": None, "origin": "not set"}
    assert document["overruled"] == [
        {"name": "access_key", "value": "AK", "origin": "CASJOB_ACCESS_KEY"},
        {"name": "token", "value": "****n-16", "origin": "HW_AUTH_TOKEN"},
    ]
    assert document["notes"] == [
        "CASJOB_ACCESS_KEY is set, but not CASJOB_SECRET_KEY",
        NO_CREDENTIALS,
        "neither a region nor an IAM endpoint is set; set CASJOB_REGION or CASJOB_IAM_ENDPOINT",
    ]


def test_what_is_wrong_with_a_file_is_a_note_and_told_once(
    casjob: Casjob, clean_environ: dict[str, str]
) -> None:
    file = Path(clean_environ["HOME"]) / ".huaweicloud" / "credentials"
    file.parent.mkdir()
    file.write_text("ak = x\n")
    finished = casjob("config", environ={"CASJOB_TOKEN": "t", "CASJOB_ENDPOINT": "https://[x"})
    assert finished.status == 0
    assert finished.err == ""
    assert finished.out.endswith(
        f"note: {file}, line 1: text before any [section]\n"
        "note: CASJOB_ENDPOINT is not an address such as"
        " https://servicestage.cn-north-4.myhuaweicloud.com\n"
        "note: neither a region nor an IAM endpoint is set;"
        " set CASJOB_REGION or CASJOB_IAM_ENDPOINT\n"
    )


def test_what_drives_a_terminal_is_escaped(casjob: Casjob) -> None:
    finished = casjob("config", environ={"CASJOB_JOB_ID": "\x1b[2J", "CASJOB_TOKEN": "t"})
    assert "job_id           \\x1b[2J  CASJOB_JOB_ID\n" in finished.out


@pytest.mark.parametrize("words", [["config"], ["config", "--check"], ["config", "--json"]])
def test_a_profile_that_is_not_there_is_an_error(words: list[str], casjob: Casjob) -> None:
    finished = casjob(*words, "--profile", "x")
    assert (finished.status, finished.out) == (3, "")
    assert finished.err.startswith("casjob: no profile 'x', given by --profile: ")


@pytest.mark.parametrize("words", [["config"], ["config", "--check"]])
def test_the_demo_needs_no_settings(words: list[str], casjob: Casjob) -> None:
    told = "casjob: config can't be used with --demo: the demo has no settings\n"
    assert casjob(*words, "--demo") == (2, "", told)


def test_a_check_says_what_it_found_step_by_step(ask: Ask, service: Service) -> None:
    finished = ask("config", "--check")
    host = service.url.removeprefix("http://")
    assert finished == (
        0,
        f"""\
settings        ok      the service is at {service.url}
proxy           ok      none
name            ok      127.0.0.1 resolves to 127.0.0.1
TCP             ok      {host} accepts connections
TLS             ok      none, plain http
clock           ok      this machine is 0s ahead of the service
authentication  ok      accepted
project         ok      {PROJECT_ID}
""".replace("0s ahead", f"{finished.out.partition('machine is ')[2][0]}s ahead"),
        "",
    )
    # The first request is nobody's: it tells whether the way is clear.
    assert [("X-Auth-Token" in each.headers) for each in service.requests] == [False, True]


def test_a_check_is_there_as_json(ask: Ask, service: Service) -> None:
    service.handler = lambda request: Reply(401) if "X-Auth-Token" in request.headers else None
    finished = ask("config", "--check", "--json")
    assert (finished.status, finished.err) == (4, "")
    document = json.loads(finished.out)
    assert document["schema_version"] == 1
    steps = "settings proxy name TCP TLS clock authentication"
    assert " ".join(check["step"] for check in document["checks"]) == steps
    assert [check["ok"] for check in document["checks"]] == [True] * 6 + [False]
    assert document["checks"][0]["hint"] is None
    assert document["checks"][-1]["hint"]


@pytest.mark.parametrize(
    ("settings", "first"),
    [
        ({"CASJOB_ENDPOINT": "x"}, "settings        failed  CASJOB_ENDPOINT is not an address"),
        ({"CASJOB_RETRIES": "x"}, "settings        failed  CASJOB_RETRIES is 'x', which is not"),
        ({"CASJOB_API_VERSION": "v4"}, "settings        failed  CASJOB_API_VERSION is 'v4', which"),
        ({"CASJOB_CA_BUNDLE": "/gone"}, "settings        failed  "),
    ],
)
def test_a_check_of_wrong_settings_ends_at_once(
    settings: dict[str, str], first: str, ask: Ask, service: Service
) -> None:
    finished = ask("config", "--check", **settings)
    assert (finished.status, finished.err) == (3, "")
    assert finished.out.startswith(first)
    assert service.requests == []


def test_a_check_with_nothing_set_tells_the_way_to_get_going(casjob: Casjob) -> None:
    told = NO_REGION.replace("  casjob config --check\n", "")
    assert casjob("config", "--check") == (3, f"settings        failed  {told}", "")
    document = json.loads(casjob("config", "--check", "--json").out)
    assert document["checks"][0]["hint"] == told.partition("\n")[2].removesuffix("\n")


def test_a_check_without_credentials_says_so(casjob: Casjob, service: Service) -> None:
    finished = casjob("config", "--check", environ={"CASJOB_ENDPOINT": service.url})
    assert finished.status == 3
    assert finished.out.endswith(
        f"account         failed  no credentials are set\n{CREDENTIAL_STEPS}"
    )


def authenticated(reply: Reply) -> Callable[[Recorded], Reply | None]:
    return lambda request: reply if "X-Auth-Token" in request.headers else None


def refusal(status: int, code: str, words: str) -> Reply:
    return Reply(status, {"error_code": code, "error_msg": words, "request_id": "r"})


@pytest.mark.parametrize(
    ("reply", "status", "lines"),
    [
        (
            refusal(401, "APIGW.0307", "token expired"),
            4,
            ["authentication  failed  the service at HOST does not accept the credentials; SAID"],
        ),
        (
            refusal(403, "APIGW.0302", "no access"),
            4,
            [
                "authentication  ok      accepted",
                f"project         failed  not allowed in project {PROJECT_ID}; SAID",
            ],
        ),
        (
            refusal(404, "APIGW.0101", "no such API"),
            3,
            ["service         failed  the service at HOST has no such API; SAID"],
        ),
        (
            Reply(404, "<html><title>Not Found</title>"),
            3,
            ["service         failed  the response from the service at HOST (HTTP 404) has no"],
        ),
        (
            Reply(200, "<html><title>Log in</title>"),
            3,
            ["service         failed  the response from the service at HOST is not JSON"],
        ),
        (Reply(500), 6, ["service         failed  the service at HOST failed (HTTP 500); SAID"]),
    ],
)
def test_a_check_names_the_step_that_failed_and_what_to_do(
    reply: Reply, status: int, lines: list[str], ask: Ask, service: Service
) -> None:
    service.handler = authenticated(reply)
    finished = ask("config", "--check")
    *shown, hint = finished.out.partition("clock ")[2].splitlines()[1:]
    host = service.url.removeprefix("http://")
    assert finished.status == status
    for line, expected in zip(shown, lines, strict=True):
        assert line.startswith(expected.replace("HOST", host).replace("SAID", "the service said: "))
    assert hint.startswith("  hint: ")


def test_a_check_of_a_service_that_is_not_up_names_tcp(casjob: Casjob) -> None:
    with Service() as service:
        url = service.url
    environ = {"CASJOB_ENDPOINT": url, "CASJOB_TOKEN": "t", "CASJOB_PROJECT_ID": "p"}
    finished = casjob("config", "--check", environ=environ)
    assert finished.status == 6
    check = "check the network, the VPN, the firewall and HTTPS_PROXY"
    assert finished.out.splitlines()[-2:] == [
        f"TCP             failed  {url.removeprefix('http://')}: Connection refused",
        f"  hint: {check}; the endpoint is from CASJOB_ENDPOINT",
    ]


def test_a_check_of_a_name_that_is_not_there_names_it(casjob: Casjob) -> None:
    environ = {"CASJOB_ENDPOINT": "https://casjob.invalid", "CASJOB_TOKEN": "t"}
    finished = casjob("config", "--check", environ=environ)
    assert finished.status == 6
    assert finished.out.splitlines()[2].startswith("name            failed  casjob.invalid: ")


@pytest.mark.parametrize(
    ("minutes", "status", "outcome"), [(20, 3, "failed"), (-20, 3, "failed"), (5, 0, "ok    ")]
)
def test_a_check_compares_the_clocks(
    minutes: int, status: int, outcome: str, ask: Ask, service: Service
) -> None:
    theirs = datetime.now(UTC) + timedelta(minutes=minutes)
    service.handler = lambda request: (
        Reply(404, headers={"Date": f"{theirs:%a, %d %b %Y %H:%M:%S GMT}"})
        if request.path == "/"
        else None
    )
    finished = ask("config", "--check")
    assert finished.status == status
    (line,) = [line for line in finished.out.splitlines() if line.startswith("clock")]
    ahead = "behind" if minutes > 0 else "ahead of"
    assert line.startswith(f"clock           {outcome}  this machine is ")
    assert line.endswith(f"s {ahead} the service")
    assert finished.out.endswith(f"project         ok      {PROJECT_ID}\n")


def test_a_service_need_not_tell_the_time(ask: Ask, service: Service) -> None:
    service.handler = lambda request: (
        Reply(404, headers={"Date": "noon"}) if request.path == "/" else None
    )
    finished = ask("config", "--check")
    assert "clock           ok      the service sends no date\n" in finished.out
    assert finished.status == 0


LOGIN = {
    "CASJOB_PROJECT_ID": PROJECT_ID,
    "CASJOB_USER_NAME": "u",
    "CASJOB_PASSWORD": "a-password",
    "CASJOB_DOMAIN_NAME": "d",
}


@pytest.mark.parametrize(
    ("account", "path", "reply", "status", "line"),
    [
        (
            {"CASJOB_TOKEN": TOKEN},
            "/v3/projects",
            Reply(200, {"projects": []}),
            3,
            "account         failed  IAM at HOST has no projects named ae-ad-1",
        ),
        ({"CASJOB_TOKEN": TOKEN}, "/v3/projects", Reply(503), 6, "IAM             failed  IAM at"),
        (LOGIN, "/v3/auth/tokens", Reply(401), 4, "authentication  failed  IAM at HOST"),
    ],
)
def test_what_iam_refuses_or_does_not_know_is_told(
    account: dict[str, str],
    path: str,
    reply: Reply,
    status: int,
    line: str,
    casjob: Casjob,
    service: Service,
) -> None:
    service.handler = lambda request: reply if request.path == path else None
    settings = {"CASJOB_ENDPOINT": service.url, "CASJOB_IAM_ENDPOINT": service.url}
    more = {"CASJOB_REGION": "ae-ad-1", "CASJOB_RETRIES": "0"}
    finished = casjob("config", "--check", environ=settings | more | account)
    assert finished.status == status
    told = line.replace("HOST", service.url.removeprefix("http://"))
    assert finished.out.splitlines()[-2].startswith(told)


def test_the_profiles_there_are_complete_the_option(
    write_config: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    config = write_config("[default]\n[prod]\n[preview]\n")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(config.parents[1]))
    assert complete_profile("pr") == ["prod", "preview"]


def test_a_program_given_with_its_variables_is_not_shown(
    casjob: Casjob, write_config: Callable[[str], Path]
) -> None:
    write_config('[default]\ncredential_command = "TOKEN=SECRET vault read"\n')
    out = casjob("config").out
    assert "SECRET" not in out
    assert "credential_command  ****" in out
