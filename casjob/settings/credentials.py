"""Finds the credential, whole in one place, and runs the program that prints one."""

import shlex
import subprocess
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from casjob.credentials import AccessKey, Credential, Login, Token
from casjob.errors import SettingsError
from casjob.json_text import decode
from casjob.settings.values import CREDENTIALS, Source, Value

COMMAND_TIMEOUT = 60.0
"""Seconds; enough for a person to touch a security key."""


_KINDS: Mapping[str, tuple[str, ...]] = {
    "token": (),
    "access_key": ("secret_key",),
    "user_name": ("password", "domain_name"),
    "credential_command": (),
}
"""By the setting that makes each kind, in order of preference: what else it takes."""


class CredentialSource(NamedTuple):
    """Where the credential is.

    Args:
        source: the place it is taken from, whole.
        kind: the setting that makes its kind, a key of `_KINDS`.
    """

    source: Source
    kind: str

    def values(self) -> dict[str, Value]:
        """Return the credential's settings: nothing of it comes from anywhere else."""
        optional = ("security_token",) if self.kind == "access_key" else ()
        names = (self.kind, *_KINDS[self.kind], *optional)
        return {name: self.source.values[name] for name in names if name in self.source.values}


def find_credential(sources: Iterable[Source]) -> tuple[CredentialSource | None, list[str]]:
    """Return the first place with a whole credential, and what was in vain before it.

    Raises:
        SettingsError: a place that was asked for has half a credential: using another account
            instead would be no help.
    """
    halves: list[str] = []
    for source in sources:
        if source.unusable:
            halves.append(source.unusable)
            continue
        if not CREDENTIALS & source.values.keys():
            continue
        for kind, others in _KINDS.items():
            missing = [name for name in others if name not in source.values]
            if kind in source.values and not missing:
                return CredentialSource(source, kind), halves
        half = _describe_half(source)
        if source.is_asked_for:
            raise SettingsError(half, hint="a credential is taken whole from one place")
        halves.append(half)
    return None, halves


def _describe_half(source: Source) -> str:
    present = sorted(CREDENTIALS & source.values.keys())
    login = {"user_name", *_KINDS["user_name"]}
    kind = "user_name" if login & source.values.keys() else "access_key"
    missing = [name for name in (kind, *_KINDS[kind]) if name not in source.values]
    return f"{source.name} has {' and '.join(present)}, but no {' and no '.join(missing)}"


def read_credential(found: CredentialSource, environ: Mapping[str, str]) -> Credential:
    """Return the credential, running the program that prints it if there is one.

    Raises:
        SettingsError: it can't be had, or can't be sent. The message does not hold it.
    """
    values = found.values()
    if found.kind == "credential_command":
        values = _run_command(values["credential_command"], environ)
    texts = {name: _check(name, value) for name, value in values.items()}
    if "token" in texts:
        return Token(texts["token"])
    if "user_name" in texts:
        return Login(texts["user_name"], texts["password"], texts["domain_name"])
    return AccessKey(texts["access_key"], texts["secret_key"], texts.get("security_token"))


def _check(name: str, value: Value) -> str:
    """Return a text that can be sent: most go into a header, a login into a body of UTF-8."""
    text = value.text
    if name in {"user_name", "password", "domain_name"}:
        can_be_sent = text.encode(errors="ignore").decode() == text
    else:
        can_be_sent = text.isascii() and text.isprintable() and " " not in text
    if not can_be_sent:
        raise SettingsError(
            f"{name} from {value.origin} holds characters that can't be sent",
            hint="was it copied whole, and without a line break in it?",
        )
    return text


def _run_command(command: Value, environ: Mapping[str, str]) -> dict[str, Value]:
    """Run the program. Its stdout is secret; what it says on stderr goes to the user's."""
    origin = f"credential_command of {command.origin}"
    try:
        words = shlex.split(command.text)
        done = subprocess.run(  # noqa: S603 - the user's own program, from the user's own file
            words,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            timeout=COMMAND_TIMEOUT,
            check=False,
        )
    except ValueError as error:
        raise SettingsError(f"{origin} is no command line: {error}") from None
    except OSError as error:
        raise SettingsError(f"{origin}: {words[0]} can't be run: {error.strerror}") from None
    except subprocess.TimeoutExpired:
        raise SettingsError(f"{origin} took longer than {COMMAND_TIMEOUT:g}s") from None
    if done.returncode:
        raise SettingsError(f"{origin} failed with exit status {done.returncode}")
    return _read_printed(done.stdout, origin)


def _read_printed(printed: bytes, origin: str) -> dict[str, Value]:
    expected = '{"token"} or {"access_key", "secret_key", "security_token"} as JSON'
    wrong = SettingsError(f"{origin} did not print {expected}")
    try:
        document = decode(printed.decode("utf-8-sig"))
    except ValueError:
        raise wrong from None
    if not isinstance(document, dict):
        raise wrong
    values = {
        name: Value(text.strip(), origin)
        for name in ("token", "access_key", "secret_key", "security_token")
        if isinstance(text := document.get(name), str) and text.strip()
    }
    if "token" in values:
        return {"token": values["token"]}
    if "access_key" not in values or "secret_key" not in values:
        raise wrong
    return values
