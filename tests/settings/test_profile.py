import pytest

from casjob.errors import SettingsError
from tests.settings.conftest import Resolve, Write

CONFIG = ".config/casjob/config.toml"


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
    assert resolve(given, **environ).region == region


def test_no_profile_need_be_the_default_one(write: Write, resolve: Resolve) -> None:
    write(CONFIG, '[prod]\nregion = "ae-ad-1"\n')
    assert resolve().sources == ()


@pytest.mark.parametrize(
    ("content", "there_are"), [("[a]\n[b]\n", "it has a, b"), ("", "it has none at all")]
)
def test_an_unknown_profile_names_those_there_are(
    content: str, there_are: str, write: Write, resolve: Resolve
) -> None:
    path = write(CONFIG, content)
    with pytest.raises(SettingsError) as caught:
        resolve({"profile": "c"})
    assert caught.value.message == f"{path} has no profile 'c', which --profile asks for"
    assert caught.value.hint == there_are


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("regoin", "do you mean region?"),
        ("job_id", None),
        ("cloud", None),
        ("profile", None),
        ("xyz", None),
    ],
)
def test_an_unknown_setting_suggests_the_near_one(
    name: str, hint: str | None, write: Write, resolve: Resolve
) -> None:
    path = write(CONFIG, f'[default]\n{name} = "x"\n')
    with pytest.raises(SettingsError) as caught:
        resolve({"profile": "default"})
    words = f"profile default in {path}: there is no setting {name!r}"
    all_of_them = (
        "there are access_key, api_version, ca_bundle, credential_command, domain_name, endpoint,"
        " iam_endpoint, password, project_id, region, request_timeout, retries, secret_key,"
        " security_token, token, user_name"
    )
    assert caught.value.message == words
    assert caught.value.hint == (hint or all_of_them)
    (warning,) = resolve().warnings
    assert warning == f"{words}; {hint or all_of_them}"


@pytest.mark.parametrize(
    "value", ["true", '""', '"  "', "[]", "['a']", "{a = 1}", "2020-01-01", "[1]"]
)
@pytest.mark.parametrize("name", ["token", "credential_command"])
def test_a_value_of_the_wrong_type_is_told_but_not_shown(
    name: str, value: str, write: Write, resolve: Resolve
) -> None:
    if (name, value) == ("credential_command", "['a']"):
        value = "['a', 1]"
    path = write(CONFIG, f"[default]\n{name} = {value}\n")
    with pytest.raises(SettingsError) as caught:
        resolve({"profile": "default"})
    assert str(caught.value) == f"profile default in {path}: {name} is not text, or is empty"


def test_numbers_may_be_numbers(write: Write, resolve: Resolve) -> None:
    write(CONFIG, "[default]\nretries = 7\nrequest_timeout = 2.5\n")
    settings = resolve()
    assert (settings.retries, settings.request_timeout) == (7, 2.5)
