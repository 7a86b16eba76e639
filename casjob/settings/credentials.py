"""Finds the credential, all of it in one source."""

import math
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from casjob.errors import SettingsError
from casjob.settings.values import CREDENTIALS, Source, Value

_KINDS: Mapping[str, tuple[str, ...]] = {
    "token": (),
    "access_key": ("secret_key",),
    "user_name": ("password", "domain_name"),
    "credential_command": (),
}
"""What else each kind of credential needs, by its first setting, in order of preference."""


class CredentialSource(NamedTuple):
    """The source that has the credential, and its kind: a key of `_KINDS`."""

    source: Source
    kind: str

    def values(self) -> dict[str, Value]:
        """Return the credential's settings, all of them from the one source."""
        optional = ("security_token",) if self.kind == "access_key" else ()
        names = (self.kind, *_KINDS[self.kind], *optional)
        return {name: self.source.values[name] for name in names if name in self.source.values}

    @property
    def origin(self) -> str:
        """Where it comes from, as people name it."""
        origin = self.source.values[self.kind].origin
        is_printed = self.kind == "credential_command"
        return f"credential_command of {origin}" if is_printed else origin


def find_credential(sources: Iterable[Source]) -> tuple[CredentialSource | None, list[str]]:
    """Return the first source with a whole credential, and what is wrong with those before it.

    Raises:
        SettingsError: a source that was asked for has a part of a credential. Another account is
            not used instead.
    """
    incomplete: list[str] = []
    for source in sources:
        if source.unusable:
            incomplete.append(source.unusable)
            continue
        if not CREDENTIALS & source.values.keys():
            continue
        if kind := find_kind(source):
            return CredentialSource(source, kind), incomplete
        error = _describe_incomplete(source)
        if source.explicit:
            raise error
        incomplete.append(error.message)
    return None, incomplete


def find_kind(source: Source) -> str | None:
    """Return which kind of credential a source has the whole of; None if it has none."""
    kinds = (kind for kind, others in _KINDS.items() if {kind, *others} <= source.values.keys())
    return next(kinds, None)


def _describe_incomplete(source: Source) -> SettingsError:
    present = sorted(CREDENTIALS & source.values.keys())
    login = {"user_name", *_KINDS["user_name"]}
    kind = "user_name" if login & source.values.keys() else "access_key"
    missing = [name for name in (kind, *_KINDS[kind]) if name not in source.values]
    if source.variables is None:
        message = f"{source.name} has {' and '.join(present)}, but no {' and no '.join(missing)}"
        return SettingsError(message, hint="all parts of a credential must come from one source")
    has, lacks = (
        " and ".join(source.variables[name] for name in names) for names in (present, missing)
    )
    are = "is" if len(present) == 1 else "are"
    return SettingsError(
        f"{has} {are} set, but not {lacks}", hint=f"set {lacks} as well, or unset {has}"
    )


class ReadCredential(NamedTuple):
    """The texts of a credential by their settings, and when they expire, if that is known."""

    texts: dict[str, str]
    expires: datetime | None
    warning: str | None


def read_credential(
    found: CredentialSource,
    environ: Mapping[str, str],
    say: Callable[[str], None],
    *,
    timeout: float = math.inf,
) -> ReadCredential:
    """Return the credential, running the program that prints it if there is one.

    `say` gets what the program wrote to stderr, if that is no terminal.

    Raises:
        SettingsError: the program failed, took longer than `timeout` seconds or printed what has
            expired, or a text can't be sent. The message does not hold it.
    """
    values, expires, warning = found.values(), None, None
    if found.kind == "credential_command":
        from casjob.settings.command import read_printed, run_command

        stdout = run_command(values[found.kind].text, found.origin, environ, timeout, say)
        values, expires, warning = read_printed(stdout, found.origin)
    texts = {name: _check(name, value) for name, value in values.items()}
    return ReadCredential(texts, expires, warning)


def _check(name: str, value: Value) -> str:
    """Return a text that can be sent: a login's in a body of UTF-8, any other in a header."""
    text = value.text
    if name in {"user_name", "password", "domain_name"}:
        can_be_sent = text.encode(errors="ignore").decode() == text
    else:
        can_be_sent = text.isascii() and text.isprintable() and " " not in text
    if not can_be_sent:
        raise SettingsError(
            f"{name} from {value.origin} contains characters that can't be sent",
            hint="was all of it copied, without a line break in it?",
        )
    return text
