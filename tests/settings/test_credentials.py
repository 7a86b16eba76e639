import json
import os
import shlex
import signal
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from casjob.errors import SettingsError
from casjob.settings import command as module
from casjob.settings.sources import CredentialSource, find_credential, read_credential
from casjob.settings.values import Source, Value
from tests.settings.conftest import Resolve, Write
from tests.terminal import PATIENCE

CONFIG = ".config/casjob/config.toml"


@pytest.fixture
def read(resolve: Resolve, clean_environ: Mapping[str, str]) -> "Read":
    return Read(resolve, clean_environ)


class Read:
    """Reads the credential that the variables lead to."""

    def __init__(self, resolve: Resolve, environ: Mapping[str, str]) -> None:
        self._resolve, self._environ = resolve, environ
        self.said: list[str] = []

    def __call__(self, **environ: str) -> dict[str, str]:
        found, _ = find_credential(self._resolve(**environ).sources)
        assert found is not None
        return read_credential(found, {**self._environ, **environ}, self.said.append).texts


@pytest.mark.parametrize(
    ("environ", "texts"),
    [
        ({"CASJOB_TOKEN": "token\n"}, {"token": "token"}),
        ({"CASJOB_TOKEN": "token", "CASJOB_SECURITY_TOKEN": "t"}, {"token": "token"}),
        (
            {"CASJOB_ACCESS_KEY": "a", "CASJOB_SECRET_KEY": "s"},
            {"access_key": "a", "secret_key": "s"},
        ),
        (
            {"HW_ACCESS_KEY": "a", "HW_SECRET_KEY": "s", "HW_SECURITY_TOKEN": "t"},
            {"access_key": "a", "secret_key": "s", "security_token": "t"},
        ),
        ({"OS_AUTH_TOKEN": "t", "OS_ACCESS_KEY": "a", "OS_SECRET_KEY": "s"}, {"token": "t"}),
        # Of a source with a part, nothing is taken; nor is a security token from another place.
        (
            {"HUAWEICLOUD_SDK_AK": "a", "HW_ACCESS_KEY": "b", "HW_SECRET_KEY": "s"},
            {"access_key": "b", "secret_key": "s"},
        ),
        (
            {"HW_ACCESS_KEY": "b", "HW_SECRET_KEY": "s", "OS_AUTH_TOKEN": "t"},
            {"access_key": "b", "secret_key": "s"},
        ),
        (
            {"HW_USER_NAME": "Zoë", "HW_USER_PASSWORD": "pass wörd\t", "HW_DOMAIN_NAME": "dömäin"},
            {"user_name": "Zoë", "password": "pass wörd", "domain_name": "dömäin"},
        ),
    ],
)
def test_a_credential_is_read(environ: dict[str, str], texts: dict[str, str], read: Read) -> None:
    assert read(**environ) == texts


@pytest.mark.parametrize(
    ("name", "origin"),
    [("token", "OS_AUTH_TOKEN"), ("credential_command", "credential_command of OS_AUTH_TOKEN")],
)
def test_a_credential_names_its_origin(name: str, origin: str) -> None:
    source = Source("OS_*", {name: Value("t", "OS_AUTH_TOKEN")})

    assert CredentialSource(source, name).origin == origin


@pytest.mark.parametrize(
    ("half", "has", "lacks"),
    [
        (["ACCESS_KEY"], "CASJOB_ACCESS_KEY is", "CASJOB_SECRET_KEY"),
        (["SECRET_KEY"], "CASJOB_SECRET_KEY is", "CASJOB_ACCESS_KEY"),
        (["SECURITY_TOKEN"], "CASJOB_SECURITY_TOKEN is", "CASJOB_ACCESS_KEY and CASJOB_SECRET_KEY"),
        (["USER_NAME"], "CASJOB_USER_NAME is", "CASJOB_PASSWORD and CASJOB_DOMAIN_NAME"),
        (
            ["PASSWORD", "DOMAIN_NAME"],
            "CASJOB_DOMAIN_NAME and CASJOB_PASSWORD are",
            "CASJOB_USER_NAME",
        ),
        (["DOMAIN_NAME"], "CASJOB_DOMAIN_NAME is", "CASJOB_USER_NAME and CASJOB_PASSWORD"),
    ],
)
def test_half_a_credential_of_casjobs_own_is_an_error(
    half: list[str], has: str, lacks: str, resolve: Resolve
) -> None:
    ours = {f"CASJOB_{name}": "a" for name in half}
    whole = {"HW_ACCESS_KEY": "a", "HW_SECRET_KEY": "s"}
    with pytest.raises(SettingsError) as caught:
        find_credential(resolve(**ours, **whole).sources)
    assert str(caught.value) == f"{has} set, but not {lacks}"
    assert caught.value.hint == f"set {lacks} as well, or unset {has.rpartition(' ')[0]}"


