import pytest

from casjob.errors import SettingsError, UsageError
from casjob.settings import ApiVersion
from casjob.settings.values import Value
from tests.settings.conftest import Resolve, Write


@pytest.mark.parametrize(
    ("environ", "endpoint", "iam_endpoint"),
    [
        (
            {"CASJOB_REGION": "cn-north-4"},
            "https://servicestage.cn-north-4.myhuaweicloud.com",
            "https://iam.cn-north-4.myhuaweicloud.com",
        ),
        (
            {"CASJOB_REGION": "eu-west-101"},
            "https://servicestage.eu-west-101.myhuaweicloud.eu",
            "https://iam.eu-west-101.myhuaweicloud.eu",
        ),
        (
            {"CASJOB_REGION": "eu-west-0"},
            "https://servicestage.eu-west-0.myhuaweicloud.com",
            "https://iam.eu-west-0.myhuaweicloud.com",
        ),
        (
            {"HW_REGION_NAME": "eu-west-101", "HW_CLOUD": "cloud.example.com"},
            "https://servicestage.eu-west-101.cloud.example.com",
            "https://iam.eu-west-101.cloud.example.com",
        ),
        (
            {"OS_REGION_NAME": "ae-ad-1", "OS_AUTH_URL": "https://iam.example.com:8443/v3/"},
            "https://servicestage.ae-ad-1.myhuaweicloud.com",
            "https://iam.example.com:8443",
        ),
        (
            {"CASJOB_REGION": "ae-ad-1", "CASJOB_ENDPOINT": "https://gate.example.com/stage/"},
            "https://gate.example.com/stage",
            "https://iam.ae-ad-1.myhuaweicloud.com",
        ),
    ],
)
def test_endpoints_are_as_set_or_built_from_the_region(
    environ: dict[str, str], endpoint: str, iam_endpoint: str, resolve: Resolve
) -> None:
    settings = resolve(**environ)
    assert (settings.endpoint.value, settings.iam_endpoint.value) == (endpoint, iam_endpoint)
    assert settings.location == next(
        environ[name]
        for name in ("CASJOB_REGION", "HW_REGION_NAME", "OS_REGION_NAME")
        if name in environ
    )


def test_without_a_region_the_location_is_the_endpoints_host(resolve: Resolve) -> None:
    assert resolve(CASJOB_ENDPOINT="https://[::1]:8443/x").location == "[::1]:8443"


@pytest.mark.parametrize(
    "region", ["evil.example.com/", "a.b", "a/b", "a@b", "a b", "a" * 64, "ré", "a\nb"]
)
def test_a_region_that_fits_into_no_host_name_is_refused(region: str, resolve: Resolve) -> None:
    settings = resolve(CASJOB_REGION=region)
    told = f"CASJOB_REGION is {region!r}, which is not a region such as cn-north-4"
    for setting in (settings.region, settings.endpoint, settings.iam_endpoint):
        assert str(setting.problem) == told


@pytest.mark.parametrize("cloud", ["evil.example.com/", "a..b", ".a", "a@b", "-a", "a" * 64])
def test_a_cloud_that_fits_into_no_host_name_is_refused(cloud: str, resolve: Resolve) -> None:
    settings = resolve(HW_REGION_NAME="r", HW_CLOUD=cloud)
    assert "is not a domain such as" in str(settings.endpoint.problem)


@pytest.mark.parametrize(
    "url",
    [
        "https://a.example.com",
        "https://a_b.example.com:8443/x/y",
        "https://[2001:db8::1]/x",
        "http://localhost:1",
        "http://LOCALHOST:1",
        "http://127.0.0.1:1",
        "http://127.1.2.3:1/x",
        "http://[::1]:1",
    ],
)
def test_an_address_is_taken(url: str, resolve: Resolve) -> None:
    assert resolve(CASJOB_ENDPOINT=url).endpoint.value == url


@pytest.mark.parametrize(
    "url",
    [
        "SECRET",
        "ftp://SECRET",
        "https://",
        "https:///SECRET",
        "https://a?key=SECRET",
        "https://a#SECRET",
        "https://a:0/SECRET",
        "https://a:b/SECRET",
        "https://a:99999/SECRET",
        "https://[SECRET]",
        "https://a..b/SECRET",
        "https://.a/SECRET",
        f"https://{'a' * 64}/SECRET",
        "https://a<b/SECRET",
        "https://a\\b/SECRET",
        "https://%41/SECRET",
        "https://é.example.com/SECRET",
        "https://a/SECRET x",
        "https://a/SECRET\nx",
    ],
)
def test_what_is_not_an_address_is_an_error_that_does_not_show_it(
    url: str, resolve: Resolve
) -> None:
    example = "https://servicestage.cn-north-4.myhuaweicloud.com"
    told = f"CASJOB_ENDPOINT is not an address such as {example}"
    assert str(resolve(CASJOB_ENDPOINT=url).endpoint.problem) == told


