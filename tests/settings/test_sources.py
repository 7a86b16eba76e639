import json
from pathlib import Path

import pytest

from casjob.errors import SettingsError
from casjob.settings.resolve import resolve_settings
from casjob.settings.sources import find_profile_names, find_sources
from casjob.settings.values import Source, Value
from tests.settings.conftest import Resolve, Write

CONFIG = ".config/casjob/config.toml"
SDK_FILE = ".huaweicloud/credentials"
KOOCLI_FILE = ".hcloud/config.json"


def test_a_setting_knows_its_origin(write: Write, resolve: Resolve) -> None:
    config = write(CONFIG, '[default]\napi_version = "v3"\n')
    sdk_file = write(SDK_FILE, "[basic]\niam_endpoint = https://iam.example.com\n")
    koocli = {"current": "p", "profiles": [{"name": "p", "projectId": "0123"}]}
    koocli_file = write(KOOCLI_FILE, json.dumps(koocli))
    settings = resolve({"region": "ae-ad-1"}, CASJOB_RETRIES="1", HW_CLOUD="example.com")
    assert {name: setting.origin for name, setting in settings.by_name().items()} == {
        "profile": "not set",
        "region": "--region",
        "project_id": str(koocli_file),
        "endpoint": "built from the region",
        "iam_endpoint": str(sdk_file),
        "cloud": "HW_CLOUD",
        "api_version": f"profile default in {config}",
        "ca_bundle": "not set",
        "request_timeout": "default",
        "retries": "CASJOB_RETRIES",
        "job_id": "not set",
        "history": "default",
    }


def test_an_empty_variable_is_not_set(resolve: Resolve) -> None:
    assert resolve(CASJOB_REGION=" ", HW_REGION_NAME="ae-ad-1").region.value == "ae-ad-1"


def test_options_are_a_source_of_casjobs_own(clean_environ: dict[str, str]) -> None:
    assert find_sources({"region": " ae-ad-1 ", "project_id": None}, clean_environ)[0] == (
        Source(
            "the command line", {"region": Value("ae-ad-1", "--region")}, explicit=True, is_own=True
        ),
    )


