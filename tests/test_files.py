import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from casjob.background import run_in_thread
from casjob.files import (
    NOWHERE,
    PRIVATE,
    cache_folder,
    config_folder,
    home_folder,
    read_own,
    read_start,
    state_folder,
    write_own,
    write_whole,
)
from tests.terminal import PATIENCE

DRAFT = ".casjob-draft-0123456789abcdef"


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def mode_of(path: Path) -> int:
    return path.stat().st_mode & 0o777


@pytest.mark.parametrize(
    ("environ", "home"),
    [
        ({"HOME": "/home/me"}, Path("/home/me")),
        ({"USERPROFILE": "/home/me"}, Path("/home/me")),
        ({}, NOWHERE),
        ({"HOME": ""}, NOWHERE),
        ({"HOME": "me"}, NOWHERE),
    ],
)
def test_the_home_folder_is_absolute_or_nowhere(environ: dict[str, str], home: Path) -> None:
    assert home_folder(environ) == home


@pytest.mark.parametrize(
    ("variable", "find_folder", "default"),
    [
        ("XDG_CONFIG_HOME", config_folder, ".config"),
        ("XDG_CACHE_HOME", cache_folder, ".cache"),
        ("XDG_STATE_HOME", state_folder, ".local/state"),
    ],
)
def test_a_relative_xdg_folder_is_ignored(
    variable: str, find_folder: Callable[[dict[str, str]], Path], default: str
) -> None:
    usual = Path("/home/me") / default / "casjob"
    assert find_folder({"HOME": "/home/me"}) == usual
    assert find_folder({"HOME": "/home/me", variable: ""}) == usual
    assert find_folder({"HOME": "/home/me", variable: "here"}) == usual
    assert find_folder({"HOME": "/home/me", variable: "/there"}) == Path("/there/casjob")
    assert find_folder({variable: "/there"}) == Path("/there/casjob")


def test_a_file_is_read_up_to_a_size(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"0123456789")
    assert (read_start(file, 4), read_start(file, 99)) == (b"0123", b"0123456789")


def test_a_write_replaces_the_file_and_leaves_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "file"
    write_whole(file, b"old")
    write_whole(file, b"new")
    assert (list(tmp_path.iterdir()), file.read_bytes()) == ([file], b"new")


def test_a_new_file_has_the_permissions_that_the_umask_leaves(tmp_path: Path) -> None:
    with umask(0o022):
        write_whole(tmp_path / "private", b"", mode=PRIVATE)
        write_whole(tmp_path / "shared", b"")
    assert [mode_of(tmp_path / name) for name in ("private", "shared")] == [0o600, 0o644]


@pytest.mark.parametrize(("mode", "kept"), [(None, 0o640), (PRIVATE, 0o600)])
def test_a_file_that_is_replaced_keeps_its_owner_and_its_permissions(
    tmp_path: Path, mode: int | None, kept: int
) -> None:
    file, link = tmp_path / "file", tmp_path / "link"
    file.write_bytes(b"old")
    file.chmod(0o640)
    link.symlink_to(file)
    owner = (1234, 1234) if os.geteuid() == 0 else (os.geteuid(), os.getegid())
    os.chown(file, *owner)
    write_whole(link, b"new", mode=mode)
    found = file.stat()
    assert (link.is_symlink(), file.read_bytes(), mode_of(file)) == (True, b"new", kept)
    assert (found.st_uid, found.st_gid) == owner


def test_only_a_regular_file_is_replaced(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    reading = run_in_thread(fifo.read_bytes)
    write_whole(fifo, b"new")
    assert (reading.result(PATIENCE), fifo.is_fifo()) == (b"new", True)
    with pytest.raises(IsADirectoryError, match="it is a folder"):
        write_whole(tmp_path, b"new")


@pytest.fixture
def foreign() -> Iterator[Path]:
    """Return a folder of root's, as another user who may write everything in it."""
    if os.geteuid() != 0:
        pytest.skip("only root may become another user")
    # Not pytest's own: nobody else may enter those.
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o777)
        write_own(folder / "own" / "token", b"old")
        for path, mode in (("read-only", 0o644), ("file", 0o666), ("own/token", 0o666)):
            (folder / path).write_bytes(b"old")
            (folder / path).chmod(mode)
        (folder / "own").chmod(0o777)
        os.setresuid(1234, 1234, 0)
        try:
            yield folder
        finally:
            os.setresuid(0, 0, 0)