@pytest.mark.parametrize("url", ["https://me:SECRET@a", "http://SECRET@127.0.0.1?x", "//S@a#x"])
def test_an_address_with_a_password_is_an_error_that_does_not_show_it(
    url: str, resolve: Resolve
) -> None:
    problem = resolve(HW_AUTH_URL=url).iam_endpoint.problem
    assert str(problem) == "HW_AUTH_URL contains a user name or password"


@pytest.mark.parametrize(
    "url",
    [
        "http://a.example.com",
        "http://localhost.example.com",
        "http://127.0.0.1.example.com",
        "http://127.999.1.1",
        "http://127.1",
        "http://2130706433",
        "http://10.0.0.1",
        "http://0.0.0.0",
        "http://[::2]",
    ],
)
def test_plain_http_is_for_this_machine_only(url: str, resolve: Resolve) -> None:
    told = f"CASJOB_ENDPOINT is {url!r}: credentials are not sent over plain http"
    assert str(resolve(CASJOB_ENDPOINT=url).endpoint.problem) == told


@pytest.mark.parametrize(
    ("account", "steps"),
    [
        (
            {},
            (
                "  export CASJOB_REGION=cn-north-4",
                "  export CASJOB_ACCESS_KEY=… CASJOB_SECRET_KEY=…",
                "  casjob config --check",
                "No account? casjob show --demo",
            ),
        ),
        ({"OS_AUTH_TOKEN": "t"}, ("  export CASJOB_REGION=cn-north-4", "  casjob config --check")),
    ],
)
def test_without_a_region_the_error_has_the_commands_to_set_up(
    account: dict[str, str], steps: tuple[str, ...], resolve: Resolve
) -> None:
    with pytest.raises(SettingsError, match="no region is set") as caught:
        _ = resolve(**account).endpoint.value
    assert caught.value.steps == steps


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        (
            {"CASJOB_ACCESS_KEY": "a"},
            "CASJOB_ACCESS_KEY is set, but not CASJOB_SECRET_KEY; no region is set",
        ),
        ({"HW_SECRET_KEY": "s"}, "HW_SECRET_KEY is set, but not HW_ACCESS_KEY; no region is set"),
        # Another source has a whole one.
        ({"HW_SECRET_KEY": "s", "OS_AUTH_TOKEN": "t"}, "no region is set"),
    ],
)
def test_half_a_key_is_told_together_with_the_missing_region(
    environ: dict[str, str], told: str, resolve: Resolve
) -> None:
    assert str(resolve(**environ).endpoint.problem) == told


def test_an_endpoint_does_not_say_where_iam_is(resolve: Resolve) -> None:
    with pytest.raises(
        SettingsError, match="neither a region nor an IAM endpoint is set"
    ) as caught:
        _ = resolve(CASJOB_ENDPOINT="https://example.com").iam_endpoint.value
    assert caught.value.hint == "set CASJOB_REGION or CASJOB_IAM_ENDPOINT"


@pytest.mark.parametrize(
    ("region", "hint"),
    [
        ("4", "did you mean ap-southeast-4, cn-east-4, cn-north-4 or cn-south-4?"),
        ("north4", "did you mean cn-north-4?"),
        ("Kualalumpur", "did you mean my-kualalumpur-1?"),
        ("1", "for a private cloud, set CASJOB_ENDPOINT"),
        ("RegionOne", "for a private cloud, set CASJOB_ENDPOINT"),
    ],
)
def test_no_address_is_built_from_what_can_not_be_a_region(
    region: str, hint: str, resolve: Resolve
) -> None:
    problem = resolve({"region": region}).endpoint.problem
    assert isinstance(problem, UsageError)
    message = f"--region is {region!r}, which is not a region such as cn-north-4"
    assert (problem.message, problem.hint) == (message, hint)


def test_a_private_clouds_region_may_have_any_name(resolve: Resolve) -> None:
    region = {"OS_REGION_NAME": "RegionOne"}
    settings = resolve(**region, CASJOB_ENDPOINT="https://example.com")
    assert (settings.region.value, settings.endpoint.value) == ("RegionOne", "https://example.com")
    settings = resolve(**region, HW_CLOUD="example.com")
    assert settings.endpoint.value == "https://servicestage.RegionOne.example.com"


def test_an_unknown_region_is_taken(resolve: Resolve) -> None:
    settings = resolve(CASJOB_REGION="cn-north-5")
    assert settings.endpoint.value == "https://servicestage.cn-north-5.myhuaweicloud.com"


