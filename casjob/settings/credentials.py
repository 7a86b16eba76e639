"""Finds the credential, all of it in one source, and runs the program that prints one."""

import math
import os
import shlex
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, NamedTuple, cast

from casjob.errors import SettingsError
from casjob.settings.values import CREDENTIALS, Source, Value

COMMAND_TIMEOUT = 60.0
"""Seconds; enough for a person to touch a security key."""

_MAX_OUTPUT = 256 * 1024
"""Bytes that a program may print; a token has up to 16 KB."""
_PAUSE = 0.02
"""Seconds between two looks at whether it has printed something."""
_MARK = "_CASJOB_RUN"
"""The variable by which what a program starts is found."""

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
        for kind, others in _KINDS.items():
            if {kind, *others} <= source.values.keys():
                return CredentialSource(source, kind), incomplete
        error = _describe_incomplete(source)
        if source.explicit:
            raise error
        incomplete.append(error.message)
    return None, incomplete


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


def read_credential(
    found: CredentialSource, environ: Mapping[str, str], *, timeout: float = math.inf
) -> dict[str, str]:
    """Return the credential's texts by their settings, running the program that prints them if any.

    Raises:
        SettingsError: the program failed or took longer than `timeout` seconds, or a text can't be
            sent. The message does not hold it.
    """
    values = found.values()
    if found.kind == "credential_command":
        stdout = _run_command(values[found.kind].text, found.origin, environ, timeout)
        # Loads pydantic, which must not take of the time that the program has.
        from casjob.settings.printed import read_printed

        values = read_printed(stdout, found.origin)
    return {name: _check(name, value) for name, value in values.items()}


def _run_command(command: str, origin: str, environ: Mapping[str, str], timeout: float) -> bytes:
    """Return what a program prints within so many seconds. Its stderr is the user's."""
    timeout = min(timeout, COMMAND_TIMEOUT)
    mark = os.urandom(16).hex()
    try:
        arguments = shlex.split(command)
        program = subprocess.Popen(  # noqa: S603 - the user's own program, from the user's own file
            arguments,
            bufsize=0,
            env={**environ, _MARK: mark},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
        )
    except ValueError as error:
        raise SettingsError(f"{origin} is not a command line: {error}") from None
    except OSError as error:
        raise SettingsError(f"{origin}: {arguments[0]} can't be run: {error.strerror}") from None
    with program:
        try:
            stdout = _read_stdout(program, timeout)
        except subprocess.TimeoutExpired:
            raise SettingsError(f"{origin} took longer than {timeout:g}s") from None
        finally:
            if program.poll() is None:
                _end(program, mark)
    if len(stdout) > _MAX_OUTPUT:
        raise SettingsError(f"{origin} printed more than {_MAX_OUTPUT // 1024} KiB")
    if program.returncode:
        raise SettingsError(f"{origin} failed with exit status {program.returncode}")
    return stdout


def _read_stdout(program: "subprocess.Popen[bytes]", timeout: float) -> bytes:
    """Return what a program printed until its end, or a little more than `_MAX_OUTPUT`.

    Its stdout may stay open: an agent that it leaves behind has it too.
    """
    end = time.monotonic() + timeout
    output = b""
    stdout = cast("IO[bytes]", program.stdout)
    os.set_blocking(stdout.fileno(), False)
    while len(output) <= _MAX_OUTPUT:
        has_ended = program.poll() is not None
        if piece := stdout.read(_MAX_OUTPUT):
            output += piece
        elif has_ended:
            break
        elif time.monotonic() > end:
            raise subprocess.TimeoutExpired(program.args, timeout)
        else:
            with suppress(subprocess.TimeoutExpired):
                program.wait(_PAUSE)
    return output


def _end(program: "subprocess.Popen[bytes]", mark: str) -> None:
    """End a program with all that it started, as far as that can be found: on Linux.

    It is in no process group of its own, in which it could not prompt the user on the terminal.
    """
    program.kill()
    for environ in Path("/proc").glob("[0-9]*/environ"):
        # It may have ended meanwhile, or be another user's.
        with suppress(OSError):
            if mark.encode() in environ.read_bytes():
                os.kill(int(environ.parent.name), signal.SIGKILL)


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