def test_what_belongs_to_another_user_is_neither_replaced_nor_believed(foreign: Path) -> None:
    for call, path, reason in (
        (partial(write_whole, content=b"new"), "read-only", "Permission denied"),
        (partial(write_whole, content=b"new"), "file", "it belongs to another user"),
        (partial(write_own, content=b"new"), "own/token", "Not a folder of this user"),
        (partial(read_own, size=9), "own/token", "Not a file of this user"),
    ):
        with pytest.raises(PermissionError, match=reason):
            call(foreign / path)
    assert {path.read_bytes() for path in foreign.rglob("*") if path.is_file()} == {b"old"}


@pytest.mark.parametrize("mask", [0, 0o022, 0o777])
def test_a_file_of_the_users_own_is_in_folders_that_nobody_else_enters(
    tmp_path: Path, mask: int
) -> None:
    file = tmp_path / "one" / "two" / "file"
    with umask(mask):
        write_own(file, b"new")
    assert [mode_of(each) for each in (file.parent.parent, file.parent)] == [0o700, 0o700]
    assert (mode_of(file) & 0o077, file.stat().st_uid) == (0, os.geteuid())


def test_a_file_of_the_users_own_is_no_link_and_no_pipe(tmp_path: Path) -> None:
    file, link, fifo = tmp_path / "file", tmp_path / "link", tmp_path / "fifo"
    file.write_bytes(b"old")
    link.symlink_to(file)
    os.mkfifo(fifo)
    for path in (link, fifo):
        with pytest.raises(OSError, match=r"symbolic links|Not a file of this user"):
            read_own(path, 9)
        write_own(path, b"new")
        assert (path.is_symlink(), read_own(path, 2)) == (False, b"ne")
    assert file.read_bytes() == b"old"


def test_a_folder_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(PermissionError, match="gone is not a writable folder"):
        write_whole(tmp_path / "gone" / "file", b"new")
    with pytest.raises(NotADirectoryError):
        write_whole(NOWHERE / "file", b"new")


FULL_DISK = """
import resource, signal, sys
from collections.abc import Callable
from pathlib import Path
from casjob.files import write_whole

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))
try:
    write_whole(Path(sys.argv[1]), b"more than ten bytes")
except OSError as error:
    print(error.strerror)
"""


def test_a_full_disk_leaves_the_old_file_and_no_draft(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"old")
    printed = subprocess.check_output(
        [sys.executable, "-S", "-c", FULL_DISK, file],
        env={"PYTHONPATH": str(Path(__file__).parent.parent)},
        text=True,
    )
    assert printed == "File too large\n"
    assert (list(tmp_path.iterdir()), file.read_bytes()) == ([file], b"old")


@pytest.mark.parametrize(("age", "is_kept"), [(3500, True), (3700, False)])
def test_drafts_of_killed_runs_are_removed_by_a_later_write(
    age: float, *, is_kept: bool, tmp_path: Path
) -> None:
    draft, other = tmp_path / DRAFT, tmp_path / ".other"
    for path in (draft, other):
        path.touch()
        os.utime(path, (time.time() - age,) * 2)
    write_whole(tmp_path / "file", b"new")
    assert (draft.exists(), other.exists()) == (is_kept, True)


def test_a_draft_that_can_not_be_removed_does_not_matter(tmp_path: Path) -> None:
    draft = tmp_path / DRAFT
    draft.mkdir()
    os.utime(draft, (0, 0))
    write_whole(tmp_path / "file", b"new")
    assert (tmp_path / "file").read_bytes() == b"new"