def test_halves_of_two_places_never_make_one(resolve: Resolve) -> None:
    halves = {"HUAWEICLOUD_SDK_AK": "a", "HW_SECRET_KEY": "s", "OS_SECRET_KEY": "s"}
    assert find_credential(resolve(**halves).sources) == (
        None,
        [
            "HUAWEICLOUD_SDK_AK is set, but not HUAWEICLOUD_SDK_SK",
            "HW_SECRET_KEY is set, but not HW_ACCESS_KEY",
            "OS_SECRET_KEY is set, but not OS_ACCESS_KEY",
        ],
    )


def test_what_can_not_be_used_is_noted_and_the_next_place_is_taken() -> None:
    encrypted = Source("KooCLI", {}, unusable="the secrets of KooCLI are encrypted")
    token = Source("OS_*", {"token": Value("t", "OS_AUTH_TOKEN")})

    assert find_credential([encrypted, token]) == (
        CredentialSource(token, "token"),
        ["the secrets of KooCLI are encrypted"],
    )


def test_half_an_sdk_file_is_an_error_if_it_was_named(write: Write, resolve: Resolve) -> None:
    path = write("named", "[basic]\nak = a\n")
    with pytest.raises(SettingsError, match="has access_key, but no secret_key"):
        find_credential(resolve(HUAWEICLOUD_SDK_CREDENTIALS_FILE=str(path)).sources)


@pytest.mark.parametrize(
    ("chosen", "is_error"), [({}, False), ({"CASJOB_PROFILE": "default"}, True)]
)
def test_half_a_profile_is_an_error_if_it_was_chosen(
    chosen: dict[str, str], *, is_error: bool, write: Write, resolve: Resolve
) -> None:
    path = write(CONFIG, '[default]\naccess_key = "a"\n')
    words = f"profile default in {path} has access_key, but no secret_key"
    settings = resolve(OS_AUTH_TOKEN="t", **chosen)  # noqa: S106 - no real one
    if is_error:
        with pytest.raises(SettingsError) as caught:
            find_credential(settings.sources)
        assert str(caught.value) == words
    else:
        found, halves = find_credential(settings.sources)
        assert (found and found.kind, halves) == ("token", [words])


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({"CASJOB_TOKEN": "x\ny"}, "token from CASJOB_TOKEN"),
        ({"CASJOB_TOKEN": "x y"}, "token from CASJOB_TOKEN"),
        ({"CASJOB_TOKEN": "xÿy"}, "token from CASJOB_TOKEN"),
        ({"HW_ACCESS_KEY": "a", "HW_SECRET_KEY": "xÿy"}, "secret_key from HW_SECRET_KEY"),
        (
            {"OS_USERNAME": "u", "OS_PASSWORD": "x\udcffy", "OS_DOMAIN_NAME": "d"},
            "password from OS_PASSWORD",
        ),
    ],
)
def test_what_can_not_be_sent_is_an_error_that_does_not_show_it(
    environ: dict[str, str], told: str, read: Read
) -> None:
    with pytest.raises(SettingsError) as caught:
        read(**environ)
    assert str(caught.value) == f"{told} contains characters that can't be sent"
    assert caught.value.hint == "was all of it copied, without a line break in it?"


def command(write: Write, script: str, *, as_list: bool = True) -> Path:
    words = [sys.executable, "-c", script]
    text = json.dumps(words if as_list else shlex.join(words))
    return write(CONFIG, f"[default]\ncredential_command = {text}\n")


