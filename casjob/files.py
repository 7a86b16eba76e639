"""The user's folders by the XDG rules, and files: read in bounds, decoded, and written whole."""

import codecs
import errno
import os
import re
import stat
import time
from collections.abc import Mapping
from contextlib import suppress
from itertools import takewhile
from pathlib import Path
from typing import BinaryIO

NOWHERE = Path(os.devnull)
"""A folder that holds nothing and that nothing can be written to."""

_PIECE = 1024 * 1024

PRIVATE = 0o600
"""The mode of a file that only its owner may read."""

_PRIVATE_FOLDER = 0o700
_SHARED = 0o666
_AS_IT_IS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
"""Neither follows a link, nor waits for what a pipe may bring; Windows has no such flags."""

_NEW = os.O_CREAT | os.O_EXCL | os.O_WRONLY

_DRAFT = ".casjob-draft-"
_LONGEST_WRITE = 3600.0
"""Seconds after which a draft belongs to a run that was killed."""


_ENCODINGS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
"""By the byte order mark; PowerShell writes UTF-16. The longer marks begin like the shorter."""

_ESCAPE_SEQUENCE = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]*[0-Z\\^-~])"
)
"""ECMA-48: colours and the like; what follows `ESC ]`, such as a link, has an end of its own."""

_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f]")
"""Characters that no text has; escape sequences are dropped from it."""


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
        return read_pieces(file, size)


def read_pieces(file: BinaryIO, size: int) -> bytes:
    """Return at most `size` bytes: to read them in one go, Python would reserve as many first."""
    content = bytearray()
    while piece := file.read(min(_PIECE, size - len(content))):
        content += piece
    return bytes(content)


def decode_text(content: bytes) -> str:
    """Return the text in bytes: of UTF-8, or of UTF-16 or UTF-32 with a byte order mark.

    Colours are dropped, and lines end in a line feed alone.

    Raises:
        UnicodeDecodeError: it is in another encoding.
    """
    marks = (encoding for mark, encoding in _ENCODINGS.items() if content.startswith(mark))
    return clean(content.decode(next(marks, "utf-8")))


def clean(text: str) -> str:
    """Return a text without the escape sequences in it, and with line feeds alone."""
    return _ESCAPE_SEQUENCE.sub("", text).replace("\r\n", "\n")


def guess_encoding(content: bytes) -> str | None:
    """Return the encoding that bytes may be in which are not UTF-8, by its usual name.

    It is None if no usual encoding makes a text of the whole, without control characters.
    """
    # Of GBK, the common characters: two bytes over 0xa0, of which Western text has single ones.
    names = {"gb2312": "GBK"}
    # Text in UTF-8 with a wrong byte decodes in Windows-1252 too, and 0xff is hardly a letter.
    if content.decode("utf-8", "ignore").isascii() and b"\xff" not in content:
        names["cp1252"] = "Windows-1252"
    if b"\0" in content[:4]:
        names |= dict.fromkeys(("utf-16-le", "utf-16-be"), "UTF-16 without a byte order mark")
    for codec, name in names.items():
        with suppress(UnicodeDecodeError):
            if not _CONTROLS.search(content.decode(codec)):
                return name
    return None


def write_whole(path: Path, content: bytes, *, mode: int | None = None) -> None:
    """Write a file whole or not at all, even if the disk is full or the run is killed.

    The content goes to a draft in the same folder, which is then moved to `path`, or to where a
    symbolic link leads. A file that is replaced keeps its owner, and without a `mode` its
    permissions; the umask limits those of a new one. A device or a pipe is written as it is.

    Raises:
        OSError: the file can't be written. An existing file is unchanged.
    """
    replaced = check_writable(path)
    if replaced and not stat.S_ISREG(replaced.st_mode):
        path.write_bytes(content)
    else:
        _replace(Path(os.path.realpath(path)), content, mode, replaced)