def test_there_are_defaults(resolve: Resolve) -> None:
    settings = resolve().by_name()
    assert [name for name, setting in settings.items() if setting.origin == "default"] == [
        "api_version", "request_timeout", "retries", "history",
    ]  # fmt: skip
    values = {name: setting.parsed for name, setting in settings.items()}
    del values["endpoint"], values["iam_endpoint"]
    assert values == {
        "profile": None,
        "region": None,
        "project_id": None,
        "cloud": None,
        "api_version": ApiVersion.AUTO,
        "ca_bundle": None,
        "request_timeout": 30.0,
        "retries": 3,
        "job_id": None,
        "history": True,
    }


def test_settings_are_parsed(write: Write, resolve: Resolve) -> None:
    write(".config/casjob/config.toml", "[prod]\n")
    parsed = {
        "api_version": ("V3", ApiVersion.V3),
        "request_timeout": ("2.5s", 2.5),
        "retries": ("0", 0),
        "ca_bundle": ("/ca.pem", "/ca.pem"),
        "job_id": ("JOB1", "JOB1"),
        "history": ("Off", False),
        "profile": ("prod", "prod"),
    }
    environ = {f"CASJOB_{name.upper()}": text for name, (text, _) in parsed.items()}
    settings = resolve(**environ).by_name()
    assert {name: settings[name].parsed for name in parsed} == {
        name: value for name, (_, value) in parsed.items()
    }


def test_the_home_folder_in_a_ca_bundle_is_expanded(write: Write, resolve: Resolve) -> None:
    home = write(".config/casjob/config.toml", '[default]\nca_bundle = "~/ca.pem"\n').parents[2]
    assert resolve().ca_bundle.value == f"{home}/ca.pem"
    setting = resolve(CASJOB_CA_BUNDLE="~/other.pem").ca_bundle
    assert setting.raw == Value("~/other.pem", "CASJOB_CA_BUNDLE")
    assert setting.value == f"{home}/other.pem"
    assert resolve(CASJOB_CA_BUNDLE="~other/ca.pem").ca_bundle.value == "~other/ca.pem"


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("api_version", "v4", "auto, v2 or v3"),
        *(
            ("request_timeout", text, "a duration above 0 and up to 24h, such as 30s")
            for text in ("0", "0s", "-1", "nan", "inf", "1e6", "soon", "25h")
        ),
        *(
            ("retries", text, "a whole number up to 999, such as 3")
            for text in ("-1", "1.5", "1000", "٣")
        ),
        *(("history", text, "on or off") for text in ("maybe", "2")),
        *(
            ("project_id", text, "a project id such as 063a3158b1a34710b36ad208b9497d00")
            for text in ("a/b", "a b", "../x", "é", "a" * 129)
        ),
    ],
)
def test_a_wrong_value_is_an_error_with_its_origin(
    name: str, text: str, expected: str, resolve: Resolve
) -> None:
    variable = f"CASJOB_{name.upper()}"
    settings = resolve(**{variable: text})
    assert str(settings.by_name()[name].problem) == (
        f"{variable} is {text!r}, which is not {expected}"
    )


def test_the_iam_of_an_sdk_file_gets_nothing_of_another_account(
    write: Write, resolve: Resolve
) -> None:
    write(".huaweicloud/credentials", "[basic]\niam_endpoint = https://sdk.example.com\n")
    account = {"HW_USER_NAME": "u", "HW_USER_PASSWORD": "p", "HW_DOMAIN_NAME": "d"}

    assert resolve(HW_REGION_NAME="ae-ad-1", **account).iam_endpoint.value == (
        "https://iam.ae-ad-1.myhuaweicloud.com"
    )
    assert resolve(HW_REGION_NAME="ae-ad-1").iam_endpoint.value == "https://sdk.example.com"


def test_another_clouds_iam_gets_nothing_of_an_account(resolve: Resolve) -> None:
    account = {"HW_USER_NAME": "u", "HW_USER_PASSWORD": "p", "HW_DOMAIN_NAME": "d"}
    other = {"OS_AUTH_URL": "https://other.example.com/v3"}
    of_region = "https://iam.ae-ad-1.myhuaweicloud.com"
    assert resolve(HW_REGION_NAME="ae-ad-1", **account, **other).iam_endpoint.value == of_region
    own = {"CASJOB_IAM_ENDPOINT": "https://iam.example.com"}
    assert resolve(**account, **other, **own).iam_endpoint.value == "https://iam.example.com"
    assert resolve(**account, HW_AUTH_URL="https://hw.example.com/v3").iam_endpoint.value == (
        "https://hw.example.com"
    )
