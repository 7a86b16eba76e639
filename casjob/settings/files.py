"""Reads the files that settings are kept in; an error names the file."""

from pathlib import Path

from casjob.errors import SettingsError
from casjob.files import read_start

_MAX_BYTES = 1024 * 1024
"""More than anybody's settings."""


def is_missing(path: Path) -> bool:
    """Return whether there is no such file; one that can't be examined may exist."""
    try:
        path.stat()
    except OSError as error:
        return isinstance(error, FileNotFoundError | NotADirectoryError)
    return False


def read_file(path: Path) -> str:
    """Return a file's text.

    Raises:
        SettingsError: it can't be read, is too large, or is not UTF-8.
    """
    try:
        content = read_start(path, _MAX_BYTES + 1)
    except OSError as error:
        raise SettingsError(f"{path} can't be read: {error.strerror}") from error
    if len(content) > _MAX_BYTES:
        raise SettingsError(f"{path} is too large to hold settings")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise SettingsError(f"{path}, line {line}: not UTF-8") from None