@pytest.mark.parametrize("as_list", [True, False])
@pytest.mark.parametrize(
    ("printed", "texts"),
    [
        ({"token": "t"}, {"token": "t"}),
        ({"token": "t", "access_key": "a", "secret_key": "s"}, {"token": "t"}),
        (
            {"access_key": "a", "secret_key": "s", "security_token": None},
            {"access_key": "a", "secret_key": "s"},
        ),
        (
            {"access_key": "a", "secret_key": "s", "security_token": "t\n", "expiration": 0},
            {"access_key": "a", "secret_key": "s", "security_token": "t"},
        ),
        ({"token": "t", "expires_at": "2999-01-01T00:00:00Z"}, {"token": "t"}),
        # An ECS agency's metadata, and IAM's security tokens.
        (
            {
                "credential": {
                    "access": "a",
                    "secret": "s",
                    "securitytoken": "t",
                    "expires_at": "2999-01-01T00:00:00.000000Z",
                }
            },
            {"access_key": "a", "secret_key": "s", "security_token": "t"},
        ),
        # STS v5.
        (
            {
                "assumed_agency": {"urn": "sts::0:assumed-agency:x"},
                "credentials": {
                    "access_key_id": "a",
                    "secret_access_key": "s",
                    "security_token": "t",
                    "expiration": "2999-01-01T00:00:00Z",
                },
            },
            {"access_key": "a", "secret_key": "s", "security_token": "t"},
        ),
    ],
)
def test_a_credential_command_prints_it(
    printed: object, texts: dict[str, str], *, as_list: bool, write: Write, read: Read
) -> None:
    command(write, f"print({json.dumps(printed)!r})", as_list=as_list)
    assert read() == texts


def test_a_credential_command_sees_the_environment_and_no_stdin(write: Write, read: Read) -> None:
    script = "import os, sys; print('{\"token\": \"' + os.environ['X'] + sys.stdin.read() + '\"}')"
    command(write, script)
    assert read(X="from-x") == {"token": "from-x"}


def test_a_credential_command_leaves_stdin_alone(write: Write, read: Read, tmp_path: Path) -> None:
    (tmp_path / "ids").write_text("JOB1\n", "utf-8")
    command(write, "import json, sys; print(json.dumps({'token': 't' + sys.stdin.read()}))")
    own = os.dup(0)
    try:
        with (tmp_path / "ids").open("rb") as ids:
            os.dup2(ids.fileno(), 0)
            assert read() == {"token": "t"}
            assert os.read(0, 9) == b"JOB1\n"
    finally:
        os.dup2(own, 0)
        os.close(own)


def test_what_a_credential_command_prints_must_be_fit_to_be_sent(write: Write, read: Read) -> None:
    path = command(write, 'print(\'{"token": "x y"}\')')
    with pytest.raises(SettingsError) as caught:
        read()
    origin = f"token from credential_command of profile default in {path}"
    assert str(caught.value) == f"{origin} contains characters that can't be sent"


@pytest.mark.parametrize(
    "printed",
    [
        "SECRET",
        '"SECRET"',
        '["SECRET"]',
        '{"token": ["SECRET"]}',
        '{"credential": "SECRET"}',
        '{"credentials": {"access_key_id": "a", "secret_access_key": ["SECRET"]}}',
        '{"secret_key": "SECRET"}',
        '{"SECRET": NaN}',
        '{"token": ""}',
        "{",
        "",
        "\udcff SECRET",
    ],
)
def test_what_a_credential_command_prints_is_never_shown(
    printed: str, write: Write, read: Read
) -> None:
    content = printed.encode(errors="surrogateescape")
    path = command(write, f"import sys; sys.stdout.buffer.write({content!r})")
    with pytest.raises(SettingsError) as caught:
        read()
    assert str(caught.value) == (
        f"credential_command of profile default in {path} did not print"
        ' {"token"} or {"access_key", "secret_key", "security_token"} as JSON'
    )


@pytest.mark.parametrize(
    "write_time",
    [
        datetime.isoformat,
        datetime.timestamp,
        lambda end: int(end.timestamp() * 1000),
        lambda end: str(int(end.timestamp())),
    ],
)
@pytest.mark.parametrize("seconds", [-3600, 0, 50])
@pytest.mark.parametrize("name", ["expires_at", "expiration"])
def test_what_has_expired_or_will_within_a_minute_is_an_error_that_says_so(
    name: str, seconds: int, write_time: Callable[[datetime], object], write: Write, read: Read
) -> None:
    end = write_time(datetime.now(UTC) + timedelta(seconds=seconds))
    path = command(write, f"print({json.dumps({'token': 'SECRET', name: end})!r})")
    with pytest.raises(SettingsError) as caught:
        read()
    assert str(caught.value) == (
        f"credential_command of profile default in {path} printed a credential that has expired,"
        " or will within a minute"
    )


