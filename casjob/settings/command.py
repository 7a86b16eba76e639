"""The program of a credential_command: runs it, and reads the JSON that it prints."""

import os
import re
import shlex
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from casjob.durations import is_ending
from casjob.errors import SettingsError
from casjob.json_text import decode, read_moment
from casjob.settings.values import Value

COMMAND_TIMEOUT = 60.0
"""Seconds; enough for a person to touch a security key."""

_MAX_OUTPUT = 256 * 1024
"""Bytes that a program may print; a token has up to 16 KB."""
_MAX_TAIL = 4096
"""Bytes of its stderr that are kept."""
_LINES = 3
"""Of these, those that are said."""
_PAUSE = 0.02
"""Seconds between two looks at whether it has printed something."""
_VALUE = re.compile(r':\s*"([^"]{8,})"')
"""A text in JSON that may be a secret."""
_MARK = "_CASJOB_RUN"
"""The variable by which what a program starts is found."""

_PRINTED = {
    "token": "token",
    **dict.fromkeys(("access_key", "access", "access_key_id"), "access_key"),
    **dict.fromkeys(("secret_key", "secret", "secret_access_key"), "secret_key"),
    **dict.fromkeys(("security_token", "securitytoken"), "security_token"),
    **dict.fromkeys(("expires_at", "expiration"), "expires"),
}
"""What programs print: casjob's own names, those of ECS and IAM, and those of STS."""


def run_command(
    command: str,
    origin: str,
    environ: Mapping[str, str],
    timeout: float,
    say: Callable[[str], None],
) -> bytes:
    """Return what a program prints within so many seconds.

    On a terminal, its stderr is the user's, as it may prompt there; elsewhere its end is said.

    Raises:
        SettingsError: it can't be run, failed, printed too much, or took too long.
    """
    timeout = min(timeout, COMMAND_TIMEOUT)
    mark = os.urandom(16).hex()
    stderr, stdout = bytearray(), b""
    try:
        arguments = shlex.split(command)
        program = subprocess.Popen(  # noqa: S603 - the user's own program, from the user's own file
            arguments,
            bufsize=0,
            env={**environ, _MARK: mark},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=None if os.isatty(2) else subprocess.PIPE,
        )
    except ValueError as error:
        raise SettingsError(f"{origin} is not a command line: {error}") from None
    except OSError as error:
        message = f"{origin}: {arguments[0]} can't be run: {error.strerror}"
        raise SettingsError(message, hint="install it, or correct the command there") from None
    with program:
        try:
            stdout = _read_stdout(program, timeout, stderr)
        except subprocess.TimeoutExpired:
            raise SettingsError(f"{origin} took longer than {timeout:g}s") from None
        finally:
            if program.poll() is None:
                _end(program, mark)
            said = stderr.decode(errors="replace")
            # A program that traces itself repeats what it prints.
            for secret in _VALUE.findall(stdout.decode(errors="replace")):
                said = said.replace(secret, "****")
            for line in said.splitlines()[-_LINES:]:
                say(f"{origin} said: {line}")
    if len(stdout) > _MAX_OUTPUT:
        raise SettingsError(f"{origin} printed more than {_MAX_OUTPUT // 1024} KiB")
    if program.returncode:
        raise SettingsError(f"{origin} failed with exit status {program.returncode}")
    return stdout


def _read_stdout(program: "subprocess.Popen[bytes]", timeout: float, stderr: bytearray) -> bytes:
    """Return what a program printed until its end, or a little more than `_MAX_OUTPUT`.

    Both streams may stay open: an agent that it leaves behind has them too. `stderr` gets the end
    of what is not the user's.
    """
    end = time.monotonic() + timeout
    output = b""
    pipes = [pipe for pipe in (program.stdout, program.stderr) if pipe]
    for pipe in pipes:
        os.set_blocking(pipe.fileno(), False)
    while len(output) <= _MAX_OUTPUT:
        has_ended = program.poll() is not None
        piece, *said = [pipe.read(_MAX_OUTPUT) or b"" for pipe in pipes]
        output += piece
        stderr += b"".join(said)
        # What its last lines have room for.
        del stderr[:-_MAX_TAIL]
        is_idle = not (piece or any(said))
        if has_ended and is_idle:
            break
        if time.monotonic() > end:
            raise subprocess.TimeoutExpired(program.args, timeout)
        if is_idle:
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


def read_printed(
    stdout: bytes, origin: str
) -> tuple[dict[str, Value], datetime | None, str | None]:
    """Return the settings in what a program printed, all of it secret, and when they expire.

    The last is a warning, if that can't be read.

    Raises:
        SettingsError: there is no credential in it, or one that has expired.
    """
    printed: object = None
    with suppress(ValueError):
        printed = decode(stdout.decode("utf-8-sig"))
    for wrapper in ("credential", "credentials"):
        if isinstance(printed, dict) and isinstance(inner := printed.get(wrapper), dict):
            printed = inner
    fields = printed if isinstance(printed, dict) else {}
    # An empty text or 0 stands for what is not set.
    sent = {_PRINTED[name]: text for name, text in fields.items() if name in _PRINTED and text}
    ends = sent.pop("expires", None)
    texts = {name: text.strip() for name, text in sent.items() if isinstance(text, str)}
    names = ("token",) if texts.get("token") else ("access_key", "secret_key", "security_token")
    if len(texts) < len(sent) or not all(texts.get(name) for name in names[:2]):
        expected = '{"token"} or {"access_key", "secret_key", "security_token"} as JSON'
        raise SettingsError(f"{origin} did not print {expected}")
    expires = read_moment(ends)
    if is_ending(expires):
        raise SettingsError(
            f"{origin} printed a credential that has expired, or will within a minute",
            hint="the program has to get a new one; is this machine's clock right?",
        )
    warning = f"{origin} printed an expiry that can't be read, so it is ignored"
    values = {name: Value(texts[name], origin) for name in names if texts.get(name)}
    return values, expires, warning if ends and not expires else None
