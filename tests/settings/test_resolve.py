import pytest

from casjob.errors import SettingsError
from casjob.settings import ApiVersion
from tests.settings.conftest import Resolve


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
            {"OS_REGION_NAME": "r", "OS_AUTH_URL": "https://iam.example.com:8443/v3/"},
            "https://servicestage.r.myhuaweicloud.com",
            "https://iam.example.com:8443",
        ),
        (
            {"CASJOB_REGION": "r", "CASJOB_ENDPOINT": "https://gate.example.com/stage/"},
            "https://gate.example.com/stage",
            "https://iam.r.myhuaweicloud.com",
        ),
    ],
)
def test_endpoints_are_as_set_or_of_the_region(
    environ: dict[str, str], endpoint: str, iam_endpoint: str, resolve: Resolve
) -> None:
    settings = resolve(**environ)
    assert (settings.endpoint, settings.iam_endpoint) == (endpoint, iam_endpoint)
    assert settings.place == next(
        environ[name]
        for name in ("CASJOB_REGION", "HW_REGION_NAME", "OS_REGION_NAME")
        if name in environ
    )


def test_without_a_region_the_place_is_the_endpoints_host(resolve: Resolve) -> None:
    assert resolve(CASJOB_ENDPOINT="https://[::1]:8443/x").place == "[::1]:8443"


@pytest.mark.parametrize(
    "region", ["evil.example.com/", "a.b", "a/b", "a@b", "a b", "a" * 64, "ré", "a\nb"]
)
def test_a_region_that_fits_into_no_host_name_is_refused(region: str, resolve: Resolve) -> None:
    settings = resolve(CASJOB_REGION=region)
    for name in ("region", "endpoint", "iam_endpoint"):
        with pytest.raises(SettingsError) as caught:
            getattr(settings, name)
        words = f"CASJOB_REGION is {region!r}, which is not a region such as cn-north-4"
        assert str(caught.value) == words


@pytest.mark.parametrize("cloud", ["evil.example.com/", "a..b", ".a", "a@b", "-a", "a" * 64])
def test_a_cloud_that_fits_into_no_host_name_is_refused(cloud: str, resolve: Resolve) -> None:
    settings = resolve(HW_REGION_NAME="r", HW_CLOUD=cloud)
    with pytest.raises(SettingsError, match="is not a domain such as"):
        _ = settings.endpoint


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
def test_an_address_may_be_so(url: str, resolve: Resolve) -> None:
    assert resolve(CASJOB_ENDPOINT=url).endpoint == url


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
def test_what_is_no_address_is_told_but_not_shown(url: str, resolve: Resolve) -> None:
    settings = resolve(CASJOB_ENDPOINT=url)
    with pytest.raises(SettingsError) as caught:
        _ = settings.endpoint
    assert str(caught.value) == (
        "CASJOB_ENDPOINT is not an address such as"
        " https://servicestage.cn-north-4.myhuaweicloud.com"
    )


@pytest.mark.parametrize("url", ["https://me:SECRET@a", "http://SECRET@127.0.0.1?x", "//S@a#x"])
def test_an_address_with_a_password_is_told_but_not_shown(url: str, resolve: Resolve) -> None:
    settings = resolve(HW_AUTH_URL=url)
    with pytest.raises(SettingsError) as caught:
        _ = settings.iam_endpoint
    assert str(caught.value) == "HW_AUTH_URL holds a user name or password"


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
def test_plain_http_is_for_this_machine_alone(url: str, resolve: Resolve) -> None:
    settings = resolve(CASJOB_ENDPOINT=url)
    with pytest.raises(SettingsError) as caught:
        _ = settings.endpoint
    words = f"CASJOB_ENDPOINT is {url!r}: credentials are not sent over plain http"
    assert str(caught.value) == words


def test_without_region_and_endpoint_the_way_to_get_going_is_told(resolve: Resolve) -> None:
    with pytest.raises(SettingsError, match="neither a region nor an endpoint is set") as caught:
        _ = resolve().endpoint
    assert caught.value.hint is not None
    assert "CASJOB_REGION" in caught.value.hint


def test_there_are_defaults(resolve: Resolve) -> None:
    settings = resolve()
    found = (settings.api_version, settings.request_timeout, settings.retries)
    assert found == (ApiVersion.V2, 30.0, 3)
    assert (settings.region, settings.project_id, settings.ca_bundle) == (None, None, None)


def test_settings_are_read(resolve: Resolve) -> None:
    settings = resolve(
        CASJOB_API_VERSION="V3",
        CASJOB_REQUEST_TIMEOUT="2.5s",
        CASJOB_RETRIES="0",
        CASJOB_CA_BUNDLE="/ca.pem",
    )
    found = (settings.api_version, settings.request_timeout, settings.retries, settings.ca_bundle)
    assert found == (ApiVersion.V3, 2.5, 0, "/ca.pem")


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("api_version", "v4", "v2 or v3"),
        *(
            ("request_timeout", text, "a number of seconds above 0, as in 30")
            for text in ("0", "-1", "nan", "inf", "1e6", "soon", "1m")
        ),
        *(
            ("retries", text, "a whole number up to 999, as in 3")
            for text in ("-1", "1.5", "1000", "٣")
        ),
        *(
            ("project_id", text, "a project id such as 063a3158b1a34710b36ad208b9497d00")
            for text in ("a/b", "a b", "../x", "é", "a" * 129)
        ),
    ],
)
def test_a_wrong_value_is_told_with_its_origin(
    name: str, text: str, expected: str, resolve: Resolve
) -> None:
    variable = f"CASJOB_{name.upper()}"
    settings = resolve(**{variable: text})
    with pytest.raises(SettingsError) as caught:
        getattr(settings, name)
    assert str(caught.value) == f"{variable} is {text!r}, which is not {expected}"


def test_another_clouds_iam_gets_nothing_of_an_account(resolve: Resolve) -> None:
    account = {"HW_USER_NAME": "u", "HW_USER_PASSWORD": "p", "HW_DOMAIN_NAME": "d"}
    other = {"OS_AUTH_URL": "https://other.example.com/v3"}
    of_region = "https://iam.ae-ad-1.myhuaweicloud.com"
    assert resolve(HW_REGION_NAME="ae-ad-1", **account, **other).iam_endpoint == of_region
    own = {"CASJOB_IAM_ENDPOINT": "https://iam.example.com"}
    assert resolve(**account, **other, **own).iam_endpoint == "https://iam.example.com"
    assert resolve(**account, HW_AUTH_URL="https://hw.example.com/v3").iam_endpoint == (
        "https://hw.example.com"
    )
