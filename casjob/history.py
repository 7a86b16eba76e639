"""The jobs looked at from this machine: one small file a job, so that no two runs meet in one.

A run writes its job's file whole and moves it into place; which job was looked at last is told
by the files' times. Nothing here ever fails a command: what can't be read is not there, and what
can't be written is not remembered.
"""

import hashlib
import json
import os
import re
import threading
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

JOB_ID = re.compile("[A-Za-z0-9_][A-Za-z0-9_-]{0,127}")
"""What a job id may be: fit for an address, a file's name, and a command line's argument."""

MAX_JOBS = 200
"""Jobs remembered a project; the oldest are forgotten."""


def find_history_folder(environ: Mapping[str, str]) -> Path | None:
    """Return where the history is kept.

    None if it is turned off (CASJOB_HISTORY=off), or if there is no home to keep it in.
    """
    if environ.get("CASJOB_HISTORY", "").lower() in {"off", "0", "no", "false"}:
        return None
    state = Path(environ.get("XDG_STATE_HOME", ""))
    home = Path(environ.get("HOME") or environ.get("USERPROFILE") or "")
    # The XDG rules: a path that is not absolute is ignored.
    if state.is_absolute():
        return state / "casjob" / "history"
    return home / ".local" / "state" / "casjob" / "history" if home.is_absolute() else None


class History:
    """The jobs looked at in one project of one endpoint.

    Args:
        folder: what `find_history_folder` returned.
        endpoint: the service's address.
        project_id: the project.
    """

    def __init__(self, folder: Path | None, *, endpoint: str, project_id: str) -> None:
        self._place = {"endpoint": endpoint, "project_id": project_id}
        name = hashlib.sha256(f"{endpoint}\n{project_id}".encode()).hexdigest()[:16]
        self._folder = folder and folder / name

    def job_ids(self) -> list[str]:
        """Return the jobs looked at, the last one first."""
        return list(_newest_first([self._folder] if self._folder else []))

    def record(self, job_id: str, *, name: str | None, status: str | None) -> None:
        """Remember that a job was looked at.

        Args:
            job_id: the job; it matches `JOB_ID`.
            name: JOB_NAME.
            status: EXECUTION_STATUS when it was looked at.
        """
        if self._folder is None:
            return
        entry = {"job_id": job_id, "name": name, "status": status, **self._place}
        draft = self._folder / f".{job_id}.{os.getpid()}.{threading.get_ident()}"
        with suppress(OSError):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            try:
                draft.write_text(json.dumps(entry) + "\n", encoding="utf-8")
                # A kernel stamps files by a clock that ticks every 4 ms: too coarse for an order.
                now = time.time_ns()
                os.utime(draft, ns=(now, now))
                draft.replace(self._folder / job_id)
            finally:
                # It is still there if the disk is full.
                draft.unlink(missing_ok=True)
            for forgotten in self.job_ids()[MAX_JOBS:]:
                (self._folder / forgotten).unlink(missing_ok=True)


def recent_job_ids(folder: Path | None) -> list[str]:
    """Return the jobs looked at in any project, the last one first."""
    projects: list[Path] = []
    with suppress(OSError):
        projects = list(folder.iterdir()) if folder else []
    return list(_newest_first(projects))


def _newest_first(folders: Iterable[Path]) -> Iterable[str]:
    seen: list[tuple[int, str]] = []
    for folder in folders:
        with suppress(OSError), os.scandir(folder) as entries:
            for entry in entries:
                # A file may be forgotten by another run between being listed and being looked at.
                with suppress(OSError):
                    if JOB_ID.fullmatch(entry.name) and entry.is_file():
                        seen.append((entry.stat().st_mtime_ns, entry.name))
    # The same job may have been looked at in several places.
    return dict.fromkeys(name for _, name in sorted(seen, reverse=True))
