import os
from pathlib import Path

import pytest

from casjob.storage import Cache

PERMISSIONS = 0o777


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "casjob"


def test_a_later_run_gets_an_entry(folder: Path) -> None:
    Cache(folder).put("token", "iam", "me", word="t", expires_at="é")
    assert Cache(folder).get("token", "iam", "me") == {"word": "t", "expires_at": "é"}


def test_another_kind_or_key_is_another_entry(folder: Path) -> None:
    cache = Cache(folder)
    cache.put("token", "iam", "me", word="t")
    assert cache.get("token", "iam", "you") == {}
    assert cache.get("project", "iam", "me") == {}


def test_a_later_entry_replaces_an_earlier_one(folder: Path) -> None:
    cache = Cache(folder)
    cache.put("token", "me", word="t", expires_at="1")
    cache.put("token", "me")
    assert cache.get("token", "me") == {}


def test_only_their_owner_can_read_entries(folder: Path) -> None:
    before = os.umask(0)
    try:
        Cache(folder).put("token", "me", word="t")
    finally:
        os.umask(before)
    (path,) = folder.iterdir()
    modes = (folder.stat().st_mode & PERMISSIONS, path.stat().st_mode & PERMISSIONS)
    assert modes == (0o700, 0o600)


def test_the_key_of_an_entry_is_not_stored(folder: Path) -> None:
    Cache(folder).put("project", "a-secret-token", project_id="p")
    (path,) = folder.iterdir()
    assert "a-secret-token" not in f"{path} {path.read_text()}"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff",
        b"[]",
        b"[" * 9000,
        b"9" * 5000,
        b'{"word": 1}',
        b'{"word": "t", "more": null}',
        b'{"word": "\\ud800"}',
        b'{"word": "a\\nb"}',
        b'{"word": "%s"}' % (b"t" * 300_000),
    ],
)
def test_a_broken_entry_does_not_exist(content: bytes, folder: Path) -> None:
    cache = Cache(folder)
    cache.put("token", "me", word="t")
    (path,) = folder.iterdir()
    path.write_bytes(content)
    assert cache.get("token", "me") == {}
    cache.put("token", "me", word="t")
    assert cache.get("token", "me") == {"word": "t"}


def test_an_entry_too_large_to_be_read_is_not_written(folder: Path) -> None:
    Cache(folder).put("token", "me", word="t" * 300_000)
    assert not folder.exists()


def test_a_folder_that_can_not_be_written_is_not_an_error(tmp_path: Path) -> None:
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
    # A file can't replace a folder.
    path.mkdir()
    cache.put("token", "me", word="t")
    assert list(folder.iterdir()) == [path]