@pytest.mark.parametrize(
    ("said", "lines"),
    [
        ("'log in first\\n'", ["log in first"]),
        ("'1\\n2\\n3\\n4\\n'", ["2", "3", "4"]),
        ("'x' * 3_000_000", ["x" * 4096]),
    ],
)
def test_a_failed_credential_command_shows_its_status_and_the_end_of_its_stderr(
    said: str, lines: list[str], write: Write, read: Read, capfd: pytest.CaptureFixture[str]
) -> None:
    path = command(write, f"import sys; print('SECRET'); sys.stderr.write({said}); sys.exit(9)")
    with pytest.raises(SettingsError, match=f"{path} failed with exit status 9$"):
        read()
    origin = f"credential_command of profile default in {path}"
    assert read.said == [f"{origin} said: {line}" for line in lines]
    assert capfd.readouterr() == ("", "")


def test_what_a_credential_command_repeats_of_its_credential_is_masked(
    write: Write, read: Read
) -> None:
    script = "import sys; print('{\"token\": \"MY-SECRET\"}'); sys.stderr.write('got MY-SECRET')"
    path = command(write, script)
    read()
    assert read.said == [f"credential_command of profile default in {path} said: got ****"]


def test_a_credential_command_has_a_terminal_to_prompt_on(write: Write, read: Read) -> None:
    script = "import os, sys; os.write(2, b'PIN: '); print('{\"token\": \"%d\"}' % os.isatty(2))"
    command(write, script)
    own, (main, terminal) = os.dup(2), os.openpty()
    try:
        os.dup2(terminal, 2)
        assert (read(), read.said) == ({"token": "1"}, [])
        assert os.read(main, 9) == b"PIN: "
    finally:
        os.dup2(own, 2)
        for each in (own, main, terminal):
            os.close(each)


INSTALL = "install it, or correct the command there"


@pytest.mark.parametrize(
    ("text", "words", "hint"),
    [
        ('"gone SECRET"', ": gone can't be run: No such file or directory", INSTALL),
        (
            '["no such program"]',
            ": no such program can't be run: No such file or directory",
            INSTALL,
        ),
        ('"/ SECRET"', ": / can't be run: Permission denied", INSTALL),
        ('"it\'s SECRET"', " is not a command line: No closing quotation", None),
        ('"a\\u0000b"', " is not a command line: embedded null byte", None),
    ],
)
def test_a_credential_command_that_can_not_be_run_is_an_error(
    text: str, words: str, hint: str | None, write: Write, read: Read
) -> None:
    path = write(CONFIG, f"[default]\ncredential_command = {text}\n")
    with pytest.raises(SettingsError) as caught:
        read()
    assert str(caught.value) == f"credential_command of profile default in {path}{words}"
    assert caught.value.hint == hint


@pytest.mark.parametrize(
    "how",
    [
        "threading.Event().wait()",
        "[print('x', flush=True) or time.sleep(0.01) for _ in iter(int, 1)]",
        "import os; [os.write(2, b'x') for _ in iter(int, 1)]",
    ],
)
def test_a_credential_command_that_hangs_is_ended_with_all_that_it_started(
    how: str, write: Write, read: Read, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(module, "COMMAND_TIMEOUT", 1.5)
    # The second one is started by a shell that has ended.
    shell = f"sleep 600 & echo $! > {tmp_path}/child; (sleep 600 & echo $! > {tmp_path}/orphan)"
    start = f"import subprocess, threading, time; subprocess.run({shell!r}, shell=True, stdout=2)"
    path = command(write, f"{start}; {how}")
    with pytest.raises(SettingsError, match=f"{path} took longer than 1.5s$"):
        read()
    for name in ("child", "orphan"):
        wait_until_ended(int((tmp_path / name).read_text()))


def wait_until_ended(process: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            # A zombie waits for a parent that may never ask.
            if "State:\tZ" in Path(f"/proc/{process}/status").read_text():
                return
        except FileNotFoundError:
            return
        time.sleep(0.01)
    pytest.fail(f"process {process} is still there")


def test_a_credential_command_that_leaves_an_agent_on_its_stdout_is_not_waited_for(
    write: Write, read: Read, tmp_path: Path
) -> None:
    script = f"""
import subprocess
from pathlib import Path

agent = subprocess.Popen(["sleep", "600"])
Path({str(tmp_path / "agent")!r}).write_text(str(agent.pid))
print('{{"token": "t"}}')
"""
    command(write, script)
    began = time.monotonic()
    assert read() == {"token": "t"}
    assert time.monotonic() - began < 30
    # It is left alone.
    os.kill(int((tmp_path / "agent").read_text()), signal.SIGKILL)


def test_what_a_credential_command_prints_is_bounded(write: Write, read: Read) -> None:
    path = command(write, "while True: print('x' * 1000)")
    with pytest.raises(SettingsError, match=f"{path} printed more than 256 KiB$"):
        read()
