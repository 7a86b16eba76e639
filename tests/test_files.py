import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from casjob.files import (
    NOWHERE,
    cache_folder,
    config_folder,
    home_folder,
    read_start,
    state_folder,
    write_whole,
)

DRAFT = ".casjob-draft-0123456789abcdef"
PERMISSIONS = 0o777


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


def test_a_file_is_private_unless_it_is_not_meant_to_be(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        write_whole(tmp_path / "private", b"")
        write_whole(tmp_path / "public", b"", mode=0o666)
    finally:
        os.umask(before)
    modes = [(tmp_path / name).stat().st_mode & PERMISSIONS for name in ("private", "public")]
    assert modes == [0o600, 0o644]


def test_a_link_stays_and_what_it_leads_to_is_written(tmp_path: Path) -> None:
    file, link = tmp_path / "file", tmp_path / "link"
    link.symlink_to(file)
    write_whole(link, b"new")
    assert (link.is_symlink(), file.read_bytes()) == (True, b"new")


def test_only_a_regular_file_is_replaced(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    for path in (fifo, tmp_path):
        with pytest.raises(OSError, match="Not a regular file"):
            write_whole(path, b"new")
    assert fifo.is_fifo()


def test_a_folder_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
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
