"""Reads the files that settings are kept in; whatever is wrong with one is told by its name."""

import os
from collections.abc import Mapping
from pathlib import Path

from casjob.errors import SettingsError

_MAX_BYTES = 1024 * 1024
"""More than anybody's settings; a device or a pipe in their place has no end."""

_NOWHERE = Path(os.devnull)
"""A folder in which nothing is and nothing can be kept."""


def home_of(environ: Mapping[str, str]) -> Path:
    """Return the user's home folder.

    Without one it is nowhere, and not the current folder: that may be somebody else's project,
    whose `credential_command` is not to be run.
    """
    home = Path(environ.get("HOME") or environ.get("USERPROFILE") or "")
    return home if home.is_absolute() else _NOWHERE


def xdg_folder(environ: Mapping[str, str], variable: str, default: str) -> Path:
    """Return casjob's folder of that kind, by the XDG rules: a relative path there is ignored."""
    folder = Path(environ.get(variable, ""))
    return (folder if folder.is_absolute() else home_of(environ) / default) / "casjob"


def is_missing(path: Path) -> bool:
    """Return whether there is no such file; one that can't be looked at may well be there."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False


def read_file(path: Path) -> str:
    """Return a file's text.

    Raises:
        SettingsError: it can't be read, is too large, or is not UTF-8.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise SettingsError(f"{path} can't be read: {error.strerror}") from error
    if len(content) > _MAX_BYTES:
        raise SettingsError(f"{path} is too large to hold settings")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise SettingsError(f"{path}, line {line}: it is not UTF-8") from None


def is_open_to_others(path: Path) -> bool:
    """Return whether other users of the machine may read a file; Windows does not tell so."""
    return os.name == "posix" and bool(path.stat().st_mode & 0o044)
