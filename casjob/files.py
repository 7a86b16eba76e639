"""The user's folders by the XDG rules, and files that are read in bounds and written whole."""

import errno
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

NOWHERE = Path(os.devnull)
"""A folder that holds nothing and that nothing can be written to."""

PRIVATE = 0o600
"""The mode of a file that only its owner may read."""

_DRAFT = ".casjob-draft-"
_LONGEST_WRITE = 3600.0
"""Seconds after which a draft belongs to a run that was killed."""


def home_folder(environ: Mapping[str, str]) -> Path:
    """Return the user's home folder.

    Without a home it is `NOWHERE`, not the current folder: that may be somebody else's project,
    whose `credential_command` must not be run.
    """
    home = Path(environ.get("HOME") or environ.get("USERPROFILE") or "")
    return home if home.is_absolute() else NOWHERE


def config_folder(environ: Mapping[str, str]) -> Path:
    """Return where casjob's configuration is."""
    return _xdg_folder(environ, "XDG_CONFIG_HOME", ".config")


def cache_folder(environ: Mapping[str, str]) -> Path:
    """Return where casjob keeps what it can fetch again."""
    return _xdg_folder(environ, "XDG_CACHE_HOME", ".cache")


def state_folder(environ: Mapping[str, str]) -> Path:
    """Return where casjob keeps what it can't fetch again, as the history."""
    return _xdg_folder(environ, "XDG_STATE_HOME", ".local/state")


def _xdg_folder(environ: Mapping[str, str], variable: str, default: str) -> Path:
    # The XDG base directory specification: ignore a relative path.
    folder = Path(environ.get(variable, ""))
    return (folder if folder.is_absolute() else home_folder(environ) / default) / "casjob"


def read_start(path: Path, size: int) -> bytes:
    """Return at most the first `size` bytes of a file: a device or a pipe may have no end.

    Raises:
        OSError: the file can't be read.
    """
    with path.open("rb") as file:
        return file.read(size)


def write_whole(path: Path, content: bytes, *, mode: int = PRIVATE) -> None:
    """Write a file whole or not at all, even if the disk is full or the run is killed.

    The content goes to a draft in the same folder, which is then moved to `path`, or to where a
    symbolic link leads. The permissions are `mode`, less the umask.

    Raises:
        OSError: the file can't be written. An existing file is unchanged.
    """
    path = Path(os.path.realpath(path))
    if path.exists() and not path.is_file():
        # Moving a file to /dev/stdout would replace the device.
        raise OSError(errno.EINVAL, "Not a regular file", str(path))
    _remove_old_drafts(path.parent)
    draft = path.with_name(f"{_DRAFT}{os.urandom(8).hex()}")
    try:
        with os.fdopen(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode), "wb") as file:
            file.write(content)
        draft.replace(path)
    finally:
        # The draft is still there if the disk is full.
        draft.unlink(missing_ok=True)


def _remove_old_drafts(folder: Path) -> None:
    oldest = time.time() - _LONGEST_WRITE
    for draft in folder.glob(f"{_DRAFT}*"):
        # Another run may remove it first.
        with suppress(OSError):
            if draft.lstat().st_mtime < oldest:
                draft.unlink()