def check_writable(path: Path) -> os.stat_result | None:
    """Return what a file to be written replaces, if there is one.

    Raises:
        OSError: it could not be written, as far as is known before.
    """
    try:
        replaced = path.stat()
    except FileNotFoundError:
        replaced = None
    if replaced and stat.S_ISDIR(replaced.st_mode):
        raise OSError(errno.EISDIR, "it is a folder", str(path))
    if replaced and not os.access(path, os.W_OK):
        raise OSError(errno.EACCES, "Permission denied", str(path))
    if not replaced or stat.S_ISREG(replaced.st_mode):
        folder = Path(os.path.realpath(path)).parent
        if not os.access(folder, os.W_OK):
            raise OSError(errno.EACCES, f"{folder} is not a writable folder", str(path))
        if replaced and _current_user() not in {0, replaced.st_uid}:
            raise OSError(errno.EPERM, "it belongs to another user", str(path))
        _try_draft(folder)
    return replaced


def _try_draft(folder: Path) -> None:
    """Create a draft, and remove it: that /proc takes no files, its permissions do not tell."""
    draft = _name_draft(folder)
    try:
        os.close(os.open(draft, _NEW, PRIVATE))
        draft.unlink()
    except OSError as error:
        reason = f"no file can be created in {folder}: {error.strerror}"
        raise OSError(error.errno, reason, str(draft)) from None


def read_own(path: Path, size: int) -> bytes:
    """Return at most the first `size` bytes of a file that `write_own` wrote.

    Raises:
        OSError: it can't be read, is a symbolic link, or belongs to another user.
    """
    with os.fdopen(os.open(path, _AS_IT_IS), "rb") as file:
        if not is_own(os.fstat(file.fileno())):
            raise OSError(errno.EPERM, "Not a file of this user", str(path))
        return file.read(size)


def write_own(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, which only the user may read, in a folder of the same kind.

    A symbolic link is replaced, not followed. Folders that are missing are made.

    Raises:
        OSError: it can't be written, or the folder belongs to another user.
    """
    missing = takewhile(lambda folder: not folder.is_dir(), path.parents)
    for folder in reversed(list(missing)):
        folder.mkdir(exist_ok=True)
        folder.chmod(_PRIVATE_FOLDER)
    if path.parent.stat().st_uid != _current_user():
        raise OSError(errno.EPERM, "Not a folder of this user", str(path.parent))
    path.parent.chmod(_PRIVATE_FOLDER)
    _replace(path, content, PRIVATE)


def is_own(found: os.stat_result) -> bool:
    """Return whether this is a regular file of the user's."""
    return stat.S_ISREG(found.st_mode) and found.st_uid == _current_user()


def _current_user() -> int:
    # On Windows, all files have the owner 0.
    return os.geteuid() if hasattr(os, "geteuid") else 0


def _replace(
    path: Path, content: bytes, mode: int | None, replaced: os.stat_result | None = None
) -> None:
    _remove_old_drafts(path.parent)
    draft = _name_draft(path.parent)
    created = os.open(draft, _NEW, mode or _SHARED)
    try:
        with os.fdopen(created, "wb") as file:
            if replaced and hasattr(os, "chown"):
                os.chown(draft, replaced.st_uid, replaced.st_gid)
                draft.chmod(mode or stat.S_IMODE(replaced.st_mode))
            file.write(content)
        draft.replace(path)
    finally:
        # The draft is still there if the disk is full.
        draft.unlink(missing_ok=True)


def _name_draft(folder: Path) -> Path:
    return folder / f"{_DRAFT}{os.urandom(8).hex()}"


def _remove_old_drafts(folder: Path) -> None:
    oldest = time.time() - _LONGEST_WRITE
    for draft in folder.glob(f"{_DRAFT}*"):
        # Another run may remove it first.
        with suppress(OSError):
            if draft.lstat().st_mtime < oldest:
                draft.unlink()
