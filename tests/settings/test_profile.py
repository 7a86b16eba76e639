import pytest

from casjob.errors import SettingsError
from tests.settings.conftest import Resolve, Write

CONFIG = ".config/casjob/config.toml"
TOKEN = {"CASJOB_TOKEN": "t"}


@pytest.mark.parametrize(
    ("given", "environ", "region"),
    [
        ({}, {}, "default-1"),
        ({}, {"CASJOB_PROFILE": "prod"}, "prod-1"),
        ({"profile": "test"}, {"CASJOB_PROFILE": "prod"}, "test-1"),
    ],
)
def test_a_profile_is_chosen(
    given: dict[str, str], environ: dict[str, str], region: str, write: Write, resolve: Resolve
) -> None:
    profiles = (f'[{name}]\nregion = "{name}-1"\n' for name in ("default", "prod", "test"))
    write(CONFIG, "".join(profiles))
    assert resolve(given, **environ).region.value == region


def test_the_default_profile_is_optional(write: Write, resolve: Resolve) -> None:
    write(CONFIG, '[prod]\nregion = "ae-ad-1"\n')
    assert resolve().sources == ()


@pytest.mark.parametrize(
    ("profiles", "names"),
    [("[prod]\n[test]\n", "prod, test"), ("[prod]\n[default]\n", None), ("", None)],
)
def test_the_profiles_are_named_if_something_is_missing_and_none_is_chosen(
    profiles: str, names: str | None, write: Write, resolve: Resolve
) -> None:
    path = write(CONFIG, profiles)
    hint = names and f"choose a profile of {path} with --profile: {names}"
    nothing, no_account = resolve(), resolve(CASJOB_REGION="ae-ad-1")
    no_region = resolve(**TOKEN)
    assert nothing.profile_hint == no_account.profile_hint == no_region.profile_hint == hint
    for settings in (nothing, no_region):
        with pytest.raises(SettingsError, match="no region is set") as caught:
            _ = settings.endpoint.value
        assert caught.value.hint == hint


def test_the_profiles_are_not_named_if_nothing_is_missing_or_one_is_chosen(
    write: Write, resolve: Resolve
) -> None:
    write(CONFIG, "[prod]\n")
    assert resolve(CASJOB_REGION="ae-ad-1", **TOKEN).profile_hint is None
    assert resolve({"profile": "prod"}).profile_hint is None


@pytest.mark.parametrize(
    ("content", "known"), [("[a]\n[b]\n", "it has a, b"), ("", "it has no profiles")]
)
def test_an_unknown_profile_is_an_error_that_lists_the_known_ones(
    content: str, known: str, write: Write, resolve: Resolve
) -> None:
    path = write(CONFIG, content)
    with pytest.raises(SettingsError) as caught:
        resolve({"profile": "c"})
    assert caught.value.message == f"{path} has no profile 'c', given by --profile"
    assert caught.value.hint == known


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("regoin", "did you mean region?"),
        ("job_id", None),
        ("cloud", None),
        ("profile", None),
        ("xyz", None),
    ],
)
def test_an_unknown_setting_suggests_a_similar_one(
    name: str, hint: str | None, write: Write, resolve: Resolve
) -> None:
    path = write(CONFIG, f'[default]\n{name} = "x"\n')
    with pytest.raises(SettingsError) as caught:
        resolve({"profile": "default"})
    message = f"profile default in {path}: unknown setting {name!r}"
    all_of_them = (
        "known: access_key, api_version, ca_bundle, credential_command, domain_name, endpoint,"
        " iam_endpoint, password, project_id, region, request_timeout, retries, secret_key,"
        " security_token, token, user_name"
    )
    assert caught.value.message == message
    assert caught.value.hint == (hint or all_of_them)
    (warning,) = resolve().warnings
    assert warning == f"{message}; {hint or all_of_them}"


@pytest.mark.parametrize(
    "value", ["true", '""', '"  "', "[]", "['a']", "{a = 1}", "2020-01-01", "[1]"]
)
@pytest.mark.parametrize("name", ["token", "credential_command"])
def test_a_value_of_the_wrong_type_is_an_error_that_does_not_show_it(
    name: str, value: str, write: Write, resolve: Resolve
) -> None:
    if (name, value) == ("credential_command", "['a']"):
        value = "['a', 1]"
    path = write(CONFIG, f"[default]\n{name} = {value}\n")
    with pytest.raises(SettingsError) as caught:
        resolve({"profile": "default"})
    assert str(caught.value) == f"profile default in {path}: {name} must be text, and not empty"


def test_numbers_may_be_numbers(write: Write, resolve: Resolve) -> None:
    write(CONFIG, "[default]\nretries = 7\nrequest_timeout = 2.5\n")
    settings = resolve()
    assert (settings.retries.value, settings.request_timeout.value) == (7, 2.5)


def test_a_wrong_value_is_an_error_with_its_setting_and_profile(
    write: Write, resolve: Resolve
) -> None:
    path = write(CONFIG, '[default]\nregion = "4"\napi_version = 4\n')
    settings = resolve()
    assert [str(setting.problem) for setting in (settings.endpoint, settings.api_version)] == [
        f"region from profile default in {path} is '4', which is not a region such as cn-north-4",
        f"api_version from profile default in {path} is '4', which is not auto, v2 or v3",
    ]


def test_the_rest_of_a_profile_with_a_wrong_key_is_used(write: Write, resolve: Resolve) -> None:
    path = write(
        CONFIG,
        'token = "t"\n[default]\nregion = "ae-ad-1"\nproject = "p"\nretries = []\n[other]\nx = 1\n',
    )
    settings = resolve()
    assert settings.region.value == "ae-ad-1"
    assert [warning.partition(";")[0] for warning in settings.warnings] == [
        f"{path}: token is not in a profile",
        f"profile default in {path}: unknown setting 'project'",
        f"profile default in {path}: retries must be text, and not empty",
    ]
