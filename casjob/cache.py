"""What was asked for once and need not be asked again: project ids, and IAM tokens for a while.

One small file an entry, for its owner alone (0600), written whole and moved into place. Nothing
here ever fails a command: what can't be read is not there, what can't be written is not kept.
"""

import hashlib
import json
import os
import threading
from contextlib import suppress
from pathlib import Path


class Cache:
    """A folder of entries.

    Args:
        folder: where they are kept.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, kind: str, *about: str) -> dict[str, str]:
        """Return an entry's fields; none if there is no such entry.

        Args:
            kind: what it is, as in `token`.
            about: what it was asked for with; only a digest of it is kept.
        """
        # One that is nested too deeply is a RecursionError.
        with suppress(OSError, ValueError, RecursionError):
            entry = json.loads(self._path(kind, about).read_bytes())
            if isinstance(entry, dict):
                return {key: value for key, value in entry.items() if isinstance(value, str)}
        return {}

    def put(self, kind: str, *about: str, **fields: str) -> None:
        """Keep an entry, in the place of one with the same `kind` and `about`."""
        path = self._path(kind, about)
        draft = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
        with suppress(OSError):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            # One may be left of a run that was killed.
            draft.unlink(missing_ok=True)
            try:
                # Never open to others, not even before it is moved.
                created = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
                with os.fdopen(created, "w", encoding="utf-8") as file:
                    json.dump(fields, file)
                draft.replace(path)
            finally:
                # It is still there if the disk is full.
                draft.unlink(missing_ok=True)

    def _path(self, kind: str, about: tuple[str, ...]) -> Path:
        name = hashlib.sha256("\n".join(about).encode()).hexdigest()[:24]
        return self._folder / f"{kind}-{name}.json"