def test_nothing_is_read_from_the_current_folder(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(CONFIG, '[default]\ncredential_command = "rm -rf /"\n')
    monkeypatch.chdir(tmp_path)
    for environ in ({}, {"HOME": ""}, {"HOME": "."}, {"XDG_CONFIG_HOME": ".config"}):
        assert resolve_settings({}, environ).sources == ()


def test_the_config_folder_may_be_elsewhere(write: Write, resolve: Resolve, tmp_path: Path) -> None:
    write("else/casjob/config.toml", '[default]\nregion = "ae-ad-1"\n')
    assert resolve(XDG_CONFIG_HOME=str(tmp_path / "else")).region.value == "ae-ad-1"
    assert resolve(XDG_CONFIG_HOME="else").region.value is None


BROKEN = {
    CONFIG: [
        (b"[default]\nregion = \n", ", line 2: not TOML: Invalid value"),
        (b"[default]\n\nregion = 'caf\xe9'\n", ", line 3: not UTF-8"),
        (
            b"[default",
            ", at the end of the file: not TOML: Expected ']' at the end of a table declaration",
        ),
        (b"a = " + b"[" * 9000, ": not TOML: maximum recursion depth exceeded"),
        (
            b'region = "ae-ad-1"\n[default]\n',
            ": region is not in a profile; put it under [default]",
        ),
        (b"a = " + b"1" * 5000, ": not TOML: Exceeds the limit (4300 digits)"),
        (b"#" * 1_048_577, "is too large to hold settings"),
    ],
    SDK_FILE: [
        (b"ak = AK\n", ", line 1: text before any [section]"),
        (b"[basic]\nak = AK\nsecret\n", ", line 3: expected NAME = VALUE"),
        (b"[basic]\nak = \xff\n", ", line 2: not UTF-8"),
        (b"[global]\nak = AK\n", "has no section [basic]"),
    ],
    KOOCLI_FILE: [
        (b'{"current": "p",\n"profiles": [', "is not JSON: it ends too early"),
        (b'{"current": "p",\n"profiles": x', "is not JSON: error at line 2, column 13"),
        (b"[" * 300 + b"]" * 300, "exceeds a limit of casjob: nested more than 200 levels deep"),
        (b"[]", "has no list of profiles"),
        (b'{"profiles": {}}', "has no list of profiles"),
        (b'{"profiles": [{"region": "x"}]}', "names a current profile that does not exist"),
        (b'{"current": "p", "profiles": [1]}', "names a current profile that does not exist"),
        (b'{"current": "\xff"}', ", line 1: not UTF-8"),
    ],
}
CASES = [(name, *case) for name, cases in BROKEN.items() for case in cases]
UNREADABLE = [case for case in BROKEN[CONFIG] if b"[default]\n" not in case[0][9:]]
OTHERS = [case for case in CASES if case[1:] not in UNREADABLE]


@pytest.mark.parametrize(("content", "message"), UNREADABLE)
def test_a_broken_config_stops_unless_options_and_variables_have_everything(
    content: bytes, message: str, write: Write, resolve: Resolve, clean_environ: dict[str, str]
) -> None:
    path = write(CONFIG, content)
    token, region = {"CASJOB_TOKEN": "t"}, {"CASJOB_REGION": "ae-ad-1"}
    other = {"HW_ACCESS_KEY": "a", "HW_SECRET_KEY": "s", "HW_REGION_NAME": "ae-ad-1"}
    half = {"CASJOB_ACCESS_KEY": "a"}
    for environ in ({}, token, region, other, {**half, **region}):
        with pytest.raises(SettingsError) as caught:
            resolve(**environ)
        assert caught.value.message.removeprefix(str(path)).lstrip(" ").startswith(message)
        assert caught.value.hint == (
            "fix it, or set the region and a whole credential with CASJOB_* variables; no other"
            " account is used in place of the one in the file"
        )
    for given, environ in ({}, {**token, **region}), ({"region": "ae-ad-1"}, token):
        (warning,) = resolve(given, **environ).warnings
        assert warning.startswith(str(path))
    (warning,) = resolve_settings({}, clean_environ, is_lenient=True).warnings
    assert warning.startswith(str(path))


@pytest.mark.parametrize(("name", "content", "message"), OTHERS)
def test_a_broken_file_that_is_only_found_is_a_warning(
    name: str, content: bytes, message: str, write: Write, resolve: Resolve
) -> None:
    path = write(name, content)
    settings = resolve(OS_REGION_NAME="ae-ad-1")
    (warning,) = settings.warnings
    assert warning.startswith(str(path))
    assert warning.removeprefix(str(path)).lstrip(" ").startswith(message)
    assert settings.region.value == "ae-ad-1"


@pytest.mark.parametrize("name", [SDK_FILE, KOOCLI_FILE])
def test_a_folder_instead_of_a_file_is_a_warning(
    name: str, resolve: Resolve, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.mkdir(parents=True)
    assert resolve().warnings == (f"{path} can't be read: Is a directory",)


def test_a_file_that_can_not_be_examined_is_a_warning(clean_environ: dict[str, str]) -> None:
    home = f"/{'a' * 300}"
    clean_environ["HOME"] = home
    assert resolve_settings({}, clean_environ, is_lenient=True).warnings == tuple(
        f"{home}/{name} can't be read: File name too long" for name in BROKEN
    )


@pytest.mark.parametrize(("name", "content", "message"), CASES[:11])
def test_a_broken_file_that_is_asked_for_is_an_error(
    name: str, content: bytes, message: str, write: Write, resolve: Resolve
) -> None:
    path = write(name, content)
    asking = {CONFIG: "CASJOB_PROFILE", SDK_FILE: "HUAWEICLOUD_SDK_CREDENTIALS_FILE"}[name]
    with pytest.raises(SettingsError) as caught:
        resolve(**{asking: "default" if name == CONFIG else str(path)})
    error = "; ".join(filter(None, (caught.value.message, caught.value.hint)))
    assert error.removeprefix(str(path)).lstrip(" ").startswith(message)


def test_a_missing_file_that_is_asked_for_is_an_error(resolve: Resolve, tmp_path: Path) -> None:
    with pytest.raises(
        SettingsError, match="gone can't be read: No such file or directory"
    ) as caught:
        resolve(HUAWEICLOUD_SDK_CREDENTIALS_FILE=str(tmp_path / "gone"))
    assert caught.value.hint == "HUAWEICLOUD_SDK_CREDENTIALS_FILE names it"
    with pytest.raises(
        SettingsError, match=r"no profile 'x', given by --profile: .*config\.toml does not exist"
    ) as caught:
        resolve({"profile": "x"})
    assert caught.value.hint == ("create it, with a table [x] that has region, project_id, …")


def test_the_named_sdk_file_is_read_instead_of_the_usual_one(
    write: Write, resolve: Resolve
) -> None:
    write(SDK_FILE, "[basic]\nproject_id = usual\n")
    named = write("named", "[basic]\nproject_id = named\nsk = 100%s\nsecurity_token =\n")
    settings = resolve(HUAWEICLOUD_SDK_CREDENTIALS_FILE=str(named))
    assert settings.project_id.value == "named"
    (source,) = settings.sources
    assert {name: value.text for name, value in source.values.items()} == {
        "secret_key": "100%s",
        "project_id": "named",
    }


def test_a_profile_with_a_secret_that_others_can_read_is_a_warning(
    write: Write, resolve: Resolve, tmp_path: Path, clean_environ: dict[str, str]
) -> None:
    clean_environ["XDG_CONFIG_HOME"] = str(tmp_path / "my config")
    path = write(
        "my config/casjob/config.toml", '[default]\ntoken = "t"\n[open]\nregion = "ae-ad-1"\n'
    )
    warning = f"{path} has a secret that other users can read: chmod 600 '{path}'"
    assert resolve().warnings == ()
    path.chmod(0o640)
    assert resolve().warnings == (warning,)
    assert resolve(CASJOB_PROFILE="open").warnings == ()
    path.chmod(0o622)
    assert resolve().warnings == ()


def test_profile_names_are_found_for_completion(
    write: Write, clean_environ: dict[str, str]
) -> None:
    assert find_profile_names(clean_environ) == []
    write(CONFIG, "[default]\n[prod]\n")
    assert find_profile_names(clean_environ) == ["default", "prod"]
    write(CONFIG, "[default")
    assert find_profile_names(clean_environ) == []
