import json
import os
import threading
from pathlib import Path

import pytest

from casjob.cache import Cache

SHUT = 0o777


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "casjob"


def test_what_is_put_is_got_by_a_later_run(folder: Path) -> None:
    Cache(folder).put("token", "iam", "me", word="t", expires_at="é")
    assert Cache(folder).get("token", "iam", "me") == {"word": "t", "expires_at": "é"}


def test_what_was_asked_for_otherwise_is_another_entry(folder: Path) -> None:
    cache = Cache(folder)
    cache.put("token", "iam", "me", word="t")
    assert cache.get("token", "iam", "you") == {}
    assert cache.get("project", "iam", "me") == {}


def test_a_later_entry_takes_the_place_of_an_earlier_one(folder: Path) -> None:
    cache = Cache(folder)
    cache.put("token", "me", word="t", expires_at="1")
    cache.put("token", "me")
    assert cache.get("token", "me") == {}


def test_entries_are_for_their_owner_alone(folder: Path) -> None:
    before = os.umask(0)
    try:
        Cache(folder).put("token", "me", word="t")
    finally:
        os.umask(before)
    (path,) = folder.iterdir()
    assert (folder.stat().st_mode & SHUT, path.stat().st_mode & SHUT) == (0o700, 0o600)


def test_what_it_was_asked_for_with_stands_nowhere(folder: Path) -> None:
    Cache(folder).put("project", "a-secret-token", project_id="p")
    (path,) = folder.iterdir()
    assert "a-secret-token" not in f"{path} {path.read_text()}"


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff", b"[]", b"[" * 9000, b"9" * 5000, b'{"word": 1}']
)
def test_an_entry_that_can_not_be_understood_is_not_there(content: bytes, folder: Path) -> None:
    cache = Cache(folder)
    cache.put("token", "me", word="t")
    (path,) = folder.iterdir()
    path.write_bytes(content)
    assert cache.get("token", "me") == {}
    cache.put("token", "me", word="t")
    assert cache.get("token", "me") == {"word": "t"}


def test_a_folder_that_can_not_be_written_is_no_failure(tmp_path: Path) -> None:
    for folder in (tmp_path / "file" / "casjob", Path(os.devnull) / "casjob"):
        (tmp_path / "file").touch()
        cache = Cache(folder)
        cache.put("token", "me", word="t")
        assert cache.get("token", "me") == {}


def test_a_write_that_fails_leaves_nothing(folder: Path) -> None:
    cache = Cache(folder)
    cache.put("token", "me", word="t")
    (path,) = folder.iterdir()
    path.unlink()
    # Nothing can be moved onto a folder.
    path.mkdir()
    cache.put("token", "me", word="t")
    assert list(folder.iterdir()) == [path]


def test_a_draft_left_by_a_run_that_was_killed_is_no_harm(folder: Path) -> None:
    cache = Cache(folder)
    cache.put("token", "me", word="old")
    (path,) = folder.iterdir()
    left = folder / f".{path.name}.{os.getpid()}.{threading.get_ident()}"
    left.symlink_to("elsewhere")
    cache.put("token", "me", word="new")
    assert (list(folder.iterdir()), json.loads(path.read_bytes())) == ([path], {"word": "new"})
