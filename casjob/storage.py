"""What is kept on this machine between runs: the jobs viewed, and a cache.

Each job and each entry is a file of its own, so that no two runs write the same one, and only its
owner can read it. Neither ever fails a command: what can't be read does not exist, and what can't
be written is not kept.
"""

import hashlib
import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple

from casjob.files import is_own, read_own, state_folder, write_own
from casjob.job.detail import JOB_ID, SHORTEST_PREFIX
from casjob.printable import printable

MAX_JOBS = 200
"""Jobs kept a project; the oldest are removed."""

MAX_NAME = 200
"""Characters kept of a job's name, status or location; a longer one is cut."""

_MAX_JOB_BYTES = 16 * 1024
"""Of a job's file; three texts of `MAX_NAME` characters, each of up to 12 bytes, fit well."""

_MAX_ENTRY_BYTES = 256 * 1024
"""Of an entry of the cache; a token has up to 16 KB."""

_END_OF_CALENDAR = 253402300799.0
"""9999-12-31T23:59:59Z, the last second that a datetime can hold; a file's time may be later."""


class RecentJob(NamedTuple):
    """A job that was viewed, and when, in UTC; its texts are printable, or None if not known.

    `location` is the region or endpoint's host that has it, or the demo; `prefix` is the shortest
    one that names no other recent job, or the whole id if that is a prefix of another one.
    """

    job_id: str
    viewed_at: datetime
    name: str | None
    status: str | None
    location: str | None
    prefix: str


def history_folder(environ: Mapping[str, str]) -> Path:
    """Return where the history is kept."""
    return state_folder(environ) / "history"


class History:
    """The jobs viewed in one project of one endpoint; without a folder, none are kept.

    The name of a file is the job's id, its modification time is when the job was last viewed.
    `location` names both project and endpoint for people.
    """

    def __init__(
        self, folder: Path | None, *, endpoint: str, project_id: str, location: str | None = None
    ) -> None:
        name = hashlib.sha256(f"{endpoint}\n{project_id}".encode()).hexdigest()[:16]
        self._folder = folder and folder / name
        self._location = location

    def job_ids(self) -> list[str]:
        """Return the ids of the jobs viewed, newest first."""
        return list(_newest_first([self._folder] if self._folder else []))

    def record(self, job_id: str, *, name: str | None, status: str | None) -> None:
        """Record that a job was viewed; its id matches `JOB_ID`."""
        if self._folder is None:
            return
        texts = {"name": name, "status": status, "location": self._location}
        entry = {key: _shorten(text) for key, text in texts.items()}
        file = self._folder / job_id
        with suppress(OSError):
            write_own(file, json.dumps(entry).encode())
            # The kernel's own time stamps tick every 4 ms: too coarse for an order.
            now = time.time_ns()
            os.utime(file, ns=(now, now))
            for old in self.job_ids()[MAX_JOBS:]:
                (self._folder / old).unlink(missing_ok=True)


def recent_jobs(folder: Path | None) -> list[RecentJob]:
    """Return the jobs viewed in any project, newest first; none without a folder."""
    files = _newest_first(_projects(folder))
    prefixes = find_prefixes(files)
    return [_read(file, prefixes[job_id]) for job_id, file in files.items()]


def span_locations(jobs: Iterable[RecentJob]) -> bool:
    """Return whether jobs are in more than one location, so that each should be named."""
    return len({job.location for job in jobs}) > 1


def find_prefixes(job_ids: Iterable[str]) -> dict[str, str]:
    """Return the shortest unique prefix of each id; the id itself if it is a prefix of another."""
    ordered = ["", *sorted(job_ids), ""]
    prefixes = {}
    for before, job_id, after in zip(ordered, ordered[1:], ordered[2:], strict=False):
        # Its neighbours in this order have the longest prefixes in common with it.
        shared = max(_count_shared(job_id, each) for each in (before, after))
        prefixes[job_id] = job_id[: max(shared + 1, SHORTEST_PREFIX)]
    return prefixes


def _count_shared(one: str, other: str) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def _projects(folder: Path | None) -> list[Path]:
    with suppress(OSError):
        return list(folder.iterdir()) if folder else []
    return []


class _File(NamedTuple):
    modified: float
    path: Path


def _newest_first(projects: Iterable[Path]) -> dict[str, _File]:
    """Return the newest file of each job, by the job's id."""
    newest: dict[str, _File] = {}
    for file in sorted(_list_files(projects), reverse=True):
        # A job may have been viewed in several projects.
        newest.setdefault(file.path.name, file)
    return newest


def _list_files(projects: Iterable[Path]) -> Iterator[_File]:
    for project in projects:
        with suppress(OSError), os.scandir(project) as entries:
            for entry in entries:
                # Another run may remove the file after it was listed.
                with suppress(OSError):
                    found = entry.stat(follow_symlinks=False)
                    if JOB_ID.fullmatch(entry.name) and is_own(found):
                        yield _File(found.st_mtime, project / entry.name)


def _read(file: _File, prefix: str) -> RecentJob:
    entry: object = None
    with suppress(OSError, ValueError, RecursionError):
        entry = json.loads(read_own(file.path, _MAX_JOB_BYTES))
    fields = entry if isinstance(entry, dict) else {}
    return RecentJob(
        file.path.name,
        datetime.fromtimestamp(min(max(file.modified, 0.0), _END_OF_CALENDAR), UTC),
        _check(fields.get("name")),
        _check(fields.get("status")),
        _check(fields.get("location")),
        prefix,
    )


def _shorten(text: str | None) -> str | None:
    return text and printable(text[:MAX_NAME])[:MAX_NAME]


def _check(text: object) -> str | None:
    """Return a text that `_shorten` may have returned: another one is not casjob's own."""
    return text if isinstance(text, str) and text == _shorten(text) else None


class Cache:
    """What need not be fetched by every run: project ids, and IAM tokens until they expire.

    An entry has a kind, such as `token`, and a key, whose digest names its file.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, kind: str, *key: str) -> dict[str, str]:
        """Return the fields of an entry; none if there is no such entry, or a broken one."""
        # JSON that is nested too deeply is a RecursionError.
        with suppress(OSError, ValueError, RecursionError):
            entry = json.loads(read_own(self._path(kind, key), _MAX_ENTRY_BYTES))
            if isinstance(entry, dict) and all(map(_is_sound, entry.values())):
                return entry
        return {}

    def put(self, kind: str, *key: str, **fields: str) -> None:
        """Store an entry, replacing one with the same kind and key, unless it is too large."""
        content = json.dumps(fields).encode()
        with suppress(OSError):
            if len(content) <= _MAX_ENTRY_BYTES:
                write_own(self._path(kind, key), content)

    def _path(self, kind: str, key: tuple[str, ...]) -> Path:
        digest = hashlib.sha256("\n".join(key).encode()).hexdigest()[:24]
        return self._folder / f"{kind}-{digest}.json"


def _is_sound(field: object) -> bool:
    """Return whether a field is text as casjob writes it; a lone surrogate is not printable."""
    return isinstance(field, str) and field.isprintable()
